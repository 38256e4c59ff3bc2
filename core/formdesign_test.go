package core

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

var formBases = []FormBase{
	{Key: "name", Label: "姓名", Fixed: true},
	{Key: "plate", Label: "车牌号", Use: FormOptional},
	{Key: "reason", Label: "事由"},
}

func TestAFormIsLaidOverItsBases(t *testing.T) {
	if got := NewForm(formBases).Text(); got != "姓名（必填）、车牌号（选填）" {
		t.Errorf("a new form: %s", got)
	}
	d := FormDesign{
		{Key: "reason", Label: "旧名", Use: FormRequired}, {Key: "gone", Use: FormRequired},
		{Key: "x1", Label: "楼长", Kind: FormText, Use: FormOptional}, {Key: "name", Use: FormHidden},
	}.Over(formBases)
	if got := d.Text(); got != "事由（必填）、楼长（选填）、姓名（必填）、车牌号（选填）" {
		t.Errorf("an arranged form: %s", got)
	}
	if d.Use("gone") != FormHidden || d.Use("plate") != FormOptional {
		t.Errorf("uses: %v", d)
	}
	if added := d.Add(FormField{Label: "车位"}); added[len(added)-1].Key != "x2" || len(d) == len(added) {
		t.Errorf("added: %v", added)
	}
}

func TestNormalizedForms(t *testing.T) {
	many := FormDesign{}
	for range MaxFormAdded + 1 {
		many = many.Add(FormField{Label: strings.Repeat("多", len(many)+1), Kind: FormText, Use: FormOptional})
	}
	field := func(f FormField) FormDesign { f.Key, f.Use = "x1", FormOptional; return FormDesign{f} }
	for _, c := range []struct {
		d     FormDesign
		wrong string // the fields, sorted
	}{
		{field(FormField{Label: " 楼长　姓名 ", Kind: FormText}), ""},
		{field(FormField{Kind: FormText}), "label_x1"},
		{field(FormField{Label: strings.Repeat("长", MaxFormLabel+1), Kind: FormText}), "label_x1"},
		{field(FormField{Label: "车牌号", Kind: FormText}), "label_x1"},
		{field(FormField{Label: "楼长", Kind: "radio"}), "kind_x1"},
		{field(FormField{Label: "楼长", Kind: FormChoice, Choices: []string{"甲", " ", "甲"}}), "choices_x1"},
		{field(FormField{Label: "楼长", Kind: FormChoice, Choices: []string{"甲", strings.Repeat("乙", MaxFormLabel+1)}}), "choices_x1"},
		{field(FormField{Label: "楼长", Kind: FormChoice, Choices: []string{"甲", " 乙 ", ""}}), ""},
		{FormDesign{{Key: "plate", Use: "maybe"}}, "use_plate"},
		{many, "form"},
	} {
		got, fields := c.d.Normalized(formBases)
		if wrong := strings.Join(slices.Sorted(maps.Keys(fields)), " "); wrong != c.wrong {
			t.Errorf("%v: wrong is %q, not %q", c.d, wrong, c.wrong)
		}
		for _, f := range got {
			if c.wrong == "" && (f.Label != Clean(f.Label) || slices.Contains(f.Choices, " 乙 ")) {
				t.Errorf("%v is not in its stored form", f)
			}
		}
	}
}

func TestAnswersAreJudgedByTheForm(t *testing.T) {
	d := FormDesign{
		{Key: "name", Use: FormRequired}, {Key: "plate", Use: FormOptional}, {Key: "reason"},
		{Key: "x1", Label: "车位", Kind: FormNumber, Use: FormOptional},
		{Key: "x2", Label: "日期", Kind: FormDate, Use: FormRequired},
		{Key: "x3", Label: "来意", Kind: FormChoice, Choices: []string{"送货", "做客"}, Use: FormOptional},
		{Key: "x4", Label: "备用", Kind: FormText},
		{Key: "x5", Label: "其他", Kind: FormText, Use: FormOptional},
	}.Over(formBases)
	good := map[string]string{"name": "张三", "x2": "2026-12-01", "x3": "做客", "x1": "-3.5"}
	answers, wrong := d.Judge(good)
	want := []FormAnswer{{"车位", "-3.5"}, {"日期", "2026-12-01"}, {"来意", "做客"}}
	if len(wrong) != 0 || !slices.Equal(answers, want) {
		t.Errorf("answers %v, wrong %v", answers, wrong)
	}
	for key, values := range map[string][]string{
		"name": {"", " \u200b "}, "reason": {"不该有"}, "x4": {"不该有"}, "other": {"不该有"}, "x2": {"", "明天", "2026-13-01"},
		"x1": {"三", "0x10", "1e400", "NaN", "Inf", "1234567890123"}, "x3": {"打劫"}, "x5": {strings.Repeat("长", MaxFormAnswer+1)},
	} {
		for _, value := range values {
			given := maps.Clone(good)
			given[key] = value
			if _, wrong := d.Judge(given); len(wrong) != 1 || wrong[key] == "" {
				t.Errorf("%s %.20q: wrong is %v", key, value, wrong)
			}
		}
	}
}

func FuzzAnswersAreJudged(f *testing.F) {
	f.Add("name", "张三", "x1", "3")
	d := FormDesign{
		{Key: "x1", Label: "数", Kind: FormNumber, Use: FormOptional}, {Key: "x2", Label: "文", Kind: FormText, Use: FormOptional},
	}.Over(formBases)
	f.Fuzz(func(t *testing.T, a, av, b, bv string) {
		answers, wrong := d.Judge(map[string]string{a: av, b: bv, "name": "张三"})
		if len(wrong) > 0 {
			return
		}
		for _, answer := range answers {
			if answer.Value == "" || len([]rune(answer.Value)) > MaxFormAnswer || answer.Label == "" {
				t.Errorf("accepted %q", answer)
			}
		}
	})
}
