package store

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// noPoster is the message for a poster that does not exist, is out of scope or leads nowhere any more.
const noPoster = "这张海报已停用，请联系物业"

// posterCodeBytes is how long the code of a poster is: 72 bits, twelve characters, for a QR that is read from afar.
const posterCodeBytes = 9

type visitorPosterRow struct {
	ID        core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Post      core.ID         `db:"post_id"`
	Gate      string          `db:"gate"`
	Code      string          `db:"code"`
	Created   database.Millis `db:"created_at"`
	Revoked   database.Millis `db:"revoked_at"`
}

const visitorPosterColumns = `SELECT o.id, o.community_id, o.post_id, COALESCE(g.name, '') AS gate, o.code, o.created_at, o.revoked_at
	FROM visitor_poster o
	LEFT JOIN guard_post g ON g.id = o.post_id
	WHERE `

func (r visitorPosterRow) poster() core.VisitorPoster {
	return core.VisitorPoster{
		ID: r.ID, Community: r.Community, Post: r.Post, Gate: r.Gate, Code: r.Code, Created: r.Created.Time, Revoked: r.Revoked.Time,
	}
}

// visitorPosterAudit is what the audit log records of a poster.
type visitorPosterAudit struct {
	Gate    string `json:"gate"`
	Revoked bool   `json:"revoked"`
}

// VisitorPosters returns the posters of a community of the scope that lead to the application, oldest first.
func (s *Store) VisitorPosters(ctx context.Context, scope core.Scope, community core.ID) ([]core.VisitorPoster, error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	var rows []visitorPosterRow
	err := s.db.All(ctx, &rows, visitorPosterColumns+"o.community_id = ? AND o.revoked_at IS NULL ORDER BY o.id", int64(community))
	posters := make([]core.VisitorPoster, len(rows))
	for i, row := range rows {
		posters[i] = row.poster()
	}
	return posters, database.Wrap("list posters", err)
}

// VisitorPoster returns a poster of the scope, also one that was revoked.
func (s *Store) VisitorPoster(ctx context.Context, scope core.Scope, id core.ID) (core.VisitorPoster, error) {
	where, args := database.ScopeWhere(scope, "o.community_id")
	var row visitorPosterRow
	err := s.db.Get(ctx, &row, visitorPosterColumns+"o.id = ? AND "+where, append([]any{int64(id)}, args...)...)
	return row.poster(), database.Wrap("read a poster", database.NotFoundIfNoRows(err, "海报不存在"))
}

// PosterByCode returns the poster of a code that leads to the application.
func (s *Store) PosterByCode(ctx context.Context, code string) (core.VisitorPoster, error) {
	poster, err := posterOf(func(dst any, query string, args ...any) error { return s.db.Get(ctx, dst, query, args...) }, code)
	return poster, database.Wrap("read a poster", err)
}

func posterOf(get func(dst any, query string, args ...any) error, code string) (core.VisitorPoster, error) {
	var row visitorPosterRow
	err := get(&row, visitorPosterColumns+"o.code = ? AND o.revoked_at IS NULL", code)
	if err == nil && row.Code != code { // a database may not tell capitals apart
		return core.VisitorPoster{}, core.NotFound(noPoster)
	}
	return row.poster(), database.NotFoundIfNoRows(err, noPoster)
}

// CreateVisitorPoster makes a poster for a community of the scope, or for one of its guard posts.
func (s *Store) CreateVisitorPoster(
	ctx context.Context, by core.Actor, scope core.Scope, p core.VisitorPoster,
) (id core.ID, err error) {
	if !scope.Has(p.Community) {
		return 0, core.NotFound(noCommunity)
	}
	err = s.db.Write(ctx, "create a poster", func(tx *database.Tx) error {
		var locked core.ID
		if err := tx.Get(&locked, "SELECT id FROM community WHERE id = ? AND archived_at IS NULL"+tx.Dialect().ForUpdate(),
			int64(p.Community)); err != nil {
			return database.NotFoundIfNoRows(err, noCommunity)
		}
		p.Gate = ""
		if p.Post != 0 {
			err := tx.Get(&p.Gate, "SELECT name FROM guard_post WHERE id = ? AND community_id = ?", int64(p.Post), int64(p.Community))
			if err = database.NotFoundIfNoRows(err, ""); core.IsNotFound(err) {
				return core.InvalidFields(map[string]string{"post": "门岗不存在，请重新选择"})
			}
			if err != nil {
				return err
			}
		}
		var n int
		if err := tx.Get(&n, "SELECT COUNT(*) FROM visitor_poster WHERE community_id = ? AND revoked_at IS NULL",
			int64(p.Community)); err != nil {
			return err
		}
		if n >= core.MaxVisitorPosters {
			return core.Conflict(fmt.Sprintf("一个小区最多 %d 张海报，请先停用不用的", core.MaxVisitorPosters))
		}
		id = tx.NewID()
		if _, err := tx.Exec("INSERT INTO visitor_poster (id, community_id, post_id, code, created_at) VALUES (?, ?, ?, ?, ?)",
			int64(id), int64(p.Community), int64(p.Post), secret.Text(posterCodeBytes), tx.NowMS()); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: p.Community, Action: "visitorposter.create", Subject: audit.Target("visitorposter", id),
			After: visitorPosterAudit{Gate: p.Words()},
		})
	})
	return id, err
}

// RevokeVisitorPoster lets a poster of the scope lead nowhere any more. A visit that began by it goes on.
func (s *Store) RevokeVisitorPoster(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "revoke a poster", func(tx *database.Tx) error {
		where, args := database.ScopeWhere(scope, "o.community_id")
		var row visitorPosterRow
		if err := tx.Get(&row, visitorPosterColumns+"o.id = ? AND "+where, append([]any{int64(id)}, args...)...); err != nil {
			return database.NotFoundIfNoRows(err, "海报不存在")
		}
		if err := tx.ExecOne(core.Conflict("海报已停用"),
			"UPDATE visitor_poster SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", tx.NowMS(), int64(id)); err != nil {
			return err
		}
		before := visitorPosterAudit{Gate: row.poster().Words()}
		after := before
		after.Revoked = true
		return audit.Write(tx, by, audit.Entry{
			Community: row.Community, Action: "visitorposter.revoke", Subject: audit.Target("visitorposter", id),
			Before: before, After: after,
		})
	})
}

// deleteVisitorPosters deletes the posters of a community that is deleted.
func deleteVisitorPosters(tx *database.Tx, community core.ID) error {
	_, err := tx.Exec("DELETE FROM visitor_poster WHERE community_id = ?", int64(community))
	return err
}
