//go:build linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// pass is a pass of a kind that readers take, in a storm.
type pass struct {
	kind  core.PassKind
	id    core.ID
	phone string // that finds it
	name  string // stated with the number; "" = none
	doors []estate.Door
}

// passes is a community with passes of every kind, and doors in both directions that take them.
type passes struct {
	*estate.Estate
	all   []pass
	slips []core.ExitSlip
	guard guardPhone
}

// newPasses makes n passes of each kind that readers take, and so many slips.
func newPasses(t *testing.T, s *store.Store, n, slips, doors int) *passes {
	t.Helper()
	w := &passes{Estate: estate.New(t, s, estate.Plan{Houses: n / 4, Members: 4, Doors: 2 * doors, Kinds: core.ReaderKinds()})}
	var in, out []estate.Door
	for _, door := range w.Doors {
		if door.Direction == core.In {
			in = append(in, door)
		} else {
			out = append(out, door)
		}
	}
	for _, r := range w.Residents {
		w.all = append(w.all, pass{core.PassResident, r.Pass, r.Phone, r.Name, out})
	}
	for _, v := range w.Visitors(n) {
		w.all = append(w.all, pass{core.PassVisitor, v.Pass, v.Phone, "", in})
	}
	for _, m := range w.Members(n) {
		w.all = append(w.all, pass{core.PassDedicated, m.Pass, m.Phone, m.Name, slices.Concat(in, out)[doors/2 : doors+doors/2]})
	}
	w.slips, w.guard = w.Slips(slips), newGuardPhone(t, w.Estate)
	return w
}

// of returns the passes of a kind.
func (w *passes) of(kind core.PassKind) []pass {
	return slices.DeleteFunc(slices.Clone(w.all), func(p pass) bool { return p.kind != kind })
}

// guardPhone is the browser of a guard who is signed in.
type guardPhone struct {
	post         core.ID
	cookie, csrf string
}

