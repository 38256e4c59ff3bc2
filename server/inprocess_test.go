package main

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tongxing/configs"
	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat/simulator"
)

// inProcess is the whole program in the test's process, on a clock of its store, with the simulator as WeChat. Its background
// work is what the test calls.
type inProcess struct {
	*app
	t     *testing.T
	ahead atomic.Int64 // how far the store's clock is
	lost  atomic.Bool  // what WeChat pushes is lost on its way
	sim   *simulator.Simulator
	addr  string
	file  string // of the database
}

func newInProcess(t *testing.T, seed simulator.Seed) *inProcess {
	t.Helper()
	p := &inProcess{t: t, sim: simulator.New(simulator.Options{Seed: seed}), file: estate.SQLite(t)}
	platform := httptest.NewServer(p.sim)
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.lost.Load() && strings.HasPrefix(r.URL.Path, "/callback/") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		p.handler.ServeHTTP(w, r)
	}))
	p.addr = program.URL
	c := configs.Default()
	c.Data.Dir = t.TempDir()
	c.Simulator = configs.Simulator{APIBase: platform.URL, BrowserBase: platform.URL}
	p.app = &app{config: c, log: hygiene.Logger(t), registry: prometheus.NewRegistry(), publicURL: program.URL}
	p.store = estate.Store(t, store.Options{
		SQLitePath: p.file, Now: func() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) },
	})
	err := p.openOver(t.Context())
	if err == nil {
		_, err = p.surfaces(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.heard()
		p.web.Close()
		program.Close()
		platform.Close()
		p.door.Close()
		p.gate.Close()
		p.cache.Close()
	})
	return p
}

// heard waits until the program has answered all that WeChat told.
func (p *inProcess) heard() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.sim.WaitIdle(ctx); err != nil {
		p.t.Error(err)
	}
}

// browser is somebody's phone, which follows no redirects.
func (p *inProcess) browser() *http.Client {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// open opens a path and returns the status, and where it leads to.
func (p *inProcess) open(phone *http.Client, path string) (status int, to *url.URL) {
	p.t.Helper()
	response, err := phone.Get(p.addr + path)
	if err != nil {
		p.t.Fatal(err)
	}
	response.Body.Close()
	if to, err = url.Parse(response.Header.Get("Location")); err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, to
}

// enter signs a member of a company in, as WeWork leads there and back, and returns the status of coming back.
func (p *inProcess) enter(phone *http.Client, corp core.ID, person, app string) int {
	p.t.Helper()
	status, away := p.open(phone, core.StaffEntry(corp))
	if status != http.StatusSeeOther || away.Query().Get("state") == "" {
		p.t.Fatalf("%d, sent to %q", status, away)
	}
	code := p.sim.MintOAuthCode(person, app, "snsapi_base")
	status, _ = p.open(phone, "/h5/session/callback?"+url.Values{"code": {code}, "state": {away.Query().Get("state")}}.Encode())
	return status
}
