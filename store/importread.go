package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"tongxing/core"
	"tongxing/store/database"
)

// ImportLine is a row of a file that is not empty.
type ImportLine struct {
	Number int      // in the sheet, from 1
	Cells  []string // clean text
	Titles []string // the same as headings: that of a group that is merged over several columns is that of each
	Lost   []int    // positions of numbers that have lost digits
	Odd    []OddCell
}

// OddCell is a cell that holds no content, whatever it looks like: the error of a formula, say.
type OddCell struct {
	At    int    // its position
	Words string // what it is, and what to do
}

// ImportSource is a file that has been opened.
type ImportSource interface {
	// Sheets returns the names of the sheets that may be chosen: those that are not hidden. Unless somebody says otherwise, the
	// first is read.
	Sheets() []string
	// Size returns about how many rows a sheet has.
	Size(ctx context.Context, sheet string) (int, error)
	// Lines calls each with the rows of a sheet that are not empty and not hidden. It ends with each's error.
	Lines(ctx context.Context, sheet string, each func(ImportLine) error) error
	// Notes returns what somebody should know of how a sheet was read, in sentences.
	Notes() []string
}

// importer judges and writes the rows of one import.
type importer interface {
	// judge sets what rows that are not wrong would do. Rows of one list are judged in order, each part once.
	judge(all readAll, rows []core.ImportRow) error
	// write writes rows as they were judged, those that can be written, and returns what was done. It sets Wrong of those that
	// cannot. Run again after a lost race, it starts from the beginning. Those of the part before may not be committed yet.
	write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error)
	// wrote is called when what write returned has been committed.
	wrote(done importWritten)
}

// importMarker is an importer that finds rows to be wrong by later ones.
type importMarker interface {
	// wrongBefore returns what is wrong with rows that were judged, by their numbers, once all are.
	wrongBefore() map[int][]core.ImportFault
	// placing returns how many rows may add each house that is not in the register, by its label.
	placing() map[string]int
}

// importPlacer is an importer whose rows are about houses.
type importPlacer interface {
	// index returns the houses of the register as the importer began. Judging may add others to it at the same time.
	index() *core.HouseIndex
}

// failChanged marks a row that is not what it was when it was judged, and says what is otherwise.
func failChanged(row *core.ImportRow, why string) {
	row.Fail("", "预览后有变化", "预览之后登记有变化："+why+"。这一行没有导入，请核对后重新上传")
}

// recordChanged describes what is otherwise with a row about who: it was judged as row, and is now.
func recordChanged(row, now core.ImportRow, who string) string {
	switch {
	case len(now.Wrong) > 0:
		return now.Wrong[0].Words
	case now.Verdict == core.ImportNew:
		return "登记里已没有" + who
	case row.Verdict == core.ImportNew:
		return "现在已登记了" + who
	}
	return who + "的登记已修改"
}

// importWriting is what the rows of a part are written for.
type importWriting struct {
	by    core.Actor
	imp   core.Import
	ready any // what an importPreparer has prepared; nil = nothing

	follows bool // what else there is to write of those who are added follows in another act
}

// importWritten is what writing a part has done.
type importWritten struct {
	counts  core.ImportCounts
	batch   core.ID // of the records; 0 = none
	houses  core.ID // of the houses that were added; 0 = none
	failed  bool    // rows could not be written that could when they were judged
	altered bool    // rows have done otherwise than they were judged to
	learnt  []core.HouseRef

	added       []addedResident // residents of whom only the rows are written; unless the rest follows, all but their names
	addedHouses []addedHouse    // likewise; none unless the rest follows
	pending     *pendingPart    // what follows; nil = nothing
}

// importAt is where the rows of an import belong.
type importAt struct {
	community core.Community // which was chosen
	scope     core.Scope     // what the rows may concern: the community alone, or, see core.ImportType.Wide, the importer's
}

// importKinds has every kind of core.ImportTypes: what reads what judging and writing its rows need.
var importKinds map[core.ImportKind]func(ctx context.Context, s *Store, at importAt) (importer, error)

func init() { // the functions refer to the table
	importKinds = map[core.ImportKind]func(context.Context, *Store, importAt) (importer, error){
		core.ImportResidents: beginResidentImport, core.ImportArrears: beginArrearsImport,
		core.ImportStaff: beginStaffImport, core.ImportMembers: beginMemberImport,
		core.ImportBlocks: beginVisitorBlockImport, core.ImportReaders: beginReaderImport,
	}
}

