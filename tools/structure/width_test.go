package structure

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// widest is the maximum number of columns of a line, counting a tab as four: what fits on a screen
// beside another file. Code is written to 120.
var widest = map[string]int{".go": 140, ".html": 160}

func TestWidth(t *testing.T) {
	walk(t, func(name string) {
		maxWidth, limited := widest[filepath.Ext(name)]
		if !limited {
			return
		}
		for _, number := range wideLines(t, name, maxWidth) {
			t.Errorf("%s:%d is wider than %d columns", name, number, maxWidth)
		}
	})
}

func wideLines(t *testing.T, name string, maxWidth int) (numbers []int) {
	t.Helper()
	file, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return nil // removed while walking
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if utf8.RuneCountInString(strings.ReplaceAll(lines.Text(), "\t", "    ")) > maxWidth {
			numbers = append(numbers, n)
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return numbers
}
