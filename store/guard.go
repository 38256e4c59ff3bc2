package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type guardRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Name      string          `db:"name"`
	Phone     string          `db:"phone_cipher"`
	User      core.ID         `db:"user_id"`
	Disabled  database.Millis `db:"disabled_at"`
	Updated   database.Millis `db:"updated_at"`
}

// noGuard is the message for a guard that does not exist or is out of scope.
const noGuard = "门岗人员不存在"

const (
	guardFields  = "id, community_id, name, phone_cipher, user_id, disabled_at, updated_at"
	guardColumns = "SELECT " + guardFields + " FROM guard WHERE "
)

// GuardFilter narrows the list of guards. Zero fields do not filter.
type GuardFilter struct {
	Community core.ID
	Keyword   string // part of the name, or a whole phone number
	Bound     string // to WeChat: "yes", "no", "" = both
	Disabled  string // "yes", "no", "" = both
	Sort      string // "name", "-name"; "" = oldest first
	Page      Page
}

func (s *Store) guardWhere(f GuardFilter) database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		s.likePerson(&where, keyword)
	}
	where.Either(f.Bound, "user_id <> 0", "user_id = 0")
	where.Either(f.Disabled, "disabled_at IS NOT NULL", "disabled_at IS NULL")
	return where
}

// likePerson narrows to those with a whole phone number, or to those whose name, as names are
// compared, or its pinyin initials or one of whose texts contains the keyword.
func (s *Store) likePerson(where *database.Where, keyword string, texts ...string) {
	if phone, err := core.NormalizeMobile(keyword); err == nil {
		where.And("phone_mac = ?", s.db.Keys().Digest("phone", phone))
		return
	}
	likeName(where, keyword, texts...)
}

// likeName narrows to those whose name, as names are compared, or its pinyin initials or one of whose texts contains the
// keyword.
func likeName(where *database.Where, keyword string, texts ...string) {
	name := core.FoldName(keyword)
	if name == "" { // only dots: not a name
		where.Like(keyword, append(texts, "name")...)
		return
	}
	like, args := "name_fold LIKE ? ESCAPE '!'", []any{database.LikeContains(name)}
	if initials := core.ReadName(keyword).Initials(); initials != "" {
		like, args = like+" OR name_initials LIKE ? ESCAPE '!'", append(args, database.LikeContains(initials))
	}
	for _, text := range texts {
		like, args = like+" OR "+text+" LIKE ? ESCAPE '!'", append(args, database.LikeContains(keyword))
	}
	where.And("("+like+")", args...)
}

