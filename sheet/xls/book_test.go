package xls

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// readAll returns all cells of a workbook's first sheet as text.
func readAll(content []byte) ([]string, error) {
	book, err := Open(content)
	if err != nil {
		return nil, err
	}
	var all []string
	for sheet := range book.Sheets {
		layout, err := book.Layout(sheet)
		if err != nil {
			return nil, err
		}
		err = book.Cells(sheet, layout, func(cell Cell) error {
			text := string(cell.Text)
			switch cell.Kind {
			case Number:
				text = fmt.Sprint(cell.Number)
			case Truth:
				text = fmt.Sprint(cell.Number != 0)
			}
			all = append(all, fmt.Sprintf("%d,%d %s", cell.Row, cell.Column, text))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sample is a file with every kind of record that is read.
func sample() []byte {
	long := strings.Repeat("长𠮷", 500)
	head := rec(recordSST, uint32(5), uint32(5), units("一"), "一", units("ab"), []byte{textRich, 1, 0, 'a', 'b', 0, 0, 0, 0},
		units("c"), []byte{textExt, 3, 0, 0, 0, 'c', 9, 9, 9}, 0, []byte{0}, units(long), wide(long)[:1+2*4])
	rest := wide(long)[1+2*4:]
	odd := rest[:2*3+0] // ends between the halves of a character beyond the BMP
	globals := slices.Concat(
		rec(recordFormat, 164, units("yyyy-mm-dd"), "yyyy-mm-dd"), rec(recordXF, 0, 0), rec(recordXF, 0, 164),
		head, rec(recordContinue, byte(textWide), odd), rec(recordContinue, byte(textWide), rest[len(odd):]),
	)
	return fileOf(globals,
		rec(recordColInfo, 3, 4, 10, 0, 1, 0), rec(recordRow, 1, 0, 2, 255, 0, 0, 0x20, 0),
		rec(recordLabelSST, 0, 0, 0, uint32(0)), rec(recordLabelSST, 0, 1, 0, uint32(1)), rec(recordLabelSST, 0, 2, 0, uint32(2)),
		rec(recordLabelSST, 0, 3, 0, uint32(3)), rec(recordLabelSST, 0, 4, 0, uint32(4)),
		rec(recordNumber, 1, 0, 1, 43465.0), rec(recordRK, 1, 1, 0, uint32(13800<<2|2)), rec(recordRK, 1, 2, 0, uint32(1234<<2|3)),
		rec(recordRK, 1, 3, 0, uint32(math.Float64bits(1.5)>>32)), rec(recordMulRK, 2, 1, 0, uint32(7<<2|2), 0, uint32(0xfffffffe), 2),
		rec(recordLabel, 3, 0, 0, units("旧"), "旧"), rec(recordRString, 3, 1, 0, 2, []byte{0, 0xe9, 'x'}, 0),
		rec(recordBoolErr, 4, 0, 0, byte(1), byte(0)), rec(recordBoolErr, 4, 1, 0, byte(0x2a), byte(1)),
		rec(recordBOF, biff8, 32, 0, 0), rec(recordNumber, 9, 9, 0, 9.0), rec(recordEOF), // a chart
		rec(recordFormula, 5, 0, 0, 2.5, 0, uint32(0)), rec(recordFormula, 5, 1, 0, []byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, 0, uint32(0)),
		rec(recordShared, 0), rec(recordString, units("果实"), "果实"),
		rec(recordFormula, 5, 2, 0, []byte{1, 0, 1, 0, 0, 0, 0xff, 0xff}, 0, uint32(0)),
		rec(recordFormula, 5, 3, 0, []byte{2, 0, 7, 0, 0, 0, 0xff, 0xff}, 0, uint32(0)),
		rec(recordFormula, 5, 4, 0, []byte{3, 0, 0, 0, 0, 0, 0xff, 0xff}, 0, uint32(0)),
		rec(recordNumber, 3, 5, 0, 3.0), // behind later rows
		rec(recordMerged, 1, 3, 4, 0, 1),
	)
}

func TestValues(t *testing.T) {
	got, err := readAll(sample())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"0,0 一", "0,1 ab", "0,2 c", "0,3 ", "0,4 " + strings.Repeat("长𠮷", 500), "1,0 43465", "1,1 13800", "1,2 12.34", "1,3 1.5",
		"2,1 7", "2,2 -1", "3,0 旧", "3,1 éx", "3,5 3", "4,0 true", "4,1 #N/A", "5,0 2.5", "5,1 果实", "5,2 true", "5,3 #DIV/0!",
	}
	if !slices.Equal(got, want) {
		t.Errorf("cells are\n%.400q, want\n%.400q", got, want)
	}
}

func TestLayout(t *testing.T) {
	book, err := Open(sample())
	if err != nil {
		t.Fatal(err)
	}
	layout, err := book.Layout(0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(layout.Merged, []Area{{3, 4, 0, 1}}) || len(layout.HiddenRows) != 1 || !layout.HiddenRows[1] ||
		!slices.Equal(layout.HiddenColumns, [][2]int{{3, 4}}) || layout.Rows != 6 {
		t.Errorf("layout is %+v", layout)
	}
	if id, code := book.Format(1); id != 164 || code != "yyyy-mm-dd" || book.Styles() != 2 || book.Date1904 {
		t.Errorf("the second style is %d %q", id, code)
	}
	if id, code := book.Format(99); id != 0 || code != "" {
		t.Errorf("an unknown style is %d %q", id, code)
	}
}

func TestDaysFrom1904(t *testing.T) {
	book, err := Open(fileOf(rec(record1904, 1), rec(recordNumber, 0, 0, 0, 1.0)))
	if err != nil || !book.Date1904 {
		t.Errorf("days count from 1900: %v", err)
	}
}

// A stream of more sectors than a table in one sector can chain, so that it is no small one and not
// all in order.
func TestLongStreams(t *testing.T) {
	var records [][]byte
	for row := range 20_000 {
		records = append(records, rec(recordNumber, row, 0, 0, float64(row)))
	}
	for name, content := range map[string][]byte{
		"in order":  fileOf(nil, records...),
		"scattered": swapped(fileOf(nil, records...), 40, 90),
	} {
		got, err := readAll(content)
		if err != nil || len(got) != 20_000 || got[19_999] != "19999,0 19999" {
			t.Errorf("%s: %d cells, %v", name, len(got), err)
		}
	}
}

// swapped exchanges two sectors in the middle of a chain.
func swapped(content []byte, a, b int) []byte {
	c, err := openContainer(content)
	if err != nil {
		panic(err)
	}
	content = bytes.Clone(content)
	table := int(long(content, 76))
	put := func(n, next int) {
		at := (table+1)<<9 + 4*n
		copy(content[at:], longs([]uint32{uint32(next)}))
	}
	sector := func(n int) []byte { return content[(n+1)<<9 : (n+2)<<9] }
	if c.table[a] != uint32(a+1) || c.table[b] != uint32(b+1) {
		panic("not in a chain")
	}
	old := bytes.Clone(sector(a))
	copy(sector(a), sector(b))
	copy(sector(b), old)
	put(a-1, b)
	put(b, a+1)
	put(b-1, a)
	put(a, b+1)
	return content
}

func TestRefused(t *testing.T) {
	stream := bookOf(nil, rec(recordNumber, 0, 0, 0, 1.0))
	biff5 := bytes.Clone(stream)
	biff5[5] = 5
	named := func(name string) []byte { return compound([]string{name}, map[string][]byte{name: stream}) }
	word := compound([]string{"WordDocument", "1Table"}, map[string][]byte{"WordDocument": stream, "1Table": stream})
	empty := append(rec(recordBOF, biff8, 5), rec(recordEOF)...)
	looped := fileOf(nil, bytes.Repeat(rec(recordNumber, 0, 0, 0, 1.0), 1000))
	at := (int(long(looped, 76)) + 1) << 9
	copy(looped[at+4*3:], longs([]uint32{1})) // sector 3 is followed by 1
	lists := bytes.Clone(looped)
	copy(lists[44:], longs([]uint32{1 << 30})) // a table of 2³⁰ sectors, in a chain that begins at sector 0
	copy(lists[68:], longs([]uint32{0}))
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"empty":             {nil, ErrForeign},
		"no compound file":  {[]byte(strings.Repeat("PK\x03\x04", 500)), ErrForeign},
		"header only":       {sample()[:headerSize], ErrBroken},
		"Excel 95":          {named("Book"), ErrAncient},
		"Excel 95 inside":   {compound([]string{"Workbook"}, map[string][]byte{"Workbook": biff5}), ErrAncient},
		"a locked workbook": {fileOf(rec(recordFilePass, 0, 0)), ErrLocked},
		"a locked xlsx":     {named("EncryptedPackage"), ErrLocked},
		"a document":        {word, ErrForeign},
		"a chain in a loop": {looped, ErrBroken},
		"a long table":      {lists, ErrBroken},
		"no sheets":         {compound([]string{"Workbook"}, map[string][]byte{"Workbook": empty}), ErrBroken},
		"no such text":      {fileOf(nil, rec(recordLabelSST, 0, 0, 0, uint32(0))), ErrBroken},
		"too many texts":    {fileOf(rec(recordSST, uint32(1), uint32(math.MaxUint32)), rec(recordNumber, 0, 0, 0, 1.0)), ErrBroken},
		"half a character":  {fileOf(nil, rec(recordLabel, 0, 0, 0, 1, []byte{textWide, 'x'})), ErrBroken},
		"a text without end": {
			fileOf(rec(recordSST, uint32(1), uint32(1), 0xffff, []byte{textExt | textRich, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})), ErrBroken,
		},
	} {
		if _, err := readAll(c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// harmed reads a damaged file: it may be read or refused, but with one of the known errors, soon,
// and with little memory.
func harmed(t *testing.T, what string, content []byte) (read bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	_, err := readAll(content)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if err != nil && !slices.ContainsFunc([]error{ErrBroken, ErrForeign, ErrAncient, ErrLocked}, func(known error) bool {
		return errors.Is(err, known)
	}) {
		t.Errorf("%s: %v", what, err)
	}
	if took > 20*time.Second {
		t.Errorf("%s: took %v", what, took)
	}
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 64 {
		t.Errorf("%s: %d MiB of %d KB", what, grown, len(content)>>10)
	}
	return err == nil
}

func TestDamagedCopies(t *testing.T) {
	whole := sample()
	for n := range whole {
		harmed(t, fmt.Sprintf("cut off at %d", n), whole[:n])
	}
	random := rand.New(rand.NewPCG(1, 2))
	for at := range whole {
		for _, value := range []byte{0xff, byte(random.UintN(256))} {
			copied := bytes.Clone(whole)
			copied[at] = value
			harmed(t, fmt.Sprintf("%#x at %d", value, at), copied)
		}
	}
}

func TestDamagedCopiesOfLibreOffice(t *testing.T) {
	whole, err := os.ReadFile("../testdata/list.xls")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	read, refused := 0, 0
	tally := func(ok bool) {
		if ok {
			read++
		} else {
			refused++
		}
	}
	for n := 0; n < len(whole); n += 211 {
		tally(harmed(t, fmt.Sprintf("cut off at %d", n), whole[:n]))
	}
	for n := range 1500 {
		copied := bytes.Clone(whole)
		for range 1 + random.IntN(8) {
			at := random.IntN(len(copied))
			if n%2 == 0 {
				at = random.IntN(min(len(copied), 4096)) // where its structure is
			}
			copied[at] = byte(random.UintN(256))
		}
		tally(harmed(t, fmt.Sprintf("copy %d", n), copied))
	}
	if read == 0 || refused == 0 {
		t.Errorf("%d copies were read, %d refused", read, refused)
	}
}

// A list as long as the format allows, with a text of its own in each cell.
func BenchmarkRead(b *testing.B) {
	var texts []string
	var records [][]byte
	for row := range 65_536 {
		for column := range 8 {
			texts = append(texts, fmt.Sprintf("住户%d-%d", row, column))
			records = append(records, rec(recordLabelSST, row, column, 0, uint32(len(texts)-1)))
		}
		records = append(records, rec(recordNumber, row, 8, 0, float64(row)))
	}
	content := fileOf(shared(texts), records...)
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		book, err := Open(content)
		if err != nil {
			b.Fatal(err)
		}
		layout, err := book.Layout(0)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := book.Cells(0, layout, func(Cell) error { n++; return nil }); err != nil || n != 65_536*9 {
			b.Fatal(n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Add(fileOf(nil, bytes.Repeat(rec(recordNumber, 0, 0, 0, 1.0), 400)))
	f.Add(fileOf(rec(recordFilePass, 0, 0)))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<20 {
			return
		}
		cells, err := readAll(content)
		if err != nil {
			return
		}
		again, err := readAll(content)
		if err != nil || !slices.Equal(cells, again) {
			t.Errorf("read twice, it differs: %v", err)
		}
	})
}
