package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testApp    = "wx1111111111111111"
	testSecret = "5ecret-0f-the-account"
	testCode   = "c0de-of-one-login-XYZ"
)

// clock is a clock that a test sets, safe for concurrent use.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// asked is one request that reached the platform.
type asked struct {
	path  string
	token string
	body  map[string]any
}

// platform is a WeChat that returns what a test sets. Tokens are T1, T2, … of a secret unless
// answers has the path.
type platform struct {
	t       *testing.T
	server  *httptest.Server
	mu      sync.Mutex
	asked   []asked
	tokens  int
	expires int  // of the tokens it issues, in seconds
	same    bool // T1 for ever
	answers map[string]http.HandlerFunc
	held    chan struct{} // if not nil, a token is issued once it is closed
}

const (
	tokenPath     = "/cgi-bin/stable_token"
	corpTokenPath = "/cgi-bin/gettoken"
)

func newPlatform(t *testing.T) *platform {
	p := &platform{t: t, expires: 7200, answers: map[string]http.HandlerFunc{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api.weixin.qq.com"), "/qyapi.weixin.qq.com")
	a := asked{path: path, token: r.URL.Query().Get("access_token")}
	_ = json.NewDecoder(r.Body).Decode(&a.body) // a GET has none
	p.mu.Lock()
	p.asked = append(p.asked, a)
	answer, held := p.answers[path], p.held
	p.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case path == tokenPath || path == corpTokenPath:
		if held != nil {
			<-held
		}
		p.mu.Lock()
		if p.tokens == 0 || !p.same {
			p.tokens++
		}
		secret := a.body["secret"]
		if path == corpTokenPath {
			secret = r.URL.Query().Get("corpsecret")
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":%d}`, tokenName(secret, p.tokens), p.expires)
		p.mu.Unlock()
	default:
		fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","msgid":7}`)
	}
}

func tokenName(secret any, n int) string { return fmt.Sprintf("t0ken-%v-%d", secret, n) }

func (p *platform) on(path string, answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[path] = answer
}

// says sets the response of a path.
func (p *platform) says(path, text string) {
	p.on(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

func (p *platform) requests(path string) []asked {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(func(yield func(asked) bool) {
		for _, a := range p.asked {
			if a.path == path && !yield(a) {
				return
			}
		}
	})
}

// wantAsked fails the test unless the path was requested n times.
func (p *platform) wantAsked(path string, n int) {
	p.t.Helper()
	if got := len(p.requests(path)); got != n {
		p.t.Errorf("%s was asked %d times, want %d", path, got, n)
	}
}

func (p *platform) client(o Options) *Client {
	o.APIBase, o.BrowserBase, o.LoopbackOnly = p.server.URL, p.server.URL, true
	return New(remembering(o))
}

func (p *platform) official(o Options) *OfficialAccount {
	p.t.Helper()
	a, err := p.client(o).OfficialAccount(OfficialOptions{AppID: testApp, Secret: testSecret,
		Token: callbackToken, AESKey: callbackKey})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *platform) mini(o Options) *MiniProgram { return p.client(o).MiniProgram(testApp, testSecret) }

func (p *platform) corp(o Options) *CorpApp {
	return p.client(o).CorpApp(CorpOptions{CorpID: "ww1111111111111111", Secret: testSecret, Agent: 1000002})
}

const sendPath = "/cgi-bin/message/template/send"

func send(t *testing.T, a *OfficialAccount) error {
	t.Helper()
	_, err := a.SendTemplate(t.Context(), TemplateMessage{To: "o1", Template: "t1", Fields: map[string]string{"thing1": "x"}})
	return err
}

// TestHealing: a token that the platform rejects is replaced once, and the call repeated once with
// the new one.
func TestHealing(t *testing.T) {
	for _, code := range []int{40001, 40014, 42001} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			p := newPlatform(t)
			a := p.official(Options{})
			p.on(sendPath, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("access_token") == tokenName(testSecret, 1) {
					fmt.Fprintf(w, `{"errcode":%d,"errmsg":"token"}`, code)
					return
				}
				fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","msgid":7}`)
			})
			for range 2 {
				if err := send(t, a); err != nil {
					t.Error(err)
				}
			}
			p.wantAsked(tokenPath, 2)
			p.wantAsked(sendPath, 3)
			if last := p.requests(sendPath)[2].token; last != tokenName(testSecret, 2) {
				t.Errorf("the healed token is not kept: %s", last)
			}
		})
	}
}

