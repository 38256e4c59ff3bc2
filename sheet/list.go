package sheet

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// maxShown bounds the texts of all cells of a short list together with what holds them, in bytes.
const (
	maxShown   = 4<<20 - 64<<10
	textCost   = 70 // of a cell, besides its text
	numberCost = 38
)

// list is a sheet with few rows.
type list struct {
	max   int
	lines []line
}

// line is what a person sees of a row.
type line struct {
	number int // from 1
	cells  []Cell
}

// add adds what a person sees of a row.
func (l *list) add(row Row) error {
	if row.Hidden {
		return nil
	}
	cells, filled := slices.Clone(row.Cells[:min(len(row.Cells), tableColumns)]), 0
	for i, cell := range cells {
		if cell.Hidden {
			cells[i] = Cell{}
		} else if cell.Text != "" {
			filled = i + 1
		}
	}
	if filled == 0 {
		return nil
	}
	l.lines = append(l.lines, line{row.Number, cells[:filled]})
	if len(l.lines) > l.max {
		return errLong
	}
	return nil
}

// firstFilled reads sheets up to the first that has rows to be seen. If there is none, it says of
// the last one with hidden content how much that is.
func firstFilled(ctx context.Context, in reader, shown []int, max int, pace *pace) (t Table, lines []line, err error) {
	if len(shown) == 0 {
		return Table{}, nil, errHidden
	}
	all := in.sheets()
	for _, sheet := range shown {
		l := &list{max: max}
		r := &rowing{max: sheetRows, each: l.add, left: maxReading, since: time.Now(), pace: pace}
		if err := in.rows(ctx, sheet, r); err != nil {
			return Table{}, nil, err
		}
		found := Table{
			Sheet: all[sheet].Name, Sheets: len(shown), HiddenRows: r.seen.HiddenRows, HiddenColumns: r.seen.HiddenColumns,
		}
		if len(l.lines) > 0 {
			return found, l.lines, nil
		}
		if found.HiddenRows+found.HiddenColumns > 0 {
			t = found
		}
	}
	return t, nil, nil
}

// addLines adds rows whose cells are as a person sees them.
func (t *Table) addLines(lines []line) {
	for _, line := range lines {
		texts, lost := make([]string, len(line.cells)), false
		for i, cell := range line.cells {
			texts[i] = cell.Text
			lost = lost || cell.Lost
		}
		if t.add(line.number, texts) && lost {
			t.Rounded = append(t.Rounded, line.number)
		}
	}
}

// readOld reads the first visible sheet of a legacy workbook that is not empty.
func readOld(ctx context.Context, content []byte, max int) (Table, error) {
	o, err := openOld(content)
	if err != nil {
		return Table{}, err
	}
	var shown []int
	for i, sheet := range o.sheets() {
		if !sheet.Hidden {
			shown = append(shown, i)
		}
	}
	t, lines, err := firstFilled(ctx, o, shown, max, newPace(readingRest))
	t.addLines(lines)
	return t, err
}

// readBook reads the first visible sheet of a workbook that is not empty. Its cells are resolved
// after the rows are known: only the texts and formats that they use are looked for.
func readBook(ctx context.Context, content []byte, max int) (Table, error) {
	left := &budget{ctx: ctx, pace: newPace(readingRest), unpacked: maxUnpacked, elements: maxElements}
	s, err := newStream(content, left)
	if err != nil {
		return Table{}, err
	}
	s.short = true
	t, lines, err := firstFilled(ctx, s, s.shown(), max, left.pace)
	if err != nil {
		return Table{}, err
	}
	if err := s.resolve(lines); err != nil {
		return Table{}, err
	}
	formats, err := s.formats(lines)
	if err != nil {
		return Table{}, err
	}
	show := &display{formats: formats, date04: s.date04, styles: map[format]int{}}
	defer show.close()
	for _, line := range lines {
		if err := left.pace.step(ctx); err != nil {
			return Table{}, err
		}
		for i := range line.cells {
			if err := show.cell(&line.cells[i]); err != nil {
				return Table{}, err
			}
		}
	}
	t.addLines(lines)
	return t, nil
}

// resolve replaces the numbers of shared texts by the texts.
func (s *stream) resolve(lines []line) error {
	wanted := map[int][]*Cell{}
	for _, line := range lines {
		for i := range line.cells {
			cell := &line.cells[i]
			if cell.Kind != cellShared {
				continue
			}
			n, err := strconv.ParseUint(cell.Text, 10, 31)
			if err != nil {
				return errBroken
			}
			wanted[int(n)] = append(wanted[int(n)], cell)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	err := s.eachShared(func(i int, m *markup) error {
		cells, is := wanted[i]
		if !is {
			return nil
		}
		raw, err := m.rich(nil)
		if err != nil {
			return err
		}
		text := s.texts.clean(raw)
		for _, cell := range cells {
			cell.Text, cell.Kind = text, CellText
		}
		if delete(wanted, i); len(wanted) == 0 {
			return errEnough
		}
		return nil
	})
	if err == nil && len(wanted) > 0 {
		err = errBroken
	}
	return err
}

// formats returns how the numbers of rows are shown, by style.
func (s *stream) formats(lines []line) (map[int]format, error) {
	last, wanted := 0, map[int]bool{}
	for _, line := range lines {
		for _, cell := range line.cells {
			if cell.Kind == CellNumber {
				wanted[cell.style] = true
				last = max(last, cell.style)
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	if last >= maxFormats {
		return nil, errFormats
	}
	formats, style := map[int]format{}, 0
	err := s.eachFormat(func(f format) error {
		if wanted[style] {
			formats[style] = f
		}
		if style++; style > last {
			return errEnough
		}
		return nil
	})
	if err == errLarge {
		err = errFormats
	}
	return formats, err
}
