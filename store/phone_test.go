package store

import (
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// One phone number is one observer, and one guard in service, of a community: also
// where two are added at the same moment.
func TestOnePhoneIsOneObserverAndOneGuard(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		add := map[string]func(community core.ID) (core.ID, error){
			"observer": func(community core.ID) (core.ID, error) {
				return s.CreateObserver(ctx, by, everywhere, core.Observer{
					Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{community},
				})
			},
			"guard": func(community core.ID) (core.ID, error) {
				return s.CreateGuard(ctx, by, everywhere, core.Guard{Community: community, Name: "李师傅", Phone: "13800138000"})
			},
		}
		added := map[string]core.ID{}
		for what, add := range add {
			ids, errs := make([]core.ID, 6), make([]error, 6)
			var all sync.WaitGroup
			for i := range ids {
				all.Go(func() { ids[i], errs[i] = add(here) })
			}
			all.Wait()
			saved := 0
			for i, err := range errs {
				if err == nil {
					saved, added[what] = saved+1, ids[i]
					continue
				}
				wantField(t, err, "phone")
				if words := fieldsOf(err)["phone"]; !strings.Contains(words, "赵警官") && !strings.Contains(words, "李师傅") {
					t.Errorf("%s: %q does not name the one there is", what, words)
				}
			}
			if saved != 1 {
				t.Errorf("%d %ss under one phone number", saved, what)
			}
			if _, err := add(there); err != nil {
				t.Errorf("a %s of another community: %v", what, err)
			}
		}
		if err := s.RemoveObserver(ctx, by, everywhere, added["observer"]); err != nil {
			t.Fatal(err)
		}
		if err := s.DisableGuard(ctx, by, everywhere, added["guard"]); err != nil {
			t.Fatal(err)
		}
		for what, add := range add {
			if _, err := add(here); err != nil {
				t.Errorf("after the first %s left: %v", what, err)
			}
		}
		// Back in service there would be two.
		wantCode(t, s.EnableGuard(ctx, by, everywhere, added["guard"]), core.CodeConflict)
	})
}
