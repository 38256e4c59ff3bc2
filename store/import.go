package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const importColumns = `id, community_id, kind, state, creator_id, account_id, account_name, file, size, pieces, sheet, columns_text,
	no_head,
	layout, reading_id, parts, counts, choices, next_part, written, batch_id, house_batch_id, gives_up, problem, job_id,
	created_at, updated_at, ended_at, cleared_at`

type importRow struct {
	ID          core.ID          `db:"id"`
	Community   core.ID          `db:"community_id"`
	Kind        core.ImportKind  `db:"kind"`
	State       core.ImportState `db:"state"`
	Creator     core.ID          `db:"creator_id"`
	Account     core.ID          `db:"account_id"`
	AccountName string           `db:"account_name"`
	File        string           `db:"file"`
	Size        int              `db:"size"`
	Pieces      int              `db:"pieces"`
	Sheet       string           `db:"sheet"`
	Columns     string           `db:"columns_text"`
	NoHead      bool             `db:"no_head"`
	Layout      []byte           `db:"layout"`
	Reading     core.ID          `db:"reading_id"`
	Parts       int              `db:"parts"`
	Counts      string           `db:"counts"`
	Choices     string           `db:"choices"`
	NextPart    int              `db:"next_part"`
	Written     string           `db:"written"`
	Batch       core.ID          `db:"batch_id"`
	Houses      core.ID          `db:"house_batch_id"`
	GivesUp     bool             `db:"gives_up"`
	Problem     string           `db:"problem"`
	Job         core.ID          `db:"job_id"`
	Created     database.Millis  `db:"created_at"`
	Updated     database.Millis  `db:"updated_at"`
	Ended       database.Millis  `db:"ended_at"`
	Cleared     database.Millis  `db:"cleared_at"`
}

func (r importRow) data() core.Import {
	imp := core.Import{
		ID: r.ID, Community: r.Community, Kind: r.Kind, State: r.State, Creator: r.Creator,
		By:   core.Actor{Kind: core.ActorAccount, ID: r.Account, Name: r.AccountName},
		File: r.File, Size: r.Size, Sheet: r.Sheet, NoHead: r.NoHead, Reading: r.Reading, Parts: r.Parts,
		Counts: core.ReadImportCounts(r.Counts), Choices: core.DefaultImportChoices(), NextPart: r.NextPart,
		Written: core.ReadImportCounts(r.Written), Batch: r.Batch, Houses: r.Houses, GivesUp: r.GivesUp, Problem: r.Problem,
		Job: r.Job, Created: r.Created.Time, Updated: r.Updated.Time, Ended: r.Ended.Time, Cleared: r.Cleared.Time,
	}
	_ = readBatchText(r.Columns, &imp.Columns) // written by us: what cannot be read is left out
	_ = readBatchText(r.Choices, &imp.Choices)
	return imp
}

const noImport = "没有这次导入"

// NewImport is a file to be imported.
type NewImport struct {
	Community core.ID
	Kind      core.ImportKind
	File      string // its name, for people
	Content   []byte
}

// importPiece is how much of a file one transaction writes: below max_allowed_packet of MySQL and MariaDB as they are
// shipped, and short for those who wait at a door.
const importPiece = 1 << 20

// CreateImport keeps a file, encrypted, and queues its reading. The file's pieces are written first, each in a
// transaction of its own; those of an import that was not completed are purged.
func (s *Store) CreateImport(ctx context.Context, by core.Actor, scope core.Scope, n NewImport) (core.Import, error) {
	if !scope.Has(n.Community) {
		return core.Import{}, core.NotFound(noCommunity)
	}
	if _, ok := n.Kind.Type(); !ok || len(n.Content) == 0 || len(n.Content) > core.MaxImportFile {
		return core.Import{}, core.Invalid("请选择文件，最大 20 MB")
	}
	if err := s.checkImportsKept(ctx, by, len(n.Content)); err != nil {
		return core.Import{}, err
	}
	id := s.db.NewID(s.Now())
	pieces := 0
	for at := 0; at < len(n.Content); at += importPiece {
		if err := s.createImportPiece(ctx, id, pieces, n.Content[at:min(at+importPiece, len(n.Content))]); err != nil {
			return core.Import{}, err
		}
		pieces++
	}
	sum := sha256.Sum256(n.Content)
	var imp core.Import
	err := s.db.Write(ctx, "create import", func(tx *database.Tx) error {
		c, err := lockForImport(tx, scope, n.Community)
		if err != nil {
			return err
		}
		job, _, err := queueJob(tx, by, importJob(id, c.ID, core.JobReadImport))
		if err != nil {
			return err
		}
		_, err = tx.Exec(
			`INSERT INTO import (id, community_id, kind, state, creator_id, account_id, account_name, file, size, pieces, sha256, sheet,
				columns_text, layout, reading_id, parts, counts, choices, next_part, written, batch_id, house_batch_id, gives_up,
				problem, job_id, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', 0, 0, '', '', 0, '', 0, 0, 0, '', ?, ?, ?)`,
			int64(id), int64(c.ID), string(n.Kind), string(core.ImportReading), int64(by.ID), int64(by.ID), by.Name, cutText(n.File, 200),
			len(n.Content), pieces, hex.EncodeToString(sum[:]), int64(job), tx.NowMS(), tx.NowMS(),
		)
		if err != nil {
			return err
		}
		var row importRow
		if err := tx.Get(&row, "SELECT "+importColumns+" FROM import WHERE id = ?", int64(id)); err != nil {
			return err
		}
		imp = row.data()
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "import.create", Subject: audit.Target("import", id),
			After: importAudit{What: n.Kind, File: imp.File},
		})
	})
	return imp, err
}

