package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// HouseNames returns the names along a house's path, one per level, top first.
func (s *Store) HouseNames(ctx context.Context, h core.House) ([]string, error) {
	var names []string
	for _, text := range strings.FieldsFunc(h.Path, func(r rune) bool { return r == '/' }) {
		id, err := core.ParseID(text)
		if err != nil {
			return nil, database.Wrap("house names", err)
		}
		var name string
		if err := s.db.Get(
			ctx, &name, "SELECT name FROM building_node WHERE id = ? AND community_id = ?", int64(id),
			int64(h.Community),
		); err != nil {
			return nil, database.Wrap("house names", database.NotFoundIfNoRows(err, noHouse))
		}
		names = append(names, name)
	}
	return append(names, h.Name), nil
}

// HouseChange is what UpdateHouse sets.
type HouseChange struct {
	Names      []string  // one per level, top first
	ArrearsFen int64     // debt of the house, in fen; 0 = none
	Remark     string    // what the debt is for; "" = not said
	Updated    time.Time // the house's, as shown; see core.Stale
}

// UpdateHouse renames a house of the scope, which may move it in the tree, and sets its debt. Past
// records keep the old name. Building nodes without houses are then deleted. It returns the new Updated.
func (s *Store) UpdateHouse(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, change HouseChange,
) (updated time.Time, err error) {
	err = s.db.Write(ctx, "update house", func(tx *database.Tx) error {
		old, c, err := lockHouse(tx, scope, id)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(change.Updated, old.Updated); err != nil {
			return err
		}
		if change.Remark, err = core.CheckArrears(change.ArrearsFen, change.Remark); err != nil {
			return err
		}
		names, err := c.NodeNames(change.Names)
		if err != nil {
			return err
		}
		label := core.HouseLabel(names)
		if len([]rune(label)) > maxLabel {
			return core.Invalid("房屋名称过长：" + label)
		}
		b := houseBuilder{tx: tx, community: c}
		if err := b.readNodes(); err != nil {
			return err
		}
		node := b.under(names[:len(names)-1])
		if err := b.save(); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		err = tx.ExecOne(
			core.NotFound(noHouse),
			`UPDATE house
			SET node_id = ?, name = ?, label = ?, path = ?, sort_key = ?, figures = ?, arrears_fen = ?, arrears_note = ?, updated_at = ?
			WHERE id = ?`,
			int64(node.ID), names[len(names)-1], label, node.Path, core.SortKey(label, maxSortKey), houseFigures(label),
			change.ArrearsFen, change.Remark, updated.UnixMilli(), int64(id),
		)
		if database.IsDuplicate(err) {
			return core.Conflict("房屋已存在：" + label)
		}
		if err != nil {
			return err
		}
		if err := renameGrams(tx, houseNamed(old, old.Label), houseNamed(old, label)); err != nil {
			return err
		}
		if err := pruneNodes(tx, c.ID, old.Node, true); err != nil {
			return err
		}
		if err := renameApplications(tx, []core.ID{id}); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{Community: c.ID, Action: "house.update", Subject: audit.Target("house", id),
			Before: auditOfHouse(old.Label, old),
			After:  auditOfHouse(label, core.House{ArrearsFen: change.ArrearsFen, Remark: change.Remark})})
	})
	return updated, err
}

// houseNamed returns how a house is found by the own words of a label.
func houseNamed(h core.House, label string) named { return named{gramHouse, h.Community, h.ID, label} }

// houseAudit is what the audit log records of a house.
type houseAudit struct {
	Label   string `json:"label"`
	Arrears string `json:"arrears,omitempty"` // yuan
	Remark  string `json:"remark,omitempty"`
}

func auditOfHouse(label string, h core.House) houseAudit {
	if h.ArrearsFen == 0 {
		return houseAudit{Label: label}
	}
	return houseAudit{Label: label, Arrears: core.Yuan(h.ArrearsFen), Remark: h.Remark}
}

// RemoveHouse deletes a house of the scope in which nobody ever lived and which no record refers
// to.
func (s *Store) RemoveHouse(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "delete house", func(tx *database.Tx) error {
		old, c, err := lockHouse(tx, scope, id)
		if err != nil {
			return err
		}
		held, err := obstaclesOf(tx.All, c.ID, []core.ID{id})
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return core.Conflict(old.Label + "还有 " + strings.Join(core.ObstacleTexts(held), "、") + "，不能删除")
		}
		if err := deleteHouses(tx, c.ID, []core.House{old}, true); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "house.remove", Subject: audit.Target("house", id),
			Before: auditOfHouse(old.Label, old),
		})
	})
}

