package templates

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ConfirmPage is the page "console/confirm/show".
type ConfirmPage struct {
	Shell
	Confirm Confirm
}

// PhoneConfirmPage is the page "h5/confirm/show".
type PhoneConfirmPage struct {
	Phone
	Confirm Confirm
}

// Confirm is the question before an act that is hard to undo, as a page of its own or, with
// scripts, as a dialog with the same text. Its form posts to Action with "confirmed=1" and the
// values of Keep.
type Confirm struct {
	Title   string   // "停用门禁"
	Text    string   // what will happen: "停用后，3 个门的扫码都会被拒绝。"
	Effects []string // one per line: what exactly is affected
	All     *Action  // leads to all of what Effects names a part of; nil = it names all
	Action  string
	CSRF    string
	Keep    url.Values // sent along: the ticked ids, the form's values
	Submit  string     // names the act: "停用 3 个门禁"; "" = nothing can be done, and Cancel leads back
	Cancel  string
	Danger  bool
	// Download means that the response is a file, so that this page stays.
	Download bool

	// Typed is what must be typed before a level 2 act: the name or the number of what it affects;
	// "" = nothing. Purpose asks what the act is for. Wrong are the messages of Check.
	Typed   string
	Purpose bool
	Reasons []string // a reason is asked for: one of these, or in other words; nil = none is
	Told    string   // who reads the reason; "" = the applicant is told
	Most    int      // limits the reason, in characters; 0 = MaxReason
	Note    bool     // there is a field for a note, which may be left empty
	Choices []Choice // one of them must be chosen; nil = there is no choice
	Choose  string   // labels Choices
	Wrong   map[string]string
	Answers url.Values // as sent, if shown again
	Notice  string     // above the question: why it is shown again; "" = nothing
	Edit    bool       // a button sends EditField: the form that the question follows is shown again, filled in
}

// Fields of a question of level 2.
const (
	TypedField   = "typed"
	PurposeField = "purpose"
)

// Fields of a question with Reasons.
const (
	PresetField = "preset"
	ReasonField = "reason"
)

// NoteField is the field of a question with Note.
const NoteField = "note"

// ChoiceField is the field of a question with Choices.
const ChoiceField = "choice"

// MaxReason limits a reason, or a note, in characters.
const MaxReason = 200

// Reason returns the reason that answers a question with Reasons.
func (c Confirm) Reason(values url.Values) string {
	return strings.TrimSpace(cmp.Or(values.Get(ReasonField), values.Get(PresetField)))
}

// CancelLabel labels what leads back without the act. Beside an act that cancels something it must not read the same.
func (c Confirm) CancelLabel() string {
	if c.Submit == "" || strings.HasPrefix(c.Submit, "取消") {
		return "返回"
	}
	return "取消"
}

func (c Confirm) maxReason() int { return cmp.Or(c.Most, MaxReason) }

// EditField is set by who wants to change what a question is about.
const EditField = "edit_again"

// AnswerFields are the fields that a question's form has besides those that it keeps.
var AnswerFields = []string{"csrf", "confirmed", TypedField, PurposeField, PresetField, ReasonField, NoteField, ChoiceField, EditField}

// answered reports whether a field is the question's own. A form whose act is asked about may have a reason or a note, too.
func (c Confirm) answered(name string) bool {
	switch name {
	case PresetField, ReasonField:
		return c.Reasons != nil
	case NoteField:
		return c.Note
	case ChoiceField:
		return c.Choices != nil
	}
	return slices.Contains(AnswerFields, name)
}

// MaxPurpose limits a purpose, in characters.
const MaxPurpose = 100

