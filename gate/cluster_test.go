package gate_test

import (
	"path/filepath"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit"
	"tongxing/testkit/estate"
)

// A Cluster refuses a script whose keys are in two hash slots: run the whole life of tokens of many
// passes through one.
func TestScanOnACluster(t *testing.T) {
	server := testkit.RedisCluster(t)
	c, err := cache.Open(cache.Options{Addrs: []string{server.Addr}, Password: server.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	liveAndDie(t, newRig(t, store.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")}, c))
}

func TestScanThroughSentinel(t *testing.T) {
	addr, main := testkit.RedisSentinel(t)
	c, err := cache.Open(cache.Options{MasterName: "main", Addrs: []string{addr}, Password: main.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	liveAndDie(t, newRig(t, store.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")}, c))
}

// liveAndDie takes tokens of many passes, and so of many shards, through their whole lives.
func liveAndDie(t *testing.T, r *rig) {
	t.Helper()
	e := estate.New(t, r.store, estate.Plan{Houses: 20, Doors: 3, DoorsOut: true})
	hints := r.Watch(t.Context(), e.Community)
	for _, who := range e.Residents {
		r.issue(t, who.Pass)
		token := r.issue(t, who.Pass)
		for door, want := range []core.Reason{core.ReasonAllowed, core.ReasonTokenUsed} {
			if got := r.Scan(t.Context(), e.Doors[door].ID, token); got.Decision.Reason != want {
				t.Fatalf("door %d: %+v, want %s", door, got.Decision, want)
			}
		}
	}
	select {
	case <-hints:
	case <-time.After(10 * time.Second):
		t.Error("no live hint came")
	}
}
