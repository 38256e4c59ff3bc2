package database

import (
	"context"
	"sync"

	"tongxing/core"
)

// wakers tell this server's workers that a transaction has committed something for them.
type wakers struct {
	mu    sync.Mutex
	named map[string]chan struct{}
}

// Woken returns the channel that receives after a transaction that called Tx.Wake with the name has
// committed. It holds one value: a worker that is busy finds that there is more, not how much.
func (db *DB) Woken(name string) <-chan struct{} { return db.wakers.of(name) }

func (w *wakers) of(name string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.named[name] == nil {
		if w.named == nil {
			w.named = map[string]chan struct{}{}
		}
		w.named[name] = make(chan struct{}, 1)
	}
	return w.named[name]
}

func (w *wakers) wake(names []string) {
	for _, name := range names {
		select {
		case w.of(name) <- struct{}{}:
		default:
		}
	}
}

// Wake wakes this server's worker of a name once the transaction has committed. Other servers' look for
// themselves.
func (t *Tx) Wake(name string) { t.after.wakes = append(t.after.wakes, name) }

// Changed passes things of a kind to the function of DB.OnChanged once the transaction has committed.
func (t *Tx) Changed(kind string, ids ...core.ID) {
	if t.after.changed == nil {
		t.after.changed = map[string][]core.ID{}
	}
	t.after.changed[kind] = append(t.after.changed[kind], ids...)
}

// OnChanged sets the function that is called with the things of a kind that were passed to Tx.Changed, after the commit, before
// Write returns. It is set before the database is used.
func (db *DB) OnChanged(kind string, call func(ctx context.Context, ids []core.ID)) {
	if db.onChanged == nil {
		db.onChanged = map[string]func(ctx context.Context, ids []core.ID){}
	}
	db.onChanged[kind] = call
}

// tell calls the functions of OnChanged.
func (db *DB) tell(ctx context.Context, changed map[string][]core.ID) {
	for kind, ids := range changed {
		if call := db.onChanged[kind]; call != nil {
			call(ctx, ids)
		}
	}
}

// followed returns act, which also notes what its last run leads to.
func followed(act func(tx *Tx) error, after *afterCommit) func(tx *Tx) error {
	return func(tx *Tx) error {
		err := act(tx)
		*after = tx.after
		return err
	}
}
