package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

// ownPages are addresses below /console that belong to the person signed in, to nobody yet,
// or to every list, and to no stem of core.Features.
var ownPages = []string{"", "captcha", "choose", "me", "password", "search", "setup"}

// TestEveryStemIsComplete names what a stem still lacks: its row in core.Features, the menu's
// entry, the page that its row promises. What its acts lack is said by the tests of store;
// ids for the walk, by TestWalk…; a sample of its pages, by tools/structure.
func TestEveryStemIsComplete(t *testing.T) {
	menu := map[string]bool{}
	for _, group := range templates.ConsoleMenu("", func(string) bool { return true }) {
		for _, entry := range group.Items {
			stem := strings.Trim(strings.TrimPrefix(entry.URL, "/console"), "/")
			menu[stem] = true
			if _, known := core.FeatureOf(stem); stem != "" && !known {
				t.Errorf("the menu's entry %s lacks a row in core.Features", stem)
			}
		}
	}
	pages := map[string]core.Permission{}
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
		switch rest {
		case "":
			if f.Under == "" && !menu[stem] {
				t.Errorf("%s lacks an entry of the menu, or another's in its row's Under", r.Path)
			}
		case ":id":
			pages[stem] = permission
		}
	}
	for _, f := range core.Features {
		if pages[f.Stem] != f.Page {
			t.Errorf("%s: the page of one thing is for %q, and its row says %q", f.Stem, pages[f.Stem], f.Page)
		}
		if f.Under != "" && !menu[f.Under] {
			t.Errorf("%s is under %s, which the menu has not", f.Stem, f.Under)
		}
	}
	for _, permission := range core.Permissions() {
		if stem, _, _ := strings.Cut(string(permission), "."); !slices.ContainsFunc(
			core.Features, func(f core.Feature) bool { return f.Stem == stem },
		) {
			t.Errorf("the permission %s is of no stem of core.Features", permission)
		}
	}
	if len(pages) < 5 || len(menu) < 10 {
		t.Errorf("only %d pages and %d entries: not looking in the right place", len(pages), len(menu))
	}
}
