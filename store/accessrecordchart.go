package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
)

// RecordCharts counts the records of the natural days from first to last, in the
// communities in scope, at a cost of two queries over that range of records. More
// than core.ChartDaysMost days are invalid.
func (s *Store) RecordCharts(ctx context.Context, scope core.Scope, f core.RecordFilter, first, last core.Day) (core.RecordCharts, error) {
	var charts core.RecordCharts
	if last < first || last-first >= core.ChartDaysMost {
		return charts, core.InvalidFields(map[string]string{"to": fmt.Sprintf("图表最多统计 %d 天", core.ChartDaysMost)})
	}
	charts.Days = make([]core.RecordTotals, last-first+1)
	f.From, f.To = first.Start(s.zone), (last + 1).Start(s.zone)
	where, ok, err := s.recordWhere(ctx, scope, f)
	if err != nil || !ok {
		return charts, wrap("count access records for charts", err)
	}
	if err = s.recordTimes(ctx, where, f.From, &charts); err == nil {
		err = s.recordPlaces(ctx, where, &charts)
	}
	return charts, wrap("count access records for charts", err)
}

// recordTimes counts by day and by hour of the day.
func (s *Store) recordTimes(ctx context.Context, where recordWhere, start time.Time, charts *core.RecordCharts) error {
	var rows []struct {
		Since     int64          `db:"since"`
		Direction core.Direction `db:"direction"`
		Allowed   int            `db:"allowed"`
		N         int            `db:"n"`
	}
	text, args := where.text(0)
	err := s.all(ctx, &rows, `SELECT (at - ?) - (at - ?) % 3600000 AS since, direction, allowed, COUNT(*) AS n FROM access_record WHERE `+text+
		" GROUP BY since, direction, allowed", append([]any{start.UnixMilli(), start.UnixMilli()}, args...)...)
	first := core.DayOf(start, s.zone)
	for _, row := range rows {
		at := start.Add(time.Duration(row.Since) * time.Millisecond).In(s.zone)
		day := max(0, min(int(core.DayOf(at, s.zone)-first), len(charts.Days)-1))
		charts.Days[day].Count(row.Direction, row.Allowed != 0, row.N)
		charts.Hours[at.Hour()].Count(row.Direction, row.Allowed != 0, row.N)
	}
	return err
}

// recordPlaces counts by reader or post, and by reason of refusal.
func (s *Store) recordPlaces(ctx context.Context, where recordWhere, charts *core.RecordCharts) error {
	var rows []struct {
		Reader    core.ID        `db:"reader_id"`
		Post      core.ID        `db:"post_id"`
		Community core.ID        `db:"community_id"`
		Gate      string         `db:"gate"`
		Direction core.Direction `db:"direction"`
		Allowed   int            `db:"allowed"`
		Reason    core.Reason    `db:"reason"`
		N         int            `db:"n"`
	}
	text, args := where.text(0)
	err := s.all(ctx, &rows, `SELECT reader_id, post_id, community_id, MAX(gate) AS gate, direction, allowed, reason, COUNT(*) AS n FROM access_record WHERE `+text+
		" GROUP BY reader_id, post_id, community_id, direction, allowed, reason", args...)
	type place struct{ reader, post, community core.ID }
	gates, reasons := map[place]*core.GateTotals{}, map[core.Reason]int{}
	for _, row := range rows {
		at := place{row.Reader, row.Post, row.Community}
		if gates[at] == nil {
			gates[at] = &core.GateTotals{Reader: row.Reader, Post: row.Post, Community: row.Community, Gate: row.Gate}
		}
		gates[at].Count(row.Direction, row.Allowed != 0, row.N)
		if row.Allowed == 0 {
			reasons[row.Reason] += row.N
		}
	}
	for _, gate := range gates {
		charts.Gates = append(charts.Gates, *gate)
	}
	slices.SortFunc(charts.Gates, func(a, b core.GateTotals) int {
		return cmp.Or(cmp.Compare(b.All(), a.All()), cmp.Compare(a.Community, b.Community), cmp.Compare(a.Reader, b.Reader), cmp.Compare(a.Post, b.Post))
	})
	for reason, n := range reasons {
		charts.Reasons = append(charts.Reasons, core.RefusalCount{Reason: reason, N: n})
	}
	slices.SortFunc(charts.Reasons, func(a, b core.RefusalCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason))
	})
	return err
}
