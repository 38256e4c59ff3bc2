package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// HouseMovePlan is what MoveHouses would do.
type HouseMovePlan struct {
	Move      core.HouseMove
	Community core.ID
	From, To  string // the full names: 1号楼, and what it becomes
	Houses    int    // whose name or place changes, those joined included
	Residents int    // who live in them
	Restricted,
	Waiting int // houses with a restriction, applications that wait
	Allowed, Refused int      // houses where owners may decide applications from then on, and where they may not any more
	Readers          []string // that serve the node alone
	Joins            []HouseJoin
	Seen             string // of all that the plan has: MoveHouses refuses once it is another
}

// treeChange is a house or node as it was and as it becomes; the latter is nil if it goes.
type treeChange[T any] struct {
	was T
	is  *T
}

// housePlanner works out a move on a copy of the tree.
type housePlanner struct {
	all       readAll
	community core.Community
	move      core.HouseMove
	nodes     map[core.ID]*nodeRow
	houses    map[core.ID]*houseRow // of the nodes concerned
	wasNode   map[core.ID]nodeRow
	wasHouse  map[core.ID]houseRow
	merged    map[core.ID]core.ID // nodes that went, and what they became part of
	readers   []readerScope
	plan      HouseMovePlan
}

type readerScope struct {
	ID      core.ID         `db:"id"`
	Name    string          `db:"name"`
	Scope   string          `db:"scope_nodes"`
	Updated database.Millis `db:"updated_at"`
}

// PlanMove returns what MoveHouses would do with the same move in a community of the scope.
func (s *Store) PlanMove(ctx context.Context, scope core.Scope, community core.ID, move core.HouseMove) (HouseMovePlan, error) {
	c, err := s.Community(ctx, scope, community)
	if err != nil {
		return HouseMovePlan{}, err
	}
	p := housePlanner{community: c, move: move, all: s.allOf(ctx)}
	err = p.run()
	return p.plan, database.Wrap("plan a move of houses", err)
}

