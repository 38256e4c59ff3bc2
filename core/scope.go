package core

import (
	"encoding/json"
	"slices"
)

// Scope is where an account may act: in every community, or in those listed. The zero Scope is
// nowhere. What an account may do there is up to its permissions; whether it may change the
// deployment itself is asked with Actor.MayOperate.
type Scope struct {
	whole       bool
	communities []ID
}

// ScopeOf returns the scope of the given communities.
func ScopeOf(communities ...ID) Scope { return Scope{communities: communities} }

// Everywhere is the scope of every community, including future ones.
var Everywhere = Scope{whole: true}

// Has reports whether the scope includes a community.
func (s Scope) Has(community ID) bool { return s.whole || slices.Contains(s.communities, community) }

// Whole reports whether the scope is every community, including future ones.
func (s Scope) Whole() bool { return s.whole }

// Empty reports whether the scope includes no community.
func (s Scope) Empty() bool { return !s.whole && len(s.communities) == 0 }

// One returns the community of a scope of exactly one.
func (s Scope) One() (community ID, one bool) {
	if s.whole || len(s.communities) != 1 {
		return 0, false
	}
	return s.communities[0], true
}

// Communities returns the listed communities; nil for a whole scope, which lists none.
func (s Scope) Communities() []ID { return s.communities }

// With returns the scope with one more community; a whole scope includes it already.
func (s Scope) With(community ID) Scope {
	if s.whole {
		return s
	}
	return ScopeOf(append(slices.Clone(s.communities), community)...)
}

// In returns the part of the scope within one community, which is empty where the scope
// does not cover it; of 0 it is the scope itself.
func (s Scope) In(community ID) Scope {
	switch {
	case community == 0:
		return s
	case s.Has(community):
		return ScopeOf(community)
	}
	return Scope{}
}

// Covers reports whether s includes all of other.
func (s Scope) Covers(other Scope) bool {
	if other.whole {
		return s.whole
	}
	return !slices.ContainsFunc(other.communities, func(community ID) bool { return !s.Has(community) })
}

// scopeJSON is a Scope as stored in cached sessions.
type scopeJSON struct {
	Whole       bool `json:"whole,omitempty"`
	Communities []ID `json:"communities,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Scope) MarshalJSON() ([]byte, error) { return json.Marshal(scopeJSON{s.whole, s.communities}) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *Scope) UnmarshalJSON(text []byte) error {
	var kept scopeJSON
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	*s = Scope{whole: kept.Whole, communities: kept.Communities}
	return nil
}
