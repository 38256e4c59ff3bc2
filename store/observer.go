package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type observerRow struct {
	ID        core.ID         `db:"id"`
	Name      string          `db:"name"`
	Capacity  string          `db:"capacity"`
	Phone     string          `db:"phone_cipher"`
	MayExport int             `db:"may_export"`
	User      core.ID         `db:"user_id"`
	Removed   database.Millis `db:"removed_at"`
	Updated   database.Millis `db:"updated_at"`
}

// noObserver is the message for an observer who does not exist or is out of scope.
const noObserver = "观察员不存在"

const (
	observerFields  = "id, name, capacity, phone_cipher, may_export, user_id, removed_at, updated_at"
	observerColumns = "SELECT " + observerFields + " FROM observer WHERE "
)

// observersWithin returns the condition that an observer has a community of the scope and was not
// removed.
func observersWithin(scope core.Scope) database.Where {
	within, args := database.ScopeWhere(scope, "community_id")
	var where database.Where
	where.And("removed_at IS NULL")
	where.And("id IN (SELECT observer_id FROM observer_community WHERE "+within+")", args...)
	return where
}

// ObserverFilter narrows the list of observers. Zero fields do not filter.
type ObserverFilter struct {
	Community core.ID
	Keyword   string // part of the name or the capacity, or a whole phone number
	Bound     string // to WeChat: "yes", "no", "" = both
	MayExport string // "yes", "no", "" = both
	Sort      string // "name", "-name"; "" = oldest first
	Page      Page
}

func (s *Store) observerWhere(f ObserverFilter) database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("id IN (SELECT observer_id FROM observer_community WHERE community_id = ?)", int64(f.Community))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		s.likePerson(&where, keyword, "capacity")
	}
	where.Either(f.Bound, "user_id <> 0", "user_id = 0")
	where.Either(f.MayExport, "may_export <> 0", "may_export = 0")
	return where
}

// Observers lists a page of the observers of any community in scope, phones masked, without those
// removed. more reports whether there are further rows in the direction of paging.
func (s *Store) Observers(ctx context.Context, scope core.Scope, f ObserverFilter) (list []core.Observer, more bool, err error) {
	rows, more, err := readPage[observerRow](ctx, s, listQuery{
		columns: observerFields, table: "observer",
		scope:  observersWithin(scope),
		filter: s.observerWhere(f),
		order:  orderBy(f.Sort, "name_key"),
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list observers", err)
	}
	list, err = s.observers(ctx, rows)
	return list, more, err
}

// CountObservers counts the observers of a filter in scope.
func (s *Store) CountObservers(ctx context.Context, scope core.Scope, f ObserverFilter) (n int, err error) {
	where := observersWithin(scope).With(s.observerWhere(f))
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM observer WHERE "+where.Text(), where.Args()...)
	return n, database.Wrap("count observers", err)
}

// Observer returns one observer of any community in scope.
func (s *Store) Observer(ctx context.Context, scope core.Scope, id core.ID) (core.Observer, error) {
	where := observersWithin(scope)
	where.And("id = ?", int64(id))
	return s.oneObserver(ctx, observerColumns+where.Text(), where.Args()...)
}

// ObserverOfUser returns the observer bound to a WeChat user. A removed one is NotFound at once.
func (s *Store) ObserverOfUser(ctx context.Context, user core.ID) (core.Observer, error) {
	return s.oneObserver(ctx, observerColumns+"user_id = ? AND removed_at IS NULL ORDER BY id LIMIT 1", int64(user))
}

func (s *Store) oneObserver(ctx context.Context, query string, args ...any) (core.Observer, error) {
	var row observerRow
	if err := s.db.Get(ctx, &row, query, args...); err != nil {
		return core.Observer{}, database.Wrap("read observer", database.NotFoundIfNoRows(err, noObserver))
	}
	list, err := s.observers(ctx, []observerRow{row})
	if err != nil {
		return core.Observer{}, err
	}
	return list[0], nil
}

// observers joins rows with their communities, in one query for all.
func (s *Store) observers(ctx context.Context, rows []observerRow) ([]core.Observer, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	list := make([]core.Observer, len(rows))
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		phone := s.db.Reveal("observer.phone", row.Phone)
		ids[i] = row.ID
		list[i] = core.Observer{
			ID: row.ID, Name: row.Name, Capacity: row.Capacity, Phone: core.MaskPhone(phone),
			MayExport: row.MayExport != 0, User: row.User, Removed: row.Removed.Time, Updated: row.Updated.Time,
		}
	}
	var links []struct {
		Observer  core.ID `db:"observer_id"`
		Community core.ID `db:"community_id"`
	}
	err := s.db.All(
		ctx, &links,
		"SELECT observer_id, community_id FROM observer_community WHERE observer_id IN ("+database.Placeholders(len(ids))+
			") ORDER BY community_id",
		database.IDArgs(ids)...,
	)
	for i := range list {
		for _, link := range links {
			if link.Observer == list[i].ID {
				list[i].Communities = append(list[i].Communities, link.Community)
			}
		}
	}
	return list, database.Wrap("read observers", err)
}

