package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/console"
	"tongxing/store"
)

const (
	importFamily = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
	importGiven  = "建国秀英志强丽华子涵雨桐浩然欣怡梓萱俊杰诗琪文博思远佳宁晓明海燕"
)

// besideRows are those of the import beside which somebody waits.
const besideRows = 20_000

// imports has processes of their own read a workbook of residents by excelize alone, which is the floor, and import it into
// either database: read, judged, written; then exported, and taken back. Peak memory is that of the process.
func (b *bench) imports() error {
	file, short := filepath.Join(b.dir, "residents.xlsx"), filepath.Join(b.dir, "short.xlsx")
	if err := writeResidents(file, b.imported); err != nil {
		return err
	}
	if err := writeResidents(short, min(b.imported, besideRows)); err != nil {
		return err
	}
	into := map[string][]string{}
	for _, name := range []string{"import", "beside"} {
		path := filepath.Join(b.dir, name, "tongxing.db")
		if err := mkdir(filepath.Dir(path)); err != nil {
			return err
		}
		dsn, err := b.maria.Create(context.Background(), name)
		if err != nil {
			return err
		}
		into[name+" sqlite"] = []string{"-role", "import", "-sqlite", path}
		into[name+" maria"] = []string{"-role", "import", "-dsn", dsn, "-watched", fmt.Sprint(b.maria.PID())}
	}
	fmt.Printf("\nImport of %d residents from .xlsx: seconds, with the processor time of the process in brackets\n", b.imported)
	of := map[string][]float64{} // seconds by what they are of
	for _, part := range []struct {
		name, file string
		args       []string
	}{
		{excelizeReads, file, []string{"-role", "importfloor"}},
		{"our reader alone", file, []string{"-role", "importread"}},
		{intoSQLite, file, into["import sqlite"]},
		{excelizeReads, file, []string{"-role", "importfloor"}},
		{intoMariaDB, file, into["import maria"]},
		{excelizeReads, file, []string{"-role", "importfloor"}},
		{excelizeWrites, file, []string{"-role", "exportfloor", "-imported", fmt.Sprint(b.imported)}},
		{"beside one into SQLite", short, append(into["beside sqlite"], "-role", "importbeside")},
		{"beside one into MariaDB", short, append(into["beside maria"], "-role", "importbeside")},
	} {
		words, err := b.importChild(part.name, append(part.args, "-file", part.file)...)
		if err != nil {
			return err
		}
		of[part.name] = append(of[part.name], secondsAfter(words, ""), secondsAfter(words, "together "), secondsAfter(words, "exported "))
	}
	reads := of[excelizeReads]
	importRatios(intoSQLite, of[intoSQLite], (reads[0]+reads[3])/2, of[excelizeWrites][0])
	importRatios(intoMariaDB, of[intoMariaDB], (reads[3]+reads[6])/2, of[excelizeWrites][0])
	return nil
}

const (
	excelizeReads  = "excelize alone reads it"
	excelizeWrites = "excelize alone writes it"
	intoSQLite     = "SQLite"
	intoMariaDB    = "MariaDB"

	maxImport = 3 // times what excelize takes to read the file
	maxExport = 2 // times what it takes to write one
	maxMiB    = 300
)

// importRatios prints how an import and an export compare with excelize's readings before and after, and with its writing.
func importRatios(name string, took []float64, read, write float64) {
	imported, exported, over := took[1]/read, took[2]/write, ""
	if imported > maxImport || exported > maxExport {
		over = "   over"
	}
	fmt.Printf("%-32s imports in %.1f times what excelize takes to read it (should be at most %d), exports in %.1f times (%d)%s\n",
		name, imported, maxImport, exported, maxExport, over)
}

// secondsAfter returns the number behind a word of what a child printed; 0 = there is none.
func secondsAfter(words, word string) float64 {
	_, rest, _ := strings.Cut(words, word)
	n, _, _ := strings.Cut(rest, " ")
	seconds, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return 0
	}
	return seconds
}

func (b *bench) importChild(name string, args ...string) (words string, err error) {
	cmd := exec.Command(b.self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	words = strings.TrimSpace(string(out))
	peak, over := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss/1024, ""
	if peak > maxMiB && (name == intoSQLite || name == intoMariaDB) {
		over = "   over"
	}
	fmt.Printf("%-32s %s, at peak %d MiB (should be at most %d)%s\n", name, words, peak, maxMiB, over)
	return words, nil
}

// watch measures one stretch of work after another: its time, and the processor time of this process and of the server's.
type watch struct {
	began        time.Time
	used, server time.Duration
}

func newWatch() *watch { return &watch{time.Now(), processorTime(), serverTime()} }

// lap returns what was used since the last lap, in words.
func (w *watch) lap() string {
	was := *w
	*w = *newWatch()
	words := fmt.Sprintf("%.1f (%.1f", w.began.Sub(was.began).Seconds(), (w.used - was.used).Seconds())
	if watched != 0 {
		words += fmt.Sprintf(" + %.1f", (w.server - was.server).Seconds())
	}
	return words + ")"
}

func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // of our own process
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// watched is the database server's process; 0 = there is none.
var watched int

// serverTime returns the processor time of the watched process, 0 where the kernel does not tell: it counts in hundredths.
func serverTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", watched))
	if err != nil || watched == 0 {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var all time.Duration
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		all += time.Duration(n) * time.Second / 100
	}
	return all
}

