package simulator_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/wechat/simulator"
)

// newPhones returns a site mounted at /sim, and a browser that keeps cookies.
func newPhones(t *testing.T) (*site, *http.Client) {
	t.Helper()
	s := newSite(t, func(o *simulator.Options) { o.Prefix = "/sim" })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, &http.Client{Jar: jar, CheckRedirect: stay.CheckRedirect}
}

// page opens a page that must be complete: a title, no script or style in the page itself, and
// every link below the prefix.
func page(t *testing.T, browser *http.Client, address string) *goquery.Document {
	t.Helper()
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
	}
	if doc.Find("title").Text() == "" || doc.Find("style, [style], [onclick], script:not([src])").Length() != 0 {
		t.Errorf("%s has no title, or scripts or styles inside", address)
	}
	doc.Find("a[href], form[action], script[src], link[rel=stylesheet], iframe").Each(func(_ int, e *goquery.Selection) {
		for _, name := range []string{"href", "action", "src"} {
			if to, has := e.Attr(name); has && !strings.HasPrefix(to, "/sim/") && !strings.HasPrefix(to, "https://pass.example.com") {
				t.Errorf("%s links to %s", address, to)
			}
		}
	})
	return doc
}

func post(t *testing.T, browser *http.Client, address string, pairs ...string) *url.URL {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	res, err := browser.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
	}
	return to
}

// open returns where one of the phone's own addresses leads.
func open(t *testing.T, browser *http.Client, address string) *url.URL {
	t.Helper()
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
	}
	return to
}

