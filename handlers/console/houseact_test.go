package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
)

func (d *readerDesk) houses(t *testing.T) int {
	t.Helper()
	houses, _, err := d.store.Houses(t.Context(), core.Everywhere, store.HouseFilter{Community: d.mine.Community, Page: store.Page{Limit: 500}})
	if err != nil {
		t.Fatal(err)
	}
	return len(houses)
}

func bulkForm(d *readerDesk) url.Values {
	return url.Values{"community": {d.mine.Community.String()}, "above0": {"7-8"}, "above1": {"1"}, "floors": {"1-3"}, "rooms": {"1-2"}, "pattern": {core.DefaultHousePattern}}
}

// Generating houses shows first what would be made; what is there is skipped, so
// that sending it again makes nothing more.
func TestHousesInBulk(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	before := d.houses(t)
	if _, err := d.store.CreateHouses(t.Context(), core.System, core.Everywhere, d.mine.Community, [][]string{{"7", "1", "101"}}); err != nil {
		t.Fatal(err)
	}
	path := housePath + "/bulk"
	page, _ := b.post(t, path, bulkForm(d), http.StatusOK)
	plan := page.Find(`section[aria-labelledby="plan-title"]`)
	if factOf(page, "共") != "12 套" || factOf(page, "将生成") != "11 套" || !strings.Contains(plan.Text(), "7栋1单元101") || d.houses(t) != before+1 {
		t.Fatalf("the preview says %q, %d houses", strings.Join(strings.Fields(plan.Text()), " "), d.houses(t))
	}
	if inputValue(page, "above0") != "7-8" {
		t.Error("the form lost what was typed")
	}
	kept := url.Values{}
	plan.Find(`input[type="hidden"]`).Each(func(_ int, input *goquery.Selection) {
		kept.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	// Sent, sent twice from one page, and from a page drawn anew.
	for i, want := range []string{"已生成 11 套房屋，跳过已有的 1 套", "已生成 11 套房屋，跳过已有的 1 套", "已生成 0 套房屋，跳过已有的 12 套"} {
		if i == 2 {
			kept.Set("csrf", drawnAnew(kept.Get("csrf")))
		}
		_, to := b.post(t, path, kept, http.StatusSeeOther)
		if text := b.get(t, to, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, want) || d.houses(t) != before+12 {
			t.Errorf("%q, %d houses; want %q", strings.TrimSpace(text), d.houses(t), want)
		}
	}
	for field, value := range map[string]string{"above0": "", "floors": "-2-3", "rooms": "1-99999"} {
		form := withConfirmed(bulkForm(d))
		form.Set(field, value)
		page, _ := b.post(t, path, form, http.StatusUnprocessableEntity)
		wrongField(t, page, field)
		if field != "floors" && inputValue(page, "floors") != "1-3" {
			t.Errorf("%s: the form lost the floors", field)
		}
	}
	b.get(t, path+"?community="+d.others.Community.String(), http.StatusNotFound)
	theirs := withConfirmed(bulkForm(d))
	theirs.Set("community", d.others.Community.String())
	b.post(t, path, theirs, http.StatusNotFound)
	d.onlyViews(t).post(t, path, withConfirmed(bulkForm(d)), http.StatusForbidden)
}

func TestHouseIsShownAndChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	house := d.mine.Houses[0]
	path := houseURL(house)
	d.passages(t, d.mine, 6)
	show := b.get(t, path, http.StatusOK)
	if factOf(show, "欠费") != "无欠费" || show.Find(`section[aria-labelledby="people-title"] li`).Length() != 2 || show.Find(`section[aria-labelledby="passages-title"] tbody tr`).Length() == 0 {
		t.Errorf("shown as %q", strings.Join(strings.Fields(show.Find("main").Text()), " "))
	}
	edit := b.get(t, path+"/edit", http.StatusOK)
	form := url.Values{}
	for _, name := range []string{"level0", "level1", "level2"} {
		if form.Set(name, inputValue(edit, name)); form.Get(name) == "" {
			t.Fatalf("%s is not filled in", name)
		}
	}
	form.Set("arrears", "1,2x")
	wrong, _ := b.post(t, path, form, http.StatusUnprocessableEntity)
	wrongField(t, wrong, "arrears")
	form.Set("level2", " ")
	form.Set("arrears", "12.5")
	wrong, _ = b.post(t, path, form, http.StatusUnprocessableEntity)
	wrongField(t, wrong, "level2")
	if inputValue(wrong, "arrears") != "12.5" {
		t.Error("the form lost the arrears")
	}
	form.Set("level0", "99")
	form.Set("level2", "<b>9</b>")
	b.post(t, path, form, http.StatusSeeOther)
	show = b.get(t, path, http.StatusOK)
	if got := show.Find("h1").Text(); !strings.Contains(got, "99栋") || !strings.Contains(got, "<b>9</b>") || factOf(show, "欠费") != "欠费 12.50 元" {
		t.Errorf("changed to %q, %q", got, factOf(show, "欠费"))
	}
	if n := b.get(t, housePath+"?arrears=yes", http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d houses owe", n)
	}
	// Another house's place is taken.
	other, err := d.store.House(t.Context(), core.Everywhere, d.mine.Houses[1])
	if err != nil {
		t.Fatal(err)
	}
	names, err := d.store.HouseNames(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		form.Set(fmt.Sprintf("level%d", i), name)
	}
	taken, _ := b.post(t, path, form, http.StatusConflict)
	if !strings.Contains(taken.Find(".tx-flash").Text(), "已存在") {
		t.Errorf("a place that is taken: %q", taken.Find(".tx-flash").Text())
	}
}

// A house with people stays and says why; an empty one goes, and its building with
// it.
func TestHouseIsDeleted(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	path := houseURL(d.mine.Houses[0])
	page, _ := b.post(t, path+"/delete", nil, http.StatusOK)
	if page.Find("form.tx-confirm").AttrOr("action", "") != path+"/delete" {
		t.Error("deleting does not ask")
	}
	_, to := b.post(t, path+"/delete", confirmedForm(), http.StatusSeeOther)
	if text := b.get(t, to, http.StatusOK).Find(".tx-flash").Text(); to != path || !strings.Contains(text, "有住户") {
		t.Errorf("at %s: %q", to, text)
	}
	ids, err := d.store.CreateHouses(t.Context(), core.System, core.Everywhere, d.mine.Community, [][]string{{"77", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	empty := houseURL(ids[0])
	d.onlyViews(t).post(t, empty+"/delete", confirmedForm(), http.StatusForbidden)
	b.post(t, empty+"/delete", confirmedForm(), http.StatusSeeOther)
	b.get(t, empty, http.StatusNotFound)
	if tree := b.get(t, housePath+"/tree", http.StatusOK).Find("#house-tree").Text(); strings.Contains(tree, "77栋") {
		t.Error("the building stays without houses")
	}
	b.post(t, empty+"/delete", confirmedForm(), http.StatusNotFound)
}

// The houses of another community are not there, and who may only look changes
// nothing.
func TestHouseRoutesStayInScope(t *testing.T) {
	d := newReaderDesk(t)
	b, viewer := d.registrar(t), d.onlyViews(t)
	theirs, mine := houseURL(d.others.Houses[0]), houseURL(d.mine.Houses[0])
	form := url.Values{"confirmed": {"1"}, "level0": {"1"}, "level1": {"1"}, "level2": {"1"}}
	for _, path := range []string{theirs, theirs + "/edit", housePath + "/1", housePath + "/x", housePath + "/x/edit"} {
		b.get(t, path, http.StatusNotFound)
	}
	for _, verb := range []string{"", "/delete"} {
		b.post(t, theirs+verb, form, http.StatusNotFound)
		viewer.post(t, mine+verb, form, http.StatusForbidden)
	}
	viewer.get(t, mine+"/edit", http.StatusForbidden)
	viewer.get(t, housePath+"/bulk", http.StatusForbidden)
	if page := viewer.get(t, mine, http.StatusOK); page.Find(`main form[method="post"], main a[href$="/edit"]`).Length() != 0 {
		t.Error("offers an act to who may only look")
	}
	for _, verb := range []string{"/archive", "/restore", "/delete"} {
		b.post(t, communityURL(d.others.Community)+verb, form, http.StatusNotFound)
		viewer.post(t, communityURL(d.mine.Community)+verb, form, http.StatusForbidden)
	}
}
