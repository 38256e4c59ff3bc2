package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// site is an App on a real store and cache, with a clock set by the test.
type site struct {
	*App
	t     *testing.T
	store *store.Store
	redis redis.UniversalClient
	log   *logBuffer

	mu  sync.Mutex
	now time.Time
}

var siteTime = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

// logBuffer is a log that timers write to while a test reads it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// take returns what was written since it was last asked.
func (l *logBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.b.String()
	l.b.Reset()
	return text
}

func (s *site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// newSite returns a site; change, if not nil, edits the options first.
func newSite(t *testing.T, change func(o *Options)) *site {
	t.Helper()
	s := &site{t: t, now: siteTime, log: &logBuffer{}}
	db := estate.Store(t, store.Options{Zone: time.UTC, Now: s.Now})
	embedded, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Close() })
	s.store, s.redis = db, embedded
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o := Options{Store: db, Cache: RedisCache(embedded, db, log), Log: log}
	if change != nil {
		change(&o)
	}
	s.App = New(o)
	return s
}

// account creates a console account that has changed its initial password.
func (s *site) account(login string, permissions ...core.Permission) core.ID {
	s.t.Helper()
	a := core.Account{Login: login, Name: "测试" + login, Role: core.RoleViewer, Permissions: permissions, Scope: core.Everywhere}
	if len(permissions) == 0 {
		a.Permissions = []core.Permission{core.PermAccessRecordView}
	}
	id, err := s.store.CreateAccount(s.t.Context(), core.SystemGranter, a, firstPassword)
	if err != nil {
		s.t.Fatal(err)
	}
	session := core.Session{Subject: id}
	if err := s.store.ChangePassword(s.t.Context(), core.System, store.PasswordChange{
		Session: session, Old: firstPassword, New: secondPassword,
	}); err != nil {
		s.t.Fatal(err)
	}
	return id
}

const (
	firstPassword  = "first-Password-1"
	secondPassword = "second-Password-2"
)

// signedIn returns the cookie of a new session of an account.
func (s *site) signedIn(id core.ID) *http.Cookie {
	s.t.Helper()
	token, _ := s.session(core.SessionAccount, id)
	return &http.Cookie{Name: "tx_console", Value: token}
}

func (s *site) session(kind core.SessionKind, id core.ID) (string, core.Session) {
	s.t.Helper()
	life := core.SessionLife{Idle: 2 * time.Hour, MaxLife: 24 * time.Hour}
	token, session, err := s.store.StartSession(s.t.Context(), store.NewSession{
		Kind: kind, Subject: id, Addr: "192.0.2.1", Agent: "test", Life: life,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return token, session
}

func (s *site) wechatUser(openID string) core.ID {
	s.t.Helper()
	user, err := s.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: openID})
	if err != nil {
		s.t.Fatal(err)
	}
	return user.ID
}

