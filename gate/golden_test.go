package gate

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate/simulator"
)

var update = flag.Bool("update", false, "write what the parsers say into testdata")

// goldenNow is the server's time in golden answers.
var goldenNow = time.Unix(1773692713, 0).UTC()

// golden is one file of testdata: a request as sent over the wire, and the expected outcome.
type golden struct {
	path                string
	request             string
	message, open, deny string // message "refused": not a reader's request
}

// goldenMessage is what of a Message is the same for every family.
type goldenMessage struct {
	Kind         MessageKind
	Text, Device string
	Head         int
	Clock        int64
	Number       int                `json:",omitempty"`
	Opened       bool               `json:",omitempty"`
	Temp         int                `json:",omitempty"`
	Record       *core.DeviceRecord `json:",omitempty"`
}

// wire returns the request as a server gets it; ok is false if the file has none.
func (g golden) wire() (w Wire, ok bool) {
	head, body, found := strings.Cut(g.request, "\n\n")
	line, _, _ := strings.Cut(head, "\n")
	if topic, isMQTT := strings.CutPrefix(line, "PUBLISH "); isMQTT {
		return Wire{Topic: topic, Body: []byte(body)}, true
	}
	target, isHTTP := strings.CutSuffix(strings.TrimSpace(line), " HTTP/1.1")
	w.Method, target, _ = strings.Cut(target, " ")
	path, query, _ := strings.Cut(target, "?")
	if parts := strings.SplitN(path, "/", 5); len(parts) == 5 {
		w.Path = "/" + parts[4]
	}
	w.Query, w.Body = query, []byte(body)
	for line := range strings.Lines(head) {
		if kind, ok := strings.CutPrefix(line, "Content-Type: "); ok {
			w.Type = strings.TrimSpace(kind)
		}
	}
	return w, isHTTP && (found || strings.HasPrefix(line, "GET "))
}

func goldens(t *testing.T, protocol string) []golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", protocol, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files of %s: %v", protocol, err)
	}
	files := make([]golden, len(paths))
	for i, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = readGolden(path, string(b))
	}
	return files
}

func readGolden(path, text string) golden {
	g := golden{path: path}
	text, g.deny, _ = strings.Cut(text, "\n-- deny --\n")
	text, g.open, _ = strings.Cut(text, "\n-- open --\n")
	g.request, g.message, _ = strings.Cut(text, "\n-- message --\n")
	g.deny = strings.TrimSuffix(g.deny, "\n")
	return g
}

