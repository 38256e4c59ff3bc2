package store

import (
	"context"
	"crypto/subtle"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	noWechatLogin   = "二维码已失效，请在电脑上换一个"
	unboundWechat   = "这个微信没有绑定后台账号。请先用密码登录，在“我的账号”里绑定"
	wrongLoginCode  = "数字不对，本次登录已取消。请核对电脑上的数字"
	takenWechat     = "这个微信已绑定另一个后台账号"
	takenAccount    = "该账号已绑定另一个微信，请先在“我的账号”里解绑"
	overWechatLogin = "微信登录已失效，请重新扫码"
)

// NewWechatLogin is a sign-in or, with Account, the binding of an account, that waits for a scan.
// Browser is a secret of the browser that shows the QR code: no other can finish the sign-in.
type NewWechatLogin struct {
	Account core.ID
	Browser string
	Addr    string
	Network string // what addresses are counted by; see Visit
	Agent   string
}

// BeginWechatLogin returns the token for the QR code's link, and the two digits to show beside it.
func (s *Store) BeginWechatLogin(ctx context.Context, n NewWechatLogin) (token, code string, err error) {
	token, code = newToken(), secret.TwoDigits()
	err = s.db.Write(ctx, "begin a WeChat login", func(tx *database.Tx) error {
		_, err := tx.Exec(
			`INSERT INTO wechat_login (token_digest, binds, account_id, user_id, browser_digest, code, addr, network,
				agent, created_at, expires_at)
			VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`,
			digestToken(token), database.BoolInt(n.Account != 0), int64(n.Account), digestToken(n.Browser),
			code, n.Addr, n.Network, cutText(n.Agent, maxAgent), tx.NowMS(),
			tx.Now().Add(core.WechatLoginLife).UnixMilli(),
		)
		return err
	})
	return token, code, err
}

type wechatLoginRow struct {
	Binds    bool            `db:"binds"`
	Account  core.ID         `db:"account_id"`
	User     core.ID         `db:"user_id"`
	Browser  string          `db:"browser_digest"`
	Code     string          `db:"code"`
	Addr     string          `db:"addr"`
	Network  string          `db:"network"`
	Agent    string          `db:"agent"`
	Begun    database.Millis `db:"created_at"`
	Expires  database.Millis `db:"expires_at"`
	Approved database.Millis `db:"approved_at"`
	Refused  database.Millis `db:"refused_at"`
	Used     database.Millis `db:"used_at"`
}

const wechatLoginColumns = `SELECT binds, account_id, user_id, browser_digest, code, addr, network, agent, created_at,
	expires_at, approved_at, refused_at, used_at FROM wechat_login WHERE token_digest = ?`

const wechatLoginOpen = " AND approved_at IS NULL AND refused_at IS NULL AND expires_at > ?"

// WechatLogin returns what to ask a WeChat user who scanned: the sign-in of their own account, or
// the binding of an account; or, if that has been answered, only the answer. It is NotFound if it
// has expired or another user answered, and Forbidden if the user has no account to sign in to.
func (s *Store) WechatLogin(ctx context.Context, token string, user core.ID) (core.WechatLogin, error) {
	var row wechatLoginRow
	if err := s.db.Get(ctx, &row, wechatLoginColumns, digestToken(token)); err != nil {
		return core.WechatLogin{}, database.Wrap("read a WeChat login", database.NotFoundIfNoRows(err, noWechatLogin))
	}
	l := core.WechatLogin{
		Binds: row.Binds, Account: row.Account, Code: row.Code, Addr: row.Addr, Agent: row.Agent, Begun: row.Begun.Time,
		Expires: row.Expires.Time,
		State:   row.stateFor(user, s.Now()),
	}
	switch l.State {
	case core.WechatLoginOver:
		return l, core.NotFound(noWechatLogin)
	case core.WechatLoginApproved, core.WechatLoginRefused:
		return l, nil
	}
	where, arg := "id = ?", int64(row.Account)
	if row.Account == 0 {
		where, arg = "user_id = ?", int64(user)
	}
	var account signingAccount
	err := s.db.Get(ctx, &account, signingColumns+where, arg)
	if row.Account == 0 && core.IsNotFound(database.NotFoundIfNoRows(err, noAccount)) {
		return l, core.Forbidden(unboundWechat)
	}
	if err != nil {
		return l, database.Wrap("read a WeChat login", database.NotFoundIfNoRows(err, noAccount))
	}
	l.Name = account.Name
	known, err := s.knownNetwork(ctx, account.ID, row.Network)
	l.NewAddr = !known
	return l, database.Wrap("read a WeChat login", err)
}

