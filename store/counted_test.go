package store

import (
	"fmt"
	"testing"
	"time"

	"tongxing/core"
)

// Counts of many rows are kept for a minute, those of few are not.
func TestCountsOfManyAreKept(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		small, large := newCommunity(t, s, "小"), newCommunity(t, s, "大")
		doors := func(from, n int) (places [][]string) {
			for i := range n {
				places = append(places, []string{"1", "1", fmt.Sprint(from + i)})
			}
			return places
		}
		add := func(community core.ID, from, n int) {
			t.Helper()
			if _, err := s.CreateHouses(t.Context(), core.System, everywhere, community, doors(from, n)); err != nil {
				t.Fatal(err)
			}
		}
		houses := func() (of [2]int) {
			t.Helper()
			list, _, err := s.CommunityRows(t.Context(), everywhere, CommunityFilter{Page: Page{Limit: 10}})
			if err != nil || len(list) != 2 {
				t.Fatal(list, err)
			}
			return [2]int{list[0].Houses, list[1].Houses}
		}
		add(small, 1, 3)
		for from := 1; from <= manyRows; from += 1000 {
			add(large, from, 1000)
		}
		add(large, manyRows+1, 1)
		for _, step := range []struct {
			what string
			do   func()
			want [2]int
		}{
			{"at first", func() {}, [2]int{3, manyRows + 1}},
			{"one more in each", func() { add(small, 9001, 1); add(large, 9001, 1) }, [2]int{4, manyRows + 1}},
			{"a minute later", func() { clock.Add(time.Minute) }, [2]int{4, manyRows + 2}},
			{"another one", func() { add(large, 9002, 1) }, [2]int{4, manyRows + 2}},
			{"the clock was set back", func() { clock.Add(-time.Hour) }, [2]int{4, manyRows + 3}},
		} {
			step.do()
			if got := houses(); got != step.want {
				t.Errorf("%s: %v, want %v", step.what, got, step.want)
			}
		}
	})
}

// The totals of a busy day are kept for a minute, those of another are not.
func TestTotalsOfABusyDayAreKept(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		pass := func(n int) {
			t.Helper()
			records := make([]core.AccessRecord, n)
			for i := range records {
				records[i] = core.AccessRecord{
					At: clock.Now(), Community: community, Gate: "东门", Direction: core.In, Via: core.ViaReader,
					Kind: core.PassResident, Allowed: true,
				}
			}
			if err := s.ImportAccessRecords(t.Context(), records); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			what string
			do   func()
			want int
		}{
			{"a few", func() { pass(3) }, 3},
			{"many", func() { pass(manyRows) }, manyRows + 3},
			{"one more", func() { pass(1) }, manyRows + 3},
			{"a minute later", func() { clock.Add(time.Minute) }, manyRows + 4},
		} {
			step.do()
			totals, err := s.RecordTotals(t.Context(), everywhere, core.RecordFilter{}, core.DayOf(clock.Now(), s.Zone()))
			if err != nil || totals.In != step.want || totals.All() != step.want {
				t.Errorf("%s: %+v, %v, want %d", step.what, totals, err, step.want)
			}
		}
	})
}
