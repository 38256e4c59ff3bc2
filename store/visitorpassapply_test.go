package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// visitOffice is a visit site with two reviewers of the office.
type visitOffice struct {
	visitSite
	*Store
	t         *testing.T
	zhang, li core.Actor
	sent      int
}

func newVisitOffice(t *testing.T, s *Store) *visitOffice {
	t.Helper()
	w := &visitOffice{visitSite: newVisitSite(t, s), Store: s, t: t}
	for login, by := range map[string]*core.Actor{"zhangsan": &w.zhang, "lisi": &w.li} {
		id, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: login, Name: login, Role: core.RoleClerk, Scope: core.ScopeOf(w.community),
			Permissions: []core.Permission{core.PermVisitorPassView, core.PermVisitorPassReview},
		}, testPassword)
		if err != nil {
			t.Fatal(err)
		}
		*by = core.Actor{Kind: core.ActorAccount, ID: id, Name: login}
	}
	return w
}

// application is a visitor's to the first house, of a number of their own.
func (w *visitOffice) application() VisitApplication {
	w.sent++
	return VisitApplication{VisitorPass: core.VisitorPass{
		Way: core.VisitApplied, Community: w.community, House: w.houses[0], Name: "来客", People: 2,
		Phone: fmt.Sprintf("136%08d", w.sent), Until: w.Now().Add(2 * time.Hour),
	}}
}

func (w *visitOffice) apply(user core.ID, v VisitApplication) (OwnVisit, error) {
	w.t.Helper()
	code, err := w.ApplyVisit(w.t.Context(), core.System, user, v, RequestKey{})
	if err != nil {
		return OwnVisit{}, err
	}
	return w.VisitByCode(w.t.Context(), code)
}

func (w *visitOffice) mustApply(user core.ID, v VisitApplication) OwnVisit {
	w.t.Helper()
	own, err := w.apply(user, v)
	if err != nil {
		w.t.Fatal(err)
	}
	return own
}

func (w *visitOffice) decide(by core.Actor, id core.ID, approve bool) error {
	d := core.ReviewDecision{ID: id, Approve: approve, Version: 1}
	if !approve {
		d.Reason = "住户不知情"
	}
	_, err := w.DecideReview(w.t.Context(), by, core.ScopeOf(w.community), d)
	return err
}

// told counts the messages of a kind to a WeChat user.
func (w *visitOffice) told(kind core.MessageKind, user core.ID) int {
	w.t.Helper()
	tellArrived(w.t, w.Store)
	return countRows(w.t, w.Store, "SELECT COUNT(*) FROM message WHERE kind = ? AND user_id = ?", string(kind), int64(user))
}

// A visitor applies, the office approves, the house is told, and the pass lets the party in once; another is rejected with the
// reason. Who applied is told.
func TestVisitorsApplyAndTheOfficeDecides(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		guest := newWechatUserWithPhone(t, s, "guest", "13600000001")
		own := w.mustApply(guest.ID, w.application())
		if own.State(s.Now()) != core.VisitWaiting || own.Pass != 0 || own.Usable(s.Now()) || own.Host != "" {
			t.Errorf("applied: %+v", own)
		}
		reviews, _, err := s.Reviews(t.Context(), everywhere, ReviewFilter{Kinds: []core.ReviewKind{core.ReviewVisit}})
		if err != nil || len(reviews) != 1 || reviews[0].ID != own.ID || reviews[0].Asked || reviews[0].Due.After(own.Until) {
			t.Fatalf("%+v, %v", reviews, err)
		}
		wantCode(t, s.AnswerVisit(t.Context(), core.System, w.host.ID, core.ReviewDecision{ID: own.ID, Approve: true}), core.CodeForbidden)
		if err := w.decide(w.zhang, own.ID, true); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.decide(w.li, own.ID, false), core.CodeConflict)
		if own, err = s.VisitByCode(t.Context(), own.Code); err != nil || !own.Usable(s.Now()) {
			t.Fatalf("approved: %+v, %v", own, err)
		}
		for user, want := range map[core.ID][2]int{guest.ID: {1, 0}, w.host.ID: {0, 1}} {
			if visit, host := w.told(core.MessageVisit, user), w.told(core.MessageVisitor, user); visit != want[0] || host != want[1] {
				t.Errorf("told %d, %d; want %v", visit, host, want)
			}
		}
		if d := mustScan(t, s, w.scan(own.Pass, core.In, 1)); !d.Allowed {
			t.Fatal(d)
		}
		if d := mustScan(t, s, w.scan(own.Pass, core.In, 2)); d.Reason != core.ReasonPassUsed {
			t.Errorf("twice: %+v", d)
		}
		if n := w.told(core.MessageVisitor, w.host.ID); n != 2 {
			t.Errorf("the house was told %d times", n)
		}
		list, _, err := s.OwnVisitors(t.Context(), w.host.ID, Page{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Errorf("the house sees %d, %v", len(list), err)
		}
		other := w.mustApply(guest.ID, w.application())
		if err := w.decide(w.li, other.ID, false); err != nil {
			t.Fatal(err)
		}
		other, err = s.VisitOfApplicant(t.Context(), guest.ID, other.ID)
		if err != nil || other.State(s.Now()) != core.VisitRejected || other.Refusal != "住户不知情" || other.Pass != 0 {
			t.Errorf("rejected: %+v, %v", other, err)
		}
		_, err = s.VisitOfApplicant(t.Context(), w.host.ID, other.ID)
		wantCode(t, err, core.CodeNotFound)
		if visits, err := s.OwnVisits(t.Context(), guest); err != nil || len(visits) != 2 {
			t.Errorf("%d own visits, %v", len(visits), err)
		}
		for state, want := range map[core.VisitorState]int{core.VisitMade: 1, core.VisitRejected: 1, core.VisitWaiting: 0} {
			f := VisitorPassFilter{State: state, Now: s.Now(), Page: Page{Limit: 10}}
			if found, _, err := s.VisitorPasses(t.Context(), everywhere, f); err != nil || len(found) != want {
				t.Errorf("%d are %s, %v", len(found), state, err)
			}
		}
	})
}

