package handlers_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
)

// TestHeadsAndCellsAgree checks that a row's cells are in the order of the headings: a cell with a
// label, which phones show in place of the heading, has its column's, and both have the same width
// class.
func TestHeadsAndCellsAgree(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	tables := 0
	for _, by := range []caller{
		w.account(t, "admin", w.mine, core.RoleAdmin), w.person(t, "observer", w.mine, web.Observer),
	} {
		for _, page := range w.pages(t, by, target.subject) {
			page.doc.Find("table").Each(func(_ int, table *goquery.Selection) {
				heads := table.Find("thead th")
				if heads.Length() == 0 || heads.Is("[colspan]") {
					return // a plan: its headings are over several columns
				}
				tables++
				table.Find("tbody tr").Each(func(_ int, row *goquery.Selection) { sameColumns(t, page.path, heads, row) })
			})
		}
	}
	if tables < 15 {
		t.Errorf("only %d tables: not looking in the right place", tables)
	}
}

func sameColumns(t *testing.T, path string, heads, row *goquery.Selection) {
	t.Helper()
	cells := row.Children()
	if cells.FilterFunction(func(_ int, cell *goquery.Selection) bool { return cell.AttrOr("colspan", "") != "" }).Length() > 0 {
		return // not a record's row: a subheading
	}
	if cells.Length() != heads.Length() {
		t.Errorf("%s: %d cells under %d headings", path, cells.Length(), heads.Length())
		return
	}
	cells.Each(func(i int, cell *goquery.Selection) {
		head := heads.Eq(i)
		column := strings.TrimSpace(head.Text())
		if label, labelled := cell.Attr("data-label"); labelled && label != column {
			t.Errorf("%s: the cell %q is under the heading %q", path, label, column)
		}
		for _, class := range []string{"tx-narrow", "tx-number"} {
			if cell.HasClass(class) != head.HasClass(class) {
				t.Errorf("%s: the heading %q and its cell differ in %s", path, column, class)
			}
		}
	})
}
