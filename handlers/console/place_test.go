package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// hostileText is typed into every text field: it must come back as it was.
const hostileText = `<img src=x onerror=alert(1)>'); DROP TABLE house; --`

// registrar is a browser of an account that may do everything with its community.
func (d *readerDesk) registrar(t *testing.T) *readerClerk {
	t.Helper()
	return d.signIn(t, core.ScopeOf(d.mine.Community), core.Permissions()...)
}

// onlyViews is one that may look at everything and change nothing.
func (d *readerDesk) onlyViews(t *testing.T) *readerClerk {
	t.Helper()
	return d.signIn(t, core.ScopeOf(d.mine.Community), core.PermCommunityView, core.PermHouseView, core.PermResidentView, core.PermPassRuleView, core.PermReaderView)
}

// literally fails unless the page shows the text as text, and no element of it.
func literally(t *testing.T, page *goquery.Document, text string) {
	t.Helper()
	if !strings.Contains(page.Find("main").Text(), text) {
		t.Errorf("the page does not show %q", text)
	}
	if page.Find("main img[src=x]").Length() != 0 {
		t.Error("the page believed what was typed")
	}
}

// wrongField fails unless the form marks the field, and gives its input.
func wrongField(t *testing.T, page *goquery.Document, field string) {
	t.Helper()
	if page.Find("#f-"+field+"-error").Text() == "" {
		t.Errorf("no message at %s", field)
	}
	// Browsers go to the first place that asks for it: without scripts nothing mends that.
	if first := page.Find("main [autofocus]").First(); first.Length() == 1 && first.Closest(".tx-wrong").Length() == 0 {
		t.Errorf("%s is wrong, but the page begins at %s", field, first.AttrOr("name", ""))
	}
}

func inputValue(page *goquery.Document, name string) string {
	value, _ := page.Find(`main form [name="` + name + `"]`).Last().Attr("value")
	return value
}

// The routes of the register and the rules, with the ids of another community,
// and with an account that may only look.
func TestRegisterRoutesStayInScope(t *testing.T) {
	d := newReaderDesk(t)
	admin, viewer := d.registrar(t), d.onlyViews(t)
	theirs, house, resident := d.others.Community.String(), d.others.Houses[0].String(), d.others.Residents[0].ID.String()
	form := url.Values{"confirmed": {"1"}, "community": {theirs}, "houses": {house}, "name": {"改"}, "identity": {"owner"}, "phone": {"13800138000"}, "levels": {"栋"},
		"level0": {"9"}, "level1": {"9"}, "level2": {"9"}, "house": {"1栋1单元101"}, "exits": {"-1"}, "reason": {"x"},
		"counting": {"person"}, "period_days": {"1"}, "fever_tenths": {"37.3"}, "version": {"2"}}
	for _, path := range []string{
		communityPath + "/" + theirs + "/edit", housePath + "?community=" + theirs, housePath + "/new?community=" + theirs,
		residentPath + "?community=" + theirs, residentPath + "?house=" + house, residentPath + "/new?community=" + theirs, residentPath + "/new?house=" + house,
		residentPath + "/" + resident, residentPath + "/" + resident + "/edit", passRulePath + "?community=" + theirs,
		restrictionPath + "?community=" + theirs, restrictionPath + "/new?community=" + theirs, restrictionPath + "/new?house=" + house,
		residentPath + "/1", residentPath + "/x", passRulePath + "?community=99999999999999999999",
	} {
		admin.get(t, path, http.StatusNotFound)
	}
	for _, path := range []string{
		communityPath + "/" + theirs, housePath, residentPath, residentPath + "/" + resident, residentPath + "/" + resident + "/reveal",
		residentPath + "/" + resident + "/moveout", passRulePath, restrictionPath, restrictionPath + "/" + house + "/lift",
	} {
		admin.post(t, path, form, http.StatusNotFound)
		viewer.post(t, path, form, http.StatusForbidden)
	}
	// Houses of theirs among ours.
	form.Set("community", d.mine.Community.String())
	admin.post(t, restrictionPath, form, http.StatusNotFound)
	for _, path := range []string{communityPath, housePath, residentPath, passRulePath, restrictionPath, residentPath + "/" + d.mine.Residents[0].ID.String()} {
		page := viewer.get(t, path, http.StatusOK)
		if page.Find(`main form[method="post"]:not(.tx-views form), main a[href*="/new"], main a[href$="/edit"]`).Not(".tx-views form").Length() != 0 {
			t.Errorf("%s offers an act to who may only look", path)
		}
	}
	r, err := d.store.Resident(t.Context(), core.Everywhere, d.others.Residents[0].ID)
	if err != nil || !r.MovedOut.IsZero() || r.Name != d.others.Residents[0].Name {
		t.Errorf("another community's resident is now %+v, %v", r, err)
	}
}

// The first account of a new program sees what to do, on every page.
func TestRegisterWithoutCommunities(t *testing.T) {
	d := newReaderDesk(t)
	empty := estate.Store(t, store.Options{})
	h := &Console{Store: empty, Renderer: d.console.Renderer, Cache: d.console.Cache}
	app := web.New(web.Options{Store: empty, Cache: h.Cache, ErrorPage: h.ErrorPage})
	app.Register(h.Routes()...)
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	d.store, d.address = empty, server.URL
	b := d.signIn(t, core.Everywhere, core.Permissions()...)
	for _, path := range []string{communityPath, housePath, passRulePath, restrictionPath} {
		if page := b.get(t, path, http.StatusOK); page.Find(`main .tx-empty a[href="`+communityPath+`/new"]`).Length() != 1 {
			t.Errorf("%s does not say how to begin", path)
		}
	}
	for _, path := range []string{housePath, residentPath, restrictionPath} {
		b.get(t, path+"/new", http.StatusNotFound)
	}
}

// Every list answers alike to a community that the account has not: there is none.
func TestListsOfAnotherCommunityAreNotThere(t *testing.T) {
	d := newReaderDesk(t)
	b := d.boss(t)
	for _, path := range []string{housePath, residentPath, readerPath, guardPostPath, guardPath, observerPath, alertPath, recordPath, auditPath, restrictionPath, passRulePath} {
		b.get(t, path+"?community="+d.others.Community.String(), http.StatusNotFound)
		b.get(t, path+"?community="+d.mine.Community.String(), http.StatusOK)
	}
}