// A reviewer sees the earlier applications of the same person. Of those outside WeChat nobody is known to be the same but who has
// proven the number: strangers' applications are not theirs, nor is that of somebody who only wrote their number.
func TestEarlierVisitsAreTheSamePersons(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		proven := func(phone string) OwnVisit {
			t.Helper()
			clock.Add(2 * time.Minute)
			_, code, err := s.CreateVisitorCode(t.Context(), phone)
			if err == nil {
				err = s.EnterVisitorCode(t.Context(), phone, code)
			}
			if err != nil {
				t.Fatal(err)
			}
			v := w.application()
			v.Phone, v.Code = phone, code
			return w.mustApply(0, v)
		}
		const number = "13655556666"
		first, stranger, again, other := proven(number), w.mustApply(0, w.application()), proven(number), proven("13677778888")
		written := w.application()
		written.Phone = number
		unproven := w.mustApply(0, written)
		for name, c := range map[string]struct {
			of   OwnVisit
			want []core.ID
		}{
			"the first": {first, []core.ID{again.ID}}, "the second": {again, []core.ID{first.ID}}, "another number": {other, nil},
			"who proves nothing": {stranger, nil}, "who wrote another's number": {unproven, nil},
		} {
			r, err := s.Review(t.Context(), everywhere, c.of.ID)
			if err != nil {
				t.Fatal(err)
			}
			kinds := []core.ReviewKind{core.ReviewVisit}
			earlier, err := s.EarlierReviews(t.Context(), everywhere, r, kinds)
			var got []core.ID
			for _, e := range earlier {
				got = append(got, e.ID)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v, %v", name, got, c.want, err)
			}
			if none, err := s.EarlierReviews(t.Context(), core.ScopeOf(w.community+1), r, kinds); len(none) > 0 {
				t.Errorf("%s: out of scope: %v, %v", name, none, err)
			}
		}
	})
}

// Where the office lets them, residents of the house decide, the office too; of all at once, on two servers, one does.
func TestTheHouseDecidesWhoApplies(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newVisitOffice(t, s)
		changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Hosts = true })
		neighbour := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		for round := range 4 {
			own := w.mustApply(0, w.application())
			if n := w.told(core.MessageHousehold, w.host.ID); n != round+1 {
				t.Errorf("the house was asked %d times", n)
			}
			yes := core.ReviewDecision{ID: own.ID, Approve: true}
			wantCode(t, s.AnswerVisit(t.Context(), core.System, neighbour.ID, yes), core.CodeNotFound)
			answers := make([]error, 4)
			var all sync.WaitGroup
			all.Go(func() { answers[0] = w.decide(w.zhang, own.ID, true) })
			all.Go(func() { answers[1] = w.decide(w.li, own.ID, false) })
			for i, server := range []*Store{s, other} {
				all.Go(func() {
					answers[2+i] = server.AnswerVisit(t.Context(), core.System, w.host.ID, yes)
				})
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
			after, err := s.VisitorPass(t.Context(), everywhere, own.ID)
			if err != nil || decided != 1 || (after.Pass != 0) != (after.Answer == core.VisitGranted) {
				t.Errorf("%d decided, %+v, %v", decided, after, err)
			}
		}
	})
}

