package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// passModel is what the test knows of a community's passes: a second, simpler account of the rules, which the store must agree with.
type passModel struct {
	exits   int // of the community's rule; counted is by what
	days    int
	counted core.Counting
	houses  []modelHouse
	holders []modelHolder
	barred  map[string]core.Day // phone → the last day; 0 = without end
	used    map[int]bool        // codes that have released
}

// modelHouse is a house's restriction and the exits of all who live there.
type modelHouse struct {
	restricted bool
	exits      int
	last       core.Day // 0 = until it is lifted
	gone       map[core.Day]int
}

// modelHolder is a pass of any kind.
type modelHolder struct {
	kind  core.PassKind
	pass  core.ID
	row   core.ID // the resident, the visit, the member or the slip
	house int
	ended bool      // moved out, revoked, disabled
	from  time.Time // slips
	until time.Time // visitors and slips

	last           core.Day // of a member
	phone          string   // of a visitor
	people         int
	urgent, vouchd time.Time // until when a household has said that of the next exit
	gone           map[core.Day]int
	mask           uint64 // of things that have left
	ins, outs      int    // releases
}

func (m *passModel) clone() *passModel {
	c := *m
	c.houses, c.holders = slices.Clone(m.houses), slices.Clone(m.holders)
	for i := range c.houses {
		c.houses[i].gone = maps.Clone(c.houses[i].gone)
	}
	for i := range c.holders {
		c.holders[i].gone = maps.Clone(c.holders[i].gone)
	}
	c.barred, c.used = maps.Clone(m.barred), maps.Clone(m.used)
	return &c
}

// try is one attempt to pass.
type try struct {
	holder int
	code   int
	way    core.Direction
	via    core.Via
	items  []int
	urgent bool // the guard wants to release urgently
}

// limit returns the exits of a house on a day.
func (m *passModel) limit(house int, day core.Day) int {
	if h := m.houses[house]; h.restricted && (h.last == 0 || day <= h.last) {
		return h.exits
	}
	return m.exits
}

// may reports whether the rules let a try through, and if not, whether an emergency would.
func (m *passModel) may(a try, now time.Time) (yes, urgently bool) {
	h, day := &m.holders[a.holder], core.DayOf(now, testZone)
	closed := h.kind != core.PassDedicated && m.limit(h.house, day) < 0
	out := a.way == core.Out
	switch h.kind {
	case core.PassResident:
		gone := 0
		for d := day; d > day-core.Day(m.days); d-- {
			if m.counted == core.CountPerson {
				gone += h.gone[d]
			} else {
				gone += m.houses[h.house].gone[d]
			}
		}
		limit := m.limit(h.house, day)
		spent := out && limit > 0 && gone >= limit
		return !h.ended && !closed && !spent, !h.ended
	case core.PassVisitor:
		if out {
			return a.via != core.ViaReader || h.ins > 0 && h.outs < h.people, false
		}
		last, listed := m.barred[h.phone]
		good := h.ins+h.outs == 0 && !(listed && (last == 0 || day <= last)) && !h.ended && !m.holders[0].ended && !now.After(h.until)
		return good && !closed, good
	case core.PassDedicated:
		return !h.ended && day <= h.last, false
	}
	good := out && a.via != core.ViaReader && !h.ended && core.ExitMask(a.items)&h.mask == 0 && !now.Before(h.from) && !now.After(h.until)
	return good && !closed, good
}

// pass reports whether a try is let through, and notes what that changes.
func (m *passModel) pass(a try, now time.Time) bool {
	h, day := &m.holders[a.holder], core.DayOf(now, testZone)
	yes, urgently := m.may(a, now)
	urgently = !yes && urgently && (a.urgent && a.via != core.ViaReader || a.way == core.Out && h.urgent.After(now))
	if m.used[a.code] || !yes && !urgently {
		return false
	}
	m.used[a.code] = true
	if a.way == core.In {
		h.ins++
		return true
	}
	h.outs++
	h.mask |= core.ExitMask(a.items)
	if h.kind == core.PassResident {
		h.gone[day]++
		m.houses[h.house].gone[day]++
	}
	if h.vouchd.After(now) || urgently && !h.urgent.IsZero() {
		h.vouchd, h.urgent = time.Time{}, time.Time{}
	}
	return true
}

