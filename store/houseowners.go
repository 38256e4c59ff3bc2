package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// effectiveOwners is the value of owners_review that is in effect for house h of community c: the house's own, or that
// of the nearest node above it which has one, or the community's.
const effectiveOwners = `COALESCE(
	h.owners_review,
	(
		SELECT n.owners_review
		FROM building_node n
		WHERE n.community_id = h.community_id
			AND n.owners_review IS NOT NULL
			AND INSTR(h.path, n.path) = 1
		ORDER BY n.level DESC
		LIMIT 1
	),
	c.owners_review,
	0
)`

// OwnersReview reports whether the certified owners of a house may decide applications for it
// (是否允许业主审核所属房间住户的申请). The caller has the house from its own record, or has read it.
func (s *Store) OwnersReview(ctx context.Context, house core.ID) (bool, error) {
	var allowed bool
	query := "SELECT " + effectiveOwners + " FROM house h JOIN community c ON c.id = h.community_id WHERE h.id = ?"
	err := s.db.Get(ctx, &allowed, query, int64(house))
	return allowed, database.Wrap("owners' review", database.NotFoundIfNoRows(err, noHouse))
}

// OwnersReviews are the values of a community's tree: of the community, and of the nodes that have one.
type OwnersReviews struct {
	Community bool
	Nodes     map[core.ID]bool
}

// OwnersReviews returns whether owners may decide applications, as it is said at a community of the scope and its nodes.
func (s *Store) OwnersReviews(ctx context.Context, scope core.Scope, community core.ID) (OwnersReviews, error) {
	all := OwnersReviews{Nodes: map[core.ID]bool{}}
	if !scope.Has(community) {
		return all, core.NotFound(noCommunity)
	}
	query := "SELECT COALESCE(owners_review, 0) FROM community WHERE id = ?"
	if err := s.db.Get(ctx, &all.Community, query, int64(community)); err != nil {
		return all, database.Wrap("owners' review", database.NotFoundIfNoRows(err, noCommunity))
	}
	var rows []struct {
		ID      core.ID `db:"id"`
		Allowed bool    `db:"owners_review"`
	}
	err := s.db.All(ctx, &rows, "SELECT id, owners_review FROM building_node WHERE community_id = ? AND owners_review IS NOT NULL",
		int64(community))
	for _, row := range rows {
		all.Nodes[row.ID] = row.Allowed
	}
	return all, database.Wrap("owners' review", err)
}

// HouseOwnersReview returns what is said at a house that the caller has read; nil = as it is above it.
func (s *Store) HouseOwnersReview(ctx context.Context, house core.ID) (own *bool, err error) {
	err = s.db.Get(ctx, &own, "SELECT owners_review FROM house WHERE id = ?", int64(house))
	return own, database.Wrap("owners' review", database.NotFoundIfNoRows(err, noHouse))
}

// OwnersReviewReach counts the houses of a community of the scope, or under one of its nodes, that have what is said there,
// and the certified owners in them.
func (s *Store) OwnersReviewReach(
	ctx context.Context, scope core.Scope, community, node core.ID,
) (houses, owners int, err error) {
	where := database.Within(scope, "h.community_id")
	where.And("h.community_id = ? AND h.owners_review IS NULL", int64(community))
	nearer := `SELECT 1 FROM building_node n
		WHERE n.community_id = h.community_id AND n.owners_review IS NOT NULL AND INSTR(h.path, n.path) = 1`
	if node == 0 {
		where.And("NOT EXISTS (" + nearer + ")")
	} else {
		where.And("h.path LIKE ?", underNode(node))
		where.And("NOT EXISTS ("+nearer+" AND n.path LIKE ? AND n.id <> ?)", underNode(node), int64(node))
	}
	err = s.db.Get(ctx, &houses, "SELECT COUNT(*) FROM house h WHERE "+where.Text(), where.Args()...)
	if err == nil {
		err = s.db.Get(ctx, &owners, `
			SELECT COUNT(*) FROM house h
			JOIN resident r ON r.community_id = h.community_id
				AND r.house_id = h.id
				AND r.moved_out_at IS NULL
				AND r.certified_at IS NOT NULL
				AND r.identity = ?
			WHERE `+where.Text(), append([]any{string(core.Owner)}, where.Args()...)...)
	}
	return houses, owners, database.Wrap("reach of owners' review", err)
}

// OwnersReviewChange says at a house, a node, or the community if both are 0, whether owners may decide applications.
type OwnersReviewChange struct {
	Community, Node, House core.ID
	Allowed                *bool // nil = as it is above; of a community: no
}

// UpdateOwnersReview changes the value of a place of the scope. The same value again changes nothing.
func (s *Store) UpdateOwnersReview(ctx context.Context, by core.Actor, scope core.Scope, change OwnersReviewChange) error {
	return s.db.Write(ctx, "set owners' review", func(tx *database.Tx) error {
		c, err := lockCommunity(tx, scope, change.Community)
		if err != nil {
			return err
		}
		table, name, id, missing := "community", "name", change.Community, noCommunity
		where, args := "id = ?", []any{int64(id)}
		subject := audit.Target("community", c.ID)
		switch {
		case change.House != 0:
			table, name, id, missing = "house", "label", change.House, noHouse
			subject = audit.Target("house", id)
		case change.Node != 0:
			table, id, missing = "building_node", change.Node, noNode
		}
		if id != c.ID {
			where, args = "community_id = ? AND id = ?", []any{int64(c.ID), int64(id)}
		}
		var was struct {
			Name    string `db:"name"`
			Allowed *bool  `db:"owners_review"`
		}
		query := "SELECT " + name + " AS name, owners_review FROM " + table + " WHERE " + where + tx.Dialect().ForUpdate()
		if err := tx.Get(&was, query, args...); err != nil {
			return database.NotFoundIfNoRows(err, missing)
		}
		if ownersWords(was.Allowed) == ownersWords(change.Allowed) {
			return nil
		}
		update := updateCommunityOwners
		switch table {
		case "house":
			update = "UPDATE house SET owners_review = ? WHERE id = ?"
		case "building_node":
			update = "UPDATE building_node SET owners_review = ? WHERE id = ?"
		}
		if err := tx.ExecOne(core.NotFound(missing), update, ownersColumn(change.Allowed), int64(id)); err != nil {
			return err
		}
		houses, of := "1 = 1", []any(nil)
		switch {
		case change.House != 0:
			houses, of = "h.id = ?", []any{int64(change.House)}
		case change.Node != 0:
			houses, of = "h.path LIKE ?", []any{underNode(change.Node)}
		}
		if err := leftToOffice(tx, c.ID, houses, of...); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: c.ID, Action: "house.owners_review", Subject: subject,
			Before: houseOwnersAudit{Label: was.Name, Allowed: ownersWords(was.Allowed)},
			After:  houseOwnersAudit{Label: was.Name, Allowed: ownersWords(change.Allowed)},
		})
	})
}

// houseOwnersAudit is what the audit log records of a change of who decides applications.
type houseOwnersAudit struct {
	Label   string `json:"label"`
	Allowed string `json:"owners_review"` // allowed, refused, inherited
}

func ownersWords(allowed *bool) string {
	switch {
	case allowed == nil:
		return "inherited"
	case *allowed:
		return "allowed"
	}
	return "refused"
}

func ownersColumn(allowed *bool) any {
	if allowed == nil {
		return nil
	}
	return database.BoolInt(*allowed)
}
