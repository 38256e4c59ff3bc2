package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FormUse is whether a form asks for a field.
type FormUse string

// The uses.
const (
	FormHidden   FormUse = ""
	FormOptional FormUse = "optional"
	FormRequired FormUse = "required"
)

// FormUses returns all uses, in display order.
func FormUses() []FormUse { return []FormUse{FormRequired, FormOptional, FormHidden} }

// Label returns the use in Chinese.
func (u FormUse) Label() string {
	switch u {
	case FormHidden:
		return "不显示"
	case FormOptional:
		return "选填"
	case FormRequired:
		return "必填"
	}
	return string(u)
}

// FormKind is how an added field is answered.
type FormKind string

// The kinds.
const (
	FormText   FormKind = "text"
	FormNumber FormKind = "number"
	FormDate   FormKind = "date"
	FormChoice FormKind = "choice"
)

// FormKinds returns all kinds, in display order.
func FormKinds() []FormKind { return []FormKind{FormText, FormNumber, FormDate, FormChoice} }

// Label returns the kind in Chinese.
func (k FormKind) Label() string {
	switch k {
	case FormText:
		return "文字"
	case FormNumber:
		return "数字"
	case FormDate:
		return "日期"
	case FormChoice:
		return "单选"
	}
	return string(k)
}

// FormBase is a field that a kind of form has by itself.
type FormBase struct {
	Key, Label string
	Fixed      bool    // always required: the office only moves it
	Use        FormUse // until the office decides otherwise
}

// FormField is a field of a form as an office has arranged it.
type FormField struct {
	Key     string   `json:"key"` // of a FormBase, or of an added field: formAdded and a number
	Label   string   `json:"label,omitempty"`
	Kind    FormKind `json:"kind,omitempty"`    // of an added field
	Choices []string `json:"choices,omitempty"` // of an added FormChoice
	Use     FormUse  `json:"use,omitempty"`
}

// Added reports whether the office added the field.
func (f FormField) Added() bool { return strings.HasPrefix(f.Key, formAdded) }

// FormDesign is a form whose fields an office has arranged 表单设计, in order.
type FormDesign []FormField

// FormAnswer is what somebody wrote into an added field, with the label that it had then.
type FormAnswer struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

const formAdded = "x"

// Bounds of a form.
const (
	MaxFormAdded   = 10 // added fields
	MaxFormLabel   = 20
	MaxFormAnswer  = 200
	MaxFormChoices = 20
	MaxFormNumber  = 12 // characters of a number
)

// NewForm returns the form of some bases until an office arranges it.
func NewForm(bases []FormBase) FormDesign {
	return FormDesign(nil).Over(bases)
}

// Over returns the design over the bases that the program has now: one that it does not know is dropped, one that it
// lacks comes last, as it is by default, and a fixed one is required.
func (d FormDesign) Over(bases []FormBase) FormDesign {
	var whole FormDesign
	for _, f := range d {
		if f.Added() {
			whole = append(whole, f)
			continue
		}
		if at := slices.IndexFunc(bases, func(b FormBase) bool { return b.Key == f.Key }); at >= 0 {
			whole = append(whole, baseField(bases[at], f.Use))
		}
	}
	for _, b := range bases {
		if _, ok := whole.find(b.Key); !ok {
			whole = append(whole, baseField(b, b.Use))
		}
	}
	return whole
}

func baseField(b FormBase, use FormUse) FormField {
	if b.Fixed {
		use = FormRequired
	}
	return FormField{Key: b.Key, Label: b.Label, Use: use}
}

func (d FormDesign) find(key string) (FormField, bool) {
	at := slices.IndexFunc(d, func(f FormField) bool { return f.Key == key })
	if at < 0 {
		return FormField{}, false
	}
	return d[at], true
}

// Equal reports whether both ask for the same in the same order.
func (d FormDesign) Equal(other FormDesign) bool {
	return slices.EqualFunc(d, other, func(a, b FormField) bool {
		return a.Key == b.Key && a.Label == b.Label && a.Kind == b.Kind && a.Use == b.Use && slices.Equal(a.Choices, b.Choices)
	})
}

// Use returns whether the form asks for a field; one that it does not have is hidden.
func (d FormDesign) Use(key string) FormUse {
	f, _ := d.find(key)
	return f.Use
}

// Shown returns the fields that the form asks for.
func (d FormDesign) Shown() FormDesign {
	return slices.DeleteFunc(slices.Clone(d), func(f FormField) bool { return f.Use == FormHidden })
}

// Add returns the form with a further field at the end, under a key that no other field has.
func (d FormDesign) Add(f FormField) FormDesign {
	n := 1
	for _, other := range d {
		if other.Added() {
			if i, err := strconv.Atoi(strings.TrimPrefix(other.Key, formAdded)); err == nil && i >= n {
				n = i + 1
			}
		}
	}
	f.Key = formAdded + strconv.Itoa(n)
	return append(slices.Clone(d), f)
}

