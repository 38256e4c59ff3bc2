package store

import (
	"context"
	"testing"
	"time"

	"tongxing/core"
)

// handedOn is a number that was Zhang San's, who is certified, and whose holder is Li Si by now.
type handedOn struct {
	*Store
	t         *testing.T
	clock     *testClock
	community core.ID
	houses    []core.ID
	zhang, li core.WechatUser
	home      core.ID // Zhang San's
}

const handedOnNumber = "13800138000"

func eachHandedOn(t *testing.T, do func(w *handedOn)) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := &handedOn{Store: s, t: t, clock: clock, community: newCommunity(t, s, "翠湖花园")}
		w.houses = newHouses(t, s, w.community, 3)
		w.home = newResident(t, s, w.community, w.houses[0], "张三", handedOnNumber)
		w.zhang = newWechatUserWithPhone(t, s, "o-zhang", handedOnNumber)
		if r := residentOf(t, s, w.home); r.Certified.IsZero() || w.zhang.Person != r.Person {
			t.Fatalf("%+v, %+v", r, w.zhang)
		}
		w.li = signIn(t, s, core.WechatIdentity{AppID: "wx1", OpenID: "o-li"})
		if ties, err := s.BindPhone(t.Context(), w.li.ID, handedOnNumber, ""); ties != 0 || err != nil {
			t.Fatalf("%d ties, %v", ties, err)
		}
		do(w)
	})
}

// person returns who a user is now.
func (w *handedOn) person(user core.WechatUser) core.ID { return userOf(w.t, w.Store, user.ID).Person }

// state states a name and returns the houses found.
func (w *handedOn) state(user core.WechatUser, name string) int {
	w.t.Helper()
	ties, err := w.ConfirmName(w.t.Context(), user.ID, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return ties
}

// Nobody inherits a number's homes: not by the number, not by their own name beside the other, and the one before does not
// inherit from them.
func TestANumberThatWasHandedOn(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		li := newResident(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		if r := residentOf(w.t, w.Store, li); !r.Certified.IsZero() {
			w.t.Error("Li Si is certified by Zhang San's WeChat")
		}
		if n := w.state(w.li, "李四"); n != 0 || w.person(w.li) != 0 {
			w.t.Errorf("while Zhang San is certified under it: %d ties, person %s", n, w.person(w.li))
		}
		if err := w.MoveOut(w.t.Context(), core.System, everywhere, w.home); err != nil {
			w.t.Fatal(err)
		}
		if n := w.state(w.li, "李四"); n != 1 || w.person(w.li) == 0 {
			w.t.Errorf("after Zhang San moved out: %d ties, person %s", n, w.person(w.li))
		}
		if w.person(w.zhang) != 0 {
			w.t.Error("Zhang San's WeChat has Li Si's pass")
		}
		if err := w.RestoreResident(w.t.Context(), core.System, everywhere, w.home); !core.IsConflict(err) {
			w.t.Errorf("Zhang San is restored by a number that is certified for Li Si: %v", err)
		}
		if w.person(w.li) == 0 || w.person(w.zhang) != 0 {
			w.t.Error("Li Si has no pass any more, or Zhang San has it")
		}
	})
}

// What staff certify at the desk under a number belongs to the name that they saw.
func TestTheDeskDecidesWhoseNumberItIs(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		li := newResident(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		how := core.Certification{How: core.CertifiedByIDCard}
		if _, err := w.CertifyResident(
			w.t.Context(), core.System, everywhere, li, residentOf(w.t, w.Store, li).Updated, how,
		); err != nil {
			w.t.Fatal(err)
		}
		if w.person(w.zhang) != 0 {
			w.t.Error("Zhang San's WeChat has the pass of Li Si, whom staff certified")
		}
	})
}

// A corrected name is the same person, and what is added under number and name is theirs at once.
func TestACorrectedNameStaysTheirs(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		r := residentOf(w.t, w.Store, w.home)
		if _, err := w.UpdateResident(w.t.Context(), core.System, everywhere, w.home, ResidentChange{
			Name: "章三", Identity: core.Owner, Updated: r.Updated,
		}); err != nil {
			w.t.Fatal(err)
		}
		added := newResident(w.t, w.Store, w.community, w.houses[1], "章三", handedOnNumber)
		if residentOf(w.t, w.Store, added).Certified.IsZero() || w.person(w.zhang) != r.Person {
			w.t.Error("a corrected name is somebody else")
		}
	})
}

// An application in which house, number and name agree is not approved at once while another is certified under the
// number; the office is told who, before it can approve.
func TestApplyingWithANumberThatWasHandedOn(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		newResident(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		own, err := w.CreateCertification(w.t.Context(), core.System, w.li.ID, core.CertificationRequest{
			House: w.houses[1], Name: "李四", Identity: core.Owner,
		}, RequestKey{Key: "li"})
		if err != nil || own.Review.State != core.ReviewWaiting {
			w.t.Fatalf("%+v, %v", own.Review, err)
		}
		account := (&reviewWorld{Store: w.Store, t: w.t, community: w.community}).reviewer("zhang", "张审核")
		d := core.ReviewDecision{ID: own.Review.ID, Approve: true, Version: own.Review.Version}
		_, err = w.DecideReview(w.t.Context(), account, everywhere, d)
		wantCode(w.t, err, core.CodeConflict)
		if err := w.MoveOut(w.t.Context(), core.System, everywhere, w.home); err != nil {
			w.t.Fatal(err)
		}
		if _, err = w.DecideReview(w.t.Context(), account, everywhere, d); err != nil || w.person(w.li) == 0 {
			w.t.Errorf("%v; Li Si is person %s", err, w.person(w.li))
		}
	})
}

