package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// imports has processes of their own read a workbook of residents by excelize alone, which is the floor, and import it into
// either database: read, judged, written; then exported, and taken back. Peak memory is that of the process.
func (b *bench) imports() error {
	file := filepath.Join(b.dir, "residents.xlsx")
	if err := writeResidents(file, b.imported); err != nil {
		return err
	}
	sqlite := filepath.Join(b.dir, "import", "tongxing.db")
	if err := mkdir(filepath.Dir(sqlite)); err != nil {
		return err
	}
	dsn, err := b.maria.Create(context.Background(), "import")
	if err != nil {
		return err
	}
	fmt.Printf("\nImport of %d residents from .xlsx: seconds, with the processor time of the process in brackets\n", b.imported)
	for _, part := range []struct {
		name string
		args []string
	}{
		{"excelize alone reads it", []string{"-role", "importfloor"}},
		{"our reader alone", []string{"-role", "importread"}},
		{"SQLite", []string{"-role", "import", "-sqlite", sqlite}},
		{"MariaDB", []string{"-role", "import", "-dsn", dsn}},
		{"excelize alone reads it, again", []string{"-role", "importfloor"}},
		{"excelize alone writes it", []string{"-role", "exportfloor", "-imported", fmt.Sprint(b.imported)}},
	} {
		if err := b.importChild(part.name, append(part.args, "-file", file)...); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) importChild(name string, args ...string) error {
	cmd := exec.Command(b.self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss / 1024
	fmt.Printf("%-32s %s, at peak %d MiB\n", name, strings.TrimSpace(string(out)), peak)
	return nil
}

// watch measures one stretch of work after another: its time, and the processor time of this process.
type watch struct {
	began time.Time
	used  time.Duration
}

func newWatch() *watch { return &watch{time.Now(), processorTime()} }

// lap returns what was used since the last lap, in words.
func (w *watch) lap() string {
	was := *w
	*w = *newWatch()
	return fmt.Sprintf("%.1f (%.1f)", w.began.Sub(was.began).Seconds(), (w.used - was.used).Seconds())
}

func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // of our own process
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
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

// importAll is the child's part: an import as the server's jobs do it.
func importAll(path, sqlite, dsn string) error {
	ctx := context.Background()
	s, err := (&place{sqlite: sqlite, dsn: dsn}).open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	community, err := s.CreateCommunity(ctx, core.System, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	step := func(int64, int64) error { return nil }
	whole, part := newWatch(), newWatch()
	imp, err := s.CreateImport(ctx, core.System, core.Everywhere, store.NewImport{
		Community: community, Kind: core.ImportResidents, File: "residents.xlsx", Content: content,
	})
	if err != nil {
		return err
	}
	if _, err := s.ReadImport(ctx, imp.ID, console.OpenImport, step); err != nil {
		return err
	}
	preview := part.lap()
	if imp, err = s.Import(ctx, core.Everywhere, imp.ID); err != nil {
		return err
	}
	if err := s.WriteImport(ctx, core.System, core.Everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli()); err != nil {
		return err
	}
	if _, err := s.WriteImportRows(ctx, imp.ID, step); err != nil {
		return err
	}
	written, all := part.lap(), whole.lap()
	if imp, err = s.Import(ctx, core.Everywhere, imp.ID); err != nil {
		return err
	}
	if err := exportResidents(ctx, s); err != nil {
		return err
	}
	exported := part.lap()
	if err := s.UndoImport(ctx, core.System, core.Everywhere, imp.ID); err != nil {
		return err
	}
	if _, err := s.UndoImportRows(ctx, imp.ID, step); err != nil {
		return err
	}
	fmt.Printf(
		"%s: to the preview %s, written %s; %d residents, %d houses; exported %s; taken back %s", all, preview, written,
		imp.Written.Of(core.ImportNew), imp.Written[core.ImportPlaces], exported, part.lap(),
	)
	return nil
}
