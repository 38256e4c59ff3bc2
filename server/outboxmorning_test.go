package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
	"tongxing/wechat/simulator"
)

// settle waits until nothing is due any more at the present time.
func (m *mailroom) settle() {
	m.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; <-tick.C {
		var due int
		if err := m.db.Get(m.t.Context(), &due,
			"SELECT COUNT(*) FROM message WHERE state = 'sending' OR state = 'waiting' AND next_at <= ?", m.clock.Now().UnixMilli(),
		); err != nil {
			m.t.Fatal(err)
		}
		if due == 0 {
			return
		}
		if time.Now().After(end) {
			m.t.Fatalf("%d messages are still due", due)
		}
	}
}

// calls counts the calls to send.
func (m *mailroom) calls() (n int) {
	for _, c := range m.sim.Calls() {
		if c.Kind == simulator.CallAPI && strings.HasSuffix(c.Path, outboxSendPath) {
			n++
		}
	}
	return n
}

// What a night held goes out over minutes. If the quota of the day is less, the rest is not asked for again that day, rings
// nobody at midnight, and goes out the morning after; each arrives once.
func TestTheMorningAfterAQuietNight(t *testing.T) {
	const people, quota, inOneMinute = 60, 40, 25
	night := time.Date(2026, 11, 20, 23, 0, 0, 0, core.PlatformZone)
	m := newMailroomAt(t, people, false, night)
	err := m.db.Write(t.Context(), "tell", func(tx *database.Tx) error {
		notes := make([]core.MessageNote, people)
		for i := range notes {
			notes[i] = core.MessageNote{
				Kind: core.MessageHousehold, User: m.told[i].user, Title: "家人已登记", Link: fmt.Sprintf("household/%d", i),
			}
		}
		return outbox.Put(tx, notes...)
	})
	if err != nil {
		t.Fatal(err)
	}
	m.put = people
	defer m.work(nil)()
	to := func(at time.Time) {
		t.Helper()
		m.clock.Add(at.Sub(m.clock.Now()))
		m.settle()
	}
	to(night.Add(time.Minute))
	if n := m.calls(); n > 0 {
		t.Fatalf("%d calls at night", n)
	}
	m.sim.SetQuota(outboxApp, outboxSendPath, quota)
	morning := night.Add(8 * time.Hour)
	to(morning.Add(time.Minute - time.Second))
	for minute, before := 1, m.calls(); minute < 11; minute++ {
		to(morning.Add(time.Duration(minute+1) * time.Minute))
		n := m.calls()
		if minute == 1 && before > 0 || n-before > inOneMinute {
			t.Errorf("minute %d: %d calls, %d before", minute, n-before, before)
		}
		before = n
	}
	used := m.calls()
	if n := len(m.arrived()); n != quota || used > quota+outboxSenders {
		t.Errorf("%d arrived by %d calls; the quota is %d", n, used, quota)
	}
	to(morning.Add(12 * time.Hour))
	to(morning.Add(17*time.Hour + time.Minute)) // midnight: the quota is new, and it is night
	if n := m.calls(); n != used {
		t.Errorf("%d calls in the evening and at midnight", n-used)
	}
	to(morning.Add(24*time.Hour + 12*time.Minute))
	if fates := m.fates(); fates["sent template"] != people || m.calls() != used+people-quota {
		t.Errorf("%v by %d calls", fates, m.calls())
	}
}
