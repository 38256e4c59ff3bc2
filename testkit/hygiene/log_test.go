package hygiene

import (
	"log/slog"
	"strings"
	"testing"
)

// failing is a test that notes its errors, and whose end comes when it is asked to.
type failing struct {
	testing.TB
	end    []func()
	errors []any
}

func (f *failing) Cleanup(do func())  { f.end = append(f.end, do) }
func (f *failing) Error(found ...any) { f.errors = append(f.errors, found...) }

// A log with what it must not have fails its test at the end, at whatever level it was written.
func TestLog(t *testing.T) {
	for line, want := range map[string]int{"138" + "12345678": 1, "a phone number": 0} {
		f := &failing{TB: t}
		l := NewLog(f)
		l.Logger().Debug("x", slog.String("said", line))
		if !l.Holds(line) || !strings.Contains(l.String(), "level=DEBUG") {
			t.Errorf("it holds %q", l)
		}
		for _, end := range f.end {
			end()
		}
		if len(f.errors) != want {
			t.Errorf("%s: %q", line, f.errors)
		}
	}
}
