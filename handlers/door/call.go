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
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic at a door", "protocol", f.Name, "stack", string(debug.Stack()))
			answer, outcome = f.Answer(core.Reader{}, gate.Message{}, false, now), Failed
		}
	}()
	ctx, cancel := context.WithTimeout(c.Ctx(), d.budget)
	defer cancel()
	s, message, err := read(c, f, d.budget)
	if err != nil {
		// Its reader is still looked up: a known reader gets its own refusal, and its office sees
		// what it sends.
		s = gate.Message{}
	}
	key, _ := store.ReaderKeyOf(f.Name, c.Param("secret"))
	r, outcome := d.meet(ctx, c, f, s)
	switch {
	case outcome != "":
		return f.Answer(r, s, false, now), outcome
	case err != nil && len(message) == 0:
		return f.Answer(r, s, false, now), Malformed
	case err != nil:
		d.decide(ctx, gate.Call{Reader: r.ID, Key: key.Digest, Text: string(message), Unread: true})
		return f.Answer(r, s, false, now), Malformed
	case f.IsHeartbeat(r, s):
		return f.Answer(r, s, false, now), Heartbeat
	}
	result, decided := d.decide(ctx, gate.Call{Reader: r.ID, Key: key.Digest, Text: s.Text, Burst: f.Burst, Head: headOf(r, s)})
	if !decided {
		return f.Answer(r, s, false, now), Failed
	}
	if result.Decision.Reason == core.ReasonReaderUnknown && result.Record.ID == 0 {
		d.known.forget(key) // its secret was changed on another server
	}
	return f.Answer(r, s, result.Decision.Allowed, now), Scanned
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
	named := s.Device != "" || f.MustName && s.Text != ""
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

// read parses what the reader sent, its body or else its query, unchanged: texts in it are not
// escaped, and no form parser may touch them. It also returns the raw message, to record one that
// cannot be parsed.
func read(c *web.Context, f gate.Protocol, budget time.Duration) (s gate.Message, message []byte, err error) {
	r := c.Request()
	message = []byte(r.URL.RawQuery)
	if len(message) > gate.MaxReaderRequest || r.ContentLength > gate.MaxReaderRequest {
		c.Header().Set("Connection", "close")
		return gate.Message{}, message, gate.ErrReaderRequest
	}
	if r.ContentLength != 0 {
		body, err := readBody(c, budget)
		if err != nil {
			return gate.Message{}, body, err
		}
		if len(body) > 0 {
			message = body
		}
	}
	s, err = f.Parse(message)
	return s, message, err
}

// readBody reads at most one byte more than the maximum, and no longer than budget. If a sender is
// slow or sends too much, its connection is closed with the refusal: otherwise the server would
// wait for the rest of the body first.
func readBody(c *web.Context, budget time.Duration) ([]byte, error) {
	control := http.NewResponseController(c.Writer())
	bounded := control.SetReadDeadline(time.Now().Add(budget)) == nil
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, gate.MaxReaderRequest+1))
	if err != nil || len(body) > gate.MaxReaderRequest {
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
