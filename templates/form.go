package templates

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Kind is how a field is asked for.
type Kind string

// The kinds of field. Text is the zero value.
const (
	Text      Kind = ""
	Password  Kind = "password"
	Number    Kind = "number"
	Telephone Kind = "tel" // digits on a phone's keyboard
	Date      Kind = "date"
	Time      Kind = "time"
	Textarea  Kind = "textarea"
	Select    Kind = "select"
	Radio     Kind = "radio"
	Checks    Kind = "checks" // any number of Choices, in Values
	Switch    Kind = "switch" // sends "1" when on
	Hidden    Kind = "hidden"
	Upload    Kind = "file"   // one file; Value names the one that came before, which must be chosen again
	Static    Kind = "static" // shown, never sent
)

// Field is one thing a form asks for; partial "field" draws it with its label,
// help and message. Values are what came in, as text, so that a form shown again
// loses nothing.
type Field struct {
	Kind     Kind
	Name     string // of the form value
	Label    string
	Help     string
	Error    string // a message for this field; draws it as wrong
	Value    string
	Values   []string // Checks: the ticked ones
	Choices  []Choice // Select, Radio, Checks
	Required bool
	Disabled bool
	Focus    bool // the first to be filled in; a field with an error takes it instead

	Placeholder  string
	Autocomplete string   // "off", "username", "current-password", …
	Unit         string   // behind the input: "次", "天"
	Min, Max     string   // Number, Date, Time
	Step         string   // Number: "any" for fractions
	MaxLength    int      // in UTF-16 units, as browsers count
	Rows         int      // Textarea; 4 if zero
	Short        bool     // an input as wide as a figure or a code
	Wide         bool     // takes the whole row of a form in two columns; Textarea and Checks do anyway
	Accept       []string // Upload: endings of the files it takes: ".csv"
	Most         int64    // Upload: the largest file in bytes
	Prefix       string   // of the input's id, where another form of the page asks by the same name
	// a text's choices while it is typed: address that gets the text, and the form's community, and answers with options
	Suggest  string
	Picks    string   // Suggest: the hidden field with the id of what the text names; typing empties it
	Offers   []Action // what a text may mean that does not mean one thing, to choose from
	Standing bool     // a filter of whose list this is, such as the community: what it leaves out is not filtered out
	Enter    string   // the value of the form's button that Enter presses in this field; "" = the first one
	Presets  string   // Select: another choice ticks its Ticks among the boxes of this name, and no others
	Whole    bool     // a filter that more than the list hangs on: another choice loads the whole page, without the hidden filters
	compact  bool     // in a filter row: no help, small
}

// Choice is one of a field's choices.
type Choice struct {
	Value    string
	Label    string
	Help     string
	Disabled bool
	Ticks    []string // with Presets

	// Checks: how far below another choice it stands, the last one before it that is
	// less far, and its name there. Boxes with depths are drawn as a tree.
	Depth int
	Name  string
}

// Branch is a choice of a tree of boxes with those below it.
type Branch struct {
	Field  string // the boxes' name
	Choice Choice
	Ticked bool
	Wrong  bool
	Shut   bool // cannot be ticked
	Below  []Branch
	Chosen int // ticked boxes below it
}

// Branches are the boxes of a field as a tree; nil where no choice stands below another.
func (f Field) Branches() []Branch {
	if !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Depth > 0 }) {
		return nil
	}
	branches, _ := f.branches(f.Choices, 0)
	return branches
}

// branches gives the choices of one depth, and how many of the choices they took.
func (f Field) branches(choices []Choice, depth int) (branches []Branch, taken int) {
	for taken < len(choices) && choices[taken].Depth >= depth {
		c := choices[taken]
		branch := Branch{Field: f.Name, Choice: c, Ticked: f.Chosen(c.Value), Wrong: f.Error != "", Shut: f.Disabled || c.Disabled}
		below, n := f.branches(choices[taken+1:], depth+1)
		for _, b := range below {
			if branch.Chosen += b.Chosen; b.Ticked {
				branch.Chosen++
			}
		}
		branch.Below = below
		branches, taken = append(branches, branch), taken+1+n
	}
	return branches, taken
}

// ID is the input's id in the page.
func (f Field) ID() string { return "f-" + f.Prefix + f.Name }

// Compact reports a field drawn small, in a row of filters.
func (f Field) Compact() bool { return f.compact }

// Lines is the height of a Textarea.
func (f Field) Lines() int {
	if f.Rows == 0 {
		return 4
	}
	return f.Rows
}

// Chosen reports that value is the field's, or among its values.
func (f Field) Chosen(value string) bool {
	if f.Kind == Checks {
		return slices.Contains(f.Values, value)
	}
	return f.Value == value
}

// On reports a Switch that is on.
func (f Field) On() bool { return f.Value == "1" || f.Value == "true" || f.Value == "on" }

// Described is the aria-describedby of the input: its help and its message.
func (f Field) Described() string {
	var ids string
	if f.Error != "" || f.Kind == Upload { // an upload's message may come before it is sent
		ids = f.ID() + "-error"
	}
	if f.Kind == Upload {
		ids += " " + f.ID() + "-limits"
	}
	if f.Help != "" && !f.compact {
		if ids != "" {
			ids += " "
		}
		ids += f.ID() + "-help"
	}
	return ids
}

