package store

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tongxing/core"
)

// What an act is done to has a Chinese name on the page of the audit log.
func TestEveryAuditedThingHasAName(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\baudit\.Target\("([a-z_]+)"`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllSubmatch(text, -1) {
			found++
			if kind := string(match[1]); core.TargetWords(kind) == kind {
				t.Errorf("%s: %q has no name", file, kind)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d targets: not looking in the right place", found)
	}
}
