package core

import (
	"strings"
	"testing"
)

func TestAViewKeepsFiltersAndSort(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                   "",
		"state=off&after=9&q=&sort=-seen":    "sort=-seen&state=off",
		"b=2&a=1&a=3&before=4":               "a=1&a=3&b=2",
		"q=%E5%8C%97%E9%97%A8&q=&community=": "q=%E5%8C%97%E9%97%A8&q=",
	} {
		if got, err := ViewQuery(raw); err != nil || got != want {
			t.Errorf("%q is kept as %q (%v), want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"q=%zz", "q=" + strings.Repeat("x", 1600)} {
		if _, err := ViewQuery(raw); CodeOf(err) != CodeInvalid {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
}

func TestAViewHasAName(t *testing.T) {
	for name, good := range map[string]bool{"离线": true, " ": false, strings.Repeat("名", 20): true, strings.Repeat("名", 21): false} {
		if err := (&SavedView{Name: name}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
