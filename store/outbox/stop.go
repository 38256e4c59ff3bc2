package outbox

import (
	"context"
	"database/sql"
	"errors"
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
	Told   database.Millis    `db:"told_at"`
}

// writeStop stops a channel, or an account or a template that it sends by, unless it is stopped for longer; without an
// end it only notes what was wrong. Operators are told of what they must look at, once a day for each reason.
func (b *Box) writeStop(tx *database.Tx, stop core.ChannelStop) error {
	var old stopRow
	err := tx.Get(&old, `
		SELECT until_at, reason, told_at
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
	told := old.Told
	if stop.Alarm && (old.Reason != stop.Reason || tx.Now().Sub(told.Time) >= noteLife) {
		told.Time = tx.Now()
		if err := b.tell(tx, stop); err != nil {
			return err
		}
	}
	if found {
		_, err = tx.Exec(`
			UPDATE message_stop
			SET until_at = ?, reason = ?, code = ?, alarm = ?, noted_at = ?, told_at = ?
			WHERE channel = ?
			AND app_id = ?
			AND template_id = ?`,
			stop.Until.UnixMilli(), string(stop.Reason), stop.Code, database.BoolInt(stop.Alarm), tx.NowMS(),
			database.NullMillis(told.Time), string(stop.Channel), stop.AppID, stop.Template)
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO message_stop (channel, app_id, template_id, until_at, reason, code, alarm, noted_at, told_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(stop.Channel), stop.AppID, stop.Template, stop.Until.UnixMilli(), string(stop.Reason), stop.Code,
		database.BoolInt(stop.Alarm), tx.NowMS(), database.NullMillis(told.Time))
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
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
