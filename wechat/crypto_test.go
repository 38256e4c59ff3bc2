package wechat

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/silenceper/wechat/v2/util"
)

const (
	callbackToken = "tok"
	callbackKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// The encrypted texts below were made with openssl and Python, not by this program: openssl enc
// -aes-256-cbc -nopad over 0123456789abcdef, the length, the message and the receiver, padded as
// each name tells.
const (
	sealedHello = "Q3stYC6hdFzMh9T8HCvyDORchGzARlxqyFUOtgi0n8GAlnw75jsW++0Otxa4GCEc7/moXV4q+3dPQTEe2LJvVg=="
	sealedEmpty = "Q3stYC6hdFzMh9T8HCvyDGE97x7yTT3wZmFGOVd3sOkK5WI4xerkVSImijh2oVe/TNTPQ0zTwiVqL/LAJWEttQ=="
	// Its plain text is a multiple of 32: a whole block of padding follows.
	sealedFull = "Q3stYC6hdFzMh9T8HCvyDKrhsqkWjSa4DbROCGPw/zlHngOOnfZmPDWcUOO43s98" +
		"aGtPicFIAekMEOY5cf6mnUKnAwW0xKJhXAaaHXGah9NzOeIrAiWeig0DXI2d7WD0"
	// 17 bytes of padding: more than a block of the cipher.
	sealed17 = "Q3stYC6hdFzMh9T8HCvyDJf2V6rba/HQCLmQb/g6T+dz2Cg7fYfkiZ8v0llf5WOf" +
		"ne/PB3Bt/a4SSlQt+sAOTYmzl2Jbo1jrUfVSeI6YHPzlUrzDzy2HePWUOKpDn2Pb"
)

func newTestCrypter(t testing.TB) *crypter {
	t.Helper()
	c, err := newCrypter(callbackKey, testApp)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sealed returns an account that reads encrypted callbacks.
func sealedAccount(t testing.TB) *OfficialAccount {
	t.Helper()
	a, err := New(Options{}).OfficialAccount(OfficialOptions{AppID: testApp, Token: callbackToken, AESKey: callbackKey})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCryptoVectors(t *testing.T) {
	c, a := newTestCrypter(t), sealedAccount(t)
	for sealed, message := range map[string]string{
		sealedHello: "<xml>你好</xml>", sealedEmpty: "", sealedFull: strings.Repeat("a", 26), sealed17: strings.Repeat("a", 41),
	} {
		if got, err := a.open(sealed); err != nil || string(got) != message {
			t.Errorf("open gives %q, %v; want %q", got, err, message)
		}
		if got, err := c.sealWith([16]byte([]byte("0123456789abcdef")), message); err != nil || got != sealed {
			t.Errorf("seal(%q) = %s, %v", message, got, err)
		}
		got, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(message), testApp, callbackKey)
		if err != nil || string(got) != sealed {
			t.Errorf("the SDK seals %q as %s, %v", message, got, err)
		}
	}
	for want, parts := range map[string][]string{
		"697aca07bec43bf5d012a69dff0985e4a65dc7d6": {"tok", "1763611200", "nonce", "enc"},
		"5d2ed9c6b0c04e3b6643cf3e7b4a2bb1705dd62f": {"nonce", "tok", "1763611200"},
	} {
		if got := sign(parts...); got != want || !sameSign(want, parts...) {
			t.Errorf("sign(%q) = %s", parts, got)
		}
		if sameSign(strings.ToUpper(want), parts...) || sameSign("", parts...) || sameSign(want[:39], parts...) ||
			sameSign(want, parts[1:]...) {
			t.Error("a wrong signature is right")
		}
	}
}

func TestCryptoRefuses(t *testing.T) {
	a := sealedAccount(t)
	for name, sealed := range map[string]string{
		"no base64":             "***",
		"nothing":               "",
		"URL-safe base64":       strings.ReplaceAll(sealedEmpty, "/", "_"),
		"half of the base64":    sealedHello[:45],
		"half of the blocks":    base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"a length over the end": "Q3stYC6hdFzMh9T8HCvyDBbXwvh7gT/IbmBwjXz8kKBWTbab01EYX/NfvoY9tciYpeHP3GmUBZCOcOVyEIBHTw==",
		"a length one too long": "Q3stYC6hdFzMh9T8HCvyDFcaegpqBTogW9TYf+ebawrRr2LINC+KEpkR8mCtQ1JaskphHR9NBkPavsyFH1gGyw==",
		"padding of 0": "Q3stYC6hdFzMh9T8HCvyDKrhsqkWjSa4DbROCGPw/zlHngOOnfZmPDWcUOO43s98" +
			"aGtPicFIAekMEOY5cf6mnTjYJXy8sKqxDPGhQNW+RYrtA56hBc8LkpTcmxP2u2J6",
		"padding of 33": "Q3stYC6hdFzMh9T8HCvyDKrhsqkWjSa4DbROCGPw/zlHngOOnfZmPDWcUOO43s98" +
			"aGtPicFIAekMEOY5cf6mnRJv3csVrcftCHFTRgGjev9Ytf8Iy9fjQ5U0uufTnvCR",
		"no room for the length":  "Q3stYC6hdFzMh9T8HCvyDK8OntFNwYNirvFovYHv2cw=",
		"padding alone":           "mvbabGlr1RK2fbfudn9WPJz7jnmem7if9W0uDrMjeE0=",
		"a block of padding":      "zhTEnJ4iMq5SnKhsQxqgmg==",
		"more padding than bytes": "mvbabGlr1RK2fbfudn9WPA==",
		"another's":               "Q3stYC6hdFzMh9T8HCvyDORchGzARlxqyFUOtgi0n8HGH7hW8wgPqqKVqAEKNZ3LMpUv3Gfi/gz+BN3iuu31sQ==",
		"nobody's":                "Q3stYC6hdFzMh9T8HCvyDDzMnf/8+Oc3FPkXW0+18Ps=",
	} {
		if got, err := a.open(sealed); !errors.Is(err, ErrMalformed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestBitFlips: a text with one flipped bit may decrypt if the bit is in the 16 random bytes, or
// change the message; it never decrypts for another account or panics.
func TestBitFlips(t *testing.T) {
	a := sealedAccount(t)
	raw, err := base64.StdEncoding.DecodeString(sealedHello)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for bit := range len(raw) * 8 {
		flipped := bytes.Clone(raw)
		flipped[bit/8] ^= 1 << (bit % 8)
		switch got, err := a.open(base64.StdEncoding.EncodeToString(flipped)); {
		case err == nil && len(got) != len("<xml>你好</xml>"):
			t.Errorf("bit %d: %q", bit, got)
		case err == nil:
			opened++
		case !errors.Is(err, ErrMalformed):
			t.Errorf("bit %d: %v", bit, err)
		}
	}
	// CBC garbles the bit's block and flips the bit in the next one: only changes within the
	// message can come through. The signature over the whole guards against those.
	if opened > len(raw)*8/2 {
		t.Errorf("%d of %d open", opened, len(raw)*8)
	}
}

// Replies are read back as they were, and no two are alike.
func TestSealIsRandom(t *testing.T) {
	a := sealedAccount(t)
	seen := map[string]bool{}
	for range 100 {
		for _, text := range []string{"1", "你好 ]]> &", strings.Repeat("长", 600)} {
			reply, err := a.Reply(Event{FromUser: "o1", ToUser: "gh_1"}, text)
			if err != nil || seen[reply] {
				t.Fatalf("%v, seen %v", err, seen[reply])
			}
			seen[reply] = true
			plain, err := a.open(sealedPart([]byte(reply)))
			var got struct {
				To      string `xml:"ToUserName"`
				Content string `xml:"Content"`
			}
			if err != nil || xml.Unmarshal(plain, &got) != nil || got.Content != text || got.To != "o1" {
				t.Errorf("%q comes back as %q, %v", text, plain, err)
			}
		}
	}
}

func TestEncodingKeys(t *testing.T) {
	for _, key := range []string{
		callbackKey[:42], callbackKey + "A", strings.Replace(callbackKey, "a", "*", 1), callbackKey + "=",
		strings.Repeat("中", 43), "short",
	} {
		if _, err := New(Options{}).OfficialAccount(OfficialOptions{AppID: testApp, AESKey: key}); err == nil {
			t.Errorf("%q is taken for a key", key)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	c, a := newTestCrypter(f), sealedAccount(f)
	for _, seed := range []string{sealedHello, sealedEmpty, sealedFull, sealed17, "", "AAAA", sealedHello[:45]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		message, err := a.open(sealed)
		if err != nil && (message != nil || !errors.Is(err, ErrMalformed)) {
			t.Errorf("%q, %v", message, err)
		}
		again, err := c.seal(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := a.open(again); err != nil || string(back) != sealed {
			t.Errorf("%q comes back as %q, %v", sealed, back, err)
		}
	})
}
