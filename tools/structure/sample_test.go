package structure

import (
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ownSamples are folders of pages whose structs are in templates itself, which tests them.
var ownSamples = []string{"error", "confirm"}

// TestEveryTemplateFolderHasSamples: CheckAll executes only the pages of the folders passed to it,
// so a folder that no test passes is never executed.
func TestEveryTemplateFolderHasSamples(t *testing.T) {
	var asked []string
	for _, s := range sources(t) {
		if s.isTest && (strings.HasPrefix(s.path, "handlers/") || strings.HasPrefix(s.path, "demo/")) {
			asked = append(asked, sampled(s.file)...)
		}
	}
	found := 0
	for _, surface := range []string{"console", "h5"} {
		folders, err := fs.ReadDir(os.DirFS(filepath.Join(root, "templates")), surface)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			name := path.Join(surface, folder.Name()) + "/"
			if !folder.IsDir() || slices.Contains(ownSamples, folder.Name()) {
				continue
			}
			found++
			if !slices.ContainsFunc(asked, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				t.Errorf("templates/%s: no test calls templates.CheckAll for it", name)
			}
		}
	}
	if found < 20 || len(asked) < 10 {
		t.Errorf("found only %d folders and %d calls: not looking in the right place", found, len(asked))
	}
}

// sampled returns the prefixes that a test file passes to CheckAll.
func sampled(file *ast.File) (prefixes []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		name, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || name.Sel.Name != "CheckAll" {
			return true
		}
		if prefix, ok := call.Args[1].(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(prefix.Value); err == nil {
				prefixes = append(prefixes, text)
			}
		}
		return true
	})
	return prefixes
}
