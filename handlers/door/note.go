package door

import (
	"time"

	"tongxing/core"
	"tongxing/gate"
)

// call is one call, or one message of a connected device, as the reader's last requests tell of it.
type call struct {
	family  gate.Protocol
	at      time.Time // by our clock
	began   time.Time
	reader  core.Reader // zero: unknown, and not noted
	wire    gate.Wire
	message gate.Message
	reply   gate.Reply
}

// note adds a call to its reader's last requests.
func (d *Door) note(c call, answer []byte, outcome Outcome) {
	if c.reader.ID == 0 {
		return
	}
	n := gate.NewCallNote(c.family, c.reader, c.wire, c.message, answer)
	n.At, n.Took, n.Outcome = c.at, time.Since(c.began), outcome
	if outcome == Scanned {
		n.Allowed, n.Reason = c.reply.Decision.Allowed, c.reply.Decision.Reason
	}
	if s := skew(c.message, c.at); s != nil {
		n.Skew = s.Milliseconds()
	}
	d.gate.NoteCall(c.reader.ID, n)
}

// noteLine adds the begin or the end of a connection, which metrics count, too.
func (d *Door) noteLine(s *session, outcome Outcome) {
	d.seen(s.family.Name, outcome)
	d.gate.NoteCall(s.now().ID, gate.CallNote{At: d.store.Now(), Outcome: outcome})
}
