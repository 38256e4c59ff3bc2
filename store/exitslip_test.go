package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// exitOffice is a scan site whose first resident carries things out, and two reviewers of the office.
type exitOffice struct {
	scanSite
	*Store
	t         *testing.T
	mover     core.WechatUser
	zhang, li core.Actor
	sent      int
}

func newExitOffice(t *testing.T, s *Store) *exitOffice {
	t.Helper()
	p := newScanSite(t, s, 3)
	w := &exitOffice{scanSite: p, Store: s, t: t, mover: newWechatUserWithPhone(t, s, "o13900000000", "13900000000")}
	for login, by := range map[string]*core.Actor{"zhangsan": &w.zhang, "lisi": &w.li} {
		id, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: login, Name: login, Role: core.RoleClerk, Scope: core.ScopeOf(w.community),
			Permissions: []core.Permission{core.PermExitSlipView, core.PermExitSlipReview},
		}, testPassword)
		if err != nil {
			t.Fatal(err)
		}
		*by = core.Actor{Kind: core.ActorAccount, ID: id, Name: login}
	}
	return w
}

// change changes the community's rule.
func (w *exitOffice) change(change func(*ExitRule)) {
	w.t.Helper()
	rule, err := w.ExitRule(w.t.Context(), everywhere, w.community)
	if err != nil {
		w.t.Fatal(err)
	}
	change(&rule)
	if err := w.UpdateExitRule(w.t.Context(), core.System, everywhere, rule); err != nil {
		w.t.Fatal(err)
	}
}

