//go:build linux

package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/testkit/estate"
)

// readiness returns a server's answer to /readyz.
func readiness(t *testing.T, client *http.Client, p *process) (status int, body string) {
	t.Helper()
	response, err := client.Get("http://" + p.addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// A Redis that stores nothing makes a server not ready, and is named; reported ready, that server
// would refuse every door.
func TestReadyKnowsWhetherWritesWork(t *testing.T) {
	s := newSite(t, estate.Plan{Houses: 1, Members: 1, Doors: 1})
	if status, body := readiness(t, s.client, s.start()); status != http.StatusOK || !strings.Contains(body, `"database_write":"ok"`) {
		t.Errorf("all is well: %d %s", status, body)
	}
	c, err := cache.Open(cache.Options{URL: s.redis.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	second := s.start()
	if err := c.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	status, body := readiness(t, s.client, second)
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"cache_write":"failed"`) ||
		!strings.Contains(body, `"cache":"ok"`) {
		t.Errorf("out of memory: %d %s", status, body)
	}
}

// startEarly starts a server that cannot be ready yet, and waits until it is alive.
func (s *site) startEarly() *process {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := begin(s.t, append([]string{"TONGXING_DATA_DIR=" + s.t.TempDir(), "TONGXING_HTTP_ADDR=" + addr}, s.settings...)...)
	p.addr = addr
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-pause.C {
		response, err := s.client.Get("http://" + addr + "/healthz")
		if err == nil {
			response.Body.Close()
			return p
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("it is not alive: %v\n%s", err, p.Log())
		}
	}
}

// A server that waits for its database is alive and not ready, and stops at once.
func TestAServerWaitsForItsDatabase(t *testing.T) {
	s := newSite(t, estate.Plan{Houses: 1, Members: 1, Doors: 1})
	s.maria.Kill()
	early := s.startEarly()
	if status, body := readiness(t, s.client, early); status != http.StatusServiceUnavailable || !strings.Contains(body, "starting") {
		t.Errorf("while it waits: %d %s", status, body)
	}
	early.Stop()
	select {
	case <-early.Ended():
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	if early.Err() != nil {
		t.Errorf("it ended with %v\n%s", early.Err(), early.Log())
	}
	late := s.startEarly()
	if err := s.maria.Start(); err != nil {
		t.Fatal(err)
	}
	s.awaitOpen(late, 0)
	if status, body := readiness(t, s.client, late); status != http.StatusOK {
		t.Errorf("with its database: %d %s", status, body)
	}
}
