package core

import (
	"regexp"
	"slices"
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
