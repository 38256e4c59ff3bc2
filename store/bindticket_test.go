package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
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

// newTicket makes a ticket that may take the place of the one who is bound.
func newTicket(t *testing.T, s *Store, kind string, target core.ID) BindTicket {
	t.Helper()
	bound, err := s.BoundWechat(t.Context(), BindTarget{Kind: kind, ID: target})
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		BindTarget{Kind: kind, ID: target, Replaces: bound.User})
	if err != nil {
		t.Fatal(err)
	}
	if !ticket.Expires.Equal(s.Now().Add(BindTicketLife)) || len(ticket.Code) != 2 {
		t.Errorf("a ticket of %q expires at %v", ticket.Code, ticket.Expires)
	}
	return ticket
}

// use says yes with the right digits.
func (b BindTicket) use(t *testing.T, s *Store, user core.ID) error {
	t.Helper()
	scan := BindScan{Scene: b.Scene, User: user, NoMini: true}
	return s.ApproveBindTicket(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user}, scan, b.Code)
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
		refused := func(ticket BindTicket, user core.ID) {
			t.Helper()
			wantCode(t, ticket.use(t, s, user), core.CodeNotFound)
		}

		ticket := newTicket(t, s, core.BindGuard, guard)
		scene := ticket.Scene
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
			refused(BindTicket{Scene: wrong, Code: ticket.Code}, one.ID)
		}
		if kind, err := s.BindTicketKind(ctx, scene); err != nil || kind != core.BindGuard {
			t.Fatalf("%q, %v", kind, err)
		}
		if err := ticket.use(t, s, one.ID); err != nil {
			t.Fatal(err)
		}
		refused(ticket, two.ID)
		refused(ticket, one.ID)
		if guardUser(t, s, guard) != one.ID || guardUser(t, s, second) != 0 {
			t.Error("the wrong guard is bound, or to the wrong user")
		}

		old := newTicket(t, s, core.BindGuard, guard)
		others := newTicket(t, s, core.BindGuard, second)
		replaced := newTicket(t, s, core.BindGuard, guard)
		refused(old, two.ID)
		clock.Add(BindTicketLife - time.Millisecond)
		if err := replaced.use(t, s, two.ID); err != nil {
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
		ticket := newTicket(t, s, core.BindGuard, guard)
		if err := s.DisableGuard(t.Context(), core.System, everywhere, guard); err != nil {
			t.Fatal(err)
		}
		wantCode(t, ticket.use(t, s, user.ID), core.CodeNotFound)
		_, err := s.CreateBindTicket(t.Context(), core.System, everywhere, BindTarget{Kind: "anything", ID: 5})
		wantCode(t, err, core.CodeNotFound)
		if guardUser(t, s, guard) != 0 {
			t.Error("a disabled guard is bound")
		}
		if used := countRows(t, s, "SELECT COUNT(*) FROM bind_ticket WHERE used_at IS NOT NULL"); used != 0 {
			t.Errorf("%d tickets are used up", used)
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'bindticket.approve'"); rows != 0 {
			t.Errorf("%d bindings are in the audit log", rows)
		}
	})
}

// TestBindTicketAtOnce: of several who scan one QR at once, one is bound.
func TestBindTicketAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		guard := newGuard(t, s, newCommunity(t, s, "翠湖花园"), "老周")
		ticket := newTicket(t, s, core.BindGuard, guard)
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
				err := ticket.use(t, s, user)
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
		if rows := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'bindticket.approve'"); rows != 1 {
			t.Errorf("%d rows in the audit log", rows)
		}
	})
}

