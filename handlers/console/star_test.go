package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func starredLines(page *goquery.Document) string {
	var lines []string
	page.Find(`aside .tx-nav-head + ul a`).Each(func(_ int, a *goquery.Selection) {
		lines = append(lines, a.Find("span").Text()+" "+a.AttrOr("href", ""))
	})
	return strings.Join(lines, ", ")
}

func star(t *testing.T, b *desk.Clerk, from, stem, on string) {
	t.Helper()
	r := b.Form(t, frame.StarPath, url.Values{"stem": {stem}, "on": {on}})
	r.Header.Set("Referer", b.Desk.Address+from)
	if _, to := b.Do(t, r, http.StatusSeeOther); to != from {
		t.Errorf("from %s to %s", from, to)
	}
}

// A starred page is on top of the menu of every page and in the empty search box, with its number, until
// it no longer is, or may no longer be opened.
func TestStarredPagesAreOnTop(t *testing.T) {
	d := newDesk(t)
	d.Fevers(t, d.Mine, 3)
	b := d.Registrar(t)
	page := b.Get(t, frame.AccessAlertPath, http.StatusOK)
	if starredLines(page) != "" || page.Find(`.tx-star button[aria-pressed="false"]`).Length() != 1 {
		t.Error("starred from the start, or no button")
	}
	star(t, b, frame.AccessAlertPath+"?state=handled", "accessalert", "yes")
	star(t, b, frame.RestrictionPath, "restriction", "yes")
	page = b.Get(t, frame.AccessAlertPath, http.StatusOK)
	if got := starredLines(page); got != "告警 /console/accessalert, 限制出入 /console/restriction" {
		t.Errorf("on top: %s", got)
	}
	if page.Find(`.tx-star button[aria-pressed="true"]`).Length() != 1 || page.Find(".tx-nav-head + ul .tx-count").Text() != "3" {
		t.Error("the button is not pressed, or the line has no number")
	}
	box := b.Get(t, frame.SearchPath, http.StatusOK).Find(`.tx-find-group[aria-label="常用"]`)
	if box.Find("a").First().AttrOr("href", "") != "/console/accessalert" {
		t.Errorf("the empty search box has %q", box.Text())
	}
	if n := b.Get(t, frame.HousePath+"/new", http.StatusOK).Find(".tx-star").Length(); n != 0 {
		t.Error("a form can be starred")
	}
	star(t, b, frame.AccessAlertPath, "accessalert", "no")
	star(t, b, frame.AccessAlertPath, "accessalert", "no")
	if got := starredLines(b.Get(t, "/console", http.StatusOK)); got != "限制出入 /console/restriction" {
		t.Errorf("on top: %s", got)
	}
}

// Eight are the most; one that may not be opened, or does not exist, is not shown.
func TestStarsAreBounded(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	b.Post(t, frame.StarPath, url.Values{"stem": {"wechatuser"}, "on": {"yes"}}, http.StatusNotFound)
	n := 0
	for _, f := range core.Features {
		if f.List == "" && !f.Own || n > core.MaxStarred {
			continue
		}
		n++
		star(t, b, "/console", f.Stem, "yes")
	}
	page := b.Get(t, "/console", http.StatusOK)
	if on := len(strings.Split(starredLines(page), ", ")); on != core.MaxStarred || n != core.MaxStarred+1 {
		t.Errorf("%d on top of %d starred", on, n)
	}
	if page.Find(`.tx-flash.tx-bad`).Text() == "" {
		t.Error("the ninth was not refused in words")
	}
	b.Post(t, frame.StarPath, url.Values{"stem": {"nothing"}, "on": {"yes"}}, http.StatusNotFound)
	b.Post(t, frame.StarPath, url.Values{"stem": {"reader"}, "on": {"maybe"}}, http.StatusUnprocessableEntity)

	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	few.Post(t, frame.StarPath, url.Values{"stem": {"account"}, "on": {"yes"}}, http.StatusNotFound)
	star(t, few, "/console", "reader", "yes")
	if got := starredLines(few.Get(t, "/console", http.StatusOK)); got != "智能门禁 /console/reader" {
		t.Errorf("on top: %s", got)
	}
}
