package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
)

func ticked(ids ...core.ID) url.Values {
	form := url.Values{}
	for _, id := range ids {
		form.Add("id", id.String())
	}
	return form
}

func withConfirmed(form url.Values) url.Values {
	form.Set("confirmed", "1")
	return form
}

// keptOf are the ids that a question sends along.
func keptOf(q *goquery.Document) string {
	return strings.Join(q.Find(`form.tx-confirm input[name="id"]`).Map(func(_ int, input *goquery.Selection) string { return input.AttrOr("value", "") }), " ")
}

func (d *readerDesk) lives(t *testing.T, id core.ID) bool {
	t.Helper()
	r, err := d.store.Resident(t.Context(), core.Everywhere, id)
	if err != nil && !core.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil && r.MovedOut.IsZero()
}

func TestResidentsMoveOutTogether(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	people := d.mine.Residents
	list := b.get(t, residentPath+"?identity=owner", http.StatusOK)
	path := list.Find(`#bulk button[formaction*="/moveout"]`).AttrOr("formaction", "")
	if path != residentPath+"/moveout?identity=owner" || list.Find(`tbody input[form="bulk"]`).Length() != len(people) {
		t.Fatal("the list has no ticks")
	}
	if d.onlyViews(t).get(t, residentPath, http.StatusOK).Find(`#bulk, tbody input`).Length() != 0 {
		t.Error("offers to move out to who may not")
	}
	page, _ := b.post(t, path, ticked(people[0].ID, people[1].ID), http.StatusOK)
	if text := page.Find("form.tx-confirm").Text(); !strings.Contains(text, people[0].Name) || !strings.Contains(text, people[1].Name) || keptOf(page) == "" {
		t.Errorf("asked %q, keeps %q", text, keptOf(page))
	}
	if !d.lives(t, people[0].ID) {
		t.Fatal("asking alone moved out")
	}
	// With one of another community nobody moves.
	b.post(t, path, withConfirmed(ticked(people[0].ID, d.others.Residents[0].ID)), http.StatusNotFound)
	if !d.lives(t, people[0].ID) || !d.lives(t, d.others.Residents[0].ID) {
		t.Error("a refused act moved somebody out")
	}
	d.onlyViews(t).post(t, path, withConfirmed(ticked(people[0].ID)), http.StatusForbidden)
	b.post(t, path, url.Values{}, http.StatusSeeOther)
	if text := b.get(t, residentPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "没有选择") {
		t.Errorf("nobody ticked: %q", text)
	}
	if _, to := b.post(t, path, withConfirmed(ticked(people[0].ID, people[1].ID, people[0].ID)), http.StatusSeeOther); to != residentPath+"?identity=owner" {
		t.Errorf("the list has lost its filter: %s", to)
	}
	if d.lives(t, people[0].ID) || d.lives(t, people[1].ID) || !d.lives(t, people[2].ID) {
		t.Error("others than the ticked moved out")
	}
	if n := b.get(t, residentPath+"?ties=out", http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d moved out", n)
	}
}

// Who has passed a door is told by name, with what can be done instead; the others
// can still be deleted.
func TestResidentsAreDeletedTogether(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	people := d.mine.Residents
	record := core.AccessRecord{Community: d.mine.Community, At: d.store.Now(), Via: core.ViaReader, Reader: d.mine.Doors[0].ID, Direction: core.Out, Kind: core.PassResident,
		Pass: people[0].Pass, Person: people[0].Person, Resident: people[0].ID, House: people[0].House, Name: people[0].Name, Allowed: true, Reason: core.ReasonAllowed}
	if err := d.store.ImportAccessRecords(t.Context(), []core.AccessRecord{record}); err != nil {
		t.Fatal(err)
	}
	path := residentPath + "/delete"
	page, _ := b.post(t, path, withConfirmed(ticked(people[0].ID, people[1].ID)), http.StatusOK)
	text := page.Find("form.tx-confirm").Text()
	if !strings.Contains(text, people[0].Name+"（"+houseLabel(t, d, people[0].House)+"）：有出入记录") || keptOf(page) != people[1].ID.String() {
		t.Errorf("told %q, keeps %q", text, keptOf(page))
	}
	if !d.lives(t, people[0].ID) || !d.lives(t, people[1].ID) {
		t.Fatal("a refused act deleted somebody")
	}
	page, _ = b.post(t, path, withConfirmed(ticked(people[0].ID)), http.StatusOK)
	if action := page.Find("form.tx-confirm").AttrOr("action", ""); action != residentPath+"/moveout" || keptOf(page) != people[0].ID.String() {
		t.Errorf("instead: %q of %q", action, keptOf(page))
	}
	page, _ = b.post(t, path, ticked(people[1].ID), http.StatusOK)
	if action := page.Find("form.tx-confirm").AttrOr("action", ""); action != path {
		t.Errorf("asks at %q", action)
	}
	b.post(t, path, withConfirmed(ticked(people[1].ID)), http.StatusSeeOther)
	if d.lives(t, people[1].ID) {
		t.Error("not deleted")
	}
	b.get(t, residentURL(people[1].ID), http.StatusNotFound)
	b.post(t, path, withConfirmed(ticked(d.others.Residents[0].ID)), http.StatusNotFound)
	d.onlyViews(t).post(t, path, withConfirmed(ticked(people[2].ID)), http.StatusForbidden)
}

