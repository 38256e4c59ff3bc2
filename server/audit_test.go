package main

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the file is changed behind the program's back

	"tongxing/configs"
)

// command runs the program until it exits.
func command(t *testing.T, args ...string) (code int, out, problems string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestAuditVerifyCommand(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TONGXING_DATA_DIR", dir)
	code, out, problems := command(t, "audit", "verify")
	if made, err := os.ReadDir(dir); code != 1 || out != "" || !strings.Contains(problems, dir) || err != nil || len(made) != 0 {
		t.Fatalf("no database: %d %s%s, made %v, %v", code, out, problems, made, err)
	}
	c, err := configs.Load(configs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := openStore(t.Context(), c, slog.New(slog.DiscardHandler), 0)
	if err != nil {
		t.Fatal(err)
	}
	empty.Close()
	code, out, problems = command(t, "audit", "verify")
	if code != 0 || !strings.Contains(out, "0 条") || !strings.Contains(out, "完好") {
		t.Fatalf("an empty log: %d %s%s", code, out, problems)
	}
	for _, login := range []string{"zhang", "wang"} {
		if err := addAdmin(
			t.Context(), c, newAdmin{login: login, password: strings.NewReader("correct-horse-7\n")},
			&bytes.Buffer{},
		); err != nil {
			t.Fatal(err)
		}
	}
	code, out, problems = command(t, "audit", "verify")
	anchor := regexp.MustCompile(`锚点 (2:[0-9a-f]{64})\n`).FindStringSubmatch(out)
	if code != 0 || !strings.Contains(out, "2 条") || anchor == nil {
		t.Fatalf("two lines: %d %s%s", code, out, problems)
	}
	if code, out, problems = command(t, "audit", "verify", "--anchor", anchor[1]); code != 0 {
		t.Fatalf("with the anchor: %d %s%s", code, out, problems)
	}
	if code, _, problems = command(t, "audit", "verify", "--anchor", "nonsense"); code != 1 || !strings.Contains(problems, "锚点") {
		t.Errorf("a wrong anchor: %d %s", code, problems)
	}

	behind(t, filepath.Join(dir, "tongxing.db"), "UPDATE audit_log SET actor_name = '别人' WHERE seq = 1")
	code, out, problems = command(t, "audit", "verify")
	if code != 1 || !strings.Contains(out, "第 1 条") || !strings.Contains(problems, "未通过") {
		t.Errorf("a changed line: %d %s%s", code, out, problems)
	}
}

// behind changes the database as somebody with a database client would.
func behind(t *testing.T, file, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), query); err != nil {
		t.Fatal(err)
	}
}