// CreateObserver adds an observer of communities of the scope.
func (s *Store) CreateObserver(
	ctx context.Context, by core.Actor, scope core.Scope, o core.Observer,
) (id core.ID, err error) {
	o = o.Trimmed()
	if err := checkObserver(scope, o, requirePhone(o.Check(), o.Phone)); err != nil {
		return 0, err
	}
	sealed, err := s.db.Keys().Seal("observer.phone", o.Phone)
	if err != nil {
		return 0, database.Wrap("create an observer", err)
	}
	err = s.db.Write(ctx, "create an observer", func(tx *database.Tx) error {
		id = tx.NewID()
		o := o
		o.ID = id
		if _, err := tx.Exec(`
			INSERT INTO observer
				(id, name, name_fold, name_key, name_initials, capacity, phone_cipher, phone_mac, may_export, user_id,
				created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
			int64(id), o.Name, core.FoldName(o.Name), nameKey(o.Name), nameInitials(o.Name), o.Capacity, sealed,
			tx.Keys().Digest("phone", o.Phone), database.BoolInt(o.MayExport),
			tx.NowMS(), tx.NowMS()); err != nil {
			return err
		}
		return finishObserver(tx, by, scope, o, observerChange{entry: audit.Entry{Action: "observer.create"}})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// UpdateObserver changes an observer. Phone is complete, or "" to keep the one on file. Communities
// outside the scope are left as they are: they are other admins' to decide; so are those that are archived. It returns the
// new Updated.
func (s *Store) UpdateObserver(
	ctx context.Context, by core.Actor, scope core.Scope, o core.Observer,
) (updated time.Time, err error) {
	o = o.Trimmed()
	sealed, err := s.db.Keys().Seal("observer.phone", o.Phone)
	if err != nil {
		return updated, database.Wrap("update an observer", err)
	}
	err = s.db.Write(ctx, "update an observer", func(tx *database.Tx) error {
		old, err := observerInScope(tx, scope, o.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(o.Updated, old.Updated.Time); err != nil {
			return err
		}
		before, phone, err := auditOfObserver(tx, o.ID)
		if err != nil {
			return err
		}
		o, err := observerOver(tx, scope, o)
		if err != nil {
			return err
		}
		if updated, err = updateObserver(tx, scope, o, old, sealed); err != nil {
			return err
		}
		return finishObserver(tx, by, scope, o, observerChange{phone, audit.Entry{Action: "observer.update", Before: before}})
	})
	return updated, err
}

// observerOver returns what was typed of an observer who is locked, with the communities that no form offers.
func observerOver(tx *database.Tx, scope core.Scope, o core.Observer) (core.Observer, error) {
	former, err := communitiesOfObserver(tx, o.ID)
	if err != nil {
		return o, err
	}
	if o.Communities, err = withArchived(tx, scope, o.Communities, former); err != nil {
		return o, err
	}
	return o, checkObserver(scope, o, o.Check())
}

func communitiesOfObserver(tx *database.Tx, id core.ID) (communities []core.ID, err error) {
	return communities, tx.All(&communities,
		"SELECT community_id FROM observer_community WHERE observer_id = ? ORDER BY community_id", int64(id))
}

// checkObserver refuses communities outside the scope; otherwise it returns what the check found.
func checkObserver(scope core.Scope, o core.Observer, wrong error) error {
	for _, community := range o.Communities {
		if !scope.Has(community) {
			return core.NotFound(noCommunity)
		}
	}
	return wrong
}

// observerChange is the state before a change of an observer, for the audit line.
type observerChange struct {
	phone string // before
	entry audit.Entry
}

// finishObserver writes the communities of an observer whose row has been written, refuses a second
// observer with the same phone number, and writes the audit line.
func finishObserver(tx *database.Tx, by core.Actor, scope core.Scope, o core.Observer, c observerChange) error {
	if err := observerCommunities(tx, scope, o); err != nil {
		return err
	}
	if err := oneObserverAPhone(tx, o); err != nil {
		return err
	}
	after, phone, err := auditOfObserver(tx, o.ID)
	if err != nil {
		return err
	}
	after.Phone = maskedChange(c.phone, phone, core.MaskPhone)
	c.entry.Community, c.entry.Subject, c.entry.After = o.Communities[0], audit.Target("observer", o.ID), after
	return audit.Write(tx, by, c.entry)
}

// observerAudit is what the audit log records of an observer.
type observerAudit struct {
	Name        string `json:"name"`
	Capacity    string `json:"capacity"`
	Phone       string `json:"phone"`
	Communities string `json:"communities"`
	MayExport   bool   `json:"may_export"`
}

// auditOfObserver also returns the complete phone number, which is never logged.
func auditOfObserver(tx *database.Tx, id core.ID) (kept observerAudit, phone string, err error) {
	var row observerRow
	if err := tx.Get(&row, observerColumns+"id = ?", int64(id)); err != nil {
		return kept, "", err
	}
	phone = tx.Reveal("observer.phone", row.Phone)
	communities, err := communitiesOfObserver(tx, id)
	kept = observerAudit{
		Name: row.Name, Capacity: row.Capacity, Phone: core.MaskPhone(phone),
		Communities: database.JoinIDs(communities), MayExport: row.MayExport != 0,
	}
	return kept, phone, err
}

// updateObserver writes an observer's row; sealed is the new phone number, if any.
func updateObserver(
	tx *database.Tx, scope core.Scope, o core.Observer, old observerRow, sealed string,
) (updated time.Time, err error) {
	if o.Name != old.Name || o.Capacity != old.Capacity || o.MayExport != (old.MayExport != 0) || o.Phone != "" {
		if err := observerWholly(tx, scope, o.ID); err != nil {
			return updated, err
		}
	}
	updated = time.UnixMilli(tx.NextUpdated(old.Updated.Time))
	if _, err := tx.Exec(`
		UPDATE observer
		SET name = ?, name_fold = ?, name_key = ?, name_initials = ?, capacity = ?, may_export = ?, updated_at = ?
		WHERE id = ?`,
		o.Name, core.FoldName(o.Name), nameKey(o.Name), nameInitials(o.Name), o.Capacity, database.BoolInt(o.MayExport),
		updated.UnixMilli(), int64(o.ID)); err != nil {
		return updated, err
	}
	if o.Phone == "" {
		return updated, nil
	}
	_, err = tx.Exec("UPDATE observer SET phone_cipher = ?, phone_mac = ? WHERE id = ?",
		sealed, tx.Keys().Digest("phone", o.Phone), int64(o.ID))
	return updated, err
}

func observerInScope(tx *database.Tx, scope core.Scope, id core.ID) (observerRow, error) {
	where := observersWithin(scope)
	where.And("id = ?", int64(id))
	var row observerRow
	err := tx.Get(&row, observerColumns+where.Text()+tx.Dialect().ForUpdate(), where.Args()...)
	return row, database.NotFoundIfNoRows(err, noObserver)
}

// observerWholly refuses an observer who also has communities outside the scope: this admin may not
// change what concerns them.
func observerWholly(tx *database.Tx, scope core.Scope, id core.ID) error {
	where, args := database.ScopeWhere(scope, "community_id")
	var beyond int
	err := tx.Get(
		&beyond, "SELECT COUNT(*) FROM observer_community WHERE observer_id = ? AND NOT ("+where+")",
		append([]any{int64(id)}, args...)...,
	)
	if err == nil && beyond > 0 {
		err = core.Forbidden("该观察员还负责您管理范围以外的小区，请由上级管理员操作")
	}
	return err
}

func observerCommunities(tx *database.Tx, scope core.Scope, o core.Observer) error {
	where, args := database.ScopeWhere(scope, "community_id")
	if _, err := tx.Exec(
		"DELETE FROM observer_community WHERE observer_id = ? AND "+where,
		append([]any{int64(o.ID)}, args...)...,
	); err != nil {
		return err
	}
	communities := slices.Clone(o.Communities)
	slices.Sort(communities)
	for _, community := range slices.Compact(communities) {
		if _, err := tx.Exec(
			"INSERT INTO observer_community (observer_id, community_id) VALUES (?, ?)", int64(o.ID),
			int64(community),
		); err != nil {
			return err
		}
	}
	return nil
}

// oneObserverAPhone refuses a second observer of a community with the same phone number: after one
// were removed, the person could still look with the other. It locks the communities' rows, so that
// concurrent additions see each other.
func oneObserverAPhone(tx *database.Tx, o core.Observer) error {
	communities := slices.Clone(o.Communities)
	slices.Sort(communities)
	var locked []core.ID
	if err := tx.All(
		&locked,
		"SELECT id FROM community WHERE id IN ("+database.Placeholders(len(communities))+") ORDER BY id"+tx.Dialect().ForUpdate(),
		database.IDArgs(communities)...,
	); err != nil {
		return err
	}
	var names []string
	err := tx.All(
		&names,
		`SELECT o.name FROM observer own JOIN observer o ON o.phone_mac = own.phone_mac AND o.id <> own.id AND o.removed_at IS NULL
		WHERE own.id = ? AND EXISTS (SELECT 1 FROM observer_community c WHERE c.observer_id = o.id AND c.community_id IN (`+
			database.Placeholders(len(communities))+")) ORDER BY o.id LIMIT 1",
		database.AppendIDs([]any{int64(o.ID)}, communities)...,
	)
	if err == nil && len(names) > 0 {
		return core.InvalidFields(map[string]string{"phone": "该手机号已是这里的观察员“" + names[0] + "”"})
	}
	return err
}

// RemoveObserver removes the communities in scope from an observer, and the observer if none is
// left. Either way their pages stop working at once.
func (s *Store) RemoveObserver(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove observer", func(tx *database.Tx) error { return removeObserver(tx, by, scope, id) })
}

func removeObserver(tx *database.Tx, by core.Actor, scope core.Scope, id core.ID) error {
	row, err := observerInScope(tx, scope, id)
	if err != nil {
		return err
	}
	before, _, err := auditOfObserver(tx, id)
	if err != nil {
		return err
	}
	where, args := database.ScopeWhere(scope, "community_id")
	if _, err := tx.Exec(
		"DELETE FROM observer_community WHERE observer_id = ? AND "+where, append([]any{int64(id)}, args...)...,
	); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE observer SET updated_at = ? WHERE id = ?", tx.NextUpdated(row.Updated.Time), int64(id)); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE observer SET removed_at = ?, user_id = 0 WHERE id = ?
		AND NOT EXISTS (SELECT 1 FROM observer_community WHERE observer_id = ?)`, tx.NowMS(), int64(id), int64(id)); err != nil {
		return err
	}
	entry := audit.Entry{
		Community: actCommunity(scope, 0), Action: "observer.remove", Subject: audit.Target("observer", id), Before: before,
	}
	after, _, err := auditOfObserver(tx, id)
	if err != nil {
		return err
	}
	if after.Communities != "" { // other admins' communities
		entry.After = after
	}
	return audit.Write(tx, by, entry)
}

// moveObservers moves one WeChat user's observers to another, which WeChat reported to be the same
// person.
func moveObservers(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec("UPDATE observer SET user_id = ? WHERE user_id = ?", int64(to), int64(from))
	return err
}
