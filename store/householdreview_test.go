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

const ownerPhone = "13900139009"

// ownerWorld is a review world in which owners may decide, with a certified owner of the house.
type ownerWorld struct {
	*reviewWorld
	owner    core.WechatUser
	resident core.ID // the owner's tie to the house
}

func newOwnerWorld(t *testing.T, s *Store) *ownerWorld {
	t.Helper()
	w := &ownerWorld{reviewWorld: newReviewWorld(t, s)}
	w.resident = newResident(t, s, w.community, w.house, "赵业主", ownerPhone)
	w.owner = newWechatUserWithPhone(t, s, "o-owner", ownerPhone)
	w.ownersMay(1)
	return w
}

func (w *ownerWorld) ownersMay(may int) {
	w.t.Helper()
	w.exec("UPDATE community SET owners_review = ? WHERE id = ?", may, int64(w.community))
}

func (w *reviewWorld) exec(query string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), "test", func(tx *database.Tx) error { return discard(tx.Exec(query, args...)) }); err != nil {
		w.t.Fatal(err)
	}
}

// tenant is an application for the house that an owner may decide.
func (w *ownerWorld) tenant() core.CertificationRequest {
	c := w.request("王小明")
	c.Identity = core.Tenant
	return c
}

func (w *ownerWorld) ownerDecides(on *Store, user core.ID, r core.Review, approve bool) (core.Review, error) {
	d := core.ReviewDecision{ID: r.ID, Approve: approve, Version: r.Version}
	if !approve {
		d.Reason = "不认识"
	}
	return on.DecideAsOwner(w.t.Context(), wechatActor(user), user, d)
}

func eachOwnerWorld(t *testing.T, test func(w *ownerWorld, clock *testClock)) {
	t.Helper()
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) { test(newOwnerWorld(t, s), clock) })
}

func TestAnOwnerDecides(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, clock *testClock) {
		own := w.apply(w.tenant())
		if own.Review.State != core.ReviewWaiting || !own.Review.WithOwners(w.Now()) {
			t.Fatalf("applied: %+v", own.Review)
		}
		asked := func() int {
			counts, err := w.CountReviews(t.Context(), everywhere, ReviewFilter{State: core.ReviewWaiting, Asked: w.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return counts[core.ReviewCertification]
		}
		if asked() != 0 {
			t.Error("it counts as the office's")
		}
		told := "SELECT COUNT(*) FROM message WHERE kind = 'household' AND user_id = " + w.owner.ID.String()
		if w.count(told) != 1 || w.count("SELECT COUNT(*) FROM notice WHERE stem = 'certification'") != 0 {
			t.Errorf("the owner is told %d times, the office %d", w.count(told), w.count("SELECT COUNT(*) FROM notice"))
		}
		r, err := w.ownerDecides(w.Store, w.owner.ID, own.Review, true)
		if err != nil || r.State != core.ReviewApproved || r.Owner != w.resident || r.DecidedBy != 0 {
			t.Fatalf("decided: %+v, %v", r, err)
		}
		if w.certified() != "赵业主 王小明" || len(passNames(t, w.Store, userOf(t, w.Store, w.user.ID).Person)) != 1 {
			t.Errorf("certified: %s", w.certified())
		}
		shown, err := w.Review(t.Context(), everywhere, r.ID)
		if text := shown.DecidedText(w.minute); err != nil || !strings.HasPrefix(text, "业主 赵业主 已于") {
			t.Errorf("the office sees %q, %v", text, err)
		}
		if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = 'certification.approve' AND actor_kind = 'wechat'"); n != 1 {
			t.Errorf("%d lines of the decision", n)
		}
		// Another one is left undecided: the office gets it.
		late := newWechatUserWithPhone(t, w.Store, "o-late", "13800138055")
		if err := w.tries(w.Store, late.ID, w.house, "李四"); err != nil {
			t.Fatal(err)
		}
		clock.Add(own.Review.Due.Sub(w.Now()))
		if asked() != 1 {
			t.Error("it does not count as the office's once it is overdue")
		}
		if err := w.RemindReviews(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count("SELECT COUNT(*) FROM notice WHERE title LIKE '%超期%'"); n != 2 {
			t.Errorf("%d of the office are told", n)
		}
	})
}

