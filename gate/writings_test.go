package gate

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestVguangWritings parses what the maker's devices send besides the protocol's own form, and
// rejects what it would have to guess.
func TestVguangWritings(t *testing.T) {
	token := NewToken(3).String()
	escaped := ""
	for _, c := range []byte(token) {
		escaped += fmt.Sprintf("%%%02X", c)
	}
	single := "vgdecoderesult=" + token + "&devicenumber=N7"
	for name, body := range map[string]string{
		"single":              single,
		"single, in hex":      hex.EncodeToString([]byte(single)),
		"single, hex token":   "vgdecoderesult=" + hex.EncodeToString([]byte(token)) + "&devicenumber=N7&otherparams=",
		"capitals":            "VGDECODERESULT=" + token + "&&DeviceNumber=N7&&OTHERPARAMS=",
		"device first":        "devicenumber=N7&&vgdecoderesult=" + token + "&&otherparams=",
		"device first, forms": "devicenumber=N7&vgdecoderesult=" + token,
		"escaped":             "vgdecoderesult=" + escaped + "&&devicenumber=N7&&otherparams=",
		"padding":             single + "\x00\x00",
		"spaces":              "vgdecoderesult= " + token + " &&devicenumber= N7 &&otherparams=",
		"byte order mark":     "\ufeff" + single,
		"line break":          "\r\n" + single,
		"AIM prefix":          "vgdecoderesult=]Q1" + token + "&&devicenumber=N7&&otherparams=",
		"ECI prefix":          `vgdecoderesult=\000026` + token + "&&devicenumber=N7&&otherparams=",
	} {
		if s, err := ParseVguang([]byte(body)); err != nil || s.Text != token || s.DeviceNumber != "N7" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	for name, body := range map[string]string{
		"JSON":           `{"vgdecoderesult":"` + token + `","devicenumber":"N7"}`,
		"another prefix": "vgdecoderesult=#!" + token + "&&devicenumber=N7&&otherparams=",
		"raw, prefixed":  "{C1}" + token,
		"mixed":          "vgdecoderesult=x&&devicenumber=N8&devicenumber=N7",
	} {
		if s, err := ParseVguang([]byte(body)); !errors.Is(err, ErrReaderRequest) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestMcardseaOrders finds each parameter by its name, and takes what a QR injects as text in every
// order.
func TestMcardseaOrders(t *testing.T) {
	token := NewToken(3).String()
	orders := []string{
		"cardid=%s&mjihao=2&cjihao=N7&status=11&time=1773692713", "cardid=%s&cjihao=N7&mjihao=2&status=11&time=1773692713",
		"cjihao=N7&mjihao=2&cardid=%s&status=11&time=1773692713", "cardid=%s&status=11&time=1773692713&mjihao=2&cjihao=N7",
		"time=1773692713&status=11&cjihao=N7&mjihao=2&cardid=%s", "CJIHAO=N7&MJIHAO=2&CardID=%s&status=11&time=1773692713",
		"mjihao=2&cardid=%s&time=1773692713&status=11&cjihao=N7",
	}
	for _, order := range orders {
		if s, err := ParseMcardsea(fmt.Sprintf(order, token)); err != nil || s.CardID != token || s.Serial != "N7" || s.Gate != 2 ||
			s.Status != "11" || s.Time != 1773692713 {
			t.Errorf("%s: %+v, %v", order, s, err)
		}
		for _, text := range []string{
			token + "&status=10", token + "&cjihao=OTHER", "&cjihao=OTHER&mjihao=9",
			token + "&time=9&status=10&mjihao=9&cjihao=OTHER", token + "&cardid=x",
		} {
			for _, sent := range []string{text, url.QueryEscape(text)} {
				s, err := ParseMcardsea(fmt.Sprintf(order, sent))
				if err != nil || s.Serial != "N7" || s.Gate != 2 || s.Status != "11" || s.Time != 1773692713 {
					t.Errorf("%s with %q: %+v, %v", order, sent, s, err)
				}
				if _, ok := ParseToken(s.CardID); ok {
					t.Errorf("%s: %q passes for a token", order, sent)
				}
			}
		}
	}
}

// TestMessageStart keeps names and short values, and nothing that opens a door or identifies a
// person.
func TestMessageStart(t *testing.T) {
	token := NewToken(3).String()
	secrets := []string{
		token, strings.ToLower(token), hex.EncodeToString([]byte(token)), url.PathEscape(token), "13910001113", "11010519491231002X",
	}
	for _, secret := range secrets {
		for _, message := range []string{
			`{"vgdecoderesult":"` + secret + `","devicenumber":"N7"}`, "vgdecoderesult" + secret + "devicenumber7",
			"\x02" + secret + "\x03",
			strings.Join(strings.Split(secret, ""), "\x00"), secret[:6] + "-" + secret[6:],
		} {
			got := messageStart(message)
			plain := strings.NewReplacer("·", "", "-", "").Replace(got)
			if strings.Contains(plain, secret[:8]) || len([]rune(got)) > maxMessage+1 {
				t.Errorf("%q leaves %q", message, got)
			}
		}
	}
	if got := messageStart(`{"vgdecoderesult":"` + token + `","devicenumber":"N7"}`); got != `{"vgdecoderesult":"…","devicenumber":"N7"}` {
		t.Errorf("%q", got)
	}
}