// An appointment is good an hour before and after its time, if the host accepts; whether the number is anybody's is not told.
func TestAppointments(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		at := s.Now().Add(5 * time.Hour)
		booked := func(host string) VisitApplication {
			v := w.application()
			v.Way, v.House, v.Host, v.Until = core.VisitBooked, 0, host, at
			return v
		}
		own, declined := w.mustApply(0, booked("13900000000")), w.mustApply(0, booked("13900000000"))
		nobody := w.mustApply(0, booked("13999999999"))
		for _, v := range []OwnVisit{own, nobody} {
			if v.State(s.Now()) != core.VisitWaiting || v.House != 0 || v.HouseLabel != "" || v.Host != "" || !v.At().Equal(at) {
				t.Errorf("the visitor sees %+v", v)
			}
		}
		if n := w.told(core.MessageHousehold, w.host.ID); n != 2 {
			t.Errorf("the host was asked %d times", n)
		}
		accept := core.ReviewDecision{ID: own.ID, Approve: true}
		wantCode(t, s.AnswerVisit(t.Context(), core.System, w.zhang.ID, accept), core.CodeNotFound)
		none := core.ReviewDecision{ID: nobody.ID, Approve: true}
		wantCode(t, s.AnswerVisit(t.Context(), core.System, w.host.ID, none), core.CodeNotFound)
		if err := s.AnswerVisit(t.Context(), core.System, w.host.ID, accept); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.AnswerVisit(t.Context(), core.System, w.host.ID, accept), core.CodeConflict)
		wantField(t, s.AnswerVisit(t.Context(), core.System, w.host.ID, core.ReviewDecision{ID: declined.ID}), "reason")
		if err := s.AnswerVisit(t.Context(), core.System, w.host.ID, core.ReviewDecision{ID: declined.ID, Reason: "不方便接待"}); err != nil {
			t.Fatal(err)
		}
		got, err := s.VisitByCode(t.Context(), declined.Code)
		if err != nil || got.State(s.Now()) != core.VisitRejected || got.HouseLabel != "" {
			t.Errorf("declined: %+v, %v", got, err)
		}
		own, err = s.VisitByCode(t.Context(), own.Code)
		if err != nil || own.HouseLabel == "" || own.Host == "" {
			t.Fatalf("accepted: %+v, %v", own, err)
		}
		for i, step := range []struct {
			wait time.Duration
			want core.Reason
		}{{0, core.ReasonEarly}, {4*time.Hour - time.Second, core.ReasonEarly}, {time.Second, core.ReasonAllowed}} {
			clock.Add(step.wait)
			if d := mustScan(t, s, w.scan(own.Pass, core.In, i)); d.Reason != step.want {
				t.Errorf("%v later: %+v", step.wait, d)
			}
		}
		clock.Add(2*time.Hour + time.Second)
		if got, err := s.VisitByCode(t.Context(), nobody.Code); err != nil || got.State(s.Now()) != core.VisitExpired {
			t.Errorf("nobody's: %+v, %v", got, err)
		}
	})
}

