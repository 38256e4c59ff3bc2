package store

import (
	"testing"

	"tongxing/core"
)

func TestAboutFigures(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "我的"), newCommunity(t, s, "别人的")
		houses := newHouses(t, s, mine, 3)
		newHouses(t, s, other, 2)
		newResident(t, s, mine, houses[0], "张三", "13800138000")
		gone := newResident(t, s, mine, houses[1], "李四", "13800138001")
		if err := s.MoveOut(t.Context(), core.System, everywhere, gone); err != nil {
			t.Fatal(err)
		}
		records := []core.AccessRecord{{Community: other, At: testNow, Via: core.ViaReader, Direction: core.In, Kind: core.PassResident}}
		if err := s.ImportAccessRecords(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			scope core.Scope
			want  AboutFigures
		}{
			{everywhere, AboutFigures{Communities: 2, Houses: 5, Residents: 1, Records: 1}},
			{core.ScopeOf(mine), AboutFigures{Communities: 1, Houses: 3, Residents: 1}},
			{core.Scope{}, AboutFigures{}},
		} {
			if got, err := s.AboutFigures(t.Context(), c.scope); err != nil || got != c.want {
				t.Errorf("%+v: %+v, %v, want %+v", c.scope, got, err, c.want)
			}
		}
		if s.Node() < 0 || s.Node() >= 1024 {
			t.Errorf("node %d", s.Node())
		}
	})
}
