package store

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// AuditRecords lists lines of the audit log, newest first, of the communities in scope; lines of no
// community are only in the whole scope. It costs one query. more reports whether there are further
// lines in the direction of paging.
func (s *Store) AuditRecords(
	ctx context.Context, scope core.Scope, f core.AuditFilter, page Page,
) (list []core.AuditRecord, more bool, err error) {
	list, more, err = audit.List(ctx, s.db, scope, f, page)
	if err != nil {
		return nil, false, err
	}
	one := f.Action == "" && len(f.Actions) == 0 && f.Target == "" || f.Kind == "" && f.Target == "" || f.Action == "" && f.Kind == ""
	err = s.countTimeline(ctx, audit.Timeline(s.db.Dialect(), scope, f), page, listEnd{len(list), more}, one)
	return list, more, database.Wrap("count the audit log", err)
}

// AuditRecord returns one line in scope.
func (s *Store) AuditRecord(ctx context.Context, scope core.Scope, id core.ID) (core.AuditRecord, error) {
	return audit.Line(ctx, s.db, scope, id)
}

// ExportAudit calls each for every line of the filter, newest first, and reads them in parts. The
// export is in the audit log before the first line is read.
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

// auditExportAudit is what the audit log records of its own export.
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
