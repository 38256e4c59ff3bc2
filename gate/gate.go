// Package gate implements the central act: a QR code is shown, a door opens. It issues and claims
// the ten-minute tokens in Redis, has the store decide and record in SQL, and speaks the readers'
// protocols.
//
// Redis knows which tokens are live; SQL has the last word on single use. A Redis that lost
// everything can refuse a pass but never release one twice.
package gate

import (
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
)

// TokenLife is how long a QR token lives: ten minutes.
const TokenLife = 10 * time.Minute

// Gate is safe for concurrent use; any number of servers may share one Redis and
// one database.
type Gate struct {
	store *store.Store
	redis redis.UniversalClient
	log   *slog.Logger
	live  *liveHints
	seen  func(Seen)
	// signer signs what this program leaves in Redis: others who can write there cannot create a
	// token, move one to another pass, extend one, or open a door.
	signer core.Signer

	watchers *watchers
	calls    *callRing
	speed    speed
	settling settling
}

// Seen is what metrics are told about one scan.
type Seen struct {
	Via    core.Via
	Reader core.ID
	Reason core.Reason
	Repeat bool
	Took   time.Duration
}

// Options configure a Gate.
type Options struct {
	Store *store.Store
	Redis redis.UniversalClient
	Log   *slog.Logger
	Seen  func(Seen) // called for every scan; may be nil
}

// New returns a Gate. Close it before the Redis client.
func New(o Options) *Gate {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Seen == nil {
		o.Seen = func(Seen) {}
	}
	g := &Gate{
		store: o.Store, redis: o.Redis, log: o.Log, seen: o.Seen, watchers: newWatchers(o.Redis),
		settling: settling{doing: map[string]*unsettled{}},
	}
	if o.Store != nil {
		g.signer = o.Store.Signer("gate")
	}
	g.live = newLiveHints(o.Redis, o.Log)
	g.calls = newCallRing(o.Redis, o.Log)
	return g
}

// Settled waits until every answered scan has been settled in Redis, or has failed to be. No scan
// may be in flight.
func (g *Gate) Settled() { g.settling.active.Wait() }

// Close waits for pending settlements and stops the live hints. Scans in flight should be finished
// first.
func (g *Gate) Close() {
	g.Settled()
	g.calls.close()
	g.live.close()
	g.watchers.close()
}
