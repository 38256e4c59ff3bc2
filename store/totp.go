package store

import (
	"context"
	"encoding/base64"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	// pendingLife is how long the code may take after the password.
	pendingLife = 5 * time.Minute
	// RecoveryCodes is how many recovery codes there are, each for one sign-in
	// without the phone.
	RecoveryCodes = 10
	wrongCode     = "动态码不正确或已使用"
	noPending     = "登录已超时，请重新输入密码"
	otherPending  = "浏览器或网络已变化，请重新输入密码"
	overTries     = "动态码错误次数过多，请重新输入密码"
)

// awaitCode stores a sign-in whose password was right until its code comes. Until then the
// password's attempt counts as failed, so that knowing the password allows no more tries at codes.
func awaitCode(tx *database.Tx, a attempt, account signingAccount) (SignedIn, error) {
	if _, err := tx.Exec("UPDATE sign_in_attempt SET way = ? WHERE id = ?", string(core.WayUnfinished), int64(a.id)); err != nil {
		return SignedIn{}, err
	}
	token := newToken()
	_, err := tx.Exec(`INSERT INTO sign_in_pending
		(token_digest, account_id, generation, attempt_id, network, browser_digest, tries, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?)`, digestToken(token), int64(account.ID), account.Generation, int64(a.id),
		a.Network, digestToken(a.Browser), tx.Now().Add(pendingLife).UnixMilli())
	return SignedIn{Pending: token}, err
}

type pendingRow struct {
	Account    core.ID `db:"account_id"`
	Login      string  `db:"login"`
	Attempt    core.ID `db:"attempt_id"`
	Generation int64   `db:"generation"`
	Network    string  `db:"network"`
	Browser    string  `db:"browser_digest"`
}

// ConfirmSignIn is the second step of SignIn: pending is the token that SignIn returned, code is
// from the authenticator or a recovery code. It must come from the same browser and network as the
// password. A wrong code is invalid and counts as an attempt, like a wrong password. A pending
// sign-in that has expired, was used, is somebody else's or has had core.CodeTries wrong codes is
// Unauthenticated.
func (s *Store) ConfirmSignIn(ctx context.Context, pending, code string, visit Visit) (done SignedIn, err error) {
	var row pendingRow
	err = s.db.Get(ctx, &row, `SELECT p.account_id, a.login, p.attempt_id, p.generation, p.network, p.browser_digest
		FROM sign_in_pending p JOIN account a ON a.id = p.account_id
		WHERE p.token_digest = ? AND p.used_at IS NULL AND p.tries < ? AND p.expires_at > ?`,
		digestToken(pending), core.CodeTries, s.Now().UnixMilli())
	if core.IsNotFound(database.NotFoundIfNoRows(err, noPending)) {
		return done, core.Unauthenticated(noPending)
	} else if err != nil {
		return done, database.Wrap("confirm a sign-in", err)
	}
	if row.Network != visit.Network || row.Browser != digestToken(visit.Browser) {
		return done, core.Unauthenticated(otherPending)
	}
	a, err := s.beginAttempt(ctx, attempt{Visit: visit, login: row.Login, way: core.WayCode, code: true, besides: row.Attempt})
	if err != nil {
		return done, err
	}
	var wrong error
	err = s.db.Write(ctx, "confirm a sign-in", func(tx *database.Tx) error {
		done, wrong, err = confirmSignIn(tx, row, a, digestToken(pending), code)
		return err
	})
	if err == nil {
		err = wrong
	}
	return done, err
}

// confirmSignIn uses up one of the pending sign-in's tries before it checks the code, so that
// concurrent tries are counted, too. A wrong code does not fail the transaction, so the count is
// kept.
func confirmSignIn(tx *database.Tx, row pendingRow, a attempt, digest, code string) (done SignedIn, wrong, err error) {
	over := core.Unauthenticated(noPending)
	if err := tx.ExecOne(over, `UPDATE sign_in_pending SET tries = tries + 1
		WHERE token_digest = ? AND used_at IS NULL AND tries < ? AND expires_at > ?`, digest, core.CodeTries, tx.NowMS()); err != nil {
		return done, nil, err
	}
	var account signingAccount
	err = tx.Get(&account, signingColumns+"id = ? AND generation = ?", int64(row.Account), row.Generation)
	if core.IsNotFound(database.NotFoundIfNoRows(err, noPending)) {
		return done, nil, over
	} else if err != nil {
		return done, nil, err
	}
	if a.way, err = useCode(tx, account.ID, code); core.IsInvalid(err) {
		wrong, err := lastTry(tx, digest, err)
		return done, wrong, err
	} else if err != nil {
		return done, nil, err
	}
	if err := tx.ExecOne(
		over, "UPDATE sign_in_pending SET used_at = ? WHERE token_digest = ? AND used_at IS NULL", tx.NowMS(),
		digest,
	); err != nil {
		return done, nil, err
	}
	done, err = signedIn(tx, account, a)
	return done, nil, err
}

