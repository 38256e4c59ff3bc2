package core

import (
	"slices"
	"time"
)

// ReaderPermission is whom a reader lets through 门禁权限: the part of its settings that 权限管理 changes.
type ReaderPermission struct {
	Reader     ID
	QRAllowed  bool
	Kinds      []PassKind
	ScopeNodes []ID
	Updated    time.Time // of the reader as it was shown; see Stale
}

// Permission returns whom the reader lets through.
func (r Reader) Permission() ReaderPermission {
	return ReaderPermission{r.ID, r.QRAllowed, r.Kinds, r.ScopeNodes, r.Updated}
}

// Permitted returns the reader with another permission.
func (r Reader) Permitted(p ReaderPermission) Reader {
	r.QRAllowed, r.Kinds, r.ScopeNodes = p.QRAllowed, p.Kinds, p.ScopeNodes
	return r
}

// Same reports whether both let the same people through. The order of kinds and of nodes says nothing.
func (p ReaderPermission) Same(o ReaderPermission) bool {
	return p.QRAllowed == o.QRAllowed && sameSet(p.Kinds, o.Kinds) && sameSet(p.ScopeNodes, o.ScopeNodes)
}

func sameSet[T ~string | ~int64](a, b []T) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

// Narrows reports whether people whom before lets through are refused by p.
func (p ReaderPermission) Narrows(before ReaderPermission) bool {
	lost := func(k PassKind) bool { return !slices.Contains(p.Kinds, k) }
	left := func(n ID) bool { return !slices.Contains(p.ScopeNodes, n) }
	return before.QRAllowed && !p.QRAllowed || slices.ContainsFunc(before.Kinds, lost) ||
		len(p.ScopeNodes) > 0 && (len(before.ScopeNodes) == 0 || slices.ContainsFunc(before.ScopeNodes, left))
}