// writeResidents writes a list like the template filled in: ten columns, names in Chinese.
func writeResidents(path string, rows int) error {
	book := excelize.NewFile()
	defer book.Close()
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	head := []any{"姓名", "性别", "身份", "租约到期时间", "手机", "证件号（如身份证，护照）", "小区", "栋", "单元", "房间"}
	if err := out.SetRow("A1", head); err != nil {
		return err
	}
	for i := range rows {
		name, sex, identity, phone, idNumber := residentOf(i)
		building, unit, room := houseOf(i)
		row := []any{name, sex, identity, "", phone, idNumber, "翠湖花园", building, unit, room}
		if err := out.SetRow(fmt.Sprint("A", i+2), row); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return book.SaveAs(path)
}

func residentOf(i int) (name, sex, identity, phone, idNumber string) {
	family, given := []rune(importFamily), []rune(importGiven)
	name = string([]rune{family[i%len(family)], given[i/7%len(given)], given[i/31%len(given)]})
	return name, []string{"男", "女"}[i%2], []string{"业主", "家属"}[i%2], fmt.Sprintf("138%08d", i), fmt.Sprintf("E%08d", i)
}

// houseOf returns where somebody lives: two people a house.
func houseOf(i int) (building, unit, room string) {
	house := i / 2
	return fmt.Sprint(house/400 + 1), fmt.Sprint(house/100%4 + 1), fmt.Sprintf("%d%02d", house%100/4+1, house%4+1)
}

// importFloor is the child's part: excelize reads every row.
func importFloor(path string) error {
	watch, n := newWatch(), 0
	book, err := excelize.OpenFile(path)
	if err != nil {
		return err
	}
	defer book.Close()
	rows, err := book.Rows("Sheet1")
	if err != nil {
		return err
	}
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			return err
		}
		n++
	}
	fmt.Printf("%s for %d rows", watch.lap(), n)
	return rows.Close()
}

// importRead is the child's part: our own reader reads every row.
func importRead(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ctx, watch, n := context.Background(), newWatch(), 0
	file, err := console.OpenImport(ctx, content)
	if err != nil {
		return err
	}
	err = file.Lines(ctx, "Sheet1", func(store.ImportLine) error { n++; return nil })
	fmt.Printf("%s for %d rows", watch.lap(), n)
	return err
}

// importing is an import as the server's jobs do it.
type importing struct {
	store     *store.Store
	community core.ID
	content   []byte
	id        core.ID
}

func noStep(int64, int64) error { return nil }

// newImporting opens a database, and adds the community whose list is in a file.
func newImporting(ctx context.Context, path, sqlite, dsn string) (*importing, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := (&place{sqlite: sqlite, dsn: dsn}).open(ctx)
	if err != nil {
		return nil, err
	}
	community, err := s.CreateCommunity(ctx, core.System, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
	return &importing{store: s, community: community, content: content}, err
}

// read uploads the list and reads it, up to the preview.
func (i *importing) read(ctx context.Context) error {
	imp, err := i.store.CreateImport(ctx, core.System, core.Everywhere, store.NewImport{
		Community: i.community, Kind: core.ImportResidents, File: "residents.xlsx", Content: i.content,
	})
	if err != nil {
		return err
	}
	i.id = imp.ID
	_, err = i.store.ReadImport(ctx, i.id, console.OpenImport, noStep)
	return err
}

func (i *importing) write(ctx context.Context) error {
	imp, err := i.store.Import(ctx, core.Everywhere, i.id)
	if err != nil {
		return err
	}
	if err := i.store.WriteImport(
		ctx, core.System, core.Everywhere, i.id, core.DefaultImportChoices(), imp.Updated.UnixMilli(),
	); err != nil {
		return err
	}
	_, err = i.store.WriteImportRows(ctx, i.id, noStep)
	return err
}

func (i *importing) undo(ctx context.Context) error {
	if err := i.store.UndoImport(ctx, core.System, core.Everywhere, i.id); err != nil {
		return err
	}
	_, err := i.store.UndoImportRows(ctx, i.id, noStep)
	return err
}

// importAll is the child's part: an import, then an export, then the import taken back.
func importAll(path, sqlite, dsn string) error {
	ctx := context.Background()
	i, err := newImporting(ctx, path, sqlite, dsn)
	if err != nil {
		return err
	}
	defer i.store.Close()
	whole, part := newWatch(), newWatch()
	var laps []any
	for _, do := range []func(context.Context) error{i.read, i.write} {
		if err := do(ctx); err != nil {
			return err
		}
		laps = append(laps, part.lap())
	}
	laps = append(laps, whole.lap())
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { return exportResidents(ctx, i.store) }, i.undo,
	} {
		if err := do(ctx); err != nil {
			return err
		}
		laps = append(laps, part.lap())
	}
	fmt.Printf("to the preview %s, written %s, together %s; exported %s; taken back %s", laps...)
	return nil
}

// importBeside is the child's part: how long small acts wait while rows are written, one every tenth of a second.
func importBeside(path, sqlite, dsn string) error {
	ctx := context.Background()
	i, err := newImporting(ctx, path, sqlite, dsn)
	if err != nil {
		return err
	}
	defer i.store.Close()
	if err := i.read(ctx); err != nil {
		return err
	}
	watch, written := newWatch(), make(chan error, 1)
	go func() { written <- i.write(ctx) }()
	var took []time.Duration
	tick := time.NewTicker(time.Second / 10)
	defer tick.Stop()
	for {
		select {
		case err := <-written:
			slices.Sort(took)
			fmt.Printf("an act took %s, at p90 %s, at most %s; written %s", short(took[len(took)/2]),
				short(took[len(took)*9/10]), short(took[len(took)-1]), watch.lap())
			return err
		case <-tick.C:
			began := time.Now()
			if err := i.store.UpdateGuideAway(ctx, 1, len(took)%2 == 0); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
	}
}
