// Package wechat is the program's client of the WeChat platform: mini-program and official account.
//
// Requests are built and answers decoded by github.com/silenceper/wechat/v2; carrier.go is the seam.
// Every call takes a context and is bounded in time and size. An error of the platform is an *Error
// with the API and the code; no error and no log line ever contains a secret, a token or a code.
// There is no global state but the SDK's HTTP client, which is the carrier: base addresses, HTTP
// client, clock and token store are fields.
package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	callTime   = 6 * time.Second
	maxBody    = 4 << 20         // bytes of a response; pictures included
	maxMsg     = 200             // characters of an errmsg that are kept
	minHide    = 6               // bytes; anything shorter is no secret
	breakerFor = 5 * time.Minute // after 40164: the caller's address is not on the list
)

// Options configure a Client. The zero value talks to WeChat itself.
type Options struct {
	// APIBase and BrowserBase replace WeChat's hosts: https://HOST/path becomes BASE/HOST/path. For
	// the simulator, on loopback.
	APIBase     string
	BrowserBase string
	HTTP        *http.Client
	Tokens      TokenStore // nil = none: each call fetches a token
	Now         func() time.Time
	// LoopbackOnly refuses every request to another machine: for tests.
	LoopbackOnly bool
}

// Client makes calls to the platform. It is safe for concurrent use.
type Client struct {
	o       Options
	http    *http.Client
	mu      sync.Mutex
	broken  map[string]outage // by app: its calls are refused without being sent
	flights map[string]*flight
}

// New returns a Client.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tokens == nil {
		o.Tokens = noTokens{}
	}
	return &Client{o: o, http: unmoved(o.HTTP), broken: map[string]outage{}, flights: map[string]*flight{}}
}

// unmoved returns a copy of an HTTP client (nil = a plain one) that follows no redirects.
func unmoved(h *http.Client) *http.Client {
	own := http.Client{Timeout: callTime}
	if h != nil {
		own = *h
	}
	if own.Transport == nil {
		own.Transport = http.DefaultTransport
	}
	own.Transport = staying{own.Transport}
	return &own
}

// staying refuses redirects: the content of a query is not for another host.
type staying struct{ next http.RoundTripper }

var errMoved = errors.New("the answer is a redirect")

// RoundTrip implements http.RoundTripper.
func (s staying) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(r)
	if err != nil || response.StatusCode/100 != 3 {
		return response, err
	}
	_ = response.Body.Close() // nothing of it is wanted
	return nil, errMoved
}

// Error is what the platform answered instead of a result.
type Error struct {
	API  string // path of the call
	Code int    // errcode
	Msg  string // errmsg, for the log
	HTTP int    // status of an answer that is not the platform's own, as from a proxy; 0 = it is
}

func (e *Error) Error() string { return fmt.Sprintf("wechat: %s: %d %s", e.API, e.Code, e.Msg) }

// Codes that callers act on; see the platform's list of return codes:
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
const (
	codeBusy         = -1
	codeTokenInvalid = 40001
	codeTokenBad     = 40014
	codeTokenExpired = 42001
	codeBadCode      = 40029
	codeUsedCode     = 40163
	codeBadIP        = 40164
	codeCorpBadIP    = 60020 // WeWork's
	codeTooMany      = 43117
	codeQuota        = 45009
)

// CodeOf returns the platform's code of an error, 0 for any other error.
func CodeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// IsBadCode reports whether a login, phone or authorize code is unknown, used or expired.
func IsBadCode(err error) bool { return CodeOf(err) == codeBadCode || CodeOf(err) == codeUsedCode }

// IsRetryable reports whether a retry may succeed: the platform was busy, limits were reached, or
// it could not be reached or understood at all.
func IsRetryable(err error) bool {
	switch CodeOf(err) {
	case codeBusy, codeTooMany, codeQuota:
		return true
	case 0:
		return errors.As(err, new(*errLocal))
	}
	return false
}

func isTokenError(code int) bool {
	return code == codeTokenInvalid || code == codeTokenBad || code == codeTokenExpired
}

// ErrSnapshot is returned for the virtual identity of a page snapshot, which must never be signed
// in.
var ErrSnapshot = errors.New("wechat: a snapshot user is nobody")

// errLocal is a network error, or a response that is not from the platform. The URL, which contains
// secrets, is left out.
type errLocal struct {
	api string
	err error
}

func (e *errLocal) Error() string { return "wechat: " + e.api + ": " + e.err.Error() }
func (e *errLocal) Unwrap() error { return e.err }

// rewrite replaces the origin of a WeChat address by that of a stand-in.
func rewrite(base, address string) string {
	if base == "" {
		return address
	}
	return strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(address, "https://")
}

