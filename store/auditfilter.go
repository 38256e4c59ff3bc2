package store

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

// filterNames looks up names of what an export's filter refers to by id, for the audit log. err is
// the first error.
type filterNames struct {
	of  func(thing filterThing, id core.ID) (string, error)
	err error
}

func (s *Store) filterNames(ctx context.Context, scope core.Scope) *filterNames {
	return &filterNames{
		of: func(thing filterThing, id core.ID) (string, error) { return s.filterName(ctx, scope, thing, id) },
	}
}

// name returns the name of something in scope, or its number; "" for id 0.
func (n *filterNames) name(thing filterThing, id core.ID) string {
	if id == 0 || n.err != nil {
		return ""
	}
	var name string
	name, n.err = n.of(thing, id)
	return name
}

// filterMoment returns a limit of time as the audit log records it; "" if zero.
func (s *Store) filterMoment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.zone).Format("2006-01-02 15:04")
}

// filterKeyword returns what the audit log records of a keyword: only its length in characters,
// since it may contain a name.
func filterKeyword(text string) int { return utf8.RuneCountInString(text) }

// filterThing is a kind of thing that filters refer to by id. The values below are all of them.
type filterThing struct {
	query string
	words func(s *Store, ctx context.Context, id core.ID, name string) (string, error) // nil = the name itself
}

var (
	filterReader = filterThing{query: subjectQuery("reader") + "id = ?"}
	filterPost   = filterThing{query: subjectQuery("guardpost") + "id = ?"}
	filterHouse  = filterThing{query: subjectQuery("house") + "id = ?"}
	filterNode   = filterThing{
		query: "SELECT id, path AS name FROM building_node WHERE id = ?",
		words: func(s *Store, ctx context.Context, _ core.ID, path string) (string, error) {
			return s.nodeLabel(ctx, path)
		},
	}
	filterPerson = filterThing{
		query: subjectQuery("resident") + "person_id = ?",
		words: func(_ *Store, _ context.Context, id core.ID, name string) (string, error) {
			return core.MaskName(name) + "（" + id.String() + "）", nil
		},
	}
)

// filterName returns a thing's name, or its number if it is gone or out of scope.
func (s *Store) filterName(ctx context.Context, scope core.Scope, thing filterThing, id core.ID) (string, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var rows []subjectRow
	query := thing.query + " AND " + where + " ORDER BY id LIMIT 1"
	err := s.db.All(ctx, &rows, query, append([]any{int64(id)}, args...)...)
	switch {
	case err != nil || len(rows) == 0:
		return id.String(), database.Wrap("name what a filter tells", err)
	case thing.words != nil:
		return thing.words(s, ctx, id, rows[0].Name)
	}
	return rows[0].Name, nil
}

// nodeLabel returns the names along a node's path, top first.
func (s *Store) nodeLabel(ctx context.Context, path string) (string, error) {
	var ids []core.ID
	for text := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' }) {
		id, err := core.ParseID(text)
		if err != nil {
			return "", database.Wrap("name a building node", err)
		}
		ids = append(ids, id)
	}
	var names []string
	err := s.db.All(
		ctx, &names,
		"SELECT name FROM building_node WHERE id IN ("+database.Placeholders(len(ids))+") ORDER BY level",
		database.IDArgs(ids)...,
	)
	return strings.Join(names, ""), database.Wrap("name a building node", err)
}

// maskedChange returns what the audit log records of a private number after a change: the new
// number masked, with a remark if the change is in the hidden part.
func maskedChange(old, now string, mask func(string) string) string {
	masked := mask(now)
	if old != now && mask(old) == masked {
		masked += "（已更换）"
	}
	return masked
}
