package store

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

// walked reads a list page by page to its end and back to its beginning, and returns the
// ids in the order of the list. Each page but the last has limit rows, and both ways meet
// the same rows.
func walked(t *testing.T, limit int, read func(Page) ([]core.ID, bool, error)) []core.ID {
	t.Helper()
	var forth, back []core.ID
	for page := (Page{Limit: limit}); ; {
		ids, more, err := read(page)
		if err != nil || more && len(ids) != limit {
			t.Fatalf("%d rows behind %v, more %v: %v", len(ids), page.Next, more, err)
		}
		if forth = append(forth, ids...); !more {
			break
		}
		page.Next = ids[len(ids)-1]
	}
	if len(forth) == 0 {
		return nil
	}
	for page := (Page{Limit: limit, Prev: forth[len(forth)-1]}); ; {
		ids, more, err := read(page)
		if err != nil {
			t.Fatal(err)
		}
		if back = slices.Concat(ids, back); !more {
			break
		}
		page.Prev = ids[0]
	}
	if !slices.Equal(back, forth[:len(forth)-1]) {
		t.Errorf("back from the end come %v, forth came %v", back, forth)
	}
	return forth
}

// The lists of guards, posts and observers are narrowed, sorted and paged by the database,
// each within the scope.
func TestListsOfPeopleAtTheGate(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, ours, theirs := t.Context(), newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		names := []string{"赵一", "钱二", "孙三", "李四", "周五", "赵一", "吴100%"}
		lists := []peopleList{guardList(s), postList(s), observerList(s)}
		for _, list := range lists {
			t.Run(list.name, func(t *testing.T) {
				mine := make([]core.ID, len(names))
				for i, name := range names {
					mine[i] = list.add(t, ours, name, i)
				}
				far := list.add(t, theirs, "赵一", 90)
				read := func(scope core.Scope, f peopleFilter) []core.ID {
					return walked(t, 2, func(p Page) ([]core.ID, bool, error) { f.page = p; return list.read(ctx, scope, f) })
				}
				at := func(places ...int) (ids []core.ID) {
					for _, i := range places {
						ids = append(ids, mine[i])
					}
					return ids
				}
				scope := core.ScopeOf(ours)
				for _, c := range []struct {
					name  string
					scope core.Scope
					f     peopleFilter
					want  []core.ID
				}{
					{"oldest first", scope, peopleFilter{}, mine},
					{"everywhere", everywhere, peopleFilter{}, append(slices.Clone(mine), far)},
					{"of a community", everywhere, peopleFilter{community: theirs}, []core.ID{far}},
					{"of another's community", scope, peopleFilter{community: theirs}, nil},
					{"nowhere", core.Scope{}, peopleFilter{}, nil},
					{"by name", scope, peopleFilter{sort: "name"}, at(list.sorted...)},
					{"by name, descending", scope, peopleFilter{sort: "-name"}, reversed(at(list.sorted...))},
					{"part of a name", scope, peopleFilter{keyword: "一"}, at(0, 5)},
					{"a sign of LIKE", scope, peopleFilter{keyword: "%"}, at(6)},
					{"first flag", scope, peopleFilter{first: "yes"}, at(0, 3, 6)},
					{"without it", scope, peopleFilter{first: "no", sort: "name"}, at(without(list.sorted, 0, 3, 6)...)},
				} {
					if got := read(c.scope, c.f); !slices.Equal(got, c.want) {
						t.Errorf("%s: %v, want %v", c.name, got, c.want)
					}
				}
				// A cursor of another community tells nothing of its place in the order.
				ids, _, err := list.read(ctx, scope, peopleFilter{sort: "name", page: Page{Limit: 2, Next: far}})
				if err != nil || len(ids) != 0 {
					t.Errorf("behind a row of others: %v, %v", ids, err)
				}
			})
		}
	})
}

func reversed(ids []core.ID) []core.ID {
	slices.Reverse(ids)
	return ids
}

func without(list []int, some ...int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(i int) bool { return slices.Contains(some, i) })
}

