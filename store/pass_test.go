package store

import "testing"

func TestPassOfResidents(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newPreviewed(t, s, "通行里", 3)
		bare := newResident(t, s, w.community, w.houses[0], "未认证", "13900000001")
		passes, err := s.PassOfResidents(t.Context(), append(w.residents, bare, 1))
		if err != nil || len(passes) != 3 || passes[w.residents[0]] != w.passes[0] || passes[w.residents[2]] != w.passes[2] {
			t.Errorf("%v, %v; want those of %v: %v", passes, err, w.residents, w.passes)
		}
		if passes, err := s.PassOfResidents(t.Context(), nil); err != nil || len(passes) != 0 {
			t.Errorf("of nobody: %v, %v", passes, err)
		}
	})
}

func TestClosingAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o) // whose cleanup closes it once more
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