// What an application must not have is refused, each with its words, and what nobody decides in time waits no more.
func TestApplicationsThatAreRefused(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		elsewhere := newCommunity(t, s, "海棠苑")
		far := newHouses(t, s, elsewhere, 1)[0]
		for name, c := range map[string]struct {
			field  string
			change func(*VisitApplication)
		}{
			"the past":         {"until", func(v *VisitApplication) { v.Until = s.Now().Add(-time.Hour) }},
			"years ahead":      {"until", func(v *VisitApplication) { v.Until = s.Now().AddDate(2, 0, 0) }},
			"no time":          {"until", func(v *VisitApplication) { v.Until = time.Time{} }},
			"no number":        {"phone", func(v *VisitApplication) { v.Phone = "" }},
			"a long reason":    {"reason", func(v *VisitApplication) { v.Reason = strings.Repeat("长", 10000) }},
			"another's house":  {"house", func(v *VisitApplication) { v.House = far }},
			"an unknown field": {"x7", func(v *VisitApplication) { v.Given = map[string]string{"x7": "多余"} }},
			"no host":          {"host", func(v *VisitApplication) { v.Way = core.VisitBooked }},
			"a past appointment": {"until", func(v *VisitApplication) {
				v.Way, v.Host, v.Until = core.VisitBooked, "13900000000", s.Now().Add(-30*time.Minute)
			}},
		} {
			v := w.application()
			c.change(&v)
			_, err := w.apply(0, v)
			t.Log(name)
			wantField(t, err, c.field)
		}
		_, err := w.apply(0, func() VisitApplication { v := w.application(); v.Poster = "none"; return v }())
		wantCode(t, err, core.CodeNotFound)
		late := w.mustApply(0, w.application())
		clock.Add(3 * time.Hour)
		wantCode(t, w.decide(w.zhang, late.ID, true), core.CodeConflict)
		if err := s.ExpireVisits(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Review(t.Context(), everywhere, late.ID); err != nil || r.State != core.ReviewSuperseded {
			t.Errorf("over: %+v, %v", r, err)
		}
		changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Apply, r.Book = false, false })
		for _, way := range []core.VisitorWay{core.VisitApplied, core.VisitBooked} {
			v := w.application()
			v.Way, v.Host = way, "13900000000"
			_, err := w.apply(0, v)
			wantCode(t, err, core.CodeForbidden)
		}
		if n, err := s.PurgeVisitorPasses(t.Context(), s.Now()); n != 1 || err != nil {
			t.Errorf("%d purged, %v", n, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM review WHERE kind = 'visitorpass'"); n != 0 {
			t.Errorf("%d reviews of visits that are gone", n)
		}
	})
}

// One number, sent from two servers at once, gets no more applications than the limit; nor does one house.
func TestApplicationsAreLimited(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newVisitOffice(t, s)
		send := func(n int, change func(*VisitApplication)) (sent int) {
			var all sync.WaitGroup
			answers := make([]error, n)
			for i := range answers {
				v := w.application()
				change(&v)
				server := []*Store{s, other}[i%2]
				all.Go(func() { _, answers[i] = server.ApplyVisit(t.Context(), core.System, 0, v, RequestKey{}) })
			}
			all.Wait()
			for _, err := range answers {
				if err == nil {
					sent++
				} else {
					wantCode(t, err, core.CodeConflict)
				}
			}
			return sent
		}
		same := func(v *VisitApplication) { v.Phone, v.House = "13611112222", w.houses[1] }
		if n := send(core.MaxDailyVisits+5, same); n != core.MaxDailyVisits {
			t.Errorf("%d of one number", n)
		}
		if n := send(core.MaxDailyVisitsOfHouse+5, func(*VisitApplication) {}); n != core.MaxDailyVisitsOfHouse {
			t.Errorf("%d to one house", n)
		}
	})
}

// At night a host hears at once of who is to come before the morning. Of the others they hear in the morning, but not of those that
// they have answered by then.
func TestAHostIsAskedInTime(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		w.atNight(clock)
		book := func(after time.Duration) OwnVisit {
			v := w.application()
			v.Way, v.House, v.Host, v.Until = core.VisitBooked, 0, "13900000000", s.Now().Add(after)
			return w.mustApply(0, v)
		}
		soon, declined, later := book(40*time.Minute), book(9*time.Hour), book(11*time.Hour)
		w.wantAsked("at night", soon)
		if err := s.AnswerVisit(t.Context(), core.System, w.host.ID, core.ReviewDecision{ID: declined.ID, Reason: "不方便接待"}); err != nil {
			t.Fatal(err)
		}
		clock.Add(7 * time.Hour)
		w.wantAsked("in the morning", later)
		for id, why := range map[core.ID]core.MessageReason{soon.ID: core.WhyTooLate, declined.ID: core.WhyDecided} {
			if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE state = ? AND reason = ? AND link = ?",
				string(core.MessageExpired), string(why), visitorPassLink(id)); n != 1 {
				t.Errorf("the question was not dropped as %s", why)
			}
		}
	})
}

// atNight goes to one o'clock at night. The host is told by SMS, and of nothing that was before.
func (w *visitOffice) atNight(clock *testClock) {
	w.t.Helper()
	w.mustRun(w.t, "DELETE FROM message")
	if err := w.UpdateToldUser(w.t.Context(), w.host.ID, core.ChannelSMS); err != nil {
		w.t.Fatal(err)
	}
	night := core.DayOf(w.Now(), testZone).Start(testZone).Add(25 * time.Hour)
	clock.Add(night.Sub(w.Now()))
}

