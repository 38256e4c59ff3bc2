//go:build linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
	"tongxing/testkit"
	"tongxing/testkit/estate"
	"tongxing/testkit/servers"
)

// process is one running server of a test.
type process struct {
	*servers.Program
	addr string // host:port
}

// startProcess starts the built server with settings in addition to those of every test, and waits
// until it reports where it listens.
func startProcess(t *testing.T, settings ...string) *process {
	t.Helper()
	p := begin(t, settings...)
	addr, err := p.Address()
	if err != nil {
		t.Fatal(err)
	}
	p.addr = addr
	return p
}

// begin starts the built server.
func begin(t *testing.T, settings ...string) *process {
	t.Helper()
	keys := estate.Keys()
	p, err := servers.StartProgram(nil, append([]string{
		"TONGXING_HTTP_ADDR=127.0.0.1:0", "TONGXING_HTTP_METRICS_ADDR=off", "TONGXING_LOG_LEVEL=error",
		"TONGXING_KEYS_RING=" + keys.Keys[0].ID + ":" + base64.StdEncoding.EncodeToString(keys.Keys[0].Secret),
		"TONGXING_KEYS_MAC=" + base64.StdEncoding.EncodeToString(keys.MAC),
		"TONGXING_LIMITS_ADDRESS_PER_MINUTE=1000000", "TONGXING_LIMITS_READER_PER_SECOND=100000",
		"TONGXING_LIMITS_ACCOUNT_PER_MINUTE=1000000",
	}, settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if leaks := p.Leaks(); len(leaks) > 0 {
			t.Errorf("it logged what it must not: %q", leaks)
		}
	})
	return &process{Program: p}
}

// site is a community whose servers share a MariaDB and a Redis.
type site struct {
	*estate.Estate
	t        *testing.T
	gate     *gate.Gate // issues tokens, as any server would
	settings []string
	redis    *servers.Redis
	maria    *servers.MariaDB
	client   *http.Client
}

// newSite builds a community on servers of the test's own, which the test may end.
func newSite(t *testing.T, plan estate.Plan) *site {
	t.Helper()
	s := &site{t: t, maria: testkit.OwnMariaDB(t), redis: testkit.OwnRedis(t), client: newClient(t)}
	dsn, err := s.maria.Create(t.Context(), "tongxing")
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Options{MySQLDSN: dsn, Keys: estate.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.Open(cache.Options{URL: s.redis.URL()})
	if err != nil {
		t.Fatal(err)
	}
	s.gate = gate.New(gate.Options{Store: st, Redis: c})
	t.Cleanup(func() {
		s.gate.Close()
		c.Close()
		_ = st.Close() // the test may have ended its database
	})
	s.Estate = estate.New(t, st, plan)
	s.settings = []string{"TONGXING_MYSQL_DSN=" + dsn, "TONGXING_REDIS_URL=" + s.redis.URL()}
	return s
}

func newClient(t *testing.T) *http.Client {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 15 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// start starts one more server of the site.
func (s *site) start() *process {
	s.t.Helper()
	return startProcess(s.t, append([]string{"TONGXING_DATA_DIR=" + s.t.TempDir()}, s.settings...)...)
}

// issue issues a token for each of the first n residents.
func (s *site) issue(n int) []string {
	s.t.Helper()
	texts := make([]string, n)
	for i := range texts {
		issued, err := s.gate.Issue(s.t.Context(), s.Residents[i].Pass)
		if err != nil {
			s.t.Fatal(err)
		}
		texts[i] = issued.Text
	}
	return texts
}

// scan shows a token to a door, which asks a server in its own protocol. An error means that there
// was no answer, which keeps a door shut.
func scan(client *http.Client, p *process, door estate.Door, text string) (open bool, err error) {
	address := "http://" + p.addr + "/door/" + door.Protocol + "/" + door.Secret
	var response *http.Response
	if door.Protocol == core.ProtocolMcardsea {
		response, err = client.Get(
			address + "?cardid=" + url.QueryEscape(text) + "&mjihao=1&cjihao=" + door.Serial + "&status=10&time=" +
				fmt.Sprint(time.Now().Unix()),
		)
	} else {
		response, err = client.Post(address, "text/plain", strings.NewReader(
			"vgdecoderesult="+text+"&&devicenumber="+door.Serial+"&&otherparams=",
		))
	}
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false, err
	}
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("a reader was answered with %s", response.Status)
	}
	return opens(door, body)
}

