package core

import (
	"testing"
	"time"
)

func TestDayWords(t *testing.T) {
	day := func(text string) Day {
		d, err := ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ day, today, want string }{
		{"2026-11-28", "2026-11-28", "今天"},
		{"2026-11-27", "2026-11-28", "昨天"},
		{"2026-11-26", "2026-11-28", "11月26日 周四"},
		{"2026-11-29", "2026-11-28", "11月29日 周日"}, // a clock that is ahead
		{"2025-12-31", "2026-01-01", "昨天"},
		{"2025-12-30", "2026-01-01", "2025年12月30日 周二"},
	} {
		if got := day(c.day).Words(day(c.today)); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.day, c.today, got, c.want)
		}
	}
	// Seconds before and after midnight in Shanghai are two days, wherever the server is.
	zone := time.FixedZone("CST", 8*3600)
	midnight := time.Date(2026, 11, 28, 0, 0, 0, 0, zone)
	if before, after := DayOf(midnight.Add(-time.Second).UTC(), zone), DayOf(midnight.UTC(), zone); before.Words(after) != "昨天" {
		t.Errorf("a second before midnight is %q", before.Words(after))
	}
}
