package web

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tongxing/core"
)

// onceSite has an act that counts its calls, and waits on gate unless it is nil.
type onceSite struct {
	*site
	cookie *http.Cookie
	secret string
	acts   atomic.Int32
	fails  atomic.Bool
	gate   chan struct{}
	begun  chan struct{}
}

func newOnceSite(t *testing.T, change func(o *Options)) *onceSite {
	t.Helper()
	s := &onceSite{site: newSite(t, change), begun: make(chan struct{}, 100)}
	s.Register(
		Route{Method: "POST", Path: "/console/act", Access: SignedIn, Handler: func(c *Context) error {
			s.begun <- struct{}{}
			if s.gate != nil {
				<-s.gate
			}
			if s.acts.Add(1); s.fails.Load() {
				return core.Invalid("不行")
			}
			c.Flash(FlashSuccess, "已做")
			return c.Redirect("/console/done?a=b")
		}},
		Route{Method: "POST", Path: "/console/show", Access: SignedIn, Handler: func(c *Context) error {
			s.acts.Add(1)
			return c.JSON(http.StatusOK, "shown")
		}},
	)
	token, session := s.session(core.SessionAccount, s.account("once"))
	s.cookie, s.secret = &http.Cookie{Name: "tx_console", Value: token}, session.CSRF
	return s
}

// page returns the CSRF token as a newly rendered page would contain it.
func (s *onceSite) page() string { return maskCSRF(s.secret) }

func (s *onceSite) send(path, token, values string) (status int, to, flash string) {
	s.t.Helper()
	w := s.ask("POST", path, url.Values{CSRFField: {token}}.Encode()+"&"+values, form, with(s.cookie))
	for _, c := range w.Result().Cookies() {
		if c.Name == "tx_flash" {
			flash = c.Value
		}
	}
	return w.Code, w.Header().Get("Location"), flash
}

func TestFormActsOnce(t *testing.T) {
	s := newOnceSite(t, nil)
	token := s.page()
	status, to, flash := s.send("/console/act", token, "x=1")
	if status != http.StatusSeeOther || to != "/console/done?a=b" || flash == "" {
		t.Fatalf("%d %s %q", status, to, flash)
	}
	if again, where, said := s.send("/console/act", token, "x=1"); again != status || where != to || said != flash || s.acts.Load() != 1 {
		t.Errorf("again: %d %s %q after %d acts", again, where, said, s.acts.Load())
	}
	for name, other := range map[string][2]string{"other values": {token, "x=2"}, "a page drawn anew": {s.page(), "x=1"}} {
		before := s.acts.Load()
		if s.send("/console/act", other[0], other[1]); s.acts.Load() != before+1 {
			t.Errorf("%s: did not act", name)
		}
	}
	// A form answered by a page, not a redirect, may be repeated.
	s.send("/console/show", token, "x=1")
	before := s.acts.Load()
	if s.send("/console/show", token, "x=1"); s.acts.Load() != before+1 {
		t.Error("a page is not shown again")
	}
}

// A duplicate that arrives while the first is running waits for its response.
func TestFormTwiceAtOnce(t *testing.T) {
	s := newOnceSite(t, nil)
	s.gate = make(chan struct{})
	token := s.page()
	var all sync.WaitGroup
	var alike atomic.Int32
	for range 6 {
		all.Go(func() {
			if status, to, flash := s.send("/console/act", token, "x=1"); status == http.StatusSeeOther && to == "/console/done?a=b" &&
				flash != "" {
				alike.Add(1)
			}
		})
	}
	<-s.begun
	close(s.gate)
	all.Wait()
	if s.acts.Load() != 1 || alike.Load() != 6 {
		t.Errorf("%d acts, %d answers alike", s.acts.Load(), alike.Load())
	}
}

func TestFormRefusedMayBeSentAgain(t *testing.T) {
	s := newOnceSite(t, nil)
	token := s.page()
	s.fails.Store(true)
	if status, _, _ := s.send("/console/act", token, "x=1"); status != http.StatusUnprocessableEntity {
		t.Fatalf("refused with %d", status)
	}
	s.fails.Store(false)
	if status, _, _ := s.send("/console/act", token, "x=1"); status != http.StatusSeeOther || s.acts.Load() != 2 {
		t.Errorf("sent again: %d after %d acts", status, s.acts.Load())
	}
	// The same form in another session is another form.
	other, session := s.session(core.SessionAccount, s.account("other"))
	mine := s.cookie
	s.cookie, s.secret = &http.Cookie{Name: "tx_console", Value: other}, session.CSRF
	if s.send("/console/act", s.page(), "x=1"); s.acts.Load() != 3 {
		t.Error("another's form did not act")
	}
	s.cookie = mine
}

func TestFormActsWithoutTheCache(t *testing.T) {
	broken := &brokenCache{}
	s := newOnceSite(t, func(o *Options) { broken.Cache = o.Cache; o.Cache = broken })
	broken.set(true)
	token := s.page()
	for range 2 {
		if status, _, _ := s.send("/console/act", token, "x=1"); status != http.StatusSeeOther {
			t.Fatalf("without the cache: %d", status)
		}
	}
	if s.acts.Load() != 2 {
		t.Errorf("%d acts", s.acts.Load())
	}
}

// Forms with files are compared by the files' content.
func TestUploadActsOnce(t *testing.T) {
	s := newOnceSite(t, nil)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	s.Register(Route{Method: "POST", Path: "/console/upload", Access: SignedIn, Body: UploadBody(8 << 20), Handler: func(c *Context) error {
		s.acts.Add(1)
		return c.Redirect("/console/done")
	}})
	send := func(token string, file sentFile) {
		t.Helper()
		body, kind := multipartBody(t, map[string]string{CSRFField: token}, file)
		w := s.ask("POST", "/console/upload", string(body), with(s.cookie), func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/done" {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
	}
	token := s.page()
	first := sentFile{"list", "a.txt", []byte("一")}
	for range 3 {
		send(token, first)
	}
	if s.acts.Load() != 1 {
		t.Errorf("%d acts of one form", s.acts.Load())
	}
	for name, other := range map[string]sentFile{
		"content": {"list", "a.txt", []byte("二")}, "name": {"list", "b.txt", []byte("一")}, "field": {"other", "a.txt", []byte("一")},
		"a file kept on disk": {"list", "a.txt", []byte(strings.Repeat("x", 6<<20))},
	} {
		before := s.acts.Load()
		send(token, other)
		send(token, other)
		if s.acts.Load() != before+1 {
			t.Errorf("another %s: %d acts", name, s.acts.Load()-before)
		}
	}
	if left, _ := os.ReadDir(temporary); len(left) != 0 {
		t.Errorf("temporary files stay: %v", left)
	}
}
