package sheet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongxing/core"
)

const (
	// maxWaiting is how many workbooks may wait for the one that is being read.
	maxWaiting = 8
	// maxWait is how long one may wait, and maxReading how long reading one may take.
	maxWait    = 10 * time.Second
	maxReading = 10 * time.Second
)

// What is wrong with a file, as messages for people.
var (
	errLong    = errors.New("文件行数过多")
	errCoding  = errors.New("文件的文字无法识别，请另存为 UTF-8 或 GBK 编码")
	errBroken  = errors.New("表格已损坏，请用 Excel 或 WPS 打开后另存为 xlsx")
	errLarge   = errors.New("表格展开后过大，请只保留要用的几列再上传")
	errFormats = errors.New("表格的单元格格式过多，请把内容粘贴为值到新表格再上传")
	errHidden  = errors.New("工作表都是隐藏的，请取消隐藏后再上传")
	errSlow    = errors.New("表格太复杂，请只保留要用的几列再上传")
)

// ErrBusy means that other workbooks are being read and the caller should try again later.
var ErrBusy = errors.New("正在读取其他表格，请稍后再试")

// Read reads a file of kind Text, Workbook or Old as a table of at most max rows that are not empty: a
// text with one row per line, in UTF-8, UTF-16 with its byte-order mark, or GB18030, which Chinese
// Excel uses for csv; or the sheet of a workbook that opens first, or the next one if that is
// empty. A bad file is an Invalid error with a message for people. A server reads one workbook at a
// time: waiting for a turn ends with ErrBusy or the error of ctx.
func Read(ctx context.Context, kind Kind, content []byte, max int) (Table, error) {
	var t Table
	var err error
	switch kind {
	case Workbook:
		t, err = inTurn(ctx, func(ctx context.Context) (Table, error) { return readBook(ctx, content, max) })
	case Old:
		t, err = inTurn(ctx, func(ctx context.Context) (Table, error) { return readOld(ctx, content, max) })
	default:
		t, err = readText(content, max)
	}
	switch {
	case errors.Is(err, errLong):
		return Table{}, core.Invalid(fmt.Sprintf("文件里超过 %d 行，请分成几份上传", max))
	case errors.Is(err, ErrBusy), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Table{}, err
	case err != nil:
		return Table{}, core.Invalid(err.Error())
	case len(t.Rows) == 0 && t.HiddenRows+t.HiddenColumns > 0:
		return Table{}, core.Invalid("文件里只有隐藏的内容，请取消隐藏或筛选后再上传")
	case len(t.Rows) == 0:
		return Table{}, core.Invalid("文件里没有内容")
	}
	return t, nil
}

var (
	turn    = make(chan struct{}, 1)
	waiting = make(chan struct{}, maxWaiting)
)

// inTurn runs heavy work when nobody else does. If the caller gives up, the work goes on: it ends
// by itself, since all its parts are bounded, and keeps the turn until then.
func inTurn(ctx context.Context, work func(context.Context) (Table, error)) (Table, error) {
	select {
	case waiting <- struct{}{}:
	default:
		return Table{}, ErrBusy
	}
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	select {
	case turn <- struct{}{}:
		<-waiting
	case <-patience.C:
		<-waiting
		return Table{}, ErrBusy
	case <-ctx.Done():
		<-waiting
		return Table{}, ctx.Err()
	}
	type result struct {
		t   Table
		err error
	}
	done := make(chan result, 1)
	limited, cancel := context.WithTimeout(ctx, maxReading)
	defer cancel()
	go func() {
		defer func() { <-turn }()
		r := result{err: errBroken}
		defer func() { done <- r }()
		defer func() { _ = recover() }() // a file that makes its reader panic is broken
		r.t, r.err = work(limited)
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, context.DeadlineExceeded) && ctx.Err() == nil {
			return Table{}, errSlow
		}
		return r.t, r.err
	case <-limited.Done():
		if ctx.Err() != nil {
			return Table{}, ctx.Err()
		}
		return Table{}, errSlow
	}
}
