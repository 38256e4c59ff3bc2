package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

const houseColumns = "id, community_id, node_id, name, label, path, sort_key, arrears_fen, arrears_note, updated_at"

type houseRow struct {
	ID         core.ID         `db:"id"`
	Community  core.ID         `db:"community_id"`
	Node       core.ID         `db:"node_id"`
	Name       string          `db:"name"`
	Label      string          `db:"label"`
	Path       string          `db:"path"`
	SortKey    string          `db:"sort_key"`
	ArrearsFen int64           `db:"arrears_fen"`
	Remark     string          `db:"arrears_note"`
	Updated    database.Millis `db:"updated_at"`
}

func (r houseRow) house() core.House {
	return core.House{
		ID: r.ID, Community: r.Community, Node: r.Node, Name: r.Name, Label: r.Label, Path: r.Path,
		ArrearsFen: r.ArrearsFen, Remark: r.Remark, Updated: r.Updated.Time,
	}
}

const noHouse = "房屋不存在"

// maxLabel and maxSortKey are the widths of house.label and house.sort_key.
const (
	maxLabel   = 250
	maxSortKey = 250
)

// House returns one house of the scope.
func (s *Store) House(ctx context.Context, scope core.Scope, id core.ID) (core.House, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row houseRow
	err := s.db.Get(ctx, &row, "SELECT "+houseColumns+" FROM house WHERE id = ? AND "+where, append([]any{int64(id)}, args...)...)
	if err != nil {
		return core.House{}, database.Wrap("house", database.NotFoundIfNoRows(err, noHouse))
	}
	return row.house(), nil
}

// HouseFilter narrows the list of houses.
type HouseFilter struct {
	Community core.ID // 0 = all of the scope
	Node      core.ID // houses under this building node; 0 = all
	Keyword   string  // part of the label, or another way to write the house: 3-2-501; "" = all
	Arrears   bool    // only houses that owe money
	Transfer  bool    // only houses of which a transfer is planned
	Plan      core.ID // only houses that this scheduled restriction would restrict; 0 = all
	Page      Page    // its cursors are houses
}

// HouseRow is a row of the list of houses.
type HouseRow struct {
	core.House
	Residents   int
	Restriction *core.Restriction // nil: none
}

// Houses lists houses, of several communities one after the other, in the order of their labels, 2栋
// before 10栋. more reports whether there are further rows in the direction of paging. It costs at most
// five queries.
func (s *Store) Houses(ctx context.Context, scope core.Scope, f HouseFilter) (list []HouseRow, more bool, err error) {
	if f.Community != 0 && !scope.Has(f.Community) {
		return nil, false, core.NotFound(noCommunity)
	}
	scope = scope.In(f.Community)
	where, by, err := s.houseWhere(ctx, scope, f)
	if err != nil || by == byNothing {
		return nil, false, database.Wrap("list houses", err)
	}
	bounds, cursor, err := s.houseBounds(ctx, scope, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list houses", err)
	}
	var rows []houseRow
	listed, counted := s.db.Dialect().ForceIndex("house_sort"), ""
	if _, one := scope.One(); f.Node != 0 && one {
		listed = s.db.Dialect().ForceIndex("house_node") // a building has few, to be sorted
	}
	if by == byID {
		listed, counted = s.db.Dialect().ByKey(), s.db.Dialect().ByKey()
	}
	if err := s.db.All(
		ctx, &rows,
		"SELECT "+houseColumns+" FROM house h"+listed+" WHERE "+where.Text()+bounds+byLabel(scope).Clause(f.Page),
		append(where.Args(cursor...), f.Page.Limit+1)...,
	); err != nil {
		return nil, false, database.Wrap("list houses", err)
	}
	rows, more = core.CutPage(f.Page, rows)
	err = s.countList(ctx, f.Page, listEnd{len(rows), more}, "FROM house h"+counted+" WHERE "+where.Text(), where.Args())
	if err != nil {
		return nil, false, database.Wrap("list houses", err)
	}
	list, err = s.houseRows(ctx, rows)
	return list, more, database.Wrap("list houses", err)
}

// housesBy is how the houses of a filter are found.
type housesBy int

const (
	byNothing housesBy = iota // no house can meet it
	byScope                   // among those of its communities
	byID                      // by their ids
)