// TestHealingEnds: an account whose tokens are rejected for good gets the error after two calls and
// one new token.
func TestHealingEnds(t *testing.T) {
	for _, same := range []bool{false, true} {
		p := newPlatform(t)
		p.same = same
		p.says(sendPath, `{"errcode":40001,"errmsg":"invalid credential"}`)
		a := p.official(Options{})
		if err := send(t, a); CodeOf(err) != 40001 || IsRetryable(err) {
			t.Errorf("got %v", err)
		}
		p.wantAsked(sendPath, 2)
		p.wantAsked(tokenPath, 2)
	}
}

// TestNoHealingWithoutToken: calls without the account's token, and calls with any other error, are
// made once.
func TestNoHealingWithoutToken(t *testing.T) {
	p := newPlatform(t)
	const refusal = `{"errcode":40001,"errmsg":"invalid credential"}`
	p.says("/sns/jscode2session", refusal)
	p.says("/sns/oauth2/access_token", refusal)
	p.says(sendPath, `{"errcode":43004,"errmsg":"require subscribe"}`)
	if _, err := p.mini(Options{}).Login(t.Context(), testCode); CodeOf(err) != 40001 {
		t.Errorf("login: %v", err)
	}
	a := p.official(Options{})
	if _, err := a.Visitor(t.Context(), testCode); CodeOf(err) != 40001 {
		t.Errorf("visitor: %v", err)
	}
	p.wantAsked("/sns/jscode2session", 1)
	p.wantAsked("/sns/oauth2/access_token", 1)
	p.wantAsked(tokenPath, 0)
	if err := send(t, a); CodeOf(err) != 43004 {
		t.Errorf("send: %v", err)
	}
	p.wantAsked(sendPath, 1)
}

// TestHealingTogether: many calls with the same dead token share one new one.
func TestHealingTogether(t *testing.T) {
	p := newPlatform(t)
	a := p.official(Options{})
	const n = 20
	var arrived sync.WaitGroup
	arrived.Add(n)
	p.on(sendPath, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") == tokenName(testSecret, 1) {
			arrived.Done()
			arrived.Wait()
			fmt.Fprint(w, `{"errcode":42001,"errmsg":"expired"}`)
			return
		}
		fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","msgid":7}`)
	})
	together(t, n, func() error { return send(t, a) })
	p.wantAsked(tokenPath, 2)
	p.wantAsked(sendPath, 2*n)
}

// together runs act n times at once and fails the test on any error.
func together(t *testing.T, n int, act func() error) {
	t.Helper()
	errs := make(chan error, n)
	for range n {
		go func() { errs <- act() }()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestBreaker: after 40164 the platform is not called for that account for five minutes by the
// clock; other accounts continue.
func TestBreaker(t *testing.T) {
	const badIP = `{"errcode":40164,"errmsg":"invalid ip 10.0.0.1, not in whitelist"}`
	for _, path := range []string{tokenPath, sendPath} {
		p, clock := newPlatform(t), newClock()
		p.says(path, badIP)
		a := p.official(Options{Now: clock.Now})
		for range 3 {
			if err := send(t, a); CodeOf(err) != 40164 || IsRetryable(err) {
				t.Errorf("%s: got %v", path, err)
			}
		}
		p.wantAsked(path, 1)
		if _, err := a.app.client.MiniProgram("wx2222222222222222", "another").PhoneNumber(t.Context(),
			testCode); path == sendPath &&
			CodeOf(err) == 40164 {
			t.Errorf("another account is kept from calling: %v", err)
		}
		asked := len(p.requests(path))
		clock.Add(5*time.Minute - time.Millisecond)
		_ = send(t, a)
		p.wantAsked(path, asked)
		clock.Add(time.Millisecond)
		_ = send(t, a)
		p.wantAsked(path, asked+1)
	}
}

// secretless fails the test if an error contains what must not be logged.
func secretless(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, format := range []string{"%v", "%+v", "%#v", "%q"} {
			text := fmt.Sprintf(format, e)
			for _, secret := range []string{testSecret, testCode, "t0ken-", "0penid-0f-somebody", url.QueryEscape(trickyCode)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s of %T holds %q: %s", format, e, secret, text)
				}
			}
		}
	}
}

