package database

import "sync"

// Hints are what this process last wrote to rows that others write, too: a guess that saves reading the row, if the statement that
// uses it fails unless it is right. What was left by a transaction that came to nothing is a wrong guess.
type Hints struct {
	mu   sync.Mutex
	left map[string]any
}

// Take returns the hint of a row, nil if there is none, and removes it: of several acts at once only one may guess right.
func (h *Hints) Take(row string) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	hint := h.left[row]
	delete(h.left, row)
	return hint
}

// Leave leaves what a row is now.
func (h *Hints) Leave(row string, is any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left == nil {
		h.left = map[string]any{}
	}
	h.left[row] = is
}

// Hints returns those of the database.
func (t *Tx) Hints() *Hints { return &t.db.hints }
