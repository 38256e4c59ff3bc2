package store

import (
	"context"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ExportHouses calls each for every house of the filter, in the order of labels, with its names
// from the top of the tree down. The export is in the audit log before the first row is read. It
// keeps the community's building nodes and a few hundred houses in memory.
func (s *Store) ExportHouses(
	ctx context.Context, by core.Actor, scope core.Scope, f HouseFilter,
	each func(names []string, h HouseRow) error,
) error {
	if !scope.Has(f.Community) {
		return core.NotFound(noCommunity)
	}
	kept, err := s.auditOfHouseExport(ctx, scope, f)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, "export houses", func(tx *database.Tx) error {
		return audit.Write(tx, by, audit.Entry{
			Community: f.Community, Action: "house.export", Subject: audit.Target("community", f.Community),
			After: kept,
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
			f.Page.Next, f.Page.Key = house.ID, []any{int64(house.Community), core.SortKey(house.Label, maxSortKey)}
		}
	}
	return nil
}

// houseExportAudit is what the audit log records of an export.
type houseExportAudit struct {
	All       bool   `json:"all,omitempty"`
	Node      string `json:"node,omitempty"`
	InArrears bool   `json:"in_arrears,omitempty"`
	Keyword   int    `json:"keyword,omitempty"`
}

func (s *Store) auditOfHouseExport(ctx context.Context, scope core.Scope, f HouseFilter) (houseExportAudit, error) {
	names := s.filterNames(ctx, scope)
	a := houseExportAudit{
		Node: names.name(filterNode, f.Node), InArrears: f.Arrears, Keyword: filterKeyword(f.Keyword),
	}
	a.All = a == houseExportAudit{}
	return a, names.err
}

// houseLevels returns a house's names from the top down, by the names of nodes.
func houseLevels(h core.House, nodes map[string]string) []string {
	var levels []string
	for _, id := range strings.FieldsFunc(h.Path, func(r rune) bool { return r == '/' }) {
		levels = append(levels, nodes[id])
	}
	return append(levels, h.Name)
}