// lastTry returns the error for a wrong code; after the last try, that the password is required
// again.
func lastTry(tx *database.Tx, digest string, wrong error) (error, error) {
	var tries int
	err := tx.Get(&tries, "SELECT tries FROM sign_in_pending WHERE token_digest = ?", digest)
	if err == nil && tries >= core.CodeTries {
		wrong = core.Unauthenticated(overTries)
	}
	return wrong, err
}

// useCode uses up a code of the account's second step, or a recovery code, and returns which it
// was. A code that is neither, or was used before, is invalid.
func useCode(tx *database.Tx, account core.ID, code string) (core.SignInWay, error) {
	wrong := core.InvalidFields(map[string]string{"code": wrongCode})
	code = core.CleanCode(code)
	var row totpRow
	if err := tx.Get(&row, totpColumns+
		"account_id = ? AND confirmed_at IS NOT NULL", int64(account)); core.IsNotFound(database.NotFoundIfNoRows(err, wrongCode)) {
		return "", wrong
	} else if err != nil {
		return "", err
	}
	secret, err := row.secret(tx.Keys())
	if err != nil {
		return "", err
	}
	if step, ok := core.MatchTOTP(secret, code, tx.Now(), row.LastStep); ok {
		return core.WayCode, tx.ExecOne(
			wrong, "UPDATE account_totp SET last_step = ? WHERE account_id = ? AND last_step < ?", step,
			int64(account), step,
		)
	}
	return core.WayRecovery, tx.ExecOne(
		wrong,
		"UPDATE account_recovery SET used_at = ? WHERE account_id = ? AND code_mac = ? AND used_at IS NULL",
		tx.NowMS(), int64(account), tx.Keys().Digest("recovery", code),
	)
}

type totpRow struct {
	Secret    string          `db:"secret"`
	LastStep  int64           `db:"last_step"`
	Confirmed database.Millis `db:"confirmed_at"`
}

const totpColumns = "SELECT secret, last_step, confirmed_at FROM account_totp WHERE "

func (r totpRow) secret(keys database.Keyring) ([]byte, error) {
	text, err := keys.Open("account_totp.secret", r.Secret)
	if err != nil {
		return nil, err
	}
	return base64.RawStdEncoding.DecodeString(text)
}

// TOTPState returns whether an account has a second step, and since when.
func (s *Store) TOTPState(ctx context.Context, account core.ID) (core.TOTPState, error) {
	var state core.TOTPState
	var row totpRow
	err := s.db.Get(ctx, &row, totpColumns+"account_id = ? AND confirmed_at IS NOT NULL", int64(account))
	if core.IsNotFound(database.NotFoundIfNoRows(err, noAccount)) {
		return state, nil
	}
	if err == nil {
		state.Since = row.Confirmed.Time
		err = s.db.Get(
			ctx, &state.Recovery,
			"SELECT COUNT(*) FROM account_recovery WHERE account_id = ? AND used_at IS NULL", int64(account),
		)
	}
	return state, database.Wrap("state of the second step", err)
}

// BeginTOTP creates a secret for ConfirmTOTP and replaces one not yet confirmed. It is a conflict
// if the second step is on.
func (s *Store) BeginTOTP(ctx context.Context, account core.ID) error {
	key := base64.RawStdEncoding.EncodeToString(secret.Bytes(core.TOTPSecretBytes))
	sealed, err := s.db.Keys().Seal("account_totp.secret", key)
	if err != nil {
		return database.Wrap("begin the second step", err)
	}
	return s.db.Write(ctx, "begin the second step", func(tx *database.Tx) error {
		if _, err := tx.Exec("DELETE FROM account_totp WHERE account_id = ? AND confirmed_at IS NULL", int64(account)); err != nil {
			return err
		}
		_, err := tx.Exec(
			"INSERT INTO account_totp (account_id, secret, last_step, created_at) VALUES (?, ?, 0, ?)",
			int64(account), sealed, tx.NowMS(),
		)
		if database.IsDuplicate(err) {
			return core.Conflict("两步验证已经开启")
		}
		return err
	})
}

// WaitingTOTP returns the secret that is not yet confirmed; NotFound if there is none.
func (s *Store) WaitingTOTP(ctx context.Context, account core.ID) ([]byte, error) {
	var row totpRow
	err := s.db.Get(ctx, &row, totpColumns+"account_id = ? AND confirmed_at IS NULL", int64(account))
	if err != nil {
		return nil, database.Wrap("secret of the second step", database.NotFoundIfNoRows(err, "请重新开始设置两步验证"))
	}
	return row.secret(s.db.Keys())
}

