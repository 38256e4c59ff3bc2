package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	miniApp     = "wx00000000000000a1"
	officialApp = "wx00000000000000b1"
	plainApp    = "wx00000000000000c1"
	appSecret   = "secret-of-the-account"
	template    = "template-1"
)

// world is WeChat on loopback, and a server of ours that receives its callbacks.
type world struct {
	t        *testing.T
	sim      *simulator.Simulator
	base     string // of WeChat
	home     string // ours
	redis    redis.UniversalClient
	mini     *wechat.MiniProgram
	minis    *wechat.Inbox // of the mini-program
	official *wechat.OfficialAccount
	plain    *wechat.OfficialAccount

	mu      sync.Mutex
	now     time.Time
	events  []wechat.Event
	refused []error
	failing int           // callbacks that fail before one works
	slow    chan struct{} // if not nil, a callback is answered once it is closed
}

func newWorld(t *testing.T) *world { return newWorldWith(t, false) }

// newWorldWith returns a world whose mini-program's messages come as JSON or XML.
func newWorldWith(t *testing.T, json bool) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)}
	home := httptest.NewServer(http.HandlerFunc(w.hear))
	platform := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.sim.ServeHTTP(rw, r) }))
	w.base, w.home = platform.URL, home.URL
	fields := []simulator.Template{{ID: template, Title: "出入提醒", Content: "姓名：{{thing1.DATA}}\n时间：{{time2.DATA}}"}}
	w.sim = simulator.New(simulator.Options{Now: w.clock, PushTimeout: time.Second, Seed: simulator.Seed{
		Apps: []simulator.App{
			{AppID: miniApp, Secret: appSecret, Type: simulator.MiniProgram, Name: "通行", Token: "tok",
				Templates: fields, JSON: json,
				AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", CallbackURL: home.URL + "/mini"},
			{AppID: officialApp, Secret: appSecret, Type: simulator.OfficialAccount, Name: "物业", Token: "tok", Templates: fields,
				AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", CallbackURL: home.URL + "/sealed",
				RedirectDomains: []string{"pass.example.com"}},
			{
				AppID: plainApp, Secret: appSecret, Type: simulator.OfficialAccount, Name: "物业二", Token: "tok",
				CallbackURL: home.URL + "/plain",
			},
		},
		People: []simulator.Person{
			{Key: "zhang", Phone: "13800138000"}, {Key: "blocker", Follows: []string{officialApp}, Blocked: true},
			{Key: "unlucky", Follows: []string{officialApp}, Failing: true},
			{Key: "snapshot", Snapshot: true}, {Key: "lone", NoUnionID: true}, {Key: "risky", Risky: true},
		},
	}})
	server := miniredis.RunT(t)
	w.redis = redis.NewClient(&redis.Options{Addr: server.Addr()})
	w.mini, w.official, w.plain = w.client()
	var err error
	w.minis, err = w.mini.Inbox(wechat.InboxOptions{Token: "tok", AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
		Replays: wechat.NewRedisReplays(w.redis)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.idle()
		home.Close()
		platform.Close()
		_ = w.redis.Close()
	})
	return w
}

