package store

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// Names sort as in a Chinese telephone directory, also those whose family name is
// read otherwise than its character mostly is.
func TestNameKey(t *testing.T) {
	want := []string{"alice", "Bob", "ＢＯＢＢＹ", "阿明", "安东", "白雪", "陈明", "褚遂良", "盖叫天", "葛优", "李思", "李四", "缪斯", "区小", "欧阳修", "朴树", "仇英", "单雄信", "王伟", "解缙", "尉迟恭", "曾国", "张三", "张三丰", "赵云", "周瑜"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(nameKey(a), nameKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("sorted\n%q, want\n%q", got, want)
	}
	if a, b := nameKey(" Bob "), nameKey("ｂｏｂ"); a != b {
		t.Errorf("%s, %s", a, b)
	}
	for _, name := range []string{"", "\x00", strings.Repeat("张", core.NameMost), "\xff曾", "曾\x00单"} {
		if key := nameKey(name); len(key) > nameKeyMost {
			t.Errorf("%q: %d bytes", name, len(key))
		}
	}
}

func TestNameKeysAtOnce(t *testing.T) {
	want := nameKey("欧阳修")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if got := nameKey("欧阳修"); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
	all.Wait()
}

// Residents of a community sort by their names' pinyin, also after a name was changed;
// those of one name stay apart from page to page.
func TestResidentsSortByPinyin(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		ids := map[string]core.ID{}
		for i, name := range []string{"张三", "曾国", "李四", "李思", "alice", "李思"} {
			ids[name] = newResident(t, s, community, house, name, "1380013800"+strconv.Itoa(i))
		}
		sorted := func(sort string) (names []string) {
			t.Helper()
			for page := (Page{Limit: 2}); ; {
				rows, more, err := s.Residents(t.Context(), everywhere, ResidentFilter{Community: community, Sort: sort, Page: page})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					names, page.Before = append(names, row.Name), row.ID
				}
				if !more {
					return names
				}
			}
		}
		if got, want := sorted("name"), []string{"alice", "李思", "李思", "李四", "曾国", "张三"}; !slices.Equal(got, want) {
			t.Errorf("sorted %q, want %q", got, want)
		}
		err := s.UpdateResident(t.Context(), core.System, everywhere, ids["李四"], ResidentChange{Name: "赵云", Identity: core.Owner})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sorted("-name"), []string{"赵云", "张三", "曾国", "李思", "李思", "alice"}; !slices.Equal(got, want) {
			t.Errorf("sorted down %q, want %q", got, want)
		}
	})
}
