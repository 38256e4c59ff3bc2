package store

import (
	"context"
	"slices"
	"sync"
	"testing"

	"tongxing/core"
)

func makeGroup(t *testing.T, s *Store, name string, readers ...core.ID) core.ID {
	t.Helper()
	id, err := s.CreateReaderGroup(t.Context(), readerAdmin, everywhere, core.ReaderGroup{Community: 1, Name: name, Readers: readers})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func groupOf(t *testing.T, s *Store, id core.ID) core.ReaderGroup {
	t.Helper()
	g, err := s.ReaderGroup(t.Context(), everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A reader is in one group at most, and whom it lets through does not change with it.
func TestReaderGroups(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		readerCommunity(t, s, 1)
		one, _ := makeReader(t, s, aReader(1, "A1"))
		two, _ := makeReader(t, s, aReader(1, "A2"))
		was := readerOf(t, s, one)
		first := makeGroup(t, s, "一期", one, two)
		second := makeGroup(t, s, "二期", two)
		if !slices.Equal(groupOf(t, s, first).Readers, []core.ID{one}) || !slices.Equal(groupOf(t, s, second).Readers, []core.ID{two}) {
			t.Errorf("in %v and %v", groupOf(t, s, first).Readers, groupOf(t, s, second).Readers)
		}
		if is := readerOf(t, s, one); is.Group != first || !is.Permission().Same(was.Permission()) || !is.Updated.After(was.Updated) {
			t.Errorf("became %+v", is)
		}
		g := groupOf(t, s, first)
		g.Name, g.Readers = "一期各门", []core.ID{two}
		if _, err := s.UpdateReaderGroup(ctx, readerAdmin, everywhere, g); err != nil {
			t.Fatal(err)
		}
		if readerOf(t, s, one).Group != 0 || readerOf(t, s, two).Group != first || len(groupOf(t, s, second).Readers) != 0 {
			t.Error("the form's readers are not the group's")
		}
		if _, err := s.UpdateReaderGroup(ctx, readerAdmin, everywhere, g); !core.IsStale(err) {
			t.Errorf("an edit of what was shown before another's: %v", err)
		}
		if err := s.RemoveReaderGroup(ctx, readerAdmin, everywhere, first); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReaderGroup(ctx, everywhere, first); !core.IsNotFound(err) || readerOf(t, s, two).Group != 0 {
			t.Errorf("not removed: %v", err)
		}
		if err := s.RemoveReaderGroup(ctx, readerAdmin, everywhere, first); !core.IsNotFound(err) {
			t.Errorf("removed twice: %v", err)
		}
		list, more, err := s.ReaderGroups(ctx, core.ScopeOf(1), ReaderGroupFilter{Keyword: "二"})
		if err != nil || more || len(list) != 1 || list[0].ID != second {
			t.Errorf("lists %+v, %v", list, err)
		}
	})
}

func TestReaderGroupsOfOthers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		readerCommunity(t, s, 1)
		readerCommunity(t, s, 2)
		mine, _ := makeReader(t, s, aReader(1, "A1"))
		other, _ := makeReader(t, s, aReader(2, "B1"))
		group := makeGroup(t, s, "一期", mine)
		theirs := core.ScopeOf(2)
		g := groupOf(t, s, group)
		for name, act := range map[string]func() error{
			"read":   func() error { _, err := s.ReaderGroup(ctx, theirs, group); return err },
			"update": func() error { _, err := s.UpdateReaderGroup(ctx, readerAdmin, theirs, g); return err },
			"remove": func() error { return s.RemoveReaderGroup(ctx, readerAdmin, theirs, group) },
			"create": func() error {
				_, err := s.CreateReaderGroup(ctx, readerAdmin, theirs, core.ReaderGroup{Community: 1, Name: "二期"})
				return err
			},
			"a reader of another community": func() error {
				_, err := s.CreateReaderGroup(ctx, readerAdmin, everywhere, core.ReaderGroup{
					Community: 1, Name: "二期", Readers: []core.ID{other},
				})
				return err
			},
		} {
			if err := act(); !core.IsNotFound(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r := readerOf(t, s, other)
		r.Group = group
		if _, err := s.UpdateReader(ctx, readerAdmin, everywhere, r); fieldsOf(err)["group"] == "" {
			t.Errorf("a reader joins another community's group: %v", err)
		}
		for _, name := range []string{"一期", " 一期 ", "", "—"} {
			_, err := s.CreateReaderGroup(ctx, readerAdmin, everywhere, core.ReaderGroup{Community: 1, Name: name})
			if fieldsOf(err)["name"] == "" {
				t.Errorf("%q: %v", name, err)
			}
		}
		if list, _, err := s.ReaderGroups(ctx, theirs, ReaderGroupFilter{}); err != nil || len(list) != 0 {
			t.Errorf("lists %d, %v", len(list), err)
		}
	})
}

// Two forms that put a reader into different groups at once leave it in one; a group that is removed meanwhile leaves it in none.
func TestReaderGroupsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		reader, _ := makeReader(t, s, aReader(1, "A1"))
		first, second := makeGroup(t, s, "一期"), makeGroup(t, s, "二期")
		one, two := groupOf(t, s, first), groupOf(t, s, second)
		one.Readers, two.Readers = []core.ID{reader}, []core.ID{reader}
		var both sync.WaitGroup
		for _, g := range []core.ReaderGroup{one, two} {
			both.Go(func() {
				if _, err := s.UpdateReaderGroup(context.Background(), readerAdmin, everywhere, g); err != nil && !core.IsStale(err) {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if n := len(groupOf(t, s, first).Readers) + len(groupOf(t, s, second).Readers); n != 1 {
			t.Errorf("in %d groups", n)
		}
		r := readerOf(t, s, reader)
		r.Group = first
		both.Go(func() {
			if err := s.RemoveReaderGroup(context.Background(), readerAdmin, everywhere, first); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			_, err := s.UpdateReader(context.Background(), readerAdmin, everywhere, r)
			if err != nil && !core.IsInvalid(err) && !core.IsStale(err) {
				t.Error(err)
			}
		})
		both.Wait()
		if group := readerOf(t, s, reader).Group; group == first {
			t.Error("in a group that is gone")
		}
	})
}

// A form of a group that was open while a reader joined or left it does not undo that.
func TestReaderGroupFormsAreStale(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		reader, _ := makeReader(t, s, aReader(1, "A1"))
		first := makeGroup(t, s, "一期", reader)
		for _, c := range []struct {
			name string
			act  func()
		}{
			{"another group takes one", func() { makeGroup(t, s, "二期", reader) }},
			{"a reader joins", func() {
				r := readerOf(t, s, reader)
				r.Group = first
				if _, err := s.UpdateReader(t.Context(), readerAdmin, everywhere, r); err != nil {
					t.Fatal(err)
				}
			}},
			{"one is added", func() {
				r := aReader(1, "A2")
				r.Group = first
				makeReader(t, s, r)
			}},
		} {
			shown := groupOf(t, s, first)
			c.act()
			if _, err := s.UpdateReaderGroup(t.Context(), readerAdmin, everywhere, shown); !core.IsStale(err) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}
