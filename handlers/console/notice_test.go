package console

import (
	"net/http"
	"net/url"
	"testing"

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
