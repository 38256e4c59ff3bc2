package simulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/wechat/simulator"
)

const (
	mini     = "wx00000000000000a1"
	official = "wx00000000000000b1"
	other    = "wx00000000000000c1"
	secret   = "secret-of-the-account"
	aesKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// site is a listening simulator with its own clock.
type site struct {
	t   *testing.T
	sim *simulator.Simulator
	url string

	mu  sync.Mutex
	now time.Time
}

// newSite starts a simulator; change may alter its options.
func newSite(t *testing.T, change func(*simulator.Options)) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)}
	lines := "{{first.DATA}}\n访客：{{thing1.DATA}}\n时间：{{time2.DATA}}"
	opt := simulator.Options{Now: s.clock, PushTimeout: 2 * time.Second, RandomSeed: 7, Seed: simulator.Seed{
		Apps: []simulator.App{
			{AppID: mini, Secret: secret, Type: simulator.MiniProgram, Name: "通行证", H5URL: "/h5/mini?from=mini",
				Pages: []string{"pages/index"}, Templates: []simulator.Template{{ID: "M1", Title: "到访提醒", Content: lines}}},
			{AppID: official, Secret: secret, Type: simulator.OfficialAccount, Name: "翠湖物业", Token: "tok", AESKey: aesKey,
				RedirectDomains: []string{"pass.example.com"}, Templates: []simulator.Template{{ID: "T1", Title: "访客提醒", Content: lines}},
				Menu: []simulator.Button{{Type: "view", Name: "通行证", URL: "/h5/pass"}, {Name: "更多", SubButtons: []simulator.Button{
					{Type: "click", Name: "电话", Key: "CALL"},
					{Type: "miniprogram", Name: "小程序", AppID: mini, PagePath: "pages/index?scene=A1"}}}}},
			{AppID: other, Secret: secret, Type: simulator.OfficialAccount, Name: "别家", NoUserInfo: true, NotBound: true},
		},
		People: []simulator.Person{
			{Key: "zhang", Name: "张伟", Note: "业主", Phone: "13800138000", Follows: []string{official}},
			{Key: "li", Name: "李娜", Phone: "13900139000"},
			{Key: "snap", Name: "路人", Snapshot: true}, {Key: "risky", Risky: true},
		},
	}}
	if change != nil {
		change(&opt)
	}
	s.sim = simulator.New(opt)
	server := httptest.NewServer(s.sim)
	s.url = server.URL + opt.Prefix
	t.Cleanup(server.Close)
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// reply is a response of the API, raw and as JSON.
type reply struct {
	status int
	kind   string
	raw    []byte
	json   map[string]any
}

// code returns the errcode; -999 if absent, so that "0" and "none" differ.
func (r reply) code() int {
	if n, ok := r.json["errcode"].(float64); ok {
		return int(n)
	}
	return -999
}

func (r reply) text(key string) string {
	s, _ := r.json[key].(string)
	return s
}

const none = -999

// call makes an API call; an empty body is a GET. Pairs are the query.
func (s *site) call(path, body string, pairs ...string) reply {
	s.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	return s.callBy(method, path, body, pairs...)
}

func (s *site) callBy(method, path, body string, pairs ...string) reply {
	s.t.Helper()
	return s.callHost("/api.weixin.qq.com", method, path, body, pairs)
}

// callOn is call on another host.
func (s *site) callOn(host, path, body string, pairs ...string) reply {
	s.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	return s.callHost("/"+host, method, path, body, pairs)
}

func (s *site) callHost(host, method, path, body string, pairs []string) reply {
	s.t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest(method, s.url+host+path+"?"+query.Encode(), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{status: res.StatusCode, kind: res.Header.Get("Content-Type"), raw: raw}
	if bytes.HasPrefix(raw, []byte("{")) {
		_ = json.Unmarshal(raw, &r.json) // a truncated response stays nil
	}
	return r
}

// token fetches a stable token.
func (s *site) token(appID string) string {
	s.t.Helper()
	r := s.call("/cgi-bin/stable_token", `{"grant_type":"client_credential","appid":"`+appID+`","secret":"`+secret+`"}`)
	if r.text("access_token") == "" {
		s.t.Fatalf("no token: %s", r.raw)
	}
	return r.text("access_token")
}

// stay is a browser that does not follow redirects.
var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
