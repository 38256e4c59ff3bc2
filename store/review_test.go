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

// reviewWorld is a community with a house, an applicant, and two accounts that may review.
type reviewWorld struct {
	*Store
	t                *testing.T
	community, house core.ID
	user             core.WechatUser
	zhang, li        core.Actor
	sent             int
}

const applicantPhone = "13800138001"

func newReviewWorld(t *testing.T, s *Store) *reviewWorld {
	t.Helper()
	w := &reviewWorld{Store: s, t: t, community: newCommunity(t, s, "翠湖花园")}
	w.house = newHouses(t, s, w.community, 1)[0]
	w.user = newWechatUserWithPhone(t, s, "o-applicant", applicantPhone)
	w.zhang, w.li = w.reviewer("zhangsan", "张审核"), w.reviewer("lisi", "李审核")
	return w
}

func (w *reviewWorld) reviewer(login, name string) core.Actor {
	w.t.Helper()
	id, err := w.CreateAccount(w.t.Context(), core.SystemGranter, core.Account{
		Login: login, Name: name, Role: core.RoleClerk, Scope: core.ScopeOf(w.community),
		Permissions: []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview},
	}, testPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	return core.Actor{Kind: core.ActorAccount, ID: id, Name: name}
}

// request is an application of the applicant's for the house.
func (w *reviewWorld) request(name string) core.CertificationRequest {
	return core.CertificationRequest{House: w.house, Name: name, Identity: core.Owner}
}

// apply sends an application, each under a key of its own.
func (w *reviewWorld) apply(c core.CertificationRequest) OwnCertification {
	w.t.Helper()
	w.sent++
	own, err := w.CreateCertification(w.t.Context(), wechatActor(w.user.ID), w.user.ID, c, RequestKey{Key: fmt.Sprintf("key-%d", w.sent)})
	if err != nil {
		w.t.Fatal(err)
	}
	return own
}

func wechatActor(user core.ID) core.Actor { return core.Actor{Kind: core.ActorWechat, ID: user} }

func (w *reviewWorld) decide(by core.Actor, r core.Review, approve bool) (core.Review, error) {
	d := core.ReviewDecision{ID: r.ID, Approve: approve, Version: r.Version}
	if !approve {
		d.Reason = "照片看不清"
	}
	return w.DecideReview(w.t.Context(), by, core.ScopeOf(w.community), d)
}

func (w *reviewWorld) state(id core.ID) core.ReviewState {
	w.t.Helper()
	r, err := w.Review(w.t.Context(), everywhere, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.State
}

func (w *reviewWorld) count(query string) int { w.t.Helper(); return countRows(w.t, w.Store, query) }

// residents returns the people of the house who are certified, by name.
func (w *reviewWorld) certified() string {
	w.t.Helper()
	var names []string
	if err := w.db.All(w.t.Context(), &names, "SELECT name FROM resident WHERE certified_at IS NOT NULL ORDER BY id"); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func eachReviewWorld(t *testing.T, test func(w *reviewWorld, clock *testClock)) {
	t.Helper()
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) { test(newReviewWorld(t, s), clock) })
}

func TestAnApplicationIsApproved(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		own := w.apply(w.request("王小明"))
		if own.Review.State != core.ReviewWaiting || own.Community != "翠湖花园" {
			t.Fatalf("applied: %+v", own)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE kind = 'review' AND to_kind = 'account'"); n != 2 {
			t.Errorf("%d reviewers are told, want 2", n)
		}
		r, err := w.decide(w.zhang, own.Review, true)
		if err != nil || r.State != core.ReviewApproved || r.Decider != "张审核" {
			t.Fatalf("decided: %+v, %v", r, err)
		}
		if got := w.certified(); got != "王小明" {
			t.Errorf("certified: %q", got)
		}
		if passes := passNames(t, w.Store, userOf(t, w.Store, w.user.ID).Person); len(passes) != 1 {
			t.Errorf("passes %v", passes)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE kind = 'certification' AND to_kind = 'wechat'"); n != 1 {
			t.Errorf("the applicant is told %d times", n)
		}
		for _, action := range []string{"certification.create", "certification.approve", "resident.create"} {
			if n := w.count("SELECT COUNT(*) FROM audit_log WHERE action = '" + action + "'"); n != 1 {
				t.Errorf("%d lines of %s", n, action)
			}
		}
		for _, leak := range []string{applicantPhone} {
			if w.count("SELECT COUNT(*) FROM audit_log WHERE after_text LIKE '%"+leak+"%'") != 0 {
				t.Error("the audit log has the whole number")
			}
		}
	})
}

