package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// ResidentsOfHouses counts the residents who live in houses of a community, and those of them who are certified.
func (s *Store) ResidentsOfHouses(
	ctx context.Context, scope core.Scope, community core.ID, houses []core.ID,
) (residents, certified int, err error) {
	if !scope.Has(community) {
		return 0, 0, core.NotFound(noCommunity)
	}
	err = database.EachPart(houses, func(part []core.ID) error {
		var some struct {
			Residents int `db:"residents"`
			Certified int `db:"certified"`
		}
		err := s.db.Get(
			ctx, &some,
			"SELECT COUNT(*) AS residents, COUNT(certified_at) AS certified FROM resident WHERE community_id = ? AND moved_out_at IS NULL"+
				" AND house_id IN ("+database.Placeholders(len(part))+")",
			database.AppendIDs([]any{int64(community)}, part)...,
		)
		residents, certified = residents+some.Residents, certified+some.Certified
		return err
	})
	return residents, certified, database.Wrap("count residents of houses", err)
}

// HouseResidents is how many live in a house.
type HouseResidents struct {
	House     core.ID `db:"house_id"`
	Residents int     `db:"residents"`
	Certified int     `db:"certified"`
}

// ResidentsByHouse counts who lives in each of some houses of the scope; those in which nobody lives are left out.
func (s *Store) ResidentsByHouse(ctx context.Context, scope core.Scope, houses []core.ID) (map[core.ID]HouseResidents, error) {
	within, args := database.ScopeWhere(scope, "community_id")
	counts := map[core.ID]HouseResidents{}
	err := database.EachPart(houses, func(part []core.ID) error {
		var rows []HouseResidents
		err := s.db.All(ctx, &rows, `
			SELECT house_id, COUNT(*) AS residents, COUNT(certified_at) AS certified
			FROM resident
			WHERE `+within+`
			AND moved_out_at IS NULL
			AND house_id IN (`+database.Placeholders(len(part))+`)
			GROUP BY house_id`, database.AppendIDs(args, part)...)
		for _, row := range rows {
			counts[row.House] = row
		}
		return err
	})
	return counts, database.Wrap("count residents by house", err)
}

// ResidentFigures is ResidentCounts for a page that only shows them: many may have been counted up to a minute ago.
func (s *Store) ResidentFigures(ctx context.Context, scope core.Scope) (residents, certified int, err error) {
	within, err := scope.MarshalJSON()
	if err != nil {
		return 0, 0, err
	}
	key := "residents " + string(within)
	if c, ok := s.counted.get(key, s.Now()); ok {
		return c.n, c.some, nil
	}
	if residents, certified, err = s.ResidentCounts(ctx, scope); err == nil && residents > manyRows {
		s.counted.keep(key, counted{residents, certified}, s.Now())
	}
	return residents, certified, err
}

// ResidentCounts counts the residents who live in the communities in scope, and how many of them
// are certified. It reads only an index.
func (s *Store) ResidentCounts(ctx context.Context, scope core.Scope) (residents, certified int, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Residents int `db:"residents"`
		Certified int `db:"certified"`
	}
	err = s.db.Get(
		ctx, &row,
		"SELECT COUNT(*) AS residents, COUNT(certified_at) AS certified FROM resident WHERE moved_out_at IS NULL AND "+where,
		args...,
	)
	return row.Residents, row.Certified, database.Wrap("count residents", err)
}