// Guards lists a page of the guards of the communities in scope, phones masked. more reports
// whether there are further rows in the direction of paging.
func (s *Store) Guards(ctx context.Context, scope core.Scope, f GuardFilter) (list []core.Guard, more bool, err error) {
	rows, more, err := readPage[guardRow](ctx, s, listQuery{
		columns: guardFields, table: "guard",
		scope:  database.Within(scope, "community_id"),
		filter: s.guardWhere(f),
		order:  orderBy(f.Sort, "name_key"),
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list guards", err)
	}
	list, err = s.guards(ctx, rows)
	return list, more, err
}

// CountGuards counts the guards of a filter in scope.
func (s *Store) CountGuards(ctx context.Context, scope core.Scope, f GuardFilter) (n int, err error) {
	where := database.Within(scope, "community_id").With(s.guardWhere(f))
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM guard WHERE "+where.Text(), where.Args()...)
	return n, database.Wrap("count guards", err)
}

// GuardAtPost is a guard in service who is assigned to a post.
type GuardAtPost struct {
	Post  core.ID `db:"post_id"`
	Guard core.ID `db:"id"`
	Name  string  `db:"name"`
}

// GuardsAtPosts lists the guards in service who are assigned to posts in scope, by post.
func (s *Store) GuardsAtPosts(ctx context.Context, scope core.Scope, posts []core.ID) (map[core.ID][]GuardAtPost, error) {
	at := map[core.ID][]GuardAtPost{}
	err := database.EachPart(posts, func(part []core.ID) error {
		where := database.Within(scope, "g.community_id")
		where.And("g.disabled_at IS NULL")
		where.And("a.post_id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		var rows []GuardAtPost
		err := s.db.All(ctx, &rows, `
			SELECT a.post_id, g.id, g.name
			FROM guard_assignment a
			JOIN guard g ON g.id = a.guard_id
			WHERE `+where.Text()+`
			ORDER BY g.id`, where.Args()...)
		for _, row := range rows {
			at[row.Post] = append(at[row.Post], row)
		}
		return err
	})
	return at, database.Wrap("list guards at posts", err)
}

// Guard returns one guard in scope.
func (s *Store) Guard(ctx context.Context, scope core.Scope, id core.ID) (core.Guard, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	return s.oneGuard(ctx, guardColumns+where+" AND id = ?", append(args, int64(id))...)
}

// GuardOfUser returns the guard bound to a WeChat user. A disabled one is NotFound at once.
func (s *Store) GuardOfUser(ctx context.Context, user core.ID) (core.Guard, error) {
	return s.oneGuard(ctx, guardColumns+"user_id = ? AND disabled_at IS NULL ORDER BY id LIMIT 1", int64(user))
}

func (s *Store) oneGuard(ctx context.Context, query string, args ...any) (core.Guard, error) {
	var row guardRow
	if err := s.db.Get(ctx, &row, query, args...); err != nil {
		return core.Guard{}, database.Wrap("read guard", database.NotFoundIfNoRows(err, noGuard))
	}
	guards, err := s.guards(ctx, []guardRow{row})
	if err != nil {
		return core.Guard{}, err
	}
	return guards[0], nil
}

// guards joins rows with their posts, in one query for all.
func (s *Store) guards(ctx context.Context, rows []guardRow) ([]core.Guard, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	guards := make([]core.Guard, len(rows))
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		phone := s.db.Reveal("guard.phone", row.Phone)
		ids[i] = row.ID
		guards[i] = core.Guard{
			ID: row.ID, Community: row.Community, Name: row.Name, Phone: core.MaskPhone(phone), User: row.User,
			Disabled: row.Disabled.Time, Updated: row.Updated.Time,
		}
	}
	var links []struct {
		Guard core.ID `db:"guard_id"`
		Post  core.ID `db:"post_id"`
	}
	err := s.db.All(
		ctx, &links,
		"SELECT guard_id, post_id FROM guard_assignment WHERE guard_id IN ("+database.Placeholders(len(ids))+") ORDER BY post_id",
		database.IDArgs(ids)...,
	)
	for i := range guards {
		for _, link := range links {
			if link.Guard == guards[i].ID {
				guards[i].Posts = append(guards[i].Posts, link.Post)
			}
		}
	}
	return guards, database.Wrap("read guards", err)
}

// CreateGuard adds a guard to g.Community, with the posts assigned.
func (s *Store) CreateGuard(ctx context.Context, by core.Actor, scope core.Scope, g core.Guard) (id core.ID, err error) {
	if !scope.Has(g.Community) {
		return 0, core.NotFound(noCommunity)
	}
	g = g.Trimmed()
	if err := requirePhone(g.Check(), g.Phone); err != nil {
		return 0, err
	}
	sealed, err := s.db.Keys().Seal("guard.phone", g.Phone)
	if err != nil {
		return 0, database.Wrap("create a guard", err)
	}
	err = s.db.Write(ctx, "create a guard", func(tx *database.Tx) error {
		id = tx.NewID()
		g := g
		g.ID, g.Disabled = id, time.Time{}
		if _, err := tx.Exec(`
			INSERT INTO guard
				(id, community_id, name, name_fold, name_key, name_initials, phone_cipher, phone_mac, user_id,
				created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
			int64(id), int64(g.Community), g.Name, core.FoldName(g.Name), nameKey(g.Name), nameInitials(g.Name), sealed,
			tx.Keys().Digest("phone", g.Phone), tx.NowMS(), tx.NowMS()); err != nil {
			return err
		}
		return finishGuard(tx, by, g, "", audit.Entry{Action: "guard.create"})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// UpdateGuard changes a guard's name, phone number and posts. Phone is complete, or "" to keep the
// one on file. The community cannot change; DisableGuard and EnableGuard are separate acts. It returns the new
// Updated.
func (s *Store) UpdateGuard(
	ctx context.Context, by core.Actor, scope core.Scope, g core.Guard,
) (updated time.Time, err error) {
	g = g.Trimmed()
	if err := g.Check(); err != nil {
		return updated, err
	}
	sealed, err := s.db.Keys().Seal("guard.phone", g.Phone)
	if err != nil {
		return updated, database.Wrap("update a guard", err)
	}
	err = s.db.Write(ctx, "update a guard", func(tx *database.Tx) error {
		old, err := lockGuard(tx, scope, g.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(g.Updated, old.Updated.Time); err != nil {
			return err
		}
		before, phone, err := auditOfGuard(tx, g.ID)
		if err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated.Time))
		if err := updateGuard(tx, g, updated, sealed); err != nil {
			return err
		}
		g := g
		g.Community, g.Disabled = old.Community, old.Disabled.Time
		return finishGuard(tx, by, g, phone, audit.Entry{Action: "guard.update", Before: before})
	})
	return updated, err
}

// lockGuard reads and locks a guard of the scope.
func lockGuard(tx *database.Tx, scope core.Scope, id core.ID) (guardRow, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row guardRow
	err := tx.Get(&row, guardColumns+"id = ? AND "+where+tx.Dialect().ForUpdate(), append([]any{int64(id)}, args...)...)
	return row, database.NotFoundIfNoRows(err, noGuard)
}

// finishGuard assigns the posts of a guard whose row has been written, refuses a second guard with
// the same phone number, and writes the audit line. old is the previous number.
func finishGuard(tx *database.Tx, by core.Actor, g core.Guard, old string, entry audit.Entry) error {
	if err := assignPosts(tx, g); err != nil {
		return err
	}
	if err := oneGuardAPhone(tx, g); err != nil {
		return err
	}
	after, phone, err := auditOfGuard(tx, g.ID)
	if err != nil {
		return err
	}
	after.Phone = maskedChange(old, phone, core.MaskPhone)
	entry.Community, entry.Subject, entry.After = g.Community, audit.Target("guard", g.ID), after
	return audit.Write(tx, by, entry)
}

// oneGuardAPhone refuses a second guard in service with the same phone number, as oneObserverAPhone
// does.
func oneGuardAPhone(tx *database.Tx, g core.Guard) error {
	if !g.Disabled.IsZero() {
		return nil
	}
	if _, err := lockCommunity(tx, core.Everywhere, g.Community); err != nil {
		return err
	}
	var names []string
	err := tx.All(
		&names,
		`SELECT g.name FROM guard own JOIN guard g ON g.phone_mac = own.phone_mac AND g.id <> own.id
			AND g.community_id = own.community_id AND g.disabled_at IS NULL
		WHERE own.id = ? ORDER BY g.id LIMIT 1`,
		int64(g.ID),
	)
	if err == nil && len(names) > 0 {
		return core.InvalidFields(map[string]string{"phone": "该手机号已是本小区的门岗人员“" + names[0] + "”"})
	}
	return err
}

// guardAudit is what the audit log records of a guard.
type guardAudit struct {
	Name     string   `json:"name"`
	Phone    string   `json:"phone"`
	Posts    []string `json:"posts"`
	Disabled bool     `json:"disabled"`
}

// auditOfGuard also returns the complete phone number, which is never logged.
func auditOfGuard(tx *database.Tx, id core.ID) (kept guardAudit, phone string, err error) {
	var row guardRow
	if err := tx.Get(&row, guardColumns+"id = ?", int64(id)); err != nil {
		return kept, "", err
	}
	phone = tx.Reveal("guard.phone", row.Phone)
	posts := []string{}
	err = tx.All(
		&posts,
		"SELECT p.name FROM guard_assignment a JOIN guard_post p ON p.id = a.post_id WHERE a.guard_id = ? ORDER BY p.id",
		int64(id),
	)
	return guardAudit{Name: row.Name, Phone: core.MaskPhone(phone), Posts: posts, Disabled: !row.Disabled.IsZero()}, phone, err
}

// updateGuard writes a guard's row; sealed is the new phone number, if any.
func updateGuard(tx *database.Tx, g core.Guard, updated time.Time, sealed string) error {
	if _, err := tx.Exec(`
		UPDATE guard
		SET name = ?, name_fold = ?, name_key = ?, name_initials = ?, updated_at = ?
		WHERE id = ?`,
		g.Name, core.FoldName(g.Name), nameKey(g.Name), nameInitials(g.Name), updated.UnixMilli(),
		int64(g.ID)); err != nil {
		return err
	}
	if g.Phone == "" {
		return nil
	}
	_, err := tx.Exec("UPDATE guard SET phone_cipher = ?, phone_mac = ? WHERE id = ?",
		sealed, tx.Keys().Digest("phone", g.Phone), int64(g.ID))
	return err
}

// assignPosts replaces a guard's posts; those of other communities are refused.
func assignPosts(tx *database.Tx, g core.Guard) error {
	if _, err := tx.Exec("DELETE FROM guard_assignment WHERE guard_id = ?", int64(g.ID)); err != nil {
		return err
	}
	for _, post := range g.Posts {
		n, err := tx.Exec("INSERT INTO guard_assignment (guard_id, post_id) SELECT ?, id FROM guard_post WHERE id = ? AND community_id = ?",
			int64(g.ID), int64(post), int64(g.Community))
		if err != nil {
			return err
		}
		if n != 1 {
			return core.InvalidFields(map[string]string{"posts": "所选门岗不属于该小区"})
		}
	}
	return nil
}

// DisableGuard disables a guard, whose pages stop working at once.
func (s *Store) DisableGuard(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "disable a guard", func(tx *database.Tx) error {
		return disable(tx, by, scope, service{stem: "guard", id: id, action: "guard.disable", absent: noGuard})
	})
}

// EnableGuard enables a disabled guard. It is a conflict if another guard has the phone number now.
func (s *Store) EnableGuard(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "enable a guard", func(tx *database.Tx) error {
		if err := enable(tx, by, scope, service{stem: "guard", id: id, action: "guard.enable", absent: noGuard}); err != nil {
			return err
		}
		var g guardRow
		if err := tx.Get(&g, guardColumns+"id = ?", int64(id)); err != nil {
			return err
		}
		err := oneGuardAPhone(tx, core.Guard{ID: id, Community: g.Community})
		if core.IsInvalid(err) { // there is no form to show it on
			return core.Conflict(fieldsOf(err)["phone"])
		}
		return err
	})
}

// moveGuards moves one WeChat user's guards to another, which WeChat reported to be the same
// person.
func moveGuards(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec("UPDATE guard SET user_id = ? WHERE user_id = ?", int64(to), int64(from))
	return err
}
