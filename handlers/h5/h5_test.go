package h5

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
)

// platform simulates WeChat: a code is the open id that it identifies, and works once.
type platform struct {
	used   map[string]bool
	corps  []core.WechatApp
	phones map[string]string  // of members of WeWork, by user id
	own    map[core.ID]string // official accounts of communities
	down   error              // what every call to WeChat and WeWork answers
}

// OfficialFor knows the accounts of own.
func (p *platform) OfficialFor(_ context.Context, communities core.Scope) string {
	for _, id := range communities.Communities() {
		return p.own[id]
	}
	return ""
}

func (p *platform) AuthorizeURL(_ context.Context, appID, redirect, state string) (string, error) {
	return "https://open.weixin.qq.com/authorize?" + url.Values{
		"redirect_uri": {redirect}, "state": {state}, "appid": {cmp.Or(appID, "wx")},
	}.Encode(), nil
}

func (p *platform) Identify(_ context.Context, appID, code string) (core.WechatIdentity, error) {
	if p.down != nil {
		return core.WechatIdentity{}, wechaterror.ForPeople(p.down)
	}
	if code == "" || p.used[code] {
		return core.WechatIdentity{}, core.Invalid("微信授权已失效，请重新打开页面")
	}
	if p.used[code] = true; code == "snapshot" {
		return core.WechatIdentity{}, wechaterror.ForPeople(wechat.ErrSnapshot)
	}
	return core.WechatIdentity{AppID: cmp.Or(appID, "wx"), OpenID: strings.SplitN(code, "/", 2)[0]}, nil
}

func (p *platform) IdentifyMini(ctx context.Context, code string) (core.WechatIdentity, error) {
	return p.Identify(ctx, "", code)
}

func (p *platform) VerifiesPhones() bool { return true }

func (p *platform) Script(agent string, by Signer) string {
	if by.Corp != 0 {
		return "/work.js"
	}
	if strings.Contains(agent, "MicroMessenger") {
		return "/sdk.js"
	}
	return ""
}

func (p *platform) PageConfig(_ context.Context, page string, by Signer) (wechat.PageConfig, error) {
	if by.Corp != 0 {
		return wechat.PageConfig{AppID: "ww" + by.Corp.String(), Signature: "of " + page, Beta: true}, nil
	}
	return wechat.PageConfig{AppID: "wx", Signature: "of " + page}, nil
}

func (p *platform) Corps(context.Context) []core.WechatApp { return p.corps }

func (p *platform) MemberURL(_ context.Context, corp core.ID, redirect, state string, phone bool) (string, error) {
	return "https://open.weixin.qq.com/authorize?" + url.Values{
		"redirect_uri": {redirect}, "state": {state}, "corp": {corp.String()}, "phone": {fmt.Sprint(phone)},
	}.Encode(), nil
}

// Member knows the user id in a code, which works once; its ticket is the user id.
func (p *platform) Member(_ context.Context, _ core.ID, code string) (wechat.Identity, error) {
	if p.down != nil {
		return wechat.Identity{}, wechaterror.ForMembers(p.down)
	}
	if code == "" || p.used[code] {
		return wechat.Identity{}, core.Invalid("微信授权已失效，请重新打开页面")
	}
	p.used[code] = true
	id := strings.SplitN(code, "/", 2)[0]
	return wechat.Identity{UserID: id, Ticket: id}, nil
}

// MemberPhone tells the number of whom phones has.
func (p *platform) MemberPhone(_ context.Context, _ core.ID, ticket string) (string, error) {
	return p.phones[ticket], nil
}

// site is two servers on one store and one cache, with an estate.
type site struct {
	*estate.Estate
	store   *store.Store
	gate    *gate.Gate
	redis   *cache.Cache
	address [2]string
	wechat  *platform
	phones  [2]*H5
	log     *hygiene.Log
}

// parsedPages are parsed once and shared by all tests, which never change them.
var parsedPages = sync.OnceValues(func() (*templates.Renderer, error) { return templates.New(false) })

