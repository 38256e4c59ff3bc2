package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const (
	kindScans   = 400 // of each kind in a round, one after the other, and as many sixteen at a time
	maxKindCost = 1.2 // a scan, of one of a resident's pass
)

// kindRow is one kind of scan.
type kindRow struct {
	what    string
	beside  int                           // the row of a resident's scan in the same way
	attempt func(i int) store.ScanAttempt // the one with that place in the whole run
	p50     []time.Duration               // one after the other, of each round
	each    []time.Duration               // of sixteen at a time, divided by how many there were
}

// kinds measures a scan of each kind of pass as the store decides and writes it, round by round in turn, on both databases.
func (b *bench) kinds() error {
	fmt.Printf("\nA scan of each kind of pass in the store (medians of %d rounds; goal: %.1f× of a resident's)\n", b.rounds, maxKindCost)
	fmt.Printf("%-10s %-28s %9s %7s   %14s %7s\n", "", "", "p50", "", "16 at a time/s", "")
	for _, maria := range []bool{false, true} {
		rows, done, err := b.kindRows(maria)
		if err != nil {
			return err
		}
		for i, r := range rows {
			p50, each := middleOf(r.p50), middleOf(r.each)
			like := rows[r.beside]
			one, many := float64(p50)/float64(middleOf(like.p50)), float64(each)/float64(middleOf(like.each))
			fmt.Printf("%-10s %-28s %9s %6.2f×   %14.0f %6.2f×", map[bool]string{true: "MariaDB", false: "SQLite"}[maria], r.what,
				short(p50), one, float64(time.Second)/float64(each), many)
			if i != r.beside && max(one, many) > maxKindCost {
				fmt.Print("   over")
			}
			fmt.Println()
		}
		if err := done(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) kindRows(maria bool) (rows []*kindRow, done func() error, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	p, err := b.newPlace("kinds"+map[bool]string{true: "maria", false: "sqlite"}[maria], maria)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.open(context.Background())
	if err != nil {
		return nil, nil, err
	}
	all := (b.rounds + 1) * 2 * kindScans
	e := estate.New(builder{}, s, estate.Plan{Houses: all/8 + 1, Members: 4, Kinds: core.PassKinds()})
	visitors, members, slips := e.Visitors(all), e.Members(kindScans), e.Slips(all/3+1)
	scanned := func(d core.Direction, pass core.ID) store.ScanAttempt {
		door := e.Doors[map[core.Direction]int{core.Out: 0, core.In: 1}[d]].ID
		return store.ScanAttempt{Via: core.ViaReader, Reader: door, Token: core.TokenLive, Direction: d, Pass: pass}
	}
	released := func(pass core.ID) store.ScanAttempt {
		return store.ScanAttempt{Via: core.ViaManual, Post: e.Post, GuardName: "李师傅", Direction: core.Out, Pass: pass}
	}
	const guarded = 4
	rows = []*kindRow{
		{what: "a resident goes out", attempt: func(i int) store.ScanAttempt {
			return scanned(core.Out, e.Residents[i%len(e.Residents)].Pass)
		}},
		{what: "a visitor comes in", attempt: func(i int) store.ScanAttempt { return scanned(core.In, visitors[i].Pass) }},
		{what: "a visitor goes out", attempt: func(i int) store.ScanAttempt { return scanned(core.Out, visitors[i].Pass) }},
		{what: "a member goes out", attempt: func(i int) store.ScanAttempt {
			return scanned(core.Out, members[i%len(members)].Pass)
		}},
		guarded: {what: "a guard lets a resident out", beside: guarded, attempt: func(i int) store.ScanAttempt {
			return released(e.Residents[i%len(e.Residents)].Pass)
		}},
		{what: "a guard lets a thing out", beside: guarded, attempt: func(i int) store.ScanAttempt {
			a := released(slips[i%len(slips)].Pass)
			a.Items, a.ItemWords = []int{1 + i/len(slips)}, "冰箱 1 件"
			return a
		}},
	}
	for round := range b.rounds + 1 {
		first := []int{0, 1, 3, 4, 5}[round%5] // no kind is always the first; a visitor comes in before going out
		for n := range rows {
			r := rows[(first+n)%len(rows)]
			if err := r.round(s, round); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", r.what, err)
			}
		}
	}
	for _, r := range rows { // the first round warms up
		r.p50, r.each = r.p50[1:], r.each[1:]
	}
	return rows, s.Close, nil
}

func (r *kindRow) round(s *store.Store, round int) error {
	scan := func(i int) error {
		a := r.attempt(i)
		form := sha256.Sum256(fmt.Append(nil, r.what, i))
		a.TokenDigest = hex.EncodeToString(form[:])
		out, err := s.Scan(context.Background(), a)
		if err == nil && !out.Decision.Allowed {
			err = fmt.Errorf("not let through: %s", out.Decision.Reason)
		}
		return err
	}
	from := round * 2 * kindScans
	took := make([]time.Duration, kindScans)
	for i := range took {
		began := time.Now()
		if err := scan(from + i); err != nil {
			return err
		}
		took[i] = time.Since(began)
	}
	r.p50 = append(r.p50, middleOf(took))
	began := time.Now()
	err := inParallel(kindScans, func(i int) error { return scan(from + kindScans + i) })
	r.each = append(r.each, time.Since(began)/kindScans)
	return err
}