// An owner who is asked at night about an application is asked in the morning, but not if they have decided it by then.
func TestAnOwnerIsNotAskedAboutWhatIsDecided(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, clock *testClock) {
		if err := w.UpdateToldUser(t.Context(), w.owner.ID, core.ChannelSMS); err != nil {
			t.Fatal(err)
		}
		night := core.DayOf(w.Now(), testZone).Start(testZone).Add(25 * time.Hour)
		clock.Add(night.Sub(w.Now()))
		own := w.apply(w.tenant())
		if links := askedBySMS(t, w.Store); len(links) != 0 {
			t.Errorf("asked at night: %v", links)
		}
		if _, err := w.ownerDecides(w.Store, w.owner.ID, own.Review, true); err != nil {
			t.Fatal(err)
		}
		clock.Add(7 * time.Hour)
		askedBySMS(t, w.Store)
		if n := w.count(`
			SELECT COUNT(*)
			FROM message
			WHERE kind = 'household'
			AND title LIKE '%请您审核'
			AND state = 'expired'
			AND reason = 'decided'`); n != 1 {
			t.Error("the owner is asked about what is decided")
		}
	})
}

func TestWhoMayNotDecideAsOwner(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		own := w.apply(w.tenant()).Review
		refused := func(what string, code core.Code, user core.ID, r core.Review) {
			t.Helper()
			if _, err := w.ownerDecides(w.Store, user, r, true); core.CodeOf(err) != code {
				t.Errorf("%s: %v, want %s", what, err, code)
			}
			if w.state(r.ID) != core.ReviewWaiting {
				t.Errorf("%s: decided all the same", what)
			}
		}
		other := newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		newPerson(t, w.Store, core.Resident{
			Community: w.communityOf(other), House: other, Name: "钱邻居", Identity: core.Owner, Phone: "13900139001",
		})
		neighbour := newWechatUserWithPhone(t, w.Store, "o-neighbour", "13900139001")
		newPerson(t, w.Store, core.Resident{
			Community: w.community, House: w.house, Name: "赵家属", Identity: core.Family, Phone: "13900139002",
		})
		family := newWechatUserWithPhone(t, w.Store, "o-family", "13900139002")
		refused("an owner of another house", core.CodeNotFound, neighbour.ID, own)
		refused("family of the house", core.CodeNotFound, family.ID, own)
		refused("the applicant", core.CodeNotFound, w.user.ID, own)
		refused("nobody", core.CodeNotFound, 0, own)

		// A second WeChat of the owner's number is the owner, too.
		second := newWechatUserWithPhone(t, w.Store, "o-second", ownerPhone)
		if err := w.tries(w.Store, second.ID, w.house, "赵小弟"); err != nil {
			t.Fatal(err)
		}
		refused("the owner's own", core.CodeForbidden, w.owner.ID, w.newest())
		if w.newest().Asked {
			t.Error("the owner is asked about themselves")
		}
		asOwner := w.apply(w.request("王小明")).Review
		refused("an owner's", core.CodeForbidden, w.owner.ID, asOwner)
		newPerson(t, w.Store, core.Resident{Community: w.community, House: w.house, Name: "孙共有", Identity: core.Owner})
		coOwner := newWechatUserWithPhone(t, w.Store, "o-co", "13800138066")
		if err := w.tries(w.Store, coOwner.ID, w.house, "孙共有"); err != nil {
			t.Fatal(err)
		}
		refused("one whom the register has as an owner", core.CodeForbidden, w.owner.ID, w.newest())

		w.ownersMay(0)
		before := w.apply(w.tenant()).Review
		w.ownersMay(1)
		refused("one sent while owners could not decide", core.CodeForbidden, w.owner.ID, before)

		again := w.apply(w.tenant()).Review
		w.ownersMay(0)
		refused("with the switch off", core.CodeForbidden, w.owner.ID, again)
		w.ownersMay(1)
		refused("a version that is over", core.CodeConflict, w.owner.ID, core.Review{ID: again.ID, Version: again.Version + 1})
		if _, err := w.BindPhone(ctx, w.owner.ID, "13900139099", ""); err != nil {
			t.Fatal(err)
		}
		refused("with another number by now", core.CodeNotFound, w.owner.ID, again)
		if err := w.MoveOut(ctx, core.System, everywhere, w.resident); err != nil {
			t.Fatal(err)
		}
		refused("who was an owner", core.CodeNotFound, second.ID, again)
	})
}

