package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// A card opens as often as the resident's rules allow, counts as their code does and is marked; one that is revoked or replaced opens
// nothing.
func TestCardsOfResidents(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		_, out := p.readers(t, s)
		rule, err := s.PassRule(t.Context(), everywhere, p.community)
		if err != nil {
			t.Fatal(err)
		}
		rule.Exits, rule.PeriodDays, rule.Counting = 2, 1, core.CountPerson
		if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
			t.Fatal(err)
		}
		residents, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{
			House: p.houses[0], Community: p.community, Page: Page{Limit: 2},
		})
		if err != nil || len(residents) != 1 {
			t.Fatalf("%d residents, %v", len(residents), err)
		}
		resident := residents[0].ID
		_, err = s.ResidentCard(t.Context(), everywhere, resident)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.CreateResidentCard(t.Context(), core.System, core.ScopeOf(1), resident, "CARDX"), core.CodeNotFound)
		if err := s.CreateResidentCard(t.Context(), core.System, everywhere, resident, "CARDONE"); err != nil {
			t.Fatal(err)
		}
		show := func(code string, want core.Reason) ScanOutcome {
			t.Helper()
			got, err := s.ScanCard(t.Context(), ScanAttempt{Via: core.ViaReader, Reader: out}, code, "r")
			if err != nil || got.Decision.Reason != want {
				t.Fatalf("%+v, %v; want %s", got.Decision, err, want)
			}
			return got
		}
		first := show("CARDONE", core.ReasonAllowed)
		if !first.Decision.Counts || first.Record.Means != core.MeansCard || first.Record.Way() != "门禁读头 · 卡码" {
			t.Errorf("%+v", first.Record)
		}
		if again := show("CARDONE", core.ReasonAllowed); !again.Repeat { // the reader sends it again
			t.Errorf("counted twice: %+v", again)
		}
		clock.Add(time.Minute)
		show("CARDONE", core.ReasonAllowed)
		clock.Add(time.Minute)
		show("CARDONE", core.ReasonCount) // two a day
		show("CARDTWO", core.ReasonTokenForeign)
		if n := countRows(t, s, "SELECT COUNT(*) FROM access_record WHERE allowed = 1 AND means = 'card' AND counted = 1"); n != 2 {
			t.Errorf("%d exits", n)
		}
		if err := s.CreateResidentCard(t.Context(), core.System, everywhere, resident, "CARDTWO"); err != nil {
			t.Fatal(err)
		}
		clock.Add(24 * time.Hour)
		show("CARDONE", core.ReasonTokenForeign)
		show("CARDTWO", core.ReasonAllowed)
		if err := s.RevokeResidentCard(t.Context(), core.System, everywhere, resident); err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Minute)
		show("CARDTWO", core.ReasonTokenForeign)
		wantCode(t, s.RevokeResidentCard(t.Context(), core.System, everywhere, resident), core.CodeConflict)
	})
}
