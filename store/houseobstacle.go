package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// obstaclesCounted is up to how many access records are counted: there may be a million.
const obstaclesCounted = 1000

// houseObstacles are what prevents deleting houses, by hand and by taking back what added them: a table that comes to refer to
// houses has a row here.
var houseObstacles = []struct {
	of    core.Obstacle
	why   core.BatchWhy // taking back keeps the house
	rows  string        // those of a community
	house string        // their column
}{
	{core.Obstacle{Stem: "resident"}, core.BatchLived, "resident WHERE community_id = ? AND moved_out_at IS NULL", "house_id"},
	{
		core.Obstacle{Stem: "resident", State: "out"}, core.BatchLived,
		"resident WHERE community_id = ? AND moved_out_at IS NOT NULL", "house_id",
	},
	{core.Obstacle{Stem: "accessrecord"}, core.BatchRecords, "access_record WHERE community_id = ?", "house_id"},
	{core.Obstacle{Stem: "restriction"}, core.BatchBarred, "house_restriction WHERE community_id = ?", "house_id"},
	{
		core.Obstacle{Stem: "certification"}, core.BatchApplied,
		"certification c JOIN review r ON r.id = c.id WHERE r.community_id = ? AND r.state = 'waiting'", "c.house_id",
	},
	{core.Obstacle{Stem: "house", State: "transfer"}, core.BatchPlanned, "house_transfer WHERE community_id = ?", "open_house"},
	{core.Obstacle{Stem: "visitorpass"}, core.BatchVisited, "visitor_pass WHERE community_id = ?", "house_id"},
	{core.Obstacle{Stem: "exitslip"}, core.BatchSlips, "exit_slip WHERE community_id = ?", "house_id"},
}

// obstaclesOf returns what prevents deleting houses of a community, those that became part of them
// included.
func obstaclesOf(all readAll, community core.ID, houses []core.ID) ([]core.Obstacle, error) {
	ids := append([]core.ID(nil), houses...)
	err := database.EachPart(houses, func(part []core.ID) error {
		var former []core.ID
		err := all(&former, "SELECT house_id FROM house_former WHERE into_id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...)
		ids = append(ids, former...)
		return err
	})
	if err != nil {
		return nil, err
	}
	var found []core.Obstacle
	for _, o := range houseObstacles {
		err := database.EachPart(ids, func(part []core.ID) error {
			if o.of.More {
				return nil
			}
			var n []int
			err := all(&n, "SELECT COUNT(*) FROM (SELECT 1 FROM "+o.rows+" AND "+o.house+" IN ("+database.Placeholders(len(part))+
				") LIMIT ?) x",
				append(database.AppendIDs([]any{int64(community)}, part), obstaclesCounted+1)...)
			if err == nil {
				o.of.N += n[0]
			}
			o.of.More = o.of.N > obstaclesCounted
			return err
		})
		if err != nil {
			return nil, err
		}
		if o.of.More {
			o.of.N = obstaclesCounted
		}
		if o.of.N > 0 {
			found = append(found, o.of)
		}
	}
	return found, nil
}

// HouseObstacles returns what prevents deleting a house that the caller has read.
func (s *Store) HouseObstacles(ctx context.Context, house core.House) ([]core.Obstacle, error) {
	found, err := obstaclesOf(s.allOf(ctx), house.Community, []core.ID{house.ID})
	return found, database.Wrap("obstacles of a house", err)
}

// NodeObstacles returns what prevents deleting a node that the caller has read, and how many houses are
// below it.
func (s *Store) NodeObstacles(ctx context.Context, node core.BuildingNode) (found []core.Obstacle, houses int, err error) {
	below, err := housesBelow(s.allOf(ctx), node)
	if err == nil {
		found, err = nodeObstacles(s.allOf(ctx), node, database.IDsOf(below, func(h houseRow) core.ID { return h.ID }))
	}
	return found, len(below), database.Wrap("obstacles of a node", err)
}

// nodeObstacles are those of the houses below a node, and the readers that serve the node or one below it.
func nodeObstacles(all readAll, node core.BuildingNode, houses []core.ID) ([]core.Obstacle, error) {
	found, err := obstaclesOf(all, node.Community, houses)
	if err != nil {
		return nil, err
	}
	var nodes []core.ID
	if err := all(&nodes, "SELECT id FROM building_node WHERE community_id = ? AND path LIKE ?",
		int64(node.Community), underNode(node.ID)); err != nil {
		return nil, err
	}
	readers, err := readersServing(all, node.Community, append(nodes, node.ID)...)
	if err == nil && len(readers) > 0 {
		found = append(found, core.Obstacle{Stem: "reader", N: len(readers)})
	}
	return found, err
}

// readersServing returns the readers of a community that serve any of some nodes.
func readersServing(all readAll, community core.ID, nodes ...core.ID) (serving []core.ID, err error) {
	var rows []struct {
		ID    core.ID `db:"id"`
		Scope string  `db:"scope_nodes"`
	}
	err = all(&rows, "SELECT id, scope_nodes FROM reader WHERE community_id = ? AND scope_nodes <> '' ORDER BY id", int64(community))
	for _, row := range rows {
		if slices.ContainsFunc(strings.Split(row.Scope, ","), func(id string) bool {
			return slices.ContainsFunc(nodes, func(node core.ID) bool { return node.String() == id })
		}) {
			serving = append(serving, row.ID)
		}
	}
	return serving, err
}

func housesBelow(all readAll, node core.BuildingNode) ([]houseRow, error) {
	under, args := underNodes("node_id", node.Community, node.ID)
	var rows []houseRow
	err := all(&rows, "SELECT "+houseColumns+" FROM house WHERE community_id = ? AND "+under+" ORDER BY sort_key, id",
		append([]any{int64(node.Community)}, args...)...)
	return rows, err
}

// RemoveNode deletes a node of the scope with the houses below it, in which nobody ever lived and which no record
// refers to.
func (s *Store) RemoveNode(ctx context.Context, by core.Actor, scope core.Scope, node core.BuildingNode) error {
	return s.db.Write(ctx, "delete a node", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, node.Community)
		if err != nil {
			return err
		}
		var there []core.ID
		query := "SELECT id FROM building_node WHERE id = ? AND community_id = ?"
		if err := tx.All(&there, query, int64(node.ID), int64(c.ID)); err != nil {
			return err
		}
		if len(there) == 0 {
			return core.NotFound(noNode)
		}
		rows, err := housesBelow(tx.All, node)
		if err != nil {
			return err
		}
		if len(rows) > core.HousesAtOnce {
			return core.Conflict("房屋太多，请逐个单元删除")
		}
		ids := database.IDsOf(rows, func(h houseRow) core.ID { return h.ID })
		locked, err := lockHousesByID(tx, c.ID, ids)
		if err != nil {
			return err
		}
		held, err := nodeObstacles(tx.All, core.BuildingNode{ID: node.ID, Community: c.ID}, ids)
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return core.Conflict(node.Name + "还有 " + strings.Join(core.ObstacleTexts(held), "、") + "，不能删除")
		}
		gone := housesAudit{Count: len(rows)}
		houses := make([]core.House, 0, len(rows))
		for _, id := range ids {
			houses = append(houses, locked[id])
			if len(gone.Houses) < maxNamed {
				gone.Houses = append(gone.Houses, locked[id].Label)
			}
		}
		if err := deleteHouses(tx, c.ID, houses, true); err != nil {
			return err
		}
		if err := pruneNodes(tx, c.ID, node.ID, true); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "house.remove", Subject: audit.Target("community", c.ID), Before: gone,
		})
	})
}