// wantAsked wants that the host is asked about these visits now, and about no others.
func (w *visitOffice) wantAsked(when string, visits ...OwnVisit) {
	w.t.Helper()
	got, want := askedBySMS(w.t, w.Store), []string(nil)
	for _, v := range visits {
		want = append(want, visitorPassLink(v.ID))
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: asked about %v, want %v", when, got, want)
	}
}

// askedBySMS claims what people of a house are sent now, and returns the links of it.
func askedBySMS(t *testing.T, s *Store) (links []string) {
	t.Helper()
	list, _, err := s.Outbox().Claim(t.Context(), core.MessageClaim{
		Setup: core.MessageSetup{
			Open: map[core.MessageChannel]bool{core.ChannelSMS: true},
			Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{
				core.ChannelSMS: {core.MessageHousehold: {ID: "sms"}},
			},
		},
		Quiet: core.DefaultQuiet, Zone: testZone, Limit: 99, Lease: testLease,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		links = append(links, m.Link)
	}
	return links
}

// Somebody who makes numbers up rings a host, or a house, once in the night; who has proven theirs is still heard. The rest are asked about
// in the morning.
func TestUnprovenNumbersRingOnceInTheNight(t *testing.T) {
	for _, way := range []core.VisitorWay{core.VisitApplied, core.VisitBooked} {
		eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
			w := newVisitOffice(t, s)
			changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Hosts = true })
			guest := newWechatUserWithPhone(t, s, "guest", "13600001111").ID
			w.atNight(clock)
			ask := func(user core.ID, phone string, after time.Duration) OwnVisit {
				v := w.application()
				if v.Way, v.Until = way, s.Now().Add(after); way == core.VisitBooked {
					v.House, v.Host = 0, "13900000000"
				}
				v.Phone = cmp.Or(phone, v.Phone)
				return w.mustApply(user, v)
			}
			first, second := ask(0, "", time.Hour), ask(0, "", time.Hour)
			later, proven := ask(0, "", 9*time.Hour), ask(guest, "13600001111", time.Hour)
			w.wantAsked("at night", first, proven)
			clock.Add(7 * time.Hour)
			w.wantAsked("in the morning", later)
			if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE link = ? AND reason = ? AND user_id = ?",
				visitorPassLink(second.ID), string(core.WhyTooLate), int64(w.host.ID)); n != 1 {
				t.Error("the second was asked about, or is said to be decided")
			}
		})
	}
}

// Who sends appointments from one number after another learns nothing, and the host's phone rings no more than for a house.
func TestAHostIsToldOfSoManyAppointments(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		for range core.MaxDailyVisitsOfHouse + 3 {
			v := w.application()
			v.Way, v.House, v.Host = core.VisitBooked, 0, "13900000000"
			w.mustApply(0, v)
		}
		const more = "SELECT COUNT(*) FROM message WHERE title LIKE '今天的访客预约很多%' AND link = 'visitorpass' AND user_id = ?"
		n, once := w.told(core.MessageHousehold, w.host.ID), countRows(t, s, more, int64(w.host.ID))
		if n != core.MaxDailyVisitsOfHouse+1 || once != 1 {
			t.Errorf("told %d times, %d of them that there are more", n, once)
		}
	})
}

// So many appointments wait for a host; of the next the visitor reads the same, and the host nothing, until there is room again.
func TestAHostIsLeftWithSoManyAppointments(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		book := func() OwnVisit {
			v := w.application()
			v.Way, v.House, v.Host = core.VisitBooked, 0, "13900000000"
			return w.mustApply(0, v)
		}
		const waiting = "SELECT COUNT(*) FROM visitor_pass WHERE way = 'appointment' AND resident_id <> 0"
		first := book()
		for range core.MaxWaitingAppointments + 1 {
			if last := book(); last.Answer != first.Answer || last.HouseLabel != first.HouseLabel {
				t.Fatalf("%+v is not like the first", last)
			}
		}
		if n := countRows(t, s, waiting); n != core.MaxWaitingAppointments {
			t.Errorf("%d wait for the host", n)
		}
		host := core.Actor{Kind: core.ActorWechat, ID: w.host.ID, Name: "张三"}
		if err := s.AnswerVisit(t.Context(), host, w.host.ID, core.ReviewDecision{ID: first.ID, Reason: "不认识"}); err != nil {
			t.Fatal(err)
		}
		if book(); countRows(t, s, waiting) != core.MaxWaitingAppointments+1 {
			t.Error("there is room, and the host gets none")
		}
	})
}

