package core

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// ImportKind is what the rows of an import are 导入: it is the stem of their records.
type ImportKind string

// The kinds of imports.
const (
	ImportResidents ImportKind = "resident" // residents and houses of one community
	ImportArrears   ImportKind = "house"    // what its houses owe
	ImportStaff     ImportKind = "staff"    // of the property company
	ImportMembers   ImportKind = "member"   // of institutions

	ImportBlocks  ImportKind = "visitorblock" // of a community's blacklist of visitors
	ImportReaders ImportKind = "reader"       // of a community
)

// ImportType describes a kind of import. A further kind is a row of ImportTypes, and one of store's importKinds.
type ImportType struct {
	Kind  ImportKind
	Label string       // of the records: 住户
	Needs []Permission // to import, and to see imports
	Rules string       // what a list must have, in words

	// Columns are those that a list of a community may have; Template are those of its template, in order.
	Columns, Template func(c Community) []ImportColumn
	// Check adds what is wrong with a row as a whole, once its cells are read.
	Check func(c Community, row *ImportRow)
	// Keys are by what rows of one list are compared: see ImportKey.
	Keys func(c Community, row ImportRow) []ImportKey
	// Words returns a line about what rows that were written have done.
	Words func(n ImportCounts) string

	Known string // how records that the list also has are called; "" = nobody is asked what becomes of them: they are changed
	Wide  bool   // rows concern any community of who imports them, not only the one that was chosen
	Ties  bool   // somebody is asked whether the list may add ties of those who are known
	Back  bool   // somebody is asked whether the list may bring those back who have left
}

// Decided returns somebody's choices with those made that nobody is asked for.
func (t ImportType) Decided(c ImportChoices) ImportChoices {
	if t.Known == "" {
		c.Known = ImportUpdate
	}
	c.Ties, c.Back = c.Ties && t.Ties, c.Back && t.Back
	return c
}

// ImportTypes are all kinds of imports.
var ImportTypes = []ImportType{{
	Kind: ImportResidents, Label: "住户和房屋", Needs: []Permission{PermResidentEdit, PermHouseEdit},
	Rules: residentImportRules, Columns: ResidentImportColumns, Template: ResidentTemplate, Check: checkResidentImport,
	Keys: residentImportKeys, Words: residentImportWords, Known: "已在这套房屋登记的住户", Ties: true,
	Back: true,
}, {
	Kind: ImportArrears, Label: "欠费", Needs: []Permission{PermHouseEdit}, Rules: arrearsImportRules,
	Columns: ArrearsImportColumns, Template: arrearsTemplate, Check: checkArrearsImport, Keys: arrearsImportKeys,
	Words: arrearsImportWords,
}, {
	Kind: ImportStaff, Label: "员工", Needs: []Permission{PermStaffEdit}, Rules: staffImportRules, Columns: StaffImportColumns,
	Template: StaffImportColumns, Check: checkStaffImport, Keys: staffImportKeys, Words: staffImportWords, Known: "已登记的员工",
	Wide: true,
}, {
	Kind: ImportMembers, Label: "机构成员", Needs: []Permission{PermInstitutionEdit}, Rules: memberImportRules,
	Columns: MemberImportColumns, Template: MemberImportColumns, Check: checkMemberImport, Keys: memberImportKeys,
	Words: memberImportWords, Known: "已登记的成员", Wide: true,
}, {
	Kind: ImportBlocks, Label: "访客黑名单", Needs: []Permission{PermVisitorBlockEdit}, Rules: visitorBlockImportRules,
	Columns: VisitorBlockImportColumns, Template: VisitorBlockImportColumns, Check: checkVisitorBlockImport,
	Keys: visitorBlockImportKeys, Words: visitorBlockImportWords,
}, {
	Kind: ImportReaders, Label: "门禁读头", Needs: []Permission{PermReaderEdit}, Rules: readerImportRules,
	Columns: ReaderImportColumns, Template: ReaderImportColumns, Check: checkReaderImport, Keys: readerImportKeys,
	Words: readerImportWords,
}}

// Type returns the kind's description; ok reports whether there is such a kind.
func (k ImportKind) Type() (t ImportType, ok bool) {
	at := slices.IndexFunc(ImportTypes, func(t ImportType) bool { return t.Kind == k })
	if at < 0 {
		return ImportType{}, false
	}
	return ImportTypes[at], true
}

