package handlers_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// garbage are values that are unusable as filter, date, id or cursor.
var garbage = []string{
	"nonsense", "\x00", "\xff\xfe", strings.Repeat("9", 30), strings.Repeat("x", 400), "2026-13-45",
}

// looks are parameters that choose how a list is displayed, or which part of it, and filter
// nothing.
var looks = []string{"sort", "draw", "node", "of"}

// TestGarbageNeverWidens sends unusable values in each parameter that a list's page declares, to
// the page and to its export: either is rejected, or shows no row. Dropping the filter would show,
// or export, rows that nobody asked for.
func TestGarbageNeverWidens(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	admin := w.widely(t, w.account(t, "admin", w.mine, core.RoleAdmin))
	tried := map[string]int{}
	var garbageValues [][]string
	for _, value := range garbage {
		garbageValues = append(garbageValues, []string{value})
	}
	for _, by := range []caller{admin, w.person(t, "observer", w.mine, web.Observer), w.person(t, "guard", w.mine, web.Guard)} {
		filters := map[string][]string{}
		for _, page := range w.pages(t, by, target.subject) {
			if names := filterNames(page.doc); len(names) > 0 && rowsOf(page.doc) > 0 {
				filters[page.path] = names
			}
		}
		for _, r := range w.app.Routes() {
			list := strings.TrimSuffix(strings.TrimSuffix(r.Path, "/export.xlsx"), "/export")
			reads := r.Method == http.MethodGet || strings.HasSuffix(r.Path, "/export")
			if unsigned(r) || !reads || !by.may(r.Access) || filters[list] == nil {
				continue
			}
			for _, name := range filters[list] {
				for _, values := range append(garbageValues, []string{"", "nonsense"}) { // twice: the first filters nothing
					tried[r.Method+" "+r.Path]++
					answer := w.callWith(t, r, by, r.Path+"?"+url.Values{name: values}.Encode(), "confirmed=1")
					if n := widened(t, answer); n != 0 {
						t.Errorf("%s: %d, %d rows with %s=%.20q", r.Name(), answer.Code, n, name, values)
					}
				}
			}
		}
	}
	for _, list := range []string{
		"GET /console/accessrecord/export.xlsx", "POST /console/resident/export", "GET /h5/observer", "GET /h5/observer/export.xlsx",
	} {
		if len(tried) < 12 || tried[list] < 40 {
			t.Errorf("%s: %d of %v tried: not looking in the right place", list, tried[list], tried)
		}
	}
}

// widely adds the other community to an account, so that lists ask for the community.
func (w *town) widely(t *testing.T, account caller) caller {
	t.Helper()
	wide, err := w.store.Account(t.Context(), core.Everywhere, account.subject)
	if err != nil {
		t.Fatal(err)
	}
	wide.Scope = core.ScopeOf(w.mine.Community, w.others.Community)
	if _, err := w.store.UpdateAccount(t.Context(), core.SystemGranter, wide); err != nil {
		t.Fatal(err)
	}
	return account
}

// TestAChoiceThatIsNotOfferedIsRefused sends, for each choice that a list offers, one that it does
// not: page, chart and export respond with 422, wherever it is.
func TestAChoiceThatIsNotOfferedIsRefused(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	admin := w.widely(t, w.account(t, "admin", w.mine, core.RoleAdmin))
	tried := map[string]bool{}
	one := w.account(t, "one", w.mine, core.RoleAdmin) // only lists of one community are sorted by name
	for _, by := range []caller{admin, one, w.person(t, "observer", w.mine, web.Observer)} {
		choices := map[string][]string{}
		for _, page := range w.pages(t, by, target.subject) {
			if names := choiceNames(page.doc); len(names) > 0 {
				choices[page.path] = names
			}
		}
		for _, r := range w.app.Routes() {
			list := r.Path
			for _, part := range []string{"/export.xlsx", "/export", "/chart"} {
				list = strings.TrimSuffix(list, part)
			}
			if unsigned(r) || r.Method != http.MethodGet || !by.may(r.Access) {
				continue
			}
			for _, name := range choices[list] {
				if name == "hour" && strings.HasSuffix(r.Path, "/chart") {
					continue // which has no such choice, and drops that of the list
				}
				for _, value := range []string{"zzzz", "1", "no such thing"} {
					tried[list+" "+name] = true
					if answer := w.call(t, r, by, r.Path+"?"+url.Values{name: {value}}.Encode()); answer.Code != 422 {
						t.Errorf("%s: %d with %s=%s", r.Name(), answer.Code, name, value)
					}
				}
			}
		}
	}
	for _, want := range []string{
		"/console/resident certified", "/console/resident identity", "/console/resident ties", "/console/resident sort",
		"/console/guardpost direction", "/console/accessrecord kind", "/console/accessrecord gate", "/console/account role",
		"/h5/observer direction", "/h5/observer kind", "/h5/observer result",
	} {
		if !tried[want] {
			t.Errorf("%s was not tried", want)
		}
	}
}

// choiceNames returns the names of the choices that a page's filters and headings offer, except
// the community, which is an id: another's is not found.
func choiceNames(page *goquery.Document) []string {
	var names []string
	page.Find("form.tx-filters select[name], .p-filters select[name]").Each(func(_ int, field *goquery.Selection) {
		if name := field.AttrOr("name", ""); name != "community" {
			names = append(names, name)
		}
	})
	if page.Find("a.tx-sort").Length() > 0 {
		names = append(names, "sort")
	}
	return names
}

// filterNames returns the field names of a page's filter forms.
func filterNames(page *goquery.Document) []string {
	names := []string{"after", "before"}
	page.Find("form").Each(func(_ int, f *goquery.Selection) {
		// A list's filters are posted, so that no name that is searched for is in an address.
		if form, _ := read(f); form.method != http.MethodGet && !f.Is(".tx-filters, .p-filters form") {
			return
		}
		f.Find("[name]").Each(func(_ int, field *goquery.Selection) {
			// The field that says which list is searched, and that the form is ours, is no filter.
			if name := field.AttrOr("name", ""); name != "list" && name != web.CSRFField {
				names = append(names, name)
			}
		})
	})
	if len(names) == 2 {
		return nil
	}
	for _, name := range templates.PersonalParams {
		if slices.Contains(names, name) {
			names = append(names, templates.SealParam(name)) // that nobody made
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return slices.Contains(looks, name) })
}

// rowsOf counts the rows of a list's page.
func rowsOf(page *goquery.Document) int {
	return page.Find("main table:not(.tx-chart-table) tbody tr, #records li").Length()
}

// widened returns the number of rows in a response; 0 if it is a refusal.
func widened(t *testing.T, answer *httptest.ResponseRecorder) int {
	t.Helper()
	if answer.Code >= 500 {
		t.Errorf("%d", answer.Code)
	}
	if answer.Code != http.StatusOK {
		return 0
	}
	if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
		page, err := goquery.NewDocumentFromReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return rowsOf(page)
	}
	file, err := excelize.OpenReader(bytes.NewReader(answer.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.GetRows(file.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	return max(len(rows)-1, 0) // the first is the headings
}
