package templates

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Kind selects a field's control.
type Kind string

// Kinds of field. Text is the zero value.
const (
	Text      Kind = ""
	Password  Kind = "password"
	Number    Kind = "number"
	Telephone Kind = "tel" // numeric keyboard on phones
	Date      Kind = "date"
	Time      Kind = "time"
	Textarea  Kind = "textarea"
	Select    Kind = "select"
	Radio     Kind = "radio"
	Checks    Kind = "checks" // any number of Choices, in Values
	Switch    Kind = "switch" // sends "1" if on
	Hidden    Kind = "hidden"
	Upload    Kind = "file"   // one file; Value is the name of the previous one, which must be chosen again
	Static    Kind = "static" // shown, never sent
)

// Field is one input of a form; partial "field" draws it with its label, help and message. Values
// are the submitted texts, so that a form shown again loses nothing.
type Field struct {
	Kind     Kind
	Name     string // of the form value
	Label    string
	Help     string
	Error    string // a message for this field, which is then marked as invalid
	Value    string
	Values   []string // Checks: the ticked ones
	Choices  []Choice // Select, Radio, Checks
	Required bool
	Disabled bool
	Focus    bool // focused first, unless another field has an error

	Placeholder  string
	Autocomplete string   // "off", "username", "current-password", …
	Unit         string   // after the input: "次", "天"
	Min, Max     string   // Number, Date, Time
	Step         string   // Number: "any" for fractions
	MaxLength    int      // in UTF-16 units, as browsers count
	Rows         int      // Textarea; 4 if zero
	Short        bool     // an input as wide as a number or a code
	Wide         bool     // takes the whole row of a form in two columns, as Textarea and Checks always do
	Accept       []string // Upload: accepted file extensions: ".csv"
	MaxBytes     int64    // of an upload
	Prefix       string   // of the input's id, if another form of the page has a field of the same name
	// URL for suggestions while typing: it gets the text and the form's community, and returns
	// options
	Suggest  string
	Picks    string   // Suggest: the hidden field with the id of the suggestion; typing clears it
	Offers   []Action // the possible meanings of an ambiguous text, to choose from
	Standing bool     // a filter that defines whose list this is, such as the community: it does not count as filtering
	Enter    string   // the value of the form's button that Enter presses in this field; "" = the first button
	Presets  string   // Select: a choice ticks exactly its Ticks among the boxes of this name
	Whole    bool     // a filter that affects more than the list: a choice loads the whole page, without the hidden filters
	Redraw   string   // Select: the URL that a choice sends the form to, with act=RedrawAct, to be drawn again
	Copy     bool     // with a button that copies it, also what is typed
	Make     int      // a text: with a button that fills in so many random letters and digits; 0 = without
	Act      Choice   // a button beside the input that sends its value as act; zero = none
	compact  bool     // in a filter row: small, without help
}

// RedrawAct is the value of "act" in a form that is only to be drawn again, for a field with Redraw.
const RedrawAct = "redraw"

// Choice is one of a field's choices.
type Choice struct {
	Value    string
	Label    string
	Help     string
	Disabled bool
	Ticks    []string // with Presets

	// Checks: the depth in a tree of boxes, below the last choice before it with a smaller depth,
	// and the name within that parent.
	Depth int
	Name  string

	Row, Column string // of a Section drawn as a matrix: the row's label, and which of MatrixColumns
}

// Branch is a box of a tree with those below it.
type Branch struct {
	Field  string // the boxes' name
	Choice Choice
	Ticked bool
	Wrong  bool
	Shut   bool // cannot be ticked
	Below  []Branch
	Chosen int // number of ticked boxes below it
}

// Branches returns the boxes of a field as a tree; nil if no choice has a depth.
func (f Field) Branches() []Branch {
	if !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Depth > 0 }) {
		return nil
	}
	branches, _ := f.branches(f.Choices, 0)
	return branches
}

