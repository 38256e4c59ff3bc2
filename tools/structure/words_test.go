package structure

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// oddWords match comments that break the rule on wording in docs/glossary.md.
var oddWords = []*regexp.Regexp{
	regexp.MustCompile(`^[A-Za-z][\w.]* gives\b`),
	regexp.MustCompile(`(?i)\bwhoever\b`),
	regexp.MustCompile(`(?i)\banew\b`),
	regexp.MustCompile(`(?i)\bis none\b`), // but "there is none"
}

func TestCommentsArePlain(t *testing.T) {
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, comment := range file.Comments {
			text := strings.Join(strings.Fields(comment.Text()), " ")
			text = strings.ReplaceAll(text, "there is none", "")
			for _, odd := range oddWords {
				if found := odd.FindString(text); found != "" {
					t.Errorf("%s:%d: comment contains %q; see docs/glossary.md", name, files.Position(comment.Pos()).Line, found)
				}
			}
		}
	})
}