// request is one call, without a token.
type request struct {
	method string
	host   string
	path   string
	query  url.Values
	body   []byte
	kind   string   // content type of the body
	hide   []string // secrets in query and body, to be kept out of errors
}

// send makes one HTTP call and returns the raw response. A response with errcode ≠ 0 is an *Error.
func (c *Client) send(ctx context.Context, r request) (body []byte, contentType string, err error) {
	address := rewrite(c.o.APIBase, r.host+r.path)
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	if err := c.guard(address); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, "", fmt.Errorf("wechat: %s: malformed address", r.path)
	}
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	response, err := c.http.Do(req)
	if err != nil {
		return nil, "", quiet(r.path, err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, "", quiet(r.path, err)
	case len(body) > maxBody:
		return nil, "", &errLocal{r.path, errors.New("the answer is too long")}
	case response.StatusCode != http.StatusOK:
		return nil, "", &Error{API: r.path, Code: codeBusy, Msg: fmt.Sprintf("HTTP %d", response.StatusCode), HTTP: response.StatusCode}
	}
	contentType = response.Header.Get("Content-Type")
	body = legalJSON(body)
	return body, contentType, r.platformError(body)
}

// quiet removes the address, and the secrets in it, from a network error.
func quiet(api string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return &errLocal{api: api, err: &url.Error{Op: u.Op, URL: api, Err: u.Err}}
	}
	return &errLocal{api: api, err: err}
}

// platformError returns the error of a response with an errcode; pictures have none.
func (r request) platformError(body []byte) error {
	if len(body) == 0 || body[0] != '{' {
		return nil
	}
	var e struct {
		Code int    `json:"errcode"`
		Msg  string `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return &errLocal{r.path, errors.New("the answer is no JSON")}
	}
	if e.Code != 0 {
		return &Error{API: r.path, Code: e.Code, Msg: r.safe(e.Msg)}
	}
	return nil
}

// safe returns what may be kept of an errmsg: shortened, and without the secrets of the request,
// which it may repeat.
func (r request) safe(msg string) string {
	longest := slices.SortedFunc(slices.Values(r.hide), func(a, b string) int { return len(b) - len(a) })
	for _, secret := range longest { // one may contain another
		if len(secret) >= minHide {
			msg = strings.NewReplacer(secret, "***", url.QueryEscape(secret), "***").Replace(msg)
		}
	}
	if runes := []rune(msg); len(runes) > maxMsg {
		return string(runes[:maxMsg])
	}
	return msg
}

// guard keeps tests on this machine.
func (c *Client) guard(address string) error {
	if !c.o.LoopbackOnly {
		return nil
	}
	u, err := url.Parse(address)
	if err == nil {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return errors.New("wechat: a request would leave this machine")
}

// app is what a call with a token needs to know about its account.
type app struct {
	client *Client
	id     string
	secret string
	corp   bool // of WeWork: id is the company's
}

// circuit is what the breaker counts as one: an account, or an app of a company, each of which has a list
// of addresses of its own.
func (a app) circuit() string {
	if a.corp {
		return a.sharedKey("breaker")
	}
	return a.id
}

// outage is how long an app's calls are refused, and with which code.
type outage struct {
	until time.Time
	code  int
}

// call makes one call with the account's token. A token that the platform no longer accepts is
// replaced once, and the call repeated once.
func (a app) call(ctx context.Context, r request) ([]byte, string, error) {
	if err := a.client.checkBreaker(a.circuit(), r.path); err != nil {
		return nil, "", err
	}
	token, err := a.token(ctx, "")
	if err != nil {
		return nil, "", &errUnsent{err}
	}
	body, kind, err := a.client.send(ctx, r.with(token))
	if isTokenError(CodeOf(err)) {
		if token, err = a.token(ctx, token); err != nil {
			return nil, "", &errUnsent{err}
		}
		body, kind, err = a.client.send(ctx, r.with(token))
	}
	a.client.noteBreaker(a.circuit(), err)
	return body, kind, err
}

func (r request) with(token string) request {
	query := url.Values{}
	for name, values := range r.query {
		query[name] = values
	}
	query.Set("access_token", token)
	r.query, r.hide = query, append(slices.Clone(r.hide), token)
	return r
}

// checkBreaker refuses calls of an account whose address the platform does not allow: repeating
// them only makes it worse.
func (c *Client) checkBreaker(appID, api string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if out := c.broken[appID]; c.o.Now().Before(out.until) {
		return &Error{API: api, Code: out.code, Msg: "the address is not on the account's list; not asked again for a while"}
	}
	return nil
}

func (c *Client) noteBreaker(appID string, err error) {
	code := CodeOf(err)
	if code != codeBadIP && code != codeCorpBadIP {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken[appID] = outage{c.o.Now().Add(breakerFor), code}
}