// ImportKindsOf returns the kinds of imports that somebody may see.
func ImportKindsOf(allowed func(Permission) bool) []ImportKind {
	var kinds []ImportKind
	for _, t := range ImportTypes {
		if !slices.ContainsFunc(t.Needs, func(p Permission) bool { return !allowed(p) }) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// ImportColumn is a column that a list may have.
type ImportColumn struct {
	Key    string
	Label  string   // its heading in the template
	Group  string   // the heading above it there
	Names  []string // other headings that mean it, as ImportHeading returns them
	Needed bool     // no list can do without, or without a whole house in one column
	Always bool     // nor that takes its place
	Asked  bool     // a list without it may have it under a heading that nobody knows: see ReadImportHead
	Place  bool     // it tells the house, which pages show apart
	Text   bool     // of digits that are no number: its cells are text in the template
	Offers []string // what its cells may have; nil = anything

	// Read returns a cell in its stored form; the error tells what is wrong with it.
	Read func(cell string) (string, error)
	// Shown returns a stored value as pages show it; nil = as it is.
	Shown func(value string) string
	// Coded: the stored form is not what people type, so that a cell that is wrong must not go through Shown.
	Coded bool
}

// ShownText returns a stored value of the column for a page.
func (c ImportColumn) ShownText(value string) string {
	if c.Shown == nil || value == "" {
		return value
	}
	return c.Shown(value)
}

// TypedText returns a cell that is wrong for a page: as it was typed, numbers masked.
func (c ImportColumn) TypedText(cell string) string {
	if c.Coded {
		return cell
	}
	return c.ShownText(cell)
}

// ImportState is how far an import is.
type ImportState string

// The states.
const (
	ImportReading   ImportState = "reading"   // its file is being read, or waits for that
	ImportMapping   ImportState = "columns"   // somebody must say what its columns are
	ImportPreview   ImportState = "preview"   // somebody must decide
	ImportWriting   ImportState = "writing"   // its rows are being written, or wait for that
	ImportDone      ImportState = "done"      // they are written
	ImportUndoing   ImportState = "undoing"   // what it wrote is being taken back
	ImportUndone    ImportState = "undone"    // it has been, but for what was changed since
	ImportCancelled ImportState = "cancelled" // it wrote nothing, or that has been taken back
	ImportFailed    ImportState = "failed"    // it wrote nothing, or that has been taken back
)

// ImportStates returns the states in the order of an import's life.
func ImportStates() []ImportState {
	return []ImportState{
		ImportReading, ImportMapping, ImportPreview, ImportWriting, ImportDone, ImportUndoing, ImportUndone, ImportCancelled,
		ImportFailed,
	}
}

// Label returns the state in Chinese.
func (s ImportState) Label() string {
	return map[ImportState]string{
		ImportReading: "读取中", ImportMapping: "待对应列", ImportPreview: "待确认", ImportWriting: "导入中",
		ImportDone: "已导入", ImportUndoing: "撤销中", ImportUndone: "已撤销", ImportCancelled: "已取消", ImportFailed: "失败",
	}[s]
}

// Refusal is why an import in the state is not what an act needs, as two who act at once are told.
func (s ImportState) Refusal() error {
	is := map[ImportState]string{
		ImportReading: "正在读取", ImportMapping: "还没有对应列", ImportPreview: "还没有开始写入", ImportWriting: "正在写入",
		ImportDone: "已经完成", ImportUndoing: "正在撤销", ImportUndone: "已经撤销", ImportCancelled: "已经取消", ImportFailed: "已经失败",
	}[s]
	return Conflict("这次导入" + is + "，不能这样办理")
}

// Valid reports whether the state exists.
func (s ImportState) Valid() bool { return slices.Contains(ImportStates(), s) }

// Working reports whether a job works on an import in the state.
func (s ImportState) Working() bool {
	return s == ImportReading || s == ImportWriting || s == ImportUndoing
}

// Import is a list on its way from a file into the register 导入.
type Import struct {
	ID, Community ID
	Kind          ImportKind
	State         ImportState
	Creator       ID    // the account that uploaded the file
	By            Actor // the account that started the latest work on it
	File          string
	Size          int
	Sheet         string         // which to read; "" = the first that is not hidden
	Columns       map[int]string // what the columns are as somebody said: a key by position; nil = by their headings
	NoHead        bool           // the list has no heading, as somebody said: its first row is a record, too
	Reading       ID             // whose parts are its own; 0 = none yet
	Parts         int
	Counts        ImportCounts
	Choices       ImportChoices
	NextPart      int // of those to be written
	Written       ImportCounts
	Batch         ID // of the records that it wrote; 0 = none
	Houses        ID // of the houses that it added; 0 = none
	GivesUp       bool
	Problem       string // why it failed, in words
	Job           ID     // the latest
	Created       time.Time
	Updated       time.Time
	Ended         time.Time
	Cleared       time.Time // when file and rows were removed; zero = they are there
}

// Words returns a line about what the import has written.
func (i Import) Words() string {
	t, ok := i.Kind.Type()
	if !ok {
		return ""
	}
	return t.Words(i.Written)
}

// Wrote reports whether the import has written anything.
func (i Import) Wrote() bool { return i.Batch != 0 || i.Houses != 0 }

// ImportLife is how long file and rows of an import are kept after its last change.
const ImportLife = 7 * 24 * time.Hour

// UploadLife is how long pieces of a file are kept whose upload was not completed.
const UploadLife = 24 * time.Hour

const (
	// MaxImportFile bounds a file, in bytes.
	MaxImportFile = 20 << 20
	// MaxImportsKept bounds the files of one account that are kept, in bytes together.
	MaxImportsKept = 1 << 30
	// MaxImportRows bounds the rows of a list.
	MaxImportRows = 200_000
	// ImportPart is the number of rows that are kept, and written, together.
	ImportPart = 1000
)

// ImportVerdict is what a row would do.
type ImportVerdict string

// The verdicts.
const (
	ImportNew     ImportVerdict = "new"     // adds a record
	ImportBack    ImportVerdict = "back"    // brings one back who had left
	ImportTie     ImportVerdict = "tie"     // adds another tie of somebody known elsewhere
	ImportChanged ImportVerdict = "changed" // changes a record
	ImportSame    ImportVerdict = "same"    // changes nothing
	ImportPlace   ImportVerdict = "place"   // adds a house alone
	ImportWrong   ImportVerdict = "wrong"   // cannot be imported
)

// ImportPlaces counts the houses that rows add, whatever else they do.
const ImportPlaces = "places"

// ImportNoted counts the rows with notes.
const ImportNoted = "noted"

// ImportMatch is by what a record was recognised.
type ImportMatch string

// The matches.
const (
	ByPhone    ImportMatch = "phone"
	ByIDNumber ImportMatch = "id_number"
	ByName     ImportMatch = "name"
	ByRow      ImportMatch = "row" // an earlier row of the list says the same
)

// Label returns the match in Chinese.
func (m ImportMatch) Label() string {
	return map[ImportMatch]string{ByPhone: "手机号", ByIDNumber: "证件号", ByName: "姓名和房屋", ByRow: "与前面的行相同"}[m]
}

// ImportRow is one row of a list, as it was read and judged.
type ImportRow struct {
	Number  int           `json:"n"` // in the sheet, from 1
	Values  []string      `json:"v"` // in the order of the kind's columns, in their stored form; one that is wrong as typed
	Verdict ImportVerdict `json:"k"`
	Match   ImportMatch   `json:"m,omitempty"`
	Target  ID            `json:"t,omitempty"` // the record that it changes, or is equal to
	Was     []string      `json:"w,omitempty"` // the record's values, if it is changed or brought back
	Fills   []int         `json:"f,omitempty"` // which of those change if only what is missing is taken
	Lives   string        `json:"o,omitempty"` // the house where the person of a tie is registered already
	Place   bool          `json:"h,omitempty"` // it adds its house
	Label   string        `json:"l,omitempty"` // of its house
	Wrong   []ImportFault `json:"e,omitempty"`
	Notes   []ImportNote  `json:"i,omitempty"`

	house string   // its house however it is spelled, to be compared with other rows of the list
	names []string // of its house's levels as the list has them
}

// ImportFault is one thing that is wrong with a row.
type ImportFault struct {
	Column string `json:"c,omitempty"` // its key; "" = the row as a whole
	Kind   string `json:"k"`           // in Chinese, for counting: 手机号有误
	Words  string `json:"w"`           // what is wrong, and what to do
	House  ID     `json:"h,omitempty"` // the first of several that the row may mean
}

// ImportNote is what somebody should know of how a row that is not wrong was understood.
type ImportNote struct {
	Kind  string `json:"k"` // in Chinese, for counting: 租约到期时间没有导入
	Words string `json:"w"`
}

// Note adds a note.
func (r *ImportRow) Note(kind, words string) { r.Notes = append(r.Notes, ImportNote{kind, words}) }

// Fail adds a fault of a column.
func (r *ImportRow) Fail(column, kind, words string) {
	r.Verdict = ImportWrong
	r.Wrong = append(r.Wrong, ImportFault{Column: column, Kind: kind, Words: words})
}

// FailHouse adds what HouseIndex.Find says of a row's house.
func (r *ImportRow) FailHouse(ref HouseRef, err error) {
	kind := "房屋有误"
	if ref.ID != 0 {
		kind = "登记里有几套"
	}
	r.Fail("", kind, MessageOf(err))
	r.Wrong[len(r.Wrong)-1].House = ref.ID
}

// FailInstead adds a fault of a column in place of those that it has.
func (r *ImportRow) FailInstead(column, kind, words string) {
	r.Wrong = slices.DeleteFunc(r.Wrong, func(f ImportFault) bool { return f.Column == column })
	r.Fail(column, kind, words)
}

// Pardon removes the faults of a column.
func (r *ImportRow) Pardon(column string) {
	if r.Wrong = slices.DeleteFunc(r.Wrong, func(f ImportFault) bool { return f.Column == column }); len(r.Wrong) == 0 {
		r.Verdict = ""
	}
}

// ImportCounts counts rows by verdict, ImportPlaces, ImportNoted, and notes and faults by kind.
type ImportCounts map[string]int

// Add counts a row.
func (c ImportCounts) Add(row ImportRow) {
	c[string(row.Verdict)]++
	if row.Place && row.Verdict != ImportWrong {
		c[ImportPlaces]++
	}
	if row.Verdict == ImportChanged && len(row.Fills) > 0 {
		c[ImportFills]++
	}
	for _, fault := range row.Wrong {
		c[faultCount+fault.Kind]++
	}
	if !row.Noted() {
		return
	}
	c[ImportNoted]++
	for _, note := range row.Notes {
		c[noteCount+note.Kind]++
	}
}

// Noted reports whether there is something to know of a row that is imported.
func (r *ImportRow) Noted() bool { return len(r.Notes) > 0 && r.Verdict != ImportWrong }

// AddAll adds other counts.
func (c ImportCounts) AddAll(other ImportCounts) {
	for key, n := range other {
		c[key] += n
	}
}

// Swap counts rows as they are, which were counted as they were.
func (c ImportCounts) Swap(were, are ImportCounts) {
	c.AddAll(are)
	for key, n := range were {
		if c[key] -= n; c[key] == 0 {
			delete(c, key)
		}
	}
}

// What counts of faults and of notes begin with.
const (
	faultCount = "!"
	noteCount  = "?"
)

// Of returns the number of rows with any of some verdicts.
func (c ImportCounts) Of(verdicts ...ImportVerdict) int {
	n := 0
	for _, v := range verdicts {
		n += c[string(v)]
	}
	return n
}

// Added returns the number of records that rows add: people, and further ties of those who are known.
func (c ImportCounts) Added() int { return c.Of(ImportNew, ImportBack, ImportTie) }

// Faulted returns the number of faults of a kind.
func (c ImportCounts) Faulted(kind string) int { return c[faultCount+kind] }

// Rows returns the number of all rows.
func (c ImportCounts) Rows() int {
	return c.Of(ImportNew, ImportBack, ImportTie, ImportChanged, ImportSame, ImportPlace, ImportWrong, ImportSkipped)
}

// ImportKindCount is how many faults, or notes, of a kind a list has.
type ImportKindCount struct {
	Kind string
	N    int
}

// Faults returns the kinds of faults with their numbers, the most frequent first.
func (c ImportCounts) Faults() []ImportKindCount { return c.kinds(faultCount) }

// Notes returns the kinds of notes with their numbers, the most frequent first.
func (c ImportCounts) Notes() []ImportKindCount { return c.kinds(noteCount) }

// kinds returns the counts whose keys begin with a mark.
func (c ImportCounts) kinds(mark string) []ImportKindCount {
	var kinds []ImportKindCount
	for key, n := range c {
		if kind, is := strings.CutPrefix(key, mark); is && kind != "" {
			kinds = append(kinds, ImportKindCount{kind, n})
		}
	}
	slices.SortFunc(kinds, func(a, b ImportKindCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Kind, b.Kind))
	})
	return kinds
}

