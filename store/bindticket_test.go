package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// newGuard makes a guard who is bound to nobody.
func newGuard(t *testing.T, s *Store, community core.ID, name string) core.ID {
	t.Helper()
	id, err := s.CreateGuard(t.Context(), core.System, everywhere, core.Guard{
		Community: community, Name: name, Phone: fmt.Sprintf("137%08d", s.NewID()%100_000_000),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newTicket(t *testing.T, s *Store, kind string, target core.ID) string {
	t.Helper()
	scene, expires, err := s.NewBindTicket(t.Context(), core.System, core.Everywhere, kind, target)
	if err != nil {
		t.Fatal(err)
	}
	if !expires.Equal(s.Now().Add(BindTicketLife)) {
		t.Errorf("a ticket expires at %v", expires)
	}
	return scene
}

func guardUser(t *testing.T, s *Store, id core.ID) core.ID {
	t.Helper()
	guard, err := s.Guard(t.Context(), everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return guard.User
}

func TestUseBindTicket(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		ctx, community := t.Context(), newCommunity(t, s, "翠湖花园")
		guard, second := newGuard(t, s, community, "老周"), newGuard(t, s, community, "老李")
		one, two := signIn(t, s, inMini), signIn(t, s, core.WechatIdentity{AppID: "wxmini", OpenID: "o-2"})
		refused := func(scene string, user core.ID) {
			t.Helper()
			kind, err := s.UseBindTicket(ctx, scene, user)
			wantCode(t, err, core.CodeNotFound)
			if kind != "" && err == nil {
				t.Errorf("it bound a %s", kind)
			}
		}

		scene := newTicket(t, s, core.BindGuard, guard)
		if !strings.HasPrefix(scene, "bind_") || len(scene) > 64 || len(scene) < 37 {
			t.Errorf("a scene of WeChat has at most 64 characters, and a secret: %q", scene)
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM bind_ticket WHERE scene_digest = ?", scene); rows != 0 {
			t.Error("the scene is kept in the open")
		}
		for _, wrong := range []string{
			"", "bind_", scene[:len(scene)-1], scene + "0", strings.ToUpper(scene), "' OR '1'='1",
			sceneOf(scene),
		} {
			refused(wrong, one.ID)
		}
		if kind, err := s.UseBindTicket(ctx, scene, one.ID); err != nil || kind != core.BindGuard {
			t.Fatalf("%q, %v", kind, err)
		}
		refused(scene, two.ID)
		refused(scene, one.ID)
		if guardUser(t, s, guard) != one.ID || guardUser(t, s, second) != 0 {
			t.Error("the wrong guard is bound, or to the wrong user")
		}

		old := newTicket(t, s, core.BindGuard, guard)
		others := newTicket(t, s, core.BindGuard, second)
		replaced := newTicket(t, s, core.BindGuard, guard)
		refused(old, two.ID)
		clock.Add(BindTicketLife - time.Millisecond)
		if _, err := s.UseBindTicket(ctx, replaced, two.ID); err != nil {
			t.Errorf("in its last moment: %v", err)
		}
		clock.Add(time.Millisecond)
		refused(others, two.ID)
		if guardUser(t, s, guard) != two.ID || guardUser(t, s, second) != 0 {
			t.Error("a new ticket does not bind anew, or a dead one binds")
		}
	})
}

// TestBindTicketOfNobody: a ticket whose target is gone, or of a kind that nothing
// binds, is refused and stays as it was.
func TestBindTicketOfNobody(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		guard, user := newGuard(t, s, community, "老周"), signIn(t, s, inMini)
		scene := newTicket(t, s, core.BindGuard, guard)
		if err := s.SetGuardInService(t.Context(), core.System, everywhere, guard, false); err != nil {
			t.Fatal(err)
		}
		_, err := s.UseBindTicket(t.Context(), scene, user.ID)
		wantCode(t, err, core.CodeNotFound)
		_, _, err = s.NewBindTicket(t.Context(), core.System, everywhere, "anything", 5)
		wantCode(t, err, core.CodeNotFound)
		if guardUser(t, s, guard) != 0 {
			t.Error("a disabled guard is bound")
		}
		if used := countRows(t, s, "SELECT COUNT(*) FROM bind_ticket WHERE used_at IS NOT NULL"); used != 0 {
			t.Errorf("%d tickets are used up", used)
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'bind.done'"); rows != 0 {
			t.Errorf("%d bindings are in the audit log", rows)
		}
	})
}

// TestBindTicketAtOnce: of several who scan one QR at once, one is bound.
func TestBindTicketAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		guard := newGuard(t, s, newCommunity(t, s, "翠湖花园"), "老周")
		scene := newTicket(t, s, core.BindGuard, guard)
		const n = 8
		users := make([]core.ID, n)
		for i := range users {
			users[i] = signIn(t, s, core.WechatIdentity{AppID: "wxmini", OpenID: string(rune('a' + i))}).ID
		}
		var mu sync.Mutex
		var bound []core.ID
		var all sync.WaitGroup
		start := make(chan struct{})
		for _, user := range users {
			all.Go(func() {
				<-start
				_, err := s.UseBindTicket(t.Context(), scene, user)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					bound = append(bound, user)
				} else if !core.IsNotFound(err) {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if len(bound) != 1 || guardUser(t, s, guard) != bound[0] {
			t.Errorf("%v are told they are bound, %v is", bound, guardUser(t, s, guard))
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'bind.done'"); rows != 1 {
			t.Errorf("%d rows in the audit log", rows)
		}
	})
}
