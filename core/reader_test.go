package core

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func goodReader() Reader {
	r := NewReader()
	r.Name, r.Gate, r.Serial = "东门出口", "东门", "HZ2C3BAE"
	return r
}

func TestReaderCheck(t *testing.T) {
	if err := goodReader().Trimmed().Check(); err != nil {
		t.Fatalf("a good reader: %v", err)
	}
	for field, spoil := range map[string][]func(r *Reader){
		"name": {func(r *Reader) { r.Name = " " }, func(r *Reader) { r.Name = strings.Repeat("门", 65) }},
		"gate": {func(r *Reader) { r.Gate = "" }},
		"serial": {func(r *Reader) {
			r.Serial = ""
		}, func(r *Reader) {
			r.Serial = "a&b"
		}, func(r *Reader) { r.Serial = "门" }, func(r *Reader) { r.Serial = strings.Repeat("1", 65) }},
		"direction": {
			func(r *Reader) { r.Direction = "" }, func(r *Reader) { r.Direction = "up" },
		},
		"kinds":             {func(r *Reader) { r.Kinds = nil }, func(r *Reader) { r.Kinds = []PassKind{"king"} }},
		"scope_nodes":       {func(r *Reader) { r.ScopeNodes = make([]ID, 81) }},
		"heartbeat_seconds": {func(r *Reader) { r.HeartbeatSeconds = 29 }, func(r *Reader) { r.HeartbeatSeconds = 86401 }},
		"heartbeat_text":    {func(r *Reader) { r.HeartbeatText = "心跳" }, func(r *Reader) { r.HeartbeatText = "a&&devicenumber=1" }},
		"deny_code":         {func(r *Reader) { r.DenyCode = "0001" }, func(r *Reader) { r.DenyCode = "" }},
		"protocol":          {func(r *Reader) { r.Protocol = "" }, func(r *Reader) { r.Protocol = "ximo" }},
		"firmware":          {func(r *Reader) { r.Firmware = strings.Repeat("1", 65) }},
	} {
		for i, f := range spoil {
			r := goodReader()
			f(&r)
			var e *Error
			if err := r.Trimmed().Check(); !errors.As(err, &e) || e.Fields[field] == "" || len(e.Fields) != 1 {
				t.Errorf("%s, %d: got %v, want this field alone", field, i, err)
			}
		}
	}
}

// A reader of which nothing else is said is expected to be heard as often as its family is.
func TestReadersAreSilentByFamily(t *testing.T) {
	for protocol, want := range map[string]int{
		ProtocolVguang: 60, ProtocolMcardsea: 12 * 60 * 60, ProtocolTurnstile: 60, ProtocolVbar: 60,
	} {
		r := NewReader()
		r.Protocol = protocol
		if got := r.Trimmed().HeartbeatSeconds; got != want {
			t.Errorf("%s: %d seconds, want %d", protocol, got, want)
		}
		r.HeartbeatSeconds = 90
		if got := r.Trimmed().HeartbeatSeconds; got != 90 {
			t.Errorf("%s: %d seconds instead of what was said", protocol, got)
		}
	}
	for _, p := range ReaderProtocols() {
		if p.Beats != (p.Quiet < 10*60) {
			t.Errorf("%s: silent for %d seconds", p.Name, p.Quiet)
		}
	}
}

func TestMcardseaReaderNeedsNoVguangSettings(t *testing.T) {
	r := goodReader()
	r.Protocol, r.DenyCode, r.HeartbeatText = ProtocolMcardsea, "0", "什么"
	if r = r.Trimmed(); r.Check() != nil || !SafeDenyCode(r.DenyCode) || r.HeartbeatText != "" {
		t.Errorf("got %+v, %v", r, r.Check())
	}
}

// Firmware reads the code as hexadecimal and opens on 0–8; others may read it as decimal or by its
// first digits. Every code that SafeDenyCode accepts must be a refusal in each reading.
func TestSafeDenyCodes(t *testing.T) {
	var safe []string
	for n := range 0x10000 {
		code := []byte{"0123456789abcdef"[n>>12], "0123456789abcdef"[n>>8&15], "0123456789abcdef"[n>>4&15], "0123456789abcdef"[n&15]}
		if SafeDenyCode(string(code)) {
			safe = append(safe, string(code))
			if n <= 8 || n&0xff == 0xff || strings.ContainsAny(string(code), "abcdef") || code[0] == '0' {
				t.Errorf("%s is not safe", code)
			}
		}
	}
	if len(safe) != 9000 || !slices.Contains(safe, DefaultDenyCode) {
		t.Errorf("%d safe codes", len(safe))
	}
	for _, code := range []string{"", "0", "1", "8", "0000", "00ff", "03FF", "10000", "1000 ", "１０００", "100\x00", "-100", "+100", "1e10"} {
		if SafeDenyCode(code) {
			t.Errorf("%q passes", code)
		}
	}
}

func TestReaderState(t *testing.T) {
	now := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		silent time.Duration
		want   ReaderState
	}{
		{-time.Second, ReaderOnline}, // the server that wrote it is slightly ahead
		{0, ReaderOnline}, {150 * time.Second, ReaderOnline}, {151 * time.Second, ReaderStale},
		{600 * time.Second, ReaderStale}, {601 * time.Second, ReaderOffline},
	} {
		r := Reader{HeartbeatSeconds: 60, LastSeen: now.Add(-c.silent)}
		if got := r.State(now); got != c.want {
			t.Errorf("silent for %s: %s, want %s", c.silent, got, c.want)
		}
	}
	if got := (Reader{HeartbeatSeconds: 60}).State(now); got != ReaderNever {
		t.Errorf("never seen: %s", got)
	}
}

func TestWayAtAHead(t *testing.T) {
	for _, c := range []struct {
		dir        Direction
		inNo, head int
		want       Direction
	}{
		{Out, 0, 0, Out}, {Out, 0, 2, Out}, {In, 0, 1, In},
		{Out, 1, 0, Out}, {Out, 1, 1, In}, {Out, 1, 2, Out}, {In, 2, 1, Out}, {In, 2, 2, In}, {"", 2, 2, In},
	} {
		if got := WayAt(c.dir, c.inNo, c.head); got != c.want {
			t.Errorf("a reader of %q, entrance %d, head %d: %q, want %q", c.dir, c.inNo, c.head, got, c.want)
		}
	}
}
