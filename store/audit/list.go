package audit

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// List returns a page of the log's lines, newest first, of the communities in scope; lines of no
// community are only in the whole scope. It costs one query. more reports whether there are further
// lines in the direction of paging.
func List(
	ctx context.Context, db *database.DB, scope core.Scope, f core.AuditFilter, page core.Page,
) (list []core.AuditRecord, more bool, err error) {
	lines := Timeline(db.Dialect(), scope, f)
	if lines.Scope.Empty() {
		return nil, false, nil
	}
	query, args := lines.Page(page)
	var rows []Row
	if err := db.All(ctx, &rows, query, args...); err != nil {
		return nil, false, database.Wrap("list the audit log", err)
	}
	rows, more = core.CutPage(page, rows)
	list = make([]core.AuditRecord, len(rows))
	for i, row := range rows {
		list[i] = row.Record()
	}
	return list, more, nil
}

// Line returns one entry in scope.
func Line(ctx context.Context, db *database.DB, scope core.Scope, id core.ID) (core.AuditRecord, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	var row Row
	if err := db.Get(ctx, &row, "SELECT "+Columns+" FROM audit_log WHERE "+where.Text(), where.Args()...); err != nil {
		return core.AuditRecord{}, database.Wrap("read a line of the audit log", database.NotFoundIfNoRows(err, "操作记录不存在"))
	}
	return row.Record(), nil
}

// Timeline turns a filter into SQL. The indexes that begin with the community cover acts, but not
// actors and targets.
func Timeline(dialect database.Dialect, scope core.Scope, f core.AuditFilter) database.Timeline {
	l := database.Timeline{Table: "audit_log", Columns: Columns, Scope: scope.In(f.Community), Filter: where(f)}
	switch {
	case f.Kind != "" || f.Target != "" || len(f.Targets) > 0:
	case f.Action != "" || len(f.Actions) > 0:
		l.Index, l.Apart = dialect.ForceIndex("audit_log_community_action"), true
	default:
		l.Index, l.Apart = dialect.ForceIndex("audit_log_community"), true
	}
	return l
}

func where(f core.AuditFilter) database.Where {
	var w database.Where
	if f.Action != "" {
		w.And("action = ?", f.Action)
	}
	if len(f.Actions) > 0 {
		w.And("action IN ("+database.Placeholders(len(f.Actions))+")", textArgs(f.Actions)...)
	}
	if f.Except != "" {
		w.And("action <> ?", f.Except)
	}
	if f.Kind != "" {
		w.And("actor_kind = ?", string(f.Kind))
		if f.Actor != 0 {
			w.And("actor_id = ?", int64(f.Actor))
		}
	}
	if f.Target != "" {
		w.And("target = ?", f.Target)
	}
	if len(f.Targets) > 0 {
		w.And("target IN ("+database.Placeholders(len(f.Targets))+")", textArgs(f.Targets)...)
	}
	if !f.From.IsZero() {
		w.And("id >= ?", int64(database.FirstID(f.From)))
	}
	if !f.To.IsZero() {
		w.And("id < ?", int64(database.FirstID(f.To)))
	}
	return w
}

func textArgs(texts []string) []any {
	args := make([]any, len(texts))
	for i, text := range texts {
		args[i] = text
	}
	return args
}
