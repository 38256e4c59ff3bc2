package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
)

// ExportAccessRecords is EachAccessRecord for a file that leaves the program:
// that somebody took it, and which records, is in the audit log before the first
// of them is read.
func (s *Store) ExportAccessRecords(ctx context.Context, by core.Actor, scope core.Scope, f core.RecordFilter, each func(core.AccessRecord) error) error {
	err := s.write(ctx, "export access records", func(tx *Tx) error {
		return audit(tx, by, auditEntry{Community: actCommunity(scope, f.Community), Action: "record.export", Target: "access_record", After: s.filterWords(f)})
	})
	if err != nil {
		return err
	}
	return s.EachAccessRecord(ctx, scope, f, each)
}

// filterWords says a filter for the audit log: of a keyword, which may be a name,
// only that there was one.
func (s *Store) filterWords(f core.RecordFilter) string {
	var words []string
	add := func(name, value string) {
		if value != "" && value != "0" {
			words = append(words, name+"="+value)
		}
	}
	if !f.From.IsZero() {
		add("from", f.From.In(s.zone).Format("2006-01-02 15:04"))
	}
	if !f.To.IsZero() {
		add("to", f.To.In(s.zone).Format("2006-01-02 15:04"))
	}
	add("direction", string(f.Direction))
	add("kind", string(f.Kind))
	add("via", string(f.Via))
	add("result", f.Result)
	add("reason", string(f.Reason))
	add("reader", f.Reader.String())
	add("post", f.Post.String())
	add("house", f.House.String())
	add("person", f.Person.String())
	if f.Keyword != "" {
		words = append(words, fmt.Sprintf("keyword of %d characters", len([]rune(f.Keyword))))
	}
	return strings.Join(words, " ")
}

// RecordHours counts the records of a natural day by the hour, in the communities
// in scope.
func (s *Store) RecordHours(ctx context.Context, scope core.Scope, f core.RecordFilter, day core.Day) (core.HourTotals, error) {
	start := day.Start(s.zone)
	f.From, f.To = start, (day + 1).Start(s.zone)
	var hours core.HourTotals
	where, ok, err := s.recordWhere(ctx, scope, f)
	if err != nil || !ok {
		return hours, wrap("count access records by the hour", err)
	}
	var rows []struct {
		Since     int64          `db:"since"`
		Direction core.Direction `db:"direction"`
		Allowed   int            `db:"allowed"`
		N         int            `db:"n"`
	}
	const hour = 3_600_000
	text, args := where.text(0)
	err = s.all(ctx, &rows, `SELECT (at - ?) - (at - ?) % 3600000 AS since, direction, allowed, COUNT(*) AS n FROM access_record WHERE `+text+
		" GROUP BY since, direction, allowed", append([]any{start.UnixMilli(), start.UnixMilli()}, args...)...)
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
	return hours, wrap("count access records by the hour", err)
}
