package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// BindTicketLife is how long a bind ticket is valid: ten minutes.
const BindTicketLife = 10 * time.Minute

// sceneOf returns the digest of a scene: somebody who can read the database cannot use it to bind.
func sceneOf(scene string) string {
	sum := sha256.Sum256([]byte(scene))
	return hex.EncodeToString(sum[:])
}

// BindTarget is the person whom a bind ticket binds.
type BindTarget struct {
	Kind     string // core.BindGuard, core.BindObserver, core.BindAccount
	ID       core.ID
	Replaces core.ID      // the WeChat user that may be replaced, as the admin has confirmed; 0 = none
	App      string       // the official account whose code it is, by WeChat's id
	Holder   core.Account // of an account: who shows the code must hold all that it holds
}

// BindTicket is a QR code that waits to be scanned.
type BindTicket struct {
	Scene   string // the QR code's content; not stored
	Code    string // two digits shown beside the QR code
	Expires time.Time
}

// ID identifies the ticket among those of its target, and reveals nothing about its scene.
func (t BindTicket) ID() string { return sceneOf(t.Scene) }

const replacedUnasked = "已经绑定了另一个微信，请刷新后确认是否重新绑定"

// CreateBindTicket creates the scene of a parametric QR code that binds the target, an observer or
// a guard of the scope, or another account than the caller's. It invalidates the target's earlier tickets. An admin who shows an
// observer's code can scan it and then see what the observer sees, so every community of the
// observer must be in scope. A target that is bound to anybody but Replaces is a conflict.
func (s *Store) CreateBindTicket(
	ctx context.Context, by core.Actor, scope core.Scope, target BindTarget,
) (ticket BindTicket, err error) {
	ticket.Scene, ticket.Code = "bind_"+secret.Hex(16), secret.TwoDigits()
	err = s.db.Write(ctx, "make bind ticket", func(tx *database.Tx) error {
		ticket.Expires = tx.Now().Add(BindTicketLife)
		if err := bindable(tx, scope, target); err != nil {
			return err
		}
		bound, err := boundUser(tx, target)
		if err != nil {
			return err
		}
		if bound != 0 && bound != target.Replaces {
			return core.Conflict(replacedUnasked)
		}
		if _, err := tx.Exec("DELETE FROM bind_ticket WHERE kind = ? AND target_id = ?", target.Kind, int64(target.ID)); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO bind_ticket (scene_digest, kind, target_id, replaces_id, code, app_id, user_id,
				created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)`,
			ticket.ID(), target.Kind, int64(target.ID), int64(bound), ticket.Code, target.App,
			tx.NowMS(), ticket.Expires.UnixMilli()); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "bindticket.create", Subject: audit.Target(target.Kind, target.ID)})
	})
	return ticket, err
}

// bindable refuses a target that is not completely in scope.
func bindable(tx *database.Tx, scope core.Scope, target BindTarget) error {
	switch target.Kind {
	case core.BindObserver:
		if _, err := observerInScope(tx, scope, target.ID); err != nil {
			return err
		}
		return observerWholly(tx, scope, target.ID)
	case core.BindAccount:
		return accountBindable(tx, target)
	case core.BindGuard:
		where, args := database.ScopeWhere(scope, "community_id")
		var row guardRow
		return database.NotFoundIfNoRows(tx.Get(&row, guardColumns+where+" AND id = ?", append(args, int64(target.ID))...), noGuard)
	}
	return core.NotFound("不能绑定")
}

// accountBindable refuses an account that the holder may not change: who is bound to it signs in as it. One's own
// is bound by its password.
func accountBindable(tx *database.Tx, target BindTarget) error {
	if target.ID == target.Holder.ID {
		return core.Conflict("请在“我的账号”里绑定自己的微信")
	}
	account, err := lockAccount(tx, target.Holder, target.ID)
	if err == nil && !account.Disabled.IsZero() {
		err = core.Conflict("账号已停用")
	}
	return err
}

// endAccountTickets ends the codes that could still bind a WeChat to an account.
func endAccountTickets(tx *database.Tx, account core.ID) error {
	_, err := tx.Exec(`
		UPDATE bind_ticket
		SET refused_at = ?
		WHERE kind = ?
		AND target_id = ?`+bindTicketOpen, tx.NowMS(), core.BindAccount, int64(account), tx.NowMS())
	return err
}

const (
	deadTicket  = "二维码已失效，请重新获取"
	wrongDigits = "数字不对，本次绑定已取消。请核对电脑上的数字"
	otherPhone  = "这个二维码不是给您的：您的微信验证的手机号与登记的手机号不一致，请联系物业核对"
	otherWechat = "已经绑定了另一个微信。请物业重新生成二维码并确认更换"
)

type bindTicketRow struct {
	Kind     string          `db:"kind"`
	Target   core.ID         `db:"target_id"`
	Replaces core.ID         `db:"replaces_id"`
	Code     string          `db:"code"`
	User     core.ID         `db:"user_id"`
	Created  database.Millis `db:"created_at"`
	Expires  database.Millis `db:"expires_at"`
	Refused  database.Millis `db:"refused_at"`
	Used     database.Millis `db:"used_at"`
}

const (
	bindTicketColumns = `SELECT kind, target_id, replaces_id, code, user_id, created_at, expires_at, refused_at, used_at
		FROM bind_ticket
		WHERE scene_digest = ?`
	bindTicketOpen = " AND used_at IS NULL AND refused_at IS NULL AND expires_at > ?"
)

func (r bindTicketRow) state(now time.Time) core.BindState {
	switch {
	case !r.Used.IsZero():
		return core.BindDone
	case !r.Refused.IsZero():
		return core.BindRefused
	case !r.Expires.After(now):
		return core.BindOver
	}
	return core.BindWaiting
}

// BindTicketKind returns the kind of target of a scene that waits to be scanned; any other is
// NotFound. A scan alone binds nobody.
func (s *Store) BindTicketKind(ctx context.Context, scene string) (kind string, err error) {
	var row bindTicketRow
	err = s.db.Get(ctx, &row, bindTicketColumns+bindTicketOpen, sceneOf(scene), s.Now().UnixMilli())
	return row.Kind, database.Wrap("read bind ticket", database.NotFoundIfNoRows(err, deadTicket))
}

// BindTicketApp returns the official account whose code a scene is, by WeChat's id; "" if there is no such scene.
func (s *Store) BindTicketApp(ctx context.Context, scene string) (appID string, err error) {
	var found []string
	err = s.db.All(ctx, &found, "SELECT app_id FROM bind_ticket WHERE scene_digest = ?", sceneOf(scene))
	if len(found) > 0 {
		appID = found[0]
	}
	return appID, database.Wrap("read bind ticket", err)
}

// BindScan is a WeChat user who has scanned a QR code.
type BindScan struct {
	Scene string
	User  core.ID
	// NoMini means that no mini-program is configured, so that nobody can verify a number.
	NoMini bool
}

// BindQuestion returns what to ask the user or, if that has been answered, only the answer. If the
// ticket has expired, or another user answered, the result is NotFound. If the user's verified
// number is not the one on file, it is Forbidden, without any detail.
func (s *Store) BindQuestion(ctx context.Context, scan BindScan) (core.BindQuestion, error) {
	var row bindTicketRow
	if err := s.db.Get(ctx, &row, bindTicketColumns, sceneOf(scan.Scene)); err != nil {
		return core.BindQuestion{}, database.Wrap("read bind ticket", database.NotFoundIfNoRows(err, deadTicket))
	}
	q := core.BindQuestion{Kind: row.Kind, Code: row.Code, State: row.state(s.Now()), Begun: row.Created.Time}
	if q.State == core.BindOver || q.State == core.BindDone && row.User != scan.User {
		return core.BindQuestion{}, core.NotFound(deadTicket)
	}
	if q.State != core.BindWaiting {
		return q, nil
	}
	get := func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }
	phones, err := s.bindPhones(get, row, scan)
	if err != nil {
		return core.BindQuestion{}, database.Wrap("read bind ticket", err)
	}
	q.Name, q.NeedPhone = phones.Name, phones.needed(scan)
	if q.Phone, err = s.WechatPhone(ctx, scan.User); err != nil {
		return core.BindQuestion{}, err
	}
	return q, phones.check()
}

// bindPhones are digests of the number on file and of the scanner's.
type bindPhones struct {
	Name  string         `db:"name"`
	File  string         `db:"file"`
	Own   string         `db:"own"`
	Union sql.NullString `db:"union_id"`
}

func (s *Store) bindPhones(
	get getOne, row bindTicketRow, scan BindScan,
) (p bindPhones, err error) {
	table := bindTables[row.Kind]
	if table == "" {
		return p, core.NotFound(deadTicket)
	}
	file := "t.phone_mac"
	if row.Kind == core.BindAccount { // the number of whose account it is, as a member of the staff
		file = "COALESCE((SELECT MIN(s.phone_mac) FROM staff s WHERE s.account_id = t.id AND s.left_at IS NULL), '')"
	}
	err = get(&p, `SELECT t.name, `+file+` AS file, u.phone_mac AS own, u.union_id
		FROM `+table+` t
		JOIN wechat_user u ON u.id = ?
		WHERE t.id = ?`, int64(scan.User), int64(row.Target))
	return p, database.NotFoundIfNoRows(err, deadTicket)
}

// needed reports whether the scanner has to verify a number first. That is impossible without a
// mini-program, or without an open platform that identifies its users to us.
func (p bindPhones) needed(scan BindScan) bool {
	return p.Own == "" && p.File != "" && !scan.NoMini && p.Union.String != ""
}

// check refuses a scanner whose number is known and differs from the one on file.
func (p bindPhones) check() error {
	if p.Own != "" && p.File != "" && p.Own != p.File {
		return core.Forbidden(otherPhone)
	}
	return nil
}

// bindTables are the tables of the targets, by kind.
var bindTables = map[string]string{core.BindGuard: "guard", core.BindObserver: "observer", core.BindAccount: "account"}

// ApproveBindTicket binds the scanner, once. code is the two digits shown beside the QR code; wrong
// ones invalidate the ticket: another QR code was scanned.
func (s *Store) ApproveBindTicket(ctx context.Context, by core.Actor, scan BindScan, code string) error {
	var refused error
	var account core.ID
	err := s.db.Write(ctx, "approve bind ticket", func(tx *database.Tx) error {
		refused, account = nil, 0
		var row bindTicketRow
		if err := tx.Get(&row, bindTicketColumns+bindTicketOpen, sceneOf(scan.Scene), tx.NowMS()); err != nil {
			return database.NotFoundIfNoRows(err, deadTicket)
		}
		phones, err := s.bindPhones(tx.Get, row, scan)
		if err != nil {
			return err
		}
		if err := phones.check(); err != nil {
			return err
		}
		if phones.needed(scan) {
			return core.Conflict("请先在小程序里验证手机号")
		}
		if subtle.ConstantTimeCompare([]byte(row.Code), []byte(code)) != 1 {
			refused = core.Invalid(wrongDigits)
			return refuseBindTicket(tx, scan.Scene)
		}
		if err := tx.ExecOne(core.NotFound(deadTicket),
			"UPDATE bind_ticket SET used_at = ?, user_id = ? WHERE scene_digest = ?"+bindTicketOpen,
			tx.NowMS(), int64(scan.User), sceneOf(scan.Scene), tx.NowMS()); err != nil {
			return err
		}
		if row.Kind == core.BindAccount {
			account = row.Target
			scanner := by
			scanner.ID = scan.User
			if err := bindAccount(tx, scanner, account, wechatLoginRow{Addr: by.Addr}); err != nil {
				return err
			}
		} else if err := bind(tx, row, scan.User); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "bindticket.approve", Subject: audit.Target(row.Kind, row.Target)})
	})
	if err == nil && account != 0 {
		s.subjectChanged(ctx, core.SessionAccount, account)
	}
	if err == nil {
		err = refused
	}
	return err
}

// RefuseBindTicket invalidates a ticket that its scanner refused.
func (s *Store) RefuseBindTicket(ctx context.Context, scene string) error {
	return s.db.Write(ctx, "refuse bind ticket", func(tx *database.Tx) error { return refuseBindTicket(tx, scene) })
}

func refuseBindTicket(tx *database.Tx, scene string) error {
	return tx.ExecOne(core.NotFound(deadTicket),
		"UPDATE bind_ticket SET refused_at = ? WHERE scene_digest = ?"+bindTicketOpen, tx.NowMS(), sceneOf(scene), tx.NowMS())
}

// boundUser returns the WeChat user that a target is bound to, 0 if none, and locks the target's
// row.
func boundUser(tx *database.Tx, target BindTarget) (user core.ID, err error) {
	err = tx.Get(&user, "SELECT user_id FROM "+bindTables[target.Kind]+" WHERE id = ?"+tx.Dialect().ForUpdate(), int64(target.ID))
	return user, err
}

// bind binds the ticket's target to a user. It replaces another user only if the ticket was created
// for that.
func bind(tx *database.Tx, row bindTicketRow, user core.ID) error {
	bound, err := boundUser(tx, BindTarget{Kind: row.Kind, ID: row.Target})
	if err != nil {
		return database.NotFoundIfNoRows(err, deadTicket)
	}
	if bound != 0 && bound != user && bound != row.Replaces {
		return core.Conflict(otherWechat)
	}
	gone := map[string]string{core.BindGuard: "disabled_at", core.BindObserver: "removed_at"}[row.Kind]
	return tx.ExecOne(core.NotFound(deadTicket),
		"UPDATE "+bindTables[row.Kind]+" SET user_id = ?, bound_at = ? WHERE id = ? AND "+gone+" IS NULL",
		int64(user), tx.NowMS(), int64(row.Target))
}

// BindState returns the state of a target's ticket and, if it waits, when it expires. A replaced
// one is over. The caller must have checked that the target is in scope.
func (s *Store) BindState(
	ctx context.Context, target BindTarget, ticket string,
) (state core.BindState, expires time.Time, err error) {
	var row bindTicketRow
	err = s.db.Get(ctx, &row, bindTicketColumns+" AND kind = ? AND target_id = ?", ticket, target.Kind, int64(target.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return core.BindOver, expires, nil
	}
	if err != nil {
		return core.BindOver, expires, database.Wrap("read bind ticket", err)
	}
	return row.state(s.Now()), row.Expires.Time, nil
}

// BoundWechat returns the WeChat that a guard, an observer or an account is bound to; the zero value if there
// is none. The caller must have checked that the target is in scope.
func (s *Store) BoundWechat(ctx context.Context, target BindTarget) (core.BoundWechat, error) {
	var row struct {
		User core.ID         `db:"user_id"`
		At   database.Millis `db:"bound_at"`
	}
	if err := s.db.Get(ctx, &row, "SELECT user_id, bound_at FROM "+bindTables[target.Kind]+" WHERE id = ?", int64(target.ID)); err != nil {
		return core.BoundWechat{}, database.Wrap("read a bound WeChat", database.NotFoundIfNoRows(err, deadTicket))
	}
	if row.User == 0 {
		return core.BoundWechat{}, nil
	}
	phone, err := s.WechatPhone(ctx, row.User)
	return core.BoundWechat{User: row.User, Phone: phone, At: row.At.Time}, err
}
