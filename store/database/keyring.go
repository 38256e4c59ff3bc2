package database

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"tongxing/core"
	"tongxing/secret"
)

// Keyring encrypts personal data. The first key encrypts; every key decrypts, so
// that keys can be rotated. MAC makes the digests that search needs and cannot be
// rotated without recomputing them all.
type Keyring struct {
	Keys []Key
	MAC  []byte // 32 bytes
}

// Key is one AES-256 key and its name, which prefixes what it encrypted.
type Key struct {
	ID     string // letters and digits, at most 16
	Secret []byte // 32 bytes
}

var keyID = regexp.MustCompile(`^[A-Za-z0-9]{1,16}$`)

func (k Keyring) check() error {
	if len(k.Keys) == 0 || len(k.MAC) != 32 {
		return errors.New("store: a key ring needs at least one key and a 32-byte MAC key")
	}
	for _, key := range k.Keys {
		if !keyID.MatchString(key.ID) || len(key.Secret) != 32 {
			return fmt.Errorf("store: key %q: want a name of letters and digits and 32 bytes", key.ID)
		}
	}
	return nil
}

// Seal encrypts plain, bound to the column it is for, so that a value moved to
// another column does not decrypt. Empty stays empty.
func (k Keyring) Seal(column, plain string) (string, error) {
	switch plain {
	case "":
		return "", nil
	case core.Unreadable: // shown in place of a value that is still there
		return "", errors.New("store: a value that could not be read is not sealed anew")
	}
	aead, err := k.Keys[0].aead()
	if err != nil {
		return "", err
	}
	nonce := secret.Bytes(aead.NonceSize())
	sealed := aead.Seal(nonce, nonce, []byte(plain), []byte(column))
	return "g1." + k.Keys[0].ID + "." + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made. The prefix g1 names the algorithm, AES-256-GCM.
func (k Keyring) Open(column, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	parts := strings.SplitN(sealed, ".", 3)
	if len(parts) != 3 || parts[0] != "g1" {
		return "", errors.New("store: not a sealed value")
	}
	for _, key := range k.Keys {
		if key.ID == parts[1] {
			return key.open(column, parts[2])
		}
	}
	return "", fmt.Errorf("store: sealed under key %q, which the key ring lacks", parts[1])
}

func (k Key) open(column, encoded string) (string, error) {
	aead, err := k.aead()
	if err != nil {
		return "", err
	}
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || len(raw) < aead.NonceSize() {
		return "", errors.New("store: a sealed value is cut short")
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(column))
	if err != nil {
		return "", errors.New("store: a sealed value does not decrypt")
	}
	return string(plain), nil
}

func (k Key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Digest returns the keyed digest of a value of one kind ("phone", "idno", …), for exact
// search. Empty stays empty. It has 128 bits in 22 characters: indexes are in the order of digests, and each entry of
// theirs is written for every person.
func (k Keyring) Digest(kind, value string) string {
	if value == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(k.mac(kind, value)[:digestSize])
}

const (
	digestSize = 16 // in bytes: no two numbers have one by chance
	tailSize   = 8  // of four characters, of which there are few
)

// mac returns the whole keyed digest.
func (k Keyring) mac(kind, value string) []byte {
	h := hmac.New(sha256.New, k.MAC)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return h.Sum(nil)
}

// DigestLast4 returns the keyed digest of the last four characters.
func (k Keyring) DigestLast4(kind, value string) string {
	if len(value) < 4 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(k.mac(kind+"4", value[len(value)-4:])[:tailSize])
}
