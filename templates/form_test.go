package templates

import (
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
