package store

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/migrations"
	"tongxing/store/database"

	"github.com/jmoiron/sqlx"
)

// races makes every act lose its race once: it runs to its end, and then another has
// changed its rows. Acts race for the end of the audit log whenever two servers write.
type races struct {
	mu   sync.Mutex
	on   bool
	lost map[string]bool
}

func (r *races) end(op string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on || strings.HasSuffix(op, "node") || strings.HasSuffix(op, "node number") {
		return nil
	}
	if r.lost[op] = !r.lost[op]; r.lost[op] {
		return database.ErrRace
	}
	return nil
}

// begin begins an act: what an earlier one, refused half way, left is forgotten.
func (r *races) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = map[string]bool{}
}

// raceWorld is a store in which the acts are done one after another.
type raceWorld struct {
	*Store
	ctx    context.Context
	clock  *testClock
	races  *races
	beside *sqlx.DB           // a pool beside the store's, to look at all rows
	ids    map[string]core.ID // what earlier acts made, by a name of this test's
	text   map[string]string
	fans   FollowerTurn
}

func newRaceWorld(t *testing.T, o Options, losing bool) *raceWorld {
	t.Helper()
	w := &raceWorld{
		ctx: t.Context(), clock: newTestClock(), races: &races{on: losing, lost: map[string]bool{}},
		ids: map[string]core.ID{}, text: map[string]string{},
	}
	o.Now, o.beforeCommit = w.clock.Now, w.races.end
	w.Store = openStore(t, o)
	driver, source := "sqlite", "file:"+o.SQLitePath
	if o.MySQLDSN != "" {
		driver, source = "mysql", o.MySQLDSN
	}
	var err error
	if w.beside, err = sqlx.Open(driver, source); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.beside.Close() })
	return w
}

// keep notes an id under a name, for the acts to come.
func (w *raceWorld) keep(name string, id core.ID, err error) (any, error) {
	w.ids[name] = id
	return id, err
}

// TestEveryActSurvivesALostRace does every write act of the store in two stores. In one
// of them each act loses its race once and is run again: its result, its error and all
// rows must be as in the other, but for the ids and secrets that are made at random.
func TestEveryActSurvivesALostRace(t *testing.T) {
	missing := writeActs(t)
	for _, step := range raceSteps {
		delete(missing, step.act)
	}
	for act := range missing {
		t.Errorf("%s writes, and is not among this test's steps", act)
	}
	both := func(options func(t *testing.T) Options) func(t *testing.T) {
		return func(t *testing.T) {
			calm, losing := newRaceWorld(t, options(t), false), newRaceWorld(t, options(t), true)
			for i, step := range raceSteps {
				want, got := step.run(t, calm), step.run(t, losing)
				if d := difference(want, got); d != "" {
					t.Fatalf("step %d, %s, after a lost race: %s", i, step.act, d)
				}
			}
			wantAuditWords(t, calm.Store)
		}
	}
	t.Run("SQLite", both(func(t *testing.T) Options {
		o := testOptions()
		o.SQLitePath = filepath.Join(emptySQLite.Copy(t, makeEmpty), sqliteFile)
		return o
	}))
	t.Run("MariaDB", both(mariaOptions))
}

type raceStep struct {
	act string
	do  func(w *raceWorld) (any, error)
}

// run does the act a second later than the one before, and returns what it came to, a
// line each: its result, and every row of every table.
func (step raceStep) run(t *testing.T, w *raceWorld) []string {
	t.Helper()
	w.clock.Add(time.Second)
	w.races.begin()
	result, err := step.do(w)
	if err != nil {
		t.Fatalf("%s (losing races: %v): %v", step.act, w.races.on, err)
	}
	m := &renamer{names: map[string]string{}}
	lines := w.rows(t, m)
	return append(lines, "result: "+m.rename(fmt.Sprintf("%v", result)))
}

// difference returns the first line that is not in both.
func difference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		a, b := "nothing", "nothing"
		if i < len(want) {
			a = want[i]
		}
		if i < len(got) {
			b = got[i]
		}
		if a != b {
			return "\n got " + b + "\nwant " + a
		}
	}
	return ""
}