func (w *reviewWorld) communityOf(house core.ID) core.ID {
	w.t.Helper()
	list, err := w.HousesByID(w.t.Context(), everywhere, []core.ID{house})
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0].Community
}

// newest returns the latest application.
func (w *reviewWorld) newest() core.Review {
	w.t.Helper()
	list, _, err := w.Reviews(w.t.Context(), everywhere, ReviewFilter{Page: Page{Limit: 1}})
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0]
}

// The owner and an account decide at once on two servers: one of them does, and the other learns who.
func TestOwnerAndOfficeCannotBothDecide(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, _ *testClock) {
		w := newOwnerWorld(t, one)
		for round := range 6 {
			user := newWechatUserWithPhone(t, one, fmt.Sprint("o-", round), fmt.Sprintf("136%08d", round))
			if err := w.tries(one, user.ID, w.house, "李四"); err != nil {
				t.Fatal(err)
			}
			r := w.newest()
			var both sync.WaitGroup
			var office, owner error
			both.Go(func() { _, office = w.decide(w.zhang, r, round%2 == 0) })
			both.Go(func() { _, owner = w.ownerDecides(two, w.owner.ID, r, round%2 == 1) })
			both.Wait()
			if (office == nil) == (owner == nil) {
				t.Fatalf("both or none decided: %v, %v", office, owner)
			}
			late, who := office, "业主 赵业主"
			if office == nil {
				late, who = owner, "物业 已于"
			}
			wantCode(t, late, core.CodeConflict)
			if !strings.Contains(core.MessageOf(late), who) {
				t.Errorf("the second is told %v", late)
			}
			if n := w.count("SELECT COUNT(*) FROM message WHERE kind = 'certification' AND user_id = " + user.ID.String()); n != 1 {
				t.Errorf("the applicant is told %d times", n)
			}
		}
	})
}

// What waits for owners is the office's, and it is told, once no owner may decide it any more: the owner moves out, or the
// switch is turned off. While another owner is there, it waits for them.
func TestWhatNoOwnerMayDecideIsTheOffices(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		yes, no := true, false
		review := func(id core.ID) core.Review {
			t.Helper()
			r, err := w.Review(ctx, everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		change := func(to *bool) {
			t.Helper()
			err := w.UpdateOwnersReview(ctx, core.System, everywhere, OwnersReviewChange{Community: w.community, Allowed: to})
			if err != nil {
				t.Fatal(err)
			}
		}
		told := func() int { return w.count("SELECT COUNT(*) FROM notice WHERE stem = 'certification'") }
		first := w.apply(w.tenant()).Review
		change(&no)
		if review(first.ID).Asked || told() != 2 {
			t.Errorf("with the switch off: asked %t, %d told", review(first.ID).Asked, told())
		}
		change(&yes)
		second := newResident(t, w.Store, w.community, w.house, "孙共有", "13900139010")
		newWechatUserWithPhone(t, w.Store, "o-co", "13900139010")
		again := w.apply(w.tenant()).Review
		if !review(again.ID).Asked {
			t.Fatal("the owners are not asked")
		}
		for i, owner := range []core.ID{second, w.resident} {
			if err := w.MoveOut(ctx, core.System, everywhere, owner); err != nil {
				t.Fatal(err)
			}
			if last := i == 1; review(again.ID).Asked == last {
				t.Errorf("after %d owners have left: asked %t", i+1, !last)
			}
		}
		if told() != 4 {
			t.Errorf("%d of the office are told", told())
		}
	})
}

