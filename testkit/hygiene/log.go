package hygiene

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Log is what a program of a test writes to its log. The test fails at its end if that has something that must not be in one.
type Log struct {
	mu    sync.Mutex
	kept  bytes.Buffer
	watch Filter
}

// NewLog returns the log of a test.
func NewLog(t testing.TB) *Log {
	l := &Log{watch: Filter{To: io.Discard}}
	t.Cleanup(func() {
		for _, found := range l.watch.Found() {
			t.Error(found)
		}
	})
	return l
}

// Logger returns a logger of all levels for code of a test whose log nobody reads. See Log.
func Logger(t testing.TB) *slog.Logger { return NewLog(t).Logger() }

// Logger returns a logger of all levels that writes here.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// maxKept bounds what a Log keeps for Holds: a test of many thousand messages reads none of it.
const maxKept = 4 << 20

// Write implements io.Writer.
func (l *Log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept.Len() < maxKept {
		l.kept.Write(text)
	}
	return l.watch.Write(text)
}

// Holds reports whether the log has a text.
func (l *Log) Holds(text string) bool { return strings.Contains(l.String(), text) }

// String returns the log.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.String()
}
