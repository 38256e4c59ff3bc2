package core

import "slices"

// Scope is the communities somebody may see: all, or those listed. The zero
// Scope is none.
type Scope struct {
	All bool
	IDs []ID
}

// ScopeOf is the scope of the communities named.
func ScopeOf(ids ...ID) Scope { return Scope{IDs: ids} }

// Everywhere is the scope of the program itself.
var Everywhere = Scope{All: true}

// Has reports whether the scope covers a community.
func (s Scope) Has(community ID) bool { return s.All || slices.Contains(s.IDs, community) }

// covers reports that all of other is inside.
func (s Scope) covers(other Scope) bool {
	if other.All {
		return s.All
	}
	return !slices.ContainsFunc(other.IDs, func(community ID) bool { return !s.Has(community) })
}
