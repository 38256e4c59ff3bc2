package core

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1: the last six of their digits.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
		20000000000: "353130",
	} {
		now := time.Unix(at, 0)
		step, ok := MatchTOTP(secret, code, now, 0)
		if !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, ok)
		}
		if _, ok := MatchTOTP(secret, code, now, step); ok {
			t.Errorf("at %d the code works twice", at)
		}
		if at < 60 {
			continue // two steps before lies before 1970
		}
		for after, want := range map[time.Duration]bool{
			-30 * time.Second: true, 30 * time.Second: true, -60 * time.Second: false, 60 * time.Second: false,
		} {
			if _, ok := MatchTOTP(secret, code, now.Add(after), 0); ok != want {
				t.Errorf("%s later the code is taken: %v", after, ok)
			}
		}
	}
	for _, wrong := range []string{"", "28708", "2870820", "287083"} {
		if _, ok := MatchTOTP(secret, wrong, time.Unix(59, 0), 0); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestTOTPAddress(t *testing.T) {
	u, err := url.Parse(TOTPAddress("wang.wei", []byte("12345678901234567890")))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/通行:wang.wei" ||
		u.Query().Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Errorf("%v, %v", u, err)
	}
	if strings.Contains(u.RawQuery, "+") {
		t.Error("authenticator programs read + as it stands")
	}
}

func TestCleanCode(t *testing.T) {
	for typed, want := range map[string]string{" 287 082 ": "287082", "abcde-fgh23": "ABCDEFGH23", "１２３ ４５６": "123456", "": ""} {
		if got := CleanCode(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
