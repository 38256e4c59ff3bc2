package store

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"testing"

	"tongxing/core"
)

// What an act is done to is a stem of core.Features, so that it has a Chinese name on the
// page of the audit log and is spelled as everywhere else.
func TestEveryAuditedThingHasAName(t *testing.T) {
	found := 0
	for _, file := range parsePackage(t, token.NewFileSet()) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || calledName(call) != "Target" || len(call.Args) != 2 {
				return true
			}
			stem, ok := literal(call.Args[0])
			if !ok {
				return true
			}
			found++
			if _, known := core.FeatureOf(stem); !known {
				t.Errorf("%q is no stem of core.Features", stem)
			}
			return true
		})
	}
	if found < 20 {
		t.Errorf("only %d targets: not looking in the right place", found)
	}
}

// wantAuditWords holds that every line of the audit log tells of an act, a subject and
// fields that have words.
func wantAuditWords(t *testing.T, s *Store) {
	t.Helper()
	page := Page{Limit: 1000}
	lines, more, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{}, page)
	if err != nil || more || len(lines) < 40 {
		t.Fatalf("%d lines, more %v: %v", len(lines), more, err)
	}
	for _, line := range lines {
		if !core.KnownAct(line.Action) {
			t.Errorf("the act %s is not in core.Features", line.Action)
		}
		if stem, _ := core.TargetOf(line.Target); core.TargetLabel(stem) == stem {
			t.Errorf("%s: the subject %s is no stem of core.Features", line.Action, line.Target)
		}
		for _, text := range []string{line.Before, line.After} {
			if text == "" {
				continue
			}
			var object map[string]any
			if err := json.Unmarshal([]byte(text), &object); err != nil {
				t.Errorf("%s keeps %s: %v", line.Action, text, err)
			}
			for key := range object {
				if !core.KnownAuditField(core.StemOf(line.Action), key) {
					t.Errorf("%s keeps %s, which has no words", line.Action, key)
				}
			}
		}
	}
}
