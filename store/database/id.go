package database

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/secret"
)

// An id is 41 bits of milliseconds since idEpoch, 10 bits of node, 12 bits of
// serial: sortable by time, unique across servers, good until 2094.
const (
	nodeBits   = 10
	serialBits = 12
	nodeCount  = 1 << nodeBits
	idShift    = nodeBits + serialBits
)

var idEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// idMaker generates ids for one node. A clock that goes back is ignored: the maker stays at the
// latest time it has seen, and borrows from the next millisecond when serials run out.
type idMaker struct {
	mu   sync.Mutex
	node int64
	last int64 // milliseconds and serial in one: ms<<serialBits | serial
	past int64 // serials given to past moments
}

func (m *idMaker) make(now time.Time) core.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := max(now.UnixMilli()-idEpoch, 0) << serialBits
	m.last = max(next, m.last+1)
	return m.join(m.last)
}

// makeAt makes an id that sorts at a past moment, for imported and generated
// history. Serials go round, so that ids of one moment differ up to 4,096 of them.
func (m *idMaker) makeAt(at time.Time) core.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.past++
	return m.join((at.UnixMilli()-idEpoch)<<serialBits | m.past&(1<<serialBits-1))
}

func (m *idMaker) setNode(node int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.node = node
}

func (m *idMaker) nodeNumber() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.node
}

func (m *idMaker) join(stamp int64) core.ID {
	ms, serial := stamp>>serialBits, stamp&(1<<serialBits-1)
	return core.ID(ms<<idShift | m.node<<serialBits | serial)
}

// FirstID returns the lowest id of a moment, so that a time range is an id range.
func FirstID(at time.Time) core.ID {
	return core.ID(max(at.UnixMilli()-idEpoch, 0) << idShift)
}

const (
	leaseTime  = 60 * time.Second
	leaseRenew = 15 * time.Second
)

// nodeLease holds this process's node number in the database. The number keeps two servers' ids
// apart, so it is kept in the store that must not be lost rather than in the cache.
type nodeLease struct {
	db     *DB
	node   int64
	holder string
	stop   chan struct{}
	done   chan struct{}
}

// leaseNode takes the first number that is free or whose lease has expired, and keeps it until
// Close.
func (db *DB) leaseNode(ctx context.Context) error {
	db.ids = &idMaker{}
	l := &nodeLease{db: db, holder: secret.Hex(16), stop: make(chan struct{}), done: make(chan struct{})}
	if err := l.acquire(ctx); err != nil {
		return err
	}
	db.lease = l
	go l.keep()
	return nil
}

func (l *nodeLease) acquire(ctx context.Context) error {
	err := l.db.Write(ctx, "lease a node number", func(tx *Tx) error {
		var known, busy []int64
		if err := tx.All(&known, "SELECT node FROM node_lease"); err != nil {
			return err
		}
		if err := tx.All(&busy, "SELECT node FROM node_lease WHERE expires_at > ?", tx.NowMS()); err != nil {
			return err
		}
		for node := range int64(nodeCount) {
			if !slices.Contains(busy, node) {
				l.node = node
				return l.take(tx, slices.Contains(known, node))
			}
		}
		return errors.New("all 1,024 node numbers are leased")
	})
	if err == nil {
		l.db.ids.setNode(l.node)
	}
	return err
}

// take makes the number ours, unless another server was faster.
func (l *nodeLease) take(tx *Tx, known bool) error {
	until := tx.now.Add(leaseTime).UnixMilli()
	if known {
		return tx.ExecOne(ErrRace, "UPDATE node_lease SET holder = ?, expires_at = ? WHERE node = ? AND expires_at <= ?",
			l.holder, until, l.node, tx.NowMS())
	}
	_, err := tx.Exec("INSERT INTO node_lease (node, holder, expires_at) VALUES (?, ?, ?)", l.node, l.holder, until)
	if IsDuplicate(err) {
		return ErrRace
	}
	return err
}

func (l *nodeLease) keep() {
	defer close(l.done)
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			if err := l.renew(); err != nil {
				l.db.log.Error("renew the node number's lease", "err", err)
			}
		}
	}
}

// renew extends the lease. If another server took the number meanwhile (this process slept past its
// lease), it leases a new number for future ids.
func (l *nodeLease) renew() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	lost := false
	err := l.db.Write(ctx, "renew node", func(tx *Tx) error {
		n, err := tx.Exec("UPDATE node_lease SET expires_at = ? WHERE node = ? AND holder = ?",
			tx.now.Add(leaseTime).UnixMilli(), l.node, l.holder)
		lost = err == nil && n == 0
		return err
	})
	if err != nil || !lost {
		return err
	}
	return l.acquire(ctx)
}

func (l *nodeLease) release() {
	close(l.stop)
	<-l.done
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = l.db.Write(ctx, "release node", func(tx *Tx) error { // an unreleased lease expires by itself
		_, err := tx.Exec("UPDATE node_lease SET expires_at = 0 WHERE node = ? AND holder = ?", l.node, l.holder)
		return err
	})
}
