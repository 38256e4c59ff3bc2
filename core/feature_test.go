package core

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An act is <stem>.<verb>: unique in the log, and with a label for people.
func TestFeaturesAreWellFormed(t *testing.T) {
	stem, word := regexp.MustCompile(`^[a-z][a-z0-9]*$`), regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, f := range Features {
		if !stem.MatchString(f.Stem) || seen[f.Stem] || f.Noun == "" {
			t.Errorf("the row of %q (%s)", f.Stem, f.Noun)
		}
		seen[f.Stem] = true
		wellPlaced(t, f)
		for _, verb := range f.Verbs {
			if !word.MatchString(verb.Name) || verb.Label == "" || seen[f.Stem+"."+verb.Name] {
				t.Errorf("the act %s.%s, %q", f.Stem, verb.Name, verb.Label)
			}
			seen[f.Stem+"."+verb.Name] = true
			if another := map[string]string{
				"add": "create", "new": "create", "save": "create or update", "edit": "update", "set": "update",
				"delete": "remove", "on": "enable", "off": "disable",
			}[verb.Name]; another != "" {
				t.Errorf("the act %s.%s is called %s everywhere else", f.Stem, verb.Name, another)
			}
		}
		for i, field := range f.Fields {
			same := func(other AuditField) bool { return other.Key == field.Key }
			if field.Key == "" || field.Label == "" || slices.IndexFunc(f.Fields, same) != i {
				t.Errorf("%s: the field %q, %q", f.Stem, field.Key, field.Label)
			}
		}
	}
}

// wellPlaced checks a row's group, menu entry and permissions.
func wellPlaced(t *testing.T, f Feature) {
	t.Helper()
	grouped := slices.ContainsFunc(Groups, func(g Group) bool { return g.Name == f.Group })
	if (f.Menu.Label != "" || len(f.Permissions) > 0) != grouped {
		t.Errorf("%s is in the group %q", f.Stem, f.Group)
	}
	if f.Menu.Label != "" && (f.List == "" || f.Menu.Icon == "" || f.Under != "") {
		t.Errorf("%s: the menu entry %+v of %q, under %q", f.Stem, f.Menu, f.List, f.Under)
	}
	for _, item := range f.Permissions {
		if !strings.HasPrefix(string(item.Permission), f.Stem+".") {
			t.Errorf("%s has the permission %s of another stem", f.Stem, item.Permission)
		}
		for _, p := range append(item.Needs, f.List, f.Page) {
			if p != "" && !p.Valid() {
				t.Errorf("%s: %s is in no row", f.Stem, p)
			}
		}
	}
}
