package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// maxHousesSaid bounds the houses that a search finds by a way of writing a house.
const maxHousesSaid = 2000

// housesSaid returns the houses of the scope that hold a text or are said by it in other words
// (core.ReadHouse): 3-2-501. It is one walk of the labels' index, as a search for a part of a label
// is. ok is false for a text that says no house so, or too many: a part of the label is all there
// is to search for.
func (s *Store) housesSaid(ctx context.Context, scope core.Scope, text string) (houses []core.House, ok bool, err error) {
	text = core.Clean(text)
	said := core.ReadHouse(text)
	figures := said.Figures()
	if len(figures) == 0 {
		return nil, false, nil
	}
	where, args := database.ScopeWhere(scope, "community_id")
	// One pattern finds what holds the text and what it says: walking all labels of a city
	// costs by the pattern. Only where the text has numerals, labels may have them too.
	like, patterns := "label LIKE ?", []any{"%" + strings.Join(figures, "%") + "%"}
	if written := said.Written(); written != nil {
		like, patterns = like+" OR label LIKE ?", append(patterns, "%"+strings.Join(written, "%")+"%")
	}
	var rows []houseRow
	err = s.db.All(ctx, &rows, "SELECT id, community_id, label FROM house"+s.db.Dialect().ForceIndex("house_label")+" WHERE "+where+
		" AND ("+like+") LIMIT ?", append(append(args, patterns...), maxHousesSaid+1)...)
	if err != nil || len(rows) > maxHousesSaid {
		return nil, false, err
	}
	whole := map[core.ID]bool{} // communities where a house is said wholly
	for _, row := range rows {
		if said.Fit(row.Label) >= core.HouseWhole {
			whole[row.Community] = true
		}
	}
	for _, row := range rows {
		fit := said.Fit(row.Label)
		if fit >= core.HouseWhole || fit == core.HouseEnd && !whole[row.Community] || strings.Contains(row.Label, text) {
			houses = append(houses, row.house())
		}
	}
	return houses, true, nil
}

func houseIDs(houses []core.House) []core.ID {
	return database.IDsOf(houses, func(h core.House) core.ID { return h.ID })
}

// HouseSaid returns the one house of a community that a text says: 3栋2单元501, 3-2-501. None is not
// found; several are an invalid error that names them.
func (s *Store) HouseSaid(ctx context.Context, scope core.Scope, community core.ID, text string) (core.House, error) {
	house, err := s.houseByLabel(ctx, scope, community, text)
	if !core.IsNotFound(err) || !scope.Has(community) {
		return house, err
	}
	found, _, err := s.housesSaid(ctx, core.ScopeOf(community), text)
	if err != nil {
		return core.House{}, database.Wrap("house said", err)
	}
	switch found = core.MeantHouses(text, found); len(found) {
	case 0:
		return core.House{}, core.NotFound(noHouse)
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

// MatchHouses reads a pasted list, a house a line and at most MaxRestriction of
// them, against a community's houses. It costs one query for all their labels.
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
