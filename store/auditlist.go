package store

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// AuditRecords lists lines of the audit log, newest first, of the communities in
// scope; what belongs to no community is for those who see all. It costs one
// query. more tells that further lines lie in the direction of paging.
func (s *Store) AuditRecords(
	ctx context.Context, scope core.Scope, f core.AuditFilter, page Page,
) (list []core.AuditRecord, more bool, err error) {
	q, ok := newAuditQuery(scope, f)
	if !ok {
		return nil, false, nil
	}
	query, args := s.auditPage(q, page)
	var rows []audit.Row
	if err := s.db.All(ctx, &rows, query, args...); err != nil {
		return nil, false, database.Wrap("list the audit log", err)
	}
	rows, more = core.CutPage(page, rows)
	list = make([]core.AuditRecord, len(rows))
	for i, row := range rows {
		list[i] = row.Record()
	}
	return list, more, nil
}

// AuditRecord gives one line in scope.
func (s *Store) AuditRecord(ctx context.Context, scope core.Scope, id core.ID) (core.AuditRecord, error) {
	var row audit.Row
	within, args := database.ScopeWhere(scope, "community_id")
	err := s.db.Get(ctx, &row, "SELECT "+audit.Columns+" FROM audit_log WHERE id = ? AND "+within, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.AuditRecord{}, database.Wrap("read a line of the audit log", database.NotFoundIfNoRows(err, "操作记录不存在"))
	}
	return row.Record(), nil
}

// ExportAudit calls each for every line of the filter, newest first, reading them
// in parts. That somebody took them is in the audit log before the first is read.
func (s *Store) ExportAudit(
	ctx context.Context, by core.Actor, scope core.Scope, f core.AuditFilter, each func(core.AuditRecord) error,
) error {
	err := s.db.Write(ctx, "export the audit log", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: actCommunity(scope, f.Community), Action: "audit.export", Subject: audit.Target("audit", 0),
			After: s.auditOfAuditExport(f),
		})
	})
	if err != nil {
		return err
	}
	const part = 1000
	for page := (Page{Limit: part}); ; {
		list, more, err := s.AuditRecords(ctx, scope, f, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := each(r); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		page.Next = list[len(list)-1].ID
	}
}

// auditExportAudit is what the audit log keeps of a file that was taken of itself.
type auditExportAudit struct {
	All    bool   `json:"all,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Act    string `json:"action,omitempty"`
	Actor  string `json:"actor,omitempty"`
	Target string `json:"target,omitempty"`
}

func (s *Store) auditOfAuditExport(f core.AuditFilter) auditExportAudit {
	a := auditExportAudit{From: s.filterMoment(f.From), To: s.filterMoment(f.To), Target: f.Target}
	if f.Action != "" {
		a.Act = core.AuditRecord{Action: f.Action}.ActionLabel()
	}
	if f.Kind != "" {
		a.Actor = strings.TrimSuffix(string(f.Kind)+":"+f.Actor.String(), ":0")
	}
	a.All = a == auditExportAudit{}
	return a
}

// auditQuery is a filter as SQL. Communities apart, as in recordWhere.
type auditQuery struct {
	all         bool
	communities []core.ID
	conditions  []string
	args        []any
	bounds      string // of the page, with " AND" in front
	cursor      []any  // the arguments of bounds
	index       string // that a list of one community pages in; "" leaves it to the database
}

// newAuditQuery turns a filter into SQL; ok is false where nothing can match.
func newAuditQuery(scope core.Scope, f core.AuditFilter) (q auditQuery, ok bool) {
	q.all, q.communities = scope.Whole(), scope.Communities()
	if f.Community != 0 {
		if !scope.Has(f.Community) {
			return q, false
		}
		q.all, q.communities = false, []core.ID{f.Community}
	}
	if !q.all && len(q.communities) == 0 {
		return q, false
	}
	q.index = "audit_log_community"
	if f.Action != "" {
		q.index = "audit_log_community_action"
		q.add("action = ?", f.Action)
	}
	if f.Kind != "" {
		q.index = ""
		q.add("actor_kind = ?", string(f.Kind))
		if f.Actor != 0 {
			q.add("actor_id = ?", int64(f.Actor))
		}
	}
	if f.Target != "" {
		q.index = ""
		q.add("target = ?", f.Target)
	}
	if !f.From.IsZero() {
		q.add("id >= ?", int64(database.FirstID(f.From)))
	}
	if !f.To.IsZero() {
		q.add("id < ?", int64(database.FirstID(f.To)))
	}
	return q, true
}

func (q *auditQuery) add(condition string, arg any) {
	q.conditions, q.args = append(q.conditions, condition), append(q.args, arg)
}

// where is the condition within some communities; nil is all.
func (q auditQuery) where(communities []core.ID) (string, []any) {
	parts, args := []string{"1 = 1"}, []any{}
	if len(communities) == 1 {
		parts, args = []string{"community_id = ?"}, database.IDArgs(communities)
	} else if len(communities) > 1 {
		parts, args = []string{"community_id IN (" + database.Placeholders(len(communities)) + ")"}, database.IDArgs(communities)
	}
	where := " WHERE " + strings.Join(append(parts, q.conditions...), " AND ") + q.bounds
	return where, append(append(args, q.args...), q.cursor...)
}

// auditPage is the query of one page, with one row more than asked for.
func (s *Store) auditPage(q auditQuery, p Page) (string, []any) {
	order := newestFirst.Clause(p)
	q.bounds, q.cursor = newestFirst.Bounds(p)
	const from = "SELECT " + audit.Columns + " FROM audit_log"
	hint := ""
	if q.index != "" {
		hint = s.db.Dialect().ForceIndex(q.index)
	}
	switch {
	case q.all:
		where, args := q.where(nil)
		return from + where + order, append(args, p.Limit+1)
	case len(q.communities) == 1:
		where, args := q.where(q.communities)
		return from + hint + where + order, append(args, p.Limit+1)
	case q.index == "" || len(q.communities) > maxUnion:
		where, args := q.where(q.communities)
		return from + where + order, append(args, p.Limit+1)
	}
	var ids []string
	var all []any
	for _, community := range q.communities {
		where, args := q.where([]core.ID{community})
		ids = append(ids, "SELECT id FROM audit_log"+hint+where+order)
		all = append(append(all, args...), p.Limit+1)
	}
	return from + firstOf(ids, order), append(all, p.Limit+1)
}