// An application whose number is certified for another name is the office's: at once, or once an owner tries to approve it. Two
// owners who try at once leave it to the office once.
func TestANumberOfAnotherNameIsTheOffices(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		told := func() int { return w.count("SELECT COUNT(*) FROM notice WHERE stem = 'certification'") }
		review := func(id core.ID) core.Review {
			t.Helper()
			r, err := w.Review(ctx, everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		newResident(t, w.Store, w.community, w.house, "孙共有", "13900139010")
		co := newWechatUserWithPhone(t, w.Store, "o-co", "13900139010")
		other := newCommunity(t, w.Store, "别的小区")
		holder := core.Resident{
			Community: other, House: newHouses(t, w.Store, other, 1)[0], Name: "孙远", Identity: core.Owner, Phone: applicantPhone,
			Certified: w.Now(),
		}
		r := w.apply(w.tenant()).Review
		newPerson(t, w.Store, holder)
		if !review(r.ID).Asked || told() != 0 {
			t.Fatalf("asked: %t, told %d", review(r.ID).Asked, told())
		}
		var both sync.WaitGroup
		for _, user := range []core.ID{w.owner.ID, co.ID} {
			both.Go(func() {
				_, err := w.ownerDecides(w.Store, user, r, true)
				if core.CodeOf(err) != core.CodeForbidden || !strings.Contains(core.MessageOf(err), "物业") {
					t.Errorf("an owner is told %v", err)
				}
			})
		}
		both.Wait()
		if is := review(r.ID); is.Asked || is.State != core.ReviewWaiting || told() != 2 {
			t.Errorf("afterwards: %+v, told %d", is, told())
		}
		if again := w.apply(w.tenant()).Review; review(again.ID).Asked {
			t.Error("the owners are asked about one that they cannot approve")
		}
	})
}

// Taking an approval back restores the address that it ended, and takes the ID number that it gave.
func TestTakingBackRestoresWhatTheApprovalChanged(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		other := newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		was := newPerson(t, w.Store, core.Resident{
			Community: w.communityOf(other), House: other, Name: "王小明", Identity: core.Tenant, Phone: applicantPhone,
		})
		here := newPerson(t, w.Store, core.Resident{Community: w.community, House: w.house, Name: "王小明", Identity: core.Tenant})
		if _, err := w.BindPhone(ctx, w.user.ID, applicantPhone, "王小明"); err != nil {
			t.Fatal(err)
		}
		c := w.tenant()
		c.Replaces, c.IDNumber = was.ID, "11010519491231002X"
		r, err := w.ownerDecides(w.Store, w.owner.ID, w.apply(c).Review, true)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := w.Certification(ctx, everywhere, r.ID)
		if err != nil || !asked.Undone.Certification || !asked.Undone.Restored {
			t.Errorf("undoing would do %+v, %v", asked.Undone, err)
		}
		if _, err := w.TakeBackReview(ctx, w.zhang, core.ScopeOf(w.community), r.ID, r.Version); err != nil {
			t.Fatal(err)
		}
		old, err := w.RevealResident(ctx, core.System, everywhere, was.ID)
		if err != nil || !old.MovedOut.IsZero() || old.Certified.IsZero() {
			t.Errorf("the address before: %+v, %v", old, err)
		}
		now, err := w.RevealResident(ctx, core.System, everywhere, here.ID)
		if err != nil || !now.Certified.IsZero() || now.IDNumber != "" || now.Phone != "" {
			t.Errorf("the address after: %+v, %v", now, err)
		}
	})
}

// What the office took back is not the applicant's again by their number alone: the name of the register was never theirs.
func TestTakingBackDisconnectsTheApplicant(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		newPerson(t, w.Store, core.Resident{
			Community: w.community, House: w.house, Name: "王伟", Identity: core.Tenant, Phone: applicantPhone,
		})
		house := newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		other := newPerson(t, w.Store, core.Resident{
			Community: w.communityOf(house), House: house, Name: "王伟", Identity: core.Tenant, Phone: applicantPhone,
		})
		c := w.tenant()
		c.Name = "李强"
		r, err := w.ownerDecides(w.Store, w.owner.ID, w.apply(c).Review, true)
		if err != nil || w.certified() != "赵业主 王伟" {
			t.Fatalf("approved: %v, %s", err, w.certified())
		}
		if ties, err := w.BindPhone(ctx, w.user.ID, applicantPhone, ""); err != nil || ties != 2 { // the other home, by that name
			t.Fatal(ties, err)
		}
		if _, err := w.TakeBackReview(ctx, w.zhang, core.ScopeOf(w.community), r.ID, r.Version); err != nil {
			t.Fatal(err)
		}
		if ties, err := w.BindPhone(ctx, w.user.ID, applicantPhone, ""); err != nil || ties != 0 || w.certified() != "赵业主" {
			t.Errorf("by the number alone: %d ties, %v, %s", ties, err, w.certified())
		}
		if is := residentOf(t, w.Store, other.ID); !is.Certified.IsZero() || len(passNames(t, w.Store, is.Person)) != 0 {
			t.Errorf("the other home: %+v", is)
		}
	})
}

