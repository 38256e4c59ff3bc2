package store

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

// filterNames names for the audit log what an export's filter tells by id, where it is in
// scope; err is of the first name that could not be read.
type filterNames struct {
	of  func(thing filterThing, id core.ID) (string, error)
	err error
}

func (s *Store) filterNames(ctx context.Context, scope core.Scope) *filterNames {
	return &filterNames{
		of: func(thing filterThing, id core.ID) (string, error) { return s.filterName(ctx, scope, thing, id) },
	}
}

// name returns a thing's name, "" for id 0.
func (n *filterNames) name(thing filterThing, id core.ID) string {
	if id == 0 || n.err != nil {
		return ""
	}
	var name string
	name, n.err = n.of(thing, id)
	return name
}

// filterMoment returns a time bound as the audit log records it, "" for none.
func (s *Store) filterMoment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.zone).Format("2006-01-02 15:04")
}

// filterKeyword is what the audit log records of a keyword: a name may be in it, so only how long
// it was.
func filterKeyword(text string) int { return utf8.RuneCountInString(text) }

// filterThing is a kind of thing that filters tell by id. The values below are all there
// are, so that no page's filter can miss one.
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

// maskedAnew is what the audit log records of a private number that was old and is now: masked, and
// with a word where the change is in what the mask hides.
func maskedAnew(old, now string, mask func(string) string) string {
	masked := mask(now)
	if old != now && mask(old) == masked {
		masked += "（已更换）"
	}
	return masked
}