const trickyCode = "a code/with&signs=?"

// TestErrorsHoldNoSecrets, whatever goes wrong and wherever.
func TestErrorsHoldNoSecrets(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text, _ := json.Marshal("you asked " + r.URL.RequestURI() + " " + r.URL.Query().Encode() + " " + string(body))
		fmt.Fprintf(w, `{"errcode":47001,"errmsg":%s}`, text)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"an errmsg that repeats what was asked": echo,
		"a closed connection": func(w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		},
		"a broken body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"a":`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusFound)
		},
		"a broken redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://[::1?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		},
		"a status": func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.RawQuery, http.StatusBadGateway) },
		"a page": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "<html>%s</html>", r.URL.RawQuery)
		},
		"other JSON": func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `[%q]`, r.URL.RawQuery) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.server.Config.ErrorLog = nil
			each(t, p, func(path string, call func() error) {
				p.on(path, answer)
				secretless(t, call())
			})
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		p := newPlatform(t)
		p.server.Close()
		each(t, p, func(_ string, call func() error) {
			err := call()
			secretless(t, err)
			if !IsRetryable(err) {
				t.Errorf("not to be tried again: %v", err)
			}
		})
	})
}

// each runs test with every call of the client, with codes that need escaping.
func each(t *testing.T, p *platform, test func(path string, call func() error)) {
	t.Helper()
	ctx := t.Context()
	mini, official := p.mini(Options{}), p.official(Options{})
	for _, code := range []string{testCode, trickyCode} {
		test("/sns/jscode2session", func() error { _, err := mini.Login(ctx, code); return err })
		test("/wxa/business/getuserphonenumber", func() error { _, err := mini.PhoneNumber(ctx, code); return err })
		test("/sns/oauth2/access_token", func() error { _, err := official.Visitor(ctx, code); return err })
	}
	test("/wxa/getwxacodeunlimit", func() error { _, err := mini.UnlimitedCode(ctx, CodeImage{Scene: "s"}); return err })
	test("/cgi-bin/qrcode/create", func() error { _, err := official.TemporaryCode(ctx, "s", time.Minute); return err })
	test("/cgi-bin/user/info", func() error { _, err := official.Follower(ctx, "0penid"); return err })
	test(sendPath, func() error { return send(t, official) })
	test("/sns/userinfo", func() error {
		_, err := official.complete(ctx, Visitor{OpenID: "o1"}, "t0ken-0f-a-visitor")
		return err
	})
	fresh := p.official(Options{})
	test(tokenPath, func() error { return send(t, fresh) })
}

