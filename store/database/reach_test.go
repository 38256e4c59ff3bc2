package database

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"tongxing/testkit"
)

// Whatever the address says of character sets, every character is kept and found.
func TestTheConnectionKeepsEveryCharacter(t *testing.T) {
	o := mariaOptions(t)
	for _, tail := range []string{
		"", "?charset=utf8&parseTime=True&loc=Local", "?charset=latin1", "?collation=utf8mb4_general_ci",
		"?character_set_client=latin1&collation_connection=utf8mb3_general_ci",
	} {
		t.Run(tail, func(t *testing.T) {
			o := o
			o.MySQLDSN += tail
			db := openDB(t, o)
			const sets = "@@character_set_client, @@character_set_connection, @@character_set_results, @@collation_connection"
			if got := oneText(t, db, "SELECT CONCAT_WS(' ', "+sets+")"); got != "utf8mb4 utf8mb4 utf8mb4 utf8mb4_bin" {
				t.Errorf("the connection has %s", got)
			}
			err := db.Write(t.Context(), "test", func(tx *Tx) error {
				if _, err := tx.Exec("DELETE FROM setting WHERE name LIKE 'name%'"); err != nil {
					return err
				}
				_, err := tx.Exec(`
					INSERT INTO setting (name, value, updated_at)
					VALUES ('name1', '𠮷田', 0), ('name2', '𡈽田', 0), ('name3', '王秀兰', 0)`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for text, want := range map[string]string{"𠮷": "name1", "𡈽田": "name2", "王秀兰": "name3"} {
				var got []string
				err := db.All(t.Context(), &got, "SELECT name FROM setting WHERE value LIKE CONCAT('%', ?, '%')", text)
				if err != nil || strings.Join(got, " ") != want {
					t.Errorf("%s is found in %v, %v", text, got, err)
				}
			}
		})
	}
}

func oneText(t *testing.T, db *DB, query string) string {
	t.Helper()
	var text string
	if err := db.Get(t.Context(), &text, query); err != nil {
		t.Fatal(err)
	}
	return text
}

var statements = regexp.MustCompile(`(?m)^  (ALTER .*);$`)

// A database that cannot keep every character is refused with what to type, and
// typing it helps.
func TestDatabasesThatFoldAreRefused(t *testing.T) {
	for _, made := range []string{
		"utf8mb4 COLLATE utf8mb4_general_ci", "utf8mb4 COLLATE utf8mb4_unicode_ci",
		"latin1 COLLATE latin1_swedish_ci", "utf8mb3 COLLATE utf8mb3_bin",
	} {
		t.Run(made, func(t *testing.T) {
			o := mariaOptions(t)
			admin := adminOf(t, o)
			mustExec(t, admin, "ALTER DATABASE CHARACTER SET "+made)
			typed := refusedCharset(t, o)
			if len(typed) != 1 || !strings.HasPrefix(typed[0], "ALTER DATABASE") {
				t.Errorf("told to type %q", typed)
			}
			for _, statement := range typed {
				mustExec(t, admin, statement)
			}
			openDB(t, o)
		})
	}
}

// So is one with such tables, as of one that was altered when it was too late.
func TestTablesThatFoldAreRefused(t *testing.T) {
	o := mariaOptions(t)
	admin := adminOf(t, o)
	if err := openDB(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, admin, "ALTER TABLE setting CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
	mustExec(t, admin, "ALTER TABLE house CONVERT TO CHARACTER SET utf8mb3")
	typed := refusedCharset(t, o)
	if len(typed) != 2 || !strings.Contains(typed[0], "`house` CONVERT TO") || !strings.Contains(typed[1], "`setting` CONVERT TO") {
		t.Errorf("told to type %q", typed)
	}
	for _, statement := range typed {
		mustExec(t, admin, statement)
	}
	openDB(t, o)
}

func adminOf(t *testing.T, o Options) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", o.MySQLDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// refusedCharset opens, which must fail, and returns the statements that it names.
func refusedCharset(t *testing.T, o Options) (typed []string) {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err == nil {
		db.Close()
		t.Fatal("opened")
	}
	for _, m := range statements.FindAllStringSubmatch(err.Error(), -1) {
		typed = append(typed, m[1])
	}
	return typed
}

// saying is a log that tells when something is said.
func saying() (*slog.Logger, <-chan string) {
	said := make(chan string, 100)
	return slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		said <- string(p)
		return len(p), nil
	}), nil)), said
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A start that comes before the database waits for it and says so once.
func TestAStartWaitsForTheDatabase(t *testing.T) {
	server := testkit.OwnMariaDB(t)
	dsn, err := server.Create(t.Context(), "late")
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	o := testOptions()
	o.MySQLDSN, o.Wait = dsn, time.Minute
	var said <-chan string
	o.Log, said = saying()
	opened := make(chan error, 1)
	go func() {
		db, err := Open(context.Background(), o)
		if err == nil {
			err = db.Close()
		}
		opened <- err
	}()
	if line := <-said; !strings.Contains(line, "waiting for it") {
		t.Errorf("said %s", line)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if line := <-said; !strings.Contains(line, "the database answers") {
		t.Errorf("said %s", line)
	}
	if len(said) > 0 {
		t.Errorf("said more: %s", <-said)
	}
	o.MySQLDSN = strings.Replace(dsn, server.Password, "wrong", 1)
	began := time.Now()
	var refused *mysql.MySQLError
	if _, err := Open(t.Context(), o); !errors.As(err, &refused) || time.Since(began) > 20*time.Second {
		t.Errorf("a wrong password after %v: %v", time.Since(began), err)
	}
}

// Waiting ends at once when the program is told to stop, and after its time.
func TestWaitingForTheDatabaseEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	o := testOptions()
	o.MySQLDSN, o.Wait = "u:p@tcp("+address+")/d", time.Hour
	var said <-chan string
	o.Log, said = saying()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := Open(ctx, o); ended <- err }()
	<-said
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	o.Wait = 0
	if _, err := Open(t.Context(), o); err == nil || len(said) > 0 {
		t.Errorf("without a wait: %v, said %d", err, len(said))
	}
}

func TestHasTables(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		if used, err := HasTables(t.Context(), o); used || err != nil {
			t.Errorf("an empty one is used: %v %v", used, err)
		}
		openDB(t, o)
		if used, err := HasTables(t.Context(), o); !used || err != nil {
			t.Errorf("one with a schema is used: %v %v", used, err)
		}
	})
}
