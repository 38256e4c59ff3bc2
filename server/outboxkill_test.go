//go:build linux

package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// envOutboxChild makes TestOutboxChild a worker: WeChat's address, the SQLite file and the DSN; of one of all channels also the
// address of text messages, and the company's id.
const envOutboxChild = "TONGXING_TEST_OUTBOX_CHILD"

// TestOutboxChild is the process of a worker, for tests that kill it. By itself it tests nothing.
func TestOutboxChild(t *testing.T) {
	at := strings.Split(os.Getenv(envOutboxChild), "|")
	if len(at) < 3 {
		t.Skip("it is started by the tests that kill it")
	}
	s, err := store.Open(t.Context(), store.Options{SQLitePath: at[1], MySQLDSN: at[2], Keys: estate.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	w := outboxTestWorker(t, s, outboxClient(t, at[0], time.Now))
	if len(at) == 5 {
		corp, err := core.ParseID(at[4])
		if err != nil {
			t.Fatal(err)
		}
		w = mixedWorker(t, s, mixedAt{at[0], at[3], corp, testRedis(t), time.Now})
	}
	w.log = slog.New(slog.NewTextHandler(os.Stderr, nil)) // this process is killed: who started it looks at what it logs
	w.ask.Lease = time.Second
	fmt.Println("ready")
	w.loop(t.Context())
}

// child starts a worker's process and waits until it works.
func (m *mailroom) child(more ...string) *exec.Cmd {
	m.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOutboxChild$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), envOutboxChild+"="+m.simURL+"|"+m.at.SQLitePath+"|"+m.at.MySQLDSN+strings.Join(more, ""))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = hygiene.NewLog(m.t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return cmd
		}
	}
	m.t.Fatalf("a worker ended before it was ready: %v", cmd.Wait())
	return nil
}

// Workers are killed at random moments, again and again. Each message arrives once, or is in the ledger as
// unknown.
func TestOutboxWorkersAreKilled(t *testing.T) {
	test := func(t *testing.T, maria bool, workers int) {
		m := newMailroomAt(t, 20, maria, time.Now())
		const messages = 3000
		m.tell(messages)
		kills := 0
		for end := time.Now().Add(2 * time.Minute); m.open() > 0 && time.Now().Before(end); {
			cmds := make([]*exec.Cmd, workers)
			for i := range cmds {
				cmds[i] = m.child()
			}
			var last <-chan time.Time = time.After(time.Duration(20+rand.IntN(300)) * time.Millisecond)
			if kills > 40 {
				last = m.ended()
			}
			<-last
			for _, cmd := range cmds {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				kills++
			}
		}
		fates := m.fates()
		var interrupted int
		if err := m.db.Get(t.Context(), &interrupted, "SELECT COUNT(*) FROM message_attempt WHERE reason = ?",
			string(core.WhyInterrupted)); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d kills, %d attempts interrupted: %v", kills, interrupted, fates)
		if kills < 3 || interrupted == 0 {
			t.Errorf("nothing was interrupted by %d kills", kills)
		}
		if n := m.open(); n > 0 || fates["sent template"] < messages*9/10 {
			t.Errorf("%d are still on their way: %v", n, fates)
		}
	}
	t.Run("SQLite", func(t *testing.T) { test(t, false, 1) })
	t.Run("MariaDB, two at once", func(t *testing.T) { test(t, true, 2) })
}

// The workers of all channels are killed at random moments: each message of each channel arrives once, or is in the ledger with
// its reason.
func TestWorkersOfAllChannelsAreKilled(t *testing.T) {
	m := newMixed(t, time.Now())
	m.tellAll(10) // what WeWork takes in a minute
	m.people = m.people[1:]
	m.tellAll(150)
	kills := 0
	for end := time.Now().Add(time.Minute); m.open() > 0 && time.Now().Before(end); kills++ {
		cmd := m.child("|"+m.smsURL, "|"+m.corp.String())
		var last <-chan time.Time = time.After(time.Duration(5+rand.IntN(40)) * time.Millisecond)
		if kills > 20 {
			last = m.ended()
		}
		<-last
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		m.clock.Add(time.Since(m.clock.Now())) // the platforms' clock is that of the workers
	}
	by := m.settled()
	t.Logf("%d kills, arrived: %v", kills, by)
	for _, c := range []core.MessageChannel{core.ChannelTemplate, core.ChannelWeWork, core.ChannelSMS, core.ChannelSubscribe} {
		if by[c] == 0 {
			t.Errorf("nothing arrived by %s", c)
		}
	}
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
}

// ended returns what receives when no message is on its way any more.
func (m *mailroom) ended() <-chan time.Time {
	done := make(chan time.Time, 1)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); m.open() > 0 && time.Now().Before(end); {
		<-tick.C
	}
	done <- time.Now()
	return done
}
