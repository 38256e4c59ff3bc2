package store

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// aidSite is a closed site of which the first house has a certified family member without a phone.
type aidSite struct {
	scanSite
	user   core.WechatUser
	family Pass
}

func newAidSite(t *testing.T, s *Store) aidSite {
	t.Helper()
	p := aidSite{scanSite: closedSite(t, s, 2)}
	p.allowUrgent(t, s, false)
	p.user = newWechatUserWithPhone(t, s, "o13900000000", "13900000000")
	newResident(t, s, p.community, p.houses[0], "李奶奶", "13900007777")
	newWechatUserWithPhone(t, s, "o-grandma", "13900007777")
	_, family, err := s.FamilyPasses(t.Context(), p.user, p.passes[0])
	if err != nil || len(family) != 1 || family[0].Name != "李奶奶" {
		t.Fatalf("family %+v, %v", family, err)
	}
	p.family = family[0]
	return p
}

// A resident says that it is an emergency: the next exit is let out whatever the rules say, once, is on record and in an alert, and is
// not an entry's matter.
func TestResidentLeavesInAnEmergency(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newAidSite(t, s)
		refused := func(a ScanAttempt, want core.Reason) {
			t.Helper()
			if out, err := s.Scan(t.Context(), a); err != nil || out.Decision.Reason != want {
				t.Errorf("%+v, %v; want %s", out.Decision, err, want)
			}
		}
		refused(p.exit(0), core.ReasonBlocked)
		for reason, code := range map[string]core.Code{"": core.CodeInvalid, strings.Repeat("急", 61): core.CodeInvalid} {
			wantCode(t, s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[0], reason), code)
		}
		wantCode(t, s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[1], "就医急诊"), core.CodeNotFound)
		if err := s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[0], "就医急诊"); err != nil {
			t.Fatal(err)
		}
		if preview, err := s.PreviewScan(t.Context(), p.exit(0)); err != nil || !preview.Decision.Allowed || preview.UrgentFor != "就医急诊" {
			t.Errorf("the guard sees %+v, %v", preview, err)
		}
		in := p.exit(0)
		in.Direction, in.TokenDigest = core.In, strings.Repeat("e", 64)
		refused(in, core.ReasonBlocked)
		refused(p.exit(1), core.ReasonBlocked) // another house
		again := p.exit(0)
		again.TokenDigest = strings.Repeat("a", 64)
		out, err := s.Scan(t.Context(), again)
		if err != nil || out.Decision.Reason != core.ReasonUrgent || !out.Decision.Counts ||
			!strings.HasPrefix(out.Record.Note, "就医急诊") {
			t.Fatalf("%+v, %v", out, err)
		}
		again.TokenDigest = strings.Repeat("b", 64)
		refused(again, core.ReasonBlocked) // it is used
		if n := countRows(t, s, urgentAudits); n != 1 {
			t.Errorf("%d lines in the log", n)
		}
		if err := s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[0], "就医急诊"); err != nil {
			t.Fatal(err)
		}
		clock.Add(core.PassAidLife + time.Second)
		again.TokenDigest = strings.Repeat("c", 64)
		refused(again, core.ReasonBlocked) // it is over
		if err := s.PurgePassAids(t.Context()); err != nil || countRows(t, s, "SELECT COUNT(*) FROM pass_aid") != 0 {
			t.Errorf("not purged: %v", err)
		}
	})
}

// A guard who lets a resident in urgently leaves the emergency for the way out.
func TestAnUrgentEntryUsesNoEmergency(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newAidSite(t, s)
		p.allowUrgent(t, s, true)
		mustDo(t, s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[0], "就医急诊"))
		in := p.urgent(0)
		in.Direction, in.TokenDigest = core.In, strings.Repeat("a", 64)
		if d := mustScan(t, s, in); d.Reason != core.ReasonUrgent {
			t.Fatalf("%+v", d)
		}
		for i, want := range []core.Reason{core.ReasonUrgent, core.ReasonBlocked} {
			out := p.exit(0)
			out.TokenDigest = strings.Repeat(string(rune('b'+i)), 64)
			if d := mustScan(t, s, out); d.Reason != want {
				t.Errorf("exit %d: %+v, want %s", i+1, d, want)
			}
		}
	})
}

// Who may handle alerts is reminded, once, of urgent releases that nobody reviewed within a day; one that was reviewed is left out.
func TestUrgentReleasesAreReviewedWithinADay(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newAidSite(t, s)
		if _, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: "boss", Name: "经理", Role: core.RoleClerk, Scope: core.ScopeOf(p.community),
			Permissions: []core.Permission{core.PermAccessAlertView, core.PermAccessAlertHandle},
		}, testPassword); err != nil {
			t.Fatal(err)
		}
		if err := s.DeclareUrgent(t.Context(), core.System, p.user, p.passes[0], "就医急诊"); err != nil {
			t.Fatal(err)
		}
		if out, err := s.Scan(t.Context(), p.exit(0)); err != nil || !out.Decision.Allowed {
			t.Fatalf("%+v, %v", out.Decision, err)
		}
		if err := s.RaiseAccessAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		const reminders = "SELECT COUNT(*) FROM notice WHERE title LIKE '%没有复核%'"
		for i, step := range []struct {
			after time.Duration
			want  int64
		}{{time.Hour, 0}, {24 * time.Hour, 1}, {24 * time.Hour, 1}} {
			clock.Add(step.after)
			if err := s.RemindUrgent(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := countRows(t, s, reminders); int64(n) != step.want {
				t.Errorf("step %d: %d reminders", i, n)
			}
		}
	})
}

// A family member without a phone is let out by somebody of the house: by the member's own rules, and the record says who did it.
func TestFamilyMemberIsLetOut(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newAidSite(t, s)
		rule, err := s.PassRule(t.Context(), everywhere, p.community)
		if err != nil {
			t.Fatal(err)
		}
		rule.Exits, rule.PeriodDays, rule.Counting = 1, 1, core.CountPerson
		if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
			t.Fatal(err)
		}
		_, err = s.VouchExit(t.Context(), core.System, p.user, p.passes[0], p.passes[1])
		wantCode(t, err, core.CodeNotFound) // of another house
		if _, err := s.VouchExit(t.Context(), core.System, p.user, p.passes[0], p.family.ID); err != nil {
			t.Fatal(err)
		}
		a := p.exit(0)
		a.Pass, a.TokenDigest = p.family.ID, strings.Repeat("a", 64)
		out, err := s.Scan(t.Context(), a)
		if err != nil || !out.Decision.Allowed || !out.Decision.Counts || out.Record.Means != core.MeansVouch ||
			out.Record.Note != "由张三代办" || out.Record.Name != "李奶奶" {
			t.Fatalf("%+v, %v", out, err)
		}
		r, err := s.AccessRecord(t.Context(), everywhere, out.Record.ID)
		if err != nil || r.Means != core.MeansVouch || r.Way() != "手工登记 · 家人代办" {
			t.Errorf("%+v, %v", r, err)
		}
		a.TokenDigest = strings.Repeat("b", 64)
		if out, err = s.Scan(t.Context(), a); err != nil || out.Decision.Reason != core.ReasonCount || out.Record.Means != core.MeansOwn {
			t.Errorf("the member's own rules: %+v, %v", out, err)
		}
	})
}
