package structure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The glossary has one row a concept: no word, English or Chinese, is the head of two. Names of the code are English alone.
func TestGlossaryHasOneRowAConcept(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	concepts, _, ok := strings.Cut(string(text), "## Words on pages")
	heads := map[string]int{}
	rows := 0
	for line := range strings.Lines(concepts) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.HasPrefix(cells[1], " ---") || cells[1] == " English " {
			continue
		}
		rows++
		heads[strings.TrimSpace(cells[1])]++
		for _, word := range strings.FieldsFunc(cells[2], func(r rune) bool { return r == '、' || r == ',' }) {
			if word, _, _ = strings.Cut(strings.TrimSpace(word), " "); word != "" && !strings.HasPrefix(word, "(") {
				heads[word]++
			}
		}
	}
	if !ok || rows < 100 {
		t.Fatalf("%d rows: not looking in the right place", rows)
	}
	for word, n := range heads {
		if n > 1 {
			t.Errorf("%q is the head of %d rows", word, n)
		}
	}
}