// Section is a titled group of a form's fields.
type Section struct {
	Title  string // may be empty in a form of one section
	Help   string
	Fields []Field
}

// Form is a form that posts to Action; partial "form" draws the whole of it. A
// wrong one is shown again with status 422, with Set's values and messages. The
// submit button works once; leaving with unsaved changes asks first.
type Form struct {
	Action   string
	CSRF     string
	Sections []Section
	Error    string // a message for the whole; messages of fields it counts itself
	Notice   string // what to know before sending it, where nothing is wrong: it holds what is not saved
	Submit   string // the button's words; "保存" if empty
	Cancel   string // address to go back to; empty for no such button
	Confirm  string // asks before sending, with this sentence
	Danger   bool   // the button is red
	Preview  string // words of a button that sends act=preview, where scripts are off and cannot show it by themselves
	Seen     string // of an edit: Seen of when what it shows was last changed
	Sign     bool   // a sign-in or another short form: a wide button, no unsaved warning
}

// Field gives the field called name, for a page that draws its form itself:
// {{template "field" (.Form.Field "name")}}.
func (f Form) Field(name string) (Field, error) {
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			if field.Name == name {
				return field, nil
			}
		}
	}
	return Field{}, fmt.Errorf("the form has no field %q", name)
}

// Suggestion is a choice under a field with Suggest.
type Suggestion struct {
	Value string // what the field takes
	Label string // said beside it; "" = nothing
}

// Add appends fields to the last section.
func (f *Form) Add(fields ...Field) {
	last := &f.Sections[len(f.Sections)-1]
	last.Fields = append(last.Fields, fields...)
}

// Change alters the field of a name. It panics if the form has none: the name is a
// slip of the program.
func (f *Form) Change(name string, change func(field *Field)) {
	for s := range f.Sections {
		for i := range f.Sections[s].Fields {
			if f.Sections[s].Fields[i].Name == name {
				change(&f.Sections[s].Fields[i])
				return
			}
		}
	}
	panic(fmt.Sprintf("templates: the form has no field %q", name))
}

// Files reports a form that sends files.
func (f Form) Files() bool {
	return slices.ContainsFunc(f.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Kind == Upload })
	})
}

// Set puts values and messages into the fields, both by field name. Passwords
// and uploads stay empty. Values nil leaves the fields' own.
func (f *Form) Set(values url.Values, messages map[string]string) {
	if values.Has(SeenField) {
		f.Seen = values.Get(SeenField)
	}
	told := map[string]bool{} // fields of one name, as groups of boxes are, have one message
	for s := range f.Sections {
		for i := range f.Sections[s].Fields {
			field := &f.Sections[s].Fields[i]
			field.Error = ""
			if !told[field.Name] {
				field.Error, told[field.Name] = messages[field.Name], true
			}
			field.Focus = field.Focus && len(messages) == 0 // the first wrong field has it
			if values == nil || field.Kind == Static || field.Kind == Password || field.Kind == Upload {
				continue
			}
			field.Value, field.Values = values.Get(field.Name), values[field.Name]
		}
	}
}

// Wrong counts the fields with a message.
func (f Form) Wrong() int {
	n := 0
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			if field.Error != "" {
				n++
			}
		}
	}
	return n
}

// SubmitLabel is the words on the button.
func (f Form) SubmitLabel() string {
	if f.Submit == "" {
		return "保存"
	}
	return f.Submit
}

// Limits says what an Upload takes: "支持 txt、csv 文件，最大 1 MB。".
func (f Field) Limits() string {
	kinds := make([]string, len(f.Accept))
	for i, ending := range f.Accept {
		kinds[i] = strings.TrimPrefix(ending, ".")
	}
	size := strconv.FormatInt((f.Most+1<<10-1)>>10, 10) + " KB"
	if f.Most >= 1<<20 {
		size = strings.TrimSuffix(strconv.FormatFloat(float64(f.Most)/(1<<20), 'f', 1, 64), ".0") + " MB"
	}
	return "支持 " + strings.Join(kinds, "、") + " 文件，最大 " + size + "。"
}

// Accepts is the accept attribute of an Upload.
func (f Field) Accepts() string { return strings.Join(f.Accept, ",") }

// Type is the type attribute of the input.
func (f Field) Type() string {
	switch f.Kind {
	case Text:
		if f.compact && f.Name == "q" {
			return "search"
		}
		return "text"
	case Number:
		return "text" // spinners and the wheel change figures by accident: see InputMode
	}
	return string(f.Kind)
}

// InputMode asks a phone for the right keyboard.
func (f Field) InputMode() string {
	switch f.Kind {
	case Number:
		return "decimal"
	case Telephone:
		return "tel"
	}
	return ""
}

// ChoicesOf returns the choices of a list of values, each with its label. Before them
// stands an empty choice labelled first, unless that is "".
func ChoicesOf[T ~string](first string, list []T, label func(T) string) []Choice {
	choices := make([]Choice, 0, len(list)+1)
	if first != "" {
		choices = append(choices, Choice{Label: first})
	}
	for _, item := range list {
		choices = append(choices, Choice{Value: string(item), Label: label(item)})
	}
	return choices
}
