package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

func (w *ownerWorld) member(name, phone string) core.Resident {
	return core.Resident{Name: name, Phone: phone, Identity: core.Family}
}

func (w *ownerWorld) adds(r core.Resident) (core.ID, error) {
	return w.CreateHouseholdMember(w.t.Context(), wechatActor(w.owner.ID), w.owner.ID, w.house, r)
}

func (w *ownerWorld) people() string {
	w.t.Helper()
	list, err := w.Households(w.t.Context(), w.owner.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, h := range list {
		for _, p := range h.People {
			if strings.Contains(p.Phone, "0013800") {
				w.t.Errorf("whole number %s", p.Phone)
			}
			names = append(names, p.Name+p.Identity.Label())
		}
	}
	return strings.Join(names, " ")
}

func TestAnOwnerKeepsTheHousehold(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		id, err := w.adds(w.member("王小明", applicantPhone))
		if err != nil {
			t.Fatal(err)
		}
		if w.certified() != "赵业主" {
			t.Errorf("a verified number alone certified: %q", w.certified())
		}
		if ties, err := w.ConfirmName(ctx, w.user.ID, "王小明"); ties != 1 || err != nil || w.certified() != "赵业主 王小明" {
			t.Errorf("who has stated the name too: %q, %d, %v", w.certified(), ties, err)
		}
		child, err := w.adds(w.member("赵小宝", ""))
		if err != nil {
			t.Fatal(err)
		}
		lodger := w.member("周租客", "13700137001")
		lodger.Identity, lodger.LeaseDay = core.Lodger, core.DayOf(w.Now().AddDate(0, 6, 0), w.Zone())
		if _, err := w.adds(lodger); err != nil {
			t.Fatal(err)
		}
		if got := w.people(); got != "赵业主业主 王小明家属 赵小宝家属 周租客限期租客" {
			t.Errorf("the household: %s", got)
		}
		told := "SELECT COUNT(*) FROM message WHERE kind = 'household' AND user_id = " + w.user.ID.String()
		if w.count(told) != 1 || w.count(told+" AND title = '"+toldByNumber+"'") != 1 {
			t.Error("who has but verified the number is told more, or nothing")
		}
		lines := "SELECT COUNT(*) FROM audit_log WHERE actor_kind = 'wechat' AND actor_name = '赵业主' AND action = "
		if w.count(lines+"'resident.create'") != 3 {
			t.Errorf("%d lines", w.count(lines+"'resident.create'"))
		}
		gone, err := w.RemoveHouseholdMember(ctx, wechatActor(w.owner.ID), w.owner.ID, id)
		if err != nil || gone.Name != "王小明" || strings.Contains(gone.Phone, "0013800") {
			t.Fatalf("removed %+v, %v", gone, err)
		}
		if w.count(told+" AND title LIKE '业主已移除您%'") != 1 || w.count(lines+"'resident.move_out'") != 1 {
			t.Error("nobody is told, or nothing is recorded")
		}
		if passes := passNames(t, w.Store, userOf(t, w.Store, w.user.ID).Person); len(passes) != 0 {
			t.Errorf("passes of who is removed: %v", passes)
		}
		for what, c := range map[string]struct {
			r     core.Resident
			field string
		}{
			"an owner":                  {core.Resident{Name: "钱一", Identity: core.Owner}, "identity"},
			"a tenant without a number": {core.Resident{Name: "钱一", Identity: core.Tenant}, "phone"},
			"a lease that is over": {core.Resident{
				Name: "钱一", Identity: core.Lodger, Phone: "13700137002", LeaseDay: core.DayOf(w.Now().AddDate(0, 0, -1), w.Zone()),
			}, "lease_day"},
			"no name":         {core.Resident{Identity: core.Family}, "name"},
			"who lives there": {w.member("周租客", "13700137001"), "phone"},
		} {
			c.r.Namesake = true
			_, err := w.adds(c.r)
			said := fieldsOf(err)[c.field]
			if said == "" || strings.Contains(said, "家人共用") { // which is not on the owner's form
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := w.adds(w.member("赵小宝", "")); !core.IsNamesake(err) {
			t.Errorf("a namesake: %v", err)
		}
		remove := func(user, resident core.ID) error {
			return discard(w.RemoveHouseholdMember(ctx, wechatActor(user), user, resident))
		}
		wantCode(t, remove(w.user.ID, child), core.CodeNotFound)
		wantCode(t, remove(w.owner.ID, w.resident), core.CodeNotFound)
		wantCode(t, remove(w.owner.ID, id), core.CodeNotFound)
		_, err = w.CreateHouseholdMember(ctx, wechatActor(w.user.ID), w.user.ID, w.house, w.member("钱一", ""))
		wantCode(t, err, core.CodeNotFound)
		if _, err := w.BindPhone(ctx, w.owner.ID, "13900139099", ""); err != nil {
			t.Fatal(err)
		}
		wantCode(t, remove(w.owner.ID, child), core.CodeNotFound)
		if w.people() != "" {
			t.Error("one with another number still sees the household")
		}
	})
}

// Two servers add the same person, and then remove them, at once: each happens once, and is told once.
func TestHouseholdActsAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, _ *testClock) {
		w := newOwnerWorld(t, one)
		var both sync.WaitGroup
		errs, ids := make([]error, 2), make([]core.ID, 2)
		for i, s := range []*Store{one, two} {
			both.Go(func() {
				ids[i], errs[i] = s.CreateHouseholdMember(t.Context(), wechatActor(w.owner.ID), w.owner.ID, w.house,
					w.member("王小明", applicantPhone))
			})
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("added: %v", errs)
		}
		id := max(ids[0], ids[1])
		for i, s := range []*Store{one, two} {
			both.Go(func() {
				_, errs[i] = s.RemoveHouseholdMember(t.Context(), wechatActor(w.owner.ID), w.owner.ID, id)
			})
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("removed: %v", errs)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE user_id = " + w.user.ID.String()); n != 2 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestAddressesAreChangedAndLeft(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, clock *testClock) {
		ctx := t.Context()
		id, err := w.adds(w.member("王小明", applicantPhone))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.ConfirmName(ctx, w.user.ID, "王小明"); n != 1 || err != nil {
			t.Fatalf("%d homes, %v", n, err)
		}
		w.user = userOf(t, w.Store, w.user.ID)
		other := newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		c := core.CertificationRequest{House: other, Name: "王小明", Identity: core.Owner, Replaces: id}
		wrong := c
		wrong.Replaces = w.resident
		_, err = w.CreateCertification(ctx, wechatActor(w.user.ID), w.user.ID, wrong, RequestKey{Key: "wrong"})
		wantField(t, err, "replaces_id")
		wrong = c
		wrong.House = w.house
		_, err = w.CreateCertification(ctx, wechatActor(w.user.ID), w.user.ID, wrong, RequestKey{Key: "same"})
		wantField(t, err, "house_id")
		own := w.apply(c)
		if n := len(passNames(t, w.Store, userOf(t, w.Store, w.user.ID).Person)); n != 1 {
			t.Errorf("%d passes while it waits", n)
		}
		w.li = w.everywhereReviewer()
		if _, err := w.DecideReview(ctx, w.li, everywhere, core.ReviewDecision{ID: own.Review.ID, Approve: true, Version: 1}); err != nil {
			t.Fatal(err)
		}
		homes, err := w.Residences(ctx, w.user.ID)
		if err != nil || len(homes) != 1 || homes[0].House != other {
			t.Fatalf("lives at %+v, %v", homes, err)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE title LIKE '%已登记搬离' AND user_id = " + w.owner.ID.String()); n != 1 {
			t.Errorf("the owner is told %d times", n)
		}
		wantCode(t, w.LeaveHouse(ctx, wechatActor(w.user.ID), w.user.ID, homes[0].ID), core.CodeConflict)
		clock.Add(time.Minute)
		again, err := w.adds(w.member("王小明", applicantPhone))
		if err != nil || again != id {
			t.Fatalf("comes back as %s, %v", again, err)
		}
		wantCode(t, w.LeaveHouse(ctx, wechatActor(w.owner.ID), w.owner.ID, id), core.CodeNotFound)
		if err := w.LeaveHouse(ctx, wechatActor(w.user.ID), w.user.ID, id); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.LeaveHouse(ctx, wechatActor(w.user.ID), w.user.ID, id), core.CodeNotFound)
	})
}

