package sheet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// page is a web page with a table, which many systems export under the name .xls. It is a reader.
// What Excel would show of it is read: the text of its cells. Tables within cells are part of their
// text; styles, scripts and links have no effect.
type page struct {
	text  string
	texts *texts
}

// openPage opens a page that has a table of HTML.
func openPage(content []byte) (*page, error) {
	text, err := decodeText(content)
	if err != nil {
		return nil, err
	}
	lower := []byte(text)
	lowerASCII(lower)
	if !bytes.Contains(lower, []byte("<table")) || !bytes.Contains(lower, []byte("<tr")) {
		return nil, errMarkup
	}
	return &page{text: text, texts: newTexts()}, nil
}

func (p *page) sheets() []Info { return []Info{{}} }

func (p *page) size(context.Context, int) (int, error) {
	return strings.Count(p.text, "<tr") + strings.Count(p.text, "<TR"), nil
}

func (p *page) rows(ctx context.Context, _ int, r *rowing) error {
	t := &pageTable{page: p, ctx: ctx, r: r, Tokenizer: html.NewTokenizer(strings.NewReader(p.text))}
	t.SetMaxBuf(1 << 20)
	for {
		if t.Next() == html.ErrorToken {
			break
		}
		if err := t.token(); err != nil {
			return err
		}
	}
	if errors.Is(t.Err(), html.ErrBufferExceeded) {
		return errLarge
	}
	if !errors.Is(t.Err(), io.EOF) {
		return errBroken
	}
	return t.endRow()
}

// pageTable reads the tables of a page. Their rows are those of one sheet.
type pageTable struct {
	*page
	*html.Tokenizer
	ctx    context.Context
	r      *rowing
	depth  int // of tables
	row    int // from 1
	open   bool
	column int       // of the next cell
	cell   *pageCell // that is being read
	down   []pageCell
	above  [Columns]aboveCell
}

// pageCell is a cell of the row being read.
type pageCell struct {
	column, across, down int // the last two in cells, at least 1
	text                 []byte
}

// aboveCell is a column's cell of a row above that spans further rows.
type aboveCell struct {
	left   int // rows
	across int
	text   string // "" in the columns it spans besides its own
}

// token takes the token that was found.
func (t *pageTable) token() error {
	switch found := t.Token(); found.Type {
	case html.TextToken:
		t.add(found.Data)
	case html.StartTagToken, html.SelfClosingTagToken:
		return t.start(found)
	case html.EndTagToken:
		return t.end(found.Data)
	}
	return nil
}

// add adds a text to the cell that is open. What is longer than any cell is left out.
func (t *pageTable) add(text string) {
	if t.cell == nil || text == " " && bytes.HasSuffix(t.cell.text, []byte(" ")) {
		return
	}
	if len(t.cell.text) < 8*maxText {
		t.cell.text = append(t.cell.text, text[:min(len(text), 8*maxText)]...)
	}
}

func (t *pageTable) start(tag html.Token) error {
	switch name := tag.Data; {
	case name == "style" || name == "script" || name == "title":
		t.skip(name)
	case name == "table":
		t.depth++
		t.add(" ")
	case t.depth != 1:
		t.add(" ") // in a table within a cell
	case name == "tr":
		return t.beginRow(tag)
	case name == "td" || name == "th":
		if err := t.endCell(); err != nil {
			return err
		}
		t.beginCell(tag)
	case name == "br" || name == "p" || name == "div" || name == "li":
		t.add(" ")
	}
	return nil
}

func (t *pageTable) end(name string) error {
	switch {
	case name == "table":
		t.depth = max(t.depth-1, 0)
		if t.depth == 0 {
			return t.endRow()
		}
	case t.depth != 1:
	case name == "tr":
		return t.endRow()
	case name == "td" || name == "th":
		return t.endCell()
	}
	return nil
}

// skip reads to the end of an element whose content is not shown.
func (t *pageTable) skip(name string) {
	for {
		switch t.Next() {
		case html.ErrorToken:
			return
		case html.EndTagToken:
			if end, _ := t.TagName(); string(end) == name {
				return
			}
		}
	}
}

func (t *pageTable) beginRow(tag html.Token) error {
	if err := t.endRow(); err != nil {
		return err
	}
	t.row++
	t.open, t.column = true, 0
	t.r.begin(t.row, hiddenTag(tag))
	for column, above := range t.above {
		if above.left > 0 && above.text != "" {
			if err := t.put(column, above.across, above.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// put adds a cell to the row, which is merged over so many columns.
func (t *pageTable) put(column, over int, text string) error {
	if over > 1 && column < Columns-1 && text != "" {
		t.r.row.across = append(t.r.row.across, across{column + 1, min(column+over, Columns) - 1, text})
	}
	return t.r.cell(column, Cell{Text: text, Kind: CellText})
}

func (t *pageTable) beginCell(tag html.Token) {
	if !t.open { // outside of a row
		return
	}
	for t.column < Columns && t.above[t.column].left > 0 {
		t.column++
	}
	t.cell = &pageCell{column: t.column, across: span(tag, "colspan"), down: span(tag, "rowspan")}
	t.column += t.cell.across
}

// span returns how many cells a cell spans.
func span(tag html.Token, name string) int {
	for _, a := range tag.Attr {
		if a.Key == name {
			return min(max(digits([]byte(strings.TrimSpace(a.Val))), 1), sheetRows)
		}
	}
	return 1
}

// hiddenTag reports whether an element is not shown.
func hiddenTag(tag html.Token) bool {
	for _, a := range tag.Attr {
		if a.Key == "hidden" || a.Key == "style" && strings.Contains(strings.ReplaceAll(strings.ToLower(a.Val), " ", ""), "display:none") {
			return true
		}
	}
	return false
}

func (t *pageTable) endCell() error {
	if t.cell == nil {
		return nil
	}
	cell := *t.cell
	t.cell = nil
	if cell.down > 1 {
		t.down = append(t.down, cell)
	}
	return t.put(cell.column, cell.across, t.texts.clean(cell.text))
}

func (t *pageTable) endRow() error {
	if !t.open {
		return nil
	}
	if err := t.endCell(); err != nil {
		return err
	}
	t.open = false
	for column := range t.above {
		t.above[column].left = max(t.above[column].left-1, 0)
	}
	for _, cell := range t.down {
		for column := cell.column; column < min(cell.column+cell.across, Columns); column++ {
			t.above[column] = aboveCell{left: cell.down - 1}
		}
		if cell.column < Columns {
			t.above[cell.column] = aboveCell{cell.down - 1, cell.across, t.texts.clean(cell.text)}
		}
	}
	t.down = t.down[:0]
	return t.r.end(t.ctx)
}
