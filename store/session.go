package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	tokenBytes  = 32
	csrfBytes   = 24
	maxAgent    = 200 // characters of a browser's name that are kept
	noSession   = "登录已失效，请重新登录"
	sessionPart = 500 // rows of one purge
)

// newToken returns the secret of a new session or one-time link.
func newToken() string { return secret.Text(tokenBytes) }

// TokenForm reports whether a text could be a token, so that nothing else is looked up.
func TokenForm(token string) bool { return len(token) == tokenLength }

var tokenLength = base64.RawURLEncoding.EncodedLen(tokenBytes)

// newSessionToken makes the token of a session: a secret, and a sum of it by which the servers know
// what they made.
func newSessionToken(signer core.Signer) string {
	secret := newToken()
	return secret + signer.Sum(secret)
}

// IsSessionToken reports whether a text is the token of a session, live or over. Anybody can make up
// a text that looks like one; this costs no query.
func (s *Store) IsSessionToken(token string) bool {
	return len(token) > tokenLength && s.sessions.Valid(token[tokenLength:], token[:tokenLength])
}

// sessionSigner returns what signs the tokens of sessions.
func sessionSigner(keys database.Keyring) core.Signer { return core.NewSigner(keys.MAC, "session") }

// digestToken returns the digest of a token, which is all that is stored of it.
func digestToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// subjectWatch holds the functions to call when sessions change.
type subjectWatch struct {
	mu    sync.Mutex
	calls []func(ctx context.Context, kind core.SessionKind, subject core.ID)
}

// OnSubjectChange registers a function that is called after every act that changed a session, or
// what its subject may do, before the act returns.
func (s *Store) OnSubjectChange(call func(ctx context.Context, kind core.SessionKind, subject core.ID)) {
	s.subjects.mu.Lock()
	defer s.subjects.mu.Unlock()
	s.subjects.calls = append(s.subjects.calls, call)
}

func (s *Store) subjectChanged(ctx context.Context, kind core.SessionKind, subject core.ID) {
	s.subjects.mu.Lock()
	calls := s.subjects.calls
	s.subjects.mu.Unlock()
	for _, call := range calls {
		call(ctx, kind, subject)
	}
}

func (s *Store) subjectsChanged(ctx context.Context, kind core.SessionKind, subjects []core.ID) {
	for _, subject := range subjects {
		s.subjectChanged(ctx, kind, subject)
	}
}

type sessionRow struct {
	ID         core.ID          `db:"id"`
	Kind       core.SessionKind `db:"kind"`
	Subject    core.ID          `db:"subject_id"`
	CSRF       string           `db:"csrf"`
	Generation int64            `db:"generation"`
	Addr       string           `db:"addr"`
	Agent      string           `db:"agent"`
	ByLink     int              `db:"by_link"`
	Created    database.Millis  `db:"created_at"`
	Seen       database.Millis  `db:"seen_at"`
	Expires    database.Millis  `db:"expires_at"`
	Ended      database.Millis  `db:"ended_at"`
}

const sessionColumns = `SELECT id, kind, subject_id, csrf, generation, addr, agent, by_link, created_at, seen_at,
	expires_at, ended_at FROM session WHERE `

func (r sessionRow) session() core.Session {
	return core.Session{
		ID: r.ID, Kind: r.Kind, Subject: r.Subject, CSRF: r.CSRF, Generation: r.Generation, Addr: r.Addr,
		Agent: r.Agent, ByLink: r.ByLink != 0,
		Created: r.Created.Time, Seen: r.Seen.Time, Expires: r.Expires.Time, Ended: r.Ended.Time,
	}
}

// NewSession describes a session to start.
type NewSession struct {
	Kind    core.SessionKind
	Subject core.ID
	Addr    string
	Agent   string // the browser's User-Agent; truncated when stored
	ByLink  bool   // see core.Session
	Life    core.SessionLife
}

// maxSessions is the maximum number of live sessions of one WeChat user, or staff member; beyond it, the least
// recently used end.
const maxSessions = 10

