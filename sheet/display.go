package sheet

import (
	"math"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	// maxWork bounds what excelize allocates to show numbers, whose format it parses again for each: 12,000
	// numbers in common formats. A character of a format costs it 450 bytes, a number 3 KB.
	maxWork     = 320_000
	formatWork  = 2   // of a character of a format
	numberWork  = 20  // of a number
	numberBytes = 32  // of a number as written in files
	ownFormats  = 164 // the first number of a format that is no built-in one
)

// display shows the cells of a short list as a person sees them: a house number that a spreadsheet
// took for 1.00E+04 must not be read as the house 10000. excelize is given nothing but a number and
// its format.
type display struct {
	formats map[int]format // by style
	date04  bool
	work    int // of excelize, to show numbers: see maxWork
	size    int // of what is shown: see maxShown

	book   *excelize.File // in whose cell A1 numbers are shown
	styles map[format]int // of the book
	style  int            // of its cell
}

// sheetShown is the sheet of a new book of excelize.
const sheetShown = "Sheet1"

// cell replaces a cell by what is shown of it.
func (d *display) cell(c *Cell) (err error) {
	if c.Text == "" {
		return nil
	}
	cost := textCost
	if c.Kind == CellNumber {
		cost = numberCost
		if err = d.number(c); err != nil {
			return err
		}
	}
	if c.Text = cleanCell(c.Text); len(c.Text) > 0 {
		d.size += cost + len(c.Text)
	}
	if d.size > maxShown {
		return errLarge // one long text in very many cells
	}
	return nil
}

func (d *display) number(c *Cell) (err error) {
	f := d.formats[c.style]
	value, is := parseNumber(c.Text)
	if is && f.date() {
		if text, is := momentOf(value, d.date04); is {
			c.Text, c.Kind = text, CellDay
			return nil
		}
	}
	c.Lost = is && math.Abs(value) >= 1e15
	if !is || strings.TrimSpace(c.Text) != c.Text || len(c.Text) > numberBytes {
		c.Kind = CellText // not a number after all
		return nil
	} else if f.general() || f.date() || f.code == "" && f.id >= ownFormats {
		c.Text = generalNumber(value)
		return nil
	}
	if d.work += formatWork*len(f.code) + numberWork; d.work > maxWork {
		return errFormats
	}
	c.Text, err = d.formatted(c.Text, f)
	return err
}

// generalNumber returns a number as spreadsheets show it without a format: with at most 15 digits.
func generalNumber(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if len(text)-strings.Count(text, ".") > 15 {
		return strconv.FormatFloat(value, 'G', 15, 64)
	}
	return text
}

// parseNumber returns the number that a text is. Infinity is a text: excelize would look for its
// fraction for ever.
func parseNumber(text string) (value float64, is bool) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return value, err == nil && !math.IsInf(value, 0) && !math.IsNaN(value)
}

// formatted returns a number as its format shows it.
func (d *display) formatted(number string, f format) (string, error) {
	if d.book == nil {
		d.book = excelize.NewFile()
	}
	style, known := d.styles[f]
	if !known {
		look := &excelize.Style{NumFmt: f.id}
		if f.code != "" {
			look = &excelize.Style{CustomNumFmt: &f.code}
		}
		var err error
		if style, err = d.book.NewStyle(look); err != nil {
			return "", errFormats
		}
		d.styles[f] = style
	}
	if err := d.book.SetCellDefault(sheetShown, "A1", number); err != nil {
		return "", errBroken
	}
	if style != d.style {
		if err := d.book.SetCellStyle(sheetShown, "A1", "A1", style); err != nil {
			return "", errBroken
		}
		d.style = style
	}
	text, err := d.book.GetCellValue(sheetShown, "A1")
	if err != nil {
		return "", errBroken
	}
	return text, nil
}

// close frees what excelize holds.
func (d *display) close() {
	if d.book != nil {
		_ = d.book.Close() // it has no files
	}
}