// Wrong names are counted by number, no matter who states them, and the right one is refused after too many.
func TestWrongNamesAreLimited(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		second := newWechatUserWithPhone(w.t, w.Store, "o-second", "13700137000")
		if _, err := w.BindPhone(w.t.Context(), second.ID, handedOnNumber, ""); err != nil {
			w.t.Fatal(err)
		}
		for i := range core.MaxNameMisses {
			who := []core.WechatUser{w.li, second}[i%2]
			if n := w.state(who, "王五"); n != 0 {
				w.t.Errorf("%d ties", n)
			}
		}
		_, err := w.ConfirmName(w.t.Context(), w.li.ID, "张三")
		wantCode(w.t, err, core.CodeConflict)
		w.clock.Add(24 * time.Hour)
		if n := w.state(w.li, "张三"); n != 1 {
			w.t.Errorf("on the next day %d ties", n)
		}
		_, err = w.ConfirmName(w.t.Context(), signIn(w.t, w.Store, core.WechatIdentity{AppID: "wx1", OpenID: "o-new"}).ID, "张三")
		wantCode(w.t, err, core.CodeForbidden)
		_, err = w.ConfirmName(w.t.Context(), w.li.ID, " ")
		wantField(w.t, err, "name")
	})
}

// Who holds a number and is its person by one name neither sees nor leaves what it has under another, and does not become
// the other by leaving their own.
func TestAnotherNameOfANumberIsSomebodyElse(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		ctx, by := w.t.Context(), wechatActor(w.zhang.ID)
		li := newTenant(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		own := newTenant(w.t, w.Store, w.community, w.houses[2], "张三", handedOnNumber)
		homes, err := w.Residences(ctx, w.zhang.ID)
		if err != nil || len(homes) != 2 || homes[0].ID != own || homes[1].ID != w.home {
			w.t.Errorf("Zhang San lives at %+v, %v", homes, err)
		}
		wantCode(w.t, w.LeaveHouse(ctx, by, w.zhang.ID, li), core.CodeNotFound)
		house := newHouses(w.t, w.Store, newCommunity(w.t, w.Store, "海棠苑"), 1)[0]
		c := core.CertificationRequest{House: house, Name: "李四", Identity: core.Family, Replaces: li}
		_, err = w.CreateCertification(ctx, by, w.zhang.ID, c, RequestKey{Key: "li"})
		wantField(w.t, err, "replaces_id")

		if err := w.MoveOut(ctx, core.System, everywhere, w.home); err != nil {
			w.t.Fatal(err)
		}
		c.House, c.Replaces = w.houses[0], own
		sent, err := w.CreateCertification(ctx, by, w.zhang.ID, c, RequestKey{Key: "own"})
		if err != nil || sent.Review.State != core.ReviewWaiting {
			w.t.Fatalf("%+v, %v", sent.Review, err)
		}
		account := (&reviewWorld{Store: w.Store, t: w.t, community: w.community}).reviewer("zhang", "张审核")
		_, err = w.DecideReview(ctx, account, everywhere, core.ReviewDecision{
			ID: sent.Review.ID, Approve: true, Version: sent.Review.Version,
		})
		wantCode(w.t, err, core.CodeConflict)
		if err := w.LeaveHouse(ctx, by, w.zhang.ID, own); err != nil {
			w.t.Fatal(err)
		}
		if n := w.state(w.zhang, "李四"); n != 0 {
			w.t.Errorf("who left his own homes has %d of Li Si's", n)
		}
		if n := countRows(w.t, w.Store, "SELECT COUNT(*) FROM resident WHERE id = ? AND moved_out_at IS NULL", int64(li)); n != 1 {
			w.t.Error("Li Si has moved out")
		}
	})
}

// newTenant adds somebody who may leave.
func newTenant(t *testing.T, s *Store, community, house core.ID, name, phone string) core.ID {
	t.Helper()
	id, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
		Community: community, House: house, Name: name, Identity: core.Tenant, Phone: phone,
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Who is nobody by a number any more is so at once, though signed in: their session is not kept.
func TestWhoIsDisconnectedIsToldOf(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		told := map[core.ID]bool{}
		w.OnSubjectChange(func(_ context.Context, kind core.SessionKind, subject core.ID) {
			told[subject] = told[subject] || kind == core.SessionWechat
		})
		newResident(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		if err := w.MoveOut(w.t.Context(), core.System, everywhere, w.home); err != nil {
			w.t.Fatal(err)
		}
		if w.state(w.li, "李四") != 1 || !told[w.zhang.ID] {
			w.t.Error("Zhang San is somebody for a while yet")
		}
		clear(told)
		if err := w.RestoreResident(w.t.Context(), core.System, everywhere, w.home); !core.IsConflict(err) || len(told) != 0 {
			w.t.Errorf("restored: %v; told of %v, want nobody", err, told)
		}
	})
}
