package store

import "testing"

// TestMoreGarbageWhileImporting: while any import asks for it, more garbage gathers than usual, never less; afterwards as before.
func TestMoreGarbageWhileImporting(t *testing.T) {
	for _, c := range []struct{ was, during int }{
		{100, importGarbage}, {20, importGarbage}, {importGarbage + 1, importGarbage + 1}, {-1, -1},
	} {
		now := c.was
		room := garbageRoom{set: func(percent int) int {
			was := now
			now = percent
			return was
		}}
		one, other := room.more(), room.more()
		if now != c.during {
			t.Errorf("of %d: %d while two ask, not %d", c.was, now, c.during)
		}
		if one(); now != c.during {
			t.Errorf("of %d: %d while one still asks, not %d", c.was, now, c.during)
		}
		if other(); now != c.was {
			t.Errorf("of %d: %d when nobody asks any more", c.was, now)
		}
		again := room.more()
		if now != c.during {
			t.Errorf("of %d: %d when it is asked for again, not %d", c.was, now, c.during)
		}
		again()
	}
}