func TestTwoReviewersCannotBothDecide(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		own := w.apply(w.request("王小明"))
		var both sync.WaitGroup
		results := make([]error, 2)
		for i, by := range []core.Actor{w.zhang, w.li} {
			both.Go(func() { _, results[i] = w.decide(by, own.Review, i == 0) })
		}
		both.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("both or none decided: %v", results)
		}
		winner, late := "张审核", results[1]
		if results[0] != nil {
			winner, late = "李审核", results[0]
		}
		wantCode(t, late, core.CodeConflict)
		if !strings.Contains(core.MessageOf(late), winner) {
			t.Errorf("the second is not told who decided: %v", late)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE kind = 'certification'"); n != 1 {
			t.Errorf("the applicant is told %d times", n)
		}
	})
}

// The office is told of an application, with its community; the applicant's own account is not, as it may not decide.
func TestAnApplicationIsNotToldToTheApplicantsAccount(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		w.mustRun(w.t, "UPDATE account SET user_id = ? WHERE id = ?", int64(w.user.ID), int64(w.li.ID))
		w.apply(w.request("王小明"))
		for by, n := range map[core.Actor]int{w.zhang: 1, w.li: 0} {
			told, _, err := w.Notices(w.t.Context(), by.ID)
			if err != nil || len(told) != n || n > 0 && told[0].Community != w.community {
				w.t.Errorf("%s is told %+v, %v", by.Name, told, err)
			}
		}
	})
}

func TestWhoMayDecideIsAskedAtThatMoment(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		own, ctx := w.apply(w.request("王小明")), t.Context()
		refused := func(what string, by core.Actor) {
			t.Helper()
			if _, err := w.decide(by, own.Review, true); core.CodeOf(err) != core.CodeForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}
		account, err := w.Account(ctx, everywhere, w.zhang.ID)
		if err != nil {
			t.Fatal(err)
		}
		account.Permissions = []core.Permission{core.PermResidentView, core.PermCertificationView}
		if _, err := w.UpdateAccount(ctx, core.SystemGranter, account); err != nil {
			t.Fatal(err)
		}
		refused("without the permission any more", w.zhang)
		account, _ = w.Account(ctx, everywhere, w.zhang.ID)
		account.Permissions = append(account.Permissions, core.PermCertificationReview)
		account.Scope = core.ScopeOf(newCommunity(t, w.Store, "海棠苑"))
		if _, err := w.UpdateAccount(ctx, core.SystemGranter, account); err != nil {
			t.Fatal(err)
		}
		refused("without the community any more", w.zhang)
		if err := w.db.Write(ctx, "bind", func(tx *database.Tx) error {
			_, err := tx.Exec("UPDATE account SET user_id = ? WHERE id = ?", int64(w.user.ID), int64(w.li.ID))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		refused("the applicant's own account", w.li)
		refused("the applicant", wechatActor(w.user.ID))
		wang := w.reviewer("wangwu", "王审核")
		if err := w.DisableAccount(ctx, core.SystemGranter, wang.ID); err != nil {
			t.Fatal(err)
		}
		refused("who has left", wang)
		approval := core.ReviewDecision{ID: own.Review.ID, Approve: true}
		if _, err := w.DecideReview(ctx, w.zhang, core.ScopeOf(w.community+1), approval); !core.IsNotFound(err) {
			t.Errorf("out of scope: %v", err)
		}
		if w.state(own.Review.ID) != core.ReviewWaiting || w.certified() != "" {
			t.Error("it was decided all the same")
		}
	})
}

func TestRejectionNeedsAReason(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		own := w.apply(w.request("王小明"))
		_, err := w.DecideReview(t.Context(), w.zhang, everywhere, core.ReviewDecision{ID: own.Review.ID, Version: 1})
		wantField(t, err, "reason")
		if _, err = w.decide(w.zhang, own.Review, false); err != nil {
			t.Fatal(err)
		}
		if n := w.count("SELECT COUNT(*) FROM message WHERE title = '住户认证未通过：照片看不清'"); n != 1 {
			t.Errorf("the applicant is not told why: %d", n)
		}
		if w.certified() != "" {
			t.Error("certified all the same")
		}
		_, err = w.WithdrawReview(t.Context(), wechatActor(w.user.ID), w.user.ID, own.Review.ID)
		wantCode(t, err, core.CodeConflict)
	})
}

