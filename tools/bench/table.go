package main

import (
	"fmt"
	"slices"
	"time"
)

// median returns the median of each figure over the rounds.
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

// printContests compares the contestants: the product's rate should be at least the given part of the
// floor's, and its p99 at most the given multiple of the floor's.
func printContests(name string, contests []contest) {
	fmt.Printf("\n%s (medians of %d rounds)\n", name, len(contests[0].server))
	fmt.Printf("%-12s %-12s %9s %9s %9s   %14s %12s\n", "connections", "", "a second", "p50", "p99", "product's rate", "its p99")
	for _, c := range contests {
		s := median(c.server)
		fmt.Printf("%-12d %-12s %9.0f %9s %9s\n", c.conns, "product", s.rate, short(s.p50), short(s.p99))
		for _, other := range []struct {
			name string
			rs   []result
		}{{"floor", c.floor}, {"lower floor", c.lower}} {
			f := median(other.rs)
			fmt.Printf("%-12s %-12s %9.0f %9s %9s   %13.2f× %11.2f×\n", "", other.name, f.rate, short(f.p50), short(f.p99),
				s.rate/f.rate, float64(s.p99)/float64(f.p99))
		}
	}
}
