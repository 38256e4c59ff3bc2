package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

const sessionKey = "AAECAwQFBgcICQoLDA0ODw=="

var sessionIV = base64.StdEncoding.EncodeToString([]byte("iv-of-16-bytes!!"))

// sealed encrypts as the mini-program's front end gets it.
func sealed(t testing.TB, text string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(sessionKey)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(text)%aes.BlockSize
	plain := append([]byte(text), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, []byte("iv-of-16-bytes!!")).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

func steps(appID string, at time.Time) string {
	return fmt.Sprintf(`{"stepInfoList":[{"timestamp":1763481600,"step":100},{"timestamp":1763568000,"step":8231}],`+
		`"watermark":{"appid":%q,"timestamp":%d}}`, appID, at.Unix())
}

func TestWeRun(t *testing.T) {
	clock := newClock()
	m := New(Options{Now: clock.Now}).MiniProgram(testApp, testSecret)
	right := sealed(t, steps(testApp, clock.Now()))
	got, err := m.WeRun(Sealed{SessionKey: sessionKey, Data: right, IV: sessionIV}, time.Minute)
	want := []Steps{{Day: 1763481600, Count: 100}, {Day: 1763568000, Count: 8231}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	short := base64.StdEncoding.EncodeToString([]byte("15 bytes of iv!"))
	for name, s := range map[string]Sealed{
		"nothing":                 {},
		"another account's":       {sessionKey, sealed(t, steps("wx9", clock.Now())), sessionIV},
		"old":                     {sessionKey, sealed(t, steps(testApp, clock.Now().Add(-2*time.Minute))), sessionIV},
		"from the future":         {sessionKey, sealed(t, steps(testApp, clock.Now().Add(2*time.Minute))), sessionIV},
		"without a watermark":     {sessionKey, sealed(t, `{"stepInfoList":[]}`), sessionIV},
		"no JSON":                 {sessionKey, sealed(t, "x"), sessionIV},
		"of another session":      {"AAECAwQFBgcICQoLDA0ODg==", right, sessionIV},
		"half a block":            {sessionKey, base64.StdEncoding.EncodeToString([]byte("17 bytes of data.")), sessionIV},
		"with a short iv":         {sessionKey, right, short},
		"with no base64":          {sessionKey, "%", sessionIV},
		"with a key of 5 bytes":   {"AAECAwQ=", right, sessionIV},
		"with a key of no base64": {"%", right, sessionIV},
	} {
		if got, err := m.WeRun(s, time.Minute); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("data that is %s: %+v, %v", name, got, err)
		}
	}
}

// FuzzWeRun: nothing makes it panic.
func FuzzWeRun(f *testing.F) {
	m := New(Options{}).MiniProgram(testApp, testSecret)
	f.Add(sessionKey, sealed(f, steps(testApp, time.Now())), sessionIV)
	f.Add("", "", "")
	f.Add(sessionKey, "AAECAwQFBgcICQoLDA0ODxA=", sessionIV)
	f.Add("AAECAwQ=", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA==")
	f.Fuzz(func(t *testing.T, key, data, iv string) {
		if got, err := m.WeRun(Sealed{SessionKey: key, Data: data, IV: iv}, time.Hour); err != nil && got != nil {
			t.Errorf("%+v with %v", got, err)
		}
	})
}