// The page of a resident tells what the pass can do now, where else the person
// lives, the last passages, and what was changed.
func TestResidentPageTellsThePast(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	who := d.mine.Residents[0]
	show := b.get(t, residentURL(who.ID), http.StatusOK)
	if factOf(show, "现在出门") != "可以" || factOf(show, "本周期剩余") != "不限次数" {
		t.Errorf("without a limit: %q, %q", factOf(show, "现在出门"), factOf(show, "本周期剩余"))
	}
	d.passages(t, d.mine, 8)
	rule := d.rule(t)
	rule.Exits = -1
	if err := d.store.SavePassRule(t.Context(), core.System, core.Everywhere, d.mine.Community, rule.PassRule, rule.Version); err != nil {
		t.Fatal(err)
	}
	second, err := d.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{Community: d.mine.Community, House: d.mine.Houses[1], Name: who.Name, Identity: core.Owner, Phone: who.Phone})
	if err != nil {
		t.Fatal(err)
	}
	b.post(t, residentURL(who.ID), url.Values{"name": {"改过名"}, "identity": {"owner"}}, http.StatusSeeOther)
	show = b.get(t, residentURL(who.ID), http.StatusOK)
	if got := factOf(show, "现在出门"); got == "可以" || got == "" {
		t.Errorf("blocked: %q", got)
	}
	if href := show.Find(`section[aria-labelledby="ties-title"] a`).AttrOr("href", ""); href != residentURL(second) {
		t.Errorf("the other home is %q", href)
	}
	if show.Find(`section[aria-labelledby="passages-title"] tbody tr`).Length() == 0 {
		t.Error("no passages")
	}
	if text := show.Find(`section[aria-labelledby="history-title"]`).Text(); !strings.Contains(text, "改过名") {
		t.Errorf("the history: %q", text)
	}
	narrow := d.onlyViews(t).get(t, residentURL(who.ID), http.StatusOK)
	if narrow.Find(`#passages-title, #history-title`).Length() != 0 {
		t.Error("records and history show to who may not see them")
	}
	if err := d.store.MoveOut(t.Context(), core.System, core.Everywhere, second); err != nil {
		t.Fatal(err)
	}
	if show := b.get(t, residentURL(second), http.StatusOK); factOf(show, "现在出门") != "" {
		t.Errorf("moved out, yet %q", factOf(show, "现在出门"))
	}
}

// One community's residents are sorted by name, sex and identity, both ways, and
// the pager keeps the order.
func TestResidentsAreSorted(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	var people []core.Resident
	for i := range residentsAPage {
		people = append(people, core.Resident{House: d.mine.Houses[0], Name: string(rune('A' + i%26)), Sex: []string{"male", "female"}[i%2], Identity: core.Family, Phone: "1391000" + string(rune('0'+i/1000%10)) + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))})
	}
	if _, err := d.store.CreateResidents(t.Context(), core.System, core.Everywhere, d.mine.Community, people); err != nil {
		t.Fatal(err)
	}
	names := func(path string) []string {
		page := b.get(t, path, http.StatusOK)
		names := page.Find(`td[data-label="姓名"]`).Map(func(_ int, cell *goquery.Selection) string { return cell.Text() })
		if next := pagerLink(page, "next"); next != "" && len(names) == residentsAPage {
			more := b.get(t, next, http.StatusOK)
			names = append(names, more.Find(`td[data-label="姓名"]`).Map(func(_ int, cell *goquery.Selection) string { return cell.Text() })...)
		}
		return names
	}
	up, down := names(residentPath+"?sort=name"), names(residentPath+"?sort=-name")
	if len(up) != residentsAPage+len(d.mine.Residents) || len(down) != len(up) {
		t.Fatalf("%d up, %d down", len(up), len(down))
	}
	for i := range up {
		if up[i] != down[len(down)-1-i] || i > 0 && up[i-1] > up[i] {
			t.Fatalf("at %d: up %q, down %q", i, up[i], down[len(down)-1-i])
		}
	}
	for _, column := range []string{"姓名", "性别", "身份"} {
		if b.get(t, residentPath, http.StatusOK).Find(`a.tx-sort:contains("`+column+`")`).Length() != 1 {
			t.Errorf("no sorting by %s", column)
		}
	}
	list, _, err := d.store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{Community: d.mine.Community, Sort: "sex", Page: store.Page{Limit: 5}})
	if err != nil || len(list) != 5 {
		t.Errorf("by sex: %d, %v", len(list), err)
	}
}
