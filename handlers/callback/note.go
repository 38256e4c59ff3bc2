package callback

import (
	"sync"
	"time"

	"tongxing/core"
)

// notes remember what was recorded of accounts within the last minute, so that callbacks write nothing more: the account as
// it is kept in memory may be older than that.
type notes struct {
	mu sync.Mutex
	at map[note]time.Time
}

// note is what is recorded of an account.
type note struct {
	app core.ID
	why core.WechatRefusal // "" = that it is reached
}

// due reports whether something is to be recorded now, and remembers that it is.
func (n *notes) due(what note, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last, ok := n.at[what]; ok && now.Sub(last) < noteEvery {
		return false
	}
	if n.at == nil {
		n.at = map[note]time.Time{}
	}
	n.at[what] = now
	return true
}

// forget lets something be recorded again that could not be.
func (n *notes) forget(what note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.at, what)
}
