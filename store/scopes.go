package store

import (
	"context"

	"tongxing/core"
)

// oneCommunity reports a scope of a single community.
func oneCommunity(scope core.Scope) bool { return !scope.All && len(scope.IDs) == 1 }

// listed is a scope for indexes that begin with the community: even all communities
// are a list, which MariaDB does not make of a subquery.
func (s *Store) listed(ctx context.Context, scope core.Scope) (core.Scope, error) {
	if !scope.All {
		return scope, nil
	}
	listed := core.ScopeOf()
	err := s.db.All(ctx, &listed.IDs, "SELECT id FROM community")
	return listed, err
}

// actCommunity is the community that an act is noted under which is about what an
// account sees: the one asked for, or the only one that the account has.
func actCommunity(scope core.Scope, asked core.ID) core.ID {
	if asked == 0 && !scope.All && len(scope.IDs) == 1 {
		return scope.IDs[0]
	}
	return asked
}