// everywhereReviewer is an account that may review in every community.
func (w *reviewWorld) everywhereReviewer() core.Actor {
	w.t.Helper()
	id, err := w.CreateAccount(w.t.Context(), core.SystemGranter, core.Account{
		Login: "everywhere", Name: "总审核", Role: core.RoleClerk, Scope: everywhere,
		Permissions: []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview},
	}, testPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	return core.Actor{Kind: core.ActorAccount, ID: id, Name: "总审核"}
}

// An application that leaves an address still does after that house became part of another in which the applicant was
// registered too: the tie that stayed ends.
func TestAnAddressIsLeftThoughItsHouseWasMerged(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := w.t.Context()
		places := [][]string{{"7", "1", "701"}, {"七号楼", "1", "701"}, {"8", "1", "801"}}
		houses, err := w.CreateHouses(ctx, core.System, everywhere, w.community, places)
		if err != nil {
			w.t.Fatal(err)
		}
		var ties []core.ID
		for _, house := range houses[:2] {
			id, err := w.CreateResident(ctx, core.System, everywhere, core.Resident{
				Community: w.community, House: house, Name: "王小明", Identity: core.Family, Phone: applicantPhone,
			})
			if err != nil {
				w.t.Fatal(err)
			}
			ties = append(ties, id)
		}
		if n, err := w.ConfirmName(ctx, w.user.ID, "王小明"); n != 2 || err != nil {
			w.t.Fatalf("%d ties, %v", n, err)
		}
		move := core.HouseMove{House: houses[1], Into: houses[0], Parent: core.NoMove}
		own := w.apply(core.CertificationRequest{House: houses[2], Name: "王小明", Identity: core.Family, Replaces: ties[1]})
		plan, err := w.PlanMove(ctx, everywhere, w.community, move)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.MoveHouses(ctx, core.System, everywhere, w.community, move, plan.Seen); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.DecideReview(ctx, w.zhang, everywhere, core.ReviewDecision{
			ID: own.Review.ID, Approve: true, Version: own.Review.Version,
		}); err != nil {
			w.t.Fatal(err)
		}
		homes, err := w.Residences(ctx, w.user.ID)
		if err != nil || len(homes) != 1 || homes[0].House != houses[2] {
			w.t.Errorf("afterwards at %+v, %v", homes, err)
		}
	})
}

