package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/wechat/simulator"
)

// TestLoopbackOnly: callers on another machine get no answer, on any address.
func TestLoopbackOnly(t *testing.T) {
	s := newSite(t, nil)
	for address, want := range map[string]int{"192.0.2.7:999": 403, "10.0.0.8:1": 403, "[2001:db8::1]:1": 403, "": 403,
		"127.0.0.1:5": 200, "127.8.9.1:5": 200, "[::1]:5": 200} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		s.sim.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q is answered %d, want %d", address, w.Code, want)
		}
	}
}

var rid = regexp.MustCompile(` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)

// TestReplyRules: errors are HTTP 200 with a request id; some successes have no
// errcode; content types differ.
func TestReplyRules(t *testing.T) {
	s := newSite(t, nil)
	token, miniToken := s.token(official), s.token(mini)
	open := s.sim.OpenID("zhang", official)
	oauth := s.call("/sns/oauth2/access_token", "", "appid", official, "secret", secret, "grant_type", "authorization_code",
		"code", s.sim.MintOAuthCode("zhang", official, "snsapi_userinfo"))
	for name, c := range map[string]struct {
		got  reply
		code int
		kind string
	}{
		"token": {
			s.call("/cgi-bin/token", "", "grant_type", "client_credential", "appid", official, "secret", secret),
			none, "application/json; encoding=utf-8",
		},
		"session": {
			s.call(
				"/sns/jscode2session", "", "grant_type", "authorization_code", "appid", mini, "secret", secret,
				"js_code", s.sim.MintLoginCode("zhang", mini),
			),
			none, "text/plain",
		},
		"oauth":    {oauth, none, "text/plain"},
		"userinfo": {s.call("/sns/userinfo", "", "access_token", oauth.text("access_token"), "openid", open), none, "text/plain"},
		"auth":     {s.call("/sns/auth", "", "access_token", oauth.text("access_token"), "openid", open), 0, "text/plain"},
		"refresh": {
			s.call(
				"/sns/oauth2/refresh_token", "", "grant_type", "refresh_token", "appid", official,
				"refresh_token", oauth.text("refresh_token"),
			),
			none, "text/plain",
		},
		"info":  {s.call("/cgi-bin/user/info", "", "access_token", token, "openid", open), none, "application/json; encoding=utf-8"},
		"users": {s.call("/cgi-bin/user/get", "", "access_token", token), none, "application/json; encoding=utf-8"},
		"menu":  {s.call("/cgi-bin/menu/get", "", "access_token", token), none, "application/json; encoding=utf-8"},
		"qrcode": {
			s.call(
				"/cgi-bin/qrcode/create",
				`{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"a"}}}`, "access_token",
				token,
			),
			none, "application/json; encoding=utf-8",
		},
		"ticket": {
			s.call("/cgi-bin/ticket/getticket", "", "access_token", token, "type", "jsapi"), 0,
			"application/json; encoding=utf-8",
		},
		"ips": {s.call("/cgi-bin/getcallbackip", "", "access_token", token), none, "application/json; encoding=utf-8"},
		"phone": {
			s.call("/wxa/business/getuserphonenumber", `{"code":"`+s.sim.MintPhoneCode("zhang", mini)+`"}`, "access_token", miniToken),
			0, "application/json; encoding=utf-8",
		},
		"template": {
			s.call(
				"/cgi-bin/message/template/send",
				`{"touser":"`+open+`","template_id":"T1","data":{"thing1":{"value":"陈"}}}`, "access_token",
				token,
			),
			0, "application/json; encoding=utf-8",
		},
		"code":    {s.call("/wxa/getwxacodeunlimit", `{"scene":"a=1"}`, "access_token", miniToken), none, "image/jpeg"},
		"failure": {s.call("/wxa/getwxacodeunlimit", `{"scene":""}`, "access_token", miniToken), 40129, "application/json; encoding=utf-8"},
	} {
		if c.got.status != 200 || c.got.code() != c.code || c.got.kind != c.kind {
			t.Errorf("%s: %d, errcode %d, %s: %s", name, c.got.status, c.got.code(), c.got.kind, c.got.raw[:min(len(c.got.raw), 200)])
		}
		if (c.code > 0) != rid.MatchString(c.got.text("errmsg")) {
			t.Errorf("%s: errmsg %q", name, c.got.text("errmsg"))
		}
	}
	if r := s.call("/cgi-bin/nothing", ""); r.status != http.StatusNotFound {
		t.Errorf("an unknown call is answered %d", r.status)
	}
}

// TestErrorCodes: each return code has its cause.
func TestErrorCodes(t *testing.T) {
	s := newSite(t, nil)
	token, miniToken, otherToken := s.token(official), s.token(mini), s.token(other)
	zhang, li := s.sim.OpenID("zhang", official), s.sim.OpenID("li", official)
	miniZhang := s.sim.OpenID("zhang", mini)
	get := func(path string, pairs ...string) func() reply {
		return func() reply { return s.call(path, "", pairs...) }
	}
	post := func(path, token, body string) func() reply {
		return func() reply { return s.call(path, body, "access_token", token) }
	}
	menu := func(body string) func() reply { return post("/cgi-bin/menu/create", token, body) }
	session := func(code string) func() reply {
		return get("/sns/jscode2session", "appid", mini, "secret", secret, "grant_type", "authorization_code", "js_code", code)
	}
	exchange := func(code string) reply {
		return s.call("/sns/oauth2/access_token", "", "appid", official, "secret", secret, "grant_type", "authorization_code", "code", code)
	}
	used := s.sim.MintLoginCode("zhang", mini)
	session(used)()
	base := exchange(s.sim.MintOAuthCode("zhang", official, "snsapi_base"))
	fields := `"data":{"thing1":{"value":"陈"}}`
	const send, subscribe = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/send"
	for _, c := range []struct {
		name string
		code int
		call func() reply
	}{
		{"unknown token", 40001, get("/cgi-bin/menu/get", "access_token", "x")},
		{"a person's token", 40001, get("/cgi-bin/menu/get", "access_token", base.text("access_token"))},
		{"no token", 41001, get("/cgi-bin/menu/get")},
		{"grant type", 40002, get("/cgi-bin/token", "appid", mini, "secret", secret)},
		{"no app", 41002, get("/cgi-bin/token", "grant_type", "client_credential")},
		{"unknown app", 40013, get("/cgi-bin/token", "grant_type", "client_credential", "appid", "wx1", "secret", secret)},
		{"no secret", 41004, get("/cgi-bin/token", "grant_type", "client_credential", "appid", mini)},
		{"wrong secret", 40125, get("/cgi-bin/token", "grant_type", "client_credential", "appid", mini, "secret", "x")},
		{"unknown openid", 40003, get("/cgi-bin/user/info", "access_token", token, "openid", miniZhang)},
		{"wrong account kind", 48001, get("/cgi-bin/menu/get", "access_token", miniToken)},
		{"POST where GET", 43001, func() reply { return s.callBy("POST", "/cgi-bin/menu/get", "{}", "access_token", token) }},
		{"GET where POST", 43002, get(send, "access_token", token)},
		{"no body", 44002, func() reply { return s.callBy("POST", send, "", "access_token", token) }},
		{"no JSON", 47001, post(send, token, "{")},
		{"wrong JSON type", 47001, post(send, token, `{"touser":1}`)},
		{"unknown code", 40029, session("x")},
		{"another app's code", 40029, session(s.sim.MintLoginCode("zhang", official))},
		{"a phone code", 40029, session(s.sim.MintPhoneCode("zhang", mini))},
		{"used code", 40163, session(used)},
		{"no code", 41008, session("")},
		{"blocked", 40226, session(s.sim.MintLoginCode("risky", mini))},
		{"another app's phone code", 40013, post(
			"/wxa/business/getuserphonenumber", miniToken, `{"code":"`+s.sim.MintPhoneCode("zhang", other)+`"}`,
		)},
		{"no phone code", 40029, post("/wxa/business/getuserphonenumber", miniToken, `{}`)},
		{"bad scene", 40129, post("/wxa/getwxacodeunlimit", miniToken, `{"scene":"中"}`)},
		{"long scene", 40129, post("/wxa/getwxacodeunlimit", miniToken, `{"scene":"`+strings.Repeat("a", 33)+`"}`)},
		{"unpublished page", 41030, post("/wxa/getwxacodeunlimit", miniToken, `{"scene":"a","page":"pages/x"}`)},
		{"page with a slash", 41030, post("/wxa/getwxacodeunlimit", miniToken, `{"scene":"a","page":"/pages/index","check_path":false}`)},
		{"unsupported", 45109, post("/cgi-bin/message/wxopen/template/uniform_send", miniToken, "{}")},
		{"no grant", 43101, post(subscribe, miniToken, `{"touser":"`+miniZhang+`","template_id":"M1",`+fields+`}`)},
		{"page of a message", 41030, post(subscribe, miniToken, `{"touser":"`+miniZhang+`","template_id":"M1","page":"/x",`+fields+`}`)},
		{"not a follower", 43004, post(send, token, `{"touser":"`+li+`","template_id":"T1",`+fields+`}`)},
		{"no such template", 40037, post(send, token, `{"touser":"`+zhang+`","template_id":"T9",`+fields+`}`)},
		{"another account's openid", 40003, post(send, otherToken, `{"touser":"`+zhang+`","template_id":"T1",`+fields+`}`)},
		{"no fields", 47003, post(send, token, `{"touser":"`+zhang+`","template_id":"T1"}`)},
		{"long field", 47003, post(
			send, token,
			`{"touser":"`+zhang+`","template_id":"T1","data":{"thing1":{"value":"`+strings.Repeat("长", 21)+`"}}}`,
		)},
		{"two lines", 47003, post(send, token, `{"touser":"`+zhang+`","template_id":"T1","data":{"thing1":{"value":"a\nb"}}}`)},
		{"unknown field", 47003, post(send, token, `{"touser":"`+zhang+`","template_id":"T1","data":{"thing9":{"value":"a"}}}`)},
		{"unknown action", 40053, post("/cgi-bin/qrcode/create", token, `{"action_name":"QR"}`)},
		{"long scene text", 40053, post(
			"/cgi-bin/qrcode/create", token,
			`{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"`+strings.Repeat("a", 65)+`"}}}`,
		)},
		{"permanent number", 40053, post(
			"/cgi-bin/qrcode/create", token,
			`{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":100001}}}`,
		)},
		{"no buttons", 40016, menu(`{"button":[]}`)},
		{"button type", 40017, menu(`{"button":[{"name":"a","type":"x"}]}`)},
		{"button name", 40018, menu(`{"button":[{"name":"物业服务中","type":"click","key":"a"}]}`)},
		{"button key", 40019, menu(`{"button":[{"name":"a","type":"click"}]}`)},
		{"button address", 40055, menu(`{"button":[{"name":"a","type":"view","url":"javascript:1"}]}`)},
		{"deep name", 40018, menu(`{"button":[{"name":"a","sub_button":[{"name":"一二三四五六七八九","type":"click","key":"a"}]}]}`)},
		{"no menu", 46003, get("/cgi-bin/menu/get", "access_token", otherToken)},
		{"ticket type", 40097, get("/cgi-bin/ticket/getticket", "access_token", token)},
		{"base scope", 48001, get("/sns/userinfo", "access_token", base.text("access_token"), "openid", zhang)},
		{"another's openid", 40003, get("/sns/auth", "access_token", base.text("access_token"), "openid", li)},
		{"refresh token", 40030, get("/sns/oauth2/refresh_token", "grant_type", "refresh_token", "appid", official, "refresh_token", "x")},
		{"forged code", 40029, func() reply { return exchange("x") }},
	} {
		got := c.call()
		if got.status != 200 || got.code() != c.code || !rid.MatchString(got.text("errmsg")) {
			t.Errorf("%s: want %d, got %d %s", c.name, c.code, got.status, got.raw)
		}
	}
	late := s.sim.MintLoginCode("zhang", mini)
	s.pass(5 * time.Minute)
	if got := session(late)(); got.code() != 40029 {
		t.Errorf("an expired code: %s", got.raw)
	}
	s.pass(2 * time.Hour)
	if got := get("/cgi-bin/menu/get", "access_token", token)(); got.code() != 42001 {
		t.Errorf("an expired token: %s", got.raw)
	}
	s.pass(30 * 24 * time.Hour)
	if got := get(
		"/sns/oauth2/refresh_token", "grant_type", "refresh_token", "appid", official, "refresh_token",
		base.text("refresh_token"),
	)(); got.code() != 42002 {
		t.Errorf("an expired refresh token: %s", got.raw)
	}
	token = s.token(official)
	s.sim.SetWhitelist(official, "192.0.2.1")
	if got := get("/cgi-bin/menu/get", "access_token", token)(); got.code() != 40164 || !strings.Contains(got.text("errmsg"), "127.0.0.1") {
		t.Errorf("a foreign address: %s", got.raw)
	}
	s.sim.SetWhitelist(official, "127.0.0.1")
	if got := get("/cgi-bin/menu/get", "access_token", token)(); got.code() != none {
		t.Errorf("the address again: %s", got.raw)
	}
}