func newSite(t *testing.T, plan estate.Plan) *site {
	t.Helper()
	s := estate.Store(t, store.Options{})
	redis, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := parsedPages()
	if err != nil {
		t.Fatal(err)
	}
	w := &site{store: s, redis: redis, Estate: estate.New(t, s, plan)}
	w.log = hygiene.NewLog(t)
	w.wechat = &platform{used: map[string]bool{}, phones: map[string]string{}}
	log := w.log.Logger()
	var closers []func()
	for i := range w.address {
		w.gate = gate.New(gate.Options{Store: s, Redis: redis})
		phones := New(Options{
			Store: s, Gate: w.gate, Pages: pages, WeChat: w.wechat,
			PublicURL: "https://pass.example.com", Log: log,
		})
		app := web.New(web.Options{Store: s, Cache: web.RedisCache(redis, s, log), ErrorPage: phones.ErrorPage, Log: log})
		app.Register(phones.Routes()...)
		server := httptest.NewServer(app)
		w.address[i], w.phones[i] = server.URL, phones
		closers = append(closers, app.Close, server.Close, w.gate.Close)
	}
	t.Cleanup(func() {
		for _, end := range closers {
			end()
		}
		redis.Close()
	})
	return w
}

// phone is a browser of one person.
type phone struct {
	t       *testing.T
	client  *http.Client
	address string
	part    string // requested by the page's script; "" = not by the script
	agent   string // User-Agent; "" = Go's
	line    wire   // of a screen, to the site
}

