package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func token(c *Context) error { return c.JSON(http.StatusOK, c.CSRF()) }

func csrfSite(t *testing.T, change func(o *Options)) *site {
	s := newSite(t, change)
	s.Register(
		Route{Method: "GET", Path: "/console/token", Access: Public, Handler: token},
		Route{Method: "POST", Path: "/console/open", Access: Public, Handler: ok},
		Route{Method: "POST", Path: "/console/act", Access: SignedIn, Handler: ok},
		Route{Method: "POST", Path: "/api/v1/act", Access: Public, Handler: ok},
		Route{Method: "POST", Path: "/door/x", Access: Device, Handler: ok},
		Route{Method: "POST", Path: "/callback/x", Access: Callback, Handler: ok},
	)
	return s
}

func csrfOf(w *httptest.ResponseRecorder) string { return strings.Trim(w.Body.String(), "\"\n") }

func TestFormsNeedTheirToken(t *testing.T) {
	s := csrfSite(t, nil)
	mine, other := with(s.signedIn(s.account("mine"))), with(s.signedIn(s.account("other")))
	good := csrfOf(s.ask("GET", "/console/token", "", mine))
	again := csrfOf(s.ask("GET", "/console/token", "", mine))
	if good == again {
		t.Error("the token looks the same twice: a compressed page would give it away")
	}
	body := func(token string) string { return url.Values{"csrf": {token}}.Encode() }
	for name, c := range map[string]struct {
		body   string
		edits  []func(r *http.Request)
		status int
	}{
		"right":              {body(good), nil, 200},
		"right, seen before": {body(again), nil, 200},
		"in the header":      {"", []func(*http.Request){header(CSRFHeader, good)}, 200},
		"none":               {"", nil, 403},
		"nonsense":           {body("AAAA"), nil, 403},
		"another's":          {body(csrfOf(s.ask("GET", "/console/token", "", other))), nil, 403},
		"of a visitor":       {body(csrfOf(s.ask("GET", "/console/token", ""))), nil, 403},
		"in the URL alone":   {"", []func(*http.Request){func(r *http.Request) { r.URL.RawQuery = body(good) }}, 403},
		"from another site":  {body(good), []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"from another host":  {body(good), []func(*http.Request){header("Origin", "https://evil.example")}, 403},
		"from a subdomain": {
			body(good),
			[]func(*http.Request){header("Sec-Fetch-Site", "same-site"), header("Origin", "https://a.example.com")},
			403,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.ask("POST", "/console/act", c.body, append([]func(*http.Request){form, mine}, c.edits...)...)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
		})
	}
}

func TestAVisitorsFormNeedsTheCookieToo(t *testing.T) {
	s := csrfSite(t, nil)
	w := s.ask("GET", "/console/token", "")
	body := url.Values{"csrf": {csrfOf(w)}}.Encode()
	s.want(s.ask("POST", "/console/open", body, form), http.StatusForbidden)
	s.want(s.ask("POST", "/console/open", body, form, with(w.Result().Cookies()...)), http.StatusOK)
}

func TestMachinesNeedNoToken(t *testing.T) {
	s := csrfSite(t, nil)
	for _, path := range []string{"/api/v1/act", "/door/x", "/callback/x"} {
		s.want(s.ask("POST", path, "{}", header("Content-Type", "application/json")), http.StatusOK)
	}
}

func TestAProxyMayChangeTheHost(t *testing.T) {
	s := csrfSite(t, func(o *Options) { o.PublicURL, _ = url.Parse("https://pass.example.com") })
	cookie := with(&http.Cookie{Name: "__Host-tx_console", Value: s.signedIn(s.account("far")).Value})
	body := url.Values{"csrf": {csrfOf(s.ask("GET", "/console/token", "", cookie))}}.Encode()
	s.want(s.ask("POST", "/console/act", body, form, cookie, header("Origin", "https://pass.example.com")), http.StatusOK)
	s.want(s.ask("POST", "/console/act", body, form, cookie, header("Origin", "https://evil.example.com")), http.StatusForbidden)
}

func TestCookies(t *testing.T) {
	for public, secure := range map[string]bool{"": false, "https://pass.example.com": true} {
		s := newSite(t, func(o *Options) { o.PublicURL, _ = url.Parse(public) })
		user := s.wechatUser("open-1")
		s.Register(Route{Method: "GET", Path: "/h5/enter", Access: Public, Handler: func(c *Context) error {
			if err := c.StartSession(SurfaceGuard, user); err != nil {
				return err
			}
			return ok(c)
		}})
		cookies := s.ask("GET", "/h5/enter", "").Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("cookies %v", cookies)
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" ||
			strings.HasPrefix(c.Name, "__Host-") != secure {
			t.Errorf("%q: cookie %+v", public, c)
		}
	}
}