// check compares the outcome with the file, or writes the file.
func (g golden) check(t *testing.T, m Message, err error, open, deny []byte) {
	t.Helper()
	got := golden{path: g.path, request: g.request, message: "refused", open: string(open), deny: string(deny)}
	if err == nil {
		b, err := json.Marshal(goldenMessage{m.Kind, m.Text, m.Device, m.Head, m.Clock, m.Number, m.Opened, m.Temp, m.Record})
		if err != nil {
			t.Fatal(err)
		}
		got.message = string(b)
	}
	if *update {
		text := got.request + "\n-- message --\n" + got.message + "\n-- open --\n" + got.open + "\n-- deny --\n" + got.deny + "\n"
		if err := os.WriteFile(g.path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != g {
		t.Errorf(
			"%s:\nmessage %s\nopen %s\ndeny %s\nwant\nmessage %s\nopen %s\ndeny %s", g.path, got.message, got.open,
			got.deny, g.message, g.open, g.deny,
		)
	}
}

// TestGolden reads each family's requests as they come over the network, and answers them both ways. No answer without a decision
// opens, whatever was sent.
func TestGolden(t *testing.T) {
	for _, p := range Protocols() {
		r := core.NewReader()
		r.Protocol = p.Name
		for _, g := range goldens(t, p.Name) {
			w, ok := g.wire()
			if !ok {
				t.Fatalf("%s: not a request", g.path)
			}
			m, err := p.Read(w)
			open := Reply{Decision: core.Decision{Allowed: true, Reason: core.ReasonAllowed}}
			g.check(t, m, err, p.Answer(r, m, open, goldenNow), p.Refusal(r, m, goldenNow))
			if simulator.Opens(p.Name, p.Refusal(r, m, goldenNow)) || simulator.Opens(p.Name, p.Refusal(core.Reader{}, m, goldenNow)) {
				t.Errorf("%s: a refusal opens", g.path)
			}
			if (err == nil) != (m.Kind != MessageUnread) {
				t.Errorf("%s: read as %+v, %v", g.path, m, err)
			}
		}
	}
}

// exchanges are the names of the wire files that every family has: the door's own test sends what is in them.
func exchanges(p Protocol) []string {
	names := []string{"open", "refused", "injected_device", "wrong_device", "unknown_secret", "repeats", "oversize"}
	if p.Beats {
		names = append(names, "heartbeat")
	}
	if p.TellsItsClock {
		names = append(names, "clock")
	}
	return names
}

// TestEveryFamilyHasItsExchanges finds a family of which a case is not shown byte by byte.
func TestEveryFamilyHasItsExchanges(t *testing.T) {
	for _, p := range Protocols() {
		if p.Connected {
			continue // the door's own test talks to a broker
		}
		for _, name := range exchanges(p) {
			if _, err := os.Stat(filepath.Join("testdata", p.Name, "wire", name+".txt")); err != nil {
				t.Error(err)
			}
		}
	}
}

// wireOf returns a device's request as it comes over the network.
func wireOf(p Protocol, r simulator.Request) Wire {
	w := Wire{Method: "POST", Path: r.Path, Query: r.Query, Type: r.ContentType, Body: []byte(r.Body)}
	if p.Connected {
		w.Topic = "access_device/v1/event/access_online"
	}
	return w
}

// FuzzProtocol sends anything to every family, at any path, with any query and to any topic: it is read without harm, what it says is
// bounded, a refusal never opens, what is no question is never answered by opening, what was shown at a device is that device's,
// whatever it contains, and the note of it has no code.
func FuzzProtocol(f *testing.F) {
	token := NewToken(3).String()
	for i, p := range Protocols() {
		paths, err := filepath.Glob(filepath.Join("testdata", p.Name, "*.txt"))
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			w, ok := readGolden(path, string(text)).wire()
			if !ok {
				f.Fatalf("%s: no request", path)
			}
			f.Add(uint8(i), w.Topic+w.Path, w.Query, w.Type, w.Body)
		}
		w := wireOf(p, simulator.Device{Family: p.Name, Serial: "N7"}.Request(token))
		f.Add(uint8(i), w.Topic+w.Path, w.Query, w.Type, w.Body)
	}
	r := core.NewReader()
	r.Serial = "N7"
	f.Fuzz(func(t *testing.T, i uint8, to, query, kind string, raw []byte) {
		p := Protocols()[int(i)%len(Protocols())]
		before, sent := slices.Clone(raw), Wire{Path: to, Query: query, Type: kind, Body: raw}
		if p.Connected {
			sent = Wire{Topic: to, Query: query, Body: raw}
		}
		m, err := p.Read(sent)
		if !slices.Equal(before, raw) {
			t.Fatal("the request changed")
		}
		if err != nil && !reflect.DeepEqual(m, Message{}) || !core.IsReaderSerial(m.Device) || m.Head < 0 || m.Clock < 0 ||
			m.Number < 0 || m.Number > core.MaxCommandNumber || m.Opened && m.Kind != MessageAnswer || m.Temp < 0 {
			t.Fatalf("%s: read as %+v, %v", p.Name, m, err)
		}
		for _, answer := range [][]byte{p.Refusal(r, m, goldenNow), p.Refusal(core.Reader{}, m, goldenNow)} {
			if simulator.Opens(p.Name, answer) || len(answer) == 0 || len(answer) > 1024+8*p.MaxRequest {
				t.Fatalf("%s: a refusal is %.200q", p.Name, answer)
			}
		}
		if m.Kind == MessageScan && simulator.Opens(p.Name, p.Answer(r, m, Reply{Taken: true}, goldenNow)) {
			t.Fatalf("%s: a question is acknowledged, and opens", p.Name)
		}
		fuzzNote(t, p, r, sent, m)
		for _, shown := range []string{string(raw), query} {
			again, err := p.Read(wireOf(p, simulator.Device{Family: p.Name, Serial: r.Serial}.Request(shown)))
			if err == nil && again.Device != r.Serial {
				t.Fatalf("%s: %q makes the device %q", p.Name, shown, again.Device)
			}
		}
	})
}

// fuzzNote checks what is kept of a message, and where a connected device's answer goes.
func fuzzNote(t *testing.T, p Protocol, r core.Reader, w Wire, m Message) {
	t.Helper()
	n := NewCallNote(p, r, w, m, p.Refusal(r, m, goldenNow))
	code, ok := ParseToken(m.Text)
	if ok && strings.Contains(strings.ToUpper(n.Sent+n.Answer), code.String()) {
		t.Fatalf("%s: of %q is kept %+v", p.Name, m.Text, n)
	}
	if len(n.Sent) > 2*maskedLength || len(n.Answer) > 2*maskedLength {
		t.Fatalf("%s: too much is kept: %+v", p.Name, n)
	}
	if !p.Connected {
		return
	}
	if to := p.AnswerTopic(r, m); to != "" && (strings.ContainsAny(to, "+#") || !p.May(core.Reader{Serial: m.Device}, to, false)) {
		t.Fatalf("%s: the answer goes to %q, which the device may not hear", p.Name, to)
	}
	if p.May(r, w.Topic, true) && p.May(r, w.Topic, false) {
		t.Fatalf("%s: a device may publish to %q and hear it", p.Name, w.Topic)
	}
}
