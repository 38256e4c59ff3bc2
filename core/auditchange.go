package core

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// AuditChange is the value of one field before and after an act. Changed reports whether they
// differ; Added and Removed hold the difference of two lists.
type AuditChange struct {
	Label          string
	Before, After  string
	Changed        bool
	Added, Removed []string
}

// AuditField is a field that a feature's acts record in the audit log, with the labels of its
// values. A feature's fields are declared next to its type.
type AuditField struct {
	Key   string              // in the JSON
	Label string              // Chinese
	Value func(string) string // the label of a value; nil = shown as it is
	List  bool                // several values: a JSON list, or a text separated by commas
}

// labelOf adapts the label function of a kind of value to AuditField.Value.
func labelOf[T ~string](words func(T) string) func(string) string {
	return func(v string) string { return words(T(v)) }
}

// nameOf returns the name of a value. It finds the method by the type parameter, because an initial
// value that refers to Permission.Name itself would depend on Features, which depends on it.
func nameOf[T interface {
	~string
	Name() string
}](v string) string {
	return T(v).Name()
}

// keywordField is for the filter of an export: the keyword may be a name, so only its presence is
// recorded.
var keywordField = AuditField{Key: "keyword", Label: "关键词字数"}

// allField is for an export without a filter.
var allField = AuditField{Key: "all", Label: "不限条件"}

// KnownAuditField reports whether the feature declares the JSON field.
func KnownAuditField(stem, key string) bool {
	f, _ := FeatureOf(stem)
	return slices.ContainsFunc(f.Fields, func(f AuditField) bool { return f.Key == key })
}

// FieldLabel returns the Chinese label of a field of a feature's forms, which has the name under which the
// audit log records it; "" = it has none.
func FieldLabel(stem, key string) string {
	f, _ := FeatureOf(stem)
	for _, field := range f.Fields {
		if field.Key == key {
			return field.Label
		}
	}
	return ""
}

// AuditDetail is what the texts of an audit record say.
type AuditDetail struct {
	Changes []AuditChange // field by field
	Batch   ID            // that the act wrote, or is about; 0 = none
}

// Changes returns the values before and after the act, field by field. Text that is not a JSON
// object, or that was too long to be stored whole, is returned as one change without a label.
func (r AuditRecord) Changes() []AuditChange { return r.Detail().Changes }

// Detail returns Changes and Batch together: the texts are parsed once.
func (r AuditRecord) Detail() AuditDetail {
	before, first := auditObject(r.Before)
	after, second := auditObject(r.After)
	if !first || !second {
		return AuditDetail{
			Changes: []AuditChange{{Before: r.Before, After: r.After, Changed: r.Before != "" && r.After != "" && r.Before != r.After}},
			Batch:   r.Batch(),
		}
	}
	return AuditDetail{Changes: r.changes(before, after), Batch: r.batchOf(after, before)}
}

func (r AuditRecord) changes(before, after map[string]any) []AuditChange {
	feature, _ := FeatureOf(StemOf(r.Action))
	var changes []AuditChange
	for _, f := range auditOrder(feature.Fields, before, after) {
		if f.Key == batchField.Key { // leads to the batch, see AuditDetail.Batch
			continue
		}
		x, y := before[f.Key], after[f.Key]
		change := AuditChange{Label: f.Label, Before: f.words(x), After: f.words(y)}
		// An act that created or removed a thing changed nothing: all fields are new or gone.
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

// communitiesLabel is the label of the one field whose values are ids.
const communitiesLabel = "小区"

// NamedChanges returns Changes with the ids of communities, as recorded for accounts and observers,
// replaced by their names.
func (r AuditRecord) NamedChanges(communities map[ID]string) []AuditChange {
	return namedChanges(r.Changes(), communities)
}

// Named returns d with the ids of communities replaced as NamedChanges does.
func (d AuditDetail) Named(communities map[ID]string) AuditDetail {
	d.Changes = namedChanges(d.Changes, communities)
	return d
}

func namedChanges(changes []AuditChange, communities map[ID]string) []AuditChange {
	at := slices.IndexFunc(changes, func(c AuditChange) bool { return c.Label == communitiesLabel })
	if at < 0 {
		return changes
	}
	named := func(text string) string {
		return number.ReplaceAllStringFunc(text, func(id string) string {
			n, _ := ParseID(id)
			return cmp.Or(communities[n], id)
		})
	}
	c := &changes[at]
	c.Before, c.After = named(c.Before), named(c.After)
	for _, list := range [][]string{c.Added, c.Removed} {
		for i := range list {
			list[i] = named(list[i])
		}
	}
	return changes
}

// number is an id within a text.
var number = regexp.MustCompile(`[0-9]+`)

// auditObject parses a text of the log; an empty text is an object without fields.
func auditObject(text string) (map[string]any, bool) {
	if text == "" {
		return nil, true
	}
	var object map[string]any
	numbers := json.NewDecoder(strings.NewReader(text))
	numbers.UseNumber() // as floats, large ones are shown with exponents
	err := numbers.Decode(&object)
	return object, err == nil && !numbers.More()
}

// auditOrder returns the fields of two objects: the declared ones first, then others.
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

// words formats a value for people.
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
	return f.word(fmt.Sprint(value))
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

// items reads a list: a JSON list, or a text separated by commas.
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

// without returns the items of list that other lacks.
func (f AuditField) without(list, other any) []string {
	lacking := f.items(other)
	return slices.DeleteFunc(f.items(list), func(item string) bool { return slices.Contains(lacking, item) })
}

// auditLines formats changes as two texts, one for each cell: if some fields changed, only those.
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
