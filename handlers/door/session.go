package door

import (
	"context"
	"strings"
	"sync"
	"time"

	"tongxing/broker"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
)

// Rhythms of what is done for connected doors.
const (
	holdEvery   = 15 * time.Second // this server says again which doors it holds
	ordersEvery = time.Second      // orders are looked for, if no server told of one
	sendTime    = time.Second      // of an answer, or of an order
)

// session is a device that holds a connection to this server's broker.
type session struct {
	family gate.Protocol
	key    store.ReaderKey
	conn   *broker.Conn // nil until it is here

	mu     sync.Mutex
	reader core.Reader
	last   gate.Message // that it sent
}

// May implements broker.Grant.
func (s *session) May(topic string, publish bool) bool { return s.family.May(s.now(), topic, publish) }

// now returns the reader as it is known now.
func (s *session) now() core.Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader
}

// heard notes the reader as it is known now, and what it sent.
func (s *session) heard(r core.Reader, m gate.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reader, s.last = r, m
}

// latest returns what it sent last.
func (s *session) latest() gate.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// sessions are the doors that this server holds. A device that connects again takes its own place.
type sessions struct {
	mu   sync.Mutex
	held map[core.ID]*session
}

// put adds a session and returns the one whose place it takes, if any.
func (s *sessions) put(of *session) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := of.now().ID
	before := s.held[id]
	s.held[id] = of
	return before
}

// drop removes a session, and reports whether it was in its place.
func (s *sessions) drop(of *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := of.now().ID
	if s.held[id] != of {
		return false
	}
	delete(s.held, id)
	return true
}

// of returns a door's session; nil if this server does not hold it.
func (s *sessions) of(reader core.ID) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[reader]
}

// Held returns the number of doors that this server holds.
func (d *Door) Held() int { return len(d.sessions.all()) }

// none reports whether this server holds no door.
func (s *sessions) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held) == 0
}

// all returns every session.
func (s *sessions) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.held))
	for _, of := range s.held {
		all = append(all, of)
	}
	return all
}

// Connect implements broker.Handler: the user is the reader's serial, the password its secret, and neither is worth anything without
// the other.
func (d *Door) Connect(h broker.Hello) broker.Grant {
	ctx, cancel := context.WithTimeout(context.Background(), d.budget)
	defer cancel()
	for _, f := range gate.Protocols() {
		if !f.Connected {
			continue
		}
		r, err := d.known.find(ctx, f.Name, h.Password, h.Addr)
		switch {
		case core.IsNotFound(err):
			d.seen(f.Name, Unknown)
			d.presence.Quarantine(f.Name, h.User, h.Password, h.Addr)
		case err != nil:
			d.seen(f.Name, Limited)
		case r.Serial != h.User:
			d.seen(f.Name, Unknown)
			d.presence.Quarantine(f.Name, h.User, h.Password, h.Addr)
		case r.Disabled.IsZero():
			key, _ := store.ReaderKeyOf(f.Name, h.Password)
			return &session{family: f, key: key, reader: r}
		}
	}
	return nil
}

// Here implements broker.Handler.
func (d *Door) Here(c *broker.Conn) {
	s, ok := c.Grant().(*session)
	if !ok {
		return
	}
	s.conn = c
	if before := d.sessions.put(s); before != nil {
		before.conn.Close()
	}
	d.presence.Touch(s.now().ID, nil)
	d.noteLine(s, gate.CallConnected)
	d.hold([]*session{s})
}

// Gone implements broker.Handler.
func (d *Door) Gone(c *broker.Conn) {
	s, ok := c.Grant().(*session)
	if !ok || !d.sessions.drop(s) {
		return
	}
	d.noteLine(s, gate.CallGone)
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	defer cancel()
	if err := d.gate.DropDoor(ctx, s.now().ID); err != nil {
		d.log.Warn("say that a door is gone", "err", err) // it is believed to be here for some seconds
	}
}

// Message implements broker.Handler.
func (d *Door) Message(c *broker.Conn, topic string, body []byte) {
	s, ok := c.Grant().(*session)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.budget)
	defer cancel()
	made := call{family: s.family, began: time.Now(), at: d.store.Now(), wire: gate.Wire{Topic: topic, Body: body}}
	answer, outcome := d.message(ctx, s, &made)
	d.note(made, answer, outcome)
	d.seen(s.family.Name, outcome)
	if outcome == Unknown || outcome == Limited {
		d.log.Warn("a reader was refused", "protocol", s.family.Name, "outcome", outcome)
	}
}