// lockForImport locks a community in use. An import that is being written goes on although its community is archived: half of it
// would be worse.
func lockForImport(tx *database.Tx, scope core.Scope, community core.ID) (core.Community, error) {
	c, err := lockCommunity(tx, scope, community)
	if err == nil && !c.Archived.IsZero() {
		err = core.Conflict("小区已归档，不能导入；请先恢复小区")
	}
	return c, err
}

// checkImportsKept refuses a file that is too much beside those of an account that are kept. Of files that are sent at the same
// moment none counts for the others.
func (s *Store) checkImportsKept(ctx context.Context, by core.Actor, size int) error {
	var kept int
	err := s.db.Get(ctx, &kept, "SELECT COALESCE(SUM(size), 0) FROM import WHERE creator_id = ? AND cleared_at IS NULL", int64(by.ID))
	if err == nil && kept+size > core.MaxImportsKept {
		return core.Conflict("您 7 天内上传的文件合计超过 1 GB，请几天后再上传，或请同事上传")
	}
	return database.Wrap("count kept files", err)
}

// importJob is a job that works on an import; those of a community run one after another.
func importJob(id, community core.ID, kind core.JobKind) newJob {
	return newJob{
		kind: kind, subject: id, live: string(kind) + ":" + id.String(), queue: "import:" + community.String(),
	}
}

// importAudit is what the audit log records of an import.
type importAudit struct {
	What    core.ImportKind  `json:"what,omitempty"`
	File    string           `json:"file,omitempty"`
	Rows    int              `json:"rows,omitempty"`
	Known   core.ImportKnown `json:"known,omitempty"`
	Ties    bool             `json:"ties,omitempty"`
	Back    bool             `json:"back,omitempty"`
	All     bool             `json:"all,omitempty"`
	Sheet   string           `json:"sheet,omitempty"`
	Columns []string         `json:"columns,omitempty"`
}

// importContentColumn and the others are what contents are sealed for.
const (
	importContentColumn = "import_content.content"
	importPartColumn    = "import_part.content"
	importLayoutColumn  = "import.layout"
)

func (s *Store) createImportPiece(ctx context.Context, id core.ID, piece int, content []byte) error {
	sealed, err := s.db.Keys().Seal(importContentColumn, string(content))
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "keep a piece of a file", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"INSERT INTO import_content (import_id, piece, content, created_at) VALUES (?, ?, ?, ?)",
			int64(id), piece, []byte(sealed), tx.NowMS(),
		)
		return err
	})
}

const importCleared = "文件已过保存期限，请重新上传"

// importContent returns the file of an import.
func (s *Store) importContent(ctx context.Context, id core.ID) ([]byte, error) {
	var content []byte
	for piece := 0; ; piece++ {
		var sealed [][]byte
		err := s.db.All(ctx, &sealed, "SELECT content FROM import_content WHERE import_id = ? AND piece = ?", int64(id), piece)
		if err != nil {
			return nil, database.Wrap("read a file", err)
		}
		if len(sealed) == 0 {
			break
		}
		plain, err := s.db.Keys().Open(importContentColumn, string(sealed[0]))
		if err != nil {
			return nil, core.NotFound("文件无法解密，请联系运维人核对密钥")
		}
		content = append(content, plain...)
	}
	if len(content) == 0 {
		return nil, core.NotFound(importCleared)
	}
	return content, nil
}

