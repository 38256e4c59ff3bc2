// Package structure tests the shape of the program: which folder may import which, how features are
// named, what must never appear in a file. docs/architecture.md has the reasons.
package structure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "tongxing"
)

// folders are the top-level folders that exist, or are planned.
var folders = []string{
	".ci", "broker", "cache", "captcha", "configs", "core", "demo", "docs", "gate", "handlers", "journeys", "migrations",
	"miniprogram", "photo", "secret", "server", "sheet", "sms", "store", "templates", "testkit", "tools", "wechat",
}

// notOurs are folders that git ignores.
var notOurs = []string{".git", "bin", "data", "node_modules", "tmp"}

// mayImport lists which of our packages a folder's code (not its tests) may import. The longest
// matching folder decides; a folder may import itself and its subfolders unless stated otherwise.
// nil means none; "*" means any but server and testkit.
var mayImport = map[string][]string{
	"core":             nil,
	"migrations":       nil,
	"configs":          nil,
	"broker":           nil,
	"cache":            nil,
	"captcha":          nil,
	"templates":        nil,
	"wechat":           nil,
	"wechat/simulator": nil,
	"secret":           nil,
	"sms":              nil,
	"sms/simulator":    nil,
	"gate/simulator":   nil,
	"sheet":            {"core", "sheet/xls"},
	"sheet/xls":        nil,
	"photo":            {"core"},
	"store":            {"core", "secret", "store/audit", "store/database", "store/outbox"},
	"store/audit":      {"core", "store/database"},
	"store/outbox":     {"core", "secret", "store/database"},
	"store/database":   {"core", "migrations", "secret"},
	district:           {"core", "secret", "store", "store/audit", "store/database", "store/outbox"},
	"gate":             {"core", "secret", "store"},
	"handlers/web":     {"captcha", "core", "secret", "sheet", "store", "gate", "templates"},
	"handlers": {
		"core", "photo", "secret", "sheet", "store", "gate", "wechat", "templates", "handlers/web", "handlers/wechaterror", "broker",
	},
	"demo":     {"*"},
	"journeys": nil,
	"server":   {"*"},
	"testkit":  {"*", "testkit"},
	"tools":    {"*", "testkit"},
}

// district in mayImport means every other folder of store: groups of related tables above the
// estate.
const district = "store/*"

// engine are the parts of store that only store and its districts may import: handlers get acts,
// never a transaction.
var engine = []string{"store/audit", "store/database", "store/outbox"}

// districtOrder are the districts that others may import, each only by those before it: a cycle of
// districts would be one district.
var districtOrder = []string{"store/services", "store/cases"}

// trees are the folders whose packages may import each other.
var trees = []string{"demo", "server", "sms", "testkit", "wechat"}

// source is one Go file.
type source struct {
	path   string // relative to the root, with slashes
	file   *ast.File
	isTest bool
}

func (s source) folder() string { return path.Dir(s.path) }

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		all = append(all, source{path: name, file: file, isTest: strings.HasSuffix(name, "_test.go")})
	})
	if len(all) < 10 {
		t.Fatalf("found only %d Go files: not looking in the right place", len(all))
	}
	return all
}

func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed while walking: a build's temporary file
		}
		if entry.IsDir() {
			// Go itself ignores testdata and names that begin with an underscore.
			if slices.Contains(notOurs, name) || name == "templates/assets/dist" || entry.Name()[0] == '_' || entry.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		visit(name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(folders, e.Name()) && !slices.Contains(notOurs, e.Name()) {
			t.Errorf("%s: no such folder in docs/architecture.md", e.Name())
		}
	}
}

func TestImportsRunOneWay(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			ours, isOurs := strings.CutPrefix(imported, module+"/")
			switch {
			case s.isTest:
				if ours == "server" {
					t.Errorf("%s imports %s", s.path, imported)
				}
			case isOurs && !allowed(s.folder(), ours):
				t.Errorf("%s must not import %s", s.path, imported)
			case !isOurs && s.folder() == "core" && strings.Contains(strings.Split(imported, "/")[0], "."):
				t.Errorf("%s imports %s: core has the standard library only", s.path, imported)
			}
		}
	}
}

// The console is divided into areas, a folder each, on a frame that knows none of them.
const (
	console = "handlers/console"
	frame   = console + "/frame"
)