// deleteHouses deletes houses of one community that have no dependents, with the building nodes that
// are then empty, as pruneNodes does. The community is locked.
func deleteHouses(tx *database.Tx, community core.ID, houses []core.House, said bool) error {
	ids := make([]core.ID, len(houses))
	nodes := map[core.ID]bool{}
	for i, house := range houses {
		ids[i], nodes[house.Node] = house.ID, true
	}
	if err := forgetLatest(tx, ids); err != nil {
		return err
	}
	for _, house := range houses {
		if err := removeGrams(tx, houseNamed(house, house.Label)); err != nil {
			return err
		}
	}
	err := database.EachPart(ids, func(part []core.ID) error {
		if err := forgetFormersOf(tx, part); err != nil {
			return err
		}
		n, err := tx.Exec(
			"DELETE FROM house WHERE id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...,
		)
		if err == nil && n != int64(len(part)) {
			err = core.NotFound(noHouse)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		if err := pruneNodes(tx, community, node, said); err != nil {
			return err
		}
	}
	return nil
}

// houseItem is a house as a batch keeps it.
type houseItem struct {
	Label   string `json:"label"`
	Updated int64  `json:"updated"` // updated_at
}

// undoHouses deletes houses that were generated, unless they have dependents or were changed
// since.
func undoHouses(u *undoing) error {
	if _, err := lockCommunity(u.tx, core.Everywhere, u.batch.Community); err != nil {
		return err
	}
	found, err := lockHousesByID(u.tx, u.batch.Community, u.things())
	if err != nil {
		return err
	}
	err = u.each(func(item batchItemRow) error {
		var made houseItem
		house, there := found[item.Thing]
		if err := readBatchText(item.After, &made); err != nil {
			return err
		}
		if !there {
			u.keep(item.Thing, core.BatchGone)
		} else if house.Updated.UnixMilli() != made.Updated {
			u.keep(item.Thing, core.BatchChanged)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range houseObstacles {
		query := "SELECT DISTINCT " + o.house + " FROM " + o.rows + " AND " + o.house
		if err := u.keepFound(o.why, query, int64(u.batch.Community)); err != nil {
			return err
		}
	}
	// What was merged into a house is part of it, with its records.
	if err := u.keepFound(core.BatchChanged, "SELECT DISTINCT into_id FROM house_former WHERE into_id"); err != nil {
		return err
	}
	if err := u.keepFound(core.BatchChanged, "SELECT id FROM house WHERE community_id = ? AND owners_review IS NOT NULL AND id",
		int64(u.batch.Community)); err != nil { // which is not what the house's form shows
		return err
	}
	var houses []core.House
	for _, id := range u.things() {
		houses = append(houses, found[id])
	}
	return deleteHouses(u.tx, u.batch.Community, houses, false)
}

// lockHousesByID locks and reads those of some houses that a community still has.
func lockHousesByID(tx *database.Tx, community core.ID, ids []core.ID) (map[core.ID]core.House, error) {
	found := map[core.ID]core.House{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []houseRow
		err := tx.All(
			&rows,
			"SELECT "+houseColumns+" FROM house"+tx.Dialect().ByKey()+" WHERE community_id = ? AND id IN ("+
				database.Placeholders(len(part))+") ORDER BY id"+tx.Dialect().ForUpdate(),
			database.AppendIDs([]any{int64(community)}, part)...,
		)
		for _, row := range rows {
			found[row.ID] = row.house()
		}
		return err
	})
	return found, err
}

// lockHouse reads and locks a house of the scope and its community, and thereby the tree.
func lockHouse(tx *database.Tx, scope core.Scope, id core.ID) (core.House, core.Community, error) {
	// the community's row is locked first, as by all acts on its tree
	var community core.ID
	if err := tx.Get(&community, "SELECT community_id FROM house WHERE id = ?", int64(id)); err != nil {
		return core.House{}, core.Community{}, database.NotFoundIfNoRows(err, noHouse)
	}
	if !scope.Has(community) {
		return core.House{}, core.Community{}, core.NotFound(noHouse)
	}
	c, err := lockCommunity(tx, scope, community)
	if err != nil {
		return core.House{}, c, err
	}
	var row houseRow
	err = tx.Get(&row, "SELECT "+houseColumns+" FROM house WHERE id = ?"+tx.Dialect().ForUpdate(), int64(id))
	return row.house(), c, database.NotFoundIfNoRows(err, noHouse)
}

// pruneNodes deletes a node that is empty, and those above it that are then empty. One that a reader serves stays, or the
// reader would serve what is not there any more; and, unless said, one of which somebody has said whether its owners review.
func pruneNodes(tx *database.Tx, community, node core.ID, said bool) error {
	for node != 0 {
		var parents []core.ID
		err := tx.All(&parents, `SELECT parent_id FROM building_node n WHERE n.id = ?
			AND NOT EXISTS (SELECT 1 FROM house h WHERE h.community_id = ? AND h.node_id = n.id)
			AND NOT EXISTS (SELECT 1 FROM building_node m WHERE m.community_id = ? AND m.parent_id = n.id)
			AND (n.owners_review IS NULL OR ? = 1)`,
			int64(node), int64(community), int64(community), database.BoolInt(said))
		if err != nil || len(parents) == 0 {
			return err
		}
		if served, err := readersServing(tx.All, community, node); err != nil || len(served) > 0 {
			return err
		}
		if _, err := tx.Exec("DELETE FROM building_node WHERE id = ?", int64(node)); err != nil {
			return err
		}
		node = parents[0]
	}
	return nil
}
