package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// closedSite returns a site whose community lets nobody out, and whose post may release urgently.
func closedSite(t *testing.T, s *Store, people int) scanSite {
	t.Helper()
	p := newScanSite(t, s, people)
	rule, err := s.PassRule(t.Context(), everywhere, p.community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Exits = -1
	if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
		t.Fatal(err)
	}
	p.allowUrgent(t, s, true)
	return p
}

func (p scanSite) allowUrgent(t *testing.T, s *Store, allow bool) {
	t.Helper()
	post, err := s.GuardPost(t.Context(), everywhere, p.post)
	if err != nil {
		t.Fatal(err)
	}
	post.Urgent = allow
	if _, err := s.UpdateGuardPost(t.Context(), core.System, everywhere, post); err != nil {
		t.Fatal(err)
	}
}

// urgent is an urgent passage by hand.
func (p scanSite) urgent(i int) ScanAttempt {
	a := p.exit(i)
	a.UrgentFor, a.By = "就医急诊", core.Actor{Kind: core.ActorWechat, ID: 7, Name: "李师傅"}
	return a
}

const urgentAudits = "SELECT COUNT(*) FROM audit_log WHERE action = 'accessrecord.urgent'"

// An urgent release is on record with its reason, in the audit log and an alert, and it counts.
func TestUrgentReleaseIsRecordedAuditedAndAlerted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := closedSite(t, s, 2)
		if out, err := s.Scan(t.Context(), p.exit(1)); err != nil || out.Decision.Reason != core.ReasonBlocked {
			t.Fatalf("an ordinary attempt: %+v, %v", out.Decision, err)
		}
		out, err := s.Scan(t.Context(), p.urgent(0))
		if err != nil || !out.Decision.Allowed {
			t.Fatalf("%+v, %v", out.Decision, err)
		}
		r, err := s.AccessRecord(t.Context(), everywhere, out.Record.ID)
		if err != nil || !r.Urgent() || !r.Counted || r.Note != "就医急诊（小区禁止出入）" {
			t.Errorf("on record: %+v, %v", r, err)
		}
		if n := countRows(t, s, urgentAudits); n != 1 {
			t.Errorf("%d audit rows", n)
		}
		for range 2 {
			if err := s.RaiseAccessAlerts(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		alerts, _, err := s.AccessAlerts(t.Context(), everywhere, core.AccessAlertFilter{Kind: core.AccessAlertUrgent}, Page{Limit: 9})
		if err != nil || len(alerts) != 1 || alerts[0].Record != r.ID || alerts[0].Text() != "张三在东门岗紧急放行" {
			t.Errorf("alerts %+v, %v", alerts, err)
		}
		// The same form again is the same act.
		if again, err := s.Scan(t.Context(), p.urgent(0)); err != nil || !again.Repeat || again.Decision.Reason != core.ReasonUrgent {
			t.Errorf("again: %+v, %v", again, err)
		}
		if n := countRows(t, s, urgentAudits); n != 1 {
			t.Errorf("%d audit rows after a repeat", n)
		}
	})
}

// Sent many times at once, it is one release, one audit row, one count.
func TestUrgentReleaseManyTimesAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := closedSite(t, s, 1)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if out, err := s.Scan(t.Context(), p.urgent(0)); err != nil || !out.Decision.Allowed {
					t.Errorf("%+v, %v", out.Decision, err)
				}
			})
		}
		wg.Wait()
		for query, want := range map[string]int{
			"SELECT COUNT(*) FROM access_record": 1, "SELECT COUNT(*) FROM access_record WHERE counted = 1": 1, urgentAudits: 1,
			"SELECT COUNT(*) FROM exit_tally": 2, // of the person and of the house
		} {
			if n := countRows(t, s, query); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
	})
}

// Without its audit row there is no urgent release: no record, no count.
func TestUrgentReleaseBreaksOffAsAWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := closedSite(t, s, 2)
		tamper(t, s, "UPDATE setting SET value = 'broken' WHERE name = 'audit_head'")
		if out, err := s.Scan(t.Context(), p.urgent(0)); err == nil || out.Decision.Allowed {
			t.Errorf("released without an audit row: %+v, %v", out.Decision, err)
		}
		for _, table := range []string{"access_record", "exit_tally"} {
			if n := countRows(t, s, "SELECT COUNT(*) FROM "+table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		// One that fails stops nobody else of its batch.
		outcomes, errs := s.scanBatch(t.Context(), []ScanAttempt{p.urgent(0), p.exit(1)})
		if errs[0] == nil || errs[1] != nil || outcomes[1].Decision.Reason != core.ReasonBlocked {
			t.Errorf("in a batch: %v; %+v, %v", errs[0], outcomes[1].Decision, errs[1])
		}
	})
}

// The post's tick and the rules are those of the moment of the release.
func TestUrgentReleaseAfterAChange(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := closedSite(t, s, 3)
		p.allowUrgent(t, s, false)
		if out, err := s.Scan(t.Context(), p.urgent(0)); err != nil || out.Decision.Allowed || out.Decision.Reason != core.ReasonBlocked {
			t.Errorf("without the tick: %+v, %v", out.Decision, err)
		}
		p.allowUrgent(t, s, true)
		rule, err := s.PassRule(t.Context(), everywhere, p.community)
		if err != nil {
			t.Fatal(err)
		}
		rule.Exits = 0
		if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
			t.Fatal(err)
		}
		out, err := s.Scan(t.Context(), p.urgent(1))
		if err != nil || out.Decision.Reason != core.ReasonAllowed || strings.Contains(out.Record.Note, "就医") {
			t.Errorf("the rules allow it by now: %+v, %v; want an ordinary release", out, err)
		}
		if n := countRows(t, s, urgentAudits); n != 0 {
			t.Errorf("%d audit rows", n)
		}
		if n := countRows(t, s, fmt.Sprintf("SELECT COUNT(*) FROM access_record WHERE reason = '%s'", core.ReasonUrgent)); n != 0 {
			t.Errorf("%d urgent releases", n)
		}
	})
}
