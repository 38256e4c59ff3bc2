package store

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// Parties that nobody saw leave are noted as left, together, and are inside again when that is taken back, as many as were.
func TestVisitorsAreNotedAsLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		one, two, absent := p.invite(t, s, nil), p.invite(t, s, nil), p.invite(t, s, nil)
		for i, own := range []OwnVisitor{one, two} {
			mustScan(t, s, p.scan(own.Pass, core.In, i))
		}
		mustScan(t, s, p.scan(two.Pass, core.Out, 9)) // one of two
		inside := func() int {
			t.Helper()
			n, err := s.CountVisitorPasses(t.Context(), everywhere, VisitorPassFilter{Stay: core.StayInside, Now: s.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		other := newCommunity(t, s, "别处")
		if _, err := s.LeaveVisits(t.Context(), core.System, core.ScopeOf(other), []core.ID{one.ID}, ""); !core.IsNotFound(err) {
			t.Errorf("out of scope: %v", err)
		}
		if _, err := s.LeaveVisits(t.Context(), core.System, everywhere, []core.ID{absent.ID}, ""); !core.IsConflict(err) {
			t.Errorf("one who never came has left: %v", err)
		}
		if _, err := s.LeaveVisits(t.Context(), core.System, everywhere, nil, ""); !core.IsInvalid(err) {
			t.Errorf("nobody: %v", err)
		}
		if asked, err := s.VisitsInside(t.Context(), everywhere, []core.ID{one.ID, two.ID, absent.ID}); err != nil || len(asked) != 2 {
			t.Errorf("asked about %d, %v", len(asked), err)
		}
		batch, err := s.LeaveVisits(t.Context(), core.System, everywhere, []core.ID{one.ID, two.ID, absent.ID, one.ID}, "南门岗")
		if err != nil || batch.Size != 2 || inside() != 0 {
			t.Fatalf("%+v, %v, %d inside", batch, err, inside())
		}
		v, err := s.VisitorPass(t.Context(), everywhere, one.ID)
		if err != nil || v.Gone != 2 || !v.Left.Equal(s.Now().Truncate(time.Millisecond)) {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := s.LeaveVisits(t.Context(), core.System, everywhere, []core.ID{one.ID}, ""); !core.IsConflict(err) {
			t.Errorf("left twice: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'visitorpass.leave'"); n != 2 {
			t.Errorf("%d lines in the log", n)
		}
		mustScan(t, s, p.scan(one.Pass, core.Out, 20)) // somebody of it was inside after all
		undone, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID)
		if err != nil || undone.Undone != 1 || undone.Kept != 1 || inside() != 1 {
			t.Errorf("taken back: %+v, %v, %d inside", undone, err, inside())
		}
		v, err = s.VisitorPass(t.Context(), everywhere, two.ID)
		if err != nil || v.Gone != 1 || !v.Inside() || v.Left.IsZero() {
			t.Errorf("after it was taken back: %+v, %v", v, err)
		}
	})
}

// A party that leaves by a door while it is noted as left has left once: nobody is counted twice, and the two never fail.
func TestVisitorLeavesWhileNotedAsLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		for round := range 5 {
			own := p.invite(t, s, func(v *core.VisitorPass) { v.People = 1 })
			mustScan(t, s, p.scan(own.Pass, core.In, 100*round))
			var wait sync.WaitGroup
			errs := make([]error, 2)
			wait.Go(func() { _, errs[0] = s.Scan(t.Context(), p.scan(own.Pass, core.Out, 100*round+1)) })
			wait.Go(func() { _, errs[1] = s.LeaveVisits(t.Context(), core.System, everywhere, []core.ID{own.ID}, "") })
			wait.Wait()
			if errs[0] != nil || errs[1] != nil && !core.IsConflict(errs[1]) {
				t.Fatalf("%v", errors.Join(errs...))
			}
			v, err := s.VisitorPass(t.Context(), everywhere, own.ID)
			if err != nil || v.Inside() || v.Gone < 1 || v.Gone > 2 {
				t.Errorf("%+v, %v", v, err)
			}
		}
	})
}

// A guard finds who may come or leave by name, house, plate and the last figures of the number: not who was revoked or is long gone.
func TestVisitorsAreFoundAtTheGate(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		comes := p.invite(t, s, func(v *core.VisitorPass) { v.Name = "方志远" })
		stays := p.invite(t, s, func(v *core.VisitorPass) { v.Name, v.Plate, v.Phone = "沈佳", "", "13700004321" })
		mustScan(t, s, p.scan(stays.Pass, core.In, 1))
		gone := p.invite(t, s, func(v *core.VisitorPass) { v.Name = "方言" })
		if err := s.RevokeVisitorPass(t.Context(), core.System, everywhere, gone.ID); err != nil {
			t.Fatal(err)
		}
		house, err := s.House(t.Context(), everywhere, p.houses[0])
		if err != nil {
			t.Fatal(err)
		}
		for keyword, want := range map[string][]core.ID{
			"方": {comes.ID}, "4321": {stays.ID}, "0001": {comes.ID}, "京A12345": {comes.ID}, "13700004321": {stays.ID},
			house.Label: {stays.ID, comes.ID}, "9999": nil, "没有": nil,
		} {
			list, _, err := s.VisitorPasses(t.Context(), core.ScopeOf(p.community), VisitorPassFilter{
				Usable: true, Keyword: keyword, Now: s.Now(), Page: Page{Limit: 9},
			})
			var got []core.ID
			for _, v := range list {
				got = append(got, v.ID)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q finds %v, %v; want %v", keyword, got, err, want)
			}
		}
	})
}
