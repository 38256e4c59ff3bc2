package store

import (
	"context"

	"tongxing/core"
)

// oneCommunity reports whether the scope is a single community.
func oneCommunity(scope core.Scope) bool {
	_, one := scope.One()
	return one
}

// listed is a scope for indexes that begin with the community: even all communities
// are a list, which MariaDB does not make of a subquery.
func (s *Store) listed(ctx context.Context, scope core.Scope) (core.Scope, error) {
	if !scope.Whole() {
		return scope, nil
	}
	var communities []core.ID
	err := s.db.All(ctx, &communities, "SELECT id FROM community")
	return core.ScopeOf(communities...), err
}

// actCommunity is the community that an act is noted under which is about what an
// account sees: the one asked for, or the only one that the account has.
func actCommunity(scope core.Scope, asked core.ID) core.ID {
	if one, ok := scope.One(); ok && asked == 0 {
		return one
	}
	return asked
}
