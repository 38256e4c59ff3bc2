// Package secret makes the random values that safety depends on: tokens, keys, salts, codes. Nothing
// here returns an error: a program whose system has no randomness ends (crypto/rand).
package secret

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
)

// Bytes returns n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// Text returns n random bytes in URL-safe base64 without padding.
func Text(n int) string { return base64.RawURLEncoding.EncodeToString(Bytes(n)) }

// Hex returns n random bytes in lower-case hexadecimal digits.
func Hex(n int) string { return hex.EncodeToString(Bytes(n)) }

// Letters returns n letters, each any of the alphabet with equal probability. The alphabet is ASCII,
// with at most 256 letters.
func Letters(alphabet string, n int) string {
	text := make([]byte, 0, n)
	whole := 256 / len(alphabet) * len(alphabet) // bytes from here on would favour the first letters
	for len(text) < n {
		for _, b := range Bytes(n - len(text)) {
			if int(b) < whole {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}

// TwoDigits returns a number from 10 to 99 for people to compare.
func TwoDigits() string { return Letters("123456789", 1) + Letters("0123456789", 1) }