// TestPages: every page renders with its content, empty and full.
func TestPages(t *testing.T) {
	s, browser := newPhones(t)
	token := s.token(official)
	s.call(
		"/cgi-bin/message/template/send",
		`{"touser":"`+s.sim.OpenID("zhang", official)+
			`","template_id":"T1","url":"https://pass.example.com/v","data":{"thing1":{"value":"<b>陈"}}}`,
		"access_token", token,
	)
	s.call("/cgi-bin/qrcode/create", `{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"GATE1"}}}`, "access_token", token)
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: "/cgi-bin/user/get", Code: 45009, Times: 3})
	for path, want := range map[string]map[string]int{
		"/": {"a.person": 4, "tbody tr": 3}, "/faults": {"select[name=path]": 1, "table tbody tr": 1},
		"/log": {"li.call": 3}, "/log?q=qrcode": {"li.call": 1}, "/log?failed=1": {"li.call": 0, ".empty": 1},
		"/scan?text=GATE1":   {"button.person": 4},
		"/phone/zhang":       {".card": 1, ".card b": 0, "nav.menu > *": 2, "form.say": 1, ".tabs a": 3, ".others li": 3},
		"/phone/li":          {".card": 0, "nav.menu": 0, "form.invite": 1},
		"/phone/li?tab=mini": {"a.open": 1}, "/phone/li?tab=scan": {".scenes button": 1},
		"/phone/li?tab=nonsense&app=x": {"form.invite": 1},
	} {
		doc := page(t, browser, s.url+path)
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %s, want %d", path, got, selector, n)
			}
		}
	}
	for _, path := range []string{"/phone/nobody", "/phone/nobody/launch?app=" + mini, "/nothing"} {
		res, err := browser.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestPassFromThePhone: one tap on 通行证 opens the product's page, and OAuth asks nothing on the way.
func TestPassFromThePhone(t *testing.T) {
	s, browser := newPhones(t)
	menu := page(t, browser, s.url+"/phone/zhang").Find("nav.menu > a")
	tap, _ := menu.Attr("href")
	if menu.Text() != "通行证" {
		t.Fatalf("the menu is %q", menu.Text())
	}
	origin := strings.TrimSuffix(s.url, "/sim")
	frame, _ := page(t, browser, origin+tap).Find("section.webview iframe").Attr("src")
	if to := open(t, browser, origin+frame); to.Path != "/h5/pass" {
		t.Fatalf("the tap opens %v", to)
	}
	authorize := s.url + "/open.weixin.qq.com/connect/oauth2/authorize?appid=" + official +
		"&redirect_uri=https%3A%2F%2Fpass.example.com%2Fback&response_type=code&scope=snsapi_userinfo&state=s"
	code := open(t, browser, authorize).Query().Get("code")
	got := s.call("/sns/oauth2/access_token", "", "appid", official, "secret", secret, "grant_type", "authorization_code", "code", code)
	if got.text("openid") != s.sim.OpenID("zhang", official) {
		t.Errorf("the code is of %s", got.raw)
	}
	// Somebody who does not follow is asked for consent, as themselves.
	open(t, browser, s.url+"/phone/li/open?url=%2Fh5%2F")
	doc := page(t, browser, authorize)
	if doc.Find("button[name=persona][value=li]").Length() != 1 || doc.Find("button[name=choose]").Length() != 0 {
		t.Error("no consent is asked of somebody who does not follow")
	}
	refuse, _ := doc.Find("[data-act=refuse]").Attr("href")
	if to, err := url.Parse(refuse); err != nil || to.Query().Has("code") || to.Query().Get("state") != "s" {
		t.Errorf("refusing leads to %s", refuse)
	}
	asked := page(t, &http.Client{}, authorize)
	if asked.Find("button[name=choose]").Length() != 4 {
		t.Error("a browser that is nobody's is not asked")
	}
}

// TestMiniProgramFromThePhone: opening it goes to its page with a login code that works, and passes
// on a scanned scene.
func TestMiniProgramFromThePhone(t *testing.T) {
	s, browser := newPhones(t)
	to := open(t, browser, s.url+"/phone/li/launch?app="+mini+"&path="+url.QueryEscape("pages/index?scene=A%3D1"))
	if to.Path != "/h5/mini" || to.Query().Get("from") != "mini" || to.Query().Get("scene") != "A=1" ||
		to.Query().Get("page") != "pages/index" {
		t.Fatalf("opens %v", to)
	}
	got := s.call(
		"/sns/jscode2session", "", "appid", mini, "secret", secret, "grant_type", "authorization_code",
		"js_code", to.Query().Get("code"),
	)
	if got.text("openid") != s.sim.OpenID("li", mini) {
		t.Errorf("the code is of %s", got.raw)
	}
	phone := post(t, browser, s.url+"/phone/li/phone-code", "app", mini)
	if code := page(t, browser, phone.String()).Find(".code").First().Text(); code == "" || code != phone.Query().Get("phone_code") {
		t.Errorf("the phone code shown is %q", code)
	}
}

// TestPhoneActs: following, writing, unfollowing and scanning from the page have their effects, and
// what cannot be opened is refused.
func TestPhoneActs(t *testing.T) {
	s, browser := newPhones(t)
	at := s.url + "/phone/li"
	version := func() string {
		res, err := browser.Get(at + "/version")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b := make([]byte, 64)
		n, _ := res.Body.Read(b) // one short read holds it all
		return string(b[:n])
	}
	before := version()
	post(t, browser, at+"/follow", "app", official)
	if !s.sim.Following("li", official) || version() == before {
		t.Error("following shows nothing")
	}
	back := post(t, browser, at+"/text", "app", official, "text", "<script>你好</script>")
	if got := page(t, browser, back.String()).Find(".mine .bubble").Text(); got != "<script>你好</script>" {
		t.Errorf("the chat shows %q", got)
	}
	post(t, browser, at+"/unfollow", "app", official)
	if s.sim.Following("li", official) {
		t.Error("still following")
	}
	s.call(
		"/cgi-bin/qrcode/create",
		`{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"GATE1"}}}`, "access_token",
		s.token(official),
	)
	if to := post(t, browser, at+"/scan", "text", "GATE1"); to.Query().Get("tab") != "chat" || !s.sim.Following("li", official) {
		t.Errorf("scanning leads to %v", to)
	}
	if to := post(t, browser, at+"/scan", "text", "https://pass.example.com/o/1"); !strings.HasPrefix(to.Query().Get("view"), "open?") {
		t.Errorf("an address leads to %v", to)
	}
	if to := post(t, browser, at+"/scan", "text", "随便"); !strings.Contains(to.Query().Get("flash"), "随便") {
		t.Errorf("words lead to %v", to)
	}
	for _, bad := range []string{"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", ""} {
		res, err := browser.Get(at + "/open?url=" + url.QueryEscape(bad))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q is answered %d", bad, res.StatusCode)
		}
	}
	if src, has := page(t, browser, at+"?view=https%3A%2F%2Fevil.example.com").Find("iframe").Attr("src"); has {
		t.Errorf("the phone shows %s", src)
	}
}

