package templates

import (
	"net/url"
	"slices"
	"testing"
)

// A form's values are those that a browser would send: none of a choice that is disabled.
func TestFormValuesAreThoseOfABrowser(t *testing.T) {
	f := Form{Sections: []Section{{Fields: []Field{
		{Kind: Checks, Name: "permissions", Values: []string{"a", "b"}, Choices: []Choice{{Value: "a"}, {Value: "b", Disabled: true}}},
		{Name: "name", Value: "李娜"},
		{Kind: Switch, Name: "off"},
	}}}}
	values := f.Values()
	if !slices.Equal(values["permissions"], []string{"a"}) || values.Get("name") != "李娜" || values.Has("off") {
		t.Errorf("%v", values)
	}
}

// A message about something that the form does not show is the form's own.
func TestFormSaysWhatNoFieldCanSay(t *testing.T) {
	for name, c := range map[string]struct {
		messages map[string]string
		says     string
		wrong    int
	}{
		"its field":        {map[string]string{"house": "没有"}, "", 1},
		"no field of it":   {map[string]string{"into": "不能合并到自己"}, "不能合并到自己", 0},
		"a hidden field":   {map[string]string{"community": "请选择小区"}, "请选择小区", 0},
		"two, none its":    {map[string]string{"b": "乙", "a": "甲"}, "乙；甲", 0},
		"one its, one not": {map[string]string{"house": "没有", "into": "自己"}, "", 1},
		"nothing":          {nil, "", 0},
	} {
		f := Form{Sections: []Section{{Fields: []Field{{Kind: Hidden, Name: "community"}, {Name: "house"}}}}}
		f.Set(url.Values{}, c.messages)
		if f.Error != c.says || f.Wrong() != c.wrong {
			t.Errorf("%s: says %q, %d wrong", name, f.Error, f.Wrong())
		}
	}
}

// A field says one limit, its own, also if what reads the form stops at a wider one.
func TestFieldSaysItsOwnLimit(t *testing.T) {
	f := Form{Sections: []Section{{Fields: []Field{{Name: "name", MaxLength: 40}, {Name: "note"}}}}}
	f.Set(url.Values{}, map[string]string{"name": "最多 200 个字", "note": "最多 200 个字"})
	if a, b := f.Sections[0].Fields[0].Error, f.Sections[0].Fields[1].Error; a != "最多 40 个字" || b != "最多 200 个字" {
		t.Errorf("%q, %q", a, b)
	}
}
