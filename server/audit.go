package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"tongxing/configs"
	"tongxing/store"
)

// errAuditBroken is returned if the audit log has been altered. What is wrong has been printed.
var errAuditBroken = fmt.Errorf("操作日志校验未通过：记录被改动过，请保护现场并核对备份")

// databaseIsThere returns an error if the embedded database does not exist: opening would create an
// intact one, and that would be a false all-clear.
func databaseIsThere(c configs.Config) error {
	if c.MySQL.DSN.IsSet() {
		return nil
	}
	file := embeddedFile(c)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("没有数据库 %s：请检查 data.dir（TONGXING_DATA_DIR）以及在哪个目录运行（%w）", file, err)
	}
	return nil
}

// verifyAudit checks the whole audit log and prints the result. anchor is what an earlier check
// printed, or "".
func verifyAudit(ctx context.Context, c configs.Config, anchor string, stdout io.Writer) error {
	var since store.AuditAnchor
	if anchor != "" {
		var err error
		if since, err = store.ParseAuditAnchor(anchor); err != nil {
			return sayFields(err)
		}
	}
	if err := databaseIsThere(c); err != nil {
		return err
	}
	s, err := openStore(ctx, c, slog.New(slog.DiscardHandler), 0)
	if err != nil {
		return err
	}
	defer s.Close()
	verdict, err := s.VerifyAudit(ctx, since)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "已校验 %d 条操作日志\n", verdict.Rows)
	if !verdict.Good() {
		fmt.Fprintln(stdout, verdict.Broken)
		return errAuditBroken
	}
	fmt.Fprintln(stdout, "完好")
	if verdict.Seq > 0 {
		fmt.Fprintf(stdout, "锚点 %d:%s\n", verdict.Seq, verdict.Hash)
	}
	return nil
}
