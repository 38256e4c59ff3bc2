package callback

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

func both(t *testing.T, test func(t *testing.T, s *site)) {
	for name, appID := range map[string]string{"sealed": sealedApp, "plain": plainApp} {
		t.Run(name, func(t *testing.T) { test(t, newSite(t, appID)) })
	}
}

// asks reports whether a text links to the page that confirms a scene.
func asks(text string) bool {
	return strings.Contains(text, `<a href="https://pass.example.com/h5/bind/bind_`) && strings.Contains(text, "确认绑定")
}

// TestScanAloneBindsNobody: scanning a sign-in QR code, by following the account or as a follower,
// only leads to the page that compares the digits. A photograph can be scanned too.
func TestScanAloneBindsNobody(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		for _, person := range []string{"new", "zhou"} {
			s.scan(person, s.scene(core.BindObserver, s.Observer))
			if heard := s.heard(person); !asks(heard) {
				t.Errorf("%s heard %q", person, heard)
			}
			if _, err := s.Store.ObserverOfUser(t.Context(), s.user(person).ID); !core.IsNotFound(err) {
				t.Errorf("a scan bound %s: %v", person, err)
			}
		}
		s.pushes(false)
	})
}

// TestScanOfADeadQR: a replaced or used QR code is reported as such.
func TestScanOfADeadQR(t *testing.T) {
	s := newSite(t, sealedApp)
	old := s.scene(core.BindGuard, s.Guard)
	s.scene(core.BindGuard, s.Guard)
	s.scan("zhou", old)
	if heard := s.heard("zhou"); heard != staleText {
		t.Errorf("heard %q", heard)
	}
	s.pushes(false)
}

func TestReplies(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		for _, c := range []struct {
			name, want string
			event      simulator.Event
		}{
			{"a text", core.StandardReply(core.ReplyOther), simulator.Event{Text: "怎么开门？"}},
			{"a control character", core.StandardReply(core.ReplyOther), simulator.Event{Text: "a\x02b\uffff"}},
			{
				"hostile text", core.StandardReply(core.ReplyOther),
				simulator.Event{Text: "]]></Content><MsgType>event</MsgType> '; DROP TABLE pass --"},
			},
			{"an invented scene", staleText, simulator.Event{Name: "SCAN", Key: "bind_" + strings.Repeat("0", 32)}},
			{"SQL in a scene", staleText, simulator.Event{Name: "SCAN", Key: "bind_' OR '1'='1"}},
			{"another's scene", "", simulator.Event{Name: "SCAN", Key: "poster"}},
			{"a menu", "", simulator.Event{Name: "VIEW", Key: "https://example.com/"}},
			{"an event to come", "", simulator.Event{Name: "something_new", Key: "bind_x"}},
			{"a finished job", "", simulator.Event{
				Name: "TEMPLATESENDJOBFINISH", Extra: [][2]string{{"MsgID", "7"}, {"Status", "success"}},
			}},
		} {
			before := len(s.sim.Chat("zhou", s.appID))
			if err := s.sim.Push("zhou", s.appID, c.event); err != nil {
				t.Fatal(err)
			}
			s.idle()
			said := ""
			for _, m := range s.sim.Chat("zhou", s.appID)[before:] {
				said += m.Text
			}
			if said != c.want {
				t.Errorf("%s: heard %q, want %q", c.name, said, c.want)
			}
		}
		s.pushes(false)
	})
}

func TestFollowers(t *testing.T) {
	s := newSite(t, sealedApp)
	if err := s.sim.Follow("new", s.appID); err != nil {
		t.Fatal(err)
	}
	if heard := s.heard("new"); heard != core.StandardReply(core.ReplyFollow) {
		t.Errorf("heard %q", heard)
	}
	user := s.user("new")
	if err := s.sim.Unfollow("new", s.appID); err != nil {
		t.Fatal(err)
	}
	s.idle()
	if again := s.user("new"); again.ID != user.ID {
		t.Errorf("%v, then %v", user, again)
	}
	s.pushes(false)
}