// BuildingNode returns one node of the tree of the scope.
func (s *Store) BuildingNode(ctx context.Context, scope core.Scope, id core.ID) (core.BuildingNode, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row nodeRow
	query := "SELECT " + nodeColumns + " FROM building_node WHERE id = ? AND " + where
	err := s.db.Get(ctx, &row, query, append([]any{int64(id)}, args...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return core.BuildingNode{}, core.NotFound(noNode)
	}
	return core.BuildingNode(row), database.Wrap("building node", err)
}

const noNode = "楼栋不存在，可能刚被改过"

func (p *housePlanner) run() error {
	for _, step := range []func() error{p.read, p.rearrange, p.relabel, p.readJoins, p.readAround, p.readOwners, p.sum} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// read reads the whole tree of nodes, and the houses below those that are concerned.
func (p *housePlanner) read() error {
	p.nodes, p.houses = map[core.ID]*nodeRow{}, map[core.ID]*houseRow{}
	p.wasNode, p.wasHouse, p.merged = map[core.ID]nodeRow{}, map[core.ID]houseRow{}, map[core.ID]core.ID{}
	var nodes []nodeRow
	err := p.all(&nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(p.community.ID))
	if err != nil {
		return err
	}
	for _, n := range nodes {
		p.nodes[n.ID], p.wasNode[n.ID] = &n, n
	}
	if p.move.Node == 0 {
		return p.readHouses("id IN (?, ?)", int64(p.move.House), int64(p.move.Into))
	}
	for _, id := range []core.ID{p.move.Node, p.move.Into} {
		if id == 0 {
			continue
		}
		under, args := underNodes("node_id", p.community.ID, id)
		if err := p.readHouses(under, args...); err != nil {
			return err
		}
	}
	return nil
}

func (p *housePlanner) readHouses(condition string, args ...any) error {
	var rows []houseRow
	err := p.all(&rows, "SELECT "+houseColumns+" FROM house WHERE community_id = ? AND "+condition+" ORDER BY sort_key, id",
		append([]any{int64(p.community.ID)}, args...)...)
	for _, h := range rows {
		p.houses[h.ID], p.wasHouse[h.ID] = &h, h
	}
	if err == nil && len(p.houses) > core.HousesAtOnce {
		err = core.Conflict(fmt.Sprintf("一次最多 %d 套房屋，请逐个单元办理", core.HousesAtOnce))
	}
	return err
}

// rearrange puts nodes and houses where they are to be.
func (p *housePlanner) rearrange() error {
	if p.move.Node == 0 {
		return p.joinAsked()
	}
	node, there := p.nodes[p.move.Node]
	if !there {
		return core.NotFound(noNode)
	}
	p.plan.From = p.labelOf(node.ID)
	if p.move.Into != 0 {
		return p.mergeAsked(node)
	}
	parent, name := node.Parent, node.Name
	if p.move.Parent != core.NoMove {
		parent = p.move.Parent
	}
	if p.move.Name != "" {
		var err error
		if name, err = p.nodeName(node.Level, p.move.Name); err != nil {
			return err
		}
	}
	if parent == node.Parent && name == node.Name {
		return core.Invalid("和现在一样，没有要改的")
	}
	if err := p.checkParent(node, parent); err != nil {
		return err
	}
	if other := p.like(parent, name, node.ID); other != nil {
		return core.Conflict("“" + p.labelOf(other.ID) + "”已存在；同一栋写成了两种名称的，请用“合并到…”")
	}
	p.put(node, parent, name)
	p.plan.To = p.labelOf(node.ID)
	return nil
}

// nodeName returns a node's name in its stored form.
func (p *housePlanner) nodeName(level int, name string) (string, error) {
	names := make([]string, len(p.community.Levels))
	for i := range names {
		names[i] = "1"
	}
	names[level] = name
	whole, err := p.community.NodeNames(names)
	if err != nil {
		return "", core.InvalidFields(map[string]string{"name": core.MessageOf(err)})
	}
	return whole[level], nil
}

// checkParent refuses a place of another level.
func (p *housePlanner) checkParent(node *nodeRow, parent core.ID) error {
	level := 0
	if parent != 0 {
		above, there := p.nodes[parent]
		if !there {
			return core.InvalidFields(map[string]string{"parent": noNode})
		}
		level = above.Level + 1
	}
	if level != node.Level {
		return core.InvalidFields(map[string]string{"parent": "只能移到同一级：" + p.community.Levels[max(node.Level-1, 0)]})
	}
	return nil
}

// like returns the node below a parent with a name, however that is written, other than one.
func (p *housePlanner) like(parent core.ID, name string, but core.ID) *nodeRow {
	key := core.LevelKey(name)
	var found *nodeRow
	for _, n := range p.nodes {
		if n.Parent == parent && n.ID != but && core.LevelKey(n.Name) == key && (found == nil || n.ID < found.ID) {
			found = n
		}
	}
	return found
}

// put places a node, with all that is below it.
func (p *housePlanner) put(node *nodeRow, parent core.ID, name string) {
	node.Parent, node.Name = parent, name
	path := "/"
	if above, there := p.nodes[parent]; there {
		path = above.Path
	}
	p.path(node, path)
}

func (p *housePlanner) path(node *nodeRow, above string) {
	node.Path = above + node.ID.String() + "/"
	for _, child := range p.below(node.ID) {
		p.path(child, node.Path)
	}
}

// below returns the nodes right below one, in the order of ids.
func (p *housePlanner) below(node core.ID) []*nodeRow {
	var list []*nodeRow
	for _, n := range p.nodes {
		if n.Parent == node {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *nodeRow) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (p *housePlanner) mergeAsked(node *nodeRow) error {
	into, there := p.nodes[p.move.Into]
	switch {
	case !there:
		return core.InvalidFields(map[string]string{"into": noNode})
	case into.ID == node.ID:
		return core.InvalidFields(map[string]string{"into": "不能合并到自己"})
	case into.Level != node.Level:
		return core.InvalidFields(map[string]string{"into": "只能和同一级的合并"})
	}
	p.plan.To = p.labelOf(into.ID)
	p.merge(node, into)
	return nil
}

// merge makes a node part of another: what is below both under one name becomes one, the rest moves.
func (p *housePlanner) merge(node, into *nodeRow) {
	for _, child := range p.below(node.ID) {
		if same := p.like(into.ID, child.Name, child.ID); same != nil {
			p.merge(child, same)
		} else {
			p.put(child, into.ID, child.Name)
		}
	}
	for _, house := range p.housesOf(node.ID) {
		if same := p.door(into.ID, house.Name); same != nil {
			p.join(house, same)
		} else {
			house.Node = into.ID
		}
	}
	p.merged[node.ID] = into.ID
	delete(p.nodes, node.ID)
}

// housesOf returns the houses right below a node, in the order of ids.
func (p *housePlanner) housesOf(node core.ID) []*houseRow {
	var list []*houseRow
	for _, h := range p.houses {
		if h.Node == node {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b *houseRow) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// labelOf returns the full name of a node of the copy.
func (p *housePlanner) labelOf(node core.ID) string { return core.HouseLabel(p.namesOf(node)) }

func (p *housePlanner) namesOf(node core.ID) []string {
	var names []string
	for n := p.nodes[node]; n != nil; n = p.nodes[n.Parent] {
		names = append(names, n.Name)
	}
	slices.Reverse(names)
	return names
}

// relabel writes the names of the houses again, and refuses those that others have.
func (p *housePlanner) relabel() error {
	var taken []any
	for _, h := range p.houses {
		path := "/"
		if node, there := p.nodes[h.Node]; there {
			path = node.Path
		}
		h.Path, h.Label = path, core.HouseLabel(append(p.namesOf(h.Node), h.Name))
		if len([]rune(h.Label)) > maxLabel {
			return core.Invalid("房屋名称过长：" + h.Label)
		}
		if h.Label != p.wasHouse[h.ID].Label {
			taken = append(taken, h.Label)
		}
	}
	return database.EachPart(taken, func(part []any) error {
		var found []houseRow
		err := p.all(&found, "SELECT id, label FROM house WHERE community_id = ? AND label IN ("+database.Placeholders(len(part))+")",
			append([]any{int64(p.community.ID)}, part...)...)
		for _, h := range found {
			if _, ours := p.wasHouse[h.ID]; !ours && err == nil {
				err = core.Conflict("房屋已存在：" + h.Label)
			}
		}
		return err
	})
}

// nodeChanges returns the nodes that change or go, in the order of ids.
func (p *housePlanner) nodeChanges() []treeChange[nodeRow] {
	return changesOf(p.wasNode, p.nodes, func(a, b nodeRow) bool { return a == b })
}

// houseChanges returns the houses that change or go, in the order of ids.
func (p *housePlanner) houseChanges() []treeChange[houseRow] {
	joined := map[core.ID]bool{}
	for _, j := range p.plan.Joins {
		joined[j.Into.ID] = true
	}
	return changesOf(p.wasHouse, p.houses, func(a, b houseRow) bool {
		return !joined[a.ID] && a.Label == b.Label && a.Node == b.Node && a.Path == b.Path
	})
}

func changesOf[T any](was map[core.ID]T, is map[core.ID]*T, same func(a, b T) bool) []treeChange[T] {
	ids := make([]core.ID, 0, len(was))
	for id := range was {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var list []treeChange[T]
	for _, id := range ids {
		if now, there := is[id]; !there {
			list = append(list, treeChange[T]{was: was[id]})
		} else if !same(was[id], *now) {
			list = append(list, treeChange[T]{was: was[id], is: now})
		}
	}
	return list
}

// readAround reads what refers to the nodes and houses from outside.
func (p *housePlanner) readAround() error {
	var readers []readerScope
	err := p.all(&readers, `
		SELECT id, name, scope_nodes, updated_at
		FROM reader
		WHERE community_id = ? AND scope_nodes <> '' ORDER BY id`, int64(p.community.ID))
	for _, r := range readers {
		if slices.ContainsFunc(database.SplitIDs(r.Scope), func(id core.ID) bool { return p.merged[id] != 0 }) {
			p.readers = append(p.readers, r)
			p.plan.Readers = append(p.plan.Readers, r.Name)
		}
	}
	if err != nil {
		return err
	}
	var moving []core.ID
	for _, h := range p.houseChanges() {
		if h.is == nil || h.is.Label != h.was.Label || h.is.Node != h.was.Node {
			moving = append(moving, h.was.ID)
		}
	}
	p.plan.Houses = len(moving)
	joins := map[core.ID]*HouseJoin{}
	for i := range p.plan.Joins {
		joins[p.plan.Joins[i].From.ID] = &p.plan.Joins[i]
	}
	return database.EachPart(moving, func(part []core.ID) error {
		in := " IN (" + database.Placeholders(len(part)) + ")"
		for _, c := range []struct {
			n     *int
			query string
		}{
			{&p.plan.Residents, "SELECT COUNT(*) FROM resident WHERE moved_out_at IS NULL AND house_id" + in},
			{&p.plan.Restricted, "SELECT COUNT(*) FROM house_restriction WHERE house_id" + in},
		} {
			var n []int
			if err := p.all(&n, c.query, database.IDArgs(part)...); err != nil {
				return err
			}
			*c.n += n[0]
		}
		var waiting []struct {
			ID    core.ID `db:"id"`
			House core.ID `db:"house_id"`
			State string  `db:"state"`
		}
		err := p.all(&waiting, `
			SELECT c.id, c.house_id, r.state
			FROM certification c
			JOIN review r ON r.id = c.id
			WHERE c.house_id`+in+" ORDER BY c.id", database.IDArgs(part)...)
		for _, w := range waiting {
			if w.State == string(core.ReviewWaiting) {
				p.plan.Waiting++
			}
			if join := joins[w.House]; join != nil {
				join.waiting = append(join.waiting, w.ID)
			}
		}
		return err
	})
}

// ownersValue is what is said at a house or node of whether owners may decide applications.
type ownersValue struct {
	ID      core.ID `db:"id"`
	Allowed bool    `db:"owners_review"`
}

// readOwners counts the houses whose owners may decide applications from then on, and those whose may not any more.
func (p *housePlanner) readOwners() error {
	var nodes, houses []ownersValue
	var all []bool
	if err := p.all(&all, "SELECT COALESCE(owners_review, 0) FROM community WHERE id = ?", int64(p.community.ID)); err != nil {
		return err
	}
	if err := p.all(&nodes, "SELECT id, owners_review FROM building_node WHERE community_id = ? AND owners_review IS NOT NULL",
		int64(p.community.ID)); err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(p.wasHouse))
	if err := database.EachPart(ids, func(part []core.ID) error {
		var found []ownersValue
		err := p.all(&found, "SELECT id, owners_review FROM house WHERE owners_review IS NOT NULL AND id IN ("+
			database.Placeholders(len(part))+")", database.IDArgs(part)...)
		houses = append(houses, found...)
		return err
	}); err != nil {
		return err
	}
	said := map[core.ID]bool{}
	for _, v := range append(nodes, houses...) {
		said[v.ID] = v.Allowed
	}
	effective := func(house, node core.ID, above func(core.ID) core.ID) bool {
		for at := house; at != 0; {
			if allowed, own := said[at]; own {
				return allowed
			}
			if at == house {
				at = node
			} else {
				at = above(at)
			}
		}
		return len(all) > 0 && all[0]
	}
	into := map[core.ID]core.ID{}
	for _, j := range p.plan.Joins {
		into[j.From.ID] = j.Into.ID
	}
	for id, was := range p.wasHouse {
		before := effective(id, was.Node, func(node core.ID) core.ID { return p.wasNode[node].Parent })
		is := p.houses[cmp.Or(into[id], id)]
		if is == nil {
			continue
		}
		after := effective(is.ID, is.Node, func(node core.ID) core.ID { return p.parentOf(node) })
		switch {
		case after && !before:
			p.plan.Allowed++
		case before && !after:
			p.plan.Refused++
		}
	}
	return nil
}

// parentOf returns the node above one of the copy; 0 = it is at the top.
func (p *housePlanner) parentOf(node core.ID) core.ID {
	if n := p.nodes[node]; n != nil {
		return n.Parent
	}
	return 0
}

// sum notes what the plan was made from.
func (p *housePlanner) sum() error {
	p.plan.Move, p.plan.Community = p.move, p.community.ID
	sum := sha256.New()
	fmt.Fprint(sum, p.move, p.readers, p.plan.Residents, p.plan.Restricted, p.plan.Waiting, p.plan.Allowed, p.plan.Refused)
	for _, n := range p.nodeChanges() {
		fmt.Fprint(sum, n.was, n.is == nil)
	}
	for _, h := range p.houseChanges() {
		fmt.Fprint(sum, h.was.ID, h.was.Label, h.was.Updated.UnixMilli(), h.is == nil)
	}
	for _, j := range p.plan.Joins {
		fmt.Fprint(sum, j.From.ID, j.Into.ID, j.ties, j.Restricted, j.waiting)
	}
	p.plan.Seen = hex.EncodeToString(sum.Sum(nil))[:32]
	return nil
}

// MovePlaces returns the nodes that a node may be put under, or be merged with, by their full names: those of a
// level of a community, in their order.
func (s *Store) MovePlaces(ctx context.Context, scope core.Scope, community core.ID, level int) ([]core.BuildingNode, error) {
	if !scope.Has(community) {
		return nil, core.NotFound(noCommunity)
	}
	var rows []nodeRow
	err := s.db.All(ctx, &rows, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ? AND level <= ?",
		int64(community), level)
	p := housePlanner{nodes: map[core.ID]*nodeRow{}}
	for _, n := range rows {
		p.nodes[n.ID] = &n
	}
	var list []core.BuildingNode
	for _, n := range rows {
		if n.Level == level {
			n.Name = p.labelOf(n.ID)
			list = append(list, core.BuildingNode(n))
		}
	}
	slices.SortFunc(list, func(a, b core.BuildingNode) int {
		return strings.Compare(core.SortKey(a.Name, maxSortKey), core.SortKey(b.Name, maxSortKey))
	})
	return list, database.Wrap("places of the tree", err)
}
