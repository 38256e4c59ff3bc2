package store

import (
	"context"

	"tongxing/core"
)

type guardPostRow struct {
	ID        core.ID        `db:"id"`
	Community core.ID        `db:"community_id"`
	Name      string         `db:"name"`
	Direction core.Direction `db:"direction"`
	Disabled  millis         `db:"disabled_at"`
	Updated   millis         `db:"updated_at"`
}

func (r guardPostRow) post() core.GuardPost {
	return core.GuardPost{ID: r.ID, Community: r.Community, Name: r.Name, Direction: r.Direction, Disabled: r.Disabled.Time, Updated: r.Updated.Time}
}

const guardPostColumns = "SELECT id, community_id, name, direction, disabled_at, updated_at FROM guard_post WHERE "

// GuardPosts lists the posts of the communities in scope.
func (s *Store) GuardPosts(ctx context.Context, scope core.Scope, community core.ID) ([]core.GuardPost, error) {
	where, args := scopeWhere(scope, "community_id")
	if community != 0 {
		where, args = where+" AND community_id = ?", append(args, int64(community))
	}
	var rows []guardPostRow
	err := s.all(ctx, &rows, guardPostColumns+where+" ORDER BY community_id, id", args...)
	posts := make([]core.GuardPost, len(rows))
	for i, row := range rows {
		posts[i] = row.post()
	}
	return posts, wrap("list guard posts", err)
}

// GuardPost gives one post in scope.
func (s *Store) GuardPost(ctx context.Context, scope core.Scope, id core.ID) (core.GuardPost, error) {
	where, args := scopeWhere(scope, "community_id")
	var row guardPostRow
	err := s.get(ctx, &row, guardPostColumns+where+" AND id = ?", append(args, int64(id))...)
	return row.post(), wrap("read guard post", absent(err, "门岗不存在"))
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
	err := s.write(ctx, "save guard post", func(tx *Tx) error {
		entry := auditEntry{Action: "guardpost.add", Community: p.Community, After: auditOfGuardPost(p)}
		var err error
		if p.ID == 0 {
			p.ID = tx.newID()
			_, err = tx.exec(`INSERT INTO guard_post (id, community_id, name, direction, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)`,
				int64(p.ID), int64(p.Community), p.Name, string(p.Direction), tx.nowMS(), tx.nowMS())
		} else {
			var old guardPostRow
			if err := tx.get(&old, guardPostColumns+"id = ? AND community_id = ?"+s.dialect.forUpdate(), int64(p.ID), int64(p.Community)); err != nil {
				return absent(err, "门岗不存在")
			}
			if err := unchanged(p.Updated, old.Updated.Time); err != nil {
				return err
			}
			entry.Action, entry.Before = "guardpost.edit", auditOfGuardPost(old.post())
			err = tx.one(core.NotFound("门岗不存在"), "UPDATE guard_post SET name = ?, direction = ?, disabled_at = ?, updated_at = ? WHERE id = ? AND community_id = ?",
				p.Name, string(p.Direction), nullMS(p.Disabled), tx.after(old.Updated.Time), int64(p.ID), int64(p.Community))
		}
		if err != nil {
			return err
		}
		entry.Target = "guardpost:" + p.ID.String()
		return audit(tx, by, entry)
	})
	return p.ID, err
}
