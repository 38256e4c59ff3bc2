package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

// benchmarkFigure is a figure of a benchmark by its unit, with what it should be.
type benchmarkFigure struct{ unit, what, want string }

// outboxFigures are the figures of BenchmarkOutbox by their units, with what they should be.
var outboxFigures = []benchmarkFigure{
	{"messages/s", "messages a second", "at least 1,000"},
	{"MB-grown", "heap grown over the run, MB, the simulator's memory included", "a few"},
	{"MB-heap", "largest live heap, MB", ""},
	{"scan-p50-ratio", "a scan's median beside it, relative to alone", "about 1"},
	{"scan-p99-ratio", "a scan's p99 beside it, relative to alone", ""},
}

var benchFigure = regexp.MustCompile(`([0-9.]+) ([A-Za-z0-9/-]+)`)

// outbox measures the worker of messages. It is part of the server's program and runs in a benchmark of that
// package, in one process with WeChat's simulator: their work is in the figures too.
func (b *bench) outbox() error {
	return b.serverBenchmark("BenchmarkOutbox", "10,000 messages through the simulator, embedded database", outboxFigures)
}

// weworkFigures are those of BenchmarkStaffSync.
var weworkFigures = []benchmarkFigure{
	{"members/s", "members of a first sync a second", "at least 200"},
	{"unchanged-members/s", "members a second, if nothing changed", "at least 200"},
	{"MB-grown", "heap grown over both, MB, the simulator's memory included", "a few"},
	{"list-ms", "a page of the list of staff, ms", "below 50"},
	{"replace-ms", "another company in its place, with everybody leaving, ms", "below 1,000"},
	{"leavers/s", "members who leave a second, after that", "at least 200"},
}

// wework measures the sync of a company on WeWork, like outbox.
func (b *bench) wework() error {
	return b.serverBenchmark("BenchmarkStaffSync", "A company of 20,000 members in the simulator, embedded database", weworkFigures)
}

// followerFigures are those of BenchmarkFollowerSync.
var followerFigures = []benchmarkFigure{
	{"followers/s", "followers of a first sync a second, killed half way and resumed", "at least 1,000"},
	{"calls-again", "calls of WeChat made again after that, of 2,000", "at most 1"},
	{"unchanged-followers/s", "followers a second, if nothing changed", "at least 1,000"},
	{"MB-grown", "heap grown over both, MB, the simulator's memory included", "a few"},
	{"list-ms", "a page of the list of followers, ms", "below 50"},
}

// follower measures the sync of an official account's followers, like outbox.
func (b *bench) follower() error {
	return b.serverBenchmark(
		"BenchmarkFollowerSync", "An account with 200,000 followers in the simulator, embedded database", followerFigures,
	)
}

// serverBenchmark runs a benchmark of the server's program and prints the medians of its figures.
func (b *bench) serverBenchmark(name, title string, figures []benchmarkFigure) error {
	found := map[string][]float64{}
	for range b.rounds {
		cmd := exec.Command(
			"go", "test", "-vet=off", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", "1x", "-timeout", "30m", "./server",
		)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		for _, m := range benchFigure.FindAllStringSubmatch(string(out), -1) {
			if value, err := strconv.ParseFloat(m[1], 64); err == nil {
				found[m[2]] = append(found[m[2]], value)
			}
		}
	}
	fmt.Printf("\n%s\n", title)
	for _, f := range figures {
		values := found[f.unit]
		if len(values) == 0 {
			return fmt.Errorf("the benchmark reports no %s", f.unit)
		}
		slices.Sort(values)
		fmt.Printf("%-62s %10.2f   %s\n", f.what, values[len(values)/2], f.want)
	}
	return nil
}
