package store

import (
	"fmt"
	"sync"
	"testing"

	"tongxing/core"
)

func TestViewsAreAnAccountsOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		save := func(account core.ID, stem, name, query string) core.ID {
			t.Helper()
			id, err := s.CreateSavedView(t.Context(), core.SavedView{Account: account, Stem: stem, Name: name, Query: query})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		mine := save(1, "reader", "离线", "state=off&after=3")
		second := save(1, "reader", " 北门 ", "q=1")
		save(1, "resident", "离线", "")
		save(2, "reader", "离线", "state=on")
		if again := save(1, "reader", "离线", "state=off&q=2"); again != mine {
			t.Error("a view of the same name is a second one")
		}
		views, err := s.SavedViews(t.Context(), 1, "reader")
		if err != nil || len(views) != 2 || views[0].Query != "q=2&state=off" || views[1].Name != "北门" {
			t.Fatalf("views %+v, %v", views, err)
		}
		wantField(t, s.UpdateSavedView(t.Context(), core.SavedView{ID: mine, Account: 1, Name: "北门"}), "name")
		wantCode(t, s.UpdateSavedView(t.Context(), core.SavedView{ID: mine, Account: 2, Name: "偷"}), core.CodeNotFound)
		wantCode(t, s.RemoveSavedView(t.Context(), 2, mine), core.CodeNotFound)
		if err := s.UpdateSavedView(t.Context(), core.SavedView{ID: mine, Account: 1, Name: "不在线"}); err != nil {
			t.Fatal(err)
		}
		if v, err := s.SavedView(t.Context(), 1, mine); err != nil || v.Name != "不在线" {
			t.Errorf("%+v, %v", v, err)
		}
		if err := s.RemoveSavedView(t.Context(), 1, second); err != nil {
			t.Fatal(err)
		}
		_, err = s.SavedView(t.Context(), 1, second)
		wantCode(t, err, core.CodeNotFound)
	})
}

func TestViewsAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		for i := range core.MaxSavedView + 1 {
			_, err := s.CreateSavedView(t.Context(), core.SavedView{Account: 1, Stem: "reader", Name: fmt.Sprint("视图", i)})
			if i < core.MaxSavedView && err != nil {
				t.Fatal(err)
			}
			if i == core.MaxSavedView {
				wantCode(t, err, core.CodeConflict)
			}
		}
	})
}

// Of many views saved at once, no more are kept than there may be.
func TestViewsSavedAtOnceKeepTheBound(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		const more = 6
		owner := mustAccount(t, s, testAccount("viewer")).ID
		var saving sync.WaitGroup
		kept := make([]bool, core.MaxSavedView+more)
		for i := range kept {
			saving.Go(func() {
				_, err := s.CreateSavedView(t.Context(), core.SavedView{Account: owner, Stem: "reader", Name: fmt.Sprint("视图", i)})
				if kept[i] = err == nil; err != nil && core.CodeOf(err) != core.CodeConflict {
					t.Error(err)
				}
			})
		}
		saving.Wait()
		n := 0
		for _, ok := range kept {
			if ok {
				n++
			}
		}
		views, err := s.SavedViews(t.Context(), owner, "reader")
		if err != nil || len(views) != core.MaxSavedView || n != core.MaxSavedView {
			t.Errorf("%d views, %d said to be kept, want %d: %v", len(views), n, core.MaxSavedView, err)
		}
	})
}