func TestTheRegisterCertifiesAtOnce(t *testing.T) {
	const card = "11010519491231002X"
	recorded := core.Resident{Name: "王小明", Phone: applicantPhone}
	named, carded, shared, other := recorded, recorded, recorded, recorded
	named.Name, carded.IDNumber, shared.PhoneShared, other.Phone = "王大明", card, true, "13800138777"
	for name, c := range map[string]struct {
		recorded core.Resident
		idNumber string
		instant  bool
	}{
		"same phone and name":             {recorded, "", true},
		"the same ID number too":          {carded, card, true},
		"another ID number":               {carded, "E12345678", false},
		"a wrong name with a right phone": {named, "", false},
		"a right name with another phone": {other, "", false},
		"a family member's phone":         {shared, "", true},
		"nobody":                          {},
	} {
		t.Run(name, func(t *testing.T) {
			eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
				if c.recorded.Name != "" {
					c.recorded.Community, c.recorded.House, c.recorded.Identity = w.community, w.house, core.Owner
					newPerson(t, w.Store, c.recorded)
				}
				given := w.request("王小明")
				given.IDNumber = c.idNumber
				own := w.apply(given)
				if got := own.Review.State == core.ReviewApproved; got != c.instant {
					t.Fatalf("state %s", own.Review.State)
				}
				if c.instant && w.certified() != "王小明" {
					t.Errorf("certified: %q", w.certified())
				}
				told := w.count("SELECT COUNT(*) FROM message WHERE kind = 'review'")
				if (told == 0) != c.instant {
					t.Errorf("%d reviewers are told", told)
				}
			})
		})
	}
}

// A reviewer approves somebody whom the register has under another name, or without a number.
func TestApprovingLinksWhoIsRegistered(t *testing.T) {
	for name, recorded := range map[string]core.Resident{
		"another name":             {Name: "王大明", Phone: applicantPhone},
		"no number":                {Name: "王小明"},
		"a family member's number": {Name: "王小明", Phone: "13800138555", PhoneShared: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
				recorded.Community, recorded.House, recorded.Identity = w.community, w.house, core.Family
				was := newPerson(t, w.Store, recorded)
				own := w.apply(w.request("王小明"))
				if own.Review.State != core.ReviewWaiting {
					t.Fatalf("state %s", own.Review.State)
				}
				if _, err := w.decide(w.zhang, own.Review, true); err != nil {
					t.Fatal(err)
				}
				if n := w.count("SELECT COUNT(*) FROM resident"); n != 1 {
					t.Errorf("%d residents, want the one who was there", n)
				}
				now := residentOf(t, w.Store, was.ID)
				if now.Certified.IsZero() || now.Person != userOf(t, w.Store, w.user.ID).Person ||
					now.Name != recorded.Name || now.Identity != core.Family {
					t.Errorf("linked: %+v", now)
				}
				if passes := passNames(t, w.Store, userOf(t, w.Store, w.user.ID).Person); len(passes) != 1 {
					t.Errorf("passes %v", passes)
				}
			})
		})
	}
}

func TestTheSameRequestAppliesOnce(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		key := RequestKey{Key: "a-key", Body: "a body"}
		var all sync.WaitGroup
		ids := make([]core.ID, 4)
		for i := range ids {
			all.Go(func() {
				own, err := w.CreateCertification(t.Context(), wechatActor(w.user.ID), w.user.ID, w.request("王小明"), key)
				if err != nil {
					t.Error(err)
				}
				ids[i] = own.Review.ID
			})
		}
		all.Wait()
		if n := w.count("SELECT COUNT(*) FROM review"); n != 1 || ids[0] != ids[3] {
			t.Errorf("%d reviews of one request: %v", n, ids)
		}
		key.Body = "another body"
		_, err := w.CreateCertification(t.Context(), wechatActor(w.user.ID), w.user.ID, w.request("王小明"), key)
		wantCode(t, err, core.CodeInvalid)
		// Another person's key of the same text is another key.
		other := newWechatUserWithPhone(t, w.Store, "o-other", "13800138002")
		if _, err := w.CreateCertification(t.Context(), wechatActor(other.ID), other.ID, w.request("李雷"), key); err != nil {
			t.Error(err)
		}
	})
}