// TestTokens: a plain token invalidates the previous one; a stable one does not change until its
// last five minutes, and limits how often it may be forced.
func TestTokens(t *testing.T) {
	s := newSite(t, nil)
	works := func(token string) bool { return s.call("/cgi-bin/menu/get", "", "access_token", token).code() == none }
	plain := func() string {
		return s.call("/cgi-bin/token", "", "grant_type", "client_credential", "appid", official, "secret", secret).text("access_token")
	}
	first, second, stable := plain(), plain(), s.token(official)
	if first == second || works(first) || !works(second) || !works(stable) {
		t.Error("plain tokens do not retire each other, or disturb stable ones")
	}
	s.pass(115*time.Minute - time.Second)
	if s.token(official) != stable {
		t.Error("the stable token changed early")
	}
	s.pass(2 * time.Second)
	next := s.token(official)
	if next == stable || !works(stable) || !works(next) {
		t.Error("in its last five minutes a stable token has no working successor")
	}
	if s.token(official) != next {
		t.Error("the successor changed")
	}
	force := func() reply {
		return s.call(
			"/cgi-bin/stable_token",
			`{"grant_type":"client_credential","appid":"`+official+`","secret":"`+secret+`","force_refresh":true}`,
		)
	}
	forced := force().text("access_token")
	if forced == next || works(next) || force().text("access_token") != forced {
		t.Error("force_refresh does not renew once, or renews within 30 seconds")
	}
	for range 19 {
		s.pass(30 * time.Second)
		force()
	}
	s.pass(30 * time.Second)
	if got := force(); got.code() != 45009 {
		t.Errorf("the 21st force_refresh of a day: %s", got.raw)
	}
}

