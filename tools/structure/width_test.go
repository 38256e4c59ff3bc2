package structure

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// widest is how many columns a line may have, a tab for four: what a screen shows beside
// another file. Code is written to 120.
var widest = map[string]int{".go": 140, ".html": 160}

// stillWide is how many lines of Go are wider yet. It only ever gets smaller.
const stillWide = 1400

func TestWidth(t *testing.T) {
	wide := 0
	walk(t, func(name string) {
		most, limited := widest[filepath.Ext(name)]
		if !limited {
			return
		}
		for _, number := range wideLines(t, name, most) {
			if filepath.Ext(name) == ".go" {
				wide++
				continue
			}
			t.Errorf("%s:%d is wider than %d columns", name, number, most)
		}
	})
	if wide > stillWide {
		t.Errorf("%d lines of Go are wider than %d columns, there were %d", wide, widest[".go"], stillWide)
	}
}

func wideLines(t *testing.T, name string, most int) (numbers []int) {
	t.Helper()
	file, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return nil // removed while we walk
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if utf8.RuneCountInString(strings.ReplaceAll(lines.Text(), "\t", "    ")) > most {
			numbers = append(numbers, n)
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return numbers
}
