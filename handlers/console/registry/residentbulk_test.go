package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

func ticked(ids ...core.ID) url.Values {
	form := url.Values{}
	for _, id := range ids {
		form.Add("id", id.String())
	}
	return form
}

// keptOf returns the ids that a confirmation sends along.
func keptOf(q *goquery.Document) string {
	return strings.Join(q.Find(`form.tx-confirm input[name="id"]`).Map(func(_ int, input *goquery.Selection) string {
		return input.AttrOr("value", "")
	}), " ")
}

// Of a list that was drawn before a colleague moved somebody out, the others are asked about and move out.
func TestResidentsMoveOutFromAStaleList(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	people, path := d.Mine.Residents, frame.ResidentPath+"/moveout"
	said := func() string { return b.Get(t, frame.ResidentPath, http.StatusOK).Find(".tx-flash").Text() }
	if err := d.Store.MoveOut(t.Context(), core.System, core.Everywhere, people[0].ID); err != nil {
		t.Fatal(err)
	}
	both := ticked(people[0].ID, people[1].ID)
	page, _ := b.Post(t, path, both, http.StatusOK)
	if q := page.Find("form.tx-confirm"); !strings.Contains(q.Find("h2").Text(), "迁出 1 名住户") ||
		!strings.Contains(q.Find("li").Last().Text(), people[0].Name) || !strings.Contains(q.Find("li").Last().Text(), "已经迁出") {
		t.Errorf("asked %q", q.Text())
	}
	page, _ = b.Post(t, frame.ResidentPath+"/delete", both, http.StatusOK)
	if q := page.Find("form.tx-confirm"); !strings.Contains(q.Text(), "已经迁出，不在其中") || keptOf(page) != people[1].ID.String() {
		t.Errorf("deleting asks %q", q.Text())
	}
	b.Post(t, path, desk.WithConfirmed(both), http.StatusSeeOther)
	if text := said(); !strings.Contains(text, "已迁出 1 名住户") || !strings.Contains(text, people[0].Name) || d.Lives(t, people[1].ID) {
		t.Errorf("said %q", text)
	}
	b.Post(t, path, desk.WithConfirmed(both), http.StatusSeeOther)
	if text := said(); !strings.Contains(text, "已经迁出") {
		t.Errorf("of people who have all left, said %q", text)
	}
}

func TestResidentsMoveOutTogether(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	people := d.Mine.Residents
	list := b.Get(t, frame.ResidentPath+"?identity=owner", http.StatusOK)
	path := list.Find(`#bulk button[formaction*="/moveout"]`).AttrOr("formaction", "")
	if path != frame.ResidentPath+"/moveout?identity=owner" || list.Find(`tbody input[form="bulk"]`).Length() != len(people) {
		t.Fatal("the list has no ticks")
	}
	if d.OnlyViews(t).Get(t, frame.ResidentPath, http.StatusOK).Find(`#bulk, tbody input`).Length() != 0 {
		t.Error("offers to move out to who may not")
	}
	page, _ := b.Post(t, path, ticked(people[0].ID, people[1].ID), http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); !strings.Contains(text, people[0].Name) || !strings.Contains(text, people[1].Name) ||
		keptOf(page) == "" {
		t.Errorf("asked %q, keeps %q", text, keptOf(page))
	}
	if !d.Lives(t, people[0].ID) {
		t.Fatal("asking alone moved out")
	}
	// One of another community is as one who was deleted: nobody moves out, and nothing is told of them.
	b.Post(t, path, desk.WithConfirmed(ticked(d.Others.Residents[0].ID)), http.StatusSeeOther)
	if text := b.Get(t, frame.ResidentPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "1 名已不在登记里") ||
		!d.Lives(t, d.Others.Residents[0].ID) {
		t.Errorf("of somebody elsewhere it says %q", text)
	}
	d.OnlyViews(t).Post(t, path, desk.WithConfirmed(ticked(people[0].ID)), http.StatusForbidden)
	b.Post(t, path, url.Values{}, http.StatusSeeOther)
	if text := b.Get(t, frame.ResidentPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "没有选择") {
		t.Errorf("nobody ticked: %q", text)
	}
	if _, to := b.Post(
		t, path, desk.WithConfirmed(ticked(people[0].ID, people[1].ID, people[0].ID)), http.StatusSeeOther,
	); to != frame.ResidentPath+"?identity=owner" {
		t.Errorf("the list has lost its filter: %s", to)
	}
	if d.Lives(t, people[0].ID) || d.Lives(t, people[1].ID) || !d.Lives(t, people[2].ID) {
		t.Error("others than the ticked moved out")
	}
	if n := b.Get(t, frame.ResidentPath+"?ties=out", http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d moved out", n)
	}
}

