package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// FindResidents returns the residents whom a text may mean, at most core.ResidentPicks, for a
// picker: the one whose pick it is; otherwise those with exactly that name, then those whom the
// list's search finds, newest first. Residents who moved out are returned only if there are no
// others. community 0 means the whole scope. more reports whether there are further ones. It costs
// at most four queries, each by an index.
func (s *Store) FindResidents(
	ctx context.Context, scope core.Scope, community core.ID, text string,
) (found []core.ResidentPick, more bool, err error) {
	f := ResidentFilter{Community: community, Keyword: core.Clean(text), Page: Page{Limit: core.ResidentPicks}}
	if scope, err = f.within(scope); err != nil || f.Keyword == "" {
		return nil, false, err
	}
	if scope, err = s.listed(ctx, scope); err != nil {
		return nil, false, database.Wrap("find residents", err)
	}
	if found, err = s.residentsOfPick(ctx, scope, f.Keyword); err != nil || len(found) > 0 {
		return found, false, database.Wrap("find residents", err)
	}
	ids, err := s.residentsNamed(ctx, scope, f.Keyword)
	if err != nil {
		return nil, false, database.Wrap("find residents", err)
	}
	matched, more, err := s.residentPage(ctx, scope, f)
	if err == nil && len(ids)+len(matched) == 0 {
		f.MovedOut = true
		matched, more, err = s.residentPage(ctx, scope, f)
	}
	if err != nil {
		return nil, false, database.Wrap("find residents", err)
	}
	for _, id := range database.IDsOf(matched, residentKey.id) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) > core.ResidentPicks {
		ids, more = ids[:core.ResidentPicks], true
	}
	found, err = s.residentPicks(ctx, ids)
	return found, more, database.Wrap("find residents", err)
}

// residentsNamed returns the residents of the scope with exactly a name, newest first, one more
// than a picker offers.
func (s *Store) residentsNamed(ctx context.Context, scope core.Scope, name string) (ids []core.ID, err error) {
	where, args := database.ScopeWhere(scope, "t.community_id")
	err = s.db.All(
		ctx, &ids,
		"SELECT t.id FROM resident t"+s.db.Dialect().UseIndex("resident_name")+" WHERE "+where+
			" AND t.name_fold = ? AND t.moved_out_at IS NULL ORDER BY t.id DESC LIMIT ?",
		append(args, core.FoldName(name), core.ResidentPicks+1)...,
	)
	return ids, err
}

// residentsOfPick returns the residents whose pick a text is, including those who moved out: those
// of one person, or none.
func (s *Store) residentsOfPick(ctx context.Context, scope core.Scope, text string) ([]core.ResidentPick, error) {
	name, _, house, ok := core.SplitPick(text)
	if !ok {
		return nil, nil
	}
	where, args := database.ScopeWhere(scope, "h.community_id")
	var ids []core.ID
	err := s.db.All(
		ctx, &ids,
		"SELECT t.id FROM "+s.residentsByHouse()+" WHERE "+where+" AND h.label = ? AND t.name = ? ORDER BY t.id + 0 DESC LIMIT ?",
		append(args, house, name, core.ResidentPicks)...,
	)
	if err != nil {
		return nil, err
	}
	picks, err := s.residentPicks(ctx, ids)
	return slices.DeleteFunc(picks, func(p core.ResidentPick) bool { return p.Text() != text }), err
}

func (s *Store) residentPicks(ctx context.Context, ids []core.ID) ([]core.ResidentPick, error) {
	rows, err := s.residentRows(ctx, ids, false)
	picks := make([]core.ResidentPick, len(rows))
	for i, r := range rows {
		picks[i] = r.pick()
	}
	return picks, err
}

func (r ResidentRow) pick() core.ResidentPick {
	return core.ResidentPick{
		Resident: r.ID, Person: r.Person, Name: core.Clean(r.Name), Phone: r.PhoneText(), House: r.HouseLabel,
		Community: r.Community, CommunityName: r.CommunityName, MovedOut: !r.MovedOut.IsZero(),
	}
}

// PersonPick returns how a picker shows a person of the scope: with their home in a community, or
// the last one. A person out of scope is NotFound.
func (s *Store) PersonPick(ctx context.Context, scope core.Scope, community, person core.ID) (core.ResidentPick, error) {
	ties, err := s.ResidentTies(ctx, scope, person)
	if err != nil {
		return core.ResidentPick{}, err
	}
	if len(ties) == 0 {
		return core.ResidentPick{}, core.NotFound(noResident)
	}
	best := slices.IndexFunc(ties, func(r ResidentRow) bool { return r.Community == community && r.MovedOut.IsZero() })
	if best < 0 {
		best = max(0, slices.IndexFunc(ties, func(r ResidentRow) bool { return r.MovedOut.IsZero() }))
	}
	return ties[best].pick(), nil
}
