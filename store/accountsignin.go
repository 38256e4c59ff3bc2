package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// How far back sign-in attempts count, and for how long an address counts as known.
const (
	attemptWindow = time.Hour
	KnownWindow   = 30 * 24 * time.Hour
	maxAttempt    = 2000
)

// SignIn is an attempt to sign in to the console with a password.
type SignIn struct {
	Login    string
	Password string
	Visit
}

// Visit is where an attempt to sign in comes from, and the limits that apply to it.
type Visit struct {
	Addr    string // the client's
	Network string // what attempts are counted by: the address, or its IPv6 /64
	Browser string // a secret of the browser; the second step must come from the same one
	Known   KnownBrowser
	Agent   string
	Request string // its id, for the audit log
	Rule    core.SignInRule
	Life    core.SessionLife
}

// KnownBrowser is the account that a browser has signed in to lately, as verified by the caller.
// Only such a browser's own failures make it wait: guesses by others from the same address do not
// lock it out. The zero KnownBrowser is a stranger's.
type KnownBrowser struct {
	Account    core.ID
	Generation int64 // the account's at that time: after a change of password, all browsers are strangers
}

// SignedIn is the result of an attempt: a session with its token or, if the account has a second
// step, the token for ConfirmSignIn.
type SignedIn struct {
	Token   string
	Session core.Session
	Pending string
}

const wrongPassword = "账号或密码不正确"

// SignIn starts a session of an account. A wrong name or password is invalid, with the same message
// after the same time. After too many, further attempts from this address are forbidden for a
// while.
func (s *Store) SignIn(ctx context.Context, in SignIn) (done SignedIn, err error) {
	in.Login = core.NormalLogin(in.Login)
	a := attempt{Visit: in.Visit, login: in.Login, way: core.WayPassword}
	if err := s.makeRoom(ctx, a); err != nil {
		return done, err
	}
	if a, err = s.beginAttempt(ctx, a); err != nil {
		return done, err
	}
	var row struct {
		ID       core.ID `db:"id"`
		Password string  `db:"password"`
	}
	err = s.db.Get(ctx, &row, "SELECT id, password FROM account WHERE login = ? AND disabled_at IS NULL", in.Login)
	if err != nil && !core.IsNotFound(database.NotFoundIfNoRows(err, noAccount)) {
		return done, database.Wrap("sign in", err)
	}
	ok, err := s.passwords.match(ctx, row.Password, in.Password, a.lately)
	if err != nil {
		s.withdraw(ctx, a)
		return done, database.Wrap("sign in", err)
	}
	if !ok {
		return done, core.Invalid(wrongPassword)
	}
	err = s.db.Write(ctx, "sign in", func(tx *database.Tx) error {
		done, err = passwordRight(tx, a, row.ID, row.Password)
		return err
	})
	return done, err
}

// attempt is one check of a password or code.
type attempt struct {
	Visit
	id      core.ID
	account core.ID // 0 = no account has the login name
	known   bool    // its browser has signed in to the account lately
	lately  bool    // its browser or network has
	login   string
	way     core.SignInWay
	code    bool    // a code is checked, with this attempt or after it
	besides core.ID // an earlier attempt of the same sign-in, which does not count against it
}

// makeRoom refuses strangers while too many passwords wait to be checked, before anything is
// written.
func (s *Store) makeRoom(ctx context.Context, a attempt) error {
	if a.Known.Account != 0 || !s.passwords.turns.full() {
		return nil
	}
	get := func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }
	lately, err := signedInFrom(s.db.Keys().Digest("login", a.login), a.Network, s.db.Now(), get)
	if err == nil && !lately {
		err = errBusy
	}
	return database.Wrap("sign in", err)
}

// withdraw removes an attempt whose password was not checked. If that fails, the attempt counts as
// failed, which does little harm.
func (s *Store) withdraw(ctx context.Context, a attempt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = s.db.Write(ctx, "take a sign-in attempt back", func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM sign_in_attempt WHERE id = ?", int64(a.id))
		return err
	})
}

// beginAttempt counts the attempt as failed before its password is checked, so that many attempts
// at once are no advantage; a success undoes that. If writes run concurrently, attempts that begin
// at the same moment do not see each other: each checks again after it has committed.
func (s *Store) beginAttempt(ctx context.Context, a attempt) (attempt, error) {
	name := s.db.Keys().Digest("login", a.login)
	err := s.db.Write(ctx, "count a sign-in attempt", func(tx *database.Tx) error {
		a.id = 0
		if err := a.recognise(tx); err != nil {
			return err
		}
		var err error
		if a.lately, err = mayTry(tx, a, name); err != nil {
			return err
		}
		a.id = tx.NewID()
		return noteAttempt(tx, a)
	})
	if err != nil || s.db.Serial() {
		return a, err
	}
	var refused error
	err = s.db.Write(ctx, "look at sign-in attempts again", func(tx *database.Tx) error {
		if _, refused = mayTry(tx, a, name); core.CodeOf(refused) != core.CodeForbidden {
			return refused
		}
		_, err := tx.Exec("DELETE FROM sign_in_attempt WHERE id = ?", int64(a.id))
		return err
	})
	if err == nil {
		err = refused
	}
	return a, err
}

