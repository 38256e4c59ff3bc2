package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func residentFormOf(d *desk.Desk) url.Values {
	return url.Values{
		"community": {d.Mine.Community.String()}, "house": {"1栋1单元101"}, "name": {"张三"}, "sex": {"male"}, "identity": {"lodger"},
		"lease_day": {"2099-12-31"}, "phone": {"138 0013 8000"}, "id_number": {"11010519491231002x"},
	}
}

func TestResidentsAreListed(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	people := d.Mine.Residents
	list := b.Get(t, frame.ResidentPath, http.StatusOK)
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
		"?house=" + d.Mine.Houses[0].String():   2,
		"?certified=no":                         0,
		"?certified=yes&identity=owner":         len(people),
		"?q=" + url.QueryEscape("'; DROP"):      0,
	} {
		if n := b.Get(t, frame.ResidentPath+query, http.StatusOK).Find("tbody tr").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	for _, unusable := range []string{
		"?after=x&before=y", "?house=x", "?node=-1", "?certified=maybe", "?ties=both", "?q=" + strings.Repeat("长", 201), "?q=%zz",
	} {
		b.Get(t, frame.ResidentPath+unusable, http.StatusUnprocessableEntity)
		b.Get(t, frame.ResidentPath+"/export.xlsx"+unusable, http.StatusUnprocessableEntity)
	}
	if b.Get(t, frame.ResidentPath+"?q=nobody", http.StatusOK).Find(".tx-empty").Length() != 1 {
		t.Error("nothing found is not said")
	}
}

