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
	name  func(kind string, id core.ID) (string, error)
	err   error // of the first name that could not be read
}

// filterWords names what a filter tells by id, where it is in scope.
func (s *Store) filterWords(ctx context.Context, scope core.Scope) *filterWords {
	return &filterWords{name: func(kind string, id core.ID) (string, error) { return s.filterName(ctx, scope, kind, id) }}
}

func (w *filterWords) add(name, value string) {
	if value != "" {
		w.words = append(w.words, name+"："+value)
	}
}

// id adds a thing by its name; kind is of filterNames.
func (w *filterWords) id(kind string, id core.ID) {
	if id == 0 || w.err != nil {
		return
	}
	var name string
	name, w.err = w.name(kind, id)
	w.add(kind, name)
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

// filterNames are where the names of what filters tell by id stand.
var filterNames = map[string]string{
	"门禁": "SELECT name FROM reader WHERE id = ?", "门岗": "SELECT name FROM guard_post WHERE id = ?",
	"房屋": "SELECT label AS name FROM house WHERE id = ?",
	"楼栋": "SELECT path AS name FROM building_node WHERE id = ?", "住户": "SELECT name FROM resident WHERE person_id = ?",
}

// filterName is a thing's name; its number where it is gone or out of scope.
func (s *Store) filterName(ctx context.Context, scope core.Scope, kind string, id core.ID) (string, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var names []string
	err := s.db.All(ctx, &names, filterNames[kind]+" AND "+where+" ORDER BY id LIMIT 1", append([]any{int64(id)}, args...)...)
	if err != nil || len(names) == 0 {
		return id.String(), database.Wrap("name what a filter tells", err)
	}
	switch kind {
	case "住户":
		return core.MaskName(names[0]) + "（" + id.String() + "）", nil
	case "楼栋":
		return s.nodeLabel(ctx, names[0])
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
