package gate

import (
	"testing"

	"tongxing/core"
	"tongxing/gate/simulator"
)

// TestProtocolsAreWhole checks that every family has what the door, the installer's page and the
// demo need: a request that it can parse itself, an answer that opens and one that does not, even
// for an unknown reader.
func TestProtocolsAreWhole(t *testing.T) {
	if len(Protocols()) != len(core.ReaderProtocols()) {
		t.Error("a protocol is known to one side alone")
	}
	for i, p := range Protocols() {
		if p.Name != core.ReaderProtocols()[i].Name || p.Label == "" || p.Hint == "" ||
			p.MaxRequest == 0 || len(p.Names) == 0 || len(p.Steps) == 0 || len(p.Trial) == 0 {
			t.Errorf("%s lacks words", p.Name)
		}
		r := core.NewReader()
		r.Protocol, r.Serial, r.Name, r.Gate, r.Community = p.Name, "N7", "a", "a", 1
		r = r.Trimmed()
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		token := NewToken(3).String()
		device := simulator.Device{Family: p.Name, Serial: r.Serial, Heartbeat: r.HeartbeatText}
		m, err := p.Read(wireOf(p, device.Request(token)))
		if err != nil || m.Text != token || m.Device != "N7" || p.KindOf(r, m) != MessageScan {
			t.Errorf("%s reads its own request as %+v, %v", p.Name, m, err)
		}
		if !simulator.Opens(p.Name, p.Answer(r, m, Reply{Decision: core.Decision{Allowed: true}}, goldenNow)) {
			t.Errorf("%s: an opening answer does not open", p.Name)
		}
		for _, refusal := range [][]byte{p.Refusal(r, m, goldenNow), p.Refusal(core.Reader{}, Message{}, goldenNow)} {
			if simulator.Opens(p.Name, refusal) || len(refusal) == 0 {
				t.Errorf("%s: a refusal is %q", p.Name, refusal)
			}
		}
		if p.Beats && !p.Connected {
			if m, err := p.Read(wireOf(p, device.HeartbeatRequest())); err != nil || p.KindOf(r, m) != MessageHeartbeat {
				t.Errorf("%s does not know its heartbeat: %+v, %v", p.Name, m, err)
			}
		}
	}
}