func (w *site) phone(t *testing.T) *phone {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &phone{t: t, address: w.address[0], client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and returns the response with its page.
func (p *phone) do(method, path string, form url.Values) (*http.Response, *goquery.Document) {
	p.t.Helper()
	request, err := http.NewRequest(method, p.address+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if p.agent != "" {
		request.Header.Set("User-Agent", p.agent)
	}
	if p.part != "" {
		request.Header.Set("X-Fragment", p.part)
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response, page
}

func (p *phone) get(path string, want int) *goquery.Document {
	p.t.Helper()
	response, page := p.do(http.MethodGet, path, nil)
	if response.StatusCode != want {
		p.t.Fatalf("GET %s: %d, want %d: %s", path, response.StatusCode, want, page.Find("main").Text())
	}
	return page
}

// post submits a form with the CSRF token of its page.
func (p *phone) post(page *goquery.Document, path string, form url.Values, want int) *goquery.Document {
	p.t.Helper()
	form.Set("csrf", page.Find(`meta[name="csrf-token"]`).AttrOr("content", ""))
	page.Find(`form[action="` + path + `"] input[type=hidden]`).Each(func(_ int, input *goquery.Selection) {
		if name := input.AttrOr("name", ""); !form.Has(name) { // as a browser sends them
			form.Set(name, input.AttrOr("value", ""))
		}
	})
	response, next := p.do(http.MethodPost, path, form)
	if response.StatusCode != want {
		p.t.Fatalf("POST %s: %d, want %d: %s", path, response.StatusCode, want, next.Find("main").Text())
	}
	return next
}

// signIn goes to the authorize page of a surface and returns with a code.
func (p *phone) signIn(surface, code string) {
	p.t.Helper()
	response, _ := p.do(http.MethodGet, "/h5/session/"+surface, nil)
	away, err := url.Parse(response.Header.Get("Location"))
	if err != nil || away.Query().Get("redirect_uri") != "https://pass.example.com/h5/session/callback" {
		p.t.Fatalf("sent to %q, %v", away, err)
	}
	back := "/h5/session/callback?" + url.Values{"code": {code}, "state": {away.Query().Get("state")}}.Encode()
	if response, page := p.do(http.MethodGet, back, nil); response.StatusCode != http.StatusSeeOther {
		p.t.Fatalf("signing in: %d %s", response.StatusCode, page.Find("main").Text())
	}
}

// staff binds a WeChat user to a guard or an observer and signs them in.
func (w *site) staff(t *testing.T, kind string, target core.ID, surface string) *phone {
	t.Helper()
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-" + kind})
	if err != nil {
		t.Fatal(err)
	}
	w.bind(t, kind, target, user.ID)
	p := w.phone(t)
	p.signIn(surface, "o-"+kind)
	return p
}

// bind ties somebody's WeChat to a row of the console.
func (w *site) bind(t *testing.T, kind string, target, user core.ID) {
	t.Helper()
	ticket, err := w.store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		store.BindTarget{Kind: kind, ID: target})
	if err != nil {
		t.Fatal(err)
	}
	scan := store.BindScan{Scene: ticket.Scene, User: user}
	if err := w.store.ApproveBindTicket(t.Context(), core.System, scan, ticket.Code); err != nil {
		t.Fatal(err)
	}
}

// resident signs a resident in through the mini-program, with a verified phone number.
func (w *site) resident(t *testing.T, r estate.Resident) *phone {
	t.Helper()
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-" + r.Phone})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.BindPhone(t.Context(), user.ID, r.Phone, r.Name); err != nil {
		t.Fatal(err)
	}
	p := w.phone(t)
	p.enterMini("o-" + r.Phone)
	return p
}

// userOf returns the user of an open id.
func (w *site) userOf(t *testing.T, openID string) core.WechatUser {
	t.Helper()
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: openID})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// miniLink returns the URL that the mini-program opens in its web-view.
func miniLink(code string) string { return "/h5/session/mini?" + url.Values{"code": {code}}.Encode() }

// enterMini opens a link of the mini-program and confirms.
func (p *phone) enterMini(code string) {
	p.t.Helper()
	p.sayYes(p.get(miniLink(code), http.StatusOK))
}

// sayYes confirms the question of a link of the mini-program.
func (p *phone) sayYes(question *goquery.Document) {
	p.t.Helper()
	form := url.Values{}
	for _, name := range []string{"link", "next"} {
		form.Set(name, question.Find(`[name="`+name+`"]`).AttrOr("value", ""))
	}
	p.post(question, "/h5/session/mini", form, http.StatusSeeOther)
}

func TestSignInRefusesWhatItDidNotBegin(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.phone(t)
	p.get("/h5/session/callback?code=o-x&state=forged", http.StatusUnprocessableEntity) // no cookie
	response, _ := p.do(http.MethodGet, "/h5/session/resident?next=https://evil.example/", nil)
	away, _ := url.Parse(response.Header.Get("Location"))
	state := away.Query().Get("state")
	p.get("/h5/session/callback?code=o-x&state=forged", http.StatusUnprocessableEntity)
	response, _ = p.do(http.MethodGet, "/h5/session/callback?code=o-x&state="+state, nil)
	if got := response.Header.Get("Location"); got != "/h5/pass" {
		t.Errorf("sent to %q after another's try", got)
	}

	response, _ = p.do(http.MethodGet, "/h5/session/resident?next=//evil.example/", nil)
	away, _ = url.Parse(response.Header.Get("Location"))
	response, _ = p.do(http.MethodGet, "/h5/session/callback?code=o-x/2&state="+away.Query().Get("state"), nil)
	if got := response.Header.Get("Location"); got != "/h5/pass" {
		t.Errorf("sent to %q after signing in", got)
	}
	response, _ = p.do(http.MethodGet, "/h5/session/resident", nil)
	away, _ = url.Parse(response.Header.Get("Location"))
	p.get("/h5/session/callback?code=o-x&state="+away.Query().Get("state"), http.StatusUnprocessableEntity) // a used code

	response, _ = p.do(http.MethodGet, "/h5/session/resident", nil)
	away, _ = url.Parse(response.Header.Get("Location"))
	if page := p.get("/h5/session/callback?state="+
		away.Query().Get("state"), http.StatusOK); !strings.Contains(page.Find("main").Text(), "您没有授权") {
		t.Error("a refusal is not told as one")
	}

	response, _ = p.do(http.MethodGet, "/h5/session/guard", nil)
	away, _ = url.Parse(response.Header.Get("Location"))
	page := p.get("/h5/session/callback?code=snapshot&state="+away.Query().Get("state"), http.StatusForbidden)
	if !strings.Contains(page.Find("main").Text(), "使用完整服务") { // the virtual identity of a page snapshot
		t.Errorf("a snapshot user is told %s", page.Find("main").Text())
	}
	p.get("/h5/guard", http.StatusSeeOther)
	p.get("/h5/session/nobody", http.StatusNotFound)
}

// passAt returns the pass that the phone is redirected to; "" if it is redirected elsewhere.
func (p *phone) passAt() string {
	p.t.Helper()
	response, _ := p.do(http.MethodGet, "/h5/pass", nil)
	return strings.TrimPrefix(response.Header.Get("Location"), "/h5/pass/")
}

// A link made with another person's code signs nobody in without asking: the user who taps it is asked,
// signed in or not, and told whose number it is.
func TestMiniProgramLinkAlwaysAsks(t *testing.T) {
	w := newSite(t, estate.Plan{})
	mine, others := w.Residents[0], w.Residents[1]
	stranger := w.resident(t, others)
	fresh := w.phone(t)
	page := fresh.get(miniLink("o-"+others.Phone+"/fresh"), http.StatusOK)
	if words := page.Find("main").Text(); !strings.Contains(words, "以 "+core.MaskPhone(others.Phone)+" 的身份继续？") {
		t.Errorf("the page says %q", words)
	}
	if at := fresh.passAt(); strings.HasPrefix(at, others.Pass.String()) {
		t.Error("a link signs a fresh browser in")
	}

	p := w.resident(t, mine)
	p.get(miniLink("o-"+mine.Phone+"/again"), http.StatusSeeOther) // the same person
	if p.passAt() != mine.Pass.String() {
		t.Error("one's own link changes who one is")
	}
	link := "/h5/session/mini?" + url.Values{"code": {"o-" + others.Phone + "/link"}, "next": {"//evil.example/"}}.Encode()
	page = p.get(link, http.StatusOK)
	if !strings.Contains(page.Find("main").Text(), "另一位用户") {
		t.Errorf("the page says %q", page.Find("main").Text())
	}
	if p.passAt() != mine.Pass.String() {
		t.Error("a link signs in without an answer")
	}
	if response, _ := p.do(http.MethodPost, "/h5/session/mini", url.Values{}); response.StatusCode != http.StatusForbidden {
		t.Errorf("another site answers for the person: %d", response.StatusCode)
	}
	form := url.Values{"link": {page.Find(`[name="link"]`).AttrOr("value", "")}}
	other := w.phone(t)
	other.post(other.get("/h5/session/over", http.StatusOK), "/h5/session/mini", form, http.StatusUnprocessableEntity) // asked elsewhere
	p.sayYes(page)
	if p.passAt() != others.Pass.String() {
		t.Error("the answer does not count")
	}
	stranger.get("/h5/pass/"+others.Pass.String(), http.StatusOK) // nothing changed in the other browser
}

// All residents of an estate may open their passes through one network; only wrong codes are limited,
// and a user who proved who they are needs no code.
func TestOnlyWrongCodesOfAnAddressAreLimited(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.phone(t)
	right := miniLink("o-right")
	one.get(right, http.StatusOK)
	for i := range 2 * missesPerMinute {
		w.phone(t).get(miniLink(fmt.Sprintf("o-neighbour%d", i)), http.StatusOK)
	}
	refused := 0
	for range 2 * missesPerMinute {
		response, _ := w.phone(t).do(http.MethodGet, right, nil) // the code is used
		switch response.StatusCode {
		case http.StatusUnprocessableEntity:
		case http.StatusTooManyRequests:
			refused++
		default:
			t.Fatalf("a used code: %d", response.StatusCode)
		}
	}
	if refused < missesPerMinute/2 {
		t.Errorf("%d of %d wrong codes were refused without asking WeChat", refused, 2*missesPerMinute)
	}
	one.sayYes(one.get(right, http.StatusOK))
	one.get(right, http.StatusSeeOther)
}

// A link of the mini-program survives a reload, the back button, and a second tab of the same
// browser; its code works once, and is useless elsewhere.
func TestMiniProgramLinkIsOpenedAgain(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.Residents[0]
	w.resident(t, one)
	p, link := w.phone(t), miniLink("o-"+one.Phone+"/tabs")
	first, second := p.get(link, http.StatusOK), p.get(link, http.StatusOK)
	p.sayYes(first)
	session := func() core.Session {
		t.Helper()
		sessions, err := w.store.Sessions(t.Context(), core.SessionWechat, w.userOf(t, "o-"+one.Phone).ID)
		if err != nil || len(sessions) == 0 {
			t.Fatalf("%d sessions, %v", len(sessions), err)
		}
		return sessions[0]
	}
	begun := session()
	if !begun.ByLink {
		t.Error("a session that a link began is not marked")
	}
	p.get(link, http.StatusSeeOther) // reloaded
	p.sayYes(second)                 // in the second tab
	if p.passAt() != one.Pass.String() || session().ID != begun.ID {
		t.Error("opening it again signs in anew")
	}
	w.phone(t).get(link, http.StatusUnprocessableEntity)
}

func TestPassIsItsHoldersAlone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	holder, other := w.Residents[0], w.Residents[1]
	p := w.resident(t, holder)
	page := p.get("/h5/pass/"+holder.Pass.String(), http.StatusOK)
	if !strings.Contains(page.Text(), holder.Name) || page.Find("[data-qr]").Length() != 1 || page.Find("[data-qr] img").Length() != 0 {
		t.Error("the pass lacks its holder or the place of its code, or has one that nobody asked for")
	}
	for _, path := range []string{"", "/events"} {
		p.get("/h5/pass/"+other.Pass.String()+path, http.StatusNotFound)
	}
	p.post(page, "/h5/pass/"+other.Pass.String()+"/token", url.Values{}, http.StatusNotFound)
	whole := p.post(page, "/h5/pass/"+holder.Pass.String()+"/token", url.Values{}, http.StatusOK) // without scripts
	if whole.Find("h1").Length() != 1 || whole.Find(`[data-qr] img[src^="data:image/svg+xml"]`).Length() != 1 {
		t.Error("without scripts there is no code")
	}
	p.part = "qr"
	part := p.post(page, "/h5/pass/"+holder.Pass.String()+"/token", url.Values{}, http.StatusOK)
	p.part = ""
	if part.Find("h1").Length() != 0 || part.Find("[data-qr] img").AttrOr("src", "") == whole.Find("[data-qr] img").AttrOr("src", "") {
		t.Error("the page's script gets no fresh code, or more than the code")
	}
	if response, _ := p.do(http.MethodPost, "/h5/pass/"+holder.Pass.String()+"/token", url.Values{}); response.StatusCode !=
		http.StatusForbidden {
		t.Errorf("a form without its token: %d", response.StatusCode)
	}

	unknown := w.phone(t)
	unknown.enterMini("o-nobody")
	if _, err := w.store.BindPhone(t.Context(), w.userOf(t, "o-nobody").ID, "13700000000", ""); err != nil {
		t.Fatal(err)
	}
	page = unknown.get("/h5/pass", http.StatusOK)
	for _, name := range []string{"李四", w.Residents[0].Name} {
		again := unknown.post(page, namePath, url.Values{"name": {name}}, http.StatusUnprocessableEntity)
		if !strings.Contains(again.Text(), "没有找到姓名和手机号都一致的登记") || again.Find("[name=name]").AttrOr("value", "") != name {
			t.Errorf("somebody no register knows is told %s", again.Find("main").Text())
		}
	}
	bare := w.phone(t)
	bare.enterMini("o-bare")
	if response, _ := bare.do(http.MethodGet, "/h5/pass", nil); response.Header.Get("Location") != "/h5/phone" {
		t.Error("somebody without a verified number is not sent to verify it")
	}
}

