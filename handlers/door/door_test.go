package door

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
)

func TestOneScanOneRecord(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	for range 2 {
		if got := s.show(t, token); got != open {
			t.Fatalf("got %s", got)
		}
	}
	if got := s.records(t); len(got) != 1 || got[0].Repeats != 1 || s.outcomes(Scanned) != 2 {
		t.Errorf("%+v of one scan, %d calls", got, s.outcomes(Scanned))
	}
}

// TestShownAgain: a vguang reader that missed the response is told to open again. Anybody who shows
// the code after that is refused, with a record that raises an alert.
func TestShownAgain(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	opened := 0
	for range 5 {
		if s.show(t, token) == open {
			opened++
		}
	}
	records := s.records(t)
	if opened != 2 || len(records) != 2 || records[0].Reason != core.ReasonTokenUsed || records[0].Pass == 0 || records[1].Repeats != 1 {
		t.Errorf("opened %d times: %+v", opened, records)
	}
}

// TestBursts: a mcardsea reader sends one reading four times, all of which count as one showing;
// the same code at another device, or a fifth time, does not.
func TestBursts(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	opened := 0
	for range 6 {
		if !isMcardDeny(s.showMcard(t, token)) {
			opened++
		}
	}
	if records := s.records(t); opened < 2 || opened > 4 || records[len(records)-1].Repeats != opened-1 {
		t.Errorf("opened %d times: %+v", opened, records)
	}
}