// recognise sets the account of the attempt's login name, and whether its browser has signed in to
// it.
func (a *attempt) recognise(tx *database.Tx) error {
	a.account, a.known = 0, false
	var rows []struct {
		ID         core.ID `db:"id"`
		Generation int64   `db:"generation"`
	}
	err := tx.All(&rows, "SELECT id, generation FROM account WHERE login = ?", a.login)
	if err != nil || len(rows) == 0 {
		return err
	}
	a.account = rows[0].ID
	a.known = a.Known == KnownBrowser{rows[0].ID, rows[0].Generation}
	return nil
}

// noteAttempt records an attempt that has not succeeded yet.
func noteAttempt(tx *database.Tx, a attempt) error {
	_, err := tx.Exec(`INSERT INTO sign_in_attempt (id, login_mac, account_id, network, known, addr, agent, way, succeeded, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`, int64(a.id), tx.Keys().Digest("login", a.login),
		int64(a.account), a.Network, database.BoolInt(a.known),
		a.Addr, cutText(a.Agent, maxAgent), string(a.way), tx.NowMS())
	return err
}

// mayTry returns Forbidden if the address must wait because of failed attempts. lately reports
// whether the account has signed in lately from the attempt's browser or network.
func mayTry(tx *database.Tx, a attempt, name string) (lately bool, err error) {
	history, err := signInHistory(tx, a, name)
	if err != nil {
		return false, err
	}
	if wait := a.Rule.Wait(history, tx.Now()); wait > 0 {
		return false, core.Forbidden(fmt.Sprintf("密码错误次数过多，请 %s后再试", waitText(wait)))
	}
	if history.CodesRefused() {
		return false, core.Forbidden("动态码错误次数过多。请在常用的电脑或网络上登录，或联系系统管理员")
	}
	return history.Known, nil
}

func waitText(wait time.Duration) string {
	if wait <= time.Minute {
		return fmt.Sprintf("%d 秒", int((wait+time.Second-1)/time.Second))
	}
	return fmt.Sprintf("%d 分钟", int((wait+time.Minute-1)/time.Minute))
}

func signInHistory(tx *database.Tx, a attempt, name string) (core.SignInHistory, error) {
	var rows []struct {
		Network   string          `db:"network"`
		Known     int             `db:"known"`
		Succeeded int             `db:"succeeded"`
		At        database.Millis `db:"at"`
	}
	var h core.SignInHistory
	if err := tx.All(
		&rows,
		`SELECT network, known, succeeded, at FROM sign_in_attempt WHERE login_mac = ? AND id >= ?
			AND id NOT IN (?, ?) ORDER BY id DESC LIMIT ?`,
		name, int64(database.FirstID(tx.Now().Add(-attemptWindow))), int64(a.id), int64(a.besides), maxAttempt,
	); err != nil {
		return h, err
	}
	since := true // since the last success of this address
	for _, row := range rows {
		here := row.Network == a.Network && row.Known == 0
		if a.known { // counted with the account's other known browsers, wherever they are
			here = row.Known != 0
		}
		switch {
		case here && row.Succeeded != 0:
			since = false
		case here && since:
			h.Failures++
			if h.Last.IsZero() {
				h.Last = row.At.Time
			}
		case !here && row.Succeeded == 0:
			h.Elsewhere++
			if sameWide(row.Network, a.Network) {
				h.Wide++
				h.WideLast = latest(h.WideLast, row.At.Time)
			}
		}
	}
	lately, err := signedInFrom(name, a.Network, tx.Now(), tx.Get)
	h.Known = lately || a.known
	if err == nil && a.code && !h.Known {
		err = tx.Get(
			&h.Codes,
			"SELECT COUNT(*) FROM sign_in_attempt WHERE login_mac = ? AND id >= ? AND id <> ? AND way = ? AND succeeded = 0",
			name, int64(database.FirstID(tx.Now().Add(-attemptWindow))), int64(a.id), string(core.WayCode),
		)
	}
	return h, err
}

// getOne reads one row, in a transaction or outside.
type getOne func(dest any, query string, args ...any) error

