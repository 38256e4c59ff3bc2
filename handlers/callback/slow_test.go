package callback

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

// TestSlowDatabase: an event that a database does not take in time is not acknowledged by its repeat: that is handled
// again, and what it asks for happens once the database does.
func TestSlowDatabase(t *testing.T) {
	s := newSite(t, sealedApp)
	s.connect(t)
	db, err := sql.Open("sqlite", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	held, err := db.Conn(t.Context())
	if err == nil {
		_, err = held.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Follow("new", s.appID); err != nil {
		t.Fatal(err)
	}
	until := func(what string, reached func() bool) {
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(time.Minute); !reached(); <-tick.C {
			if time.Now().After(end) {
				t.Fatalf("waited in vain for %s: %+v", what, s.sim.Calls())
			}
		}
	}
	until("the first try", func() bool {
		return slices.ContainsFunc(s.redis.Keys(), func(k string) bool { return s.redis.TTL(k) > 0 })
	})
	s.redis.FastForward(5 * time.Second) // its clock stands still
	until("the end of its five seconds", func() bool { return len(s.tries()) > 0 })
	if _, err := held.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	s.idle()
	tries := s.tries()
	if last := tries[len(tries)-1]; last.Failed || !strings.Contains(last.Reply, "<Encrypt>") {
		t.Errorf("the last try is answered %d %q", last.Status, last.Reply)
	}
	n := 0
	filter := store.FollowerFilter{AppID: s.appID, Page: store.Page{Limit: 5, Total: &n}}
	if _, _, err := s.Store.Followers(t.Context(), core.Everywhere, filter); err != nil || n != 1 {
		t.Errorf("%d follow, %v", n, err)
	}
}

// tries are WeChat's calls that have ended.
func (s *site) tries() (ended []simulator.Call) {
	for _, c := range s.sim.Calls() {
		if c.Kind == simulator.CallPush {
			ended = append(ended, c)
		}
	}
	return ended
}
