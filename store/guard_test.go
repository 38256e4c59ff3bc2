package store

import (
	"slices"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// aPost is a post that may be saved.
func aPost(community core.ID) core.GuardPost {
	return core.GuardPost{Community: community, Name: "东门岗", Direction: core.Out}
}

func newPost(t *testing.T, s *Store, community core.ID) core.ID {
	t.Helper()
	id, err := s.CreateGuardPost(t.Context(), core.System, everywhere, aPost(community))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestGuardPosts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		ctx, mine, far := t.Context(), newPost(t, s, ours), newPost(t, s, theirs)
		for name, change := range map[string]func(*core.GuardPost){
			"name": func(p *core.GuardPost) { p.Name = " " }, "direction": func(p *core.GuardPost) { p.Direction = "up" },
		} {
			post := aPost(ours)
			change(&post)
			_, err := s.CreateGuardPost(ctx, core.System, everywhere, post)
			wantField(t, err, name)
		}
		scope := core.ScopeOf(ours)
		_, err := s.CreateGuardPost(ctx, core.System, scope, aPost(theirs))
		wantCode(t, err, core.CodeNotFound)
		moved := aPost(ours)
		moved.ID = far
		wantCode(t, discard(s.UpdateGuardPost(ctx, core.System, scope, moved)), core.CodeNotFound)
		_, err = s.GuardPost(ctx, scope, far)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.DisableGuardPost(ctx, core.System, scope, far), core.CodeNotFound)
		for _, c := range []struct {
			scope     core.Scope
			community core.ID
			want      []core.ID
		}{{everywhere, 0, []core.ID{mine, far}}, {scope, 0, []core.ID{mine}},
			{everywhere, theirs, []core.ID{far}}, {scope, theirs, nil}, {core.Scope{}, 0, nil}} {
			posts, _, err := s.GuardPosts(ctx, c.scope, GuardPostFilter{Community: c.community})
			got := database.IDsOf(posts, func(p core.GuardPost) core.ID { return p.ID })
			slices.Sort(got)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("posts of %v, %v: %v, %v", c.scope, c.community, got, err)
			}
		}
		if err := s.DisableGuardPost(ctx, core.System, scope, mine); err != nil {
			t.Fatal(err)
		}
		if post, err := s.GuardPost(ctx, scope, mine); err != nil || !post.Disabled.Equal(testNow) {
			t.Errorf("disabled: %+v, %v", post, err)
		}
		if err := s.EnableGuardPost(ctx, core.System, scope, mine); err != nil {
			t.Fatal(err)
		}
		if post, err := s.GuardPost(ctx, scope, mine); err != nil || !post.Disabled.IsZero() {
			t.Errorf("enabled: %+v, %v", post, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'guardpost.%'"); n != 4 {
			t.Errorf("%d audit rows, want 4", n)
		}
	})
}