// Text encodes the counts for a column of the database.
func (c ImportCounts) Text() string {
	text, _ := json.Marshal(c) // of numbers by text, which always encodes
	return string(text)
}

// ReadImportCounts decodes what Text encoded.
func ReadImportCounts(text string) ImportCounts {
	counts := ImportCounts{}
	_ = json.Unmarshal([]byte(text), &counts) // an unreadable text counts nothing
	return counts
}

// ImportKnown is what becomes of the rows of people who are registered in their house already.
type ImportKnown string

// The choices.
const (
	ImportUpdate ImportKnown = "update" // the list's values take the place of the register's
	ImportFill   ImportKnown = "fill"   // only what the register lacks is taken
	ImportSkip   ImportKnown = "skip"   // nothing
)

// ImportKnowns returns the choices in the order forms show them.
func ImportKnowns() []ImportKnown { return []ImportKnown{ImportUpdate, ImportFill, ImportSkip} }

// Label returns the choice in Chinese.
func (k ImportKnown) Label() string {
	return map[ImportKnown]string{ImportUpdate: "按文件修改", ImportFill: "只补空缺的", ImportSkip: "跳过"}[k]
}

// ImportChoices are what somebody decides on the preview.
type ImportChoices struct {
	Known ImportKnown `json:"known"`
	Ties  bool        `json:"ties"` // somebody who lives in another house gets this one too; else the row is skipped
	Back  bool        `json:"back"` // who has left comes back, not certified; else the row is skipped, for the list may be old
	All   bool        `json:"all"`  // all rows or none; else those that are good
}