// StartSession starts a session of somebody whom the caller has authenticated, and returns its
// token, which is not stored.
func (s *Store) StartSession(ctx context.Context, n NewSession) (token string, session core.Session, err error) {
	var ended bool
	err = s.db.Write(ctx, "start a session", func(tx *database.Tx) error {
		ended = false
		generation, err := subjectGeneration(tx, n)
		if err != nil {
			return err
		}
		if token, session, err = startSession(tx, n, generation); err != nil || n.Kind == core.SessionAccount {
			return err
		}
		ended, err = endUnused(tx, n, session.ID)
		return err
	})
	if err == nil && ended {
		s.subjectChanged(ctx, n.Kind, n.Subject)
	}
	return token, session, err
}

// endUnused ends the least recently used sessions of a new one's subject beyond maxSessions, but never
// the newest. It reports whether there were any.
func endUnused(tx *database.Tx, n NewSession, newest core.ID) (ended bool, err error) {
	var live []core.ID
	if err := tx.All(&live, `SELECT id
		FROM session
		WHERE kind = ?
		AND subject_id = ?
		AND ended_at IS NULL
		AND expires_at > ?
		AND id <> ?
		ORDER BY seen_at DESC, id DESC`, string(n.Kind), int64(n.Subject), tx.NowMS(), int64(newest)); err != nil {
		return false, err
	}
	if len(live) < maxSessions {
		return false, nil
	}
	return true, database.EachPart(live[maxSessions-1:], func(part []core.ID) error {
		_, err := tx.Exec("UPDATE session SET ended_at = ? WHERE id IN ("+database.Placeholders(len(part))+")",
			append([]any{tx.NowMS()}, database.IDArgs(part)...)...)
		return err
	})
}

// subjectGeneration returns an account's generation, which its sessions must have; 0 for WeChat
// users and staff. An account that is disabled or does not exist is NotFound, and a staff member who left: the lock
// makes leaving wait, and end the session that begins here.
func subjectGeneration(tx *database.Tx, n NewSession) (generation int64, err error) {
	switch n.Kind {
	case core.SessionStaff:
		var id core.ID
		err = tx.Get(&id, "SELECT id FROM staff WHERE id = ? AND left_at IS NULL"+tx.Dialect().ForUpdate(), int64(n.Subject))
		return 0, database.NotFoundIfNoRows(err, noStaff)
	case core.SessionAccount:
		err = tx.Get(&generation, "SELECT generation FROM account WHERE id = ? AND disabled_at IS NULL", int64(n.Subject))
	}
	return generation, database.NotFoundIfNoRows(err, noAccount)
}

func startSession(tx *database.Tx, n NewSession, generation int64) (string, core.Session, error) {
	token := newSessionToken(sessionSigner(tx.Keys()))
	// whole milliseconds, as in the columns
	now := tx.Now().UTC().Truncate(time.Millisecond)
	session := core.Session{
		ID: tx.NewID(), Kind: n.Kind, Subject: n.Subject, CSRF: secret.Text(csrfBytes), Generation: generation,
		Addr: n.Addr, Agent: cutText(n.Agent, maxAgent), ByLink: n.ByLink, Created: now, Seen: now, Expires: n.Life.Expiry(now, now),
	}
	_, err := tx.Exec(
		`INSERT INTO session (id, kind, subject_id, token_digest, csrf, generation, addr, agent, by_link, created_at, seen_at, expires_at)
		VALUES (`+database.Placeholders(12)+`)`,
		int64(session.ID), string(session.Kind), int64(session.Subject), digestToken(token), session.CSRF,
		session.Generation, session.Addr, session.Agent, database.BoolInt(session.ByLink),
		session.Created.UnixMilli(), session.Seen.UnixMilli(), session.Expires.UnixMilli(),
	)
	return token, session, err
}

// SessionByToken returns the session of a token, ended or not; an unknown token is Unauthenticated.
func (s *Store) SessionByToken(ctx context.Context, token string) (core.Session, error) {
	var row sessionRow
	err := s.db.Get(ctx, &row, sessionColumns+"token_digest = ?", digestToken(token))
	if core.IsNotFound(database.NotFoundIfNoRows(err, noSession)) {
		return core.Session{}, core.Unauthenticated(noSession)
	}
	return row.session(), database.Wrap("find a session", err)
}

