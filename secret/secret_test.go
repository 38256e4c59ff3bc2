package secret

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestForms(t *testing.T) {
	if n := len(Bytes(7)); n != 7 {
		t.Errorf("%d bytes", n)
	}
	if text := Hex(8); len(text) != 16 || strings.Trim(text, "0123456789abcdef") != "" {
		t.Errorf("hex %q", text)
	}
	if b, err := base64.RawURLEncoding.DecodeString(Text(24)); err != nil || len(b) != 24 {
		t.Errorf("text of %d bytes, %v", len(b), err)
	}
	if first, second := Text(16), Text(16); first == second {
		t.Error("the same twice")
	}
}

// A letter that a biased generator prefers would come twice as often as another.
func TestLettersAreEquallyLikely(t *testing.T) {
	const alphabet, each = "ACDEFGHJKMNPQRSTUVWXYZ2345679", 2000
	text := Letters(alphabet, len(alphabet)*each)
	if len(text) != len(alphabet)*each || strings.Trim(text, alphabet) != "" {
		t.Fatalf("%d letters", len(text))
	}
	for _, letter := range alphabet {
		if n := strings.Count(text, string(letter)); n < each*3/4 || n > each*5/4 {
			t.Errorf("%c came %d times, of about %d", letter, n, each)
		}
	}
}

func TestTwoDigits(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		code := TwoDigits()
		if len(code) != 2 || code < "10" || code > "99" {
			t.Fatalf("%q", code)
		}
		seen[code] = true
	}
	if len(seen) < 80 {
		t.Errorf("only %d of 90 codes", len(seen))
	}
}