// client returns the accounts for one more server on the same Redis.
func (w *world) client() (*wechat.MiniProgram, *wechat.OfficialAccount, *wechat.OfficialAccount) {
	w.t.Helper()
	c := wechat.New(wechat.Options{
		APIBase: w.base, BrowserBase: w.base, LoopbackOnly: true, Now: w.clock,
		Tokens: wechat.NewRedisTokens(w.redis),
	})
	sealed, err := c.OfficialAccount(wechat.OfficialOptions{AppID: officialApp, Secret: appSecret, Token: "tok",
		AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", Replays: wechat.NewRedisReplays(w.redis)})
	if err != nil {
		w.t.Fatal(err)
	}
	plain, err := c.OfficialAccount(wechat.OfficialOptions{
		AppID: plainApp, Secret: appSecret, Token: "tok", Replays: wechat.NewRedisReplays(w.redis),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c.MiniProgram(miniApp, appSecret), sealed, plain
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// inbox returns what reads the callbacks of a path.
func (w *world) inbox(path string) *wechat.Inbox {
	switch path {
	case "/plain":
		return w.plain.Inbox
	case "/mini":
		return w.minis
	}
	return w.official.Inbox
}

// hear answers a callback as a server does: it handles the event and echoes its text.
func (w *world) hear(rw http.ResponseWriter, r *http.Request) {
	account := w.inbox(r.URL.Path)
	event, done, err := account.ReadCallback(r.Context(), r)
	if errors.Is(err, wechat.ErrReplayed) {
		fmt.Fprint(rw, "success")
		return
	}
	if err != nil {
		w.mu.Lock()
		w.refused = append(w.refused, err)
		w.mu.Unlock()
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	handled, slow := w.take(event)
	done(handled)
	if slow != nil {
		<-slow
	}
	if !handled {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	reply, err := account.Reply(event, event.Content)
	if err != nil {
		w.t.Error(err)
	}
	fmt.Fprint(rw, reply)
}

func (w *world) take(event wechat.Event) (handled bool, slow chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing > 0 {
		w.failing--
		return false, nil
	}
	w.events = append(w.events, event)
	slow, w.slow = w.slow, nil // the first attempt only
	return true, slow
}

func (w *world) idle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.sim.WaitIdle(ctx); err != nil {
		w.t.Error(err)
	}
}

// heard returns the events handled since the last call.
func (w *world) heard() []wechat.Event {
	w.t.Helper()
	w.idle()
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

// calls returns the number of requests that WeChat received for a path.
func (w *world) calls(path string) int {
	n := 0
	for _, c := range w.sim.Calls() {
		if c.Kind == simulator.CallAPI && c.Path == path {
			n++
		}
	}
	return n
}

func (w *world) send(person string) (string, error) {
	w.t.Helper()
	return w.official.SendTemplate(w.t.Context(), wechat.TemplateMessage{To: w.sim.OpenID(person, officialApp), Template: template,
		URL: "https://pass.example.com/", Fields: map[string]string{"thing1": strings.Repeat("张三\n", 20),
			"time2": "2026-11-20 12:00"}})
}

// TestCodesWorkOnce: login and phone codes work once, for their purpose, for five minutes, in the
// app they were issued to.
func TestCodesWorkOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	login, phone := w.sim.MintLoginCode("zhang", miniApp), w.sim.MintPhoneCode("zhang", miniApp)
	if who, err := w.mini.Login(ctx, login); err != nil || who.OpenID != w.sim.OpenID("zhang", miniApp) ||
		who.UnionID != w.sim.UnionID("zhang") {
		t.Errorf("%+v, %v", who, err)
	}
	if number, err := w.mini.PhoneNumber(ctx, phone); err != nil || number != "13800138000" {
		t.Errorf("%s, %v", number, err)
	}
	old := w.sim.MintLoginCode("zhang", miniApp)
	w.pass(5 * time.Minute)
	for name, code := range map[string]string{
		"used": login, "another kind": w.sim.MintPhoneCode("zhang", miniApp),
		"another app": w.sim.MintLoginCode("zhang", officialApp), "old": old, "invented": "x",
	} {
		if who, err := w.mini.Login(ctx, code); !wechat.IsBadCode(err) || who != (wechat.Login{}) {
			t.Errorf("a login code that is %s: %+v, %v", name, who, err)
		}
	}
	for name, code := range map[string]string{"used": phone, "another kind": w.sim.MintLoginCode("zhang", miniApp)} {
		if number, err := w.mini.PhoneNumber(ctx, code); !wechat.IsBadCode(err) || number != "" {
			t.Errorf("a phone code that is %s: %s, %v", name, number, err)
		}
	}
}

// TestFollowToFinish: somebody scans a parametric QR and follows, is linked to the mini-program's
// user by the union id, gets a message, and its delivery is reported.
func TestFollowToFinish(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code, err := w.official.TemporaryCode(ctx, "bind_0123456789abcdef", 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.Scan("zhang", code.URL); err != nil {
		t.Fatal(err)
	}
	events := w.heard()
	if len(events) != 1 || events[0].Name != "subscribe" || events[0].Scene() != "bind_0123456789abcdef" ||
		events[0].FromUser != w.sim.OpenID("zhang", officialApp) {
		t.Fatalf("heard %+v", events)
	}
	follower, err := w.official.Follower(ctx, events[0].FromUser)
	if err != nil || follower.Follows != 1 {
		t.Fatalf("%+v, %v", follower, err)
	}
	login, err := w.mini.Login(ctx, w.sim.MintLoginCode("zhang", miniApp))
	if err != nil || login.UnionID != follower.UnionID || login.UnionID == "" || login.OpenID == follower.OpenID {
		t.Errorf("in the mini-program %+v, in the account %+v, %v", login, follower, err)
	}
	if _, err := w.sim.Scan("zhang", code.URL); err != nil {
		t.Fatal(err)
	}
	if events := w.heard(); len(events) != 1 || events[0].Name != "SCAN" || events[0].Scene() != "bind_0123456789abcdef" {
		t.Errorf("a follower's scan is heard as %+v", events)
	}
	for person, status := range map[string]string{"zhang": "success", "blocker": "failed:user block"} {
		id, err := w.send(person)
		if err != nil {
			t.Fatal(err)
		}
		if events := w.heard(); len(events) != 1 || events[0].Name != "TEMPLATESENDJOBFINISH" || events[0].JobID != id ||
			events[0].Status != status {
			t.Errorf("%s: %+v, want %q of %q", person, events, status, id)
		}
	}
	if sent := w.sim.SentMessages("zhang"); len(sent) != 1 || len(sent[0].Lines) != 2 {
		t.Errorf("arrived: %+v", sent)
	}
	if err := w.sim.Unfollow("zhang", officialApp); err != nil {
		t.Fatal(err)
	}
	if events := w.heard(); len(events) != 1 || events[0].Name != "unsubscribe" {
		t.Errorf("heard %+v", events)
	}
	if _, err := w.send("zhang"); wechat.CodeOf(err) != 43004 {
		t.Errorf("to somebody who left: %v", err)
	}
}

// TestTokensEnd: an expired or revoked token is replaced once and the message delivered once; if
// that does not help, the call fails after two attempts.
func TestTokensEnd(t *testing.T) {
	const path, tokens = "/cgi-bin/message/template/send", "/cgi-bin/stable_token"
	for name, end := range map[string]func(*simulator.Simulator, string){
		"expired": (*simulator.Simulator).ExpireTokens, "revoked": (*simulator.Simulator).RevokeTokens,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.sim.Follow("zhang", officialApp); err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= 2; n++ {
				if _, err := w.send("zhang"); err != nil {
					t.Fatal(err)
				}
				if sent := len(w.sim.SentMessages("zhang")); sent != n {
					t.Errorf("%d delivered, want %d", sent, n)
				}
				end(w.sim, officialApp)
			}
			if w.calls(path) != 3 || w.calls(tokens) != 2 {
				t.Errorf("%d calls, %d tokens", w.calls(path), w.calls(tokens))
			}
			w.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: path, Code: 40001})
			calls, fetched := w.calls(path), w.calls(tokens)
			if _, err := w.send("zhang"); wechat.CodeOf(err) != 40001 || wechat.IsRetryable(err) {
				t.Errorf("got %v", err)
			}
			if w.calls(path) != calls+2 || w.calls(tokens) != fetched+1 {
				t.Errorf("%d calls, %d tokens more", w.calls(path)-calls, w.calls(tokens)-fetched)
			}
		})
	}
}

// TestWhatToDo: each of the platform's errors leads to the caller's right next step.
func TestWhatToDo(t *testing.T) {
	w := newWorld(t)
	const path = "/cgi-bin/message/template/send"
	for _, c := range []struct {
		fault   simulator.Fault
		retries bool
	}{
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: 43101}, false},
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: 43004}, false},
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: 43117}, true},
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: 45009}, true},
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: -1}, true},
		{simulator.Fault{Kind: simulator.FaultErrcode, Code: 40037}, false},
		{simulator.Fault{Kind: simulator.FaultStatus}, true},
		{simulator.Fault{Kind: simulator.FaultTruncate}, true},
	} {
		c.fault.Path, c.fault.Times = path, 1
		w.sim.InjectFault(c.fault)
		calls := w.calls(path)
		_, err := w.send("blocker")
		if err == nil || wechat.IsRetryable(err) != c.retries {
			t.Errorf("%s %d: %v", c.fault.Kind, c.fault.Code, err)
		}
		if w.calls(path) != calls+1 {
			t.Errorf("%s %d: %d calls", c.fault.Kind, c.fault.Code, w.calls(path)-calls)
		}
	}
	w.sim.SetWhitelist(officialApp, "192.0.2.1")
	calls := w.calls(path)
	for range 3 {
		if _, err := w.send("blocker"); wechat.CodeOf(err) != 40164 || wechat.IsRetryable(err) {
			t.Errorf("from a wrong address: %v", err)
		}
	}
	if w.calls(path) != calls+1 {
		t.Errorf("%d calls from a wrong address", w.calls(path)-calls)
	}
	w.sim.SetWhitelist(officialApp, "127.0.0.1")
	w.pass(5 * time.Minute)
	if _, err := w.send("blocker"); err != nil {
		t.Errorf("after the address was allowed: %v", err)
	}
}