// Residents who have passed a door are named, with what can be done instead; the others can still
// be deleted.
func TestResidentsAreDeletedTogether(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	people := d.Mine.Residents
	record := core.AccessRecord{
		Community: d.Mine.Community, At: d.Store.Now(), Via: core.ViaReader, Reader: d.Mine.Doors[0].ID,
		Direction: core.Out, Kind: core.PassResident, Pass: people[0].Pass, Person: people[0].Person,
		Resident: people[0].ID, House: people[0].House, Name: people[0].Name, Allowed: true,
		Reason: core.ReasonAllowed,
	}
	if err := d.Store.ImportAccessRecords(t.Context(), []core.AccessRecord{record}); err != nil {
		t.Fatal(err)
	}
	path := frame.ResidentPath + "/delete"
	page, _ := b.Post(t, path, desk.WithConfirmed(ticked(people[0].ID, people[1].ID)), http.StatusOK)
	text := page.Find("form.tx-confirm").Text()
	if !strings.Contains(text, people[0].Name+"（"+desk.HouseLabel(t, d, people[0].House)+"）：有出入记录") ||
		keptOf(page) != people[1].ID.String() {
		t.Errorf("told %q, keeps %q", text, keptOf(page))
	}
	if !d.Lives(t, people[0].ID) || !d.Lives(t, people[1].ID) {
		t.Fatal("a refused act deleted somebody")
	}
	page, _ = b.Post(t, path, desk.WithConfirmed(ticked(people[0].ID)), http.StatusOK)
	if action := page.Find("form.tx-confirm").AttrOr("action", ""); action != frame.ResidentPath+"/moveout" ||
		keptOf(page) != people[0].ID.String() {
		t.Errorf("instead: %q of %q", action, keptOf(page))
	}
	page, _ = b.Post(t, path, ticked(people[1].ID), http.StatusOK)
	if action := page.Find("form.tx-confirm").AttrOr("action", ""); action != path {
		t.Errorf("asks at %q", action)
	}
	b.Post(t, path, desk.WithConfirmed(ticked(people[1].ID)), http.StatusSeeOther)
	if d.Lives(t, people[1].ID) {
		t.Error("not deleted")
	}
	b.Get(t, frame.ResidentURL(people[1].ID), http.StatusNotFound)
	// Of a list that was drawn before, the others are asked about and deleted.
	stale := ticked(people[1].ID, people[2].ID, d.Others.Residents[0].ID)
	page, _ = b.Post(t, path, stale, http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); keptOf(page) != people[2].ID.String() || !strings.Contains(text, "2 名已不在登记里") {
		t.Errorf("of a stale list: %q, keeps %q", text, keptOf(page))
	}
	d.OnlyViews(t).Post(t, path, desk.WithConfirmed(ticked(people[2].ID)), http.StatusForbidden)
	b.Post(t, path, desk.WithConfirmed(stale), http.StatusSeeOther)
	if text := b.Get(t, frame.ResidentPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "已删除 1 名住户") ||
		!strings.Contains(text, "2 名已不在登记里") || d.Lives(t, people[2].ID) || !d.Lives(t, d.Others.Residents[0].ID) {
		t.Errorf("of a stale list it says %q", text)
	}
}

