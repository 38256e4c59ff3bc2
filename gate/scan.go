package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// inFlightTime bounds how long a repeat waits for the answer to its first request: by then the
// reader has given up on the first.
const inFlightTime = 1500 * time.Millisecond

// inFlightPoll is how often it checks.
const inFlightPoll = 20 * time.Millisecond

// Result is the outcome of a scan. The zero Result is a refusal.
type Result struct {
	Decision core.Decision
	Record   core.AccessRecord // ID 0 = nothing recorded; for a repeat, only ID and Community are set
	Repeat   bool              // the device was given this answer before
}

// unavailable returns the refusal for when the cache or the database cannot answer.
func unavailable() Result {
	return Result{Decision: core.Decision{Reason: core.ReasonUnavailable, Sentence: "系统繁忙，请稍后再试"}}
}

// Call is what a reader sent.
type Call struct {
	Reader core.ID
	Key    string // digest of the secret it called with; "" = not checked
	Text   string // what was shown; if Unread, the message
	Unread bool   // the message cannot be parsed
	Head   int    // which of the device's heads has read; 0 = not told, or no difference
	Burst  int    // how often its protocol repeats a reading by itself
	Temp   int    // that it measured, in tenths of a degree; 0 = none
}

// Scan is Call for a reader that read text.
func (g *Gate) Scan(ctx context.Context, reader core.ID, text string) Result {
	return g.Call(ctx, Call{Reader: reader, Text: text})
}

// Call answers a reader. It never fails: what cannot be decided is refused. A reader that repeats
// itself gets the same answer, without a second count or record: a refusal within
// store.RepeatWindow, an opening as often as store.Reopen allows. If the key is no longer the
// reader's, nothing is recorded.
func (g *Gate) Call(ctx context.Context, c Call) Result {
	a := store.ScanAttempt{Via: core.ViaReader, Reader: c.Reader, Head: c.Head, ReaderKey: c.Key, Burst: c.Burst, TempTenths: c.Temp}
	if c.Unread {
		a.Unread = messageStart(c.Text[:min(len(c.Text), maxReaderText)])
	}
	return g.pass(ctx, a, c.Text, c.asker())
}

// asker identifies who repeats itself: each head of a device does on its own, since what is shown at the entrance and then at the
// exit is shown twice.
func (c Call) asker() string {
	asker := "r" + c.Reader.String() + c.Key[:min(len(c.Key), askerKey)]
	if c.Head != 0 {
		asker += "." + strconv.Itoa(c.Head)
	}
	return asker
}

// askerKey is how much of a reader's key distinguishes its callers: an answer to the old secret is
// not valid for the new one, or vice versa.
const askerKey = 16

// Passage is what a guard's page sends: the token's text, or the pass itself for a manual record,
// and what the guard chose and measured.
type Passage struct {
	Post, Guard core.ID
	GuardName   string
	FormKey     string // the form's idempotency key: sent twice it is one act; with other content, another
	Text        string // the token shown; "" = manual record
	Pass        core.ID
	Direction   core.Direction
	TempTenths  int
	IDNumber    string
	RefusedFor  string     // the guard's own reason to refuse; "" = the rules decide
	UrgentFor   string     // the guard's reason to release urgently; "" = an ordinary attempt
	By          core.Actor // the guard, for the audit log
	Items       []int      // places of what leaves by an exit slip
	ItemWords   string     // what these are, for the record
}

// Release records a passage through a guard: released if the rules allow it, or
// urgently if the post allows that, refused otherwise.
func (g *Gate) Release(ctx context.Context, p Passage) Result {
	a := store.ScanAttempt{
		Via: core.ViaGuard, Post: p.Post, Guard: p.Guard, GuardName: p.GuardName, Direction: p.Direction,
		TempTenths: p.TempTenths, IDNumber: p.IDNumber, RefusedFor: p.RefusedFor, UrgentFor: p.UrgentFor, By: p.By,
		Items: p.Items, ItemWords: p.ItemWords,
	}
	if p.Text == "" {
		a.Via, a.Pass = core.ViaManual, p.Pass
		a.TokenDigest = p.form()
		return g.manual(ctx, a)
	}
	return g.pass(ctx, a, p.Text, "g"+p.form())
}

// form identifies a form by its key and its content: a page that the browser kept and that is sent
// again for somebody else, or in the other direction, must not get the earlier decision.
func (p Passage) form() string {
	sum := sha256.Sum256(fmt.Appendf(
		nil, "form %d %q %d %q %d %t %q %q %v", p.Post, p.FormKey, p.Pass, p.Direction, p.TempTenths,
		p.IDNumber != "", p.RefusedFor, p.UrgentFor, p.Items,
	))
	return hex.EncodeToString(sum[:])
}

// pass claims, decides and settles.
func (g *Gate) pass(ctx context.Context, a store.ScanAttempt, text, asker string) Result {
	if code, ok := parseCard(text); ok {
		return g.passCard(ctx, a, code, asker)
	}
	began := time.Now()
	c := claimOf(text, asker)
	r := g.decide(ctx, a, c)
	g.tell(a, r, began)
	return r
}

