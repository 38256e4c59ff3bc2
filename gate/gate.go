// Package gate owns the act that everything else serves: a QR is shown, a door
// opens. It makes and claims the ten-minute tokens in Redis, has the store decide
// and record in SQL, and speaks the readers' protocols.
//
// Redis says which tokens live; SQL has the last word on single use. A Redis that
// lost everything can refuse a pass but never release one twice.
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
	// signer marks what this program left in Redis: whoever else can write there makes
	// no token, moves none to another pass, gives none more time, and opens no door.
	signer core.Signer

	watchers *watchers
	settling settling
}

// Seen is what metrics learn of one scan.
type Seen struct {
	Via    core.Via
	Reader core.ID
	Reason core.Reason
	Repeat bool
	Took   time.Duration
}

// Options make a Gate.
type Options struct {
	Store *store.Store
	Redis redis.UniversalClient
	Log   *slog.Logger
	Seen  func(Seen) // told of every scan; nil = nobody
}

// New makes a Gate. Close it before the Redis client.
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
	return g
}

// Settled waits until Redis knows of every scan that was answered, or could not be
// told. No scan may be in flight.
func (g *Gate) Settled() { g.settling.active.Wait() }

// Close waits for what is being settled and stops the live hints. Scans in flight
// should be finished first.
func (g *Gate) Close() {
	g.Settled()
	g.live.close()
	g.watchers.close()
}
