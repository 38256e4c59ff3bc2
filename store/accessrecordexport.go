package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ExportAccessRecords is EachAccessRecord for a file to download. Who downloads which records is in
// the audit log before the first one is read.
func (s *Store) ExportAccessRecords(
	ctx context.Context, by core.Looker, scope core.Scope, f core.RecordFilter,
	each func(core.AccessRecord) error,
) error {
	entry, err := s.accessRecordExportEntry(ctx, scope, f)
	if err == nil {
		err = s.auditExport(ctx, by.Actor, entry)
	}
	if err == nil {
		err = s.LookAtRecords(ctx, by, scope, f, nil)
	}
	if err != nil {
		return err
	}
	return s.EachAccessRecord(ctx, scope, f, each)
}

func (s *Store) accessRecordExportEntry(ctx context.Context, scope core.Scope, f core.RecordFilter) (audit.Entry, error) {
	kept, err := s.auditOfAccessRecordExport(ctx, scope, f)
	return audit.Entry{
		Community: actCommunity(scope, f.Community), Action: "accessrecord.export", Subject: audit.Target("accessrecord", 0), After: kept,
	}, err
}

// AccessRecordsBeyond reports whether the list of a filter has more than n records.
func (s *Store) AccessRecordsBeyond(ctx context.Context, scope core.Scope, f core.RecordFilter, n int) (bool, error) {
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok || list.Scope.Empty() {
		return false, database.Wrap("count access records", err)
	}
	where := list.Where()
	return s.beyond(ctx, "FROM "+list.From()+" WHERE "+where.Text(), where.Args(), n)
}

// SearchAccessRecords is AccessRecords for an outsider's search, which is recorded in the audit
// log. Whose records it shows can read that somebody looked.
func (s *Store) SearchAccessRecords(
	ctx context.Context, by core.Looker, scope core.Scope, search RecordSearch,
) (records []core.AccessRecord, more bool, err error) {
	kept, err := s.auditOfAccessRecordExport(ctx, scope, search.Filter)
	if err != nil {
		return nil, false, err
	}
	err = s.db.Write(ctx, "search access records", func(tx *database.Tx) error {
		return audit.Write(tx, by.Actor, audit.Entry{
			Community: actCommunity(scope, search.Filter.Community), Action: "accessrecord.search",
			Subject: audit.Target("accessrecord", 0), After: kept,
		})
	})
	if err != nil {
		return nil, false, err
	}
	if records, more, err = s.AccessRecords(ctx, scope, search.Filter, search.Page); err != nil {
		return nil, false, err
	}
	return records, more, s.LookAtRecords(ctx, by, scope, search.Filter, records)
}

// RecordSearch is one page of a search.
type RecordSearch struct {
	Filter core.RecordFilter
	Page   Page
}

// accessRecordExportAudit is what the audit log records of a search or a download.
type accessRecordExportAudit struct {
	All       bool           `json:"all,omitempty"`
	From      string         `json:"from,omitempty"`
	To        string         `json:"to,omitempty"`
	Direction core.Direction `json:"direction,omitempty"`
	Kind      core.PassKind  `json:"kind,omitempty"`
	Via       core.Via       `json:"via,omitempty"`
	Result    string         `json:"result,omitempty"`
	Reason    core.Reason    `json:"reason,omitempty"`
	Reader    string         `json:"reader,omitempty"`
	Post      string         `json:"post,omitempty"`
	House     string         `json:"house,omitempty"`
	Person    string         `json:"person,omitempty"`
	Keyword   int            `json:"keyword,omitempty"`
}

func (s *Store) auditOfAccessRecordExport(
	ctx context.Context, scope core.Scope, f core.RecordFilter,
) (accessRecordExportAudit, error) {
	names := s.filterNames(ctx, scope)
	a := accessRecordExportAudit{
		From: s.filterMoment(f.From), To: s.filterMoment(f.To),
		Direction: f.Direction, Kind: f.Kind, Via: f.Via, Result: f.Result, Reason: f.Reason,
		Reader: names.name(filterReader, f.Reader), Post: names.name(filterPost, f.Post),
		House: names.name(filterHouse, f.House), Person: names.name(filterPerson, f.Person),
		Keyword: filterKeyword(f.Keyword),
	}
	a.All = a == accessRecordExportAudit{}
	return a, names.err
}

// RecordHours counts the records of a natural day by the hour, in the communities
// in scope.
func (s *Store) RecordHours(ctx context.Context, scope core.Scope, f core.RecordFilter, day core.Day) (core.HourTotals, error) {
	start := day.Start(s.zone)
	f.From, f.To = start, (day + 1).Start(s.zone)
	var hours core.HourTotals
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok {
		return hours, database.Wrap("count access records by the hour", err)
	}
	var rows []struct {
		Since     int64          `db:"since"`
		Direction core.Direction `db:"direction"`
		Allowed   int            `db:"allowed"`
		Urgent    int            `db:"urgent"`
		N         int            `db:"n"`
	}
	const hour = 3_600_000
	where := list.Where()
	err = s.db.All(ctx, &rows, `
		SELECT (at - ?) - (at - ?) % 3600000 AS since, direction, allowed,
			SUM(CASE WHEN reason = ? THEN 1 ELSE 0 END) AS urgent, COUNT(*) AS n
		FROM `+list.From()+`
		WHERE `+where.Text()+`
		GROUP BY since, direction, allowed`,
		append([]any{start.UnixMilli(), start.UnixMilli(), string(core.ReasonUrgent)}, where.Args()...)...)
	for _, row := range rows {
		t := &hours[max(0, min(row.Since/hour, int64(len(hours)-1)))]
		t.Count(row.Direction, row.Allowed != 0, "", row.N)
		if row.Allowed != 0 {
			t.Urgent += row.Urgent
		}
	}
	return hours, database.Wrap("count access records by the hour", err)
}

// RefusalReasons counts the refusals of a natural day by reason, in the communities in scope, the most frequent
// first.
func (s *Store) RefusalReasons(ctx context.Context, scope core.Scope, day core.Day) (reasons []core.RefusalCount, err error) {
	f := core.RecordFilter{From: day.Start(s.zone), To: (day + 1).Start(s.zone), Result: "refused"}
	list, ok, err := s.recordTimeline(ctx, scope, f)
	if err != nil || !ok {
		return nil, database.Wrap("count refusals by reason", err)
	}
	where := list.Where()
	err = s.db.All(ctx, &reasons, `
		SELECT reason, COUNT(*) AS n
		FROM `+list.From()+`
		WHERE `+where.Text()+`
		GROUP BY reason
		ORDER BY n DESC, reason`,
		where.Args()...)
	return reasons, database.Wrap("count refusals by reason", err)
}
