package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// Files that jobs make. Rows are read, and the file is written, while the job steps; what is kept of it, encrypted and in
// pieces, is another attempt's until the export names it as made. A job that is started again makes another attempt.

const exportColumns = `id, account_id, kind, community_id, whole, file, asked, made_id, size, total, made_at`

const (
	exportAskedColumn   = "export.asked"
	exportContentColumn = "export_content.content"
	noExport            = "导出文件已过保存期限，请重新导出"
)

type exportRow struct {
	ID        core.ID         `db:"id"`
	Account   core.ID         `db:"account_id"`
	Kind      core.ExportKind `db:"kind"`
	Community core.ID         `db:"community_id"`
	Whole     bool            `db:"whole"`
	File      string          `db:"file"`
	Asked     []byte          `db:"asked"`
	MadeID    core.ID         `db:"made_id"`
	Size      int64           `db:"size"`
	Total     int             `db:"total"`
	Made      database.Millis `db:"made_at"`
}

// exportAsked is what is kept of an export, encrypted: what was searched for is somebody's name or number.
type exportAsked struct {
	Scope   core.Scope      `json:"scope"`
	Filter  json.RawMessage `json:"filter"`
	Purpose string          `json:"purpose,omitempty"`
}

// Export is a core.Export with what was asked for.
type Export struct {
	core.Export
	asked exportAsked
	made  core.ID // whose pieces are the file
}

// Read decodes the filter into a pointer to the kind's own.
func (e Export) Read(filter any) error { return json.Unmarshal(e.asked.Filter, filter) }

func (r exportRow) data(keys database.Keyring) (e Export, err error) {
	e.Export = core.Export{
		ID: r.ID, Kind: r.Kind, Account: r.Account, Community: r.Community, Whole: r.Whole, File: r.File, Rows: r.Total, Size: r.Size,
		Made: r.Made.Time,
	}
	e.made = r.MadeID
	text, err := keys.Open(exportAskedColumn, string(r.Asked))
	if err != nil {
		return e, core.NotFound("导出的条件无法解密，请联系运维人核对密钥")
	}
	err = json.Unmarshal([]byte(text), &e.asked)
	e.Scope = e.asked.Scope
	return e, err
}

// NewExport is a list to be exported in the background.
type NewExport struct {
	Kind      core.ExportKind
	Community core.ID // 0 = all of the scope
	Whole     bool
	Purpose   string // of whole numbers
	File      string
	Filter    any // the kind's own, with the zero Page
}

// exportKinds return the audit row of each kind's export.
var exportKinds = map[core.ExportKind]func(context.Context, *Store, core.Scope, Export) (audit.Entry, error){
	core.ExportResidents: func(ctx context.Context, s *Store, scope core.Scope, e Export) (audit.Entry, error) {
		var f ResidentFilter
		if err := e.Read(&f); err != nil {
			return audit.Entry{}, err
		}
		return s.residentExportEntry(ctx, scope, f, ResidentExport{Whole: e.Whole, Purpose: e.asked.Purpose})
	},
	core.ExportHouses: func(ctx context.Context, s *Store, scope core.Scope, e Export) (audit.Entry, error) {
		var f HouseFilter
		if err := e.Read(&f); err != nil {
			return audit.Entry{}, err
		}
		return s.houseExportEntry(ctx, scope, f)
	},
	core.ExportAccessRecords: func(ctx context.Context, s *Store, scope core.Scope, e Export) (audit.Entry, error) {
		var f core.RecordFilter
		if err := e.Read(&f); err != nil {
			return audit.Entry{}, err
		}
		return s.accessRecordExportEntry(ctx, scope, f)
	},
	core.ExportExitSlips: func(ctx context.Context, s *Store, scope core.Scope, e Export) (audit.Entry, error) {
		var f ExitSlipFilter
		if err := e.Read(&f); err != nil {
			return audit.Entry{}, err
		}
		return s.exitSlipExportEntry(ctx, scope, f)
	},
}