// TestAnswers: responses that are not from the platform are errors, and worth a retry.
func TestAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"502":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a page":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>busy</html>") },
		"half":          func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"errcode":0,"errm`) },
		"nothing":       func(http.ResponseWriter, *http.Request) {},
		"an empty list": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[]`) },
		"too much":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxBody+1)) },
		"an errcode":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"errcode":-1,"errmsg":"system error"}`) },
		"a wrong type": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"openid":7,"msgid":"x","ticket":1,"subscribe":"no"}`)
		},
		"a 302":          func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
		"a wrong number": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"errcode":"0"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			for _, path := range []string{
				"/sns/jscode2session", "/sns/oauth2/access_token", "/cgi-bin/user/info",
				"/cgi-bin/qrcode/create", "/wxa/getwxacodeunlimit", sendPath,
			} {
				p.on(path, answer)
			}
			ctx, mini, official := t.Context(), p.mini(Options{}), p.official(Options{})
			_, login := mini.Login(ctx, testCode)
			picture, drawn := mini.UnlimitedCode(ctx, CodeImage{Scene: "s"})
			_, visited := official.Visitor(ctx, testCode)
			_, coded := official.TemporaryCode(ctx, "s", time.Minute)
			_, asked := official.Follower(ctx, "o1")
			for what, err := range map[string]error{
				"login": login, "code": drawn, "visitor": visited, "qr": coded, "follower": asked,
				"send": send(t, official),
			} {
				if err == nil || !IsRetryable(err) || IsBadCode(err) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if picture != nil {
				t.Errorf("a picture of %d bytes", len(picture))
			}
		})
	}
}

// TestRedirectsAreNotFollowed: the content of a query stays on the platform's hosts.
func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	for _, status := range []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect,
	} {
		p := newPlatform(t)
		for _, path := range []string{"/sns/jscode2session", tokenPath} {
			p.on(path, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+"/?"+r.URL.RawQuery, status)
			})
		}
		follow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		if _, err := p.mini(Options{HTTP: follow}).Login(t.Context(), testCode); err == nil {
			t.Error("a redirect is an answer")
		}
		if err := send(t, p.official(Options{})); err == nil {
			t.Error("a redirect gave a token")
		}
	}
	if reached {
		t.Error("a redirect was followed")
	}
}

// countingTransport counts outgoing requests.
type countingTransport struct{ n int }

func (c *countingTransport) RoundTrip(*http.Request) (*http.Response, error) {
	c.n++
	return nil, errors.New("nothing leaves")
}

func TestLoopbackOnly(t *testing.T) {
	for base, allowed := range map[string]bool{
		"": false, "http://198.51.100.7": false, "http://example.com": false, "http://127.0.0.1.example.com": false,
		"http://127.0.0.1@example.com": false, "http://localhost.example.com": false, "http://0.0.0.0": false,
		"http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost:1": true,
	} {
		counter := &countingTransport{}
		c := New(Options{APIBase: base, LoopbackOnly: true, HTTP: &http.Client{Transport: counter}})
		if _, err := c.MiniProgram(testApp, testSecret).Login(t.Context(), testCode); err == nil {
			t.Errorf("%s answered", base)
		}
		if (counter.n == 1) != allowed {
			t.Errorf("%q: %d requests left", base, counter.n)
		}
	}
}

// TestCallsEnd: a call to a platform that does not respond ends when the caller gives up.
func TestCallsEnd(t *testing.T) {
	p := newPlatform(t)
	hang := make(chan struct{})
	defer close(hang)
	for _, path := range []string{"/sns/jscode2session", sendPath} {
		p.on(path, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := p.mini(Options{}).Login(ctx, testCode)
	if !errors.Is(err, context.DeadlineExceeded) || !IsRetryable(err) {
		t.Errorf("got %v", err)
	}
	secretless(t, err)
	gone, leave := context.WithCancel(t.Context())
	leave()
	m := TemplateMessage{To: "o1", Template: "t1", Fields: one}
	if _, err := p.official(Options{}).SendTemplate(gone, m); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if timeout := New(Options{}).http.Timeout; timeout != callTime {
		t.Errorf("a call without a deadline may take %s", timeout)
	}
}

func TestErrorKinds(t *testing.T) {
	for code, want := range map[int][2]bool{ // bad code, worth a retry
		-1: {false, true}, 40029: {true, false}, 40163: {true, false}, 43004: {}, 43101: {}, 43117: {false, true},
		45009: {false, true}, 40037: {},
		40003: {}, 47003: {}, 40164: {}, 48001: {},
	} {
		err := fmt.Errorf("wrapped: %w", &Error{API: "/x", Code: code})
		if got := [2]bool{IsBadCode(err), IsRetryable(err)}; got != want || CodeOf(err) != code {
			t.Errorf("%d: %v, want %v", code, got, want)
		}
	}
	if IsRetryable(nil) || IsBadCode(nil) || CodeOf(nil) != 0 || IsRetryable(errors.New("x")) {
		t.Error("no error is an error")
	}
	long := request{hide: []string{"abc", testSecret}}
	if got := long.safe(strings.Repeat("好", 500)); got != strings.Repeat("好", maxMsg) {
		t.Errorf("%d bytes are kept", len(got))
	}
	if got := long.safe("abc of " + testSecret); got != "abc of ***" {
		t.Errorf("got %q", got)
	}
}
