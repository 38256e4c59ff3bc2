package sheet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"tongxing/core"
)

// Columns is how many columns of a sheet Rows reads; content beyond them is an error.
const Columns = 64

// What a file to import may cost.
const (
	// maxImporting is how long reading may take, without what is done with the rows.
	maxImporting = 2 * time.Minute
	// maxText bounds the text of a cell, in characters. What is longer is cut off: no field takes as much.
	maxText = 2000
)

var (
	errLocked  = errors.New("表格设有密码，或保护了工作簿，请在 Excel 里取消后另存为 xlsx 再上传")
	errAncient = errors.New("这是很早的 Excel 格式，请用 Excel 或 WPS 打开后另存为 xlsx 再上传")
	errMarkup  = errors.New("这是网页格式的表格，不是真正的 Excel 文件，请用 Excel 或 WPS 打开后另存为 xlsx 再上传")
	errForeign = errors.New("这不是 Excel 表格，请上传 xlsx 或 xls 文件")
	errPackage = errors.New("这不是 xlsx 文件，请用 Excel 或 WPS 打开后另存为 xlsx 再上传")
	errNoSheet = errors.New("文件里没有这张工作表")
)

// Enough is returned by the function given to Rows to stop reading without an error.
//
//lint:ignore ST1012 it is an answer, not something that went wrong
var Enough = errors.New("enough rows")

// Info is one sheet of a workbook.
type Info struct {
	Name   string
	Hidden bool
}

// Book is a file whose rows can be read any number of times: a workbook (.xlsx, .xlsm), a legacy
// workbook (.xls), a text (.csv, .txt) or a web page with a table, judged by its content alone. It keeps the content, and
// the texts that cells share. It is for one goroutine.
type Book struct {
	kind    Kind
	content []byte
	reader  reader
	waits   func() error
	busy    func() bool
}

// waitBeat is how often somebody who waits for the turn to read is heard of.
const waitBeat = time.Second

// WhileWaiting sets what is called again and again while Rows waits for its turn; its error ends the waiting.
func (b *Book) WhileWaiting(do func() error) { b.waits = do }

// RestWhile makes reading rest only while busy is true, since others need the machine; without it, reading always rests.
func (b *Book) RestWhile(busy func() bool) {
	b.busy = busy
	if s, is := b.reader.(*stream); is {
		s.busy = busy
	}
}

// pace returns the pace of reading the file.
func (b *Book) pace() *pace {
	p := newPace(importRest)
	p.busy = b.busy
	return p
}

// turn waits until no other file is read, and returns what ends the turn.
func (b *Book) turn(ctx context.Context) (end func(), err error) {
	beat := time.NewTicker(waitBeat)
	defer beat.Stop()
	for {
		select {
		case importing <- struct{}{}:
			return func() { <-importing }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-beat.C:
			if b.waits == nil {
				continue
			}
			if err := b.waits(); err != nil {
				return nil, err
			}
		}
	}
}

// reader is what a format of files has to offer.
type reader interface {
	sheets() []Info
	// size returns about how many rows a sheet has.
	size(ctx context.Context, sheet int) (int, error)
	// rows passes the rows of a sheet to r.
	rows(ctx context.Context, sheet int, r *rowing) error
}

// Open recognises a file by its content and reads the list of its sheets. A file that cannot be
// read is an Invalid error with a message for people.
func Open(ctx context.Context, content []byte) (*Book, error) {
	b, err := open(ctx, content)
	if err != nil {
		return nil, said(err)
	}
	return b, nil
}

func open(ctx context.Context, content []byte) (b *Book, err error) {
	defer broken(&err)
	b = &Book{kind: KindOf(content), content: content}
	switch {
	case b.kind == Workbook:
		b.reader, err = openStream(ctx, content)
	case b.kind == Old:
		b.reader, err = openOld(content)
	case ancient(content):
		err = errAncient
	case marked(content):
		b.reader, err = openPage(content)
	case b.kind == Text:
		b.reader, err = openText(content)
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		err = errPackage // an .xlsb, .ods or .docx
	default:
		err = errForeign
	}
	return b, err
}

// Kind returns the format that the content has, whatever the file is called.
func (b *Book) Kind() Kind { return b.kind }

// Sheets returns the sheets in the order of the workbook. A text is one sheet without a name.
func (b *Book) Sheets() []Info { return b.reader.sheets() }

// First returns the number of the sheet that is meant when nobody chooses: the first that is not
// hidden, or 0.
func (b *Book) First() int {
	for i, sheet := range b.reader.sheets() {
		if !sheet.Hidden {
			return i
		}
	}
	return 0
}

// Size returns about how many rows a sheet has, for showing progress.
func (b *Book) Size(ctx context.Context, sheet int) (n int, err error) {
	defer broken(&err)
	if sheet < 0 || sheet >= len(b.reader.sheets()) {
		return 0, core.Invalid(errNoSheet.Error())
	}
	n, err = b.reader.size(ctx, sheet)
	return n, said(err)
}

// Rows passes each row of a sheet that is not empty to each, in the order of the file, and returns
// what was seen. More than max rows are an Invalid error, as is a file that cannot be read: what
// each got before that is of no use. An error of each ends the reading and is returned; Enough ends
// it without one. The row's Cells are valid until each returns, their texts for ever.
//
// A server reads one file at a time: Rows waits for its turn until ctx ends. It must not be called
// by each, nor while other calls wait for something that the caller holds, such as a transaction.
func (b *Book) Rows(ctx context.Context, sheet, max int, each func(Row) error) (Seen, error) {
	if sheet < 0 || sheet >= len(b.reader.sheets()) {
		return Seen{}, core.Invalid(errNoSheet.Error())
	}
	end, err := b.turn(ctx)
	if err != nil {
		return Seen{}, err
	}
	defer end()
	r := &rowing{max: max, each: each, left: maxImporting, since: time.Now(), pace: b.pace()}
	err = b.rows(ctx, sheet, r)
	switch {
	case r.stopped != nil && !errors.Is(r.stopped, Enough):
		return r.seen, r.stopped
	case r.stopped != nil:
		return r.seen, nil
	case errors.Is(err, errLong):
		return r.seen, core.Invalid(fmt.Sprintf("文件里超过 %s 行，请分成几份上传", core.Grouped(max)))
	}
	return r.seen, said(err)
}

var importing = make(chan struct{}, 1)

func (b *Book) rows(ctx context.Context, sheet int, r *rowing) (err error) {
	defer func() {
		if !r.away { // what each panics with is not the file's fault
			broken(&err)
		}
	}()
	return b.reader.rows(ctx, sheet, r)
}

// broken turns the panic of a reader into an error. It is deferred.
func broken(err *error) {
	if recover() != nil {
		*err = errBroken
	}
}

// said returns an error about a file as one for people.
func said(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), core.IsInvalid(err):
		return err
	}
	return core.Invalid(err.Error())
}
