package store

import (
	"context"
	"slices"
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
	entry, err := s.houseExportEntry(ctx, scope, f)
	if err == nil {
		err = s.auditExport(ctx, by, entry)
	}
	if err != nil {
		return err
	}
	return s.EachHouse(ctx, scope, f, each)
}

func (s *Store) houseExportEntry(ctx context.Context, scope core.Scope, f HouseFilter) (audit.Entry, error) {
	if !scope.Has(f.Community) {
		return audit.Entry{}, core.NotFound(noCommunity)
	}
	kept, err := s.auditOfHouseExport(ctx, scope, f)
	return audit.Entry{
		Community: f.Community, Action: "house.export", Subject: audit.Target("community", f.Community), After: kept,
	}, err
}

// HousesBeyond reports whether the list of a filter has more than n houses.
func (s *Store) HousesBeyond(ctx context.Context, scope core.Scope, f HouseFilter, n int) (bool, error) {
	if f.Community != 0 && !scope.Has(f.Community) {
		return false, core.NotFound(noCommunity)
	}
	where, by, err := s.houseWhere(ctx, scope.In(f.Community), f)
	if err != nil || by == byNothing {
		return false, database.Wrap("count houses", err)
	}
	return s.beyond(ctx, "FROM house h WHERE "+where.Text(), where.Args(), n)
}

// beyond reports whether a list has more than n rows. from is as that of countList.
func (s *Store) beyond(ctx context.Context, from string, args []any, n int) (bool, error) {
	counted, err := s.countUpTo(ctx, from, args, n+1)
	return counted > n, err
}

// countUpTo counts the rows of a query without its columns, most at the most.
func (s *Store) countUpTo(ctx context.Context, from string, args []any, most int) (n int, err error) {
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM (SELECT 1 AS one "+from+" LIMIT ?) counted", append(slices.Clone(args), most)...)
	return n, database.Wrap("count a list", err)
}

// EachHouse is ExportHouses for an export that is in the audit log already.
func (s *Store) EachHouse(
	ctx context.Context, scope core.Scope, f HouseFilter, each func(names []string, h HouseRow) error,
) error {
	if !scope.Has(f.Community) {
		return core.NotFound(noCommunity)
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
	return pagesAhead(ctx, func(ctx context.Context) (list []HouseRow, more bool, err error) {
		if list, more, err = s.Houses(ctx, scope, f); err == nil && len(list) > 0 {
			last := list[len(list)-1]
			f.Page.Next, f.Page.Key = last.ID, []any{int64(last.Community), core.SortKey(last.Label, maxSortKey)}
		}
		return list, more, err
	}, func(house HouseRow) error { return each(houseLevels(house.House, names), house) })
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
