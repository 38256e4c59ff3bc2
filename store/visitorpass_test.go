package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// visitSite is a scan site whose first resident invites visitors.
type visitSite struct {
	scanSite
	host core.WechatUser
}

func newVisitSite(t *testing.T, s *Store) visitSite {
	t.Helper()
	p := newScanSite(t, s, 2)
	changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.PerDay = core.MaxVisitsPerDay })
	return visitSite{p, newWechatUserWithPhone(t, s, "o13900000000", "13900000000")}
}

// invite invites one visitor for an hour.
func (p visitSite) invite(t *testing.T, s *Store, change func(*core.VisitorPass)) OwnVisitor {
	t.Helper()
	v := core.VisitorPass{
		House: p.houses[0], Name: "来客", Phone: "13700000001", Plate: "京A·12345", People: 2, Until: s.Now().Add(time.Hour),
	}
	if change != nil {
		change(&v)
	}
	own, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// scan is a passage by a guard; n makes its form another one.
func (p visitSite) scan(pass core.ID, direction core.Direction, n int) ScanAttempt {
	return ScanAttempt{
		Via: core.ViaManual, Post: p.post, GuardName: "李师傅", Direction: direction, Pass: pass, TokenDigest: fmt.Sprintf("%064x", n),
	}
}

// atReader is one with a live code at a reader.
func (p visitSite) atReader(reader, pass core.ID, n int) ScanAttempt {
	return ScanAttempt{Via: core.ViaReader, Reader: reader, Pass: pass, Token: core.TokenLive, TokenDigest: fmt.Sprintf("%064x", n)}
}

// readers returns a reader in each direction, in a community whose readers open.
func (p visitSite) readers(t *testing.T, s *Store) (in, out core.ID) {
	t.Helper()
	rule, err := s.PassRule(t.Context(), everywhere, p.community)
	if err != nil {
		t.Fatal(err)
	}
	rule.ReaderQR = true
	if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
		t.Fatal(err)
	}
	for _, direction := range core.Directions() {
		r := core.NewReader()
		r.Community, r.Serial = p.community, "SN"+string(direction)
		r.Name, r.Gate, r.Direction, r.Kinds = "南门"+direction.Label(), "南门", direction, core.PassKinds()
		id, _, err := s.CreateReader(t.Context(), core.System, everywhere, r)
		if err != nil {
			t.Fatal(err)
		}
		if direction == core.In {
			in = id
		} else {
			out = id
		}
	}
	return in, out
}

func mustScan(t *testing.T, s *Store, a ScanAttempt) core.Decision {
	t.Helper()
	out, err := s.Scan(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return out.Decision
}

// tellArrived tells the hosts of everybody who came in, as a server's worker does.
func tellArrived(t *testing.T, s *Store) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = s.TellOfArrivals(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
}

// A visitor comes in once, the host is told, and leaves with the whole party; nobody comes in again.
func TestVisitorComesInOnceAndLeaves(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		in, out := p.readers(t, s)
		own := p.invite(t, s, nil)
		if own.Plate != "京A***45" || own.Phone == "13700000001" || own.Code == "" {
			t.Errorf("the host sees %+v", own)
		}
		steps := []struct {
			reader core.ID
			reason core.Reason
		}{
			{out, core.ReasonNotEntered}, {in, core.ReasonAllowed}, {in, core.ReasonPassUsed}, {out, core.ReasonAllowed},
			{in, core.ReasonPassUsed}, {out, core.ReasonAllowed}, {out, core.ReasonPassUsed}, {in, core.ReasonPassUsed},
		}
		for i, step := range steps {
			if d := mustScan(t, s, p.atReader(step.reader, own.Pass, i)); d.Reason != step.reason || d.Counts {
				t.Errorf("step %d: %+v, want %s", i, d, step.reason)
			}
		}
		after, err := s.VisitorPass(t.Context(), everywhere, own.ID)
		if err != nil || after.State(s.Now()) != core.VisitMade || after.Gone != 2 || after.Inside() {
			t.Errorf("%+v, %v", after, err)
		}
		if d := mustScan(t, s, p.scan(own.Pass, core.Out, 99)); !d.Allowed {
			t.Errorf("a guard locks somebody in: %+v", d)
		}
		tellArrived(t, s)
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visitor' AND user_id = ?", int64(p.host.ID)); n != 1 {
			t.Errorf("the host was told %d times", n)
		}
		records, _, err := s.AccessRecords(t.Context(), everywhere, core.RecordFilter{
			Kind: core.PassVisitor, Result: "allowed",
		}, Page{Limit: 10})
		if err != nil || len(records) != 4 || records[0].Name != "来客" || records[0].House != p.houses[0] ||
			records[0].Resident != 0 || records[3].Who() != "来客 等 2 人" || records[0].Who() != "来客" {
			t.Errorf("records %+v, %v", records, err)
		}
	})
}

