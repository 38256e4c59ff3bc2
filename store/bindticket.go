package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// BindTicketLife is how long a sign-in QR is good: ten minutes.
const BindTicketLife = 10 * time.Minute

// sceneOf digests a scene: who reads the database cannot bind with what they find.
func sceneOf(scene string) string {
	sum := sha256.Sum256([]byte(scene))
	return hex.EncodeToString(sum[:])
}

// NewBindTicket makes the scene of a parametric QR whose scan binds the target:
// an observer or a guard of the scope. The target's earlier tickets die. Whoever
// draws an observer's QR may scan it and see all that the observer sees, so every
// community of the observer must be in scope.
func (s *Store) NewBindTicket(
	ctx context.Context, by core.Actor, scope core.Scope, kind string, target core.ID,
) (scene string, expires time.Time, err error) {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	scene = "bind_" + hex.EncodeToString(secret[:])
	err = s.db.Write(ctx, "make bind ticket", func(tx *database.Tx) error {
		expires = tx.Now().Add(BindTicketLife)
		if err := bindable(tx, scope, kind, target); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM bind_ticket WHERE kind = ? AND target_id = ?", kind, int64(target)); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO bind_ticket (scene_digest, kind, target_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
			sceneOf(scene), kind, int64(target), tx.NowMS(), expires.UnixMilli()); err != nil {
			return err
		}
		return audit(tx, by, auditEntry{Action: "bind.qr", Target: kind + ":" + target.String()})
	})
	return scene, expires, err
}

// bindable refuses a target that is not wholly the scope's.
func bindable(tx *database.Tx, scope core.Scope, kind string, target core.ID) error {
	switch kind {
	case core.BindObserver:
		if _, err := observerInScope(tx, scope, target); err != nil {
			return err
		}
		return observerWholly(tx, scope, target)
	case core.BindGuard:
		where, args := database.ScopeWhere(scope, "community_id")
		var row guardRow
		return database.NotFoundIfNoRows(tx.Get(&row, guardColumns+where+" AND id = ?", append(args, int64(target))...), "门岗人员不存在")
	}
	return core.NotFound("不能绑定")
}

// UseBindTicket binds the user who scanned a scene to what the ticket is for, in
// one transaction: a ticket is used once, by one. It gives the ticket's kind.
func (s *Store) UseBindTicket(ctx context.Context, scene string, user core.ID) (kind string, err error) {
	err = s.db.Write(ctx, "use bind ticket", func(tx *database.Tx) error {
		dead := core.NotFound("二维码已失效，请重新获取")
		var ticket struct {
			Kind   string  `db:"kind"`
			Target core.ID `db:"target_id"`
		}
		if err := tx.Get(&ticket, "SELECT kind, target_id FROM bind_ticket WHERE scene_digest = ?", sceneOf(scene)); err != nil {
			return database.NotFoundIfNoRows(err, dead.Message)
		}
		if err := tx.ExecOne(dead, "UPDATE bind_ticket SET used_at = ? WHERE scene_digest = ? AND used_at IS NULL AND expires_at > ?",
			tx.NowMS(), sceneOf(scene), tx.NowMS()); err != nil {
			return err
		}
		kind = ticket.Kind
		if err := bind(tx, kind, ticket.Target, user); err != nil {
			return err
		}
		by := core.Actor{Kind: core.ActorWechat, ID: user}
		return audit(tx, by, auditEntry{Action: "bind.done", Target: kind + ":" + ticket.Target.String()})
	})
	return kind, err
}

// BindState tells how far the newest ticket of a target has come, and until when
// one that waits is good. The caller has checked that the target is in scope.
func (s *Store) BindState(ctx context.Context, kind string, target core.ID) (state core.BindState, expires time.Time, err error) {
	var ticket struct {
		Expires database.Millis `db:"expires_at"`
		Used    database.Millis `db:"used_at"`
	}
	err = s.db.Get(ctx, &ticket, "SELECT expires_at, used_at FROM bind_ticket WHERE kind = ? AND target_id = ?", kind, int64(target))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return core.BindOver, expires, nil
	case err != nil:
		return core.BindOver, expires, database.Wrap("read bind ticket", err)
	case !ticket.Used.IsZero():
		return core.BindDone, expires, nil
	case !ticket.Expires.After(s.Now()):
		return core.BindOver, expires, nil
	}
	return core.BindWaiting, ticket.Expires.Time, nil
}

func bind(tx *database.Tx, kind string, target, user core.ID) error {
	switch kind {
	case core.BindObserver:
		return bindObserver(tx, target, user)
	case core.BindGuard:
		return bindGuard(tx, target, user)
	}
	return core.NotFound("二维码已失效，请重新获取")
}