// owe sets what the first house owes.
func (w *exitOffice) owe(fen int64) {
	w.t.Helper()
	if _, _, err := w.UpdateArrears(w.t.Context(), core.System, everywhere, HouseArrears{
		Community: w.community, House: w.label(), Fen: fen,
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *exitOffice) label() string {
	w.t.Helper()
	house, err := w.House(w.t.Context(), everywhere, w.houses[0])
	if err != nil {
		w.t.Fatal(err)
	}
	return house.Label
}

// slip is a mover's application for three items.
func (w *exitOffice) slip() core.ExitSlip {
	return core.ExitSlip{
		House: w.houses[0], Plate: "京A·12345", Reason: "搬家", Planned: w.Now().Add(2 * time.Hour),
		Items: []core.ExitItem{{Name: "冰箱", Count: 1}, {Name: "沙发", Count: 2}, {Name: "纸箱", Count: 12}},
	}
}

func (w *exitOffice) apply(e core.ExitSlip) (core.ID, error) {
	w.sent++
	return w.ApplyExitSlip(w.t.Context(), core.System, w.mover.ID, e, RequestKey{Key: fmt.Sprint(w.sent)})
}

func (w *exitOffice) mustApply(change func(*core.ExitSlip)) core.ID {
	w.t.Helper()
	e := w.slip()
	if change != nil {
		change(&e)
	}
	id, err := w.apply(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *exitOffice) decide(by core.Actor, id core.ID, approve bool) error {
	d := core.ReviewDecision{ID: id, Approve: approve, Version: 1}
	if !approve {
		d.Reason = "物品说明不清楚"
	}
	_, err := w.DecideReview(w.t.Context(), by, core.ScopeOf(w.community), d)
	return err
}

// granted applies, and the office approves.
func (w *exitOffice) granted(change func(*core.ExitSlip)) core.ExitSlip {
	w.t.Helper()
	id := w.mustApply(change)
	if err := w.decide(w.zhang, id, true); err != nil {
		w.t.Fatal(err)
	}
	return w.read(id)
}

func (w *exitOffice) read(id core.ID) core.ExitSlip {
	w.t.Helper()
	e, err := w.ExitSlip(w.t.Context(), everywhere, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// out is a passage of items by a guard; n makes its form another one.
func (w *exitOffice) out(pass core.ID, n int, items ...int) ScanAttempt {
	return ScanAttempt{
		Via: core.ViaManual, Post: w.post, GuardName: "李师傅", Direction: core.Out, Pass: pass,
		TokenDigest: fmt.Sprintf("%064x", n), Items: items, ItemWords: "物品",
	}
}

func (w *exitOffice) revoke(by core.Actor, scope core.Scope, id core.ID) error {
	_, err := w.RevokeExitSlips(w.t.Context(), by, scope, []core.ID{id})
	return err
}

func (w *exitOffice) told(kind core.MessageKind, user core.ID) int {
	w.t.Helper()
	return countRows(w.t, w.Store, "SELECT COUNT(*) FROM message WHERE kind = ? AND user_id = ?", string(kind), int64(user))
}

// A mover applies, the office approves, the guard lets a part out and then the rest, each item once; the mover is told each time,
// and the records say what left when.
func TestThingsLeaveByParts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		id := w.mustApply(nil)
		if e := w.read(id); e.State(s.Now()) != core.ExitWaiting || e.Pass != 0 || e.Phone != "139****0000" || e.Total != 3 {
			t.Errorf("applied: %+v", e)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'exit_review'"); n != 2 {
			t.Errorf("the office was told %d times", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM review r JOIN exit_slip e ON e.id = r.id WHERE r.due_at < e.planned_at"); n != 1 {
			t.Error("it is due after the things are to leave")
		}
		if err := w.decide(w.zhang, id, true); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.decide(w.li, id, false), core.CodeConflict)
		own, err := s.OwnExitSlip(t.Context(), w.mover.ID, id)
		if err != nil || own.Code == "" || !own.Mine || !own.Usable(s.Now()) {
			t.Fatalf("approved: %+v, %v", own, err)
		}
		pass, err := s.PassOfExitCode(t.Context(), core.ScopeOf(w.community), own.Code)
		if err != nil || pass != own.Pass {
			t.Errorf("the code leads to %d, %v", pass, err)
		}
		for i, step := range []struct {
			items []int
			want  core.Reason
			state core.ExitState
		}{
			{nil, core.ReasonNeedItems, core.ExitGranted},
			{[]int{4}, core.ReasonNeedItems, core.ExitGranted},
			{[]int{2}, core.ReasonAllowed, core.ExitPartial},
			{[]int{2, 3}, core.ReasonPassUsed, core.ExitPartial},
			{[]int{1, 3}, core.ReasonAllowed, core.ExitLeft},
			{[]int{1}, core.ReasonPassUsed, core.ExitLeft},
		} {
			if d := mustScan(t, s, w.out(pass, i, step.items...)); d.Reason != step.want {
				t.Errorf("%v: %+v", step.items, d)
			}
			if e := w.read(id); e.State(s.Now()) != step.state {
				t.Errorf("%v: %s", step.items, e.State(s.Now()))
			}
		}
		if n := w.told(core.MessageExitSlip, w.mover.ID); n != 3 {
			t.Errorf("the mover was told %d times", n)
		}
		records, _, err := s.AccessRecords(t.Context(), everywhere, core.RecordFilter{
			Kind: core.PassExitSlip, Result: "allowed",
		}, Page{Limit: 10})
		if err != nil || len(records) != 2 || records[0].Note != "物品" || records[0].House != w.houses[0] || records[0].Counted {
			t.Fatalf("%+v, %v", records, err)
		}
		slip, items, err := s.ExitItemsOfRecord(t.Context(), records[1].ID)
		if err != nil || slip != id || len(items) != 1 || items[0].Name != "沙发" || items[0].Guard != "李师傅" || items[0].Gate != "东门岗" {
			t.Errorf("left by the first: %+v, %v", items, err)
		}
		if code, err := s.ExitSlipCode(t.Context(), everywhere, id); err != nil || code != "" {
			t.Errorf("a code after all has left: %q, %v", code, err)
		}
	})
}

// What a slip is refused at a gate for.
func TestWhatASlipIsRefusedFor(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newExitOffice(t, s)
		tomorrow := w.granted(func(e *core.ExitSlip) { e.Planned = s.Now().Add(24 * time.Hour) })
		n := 0
		scan := func(a ScanAttempt) core.Reason {
			n++
			a.TokenDigest = fmt.Sprintf("%064x", n)
			return mustScan(t, s, a).Reason
		}
		want := func(what string, a ScanAttempt, reason core.Reason) {
			t.Helper()
			if got := scan(a); got != reason {
				t.Errorf("%s: %s, want %s", what, got, reason)
			}
		}
		out := w.out(tomorrow.Pass, 0, 1)
		in := out
		in.Direction = core.In
		want("before its day", out, core.ReasonEarly)
		want("in", in, core.ReasonOutOnly)
		reader := core.NewReader()
		reader.Community, reader.Serial, reader.Name, reader.Gate, reader.Kinds = w.community, "SN1", "南门", "南门", core.PassKinds()
		device, _, err := s.CreateReader(t.Context(), core.System, everywhere, reader)
		if err != nil {
			t.Fatal(err)
		}
		rule, err := s.PassRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		rule.ReaderQR = true
		if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
			t.Fatal(err)
		}
		want("at a reader", ScanAttempt{
			Via: core.ViaReader, Reader: device, Pass: tomorrow.Pass, Token: core.TokenLive, Items: []int{1},
		}, core.ReasonReaderQR)
		far := newCommunity(t, s, "海棠苑")
		post, err := s.CreateGuardPost(t.Context(), core.System, everywhere, core.GuardPost{
			Community: far, Name: "西门岗", Direction: core.Out,
		})
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := out
		elsewhere.Post = post
		want("another community", elsewhere, core.ReasonScope)
		code, err := s.ExitSlipCode(t.Context(), everywhere, tomorrow.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.PassOfExitCode(t.Context(), core.ScopeOf(far), code)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.ExitSlipOfPass(t.Context(), core.ScopeOf(far), tomorrow.Pass)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, w.revoke(w.zhang, core.ScopeOf(far), tomorrow.ID), core.CodeNotFound)
		clock.Add(24 * time.Hour)
		want("on its day", out, core.ReasonAllowed)
		if err := w.revoke(w.zhang, everywhere, tomorrow.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.revoke(w.zhang, everywhere, tomorrow.ID), core.CodeConflict)
		want("revoked", w.out(tomorrow.Pass, 0, 2), core.ReasonPassDisabled)
		other := w.granted(nil)
		clock.Add(48 * time.Hour)
		want("after its day", w.out(other.Pass, 0, 1), core.ReasonExpired)
		if e := w.read(other.ID); e.State(s.Now()) != core.ExitExpired {
			t.Errorf("%s", e.State(s.Now()))
		}
	})
}

