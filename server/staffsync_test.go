package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const syncCorp = "ww00000000000000a1"

// syncSite is a store with a company on WeWork, which is the simulator.
type syncSite struct {
	t     testing.TB
	store *store.Store
	sim   *simulator.Simulator
	wx    *wechat.Client
	app   core.ID
	calls atomic.Int64
	now   atomic.Int64 // how far the store's clock is ahead
	fail  atomic.Int64 // calls after which the platform answers 502; 0 = never
	// onMember is called before WeWork answers who a member is.
	onMember func()
}

func newSyncSite(t testing.TB, change func(c *simulator.Corp)) *syncSite {
	t.Helper()
	s := &syncSite{t: t}
	s.store = estate.Store(t, store.Options{
		SQLitePath: estate.SQLite(t), Now: func() time.Time { return time.Now().Add(time.Duration(s.now.Load())) },
	})
	s.sim = simulator.New(simulator.Options{})
	corp := simulator.Corp{
		CorpID: syncCorp, Sync: simulator.Agent{Secret: "contact"}, Agents: []simulator.Agent{{ID: 2, Secret: "app", Visible: []int{2}}},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}, {ID: 2, Parent: 1, Name: "工程部"}, {ID: 3, Parent: 2, Name: "维修组"},
			{ID: 4, Parent: 1, Name: "总部"}},
		Members: []simulator.CorpMember{
			{UserID: "Li", Name: "李娜", Position: "主管", Departments: []int{2, 3}, Mobile: "13700000001"},
			{UserID: "wang", Name: "王五", Departments: []int{3}}, {UserID: "boss", Name: "老板", Departments: []int{4}},
		},
	}
	if change != nil {
		change(&corp)
	}
	s.sim.AddCorp(corp)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := s.calls.Add(1); s.fail.Load() != 0 && n > s.fail.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if s.onMember != nil && strings.HasSuffix(r.URL.Path, "/user/get") {
			s.onMember()
		}
		s.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	redis := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { redis.Close() })
	s.wx = wechat.New(wechat.Options{APIBase: server.URL, LoopbackOnly: true, Tokens: wechat.NewRedisTokens(redis)})
	id, err := s.store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: syncCorp, Agent: 2, Scope: core.Everywhere},
		Keys: core.WechatKeys{
			Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.app = id
	return s
}

// server returns a server of its own name.
func (s *syncSite) server(name string) *staffSyncer {
	app := s.wx.CorpApp(wechat.CorpOptions{CorpID: syncCorp, Secret: "app", Agent: 2})
	contact := s.wx.CorpApp(wechat.CorpOptions{CorpID: syncCorp, Secret: "contact"})
	return &staffSyncer{
		name: name, store: s.store, log: hygiene.Logger(s.t), poll: syncPoll, calls: 4,
		corps: func(context.Context, core.ID) (*wechat.CorpApp, *wechat.CorpApp) { return app, contact },
	}
}

func (s *syncSite) ask() {
	s.t.Helper()
	if err := s.store.AskStaffSync(s.t.Context(), core.System, core.Everywhere, s.app); err != nil {
		s.t.Fatal(err)
	}
}

func (s *syncSite) run(y *staffSyncer) core.StaffSync {
	s.t.Helper()
	if err := y.runAll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	state, err := s.store.StaffSync(s.t.Context(), s.app)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

func (s *syncSite) staff(f store.StaffFilter) map[string]core.Staff {
	s.t.Helper()
	list, _, err := s.store.StaffList(s.t.Context(), core.Everywhere, f)
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]core.Staff{}
	for _, m := range list {
		found[m.Name] = m
	}
	return found
}