// branches returns the choices of one depth, and how many choices it consumed.
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

// ID returns the id of the input element.
func (f Field) ID() string { return "f-" + f.Prefix + f.Name }

// Compact reports whether the field is drawn small, in a row of filters.
func (f Field) Compact() bool { return f.compact }

// Lines returns the height of a Textarea in lines.
func (f Field) Lines() int {
	if f.Rows == 0 {
		return 4
	}
	return f.Rows
}

// Chosen reports whether value is the field's value or one of its values.
func (f Field) Chosen(value string) bool {
	if f.Kind == Checks {
		return slices.Contains(f.Values, value)
	}
	return f.Value == value
}

// On reports whether a Switch is on.
func (f Field) On() bool { return f.Value == "1" || f.Value == "true" || f.Value == "on" }

// Described returns the input's aria-describedby: its help and its message.
func (f Field) Described() string {
	var ids string
	if f.Error != "" || f.Kind == Upload { // an upload may get a message before it is submitted
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
	Title  string // may be empty if the form has one section
	Help   string
	Fields []Field
	Matrix bool // fields of Checks are drawn as one table: their choices by Row and Column
	Line   bool // the fields are drawn beside the title, in one line where there is room: one of several such
}

// MoreField is sent by a form's second button, 保存并继续添加.
const MoreField = "more"

// Form is a form that posts to Action; partial "form" draws all of it. An invalid form is shown
// again with status 422, with Set's values and messages. The submit button works once; leaving with
// unsaved changes asks first.
type Form struct {
	Action   string
	CSRF     string
	Sections []Section
	Error    string   // a message for the form as a whole; fields with messages are counted automatically
	Notice   string   // a note on a form without errors: its values are not saved yet
	Submit   string   // the button's label; "保存" if empty
	See      Action   // beside Error: a link to what is in the way; zero = none
	Anyway   Anyway   // beside Error: the act is meant all the same; zero = none
	More     bool     // a second button saves and opens the form for another: it sends MoreField
	Cancel   string   // URL of the cancel button; empty for none
	Ask      bool     // the server asks before it acts, as by Submit
	Danger   bool     // the button is red
	Preview  string   // label of a button that sends act=preview, for browsers without scripts
	Acts     []Choice // further buttons, each sending its value as act
	Seen     string   // of an edit: Seen of the time of the last change shown
	Sign     bool     // a sign-in or another short form: a wide button, no unsaved-changes warning
}

// Anyway is a button that sends the form once more with a name set to 1.
type Anyway struct {
	Name, Label string
}

// Field returns the field called name, for a page that draws its form itself: {{template "field"
// (.Form.Field "name")}}.
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

// Suggestion is a suggested value of a field with Suggest.
type Suggestion struct {
	Value string // the field's value
	Label string // shown beside it; "" = nothing
}

// Add appends fields to the last section.
func (f *Form) Add(fields ...Field) {
	last := &f.Sections[len(f.Sections)-1]
	last.Fields = append(last.Fields, fields...)
}

// Change edits the named field. It panics if the form has no such field: that is a bug.
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

// HasAct reports whether a field has a button of its own, which Enter must not press.
func (f Form) HasAct() bool {
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			if field.Act.Value != "" {
				return true
			}
		}
	}
	return false
}

// Redraw returns the URL to which the choice of a field with Redraw sends the form; "" = no field has it.
func (f Form) Redraw() string {
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			if field.Redraw != "" {
				return field.Redraw
			}
		}
	}
	return ""
}

// Files reports whether the form sends files.
func (f Form) Files() bool {
	return slices.ContainsFunc(f.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Kind == Upload })
	})
}

