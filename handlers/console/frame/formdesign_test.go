package frame

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
)

var designBases = []core.FormBase{{Key: "name", Label: "姓名", Fixed: true}, {Key: "plate", Label: "车牌", Use: core.FormOptional}}

// sent returns what the form sends as it is drawn, changed.
func sent(d core.FormDesign, change map[string]string) url.Values {
	values := url.Values{}
	for _, s := range DesignSections("表单", "", d, designBases) {
		for _, f := range s.Fields {
			values.Set(f.Name, f.Value)
		}
	}
	for name, value := range change {
		values.Set(name, value)
	}
	return values
}

func TestPostedDesigns(t *testing.T) {
	d := core.NewForm(designBases).Add(core.FormField{
		Label: "来意", Kind: core.FormChoice, Choices: []string{"甲", "乙"}, Use: core.FormRequired,
	})
	for _, c := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"as drawn", nil, "姓名（必填）、车牌（选填）、来意（必填）"},
		{"hidden", map[string]string{"use_plate": ""}, "姓名（必填）、来意（必填）"},
		{"a fixed one stays", map[string]string{"use_name": ""}, "姓名（必填）、车牌（选填）、来意（必填）"},
		{"a fixed one is not deleted", map[string]string{"use_name": "remove"}, "姓名（必填）、车牌（选填）、来意（必填）"},
		{"deleted", map[string]string{"use_x1": "remove"}, "姓名（必填）、车牌（选填）"},
		{"moved up to another's place", map[string]string{"order_x1": "1"}, "来意（必填）、姓名（必填）、车牌（选填）"},
		{"moved down to another's place", map[string]string{"order_name": "2"}, "车牌（选填）、姓名（必填）、来意（必填）"},
		{"no place", map[string]string{"order_name": "x"}, "姓名（必填）、车牌（选填）、来意（必填）"},
		{"renamed", map[string]string{"label_x1": " 目的 "}, "姓名（必填）、车牌（选填）、目的（必填）"},
		{"added", map[string]string{"label_new2": "单位", "order_new2": "1"}, "单位（选填）、姓名（必填）、车牌（选填）、来意（必填）"},
		{"two added", map[string]string{"label_new1": "一", "label_new2": "二"}, "姓名（必填）、车牌（选填）、来意（必填）、一（选填）、二（选填）"},
	} {
		posted, _ := PostedDesign(sent(d, c.change), d)
		got, wrong := posted.Normalized(designBases)
		if got.Text() != c.want || len(wrong) > 0 {
			t.Errorf("%s: %s, %v", c.name, got.Text(), wrong)
		}
		keys := map[string]bool{}
		for _, f := range got {
			if keys[f.Key] {
				t.Errorf("%s: the key %s twice", c.name, f.Key)
			}
			keys[f.Key] = true
		}
	}
	posted, _ := PostedDesign(sent(d, map[string]string{"choices_x1": "甲, 乙，丙；丁"}), d)
	if got := strings.Join(posted[2].Choices, "|"); got != "甲| 乙|丙|丁" {
		t.Errorf("choices: %s", got)
	}
}

// What is wrong with a new field is said at its own line.
func TestAMessageIsAtTheLineOfItsField(t *testing.T) {
	d := core.NewForm(designBases)
	posted, rename := PostedDesign(sent(d, map[string]string{"label_new1": "车牌", "label_new2": "来意", "kind_new2": "choice"}), d)
	_, wrong := posted.Normalized(designBases)
	got := rename(wrong)
	if len(got) != 2 || got["label_new1"] == "" || got["choices_new2"] == "" {
		t.Errorf("messages at %v", maps.Collect(maps.All(got)))
	}
}