// ask sends one request; edits change it first.
func (s *site) ask(method, target string, body string, edits ...func(r *http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.1:4000"
	for _, edit := range edits {
		edit(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func with(cookies ...*http.Cookie) func(r *http.Request) {
	return func(r *http.Request) {
		for _, c := range cookies {
			r.AddCookie(c)
		}
	}
}

func header(name, value string) func(r *http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func form(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }

func (s *site) want(w *httptest.ResponseRecorder, status int) {
	s.t.Helper()
	if w.Code != status {
		s.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
}

func ok(c *Context) error { return c.JSON(http.StatusOK, "ok") }

func TestRegisterRefusesMistakes(t *testing.T) {
	for name, routes := range map[string][]Route{
		"no access":  {{Method: "GET", Path: "/a", Handler: ok}},
		"no handler": {{Method: "GET", Path: "/a", Access: Public}},
		"no path":    {{Method: "GET", Access: Public, Handler: ok}},
		"twice": {
			{Method: "GET", Path: "/a", Access: Public, Handler: ok},
			{Method: "GET", Path: "/a", Access: SignedIn, Handler: ok},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			defer func() {
				if recover() == nil {
					t.Error("registered")
				}
			}()
			s.Register(routes...)
		})
	}
}

func TestDemoRoutesExistInTheDemoAlone(t *testing.T) {
	for _, demo := range []bool{true, false} {
		s := newSite(t, func(o *Options) { o.Demo = demo })
		s.Register(Route{Method: "GET", Path: "/demo", Access: DemoOnly, Handler: ok})
		want := http.StatusNotFound
		if demo {
			want = http.StatusOK
		}
		s.want(s.ask("GET", "/demo", ""), want)
	}
}

func TestErrorsBecomeAnswers(t *testing.T) {
	secret := errors.New("secret detail")
	for _, c := range []struct {
		err    error
		status int
		code   core.Code
		says   string
	}{
		{core.Invalid("坏"), 422, core.CodeInvalid, "坏"},
		{core.InvalidFields(map[string]string{"name": "太长"}), 422, core.CodeInvalid, "请检查标出的内容"},
		{core.Forbidden("禁"), 403, core.CodeForbidden, "禁"},
		{core.NotFound("无"), 404, core.CodeNotFound, "无"},
		{core.Conflict("冲"), 409, core.CodeConflict, "冲"},
		{secret, 500, core.CodeInternal, "系统繁忙，请稍后再试"},
		{&core.Error{Code: "strange", Message: "怪", Err: secret}, 500, core.CodeInternal, "怪"},
		{context.DeadlineExceeded, 503, codeTimeout, "处理超时，请稍后再试"},
		{TooMany(1500 * time.Millisecond), 429, codeLimited, "操作过于频繁，请 2 秒后再试"},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			s := newSite(t, nil)
			fail := func(*Context) error { return c.err }
			s.Register(Route{Method: "GET", Path: "/api/v1/x", Access: Public, Handler: fail},
				Route{Method: "GET", Path: "/console/x", Access: Public, Handler: fail})
			w := s.ask("GET", "/api/v1/x", "")
			s.want(w, c.status)
			var body ErrorBody
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if body.Code != c.code || body.Message != c.says || body.RequestID == "" || body.RequestID != w.Header().Get("X-Request-Id") {
				t.Errorf("answered %+v", body)
			}
			page := s.ask("GET", "/console/x", "")
			s.want(page, c.status)
			if strings.Contains(page.Body.String()+w.Body.String(), "secret") {
				t.Error("internal text reached people")
			}
			says := c.says
			if FieldsOf(c.err) != nil { // nothing is marked on a page without a form
				says = "网址参数有误，请从菜单重新打开页面"
			}
			if !strings.Contains(page.Body.String(), says) {
				t.Errorf("page %s", page.Body)
			}
		})
	}
}

// An error's page has no form: it never points to marks that it does not have.
func TestErrorPagesPointToNoMarks(t *testing.T) {
	wrong := core.InvalidFields(map[string]string{"name": "姓名太长", "room": "房号不存在"})
	for method, want := range map[string]string{
		http.MethodGet: "地址有误 网址参数有误，请从菜单重新打开页面", http.MethodPost: " 姓名太长；房号不存在",
	} {
		if got := causeOf(method, wrong) + " " + pageMessageOf(method, wrong); got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
}

// Who has verified no phone lacks no permission: the heading says what is missing, the text how to go on.
func TestAPhoneThatIsNotVerifiedIsTheCause(t *testing.T) {
	page := ErrorPage{
		Status: statuses[codeNoPhone], Code: codeNoPhone, Cause: causeOf(http.MethodGet, errNoPhone),
		Message: pageMessageOf(http.MethodGet, errNoPhone),
	}
	if p := page.Problem(); p.Title != "请先验证手机号" || !strings.Contains(p.Text, "一键验证") || strings.Contains(p.Text, "管理员") {
		t.Errorf("%+v", p)
	}
}

func TestAPanicIsA500(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: func(*Context) error { panic("hidden") }})
	w := s.ask("GET", "/x", "")
	s.want(w, http.StatusInternalServerError)
	if strings.Contains(w.Body.String(), "hidden") || !strings.Contains(s.log.String(), "hidden") {
		t.Error("the panic's text belongs in the log, and there alone")
	}
}

func TestUnknownAddressesAndMethods(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "POST", Path: "/api/v1/x", Access: Public, Handler: ok})
	s.want(s.ask("GET", "/nowhere", ""), http.StatusNotFound)
	w := s.ask("GET", "/api/v1/x", "")
	s.want(w, http.StatusMethodNotAllowed)
	if !strings.Contains(w.Body.String(), `"method_not_allowed"`) || !strings.Contains(w.Header().Get("Allow"), "POST") {
		t.Errorf("answered %s, Allow %q", w.Body, w.Header().Get("Allow"))
	}
	w = s.ask("GET", "/api/v1/y", "")
	s.want(w, http.StatusNotFound)
	if !strings.Contains(w.Body.String(), `"not_found"`) {
		t.Errorf("answered %s", w.Body)
	}
	for _, machine := range []string{"/door", "/callback/x"} {
		w = s.ask("GET", machine, "")
		s.want(w, http.StatusNotFound)
		if w.Body.Len() != 0 {
			t.Errorf("a machine is told %s", w.Body)
		}
	}
}

