package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// passages returns how many random passages a property is held by: TONGXING_PASSAGES, or few.
func passages(t *testing.T, few int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("TONGXING_PASSAGES"))
	if err != nil || n < few {
		return few
	}
	return n
}

// crowd is a community through whose gates many pass on two servers at once, each of whom somebody watches: a worker has passes of its
// own, so that it knows in which order they were used.
type crowd struct {
	*testing.T
	stores [2]*Store
	clock  *testClock
	site   memberSite
	houses []core.ID
	all    []*crowdWorker
}

type crowdWorker struct {
	*crowd
	n       int
	random  *rand.Rand
	made    int // passages
	visits  []*crowdVisit
	members []*crowdMember
	gone    []*crowdVisit // whom nobody watches any more
	stayed  int           // of them, inside
}

type crowdVisit struct {
	id, pass core.ID
	name     string
	people   int
	in       bool
	out      int // let out, or noted as left
	noted    int // of out
}

type crowdMember struct {
	id, pass core.ID
	name     string
	in       bool
	disabled bool
}

// maxStayed is how many parties of one worker stay inside for good.
const maxStayed = 40

func newCrowd(t *testing.T, one, two *Store, clock *testClock) *crowd {
	t.Helper()
	c := &crowd{T: t, stores: [2]*Store{one, two}, clock: clock, site: newMemberSite(t, one)}
	var places [][]string
	for n := range 8 {
		places = append(places, []string{"2", "1", fmt.Sprint(101 + n)})
	}
	houses, err := one.CreateHouses(t.Context(), core.System, everywhere, c.site.community, places)
	mustDo(t, err)
	c.houses = houses
	for n := range houses {
		w := &crowdWorker{crowd: c, n: n, random: rand.New(rand.NewPCG(7, uint64(n)))}
		for i := range 2 {
			m := c.site.member(t, one, func(m *core.Member) {
				m.Name, m.Phone = fmt.Sprintf("骑手%d-%d", n, i), fmt.Sprintf("1370000%02d%02d", n, i)
			})
			w.members = append(w.members, &crowdMember{id: m.ID, pass: m.Pass, name: m.Name})
		}
		for range 4 {
			w.visits = append(w.visits, w.invite())
		}
		c.all = append(c.all, w)
	}
	return c
}

// invite registers a party; nil if that failed.
func (w *crowdWorker) invite() *crowdVisit {
	v := &crowdVisit{name: fmt.Sprintf("来客%d-%d", w.n, len(w.gone)+len(w.visits)), people: 1 + w.random.IntN(3)}
	s := w.stores[w.random.IntN(2)]
	id, err := s.RegisterVisit(w.Context(), core.System, everywhere, core.VisitorPass{
		House: w.houses[w.n], Name: v.name, People: v.people, Until: s.Now().Add(2 * time.Hour),
	})
	var visit core.VisitorPass
	if err == nil {
		visit, err = s.VisitorPass(w.Context(), everywhere, id)
	}
	if err != nil {
		w.Error(err)
	}
	v.id, v.pass = id, visit.Pass
	return v
}

// pass lets so many passages be made; it stops at an error.
func (w *crowdWorker) pass(n int) {
	for until := w.made + n; w.made < until && !w.Failed(); {
		w.clock.Add(time.Duration(1+w.random.IntN(2000)) * time.Millisecond)
		if w.random.IntN(3) == 0 {
			w.member()
		} else {
			w.visit()
		}
	}
}

// try is a passage by a reader or a guard, or two at once, by one server each; it returns how many were let through.
func (w *crowdWorker) try(pass core.ID, direction core.Direction) int {
	attempt := func() ScanAttempt {
		w.made++
		n := w.n + len(w.all)*w.made
		if w.random.IntN(3) == 0 {
			return w.site.scan(pass, direction, n)
		}
		return w.site.atReader(map[core.Direction]core.ID{core.In: w.site.in, core.Out: w.site.out}[direction], pass, n)
	}
	times := 1
	if w.random.IntN(10) == 0 {
		times = 2
	}
	first, through := w.random.IntN(2), [2]int{}
	var both sync.WaitGroup
	for i := range times {
		a := attempt()
		both.Go(func() {
			out, err := w.stores[(first+i)%2].Scan(w.Context(), a)
			if err != nil {
				w.Error(err)
			}
			if out.Decision.Allowed {
				through[i] = 1
			}
		})
	}
	both.Wait()
	return through[0] + through[1]
}

