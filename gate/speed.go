package gate

import (
	"slices"
	"sync"
	"time"
)

// speedKept is how many of the last scans Speed is of.
const speedKept = 1000

// speed remembers how long the last scans of this server took.
type speed struct {
	mu   sync.Mutex
	last [speedKept]time.Duration
	n    int
}

func (s *speed) took(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[s.n%speedKept] = d
	s.n++
}

// Speed is how fast this server answered its last scans.
type Speed struct {
	Scans      int           // that it is of, at most a thousand
	Half, Most time.Duration // within which half, and 99 of a hundred, were answered
}

// Speed returns how fast this server answered of late.
func (g *Gate) Speed() Speed {
	g.speed.mu.Lock()
	n := min(g.speed.n, speedKept)
	last := slices.Clone(g.speed.last[:n])
	g.speed.mu.Unlock()
	if n == 0 {
		return Speed{}
	}
	slices.Sort(last)
	return Speed{Scans: n, Half: last[(n-1)/2], Most: last[(n*99+99)/100-1]}
}
