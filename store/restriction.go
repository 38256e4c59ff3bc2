package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// MaxRestriction is the maximum number of houses of one act.
const MaxRestriction = 500

type restrictionRow struct {
	House     core.ID         `db:"house_id"`
	Community core.ID         `db:"community_id"`
	Exits     int             `db:"exits"`
	Reason    string          `db:"reason"`
	LastDay   core.Day        `db:"last_day"`
	Created   database.Millis `db:"created_at"`
	Label     string          `db:"label"`
}

const restrictionColumns = "x.house_id, x.community_id, x.exits, x.reason, x.last_day, x.created_at, h.label"

func (r restrictionRow) restriction() core.Restriction {
	return core.Restriction{Exits: r.Exits, Reason: r.Reason, LastDay: r.LastDay}
}

// RestrictedHouse is a row of the list of restrictions.
type RestrictedHouse struct {
	core.Restriction
	House     core.ID
	Community core.ID
	Label     string
	Since     time.Time
}

// RestrictionChange is what CreateRestrictions sets.
type RestrictionChange struct {
	Community core.ID
	Houses    []core.ID // of the community
	core.Restriction
	Announced []core.ID // houses whose restriction the form has said will be replaced
}

// CreateRestrictions sets one restriction on houses of a community, and replaces any that they
// have: on all of them or none. If that would replace one with other terms whose house is not in
// Announced, nothing changes, and core.IsReplaces reports true for the error.
func (s *Store) CreateRestrictions(
	ctx context.Context, by core.Actor, scope core.Scope, change RestrictionChange,
) error {
	if !scope.Has(change.Community) {
		return core.NotFound(noCommunity)
	}
	change.Reason = core.Clean(change.Reason)
	change.Houses = slices.Compact(slices.Sorted(slices.Values(change.Houses)))
	if err := s.checkRestriction(change.Houses, change.Restriction); err != nil {
		return err
	}
	return s.db.Write(ctx, "create restrictions", func(tx *database.Tx) error {
		labels, err := houseLabels(tx, change.Community, change.Houses)
		if err != nil {
			return err
		}
		before, err := restrictionsOf(tx.All, change.Houses)
		if err != nil {
			return err
		}
		if err := core.CheckReplaced(change.Replaced(change.Houses, before), change.Announced); err != nil {
			return err
		}
		if err := replaceRestrictions(tx, change); err != nil {
			return err
		}
		return auditRestrictions(tx, by, change, restrictionGroups(change.Houses, labels, before))
	})
}