func newGuardPhone(t *testing.T, e *estate.Estate) guardPhone {
	t.Helper()
	ctx, s := t.Context(), e.Store
	user, err := s.SignInWechat(ctx, core.WechatIdentity{AppID: "wx1", OpenID: "open-guard"})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.CreateBindTicket(ctx, core.System, core.Everywhere, store.BindTarget{Kind: core.BindGuard, ID: e.Guard})
	if err == nil {
		err = s.ApproveBindTicket(ctx, core.System, store.BindScan{Scene: ticket.Scene, User: user.ID}, ticket.Code)
	}
	if err != nil {
		t.Fatal(err)
	}
	token, session, err := s.StartSession(ctx, store.NewSession{
		Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(session.CSRF)
	if err != nil {
		t.Fatal(err)
	}
	// A page masks the secret with a pad, which may be of zeros.
	return guardPhone{e.Post, "tx_guard=" + token, base64.RawURLEncoding.EncodeToString(append(make([]byte, len(secret)), secret...))}
}

// thing names a thing of a slip.
func thing(slip core.ExitSlip, n int) string { return fmt.Sprint(slip.ID, "/", n) }

// lets lets one thing of a slip out, with a form of its own.
func (g guardPhone) lets(p *process, slip core.ExitSlip, n int) shot {
	form := url.Values{
		"pass": {slip.Pass.String()}, "key": {fmt.Sprintf("%016x", rand.Uint64())}, "direction": {"out"}, "act": {"release"},
		"item": {fmt.Sprint(n)},
	}
	return shot{server: p, text: thing(slip, n), show: func(client *http.Client, p *process) (bool, error) {
		address := "http://" + p.addr + "/h5/guard/" + g.post.String() + "/release"
		r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			return false, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", g.cookie)
		r.Header.Set("X-CSRF-Token", g.csrf)
		response, err := client.Do(r)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			return false, err
		case response.StatusCode == http.StatusConflict: // it has left, and what remains is shown
			return false, nil
		case response.StatusCode != http.StatusOK || !strings.Contains(string(body), "</html>"):
			return false, fmt.Errorf("a guard was answered with %s", response.Status)
		}
		return !strings.Contains(string(body), "未放行") && strings.Contains(string(body), "已放行"), nil
	}}
}

// passSite is passes of every kind at servers that share a MariaDB and a Redis, or at one embedded server.
type passSite struct {
	*passes
	t       *testing.T
	client  *http.Client
	servers []*process
	start   func() *process     // one more, or in place of one that has ended
	code    func(i int) string  // a new one of the pass with a place
	read    func() *store.Store // the servers are not needed any more
}

// eachPassSite runs a test on two servers, and on the embedded one.
func eachPassSite(t *testing.T, n, slips, doors int, test func(t *testing.T, w *passSite)) {
	t.Helper()
	t.Run("MariaDB and Redis", func(t *testing.T) {
		s := newSite(t, estate.Plan{})
		w := &passSite{passes: newPasses(t, s.Store, n, slips, doors), t: t, client: s.client, start: s.start}
		w.servers = []*process{s.start(), s.start()}
		w.code = func(i int) string {
			issued, err := s.gate.Issue(t.Context(), w.all[i].id)
			if err != nil {
				t.Fatal(err)
			}
			return issued.Text
		}
		w.read = func() *store.Store { return s.Store }
		test(t, w)
	})
	t.Run("embedded", func(t *testing.T) {
		e := &embedded{t: t, dir: t.TempDir(), client: newClient(t)}
		s := e.open()
		w := &passSite{passes: newPasses(t, s, n, slips, doors), t: t, client: e.client, start: e.start}
		sessions := make([]string, len(w.all))
		for i, p := range w.all {
			var err error
			if sessions[i], _, err = s.StartSession(t.Context(), store.NewSession{
				Kind: core.SessionWechat, Subject: w.User(p.phone, p.name), Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		w.servers = []*process{e.start()}
		w.code = func(i int) string { return e.code(w.servers[0], sessions[i], w.all[i].id) }
		w.read = func() *store.Store {
			w.servers[0].Kill()
			s := e.open()
			t.Cleanup(func() { s.Close() })
			return s
		}
		test(t, w)
	})
}

// Of fifty scans at once of a code of a visitor or a member, at different doors and two servers, exactly one opens; of fifty guards who
// let out the things of a slip at once, exactly one lets each out.
func TestEachKindIsUsedOnce(t *testing.T) {
	const scans = 50
	eachPassSite(t, few(200, 20), few(16, 4), scans, func(t *testing.T, w *passSite) {
		var together [][]shot
		for i, p := range w.all {
			if p.kind == core.PassResident {
				continue // as in TestTwoServersOpenOnceForEachToken
			}
			text := w.code(i)
			var shots []shot
			for n, door := range p.doors {
				shots = append(shots, at(w.servers[n%len(w.servers)], door, text))
			}
			together = append(together, shots)
		}
		for _, slip := range w.slips {
			var shots []shot
			for n := range scans {
				shots = append(shots, w.guard.lets(w.servers[n%len(w.servers)], slip, 1+n/2%slip.Total))
			}
			together = append(together, shots)
		}
		opened := map[string]int{}
		var mu sync.Mutex
		fire := func(x shot) {
			open, err := x.show(w.client, x.server)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%s: %v", x.text, err)
			}
			if opened[x.text] += 0; open {
				opened[x.text]++
			}
		}
		for _, shots := range together {
			var all sync.WaitGroup
			for _, x := range shots {
				all.Go(func() { fire(x) })
			}
			all.Wait()
			// A machine that is too busy to decide refuses: whom no door let through asks again, as people do.
			for _, x := range shots[:6] {
				if opened[x.text] == 0 {
					fire(x)
				}
			}
		}
		if want := len(w.all) - len(w.Residents) + 3*len(w.slips); len(opened) != want {
			t.Errorf("%d were shown, not %d", len(opened), want)
		}
		s := w.read()
		records := released(t, s, w.Community)
		for text, times := range opened {
			if times != 1 {
				t.Errorf("%s was let through %d times", text, times)
			}
			if !strings.Contains(text, "/") && records[digestOf(t, text)] != 1 { // the things of slips are counted below
				t.Errorf("%s has %d releases on record", text, records[digestOf(t, text)])
			}
		}
		w.allGone(t, s)
		if n := hostsTold(t, s, w.passes); n != len(w.of(core.PassVisitor)) {
			t.Errorf("hosts were told %d times", n)
		}
	})
}

// hostsTold counts what the hosts were told of visitors who came in.
func hostsTold(t *testing.T, s *store.Store, w *passes) int {
	t.Helper()
	for seen := 1; seen > 0; { // those whom a server that was killed had not told
		var err error
		if seen, err = s.TellOfArrivals(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := s.Messages(
		t.Context(), core.ScopeOf(w.Community), core.MessageFilter{Kind: core.MessageVisitor}, store.Page{Limit: 1000},
	)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// allGone wants each thing of each slip to have left.
func (w *passes) allGone(t *testing.T, s *store.Store) {
	t.Helper()
	for _, slip := range w.slips {
		if e, err := s.ExitSlip(t.Context(), core.Everywhere, slip.ID); err != nil || e.Gone() != e.Total {
			t.Errorf("%d of %d things left, %v", e.Gone(), e.Total, err)
		}
	}
}

// killing is a storm over passes of every kind, in which a server is killed, and one after it, in which each is shown again by a new
// code.
type killing struct {
	*passSite
	first, second *storm
	texts         map[core.ID][]string // the codes of each pass
}

// shots shows a new code of each pass to its doors from one to another, and lets each thing of each slip out as often.
func (k *killing) shots(from, to int) []shot {
	var shots []shot
	for i, p := range k.all {
		text := k.code(i)
		k.texts[p.id] = append(k.texts[p.id], text)
		for n := from; n < to; n++ {
			shots = append(shots, at(k.servers[(i+n)%len(k.servers)], p.doors[n], text))
		}
	}
	for i, slip := range k.slips {
		for n := range (to - from) * slip.Total {
			shots = append(shots, k.guard.lets(k.servers[(i+n)%len(k.servers)], slip, 1+n%slip.Total))
		}
	}
	rand.Shuffle(len(shots), func(i, j int) { shots[i], shots[j] = shots[j], shots[i] })
	return shots
}

// holds checks both storms against the records: a code opens once, a visitor comes in once whatever code they show and does come in,
// everybody else passes by the new code, and each thing of a slip has left once.
func (k *killing) holds(s *store.Store) {
	k.t.Helper()
	t := k.t
	codes, visits := map[string]int{}, map[core.ID]int{}
	all := core.RecordFilter{Result: "allowed"}
	if err := s.EachAccessRecord(t.Context(), core.ScopeOf(k.Community), all, func(r core.AccessRecord) error {
		codes[r.TokenDigest]++
		visits[r.Pass]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, err := range slices.Concat(k.first.half, k.second.half) {
		t.Error(err)
	}
	answered := 0
	for _, p := range k.all {
		through := 0
		for _, text := range k.texts[p.id] {
			opened, recorded := k.first.opened[text]+k.second.opened[text], codes[digestOf(t, text)]
			if opened > 1 || recorded > 1 || opened > recorded {
				t.Errorf("a code of %s opened %d doors and has %d records", p.kind, opened, recorded)
			}
			through += opened
		}
		answered += through
		last := k.texts[p.id][len(k.texts[p.id])-1]
		switch {
		case p.kind == core.PassVisitor && (visits[p.id] != 1 || through > 1):
			t.Errorf("a visitor has %d entries on record, and was let in %d times", visits[p.id], through)
		case p.kind != core.PassVisitor && k.second.opened[last] != 1:
			t.Errorf("a new code of %s opened %d doors", p.kind, k.second.opened[last])
		}
	}
	for _, slip := range k.slips {
		for n := range slip.Total {
			if times := k.first.opened[thing(slip, n+1)] + k.second.opened[thing(slip, n+1)]; times > 1 {
				t.Errorf("a thing left %d times", times)
			}
		}
	}
	k.allGone(t, s)
	if told, came := hostsTold(t, s, k.passes), len(k.of(core.PassVisitor)); told != came {
		t.Errorf("hosts were told %d times of %d visitors", told, came)
	}
	if k.first.silent == 0 || len(k.first.opened) == 0 || answered == 0 {
		t.Errorf("%d without an answer, %d opened: the kill did not come in the middle", k.first.silent, len(k.first.opened))
	}
	t.Logf("%d opened before, %d after, %d without an answer", len(k.first.opened), len(k.second.opened), k.first.silent)
}

// A server killed in the middle of a storm over passes of every kind breaks the single use of none: afterwards each is shown again by
// a new code, also at the server that was started again. The embedded pair has lost every code.
func TestKilledServerAndEachKind(t *testing.T) {
	const doors = 8
	n := few(80, 20)
	eachPassSite(t, n, n/4, doors, func(t *testing.T, w *passSite) {
		k := &killing{passSite: w, texts: map[core.ID][]string{}}
		k.first = &storm{workers: 32, client: w.client, after: 4 * n, do: func() { w.servers[0].Kill() }}
		k.first.rage(k.shots(0, doors/2))
		w.servers[0] = w.start()
		k.second = &storm{workers: 32, client: w.client}
		k.second.rage(k.shots(doors/2, doors))
		if k.second.silent > 0 {
			t.Errorf("%d without an answer after the restart", k.second.silent)
		}
		k.holds(w.read())
	})
}

// code requests a code of a pass from its holder's phone.
func (e *embedded) code(p *process, session string, pass core.ID) string {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, "http://"+p.addr+"/api/v1/passes/"+pass.String()+"/token", nil)
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+session)
	response, err := e.client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Text string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Text == "" {
		e.t.Fatalf("no token: %s %v", response.Status, err)
	}
	return answer.Text
}
