package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// RecordCharts counts the records of the natural days from first to last, in the communities in
// scope, in one pass over that range: a few microseconds per record. More than core.MaxChartDays
// days are invalid.
func (s *Store) RecordCharts(ctx context.Context, scope core.Scope, f core.RecordFilter, first, last core.Day) (core.RecordCharts, error) {
	var charts core.RecordCharts
	if err := core.CheckChartDays(first, last); err != nil {
		return charts, err
	}
	charts.Days = make([]core.RecordTotals, last-first+1)
	f.From, f.To = first.Start(s.zone), (last + 1).Start(s.zone)
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok {
		return charts, database.Wrap("count access records for charts", err)
	}
	var rows []recordCount
	where := list.Where()
	err = s.db.All(ctx, &rows, `
		SELECT (at - ?) - (at - ?) % 3600000 AS since, community_id, reader_id, post_id, MAX(gate) AS gate,
			direction, allowed, reason, COUNT(*) AS n
		FROM `+list.From()+`
		WHERE `+where.Text()+`
		GROUP BY since, community_id, reader_id, post_id, direction, allowed, reason`,
		append([]any{f.From.UnixMilli(), f.From.UnixMilli()}, where.Args()...)...)
	s.countTimes(rows, f.From, &charts)
	countGates(rows, &charts)
	return charts, database.Wrap("count access records for charts", err)
}

// recordCount counts the records of one kind in one hour.
type recordCount struct {
	Since     int64          `db:"since"` // ms from the range's start to the hour's
	Community core.ID        `db:"community_id"`
	Reader    core.ID        `db:"reader_id"`
	Post      core.ID        `db:"post_id"`
	Gate      string         `db:"gate"`
	Direction core.Direction `db:"direction"`
	Allowed   int            `db:"allowed"`
	Reason    core.Reason    `db:"reason"`
	N         int            `db:"n"`
}

// countTimes counts by day and by hour of the day.
func (s *Store) countTimes(rows []recordCount, start time.Time, charts *core.RecordCharts) {
	first := core.DayOf(start, s.zone)
	for _, row := range rows {
		at := start.Add(time.Duration(row.Since) * time.Millisecond).In(s.zone)
		day := max(0, min(int(core.DayOf(at, s.zone)-first), len(charts.Days)-1))
		charts.Days[day].Count(row.Direction, row.Allowed != 0, row.Reason, row.N)
		charts.Hours[at.Hour()].Count(row.Direction, row.Allowed != 0, row.Reason, row.N)
	}
}

// countGates counts by reader or post, and by reason of refusal.
func countGates(rows []recordCount, charts *core.RecordCharts) {
	type gate struct{ reader, post, community core.ID }
	gates, reasons := map[gate]*core.GateTotals{}, map[core.Reason]int{}
	for _, row := range rows {
		at := gate{row.Reader, row.Post, row.Community}
		if gates[at] == nil {
			gates[at] = &core.GateTotals{Reader: row.Reader, Post: row.Post, Community: row.Community, Gate: row.Gate}
		}
		gates[at].Count(row.Direction, row.Allowed != 0, row.Reason, row.N)
		if row.Allowed == 0 {
			reasons[row.Reason] += row.N
		}
	}
	for _, gate := range gates {
		charts.Gates = append(charts.Gates, *gate)
	}
	slices.SortFunc(charts.Gates, func(a, b core.GateTotals) int {
		return cmp.Or(
			cmp.Compare(b.All(), a.All()), cmp.Compare(a.Community, b.Community),
			cmp.Compare(a.Reader, b.Reader), cmp.Compare(a.Post, b.Post),
		)
	})
	for reason, n := range reasons {
		charts.Reasons = append(charts.Reasons, core.RefusalCount{Reason: reason, N: n})
	}
	slices.SortFunc(charts.Reasons, func(a, b core.RefusalCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason))
	})
}
