package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const nodeColumns = "id, community_id, parent_id, level, name, path"

type nodeRow struct {
	ID        core.ID `db:"id"`
	Community core.ID `db:"community_id"`
	Parent    core.ID `db:"parent_id"`
	Level     int     `db:"level"`
	Name      string  `db:"name"`
	Path      string  `db:"path"`
}

// houseTree builds a tree of nodes; node 0 is the parent of the top ones.
type houseTree struct {
	byID map[core.ID]*TreeNode
	top  []*TreeNode
}

func newTree(rows []nodeRow) houseTree {
	tree := houseTree{byID: make(map[core.ID]*TreeNode, len(rows))}
	for _, r := range rows {
		tree.byID[r.ID] = &TreeNode{BuildingNode: core.BuildingNode(r)}
	}
	for _, r := range rows {
		node := tree.byID[r.ID]
		if parent, ok := tree.byID[r.Parent]; ok {
			parent.Children = append(parent.Children, node)
		} else {
			tree.top = append(tree.top, node)
		}
	}
	sortNodes(tree.top)
	for _, node := range tree.byID {
		sortNodes(node.Children)
	}
	return tree
}

func sortNodes(nodes []*TreeNode) {
	slices.SortFunc(nodes, func(a, b *TreeNode) int {
		return strings.Compare(core.SortKey(a.Name, maxSortKey), core.SortKey(b.Name, maxSortKey))
	})
}

// add adds numbers of houses and residents to a node and to all above it.
func (t houseTree) add(id core.ID, houses, residents int) {
	for node := t.byID[id]; node != nil; node = t.byID[node.Parent] {
		node.Houses += houses
		node.Residents += residents
	}
}

// CreateHouses adds houses to a community, with the building nodes they need, and returns their ids
// in the order of paths. A path has one name per level, top first. If a house exists already, it is
// a conflict and nothing is added.
func (s *Store) CreateHouses(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, paths [][]string,
) ([]core.ID, error) {
	var ids []core.ID
	err := s.db.Write(ctx, "create houses", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, community)
		if err != nil {
			return err
		}
		b := houseBuilder{tx: tx, community: c}
		if err := b.plan(paths); err != nil {
			return err
		}
		ids = b.ids
		_, err = b.saveAll(by)
		return err
	})
	return ids, err
}

// CreateMissingHouses is CreateHouses for paths of which some may be there already: those are left
// alone, so that the same act again adds nothing. The batch has those that were added; it is zero if
// there are none.
func (s *Store) CreateMissingHouses(
	ctx context.Context, by core.Actor, scope core.Scope, community core.ID, paths [][]string,
) (core.Batch, error) {
	if len(paths) > core.HousesAtOnce {
		return core.Batch{}, core.Invalid(fmt.Sprintf("一次最多生成 %d 套", core.HousesAtOnce))
	}
	var batch core.Batch
	err := s.db.Write(ctx, "add missing houses", func(tx *database.Tx) error {
		batch = core.Batch{}
		c, err := lockCommunity(tx, scope, community)
		if err != nil {
			return err
		}
		known, err := knownHouses(tx.All, c, paths)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(paths), func(path []string) bool {
			names, err := c.NodeNames(path)
			return err == nil && known[core.HouseLabel(names)]
		})
		if len(missing) == 0 {
			return nil
		}
		b := houseBuilder{tx: tx, community: c}
		if err := b.plan(missing); err != nil {
			return err
		}
		batch, err = b.saveAll(by)
		return err
	})
	return batch, err
}

// HousePlan is what CreateMissingHouses would do.
type HousePlan struct {
	Total       int
	First, Last string   // labels
	Known       []string // labels of those that exist, in order
}

// PlanHouses returns what CreateMissingHouses would do with the same paths.
func (s *Store) PlanHouses(ctx context.Context, scope core.Scope, community core.ID, paths [][]string) (HousePlan, error) {
	c, err := s.Community(ctx, scope, community)
	if err != nil {
		return HousePlan{}, err
	}
	known, err := knownHouses(s.allOf(ctx), c, paths)
	if err != nil {
		return HousePlan{}, database.Wrap("plan houses", err)
	}
	plan := HousePlan{Total: len(paths)}
	for i, path := range paths {
		names, err := c.NodeNames(path)
		if err != nil {
			return HousePlan{}, err
		}
		plan.Last = core.HouseLabel(names)
		if i == 0 {
			plan.First = plan.Last
		}
		if known[plan.Last] {
			plan.Known = append(plan.Known, plan.Last)
		}
	}
	return plan, nil
}

