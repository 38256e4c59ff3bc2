package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exitSlipExportAudit is what the audit log records of an export: its filter.
type exitSlipExportAudit struct {
	House   string         `json:"house,omitempty"`
	State   core.ExitState `json:"state,omitempty"`
	Planned string         `json:"planned,omitempty"`
	Keyword int            `json:"keyword,omitempty"`
}

func (s *Store) exitSlipExportEntry(ctx context.Context, scope core.Scope, f ExitSlipFilter) (audit.Entry, error) {
	kept := exitSlipExportAudit{
		House: s.filterNames(ctx, scope).name(filterHouse, f.House), State: f.State, Keyword: filterKeyword(f.Keyword),
	}
	if f.Planned != 0 {
		kept.Planned = f.Planned.String()
	}
	return audit.Entry{
		Community: actCommunity(scope, f.Community), Action: "exitslip.export", Subject: audit.Target("exitslip", 0), After: kept,
	}, nil
}

// ExportExitSlips is EachExitSlip for a file to download. Who downloads which slips is in the audit log before the first one is
// read.
func (s *Store) ExportExitSlips(
	ctx context.Context, by core.Actor, scope core.Scope, f ExitSlipFilter, each func(core.ExitSlip) error,
) error {
	entry, err := s.exitSlipExportEntry(ctx, scope, f)
	if err == nil {
		err = s.auditExport(ctx, by, entry)
	}
	if err != nil {
		return err
	}
	return s.EachExitSlip(ctx, scope, f, each)
}

// EachExitSlip calls each for every slip of the filter, newest first, masked, and keeps some hundreds in memory.
func (s *Store) EachExitSlip(ctx context.Context, scope core.Scope, f ExitSlipFilter, each func(core.ExitSlip) error) error {
	f.Page = Page{Limit: exportRows}
	for {
		slips, more, err := s.ExitSlips(ctx, scope, f)
		if err != nil {
			return err
		}
		for _, e := range slips {
			if err := each(e); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		f.Page.Next = slips[len(slips)-1].ID
	}
}

// ExitSlipsBeyond reports whether the list of a filter has more than n slips.
func (s *Store) ExitSlipsBeyond(ctx context.Context, scope core.Scope, f ExitSlipFilter, n int) (bool, error) {
	where, err := s.exitSlipWhere(ctx, scope, f)
	if err != nil {
		return false, database.Wrap("count exit slips", err)
	}
	where = database.Within(scope, "e.community_id").With(where)
	return s.beyond(ctx, "FROM "+exitSlipTables+" WHERE "+where.Text(), where.Args(), n)
}
