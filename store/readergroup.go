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

type readerGroupRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Name      string          `db:"name"`
	Updated   database.Millis `db:"updated_at"`
}

func (r readerGroupRow) group() core.ReaderGroup {
	return core.ReaderGroup{ID: r.ID, Community: r.Community, Name: r.Name, Updated: r.Updated.Time}
}

const (
	noReaderGroup      = "分组不存在"
	readerGroupColumns = "id, community_id, name, updated_at"
)

// ReaderGroupFilter narrows the list of groups. Zero fields do not filter.
type ReaderGroupFilter struct {
	Community core.ID
	Keyword   string // part of the name
	Page      Page   // by id, oldest first
}

func readerGroupWhere(f ReaderGroupFilter) database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		where.Like(keyword, "name")
	}
	return where
}

// ReaderGroups lists a page of the groups of readers in the scope, oldest first, with their readers.
func (s *Store) ReaderGroups(ctx context.Context, scope core.Scope, f ReaderGroupFilter) (list []core.ReaderGroup, more bool, err error) {
	rows, more, err := readPage[readerGroupRow](ctx, s, listQuery{
		columns: readerGroupColumns, table: "reader_group",
		scope:  database.Within(scope, "community_id"),
		filter: readerGroupWhere(f),
		order:  database.OldestFirst,
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list reader groups", err)
	}
	list, err = joinReaderGroups(s.db.Reads(ctx), rows)
	return list, more, database.Wrap("list reader groups", err)
}

// ReaderGroupsOf returns all groups of a community of the scope by name, without their readers: for a form, or the matrix.
func (s *Store) ReaderGroupsOf(ctx context.Context, scope core.Scope, community core.ID) ([]core.ReaderGroup, error) {
	where := database.Within(scope, "community_id").With(readerGroupWhere(ReaderGroupFilter{Community: community}))
	var rows []readerGroupRow
	err := s.db.All(ctx, &rows, "SELECT "+readerGroupColumns+" FROM reader_group WHERE "+where.Text()+" ORDER BY name, id", where.Args()...)
	list := make([]core.ReaderGroup, len(rows))
	for i, row := range rows {
		list[i] = row.group()
	}
	return list, database.Wrap("groups of a community", err)
}

// ReaderGroup returns one group of the scope, with its readers.
func (s *Store) ReaderGroup(ctx context.Context, scope core.Scope, id core.ID) (core.ReaderGroup, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	var row readerGroupRow
	if err := s.db.Get(ctx, &row, "SELECT "+readerGroupColumns+" FROM reader_group WHERE "+where.Text(), where.Args()...); err != nil {
		return core.ReaderGroup{}, database.Wrap("reader group", database.NotFoundIfNoRows(err, noReaderGroup))
	}
	list, err := joinReaderGroups(s.db.Reads(ctx), []readerGroupRow{row})
	if err != nil {
		return core.ReaderGroup{}, database.Wrap("reader group", err)
	}
	return list[0], nil
}

// joinReaderGroups joins rows with their readers, in one query for all.
func joinReaderGroups(all readAll, rows []readerGroupRow) ([]core.ReaderGroup, error) {
	list := make([]core.ReaderGroup, len(rows))
	at := map[core.ID]int{}
	for i, row := range rows {
		list[i], at[row.ID] = row.group(), i
	}
	return list, database.EachPart(rows, func(part []readerGroupRow) error {
		args := make([]any, 0, 2*len(part))
		for _, row := range part {
			args = append(args, int64(row.Community))
		}
		for _, row := range part {
			args = append(args, int64(row.ID))
		}
		var members []struct {
			ID    core.ID `db:"id"`
			Group core.ID `db:"group_id"`
		}
		marks := database.Placeholders(len(part))
		err := all(
			&members, "SELECT id, group_id FROM reader WHERE community_id IN ("+marks+") AND group_id IN ("+marks+") ORDER BY id", args...,
		)
		for _, m := range members {
			g := &list[at[m.Group]]
			g.Readers = append(g.Readers, m.ID)
		}
		return err
	})
}

// readerGroupNames returns the names of groups. 0, and one that is gone, have none.
func readerGroupNames(all readAll, ids []core.ID) (map[core.ID]string, error) {
	names := map[core.ID]string{}
	ids = slices.DeleteFunc(sortedIDs(ids), func(id core.ID) bool { return id == 0 })
	if len(ids) == 0 {
		return names, nil
	}
	var rows []readerGroupRow
	err := all(
		&rows, "SELECT "+readerGroupColumns+" FROM reader_group WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	)
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	return names, err
}

// ReaderGroupNames returns the names of the groups of readers that the caller has read.
func (s *Store) ReaderGroupNames(ctx context.Context, readers []core.Reader) (map[core.ID]string, error) {
	names, err := readerGroupNames(s.db.Reads(ctx), database.IDsOf(readers, func(r core.Reader) core.ID { return r.Group }))
	return names, database.Wrap("names of groups", err)
}

// lockReaderGroup locks the group that a reader is about to be in, so that it is not removed meanwhile. Acts on a group lock it
// before its readers.
func lockReaderGroup(tx *database.Tx, r core.Reader) error {
	if r.Group == 0 {
		return nil
	}
	var locked []core.ID
	return tx.All(&locked, "SELECT id FROM reader_group WHERE id = ?"+tx.Dialect().ForUpdate(), int64(r.Group))
}

// checkReaderGroup refuses a group that is not of the reader's community.
func checkReaderGroup(tx *database.Tx, r core.Reader) error {
	if r.Group == 0 {
		return nil
	}
	var n int
	err := tx.Get(&n, "SELECT COUNT(*) FROM reader_group WHERE id = ? AND community_id = ?", int64(r.Group), int64(r.Community))
	if err == nil && n == 0 {
		err = core.InvalidFields(map[string]string{"group": "分组已删除，请重新选择"})
	}
	return err
}

// CreateReaderGroup adds a group to g.Community. Readers that are in another group move to it.
func (s *Store) CreateReaderGroup(ctx context.Context, by core.Actor, scope core.Scope, g core.ReaderGroup) (id core.ID, err error) {
	g = g.Trimmed()
	if err := g.Check(); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "create a reader group", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, g.Community)
		if err != nil {
			return err
		}
		if !c.Archived.IsZero() {
			return core.NotFound(noCommunity)
		}
		if err := oneReaderGroupAName(tx, g); err != nil {
			return err
		}
		g := g
		id = tx.NewID()
		g.ID = id
		if _, err := tx.Exec(
			"INSERT INTO reader_group ("+readerGroupColumns+", created_at) VALUES ("+database.Placeholders(5)+")",
			int64(g.ID), int64(g.Community), g.Name, tx.NowMS(), tx.NowMS(),
		); err != nil {
			return err
		}
		if err := groupReaders(tx, g, nil); err != nil {
			return err
		}
		return auditReaderGroup(tx, by, "readergroup.create", nil, &g)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// UpdateReaderGroup changes a group's name and readers. It returns the new Updated.
func (s *Store) UpdateReaderGroup(
	ctx context.Context, by core.Actor, scope core.Scope, g core.ReaderGroup,
) (updated time.Time, err error) {
	g = g.Trimmed()
	if err := g.Check(); err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "update a reader group", func(tx *database.Tx) error {
		before, err := lockGroup(tx, scope, g.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(g.Updated, before.Updated); err != nil {
			return err
		}
		after := before
		after.Name, after.Readers = g.Name, sortedIDs(g.Readers)
		if err := oneReaderGroupAName(tx, after); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(before.Updated))
		if err := tx.ExecOne(
			core.NotFound(noReaderGroup), "UPDATE reader_group SET name = ?, updated_at = ? WHERE id = ?",
			after.Name, updated.UnixMilli(), int64(after.ID),
		); err != nil {
			return err
		}
		if err := groupReaders(tx, after, before.Readers); err != nil {
			return err
		}
		return auditReaderGroup(tx, by, "readergroup.update", &before, &after)
	})
	return updated, err
}

// RemoveReaderGroup removes a group. Its readers stay as they are, in no group.
func (s *Store) RemoveReaderGroup(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove a reader group", func(tx *database.Tx) error {
		before, err := lockGroup(tx, scope, id)
		if err != nil {
			return err
		}
		none := before
		none.ID, none.Readers = 0, nil
		if err := groupReaders(tx, none, before.Readers); err != nil {
			return err
		}
		if err := tx.ExecOne(core.NotFound(noReaderGroup), "DELETE FROM reader_group WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return auditReaderGroup(tx, by, "readergroup.remove", &before, nil)
	})
}