// knownHouses returns those labels of paths that a community has.
func knownHouses(all readAll, c core.Community, paths [][]string) (map[string]bool, error) {
	labels := make([]string, len(paths))
	for i, path := range paths {
		names, err := c.NodeNames(path)
		if err != nil {
			return nil, err
		}
		labels[i] = core.HouseLabel(names)
	}
	known := map[string]bool{}
	err := database.EachPart(labels, func(part []string) error {
		args := []any{int64(c.ID)}
		for _, label := range part {
			args = append(args, label)
		}
		var found []string
		err := all(&found, "SELECT label FROM house WHERE community_id = ? AND label IN ("+database.Placeholders(len(part))+")", args...)
		for _, label := range found {
			known[label] = true
		}
		return err
	})
	return known, err
}

// houseBuilder gathers the rows of new houses and of the nodes above them.
type houseBuilder struct {
	tx        *database.Tx
	community core.Community
	known     map[nodeKey]nodeRow
	nodes     [][]any
	houses    [][]any
	labels    []string
	ids       []core.ID
}

type nodeKey struct {
	parent core.ID
	name   string
}

func (b *houseBuilder) plan(paths [][]string) error {
	if err := b.readNodes(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(paths))
	for _, path := range paths {
		names, err := b.community.NodeNames(path)
		if err != nil {
			return err
		}
		label := core.HouseLabel(names)
		if seen[label] {
			return core.Conflict("房屋重复：" + label)
		}
		seen[label] = true
		if len([]rune(label)) > maxLabel {
			return core.Invalid("房屋名称过长：" + label)
		}
		b.addHouse(names, label)
	}
	return b.refuseKnown()
}