// beginImport returns what judges and writes the rows of an import.
func (s *Store) beginImport(ctx context.Context, imp core.Import) (importer, core.Community, error) {
	c, err := s.Community(ctx, core.Everywhere, imp.Community)
	if err != nil {
		return nil, c, err
	}
	scope, err := s.importScope(ctx, imp)
	if err != nil {
		return nil, c, err
	}
	by, err := importKinds[imp.Kind](ctx, s, importAt{c, scope})
	return by, c, err
}

// importScope returns what the rows of an import may concern. The communities of an account are those that it has now.
func (s *Store) importScope(ctx context.Context, imp core.Import) (core.Scope, error) {
	chosen := core.ScopeOf(imp.Community)
	if kind, _ := imp.Kind.Type(); !kind.Wide {
		return chosen, nil
	}
	accounts, err := readAccounts("id = ? AND disabled_at IS NULL", []any{int64(imp.By.ID)}, s.allOf(ctx))
	if err != nil || len(accounts) == 0 || !accounts[0].Scope.Has(imp.Community) {
		return chosen, err
	}
	return accounts[0].Scope, nil
}

// importSamples is how many rows beneath the heading the mapping page shows.
const importSamples = 3

// ReadImport reads the file of an import that is being read, judges its rows and makes it ready to be decided on. It
// returns in words what came of it. A file that cannot be read ends the import. Run again from the start it does the same.
func (s *Store) ReadImport(
	ctx context.Context, id core.ID, open func(context.Context, []byte) (ImportSource, error),
	step func(done, total int64) error,
) (words string, err error) {
	imp, err := s.Import(ctx, core.Everywhere, id)
	if err != nil {
		return "", err
	}
	switch imp.State {
	case core.ImportReading:
	case core.ImportMapping, core.ImportPreview, core.ImportFailed: // a server was stopped between this end and that of its job
		return imp.JobEnd()
	default:
		return "", errJobGone
	}
	words, err = s.readImport(ctx, imp, open, step)
	if core.IsInvalid(err) || core.IsNotFound(err) {
		if failed := s.failImport(ctx, imp, core.MessageOf(err)); failed != nil {
			return "", failed
		}
	}
	return words, err
}

func (s *Store) readImport(
	ctx context.Context, imp core.Import, open func(context.Context, []byte) (ImportSource, error),
	step func(done, total int64) error,
) (string, error) {
	content, err := s.importContent(ctx, imp.ID)
	if err != nil {
		return "", err
	}
	source, err := open(ctx, content)
	if err != nil {
		return "", err
	}
	r, err := s.beginReading(ctx, imp, source, step)
	if err != nil {
		return "", err
	}
	if err := r.readHead(ctx); err != nil {
		return r.otherSheet(ctx, err)
	}
	if r.head.Unclear(r.columns) && imp.Columns == nil || len(r.head.Missing) > 0 || len(r.head.Twice) > 0 {
		return s.saveReading(ctx, r, core.ImportMapping)
	}
	if err := r.readRows(ctx); err != nil {
		return "", err
	}
	if r.counts.Rows() == 0 {
		return r.otherSheet(ctx, core.Invalid("表头下面没有内容，请填写后重新上传"))
	}
	return s.saveReading(ctx, r, core.ImportPreview)
}

// otherSheet asks for another sheet of a file in whose sheet there is nothing to import. A file that has one alone cannot be
// imported: that is err.
func (r *importReading) otherSheet(ctx context.Context, err error) (string, error) {
	if !core.IsInvalid(err) || len(r.source.Sheets()) < 2 {
		return "", err
	}
	r.problem = "工作表“" + r.sheet + "”：" + core.MessageOf(err) + "；或选择其他工作表"
	_, err = r.store.saveReading(ctx, r, core.ImportMapping)
	return "请选择工作表。", err
}

// failImport ends an import whose file cannot be imported.
func (s *Store) failImport(ctx context.Context, imp core.Import, problem string) error {
	return s.db.Write(ctx, "fail import", func(tx *database.Tx) error {
		return tx.ExecOne(errJobGone, "UPDATE import SET state = ?, problem = ?, ended_at = ?, updated_at = ? WHERE id = ? AND state = ?",
			string(core.ImportFailed), cutText(problem, 200), tx.NowMS(), tx.NextUpdated(imp.Updated), int64(imp.ID),
			string(core.ImportReading))
	})
}

