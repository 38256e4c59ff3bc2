package store

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ExportHouses gives every house of the filter, in the order of labels, to each,
// with its names from the top of the tree down. That somebody took the file is in
// the audit log before the first row is read. It holds the community's building
// nodes and a few hundred houses at a time.
func (s *Store) ExportHouses(
	ctx context.Context, by core.Actor, scope core.Scope, f HouseFilter,
	each func(names []string, h HouseRow) error,
) error {
	if !scope.Has(f.Community) {
		return core.NotFound(noCommunity)
	}
	words, err := s.houseFilterWords(ctx, scope, f)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, "export houses", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: f.Community, Action: "house.export", Target: audit.Target("community", f.Community),
			After: words,
		})
	})
	if err != nil {
		return err
	}
	var nodes []nodeRow
	if err := s.db.All(ctx, &nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(f.Community)); err != nil {
		return database.Wrap("export houses", err)
	}
	names := make(map[string]string, len(nodes))
	for _, node := range nodes {
		names[node.ID.String()] = node.Name
	}
	f.Page = Page{Limit: exportRows}
	for more := true; more; {
		var list []HouseRow
		if list, more, err = s.Houses(ctx, scope, f); err != nil {
			return err
		}
		for _, house := range list {
			if err := each(houseLevels(house.House, names), house); err != nil {
				return err
			}
			f.Page.Next = house.ID
		}
	}
	return nil
}

// houseFilterWords says a filter for the audit log.
func (s *Store) houseFilterWords(ctx context.Context, scope core.Scope, f HouseFilter) (string, error) {
	words := s.filterWords(ctx, scope)
	words.id(filterNode, f.Node)
	if f.Arrears {
		words.words = append(words.words, "只看欠费")
	}
	words.keyword(f.Keyword)
	return words.all("全部房屋")
}

// houseLevels gives a house's names from the top down, by the names of nodes.
func houseLevels(h core.House, nodes map[string]string) []string {
	var levels []string
	for _, id := range strings.FieldsFunc(h.Path, func(r rune) bool { return r == '/' }) {
		levels = append(levels, nodes[id])
	}
	return append(levels, h.Name)
}