// The text that a hand scanner types through an input method is the code; other text is reported as
// not being a code, so that nobody is told to refresh a valid one.
func TestGuardScansWithAnInputMethod(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	wide := strings.Map(func(r rune) rune { return r + '！' - '!' }, issued.Text)
	page := p.get(post, http.StatusOK)
	for _, text := range []string{
		wide, "\ufeff" + issued.Text, issued.Text[:9] + "\u200b" + issued.Text[9:], issued.Text[:4] + " " + issued.Text[4:] + "\r\n",
	} {
		seen := p.post(page, post+"/look", url.Values{"text": {text}}, http.StatusOK)
		if !strings.Contains(seen.Text(), w.Residents[0].Name) {
			t.Errorf("%q is not known", text)
		}
	}
	const foreign = "扫到的内容不是通行码"
	for text, status := range map[string]int{
		"EAN_13,6901234567892":                             http.StatusOK,
		"https://example.com/?" + strings.Repeat("x", 300): http.StatusOK,
		"]d2010690123456789\x1d21ABC":                      http.StatusUnprocessableEntity,
		"WIFI:" + strings.Repeat("x", 3000):                http.StatusUnprocessableEntity,
		"\xb0\xa1":                                         http.StatusUnprocessableEntity,
	} {
		if seen := p.post(page, post+"/look", url.Values{"text": {text}}, status); !strings.Contains(seen.Text(), foreign) {
			t.Errorf("%.30q: %s", text, seen.Find("main").Text())
		}
	}
	w.gate.Scan(t.Context(), w.Doors[0].ID, "6901234567892")
	if shown := p.get(post, http.StatusOK).Find("#records").Text(); !strings.Contains(shown, foreign) {
		t.Errorf("the record says %q", shown)
	}
	p.get(post+"/search?q=%00", http.StatusUnprocessableEntity) // and not as if the search were empty
}