// TestHostile: a request not from WeChat, or not for us, has no effect, and its sender learns
// nothing.
func TestHostile(t *testing.T) {
	for _, kind := range simulator.HostileKinds {
		t.Run(string(kind), func(t *testing.T) {
			s := newSite(t, sealedApp)
			ticket, err := s.Store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
				store.BindTarget{Kind: core.BindObserver, ID: s.Observer})
			if err != nil {
				t.Fatal(err)
			}
			event := simulator.Event{Name: "SCAN", Key: ticket.Scene}
			got, err := s.sim.PushHostile(t.Context(), "zhou", s.appID, kind, event)
			if err != nil {
				t.Fatal(err)
			}
			if kind == simulator.Replay || kind == simulator.Duplicate {
				// The second gets the same response, since WeChat may have missed the first.
				if got.Status != 200 || !got.Accepted || !strings.Contains(got.Body, "<Encrypt>") {
					t.Errorf("%+v", got)
				}
				return
			}
			want, word := http.StatusForbidden, ""
			switch kind {
			case simulator.HugeBody:
				want = http.StatusRequestEntityTooLarge
			case simulator.TruncatedBase64, simulator.WrongReceiver, simulator.OldTimestamp, simulator.PlainBody:
				// Correctly signed: acknowledged, so that it is not sent again, with no effect.
				want, word = http.StatusOK, "success"
			}
			if got.Status != want || got.Body != word {
				t.Errorf("%d %q, want %d %q", got.Status, got.Body, want, word)
			}
			// The genuine message still works.
			got, err = s.sim.PushHostile(t.Context(), "zhou", s.appID, simulator.Genuine, event)
			if err != nil || !got.Accepted || !strings.Contains(got.Body, "<Encrypt>") {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestHostileToPlainAccount(t *testing.T) {
	s := newSite(t, plainApp)
	for kind, want := range map[simulator.Hostile]struct {
		status int
		body   string
	}{
		simulator.BadSignature: {http.StatusForbidden, ""},
		simulator.OldTimestamp: {http.StatusOK, "success"}, // correctly signed: acknowledged, with no effect
	} {
		got, err := s.sim.PushHostile(t.Context(), "zhou", s.appID, kind, simulator.Event{Name: "unsubscribe"})
		if err != nil || got.Status != want.status || got.Body != want.body {
			t.Errorf("%s: %+v %v", kind, got, err)
		}
	}
}

// TestOneIDOfTwoPeople: WeChat gives two people's messages the same MsgId; each gets an answer, and
// so does a retry.
func TestOneIDOfTwoPeople(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		for _, person := range []string{"zhou", "new", "zhou"} {
			got, err := s.sim.PushHostile(t.Context(), person, s.appID, simulator.Genuine,
				simulator.Event{Text: "开门", Extra: [][2]string{{"MsgId", "18446744073709551615"}, {"CreateTime", "1763611200"}}})
			if err != nil || got.Status != http.StatusOK || got.Body == "success" || got.Body == "" {
				t.Errorf("%s: %+v, %v", person, got, err)
			}
		}
	})
}

func TestAddressCheck(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		if err := s.sim.CheckCallback(t.Context(), s.appID); err != nil {
			t.Error(err)
		}
		for _, query := range []string{
			"", "?echostr=1", "?signature=&timestamp=&nonce=&echostr=<script>",
			"?signature=x&timestamp=1&nonce=2&echostr=3",
		} {
			if status, body := s.get(Path + query); status != http.StatusForbidden || body != "" {
				t.Errorf("%s: %d %q", query, status, body)
			}
		}
	})
}

// TestMalformed: unsigned requests are rejected whatever they contain.
func TestMalformed(t *testing.T) {
	s := newSite(t, sealedApp)
	now := url.Values{"timestamp": {"1"}, "nonce": {"1"}, "signature": {"x"}, "msg_signature": {"x"}}.Encode()
	for name, c := range map[string]struct{ query, body string }{
		"nothing":  {"", ""},
		"no XML":   {"?" + now, "{}"},
		"half XML": {"?" + now, "<xml><Encrypt>"},
		"entities": {"?" + now, `<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>`},
		"random sealed": {
			"?" + now,
			"<xml><Encrypt>" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 64)) + "</Encrypt></xml>",
		},
		"strange number": {"?timestamp=99999999999999999999", "<xml/>"},
	} {
		res, err := http.Post(s.addr+Path+c.query, "text/xml", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden || len(body) != 0 {
			t.Errorf("%s: %d %q", name, res.StatusCode, body)
		}
	}
}

