package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type institutionRow struct {
	ID       core.ID         `db:"id"`
	Name     string          `db:"name"`
	Remark   string          `db:"remark"`
	Disabled database.Millis `db:"disabled_at"`
	Updated  database.Millis `db:"updated_at"`
}

// noInstitution is the message for an institution that does not exist or is out of scope.
const noInstitution = "机构不存在"

const (
	institutionFields  = "id, name, remark, disabled_at, updated_at"
	institutionColumns = "SELECT " + institutionFields + " FROM institution WHERE "
)

// institutionsWithin returns the condition that the institution of a column may enter a community of the scope.
func institutionsWithin(scope core.Scope, column string) database.Where {
	within, args := database.ScopeWhere(scope, "community_id")
	var where database.Where
	where.And(column+" IN (SELECT institution_id FROM institution_community WHERE "+within+")", args...)
	return where
}

// institutionsWholly returns the condition that the institution of a column enters no community beyond the scope.
func institutionsWholly(scope core.Scope, column string) database.Where {
	var where database.Where
	if !scope.Whole() {
		within, args := database.ScopeWhere(scope, "community_id")
		where.And(column+" NOT IN (SELECT institution_id FROM institution_community WHERE NOT ("+within+"))", args...)
	}
	return where
}

// InstitutionFilter narrows the list of institutions. Zero fields do not filter.
type InstitutionFilter struct {
	Community core.ID
	Keyword   string // part of the name or of the remark
	Disabled  string // "yes", "no", "" = both
	Sort      string // "name", "-name"; "" = oldest first
	Page      Page
}

func institutionWhere(f InstitutionFilter) database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("id IN (SELECT institution_id FROM institution_community WHERE community_id = ?)", int64(f.Community))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		likeName(&where, keyword, "remark")
	}
	where.Either(f.Disabled, "disabled_at IS NOT NULL", "disabled_at IS NULL")
	return where
}

// Institutions lists a page of the institutions of any community in scope, with the number of members who are not
// disabled. more reports whether there are further rows in the direction of paging.
func (s *Store) Institutions(
	ctx context.Context, scope core.Scope, f InstitutionFilter,
) (list []core.Institution, more bool, err error) {
	rows, more, err := readPage[institutionRow](ctx, s, listQuery{
		columns: institutionFields, table: "institution",
		scope:  institutionsWithin(scope, "id"),
		filter: institutionWhere(f),
		order:  orderBy(f.Sort, "name_key"),
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list institutions", err)
	}
	if list, err = joinInstitutions(s.db.Reads(ctx), rows); err != nil {
		return nil, false, database.Wrap("list institutions", err)
	}
	markWholly(scope, list)
	return list, more, database.Wrap("count members", s.countMembersOf(ctx, list))
}

// InstitutionNames returns the institutions of any community in scope, by name, with nothing but their names: at most as many as
// asked for. more reports whether there are others.
func (s *Store) InstitutionNames(ctx context.Context, scope core.Scope, most int) (list []core.Institution, more bool, err error) {
	rows, more, err := readPage[institutionRow](ctx, s, listQuery{
		columns: "id, name", table: "institution", scope: institutionsWithin(scope, "id"), order: orderBy("name", "name_key"),
	}, Page{Limit: most})
	for _, row := range rows {
		list = append(list, core.Institution{ID: row.ID, Name: row.Name})
	}
	return list, more, database.Wrap("list institutions", err)
}

// Institution returns one institution of any community in scope.
func (s *Store) Institution(ctx context.Context, scope core.Scope, id core.ID) (core.Institution, error) {
	where := institutionsWithin(scope, "id")
	where.And("id = ?", int64(id))
	var row institutionRow
	if err := s.db.Get(ctx, &row, institutionColumns+where.Text(), where.Args()...); err != nil {
		return core.Institution{}, database.Wrap("read institution", database.NotFoundIfNoRows(err, noInstitution))
	}
	list, err := joinInstitutions(s.db.Reads(ctx), []institutionRow{row})
	if err != nil {
		return core.Institution{}, database.Wrap("read institution", err)
	}
	markWholly(scope, list)
	return list[0], database.Wrap("count members", s.countMembersOf(ctx, list))
}

// InstitutionsFor returns the institutions to which an account of the scope may add members: those in use that enter no
// community beyond it, by name.
func (s *Store) InstitutionsFor(ctx context.Context, scope core.Scope) ([]core.Institution, error) {
	where := institutionsWithin(scope, "id")
	where.And("disabled_at IS NULL")
	where = where.With(institutionsWholly(scope, "id"))
	var rows []institutionRow
	if err := s.db.All(ctx, &rows, institutionColumns+where.Text()+" ORDER BY name_key, id", where.Args()...); err != nil {
		return nil, database.Wrap("list institutions", err)
	}
	list, err := joinInstitutions(s.db.Reads(ctx), rows)
	markWholly(scope, list)
	return list, database.Wrap("list institutions", err)
}

// markWholly sets Wholly of institutions.
func markWholly(scope core.Scope, list []core.Institution) {
	for i := range list {
		list[i].Wholly = institutionWholly(scope, list[i]) == nil
	}
}

// joinInstitutions joins rows with their communities, in one query for all.
func joinInstitutions(all readAll, rows []institutionRow) ([]core.Institution, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	list := make([]core.Institution, len(rows))
	at := map[core.ID]int{}
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		ids[i], at[row.ID] = row.ID, i
		list[i] = core.Institution{
			ID: row.ID, Name: row.Name, Remark: row.Remark, Disabled: row.Disabled.Time, Updated: row.Updated.Time,
		}
	}
	return list, database.EachPart(ids, func(part []core.ID) error {
		var links []struct {
			Institution core.ID `db:"institution_id"`
			Community   core.ID `db:"community_id"`
		}
		err := all(&links, `
			SELECT institution_id, community_id
			FROM institution_community
			WHERE institution_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY community_id`, database.IDArgs(part)...)
		for _, link := range links {
			i := &list[at[link.Institution]]
			i.Communities = append(i.Communities, link.Community)
		}
		return err
	})
}

