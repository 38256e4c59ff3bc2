package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func TestRestrictionIsSetAndLifted(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	at, house := d.Mine.Community.String(), d.Mine.Houses[1].String()
	label := desk.HouseLabel(t, d, d.Mine.Houses[1])
	if b.Get(t, frame.RestrictionPath, http.StatusOK).Find(".tx-empty").Length() != 1 {
		t.Error("no empty state")
	}
	page := b.Get(t, frame.RestrictionPath+"/new?house="+house, http.StatusOK)
	if page.Find(`input[name="houses"][value="`+house+`"][checked]`).Length() != 1 {
		t.Error("the house of the link is not ticked")
	}

	// A search keeps what is ticked and typed.
	form := url.Values{
		"community": {at}, "houses": {house}, "exits": {"-1"}, "reason": {desk.Hostile}, "confirmed": {"1"},
		"last_day": {"2099-01-01"}, "q": {desk.HouseLabel(t, d, d.Mine.Houses[0])}, "act": {"search"},
	}
	page, _ = b.Post(t, frame.RestrictionPath+"/preview", form, http.StatusOK)
	if page.Find(`input[name="houses"]`).Length() != 2 || page.Find(`input[name="houses"][checked]`).Length() != 1 ||
		desk.InputValue(page, "reason") != desk.Hostile || desk.InputValue(page, "last_day") != "2099-01-01" {
		t.Errorf("after the search: %s", page.Find("form.tx-form").Text())
	}
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("a search restricted a house")
	}

	if _, to := b.Post(t, frame.RestrictionPath, form, http.StatusSeeOther); to != frame.RestrictionPath+"?community="+at {
		t.Errorf("went to %s", to)
	}
	list := b.Get(t, frame.RestrictionPath, http.StatusOK)
	desk.Literally(t, list, desk.Hostile)
	if row := list.Find("tbody tr"); row.Length() != 1 || !strings.Contains(row.Text(), label) || !strings.Contains(row.Text(), "禁止出入") ||
		!strings.Contains(row.Text(), "2099-01-01") {
		t.Errorf("listed as %q", list.Find("tbody").Text())
	}
	if !strings.Contains(b.Get(t, frame.HousePath, http.StatusOK).Find("tbody").Text(), "禁止出入") {
		t.Error("the list of houses does not show it")
	}

	lift := frame.RestrictionPath + "/" + house + "/lift"
	page, _ = b.Post(t, lift, nil, http.StatusOK)
	if page.Find("form.tx-confirm").Length() != 1 || len(d.Restrictions(t)) != 1 {
		t.Error("lifting does not ask")
	}
	b.Post(t, lift, desk.ConfirmedForm(), http.StatusSeeOther)
	if len(d.Restrictions(t)) != 0 {
		t.Error("still restricted")
	}
	// Somebody else was quicker.
	b.Post(t, lift, desk.ConfirmedForm(), http.StatusSeeOther)
	if said := b.Get(t, frame.RestrictionPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(said, "限制已经解除") {
		t.Errorf("a second lift says %q", said)
	}
}
