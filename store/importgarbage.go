package store

import (
	"runtime/debug"
	"sync"
)

// importGarbage is how much garbage, in percent of what is in use, there is before a collection while rows are written to a
// database server. What is written leaves much of it, and the collector takes its time from the server, which is often on the
// same machine. SQLite's pages are in our own memory, of which then less is left.
const importGarbage = 200

// garbageRoom lets more garbage gather while somebody asks for it. The setting is the whole process's.
type garbageRoom struct {
	set func(percent int) (was int)

	mu    sync.Mutex
	asked int
	was   int
}

var importRoom = garbageRoom{set: debug.SetGCPercent}

// more lets more garbage gather until end is called. Who runs the server may have said more than that, or that nothing is
// collected (a negative percentage): that stays.
func (g *garbageRoom) more() (end func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked++; g.asked == 1 {
		if g.was = g.set(importGarbage); g.was < 0 || g.was > importGarbage {
			g.set(g.was)
		}
	}
	return g.less
}

func (g *garbageRoom) less() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked--; g.asked == 0 {
		g.set(g.was)
	}
}