// Set sets values and messages by field name. Passwords and uploads stay empty. If values is nil,
// the fields keep their own. Messages none of whose fields the form shows are the form's own: nothing is refused without
// a word.
func (f *Form) Set(values url.Values, messages map[string]string) {
	if values.Has(SeenField) {
		f.Seen = values.Get(SeenField)
	}
	told := map[string]bool{} // fields with the same name, as groups of boxes, share one message
	for s := range f.Sections {
		for i := range f.Sections[s].Fields {
			field := &f.Sections[s].Fields[i]
			field.Error = ""
			if !told[field.Name] && field.Kind != Hidden {
				field.Error, told[field.Name] = field.ownLimit(messages[field.Name]), true
			}
			field.Focus = field.Focus && len(messages) == 0 // otherwise the first invalid field has it
			if values == nil || field.Kind == Static || field.Kind == Password || field.Kind == Upload {
				continue
			}
			field.Value, field.Values = values.Get(field.Name), values[field.Name]
		}
	}
	if len(messages) > 0 && f.Error == "" && f.Wrong() == 0 {
		f.Error = strings.Join(slices.Sorted(maps.Values(messages)), "；")
	}
}

// ownLimit returns a message with the field's limit: what reads a form may stop at a wider one, and two limits for one field
// are no limit.
func (f Field) ownLimit(message string) string {
	wide, ok := strings.CutPrefix(message, "最多 ")
	if wide, cut := strings.CutSuffix(wide, " 个字"); ok && cut && f.MaxLength > 0 {
		if n, err := strconv.Atoi(wide); err == nil && n > f.MaxLength {
			return fmt.Sprintf("最多 %d 个字", f.MaxLength)
		}
	}
	return message
}

// Values returns what the form sends as it is drawn. Passwords and files are left out.
func (f Form) Values() url.Values {
	values := url.Values{}
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			switch {
			case field.Disabled || field.Kind == Static || field.Kind == Password || field.Kind == Upload:
			case field.Kind == Checks || len(field.Values) > 0:
				values[field.Name] = append(values[field.Name], field.sent()...)
			case field.Kind != Switch:
				values.Add(field.Name, field.Value)
			case field.On():
				values.Set(field.Name, "1")
			}
		}
	}
	return values
}

// sent returns the values that a browser sends: those of choices that are not disabled.
func (f Field) sent() []string {
	return slices.DeleteFunc(slices.Clone(f.Values), func(value string) bool {
		return slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Disabled && c.Value == value })
	})
}

// Wrong returns how many fields have a message.
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

// SubmitLabel returns the button's label.
func (f Form) SubmitLabel() string {
	if f.Submit == "" {
		return "保存"
	}
	return f.Submit
}

// Limits describes what an Upload accepts: "支持 txt、csv 文件，最大 1 MB。".
func (f Field) Limits() string {
	kinds := make([]string, len(f.Accept))
	for i, ending := range f.Accept {
		kinds[i] = strings.TrimPrefix(ending, ".")
	}
	size := strconv.FormatInt((f.MaxBytes+1<<10-1)>>10, 10) + " KB"
	if f.MaxBytes >= 1<<20 {
		size = strings.TrimSuffix(strconv.FormatFloat(float64(f.MaxBytes)/(1<<20), 'f', 1, 64), ".0") + " MB"
	}
	return "支持 " + strings.Join(kinds, "、") + " 文件，最大 " + size + "。"
}

// Accepts returns the accept attribute of an Upload.
func (f Field) Accepts() string { return strings.Join(f.Accept, ",") }

// Type returns the type attribute of the input.
func (f Field) Type() string {
	switch f.Kind {
	case Text:
		if f.compact && f.Name == "q" {
			return "search"
		}
		return "text"
	case Number:
		return "text" // spinners and the mouse wheel change numbers by accident: see InputMode
	}
	return string(f.Kind)
}

// InputMode returns the keyboard for phones.
func (f Field) InputMode() string {
	switch f.Kind {
	case Number:
		return "decimal"
	case Telephone:
		return "tel"
	}
	return ""
}

// ChoicesOf returns list as choices with their labels, after an empty choice labelled first unless
// that is "".
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