// CreateExport queues the making of a file and returns the id of its job. What is exported, by whom, is in the audit log
// from then on, as of a list that is sent at once. The same list asked for again, while the first is not made, is the first.
// The caller must have checked the permission.
func (s *Store) CreateExport(ctx context.Context, by core.Actor, scope core.Scope, n NewExport) (core.ID, error) {
	scope = scope.In(n.Community)
	if scope.Empty() {
		return 0, core.NotFound(noCommunity)
	}
	filter, err := json.Marshal(n.Filter)
	if err != nil {
		return 0, err
	}
	e := Export{
		Export: core.Export{Kind: n.Kind, Community: n.Community, Whole: n.Whole, File: n.File, Scope: scope},
		asked:  exportAsked{Scope: scope, Filter: filter, Purpose: n.Purpose},
	}
	return s.createExport(ctx, by, e)
}

// RepeatExport is CreateExport of what an export of the account's own has, if its file was not made.
func (s *Store) RepeatExport(ctx context.Context, by core.Account, id core.ID) (core.ID, error) {
	e, err := s.Export(ctx, by.ID, id)
	if err == nil {
		err = e.Check(by)
	}
	if err != nil {
		return 0, err
	}
	return s.createExport(ctx, core.Actor{Kind: core.ActorAccount, ID: by.ID, Name: by.Name}, e)
}

func (s *Store) createExport(ctx context.Context, by core.Actor, e Export) (id core.ID, err error) {
	kind, ok := exportKinds[e.Kind]
	if !ok {
		return 0, core.NotFound(noExport)
	}
	entry, err := kind(ctx, s, e.Scope, e)
	if err != nil {
		return 0, err
	}
	if err := s.lookByExport(ctx, by, e); err != nil {
		return 0, err
	}
	text, err := json.Marshal(e.asked)
	if err != nil {
		return 0, err
	}
	sealed, err := s.db.Keys().Seal(exportAskedColumn, string(text))
	if err != nil {
		return 0, err
	}
	same := s.db.Keys().Digest("export", fmt.Sprint(by.ID, e.Kind, e.Community, e.Whole, string(text)))
	err = s.db.Write(ctx, "create export", func(tx *database.Tx) error {
		var begun bool
		id, begun, err = queueJob(tx, by, newJob{kind: e.Kind.Job(), live: "export:" + same, queue: "export:" + by.ID.String()})
		if err != nil || !begun {
			return err
		}
		var kept int
		if err := tx.Get(&kept, `
			SELECT COUNT(*)
			FROM export e
			LEFT JOIN job j ON j.id = e.id
			WHERE e.account_id = ?
			AND e.created_at >= ?
			AND (e.made_id <> 0 OR j.state IN ('waiting', 'running'))`,
			int64(by.ID), tx.Now().Add(-core.ExportLife).UnixMilli()); err != nil {
			return err
		}
		if kept >= core.ExportsKept {
			return core.Conflict(fmt.Sprintf("您一天内已在后台导出 %d 份，请缩小范围，或明天再导出", kept))
		}
		if _, err := tx.Exec(
			`INSERT INTO export (id, account_id, account_name, kind, community_id, whole, file, asked, made_id, size, total, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)`,
			int64(id), int64(by.ID), by.Name, string(e.Kind), int64(e.Community), database.BoolInt(e.Whole), cutText(e.File, 200),
			[]byte(sealed), tx.NowMS(),
		); err != nil {
			return err
		}
		return audit.Write(tx, by, entry)
	})
	return id, err
}

// lookByExport notes at whose passages the office looks by a file of them.
func (s *Store) lookByExport(ctx context.Context, by core.Actor, e Export) error {
	if e.Kind != core.ExportAccessRecords {
		return nil
	}
	var f core.RecordFilter
	if err := e.Read(&f); err != nil {
		return err
	}
	return s.LookAtRecords(ctx, core.Looker{Actor: by, As: core.LookOffice}, e.Scope, f, nil)
}

