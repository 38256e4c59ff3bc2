package templates

import (
	"testing"
	"time"
)

// Times are said as people say them, by the days of the deployment's zone.
func TestWhenSaid(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*60*60)
	at := func(text string) time.Time {
		day, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	now := at("2026-03-01 00:30:00")
	for text, want := range map[string]string{
		"2026-03-01 00:30:00": "刚刚",
		"2026-03-01 00:29:01": "刚刚",
		"2026-03-01 00:29:00": "1 分钟前",
		"2026-02-28 23:30:01": "59 分钟前",
		"2026-02-28 23:30:00": "昨天 23:30",
		"2026-02-28 00:00:00": "昨天 00:00",
		"2026-02-27 23:59:59": "2月27日 23:59",
		"2026-01-01 00:00:00": "1月1日 00:00",
		"2025-12-31 23:59:59": "2025-12-31 23:59",
		"2026-03-01 00:30:01": "2026-03-01 00:30", // a clock that is ahead
	} {
		if got := whenSaid(now, at(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if got := whenSaid(at("2026-03-01 18:00:00"), at("2026-03-01 09:05:00")); got != "今天 09:05" {
		t.Errorf("of the same day: %s", got)
	}
	if got := whenSaid(at("2026-01-01 08:00:00"), at("2025-12-31 22:00:00")); got != "昨天 22:00" {
		t.Errorf("of the year before: %s", got)
	}
	// The day is the zone's, whatever the time was read in.
	r := &Renderer{zone: zone, now: func() time.Time { return now.UTC() }}
	for value, want := range map[any]string{at("2026-02-28 12:00:00").UTC(): "昨天 12:00", time.Time{}: "–"} {
		if got, err := r.when(value); err != nil || got != want {
			t.Errorf("%v: %s %v, want %s", value, got, err, want)
		}
	}
}
