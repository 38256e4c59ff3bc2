package wechat

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
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

func TestCryptoVectors(t *testing.T) {
	c := newTestCrypter(t)
	for sealed, message := range map[string]string{
		sealedHello: "<xml>你好</xml>", sealedEmpty: "", sealedFull: strings.Repeat("a", 26), sealed17: strings.Repeat("a", 41),
	} {
		if got, err := c.open(sealed); err != nil || got != message {
			t.Errorf("open gives %q, %v; want %q", got, err, message)
		}
		if got, err := c.sealWith([16]byte([]byte("0123456789abcdef")), message); err != nil || got != sealed {
			t.Errorf("seal(%q) = %s, %v", message, got, err)
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
	c := newTestCrypter(t)
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
		"padding of two kinds": "Q3stYC6hdFzMh9T8HCvyDKrhsqkWjSa4DbROCGPw/zlHngOOnfZmPDWcUOO43s98" +
			"aGtPicFIAekMEOY5cf6mnRpsbNCckhyQMUso19GIvUFghar2ArdJGmFlJbCP3fjq",
		"no room for the length":  "Q3stYC6hdFzMh9T8HCvyDK8OntFNwYNirvFovYHv2cw=",
		"padding alone":           "mvbabGlr1RK2fbfudn9WPJz7jnmem7if9W0uDrMjeE0=",
		"a block of padding":      "zhTEnJ4iMq5SnKhsQxqgmg==",
		"more padding than bytes": "mvbabGlr1RK2fbfudn9WPA==",
	} {
		if got, err := c.open(sealed); !errors.Is(err, ErrMalformed) || errors.Is(err, errReceiver) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, sealed := range map[string]string{
		"another's": "Q3stYC6hdFzMh9T8HCvyDORchGzARlxqyFUOtgi0n8HGH7hW8wgPqqKVqAEKNZ3LMpUv3Gfi/gz+BN3iuu31sQ==",
		"nobody's":  "Q3stYC6hdFzMh9T8HCvyDDzMnf/8+Oc3FPkXW0+18Ps=",
	} {
		if got, err := c.open(sealed); !errors.Is(err, errReceiver) || !errors.Is(err, ErrMalformed) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestBitFlips: a text with one flipped bit may decrypt if the bit is in the 16 random bytes, or
// change the message; it never decrypts for another account or panics.
func TestBitFlips(t *testing.T) {
	c := newTestCrypter(t)
	raw, err := base64.StdEncoding.DecodeString(sealedHello)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for bit := range len(raw) * 8 {
		flipped := bytes.Clone(raw)
		flipped[bit/8] ^= 1 << (bit % 8)
		switch got, err := c.open(base64.StdEncoding.EncodeToString(flipped)); {
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

func TestSealIsRandom(t *testing.T) {
	c := newTestCrypter(t)
	seen := map[string]bool{}
	for range 100 {
		for _, message := range []string{"", "<xml>你好 ]]> &</xml>", strings.Repeat("长", 5000)} {
			sealed, err := c.seal(message)
			if err != nil || seen[sealed] {
				t.Fatalf("%v, seen %v", err, seen[sealed])
			}
			seen[sealed] = true
			if got, err := c.open(sealed); err != nil || got != message {
				t.Errorf("%q comes back as %q, %v", message, got, err)
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
	c := newTestCrypter(f)
	for _, seed := range []string{sealedHello, sealedEmpty, sealedFull, sealed17, "", "AAAA", sealedHello[:45]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		message, err := c.open(sealed)
		if err != nil && (message != "" || !errors.Is(err, ErrMalformed)) {
			t.Errorf("%q, %v", message, err)
		}
		again, err := c.seal(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := c.open(again); err != nil || back != sealed {
			t.Errorf("%q comes back as %q, %v", sealed, back, err)
		}
	})
}
