package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

// The page of a resident has what the counter needs of the house: who else lives there, what it owes, and 解除. Without the
// permission to see houses it says nothing of what is owed.
func TestThePageOfAResidentIsTheCountersDesk(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	r := d.Mine.Residents[0]
	_, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: r.House, Name: "同屋<人>", Identity: core.Family,
	})
	if err == nil {
		_, _, err = d.Store.UpdateArrears(t.Context(), core.System, core.Everywhere, store.HouseArrears{
			Community: d.Mine.Community, House: "1-1-101", Fen: 12345,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	restrict(t, d, core.Restriction{Exits: -1, Reason: "装修"})
	page := b.Get(t, frame.ResidentURL(r.ID), http.StatusOK)
	mates := page.Find(`section[aria-labelledby="mates-title"]`).Text()
	if !strings.Contains(mates, "同屋<人>") || strings.Contains(mates, r.Name) {
		t.Errorf("同住 says %q", mates)
	}
	if text := page.Find("main").Text(); !strings.Contains(text, "欠费 123.45 元") {
		t.Errorf("the page does not say what is owed: %s", text)
	}
	lift := page.Find(".tx-standing button:contains(解除)")
	if at := lift.AttrOr("formaction", ""); !strings.HasSuffix(at, "/lift?resident="+r.ID.String()) {
		t.Errorf("解除 leads to %q", at)
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView).Get(t, frame.ResidentURL(r.ID), http.StatusOK)
	if text := few.Find("main").Text(); strings.Contains(text, "欠费") || few.Find(".tx-standing form").Length() != 0 {
		t.Errorf("without the permission the page says %s", text)
	}
	desk.Literally(t, page, "<人>")
}

// Whom a search does not find is added under the name that was typed, which no address shows; a number is no name.
func TestWhoIsNotFoundIsAddedByName(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for typed, want := range map[string]string{"欧阳<新>": "欧阳<新>", "13800138999": ""} {
		page := b.Get(t, frame.ResidentPath+"?q="+url.QueryEscape(typed), http.StatusOK)
		add := page.Find("main .tx-empty a:contains(添加住户)").AttrOr("href", "")
		if !strings.HasPrefix(add, frame.ResidentPath+"/new?") || strings.Contains(add, url.QueryEscape(typed)) {
			t.Fatalf("%s: 添加住户 leads to %q", typed, add)
		}
		if got := desk.InputValue(b.Get(t, add, http.StatusOK), "name"); got != want {
			t.Errorf("%s: the form begins with %q, want %q", typed, got, want)
		}
	}
}