// A resident's page shows what the pass allows now, the person's other homes, the latest passages,
// and past changes.
func TestResidentPageTellsThePast(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	who := d.Mine.Residents[0]
	show := b.Get(t, frame.ResidentURL(who.ID), http.StatusOK)
	now := func(page *goquery.Document) string { return page.Find(".tx-standing strong").First().Text() }
	if got, left := now(show), show.Find(".tx-standing-left").Text(); got != "现在可以出门" || left != "出门不限次数" {
		t.Errorf("without a limit: %q, %q", got, left)
	}
	d.Passages(t, d.Mine, 8)
	rule := d.Rule(t)
	rule.Exits = -1
	if err := d.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	second, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[1], Name: who.Name, Identity: core.Owner,
		Phone: who.Phone,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Post(t, frame.ResidentURL(who.ID), url.Values{"name": {"改过名"}, "identity": {"owner"}}, http.StatusSeeOther)
	show = b.Get(t, frame.ResidentURL(who.ID), http.StatusOK)
	if got := now(show); got != "现在不能进出门" {
		t.Errorf("blocked: %q", got)
	}
	if href := show.Find(`section[aria-labelledby="ties-title"] a`).AttrOr("href", ""); href != frame.ResidentURL(second) {
		t.Errorf("the other home is %q", href)
	}
	if show.Find(`section[aria-labelledby="passages-title"] tbody tr`).Length() == 0 {
		t.Error("no passages")
	}
	if text := show.Find(`aside[aria-labelledby="acts-title"]`).Text(); !strings.Contains(text, "改过名") {
		t.Errorf("the history: %q", text)
	}
	narrow := d.OnlyViews(t).Get(t, frame.ResidentURL(who.ID), http.StatusOK)
	if narrow.Find(`#passages-title, #acts-title`).Length() != 0 {
		t.Error("records and history show to who may not see them")
	}
	if err := d.Store.MoveOut(t.Context(), core.System, core.Everywhere, second); err != nil {
		t.Fatal(err)
	}
	if got := now(b.Get(t, frame.ResidentURL(second), http.StatusOK)); got != "现在不能进出门" {
		t.Errorf("moved out, yet %q", got)
	}
}

// One community's residents are sorted by name, sex and identity, both ways, and the pager keeps
// the order.
func TestResidentsAreSorted(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	var people []core.Resident
	for i := range residentsAPage {
		people = append(people, core.Resident{
			House: d.Mine.Houses[0], Name: string(rune('A' + i%26)), Sex: []string{"male", "female"}[i%2],
			Identity: core.Family,
			Phone: "1391000" + string(rune('0'+i/1000%10)) + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) +
				string(rune('0'+i%10)),
		})
	}
	if _, err := d.Store.CreateResidents(t.Context(), core.System, core.Everywhere, d.Mine.Community, people); err != nil {
		t.Fatal(err)
	}
	names := func(path string) []string {
		page := b.Get(t, path, http.StatusOK)
		names := page.Find(`td[data-label="姓名"]`).Map(func(_ int, cell *goquery.Selection) string { return cell.Text() })
		if next := desk.PagerLink(page, "next"); next != "" && len(names) == residentsAPage {
			more := b.Get(t, next, http.StatusOK)
			names = append(names, more.Find(`td[data-label="姓名"]`).Map(func(_ int, cell *goquery.Selection) string {
				return cell.Text()
			})...)
		}
		return names
	}
	up, down := names(frame.ResidentPath+"?sort=name"), names(frame.ResidentPath+"?sort=-name")
	if len(up) != residentsAPage+len(d.Mine.Residents) || len(down) != len(up) {
		t.Fatalf("%d up, %d down", len(up), len(down))
	}
	for i := range up {
		if up[i] != down[len(down)-1-i] || i > 0 && up[i-1] > up[i] {
			t.Fatalf("at %d: up %q, down %q", i, up[i], down[len(down)-1-i])
		}
	}
	for _, column := range []string{"姓名", "性别", "身份"} {
		if b.Get(t, frame.ResidentPath, http.StatusOK).Find(`a.tx-sort:contains("`+column+`")`).Length() != 1 {
			t.Errorf("no sorting by %s", column)
		}
	}
	list, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
		Community: d.Mine.Community, Sort: "sex", Page: store.Page{Limit: 5},
	})
	if err != nil || len(list) != 5 {
		t.Errorf("by sex: %d, %v", len(list), err)
	}
}
