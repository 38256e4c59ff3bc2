package store

import (
	"context"
	"fmt"
	"time"

	"tongxing/core"
)

// How far back sign-in attempts count, and how long an address stays known.
const (
	attemptWindow = time.Hour
	KnownWindow   = 30 * 24 * time.Hour
	attemptMost   = 2000
)

// SignIn is an attempt to sign in to the console by password.
type SignIn struct {
	Login    string
	Password string
	Addr     string // the client's
	Network  string // what attempts are counted by: the address, or its IPv6 /64
	Agent    string
	Request  string // its id, for the audit log
	Rule     core.SignInRule
	Life     core.SessionLife
}

const wrongPassword = "登录名或密码不正确"

// SignIn begins a session of an account. A wrong name or password is invalid,
// in the same words and time; too many of them forbidden for a while, for this
// address alone.
func (s *Store) SignIn(ctx context.Context, in SignIn) (token string, session core.Session, err error) {
	in.Login = core.NormalLogin(in.Login)
	attempt, err := s.beginAttempt(ctx, in)
	if err != nil {
		return "", core.Session{}, err
	}
	var row struct {
		ID       core.ID `db:"id"`
		Password string  `db:"password"`
	}
	err = s.get(ctx, &row, "SELECT id, password FROM account WHERE login = ? AND disabled_at IS NULL", in.Login)
	if err != nil && !core.IsNotFound(absent(err, noAccount)) {
		return "", core.Session{}, wrap("sign in", err)
	}
	ok, err := matchPassword(ctx, row.Password, in.Password)
	if err != nil {
		return "", core.Session{}, wrap("sign in", err)
	}
	if !ok {
		return "", core.Session{}, core.Invalid(wrongPassword)
	}
	err = s.write(ctx, "sign in", func(tx *Tx) error {
		token, session, err = endAttempt(tx, in, attempt, row.ID, row.Password)
		return err
	})
	return token, session, err
}

// beginAttempt counts the attempt as failed before its password is looked at, so
// that many at once gain nothing; success takes that back. Where writers run side by
// side, attempts begun at the same moment do not see each other: each looks again
// when all it knows of is committed.
func (s *Store) beginAttempt(ctx context.Context, in SignIn) (id core.ID, err error) {
	name := s.keys.mac("login", in.Login)
	err = s.write(ctx, "count a sign-in attempt", func(tx *Tx) error {
		if err := mayTry(tx, in, name, 0); err != nil {
			return err
		}
		id = tx.newID()
		_, err = tx.exec("INSERT INTO sign_in_attempt (id, login_mac, addr, succeeded, at) VALUES (?, ?, ?, 0, ?)", int64(id), name, in.Network, tx.nowMS())
		return err
	})
	if err != nil || s.group != nil {
		return id, err
	}
	var refused error
	err = s.write(ctx, "look at sign-in attempts again", func(tx *Tx) error {
		if refused = mayTry(tx, in, name, id); core.CodeOf(refused) != core.CodeForbidden {
			return refused
		}
		_, err := tx.exec("DELETE FROM sign_in_attempt WHERE id = ?", int64(id))
		return err
	})
	if err == nil {
		err = refused
	}
	return id, err
}

// mayTry is forbidden to an address that must wait for what attempts besides own
// came to nothing.
func mayTry(tx *Tx, in SignIn, name string, own core.ID) error {
	history, err := signInHistory(tx, name, in.Network, own)
	if err != nil {
		return err
	}
	if wait := in.Rule.Wait(history, tx.now); wait > 0 {
		return core.Forbidden(fmt.Sprintf("密码错误次数过多，请 %s后再试", waitText(wait)))
	}
	return nil
}

func waitText(wait time.Duration) string {
	if wait <= time.Minute {
		return fmt.Sprintf("%d 秒", int((wait+time.Second-1)/time.Second))
	}
	return fmt.Sprintf("%d 分钟", int((wait+time.Minute-1)/time.Minute))
}

func signInHistory(tx *Tx, name, network string, own core.ID) (core.SignInHistory, error) {
	var rows []struct {
		Addr      string `db:"addr"`
		Succeeded int    `db:"succeeded"`
		At        millis `db:"at"`
	}
	var h core.SignInHistory
	if err := tx.all(&rows, "SELECT addr, succeeded, at FROM sign_in_attempt WHERE login_mac = ? AND id >= ? AND id <> ? ORDER BY id DESC LIMIT ?",
		name, int64(idFrom(tx.now.Add(-attemptWindow))), int64(own), attemptMost); err != nil {
		return h, err
	}
	since := true // since the last success of this address
	for _, row := range rows {
		switch {
		case row.Addr == network && row.Succeeded != 0:
			since = false
		case row.Addr == network && since:
			h.Failures++
			if h.Last.IsZero() {
				h.Last = row.At.Time
			}
		case row.Addr != network && row.Succeeded == 0:
			h.Elsewhere++
		}
	}
	var known int
	err := tx.get(&known, "SELECT COUNT(*) FROM sign_in_attempt WHERE login_mac = ? AND addr = ? AND succeeded = 1 AND id >= ?",
		name, network, int64(idFrom(tx.now.Add(-KnownWindow))))
	h.Known = known > 0
	return h, err
}

// endAttempt begins the session, unless the account changed while its password
// was looked at.
func endAttempt(tx *Tx, in SignIn, attempt, id core.ID, hash string) (string, core.Session, error) {
	var account struct {
		Name       string `db:"name"`
		Generation int64  `db:"generation"`
	}
	err := tx.get(&account, "SELECT name, generation FROM account WHERE id = ? AND password = ? AND disabled_at IS NULL", int64(id), hash)
	if err := absent(err, noAccount); core.IsNotFound(err) {
		return "", core.Session{}, core.Invalid(wrongPassword)
	} else if err != nil {
		return "", core.Session{}, err
	}
	if _, err := tx.exec("UPDATE sign_in_attempt SET succeeded = 1 WHERE id = ?", int64(attempt)); err != nil {
		return "", core.Session{}, err
	}
	token, session, err := startSession(tx, NewSession{Kind: core.SessionAccount, Subject: id, Addr: in.Addr, Agent: in.Agent, Life: in.Life}, account.Generation)
	if err != nil {
		return "", core.Session{}, err
	}
	by := core.Actor{Kind: core.ActorAccount, ID: id, Name: account.Name, Addr: in.Addr, RequestID: in.Request}
	return token, session, audit(tx, by, auditEntry{Action: "session.sign_in", Target: target("account", id)})
}