// Export returns an export of an account's own, by the id of its job.
func (s *Store) Export(ctx context.Context, account, id core.ID) (Export, error) {
	var row exportRow
	err := s.db.Get(ctx, &row, "SELECT "+exportColumns+" FROM export WHERE id = ? AND account_id = ?", int64(id), int64(account))
	if err != nil {
		return Export{}, database.Wrap("read export", database.NotFoundIfNoRows(err, noExport))
	}
	return row.data(s.db.Keys())
}

// ExportWriter writes the file of an export and returns its number of rows. It calls step after some of them, and ends
// with its error.
type ExportWriter func(ctx context.Context, e Export, to io.Writer, step func(rows int) error) (rows int, err error)

// MakeExport does the work of an export's job: it writes the file and keeps it. Who may not have the file any more
// gets none. It returns a line about the file.
func (s *Store) MakeExport(
	ctx context.Context, job core.Job, write ExportWriter, step func(done, total int64) error,
) (words string, err error) {
	e, err := s.Export(ctx, job.Account, job.ID)
	if err != nil {
		return "", err
	}
	if e.Has(s.Now()) { // by a server that was killed before it could say so
		return e.Words(s.zone), nil
	}
	by, err := s.Account(ctx, core.Everywhere, job.Account)
	if err != nil {
		return "", err
	}
	if err := e.Check(by); err != nil {
		return "", core.Invalid(core.MessageOf(err))
	}
	out := &exportPieces{ctx: ctx, store: s, export: e.ID, made: s.db.NewID(s.Now())}
	rows, err := write(ctx, e, out, func(rows int) error { return step(int64(rows), 0) })
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return "", err
	}
	e.Rows, e.Size, e.Made = rows, out.size, s.Now()
	return e.Words(s.zone), s.saveExport(ctx, e, out.made)
}

// exportPieces keeps what is written to it in pieces.
type exportPieces struct {
	ctx          context.Context //nolint:containedctx // an io.Writer of one job
	store        *Store
	export, made core.ID
	piece        int
	size         int64
	rest         []byte
}

func (p *exportPieces) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	for len(p.rest) >= importPiece {
		if err := p.keep(p.rest[:importPiece]); err != nil {
			return 0, err
		}
		p.rest = append(p.rest[:0], p.rest[importPiece:]...)
	}
	return len(text), nil
}

func (p *exportPieces) flush() error {
	if len(p.rest) == 0 {
		return nil
	}
	return p.keep(p.rest)
}

// keep keeps one piece, unless the job is over.
func (p *exportPieces) keep(content []byte) error {
	sealed, err := p.store.db.Keys().Seal(exportContentColumn, string(content))
	if err != nil {
		return err
	}
	err = p.store.db.Write(p.ctx, "keep a piece of an export", func(tx *database.Tx) error {
		if err := exportRuns(tx, p.export); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO export_content (made_id, piece, export_id, content) VALUES (?, ?, ?, ?)",
			int64(p.made), p.piece, int64(p.export), []byte(sealed))
		return err
	})
	p.piece++
	p.size += int64(len(content))
	return err
}

// exportRuns is errJobGone unless the export's job runs.
func exportRuns(tx *database.Tx, id core.ID) error {
	var running int
	err := tx.Get(&running, "SELECT COUNT(*) FROM job WHERE id = ? AND state = 'running'", int64(id))
	if err == nil && running == 0 {
		err = errJobGone
	}
	return err
}

// saveExport makes the pieces of an attempt the export's file, unless it has one or its job is over, and removes those of
// other attempts.
func (s *Store) saveExport(ctx context.Context, e Export, made core.ID) error {
	return s.db.Write(ctx, "keep an export", func(tx *database.Tx) error {
		if err := exportRuns(tx, e.ID); err != nil {
			return err
		}
		if err := tx.ExecOne(errJobGone, "UPDATE export SET made_id = ?, size = ?, total = ?, made_at = ? WHERE id = ? AND made_id = 0",
			int64(made), e.Size, e.Rows, e.Made.UnixMilli(), int64(e.ID)); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM export_content WHERE export_id = ? AND made_id <> ?", int64(e.ID), int64(made))
		return err
	})
}

