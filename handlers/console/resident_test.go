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

func residentFormOf(d *readerDesk) url.Values {
	return url.Values{
		"community": {d.mine.Community.String()}, "house": {"1栋1单元101"}, "name": {"张三"}, "sex": {"male"}, "identity": {"lodger"},
		"lease_day": {"2099-12-31"}, "phone": {"138 0013 8000"}, "id_number": {"11010519491231002x"},
	}
}

func TestResidentsAreListed(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	people := d.mine.Residents
	list := b.get(t, residentPath, http.StatusOK)
	if n := list.Find("tbody tr").Length(); n != len(people) {
		t.Errorf("%d residents, want %d", n, len(people))
	}
	for _, p := range people {
		if strings.Contains(list.Text(), p.Phone) {
			t.Errorf("the list shows %s whole", p.Phone)
		}
	}
	if got, want := list.Find(`tbody td[data-label="手机"]`).Last().Text(), core.MaskPhone(people[0].Phone); got != want {
		t.Errorf("phone %q, want %q", got, want)
	}
	for query, want := range map[string]int{
		"?q=" + people[2].Phone[7:]:             1,
		"?q=" + people[2].Phone:                 1,
		"?q=" + url.QueryEscape(people[1].Name): 1,
		"?house=" + d.mine.Houses[0].String():   2,
		"?certified=no":                         0,
		"?certified=yes&identity=owner":         len(people),
		"?q=" + url.QueryEscape("'; DROP"):      0,
		"?after=x&before=y":                     len(people),
	} {
		if n := b.get(t, residentPath+query, http.StatusOK).Find("tbody tr").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	if b.get(t, residentPath+"?q=nobody", http.StatusOK).Find(".tx-empty").Length() != 1 {
		t.Error("nothing found is not said")
	}
}

// A phone number that the register has under another name is said on both pages.
func TestResidentsOfOnePhoneAndTwoNames(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	form := residentFormOf(d)
	form.Set("house", houseLabel(t, d, d.mine.Houses[0]))
	_, first := b.post(t, residentPath, form, http.StatusSeeOther)
	ties := func(path string) string {
		return b.get(t, path, http.StatusOK).Find("#ties-title").Parent().Next().Text()
	}
	form.Set("house", houseLabel(t, d, d.mine.Houses[1]))
	_, same := b.post(t, residentPath, form, http.StatusSeeOther)
	if got := ties(same); strings.Contains(got, "请核对") {
		t.Errorf("one name: %q", got)
	}
	third, err := d.store.CreateHouses(t.Context(), core.System, core.Everywhere, d.mine.Community, [][]string{{"77", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	form.Set("house", houseLabel(t, d, third[0]))
	form.Set("name", hostileText[:24])
	_, other := b.post(t, residentPath, form, http.StatusSeeOther)
	if here, there := ties(other), ties(first); !strings.Contains(here, "登记为“张三”") || !strings.Contains(there, "登记为“"+hostileText[:24]) {
		t.Errorf("the pages say %q and %q", here, there)
	}
}

func TestResidentIsAddedShownRevealedAndChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	label := houseLabel(t, d, d.mine.Houses[0])
	form := residentFormOf(d)
	form.Set("house", label)
	_, to := b.post(t, residentPath, form, http.StatusSeeOther)
	show := b.get(t, to, http.StatusOK)
	for fact, want := range map[string]string{
		"姓名": "张三", "手机": "138****8000", "证件号": "1101**********002X", "认证": "未认证", "房屋": label, "租约到期日": "2099-12-31", "身份": "限期租客", "通行证": "没有",
	} {
		if got := factOf(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	revealed, _ := b.post(t, to+"/reveal", nil, http.StatusOK)
	if factOf(revealed, "手机") != "13800138000" || factOf(revealed, "证件号") != "11010519491231002X" {
		t.Errorf("revealed %q, %q", factOf(revealed, "手机"), factOf(revealed, "证件号"))
	}
	mayNot := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermResidentView, core.PermResidentEdit, core.PermReaderView)
	mayNot.post(t, to+"/reveal", nil, http.StatusForbidden)
	if mayNot.get(t, to, http.StatusOK).Find(`form[action$="/reveal"]`).Length() != 0 {
		t.Error("offers to reveal to who may not")
	}

	edit := b.get(t, to+"/edit", http.StatusOK)
	if strings.Contains(edit.Text(), "13800138000") || inputValue(edit, "phone") != "" {
		t.Error("the form shows the phone number")
	}
	change := url.Values{"name": {hostileText[:30]}, "identity": {"owner"}, "sex": {""}, "lease_day": {"2099-12-31"}}
	b.post(t, to, change, http.StatusSeeOther)
	show = b.get(t, to, http.StatusOK)
	literally(t, show, hostileText[:30])
	if factOf(show, "手机") != "138****8000" || factOf(show, "租约到期日") != "" {
		t.Errorf("after the change: %q, lease %q", factOf(show, "手机"), factOf(show, "租约到期日"))
	}
	change.Set("phone", "123")
	page, _ := b.post(t, to, change, http.StatusUnprocessableEntity)
	wrongField(t, page, "phone")
	if inputValue(page, "phone") != "123" {
		t.Error("the form lost what was typed")
	}
}

func houseLabel(t *testing.T, d *readerDesk, id core.ID) string {
	t.Helper()
	house, err := d.store.House(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return house.Label
}

// The tree beside the list of one community leads to the residents below a node.
func TestResidentsByBuilding(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	list := b.get(t, residentPath+"?identity=owner", http.StatusOK)
	tree := b.get(t, list.Find("[hx-get]").First().AttrOr("hx-get", ""), http.StatusOK)
	node := tree.Find("#house-tree li li a, #house-tree li a").Last().AttrOr("href", "")
	if !strings.HasPrefix(node, residentPath+"?") || b.get(t, node, http.StatusOK).Find("tbody tr").Length() == 0 {
		t.Errorf("the tree leads to %q", node)
	}
	if n := b.get(t, residentPath+"?node="+d.mine.Community.String(), http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d residents under no node", n)
	}
	b.get(t, housePath+"/tree?of=resident&community="+d.others.Community.String(), http.StatusNotFound)
}

func TestResidentFormRefuses(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	label := houseLabel(t, d, d.mine.Houses[0])
	for field, value := range map[string]string{
		"house": "9栋9单元999", "name": " ", "identity": "king", "lease_day": "明天", "phone": "1380013800", "id_number": "110105194912310021", "sex": "x",
	} {
		form := residentFormOf(d)
		form.Set("house", label)
		form.Set(field, value)
		page, _ := b.post(t, residentPath, form, http.StatusUnprocessableEntity)
		if field == "identity" || field == "sex" {
			if page.Find("main fieldset.tx-wrong").Length() != 1 {
				t.Errorf("no message at %s", field)
			}
		} else {
			wrongField(t, page, field)
		}
		if field != "name" && inputValue(page, "name") != "张三" {
			t.Errorf("%s: the form lost the name", field)
		}
	}
	list, _, err := d.store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{Keyword: "张三", Page: store.Page{Limit: 5}})
	if err != nil || len(list) != 0 {
		t.Errorf("wrong forms left %d residents, %v", len(list), err)
	}
	// Without the form's token nothing is done.
	b.csrf = "another"
	form := residentFormOf(d)
	form.Set("house", label)
	b.post(t, residentPath, form, http.StatusForbidden)
}

func TestResidentMovesOut(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	r := d.mine.Residents[0]
	path := residentURL(r.ID) + "/moveout"
	page, _ := b.post(t, path, nil, http.StatusOK)
	if action, _ := page.Find("form.tx-confirm").Attr("action"); action != path {
		t.Errorf("the question posts to %q", action)
	}
	if _, err := d.store.PassOfPerson(t.Context(), r.Pass, r.Person); err != nil {
		t.Fatalf("asking alone took the pass: %v", err)
	}
	b.post(t, path, confirmedForm(), http.StatusSeeOther)
	if _, err := d.store.PassOfPerson(t.Context(), r.Pass, r.Person); !core.IsNotFound(err) {
		t.Errorf("the pass after moving out: %v", err)
	}
	show := b.get(t, residentURL(r.ID), http.StatusOK)
	if factOf(show, "认证") != "已迁出" || show.Find(`form[action$="/moveout"], button[formaction$="/moveout"]`).Length() != 0 {
		t.Errorf("shown as %q", factOf(show, "认证"))
	}
	b.post(t, path, confirmedForm(), http.StatusNotFound)
}

func TestResidentPages(t *testing.T) {
	shell := templates.Shell{Title: "住户", CSRF: "x"}
	facts := []templates.Fact{{Label: "姓名", Value: hostileText}}
	templates.CheckAll(t, "console/resident/", map[string]any{
		"console/resident/list": residentListPage{Shell: shell, List: templates.List{Path: residentPath}, Rows: []residentRow{
			{URL: residentURL(1), Name: "张三", Phone: "138****8000", State: templates.Badge{Tone: templates.Good, Text: "已认证"}},
		}},
		"console/resident/form":          residentFormPage{Shell: shell, Form: templates.Form{Sections: []templates.Section{{Fields: residentFields(core.Resident{}, true)}}}},
		"console/resident/show":          residentShowPage{Shell: shell, Person: facts, Place: facts, RevealURL: "/r", MoveOut: &templates.Submit{Label: "迁出", URL: "/m", Confirm: "将迁出。"}},
		"console/resident/show#revealed": residentShowPage{Shell: shell, Person: facts, Revealed: true},
	})
}

// The form takes a house in other words than its label, and asks where several are meant.
func TestResidentFormReadsHouses(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	made, err := d.store.CreateHouses(t.Context(), core.System, core.Everywhere, d.mine.Community, [][]string{{"71", "3", "1207"}, {"72", "3", "1207"}})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"community": {d.mine.Community.String()}, "name": {"何建国"}, "identity": {"owner"}, "phone": {"13800138099"}}
	for text, message := range map[string]string{"3-1207": "可能是", "73-3-1207": "没有这套房屋"} {
		form.Set("house", text)
		page, _ := b.post(t, residentPath, form, http.StatusUnprocessableEntity)
		if got := page.Find("#f-house-error").Text(); !strings.Contains(got, message) {
			t.Errorf("%s: %q", text, got)
		}
	}
	form.Set("house", "71-3-1207")
	b.post(t, residentPath, form, http.StatusSeeOther)
	for query, want := range map[string]int{"71-3-1207": 1, "72-3-1207": 0, "建国": 1} {
		page := b.get(t, residentPath+"?community="+d.mine.Community.String()+"&q="+url.QueryEscape(query), http.StatusOK)
		if rows := page.Find("#list-body tbody tr").Length(); rows != want {
			t.Errorf("%s: %d residents, want %d", query, rows, want)
		}
	}
	if rows := b.get(t, residentPath+"?house="+made[0].String(), http.StatusOK).Find("#list-body tbody tr").Length(); rows != 1 {
		t.Errorf("%d residents of the house", rows)
	}
}

// Where the list cannot be sorted it says when it can.
func TestResidentListSaysWhenItSorts(t *testing.T) {
	d := newReaderDesk(t)
	b := d.signIn(t, core.Everywhere, core.PermResidentView, core.PermReaderView)
	for query, sorts := range map[string]bool{"": false, "?community=" + d.mine.Community.String(): true, "?q=1&community=" + d.mine.Community.String(): false} {
		page := b.get(t, residentPath+query, http.StatusOK)
		if rows := page.Find("#list-body tbody tr").Length(); rows == 0 {
			t.Fatalf("%q lists nobody", query)
		}
		if got := page.Find(".tx-list-hint").Length() == 0; got != sorts || got != (page.Find(".tx-sort").Length() > 0) {
			t.Errorf("%q: sorts %v", query, got)
		}
	}
}
