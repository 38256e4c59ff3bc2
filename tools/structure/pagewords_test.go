package structure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// pageWords are the words that docs/glossary.md forbids on pages: anywhere, and as a whole label.
type pageWords struct {
	anywhere, labels []string
}

// imitation holds pages that stand in for somebody else's: they use that party's words.
const imitation = "wechat/simulator"

// readPageWords reads the table under "Words on pages".
func readPageWords(t *testing.T) pageWords {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Words on pages")
	table, _, _ = strings.Cut(table, "\n## ")
	var words pageWords
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || strings.Contains(line, "---") || strings.TrimSpace(cells[1]) == "concept" {
			continue
		}
		words.anywhere = append(words.anywhere, listed(cells[3])...)
		words.labels = append(words.labels, listed(cells[4])...)
	}
	if len(words.anywhere) < 30 || len(words.labels) < 4 {
		t.Fatalf("docs/glossary.md: the table of words on pages has %d words and %d labels", len(words.anywhere), len(words.labels))
	}
	return words
}

func listed(cell string) []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(cell), "、"), func(word string) bool { return word == "" })
}

// TestPagesUseTheGlossary reads every text that people see: Chinese literals, templates and scripts, and what who installs it reads.
func TestPagesUseTheGlossary(t *testing.T) {
	words, texts, installs := readPageWords(t), 0, 0
	walk(t, func(name string) {
		if strings.HasPrefix(name, imitation) || strings.HasSuffix(name, "_test.go") {
			return
		}
		switch path.Ext(name) {
		case ".go":
			texts += words.checkGo(t, name)
		case ".html", ".js":
			texts += words.checkPage(t, name)
		case ".yaml", ".md":
			if name == "configs/sample.yaml" || strings.HasSuffix(name, ".zh-CN.md") {
				texts += words.checkPage(t, name)
				installs++
			}
		}
	})
	if texts < 2000 || installs != 2 {
		t.Errorf("read %d texts only, %d of them for who installs it", texts, installs)
	}
}

// checkGo checks the Chinese literals of a Go file and returns their number.
func (w pageWords) checkGo(t *testing.T, name string) int {
	if strings.HasPrefix(name, "tools/") || strings.HasPrefix(name, "testkit/") {
		return 0
	}
	files, count := token.NewFileSet(), 0
	file, err := parser.ParseFile(files, filepath.Join(root, name), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return 0
	}
	labels := map[ast.Node]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.KeyValueExpr:
			key, _ := node.Key.(*ast.Ident)
			if key == nil {
				return true
			}
			if key.Name == "Aliases" || key.Name == "Names" {
				return false // of the search, or of lists: people and other products write any word
			}
			labels[node.Value] = slices.Contains([]string{"Label", "Submit", "Title", "Noun"}, key.Name)
		case *ast.BasicLit:
			text, err := strconv.Unquote(node.Value)
			if node.Kind != token.STRING || err != nil || !isChinese(text) && !labels[node] {
				return true
			}
			count++
			w.check(t, name, files.Position(node.Pos()).Line, text, labels[node])
		}
		return true
	})
	return count
}

var (
	pageText    = regexp.MustCompile(`>([^<>{}]+)<|"([^"<>{}]+)"|'([^'<>{}]+)'|` + "`([^`<>]+)`")
	pageComment = regexp.MustCompile(`(?s)\{\{/\*.*?\*/\}\}|/\*.*?\*/|(?m:^\s*//.*$)`)
)

// checkPage checks a template or script: a label is the whole text of an element or attribute.
func (w pageWords) checkPage(t *testing.T, name string) int {
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Error(err)
		return 0
	}
	blank := func(comment []byte) []byte { return slices.Repeat([]byte("\n"), strings.Count(string(comment), "\n")) }
	content, count := pageComment.ReplaceAllFunc(content, blank), 0
	for number, line := range strings.Split(string(content), "\n") {
		if !isChinese(line) {
			continue
		}
		count++
		w.check(t, name, number+1, line, false)
		for _, found := range pageText.FindAllStringSubmatch(line, -1) {
			w.check(t, name, number+1, strings.TrimSpace(strings.Join(found[1:], "")), true)
		}
	}
	return count
}

// check reports a forbidden word. A label that is wrong anywhere is reported once, by its own line.
func (w pageWords) check(t *testing.T, name string, line int, text string, label bool) {
	t.Helper()
	for _, word := range w.anywhere {
		if strings.Contains(text, word) {
			t.Errorf("%s:%d: %q has the word %s; see Words on pages in docs/glossary.md", name, line, text, word)
		}
	}
	if label && slices.Contains(w.labels, text) {
		t.Errorf("%s:%d: the label %s; see Words on pages in docs/glossary.md", name, line, text)
	}
}

func isChinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) || r == '！' })
}

