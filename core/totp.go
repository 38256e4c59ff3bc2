package core

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator programs compute
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The second step of signing in: a code of six digits that changes every thirty seconds, computed
// by an app on the phone and here from a shared secret. https://www.rfc-editor.org/rfc/rfc6238
const (
	TOTPSecretBytes = 20
	totpPeriod      = 30 // seconds
	totpSkew        = 1  // steps that a phone's clock may be off, either way
)

// TOTPState is the state of an account's second step.
type TOTPState struct {
	Since    time.Time // zero = off
	Recovery int       // unused recovery codes
}

// On reports whether signing in requires a code.
func (s TOTPState) On() bool { return !s.Since.IsZero() }

// TOTPText returns a secret as people type it: 32 letters and digits of Base32.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPAddress returns the content of a secret's QR code, for authenticator apps.
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format
func TOTPAddress(login string, secret []byte) string {
	const issuer = "通行"
	return "otpauth://totp/" + url.PathEscape(issuer+":"+login) + "?" + strings.ReplaceAll(url.Values{
		"secret": {TOTPText(secret)}, "issuer": {issuer},
	}.Encode(), "+", "%20")
}

// MatchTOTP returns the step, close to now, that a code belongs to. Steps up to last do not match:
// their codes have been used.
func MatchTOTP(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	at := now.Unix() / totpPeriod
	for step := at - totpSkew; step <= at+totpSkew; step++ {
		if step > last && hmac.Equal([]byte(totpCode(secret, step)), []byte(code)) {
			return step, true
		}
	}
	return 0, false
}

// TOTPCode returns the code that an authenticator with the secret shows at now.
func TOTPCode(secret []byte, now time.Time) string { return totpCode(secret, now.Unix()/totpPeriod) }

// totpCode returns the code of a step: six digits.
func totpCode(secret []byte, step int64) string {
	h := hmac.New(sha1.New, secret)
	_ = binary.Write(h, binary.BigEndian, step) // a hash never returns an error
	sum := h.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[from:from+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// CleanCode returns a code typed by a person without spaces and dashes, in upper case.
func CleanCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u3000' {
			return -1
		}
		return r
	}, strings.ToUpper(Clean(code)))
}