// TestFaultPanel: the panel does what the Go interface does; a reset undoes all.
func TestFaultPanel(t *testing.T) {
	s, browser := newPhones(t)
	token := s.token(official)
	menu := func() int { return s.call("/cgi-bin/menu/get", "", "access_token", token).code() }
	post(t, browser, s.url+"/faults", "act", "call", "path", "/cgi-bin/menu/get", "kind", "errcode", "code", "45009", "times", "1")
	if a, b := menu(), menu(); a != 45009 || b != none {
		t.Errorf("got %d, %d", a, b)
	}
	post(t, browser, s.url+"/faults", "act", "person", "person", "zhang", "code", "43101")
	send := func() int {
		return s.call(
			"/cgi-bin/message/template/send",
			`{"touser":"`+s.sim.OpenID("zhang", official)+`","template_id":"T1","data":{"thing1":{"value":"a"}}}`,
			"access_token", token,
		).code()
	}
	for range 2 {
		if code := send(); code != 43101 {
			t.Errorf("a person's refusal does not last: %d", code)
		}
	}
	post(t, browser, s.url+"/faults", "act", "clear")
	if send() != 0 {
		t.Error("the refusal is not cleared")
	}
	post(t, browser, s.url+"/faults", "act", "expire")
	if got := menu(); got != 42001 {
		t.Errorf("after the end of all tokens: %d", got)
	}
	token = s.token(official)
	post(t, browser, s.url+"/faults", "act", "revoke")
	if got := menu(); got != 40001 {
		t.Errorf("after revoking all tokens: %d", got)
	}
	post(t, browser, s.url+"/reset")
	if len(s.sim.SentMessages("zhang")) != 0 || len(s.sim.Calls()) != 0 || !s.sim.Following("zhang", official) {
		t.Error("a reset leaves things, or loses the seed")
	}
}

// TestPersonaHosts: phones live on hosts of their own, and OAuth returns to the host
// it came from, however the product wrote its own address.
func TestPersonaHosts(t *testing.T) {
	s := newSite(t, func(o *simulator.Options) { o.Prefix, o.PersonaHosts = "/sim", true })
	if got := s.sim.PhoneURL("127.0.0.1:8080", "zhang"); got != "http://zhang.localhost:8080/sim/phone/zhang" {
		t.Errorf("the phone is at %s", got)
	}
	for redirect, want := range map[string]string{
		"http://zhang.localhost:8080/back": "http://zhang.localhost:8080/back",
		"https://pass.example.com/back":    "https://pass.example.com/back",
		"http://other.localhost:8080/back": "",
		"http://evil.example.com/back":     "",
	} {
		req, err := http.NewRequest("GET", s.url+"/open.weixin.qq.com/connect/oauth2/authorize?appid="+official+
			"&response_type=code&scope=snsapi_base&state=s&persona=zhang&redirect_uri="+url.QueryEscape(redirect), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "zhang.localhost:8080"
		res, err := stay.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got, _, _ := strings.Cut(res.Header.Get("Location"), "?"); got != want {
			t.Errorf("%s returns to %q", redirect, got)
		}
	}
}

// TestSeed: a seed is JSON without surprises; a seeded simulator gives the same
// identities and the same codes again.
func TestSeed(t *testing.T) {
	const text = `{"apps":[{"appid":"wx1","secret":"s","type":"miniprogram","name":"a"}],"people":[{"key":"p1","name":"甲"}]}`
	seed, err := simulator.ReadSeed(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	make := func() *simulator.Simulator { return simulator.New(simulator.Options{Seed: seed, RandomSeed: 5}) }
	a, b := make(), make()
	if a.MintLoginCode("p1", "wx1") != b.MintLoginCode("p1", "wx1") || a.OpenID("p1", "wx1") != b.OpenID("p1", "wx1") {
		t.Error("two of the same seed differ")
	}
	if a.OpenID("p1", "wx1") == a.OpenID("p1", "wx2") || len(a.OpenID("p1", "wx1")) != 28 || a.UnionID("p1") == "" {
		t.Error("openids are not one an app")
	}
	if _, err := simulator.ReadSeed(strings.NewReader(`{"persons":[]}`)); err == nil {
		t.Error("an unknown field is read")
	}
	for name, add := range map[string]func(){
		"a key that is no host":   func() { a.AddPerson(simulator.Person{Key: "a/b"}) },
		"an app without a secret": func() { a.AddApp(simulator.App{AppID: "x", Type: simulator.MiniProgram}) },
		"a broken AES key":        func() { a.AddApp(simulator.App{AppID: "x", Secret: "s", Type: simulator.MiniProgram, AESKey: "x"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", name)
				}
			}()
			add()
		}()
	}
}
