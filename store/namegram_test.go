package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tongxing/core"
)

// gramWorld is a small register whose names are drawn from few characters, so that they share pairs.
type gramWorld struct {
	*testing.T
	s           *Store
	random      *rand.Rand
	communities []core.ID
	houses      map[core.ID][]core.ID
	people      map[core.ID]*gramPerson // by resident
	next        int
}

type gramPerson struct {
	core.Resident
	out bool
}

func newGramWorld(t *testing.T, s *Store) *gramWorld {
	w := &gramWorld{
		T: t, s: s, random: rand.New(rand.NewPCG(5, 9)),
		houses: map[core.ID][]core.ID{}, people: map[core.ID]*gramPerson{},
	}
	for i := range 3 {
		c := newCommunity(t, s, fmt.Sprintf("小区%d", i))
		w.communities, w.houses[c] = append(w.communities, c), newHouses(t, s, c, 12)
	}
	return w
}

func (w *gramWorld) name() string {
	const chars = "张王欧阳建国国伟AbØ买·  ﾂ単𠮷"
	runes := []rune(chars)
	for {
		name := make([]rune, 1+w.random.IntN(5))
		for i := range name {
			name[i] = runes[w.random.IntN(len(runes))]
		}
		if _, err := (core.Resident{Name: string(name), Identity: core.Owner, Phone: "13800000000"}).Normalized(); err == nil {
			return string(name)
		}
	}
}

func (w *gramWorld) newPerson() core.Resident {
	w.next++
	c := w.communities[w.random.IntN(len(w.communities))]
	return core.Resident{
		Community: c, House: w.houses[c][w.random.IntN(12)], Name: w.name(), Identity: core.Owner,
		Phone: fmt.Sprintf("139%08d", w.next),
	}
}

func (w *gramWorld) add(r core.Resident) {
	w.Helper()
	id, err := w.s.CreateResident(w.Context(), core.System, everywhere, r)
	if err != nil {
		w.Fatal(err)
	}
	r.ID = id
	w.people[id] = &gramPerson{Resident: r}
}

