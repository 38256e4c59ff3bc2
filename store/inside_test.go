package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"tongxing/core"
)

// passages returns how many random passages a property is held by: TONGXING_PASSAGES, or few.
func passages(t *testing.T, few int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("TONGXING_PASSAGES"))
	if err != nil || n < few {
		return few
	}
	return n
}

// Who is inside equals a recount of the records of random passages, by readers and guards, of visitors and members, with departures
// that were noted and taken back.
func TestWhoIsInsideEqualsARecount(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		random := rand.New(rand.NewPCG(7, 21))
		var passes []core.ID
		visits := map[core.ID]core.ID{} // by pass
		noted := map[core.ID]int{}      // of a pass, noted as left
		for i := range 8 {
			own := p.invite(t, s, func(v *core.VisitorPass) {
				v.Name, v.Phone, v.Plate, v.People, v.Until = fmt.Sprintf("来客%d", i), "", "", 1+i%3, s.Now().Add(20*24*time.Hour)
			})
			visits[own.Pass] = own.ID
			passes = append(passes, own.Pass)
		}
		for i := range 4 {
			m := p.member(t, s, func(m *core.Member) { m.Name, m.Phone = fmt.Sprintf("骑手%d", i), fmt.Sprintf("1370000777%d", i) })
			passes = append(passes, m.Pass)
		}
		want := map[string]int{} // by name, how many are inside
		people := map[core.ID]int{}
		recount := func() {
			clear(want)
			clear(people)
			for pass, n := range noted {
				people[pass] -= n
			}
			last := map[core.ID]core.AccessRecord{}
			if err := s.EachAccessRecord(t.Context(), everywhere, core.RecordFilter{Result: "allowed"}, func(r core.AccessRecord) error {
				if _, later := last[r.Pass]; !later {
					last[r.Pass] = r
				}
				if r.Direction == core.In {
					people[r.Pass] += max(r.People, 1)
				} else {
					people[r.Pass]--
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for pass, r := range last {
				switch _, visitor := visits[pass]; {
				case visitor && people[pass] > 0:
					want[r.Name] = people[pass]
				case !visitor && r.Direction == core.In:
					want[r.Name] = 1
				}
			}
		}
		for i := range passages(t, 150) {
			clock.Add(time.Second)
			pass := passes[random.IntN(len(passes))]
			reader := []core.ID{p.in, p.out}[random.IntN(2)]
			mustScan(t, s, p.atReader(reader, pass, i))
			if visit, visitor := visits[pass]; visitor && random.IntN(8) == 0 {
				before, err := s.VisitorPass(t.Context(), everywhere, visit)
				if err != nil {
					t.Fatal(err)
				}
				batch, err := s.LeaveVisits(t.Context(), core.System, everywhere, []core.ID{visit}, "")
				switch {
				case core.IsConflict(err):
				case err != nil:
					t.Fatal(err)
				case random.IntN(2) == 0:
					if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
						t.Fatal(err)
					}
				default:
					noted[pass] += max(before.People, 1) - before.Gone
				}
			}
			if i%25 != 0 && i < passages(t, 150)-1 {
				continue
			}
			recount()
			all, err := s.WhoIsInside(t.Context(), everywhere, p.community)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, one := range all {
				got[one.Name] = one.People
			}
			if !maps.Equal(got, want) {
				t.Fatalf("after %d passages %v is inside, by the records %v", i+1, got, want)
			}
		}
	})
}

// Overdue is each kind by its own hours; another community's people are not called, and members long ago are not taken to be inside.
func TestWhoIsOverdueByKind(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newMemberSite(t, s)
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Stay, r.Member = 3, 1 })
		own := p.invite(t, s, nil)
		m := p.member(t, s, nil)
		mustScan(t, s, p.atReader(p.in, own.Pass, 1))
		mustScan(t, s, p.atReader(p.in, m.Pass, 2))
		late := func() map[core.PassKind]bool {
			t.Helper()
			all, err := s.WhoIsInside(t.Context(), core.ScopeOf(p.community), p.community)
			if err != nil {
				t.Fatal(err)
			}
			got := map[core.PassKind]bool{}
			for _, one := range all {
				got[one.Kind] = one.Late
			}
			return got
		}
		for i, step := range []struct {
			after time.Duration
			want  map[core.PassKind]bool
		}{
			{0, map[core.PassKind]bool{core.PassVisitor: false, core.PassDedicated: false}},
			{2 * time.Hour, map[core.PassKind]bool{core.PassVisitor: false, core.PassDedicated: true}},
			{2 * time.Hour, map[core.PassKind]bool{core.PassVisitor: true, core.PassDedicated: true}},
			{core.InsideLookback, map[core.PassKind]bool{core.PassVisitor: true}},
		} {
			clock.Add(step.after)
			if got := late(); !maps.Equal(got, step.want) {
				t.Errorf("step %d: %v, want %v", i, got, step.want)
			}
		}
		_, err := s.WhoIsInside(t.Context(), core.ScopeOf(1), p.community)
		wantCode(t, err, core.CodeNotFound)
	})
}