// A binding is synced at once: departments and members in the app's range, without phones; what is filled in by
// hand stays, what changed comes over, and who is not there any more leaves.
func TestStaffSync(t *testing.T) {
	s := newSyncSite(t, nil)
	y := s.server("a")
	state := s.run(y)
	if state.Problem != "" || state.Run != 0 || state.Words() != "增加 2 人，变更 0 人，离职 0 人" {
		t.Fatalf("the first: %+v", state)
	}
	found := s.staff(store.StaffFilter{})
	li := found["李娜"]
	if len(found) != 2 || li.Phone != "" || li.Position != "主管" || len(li.Departments) != 2 || li.UserID != "Li" || li.Corp != s.app {
		t.Fatalf("synced %+v", found)
	}
	departments, err := s.store.Departments(t.Context())
	tree := core.NewDepartmentTree(departments)
	if err != nil || len(tree) != 2 || tree[1].Path != "工程部—维修组" {
		t.Errorf("departments %+v, %v", tree, err)
	}
	li.Phone, li.Grade = "13700000009", "三级"
	if _, err := s.store.UpdateStaff(t.Context(), core.System, core.Everywhere, li, nil); err != nil {
		t.Fatal(err)
	}
	calls := s.calls.Load()
	if again := s.run(y); s.calls.Load() != calls || again.Ended != state.Ended {
		t.Error("synced again without anybody asking")
	}

	s.put(simulator.CorpMember{UserID: "Li", Name: "李娜娜", Departments: []int{2}})
	s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{3}})
	s.put(simulator.CorpMember{UserID: "wang", Name: "王五", Departments: []int{4}}) // out of range
	if err := s.sim.RemoveDepartment(syncCorp, 3); err != nil {
		t.Fatal(err)
	}
	s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{2}})
	s.ask()
	if state = s.run(y); state.Words() != "增加 1 人，变更 1 人，离职 1 人" {
		t.Errorf("the second: %+v", state)
	}
	found = s.staff(store.StaffFilter{})
	if got := found["李娜娜"]; len(found) != 2 || got.Phone != "137****0009" || got.Grade != "三级" || len(got.Departments) != 1 {
		t.Errorf("after the second: %+v", found)
	}
	if left := s.staff(store.StaffFilter{Left: true}); len(left) != 1 || left["王五"].ID == 0 {
		t.Errorf("left: %+v", left)
	}
	// Who comes back is the same person.
	s.now.Add(int64(time.Minute))
	was := s.staff(store.StaffFilter{Left: true})["王五"].ID
	s.put(simulator.CorpMember{UserID: "wang", Name: "王五", Departments: []int{2}})
	s.ask()
	if s.run(y); s.staff(store.StaffFilter{})["王五"].ID != was {
		t.Error("somebody who came back is another person")
	}
}

func (s *syncSite) put(m simulator.CorpMember) {
	s.t.Helper()
	if err := s.sim.PutMember(syncCorp, m); err != nil {
		s.t.Fatal(err)
	}
}