// anyone returns one who has moved out, or one who has not.
func (w *gramWorld) anyone(out bool) *gramPerson {
	var ids []core.ID
	for id, p := range w.people {
		if p.out == out {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return w.people[ids[w.random.IntN(len(ids))]]
}

// act does one random act that changes who is found by which name.
func (w *gramWorld) act() {
	w.Helper()
	ctx, here, gone := w.Context(), w.anyone(false), w.anyone(true)
	switch n := w.random.IntN(6); {
	case n == 0 && here != nil:
		row, err := w.s.Resident(ctx, everywhere, here.ID)
		if err != nil {
			w.Fatal(err)
		}
		name := w.name()
		if _, err := w.s.UpdateResident(ctx, core.System, everywhere, here.ID, ResidentChange{
			Name: name, Identity: core.Owner, Updated: row.Updated,
		}); err != nil {
			w.Fatal(err)
		}
		here.Name = name
	case n == 1 && here != nil:
		if err := w.s.MoveOut(ctx, core.System, everywhere, here.ID); err != nil {
			w.Fatal(err)
		}
		here.out = true
	case n == 2 && gone != nil: // comes back
		r := gone.Resident
		r.ID = 0
		w.add(r)
	case n == 3 && here != nil:
		if err := w.s.RemoveResidents(ctx, core.System, everywhere, []core.ID{here.ID}); err != nil {
			w.Fatal(err)
		}
		delete(w.people, here.ID)
	default:
		w.add(w.newPerson())
	}
}

// bulk adds some at once.
func (w *gramWorld) bulk(n int) {
	w.Helper()
	c := w.communities[0]
	var people []core.Resident
	for len(people) < n {
		if r := w.newPerson(); r.Community == c {
			people = append(people, r)
		}
	}
	ids, err := w.s.CreateResidents(w.Context(), core.System, everywhere, c, people)
	if err != nil {
		w.Fatal(err)
	}
	for i, r := range people {
		r.ID = ids[i]
		w.people[r.ID] = &gramPerson{Resident: r}
	}
}

// naive returns whom a text finds by comparing every name, newest first.
func (w *gramWorld) naive(scope core.Scope, text string, out bool) []core.ID {
	var ids []core.ID
	said := core.ReadName(text)
	for id, p := range w.people {
		if p.out == out && scope.Has(p.Community) && said.In(p.Name, Initials(p.Name)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

// listed returns whom the register's list finds by a text, by paging through it.
func (w *gramWorld) listed(scope core.Scope, f ResidentFilter) []core.ID {
	w.Helper()
	var ids []core.ID
	for f.Page = (Page{Limit: 3}); ; f.Page.Next = ids[len(ids)-1] {
		rows, more, err := w.s.Residents(w.Context(), scope, f)
		if err != nil {
			w.Fatal(err)
		}
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		if !more {
			return ids
		}
	}
}

// Any two neighbouring characters, initials, a family name, a whole name or nearly one find on both
// databases whom a comparison of all names finds, whatever was done to the names before; the rows
// of the index are those of the names, no more and no fewer.
func TestNameGramsFindWhatAComparisonFinds(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newGramWorld(t, s)
		w.bulk(30)
		for range 90 {
			w.act()
		}
		w.checkRows()
		texts := []string{
			"", "·", " ", "%", "_", "国", "建国", "国国", "张建国", "欧阳", "阳建", "zj", "zjg", "jg", "ab", "Ab", "AB", "Ø", "𠮷", "𠮷国",
			"'", "1",
		}
		for range 25 {
			name := []rune(w.name())
			from := w.random.IntN(len(name))
			texts = append(texts, string(name[from:from+1+w.random.IntN(len(name)-from)]), Initials(string(name)))
		}
		for _, scope := range []core.Scope{
			everywhere, core.ScopeOf(w.communities[1]), core.ScopeOf(w.communities[:2]...), core.ScopeOf(),
		} {
			for _, text := range texts {
				w.check(scope, text)
			}
		}
	})
}

func (w *gramWorld) check(scope core.Scope, text string) {
	w.Helper()
	if core.ReadName(text).Empty() { // finds nobody by name, and lists show all without a keyword
		return
	}
	for _, out := range []bool{false, true} {
		want := w.naive(scope, text, out)
		if got := w.listed(scope, ResidentFilter{Keyword: text, MovedOut: out}); !slices.Equal(got, want) {
			w.Errorf("%q, moved out %t, %d communities: %v, want %v", text, out, len(scope.Communities()), got, want)
		}
		// With a further filter the residents themselves are read.
		owners := ResidentFilter{Keyword: text, MovedOut: out, Identity: core.Owner}
		if got := w.listed(scope, owners); !slices.Equal(got, want) {
			w.Errorf("%q, owners: %v, want %v", text, got, want)
		}
	}
	here, gone := w.naive(scope, text, false), w.naive(scope, text, true)
	if len(here) == 0 {
		here = gone
	}
	hits, more, err := w.s.SearchResidents(w.Context(), scope, core.ReadSearch(text))
	if err != nil || len(hits) != min(len(here), core.SearchHits) || more != (len(here) > core.SearchHits) {
		w.Fatalf("%q: %d hits, more %t, of %d: %v", text, len(hits), more, len(here), err)
	}
	for _, hit := range hits {
		if !slices.Contains(here, hit.ID) || hit.Phone != core.MaskPhone(hit.Phone) {
			w.Errorf("%q found %s %s", text, hit.Name, hit.Phone)
		}
	}
}

// checkRows compares the index with what the names say.
func (w *gramWorld) checkRows() {
	w.Helper()
	var want []string
	for id, p := range w.people {
		n := named{gramResident, p.Community, id, p.Name}
		if p.out {
			n.kind = gramMovedOut
		}
		for _, gram := range n.grams() {
			want = append(want, fmt.Sprint(int(n.kind), int64(gram), int64(n.community), int64(n.id)))
		}
	}
	var rows []struct {
		Kind      int   `db:"kind"`
		Gram      int64 `db:"gram"`
		Community int64 `db:"community_id"`
		Subject   int64 `db:"subject_id"`
	}
	err := w.s.db.All(w.Context(), &rows, "SELECT kind, gram, community_id, subject_id FROM name_gram WHERE kind <> 3")
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprint(r.Kind, r.Gram, r.Community, r.Subject))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Errorf("%d rows of grams, want %d", len(got), len(want))
	}
}