// Fifty doors of one server that show one visitor's pass at once, each with a form of its own, open once inwards; the
// host is told once. TestWhoIsOvertakenDecidesAgain has two servers.
func TestVisitorAtManyDoorsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		own := p.invite(t, s, nil)
		var doors sync.WaitGroup
		allowed := make([]bool, 50)
		for i := range allowed {
			doors.Go(func() {
				out, err := s.Scan(t.Context(), p.scan(own.Pass, core.In, i))
				if err != nil {
					t.Error(err)
				}
				allowed[i] = out.Decision.Allowed
			})
		}
		doors.Wait()
		n := 0
		for _, ok := range allowed {
			if ok {
				n++
			}
		}
		tellArrived(t, s)
		told := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visitor'")
		if rows := countRows(t, s, "SELECT COUNT(*) FROM access_record WHERE allowed = 1"); n != 1 || rows != 1 || told != 1 {
			t.Errorf("%d doors opened, %d releases on record, the host told %d times", n, rows, told)
		}
	})
}

// A scan that breaks off uses nothing up.
func TestVisitorsScanBreaksOffAsAWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		own := p.invite(t, s, nil)
		bad := p.scan(own.Pass, core.In, 1)
		// Its form has been another's release: the last statement of the batch fails.
		other := core.AccessRecord{
			Community: p.community, At: s.Now(), Via: core.ViaManual, Direction: core.In, Allowed: true, TokenDigest: bad.TokenDigest,
		}
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{other}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.scanTogether(t.Context(), []ScanAttempt{bad}); !database.IsDuplicate(err) {
			t.Fatalf("%v, want a duplicate", err)
		}
		tellArrived(t, s)
		v, err := s.VisitorPass(t.Context(), everywhere, own.ID)
		if err != nil || !v.Entered.IsZero() || countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visitor'") != 0 {
			t.Errorf("half of a scan was kept: %+v, %v", v, err)
		}
		if d := mustScan(t, s, p.scan(own.Pass, core.In, 2)); !d.Allowed {
			t.Errorf("then: %+v", d)
		}
	})
}

// No sequence of inviting, scanning one by one and together, revoking and time lets anybody in twice, or in at all once
// it was revoked or over. TestNoSequenceReleasesAgainstTheRules has everything else that may happen to a pass.
func TestNoSequenceLetsAVisitorInTwice(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		in, out := p.readers(t, s)
		r := rand.New(rand.NewPCG(18, 20261129))
		entered := 0
		for round := range 25 {
			own := p.invite(t, s, func(v *core.VisitorPass) { v.People = 1 + r.IntN(3) })
			ins, gone, revoked := 0, 0, false
			for step := range 14 {
				n := 1000*round + 20*step
				switch r.IntN(8) {
				case 0:
					clock.Add(time.Duration(r.IntN(30)) * time.Minute)
				case 1:
					if err := s.RevokeOwnVisitor(t.Context(), core.System, p.host.ID, own.ID); err == nil {
						if revoked = true; ins > 0 {
							t.Fatal("revoked after use")
						}
					}
				case 2: // two codes of one pass at two doors in one batch
					batch := []ScanAttempt{p.atReader(in, own.Pass, n), p.atReader(in, own.Pass, n+1), p.atReader(out, own.Pass, n+2)}
					outcomes, errs := s.scanBatch(t.Context(), batch)
					for i := range batch {
						if errs[i] != nil {
							t.Fatal(errs[i])
						}
						if outcomes[i].Decision.Allowed && i < 2 {
							ins++
						} else if outcomes[i].Decision.Allowed {
							gone++
						}
					}
				case 3, 4:
					if mustScan(t, s, p.atReader(out, own.Pass, n)).Allowed {
						gone++
					}
				default:
					d := mustScan(t, s, p.atReader(in, own.Pass, n))
					if d.Allowed {
						ins++
					}
					if d.Allowed && (revoked || s.Now().After(own.Until) || gone > 0) {
						t.Fatalf("let in: revoked %v, %v after its end, %d gone", revoked, s.Now().Sub(own.Until), gone)
					}
				}
				if ins > 1 || gone > own.People || gone > 0 && ins == 0 {
					t.Fatalf("round %d: in %d times, out %d times, of a party of %d", round, ins, gone, own.People)
				}
			}
			entered += ins
		}
		if entered < 5 {
			t.Errorf("only %d came in: the sequences tell nothing", entered)
		}
	})
}

