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
	regexp.MustCompile(`(?i)\b(is|are) no more\b`),
	regexp.MustCompile(`\breports that\b`), // but "/healthz reports that"
	regexp.MustCompile(`(?i)\bkept nowhere\b`),
	regexp.MustCompile(`(?i)\bstands? (beside|in the way)\b`),
	regexp.MustCompile(`'s (yes|no)\b`),
	regexp.MustCompile(`(?i)\bnobody's\b`),
	regexp.MustCompile(`(?i)\bsome (hundred|thousand)\b`),
	regexp.MustCompile(`(?i)\b(hangs on|said by)\b`),
	regexp.MustCompile(`\bWhere (nothing|nobody|none|it|that|one|no|many|another|several|both)\b`), // for "if"
	regexp.MustCompile(`(?i)\bwhere (none|there is none)\b`),
	regexp.MustCompile(`(?i)\bfor who\b`),
	regexp.MustCompile(`\b(will|does|did) not say so\b|\bis told so\b`),
}

// oddOpenings match beginnings of a declaration's comment: a function returns, reports or describes.
var oddOpenings = regexp.MustCompile(`^\w+ (tells|says|gives|forgets|learns) (?:what|whether|how|which|that|if|in)\b`)

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
			text = strings.NewReplacer("there is none", "", "/healthz reports that", "").Replace(text)
			if found := oddOpenings.FindString(text); found != "" {
				t.Errorf("%s:%d: comment begins with %q; see docs/glossary.md", name, files.Position(comment.Pos()).Line, found)
			}
			for _, odd := range oddWords {
				if found := odd.FindString(text); found != "" {
					t.Errorf("%s:%d: comment contains %q; see docs/glossary.md", name, files.Position(comment.Pos()).Line, found)
				}
			}
		}
	})
}
