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
	people = 4000 // residents with a pass and a phone, four to a house
	doors  = 64   // all lead out, so that every scan counts an exit
)

// place is where a measured process keeps its data: a SQLite file in dir, or dsn.
type place struct {
	dir, sqlite, dsn, redis string
}

func (p *place) open(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, store.Options{SQLitePath: p.sqlite, MySQLDSN: p.dsn, Keys: estate.Keys()})
}

// newPlace makes an empty database; on MariaDB, for a server that is shared.
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

// world is an estate and its people's phones.
type world struct {
	*estate.Estate
	sessions []string // bearer tokens, in the order of Residents
}

// builder lets estate.New build outside a test: what fails panics.
type builder struct{ testing.TB }

func (builder) Helper() {}
func (builder) Fatalf(format string, args ...any) {
	panic(fmt.Errorf(format, args...))
}

// newWorld fills a place with a community whose people are all signed in.
func newWorld(ctx context.Context, p *place) (w *world, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	w = &world{Estate: estate.New(builder{}, s, estate.Plan{Houses: people / 4, Members: 4, Doors: doors, DoorsOut: true})}
	w.sessions = make([]string, people)
	// Neighbours do not leave in the order of the register.
	rand.Shuffle(people, func(i, j int) { w.Residents[i], w.Residents[j] = w.Residents[j], w.Residents[i] })
	return w, inParallel(people, func(i int) error {
		user, err := s.SignInWechat(ctx, core.WechatIdentity{AppID: "wxbench", OpenID: fmt.Sprintf("bench-%d", i)})
		if err != nil {
			return err
		}
		if _, err := s.BindPhone(ctx, user.ID, w.Residents[i].Phone); err != nil {
			return err
		}
		w.sessions[i], _, err = s.StartSession(ctx, store.NewSession{
			Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, Most: time.Hour},
		})
		return err
	})
}

// newFloor gives the floor the product's tables, and a tally for each person and house.
func newFloor(ctx context.Context, p *place) error {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	db, err := openFloorDB(p.sqlite, p.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		for i := range people + people/4 {
			if _, err := tx.ExecContext(ctx, "INSERT INTO exit_tally (community_id, subject_id, days, version) VALUES (1, ?, '', 1)", i+1); err != nil {
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
		_ = tx.Rollback() // the first error is the one to tell
		return err
	}
	return tx.Commit()
}

// inParallel calls do for 0 to n−1, sixteen at a time, and gives the first error.
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
