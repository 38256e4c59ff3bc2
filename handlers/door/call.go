package door

import (
	"context"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
)

// scanner is the signature of gate.Gate's Call.
type scanner func(ctx context.Context, c gate.Call) gate.Result

// serve handles calls of one protocol family.
func (d *Door) serve(f gate.Protocol) web.Handler {
	return func(c *web.Context) error {
		answer, outcome := d.call(c, f)
		d.seen(f.Name, outcome)
		if outcome == Unknown || outcome == Limited {
			d.log.Warn("a reader was refused", "protocol", f.Name, "outcome", outcome, web.NetworkKey, c.Subnet())
		}
		return reply(c, f, answer)
	}
}

// call returns the complete response to one call. It never fails: a panic becomes the family's
// refusal.
func (d *Door) call(c *web.Context, f gate.Protocol) (answer []byte, outcome Outcome) {
	now := d.store.Now()
	made := call{family: f, began: time.Now(), at: now}
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic at a door", "protocol", f.Name, "stack", string(debug.Stack()))
			answer, outcome = f.Refusal(core.Reader{}, gate.Message{}, now), Failed
		}
		d.note(made, answer, outcome)
	}()
	ctx, cancel := context.WithTimeout(c.Ctx(), d.budget)
	defer cancel()
	wire, m := read(c, f, d.budget)
	made.wire, made.message = wire, m
	// The reader of a message that cannot be read is still looked up: a known reader gets its own
	// refusal, and its office sees what it sends.
	r, outcome := d.meet(ctx, c, f, m)
	made.reader = r
	if outcome != "" {
		return f.Refusal(r, m, now), outcome
	}
	made.reply, outcome = d.reply(ctx, f, r, called{key: calledWith(c, f), wire: wire, message: m})
	return f.Answer(r, m, made.reply, now), outcome
}

// called is what a known reader sent.
type called struct {
	key     store.ReaderKey // that it called with
	wire    gate.Wire
	message gate.Message
}

// reply does what a known reader's message wants.
func (d *Door) reply(ctx context.Context, f gate.Protocol, r core.Reader, c called) (gate.Reply, Outcome) {
	switch f.KindOf(r, c.message) {
	case gate.MessageScan:
		return d.scanned(ctx, f, r, c)
	case gate.MessageHeartbeat, gate.MessageOther:
		return gate.Reply{Taken: true}, Heartbeat
	case gate.MessageRecord:
		if err := d.gate.RecordOfDevice(ctx, r.ID, c.message); err != nil {
			d.log.Error("record what a device decided", "reader", r.ID, "err", err)
			return gate.Reply{}, Failed // it sends it again
		}
		return gate.Reply{Taken: true}, Reported
	}
	if text := c.wire.Text(); len(text) > 0 {
		d.decide(ctx, gate.Call{Reader: r.ID, Key: c.key.Digest, Text: string(text), Unread: true})
	}
	return gate.Reply{}, Malformed
}

// scanned decides on what was shown.
func (d *Door) scanned(ctx context.Context, f gate.Protocol, r core.Reader, c called) (gate.Reply, Outcome) {
	call := gate.Call{Reader: r.ID, Key: c.key.Digest, Text: c.message.Text, Burst: f.Burst, Head: headOf(r, c.message)}
	call.Temp = c.message.Temp
	result, decided := d.decide(ctx, call)
	if !decided {
		return gate.Reply{}, Failed
	}
	if result.Decision.Reason == core.ReasonReaderUnknown && result.Record.ID == 0 {
		d.known.forget(c.key) // its secret was changed on another server
	}
	return gate.Reply{Decision: result.Decision}, Scanned
}

// calledWith returns the key that a call was made with.
func calledWith(c *web.Context, f gate.Protocol) store.ReaderKey {
	key, _ := store.ReaderKeyOf(f.Name, c.Param("secret"))
	return key
}

