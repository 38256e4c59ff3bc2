package outbox

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// Finish records what the platform reports of a template message that it had accepted. One that its recipient's
// settings blocked goes on to the next channel, and the recipient gets no more by this account until they
// follow it again. A report may come before Record: it is kept until then. One of a message that is not ours
// has no effect.
func (b *Box) Finish(ctx context.Context, appID, platformID, status string) error {
	if state, _ := core.FinishedAs(status); state == "" || platformID == "" {
		return nil
	}
	return b.db.Write(ctx, "finish a message", func(tx *database.Tx) error {
		known, err := finish(tx, appID, platformID, status)
		if err != nil || known {
			return err
		}
		_, err = tx.Exec(tx.Dialect().InsertIgnore()+`message_report (app_id, platform_id, status, created_at)
			VALUES (?, ?, ?, ?)`, appID, cut(platformID), status, tx.NowMS())
		return err
	})
}

// finish writes a report to its attempt; known is whether there is one. It locks what it reads, so that a Record of
// the same moment is seen here, or finds the report.
func finish(tx *database.Tx, appID, platformID, status string) (known bool, err error) {
	var a struct {
		ID      core.ID           `db:"id"`
		Message core.ID           `db:"message_id"`
		Open    string            `db:"open_id"`
		State   core.AttemptState `db:"state"`
	}
	err = tx.Get(&a, `
		SELECT id, message_id, open_id, state
		FROM message_attempt
		WHERE platform_id = ?
		AND app_id = ?
		ORDER BY id DESC
		LIMIT 1`+tx.Dialect().ForUpdate(), platformID, appID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil || a.State != core.AttemptAccepted {
		return true, err
	}
	state, reason := core.FinishedAs(status)
	if _, err := tx.Exec("UPDATE message_attempt SET state = ?, reason = ? WHERE id = ?",
		string(state), string(reason), int64(a.ID)); err != nil {
		return true, err
	}
	if reason == core.WhyBlocked {
		if err := addOptOut(tx, optOut{appID, a.Open, ""}, reason); err != nil {
			return true, err
		}
	}
	return true, finishMessage(tx, a.Message, state, reason)
}

// finishEarly applies what was reported before the attempts were recorded. A batch may be of several accounts.
func finishEarly(tx *database.Tx, results []core.SendResult) error {
	ids := map[string][]any{} // of the platform, by account
	for _, r := range results {
		if r.Channel == core.ChannelTemplate && r.ID != "" {
			ids[r.AppID] = append(ids[r.AppID], cut(r.ID))
		}
	}
	for _, app := range slices.Sorted(maps.Keys(ids)) { // in one order, whatever the server: no deadlock
		err := database.EachPart(ids[app], func(part []any) error { return finishReported(tx, app, part) })
		if err != nil {
			return err
		}
	}
	return nil
}

// finishReported applies the reports about some messages of an account.
func finishReported(tx *database.Tx, app string, ids []any) error {
	var rows []struct {
		ID     string `db:"platform_id"`
		Status string `db:"status"`
	}
	if err := tx.All(&rows, `
		SELECT platform_id, status
		FROM message_report
		WHERE app_id = ?
		AND platform_id IN (`+database.Placeholders(len(ids))+`)`+tx.Dialect().ForUpdate(),
		append([]any{app}, ids...)...); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := finish(tx, app, r.ID, r.Status); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM message_report WHERE app_id = ? AND platform_id = ?", app, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// finishMessage writes a report to a message that is still as it was when it was accepted.
func finishMessage(tx *database.Tx, id core.ID, state core.AttemptState, reason core.MessageReason) error {
	if state == core.AttemptDelivered {
		_, err := tx.Exec(`
			UPDATE message
			SET state = 'delivered', reason = '', code = ''
			WHERE id = ?
			AND state = 'sent'
			AND channel = 'template'`, int64(id))
		return err
	}
	var row Row
	err := tx.Get(&row, "SELECT "+Columns+" FROM message WHERE id = ? AND state = 'sent' AND channel = 'template'", int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it has gone on by another channel
	}
	if err != nil {
		return err
	}
	tried := append(row.Message().Tried, core.ChannelTemplate)
	tx.Wake(worker)
	return tx.ExecOne(database.ErrRace, `
		UPDATE message
		SET state = 'waiting', tried = ?, reason = ?, next_at = ?, ended_at = NULL
		WHERE id = ?
		AND state = 'sent'`, joinChannels(tried), string(reason), tx.NowMS(), int64(id))
}