// peopleFilter is what the three lists have in common.
type peopleFilter struct {
	community     core.ID
	keyword, sort string
	first         string // "yes" = the rows of which add made every third another
	page          Page
}

// peopleList is one of the lists; sorted are the places of the test's names by name.
type peopleList struct {
	name   string
	sorted []int
	add    func(t *testing.T, community core.ID, name string, i int) core.ID
	read   func(ctx context.Context, scope core.Scope, f peopleFilter) ([]core.ID, bool, error)
}

// byPinyin are 吴100% before 赵一 … in pinyin: li, qian, sun, wu, zhao, zhao, zhou.
var byPinyin = []int{3, 1, 2, 6, 0, 5, 4}

func guardList(s *Store) peopleList {
	return peopleList{
		name: "guards", sorted: byPinyin,
		add: func(t *testing.T, community core.ID, name string, i int) core.ID {
			t.Helper()
			id := newGuard(t, s, community, name)
			if i%3 == 0 {
				mustDo(t, s.DisableGuard(t.Context(), core.System, everywhere, id))
			}
			return id
		},
		read: func(ctx context.Context, scope core.Scope, f peopleFilter) ([]core.ID, bool, error) {
			list, more, err := s.Guards(ctx, scope, GuardFilter{
				Community: f.community, Keyword: f.keyword, Disabled: f.first, Sort: f.sort, Page: f.page,
			})
			return database.IDsOf(list, func(g core.Guard) core.ID { return g.ID }), more, err
		},
	}
}

func postList(s *Store) peopleList {
	return peopleList{
		name: "posts", sorted: []int{6, 4, 2, 3, 0, 5, 1}, // in the order of the characters
		add: func(t *testing.T, community core.ID, name string, i int) core.ID {
			t.Helper()
			id, err := s.CreateGuardPost(t.Context(), core.System, everywhere,
				core.GuardPost{Community: community, Name: name, Direction: core.Out})
			mustDo(t, err)
			if i%3 == 0 {
				mustDo(t, s.DisableGuardPost(t.Context(), core.System, everywhere, id))
			}
			return id
		},
		read: func(ctx context.Context, scope core.Scope, f peopleFilter) ([]core.ID, bool, error) {
			list, more, err := s.GuardPosts(ctx, scope, GuardPostFilter{
				Community: f.community, Keyword: f.keyword, Disabled: f.first, Sort: f.sort, Page: f.page,
			})
			return database.IDsOf(list, func(p core.GuardPost) core.ID { return p.ID }), more, err
		},
	}
}