func TestGuardChecksBeforeReleasing(t *testing.T) {
	w := newSite(t, estate.Plan{
		Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 1, RecordID: true, RecordTemp: true, FeverTenths: 373},
	})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	page := p.get(post, http.StatusOK)
	p.post(page, post+"/look", url.Values{"text": {""}}, http.StatusUnprocessableEntity)
	if seen := p.post(page, post+"/look", url.Values{"text": {"NONSENSE"}}, http.StatusOK); seen.Find(`[name="act"]`).Length() != 0 {
		t.Error("nonsense can be released")
	}
	seen := p.post(page, post+"/look", url.Values{"text": {issued.Text}}, http.StatusOK)
	if !strings.Contains(seen.Text(), w.Residents[0].Name) || seen.Find(`[name="temp"]`).Length() != 1 ||
		seen.Find(`[name="idno"]`).Length() != 1 {
		t.Fatal("the guard does not see whose pass it is, or is not asked for what the rule wants")
	}
	if inwards := p.post(
		page, post+"/look", url.Values{"text": {issued.Text}, "direction": {"in"}}, http.StatusOK,
	); inwards.Find(`form [type="hidden"][name="direction"]`).AttrOr("value", "") != "in" ||
		inwards.Find(`[name="direction"][aria-pressed="true"]`).AttrOr("value", "") != "in" {
		t.Error("the guard cannot look the other way")
	}
	form := func(temp, idno string) url.Values {
		return url.Values{
			"text": {issued.Text}, "key": {seen.Find(`[name="key"]`).AttrOr("value", "")}, "direction": {"out"},
			"temp": {temp}, "idno": {idno}, "act": {"release"},
		}
	}
	const number = "11010519491231002X"
	for _, wrong := range []url.Values{
		form("很热", number), form("99", number), form("-1", number), form("36.5.5", number), form("NaN", number),
		form("3e1", number), form("36.5", "123"), form("36.5", "110105194912310021"), form("36.5", `<script>`),
	} {
		if again := p.post(page, post+"/release", wrong, http.StatusUnprocessableEntity); again.Find(".tx-error").Length() == 0 {
			t.Errorf("%v is refused without a word", wrong)
		}
	}
	refusal := form("36.5", number)
	refusal.Set("act", "refuse")
	p.post(page, post+"/release", refusal, http.StatusUnprocessableEntity) // no reason given
	sideways := form("36.5", number)
	sideways.Set("direction", "up")
	p.post(page, post+"/release", sideways, http.StatusUnprocessableEntity)
	for _, part := range []string{"key", "text"} {
		stale := form("36.5", number)
		stale.Del(part)
		p.post(page, post+"/release", stale, http.StatusUnprocessableEntity)
	}
	for range 2 { // the second one is a duplicate
		if done := p.post(page, post+"/release", form("３６。５", number), http.StatusOK); !strings.Contains(done.Text(), "已放行") {
			t.Fatalf("not released: %s", done.Find("main").Text())
		}
	}
	records, _, err := w.store.AccessRecords(t.Context(), core.ScopeOf(w.Community), core.RecordFilter{}, store.Page{Limit: 10})
	if err != nil || len(records) != 1 || records[0].TempTenths != 365 || records[0].ReleasedBy != "李师傅" {
		t.Errorf("records %+v, %v", records, err)
	}
	byHand := p.get(post+"/search?q="+url.QueryEscape(w.Residents[1].Name), http.StatusOK)
	if byHand.Find(`[name="pass"]`).AttrOr("value", "") != w.Residents[1].Pass.String() {
		t.Error("the resident is not found by name")
	}
}