// countMembersOf sets the numbers of members of each institution.
func (s *Store) countMembersOf(ctx context.Context, list []core.Institution) error {
	ids := database.IDsOf(list, func(i core.Institution) core.ID { return i.ID })
	type row struct {
		Institution core.ID `db:"institution_id"`
		N           int     `db:"n"`
		All         int     `db:"everyone"`
	}
	counts := map[core.ID]row{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []row
		err := s.db.All(ctx, &rows, `
			SELECT institution_id, COUNT(*) AS everyone, COUNT(*) - COUNT(disabled_at) AS n
			FROM institution_member
			WHERE institution_id IN (`+database.Placeholders(len(part))+`)
			GROUP BY institution_id`, database.IDArgs(part)...)
		for _, row := range rows {
			counts[row.Institution] = row
		}
		return err
	})
	for i := range list {
		list[i].Members, list[i].Everyone = counts[list[i].ID].N, counts[list[i].ID].All
	}
	return err
}

// CreateInstitution adds an institution that may enter communities of the scope.
func (s *Store) CreateInstitution(
	ctx context.Context, by core.Actor, scope core.Scope, i core.Institution,
) (id core.ID, err error) {
	i = i.Trimmed()
	if err := checkInstitution(scope, i); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "create an institution", func(tx *database.Tx) error {
		id = tx.NewID()
		if _, err := tx.Exec(`
			INSERT INTO institution (id, name, name_fold, name_key, name_initials, remark, created_at, updated_at)
			VALUES (`+database.Placeholders(8)+")",
			int64(id), i.Name, core.FoldName(i.Name), nameKey(i.Name), nameInitials(i.Name), i.Remark, tx.NowMS(),
			tx.NowMS()); err != nil {
			return err
		}
		i := i
		i.ID = id
		return finishInstitution(tx, by, scope, i, audit.Entry{Action: "institution.create"})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// UpdateInstitution changes an institution. Communities outside the scope are left as they are: they are other admins'
// to decide; so are those that are archived. It returns the new Updated.
func (s *Store) UpdateInstitution(
	ctx context.Context, by core.Actor, scope core.Scope, i core.Institution,
) (updated time.Time, err error) {
	i = i.Trimmed()
	err = s.db.Write(ctx, "update an institution", func(tx *database.Tx) error {
		old, err := lockInstitution(tx, scope, i.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(i.Updated, old.Updated); err != nil {
			return err
		}
		i := i
		if i.Communities, err = withArchived(tx, scope, i.Communities, old.Communities); err != nil {
			return err
		}
		if err := checkInstitution(scope, i); err != nil {
			return err
		}
		if i.Name != old.Name || i.Remark != old.Remark {
			if err := institutionWholly(scope, old); err != nil {
				return err
			}
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		if _, err := tx.Exec(`
			UPDATE institution
			SET name = ?, name_fold = ?, name_key = ?, name_initials = ?, remark = ?, updated_at = ?
			WHERE id = ?`,
			i.Name, core.FoldName(i.Name), nameKey(i.Name), nameInitials(i.Name), i.Remark, updated.UnixMilli(),
			int64(i.ID)); err != nil {
			return err
		}
		return finishInstitution(tx, by, scope, i, audit.Entry{Action: "institution.update", Before: auditOfInstitution(old)})
	})
	return updated, err
}

// checkInstitution refuses communities outside the scope; otherwise it returns what the check found.
func checkInstitution(scope core.Scope, i core.Institution) error {
	for _, community := range i.Communities {
		if !scope.Has(community) {
			return core.NotFound(noCommunity)
		}
	}
	return i.Check()
}

// lockInstitution reads and locks an institution of any community in scope. Acts on its members lock it first.
func lockInstitution(tx *database.Tx, scope core.Scope, id core.ID) (core.Institution, error) {
	where := institutionsWithin(scope, "id")
	where.And("id = ?", int64(id))
	var row institutionRow
	err := tx.Get(&row, institutionColumns+where.Text()+tx.Dialect().ForUpdate(), where.Args()...)
	if err != nil {
		return core.Institution{}, database.NotFoundIfNoRows(err, noInstitution)
	}
	list, err := joinInstitutions(tx.All, []institutionRow{row})
	if err != nil {
		return core.Institution{}, err
	}
	return list[0], nil
}

// lockInstitutionWholly is lockInstitution for an act that concerns all its communities.
func lockInstitutionWholly(tx *database.Tx, scope core.Scope, id core.ID) (core.Institution, error) {
	i, err := lockInstitution(tx, scope, id)
	if err != nil {
		return i, err
	}
	return i, institutionWholly(scope, i)
}

// institutionWholly refuses an institution that also enters communities outside the scope: this admin may not change
// what concerns them.
func institutionWholly(scope core.Scope, i core.Institution) error {
	if slices.ContainsFunc(i.Communities, func(c core.ID) bool { return !scope.Has(c) }) {
		return core.Forbidden("该机构还进入您管理范围以外的小区，请由上级管理员操作")
	}
	return nil
}

// finishInstitution writes the communities of an institution whose row has been written, refuses a second one of the
// name in one of them, and writes the audit line.
func finishInstitution(tx *database.Tx, by core.Actor, scope core.Scope, i core.Institution, entry audit.Entry) error {
	if err := lockCommunities(tx, i.Communities); err != nil {
		return err
	}
	where, args := database.ScopeWhere(scope, "community_id")
	if _, err := tx.Exec("DELETE FROM institution_community WHERE institution_id = ? AND "+where,
		append([]any{int64(i.ID)}, args...)...); err != nil {
		return err
	}
	if err := database.InsertRows(tx, database.InsertInto, "institution_community", "institution_id, community_id",
		linkRows(i.ID, i.Communities)); err != nil {
		return err
	}
	after, err := lockInstitution(tx, core.Everywhere, i.ID)
	if err != nil {
		return err
	}
	entry.Community, entry.Subject, entry.After = i.Communities[0], audit.Target("institution", i.ID), auditOfInstitution(after)
	// The audit row's lock makes additions run one after another, so that they see each other's names.
	if err := audit.Write(tx, by, entry); err != nil {
		return err
	}
	return oneInstitutionAName(tx, after)
}

// lockCommunities locks communities, so that none of them is deleted meanwhile; one that does not exist is NotFound.
func lockCommunities(tx *database.Tx, communities []core.ID) error {
	ids := slices.Compact(slices.Sorted(slices.Values(communities)))
	var locked []core.ID
	err := tx.All(&locked, "SELECT id FROM community WHERE id IN ("+database.Placeholders(len(ids))+") ORDER BY id"+
		tx.Dialect().ForUpdate(), database.IDArgs(ids)...)
	if err == nil && len(locked) < len(ids) {
		err = core.NotFound(noCommunity)
	}
	return err
}

func oneInstitutionAName(tx *database.Tx, i core.Institution) error {
	var n int
	err := tx.Get(&n, `
		SELECT COUNT(*)
		FROM institution o
		JOIN institution_community c ON c.institution_id = o.id
		WHERE o.name = ? AND o.id <> ? AND c.community_id IN (`+database.Placeholders(len(i.Communities))+")",
		database.AppendIDs([]any{i.Name, int64(i.ID)}, i.Communities)...)
	if err == nil && n > 0 {
		err = core.InvalidFields(map[string]string{"name": "所选小区已有机构“" + i.Name + "”"})
	}
	return err
}

// institutionAudit is what the audit log records of an institution.
type institutionAudit struct {
	Name        string `json:"name"`
	Remark      string `json:"remark"`
	Communities string `json:"communities"`
	Disabled    bool   `json:"disabled"`
}

func auditOfInstitution(i core.Institution) institutionAudit {
	return institutionAudit{i.Name, i.Remark, database.JoinIDs(i.Communities), !i.Disabled.IsZero()}
}

// DisableInstitution disables an institution: no member's pass lets anybody through from now on.
func (s *Store) DisableInstitution(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.setInstitutionDisabled(ctx, by, scope, core.Institution{ID: id, Disabled: s.Now()}, audit.Entry{
		Action: "institution.disable",
	})
}

// EnableInstitution undoes DisableInstitution.
func (s *Store) EnableInstitution(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.setInstitutionDisabled(ctx, by, scope, core.Institution{ID: id}, audit.Entry{Action: "institution.enable"})
}

// setInstitutionDisabled makes an institution as disabled as i is.
func (s *Store) setInstitutionDisabled(
	ctx context.Context, by core.Actor, scope core.Scope, i core.Institution, entry audit.Entry,
) error {
	return s.db.Write(ctx, "disable or enable an institution", func(tx *database.Tx) error {
		old, err := lockInstitutionWholly(tx, scope, i.ID)
		if err != nil || old.Disabled.IsZero() == i.Disabled.IsZero() {
			return err // nothing to change
		}
		after := old
		after.Disabled = i.Disabled
		if _, err := tx.Exec("UPDATE institution SET disabled_at = ?, updated_at = ? WHERE id = ?",
			database.NullMillis(after.Disabled), tx.NextUpdated(old.Updated), int64(i.ID)); err != nil {
			return err
		}
		entry := entry
		entry.Community, entry.Subject = old.Communities[0], audit.Target("institution", i.ID)
		entry.Before, entry.After = auditOfInstitution(old), auditOfInstitution(after)
		return audit.Write(tx, by, entry)
	})
}

// RemoveInstitution deletes an institution without members.
func (s *Store) RemoveInstitution(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove an institution", func(tx *database.Tx) error {
		old, err := lockInstitutionWholly(tx, scope, id) // acts on its members lock it first
		if err != nil {
			return err
		}
		var members int
		if err := tx.Get(&members, "SELECT COUNT(*) FROM institution_member WHERE institution_id = ?", int64(id)); err != nil {
			return err
		}
		if members > 0 {
			return core.Conflict(fmt.Sprintf("机构还有 %d 名成员，请先删除成员，或停用机构", members))
		}
		for _, gone := range []string{
			"DELETE FROM institution_community WHERE institution_id = ?", "DELETE FROM institution WHERE id = ?",
		} {
			if _, err := tx.Exec(gone, int64(id)); err != nil {
				return err
			}
		}
		return audit.Write(tx, by, audit.Entry{
			Community: old.Communities[0], Action: "institution.remove", Subject: audit.Target("institution", id),
			Before: auditOfInstitution(old),
		})
	})
}
