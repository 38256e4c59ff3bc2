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
// either database: read, judged, written; then taken back. Peak memory is that of the process.
func (b *bench) imports() error {
	file := filepath.Join(b.dir, "residents.xlsx")
	if err := writeResidents(file, b.imported); err != nil {
		return err
	}
	fmt.Printf("\nImport of %d residents from .xlsx\n", b.imported)
	if err := b.importChild("excelize alone reads the file", "-role", "importfloor", "-file", file); err != nil {
		return err
	}
	sqlite := filepath.Join(b.dir, "import", "tongxing.db")
	if err := mkdir(filepath.Dir(sqlite)); err != nil {
		return err
	}
	if err := b.importChild("SQLite", "-role", "import", "-file", file, "-sqlite", sqlite); err != nil {
		return err
	}
	dsn, err := b.maria.Create(context.Background(), "import")
	if err != nil {
		return err
	}
	return b.importChild("MariaDB", "-role", "import", "-file", file, "-dsn", dsn)
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
	family, given := []rune(importFamily), []rune(importGiven)
	for i := range rows {
		name := string([]rune{family[i%len(family)], given[i/7%len(given)], given[i/31%len(given)]})
		house := i / 2 // two people a house
		row := []any{
			name, []string{"男", "女"}[i%2], []string{"业主", "家属"}[i%2], "", fmt.Sprintf("138%08d", i), fmt.Sprintf("E%08d", i),
			"翠湖花园", fmt.Sprint(house/400 + 1), fmt.Sprint(house/100%4 + 1), fmt.Sprintf("%d%02d", house%100/4+1, house%4+1),
		}
		if err := out.SetRow(fmt.Sprint("A", i+2), row); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return book.SaveAs(path)
}

// importFloor is the child's part: excelize reads every row.
func importFloor(path string) error {
	began, n := time.Now(), 0
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
	fmt.Printf("%.1f s for %d rows", time.Since(began).Seconds(), n)
	return rows.Close()
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
	began := time.Now()
	imp, err := s.CreateImport(ctx, core.System, core.Everywhere, store.NewImport{
		Community: community, Kind: core.ImportResidents, File: "residents.xlsx", Content: content,
	})
	if err != nil {
		return err
	}
	if _, err := s.ReadImport(ctx, imp.ID, console.OpenImport, step); err != nil {
		return err
	}
	read := time.Since(began)
	if imp, err = s.Import(ctx, core.Everywhere, imp.ID); err != nil {
		return err
	}
	if err := s.WriteImport(ctx, core.System, core.Everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli()); err != nil {
		return err
	}
	if _, err := s.WriteImportRows(ctx, imp.ID, step); err != nil {
		return err
	}
	whole := time.Since(began)
	if imp, err = s.Import(ctx, core.Everywhere, imp.ID); err != nil {
		return err
	}
	began = time.Now()
	if err := s.UndoImport(ctx, core.System, core.Everywhere, imp.ID); err != nil {
		return err
	}
	if _, err := s.UndoImportRows(ctx, imp.ID, step); err != nil {
		return err
	}
	fmt.Printf(
		"%.1f s whole, of these %.1f s to the preview; %d residents, %d houses; taken back in %.1f s", whole.Seconds(), read.Seconds(),
		imp.Written.Of(core.ImportNew), imp.Written[core.ImportPlaces], time.Since(began).Seconds(),
	)
	return nil
}
