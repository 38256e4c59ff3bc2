package console

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
)

// readerDesk is two estates and a console in front of them.
type readerDesk struct {
	store        *store.Store
	console      *Console
	address      string
	mine, others *estate.Estate
}

// parsedPages are parsed once for all tests, which never change them.
var parsedPages = sync.OnceValues(func() (*templates.Renderer, error) { return templates.New(false) })

func newReaderDesk(t *testing.T) *readerDesk {
	t.Helper()
	s := estate.Store(t, store.Options{})
	renderer, err := parsedPages()
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	cache := web.RedisCache(client, s, nil)
	d := &readerDesk{store: s, console: &Console{Store: s, Renderer: renderer, Cache: cache, PublicURL: "http://10.0.0.5:8080"}}
	app := web.New(web.Options{Store: s, Cache: cache, ErrorPage: d.console.ErrorPage, Limits: web.Limits{AddressPerMinute: 100000, AccountPerMinute: 100000}})
	app.Register(d.console.Routes()...)
	server := httptest.NewServer(app)
	d.address = server.URL
	d.mine, d.others = estate.New(t, s, estate.Plan{}), estate.New(t, s, estate.Plan{})
	t.Cleanup(func() {
		server.Close()
		client.Close()
	})
	return d
}

// readerClerk is a browser in which an account has signed in.
type readerClerk struct {
	d      *readerDesk
	client *http.Client
	csrf   string
}

