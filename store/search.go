package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// The search box's questions. Each costs a few walks of an index, whatever the size of the register,
// and returns at most core.SearchHits things of the scope; more reports whether there are others.

// SearchResidents returns the residents whom a text asks for, masked: by name, by a phone or ID number
// or its end, or by house. Those of exactly the name come first, then the newest; those who moved out
// only where nobody who lives there is found.
func (s *Store) SearchResidents(
	ctx context.Context, scope core.Scope, t core.SearchText,
) (found []ResidentRow, more bool, err error) {
	ids, err := s.residentsExactly(ctx, scope, t)
	if err != nil {
		return nil, false, database.Wrap("search residents", err)
	}
	for _, movedOut := range []bool{false, true} {
		others, err := s.residentsAsked(ctx, scope, t, movedOut)
		if err != nil {
			return nil, false, database.Wrap("search residents", err)
		}
		for _, id := range others {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			break
		}
	}
	ids, more = ids[:min(len(ids), core.SearchHits)], len(ids) > core.SearchHits
	found, err = s.residentRows(ctx, ids, false)
	return found, more, database.Wrap("search residents", err)
}

// residentsExactly returns those who live in the scope under exactly the name that a text is.
func (s *Store) residentsExactly(ctx context.Context, scope core.Scope, t core.SearchText) ([]core.ID, error) {
	if t.Name.Part() == "" || scope.Empty() {
		return nil, nil
	}
	scope, err := s.listed(ctx, scope)
	if err != nil || scope.Empty() {
		return nil, err
	}
	return s.residentsNamed(ctx, scope, t.Text)
}

// residentsAsked returns the newest residents whom a text asks for, one more than are shown.
func (s *Store) residentsAsked(
	ctx context.Context, scope core.Scope, t core.SearchText, movedOut bool,
) ([]core.ID, error) {
	f := ResidentFilter{MovedOut: movedOut, Page: Page{Limit: core.SearchHits}}
	ways, err := s.residentsSaid(ctx, scope, t, f.gramKind())
	if err != nil || len(ways) == 0 {
		return nil, err
	}
	if len(t.Tail) > 4 {
		return s.residentsByLongTail(ctx, ways, t, f)
	}
	query, args := residentUnion(ways, f)
	var ids []core.ID
	return ids, s.db.All(ctx, &ids, query, args...)
}

// residentsSaid returns the ways in which a text asks for residents.
func (s *Store) residentsSaid(
	ctx context.Context, scope core.Scope, t core.SearchText, kinds ...gramKind,
) (ways []residentMatch, err error) {
	if t.Phone != "" {
		ways = append(ways, s.residentsByDigest(scope, "phone", core.PhoneBase(t.Phone)))
	}
	for _, phone := range core.RegionalPhones(t.Text) {
		ways = append(ways, s.residentsByDigest(scope, "phone", phone))
	}
	if t.IDNumber != "" {
		ways = append(ways, s.residentsByDigest(scope, "idno", t.IDNumber))
	}
	if t.Tail != "" {
		ways = append(ways, s.residentsByTail(scope, t.Tail)...)
	}
	ways = append(ways, s.residentsNamedLike(scope, t.Text, kinds...)...)
	if t.Phone != "" || !strings.Contains(t.Figures, "-") || strings.Count(t.Figures, "-") == 1 && t.Building == "" {
		return ways, nil // a door number alone is that of a house in every building
	}
	houses, _, err := s.SearchHouses(ctx, scope, t)
	if err != nil || len(houses) == 0 {
		return ways, err
	}
	ids := database.IDsOf(houses, func(h HouseRow) core.ID { return h.ID })
	return append(ways, residentMatch{
		from: "resident t" + s.db.Dialect().ForceIndex("resident_tie") +
			" WHERE t.house_id IN (" + database.Placeholders(len(ids)) + ")",
		args: database.IDArgs(ids),
	}), nil
}

// maxTail bounds the residents whose numbers end in the same four characters, and are looked at.
const maxTail = 500

// residentsByLongTail returns those found whose phone or ID number ends in five or six characters: a
// digest is only of the last four, so the numbers themselves are compared.
func (s *Store) residentsByLongTail(
	ctx context.Context, ways []residentMatch, t core.SearchText, f ResidentFilter,
) ([]core.ID, error) {
	widest := f
	widest.Page.Limit = maxTail
	query, args := residentUnion(ways, widest)
	var ids []core.ID
	if err := s.db.All(ctx, &ids, query, args...); err != nil {
		return nil, err
	}
	rows, err := s.residentRows(ctx, ids, true)
	var found []core.ID
	for _, r := range rows {
		if strings.HasSuffix(core.PhoneBase(r.Phone), t.Tail) || strings.HasSuffix(r.IDNumber, t.Tail) {
			found = append(found, r.ID)
		}
	}
	return found[:min(len(found), f.Page.Limit+1)], err
}