// A slip is good until the end of its day, or for as many hours as the community says.
func TestHoursOfASlip(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		e := w.granted(nil)
		if day := core.DayOf(e.Planned, s.zone); core.DayOf(e.From, s.zone) != day || core.DayOf(e.Until, s.zone) != day ||
			core.DayOf(e.Until.Add(time.Second), s.zone) != day+1 {
			t.Errorf("from %v until %v", e.From, e.Until)
		}
		w.change(func(r *ExitRule) { r.Hours = 3 })
		if e := w.granted(nil); e.Until.Sub(e.Planned) != 3*time.Hour {
			t.Errorf("%v after %v", e.Until, e.Planned)
		}
	})
}

// What an application must not have is refused, each with its words.
func TestSlipsThatAreRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		w.change(func(r *ExitRule) {
			for i := range r.Form {
				switch r.Form[i].Key {
				case "reason":
					r.Form[i].Use = core.FormRequired
				case "plate":
					r.Form[i].Use = core.FormHidden
				}
			}
			r.Form = r.Form.Add(core.FormField{
				Label: "电梯", Kind: core.FormChoice, Choices: []string{"货梯", "客梯"}, Use: core.FormRequired,
			})
		})
		base := func() core.ExitSlip {
			e := w.slip()
			e.Plate, e.Given = "", map[string]string{"x1": "货梯"}
			return e
		}
		many := make([]core.ExitItem, core.MaxExitItems+1)
		for i := range many {
			many[i] = core.ExitItem{Name: "纸箱", Count: 1}
		}
		for name, c := range map[string]struct {
			field  string
			change func(*core.ExitSlip)
		}{
			"the past":            {"planned", func(e *core.ExitSlip) { e.Planned = s.Now().Add(-time.Hour) }},
			"years ahead":         {"planned", func(e *core.ExitSlip) { e.Planned = s.Now().AddDate(2, 0, 0) }},
			"no time":             {"planned", func(e *core.ExitSlip) { e.Planned = time.Time{} }},
			"a long reason":       {"reason", func(e *core.ExitSlip) { e.Reason = strings.Repeat("长", 10000) }},
			"no reason":           {"reason", func(e *core.ExitSlip) { e.Reason = " " }},
			"a hidden field":      {"plate", func(e *core.ExitSlip) { e.Plate = "京A12345" }},
			"an unknown field":    {"x7", func(e *core.ExitSlip) { e.Given["x7"] = "多余" }},
			"no choice":           {"x1", func(e *core.ExitSlip) { e.Given = nil }},
			"another choice":      {"x1", func(e *core.ExitSlip) { e.Given["x1"] = "楼梯" }},
			"no items":            {"items", func(e *core.ExitSlip) { e.Items = []core.ExitItem{{Count: 1}} }},
			"too many items":      {"items", func(e *core.ExitSlip) { e.Items = many }},
			"no amount":           {"item_2", func(e *core.ExitSlip) { e.Items[1].Count = 0 }},
			"a million":           {"item_1", func(e *core.ExitSlip) { e.Items[0].Count = 1000000 }},
			"a long name":         {"item_3", func(e *core.ExitSlip) { e.Items[2].Name = strings.Repeat("长", 10000) }},
			"a number of nobody":  {"phone", func(e *core.ExitSlip) { e.Phone = "12345" }},
			"a picture of nobody": {"photos", func(e *core.ExitSlip) { e.Items[0].Photo = 7 }},
		} {
			e := base()
			c.change(&e)
			_, err := w.apply(e)
			if err == nil || fieldsOf(err)[c.field] == "" {
				t.Errorf("%s: %v names no field %s", name, err, c.field)
			}
		}
		e := base()
		e.House = w.houses[1]
		_, err := w.apply(e)
		wantCode(t, err, core.CodeNotFound)
		e.House = 77
		_, err = w.apply(e)
		wantField(t, err, "house")
		if n := countRows(t, s, "SELECT COUNT(*) FROM exit_slip"); n != 0 {
			t.Errorf("%d slips", n)
		}
		if _, err := w.apply(base()); err != nil {
			t.Error(err)
		}
	})
}

