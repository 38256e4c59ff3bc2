package outbox

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// noteLife is how long what was wrong with a channel is shown, and for how long operators are not told of it again.
const noteLife = 24 * time.Hour

// Stop lets a channel, or an account or a template that it sends by, send nothing for a while.
func (b *Box) Stop(ctx context.Context, stop core.ChannelStop) error {
	return b.db.Write(ctx, "stop a channel", func(tx *database.Tx) error { return b.writeStop(tx, stop) })
}

// stopRow is a stop as it is stored.
type stopRow struct {
	Until  database.Millis    `db:"until_at"`
	Reason core.MessageReason `db:"reason"`
	Code   string             `db:"code"`
	Alarm  int                `db:"alarm"`
	Noted  database.Millis    `db:"noted_at"`
	Told   string             `db:"told"` // see toldReasons
}

// toldReasons returns when operators were told of which reasons, of those that they are not told of again by now.
func toldReasons(told string, now time.Time) map[core.MessageReason]int64 {
	at := map[core.MessageReason]int64{}
	for part := range strings.SplitSeq(told, ",") {
		reason, text, _ := strings.Cut(part, "=")
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && now.Sub(time.UnixMilli(ms)) < noteLife {
			at[core.MessageReason(reason)] = ms
		}
	}
	return at
}

func joinReasons(told map[core.MessageReason]int64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(told)) {
		parts = append(parts, string(reason)+"="+strconv.FormatInt(told[reason], 10))
	}
	return strings.Join(parts, ",")
}

// over returns a stop with what an earlier one needs somebody to look at, which a platform that but does not answer does not
// mend: it is shown as long as if nothing had come after.
func (r stopRow) over(stop core.ChannelStop, now time.Time) core.ChannelStop {
	stop.Noted = now
	if !stop.Alarm && r.Alarm != 0 && !r.Reason.ByClock() && now.Sub(r.Noted.Time) < noteLife {
		stop.Alarm, stop.Reason, stop.Code, stop.Noted = true, r.Reason, r.Code, r.Noted.Time
	}
	return stop
}

// writeStop stops a channel, or an account or a template that it sends by, unless it is stopped for longer; without an
// end it only notes what was wrong. Operators are told of what they must look at, once a day for each reason.
func (b *Box) writeStop(tx *database.Tx, stop core.ChannelStop) error {
	var old stopRow
	err := tx.Get(&old, `
		SELECT until_at, reason, code, alarm, noted_at, told
		FROM message_stop
		WHERE channel = ?
		AND app_id = ?
		AND template_id = ?`+tx.Dialect().ForUpdate(), string(stop.Channel), stop.AppID, stop.Template)
	found := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if stop.Until.IsZero() {
		stop.Until = tx.Now()
	}
	if old.Until.After(tx.Now()) && old.Until.After(stop.Until) {
		return nil // what stops it for longer stays the reason
	}
	told := toldReasons(old.Told, tx.Now())
	if stop.Alarm && told[stop.Reason] == 0 {
		told[stop.Reason] = tx.NowMS()
		if err := b.tell(tx, stop); err != nil {
			return err
		}
	}
	stop = old.over(stop, tx.Now())
	if found {
		_, err = tx.Exec(`
			UPDATE message_stop
			SET until_at = ?, reason = ?, code = ?, alarm = ?, noted_at = ?, told = ?
			WHERE channel = ?
			AND app_id = ?
			AND template_id = ?`,
			stop.Until.UnixMilli(), string(stop.Reason), stop.Code, database.BoolInt(stop.Alarm), stop.Noted.UnixMilli(),
			joinReasons(told), string(stop.Channel), stop.AppID, stop.Template)
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO message_stop (channel, app_id, template_id, until_at, reason, code, alarm, noted_at, told)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(stop.Channel), stop.AppID, stop.Template, stop.Until.UnixMilli(), string(stop.Reason), stop.Code,
		database.BoolInt(stop.Alarm), stop.Noted.UnixMilli(), joinReasons(told))
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}

// liftAfter is how long a lifted stop still holds: by then every server knows the account's present state, so that none
// stops it again for what it remembers.
const liftAfter = 6 * time.Second

// errLifted is returned for a stop that is over, or was renewed, since it was shown.
var errLifted = core.Conflict("已经恢复，或暂停有变化，请刷新页面")

