package sheet

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// What reading a workbook may cost, all its parts together. The limits are far beyond any list that
// people fill in.
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
	pace     pace
	unpacked int64
	elements int
}

// parts are the parts of a workbook by their names in lower case.
type parts struct {
	files map[string]*zip.File
	left  *budget
}

// part reads one part element by element and never holds more than one of them.
type part struct {
	*xml.Decoder
	in    *partReader
	depth int
}

// partReader passes bytes to the decoder while the budget lasts. The decoder reads single bytes, so
// that the cost of one token is counted too.
type partReader struct {
	*bufio.Reader
	left  *budget
	part  int64 // bytes left for this part
	token int   // bytes of the token being read
}

func (r *partReader) ReadByte() (byte, error) {
	b, err := r.Reader.ReadByte()
	if err != nil {
		return b, err
	}
	r.left.unpacked--
	r.part--
	r.token++
	if r.left.unpacked < 0 || r.part < 0 || r.token > maxToken {
		return 0, errLarge
	}
	return b, nil
}

// read calls each for every element of a part, until it returns errEnough; each may read the
// element's content. A missing part has no elements.
func (p parts) read(name string, each func(*part, xml.StartElement) error) error {
	file := p.files[strings.ToLower(name)]
	if file == nil {
		return nil
	}
	content, err := file.Open()
	if err != nil {
		return errBroken
	}
	defer content.Close()
	in := &partReader{Reader: bufio.NewReaderSize(content, 16<<10), left: p.left, part: partFree + partRatio*int64(file.CompressedSize64)}
	at := &part{Decoder: xml.NewDecoder(in), in: in}
	for {
		token, err := at.next()
		if err == io.EOF && at.depth == 0 {
			return nil
		}
		if err == nil {
			if element, is := token.(xml.StartElement); is {
				err = each(at, element)
			}
		}
		if errors.Is(err, errEnough) {
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

// next returns the next token. It is valid until the next call.
func (p *part) next() (xml.Token, error) {
	p.in.token = 0
	token, err := p.RawToken()
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		p.depth++
		p.in.left.elements--
		if p.depth > maxDepth || p.in.left.elements < 0 {
			return nil, errLarge
		}
		if p.in.left.elements%128 == 0 {
			return token, p.in.left.pace.step(p.in.left.ctx)
		}
	case xml.EndElement:
		p.depth--
	case xml.Directive:
		return nil, errBroken // a document type, which no part has
	}
	return token, nil
}

// inside calls each for the elements inside the one that started last, and returns when that one
// ends.
func (p *part) inside(each func(xml.StartElement) error) error {
	for depth := p.depth; ; {
		token, err := p.next()
		if err != nil {
			return err
		}
		if element, is := token.(xml.StartElement); is {
			if err := each(element); err != nil {
				return err
			}
		}
		if p.depth < depth {
			return nil
		}
	}
}

// text returns the text of the element that started last, at most max bytes of it.
func (p *part) text(max int) (string, error) {
	var b strings.Builder
	for depth := p.depth; ; {
		token, err := p.next()
		if err != nil {
			return "", err
		}
		if data, is := token.(xml.CharData); is && p.depth == depth {
			b.Write(data[:min(len(data), max-b.Len())])
		}
		if p.depth < depth {
			return strings.ToValidUTF8(b.String(), ""), nil
		}
	}
}

// rich returns the text of a string: its own, or that of its runs. Its pronunciation (rPh) is
// stored next to it in the file, but is not part of it.
func (p *part) rich(max int) (string, error) {
	var b strings.Builder
	spoken := 0 // depth within the pronunciation; 0 = outside
	err := p.inside(func(element xml.StartElement) error {
		if spoken != 0 && p.depth > spoken {
			return nil
		}
		spoken = 0
		switch element.Name.Local {
		case "rPh":
			spoken = p.depth
		case "t":
			text, err := p.text(max)
			if err == nil && b.Len() < max {
				b.WriteString(text)
			}
			return err
		}
		return nil
	})
	return b.String(), err
}

// value returns an attribute, or "" if it is missing.
func value(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// number returns an attribute that is a number from 0, or -1 if it is not.
func number(element xml.StartElement, name string) int {
	n, err := strconv.ParseUint(value(element, name), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// truth returns a boolean attribute.
func truth(element xml.StartElement, name string) bool {
	is, _ := strconv.ParseBool(value(element, name))
	return is
}

// zero reports whether an attribute is the number 0: the height of a hidden row, the width of a
// hidden column.
func zero(element xml.StartElement, name string) bool {
	n, err := strconv.ParseFloat(value(element, name), 64)
	return err == nil && n == 0
}