// A visit of which somebody is inside is not purged, so that they leave by it, unless nobody can be inside any more.
func TestAVisitIsKeptWhileSomebodyIsInside(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		left, unseen := p.invite(t, s, nil), p.invite(t, s, nil)
		for i, own := range []OwnVisitor{left, unseen} {
			mustScan(t, s, p.scan(own.Pass, core.In, i))
		}
		purge := func(what string, want int64) {
			t.Helper()
			if n, err := s.PurgeVisitorPasses(t.Context(), clock.Now()); n != want || err != nil {
				t.Errorf("%s: %d purged, %v; want %d", what, n, err, want)
			}
		}
		clock.Add(40 * 24 * time.Hour)
		purge("both inside", 0)
		for i := range left.People {
			if d := mustScan(t, s, p.scan(left.Pass, core.Out, 10+i)); !d.Allowed {
				t.Errorf("leaving: %+v", d)
			}
		}
		purge("one has left", 1)
		clock.Add(longestVisit - 40*24*time.Hour)
		purge("not yet too long", 0)
		clock.Add(time.Second)
		purge("nobody stays so long", 1)
	})
}

// The pass ends for the way in with its time, with the invitation, and with the host's tie; who is inside gets out.
func TestWhatEndsAVisit(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		inside, revoked, late := p.invite(t, s, nil), p.invite(t, s, nil), p.invite(t, s, nil)
		orphan := p.invite(t, s, func(v *core.VisitorPass) { v.Until = s.Now().Add(48 * time.Hour) })
		if d := mustScan(t, s, p.scan(inside.Pass, core.In, 1)); !d.Allowed {
			t.Fatal(d)
		}
		if err := s.RevokeOwnVisitor(t.Context(), core.System, p.host.ID, inside.ID); !core.IsConflict(err) {
			t.Errorf("revoking who has come: %v", err)
		}
		if err := s.RevokeOwnVisitor(t.Context(), core.System, p.host.ID+1, revoked.ID); !core.IsNotFound(err) {
			t.Errorf("another's visitor: %v", err)
		}
		if err := s.RevokeVisitorPass(t.Context(), core.System, core.ScopeOf(p.community+1), revoked.ID); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
		if err := s.RevokeVisitorPass(t.Context(), core.System, core.ScopeOf(p.community), revoked.ID); err != nil {
			t.Fatal(err)
		}
		if d := mustScan(t, s, p.scan(revoked.Pass, core.In, 2)); d.Reason != core.ReasonPassDisabled {
			t.Errorf("revoked: %+v", d)
		}
		clock.Add(2 * time.Hour)
		if d := mustScan(t, s, p.scan(late.Pass, core.In, 3)); d.Reason != core.ReasonExpired {
			t.Errorf("over: %+v", d)
		}
		residents, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{
			Community: p.community, House: p.houses[0], Page: Page{Limit: 10},
		})
		if err != nil || len(residents) != 1 {
			t.Fatal(len(residents), err)
		}
		if err := s.MoveOut(t.Context(), core.System, everywhere, residents[0].ID); err != nil {
			t.Fatal(err)
		}
		if d := mustScan(t, s, p.scan(orphan.Pass, core.In, 4)); d.Reason != core.ReasonPassDisabled {
			t.Errorf("the host has moved out: %+v", d)
		}
		if d := mustScan(t, s, p.scan(inside.Pass, core.Out, 5)); !d.Allowed {
			t.Errorf("locked in: %+v", d)
		}
	})
}

