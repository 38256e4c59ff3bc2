package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

type guardPostRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Name      string          `db:"name"`
	Direction core.Direction  `db:"direction"`
	Disabled  database.Millis `db:"disabled_at"`
	Updated   database.Millis `db:"updated_at"`
}

func (r guardPostRow) post() core.GuardPost {
	return core.GuardPost{ID: r.ID, Community: r.Community, Name: r.Name, Direction: r.Direction, Disabled: r.Disabled.Time, Updated: r.Updated.Time}
}

const guardPostColumns = "SELECT id, community_id, name, direction, disabled_at, updated_at FROM guard_post WHERE "

// GuardPosts lists the posts of the communities in scope.
func (s *Store) GuardPosts(ctx context.Context, scope core.Scope, community core.ID) ([]core.GuardPost, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	if community != 0 {
		where, args = where+" AND community_id = ?", append(args, int64(community))
	}
	var rows []guardPostRow
	err := s.db.All(ctx, &rows, guardPostColumns+where+" ORDER BY community_id, id", args...)
	posts := make([]core.GuardPost, len(rows))
	for i, row := range rows {
		posts[i] = row.post()
	}
	return posts, database.Wrap("list guard posts", err)
}

// GuardPost gives one post in scope.
func (s *Store) GuardPost(ctx context.Context, scope core.Scope, id core.ID) (core.GuardPost, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row guardPostRow
	err := s.db.Get(ctx, &row, guardPostColumns+where+" AND id = ?", append(args, int64(id))...)
	return row.post(), database.Wrap("read guard post", database.NotFoundIfNoRows(err, "门岗不存在"))
}

// auditOfGuardPost is what the audit log keeps of a post.
func auditOfGuardPost(p core.GuardPost) any {
	return map[string]any{"name": p.Name, "direction": string(p.Direction), "disabled": !p.Disabled.IsZero()}
}

// SaveGuardPost adds a post (ID 0) or changes one, and gives its id.
func (s *Store) SaveGuardPost(ctx context.Context, by core.Actor, scope core.Scope, p core.GuardPost) (core.ID, error) {
	if !scope.Has(p.Community) {
		return 0, core.NotFound("小区不存在")
	}
	p = p.Trimmed()
	if err := p.Check(); err != nil {
		return 0, err
	}
	err := s.db.Write(ctx, "save guard post", func(tx *database.Tx) error {
		entry := auditEntry{Action: "guardpost.add", Community: p.Community, After: auditOfGuardPost(p)}
		var err error
		if p.ID == 0 {
			p.ID = tx.NewID()
			_, err = tx.Exec(`INSERT INTO guard_post (id, community_id, name, direction, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)`,
				int64(p.ID), int64(p.Community), p.Name, string(p.Direction), tx.NowMS(), tx.NowMS())
		} else {
			var old guardPostRow
			if err := tx.Get(&old, guardPostColumns+"id = ? AND community_id = ?"+s.db.Dialect().ForUpdate(), int64(p.ID), int64(p.Community)); err != nil {
				return database.NotFoundIfNoRows(err, "门岗不存在")
			}
			if err := database.CheckUnchanged(p.Updated, old.Updated.Time); err != nil {
				return err
			}
			entry.Action, entry.Before = "guardpost.edit", auditOfGuardPost(old.post())
			err = tx.ExecOne(core.NotFound("门岗不存在"), "UPDATE guard_post SET name = ?, direction = ?, disabled_at = ?, updated_at = ? WHERE id = ? AND community_id = ?",
				p.Name, string(p.Direction), database.NullMillis(p.Disabled), tx.NextUpdated(old.Updated.Time), int64(p.ID), int64(p.Community))
		}
		if err != nil {
			return err
		}
		entry.Target = "guardpost:" + p.ID.String()
		return audit(tx, by, entry)
	})
	return p.ID, err
}

// SetGuardPostInService takes a post out of service, or back. Its page on the
// guards' phones ends at once.
func (s *Store) SetGuardPostInService(ctx context.Context, by core.Actor, scope core.Scope, id core.ID, inService bool) error {
	return s.db.Write(ctx, "set guard post in service", func(tx *database.Tx) error {
		return setInService(tx, by, scope, serviceChange{table: "guard_post", stem: "guardpost", absent: "门岗不存在", id: id, inService: inService})
	})
}
