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

// note finds functions with a parameter called action.
func (w *actWalk) note(n ast.Node) bool {
	f, ok := n.(*ast.FuncDecl)
	if !ok {
		return true
	}
	at := 0
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			if name.Name == "action" {
				w.params[f.Name.Name] = at
			}
			at++
		}
	}
	return true
}

// collect finds the names.
func (w *actWalk) collect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Action" || key.Name == "action") {
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

// add takes a name; what hands on an act that was told,
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
		if v.Sel.Name == "Action" || v.Sel.Name == "action" {
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

// Every act that the store writes is <stem>.<verb> of a row of core.Features, which has
// its words, and every verb there is written somewhere.
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
			t.Errorf("the act %s is not in core.Features", name)
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

// Every field that the audit log keeps of a thing has words among those of its feature:
// the fields of the structs called <stem>…Audit.
func TestEveryAuditFieldHasWords(t *testing.T) {
	found := 0
	for _, file := range parsePackage(t, token.NewFileSet()) {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for name, keys := range auditStructs(t, d) {
				for _, stem := range stemsOfAudit(name) {
					for _, key := range keys {
						found++
						if !core.KnownAuditField(stem, key) {
							t.Errorf("%s: the field %s has no words among those of %s in core", name, key, stem)
						}
					}
				}
				if len(stemsOfAudit(name)) == 0 {
					t.Errorf("%s: the name begins with no stem of core.Features", name)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d fields found: not looking in the right place", found)
	}
}

// stemsOfAudit returns whose acts a struct is kept by: the longest stem that its name
// begins with, or all that have an act taking things of theirs out of service.
func stemsOfAudit(name string) []string {
	var stems []string
	longest := ""
	for _, f := range core.Features {
		if name == "serviceAudit" && f.Table != "" && slices.ContainsFunc(f.Verbs, func(v core.Verb) bool { return v.Name == "disable" }) {
			stems = append(stems, f.Stem)
		}
		if strings.HasPrefix(strings.ToLower(name), f.Stem) && len(f.Stem) > len(longest) {
			longest = f.Stem
		}
	}
	if longest != "" {
		stems = append(stems, longest)
	}
	return stems
}

// auditStructs returns the JSON names of the fields of structs called …Audit.
func auditStructs(t *testing.T, d *ast.GenDecl) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, spec := range d.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok || !strings.HasSuffix(named.Name.Name, "Audit") {
			continue
		}
		fields, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range fields.Fields.List {
			if field.Tag == nil {
				t.Errorf("a field of %s has no name in JSON", named.Name.Name)
				continue
			}
			_, rest, _ := strings.Cut(field.Tag.Value, `json:"`)
			key, _, _ := strings.Cut(rest, `"`)
			key, _, _ = strings.Cut(key, ",")
			found[named.Name.Name] = append(found[named.Name.Name], key)
		}
	}
	return found
}

// A write act is called by one of five verbs, or by one of the business that none of them
// fits (MoveOut, ArchiveCommunity), and never by another word for the same.
func TestWriteActsAreCalledByTheFiveVerbs(t *testing.T) {
	others := map[string]string{
		"Add": "Create", "New": "Create", "Insert": "Create", "Keep": "Create", "Save": "Create or Update", "Edit": "Update",
		"Rename": "Update", "Change": "Update", "Set": "Update", "Delete": "Remove", "Activate": "Enable", "Deactivate": "Disable",
	}
	known := map[string]string{
		"SetSetting":     "a value under a name, which is no feature's",
		"ChangePassword": "one's own, unlike ResetPassword",
	}
	for act := range writeActs(t) {
		for verb, ours := range others {
			if strings.HasPrefix(act, verb) && known[act] == "" {
				t.Errorf("%s: such acts are called %s", act, ours)
			}
		}
	}
}