// knownNetwork reports whether somebody has signed in to the account from a network.
func (s *Store) knownNetwork(ctx context.Context, account core.ID, network string) (bool, error) {
	var n int
	err := s.db.Get(ctx, &n, knownNetworkQuery, int64(account), network)
	return n > 0, err
}

const knownNetworkQuery = `SELECT COUNT(*)
	FROM sign_in_attempt
	WHERE account_id = ?
	AND succeeded = 1
	AND network = ?`

// stateFor returns the state for a WeChat user: what another user approved is over.
func (r wechatLoginRow) stateFor(user core.ID, now time.Time) core.WechatLoginState {
	switch {
	case !r.Refused.IsZero():
		return core.WechatLoginRefused
	case !r.Approved.IsZero() && r.User == user:
		return core.WechatLoginApproved
	case !r.Approved.IsZero() || !r.Expires.After(now):
		return core.WechatLoginOver
	}
	return core.WechatLoginWaiting
}

// ApproveWechatLogin binds the scanner, or lets the browser that shows the QR code finish the
// sign-in. code is the two digits that the console's page shows; wrong ones end the sign-in:
// another QR code was scanned.
func (s *Store) ApproveWechatLogin(ctx context.Context, by core.Actor, token, code string) error {
	var bound core.ID
	var refused error
	err := s.db.Write(ctx, "approve a WeChat login", func(tx *database.Tx) error {
		bound, refused = 0, nil
		var row wechatLoginRow
		if err := tx.Get(&row, wechatLoginColumns+wechatLoginOpen, digestToken(token), tx.NowMS()); err != nil {
			return database.NotFoundIfNoRows(err, noWechatLogin)
		}
		account, err := accountToEnter(tx, row.Account, by.ID)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(row.Code), []byte(code)) != 1 {
			refused = core.Invalid(wrongLoginCode)
			return refuseWechatLogin(tx, token)
		}
		if err := tx.ExecOne(
			core.NotFound(noWechatLogin),
			"UPDATE wechat_login SET approved_at = ?, user_id = ?, account_id = ? WHERE token_digest = ?"+wechatLoginOpen,
			tx.NowMS(), int64(by.ID), int64(account.ID), digestToken(token), tx.NowMS(),
		); err != nil {
			return err
		}
		if row.Account == 0 {
			return nil
		}
		bound = account.ID
		return bindAccount(tx, by, account.ID, row)
	})
	if err == nil && bound != 0 {
		s.subjectChanged(ctx, core.SessionAccount, bound)
	}
	if err == nil {
		err = refused
	}
	return err
}

// accountToEnter returns the account to bind or, if id is 0, the scanner's own.
func accountToEnter(tx *database.Tx, id, user core.ID) (signingAccount, error) {
	var account signingAccount
	if id != 0 {
		err := tx.Get(&account, signingColumns+"id = ?", int64(id))
		return account, database.NotFoundIfNoRows(err, noWechatLogin)
	}
	err := tx.Get(&account, signingColumns+"user_id = ?", int64(user))
	if core.IsNotFound(database.NotFoundIfNoRows(err, noAccount)) {
		return account, core.Forbidden(unboundWechat)
	}
	return account, err
}

