package sheet

import (
	"encoding/xml"
	"slices"
	"strings"
)

// grid is one sheet of a workbook as stored in the file, up to the limits of a table.
type grid struct {
	max     int // the number of visible, non-empty rows
	lines   []gridLine
	seen    int // of lines
	cells   int
	row     int          // number of the last one, from 1
	hidden  map[int]bool // columns, from 0
	columns map[int]bool // hidden columns that are not empty
	rows    int          // number of hidden rows that are not empty, once they are dropped
	merged  []area
}

// gridLine is a row that is not empty.
type gridLine struct {
	row    int // from 1
	hidden bool
	cells  []gridCell
}

type gridCell struct {
	column int    // from 0
	kind   string // as in the file: "" or n, s, str, inlineStr, b, d, e
	style  int
	value  string
}

// area is a merged cell; both ends are inclusive.
type area struct{ top, left, bottom int }

func (g *grid) read(p *part, element xml.StartElement) error {
	switch element.Name.Local {
	case "col":
		if truth(element, "hidden") || zero(element, "width") {
			for column := max(number(element, "min"), 1); column <= min(number(element, "max"), tableColumns); column++ {
				g.hidden[column-1] = true
			}
		}
	case "row":
		return g.line(p, element)
	case "mergeCell":
		if a, ok := areaOf(value(element, "ref")); ok && len(g.merged) < maxCells {
			g.merged = append(g.merged, a)
		}
	}
	return nil
}

// line reads a row. Hidden rows count, because merged cells may reach from them into visible ones.
func (g *grid) line(p *part, element xml.StartElement) error {
	g.row++
	if n := number(element, "r"); n > 0 {
		if n < g.row {
			return errBroken
		}
		g.row = n
	}
	line := gridLine{row: g.row, hidden: truth(element, "hidden") || zero(element, "ht")}
	column := -1
	err := p.inside(func(element xml.StartElement) error {
		if element.Name.Local != "c" {
			return nil
		}
		column++
		if n, ok := columnOf(value(element, "r")); ok {
			column = n
		}
		cell := gridCell{column: column, kind: value(element, "t"), style: max(number(element, "s"), 0)}
		if err := cell.read(p); err != nil || column >= tableColumns || strings.TrimSpace(cell.value) == "" {
			return err
		}
		if g.hidden[column] {
			g.columns[column] = true
			return nil
		}
		line.cells = append(line.cells, cell)
		return nil
	})
	if err != nil || len(line.cells) == 0 {
		return err
	}
	g.lines = append(g.lines, line)
	if !line.hidden {
		g.seen++
	}
	switch g.cells += len(line.cells); {
	case g.cells > maxCells:
		return errLarge
	case g.seen > g.max:
		return errLong
	}
	return nil
}

// read reads a cell's content. A formula without a stored result is read as its text.
func (c *gridCell) read(p *part) error {
	formula := ""
	err := p.inside(func(element xml.StartElement) (err error) {
		switch element.Name.Local {
		case "v":
			c.value, err = p.text(cellBytes)
		case "is":
			c.value, err = p.rich(cellBytes)
		case "f":
			formula, err = p.text(cellBytes)
		}
		return err
	})
	if c.value == "" && formula != "" {
		c.kind, c.value = "str", "="+formula
	}
	return err
}

// fill copies a merged cell that spans several rows into each of them that has other content:
// people write 3栋 once for all its houses.
func (g *grid) fill() {
	steps := maxCells
	for _, a := range g.merged {
		i, found := slices.BinarySearchFunc(g.lines, a.top, func(l gridLine, row int) int { return l.row - row })
		if !found {
			continue
		}
		from := g.lines[i].at(a.left)
		if from == nil {
			continue
		}
		for i++; i < len(g.lines) && g.lines[i].row <= a.bottom && steps > 0; i, steps = i+1, steps-1 {
			if line := &g.lines[i]; line.at(a.left) == nil {
				line.cells = append(line.cells, *from)
			}
		}
	}
}

// dropHidden keeps only visible rows.
func (g *grid) dropHidden() {
	g.rows = len(g.lines) - g.seen
	g.lines = slices.DeleteFunc(g.lines, func(l gridLine) bool { return l.hidden })
}

func (l *gridLine) at(column int) *gridCell {
	for i := range l.cells {
		if l.cells[i].column == column {
			return &l.cells[i]
		}
	}
	return nil
}

// areaOf parses A2:A9. ok is false for a cell that spans only one row.
func areaOf(ref string) (area, bool) {
	from, to, _ := strings.Cut(ref, ":")
	left, ok := columnOf(from)
	top, bottom := rowOf(from), rowOf(to)
	return area{top, left, bottom}, ok && top > 0 && bottom > top
}

// columnOf returns the column of a cell reference, from 0.
func columnOf(cell string) (int, bool) {
	n := 0
	for _, r := range strings.TrimLeft(cell, "$") {
		if r |= 0x20; r < 'a' || r > 'z' {
			break
		}
		if n = 26*n + int(r-'a') + 1; n > 1<<14 {
			return n, true
		}
	}
	return n - 1, n > 0
}

func rowOf(cell string) int {
	n := 0
	for _, r := range cell {
		if r >= '0' && r <= '9' && n < sheetRows {
			n = 10*n + int(r-'0')
		}
	}
	return n
}
