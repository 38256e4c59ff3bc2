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

// listed returns a scope for indexes that begin with the community: even the whole scope becomes a
// list of communities, since MariaDB does not use such an index for a subquery.
func (s *Store) listed(ctx context.Context, scope core.Scope) (core.Scope, error) {
	if !scope.Whole() {
		return scope, nil
	}
	var communities []core.ID
	err := s.db.All(ctx, &communities, "SELECT id FROM community")
	return core.ScopeOf(communities...), err
}

// actCommunity returns the community of the audit line of an act about what an account may see: the
// one asked for, or the account's only one.
func actCommunity(scope core.Scope, asked core.ID) core.ID {
	if one, ok := scope.One(); ok && asked == 0 {
		return one
	}
	return asked
}