// signIn gives a browser of a new account for the communities of scope.
func (d *readerDesk) signIn(t *testing.T, scope core.Scope, permissions ...core.Permission) *readerClerk {
	t.Helper()
	const first, second = "correct-horse-7", "battery-staple-8"
	login := fmt.Sprintf("clerk%s", d.store.NewID())
	id, err := d.store.CreateAccount(t.Context(), core.SystemGranter, core.Account{Login: login, Name: "文员", Role: core.RoleClerk, Permissions: permissions, Scope: scope}, first)
	if err != nil {
		t.Fatal(err)
	}
	token, session, err := d.store.StartSession(t.Context(), store.NewSession{Kind: core.SessionAccount, Subject: id, Life: core.SessionLife{Idle: time.Hour, Most: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.ChangePassword(t.Context(), core.System, store.PasswordChange{Session: session, Old: first, New: second}); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // never fails
	site, _ := url.Parse(d.address)
	jar.SetCookies(site, []*http.Cookie{{Name: "tx_console", Value: token}})
	b := &readerClerk{d: d, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	page := b.get(t, readerPath, http.StatusOK)
	b.csrf, _ = page.Find(`meta[name="csrf-token"]`).Attr("content")
	if b.csrf == "" {
		t.Fatal("the page carries no form token")
	}
	return b
}

func (d *readerDesk) manager(t *testing.T) *readerClerk {
	t.Helper()
	return d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView, core.PermReaderEdit)
}

func (b *readerClerk) do(t *testing.T, request *http.Request, status int) (*goquery.Document, string) {
	t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Errorf("%s %s: %d, want %d: %s", request.Method, request.URL.Path, response.StatusCode, status, strings.Join(strings.Fields(page.Find("main").Text()), " "))
	}
	return page, response.Header.Get("Location")
}

func (b *readerClerk) get(t *testing.T, path string, status int) *goquery.Document {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := b.do(t, request, status)
	return page
}

// post sends a form and gives the page, or where the browser is sent.
func (b *readerClerk) post(t *testing.T, path string, form url.Values, status int) (*goquery.Document, string) {
	t.Helper()
	return b.do(t, b.form(t, path, form), status)
}

// drawnAnew is a form token as another drawing of its page has it: the same secret
// under another pad. A form sent twice from one drawing acts once.
func drawnAnew(token string) string {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw)%2 != 0 {
		return token // a test's own
	}
	pad, masked := raw[:len(raw)/2], raw[len(raw)/2:]
	for i := range pad {
		fresh := byte(rand.IntN(256))
		masked[i] ^= pad[i] ^ fresh
		pad[i] = fresh
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// form is a form on its way, with the token of its page.
func (b *readerClerk) form(t *testing.T, path string, form url.Values) *http.Request {
	t.Helper()
	sent := url.Values{web.CSRFField: {drawnAnew(b.csrf)}}
	for name, values := range form {
		sent[name] = values
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.d.address+path, io.NopCloser(strings.NewReader(sent.Encode())))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func (d *readerDesk) reader(t *testing.T, id core.ID) core.Reader {
	t.Helper()
	r, err := d.store.Reader(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *readerDesk) readers(t *testing.T) []core.Reader {
	t.Helper()
	list, _, err := d.store.Readers(t.Context(), core.Everywhere, store.ReaderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func readerFormOf(community core.ID) url.Values {
	return url.Values{
		"community": {community.String()}, "name": {"北门入口"}, "gate": {"北门"}, "direction": {"in"}, "protocol": {"vguang"}, "serial": {"N001"},
		"heartbeat_seconds": {"60"}, "heartbeat_text": {"www.vguang.cn"}, "deny_code": {"1000"}, "qr_allowed": {"1"}, "kinds": {"resident"},
	}
}

func confirmedForm() url.Values { return url.Values{"confirmed": {"1"}} }

func TestReaderListShowsTheScope(t *testing.T) {
	d := newReaderDesk(t)
	page := d.manager(t).get(t, readerPath, http.StatusOK)
	if n := page.Find("tbody tr").Length(); n != len(d.mine.Doors) {
		t.Errorf("%d rows, want %d", n, len(d.mine.Doors))
	}
	for _, door := range d.others.Doors {
		if page.Find(`a[href="`+readerURL(door.ID)+`"]`).Length() != 0 {
			t.Error("another community's reader is listed")
		}
	}
	if got := page.Find("tbody tr").First().Find(".tx-badge").First().Text(); got != "从未上线" {
		t.Errorf("state %q", got)
	}
	all := d.signIn(t, core.Everywhere, core.PermReaderView)
	if n := all.get(t, readerPath+"?q=1号", http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d readers found by name", n)
	}
	if n := all.get(t, readerPath+"?state=online", http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d readers online", n)
	}
	if n := all.get(t, readerPath+"?community="+d.others.Community.String(), http.StatusOK).Find("tbody tr").Length(); n != len(d.others.Doors) {
		t.Errorf("%d readers of one community", n)
	}
}

func TestReaderIsAddedAndInstalled(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	before := len(d.readers(t))
	if page := b.get(t, readerPath+"/new", http.StatusOK); page.Find(`form.tx-form input[name="serial"]`).Length() != 1 {
		t.Fatal("no form")
	}

	wrong := readerFormOf(d.mine.Community)
	wrong.Set("name", "")
	wrong.Set("deny_code", "0001")
	wrong.Set("gate", `<script>alert("1")</script>' OR 1=1 --`)
	page, _ := b.post(t, readerPath, wrong, http.StatusUnprocessableEntity)
	for _, field := range []string{"name", "deny_code"} {
		if page.Find("#f-"+field+"-error").Text() == "" {
			t.Errorf("no message at %s", field)
		}
	}
	if got, _ := page.Find("#f-gate").Attr("value"); got != wrong.Get("gate") || page.Find("main script").Length() != 0 {
		t.Errorf("the form lost or believed %q", got)
	}
	if n := len(d.readers(t)); n != before {
		t.Fatalf("%d readers after a wrong form", n-before)
	}

	good := readerFormOf(d.mine.Community)
	good.Set("gate", `<b>北门</b>`)
	_, to := b.post(t, readerPath, good, http.StatusSeeOther)
	list := d.readers(t)
	r := list[len(list)-1]
	if len(list) != before+1 || to != readerURL(r.ID) || r.Serial != "N001" || r.Community != d.mine.Community || r.Direction != core.In || !r.QRAllowed || r.Thermometer {
		t.Fatalf("went to %s, made %+v", to, r)
	}

	show := b.get(t, to, http.StatusOK)
	if got := factOf(show, "所在的门"); got != "<b>北门</b>" {
		t.Errorf("gate %q", got)
	}
	if got := factOf(show, "完整地址"); got != "http://10.0.0.5:8080/door/vguang/"+hiddenSecret {
		t.Errorf("address %q", got)
	}
	shown, _ := b.post(t, to+"/secret", nil, http.StatusOK)
	address := factOf(shown, "完整地址")
	secret := strings.TrimPrefix(address, "http://10.0.0.5:8080/door/vguang/")
	if found, err := d.store.ReaderBySecret(t.Context(), core.ProtocolVguang, secret); err != nil || found.ID != r.ID {
		t.Errorf("the address leads to %v, %v", found.ID, err)
	}
	if factOf(shown, "设备号") != "N001" || factOf(shown, "拒绝应答") != "code=1000" {
		t.Error("the installer misses a setting")
	}
}

// factOf gives the value beside a label, without its copy button.
func factOf(page *goquery.Document, label string) string {
	value := ""
	page.Find(".tx-facts > div").Each(func(_ int, s *goquery.Selection) {
		if s.Find("dt").Text() == label {
			dd := s.Find("dd").Clone()
			dd.Find("button").Remove()
			value = strings.TrimSpace(dd.Text())
		}
	})
	return value
}

func TestReaderIsChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	door := d.mine.Doors[0]
	page := b.get(t, readerURL(door.ID)+"/edit", http.StatusOK)
	if got, _ := page.Find("#f-serial").Attr("value"); got != door.Serial {
		t.Errorf("the form holds %q", got)
	}
	form := readerFormOf(d.others.Community) // a foreign community in the form is not listened to
	form.Set("serial", "E77")
	form.Del("qr_allowed")
	form["scope_nodes"] = []string{page.Find(`input[name="scope_nodes"]`).First().AttrOr("value", "")}
	b.post(t, readerURL(door.ID), form, http.StatusSeeOther)
	got := d.reader(t, door.ID)
	if got.Serial != "E77" || got.QRAllowed || got.Community != d.mine.Community || len(got.ScopeNodes) != 1 {
		t.Errorf("changed to %+v", got)
	}
	if scope := factOf(b.get(t, readerURL(door.ID), http.StatusOK), "服务范围"); scope == "" || scope == "全小区" {
		t.Errorf("scope %q", scope)
	}
	for _, bad := range []string{"heartbeat_seconds", "serial", "protocol", "direction", "kinds", "scope_nodes"} {
		wrong := readerFormOf(d.mine.Community)
		wrong.Set(bad, "x&&' --")
		b.post(t, readerURL(door.ID), wrong, http.StatusUnprocessableEntity)
	}
	if after := d.reader(t, door.ID); !reflect.DeepEqual(after, got) {
		t.Errorf("wrong forms changed it to %+v", after)
	}
}

func TestReaderActsAskFirst(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	door := d.mine.Doors[0]
	known := func() bool {
		_, err := d.store.ReaderBySecret(t.Context(), door.Protocol, door.Secret)
		return err == nil
	}
	page, _ := b.post(t, readerURL(door.ID)+"/rotate", nil, http.StatusOK)
	if !known() || !strings.Contains(page.Find(".tx-confirm p").Text(), "旧地址立即失效") || page.Find(`.tx-confirm input[name="confirmed"]`).Length() != 1 {
		t.Error("rotated unasked, or asked without a word on what happens")
	}
	if _, to := b.post(t, readerURL(door.ID)+"/rotate", confirmedForm(), http.StatusSeeOther); to != readerURL(door.ID) || known() {
		t.Errorf("not rotated; sent to %s", to)
	}

	b.post(t, readerURL(door.ID)+"/disable", nil, http.StatusOK)
	if !d.reader(t, door.ID).Disabled.IsZero() {
		t.Error("disabled unasked")
	}
	b.post(t, readerURL(door.ID)+"/disable", confirmedForm(), http.StatusSeeOther)
	if d.reader(t, door.ID).Disabled.IsZero() {
		t.Error("not disabled")
	}
	if got := factOf(b.get(t, readerURL(door.ID), http.StatusOK), "状态"); got != "已停用" {
		t.Errorf("state %q", got)
	}
	b.post(t, readerURL(door.ID)+"/enable", confirmedForm(), http.StatusSeeOther)
	if !d.reader(t, door.ID).Disabled.IsZero() {
		t.Error("not enabled")
	}
}

func TestReaderQRIsTicked(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	ids := []string{d.mine.Doors[0].ID.String(), d.mine.Doors[1].ID.String()}
	on := func() (n int) {
		for _, door := range d.mine.Doors {
			if d.reader(t, door.ID).QRAllowed {
				n++
			}
		}
		return n
	}
	b.post(t, readerPath+"/qr", url.Values{"id": ids[:1], "allowed": {"0"}}, http.StatusSeeOther)
	if on() != 1 {
		t.Errorf("%d of 2 on", on())
	}
	page, _ := b.post(t, readerPath+"/qr?allowed=0", url.Values{"id": ids}, http.StatusOK)
	if page.Find(`.tx-confirm input[name="id"]`).Length() != 2 || on() != 1 {
		t.Error("several were switched off unasked, or forgotten")
	}
	b.post(t, readerPath+"/qr?allowed=0", url.Values{"id": ids, "confirmed": {"1"}}, http.StatusSeeOther)
	if on() != 0 {
		t.Errorf("%d of 2 on", on())
	}
	b.post(t, readerPath+"/qr?allowed=1", url.Values{"id": ids}, http.StatusSeeOther)
	if on() != 2 {
		t.Errorf("%d of 2 on", on())
	}
	b.post(t, readerPath+"/qr?allowed=0", nil, http.StatusSeeOther) // nothing ticked: said, not an error page
	if on() != 2 {
		t.Errorf("%d of 2 on", on())
	}
}

// Whatever is tried with the id of another community's reader, it is not there,
// and stays as it was.
func TestReaderOfAnotherCommunity(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	door := d.others.Doors[0]
	before, count := d.reader(t, door.ID), len(d.readers(t))
	for _, id := range []string{door.ID.String(), "0", "-1", "x", "99999999999999999999", "1'%20OR%201=1"} {
		for _, route := range d.console.readerRoutes() {
			if !strings.Contains(route.Path, ":id") {
				continue
			}
			path := strings.Replace(route.Path, ":id", id, 1)
			if route.Method == http.MethodGet {
				b.get(t, path, http.StatusNotFound)
				continue
			}
			form := readerFormOf(d.mine.Community)
			form.Set("confirmed", "1")
			b.post(t, path, form, http.StatusNotFound)
		}
	}
	b.post(t, readerPath, readerFormOf(d.others.Community), http.StatusNotFound)
	b.get(t, readerPath+"/new?community="+d.others.Community.String(), http.StatusNotFound)
	b.post(t, readerPath+"/qr", url.Values{"id": {d.mine.Doors[0].ID.String(), door.ID.String()}, "allowed": {"0"}, "confirmed": {"1"}}, http.StatusNotFound)

	tree, err := d.store.HouseTree(t.Context(), core.Everywhere, d.others.Community)
	if err != nil || len(tree) == 0 {
		t.Fatalf("%d nodes, %v", len(tree), err)
	}
	foreign := readerFormOf(d.mine.Community)
	foreign["scope_nodes"] = []string{tree[0].ID.String()}
	b.post(t, readerPath, foreign, http.StatusUnprocessableEntity)

	if after := d.reader(t, door.ID); !reflect.DeepEqual(after, before) {
		t.Errorf("changed to %+v", after)
	}
	if _, err := d.store.ReaderBySecret(t.Context(), door.Protocol, door.Secret); err != nil {
		t.Errorf("its secret: %v", err)
	}
	if !d.reader(t, d.mine.Doors[0].ID).QRAllowed || len(d.readers(t)) != count {
		t.Error("a refused act changed something of ours")
	}
}

// An account that may look sees no secret, no button and no form.
func TestReaderViewer(t *testing.T) {
	d := newReaderDesk(t)
	b := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView)
	door := d.mine.Doors[0]
	for _, path := range []string{readerPath, readerURL(door.ID), readerPath + "/quarantine"} {
		page := b.get(t, path, http.StatusOK)
		if n := page.Find(`main form[method="post"]:not(.tx-views form)`).Length(); n != 0 {
			t.Errorf("%s has %d forms", path, n)
		}
		if html, _ := page.Html(); strings.Contains(html, door.Secret) {
			t.Errorf("%s shows the secret", path)
		}
	}
	for _, route := range d.console.readerRoutes() {
		if route.Access.Permission() != core.PermReaderEdit {
			continue
		}
		path := strings.Replace(route.Path, ":id", door.ID.String(), 1)
		if route.Method == http.MethodGet {
			b.get(t, path, http.StatusForbidden)
		} else {
			b.post(t, path, confirmedForm(), http.StatusForbidden)
		}
	}
	if !d.reader(t, door.ID).Disabled.IsZero() {
		t.Error("a viewer disabled a reader")
	}
}

func TestReaderQuarantinePage(t *testing.T) {
	d := newReaderDesk(t)
	p := store.NewReaderPresence(d.store)
	p.Quarantine(core.ProtocolVguang, "STRANGER", d.mine.Doors[0].Secret, "192.0.2.7")
	p.Quarantine(core.ProtocolVguang, "ELSEWHERE", d.others.Doors[0].Secret, "192.0.2.8")
	p.Quarantine(core.ProtocolVguang, "NOBODY", strings.Repeat("7", 26), "192.0.2.9")
	p.Close()
	page := d.manager(t).get(t, readerPath+"/quarantine", http.StatusOK)
	rows := page.Find("tbody tr")
	if rows.Length() != 1 || rows.Find("td code").First().Text() != "STRANGER" || rows.Find(`a[href="`+readerURL(d.mine.Doors[0].ID)+`"]`).Length() != 1 {
		t.Errorf("%d rows: %q", rows.Length(), rows.Text())
	}
	if n := d.signIn(t, core.Everywhere, core.PermReaderView).get(t, readerPath+"/quarantine", http.StatusOK).Find("tbody tr").Length(); n != 3 {
		t.Errorf("%d rows for who sees all", n)
	}
}
