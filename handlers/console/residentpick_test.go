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

func who(text string) string {
	return frame.AccessRecordPath + "?direction=out&before=9&who=" + url.QueryEscape(text)
}

func TestRecordsOfAPerson(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 40)
	b := d.Registrar(t)
	someone := d.Mine.Residents[1]
	text, id := d.PickOf(t, someone.Person), someone.Person.String()

	// A text that means one person is replaced by that person's id, and the list starts over.
	for _, given := range []string{text, someone.Name, someone.Phone, "  " + text + " "} {
		if to := b.Sent(t, who(given)); to != frame.AccessRecordPath+"?direction=out&person="+id {
			t.Errorf("%q leads to %s", given, to)
		}
	}
	if to := b.Sent(t, frame.AccessRecordChartPath+"?who="+url.QueryEscape(text)); to != frame.AccessRecordChartPath+"?person="+id {
		t.Errorf("the charts lead to %s", to)
	}
	page := b.Get(t, frame.AccessRecordPath+"?person="+id, http.StatusOK)
	if desk.Rows(page) != 10 || desk.InputValue(page, "who") != text || desk.InputValue(page, "person") != id {
		t.Errorf("%d records of %q", desk.Rows(page), desk.InputValue(page, "who"))
	}
	// The text shown for the id changes nothing; another or an empty one does.
	if to := b.Sent(t, who(text)+"&person="+id); to != frame.AccessRecordPath+"?direction=out&person="+id {
		t.Errorf("the same person leads to %s", to)
	}
	if to := b.Sent(t, who(d.Mine.Residents[0].Name)+"&person="+id); to !=
		frame.AccessRecordPath+"?direction=out&person="+d.Mine.Residents[0].Person.String() {
		t.Errorf("another person leads to %s", to)
	}
	if to := b.Sent(t, who("")+"&person="+id); to != frame.AccessRecordPath+"?direction=out" {
		t.Errorf("nobody leads to %s", to)
	}
	show := b.Get(t, frame.ResidentURL(someone.ID), http.StatusOK)
	if show.Find(`a[href="`+frame.AccessRecordPath+`?person=`+id+`"]`).Length() != 1 {
		t.Error("the resident's page has no link to the records")
	}
}

// An ambiguous text is returned with its candidates, to choose from.
func TestPersonIsChosen(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 8)
	b := d.Registrar(t)
	house := desk.HouseLabel(t, d, d.Mine.Houses[0])
	page := b.Get(t, who(house), http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "who")
	offers := page.Find(".tx-offers a")
	if offers.Length() != 2 || desk.InputValue(page, "who") != house || desk.Rows(page) != 0 {
		t.Fatalf("offers %q for %q", offers.Text(), desk.InputValue(page, "who"))
	}
	offers.Each(func(_ int, a *goquery.Selection) {
		chosen := b.Get(t, a.AttrOr("href", ""), http.StatusOK)
		if name, _, _, ok := core.SplitPick(desk.InputValue(chosen, "who")); !ok || !strings.HasPrefix(a.Text(), name) {
			t.Errorf("%s leads to %q", a.Text(), desk.InputValue(chosen, "who"))
		}
	})
	for _, text := range []string{"没有这个人", desk.Hostile, d.PickOf(t, d.Others.Residents[0].Person), d.Others.Residents[0].Phone} {
		page := b.Get(t, who(text), http.StatusUnprocessableEntity)
		if got := page.Find("#f-who-error").Text(); got != "没有找到这个人" || page.Find(".tx-offers").Length() != 0 {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// A person of another community came to a door here: the records are shown, but not who it is.
func TestRecordsOfAStranger(t *testing.T) {
	d := newDesk(t)
	stranger := d.Others.Residents[0]
	err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{{
		Community: d.Mine.Community, At: d.Store.Now(), Via: core.ViaReader, Direction: core.In,
		Person: stranger.Person, Reason: core.ReasonCount,
	}})
	if err != nil {
		t.Fatal(err)
	}
	b := d.Registrar(t)
	page := b.Get(t, frame.AccessRecordPath+"?person="+stranger.Person.String(), http.StatusOK)
	if desk.Rows(page) != 1 || desk.InputValue(page, "who") != frame.StrangerText || strings.Contains(page.Text(), stranger.Name) {
		t.Errorf("%d records of %q", desk.Rows(page), desk.InputValue(page, "who"))
	}
	if to := b.Sent(
		t,
		frame.AccessRecordPath+"?person="+stranger.Person.String()+"&who="+url.QueryEscape(frame.StrangerText),
	); to != frame.AccessRecordPath+"?person="+stranger.Person.String() {
		t.Errorf("led to %s", to)
	}
}

func TestResidentSuggest(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	path := frame.ResidentPath + "/suggest"
	about := func(text string) url.Values { return url.Values{frame.PickText: {text}} }
	one := d.PickOf(t, d.Mine.Residents[0].Person)
	for text, want := range map[string]int{
		d.Mine.Residents[0].Name: 1, d.Mine.Residents[0].Phone[7:]: 1,
		desk.HouseLabel(t, d, d.Mine.Houses[0]): 2, d.Others.Residents[0].Phone: 0, "": 0, "没有": 0,
	} {
		page, _ := b.Post(t, path, about(text), http.StatusOK)
		options := page.Find("option")
		if options.Length() != want || want == 1 && options.AttrOr("value", "") != one {
			t.Errorf("%q: %d options, want %d", text, options.Length(), want)
		}
	}
	b.Post(t, path, url.Values{frame.PickText: {"x"}, "community": {d.Others.Community.String()}}, http.StatusNotFound)
	b.Post(t, path, about(strings.Repeat("x", frame.MaxPick+1)), http.StatusUnprocessableEntity)
	// Without permission to see residents there is no such filter; an id is kept.
	other := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView, core.PermReaderView)
	other.Post(t, path, about("x"), http.StatusForbidden)
	other.Get(t, who("x"), http.StatusForbidden)
	page := other.Get(t, frame.AccessRecordPath+"?person="+d.Mine.Residents[0].Person.String(), http.StatusOK)
	if page.Find(`input[name="who"]`).Length() != 0 || desk.InputValue(page, "person") == "" {
		t.Error("who may not see residents is asked for one, or the filter got lost")
	}
}
