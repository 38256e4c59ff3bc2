package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// scopeName returns the community that the top bar names.
func scopeName(page *goquery.Document) string {
	name := page.Find(".tx-scope").First().Clone()
	name.Find(".visually-hidden").Remove()
	return strings.TrimSpace(name.Text())
}

func nameOf(t *testing.T, d *desk.Desk, e *estate.Estate) string {
	t.Helper()
	community, err := d.Store.Community(t.Context(), core.Everywhere, e.Community)
	if err != nil {
		t.Fatal(err)
	}
	return community.Name
}

func request(t *testing.T, b *desk.Clerk, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The community chosen in the top bar is remembered, and every list and form starts from it; the URL
// says which, and another one in the URL wins.
func TestScopeIsRememberedAndHonoured(t *testing.T) {
	d := newDesk(t)
	d.Fevers(t, d.Mine, 3)
	d.Fevers(t, d.Others, 2)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	mine, theirs := d.Mine.Community.String(), d.Others.Community.String()
	if name := scopeName(b.Get(t, "/console", http.StatusOK)); name != "全部小区" {
		t.Errorf("before a choice: %q", name)
	}
	_, to := b.Post(t, frame.ScopePath, url.Values{"community": {mine}, "back": {frame.HousePath}}, http.StatusSeeOther)
	if to != frame.HousePath {
		t.Errorf("went on to %q", to)
	}
	for _, path := range []string{
		frame.HousePath, frame.ResidentPath, frame.ResidentPath + "?certified=no", frame.ReaderPath, frame.ReaderPath + "/quarantine",
		frame.GuardPostPath, frame.GuardPath, frame.ObserverPath, frame.AccessRecordPath, frame.AccessRecordChartPath,
		frame.AccessAlertPath, frame.PassRulePath, frame.RestrictionPath,
		frame.GuardPostPath + "/new", frame.GuardPath + "/new", frame.ReaderPath + "/new", frame.ResidentPath + "/new",
		frame.HousePath + "/new", frame.HousePath + "/bulk", frame.RestrictionPath + "/new", frame.ObserverPath + "/new",
		frame.AccountPath, frame.AccountPath + "/new", frame.AuditPath, frame.AuditPath + "/view",
		frame.BatchPath, frame.HousePath + "/plan",
	} {
		_, to := b.Do(t, request(t, b, path), http.StatusSeeOther)
		at, err := url.Parse(to)
		if err != nil || at.Query().Get("community") != mine || !strings.HasPrefix(path, at.Path) {
			t.Errorf("%s leads to %s", path, to)
			continue
		}
		page := b.Get(t, to, http.StatusOK)
		if scopeName(page) != nameOf(t, d, d.Mine) || strings.Contains(page.Find("main").Text(), "在哪个小区") {
			t.Errorf("%s is of %q", to, scopeName(page))
		}
		// A link of a colleague shows what it showed there.
		other := b.Get(t, at.Path+"?community="+theirs, http.StatusOK)
		if scopeName(other) != nameOf(t, d, d.Others) {
			t.Errorf("%s?community=%s is of %q", at.Path, theirs, scopeName(other))
		}
	}
	home := b.Get(t, "/console", http.StatusOK)
	if n := home.Find(`aside a[href="` + frame.AccessAlertPath + `"] .tx-count`).Text(); n != "3" {
		t.Errorf("the menu counts %q alerts", n)
	}
	// All, for once, by the list's own filter.
	all := b.Get(t, frame.AccessAlertPath+"?community="+frame.AllCommunities, http.StatusOK)
	if n := all.Find("main tbody tr").Length(); n != 5 || scopeName(all) != "全部小区" {
		t.Errorf("%d alerts of %q", n, scopeName(all))
	}
	if all.Find(`select[name="community"] option`).First().AttrOr("value", "") != frame.AllCommunities {
		t.Error("the list's filter cannot ask for all")
	}
	b.Get(t, frame.AccessRecordPath+"?community="+frame.AllCommunities, http.StatusOK)
	b.Post(t, frame.ScopePath, url.Values{"community": {frame.AllCommunities}, "back": {"//elsewhere.example"}}, http.StatusSeeOther)
	b.Get(t, frame.HousePath, http.StatusOK)
}

// The accounts of a community are those that work there, and a new one starts with it.
func TestAccountsOfTheScope(t *testing.T) {
	d := newDesk(t)
	for login, e := range map[string]*estate.Estate{"here": d.Mine, "there": d.Others} {
		_, err := d.Store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
			Login: login, Name: login, Role: core.RoleClerk, Permissions: []core.Permission{core.PermHouseView},
			Scope: core.ScopeOf(e.Community),
		}, "correct-horse-7")
		if err != nil {
			t.Fatal(err)
		}
	}
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	mine := "?community=" + d.Mine.Community.String()
	rows := b.Get(t, frame.AccountPath+mine, http.StatusOK).Find("main tbody").Text()
	if !strings.Contains(rows, "here") || strings.Contains(rows, "there") || !strings.Contains(rows, "文员") {
		t.Errorf("the accounts of a community are %q", rows)
	}
	if all := b.Get(t, frame.AccountPath, http.StatusOK).Find("main tbody").Text(); !strings.Contains(all, "there") {
		t.Errorf("all accounts are %q", all)
	}
	ticked := b.Get(t, frame.AccountPath+"/new"+mine, http.StatusOK).Find(`input[name="communities"][checked]`)
	if ticked.Length() != 1 || ticked.AttrOr("value", "") != d.Mine.Community.String() {
		t.Errorf("a new account starts with %d communities", ticked.Length())
	}
}