func (b *houseBuilder) readNodes() error {
	var rows []nodeRow
	err := b.tx.All(&rows, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ?", int64(b.community.ID))
	b.known = make(map[nodeKey]nodeRow, len(rows))
	for _, r := range rows {
		b.known[nodeKey{r.Parent, r.Name}] = r
	}
	return err
}

// findNodes reads those nodes that some houses are under: a part of a list has a few buildings of the many of its community.
func (b *houseBuilder) findNodes(houses [][]string) error {
	b.known = map[nodeKey]nodeRow{}
	parents := []core.ID{0}
	for level := range len(b.community.Levels) - 1 {
		names := make([]string, len(houses))
		for i, house := range houses {
			names[i] = house[level]
		}
		slices.Sort(names)
		var found []core.ID
		err := database.EachPart(slices.Compact(names), func(names []string) error {
			return database.EachPart(parents, func(parents []core.ID) error {
				args := database.AppendIDs([]any{int64(b.community.ID)}, parents)
				for _, name := range names {
					args = append(args, name)
				}
				var rows []nodeRow
				err := b.tx.All(&rows, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ? AND parent_id IN ("+
					database.Placeholders(len(parents))+") AND name IN ("+database.Placeholders(len(names))+")", args...)
				for _, r := range rows {
					b.known[nodeKey{r.Parent, r.Name}] = r
					found = append(found, r.ID)
				}
				return err
			})
		})
		if err != nil || len(found) == 0 { // beneath nodes that are not there are none
			return err
		}
		parents = found
	}
	return nil
}

func (b *houseBuilder) addHouse(names []string, label string) {
	b.addHouseAs(b.tx.NewID(), names, label)
}

func (b *houseBuilder) addHouseAs(id core.ID, names []string, label string) {
	last := len(names) - 1
	node := b.under(names[:last])
	b.ids, b.labels = append(b.ids, id), append(b.labels, label)
	b.houses = append(b.houses, []any{int64(id), int64(b.community.ID), int64(node.ID), names[last], label, node.Path,
		core.SortKey(label, maxSortKey), houseFigures(label), 0, "", b.tx.NowMS(), b.tx.NowMS()})
}

// houseFigures returns house.figures of a label.
func houseFigures(label string) string { return cut(core.LabelFigures(label), maxLabel) }

// named returns how the new houses are found by their own words.
func (b *houseBuilder) named() []named {
	houses := make([]named, len(b.ids))
	for i, id := range b.ids {
		houses[i] = named{gramHouse, b.community.ID, id, b.labels[i]}
	}
	return houses
}

// under returns the node at the names, top first, and adds it if necessary.
func (b *houseBuilder) under(names []string) nodeRow {
	node := nodeRow{Path: "/"}
	for level, name := range names {
		node = b.node(node, level, name)
	}
	return node
}

func (b *houseBuilder) node(parent nodeRow, level int, name string) nodeRow {
	key := nodeKey{parent.ID, name}
	if known, ok := b.known[key]; ok {
		return known
	}
	id := b.tx.NewID()
	node := nodeRow{ID: id, Community: b.community.ID, Parent: parent.ID, Level: level, Name: name, Path: parent.Path + id.String() + "/"}
	b.known[key] = node
	b.nodes = append(b.nodes, []any{int64(id), int64(node.Community), int64(node.Parent), level, name, node.Path})
	return node
}

// refuseKnown returns a conflict that names the first house that exists already.
func (b *houseBuilder) refuseKnown() error {
	return database.EachPart(b.labels, func(part []string) error {
		args := []any{int64(b.community.ID)}
		for _, label := range part {
			args = append(args, label)
		}
		var known []string
		err := b.tx.All(
			&known,
			"SELECT label FROM house WHERE community_id = ? AND label IN ("+database.Placeholders(len(part))+") LIMIT 1",
			args...,
		)
		if err == nil && len(known) > 0 {
			err = core.Conflict("房屋已存在：" + known[0])
		}
		return err
	})
}

func (b *houseBuilder) save() error {
	err := database.InsertRows(b.tx, b.tx.Dialect().InsertOrEnd(), "building_node", nodeColumns, b.nodes)
	if err == nil {
		err = database.InsertRows(
			b.tx, b.tx.Dialect().InsertOrEnd(), "house",
			"id, community_id, node_id, name, label, path, sort_key, figures, arrears_fen, arrears_note, created_at, updated_at",
			b.houses,
		)
	}
	if err == nil {
		err = addGrams(b.tx, b.named()...)
	}
	if database.IsDuplicate(err) {
		return database.ErrRace // another added one of them after it was read
	}
	return err
}

// saveAll saves the houses with their batch and their line in the audit log.
func (b *houseBuilder) saveAll(by core.Actor) (core.Batch, error) {
	batch, err := b.saveAs(by, core.Batch{Community: b.community.ID, Kind: core.BatchHouses})
	if err != nil {
		return batch, err
	}
	return batch, audit.Write(b.tx, by, audit.Entry{
		Community: b.community.ID, Action: "house.create", Subject: audit.Target("community", b.community.ID),
		After: b.audit(batch),
	})
}

func (b *houseBuilder) audit(batch core.Batch) housesAudit {
	return housesAudit{Houses: b.labels[:min(len(b.labels), maxNamed)], Count: len(b.labels), Batch: batch.ID}
}

// saveAs saves the houses as things of a batch.
func (b *houseBuilder) saveAs(by core.Actor, of core.Batch) (core.Batch, error) {
	if err := b.save(); err != nil {
		return core.Batch{}, err
	}
	things := make([]batchThing, len(b.ids))
	for i, id := range b.ids {
		things[i] = batchThing{ID: id, After: houseItem{Label: b.labels[i], Updated: b.tx.NowMS()}}
	}
	return writeBatch(b.tx, by, of, things)
}

// maxNamed is how many names a line of the audit log lists.
const maxNamed = 20

// housesAudit is what the audit log records of houses that were added: the first maxNamed labels,
// and how many there are.
type housesAudit struct {
	Houses []string `json:"houses"`
	Count  int      `json:"count"`
	Batch  core.ID  `json:"batch"`
}
