package outbox

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Read records, in the act's own transaction, that an account has read the entries of its bell up to last:
// messages that were to be read there have arrived.
func Read(tx *database.Tx, account, last core.ID) error {
	return read(tx, "notice_id <= ?", int64(account), int64(last))
}

// ReadPage is Read for the entries that lead to one page, which shows the same, up to a time in milliseconds.
func ReadPage(tx *database.Tx, account core.ID, link string, until int64) error {
	return read(tx, "link = ? AND created_at <= ?", int64(account), link, until)
}

func read(tx *database.Tx, which string, account int64, args ...any) error {
	_, err := tx.Exec(`
		UPDATE message
		SET state = 'delivered', next_at = NULL, ended_at = ?
		WHERE to_kind = 'account'
		AND to_id = ?
		AND state = 'sent'
		AND channel = 'inapp'
		AND `+which, append([]any{tx.NowMS(), account}, args...)...)
	return err
}

// ReadOwn is Read for a WeChat user, who has opened their list: messages up to last that were to be read there have arrived.
func ReadOwn(tx *database.Tx, user, last core.ID) error {
	_, err := tx.Exec(`
		UPDATE message
		SET state = 'delivered', next_at = NULL, ended_at = ?
		WHERE to_kind = 'wechat'
		AND to_id = ?
		AND state = 'sent'
		AND channel = 'inapp'
		AND id <= ?`, tx.NowMS(), int64(user), int64(last))
	return err
}

// Follow lifts, in the act's own transaction, what a follower of an account had blocked before: they have
// followed it again.
func Follow(tx *database.Tx, who core.WechatIdentity) error {
	_, err := tx.Exec("DELETE FROM message_optout WHERE app_id = ? AND open_id = ?", who.AppID, who.OpenID)
	return err
}