// The same request applies once, and says the same.
func TestAnApplicationSentTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		id, err := s.CreateVisitorPoster(t.Context(), core.System, everywhere, core.VisitorPoster{Community: w.community, Post: w.post})
		if err != nil {
			t.Fatal(err)
		}
		poster, err := s.VisitorPoster(t.Context(), core.ScopeOf(w.community), id)
		if err != nil || poster.Gate != "东门岗" {
			t.Fatalf("%+v, %v", poster, err)
		}
		v := w.application()
		v.Community, v.Poster = 0, poster.Code
		var codes []string
		for range 2 {
			code, err := s.ApplyVisit(t.Context(), core.System, 0, v, RequestKey{Key: "a", Body: "1"})
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		own, err := s.VisitByCode(t.Context(), codes[0])
		if err != nil || codes[0] != codes[1] || own.Gate != "东门岗" {
			t.Errorf("%v, %+v, %v", codes, own, err)
		}
		wantCode(t, s.RevokeVisitorPoster(t.Context(), core.System, core.ScopeOf(w.community+1), id), core.CodeNotFound)
		if err := s.RevokeVisitorPoster(t.Context(), core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RevokeVisitorPoster(t.Context(), core.System, everywhere, id), core.CodeConflict)
		_, err = s.ApplyVisit(t.Context(), core.System, 0, v, RequestKey{Key: "b", Body: "1"})
		wantCode(t, err, core.CodeNotFound)
	})
}

// No sequence of applying, deciding from both sides, revoking, scanning and time lets an applicant in twice, or in at all before
// it was approved, after it was revoked or out of its time.
func TestNoSequenceLetsAnApplicantInTwice(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Hosts = true })
		r := rand.New(rand.NewPCG(20, 20261130))
		entered := 0
		for round := range 16 {
			clock.Add(6 * time.Hour)
			v := w.application()
			if v.Until = s.Now().Add(3 * time.Hour); round%2 == 0 {
				v.Way, v.House, v.Host = core.VisitBooked, 0, "13900000000"
			}
			own := w.mustApply(0, v)
			ins, approved, ended := 0, false, false
			for step := range 12 {
				switch r.IntN(7) {
				case 0:
					clock.Add(time.Duration(r.IntN(60)) * time.Minute)
				case 1:
					approve := r.IntN(3) > 0
					d := core.ReviewDecision{ID: own.ID, Approve: approve, Reason: "不认识"}
					err := s.AnswerVisit(t.Context(), core.System, w.host.ID, d)
					if err == nil && (approved || ended) {
						t.Fatal("decided twice")
					}
					approved, ended = approved || err == nil && approve, ended || err == nil && !approve
				case 2:
					if err := s.RevokeOwnVisitor(t.Context(), core.System, w.host.ID, own.ID); err == nil {
						if ended = true; ins > 0 || !approved {
							t.Fatal("revoked after use, or before there was a pass")
						}
					}
				default:
					now, err := s.VisitorPass(t.Context(), everywhere, own.ID)
					if err != nil {
						t.Fatal(err)
					}
					if now.Pass == 0 {
						if approved {
							t.Fatal("approved, without a pass")
						}
						continue
					}
					if !mustScan(t, s, w.scan(now.Pass, core.In, 100*round+step)).Allowed {
						continue
					}
					if ins++; !approved || ended || s.Now().Before(now.From) || s.Now().After(now.Until) {
						t.Fatalf("let in: approved %v, ended %v, at %v of %v to %v", approved, ended, s.Now(), now.From, now.Until)
					}
				}
			}
			if ins > 1 {
				t.Fatalf("round %d: in %d times", round, ins)
			}
			entered += ins
		}
		if entered < 3 {
			t.Errorf("only %d came in: the sequences tell nothing", entered)
		}
	})
}

