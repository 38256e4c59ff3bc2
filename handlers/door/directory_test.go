package door

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
)

// guess tries invalid secrets until the address has no guesses left.
func (s *site) guess(t *testing.T) {
	t.Helper()
	for i := range guessBurst + 20 {
		s.post(t, fmt.Sprintf("/door/vguang/%026d", i), "vgdecoderesult=x&&devicenumber=1&&otherparams=")
	}
	if s.outcomes(Limited) == 0 {
		t.Fatal("an address may guess without end")
	}
}

// TestGuessesShutNobodyOut: readers that have never called still open while someone behind the same
// address guesses, and so does one that is added then.
func TestGuessesShutNobodyOut(t *testing.T) {
	s := newSite(t)
	s.guess(t)
	if got := s.show(t, s.token(t)); got != open {
		t.Errorf("vguang: %q", got)
	}
	if got := s.showMcard(t, s.token(t)); isMcardDeny(got) {
		t.Errorf("mcardsea: %q", got)
	}
	added := s.AddDoor(core.Reader{
		Name: "4号门", Protocol: core.ProtocolVguang, Direction: core.In, DenyCode: "4005", HeartbeatText: "beat-4",
	})
	s.await(t, func() bool {
		return s.post(t, "/door/vguang/"+added.Secret, "vgdecoderesult=x&&devicenumber="+added.Serial+"&&otherparams=") == "code=4005"
	})
}

// await waits for another goroutine to satisfy done.
func (s *site) await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// TestOldSecretOpensNothing: once a secret is changed, the old one is invalid on this server.
func TestOldSecretOpensNothing(t *testing.T) {
	s := newSite(t)
	s.show(t, "known from here on")
	if _, err := s.Store.RotateReaderSecret(t.Context(), core.System, core.Everywhere, s.vguang.ID); err != nil {
		t.Fatal(err)
	}
	before := s.outcomes(Unknown)
	if got := s.show(t, s.token(t)); got != deny || s.outcomes(Unknown) != before+1 {
		t.Errorf("%q", got)
	}
}

// TestOldSecretOnAnotherServer: a server that misses the change, since its cache lost the
// announcement, opens nothing either, and then knows that the secret is invalid.
func TestOldSecretOnAnotherServer(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr()})
	other := gate.New(gate.Options{Store: s.Store, Redis: client})
	t.Cleanup(func() {
		other.Close()
		client.Close()
	})
	// What that server still has in memory.
	old := s.door.known
	old.mu.Lock()
	key := keyOf(t, core.ProtocolVguang, s.vguang.Secret)
	stale := old.known[key]
	old.mu.Unlock()
	if _, err := s.Store.RotateReaderSecret(t.Context(), core.System, core.Everywhere, s.vguang.ID); err != nil {
		t.Fatal(err)
	}
	s.await(t, func() bool { // its own reload after the change is over
		old.mu.Lock()
		defer old.mu.Unlock()
		return len(old.known) == len(s.Doors)
	})
	old.mu.Lock()
	old.known[key] = stale
	old.mu.Unlock()
	records := len(s.records(t))
	if got := s.show(t, token); got != deny {
		t.Errorf("the old secret: %q", got)
	}
	old.mu.Lock()
	_, kept := old.known[key]
	old.mu.Unlock()
	if kept || len(s.records(t)) != records {
		t.Errorf("kept %v, %d records more", kept, len(s.records(t))-records)
	}
	if got := s.showMcard(t, token); isMcardDeny(got) {
		t.Errorf("the token is used up: %q", got)
	}
}

// TestChangesReachOtherServers: a change on one server reaches another without a call.
func TestChangesReachOtherServers(t *testing.T) {
	s := newSite(t)
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr()})
	other := gate.New(gate.Options{Store: s.Store, Redis: client})
	d := newDirectory(s.Store, other, s.door.log, 200)
	t.Cleanup(func() {
		d.close()
		other.Close()
		client.Close()
	})
	d.mu.Lock()
	clear(d.known)
	d.mu.Unlock()
	s.await(t, func() bool {
		if err := s.gate.ReadersChanged(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.known) == len(s.Doors)
	})
}

// TestKnownReadersWaitForNobody: a known reader is found without the database, even while strangers
// occupy all lookups.
func TestKnownReadersWaitForNobody(t *testing.T) {
	s := newSite(t)
	token := s.token(t)
	for range strangersAtOnce {
		s.door.known.lookups <- struct{}{}
	}
	if got := s.show(t, token); got != open {
		t.Errorf("%q", got)
	}
	s.door.budget = 50 * time.Millisecond
	if got := s.post(t, "/door/vguang/"+strings.Repeat("0", 26), "x"); got != deny || s.outcomes(Limited) != 1 {
		t.Errorf("a stranger: %q", got)
	}
}

func keyOf(t *testing.T, protocol, secret string) store.ReaderKey {
	t.Helper()
	key, ok := store.ReaderKeyOf(protocol, secret)
	if !ok {
		t.Fatal("no secret")
	}
	return key
}

func TestUnreadableMessages(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		kept []string // in the record's note
	}{
		"JSON":              {`{"vgdecoderesult":"{token}","devicenumber":"1"}`, []string{"vgdecoderesult", "devicenumber"}},
		"an unknown prefix": {"vgdecoderesult=#!{token}&&devicenumber={device}&&otherparams=", []string{"vgdecoderesult=#!"}},
		"another order":     {"otherparams=&&devicenumber={device}&&vgdecoderesult={token}", []string{"otherparams="}},
		"no device number":  {"vgdecoderesult=x&&devicenumber=no number&&otherparams=", []string{"devicenumber=no number"}},
		"too much":          {"vgdecoderesult=" + strings.Repeat("x ", gate.Protocols()[0].MaxRequest), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			token := s.token(t)
			body := strings.NewReplacer("{token}", token, "{device}", s.vguang.Serial).Replace(c.body)
			if got := s.post(t, "/door/vguang/"+s.vguang.Secret, body); got != deny {
				t.Errorf("%q", got)
			}
			if name == "too much" {
				return // an oversized message is not read
			}
			records := s.records(t)
			if len(records) != 1 || records[0].Reason != core.ReasonUnreadable || records[0].Allowed {
				t.Fatalf("%+v", records)
			}
			for _, kept := range c.kept {
				if !strings.Contains(records[0].Note, kept) {
					t.Errorf("the note %q lacks %q", records[0].Note, kept)
				}
			}
			if strings.Contains(records[0].Note, token[:10]) {
				t.Errorf("the note %q holds the token", records[0].Note)
			}
			if got := s.show(t, token); got != open {
				t.Errorf("the code itself: %q", got)
			}
		})
	}
}