// allowed reports whether code in folder may import our package ours.
func allowed(folder, ours string) bool {
	if under(folder, "store") {
		return allowedInStore(folder, ours)
	}
	if slices.Contains(engine, ours) {
		return false
	}
	if strings.HasPrefix(ours, console+"/") {
		return folder == console || ours == frame && (path.Dir(folder) == console || folder == "testkit/desk")
	}
	rule := folder
	for {
		if _, ok := mayImport[rule]; ok {
			break
		}
		if rule = path.Dir(rule); rule == "." {
			return false
		}
	}
	if under(ours, folder) || under(ours, rule) && slices.Contains(trees, rule) {
		return path.Base(ours) != "simulator" || rule != "wechat" && rule != "sms" && rule != "gate"
	}
	for _, permitted := range mayImport[rule] {
		switch {
		case permitted == "*":
			if !under(ours, "server") && !under(ours, "testkit") {
				return true
			}
		case under(ours, permitted):
			return true
		}
	}
	return false
}

// allowedInStore is allowed for store and its subfolders, where a folder may not freely import its
// own parts: store is below its districts.
func allowedInStore(folder, ours string) bool {
	rule := folder
	if _, ok := mayImport[rule]; !ok {
		rule = district
	}
	if slices.Contains(mayImport[rule], ours) {
		return true
	}
	from, to := slices.Index(districtOrder, folder), slices.Index(districtOrder, ours)
	return rule == district && to >= 0 && from < to
}

