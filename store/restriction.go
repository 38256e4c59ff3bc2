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
	Over      bool            `db:"told_over"` // the residents have been told that it is over
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
	Whole     bool      // all houses of the community, instead of Houses
	core.Restriction
	Announced []core.ID // houses whose present restriction was shown as being replaced
	// AnnouncedMark is the RestrictionPlan.Mark of a question that said how many are replaced.
	AnnouncedMark string
}

// CreateRestrictions sets one restriction on houses of a community, and replaces any that they
// have: on all of them or none. If that would replace one with other terms whose house is not in
// Announced, nothing changes, and core.IsReplaces reports true for the error.
func (s *Store) CreateRestrictions(
	ctx context.Context, by core.Actor, scope core.Scope, change RestrictionChange,
) (core.Batch, error) {
	change, err := s.cleanRestriction(scope, change)
	if err != nil {
		return core.Batch{}, err
	}
	var batch core.Batch
	err = s.db.Write(ctx, "create restrictions", func(tx *database.Tx) error {
		change := change // a run that lost a race has no effect on the next
		houses, err := lockRestricted(tx, &change)
		if err != nil {
			return err
		}
		if err := change.checkAnnounced(houses.held); err != nil {
			return err
		}
		if batch, err = writeRestrictionBatch(tx, by, houses, core.BatchRestrict, &change.Restriction); err != nil {
			return err
		}
		if err := replaceRestrictions(tx, change, houses); err != nil {
			return err
		}
		return auditRestrictions(tx, by, change, restrictionGroups(houses, change.Whole), batch)
	})
	return batch, err
}

// cleanRestriction returns a change of the scope as it is carried out, checked.
func (s *Store) cleanRestriction(scope core.Scope, change RestrictionChange) (RestrictionChange, error) {
	if !scope.Has(change.Community) {
		return change, core.NotFound(noCommunity)
	}
	change.Reason = core.Clean(change.Reason)
	change.Houses = slices.Compact(slices.Sorted(slices.Values(change.Houses)))
	return change, s.checkRestriction(change)
}

// RestrictionPlan is what CreateRestrictions would affect.
type RestrictionPlan struct {
	Houses   int
	Replaced int    // houses whose restriction has other terms
	Mark     string // core.ReplacedMark of those
}

// PlanRestrictions checks a change, and returns what it would affect.
func (s *Store) PlanRestrictions(ctx context.Context, scope core.Scope, change RestrictionChange) (RestrictionPlan, error) {
	change, err := s.cleanRestriction(scope, change)
	if err != nil {
		return RestrictionPlan{}, err
	}
	if err := s.planHouses(ctx, &change); err != nil {
		return RestrictionPlan{}, database.Wrap("plan restrictions", err)
	}
	within := core.ScopeOf(change.Community)
	held, err := s.RestrictionsOf(ctx, within, change.Houses)
	if err != nil {
		return RestrictionPlan{}, err
	}
	replaced := change.Replaced(change.Houses, held)
	return RestrictionPlan{Houses: len(change.Houses), Replaced: len(replaced), Mark: core.ReplacedMark(replaced, held)}, nil
}

// planHouses sets the houses of a whole community, or refuses houses that are not the community's, as the
// act does.
func (s *Store) planHouses(ctx context.Context, change *RestrictionChange) error {
	if change.Whole {
		change.Houses = nil
		err := s.db.All(ctx, &change.Houses, "SELECT id FROM house WHERE community_id = ?", int64(change.Community))
		if err == nil && len(change.Houses) == 0 {
			err = core.Conflict(noHousesYet)
		}
		return err
	}
	return database.EachPart(change.Houses, func(part []core.ID) error {
		n := 0
		err := s.db.Get(
			ctx, &n, "SELECT COUNT(*) FROM house"+s.db.Dialect().ByKey()+" WHERE community_id = ? AND id IN ("+
				database.Placeholders(len(part))+")",
			database.AppendIDs([]any{int64(change.Community)}, part)...,
		)
		if err == nil && n != len(part) {
			err = core.NotFound(noHouse)
		}
		return err
	})
}

const noHousesYet = "这个小区还没有房屋"

// lockRestricted locks the houses of a change; of a whole community it finds them.
func lockRestricted(tx *database.Tx, change *RestrictionChange) (restrictedHouses, error) {
	if change.Whole {
		change.Houses = nil
		err := tx.All(
			&change.Houses, "SELECT id FROM house WHERE community_id = ? ORDER BY id", int64(change.Community),
		)
		if err == nil && len(change.Houses) == 0 {
			err = core.Conflict(noHousesYet)
		}
		if err != nil {
			return restrictedHouses{}, err
		}
	}
	return lockHouseRestrictions(tx, change.Community, change.Houses)
}

