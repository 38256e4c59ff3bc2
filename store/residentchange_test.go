package store

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// newTied makes a community with a house and n residents in it.
func newTied(t *testing.T, s *Store, n int) (community core.ID, ids []core.ID) {
	t.Helper()
	community = newCommunity(t, s, "翠湖花园")
	house := newHouses(t, s, community, 1)[0]
	for i := range n {
		ids = append(ids, newResident(t, s, community, house, "张"+string(rune('A'+i)), "1380013800"+string(rune('0'+i))))
	}
	return community, ids
}

// recordOf puts a passage of a resident on record.
func recordOf(t *testing.T, s *Store, r ResidentRow) {
	t.Helper()
	err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{{
		Community: r.Community, At: s.Now(), Via: core.ViaReader, Direction: core.Out, Kind: core.PassResident,
		Person: r.Person, Resident: r.ID, House: r.House, Name: r.Name, Allowed: true,
		Reason: core.ReasonAllowed,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestResidentsByID(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 3)
		list, err := s.ResidentsByID(t.Context(), core.ScopeOf(community), []core.ID{ids[2], ids[0]})
		if err != nil || len(list) != 2 || list[0].ID != ids[2] || list[1].ID != ids[0] || list[0].Phone != "138****8002" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := s.ResidentsByID(t.Context(), core.ScopeOf(community), []core.ID{ids[0], 1}); err != nil || len(list) != 1 {
			t.Errorf("of one who is not there: %+v, %v", list, err)
		}
		if list, err := s.ResidentsByID(t.Context(), core.ScopeOf(community+1), ids); err != nil || len(list) != 0 {
			t.Errorf("of another community: %+v, %v", list, err)
		}
		if _, err := s.ResidentsByID(t.Context(), everywhere, make([]core.ID, ResidentsAtOnce+1)); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("too many: %v", err)
		}
	})
}

func TestResidentsAreDeletedAllOrNone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 3)
		recordOf(t, s, residentOf(t, s, ids[1]))
		held, err := s.ResidentsHeld(t.Context(), ids)
		if err != nil || len(held) != 1 || held[ids[1]] != core.BatchRecords {
			t.Errorf("held %v, %v", held, err)
		}
		scope := core.ScopeOf(community)
		if err := s.RemoveResidents(t.Context(), core.System, scope, ids); core.CodeOf(err) != core.CodeConflict ||
			!strings.Contains(core.MessageOf(err), "张B") {
			t.Errorf("with one on record: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != 3 {
			t.Fatalf("%d residents after a refused act", n)
		}
		if err := s.RemoveResidents(t.Context(), core.System, core.ScopeOf(community+1), ids[:1]); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
		if err := s.RemoveResidents(t.Context(), core.System, scope, []core.ID{ids[0], ids[2], ids[0]}); err != nil {
			t.Fatal(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != 1 {
			t.Errorf("%d residents left", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'resident.remove'"); n != 2 {
			t.Errorf("%d lines of the audit log", n)
		}
		if err := s.RemoveResidents(t.Context(), core.System, scope, nil); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestResidentsMoveOutAllOrNone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 2)
		elsewhere := newCommunity(t, s, "江南名邸")
		stranger := newResident(t, s, elsewhere, newHouses(t, s, elsewhere, 1)[0], "李四", "13900139000")
		scope := core.ScopeOf(community)
		if _, err := s.MoveOutAll(t.Context(), core.System, scope, append([]core.ID{stranger}, ids...)); !core.IsNotFound(err) {
			t.Errorf("with a stranger: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE moved_out_at IS NULL"); n != 3 {
			t.Fatalf("%d live there after a refused act", n)
		}
		if _, err := s.MoveOutAll(t.Context(), core.System, scope, ids); err != nil {
			t.Fatal(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE moved_out_at IS NULL"); n != 1 {
			t.Errorf("%d live there", n)
		}
		ties, err := s.ResidentTies(t.Context(), scope, residentOf(t, s, ids[0]).Person)
		if err != nil || len(ties) != 1 || ties[0].MovedOut.IsZero() {
			t.Errorf("ties %+v, %v", ties, err)
		}
	})
}

// Whom a colleague has moved out meanwhile is passed over: the others move out, and only they are in the batch.
func TestResidentsMoveOutOfWhomSomeHaveLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 3)
		scope := core.ScopeOf(community)
		if err := s.MoveOut(t.Context(), core.System, scope, ids[1]); err != nil {
			t.Fatal(err)
		}
		batch, err := s.MoveOutAll(t.Context(), core.System, scope, ids)
		if err != nil || batch.Size != 2 {
			t.Fatalf("a batch of %d, %v", batch.Size, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE moved_out_at IS NULL"); n != 0 {
			t.Errorf("%d live there", n)
		}
		_, err = s.MoveOutAll(t.Context(), core.System, scope, ids)
		wantCode(t, err, core.CodeConflict)
		_, err = s.MoveOutAll(t.Context(), core.System, core.ScopeOf(newCommunity(t, s, "江南名邸")), ids)
		wantCode(t, err, core.CodeNotFound) // that they have left is not told to others
	})
}

func TestResidentExportIsAudited(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 3)
		for whole, phone := range map[bool]string{false: "138****8000", true: "13800138000"} {
			var got []ResidentRow
			err := s.ExportResidents(
				t.Context(), core.System, core.ScopeOf(community), ResidentFilter{Community: community}, ResidentExport{Whole: whole},
				func(r ResidentRow) error {
					if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'resident.export'"); n == 0 {
						t.Error("a row left before the audit log knew")
					}
					got = append(got, r)
					return nil
				},
			)
			if err != nil || len(got) != len(ids) || got[2].ID != ids[0] || got[2].Phone != phone {
				t.Errorf("whole %v: %+v, %v", whole, got, err)
			}
		}
		err := s.ExportResidents(
			t.Context(), core.System, core.ScopeOf(community+1), ResidentFilter{Community: community}, ResidentExport{},
			func(ResidentRow) error {
				t.Error("a row of another community")
				return nil
			},
		)
		if !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
	})
}

// Who moved out by mistake is restored for some days: certified, with the pass, findable by name.
func TestRestoreResident(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		id := newResident(t, s, community, house, "张三", "13800138000")
		newWechatUserWithPhone(t, s, "o-1", "13800138000")
		before, err := s.Resident(t.Context(), everywhere, id)
		if err != nil || before.Certified.IsZero() || before.Pass == 0 {
			t.Fatalf("%+v, %v", before, err)
		}
		wantCode(t, s.RestoreResident(t.Context(), core.System, everywhere, id), core.CodeConflict)
		for _, wait := range []time.Duration{time.Hour, core.RestoreDays * 24 * time.Hour, (core.RestoreDays*24 + 1) * time.Hour} {
			if err := s.MoveOut(t.Context(), core.System, everywhere, id); err != nil {
				t.Fatal(err)
			}
			clock.Add(wait)
			wantCode(t, s.RestoreResident(t.Context(), core.System, core.ScopeOf(community+1), id), core.CodeNotFound)
			err := s.RestoreResident(t.Context(), core.System, everywhere, id)
			if wait > core.RestoreDays*24*time.Hour {
				wantCode(t, err, core.CodeConflict)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			after, err := s.Resident(t.Context(), everywhere, id)
			if after.Updated = before.Updated; err != nil || after != before {
				t.Errorf("restored as %+v, want %+v, %v", after, before, err)
			}
			found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{
				Community: community, Keyword: "张三", Page: Page{Limit: 9},
			})
			if err != nil || len(found) != 1 {
				t.Errorf("found %+v, %v", found, err)
			}
		}
	})
}
