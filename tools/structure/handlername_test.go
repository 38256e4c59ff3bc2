package structure

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// verbFirst is a name that begins with what a handler does.
var verbFirst = regexp.MustCompile(`^(add|answer|ask|begin|create|delete|disable|edit|enable|end|export|finish|get|issue|list|` +
	`make|new|preview|release|remove|save|search|set|show|start|update)[A-Z]`)

// synonym is a handler's verb that has another name everywhere else.
var synonym = regexp.MustCompile(`^(?:community|guard|guardPost|house|observer|reader|resident|residents|savedView|account|` +
	`setting|passRule|restriction|accessRecord|accessAlert)(Add|Save|Set|Delete|Rename|Change|Modify)$`)

// TestHandlersAreNamedNounFirst: the handlers of a feature stand together in every list of
// names, and are called as its acts are.
func TestHandlersAreNamedNounFirst(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		if s.isTest || !strings.HasPrefix(s.path, "handlers/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, ok := pair.Key.(*ast.Ident)
			handler, selected := pair.Value.(*ast.SelectorExpr)
			if !ok || !selected || key.Name != "Handler" {
				return true
			}
			found++
			name := handler.Sel.Name
			if verbFirst.MatchString(name) {
				t.Errorf("%s: the handler %s is named verb first", s.path, name)
			}
			if verb := synonym.FindStringSubmatch(name); verb != nil {
				t.Errorf("%s: the handler %s: %s is Create, Update or Remove everywhere else", s.path, name, verb[1])
			}
			return true
		})
	}
	if found < 100 {
		t.Errorf("only %d handlers found: not looking in the right place", found)
	}
}
