package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tongxing/core"
)

// actWalk finds, in the package's own source, every name of an act that it ever
// gives to the audit log.
type actWalk struct {
	t      *testing.T
	files  *token.FileSet
	params map[string]int // of functions that are told the act: which argument it is
	stems  []string       // of acts whose name is put together from a stem and a verb
	names  []string
}

func parsePackage(t *testing.T, files *token.FileSet) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	return parsed
}

// note finds functions with a parameter called action, and the stems.
func (w *actWalk) note(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		at := 0
		for _, field := range n.Type.Params.List {
			for _, name := range field.Names {
				if name.Name == "action" {
					w.params[n.Name.Name] = at
				}
				at++
			}
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "stem" {
			if text, ok := literal(n.Value); ok {
				w.stems = append(w.stems, text)
			}
		}
	}
	return true
}

// collect finds the names.
func (w *actWalk) collect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Action" {
			w.add(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if field, ok := left.(*ast.SelectorExpr); ok && field.Sel.Name == "Action" && len(n.Rhs) == len(n.Lhs) {
				w.add(n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		if at, ok := w.params[calledName(n)]; ok && at < len(n.Args) {
			w.add(n.Args[at])
		}
	}
	return true
}

// add takes a name, or the verb behind a stem; what hands on an act that was told,
// and fields read from a row or a filter, are found where they come from.
func (w *actWalk) add(value ast.Expr) {
	if text, ok := literal(value); ok {
		w.names = append(w.names, text)
		return
	}
	switch v := value.(type) {
	case *ast.Ident:
		if v.Name == "action" {
			return
		}
	case *ast.SelectorExpr:
		if v.Sel.Name == "Action" {
			return
		}
	case *ast.BinaryExpr:
		if verb, ok := literal(v.Y); ok && v.Op == token.ADD && len(w.stems) > 0 {
			for _, stem := range w.stems {
				w.names = append(w.names, stem+verb)
			}
			return
		}
	}
	w.t.Errorf("%s: an act that cannot be read here: write it as a text", w.files.Position(value.Pos()))
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// Every act that the store writes has words in core.ActTable, and every act there
// is written somewhere.
func TestEveryActHasWords(t *testing.T) {
	w := &actWalk{t: t, files: token.NewFileSet(), params: map[string]int{}}
	parsed := parsePackage(t, w.files)
	for _, file := range parsed {
		ast.Inspect(file, w.note)
	}
	for _, file := range parsed {
		ast.Inspect(file, w.collect)
	}
	for _, name := range w.names {
		if !core.KnownAct(name) {
			t.Errorf("the act %s has no words in core.ActTable", name)
		}
	}
	for _, act := range core.Acts() {
		if !slices.Contains(w.names, act.Name) {
			t.Errorf("nothing writes the act %s", act.Name)
		}
	}
	if len(w.names) < 30 {
		t.Errorf("only %d acts found: not looking in the right place", len(w.names))
	}
}

// Every field that the audit log keeps of a thing has words: those of the structs
// called …Audit, and the keys of maps that functions called auditOf… make.
func TestEveryAuditFieldHasWords(t *testing.T) {
	var keys []string
	for _, file := range parsePackage(t, token.NewFileSet()) {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.GenDecl:
				keys = append(keys, auditStructKeys(t, d)...)
			case *ast.FuncDecl:
				if strings.HasPrefix(d.Name.Name, "auditOf") {
					keys = append(keys, mapKeys(d)...)
				}
			}
		}
	}
	for _, key := range keys {
		if !core.KnownAuditField(key) {
			t.Errorf("the audit log's field %s has no words in core", key)
		}
	}
	if len(keys) < 20 {
		t.Errorf("only %d fields found: not looking in the right place", len(keys))
	}
}

func auditStructKeys(t *testing.T, d *ast.GenDecl) []string {
	t.Helper()
	var keys []string
	for _, spec := range d.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok || !strings.HasSuffix(named.Name.Name, "Audit") {
			continue
		}
		if fields, ok := named.Type.(*ast.StructType); ok {
			for _, field := range fields.Fields.List {
				if field.Tag == nil {
					t.Errorf("a field of %s has no name in JSON", named.Name.Name)
					continue
				}
				_, rest, _ := strings.Cut(field.Tag.Value, `json:"`)
				key, _, _ := strings.Cut(rest, `"`)
				key, _, _ = strings.Cut(key, ",")
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func mapKeys(d *ast.FuncDecl) []string {
	var keys []string
	ast.Inspect(d, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := literal(pair.Key); ok {
				keys = append(keys, key)
			}
		}
		return true
	})
	return keys
}