// bindAccount binds a WeChat user to an account. Each can be bound to only one; another binding
// must be removed first.
func bindAccount(tx *database.Tx, by core.Actor, account core.ID, row wechatLoginRow) error {
	// locking the user's row makes two bindings of one user run one after another
	var user core.ID
	if err := tx.Get(&user, "SELECT id FROM wechat_user WHERE id = ?"+tx.Dialect().ForUpdate(), int64(by.ID)); err != nil {
		return database.NotFoundIfNoRows(err, "用户不存在")
	}
	var others int
	if err := tx.Get(&others, "SELECT COUNT(*) FROM account WHERE user_id = ? AND id <> ?", int64(user), int64(account)); err != nil {
		return err
	}
	if others > 0 {
		return core.Conflict(takenWechat)
	}
	if err := tx.ExecOne(
		core.Conflict(takenAccount),
		"UPDATE account SET user_id = ?, bound_at = ? WHERE id = ? AND disabled_at IS NULL AND user_id IN (0, ?)",
		int64(user), tx.NowMS(), int64(account), int64(user),
	); err != nil {
		return err
	}
	if err := noteAccount(tx, account, core.AccountNotice{Kind: core.NoticeWechatOn, Addr: row.Addr, Agent: row.Agent}, user); err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{Action: "account.bind_wechat", Subject: audit.Target("account", account)})
}

// RefuseWechatLogin ends a sign-in that its scanner refused.
func (s *Store) RefuseWechatLogin(ctx context.Context, token string) error {
	return s.db.Write(ctx, "refuse a WeChat login", func(tx *database.Tx) error { return refuseWechatLogin(tx, token) })
}

func refuseWechatLogin(tx *database.Tx, token string) error {
	return tx.ExecOne(
		core.NotFound(noWechatLogin),
		"UPDATE wechat_login SET refused_at = ? WHERE token_digest = ?"+wechatLoginOpen, tx.NowMS(),
		digestToken(token), tx.NowMS(),
	)
}

// WechatLoginState returns the progress of the sign-in, for the page that shows the QR.
func (s *Store) WechatLoginState(ctx context.Context, token string) (core.WechatLoginState, error) {
	var row wechatLoginRow
	err := s.db.Get(ctx, &row, wechatLoginColumns, digestToken(token))
	switch {
	case core.IsNotFound(database.NotFoundIfNoRows(err, noWechatLogin)):
		return core.WechatLoginOver, nil
	case err != nil:
		return core.WechatLoginOver, database.Wrap("state of a WeChat login", err)
	case !row.Refused.IsZero():
		return core.WechatLoginRefused, nil
	case !row.Used.IsZero() || !row.Expires.After(s.Now()):
		return core.WechatLoginOver, nil
	case !row.Approved.IsZero():
		return core.WechatLoginApproved, nil
	}
	return core.WechatLoginWaiting, nil
}

// FinishWechatLogin starts the session of an approved sign-in, once, in the browser that showed its
// QR code; if the account has a second step, that comes first. A sign-in that is not approved, was
// used, is another browser's or is a binding is Unauthenticated.
func (s *Store) FinishWechatLogin(ctx context.Context, token, browser string, visit Visit) (done SignedIn, err error) {
	over := core.Unauthenticated(overWechatLogin)
	err = s.db.Write(ctx, "finish a WeChat login", func(tx *database.Tx) error {
		var row wechatLoginRow
		if err := tx.Get(&row, wechatLoginColumns, digestToken(token)); core.IsNotFound(database.NotFoundIfNoRows(err, overWechatLogin)) {
			return over
		} else if err != nil {
			return err
		}
		if err := tx.ExecOne(
			over,
			`UPDATE wechat_login SET used_at = ? WHERE token_digest = ? AND browser_digest = ? AND binds = 0 AND approved_at IS NOT NULL
			AND refused_at IS NULL AND used_at IS NULL AND expires_at > ?`,
			tx.NowMS(), digestToken(token), digestToken(browser), tx.NowMS(),
		); err != nil {
			return err
		}
		// the binding may have been removed since it was approved
		var account signingAccount
		if err := tx.Get(&account, signingColumns+
			"id = ? AND user_id = ?", int64(row.Account), int64(row.User)); core.IsNotFound(database.NotFoundIfNoRows(err, noAccount)) {
			return over
		} else if err != nil {
			return err
		}
		a := attempt{Visit: visit, id: tx.NewID(), account: account.ID, login: account.Login, way: core.WayWechat}
		if err := noteAttempt(tx, a); err != nil {
			return err
		}
		if account.TOTP != 0 {
			done, err = awaitCode(tx, a, account)
			return err
		}
		done, err = signedIn(tx, account, a)
		return err
	})
	return done, err
}