// claimOf derives the keys of what was read. Text that is no token of ours still has a digest, so
// that its repeats are recognised.
func claimOf(text, asker string) *claim {
	if token, ok := ParseToken(text); ok {
		return &claim{shard: token.Shard(), digest: token.Digest(), asker: asker}
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	digest := hex.EncodeToString(sum[:])
	return &claim{shard: "x" + digest[:2], digest: digest, foreign: true, asker: asker}
}

func (g *Gate) decide(ctx context.Context, a store.ScanAttempt, c *claim) Result {
	if err := g.claimOrAwait(ctx, c); err != nil {
		g.failed(ctx, "claim", err)
		return unavailable()
	}
	if c.stored != nil {
		again, err := g.again(ctx, a, c)
		if err != nil {
			return g.undecided(ctx, c, "repeat an answer", err)
		}
		if again {
			g.unclaim(ctx, c) // the answer is final; another door may ask
			return Result{
				Decision: c.stored.Decision,
				Record:   core.AccessRecord{ID: c.stored.Record, Community: c.stored.Community}, Repeat: true,
			}
		}
		c.state = core.TokenUsed
	}
	a.Token, a.TokenDigest, a.Pass = c.state, c.digest, c.pass
	outcome, err := g.store.Scan(ctx, a)
	if err != nil {
		return g.undecided(ctx, c, "scan", err)
	}
	g.settling.later(c, func() {
		g.settle(ctx, c, answer{
			Decision: outcome.Decision, At: c.at.UnixMilli(),
			Record: outcome.Record.ID, Community: outcome.Record.Community,
		})
	})
	return Result{Decision: outcome.Decision, Record: outcome.Record, Repeat: outcome.Repeat}
}

// again reports whether a reader gets the answer that it was given before. An answer that opened is
// repeated only to a reader that did not receive it: anybody who shows the code again is told that
// it is used.
func (g *Gate) again(ctx context.Context, a store.ScanAttempt, c *claim) (bool, error) {
	if !c.stored.Decision.Allowed || a.Via != core.ViaReader {
		return true, nil
	}
	return g.store.Reopen(ctx, c.stored.Record, c.at.Sub(time.UnixMilli(c.stored.At)), a.Burst)
}

// undecided refuses what could not be decided, and releases the token.
func (g *Gate) undecided(ctx context.Context, c *claim, doing string, err error) Result {
	g.failed(ctx, doing, err)
	g.unclaim(ctx, c)
	return unavailable()
}

// claimOrAwait claims; a repeat whose first request is still being decided waits for its answer.
func (g *Gate) claimOrAwait(ctx context.Context, c *claim) error {
	deadline := time.NewTimer(inFlightTime)
	defer deadline.Stop()
	for {
		g.settling.token(ctx, c.digest)
		err := g.claim(ctx, c)
		if !errors.Is(err, errInFlight) {
			return err
		}
		poll := time.NewTimer(inFlightPoll)
		select {
		case <-poll.C:
		case <-deadline.C:
			poll.Stop()
			c.state = core.TokenBusy
			return nil
		case <-ctx.Done():
			poll.Stop()
			return ctx.Err()
		}
	}
}

// manual records a passage without a token: it needs no cache, so that guards can work while Redis
// is down. The form's digest makes a second submission a repeat.
func (g *Gate) manual(ctx context.Context, a store.ScanAttempt) Result {
	began := time.Now()
	outcome, err := g.store.Scan(ctx, a)
	r := Result{Decision: outcome.Decision, Record: outcome.Record, Repeat: outcome.Repeat}
	if err != nil {
		g.failed(ctx, "manual record", err)
		r = unavailable()
	}
	g.tell(a, r, began)
	return r
}

// RecordLate records what a guard wrote down without a connection. The form's key alone identifies it.
func (g *Gate) RecordLate(ctx context.Context, scope core.Scope, p Passage, late store.LatePassage) (Result, error) {
	began, sum := time.Now(), sha256.Sum256(fmt.Appendf(nil, "late %d %q", p.Guard, p.FormKey))
	a := store.ScanAttempt{
		Via: core.ViaManual, Post: p.Post, Guard: p.Guard, GuardName: p.GuardName, Direction: p.Direction, By: p.By, Late: &late,
		TokenDigest: hex.EncodeToString(sum[:]),
	}
	outcome, err := g.store.RecordLate(ctx, scope, a)
	if err != nil {
		return Result{}, err
	}
	r := Result{Decision: outcome.Decision, Record: outcome.Record, Repeat: outcome.Repeat}
	g.tell(a, r, began)
	return r, nil
}

// failed logs that a decision could not be made, unless the caller hung up.
func (g *Gate) failed(ctx context.Context, what string, err error) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		g.log.Error(what, "err", err)
	}
}

// tell informs metrics and live views once the decision is final.
func (g *Gate) tell(a store.ScanAttempt, r Result, began time.Time) {
	took := time.Since(began)
	g.speed.took(took)
	g.seen(Seen{Via: a.Via, Reader: a.Reader, Reason: r.Decision.Reason, Repeat: r.Repeat, Took: took})
	if r.Record.ID != 0 && !r.Repeat {
		g.live.hint(r.Record.Community)
	}
}

// Preview returns whose pass was shown and what the rules would decide, without claiming or
// recording anything. The decision is the one Release would make now: a code that cannot be looked up
// is refused as unavailable.
func (g *Gate) Preview(ctx context.Context, p Passage) (store.Preview, error) {
	a := store.ScanAttempt{Via: core.ViaGuard, Post: p.Post, Direction: p.Direction, TempTenths: p.TempTenths, IDNumber: p.IDNumber}
	if p.Text == "" {
		a.Via, a.Pass = core.ViaManual, p.Pass
		return g.store.PreviewScan(ctx, a)
	}
	if code, ok := parseCard(p.Text); ok {
		return g.previewCard(ctx, a, code)
	}
	pass, state, err := g.peek(ctx, claimOf(p.Text, ""))
	if err != nil {
		g.failed(ctx, "look at a code", err)
		return store.Preview{Decision: unavailable().Decision}, nil
	}
	a.Pass, a.Token = pass, state
	return g.store.PreviewScan(ctx, a)
}
