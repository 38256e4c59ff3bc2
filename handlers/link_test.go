package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
)

// TestNoLinkIsDead follows every link of every page, as the person who sees it: none leads to a page that does not
// exist, or that is not for them. Links to pages of one path differ in what they filter by: one of them is followed.
func TestNoLinkIsDead(t *testing.T) {
	w := newTown(t)
	target := w.account(t, "target", w.mine, core.RoleViewer)
	followed := 0
	for _, by := range []caller{
		w.operator(t, "operator", w.mine), w.account(t, "manager", w.mine, core.RoleManager),
		w.account(t, "clerk", w.mine, core.RoleClerk), w.account(t, "viewer", w.mine, core.RoleViewer),
		w.person(t, "guard", w.mine, web.Guard), w.person(t, "resident", w.mine, web.Resident),
		w.person(t, "reviewer", w.mine, web.Reviewer),
	} {
		seen := map[string]bool{}
		for _, page := range w.pages(t, by, target.subject) {
			if page.code != http.StatusOK {
				continue // it links to itself
			}
			for _, link := range page.links(t) {
				path, _, _ := strings.Cut(link, "?")
				if seen[path] {
					continue
				}
				seen[path] = true
				followed++
				if answer := w.send(t, by, filled{method: http.MethodGet, action: link}); answer.Code >= 400 {
					t.Errorf("%s, as %s: its link %s is answered with %d", page.path, by.name, link, answer.Code)
				}
			}
		}
	}
	if followed < 300 {
		t.Errorf("only %d links followed: not looking in the right place", followed)
	}
}

// links returns where the page's links lead within the program, each once.
func (p shownPage) links(t *testing.T) []string {
	t.Helper()
	here := mustParse(t, p.path)
	var links []string
	p.doc.Find("a[href]").Each(func(_ int, a *goquery.Selection) {
		to := here.ResolveReference(mustParse(t, a.AttrOr("href", "")))
		if to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/console") && !strings.HasPrefix(to.Path, "/h5") {
			return
		}
		if to.Query().Has("sign") {
			return // a picture, signed for one session: each call here has its own
		}
		to.Fragment = ""
		links = append(links, to.String())
	})
	return links
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
