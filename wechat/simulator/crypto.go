package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// padUnit is the PKCS#7 unit WeChat pads to: 32 bytes, not the cipher's 16.
const padUnit = 32

// envelope encrypts and decrypts callback messages with one EncodingAESKey, as in
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
type envelope struct {
	block cipher.Block
	iv    []byte
}

func newEnvelope(encodingKey string) (*envelope, error) {
	if len(encodingKey) != 43 {
		return nil, errors.New("an EncodingAESKey has 43 characters")
	}
	key, err := base64.StdEncoding.DecodeString(encodingKey + "=")
	if err != nil {
		return nil, errors.New("the EncodingAESKey is not base64")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &envelope{block: block, iv: key[:aes.BlockSize]}, nil
}

// seal encrypts message for receiver; salt is the 16 random bytes in front.
func (e *envelope) seal(salt [16]byte, message, receiver string) string {
	n := len(message)
	plain := bytes.NewBuffer(nil)
	plain.Write(salt[:])
	plain.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	plain.WriteString(message)
	plain.WriteString(receiver)
	pad := padUnit - plain.Len()%padUnit
	plain.Write(bytes.Repeat([]byte{byte(pad)}, pad))

	out := plain.Bytes()
	cipher.NewCBCEncrypter(e.block, e.iv).CryptBlocks(out, out)
	return base64.StdEncoding.EncodeToString(out)
}

var errEnvelope = errors.New("not a message of this key")

// open decrypts a message and returns it with its receiver.
func (e *envelope) open(text string) (message, receiver string, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) < padUnit || len(raw)%aes.BlockSize != 0 {
		return "", "", errEnvelope
	}
	cipher.NewCBCDecrypter(e.block, e.iv).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad < 1 || pad > padUnit || len(raw)-pad < 20 {
		return "", "", errEnvelope
	}
	for _, b := range raw[len(raw)-pad:] {
		if int(b) != pad {
			return "", "", errEnvelope
		}
	}
	raw = raw[:len(raw)-pad]
	n := int(raw[16])<<24 | int(raw[17])<<16 | int(raw[18])<<8 | int(raw[19])
	if n > len(raw)-20 {
		return "", "", errEnvelope
	}
	return string(raw[20 : 20+n]), string(raw[20+n:]), nil
}

// signature returns the SHA-1 of the parts, sorted and joined, in hexadecimal.
func signature(parts ...string) string {
	sorted := slices.Clone(parts)
	slices.Sort(sorted)
	sum := sha1.Sum([]byte(strings.Join(sorted, "")))
	return hex.EncodeToString(sum[:])
}