// Whatever an unauthorized reader or a malformed message sends is refused.
func TestRefusals(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	vguangPath, mcardPath := "/door/vguang/"+s.vguang.Secret, "/door/mcardsea/"+s.mcard.Secret
	scan := func(text string) string {
		return "vgdecoderesult=" + text + "&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	}
	for _, c := range []struct{ name, path, body string }{
		{"unknown secret", "/door/vguang/" + strings.Repeat("0", 26), scan(token)},
		{"no secret", "/door/vguang/", scan(token)},
		{"no family", "/door/", scan(token)},
		{"strange family", "/door/ximo/" + s.vguang.Secret, scan(token)},
		{"secret of another family", "/door/vguang/" + s.mcard.Secret, scan(token)},
		{"empty", vguangPath, ""},
		{"blanks", vguangPath, "   \r\n"},
		{"no text", vguangPath, scan("")},
		{"oversized", vguangPath, scan(token + strings.Repeat("x", 5000))},
		{"oversized by padding", vguangPath, strings.Repeat("y", 4097)},
		{"oversized query", vguangPath + "?" + strings.Repeat("z", 5000), scan(token)},
		{"device number with marks", vguangPath, "vgdecoderesult=" + token + "&&devicenumber=<b>&&otherparams="},
		{"another device", vguangPath, "vgdecoderesult=" + token + "&&devicenumber=7&&otherparams="},
		{"SQL", vguangPath, scan("' OR 1=1 --")},
		{"HTML", vguangPath, scan("<script>alert(1)</script>")},
		{"binary", vguangPath, scan("\x00\xff\xfe\x1b[31m")},
		{"Chinese", vguangPath, scan("开门")},
		{"an open answer as a QR", vguangPath, scan("code=0000")},
		{"secret in the wrong place", "/door/vguang/x/" + s.vguang.Secret, scan(token)},
	} {
		if got := s.post(t, c.path, c.body); got != deny {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	for _, c := range []struct{ name, path, body string }{
		{"secret of another family", "/door/mcardsea/" + s.vguang.Secret, "cardid=" + token + "&mjihao=1&cjihao=" + s.mcard.Serial},
		{"empty", mcardPath, ""},
		{"no device", mcardPath, "cardid=" + token},
		{"a gate that is none", mcardPath, "cardid=" + token + "&mjihao=x&cjihao=" + s.mcard.Serial},
		{"JSON", mcardPath, `{"cardid":"` + token + `","status":1}`},
		{"oversized", mcardPath, "cardid=" + token + strings.Repeat("x", 5000) + "&mjihao=1&cjihao=" + s.mcard.Serial},
	} {
		if got := s.post(t, c.path, c.body); !isMcardDeny(got) {
			t.Errorf("mcardsea, %s: %q", c.name, got)
		}
	}
	if n := s.released(t); n != 0 {
		t.Errorf("%d released", n)
	}
	if got := s.show(t, token); got != open {
		t.Errorf("the token did not outlive the refusals: %q", got)
	}
}

// No device uses other methods; they open nothing.
func TestOtherMethodsOpenNothing(t *testing.T) {
	s := newSite(t)
	body := "vgdecoderesult=" + s.token(t) + "&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS"} {
		_, answer := s.send(t, fmt.Sprintf(
			"%s /door/vguang/%s HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n%s", method,
			s.vguang.Secret, len(body), body,
		))
		if strings.Contains(answer, "code=") || strings.Contains(answer, s.vguang.Secret) {
			t.Errorf("%s: %q", method, answer)
		}
	}
	if n := s.released(t); n != 0 {
		t.Errorf("%d released", n)
	}
}

// A body without a length, or without an end, is limited all the same.
func TestChunkedBodies(t *testing.T) {
	s := newSite(t)
	head := "POST /door/vguang/" + s.vguang.Secret + " HTTP/1.1\r\nHost: door\r\nTransfer-Encoding: chunked\r\n\r\n"
	body := "vgdecoderesult=" + s.token(t) + "&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	long := strings.Repeat("x", 6000)
	if _, got := s.send(t, fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", head, len(long), long)); got != deny {
		t.Errorf("too long: %q", got)
	}
	if _, got := s.send(t, fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", head, len(body), body)); got != open {
		t.Errorf("in chunks: %q", got)
	}
}

func TestSlowBodyIsRefusedInTime(t *testing.T) {
	s := newSite(t)
	s.door.budget = 50 * time.Millisecond
	response, got := s.send(t, "POST /door/vguang/"+s.vguang.Secret+" HTTP/1.1\r\nHost: door\r\nContent-Length: 100\r\n\r\nvgdecoderesult=")
	if response.StatusCode != http.StatusOK || got != deny {
		t.Errorf("%d %q", response.StatusCode, got)
	}
}

func TestHeartbeats(t *testing.T) {
	s := newSite(t)
	for _, beat := range []string{"www.vguang.cn", "beat-3", "626561742D33"} {
		body := "vgdecoderesult=" + beat + "&&devicenumber=" + s.second.Serial + "&&otherparams="
		if got := s.post(t, "/door/vguang/"+s.second.Secret, body); got != "code=4004" {
			t.Errorf("%s: %q", beat, got)
		}
	}
	if n := len(s.records(t)); n != 0 || s.outcomes(Heartbeat) != 3 {
		t.Errorf("%d records, %d heartbeats", n, s.outcomes(Heartbeat))
	}
	awaitState(t, s, s.second.ID, core.ReaderOnline)
	if r, _ := s.Store.Reader(t.Context(), core.Everywhere, s.vguang.ID); r.State(s.now) != core.ReaderNever {
		t.Error("another reader came to life")
	}
}

func awaitState(t *testing.T, s *site, id core.ID, want core.ReaderState) core.Reader {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		r, err := s.Store.Reader(context.Background(), core.Everywhere, id)
		if err != nil {
			t.Fatal(err)
		}
		if r.State(s.now) == want {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("reader is %s, want %s", r.State(s.now), want)
		}
	}
}

func TestClockSkewIsNoted(t *testing.T) {
	s := newSite(t)
	body := fmt.Sprintf("cardid=x&mjihao=1&cjihao=%s&status=11&time=%d", s.mcard.Serial, s.now.Unix()+75)
	s.post(t, "/door/mcardsea/"+s.mcard.Secret, body)
	if r := awaitState(t, s, s.mcard.ID, core.ReaderOnline); r.Skew != 75*time.Second {
		t.Errorf("skew %s", r.Skew)
	}
}

func TestDisabledReader(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	if got := s.show(t, "warm the directory"); got != deny {
		t.Fatalf("got %q", got)
	}
	if err := s.Store.DisableReader(t.Context(), core.System, core.Everywhere, s.vguang.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.show(t, token); got != deny { // at once, though the device itself is present
		t.Errorf("got %q", got)
	}
	if got := s.records(t)[0]; got.Reason != core.ReasonReaderUnknown || got.Allowed {
		t.Errorf("recorded %+v", got)
	}
	if got := s.showMcard(t, token); !strings.Contains(got, `"status":1`) {
		t.Errorf("the token at another door: %q", got)
	}
}

func TestUnknownDevicesAreQuarantined(t *testing.T) {
	s := newSite(t)
	s.post(t, "/door/vguang/"+s.vguang.Secret, "vgdecoderesult=x&&devicenumber=STRANGER&&otherparams=")
	s.post(t, "/door/vguang/"+strings.Repeat("7", 26), "vgdecoderesult=x&&devicenumber=LOST&&otherparams=")
	s.post(t, "/door/mcardsea/"+s.vguang.Secret, "cardid=x&mjihao=1&cjihao="+s.vguang.Serial)
	s.door.presence.Close()
	list, err := s.Store.QuarantinedReaders(t.Context(), core.Everywhere)
	if err != nil || len(list) != 3 || s.outcomes(Unknown) != 3 {
		t.Fatalf("%d devices, %v, %d calls", len(list), err, s.outcomes(Unknown))
	}
	for _, q := range list {
		if q.Addr != "127.0.0.1" || (q.Serial == "LOST") != (q.Reader == 0) {
			t.Errorf("got %+v", q)
		}
	}
	readers, _, err := s.Store.Readers(t.Context(), core.Everywhere, store.ReaderFilter{})
	if err != nil || len(readers) != 3 {
		t.Errorf("%d readers, %v: a stranger made one", len(readers), err)
	}
}

func TestCacheGone(t *testing.T) {
	s := newSite(t)
	token, second := s.token(t), ""
	s.redis.Close()
	if got := s.show(t, token); got != deny {
		t.Errorf("vguang: %q", got)
	}
	if got := s.showMcard(t, token); !isMcardDeny(got) {
		t.Errorf("mcardsea: %q", got)
	}
	if n := s.released(t); n != 0 {
		t.Errorf("%d released", n)
	}
	if err := s.redis.Restart(); err != nil {
		t.Fatal(err)
	}
	second = s.token(t)
	if got := s.show(t, second); got != open {
		t.Errorf("after its return: %q", got)
	}
}

func TestDatabaseGone(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	s.closeStore(t)
	if got := s.show(t, token); got != deny {
		t.Errorf("vguang: %q", got)
	}
	if got := s.showMcard(t, token); !isMcardDeny(got) {
		t.Errorf("mcardsea: %q", got)
	}
}

func TestPanicsAndTimeoutsRefuse(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	allowed := gate.Result{Decision: core.Decision{Allowed: true}}
	release := make(chan struct{})
	for name, scan := range map[string]scanner{
		"panic": func(context.Context, gate.Call) gate.Result { panic("boom " + token) },
		"too late": func(context.Context, gate.Call) gate.Result {
			<-release
			return allowed
		},
		"the zero result": func(context.Context, gate.Call) gate.Result { return gate.Result{} },
	} {
		s.door.scan, s.door.budget = scan, 100*time.Millisecond
		if got := s.show(t, token); got != deny {
			t.Errorf("%s: %q", name, got)
		}
		if got := s.showMcard(t, token); !isMcardDeny(got) {
			t.Errorf("%s, mcardsea: %q", name, got)
		}
	}
	close(release)
	s.door.scan = nil // even this
	if got := s.show(t, token); got != deny {
		t.Errorf("no gate: %q", got)
	}
	s.door.scan = func(context.Context, gate.Call) gate.Result { return allowed }
	known := s.door.known
	defer func() { s.door.known = known }()
	s.door.known = nil // a panic outside the scan
	if got := s.show(t, token); got != deny {
		t.Errorf("no directory: %q", got)
	}
	if got := s.showMcard(t, token); !isMcardDeny(got) {
		t.Errorf("no directory, mcardsea: %q", got)
	}
	if s.log.Holds(token) {
		t.Error("the log holds what was shown")
	}
}

// Neither the scanned text nor a reader's secret is ever logged.
func TestLogsHoldNoSecrets(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	s.show(t, token)
	s.show(t, "SECRET-TEXT")
	s.post(t, "/door/vguang/"+s.mcard.Secret, "SECRET-TEXT")
	s.redis.Close()
	s.show(t, token)
	s.show(t, "SECRET-TEXT")
	s.closeStore(t)
	s.show(t, token)
	s.door.known.mu.Lock()
	clear(s.door.known.known)
	s.door.known.mu.Unlock()
	s.show(t, token)
	for _, secret := range []string{token, "SECRET-TEXT", s.vguang.Secret, s.mcard.Secret} {
		if s.log.Holds(secret) {
			t.Errorf("the log holds a secret of %d characters", len(secret))
		}
	}
	if !s.log.Holds("level=ERROR") {
		t.Error("nothing was logged at all")
	}
}

func TestLimits(t *testing.T) {
	s := newSiteWith(t, 2)
	for i := range 10 {
		if got := s.show(t, fmt.Sprint("text", i)); got != deny {
			t.Fatalf("got %q", got)
		}
	}
	token := s.token(t)
	for range 5 { // the bucket is empty and refills by two a second
		s.show(t, "more")
	}
	if s.outcomes(Limited) == 0 {
		t.Error("a reader may call without end")
	}
	if got := s.showMcard(t, token); !strings.Contains(got, `"status":1`) {
		t.Errorf("another reader pays for it: %q", got)
	}
}

// The owner of an IPv6 /64 counts as one address, not as 2^64.
func TestGuessesFromOneNetwork(t *testing.T) {
	s := newSite(t)
	for i := range 80 {
		request := httptest.NewRequest(http.MethodPost, fmt.Sprintf("/door/vguang/%026d", i), strings.NewReader("x"))
		request.RemoteAddr = fmt.Sprintf("[2001:db8::%x]:4000", i+1)
		s.app.ServeHTTP(httptest.NewRecorder(), request)
	}
	if s.outcomes(Limited) == 0 {
		t.Error("a network may guess without end")
	}
}

// The owner of a /48 counts as ten, not 65,536.
func TestGuessesFromAWideNetwork(t *testing.T) {
	s := newSite(t)
	d := s.door.known
	d.mu.Lock()
	defer d.mu.Unlock()
	now, made := time.Now(), 0
	for i := range 2 * web.WideTimes * guessBurst {
		if d.guess(fmt.Sprintf("2001:db8:0:%x::/64", i), now) {
			made++
		}
	}
	if made != web.WideTimes*guessBurst {
		t.Errorf("%d guesses from one /48", made)
	}
	if !d.spent(web.WideNetwork("2001:db8:0:ffff::/64"), now) || d.spent("2001:db8:0:ffff::/64", now) {
		t.Error("another /64 of it may be looked up")
	}
	if !d.guess("2001:db8:1::/64", now) || !d.guess("192.0.2.1", now) {
		t.Error("others pay for it")
	}
}

// The response is never extended, compressed or redirected, whatever the request asks for.
func TestAnswersStayPlain(t *testing.T) {
	s := newSite(t)
	body := "vgdecoderesult=x&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	response, got := s.send(t, fmt.Sprintf(
		"POST /door/vguang/%s HTTP/1.0\r\nAccept-Encoding: gzip, br\r\nAccept: text/html\r\nExpect: "+
			"100-continue\r\nContent-Length: %d\r\n\r\n%s",
		s.vguang.Secret, len(body), body,
	))
	if got != deny || response.Header.Get("Content-Encoding") != "" || response.Header.Get("Location") != "" ||
		response.ContentLength != int64(len(deny)) {
		t.Errorf("%v %q", response.Header, got)
	}
}

