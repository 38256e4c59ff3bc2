package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signature
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// crypter encrypts and decrypts callbacks: AES-256-CBC, with the key's first 16 bytes as the IV,
// padded to 32 as PKCS#7, over 16 random bytes, the message's length in 4 bytes big-endian, the
// message, and the account it is for.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
type crypter struct {
	key      []byte
	receiver string
}

const padTo = 32

func newCrypter(encodingKey, receiver string) (*crypter, error) {
	key, err := base64.StdEncoding.DecodeString(encodingKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("wechat: an EncodingAESKey has 43 characters of base64")
	}
	return &crypter{key: key, receiver: receiver}, nil
}

// A body that the key does not decrypt is ErrMalformed.
var (
	errSealed   = fmt.Errorf("%w: it does not decrypt", ErrMalformed)
	errReceiver = fmt.Errorf("%w: it is for another account", ErrMalformed)
)

func (c *crypter) open(text string) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return "", errSealed
	}
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return "", fmt.Errorf("wechat: %w", err)
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, c.key[:aes.BlockSize]).CryptBlocks(plain, sealed)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padTo || pad > len(plain) {
		return "", errSealed
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return "", errSealed
		}
	}
	plain = plain[:len(plain)-pad]
	if len(plain) < 20 {
		return "", errSealed
	}
	size := int64(binary.BigEndian.Uint32(plain[16:20]))
	if size > int64(len(plain)-20) {
		return "", errSealed
	}
	message, receiver := plain[20:20+size], plain[20+size:]
	if subtle.ConstantTimeCompare(receiver, []byte(c.receiver)) != 1 {
		return "", errReceiver
	}
	return string(message), nil
}

func (c *crypter) seal(message string) (string, error) {
	var salt [16]byte
	copy(salt[:], rand.Text()) // letters, as in the platform's own samples
	return c.sealWith(salt, message)
}

func (c *crypter) sealWith(salt [16]byte, message string) (string, error) {
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return "", fmt.Errorf("wechat: %w", err)
	}
	plain := binary.BigEndian.AppendUint32(salt[:], uint32(len(message)))
	plain = append(append(plain, message...), c.receiver...)
	pad := padTo - len(plain)%padTo
	for range pad {
		plain = append(plain, byte(pad))
	}
	cipher.NewCBCEncrypter(block, c.key[:aes.BlockSize]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}

// sign returns the platform's signature: SHA-1 of the parts, sorted and joined.
func sign(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, ""))) //nolint:gosec // the platform's signature
	return hex.EncodeToString(sum[:])
}

func sameSign(given string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(sign(parts...))) == 1
}
