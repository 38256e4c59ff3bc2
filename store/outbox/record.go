package outbox

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// errLost is returned for a message that another worker has claimed since.
var errLost = core.Conflict("消息已由其他服务器接管")

// Begin records that the call of an attempt goes out now. Channels whose platform does not recognise a repeat
// need it: without it an attempt counts as not sent. It is a conflict if the message is another worker's.
func (b *Box) Begin(ctx context.Context, d core.Dispatch) (core.Dispatch, error) {
	err := b.db.Write(ctx, "begin to send", func(tx *database.Tx) error {
		if err := tx.ExecOne(errLost, `
			UPDATE message
			SET next_at = ?
			WHERE id = ?
			AND lease = ?`, tx.Now().Add(d.Held).UnixMilli(), int64(d.ID), d.Lease); err != nil {
			return err
		}
		d.Begun = tx.Now()
		return tx.ExecOne(errLost, `
			UPDATE message_attempt
			SET begun_at = ?
			WHERE id = ?
			AND ended_at IS NULL`, tx.NowMS(), int64(d.Attempt))
	})
	return d, err
}

// Record writes how dispatches went, and what follows. A message that another worker has claimed since keeps
// that worker's fate; only its attempt is completed.
func (b *Box) Record(ctx context.Context, results []core.SendResult) error {
	return b.db.Write(ctx, "record sent messages", func(tx *database.Tx) error {
		days := map[dayPlace]dayCount{}
		for _, r := range results {
			after := core.DecideAfterSend(r.Message, r.Answer, r.Begun, tx.Now(), r.Random)
			if err := b.recordOne(tx, r, after); err != nil {
				return err
			}
			at := dayPlace{r.Community, r.Channel}
			count := days[at]
			switch after.Attempt {
			case core.AttemptAccepted:
				count.sent++
			case core.AttemptWithdrawn: // no call was made
				continue
			default:
				count.failed++
			}
			days[at] = count
		}
		if err := finishEarly(tx, results); err != nil {
			return err
		}
		for _, at := range slices.SortedFunc(maps.Keys(days), dayPlace.compare) { // in one order, whatever the server: no deadlock
			if err := countDay(tx, at, days[at]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Box) recordOne(tx *database.Tx, r core.SendResult, after core.AfterSend) error {
	n, err := tx.Exec(`
		UPDATE message_attempt
		SET state = ?, reason = ?, code = ?, platform_id = ?, ended_at = ?
		WHERE id = ?
		AND state <> 'withdrawn'`,
		string(after.Attempt), string(after.Why), cut(r.Code), cut(r.ID), tx.NowMS(), int64(r.Attempt))
	if err != nil {
		return err
	}
	if n == 0 {
		after.Regrant = false // it counts as not sent, and its consent was given back with that
	}
	ended, code := any(nil), cut(r.Code)
	if after.Next.IsZero() {
		ended = tx.NowMS()
	}
	if after.Reason != after.Why {
		code = "" // it is the attempt's
	}
	tries := ""
	if after.Attempt == core.AttemptWithdrawn {
		tries = "tries = tries - 1, "
	}
	n, err = tx.Exec(`
		UPDATE message
		SET `+tries+`state = ?, tried = ?, unsure_at = ?, reason = ?, code = ?, lease = '', next_at = ?, ended_at = ?
		WHERE id = ?
		AND lease = ?`,
		string(after.State), joinChannels(after.Tried), database.NullMillis(after.Unsure), string(after.Reason), code,
		database.NullMillis(after.Next), ended, int64(r.Message.ID), r.Lease)
	if err != nil {
		return err
	}
	if n == 1 && after.State == core.MessageWaiting {
		m := r.Message
		m.State, m.Tried, m.Unsure = after.State, after.Tried, after.Unsure
		if err := keepOpen(tx, m); err != nil {
			return err
		}
	}
	return b.consequences(tx, r, after)
}

// cut bounds what a platform tells, in bytes.
func cut(s string) string { return s[:min(len(s), 64)] }

// consequences writes what an answer means beyond its message.
func (b *Box) consequences(tx *database.Tx, r core.SendResult, after core.AfterSend) error {
	if after.OptOut && r.AppID != "" { // a phone number is not kept
		if err := addOptOut(tx, optOut{r.AppID, r.Address, r.Template.ID}, core.WhyOptedOut); err != nil {
			return err
		}
	}
	if after.Attempt == core.AttemptAccepted && r.Channel == core.ChannelTemplate {
		if err := endOptOut(tx, optOut{r.AppID, r.Address, r.Template.ID}); err != nil {
			return err
		}
	}
	if after.Unfollow {
		if _, err := tx.Exec(`
			UPDATE wechat_identity
			SET followed_at = NULL
			WHERE app_id = ?
			AND open_id = ?`, r.AppID, r.Address); err != nil {
			return err
		}
		if err := b.left(tx, r.AppID, r.Address); err != nil {
			return err
		}
	}
	if r.Channel == core.ChannelSubscribe {
		if err := correctGrants(tx, optOut{r.AppID, r.Address, r.Template.ID}, after); err != nil {
			return err
		}
	}
	if after.Stop.IsZero() && !after.Alarm {
		return nil
	}
	stop := core.ChannelStop{
		Channel: r.Channel, AppID: r.AppID, Until: after.Stop, Reason: after.Why, Code: cut(r.Code), Alarm: after.Alarm,
	}
	if after.StopOne || after.Stop.IsZero() {
		stop.Template = r.Template.ID
	}
	return b.writeStop(tx, stop)
}

// correctGrants counts a person's consents to a template again after an answer.
func correctGrants(tx *database.Tx, of optOut, after core.AfterSend) error {
	switch {
	case after.NoGrants:
		return endGrants(tx, of)
	case after.Regrant:
		return giveBackGrant(tx, of)
	}
	return nil
}

// giveBackGrant counts a consent that was spent on a message that did not go out.
func giveBackGrant(tx *database.Tx, of optOut) error { return setGrants(tx, of, "n + 1") }

// endGrants records that a person has no consents left.
func endGrants(tx *database.Tx, of optOut) error { return setGrants(tx, of, "0") }

func setGrants(tx *database.Tx, of optOut, n string) error {
	_, err := tx.Exec(`
		UPDATE message_grant
		SET n = `+n+`, updated_at = ?
		WHERE app_id = ?
		AND open_id = ?
		AND template_id = ?`, tx.NowMS(), of.App, of.Open, of.Template)
	return err
}

// addOptOut records that somebody wants no messages by a template, from now on.
func addOptOut(tx *database.Tx, out optOut, why core.MessageReason) error {
	n, err := tx.Exec("UPDATE message_optout SET created_at = ? WHERE app_id = ? AND open_id = ? AND template_id = ?",
		tx.NowMS(), out.App, out.Open, out.Template)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(tx.Dialect().InsertIgnore()+`message_optout (app_id, open_id, template_id, reason, created_at)
		VALUES (?, ?, ?, ?, ?)`, out.App, out.Open, out.Template, string(why), tx.NowMS())
	return err
}

func endOptOut(tx *database.Tx, out optOut) error {
	_, err := tx.Exec("DELETE FROM message_optout WHERE app_id = ? AND open_id = ? AND template_id = ?", out.App, out.Open, out.Template)
	return err
}

// dayPlace is what is counted by itself: a channel's messages that are about a community, 0 = about none.
type dayPlace struct {
	community core.ID
	channel   core.MessageChannel
}

func (p dayPlace) compare(q dayPlace) int {
	return cmp.Or(cmp.Compare(p.community, q.community), cmp.Compare(p.channel, q.channel))
}

// dayCount is what a channel did in some transaction.
type dayCount struct{ sent, failed int }

func countDay(tx *database.Tx, at dayPlace, c dayCount) error {
	today := day(tx.Now())
	n, err := tx.Exec(`
		UPDATE message_day
		SET sent = sent + ?, failed = failed + ?
		WHERE day = ?
		AND community_id = ?
		AND channel = ?`, c.sent, c.failed, today, int64(at.community), string(at.channel))
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec("INSERT INTO message_day (day, community_id, channel, sent, failed) VALUES (?, ?, ?, ?, ?)",
		today, int64(at.community), string(at.channel), c.sent, c.failed)
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// Release returns dispatches whose call has not gone out, for a server that shuts down. They are due at once,
// and the attempt does not count.
func (b *Box) Release(ctx context.Context, list []core.Dispatch) error {
	return b.db.Write(ctx, "release messages", func(tx *database.Tx) error {
		for _, d := range list {
			n, err := tx.Exec(`
				UPDATE message
				SET state = 'waiting', tries = tries - 1, lease = '', next_at = ?
				WHERE id = ?
				AND lease = ?`, tx.NowMS(), int64(d.ID), d.Lease)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if _, err := tx.Exec(`
				UPDATE message_attempt
				SET state = 'withdrawn', begun_at = NULL, ended_at = ?
				WHERE id = ?
				AND ended_at IS NULL`, tx.NowMS(), int64(d.Attempt)); err != nil {
				return err
			}
			if d.Channel == core.ChannelSubscribe {
				if err := giveBackGrant(tx, optOut{d.AppID, d.Address, d.Template.ID}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
