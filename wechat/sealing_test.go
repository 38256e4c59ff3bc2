package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// crypter encrypts callbacks apart from the program, which uses the SDK, and from the simulator:
// AES-256-CBC, with the key's first 16 bytes as the IV,
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