func (w *crowdWorker) member() {
	m := w.members[w.random.IntN(len(w.members))]
	direction := core.Directions()[w.random.IntN(2)]
	if w.try(m.pass, direction) > 0 {
		m.in = direction == core.In
	}
	if w.random.IntN(100) > 0 {
		return
	}
	change := w.stores[0].DisableMember
	if m.disabled {
		change = w.stores[1].EnableMember
	}
	m.disabled = !m.disabled
	if err := change(w.Context(), core.System, everywhere, m.id); err != nil {
		w.Error(err)
	}
}

func (w *crowdWorker) visit() {
	i := w.random.IntN(len(w.visits))
	v, direction := w.visits[i], core.Out
	if w.random.IntN(4) == 0 || !v.in && w.random.IntN(8) > 0 {
		direction = core.In
	}
	through := w.try(v.pass, direction)
	if direction == core.In {
		v.in = v.in || through > 0
	} else {
		v.out += through
	}
	if w.random.IntN(30) == 0 {
		w.leave(v)
	}
	inside := v.in && v.out < v.people
	stays := inside && w.stayed < maxStayed && w.random.IntN(40) == 0
	if v.out > 0 && !inside && w.random.IntN(3) == 0 || stays {
		w.visits[i] = w.invite()
		w.gone = append(w.gone, v)
		if stays {
			w.stayed++
		}
	}
}

// leave notes that a party has left, and half of the time takes that back.
func (w *crowdWorker) leave(v *crowdVisit) {
	s := w.stores[w.random.IntN(2)]
	batch, err := s.LeaveVisits(w.Context(), core.System, everywhere, []core.ID{v.id}, "")
	switch {
	case core.IsConflict(err):
	case err != nil:
		w.Error(err)
	case w.random.IntN(2) == 0:
		if _, err := s.UndoBatch(w.Context(), core.System, everywhere, batch.ID); err != nil {
			w.Error(err)
		}
	default:
		v.noted += v.people - v.out
		v.out = v.people
	}
}

// watched returns who is inside by what the workers saw, and by a recount of the records and of what was noted.
func (c *crowd) watched() (seen, recounted map[string]int, visits int) {
	c.Helper()
	seen, recounted = map[string]int{}, map[string]int{}
	people, party := map[core.ID]int{}, map[core.ID]string{}
	for _, w := range c.all {
		for _, v := range slices.Concat(w.gone, w.visits) {
			visits++
			party[v.pass], people[v.pass] = v.name, -v.noted
			if v.in && v.out < v.people {
				seen[v.name] = v.people - v.out
			}
		}
		for _, m := range w.members {
			if m.in {
				seen[m.name] = 1
			}
		}
	}
	known := map[core.ID]bool{} // of members, by the last passage
	let := core.RecordFilter{Result: "allowed"}
	mustDo(c.T, c.stores[0].EachAccessRecord(c.Context(), everywhere, let, func(r core.AccessRecord) error {
		if _, visitor := party[r.Pass]; !visitor {
			if !known[r.Pass] && r.Direction == core.In {
				recounted[r.Name] = 1
			}
			known[r.Pass] = true
			return nil
		}
		if people[r.Pass]--; r.Direction == core.In {
			people[r.Pass] += 1 + max(r.People, 1)
		}
		return nil
	}))
	for pass, n := range people {
		if n > 0 {
			recounted[party[pass]] = n
		}
	}
	return seen, recounted, visits
}

