package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"unicode"

	"tongxing/core"
	"tongxing/secret"
)

// A token's text is 28 characters: two for the shard, then 26 random ones of five bits each, 130
// bits. They are Crockford's base 32 in upper case, which fits a QR code's alphanumeric mode and
// contains no reader's separators.
const (
	shardLength  = 2
	randomLength = 26
	tokenLength  = shardLength + randomLength
)

// Shards is how many shards tokens are spread over.
const Shards = 1 << (5 * shardLength)

const tokenAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Token is the content of a QR code. It reveals nothing about anybody; its text goes into the QR
// and nowhere else: records, keys and logs hold the digest.
type Token struct{ text string }

// NewToken returns a token of the shard, taken modulo Shards, from the system's random source.
func NewToken(shard uint16) Token {
	b := secret.Bytes(tokenLength)
	b[0], b[1] = byte(shard>>5), byte(shard)
	for i := range b {
		b[i] = tokenAlphabet[b[i]&31]
	}
	return Token{text: string(b)}
}

// ParseToken reads a token's text. White space, lower case, full-width characters and
// marks that nobody sees are forgiven, since hand scanners that type through an input
// method and texts that are pasted bring them; nothing else is.
func ParseToken(text string) (Token, bool) {
	text = plainToken(text)
	if len(text) != tokenLength {
		return Token{}, false
	}
	b := []byte(text)
	for i, c := range b {
		b[i] = upper(c)
		if strings.IndexByte(tokenAlphabet, b[i]) < 0 {
			return Token{}, false
		}
	}
	return Token{text: string(b)}, true
}

// maxTokenText bounds a text that may be a token, in bytes: as much again of marks and
// spaces as there is of it, all of three bytes.
const maxTokenText = 2 * 3 * tokenLength

// plainToken takes from a text what ParseToken forgives. Most texts need nothing of it.
func plainToken(text string) string {
	text = strings.TrimSpace(text)
	if len(text) == tokenLength || len(text) > maxTokenText {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r >= fullWidth+'!' && r <= fullWidth+'~':
			return r - fullWidth
		}
		return r
	}, core.StripMarks(text))
}

// fullWidth lies between the ordinary characters and the full-width ones.
const fullWidth = '！' - '!'

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// String returns the text, for the QR code.
func (t Token) String() string { return t.text }

// LogValue keeps the text out of logs.
func (t Token) LogValue() slog.Value { return slog.StringValue("sha256:" + t.Digest()[:12]) }

// Digest identifies the token where its text must not appear: SHA-256 in lower-case hex.
func (t Token) Digest() string {
	sum := sha256.Sum256([]byte(t.text))
	return hex.EncodeToString(sum[:])
}

// Shard returns the part that determines the hash slot of the keys of the token and its pass.
func (t Token) Shard() string { return t.text[:min(shardLength, len(t.text))] }

// ShardOf returns a pass's shard, 0 to Shards−1, which never changes: consecutive ids are spread
// evenly (the finalizer of splitmix64).
func ShardOf(pass core.ID) uint16 {
	x := uint64(pass)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return uint16((x ^ x>>31) % Shards)
}
