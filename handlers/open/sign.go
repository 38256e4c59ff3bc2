package open

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Request is what of a call is signed.
type Request struct {
	Method string
	Path   string // as it is sent, escaped: /api/open/v1/communities
	Query  string // as it is sent, without ?; its order does not matter
	Time   int64  // Unix, in seconds
	Nonce  string // 16 to 64 letters, figures, hyphens or underscores, another one for each call
	Body   []byte
}

// Text returns what is signed: method, path, sorted query, time, nonce and the body's SHA-256, a line each.
func (r Request) Text() string {
	sum := sha256.Sum256(r.Body)
	return strings.Join([]string{
		strings.ToUpper(r.Method), r.Path, sortedQuery(r.Query), strconv.FormatInt(r.Time, 10), r.Nonce, hex.EncodeToString(sum[:]),
	}, "\n")
}

// sortedQuery returns the pairs of a query in the order of their bytes, each as it is sent.
func sortedQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// Sign returns the signature of a call: HMAC-SHA-256 of its text, in lower-case hexadecimal figures.
func Sign(secret string, r Request) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(r.Text()))
	return hex.EncodeToString(mac.Sum(nil))
}

// Signed reports whether a signature is that of a call. It takes the same time whatever the signature is.
func Signed(secret string, r Request, signature string) bool {
	return hmac.Equal([]byte(Sign(secret, r)), []byte(signature))
}

// requestOf returns a call as it was sent, without time and nonce.
func requestOf(method string, at *url.URL, body []byte) Request {
	return Request{Method: method, Path: at.EscapedPath(), Query: at.RawQuery, Body: body}
}
