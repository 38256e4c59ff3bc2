package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// Signer recognises values that the program itself left elsewhere: in the cache, or in a browser.
// Somebody who can write there but does not know the secret cannot forge one. The zero Signer is
// not usable.
type Signer struct{ key []byte }

// NewSigner returns the signer for one purpose, with a key derived from secret, which must be at
// least 16 random bytes. What is signed for one purpose is not valid for another.
func NewSigner(secret []byte, purpose string) Signer {
	key, err := hkdf.Key(sha256.New, secret, nil, "tongxing signer "+purpose, sha256.Size)
	if err != nil {
		panic("core: derive a signer's key: " + err.Error()) // fails only for lengths above 8,160 bytes
	}
	return Signer{key: key}
}

// NewBox returns what encrypts texts of one purpose, under a key derived from secret as a
// Signer's is. Each seal of a text is another, and takes 28 bytes more.
func NewBox(secret []byte, purpose string) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, secret, nil, "tongxing box "+purpose, sha256.Size)
	if err != nil {
		panic("core: derive a box's key: " + err.Error()) // only a length above 8,160 bytes fails
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("core: a box's cipher: " + err.Error()) // only a key of another length fails
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("core: a box: " + err.Error()) // only a block of another size fails
	}
	return box
}

// Sum returns the keyed digest of parts, as 43 characters of URL-safe base64. The
// lengths of the parts go into it, so that "ab", "c" and "a", "bc" differ.
func (s Signer) Sum(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.digest(parts))
}

// Valid reports whether sum is the Sum of parts, in constant time.
func (s Signer) Valid(sum string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(sum), []byte(s.Sum(parts...))) == 1
}

// Seed returns 32 bytes that look random to anybody without the key and are always the same for the
// same parts.
func (s Signer) Seed(parts ...string) (seed [32]byte) {
	copy(seed[:], s.digest(append([]string{"seed"}, parts...)))
	return seed
}

func (s Signer) digest(parts []string) []byte {
	if len(s.key) == 0 {
		panic("core: a Signer without a key")
	}
	mac := hmac.New(sha256.New, s.key)
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}