// passMove is something that happens: what it does in a store, and what the model makes of it. Both tell whether it came to anything.
type passMove struct {
	name  string
	try   *try
	store func(s *Store) error
	model func(m *passModel) bool
}

// passSequence is a community on two servers, to which things happen at random.
type passSequence struct {
	*testing.T
	random  *rand.Rand
	clock   *testClock
	options Options
	stores  [2]*Store
	crash   crash
	over    overtaker
	site    memberSite
	// model is one of those that are possible: of two acts at once it may not be known which came last.
	model    *passModel
	possible []*passModel
	codes    map[int][]int // of a holder
	code     int           // the last one
	mu       sync.Mutex
	batches  map[core.ID]core.ID // slip → the batch that revoked it
	did      map[string]int
	phones   int
}

// crash lets one transaction end without a commit.
type crash struct {
	mu    sync.Mutex
	armed bool
}

var errCrashed = errors.New("the server has crashed")

func (c *crash) end(op string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed || strings.HasSuffix(op, "node") || strings.HasSuffix(op, "node number") {
		return nil
	}
	c.armed = false
	return errCrashed
}

func (c *crash) arm(armed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = armed
}

func newPassSequence(t *testing.T, o Options) *passSequence {
	t.Helper()
	w := &passSequence{
		T: t, random: rand.New(rand.NewPCG(12, 20261130)), clock: newTestClock(), codes: map[int][]int{},
		batches: map[core.ID]core.ID{}, did: map[string]int{},
	}
	o.Now, o.beforeCommit, o.onQuery = w.clock.Now, w.crash.end, w.over.query
	w.options = o
	for i := range w.stores {
		w.open(i)
	}
	t.Cleanup(func() {
		for _, s := range w.stores {
			if s != nil {
				mustDo(t, s.Close())
			}
		}
	})
	s := w.stores[0]
	w.site = newMemberSite(t, s)
	w.site.allowUrgent(t, s, true)
	newResident(t, s, w.site.community, w.site.houses[0], "李奶奶", "13900007777")
	user := newWechatUserWithPhone(t, s, "o-family", "13900007777")
	w.model = &passModel{
		houses: []modelHouse{{gone: map[core.Day]int{}}, {gone: map[core.Day]int{}}}, barred: map[string]core.Day{}, used: map[int]bool{},
	}
	w.possible = []*passModel{w.model}
	for i, who := range []core.WechatUser{w.site.host, user, newWechatUserWithPhone(t, s, "o13900000001", "13900000001")} {
		passes, err := s.PassesOfUser(t.Context(), who)
		if err != nil || len(passes) != 1 {
			t.Fatal(len(passes), err)
		}
		w.add(modelHolder{kind: core.PassResident, pass: passes[0].ID, row: passes[0].Holder, house: i / 2, gone: map[core.Day]int{}})
	}
	m := w.site.member(t, s, func(m *core.Member) { m.Until = today(s) + 3 })
	w.add(modelHolder{kind: core.PassDedicated, pass: m.Pass, row: m.ID, last: m.Until})
	return w
}

func (w *passSequence) open(i int) {
	w.Helper()
	s, err := Open(w.Context(), w.options)
	if err != nil {
		w.Fatal(err)
	}
	w.stores[i] = s
}

func (w *passSequence) add(h modelHolder) {
	for _, m := range w.possible {
		m.holders = append(m.holders, h)
	}
}