func under(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"core", "store", false},
		{"store", "core", true},
		{"store", "gate", false},
		{"store", "store/database", true},
		{"store", "store/anything", false},
		{"store/anything", "store", true},
		{"store/anything", "store/other", false},
		{"store/services", "store/cases", true},
		{"store/cases", "store/services", false},
		{"handlers/console", "store/cases", true},
		{"handlers/console", "store/audit", false},
		{"store/audit", "store/database", true},
		{"store/database", "store/audit", false},
		{"store/anything", "store/database", true},
		{"store/database", "store", false},
		{"gate", "store/database", false},
		{"handlers/console", "store/database", false},
		{"server", "store/database", false},
		{"testkit/estate", "store/database", false},
		{"gate", "store", true},
		{"handlers/console", "handlers/web", true},
		{"handlers/console", "handlers/api", false},
		{"handlers/web", "handlers/console", false},
		{"handlers/console", "handlers/console/access", true},
		{"handlers/console/access", "handlers/console/frame", true},
		{"handlers/console/access", "handlers/console/registry", false},
		{"handlers/console/access", "handlers/console", false},
		{"handlers/console/frame", "handlers/console/access", false},
		{"handlers/console/frame", "handlers/web", true},
		{"handlers/h5", "handlers/console/frame", false},
		{"server", "handlers/console/access", false},
		{"testkit/desk", "handlers/console/frame", true},
		{"handlers/console", "configs", false},
		{"wechat", "wechat/simulator", false},
		{"wechat/simulator", "wechat", false},
		{"sms", "sms/simulator", false},
		{"gate", "gate/simulator", false},
		{"gate/simulator", "gate", false},
		{"sms/simulator", "sms", false},
		{"sms", "wechat", false},
		{"server", "demo", true},
		{"demo", "server", false},
		{"server", "testkit", false},
		{"tools/services", "testkit/servers", true},
		{"nowhere", "core", false},
	} {
		if got := allowed(c.from, c.to); got != c.want {
			t.Errorf("%s may import %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// TestRandomnessIsFromOnePackage: crypto/rand is read by package secret alone. rand.Text, which needs
// neither buffer nor encoding, may be called anywhere.
func TestRandomnessIsFromOnePackage(t *testing.T) {
	for _, s := range sources(t) {
		if s.folder() == "secret" {
			continue
		}
		name := ""
		for _, spec := range s.file.Imports {
			if spec.Path.Value == `"crypto/rand"` {
				if name = "rand"; spec.Name != nil {
					name = spec.Name.Name
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && name != "" && call.Sel.Name != "Text" {
				if from, ok := call.X.(*ast.Ident); ok && from.Name == name {
					t.Errorf("%s uses %s.%s: package secret has functions for it", s.path, name, call.Sel.Name)
				}
			}
			return true
		})
	}
}

// testedAlone is the line of the Makefile that names the packages tested without the race detector.
var testedAlone = regexp.MustCompile(`(?m)^ALONE +:= (\S+)\$\$$`)

// TestTestedAlone: a package that starts goroutines is tested with the race detector.
func TestTestedAlone(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := testedAlone.FindSubmatch(text)
	if m == nil {
		t.Fatal("the Makefile does not say which packages are tested alone")
	}
	alone, found := regexp.MustCompile(string(m[1])+"$"), 0
	for _, s := range sources(t) {
		if s.isTest || !alone.MatchString(module+"/"+s.folder()) {
			continue
		}
		found++
		ast.Inspect(s.file, func(n ast.Node) bool {
			if _, is := n.(*ast.GoStmt); is {
				t.Errorf("%s starts a goroutine, but is tested without the race detector (ALONE in the Makefile)", s.path)
			}
			return true
		})
	}
	if found == 0 {
		t.Errorf("no package is one of %s", alone)
	}
}

// codeCompared is a comparison for which core has a function that is right for nil, too.
var codeCompared = regexp.MustCompile(`CodeOf\(\w+\) [!=]= (core\.)?Code(NotFound|Conflict|Invalid)\b`)

func TestErrorsAreAskedByTheirFunctions(t *testing.T) {
	walk(t, func(name string) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || name == "core/errors.go" {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return // removed while we walk
		}
		if found := codeCompared.Find(text); found != nil {
			t.Errorf("%s: %s; use core.IsNotFound, IsConflict or IsInvalid", name, found)
		}
	})
}

func TestNoPackageForLeftovers(t *testing.T) {
	for _, s := range sources(t) {
		for _, bad := range []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "lib"} {
			if strings.TrimSuffix(s.file.Name.Name, "_test") == bad || path.Base(s.path) == bad+".go" {
				t.Errorf("%s: a name that says nothing", s.path)
			}
		}
	}
}

// TestStems checks that a feature has one name everywhere: a handler file with routes is named for
// a rule, a table or an act of that name, or for its whole surface, or is that surface's home page.
// Files without routes are mechanisms.
func TestStems(t *testing.T) {
	known := map[string]bool{}
	all := sources(t)
	for _, s := range all {
		top := strings.Split(s.path, "/")[0]
		// The simulator's files are named for WeChat's things, the engine's for SQL's.
		ours := !s.isTest && path.Base(s.folder()) != "simulator" && s.folder() != "store/database"
		if ours && slices.Contains([]string{"core", "store", "gate", "wechat"}, top) || strings.HasPrefix(s.path, "handlers/web/") {
			known[stem(s.path)] = true
		}
	}
	for _, s := range all {
		parts := strings.Split(s.path, "/")
		if s.isTest || !isSurface(parts) || parts[1] == "web" || !hasRoutes(s.file) {
			continue
		}
		name := stem(s.path)
		if !known[name] && name != parts[1] && name != "home" {
			t.Errorf("%s: no core, store or gate file is named %s", s.path, name)
		}
	}
}

// isSurface reports whether a path is a file of a surface, or of an area of the console.
func isSurface(parts []string) bool {
	return parts[0] == "handlers" && (len(parts) == 3 || len(parts) == 4 && parts[1] == "console")
}

// TestFrameKnowsNoFeature checks that the console's frame names features only in paths.go: what it
// does for one, it does for all.
func TestFrameKnowsNoFeature(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest || s.folder() != frame || s.path == frame+"/paths.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(text.Value, `"/console/`) && text.Value != `"/console/"` {
				t.Errorf("%s names %s", s.path, text.Value)
			}
			return true
		})
	}
}

// TestFeatureMap compares the map in both READMEs with the tree: every stem on it exists, and every
// handler file with routes is on it.
func TestFeatureMap(t *testing.T) {
	exists, routed := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest || s.folder() == "store/database" {
			continue
		}
		parts := strings.Split(s.path, "/")
		if slices.Contains([]string{"core", "store", "gate"}, parts[0]) {
			exists[stem(s.path)] = true
		}
		if isSurface(parts) && hasRoutes(s.file) {
			routed[stem(s.path)] = true
		}
	}
	for _, readme := range []string{"README.md", "README.zh-CN.md"} {
		mapped := stemsOf(t, readme)
		for name := range mapped {
			if !exists[name] {
				t.Errorf("%s maps %s, which no core, store or gate file is named", readme, name)
			}
		}
		for name := range routed {
			if exists[name] && !mapped[name] {
				t.Errorf("%s lacks %s", readme, name)
			}
		}
	}
}

var (
	mapRow  = regexp.MustCompile(`(?m)^\|[^|]+\|((?: *` + "`[a-z0-9]+`" + `[,、 ]*)+)\|`)
	mapStem = regexp.MustCompile("`([a-z0-9]+)`")
)

func stemsOf(t *testing.T, readme string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, readme))
	if err != nil {
		t.Fatal(err)
	}
	stems := map[string]bool{}
	for _, row := range mapRow.FindAllStringSubmatch(string(text), -1) {
		for _, m := range mapStem.FindAllStringSubmatch(row[1], -1) {
			stems[m[1]] = true
		}
	}
	if len(stems) < 10 {
		t.Fatalf("%s: found only %d stems: the table is not where this test looks", readme, len(stems))
	}
	return stems
}

func hasRoutes(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if list, ok := n.(*ast.CompositeLit); ok && len(list.Elts) > 0 {
			kind := list.Type
			if array, ok := kind.(*ast.ArrayType); ok {
				kind = array.Elt
			}
			name, ok := kind.(*ast.SelectorExpr)
			found = found || ok && name.Sel.Name == "Route"
		}
		return !found
	})
	return found
}

func stem(name string) string { return strings.TrimSuffix(path.Base(name), ".go") }

// TestExportedNamesAreDocumented: every exported name needs a doc comment with its contract.
func TestExportedNamesAreDocumented(t *testing.T) {
	packages := map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest {
			continue
		}
		packages[s.folder()] = packages[s.folder()] || s.file.Doc != nil
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !slices.Contains(contracts, d.Name.Name) {
					t.Errorf("%s: %s has no comment", s.path, d.Name.Name)
				}
			case *ast.GenDecl:
				undocumented(t, s.path, d)
			}
		}
	}
	for folder, documented := range packages {
		if !documented {
			t.Errorf("%s: no package comment", folder)
		}
	}
}

// contracts are methods whose meaning the standard library defines.
var contracts = []string{
	"Error", "Unwrap", "Is", "String", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON", "ServeHTTP",
	"Scan", "Value", "LogValue", "Len", "Less", "Swap", "Read", "Write", "Close",
}

// exportedReceiver reports whether d is a function, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	expr := d.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if generic, ok := expr.(*ast.IndexExpr); ok {
		expr = generic.X
	}
	name, ok := expr.(*ast.Ident)
	return ok && name.IsExported()
}

// undocumented reports types, constants and variables without a comment of their own, beside them,
// or on their group. The values of a type of this package are covered by the type's comment.
func undocumented(t *testing.T, name string, d *ast.GenDecl) {
	t.Helper()
	if first, ok := d.Specs[0].(*ast.ValueSpec); ok && d.Lparen.IsValid() && first.Type != nil {
		return
	}
	for _, spec := range d.Specs {
		switch sp := spec.(type) {
		case *ast.TypeSpec:
			if sp.Name.IsExported() && d.Doc == nil && sp.Doc == nil && sp.Comment == nil {
				t.Errorf("%s: %s has no comment", name, sp.Name.Name)
			}
		case *ast.ValueSpec:
			if sp.Names[0].IsExported() && d.Doc == nil && sp.Doc == nil && sp.Comment == nil {
				t.Errorf("%s: %s has no comment", name, sp.Names[0].Name)
			}
		}
	}
}

// TestSQLiteHasItsLibc: modernc.org/sqlite works only with the exact version of modernc.org/libc
// that it was built with, and any other module may raise it.
func TestSQLiteHasItsLibc(t *testing.T) {
	got := goList(t, "{{.Version}}", "modernc.org/libc")
	text, err := os.ReadFile(goList(t, "{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(text)
	if m == nil {
		t.Fatal("sqlite's go.mod names no libc")
	}
	if string(m[1]) != got {
		t.Errorf("libc %s, but sqlite wants %s", got, m[1])
	}
}

func goList(t *testing.T, format, name string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", format, name).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// machinePath is a path that exists on one person's machine only.
var machinePath = regexp.MustCompile("(^|[\\s\"'`(=:])/(work|root|home|Users)/[\\w.]")

func TestNoMachinePaths(t *testing.T) {
	kinds := []string{".go", ".md", ".yaml", ".yml", ".html", ".css", ".js", ".json", ".sql", ".sh", ""}
	walk(t, func(name string) {
		if !slices.Contains(kinds, path.Ext(name)) || path.Base(name) == "package-lock.json" {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return // removed while we walk
		}
		for i, line := range strings.Split(string(text), "\n") {
			if machinePath.MatchString(line) {
				t.Errorf("%s:%d names a path of one machine", name, i+1)
			}
		}
	})
}
