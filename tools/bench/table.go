package main

import (
	"fmt"
	"slices"
	"time"
)

// median takes each figure's own median over the rounds.
func median(rs []result) result {
	rate := func(r result) float64 { return r.rate }
	p50 := func(r result) float64 { return float64(r.p50) }
	p99 := func(r result) float64 { return float64(r.p99) }
	return result{count: len(rs), rate: middle(rs, rate), p50: time.Duration(middle(rs, p50)), p99: time.Duration(middle(rs, p99))}
}

func middle[T any](list []T, of func(T) float64) float64 {
	values := make([]float64, len(list))
	for i, r := range list {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func printResult(what string, r result) {
	fmt.Printf("%-14s %9.0f %10s %10s\n", what, r.rate, short(r.p50), short(r.p99))
}

// printScans compares the contestants: the product's rate should be at least the
// given part of the floor's, and its p99 at most so many times the floor's.
func printScans(name string, contests []contest) {
	fmt.Printf("\nScans, %s (medians of %d rounds; two tallies and a record each)\n", name, len(contests[0].server))
	fmt.Printf("%-12s %9s %9s %9s   %9s %9s %9s   %6s %6s\n", "connections", "server/s", "p50", "p99", "floor/s", "p50", "p99", "rate×", "p99×")
	for _, c := range contests {
		s, f := median(c.server), median(c.floor)
		fmt.Printf("%-12d %9.0f %9s %9s   %9.0f %9s %9s   %6.2f %6.2f\n", c.conns, s.rate, short(s.p50), short(s.p99),
			f.rate, short(f.p50), short(f.p99), s.rate/f.rate, float64(s.p99)/float64(f.p99))
	}
}
