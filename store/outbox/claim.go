package outbox

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store/database"
)

// Claim returns messages that are due, to be sent by the caller alone within the lease, and how many it looked
// at: some wait on, or have come to their end. Of several workers that ask at once, each message goes to one.
func (b *Box) Claim(ctx context.Context, ask core.MessageClaim) (list []core.Dispatch, seen int, err error) {
	args := []any{b.db.Now().UnixMilli()}
	for _, kind := range core.MessageKinds() {
		args = append(args, string(kind))
	}
	var due []core.ID // most calls find nothing and need no transaction
	if err := b.db.All(ctx, &due, dueQuery, append(args, ask.Limit)...); err != nil {
		return nil, 0, database.Wrap("look for messages", err)
	}
	if len(due) == 0 {
		return nil, 0, nil
	}
	err = b.db.Write(ctx, "claim messages", func(tx *database.Tx) error {
		c := claim{tx: tx, ask: ask, setup: ask.Setup, lease: secret.Hex(16)}
		if err := c.take(due); err != nil {
			return err
		}
		list, seen = nil, len(c.rows)
		if err := c.route(); err != nil {
			return err
		}
		list = c.list
		return nil
	})
	return list, seen, err
}

// dueQuery finds messages of the kinds that this program knows: those of a later version are for its servers.
var dueQuery = `
	SELECT id
	FROM message
	WHERE next_at <= ?
	AND kind IN (` + database.Placeholders(len(core.MessageTypes)) + `)
	ORDER BY next_at
	LIMIT ?`

// claim is one transaction that claims messages and decides about each.
type claim struct {
	tx    *database.Tx
	ask   core.MessageClaim
	setup core.MessageSetup // of ask
	lease string

	rows  []claimed
	gone  map[core.ID]core.MessageReason // why messages are not their recipients' any more
	facts facts
	list  []core.Dispatch
}

// claimed is a message with its lease's earlier attempt, if that did not end.
type claimed struct {
	Row
	open  openAttempt
	first core.MessageChannel // of its recipient
	scope core.Scope          // of the account that it is for
}

// take makes messages ours that are still due, and reads them, with what waits for the same recipients. Their merge
// key is given up: what comes now is a message of its own.
func (c *claim) take(due []core.ID) error {
	now := c.tx.NowMS()
	args := append([]any{c.lease, c.tx.Now().Add(c.ask.Lease).UnixMilli()}, database.IDArgs(due)...)
	in := "id IN (" + database.Placeholders(len(due)) + ")"
	n, err := c.tx.Exec(`
		UPDATE message
		SET lease = ?, next_at = ?, merge_key = NULL
		WHERE `+in+`
		AND next_at <= ?`, append(args, now)...)
	if err != nil || n == 0 {
		return err
	}
	var rows []Row
	if err := c.tx.All(&rows, `
		SELECT `+Columns+`
		FROM message
		WHERE `+in+`
		AND lease = ?
		ORDER BY id`, append(database.IDArgs(due), c.lease)...); err != nil {
		return err
	}
	open, err := openAttempts(c.tx, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		c.rows = append(c.rows, claimed{Row: r, open: open[r.ID]})
	}
	if err := c.takeOpen(); err != nil {
		return err
	}
	return c.recheck()
}

// openAttempt is an attempt without an end: its server was interrupted.
type openAttempt struct {
	ID       core.ID             `db:"id"`
	Message  core.ID             `db:"message_id"`
	Channel  core.MessageChannel `db:"channel"`
	App      string              `db:"app_id"`
	Open     string              `db:"open_id"`
	Template string              `db:"template_id"`
	Begun    database.Millis     `db:"begun_at"`
}

func openAttempts(tx *database.Tx, rows []Row) (map[core.ID]openAttempt, error) {
	var sending []core.ID
	for _, r := range rows {
		if r.State == core.MessageSending {
			sending = append(sending, r.ID)
		}
	}
	open := map[core.ID]openAttempt{}
	err := database.EachPart(sending, func(part []core.ID) error {
		var found []openAttempt
		err := tx.All(&found, `
			SELECT id, message_id, channel, app_id, open_id, template_id, begun_at
			FROM message_attempt
			WHERE message_id IN (`+database.Placeholders(len(part))+`)
			AND ended_at IS NULL`, database.IDArgs(part)...)
		for _, a := range found {
			open[a.Message] = a
		}
		return err
	})
	return open, err
}

