package web

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// passwordField is a field of the pages whose value nobody may read.
var passwordField = regexp.MustCompile(`templates\.Password,\s+Name:\s+([^,]+),`)

// A field that is hidden while it is typed is neither kept in a draft nor repeated on the page of an error.
func TestDraftsKeepNoPassword(t *testing.T) {
	pages, fields := os.DirFS("../console"), 0
	err := fs.WalkDir(pages, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := fs.ReadFile(pages, name)
		if strings.Count(string(text), "templates.Password,") != len(passwordField.FindAllSubmatch(text, -1)) {
			t.Errorf("%s has a field whose name is not beside its kind", name)
		}
		for _, field := range passwordField.FindAllSubmatch(text, -1) {
			fields++
			if !slices.Contains(draftSecrets, strings.Trim(string(field[1]), `"`)) {
				t.Errorf("%s: what is typed into %s is kept", name, field[1])
			}
		}
		return err
	})
	if err != nil || fields < 10 {
		t.Errorf("found %d fields, %v", fields, err)
	}
}