// Check reports whether a posted question is answered, and keeps what is wrong.
func (c *Confirm) Check(values url.Values) bool {
	c.Wrong, c.Answers = map[string]string{}, values
	if c.Typed != "" && bare(values.Get(TypedField)) != bare(c.Typed) {
		c.Wrong[TypedField] = "请输入“" + c.Typed + "”，一字不差"
	}
	purpose := strings.TrimSpace(values.Get(PurposeField))
	if n := utf8.RuneCountInString(purpose); c.Purpose && (n == 0 || n > MaxPurpose) {
		c.Wrong[PurposeField] = fmt.Sprintf("请填写用途，最多 %d 个字", MaxPurpose)
	}
	if n := utf8.RuneCountInString(c.Reason(values)); c.Reasons != nil && (n == 0 || n > c.maxReason()) {
		c.Wrong[ReasonField] = fmt.Sprintf("请选择或填写原因，最多 %d 个字", c.maxReason())
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(values.Get(NoteField))); c.Note && n > MaxReason {
		c.Wrong[NoteField] = fmt.Sprintf("备注最多 %d 个字", MaxReason)
	}
	if c.Choices != nil && !slices.ContainsFunc(c.Choices, func(o Choice) bool { return o.Value == values.Get(ChoiceField) }) {
		c.Wrong[ChoiceField] = "请选择" + c.Choose + "怎么办"
	}
	return len(c.Wrong) == 0
}

// bare returns a typed text as it is compared: full-width figures and marks as their plain ones, without spaces and commas.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			r -= '！' - '!'
		}
		if r == ',' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// Fields returns the fields of a question of level 2, or with Choices, Reasons or Note.
func (c Confirm) Fields() []Field {
	var fields []Field
	if c.Choices != nil {
		fields = append(fields, Field{
			Kind: Radio, Name: ChoiceField, Label: c.Choose, Required: true, Choices: c.Choices, Wide: true,
			Value: c.Answers.Get(ChoiceField), Error: c.Wrong[ChoiceField],
		})
	}
	if c.Reasons != nil {
		choices := []Choice{{Label: "请选择"}}
		for _, reason := range c.Reasons {
			choices = append(choices, Choice{Value: reason, Label: reason})
		}
		fields = append(fields, Field{
			Kind: Select, Name: PresetField, Label: "原因", Choices: choices, Wide: true, Value: c.Answers.Get(PresetField),
		}, Field{
			Name: ReasonField, Label: "其他原因", MaxLength: c.maxReason(), Wide: true, Autocomplete: "off",
			Value: c.Answers.Get(ReasonField), Error: c.Wrong[ReasonField], Help: "填写了就用这里的，" + cmp.Or(c.Told, "会告诉申请人") + "。",
		})
	}
	if c.Note {
		fields = append(fields, Field{
			Name: NoteField, Label: "备注", MaxLength: MaxReason, Wide: true, Autocomplete: "off",
			Value: c.Answers.Get(NoteField), Error: c.Wrong[NoteField], Help: "选填。不要写证件号。",
		})
	}
	if c.Purpose {
		fields = append(fields, Field{
			Name: PurposeField, Label: "用途", Required: true, MaxLength: MaxPurpose, Wide: true, Autocomplete: "off",
			Value: c.Answers.Get(PurposeField), Error: c.Wrong[PurposeField], Help: "记入操作日志。",
		})
	}
	for i := range fields { // the page behind the question may have a form with a reason or a note of its own
		fields[i].Prefix = "ask-"
	}
	if c.Typed != "" {
		fields = append(fields, Field{
			Name: TypedField, Label: "请输入“" + c.Typed + "”", Required: true, MaxLength: 120, Wide: true, Autocomplete: "off",
			Value: c.Answers.Get(TypedField), Error: c.Wrong[TypedField],
		})
	}
	return fields
}

// Kept returns Keep as pairs sorted by name.
func (c Confirm) Kept() []Choice {
	names := make([]string, 0, len(c.Keep))
	for name := range c.Keep {
		if !c.answered(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var kept []Choice
	for _, name := range names {
		for _, value := range c.Keep[name] {
			kept = append(kept, Choice{Label: name, Value: value})
		}
	}
	return kept
}