// TestRepeatedCallbacks: what failed or was answered too late comes again and is handled once; the
// chat shows the answer.
func TestRepeatedCallbacks(t *testing.T) {
	for appID, account := range map[string]string{"sealed": officialApp, "plain": plainApp} {
		t.Run(appID, func(t *testing.T) {
			w := newWorld(t)
			if err := w.sim.Follow("zhang", account); err != nil {
				t.Fatal(err)
			}
			w.heard()
			w.failing = 2
			const text = `怎么开门？]]> <b>&amp; "`
			if err := w.sim.SendText("zhang", account, text); err != nil {
				t.Fatal(err)
			}
			if events := w.heard(); len(events) != 1 || events[0].Content != text {
				t.Errorf("heard %+v", events)
			}
			if chat := w.sim.Chat("zhang", account); chat[len(chat)-1].Kind != simulator.ReplyMessage ||
				chat[len(chat)-1].Text != text {
				t.Errorf("the chat ends with %+v", chat[len(chat)-1])
			}
			late := make(chan struct{})
			w.slow = late
			if err := w.sim.SendText("zhang", account, "again"); err != nil {
				t.Fatal(err)
			}
			events := w.heard()
			close(late)
			if len(events) != 1 {
				t.Errorf("a late answer makes %d events", len(events))
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.refused) != 0 {
				t.Errorf("refused: %v", w.refused)
			}
		})
	}
}

