package store

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// records imports n access records of a moment.
func records(t *testing.T, s *Store, at time.Time, n int) {
	t.Helper()
	list := make([]core.AccessRecord, n)
	for i := range list {
		list[i] = core.AccessRecord{Community: 1, At: at, Via: core.ViaReader, Direction: core.Out}
	}
	if err := s.ImportAccessRecords(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// A clock that jumped ahead makes every record old: none is purged. With records of
// the right time all is as before.
func TestNoPurgeByAClockThatJumped(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		doubt := func() string {
			t.Helper()
			why, err := s.PurgeDoubt(t.Context(), s.Now().AddDate(0, 0, -30))
			if err != nil {
				t.Fatal(err)
			}
			return why
		}
		if why := doubt(); why != "" {
			t.Errorf("nothing at all: %s", why)
		}
		records(t, s, testNow.Add(-time.Hour), 300)
		records(t, s, testNow.AddDate(0, 0, -40), 20)
		if why := doubt(); why != "" {
			t.Errorf("an ordinary purge: %s", why)
		}
		clock.Add(365 * 24 * time.Hour)
		if why := doubt(); !strings.Contains(why, "时钟") {
			t.Errorf("a year ahead: %q", why)
		}
		// New records by the wrong clock: now far more than a tenth would go.
		records(t, s, clock.Now(), 5)
		if why := doubt(); !strings.Contains(why, "十分之一") || !strings.Contains(why, "320") {
			t.Errorf("with new records: %q", why)
		}
		if why := doubt(); why == "" {
			t.Error("asked twice it goes")
		}
		settings, err := s.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.RecordDays = 30
		if _, err := s.UpdateSettings(t.Context(), core.System, settings); err != nil {
			t.Fatal(err)
		}
		if why := doubt(); why != "" {
			t.Errorf("somebody decided: %s", why)
		}
	})
}
