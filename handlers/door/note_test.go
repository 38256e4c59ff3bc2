package door

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/gate"
)

// lastCalls returns the last requests of a reader once there are so many.
func (s *site) lastCalls(t *testing.T, reader core.ID, atLeast int) []gate.CallNote {
	t.Helper()
	var notes []gate.CallNote
	await(t, fmt.Sprintf("%d requests are noted", atLeast), func() bool {
		var err error
		notes, err = s.gate.LastCalls(t.Context(), reader)
		return err == nil && len(notes) >= atLeast
	})
	return notes
}

// TestLastRequests: what a reader sends and is answered is noted with its outcome, newest first, under whatever
// number; and no more than fifty of them.
func TestLastRequests(t *testing.T) {
	s := newSite(t)
	token, path := s.token(t), "/door/vguang/"+s.vguang.Secret
	body := func(text, device string) string {
		return "vgdecoderesult=" + text + "&&devicenumber=" + device + "&&otherparams="
	}
	for _, sent := range []string{
		body(token, s.vguang.Serial), body(token, s.vguang.Serial), body("www.vguang.cn", s.vguang.Serial), body(token, "OTHER1234"),
		`{"vgdecoderesult":"` + token + `"}`,
	} {
		s.post(t, path, sent)
	}
	notes := s.lastCalls(t, s.vguang.ID, 5)
	for i, want := range []Outcome{Malformed, Unknown, Heartbeat, Scanned, Scanned} {
		n := notes[i]
		if n.Outcome != want || n.Answer == "" || n.Sent == "" || !n.At.Equal(s.now) || n.Took <= 0 {
			t.Errorf("%d is %+v, want %s", i, n, want)
		}
	}
	if n := notes[4]; !n.Allowed || n.Answer != open || n.Sent != "vgdecoderesult=…&&devicenumber="+s.vguang.Serial+"&&otherparams=" {
		t.Errorf("what opened is %+v", n)
	}
	for range 60 {
		s.show(t, "6901234567892")
	}
	await(t, "the first have gone", func() bool {
		list, err := s.gate.LastCalls(t.Context(), s.vguang.ID)
		return err == nil && len(list) == 50 && list[49].Shown == 13
	})
	other := gate.New(gate.Options{Store: s.Store, Redis: s.client}) // on another server
	defer other.Close()
	here, err := s.gate.LastCalls(t.Context(), s.vguang.ID)
	if there, err2 := other.LastCalls(t.Context(), s.vguang.ID); err != nil || err2 != nil || !slices.Equal(here, there) {
		t.Errorf("another server shows %d requests, this one %d: %v, %v", len(there), len(here), err, err2)
	}
	s.post(t, "/door/vguang/"+strings.Repeat("7", 26), body(token, s.vguang.Serial)) // the secret of no reader
	if list, err := s.gate.LastCalls(t.Context(), s.mcard.ID); err != nil || len(list) != 0 {
		t.Errorf("another reader made %+v, %v", list, err)
	}
}

// TestLastRequestsHoldNoSecrets sends every recorded exchange of every family: neither a token nor a reader's secret is in what is
// kept of them.
func TestLastRequestsHoldNoSecrets(t *testing.T) {
	for _, p := range gate.Protocols() {
		if p.Connected {
			continue
		}
		files, err := filepath.Glob(filepath.Join("../../gate/testdata", p.Name, "wire", "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		s := newSite(t)
		for _, file := range files {
			for _, pair := range readGolden(t, s, p.Name, file) {
				s.send(t, pair.request)
			}
		}
		token := s.token(t)
		last := s.of(p.Name)
		s.post(t, "/door/"+p.Name+"/"+last.Secret, token)
		s.lastCalls(t, last.ID, 1)
		var kept strings.Builder
		for _, key := range s.redis.Keys() {
			if !strings.HasPrefix(key, "calls:") {
				continue
			}
			list, err := s.redis.List(key)
			if err != nil {
				t.Fatal(err)
			}
			kept.WriteString(strings.Join(list, "\n"))
		}
		for _, secret := range []string{token, s.vguang.Secret, s.mcard.Secret, last.Secret} {
			if strings.Contains(strings.ToUpper(kept.String()), strings.ToUpper(secret[:8])) {
				t.Errorf("%s: %q is kept", p.Name, secret)
			}
		}
		if kept.Len() == 0 {
			t.Errorf("%s: nothing is kept", p.Name)
		}
	}
}

// TestLastRequestsOfAConnectedDoor: its line, too.
func TestLastRequestsOfAConnectedDoor(t *testing.T) {
	w := newWired(t)
	line := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	if _, err := line.Show(t.Context(), w.token(t)); err != nil {
		t.Fatal(err)
	}
	line.Close()
	notes := w.lastCalls(t, w.vbar.ID, 4)
	var outcomes []Outcome
	for _, n := range notes {
		outcomes = append(outcomes, n.Outcome)
	}
	want := []Outcome{gate.CallGone, Scanned, Heartbeat, gate.CallConnected}
	if fmt.Sprint(outcomes) != fmt.Sprint(want) || !notes[1].Allowed || !strings.Contains(notes[1].Answer, `"code":"000000"`) {
		t.Errorf("%s: %+v", outcomes, notes)
	}
	if begun, gone := w.outcomes(gate.CallConnected), w.outcomes(gate.CallGone); begun != 1 || gone != 1 || w.door.Held() != 0 {
		t.Errorf("counted as begun %d times, gone %d, held %d", begun, gone, w.door.Held())
	}
}

// TestLastRequestsWithoutRedis: a door never waits for them.
func TestLastRequestsWithoutRedis(t *testing.T) {
	s := newSite(t)
	s.redis.Close()
	if got := s.show(t, "6901234567892"); got != deny {
		t.Errorf("answered %q", got)
	}
	if _, err := s.gate.LastCalls(t.Context(), s.vguang.ID); err == nil {
		t.Error("read without Redis")
	}
}
