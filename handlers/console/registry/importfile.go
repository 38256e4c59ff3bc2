package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/sheet"
	"tongxing/store"
)

// OpenImport opens a file to be imported, as the server's jobs read it.
func OpenImport(ctx context.Context, content []byte) (store.ImportSource, error) {
	book, err := sheet.Open(ctx, content)
	if err != nil {
		return nil, err
	}
	return &importFile{book: book}, nil
}

// importFile is an opened file as an import reads it: what is hidden is left out.
type importFile struct {
	book *sheet.Book
	seen sheet.Seen
}

func (f *importFile) Sheets() []string {
	all := f.book.Sheets()
	names := []string{all[f.book.First()].Name}
	for _, s := range all {
		if !s.Hidden && s.Name != names[0] {
			names = append(names, s.Name)
		}
	}
	return names
}

// WhileWaiting sets what is called while another file is read.
func (f *importFile) WhileWaiting(do func() error) { f.book.WhileWaiting(do) }

// RestWhile makes reading rest only while others need the machine.
func (f *importFile) RestWhile(busy func() bool) { f.book.RestWhile(busy) }

// sheet returns the number of a sheet in the file.
func (f *importFile) sheet(name string) int {
	return slices.IndexFunc(f.book.Sheets(), func(s sheet.Info) bool { return s.Name == name })
}

func (f *importFile) Size(ctx context.Context, name string) (int, error) {
	return f.book.Size(ctx, f.sheet(name))
}

func (f *importFile) Lines(ctx context.Context, name string, each func(store.ImportLine) error) error {
	var stopped error
	var line store.ImportLine
	// A few rows more than an import may have: the heading, and what stands above it.
	seen, err := f.book.Rows(ctx, f.sheet(name), core.MaxImportRows+core.ImportHeadRows, func(row sheet.Row) error {
		if row.Hidden {
			return nil
		}
		line = store.ImportLine{Number: row.Number, Cells: line.Cells[:0], Titles: row.Titles(), Lost: line.Lost[:0], Odd: line.Odd[:0]}
		for at, cell := range row.Cells {
			text := cell.Text
			if cell.Hidden {
				text, line.Titles[at] = "", ""
			}
			if cell.Lost {
				line.Lost = append(line.Lost, at)
			}
			if words := oddWords(cell); words != "" && !cell.Hidden {
				line.Odd = append(line.Odd, store.OddCell{At: at, Words: words})
			}
			line.Cells = append(line.Cells, text)
		}
		if stopped = each(line); errors.Is(stopped, store.ErrEnoughLines) {
			return sheet.Enough
		}
		return stopped
	})
	f.seen = seen
	if stopped != nil {
		return stopped
	}
	return err
}

// oddWords returns what a cell is that holds no content; "" = it does.
func oddWords(cell sheet.Cell) string {
	switch cell.Kind {
	case sheet.CellFault:
		return "这一格是公式的错误“" + cell.Text + "”，请改成内容后重新上传"
	case sheet.CellFormula:
		return "这一格是公式，还没有算出结果；请用表格软件打开并保存，再重新上传"
	case sheet.CellTruth:
		return "这一格是“" + cell.Text + "”（是或否），不是内容；请改好后重新上传"
	}
	return ""
}

func (f *importFile) Notes() []string {
	var notes []string
	if f.seen.HiddenRows > 0 {
		notes = append(notes, fmt.Sprintf("隐藏的 %d 行没有读入；要读入，请取消隐藏或筛选后重新上传。", f.seen.HiddenRows))
	}
	if f.seen.HiddenColumns > 0 {
		notes = append(notes, fmt.Sprintf("隐藏的 %d 列没有读入。", f.seen.HiddenColumns))
	}
	return notes
}