// ConfirmTOTP turns the second step on, if the code shows that the phone has the secret, and
// returns the recovery codes, which cannot be shown again.
func (s *Store) ConfirmTOTP(ctx context.Context, by core.Actor, account core.ID, code string) ([]string, error) {
	var codes []string
	err := s.db.Write(ctx, "turn the second step on", func(tx *database.Tx) error {
		var row totpRow
		if err := tx.Get(&row, totpColumns+"account_id = ? AND confirmed_at IS NULL", int64(account)); err != nil {
			return database.NotFoundIfNoRows(err, "请重新开始设置两步验证")
		}
		secret, err := row.secret(s.db.Keys())
		if err != nil {
			return err
		}
		step, ok := core.MatchTOTP(secret, core.CleanCode(code), tx.Now(), 0)
		if !ok {
			return core.InvalidFields(map[string]string{"code": "动态码不正确，请看手机上的最新一组"})
		}
		if err := tx.ExecOne(
			core.Conflict("两步验证已经开启"),
			"UPDATE account_totp SET confirmed_at = ?, last_step = ? WHERE account_id = ? AND confirmed_at IS NULL AND secret = ?",
			tx.NowMS(), step, int64(account), row.Secret,
		); err != nil {
			return err
		}
		if codes, err = newRecovery(tx, account); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "account.enable_totp", Subject: audit.Target("account", account)})
	})
	return codes, err
}

// recoveryAlphabet leaves out what is mistaken for something else: 0 O 1 I L 8 B.
const recoveryAlphabet = "ACDEFGHJKMNPQRSTUVWXYZ2345679"

// newRecovery replaces an account's recovery codes and returns the new ones.
func newRecovery(tx *database.Tx, account core.ID) ([]string, error) {
	if _, err := tx.Exec("DELETE FROM account_recovery WHERE account_id = ?", int64(account)); err != nil {
		return nil, err
	}
	var codes []string
	for len(codes) < RecoveryCodes {
		code := secret.Letters(recoveryAlphabet, 10)
		if _, err := tx.Exec(
			"INSERT INTO account_recovery (account_id, code_mac) VALUES (?, ?)", int64(account),
			tx.Keys().Digest("recovery", code),
		); err != nil {
			return nil, err
		}
		codes = append(codes, code[:5]+"-"+code[5:])
	}
	return codes, nil
}

// EndTOTP turns the second step off, given the password and a code or a recovery code. A wrong one
// is invalid at the field "password" or "code", and counts as an attempt.
func (s *Store) EndTOTP(ctx context.Context, by core.Actor, p Proof, code string) error {
	account := p.Account
	p.code = true
	owner, err := s.prove(ctx, p)
	if err != nil {
		return err
	}
	var wrong error
	err = s.db.Write(ctx, "turn the second step off", func(tx *database.Tx) error {
		wrong = nil
		if _, err := useCode(tx, account, code); core.IsInvalid(err) {
			wrong = err
			// it counts with the wrong codes of sign-ins: the same secret is being guessed
			_, err := tx.Exec("UPDATE sign_in_attempt SET way = ? WHERE id = ?", string(core.WayCode), int64(owner.attempt))
			return err
		} else if err != nil {
			return err
		}
		if err := dropTOTP(tx, account); err != nil {
			return err
		}
		if err := owner.takeBack(tx); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "account.disable_totp", Subject: audit.Target("account", account)})
	})
	if err == nil {
		err = wrong
	}
	return err
}

// ResetTOTP removes the second step from an account whose owner lost the phone, and unbinds WeChat,
// which was on it: the finder would need no password. The account's sessions end: the person who
// asked may not be the owner.
func (s *Store) ResetTOTP(ctx context.Context, by core.Granter, id core.ID) error {
	if id == by.Holds.ID {
		return core.Conflict("请在“我的账号”里关闭自己的两步验证")
	}
	return s.changeAccount(ctx, by, id, "account.reset_totp", func(tx *database.Tx, after *core.Account) error {
		after.Generation++
		if err := dropTOTP(tx, id); err != nil {
			return err
		}
		if err := dropWechat(tx, by.Actor, id); err != nil {
			return err
		}
		return endSessions(tx, core.SessionAccount, id)
	})
}

func dropTOTP(tx *database.Tx, account core.ID) error {
	if _, err := tx.Exec("DELETE FROM account_recovery WHERE account_id = ?", int64(account)); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM account_totp WHERE account_id = ?", int64(account))
	return err
}
