package gate

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tongxing/core"
)

func TestTokenShape(t *testing.T) {
	seen := map[string]bool{}
	used := map[byte]int{}
	for i := range 5000 {
		token := NewToken(uint16(i))
		text := token.String()
		if len(text) != tokenLength || strings.Trim(text, tokenAlphabet) != "" {
			t.Fatalf("token %q", text)
		}
		if seen[text[shardLength:]] {
			t.Fatal("the same random part twice")
		}
		seen[text[shardLength:]] = true
		for i := shardLength; i < len(text); i++ {
			used[text[i]]++
		}
		if again, ok := ParseToken(text); !ok || again != token {
			t.Fatalf("%q does not read back", text)
		}
	}
	// 130,000 characters over 32: each 4,062 times, give or take 400 (six sigmas).
	for i := range len(tokenAlphabet) {
		if n := used[tokenAlphabet[i]]; n < 3660 || n > 4460 {
			t.Errorf("%c comes %d times", tokenAlphabet[i], n)
		}
	}
	if bits := randomLength * 5; bits < 128 {
		t.Errorf("%d random bits", bits)
	}
}

func TestTokenShard(t *testing.T) {
	if len(tokenAlphabet) != 32 || Shards != 1024 {
		t.Fatal("a shard is two characters of five bits")
	}
	shards := map[string]bool{}
	for shard := range uint16(Shards) {
		shards[NewToken(shard).Shard()] = true
	}
	if len(shards) != Shards {
		t.Errorf("%d shards for %d numbers", len(shards), Shards)
	}
	if got := NewToken(33).Shard(); got != "11" {
		t.Errorf("shard 33 is written %q", got)
	}
	if got := (Token{}).Shard(); got != "" {
		t.Errorf("no token is in shard %q", got)
	}
}

func TestShardOf(t *testing.T) {
	counts := make([]int, Shards)
	for i := range 100 * Shards {
		counts[ShardOf(core.ID(int64(i)<<12))]++ // ids of one machine, one a millisecond
	}
	for shard, n := range counts {
		if n < 40 || n > 160 {
			t.Errorf("shard %d has %d passes of 100", shard, n)
		}
	}
	// Tokens alive across an update must find their pass's slot again.
	for id, want := range map[core.ID]uint16{1: 485, 7190000000000000001: 743} {
		if got := ShardOf(id); got != want {
			t.Errorf("ShardOf(%d) = %d, was %d", id, got, want)
		}
	}
}

// wide is a text as an input method in full width types it.
func wide(text string) string {
	return strings.Map(func(r rune) rune { return r + fullWidth }, text)
}

func TestParseToken(t *testing.T) {
	const good = "0123456789ABCDEFGHJKMNPQRSTV"
	for text, want := range map[string]bool{
		good: true, " " + good + "\r\n": true, strings.ToLower(good): true,
		"": false, good[1:]: false, good + "0": false, good[:27] + "I": false, good[:27] + "L": false,
		good[:27] + "O": false, good[:27] + "U": false,
		good[:27] + "&": false, good[:14] + " " + good[15:]: false, good[:26] + "ſ": false,
		good[:14] + " " + good[14:]: true, "\ufeff" + good: true, good[:3] + "\u200b" + good[3:] + "\u3000": true,
		wide(good): true, wide(strings.ToLower(good)) + "\r": true, "\u202d" + good + "\u202c": true,
		good[:27] + "＆": false, good + strings.Repeat(" x", 60): false, good[:14] + "\xff" + good[14:]: false,
		good[:14] + "\x00" + good[14:]: false, good[:25] + "\uff21": false, strings.Repeat("\x00", 28): false,
	} {
		token, ok := ParseToken(text)
		if ok != want {
			t.Errorf("%q: %v", text, ok)
		}
		if ok && token.String() != good {
			t.Errorf("%q reads as %q", text, token)
		}
		if !ok && token != (Token{}) {
			t.Errorf("%q: refused, yet a token", text)
		}
	}
}

func TestTokenStaysOutOfLogs(t *testing.T) {
	token := NewToken(5)
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("scan", "token", token)
	if strings.Contains(b.String(), token.String()) || !strings.Contains(b.String(), token.Digest()[:12]) {
		t.Errorf("logged: %s", b.String())
	}
	const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := (Token{text: "abc"}).Digest(); got != known {
		t.Errorf("digest %s", got)
	}
}

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"", "0123456789ABCDEFGHJKMNPQRSTV", " 0123456789abcdefghjkmnpqrstv\n", "0123456789ABCDEFGHJKMNPQRSTſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, ok := ParseToken(text)
		if !ok {
			return
		}
		if len(token.String()) != tokenLength || strings.Trim(token.String(), tokenAlphabet) != "" {
			t.Fatalf("%q reads as %q", text, token)
		}
		if !strings.EqualFold(strings.TrimSpace(text), token.String()) {
			t.Fatalf("%q reads as another token %q", text, token)
		}
		if again, ok := ParseToken(fmt.Sprintf("\t%s ", token)); !ok || again != token || again.Digest() != token.Digest() {
			t.Fatalf("%q does not read back", token)
		}
	})
}