func TestFlashIsShownOnce(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/set", Access: Public, Handler: func(c *Context) error {
		c.Flash(FlashSuccess, "已保存；<b>")
		return ok(c)
	}}, Route{Method: "GET", Path: "/take", Access: Public, Handler: func(c *Context) error {
		f, ok := c.TakeFlash()
		return c.JSON(http.StatusOK, map[string]any{"flash": f, "ok": ok})
	}})
	set := s.ask("GET", "/set", "").Result().Cookies()
	w := s.ask("GET", "/take", "", with(set...))
	if !strings.Contains(w.Body.String(), `"Message":"已保存；\u003cb\u003e"`) || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("took %s, cookies %v", w.Body, w.Result().Cookies())
	}
	for _, bad := range []string{"success", "success.!!", "evil." + "5bey", "success./w"} {
		if w := s.ask("GET", "/take", "",
			with(&http.Cookie{Name: "tx_flash", Value: bad})); !strings.Contains(w.Body.String(), `"ok":false`) {
			t.Errorf("took %q: %s", bad, w.Body)
		}
	}
}

func TestRedirectsStayHere(t *testing.T) {
	for path, want := range map[string]string{
		"/console": "/console", "/console/x?a=1": "/console/x?a=1", "//evil.example": "/home", "/\\evil.example": "/home",
		"https://evil.example": "/home", "": "/home", "console": "/home", "/a\nb": "/home", "javascript:alert(1)": "/home",
	} {
		if got := LocalPath(path, "/home"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// A page may load only WeChat's script, and only on phones; only a guard's page may use the camera;
// no page is indexed by search engines.
func TestPagesMayDoLittle(t *testing.T) {
	s := newSite(t, nil)
	for path, may := range map[string]struct{ wechat, camera bool }{
		"/console":           {},
		"/h5/pass":           {wechat: true},
		"/h5/guard/7":        {wechat: true, camera: true},
		"/h5/guard":          {wechat: true, camera: true},
		"/h5/guardian":       {wechat: true},
		"/h5x":               {},
		"/callback/unknown":  {},
		"/console/h5/guard/": {},
	} {
		h := s.ask("GET", path, "").Header()
		policy, features := h.Get("Content-Security-Policy"), h.Get("Permissions-Policy")
		if strings.Contains(policy, "https://") != may.wechat {
			t.Errorf("%s may load %q", path, policy)
		}
		for source := range strings.FieldsSeq(policy) {
			if strings.HasPrefix(source, "https://") && strings.Trim(source, ";") != "https://res.wx.qq.com/open/js/" {
				t.Errorf("%s may load %s", path, source)
			}
		}
		if strings.Contains(features, "camera=(self)") != may.camera || strings.Contains(features, "camera=()") == may.camera {
			t.Errorf("%s may use %q", path, features)
		}
		for _, off := range []string{"microphone=()", "geolocation=()", "payment=()", "usb=()"} {
			if !strings.Contains(features, off) {
				t.Errorf("%s lacks %s", path, off)
			}
		}
		if h.Get("X-Robots-Tag") != "noindex, nofollow" {
			t.Errorf("%s may be indexed", path)
		}
	}
	w := s.ask("GET", "/robots.txt", "")
	s.want(w, http.StatusOK)
	if w.Body.String() != "User-agent: *\nDisallow: /\n" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%s %q", w.Header().Get("Content-Type"), w.Body)
	}
}

func TestStreamsOfAWideNetwork(t *testing.T) {
	all := newStreams()
	enter := func(key string) (func(), error) { return all.enter(key) }
	var leave func()
	for i := range WideTimes * streamsEach {
		release, err := enter(fmt.Sprintf("2001:db8:0:%x::/64", i))
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		leave = release
	}
	if _, err := enter("2001:db8:0:ffff::/64"); err == nil {
		t.Error("a /48 has as many streams as it likes")
	}
	for _, other := range []string{"2001:db8:1::/64", "192.0.2.1", "account 7"} {
		if _, err := enter(other); err != nil {
			t.Errorf("%s pays for it: %v", other, err)
		}
	}
	leave()
	if _, err := enter("2001:db8:0:ffff::/64"); err != nil {
		t.Errorf("after one ended: %v", err)
	}
}