func observerList(s *Store) peopleList {
	return peopleList{
		name: "observers", sorted: byPinyin,
		add: func(t *testing.T, community core.ID, name string, i int) core.ID {
			t.Helper()
			id, err := s.CreateObserver(t.Context(), core.System, everywhere, core.Observer{
				Name: name, Capacity: "民警", Phone: fmt.Sprintf("137%08d", i), MayExport: i%3 == 0,
				Communities: []core.ID{community},
			})
			mustDo(t, err)
			return id
		},
		read: func(ctx context.Context, scope core.Scope, f peopleFilter) ([]core.ID, bool, error) {
			list, more, err := s.Observers(ctx, scope, ObserverFilter{
				Community: f.community, Keyword: f.keyword, MayExport: f.first, Sort: f.sort, Page: f.page,
			})
			return database.IDsOf(list, func(o core.Observer) core.ID { return o.ID }), more, err
		},
	}
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A guard and an observer are found by a whole phone number, and by no part of one; who
// has bound no WeChat is counted as the list that says so shows them.
func TestPeopleAtTheGateAreFoundByPhone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, ours := t.Context(), newCommunity(t, s, "翠湖花园")
		post := newPost(t, s, ours)
		id, err := s.CreateGuard(ctx, core.System, everywhere, core.Guard{
			Community: ours, Name: "李师傅", Phone: "13800138000", Posts: []core.ID{post},
		})
		mustDo(t, err)
		bound := newGuard(t, s, ours, "王师傅")
		mustDo(t, newTicket(t, s, core.BindGuard, bound).use(t, s, signIn(t, s, inMini).ID))
		for keyword, want := range map[string][]core.ID{"138 0013-8000": {id}, "8000": nil, "1380013": nil, "师傅": {id, bound}} {
			list, _, err := s.Guards(ctx, everywhere, GuardFilter{Keyword: keyword})
			if got := database.IDsOf(list, func(g core.Guard) core.ID { return g.ID }); err != nil || !slices.Equal(got, want) {
				t.Errorf("guards by %q: %v, %v", keyword, got, err)
			}
		}
		for answer, want := range map[string]int{"yes": 1, "no": 1, "": 2} {
			if n, err := s.CountGuards(ctx, everywhere, GuardFilter{Bound: answer}); err != nil || n != want {
				t.Errorf("%d guards bound %q, %v", n, answer, err)
			}
		}
		if n, err := s.CountGuards(ctx, core.Scope{}, GuardFilter{}); err != nil || n != 0 {
			t.Errorf("%d guards nowhere, %v", n, err)
		}
		names, err := s.PostsOfGuards(ctx, everywhere, []core.ID{id, bound})
		if err != nil || !slices.Equal(names[id], []string{"东门岗"}) || len(names[bound]) != 0 {
			t.Errorf("posts %v, %v", names, err)
		}
		at, err := s.GuardsAtPosts(ctx, everywhere, []core.ID{post})
		if err != nil || len(at[post]) != 1 || at[post][0].Name != "李师傅" {
			t.Errorf("guards at the post %v, %v", at, err)
		}
		if at, err = s.GuardsAtPosts(ctx, core.Scope{}, []core.ID{post}); err != nil || len(at) != 0 {
			t.Errorf("guards at the post, out of scope: %v, %v", at, err)
		}
		mustDo(t, s.DisableGuard(ctx, core.System, everywhere, id))
		if at, err = s.GuardsAtPosts(ctx, everywhere, []core.ID{post}); err != nil || len(at) != 0 {
			t.Errorf("guards at the post, disabled: %v, %v", at, err)
		}
	})
}

// A name is found however the dots and spaces in it are typed, as a resident's is.
func TestNamesOfStaffAreFoundAsTheyAreCompared(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, community := t.Context(), newCommunity(t, s, "翠湖花园")
		for _, list := range []peopleList{guardList(s), observerList(s)} {
			id := list.add(t, community, "阿卜杜拉·买买提", 0)
			list.add(t, community, "张三", 1)
			for _, typed := range []string{"阿卜杜拉·买买提", "阿卜杜拉•买买提", "阿卜杜拉．买买提", "阿卜杜拉 买买提", "拉买"} {
				got, _, err := list.read(ctx, everywhere, peopleFilter{keyword: typed, page: Page{Limit: 5}})
				if err != nil || !slices.Equal(got, []core.ID{id}) {
					t.Errorf("%s, %q: %v, %v", list.name, typed, got, err)
				}
			}
			if got, _, err := list.read(ctx, everywhere, peopleFilter{keyword: "•", page: Page{Limit: 5}}); err != nil || len(got) != 0 {
				t.Errorf("%s, a dot alone: %v, %v", list.name, got, err)
			}
		}
		by := core.SystemGranter
		account, err := s.CreateAccount(ctx, by, core.Account{
			Login: "mai", Name: "阿卜杜拉·买买提", Role: core.RoleViewer, Scope: core.ScopeOf(community),
			Permissions: []core.Permission{core.PermHouseView},
		}, testPassword)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{"阿卜杜拉•买", "ＭＡＩ", "阿卜杜拉 买"} {
			got, _, err := s.Accounts(ctx, everywhere, AccountFilter{Keyword: typed, Page: Page{Limit: 5}})
			if err != nil || len(got) != 1 || got[0].ID != account {
				t.Errorf("account, %q: %v, %v", typed, got, err)
			}
		}
	})
}
