package xls

import (
	"encoding/binary"
	"math"
	"slices"
)

// Kind is what a cell holds.
type Kind uint8

// The kinds of cells.
const (
	Text Kind = iota
	Number
	Truth
	Fault // Text is the error: #N/A
)

// Cell is a cell that is not empty.
type Cell struct {
	Row, Column int // from 0
	Style       int
	Kind        Kind
	Number      float64 // of a Truth: 0 or 1
	Text        []byte  // UTF-8, at most MaxText characters
}

// Area is a merged cell; all ends are inclusive and count from 0.
type Area struct{ Top, Bottom, Left, Right int }

// Layout is what a sheet has besides its cells.
type Layout struct {
	Rows          int // one more than the number of the last row with a cell
	Merged        []Area
	HiddenRows    map[int]bool
	HiddenColumns [][2]int // first and last

	unsorted bool // cells are not in the order of their rows
	cells    int  // records
}

const maxMerged = 100_000

// faults are the errors of formulas ([MS-XLS] 2.5.10).
var faults = map[byte]string{
	0x00: "#NULL!", 0x07: "#DIV/0!", 0x0f: "#VALUE!", 0x17: "#REF!", 0x1d: "#NAME?", 0x24: "#NUM!", 0x2a: "#N/A",
}

// each calls hear for the records of a sheet's own substream; those of charts within it are left out.
func (b *Book) each(sheet int, hear func(record) error) error {
	at, err := b.begins(b.Sheets[sheet].at)
	if err != nil {
		return err
	}
	for depth := 1; ; {
		next, ok := b.record(at.to)
		if !ok {
			return ErrBroken
		}
		switch at = next; at.kind {
		case recordBOF:
			depth++
		case recordEOF:
			if depth--; depth == 0 {
				return nil
			}
		case recordFilePass:
			return ErrLocked
		default:
			if depth > 1 {
				continue
			}
			if err := hear(at); err != nil {
				return err
			}
		}
	}
}

// cellRow returns the row of a record that holds cells.
func (b *Book) cellRow(r record) (row int, is bool) {
	switch r.kind {
	case recordFormula, recordMulRK, recordRString, recordLabelSST, recordNumber, recordLabel, recordBoolErr, recordRK:
		if r.to-r.from < 6 {
			return 0, false
		}
		return int(short(b.records, r.from)), true
	}
	return 0, false
}

// Layout reads what a sheet has besides its cells.
func (b *Book) Layout(sheet int) (Layout, error) {
	l := Layout{HiddenRows: map[int]bool{}}
	last := -1
	err := b.each(sheet, func(r record) error {
		if row, is := b.cellRow(r); is {
			l.unsorted = l.unsorted || row < last
			l.cells++
			last = row
			l.Rows = max(l.Rows, row+1)
			return nil
		}
		data := b.records[r.from:r.to]
		switch {
		case r.kind == recordRow && len(data) >= 16 && data[12]&0x20 != 0:
			l.HiddenRows[int(short(data, 0))] = true
		case r.kind == recordColInfo && len(data) >= 10 && data[8]&1 != 0 && len(l.HiddenColumns) < 256:
			l.HiddenColumns = append(l.HiddenColumns, [2]int{int(short(data, 0)), int(short(data, 2))})
		case r.kind == recordMerged && len(data) >= 2:
			for at := 2; at+8 <= len(data) && len(l.Merged) < maxMerged; at += 8 {
				l.Merged = append(l.Merged, Area{
					int(short(data, at)), int(short(data, at+2)), int(short(data, at+4)), int(short(data, at+6)),
				})
			}
		}
		return nil
	})
	return l, err
}