func TestALaterApplicationSupersedesTheFirst(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		first, second := w.apply(w.request("王小名")), w.apply(w.request("王小明"))
		if w.state(first.Review.ID) != core.ReviewSuperseded || w.state(second.Review.ID) != core.ReviewWaiting {
			t.Errorf("states %s, %s", w.state(first.Review.ID), w.state(second.Review.ID))
		}
		_, err := w.decide(w.zhang, first.Review, true)
		wantCode(t, err, core.CodeConflict)
		other := newWechatUserWithPhone(t, w.Store, "o-other", "13800138002")
		_, err = w.WithdrawReview(t.Context(), wechatActor(other.ID), other.ID, second.Review.ID)
		wantCode(t, err, core.CodeNotFound)
		if _, err := w.WithdrawReview(t.Context(), wechatActor(w.user.ID), w.user.ID, second.Review.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.decide(w.zhang, second.Review, true)
		wantCode(t, err, core.CodeConflict)
		list, err := w.OwnCertifications(t.Context(), w.user.ID)
		if err != nil || len(list) != 2 || list[0].Review.State != core.ReviewWithdrawn {
			t.Errorf("own: %+v, %v", list, err)
		}
	})
}

func TestApplicationsAreChecked(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		for name, change := range map[string]func(c *core.CertificationRequest){
			"house_id": func(c *core.CertificationRequest) { c.House = 7 },
			"name":     func(c *core.CertificationRequest) { c.Name = " " },
			"identity": func(c *core.CertificationRequest) { c.Identity = "king" },
			"photos":   func(c *core.CertificationRequest) { c.Photos = []core.ID{7} },
			"lease_last_day": func(c *core.CertificationRequest) {
				c.Identity, c.LeaseDay = core.Lodger, core.DayOf(w.Now(), w.Zone())-1
			},
		} {
			c := w.request("王小明")
			change(&c)
			_, err := w.CreateCertification(t.Context(), wechatActor(w.user.ID), w.user.ID, c, RequestKey{Key: name})
			wantField(t, err, name)
		}
	})
}

func TestOverdueReviewsAreRemindedOf(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, clock *testClock) {
		own := w.apply(w.request("王小明"))
		told := func() int {
			t.Helper()
			if err := w.RemindReviews(t.Context()); err != nil {
				t.Fatal(err)
			}
			return w.count("SELECT COUNT(*) FROM notice WHERE title LIKE '%超期%' AND account_id = " + w.zhang.ID.String())
		}
		if told() != 0 {
			t.Error("reminded at once")
		}
		clock.Add(own.Review.Due.Sub(w.Now()))
		if n := told() + told(); n != 2 {
			t.Errorf("reminded %d times when due, want once", n-1)
		}
		clock.Add(4 * 24 * time.Hour)
		if n := told(); n != 2 {
			t.Errorf("reminded %d times after days", n)
		}
		if _, err := w.decide(w.zhang, own.Review, true); err != nil {
			t.Fatal(err)
		}
		clock.Add(4 * 24 * time.Hour)
		if n := told(); n != 2 {
			t.Error("reminded of what is decided")
		}
	})
}

// However many are overdue at once, a reviewer is told of them once, with their number.
func TestManyOverdueReviewsAreOneNotice(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, clock *testClock) {
		own := w.apply(w.request("王小明"))
		for n := range 119 {
			w.mustRun(t, `
				INSERT INTO review (id, community_id, kind, applicant_id, name, subject, open_key, state, version, due_at, remind_at,
					decided_by, decider, decided_at, reason, note, internal, photos, owners_asked, owner_id, created_at, updated_at)
				SELECT id + ?, community_id, kind, applicant_id, name, subject, NULL, state, version, due_at, remind_at,
					decided_by, decider, decided_at, reason, note, internal, photos, owners_asked, owner_id, created_at, updated_at
				FROM review
				WHERE id = ?`, n+1, int64(own.Review.ID))
		}
		clock.Add(own.Review.Due.Sub(w.Now()))
		if err := w.RemindReviews(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := w.count("SELECT COUNT(*) FROM notice WHERE title LIKE '%超期%' AND account_id = " + w.zhang.ID.String())
		whole := w.count("SELECT COUNT(*) FROM notice WHERE title LIKE '120 件%超期%' AND account_id = " + w.zhang.ID.String())
		if all != 1 || whole != 1 {
			t.Errorf("%d notices, %d of all", all, whole)
		}
	})
}

