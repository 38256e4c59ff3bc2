package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// An alert is told to those who may see it where it was raised, once; the bell counts it until it is read.
func TestBellTellsOfAlerts(t *testing.T) {
	d := newDesk(t)
	mine := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView)
	theirs := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermAccessAlertView)
	houses := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView)
	fresh := func(b *desk.Clerk) int {
		return b.Get(t, "/console", http.StatusOK).Find(".tx-bell .tx-bell-new").Length()
	}
	before := fresh(mine)
	d.Fevers(t, d.Mine, 3)
	if err := d.Store.RaiseAccessAlerts(t.Context()); err != nil { // a second run tells nobody again
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    *desk.Clerk
		want int
	}{"mine": {mine, before + 3}, "another community": {theirs, before}, "no permission": {houses, before}} {
		if n := fresh(c.b); n != c.want {
			t.Errorf("%s: %d new, want %d", name, n, c.want)
		}
	}
	bell := mine.Get(t, "/console", http.StatusOK).Find(".tx-bell")
	mine.Get(t, bell.Find("a").First().AttrOr("href", ""), http.StatusOK)
	theirs.Get(t, bell.Find("a").First().AttrOr("href", ""), http.StatusNotFound)
	last := bell.Find(`button[name="last"]`).AttrOr("value", "")
	mine.Post(t, frame.NoticePath, url.Values{}, http.StatusUnprocessableEntity)
	mine.Post(t, frame.NoticePath, url.Values{"last": {last}}, http.StatusSeeOther)
	if n := fresh(mine); n != 0 {
		t.Errorf("%d are new after they were read", n)
	}
	if mine.Get(t, "/console", http.StatusOK).Find(".tx-bell a").Length() < 3 {
		t.Error("read notices are gone")
	}
}

// The bell says whose community an alert is of to who has several, and to nobody else.
func TestBellSaysOfWhichCommunity(t *testing.T) {
	d := newDesk(t)
	name := nameOf(t, d, d.Mine)
	several := d.SignIn(t, core.ScopeOf(d.Mine.Community, d.Others.Community), core.PermAccessAlertView)
	one := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView)
	d.Fevers(t, d.Mine, 1)
	for b, want := range map[*desk.Clerk]bool{several: true, one: false} {
		line := b.Get(t, "/console", http.StatusOK).Find(".tx-bell-new").First().Text()
		if line == "" || strings.Contains(line, name) != want {
			t.Errorf("the bell has %q; with %s: %v", line, name, want)
		}
	}
}

// An open page asks for the bell and the numbers of its menu: they are those of a page opened now.
func TestPulseEqualsThePage(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessAlertView, core.PermAccessAlertHandle, core.PermHouseView)
	d.Fevers(t, d.Mine, 3)
	if err := d.Store.RaiseAccessAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	pulse := b.Part(t, frame.NoticePath, http.StatusOK)
	page := b.Get(t, "/console", http.StatusOK)
	numbers := func(s *goquery.Selection) (list []string) {
		s.Find("summary, li a").Each(func(_ int, line *goquery.Selection) {
			list = append(list, strings.Join(strings.Fields(line.Text()), " "))
		})
		return list
	}
	got, want := numbers(pulse.Find("nav")), numbers(page.Find(".tx-nav"))
	if !slices.Equal(got, want) || !strings.Contains(strings.Join(want, "\n"), "3") {
		t.Errorf("the menu is %q, on a page %q", got, want)
	}
	if got, want := pulse.Find(".tx-bell").Text(), page.Find(".tx-bell").Text(); got != want {
		t.Errorf("the bell is %q, on a page %q", got, want)
	}
	if n := pulse.Find("[data-pulse-waiting]").AttrOr("data-pulse-waiting", ""); !strings.HasPrefix(page.Find("title").Text(), "("+n+") ") {
		t.Errorf("%s wait, but the window is called %q", n, page.Find("title").Text())
	}
	b.Get(t, frame.NoticePath, http.StatusSeeOther) // opened by hand
}
