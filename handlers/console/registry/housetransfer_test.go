package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// transferForm is what a clerk fills in.
func transferForm(d *desk.Desk) url.Values {
	return url.Values{
		"name": {"孙<新主>"}, "phone": {"139 0013 9000"}, "day": {core.DayOf(d.Store.Now(), d.Store.Zone()).String()},
		"family": {"leave"}, "tenants": {"stay"},
	}
}

// A house gets another owner in two steps: who leaves is named first, and from there a way leads back to the form.
func TestAHouseIsTransferredAfterAPreview(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house := frame.HouseURL(d.Mine.Houses[0])
	to := house + "/transfer"
	page := b.Get(t, house, http.StatusOK)
	if page.Find(`a[href="`+to+`"]`).Length() == 0 {
		t.Fatal("no way to the form")
	}
	form := transferForm(d)
	form.Set("phone", "12")
	wrong, _ := b.Post(t, to, form, http.StatusUnprocessableEntity)
	if wrong.Find(`[name=phone][aria-invalid=true]`).Length() != 1 || wrong.Find(`[name=name]`).AttrOr("value", "") != "孙<新主>" {
		t.Error("the form does not say what is wrong, or forgets the name")
	}
	form = transferForm(d)
	ask, _ := b.Post(t, to, form, http.StatusOK)
	if text := ask.Find("form.tx-confirm").Text(); !strings.Contains(text, "迁出 2 人") ||
		!strings.Contains(text, d.Mine.Residents[0].Name) || !strings.Contains(text, "孙<新主>") {
		t.Fatalf("the question: %s", text)
	}
	again := answered(ask)
	again.Set("edit_again", "1")
	if back, _ := b.Post(t, to, again, http.StatusOK); back.Find(`[name=phone]`).AttrOr("value", "") != "139 0013 9000" {
		t.Error("the way back to the form forgets what was typed")
	}
	if _, location := b.Post(t, to, answered(ask), http.StatusSeeOther); location != house {
		t.Errorf("leads to %s", location)
	}
	if d.Lives(t, d.Mine.Residents[0].ID) {
		t.Error("the former owner lives there")
	}
	done := b.Get(t, house, http.StatusOK)
	if text := done.Text(); !strings.Contains(text, "孙<新主>") || !strings.Contains(text, "已过户给") || !strings.Contains(text, "撤销本次") {
		t.Errorf("afterwards: %s", done.Find("main").Text())
	}
	late, _ := b.Post(t, to, transferForm(d), http.StatusUnprocessableEntity)
	if !strings.Contains(late.Text(), "已用这个手机号登记") {
		t.Errorf("a second time: %s", late.Find("main").Text())
	}
}

// Somebody who is chosen and another who is typed are not both the new owner.
func TestATransferHasOneNewOwner(t *testing.T) {
	d := newDesk(t)
	to := frame.HouseURL(d.Mine.Houses[0]) + "/transfer"
	family, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "孙家属", Identity: core.Family, Phone: "13900139001",
	})
	if err != nil {
		t.Fatal(err)
	}
	form := transferForm(d)
	form.Set("existing", family.String())
	b := d.Registrar(t)
	wrong, _ := b.Post(t, to, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "existing")
	form.Del("name")
	form.Del("phone")
	if ask, _ := b.Post(t, to, form, http.StatusOK); !strings.Contains(ask.Find("form.tx-confirm").Text(), "孙家属") {
		t.Error("who is chosen alone is not the new owner")
	}
}

// The question says that another name has the number, and names who it is; confirmed, it is done.
func TestATransferAsksAboutANumberOfAnotherName(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	to := frame.HouseURL(d.Mine.Houses[0]) + "/transfer"
	other, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{{"98栋", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []core.Resident{{Name: "王秀兰", Phone: "13900139000"}, {Name: "李五", Phone: "13900139005", IDNumber: "E12345678"}} {
		r.Community, r.House, r.Identity = d.Mine.Community, other[0], core.Owner
		if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, r); err != nil {
			t.Fatal(err)
		}
	}
	form := transferForm(d)
	form.Set("id_number", "E12345678")
	ask, _ := b.Post(t, to, form, http.StatusOK)
	notice := ask.Find("[role=alert]").Text()
	for _, words := range []string{"手机号已登记给“王**”（98栋1单元101）", "证件号已登记给“李*”（98栋1单元101）", "请返回修改"} {
		if !strings.Contains(notice, words) {
			t.Errorf("the question: %q, want %q", notice, words)
		}
	}
	if !strings.Contains(ask.Find("form.tx-confirm").Text(), "出入次数合计") {
		t.Error("it does not say what becomes of the two")
	}
	b.Post(t, to, answered(ask), http.StatusSeeOther)
	if page := b.Get(t, frame.HouseURL(d.Mine.Houses[0]), http.StatusOK); !strings.Contains(page.Find("main").Text(), "孙<新主>") {
		t.Error("confirmed, it is not done")
	}
}

// One of a later day is shown on the house's page, and can be cancelled there.
func TestATransferIsPlannedAndCancelled(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	house := frame.HouseURL(d.Mine.Houses[0])
	form := transferForm(d)
	form.Set("day", (core.DayOf(d.Store.Now(), d.Store.Zone()) + 5).String())
	ask, _ := b.Post(t, house+"/transfer", form, http.StatusOK)
	b.Post(t, house+"/transfer", answered(ask), http.StatusSeeOther)
	page := b.Get(t, house, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "过户给孙<新主>") || strings.Contains(text, "13900139000") {
		t.Errorf("the house: %s", text)
	}
	if !d.Lives(t, d.Mine.Residents[0].ID) {
		t.Error("the owner has left before the day")
	}
	cancel, _ := b.Post(t, house+"/transfer/cancel", nil, http.StatusOK)
	b.Post(t, house+"/transfer/cancel", answered(cancel), http.StatusSeeOther)
	if b.Get(t, house, http.StatusOK).Find(".tx-standing").Length() != 0 {
		t.Error("it is shown after it was cancelled")
	}
	d.OnlyViews(t).Get(t, house+"/transfer", http.StatusForbidden)
}

// A planned transfer is seen by who may not cancel it, and found in the list; meanwhile the house is not merged.
func TestAPlannedTransferIsSeen(t *testing.T) {
	d := newDesk(t)
	form := transferForm(d)
	form.Set("day", (core.DayOf(d.Store.Now(), d.Store.Zone()) + 5).String())
	registrar, house := d.Registrar(t), frame.HouseURL(d.Mine.Houses[0])
	ask, _ := registrar.Post(t, house+"/transfer", form, http.StatusOK)
	registrar.Post(t, house+"/transfer", answered(ask), http.StatusSeeOther)
	page := registrar.Get(t, house, http.StatusOK)
	if page.Find(`main a[href$="/merge"]`).Length() != 0 || !strings.Contains(page.Find("main").Text(), "已安排过户，请先取消过户") {
		t.Error("it can be merged")
	}
	for what, may := range map[string][]core.Permission{
		"过户给孙<新主>": {core.PermHouseView, core.PermResidentView}, "过户": {core.PermHouseView},
	} {
		reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), may...)
		page := reader.Get(t, house, http.StatusOK)
		if text := page.Find(".tx-standing").Text(); !strings.Contains(text, what) || page.Find(".tx-standing button").Length() != 0 ||
			len(may) == 1 && strings.Contains(text, "新主") {
			t.Errorf("%v: %q", may, text)
		}
		if n := desk.Rows(reader.Get(t, frame.HousePath+"?transfer=planned", http.StatusOK)); n != 1 {
			t.Errorf("%d houses of which one is planned", n)
		}
	}
}