// keep keeps the models that are still possible, each once; it returns false if there are none.
func (w *passSequence) keep(models []*passModel) bool {
	if len(models) == 0 {
		return false
	}
	w.possible = w.possible[:0]
	for _, m := range models {
		if !slices.ContainsFunc(w.possible, func(known *passModel) bool { return reflect.DeepEqual(known, m) }) {
			w.possible = append(w.possible, m)
		}
	}
	w.model = w.possible[0]
	return true
}

// after returns what is possible after a move that came to what it did.
func (w *passSequence) after(m passMove, got bool) (models []*passModel) {
	for _, before := range w.possible {
		if c := before.clone(); m.model(c) == got {
			models = append(models, c)
		}
	}
	return models
}

// invite lets a visitor have a pass to the first house.
func (w *passSequence) invite() {
	w.Helper()
	w.phones++
	h := modelHolder{
		kind: core.PassVisitor, phone: fmt.Sprintf("137%08d", w.phones), people: 1 + w.random.IntN(3),
		until: w.clock.Now().Add(time.Duration(30+w.random.IntN(300)) * time.Minute),
	}
	v := core.VisitorPass{House: w.site.houses[0], Name: "来客", Phone: h.phone, People: h.people, Until: h.until}
	id, err := w.stores[0].RegisterVisit(w.Context(), core.System, everywhere, v)
	if err == nil {
		// By the host, so that it ends with the host's tie.
		w.stores[0].mustRun(w.T, "UPDATE visitor_pass SET resident_id = ? WHERE id = ?", int64(w.model.holders[0].row), int64(id))
		v, err = w.stores[0].VisitorPass(w.Context(), everywhere, id)
	}
	if err != nil {
		w.Fatal(err)
	}
	h.row, h.pass = id, v.Pass
	w.add(h)
}

// issue issues a slip of three things of the first house.
func (w *passSequence) issue() {
	w.Helper()
	id, err := w.stores[0].CreateExitSlip(w.Context(), core.System, everywhere, core.ExitSlip{
		House: w.site.houses[0], Name: "张三", Reason: "搬家", Planned: w.clock.Now().Add(time.Hour),
		Items: []core.ExitItem{{Name: "冰箱", Count: 1}, {Name: "沙发", Count: 2}, {Name: "纸箱", Count: 12}},
	})
	if err != nil {
		w.Fatal(err)
	}
	e, err := w.stores[0].ExitSlip(w.Context(), everywhere, id)
	if err != nil {
		w.Fatal(err)
	}
	w.add(modelHolder{kind: core.PassExitSlip, pass: e.Pass, row: id, from: e.From, until: e.Until})
}

// some returns a holder at random: any, or one of a kind; rather a late one, which is not spent. -1 = there is none.
func (w *passSequence) some(kind core.PassKind) int {
	var all []int
	for i, h := range w.model.holders {
		if kind == "" || h.kind == kind {
			all = append(all, i)
		}
	}
	if kind == "" { // each kind as often as the others
		return w.some(core.PassKinds()[w.random.IntN(len(core.PassKinds()))])
	}
	if len(all) == 0 {
		return -1
	}
	if kind != core.PassResident && len(all) > 3 {
		all = all[len(all)-3:]
	}
	return all[w.random.IntN(len(all))]
}

// newCode issues a code for a pass; the ones before stay, as with a cache that has forgotten everything.
func (w *passSequence) newCode(holder int) int {
	w.code++
	w.codes[holder] = append(w.codes[holder], w.code)
	return w.code
}

