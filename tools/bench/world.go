package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const (
	people = 4000 // residents with a pass and a phone, four per house
	doors  = 64   // all lead out, so that every scan counts an exit
)

// place is where a measured process stores its data: a SQLite file in dir, or dsn.
type place struct {
	dir, sqlite, dsn, redis string
}

func (p *place) open(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, store.Options{SQLitePath: p.sqlite, MySQLDSN: p.dsn, Keys: estate.Keys()})
}

// newPlace creates an empty database; with MariaDB, on the shared server.
func (b *bench) newPlace(name string, maria bool) (*place, error) {
	p := &place{dir: filepath.Join(b.dir, name)}
	if !maria {
		p.sqlite = filepath.Join(p.dir, "tongxing.db")
		return p, mkdir(p.dir)
	}
	dsn, err := b.maria.Create(context.Background(), name)
	p.dsn = dsn
	return p, err
}

// world is an estate and the phones of its people.
type world struct {
	*estate.Estate
	sessions []string // bearer tokens, in the order of Residents
}

// builder lets estate.New run outside a test: failures panic.
type builder struct{ testing.TB }

func (builder) Helper() {}
func (builder) Fatalf(format string, args ...any) {
	panic(fmt.Errorf(format, args...))
}

// newEstate fills a place with a community.
func newEstate(ctx context.Context, p *place) (e *estate.Estate, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return buildEstate(s)
}

func buildEstate(s *store.Store) (e *estate.Estate, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	e = estate.New(builder{}, s, estate.Plan{Houses: people / 4, Members: 4, Doors: doors, DoorsOut: true})
	// Neighbours do not leave in the order of the register.
	rand.Shuffle(people, func(i, j int) { e.Residents[i], e.Residents[j] = e.Residents[j], e.Residents[i] })
	return e, nil
}

// newWorld fills a place with a community whose people are all signed in.
func newWorld(ctx context.Context, p *place) (*world, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	e, err := buildEstate(s)
	if err != nil {
		return nil, err
	}
	w := &world{Estate: e}
	w.sessions = make([]string, people)
	return w, inParallel(people, func(i int) error {
		user, err := s.SignInWechat(ctx, core.WechatIdentity{AppID: "wxbench", OpenID: fmt.Sprintf("bench-%d", i)})
		if err != nil {
			return err
		}
		if _, err := s.BindPhone(ctx, user.ID, w.Residents[i].Phone, w.Residents[i].Name); err != nil {
			return err
		}
		w.sessions[i], _, err = s.StartSession(ctx, store.NewSession{
			Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
		})
		return err
	})
}

// newFloor prepares an estate like the product's for the floor, with a tally for each person and
// house, and returns what its tokens may refer to.
func newFloor(ctx context.Context, p *place) ([]whose, error) {
	e, err := newEstate(ctx, p)
	if err != nil {
		return nil, err
	}
	owners := make([]whose, len(e.Residents))
	subjects := map[core.ID]bool{}
	for i, r := range e.Residents {
		door := e.Doors[i%doors]
		owners[i] = whose{int64(e.Community), int64(door.ID), int64(r.Pass), int64(r.Person), int64(r.ID), int64(r.House)}
		subjects[r.Person], subjects[r.House] = true, true
	}
	db, err := openFloorDB(p.sqlite, p.dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return owners, inTransaction(ctx, db, func(tx *sql.Tx) error {
		for id := range subjects {
			if _, err := tx.ExecContext(
				ctx, "INSERT INTO exit_tally (community_id, subject_id, days, version) VALUES (?, ?, '', 1)",
				int64(e.Community), int64(id),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to report
		return err
	}
	return tx.Commit()
}

// inParallel calls do for 0 to n−1, sixteen at a time, and returns the first error.
func inParallel(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	const workers = 16
	for worker := range workers {
		wg.Go(func() {
			for i := worker; i < n; i += workers {
				if err := do(i); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}