// checkAnnounced refuses to replace restrictions that were not shown as being replaced.
func (c RestrictionChange) checkAnnounced(held map[core.ID]core.Restriction) error {
	replaced, announced := c.Replaced(c.Houses, held), c.Announced
	if c.AnnouncedMark == core.ReplacedMark(replaced, held) {
		announced = replaced
	}
	return core.CheckReplaced(replaced, announced)
}

func auditRestrictions(
	tx *database.Tx, by core.Actor, change RestrictionChange, groups []*restrictionGroup, batch core.Batch,
) error {
	for _, g := range groups {
		entry := audit.Entry{
			Community: change.Community, Action: "restriction.create",
			Subject: audit.Target("community", change.Community),
			After:   g.audit(change.Restriction, batch.ID),
		}
		if g.before != nil {
			entry.Before = g.audit(*g.before, 0)
		}
		if err := audit.Write(tx, by, entry); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) checkRestriction(c RestrictionChange) error {
	r, fields := c.Restriction, fieldsOf(c.Check())
	if len(c.Houses) == 0 && !c.Whole {
		fields["houses"] = "请选择房屋"
	} else if len(c.Houses) > MaxRestriction {
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

// replaceRestrictions puts a change in place of what restrictions its houses have.
func replaceRestrictions(tx *database.Tx, change RestrictionChange, houses restrictedHouses) error {
	if err := deleteRestrictions(tx, houses.restricted()); err != nil {
		return err
	}
	rows := make([]restrictionRow, len(houses.ids))
	for i, house := range houses.ids {
		rows[i] = restrictionRow{
			House: house, Community: change.Community, Exits: change.Exits, Reason: change.Reason, LastDay: change.LastDay,
			Created: database.Millis{Time: tx.Now()},
		}
	}
	return insertRestrictions(tx, rows)
}

func deleteRestrictions(tx *database.Tx, houses []core.ID) error {
	return database.EachPart(houses, func(part []core.ID) error {
		_, err := tx.Exec(
			"DELETE FROM house_restriction WHERE house_id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...,
		)
		return err
	})
}

func insertRestrictions(tx *database.Tx, restrictions []restrictionRow) error {
	rows := make([][]any, len(restrictions))
	for i, r := range restrictions {
		var due any
		if r.LastDay != 0 && !r.Over {
			due = int32(r.LastDay)
		}
		rows[i] = []any{int64(r.House), int64(r.Community), r.Exits, r.Reason, int32(r.LastDay), due, r.Created.UnixMilli()}
	}
	err := database.InsertRows(
		tx, database.InsertInto, "house_restriction",
		"house_id, community_id, exits, reason, last_day, due_day, created_at", rows,
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another act restricted one of the houses meanwhile
	}
	return err
}

// noteRestrictionsOver notes that the residents of houses are told that a restriction is over, and returns the next houses of which
// they were not.
func noteRestrictionsOver(tx *database.Tx, today core.Day, most int) (houses []core.ID, err error) {
	err = tx.All(&houses, "SELECT house_id FROM house_restriction WHERE due_day < ? ORDER BY due_day, house_id LIMIT ?"+
		tx.Dialect().ForUpdate(), int32(today), most)
	if err == nil && len(houses) > 0 {
		_, err = tx.Exec("UPDATE house_restriction SET due_day = NULL WHERE house_id IN ("+database.Placeholders(len(houses))+")",
			database.IDArgs(houses)...)
	}
	return houses, err
}

// houseLabels returns the labels of houses, all of which must be the community's. It locks them, so
// that acts on the restriction of one house run one after another.
func houseLabels(tx *database.Tx, community core.ID, houses []core.ID) ([]string, error) {
	found := map[core.ID]string{}
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []houseRow
		err := tx.All(
			&rows,
			"SELECT id, label FROM house"+tx.Dialect().ByKey()+" WHERE community_id = ? AND id IN ("+
				database.Placeholders(len(part))+") ORDER BY id"+tx.Dialect().ForUpdate(),
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

// LiftRestriction ends a house's restriction: the community's rule holds again at
// once.
func (s *Store) LiftRestriction(ctx context.Context, by core.Actor, scope core.Scope, house core.ID) (core.Batch, error) {
	found, err := s.House(ctx, scope, house)
	if core.IsNotFound(err) {
		return core.Batch{}, core.NotFound(noRestriction)
	}
	if err != nil {
		return core.Batch{}, err
	}
	return s.LiftRestrictions(ctx, by, scope, found.Community, []core.ID{house})
}

// LiftRestrictions ends the restrictions of houses of a community, however many. Those that have
// none are left out; if none has, that is a conflict: somebody else has just lifted them.
func (s *Store) LiftRestrictions(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, houses []core.ID,
) (core.Batch, error) {
	if !scope.Has(community) {
		return core.Batch{}, core.NotFound(noCommunity)
	}
	houses = slices.Compact(slices.Sorted(slices.Values(houses)))
	var batch core.Batch
	err := s.db.Write(ctx, "lift restrictions", func(tx *database.Tx) error {
		all, err := lockHouseRestrictions(tx, community, houses)
		if err != nil {
			return err
		}
		held := all.only(all.restricted())
		switch {
		case len(all.ids) == 0:
			return core.NotFound(noRestriction)
		case len(held.ids) == 0:
			return core.Conflict("限制已经解除，可能是其他人刚刚操作的")
		}
		if batch, err = writeRestrictionBatch(tx, by, held, core.BatchLift, nil); err != nil {
			return err
		}
		if err := deleteRestrictions(tx, held.ids); err != nil {
			return err
		}
		return auditLifted(tx, by, held, batch)
	})
	return batch, err
}

// auditLifted writes a line for one house, or one for all houses that had the same restriction.
func auditLifted(tx *database.Tx, by core.Actor, held restrictedHouses, batch core.Batch) error {
	subject := audit.Target("community", held.community)
	if len(held.ids) == 1 {
		subject = audit.Target("house", held.ids[0])
	}
	for _, g := range restrictionGroups(held, true) {
		err := audit.Write(tx, by, audit.Entry{
			Community: held.community, Action: "restriction.lift", Subject: subject,
			Before: g.audit(*g.before, batch.ID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const noRestriction = "该房屋没有限制出入"

// RestrictionFilter narrows the list of restrictions.
type RestrictionFilter struct {
	Community core.ID             // 0 = all of the scope
	Keyword   string              // part of the house's label or of the reason
	Due       core.RestrictionDue // by the last day; "" = all
	Page      Page                // its cursors are houses
}

// fewRestrictions is up to how many of a list are sorted for each page of it. Of more, the houses are read in their order: one of
// every few is on the list.
const fewRestrictions = 2000

// Restrictions lists restricted houses in the order of Houses, including restrictions whose last day
// has passed, until they are lifted.
func (s *Store) Restrictions(ctx context.Context, scope core.Scope, f RestrictionFilter) (list []RestrictedHouse, more bool, err error) {
	list, more, err = s.restrictions(ctx, scope, f, fewRestrictions)
	return list, more, database.Wrap("list restrictions", err)
}

func (s *Store) restrictions(
	ctx context.Context, scope core.Scope, f RestrictionFilter, few int,
) (list []RestrictedHouse, more bool, err error) {
	if f.Community != 0 && !scope.Has(f.Community) {
		return nil, false, core.NotFound(noCommunity)
	}
	scope = scope.In(f.Community)
	held := s.restrictionsHeld(scope, f)
	said, err := s.restrictionSaid(ctx, scope, f)
	if err != nil {
		return nil, false, err
	}
	from, where, err := s.restrictionsFrom(ctx, held, few)
	if err != nil {
		return nil, false, err
	}
	bounds, cursor, err := s.houseBounds(ctx, scope, f.Page)
	if err != nil {
		return nil, false, err
	}
	where = where.With(said)
	var rows []restrictionRow
	query := "SELECT " + restrictionColumns + " FROM " + from + " WHERE " + where.Text() + bounds + byLabel(scope).Clause(f.Page)
	if err := s.db.All(ctx, &rows, query, append(where.Args(cursor...), f.Page.Limit+1)...); err != nil {
		return nil, false, err
	}
	rows, more = core.CutPage(f.Page, rows)
	if f.Keyword == "" {
		from, where = "house_restriction x", held
	}
	if err := s.countList(ctx, f.Page, listEnd{len(rows), more}, "FROM "+from+" WHERE "+where.Text(), where.Args()); err != nil {
		return nil, false, err
	}
	for _, r := range rows {
		list = append(list, RestrictedHouse{
			Restriction: r.restriction(), House: r.House, Community: r.Community, Label: r.Label,
			Since: r.Created.Time,
		})
	}
	return list, more, nil
}

// restrictionsFrom returns house_restriction x with its house h, joined from the side that takes the least for a page of those of a
// condition, and the condition for that.
func (s *Store) restrictionsFrom(ctx context.Context, held database.Where, few int) (string, database.Where, error) {
	n, join := 0, s.db.Dialect().ThenJoin()
	err := s.db.Get(ctx, &n, "SELECT COUNT(*) FROM (SELECT 1 AS one FROM house_restriction x WHERE "+held.Text()+" LIMIT ?) counted",
		held.Args(few+1)...)
	if err != nil || n <= few {
		return "house_restriction x" + join + "house h ON h.id = x.house_id", held, err
	}
	var communities []core.ID
	err = s.db.All(ctx, &communities, "SELECT c.id FROM community c WHERE EXISTS (SELECT 1 FROM house_restriction x WHERE "+
		held.Text()+" AND x.community_id = c.id)", held.Args()...)
	where := database.Within(core.ScopeOf(communities...), "h.community_id")
	return "house h" + s.db.Dialect().ForceIndex("house_sort") + join + "house_restriction x ON x.house_id = h.id", where.With(held), err
}

// RestrictedHouses returns all houses that a list of Restrictions has, on all of its pages.
func (s *Store) RestrictedHouses(ctx context.Context, scope core.Scope, f RestrictionFilter) ([]core.ID, error) {
	if f.Community != 0 && !scope.Has(f.Community) {
		return nil, core.NotFound(noCommunity)
	}
	scope = scope.In(f.Community)
	said, err := s.restrictionSaid(ctx, scope, f)
	if err != nil {
		return nil, database.Wrap("restricted houses", err)
	}
	where := s.restrictionsHeld(scope, f).With(said)
	var ids []core.ID
	query := "SELECT x.house_id FROM house_restriction x JOIN house h ON h.id = x.house_id WHERE " + where.Text()
	return ids, database.Wrap("restricted houses", s.db.All(ctx, &ids, query, where.Args()...))
}

// restrictionsHeld returns the condition of a filter's restrictions x of a scope, but for what is typed.
func (s *Store) restrictionsHeld(scope core.Scope, f RestrictionFilter) database.Where {
	where := database.Within(scope, "x.community_id")
	if f.Due != "" {
		first, last := f.Due.Days(core.DayOf(s.Now(), s.zone))
		where.And("x.last_day BETWEEN ? AND ?", int(first), int(last))
	}
	return where
}

// restrictionSaid returns the condition of what a filter has typed, on house_restriction x and house h.
func (s *Store) restrictionSaid(ctx context.Context, scope core.Scope, f RestrictionFilter) (where database.Where, err error) {
	if f.Keyword == "" {
		return where, nil
	}
	said, _, err := s.housesByText(ctx, scope, f.Keyword)
	if err != nil {
		return where, err
	}
	part := database.LikeContains(f.Keyword)
	clause, args := "h.label LIKE ? ESCAPE '!' OR x.reason LIKE ? ESCAPE '!'", []any{part, part}
	if len(said) > 0 {
		clause += " OR h.id IN (" + database.Placeholders(len(said)) + ")"
		args = append(args, database.IDArgs(houseIDs(said))...)
	}
	where.And("("+clause+")", args...)
	return where, nil
}

// RestrictionCount is a number of restrictions of a community.
type RestrictionCount struct {
	Community core.ID `db:"community_id"`
	N         int     `db:"n"`
}

// maxRestrictionsDue bounds the communities of RestrictionsDue.
const maxRestrictionsDue = 8

// RestrictionsDue counts the restrictions that end soon, of the communities with the most of them.
func (s *Store) RestrictionsDue(ctx context.Context, scope core.Scope) (counts []RestrictionCount, err error) {
	scope, err = s.listed(ctx, scope)
	if err != nil || scope.Empty() {
		return nil, database.Wrap("count restrictions", err)
	}
	where := database.Within(scope, "community_id")
	first, last := core.RestrictionSoon.Days(core.DayOf(s.Now(), s.zone))
	where.And("last_day BETWEEN ? AND ?", int(first), int(last))
	err = s.db.All(ctx, &counts, `
		SELECT community_id, COUNT(*) AS n
		FROM house_restriction
		WHERE `+where.Text()+`
		GROUP BY community_id
		ORDER BY n DESC, community_id
		LIMIT ?`, where.Args(maxRestrictionsDue)...)
	return counts, database.Wrap("count restrictions", err)
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

// RestrictionsFor returns the restrictions of houses for those who live there.
func (s *Store) RestrictionsFor(ctx context.Context, houses ...core.ID) (core.Restrictions, error) {
	by, err := s.restrictionsOf(ctx, houses)
	return core.Restrictions{By: by, Now: s.Now(), Zone: s.zone}, database.Wrap("restrictions of houses", err)
}

// restrictionsOf returns the restrictions of houses by house.
func restrictionsOf(
	all readAll, houses []core.ID,
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
	return restrictionsOf(s.allOf(ctx), houses)
}