// Members who are in the app's range one by one, or by a tag, are staff too, with a department in it or without one.
func TestStaffSyncOfSingleMembers(t *testing.T) {
	for name, test := range map[string]struct {
		visible []int
		want    int
	}{"beside a department": {[]int{2}, 5}, "alone": {nil, 2}} {
		s := newSyncSite(t, func(c *simulator.Corp) {
			c.Members = append(c.Members, simulator.CorpMember{UserID: "tagged", Name: "钱七", Departments: []int{4}},
				simulator.CorpMember{UserID: "other", Name: "孙八", Departments: []int{4}},
				simulator.CorpMember{UserID: "worker", Name: "周九", Departments: []int{2}})
			c.Tags = []simulator.CorpTag{{ID: 7, Name: "物业", Members: []string{"tagged"}}}
			c.Agents[0].Visible, c.Agents[0].VisibleMembers, c.Agents[0].VisibleTags = test.visible, []string{"Boss"}, []int{7}
		})
		y := s.server("a")
		for range 2 { // a second whole sync lets nobody leave
			s.ask()
			if state := s.run(y); state.Problem != "" || state.Removed != 0 {
				t.Errorf("%s: %+v", name, state)
			}
		}
		found := s.staff(store.StaffFilter{})
		if len(found) != test.want || found["老板"].ID == 0 || found["钱七"].ID == 0 || found["孙八"].ID != 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// What WeWork tells of is looked at without a whole sync; who is deleted leaves in that act.
func TestStaffHints(t *testing.T) {
	s := newSyncSite(t, nil)
	y := s.server("a")
	first := s.run(y)
	s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{2}})
	note := func(h core.CorpHint) {
		t.Helper()
		if err := s.store.NoteStaffHint(t.Context(), s.app, h); err != nil {
			t.Fatal(err)
		}
	}
	note(core.CorpHint{UserID: "zhao"})
	note(core.CorpHint{UserID: "ZHAO"}) // the same person
	note(core.CorpHint{})
	before := s.calls.Load()
	state := s.run(y)
	if s.staff(store.StaffFilter{})["赵六"].ID == 0 || !state.Ended.Equal(first.Ended) || s.calls.Load()-before > 3 {
		t.Errorf("after a hint: %+v, %d calls", state, s.calls.Load()-before)
	}
	note(core.CorpHint{UserID: "Wang", Gone: true})
	if left := s.staff(store.StaffFilter{Left: true}); left["王五"].ID == 0 {
		t.Error("a deleted member has not left")
	}
	note(core.CorpHint{UserID: "zhao", NewUserID: "zhao2"})
	if got := s.staff(store.StaffFilter{})["赵六"]; got.UserID != "zhao2" {
		t.Errorf("renamed to %q", got.UserID)
	}
}

// manySite is a company of 68 in the app's range, with 66 called m0, m1 and so on.
func manySite(t *testing.T) *syncSite {
	s := newSyncSite(t, func(c *simulator.Corp) {
		for i := range 66 {
			c.Members = append(c.Members, simulator.CorpMember{
				UserID: fmt.Sprint("m", i), Name: fmt.Sprint("员工", i), Departments: []int{2},
			})
		}
	})
	s.run(s.server("a"))
	if s.here() != 68 {
		t.Fatalf("%d are here", s.here())
	}
	return s
}

// here returns how many work at the company.
func (s *syncSite) here() int {
	s.t.Helper()
	return len(s.staff(store.StaffFilter{Page: store.Page{Limit: 100}}))
}

// hide takes the first n members out of the app's range.
func (s *syncSite) hide(n int) {
	s.t.Helper()
	for i := range n {
		s.put(simulator.CorpMember{UserID: fmt.Sprint("m", i), Name: fmt.Sprint("员工", i), Departments: []int{4}})
	}
}

// tell tells of some members, as if a tag was taken off them.
func (s *syncSite) tell(from, to int) {
	s.t.Helper()
	var ids []string
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprint("m", i))
	}
	if err := s.store.NoteStaffHints(s.t.Context(), s.app, ids); err != nil {
		s.t.Fatal(err)
	}
}

