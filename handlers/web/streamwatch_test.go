package web

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// A stream ends soon after its caller signs out, is disabled, or sees other communities, with the
// cache and without; and not while nothing changes.
func TestStreamEndsWithItsCaller(t *testing.T) {
	for name, end := range map[string]func(s *site, account core.ID, session core.Session) error{
		"signed out": func(s *site, _ core.ID, session core.Session) error {
			return s.store.EndSession(s.t.Context(), session.ID)
		},
		"disabled": func(s *site, account core.ID, _ core.Session) error {
			return s.store.DisableAccount(s.t.Context(), core.SystemGranter, account)
		},
		"other communities": func(s *site, account core.ID, _ core.Session) error {
			community, err := s.store.CreateCommunity(s.t.Context(), core.System, core.Community{Name: "翠湖花园", Levels: []string{"号"}})
			if err != nil {
				return err
			}
			changed, err := s.store.Account(s.t.Context(), core.Everywhere, account)
			if err != nil {
				return err
			}
			changed.Scope = core.ScopeOf(community)
			_, err = s.store.UpdateAccount(s.t.Context(), core.SystemGranter, changed)
			return err
		},
	} {
		for _, broken := range []bool{false, true} {
			t.Run(name, func(t *testing.T) { streamEnds(t, broken, end) })
		}
	}
}

func streamEnds(t *testing.T, broken bool, end func(s *site, account core.ID, session core.Session) error) {
	cache := &brokenCache{}
	s := newSite(t, func(o *Options) {
		cache.Cache, o.Cache = o.Cache, cache
	})
	s.streams.callerEvery = time.Millisecond
	ended := make(chan struct{})
	s.Register(Route{Method: "GET", Path: "/console/events", Access: SignedIn, Time: -1, Handler: func(c *Context) error {
		return c.Events(func(ctx context.Context, _ func(Event) error) error {
			<-ctx.Done()
			close(ended)
			return nil
		})
	}})
	account := s.account("viewer")
	token, session := s.session(core.SessionAccount, account)
	base, _ := s.start()
	request, err := http.NewRequestWithContext(t.Context(), "GET", base+"/console/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: "tx_console", Value: token})
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	s.want(s.ask("GET", "/console/events/", ""), http.StatusSeeOther)
	select {
	case <-ended:
		t.Fatal("the stream ended by itself")
	case <-time.After(50 * time.Millisecond): // several full checks
	}
	cache.set(broken)
	if err := end(s, account, session); err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Error(err)
	}
}

// A person has few streams, in however many sessions; another person's do not count.
func TestStreamsAreCountedByPerson(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/console/events", Access: SignedIn, Time: -1, Handler: func(c *Context) error {
		return c.Events(func(ctx context.Context, _ func(Event) error) error {
			<-ctx.Done()
			return nil
		})
	}})
	base, _ := s.start()
	open := func(account core.ID) int {
		t.Helper()
		token, _, err := s.store.StartSession(t.Context(), store.NewSession{
			Kind: core.SessionAccount, Subject: account, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), "GET", base+"/console/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.AddCookie(&http.Cookie{Name: "tx_console", Value: token})
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response.StatusCode
	}
	one, other := s.account("one"), s.account("other")
	for range streamsEach {
		if status := open(one); status != http.StatusOK {
			t.Fatalf("a stream of one's own: %d", status)
		}
	}
	if status := open(one); status != http.StatusTooManyRequests {
		t.Errorf("one too many, by a new session: %d", status)
	}
	if status := open(other); status != http.StatusOK {
		t.Errorf("another's stream: %d", status)
	}
}

// A page whose URL was typed with a trailing slash is found; programs are not redirected, and
// nobody is to another site.
func TestSlashAtTheEnd(t *testing.T) {
	s := newSite(t, nil)
	s.Register(
		Route{Method: "GET", Path: "/console/reader", Access: Public, Handler: ok},
		Route{Method: "GET", Path: "/console/reader/:id", Access: Public, Handler: ok},
		Route{Method: "GET", Path: "/door/*", Access: Device, Handler: ok},
	)
	for path, want := range map[string]string{
		"/console/reader/":          "/console/reader",
		"/console/reader//?q=a%20b": "/console/reader?q=a%20b",
		"/console/reader/7/":        "/console/reader/7",
		"/nowhere/":                 "/nowhere",
		"/%5Cevil.example/":         "/%5Cevil.example", // a page on this server
	} {
		w := s.ask("GET", path, "")
		s.want(w, http.StatusSeeOther)
		if to := w.Header().Get("Location"); to != want {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	for path, status := range map[string]int{
		"/": 404, "/api/v1/pass/": 404, "/door/x/": 200, "/callback/oa/": 404, "//evil.example/": 404, "/console/reader": 200,
	} {
		if w := s.ask("GET", "http://example.com"+path, ""); w.Code != status || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	s.want(s.ask("POST", "/console/reader/", ""), http.StatusNotFound)
}
