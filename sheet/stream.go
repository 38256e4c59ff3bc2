package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"tongxing/core"
)

// What a workbook to import may cost. See docs/decisions.
const (
	maxStream   = 200 << 20 // bytes unpacked: of all parts as declared, and of the sheet that is read
	maxSmall    = 16 << 20  // of a part other than sheets and shared texts
	maxElement  = 1_000_000 // of the small parts
	maxLooks    = 64_000    // formats of cells: Excel's own limit
	streamBlock = 256 << 10
)

// stream reads a workbook row by row. It is a reader.
type stream struct {
	*source
	short   bool // every part keeps to the budget, and cells stay as they are in the file: see bookList
	shared  *pool
	looks   []shape // of cells, by style
	texts   *texts
	surveys map[int]*survey
	busy    func() bool // see pace
}

// survey is what has to be known of a sheet before its rows are read.
type survey struct {
	rows   int
	merged []mergedArea
}

// openStream opens a workbook within the limits of an import.
func openStream(ctx context.Context, content []byte) (*stream, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, errBroken
	}
	if len(z.File) > maxEntries {
		return nil, errLarge
	}
	var all uint64
	for _, file := range z.File {
		name := strings.ToLower(strings.ReplaceAll(file.Name, `\`, "/"))
		all += min(file.UncompressedSize64, maxStream+1)
		long := strings.HasPrefix(name, "xl/worksheets/") || name == "xl/sharedstrings.xml"
		if all > maxStream || !long && file.UncompressedSize64 > maxSmall {
			return nil, errLarge
		}
	}
	return newStream(content, &budget{ctx: ctx, pace: &pace{}, unpacked: maxSmall, elements: maxElement})
}

func newStream(content []byte, left *budget) (*stream, error) {
	s, err := openParts(content, left)
	if err != nil {
		return nil, err
	}
	if len(s.sheets) == 0 {
		return nil, errBroken
	}
	return &stream{source: s, texts: newTexts(), surveys: map[int]*survey{}}, nil
}

func (s *stream) sheets() []Info {
	all := make([]Info, len(s.source.sheets))
	for i, sheet := range s.source.sheets {
		all[i] = Info{Name: cleanText([]byte(sheet.name)), Hidden: sheet.hidden}
	}
	return all
}

func (s *stream) size(ctx context.Context, sheet int) (int, error) {
	found, err := s.survey(ctx, sheet)
	if err != nil {
		return 0, err
	}
	return found.rows, nil
}

// markup returns a reader of a long part: a sheet or the texts that cells share.
func (s *stream) markup(name string, in io.Reader) *markup {
	if s.short {
		return s.bounded(name, in)
	}
	spent := int64(maxStream)
	return newMarkup(in, &spent)
}

// streamed passes errors that have their own message; everything else is a broken file.
func streamed(err error) error {
	if err == nil || err == io.EOF {
		return nil
	}
	if errors.Is(err, errSlow) || core.IsInvalid(err) {
		return err
	}
	return wrong(err)
}

// survey looks for the merged cells of a sheet, which the file lists behind its rows, and counts these.
func (s *stream) survey(ctx context.Context, sheet int) (*survey, error) {
	if found := s.surveys[sheet]; found != nil {
		return found, nil
	}
	part := s.source.sheets[sheet].part
	in, err := s.open(part)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	found, spent, pace := &survey{}, int64(maxStream), newPace(importRest)
	pace.busy = s.busy
	if s.short {
		spent, pace = min(maxUnpacked, s.unpacked(part)), s.left.pace
	}
	behind, err := found.count(ctx, in, &spent, pace)
	if err == nil {
		err = found.merges(newMarkup(io.MultiReader(bytes.NewReader(behind), in), &spent))
	}
	if err = streamed(err); err != nil {
		return nil, err
	}
	s.surveys[sheet] = found
	return found, nil
}

// count reads as far as the list of merged cells and returns the beginning of that. It does not
// take the XML apart, which would take as long as reading the rows.
func (f *survey) count(ctx context.Context, in io.Reader, spent *int64, pace *pace) ([]byte, error) {
	const overlap = len("<mergeCell ") - 1
	buf := make([]byte, streamBlock)
	kept := 0
	for {
		n, err := io.ReadFull(in, buf[kept:])
		if *spent -= int64(n); *spent < 0 {
			return nil, errLarge
		}
		here := buf[:kept+n]
		if i := bytes.Index(here, []byte("mergeCell ")); i >= 0 {
			f.rows += bytes.Count(here[:i], []byte("<row"))
			return here[max(i-1-bytes.IndexByte(reversed(here[:i]), '<'), 0):], nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			f.rows += bytes.Count(here, []byte("<row"))
			return nil, nil
		}
		if err == nil {
			err = pace.step(ctx)
		}
		if err != nil {
			return nil, err
		}
		f.rows += bytes.Count(here[:len(here)-overlap], []byte("<row"))
		kept = copy(buf, here[len(here)-overlap:])
	}
}

// reversed returns the last bytes of a text backwards: enough to find the beginning of a tag.
func reversed(text []byte) []byte {
	last := slices.Clone(text[max(len(text)-16, 0):])
	slices.Reverse(last)
	return last
}

// merges reads the list of merged cells.
func (f *survey) merges(m *markup) error {
	m.depth = maxDepth / 2 // of no importance: what is broken is found when the rows are read
	for {
		found, err := m.next()
		if errors.Is(err, errBroken) {
			return nil
		}
		if err != nil {
			return err
		}
		if found != tokenStart || string(m.name) != "mergeCell" {
			continue
		}
		if area, ok := mergedOf(string(m.value("ref"))); ok && len(f.merged) < maxMerged {
			f.merged = append(f.merged, area)
		}
	}
}

// mergedOf parses A2:B9. ok is false for a single cell.
func mergedOf(ref string) (a mergedArea, ok bool) {
	from, to, _ := strings.Cut(ref, ":")
	a = mergedArea{top: rowOf(from), bottom: rowOf(to), left: cellColumn([]byte(from)), right: cellColumn([]byte(to))}
	return a, a.left >= 0 && a.top > 0 && a.bottom >= a.top && a.right >= a.left && (a.bottom > a.top || a.right > a.left)
}

// rowOf returns the row of a cell reference, or 0.
func rowOf(cell string) int {
	n := 0
	for _, r := range cell {
		if r >= '0' && r <= '9' && n < sheetRows {
			n = 10*n + int(r-'0')
		}
	}
	return n
}

func (s *stream) rows(ctx context.Context, sheet int, r *rowing) error {
	found, err := s.survey(ctx, sheet)
	if err != nil {
		return err
	}
	if !s.short {
		if err := s.load(ctx, r); err != nil {
			return err
		}
	}
	r.merge(found.merged)
	part := s.source.sheets[sheet].part
	in, err := s.open(part)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := &lines{stream: s, markup: s.markup(part, in), r: r}
	if err := streamed(lines.read(ctx)); err != nil {
		return err
	}
	r.finish()
	return nil
}

// load reads what cells refer to.
func (s *stream) load(ctx context.Context, r *rowing) (err error) {
	if s.looks == nil {
		if s.looks, err = s.allLooks(); err != nil {
			return err
		}
	}
	if s.shared == nil {
		s.shared, err = s.allShared(ctx, r)
	}
	return err
}

// allShared reads the texts that cells share.
func (s *stream) allShared(ctx context.Context, r *rowing) (*pool, error) {
	all := &pool{}
	var raw []byte
	return all, s.eachShared(func(i int, m *markup) (err error) {
		if raw, err = m.rich(raw[:0]); err == nil {
			err = all.add(s.texts.clean(raw))
		}
		if err == nil && i&1023 == 1023 {
			err = r.tick(ctx)
		}
		return err
	})
}

// eachShared calls each for the texts that cells share, until it returns errEnough.
func (s *stream) eachShared(each func(i int, m *markup) error) error {
	in, err := s.open(s.strings)
	if err != nil {
		return err
	}
	defer in.Close()
	m := s.markup(s.strings, in)
	for i := 0; ; {
		found, err := m.next()
		if err == nil && found == tokenStart && string(m.name) == "si" {
			err = each(i, m)
			i++
		}
		if err == io.EOF || errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return streamed(err)
		}
	}
}

// allLooks reads the formats of cells, by style.
func (s *stream) allLooks() ([]shape, error) {
	known, looks := map[format]shape{}, []shape{}
	err := s.eachFormat(func(f format) error {
		if len(looks) >= maxLooks {
			return errFormats
		}
		look, is := known[f]
		if !is {
			look = shapeOf(f)
			known[f] = look
		}
		looks = append(looks, look)
		return nil
	})
	return looks, err
}

// eachFormat calls each for the formats of cells in the order of styles, until it returns errEnough.
func (s *stream) eachFormat(each func(format) error) error {
	codes := map[int]string{}
	return s.read(s.styles, func(m *markup) error {
		switch string(m.name) {
		case "numFmt":
			if code := string(m.value("formatCode")); len(code) <= formatBytes && len(codes) < maxCodes {
				codes[m.number("numFmtId")] = code
			}
		case "cellXfs":
			for depth := m.depth; ; {
				found, err := m.next()
				if err != nil || m.depth < depth {
					return err
				}
				if found == tokenStart && string(m.name) == "xf" {
					id := max(m.number("numFmtId"), 0)
					if err := each(format{id, codes[id]}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// lines reads the rows of one sheet.
type lines struct {
	*stream
	*markup
	r       *rowing
	row     int
	raw     []byte // the value of a cell
	formula []byte
	cells   int // of a short list
}

var generalShape = shape{general: true}

// read reads the whole part.
func (l *lines) read(ctx context.Context) error {
	for {
		found, err := l.next()
		if err != nil {
			return err
		}
		if found != tokenStart {
			continue
		}
		switch string(l.name) {
		case "col":
			if l.truth("hidden") || l.zero("width") {
				l.r.hide(l.number("min")-1, l.number("max")-1)
			}
		case "row":
			if err := l.line(ctx); err != nil {
				return err
			}
		}
	}
}

// line reads a row.
func (l *lines) line(ctx context.Context) error {
	l.row++
	if n := l.number("r"); n > 0 {
		if n < l.row {
			return errBroken
		}
		l.row = n
	}
	if l.row > sheetRows {
		return errBroken
	}
	l.r.begin(l.row, l.truth("hidden") || l.zero("ht"))
	column := -1
	for depth := l.depth; ; {
		found, err := l.next()
		if err != nil {
			return early(err)
		}
		if l.depth < depth {
			return l.r.end(ctx)
		}
		if found != tokenStart || string(l.name) != "c" {
			continue
		}
		if column, err = l.field(column + 1); err != nil {
			return early(err)
		}
	}
}

// early returns an error of reading inside an element: its end is missing.
func early(err error) error {
	if err == io.EOF {
		return errBroken
	}
	return err
}

// field reads a cell; column is its column if it does not say.
func (l *lines) field(column int) (int, error) {
	kind, style := byte('n'), 0
	for rest := l.rest; ; {
		name, value, left, ok := attribute(rest)
		if !ok {
			break
		}
		switch {
		case len(name) != 1:
		case name[0] == 'r':
			if n := cellColumn(value); n >= 0 {
				column = n
			}
		case name[0] == 's':
			style = max(digits(value), 0)
		case name[0] == 't':
			kind = cellKind(value)
		}
		rest = left
	}
	if l.single {
		l.single = false
		l.depth--
		return column, nil
	}
	if err := l.values(); err != nil {
		return column, err
	}
	if l.short {
		return column, l.keep(column, kind, style)
	}
	cell, err := l.meaning(kind, style)
	if err != nil {
		return column, err
	}
	return column, l.r.cell(column, cell)
}

// keep adds a cell of a short list, of which only as much is read as a Table has.
func (l *lines) keep(column int, kind byte, style int) error {
	var cell Cell
	switch {
	case column >= tableColumns || len(bytes.TrimSpace(l.raw)) == 0 && (len(l.raw) > 0 || len(l.formula) == 0):
		return nil
	case l.r.hidden[column].hidden:
		l.r.hidden[column].filled = true
		return nil
	case len(l.raw) > 0 && kind == 's':
		cell = Cell{Text: string(bytes.TrimSpace(l.raw)), Kind: cellShared}
	case len(l.raw) > 0 && kind == 'n':
		cell = Cell{Text: string(l.raw), Kind: CellNumber, style: style}
	default:
		var err error
		if cell, err = l.meaning(kind, style); err != nil {
			return err
		}
	}
	if l.cells++; l.cells > maxCells {
		return errLarge
	}
	return l.r.cell(column, cell)
}

// values reads the content of a cell into raw and formula.
func (l *lines) values() (err error) {
	l.raw, l.formula = l.raw[:0], l.formula[:0]
	for depth := l.depth; ; {
		found, err := l.next()
		switch {
		case err != nil:
			return err
		case l.depth < depth:
			return nil
		case found != tokenStart:
		case string(l.name) == "v":
			l.raw, err = l.content(l.raw[:0])
		case string(l.name) == "is":
			l.raw, err = l.rich(l.raw[:0])
		case string(l.name) == "f":
			l.formula, err = l.content(l.formula[:0])
		default:
			err = l.skip()
		}
		if err != nil {
			return err
		}
	}
}

// cellKind returns the first letter of a cell's type; S stands for the texts of formulas (str).
func cellKind(value []byte) byte {
	switch {
	case len(value) == 0:
		return 'n'
	case string(value) == "str":
		return 'S'
	}
	return value[0]
}

// meaning returns the cell of what was read.
func (l *lines) meaning(kind byte, style int) (Cell, error) {
	if len(l.raw) == 0 {
		if len(l.formula) > 0 {
			return Cell{Text: "=" + l.texts.clean(l.formula), Kind: CellFormula}, nil
		}
		return Cell{}, nil
	}
	switch kind {
	case 's':
		text, ok := l.shared.text(digits(bytes.TrimSpace(l.raw)))
		if !ok {
			return Cell{}, errBroken
		}
		return Cell{Text: l.texts.same(text), Kind: CellText}, nil
	case 'n':
		return l.amount(style), nil
	case 'b':
		if string(l.raw) == "1" || string(l.raw) == "true" {
			return Cell{Text: "TRUE", Kind: CellTruth}, nil
		}
		return Cell{Text: "FALSE", Kind: CellTruth}, nil
	case 'e':
		return Cell{Text: l.texts.clean(l.raw), Kind: CellFault}, nil
	case 'd': // a day as text: 2026-11-28T00:00:00
		text := strings.Replace(strings.TrimSuffix(l.texts.clean(l.raw), "Z"), "T", " ", 1)
		return Cell{Text: strings.TrimSuffix(text, " 00:00:00"), Kind: CellDay}, nil
	}
	return Cell{Text: l.texts.clean(l.raw), Kind: CellText}, nil
}

// amount returns the cell of a number.
func (l *lines) amount(style int) Cell {
	look := &generalShape
	if style < len(l.looks) {
		look = &l.looks[style]
	}
	if look.general && short(l.raw) {
		return Cell{Text: l.texts.same(l.raw), Kind: CellNumber}
	}
	value, is := parseNumber(string(l.raw))
	if !is {
		return Cell{Text: l.texts.clean(l.raw), Kind: CellText} // not a number after all
	}
	return numberCell(value, look, l.date04)
}

// short reports whether a number is written with a few digits alone, as most are.
func short(raw []byte) bool {
	if len(raw) > 15 || raw[0] == '0' && len(raw) > 1 {
		return false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// cellColumn returns the column of a reference such as B7, or -1.
func cellColumn(ref []byte) int {
	n := 0
	for _, c := range bytes.TrimLeft(ref, "$") {
		if c |= 0x20; c < 'a' || c > 'z' {
			break
		}
		if n = 26*n + int(c-'a') + 1; n > 1<<14 {
			break
		}
	}
	return n - 1
}