// scan is somebody who shows a pass: at a reader, with a code that may be used or older than the last; to a guard; or a guard's form.
func (w *passSequence) scan(holder int) passMove {
	a := try{
		holder: holder, way: core.Directions()[w.random.IntN(2)], urgent: w.random.IntN(5) == 0,
		via: []core.Via{core.ViaReader, core.ViaReader, core.ViaGuard, core.ViaManual}[w.random.IntN(4)],
	}
	if w.model.holders[holder].kind == core.PassExitSlip {
		a.via = core.ViaManual
		if w.random.IntN(8) > 0 {
			a.way = core.Out
		}
		for n := 1; n <= 3; n++ {
			if w.random.IntN(3) == 0 || n == 3 && a.items == nil {
				a.items = append(a.items, n)
			}
		}
	}
	if known := w.codes[holder]; a.via != core.ViaManual && len(known) > 0 && w.random.IntN(2) == 0 {
		a.code = known[len(known)-1-w.random.IntN(min(3, len(known)))]
	} else {
		a.code = w.newCode(holder)
		w.did["issue"]++
	}
	if a.via == core.ViaManual {
		w.codes[holder] = slices.DeleteFunc(w.codes[holder], func(c int) bool { return c == a.code }) // a form is no code
	}
	return w.tried(a)
}

// tried is the move of an attempt.
func (w *passSequence) tried(a try) passMove {
	return passMove{
		name: "scan", try: &a,
		store: func(s *Store) error {
			out, err := s.Scan(w.Context(), w.attempt(a))
			if err == nil && !out.Decision.Allowed {
				err = core.Conflict(string(out.Decision.Reason))
			}
			return err
		},
		model: func(m *passModel) bool { return m.pass(a, w.clock.Now()) },
	}
}

// attempt returns a try as the store is asked. Every code is live: the cache keeps nobody from showing one again.
func (w *passSequence) attempt(a try) ScanAttempt {
	s := ScanAttempt{
		Via: a.via, Direction: a.way, Pass: w.model.holders[a.holder].pass, Token: core.TokenLive,
		TokenDigest: fmt.Sprintf("%064x", a.code), Items: a.items,
	}
	if a.via == core.ViaReader {
		s.Reader = map[core.Direction]core.ID{core.In: w.site.in, core.Out: w.site.out}[a.way]
		return s
	}
	s.Post, s.GuardName = w.site.post, "李师傅"
	if a.urgent {
		s.UrgentFor = "就医急诊"
	}
	return s
}

// act is an act of the office or of a household.
func (w *passSequence) act() passMove {
	now, system := w.clock.Now(), core.System
	day := core.DayOf(now, testZone)
	lasts := []core.Day{0, day, day + 1}
	last := lasts[w.random.IntN(len(lasts))]
	switch n := w.random.IntN(13); n {
	case 0, 1, 2:
		exits, house := []int{-1, 0, 1 + w.random.IntN(3)}[n], w.random.IntN(2)
		return passMove{name: []string{"restrict -1", "restrict 0", "restrict n"}[n], store: func(s *Store) error {
			return discard(s.CreateRestrictions(w.Context(), system, everywhere, RestrictionChange{
				Community: w.site.community, Houses: []core.ID{w.site.houses[house]}, Announced: []core.ID{w.site.houses[house]},
				Restriction: core.Restriction{Exits: exits, Reason: "隔离", LastDay: last},
			}))
		}, model: func(m *passModel) bool {
			h := &m.houses[house]
			h.restricted, h.exits, h.last = true, exits, last
			return true
		}}
	case 3, 4:
		house := w.random.IntN(2)
		return passMove{name: "lift", store: func(s *Store) error {
			return discard(s.LiftRestriction(w.Context(), system, everywhere, w.site.houses[house]))
		}, model: func(m *passModel) (held bool) {
			held, m.houses[house].restricted = m.houses[house].restricted, false
			return held
		}}
	case 5, 6:
		if i := w.some(core.PassVisitor); i >= 0 && len(w.model.barred) < 4 {
			return w.barring(w.model.holders[i].phone, last, day)
		}
		if len(w.model.barred) > 0 {
			return w.unbarring(slices.Sorted(maps.Keys(w.model.barred))[w.random.IntN(len(w.model.barred))])
		}
	case 7:
		i := w.random.IntN(3)
		tie := w.model.holders[i].row
		return passMove{name: "move out", store: func(s *Store) error { return s.MoveOut(w.Context(), system, everywhere, tie) },
			model: func(m *passModel) (was bool) {
				was, m.holders[i].ended = !m.holders[i].ended, true
				return was
			}}
	case 8:
		i := w.random.IntN(3)
		for j := range 3 {
			if w.model.holders[j].ended {
				i = j
			}
		}
		tie := w.model.holders[i].row
		return passMove{name: "move back", store: func(s *Store) error { return s.RestoreResident(w.Context(), system, everywhere, tie) },
			model: func(m *passModel) (was bool) {
				was, m.holders[i].ended = m.holders[i].ended, false
				return was
			}}
	case 9:
		return passMove{name: "declare urgent", store: func(s *Store) error {
			return s.DeclareUrgent(w.Context(), system, w.site.host, w.model.holders[0].pass, "就医急诊")
		}, model: func(m *passModel) bool {
			if !m.holders[0].ended {
				m.holders[0].urgent = now.Add(core.PassAidLife)
			}
			return !m.holders[0].ended
		}}
	case 10:
		return passMove{name: "vouch", store: func(s *Store) error {
			return discard(s.VouchExit(w.Context(), system, w.site.host, w.model.holders[0].pass, w.model.holders[1].pass))
		}, model: func(m *passModel) bool {
			may := !m.holders[0].ended && !m.holders[1].ended
			if may {
				m.holders[1].vouchd = now.Add(core.PassAidLife)
			}
			return may
		}}
	case 11:
		return w.revoking()
	case 12:
		return w.restoring()
	}
	return w.scan(w.some(""))
}

