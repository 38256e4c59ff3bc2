package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func bulkForm(d *desk.Desk) url.Values {
	return url.Values{
		"community": {d.Mine.Community.String()}, "above0": {"7-8"}, "above1": {"1"}, "floors": {"1-3"},
		"rooms": {"1-2"}, "pattern": {core.DefaultHousePattern},
	}
}

// Generating houses first shows what would be created; existing ones are skipped, so that repeating
// it creates nothing more.
func TestHousesInBulk(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	before := d.Houses(t)
	if _, err := d.Store.CreateHouses(
		t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{{"7", "1", "101"}},
	); err != nil {
		t.Fatal(err)
	}
	path := frame.HousePath + "/bulk"
	page, _ := b.Post(t, path, bulkForm(d), http.StatusOK)
	plan := page.Find(`section[aria-labelledby="plan-title"]`)
	if desk.Fact(page, "共") != "12 套" || desk.Fact(page, "将生成") != "11 套" || !strings.Contains(plan.Text(), "7栋1单元101") ||
		d.Houses(t) != before+1 {
		t.Fatalf("the preview says %q, %d houses", strings.Join(strings.Fields(plan.Text()), " "), d.Houses(t))
	}
	if desk.InputValue(page, "above0") != "7-8" {
		t.Error("the form lost what was typed")
	}
	kept := url.Values{}
	plan.Find(`input[type="hidden"]`).Each(func(_ int, input *goquery.Selection) {
		kept.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	// Submitted, submitted twice from one page, and from a page rendered again.
	for i, want := range []string{"已生成 11 套房屋，跳过已有的 1 套", "已生成 11 套房屋，跳过已有的 1 套", "12 套房屋都已存在"} {
		if i == 2 {
			kept.Set("csrf", desk.Redrawn(kept.Get("csrf")))
		}
		_, to := b.Post(t, path, kept, http.StatusSeeOther)
		if text := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, want) || d.Houses(t) != before+12 {
			t.Errorf("%q, %d houses; want %q", strings.TrimSpace(text), d.Houses(t), want)
		}
	}
	for field, value := range map[string]string{"above0": "", "floors": "-2-3", "rooms": "1-99999"} {
		form := desk.WithConfirmed(bulkForm(d))
		form.Set(field, value)
		page, _ := b.Post(t, path, form, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
		if field != "floors" && desk.InputValue(page, "floors") != "1-3" {
			t.Errorf("%s: the form lost the floors", field)
		}
	}
	b.Get(t, path+"?community="+d.Others.Community.String(), http.StatusNotFound)
	theirs := desk.WithConfirmed(bulkForm(d))
	theirs.Set("community", d.Others.Community.String())
	b.Post(t, path, theirs, http.StatusNotFound)
	d.OnlyViews(t).Post(t, path, desk.WithConfirmed(bulkForm(d)), http.StatusForbidden)
}

func TestHouseIsShownAndChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house := d.Mine.Houses[0]
	path := frame.HouseURL(house)
	d.Passages(t, d.Mine, 6)
	show := b.Get(t, path, http.StatusOK)
	if desk.Fact(show, "欠费") != "无欠费" || show.Find(`section[aria-labelledby="people-title"] li`).Length() != 2 ||
		show.Find(`section[aria-labelledby="passages-title"] tbody tr`).Length() == 0 {
		t.Errorf("shown as %q", strings.Join(strings.Fields(show.Find("main").Text()), " "))
	}
	edit := b.Get(t, path+"/edit", http.StatusOK)
	form := url.Values{}
	for _, name := range []string{"level0", "level1", "level2"} {
		if form.Set(name, desk.InputValue(edit, name)); form.Get(name) == "" {
			t.Fatalf("%s is not filled in", name)
		}
	}
	form.Set("arrears", "1,2x")
	wrong, _ := b.Post(t, path, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "arrears")
	form.Set("level2", " ")
	form.Set("arrears", "12.5")
	wrong, _ = b.Post(t, path, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "level2")
	if desk.InputValue(wrong, "arrears") != "12.5" {
		t.Error("the form lost the arrears")
	}
	form.Set("level0", "99")
	form.Set("level2", "<b>9</b>")
	b.Post(t, path, form, http.StatusSeeOther)
	show = b.Get(t, path, http.StatusOK)
	if got := show.Find("h1").Text(); !strings.Contains(got, "99栋") || !strings.Contains(got, "<b>9</b>") ||
		desk.Fact(show, "欠费") != "欠费 12.50 元" {
		t.Errorf("changed to %q, %q", got, desk.Fact(show, "欠费"))
	}
	if n := b.Get(t, frame.HousePath+"?arrears=yes", http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d houses owe", n)
	}
	// The label of another house.
	other, err := d.Store.House(t.Context(), core.Everywhere, d.Mine.Houses[1])
	if err != nil {
		t.Fatal(err)
	}
	names, err := d.Store.HouseNames(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		form.Set(fmt.Sprintf("level%d", i), name)
	}
	taken, _ := b.Post(t, path, form, http.StatusConflict)
	if !strings.Contains(taken.Find(".tx-flash").Text(), "已存在") {
		t.Errorf("a path that is taken: %q", taken.Find(".tx-flash").Text())
	}
}

// A house with people is not deleted, with the reason; an empty one is, and so is its building.
func TestHouseIsDeleted(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	path := frame.HouseURL(d.Mine.Houses[0])
	page, _ := b.Post(t, path+"/delete", nil, http.StatusOK)
	if page.Find("form.tx-confirm").AttrOr("action", "") != path+"/delete" {
		t.Error("deleting does not ask")
	}
	_, to := b.Post(t, path+"/delete", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text(); to != path || !strings.Contains(text, "名住户，不能删除") {
		t.Errorf("at %s: %q", to, text)
	}
	ids, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{{"77", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	empty := frame.HouseURL(ids[0])
	d.OnlyViews(t).Post(t, empty+"/delete", desk.ConfirmedForm(), http.StatusForbidden)
	b.Post(t, empty+"/delete", desk.ConfirmedForm(), http.StatusSeeOther)
	b.Get(t, empty, http.StatusNotFound)
	if tree := b.Get(t, frame.HousePath+"/tree", http.StatusOK).Find("#house-tree").Text(); strings.Contains(tree, "77栋") {
		t.Error("the building stays without houses")
	}
	b.Post(t, empty+"/delete", desk.ConfirmedForm(), http.StatusNotFound)
}

// Houses of another community are NotFound, and a read-only account changes nothing.
func TestHouseRoutesStayInScope(t *testing.T) {
	d := newDesk(t)
	b, viewer := d.Registrar(t), d.OnlyViews(t)
	theirs, mine := frame.HouseURL(d.Others.Houses[0]), frame.HouseURL(d.Mine.Houses[0])
	form := url.Values{"confirmed": {"1"}, "level0": {"1"}, "level1": {"1"}, "level2": {"1"}}
	for _, path := range []string{theirs, theirs + "/edit", frame.HousePath + "/1", frame.HousePath + "/x", frame.HousePath + "/x/edit"} {
		b.Get(t, path, http.StatusNotFound)
	}
	for _, verb := range []string{"", "/delete"} {
		b.Post(t, theirs+verb, form, http.StatusNotFound)
		viewer.Post(t, mine+verb, form, http.StatusForbidden)
	}
	viewer.Get(t, mine+"/edit", http.StatusForbidden)
	viewer.Get(t, frame.HousePath+"/bulk", http.StatusForbidden)
	page := viewer.Get(t, mine, http.StatusOK)
	if page.Find(`main form[method="post"]:not(.tx-filters), main a[href$="/edit"]`).Length() != 0 {
		t.Error("offers an act to who may only look")
	}
	// Deletion is an operator's act: the account is refused before its scope is looked at.
	for verb, want := range map[string]int{
		"/archive": http.StatusNotFound, "/restore": http.StatusNotFound, "/delete": http.StatusForbidden,
	} {
		b.Post(t, frame.CommunityURL(d.Others.Community)+verb, form, want)
		viewer.Post(t, frame.CommunityURL(d.Mine.Community)+verb, form, http.StatusForbidden)
	}
}
