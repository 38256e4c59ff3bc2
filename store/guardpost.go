package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

type guardPostRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Name      string          `db:"name"`
	Direction core.Direction  `db:"direction"`
	Urgent    int             `db:"urgent"`
	Disabled  database.Millis `db:"disabled_at"`
	Updated   database.Millis `db:"updated_at"`
}

func (r guardPostRow) post() core.GuardPost {
	return core.GuardPost{
		ID: r.ID, Community: r.Community, Name: r.Name, Direction: r.Direction, Urgent: r.Urgent != 0,
		Disabled: r.Disabled.Time, Updated: r.Updated.Time,
	}
}

// noGuardPost is the message for a post that does not exist or is out of scope.
const noGuardPost = "门岗不存在"

const (
	guardPostFields  = "id, community_id, name, direction, urgent, disabled_at, updated_at"
	guardPostColumns = "SELECT " + guardPostFields + " FROM guard_post WHERE "
)

// maxPostSort is the width of guard_post.sort_key.
const maxPostSort = 128

func postSortKey(name string) string { return core.SortKey(name, maxPostSort) }

// GuardPostFilter narrows the list of guard posts. Zero fields do not filter.
type GuardPostFilter struct {
	Community core.ID
	Guard     core.ID // posts that the guard is assigned to
	Keyword   string  // part of the name
	Direction core.Direction
	Disabled  string // "yes", "no", "" = both
	Sort      string // "name", "-name"; "" = oldest first
	Page      Page
}

func (f GuardPostFilter) where() database.Where {
	var where database.Where
	if f.Community != 0 {
		where.And("community_id = ?", int64(f.Community))
	}
	if f.Guard != 0 {
		where.And("id IN (SELECT post_id FROM guard_assignment WHERE guard_id = ?)", int64(f.Guard))
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		where.Like(keyword, "name")
	}
	if f.Direction != "" {
		where.And("direction = ?", string(f.Direction))
	}
	where.Either(f.Disabled, "disabled_at IS NOT NULL", "disabled_at IS NULL")
	return where
}

// GuardPosts lists a page of the posts of the communities in scope. more reports whether there are
// further rows in the direction of paging.
func (s *Store) GuardPosts(
	ctx context.Context, scope core.Scope, f GuardPostFilter,
) (list []core.GuardPost, more bool, err error) {
	rows, more, err := readPage[guardPostRow](ctx, s, listQuery{
		columns: guardPostFields, table: "guard_post",
		scope:  database.Within(scope, "community_id"),
		filter: f.where(),
		order:  orderBy(f.Sort, "sort_key"),
	}, f.Page)
	return postsOf(rows), more, database.Wrap("list guard posts", err)
}

func postsOf(rows []guardPostRow) []core.GuardPost {
	posts := make([]core.GuardPost, len(rows))
	for i, row := range rows {
		posts[i] = row.post()
	}
	return posts
}

// PostsOfOneCommunity is the maximum number of posts that AllGuardPosts returns, and that a guard
// may have.
const PostsOfOneCommunity = 200

// AllGuardPosts lists the posts of a community of the scope by name, for choices.
func (s *Store) AllGuardPosts(ctx context.Context, scope core.Scope, community core.ID) ([]core.GuardPost, error) {
	posts, _, err := s.GuardPosts(ctx, scope, GuardPostFilter{
		Community: community, Sort: "name", Page: Page{Limit: PostsOfOneCommunity},
	})
	return posts, err
}

// PostsOfGuards returns the names of the posts in scope that guards are assigned to, by guard.
func (s *Store) PostsOfGuards(ctx context.Context, scope core.Scope, guards []core.ID) (map[core.ID][]string, error) {
	names := map[core.ID][]string{}
	err := database.EachPart(guards, func(part []core.ID) error {
		where := database.Within(scope, "p.community_id")
		where.And("a.guard_id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		var rows []struct {
			Guard core.ID `db:"guard_id"`
			Name  string  `db:"name"`
		}
		err := s.db.All(ctx, &rows, `
			SELECT a.guard_id, p.name
			FROM guard_assignment a
			JOIN guard_post p ON p.id = a.post_id
			WHERE `+where.Text()+`
			ORDER BY p.sort_key, p.id`, where.Args()...)
		for _, row := range rows {
			names[row.Guard] = append(names[row.Guard], row.Name)
		}
		return err
	})
	return names, database.Wrap("name the posts of guards", err)
}

// GuardPost returns one post in scope.
func (s *Store) GuardPost(ctx context.Context, scope core.Scope, id core.ID) (core.GuardPost, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row guardPostRow
	err := s.db.Get(ctx, &row, guardPostColumns+where+" AND id = ?", append(args, int64(id))...)
	return row.post(), database.Wrap("read guard post", database.NotFoundIfNoRows(err, noGuardPost))
}

