package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// harmlessParts match the parts of a workbook that are copied into the marked one. Macros, links to
// other files, embedded objects and queries are none of them.
var harmlessParts = regexp.MustCompile(`^(\[content_types\]\.xml|_rels/\.rels|docprops/.*|customxml/.*|xl/workbook\.xml|` +
	`xl/_rels/workbook\.xml\.rels|xl/worksheets/(_rels/)?[^/]*|xl/styles\.xml|xl/sharedstrings\.xml|xl/theme/.*|xl/calcchain\.xml|` +
	`xl/comments[^/]*|xl/drawings/.*|xl/media/.*|xl/printersettings/.*|xl/tables/.*|xl/persons/.*|xl/threadedcomments/.*|` +
	`xl/metadata\.xml|xl/featurepropertybag/.*|xl/richdata/.*|xl/(_rels/)?cellimages\.xml(\.rels)?)$`)

// harmless reports whether the workbook can be sent back with a sheet marked: an .xlsx without what
// could act by itself, whose elements have no prefix.
func (s *stream) harmless(sheet int) bool {
	for name := range s.files {
		if strings.HasSuffix(name, "/") && path.Clean(name)+"/" == name {
			continue // a folder
		}
		if path.Clean(name) != name || !harmlessParts.MatchString(name) {
			return false
		}
	}
	types, err := s.whole("[content_types].xml")
	return err == nil && bytes.Contains(types, []byte(ContentType+".main+xml")) && s.begins(s.source.sheets[sheet].part, "<worksheet") &&
		s.begins(s.styles, "<styleSheet")
}

// begins reports whether a part has a tag near its beginning.
func (s *stream) begins(name, tag string) bool {
	in, err := s.open(name)
	if err != nil {
		return false
	}
	defer in.Close()
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(in, head)
	return (err == nil || err == io.ErrUnexpectedEOF) && bytes.Contains(head[:n], []byte(tag))
}

// whole reads a small part.
func (s *stream) whole(name string) ([]byte, error) {
	in, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content, err := io.ReadAll(io.LimitReader(in, maxSmall+1))
	if err == nil && len(content) > maxSmall {
		err = errLarge
	}
	return content, err
}

// styleSheet is the part of a workbook that lists the formats of its cells.
type styleSheet struct {
	content []byte
	formats []string // the elements of cells' formats, by style
	fills   int      // how many there are
	red     int      // the fill of cells at fault; -1 = to be added
	endFill int      // where the list of fills ends in content
	end     int      // where the list of formats ends

	added   []string
	redOf   map[int]int // the style of a cell at fault, by its style
	plainOf map[int]int
}

// styleSheet takes the list of formats apart. ok is false if it is not as expected.
func (s *stream) styleSheet() (t *styleSheet, ok bool) {
	content, err := s.whole(s.styles)
	if err != nil || len(content) == 0 {
		return nil, false
	}
	t = &styleSheet{content: content, red: -1, redOf: map[int]int{}, plainOf: map[int]int{}}
	spent := int64(maxSmall)
	m := newMarkup(bytes.NewReader(content), &spent)
	m.buf, m.err = content, io.EOF // in memory already, so that places in it are known
	for {
		found, err := m.next()
		if err == io.EOF {
			return t, t.end > 0 && t.endFill > 0 && len(t.formats) > 0 && len(t.formats) < maxLooks/2
		}
		if err != nil {
			return nil, false
		}
		if found != tokenStart || m.single || m.depth != 2 {
			continue
		}
		switch string(m.name) {
		case "fills":
			err = t.readFills(m)
		case "cellXfs":
			err = t.readFormats(m)
		}
		if err != nil {
			return nil, false
		}
	}
}

// listed calls each for the elements of the list that started last, with their whole text, and
// returns where the list ends.
func listed(m *markup, each func(element []byte)) (int, error) {
	depth, from := m.depth, 0
	for {
		found, err := m.next()
		switch {
		case err != nil:
			return 0, early(err)
		case m.depth < depth:
			return m.at - len(m.raw), nil
		case found == tokenStart && m.depth == depth+1:
			from = m.at - len(m.raw)
		case found == tokenStop && m.depth == depth:
			each(m.buf[from:m.at])
		}
	}
}

func (t *styleSheet) readFills(m *markup) (err error) {
	t.endFill, err = listed(m, func(element []byte) {
		if bytes.Contains(element, []byte(red)) && bytes.Contains(element, []byte("solid")) {
			t.red = t.fills
		}
		t.fills++
	})
	return err
}

func (t *styleSheet) readFormats(m *markup) (err error) {
	t.end, err = listed(m, func(element []byte) { t.formats = append(t.formats, string(element)) })
	return err
}

// redden returns the style of a cell at fault.
func (t *styleSheet) redden(style int) int {
	if t.isRed(style) {
		return style
	}
	if t.red < 0 {
		t.red = t.fills
	}
	return t.filled(style, t.red, t.redOf)
}