// What an owner decided is taken back by the office: the application waits again, and what came of it is undone.
func TestTheOfficeTakesAnOwnersDecisionBack(t *testing.T) {
	for name, recorded := range map[string]core.Resident{
		"one who was added":   {},
		"one of the register": {Name: "王小明", Identity: core.Tenant},
	} {
		t.Run(name, func(t *testing.T) {
			eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
				if recorded.Name != "" {
					recorded.Community, recorded.House = w.community, w.house
					newPerson(t, w.Store, recorded)
				}
				own := w.apply(w.tenant())
				r, err := w.ownerDecides(w.Store, w.owner.ID, own.Review, true)
				if err != nil {
					t.Fatal(err)
				}
				take := func(by core.Actor, version int) error {
					_, err := w.TakeBackReview(t.Context(), by, core.ScopeOf(w.community), r.ID, version)
					return err
				}
				wantCode(t, take(wechatActor(w.owner.ID), r.Version), core.CodeForbidden)
				wantCode(t, take(w.zhang, r.Version+1), core.CodeConflict)
				if err := take(w.zhang, r.Version); err != nil {
					t.Fatal(err)
				}
				wantCode(t, take(w.li, r.Version), core.CodeConflict)
				if w.certified() != "赵业主" || w.state(r.ID) != core.ReviewWaiting {
					t.Errorf("certified %q, %s", w.certified(), w.state(r.ID))
				}
				if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = 'certification.take_back'"); n != 1 {
					t.Errorf("%d lines", n)
				}
				now, err := w.Review(t.Context(), everywhere, r.ID)
				if err != nil || now.Asked || now.Decider != "" {
					t.Errorf("%+v, %v", now, err)
				}
				_, err = w.ownerDecides(w.Store, w.owner.ID, now, true)
				wantCode(t, err, core.CodeForbidden)
				if _, err := w.decide(w.li, now, true); err != nil || w.certified() != "赵业主 王小明" {
					t.Errorf("approved by the office: %v, %q", err, w.certified())
				}
				now, _ = w.Review(t.Context(), everywhere, r.ID)
				wantCode(t, take(w.zhang, now.Version), core.CodeConflict)
			})
		})
	}
}

// Whatever takes its last owner from a house hands what waits for them to the office.
func TestWhoeverIsNoOwnerAnyMoreLeavesItToTheOffice(t *testing.T) {
	list := "姓名|身份|手机|栋|单元|房间\n赵业主|家属|" + ownerPhone + "|1|1|101"
	for name, act := range map[string]func(w *ownerWorld) error{
		"deleted": func(w *ownerWorld) error {
			return w.RemoveResidents(w.t.Context(), core.System, everywhere, []core.ID{w.resident})
		},
		"changed by an import": func(w *ownerWorld) error {
			writeList(w.t, w.Store, readList(w.t, w.Store, w.community, listOf(list)), core.ImportChoices{Known: core.ImportUpdate})
			return nil
		},
		"merged into a building without the switch": func(w *ownerWorld) error {
			node := "SELECT parent_id FROM building_node WHERE id = (SELECT node_id FROM house WHERE id = ?)"
			var building core.ID
			if err := w.db.Get(w.t.Context(), &building, node, int64(w.house)); err != nil {
				return err
			}
			w.exec("UPDATE community SET owners_review = 0")
			w.exec("UPDATE building_node SET owners_review = 1 WHERE id = ?", int64(building))
			other, err := w.CreateHouses(w.t.Context(), core.System, everywhere, w.community, [][]string{{"2", "1", "101"}})
			if err != nil {
				return err
			}
			move := core.HouseMove{House: w.house, Into: other[0]}
			plan, err := w.PlanMove(w.t.Context(), everywhere, w.community, move)
			if err == nil {
				_, err = w.MoveHouses(w.t.Context(), core.System, everywhere, w.community, move, plan.Seen)
			}
			return err
		},
		"with another number": func(w *ownerWorld) error {
			return discard(w.BindPhone(w.t.Context(), w.owner.ID, "13900139077", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
				r := w.apply(w.tenant()).Review
				if !r.Asked {
					t.Fatal("the owner is not asked")
				}
				if err := act(w); err != nil {
					t.Fatal(err)
				}
				if now, err := w.Review(t.Context(), everywhere, r.ID); err != nil || now.Asked {
					t.Errorf("it still waits for the owner: %+v, %v", now, err)
				}
			})
		})
	}
}

