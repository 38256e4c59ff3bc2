package frame

import (
	"slices"
	"testing"

	"tongxing/core"
)

// The console knows the page of whose a pass of any kind is, and what it takes to open it.
func TestTheConsoleKnowsEveryKindOfPass(t *testing.T) {
	urls := map[string]core.PassKind{}
	for _, kind := range core.PassKinds() {
		row := passKinds[kind]
		if row.url == nil || HolderLabel(kind) == "" || !slices.Contains(core.Permissions(), row.needs) {
			t.Errorf("%s: %+v", kind, row)
			continue
		}
		url := row.url(77)
		if other, twice := urls[url]; twice {
			t.Errorf("%s leads to the page of %s", kind, other)
		}
		urls[url] = kind
	}
	if len(passKinds) != len(core.PassKinds()) {
		t.Errorf("%d rows of %d kinds", len(passKinds), len(core.PassKinds()))
	}
}
