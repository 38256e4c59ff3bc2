package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/testkit/desk"
)

// routeAt returns the route of a method and a path; a route that names the path goes before one with
// parameters.
func routeAt(routes []web.Route, method, path string) (found web.Route, ok bool) {
	parts := strings.Split(path, "/")
	for _, r := range routes {
		own := strings.Split(r.Path, "/")
		same := r.Method == method && len(own) == len(parts)
		for i := 0; same && i < len(own); i++ {
			same = own[i] == parts[i] || strings.HasPrefix(own[i], ":")
		}
		if same && (!ok || !strings.Contains(r.Path, ":")) {
			found, ok = r, true
		}
	}
	return found, ok
}

// pagesWithForms returns every page without parameters, and one of each kind with them.
func pagesWithForms(t *testing.T, d *desk.Desk) []string {
	t.Helper()
	var pages []string
	for _, r := range d.Routes {
		asset := strings.HasSuffix(r.Path, ".xlsx") || strings.Contains(r.Path, "/qr") || strings.HasSuffix(r.Path, "/preview")
		if r.Method == http.MethodGet && !strings.Contains(r.Path, ":") && r.Access != web.Public && !asset {
			pages = append(pages, r.Path)
		}
	}
	alert := d.Fevers(t, d.Mine, 1)[0]
	account := d.Account(t, "clerk-two", core.PermHouseView)
	view, err := d.Store.CreateSavedView(t.Context(), core.SavedView{Account: account, Stem: "house", Name: "我的"})
	if err != nil || view == 0 {
		t.Fatal(err)
	}
	resident := frame.ResidentURL(d.Mine.Residents[0].ID)
	return append(
		pages, resident, resident+"/edit", resident+"/certify", resident+"/withdraw", frame.HouseURL(d.Mine.Houses[0])+"/edit",
		frame.CommunityURL(d.Mine.Community)+"/edit", frame.ReaderPath+"/"+d.Mine.Doors[0].ID.String()+"/edit",
		frame.GuardPostPath+"/"+d.Mine.Post.String()+"/edit", frame.GuardURL(d.Mine.Guard)+"/edit",
		frame.ObserverURL(d.Mine.Observer)+"/edit", frame.AccountPath+"/"+account.String()+"/edit", frame.AccessAlertURL(alert.ID),
		frame.HousePath+"/new?community="+d.Mine.Community.String(), frame.HousePath+"/bulk?community="+d.Mine.Community.String(),
	)
}

// typedInto are the fields of a form into which people type what they would have to type again. Passwords and
// codes are not kept.
const typedInto = `textarea, input[type="text"], input[type="tel"], input[type="number"], input[type="date"], input:not([type])`

// Whatever people type into a form survives the end of their session: each such form goes to a route that keeps
// drafts.
func TestFormsThatAreTypedIntoKeepDrafts(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	forms := 0
	for _, path := range pagesWithForms(t, d) {
		r := request(t, b, path)
		answer, err := b.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		page, err := goquery.NewDocumentFromReader(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
		}
		page.Find(`main form[method="post"]`).Each(func(_ int, form *goquery.Selection) {
			if form.Find(typedInto).Not(`[autocomplete="one-time-code"]`).Length() == 0 {
				return
			}
			forms++
			to, err := url.Parse(form.AttrOr("action", ""))
			if err != nil {
				t.Fatal(err)
			}
			route, found := routeAt(d.Routes, http.MethodPost, to.Path)
			if !found || !route.Draft && !route.Reads {
				t.Errorf("%s: what is typed for %s is lost with the session", path, to.Path)
			}
		})
	}
	if forms < 15 {
		t.Errorf("only %d forms", forms)
	}
}

const typedText = "东南西北"

// drafted returns the routes of forms that keep drafts, with an id that nothing has.
func drafted(d *desk.Desk) map[string]web.Route {
	paths := map[string]web.Route{}
	for _, r := range d.Routes {
		if r.Draft {
			paths[strings.ReplaceAll(r.Path, ":id", "4611686018427387903")] = r
		}
	}
	return paths
}

// A form whose thing was removed meanwhile, or moved to another's scope, answers with what was typed.
func TestWhatWasTypedOutlivesItsThing(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	for path, r := range drafted(d) {
		if !strings.Contains(r.Path, ":id") {
			continue
		}
		page, _ := b.Post(t, path, url.Values{"name": {typedText}, "password": {"never-shown-7"}}, http.StatusNotFound)
		if !strings.Contains(page.Find("main .tx-kept").Text(), typedText) || strings.Contains(page.Text(), "never-shown-7") {
			t.Errorf("%s: %s", path, page.Find("main").Text())
		}
	}
	// Of a scope that has lost its community, too: the form has no page any more.
	form := url.Values{"community": {"4611686018427387903"}, "name": {typedText}, "one": {"37.3"}, "other": {"999"}}
	page, _ := b.Post(t, frame.GuardPostPath, form, http.StatusNotFound)
	if !strings.Contains(page.Find("main .tx-kept").Text(), typedText) {
		t.Errorf("a community that is gone: %s", page.Find("main").Text())
	}
	if text := page.Find("main .tx-kept").Text(); !strings.Contains(text, "37.3；999") || strings.Count(text, "其他内容") != 1 {
		t.Errorf("of fields without a name it keeps %q", text)
	}
}

// Every form of a session that has ended is kept as a draft.
func TestEveryFormOutlivesItsSession(t *testing.T) {
	d := newDesk(t)
	b, _ := d.Expelled(t, "typist", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	for path := range drafted(d) {
		_, to := b.Post(t, path, url.Values{"name": {typedText}}, http.StatusSeeOther)
		if !strings.HasSuffix(to, url.QueryEscape(web.DraftPage)) {
			t.Errorf("%s leads to %s", path, to)
		}
	}
}