// DefaultImportChoices returns the choices that the preview starts with: nothing of the register is overwritten.
func DefaultImportChoices() ImportChoices { return ImportChoices{Known: ImportFill, Ties: true} }

// Check returns what is wrong with the choices for a list with these counts.
func (c ImportChoices) Check(counts ImportCounts) error {
	fields := map[string]string{}
	if !slices.Contains(ImportKnowns(), c.Known) {
		fields["known"] = "请选择已有的怎样处理"
	}
	if c.All && counts.Of(ImportWrong) > 0 {
		fields["all"] = "有错误的行，不能全部导入；请改好后重新上传，或只导入正确的行"
	}
	if len(fields) == 0 && c.Writes(counts) == 0 && counts[ImportPlaces] == 0 {
		return Conflict("没有可以导入的行")
	}
	return InvalidFields(fields)
}

// Writes returns how many records a list with these counts adds or changes at most.
func (c ImportChoices) Writes(counts ImportCounts) int {
	return counts.By(c).Of(ImportNew, ImportBack, ImportTie, ImportChanged)
}

// ImportKey is something that two rows of one list may have in common: they are then equal, or contradict each
// other.
type ImportKey struct {
	Key   string // what they have in common
	Says  string // what they say; two rows of one key that say different things contradict each other
	Whole bool   // the key is a whole record: a second row that says the same is superfluous
	Kind  string // of the fault, in Chinese
	Words string // what is wrong, with %d for the other row
}

