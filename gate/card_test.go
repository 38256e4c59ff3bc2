package gate

import (
	"strings"
	"testing"
)

// A card's code is no token, whatever a scanner makes of it, and a token is no card.
func TestCardsAreNoTokens(t *testing.T) {
	code := NewCard()
	if _, ok := ParseToken(code); ok {
		t.Errorf("%q is taken for a token", code)
	}
	for _, typed := range []string{code, strings.ToLower(code), " " + code + "\r\n"} {
		if got, ok := parseCard(typed); !ok || got != code {
			t.Errorf("%q is read as %q, %v", typed, got, ok)
		}
	}
	for _, other := range []string{NewToken(7).String(), "", "CARD", code + "0", code[:len(code)-1], "CARD" + strings.Repeat("U", 26)} {
		if _, ok := parseCard(other); ok {
			t.Errorf("%q is taken for a card", other)
		}
	}
	if NewCard() == code {
		t.Error("two cards have one code")
	}
}
