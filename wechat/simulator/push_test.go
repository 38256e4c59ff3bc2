package simulator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// ear is a server that reads callbacks with the product's own client.
type ear struct {
	*site
	account *wechat.OfficialAccount
	url     string

	mu      sync.Mutex
	bodies  []string // as received
	replays wechat.ReplayStore
	nonces  []string
	events  []wechat.Event
	answer  func(wechat.Event) (int, string) // nil: "success"
}

func newEar(t *testing.T) *ear {
	t.Helper()
	e := &ear{site: newSite(t, nil)}
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = client.Close() })
	e.replays = wechat.NewRedisReplays(client)
	var err error
	e.account, err = wechat.New(wechat.Options{Now: e.clock, LoopbackOnly: true}).OfficialAccount(wechat.OfficialOptions{
		AppID: official, Secret: secret, Token: "tok", AESKey: aesKey, Replays: e.replays})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(e.hear))
	e.url = server.URL + "/callback"
	t.Cleanup(func() {
		e.idle()
		server.Close()
	})
	if err := e.sim.SetCallback(t.Context(), official, simulator.Callback{URL: e.url, Token: "tok", AESKey: aesKey}); err != nil {
		t.Fatal(err)
	}
	return e
}

// inTheClear makes the account one without an AES key.
func (e *ear) inTheClear() {
	e.t.Helper()
	account, err := wechat.New(wechat.Options{Now: e.clock, LoopbackOnly: true}).OfficialAccount(wechat.OfficialOptions{
		AppID: official, Secret: secret, Token: "tok", Replays: e.replays})
	if err != nil {
		e.t.Fatal(err)
	}
	e.account = account
	if err := e.sim.SetCallback(e.t.Context(), official, simulator.Callback{URL: e.url, Token: "tok"}); err != nil {
		e.t.Fatal(err)
	}
	if err := e.sim.SendText("zhang", official, "明文"); err != nil {
		e.t.Fatal(err)
	}
	if events := e.heard(); len(events) != 1 || events[0].Content != "明文" {
		e.t.Fatalf("in the clear heard %+v", events)
	}
}

func (e *ear) hear(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		echo, err := e.account.CheckEcho(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, echo)
		return
	}
	body, _ := io.ReadAll(r.Body) // a body cut off fails below
	r.Body = io.NopCloser(bytes.NewReader(body))
	event, done, err := e.account.ReadCallback(r.Context(), r)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies, e.nonces = append(e.bodies, string(body)), append(e.nonces, r.URL.Query().Get("nonce"))
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	status, text := http.StatusOK, "success"
	if e.answer != nil {
		status, text = e.answer(event)
	}
	done(status == http.StatusOK)
	e.events = append(e.events, event)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (e *ear) idle() {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := e.sim.WaitIdle(ctx); err != nil {
		e.t.Fatal(err)
	}
}

// heard waits for the pushes and returns the events since the last call.
func (e *ear) heard() []wechat.Event {
	e.t.Helper()
	e.idle()
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.events
	e.events = nil
	return events
}

func (e *ear) lastLine() simulator.Message {
	e.t.Helper()
	chat := e.sim.Chat("zhang", official)
	if len(chat) == 0 {
		e.t.Fatal("the chat is empty")
	}
	return chat[len(chat)-1]
}

// TestCallbackIsChecked: an address that does not echo is not saved.
func TestCallbackIsChecked(t *testing.T) {
	e := newEar(t)
	before, _ := e.sim.App(official)
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer deaf.Close()
	for name, c := range map[string]simulator.Callback{
		"deaf":        {URL: deaf.URL, Token: "tok", AESKey: aesKey},
		"wrong token": {URL: e.url, Token: "x", AESKey: aesKey},
		"no server":   {URL: "http://127.0.0.1:1/", Token: "tok", AESKey: aesKey},
		"bad key":     {URL: e.url, Token: "tok", AESKey: "short"},
	} {
		if err := e.sim.SetCallback(t.Context(), official, c); err == nil {
			t.Errorf("%s: saved", name)
		}
	}
	if after, _ := e.sim.App(official); after.CallbackURL != before.CallbackURL || after.Token != before.Token {
		t.Error("a refused callback was saved")
	}
	if err := e.sim.CheckCallback(t.Context(), official); err != nil {
		t.Error(err)
	}
}

