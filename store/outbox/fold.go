package outbox

import (
	"cmp"
	"maps"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// What waits unsent for one recipient, of one kind that is merged, is one message when it goes. The one that waits
// holds the key of its kind and recipient, by which Put finds it; it gives the key up with the claim, and takes
// it again if it has to wait on: for the morning, or for a channel that is stopped.

// mergeKey is the same for messages that become one; "" if those of the kind do not.
func mergeKey(kind core.MessageKind, to, community core.ID) string {
	if kind.Type().Merge == 0 {
		return ""
	}
	return string(kind) + ":" + to.String() + ":" + community.String()
}

// keyOf returns the key that a message holds while it waits; "" = none: it may have been sent, or goes on by a channel
// that is not the first for others.
func keyOf(m core.Message) string {
	if m.State == core.MessageSent || !m.Unsure.IsZero() || len(m.Tried) > 0 {
		return ""
	}
	return mergeKey(m.Kind, m.To, m.Community)
}

// takeOpen claims, beside messages of which something may be sent now, what waits for the same recipients.
func (c *claim) takeOpen() error {
	var keys []string
	for _, r := range c.rows {
		if key := keyOf(r.Message()); key != "" && r.open.Begun.IsZero() {
			keys = append(keys, key)
		}
	}
	open := map[string]core.ID{}
	if err := database.EachPart(keys, func(part []string) error { return openMessages(c.tx, part, open) }); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Values(open)) {
		if err := c.tx.ExecOne(database.ErrRace, `
			UPDATE message
			SET lease = ?, next_at = ?, merge_key = NULL
			WHERE id = ?
			AND merge_key IS NOT NULL`, c.lease, c.tx.Now().Add(c.ask.Lease).UnixMilli(), int64(id)); err != nil {
			return err
		}
		row := claimed{}
		if err := c.tx.Get(&row.Row, "SELECT "+Columns+" FROM message WHERE id = ?", int64(id)); err != nil {
			return err
		}
		c.rows = append(c.rows, row)
	}
	slices.SortFunc(c.rows, func(a, b claimed) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// fold makes one of the claimed messages that tell the same recipient of the same kind: the oldest. The others'
// fate is to be part of it.
func (c *claim) fold(messages []core.Message) ([]core.Message, error) {
	var rest []core.Message
	first := map[string]int{} // in rest
	parts := map[int][]core.Message{}
	for _, m := range messages {
		key := keyOf(m)
		at, found := first[key]
		switch {
		case key == "":
		case found:
			parts[at] = append(parts[at], m)
			continue
		default:
			first[key] = len(rest)
		}
		rest = append(rest, m)
	}
	for at := range rest {
		var err error
		if rest[at], err = foldInto(c.tx, rest[at], parts[at]); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// foldInto makes messages part of another, with those that are part of them.
func foldInto(tx *database.Tx, m core.Message, parts []core.Message) (core.Message, error) {
	if len(parts) == 0 {
		return m, nil
	}
	ids := make([]core.ID, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
		m.Events += p.Events
		if p.Expires.After(m.Expires) {
			m.Expires = p.Expires // the latest event is still news
		}
	}
	in := "IN (" + database.Placeholders(len(ids)) + ")"
	if _, err := tx.Exec(`
		UPDATE message
		SET state = 'merged', merged_into = ?, merge_key = NULL, reason = '', code = '', lease = '', next_at = NULL, ended_at = ?
		WHERE id `+in, append([]any{int64(m.ID), tx.NowMS()}, database.IDArgs(ids)...)...); err != nil {
		return m, err
	}
	args := append([]any{int64(m.ID), m.ToKind, int64(m.To), int64(slices.Min(ids))}, database.IDArgs(ids)...)
	if _, err := tx.Exec(`
		UPDATE message
		SET merged_into = ?
		WHERE to_kind = ?
		AND to_id = ?
		AND id > ?
		AND merged_into `+in, args...); err != nil {
		return m, err
	}
	_, err := tx.Exec("UPDATE message SET events = ?, expires_at = ? WHERE id = ?", m.Events, m.Expires.UnixMilli(), int64(m.ID))
	return m, err
}

// keepOpen sets the key of a message that waits on, as it was before the claim. If another of the key was opened while
// this one was on its way, the younger becomes part of the older.
func keepOpen(tx *database.Tx, m core.Message) error {
	key := keyOf(m)
	if key == "" {
		return nil
	}
	open := map[string]core.ID{}
	if err := openMessages(tx, []string{key}, open); err != nil {
		return err
	}
	if id := open[key]; id != 0 {
		if err := tx.ExecOne(database.ErrRace, "UPDATE message SET merge_key = NULL WHERE id = ? AND merge_key = ?",
			int64(id), key); err != nil {
			return err
		}
		var row Row
		if err := tx.Get(&row, "SELECT "+Columns+" FROM message WHERE id = ?", int64(id)); err != nil {
			return err
		}
		older, younger := m, row.Message()
		if younger.ID < older.ID {
			older, younger = younger, older
		}
		var err error
		if m, err = foldInto(tx, older, []core.Message{younger}); err != nil {
			return err
		}
	}
	_, err := tx.Exec("UPDATE message SET merge_key = ? WHERE id = ?", key, int64(m.ID))
	if database.IsDuplicate(err) {
		return database.ErrRace
	}
	return err
}