// Of many at once whom WeWork tells of and does not show any more nobody leaves: a whole run follows, which asks. So it is of
// many one after another, and after a server was killed between its question and their leaving.
func TestHintsLetManyLeaveByAWordOnly(t *testing.T) {
	const asks = "在职 68 人中有 40 人不在可见范围内"
	t.Run("at once", func(t *testing.T) {
		s := manySite(t)
		s.hide(40)
		s.tell(0, 40)
		if state := s.run(s.server("a")); s.here() != 68 || state.Leaving != 40 || !strings.Contains(state.Problem, asks) {
			t.Errorf("%d are here, %+v", s.here(), state)
		}
		before := s.calls.Load()
		s.tell(0, 2) // told of again while an operator is asked
		if s.run(s.server("a")); s.here() != 68 || s.calls.Load()-before > 4 {
			t.Errorf("told again: %d are here after %d calls", s.here(), s.calls.Load()-before)
		}
		if err := s.store.AllowStaffLeave(t.Context(), core.System, core.Everywhere, s.app, 40); err != nil {
			t.Fatal(err)
		}
		if state := s.run(s.server("a")); s.here() != 28 || state.Problem != "" {
			t.Errorf("after a word %d are here, %+v", s.here(), state)
		}
	})
	t.Run("few", func(t *testing.T) {
		s := manySite(t)
		ended, err := s.store.StaffSync(t.Context(), s.app)
		if err != nil {
			t.Fatal(err)
		}
		s.hide(10)
		s.tell(0, 10)
		if state := s.run(s.server("a")); s.here() != 58 || !state.Ended.Equal(ended.Ended) {
			t.Errorf("%d are here, %+v", s.here(), state)
		}
	})
	t.Run("one after another", func(t *testing.T) {
		s := manySite(t)
		s.hide(40)
		var state core.StaffSync
		for i := range 40 {
			s.tell(i, i+1)
			state = s.run(s.server("a"))
		}
		if s.here() != 68-13 || state.Leaving != 40-13 { // a fifth of them left
			t.Errorf("%d are here, %+v", s.here(), state)
		}
	})
	t.Run("killed", func(t *testing.T) {
		for _, many := range []bool{true, false} {
			s := manySite(t)
			n := 5
			if many {
				n = 40
			}
			s.hide(n)
			s.tell(0, n)
			turn := &syncTurn{staffSyncer: s.server("killed"), SyncTurn: store.SyncTurn{Runner: "killed", App: s.app}}
			turn.app, turn.contact = turn.corps(t.Context(), s.app)
			_, err := s.store.ClaimStaffSync(t.Context(), "killed")
			var hints, unseen []store.StaffHint
			for _, do := range []func() error{
				func() (err error) { hints, err = s.store.StaffHints(t.Context(), s.app, 100); return err },
				func() (err error) { unseen, err = turn.look(t.Context(), hints); return err },
				func() error { return s.store.NoteUnseenHints(t.Context(), turn.SyncTurn, unseen) },
			} {
				if err == nil {
					err = do()
				}
			}
			if err != nil || len(unseen) != n || s.here() != 68 {
				t.Fatalf("%d unseen, %d are here, %v", len(unseen), s.here(), err)
			}
			s.now.Add(int64(2 * time.Minute)) // it is silent
			state := s.run(s.server("b"))
			if many && (s.here() != 68 || state.Leaving != 40) || !many && (s.here() != 63 || state.Leaving != 0) {
				t.Errorf("many %v: %d are here, %+v", many, s.here(), state)
			}
		}
	})
}

