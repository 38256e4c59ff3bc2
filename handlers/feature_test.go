package handlers_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

// ownPages are addresses below /console that belong to the person signed in, to nobody yet,
// or to every list, and to no stem of core.Features.
var ownPages = []string{"", "captcha", "choose", "filter", "guide", "me", "password", "scope", "search", "setup", "star"}

// TestEveryStemIsComplete names what a stem still lacks: its row in core.Features, the menu's
// entry, the page that its row promises. What its acts lack is reported by the tests of store;
// ids for the walk, by TestWalk…; a sample of its pages, by tools/structure.
func TestEveryStemIsComplete(t *testing.T) {
	menu := map[string]bool{}
	for _, group := range core.Menu() {
		for _, f := range group.Features {
			menu[f.Stem] = true
		}
	}
	lists, pages := map[string]core.Permission{}, map[string]core.Permission{}
	for _, r := range newTown(t).app.Routes() {
		address, ok := strings.CutPrefix(r.Path, "/console")
		if !ok {
			continue
		}
		stem, rest, _ := strings.Cut(strings.TrimPrefix(address, "/"), "/")
		f, known := core.FeatureOf(stem)
		if !known && !slices.Contains(ownPages, stem) {
			t.Errorf("%s lacks a row in core.Features", r.Path)
		}
		permission := r.Access.Permission()
		if r.Method != http.MethodGet || permission == "" {
			continue
		}
		if rest == "" {
			lists[stem] = permission
			if f.Under == "" && !menu[stem] {
				t.Errorf("%s lacks an entry of the menu, or another's in its row's Under", r.Path)
			}
		}
		if list, ofOne := strings.CutSuffix(strings.TrimPrefix(address, "/"), "/:id"); ofOne {
			pages[list] = permission
		}
	}
	for _, f := range core.Features {
		if lists[f.Stem] != f.List {
			t.Errorf("%s: /console/%[1]s is for %q, and its row says %q", f.Stem, lists[f.Stem], f.List)
		}
		if page := pages[cmp.Or(f.Path, f.Stem)]; page != f.Page {
			t.Errorf("%s: the page of one thing is for %q, and its row says %q", f.Stem, page, f.Page)
		}
		if f.Under != "" && !menu[f.Under] {
			t.Errorf("%s is under %s, which the menu has not", f.Stem, f.Under)
		}
	}
	if len(lists) < 10 || len(pages) < 5 || len(menu) < 10 {
		t.Errorf("only %d pages and %d entries: not looking in the right place", len(pages), len(menu))
	}
}