// TestRetriesAfterFailure: a callback that failed here is handled again as if new, and takes effect
// once.
func TestRetriesAfterFailure(t *testing.T) {
	s := newSite(t, sealedApp)
	qr := s.scene(core.BindObserver, s.Observer)
	// For two attempts the database lacks a table that only the act needs.
	inner, failures := s.handler, 2
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failures--; failures >= 0 {
			s.rename("bind_ticket", "away")
			defer s.rename("away", "bind_ticket")
		}
		inner.ServeHTTP(w, r)
	})
	s.scan("zhou", qr)
	if heard := s.heard("zhou"); !asks(heard) {
		t.Errorf("heard %q", heard)
	}
	if n := s.pushes(true); n != 3 {
		t.Errorf("%d attempts", n)
	}
}

// TestWithoutCache: without the cache, duplicates cannot be detected and nothing is done; WeChat
// retries.
func TestWithoutCache(t *testing.T) {
	s := newSite(t, sealedApp)
	ticket, err := s.Store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		store.BindTarget{Kind: core.BindObserver, ID: s.Observer})
	if err != nil {
		t.Fatal(err)
	}
	s.redis.SetError("LOADING")
	got, err := s.sim.PushHostile(t.Context(), "zhou", s.appID, simulator.Genuine, simulator.Event{Name: "SCAN", Key: ticket.Scene})
	if err != nil || got.Status != http.StatusInternalServerError || got.Body != "" {
		t.Errorf("%+v %v", got, err)
	}
	s.redis.SetError("")
	if got, err = s.sim.PushHostile(
		t.Context(), "zhou", s.appID, simulator.Genuine, simulator.Event{Name: "SCAN", Key: ticket.Scene},
	); err != nil || !got.Accepted {
		t.Errorf("%+v %v", got, err)
	}
}

func TestVerificationFiles(t *testing.T) {
	s := newSite(t, sealedApp)
	if status, body := s.get("/MP_verify_Ab12.txt"); status != 200 || body != "Ab12" {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := s.get("/MP_verify_other.txt"); status != 404 {
		t.Errorf("%d", status)
	}
	for _, name := range []string{"", "x", "../a.txt", "a/b.txt", ":id.txt", "*.txt", "index.html"} {
		if _, err := New(Options{Files: map[string]string{name: "x"}}); err == nil {
			t.Errorf("%q is served", name)
		}
	}
	for _, path := range []string{Path + "/7", Path + "/x", Path + "/0"} {
		if status, body := s.get(path); status != 404 || body != "" {
			t.Errorf("an account that is not there, %s: %d %q", path, status, body)
		}
	}
}

// A file of the console is served at once; no other name is, and none once it is removed.
func TestConsoleFiles(t *testing.T) {
	s := newSite(t, sealedApp)
	f := core.WechatFile{Name: "MP_verify_AbCd1234EfGh5678.txt", Text: "AbCd1234EfGh5678"}
	id, err := s.Store.CreateWechatFile(t.Context(), core.System, f)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := s.get("/" + f.Name); status != 200 || body != f.Text {
		t.Errorf("%d %q", status, body)
	}
	for _, path := range []string{
		"/MP_verify_AbCd1234EfGh5679.txt", "/index.txt", "/x/" + f.Name, "/..%2f" + f.Name, "/" + f.Name + "%00",
	} {
		if status, _ := s.get(path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if err := s.Store.RemoveWechatFile(t.Context(), core.System, id); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.get("/" + f.Name); status != 404 {
		t.Errorf("removed: %d", status)
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	if files, err := ReadFiles(filepath.Join(dir, "absent")); err != nil || len(files) != 0 {
		t.Errorf("%v %v", files, err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("MP_verify_Ab12.txt", "Ab12")
	write("WW_verify_Cd34.txt", "Cd34")
	files, err := ReadFiles(dir)
	if err != nil || len(files) != 2 || files["WW_verify_Cd34.txt"] != "Cd34" {
		t.Errorf("%v %v", files, err)
	}
	write("keys", "secret")
	if _, err := ReadFiles(dir); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a file that WeChat did not give is served: %v", err)
	}
}

// TestNothingPersonalInLogs: open ids, texts and tokens are never logged.
func TestNothingPersonalInLogs(t *testing.T) {
	s := newSite(t, sealedApp)
	if err := s.sim.SendText("zhou", s.appID, "我住3栋501"); err != nil {
		t.Fatal(err)
	}
	s.scan("zhou", s.scene(core.BindObserver, s.Observer))
	s.idle()
	log := s.log.String()
	for _, secret := range []string{s.sim.OpenID("zhou", s.appID), "我住", "bind_", "tok", aesKey} {
		if strings.Contains(strings.ReplaceAll(log, "token", ""), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if log == "" {
		t.Error("there is no log to look at")
	}
}