// TestFaults: each kind hits as often, and whom, it is set to.
func TestFaults(t *testing.T) {
	s := newSite(t, nil)
	token := s.token(official)
	const path = "/cgi-bin/menu/get"
	menu := func() reply { return s.call(path, "", "access_token", token) }
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: path, Code: -1, Times: 2})
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultStatus, Path: path, Times: 1})
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultTruncate, Path: path, Times: 1})
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, AppID: mini, Code: 45009})
	got := []reply{menu(), menu(), menu(), menu(), menu()}
	if got[0].code() != -1 || got[1].code() != -1 || got[2].status != 502 || got[3].json != nil || got[3].status != 200 ||
		got[4].code() != none || got[4].json == nil {
		t.Errorf("got %+v", got)
	}
	if got := s.call("/sns/jscode2session", "", "appid", mini); got.code() != 45009 {
		t.Errorf("of an app: %s", got.raw)
	}
	s.sim.ClearFaults()
	for _, code := range []int{40014, 43117, 45011, 43101} {
		s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, OpenID: s.sim.OpenID("zhang", official), Code: code, Times: 1})
		send := func(to string) reply {
			return s.call(
				"/cgi-bin/message/template/send",
				`{"touser":"`+to+`","template_id":"T1","data":{"thing1":{"value":"a"}}}`, "access_token", token,
			)
		}
		if got := send(s.sim.OpenID("li", official)); got.code() != 43004 {
			t.Errorf("another person: %s", got.raw)
		}
		if got := send(s.sim.OpenID("zhang", official)); got.code() != code {
			t.Errorf("want %d: %s", code, got.raw)
		}
	}
	if n := len(s.sim.SentMessages("zhang")); n != 0 {
		t.Errorf("%d messages arrived in spite of faults", n)
	}
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultHang, Path: path, Times: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/api.weixin.qq.com"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging ends in %v", err)
	}
	if menu().code() != none {
		t.Error("the fault goes on")
	}
}

