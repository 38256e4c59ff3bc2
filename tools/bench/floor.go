package main

import (
	"bufio"
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

// The floor is a minimal handler: one Redis script that takes the token, one SQL transaction that
// reads and writes the same rows as the product's (the facts by one query; the exit in the tallies
// of person and house by one statement; the record), and a reply. It decides nothing and refuses
// nobody.
//
// The lower floor also omits the facts: it already knows whose token it is.

// floorScript takes a token once.
var floorScript = redis.NewScript(`
local v = redis.call('GET', KEYS[1])
if not v then return '' end
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', '600000') then return '' end
redis.call('DEL', KEYS[1])
return v
`)

type floor struct {
	db      *sql.DB
	facts   *sql.Stmt // nil on MariaDB, as are the next two
	count   *sql.Stmt
	record  *sql.Stmt
	invites []*sql.Stmt // in the order of floorInvite; nil on MariaDB
	redis   redis.UniversalClient
	serial  atomic.Int64
}

// serveFloor runs the floor on a free port until the process ends, and prints its address.
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
	mux.HandleFunc("POST /scan", f.scan(true))
	mux.HandleFunc("POST /lower", f.scan(false))
	mux.HandleFunc("POST /tokens", f.tokens)
	mux.HandleFunc("POST /invite", f.invite(true))
	mux.HandleFunc("POST /invite-lower", f.invite(false))
	fmt.Println(listener.Addr())
	_ = os.Stdout.Sync()
	return http.Serve(listener, mux)
}

// openFloorDB opens a database in the way that the measurements in docs/performance.md found best:
// complete statements to MariaDB; one connection to SQLite, every commit on disk.
func openFloorDB(sqlitePath, dsn string) (*sql.DB, error) {
	if dsn != "" {
		db, err := sql.Open("mysql", dsn+"?interpolateParams=true&clientFoundRows=true&tx_isolation=%27READ-COMMITTED%27")
		if err == nil {
			db.SetMaxOpenConns(32)
			db.SetMaxIdleConns(32)
		}
		return db, err
	}
	db, err := sql.Open(
		"sqlite",
		"file:"+sqlitePath+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate",
	)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

const (
	floorFacts = `SELECT r.community_id, r.name, r.direction, r.scope_nodes, r.kinds, r.thermometer, r.qr_allowed, r.disabled_at,
			p.community_id, p.kind, p.disabled_at, t.id, t.person_id, t.name, t.lease_day, t.idno_cipher <> '',
			t.certified_at, t.moved_out_at,
			h.id, h.label, h.path, c.counting, c.period_days, c.exits, c.hours, c.record_id, c.record_temp, c.fever_tenths, c.reader_qr,
			x.exits, x.last_day, tp.days, tp.version, th.days, th.version
		FROM pass p
		LEFT JOIN reader r ON r.id = ?
		LEFT JOIN resident t ON p.kind = 'resident' AND t.id = p.holder_id
		LEFT JOIN house h ON h.id = t.house_id
		LEFT JOIN pass_rule c ON c.community_id = p.community_id
		LEFT JOIN house_restriction x ON x.house_id = t.house_id
		LEFT JOIN exit_tally tp ON tp.community_id = p.community_id AND tp.subject_id = t.person_id
		LEFT JOIN exit_tally th ON th.community_id = p.community_id AND th.subject_id = t.house_id
		WHERE p.id = ?`
	floorFactsWidth = 35
	floorCount      = "UPDATE exit_tally SET days = ?, version = version + 1 WHERE community_id = ? AND subject_id IN (?, ?)"
	floorRecord     = `INSERT INTO access_record (id, community_id, at, via, reader_id, post_id, guard_id, gate,
		released_by, direction, kind, pass_id,
		person_id, resident_id, house_id, name, house, temp_tenths, allowed, counted, reason, note, token_digest,
		repeats, people, means, release_key)
		VALUES (?, ?, ?, 'reader', ?, 0, 0, '南门出口', '南门出口', 'out', 'resident',
			?, ?, ?, ?, '住户', '1栋1单元101', 0, 1, 1, 'allowed', '', ?, 0, 0, '', ?)`
)

// prepare has SQLite parse its statements once. MariaDB gets complete statements: prepared ones
// would cost one more round trip.
func (f *floor) prepare(sqlite bool) (err error) {
	if !sqlite {
		return nil
	}
	if f.facts, err = f.db.Prepare(floorFacts); err != nil {
		return err
	}
	if f.count, err = f.db.Prepare(floorCount); err != nil {
		return err
	}
	if f.record, err = f.db.Prepare(floorRecord); err != nil {
		return err
	}
	return f.prepareInvite()
}

func (f *floor) exec(ctx context.Context, tx *sql.Tx, prepared *sql.Stmt, query string, args ...any) (sql.Result, error) {
	if prepared != nil {
		return tx.StmtContext(ctx, prepared).ExecContext(ctx, args...)
	}
	return tx.ExecContext(ctx, query, args...)
}

// tokens adds tokens to the floor's cache, one per line: a name, and whose it is.
func (f *floor) tokens(w http.ResponseWriter, r *http.Request) {
	pipe := f.redis.Pipeline()
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		name, whose, _ := strings.Cut(lines.Text(), " ")
		pipe.Set(r.Context(), "floor:{"+name+"}:t", whose, 10*time.Minute)
	}
	if _, err := pipe.Exec(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// whose is what a token of the floor refers to.
type whose struct{ community, reader, pass, person, resident, house int64 }

func (o whose) String() string {
	return fmt.Sprint(o.community, o.reader, o.pass, o.person, o.resident, o.house)
}

func (f *floor) scan(reads bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
		if err == nil {
			err = f.pass(r.Context(), string(body), reads)
		}
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		if err != nil {
			io.WriteString(w, "code=1000")
			return
		}
		io.WriteString(w, "code=0000")
	}
}

func (f *floor) pass(ctx context.Context, name string, reads bool) error {
	text, err := floorScript.Run(ctx, f.redis, []string{"floor:{" + name + "}:t", "floor:{" + name + "}:u"}).Text()
	if err != nil {
		return err
	}
	var o whose
	if _, err := fmt.Sscan(text, &o.community, &o.reader, &o.pass, &o.person, &o.resident, &o.house); err != nil {
		return err
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if reads {
		if err := f.read(ctx, tx, o); err != nil {
			return err
		}
	}
	changed, err := f.exec(ctx, tx, f.count, floorCount, "20779:1", o.community, o.person, o.house)
	if err != nil {
		return err
	}
	if n, err := changed.RowsAffected(); err != nil || n != 2 {
		return fmt.Errorf("%d tallies: %w", n, err)
	}
	sum := sha256.Sum256([]byte(name))
	digest := hex.EncodeToString(sum[:])
	if _, err := f.exec(ctx, tx, f.record, floorRecord, f.serial.Add(1), o.community, time.Now().UnixMilli(), o.reader,
		o.pass, o.person, o.resident, o.house, digest, digest); err != nil {
		return err
	}
	return tx.Commit()
}

// read reads the facts and ignores them.
func (f *floor) read(ctx context.Context, tx *sql.Tx, o whose) error {
	var row *sql.Row
	if f.facts != nil {
		row = tx.StmtContext(ctx, f.facts).QueryRowContext(ctx, o.reader, o.pass)
	} else {
		row = tx.QueryRowContext(ctx, floorFacts, o.reader, o.pass)
	}
	var fields [floorFactsWidth]sql.NullString
	into := make([]any, len(fields))
	for i := range fields {
		into[i] = &fields[i]
	}
	return row.Scan(into...)
}