// Lift ends a stop in the act's own transaction, as it was shown: one that was renewed since is a conflict. What waits for
// it goes out in a few seconds; waiting is how many that are. If the reason comes again, operators are told again.
func Lift(tx *database.Tx, stop core.ChannelStop) (waiting int, err error) {
	if err := tx.ExecOne(errLifted, `
		UPDATE message_stop
		SET until_at = ?, alarm = 0, told = ''
		WHERE channel = ?
		AND app_id = ?
		AND template_id = ?
		AND until_at = ?
		AND until_at > ?`, tx.Now().Add(liftAfter).UnixMilli(), string(stop.Channel), stop.AppID, stop.Template,
		stop.Until.UnixMilli(), tx.Now().Add(liftAfter).UnixMilli()); err != nil {
		return 0, err
	}
	where := waitsFor(stop, tx.Now())
	n, err := tx.Exec("UPDATE message SET next_at = ? WHERE "+where.Text(),
		append([]any{tx.Now().Add(liftAfter).UnixMilli()}, where.Args()...)...)
	return int(n), err
}

// LiftApp ends the stops of an account that was found to work, but those of which the platform says until when.
func LiftApp(tx *database.Tx, appID string) (lift core.ChannelLift, err error) {
	stops, err := readStops(tx.All, "app_id = ? AND (until_at > ? OR alarm = 1)", appID, tx.Now().Add(liftAfter).UnixMilli())
	if err != nil {
		return lift, err
	}
	for _, stop := range stops {
		switch {
		case stop.Reason.ByClock():
			lift.Held = lift.Held || stop.Until.After(tx.Now())
		case stop.Until.After(tx.Now().Add(liftAfter)):
			n, err := Lift(tx, stop)
			if core.IsConflict(err) {
				err = database.ErrRace // renewed at the same moment
			}
			if err != nil {
				return lift, err
			}
			lift.Waiting += n
		}
	}
	return lift, nil
}

// Waiting counts the messages that wait for a stop to end, and for others of the same reason that end before it.
func (b *Box) Waiting(ctx context.Context, stop core.ChannelStop) (n int, err error) {
	where := waitsFor(stop, b.db.Now())
	err = b.db.Get(ctx, &n, "SELECT COUNT(*) FROM message WHERE "+where.Text(), where.Args()...)
	return n, database.Wrap("count what waits for a channel", err)
}

// waitsFor is the condition that a message waits for a stop to end: it was due at its end, or, if the stop was renewed
// since, waits for its reason.
func waitsFor(stop core.ChannelStop, now time.Time) (where database.Where) {
	where.And("state = 'waiting'")
	where.And("next_at > ?", now.Add(liftAfter).UnixMilli()) // the others are about to be looked at
	where.And("next_at <= ?", stop.Until.UnixMilli())
	where.And("(next_at = ? OR reason = ?)", stop.Until.UnixMilli(), string(stop.Reason))
	return where
}

// Stopped returns a stop in force as it is now; a conflict if there is none.
func (b *Box) Stopped(ctx context.Context, c core.MessageChannel, appID, template string) (core.ChannelStop, error) {
	stops, err := readStops(b.db.Reads(ctx), "channel = ? AND app_id = ? AND template_id = ? AND until_at > ?",
		string(c), appID, template, b.db.Now().Add(liftAfter).UnixMilli())
	if err == nil && len(stops) == 0 {
		return core.ChannelStop{}, errLifted
	}
	if err != nil {
		return core.ChannelStop{}, database.Wrap("read a channel's stop", err)
	}
	return stops[0], nil
}

// stopsAt returns the stops in force.
func stopsAt(all func(dest any, query string, args ...any) error, now int64) ([]core.ChannelStop, error) {
	return readStops(all, "until_at > ?", now)
}

// readStops returns the stops of a condition.
func readStops(
	all func(dest any, query string, args ...any) error, where string, args ...any,
) ([]core.ChannelStop, error) {
	var rows []struct {
		Channel  core.MessageChannel `db:"channel"`
		App      string              `db:"app_id"`
		Template string              `db:"template_id"`
		Until    database.Millis     `db:"until_at"`
		Reason   core.MessageReason  `db:"reason"`
		Code     string              `db:"code"`
		Alarm    int                 `db:"alarm"`
		Noted    database.Millis     `db:"noted_at"`
	}
	err := all(&rows, `
		SELECT channel, app_id, template_id, until_at, reason, code, alarm, noted_at
		FROM message_stop
		WHERE `+where+`
		ORDER BY channel, app_id, template_id`, args...)
	stops := make([]core.ChannelStop, len(rows))
	for i, r := range rows {
		stops[i] = core.ChannelStop{
			Channel: r.Channel, AppID: r.App, Template: r.Template, Until: r.Until.Time, Reason: r.Reason, Code: r.Code,
			Alarm: r.Alarm != 0, Noted: r.Noted.Time,
		}
	}
	return stops, err
}
