package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/testkit/desk"
)

// Every page without rows is drawn for an administrator and for a clerk: of a system without a community, of a
// new community, and for a search that finds nothing. Each link on it leads somewhere, it says whom to ask only
// to those who cannot act, and a new community's list offers the next step to those who can.
func TestEmptyPagesLeadOn(t *testing.T) {
	for _, role := range []core.Role{core.RoleAdmin, core.RoleClerk} {
		t.Run(string(role), func(t *testing.T) {
			d := desk.Empty(t, area)
			preset, err := role.Preset()
			if err != nil {
				t.Fatal(err)
			}
			scope, gone := core.Everywhere, newCommunity(t, d)
			if role != core.RoleAdmin {
				scope = core.ScopeOf(gone)
			}
			walk := emptyWalk{clerk: d.SignIn(t, scope, preset.Permissions...), admin: role == core.RoleAdmin, routes: d.Routes}
			if err := d.Store.ArchiveCommunity(t.Context(), core.System, core.Everywhere, gone); err != nil {
				t.Fatal(err)
			}
			if n := walk.all(t, ""); n < 8 {
				t.Errorf("without a community, %d pages are empty", n)
			}
			fresh := newCommunity(t, d)
			if role != core.RoleAdmin {
				walk.clerk = d.SignIn(t, core.ScopeOf(fresh), preset.Permissions...)
			}
			if n := walk.all(t, "community="+fresh.String()); n < 8 {
				t.Errorf("of a new community, %d pages are empty", n)
			}
			if n := walk.all(t, "q=%E7%BB%9D%E6%97%A0&community="+fresh.String()); n < 8 {
				t.Errorf("of a search, %d pages are empty", n)
			}
		})
	}
}

// emptyWalk opens every page that needs no id, as one person.
type emptyWalk struct {
	clerk  *desk.Clerk
	admin  bool
	routes []web.Route
}

// all opens the pages with a query and returns how many of them had nothing to show.
func (w emptyWalk) all(t *testing.T, query string) (empty int) {
	t.Helper()
	followed := map[string]bool{}
	for _, r := range w.routes {
		if r.Method != http.MethodGet || strings.Contains(r.Path, ":") || strings.HasSuffix(r.Path, ".xlsx") {
			continue
		}
		page, status := w.see(t, r.Path+"?"+query)
		found := page.Find("main .tx-empty")
		if status != http.StatusOK || found.Length() == 0 {
			continue
		}
		empty++
		words := strings.Join(strings.Fields(found.Text()), "")
		may := found.Find("a").Length() > 0
		if w.admin && strings.Contains(words, "管理员") || may && strings.Contains(words, "请联系") {
			t.Errorf("%s?%s tells %s", r.Path, query, words)
		}
		if strings.Contains(words, "添加") && strings.Contains(words, "后，") && !may && !strings.Contains(words, "请联系") {
			t.Errorf("%s?%s tells to add, without a way: %s", r.Path, query, words)
		}
		if strings.HasPrefix(query, "q=") && page.Find("main [name=q]").Length() > 0 && !strings.Contains(words, "“绝无”") {
			t.Errorf("%s?%s does not say what was searched: %s", r.Path, query, words)
		}
		page.Find("main a[href], .tx-menu-item[href], .tx-nav a[href]").Each(func(_ int, a *goquery.Selection) {
			to := a.AttrOr("href", "")
			if followed[to] || !strings.HasPrefix(to, "/") {
				return
			}
			followed[to] = true
			if _, status := w.see(t, to); status != http.StatusOK && status != http.StatusSeeOther {
				t.Errorf("%s?%s: “%s” leads to %s: %d", r.Path, query, strings.TrimSpace(a.Text()), to, status)
			}
		})
	}
	return empty
}

func (w emptyWalk) see(t *testing.T, path string) (*goquery.Document, int) {
	t.Helper()
	response, err := w.clerk.Client.Get(w.clerk.Desk.Address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page, response.StatusCode
}