// TouchSession stores the session's Seen and Expires, unless it has ended meanwhile.
func (s *Store) TouchSession(ctx context.Context, session core.Session) error {
	return s.db.Write(ctx, "touch a session", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE session SET seen_at = ?, expires_at = ? WHERE id = ? AND ended_at IS NULL",
			session.Seen.UnixMilli(), session.Expires.UnixMilli(), int64(session.ID))
		return err
	})
}

// Sessions lists the live sessions of a subject, newest first.
func (s *Store) Sessions(ctx context.Context, kind core.SessionKind, subject core.ID) ([]core.Session, error) {
	var rows []sessionRow
	err := s.db.All(
		ctx, &rows,
		sessionColumns+"kind = ? AND subject_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY id DESC LIMIT 200",
		string(kind), int64(subject), s.Now().UnixMilli(),
	)
	list := make([]core.Session, len(rows))
	for i, row := range rows {
		list[i] = row.session()
	}
	return list, database.Wrap("list sessions", err)
}

// EndSession ends a session; one that has ended is left as it is.
func (s *Store) EndSession(ctx context.Context, id core.ID) error {
	var row sessionRow
	err := s.db.Write(ctx, "end a session", func(tx *database.Tx) error {
		if err := tx.Get(&row, sessionColumns+"id = ?", int64(id)); err != nil {
			return database.NotFoundIfNoRows(err, noSession)
		}
		_, err := tx.Exec("UPDATE session SET ended_at = ? WHERE id = ? AND ended_at IS NULL", tx.NowMS(), int64(id))
		return err
	})
	if err == nil {
		s.subjectChanged(ctx, row.Kind, row.Subject)
	}
	return err
}

// EndOwnSession ends a session of the account. Another account's is NotFound; one that has ended is
// left as it is.
func (s *Store) EndOwnSession(ctx context.Context, account, id core.ID) error {
	err := s.db.Write(ctx, "end a session of one's own", func(tx *database.Tx) error {
		var own core.ID
		if err := tx.Get(
			&own, "SELECT id FROM session WHERE id = ? AND kind = ? AND subject_id = ?", int64(id),
			string(core.SessionAccount), int64(account),
		); err != nil {
			return database.NotFoundIfNoRows(err, noSession)
		}
		if err := endBindings(tx, account); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE session SET ended_at = ? WHERE id = ? AND ended_at IS NULL", tx.NowMS(), int64(id))
		return err
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionAccount, account)
	}
	return err
}

// EndOtherSessions ends every session of an account except the given one, on every server at once.
func (s *Store) EndOtherSessions(ctx context.Context, by core.Actor, session core.Session) error {
	err := s.db.Write(ctx, "end other sessions", func(tx *database.Tx) error {
		if _, err := tx.Exec("UPDATE session SET ended_at = ? WHERE kind = ? AND subject_id = ? AND id <> ? AND ended_at IS NULL",
			tx.NowMS(), string(core.SessionAccount), int64(session.Subject), int64(session.ID)); err != nil {
			return err
		}
		if err := endBindings(tx, session.Subject); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "session.end", Subject: audit.Target("account", session.Subject)})
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionAccount, session.Subject)
	}
	return err
}