// lockGroup reads and locks a group of the scope, with its readers. The community is locked first, so that groups of one change
// one after another: names are unique, and a reader is in one of them.
func lockGroup(tx *database.Tx, scope core.Scope, id core.ID) (core.ReaderGroup, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	var row readerGroupRow
	for _, lock := range []string{"", tx.Dialect().ForUpdate()} {
		err := tx.Get(&row, "SELECT "+readerGroupColumns+" FROM reader_group WHERE "+where.Text()+lock, where.Args()...)
		if err == nil && lock == "" {
			_, err = lockCommunity(tx, scope, row.Community)
		}
		if err != nil {
			return core.ReaderGroup{}, database.NotFoundIfNoRows(err, noReaderGroup)
		}
	}
	list, err := joinReaderGroups(tx.All, []readerGroupRow{row})
	if err != nil {
		return core.ReaderGroup{}, err
	}
	return list[0], nil
}

// touchReaderGroups notes that groups have other readers than their open forms show.
func touchReaderGroups(tx *database.Tx, ids ...core.ID) error {
	ids = slices.DeleteFunc(sortedIDs(ids), func(id core.ID) bool { return id == 0 })
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(
		"UPDATE reader_group SET updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at + 1 END WHERE id IN ("+
			database.Placeholders(len(ids))+")",
		database.AppendIDs([]any{tx.NowMS(), tx.NowMS()}, ids)...,
	)
	return err
}