// houseWhere returns the condition of a filter on house h, of a scope that is the filter's.
func (s *Store) houseWhere(ctx context.Context, scope core.Scope, f HouseFilter) (where database.Where, by housesBy, err error) {
	by = byScope
	where = database.Within(scope, "community_id")
	if community, one := scope.One(); f.Node != 0 && one {
		under, args := underNodes("node_id", community, f.Node)
		where.And(under, args...)
	} else if f.Node != 0 {
		where.And("path LIKE ?", underNode(f.Node))
	}
	if f.Keyword = core.Clean(f.Keyword); f.Keyword != "" {
		said, ok, err := s.housesByText(ctx, scope, f.Keyword)
		switch {
		case err != nil:
			return where, byNothing, err
		case ok && len(said) == 0:
			return where, byNothing, nil
		case ok:
			by = byID
			where.And("id IN ("+database.Placeholders(len(said))+")", database.IDArgs(houseIDs(said))...)
		default:
			ids, few, err := s.housesLabelled(ctx, scope, f.Keyword)
			switch {
			case err != nil || len(ids) == 0:
				return where, byNothing, err
			case few:
				where.And("id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
				by = byID
			default:
				where.And("label LIKE ? ESCAPE '!'", database.LikeContains(f.Keyword))
			}
		}
	}
	if f.Arrears {
		where.And("arrears_fen > 0")
	}
	if f.Transfer {
		where.And("id IN (SELECT open_house FROM house_transfer WHERE open_house IS NOT NULL)")
	}
	if f.Plan != 0 {
		some, err := s.housesPlanned(ctx, scope, f.Plan, &where)
		if err != nil || !some {
			return where, byNothing, err
		}
	}
	return where, by, nil
}

// housesPlanned adds the condition that a plan of a restriction, of a scope, is for a house; some reports whether any is.
func (s *Store) housesPlanned(ctx context.Context, scope core.Scope, plan core.ID, where *database.Where) (some bool, err error) {
	p, err := s.RulePlan(ctx, scope, plan)
	if err != nil {
		return false, err
	}
	there, taken, err := s.plannedThere(ctx, p)
	if err != nil {
		return false, err
	}
	planned := leaveOut(there, taken)
	switch {
	case p.Whole:
		where.And("community_id = ?", int64(p.Community))
	case len(planned) == 0:
		return false, nil
	default:
		where.And("id IN ("+database.Placeholders(len(planned))+")", database.IDArgs(planned)...)
	}
	return true, nil
}

// fewLabelled is up to how many houses with a text in their labels are looked up by their ids. Of more, a page is soon full.
const fewLabelled = 300

// housesLabelled returns the houses of a scope that have a text in their labels, and whether these are all: the labels are in an
// index, and the rest of a house is read of those alone.
func (s *Store) housesLabelled(ctx context.Context, scope core.Scope, text string) (ids []core.ID, few bool, err error) {
	where := database.Within(scope, "community_id")
	where.And("label LIKE ? ESCAPE '!'", database.LikeContains(text))
	err = s.db.All(ctx, &ids, "SELECT id FROM house"+s.db.Dialect().ForceIndex("house_label")+" WHERE "+where.Text()+" LIMIT ?",
		where.Args(fewLabelled+1)...)
	return ids, len(ids) <= fewLabelled, err
}

// underNodes returns the condition that a column has a node of a community or one under it: the few nodes of a
// building have an index of their own, where the paths of all houses would have to be read.
func underNodes(column string, community, node core.ID) (string, []any) {
	return column + " IN (SELECT b.id FROM building_node b WHERE b.community_id = ? AND b.path LIKE ?)",
		[]any{int64(community), underNode(node)}
}

// underNode returns the LIKE pattern for paths of houses under a node.
func underNode(node core.ID) string { return "%/" + node.String() + "/%" }

// byLabel returns the order of a scope's houses: by community if there are several, then 2栋 before 10栋.
func byLabel(scope core.Scope) database.PageOrder {
	order := database.PageOrder{Group: "h.community_id", Key: "h.sort_key", ID: "h.id"}
	if _, one := scope.One(); one {
		order.Group = ""
	}
	return order
}

// houseBounds returns the page's bounds on house h. A cursor that is not a house of the scope is
// followed by no rows.
func (s *Store) houseBounds(ctx context.Context, scope core.Scope, p Page) (string, []any, error) {
	switch {
	case p.First():
		return "", nil, nil
	case p.Key != nil:
		bounds, args := byLabel(scope).Bounds(p, p.Key...)
		return bounds, args, nil
	}
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(p.Cursor()))
	var rows []houseRow
	err := s.db.All(ctx, &rows, "SELECT community_id, sort_key FROM house WHERE "+where.Text(), where.Args()...)
	var keys []any
	for _, row := range rows {
		keys = []any{int64(row.Community), row.SortKey}
	}
	bounds, args := byLabel(scope).Bounds(p, keys...)
	return bounds, args, err
}

