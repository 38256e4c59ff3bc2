package gate

import (
	"context"

	"tongxing/core"
)

// RecordOfDevice records what a terminal let through without asking us. What it returns nil for need not be sent again: it is recorded,
// or there is nothing to record. Nothing opened where the terminal refused; and it cannot know a card of ours, so that it has asked.
func (g *Gate) RecordOfDevice(ctx context.Context, reader core.ID, m Message) error {
	if m.Record == nil || !m.Record.Opened {
		return nil
	}
	if _, card := parseCard(m.Text); card {
		return nil
	}
	d := *m.Record
	if token, ok := ParseToken(m.Text); ok {
		d.Code = token.Digest()
	}
	r, err := g.store.RecordOfDevice(ctx, reader, d)
	if err != nil {
		return err
	}
	if r.Reason == core.ReasonDevice {
		g.live.hint(r.Community)
	}
	return nil
}
