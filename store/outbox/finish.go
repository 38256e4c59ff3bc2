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

// Finish records what a platform reports of a message that it had accepted. One that did not arrive goes on to the
// next channel; a recipient whose settings block the account gets no more by it until they follow it again. A report
// may come before Record: it is kept until then. One of a message that is not ours has no effect.
func (b *Box) Finish(ctx context.Context, r core.MessageReport) error {
	if r.ID == "" {
		return nil
	}
	r.ID, r.Code = cut(r.ID), cut(r.Code)
	return b.db.Write(ctx, "finish a message", func(tx *database.Tx) error {
		known, err := finish(tx, r)
		if err != nil || known {
			return err
		}
		// What does not exist is not locked. So both write first and look then: a Record of the same moment is seen here, or
		// finds the report.
		_, err = tx.Exec(tx.Dialect().InsertIgnore()+`message_report (app_id, platform_id, state, reason, code, created_at)
			VALUES (?, ?, ?, ?, ?, ?)`, r.AppID, r.ID, string(r.State), string(r.Reason), r.Code, tx.NowMS())
		if err == nil {
			known, err = finish(tx, r)
		}
		if err == nil && known {
			err = endReport(tx, r.AppID, r.ID)
		}
		return err
	})
}

// endReport deletes a report that was written to its attempt.
func endReport(tx *database.Tx, app, id string) error {
	_, err := tx.Exec("DELETE FROM message_report WHERE app_id = ? AND platform_id = ?", app, id)
	return err
}

// finish writes a report to its attempt; known is whether there is one.
func finish(tx *database.Tx, r core.MessageReport) (known bool, err error) {
	var a struct {
		ID       core.ID             `db:"id"`
		Message  core.ID             `db:"message_id"`
		Channel  core.MessageChannel `db:"channel"`
		Open     string              `db:"open_id"`
		Template string              `db:"template_id"`
		State    core.AttemptState   `db:"state"`
	}
	err = tx.Get(&a, `
		SELECT id, message_id, channel, open_id, template_id, state
		FROM message_attempt
		WHERE platform_id = ?
		AND app_id = ?
		ORDER BY id DESC
		LIMIT 1`+tx.Dialect().ForUpdate(), r.ID, r.AppID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil || a.State != core.AttemptAccepted {
		return true, err
	}
	if _, err := tx.Exec("UPDATE message_attempt SET state = ?, reason = ?, code = ? WHERE id = ?",
		string(r.State), string(r.Reason), r.Code, int64(a.ID)); err != nil {
		return true, err
	}
	switch r.Reason {
	case "":
		err = endOptOut(tx, optOut{r.AppID, a.Open, ""}) // who was sent one nevertheless has it
	case core.WhyBlocked:
		err = addOptOut(tx, optOut{r.AppID, a.Open, ""}, r.Reason)
	case core.WhyNoGrant:
		err = endGrants(tx, optOut{r.AppID, a.Open, a.Template})
	}
	if err != nil {
		return true, err
	}
	return true, finishMessage(tx, a.Message, a.Channel, r)
}

// finishEarly applies what was reported before the attempts were recorded. A batch may be of several accounts.
func finishEarly(tx *database.Tx, results []core.SendResult) error {
	ids := map[string][]any{} // of the platform, by account
	for _, r := range results {
		if reports(r.Channel) && r.ID != "" {
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
		ID     string             `db:"platform_id"`
		State  core.AttemptState  `db:"state"`
		Reason core.MessageReason `db:"reason"`
		Code   string             `db:"code"`
	}
	if err := tx.All(&rows, `
		SELECT platform_id, state, reason, code
		FROM message_report
		WHERE app_id = ?
		AND platform_id IN (`+database.Placeholders(len(ids))+`)`+tx.Dialect().ForUpdate(),
		append([]any{app}, ids...)...); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := finish(tx, core.MessageReport{AppID: app, ID: r.ID, State: r.State, Reason: r.Reason, Code: r.Code}); err != nil {
			return err
		}
		if err := endReport(tx, app, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// reports reports whether a channel's platform says later what became of a message.
func reports(c core.MessageChannel) bool {
	return c == core.ChannelTemplate || c == core.ChannelSubscribe
}

// finishMessage writes a report to a message that is still as it was when it was accepted.
func finishMessage(tx *database.Tx, id core.ID, by core.MessageChannel, r core.MessageReport) error {
	if r.State == core.AttemptDelivered {
		_, err := tx.Exec(`
			UPDATE message
			SET state = 'delivered', reason = '', code = ''
			WHERE id = ?
			AND state = 'sent'
			AND channel = ?`, int64(id), string(by))
		return err
	}
	var row Row
	err := tx.Get(&row, "SELECT "+Columns+" FROM message WHERE id = ? AND state = 'sent' AND channel = ?", int64(id), string(by))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it has gone on by another channel
	}
	if err != nil {
		return err
	}
	tried := append(row.Message().Tried, by)
	tx.Wake(worker)
	return tx.ExecOne(database.ErrRace, `
		UPDATE message
		SET state = 'waiting', tried = ?, reason = ?, code = ?, next_at = ?, ended_at = NULL
		WHERE id = ?
		AND state = 'sent'`, joinChannels(tried), string(r.Reason), r.Code, tx.NowMS(), int64(id))
}