// ImportFaultFile returns the file of an import, to be sent back with what is wrong in it. That somebody takes it is
// recorded, before it is returned: it has phone and ID numbers. The caller must have checked the permission.
func (s *Store) ImportFaultFile(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) ([]byte, error) {
	imp, err := s.Import(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	content, err := s.importContent(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, "send the faults of an import", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: imp.Community, Action: "import.faults", Subject: audit.Target("import", id),
			After: importAudit{What: imp.Kind, File: imp.File, Rows: imp.Counts.Of(core.ImportWrong)},
		})
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// Import returns one import of the scope.
func (s *Store) Import(ctx context.Context, scope core.Scope, id core.ID) (core.Import, error) {
	row, err := s.importRow(ctx, scope, id)
	return row.data(), err
}

func (s *Store) importRow(ctx context.Context, scope core.Scope, id core.ID) (importRow, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row importRow
	err := s.db.Get(ctx, &row, "SELECT "+importColumns+" FROM import WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	return row, database.Wrap("read import", database.NotFoundIfNoRows(err, noImport))
}

// ImportFilter narrows the list of imports.
type ImportFilter struct {
	Kinds []core.ImportKind // of these; empty = none
	By    core.Account      // who asks, see SeesImport; zero = the system
	State core.ImportState  // "" = any
	Page  Page              // by id, newest first
}

// Imports lists imports of the scope, newest first.
func (s *Store) Imports(ctx context.Context, scope core.Scope, f ImportFilter) (list []core.Import, more bool, err error) {
	if len(f.Kinds) == 0 {
		return nil, false, nil
	}
	var filter database.Where
	kinds := make([]any, len(f.Kinds))
	for i, kind := range f.Kinds {
		kinds[i] = string(kind)
	}
	filter.And("kind IN ("+database.Placeholders(len(kinds))+")", kinds...)
	if f.State != "" {
		filter.And("state = ?", string(f.State))
	}
	if f.By.ID != 0 {
		seen, args := importSeenBy(f.By)
		filter.And(seen, args...)
	}
	rows, more, err := readPage[importRow](ctx, s, listQuery{
		columns: strings.Replace(importColumns, "layout", "'' AS layout", 1), table: "import",
		scope: database.Within(scope, "community_id"), filter: filter, order: database.NewestFirst,
	}, f.Page)
	for _, row := range rows {
		list = append(list, row.data())
	}
	return list, more, database.Wrap("list imports", err)
}

// SeesImport reports whether an account may see an import of its scope that it has read: the rows of a list that is Wide may
// concern any community of who imported it, and are seen by them and by accounts that have all of those communities.
func (s *Store) SeesImport(ctx context.Context, by core.Account, imp core.Import) (bool, error) {
	seen, args := importSeenBy(by)
	var n int
	err := s.db.Get(ctx, &n, "SELECT COUNT(*) FROM import WHERE id = ? AND "+seen, append([]any{int64(imp.ID)}, args...)...)
	return n > 0, database.Wrap("read import", err)
}

// importSeenBy is the condition of SeesImport.
func importSeenBy(by core.Account) (where string, args []any) {
	if by.Scope.Whole() {
		return "1 = 1", nil
	}
	var narrow []any
	for _, t := range core.ImportTypes {
		if !t.Wide {
			narrow = append(narrow, string(t.Kind))
		}
	}
	has, of := database.ScopeWhere(by.Scope, "m.community_id")
	return "(kind IN (" + database.Placeholders(len(narrow)) + `) OR creator_id = ? OR EXISTS (
		SELECT 1
		FROM account a
		WHERE a.id = import.creator_id
		AND a.all_communities = 0
		AND NOT EXISTS (SELECT 1 FROM account_scope m WHERE m.account_id = a.id AND NOT ` + has + `)
	))`, append(append(narrow, int64(by.ID)), of...)
}

// ImportJob returns the job that works, or worked, on an import that the caller has read. One that ended so long ago that it
// is purged was broken.
func (s *Store) ImportJob(ctx context.Context, imp core.Import) (core.Job, error) {
	job, err := s.jobBehind(ctx, imp.Job)
	if core.IsNotFound(err) {
		return core.Job{ID: imp.Job, Kind: jobOfImport[imp.State], State: core.JobBroken}, nil
	}
	return job, err
}

// jobOfImport are the kinds of jobs that work on an import.
var jobOfImport = map[core.ImportState]core.JobKind{
	core.ImportReading: core.JobReadImport, core.ImportWriting: core.JobWriteImport, core.ImportUndoing: core.JobUndoImport,
}

// ImportLayout is what was read of a file before its rows.
type ImportLayout struct {
	Sheets   []string   `json:"sheets"` // those that may be chosen: see ImportSource
	Sheet    string     `json:"sheet"`  // which was read
	HeadRow  int        `json:"head"`   // number of the last row of the heading, from 1
	Headings []string   `json:"headings"`
	First    []string   `json:"first"`  // the first row, if nothing in it was known: a heading in other words, or a record
	Sample   [][]string `json:"sample"` // the first rows beneath
	Keys     []string   `json:"keys"`   // of columns, by position, as they were understood; "" = not imported
	Missing  []string   `json:"missing"`
	Twice    []string   `json:"twice"`
	Problem  string     `json:"problem"` // why there is nothing to import in the sheet, in words; "" = there may be
	Notes    []string   `json:"notes"`   // what somebody should know of how it was read, in sentences
}

// ImportLayout returns how the file of an import of the scope is laid out. Its Sample is unmasked: the caller must mask it.
func (s *Store) ImportLayout(ctx context.Context, scope core.Scope, id core.ID) (layout ImportLayout, err error) {
	row, err := s.importRow(ctx, scope, id)
	if err != nil || len(row.Layout) == 0 {
		return layout, err
	}
	plain, err := s.db.Keys().Open(importLayoutColumn, string(row.Layout))
	if err != nil {
		return layout, core.NotFound("文件无法解密，请联系运维人核对密钥")
	}
	return layout, json.Unmarshal([]byte(plain), &layout)
}

// PurgeImports removes files and rows of imports that nobody has touched for core.ImportLife, and what is left of
// readings and uploads that were not completed. What nobody works on any more ends: what it has written is taken back. It
// returns the number of imports.
func (s *Store) PurgeImports(ctx context.Context) (n int, err error) {
	before := s.Now().Add(-core.ImportLife).UnixMilli()
	if err := s.endStuckImports(ctx, before); err != nil {
		return 0, database.Wrap("end stuck imports", err)
	}
	var old []core.ID
	if err := s.db.All(ctx, &old, `SELECT id FROM import WHERE cleared_at IS NULL AND updated_at < ?
		AND state NOT IN ('reading', 'writing', 'undoing') ORDER BY id LIMIT 100`, before); err != nil {
		return 0, database.Wrap("purge imports", err)
	}
	for _, id := range old {
		if err := s.clearImport(ctx, id, before); err != nil {
			return n, err
		}
		n++
	}
	var lost []core.ID
	if err := s.db.All(ctx, &lost, `SELECT DISTINCT c.import_id FROM import_content c WHERE c.created_at < ?
		AND NOT EXISTS (SELECT 1 FROM import i WHERE i.id = c.import_id)`, s.Now().Add(-core.UploadLife).UnixMilli()); err != nil {
		return n, database.Wrap("purge imports", err)
	}
	for _, id := range lost {
		if err := s.clearImport(ctx, id, before); err != nil {
			return n, err
		}
	}
	return n, nil
}

// endStuckImports ends imports that nobody has touched since a time while no job works on them, for it failed or was broken and
// nobody continued it: a reading fails, a writing is taken back, an undoing is tried once more without the file.
func (s *Store) endStuckImports(ctx context.Context, before int64) error {
	const stuck = ` state IN ('reading', 'writing', 'undoing') AND cleared_at IS NULL AND updated_at < ?
		AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = import.job_id AND j.state IN ('waiting', 'running'))`
	var ids []core.ID
	if err := s.db.All(ctx, &ids, "SELECT id FROM import WHERE"+stuck+" ORDER BY id LIMIT 100", before); err != nil {
		return err
	}
	for _, id := range ids {
		err := s.db.Write(ctx, "end a stuck import", func(tx *database.Tx) error {
			var rows []importRow
			err := tx.All(&rows, "SELECT "+importColumns+" FROM import WHERE id = ? AND"+stuck+tx.Dialect().ForUpdate(), int64(id), before)
			if err != nil || len(rows) == 0 {
				return err
			}
			imp := rows[0].data()
			if imp.State != core.ImportUndoing {
				if err := giveUpImport(tx, imp.By, imp, "处理中断后没有继续"); err != nil || imp.Wrote() {
					return err
				}
				return clearImportFile(tx, id)
			}
			if err := undoImport(tx, imp.By, imp, imp.GivesUp, imp.Problem); err != nil {
				return err
			}
			return clearImportFile(tx, id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clearImport removes the file and the rows of one import.
func (s *Store) clearImport(ctx context.Context, id core.ID, before int64) error {
	return s.db.Write(ctx, "clear import", func(tx *database.Tx) error {
		var touched []core.ID
		if err := tx.All(&touched, "SELECT id FROM import WHERE id = ? AND updated_at >= ?"+tx.Dialect().ForUpdate(),
			int64(id), before); err != nil || len(touched) > 0 {
			return err
		}
		return clearImportFile(tx, id)
	})
}

func clearImportFile(tx *database.Tx, id core.ID) error {
	if _, err := tx.Exec("DELETE FROM import_content WHERE import_id = ?", int64(id)); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM import_part WHERE import_id = ?", int64(id)); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE import SET layout = '', reading_id = 0, cleared_at = ?,
		state = CASE WHEN state IN ('columns', 'preview') THEN 'cancelled' ELSE state END WHERE id = ?`, tx.NowMS(), int64(id))
	return err
}
