package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// aTerminal creates a reader that can tell what it decided.
func aTerminal(t *testing.T, s *Store, community core.ID, serial string) core.ID {
	t.Helper()
	r := aReader(community, serial)
	r.Protocol, r.Direction = core.ProtocolHTTPv2, core.Out
	id, _, err := s.CreateReader(t.Context(), core.System, everywhere, r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestWhatADeviceDecidedIsRecordedOnce: whatever is sent again, also by two connections at once, is one record, of the time that the
// device says; and a code that it opened for opens nothing afterwards.
func TestWhatADeviceDecidedIsRecordedOnce(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newScanSite(t, s, 2)
		here, there := aTerminal(t, s, p.community, "N1"), aTerminal(t, s, p.community, "N2")
		clock.Add(15 * time.Hour)
		d := core.DeviceRecord{
			Number: 120, Clock: s.Now().Add(-time.Hour).Unix(), Type: 3, Opened: true, Means: "人脸", Name: " 张三 ", TempTenths: 366,
		}
		var sent sync.WaitGroup
		ids := make([]core.ID, 8)
		for i := range ids {
			sent.Go(func() {
				r, err := s.RecordOfDevice(t.Context(), here, d)
				if err != nil {
					t.Error(err)
				}
				ids[i] = r.ID
			})
		}
		sent.Wait()
		for _, id := range ids {
			if id == 0 || id != ids[0] {
				t.Errorf("recorded as %v", ids)
				break
			}
		}
		r, err := s.AccessRecord(t.Context(), everywhere, ids[0])
		if err != nil || !r.Allowed || r.Counted || r.Reason != core.ReasonDevice || r.Via != core.ViaReader || r.Reader != here ||
			r.At.Unix() != d.Clock || r.Name != "张三" || r.Person != 0 || r.Note != "人脸" || r.TempTenths != 366 ||
			r.ResultLabel() != "设备自行放行" {
			t.Errorf("%+v, %v", r, err)
		}
		for name, change := range map[string]func(d *core.DeviceRecord){
			"another number":           func(d *core.DeviceRecord) { d.Number++ },
			"numbers that start again": func(d *core.DeviceRecord) { d.Clock++ },
			"a code":                   func(d *core.DeviceRecord) { d.Code = strings.Repeat("a", 64) },
		} {
			other := d
			change(&other)
			if r, err := s.RecordOfDevice(t.Context(), here, other); err != nil || r.ID == ids[0] {
				t.Errorf("%s is the same: %v", name, err)
			}
		}
		if r, err := s.RecordOfDevice(t.Context(), there, d); err != nil || r.ID == ids[0] {
			t.Errorf("another device's is the same: %v", err)
		}
		used := ScanAttempt{
			Via: core.ViaGuard, Post: p.post, Direction: core.Out, Pass: p.passes[0], Token: core.TokenLive,
			TokenDigest: strings.Repeat("a", 64),
		}
		if d := mustScan(t, s, used); d.Allowed || d.Reason != core.ReasonTokenUsed {
			t.Errorf("the code opens again: %+v", d)
		}
		if _, err := s.RecordOfDevice(t.Context(), 4711, d); !core.IsNotFound(err) {
			t.Errorf("of no reader: %v", err)
		}
	})
}

// TestADeviceReportsWhatWasAsked: of a code that has let somebody through, nothing further is recorded.
func TestADeviceReportsWhatWasAsked(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newScanSite(t, s, 2)
		here := aTerminal(t, s, p.community, "N1")
		clock.Add(15 * time.Hour)
		digest := strings.Repeat("b", 64)
		out, err := s.Scan(t.Context(), ScanAttempt{
			Via: core.ViaGuard, Post: p.post, Direction: core.Out, Pass: p.passes[0], Token: core.TokenLive, TokenDigest: digest,
		})
		if err != nil || !out.Decision.Allowed {
			t.Fatalf("%+v, %v", out, err)
		}
		asked := core.DeviceRecord{Number: 1, Clock: s.Now().Unix(), Type: 32, Opened: true, Code: digest}
		r, err := s.RecordOfDevice(t.Context(), here, asked)
		if err != nil || r.ID != out.Record.ID || r.Reason != core.ReasonAllowed {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