func TestGuardOfAnotherPostAndOneDisabled(t *testing.T) {
	w := newSite(t, estate.Plan{})
	others := estate.New(t, w.store, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	page := p.get("/h5/guard/"+w.Post.String(), http.StatusOK)
	for _, path := range []string{"", "/search", "/events"} {
		p.get("/h5/guard/"+others.Post.String()+path, http.StatusNotFound)
	}
	for _, path := range []string{"/look", "/release"} {
		p.post(
			page, "/h5/guard/"+others.Post.String()+path,
			url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k"}}, http.StatusNotFound,
		)
	}
	p.post(
		page, "/h5/guard/"+w.Post.String()+"/release",
		url.Values{"pass": {others.Residents[0].Pass.String()}, "key": {"k"}, "direction": {"in"}, "act": {"release"}},
		http.StatusOK,
	)
	for _, community := range []core.ID{w.Community, others.Community} {
		if records, _, err := w.store.AccessRecords(
			t.Context(), core.ScopeOf(community), core.RecordFilter{Result: "allowed"}, store.Page{Limit: 10},
		); err != nil || len(records) != 0 {
			t.Errorf("a guard released another community's resident: %v, %v", records, err)
		}
	}
	seen := p.post(page, "/h5/guard/"+w.Post.String()+"/look", url.Values{"pass": {others.Residents[0].Pass.String()}}, http.StatusOK)
	if strings.Contains(seen.Text(), others.Residents[0].Name) && seen.Find(`[name="act"]`).Length() != 0 {
		t.Error("a guard sees and releases another community's resident")
	}
	if err := w.store.DisableGuard(t.Context(), core.System, core.Everywhere, w.Guard); err != nil {
		t.Fatal(err)
	}
	p.get("/h5/guard/"+w.Post.String(), http.StatusForbidden)
}

func TestObserverSeesMaskedNamesOfTheirCommunities(t *testing.T) {
	w := newSite(t, estate.Plan{})
	others := estate.New(t, w.store, estate.Plan{})
	for _, e := range []*estate.Estate{w.Estate, others} {
		issued, err := w.gate.Issue(t.Context(), e.Residents[0].Pass)
		if err != nil {
			t.Fatal(err)
		}
		w.gate.Scan(t.Context(), e.Doors[0].ID, issued.Text)
	}
	p := w.staff(t, core.BindObserver, w.Observer, "observer")
	page := p.get("/h5/observer", http.StatusOK)
	if n := page.Find("#records li").Length(); n != 1 || strings.Contains(page.Text(), w.Residents[0].Name) || !strings.Contains(
		page.Text(), core.MaskName(w.Residents[0].Name),
	) {
		t.Errorf("%d records; names are not masked", n)
	}
	// Another's community and one that does not exist cannot be told apart.
	other := p.get("/h5/observer?community="+others.Community.String(), http.StatusNotFound)
	none := p.get("/h5/observer?community=99", http.StatusNotFound)
	if other.Find("main").Text() != none.Find("main").Text() || !strings.Contains(none.Text(), "小区不存在") {
		t.Errorf("another's community says %q, none at all %q", other.Find("main").Text(), none.Find("main").Text())
	}
	p.get("/h5/observer/export.xlsx?community="+others.Community.String(), http.StatusNotFound)
	if n := p.get("/h5/observer?community="+w.Community.String(), http.StatusOK).Find("#records li").Length(); n != 1 {
		t.Errorf("%d records of the own community", n)
	}
	p.get("/h5/observer?day=2026-99-99", http.StatusUnprocessableEntity)
	response, err := p.client.Get(p.address + "/h5/observer/export.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	book, err := excelize.OpenReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows(book.GetSheetName(0))
	if err != nil || len(rows) != 2 || strings.Contains(strings.Join(rows[1], " "), w.Residents[0].Name) {
		t.Errorf("exported %v, %v", rows, err)
	}
	observer, err := w.store.Observer(t.Context(), core.Everywhere, w.Observer)
	if err != nil {
		t.Fatal(err)
	}
	observer.MayExport, observer.Phone = false, ""
	if _, err := w.store.UpdateObserver(t.Context(), core.System, core.Everywhere, observer); err != nil {
		t.Fatal(err)
	}
	p.get("/h5/observer/export.xlsx", http.StatusForbidden)
	if err := w.store.RemoveObserver(t.Context(), core.System, core.Everywhere, w.Observer); err != nil {
		t.Fatal(err)
	}
	p.get("/h5/observer", http.StatusForbidden)
}

// A scan decided by one server is reported on a page served by another.
func TestLivePageHearsOfAScanOnAnotherServer(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address[0]+"/h5/guard/"+w.Post.String()+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Scan() // the stream is open
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text) // the gate of the second server
	for lines.Scan() {
		if lines.Text() == "event: record" {
			return
		}
	}
	t.Errorf("the stream ended without the event: %v", lines.Err())
}

// heard opens a stream and waits for an event by name.
func (p *phone) heard(path, event string) error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+path, http.NoBody)
	if err != nil {
		return err
	}
	stream, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		if lines.Text() == "event: "+event {
			return nil
		}
	}
	return fmt.Errorf("no event: %w", lines.Err())
}

