package main

import (
	"runtime"
	"testing"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 800}, {1, 800}, {8 << 20, 800}, {16 << 20, 400}, {32 << 20, 200}, {64 << 20, 100}, {4 << 30, 100}} {
		if got := garbagePercent(c.live); got != c.want {
			t.Errorf("%d MiB live: %d%%, want %d%%", c.live>>20, got, c.want)
		}
	}
}

// The percentage follows the heap: the function is called after each collection, not after the first alone.
func TestAfterEveryCollection(t *testing.T) {
	called := make(chan struct{}, 64)
	afterCollection(func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	<-called
	for range 3 {
		for late := time.After(30 * time.Second); ; {
			runtime.GC()
			select {
			case <-called:
			case <-late:
				t.Fatal("not called after a collection")
			default:
				runtime.Gosched()
				continue
			}
			break
		}
	}
}
