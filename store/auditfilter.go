package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// filterWords say for the audit log what a filter left in a file that was taken.
type filterWords struct {
	words []string
	name  func(thing filterThing, id core.ID) (string, error)
	err   error // of the first name that could not be read
}

// filterWords names what a filter tells by id, where it is in scope.
func (s *Store) filterWords(ctx context.Context, scope core.Scope) *filterWords {
	return &filterWords{
		name: func(thing filterThing, id core.ID) (string, error) { return s.filterName(ctx, scope, thing, id) },
	}
}

func (w *filterWords) add(name, value string) {
	if value != "" {
		w.words = append(w.words, name+"："+value)
	}
}

// id adds a thing by its name.
func (w *filterWords) id(thing filterThing, id core.ID) {
	if id == 0 || w.err != nil {
		return
	}
	var name string
	name, w.err = w.name(thing, id)
	w.add(thing.label, name)
}

// keyword tells of a text, which may be a name, only that there was one.
func (w *filterWords) keyword(text string) {
	if text != "" {
		w.words = append(w.words, fmt.Sprintf("关键词 %d 个字", len([]rune(text))))
	}
}

// all joins them; nothing is what no filter means.
func (w *filterWords) all(nothing string) (string, error) {
	if len(w.words) == 0 {
		return nothing, w.err
	}
	return strings.Join(w.words, "，"), w.err
}

// filterThing is a kind of thing that filters name by id: what it is called, and where
// its name is found. The values below are all there are, so that no word of a page can
// miss one.
type filterThing struct {
	label string
	query string
	words func(s *Store, ctx context.Context, id core.ID, name string) (string, error) // nil = the name itself
}

var (
	filterReader = filterThing{label: "门禁读头", query: "SELECT name FROM reader WHERE id = ?"}
	filterPost   = filterThing{label: "门岗", query: "SELECT name FROM guard_post WHERE id = ?"}
	filterHouse  = filterThing{label: "房屋", query: "SELECT label AS name FROM house WHERE id = ?"}
	filterNode   = filterThing{
		label: "楼栋", query: "SELECT path AS name FROM building_node WHERE id = ?",
		words: func(s *Store, ctx context.Context, _ core.ID, path string) (string, error) {
			return s.nodeLabel(ctx, path)
		},
	}
	filterPerson = filterThing{
		label: "住户", query: "SELECT name FROM resident WHERE person_id = ?",
		words: func(_ *Store, _ context.Context, id core.ID, name string) (string, error) {
			return core.MaskName(name) + "（" + id.String() + "）", nil
		},
	}
)

// filterName is a thing's name; its number where it is gone or out of scope.
func (s *Store) filterName(ctx context.Context, scope core.Scope, thing filterThing, id core.ID) (string, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var names []string
	query := thing.query + " AND " + where + " ORDER BY id LIMIT 1"
	err := s.db.All(ctx, &names, query, append([]any{int64(id)}, args...)...)
	switch {
	case err != nil || len(names) == 0:
		return id.String(), database.Wrap("name what a filter tells", err)
	case thing.words != nil:
		return thing.words(s, ctx, id, names[0])
	}
	return names[0], nil
}

// nodeLabel gives the names along a node's path, top first.
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

// maskedAnew is what the audit log keeps of a private number that was old and is now:
// masked, and with a word where the change is in what the mask hides.
func maskedAnew(old, now string, mask func(string) string) string {
	masked := mask(now)
	if old != now && mask(old) == masked {
		masked += "（已更换）"
	}
	return masked
}