// opens parses an answer as the reader does; it is an error if a reader could not parse it.
func opens(door estate.Door, body []byte) (bool, error) {
	if door.Protocol == core.ProtocolVguang {
		switch string(body) {
		case "code=0000":
			return true, nil
		case "code=" + door.DenyCode:
			return false, nil
		}
		return false, fmt.Errorf("half an answer: %q", body)
	}
	var answer struct {
		Data []struct {
			Status int `json:"status"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Data) != 1 {
		return false, fmt.Errorf("half an answer: %q", body)
	}
	return answer.Data[0].Status == 1, nil
}

// shot is one scan of a storm.
type shot struct {
	server *process
	text   string // what is shown
	show   func(client *http.Client, p *process) (open bool, err error)
}

// at shows a token to a door.
func at(p *process, door estate.Door, text string) shot {
	return shot{server: p, text: text, show: func(client *http.Client, p *process) (bool, error) { return scan(client, p, door, text) }}
}

// storm is many scans at once, and their answers.
type storm struct {
	client  *http.Client
	workers int

	// after, if set, is called once by one of the workers after that many answers, while the others
	// go on.
	after int
	do    func()

	mu       sync.Mutex
	opened   map[string]int // by token
	refused  int
	silent   int // no answer, or only part of one
	half     []error
	answered atomic.Int64
}

// aim shows each token at doors [from, to), each at one of the servers in turn, in an order that
// mixes tokens and doors.
func aim(texts []string, doors []estate.Door, servers ...*process) []shot {
	var shots []shot
	for i, text := range texts {
		for n, door := range doors {
			shots = append(shots, at(servers[(i+n)%len(servers)], door, text))
		}
	}
	rand.Shuffle(len(shots), func(i, j int) { shots[i], shots[j] = shots[j], shots[i] })
	return shots
}

// rage fires all shots and waits for the last.
func (s *storm) rage(shots []shot) {
	s.opened = map[string]int{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range s.workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(shots) {
					return
				}
				open, err := shots[i].show(s.client, shots[i].server)
				s.note(shots[i], open, err)
				if n := int(s.answered.Add(1)); n == s.after {
					s.do()
				}
			}
		})
	}
	wg.Wait()
}

func (s *storm) note(x shot, open bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.silent++
		if strings.Contains(err.Error(), "half an answer") {
			s.half = append(s.half, err)
		}
	case open:
		s.opened[x.text]++
	default:
		s.refused++
	}
}

// released counts a community's releases by token digest.
func released(t *testing.T, s *store.Store, community core.ID) map[string]int {
	t.Helper()
	byDigest := map[string]int{}
	err := s.EachAccessRecord(t.Context(), core.ScopeOf(community), core.RecordFilter{Result: "allowed"}, func(r core.AccessRecord) error {
		byDigest[r.TokenDigest]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return byDigest
}

func digestOf(t *testing.T, text string) string {
	t.Helper()
	token, ok := gate.ParseToken(text)
	if !ok {
		t.Fatalf("no token: %d characters", len(text))
	}
	return token.Digest()
}

// holds checks what must hold through every failure: a token opens at most one door, is recorded as
// released at most once, and opens none without its record.
func (s *storm) holds(t *testing.T, records map[string]int, texts []string) {
	t.Helper()
	for _, err := range s.half {
		t.Error(err)
	}
	opened := 0
	for i, text := range texts {
		n, recorded := s.opened[text], records[digestOf(t, text)]
		opened += n
		if n > 1 || recorded > 1 {
			t.Errorf("token %d opened %d doors and has %d records of it", i, n, recorded)
		}
		if n > recorded {
			t.Errorf("token %d opened a door without a record", i)
		}
	}
	t.Logf("%d opened, %d refused, %d without an answer", opened, s.refused, s.silent)
}

// awaitOpen issues tokens to a resident until one opens: the service is back.
func (s *site) awaitOpen(p *process, resident int) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for {
		issued, err := s.gate.Issue(s.t.Context(), s.Residents[resident].Pass)
		if err == nil {
			var open bool
			if open, err = scan(s.client, p, s.Doors[0], issued.Text); open {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no door opens again: %v\n%s", err, p.Log())
		}
		<-pause.C
	}
}