// importReading is one reading of a file.
type importReading struct {
	store     *Store
	imp       core.Import
	kind      core.ImportType
	community core.Community
	source    ImportSource
	sheet     string
	columns   []core.ImportColumn
	said      core.ImportSaid
	importer  importer
	step      func(done, total int64) error

	id      core.ID // of the reading
	head    core.ImportHead
	top     []string // the first row, if nothing in it is known; nil = there is a heading
	headRow int      // number of the last row of the heading
	first   int      // number of the first row beneath it
	sample  [][]string
	problem string // why there is nothing to import in the sheet
	seen    core.ImportSeen
	rows    []core.ImportRow // of the part that is being read
	wrong   map[int][]core.ImportFault
	again   map[int]int // rows that say the same as an earlier one, which is the value
	total   int64
	done    int64
	read    int // rows of all parts

	// Set by what keeps the parts, beside the reading.
	parts  int
	counts core.ImportCounts
	firsts []int // the first row of each part
	bad    []int // rows that are wrong
}

func (s *Store) beginReading(
	ctx context.Context, imp core.Import, source ImportSource, step func(done, total int64) error,
) (*importReading, error) {
	by, c, err := s.beginImport(ctx, imp)
	if err != nil {
		return nil, err
	}
	kind, _ := imp.Kind.Type()
	r := &importReading{
		store: s, imp: imp, kind: kind, community: c, source: source, sheet: imp.Sheet, columns: kind.Columns(c), step: step,
		importer: by,
		id:       s.db.NewID(s.Now()), counts: core.ImportCounts{}, wrong: map[int][]core.ImportFault{},
		again: map[int]int{},
	}
	sheets := source.Sheets()
	if !slices.Contains(sheets, r.sheet) {
		r.sheet = sheets[0]
	}
	if r.said, err = s.importSaid(ctx, imp); err != nil {
		return nil, err
	}
	if w, can := source.(interface{ WhileWaiting(do func() error) }); can { // or its server would seem to be silent
		w.WhileWaiting(func() error { return step(r.done, max(r.total, r.done)) })
	}
	if w, can := source.(interface{ RestWhile(busy func() bool) }); can {
		w.RestWhile(s.scans.busy)
	}
	size, err := source.Size(ctx, r.sheet)
	r.total = int64(size)
	return r, err
}

// ErrEnoughLines is returned by the function given to ImportSource.Lines to stop reading without reading the rest.
var ErrEnoughLines = errors.New("store: enough lines")

