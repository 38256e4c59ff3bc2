package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
)

// Search text is sent in a body, and no URL on the resulting page contains it: neither its own, nor
// that of a link to another page, another order, the export or a saved view.
func TestSearchLeavesNoNameInAnAddress(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	d.Passages(t, d.Mine, 120)
	name := d.Mine.Residents[0].Name
	form := b.Get(t, frame.AccessRecordPath, http.StatusOK).Find("#list-filters")
	if form.AttrOr("method", "") != "post" || form.AttrOr("action", "") != frame.FilterPath ||
		form.AttrOr("hx-post", "") != frame.FilterPath || form.AttrOr("hx-replace-url", "") != "true" {
		t.Errorf("the filters are sent to %q by %q", form.AttrOr("action", ""), form.AttrOr("method", ""))
	}
	_, to := b.Post(t, frame.FilterPath, url.Values{
		"list": {frame.AccessRecordPath}, "q": {name}, "direction": {"out"}, "to": {""},
	}, http.StatusSeeOther)
	plain := func(address string) bool {
		text, err := url.QueryUnescape(address)
		return err != nil || strings.Contains(text, name) || strings.Contains(text, "q=")
	}
	if plain(to) || !strings.Contains(to, "direction=out") || strings.Contains(to, "to=") {
		t.Fatalf("led to %s", to)
	}
	page := b.Get(t, to, http.StatusOK)
	if rows := page.Find("#list-body tbody tr").Length(); rows != 120/len(d.Mine.Residents) {
		t.Errorf("%d rows", rows)
	}
	if got := page.Find(`#list-filters input[name="q"]`).AttrOr("value", ""); got != name {
		t.Errorf("the box reads %q", got)
	}
	page.Find("a[href], [hx-get], input[name=query]").Each(func(_ int, link *goquery.Selection) {
		for _, attribute := range []string{"href", "hx-get", "value"} {
			if address := link.AttrOr(attribute, ""); plain(address) {
				t.Errorf("%s of %q holds the name: %s", attribute, link.Text(), address)
			}
		}
	})
	// An old URL with the name leads to URLs without it.
	b.Get(t, frame.ResidentPath+"?q="+url.QueryEscape(name), http.StatusOK).Find("#list-body a[href]").
		Each(func(_ int, link *goquery.Selection) {
			if address := link.AttrOr("href", ""); plain(address) {
				t.Errorf("%q leads to %s", link.Text(), address)
			}
		})
	// A seal is valid only for the caller it was made for, and cannot be altered.
	other := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	other.Get(t, to, http.StatusUnprocessableEntity)
	b.Get(t, strings.Replace(to, "q_=", "q_=A", 1), http.StatusUnprocessableEntity)
	b.Get(t, strings.Replace(to, "q_=", "q_=!", 1), http.StatusUnprocessableEntity)
}

// Filters redirect only to lists of the console; a picked person can be cleared.
func TestSearchLeadsToLists(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for _, list := range []string{"", "/", "//evil.example", "https://evil.example/console/", "/h5", "/console/reader?x=1", "/consolex"} {
		b.Post(t, frame.FilterPath, url.Values{"list": {list}, "q": {"陈"}}, http.StatusUnprocessableEntity)
	}
	person := d.Mine.Residents[0].Person.String()
	b.Post(t, frame.FilterPath, url.Values{
		"list": {frame.ResidentPath}, "q": {strings.Repeat("陈", 1000)},
	}, http.StatusUnprocessableEntity)
	_, to := b.Post(t, frame.FilterPath, url.Values{
		"list": {frame.AccessRecordPath}, frame.PickID: {person}, frame.PickText: {""},
	}, http.StatusSeeOther)
	if to = b.Sent(t, to); to != frame.AccessRecordPath {
		t.Errorf("without the person it leads to %s", to)
	}
	_, to = b.Post(t, frame.FilterPath, url.Values{
		"list": {frame.AccessRecordPath}, frame.PickText: {d.Mine.Residents[0].Name}, "q": {"1栋"},
	}, http.StatusSeeOther)
	if to = b.Sent(t, to); !strings.Contains(to, "person="+person) || strings.Contains(to, "who") || !strings.Contains(to, "q_=") {
		t.Errorf("a name leads to %s", to)
	}
}