// message does what a connected device's message wants, and returns what it was answered.
func (d *Door) message(ctx context.Context, s *session, made *call) ([]byte, Outcome) {
	r, allowed := d.stillHere(ctx, s)
	made.reader = s.now()
	switch {
	case !allowed:
		s.conn.Close()
		return nil, Unknown
	case !d.known.allows(s.key):
		return nil, Limited
	}
	m, err := s.family.Read(made.wire)
	if err != nil {
		m = gate.Message{}
	}
	made.message = m
	if err == nil && !strings.EqualFold(m.Device, r.Serial) {
		return nil, Unknown // it speaks for another: the connection says who it is
	}
	s.heard(r, m)
	d.presence.Touch(r.ID, skew(m, made.at))
	outcome := Heartbeat
	switch s.family.KindOf(r, m) {
	case gate.MessageAnswer:
		if err := d.gate.DoorAnswered(ctx, r.ID, m.Number, m.Opened); err != nil {
			d.log.Error("note an answer to an order", "reader", r.ID, "err", err)
			return nil, Failed
		}
		return nil, Answered
	case gate.MessageOther:
		return nil, Heartbeat
	default:
		made.reply, outcome = d.reply(ctx, s.family, r, called{key: s.key, wire: made.wire, message: m})
	}
	to := s.family.AnswerTopic(r, m)
	if to == "" {
		return nil, outcome
	}
	answer := s.family.Answer(r, m, made.reply, made.at)
	if err := s.conn.Send(to, answer, sendTime); err != nil {
		return nil, Failed
	}
	return answer, outcome
}

// Orders carries out orders to doors that this server holds, and ends those that are over, until ctx ends.
func (d *Door) Orders(ctx context.Context) {
	told := d.gate.WatchCommands(ctx)
	look, hold := time.NewTicker(ordersEvery), time.NewTicker(holdEvery)
	defer look.Stop()
	defer hold.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hold.C:
			d.hold(d.sessions.all())
			continue
		case <-told:
		case <-look.C:
		}
		d.dismiss(ctx)
		if err := d.orders(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("carry out orders to doors", "err", err)
		}
	}
}

// dismiss ends the sessions of readers that are not what they were when they connected.
func (d *Door) dismiss(ctx context.Context) {
	for _, s := range d.sessions.all() {
		if _, still := d.stillHere(ctx, s); !still {
			s.conn.Close()
		}
	}
}

// stillHere returns a session's reader as it is known now, and whether it may still be connected. If that cannot be found out, it
// is what it was.
func (d *Door) stillHere(ctx context.Context, s *session) (core.Reader, bool) {
	was := s.now()
	r := d.known.peek(s.key)
	if r.ID == 0 { // it was changed this moment, or is not valid any more
		var err error
		if r, err = d.store.ReaderByKey(ctx, s.key); err != nil && !core.IsNotFound(err) {
			return was, true
		}
	}
	return r, r.ID == was.ID && r.Disabled.IsZero() && r.Serial == was.Serial
}

// hold tells every server which doors this one holds.
func (d *Door) hold(all []*session) {
	ids := make([]core.ID, len(all))
	for i, s := range all {
		ids[i] = s.now().ID
	}
	if err := d.gate.HoldDoors(context.Background(), ids); err != nil {
		d.log.Warn("say which doors are here", "err", err) // they cannot be ordered to open until the next time
	}
}

// orders takes what waits for the doors of this server, and sends it. What took too long to be taken is not sent.
func (d *Door) orders(ctx context.Context) error {
	began := time.Now()
	now, err := d.gate.Clock(ctx)
	if err != nil {
		return err
	}
	if err := d.store.EndDoorCommands(ctx, now); err != nil {
		return err
	}
	if d.sessions.none() {
		return nil
	}
	taken, err := d.store.TakeDoorCommands(ctx, func(reader core.ID) bool { return d.sessions.of(reader) != nil }, now)
	if err != nil {
		return err
	}
	for _, c := range taken {
		s := d.sessions.of(c.Reader)
		if s == nil || c.Ends.Sub(now)-time.Since(began) < broker.Unacknowledged {
			continue // never sent, since it would come too late: it stays without an answer
		}
		d.flying.Go(func() { d.push(s, c, now.Add(time.Since(began))) })
	}
	return nil
}

// push sends an order to a door.
func (d *Door) push(s *session, c core.DoorCommand, now time.Time) {
	p := s.family.Push(s.now(), c, s.latest(), now)
	if err := s.conn.Send(p.Topic, p.Body, sendTime); err != nil {
		d.log.Warn("send an order to a door", "reader", c.Reader, "err", err)
	}
}
