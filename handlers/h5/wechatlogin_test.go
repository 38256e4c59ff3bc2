package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/wechat"
)

// office is an account of the console whose QR codes are scanned.
type office struct {
	*site
	t       *testing.T
	account core.ID
}

func newOffice(t *testing.T) office {
	t.Helper()
	w := newSite(t, estate.Plan{})
	account, err := w.store.CreateAccount(
		t.Context(), core.SystemGranter, core.Account{Login: "office", Name: "林<经理>", Role: core.RoleClerk,
			Permissions: []core.Permission{core.PermReaderView}, Scope: core.Everywhere},
		"correct-horse-7",
	)
	if err != nil {
		t.Fatal(err)
	}
	return office{w, t, account}
}

// begin makes a QR code of the console: for a sign-in, or to bind an account.
func (o office) begin(account core.ID) (path, token, code string) {
	o.t.Helper()
	token, code, err := o.store.BeginWechatLogin(o.t.Context(), store.NewWechatLogin{
		Account: account, Browser: "b", Addr: "1.2.3.4", Network: "1.2.3.4", Agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537",
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return "/h5/login/" + token, token, code
}

func (o office) stateIs(token string, want core.WechatLoginState) {
	o.t.Helper()
	if state, err := o.store.WechatLoginState(o.t.Context(), token); state != want || err != nil {
		o.t.Errorf("state %s, %v; want %s", state, err, want)
	}
}

// scan opens a page that requires a confirmed identity, and returns from WeChat.
func (p *phone) scan(path, code string) {
	p.t.Helper()
	response, page := p.do(http.MethodGet, path, nil)
	away, err := url.Parse(response.Header.Get("Location"))
	if err != nil || away.Host != "open.weixin.qq.com" {
		p.t.Fatalf("%s: %d, sent to %q: %s", path, response.StatusCode, response.Header.Get("Location"), page.Find("main").Text())
	}
	back := "/h5/session/callback?" + url.Values{"code": {code}, "state": {away.Query().Get("state")}}.Encode()
	if response, page := p.do(http.MethodGet, back, nil); response.Header.Get("Location") != path {
		p.t.Fatalf("back from WeChat: %d to %q: %s", response.StatusCode, response.Header.Get("Location"), page.Find("main").Text())
	}
}

// A scan of the console's QR code asks, on the phone, whether the request is the user's.
func TestScannerIsAskedAboutTheConsole(t *testing.T) {
	o := newOffice(t)
	p := o.phone(t)
	path, _, _ := o.begin(0)
	p.scan(path, "o-lin/1")
	if words := p.get(path, http.StatusForbidden).Find("main").Text(); !strings.Contains(words, "没有绑定") {
		t.Errorf("a WeChat that is not bound hears %q", words)
	}
	path, token, code := o.begin(o.account)
	p.scan(path, "o-lin/2")
	page := p.get(path, http.StatusOK)
	words := page.Find("main").Text()
	for _, want := range []string{"林<经理>", "Chrome · Windows", "从未在此地址登录过", "未验证手机号"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not among %q", want, words)
		}
	}
	if page.Find(`button[value="`+code+`"]`).Length() != 1 || page.Find(`button[name="code"]`).Length() != 4 {
		t.Errorf("asked %q", words)
	}
	for range 2 { // a duplicate answer counts once
		p.post(page, path, url.Values{"code": {code}}, http.StatusSeeOther)
	}
	o.stateIs(token, core.WechatLoginApproved)
	if words := p.get(path, http.StatusOK).Find("main").Text(); !strings.Contains(words, "已确认") {
		t.Errorf("afterwards the phone says %q", words)
	}
	if title := p.get(path, http.StatusOK).Find("title").Text(); !strings.Contains(title, "绑定后台账号") {
		t.Errorf("what was bound is now called %q", title)
	}
	other := o.phone(t)
	other.scan(path, "o-other")
	other.get(path, http.StatusNotFound)

	path, token, _ = o.begin(0)
	p.scan(path, "o-lin/3")
	p.post(p.get(path, http.StatusOK), path, url.Values{"code": {""}}, http.StatusSeeOther)
	o.stateIs(token, core.WechatLoginRefused)
	if words := p.get(path, http.StatusOK).Find("main").Text(); !strings.Contains(words, "已取消") {
		t.Errorf("afterwards the phone says %q", words)
	}
	path, token, code = o.begin(0)
	wrong := "99"
	if code == wrong {
		wrong = "98"
	}
	p.scan(path, "o-lin/4")
	p.post(p.get(path, http.StatusOK), path, url.Values{"code": {wrong}}, http.StatusUnprocessableEntity)
	o.stateIs(token, core.WechatLoginRefused)
	p.get("/h5/login/nothing", http.StatusNotFound)
}

// A session does not prove who holds the phone: a stranger sends the manager a link of the
// mini-program with a code of their own; the manager taps it, even confirms, and later scans a QR
// code of the console. The WeChat that is bound is the manager's.
func TestALinkNeverDecidesForAnAccount(t *testing.T) {
	o := newOffice(t)
	stranger := o.resident(t, o.Residents[1])
	p := o.phone(t)
	p.enterMini("o-" + o.Residents[1].Phone + "/link")
	if p.passAt() != o.Residents[1].Pass.String() {
		t.Fatal("the test does not begin where the attack does")
	}
	path, token, code := o.begin(o.account)
	for _, surface := range []string{"tx_resident", "tx_guard", "tx_observer"} {
		p.copyCookie("tx_resident", surface)
	}
	if response, _ := p.do(http.MethodGet, "/h5/guard", nil); response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(
		response.Header.Get("Location"), "/h5/session/guard",
	) {
		t.Errorf("a link's session is somebody at a post: %d", response.StatusCode)
	}
	response, page := p.do(http.MethodGet, path, nil)
	if !strings.HasPrefix(response.Header.Get("Location"), "https://open.weixin.qq.com/") {
		t.Fatalf("a link's session reaches the question: %d %s", response.StatusCode, page.Find("main").Text())
	}
	form := p.get("/h5/session/over", http.StatusOK)
	p.post(form, path, url.Values{"code": {code}}, http.StatusSeeOther) // there was no question
	o.stateIs(token, core.WechatLoginWaiting)
	p.scan(path, "o-manager")
	p.post(p.get(path, http.StatusOK), path, url.Values{"code": {code}}, http.StatusSeeOther)
	account, err := o.store.Account(t.Context(), core.Everywhere, o.account)
	if err != nil || account.User != o.userOf(t, "o-manager").ID {
		t.Errorf("bound to %v, %v", account.User, err)
	}
	// A proof is valid for one page: not for the next QR code, and not in another browser.
	next, _, _ := o.begin(o.account)
	for _, who := range []*phone{p, stranger} {
		if response, _ := who.do(http.MethodGet, next, nil); !strings.HasPrefix(
			response.Header.Get("Location"), "https://open.weixin.qq.com/",
		) {
			t.Errorf("an old proof is good for another QR: %d", response.StatusCode)
		}
	}
}

// copyCookie copies the value of one cookie to another name.
func (p *phone) copyCookie(from, to string) {
	p.t.Helper()
	u, err := url.Parse(p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, cookie := range p.client.Jar.Cookies(u) {
		if cookie.Name == from {
			p.client.Jar.SetCookies(u, []*http.Cookie{{Name: to, Value: cookie.Value, Path: "/"}})
		}
	}
}

// The URL to which WeChat redirects back survives a reload, the back button, and a second tab with
// a round of its own; its code is used once.
func TestCallbackIsOpenedAgain(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.phone(t)
	begin := func(surface string) string {
		t.Helper()
		response, _ := p.do(http.MethodGet, "/h5/session/"+surface, nil)
		away, err := url.Parse(response.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return "/h5/session/callback?" + url.Values{"code": {"o-lin/" + surface}, "state": {away.Query().Get("state")}}.Encode()
	}
	first, second := begin("resident"), begin("guard")
	for _, address := range []string{first, second, first, first} {
		p.get(address, http.StatusSeeOther)
	}
	sessions, err := w.store.Sessions(t.Context(), core.SessionWechat, w.userOf(t, "o-lin").ID)
	if err != nil || len(sessions) != 2 {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
	p.post(p.get("/h5/phone", http.StatusOK), "/h5/session/end", url.Values{}, http.StatusSeeOther)
	p.get(first, http.StatusUnprocessableEntity) // the back button, after signing out
	if response, _ := p.do(http.MethodGet, "/h5/pass", nil); !strings.HasPrefix(response.Header.Get("Location"), "/h5/session/resident") {
		t.Error("going back signs in again")
	}
	for range 20 {
		p.get("/h5/session/resident", http.StatusSeeOther)
	}
	u, _ := url.Parse(p.address)
	if n := len(p.client.Jar.Cookies(u)); n > 10 {
		t.Errorf("a browser that begins and begins carries %d cookies", n)
	}
}

// Each kind of sign-in has its own sign-out, also for users who have lost access.
func TestSigningOut(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	p.enterMini("o-" + w.Residents[0].Phone + "/x")
	page := p.get("/h5/guard/"+w.Post.String(), http.StatusOK)
	out := page.Find(".p-signout").AttrOr("action", "")
	p.post(page, out, url.Values{}, http.StatusSeeOther)
	if response, _ := p.do(http.MethodGet, "/h5/guard", nil); !strings.HasPrefix(response.Header.Get("Location"), "/h5/session/guard") {
		t.Errorf("still at the post after %s", out)
	}
	page = p.get("/h5/phone", http.StatusOK) // the resident's sign-in continues
	out = page.Find(".p-signout").AttrOr("action", "")
	response, _ := p.do(http.MethodPost, out, url.Values{"csrf": {page.Find(`meta[name="csrf-token"]`).AttrOr("content", "")}})
	over := p.get(response.Header.Get("Location"), http.StatusOK)
	if over.Find(`a[href="/h5/session/resident"]`).Length() != 1 {
		t.Error("there is no way back in")
	}
	if response, _ := p.do(http.MethodGet, "/h5/phone", nil); !strings.HasPrefix(response.Header.Get("Location"), "/h5/session/resident") {
		t.Error("still signed in as a resident")
	}
}

// While WeChat or WeWork does not answer, a sign-in says so and is begun again by 重试: what it tried with may be used.
func TestSignInWhileWechatIsDown(t *testing.T) {
	w := newCompany(t)
	noAnswer, wrongKey := &wechat.Error{Code: -1, HTTP: http.StatusBadGateway}, &wechat.Error{Code: 60020}
	staff := core.StaffEntry(w.turn.App)
	for _, c := range []struct {
		down              error
		path, code, again string
		says              string
	}{
		{noAnswer, "/h5/session/resident", "o-new", "/h5/session/resident?next=%2Fh5%2Fpass", "微信服务暂时没有应答，请稍后再试"},
		{noAnswer, staff, "li", staff + "?next=%2Fh5%2Fstaff", "企业微信暂时没有应答，请稍后再试"},
		{wrongKey, staff, "wang", staff + "?next=%2Fh5%2Fstaff", "请联系管理员检查密钥"},
	} {
		w.wechat.down = c.down
		p := w.phone(t)
		_, back := p.enter(c.path, c.code)
		page := p.get(back, http.StatusServiceUnavailable)
		if words := page.Find("main").Text(); !strings.Contains(words, c.says) {
			t.Errorf("%s: %q", c.path, words)
		}
		retry := page.Find("main a")
		if retry.AttrOr("href", "") != c.again || strings.TrimSpace(retry.Text()) != "重试" {
			t.Errorf("%s: %q leads to %q, want %q", c.path, retry.Text(), retry.AttrOr("href", ""), c.again)
		}
		w.wechat.down = nil
		if response, _ := p.enter(c.again, c.code); response.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: tried again: %d", c.path, response.StatusCode)
		}
		if !w.log.Holds(c.down.Error()) { // the logs of these pages are looked at for codes and the like
			t.Errorf("%s: %v is not in the log", c.path, c.down)
		}
	}
}
