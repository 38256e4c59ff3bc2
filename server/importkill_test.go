//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// envImportChild makes TestImportChild work on an import: the SQLite file, the DSN, and the import's id.
const envImportChild = "TONGXING_TEST_IMPORT_CHILD"

// TestImportChild is a server that works on one import until it is done, for the test that kills it. By itself it tests
// nothing.
func TestImportChild(t *testing.T) {
	at := strings.Split(os.Getenv(envImportChild), "|")
	if len(at) != 3 {
		t.Skip("it is started by the test that kills it")
	}
	s, err := store.Open(t.Context(), store.Options{SQLitePath: at[0], MySQLDSN: at[1], Keys: estate.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	id, err := core.ParseID(at[2])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	step := func(int64, int64) error { fmt.Println("step"); return nil }
	imp, err := s.Import(t.Context(), core.Everywhere, id)
	switch {
	case err != nil:
	case imp.State == core.ImportReading:
		_, err = s.ReadImport(t.Context(), id, console.OpenImport, step)
	case imp.State == core.ImportWriting:
		_, err = s.WriteImportRows(t.Context(), id, step)
	case imp.State == core.ImportUndoing:
		_, err = s.UndoImportRows(t.Context(), id, step)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// importWorks lets servers work on an import, each killed soon after one of its first steps, until it is in a state; the last
// is left to end. It returns how many were killed, and of them those that have left residents of whom only the rows were written.
func (w *mailroom) importWorks(id core.ID, until core.ImportState, kills int) (killed, between int) {
	w.t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); time.Now().Before(deadline); {
		imp, err := w.stores[0].Import(w.t.Context(), core.Everywhere, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if imp.State == until {
			return killed, between
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestImportChild$", "-test.timeout=10m")
		cmd.Env = append(os.Environ(), envImportChild+"="+w.at.SQLitePath+"|"+w.at.MySQLDSN+"|"+id.String())
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			w.t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "ready" {
		}
		if killed < kills {
			for steps := rand.IntN(4); steps > 0 && lines.Scan(); steps-- {
			}
			time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
		for lines.Scan() {
		}
		if ended := cmd.Wait(); ended != nil {
			status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != syscall.SIGKILL {
				w.t.Fatalf("the child failed by itself: %v", ended)
			}
			killed++
			between += min(w.count("SELECT COUNT(*) FROM import_pending"), 1)
		}
	}
	w.t.Fatalf("the import is not %s in time", until)
	return killed, between
}

func (w *mailroom) count(query string) (n int) {
	w.t.Helper()
	if err := w.db.Get(w.t.Context(), &n, query); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// importKills is how many servers are killed half way, on each database.
const importKills = 50

// Servers are killed at random moments while they read, write and take back an import: each row is written once, and
// taken back once. On a fast machine it takes several imports until enough of them were killed.
func TestImportersAreKilledHalfWay(t *testing.T) {
	test := func(t *testing.T, maria bool) {
		w := newMailroomAt(t, 1, maria, time.Now())
		community, err := w.stores[0].CreateCommunity(t.Context(), core.System, core.Community{
			Name: "翠湖花园", Levels: core.DefaultLevels(),
		})
		if err != nil {
			t.Fatal(err)
		}
		killed, between, rounds := 0, 0, 0
		// On SQLite residents and names are written in one transaction.
		for (killed < importKills || maria && between == 0) && !t.Failed() {
			if rounds++; rounds > 8 {
				t.Fatalf("only %d servers were killed half way, %d between residents and what follows", killed, between)
			}
			k, b := w.importIsKilled(community, rounds)
			killed, between = killed+k, between+b
		}
		if verdict, err := w.stores[0].VerifyAudit(t.Context(), store.AuditAnchor{}); err != nil || !verdict.Good() {
			t.Errorf("the log: %+v, %v", verdict, err)
		}
		t.Logf("%d servers were killed during %d imports, %d between residents and what follows", killed, rounds, between)
	}
	t.Run("SQLite", func(t *testing.T) { test(t, false) })
	t.Run("MariaDB", func(t *testing.T) { test(t, true) })
}

// importIsKilled imports a list and takes it back by servers that are killed; it is the nth list. It returns how many were,
// as importWorks does.
func (w *mailroom) importIsKilled(community core.ID, nth int) (killed, between int) {
	w.t.Helper()
	ctx, s := w.t.Context(), w.stores[0]
	const rows = 12*core.ImportPart + 3
	var list bytes.Buffer
	fmt.Fprintln(&list, "姓名,身份,手机,栋,单元,房间")
	for i := range rows {
		fmt.Fprintf(&list, "住户%d,业主,139%08d,%d,1,%d\n", i, i, i/100+1, i%100+101)
	}
	imp, err := s.CreateImport(ctx, core.System, core.Everywhere, store.NewImport{
		Community: community, Kind: core.ImportResidents, File: "住户.csv", Content: list.Bytes(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	works := func(until core.ImportState, kills int) {
		w.t.Helper()
		k, b := w.importWorks(imp.ID, until, kills)
		killed, between = killed+k, between+b
	}
	works(core.ImportPreview, 8)
	if imp, err = s.Import(ctx, core.Everywhere, imp.ID); err != nil || imp.Counts.Of(core.ImportNew) != rows {
		w.t.Fatalf("read %v, %v", imp.Counts, err)
	}
	choices := core.DefaultImportChoices()
	if err := s.WriteImport(ctx, core.System, core.Everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		w.t.Fatal(err)
	}
	works(core.ImportDone, 27)
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM resident": rows, "SELECT COUNT(DISTINCT phone_mac) FROM resident": rows,
		"SELECT COUNT(*) FROM house": rows, "SELECT COUNT(*) FROM batch_item": 2 * rows * nth,
		"SELECT SUM(size) FROM batch": 2 * rows * nth, "SELECT COUNT(DISTINCT subject_id) FROM name_gram": rows,
		"SELECT COUNT(*) FROM import_pending": 0,
	} {
		if n := w.count(query); n != want {
			w.t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	if err := s.UndoImport(ctx, core.System, core.Everywhere, imp.ID); err != nil {
		w.t.Fatal(err)
	}
	works(core.ImportUndone, 15)
	for _, table := range []string{"resident", "house", "building_node", "name_gram", "pass"} {
		if n := w.count("SELECT COUNT(*) FROM " + table); n != 0 {
			w.t.Errorf("%d rows of %s are left", n, table)
		}
	}
	return killed, between
}
