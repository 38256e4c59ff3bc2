package database

import (
	"bytes"
	"strings"
	"testing"
	"testing/quick"
)

func TestSealedOpens(t *testing.T) {
	ring := testKeys("k1")
	roundTrip := func(plain string) bool {
		sealed, err := ring.Seal("resident.phone", plain)
		if err != nil {
			return false
		}
		opened, err := ring.Open("resident.phone", sealed)
		return err == nil && opened == plain && (plain == "") == (sealed == "") && (len(plain) < 4 || !strings.Contains(sealed, plain))
	}
	if err := quick.Check(roundTrip, nil); err != nil {
		t.Error(err)
	}
	a, _ := ring.Seal("resident.phone", "13800138000")
	b, _ := ring.Seal("resident.phone", "13800138000")
	if a == b {
		t.Error("two seals of one value are equal: it can be compared without the key")
	}
}

func TestSealedOpensAfterRotation(t *testing.T) {
	sealed, err := testKeys("k1").Seal("resident.phone", "13800138000")
	if err != nil {
		t.Fatal(err)
	}
	rotated := testKeys("k2", "k1")
	if plain, err := rotated.Open("resident.phone", sealed); err != nil || plain != "13800138000" {
		t.Errorf("under the old key: %q, %v", plain, err)
	}
	newer, _ := rotated.Seal("resident.phone", "13800138000")
	if !strings.HasPrefix(newer, "g1.k2.") {
		t.Errorf("sealed as %s, want under the first key", newer)
	}
	if rotated.Digest("phone", "1") != testKeys("k1").Digest("phone", "1") {
		t.Error("rotation changed a digest: search would find nothing")
	}
	if _, err := testKeys("k3").Open("resident.phone", sealed); err == nil || !strings.Contains(err.Error(), "k1") {
		t.Errorf("without the key: %v, want its name", err)
	}
}

func TestSealedDoesNotOpenElsewhere(t *testing.T) {
	ring := testKeys("k1")
	sealed, _ := ring.Seal("resident.phone", "13800138000")
	other := testKeys("k1")
	other.Keys[0].Secret = bytes.Repeat([]byte{9}, 32)
	for name, open := range map[string]func() (string, error){
		"another column": func() (string, error) { return ring.Open("resident.idno", sealed) },
		"another key":    func() (string, error) { return other.Open("resident.phone", sealed) },
		"cut short":      func() (string, error) { return ring.Open("resident.phone", sealed[:len(sealed)-4]) },
		"only a head":    func() (string, error) { return ring.Open("resident.phone", "g1.k1.") },
		"not sealed":     func() (string, error) { return ring.Open("resident.phone", "13800138000") },
		"not base64":     func() (string, error) { return ring.Open("resident.phone", "g1.k1.!!!!") },
		"changed":        func() (string, error) { return ring.Open("resident.phone", changed(sealed)) },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s: opened as %q", name, plain)
		} else if strings.Contains(err.Error(), "13800138000") {
			t.Errorf("%s: the error shows the value: %v", name, err)
		}
	}
}

// changed returns sealed with one character in the middle another.
func changed(sealed string) string {
	b := []byte(sealed)
	i := len(b) - 10
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func TestKeyringMustBeWhole(t *testing.T) {
	for name, ring := range map[string]Keyring{
		"no key":     {MAC: make([]byte, 32)},
		"short MAC":  {Keys: testKeys("k1").Keys, MAC: make([]byte, 31)},
		"short key":  {Keys: []Key{{ID: "k1", Secret: make([]byte, 16)}}, MAC: make([]byte, 32)},
		"bad key id": {Keys: []Key{{ID: "k.1", Secret: make([]byte, 32)}}, MAC: make([]byte, 32)},
	} {
		if ring.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDigests(t *testing.T) {
	ring := testKeys("k1")
	if ring.Digest("phone", "") != "" || ring.Digest("login", "") != "" {
		t.Error("nothing has a digest")
	}
	if ring.Digest("phone", "8000") == ring.Digest("idno", "8000") || ring.Digest("phone", "8000") == ring.DigestTail("phone", "8000") ||
		ring.DigestTail("phone", "8000") == ring.DigestTail("idno", "8000") {
		t.Error("digests of different kinds are equal")
	}
	for _, number := range []string{"13800138000", "18000", "8000"} {
		if !strings.HasPrefix(ring.Digest("phone", number), ring.DigestTail("phone", "8000")) {
			t.Errorf("the last four digits do not find %s", number)
		}
	}
	if strings.HasPrefix(ring.Digest("phone", "000"), ring.DigestTail("phone", "8000")) || ring.Digest("phone", "000") == "" {
		t.Error("a number of three digits ends in four")
	}
	if ring.Digest("phone", "13800138000") == ring.Digest("phone", "13900138000") {
		t.Error("two numbers with one tail have one digest")
	}
	ready, err := ring.ready()
	if err != nil || ready.Digest("phone", "13800138000") != ring.Digest("phone", "13800138000") ||
		ready.Digest("login", "8000") != ring.Digest("login", "8000") {
		t.Errorf("a ring that is ready has other digests: %v", err)
	}
}
