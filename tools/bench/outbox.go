package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"

	"tongxing/testkit"
)

// benchmarkFigure is a figure of a benchmark by its unit, with what it should be.
type benchmarkFigure struct {
	unit, what string
	goal       goal
}

// goal is what a figure should be.
type goal struct {
	words string  // "" = it has none
	least float64 // with words; 0 = it may be as small as it likes
	most  float64 // likewise
}

func atLeast(n float64) goal { return goal{fmt.Sprintf("at least %g", n), n, 0} }

func atMost(n float64) goal { return goal{fmt.Sprintf("at most %g", n), 0, n} }

// missed reports whether a figure is not what it should be.
func (g goal) missed(figure float64) bool {
	return g.words != "" && (figure < g.least || g.most != 0 && figure > g.most)
}

// outboxFigures are the figures of BenchmarkOutbox by their units, with what they should be.
var outboxFigures = []benchmarkFigure{
	{"messages/s", "messages a second", atLeast(1000)},
	{"MB-grown", "heap grown over the run, MB, the simulator's memory included", atMost(8)},
	{"MB-heap", "largest live heap, MB", goal{}},
}

// besideFigures are those of BenchmarkScanBesideOutbox. That there is no cost cannot be measured finer than two runs alone
// differ: what a scan takes longer than in the slower of these is its cost.
var besideFigures = []benchmarkFigure{
	{"alone-p50-ms", "a scan's median alone, ms", goal{}},
	{"beside-p50-ms", "beside messages", goal{}},
	{"noise-p50-ms", "by which two runs alone differ", goal{}},
	{"cost-p50-ms", "longer than in the slower of these", atMost(0.5)},
	{"alone-p99-ms", "a scan's p99 alone, ms", goal{}},
	{"beside-p99-ms", "beside messages", goal{}},
	{"noise-p99-ms", "by which two runs alone differ", goal{}},
	{"cost-p99-ms", "longer than in the slower of these", atMost(5)},
	{"sent/s", "messages a second beside scans", atLeast(50)},
}

var benchFigure = regexp.MustCompile(`([0-9.]+) ([A-Za-z0-9/-]+)`)

// outbox measures the worker of messages, and scans beside it. It is part of the server's program and runs in benchmarks of
// that package, in one process with WeChat's simulator: their work is in the figures too.
func (b *bench) outbox() error {
	if err := b.serverBenchmark("BenchmarkOutbox", "10,000 messages through the simulator, embedded database", outboxFigures); err != nil {
		return err
	}
	once := *b
	once.rounds = 1 // these have rounds of their own
	const beside = "200 scans a second beside messages without a pause, "
	err := once.serverBenchmark("BenchmarkScanBesideOutbox", beside+"embedded database", besideFigures)
	if err != nil {
		return err
	}
	return once.serverBenchmark("BenchmarkScanBesideOutboxMariaDB", beside+"MariaDB + Redis", besideFigures)
}

// weworkFigures are those of BenchmarkStaffSync.
var weworkFigures = []benchmarkFigure{
	{"members/s", "members of a first sync a second", atLeast(200)},
	{"unchanged-members/s", "members a second, if nothing changed", atLeast(200)},
	{"MB-grown", "heap grown over both, MB, the simulator's memory included", atMost(8)},
	{"list-ms", "a page of the list of staff, ms", atMost(50)},
	{"replace-ms", "another company in its place, with everybody leaving, ms", atMost(1000)},
	{"leavers/s", "members who leave a second, after that", atLeast(200)},
}

// wework measures the sync of a company on WeWork, like outbox.
func (b *bench) wework() error {
	return b.serverBenchmark("BenchmarkStaffSync", "A company of 20,000 members in the simulator, embedded database", weworkFigures)
}

// followerFigures are those of BenchmarkFollowerSync.
var followerFigures = []benchmarkFigure{
	{"followers/s", "followers of a first sync a second, killed half way and resumed", atLeast(1000)},
	{"calls-again", "calls of WeChat made again after that, of 2,000", atMost(1)},
	{"unchanged-followers/s", "followers a second, if nothing changed", atLeast(1000)},
	{"MB-grown", "heap grown over both, MB, the simulator's memory included", atMost(8)},
	{"list-ms", "a page of the list of followers, ms", atMost(50)},
}

// follower measures the sync of an official account's followers, like outbox.
func (b *bench) follower() error {
	return b.serverBenchmark(
		"BenchmarkFollowerSync", "An account with 200,000 followers in the simulator, embedded database", followerFigures,
	)
}

// serverBenchmark runs a benchmark of the server's program and prints the medians of its figures; what misses its goal is marked.
func (b *bench) serverBenchmark(name, title string, figures []benchmarkFigure) error {
	found := map[string][]float64{}
	for range b.rounds {
		cmd := exec.Command(
			"go", "test", "-vet=off", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", "1x", "-timeout", "30m", "./server",
		)
		cmd.Env = append(os.Environ(), testkit.EnvServers+"=true", testkit.EnvMySQL+"="+b.maria.DSN(""))
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
		value, mark := values[len(values)/2], ""
		if f.goal.missed(value) {
			mark = "  MISSED"
		}
		fmt.Printf("%-62s %10.2f   %s%s\n", f.what, value, f.goal.words, mark)
	}
	return nil
}