func auditRestrictions(tx *database.Tx, by core.Actor, change RestrictionChange, groups []*restrictionGroup) error {
	for _, g := range groups {
		entry := audit.Entry{
			Community: change.Community, Action: "restriction.create",
			Subject: audit.Target("community", change.Community),
			After:   auditOfRestriction(g.labels, change.Restriction),
		}
		if g.before != nil {
			entry.Before = auditOfRestriction(g.labels, *g.before)
		}
		if err := audit.Write(tx, by, entry); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) checkRestriction(houses []core.ID, r core.Restriction) error {
	fields := fieldsOf(r.Check())
	if len(houses) == 0 {
		fields["houses"] = "请选择房屋"
	} else if len(houses) > MaxRestriction {
		fields["houses"] = fmt.Sprintf("一次最多选择 %d 套房屋", MaxRestriction)
	}
	if r.Reason == "" {
		fields["reason"] = "请填写原因"
	}
	if r.LastDay != 0 && r.LastDay < core.DayOf(s.Now(), s.zone) {
		fields["last_day"] = "截止日期不能早于今天"
	}
	return core.InvalidFields(fields)
}

// fieldsOf returns the messages of an invalid form, for more to be added.
func fieldsOf(err error) map[string]string {
	var invalid *core.Error
	if errors.As(err, &invalid) && invalid.Fields != nil {
		return invalid.Fields
	}
	return map[string]string{}
}

// restrictionAudit is what the audit log records of a restriction of some houses.
type restrictionAudit struct {
	Houses  []string `json:"houses"`
	Exits   int      `json:"exits"`
	Reason  string   `json:"reason"`
	LastDay string   `json:"last_day,omitempty"`
}

func auditOfRestriction(labels []string, r core.Restriction) restrictionAudit {
	a := restrictionAudit{Houses: labels, Exits: r.Exits, Reason: r.Reason}
	if r.LastDay != 0 {
		a.LastDay = r.LastDay.String()
	}
	return a
}

// restrictionGroup is the houses of one entry in the audit log: at most maxNamed of them, which had
// the same restriction before, or none.
type restrictionGroup struct {
	before *core.Restriction
	labels []string
}

// restrictionGroups groups houses by the restriction that they had.
func restrictionGroups(houses []core.ID, labels []string, before map[core.ID]core.Restriction) []*restrictionGroup {
	var groups []*restrictionGroup
	open := map[core.Restriction]*restrictionGroup{} // by the previous restriction; one without a reason means there was none
	for i, house := range houses {
		had, restricted := before[house]
		g := open[had]
		if g == nil || len(g.labels) == maxNamed {
			g = &restrictionGroup{}
			if restricted {
				g.before = &had
			}
			groups, open[had] = append(groups, g), g
		}
		g.labels = append(g.labels, labels[i])
	}
	return groups
}

// replaceRestrictions replaces the restrictions of a change's houses.
func replaceRestrictions(tx *database.Tx, change RestrictionChange) error {
	err := database.EachPart(change.Houses, func(part []core.ID) error {
		_, err := tx.Exec(
			"DELETE FROM house_restriction WHERE house_id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...,
		)
		return err
	})
	if err != nil {
		return err
	}
	rows := make([][]any, len(change.Houses))
	for i, house := range change.Houses {
		rows[i] = []any{
			int64(house), int64(change.Community), change.Exits, change.Reason, int32(change.LastDay), tx.NowMS(),
		}
	}
	err = database.InsertRows(
		tx, database.InsertInto, "house_restriction",
		"house_id, community_id, exits, reason, last_day, created_at", rows,
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another act restricted one of the houses meanwhile
	}
	return err
}

// houseLabels returns the labels of houses, all of which must be the community's. It locks them, so
// that acts on the restriction of one house run one after another.
func houseLabels(tx *database.Tx, community core.ID, houses []core.ID) ([]string, error) {
	found := map[core.ID]string{}
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []houseRow
		err := tx.All(
			&rows,
			"SELECT id, label FROM house WHERE community_id = ? AND id IN ("+database.Placeholders(len(part))+") ORDER BY id"+
				tx.Dialect().ForUpdate(),
			database.AppendIDs([]any{int64(community)}, part)...,
		)
		for _, row := range rows {
			found[row.ID] = row.Label
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	labels := make([]string, len(houses))
	for i, house := range houses {
		label, ok := found[house]
		if !ok {
			return nil, core.NotFound(noHouse)
		}
		labels[i] = label
	}
	return labels, nil
}

// LiftRestriction ends a house's restriction: the community's rule applies again at once.
func (s *Store) LiftRestriction(ctx context.Context, by core.Actor, scope core.Scope, house core.ID) error {
	return s.db.Write(ctx, "lift restriction", func(tx *database.Tx) error {
		where, args := database.ScopeWhere(scope, "community_id")
		var row houseRow
		// The house is locked, as by who restricts it: what the log says was lifted is what was there.
		err := tx.Get(
			&row, "SELECT id, community_id, label FROM house WHERE id = ? AND "+where+tx.Dialect().ForUpdate(),
			append([]any{int64(house)}, args...)...,
		)
		if err != nil {
			return database.NotFoundIfNoRows(err, noRestriction)
		}
		before, err := restrictionsOf(tx.All, []core.ID{house})
		if err != nil {
			return err
		}
		if err := tx.ExecOne(core.NotFound(noRestriction), "DELETE FROM house_restriction WHERE house_id = ?", int64(house)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: row.Community, Action: "restriction.lift", Subject: audit.Target("house", house),
			Before: auditOfRestriction([]string{row.Label}, before[house]),
		})
	})
}

const noRestriction = "该房屋没有限制出入"

// RestrictionFilter narrows the list of a community's restrictions.
type RestrictionFilter struct {
	Community core.ID // required
	Keyword   string  // part of the house's label or of the reason
	Page      Page    // its cursors are houses
}

// Restrictions lists a community's restricted houses in the order of their labels, including
// restrictions whose last day has passed, until they are lifted.
func (s *Store) Restrictions(ctx context.Context, scope core.Scope, f RestrictionFilter) (list []RestrictedHouse, more bool, err error) {
	if !scope.Has(f.Community) {
		return nil, false, core.NotFound(noCommunity)
	}
	where, args := "x.community_id = ?", []any{int64(f.Community)}
	if f.Keyword != "" {
		said, _, err := s.housesByText(ctx, core.ScopeOf(f.Community), f.Keyword)
		if err != nil {
			return nil, false, database.Wrap("list restrictions", err)
		}
		clause := "h.label LIKE ? ESCAPE '!' OR x.reason LIKE ? ESCAPE '!'"
		args = append(args, database.LikeContains(f.Keyword), database.LikeContains(f.Keyword))
		if len(said) > 0 {
			clause += " OR h.id IN (" + database.Placeholders(len(said)) + ")"
			args = append(args, database.IDArgs(houseIDs(said))...)
		}
		where += " AND (" + clause + ")"
	}
	bounds, cursor, err := s.houseBounds(ctx, f.Community, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list restrictions", err)
	}
	where, args = where+bounds+byLabel.Clause(f.Page), append(append(args, cursor...), f.Page.Limit+1)
	var rows []restrictionRow
	query := "SELECT " + restrictionColumns + " FROM house_restriction x JOIN house h ON h.id = x.house_id WHERE " + where
	if err := s.db.All(ctx, &rows, query, args...); err != nil {
		return nil, false, database.Wrap("list restrictions", err)
	}
	rows, more = core.CutPage(f.Page, rows)
	for _, r := range rows {
		list = append(list, RestrictedHouse{
			Restriction: r.restriction(), House: r.House, Community: r.Community, Label: r.Label,
			Since: r.Created.Time,
		})
	}
	return list, more, nil
}

// HouseRestriction returns the restriction of a house of the scope; one without is not found.
func (s *Store) HouseRestriction(ctx context.Context, scope core.Scope, h core.House) (core.Restriction, error) {
	if !scope.Has(h.Community) {
		return core.Restriction{}, core.NotFound(noHouse)
	}
	found, err := s.restrictionsOf(ctx, []core.ID{h.ID})
	if err != nil {
		return core.Restriction{}, database.Wrap("restriction of a house", err)
	}
	r, ok := found[h.ID]
	if !ok {
		return core.Restriction{}, core.NotFound(noRestriction)
	}
	return r, nil
}

// RestrictionsOf returns the restrictions that houses of the scope have, by house.
func (s *Store) RestrictionsOf(ctx context.Context, scope core.Scope, houses []core.ID) (map[core.ID]core.Restriction, error) {
	found := map[core.ID]core.Restriction{}
	where, args := database.ScopeWhere(scope, "community_id")
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []restrictionRow
		err := s.db.All(
			ctx, &rows,
			"SELECT house_id, exits, reason, last_day FROM house_restriction WHERE "+where+" AND house_id IN ("+
				database.Placeholders(len(part))+")",
			database.AppendIDs(args, part)...,
		)
		for _, row := range rows {
			found[row.House] = row.restriction()
		}
		return err
	})
	return found, database.Wrap("restrictions of houses", err)
}

// restrictionsOf returns the restrictions of houses by house.
func restrictionsOf(
	all func(dest any, query string, args ...any) error, houses []core.ID,
) (map[core.ID]core.Restriction, error) {
	found := map[core.ID]core.Restriction{}
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []restrictionRow
		err := all(
			&rows,
			"SELECT house_id, exits, reason, last_day FROM house_restriction WHERE house_id IN ("+
				database.Placeholders(len(part))+")",
			database.IDArgs(part)...,
		)
		for _, row := range rows {
			found[row.House] = row.restriction()
		}
		return err
	})
	return found, err
}

// restrictionsOf is restrictionsOf outside a transaction.
func (s *Store) restrictionsOf(ctx context.Context, houses []core.ID) (map[core.ID]core.Restriction, error) {
	return restrictionsOf(func(dest any, query string, args ...any) error {
		return s.db.All(ctx, dest, query, args...)
	}, houses)
}
