package sheet

import (
	"context"
	"errors"
	"math"

	"tongxing/sheet/xls"
)

// old reads a legacy workbook. It is a reader.
type old struct {
	book  *xls.Book
	looks []shape // of cells, by style
	texts *texts
}

func openOld(content []byte) (*old, error) {
	book, err := xls.Open(content)
	if err != nil {
		return nil, oldError(err)
	}
	o := &old{book: book, texts: newTexts()}
	known := map[format]shape{}
	for style := range book.Styles() {
		id, code := book.Format(style)
		if len(code) > formatBytes {
			code = ""
		}
		f := format{id, code}
		look, is := known[f]
		if !is {
			look = shapeOf(f)
			known[f] = look
		}
		o.looks = append(o.looks, look)
	}
	return o, nil
}

// oldError returns an error of package xls as one for people.
func oldError(err error) error {
	switch {
	case errors.Is(err, xls.ErrLocked):
		return errLocked
	case errors.Is(err, xls.ErrAncient):
		return errAncient
	case errors.Is(err, xls.ErrForeign):
		return errForeign
	case errors.Is(err, xls.ErrBroken):
		return errBroken
	}
	return err
}

func (o *old) sheets() []Info {
	all := make([]Info, len(o.book.Sheets))
	for i, sheet := range o.book.Sheets {
		all[i] = Info{Name: cleanText([]byte(sheet.Name)), Hidden: sheet.Hidden}
	}
	return all
}

func (o *old) size(_ context.Context, sheet int) (int, error) {
	layout, err := o.book.Layout(sheet)
	return layout.Rows, oldError(err)
}

func (o *old) rows(ctx context.Context, sheet int, r *rowing) error {
	layout, err := o.book.Layout(sheet)
	if err != nil {
		return oldError(err)
	}
	merged := make([]mergedArea, 0, len(layout.Merged))
	for _, a := range layout.Merged {
		merged = append(merged, mergedArea{top: a.Top + 1, bottom: a.Bottom + 1, left: a.Left, right: a.Right})
	}
	r.merge(merged)
	for _, columns := range layout.HiddenColumns {
		r.hide(columns[0], columns[1])
	}
	row := -1
	err = o.book.Cells(sheet, layout, func(cell xls.Cell) error {
		if cell.Row != row {
			if row >= 0 {
				if err := r.end(ctx); err != nil {
					return err
				}
			}
			row = cell.Row
			r.begin(row+1, layout.HiddenRows[row])
		}
		return r.cell(cell.Column, o.cell(cell))
	})
	if err == nil && row >= 0 {
		err = r.end(ctx)
	}
	if err != nil {
		return oldError(err)
	}
	r.finish()
	return nil
}

func (o *old) cell(cell xls.Cell) Cell {
	switch cell.Kind {
	case xls.Truth:
		if cell.Number != 0 {
			return Cell{Text: "TRUE", Kind: CellTruth}
		}
		return Cell{Text: "FALSE", Kind: CellTruth}
	case xls.Fault:
		return Cell{Text: string(cell.Text), Kind: CellFault}
	case xls.Number:
		if math.IsNaN(cell.Number) || math.IsInf(cell.Number, 0) {
			return Cell{Text: "#NUM!", Kind: CellFault}
		}
		look := &generalShape
		if cell.Style < len(o.looks) {
			look = &o.looks[cell.Style]
		}
		return numberCell(cell.Number, look, o.book.Date1904)
	}
	return Cell{Text: o.texts.clean(cell.Text), Kind: CellText}
}
