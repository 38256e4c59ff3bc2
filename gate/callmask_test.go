package gate

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/gate/simulator"
)

// TestNotesOfCallsAreMasked shows everything that must not be kept to a device of every family: neither in the request nor in its
// answer is anything of it left, however it is written.
func TestNotesOfCallsAreMasked(t *testing.T) {
	token, card := NewToken(3).String(), NewCard()
	for _, p := range Protocols() {
		r := core.NewReader()
		r.Protocol, r.Serial = p.Name, "HZ2C3BAE"
		for _, shown := range []string{
			token, strings.ToLower(token), hex.EncodeToString([]byte(token)), url.PathEscape(token), card, "13910001113",
			"11010519491231002X", "139 1000 1113", "1 3 9 1 0 0 0 1 1 1 3", "110105-1949-1231-002X", "张三 13910001113", "name=张三",
			"tel=13910001113", `","code":"` + token, token[:13] + "&" + token[13:], token + "&status=1&serialNo=7", "]Q1" + token,
		} {
			w := wireOf(p, simulator.Device{Family: p.Name, Serial: r.Serial}.Request(shown))
			m, err := p.Read(w)
			if err != nil {
				m = Message{}
			}
			for _, allowed := range []bool{false, true} {
				reply := Reply{Decision: core.Decision{Allowed: allowed, Sentence: "张三，请通行"}}
				n := NewCallNote(p, r, w, m, p.Answer(r, m, reply, goldenNow))
				b, err := json.Marshal(n)
				if err != nil {
					t.Fatal(err)
				}
				if left := leftOf(string(b), shown); left != "" {
					t.Errorf("%s: of %q is left %q: %s", p.Name, shown, left, b)
				}
				if m.Text == token && (n.Shown != len(token) || !n.Ours) {
					t.Errorf("%s: %q is noted as %+v", p.Name, shown, n)
				}
			}
		}
	}
}

// leftOf returns what is in a note of a text that was shown: four letters or figures of it in a row, marks between them aside, or a
// name. Words that are the families' own are not of it.
func leftOf(note, shown string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r > 0x2e80 && r != '…' {
				return r
			}
			return -1
		}, strings.ToUpper(s))
	}
	for _, own := range []string{"name", "tel", "code", "status", "serialNo"} {
		shown = strings.ReplaceAll(shown, own, "")
	}
	secret, kept := []rune(plain(shown)), plain(note)
	if strings.Contains(kept, "张三") {
		return "张三"
	}
	for i := range secret {
		if i+5 <= len(secret) && strings.Contains(kept, string(secret[i:i+5])) {
			return string(secret[i : i+5])
		}
	}
	return ""
}

// TestWhatANoteKeeps: an installer reads the form of what the device sent, its own number, and what it was answered.
func TestWhatANoteKeeps(t *testing.T) {
	token := NewToken(3).String()
	for _, c := range []struct{ family, sent, kept string }{
		{
			core.ProtocolVguang, "vgdecoderesult=" + token + "&&devicenumber=HZ2C3BAE&&otherparams=",
			"vgdecoderesult=…&&devicenumber=HZ2C3BAE&&otherparams=",
		},
		{
			core.ProtocolVguang, "vgdecoderesult=" + token + "&&devicenumber=HZ9&&otherparams=",
			"vgdecoderesult=…&&devicenumber=…&&otherparams=",
		},
		{core.ProtocolVguang, token, "…"},
		{
			core.ProtocolMcardsea, "cardid=" + token + "&mjihao=1&cjihao=hz2c3bae&status=11&time=1773692713",
			"cardid=…&mjihao=1&cjihao=hz2c3bae&status=11&time=…",
		},
		{
			core.ProtocolTurnstile, "id=" + token + "&idtype=1&sn=HZ2C3BAE&readno=2&time=1773692713",
			"id=…&idtype=1&sn=HZ2C3BAE&readno=2&time=…",
		},
		{
			core.ProtocolVbar, `{"serialNo":"7","uuid":"HZ2C3BAE","time":1773692713,"data":{"type":"103","code":"` + token + `"}}`,
			`{"serialNo":"7","uuid":"HZ2C3BAE","time":…,"data":{"type":"103","code":"…"}}`,
		},
		{core.ProtocolTurnstile, strings.Repeat("id=张三&sn=&", 99), ""},
	} {
		p, _ := ProtocolOf(c.family)
		r := core.NewReader()
		r.Serial = "HZ2C3BAE"
		got := p.masked(r, Wire{Body: []byte(c.sent)})
		if c.kept != "" && got != c.kept || len(got) > maskedLength+64 {
			t.Errorf("%s: %q is kept as %q", c.family, c.sent, got)
		}
	}
	vguang, _ := ProtocolOf(core.ProtocolVguang)
	if got := vguang.maskedAnswer(core.Reader{}, []byte("code=0000")); got != "code=0000" {
		t.Errorf("the answer is kept as %q", got)
	}
}

// TestEveryFamilySaysWhatItsNotesShow: the names that its requests and answers have.
func TestEveryFamilySaysWhatItsNotesShow(t *testing.T) {
	for _, p := range Protocols() {
		for name := range p.Sent {
			if name != lowerASCII(name) {
				t.Errorf("%s: %q is never found", p.Name, name)
			}
		}
		files, err := filepath.Glob(filepath.Join("testdata", p.Name, "*.txt"))
		if err != nil || len(files) == 0 || len(p.Sent) == 0 || len(p.Answered) == 0 {
			t.Errorf("%s: %v, %v, %v", p.Name, p.Sent, p.Answered, err)
		}
		r := core.NewReader()
		answer := p.Answer(r, Message{Kind: MessageScan}, Reply{}, goldenNow)
		if got := p.maskedAnswer(r, answer); strings.Contains(got, "…=") || strings.Contains(got, `"…":`) {
			t.Errorf("%s: a name of the answer %s is hidden: %s", p.Name, answer, got)
		}
	}
}