func (w *passSequence) barring(phone string, last, day core.Day) passMove {
	return passMove{name: "blacklist", store: func(s *Store) error {
		blocks, err := core.ReadBlocks(phone, "多次滋扰", last, day)
		if err != nil {
			return err
		}
		return discard(s.CreateVisitorBlocks(w.Context(), core.System, everywhere, w.site.community, blocks))
	}, model: func(m *passModel) bool {
		m.barred[phone] = last
		return true
	}}
}

func (w *passSequence) unbarring(phone string) passMove {
	return passMove{name: "off the blacklist", store: func(s *Store) error {
		list, _, err := s.VisitorBlocks(w.Context(), everywhere, VisitorBlockFilter{Keyword: phone, Page: Page{Limit: 1}})
		if err == nil && len(list) == 0 {
			return core.Conflict("not on it")
		}
		if err != nil {
			return err
		}
		return s.RemoveVisitorBlock(w.Context(), core.System, everywhere, list[0].ID)
	}, model: func(m *passModel) bool {
		_, listed := m.barred[phone]
		delete(m.barred, phone)
		return listed
	}}
}

// revoking revokes what a holder at random has, or disables a member.
func (w *passSequence) revoking() passMove {
	now := w.clock.Now()
	i := w.some([]core.PassKind{core.PassVisitor, core.PassDedicated, core.PassExitSlip}[w.random.IntN(3)])
	h := w.model.holders[max(i, 0)]
	switch h.kind {
	case core.PassVisitor:
		return passMove{name: "revoke", store: func(s *Store) error {
			return s.RevokeVisitorPass(w.Context(), core.System, everywhere, h.row)
		}, model: func(m *passModel) bool {
			h := &m.holders[i]
			if h.ended || h.ins+h.outs > 0 {
				return false
			}
			h.ended = true
			return true
		}}
	case core.PassExitSlip:
		return passMove{name: "revoke", store: func(s *Store) error {
			batch, err := s.RevokeExitSlips(w.Context(), core.System, everywhere, []core.ID{h.row})
			if err == nil {
				w.mu.Lock()
				w.batches[h.row] = batch.ID
				w.mu.Unlock()
			}
			return err
		}, model: func(m *passModel) bool {
			h := &m.holders[i]
			if h.ended || h.mask == 7 || now.After(h.until) {
				return false
			}
			h.ended = true
			return true
		}}
	}
	return passMove{name: "revoke", store: func(s *Store) error {
		return s.DisableMember(w.Context(), core.System, everywhere, w.model.holders[3].row)
	}, model: func(m *passModel) bool { m.holders[3].ended = true; return true }}
}