// Cells passes the cells of a sheet to hear, row by row. Their texts are valid for ever. layout is
// that of the sheet.
func (b *Book) Cells(sheet int, layout Layout, hear func(Cell) error) error {
	if !layout.unsorted {
		return b.each(sheet, func(r record) error { return b.cells(r, hear) })
	}
	type placed struct {
		row uint16
		at  uint32
	}
	order := make([]placed, 0, layout.cells)
	err := b.each(sheet, func(r record) error {
		if row, is := b.cellRow(r); is {
			order = append(order, placed{uint16(row), uint32(r.from - 4)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(order, func(a, b placed) int { return int(a.row) - int(b.row) })
	for _, p := range order {
		r, ok := b.record(int(p.at))
		if !ok {
			return ErrBroken
		}
		if err := b.cells(r, hear); err != nil {
			return err
		}
	}
	return nil
}

// cells passes the cells of one record.
func (b *Book) cells(r record, hear func(Cell) error) error {
	if _, is := b.cellRow(r); !is {
		return nil
	}
	data := b.records[r.from:r.to]
	cell := Cell{Row: int(short(data, 0)), Column: int(short(data, 2)), Style: int(short(data, 4))}
	if r.kind == recordMulRK {
		for at := 4; at+6 <= len(data)-2; at += 6 {
			cell.Style, cell.Kind, cell.Number = int(short(data, at)), Number, rk(long(data, at+2))
			if err := hear(cell); err != nil {
				return err
			}
			cell.Column++
		}
		return nil
	}
	filled, err := b.value(r, data[6:], &cell)
	if err != nil || !filled {
		return err
	}
	return hear(cell)
}

// value reads the value of a cell; data is behind its place and style.
func (b *Book) value(r record, data []byte, cell *Cell) (filled bool, err error) {
	if len(data) < least(r.kind) {
		return false, ErrBroken
	}
	switch r.kind {
	case recordRK:
		cell.Kind, cell.Number = Number, rk(long(data, 0))
	case recordNumber:
		cell.Kind, cell.Number = Number, math.Float64frombits(binary.LittleEndian.Uint64(data))
	case recordLabelSST:
		cell.Text, err = b.shared(long(data, 0))
	case recordLabel, recordRString:
		at := &cursor{book: b, segment: segment{r.from + 8, r.to}}
		cell.Text, err = at.chars(int(short(data, 0)))
	case recordBoolErr:
		cell.setTruth(data[0], data[1] != 0)
	case recordFormula:
		return b.result(r, data, cell)
	}
	return true, err
}

// least returns how many bytes the value of a cell takes at least.
func least(kind uint16) int {
	switch kind {
	case recordNumber, recordFormula:
		return 8
	case recordRK, recordLabelSST:
		return 4
	case recordLabel, recordRString:
		return 3
	}
	return 2
}

func (c *Cell) setTruth(value byte, fault bool) {
	if fault {
		c.Kind, c.Text = Fault, []byte(faults[value])
		return
	}
	c.Kind, c.Number = Truth, float64(min(value, 1))
}

// result reads the stored result of a formula.
func (b *Book) result(r record, data []byte, cell *Cell) (filled bool, err error) {
	if short(data, 6) != 0xffff {
		cell.Kind, cell.Number = Number, math.Float64frombits(binary.LittleEndian.Uint64(data))
		return true, nil
	}
	switch data[0] {
	case 0: // a text, in a record of its own
	case 1, 2:
		cell.setTruth(data[2], data[0] == 2)
		return true, nil
	default:
		return false, nil // an empty text
	}
	for next, ok := b.record(r.to); ok; next, ok = b.record(next.to) {
		switch next.kind {
		case recordShared, recordArray, recordTable, recordContinue:
			continue
		case recordString:
			head, err := b.data(next, 3)
			if err != nil {
				return false, err
			}
			at := &cursor{book: b, segment: segment{next.from + 2, next.to}}
			cell.Text, err = at.chars(int(short(head, 0)))
			return true, err
		}
		break
	}
	return false, nil
}

// rk decodes a short number ([MS-XLS] 2.5.218).
func rk(n uint32) float64 {
	value := math.Float64frombits(uint64(n&^3) << 32)
	if n&2 != 0 {
		value = float64(int32(n) >> 2)
	}
	if n&1 != 0 {
		value /= 100
	}
	return value
}
