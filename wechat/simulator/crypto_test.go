package simulator

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestKnownMessage decrypts the example from WeChat's own documentation of the message format, and
// checks its signature.
func TestKnownMessage(t *testing.T) {
	const sealed = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	if got := signature("QDG6eK", "1409659589", "263014780", sealed); got != "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3" {
		t.Errorf("signature %s", got)
	}
	env, err := newEnvelope("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
	if err != nil {
		t.Fatal(err)
	}
	message, receiver, err := env.open(sealed)
	if err != nil || message != "1616140317555161061" || receiver != "wx5823bf96d3bd56c7" {
		t.Errorf("%q to %q, %v", message, receiver, err)
	}
}

// TestEnvelope: what is encrypted decrypts again, whatever its length; what was changed, truncated
// or encrypted with another key does not yield the message.
func TestEnvelope(t *testing.T) {
	env, err := newEnvelope(strings.Repeat("a", 43))
	if err != nil {
		t.Fatal(err)
	}
	other, err := newEnvelope(strings.Repeat("b", 42) + "A")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		text := strings.Repeat("开x", n)
		var salt [16]byte
		salt[0] = byte(n)
		sealed := env.seal(salt, text, "wx1")
		if message, receiver, err := env.open(sealed); err != nil || message != text || receiver != "wx1" {
			t.Fatalf("%d: %q to %q, %v", n, message, receiver, err)
		}
		if message, _, err := other.open(sealed); err == nil && message == text && text != "" {
			t.Errorf("%d: another key opens it", n)
		}
		cut := sealed[:random.IntN(len(sealed))]
		if message, receiver, err := env.open(cut); err == nil && message == text && receiver == "wx1" {
			t.Errorf("%d: %d of %d characters open", n, len(cut), len(sealed))
		}
	}
	for _, key := range []string{"", strings.Repeat("a", 42), strings.Repeat("?", 43)} {
		if _, err := newEnvelope(key); err == nil {
			t.Errorf("the key %q is taken", key)
		}
	}
}