// route decides about each claimed message, and writes the attempts of those that are sent.
func (c *claim) route() error {
	if len(c.rows) == 0 {
		return nil
	}
	var err error
	messages := make([]core.Message, len(c.rows))
	for i, row := range c.rows { // before the facts are read: a consent may come back
		if messages[i], err = c.interrupted(row); err != nil {
			return err
		}
	}
	if messages, err = c.fold(messages); err != nil {
		return err
	}
	if messages, err = c.undecided(messages); err != nil {
		return err
	}
	if c.facts, err = readFacts(readerOf(c.tx), c.setup, c.rows); err != nil {
		return err
	}
	var attempts [][]any
	sent := map[core.MessageChannel][]core.ID{}
	for _, m := range messages {
		step := c.step(m)
		if step.Send == "" || step.Send == core.ChannelInApp {
			if err := c.settle(m, step); err != nil {
				return err
			}
			continue
		}
		d := c.dispatch(m, step.Send) // before its consent is spent, without which nobody is reached
		if step.Send == core.ChannelSubscribe {
			if ok, err := c.spendGrant(d); err != nil || !ok {
				return firstError(err, database.ErrRace)
			}
		}
		attempts = append(attempts, attemptValues(c.tx, d))
		sent[step.Send] = append(sent[step.Send], m.ID)
		c.list = append(c.list, d)
	}
	if err := c.markSending(sent); err != nil {
		return err
	}
	return database.InsertRows(c.tx, database.InsertInto, "message_attempt", attemptColumns, attempts)
}