// Where pictures are required each item has one of the applicant's own, kept with the slip; where they are not asked for none is.
func TestPicturesOfItems(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		use := func(use core.FormUse) {
			w.change(func(r *ExitRule) {
				for i := range r.Form {
					if r.Form[i].Key == "photo" {
						r.Form[i].Use = use
					}
				}
			})
		}
		picture := func(owner core.ID) core.ID {
			photo, err := s.CreatePhoto(t.Context(), owner, core.NewPhoto{
				Class: core.PhotoPersonal, Whole: []byte("whole"), Thumb: []byte("thumb"), Width: 1, Height: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			return photo.ID
		}
		use(core.FormRequired)
		e := w.slip()
		_, err := w.apply(e)
		wantField(t, err, "item_1")
		for i := range e.Items {
			e.Items[i].Photo = picture(w.mover.ID)
		}
		id, err := w.apply(e)
		if err != nil {
			t.Fatal(err)
		}
		if kept := w.read(id); len(kept.Photos()) != 3 || kept.Items[1].Photo != e.Items[1].Photo {
			t.Errorf("%+v", kept.Items)
		}
		_, err = w.apply(e) // they are of the first slip
		wantField(t, err, "photos")
		stranger := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		other := w.slip()
		other.Items = []core.ExitItem{{Name: "电视", Count: 1, Photo: picture(stranger.ID)}}
		_, err = w.apply(other)
		wantField(t, err, "photos")
		other.Items[0].Photo = picture(w.mover.ID)
		use(core.FormHidden)
		_, err = w.apply(other)
		wantField(t, err, "item_1")
		if old, err := s.CountOld(t.Context(), e.Planned.AddDate(0, 0, 2), time.Time{}); old.Slips != 1 || err != nil {
			t.Errorf("%+v are counted before, %v", old, err)
		}
		if n, err := s.PurgeExitSlips(t.Context(), e.Planned.AddDate(0, 0, 2)); n != 1 || err != nil {
			t.Errorf("%d purged, %v", n, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM photo WHERE use_stem = 'exitslip'"); n != 0 {
			t.Errorf("%d pictures remain", n)
		}
		for _, table := range []string{"exit_slip_item", "pass WHERE kind = 'exitslip'", "review WHERE kind = 'exitslip'"} {
			if n := countRows(t, s, "SELECT COUNT(*) FROM "+table); n != 0 {
				t.Errorf("%d of %s remain", n, table)
			}
		}
	})
}

// The pictures of a slip stay until it is over, however soon those of reviews are deleted.
func TestPicturesOfSlipsStayUntilTheyAreOver(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newExitOffice(t, s)
		slip := func() core.ID {
			t.Helper()
			return w.mustApply(func(e *core.ExitSlip) {
				e.Planned = s.Now().Add(5 * aDay)
				e.Items[0].Photo = newPhoto(t, s, w.mover.ID)
			})
		}
		granted, rejected := slip(), slip()
		for id, approve := range map[core.ID]bool{granted: true, rejected: false} {
			if err := w.decide(w.zhang, id, approve); err != nil {
				t.Fatal(err)
			}
		}
		clock.Add(3 * aDay)
		for _, c := range []struct {
			later time.Duration
			want  int64
		}{{0, 1}, {w.read(granted).Until.Sub(s.Now()) + aDay, 0}, {time.Second, 1}} {
			clock.Add(c.later)
			n, err := s.PurgeReviewPhotos(t.Context(), s.Now().Add(-aDay))
			if err != nil || n != c.want {
				t.Errorf("%v later: %d pictures are purged, %v; want %d", c.later, n, err, c.want)
			}
			if seen := w.read(granted).Items[0].Photo != 0; seen != (c.later != time.Second) {
				t.Errorf("%v later: the picture is seen: %t", c.later, seen)
			}
		}
	})
}