// What happens after a page was rendered and before its stream opens is reported.
func TestLivePageBeginsWhereItWasDrawn(t *testing.T) {
	w := newSite(t, estate.Plan{})
	one := w.Residents[0]
	scan := func() {
		issued, err := w.gate.Issue(t.Context(), one.Pass)
		if err != nil {
			t.Fatal(err)
		}
		w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	}
	pages := []struct {
		phone       *phone
		path, event string
	}{
		{w.staff(t, core.BindGuard, w.Guard, "guard"), "/h5/guard/" + w.Post.String(), "record"},
		{w.staff(t, core.BindObserver, w.Observer, "observer"), "/h5/observer", "record"},
		{w.resident(t, one), "/h5/pass/" + one.Pass.String(), "passed"},
	}
	for range 2 { // at first there are no records at all
		streams := make([]string, len(pages))
		for i, page := range pages {
			streams[i] = page.phone.get(page.path, http.StatusOK).Find("[data-live]").AttrOr("data-live", "")
		}
		scan()
		for i, page := range pages {
			if err := page.phone.heard(streams[i], page.event); err != nil {
				t.Errorf("%s: %v", streams[i], err)
			}
		}
	}
}

// Nothing is reported twice, and nothing is lost that another server commits late.
func TestFollowerTellsOnce(t *testing.T) {
	list := func(ids ...core.ID) []core.AccessRecord {
		records := make([]core.AccessRecord, len(ids))
		for i, id := range ids {
			records[i].ID = id
		}
		return records
	}
	f := &follower{since: 30}
	for i, look := range []struct{ newest, fresh []core.AccessRecord }{
		{list(30, 20, 10), nil},
		{list(30, 20, 10), nil},
		{list(40, 30, 25, 20), list(40, 25)},
		{list(40, 30, 25, 20), nil},
		{list(50, 40, 35, 30), list(50, 35)},
		{list(50, 40, 35, 30, 5), nil}, // older than the followed records
	} {
		if got := f.fresh(look.newest); !slices.EqualFunc(got, look.fresh, func(x, y core.AccessRecord) bool { return x.ID == y.ID }) {
			t.Errorf("look %d tells %v", i, got)
		}
	}
}

