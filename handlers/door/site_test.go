package door

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	"tongxing/testkit/hygiene"
)

// site is an estate whose readers call a real server.
type site struct {
	*estate.Estate
	gate   *gate.Gate
	redis  *miniredis.Miniredis
	client *redis.Client
	door   *Door
	app    http.Handler
	addr   string
	log    *hygiene.Log
	now    time.Time
	vguang estate.Door
	mcard  estate.Door
	second estate.Door // another vguang reader, with a refusal of its own
	mu     sync.Mutex
	calls  map[Outcome]int
}

func newSite(t *testing.T) *site { return newSiteWith(t, 0) }

func newSiteWith(t *testing.T, perReader rate.Limit) *site {
	t.Helper()
	s := &site{redis: miniredis.RunT(t), log: hygiene.NewLog(t), now: time.Now().Truncate(time.Second), calls: map[Outcome]int{}}
	log := s.log.Logger()
	st := estate.Store(t, store.Options{Now: func() time.Time { return s.now }, Log: log})
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr(), DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1})
	s.client = client
	s.gate = gate.New(gate.Options{Store: st, Redis: client, Log: log})
	s.Estate = estate.New(t, st, estate.Plan{})
	s.vguang, s.mcard = s.Doors[0], s.Doors[1]
	s.second = s.AddDoor(core.Reader{
		Name: "3号门", Protocol: core.ProtocolVguang, Direction: core.Out, DenyCode: "4004",
		HeartbeatText: "beat-3",
	})
	s.door = New(Options{Store: st, Gate: s.gate, Log: log, PerReader: perReader, Seen: s.saw})
	app := web.New(web.Options{Store: st, Cache: web.RedisCache(client, st, log), Log: log})
	app.Register(s.door.Routes()...)
	server := httptest.NewServer(app)
	s.app, s.addr = app, server.Listener.Addr().String()
	t.Cleanup(func() {
		server.Close()
		s.door.Close()
		s.gate.Close()
		client.Close()
	})
	return s
}

// of returns a reader of a protocol.
func (s *site) of(protocol string) estate.Door {
	switch protocol {
	case core.ProtocolVguang:
		return s.vguang
	case core.ProtocolMcardsea:
		return s.mcard
	}
	return s.AddDoor(core.Reader{Name: "5号门", Protocol: protocol, Direction: core.Out})
}

// closeStore makes the database unavailable.
func (s *site) closeStore(t *testing.T) {
	t.Helper()
	if err := s.Store.Close(); err != nil {
		t.Error(err)
	}
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

// token issues a token for a resident's pass.
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

// send writes a raw request on a new connection and returns the response.
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

// post sends a body to a path and returns the response body.
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

// isMcardDeny reports whether a response is the mcardsea refusal.
func isMcardDeny(answer string) bool {
	return strings.Contains(answer, `"status":0`) && !strings.Contains(answer, `"status":1`)
}