// DownloadExport returns an export of the account's own and what writes its file, which keeps one piece in memory. That
// it is downloaded is in the audit log before the first byte.
func (s *Store) DownloadExport(ctx context.Context, by core.Account, id core.ID) (Export, func(io.Writer) error, error) {
	e, err := s.Export(ctx, by.ID, id)
	if err == nil {
		err = e.Check(by)
	}
	if err == nil && !e.Has(s.Now()) {
		err = core.NotFound(noExport)
	}
	if err != nil {
		return e, nil, err
	}
	err = s.db.Write(ctx, "download export", func(tx *database.Tx) error {
		return audit.Write(tx, core.Actor{Kind: core.ActorAccount, ID: by.ID, Name: by.Name}, audit.Entry{
			Community: actCommunity(e.Scope, e.Community), Action: "job.download", Subject: audit.Target("job", e.ID),
			After: jobAudit{Name: e.Kind.Job().Title(), File: e.File, Rows: e.Rows, Whole: e.Whole},
		})
	})
	return e, func(to io.Writer) error { return s.writeExport(ctx, e, to) }, err
}

func (s *Store) writeExport(ctx context.Context, e Export, to io.Writer) error {
	var sent int64
	for piece := 0; sent < e.Size; piece++ {
		var sealed []byte
		if err := s.db.Get(ctx, &sealed, "SELECT content FROM export_content WHERE made_id = ? AND piece = ?",
			int64(e.made), piece); err != nil {
			return database.Wrap("read an export", database.NotFoundIfNoRows(err, noExport))
		}
		plain, err := s.db.Keys().Open(exportContentColumn, string(sealed))
		if err != nil {
			return core.NotFound("文件无法解密，请联系运维人核对密钥")
		}
		if _, err := io.WriteString(to, plain); err != nil {
			return err
		}
		sent += int64(len(plain))
	}
	return nil
}

// PurgeExports removes files a day after they were made, and what was kept of those that were not made, and returns the
// number of exports.
func (s *Store) PurgeExports(ctx context.Context) (n int, err error) {
	before := s.Now().Add(-core.ExportLife).UnixMilli()
	var old []core.ID
	if err := s.db.All(ctx, &old, `SELECT e.id FROM export e WHERE e.created_at < ? AND (e.made_at < ? OR e.made_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = e.id AND j.state IN ('waiting', 'running'))) ORDER BY e.id LIMIT 1000`,
		before, before); err != nil {
		return 0, database.Wrap("purge exports", err)
	}
	for _, id := range old {
		if err := s.clearExport(ctx, id); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// exportPart is how many pieces of a file one transaction removes.
const exportPart = 16

// clearExport removes an export: its pieces first, a few at a time, for doors wait behind each transaction.
func (s *Store) clearExport(ctx context.Context, id core.ID) error {
	for {
		var pieces []struct {
			Made  core.ID `db:"made_id"`
			Piece int     `db:"piece"`
		}
		if err := s.db.All(ctx, &pieces, "SELECT made_id, piece FROM export_content WHERE export_id = ? LIMIT ?",
			int64(id), exportPart); err != nil {
			return database.Wrap("purge exports", err)
		}
		err := s.db.Write(ctx, "purge exports", func(tx *database.Tx) error {
			for _, p := range pieces {
				if _, err := tx.Exec("DELETE FROM export_content WHERE made_id = ? AND piece = ?", int64(p.Made), p.Piece); err != nil {
					return err
				}
			}
			if len(pieces) > 0 {
				return nil
			}
			_, err := tx.Exec("DELETE FROM export WHERE id = ?", int64(id))
			return err
		})
		if err != nil || len(pieces) == 0 {
			return err
		}
	}
}
