package door

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// site is an estate whose readers call a real server.
type site struct {
	*estate.Estate
	gate   *gate.Gate
	redis  *miniredis.Miniredis
	door   *Door
	addr   string
	log    *lockedBuffer
	now    time.Time
	vguang estate.Door
	mcard  estate.Door
	second estate.Door // another vguang reader, with a refusal of its own
	mu     sync.Mutex
	calls  map[Outcome]int
	closed sync.Once
}

func newSite(t *testing.T) *site { return newSiteWith(t, 0) }

func newSiteWith(t *testing.T, perReader rate.Limit) *site {
	t.Helper()
	s := &site{redis: miniredis.RunT(t), log: &lockedBuffer{}, now: time.Now().Truncate(time.Second), calls: map[Outcome]int{}}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	st, err := store.Open(t.Context(), store.Options{
		SQLitePath: filepath.Join(t.TempDir(), "t.db"), Keys: estate.Keys(), Now: func() time.Time { return s.now }, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr(), DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1})
	s.gate = gate.New(gate.Options{Store: st, Redis: client, Log: log})
	s.Estate = estate.New(t, st, estate.Plan{})
	s.vguang, s.mcard = s.Doors[0], s.Doors[1]
	s.second = s.AddDoor(core.Reader{Name: "3号门", Protocol: core.ProtocolVguang, Direction: core.Out, DenyCode: "4004", HeartbeatText: "beat-3"})
	s.door = New(Options{Store: st, Gate: s.gate, Log: log, PerReader: perReader, Seen: s.saw})
	app := web.New(web.Options{Store: st, Cache: web.RedisCache(client), Log: log})
	app.Register(s.door.Routes()...)
	server := httptest.NewServer(app)
	s.addr = server.Listener.Addr().String()
	t.Cleanup(func() {
		server.Close()
		s.door.Close()
		s.gate.Close()
		client.Close()
		s.closeStore(t)
	})
	return s
}

// closeStore takes the database away, once.
func (s *site) closeStore(t *testing.T) {
	t.Helper()
	s.closed.Do(func() {
		if err := s.Store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (s *site) saw(_ string, o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[o]++
}

func (s *site) outcomes(o Outcome) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[o]
}

// token issues one for a resident's pass.
func (s *site) token(t *testing.T) string {
	t.Helper()
	issued, err := s.gate.Issue(t.Context(), s.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Text
}

func (s *site) records(t *testing.T) (records []core.AccessRecord) {
	t.Helper()
	err := s.Store.EachAccessRecord(t.Context(), core.ScopeOf(s.Community), core.RecordFilter{}, func(r core.AccessRecord) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func (s *site) released(t *testing.T) (n int) {
	t.Helper()
	for _, r := range s.records(t) {
		if r.Allowed {
			n++
		}
	}
	return n
}

// send puts a raw request on a connection of its own and gives the answer.
func (s *site) send(t *testing.T, raw string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// post sends a body to a path and gives the answer's body.
func (s *site) post(t *testing.T, path, body string) string {
	t.Helper()
	response, answer := s.send(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body))
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	return answer
}

func (s *site) show(t *testing.T, text string) string {
	t.Helper()
	return s.post(t, "/door/vguang/"+s.vguang.Secret, "vgdecoderesult="+text+"&&devicenumber="+s.vguang.Serial+"&&otherparams=")
}

func (s *site) showMcard(t *testing.T, text string) string {
	t.Helper()
	return s.post(t, "/door/mcardsea/"+s.mcard.Secret, "cardid="+text+"&mjihao=1&cjihao="+s.mcard.Serial+"&status=11&time=1")
}

const (
	open = "code=0000"
	deny = "code=1000"
)

// isMcardDeny reports the refusal of the other family.
func isMcardDeny(answer string) bool {
	return strings.Contains(answer, `"status":0`) && !strings.Contains(answer, `"status":1`)
}

// Exchanges as they go over the wire, each file on an estate of its own.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for i, pair := range readGolden(t, s, file) {
				response, body := s.send(t, pair.request)
				if got := dump(response, body); got != pair.answer {
					t.Errorf("exchange %d: got\n%s\nwant\n%s", i+1, got, pair.answer)
				}
			}
		})
	}
}

type exchange struct{ request, answer string }

func readGolden(t *testing.T, s *site, file string) (pairs []exchange) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer(
		"{token}", s.token(t), "{now}", fmt.Sprint(s.now.Unix()),
		"{vguang.secret}", s.vguang.Secret, "{vguang.device}", s.vguang.Serial,
		"{vguang2.secret}", s.second.Secret, "{vguang2.device}", s.second.Serial,
		"{mcardsea.secret}", s.mcard.Secret, "{mcardsea.device}", s.mcard.Serial,
	).Replace(string(text))
	for _, part := range strings.Split(filled, ">>>\n")[1:] {
		request, answer, ok := strings.Cut(part, "\n<<<\n")
		if !ok {
			t.Fatalf("%s: no answer to\n%s", file, request)
		}
		head, body, _ := strings.Cut(request, "\n\n")
		head = strings.ReplaceAll(strings.ReplaceAll(head, "{length}", fmt.Sprint(len(body))), "\n", "\r\n")
		answer = strings.TrimSuffix(answer, "\n")
		_, want, _ := strings.Cut(answer, "\n\n")
		pairs = append(pairs, exchange{head + "\r\n\r\n" + body, strings.ReplaceAll(answer, "{length}", fmt.Sprint(len(want)))})
	}
	return pairs
}

