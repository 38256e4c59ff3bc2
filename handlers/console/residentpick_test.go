package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
)

// pickOf is the text that names a resident of an estate.
func (d *readerDesk) pickOf(t *testing.T, person core.ID) string {
	t.Helper()
	pick, err := d.store.PersonPick(t.Context(), core.Everywhere, 0, person)
	if err != nil {
		t.Fatal(err)
	}
	return pick.Text()
}

func who(text string) string {
	return recordPath + "?direction=out&before=9&who=" + url.QueryEscape(text)
}

// sent gives where a page sends the browser.
func (b *readerClerk) sent(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, to := b.do(t, request, http.StatusSeeOther)
	return to
}

func TestRecordsOfAPerson(t *testing.T) {
	d := newReaderDesk(t)
	d.passages(t, d.mine, 40)
	b := d.registrar(t)
	someone := d.mine.Residents[1]
	text, id := d.pickOf(t, someone.Person), someone.Person.String()

	// A text that names one person becomes that person's id, and the list begins anew.
	for _, given := range []string{text, someone.Name, someone.Phone, "  " + text + " "} {
		if to := b.sent(t, who(given)); to != recordPath+"?direction=out&person="+id {
			t.Errorf("%q leads to %s", given, to)
		}
	}
	if to := b.sent(t, recordChartPath+"?who="+url.QueryEscape(text)); to != recordChartPath+"?person="+id {
		t.Errorf("the charts lead to %s", to)
	}
	page := b.get(t, recordPath+"?person="+id, http.StatusOK)
	if rowsOf(page) != 10 || inputValue(page, "who") != text || inputValue(page, "person") != id {
		t.Errorf("%d records of %q", rowsOf(page), inputValue(page, "who"))
	}
	// The field with its id says nothing new; typed over, or emptied, it does.
	if to := b.sent(t, who(text)+"&person="+id); to != recordPath+"?direction=out&person="+id {
		t.Errorf("the same person leads to %s", to)
	}
	if to := b.sent(t, who(d.mine.Residents[0].Name)+"&person="+id); to != recordPath+"?direction=out&person="+d.mine.Residents[0].Person.String() {
		t.Errorf("another person leads to %s", to)
	}
	if to := b.sent(t, who("")+"&person="+id); to != recordPath+"?direction=out" {
		t.Errorf("nobody leads to %s", to)
	}
	show := b.get(t, residentURL(someone.ID), http.StatusOK)
	if show.Find(`a[href="`+recordPath+`?person=`+id+`"]`).Length() != 1 {
		t.Error("the resident's page has no link to the records")
	}
}

// A text that may mean several comes back with them, to choose from.
func TestPersonIsChosen(t *testing.T) {
	d := newReaderDesk(t)
	d.passages(t, d.mine, 8)
	b := d.registrar(t)
	house := houseLabel(t, d, d.mine.Houses[0])
	page := b.get(t, who(house), http.StatusUnprocessableEntity)
	wrongField(t, page, "who")
	offers := page.Find(".tx-offers a")
	if offers.Length() != 2 || inputValue(page, "who") != house || rowsOf(page) != 0 {
		t.Fatalf("offers %q for %q", offers.Text(), inputValue(page, "who"))
	}
	offers.Each(func(_ int, a *goquery.Selection) {
		chosen := b.get(t, a.AttrOr("href", ""), http.StatusOK)
		if name, _, _, ok := core.SplitPick(inputValue(chosen, "who")); !ok || !strings.HasPrefix(a.Text(), name) {
			t.Errorf("%s leads to %q", a.Text(), inputValue(chosen, "who"))
		}
	})
	for _, text := range []string{"没有这个人", hostileText, d.pickOf(t, d.others.Residents[0].Person), d.others.Residents[0].Phone} {
		page := b.get(t, who(text), http.StatusUnprocessableEntity)
		if got := page.Find("#f-who-error").Text(); got != "没有找到这位住户" || page.Find(".tx-offers").Length() != 0 {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// Somebody of another community has come to a door here: the records are shown, who it
// is is not.
func TestRecordsOfAStranger(t *testing.T) {
	d := newReaderDesk(t)
	stranger := d.others.Residents[0]
	err := d.store.ImportAccessRecords(t.Context(), []core.AccessRecord{{Community: d.mine.Community, At: d.store.Now(), Via: core.ViaReader, Direction: core.In, Person: stranger.Person, Reason: core.ReasonCount}})
	if err != nil {
		t.Fatal(err)
	}
	b := d.registrar(t)
	page := b.get(t, recordPath+"?person="+stranger.Person.String(), http.StatusOK)
	if rowsOf(page) != 1 || inputValue(page, "who") != strangerText || strings.Contains(page.Text(), stranger.Name) {
		t.Errorf("%d records of %q", rowsOf(page), inputValue(page, "who"))
	}
	if to := b.sent(t, recordPath+"?person="+stranger.Person.String()+"&who="+url.QueryEscape(strangerText)); to != recordPath+"?person="+stranger.Person.String() {
		t.Errorf("led to %s", to)
	}
}

func TestResidentSuggest(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	path := residentPath + "/suggest?who="
	one := d.pickOf(t, d.mine.Residents[0].Person)
	for text, want := range map[string]int{d.mine.Residents[0].Name: 1, d.mine.Residents[0].Phone[7:]: 1, houseLabel(t, d, d.mine.Houses[0]): 2, d.others.Residents[0].Phone: 0, "": 0, "没有": 0} {
		options := b.get(t, path+url.QueryEscape(text), http.StatusOK).Find("option")
		if options.Length() != want || want == 1 && options.AttrOr("value", "") != one {
			t.Errorf("%q: %d options, want %d", text, options.Length(), want)
		}
	}
	b.get(t, path+"x&community="+d.others.Community.String(), http.StatusNotFound)
	b.get(t, path+strings.Repeat("x", pickMost+1), http.StatusUnprocessableEntity)
	// Without the permission to see residents there is no such filter; an id is kept.
	other := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermRecordView, core.PermReaderView)
	other.get(t, path+"x", http.StatusForbidden)
	other.get(t, who("x"), http.StatusForbidden)
	page := other.get(t, recordPath+"?person="+d.mine.Residents[0].Person.String(), http.StatusOK)
	if page.Find(`input[name="who"]`).Length() != 0 || inputValue(page, "person") == "" {
		t.Error("who may not see residents is asked for one, or the filter got lost")
	}
}
