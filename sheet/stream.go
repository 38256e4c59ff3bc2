package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
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

// stream reads a workbook of any length row by row. It is a reader.
type stream struct {
	*source
	shared  *pool
	looks   []shape // of cells, by style
	texts   *texts
	surveys map[int]*survey
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
	s, err := openParts(content, &budget{ctx: ctx, unpacked: maxSmall, elements: maxElement})
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

// open opens a part; a part that is missing is empty.
func (s *stream) open(name string) (io.ReadCloser, error) {
	file := s.files[strings.ToLower(name)]
	if file == nil {
		return io.NopCloser(strings.NewReader("")), nil
	}
	in, err := file.Open()
	if err != nil {
		return nil, errBroken
	}
	return in, nil
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
	in, err := s.open(s.source.sheets[sheet].part)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	found, spent := &survey{}, int64(maxStream)
	behind, err := found.count(ctx, in, &spent)
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
func (f *survey) count(ctx context.Context, in io.Reader, spent *int64) ([]byte, error) {
	const overlap = len("<mergeCell ") - 1
	buf := make([]byte, streamBlock)
	kept, pace := 0, newPace(importRest)
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
	left, ok := columnOf(from)
	right, also := columnOf(to)
	a = mergedArea{top: rowOf(from), bottom: rowOf(to), left: left, right: right}
	return a, ok && also && a.top > 0 && a.bottom >= a.top && right >= left && (a.bottom > a.top || right > left)
}

func (s *stream) rows(ctx context.Context, sheet int, r *rowing) error {
	found, err := s.survey(ctx, sheet)
	if err != nil {
		return err
	}
	if err := s.load(ctx, r); err != nil {
		return err
	}
	r.merge(found.merged)
	in, err := s.open(s.source.sheets[sheet].part)
	if err != nil {
		return err
	}
	defer in.Close()
	spent := int64(maxStream)
	lines := &lines{stream: s, markup: newMarkup(in, &spent), r: r}
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
	in, err := s.open(s.strings)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	spent := int64(maxStream)
	m := newMarkup(in, &spent)
	var raw []byte
	for {
		found, err := m.next()
		if err == nil && found == tokenStart && string(m.name) == "si" {
			if raw, err = m.rich(raw[:0]); err == nil {
				err = all.add(s.texts.clean(raw))
			}
			if err == nil && len(all.places)&1023 == 0 {
				err = r.tick(ctx)
			}
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, streamed(err)
		}
	}
}

// allLooks reads the formats of cells, by style.
func (s *stream) allLooks() ([]shape, error) {
	codes, known, looks := map[int]string{}, map[format]shape{}, []shape{}
	err := s.read(s.styles, func(p *part, element xml.StartElement) error {
		switch element.Name.Local {
		case "numFmt":
			if code := value(element, "formatCode"); len(code) <= formatBytes && len(codes) < maxCodes {
				codes[number(element, "numFmtId")] = code
			}
		case "cellXfs":
			return p.inside(func(element xml.StartElement) error {
				if element.Name.Local != "xf" {
					return nil
				}
				if len(looks) >= maxLooks {
					return errFormats
				}
				id := max(number(element, "numFmtId"), 0)
				f := format{id, codes[id]}
				look, is := known[f]
				if !is {
					look = shapeOf(f)
					known[f] = look
				}
				looks = append(looks, look)
				return nil
			})
		}
		return nil
	})
	return looks, err
}

// lines reads the rows of one sheet.
type lines struct {
	*stream
	*markup
	r       *rowing
	row     int
	raw     []byte // the value of a cell
	formula []byte
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
	cell, err := l.meaning(kind, style)
	if err != nil {
		return column, err
	}
	return column, l.r.cell(column, cell)
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
	text := strings.TrimSpace(string(l.raw))
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
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
	for _, c := range ref {
		if c |= 0x20; c < 'a' || c > 'z' {
			break
		}
		if n = 26*n + int(c-'a') + 1; n > 1<<14 {
			break
		}
	}
	return n - 1
}