// An owner whom an import brought is one no more when it is taken back.
func TestUndoingAnOwnerLeavesItToTheOffice(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		yes, house := true, newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), 1)[0]
		community := w.communityOf(house)
		if err := w.UpdateOwnersReview(ctx, core.System, everywhere, OwnersReviewChange{Community: community, Allowed: &yes}); err != nil {
			t.Fatal(err)
		}
		imp := writeList(t, w.Store, readList(t, w.Store, community, listOf("姓名|身份|手机|栋|单元|房间\n赵业主|业主|"+ownerPhone+"|1|1|101")),
			core.DefaultImportChoices())
		c := w.tenant()
		c.House = house
		r := w.apply(c).Review
		if !r.Asked {
			t.Fatal("the owner is not asked")
		}
		undoList(t, w.Store, imp)
		if now, err := w.Review(ctx, everywhere, r.ID); err != nil || now.Asked {
			t.Errorf("it still waits for the owner: %+v, %v", now, err)
		}
	})
}

// Of two applications of a person for one house, sent from two apps before WeChat told that they are one, the later waits.
func TestMergedUsersHaveOneApplication(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		ctx := t.Context()
		kept := signIn(t, w.Store, inMini)
		gone := signIn(t, w.Store, withoutUnion(inOfficial))
		var sent []OwnCertification
		for i, user := range []core.WechatUser{gone, kept} {
			if _, err := w.BindPhone(ctx, user.ID, applicantPhone, ""); err != nil {
				t.Fatal(err)
			}
			own, err := w.CreateCertification(ctx, wechatActor(user.ID), user.ID, w.tenant(), RequestKey{Key: fmt.Sprint(i)})
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, own)
		}
		if user := signIn(t, w.Store, inOfficial); user.ID != kept.ID {
			t.Fatal("they are not merged")
		}
		if w.state(sent[0].Review.ID) != core.ReviewSuperseded || w.state(sent[1].Review.ID) != core.ReviewWaiting {
			t.Errorf("merged: %s, %s", w.state(sent[0].Review.ID), w.state(sent[1].Review.ID))
		}
		w.user = kept
		third := w.apply(w.tenant())
		if w.state(sent[1].Review.ID) != core.ReviewSuperseded || w.state(third.Review.ID) != core.ReviewWaiting {
			t.Errorf("sent again: %s", w.state(sent[1].Review.ID))
		}
	})
}

// A correction of one of five applications is no sixth.
func TestACorrectionIsNoFurtherApplication(t *testing.T) {
	eachOwnerWorld(t, func(w *ownerWorld, _ *testClock) {
		houses := append(newHouses(t, w.Store, newCommunity(t, w.Store, "海棠苑"), core.MaxWaitingCertifications), w.house)
		send := func(house core.ID) error {
			c := w.tenant()
			c.House = house
			w.sent++
			return discard(w.CreateCertification(t.Context(), wechatActor(w.user.ID), w.user.ID, c, RequestKey{Key: fmt.Sprint(w.sent)}))
		}
		for i, house := range houses {
			err := send(house)
			if i < core.MaxWaitingCertifications && err != nil {
				t.Fatal(err)
			}
			if i == core.MaxWaitingCertifications {
				wantCode(t, err, core.CodeConflict)
			}
		}
		if err := send(houses[0]); err != nil {
			t.Errorf("a correction: %v", err)
		}
	})
}
