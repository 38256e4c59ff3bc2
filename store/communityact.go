package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ArchiveCommunity removes a community of the scope from every choice; its houses, people and
// records stay. It is a conflict while readers of the community are in use.
func (s *Store) ArchiveCommunity(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "archive community", func(tx *database.Tx) error {
		old, err := lockCommunity(tx, scope, id)
		if err != nil {
			return err
		}
		var readers int
		if err := tx.Get(&readers, enabledReaders, int64(id)); err != nil {
			return err
		}
		if readers > 0 {
			return core.Conflict(fmt.Sprintf("还有 %d 台启用的门禁读头，请先停用再归档", readers))
		}
		err = tx.ExecOne(
			core.Conflict("小区已归档"), "UPDATE community SET archived_at = ? WHERE id = ? AND archived_at IS NULL",
			tx.NowMS(), int64(id),
		)
		if err != nil {
			return err
		}
		if err := endRulePlans(tx, by, id); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: id, Action: "community.archive", Subject: audit.Target("community", id),
			Before: auditOfCommunity(old),
		})
	})
}

const enabledReaders = "SELECT COUNT(*) FROM reader WHERE community_id = ? AND disabled_at IS NULL"

// EnabledReaders counts the readers in use of a community of the scope, which prevent archiving it.
func (s *Store) EnabledReaders(ctx context.Context, scope core.Scope, id core.ID) (n int, err error) {
	if !scope.Has(id) {
		return 0, core.NotFound(noCommunity)
	}
	err = s.db.Get(ctx, &n, enabledReaders, int64(id))
	return n, database.Wrap("count readers in use", err)
}

// ReadersInUse counts the readers in use of communities that the caller has read, by community.
func (s *Store) ReadersInUse(ctx context.Context, ids []core.ID) (map[core.ID]int, error) {
	counts := map[core.ID]int{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []struct {
			Community core.ID `db:"community_id"`
			N         int     `db:"n"`
		}
		err := s.db.All(ctx, &rows, `
			SELECT community_id, COUNT(*) AS n
			FROM reader
			WHERE community_id IN (`+database.Placeholders(len(part))+`)
				AND disabled_at IS NULL
			GROUP BY community_id`, database.IDArgs(part)...)
		for _, row := range rows {
			counts[row.Community] = row.N
		}
		return err
	})
	return counts, database.Wrap("count readers in use", err)
}

// RestoreCommunity undoes ArchiveCommunity.
func (s *Store) RestoreCommunity(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "restore community", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, id)
		if err != nil {
			return err
		}
		err = tx.ExecOne(
			core.Conflict("小区没有归档"),
			"UPDATE community SET archived_at = NULL WHERE id = ? AND archived_at IS NOT NULL", int64(id),
		)
		if err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: id, Action: "community.restore", Subject: audit.Target("community", id),
			After: auditOfCommunity(c),
		})
	})
}

// communityObstacles are the rows that prevent deleting a community, each counted by an index that
// begins with the community.
var communityObstacles = []struct {
	of    core.Obstacle
	query string
}{
	{core.Obstacle{Stem: "house"}, "house WHERE community_id = ?"},
	{core.Obstacle{Stem: "resident"}, "resident WHERE community_id = ? AND moved_out_at IS NULL"},
	{core.Obstacle{Stem: "resident", State: "out"}, "resident WHERE community_id = ? AND moved_out_at IS NOT NULL"},
	{core.Obstacle{Stem: "reader"}, "reader WHERE community_id = ?"},
	{core.Obstacle{Stem: "guardpost"}, "guard_post WHERE community_id = ?"},
	{core.Obstacle{Stem: "guard"}, "guard WHERE community_id = ?"},
	{core.Obstacle{Stem: "observer"}, "observer_community WHERE community_id = ?"},
	{core.Obstacle{Stem: "institution"}, "institution_community WHERE community_id = ?"},
	{core.Obstacle{Stem: "account"}, "account_scope WHERE community_id = ?"},
	{core.Obstacle{Stem: "review"}, "review WHERE community_id = ?"},
	{core.Obstacle{Stem: "visitorpass"}, "visitor_pass WHERE community_id = ?"},
	{core.Obstacle{Stem: "exitslip"}, "exit_slip WHERE community_id = ?"},
	{core.Obstacle{Stem: "wechatapp"}, "wechat_app_community WHERE community_id = ?"},
}

// CommunityObstacles returns what prevents deleting a community of the scope; empty if nothing
// does.
func (s *Store) CommunityObstacles(ctx context.Context, scope core.Scope, id core.ID) ([]core.Obstacle, error) {
	if !scope.Has(id) {
		return nil, core.NotFound(noCommunity)
	}
	found, err := obstaclesOfCommunity(s.allOf(ctx), id)
	return found, database.Wrap("obstacles of a community", err)
}

func obstaclesOfCommunity(all readAll, id core.ID) ([]core.Obstacle, error) {
	var found []core.Obstacle
	for _, o := range communityObstacles {
		var n []int
		if err := all(&n, "SELECT COUNT(*) FROM "+o.query, int64(id)); err != nil {
			return nil, err
		}
		if o.of.N = n[0]; o.of.N > 0 {
			found = append(found, o.of)
		}
	}
	records := core.Obstacle{Stem: "accessrecord"} // there may be a million
	var n []int
	err := all(&n, "SELECT COUNT(*) FROM (SELECT id FROM access_record WHERE community_id = ? LIMIT ?) r", int64(id), obstaclesCounted+1)
	if err == nil && n[0] > 0 {
		records.N, records.More = min(n[0], obstaclesCounted), n[0] > obstaclesCounted
		found = append(found, records)
	}
	return found, err
}

// RemoveCommunity deletes a community without dependents, and its rule. Only operators may.
func (s *Store) RemoveCommunity(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	if !by.MayOperate() {
		if !scope.Has(id) {
			return core.NotFound(noCommunity)
		}
		return core.Forbidden("只有运维人可以删除小区")
	}
	return s.db.Write(ctx, "delete community", func(tx *database.Tx) error {
		old, err := lockCommunity(tx, scope, id)
		if err != nil {
			return err
		}
		held, err := obstaclesOfCommunity(tx.All, id)
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return core.Conflict("“" + old.Name + "”还有 " + strings.Join(core.ObstacleTexts(held), "、") + "，不能删除，可以归档")
		}
		if err := deleteRulePlans(tx, id); err != nil {
			return err
		}
		if err := deletePassRule(tx, id); err != nil {
			return err
		}
		if err := deleteVisitorBlocks(tx, id); err != nil {
			return err
		}
		if err := deleteVisitorPosters(tx, id); err != nil {
			return err
		}
		if err := deleteVisitorRule(tx, id); err != nil {
			return err
		}
		if err := deleteExitRule(tx, id); err != nil {
			return err
		}
		if err := deleteRehearsals(tx, id); err != nil {
			return err
		}
		if err := tx.ExecOne(core.NotFound(noCommunity), "DELETE FROM community WHERE id = ?", int64(id)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: id, Action: "community.remove", Subject: audit.Target("community", id),
			Before: auditOfCommunity(old),
		})
	})
}

// updateCommunityOwners sets what holds for all houses below which nothing else is said.
const updateCommunityOwners = "UPDATE community SET owners_review = ? WHERE id = ?"