// UnbindAccount unbinds WeChat from the caller's account.
func (s *Store) UnbindAccount(ctx context.Context, by core.Actor) error {
	err := s.db.Write(ctx, "unbind WeChat", func(tx *database.Tx) error {
		dropped, err := takeWechat(tx, by, by.ID)
		if err == nil && !dropped {
			err = core.Conflict("账号没有绑定微信")
		}
		return err
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionAccount, by.ID)
	}
	return err
}

// UnbindAccountOf unbinds WeChat from another account, whose owner lost the phone or may no longer
// use it. The account's sessions end: any of them may have been started with that WeChat.
func (s *Store) UnbindAccountOf(ctx context.Context, by core.Granter, id core.ID) error {
	if id == by.Holds.ID {
		return core.Conflict("请在“我的账号”里解绑自己的微信")
	}
	return s.changeAccount(ctx, by, id, "account.reset_wechat", func(tx *database.Tx, after *core.Account) error {
		if after.User == 0 {
			return core.Conflict("账号没有绑定微信")
		}
		after.Generation++
		if err := dropWechat(tx, by.Actor, id); err != nil {
			return err
		}
		return endSessions(tx, core.SessionAccount, id)
	})
}

// dropWechat unbinds WeChat from an account, since somebody other than the owner may have bound it.
func dropWechat(tx *database.Tx, by core.Actor, account core.ID) error {
	_, err := takeWechat(tx, by, account)
	return err
}

// takeWechat unbinds WeChat from an account and reports whether it was bound. The account's owner
// is notified, even of their own act.
func takeWechat(tx *database.Tx, by core.Actor, account core.ID) (taken bool, err error) {
	var user core.ID
	if err := tx.Get(&user, "SELECT user_id FROM account WHERE id = ?"+tx.Dialect().ForUpdate(), int64(account)); err != nil {
		return false, database.NotFoundIfNoRows(err, noAccount)
	}
	if user == 0 {
		return false, nil
	}
	if _, err := tx.Exec("UPDATE account SET user_id = 0, bound_at = NULL WHERE id = ?", int64(account)); err != nil {
		return false, err
	}
	if err := noteAccount(tx, account, core.AccountNotice{Kind: core.NoticeWechatOff, Addr: by.Addr}, user); err != nil {
		return false, err
	}
	return true, audit.Write(tx, by, audit.Entry{Action: "account.unbind_wechat", Subject: audit.Target("account", account)})
}

// WechatOfAccount returns the WeChat that is bound to an account; the zero value if there is none.
// The caller must have checked that the account is theirs to see.
func (s *Store) WechatOfAccount(ctx context.Context, account core.ID) (core.BoundWechat, error) {
	var row struct {
		User core.ID         `db:"user_id"`
		At   database.Millis `db:"bound_at"`
	}
	if err := s.db.Get(ctx, &row, "SELECT user_id, bound_at FROM account WHERE id = ?", int64(account)); err != nil {
		return core.BoundWechat{}, database.Wrap("read an account's WeChat", database.NotFoundIfNoRows(err, noAccount))
	}
	if row.User == 0 {
		return core.BoundWechat{}, nil
	}
	phone, err := s.WechatPhone(ctx, row.User)
	return core.BoundWechat{User: row.User, Phone: phone, At: row.At.Time}, err
}

// endBindings ends the pending QR codes that could still bind a WeChat to an account: the session
// that shows one may have ended.
func endBindings(tx *database.Tx, account core.ID) error {
	if err := endAccountTickets(tx, account); err != nil {
		return err
	}
	_, err := tx.Exec(
		`UPDATE wechat_login SET refused_at = ? WHERE account_id = ? AND binds = 1 AND approved_at IS NULL
			AND refused_at IS NULL AND expires_at > ?`,
		tx.NowMS(), int64(account), tx.NowMS(),
	)
	return err
}