// groupReaders puts the readers of a group into it, and those of were that are not among them into none.
func groupReaders(tx *database.Tx, g core.ReaderGroup, were []core.ID) error {
	var lost []core.ID // groups
	for _, id := range sortedIDs(append(slices.Clone(g.Readers), were...)) {
		r, err := lockReader(tx, core.ScopeOf(g.Community), id)
		if err != nil {
			return err
		}
		group := core.ID(0)
		if slices.Contains(g.Readers, id) {
			group = g.ID
		}
		if r.Group == group {
			continue
		}
		if r.Group != g.ID {
			lost = append(lost, r.Group)
		}
		if err := setReader(
			tx, id, core.NotFound(noReader), "group_id = ?, updated_at = ?", int64(group), tx.NextUpdated(r.Updated),
		); err != nil {
			return err
		}
	}
	return touchReaderGroups(tx, lost...)
}

// oneReaderGroupAName refuses the name of another group of a locked community.
func oneReaderGroupAName(tx *database.Tx, g core.ReaderGroup) error {
	var n int
	err := tx.Get(
		&n, "SELECT COUNT(*) FROM reader_group WHERE community_id = ? AND name = ? AND id <> ?",
		int64(g.Community), g.Name, int64(g.ID),
	)
	if err == nil && n > 0 {
		err = core.InvalidFields(map[string]string{"name": fmt.Sprintf("本小区已有分组“%s”", g.Name)})
	}
	return err
}

// readerGroupAudit is what the audit log records of a group.
type readerGroupAudit struct {
	Name    string   `json:"name"`
	Readers []string `json:"readers"` // names
}

// auditReaderGroup writes the audit line of a change; a nil state is not recorded.
func auditReaderGroup(tx *database.Tx, by core.Actor, action string, before, after *core.ReaderGroup) error {
	entry := audit.Entry{Action: action}
	for _, state := range []struct {
		of   *core.ReaderGroup
		into *any
	}{{before, &entry.Before}, {after, &entry.After}} {
		if state.of == nil {
			continue
		}
		var names []string
		if ids := state.of.Readers; len(ids) > 0 {
			err := tx.All(
				&names, "SELECT name FROM reader WHERE id IN ("+database.Placeholders(len(ids))+") ORDER BY id", database.IDArgs(ids)...,
			)
			if err != nil {
				return err
			}
		}
		entry.Community, entry.Subject = state.of.Community, audit.Target("readergroup", state.of.ID)
		*state.into = readerGroupAudit{state.of.Name, names}
	}
	return audit.Write(tx, by, entry)
}