// Normalized returns the form with its texts in their stored form, and what is wrong by field, whose names are
// label, kind, choices or use and the field's key: label_x1.
func (d FormDesign) Normalized(bases []FormBase) (FormDesign, map[string]string) {
	fields := map[string]string{}
	labels := map[string]bool{}
	for _, b := range bases {
		labels[b.Label] = true
	}
	whole := d.Over(bases)
	added := 0
	for i, f := range whole {
		if !slices.Contains(FormUses(), f.Use) {
			fields["use_"+f.Key] = "请选择是否填写"
		}
		if !f.Added() {
			continue
		}
		added++
		f.Label = Clean(f.Label)
		for name, message := range f.check(labels) {
			fields[name+"_"+f.Key] = message
		}
		labels[f.Label] = true
		f.Choices = f.choices()
		whole[i] = f
	}
	if added > MaxFormAdded {
		fields["form"] = fmt.Sprintf("最多添加 %d 项", MaxFormAdded)
	}
	return whole, fields
}

// check returns what is wrong with an added field, by name. labels are those of the fields before it.
func (f FormField) check(labels map[string]bool) map[string]string {
	fields := map[string]string{}
	switch n := utf8.RuneCountInString(f.Label); {
	case n == 0:
		fields["label"] = "请填写名称"
	case n > MaxFormLabel:
		fields["label"] = fmt.Sprintf("最多 %d 个字", MaxFormLabel)
	case labels[f.Label]:
		fields["label"] = "已有同名的一项"
	}
	if !slices.Contains(FormKinds(), f.Kind) {
		fields["kind"] = "请选择填写方式"
	}
	if f.Kind == FormChoice {
		if message := checkChoices(f.choices()); message != "" {
			fields["choices"] = message
		}
	}
	return fields
}

// choices returns the choices in their stored form.
func (f FormField) choices() []string {
	if f.Kind != FormChoice {
		return nil
	}
	var choices []string
	for _, c := range f.Choices {
		if c = Clean(c); c != "" && !slices.Contains(choices, c) {
			choices = append(choices, c)
		}
	}
	return choices
}

func checkChoices(choices []string) string {
	switch {
	case len(choices) < 2:
		return "请填写至少两个选项，用顿号或逗号分开"
	case len(choices) > MaxFormChoices:
		return fmt.Sprintf("最多 %d 个选项", MaxFormChoices)
	case slices.ContainsFunc(choices, func(c string) bool { return utf8.RuneCountInString(c) > MaxFormLabel }):
		return fmt.Sprintf("每个选项最多 %d 个字", MaxFormLabel)
	}
	return ""
}

// Judge returns what is wrong with the answers by key, and those to added fields in the form's order. An answer to a
// base is only looked at for whether it is there: its rule is its owner's. An answer to what the form does not ask for
// is wrong: the sender has another form than the office.
func (d FormDesign) Judge(given map[string]string) ([]FormAnswer, map[string]string) {
	wrong := map[string]string{}
	var answers []FormAnswer
	for key, value := range given {
		if d.Use(key) == FormHidden && Clean(value) != "" {
			wrong[key] = "本小区的表单没有这一项"
		}
	}
	for _, f := range d.Shown() {
		value := Clean(given[f.Key])
		switch {
		case value == "" && f.Use == FormRequired:
			wrong[f.Key] = f.missing()
		case value == "" || !f.Added():
		default:
			if message := f.checkAnswer(value); message != "" {
				wrong[f.Key] = message
			}
			answers = append(answers, FormAnswer{f.Label, value})
		}
	}
	return answers, wrong
}

func (f FormField) missing() string {
	if f.Kind == FormChoice || f.Kind == FormDate {
		return "请选择" + f.Label
	}
	return "请填写" + f.Label
}

func (f FormField) checkAnswer(value string) string {
	switch f.Kind {
	case FormNumber:
		if _, err := strconv.ParseFloat(value, 64); err != nil || len(value) > MaxFormNumber || strings.ContainsAny(value, "xXpPnN_") {
			return "请填写数字"
		}
	case FormDate:
		if _, err := ParseDay(value); err != nil {
			return MessageOf(err)
		}
	case FormChoice:
		if !slices.Contains(f.Choices, value) {
			return "请从选项中选择"
		}
	case FormText:
		if utf8.RuneCountInString(value) > MaxFormAnswer {
			return fmt.Sprintf("最多 %d 个字", MaxFormAnswer)
		}
	}
	return ""
}

// Text returns what the form asks for, in one line.
func (d FormDesign) Text() string {
	shown := d.Shown()
	words := make([]string, len(shown))
	for i, f := range shown {
		words[i] = f.Label + "（" + f.Use.Label() + "）"
	}
	return strings.Join(words, "、")
}