// A phone number registered under two names is reported on both pages.
func TestResidentsOfOnePhoneAndTwoNames(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := residentFormOf(d)
	form.Set("house", desk.HouseLabel(t, d, d.Mine.Houses[0]))
	_, first := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	ties := func(path string) string {
		return b.Get(t, path, http.StatusOK).Find("#ties-title").Parent().Next().Text()
	}
	form.Set("house", desk.HouseLabel(t, d, d.Mine.Houses[1]))
	_, same := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	if got := ties(same); strings.Contains(got, "请核对") {
		t.Errorf("one name: %q", got)
	}
	third, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{{"77", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	form.Set("house", desk.HouseLabel(t, d, third[0]))
	form.Set("name", desk.Hostile[:24])
	form.Set("held", "1")
	_, other := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	if here, there := ties(other), ties(first); !strings.Contains(here, "登记为“张三”") || !strings.Contains(there, "登记为“"+desk.Hostile[:24]) {
		t.Errorf("the pages say %q and %q", here, there)
	}
}

func TestResidentIsAddedShownRevealedAndChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	label := desk.HouseLabel(t, d, d.Mine.Houses[0])
	form := residentFormOf(d)
	form.Set("house", label)
	_, to := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	for fact, want := range map[string]string{
		"姓名": "张三", "手机": "138****8000", "证件号": "1101**********002X", "认证": "未认证", "房屋": label,
		"租约到期日": "2099-12-31", "身份": "限期租客", "通行证": "没有",
	} {
		if got := desk.Fact(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	revealed, _ := b.Post(t, to+"/reveal", nil, http.StatusOK)
	if desk.Fact(revealed, "手机") != "13800138000" || desk.Fact(revealed, "证件号") != "11010519491231002X" {
		t.Errorf("revealed %q, %q", desk.Fact(revealed, "手机"), desk.Fact(revealed, "证件号"))
	}
	mayNot := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermResidentEdit, core.PermReaderView)
	mayNot.Post(t, to+"/reveal", nil, http.StatusForbidden)
	if mayNot.Get(t, to, http.StatusOK).Find(`form[action$="/reveal"]`).Length() != 0 {
		t.Error("offers to reveal to who may not")
	}

	edit := b.Get(t, to+"/edit", http.StatusOK)
	if strings.Contains(edit.Text(), "13800138000") || desk.InputValue(edit, "phone") != "" {
		t.Error("the form shows the phone number")
	}
	change := url.Values{"name": {desk.Hostile[:30]}, "identity": {"owner"}, "sex": {""}, "lease_day": {"2099-12-31"}}
	b.Post(t, to, change, http.StatusSeeOther)
	show = b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	if desk.Fact(show, "手机") != "138****8000" || desk.Fact(show, "租约到期日") != "" {
		t.Errorf("after the change: %q, lease %q", desk.Fact(show, "手机"), desk.Fact(show, "租约到期日"))
	}
	change.Set("phone", "123")
	page, _ := b.Post(t, to, change, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "phone")
	desk.WrongField(t, page, "lease_day")
	if desk.InputValue(page, "phone") != "123" {
		t.Error("the form lost what was typed")
	}
}

// The tree beside the list of one community links to the residents below a node.
func TestResidentsByBuilding(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	list := b.Get(t, frame.ResidentPath+"?identity=owner", http.StatusOK)
	tree := b.Get(t, list.Find("[hx-get]").First().AttrOr("hx-get", ""), http.StatusOK)
	node := tree.Find("#house-tree li li a, #house-tree li a").Last().AttrOr("href", "")
	if !strings.HasPrefix(node, frame.ResidentPath+"?") || b.Get(t, node, http.StatusOK).Find("tbody tr").Length() == 0 {
		t.Errorf("the tree leads to %q", node)
	}
	if n := b.Get(t, frame.ResidentPath+"?node="+d.Mine.Community.String(), http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d residents under no node", n)
	}
	b.Get(t, frame.HousePath+"/tree?of=resident&community="+d.Others.Community.String(), http.StatusNotFound)
}

func TestResidentFormRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	label := desk.HouseLabel(t, d, d.Mine.Houses[0])
	for field, value := range map[string]string{
		"house": "9栋9单元999", "name": " ", "identity": "king", "lease_day": "明天", "phone": "1380013800",
		"id_number": "110105194912310021", "sex": "x",
	} {
		form := residentFormOf(d)
		form.Set("house", label)
		form.Set(field, value)
		page, _ := b.Post(t, frame.ResidentPath, form, http.StatusUnprocessableEntity)
		if field == "identity" || field == "sex" {
			if page.Find("main fieldset.tx-wrong").Length() != 1 {
				t.Errorf("no message at %s", field)
			}
		} else {
			desk.WrongField(t, page, field)
		}
		if field != "name" && desk.InputValue(page, "name") != "张三" {
			t.Errorf("%s: the form lost the name", field)
		}
	}
	tenant := residentFormOf(d)
	tenant.Set("house", label)
	tenant.Set("identity", "tenant") // whose lease would not be kept
	page, _ := b.Post(t, frame.ResidentPath, tenant, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "lease_day")
	list, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{Keyword: "张三", Page: store.Page{Limit: 5}})
	if err != nil || len(list) != 0 {
		t.Errorf("wrong forms left %d residents, %v", len(list), err)
	}
	// Without the CSRF token nothing is done.
	b.CSRF = "another"
	form := residentFormOf(d)
	form.Set("house", label)
	b.Post(t, frame.ResidentPath, form, http.StatusForbidden)
}

func TestResidentMovesOut(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	r := d.Mine.Residents[0]
	path := frame.ResidentURL(r.ID) + "/moveout"
	page, _ := b.Post(t, path, nil, http.StatusOK)
	if action, _ := page.Find("form.tx-confirm").Attr("action"); action != path {
		t.Errorf("the question posts to %q", action)
	}
	if _, err := d.Store.PassOfUser(t.Context(), r.Pass, core.WechatUser{Person: r.Person}); err != nil {
		t.Fatalf("asking alone took the pass: %v", err)
	}
	b.Post(t, path, desk.ConfirmedForm(), http.StatusSeeOther)
	if _, err := d.Store.PassOfUser(t.Context(), r.Pass, core.WechatUser{Person: r.Person}); !core.IsNotFound(err) {
		t.Errorf("the pass after moving out: %v", err)
	}
	show := b.Get(t, frame.ResidentURL(r.ID), http.StatusOK)
	if desk.Fact(show, "认证") != "已迁出" || show.Find(`form[action$="/moveout"], button[formaction$="/moveout"]`).Length() != 0 {
		t.Errorf("shown as %q", desk.Fact(show, "认证"))
	}
	b.Post(t, path, desk.ConfirmedForm(), http.StatusSeeOther) // told that they have
}

