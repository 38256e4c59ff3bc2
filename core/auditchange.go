package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// AuditChange is one thing that an act found and left. Changed reports that the
// two differ; Added and Removed name the difference of two lists.
type AuditChange struct {
	Label          string
	Before, After  string
	Changed        bool
	Added, Removed []string
}

// AuditField is a field of what a feature's acts keep in the audit log: its words, and
// those of its values. A feature's fields are declared beside its type.
type AuditField struct {
	Key   string              // in the JSON
	Label string              // Chinese
	Value func(string) string // the words of a value; nil = as it is
	List  bool                // several values: a JSON list, or a text with commas
}

// labelOf makes the words of a kind of value those of an AuditField.
func labelOf[T ~string](words func(T) string) func(string) string {
	return func(v string) string { return words(T(v)) }
}

// keywordField is of an export's filter: a text, which may be a name, is not kept.
var keywordField = AuditField{Key: "keyword", Label: "关键词字数"}

// allField is of an export without a filter.
var allField = AuditField{Key: "all", Label: "不限条件"}

// KnownAuditField reports whether a JSON field that a feature's acts keep has words.
func KnownAuditField(stem, key string) bool {
	f, _ := FeatureOf(stem)
	return slices.ContainsFunc(f.Fields, func(f AuditField) bool { return f.Key == key })
}

// Changes gives what the act found and left, field by field. What is no JSON
// object, and what was too long to be kept whole, is one change without a label.
func (r AuditRecord) Changes() []AuditChange {
	before, first := auditObject(r.Before)
	after, second := auditObject(r.After)
	if !first || !second {
		return []AuditChange{{Before: r.Before, After: r.After, Changed: r.Before != "" && r.After != "" && r.Before != r.After}}
	}
	feature, _ := FeatureOf(StemOf(r.Action))
	var changes []AuditChange
	for _, f := range auditOrder(feature.Fields, before, after) {
		x, y := before[f.Key], after[f.Key]
		change := AuditChange{Label: f.Label, Before: f.words(x), After: f.words(y)}
		// Of an act that made or removed a thing, nothing changed: it is all new or gone.
		change.Changed = r.Before != "" && r.After != "" && change.Before != change.After
		if f.List && change.Changed {
			change.Added, change.Removed = f.without(y, x), f.without(x, y)
		}
		if change.Before != "" || change.After != "" {
			changes = append(changes, change)
		}
	}
	return changes
}

// communitiesLabel is of the one field whose values are kept as ids.
const communitiesLabel = "小区"

// NamedChanges is Changes with the names of communities in the place of the ids that
// accounts and observers are kept with.
func (r AuditRecord) NamedChanges(communities map[ID]string) []AuditChange {
	changes := r.Changes()
	at := slices.IndexFunc(changes, func(c AuditChange) bool { return c.Label == communitiesLabel })
	if at < 0 {
		return changes
	}
	var pairs []string
	for id, name := range communities {
		pairs = append(pairs, id.String(), name)
	}
	names := strings.NewReplacer(pairs...)
	c := &changes[at]
	c.Before, c.After = names.Replace(c.Before), names.Replace(c.After)
	for _, list := range [][]string{c.Added, c.Removed} {
		for i := range list {
			list[i] = names.Replace(list[i])
		}
	}
	return changes
}

// auditObject reads a text of the log; nothing is an object without fields.
func auditObject(text string) (map[string]any, bool) {
	if text == "" {
		return nil, true
	}
	var object map[string]any
	err := json.Unmarshal([]byte(text), &object)
	return object, err == nil
}

// auditOrder returns the fields of two objects: the known ones, then others.
func auditOrder(known []AuditField, before, after map[string]any) []AuditField {
	var fields []AuditField
	var unknown []string
	has := func(key string) bool {
		_, first := before[key]
		_, second := after[key]
		return first || second
	}
	for _, f := range known {
		if has(f.Key) {
			fields = append(fields, f)
		}
	}
	for _, object := range []map[string]any{before, after} {
		for key := range object {
			listed := slices.ContainsFunc(known, func(f AuditField) bool { return f.Key == key })
			if !listed && !slices.Contains(unknown, key) {
				unknown = append(unknown, key)
			}
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		fields = append(fields, AuditField{Key: key, Label: key})
	}
	return fields
}

// words gives a value for people.
func (f AuditField) words(value any) string {
	if f.List {
		return strings.Join(f.items(value), "、")
	}
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "是"
		}
		return "否"
	case string:
		return f.word(v)
	}
	return fmt.Sprint(value)
}

func (f AuditField) word(text string) string {
	if f.Value == nil || text == "" {
		return text
	}
	if words := f.Value(text); words != "" {
		return words
	}
	return text
}

// items reads a list: a JSON list, or one text with commas.
func (f AuditField) items(value any) []string {
	var items []string
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			items = append(items, f.word(fmt.Sprint(item)))
		}
	case string:
		for item := range strings.SplitSeq(v, ",") {
			if item != "" {
				items = append(items, f.word(item))
			}
		}
	}
	return items
}

// without gives the items of one list that another lacks.
func (f AuditField) without(list, other any) []string {
	lacking := f.items(other)
	return slices.DeleteFunc(f.items(list), func(item string) bool { return slices.Contains(lacking, item) })
}

// auditLines writes changes as two texts, for a cell each: of a change of some
// fields only those.
func auditLines(changes []AuditChange) (before, after string) {
	anyChanged := slices.ContainsFunc(changes, func(c AuditChange) bool { return c.Changed })
	var old, now []string
	for _, c := range changes {
		if anyChanged && !c.Changed {
			continue
		}
		label := c.Label
		if label != "" {
			label += "："
		}
		if c.Before != "" {
			old = append(old, label+c.Before)
		}
		if c.After != "" {
			now = append(now, label+c.After)
		}
	}
	return strings.Join(old, "；"), strings.Join(now, "；")
}