// renamer returns ids numbers in the order in which it meets them, and hides secrets.
type renamer struct{ names map[string]string }

var (
	idText     = regexp.MustCompile(`\b\d{16,19}\b`)
	secretText = regexp.MustCompile(`g1\.[\w.+/]+|\$argon2id\S+|[0-9a-f]{32,}|[A-Za-z0-9_-]{20,}`)
)

func (m *renamer) rename(text string) string {
	text = secretText.ReplaceAllString(text, "secret")
	return idText.ReplaceAllStringFunc(text, func(id string) string {
		if m.names[id] == "" {
			m.names[id] = "#" + strconv.Itoa(len(m.names)+1)
		}
		return m.names[id]
	})
}

var tableName = regexp.MustCompile(`(?s)^\s*CREATE TABLE (\w+) \((.*)`)

// rows returns every row of every table but the engine's own, those with an id first and
// in its order, so that ids get the same numbers in both stores.
func (w *raceWorld) rows(t *testing.T, m *renamer) []string {
	t.Helper()
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	var withID, others []string
	for _, migration := range all {
		for _, statement := range migration.Statements {
			found := tableName.FindStringSubmatch(statement)
			switch {
			case found == nil || found[1] == "node_lease":
			case strings.HasPrefix(strings.TrimSpace(found[2]), "id "):
				withID = append(withID, found[1])
			default:
				others = append(others, found[1])
			}
		}
	}
	var lines []string
	for _, table := range withID {
		lines = append(lines, w.table(t, m, table, " ORDER BY id")...)
	}
	for _, table := range others {
		some := w.table(t, m, table, "")
		sort.Strings(some)
		lines = append(lines, some...)
	}
	return lines
}

func (w *raceWorld) table(t *testing.T, m *renamer, table, order string) []string {
	t.Helper()
	var lines []string
	rows, err := w.beside.QueryxContext(w.ctx, "SELECT * FROM "+table+order)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			t.Fatal(err)
		}
		delete(row, "code") // two digits at random
		columns := make([]string, 0, len(row))
		for column := range row {
			columns = append(columns, column)
		}
		slices.Sort(columns)
		line := table
		for _, column := range columns {
			value := row[column]
			if bytes, ok := value.([]byte); ok {
				value = string(bytes)
			}
			line += fmt.Sprintf(" %s=%v", column, value)
		}
		lines = append(lines, m.rename(line))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// writeActs returns the exported methods of Store that write, by themselves or through
// functions of this package.
func writeActs(t *testing.T) map[string]bool {
	t.Helper()
	calls, exported := map[string][]string{}, map[string]bool{}
	for _, file := range parsePackage(t, token.NewFileSet()) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			name := f.Name.Name
			exported[name] = exported[name] || f.Name.IsExported() && isStore(f)
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					calls[name] = append(calls[name], calledHere(call))
				}
				return true
			})
		}
	}
	writes := map[string]bool{"Write": true}
	for grown := true; grown; {
		grown = false
		for name, called := range calls {
			if !writes[name] && slices.ContainsFunc(called, func(c string) bool { return writes[c] }) {
				writes[name], grown = true, true
			}
		}
	}
	acts := map[string]bool{}
	for name := range writes {
		if exported[name] {
			acts[name] = true
		}
	}
	// A scan's transactions are a worker's, whose lost races scan_test.go makes.
	delete(acts, "Scan")
	if len(acts) < 60 {
		t.Fatalf("only %d acts found: not looking in the right place", len(acts))
	}
	return acts
}

// calledHere returns the name of a function of this package or of a method of the store
// that is called, Write for the database's, and "" for all others.
func calledHere(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		switch x := f.X.(type) {
		case *ast.Ident:
			if x.Name == "s" {
				return f.Sel.Name
			}
		case *ast.SelectorExpr:
			if x.Sel.Name == "db" && f.Sel.Name == "Write" {
				return "Write"
			}
		}
	}
	return ""
}

func isStore(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return false
	}
	pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := pointer.X.(*ast.Ident)
	return ok && name.Name == "Store"
}