// Requests made of the protocols' own words in any order open nothing without a token, and every
// response is one of the two refusals.
func TestNonsenseOpensNothing(t *testing.T) {
	s := newSiteWith(t, rate.Inf)
	random := rand.New(rand.NewPCG(3, 5))
	words := []string{
		"vgdecoderesult", "vgdecoderresult", "=", "&&", "&", "devicenumber=", "otherparams=", s.vguang.Serial,
		s.mcard.Serial, "cardid=", "mjihao=", "cjihao=",
		"status=11", "time=1", "1", "code=0000", "www.vguang.cn", "%26", "%", "+", ";", "\x00", "\r\n", "\xff",
		"开门", `"status":1`, "\\", "0000",
	}
	for range 400 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(words[random.IntN(len(words))])
		}
		if got := s.post(t, "/door/vguang/"+s.vguang.Secret, b.String()); got != deny {
			t.Errorf("vguang, %q: %q", b.String(), got)
		}
		if got := s.post(t, "/door/mcardsea/"+s.mcard.Secret+"/qa/mcardsea.php", b.String()); !isMcardDeny(got) {
			t.Errorf("mcardsea, %q: %q", b.String(), got)
		}
	}
	if n := s.released(t); n != 0 {
		t.Errorf("%d released", n)
	}
}