// A change that could not be looked at is looked at again; one that comes meanwhile is not taken out with it.
func TestStaffHintsThatFail(t *testing.T) {
	s := newSyncSite(t, nil)
	y := s.server("a")
	s.run(y)
	s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{2}})
	note := func() {
		t.Helper()
		if err := s.store.NoteStaffHint(t.Context(), s.app, core.CorpHint{UserID: "zhao"}); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (n int) {
		t.Helper()
		hints, err := s.store.StaffHints(t.Context(), s.app, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(hints)
	}
	note()
	s.fail.Store(1)
	if state := s.run(y); state.Problem != "" || kept() != 0 {
		t.Errorf("the last run is said to have failed: %+v, %d are due at once", state, kept())
	}
	s.now.Add(int64(2 * time.Minute))
	if kept() != 1 {
		t.Fatal("the change is forgotten")
	}
	s.fail.Store(0)
	if s.run(y); s.staff(store.StaffFilter{})["赵六"].ID == 0 || kept() != 0 {
		t.Errorf("after another try %d are kept", kept())
	}
	note()
	turn := store.SyncTurn{Runner: "a", App: s.app}
	if _, err := s.store.ClaimStaffSync(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	hints, err := s.store.StaffHints(t.Context(), s.app, 10)
	note()
	if err == nil {
		err = s.store.EndStaffHints(t.Context(), turn, hints)
	}
	if err != nil || kept() != 1 {
		t.Errorf("what was told meanwhile: %d kept, %v", kept(), err)
	}
}

// Another server goes on where one was killed, and two never do it at once.
func TestStaffSyncIsResumed(t *testing.T) {
	s := newSyncSite(t, func(c *simulator.Corp) { c.Crowd = 600; c.Departments = c.Departments[:3] })
	first, second := s.server("a"), s.server("b")
	job, err := s.store.ClaimStaffSync(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.ClaimStaffSync(t.Context(), "b"); !core.IsNotFound(err) {
		t.Errorf("both have it: %v", err)
	}
	s.fail.Store(150) // it dies half way
	turn := &syncTurn{staffSyncer: first, SyncTurn: store.SyncTurn{Runner: "a", App: s.app}}
	if err := turn.work(t.Context(), job); err == nil {
		t.Fatal("it came to its end")
	}
	if err := s.store.EndStaffSync(t.Context(), turn.SyncTurn, false, ""); err != nil {
		t.Fatal(err)
	}
	half := s.staff(store.StaffFilter{Page: store.Page{Limit: 1000}})
	s.fail.Store(0)
	before := s.calls.Load()
	state := s.run(second)
	all := s.staff(store.StaffFilter{Page: store.Page{Limit: 1000}})
	if len(half) == 0 || len(half) >= len(all) || state.Added != len(all) || state.Problem != "" {
		t.Errorf("%d, then %d: %+v", len(half), len(all), state)
	}
	if asked := s.calls.Load() - before; int(asked) > len(all)-len(half)+20 {
		t.Errorf("the second asked %d times for the remaining %d", asked, len(all)-len(half))
	}
	// Several servers at once: each member is added once.
	s.ask()
	var wg sync.WaitGroup
	for _, name := range []string{"c", "d", "e"} {
		wg.Go(func() { _ = s.server(name).runAll(t.Context()) })
	}
	wg.Wait()
	if state := s.run(second); state.Added != 0 || state.Removed != 0 {
		t.Errorf("by three at once: %+v", state)
	}
}

// A run that the platform stops goes on where it was, a quarter of an hour later; what WeWork tells of meanwhile is looked
// at, and does not begin it sooner.
func TestStaffSyncGoesOnAfterAProblem(t *testing.T) {
	s := newSyncSite(t, func(c *simulator.Corp) { c.Crowd = 600; c.Departments = c.Departments[:3] })
	y := s.server("a")
	s.fail.Store(300)
	stopped := s.run(y)
	if stopped.Run == 0 || stopped.Problem == "" || stopped.Added == 0 || stopped.Phase != core.SyncMembers {
		t.Fatalf("stopped: %+v", stopped)
	}
	s.fail.Store(0)
	s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{2}})
	if err := s.store.NoteStaffHint(t.Context(), s.app, core.CorpHint{UserID: "zhao"}); err != nil {
		t.Fatal(err)
	}
	told := s.run(y)
	if told.Run != stopped.Run || told.Problem != stopped.Problem || told.Phase != stopped.Phase {
		t.Errorf("after what it was told: %+v", told)
	}
	if found := s.staff(store.StaffFilter{Keyword: "赵六"}); len(found) != 1 {
		t.Errorf("who was told of: %+v", found)
	}
	s.now.Add(int64(16 * time.Minute))
	before := s.calls.Load()
	state := s.run(y)
	all := len(s.staff(store.StaffFilter{Page: store.Page{Limit: 1000}}))
	if state.Run != 0 || state.Problem != "" || state.Added < all || state.Removed != 0 {
		t.Errorf("of %d: %+v", all, state)
	}
	if asked := int(s.calls.Load() - before); asked > all-stopped.Added+20 {
		t.Errorf("asked %d times for the remaining %d", asked, all-stopped.Added)
	}
}

// killedInARun lets a server die in a run that has listed the members and asked for none.
func (s *syncSite) killedInARun() {
	s.t.Helper()
	s.ask()
	turn := &syncTurn{staffSyncer: s.server("killed"), SyncTurn: store.SyncTurn{Runner: "killed", App: s.app}}
	turn.app, turn.contact = turn.corps(s.t.Context(), s.app)
	_, err := s.store.ClaimStaffSync(s.t.Context(), "killed")
	for _, do := range []func() error{
		func() error { return turn.departments(s.t.Context()) },
		func() error { return turn.list(s.t.Context(), "") },
		func() error { return s.store.EndStaffSync(s.t.Context(), turn.SyncTurn, false, "") },
	} {
		if err == nil {
			err = do()
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Who comes, or gets another user id, while a run is under way that has read its list before, does not leave at its
// end: whether WeWork tells it before the members are asked for, or as they are.
func TestStaffHintsWithinARun(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := newSyncSite(t, nil)
		s.run(s.server("a"))
		s.killedInARun()
		s.put(simulator.CorpMember{UserID: "zhao", Name: "赵六", Departments: []int{2}})
		s.put(simulator.CorpMember{UserID: "wang2", Name: "王五", Departments: []int{3}})
		if err := s.sim.RemoveMember(syncCorp, "wang"); err != nil {
			t.Fatal(err)
		}
		tell := sync.OnceFunc(func() {
			for _, h := range []core.CorpHint{{UserID: "zhao"}, {UserID: "wang", NewUserID: "wang2"}} {
				if err := s.store.NoteStaffHint(t.Context(), s.app, h); err != nil {
					t.Error(err)
				}
			}
		})
		if !late {
			tell()
		}
		s.onMember = tell
		state := s.run(s.server("b"))
		found := s.staff(store.StaffFilter{})
		if len(found) != 3 || found["王五"].UserID != "wang2" || state.Removed != 0 {
			t.Errorf("told late %v: %+v, %+v", late, state, found)
		}
	}
}

// A platform that is down, keys that are wrong and a range without people let nobody leave, and say why.
func TestStaffSyncThatFails(t *testing.T) {
	s := newSyncSite(t, nil)
	y := s.server("a")
	s.run(y)
	for name, c := range map[string]struct {
		break_ func()
		says   string
	}{
		"down": {func() { s.fail.Store(1) }, "连接不上企业微信"},
		"nobody in range": {func() {
			s.fail.Store(0)
			for _, id := range []string{"Li", "wang"} {
				if err := s.sim.RemoveMember(syncCorp, id); err != nil {
					t.Fatal(err)
				}
			}
		}, "没有让任何人离职"},
	} {
		if c.break_(); name == "nobody in range" && len(s.staff(store.StaffFilter{})) != 2 {
			t.Fatal("an earlier case let somebody leave")
		}
		s.ask()
		if state := s.run(y); !strings.Contains(state.Problem, c.says) || (state.Run != 0) != (name == "down") {
			t.Errorf("%s: %+v", name, state)
		}
		if len(s.staff(store.StaffFilter{})) != 2 {
			t.Errorf("%s: somebody left", name)
		}
	}
}

// WeWork shows many or all of those whom it lists no more, or lists them no more: an operator is asked before they leave. A
// few leave at the end of the run.
func TestManyLeaveByAWordOnly(t *testing.T) {
	s := newSyncSite(t, func(c *simulator.Corp) {
		for i := range 38 {
			c.Members = append(c.Members, simulator.CorpMember{
				UserID: fmt.Sprint("m", i), Name: fmt.Sprint("员工", i), Departments: []int{2},
			})
		}
	})
	y := s.server("a")
	s.run(y)
	here := s.here
	if here() != 40 {
		t.Fatalf("%d are here", here())
	}
	again := func(leaving int, says string) {
		t.Helper()
		s.ask()
		if state := s.run(y); state.Leaving != leaving || state.Removed != 0 || state.Run != 0 || !strings.Contains(state.Problem, says) {
			t.Errorf("%+v; want %d to leave, %q", state, leaving, says)
		}
		if here() != 40 {
			t.Fatalf("%d are here", here())
		}
	}
	const noSight = "/cgi-bin/user/get"
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: noSight, Code: corpNoSight})
	again(0, "没有让任何人离职")
	s.sim.ClearFaults()
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: noSight, Code: corpNoSight, Times: 12})
	again(12, "在职 40 人中有 12 人")
	for i := range 11 {
		if err := s.sim.RemoveMember(syncCorp, fmt.Sprint("m", i)); err != nil {
			t.Fatal(err)
		}
	}
	again(11, "在职 40 人中有 11 人")

	allow := func(n int) error {
		return s.store.AllowStaffLeave(t.Context(), core.System, core.Everywhere, s.app, n)
	}
	if err := allow(12); !core.IsConflict(err) {
		t.Errorf("another number than was asked for: %v", err)
	}
	if err := allow(11); err != nil {
		t.Fatal(err)
	}
	if state := s.run(y); state.Problem != "" || state.Leaving != 0 || state.Removed != 11 || here() != 29 {
		t.Errorf("after a word: %+v, %d are here", state, here())
	}
	if err := allow(11); !core.IsConflict(err) {
		t.Errorf("a second time: %v", err)
	}
	s.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: noSight, Code: corpNoSight, Times: 2})
	s.ask()
	if state := s.run(y); state.Problem != "" || state.Removed != 2 || here() != 27 {
		t.Errorf("of two: %+v, %d are here", state, here())
	}
}

