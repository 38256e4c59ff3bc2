package sheet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
)

// CellKind is what a cell holds.
type CellKind uint8

// The kinds of cells. A number can stand for a text; a day in a column of texts is a text that a
// spreadsheet misunderstood.
const (
	CellEmpty   CellKind = iota
	CellText             // typed as text
	CellNumber           // Text has its digits: 13800000000, never 1.38E+10
	CellDay              // Text is 2018-12-31, 2018-12-31 08:30:00 or 08:30:00
	CellTruth            // Text is TRUE or FALSE
	CellFault            // Text is the error of a formula, such as #N/A
	CellFormula          // Text is a formula that no program has calculated
	cellShared           // Text is the number of a shared text: of a short list before it is shown
)

// Cell is one cell of a row.
type Cell struct {
	Text   string // clean, in one line; see core.Clean
	Kind   CellKind
	Lost   bool // a number of more than 15 digits: spreadsheets keep no more, the last ones are zeros
	Hidden bool // in a hidden column

	style int // of a number of a short list before it is shown
}

// Row is a row that is not empty.
type Row struct {
	Number int // in the file, from 1
	Hidden bool
	// Cells are those up to the last one that is not empty. A cell merged downwards stands in each
	// of its rows.
	Cells []Cell

	across []across
}

// across is a cell merged over others to its right.
type across struct {
	from, to int // columns, from 0, the first without the cell itself
	text     string
}

// Cell returns a cell of the row; it is empty beyond its end.
func (r Row) Cell(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// Titles returns the texts of a row as headings: the heading of a group that is merged over several
// columns is that of each.
func (r Row) Titles() []string {
	titles := make([]string, len(r.Cells))
	for i, cell := range r.Cells {
		titles[i] = cell.Text
	}
	for _, a := range r.across {
		for column := a.from; column <= a.to; column++ {
			for len(titles) <= column {
				titles = append(titles, "")
			}
			if titles[column] == "" {
				titles[column] = a.text
			}
		}
	}
	return titles
}

// Seen is what was read of a sheet.
type Seen struct {
	Rows          int // that are not empty
	HiddenRows    int // of these
	HiddenColumns int // that are not empty
	Last          int // number of the last row
}

// rowing builds rows from what a reader finds in the file.
type rowing struct {
	max     int
	each    func(Row) error
	stopped error // by each
	away    bool  // each is running
	left    time.Duration
	since   time.Time
	pace    *pace

	row    Row
	merged []mergedArea // not yet reached, by their first row
	active [Columns]*mergedArea
	live   int                 // of active
	hidden [Columns]columnSeen // of columns
	text   int                 // bytes of all texts
	seen   Seen
}

type columnSeen struct{ hidden, filled bool }

// mergedArea is a cell merged over others, all ends inclusive; rows from 1, columns from 0.
type mergedArea struct {
	top, bottom, left, right int
	cell                     Cell
}

// maxRowTexts bounds the texts of all cells, in bytes: cells may share long ones.
const maxRowTexts = 512 << 20

// maxMerged bounds the merged cells that are heeded.
const maxMerged = 100_000

// merge sets the merged cells of the sheet, before its first row.
func (r *rowing) merge(areas []mergedArea) {
	r.merged = slices.Clone(areas)
	slices.SortStableFunc(r.merged, func(a, b mergedArea) int { return a.top - b.top })
}

// hide hides columns, before the first row.
func (r *rowing) hide(from, to int) {
	for column := max(from, 0); column <= min(to, Columns-1); column++ {
		r.hidden[column].hidden = true
	}
}

func (r *rowing) begin(number int, hidden bool) {
	r.row.Number, r.row.Hidden = number, hidden
	r.row.Cells, r.row.across = r.row.Cells[:0], r.row.across[:0]
}

// cell adds a cell of the row.
func (r *rowing) cell(column int, cell Cell) error {
	if cell.Text == "" {
		return nil
	}
	if column == Columns {
		return nil // of a full sheet that came back with the column FaultColumn
	}
	if column > Columns {
		return core.Invalid(fmt.Sprintf("第 %d 行超过 %d 列，请只保留要用的列再上传", r.row.Number, Columns))
	}
	if r.text += len(cell.Text); r.text > maxRowTexts {
		return errLarge // a long text in very many cells
	}
	for len(r.row.Cells) <= column {
		r.row.Cells = append(r.row.Cells, Cell{})
	}
	if r.hidden[column].hidden {
		r.hidden[column].filled, cell.Hidden = true, true
	}
	r.row.Cells[column] = cell
	return nil
}

// end passes the row on, unless it is empty.
func (r *rowing) end(ctx context.Context) error {
	if len(r.row.Cells) == 0 {
		if r.row.Number&1023 == 0 {
			return r.tick(ctx)
		}
		return nil
	}
	if len(r.merged) > 0 || r.live > 0 {
		r.spread()
	}
	if r.seen.Rows++; r.seen.Rows > r.max {
		return errLong
	}
	r.seen.Last = r.row.Number
	if r.row.Hidden {
		r.seen.HiddenRows++
	}
	if err := r.tick(ctx); err != nil {
		return err
	}
	left := time.Now()
	r.away = true
	r.stopped = r.each(r.row)
	r.away, r.since = false, time.Now()
	r.pace.since = r.pace.since.Add(r.since.Sub(left)) // only reading makes it rest
	return r.stopped
}

// tick rests if need be, and returns an error if reading has taken too long.
func (r *rowing) tick(ctx context.Context) error {
	now := time.Now()
	r.left -= now.Sub(r.since)
	if r.since = now; r.left < 0 {
		return errSlow
	}
	return r.pace.step(ctx)
}

// finish completes what was seen.
func (r *rowing) finish() {
	for _, column := range r.hidden {
		if column.hidden && column.filled {
			r.seen.HiddenColumns++
		}
	}
}

// spread copies cells merged downwards into the row, and notes those merged to the right.
func (r *rowing) spread() {
	number := r.row.Number
	for len(r.merged) > 0 && r.merged[0].top <= number {
		area := &r.merged[0]
		r.merged = r.merged[1:]
		if area.bottom >= number && area.left < Columns && r.free(area, number) {
			r.active[area.left] = area
			r.live++
			if area.top == number {
				area.cell = r.row.Cell(area.left)
			}
		}
	}
	for left, area := range r.active {
		switch {
		case area == nil:
			continue
		case area.bottom < number:
			r.active[left] = nil
			r.live--
			continue
		case area.cell.Text == "":
			continue
		case area.top < number && r.row.Cell(left).Text == "":
			_ = r.cell(left, area.cell) // the column is within the limit
		}
		if area.right > left {
			r.row.across = append(r.row.across, across{left + 1, min(area.right, Columns-1), area.cell.Text})
		}
	}
}

// free reports whether no other merged cell begins in the same column: those of a sheet do not overlap.
func (r *rowing) free(area *mergedArea, number int) bool {
	old := r.active[area.left]
	if old != nil && old.bottom < number {
		r.active[area.left] = nil
		r.live--
		return true
	}
	return old == nil
}
