package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
)

// The last requests of a reader, for the people who install it: a short list in Redis, so that every server has the same. Nothing
// depends on it. It has no code, secret, name or number; see Protocol.masked.

const (
	callsKept = 50             // requests of one reader
	callsLife = 24 * time.Hour // after the last
	callsWait = 100 * time.Millisecond
)

// CallOutcome is the result of a reader's call, for metrics and its last requests.
type CallOutcome string

// The outcomes.
const (
	CallScanned   CallOutcome = "scanned"   // the gate decided; its own metrics have the decision
	CallHeartbeat CallOutcome = "heartbeat" // a heartbeat only
	CallMalformed CallOutcome = "malformed" // not a message of this family, or too long
	CallUnknown   CallOutcome = "unknown"   // no such secret, or another device uses it
	CallLimited   CallOutcome = "limited"   // too many calls
	CallAnswered  CallOutcome = "answered"  // an answer to an order
	CallReported  CallOutcome = "reported"  // it told what it had decided without asking
	CallFailed    CallOutcome = "failed"    // database unavailable, timeout, panic
	CallConnected CallOutcome = "connected" // no call: a connection began; in the last requests alone
	CallGone      CallOutcome = "gone"      // it ended
)

// CallNote is one request of a reader, or the begin or end of its connection.
type CallNote struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"` // until it was answered
	Outcome CallOutcome   `json:"outcome"`
	Kind    MessageKind   `json:"kind"`
	Shown   int           `json:"shown"` // characters of what was shown; 0 = nothing was
	Ours    bool          `json:"ours"`  // and it looks like a code of ours
	Reason  core.Reason   `json:"reason"`
	Allowed bool          `json:"allowed"`
	Skew    int64         `json:"skew"` // of the device's clock, in milliseconds
	Sent    string        `json:"sent"`
	Answer  string        `json:"answer"`
}

// NewCallNote returns the note of a message and its answer, with everything hidden that opens a door or says who was there.
func NewCallNote(p Protocol, r core.Reader, w Wire, m Message, answer []byte) CallNote {
	n := CallNote{Kind: p.KindOf(r, m), Sent: p.masked(r, w), Answer: p.maskedAnswer(r, answer)}
	if n.Kind == MessageScan {
		n.Shown = utf8.RuneCountInString(m.Text)
		_, token := ParseToken(m.Text)
		_, card := parseCard(m.Text)
		n.Ours = token || card
	}
	return n
}

func callsKey(reader core.ID) string { return "calls:" + reader.String() }

// callRing writes notes outside the call's own path, those of a moment at once. What Redis does not take is lost.
type callRing struct {
	redis   redis.UniversalClient
	log     *slog.Logger
	mu      sync.Mutex
	pending map[core.ID][]CallNote
	wake    chan struct{}
	stop    chan struct{}
	done    chan struct{}
}

func newCallRing(r redis.UniversalClient, log *slog.Logger) *callRing {
	c := &callRing{
		redis: r, log: log, pending: map[core.ID][]CallNote{}, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		done: make(chan struct{}),
	}
	go c.loop()
	return c
}

// NoteCall adds to the last requests of a reader.
func (g *Gate) NoteCall(reader core.ID, n CallNote) {
	c := g.calls
	c.mu.Lock()
	notes := append(c.pending[reader], n)
	c.pending[reader] = notes[max(0, len(notes)-callsKept):]
	c.mu.Unlock()
	nudge(c.wake)
}

// LastCalls returns the last requests of a reader, newest first.
func (g *Gate) LastCalls(ctx context.Context, reader core.ID) ([]CallNote, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	lines, err := g.redis.LRange(ctx, callsKey(reader), 0, callsKept-1).Result()
	if err != nil {
		return nil, fmt.Errorf("gate: the last requests of a reader: %w", err)
	}
	notes := make([]CallNote, 0, len(lines))
	for _, line := range lines {
		var n CallNote
		if json.Unmarshal([]byte(line), &n) == nil { // else of another version of the program
			notes = append(notes, n)
		}
	}
	return notes, nil
}

// WatchCalls returns a channel that receives when a reader may have made requests. It ends with ctx; the channel is never closed.
func (g *Gate) WatchCalls(ctx context.Context, reader core.ID) <-chan struct{} {
	return g.watch(ctx, []string{callsKey(reader)})
}

func (c *callRing) loop() {
	defer close(c.done)
	for {
		select {
		case <-c.stop:
			c.write()
			return
		case <-c.wake:
		}
		c.write()
		pause := time.NewTimer(callsWait)
		select {
		case <-pause.C:
		case <-c.stop:
			pause.Stop()
			c.write()
			return
		}
	}
}

// write adds what is pending to the lists, and tells the pages that show them.
func (c *callRing) write() {
	c.mu.Lock()
	pending := c.pending
	c.pending = map[core.ID][]CallNote{}
	c.mu.Unlock()
	if len(pending) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := c.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for reader, notes := range pending {
			key, lines := callsKey(reader), make([]any, len(notes))
			for i, n := range notes {
				line, err := json.Marshal(n)
				if err != nil {
					return err
				}
				lines[i] = line
			}
			p.LPush(ctx, key, lines...)
			p.LTrim(ctx, key, 0, callsKept-1)
			p.Expire(ctx, key, callsLife)
			p.Publish(ctx, key, "1")
		}
		return nil
	})
	if err != nil {
		c.log.Warn("note the last requests of readers", "err", err)
	}
}

func (c *callRing) close() {
	close(c.stop)
	<-c.done
}
