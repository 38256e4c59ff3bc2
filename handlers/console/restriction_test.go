package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/templates"
)

func (d *readerDesk) restrictions(t *testing.T) []store.RestrictedHouse {
	t.Helper()
	list, _, err := d.store.Restrictions(t.Context(), core.Everywhere, store.RestrictionFilter{Community: d.mine.Community, Page: store.Page{Limit: 9}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRestrictionIsSetAndLifted(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	at, house := d.mine.Community.String(), d.mine.Houses[1].String()
	label := houseLabel(t, d, d.mine.Houses[1])
	if b.get(t, restrictionPath, http.StatusOK).Find(".tx-empty").Length() != 1 {
		t.Error("no empty state")
	}
	page := b.get(t, restrictionPath+"/new?house="+house, http.StatusOK)
	if page.Find(`input[name="houses"][value="`+house+`"][checked]`).Length() != 1 {
		t.Error("the house of the link is not ticked")
	}

	// A search keeps what is ticked and typed.
	form := url.Values{"community": {at}, "houses": {house}, "exits": {"-1"}, "reason": {hostileText}, "last_day": {"2099-01-01"}, "q": {houseLabel(t, d, d.mine.Houses[0])}, "act": {"search"}}
	page, _ = b.post(t, restrictionPath, form, http.StatusOK)
	if page.Find(`input[name="houses"]`).Length() != 2 || page.Find(`input[name="houses"][checked]`).Length() != 1 || inputValue(page, "reason") != hostileText || inputValue(page, "last_day") != "2099-01-01" {
		t.Errorf("after the search: %s", page.Find("form.tx-form").Text())
	}
	if len(d.restrictions(t)) != 0 {
		t.Fatal("a search restricted a house")
	}

	form.Set("act", "save")
	if _, to := b.post(t, restrictionPath, form, http.StatusSeeOther); to != restrictionPath+"?community="+at {
		t.Errorf("went to %s", to)
	}
	list := b.get(t, restrictionPath, http.StatusOK)
	literally(t, list, hostileText)
	if row := list.Find("tbody tr"); row.Length() != 1 || !strings.Contains(row.Text(), label) || !strings.Contains(row.Text(), "禁止出入") || !strings.Contains(row.Text(), "2099-01-01") {
		t.Errorf("listed as %q", list.Find("tbody").Text())
	}
	if !strings.Contains(b.get(t, housePath, http.StatusOK).Find("tbody").Text(), "禁止出入") {
		t.Error("the list of houses does not show it")
	}

	lift := restrictionPath + "/" + house + "/lift"
	page, _ = b.post(t, lift, nil, http.StatusOK)
	if page.Find("form.tx-confirm").Length() != 1 || len(d.restrictions(t)) != 1 {
		t.Error("lifting does not ask")
	}
	b.post(t, lift, confirmedForm(), http.StatusSeeOther)
	if len(d.restrictions(t)) != 0 {
		t.Error("still restricted")
	}
	b.post(t, lift, confirmedForm(), http.StatusNotFound)
}

func TestRestrictionRefuses(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	good := url.Values{"community": {d.mine.Community.String()}, "houses": {d.mine.Houses[0].String()}, "exits": {"1"}, "reason": {"居家"}}
	for field, value := range map[string]string{"exits": "", "reason": " ", "last_day": "2000-01-01"} {
		form := url.Values{}
		for name, values := range good {
			form[name] = values
		}
		form.Set(field, value)
		page, _ := b.post(t, restrictionPath, form, http.StatusUnprocessableEntity)
		wrongField(t, page, field)
		if page.Find(`input[name="houses"][checked]`).Length() != 1 {
			t.Errorf("%s: the form lost the house", field)
		}
	}
	form := url.Values{"community": good["community"], "exits": {"1"}, "reason": {"居家"}, "q": {"没有的"}}
	page, _ := b.post(t, restrictionPath, form, http.StatusUnprocessableEntity)
	if !strings.Contains(page.Find(".tx-wrong").Text(), "请选择房屋") {
		t.Errorf("no message at houses: %q", page.Find("form.tx-form").Text())
	}
	if len(d.restrictions(t)) != 0 {
		t.Error("a wrong form restricted a house")
	}
}

func TestRestrictionPages(t *testing.T) {
	shell := templates.Shell{Title: "限制出入", CSRF: "x"}
	at := place{Community: core.Community{ID: 1}}
	templates.CheckAll(t, "console/restriction/", map[string]any{
		"console/restriction/list": restrictionListPage{Shell: shell, Tabs: passTabs("restriction", at), List: templates.List{Path: restrictionPath}, Rows: []restrictionRow{
			{Label: "1栋101", Reason: hostileText, State: restrictionBadge(core.Restriction{Exits: 2}, 1), Lift: &templates.Submit{Label: "解除", URL: "/x"}},
		}},
		"console/restriction/form":       restrictionNewPage{Shell: shell, Search: templates.Field{Name: "q", Label: "找房屋"}, Form: templates.Form{Sections: restrictionSections(at, restrictionForm{}, nil)}},
		"console/restriction/form#found": restrictionNewPage{Shell: shell, Search: templates.Field{Name: "q", Label: "找房屋"}, More: true, Form: templates.Form{Sections: restrictionSections(at, restrictionForm{}, []templates.Choice{{Value: "1", Label: "1栋"}})}},
	})
}
