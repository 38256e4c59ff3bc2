package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"tongxing/cache"
)

// The floor is a bare handler that does the least a scan can be: one Redis script
// that takes the token, one SQL transaction that writes what the product writes
// (the exit in the tallies of person and house, in one statement, and the record),
// and an answer. It reads no facts and no rules, and counts nothing for anybody.

// floorScript takes a token once.
var floorScript = redis.NewScript(`
local v = redis.call('GET', KEYS[1])
if not v then return '' end
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', '600000') then return '' end
redis.call('DEL', KEYS[1])
return v
`)

type floor struct {
	db     *sql.DB
	count  *sql.Stmt // nil on MariaDB, as is record
	record *sql.Stmt
	redis  redis.UniversalClient
	serial atomic.Int64
}

// serveFloor runs the floor on a port of its own until the process ends, and
// prints its address.
func serveFloor(sqlitePath, dsn, redisURL string) error {
	f := &floor{}
	f.serial.Store(time.Now().UnixMicro())
	var err error
	if f.db, err = openFloorDB(sqlitePath, dsn); err != nil {
		return err
	}
	if err := f.prepare(sqlitePath != ""); err != nil {
		return err
	}
	c, err := cache.Open(cache.Options{URL: redisURL})
	if err != nil {
		return err
	}
	f.redis = c
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /scan", f.scan)
	mux.HandleFunc("POST /tokens", f.tokens)
	fmt.Println(listener.Addr())
	_ = os.Stdout.Sync()
	return http.Serve(listener, mux)
}

// openFloorDB opens a database as the measurements in docs/performance.md found
// best: statements sent whole to MariaDB; to SQLite one connection, every commit
// on the disk.
func openFloorDB(sqlitePath, dsn string) (*sql.DB, error) {
	if dsn != "" {
		db, err := sql.Open("mysql", dsn+"?interpolateParams=true&clientFoundRows=true&tx_isolation=%27READ-COMMITTED%27")
		if err == nil {
			db.SetMaxOpenConns(32)
			db.SetMaxIdleConns(32)
		}
		return db, err
	}
	db, err := sql.Open("sqlite", "file:"+sqlitePath+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

const (
	floorCount  = "UPDATE exit_tally SET days = ?, version = version + 1 WHERE community_id = 1 AND subject_id IN (?, ?)"
	floorRecord = `INSERT INTO access_record (id, community_id, at, via, reader_id, post_id, guard_id, gate, released_by, direction, kind, pass_id,
		person_id, resident_id, house_id, name, house, temp_tenths, allowed, counted, reason, note, token_digest, release_key)
		VALUES (?, 1, ?, 'reader', 7, 0, 0, '南门出口', '南门出口', 'out', 'resident', ?, ?, ?, ?, '住户', '1栋1单元101', 0, 1, 1, 'allowed', '', ?, ?)`
)

// prepare has SQLite read its statements once. MariaDB gets them whole: a prepared
// one would cost a round trip more.
func (f *floor) prepare(sqlite bool) (err error) {
	if !sqlite {
		return nil
	}
	if f.count, err = f.db.Prepare(floorCount); err != nil {
		return err
	}
	f.record, err = f.db.Prepare(floorRecord)
	return err
}

// houseOf puts four people into a house, as the product's world has them.
func houseOf(person int64) int64 { return people + 1 + person%(people/4) }

func (f *floor) exec(ctx context.Context, tx *sql.Tx, prepared *sql.Stmt, query string, args ...any) (sql.Result, error) {
	if prepared != nil {
		return tx.StmtContext(ctx, prepared).ExecContext(ctx, args...)
	}
	return tx.ExecContext(ctx, query, args...)
}

// tokens puts tokens into the floor's cache: the names of the body's lines.
func (f *floor) tokens(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	pipe := f.redis.Pipeline()
	for i, name := range strings.Fields(string(body)) {
		pipe.Set(r.Context(), "floor:{"+name+"}:t", i%people+1, 10*time.Minute)
	}
	if _, err := pipe.Exec(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (f *floor) scan(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
	if err == nil {
		err = f.pass(r.Context(), string(body))
	}
	w.Header().Set("Content-Type", "text/plain;charset=utf-8")
	if err != nil {
		io.WriteString(w, "code=1000")
		return
	}
	io.WriteString(w, "code=0000")
}

func (f *floor) pass(ctx context.Context, name string) error {
	person, err := floorScript.Run(ctx, f.redis, []string{"floor:{" + name + "}:t", "floor:{" + name + "}:u"}).Int64()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(name))
	digest := hex.EncodeToString(sum[:])
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	changed, err := f.exec(ctx, tx, f.count, floorCount, "20779:1", person, houseOf(person))
	if err != nil {
		return err
	}
	if n, err := changed.RowsAffected(); err != nil || n != 2 {
		return fmt.Errorf("%d tallies: %w", n, err)
	}
	if _, err := f.exec(ctx, tx, f.record, floorRecord, f.serial.Add(1), time.Now().UnixMilli(), person, person, person, person, digest, digest); err != nil {
		return err
	}
	return tx.Commit()
}