// TestEvents: what people do reaches the product as the right event.
func TestEvents(t *testing.T) {
	e := newEar(t)
	for _, c := range []struct {
		do        func() error
		name, key string
	}{
		{func() error { return e.sim.Follow("li", official) }, "subscribe", ""},
		{func() error { _, err := e.sim.Tap("zhang", official, 0); return err }, "VIEW", "/h5/pass"},
		{func() error { _, err := e.sim.Tap("zhang", official, 1, 0); return err }, "CLICK", "CALL"},
		{func() error { _, err := e.sim.Tap("zhang", official, 1, 1); return err }, "view_miniprogram", "pages/index?scene=A1"},
		{func() error { return e.sim.Push("zhang", official, simulator.Event{Name: "LOCATION", Key: "]]><x>"}) }, "LOCATION", "]]><x>"},
		{func() error { return e.sim.Unfollow("li", official) }, "unsubscribe", ""},
	} {
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if events := e.heard(); len(events) != 1 || events[0].Name != c.name || events[0].Key != c.key ||
			events[0].Created != e.clock().Unix() {
			t.Errorf("%s is heard as %+v", c.name, events)
		}
	}
	for _, place := range [][]int{nil, {9}, {-1}, {1}, {0, 0}, {1, 2}} {
		if _, err := e.sim.Tap("zhang", official, place...); err == nil {
			t.Errorf("a button at %v", place)
		}
	}
	if _, err := e.sim.Tap("li", official, 0); err == nil {
		t.Error("somebody who left uses the menu")
	}
	if events := e.heard(); len(events) != 0 {
		t.Errorf("what did not happen is heard: %+v", events)
	}
}

// TestRetries: three attempts, the same message, a different nonce each; then the chat shows a
// notice.
func TestRetries(t *testing.T) {
	e := newEar(t)
	e.answer = func(wechat.Event) (int, string) { return http.StatusInternalServerError, "" }
	if err := e.sim.SendText("zhang", official, "在吗"); err != nil {
		t.Fatal(err)
	}
	events := e.heard()
	if len(events) != 3 || events[0].ID == "" || !reflect.DeepEqual(events[0], events[1]) || !reflect.DeepEqual(events[1], events[2]) {
		t.Errorf("heard %+v", events)
	}
	slices.Sort(e.nonces)
	if len(slices.Compact(e.nonces)) != 3 {
		t.Errorf("nonces %v", e.nonces)
	}
	for _, body := range e.bodies {
		if !strings.Contains(body, "<Encrypt>") || strings.Contains(body, "在吗") {
			t.Errorf("sent in the clear: %s", body)
		}
	}
	if last := e.lastLine(); last.Kind != simulator.NoticeMessage || !strings.Contains(last.Text, "出现故障") {
		t.Errorf("the chat ends with %+v", last)
	}
}

// TestAnswers: success, nothing and an encrypted reply are accepted; everything else is an error
// and not retried.
func TestAnswers(t *testing.T) {
	e := newEar(t)
	sealed := func(event wechat.Event) string {
		text, err := e.account.Reply(event, "请到南门")
		if err != nil {
			t.Error(err)
		}
		return text
	}
	plain := `<xml><ToUserName>a</ToUserName><MsgType>text</MsgType><Content>x</Content></xml>`
	for name, c := range map[string]struct {
		answer func(wechat.Event) string
		kind   simulator.MessageKind
	}{
		"success":       {func(wechat.Event) string { return "success" }, simulator.PersonMessage},
		"nothing":       {func(wechat.Event) string { return "" }, simulator.PersonMessage},
		"a reply":       {sealed, simulator.ReplyMessage},
		"a clear reply": {func(wechat.Event) string { return plain }, simulator.NoticeMessage},
		"words":         {func(wechat.Event) string { return "ok" }, simulator.NoticeMessage},
		"a page":        {func(wechat.Event) string { return "<html></html>" }, simulator.NoticeMessage},
		"a changed reply": {func(event wechat.Event) string {
			return strings.Replace(sealed(event), "<MsgSignature>", "<MsgSignature>0", 1)
		}, simulator.NoticeMessage},
	} {
		e.answer = func(event wechat.Event) (int, string) {
			return http.StatusOK, c.answer(event)
		}
		if err := e.sim.SendText("zhang", official, name); err != nil {
			t.Fatal(err)
		}
		if events := e.heard(); len(events) != 1 {
			t.Errorf("%s: %d attempts", name, len(events))
		}
		if last := e.lastLine(); last.Kind != c.kind {
			t.Errorf("%s: the chat ends with %+v", name, last)
		}
	}
}

// TestHostile: the product's client accepts the genuine callback and the message of a duplicate
// once, and nothing else.
func TestHostile(t *testing.T) {
	for _, kind := range append([]simulator.Hostile{simulator.Genuine}, simulator.HostileKinds...) {
		t.Run(string(kind), func(t *testing.T) {
			e := newEar(t)
			if kind == simulator.BadSignature {
				e.inTheClear() // for an encrypted message, msg_signature is what counts
			}
			got, err := e.sim.PushHostile(t.Context(), "zhang", official, kind, simulator.Event{Text: "开门"})
			if err != nil && kind != simulator.HugeBody {
				t.Fatal(err)
			}
			want := 0
			if kind == simulator.Genuine || kind == simulator.Replay || kind == simulator.Duplicate {
				want = 1
			}
			if heard := len(e.heard()); heard != want {
				t.Errorf("handled %d times, want %d; answered %d %q", heard, want, got.Status, got.Body)
			}
			if want == 0 && got.Accepted {
				t.Errorf("answered %d %q", got.Status, got.Body)
			}
		})
	}
}