// Who may apply, for which house, and who decides, is the community's rule; debts are looked at when it is applied for and when it
// is approved.
func TestTheRuleOfSlips(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		waiting := w.mustApply(nil)
		w.owe(128050)
		_, err := w.apply(w.slip())
		wantCode(t, err, core.CodeForbidden)
		wantCode(t, w.decide(w.zhang, waiting, true), core.CodeConflict)
		desk := w.slip()
		desk.Name = "王师傅"
		_, err = s.CreateExitSlip(t.Context(), w.zhang, core.ScopeOf(w.community), desk)
		wantCode(t, err, core.CodeConflict)
		w.change(func(r *ExitRule) { r.Arrears, r.Reviewer = core.ExitArrearsReview, core.ExitByNobody })
		if id := w.mustApply(nil); w.read(id).Answer != core.ExitWaiting || w.read(id).ArrearsFen != 128050 {
			t.Errorf("in arrears: %+v", w.read(id))
		}
		if err := w.decide(w.zhang, waiting, true); err != nil {
			t.Error(err)
		}
		w.owe(0)
		if id := w.mustApply(nil); !w.read(id).Usable(s.Now()) || w.read(id).Pass == 0 {
			t.Errorf("nobody reviews it: %+v", w.read(id))
		}
		w.owe(1)
		w.change(func(r *ExitRule) { r.Arrears = core.ExitArrearsAllow })
		if id := w.mustApply(nil); !w.read(id).Usable(s.Now()) {
			t.Errorf("as any other: %+v", w.read(id))
		}
		w.change(func(r *ExitRule) { r.Who = core.ExitNobody })
		_, err = w.apply(w.slip())
		wantCode(t, err, core.CodeForbidden)
		id, err := s.CreateExitSlip(t.Context(), w.zhang, core.ScopeOf(w.community), desk)
		if err != nil {
			t.Fatal(err)
		}
		if e := w.read(id); e.Issuer != "zhangsan" || !e.Usable(s.Now()) || e.Applicant != 0 || e.Name != "王师傅" {
			t.Errorf("at the desk: %+v", e)
		}
		if d := mustScan(t, s, w.out(w.read(id).Pass, 1, 1, 2, 3)); !d.Allowed {
			t.Error(d)
		}
		desk.House = w.houses[1]
		_, err = s.CreateExitSlip(t.Context(), w.zhang, core.ScopeOf(newCommunity(t, s, "海棠苑")), desk)
		wantField(t, err, "house")
	})
}

// Where owners decide first, one of another resident of the house is theirs, or the office's; of all at once, on two servers, one
// does.
func TestOwnersDecideSlips(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newExitOffice(t, s)
		w.change(func(r *ExitRule) { r.Reviewer = core.ExitByOwner })
		newTenant(t, s, w.community, w.houses[0], "租客甲", "13711110000")
		user := newWechatUserWithPhone(t, s, "tenant", "13711110000")
		neighbour := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		own := w.mustApply(nil) // an owner's own is the office's
		mine := core.ReviewDecision{ID: own, Approve: true}
		wantCode(t, s.AnswerExitSlip(t.Context(), core.System, w.mover.ID, mine), core.CodeForbidden)
		for round := range 3 {
			id, err := s.ApplyExitSlip(t.Context(), core.System, user.ID, w.slip(), RequestKey{})
			if err != nil {
				t.Fatal(err)
			}
			if n := w.told(core.MessageExitSlip, w.mover.ID); n != round+1 {
				t.Errorf("the owner was asked %d times", n)
			}
			yes := core.ReviewDecision{ID: id, Approve: true}
			wantCode(t, s.AnswerExitSlip(t.Context(), core.System, neighbour.ID, yes), core.CodeNotFound)
			wantCode(t, s.AnswerExitSlip(t.Context(), core.System, user.ID, yes), core.CodeNotFound)
			if seen, err := s.OwnExitSlip(t.Context(), w.mover.ID, id); err != nil || !seen.Asks || seen.Mine || seen.Code != "" {
				t.Errorf("the owner sees %+v, %v", seen, err)
			}
			answers := make([]error, 4)
			var all sync.WaitGroup
			all.Go(func() { answers[0] = w.decide(w.zhang, id, true) })
			all.Go(func() { answers[1] = w.decide(w.li, id, false) })
			for i, server := range []*Store{s, other} {
				all.Go(func() { answers[2+i] = server.AnswerExitSlip(t.Context(), core.System, w.mover.ID, yes) })
			}
			all.Wait()
			decided := 0
			for _, err := range answers {
				if err == nil {
					decided++
				} else {
					wantCode(t, err, core.CodeConflict)
				}
			}
			if e := w.read(id); decided != 1 || (e.Pass != 0) != (e.Answer == core.ExitGranted) {
				t.Errorf("%d decided, %+v", decided, e)
			}
			if err := w.revoke(w.zhang, everywhere, id); err != nil && !core.IsConflict(err) {
				t.Fatal(err)
			}
		}
		w.change(func(r *ExitRule) { r.Who = core.ExitOwners })
		_, err := s.ApplyExitSlip(t.Context(), core.System, user.ID, w.slip(), RequestKey{})
		wantCode(t, err, core.CodeForbidden)
	})
}

