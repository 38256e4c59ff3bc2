package sheet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// hostile returns workbooks of some 20 KB that cost a naive reader hundreds of MiB and ten seconds.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	row := func(cells string) []byte {
		return []byte(`<worksheet><sheetData><row r="1">` + cells + `</row></sheetData></worksheet>`)
	}
	dated := row(`<c r="A1" s="2499999"><v>1</v></c>`)
	var wide bytes.Buffer
	wide.WriteString(`<worksheet><sheetData>`)
	for i := range 4_989 {
		fmt.Fprintf(&wide, `<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>1</t></is></c></row>`, i+1, i+1)
	}
	wide.WriteString(`</sheetData></worksheet>`)
	last := row(`<c r="A1" t="s"><v>3199999</v></c>`)
	long := strings.Repeat("长", tableCell)
	return map[string][]byte{
		"formats": zipped(t, parcel(dated, nil, []byte(
			`<styleSheet><cellXfs>`+strings.Repeat(`<xf/>`, 2_500_000)+`</cellXfs></styleSheet>`,
		))),
		"formats before it": zipped(t, parcel(row(`<c r="A1" s="1"><v>1</v></c>`), nil, []byte(
			`<styleSheet><cellStyleXfs>`+strings.Repeat(`<xf/>`, 2_500_000)+`</cellStyleXfs><cellXfs><xf/><xf/></cellXfs></styleSheet>`,
		))),
		"shared strings": zipped(t, parcel(last, []byte(`<sst>`+strings.Repeat(`<si/>`, 3_200_000)+`</sst>`), nil)),
		"nested":         zipped(t, parcel(row(strings.Repeat(`<x>`, 3_000_000)), nil, nil)),
		"wide rows":      zipped(t, parcel(wide.Bytes(), nil, nil)),
		"attributes":     zipped(t, parcel(row(`<c `+strings.Repeat(`a="" `, 3_000_000)+`/>`), nil, nil)),
		"one token":      zipped(t, parcel(row(`<c r="A1"><v>`+strings.Repeat(`1`, 15<<20)+`</v></c>`), nil, nil)),
		"a long text in all cells": zipped(t, parcel(
			[]byte(
				`<worksheet><sheetData>`+strings.Repeat(
					`<row>`+strings.Repeat(`<c t="s"><v>0</v></c>`, tableColumns)+`</row>`, 1_500,
				)+`</sheetData></worksheet>`,
			),
			[]byte(`<sst><si><t>`+long+`</t></si></sst>`), nil,
		)),
		"empty rows": zipped(t, parcel(
			[]byte(`<worksheet><sheetData>`+strings.Repeat(`<row/>`, 2_600_000)+`</sheetData></worksheet>`),
			nil, nil,
		)),
		"empty texts": zipped(t, parcel(
			[]byte(`<worksheet><sheetData>`+strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 100_000)+`</sheetData></worksheet>`),
			[]byte(`<sst><si><t> </t></si></sst>`), nil,
		)),
		"merged": zipped(t, parcel(
			[]byte(`<worksheet><sheetData>`+strings.Repeat(`<row><c><v>1</v></c></row>`, 4_000)+`</sheetData><mergeCells>`+
				strings.Repeat(`<mergeCell ref="A1:Z999999"/>`, 100_000)+`</mergeCells></worksheet>`),
			nil, nil,
		)),
		"a long format":    formatted(t, strings.Repeat(`0\-`, 100), 1_200),
		"a usual format":   formatted(t, `000`, 12_000),
		"too many formats": formatted(t, strings.Repeat(`0\-`, 100), 40_000),
		"not finite":       zipped(t, parcel([]byte(notFinite), nil, []byte(fractions))),
		"text format":      formatted(t, strings.Repeat(`@`, 200), 1_200),
	}
}

// notFinite has numbers of which excelize would look for the fraction for ever.
const notFinite = `<worksheet><sheetData><row>` +
	`<c s="1"><v>Inf</v></c><c s="1"><v>-Infinity</v></c><c s="1"><v>NaN</v></c></row></sheetData></worksheet>`