func TestGuards(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		ctx, scope, mine, far := t.Context(), core.ScopeOf(ours), newPost(t, s, ours), newPost(t, s, theirs)
		save := func(scope core.Scope, change func(*core.Guard)) (core.ID, error) {
			g := core.Guard{Community: ours, Name: "李师傅", Phone: "+86 138-0013-8000", Posts: []core.ID{mine}}
			change(&g)
			return s.CreateGuard(ctx, core.System, scope, g)
		}
		for field, change := range map[string]func(*core.Guard){
			"name": func(g *core.Guard) {
				g.Name = ""
			}, "phone": func(g *core.Guard) { g.Phone = "110" }, "posts": func(g *core.Guard) { g.Posts = []core.ID{mine, far} },
		} {
			_, err := save(everywhere, change)
			wantField(t, err, field)
		}
		_, err := save(everywhere, func(g *core.Guard) { g.Phone, g.Name = "", "" })
		wantField(t, err, "phone")
		wantField(t, err, "name")
		_, err = save(core.ScopeOf(theirs), func(*core.Guard) {})
		wantCode(t, err, core.CodeNotFound)
		if n := countRows(t, s, "SELECT COUNT(*) FROM guard") + countRows(t, s, "SELECT COUNT(*) FROM guard_assignment"); n != 0 {
			t.Errorf("refusals left %d rows", n)
		}

		id, err := save(scope, func(*core.Guard) {})
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.Guard(ctx, scope, id)
		if err != nil || g.Phone != "138****8000" || !slices.Equal(g.Posts, []core.ID{mine}) || g.User != 0 {
			t.Errorf("saved %+v, %v", g, err)
		}
		// A form that says otherwise neither moves a guard nor disables one.
		edit := core.Guard{ID: id, Community: theirs, Name: "王师傅", Disabled: testNow}
		if _, err = s.UpdateGuard(ctx, core.System, scope, edit); err != nil {
			t.Fatal(err)
		}
		if g, err = s.Guard(ctx, scope, id); err != nil || g.Name != "王师傅" || g.Community != ours || !g.Disabled.IsZero() ||
			g.Phone != "138****8000" || len(g.Posts) != 0 {
			t.Errorf("changed to %+v, %v", g, err)
		}
		// Somebody else's guard is not there, whatever the form says.
		_, err = s.UpdateGuard(ctx, core.System, core.ScopeOf(theirs), core.Guard{ID: id, Community: theirs, Name: "改"})
		wantCode(t, err, core.CodeNotFound)
		_, err = s.Guard(ctx, core.ScopeOf(theirs), id)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.DisableGuard(ctx, core.System, core.ScopeOf(theirs), id), core.CodeNotFound)
		if list, _, err := s.Guards(ctx, core.ScopeOf(theirs), GuardFilter{}); err != nil || len(list) != 0 {
			t.Errorf("%d guards of another community, %v", len(list), err)
		}
	})
}

// A guard who is disabled loses access at once, and has it again later
// without another scan.
func TestGuardOutOfServiceIsNone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, community := t.Context(), newCommunity(t, s, "翠湖花园")
		id := newGuard(t, s, community, "李师傅")
		user := signIn(t, s, core.WechatIdentity{AppID: "wx1", OpenID: "o-guard"}).ID
		if err := newTicket(t, s, core.BindGuard, id).use(t, s, user); err != nil {
			t.Fatal(err)
		}
		if g, err := s.GuardOfUser(ctx, user); err != nil || g.ID != id {
			t.Fatalf("bound as %+v, %v", g, err)
		}
		if err := s.DisableGuard(ctx, core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		_, err := s.GuardOfUser(ctx, user)
		wantCode(t, err, core.CodeNotFound)
		if err := s.EnableGuard(ctx, core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		if g, err := s.GuardOfUser(ctx, user); err != nil || g.ID != id {
			t.Errorf("back in service: %+v, %v", g, err)
		}
	})
}

// A console that shows a QR sees what becomes of it.
func TestBindState(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		id := newGuard(t, s, newCommunity(t, s, "翠湖花园"), "李师傅")
		ticket := BindTicket{Scene: "none"}
		want := func(want core.BindState) {
			t.Helper()
			state, expires, err := s.BindState(t.Context(), BindTarget{Kind: core.BindGuard, ID: id}, ticket.ID())
			if err != nil || state != want || state == core.BindWaiting && expires.Before(clock.Now()) {
				t.Errorf("%s until %v, %v, want %s", state, expires, err, want)
			}
		}
		want(core.BindOver)
		ticket = newTicket(t, s, core.BindGuard, id)
		want(core.BindWaiting)
		clock.Add(BindTicketLife - time.Second)
		want(core.BindWaiting)
		clock.Add(time.Second)
		want(core.BindOver)
		old := ticket
		ticket = newTicket(t, s, core.BindGuard, id)
		want(core.BindWaiting)
		if err := ticket.use(t, s, signIn(t, s, inMini).ID); err != nil {
			t.Fatal(err)
		}
		want(core.BindDone)
		ticket = old // in another tab
		want(core.BindOver)
	})
}