func TestPicturesOfDecidedReviewsArePurged(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, clock *testClock) {
		c := w.request("王小明")
		c.Photos = []core.ID{newPhoto(t, w.Store, w.user.ID), newPhoto(t, w.Store, w.user.ID)}
		own := w.apply(c)
		purged := func() int64 {
			t.Helper()
			old, err := w.CountOld(t.Context(), time.Time{}, w.Now().Add(-time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			n, err := w.PurgeReviewPhotos(t.Context(), w.Now().Add(-time.Hour))
			if err != nil || (old.Reviews > 0) != (n > 0) {
				t.Fatalf("pictures of %d reviews are counted and %d purged, %v", old.Reviews, n, err)
			}
			return n
		}
		clock.Add(2 * time.Hour)
		if n := purged(); n != 0 {
			t.Errorf("%d pictures of a waiting review are gone", n)
		}
		photos, err := w.Photos(t.Context(), "certification", own.Review.ID)
		if err != nil || len(photos) != 2 {
			t.Fatalf("%d pictures, %v", len(photos), err)
		}
		if _, err := w.decide(w.zhang, own.Review, true); err != nil {
			t.Fatal(err)
		}
		clock.Add(2 * time.Hour)
		if n := purged(); n != 2 || w.count("SELECT COUNT(*) FROM photo_content") != 0 {
			t.Errorf("%d pictures are gone", n)
		}
	})
}

func TestReviewLists(t *testing.T) {
	eachReviewWorld(t, func(w *reviewWorld, _ *testClock) {
		own, ctx := w.apply(w.request("王小明")), t.Context()
		here, certifications := core.ScopeOf(w.community), []core.ReviewKind{core.ReviewCertification}
		for name, c := range map[string]struct {
			scope core.Scope
			f     ReviewFilter
			want  int
		}{
			"all":              {everywhere, ReviewFilter{}, 1},
			"waiting":          {here, ReviewFilter{State: core.ReviewWaiting, Kinds: certifications}, 1},
			"of no kind":       {everywhere, ReviewFilter{Kinds: []core.ReviewKind{}}, 0},
			"decided":          {everywhere, ReviewFilter{State: core.ReviewApproved}, 0},
			"by name":          {everywhere, ReviewFilter{Keyword: "小明"}, 1},
			"by another":       {everywhere, ReviewFilter{Keyword: "韩梅梅"}, 0},
			"elsewhere":        {core.ScopeOf(w.community + 1), ReviewFilter{}, 0},
			"late":             {everywhere, ReviewFilter{Late: w.Now()}, 0},
			"late in the week": {everywhere, ReviewFilter{Late: w.Now().AddDate(0, 0, 7)}, 1},
		} {
			list, _, err := w.Reviews(ctx, c.scope, c.f)
			counts, countErr := w.CountReviews(ctx, c.scope, c.f)
			if err != nil || countErr != nil || len(list) != c.want || counts[core.ReviewCertification] != c.want {
				t.Errorf("%s: %d, %v, %v, %v", name, len(list), counts, err, countErr)
			}
		}
		certification, err := w.Certification(ctx, everywhere, own.Review.ID)
		if err != nil || certification.Phone != core.MaskPhone(applicantPhone) {
			t.Errorf("%+v, %v", certification, err)
		}
		_, err = w.Certification(ctx, core.ScopeOf(w.community+1), own.Review.ID)
		wantCode(t, err, core.CodeNotFound)
		w.apply(w.request("王小明"))
		earlier, err := w.EarlierReviews(ctx, everywhere, own.Review, certifications)
		if err != nil || len(earlier) != 1 {
			t.Errorf("earlier: %+v, %v", earlier, err)
		}
		others := []core.ReviewKind{core.ReviewVisit}
		if earlier, err := w.EarlierReviews(ctx, everywhere, own.Review, others); err != nil || len(earlier) != 0 {
			t.Errorf("of kinds that the reviewer may not see: %+v, %v", earlier, err)
		}
		level, err := w.HouseLevel(ctx, HouseLevelFilter{Community: w.community})
		if err != nil || len(level.Nodes) != 1 || len(level.Houses) != 0 {
			t.Fatalf("top: %+v, %v", level, err)
		}
		level, err = w.HouseLevel(ctx, HouseLevelFilter{Community: w.community, Node: level.Nodes[0].ID})
		if err != nil || len(level.Nodes) != 1 {
			t.Fatalf("unit: %+v, %v", level, err)
		}
		level, err = w.HouseLevel(ctx, HouseLevelFilter{Community: w.community, Node: level.Nodes[0].ID})
		if err != nil || len(level.Houses) != 1 || level.Houses[0].ID != w.house {
			t.Errorf("houses: %+v, %v", level, err)
		}
	})
}