// clear returns the style of a cell that is not at fault.
func (t *styleSheet) clear(style int) int {
	if !t.isRed(style) {
		return style
	}
	return t.filled(style, 0, t.plainOf)
}

func (t *styleSheet) isRed(style int) bool {
	return t.red >= 0 && t.red < t.fills && style < len(t.formats) && fillOf(t.formats[style]) == t.red
}

// filled returns the style that differs from another by its fill.
func (t *styleSheet) filled(style, fill int, known map[int]int) int {
	if style >= len(t.formats) {
		style = 0
	}
	if n, is := known[style]; is {
		return n
	}
	element := t.formats[style]
	end := strings.IndexByte(element, '>') + 1
	tag := withAttribute([]byte(element[:end]), "fillId", strconv.Itoa(fill))
	tag = withAttribute(tag, "applyFill", "1")
	n := len(t.formats) + len(t.added)
	t.added, known[style] = append(t.added, string(tag)+element[end:]), n
	return n
}

// fillOf returns the fill of a format.
func fillOf(element string) int {
	_, after, ok := strings.Cut(element, ` fillId="`)
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(after, `"`)
	return digits([]byte(number))
}

// withAttribute sets an attribute of a start tag.
func withAttribute(tag []byte, name, value string) []byte {
	tag = withoutAttribute(tag, name)
	end := len(tag) - 1
	if tag[end-1] == '/' {
		end--
	}
	return slices.Concat(bytes.TrimRight(tag[:end], " \t\r\n"), []byte(` `+name+`="`+value+`"`), tag[end:])
}

// withoutAttribute removes an attribute of a start tag.
func withoutAttribute(tag []byte, wanted string) []byte {
	from := bytes.IndexAny(tag, " \t\r\n")
	if from < 0 {
		return tag
	}
	for rest := tag[from:]; ; {
		name, _, left, ok := attribute(rest)
		if !ok {
			return tag
		}
		if string(name) == wanted {
			return slices.Concat(tag[:len(tag)-len(rest)], left)
		}
		rest = left
	}
}

// bytes returns the part with the formats that were added.
func (t *styleSheet) bytes() []byte {
	var b bytes.Buffer
	b.Write(t.content[:t.endFill])
	if t.red == t.fills {
		b.WriteString(redFill)
	}
	b.Write(t.content[t.endFill:t.end])
	for _, element := range t.added {
		b.WriteString(element)
	}
	b.Write(t.content[t.end:])
	return counts.ReplaceAll(b.Bytes(), []byte("$1"))
}

// counts match the numbers of elements that the lists name; they may be missing.
var counts = regexp.MustCompile(`(<(?:\w+:)?(?:fills|cellXfs)) count="\d+"`)

// mark copies the workbook with a sheet that is marked.
func (s *stream) mark(ctx context.Context, w io.Writer, sheet int, p *marking, looks *styleSheet) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	marked, styles := strings.ToLower(s.source.sheets[sheet].part), strings.ToLower(s.styles)
	for name, file := range s.files {
		if name == marked || name == styles || strings.HasSuffix(name, "/") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := z.Copy(file); err != nil {
			return errBroken
		}
	}
	if file := s.files[marked]; file != nil {
		out, err := z.Create(file.Name)
		if err != nil {
			return err
		}
		if err := s.markSheet(ctx, out, file, p, looks); err != nil {
			return err
		}
	}
	out, err := z.Create(s.files[styles].Name)
	if err != nil {
		return err
	}
	if _, err := out.Write(looks.bytes()); err != nil {
		return err
	}
	return z.Close()
}

func (s *stream) markSheet(ctx context.Context, w io.Writer, file *zip.File, p *marking, looks *styleSheet) error {
	in, err := file.Open()
	if err != nil {
		return errBroken
	}
	defer in.Close()
	spent := int64(maxStream)
	patch := &patch{
		markup: newMarkup(in, &spent), marking: p, looks: looks, out: bufio.NewWriterSize(w, 64<<10), columns: map[int]int{},
	}
	_, _ = patch.out.WriteString(xml.Header) // a bufio.Writer keeps its first error
	if err := patch.sheet(ctx); err != io.EOF {
		return streamed(err)
	}
	return patch.out.Flush()
}

// patch copies a sheet's XML and marks it meanwhile.
type patch struct {
	*markup
	*marking
	looks   *styleSheet
	out     *bufio.Writer
	columns map[int]int // styles of whole columns
	widths  bool        // widths of columns are known
	last    int         // column with a width, from 1
	row     int
}

// copy writes the token as it is.
func (p *patch) copy() { _, _ = p.out.Write(p.raw) }

