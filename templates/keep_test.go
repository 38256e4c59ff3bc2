package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Storage can be forbidden or full, and then throws: one script knows, the others ask it.
func TestOneScriptStores(t *testing.T) {
	scripts, err := filepath.Glob("assets/js/*.js")
	if err != nil || len(scripts) < 20 {
		t.Fatalf("%d scripts, %v: not looking in the right place", len(scripts), err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if stores := strings.Contains(string(text), "localStorage"); stores != (filepath.Base(script) == "keep.js") {
			t.Errorf("%s: uses the browser's storage itself: %t", script, stores)
		}
	}
}
