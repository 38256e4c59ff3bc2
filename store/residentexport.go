package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exportRows is how many rows an export reads at a time.
const exportRows = 500

// ResidentExport is what an export of residents contains, and what for.
type ResidentExport struct {
	Whole   bool   // phone and ID numbers unmasked
	Purpose string // of whole numbers
}

// ExportResidents calls each for every resident of the filter, in the order of the list; if whole,
// phone and ID numbers are unmasked. The export is in the audit log before the first row is read.
// It keeps a few hundred residents in memory.
func (s *Store) ExportResidents(
	ctx context.Context, by core.Actor, scope core.Scope, f ResidentFilter, of ResidentExport,
	each func(ResidentRow) error,
) error {
	entry, err := s.residentExportEntry(ctx, scope, f, of)
	if err != nil {
		return err
	}
	if err := s.auditExport(ctx, by, entry); err != nil {
		return err
	}
	return s.EachResident(ctx, scope, f, of.Whole, each)
}

// auditExport records an export that is sent at once.
func (s *Store) auditExport(ctx context.Context, by core.Actor, entry audit.Entry) error {
	return s.db.Write(ctx, "export", func(tx *database.Tx) error { return audit.Write(tx, by, entry) })
}

// EachResident is ExportResidents for an export that is in the audit log already.
func (s *Store) EachResident(
	ctx context.Context, scope core.Scope, f ResidentFilter, whole bool, each func(ResidentRow) error,
) error {
	scope, err := f.within(scope)
	if err != nil {
		return database.Wrap("export residents", err)
	}
	f.Page = Page{Limit: exportRows}
	err = pagesAhead(ctx, func(ctx context.Context) ([]ResidentRow, bool, error) {
		found, more, err := s.residentPage(ctx, scope, f)
		if err != nil {
			return nil, false, err
		}
		if len(found) > 0 { // by its key: the row may be deleted before the next page is read
			last := found[len(found)-1]
			if f.Page.Next = last.ID; f.sorted(scope) {
				f.Page.Key = []any{last.Value}
			}
		}
		list, err := s.residentRows(ctx, database.IDsOf(found, residentKey.id), whole)
		return list, more, err
	}, each)
	return database.Wrap("export residents", err)
}

// ResidentsBeyond reports whether the list of a filter has more than n residents.
func (s *Store) ResidentsBeyond(ctx context.Context, scope core.Scope, f ResidentFilter, n int) (more bool, err error) {
	if scope, err = f.within(scope); err != nil {
		return false, err
	}
	f.Page = Page{Limit: n}
	_, more, err = s.residentPage(ctx, scope, f)
	return more, database.Wrap("count residents", err)
}

func (s *Store) residentExportEntry(ctx context.Context, scope core.Scope, f ResidentFilter, of ResidentExport) (audit.Entry, error) {
	scope, err := f.within(scope)
	if err != nil {
		return audit.Entry{}, err
	}
	kept, err := s.auditOfResidentExport(ctx, scope, f, of)
	return audit.Entry{
		Community: actCommunity(scope, f.Community), Action: "resident.export", Subject: audit.Target("resident", 0), After: kept,
	}, err
}

// residentExportAudit is what the audit log records of an export.
type residentExportAudit struct {
	Whole     bool          `json:"whole"`
	Purpose   string        `json:"purpose,omitempty"`
	House     string        `json:"house,omitempty"`
	Node      string        `json:"node,omitempty"`
	Certified *bool         `json:"certified,omitempty"`
	Identity  core.Identity `json:"identity,omitempty"`
	MovedOut  bool          `json:"moved_out,omitempty"`
	Keyword   int           `json:"keyword,omitempty"`
}

func (s *Store) auditOfResidentExport(
	ctx context.Context, scope core.Scope, f ResidentFilter, of ResidentExport,
) (residentExportAudit, error) {
	names := s.filterNames(ctx, scope)
	a := residentExportAudit{
		Whole: of.Whole, Purpose: core.Clean(of.Purpose), House: names.name(filterHouse, f.House), Node: names.name(filterNode, f.Node),
		Identity: f.Identity, MovedOut: f.MovedOut, Keyword: filterKeyword(f.Keyword),
	}
	if f.Certified != "" {
		certified := f.Certified == "yes"
		a.Certified = &certified
	}
	return a, names.err
}