// An application is withdrawn by who sent it alone, and what nobody decides in time waits no more; who has moved out meanwhile gets
// none, but one that was approved is still good: it is for moving out.
func TestSlipsThatEnd(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newExitOffice(t, s)
		id := w.mustApply(nil)
		stranger := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		_, err := s.WithdrawReview(t.Context(), core.System, stranger.ID, id)
		wantCode(t, err, core.CodeNotFound)
		if _, err := s.WithdrawReview(t.Context(), core.System, w.mover.ID, id); err != nil {
			t.Fatal(err)
		}
		if e := w.read(id); e.State(s.Now()) != core.ExitWithdrawn {
			t.Errorf("%s", e.State(s.Now()))
		}
		wantCode(t, w.decide(w.zhang, id, true), core.CodeConflict)
		late := w.mustApply(nil)
		clock.Add(30 * time.Hour)
		wantCode(t, w.decide(w.zhang, late, true), core.CodeConflict)
		if err := s.ExpireExitSlips(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Review(t.Context(), everywhere, late); err != nil || r.State != core.ReviewSuperseded {
			t.Errorf("%+v, %v", r, err)
		}
		approved, waiting := w.granted(nil), w.mustApply(nil)
		if err := s.MoveOut(t.Context(), core.System, everywhere, w.read(waiting).Tie); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.decide(w.zhang, waiting, true), core.CodeConflict)
		if d := mustScan(t, s, w.out(approved.Pass, 1, 1, 2, 3)); !d.Allowed {
			t.Error(d)
		}
		_, err = w.apply(w.slip())
		wantCode(t, err, core.CodeNotFound)
	})
}

// The same request applies once, also at the same moment, on two servers; a house has so many at a time.
func TestOneRequestIsOneSlip(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newExitOffice(t, s)
		ids, errs := make([]core.ID, 6), make([]error, 6)
		var all sync.WaitGroup
		for i := range ids {
			server := s
			if i%2 == 1 {
				server = other
			}
			all.Go(func() {
				ids[i], errs[i] = server.ApplyExitSlip(t.Context(), core.System, w.mover.ID, w.slip(), RequestKey{Key: "k", Body: "b"})
			})
		}
		all.Wait()
		for i := range ids {
			if errs[i] != nil || ids[i] != ids[0] {
				t.Errorf("%d, %v", ids[i], errs[i])
			}
		}
		_, err := s.ApplyExitSlip(t.Context(), core.System, w.mover.ID, w.slip(), RequestKey{Key: "k", Body: "another"})
		wantCode(t, err, core.CodeInvalid)
		for range core.MaxOpenExits - 1 {
			w.mustApply(nil)
		}
		_, err = w.apply(w.slip())
		wantCode(t, err, core.CodeConflict)
	})
}

// Of guards who let out the same things at the same moment, on two servers, each item is let out by one, whatever they tick.
func TestAnItemLeavesOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newExitOffice(t, s)
		random := rand.New(rand.NewPCG(21, 5))
		for round := range 4 {
			e := w.granted(nil)
			const guards = 8
			released := make([][]int, guards)
			var all sync.WaitGroup
			for g := range guards {
				var ticked []int
				for n := 1; n <= 3; n++ {
					if random.IntN(2) == 0 {
						ticked = append(ticked, n)
					}
				}
				server := s
				if g%2 == 1 {
					server = other
				}
				all.Go(func() {
					out, err := server.Scan(t.Context(), w.out(e.Pass, round*100+g, ticked...))
					if err != nil {
						t.Error(err)
					}
					if out.Decision.Allowed {
						released[g] = ticked
					}
				})
			}
			all.Wait()
			left := map[int]int{}
			for _, items := range released {
				for _, n := range items {
					left[n]++
				}
			}
			after := w.read(e.ID)
			for _, item := range after.Items {
				gone := !item.Left.IsZero()
				if left[item.N] > 1 || (left[item.N] == 1) != gone || (after.LeftMask&(1<<(item.N-1)) != 0) != gone {
					t.Errorf("item %d left %d times: %+v of %b", item.N, left[item.N], item, after.LeftMask)
				}
			}
			if err := w.revoke(w.zhang, everywhere, e.ID); err != nil && !core.IsConflict(err) {
				t.Fatal(err)
			}
		}
	})
}