// A guard's refusal is recorded in the guard's own words.
func TestGuardRefusesWithAReason(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	page := p.get(post, http.StatusOK)
	done := p.post(
		page, post+"/release",
		url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k"}, "act": {"refuse"}, "reason": {"人证不符"}},
		http.StatusOK,
	)
	if verdict := done.Find(".p-verdict.tx-bad").Text(); !strings.Contains(verdict, "未放行") || !strings.Contains(verdict, "人证不符") {
		t.Errorf("the guard reads %q", verdict)
	}
	if row := p.get(post, http.StatusOK).Find("#records .p-refused").Text(); !strings.Contains(row, "拒绝") ||
		!strings.Contains(row, "人证不符") {
		t.Errorf("the record reads %q", row)
	}
}

// A guard may refuse without measuring the temperature.
func TestGuardRefusesWithoutMeasuring(t *testing.T) {
	w := newSite(t, estate.Plan{
		Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, RecordID: true, RecordTemp: true, FeverTenths: 373},
	})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	form := url.Values{"pass": {w.Residents[0].Pass.String()}, "key": {"k"}, "act": {"refuse"}, "reason": {"人证不符"}}
	done := p.post(p.get(post, http.StatusOK), post+"/release", form, http.StatusOK)
	if verdict := done.Find(".p-verdict.tx-bad").Text(); !strings.Contains(verdict, "未放行") || !strings.Contains(verdict, "人证不符") {
		t.Errorf("the guard reads %q", verdict)
	}
}

// WeChat's scanner is offered inside WeChat, and only the guard's own page is signed for it.
func TestGuardScansWithWeChat(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	scripts := func() int { return p.get(post, http.StatusOK).Find("form[data-scan-script]").Length() }
	if scripts() != 0 {
		t.Error("a browser outside WeChat is sent for the JS-SDK")
	}
	p.agent = "Mozilla/5.0 MicroMessenger/8.0"
	if scripts() != 1 {
		t.Error("WeChat's browser is not sent for the JS-SDK")
	}
	sign := func(page string) string { return post + "/scanner?" + url.Values{"page": {page}}.Encode() }
	for _, page := range []string{
		"https://pass.example.com" + post, "https://pass.example.com" + post + "?a=1&b=%2F",
		"https://pass.example.com" + post + "/look",
	} {
		var config wechat.PageConfig
		if err := json.Unmarshal([]byte(p.get(sign(page), http.StatusOK).Text()), &config); err != nil || config.Signature != "of "+page {
			t.Errorf("%s: %+v, %v", page, config, err)
		}
	}
	for _, page := range []string{
		"", "%", "https://evil.example" + post, "https://pass.example.com@evil.example" + post,
		"https://pass.example.com/h5/pass", "javascript://pass.example.com" + post,
		p.address + post, "https://pass.example.com/h5/guard/1", "https://u@pass.example.com" + post,
	} {
		p.get(sign(page), http.StatusUnprocessableEntity)
	}
	p.get("/h5/guard/1/scanner?page="+url.QueryEscape("https://pass.example.com/h5/guard/1"), http.StatusNotFound)
}