// Who is inside is in the list until the whole party has left, and is overdue once the community's hours are over.
func TestVisitorsWhoStayTooLong(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Stay = 3 })
		own := w.invite(t, s, nil)
		count := func(want map[core.VisitorStay]int) {
			t.Helper()
			for stay, n := range want {
				f := VisitorPassFilter{Stay: stay, Today: core.DayOf(s.Now(), s.Zone()), Now: s.Now(), Page: Page{Limit: 10}}
				list, _, err := s.VisitorPasses(t.Context(), core.ScopeOf(w.community), f)
				if err != nil || len(list) != n {
					t.Errorf("%s: %d in the list, %v; want %d", stay, len(list), err, n)
				}
				if got, err := s.CountVisitorPasses(t.Context(), core.ScopeOf(w.community), f); err != nil || got != n {
					t.Errorf("%s: counted %d, %v; want %d", stay, got, err, n)
				}
			}
		}
		count(map[core.VisitorStay]int{core.StayToday: 0, core.StayInside: 0, core.StayLate: 0})
		mustScan(t, s, w.scan(own.Pass, core.In, 1))
		count(map[core.VisitorStay]int{core.StayToday: 1, core.StayInside: 1, core.StayLate: 0})
		clock.Add(3*time.Hour + time.Second)
		mustScan(t, s, w.scan(own.Pass, core.Out, 2))
		count(map[core.VisitorStay]int{core.StayInside: 1, core.StayLate: 1})
		mustScan(t, s, w.scan(own.Pass, core.Out, 3))
		count(map[core.VisitorStay]int{core.StayInside: 0, core.StayLate: 0})
	})
}

// A tenant whose lease is over is no host any more: of the visitors who come, and of those who wait, they hear, see and decide nothing.
func TestAHostsLeaseIsOver(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		waiting := w.application()
		waiting.Way, waiting.House, waiting.Until = core.VisitBooked, 0, s.Now().Add(3*time.Hour)
		waiting.Host = "13900000000"
		asked := w.mustApply(0, waiting)
		answer := func() error {
			return s.AnswerVisit(t.Context(), core.System, w.host.ID, core.ReviewDecision{ID: asked.ID, Reason: "不认识"})
		}
		seen := func() int {
			t.Helper()
			list, _, err := s.OwnVisitors(t.Context(), w.host.ID, Page{Limit: 9})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		own := w.invite(t, s, nil)
		if n := seen(); n != 2 {
			t.Fatalf("%d visitors", n)
		}
		today := core.DayOf(s.Now(), s.Zone())
		s.mustRun(t, "UPDATE resident SET lease_day = ?", int32(today-1))
		wantCode(t, answer(), core.CodeNotFound)
		wantCode(t, s.RevokeOwnVisitor(t.Context(), core.System, w.host.ID, own.ID), core.CodeNotFound)
		if d := mustScan(t, s, w.scan(own.Pass, core.In, 1)); d.Reason != core.ReasonPassDisabled {
			t.Errorf("their visitor comes after the lease: %+v", d)
		}
		if n := seen(); n != 0 {
			t.Errorf("%d visitors are seen after the lease", n)
		}
		told := countRows(t, s, "SELECT COUNT(*) FROM message")
		if err := s.RevokeVisitorPass(t.Context(), w.zhang, everywhere, own.ID); err != nil {
			t.Fatal(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message"); n != told {
			t.Errorf("%d are told after the lease", n-told)
		}
		s.mustRun(t, "UPDATE resident SET lease_day = ?", int32(today))
		if err := answer(); err != nil {
			t.Errorf("on the last day: %v", err)
		}
	})
}

// A visit to a house ends for the way in when all who lived there have moved out. To a house where nobody lived when it was
// approved, it is good: the office knew.
func TestAVisitToAHouseThatEverybodyHasLeft(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		leave := func(house core.ID) {
			t.Helper()
			clock.Add(time.Minute)
			residents, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{
				Community: w.community, House: house, Page: Page{Limit: 10},
			})
			if err != nil || len(residents) == 0 {
				t.Fatal(len(residents), err)
			}
			for _, r := range residents {
				if err := s.MoveOut(t.Context(), core.System, everywhere, r.ID); err != nil {
					t.Fatal(err)
				}
			}
			clock.Add(time.Minute)
		}
		visit := func(house core.ID) OwnVisit {
			t.Helper()
			a := w.application()
			a.House = house
			own := w.mustApply(0, a)
			if err := w.decide(w.zhang, own.ID, true); err != nil {
				t.Fatal(err)
			}
			own, err := s.VisitByCode(t.Context(), own.Code)
			if err != nil {
				t.Fatal(err)
			}
			return own
		}
		leave(w.houses[1])
		lived, empty, again := visit(w.houses[0]), visit(w.houses[1]), visit(w.houses[0])
		leave(w.houses[0])
		for i, c := range []struct {
			what string
			pass core.ID
			want core.Reason
		}{
			{"to whom has left", lived.Pass, core.ReasonPassDisabled},
			{"to where nobody lived", empty.Pass, core.ReasonAllowed},
		} {
			if d := mustScan(t, s, w.scan(c.pass, core.In, i)); d.Reason != c.want {
				t.Errorf("a visit %s: %+v", c.what, d)
			}
		}
		newResident(t, s, w.community, w.houses[0], "李四", "13900000077")
		if d := mustScan(t, s, w.scan(again.Pass, core.In, 3)); !d.Allowed {
			t.Errorf("somebody lives there again: %+v", d)
		}
	})
}

