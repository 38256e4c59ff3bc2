package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	miniApp   = "wx0000000000000001"
	otherMini = "wx0000000000000002"
)

// site is an estate with the API and a simulated WeChat.
type site struct {
	*estate.Estate
	t     *testing.T
	gate  *gate.Gate
	redis *redis.Client
	sim   *simulator.Simulator
	api   *API
	app   *web.App
	spec  *spec
	log   *hygiene.Log
	clock *clock
	keys  int // requests so far
}

// clock is the real time, advanced by hand.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// newSite has two registered people of the first house, "one" and "two"; and "stranger", whose
// number is in no register.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, log: hygiene.NewLog(t), clock: &clock{}, spec: loadSpec(t)}
	log := s.log.Logger()
	st := estate.Store(t, store.Options{Now: s.clock.now, Log: log})
	s.redis = redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), MaxRetries: -1})
	s.gate = gate.New(gate.Options{Store: st, Redis: s.redis, Log: log})
	s.Estate = estate.New(t, st, estate.Plan{})
	s.sim = simulator.New(simulator.Options{Seed: simulator.Seed{
		Apps: []simulator.App{
			{AppID: miniApp, Secret: "s1", Type: simulator.MiniProgram, Name: "通行"},
			{AppID: otherMini, Secret: "s2", Type: simulator.MiniProgram, Name: "别家"},
		},
		People: []simulator.Person{
			{Key: "one", Phone: s.Residents[0].Phone}, {Key: "two", Phone: s.Residents[1].Phone},
			{Key: "stranger", Phone: "19900000000"}, {Key: "newcomer", Phone: "19900000077"}, {Key: "risky", Risky: true},
		},
	}})
	platform := httptest.NewServer(s.sim)
	client := wechat.New(wechat.Options{APIBase: platform.URL, LoopbackOnly: true})
	mini := client.MiniProgram(miniApp, "s1")
	s.api = New(Options{Store: st, Gate: s.gate, Mini: func(string) *wechat.MiniProgram { return mini }})
	s.app = s.newApp(web.Options{Log: log})
	t.Cleanup(func() {
		platform.Close()
		s.gate.Close()
		s.redis.Close()
	})
	return s
}

// newApp returns the API under other options.
func (s *site) newApp(o web.Options) *web.App {
	o.Store, o.Cache = s.api.store, web.RedisCache(s.redis, s.api.store, nil)
	app := web.New(o)
	app.Register(s.api.Routes()...)
	return app
}

// closeStore makes the database unavailable.
func (s *site) closeStore() {
	s.t.Helper()
	if err := s.api.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// call is one request.
type call struct {
	app          *web.App // nil = the site's
	method, path string   // below /api/v1
	token        string
	body         string
	contentType  string // "" = JSON
	header       map[string]string
}

// answer is the response to a call.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
}

// do sends a request through the whole chain; the response must be as documented.
func (s *site) do(c call) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), c.method, "/api/v1"+c.path, strings.NewReader(c.body))
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	app := c.app
	if app == nil {
		app = s.app
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	a := answer{t: s.t, Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	s.spec.check(s.t, r, a)
	if a.Status != http.StatusNoContent && a.Header.Get("Cache-Control") != "no-store" {
		s.t.Errorf("%s %s: Cache-Control %q", c.method, c.path, a.Header.Get("Cache-Control"))
	}
	return a
}

// ok is do for a call that must succeed.
func (s *site) ok(c call) answer {
	s.t.Helper()
	a := s.do(c)
	if a.Status >= 300 {
		s.t.Fatalf("%s %s: %d %s", c.method, c.path, a.Status, a.Body)
	}
	return a
}

// fails is do for a call that must fail with the status and code.
func (s *site) fails(status int, code string, c call) web.ErrorBody {
	s.t.Helper()
	a := s.do(c)
	body := read[web.ErrorBody](a)
	if a.Status != status || string(body.Code) != code {
		s.t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, a.Status, a.Body, status, code)
	}
	return body
}

func read[T any](a answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		a.t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return v
}

func codeJSON(code string) string {
	text, _ := json.Marshal(map[string]string{"code": code})
	return string(text)
}

// signIn returns a person's token.
func (s *site) signIn(person string) string {
	s.t.Helper()
	a := s.ok(call{method: "POST", path: "/session", body: codeJSON(s.sim.MintLoginCode(person, miniApp))})
	return read[sessionBody](a).Token
}

// enter signs a person in and verifies the phone number, with the name that the register has, if any.
func (s *site) enter(person string) string {
	s.t.Helper()
	token := s.signIn(person)
	s.ok(call{method: "POST", path: "/phone", token: token, body: s.phoneJSON(person)})
	return token
}

// phoneJSON is a person's phone code, with the name that the register has, if any.
func (s *site) phoneJSON(person string) string {
	form := map[string]string{"code": s.sim.MintPhoneCode(person, miniApp)}
	if at := slices.Index([]string{"one", "two"}, person); at >= 0 {
		form["name"] = s.Residents[at].Name
	}
	text, _ := json.Marshal(form)
	return string(text)
}