// TestMessages: a client_msg_id sends once in ten minutes; each grant pays for one subscription
// message; lines and order are the template's.
func TestMessages(t *testing.T) {
	s := newSite(t, nil)
	token, miniToken := s.token(official), s.token(mini)
	body := `{"touser":"` + s.sim.OpenID("zhang", official) + `","template_id":"T1","url":"/h5/v","client_msg_id":"m1",` +
		`"data":{"first":{"value":"你好"},"time2":{"value":"9:00"},"thing1":{"value":"陈先生"}}}`
	send := func() any { return s.call("/cgi-bin/message/template/send", body, "access_token", token).json["msgid"] }
	if a, b := send(), send(); a != b || len(s.sim.SentMessages("zhang")) != 1 {
		t.Errorf("the same id sent twice: %v, %v, %d messages", a, b, len(s.sim.SentMessages("zhang")))
	}
	s.pass(10 * time.Minute)
	send()
	sent := s.sim.SentMessages("zhang")
	want := []simulator.Line{{Label: "访客", Value: "陈先生"}, {Label: "时间", Value: "9:00"}}
	if len(sent) != 2 || !slices.Equal(sent[0].Lines, want) || sent[0].URL != "/h5/v" {
		t.Errorf("sent %+v", sent)
	}
	s.sim.Grant("li", mini, "M1", 1)
	subscribe := func() int {
		return s.call(
			"/cgi-bin/message/subscribe/send",
			`{"touser":"`+s.sim.OpenID("li", mini)+`","template_id":"M1","data":{"thing1":{"value":"a"}}}`,
			"access_token", miniToken,
		).code()
	}
	if a, b := subscribe(), subscribe(); a != 0 || b != 43101 {
		t.Errorf("with one grant: %d, %d", a, b)
	}
}

