package core

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestSigner(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, 32)
	s := NewSigner(secret, "cache")
	sum := s.Sum("ab", "c")
	if !s.Valid(sum, "ab", "c") || len(sum) != 43 {
		t.Fatalf("its own sum %q is not valid", sum)
	}
	for name, valid := range map[string]bool{
		"parts cut elsewhere":  s.Valid(sum, "a", "bc"),
		"one part":             s.Valid(sum, "abc"),
		"a part more":          s.Valid(sum, "ab", "c", ""),
		"another text":         s.Valid(sum, "ab", "d"),
		"an empty sum":         s.Valid("", "ab", "c"),
		"a sum cut short":      s.Valid(sum[:42], "ab", "c"),
		"another purpose":      NewSigner(secret, "token").Valid(sum, "ab", "c"),
		"another secret":       NewSigner(bytes.Repeat([]byte{8}, 32), "cache").Valid(sum, "ab", "c"),
		"the seed as a sum":    s.Valid(sum, "seed", "ab", "c"),
		"a zero signer's seed": s.Seed("x") == [32]byte{},
	} {
		if valid {
			t.Errorf("%s passes", name)
		}
	}
	if s.Seed("x") != NewSigner(secret, "cache").Seed("x") || s.Seed("x") == s.Seed("y") {
		t.Error("a seed is not that of its parts")
	}
}

// Values with an optional id are stored as JSON, in the cache and elsewhere.
func TestAnAbsentIDComesBackFromJSON(t *testing.T) {
	type record struct {
		ID, Other ID
		List      []ID
	}
	for _, want := range []record{{}, {ID: 1 << 60, List: []ID{0, 3}}, {Other: 5}} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got record
		if err := json.Unmarshal(text, &got); err != nil || got.ID != want.ID || got.Other != want.Other ||
			len(got.List) != len(want.List) {
			t.Errorf("%s came back as %+v, %v", text, got, err)
		}
	}
	var got ID
	if err := json.Unmarshal([]byte(`""`), &got); err != nil || got != 0 {
		t.Errorf("an empty id: %d, %v", got, err)
	}
	for _, text := range []string{`"-1"`, `"x"`, `"00"`, `"9223372036854775808"`, `" 1"`} {
		if err := json.Unmarshal([]byte(text), &got); !IsNotFound(err) {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "", "-1"} {
		if id, err := ParseID(text); !IsNotFound(err) {
			t.Errorf("typed %q: %d, %v", text, id, err)
		}
	}
}
