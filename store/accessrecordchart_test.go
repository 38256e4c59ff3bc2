package store

import (
	"slices"
	"testing"
	"time"

	"tongxing/core"
)

func TestRecordCharts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		last := core.DayOf(testNow, testZone)
		first := last - 2
		start := first.Start(testZone)
		at := func(community core.ID, after time.Duration, direction core.Direction, reason core.Reason) core.AccessRecord {
			return core.AccessRecord{
				Community: community, At: start.Add(after), Via: core.ViaReader, Reader: 5, Gate: "东门",
				Direction: direction, Allowed: reason == core.ReasonAllowed, Reason: reason,
			}
		}
		const hour, day = time.Hour, 24 * time.Hour
		guarded := at(11, day+8*hour, core.In, core.ReasonAllowed)
		guarded.Via, guarded.Reader, guarded.Post, guarded.Gate = core.ViaGuard, 0, 7, "北门岗"
		urgent := at(11, 2*day+9*hour, core.Out, core.ReasonUrgent)
		urgent.Allowed, urgent.Reader, urgent.Post, urgent.Gate = true, 0, 7, "北门岗"
		err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{
			at(11, -time.Millisecond, core.Out, core.ReasonAllowed), at(11, 3*day, core.Out, core.ReasonAllowed), // outside the range
			at(11, 0, core.Out, core.ReasonAllowed), at(11, 8*hour, core.In, core.ReasonCount),
			at(11, 3*day-time.Millisecond, core.Out, core.ReasonFever),
			at(11, 2*day, core.Out, core.ReasonCount), guarded, urgent, at(12, 8*hour, core.Out, core.ReasonAllowed),
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.RecordCharts(t.Context(), core.ScopeOf(11), core.RecordFilter{}, first, last)
		if err != nil {
			t.Fatal(err)
		}
		if want := []core.RecordTotals{{Out: 1, Refused: 1}, {In: 1}, {Out: 1, Refused: 2, Urgent: 1}}; !slices.Equal(got.Days, want) {
			t.Errorf("days %+v", got.Days)
		}
		hours := core.HourTotals{0: {Out: 1, Refused: 1}, 8: {In: 1, Refused: 1}, 9: {Out: 1, Urgent: 1}, 23: {Refused: 1}}
		if got.Hours != hours {
			t.Errorf("hours %+v", got.Hours)
		}
		gates := []core.GateTotals{
			{Reader: 5, Community: 11, Gate: "东门", RecordTotals: core.RecordTotals{Out: 1, Refused: 3}},
			{Post: 7, Community: 11, Gate: "北门岗", RecordTotals: core.RecordTotals{In: 1, Out: 1, Urgent: 1}},
		}
		if !slices.Equal(got.Gates, gates) {
			t.Errorf("gates %+v", got.Gates)
		}
		if want := []core.RefusalCount{{Reason: core.ReasonCount, N: 2},
			{Reason: core.ReasonFever, N: 1}}; !slices.Equal(got.Reasons, want) {
			t.Errorf("reasons %+v", got.Reasons)
		}
		refusedRecordCharts(t, s, first)
	})
}

// Other communities' records and overlong ranges are not counted.
func refusedRecordCharts(t *testing.T, s *Store, first core.Day) {
	got, err := s.RecordCharts(t.Context(), core.ScopeOf(12), core.RecordFilter{Community: 11}, first, first)
	if err != nil || got.Sum() != (core.RecordTotals{}) || len(got.Days) != 1 {
		t.Errorf("another community: %+v, %v", got, err)
	}
	if _, err := s.RecordCharts(t.Context(), core.ScopeOf(11), core.RecordFilter{}, first, first+core.MaxChartDays-1); err != nil {
		t.Errorf("31 days: %v", err)
	}
	for _, last := range []core.Day{first - 1, first + core.MaxChartDays} {
		if _, err := s.RecordCharts(t.Context(), core.ScopeOf(11), core.RecordFilter{}, first, last); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("to %s: %v", last, err)
		}
	}
}
