package gate

import (
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate/simulator"
)

func opensMcardsea(answer []byte) bool { return simulator.Opens(core.ProtocolMcardsea, answer) }

func TestMcardseaAnswer(t *testing.T) {
	s := McardseaScan{CardID: "D9E07D0E", Gate: 1, Serial: "HZ45BDAD"}
	const want = `{"data":[{"cardid":"D9E07D0E","cjihao":"HZ45BDAD","mjihao":1,"status":1,"time":"1773692713",` +
		`"output":0}],"code":0,"message":"success"}`
	if got := string(McardseaAnswer(s, true, goldenNow)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"", `","status":1,"x":"`, "\x00\xff", "<&>", "\n", strings.Repeat("通", 1000)} {
		s.CardID = text
		if opensMcardsea(McardseaAnswer(s, false, goldenNow)) {
			t.Errorf("%q opens", text)
		}
		if !opensMcardsea(McardseaAnswer(s, true, goldenNow)) {
			t.Errorf("%q does not open", text)
		}
	}
	if opensMcardsea(McardseaAnswer(McardseaScan{}, false, goldenNow)) {
		t.Error("a request that was not understood opens")
	}
}

// TestMcardseaInjection shows QR texts that contain the request's own names, with and without the
// reader's escaping.
func TestMcardseaInjection(t *testing.T) {
	token := NewToken(3).String()
	for _, text := range []string{
		token + "&cjihao=OTHER", token + "&mjihao=9&cjihao=OTHER&status=10&time=1", "&cjihao=OTHER",
		token + "&cardid=x", token + "&time=99",
		"cardid=" + token, token + "%26cjihao=OTHER", token + "&mjihao=9", token + "#", token + ";", token + "%00",
	} {
		for _, sent := range []string{text, url.QueryEscape(text)} {
			s, err := ParseMcardsea("cardid=" + sent + "&mjihao=1&cjihao=HZ45BDAD&status=11&time=1773692713")
			if err != nil {
				t.Errorf("%q: %v", sent, err)
				continue
			}
			if s.Serial != "HZ45BDAD" || s.Gate != 1 || s.Status != "11" || s.Time != 1773692713 {
				t.Errorf("%q makes the device's own fields %+v", sent, s)
			}
			if _, ok := ParseToken(s.CardID); ok {
				t.Errorf("%q passes for a token", sent)
			}
		}
	}
}

func TestMcardseaBounds(t *testing.T) {
	for _, raw := range []string{
		"", "cardid", "cardid=", "x=1", "mjihao=1&cjihao=A", "&cardid=", "cardid=A&mjihao=70000",
		"cardid=A&mjihao=x&cjihao=B", "cardid=A&mjihao=1&cjihao=" + strings.Repeat("B", 65),
		strings.Repeat("A", maxReaderText+1),
	} {
		if s, err := ParseMcardsea(raw); !errors.Is(err, ErrReaderRequest) || s != (McardseaScan{}) {
			t.Errorf("%.40q: %+v, %v", raw, s, err)
		}
	}
	if s, err := ParseMcardsea("cardid=A&mjihao=1&cjihao=B&status=<b>&time=-5"); err != nil || s.Status != "" || s.Time != 0 {
		t.Errorf("nonsense that decides nothing: %+v, %v", s, err)
	}
}

func TestSkew(t *testing.T) {
	for _, c := range []struct {
		claim int64
		want  time.Duration
	}{
		{0, 0}, {-1, 0}, {goldenNow.Unix(), 0}, {goldenNow.Unix() + 61, 61 * time.Second}, {goldenNow.Unix() - 3600, -time.Hour},
		{1, -maxSkew}, {math.MaxInt64, maxSkew}, {math.MinInt64, 0},
	} {
		if got := Skew(c.claim, goldenNow.Add(999*time.Millisecond)); got != c.want {
			t.Errorf("Skew(%d) = %v, want %v", c.claim, got, c.want)
		}
	}
}

func FuzzParseMcardsea(f *testing.F) {
	for _, seed := range []string{
		"", "cardid=A&mjihao=1&cjihao=B&status=11&time=1", "cjihao=B&cardid=A",
		"cardid=A&cjihao=X&mjihao=1&cjihao=B", "cardid=%41%zz&mjihao=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := ParseMcardsea(raw)
		if err != nil {
			if s != (McardseaScan{}) {
				t.Fatalf("refused, yet %+v", s)
			}
			return
		}
		if s.CardID == "" || len(s.CardID) > maxReaderText || !core.IsReaderSerial(s.Serial) || s.Gate < 0 || s.Time < 0 ||
			len(s.Status) > 2 {
			t.Fatalf("%+v", s)
		}
		if opensMcardsea(McardseaAnswer(s, false, goldenNow)) || !opensMcardsea(McardseaAnswer(s, true, goldenNow)) {
			t.Fatalf("the answer to %q says another thing than was decided", raw)
		}
		// The same text shown at device B is attributed to device B, whatever it contains.
		again, err := ParseMcardsea("cardid=" + raw + "&mjihao=1&cjihao=B&status=11&time=1")
		if err == nil && (again.Serial != "B" || again.Gate != 1) {
			t.Fatalf("%q makes the device %+v", raw, again)
		}
	})
}