// TestServersFetchOneToken: two servers on one Redis fetch one token of each
// account.
func TestServersFetchOneToken(t *testing.T) {
	w := newWorld(t)
	mini, official, _ := w.client()
	var all sync.WaitGroup
	for range 10 {
		for _, account := range []*wechat.OfficialAccount{w.official, official} {
			all.Go(func() {
				if _, err := account.Follower(t.Context(), w.sim.OpenID("blocker", officialApp)); err != nil {
					t.Error(err)
				}
			})
		}
		for _, m := range []*wechat.MiniProgram{w.mini, mini} {
			all.Go(func() {
				if _, err := m.PhoneNumber(t.Context(), w.sim.MintPhoneCode("zhang", miniApp)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := w.calls("/cgi-bin/stable_token"); n != 2 {
		t.Errorf("%d tokens of two accounts", n)
	}
}

// TestAuthorize: a browser goes to WeChat and comes back with a code and the state; the code
// identifies the visitor once.
func TestAuthorize(t *testing.T) {
	w := newWorld(t)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	authorize := func(person string, scope wechat.Scope) url.Values {
		t.Helper()
		address, _, _ := strings.Cut(w.official.AuthorizeURL("https://pass.example.com/back?a=1", "st4te", scope), "#")
		response, err := stay.Get(address + "&persona=" + person)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		back, err := url.Parse(response.Header.Get("Location"))
		if err != nil || back.Host != "pass.example.com" || back.Path != "/back" || back.Query().Get("a") != "1" ||
			back.Query().Get("state") != "st4te" {
			t.Fatalf("%d, sent to %v, %v", response.StatusCode, back, err)
		}
		return back.Query()
	}
	for _, scope := range []wechat.Scope{wechat.ScopeBase, wechat.ScopeUserInfo} {
		code := authorize("zhang", scope).Get("code")
		visitor, err := w.official.Visitor(t.Context(), code)
		if err != nil || visitor.OpenID != w.sim.OpenID("zhang", officialApp) ||
			(visitor.UnionID == w.sim.UnionID("zhang")) != (scope == wechat.ScopeUserInfo) {
			t.Errorf("%s: %+v, %v", scope, visitor, err)
		}
		if visitor, err := w.official.Visitor(t.Context(), code); !wechat.IsBadCode(err) || visitor != (wechat.Visitor{}) {
			t.Errorf("the code again: %+v, %v", visitor, err)
		}
		if visitor, err := w.official.Visitor(t.Context(),
			authorize("snapshot", scope).Get("code")); !errors.Is(err, wechat.ErrSnapshot) || visitor != (wechat.Visitor{}) {
			t.Errorf("a snapshot: %+v, %v", visitor, err)
		}
	}
	if visitor, err := w.official.Visitor(t.Context(), authorize("lone", wechat.ScopeUserInfo).Get("code")); err != nil ||
		visitor.UnionID != "" || visitor.OpenID == "" {
		t.Errorf("without a union id: %+v, %v", visitor, err)
	}
}

// TestPictures: the codes drawn by WeChat are pictures.
func TestPictures(t *testing.T) {
	w := newWorld(t)
	picture, err := w.mini.UnlimitedCode(t.Context(), wechat.CodeImage{Scene: "p=1", Width: 300})
	if err != nil || http.DetectContentType(picture) != "image/jpeg" {
		t.Errorf("%s, %v", http.DetectContentType(picture), err)
	}
	code, err := w.official.TemporaryCode(t.Context(), "s", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(w.official.PictureURL(code))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "image/png" {
		t.Errorf("the QR is %s", kind)
	}
}

// TestPageConfigIsTaken: the phone accepts the signature of our pages, and of no page of another
// domain.
func TestPageConfigIsTaken(t *testing.T) {
	w := newWorld(t)
	take := func(page string) string {
		t.Helper()
		c, err := w.official.PageConfig(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Get(strings.TrimSuffix(w.official.ScriptURL(), "/open/js/jweixin-1.6.0.js") + "/config?" + url.Values{
			"appId": {c.AppID}, "timestamp": {fmt.Sprint(c.Timestamp)}, "nonceStr": {c.Nonce}, "signature": {c.Signature}, "url": {page},
		}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := take("https://pass.example.com/h5/guard/1?a=b&c=/d"); !strings.Contains(got, "config:ok") {
		t.Error(got)
	}
	if got := take("https://elsewhere.example.com/"); !strings.Contains(got, "invalid url domain") {
		t.Error(got)
	}
}