func TestTheLogHoldsNoSecrets(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/console/x/:id", Access: Public, Handler: ok})
	s.ask("GET", "/console/x/SECRETPATH?phone=13812345678", "", with(&http.Cookie{Name: "tx_console", Value: "SECRETCOOKIE"}))
	log := s.log.String()
	for _, secret := range []string{"SECRETPATH", "13812345678", "SECRETCOOKIE", "192.0.2.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
	if !strings.Contains(log, "path=/console/x/:id") {
		t.Errorf("the log lacks the route:\n%s", log)
	}
}

func TestBodyLimits(t *testing.T) {
	s := newSite(t, func(o *Options) { o.BodyBytes = 100 })
	read := func(c *Context) error {
		_, err := c.Body()
		return errors.Join(err)
	}
	s.Register(Route{Method: "POST", Path: "/api/v1/small", Access: Public, Handler: func(c *Context) error {
		if err := read(c); err != nil {
			return err
		}
		return ok(c)
	}}, Route{Method: "POST", Path: "/api/v1/large", Access: Public, Body: 1000, Handler: func(c *Context) error {
		if err := read(c); err != nil {
			return err
		}
		return ok(c)
	}})
	long := strings.Repeat("x", 500)
	s.want(s.ask("POST", "/api/v1/small", long), http.StatusRequestEntityTooLarge)
	s.want(s.ask("POST", "/api/v1/large", long), http.StatusOK)
	unknown := func(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(long)) }
	s.want(s.ask("POST", "/api/v1/small", "", unknown), http.StatusRequestEntityTooLarge)
}

func TestADeadlineIsSet(t *testing.T) {
	s := newSite(t, func(o *Options) { o.RequestTime = time.Minute })
	see := func(want bool) Handler {
		return func(c *Context) error {
			if _, has := c.Ctx().Deadline(); has != want {
				return errors.New("deadline")
			}
			return ok(c)
		}
	}
	s.Register(Route{Method: "GET", Path: "/a", Access: Public, Handler: see(true)},
		Route{Method: "GET", Path: "/b", Access: Public, Handler: see(false), Time: -1})
	s.want(s.ask("GET", "/a", ""), http.StatusOK)
	s.want(s.ask("GET", "/b", ""), http.StatusOK)
}

func TestSecurityHeaders(t *testing.T) {
	for _, public := range []string{"", "http://pass.example.com", "https://pass.example.com"} {
		s := newSite(t, func(o *Options) { o.PublicURL, _ = url.Parse(public) })
		s.Register(Route{Method: "GET", Path: "/console/x", Access: Public, Handler: ok})
		h := s.ask("GET", "/console/x", "").Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"X-Frame-Options": "SAMEORIGIN", "Cache-Control": "no-store",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %q", name, h.Get(name))
			}
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'self'") || !strings.Contains(
			h.Get("Content-Security-Policy"), "frame-ancestors 'self'",
		) {
			t.Errorf("policy %q", h.Get("Content-Security-Policy"))
		}
		if hsts := h.Get("Strict-Transport-Security"); (hsts != "") != strings.HasPrefix(public, "https") {
			t.Errorf("%q: HSTS %q", public, hsts)
		}
	}
}

func TestCompression(t *testing.T) {
	s := newSite(t, nil)
	send := func(kind string, size int) Handler {
		return func(c *Context) error { return c.Bytes(http.StatusOK, kind, bytes.Repeat([]byte("x"), size)) }
	}
	s.Register(
		Route{Method: "GET", Path: "/large", Access: Public, Handler: send("text/html; charset=utf-8", 5000)},
		Route{Method: "GET", Path: "/small", Access: Public, Handler: send("text/html; charset=utf-8", 500)},
		Route{Method: "GET", Path: "/image", Access: Public, Handler: send("image/png", 5000)},
		Route{Method: "GET", Path: "/door/x", Access: Device, Handler: send("text/plain", 5000)},
	)
	for path, want := range map[string]string{"/large": "gzip", "/small": "", "/image": "", "/door/x": ""} {
		w := s.ask("GET", path, "", header("Accept-Encoding", "gzip, br"))
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: encoding %q, want %q", path, got, want)
		}
	}
	if w := s.ask("GET", "/large", ""); w.Header().Get("Content-Encoding") != "" || w.Body.Len() != 5000 {
		t.Error("compressed for a caller who did not ask")
	}
}

func TestRealAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.9:1", nil, "203.0.113.9"},
		{"a stranger's header", "203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		{"behind a proxy", "10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"behind two", "10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"what the client wrote is left of the truth", "10.0.0.1:1", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"},
		{"several headers", "10.0.0.1:1", []string{"1.2.3.4", "198.51.100.1"}, "198.51.100.1"},
		{"nonsense", "10.0.0.1:1", []string{"unknown"}, "10.0.0.1"},
		{"no header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"mapped", "[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"six", "[fd00::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.7:50123"}, "203.0.113.7"},
		{"with a port, behind two", "10.0.0.1:1", []string{"1.2.3.4:5, 203.0.113.7:50123, 10.0.0.2:443"}, "203.0.113.7"},
		{"six in brackets with a port", "10.0.0.1:1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"six in brackets", "10.0.0.1:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"in quotes", "10.0.0.1:1", []string{`"203.0.113.9"`}, "203.0.113.9"},
		{"in quotes with brackets and a port", "10.0.0.1:1", []string{`"[2001:db8::1]:443"`}, "2001:db8::1"},
		{"an empty entry behind it", "10.0.0.1:1", []string{"203.0.113.9,"}, "203.0.113.9"},
		{"empty entries between", "10.0.0.1:1", []string{"203.0.113.9, ,, 10.0.0.2", ""}, "203.0.113.9"},
		{"mapped with a port", "10.0.0.1:1", []string{"[::ffff:203.0.113.9]:80"}, "203.0.113.9"},
		{"a zone", "10.0.0.1:1", []string{"[fe80::1%eth0]:80"}, "fe80::1"},
		{"a port that is none", "10.0.0.1:1", []string{"203.0.113.9:http"}, "10.0.0.1"},
		{"nonsense hides what is left of it", "10.0.0.1:1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"empty alone", "10.0.0.1:1", []string{" , "}, "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, func(o *Options) { o.TrustedProxies = proxies })
			var got string
			s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: func(c *Context) error { got = c.Addr(); return ok(c) }})
			s.ask("GET", "/x", "", func(r *http.Request) { r.RemoteAddr, r.Header["X-Forwarded-For"] = c.peer, c.forwarded })
			if got != c.want {
				t.Errorf("address %s, want %s", got, c.want)
			}
		})
	}
}

// TestVisitorsBehindAGatewayThatWritesPorts: each address has a limit of its own.
func TestVisitorsBehindAGatewayThatWritesPorts(t *testing.T) {
	s := newSite(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		o.Limits.AddressPerMinute = 2
	})
	s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: ok})
	for n := range 20 {
		w := s.ask("GET", "/x", "", header("X-Forwarded-For", fmt.Sprintf("203.0.113.%d:50123", n)), func(r *http.Request) {
			r.RemoteAddr = "127.0.0.1:9"
		})
		s.want(w, http.StatusOK)
	}
}

func TestHealth(t *testing.T) {
	broken := errors.New("broken")
	var err error
	s := newSite(t, func(o *Options) {
		o.Checks = []Check{{Name: "cache", Run: func(context.Context) error { return err }}}
	})
	s.want(s.ask("GET", "/healthz", ""), http.StatusOK)
	s.want(s.ask("GET", "/readyz", ""), http.StatusOK)
	if w := s.ask("HEAD", "/healthz", ""); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
	err = broken
	w := s.ask("GET", "/readyz", "")
	s.want(w, http.StatusServiceUnavailable)
	if !strings.Contains(w.Body.String(), `"cache":"failed"`) || strings.Contains(w.Body.String(), "broken") {
		t.Errorf("answered %s", w.Body)
	}
	s.want(s.ask("GET", "/healthz", ""), http.StatusOK)
}

func TestMetricsNameRoutesNotAddresses(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/x/:id", Access: Public, Handler: ok})
	s.ask("GET", "/x/123", "")
	s.ask("GET", "/strange/456", "")
	w := httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	if !strings.Contains(text, `tongxing_http_requests_total{method="GET",path="/x/:id",status="200"} 1`) {
		t.Errorf("figures lack the route:\n%s", text)
	}
	if strings.Contains(text, "/x/1") || strings.Contains(text, "strange") {
		t.Error("figures hold a stranger's path")
	}
}