// Who applied in WeChat and was told that they may come is told once that they may not, by the host or the office, however often the pass
// is taken back. Of what was applied for outside WeChat nobody is told.
func TestWhoAppliedIsToldOfARevokedPass(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newVisitOffice(t, s)
		guest := newWechatUserWithPhone(t, s, "guest", "13600000001")
		want := 0
		for name, revoke := range map[string]func(server *Store, visit core.ID) error{
			"物业": func(server *Store, visit core.ID) error {
				return server.RevokeVisitorPass(t.Context(), w.zhang, core.ScopeOf(w.community), visit)
			},
			"住户": func(server *Store, visit core.ID) error {
				return server.RevokeOwnVisitor(t.Context(), core.System, w.host.ID, visit)
			},
		} {
			for _, applicant := range []core.ID{guest.ID, 0} {
				own := w.mustApply(applicant, w.application())
				if err := w.decide(w.zhang, own.ID, true); err != nil {
					t.Fatal(err)
				}
				var all sync.WaitGroup
				errs := make([]error, 2)
				for i, server := range []*Store{s, other} {
					all.Go(func() { errs[i] = revoke(server, own.ID) })
				}
				all.Wait()
				if (errs[0] == nil) == (errs[1] == nil) || !core.IsConflict(cmp.Or(errs[0], errs[1])) {
					t.Errorf("%s: %v", name, errs)
				}
			}
			want++
			title := name + "已撤销您到 %"
			if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visit' AND user_id = ? AND title LIKE ?",
				int64(guest.ID), title); n != 1 {
				t.Errorf("%s: told %d times", name, n)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visit' AND title LIKE '%已撤销%'"); n != want {
			t.Errorf("%d are told, want %d", n, want)
		}
	})
}

// A host who is flooded reads that nothing more comes, and declines at once all whose number nobody has proven, and no other; twice at
// once, each is declined once, and the neighbour's wait on.
func TestAHostDeclinesUnprovenAppointments(t *testing.T) {
	eachPair(t, func(t *testing.T, s, other *Store, _ *testClock) {
		w := newVisitOffice(t, s)
		guest := newWechatUserWithPhone(t, s, "guest", "13600009999")
		book := func(user core.ID, host string) OwnVisit {
			v := w.application()
			v.Way, v.House, v.Host = core.VisitBooked, 0, host
			if user != 0 {
				v.Phone = ""
			}
			return w.mustApply(user, v)
		}
		neighbours := book(0, "13900000001")
		proven := book(guest.ID, "13900000000")
		waits := func(want WaitingVisits) {
			t.Helper()
			if got, err := s.WaitingVisits(t.Context(), w.host.ID); err != nil || got != want {
				t.Errorf("%+v wait, %v; want %+v", got, err, want)
			}
		}
		for range core.MaxWaitingAppointments - 2 {
			book(0, "13900000000")
		}
		waits(WaitingVisits{Unproven: core.MaxWaitingAppointments - 2})
		book(0, "13900000000")
		waits(WaitingVisits{Unproven: core.MaxWaitingAppointments - 1, Full: true})
		declined := make([]int, 2)
		var all sync.WaitGroup
		for i, server := range []*Store{s, other} {
			all.Go(func() {
				var err error
				if declined[i], err = server.RejectUnprovenVisits(t.Context(), core.System, w.host.ID); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if declined[0]+declined[1] != core.MaxWaitingAppointments-1 {
			t.Errorf("%v are declined", declined)
		}
		waits(WaitingVisits{})
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'visitorpass.reject'"); n != core.MaxWaitingAppointments-1 {
			t.Errorf("%d audit rows", n)
		}
		for name, visit := range map[string]OwnVisit{"the proven": proven, "the neighbour's": neighbours} {
			if v, err := s.VisitorPass(t.Context(), everywhere, visit.ID); err != nil || v.State(s.Now()) != core.VisitWaiting {
				t.Errorf("%s is %s, %v", name, v.Answer, err)
			}
		}
	})
}
