package sheet

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"strings"
)

// What reading a short list may cost, all parts of the workbook together, and what the small parts
// of any workbook may. The limits are far beyond any list that people fill in.
const (
	maxEntries  = 1_000    // of the zip
	maxUnpacked = 16 << 20 // bytes
	maxElements = 250_000
	maxDepth    = 64        // elements inside each other
	maxToken    = 256 << 10 // bytes: a full cell is 32,767 characters
	maxCells    = 60_000    // not empty
	maxFormats  = 64_000    // of cells: Excel's own limit
	maxCodes    = 1_000     // of format codes, in total
	// A part may unpack to a hundred times its size and partFree more. Sheets compress to a tenth
	// or a thirtieth; what compresses to a thousandth was made on purpose.
	partRatio = 100
	partFree  = 1 << 20
)

// budget is what is left to spend on a workbook.
type budget struct {
	ctx      context.Context
	pace     *pace
	unpacked int64
	elements int
}

// element spends an element.
func (b *budget) element() error {
	b.elements--
	if b.elements < 0 {
		return errLarge
	}
	if b.elements%128 == 0 {
		return b.pace.step(b.ctx)
	}
	return nil
}

// parts are the parts of a workbook by their names in lower case.
type parts struct {
	files map[string]*zip.File
	left  *budget
}

// open opens a part; a part that is missing is empty.
func (p parts) open(name string) (io.ReadCloser, error) {
	file := p.files[strings.ToLower(name)]
	if file == nil {
		return io.NopCloser(strings.NewReader("")), nil
	}
	in, err := file.Open()
	if err != nil {
		return nil, errBroken
	}
	return in, nil
}

// unpacked returns how many bytes a part may have, whatever it claims.
func (p parts) unpacked(name string) int64 {
	most := int64(partFree)
	if file := p.files[strings.ToLower(name)]; file != nil {
		most += partRatio * min(int64(file.CompressedSize64), maxUnpacked)
	}
	return most
}

// bounded returns a reader of a part that keeps to the budget.
func (p parts) bounded(name string, in io.Reader) *markup {
	m := newMarkup(in, &p.left.unpacked)
	m.left, m.part = p.left, p.unpacked(name)
	return m
}

// read calls each for every element of a part, until it returns errEnough; each may read the
// element's content. A missing part has no elements.
func (p parts) read(name string, each func(*markup) error) error {
	in, err := p.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	m := p.bounded(name, in)
	for {
		found, err := m.next()
		if err == nil && found == tokenStart {
			err = each(m)
		}
		if err == io.EOF || errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return wrong(err)
		}
	}
}

// errEnough stops reading a part whose rest does not matter.
var errEnough = errors.New("enough")

// wrong passes errors that have their own message; everything else is a broken file.
func wrong(err error) error {
	for _, known := range []error{errLarge, errFormats, errLong, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errBroken
}