// Things of two slips that leave at the same moment are written together: each once, with its own gate's record.
func TestThingsOfSlipsLeaveTogether(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		one, two := w.granted(nil), w.granted(nil)
		batch := []ScanAttempt{
			w.out(one.Pass, 1, 1), w.out(two.Pass, 2, 2, 3), w.out(one.Pass, 3, 1), w.out(one.Pass, 4, 3), w.out(two.Pass, 5, 1),
		}
		outcomes, errs := s.scanBatch(t.Context(), batch)
		records := map[core.ID]bool{}
		for i, allowed := range []bool{true, true, false, true, true} {
			if errs[i] != nil || outcomes[i].Decision.Allowed != allowed {
				t.Errorf("attempt %d: %+v, %v", i, outcomes[i].Decision, errs[i])
			}
			records[outcomes[i].Record.ID] = true
		}
		if len(records) != len(batch) {
			t.Errorf("%d records", len(records))
		}
		for _, slip := range []struct {
			id   core.ID
			mask uint64
			by   map[int]int // item → attempt
		}{{one.ID, 0b101, map[int]int{1: 0, 3: 3}}, {two.ID, 0b111, map[int]int{1: 4, 2: 1, 3: 1}}} {
			after := w.read(slip.id)
			if after.LeftMask != slip.mask {
				t.Errorf("left: %b, want %b", after.LeftMask, slip.mask)
			}
			for _, item := range after.Items {
				attempt, gone := slip.by[item.N]
				if gone == item.Left.IsZero() || gone && item.Record != outcomes[attempt].Record.ID {
					t.Errorf("item %d: %+v", item.N, item)
				}
			}
		}
	})
}

// Of any sequence of acts, no item leaves twice, and nothing leaves by a slip that is revoked, not approved or over.
func TestNoSequenceReleasesTwice(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newExitOffice(t, s)
		random := rand.New(rand.NewPCG(7, 21))
		for round := range 5 {
			id, gone, revoked := w.mustApply(nil), map[int]bool{}, false
			for step := range 14 {
				e := w.read(id)
				switch random.IntN(8) {
				case 0:
					if err := w.decide(w.zhang, id, true); err != nil && !core.IsConflict(err) {
						t.Fatal(err)
					}
				case 1:
					err := w.revoke(w.li, everywhere, id)
					if err != nil && !core.IsConflict(err) {
						t.Fatal(err)
					}
					revoked = revoked || err == nil
				case 2:
					clock.Add(4 * time.Hour)
				default:
					n := 1 + random.IntN(3)
					d := mustScan(t, s, w.out(e.Pass, 1000+round*100+step, n))
					if d.Allowed && (gone[n] || revoked || !e.Usable(s.Now())) {
						t.Errorf("%d left: %+v", n, e)
					}
					gone[n] = gone[n] || d.Allowed
				}
			}
			if e := w.read(id); e.Gone() != len(trueOf(gone)) {
				t.Errorf("%d are gone of %v", e.Gone(), gone)
			}
			clock.Add(48 * time.Hour) // none of it is open for the next
		}
	})
}

func trueOf(all map[int]bool) (keys []int) {
	for key, is := range all {
		if is {
			keys = append(keys, key)
		}
	}
	return keys
}