// Who does not live there invites nobody; a request that is sent twice invites once; a house has so many at a time.
func TestInviting(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		v := core.VisitorPass{House: p.houses[1], Name: "来客", Until: s.Now().Add(time.Hour)}
		_, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
		wantCode(t, err, core.CodeNotFound)
		v.House = p.houses[0]
		first, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{Key: "a", Body: "1"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{Key: "a", Body: "1"})
		if err != nil || again.ID != first.ID || again.Code != first.Code {
			t.Errorf("sent again: %d, %v; want %d", again.ID, err, first.ID)
		}
		_, err = s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{Key: "a", Body: "2"})
		wantCode(t, err, core.CodeInvalid)
		for field, change := range map[string]func(*core.VisitorPass){
			"name": func(v *core.VisitorPass) { v.Name = " " }, "phone": func(v *core.VisitorPass) { v.Phone = "123" },
			"plate": func(v *core.VisitorPass) { v.Plate = "!" }, "people": func(v *core.VisitorPass) { v.People = 21 },
			"until": func(v *core.VisitorPass) { v.Until = s.Now().AddDate(2, 0, 0) },
		} {
			bad := v
			change(&bad)
			_, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, bad, RequestKey{})
			wantField(t, err, field)
		}
		for range core.MaxOpenVisits - 1 {
			p.invite(t, s, nil)
		}
		_, err = s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
		wantCode(t, err, core.CodeConflict)
		list, more, err := s.OwnVisitors(t.Context(), p.host.ID, Page{Limit: 10})
		if err != nil || len(list) != 10 || !more {
			t.Errorf("%d of the host's, more %v, %v", len(list), more, err)
		}
	})
}

// A visitor finds the visit by the link, and by the number once it is verified in WeChat; a wrong code finds nothing.
func TestVisitorFindsThePass(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		own := p.invite(t, s, nil)
		visit, err := s.VisitByCode(t.Context(), own.Code)
		if err != nil || visit.ID != own.ID || visit.Pass != own.Pass || visit.Community != "翠湖花园" || visit.Host == "张三" {
			t.Errorf("%+v, %v", visit, err)
		}
		_, err = s.VisitByCode(t.Context(), own.Code+"x")
		wantCode(t, err, core.CodeNotFound)
		guest := newWechatUserWithPhone(t, s, "guest", "13700000001")
		passes, err := s.PassesOfUser(t.Context(), guest)
		if err != nil || len(passes) != 1 || passes[0].ID != own.Pass || passes[0].Kind != core.PassVisitor || passes[0].Name != "来客" {
			t.Fatalf("%+v, %v", passes, err)
		}
		if got, err := s.PassOfUser(t.Context(), own.Pass, guest); err != nil || got.HouseLabel == "" {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = s.PassOfUser(t.Context(), own.Pass, core.WechatUser{Person: p.host.Person})
		wantCode(t, err, core.CodeNotFound)
		figures := strings.NewReplacer("栋", "-", "单元", "-").Replace(own.HouseLabel) // 1-1-101
		for keyword, want := range map[string]int{
			"13700000001": 1, "京A12345": 1, "来": 1, own.HouseLabel: 1, figures: 1, "9-9-999": 0, "13700000002": 0, "张": 0,
		} {
			f := VisitorPassFilter{Keyword: keyword, Now: s.Now(), Page: Page{Limit: 10}}
			found, _, err := s.VisitorPasses(t.Context(), everywhere, f)
			if err != nil || len(found) != want {
				t.Errorf("%s: %d found, %v", keyword, len(found), err)
			}
		}
	})
}