// TestHeadsOfOneDevice: a device with a head at the entrance and one at the exit says which has read. What one opened for, the other
// refuses; without the setting, all heads are of the reader's direction.
func TestHeadsOfOneDevice(t *testing.T) {
	s := newSite(t)
	reader, err := s.Store.Reader(t.Context(), core.Everywhere, s.mcard.ID)
	if err != nil {
		t.Fatal(err)
	}
	reader.InNo = 2
	if _, err := s.Store.UpdateReader(t.Context(), core.System, core.Everywhere, reader); err != nil {
		t.Fatal(err)
	}
	at := func(head, token string) bool {
		return !isMcardDeny(s.post(t, "/door/mcardsea/"+s.mcard.Secret, "cardid="+token+"&mjihao="+head+"&cjihao="+s.mcard.Serial))
	}
	token := s.token(t)
	if !at("2", token) || at("1", token) {
		t.Error("what the entrance opened for opens the exit, or the entrance is shut")
	}
	if !at("1", s.token(t)) || !at("0", s.token(t)) {
		t.Error("a head does not open")
	}
	var ways []core.Direction // newest first
	for _, r := range s.records(t) {
		if r.Allowed {
			ways = append(ways, r.Direction)
		}
	}
	if want := []core.Direction{reader.Direction, core.Out, core.In}; !slices.Equal(ways, want) {
		t.Errorf("recorded as %v, want %v", ways, want)
	}
}
