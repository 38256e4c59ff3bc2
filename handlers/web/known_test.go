package web

import (
	"fmt"
	"net/http"
	"testing"

	"tongxing/core"
	"tongxing/store"
)

func TestAKnownBrowserIsCountedByItself(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits = Limits{AddressPerMinute: 3} })
	id := s.account("regular")
	_, session := s.session(core.SessionAccount, id)
	var seen store.KnownBrowser
	s.Register(
		Route{Method: "GET", Path: "/console/in", Access: Public, Handler: func(c *Context) error {
			c.SetSessionCookie(SurfaceConsole, "t", session)
			return ok(c)
		}},
		Route{Method: "GET", Path: "/console/try", Access: Public, PerMinute: 2, Handler: func(c *Context) error {
			seen = c.KnownBrowser()
			return ok(c)
		}})
	var known *http.Cookie
	for _, cookie := range s.ask("GET", "/console/in", "").Result().Cookies() {
		if cookie.Name == "tx_known" {
			known = cookie
		}
	}
	if known == nil || !known.HttpOnly {
		t.Fatal("no cookie after signing in")
	}
	for range 2 {
		s.want(s.ask("GET", "/console/try", ""), http.StatusOK)
		if seen != (store.KnownBrowser{}) {
			t.Errorf("a stranger is known as %+v", seen)
		}
	}
	s.want(s.ask("GET", "/console/try", ""), http.StatusTooManyRequests)
	forged := &http.Cookie{Name: "tx_known", Value: "1" + known.Value}
	s.want(s.ask("GET", "/console/try", "", with(forged)), http.StatusTooManyRequests)
	s.want(s.ask("GET", "/console/try", "", with(known)), http.StatusOK)
	if seen.Account != id || seen.Generation != session.Generation {
		t.Errorf("known as %+v", seen)
	}
	s.want(s.ask("GET", "/console/try", "", with(known)), http.StatusOK)
	s.want(s.ask("GET", "/console/try", "", with(known)), http.StatusTooManyRequests)
	s.pass(store.KnownWindow)
	s.want(s.ask("GET", "/console/try", "", with(known)), http.StatusOK)
	if seen != (store.KnownBrowser{}) {
		t.Errorf("known after its time: %+v", seen)
	}
}

func TestAWideNetworkIsCountedBesideItsParts(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits = Limits{AddressPerMinute: 2} })
	s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: ok})
	from := func(addr string) func(r *http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	passed := 0
	for i := range 70 {
		if s.ask("GET", "/x", "", from(fmt.Sprintf("[2001:db8:5:%x::1]:1", i))).Code == http.StatusOK {
			passed++
		}
	}
	if passed != 2*WideTimes {
		t.Errorf("%d of 70 calls from as many /64s of one /48 passed", passed)
	}
	s.want(s.ask("GET", "/x", "", from("[2001:db8:6::1]:1")), http.StatusOK)
	for i := range 70 { // IPv4 has no such neighbours
		s.want(s.ask("GET", "/x", "", from(fmt.Sprintf("198.51.100.%d:1", i))), http.StatusOK)
	}
}
