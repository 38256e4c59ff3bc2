package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
)

// MatchHouses reads a pasted list, a house a line and at most RestrictionMost of
// them, against a community's houses. It costs one query for all their labels.
func (s *Store) MatchHouses(ctx context.Context, scope core.Scope, community core.ID, list string) ([]core.HouseMatch, error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	if strings.Count(list, "\n") >= RestrictionMost {
		return nil, core.InvalidFields(map[string]string{"pasted": fmt.Sprintf("一次最多粘贴 %d 行", RestrictionMost)})
	}
	var rows []houseRow
	if err := s.all(ctx, &rows, "SELECT id, community_id, label FROM house WHERE community_id = ? ORDER BY sort_key, id", int64(community)); err != nil {
		return nil, wrap("match houses", err)
	}
	houses := make([]core.House, len(rows))
	for i, row := range rows {
		houses[i] = row.house()
	}
	return core.MatchHouses(list, houses), nil
}
