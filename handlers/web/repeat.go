package web

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// repeatTime is the minimum interval between repeats of a line.
	repeatTime = 10 * time.Second
	// maxRepeats limits the kinds of lines tracked at once; beyond it, kinds differ by message
	// only.
	maxRepeats = 200
	// maxNetworks limits the networks counted for one kind.
	maxNetworks = 32
)

// NetworkKey is the log attribute for the network of a caller, as returned by Context.Subnet.
const NetworkKey = "network"

// Repeats is a slog.Handler that keeps an attack or an outage from flooding the log. The first
// warning or error of a kind is written at once; those in the next ten seconds are counted and
// written as one line, with "repeats" and, if the lines name a network, the most frequent one.
// Lines below warning pass through.
//
// Lines are of one kind if level, message and attributes are equal, ignoring the request id, the
// network, a stack and all digits.
type Repeats struct {
	next   slog.Handler
	prefix string // the attributes and groups of this handler, part of the kind
	shared *repeatCounts
}

type repeatCounts struct {
	mu    sync.Mutex
	kinds map[string]*repeated
}

// repeated counts one kind of line within its ten seconds.
type repeated struct {
	next     slog.Handler
	last     slog.Record // the last one counted
	count    int
	networks map[string]int
	timer    *time.Timer
}

// NewRepeats returns a handler that writes to next.
func NewRepeats(next slog.Handler) *Repeats {
	return &Repeats{next: next, shared: &repeatCounts{kinds: map[string]*repeated{}}}
}

// Enabled implements slog.Handler.
func (h *Repeats) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h *Repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Repeats{next: h.next.WithAttrs(attrs), prefix: h.prefix + likeness(attrs), shared: h.shared}
}

// WithGroup implements slog.Handler.
func (h *Repeats) WithGroup(name string) slog.Handler {
	return &Repeats{next: h.next.WithGroup(name), prefix: h.prefix + name + ".", shared: h.shared}
}

// Handle implements slog.Handler.
func (h *Repeats) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && h.counted(r) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// counted counts a line and reports whether it is a repeat; the first of a kind starts its ten
// seconds.
func (h *Repeats) counted(r slog.Record) bool {
	network, attrs := "", make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == NetworkKey {
			network = a.Value.String()
		}
		attrs = append(attrs, a)
		return true
	})
	message := r.Level.String() + " " + r.Message
	kind := message + " " + h.prefix + likeness(attrs)
	s := h.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	k, known := s.kinds[kind]
	if !known && len(s.kinds) >= maxRepeats {
		kind = message
		k, known = s.kinds[kind]
	}
	if !known {
		k = &repeated{next: h.next, networks: map[string]int{}}
		k.timer = time.AfterFunc(repeatTime, func() { s.flush(kind) })
		s.kinds[kind] = k
		return false
	}
	k.last, k.count = r.Clone(), k.count+1
	k.from(network)
	return true
}

// from counts a network. When there are too many, the rarest make room: a network with more than
// one thirty-third of all calls is always kept.
func (k *repeated) from(network string) {
	if network == "" {
		return
	}
	if _, known := k.networks[network]; known || len(k.networks) < maxNetworks {
		k.networks[network]++
		return
	}
	for other := range k.networks {
		if k.networks[other]--; k.networks[other] == 0 {
			delete(k.networks, other)
		}
	}
}

// flush writes the counted lines of a kind. A kind without repeats is forgotten, so that its next
// line is written at once.
func (s *repeatCounts) flush(kind string) {
	s.mu.Lock()
	k := s.kinds[kind]
	if k == nil || k.count == 0 {
		delete(s.kinds, kind)
		s.mu.Unlock()
		return
	}
	next, line := k.next, k.line()
	k.count, k.networks = 0, map[string]int{}
	k.timer.Reset(repeatTime)
	s.mu.Unlock()
	_ = next.Handle(context.Background(), line) // errors of the log have nowhere to go
}

// line returns the last counted line, with the number of repeats and their main network.
func (k *repeated) line() slog.Record {
	line := slog.NewRecord(time.Now(), k.last.Level, k.last.Message, k.last.PC)
	k.last.Attrs(func(a slog.Attr) bool {
		if a.Key != NetworkKey {
			line.AddAttrs(a)
		}
		return true
	})
	if len(k.networks) > 0 {
		busiest := slices.MaxFunc(slices.Sorted(maps.Keys(k.networks)), func(a, b string) int { return k.networks[a] - k.networks[b] })
		line.AddAttrs(slog.String(NetworkKey, busiest))
	}
	line.AddAttrs(slog.Int("repeats", k.count))
	return line
}

// Close writes all counts so far. Later lines are still counted.
func (h *Repeats) Close() {
	h.shared.mu.Lock()
	kinds := slices.Collect(maps.Keys(h.shared.kinds))
	h.shared.mu.Unlock()
	for _, kind := range kinds {
		h.shared.flush(kind)
	}
}

// likeness returns the part of attributes that repeats have in common.
func likeness(attrs []slog.Attr) string {
	var b strings.Builder
	for _, a := range attrs {
		switch a.Key {
		case NetworkKey, "request_id", "stack":
			continue
		}
		b.WriteString(a.Key)
		b.WriteByte('=')
		b.WriteString(strings.Map(withoutDigits, a.Value.String()))
		b.WriteByte(' ')
	}
	return b.String()
}

// withoutDigits drops what varies between failures: ports, ids, times.
func withoutDigits(r rune) rune {
	if '0' <= r && r <= '9' {
		return -1
	}
	return r
}
