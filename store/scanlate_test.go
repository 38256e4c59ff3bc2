package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// newLateSite returns a community where residents may leave once a day.
func newLateSite(t *testing.T, s *Store) scanSite {
	t.Helper()
	p := newScanSite(t, s, 2)
	rule, err := s.PassRule(t.Context(), everywhere, p.community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Counting, rule.PeriodDays, rule.Exits, rule.RecordTemp = core.CountPerson, 1, 1, true
	if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatWasWrittenDownIsRecordedLater(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newLateSite(t, s)
		clock.Add(15 * time.Hour)
		house, err := s.House(t.Context(), everywhere, p.houses[0])
		if err != nil {
			t.Fatal(err)
		}
		send := func(key string, late LatePassage, direction core.Direction) ScanOutcome {
			t.Helper()
			out, err := s.RecordLate(t.Context(), core.ScopeOf(p.community), ScanAttempt{
				Post: p.post, Guard: 7, GuardName: "李师傅", Direction: direction, TokenDigest: key, Late: &late,
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for name, c := range map[string]struct {
			late      LatePassage
			pass      core.ID
			note      string
			ago       time.Duration
			direction core.Direction
			counted   bool
		}{
			"1 a resident": {LatePassage{Name: " 张三 ", House: house.Label, Ago: time.Hour}, p.passes[0], "", time.Hour, core.Out, true},
			"3 an entry":   {LatePassage{Name: "张三", House: house.Label}, p.passes[0], "", 0, core.In, false},
			"4 several":    {LatePassage{Name: "张三"}, 0, "（离线补登，没有找到这位住户的通行证）", 0, core.Out, false},
			"5 nobody": {LatePassage{Name: "送水工", House: "门口", Ago: 99 * time.Hour}, 0,
				"（离线补登，没有找到这位住户的通行证）（时间早于 24 小时）", LateBound, core.In, false},
			"6 a house":          {LatePassage{House: house.Label}, 0, "（离线补登，没有找到这位住户的通行证）", 0, core.Out, false},
			"7 a clock in front": {LatePassage{Name: "李四", Ago: -time.Hour}, 0, "（离线补登，没有找到这位住户的通行证）", 0, core.Out, false},
		} {
			c.late.Reason, c.note = "没电", "没电"+c.note
			reason := core.ReasonLate
			if c.pass == 0 {
				reason = core.ReasonUrgent
			}
			out := send(name, c.late, c.direction)
			r := out.Record
			if !r.Allowed || r.Reason != reason || r.Via != core.ViaManual || r.Pass != c.pass || r.Note != c.note ||
				r.Counted != c.counted || !r.At.Equal(s.Now().Truncate(time.Millisecond).Add(-c.ago)) || r.ReleasedBy != "李师傅" {
				t.Errorf("%s: %+v", name, r)
			}
			kept, err := s.AccessRecord(t.Context(), everywhere, r.ID)
			if err != nil || kept.Name != r.Name || !kept.At.Equal(r.At) || kept.Note != r.Note {
				t.Errorf("%s is kept as %+v, %v", name, kept, err)
			}
			if again := send(name, c.late, c.direction); !again.Repeat || again.Record.ID != r.ID {
				t.Errorf("%s is recorded twice: %+v", name, again)
			}
			if c.pass == 0 && (r.Name != core.Clean(c.late.Name) || r.HouseLabel != core.Clean(c.late.House)) {
				t.Errorf("%s is not as it was typed: %q, %q", name, r.Name, r.HouseLabel)
			}
		}
		// The exit is used up, for what comes and for what comes late.
		beyond := send("beyond", LatePassage{Name: "张三", House: house.Label, Reason: "急"}, core.Out)
		if beyond.Record.Note != "急（离线补登，规则不允许：出门次数已用完）" || !beyond.Record.Allowed || beyond.Decision.Overruled != core.ReasonCount {
			t.Errorf("beyond the rule: %+v", beyond)
		}
		if d := mustScan(t, s, ScanAttempt{Via: core.ViaManual, Post: p.post, Direction: core.Out, Pass: p.passes[0], TokenDigest: "now",
			TempTenths: 365}); d.Allowed || d.Reason != core.ReasonCount {
			t.Errorf("the exit is not counted: %+v", d)
		}
	})
}

// Two pages, a lost answer: one record, and one exit counted.
func TestWhatWasWrittenDownIsRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newLateSite(t, s)
		house, err := s.House(t.Context(), everywhere, p.houses[1])
		if err != nil {
			t.Fatal(err)
		}
		outcomes := make([]ScanOutcome, 6)
		var all sync.WaitGroup
		for i := range outcomes {
			all.Go(func() {
				var err error
				if outcomes[i], err = s.RecordLate(t.Context(), core.ScopeOf(p.community), ScanAttempt{
					Post: p.post, Direction: core.Out, TokenDigest: "once",
					Late: &LatePassage{Name: "张三", House: house.Label, Reason: "没电"},
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		first := 0
		for _, o := range outcomes {
			if o.Record.ID != outcomes[0].Record.ID {
				t.Errorf("another record: %+v", o.Record)
			}
			if !o.Repeat {
				first++
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM access_record WHERE reason = 'late'"); n != 1 || first != 1 {
			t.Errorf("%d records, %d of them first", n, first)
		}
	})
}

// Whom the rules refuse, or whom nobody knows, a guard has released urgently: it is counted, audited, and one alert is open, reviewed
// and reminded of like any other, however often it is sent and however long ago it was.
func TestWhatWasWrittenDownAgainstTheRulesIsUrgent(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newLateSite(t, s)
		clock.Add(15 * time.Hour)
		if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
			Community: p.community, Houses: p.houses[:1], Announced: p.houses[:1], Restriction: core.Restriction{Exits: -1, Reason: "隔离"},
		}); err != nil {
			t.Fatal(err)
		}
		house, err := s.House(t.Context(), everywhere, p.houses[0])
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, c := range []struct {
			name, house, text string
		}{{"张三", house.Label, "张三在东门岗紧急放行"}, {"送水工", "", "送水工在东门岗紧急放行"}} {
			var sent sync.WaitGroup
			for range 3 {
				sent.Go(func() {
					if _, err := s.RecordLate(t.Context(), core.ScopeOf(p.community), ScanAttempt{
						Post: p.post, GuardName: "李师傅", Direction: core.Out, TokenDigest: c.name,
						By:   core.Actor{Kind: core.ActorWechat, ID: 7, Name: "李师傅"},
						Late: &LatePassage{Name: c.name, House: c.house, Reason: "没电", Ago: time.Hour},
					}); err != nil {
						t.Error(err)
					}
				})
			}
			sent.Wait()
			if err := s.RaiseAccessAlerts(t.Context()); err != nil {
				t.Fatal(err)
			}
			want++
			alerts, _, err := s.AccessAlerts(t.Context(), everywhere, core.AccessAlertFilter{Kind: core.AccessAlertUrgent}, Page{Limit: 9})
			if err != nil || len(alerts) != want || alerts[0].Text() != c.text {
				t.Fatalf("%s: alerts %+v, %v", c.name, alerts, err)
			}
			if n := countRows(t, s, urgentAudits); n != want {
				t.Errorf("%s: %d audit rows", c.name, n)
			}
		}
		totals, err := s.RecordTotals(t.Context(), core.ScopeOf(p.community), core.RecordFilter{}, core.DayOf(s.Now(), s.Zone()))
		if err != nil || totals.Urgent != want || totals.Out != want {
			t.Errorf("%+v, %v", totals, err)
		}
		clock.Add(aDay)
		if err := s.RemindUrgent(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM access_alert WHERE reminded_at IS NOT NULL"); n != want {
			t.Errorf("%d are reminded of", n)
		}
	})
}

func TestWhatIsTypedHasBounds(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newLateSite(t, s)
		for field, late := range map[string]LatePassage{
			"name": {Reason: "没电"}, "house": {House: strings.Repeat("栋", maxLateHouse+1)},
			"reason": {Name: "张", Reason: strings.Repeat("急", 61)},
		} {
			_, err := s.RecordLate(t.Context(), core.ScopeOf(p.community), ScanAttempt{Post: p.post, TokenDigest: field, Late: &late})
			wantField(t, err, field)
		}
		_, err := s.RecordLate(t.Context(), core.ScopeOf(p.community), ScanAttempt{
			Post: p.post, TokenDigest: "why", Late: &LatePassage{Name: "张三"},
		})
		wantField(t, err, "reason")
		other := newCommunity(t, s, "海棠苑")
		house, err := s.House(t.Context(), everywhere, p.houses[0])
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.RecordLate(t.Context(), core.ScopeOf(other), ScanAttempt{
			Post: newPost(t, s, other), Direction: core.In, TokenDigest: "far",
			Late: &LatePassage{Name: "张三", House: house.Label, Reason: "没电"},
		})
		if err != nil || out.Record.Pass != 0 {
			t.Errorf("another community's resident is found: %+v, %v", out.Record, err)
		}
		nowhere := ScanAttempt{Post: 99, TokenDigest: "none", Late: &LatePassage{Name: "张", Reason: "没电"}}
		_, err = s.RecordLate(t.Context(), everywhere, nowhere)
		wantCode(t, err, core.CodeNotFound)
	})
}
