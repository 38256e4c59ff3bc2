package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ExportAccessRecords is EachAccessRecord for a file that leaves the program:
// that somebody took it, and which records, is in the audit log before the first
// of them is read.
func (s *Store) ExportAccessRecords(
	ctx context.Context, by core.Actor, scope core.Scope, f core.RecordFilter,
	each func(core.AccessRecord) error,
) error {
	words, err := s.recordFilterWords(ctx, scope, f)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, "export access records", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: actCommunity(scope, f.Community), Action: "accessrecord.export", Target: "access_record",
			After: words,
		})
	})
	if err != nil {
		return err
	}
	return s.EachAccessRecord(ctx, scope, f, each)
}

// recordFilterWords says a filter for the audit log.
func (s *Store) recordFilterWords(ctx context.Context, scope core.Scope, f core.RecordFilter) (string, error) {
	words := s.filterWords(ctx, scope)
	const moment = "2006-01-02 15:04"
	if !f.From.IsZero() {
		words.add("开始", f.From.In(s.zone).Format(moment))
	}
	if !f.To.IsZero() {
		words.add("结束", f.To.In(s.zone).Format(moment))
	}
	words.add("方向", f.Direction.Words())
	if f.Kind != "" {
		words.add("通行证", f.Kind.Words())
	}
	words.add("方式", f.Via.Words())
	words.add("结果", map[string]string{"allowed": "放行", "refused": "拒绝"}[f.Result])
	if f.Reason != "" {
		words.add("原因", f.Reason.Sentence())
	}
	words.id(filterReader, f.Reader)
	words.id(filterPost, f.Post)
	words.id(filterHouse, f.House)
	words.id(filterPerson, f.Person)
	words.keyword(f.Keyword)
	return words.all("全部出入记录")
}

// RecordHours counts the records of a natural day by the hour, in the communities
// in scope.
func (s *Store) RecordHours(ctx context.Context, scope core.Scope, f core.RecordFilter, day core.Day) (core.HourTotals, error) {
	start := day.Start(s.zone)
	f.From, f.To = start, (day + 1).Start(s.zone)
	var hours core.HourTotals
	where, ok, err := s.recordWhere(ctx, scope, f)
	if err != nil || !ok {
		return hours, database.Wrap("count access records by the hour", err)
	}
	var rows []struct {
		Since     int64          `db:"since"`
		Direction core.Direction `db:"direction"`
		Allowed   int            `db:"allowed"`
		N         int            `db:"n"`
	}
	const hour = 3_600_000
	text, args := where.text(0)
	err = s.db.All(
		ctx, &rows,
		`SELECT (at - ?) - (at - ?) % 3600000 AS since, direction, allowed, COUNT(*) AS n FROM access_record WHERE `+text+
			" GROUP BY since, direction, allowed",
		append([]any{start.UnixMilli(), start.UnixMilli()}, args...)...,
	)
	for _, row := range rows {
		t := &hours[max(0, min(row.Since/hour, int64(len(hours)-1)))]
		switch {
		case row.Allowed == 0:
			t.Refused += row.N
		case row.Direction == core.In:
			t.In += row.N
		default:
			t.Out += row.N
		}
	}
	return hours, database.Wrap("count access records by the hour", err)
}