// An application that leaves an address ends nothing if that house became part of the one applied for, or that one part of
// it: whether the applicant was registered in one of them or in both, they live in the one that is left.
func TestNoAddressIsLeftForItself(t *testing.T) {
	for _, c := range []struct {
		both bool // registered in both
		from int  // which of the two becomes part of the other: that lived in, or that applied for
	}{{from: 0}, {from: 1}, {both: true, from: 0}, {both: true, from: 1}} {
		eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
			ctx := w.t.Context()
			paths := [][]string{{"7", "1", "701"}, {"七号楼", "1", "701"}}
			houses, err := w.CreateHouses(ctx, core.System, everywhere, w.community, paths)
			if err != nil {
				w.t.Fatal(err)
			}
			register := func(house core.ID) core.ID {
				id, err := w.CreateResident(ctx, core.System, everywhere, core.Resident{
					Community: w.community, House: house, Name: "王小明", Identity: core.Family, Phone: applicantPhone,
				})
				if err != nil {
					w.t.Fatal(err)
				}
				return id
			}
			tie := register(houses[0])
			if n, err := w.ConfirmName(ctx, w.user.ID, "王小明"); n != 1 || err != nil {
				w.t.Fatalf("%d ties, %v", n, err)
			}
			own := w.apply(core.CertificationRequest{House: houses[1], Name: "王小明", Identity: core.Family, Replaces: tie})
			if c.both {
				register(houses[1])
			}
			move := core.HouseMove{House: houses[c.from], Into: houses[1-c.from], Parent: core.NoMove}
			plan, err := w.PlanMove(ctx, everywhere, w.community, move)
			if err != nil {
				w.t.Fatal(err)
			}
			if _, err := w.MoveHouses(ctx, core.System, everywhere, w.community, move, plan.Seen); err != nil {
				w.t.Fatal(err)
			}
			if _, err := w.DecideReview(ctx, w.zhang, everywhere, core.ReviewDecision{
				ID: own.Review.ID, Approve: true, Version: own.Review.Version,
			}); err != nil {
				w.t.Fatal(err)
			}
			homes, err := w.Residences(ctx, w.user.ID)
			if err != nil || len(homes) != 1 || homes[0].House != houses[1-c.from] || homes[0].Certified.IsZero() {
				w.t.Errorf("%+v: afterwards at %+v, %v", c, homes, err)
			}
		})
	}
}

// An application that was sent before the switch was on stays the office's, and the owner sees that there is one.
func TestWhatWaitsForTheOfficeIsSaid(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		w.ownersMay(0)
		w.apply(w.tenant())
		for _, may := range []int{0, 1} {
			w.ownersMay(may)
			list, err := w.Households(w.t.Context(), w.owner.ID)
			if err != nil || len(list) != 1 || list[0].Office != 1 || len(list[0].Waiting) != 0 {
				w.t.Errorf("switch %d: %+v, %v", may, list, err)
			}
		}
	})
}
