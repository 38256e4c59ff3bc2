package web

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits = Limits{AddressPerMinute: 3, AccountPerMinute: 5} })
	s.Register(consoleRoutes()...)
	s.Register(Route{Method: "GET", Path: "/console/open", Access: Public, Handler: ok},
		Route{Method: "GET", Path: "/console/try", Access: Public, Handler: ok, PerMinute: 2},
		Route{Method: "GET", Path: "/door/x", Access: Device, Handler: ok})
	from := func(addr string) func(r *http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }

	for range 3 {
		s.want(s.ask("GET", "/console/open", ""), http.StatusOK)
	}
	w := s.ask("GET", "/console/open", "")
	s.want(w, http.StatusTooManyRequests)
	if wait, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || wait < 1 || wait > 20 {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	s.want(s.ask("GET", "/console/open", "", from("192.0.2.2:1")), http.StatusOK) // at another address
	s.want(s.ask("GET", "/door/x", ""), http.StatusOK)                            // a reader behind the same address
	s.want(s.ask("GET", "/healthz", ""), http.StatusOK)

	cookie := with(s.signedIn(s.account("busy"))) // a known browser behind the address that reached its limit
	for range 5 {
		s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	}
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusTooManyRequests)
	s.want(s.ask("GET", "/console/me", "", with(s.signedIn(s.account("calm")))), http.StatusOK)

	s.pass(20 * time.Second)
	s.want(s.ask("GET", "/console/open", ""), http.StatusOK)

	s.pass(time.Hour)
	for range 2 {
		s.want(s.ask("GET", "/console/try", "", cookie), http.StatusOK)
	}
	s.want(s.ask("GET", "/console/try", "", cookie), http.StatusTooManyRequests)
}

func TestOneIPv6HouseholdIsOneCaller(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Limits = Limits{AddressPerMinute: 1} })
	s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: ok})
	from := func(addr string) func(r *http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	s.want(s.ask("GET", "/x", "", from("[2001:db8::1]:1")), http.StatusOK)
	s.want(s.ask("GET", "/x", "", from("[2001:db8::2]:1")), http.StatusTooManyRequests)
	s.want(s.ask("GET", "/x", "", from("[2001:db8:0:1::1]:1")), http.StatusOK)
}

func TestALimiterForgetsTheLongestUnseen(t *testing.T) {
	l := newLimiter(1)
	for i := range maxLimiter + 10 {
		if err := l.check(fmt.Sprint(i), siteTime); err != nil {
			t.Fatal(err)
		}
	}
	if l.recent.Len() != maxLimiter || len(l.byKey) != maxLimiter {
		t.Errorf("remembers %d and %d", l.recent.Len(), len(l.byKey))
	}
	if l.check(fmt.Sprint(maxLimiter+9), siteTime) == nil {
		t.Error("forgot the latest")
	}
}
