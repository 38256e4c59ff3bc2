package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// GuideFacts counts what there is of a community's set-up; of no community, id 0, only the accounts. The
// account that looks is not counted.
func (s *Store) GuideFacts(ctx context.Context, scope core.Scope, community, account core.ID) (core.GuideFacts, error) {
	f := core.GuideFacts{Community: community}
	if community != 0 && !scope.Has(community) {
		return f, core.NotFound(noCommunity)
	}
	// Both read indexes alone: the home page asks for a dozen communities.
	var people struct {
		Residents int `db:"residents"`
		Own       int `db:"own"`
	}
	if err := s.db.Get(ctx, &people, `
		SELECT COUNT(*) AS residents, COUNT(CASE WHEN certified_at IS NOT NULL AND certified_how = '' THEN 1 END) AS own
		FROM resident
		WHERE community_id = ?
		AND moved_out_at IS NULL`, int64(community)); err != nil {
		return f, database.Wrap("count the set-up", err)
	}
	f.Residents, f.Own = people.Residents, people.Own
	ruled, opens := 0, 0
	for _, count := range []struct {
		n     *int
		query string
	}{
		{&f.Houses, "SELECT COUNT(*) FROM house WHERE community_id = ?"},
		{&f.Inhabited, `
			SELECT COUNT(*)
			FROM house h
			WHERE h.community_id = ?
			AND EXISTS (
				SELECT 1
				FROM resident r
				WHERE r.community_id = h.community_id
				AND r.house_id = h.id
				AND r.moved_out_at IS NULL
			)`},
		{&ruled, `
			SELECT COUNT(*)
			FROM pass_rule r
			JOIN community c ON c.id = r.community_id
			WHERE r.community_id = ?
			AND r.updated_at > c.created_at`},
		{&opens, "SELECT COUNT(*) FROM pass_rule WHERE community_id = ? AND reader_qr = 1"},
		{&f.Readers, "SELECT COUNT(*) FROM reader WHERE community_id = ? AND disabled_at IS NULL"},
		{&f.Heard, "SELECT COUNT(*) FROM reader WHERE community_id = ? AND disabled_at IS NULL AND last_seen_at IS NOT NULL"},
		{&f.Accepting, "SELECT COUNT(*) FROM reader WHERE community_id = ? AND disabled_at IS NULL AND qr_allowed = 1"},
		{&f.Posts, "SELECT COUNT(*) FROM guard_post WHERE community_id = ? AND disabled_at IS NULL"},
		{&f.Guards, "SELECT COUNT(*) FROM guard WHERE community_id = ? AND disabled_at IS NULL"},
		{&f.Bound, "SELECT COUNT(*) FROM guard WHERE community_id = ? AND disabled_at IS NULL AND user_id <> 0"},
		{&f.Observers, `
			SELECT COUNT(*)
			FROM observer_community m
			JOIN observer o ON o.id = m.observer_id
			WHERE m.community_id = ?
			AND o.removed_at IS NULL`},
	} {
		if err := s.db.Get(ctx, count.n, count.query, int64(community)); err != nil {
			return f, database.Wrap("count the set-up", err)
		}
	}
	f.RuleSet, f.RuleOpens = ruled > 0, opens > 0
	err := s.db.Get(ctx, &f.Accounts, `
		SELECT COUNT(*)
		FROM account a
		WHERE a.disabled_at IS NULL
		AND a.id <> ?
		AND `+accountIn, int64(account), int64(community))
	return f, database.Wrap("count the set-up", err)
}
