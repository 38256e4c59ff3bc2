package frame

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/templates"
)

const (
	newFormFields = 2        // empty lines for fields that the office adds
	removeField   = "remove" // in place of a FormUse: the added field is deleted
	fieldPrefix   = "use_"   // of the name that every line of a design has
)

// DesignSections returns the sections by which an office arranges a form: a line for each field, and some for new ones.
func DesignSections(title, help string, d core.FormDesign, bases []core.FormBase) []templates.Section {
	sections := []templates.Section{{Title: title, Help: help}}
	for i, f := range d {
		fixed := slices.ContainsFunc(bases, func(b core.FormBase) bool { return b.Key == f.Key && b.Fixed })
		line := templates.Section{Line: true, Title: f.Label, Fields: []templates.Field{orderField(f.Key, strconv.Itoa(i+1))}}
		switch {
		case f.Added():
			line.Fields = append(line.Fields, addedFields(f.Key, f)...)
		case fixed:
			line.Fields = append(line.Fields,
				templates.Field{Kind: templates.Hidden, Name: fieldPrefix + f.Key, Value: string(core.FormRequired)},
				templates.Field{Kind: templates.Static, Name: "fixed_" + f.Key, Label: "填写", Value: "必填，不能修改"})
		default:
			line.Fields = append(line.Fields, templates.Field{
				Kind: templates.Select, Name: fieldPrefix + f.Key, Label: "填写", Value: string(f.Use),
				Choices: templates.ChoicesOf("", core.FormUses(), core.FormUse.Label),
			})
		}
		sections = append(sections, line)
	}
	for i := range newFormFields {
		key := "new" + strconv.Itoa(i+1)
		empty := addedFields(key, core.FormField{Kind: core.FormText, Use: core.FormOptional})
		fields := append([]templates.Field{orderField(key, "")}, empty...)
		sections = append(sections, templates.Section{Line: true, Title: "添加一项", Fields: fields})
	}
	return sections
}

func orderField(key, value string) templates.Field {
	return templates.Field{Kind: templates.Number, Name: "order_" + key, Label: "顺序", Value: value, Min: "1", Max: "99", Short: true}
}

// addedFields returns the inputs of a field that the office adds, or has added.
func addedFields(key string, f core.FormField) []templates.Field {
	uses := templates.ChoicesOf("", core.FormUses(), core.FormUse.Label)
	if f.Added() {
		uses = append(uses, templates.Choice{Value: removeField, Label: "删除"})
	}
	return []templates.Field{
		{Name: "label_" + key, Label: "名称", Value: f.Label, MaxLength: core.MaxFormLabel, Autocomplete: "off"},
		{
			Kind: templates.Select, Name: "kind_" + key, Label: "方式", Value: string(f.Kind),
			Choices: templates.ChoicesOf("", core.FormKinds(), core.FormKind.Label),
		},
		{
			Name: "choices_" + key, Label: "单选的选项", Value: strings.Join(f.Choices, "、"), Wide: true, Autocomplete: "off",
			MaxLength: core.MaxFormChoices * (core.MaxFormLabel + 1), Placeholder: "上午、下午、晚上",
		},
		{Kind: templates.Select, Name: fieldPrefix + key, Label: "填写", Value: string(f.Use), Choices: uses},
	}
}

// designLine is a posted line of a design.
type designLine struct {
	field core.FormField
	order float64
}

// PostedDesign reads what DesignSections sent about a design. rename returns messages by the names of its inputs, if they
// are by the fields of the result.
func PostedDesign(form url.Values, was core.FormDesign) (d core.FormDesign, rename func(map[string]string) map[string]string) {
	var lines []designLine
	for i, f := range was {
		if line, kept := postedLine(form, f.Key, f, i); kept {
			lines = append(lines, line)
		}
	}
	keys := map[string]string{} // of the inputs, by key of the result
	grown := was                // with what was added, so that each has a key of its own
	for i := range newFormFields {
		name := "new" + strconv.Itoa(i+1)
		line, kept := postedLine(form, name, core.FormField{Key: "x0"}, len(was)+i)
		if !kept || line.field.Label == "" && len(line.field.Choices) == 0 {
			continue
		}
		grown = grown.Add(line.field)
		line.field = grown[len(grown)-1]
		keys[line.field.Key] = name
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b designLine) int { return cmp.Compare(a.order, b.order) })
	for _, line := range lines {
		d = append(d, line.field)
	}
	return d, func(wrong map[string]string) map[string]string {
		named := map[string]string{}
		for field, message := range wrong {
			input, key, _ := strings.Cut(field, "_")
			if name := keys[key]; name != "" {
				field = input + "_" + name
			}
			named[field] = message
		}
		return named
	}
}

// postedLine reads one line; kept is false if the field is to be deleted, or was not sent. Who is given the place of
// another field comes before it if it moved up, and after it if it moved down.
func postedLine(form url.Values, name string, f core.FormField, at int) (line designLine, kept bool) {
	use := form.Get(fieldPrefix + name)
	if !form.Has(fieldPrefix+name) || use == removeField && f.Added() {
		return line, false
	}
	f.Use = core.FormUse(use)
	if f.Added() {
		f.Label, f.Kind = core.Clean(form.Get("label_"+name)), core.FormKind(form.Get("kind_"+name))
		f.Choices = strings.FieldsFunc(form.Get("choices_"+name), func(r rune) bool { return strings.ContainsRune("、,，;；\n", r) })
	}
	line = designLine{field: f, order: float64(at + 1)}
	if order, err := strconv.Atoi(strings.TrimSpace(form.Get("order_" + name))); err == nil && order != at+1 {
		line.order = float64(order) + 0.5
		if order < at+1 {
			line.order = float64(order) - 0.5
		}
	}
	return line, true
}
