package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const (
	maxRehearsal = 30 * time.Second // of a million records
	maxGrown     = 10.0             // MiB of live heap, from a tenth of the way to the end
)

// rehearsals measures how long another rule takes to be tried on a community's records, and what that keeps in memory.
func (b *bench) rehearsals() error {
	fmt.Printf("\nA rehearsal over %d access records (under %s; the live heap grows by less than %.0f MiB after a tenth)\n",
		b.records, maxRehearsal, maxGrown)
	for _, maria := range []bool{false, true} {
		took, used, grown, err := b.rehearse(maria)
		if err != nil {
			return err
		}
		fmt.Printf("%-10s %6.1f s, %.1f of them of this process's processor time, %+.1f MiB",
			map[bool]string{true: "MariaDB", false: "SQLite"}[maria], took.Seconds(), used.Seconds(), grown)
		if took > maxRehearsal || grown > maxGrown {
			fmt.Print("   over")
		}
		fmt.Println()
	}
	return nil
}

func (b *bench) rehearse(maria bool) (took, used time.Duration, grown float64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	ctx := context.Background()
	p, err := b.newPlace("rehearse"+map[bool]string{true: "maria", false: "sqlite"}[maria], maria)
	if err != nil {
		return 0, 0, 0, err
	}
	s, err := p.open(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer s.Close()
	e := estate.New(builder{}, s, estate.Plan{Houses: 400, Members: 3, Doors: 8})
	if err := b.past(ctx, s, e); err != nil {
		return 0, 0, 0, err
	}
	by := core.Actor{Kind: core.ActorAccount, ID: 1, Name: "预演"}
	rule := core.PassRule{Counting: core.CountHousehold, PeriodDays: 1, Exits: 2, FeverTenths: 373, ReaderQR: true}
	id, err := s.CreateRehearsal(ctx, by, core.Everywhere, e.Community, core.MaxRehearsalDays, core.RehearsalDraft{Rule: rule})
	if err != nil {
		return 0, 0, 0, err
	}
	var early float64
	began, busy := time.Now(), processorTime()
	run, err := s.RunRehearsal(ctx, id, func(done, _ int64) error {
		if early == 0 && done > int64(b.records)/10 {
			early = liveHeap()
		}
		return nil
	})
	took, used, grown = time.Since(began), processorTime()-busy, liveHeap()-early
	if err == nil && len(run.Lines) == 0 {
		err = fmt.Errorf("it found nothing")
	}
	return took, used, grown, err
}

// past fills a community with records evenly over the days that a rehearsal replays.
func (b *bench) past(ctx context.Context, s *store.Store, e *estate.Estate) error {
	begin := time.Now().AddDate(0, 0, 1-core.MaxRehearsalDays)
	step, random := time.Since(begin)/time.Duration(b.records), rand.New(rand.NewPCG(1, 2))
	batch := make([]core.AccessRecord, 0, 10_000)
	for i := range b.records {
		batch = append(batch, pastRecord(e, random, begin.Add(time.Duration(i)*step)))
		if len(batch) == cap(batch) || i == b.records-1 {
			if err := s.ImportAccessRecords(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// liveHeap returns what is reachable, in MiB.
func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