// restoring undoes the revocation of a slip, or enables or renews the member.
func (w *passSequence) restoring() passMove {
	now := w.clock.Now()
	for i := len(w.model.holders) - 1; i > 3 && w.random.IntN(3) > 0; i-- {
		h := w.model.holders[i]
		batch := w.batches[h.row]
		if h.kind != core.PassExitSlip || !h.ended || batch == 0 {
			continue
		}
		return passMove{name: "undo", store: func(s *Store) error {
			return discard(s.UndoBatch(w.Context(), core.System, everywhere, batch))
		}, model: func(m *passModel) bool { m.holders[i].ended = false; return true }}
	}
	member := w.model.holders[3].row
	if today := core.DayOf(now, testZone); w.model.holders[3].last < today {
		return passMove{name: "renew", store: func(s *Store) error {
			return discard(s.RenewMembers(w.Context(), core.System, everywhere, []core.ID{member}, core.MemberRenewals[0], ""))
		}, model: func(m *passModel) bool {
			m.holders[3].last = core.Member{Until: m.holders[3].last}.Renewed(core.MemberRenewals[0], today)
			return true
		}}
	}
	return passMove{name: "undo", store: func(s *Store) error { return s.EnableMember(w.Context(), core.System, everywhere, member) },
		model: func(m *passModel) bool { m.holders[3].ended = false; return true }}
}

// happened reports whether a move came to something; what is not an answer ends the test.
func (w *passSequence) happened(m passMove, err error) bool {
	w.Helper()
	if err != nil && !core.IsConflict(err) && !core.IsNotFound(err) {
		w.Fatalf("%s: %v", m.name, err)
	}
	return err == nil
}

// one lets one thing happen.
func (w *passSequence) one(m passMove, s *Store) {
	w.Helper()
	err := m.store(s)
	got := w.happened(m, err)
	if !w.keep(w.after(m, got)) {
		w.Fatalf("%s: %v (%v), against the rules; of %s", m.name, got, err, w.model.tell(m))
	}
	w.note(m, got)
}

func (w *passSequence) note(m passMove, happened bool) {
	if m.try == nil {
		w.did[m.name]++
	} else {
		w.did[fmt.Sprintf("%s %s %v", m.name, w.model.holders[m.try.holder].kind, happened)]++
	}
}

// tell describes what a move is about.
func (m *passModel) tell(move passMove) string {
	if move.try == nil {
		return fmt.Sprintf("%+v", m.houses)
	}
	h := m.holders[move.try.holder]
	return fmt.Sprintf("%+v by %+v in %+v, blacklist %v", *move.try, h, m.houses[h.house], m.barred)
}

