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
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// export has a separate process write all records as a spreadsheet, as the console's download does,
// and reports its peak memory. It uses the database of the list measurement if there is one.
func (b *bench) export() error {
	path := filepath.Join(b.dir, "records", "tongxing.db")
	if _, err := os.Stat(path); err != nil {
		if err := b.historyAt(path); err != nil {
			return err
		}
	}
	cmd := exec.Command(b.self, "-role", "export", "-sqlite", path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss / 1024
	fmt.Printf("\nExport of %d access records as .xlsx: %s, at peak %d MiB of memory\n", b.records, strings.TrimSpace(string(out)), peak)
	return nil
}

func (b *bench) historyAt(path string) error {
	if err := mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	s, err := (&place{sqlite: path}).open(context.Background())
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = b.history(context.Background(), s)
	return err
}

// counter counts and discards an export.
type counter struct{ bytes int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += int64(len(b))
	return len(b), nil
}

// exportAll is the child's part of export.
func exportAll(sqlitePath string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{SQLitePath: sqlitePath, Keys: estate.Keys()})
	if err != nil {
		return err
	}
	defer s.Close()
	began, out, rows := time.Now(), &counter{}, 0
	head := sheet.Head{Name: "出入记录", Columns: core.RecordColumns, Busy: s.DoorsBusy}
	err = sheet.Write(ctx, out, head, func(add func(values ...any) error) error {
		by := core.Looker{Actor: core.System}
		return s.ExportAccessRecords(ctx, by, core.Everywhere, core.RecordFilter{}, func(r core.AccessRecord) error {
			rows++
			return add(r.Cells("测试小区", s.Zone())...)
		})
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d rows, %d MB, %.1f s", rows, out.bytes/1_000_000, time.Since(began).Seconds())
	return nil
}

var residentHeads = []string{
	"姓名", "性别", "身份", "租约到期时间", "手机", "证件号", "小区", "房屋", "认证", "认证时间", "迁出时间", "号码", "当面认证",
}

// exportResidents writes all residents with their numbers as a spreadsheet, as the console's download does.
func exportResidents(ctx context.Context, s *store.Store) error {
	head := sheet.Head{Name: "住户", Columns: residentHeads, Busy: s.DoorsBusy}
	return sheet.Write(ctx, &counter{}, head, func(add func(values ...any) error) error {
		return s.ExportResidents(
			ctx, core.System, core.Everywhere, store.ResidentFilter{}, store.ResidentExport{Whole: true, Purpose: "测量"},
			func(r store.ResidentRow) error { return add(residentCells(r, s.Zone())...) },
		)
	})
}

func residentCells(r store.ResidentRow, zone *time.Location) []any {
	return []any{
		r.Name, core.SexLabel(r.Sex), r.Identity.Label(), "", r.Phone, r.IDNumber, r.CommunityName, r.HouseLabel, "未认证",
		r.Certified.In(zone), r.MovedOut.In(zone), "", "",
	}
}

// exportFloor is the child's part: excelize alone writes as many rows of the same columns, of values that it has.
func exportFloor(rows int) error {
	watch, book := newWatch(), excelize.NewFile()
	defer book.Close()
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	row := make([]any, len(residentHeads))
	for i := range rows {
		for n := range row {
			row[n] = ""
		}
		name, sex, identity, phone, idNumber := residentOf(i)
		row[0], row[1], row[2], row[4], row[5] = name, sex, identity, phone, idNumber
		building, unit, room := houseOf(i)
		row[6], row[7], row[8] = "翠湖花园", building+"栋"+unit+"单元"+room, "未认证"
		if err := out.SetRow(fmt.Sprint("A", i+1), row); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := book.Write(&counter{}); err != nil {
		return err
	}
	fmt.Print(watch.lap())
	return nil
}