// TestLogIsMasked: the log contains no secret, token, code, phone number or message.
func TestLogIsMasked(t *testing.T) {
	e := newEar(t)
	token, code, phone := e.token(mini), e.sim.MintLoginCode("zhang", mini), e.sim.MintPhoneCode("zhang", mini)
	session := e.call("/sns/jscode2session", "", "appid", mini, "secret", secret, "grant_type", "authorization_code", "js_code", code)
	e.call("/wxa/business/getuserphonenumber", `{"code":"`+phone+`"}`, "access_token", token)
	oauth := e.sim.MintOAuthCode("zhang", official, "snsapi_userinfo")
	person := e.call("/sns/oauth2/access_token", "", "appid", official, "secret", secret, "grant_type", "authorization_code", "code", oauth)
	ticket := e.call(
		"/cgi-bin/qrcode/create", `{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"a"}}}`,
		"access_token", e.token(official),
	)
	if _, err := e.sim.Scan("zhang", "a"); err != nil {
		t.Fatal(err)
	}
	if err := e.sim.SendText("zhang", official, "我家门禁密码"); err != nil {
		t.Fatal(err)
	}
	e.sim.InjectFault(simulator.Fault{Kind: simulator.FaultTruncate, Times: 1})
	e.call("/cgi-bin/stable_token", `{"grant_type":"client_credential","appid":"`+mini+`","secret":"`+secret+`"}`)
	e.idle()
	calls := e.sim.Calls()
	text := fmt.Sprintf("%+v", calls)
	for name, hidden := range map[string]string{
		"secret": secret, "token": token, "login code": code, "phone code": phone, "oauth code": oauth,
		"phone": "13800138000", "message": "我家门禁密码", "session key": session.text("session_key"),
		"person's token": person.text("access_token"), "refresh token": person.text("refresh_token"),
		"ticket": ticket.text("ticket"),
	} {
		if hidden == "" || strings.Contains(text, hidden) {
			t.Errorf("the log holds the %s, or there was none", name)
		}
	}
	if !strings.Contains(text, "138****8000") || len(calls) < 9 {
		t.Errorf("the log holds too little: %s", text)
	}
}

// TestAuthorizeReturns: the code goes to the configured host with the state, once; replays, wrong
// states and refusals work as named.
func TestAuthorizeReturns(t *testing.T) {
	s := newSite(t, nil)
	visit := func(scope string, pairs ...string) *url.URL {
		t.Helper()
		query := url.Values{
			"appid": {official}, "redirect_uri": {"https://pass.example.com/back?a=1"},
			"response_type": {"code"}, "scope": {scope}, "state": {"st"},
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			query.Set(pairs[i], pairs[i+1])
		}
		res, err := stay.Get(s.url + "/open.weixin.qq.com/connect/oauth2/authorize?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	first := visit("snsapi_base", "choose", "zhang")
	if first.Host != "pass.example.com" || first.Query().Get("a") != "1" || first.Query().Get("state") != "st" ||
		first.Query().Get("code") == "" {
		t.Errorf("sent to %v", first)
	}
	if again := visit("snsapi_base", "choose", "li", "replay", "1"); again.Query().Get("code") != first.Query().Get("code") {
		t.Errorf("replayed %v", again)
	}
	if forged := visit("snsapi_base", "persona", "li", "wrong_state", "1"); forged.Query().Get("state") == "st" ||
		forged.Query().Get("code") == "" {
		t.Errorf("sent to %v", forged)
	}
	if to := visit("snsapi_userinfo", "choose", "zhang"); to.String() != "" {
		t.Errorf("without consent sent to %v", to)
	}
	for name, pairs := range map[string][]string{
		"nobody": {}, "an unknown person": {"persona", "x"},
		"an unknown app": {"persona", "li", "appid", "wx9"}, "a mini-program": {"persona", "li", "appid", mini},
		"another host":     {"persona", "li", "redirect_uri", "https://evil.example.com/"},
		"a script":         {"persona", "li", "redirect_uri", "javascript://pass.example.com/%0aalert(1)"},
		"an unknown scope": {"persona", "li", "scope", "snsapi_login"}, "another response": {"persona", "li", "response_type", "token"},
	} {
		if to := visit("snsapi_base", pairs...); to.String() != "" {
			t.Errorf("%s: sent to %v", name, to)
		}
	}
}
