package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// NoticeLife is how long a notice is kept, read or not.
const NoticeLife = 180 * 24 * time.Hour

// ownNoticeLink is the page where the notices of one's own account are read.
const ownNoticeLink = "me"

type noticeRow struct {
	ID       core.ID         `db:"id"`
	Kind     core.NoticeKind `db:"kind"`
	Way      core.SignInWay  `db:"way"`
	Wechat   string          `db:"wechat"`
	Addr     string          `db:"addr"`
	Agent    string          `db:"agent"`
	NewAddr  int             `db:"new_addr"`
	NewAgent int             `db:"new_agent"`
	At       database.Millis `db:"at"`
	Read     database.Millis `db:"read_at"`
}

// noteAccount adds a notice for an account's owner, in the act's own transaction. user is the
// WeChat user it is about; 0 if none.
func noteAccount(tx *database.Tx, account core.ID, n core.AccountNotice, user core.ID) error {
	phone, err := maskedPhoneOf(tx, user)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO account_notice (id, account_id, kind, way, wechat, addr, agent, new_addr, new_agent, at)
		VALUES (`+database.Placeholders(10)+`)`,
		int64(tx.NewID()), int64(account), string(n.Kind), string(n.Way), phone, n.Addr,
		cutText(n.Agent, maxAgent), database.BoolInt(n.NewAddr), database.BoolInt(n.NewAgent), tx.NowMS())
	if err != nil || n.Kind == core.NoticeSignIn && !n.NewAddr && !n.NewAgent {
		return err // a sign-in from where one always signs in, with what one always does, is no news
	}
	kind := core.MessageBinding
	if n.Kind == core.NoticeSignIn {
		kind = core.MessageSignIn
	}
	return notify(tx, told{
		account, core.Notice{Stem: "account", Title: n.Title(), Link: ownNoticeLink},
		core.MessageNote{Kind: kind, User: user}, // who is unbound is told by the WeChat that was bound
	})
}

// maskedPhoneOf returns a user's verified number, masked; "" if the user has not verified one.
func maskedPhoneOf(tx *database.Tx, user core.ID) (string, error) {
	var sealed []string
	if err := tx.All(
		&sealed, "SELECT phone_cipher FROM wechat_user WHERE id = ? AND phone_cipher <> ''", int64(user),
	); err != nil || len(sealed) == 0 {
		return "", err
	}
	phone, err := tx.Keys().Open("wechat_user.phone", sealed[0])
	return core.MaskPhone(phone), err
}

// noteSignIn adds a notice of a successful sign-in.
func noteSignIn(tx *database.Tx, account core.ID, a attempt) error {
	var known int
	if err := tx.Get(&known, knownNetworkQuery+" AND id <> ?", int64(account), a.Network, int64(a.id)); err != nil {
		return err
	}
	agent, err := isNewAgent(tx, account, a.Agent)
	if err != nil {
		return err
	}
	return noteAccount(tx, account, core.AccountNotice{
		Kind: core.NoticeSignIn, Way: a.way, Addr: a.Addr, Agent: a.Agent, NewAddr: known == 0, NewAgent: agent,
	}, 0)
}

// isNewAgent reports whether somebody has signed in to an account, but by no such kind of browser and system: versions come
// and go.
func isNewAgent(tx *database.Tx, account core.ID, agent string) (bool, error) {
	var known []string
	err := tx.All(&known, "SELECT DISTINCT agent FROM account_notice WHERE account_id = ? AND kind = ?",
		int64(account), string(core.NoticeSignIn))
	return len(known) > 0 && !slices.ContainsFunc(known, func(k string) bool {
		return core.AgentLabel(k) == core.AgentLabel(agent)
	}), err
}

// AccountNotices returns the newest notices of an account, newest first. The caller must have
// checked that the account is theirs to see.
func (s *Store) AccountNotices(ctx context.Context, account core.ID, limit int) ([]core.AccountNotice, error) {
	var rows []noticeRow
	err := s.db.All(ctx, &rows, `SELECT id, kind, way, wechat, addr, agent, new_addr, new_agent, at, read_at
		FROM account_notice
		WHERE account_id = ?
		ORDER BY id DESC
		LIMIT ?`, int64(account), limit)
	list := make([]core.AccountNotice, len(rows))
	for i, r := range rows {
		list[i] = core.AccountNotice{
			ID: r.ID, Kind: r.Kind, Way: r.Way, Wechat: r.Wechat, Addr: r.Addr, Agent: r.Agent,
			NewAddr: r.NewAddr != 0, NewAgent: r.NewAgent != 0, At: r.At.Time, Read: r.Read.Time,
		}
	}
	return list, database.Wrap("list an account's notices", err)
}

// ReadAccountNotices records that an account's owner has seen its notices up to last, also in the bell.
func (s *Store) ReadAccountNotices(ctx context.Context, account, last core.ID) error {
	return s.db.Write(ctx, "read notices", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"UPDATE account_notice SET read_at = ? WHERE account_id = ? AND id <= ? AND read_at IS NULL",
			tx.NowMS(), int64(account), int64(last),
		)
		if err != nil {
			return err
		}
		var until []int64
		if err := tx.All(&until, "SELECT at FROM account_notice WHERE id = ? AND account_id = ?", int64(last), int64(account)); err != nil {
			return err
		}
		if len(until) == 0 {
			return nil
		}
		return readNoticesOf(tx, account, ownNoticeLink, until[0])
	})
}
