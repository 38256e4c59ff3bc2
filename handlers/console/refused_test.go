package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// What the program would refuse is drawn disabled: archiving a community with readers in use, deleting a
// house that people have left, deleting a resident who is on record.
func TestRefusedActsAreDrawnDisabled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	off := func(page, act string) bool {
		t.Helper()
		buttons := b.Get(t, page, http.StatusOK).Find(`button[formaction*="` + act + `"]`).Not("#bulk button")
		if buttons.Length() == 0 {
			t.Errorf("%s has no %s", page, act)
		}
		return buttons.Length() == buttons.Filter("[disabled]").Length()
	}
	if !off(frame.CommunityPath, "/archive") {
		t.Error("a community with readers in use can be archived")
	}
	house := d.Mine.Houses[0]
	for _, r := range d.Mine.Residents {
		if r.House == house {
			if err := d.Store.MoveOut(t.Context(), core.System, core.Everywhere, r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !off(frame.HouseURL(house), "/delete") {
		t.Error("a house that people have left can be deleted")
	}
	list := frame.ResidentPath + "?community=" + d.Mine.Community.String()
	if off(list, "/delete") {
		t.Error("nobody can be deleted")
	}
	d.Passages(t, d.Mine, 2*len(d.Mine.Residents))
	if !off(list, "/delete") {
		t.Error("a resident on record can be deleted")
	}
}

// The question before houses are restricted or restrictions lifted names the houses.
func TestRestrictionsAreAskedAboutByHouse(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	at, house := d.Mine.Community.String(), d.Mine.Houses[1].String()
	label := desk.HouseLabel(t, d, d.Mine.Houses[1])
	form := url.Values{"community": {at}, "houses": {house}, "exits": {"2"}, "reason": {"x"}}
	page, _ := b.Post(t, frame.RestrictionPath, form, http.StatusOK)
	if text := page.Find("form.tx-confirm li").Text(); !strings.Contains(text, label) {
		t.Errorf("restricting says %q", text)
	}
	b.Post(t, frame.RestrictionPath, desk.WithConfirmed(form), http.StatusSeeOther)
	page, _ = b.Post(t, frame.RestrictionPath+"/lift?all=1&community="+at, nil, http.StatusOK)
	q := page.Find("form.tx-confirm")
	if !strings.Contains(q.Find("li").Text(), label) || desk.InputValue(page, "id") != house ||
		strings.Contains(q.AttrOr("action", ""), "all=1") {
		t.Errorf("lifting all asks %q, of %q", q.Find("li").Text(), q.AttrOr("action", ""))
	}
	impact := b.Get(t, frame.PassRulePath+"?community="+at, http.StatusOK).Find(".tx-impact aside a")
	if impact.Length() != 2 {
		t.Errorf("the rule's panel has %d links", impact.Length())
	}
}

// A rule that bars everybody has the community's name typed.
func TestARuleThatBarsEverybodyIsTyped(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	rule := url.Values{
		"community": {d.Mine.Community.String()}, "counting": {"person"}, "period_days": {"1"}, "exits": {"-1"},
		"fever_tenths": {"37.3"},
	}
	if page, _ := b.Post(t, frame.PassRulePath, rule, http.StatusOK); page.Find(`input[name="typed"]`).Length() != 1 {
		t.Error("everybody is barred by one press")
	}
	b.Post(t, frame.PassRulePath, desk.WithConfirmed(rule), http.StatusUnprocessableEntity)
	rule.Set("exits", "3")
	rule.Del("confirmed")
	if page, _ := b.Post(t, frame.PassRulePath, rule, http.StatusOK); page.Find(`input[name="typed"]`).Length() != 0 {
		t.Error("every change of the rule is typed")
	}
}