// A user who may edit residents can sign out one who lost their phone from WeChat.
func TestResidentIsSignedOut(t *testing.T) {
	d := newDesk(t)
	r := d.Mine.Residents[0]
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-lost"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.BindPhone(t.Context(), user.ID, r.Phone, r.Name); err != nil {
		t.Fatal(err)
	}
	token, _, err := d.Store.StartSession(t.Context(), store.NewSession{
		Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := frame.ResidentURL(r.ID) + "/signout"
	viewer := d.OnlyViews(t)
	viewer.Post(t, path, desk.ConfirmedForm(), http.StatusForbidden)
	if viewer.Get(t, frame.ResidentURL(r.ID), http.StatusOK).Find(`button[formaction$="/signout"]`).Length() != 0 {
		t.Error("offered to who may only look")
	}
	b := d.Registrar(t)
	b.Post(t, frame.ResidentURL(d.Others.Residents[0].ID)+"/signout", desk.ConfirmedForm(), http.StatusNotFound)
	if b.Get(t, frame.ResidentURL(r.ID), http.StatusOK).Find(`button[formaction="`+path+`"]`).Length() != 1 {
		t.Error("not offered")
	}
	asks, _ := b.Post(t, path, nil, http.StatusOK)
	if !strings.Contains(asks.Find("form.tx-confirm").Text(), r.Name) {
		t.Errorf("the question names nobody: %s", asks.Find("form.tx-confirm").Text())
	}
	if session, err := d.Store.SessionByToken(t.Context(), token); err != nil || !session.Ended.IsZero() {
		t.Fatalf("asking alone ended the session: %v", err)
	}
	for _, want := range []string{"已退出 1 个微信登录", "没有登录中的手机"} {
		b.Post(t, path, desk.ConfirmedForm(), http.StatusSeeOther)
		if said := b.Get(t, frame.ResidentURL(r.ID), http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	}
	if session, err := d.Store.SessionByToken(t.Context(), token); err == nil && session.Live(d.Store.Now()) {
		t.Error("the lost phone is still signed in")
	}
}

func TestResidentPages(t *testing.T) {
	shell := templates.Shell{Title: "住户", CSRF: "x"}
	facts := []templates.Fact{{Label: "姓名", Value: desk.Hostile}}
	templates.CheckAll(t, "console/resident/", map[string]any{
		"console/resident/list": residentListPage{Shell: shell, List: templates.List{Path: frame.ResidentPath}, Rows: []residentRow{
			{URL: frame.ResidentURL(1), Name: "张三", Phone: "138****8000", State: templates.Badge{Tone: templates.Good, Text: "已认证"}},
		}},
		"console/resident/form": residentFormPage{
			Shell: shell,
			Form:  templates.Form{Sections: []templates.Section{{Fields: residentFields(core.Resident{}, true)}}},
		},
		"console/resident/card": residentCardPage{
			Shell: shell, Name: desk.Hostile, Community: desk.Hostile, House: desk.Hostile, Phone: "0755", Image: "data:,",
			Printed: desk.Hostile,
			Issue:   templates.Submit{Label: "作废并重新发放", URL: "/i", Ask: true}, Revoke: templates.Submit{Label: "作废", URL: "/r", Ask: true},
		},
		"console/resident/card#none": residentCardPage{Shell: shell, Issue: templates.Submit{Label: "发放卡码", URL: "/i", Ask: true}},
		"console/resident/show": residentShowPage{
			Shell: shell, Person: facts, Home: facts, RevealURL: "/r",
			Detail:   templates.Detail{Path: frame.ResidentURL(1), Facts: facts},
			Standing: standing{Verdict: templates.Verdict{Tone: templates.Warn, Title: "现在不能出门"}, Left: "今天还能出门 0 次（共 2 次）"},
			People:   []houseMember{{residentRow: residentRow{Name: desk.Hostile, URL: "/r/2"}, CallURL: "/c"}}, MoreURL: "/more",
			Restriction: &houseRestriction{Lift: &templates.Submit{Label: "解除", URL: "/l", Ask: true}, Change: "/c"},
			Passages:    &frame.PassagePart{}, Ties: []residentRow{{Name: desk.Hostile, OtherName: desk.Hostile}},
		},
		"console/resident/show#revealed": residentShowPage{Shell: shell, Person: facts, Revealed: true, Call: "139 0000 0001"},
	})
}

// The form accepts a house in other words than its label, and asks if they are ambiguous.
func TestResidentFormReadsHouses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	made, err := d.Store.CreateHouses(
		t.Context(), core.System, core.Everywhere, d.Mine.Community,
		[][]string{{"71", "3", "1207"}, {"72", "3", "1207"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"community": {d.Mine.Community.String()}, "name": {"何建国"}, "identity": {"owner"}, "phone": {"13800138099"}}
	for text, message := range map[string]string{"3-1207": "可能是", "73-3-1207": "没有这套房屋"} {
		form.Set("house", text)
		page, _ := b.Post(t, frame.ResidentPath, form, http.StatusUnprocessableEntity)
		if got := page.Find("#f-house-error").Text(); !strings.Contains(got, message) {
			t.Errorf("%s: %q", text, got)
		}
	}
	form.Set("house", "71-3-1207")
	b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	for query, want := range map[string]int{"71-3-1207": 1, "72-3-1207": 0, "建国": 1} {
		page := b.Get(t, frame.ResidentPath+"?community="+d.Mine.Community.String()+"&q="+url.QueryEscape(query), http.StatusOK)
		if rows := page.Find("#list-body tbody tr").Length(); rows != want {
			t.Errorf("%s: %d residents, want %d", query, rows, want)
		}
	}
	if rows := b.Get(t, frame.ResidentPath+"?house="+made[0].String(), http.StatusOK).Find("#list-body tbody tr").Length(); rows != 1 {
		t.Errorf("%d residents of the house", rows)
	}
}

// A list that cannot be sorted tells how it can be.
func TestResidentListSaysWhenItSorts(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermResidentView, core.PermReaderView)
	for query, sorts := range map[string]bool{
		"": false, "?community=" + d.Mine.Community.String(): true,
		"?q=1&community=" + d.Mine.Community.String(): false,
	} {
		page := b.Get(t, frame.ResidentPath+query, http.StatusOK)
		if rows := page.Find("#list-body tbody tr").Length(); rows == 0 {
			t.Fatalf("%q lists nobody", query)
		}
		if got := page.Find(".tx-list-hint").Length() == 0; got != sorts || got != (page.Find(".tx-sort").Length() > 0) {
			t.Errorf("%q: sorts %v", query, got)
		}
	}
}

// The form asks once about a namesake in the house, with all that was typed and a button that adds them all the
// same.
func TestNamesakeIsAskedAbout(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	first := d.Mine.Residents[0]
	form := residentFormOf(d)
	form.Set("house", desk.HouseLabel(t, d, first.House))
	form.Set("name", first.Name)
	form.Set("phone", "13700137000")
	page, _ := b.Post(t, frame.ResidentPath, form, http.StatusConflict)
	anyway := page.Find(`form.tx-form [role="alert"] button[name="namesake"][value="1"]`)
	if anyway.Text() != "仍然添加" || !strings.Contains(page.Find("main").Text(), "已有同名住户") || desk.InputValue(page, "phone") != "13700137000" {
		t.Fatalf("not asked: %s", page.Find("main").Text())
	}
	form.Set("namesake", "1")
	_, at := b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
	if name := desk.Fact(b.Get(t, at, http.StatusOK), "手机"); name != core.MaskPhone("13700137000") {
		t.Errorf("added with %q", name)
	}
}

// The form asks before a number of another name is added; the answer to one question stays while the other is asked.
func TestANumberOfAnotherNameIsAskedAbout(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	holder := d.Mine.Residents[0]
	form := residentFormOf(d)
	form.Set("house", desk.HouseLabel(t, d, d.Mine.Houses[1]))
	form.Set("name", "欧阳小明")
	form.Set("phone", holder.Phone)
	form.Set("namesake", "1")
	page, _ := b.Post(t, frame.ResidentPath, form, http.StatusConflict)
	if page.Find(`form.tx-form [role="alert"] button[name="held"][value="1"]`).Length() != 1 || desk.InputValue(page, "namesake") != "1" ||
		strings.Contains(page.Find(`[role="alert"]`).Text(), holder.Name) {
		t.Fatalf("not asked: %s", page.Find("main").Text())
	}
	form.Set("held", "1")
	b.Post(t, frame.ResidentPath, form, http.StatusSeeOther)
}
