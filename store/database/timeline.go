package database

import (
	"fmt"
	"strings"

	"tongxing/core"
)

// MaxApart bounds the communities that a Timeline lists side by side; more are listed by IN.
const MaxApart = 30

// Timeline is a list of a long table that belongs to communities, newest first. If an index begins
// with the community, each community is its own range in it: a list over several takes the newest
// of each, and only the resulting rows are read whole.
type Timeline struct {
	Table, Columns string
	Scope          core.Scope // an empty one lists nothing
	Filter         Where
	// Index is the hint, in the dialect's words, of the index that a list of one community
	// pages in; "" leaves it to the database.
	Index string
	Apart bool // several communities are read side by side
	Few   bool // the filter leaves so few rows that Index serves any number of communities
}

// Where returns the condition of the list's rows.
func (l Timeline) Where() Where { return l.in(l.Scope) }

// From returns the table for a query over all the list's rows, with its hint.
func (l Timeline) From() string {
	if l.Few {
		return l.Table + l.Index
	}
	return l.Table
}

// in returns the condition of the list's rows in some communities.
func (l Timeline) in(scope core.Scope) Where {
	where := Within(scope, "community_id")
	if one, ok := scope.One(); ok {
		where = Where{}
		where.And("community_id = ?", int64(one))
	}
	return where.With(l.Filter)
}

// Page returns the query of one page, with one row more than it holds.
func (l Timeline) Page(p core.Page) (string, []any) {
	communities := l.Scope.Communities()
	switch {
	case len(communities) == 1:
		return l.rows("SELECT "+l.Columns+" FROM "+l.Table+l.Index, l.Scope, p)
	case l.Scope.Whole() || !l.Apart || len(communities) > MaxApart:
		return l.rows("SELECT "+l.Columns+" FROM "+l.From(), l.Scope, p)
	}
	var parts []string
	var args []any
	for i, community := range communities {
		ids, values := l.rows("SELECT id FROM "+l.Table+l.Index, core.ScopeOf(community), p)
		parts, args = append(parts, fmt.Sprintf("SELECT id FROM (%s) c%d", ids, i)), append(args, values...)
	}
	order := NewestFirst.Clause(p)
	query := "SELECT " + l.Columns + " FROM " + l.Table +
		" JOIN (SELECT id FROM (" + strings.Join(parts, " UNION ALL ") + ") u" + order + ") shown USING (id)" +
		strings.TrimSuffix(order, " LIMIT ?")
	return query, append(args, p.Limit+1)
}

// rows ends a query with the condition in some communities and the page's part.
func (l Timeline) rows(query string, scope core.Scope, p core.Page) (string, []any) {
	where := l.in(scope)
	return NewestFirst.Query(p, query+" WHERE "+where.Text(), where.Args())
}
