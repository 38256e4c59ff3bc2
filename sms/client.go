package sms

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	callTime = 6 * time.Second
	maxBody  = 1 << 20 // bytes of an answer
)

// Options configure a Sender.
type Options struct {
	Provider Provider
	KeyID    string // SecretId, or AccessKey ID
	Secret   string // SecretKey, or AccessKey Secret
	Sign     string // 短信签名, approved by the provider, without brackets
	AppID    string // Tencent Cloud's SmsSdkAppId
	Region   string // "" = the provider's default for the mainland

	// Base replaces the provider's host: https://HOST/path becomes BASE/HOST/path. It must be on
	// loopback: for the simulator.
	Base string
	HTTP *http.Client
	Now  func() time.Time
	Log  *slog.Logger // of the provider Log
}

// New returns a Sender. Options that lack something the provider needs are an error.
func New(o Options) (Sender, error) {
	if o.Provider == Log {
		return NewLog(o.Log), nil
	}
	switch {
	case o.KeyID == "" || o.Secret == "" || o.Sign == "":
		return nil, fmt.Errorf("sms: %s needs a key, its secret and a signature", o.Provider)
	case o.Provider == Tencent && o.AppID == "":
		return nil, errors.New("sms: tencent needs the application's id")
	case o.Base != "" && !isLoopback(o.Base):
		return nil, errors.New("sms: a base that is not on loopback")
	}
	c := client{provider: o.Provider, base: strings.TrimSuffix(o.Base, "/"), http: still(o.HTTP)}
	switch o.Provider {
	case Tencent:
		return &tencent{client: c, o: o, now: now(o.Now)}, nil
	case Alibaba:
		return &alibaba{client: c, o: o, now: now(o.Now)}, nil
	}
	return nil, fmt.Errorf("sms: no provider %q", string(o.Provider))
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

var errMoved = errors.New("the answer is a redirect")

// still returns a copy of an HTTP client that follows no redirects.
func still(h *http.Client) *http.Client {
	own := http.Client{}
	if h != nil {
		own = *h
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// client makes the HTTP exchange of a provider.
type client struct {
	provider Provider
	base     string
	http     *http.Client
}

// call is a signed request.
type call struct {
	host   string
	query  string
	header http.Header
	body   []byte
}

// send makes one request and returns the answer's body and status.
func (c client) send(ctx context.Context, r call) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	address := "https://" + r.host + "/"
	if c.base != "" {
		address = c.base + "/" + r.host + "/"
	}
	if r.query != "" {
		address += "?" + r.query
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, 0, &errLocal{c.provider, errors.New("malformed address")}
	}
	req.Header, req.Host = r.header, r.host
	response, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.quiet(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 3 {
		return nil, 0, &errLocal{c.provider, errMoved}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, 0, c.quiet(err)
	case len(body) > maxBody:
		return nil, 0, &errLocal{c.provider, errors.New("the answer is too long")}
	}
	return body, response.StatusCode, nil
}

// quiet removes the address, and the number in it, from a network error.
func (c client) quiet(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &errLocal{c.provider, err}
}

// unread returns the error of an answer that is not the provider's.
func (c client) unread(status int) error {
	return &errLocal{c.provider, fmt.Errorf("HTTP %d, and the answer is not what it should be", status)}
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSHA256(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// signedHeader is a header that a signature covers; its name is in lower case.
type signedHeader struct{ name, value string }

// canonical returns headers, which are in order, as both signatures want them: a line for each, and the
// list of their names.
func canonical(headers []signedHeader) (lines, names string) {
	var b strings.Builder
	list := make([]string, 0, len(headers))
	for _, h := range headers {
		b.WriteString(h.name + ":" + strings.TrimSpace(h.value) + "\n")
		list = append(list, h.name)
	}
	return b.String(), strings.Join(list, ";")
}
