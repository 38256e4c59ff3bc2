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
	err = sheet.Write(ctx, out, "出入记录", core.RecordColumns, func(add func(values ...any) error) error {
		return s.ExportAccessRecords(ctx, core.System, core.Everywhere, core.RecordFilter{}, func(r core.AccessRecord) error {
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