// MoveUser moves, in the act's own transaction, the open messages of a WeChat user to the one that it turned
// out to be.
func MoveUser(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec(`
		UPDATE message
		SET user_id = ?
		WHERE user_id = ?
		AND next_at IS NOT NULL`, int64(to), int64(from))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		UPDATE message
		SET to_id = ?
		WHERE to_kind = 'wechat'
		AND to_id = ?`, int64(to), int64(from))
	return err
}

// ChangeDigest lets what waits for an account's digest wait, in the act's own transaction, for the one that it wants now,
// and does not let it expire before that.
func ChangeDigest(tx *database.Tx, account core.ID, digest core.MessageDigest) error {
	tx.Wake(worker)
	var longer []any // by the digest of before
	for _, before := range []core.MessageDigest{core.DigestHour, core.DigestDaily} {
		longer = append(longer, string(before), max(0, digest.Longest()-before.Longest()).Milliseconds())
	}
	// MySQL assigns from the left, and would compare the new digest.
	_, err := tx.Exec(`
		UPDATE message
		SET expires_at = expires_at + CASE digest WHEN ? THEN ? WHEN ? THEN ? ELSE 0 END, digest = ?, next_at = ?
		WHERE to_kind = 'account'
		AND to_id = ?
		AND state = 'waiting'
		AND digest <> ''`, append(longer, string(digest), tx.NowMS(), int64(account))...)
	return err
}

// ChangeQuiet lets what waits for the end of the quiet hours be looked at again, in the transaction that changes them, at a
// time when all servers know the new ones.
func ChangeQuiet(tx *database.Tx, at time.Time) error {
	_, err := tx.Exec(`
		UPDATE message
		SET next_at = ?
		WHERE state = 'waiting'
		AND reason = ?
		AND next_at > ?`, at.UnixMilli(), string(core.WhyQuiet), at.UnixMilli())
	return err
}

// SwitchTemplate records that a person has switched a template's messages off in the settings of a mini-program, or on
// again. Their consents stay: those that are left count again once it is on.
func (b *Box) SwitchTemplate(ctx context.Context, who core.WechatIdentity, template string, on bool) error {
	return b.db.Write(ctx, "switch a template", func(tx *database.Tx) error {
		of := optOut{who.AppID, who.OpenID, template}
		if on {
			return endOptOut(tx, of)
		}
		return addOptOut(tx, of, core.WhyOptedOut)
	})
}

// AddGrant records that a person consented to one more subscribe message of each template, which they want to get then:
// of one answer all count, or none.
func (b *Box) AddGrant(ctx context.Context, who core.WechatIdentity, templates ...string) error {
	slices.Sort(templates) // in one order, whatever the server: no deadlock
	return b.db.Write(ctx, "add consents", func(tx *database.Tx) error {
		for _, template := range templates {
			if err := addGrant(tx, who, template); err != nil {
				return err
			}
		}
		return nil
	})
}

func addGrant(tx *database.Tx, who core.WechatIdentity, template string) error {
	if err := endOptOut(tx, optOut{who.AppID, who.OpenID, template}); err != nil {
		return err
	}
	n, err := tx.Exec(`
			UPDATE message_grant
			SET n = n + 1, updated_at = ?
			WHERE app_id = ?
			AND open_id = ?
			AND template_id = ?`, tx.NowMS(), who.AppID, who.OpenID, template)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(`
			INSERT INTO message_grant (app_id, open_id, template_id, n, updated_at)
			VALUES (?, ?, ?, 1, ?)`, who.AppID, who.OpenID, template, tx.NowMS())
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// SpendGrant counts a consent that a test has used up. WeChat's own count, which nobody can read, may be higher.
func (b *Box) SpendGrant(ctx context.Context, who core.WechatIdentity, template string) error {
	return b.db.Write(ctx, "spend a consent", func(tx *database.Tx) error {
		return setGrants(tx, optOut{who.AppID, who.OpenID, template}, "CASE WHEN n > 0 THEN n - 1 ELSE 0 END")
	})
}

// Grants returns how many consents to a template a person has left, by our count.
func (b *Box) Grants(ctx context.Context, who core.WechatIdentity, template string) (n int, err error) {
	err = b.db.Get(ctx, &n, "SELECT COALESCE(MAX(n), 0) FROM message_grant WHERE app_id = ? AND open_id = ? AND template_id = ?",
		who.AppID, who.OpenID, template)
	return n, database.Wrap("count the consents", err)
}

// EndGrants records that WeChat says that a person has no consents to a template left.
func (b *Box) EndGrants(ctx context.Context, who core.WechatIdentity, template string) error {
	return b.db.Write(ctx, "end the consents", func(tx *database.Tx) error {
		return endGrants(tx, optOut{who.AppID, who.OpenID, template})
	})
}

// Today returns what each channel did today, by the platform's day, of messages that are about communities of the scope;
// those about none are in the whole scope alone. Why it sends nothing now, and what somebody must look at since a day, is
// of the whole deployment.
func (b *Box) Today(ctx context.Context, scope core.Scope) ([]core.ChannelDay, error) {
	var rows []struct {
		Channel core.MessageChannel `db:"channel"`
		Sent    int                 `db:"sent"`
		Failed  int                 `db:"failed"`
	}
	where := database.Within(scope, "community_id")
	where.And("day = ?", day(b.db.Now()))
	if err := b.db.All(ctx, &rows, `
		SELECT channel, SUM(sent) AS sent, SUM(failed) AS failed
		FROM message_day
		WHERE `+where.Text()+`
		GROUP BY channel`, where.Args()...); err != nil {
		return nil, database.Wrap("count today's messages", err)
	}
	stops, err := readStops(b.db.Reads(ctx), "(until_at > ? OR alarm = 1 AND noted_at > ?)",
		b.db.Now().Add(liftAfter).UnixMilli(), b.db.Now().Add(-noteLife).UnixMilli())
	if err != nil {
		return nil, database.Wrap("read the channels' stops", err)
	}
	days := make([]core.ChannelDay, len(core.MessageChannels()))
	for i, c := range core.MessageChannels() {
		days[i].Channel = c
		for _, r := range rows {
			if r.Channel == c {
				days[i].Sent, days[i].Failed = r.Sent, r.Failed
			}
		}
		for _, stop := range stops {
			if stop.Channel == c {
				days[i].Stops = append(days[i].Stops, stop)
			}
		}
	}
	return days, nil
}

// Attempts returns a message's attempts, oldest first.
func (b *Box) Attempts(ctx context.Context, message core.ID) ([]core.MessageAttempt, error) {
	var rows []struct {
		ID      core.ID             `db:"id"`
		Channel core.MessageChannel `db:"channel"`
		State   core.AttemptState   `db:"state"`
		Reason  core.MessageReason  `db:"reason"`
		Code    string              `db:"code"`
		Planned database.Millis     `db:"planned_at"`
		Begun   database.Millis     `db:"begun_at"`
		Ended   database.Millis     `db:"ended_at"`
	}
	err := b.db.All(ctx, &rows, `
		SELECT id, channel, state, reason, code, planned_at, begun_at, ended_at
		FROM message_attempt
		WHERE message_id = ?
		ORDER BY id
		LIMIT 200`, int64(message))
	attempts := make([]core.MessageAttempt, len(rows))
	for i, r := range rows {
		attempts[i] = core.MessageAttempt{
			ID: r.ID, Message: message, Channel: r.Channel, State: r.State, Reason: r.Reason, Code: r.Code,
			Planned: r.Planned.Time, Begun: r.Begun.Time, Ended: r.Ended.Time,
		}
	}
	return attempts, database.Wrap("read a message's attempts", err)
}

// Purge deletes messages of before a moment that have come to their end, with their attempts, a few hundred at
// a time so that no scan waits long.
func (b *Box) Purge(ctx context.Context, before time.Time) error {
	if err := b.purgeCounts(ctx, before); err != nil {
		return err
	}
	const part = 500
	for {
		var ids []core.ID
		err := b.db.Write(ctx, "purge messages", func(tx *database.Tx) error {
			ids = nil
			if err := tx.All(&ids, `
				SELECT id
				FROM message
				WHERE id < ?
				AND next_at IS NULL
				ORDER BY id
				LIMIT ?`, int64(database.FirstID(before)), part); err != nil || len(ids) == 0 {
				return err
			}
			in := " IN (" + database.Placeholders(len(ids)) + ")"
			for _, query := range []string{
				"DELETE FROM message_attempt WHERE message_id" + in, "DELETE FROM message_call WHERE message_id" + in,
				"DELETE FROM message WHERE id" + in,
			} {
				if _, err := tx.Exec(query, database.IDArgs(ids)...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) < part {
			return err
		}
	}
}

// reportLife is how long a report waits for its attempt.
const reportLife = 24 * time.Hour

// purgeCounts deletes the counts of old days, and reports whose attempt never came.
func (b *Box) purgeCounts(ctx context.Context, before time.Time) error {
	return b.db.Write(ctx, "purge counts of messages", func(tx *database.Tx) error {
		if _, err := tx.Exec("DELETE FROM message_day WHERE day < ?", day(before)); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM message_report WHERE created_at < ?", tx.Now().Add(-reportLife).UnixMilli())
		return err
	})
}