// ImportSeen compares the rows of one list with those before them.
type ImportSeen struct{ keys map[string]seenRow }

type seenRow struct {
	row  int
	says string
}

// Add compares a row with those before it. again is the earlier row that says the same, 0 = none; wrong tells the
// earlier rows that it contradicts, by the key they have in common.
func (s *ImportSeen) Add(number int, keys []ImportKey) (again int, wrong map[int]ImportKey) {
	if s.keys == nil {
		s.keys = map[string]seenRow{}
	}
	for _, key := range keys {
		name := key.Kind + "\x00" + key.Key
		first, known := s.keys[name]
		switch {
		case !known:
			s.keys[name] = seenRow{number, key.Says}
		case first.says != key.Says:
			if wrong == nil {
				wrong = map[int]ImportKey{}
			}
			wrong[first.row] = key
		case key.Whole:
			again = first.row
		}
	}
	return again, wrong
}

// importFields label what the audit log records of imports.
var importFields = []AuditField{
	{Key: "what", Label: "内容", Value: importLabel},
	{Key: "file", Label: "文件"},
	{Key: "rows", Label: "行数"},
	{Key: "known", Label: "已有的", Value: labelOf(ImportKnown.Label)},
	{Key: "ties", Label: "添加其他房屋"},
	{Key: "back", Label: "已迁出的重新入住"},
	{Key: "all", Label: "全部导入或都不导入"},
	{Key: "sheet", Label: "工作表"},
	{Key: "columns", Label: "列", List: true},
}

func importLabel(kind string) string {
	t, _ := ImportKind(kind).Type()
	return t.Label
}
