package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const (
	blocked      = 100_000 // entries of the long blacklist
	listVisitors = 200     // whose scans are measured
	listScans    = 1000    // of one round
	maxListCost  = 1.05    // a scan beside the long blacklist, of one beside none
)

// listed is a store with visitors in a community.
type listed struct {
	*store.Store
	estate   *estate.Estate
	visitors []estate.Holder
	scans    int
	p50      []time.Duration // of each round
}

// blacklists measures scans of visitors where nobody is on the blacklist and where many are, round by round in turn.
func (b *bench) blacklists() error {
	fmt.Printf("\nScans of visitors, one after the other, beside a blacklist of %d entries (medians of %d rounds; goal: %.2f×)\n",
		blocked, b.rounds, maxListCost)
	fmt.Printf("%-10s %12s %12s %9s\n", "", "no entries", "all", "")
	for _, maria := range []bool{false, true} {
		empty, full, err := b.listedPair(maria)
		if err != nil {
			return err
		}
		for round := range 2 * b.rounds {
			l := []*listed{empty, full}[(round+round/2)%2] // neither is always the first
			if err := l.round(); err != nil {
				return err
			}
		}
		none, all := middleOf(empty.p50), middleOf(full.p50)
		cost := float64(all) / float64(none)
		fmt.Printf("%-10s %12s %12s %8.2f×", map[bool]string{true: "MariaDB", false: "SQLite"}[maria], short(none), short(all), cost)
		if cost > maxListCost {
			fmt.Print("   over")
		}
		fmt.Println()
		empty.Close()
		full.Close()
	}
	return nil
}

func middleOf(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// listedPair returns a store without a blacklist and one with a long one.
func (b *bench) listedPair(maria bool) (empty, full *listed, err error) {
	if empty, err = b.listed("blacklistempty", maria, 0); err != nil {
		return nil, nil, err
	}
	full, err = b.listed("blacklistfull", maria, blocked)
	return empty, full, err
}

func (b *bench) listed(name string, maria bool, entries int) (l *listed, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("build an estate: %v", p)
		}
	}()
	p, err := b.newPlace(name+map[bool]string{true: "maria", false: "sqlite"}[maria], maria)
	if err != nil {
		return nil, err
	}
	s, err := p.open(context.Background())
	if err != nil {
		return nil, err
	}
	l = &listed{Store: s, estate: estate.New(builder{}, s, estate.Plan{Houses: listVisitors / 4, Members: 4})}
	l.visitors = l.estate.Visitors(listVisitors)
	return l, l.block(entries)
}

// block puts so many numbers on the blacklist.
func (l *listed) block(entries int) error {
	for from := 0; from < entries; from += core.MaxBlocksAtOnce {
		part := make([]core.VisitorBlock, min(core.MaxBlocksAtOnce, entries-from))
		for i := range part {
			part[i] = core.VisitorBlock{Kind: core.BlockPhone, Value: fmt.Sprintf("199%08d", from+i), Reason: "多次滋扰"}
		}
		if _, err := l.CreateVisitorBlocks(context.Background(), core.System, core.Everywhere, l.estate.Community, part); err != nil {
			return err
		}
	}
	return nil
}

// round lets visitors out by a guard, whose form reads what an entry reads.
func (l *listed) round() error {
	took := make([]time.Duration, listScans)
	for i := range took {
		l.scans++
		a := store.ScanAttempt{
			Via: core.ViaManual, Post: l.estate.Post, GuardName: "李师傅", Direction: core.Out,
			Pass: l.visitors[i%len(l.visitors)].Pass, TokenDigest: fmt.Sprintf("%064x", l.scans),
		}
		began := time.Now()
		out, err := l.Scan(context.Background(), a)
		took[i] = time.Since(began)
		if err != nil || !out.Decision.Allowed {
			return fmt.Errorf("a visitor is not let out: %s, %w", out.Decision.Reason, err)
		}
	}
	l.p50 = append(l.p50, middleOf(took))
	return nil
}