// dump gives an answer with its headers sorted and without its date.
func dump(r *http.Response, body string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n", r.Proto, r.Status)
	h := r.Header.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	if r.Close {
		h.Set("Connection", "close")
	}
	_ = h.Write(&b)
	return strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n" + body
}

func TestOneScanOneRecord(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	for range 4 {
		if got := s.show(t, token); got != open {
			t.Fatalf("got %s", got)
		}
	}
	if n := len(s.records(t)); n != 1 || s.outcomes(Scanned) != 4 {
		t.Errorf("%d records of one scan, %d calls", n, s.outcomes(Scanned))
	}
}

// Whatever a reader that should not, or text that is nothing, sends: no.
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

// No device uses other methods; whoever does opens nothing.
func TestOtherMethodsOpenNothing(t *testing.T) {
	s := newSite(t)
	body := "vgdecoderesult=" + s.token(t) + "&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS"} {
		_, answer := s.send(t, fmt.Sprintf("%s /door/vguang/%s HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n%s", method, s.vguang.Secret, len(body), body))
		if strings.Contains(answer, "code=") || strings.Contains(answer, s.vguang.Secret) {
			t.Errorf("%s: %q", method, answer)
		}
	}
	if n := s.released(t); n != 0 {
		t.Errorf("%d released", n)
	}
}

// A body that is sent without its length, or never ends, is bounded all the same.
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
	deadline := time.Now().Add(10 * time.Second)
	for {
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
	if got := s.show(t, token); got != deny { // at once, though the reader is at hand
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
		"panic": func(context.Context, core.ID, string) gate.Result { panic("boom " + token) },
		"too late": func(context.Context, core.ID, string) gate.Result {
			<-release
			return allowed
		},
		"the zero result": func(context.Context, core.ID, string) gate.Result { return gate.Result{} },
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
	s.door.scan = func(context.Context, core.ID, string) gate.Result { return allowed }
	s.door.known = nil // a panic outside the scan
	if got := s.show(t, token); got != deny {
		t.Errorf("no directory: %q", got)
	}
	if got := s.showMcard(t, token); !isMcardDeny(got) {
		t.Errorf("no directory, mcardsea: %q", got)
	}
	if s.log.holds(token) {
		t.Error("the log holds what was shown")
	}
}

// Neither what was shown nor a reader's secret is ever logged.
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
	s.door.known = newDirectory(s.Store, 1)
	s.show(t, token)
	for _, secret := range []string{token, "SECRET-TEXT", s.vguang.Secret, s.mcard.Secret} {
		if s.log.holds(secret) {
			t.Errorf("the log holds a secret of %d characters", len(secret))
		}
	}
	if !s.log.holds("level=ERROR") {
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
	for range 5 { // the bucket is empty and fills by two a second
		s.show(t, "more")
	}
	if s.outcomes(Limited) == 0 {
		t.Error("a reader may call without end")
	}
	if got := s.showMcard(t, token); !strings.Contains(got, `"status":1`) {
		t.Errorf("another reader pays for it: %q", got)
	}
}

// Guessing at secrets ends in refusals without a look, and does not lock out the
// readers that call from the same address.
func TestGuesses(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	s.show(t, "known from here on")
	for i := range 80 {
		s.post(t, fmt.Sprintf("/door/vguang/%026d", i), "vgdecoderesult=x&&devicenumber=1&&otherparams=")
	}
	if s.outcomes(Limited) == 0 {
		t.Error("an address may guess without end")
	}
	s.door.known.mu.Lock()
	for _, e := range s.door.known.known {
		e.looked = e.looked.Add(-time.Minute) // to be looked up again
	}
	s.door.known.mu.Unlock()
	if got := s.show(t, token); got != open {
		t.Errorf("the reader beside the guesser: %q", got)
	}
}

// The answer does not grow, compress or move, whatever the request asks for.
func TestAnswersStayPlain(t *testing.T) {
	s := newSite(t)
	body := "vgdecoderesult=x&&devicenumber=" + s.vguang.Serial + "&&otherparams="
	response, got := s.send(t, fmt.Sprintf("POST /door/vguang/%s HTTP/1.0\r\nAccept-Encoding: gzip, br\r\nAccept: text/html\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", s.vguang.Secret, len(body), body))
	if got != deny || response.Header.Get("Content-Encoding") != "" || response.Header.Get("Location") != "" || response.ContentLength != int64(len(deny)) {
		t.Errorf("%v %q", response.Header, got)
	}
}

// lockedBuffer is a log that tests read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) holds(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.b.String(), text)
}