// Slips are found by state, house, item and number; a filter finds exactly those that are in its state.
func TestSlipsAreFound(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newExitOffice(t, s)
		expired := w.granted(nil)
		clock.Add(48 * time.Hour)
		waiting, rejected, withdrawn := w.mustApply(nil), w.mustApply(nil), w.mustApply(nil)
		if err := w.decide(w.zhang, rejected, false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WithdrawReview(t.Context(), core.System, w.mover.ID, withdrawn); err != nil {
			t.Fatal(err)
		}
		granted := w.granted(func(e *core.ExitSlip) { e.Items[0].Name = "三角钢琴" })
		partial, left, revoked := w.granted(nil), w.granted(nil), w.granted(nil)
		mustScan(t, s, w.out(partial.Pass, 1, 2))
		mustScan(t, s, w.out(left.Pass, 2, 1, 2, 3))
		if err := w.revoke(w.zhang, everywhere, revoked.ID); err != nil {
			t.Fatal(err)
		}
		find := func(f ExitSlipFilter) (ids []core.ID) {
			f.Now, f.Page = s.Now(), Page{Limit: 20}
			list, _, err := s.ExitSlips(t.Context(), everywhere, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				ids = append(ids, e.ID)
				if f.State != "" && e.State(s.Now()) != f.State {
					t.Errorf("%s finds one that is %s", f.State, e.State(s.Now()))
				}
			}
			if n, err := s.CountExitSlips(t.Context(), everywhere, f); err != nil || n != len(ids) {
				t.Errorf("%d counted of %d, %v", n, len(ids), err)
			}
			return ids
		}
		for state, id := range map[core.ExitState]core.ID{
			core.ExitExpired: expired.ID, core.ExitWaiting: waiting, core.ExitRejected: rejected, core.ExitWithdrawn: withdrawn,
			core.ExitGranted: granted.ID, core.ExitPartial: partial.ID, core.ExitLeft: left.ID, core.ExitRevoked: revoked.ID,
		} {
			if ids := find(ExitSlipFilter{State: state}); len(ids) != 1 || ids[0] != id {
				t.Errorf("%s: %v, want %d", state, ids, id)
			}
		}
		for text, want := range map[string]int{
			"钢琴": 1, "张三": 8, w.label(): 8, "13900000000": 8, "13900000009": 0, "京A12345": 8, "没有": 0,
		} {
			if ids := find(ExitSlipFilter{Keyword: text}); len(ids) != want {
				t.Errorf("%q finds %d, want %d", text, len(ids), want)
			}
		}
		if ids := find(ExitSlipFilter{Open: true}); len(ids) != 2 {
			t.Errorf("%d are open", len(ids))
		}
		if ids := find(ExitSlipFilter{Planned: core.DayOf(s.Now(), s.zone)}); len(ids) != 7 {
			t.Errorf("%d are of today", len(ids))
		}
		if ids := find(ExitSlipFilter{House: w.houses[1]}); len(ids) != 0 {
			t.Errorf("%d of another house", len(ids))
		}
	})
}

// The rule is changed by who has seen it as it is.
func TestExitRuleIsChangedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		old, err := s.ExitRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		w.change(func(r *ExitRule) { r.Hours = 5 })
		old.Hours = 7
		if err := s.UpdateExitRule(t.Context(), core.System, everywhere, old); !core.IsStale(err) {
			t.Errorf("%v", err)
		}
		old.Hours = core.MaxExitHours + 1
		wantField(t, s.UpdateExitRule(t.Context(), core.System, everywhere, old), "hours")
		_, err = s.ExitRule(t.Context(), core.ScopeOf(7), w.community)
		wantCode(t, err, core.CodeNotFound)
		if n := readerAudits(t, s, "exitrule.update"); n != 1 {
			t.Errorf("%d audit rows", n)
		}
	})
}

// Slips are revoked several at once, each of which something can leave by, and that is taken back: of one that has been used up
// meanwhile nothing is.
func TestSlipsAreRevokedTogether(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newExitOffice(t, s)
		partial, fresh, waiting := w.granted(nil), w.granted(nil), w.mustApply(nil)
		mustScan(t, s, w.out(partial.Pass, 1, 2))
		batch, err := s.RevokeExitSlips(t.Context(), w.zhang, everywhere, []core.ID{partial.ID, fresh.ID, waiting, fresh.ID})
		if err != nil || batch.Size != 2 {
			t.Fatalf("%+v, %v", batch, err)
		}
		if d := mustScan(t, s, w.out(partial.Pass, 2, 1)); d.Allowed {
			t.Error(d)
		}
		if w.read(waiting).State(s.Now()) != core.ExitWaiting {
			t.Error("one that waits is revoked")
		}
		if _, err := s.UndoBatch(t.Context(), w.li, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if d := mustScan(t, s, w.out(partial.Pass, 3, 1, 3)); !d.Allowed || w.read(partial.ID).State(s.Now()) != core.ExitLeft {
			t.Errorf("afterwards: %+v", d)
		}
		if w.read(fresh.ID).State(s.Now()) != core.ExitGranted {
			t.Errorf("%s", w.read(fresh.ID).State(s.Now()))
		}
		_, err = s.RevokeExitSlips(t.Context(), w.zhang, everywhere, []core.ID{partial.ID, waiting})
		wantCode(t, err, core.CodeConflict)
	})
}
