package store

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

// maxHousesByText is the maximum number of houses that a search finds by a way of writing a house.
const maxHousesByText = 2000

// housesByText returns the houses of the scope whose label contains a text, or which it denotes in
// another way of writing (core.ReadHouse): 3-2-501. It reads the index of labels once, like a
// search for a part of a label. ok is false if the text is no such way of writing, or denotes too
// many houses: then only a part of the label can be searched for.
func (s *Store) housesByText(ctx context.Context, scope core.Scope, text string) (houses []core.House, ok bool, err error) {
	houses, ok, err = s.housesSo(ctx, scope, core.Clean(text))
	if err != nil || !ok || len(houses) > 0 {
		return houses, ok, err
	}
	within, rest, err := s.addressed(ctx, scope, text)
	if err != nil || within.Empty() {
		return nil, ok, err
	}
	return s.housesSo(ctx, within, rest)
}

// addressed returns the part of a scope that an address names by its community, as the pages print it, and the house in
// it: 翠湖花园1栋1单元101. The scope is empty if the address names none. It is asked for what was not found as a house.
func (s *Store) addressed(ctx context.Context, scope core.Scope, address string) (within core.Scope, house string, err error) {
	if first, _ := utf8.DecodeRuneInString(core.Clean(address)); !unicode.IsLetter(first) {
		return within, "", nil
	}
	communities, err := s.Communities(ctx, scope)
	for _, c := range communities {
		switch rest, ok := core.AfterCommunity(address, c.Name); {
		case !ok || house != "" && len(rest) > len(house): // another's name fits better
		case rest == house:
			within = within.With(c.ID)
		default:
			within, house = core.ScopeOf(c.ID), rest
		}
	}
	return within, house, err
}

// housesSaid returns the houses that a keyword means, found as the search box finds them, by indexes.
func (s *Store) housesSaid(ctx context.Context, scope core.Scope, keyword string) ([]core.House, error) {
	rows, err := s.housesAsked(ctx, scope, core.ReadSearch(keyword), maxHousesByText)
	if err != nil {
		return nil, err
	}
	houses := housesMeant(core.ReadHouse(keyword), keyword, rows)
	if len(houses) > 0 {
		return houses, nil
	}
	within, rest, err := s.addressed(ctx, scope, keyword)
	if err != nil || within.Empty() {
		return nil, err
	}
	if rows, err = s.housesAsked(ctx, within, core.ReadSearch(rest), maxHousesByText); err != nil {
		return nil, err
	}
	return housesMeant(core.ReadHouse(rest), rest, rows), nil
}

// housesSo is housesByText for a house alone.
func (s *Store) housesSo(ctx context.Context, scope core.Scope, text string) (houses []core.House, ok bool, err error) {
	said := core.ReadHouse(text)
	figures := said.Figures()
	if len(figures) == 0 {
		return nil, false, nil
	}
	where, args := database.ScopeWhere(scope, "community_id")
	// One pattern finds both: reading all labels of a city costs as much per pattern. Only if the
	// text has numerals, labels may have them, too.
	like, patterns := "label LIKE ?", []any{"%" + strings.Join(figures, "%") + "%"}
	if written := said.Written(); written != nil {
		like, patterns = like+" OR label LIKE ?", append(patterns, "%"+strings.Join(written, "%")+"%")
	}
	var rows []houseRow
	err = s.db.All(ctx, &rows, "SELECT id, community_id, label FROM house"+s.db.Dialect().ForceIndex("house_label")+" WHERE "+where+
		" AND ("+like+") LIMIT ?", append(append(args, patterns...), maxHousesByText+1)...)
	if err != nil || len(rows) > maxHousesByText {
		return nil, false, err
	}
	return housesMeant(said, text, rows), true, nil
}

// housesMeant returns the houses that a text denotes completely; where a community has none, those in which its
// numbers are the last ones, or that the search box finds by it; and those whose label contains it.
func housesMeant(said core.HouseText, text string, rows []houseRow) (houses []core.House) {
	whole := map[core.ID]bool{} // communities with a house that the text denotes completely
	for _, row := range rows {
		if said.Fit(row.Label) >= core.HouseWhole {
			whole[row.Community] = true
		}
	}
	asked := core.ReadSearch(text)
	for _, row := range rows {
		fit := said.Fit(row.Label)
		part := !whole[row.Community] && (fit == core.HouseEnd || asked.HouseIn(row.Label))
		if fit >= core.HouseWhole || part || strings.Contains(row.Label, text) {
			houses = append(houses, row.house())
		}
	}
	return houses
}

func houseIDs(houses []core.House) []core.ID {
	return database.IDsOf(houses, func(h core.House) core.ID { return h.ID })
}

// HouseByText returns the one house of a community that a text denotes: 3栋2单元501, 3-2-501, also behind the
// community's name. If there is none, it is NotFound; if there are several, as of 501, the error is invalid and names them.
func (s *Store) HouseByText(ctx context.Context, scope core.Scope, community core.ID, text string) (core.House, error) {
	house, err := s.houseByLabel(ctx, scope, community, text)
	if !core.IsNotFound(err) || !scope.Has(community) {
		return house, err
	}
	found, err := s.housesLike(ctx, core.ScopeOf(community), text)
	if err != nil {
		return core.House{}, database.Wrap("house said", err)
	}
	switch len(found) {
	case 0:
		within, rest, err := s.addressed(ctx, core.ScopeOf(community), text)
		switch {
		case err != nil:
			return core.House{}, database.Wrap("house said", err)
		case within.Empty():
			return core.House{}, core.NotFound(noHouse)
		}
		return s.HouseByText(ctx, scope, community, rest)
	case 1:
		return s.House(ctx, scope, found[0].ID)
	}
	labels, more := make([]string, min(len(found), 5)), ""
	for i := range labels {
		labels[i] = found[i].Label
	}
	if len(found) > len(labels) {
		more = " 等"
	}
	return core.House{}, core.Invalid("“" + core.Clean(text) + "”可能是 " + strings.Join(labels, "、") + more + "，请写完整")
}

// housesLike returns the houses of one community that a text may mean: by all its numbers, or by the door's alone.
func (s *Store) housesLike(ctx context.Context, community core.Scope, text string) ([]core.House, error) {
	found, ok, err := s.housesSo(ctx, community, core.Clean(text))
	if err == nil && !ok {
		found, err = s.housesSaid(ctx, community, text)
	}
	return core.MeantHouses(text, found), err
}

// MatchHouses matches a pasted list, one house per line and at most MaxRestriction lines, with a
// community's houses. It costs one query, for all labels.
func (s *Store) MatchHouses(ctx context.Context, scope core.Scope, community core.ID, list string) ([]core.HouseMatch, error) {
	of, err := s.Community(ctx, scope, community)
	if err != nil {
		return nil, err
	}
	if strings.Count(list, "\n") >= MaxRestriction {
		return nil, tooManyLines()
	}
	var rows []houseRow
	err = s.db.All(ctx, &rows, `
		SELECT id, community_id, label
		FROM house
		WHERE community_id = ?
		ORDER BY sort_key, id`, int64(community))
	if err != nil {
		return nil, database.Wrap("match houses", err)
	}
	houses := make([]core.House, len(rows))
	for i, row := range rows {
		houses[i] = row.house()
	}
	matches := core.MatchHouses(list, of.Name, houses)
	if len(matches) > MaxRestriction {
		return nil, tooManyLines()
	}
	return matches, nil
}

func tooManyLines() error {
	return core.InvalidFields(map[string]string{"pasted": fmt.Sprintf("一次最多粘贴 %d 套", MaxRestriction)})
}