// SearchHouses returns the houses that a text asks for, by its numbers, the beginning of the label, or
// the label's own words, also behind the community's name. A house of which the text is the whole label comes first.
func (s *Store) SearchHouses(
	ctx context.Context, scope core.Scope, t core.SearchText,
) (found []HouseRow, more bool, err error) {
	rows, err := s.housesAsked(ctx, scope, t, core.SearchHits+1)
	if err == nil && len(rows) == 0 {
		var house string
		if scope, house, err = s.addressed(ctx, scope, t.Text); err == nil && !scope.Empty() {
			rows, err = s.housesAsked(ctx, scope, core.ReadSearch(house), core.SearchHits+1)
		}
	}
	if err != nil {
		return nil, false, database.Wrap("search houses", err)
	}
	rows, more = rows[:min(len(rows), core.SearchHits)], len(rows) > core.SearchHits
	found, err = s.houseHits(ctx, rows)
	return found, more, database.Wrap("search houses", err)
}

// housesAsked returns the houses that a text asks for, at most as many as given, each way by an index.
func (s *Store) housesAsked(
	ctx context.Context, scope core.Scope, t core.SearchText, maxFound int,
) ([]houseRow, error) {
	where := database.Within(scope, "community_id")
	index, order, limit := "house_figures", "figures, community_id, id", maxFound
	switch {
	case t.Figures != "":
		// '.' is the character behind '-': all that begins with the figures.
		where.And("figures >= ?", t.Figures)
		where.And("figures < ?", strings.TrimSuffix(t.Figures, "-")+".")
		if t.Building != "" {
			where.And("figures LIKE ?", "%"+t.FiguresEnd())
		}
		if t.Words != "" {
			limit = maxHousesByText
		}
	case t.Label != "":
		return s.housesBeginning(ctx, scope, t, maxFound)
	case t.Words != "":
		return s.housesNamed(ctx, scope, t.Words, maxFound)
	default:
		return nil, nil
	}
	var rows []houseRow
	err := s.db.All(ctx, &rows, `
		SELECT id, community_id, label
		FROM house`+s.db.Dialect().UseIndex(index)+`
		WHERE `+where.Text()+`
		ORDER BY `+order+`
		LIMIT ?`, where.Args(limit)...)
	rows = slices.DeleteFunc(rows, func(r houseRow) bool { return !t.HouseIn(r.Label) })
	return rows[:min(len(rows), maxFound)], err
}

// housesBeginning returns the houses whose labels begin with a text, 3栋, however its number is
// written, at most as many as given.
func (s *Store) housesBeginning(
	ctx context.Context, scope core.Scope, t core.SearchText, maxFound int,
) ([]houseRow, error) {
	scope, err := s.listed(ctx, scope)
	if err != nil || scope.Empty() {
		return nil, err
	}
	var rows []houseRow
	for _, key := range t.LabelKeys() { // one range each: of an OR, neither database uses the index as well
		where := database.Within(scope, "community_id")
		where.And("sort_key >= ?", key)
		where.And("sort_key < ?", key+"\U0010FFFF")
		var begin []houseRow
		if err := s.db.All(ctx, &begin, `
			SELECT id, community_id, label
			FROM house`+s.db.Dialect().UseIndex("house_sort")+`
			WHERE `+where.Text()+`
			ORDER BY community_id, sort_key, id
			LIMIT ?`, where.Args(maxFound-len(rows))...); err != nil {
			return nil, err
		}
		if rows = append(rows, begin...); len(rows) >= maxFound {
			break
		}
	}
	return rows, nil
}