// signedInFrom reports whether somebody has lately signed in from a network under a login name, of
// which name is the digest.
func signedInFrom(name, network string, now time.Time, get getOne) (bool, error) {
	var n int
	err := get(&n, `SELECT COUNT(*)
		FROM sign_in_attempt
		WHERE login_mac = ?
		AND network = ?
		AND succeeded = 1
		AND id >= ?`, name, network, int64(database.FirstID(now.Add(-KnownWindow))))
	return n > 0, err
}

// sameWide reports whether two networks are /64s of one IPv6 /48.
func sameWide(one, other string) bool {
	a, errA := netip.ParsePrefix(one)
	b, errB := netip.ParsePrefix(other)
	if errA != nil || errB != nil || !a.Addr().Is6() || a.Bits() < 48 {
		return false
	}
	wide, err := a.Addr().Prefix(48)
	return err == nil && wide.Contains(b.Addr())
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// passwordRight starts the session or the second step, unless the account changed while its
// password was being checked.
func passwordRight(tx *database.Tx, a attempt, id core.ID, hash string) (SignedIn, error) {
	var account signingAccount
	err := tx.Get(&account, signingColumns+"id = ? AND password = ?", int64(id), hash)
	if err := database.NotFoundIfNoRows(err, noAccount); core.IsNotFound(err) {
		return SignedIn{}, core.Invalid(wrongPassword)
	} else if err != nil {
		return SignedIn{}, err
	}
	if account.TOTP != 0 {
		return awaitCode(tx, a, account)
	}
	return signedIn(tx, account, a)
}

// signingAccount is what a sign-in needs to know of an account in use.
type signingAccount struct {
	ID         core.ID `db:"id"`
	Login      string  `db:"login"`
	Name       string  `db:"name"`
	Generation int64   `db:"generation"`
	TOTP       int     `db:"totp"` // 1 = it has a second step
}

const signingColumns = `SELECT id, login, name, generation,
	CASE WHEN EXISTS (SELECT 1 FROM account_totp t WHERE t.account_id = account.id AND t.confirmed_at IS NOT NULL) THEN 1 ELSE 0 END AS totp
	FROM account WHERE disabled_at IS NULL AND `

// signedIn starts the session of an account after its attempts have succeeded.
func signedIn(tx *database.Tx, account signingAccount, a attempt) (SignedIn, error) {
	if _, err := tx.Exec("UPDATE sign_in_attempt SET succeeded = 1, way = ? WHERE id = ?", string(a.way), int64(a.id)); err != nil {
		return SignedIn{}, err
	}
	// a sign-in is one line of the history
	if _, err := tx.Exec("DELETE FROM sign_in_attempt WHERE id = ?", int64(a.besides)); err != nil {
		return SignedIn{}, err
	}
	if err := noteSignIn(tx, account.ID, a); err != nil {
		return SignedIn{}, err
	}
	token, session, err := startSession(
		tx,
		NewSession{Kind: core.SessionAccount, Subject: account.ID, Addr: a.Addr, Agent: a.Agent, Life: a.Life},
		account.Generation,
	)
	if err != nil {
		return SignedIn{}, err
	}
	by := core.Actor{Kind: core.ActorAccount, ID: account.ID, Name: account.Name, Addr: a.Addr, RequestID: a.Request}
	return SignedIn{Token: token, Session: session}, audit.Write(tx, by, audit.Entry{
		Action: "session.sign_in", Subject: audit.Target("account", account.ID), After: sessionAudit{a.way},
	})
}

// sessionAudit is what the audit log records of a sign-in.
type sessionAudit struct {
	Way core.SignInWay `json:"way"`
}

// SignInAttempts returns the latest lines of an account's sign-in history, newest first: up to
// limit that succeeded and up to limit that did not, so that failures by others do not displace the
// owner's. The caller must have checked that the account is theirs to see.
func (s *Store) SignInAttempts(ctx context.Context, account core.ID, limit int) ([]core.SignInAttempt, error) {
	var rows []struct {
		ID        core.ID         `db:"id"`
		At        database.Millis `db:"at"`
		Addr      string          `db:"addr"`
		Agent     string          `db:"agent"`
		Way       core.SignInWay  `db:"way"`
		Succeeded int             `db:"succeeded"`
	}
	const some = `SELECT * FROM (SELECT id, at, addr, agent, way, succeeded FROM sign_in_attempt WHERE account_id = ?
		AND succeeded = ? ORDER BY id DESC LIMIT ?) `
	err := s.db.All(ctx, &rows, some+"good UNION ALL "+some+"bad ORDER BY id DESC", int64(account), 1, limit, int64(account), 0, limit)
	list := make([]core.SignInAttempt, len(rows))
	for i, r := range rows {
		list[i] = core.SignInAttempt{ID: r.ID, At: r.At.Time, Addr: r.Addr, Agent: r.Agent, Way: r.Way, Succeeded: r.Succeeded != 0}
	}
	return list, database.Wrap("sign-in history", err)
}