// step decides about a message. One that its recipient is not to know of is not sent: whether it may have been sent before is
// unknown, or it reached nobody.
func (c *claim) step(m core.Message) core.MessageStep {
	why, gone := c.gone[m.ID]
	now := c.tx.Now().In(c.ask.Zone)
	switch {
	case !gone || m.State == core.MessageSent:
		return core.Route(m, c.facts.reach(c.setup, m), c.ask.Quiet, now)
	case !m.Unsure.IsZero():
		return core.Route(m, nil, c.ask.Quiet, now)
	case why == core.WhyDecided, why == core.WhyTooLate:
		return core.MessageStep{State: core.MessageExpired, Reason: why}
	case why == core.WhyMuted:
		return core.MessageStep{State: core.MessageRefused, Reason: why}
	}
	return core.MessageStep{State: core.MessageUnreached, Reason: why}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// interrupted ends the attempt of a server that was interrupted. If its call may have gone out, the message
// is in doubt from then on; otherwise the consent that it was to use is there again.
func (c *claim) interrupted(row claimed) (core.Message, error) {
	m := row.Message()
	m.First = row.first
	if row.open.ID == 0 {
		return m, nil
	}
	state, reason := core.AttemptWithdrawn, core.MessageReason("")
	if !row.open.Begun.IsZero() {
		state, reason = core.AttemptUnknown, core.WhyInterrupted
		m.Reason = reason
		if m.Unsure.IsZero() {
			m.Unsure = row.open.Begun.Time
		}
	}
	n, err := c.tx.Exec(`
		UPDATE message_attempt
		SET state = ?, reason = ?, ended_at = ?
		WHERE id = ?
		AND ended_at IS NULL`, string(state), string(reason), c.tx.NowMS(), int64(row.open.ID))
	if err == nil && n == 1 && state == core.AttemptWithdrawn && row.open.Channel == core.ChannelSubscribe {
		err = giveBackGrant(c.tx, optOut{row.open.App, row.open.Open, row.open.Template})
	}
	if err == nil && !m.Unsure.Equal(row.Unsure.Time) {
		_, err = c.tx.Exec("UPDATE message SET unsure_at = ?, reason = ? WHERE id = ?",
			m.Unsure.UnixMilli(), string(reason), int64(m.ID))
	}
	return m, err
}

// settle writes the step of a message that is not sent now: it waits, is in its recipient's list, or has come
// to its end.
func (c *claim) settle(m core.Message, step core.MessageStep) error {
	if step.Send == core.ChannelInApp {
		m.Channel = core.ChannelInApp
		var err error
		if step, err = c.alreadyRead(m, step); err != nil {
			return err
		}
		if err := database.InsertRows(c.tx, database.InsertInto, "message_attempt", attemptColumns, [][]any{
			inAppAttempt(c.tx, m.ID),
		}); err != nil {
			return err
		}
		if err := countDay(c.tx, dayPlace{m.Community, core.ChannelInApp}, dayCount{sent: 1}); err != nil {
			return err
		}
	}
	ended := any(nil)
	if step.Next.IsZero() {
		ended = c.tx.NowMS()
	}
	code := m.Code
	if step.Reason != m.Reason {
		code = ""
	}
	_, err := c.tx.Exec(`
		UPDATE message
		SET state = ?, channel = ?, reason = ?, code = ?, lease = '', next_at = ?, ended_at = ?
		WHERE id = ?`,
		string(step.State), string(m.Channel), string(step.Reason), code, database.NullMillis(step.Next), ended, int64(m.ID))
	if err != nil || step.State != core.MessageWaiting {
		return err
	}
	return keepOpen(c.tx, m)
}

// alreadyRead returns the step of a message that comes into the bell, which is its delivery if its entry was read
// while it waited, or while another channel was tried. It locks the entry, so that one of the two sees the other.
func (c *claim) alreadyRead(m core.Message, step core.MessageStep) (core.MessageStep, error) {
	var read []core.ID
	err := c.tx.All(&read, "SELECT id FROM notice WHERE id = ? AND read_at IS NOT NULL"+c.tx.Dialect().ForUpdate(), int64(m.Notice))
	if len(read) > 0 {
		step.State, step.Next = core.MessageDelivered, time.Time{}
	}
	return step, err
}

// markSending records by which channel messages are sent now.
func (c *claim) markSending(sent map[core.MessageChannel][]core.ID) error {
	for channel, ids := range sent {
		err := database.EachPart(ids, func(part []core.ID) error {
			args := append([]any{string(channel), string(channel)}, database.IDArgs(part)...)
			_, err := c.tx.Exec(`
				UPDATE message
				SET state = 'sending', tries = CASE WHEN channel = ? THEN tries + 1 ELSE 1 END, channel = ?
				WHERE id IN (`+database.Placeholders(len(part))+`)`, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dispatch returns what the channel needs. Its attempt counts as begun at once where a repeat is recognised;
// elsewhere only Begin tells that the call goes out.
func (c *claim) dispatch(m core.Message, channel core.MessageChannel) core.Dispatch {
	if m.Channel == channel {
		m.Tries++
	} else {
		m.Channel, m.Tries, m.Unsure = channel, 1, time.Time{}
	}
	m.Place = c.facts.places[m.Community]
	d := core.Dispatch{
		Message: m, Attempt: c.tx.NewID(), Lease: c.lease, Held: c.ask.Lease, Key: "m" + m.ID.String(),
		Address: c.facts.reach(c.setup, m)[channel].Address,
	}
	d.AppID, d.Template = c.facts.sender(c.setup, m, channel)
	if channel.Dedup() > 0 {
		d.Begun = c.tx.Now()
	}
	return d
}

const attemptColumns = `id, message_id, channel, app_id, open_id, template_id, state, reason, code, platform_id,
	planned_at, begun_at, ended_at`

// attemptValues are those of an attempt. The open id is kept for reports of the platform; no phone number is.
func attemptValues(tx *database.Tx, d core.Dispatch) []any {
	open := d.Address
	if d.AppID == "" {
		open = ""
	}
	return []any{
		int64(d.Attempt), int64(d.ID), string(d.Channel), d.AppID, open, d.Template.ID, string(core.AttemptPlanned),
		"", "", "", tx.NowMS(), database.NullMillis(d.Begun), nil,
	}
}

func inAppAttempt(tx *database.Tx, message core.ID) []any {
	now := tx.NowMS()
	return []any{
		int64(tx.NewID()), int64(message), string(core.ChannelInApp), "", "", "", string(core.AttemptAccepted),
		"", "", "", now, now, now,
	}
}
