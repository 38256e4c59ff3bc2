package templates

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A question keeps the reason of the form that it is about, unless it asks for one itself.
func TestAQuestionKeepsTheFormsReason(t *testing.T) {
	keep := url.Values{"reason": {"居家观察"}, "exits": {"1"}, "confirmed": {"1"}, "csrf": {"x"}}
	names := func(q Confirm) (names []string) {
		for _, kept := range q.Kept() {
			names = append(names, kept.Label)
		}
		return names
	}
	if got := names(Confirm{Keep: keep}); !slices.Equal(got, []string{"exits", "reason"}) {
		t.Errorf("kept %v", got)
	}
	if got := names(Confirm{Keep: keep, Reasons: []string{"看不清"}}); !slices.Equal(got, []string{"exits"}) {
		t.Errorf("a question with reasons keeps %v", got)
	}
}

// One of a question's choices must be chosen.
func TestTheChoiceOfAQuestion(t *testing.T) {
	for chosen, want := range map[string]bool{"stay": true, "leave": true, "": false, "other": false} {
		q := Confirm{Choices: []Choice{{Value: "stay"}, {Value: "leave"}}, Choose: "员工"}
		if got := q.Check(url.Values{ChoiceField: {chosen}}); got != want {
			t.Errorf("%q: %v", chosen, got)
		}
		if field := q.Fields()[0]; field.Value != chosen || (field.Error == "") != want {
			t.Errorf("%q: %+v", chosen, field)
		}
	}
}

// What must be typed may be typed as a keyboard for Chinese writes it.
func TestFullWidthFiguresAreTyped(t *testing.T) {
	for typed, want := range map[string]bool{"１４４": true, "１，４４": true, " 144 ": true, "1４４": true, "14": false, "": false, "一四四": false} {
		q := Confirm{Typed: "144"}
		if got := q.Check(url.Values{TypedField: {typed}}); got != want {
			t.Errorf("%q: %v", typed, got)
		}
	}
}

// A question tells who reads the reason and how long it may be, as it then checks.
func TestTheReasonOfAQuestion(t *testing.T) {
	q := Confirm{Reasons: []string{"推销"}, Told: "访客看不到", Most: 3}
	if q.Check(url.Values{ReasonField: {"四个汉字"}}) || !strings.Contains(q.Wrong[ReasonField], "最多 3 个字") {
		t.Errorf("%v", q.Wrong)
	}
	field := q.Fields()[1]
	if field.MaxLength != 3 || field.Value != "四个汉字" || field.Help != "填写了就用这里的，访客看不到。" {
		t.Errorf("%+v", field)
	}
	if field := (Confirm{Reasons: []string{"推销"}}).Fields()[1]; field.MaxLength != MaxReason || !strings.Contains(field.Help, "会告诉申请人") {
		t.Errorf("%+v", field)
	}
	for submit, want := range map[string]string{"": "返回", "取消这次导入": "返回", "停用 3 个门禁": "取消"} {
		if got := (Confirm{Submit: submit}).CancelLabel(); got != want {
			t.Errorf("beside %q it says %q", submit, got)
		}
	}
}

// A question is asked over the page that has it: a label of one must not be that of the other's field.
func TestAQuestionHasIDsOfItsOwn(t *testing.T) {
	page := []string{ReviewReason("").ID(), ReviewNote().ID(), ReviewInternal().ID(), Field{Name: PurposeField}.ID()}
	for _, field := range (Confirm{Reasons: []string{"滋扰"}, Note: true, Purpose: true}).Fields() {
		if slices.Contains(page, field.ID()) {
			t.Errorf("%s has the id %s of a field of the page", field.Label, field.ID())
		}
	}
}