// sheet copies everything up to the end, which is io.EOF.
func (p *patch) sheet(ctx context.Context) error {
	pace := newPace(writingRest)
	for {
		found, err := p.next()
		if err != nil {
			return err
		}
		name := string(p.name)
		switch {
		case found == tokenStart && name == "dimension":
			err = p.skip() // it would be too small
		case found == tokenStart && name == "col":
			p.width()
		case found == tokenStop && name == "cols" && p.raw != nil:
			p.ownWidth(false)
			p.copy()
		case found == tokenStart && name == "sheetData":
			p.ownWidth(true)
			p.copy()
		case found == tokenStart && name == "row":
			if err = pace.step(ctx); err == nil {
				err = p.line()
			}
		default:
			p.copy()
		}
		if err != nil {
			return early(err)
		}
	}
}

// width notes and copies the width of columns.
func (p *patch) width() {
	from, to := p.number("min"), p.number("max")
	if style := p.number("style"); style > 0 {
		for column := max(from, 1); column <= min(to, Columns); column++ {
			p.columns[column-1] = style
		}
	}
	p.widths, p.last = true, max(p.last, to)
	p.copy()
}

// ownWidth makes room for the messages, unless the width of their column is set already.
func (p *patch) ownWidth(list bool) {
	if p.last > p.column || list && p.widths {
		return
	}
	own := fmt.Sprintf(`<col min="%d" max="%d" width="50" customWidth="1"/>`, p.column+1, p.column+1)
	if list {
		own = `<cols>` + own + `</cols>`
	}
	_, _ = p.out.WriteString(own)
	p.widths = true
}

// line copies a row.
func (p *patch) line() error {
	p.row++
	if n := p.number("r"); n > 0 {
		p.row = n
	}
	empty := p.single
	tag := withoutAttribute(p.raw, "spans")
	if empty {
		p.single = false
		p.depth--
		tag = append(bytes.TrimRight(slices.Clone(tag[:len(tag)-2]), " "), '>')
	}
	_, _ = p.out.Write(tag)
	cells := &rowCells{patch: p, at: -1, wrong: p.wrongIn(p.row)}
	for depth := p.depth; !empty; {
		found, err := p.next()
		if err != nil {
			return early(err)
		}
		if p.depth < depth {
			break
		}
		if found != tokenStart || string(p.name) != "c" {
			p.copy()
			continue
		}
		if err := cells.copy(); err != nil {
			return early(err)
		}
	}
	cells.before(1 << 20)
	if empty {
		_, _ = p.out.WriteString(`</` + tagName(tag) + `>`)
		return nil
	}
	p.copy()
	return nil
}

// tagName returns the name of a start tag, with its prefix.
func tagName(tag []byte) string {
	return string(tag[1 : len(tag)-len(bytes.TrimLeft(tag[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-"))])
}

// wrongIn returns the columns of a row that are at fault, in their order.
func (p *patch) wrongIn(row int) []int {
	f := p.faults[row]
	if f == nil {
		return nil
	}
	columns := slices.DeleteFunc(slices.Clone(f.columns), func(column int) bool { return column == p.marking.column })
	slices.Sort(columns)
	return columns
}

// rowCells copies the cells of a row in their order, with those that were missing.
type rowCells struct {
	*patch
	at    int // column of the last cell of the file
	style int // its style
	wrong []int
	said  bool // the message is written
}

// copy copies the cell that started last.
func (c *rowCells) copy() error {
	c.at++
	if n := cellColumn(c.value("r")); n >= 0 {
		c.at = n
	}
	if c.at == c.marking.column {
		return c.skip() // the message of an earlier time
	}
	tag := slices.Clone(c.raw)
	style, element, single := max(c.number("s"), 0), c.depth, c.single
	c.before(c.at)
	wanted := c.looks.clear(style)
	if len(c.wrong) > 0 && c.wrong[0] == c.at {
		wanted, c.wrong = c.looks.redden(style), c.wrong[1:]
	}
	if wanted != style {
		tag = withAttribute(tag, "s", strconv.Itoa(wanted))
	}
	c.style = wanted
	_, _ = c.out.Write(tag)
	if single {
		return c.skip()
	}
	for c.depth >= element {
		if _, err := c.next(); err != nil {
			return err
		}
		c.patch.copy()
	}
	return nil
}

// before writes the cells that the file lacks before a column: those at fault because they are
// empty, and the message.
func (c *rowCells) before(column int) {
	for len(c.wrong) > 0 && c.wrong[0] < column {
		c.message(c.wrong[0])
		_, _ = fmt.Fprintf(c.out, `<c r="%s%d" s="%d"/>`, columnName(c.wrong[0]), c.row, c.looks.redden(c.columns[c.wrong[0]]))
		c.wrong = c.wrong[1:]
	}
	c.message(column)
}

// message writes the message unless the column that follows is before its own.
func (c *rowCells) message(next int) {
	if c.said || next <= c.marking.column {
		return
	}
	c.said = true
	style := ""
	if c.row == c.heading {
		style = fmt.Sprintf(` s="%d"`, c.style) // like the heading beside it
	}
	var b bytes.Buffer
	textCell(&b, columnName(c.marking.column)+strconv.Itoa(c.row), c.marking.words(c.row), style)
	_, _ = c.out.Write(b.Bytes())
}