// TestCodePicture: a mini-program code is a JPEG that a QR library can read, and a phone that scans
// it opens the page with the scene.
func TestCodePicture(t *testing.T) {
	s := newSite(t, nil)
	got := s.call("/wxa/getwxacodeunlimit", `{"scene":"v=7K2M9XQ4","page":"pages/index","width":280}`, "access_token", s.token(mini))
	if _, err := jpeg.DecodeConfig(bytes.NewReader(got.raw)); err != nil {
		t.Fatal(err)
	}
	text, err := simulator.ReadQR(got.raw)
	if err != nil {
		t.Fatal(err)
	}
	scan, err := s.sim.Scan("zhang", text)
	if err != nil || scan.Kind != "miniprogram" || scan.Scene != "v=7K2M9XQ4" || scan.Page != "pages/index" || scan.AppID != mini {
		t.Errorf("%+v, %v", scan, err)
	}
}

// TestScenes: a code expires on time, and after thirty days at most.
func TestScenes(t *testing.T) {
	s := newSite(t, nil)
	create := func(body string) reply {
		return s.call("/cgi-bin/qrcode/create", body, "access_token", s.token(official))
	}
	long := create(`{"expire_seconds":99999999,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"gate"}}}`)
	if long.json["expire_seconds"] != 2592000.0 {
		t.Errorf("clamped to %v", long.json["expire_seconds"])
	}
	forever := create(`{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":7}}}`)
	short := create(`{"action_name":"QR_SCENE","expire_seconds":60,"action_info":{"scene":{"scene_id":8}}}`)
	if got, err := s.sim.Scan("li", short.text("ticket")); err != nil || got.Scene != "8" || !s.sim.Following("li", official) {
		t.Errorf("%+v, %v", got, err)
	}
	s.pass(time.Minute)
	if _, err := s.sim.Scan("li", short.text("url")); err == nil {
		t.Error("a dead code is scanned")
	}
	s.pass(40 * 24 * time.Hour)
	if got, err := s.sim.Scan("li", forever.text("url")); err != nil || got.Scene != "7" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.sim.Scan("li", "gate"); err == nil {
		t.Errorf("after thirty days: %+v", got)
	}
	res, err := http.Get(s.url + "/mp.weixin.qq.com/cgi-bin/showqrcode?ticket=" + url.QueryEscape(forever.text("ticket")))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the picture is %s", res.Header.Get("Content-Type"))
	}
}
