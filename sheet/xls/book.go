// Package xls reads the values of legacy workbooks (.xls, Excel 97 to 2003: BIFF8 in a compound
// file). Formats, formulas and pictures are left out. It never trusts a number of the file, takes
// memory and time in proportion to the file's size, and does not panic. The formats are those of
// [MS-CFB] and [MS-XLS].
package xls

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Why a file cannot be read.
var (
	ErrForeign = errors.New("xls: not a workbook")
	ErrBroken  = errors.New("xls: damaged")
	ErrLocked  = errors.New("xls: encrypted")
	ErrAncient = errors.New("xls: older than Excel 97")
)

// Types of records ([MS-XLS] 2.3).
const (
	recordFormula  = 0x06
	recordEOF      = 0x0a
	record1904     = 0x22
	recordFilePass = 0x2f
	recordContinue = 0x3c
	recordColInfo  = 0x7d
	recordSheet    = 0x85
	recordMulRK    = 0xbd
	recordRString  = 0xd6
	recordXF       = 0xe0
	recordMerged   = 0xe5
	recordSST      = 0xfc
	recordLabelSST = 0xfd
	recordNumber   = 0x203
	recordLabel    = 0x204
	recordBoolErr  = 0x205
	recordString   = 0x207
	recordRow      = 0x208
	recordArray    = 0x221
	recordTable    = 0x236
	recordRK       = 0x27e
	recordFormat   = 0x41e
	recordShared   = 0x4bc
	recordBOF      = 0x809
)

const (
	biff8     = 0x600
	worksheet = 0
	maxTexts  = 2 << 20 // shared by cells
	maxStyles = 64_000
	maxSheets = 1_000
)

// Book is an open workbook. It keeps the file's content.
type Book struct {
	Date1904 bool // days count from 1904
	Sheets   []Sheet

	records []byte
	texts   []uint32  // where each shared text begins in records
	parts   []segment // the records that hold them, in order
	styles  []uint16  // numbers of formats, by style
	codes   map[uint16]string
}

// Sheet is a sheet of cells.
type Sheet struct {
	Name   string
	Hidden bool
	at     int
}

// segment is the content of a record.
type segment struct{ from, to int }

// record is one record of a stream: the place of its content.
type record struct {
	kind uint16
	segment
}

// Open reads what the cells of a workbook refer to, and the list of its sheets.
func Open(content []byte) (*Book, error) {
	c, err := openContainer(content)
	if err != nil {
		return nil, err
	}
	records, err := workbook(c)
	if err != nil {
		return nil, err
	}
	b := &Book{records: records, codes: map[uint16]string{}}
	if err := b.globals(); err != nil {
		return nil, err
	}
	if len(b.Sheets) == 0 {
		return nil, ErrBroken
	}
	return b, nil
}

// workbook returns the stream of a workbook.
func workbook(c *container) ([]byte, error) {
	ancient := false
	for name, entry := range c.names() {
		switch strings.ToLower(name) {
		case "workbook":
			return c.stream(entry)
		case "encryptedpackage", "encryptioninfo":
			return nil, ErrLocked
		case "book":
			ancient = true
		}
	}
	if ancient {
		return nil, ErrAncient
	}
	return nil, ErrForeign
}

// record returns the record at a place. ok is false at the end, or if the rest is no whole record.
func (b *Book) record(at int) (r record, ok bool) {
	if at < 0 || at+4 > len(b.records) {
		return r, false
	}
	size := int(short(b.records, at+2))
	r = record{short(b.records, at), segment{at + 4, at + 4 + size}}
	return r, r.to <= len(b.records)
}

// data returns the content of a record if it has at least so many bytes.
func (b *Book) data(r record, least int) ([]byte, error) {
	if r.to-r.from < least {
		return nil, ErrBroken
	}
	return b.records[r.from:r.to], nil
}

// begins checks the beginning of a substream.
func (b *Book) begins(at int) (record, error) {
	first, ok := b.record(at)
	if !ok || first.kind&0xff != 0x09 {
		return first, ErrBroken
	}
	if first.kind != recordBOF || first.to-first.from < 4 || short(b.records, first.from) != biff8 {
		return first, ErrAncient
	}
	return first, nil
}

// globals reads the first substream, which is about the workbook as a whole.
func (b *Book) globals() error {
	at, err := b.begins(0)
	if err != nil {
		return err
	}
	for {
		next, ok := b.record(at.to)
		if !ok {
			return ErrBroken
		}
		switch at = next; at.kind {
		case recordEOF:
			return nil
		case recordFilePass:
			return ErrLocked
		case record1904:
			data, err := b.data(at, 2)
			if err != nil {
				return err
			}
			b.Date1904 = data[0] == 1
		case recordSheet:
			err = b.sheet(at)
		case recordFormat:
			err = b.format(at)
		case recordXF:
			data, err := b.data(at, 4)
			if err != nil || len(b.styles) >= maxStyles {
				return ErrBroken
			}
			b.styles = append(b.styles, short(data, 2))
		case recordSST:
			at.to, err = b.sharedTexts(at)
		}
		if err != nil {
			return err
		}
	}
}

func (b *Book) sheet(r record) error {
	data, err := b.data(r, 8)
	if err != nil || len(b.Sheets) >= maxSheets {
		return ErrBroken
	}
	if data[5] != worksheet {
		return nil // a chart, a macro
	}
	name := &cursor{book: b, segment: segment{r.from + 7, r.to}}
	text, err := name.chars(int(data[6]))
	if err != nil {
		return err
	}
	b.Sheets = append(b.Sheets, Sheet{Name: string(text), Hidden: data[4]&3 != 0, at: int(long(data, 0))})
	return nil
}

func (b *Book) format(r record) error {
	data, err := b.data(r, 5)
	if err != nil {
		return err
	}
	code := &cursor{book: b, segment: segment{r.from + 4, r.to}}
	text, err := code.chars(int(short(data, 2)))
	if err == nil && len(b.codes) < maxStyles {
		b.codes[short(data, 0)] = string(text)
	}
	return err
}

// Format returns how a style shows numbers: the number of a built-in format, or a code.
func (b *Book) Format(style int) (id int, code string) {
	if style < 0 || style >= len(b.styles) {
		return 0, ""
	}
	return int(b.styles[style]), b.codes[b.styles[style]]
}

// Styles returns how many styles cells can have.
func (b *Book) Styles() int { return len(b.styles) }

// sharedTexts notes where each text begins, and returns the end of the last record. The texts
// themselves are decoded when a cell is read: the file is in memory already.
func (b *Book) sharedTexts(r record) (end int, err error) {
	if _, err := b.data(r, 8); err != nil {
		return 0, err
	}
	count := binary.LittleEndian.Uint32(b.records[r.from+4:])
	if count > maxTexts {
		return 0, ErrBroken
	}
	b.parts = append(b.parts, r.segment)
	for next, ok := b.record(r.to); ok && next.kind == recordContinue; next, ok = b.record(next.to) {
		b.parts = append(b.parts, next.segment)
	}
	at := &cursor{book: b, segment: segment{r.from + 8, r.to}}
	for range count {
		if at.settle() != nil {
			break // fewer than announced
		}
		b.texts = append(b.texts, uint32(at.from))
		if err := at.skipRich(); err != nil {
			return 0, err
		}
	}
	return b.parts[len(b.parts)-1].to, nil
}