// The tabs of a page keep the community that its URL names.
func TestTabsKeepTheCommunity(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	for _, path := range []string{
		frame.ReaderPath, frame.ReaderPath + "/quarantine", frame.ReaderPath + "/wall", frame.GuardPostPath, frame.GuardPath,
		frame.PassRulePath, frame.ObserverPath, frame.HousePath, frame.HousePath + "/plan",
	} {
		tabs := b.Get(t, path+"?community="+d.Others.Community.String(), http.StatusOK).Find("nav.tx-tabs a")
		if tabs.Length() < 2 {
			t.Errorf("%s has %d tabs", path, tabs.Length())
		}
		tabs.Each(func(_ int, tab *goquery.Selection) {
			if to := tab.AttrOr("href", ""); !strings.Contains(to, "community="+d.Others.Community.String()) {
				t.Errorf("%s: the tab %s", path, to)
			}
		})
	}
}

// Nobody can choose a community outside the scope, and one that is taken away from the account is
// forgotten at once.
func TestScopeTakenAwayFallsBack(t *testing.T) {
	d := newDesk(t)
	mine, theirs := d.Mine.Community, d.Others.Community
	one := d.Registrar(t)
	one.Post(t, frame.ScopePath, url.Values{"community": {theirs.String()}}, http.StatusNotFound)
	one.Post(t, frame.ScopePath, url.Values{"community": {"x"}}, http.StatusNotFound)
	one.Post(t, frame.ScopePath, url.Values{}, http.StatusUnprocessableEntity)

	b, id := d.SignedIn(t, "roamer")
	account, err := d.Store.Account(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	account.Permissions = core.Permissions()
	for _, step := range []struct {
		scope core.Scope
		name  string
	}{
		{core.Everywhere, "全部小区"},
		{core.ScopeOf(mine), nameOf(t, d, d.Mine)},
	} {
		account.Scope = step.scope
		if _, err := d.Store.UpdateAccount(t.Context(), core.SystemGranter, account); err != nil {
			t.Fatal(err)
		}
		if account, err = d.Store.Account(t.Context(), core.Everywhere, id); err != nil {
			t.Fatal(err)
		}
		if err := d.Store.UpdateWorkingCommunity(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
		if name := scopeName(b.Get(t, frame.HousePath, http.StatusOK)); name != step.name {
			t.Errorf("works in %q, want %q", name, step.name)
		}
		// As if chosen before the scope changed.
		if err := d.Store.UpdateWorkingCommunity(t.Context(), id, theirs); err != nil {
			t.Fatal(err)
		}
		if step.scope.Whole() {
			continue
		}
		if name := scopeName(b.Get(t, frame.HousePath, http.StatusOK)); name != step.name {
			t.Errorf("with a choice outside the scope: %q, want %q", name, step.name)
		}
	}
}

// With many communities the switcher is a search.
func TestScopeOfManyIsSearched(t *testing.T) {
	d := newDesk(t)
	for i := range 14 {
		if _, err := d.Store.CreateCommunity(
			t.Context(), core.System, core.Community{Name: fmt.Sprintf("%d 号院", i), Levels: []string{"栋"}},
		); err != nil {
			t.Fatal(err)
		}
	}
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	page := b.Get(t, frame.HousePath, http.StatusOK)
	if n := page.Find(`header button[name="community"]`).Length(); n != 1 || page.Find(`header input[name="name"]`).Length() != 1 {
		t.Errorf("%d choices in the top bar", n)
	}
	page = b.Get(t, frame.ScopePath+"?name=13%20号&back="+frame.HousePath, http.StatusOK)
	if n := page.Find(`main button[name="community"]`).Length(); n != 2 || page.Find(`main form[method="post"] input[name="back"]`).AttrOr(
		"value", "",
	) != frame.HousePath {
		t.Errorf("%d found", n)
	}
}

func TestScopePages(t *testing.T) {
	shell := templates.Shell{Title: "范围", CSRF: "x", Scope: templates.ScopeSwitch{
		Name: desk.Hostile, URL: frame.ScopePath, Back: "/console", CSRF: "x", Search: true,
		Choices: []templates.ScopeChoice{{Value: "1", Label: desk.Hostile, Active: true}},
	}}
	templates.CheckAll(t, "console/scope/", map[string]any{
		"console/scope/show":      scopeSample(shell, templates.ScopeChoice{Value: "1", Label: desk.Hostile}),
		"console/scope/show#none": scopeSample(shell),
	})
}

func scopeSample(shell templates.Shell, choices ...templates.ScopeChoice) any {
	return frame.ScopePage{Shell: shell, Text: desk.Hostile, Choices: choices, Back: "/console"}
}

// A form that is shown again counts on its tabs what is of its community, as the page did.
func TestTabsCountTheFormsCommunity(t *testing.T) {
	d := newDesk(t)
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	company, err := d.Store.CreateInstitution(t.Context(), core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Others.Community},
	})
	if err == nil {
		_, err = d.Store.CreateMember(t.Context(), core.System, core.Everywhere, core.Member{
			Institution: company, Name: "陈师傅", Phone: "13700008888", From: today, Until: today + 1,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	counts := func(page *goquery.Document) string { return page.Find("main .tx-tabs .tx-count").Text() }
	if got := counts(b.Get(t, frame.PassRulePath+"?community="+d.Others.Community.String(), http.StatusOK)); got == "" {
		t.Fatal("the other community's tabs count nothing")
	}
	path := frame.PassRulePath + "?community=" + d.Mine.Community.String()
	page := b.Get(t, path, http.StatusOK)
	form := desk.FilledIn(page)
	form.Set("period_days", "abc")
	again, _ := b.Post(t, frame.PassRulePath, form, http.StatusUnprocessableEntity)
	if was, is := counts(page), counts(again); was != is {
		t.Errorf("the tabs counted %q, and %q on the form that is shown again", was, is)
	}
}