// With another company the staff of the one before stay by hand, or leave at once, whatever the new one answers.
func TestStaffOfAReplacedCompany(t *testing.T) {
	for _, c := range []struct{ stay, disabled, removed bool }{
		{stay: true}, {}, {disabled: true}, {disabled: true, removed: true},
	} {
		stay := c.stay
		s := newSyncSite(t, nil)
		y := s.server("a")
		s.run(y)
		app, err := s.store.WechatApp(t.Context(), core.Everywhere, s.app)
		if err != nil {
			t.Fatal(err)
		}
		if c.disabled {
			if err := s.store.DisableWechatApp(t.Context(), core.System, core.Everywhere, s.app); err != nil {
				t.Fatal(err)
			}
			if app, err = s.store.WechatApp(t.Context(), core.Everywhere, s.app); err != nil {
				t.Fatal(err)
			}
		}
		app.AppID = "ww00000000000000a2"
		keys := core.WechatKeys{
			Secret: strings.Repeat("n", 43), Contact: strings.Repeat("m", 43), Token: "token456", AESKey: strings.Repeat("j", 43),
		}
		other := store.KeyedWechatApp{App: app, Keys: keys}
		if err := s.store.ReplaceWechatCorp(t.Context(), core.System, core.Everywhere, other, stay); err != nil {
			t.Fatal(err)
		}
		if c.removed {
			if err := s.store.RemoveWechatApp(t.Context(), core.System, core.Everywhere, s.app, true); err != nil {
				t.Fatal(err)
			}
		}
		s.fail.Store(1) // the new company does not answer
		s.run(y)
		working, left := s.staff(store.StaffFilter{}), s.staff(store.StaffFilter{Left: true})
		if stay && (len(working) != 2 || working["李娜"].Corp != 0 || len(working["李娜"].Departments) != 2) || !stay && len(left) != 2 {
			t.Errorf("%+v: working %+v, left %+v", c, working, left)
		}
		if c.disabled {
			continue
		}
		used := s.store.RecentWechatApps(t.Context())
		if len(used) != 1 || used[0].App.AppID != app.AppID || used[0].Keys != keys {
			t.Errorf("bound is %+v", used[0].App)
		}
	}
}