// Who is inside, after thousands of random passages by readers and guards on two servers at once, of visitors who are invited again and
// again and of members, with departures that were noted and taken back, is who was seen to come in and not to leave, and whom a recount
// of the records finds.
func TestWhoIsInsideEqualsARecount(t *testing.T) {
	const moments = 5
	n := passages(t, 2400)
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		c, began := newCrowd(t, one, two, clock), time.Now()
		visits, asked := 0, time.Duration(0)
		for moment := range moments {
			var workers sync.WaitGroup
			for _, w := range c.all {
				workers.Go(func() { w.pass(n / moments / len(c.all)) })
			}
			workers.Wait()
			if t.Failed() {
				return
			}
			asking := time.Now()
			all, err := c.stores[moment%2].WhoIsInside(t.Context(), everywhere, c.site.community)
			mustDo(t, err)
			asked = time.Since(asking)
			got := map[string]int{}
			for _, one := range all.List {
				got[one.Name] = one.People
			}
			var seen, recounted map[string]int
			if seen, recounted, visits = c.watched(); !maps.Equal(got, seen) || !maps.Equal(got, recounted) {
				t.Fatalf("at moment %d inside are %v, by what was seen %v, by the records %v", moment, got, seen, recounted)
			}
			if len(got) < len(c.all)/2 {
				t.Errorf("only %d are inside: the passages tell nothing", len(got))
			}
		}
		if visits < n/20 {
			t.Errorf("only %d visits in %d passages", visits, n)
		}
		t.Logf("%d passages, %d visits, in %v; the last answer took %v", n, visits, time.Since(began).Round(time.Second),
			asked.Round(time.Millisecond))
	})
}

// Overdue is each kind by its own hours; another community's people are not called, and members long ago are not taken to be inside.
func TestWhoIsOverdueByKind(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Stay, r.Member = 3, 1 })
		own := p.invite(t, s, nil)
		m := p.member(t, s, nil)
		mustScan(t, s, p.atReader(p.in, own.Pass, 1))
		mustScan(t, s, p.atReader(p.in, m.Pass, 2))
		late := func() map[core.PassKind]bool {
			t.Helper()
			all, err := s.WhoIsInside(t.Context(), core.ScopeOf(p.community), p.community)
			if err != nil {
				t.Fatal(err)
			}
			got := map[core.PassKind]bool{}
			for _, one := range all.List {
				got[one.Kind] = one.Late
			}
			return got
		}
		for i, step := range []struct {
			after time.Duration
			want  map[core.PassKind]bool
		}{
			{0, map[core.PassKind]bool{core.PassVisitor: false, core.PassDedicated: false}},
			{2 * time.Hour, map[core.PassKind]bool{core.PassVisitor: false, core.PassDedicated: true}},
			{2 * time.Hour, map[core.PassKind]bool{core.PassVisitor: true, core.PassDedicated: true}},
			{core.InsideLookback, map[core.PassKind]bool{core.PassVisitor: true}},
		} {
			clock.Add(step.after)
			if got := late(); !maps.Equal(got, step.want) {
				t.Errorf("step %d: %v, want %v", i, got, step.want)
			}
		}
		_, err := s.WhoIsInside(t.Context(), core.ScopeOf(1), p.community)
		wantCode(t, err, core.CodeNotFound)
	})
}

// Of more people than a roll call has room for, it has those who came last, and the counts are of all; who came a week ago is doubted.
func TestARollCallOfTooMany(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Stay, r.Member = 3, 1 })
		n := 0
		visits := func(names ...string) {
			for _, name := range names {
				own := p.invite(t, s, func(v *core.VisitorPass) { v.Name, v.Phone, v.Plate = name, "", "" })
				n++
				mustScan(t, s, p.atReader(p.in, own.Pass, n))
				clock.Add(time.Second)
			}
		}
		visits("甲", "乙")
		clock.Add(core.InsideDoubt)
		visits("丙", "丁")
		for i := range 3 {
			m := p.member(t, s, func(m *core.Member) { m.Name, m.Phone = fmt.Sprintf("骑手%d", i), fmt.Sprintf("1370000777%d", i) })
			n++
			mustScan(t, s, p.atReader(p.in, m.Pass, n))
			clock.Add(time.Second)
		}
		clock.Add(2 * time.Hour)
		for most, want := range map[int]string{
			9: "骑手2 骑手1 骑手0 丁 丙 乙 甲 ", 3: "骑手2 骑手1 骑手0 丁 丙 乙 ", 1: "骑手2 丁 ",
		} {
			roll, err := s.whoIsInside(t.Context(), everywhere, p.community, most)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, one := range roll.List {
				got += one.Name + " "
			}
			if got != want || roll.Parties != 7 || roll.People != 11 || roll.Late != 5 || roll.Doubtful != 2 {
				t.Errorf("of room for %d: %s %+v", most, got, roll)
			}
		}
	})
}
