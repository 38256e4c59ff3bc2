package gate

import (
	"testing"
	"time"
)

func TestSpeed(t *testing.T) {
	g := &Gate{}
	if got := g.Speed(); got != (Speed{}) {
		t.Errorf("of none: %+v", got)
	}
	for i := range 2500 {
		g.speed.took(time.Duration(i+1) * time.Millisecond)
	}
	if got := g.Speed(); got != (Speed{Scans: 1000, Half: 2000 * time.Millisecond, Most: 2490 * time.Millisecond}) {
		t.Errorf("of the last thousand: %+v", got)
	}
	one := &Gate{}
	one.speed.took(time.Second)
	if got := one.Speed(); got != (Speed{Scans: 1, Half: time.Second, Most: time.Second}) {
		t.Errorf("of one: %+v", got)
	}
}
