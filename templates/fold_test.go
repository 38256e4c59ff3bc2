package templates

import (
	"bytes"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	r, err := New(false)
	if err != nil {
		t.Fatal(err)
	}
	set := template.Must(template.New("x").Funcs(r.funcs()).Parse(
		"<p>\n\t\t{{if .}}\n\t\t\t{{icon \"door\"}}进门 <b>一次</b>\n\t\t{{else}}{{icon .}}{{end}}\n</p>"))
	if err := r.fold(set); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := set.Execute(&page, true); err != nil {
		t.Fatal(err)
	}
	door, _ := r.icon("door")
	if want := "<p>\n\n" + string(door) + "进门 <b>一次</b>\n\n</p>"; page.String() != want {
		t.Errorf("folded to %q, want %q", page.String(), want)
	}
}

// A line break and its blanks count inside these elements only: none may contain text of a template.
func TestNoTemplateNeedsItsIndentation(t *testing.T) {
	r, err := New(false)
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`(?s)<(?:pre|textarea)\b(?:[^>{]|{{.*?}})*>(.*?)</(?:pre|textarea)>`)
	seen := 0
	err = fs.WalkDir(r.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".html" {
			return err
		}
		text, err := fs.ReadFile(r.files, name)
		for _, match := range literal.FindAllStringSubmatch(string(text), -1) {
			seen++
			if content := strings.TrimSpace(match[1]); !strings.HasPrefix(content, "{{-") || !strings.HasSuffix(content, "-}}") {
				t.Errorf("%s: %q in an element whose blanks count: write {{- … -}}", name, match[1])
			}
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Fatalf("%d elements, %v", seen, err)
	}
}
