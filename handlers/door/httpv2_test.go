package door

import (
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate/simulator"
)

// terminal returns a terminal of HTTPv2, and its reader.
func (s *site) terminal(t *testing.T, r core.Reader) simulator.Device {
	t.Helper()
	r.Name, r.Protocol, r.Direction = "6号门", core.ProtocolHTTPv2, core.Out
	door := s.AddDoor(r)
	return simulator.Device{
		Family: core.ProtocolHTTPv2, Address: "http://" + s.addr + "/door/httpv2/" + door.Secret, Serial: door.Serial, Out: true,
		Now: func() time.Time { return s.now },
	}
}

// TestTemperatureOfATerminal: where temperatures are recorded, a terminal that measures lets out who has none, and keeps in who was not
// measured or has a fever.
func TestTemperatureOfATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		tenths      int
		thermometer bool
		reason      core.Reason
	}{
		"healthy":      {365, true, core.ReasonAllowed},
		"a fever":      {381, true, core.ReasonFever},
		"not measured": {0, true, core.ReasonNeedTemp},
		"a wall":       {215, true, core.ReasonNeedTemp}, "a reader that does not measure": {365, false, core.ReasonNeedTemp},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			rule, err := s.Store.PassRule(t.Context(), core.Everywhere, s.Community)
			if err != nil {
				t.Fatal(err)
			}
			rule.RecordTemp = true
			if err := s.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
				t.Fatal(err)
			}
			device := s.terminal(t, core.Reader{Thermometer: c.thermometer})
			device.Tenths = c.tenths
			answer, err := device.Show(t.Context(), s.token(t))
			if err != nil || answer.Opened != (c.reason == core.ReasonAllowed) {
				t.Errorf("opened %v, %s, %v", answer.Opened, answer.Text, err)
			}
			records := s.records(t)
			if len(records) != 1 || records[0].Reason != c.reason || records[0].Allowed && records[0].TempTenths != c.tenths {
				t.Errorf("%+v", records)
			}
		})
	}
}

// TestWhatATerminalDecided: it may forget what is recorded, and nothing else. Sent twice at once, or again, it is one record; what we
// were asked about is not another; and what it refused opened nothing.
func TestWhatATerminalDecided(t *testing.T) {
	s := newSite(t)
	device := s.terminal(t, core.Reader{})
	report := func(number int64, kind int, text string, want bool) {
		t.Helper()
		if taken, err := device.Report(t.Context(), number, kind, text, s.now.Add(-time.Hour)); err != nil || taken != want {
			t.Errorf("%d of %d: taken %v, %v", number, kind, taken, err)
		}
	}
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() { report(120, 3, "", true) })
	}
	both.Wait()
	report(120, 3, "", true)
	report(121, 19, "", true)
	records := s.records(t)
	if len(records) != 1 || records[0].Reason != core.ReasonDevice || records[0].At.Unix() != s.now.Add(-time.Hour).Unix() {
		t.Fatalf("%+v", records)
	}
	token := s.token(t)
	if answer, err := device.Show(t.Context(), token); err != nil || !answer.Opened {
		t.Fatalf("%+v, %v", answer, err)
	}
	report(122, 32, token, true)
	if records := s.records(t); len(records) != 2 {
		t.Errorf("what was asked is recorded twice: %+v", records)
	}
	alone := s.token(t)
	report(123, 32, alone, true)
	if answer, err := device.Show(t.Context(), alone); err != nil || answer.Opened {
		t.Errorf("a code opens twice: %+v, %v", answer, err)
	}
	if answer, ok, err := device.Beat(t.Context()); err != nil || !ok || answer.Text != `{"Success":1}` {
		t.Errorf("a heartbeat: %+v, %v", answer, err)
	}
	if n := s.outcomes(Reported); n != 8 {
		t.Errorf("%d reports", n)
	}
	s.closeStore(t)
	report(124, 3, "", false)
}
