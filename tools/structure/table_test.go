package structure

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ownerOf names the stem whose store files write a table, if it is not the table's name without
// underscores.
var ownerOf = map[string]string{
	"open_client_scope": "openclient", "open_secret": "openclient", "open_nonce": "openclient",
	"department": "staff", "staff_community": "staff", "staff_department": "staff",
	"staff_sync": "staff", "staff_sync_hint": "staff", "staff_sync_member": "staff",
	"account_recovery":      "totp",
	"account_scope":         "account",
	"account_totp":          "totp",
	"audit_log":             "audit",
	"batch_item":            "batch",
	"building_node":         "house",
	"exit_tally":            "scan",
	"follower_sync":         "follower",
	"follower_tagged":       "follower",
	"guard_assignment":      "guard",
	"house_restriction":     "restriction",
	"import_column":         "import",
	"import_content":        "import",
	"exit_slip_item":        "exitslip",
	"export_content":        "export",
	"import_part":           "import",
	"import_pending":        "import",
	"institution_community": "institution",
	"institution_member":    "member",
	"message":               "outbox",
	"message_attempt":       "outbox",
	"message_day":           "outbox",
	"message_grant":         "outbox",
	"message_optout":        "outbox",
	"message_report":        "outbox",
	"message_stop":          "outbox",
	"node_lease":            "id",
	"observer_community":    "observer",
	"one_time_link":         "account",
	"photo_content":         "photo",
	"reader_quarantine":     "reader",
	"restriction_latest":    "restriction",
	"rule_plan_house":       "ruleplan",
	"schema_migration":      "migrate",
	"sign_in_attempt":       "account",
	"sign_in_pending":       "totp",
	"wechat_app_community":  "wechatapp",
	"wechat_app_step":       "wechatapp",
	"wechat_template":       "wechattemplate",
	"wechat_file":           "wechatfile",
	"wechat_menu":           "wechatmenu",
	"wechat_menu_version":   "wechatmenu",
	"wechat_reply":          "wechatreply",
	"wechat_identity":       "wechatuser",
}

// foreignWrites are writes of a table by another stem's file, each with its reason. Outdated
// entries fail.
var foreignWrites = map[string]string{
	"accountact.go session":     "an account that is closed or gets a new password is signed out everywhere",
	"audit.go setting":          "the chain's end is a setting that no person sees",
	"keycheck.go setting":       "what the database knows of its keys is a setting that no person sees",
	"ready.go setting":          "a write is tried with rows that are gone before it ends",
	"residentchange.go pass":    "a pass moves with its resident, in one transaction",
	"totp.go sign_in_attempt":   "the second step ends the attempt that the first began",
	"keep.go message_call":      "a call is deleted with its message",
	"record.go wechat_identity": "who turns out not to follow is found by sending",
	"wechatlogin.go account":    "tying an account to WeChat is its act, with the code's end in one transaction",
}

// putTogether are files whose writes do not name the table in the literal, each with the reason.
// Outdated entries fail.
var putTogether = map[string]string{
	"store/bindticket.go":       "the guard's or the observer's binding, from bindTables",
	"store/database/bulk.go":    "rows of the table that the caller passes, which this test reads",
	"store/database/dialect.go": "the dialect's INSERT IGNORE, for bulk.go",
	"store/inservice.go":        "the feature's own table, from its row",
	"store/session.go":          "what has expired, from tables of that file",
}

var (
	endsInWrite = regexp.MustCompile(`\b(?:INTO|DELETE FROM|UPDATE) *$`)
	createTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
	writesTable = regexp.MustCompile(`(?i)\b(?:INSERT (?:IGNORE )?INTO|REPLACE INTO|DELETE FROM|UPDATE) +(\w+)`)
	inBytes     = regexp.MustCompile(`(?i)\b(?:OCTET_)?LENGTH *\(`)
)

// TestATableIsWrittenByItsOwnStem: to find out what changes a row, one reads the files of one name.
func TestATableIsWrittenByItsOwnStem(t *testing.T) {
	tables := tableNames(t)
	owners := map[string]bool{}
	for _, table := range tables {
		owners[owner(table)] = true
	}
	seen, unnamed, found := map[string]bool{}, map[string]bool{}, 0
	for _, s := range sources(t) {
		if s.isTest || strings.HasPrefix(s.path, "tools/") {
			continue
		}
		for _, text := range literals(s.file) {
			if strings.HasPrefix(s.path, "store/") && endsInWrite.MatchString(text) && !strings.Contains(text, "FOR UPDATE") {
				unnamed[s.path] = true
			}
		}
		for _, table := range written(s.file, tables) {
			found++
			if !strings.HasPrefix(s.path, "store/") {
				t.Errorf("%s writes the table %s: only store has SQL", s.path, table)
				continue
			}
			if stemIn(owners, s.path) == owner(table) {
				continue
			}
			entry := path.Base(s.path) + " " + table
			seen[entry] = true
			if foreignWrites[entry] == "" {
				t.Errorf("%s writes the table %s, which is %s's", s.path, table, owner(table))
			}
		}
	}
	for entry := range foreignWrites {
		if !seen[entry] {
			t.Errorf("foreignWrites has %q, which nothing does", entry)
		}
	}
	for name := range unnamed {
		if putTogether[name] == "" {
			t.Errorf("%s puts a write together from parts: name the table in the literal", name)
		}
	}
	for name := range putTogether {
		if !unnamed[name] {
			t.Errorf("putTogether has %s, which names its tables", name)
		}
	}
	if found < 60 {
		t.Errorf("found only %d writes: not looking in the right place", found)
	}
}

// TestNoLengthInSQL: LENGTH counts bytes on MySQL and characters on SQLite.
func TestNoLengthInSQL(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest || !strings.HasPrefix(s.path, "store/") {
			continue
		}
		for _, text := range literals(s.file) {
			if inBytes.MatchString(text) {
				t.Errorf("%s: LENGTH( in SQL", s.path)
			}
		}
	}
}

func tableNames(t *testing.T) (tables []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "migrations", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			tables = append(tables, m[1])
		}
	}
	if len(tables) < 20 {
		t.Fatalf("found only %d tables: not looking in the right place", len(tables))
	}
	return append(tables, "schema_migration") // needed by migrations themselves
}

func owner(table string) string {
	if stem := ownerOf[table]; stem != "" {
		return stem
	}
	return strings.ReplaceAll(table, "_", "")
}

// stemIn returns the longest owner that a file's name, or its folder's, begins with.
func stemIn(owners map[string]bool, file string) (longest string) {
	for _, name := range []string{stem(file), path.Base(path.Dir(file))} {
		for o := range owners {
			if strings.HasPrefix(name, o) && len(o) > len(longest) {
				longest = o
			}
		}
		if longest != "" {
			return longest
		}
	}
	return ""
}

// written returns the tables that a file's SQL writes: those after a verb, and those passed to a
// function that builds an INSERT.
func written(file *ast.File, tables []string) (names []string) {
	for _, text := range literals(file) {
		for _, m := range writesTable.FindAllStringSubmatch(text, -1) {
			if slices.Contains(tables, m[1]) {
				names = append(names, m[1])
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !strings.HasSuffix(called(call), "InsertRows") {
			return true
		}
		for _, argument := range call.Args {
			if text := literal(argument); slices.Contains(tables, text) {
				names = append(names, text)
			}
		}
		return true
	})
	return names
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func literals(file *ast.File) (texts []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			if text := literal(e); text != "" {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}