func (s *Store) houseRows(ctx context.Context, rows []houseRow) ([]HouseRow, error) {
	ids := database.IDsOf(rows, func(r houseRow) core.ID { return r.ID })
	communities := database.IDsOf(rows, func(r houseRow) core.ID { return r.Community })
	where := "community_id IN (" + database.JoinIDs(slices.Compact(slices.Sorted(slices.Values(communities)))) + ")"
	counts, err := s.db.CountsBy(ctx, "SELECT house_id AS id, COUNT(*) AS n FROM resident WHERE "+where+
		" AND moved_out_at IS NULL AND house_id IN (", ids, ") GROUP BY house_id")
	if err != nil {
		return nil, err
	}
	restrictions, err := s.restrictionsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]HouseRow, len(rows))
	for i, row := range rows {
		list[i] = HouseRow{House: row.house(), Residents: counts[row.ID]}
		if r, ok := restrictions[row.ID]; ok {
			list[i].Restriction = &r
		}
	}
	return list, nil
}

// TreeNode is a building node with the nodes under it, in the order of names.
type TreeNode struct {
	core.BuildingNode
	Houses, Residents int // under it, at any depth
	Children          []*TreeNode
}

// HouseTree returns the top nodes of a community's tree. It costs three queries, and counts the
// residents of the whole community.
func (s *Store) HouseTree(ctx context.Context, scope core.Scope, community core.ID) ([]*TreeNode, error) {
	return s.peopledTree(ctx, scope, community, "")
}

// UncertifiedBuildings returns the top nodes of a community's tree under which residents live who are not
// certified, those with the most first; Residents counts these alone.
func (s *Store) UncertifiedBuildings(ctx context.Context, scope core.Scope, community core.ID) ([]*TreeNode, error) {
	top, err := s.peopledTree(ctx, scope, community, " AND t.certified_at IS NULL")
	top = slices.DeleteFunc(top, func(n *TreeNode) bool { return n.Residents == 0 })
	slices.SortStableFunc(top, func(a, b *TreeNode) int { return b.Residents - a.Residents })
	return top, err
}

// peopledTree returns the top nodes of a community's tree with the residents of a condition on t counted.
func (s *Store) peopledTree(ctx context.Context, scope core.Scope, community core.ID, of string) ([]*TreeNode, error) {
	tree, err := s.buildingTree(ctx, scope, community)
	if err != nil {
		return nil, database.Wrap("house tree", err)
	}
	var people []struct {
		Node      core.ID `db:"node_id"`
		Residents int     `db:"residents"`
	}
	err = s.db.All(
		ctx, &people,
		"SELECT h.node_id, COUNT(*) AS residents FROM house h"+s.db.Dialect().UseIndex("house_node")+s.db.Dialect().ThenJoin()+
			"resident t"+s.db.Dialect().UseIndex("resident_house")+
			" ON t.community_id = h.community_id AND t.house_id = h.id WHERE h.community_id = ? AND t.moved_out_at IS "+
			"NULL"+of+" GROUP BY h.node_id",
		int64(community),
	)
	if err != nil {
		return nil, database.Wrap("house tree", err)
	}
	for _, p := range people {
		tree.add(p.Node, 0, p.Residents)
	}
	return tree.top, nil
}

// BuildingTree is HouseTree without the residents, for a choice of buildings. It costs two queries.
func (s *Store) BuildingTree(ctx context.Context, scope core.Scope, community core.ID) ([]*TreeNode, error) {
	tree, err := s.buildingTree(ctx, scope, community)
	return tree.top, database.Wrap("building tree", err)
}

// buildingTree returns the tree with its houses counted.
func (s *Store) buildingTree(ctx context.Context, scope core.Scope, community core.ID) (houseTree, error) {
	if !scope.Has(community) {
		return houseTree{}, core.NotFound(noCommunity)
	}
	var nodes []nodeRow
	if err := s.db.All(ctx, &nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(community)); err != nil {
		return houseTree{}, err
	}
	var counts []struct {
		Node   core.ID `db:"node_id"`
		Houses int     `db:"houses"`
	}
	if err := s.db.All(
		ctx, &counts, "SELECT node_id, COUNT(*) AS houses FROM house WHERE community_id = ? GROUP BY node_id",
		int64(community),
	); err != nil {
		return houseTree{}, err
	}
	tree := newTree(nodes)
	for _, c := range counts {
		tree.add(c.Node, c.Houses, 0)
	}
	return tree, nil
}