// What the register has of applicants is what an approval would find: by number, by ID number, by name alone, or nothing. From
// the list only what matches by a number and contradicts nothing is approved, as the register is at that moment, and
// nothing twice.
func TestReviewsAreApprovedFromTheList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newReviewWorld(t, s)
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, w.community, [][]string{
			{"2", "1", "101"}, {"2", "1", "102"}, {"2", "1", "103"}, {"2", "1", "104"}, {"2", "1", "105"},
		})
		if err != nil {
			t.Fatal(err)
		}
		newResident(t, s, w.community, houses[0], "王晓明", applicantPhone)
		newResident(t, s, w.community, houses[1], "王小明", "")
		byPhone := newResident(t, s, w.community, houses[3], "王大明", applicantPhone)
		if _, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
			Community: w.community, House: houses[4], Name: "王小明", Identity: core.Family, Phone: applicantPhone,
			IDNumber: "11010519491231002X",
		}); err != nil {
			t.Fatal(err)
		}
		want := map[core.ID]core.ReviewMatch{}
		var waiting []core.Review
		for i, match := range []core.ReviewMatch{
			{Words: "手机号与登记一致，姓名差一个字", Enough: true, Name: "王晓明", Other: true},
			{Words: "仅姓名与登记一致", Name: "王小明"}, {Words: "登记里没有"},
			{Words: "手机号与登记一致，姓名差一个字", Enough: true, Name: "王大明", Other: true},
			{Words: "证件号与登记不同", Name: "王小明"},
		} {
			c := w.request("王小明")
			if i == 4 {
				c.IDNumber = "110105199003070017"
			}
			c.House = houses[i]
			own := w.apply(c)
			want[own.Review.ID] = match
			waiting = append(waiting, own.Review)
		}
		got, err := s.ReviewMatches(t.Context(), everywhere, waiting)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v, %v", got, err)
		}
		for id, match := range want {
			if got[id] != match {
				t.Errorf("the register has %+v, want %+v", got[id], match)
			}
		}
		if other, err := s.ReviewMatches(t.Context(), core.ScopeOf(7), waiting); err != nil || len(other) != 0 {
			t.Errorf("out of scope: %+v, %v", other, err)
		}
		listed := func(by core.Actor, r core.Review) error {
			return discard(s.DecideReview(t.Context(), by, everywhere, core.ReviewDecision{
				ID: r.ID, Approve: true, Version: r.Version, Listed: true,
			}))
		}
		wantRefused(t, "by the name alone", listed(w.zhang, waiting[1]), core.CodeConflict)
		wantRefused(t, "of whom there is nothing", listed(w.zhang, waiting[2]), core.CodeConflict)
		wantRefused(t, "of another ID number", listed(w.zhang, waiting[4]), core.CodeConflict)
		if err := listed(w.zhang, waiting[0]); err != nil {
			t.Errorf("by the number: %v", err)
		}
		wantRefused(t, "what another has decided", listed(w.li, waiting[0]), core.CodeConflict)
		if _, err := s.MoveOutAll(t.Context(), core.System, everywhere, []core.ID{byPhone}); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "whom the register has no more", listed(w.zhang, waiting[3]), core.CodeConflict)
		if states := []core.ReviewState{w.state(waiting[0].ID), w.state(waiting[1].ID), w.state(waiting[3].ID)}; states[0] !=
			core.ReviewApproved || states[1] != core.ReviewWaiting || states[2] != core.ReviewWaiting {
			t.Errorf("states %q", states)
		}
	})
}

// Of two in the house whose names are nearly the applicant's, the list does not tell which one applies.
func TestOneOfTwoBrothersIsNotApprovedFromTheList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newReviewWorld(t, s)
		newResident(t, s, w.community, w.house, "王晓明", applicantPhone)
		newResident(t, s, w.community, w.house, "王小明", "")
		own := w.apply(w.request("王小明"))
		got, err := s.ReviewMatches(t.Context(), everywhere, []core.Review{own.Review})
		want := core.ReviewMatch{Words: "另有姓名相近的住户，手机号与登记一致，姓名差一个字", Name: "王晓明", Other: true}
		if err != nil || got[own.Review.ID] != want {
			t.Errorf("%+v, %v", got, err)
		}
		err = discard(s.DecideReview(t.Context(), w.zhang, everywhere, core.ReviewDecision{
			ID: own.Review.ID, Approve: true, Version: own.Review.Version, Listed: true,
		}))
		wantRefused(t, "from the list", err, core.CodeConflict)
	})
}