// both lets two things happen at once: on two servers, or two scans in one batch of one, or one while a scan on the other server has
// decided and not written yet. What becomes of them is what becomes of one after the other, in one of the two orders.
func (w *passSequence) both(a, b passMove) {
	w.Helper()
	if a.try != nil && b.try != nil && a.try.code == b.try.code { // at two doors: one that asks again gets the answer again
		one, two := *a.try, *b.try
		one.via, two.via = core.ViaReader, core.ViaGuard
		a, b = w.tried(one), w.tried(two)
	}
	if a.try == nil && b.try != nil {
		a, b = b, a
	}
	var errs [2]error
	how := w.random.IntN(3)
	together := a.try != nil && b.try != nil && how == 0
	if together {
		outcomes, failed := w.stores[0].scanBatch(w.Context(), []ScanAttempt{w.attempt(*a.try), w.attempt(*b.try)})
		for i := range errs {
			if errs[i] = failed[i]; errs[i] == nil && !outcomes[i].Decision.Allowed {
				errs[i] = core.Conflict(string(outcomes[i].Decision.Reason))
			}
		}
	} else if a.try != nil && how == 1 && !w.stores[0].db.Serial() { // SQLite lets nobody come between
		w.over.at(func() { errs[1] = b.store(w.stores[1]) }, scanWrites...)
		errs[0] = a.store(w.stores[0])
		if w.did["overtaken"]++; !w.over.came() {
			w.over.at(nil)
			errs[1] = b.store(w.stores[1])
		}
	} else {
		var wait sync.WaitGroup
		wait.Go(func() { errs[0] = a.store(w.stores[0]) })
		wait.Go(func() { errs[1] = b.store(w.stores[1]) })
		wait.Wait()
	}
	got := [2]bool{w.happened(a, errs[0]), w.happened(b, errs[1])}
	var models []*passModel
	for _, before := range w.possible {
		if c := before.clone(); a.model(c) == got[0] && b.model(c) == got[1] {
			models = append(models, c)
		}
		if c := before.clone(); !together && b.model(c) == got[1] && a.model(c) == got[0] {
			models = append(models, c)
		}
	}
	if !w.keep(models) {
		w.Fatalf("%s and %s at once (one batch: %v): %v (%v), against the rules in either order; of %s and %s",
			a.name, b.name, together, got, errs, w.model.tell(a), w.model.tell(b))
	}
	w.note(a, got[0])
	w.note(b, got[1])
	w.did["two at once"]++
}

// crashed lets a server crash: before a move is committed, which then has not happened, or after it, so that nobody is told. It is
// started again.
func (w *passSequence) crashed(m passMove) {
	w.Helper()
	before, i := w.random.IntN(2) == 0, w.random.IntN(2)
	if !before {
		w.one(m, w.stores[i])
	} else {
		w.crash.arm(true)
		err := m.store(w.stores[i])
		w.crash.arm(false)
		if !errors.Is(err, errCrashed) { // it had nothing to write
			if got := w.happened(m, err); !w.keep(w.after(m, got)) {
				w.Fatalf("%s: %v, against the rules; of %s", m.name, got, w.model.tell(m))
			}
		}
	}
	// The other one is started again, too: its number is leased by the clock, which jumps.
	w.clock.Add(time.Second)
	for i, s := range w.stores {
		mustDo(w.T, s.Close())
		w.stores[i] = nil
	}
	for i := range w.stores {
		w.open(i)
	}
	w.did[fmt.Sprintf("crash, before the commit: %v", before)]++
}

// emergency shuts a house of which somebody says that it is urgent, or vouches for another, and who then comes and goes.
func (w *passSequence) emergency() {
	w.Helper()
	holder := w.random.IntN(2)
	for _, name := range []string{"restrict -1", []string{"declare urgent", "vouch"}[holder]} {
		if name == "restrict -1" && w.random.IntN(2) == 0 {
			continue
		}
		m := w.act()
		for m.name != name {
			m = w.act()
		}
		w.one(m, w.stores[0])
	}
	for range 3 {
		w.clock.Add(6 * time.Second)
		w.one(w.scan(holder), w.stores[w.random.IntN(2)])
	}
}

// move is a scan, or sometimes an act.
func (w *passSequence) move() passMove {
	if w.random.IntN(5) < 2 {
		return w.act()
	}
	return w.scan(w.some(""))
}