// houseByLabel returns the house of a community with a label.
func (s *Store) houseByLabel(ctx context.Context, scope core.Scope, community core.ID, label string) (core.House, error) {
	if !scope.Has(community) {
		return core.House{}, core.NotFound(noCommunity)
	}
	var row houseRow
	err := s.db.Get(
		ctx, &row, "SELECT "+houseColumns+" FROM house WHERE community_id = ? AND label = ?", int64(community),
		core.Clean(label),
	)
	if err != nil {
		return core.House{}, database.Wrap("house by label", database.NotFoundIfNoRows(err, noHouse))
	}
	return row.house(), nil
}

// HousesByID returns houses of the scope in the order of their labels. If one does not exist, the
// result is NotFound.
func (s *Store) HousesByID(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.House, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	where, args := database.ScopeWhere(scope, "community_id")
	var rows []houseRow
	err := s.db.All(
		ctx, &rows,
		"SELECT "+houseColumns+" FROM house WHERE "+where+" AND id IN ("+database.Placeholders(len(ids))+") ORDER BY sort_key, id",
		append(args, database.IDArgs(ids)...)...,
	)
	if err == nil && len(rows) != len(ids) {
		err = core.NotFound(noHouse)
	}
	houses := make([]core.House, len(rows))
	for i, row := range rows {
		houses[i] = row.house()
	}
	return houses, database.Wrap("houses by id", err)
}

// HousesThere returns those of houses that there are in the scope.
func (s *Store) HousesThere(ctx context.Context, scope core.Scope, ids []core.ID) (there []core.ID, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	err = database.EachPart(ids, func(part []core.ID) error {
		var found []core.ID
		err := s.db.All(ctx, &found, "SELECT id FROM house WHERE "+where+" AND id IN ("+database.Placeholders(len(part))+") ORDER BY id",
			database.AppendIDs(slices.Clone(args), part)...)
		there = append(there, found...)
		return err
	})
	return there, database.Wrap("houses by id", err)
}

// HouseLevel is what is below a building node, or at the top of a community: nodes, houses, or both.
type HouseLevel struct {
	Nodes  []core.BuildingNode
	Houses []core.House
	More   bool // there are further ones
}

// HouseLevelFilter narrows a level to those of whose names something was typed, and to the first ones as people count.
type HouseLevelFilter struct {
	Community core.ID
	Node      core.ID // 0 = the top
	Keyword   string
	Limit     int // of nodes and of houses; 0 = core.HousesAtOnce
}

// HouseLevel returns what is below a node of a community in use, for people who look for their house.
func (s *Store) HouseLevel(ctx context.Context, f HouseLevelFilter) (level HouseLevel, err error) {
	c, err := s.Community(ctx, core.Everywhere, f.Community)
	if err == nil && !c.Archived.IsZero() {
		err = core.NotFound(noCommunity)
	}
	if err != nil {
		return level, err
	}
	limit := cmp.Or(f.Limit, core.HousesAtOnce)
	var nodes []nodeRow
	if err := s.db.All(ctx, &nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ? AND parent_id = ?",
		int64(f.Community), int64(f.Node)); err != nil {
		return level, database.Wrap("read building nodes", err)
	}
	for _, n := range nodes {
		if core.LevelHas(n.Name, f.Keyword) {
			level.Nodes = append(level.Nodes, core.BuildingNode(n))
		}
	}
	slices.SortFunc(level.Nodes, func(a, b core.BuildingNode) int {
		return strings.Compare(core.SortKey(a.Name, maxSortKey), core.SortKey(b.Name, maxSortKey))
	})
	var where database.Where
	where.And("community_id = ? AND node_id = ?", int64(f.Community), int64(f.Node))
	if f.Keyword != "" {
		key := core.LevelKey(f.Keyword)
		where.Like(key, "name")
		if strings.Trim(key, "0123456789") == "" {
			where.Like(key, "sort_key") // of the index: the rows of the others are not read
		}
	}
	var houses []houseRow
	err = s.db.All(ctx, &houses, "SELECT "+houseColumns+" FROM house WHERE "+where.Text()+" ORDER BY sort_key, id LIMIT ?",
		append(where.Args(), limit+1)...)
	level.More = len(level.Nodes) > limit || len(houses) > limit
	level.Nodes = level.Nodes[:min(limit, len(level.Nodes))]
	for _, h := range houses[:min(limit, len(houses))] {
		level.Houses = append(level.Houses, h.house())
	}
	return level, database.Wrap("read houses", err)
}