// EndResidentSessions ends every session of the WeChat users with a resident's verified phone
// number, on every server at once, after the phone was lost. It returns how many sessions ended.
func (s *Store) EndResidentSessions(ctx context.Context, by core.Actor, scope core.Scope, resident core.ID) (ended int, err error) {
	var users []core.ID
	err = s.db.Write(ctx, "end a resident's sessions", func(tx *database.Tx) error {
		ended, users = 0, nil
		where, args := database.ScopeWhere(scope, "community_id")
		var row struct {
			Community core.ID `db:"community_id"`
			Person    core.ID `db:"person_id"`
		}
		if err := tx.Get(&row, "SELECT community_id, person_id FROM resident WHERE id = ? AND "+where,
			append([]any{int64(resident)}, args...)...); err != nil {
			return database.NotFoundIfNoRows(err, noResident)
		}
		if err := tx.All(&users, "SELECT id FROM wechat_user WHERE person_id = ? AND merged_into = 0", int64(row.Person)); err != nil {
			return err
		}
		for _, user := range users {
			n, err := tx.Exec(`UPDATE session
				SET ended_at = ?
				WHERE kind = ?
				AND subject_id = ?
				AND ended_at IS NULL
				AND expires_at > ?`, tx.NowMS(), string(core.SessionWechat), int64(user), tx.NowMS())
			if err != nil {
				return err
			}
			ended += int(n)
		}
		return audit.Write(tx, by, audit.Entry{
			Community: row.Community, Action: "resident.sign_out", Subject: audit.Target("resident", resident),
		})
	})
	if err == nil {
		for _, user := range users {
			s.subjectChanged(ctx, core.SessionWechat, user)
		}
	}
	return ended, err
}

// EndSessions ends every session of a WeChat user, on every server at once. An account's sessions
// end by DisableAccount and similar acts.
func (s *Store) EndSessions(ctx context.Context, by core.Actor, user core.ID) error {
	err := s.db.Write(ctx, "end sessions", func(tx *database.Tx) error {
		if err := endSessions(tx, core.SessionWechat, user); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Action: "session.end", Subject: audit.Target("wechatuser", user)})
	})
	if err == nil {
		s.subjectChanged(ctx, core.SessionWechat, user)
	}
	return err
}

func endSessions(tx *database.Tx, kind core.SessionKind, subject core.ID) error {
	if kind == core.SessionAccount {
		if err := endBindings(tx, subject); err != nil {
			return err
		}
	}
	_, err := tx.Exec(
		"UPDATE session SET ended_at = ? WHERE kind = ? AND subject_id = ? AND ended_at IS NULL", tx.NowMS(),
		string(kind), int64(subject),
	)
	return err
}

// overFor is how long expired pending sign-ins and codes are kept: strangers can create many.
const overFor = time.Hour

// PurgeSessions removes sessions and sign-in attempts that were over before a moment, and what
// waited for a code or a scan, a part at a time. It returns how many sessions it removed. A job
// calls it.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time) (int64, error) {
	removed, err := purgeBy[int64](ctx, s, "session", "id", "expires_at < ?", before.UnixMilli())
	if err == nil {
		_, err = purgeBy[int64](ctx, s, "sign_in_attempt", "id", "id < ?", int64(database.FirstID(before)))
	}
	if err == nil {
		_, err = purgeBy[int64](ctx, s, "account_notice", "id", "id < ?", int64(database.FirstID(s.Now().Add(-NoticeLife))))
	}
	if err == nil {
		_, err = purgeBy[int64](ctx, s, "notice", "id", "id < ?", int64(database.FirstID(s.Now().Add(-NoticeLife))))
	}
	for _, table := range []string{"sign_in_pending", "wechat_login", "wechat_proof"} {
		if err == nil {
			_, err = purgeBy[string](ctx, s, table, "token_digest", "expires_at < ?", s.Now().Add(-overFor).UnixMilli())
		}
	}
	return removed, err
}

// purgeBy deletes the rows of a table that match a condition, by their keys of type K, a part per
// transaction.
func purgeBy[K int64 | string](ctx context.Context, s *Store, table, key, where string, arg int64) (removed int64, err error) {
	for {
		var keys []K
		err := s.db.Write(ctx, "purge "+table, func(tx *database.Tx) error {
			keys = nil
			if err := tx.All(&keys, "SELECT "+key+" FROM "+table+" WHERE "+where+" LIMIT ?", arg, sessionPart); err != nil ||
				len(keys) == 0 {
				return err
			}
			args := make([]any, len(keys))
			for i, k := range keys {
				args[i] = k
			}
			_, err := tx.Exec("DELETE FROM "+table+" WHERE "+key+" IN ("+database.Placeholders(len(keys))+")", args...)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += int64(len(keys))
		if len(keys) < sessionPart {
			return removed, nil
		}
	}
}
