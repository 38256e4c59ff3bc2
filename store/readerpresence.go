package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const (
	touchEvery      = 20 * time.Second // at most one call of a reader is recorded in it
	quarantineEvery = 20 * time.Second // and one of an unknown device
	presencePause   = time.Second      // between two writes
	presenceTime    = 5 * time.Second  // of one write
	maxStrangers    = 200              // unknown devices kept in memory, and written at once
	maxQuarantine   = 2000             // rows: a caller that keeps changing its name cannot fill the disk
)

// ReaderPresence collects when readers, and unknown devices, last called, and writes that outside
// the scan's path, many in one transaction. What it holds may be lost with the process.
type ReaderPresence struct {
	s         *Store
	mu        sync.Mutex
	touched   map[core.ID]time.Time // when last handed to the writer
	touches   map[core.ID]readerTouch
	met       map[stranger]time.Time
	strangers map[stranger]*strangerCalls
	ended     bool
	wake      chan struct{}
	stop      chan struct{}
	done      chan struct{}
}

type readerTouch struct {
	at   time.Time
	skew *time.Duration // nil = the call did not include the device's clock
}

type stranger struct{ protocol, serial, digest string }

type strangerCalls struct {
	addr  string
	calls int64
	at    time.Time
}

// NewReaderPresence starts the writer. Close it before the store.
func NewReaderPresence(s *Store) *ReaderPresence {
	p := &ReaderPresence{
		s: s, touched: map[core.ID]time.Time{}, touches: map[core.ID]readerTouch{},
		met: map[stranger]time.Time{}, strangers: map[stranger]*strangerCalls{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.loop()
	return p
}

// Touch records that a known reader called now, and how far its clock is ahead, if it sent it. It
// never blocks.
func (p *ReaderPresence) Touch(reader core.ID, skew *time.Duration) {
	now := p.s.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if last, ok := p.touched[reader]; p.ended || ok && now.Sub(last) < touchEvery && !now.Before(last) {
		return
	}
	p.touched[reader] = now
	p.touches[reader] = readerTouch{at: now, skew: skew}
	p.signal()
}

// Quarantine records a call by an unknown device: with an unknown secret, or with another serial
// than that of the secret's reader. It never blocks and never creates a reader. If too many are new
// at once, the rest is dropped.
func (p *ReaderPresence) Quarantine(protocol, serial, secret, addr string) {
	if !core.IsReaderSerial(serial) {
		serial = "?" // not a serial: it may be somebody's QR code
	}
	key := stranger{protocol, serial, readerSecretDigest(secret)}
	now := p.s.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	calls, ok := p.strangers[key]
	if !ok {
		if len(p.strangers) >= maxStrangers {
			return
		}
		calls = &strangerCalls{}
		p.strangers[key] = calls
	}
	calls.calls++
	calls.at, calls.addr = now, cut(addr, 64)
	if last, ok := p.met[key]; !ok || now.Sub(last) >= quarantineEvery {
		p.signal()
	}
}

func (p *ReaderPresence) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close writes what is pending and ends the writer.
func (p *ReaderPresence) Close() {
	p.mu.Lock()
	ended := p.ended
	p.ended = true
	p.mu.Unlock()
	if !ended {
		close(p.stop)
	}
	<-p.done
}

func (p *ReaderPresence) loop() {
	defer close(p.done)
	for {
		select {
		case <-p.stop:
			p.flush(true)
			return
		case <-p.wake:
		}
		p.flush(false)
		pause := time.NewTimer(presencePause)
		select {
		case <-pause.C:
		case <-p.stop:
			pause.Stop()
		}
	}
}

// flush writes what is pending; of unknown devices, only those not written lately, unless it is the
// last time.
func (p *ReaderPresence) flush(last bool) {
	touches, strangers := p.take(last)
	ctx, cancel := context.WithTimeout(context.Background(), presenceTime)
	defer cancel()
	if err := p.s.touchReaders(ctx, touches); err != nil {
		p.s.db.Log().Warn("write the readers' signs of life", "err", err)
		p.mu.Lock()
		for reader := range touches {
			delete(p.touched, reader) // the next call tries again
		}
		p.mu.Unlock()
	}
	if err := p.s.quarantine(ctx, strangers); err != nil {
		p.s.db.Log().Warn("write unknown readers", "err", err)
	}
}

func (p *ReaderPresence) take(last bool) (map[core.ID]readerTouch, map[stranger]strangerCalls) {
	now := p.s.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	touches := p.touches
	p.touches = map[core.ID]readerTouch{}
	for key, at := range p.met {
		if now.Sub(at) >= quarantineEvery {
			delete(p.met, key)
		}
	}
	strangers := map[stranger]strangerCalls{}
	for key, calls := range p.strangers {
		if _, lately := p.met[key]; lately && !last {
			continue
		}
		strangers[key] = *calls
		p.met[key] = now
		delete(p.strangers, key)
	}
	return touches, strangers
}

// touchReaders writes when readers last called. That is not an edit: updated_at stays the same, and
// nothing is audited.
func (s *Store) touchReaders(ctx context.Context, touches map[core.ID]readerTouch) error {
	if len(touches) == 0 {
		return nil
	}
	ids := make([]core.ID, 0, len(touches))
	for id := range touches {
		ids = append(ids, id)
	}
	slices.Sort(ids) // in the same order on every server
	return s.db.Write(ctx, "touch readers", func(tx *database.Tx) error {
		for _, id := range ids {
			t := touches[id]
			set, args := "last_seen_at = ?", []any{t.at.UnixMilli()}
			if t.skew != nil {
				set += ", skew_ms = ?, skewed_at = CASE WHEN ? THEN COALESCE(skewed_at, ?) ELSE NULL END"
				args = append(args, t.skew.Milliseconds(), t.skew.Abs() > core.SkewWarning, t.at.UnixMilli())
			}
			if _, err := tx.Exec("UPDATE reader SET "+set+" WHERE id = ? AND (last_seen_at IS NULL OR last_seen_at < ?)",
				append(args, int64(id), t.at.UnixMilli())...); err != nil {
				return err
			}
		}
		return nil
	})
}

// quarantine adds the calls of unknown devices to their rows.
func (s *Store) quarantine(ctx context.Context, strangers map[stranger]strangerCalls) error {
	if len(strangers) == 0 {
		return nil
	}
	keys := make([]stranger, 0, len(strangers))
	for key := range strangers {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b stranger) int {
		return strings.Compare(a.protocol+" "+a.serial+" "+a.digest, b.protocol+" "+b.serial+" "+b.digest)
	})
	return s.db.Write(ctx, "quarantine readers", func(tx *database.Tx) error {
		if err := makeQuarantineRoom(tx, len(keys)); err != nil {
			return err
		}
		for _, key := range keys {
			if err := quarantineOne(tx, key, strangers[key]); err != nil {
				return err
			}
		}
		return nil
	})
}

// makeQuarantineRoom deletes the devices that have not called for the longest time if n more might
// be too many.
func makeQuarantineRoom(tx *database.Tx, n int) error {
	var rows int
	if err := tx.Get(&rows, "SELECT COUNT(*) FROM reader_quarantine"); err != nil {
		return err
	}
	over := rows + n - maxQuarantine
	if over <= 0 {
		return nil
	}
	var ids []core.ID
	if err := tx.All(&ids, "SELECT id FROM reader_quarantine ORDER BY last_at, id LIMIT ?", over); err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec("DELETE FROM reader_quarantine WHERE id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	return err
}

func quarantineOne(tx *database.Tx, key stranger, c strangerCalls) error {
	n, err := tx.Exec(
		"UPDATE reader_quarantine SET calls = calls + ?, addr = ?, last_at = ? WHERE protocol = ? AND serial = ? AND secret_digest = ?",
		c.calls, c.addr, c.at.UnixMilli(), key.protocol, key.serial, key.digest,
	)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(
		"INSERT INTO reader_quarantine (id, protocol, serial, secret_digest, addr, calls, first_at, last_at) VALUES ("+
			database.Placeholders(8)+")",
		int64(tx.NewID()), key.protocol, key.serial, key.digest, c.addr, c.calls, c.at.UnixMilli(),
		c.at.UnixMilli(),
	)
	if database.IsDuplicate(err) {
		return database.ErrRace // another server added it at the same moment
	}
	return err
}

type quarantineRow struct {
	ID       core.ID         `db:"id"`
	Protocol string          `db:"protocol"`
	Serial   string          `db:"serial"`
	Reader   core.ID         `db:"reader_id"`
	Name     string          `db:"name"`
	Addr     string          `db:"addr"`
	Calls    int64           `db:"calls"`
	First    database.Millis `db:"first_at"`
	Last     database.Millis `db:"last_at"`
}

// quarantineListed is the maximum number of devices that QuarantinedReaders returns.
const quarantineListed = 100

// CountQuarantined returns the number of devices that QuarantinedReaders lists.
func (s *Store) CountQuarantined(ctx context.Context, scope core.Scope) (n int, err error) {
	where, args := database.ScopeWhere(scope, "r.community_id")
	err = s.db.Get(ctx, &n, `SELECT COUNT(*)
		FROM reader_quarantine q
		LEFT JOIN reader r ON r.secret_digest = q.secret_digest
		WHERE `+where, args...)
	return min(n, quarantineListed), database.Wrap("count quarantined readers", err)
}

// QuarantinedReaders returns the unknown devices that called the addresses of readers in the scope,
// newest first, at most 100. Those that called an unknown address belong to no community: they are
// only in the whole scope.
func (s *Store) QuarantinedReaders(ctx context.Context, scope core.Scope) ([]core.QuarantinedReader, error) {
	where, args := database.ScopeWhere(scope, "r.community_id")
	var rows []quarantineRow
	err := s.db.All(
		ctx, &rows,
		`SELECT q.id, q.protocol, q.serial, COALESCE(r.id, 0) AS reader_id, COALESCE(r.name, '') AS name, q.addr,
			q.calls, q.first_at, q.last_at
		FROM reader_quarantine q LEFT JOIN reader r ON r.secret_digest = q.secret_digest WHERE `+where+
			` ORDER BY q.last_at DESC, q.id DESC LIMIT ?`,
		append(args, quarantineListed)...,
	)
	if err != nil {
		return nil, database.Wrap("quarantined readers", err)
	}
	readers := make([]core.QuarantinedReader, len(rows))
	for i, r := range rows {
		readers[i] = core.QuarantinedReader{
			ID: r.ID, Protocol: r.Protocol, Serial: r.Serial, Reader: r.Reader, Name: r.Name,
			Addr: r.Addr, Calls: r.Calls, First: r.First.Time, Last: r.Last.Time,
		}
	}
	return readers, nil
}
