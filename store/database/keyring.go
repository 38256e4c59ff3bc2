package database

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tongxing/core"
	"tongxing/secret"
)

// Keyring encrypts personal data. The first key encrypts; every key decrypts, so
// that keys can be rotated. MAC makes the digests that search needs and cannot be
// rotated without recomputing them all.
type Keyring struct {
	Keys []Key
	MAC  []byte // 32 bytes

	macs *sync.Pool // of hash.Hash with MAC; nil = each call makes one
}

// Key is one AES-256 key and its name, which prefixes what it encrypted.
type Key struct {
	ID     string // letters and digits, at most 16
	Secret []byte // 32 bytes

	cipher cipher.AEAD // of Secret; nil = each use makes one
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

// ready returns the key ring with what each use would make again: to prepare a cipher takes longer than to seal a number.
func (k Keyring) ready() (Keyring, error) {
	keys := slices.Clone(k.Keys)
	for i := range keys {
		var err error
		if keys[i].cipher, err = keys[i].aead(); err != nil {
			return k, err
		}
	}
	mac := k.MAC
	return Keyring{Keys: keys, MAC: mac, macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, mac) }}}, nil
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
	if k.cipher != nil {
		return k.cipher, nil
	}
	block, err := aes.NewCipher(k.Secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Digest returns the keyed digest of a value of one kind ("phone", "idno", …), for exact
// search. Empty stays empty. It has 128 bits in 22 characters: indexes are in the order of digests, and each entry of
// theirs is written for every person. That of a number begins with the one of its tail, so that one index finds both.
func (k Keyring) Digest(kind, value string) string {
	switch {
	case value == "":
		return ""
	case tailed[kind]:
		return k.DigestTail(kind, value) +
			base64.RawURLEncoding.EncodeToString(k.mac(kind, value)[:restSize])
	}
	return base64.RawURLEncoding.EncodeToString(k.mac(kind, value)[:digestSize])
}

// DigestTail returns the beginning of the digests of all numbers of a kind that end in the same four characters as value.
func (k Keyring) DigestTail(kind, value string) string {
	return base64.RawURLEncoding.EncodeToString(k.mac(kind+"4", value[max(len(value)-tailChars, 0):])[:tailSize])
}

// tailed are the kinds of numbers that are found by their last four characters.
var tailed = map[string]bool{"phone": true, "idno": true}

const (
	digestSize = 16 // in bytes: no two numbers have one by chance
	tailSize   = 6  // of a tail, of which there are some thousands: eight characters
	restSize   = 12 // of a number behind its tail's
	tailChars  = 4
)

// mac returns the whole keyed digest.
func (k Keyring) mac(kind, value string) []byte {
	var h hash.Hash
	if k.macs == nil {
		h = hmac.New(sha256.New, k.MAC)
	} else {
		h = k.macs.Get().(hash.Hash)
		defer k.macs.Put(h)
		h.Reset()
	}
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return h.Sum(nil)
}