// readHead finds the heading among the first rows.
func (r *importReading) readHead(ctx context.Context) error {
	var titles, cells [][]string
	var numbers []int
	err := r.source.Lines(ctx, r.sheet, func(line ImportLine) error {
		titles, cells = append(titles, slices.Clone(line.Titles)), append(cells, slices.Clone(line.Cells))
		if numbers = append(numbers, line.Number); len(numbers) == core.ImportHeadRows+importSamples {
			return ErrEnoughLines
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrEnoughLines) {
		return err
	}
	if len(numbers) == 0 {
		return core.Invalid("文件里没有内容")
	}
	r.head = core.ReadImportHead(titles, r.columns, r.said)
	at, next := r.head.Row, r.head.Row+1
	if at < 0 || r.imp.NoHead || len(r.head.Missing) > 0 && core.LooksLikeRecord(titles[at]) { // 业主 is a heading, and an identity
		at, next = r.withoutHead(titles), 0
	}
	if r.imp.Columns != nil || r.top != nil {
		r.head = core.MapImportHead(r.head, r.columns, r.imp.Columns)
	}
	if r.headRow, r.first = numbers[at], numbers[at]+1; r.imp.NoHead {
		r.headRow, r.first = numbers[0]-1, numbers[0]
	}
	r.sample = append(r.sample, cells[min(next, len(cells)):min(next+importSamples, len(cells))]...)
	return nil
}

// withoutHead names the columns of a list by their positions, for nothing is known in its first row: that may be a
// heading in other words, or somebody's name and number. It returns the index of the row.
func (r *importReading) withoutHead(titles [][]string) int {
	wide := 0
	for _, row := range titles {
		wide = max(wide, len(row))
	}
	r.top = titles[0]
	r.head = core.ImportHead{Row: -1}
	for at := range wide {
		r.head.Headings, r.head.Unknown = append(r.head.Headings, core.ImportPosition(at)), append(r.head.Unknown, at)
	}
	return 0
}

// readRows reads and judges the rows beneath the heading: while a part is read, the one before is judged, and the one before that
// is sealed and kept.
func (r *importReading) readRows(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	read, judged := make(chan []core.ImportRow), make(chan []core.ImportRow)
	var stages sync.WaitGroup
	stages.Go(func() {
		defer close(judged)
		eachPartRead(read, stop, func(rows []core.ImportRow) error {
			if err := r.importer.judge(r.store.allOf(ctx), rows); err != nil {
				return err
			}
			return passPart(ctx, judged, rows)
		})
	})
	stages.Go(func() {
		eachPartRead(judged, stop, func(rows []core.ImportRow) error { return r.keepPart(ctx, rows) })
	})
	err := r.readParts(ctx, read)
	close(read)
	stages.Wait()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return r.markEarlier(ctx)
}

// eachPartRead calls do with parts, one after another. An error stops the reading.
func eachPartRead(parts <-chan []core.ImportRow, stop context.CancelCauseFunc, do func(rows []core.ImportRow) error) {
	for rows := range parts {
		if err := calm(func() error { return do(rows) }); err != nil {
			stop(err)
			return
		}
	}
}

// passPart passes a part on, unless the reading is stopped.
func passPart(ctx context.Context, parts chan<- []core.ImportRow, rows []core.ImportRow) error {
	select {
	case parts <- rows:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readParts passes on the rows beneath the heading, in parts.
func (r *importReading) readParts(ctx context.Context, parts chan<- []core.ImportRow) error {
	err := r.source.Lines(ctx, r.sheet, func(line ImportLine) error {
		if r.done++; line.Number < r.first {
			return nil
		}
		row := r.row(line)
		if row.Number == 0 {
			return nil
		}
		if r.rows = append(r.rows, row); len(r.rows) == core.ImportPart {
			return r.endPart(ctx, parts)
		}
		return nil
	})
	if err == nil && len(r.rows) > 0 {
		err = r.endPart(ctx, parts)
	}
	return err
}

// row reads one row and compares it with those before it. A row with nothing in the columns that are imported is left
// out: its Number is 0.
func (r *importReading) row(line ImportLine) core.ImportRow {
	row := core.ReadImportRow(line.Number, line.Cells, r.columns, r.head)
	if !slices.ContainsFunc(row.Values, func(v string) bool { return v != "" }) {
		return core.ImportRow{}
	}
	for _, at := range line.Lost {
		if i, ok := r.head.Columns[at]; ok && r.columns[i].Text {
			row.FailInstead(r.columns[i].Key, r.columns[i].Label+"有误", "超过 15 位的数字，表格已丢失后几位；请把这一列改成文本后重新填写")
		}
	}
	for _, odd := range line.Odd {
		if i, ok := r.head.Columns[odd.At]; ok {
			row.FailInstead(r.columns[i].Key, r.columns[i].Label+"有误", odd.Words)
		}
	}
	r.kind.Check(r.community, &row)
	if len(row.Wrong) > 0 {
		return row
	}
	if p, can := r.importer.(importPlacer); can {
		p.index().TellApart(&row)
	}
	again, contradicts := r.seen.Add(row.Number, r.kind.Keys(r.community, row))
	for _, earlier := range slices.Sorted(maps.Keys(contradicts)) {
		key := contradicts[earlier]
		row.Fail("", key.Kind, fmt.Sprintf(key.Words, earlier))
		r.wrong[earlier] = append(r.wrong[earlier], core.ImportFault{Kind: key.Kind, Words: fmt.Sprintf(key.Words, row.Number)})
	}
	if len(row.Wrong) == 0 && again > 0 {
		row.Verdict, row.Match, r.again[row.Number] = core.ImportSame, core.ByRow, again
	}
	return row
}

// endPart passes on the rows that were read.
func (r *importReading) endPart(ctx context.Context, parts chan<- []core.ImportRow) error {
	if err := r.step(r.done, max(r.total, r.done)); err != nil {
		return err
	}
	if r.read += len(r.rows); r.read > core.MaxImportRows {
		return core.Invalid(fmt.Sprintf("文件里超过 %s 行，请分成几份上传", core.Grouped(core.MaxImportRows)))
	}
	rows := r.rows
	r.rows = make([]core.ImportRow, 0, core.ImportPart)
	return passPart(ctx, parts, rows)
}

// keepPart keeps the rows of a part that were judged.
func (r *importReading) keepPart(ctx context.Context, rows []core.ImportRow) error {
	if err := r.store.createImportPart(ctx, r.imp, r.id, r.parts, rows); err != nil {
		return err
	}
	r.firsts = append(r.firsts, rows[0].Number)
	for _, row := range rows {
		if row.Verdict == core.ImportWrong {
			r.bad = append(r.bad, row.Number)
		}
	}
	r.counts.AddAll(importCounts(rows))
	r.parts++
	return nil
}

// markEarlier marks the rows that are wrong by others: those that a later one contradicts, and those that say the same as one that
// is wrong. A house that one of them would have added is added by the next row that is about it.
func (r *importReading) markEarlier(ctx context.Context) error {
	m, can := r.importer.(importMarker)
	if can {
		for number, faults := range m.wrongBefore() {
			r.wrong[number] = append(r.wrong[number], faults...)
		}
	}
	for number, earlier := range r.again {
		_, bad := slices.BinarySearch(r.bad, earlier)
		if _, marked := r.wrong[earlier]; bad || marked {
			words := fmt.Sprintf("与第 %d 行相同，那一行有错误；请只留一行，改好后重新上传", earlier)
			r.wrong[number] = append(r.wrong[number], core.ImportFault{Kind: "与有错误的行相同", Words: words})
		}
	}
	byPart := map[int]bool{}
	for number := range r.wrong {
		at, found := slices.BinarySearch(r.firsts, number)
		if !found {
			at--
		}
		byPart[at] = true
	}
	marks := importMarks{wrong: r.wrong, left: map[string]int{}, houses: map[string]int{}}
	if can {
		marks.houses = m.placing()
	}
	for part := range r.parts {
		if !byPart[part] && len(marks.left) == 0 {
			continue
		}
		rows, err := importPart(r.store.allOf(ctx), r.store.db.Keys(), r.id, part)
		if err != nil {
			return err
		}
		before := importCounts(rows)
		if !marks.mark(rows) {
			continue
		}
		err = r.store.db.Write(ctx, "mark rows of an import", func(tx *database.Tx) error {
			return replaceImportPart(tx, r.id, part, rows)
		})
		if err != nil {
			return err
		}
		r.counts.Swap(before, importCounts(rows))
	}
	return nil
}

// importMarks marks rows as wrong that were judged to be right, part by part in the order of the file.
type importMarks struct {
	wrong  map[int][]core.ImportFault
	houses map[string]int // how many rows may add each house, by its label
	left   map[string]int // of the houses whose row is wrong now, how many others may add them
}

// mark reports whether any of the rows are otherwise now.
func (m *importMarks) mark(rows []core.ImportRow) (changed bool) {
	for i := range rows {
		row := &rows[i]
		faults := m.wrong[row.Number]
		n, wanted := m.left[row.Label]
		switch may := placesHouse(*row); {
		case len(faults) > 0:
			if first := row.Place; may && (first || wanted) {
				m.leave(row.Label, n, first)
			}
			for _, fault := range faults {
				row.Fail(fault.Column, fault.Kind, fault.Words)
			}
			row.Place, changed = false, true
		case wanted && may:
			row.Place, changed = true, true
			delete(m.left, row.Label)
		}
	}
	return changed
}

// leave counts how many rows are left that may add a house, once one more is wrong.
func (m *importMarks) leave(label string, n int, first bool) {
	if first {
		n = m.houses[label]
	}
	if m.left[label] = n - 1; n <= 1 {
		delete(m.left, label)
	}
}

// layout is what the reading found before the rows.
func (r *importReading) layout() ImportLayout {
	keys := make([]string, len(r.head.Headings))
	for at, i := range r.head.Columns {
		if at < len(keys) {
			keys[at] = r.columns[i].Key
		}
	}
	return ImportLayout{
		Sheets: r.source.Sheets(), Sheet: r.sheet, HeadRow: r.headRow, Headings: r.head.Headings, Sample: r.sample, Keys: keys,
		First: r.top, Missing: r.head.Missing, Twice: r.head.Twice, Notes: r.source.Notes(),
		Problem: r.problem,
	}
}

// saveReading makes a reading the import's own, unless it was cancelled or another server has read it meanwhile, and
// removes the parts of others.
func (s *Store) saveReading(ctx context.Context, r *importReading, state core.ImportState) (words string, err error) {
	text, err := json.Marshal(r.layout())
	if err != nil {
		return "", err
	}
	sealed, err := s.db.Keys().Seal(importLayoutColumn, string(text))
	if err != nil {
		return "", err
	}
	err = s.db.Write(ctx, "end the reading of an import", func(tx *database.Tx) error {
		err := tx.ExecOne(errJobGone,
			`UPDATE import SET state = ?, sheet = ?, layout = ?, reading_id = ?, parts = ?, counts = ?, updated_at = ?
			WHERE id = ? AND state = ? AND updated_at = ?`,
			string(state), r.sheet, []byte(sealed), int64(r.id), r.parts, r.counts.Text(), tx.NextUpdated(r.imp.Updated),
			int64(r.imp.ID), string(core.ImportReading), r.imp.Updated.UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM import_part WHERE import_id = ? AND reading_id <> ?", int64(r.imp.ID), int64(r.id))
		return err
	})
	if err != nil {
		return "", err
	}
	r.imp.State, r.imp.Counts = state, r.counts
	return r.imp.JobEnd()
}