// guardPostAudit is what the audit log records of a post.
type guardPostAudit struct {
	Name      string `json:"name"`
	Direction string `json:"direction"`
	Urgent    bool   `json:"urgent"`
	Disabled  bool   `json:"disabled"`
}

func auditOfGuardPost(p core.GuardPost) guardPostAudit {
	return guardPostAudit{
		Name: p.Name, Direction: string(p.Direction), Urgent: p.Urgent, Disabled: !p.Disabled.IsZero(),
	}
}

// CreateGuardPost adds a post to p.Community.
func (s *Store) CreateGuardPost(
	ctx context.Context, by core.Actor, scope core.Scope, p core.GuardPost,
) (id core.ID, err error) {
	if !scope.Has(p.Community) {
		return 0, core.NotFound(noCommunity)
	}
	p = p.Trimmed()
	if err := p.Check(); err != nil {
		return 0, err
	}
	p.Disabled = time.Time{}
	err = s.db.Write(ctx, "create a guard post", func(tx *database.Tx) error {
		id = tx.NewID()
		if _, err := tx.Exec(`
			INSERT INTO guard_post (id, community_id, name, sort_key, direction, urgent, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			int64(id), int64(p.Community), p.Name, postSortKey(p.Name), string(p.Direction),
			database.BoolInt(p.Urgent), tx.NowMS(), tx.NowMS()); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "guardpost.create", Community: p.Community, Subject: audit.Target("guardpost", id), After: auditOfGuardPost(p),
		})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// UpdateGuardPost changes a post's name, direction and whether it may release urgently. The community cannot change;
// DisableGuardPost and EnableGuardPost are separate acts. It returns the new Updated.
func (s *Store) UpdateGuardPost(
	ctx context.Context, by core.Actor, scope core.Scope, p core.GuardPost,
) (updated time.Time, err error) {
	p = p.Trimmed()
	if err := p.Check(); err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "update a guard post", func(tx *database.Tx) error {
		where, args := database.ScopeWhere(scope, "community_id")
		var row guardPostRow
		if err := tx.Get(&row, guardPostColumns+"id = ? AND "+where+tx.Dialect().ForUpdate(),
			append([]any{int64(p.ID)}, args...)...); err != nil {
			return database.NotFoundIfNoRows(err, noGuardPost)
		}
		if err := database.CheckUnchanged(p.Updated, row.Updated.Time); err != nil {
			return err
		}
		after := row.post()
		after.Name, after.Direction, after.Urgent = p.Name, p.Direction, p.Urgent
		updated = time.UnixMilli(tx.NextUpdated(row.Updated.Time))
		if err := tx.ExecOne(
			core.NotFound(noGuardPost),
			"UPDATE guard_post SET name = ?, sort_key = ?, direction = ?, urgent = ?, updated_at = ? WHERE id = ?",
			after.Name, postSortKey(after.Name), string(after.Direction), database.BoolInt(after.Urgent),
			updated.UnixMilli(), int64(p.ID),
		); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "guardpost.update", Community: row.Community, Subject: audit.Target("guardpost", p.ID),
			Before: auditOfGuardPost(row.post()), After: auditOfGuardPost(after),
		})
	})
	return updated, err
}

// DisableGuardPost takes a post out of service. Its page on the guards' phones stops working at
// once.
func (s *Store) DisableGuardPost(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "disable a guard post", func(tx *database.Tx) error {
		return disable(tx, by, scope, service{stem: "guardpost", id: id, action: "guardpost.disable", absent: noGuardPost})
	})
}

// EnableGuardPost takes a post back into service.
func (s *Store) EnableGuardPost(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "enable a guard post", func(tx *database.Tx) error {
		return enable(tx, by, scope, service{stem: "guardpost", id: id, action: "guardpost.enable", absent: noGuardPost})
	})
}

// LastAtPosts returns when somebody last passed at guard posts of the scope, in one query for all; one without a record is left out.
func (s *Store) LastAtPosts(ctx context.Context, scope core.Scope, posts []core.GuardPost) (map[core.ID]time.Time, error) {
	last := map[core.ID]time.Time{}
	if len(posts) == 0 {
		return last, nil
	}
	ids := database.IDsOf(posts, func(p core.GuardPost) core.ID { return p.ID })
	where := database.Within(scope, "g.community_id")
	where.And("g.id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	var rows []struct {
		ID core.ID         `db:"id"`
		At database.Millis `db:"last_at"`
	}
	err := s.db.All(ctx, &rows, `
		SELECT g.id, (SELECT r.at FROM access_record r WHERE r.post_id = g.id ORDER BY r.id DESC LIMIT 1) AS last_at
		FROM guard_post g
		WHERE `+where.Text(), where.Args()...)
	for _, row := range rows {
		if !row.At.IsZero() {
			last[row.ID] = row.At.Time
		}
	}
	return last, database.Wrap("last passages of guard posts", err)
}
