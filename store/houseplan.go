package store

import (
	"context"
	"maps"

	"tongxing/core"
	"tongxing/store/database"
)

// planPeople counts the residents of a house.
type planPeople struct {
	House     core.ID `db:"house_id"`
	Residents int     `db:"residents"`
	Certified int     `db:"certified"`
}

// BuildingHouses returns the houses of a building with what its plan shows of them, in the order of
// their labels. building is a top node of the community's tree; 0 = the houses that are in none.
func (s *Store) BuildingHouses(ctx context.Context, scope core.Scope, community, building core.ID) ([]core.PlanHouse, error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	where, args := "community_id = ? AND node_id = 0", []any{int64(community)}
	if building != 0 {
		where, args = "community_id = ? AND path LIKE ?", append(args, underNode(building))
	}
	var rows []houseRow
	if err := s.db.All(ctx, &rows, "SELECT "+houseColumns+" FROM house WHERE "+where+" ORDER BY sort_key, id", args...); err != nil {
		return nil, database.Wrap("houses of a building", err)
	}
	people, restrictions := map[core.ID]planPeople{}, map[core.ID]core.Restriction{}
	err := database.EachPart(rows, func(part []houseRow) error {
		ids := database.IDsOf(part, func(r houseRow) core.ID { return r.ID })
		counted, err := s.planPeople(ctx, community, ids)
		if err != nil {
			return err
		}
		held, err := s.restrictionsOf(ctx, ids)
		maps.Copy(people, counted)
		maps.Copy(restrictions, held)
		return err
	})
	houses := make([]core.PlanHouse, len(rows))
	for i, r := range rows {
		p := people[r.ID]
		houses[i] = core.PlanHouse{
			ID: r.ID, Node: r.Node, Name: r.Name, Label: r.Label, Residents: p.Residents, Uncertified: p.Residents - p.Certified,
			ArrearsFen: r.ArrearsFen,
		}
		if x, ok := restrictions[r.ID]; ok {
			houses[i].Restriction = &x
		}
	}
	return houses, database.Wrap("houses of a building", err)
}

func (s *Store) planPeople(ctx context.Context, community core.ID, houses []core.ID) (map[core.ID]planPeople, error) {
	var rows []planPeople
	err := s.db.All(ctx, &rows, `
		SELECT house_id, COUNT(*) AS residents, COUNT(certified_at) AS certified
		FROM resident
		WHERE community_id = ?
			AND moved_out_at IS NULL
			AND house_id IN (`+database.Placeholders(len(houses))+`)
		GROUP BY house_id`, append([]any{int64(community)}, database.IDArgs(houses)...)...)
	people := make(map[core.ID]planPeople, len(rows))
	for _, row := range rows {
		people[row.House] = row
	}
	return people, err
}