// longButtons are buttons of the console that are longer than maxButton, with the reason.
var longButtons = map[string]string{
	"保存并继续添加":  "what every form of many calls it",
	"以其他原因不通过": "says what becomes of the application",
	"为什么不能删除":  "a line of a menu, in place of the act",
}

// maxButton is the number of Han on a button.
const maxButton = 6

var buttonText = regexp.MustCompile(`<(?:button|a)[^>]*class="[^"]*\bbtn\b[^"]*"[^>]*>(?:\{\{[^}]*\}\})?\s*([^<{]+)`)

// TestButtonsAreShort reads the buttons of the console, in templates and in code: verb and object, six characters.
func TestButtonsAreShort(t *testing.T) {
	buttons, long := 0, map[string]bool{}
	check := func(name, label string) {
		if buttons++; hanIn(label) <= maxButton {
			return
		}
		if long[label] = true; longButtons[label] == "" {
			t.Errorf("%s: the button %s is longer than %d characters", name, label, maxButton)
		}
	}
	walk(t, func(name string) {
		switch {
		case strings.HasSuffix(name, "_test.go"):
		case strings.HasPrefix(name, "templates/console/"), strings.HasPrefix(name, "templates/partial/"):
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Error(err)
			}
			for _, found := range buttonText.FindAllStringSubmatch(string(text), -1) {
				check(name, strings.TrimSpace(found[1]))
			}
		case strings.HasPrefix(name, "handlers/console/") && strings.HasSuffix(name, ".go"):
			for _, label := range buttonsOf(t, name) {
				check(name, label)
			}
		}
	})
	if buttons < 200 {
		t.Errorf("read %d buttons only", buttons)
	}
	for label := range longButtons {
		if !long[label] {
			t.Errorf("longButtons has %s, which is no button", label)
		}
	}
}

// TestHelpOfFieldsIsShort reads the help of the console's forms: thirty characters, as more belongs to the page's own help.
func TestHelpOfFieldsIsShort(t *testing.T) {
	const most = 30
	texts := 0
	walk(t, func(name string) {
		if !strings.HasPrefix(name, "handlers/console/") || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(file, func(node ast.Node) bool {
			pair, ok := node.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			if key, ok := pair.Key.(*ast.Ident); !ok || key.Name != "Help" {
				return true
			}
			text := literalParts(pair.Value)
			if texts++; hanIn(text) > most {
				t.Errorf("%s: %q has more than %d characters", name, text, most)
			}
			return true
		})
	})
	if texts < 80 {
		t.Errorf("read %d texts only", texts)
	}
}

// literalParts returns the literal parts of an expression, joined.
func literalParts(value ast.Expr) string {
	switch value := value.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(value.Value) // of no string: nothing
		return text
	case *ast.BinaryExpr:
		return literalParts(value.X) + literalParts(value.Y)
	}
	return ""
}

func hanIn(text string) (n int) {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// buttonsOf returns the labels of the actions and of the answers to questions and forms in a Go file.
func buttonsOf(t *testing.T, name string) (labels []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return nil
	}
	add := func(value ast.Expr) {
		if lit, ok := value.(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				labels = append(labels, text)
			}
		}
	}
	var actions func(list *ast.CompositeLit, action bool)
	actions = func(list *ast.CompositeLit, action bool) {
		kind := list.Type
		if array, ok := kind.(*ast.ArrayType); ok {
			kind = array.Elt
		}
		if of, ok := kind.(*ast.SelectorExpr); ok {
			action = of.Sel.Name == "Action" || of.Sel.Name == "Submit"
		}
		for _, part := range list.Elts {
			switch part := part.(type) {
			case *ast.CompositeLit:
				if part.Type == nil {
					actions(part, action)
				}
			case *ast.KeyValueExpr:
				if key, ok := part.Key.(*ast.Ident); ok && (key.Name == "Submit" || action && key.Name == "Label") {
					add(part.Value)
				}
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if list, ok := node.(*ast.CompositeLit); ok && list.Type != nil {
			actions(list, false)
		}
		return true
	})
	return labels
}

// TestResidentsReadOfScanners reads the pages of residents and visitors: what staff call 读头 is 扫码机 there.
func TestResidentsReadOfScanners(t *testing.T) {
	pages := 0
	walk(t, func(name string) {
		area, below := strings.CutPrefix(name, "templates/h5/")
		area, _, _ = strings.Cut(area, "/")
		if !below || slices.Contains([]string{"dev", "guard", "observer", "review", "staff"}, area) {
			return
		}
		pages++
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || strings.Contains(string(text), "读头") {
			t.Errorf("%s says 读头 to residents, or cannot be read: %v", name, err)
		}
	})
	if pages < 15 {
		t.Errorf("read %d pages only", pages)
	}
}