// meet finds the calling reader and records the call. A non-empty outcome means that the call is
// refused whatever the message.
func (d *Door) meet(ctx context.Context, c *web.Context, f gate.Protocol, s gate.Message) (core.Reader, Outcome) {
	secret, addr := c.Param("secret"), c.Addr()
	r, err := d.known.find(ctx, f.Name, secret, c.Network())
	switch {
	case err == errLimited:
		return r, Limited
	case core.IsNotFound(err):
		d.presence.Quarantine(f.Name, s.Device, secret, addr)
		return core.Reader{}, Unknown
	case err != nil:
		if !c.HungUp() {
			d.log.Error("find a reader", "protocol", f.Name, "err", err)
		}
		return core.Reader{}, Failed
	}
	named := s.Device != "" || f.MustName && s.Kind != gate.MessageUnread
	if named && !strings.EqualFold(s.Device, r.Serial) {
		d.presence.Quarantine(f.Name, s.Device, secret, addr)
		return r, Unknown
	}
	d.presence.Touch(r.ID, skew(s, d.store.Now()))
	return r, ""
}

// headOf returns which head of the reader has read, if that makes a difference.
func headOf(r core.Reader, m gate.Message) int {
	if r.InNo == 0 {
		return 0
	}
	return m.Head
}

// skew returns how far the device's clock is ahead of ours; nil if the message has no time.
func skew(m gate.Message, now time.Time) *time.Duration {
	if m.Clock == 0 {
		return nil
	}
	skew := gate.Skew(m.Clock, now)
	return &skew
}

// decide runs the gate within the remaining time. A decision that comes later is still valid,
// though the reader was refused: the token is used up and the door stayed shut.
func (d *Door) decide(ctx context.Context, call gate.Call) (result gate.Result, decided bool) {
	done, scan := make(chan gate.Result, 1), d.scan
	d.flying.Go(func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				d.log.Error("panic in a scan", "reader", call.Reader, "stack", string(debug.Stack()))
			}
		}()
		done <- scan(ctx, call)
	})
	select {
	case r, ok := <-done:
		return r, ok
	case <-ctx.Done():
		return gate.Result{}, false
	}
}

// read reads what the reader sent; the zero message is one that cannot be read. What is too long is not
// looked at: its query, or its body's start, is all that is kept of it.
func read(c *web.Context, f gate.Protocol, budget time.Duration) (w gate.Wire, m gate.Message) {
	r := c.Request()
	w.Query, w.Method, w.Type = r.URL.RawQuery, r.Method, r.Header.Get("Content-Type")
	if _, path, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, prefix+f.Name+"/"), "/"); ok {
		w.Path = "/" + path
	}
	if len(w.Query) > f.MaxRequest || r.ContentLength > int64(f.MaxRequest) {
		c.Header().Set("Connection", "close")
		return w, m
	}
	if r.ContentLength != 0 {
		var err error
		if w.Body, err = readBody(c, f.MaxRequest, budget); err != nil {
			return w, m
		}
	}
	m, err := f.Read(w)
	if err != nil {
		return w, gate.Message{}
	}
	return w, m
}

// readBody reads at most one byte more than the maximum, and no longer than budget. If a sender is
// slow or sends too much, its connection is closed with the refusal: otherwise the server would
// wait for the rest of the body first.
func readBody(c *web.Context, most int, budget time.Duration) ([]byte, error) {
	control := http.NewResponseController(c.Writer())
	bounded := control.SetReadDeadline(time.Now().Add(budget)) == nil
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, int64(most)+1))
	if err != nil || len(body) > most {
		c.Header().Set("Connection", "close")
		return body, gate.ErrReaderRequest
	}
	if bounded {
		err = control.SetReadDeadline(time.Time{})
	}
	return body, err
}

// reply sends a complete response with its length.
func reply(c *web.Context, f gate.Protocol, answer []byte) error {
	return c.Bytes(http.StatusOK, f.ContentType, answer)
}
