package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"tongxing/store/database"
	"tongxing/testkit"
)

func TestCheckWriteLeavesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		for range 3 {
			if err := s.CheckWrite(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := settingsOf(t, s, "probe.%"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

func settingsOf(t *testing.T, s *Store, name string) (n int) {
	t.Helper()
	if err := s.db.Get(t.Context(), &n, "SELECT COUNT(*) FROM setting WHERE name LIKE ?", name); err != nil {
		t.Fatal(err)
	}
	return n
}

// On a full disk the check fails as soon as other writes do, and not before; it works
// again when there is room.
func TestCheckWriteOnAFullDisk(t *testing.T) {
	o := testOptions()
	o.SQLitePath = filepath.Join(emptySQLite.Copy(t, makeEmpty), sqliteFile)
	s := openStore(t, o)
	limit := func(pages string) {
		t.Helper()
		err := s.db.Write(t.Context(), "limit", func(tx *database.Tx) error {
			_, err := tx.Exec("PRAGMA max_page_count = " + pages)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var pages int
	if err := s.db.Get(t.Context(), &pages, "PRAGMA page_count"); err != nil {
		t.Fatal(err)
	}
	limit(fmt.Sprint(pages + 50))
	if err := s.CheckWrite(t.Context()); err != nil {
		t.Fatalf("there is room: %v", err)
	}
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		full = s.SetSetting(t.Context(), fmt.Sprint("filler", i), writeProbe)
	}
	if full == nil || !database.IsGone(full) {
		t.Fatalf("the disk is not full: %v", full)
	}
	if err := s.CheckWrite(t.Context()); err == nil {
		t.Error("nothing can be written, and the check says it can")
	}
	limit("1000000")
	if err := s.CheckWrite(t.Context()); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// A server that was made to read alone, as a replica is, answers and keeps nothing.
func TestCheckWriteOnAReadOnlyServer(t *testing.T) {
	server := testkit.OwnMariaDB(t)
	dsn, err := server.Create(t.Context(), "tongxing")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sqlx.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, statement := range []string{"CREATE USER 'plain'@'%' IDENTIFIED BY 'plain'", "GRANT ALL ON tongxing.* TO 'plain'@'%'"} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	o := testOptions()
	o.MySQLDSN = "plain:plain@tcp(" + server.Addr + ")/tongxing"
	s := openStore(t, o)
	for _, readOnly := range []int{0, 1, 0} {
		if _, err := admin.ExecContext(t.Context(), fmt.Sprint("SET GLOBAL read_only = ", readOnly)); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("read_only=%d: no sign of life: %v", readOnly, err)
		}
		if err := s.CheckWrite(t.Context()); (err != nil) != (readOnly == 1) {
			t.Errorf("read_only=%d: %v", readOnly, err)
		}
	}
}
