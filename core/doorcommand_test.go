package core

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestMayCommand(t *testing.T) {
	able := Reader{Protocol: ProtocolVbar}
	off := able
	off.Disabled = time.Unix(1, 0)
	for _, c := range []struct {
		reader Reader
		online bool
		want   bool
	}{
		{able, true, true}, {able, false, false}, {off, true, false}, {Reader{Protocol: ProtocolVguang}, true, false},
		{Reader{Protocol: "ximo"}, true, false}, {Reader{}, true, false},
	} {
		if err := MayCommand(c.reader, c.online); (err == nil) != c.want {
			t.Errorf("%s, online %v: %v", c.reader.Protocol, c.online, err)
		}
	}
}

// TestLivesOfCommands lets whatever can happen to an order happen in any order and at any time: it is sent once at most and never
// late, a final state stays, what was never sent never opened, and a late answer opens nothing.
func TestLivesOfCommands(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 1))
		c := DoorCommand{State: CommandWaiting, Created: start, Ends: start.Add(CommandLife)}
		sends := 0
		for now := start; now.Before(start.Add(20 * time.Second)); now = now.Add(time.Duration(random.IntN(3000)) * time.Millisecond) {
			before := c
			switch random.IntN(4) {
			case 0:
				c = c.At(now)
			case 1:
				if c = c.Taken(now); c.State == CommandSent && before.State == CommandWaiting {
					sends++
					if now.Add(CommandMargin).After(c.Ends) {
						t.Fatalf("seed %d: sent %v before its end", seed, c.Ends.Sub(now))
					}
				}
			case 2:
				c = c.Answered(true, now)
			case 3:
				c = c.Answered(false, now)
			}
			checkLife(t, seed, before, c, sends)
		}
		if c = c.At(start.Add(time.Minute)); !c.State.Final() {
			t.Fatalf("seed %d: ends as %s", seed, c.State)
		}
	}
}

func checkLife(t *testing.T, seed uint64, before, c DoorCommand, sends int) {
	t.Helper()
	order := CommandStates()
	switch {
	case sends > 1:
		t.Fatalf("seed %d: sent %d times", seed, sends)
	case before.State.Final() && c.State != before.State:
		t.Fatalf("seed %d: %s became %s", seed, before.State, c.State)
	case slices.Index(order, c.State) < slices.Index(order, before.State):
		t.Fatalf("seed %d: %s went back to %s", seed, before.State, c.State)
	case sends == 0 && (c.State == CommandOpened || c.State == CommandFailed || c.State == CommandSilent):
		t.Fatalf("seed %d: %s, and was never sent", seed, c.State)
	case c.State == CommandOpened && c.Ended.After(c.Ends.Add(CommandGrace)):
		t.Fatalf("seed %d: opened by an answer that was late", seed)
	case c.State.Final() == c.Ended.IsZero():
		t.Fatalf("seed %d: %s, ended at %v", seed, c.State, c.Ended)
	}
}