// A visit is its host's, not theirs who have the number by now: another name of it sees and revokes nothing and is told
// nothing, and who has moved out neither.
func TestVisitsAreTheHostsNotTheNumbers(t *testing.T) {
	eachHandedOn(t, func(w *handedOn) {
		ctx := w.t.Context()
		tie := newTenant(w.t, w.Store, w.community, w.houses[2], "张三", handedOnNumber)
		var visits []core.ID
		for _, house := range []core.ID{w.houses[0], w.houses[2]} {
			own, err := w.CreateVisitorPass(ctx, core.System, w.zhang.ID, core.VisitorPass{
				House: house, Name: "来客", Until: w.Now().Add(time.Hour),
			}, RequestKey{})
			if err != nil {
				w.t.Fatal(err)
			}
			visits = append(visits, own.ID)
		}
		seen := func(user core.ID, want int) {
			w.t.Helper()
			if list, _, err := w.OwnVisitors(ctx, user, Page{Limit: 10}); err != nil || len(list) != want {
				w.t.Errorf("%d of 2 visits, %v; want %d", len(list), err, want)
			}
			if want == 0 {
				_, err := w.OwnVisitor(ctx, user, visits[0])
				wantCode(w.t, err, core.CodeNotFound)
				wantCode(w.t, w.RevokeOwnVisitor(ctx, core.System, user, visits[0]), core.CodeNotFound)
			}
		}
		seen(w.zhang.ID, 2)
		if err := w.MoveOut(ctx, core.System, everywhere, tie); err != nil {
			w.t.Fatal(err)
		}
		seen(w.zhang.ID, 1)
		if err := w.MoveOut(ctx, core.System, everywhere, w.home); err != nil {
			w.t.Fatal(err)
		}
		newResident(w.t, w.Store, w.community, w.houses[1], "李四", handedOnNumber)
		if n := w.state(w.li, "李四"); n != 1 {
			w.t.Fatalf("Li Si has %d homes", n)
		}
		seen(w.zhang.ID, 0)
		seen(w.li.ID, 0)
		for _, id := range visits {
			if err := w.RevokeVisitorPass(ctx, core.System, everywhere, id); err != nil {
				w.t.Fatal(err)
			}
		}
		if n := countRows(w.t, w.Store, "SELECT COUNT(*) FROM message WHERE kind = 'visitor'"); n != 0 {
			w.t.Errorf("%d messages about another's visitors", n)
		}
	})
}

// A visitor sees a visit until three days after its end, by link and by number, although they are nobody of the register;
// then it is gone for them, and from the database with its pass once records are that old.
func TestAVisitIsForgotten(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		old := p.invite(t, s, nil)
		later := p.invite(t, s, func(v *core.VisitorPass) { v.Until = s.Now().Add(96 * time.Hour) })
		guest := newWechatUserWithPhone(t, s, "guest", "13700000001")
		if guest.Person != 0 {
			t.Fatal("the visitor is somebody of the register")
		}
		for _, step := range []struct {
			wait  time.Duration
			shown int
		}{{2 * time.Hour, 2}, {70 * time.Hour, 2}, {2 * time.Hour, 1}} {
			clock.Add(step.wait)
			_, err := s.VisitByCode(t.Context(), old.Code)
			if shown := err == nil; shown != (step.shown == 2) || err != nil && !core.IsNotFound(err) {
				t.Errorf("%v later the link: %v", step.wait, err)
			}
			if visits, err := s.OwnVisits(t.Context(), guest); err != nil || len(visits) != step.shown {
				t.Errorf("%v later %d visits, %v; want %d", step.wait, len(visits), err, step.shown)
			}
		}
		if n, err := s.PurgeVisitorPasses(t.Context(), old.Until); n != 0 || err != nil {
			t.Errorf("%d purged at their end, %v", n, err)
		}
		if count, err := s.CountOld(t.Context(), old.Until.Add(time.Second), time.Time{}); count.Visits != 1 || err != nil {
			t.Errorf("%+v are counted before, %v", count, err)
		}
		if n, err := s.PurgeVisitorPasses(t.Context(), old.Until.Add(time.Second)); n != 1 || err != nil {
			t.Errorf("%d purged, %v", n, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass WHERE kind = 'visitor'"); n != 1 {
			t.Errorf("%d passes remain", n)
		}
		if _, err := s.OwnVisitor(t.Context(), p.host.ID, later.ID); err != nil {
			t.Error(err)
		}
	})
}
