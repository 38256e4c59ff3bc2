package core

import (
	"slices"
	"testing"
)

func TestStarred(t *testing.T) {
	full := []string{"accessrecord", "passrule", "restriction", "observer", "reader", "guardpost", "accessalert", "resident"}
	for _, c := range []struct {
		name  string
		stems []string
		stem  string
		on    bool
		want  []string
		code  Code
	}{
		{"the first", nil, "reader", true, []string{"reader"}, ""},
		{"the next comes last", []string{"reader"}, "job", true, []string{"reader", "job"}, ""},
		{"again", []string{"reader"}, "reader", true, []string{"reader"}, ""},
		{"no longer", []string{"reader", "job"}, "reader", false, []string{"job"}, ""},
		{"never was", []string{"job"}, "reader", false, []string{"job"}, ""},
		{"one too many", full, "house", true, nil, CodeConflict},
		{"the last of eight again", full, "resident", true, full, ""},
		{"no such stem", nil, "nothing", true, nil, CodeNotFound},
		{"a stem without a page", nil, "wechatuser", true, nil, CodeNotFound},
	} {
		got, err := Starred(c.stems, c.stem, c.on)
		if !slices.Equal(got, c.want) || err != nil && CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if len(full) != MaxStarred {
		t.Error("the test's list is not full")
	}
}