// Whatever happens to passes of every kind, one thing after the other, two at once on two servers, with crashes in between, the store
// lets through exactly whom the rules let through: a single-use pass once, each thing of a slip once, a resident as often as is
// allowed, a code once.
func TestNoSequenceReleasesAgainstTheRules(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		w := newPassSequence(t, o)
		for _, counting := range []core.Counting{core.CountPerson, core.CountHousehold} {
			rule, err := w.stores[0].PassRule(t.Context(), everywhere, w.site.community)
			mustDo(t, err)
			rule.Counting, rule.Exits, rule.PeriodDays = counting, 2, 2
			mustDo(t, w.stores[0].UpdatePassRule(t.Context(), core.System, everywhere, rule))
			for _, m := range w.possible {
				m.counted, m.exits, m.days = counting, 2, 2
			}
			for step := range 200 {
				w.clock.Add(time.Duration(6+w.random.IntN(120)) * time.Second)
				if step%8 == 0 {
					w.invite()
				}
				if step%12 == 0 {
					w.issue()
				}
				switch n := w.random.IntN(20); {
				case n < 9:
					w.one(w.move(), w.stores[w.random.IntN(2)])
				case n < 13:
					w.both(w.move(), w.move())
				case n < 16: // of one pass
					holder := w.some("")
					a, b := w.scan(holder), w.scan(holder)
					if w.random.IntN(4) == 0 {
						again := *b.try
						if again.code = a.try.code; again.via != core.ViaManual && a.try.via != core.ViaManual {
							b = w.tried(again)
						}
					}
					w.both(a, b)
				case n < 17:
					w.emergency()
				case n < 18:
					w.crashed(w.move())
				default:
					w.clock.Add(time.Duration(1+w.random.IntN(9)) * time.Hour)
					w.did["expire"]++
				}
			}
		}
		w.recount()
		for _, step := range []string{
			"issue", "two at once", "revoke", "undo", "expire", "restrict -1", "restrict 0", "restrict n", "lift", "blacklist",
			"off the blacklist", "move out", "move back", "declare urgent", "vouch", "crash, before the commit: true",
			"crash, before the commit: false",
		} {
			if w.did[step] < 3 {
				t.Errorf("%s came %d times: the sequences tell nothing of it", step, w.did[step])
			}
		}
		if !w.stores[0].db.Serial() && w.did["overtaken"] < 20 {
			t.Errorf("%d scans were overtaken", w.did["overtaken"])
		}
		for _, kind := range core.PassKinds() {
			for _, happened := range []bool{true, false} {
				if n := w.did[fmt.Sprintf("scan %s %v", kind, happened)]; n < 15 {
					t.Errorf("scans of %s, let through %v: %d", kind, happened, n)
				}
			}
		}
		t.Log(len(w.possible), w.did)
	})
}

// recount compares the records and the passes with the model.
func (w *passSequence) recount() {
	w.Helper()
	s := w.stores[0]
	releases := map[core.ID][2]int{}
	mustDo(w.T, s.EachAccessRecord(w.Context(), everywhere, core.RecordFilter{Result: "allowed"}, func(r core.AccessRecord) error {
		n := releases[r.Pass]
		if r.Direction == core.In {
			n[0]++
		} else {
			n[1]++
		}
		releases[r.Pass] = n
		return nil
	}))
	for i, h := range w.model.holders {
		if n := releases[h.pass]; n != [2]int{h.ins, h.outs} {
			w.Errorf("%d, %s: %v releases on record, answered %d and %d", i, h.kind, n, h.ins, h.outs)
		}
		switch h.kind {
		case core.PassVisitor:
			v, err := s.VisitorPass(w.Context(), everywhere, h.row)
			if err != nil || h.ins > 1 || v.Entered.IsZero() != (h.ins == 0) || v.Gone != h.outs {
				w.Errorf("%d came in %d times, left %d times: %+v, %v", i, h.ins, h.outs, v, err)
			}
		case core.PassExitSlip:
			e, err := s.ExitSlip(w.Context(), everywhere, h.row)
			if err != nil || e.LeftMask != h.mask {
				w.Errorf("%d: %b left of %+v, %v", i, h.mask, e, err)
			}
		}
	}
}
