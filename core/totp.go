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

// The second step of signing in: a code of six digits that changes every thirty
// seconds, computed by a program on the phone and here from a shared secret.
// https://www.rfc-editor.org/rfc/rfc6238
const (
	TOTPSecretBytes = 20
	totpPeriod      = 30 // seconds
	totpSkew        = 1  // steps that a phone's clock may be off, either way
)

// TOTPState is what is known of an account's second step.
type TOTPState struct {
	Since    time.Time // zero = off
	Recovery int       // recovery codes not used yet
}

// On reports that signing in takes a code.
func (s TOTPState) On() bool { return !s.Since.IsZero() }

// TOTPText is a secret as people type it: 32 letters and digits of Base32.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPAddress is what the QR code of a secret holds, for authenticator programs.
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format
func TOTPAddress(login string, secret []byte) string {
	const issuer = "通行"
	return "otpauth://totp/" + url.PathEscape(issuer+":"+login) + "?" + strings.ReplaceAll(url.Values{
		"secret": {TOTPText(secret)}, "issuer": {issuer},
	}.Encode(), "+", "%20")
}

// MatchTOTP finds the step that a code belongs to, near the moment now. A step up
// to last, whose code was used, does not count.
func MatchTOTP(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	at := now.Unix() / totpPeriod
	for step := at - totpSkew; step <= at+totpSkew; step++ {
		if step > last && hmac.Equal([]byte(totpCode(secret, step)), []byte(code)) {
			return step, true
		}
	}
	return 0, false
}

// TOTPCode is the code that an authenticator with the secret shows at a moment.
func TOTPCode(secret []byte, now time.Time) string { return totpCode(secret, now.Unix()/totpPeriod) }

// totpCode is the code of a step: six digits.
func totpCode(secret []byte, step int64) string {
	h := hmac.New(sha1.New, secret)
	_ = binary.Write(h, binary.BigEndian, step) // a hash takes everything
	sum := h.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[from:from+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// CleanCode is a code as people type it without the spaces and dashes that make
// it readable; letters are upper case.
func CleanCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u3000' {
			return -1
		}
		return r
	}, strings.ToUpper(Clean(code)))
}