// houseHits returns houses with their residents and restrictions, in their order.
func (s *Store) houseHits(ctx context.Context, rows []houseRow) ([]HouseRow, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := database.IDsOf(rows, func(r houseRow) core.ID { return r.ID })
	var whole []houseRow
	if err := s.db.All(
		ctx, &whole, "SELECT "+houseColumns+" FROM house WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	); err != nil {
		return nil, err
	}
	counts, err := s.db.CountsBy(
		ctx, "SELECT house_id AS id, COUNT(*) AS n FROM resident"+s.db.Dialect().ForceIndex("resident_tie")+
			" WHERE moved_out_at IS NULL AND house_id IN (", ids, ") GROUP BY house_id",
	)
	if err != nil {
		return nil, err
	}
	restrictions, err := s.restrictionsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(whole, func(a, b houseRow) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	hits := make([]HouseRow, len(whole))
	for i, row := range whole {
		hits[i] = HouseRow{House: row.house(), Residents: counts[row.ID]}
		if r, ok := restrictions[row.ID]; ok {
			hits[i].Restriction = &r
		}
	}
	return hits, nil
}

const (
	// searchedPeople bounds the people whose newest records are read one by one.
	searchedPeople = 30
	// searchedRecords bounds the newest records that are looked through for a name of more people; of
	// several communities each has its share.
	searchedRecords = 1000
)

// SearchRecords returns the newest access records of the people whom a text asks for as residents,
// those who moved out too. For a name that more than thirty people have, they are the newest of those
// thirty who were registered last, and those among the newest thousand records of the scope.
func (s *Store) SearchRecords(
	ctx context.Context, scope core.Scope, t core.SearchText,
) (found []core.AccessRecord, more bool, err error) {
	if scope.Empty() {
		return nil, false, nil
	}
	ids, err := s.recordsAsked(ctx, scope, t)
	if err != nil || len(ids) == 0 {
		return nil, false, database.Wrap("search access records", err)
	}
	ids, more = ids[:min(len(ids), core.SearchHits)], len(ids) > core.SearchHits
	var rows []recordRow
	err = s.db.All(
		ctx, &rows,
		"SELECT "+recordColumns+" FROM access_record WHERE id IN ("+database.Placeholders(len(ids))+") ORDER BY id DESC",
		database.IDArgs(ids)...,
	)
	found = make([]core.AccessRecord, len(rows))
	for i, row := range rows {
		found[i] = row.record()
	}
	return found, more, database.Wrap("search access records", err)
}

// passer is a person within a community.
type passer struct {
	Community core.ID `db:"community_id"`
	Person    core.ID `db:"person_id"`
}

// recordsAsked returns the ids of the newest records that a text asks for, one more than are shown.
func (s *Store) recordsAsked(ctx context.Context, scope core.Scope, t core.SearchText) ([]core.ID, error) {
	people, err := s.passersSaid(ctx, scope, t)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	ids, err := s.recordsOfPassers(ctx, people[:min(len(people), searchedPeople)])
	if err != nil {
		return nil, err
	}
	if len(people) > searchedPeople && !t.Name.Empty() {
		recent, err := s.recentRecordsNamed(ctx, scope, t)
		if err != nil {
			return nil, err
		}
		ids = append(ids, recent...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	return ids[:min(len(ids), core.SearchHits+1)], nil
}

// passersSaid returns the people whom a text asks for as residents, those registered last first, one
// more than are looked at.
func (s *Store) passersSaid(ctx context.Context, scope core.Scope, t core.SearchText) ([]passer, error) {
	f := ResidentFilter{everybody: true, Page: Page{Limit: searchedPeople}}
	ways, err := s.residentsSaid(ctx, scope, t, gramResident, gramMovedOut)
	if err != nil || len(ways) == 0 {
		return nil, err
	}
	var ids []core.ID
	if len(t.Tail) > 4 {
		ids, err = s.residentsByLongTail(ctx, ways, t, f)
	} else {
		query, args := residentUnion(ways, f)
		err = s.db.All(ctx, &ids, query, args...)
	}
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var people []passer
	err = s.db.All(
		ctx, &people, "SELECT DISTINCT community_id, person_id FROM resident WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	)
	return people, err
}

// recordsOfPassers returns the newest records of some people, at most a few of each.
func (s *Store) recordsOfPassers(ctx context.Context, people []passer) ([]core.ID, error) {
	var parts []string
	var args []any
	for range people {
		parts = append(parts, `
			SELECT id FROM (
				SELECT id
				FROM access_record`+s.db.Dialect().UseIndex("access_record_person")+`
				WHERE community_id = ?
				AND person_id = ?
				ORDER BY id DESC
				LIMIT ?
			) p`)
	}
	for _, p := range people {
		args = append(args, int64(p.Community), int64(p.Person), core.SearchHits+1)
	}
	var ids []core.ID
	return ids, s.db.All(ctx, &ids, strings.Join(parts, " UNION ALL "), args...)
}

// recentRecordsNamed looks through the newest records of the scope for a name.
func (s *Store) recentRecordsNamed(ctx context.Context, scope core.Scope, t core.SearchText) ([]core.ID, error) {
	newest, args := s.newestRecords(scope)
	name := database.LikeContains(t.Text)
	if t.Name.Part() == "" {
		name = database.LikePrefix(t.Text)
	}
	var ids []core.ID
	where := database.Within(scope, "a.community_id")
	where.And("a.name LIKE ? ESCAPE '!'", name)
	err := s.db.All(ctx, &ids, `
		SELECT a.id
		FROM (`+newest+`) n`+s.db.Dialect().ThenJoin()+`access_record a ON a.id = n.id
		WHERE `+where.Text()+`
		ORDER BY a.id DESC
		LIMIT ?`, append(args, where.Args(core.SearchHits+1)...)...)
	return ids, err
}

// newestRecords is the query for the ids of the newest records: of each of a few communities, or of
// all.
func (s *Store) newestRecords(scope core.Scope) (query string, args []any) {
	communities := scope.Communities()
	if scope.Whole() || len(communities) > database.MaxApart {
		return "SELECT id FROM access_record ORDER BY id DESC LIMIT ?", []any{searchedRecords}
	}
	var parts []string
	for _, community := range communities {
		parts = append(parts, `
			SELECT id FROM (
				SELECT id
				FROM access_record`+s.db.Dialect().UseIndex("access_record_community")+`
				WHERE community_id = ?
				ORDER BY id DESC
				LIMIT ?
			) p`)
		args = append(args, int64(community), searchedRecords/len(communities))
	}
	return strings.Join(parts, " UNION ALL "), args
}