const fractions = `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="# ?/?"/></numFmts>` +
	`<cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`

// formatted returns a workbook of n numbers in a format.
func formatted(t testing.TB, code string, n int) []byte {
	t.Helper()
	row := `<row>` + strings.Repeat(`<c s="1"><v>12345</v></c>`, 10) + `</row>`
	return zipped(t, parcel([]byte(`<worksheet><sheetData>`+strings.Repeat(row, n/10)+`</sheetData></worksheet>`), nil,
		[]byte(
			`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="`+code+
				`"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`,
		)))
}

// peak runs work and returns the heap's maximum growth meanwhile.
func peak(work func()) (grown uint64, took time.Duration) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, m.HeapAlloc
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	start := time.Now()
	work()
	took = time.Since(start)
	close(done)
	<-sampled
	return peak - before, took
}

// Whatever a small workbook claims to contain, reading it does not take the memory or time of its
// claims: 64 MiB at peak, and twice that in total allocations.
func TestHostileWorkbooks(t *testing.T) {
	refused := map[string]error{
		"formats": errFormats, "formats before it": errFormats, "too many formats": errFormats,
		"shared strings": errLarge, "nested": errLarge,
		"attributes": errLarge, "one token": errLarge, "a long text in all cells": errLarge, "empty rows": errLarge, "merged": errLarge,
	}
	for name, content := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			if len(content) > 32<<10 {
				t.Fatalf("%d bytes are no small file", len(content))
			}
			var before, after runtime.MemStats
			var err error
			runtime.ReadMemStats(&before)
			grown, took := peak(func() { _, err = Read(t.Context(), Workbook, content, 5_000) })
			runtime.ReadMemStats(&after)
			total := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d KB: %v, heap +%d MiB, handed out %d MiB: %v", len(content)>>10, took, grown>>20, total>>20, err)
			if grown > 64<<20 || total > 128<<20 {
				t.Errorf("heap +%d MiB, handed out %d MiB", grown>>20, total>>20)
			}
			if want := refused[name]; want != nil && (err == nil || core.MessageOf(err) != want.Error()) {
				t.Errorf("%v, want %v", err, want)
			}
		})
	}
}

// One workbook is read at a time, whatever others wait or give up meanwhile.
func TestOneWorkbookAtATime(t *testing.T) {
	var running, peak atomic.Int32
	begun, release := make(chan struct{}), make(chan struct{})
	work := func(context.Context) (Table, error) {
		peak.Store(max(peak.Load(), running.Add(1)))
		defer running.Add(-1)
		begun <- struct{}{}
		<-release
		return Table{Sheet: "read"}, nil
	}
	// The first caller gives up while its workbook is read: its turn lasts until the work is done.
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := inTurn(ctx, work)
		first <- err
	}()
	<-begun
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	var all sync.WaitGroup
	results := make(chan error, maxWaiting)
	for range maxWaiting {
		all.Go(func() {
			_, err := inTurn(t.Context(), work)
			results <- err
		})
	}
	for len(waiting) < maxWaiting {
		runtime.Gosched()
	}
	if _, err := inTurn(t.Context(), work); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	release <- struct{}{}
	for range maxWaiting {
		<-begun
		release <- struct{}{}
	}
	all.Wait()
	for range maxWaiting {
		if err := <-results; err != nil {
			t.Errorf("one who waited: %v", err)
		}
	}
	if peak.Load() != 1 {
		t.Errorf("%d at once", peak.Load())
	}
	// A caller waiting for a turn can give up, and a workbook that breaks the reader releases the
	// turn.
	turn <- struct{}{}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := inTurn(ended, work); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	<-turn
	if _, err := inTurn(t.Context(), func(context.Context) (Table, error) { panic("broken") }); !errors.Is(err, errBroken) {
		t.Errorf("a panic: %v", err)
	}
	if _, err := Read(t.Context(), Workbook, workbook(t, []any{"1"}), 5); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A deadline is noticed within a part too.
func TestReadHearsTheDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readBook(ctx, hostile(t)["shared strings"], 5_000); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