// Possession of a picture makes nobody a guard: the scanner's verified number is the one
// on file, else they learn nothing; whose number could be verified and is not, verifies
// it first; and the digits beside the QR end it when they are wrong.
func TestBindTicketIsForOne(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		guard, err := s.CreateGuard(t.Context(), core.System, everywhere,
			core.Guard{Community: community, Name: "李卫东", Phone: "13800138004"})
		if err != nil {
			t.Fatal(err)
		}
		ticket := newTicket(t, s, core.BindGuard, guard)
		passerBy := newWechatUserWithPhone(t, s, "o-zhao", "13800138006")
		q, err := s.BindQuestion(t.Context(), BindScan{Scene: ticket.Scene, User: passerBy.ID})
		wantCode(t, err, core.CodeForbidden)
		if err == nil || strings.Contains(core.MessageOf(err), "李卫东") {
			t.Errorf("a passer-by learns %+v, %v", q, err)
		}
		wantCode(t, ticket.use(t, s, passerBy.ID), core.CodeForbidden)

		own := signIn(t, s, core.WechatIdentity{AppID: "wx1", OpenID: "o-li", UnionID: "u-li"})
		scan := BindScan{Scene: ticket.Scene, User: own.ID}
		if q, err := s.BindQuestion(t.Context(), scan); err != nil || !q.NeedPhone {
			t.Errorf("%+v, %v", q, err)
		}
		wantCode(t, s.ApproveBindTicket(
			t.Context(), core.System, scan, ticket.Code), core.CodeConflict)
		if q, err := s.BindQuestion(t.Context(), BindScan{Scene: ticket.Scene, User: own.ID, NoMini: true}); err != nil || q.NeedPhone {
			t.Errorf("without a mini-program: %+v, %v", q, err)
		}
		if _, err := s.BindPhone(t.Context(), own.ID, "13800138004", ""); err != nil {
			t.Fatal(err)
		}
		if q, err := s.BindQuestion(t.Context(), scan); err != nil || q.NeedPhone ||
			q.Name != "李卫东" || q.Code != ticket.Code || q.Phone != "138****8004" {
			t.Errorf("%+v, %v", q, err)
		}
		wrong := "10"
		if ticket.Code == wrong {
			wrong = "11"
		}
		wantCode(t, s.ApproveBindTicket(
			t.Context(), core.System, scan, wrong), core.CodeInvalid)
		wantCode(t, ticket.use(t, s, own.ID), core.CodeNotFound)
		if q, err := s.BindQuestion(t.Context(), scan); err != nil || q.State != core.BindRefused {
			t.Errorf("after wrong digits: %+v, %v", q, err)
		}
		ticket = newTicket(t, s, core.BindGuard, guard)
		if err := ticket.use(t, s, own.ID); err != nil {
			t.Fatal(err)
		}
		bound, err := s.BoundWechat(t.Context(), BindTarget{Kind: core.BindGuard, ID: guard})
		if err != nil || bound.User != own.ID || bound.Phone != "138****8004" || !bound.At.Equal(s.Now()) {
			t.Errorf("%+v, %v", bound, err)
		}
		if q, err := s.BindQuestion(t.Context(), BindScan{Scene: ticket.Scene, User: own.ID}); err != nil || q.State != core.BindDone {
			t.Errorf("afterwards: %+v, %v", q, err)
		}
		_, err = s.BindQuestion(t.Context(), BindScan{Scene: ticket.Scene, User: passerBy.ID})
		wantCode(t, err, core.CodeNotFound)
	})
}

// Nobody takes the place of another without a confirmation, neither when the QR is made
// nor when it is answered.
func TestNobodyIsDisplacedUnasked(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		guard := newGuard(t, s, newCommunity(t, s, "翠湖花园"), "老周")
		one, two := signIn(t, s, inMini), signIn(t, s, core.WechatIdentity{AppID: "wxmini", OpenID: "o-2"})
		if err := newTicket(t, s, core.BindGuard, guard).use(t, s, one.ID); err != nil {
			t.Fatal(err)
		}
		for _, replaces := range []core.ID{0, two.ID} {
			_, err := s.CreateBindTicket(t.Context(), core.System, everywhere,
				BindTarget{Kind: core.BindGuard, ID: guard, Replaces: replaces})
			wantCode(t, err, core.CodeConflict)
		}
		ticket := newTicket(t, s, core.BindGuard, guard)
		if err := s.db.Write(t.Context(), "bound by another since", func(tx *database.Tx) error {
			_, err := tx.Exec("UPDATE bind_ticket SET replaces_id = 0")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, ticket.use(t, s, two.ID), core.CodeConflict)
		if guardUser(t, s, guard) != one.ID {
			t.Error("the guard is displaced")
		}
		if err := newTicket(t, s, core.BindGuard, guard).use(t, s, two.ID); err != nil || guardUser(t, s, guard) != two.ID {
			t.Errorf("a confirmed change: %v", err)
		}
	})
}
