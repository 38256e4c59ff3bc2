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
	// repeatTime is how often a line that repeats is written at most.
	repeatTime = 10 * time.Second
	// maxRepeats bounds the kinds of lines that are told apart at once; further ones are
	// told apart by their message alone.
	maxRepeats = 200
	// maxNetworks bounds the networks that are counted for one kind.
	maxNetworks = 32
)

// NetworkKey is the attribute of a log line that names the network a call came from,
// as Context.Subnet has it.
const NetworkKey = "network"

// Repeats is a slog.Handler that keeps an attack or an outage from filling the log.
// The first warning or error of a kind is written at once; those that follow within
// ten seconds are counted and become one line, with "repeats" and, where the lines
// name a network, the one that most of them came from. Lines below warnings pass.
//
// Lines are of one kind if they have the same level, message and attributes, the
// request's id, the network, a stack and all digits aside.
type Repeats struct {
	next   slog.Handler
	prefix string // the attributes and groups of this handler, for the kind
	shared *repeatCounts
}

type repeatCounts struct {
	mu    sync.Mutex
	kinds map[string]*repeated
}

// repeated is one kind of line within its ten seconds.
type repeated struct {
	next     slog.Handler
	last     slog.Record // of those counted
	count    int
	networks map[string]int
	timer    *time.Timer
}

// NewRepeats counts repeats in front of a handler.
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

// counted reports whether a line is a repeat, which it counts; the first of a kind
// begins its ten seconds.
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

// from counts a network. Where there are too many, those of few calls make room: one
// that more than a thirty-third of all calls come from is always among the kept.
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

// flush writes what was counted of a kind. A kind of which nothing was is forgotten,
// so that its next line is written at once.
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
	_ = next.Handle(context.Background(), line) // the log is where errors are told
}

// line is the last of the counted lines, with how many there were and from where.
func (k *repeated) line() slog.Record {
	line := slog.NewRecord(time.Now(), k.last.Level, k.last.Message, k.last.PC)
	k.last.Attrs(func(a slog.Attr) bool {
		if a.Key != NetworkKey {
			line.AddAttrs(a)
		}
		return true
	})
	if len(k.networks) > 0 {
		most := slices.MaxFunc(slices.Sorted(maps.Keys(k.networks)), func(a, b string) int { return k.networks[a] - k.networks[b] })
		line.AddAttrs(slog.String(NetworkKey, most))
	}
	line.AddAttrs(slog.Int("repeats", k.count))
	return line
}

// Close writes what was counted so far. Lines after it are counted all the same.
func (h *Repeats) Close() {
	h.shared.mu.Lock()
	kinds := slices.Collect(maps.Keys(h.shared.kinds))
	h.shared.mu.Unlock()
	for _, kind := range kinds {
		h.shared.flush(kind)
	}
}

// likeness is what attributes have in common with those of a repeat.
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

// withoutDigits drops what differs from one failure to the next: ports, ids, times.
func withoutDigits(r rune) rune {
	if '0' <= r && r <= '9' {
		return -1
	}
	return r
}
