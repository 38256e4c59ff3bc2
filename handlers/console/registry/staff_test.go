package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func postedStaff(d *desk.Desk) url.Values {
	return url.Values{
		"name": {"李娜"}, "sex": {"female"}, "phone": {"13700000001"}, "new_department": {"工程部—维修组"}, "position": {"维修员"},
		"wechat": {desk.Hostile[:30]}, "communities": {d.Mine.Community.String()},
	}
}

func TestStaffAreAddedChangedAndRemoved(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	b.Get(t, frame.StaffPath+"/new", http.StatusOK)
	for field, value := range map[string]string{
		"name": "", "phone": "110", "communities": "", "departments": "", "new_department": "a-b-c-d-e-f",
		"position": strings.Repeat("长", 41),
	} {
		wrong := postedStaff(d)
		if wrong.Set(field, value); field == "departments" {
			wrong.Del("new_department")
		}
		if value == "" {
			wrong.Del(field)
		}
		page, _ := b.Post(t, frame.StaffPath, wrong, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
	}
	more := postedStaff(d)
	more.Set(templates.MoreField, "1")
	_, to := b.Post(t, frame.StaffPath, more, http.StatusSeeOther)
	if !strings.HasPrefix(to, frame.StaffPath+"/new") || !strings.Contains(b.Get(t, to, http.StatusOK).Text(), "已添加“李娜”") {
		t.Errorf("led on to %s", to)
	}
	form := postedStaff(d)
	form.Set("name", "王五")
	form.Set("phone", "13700000002")
	_, to = b.Post(t, frame.StaffPath, form, http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	if desk.Fact(show, "手机") != "137****0002" || desk.Fact(show, "所属部门") != "工程部—维修组" {
		t.Errorf("shown as %q, %q", desk.Fact(show, "手机"), desk.Fact(show, "所属部门"))
	}
	// The tree and the filters find them; the department was made once.
	list := b.Get(t, frame.StaffPath, http.StatusOK)
	tree := list.Find("#staff-tree a")
	if tree.Length() != 3 || list.Find("#list-body tbody tr").Length() != 2 {
		t.Errorf("%d departments, %d rows", tree.Length(), list.Find("#list-body tbody tr").Length())
	}
	for query, want := range map[string]int{
		"?q=李娜": 1, "?q=13700000002": 1, "?q=137": 0, "?state=left": 0, "?state=unassigned": 0,
		"?community=" + d.Mine.Community.String(): 2, strings.TrimPrefix(tree.Eq(1).AttrOr("href", ""), frame.StaffPath): 2,
	} {
		if n := b.Get(t, frame.StaffPath+query, http.StatusOK).Find("#list-body tbody tr").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	for _, wrong := range []string{"?department=7", "?state=x", "?sort=phone"} {
		b.Get(t, frame.StaffPath+wrong, http.StatusUnprocessableEntity)
	}
	edit := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK))
	if edit.Get("phone") != "" {
		t.Errorf("the form has the number %s", edit.Get("phone"))
	}
	edit.Set("grade", "三级")
	b.Post(t, to, edit, http.StatusSeeOther)
	if got := desk.Fact(b.Get(t, to, http.StatusOK), "职级"); got != "三级" {
		t.Errorf("changed to %q", got)
	}
	question, _ := b.Post(t, to+"/remove", nil, http.StatusOK)
	if !strings.Contains(question.Text(), "王五") {
		t.Error("the question does not say whom it is about")
	}
	b.Post(t, to+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "已离职") {
		t.Errorf("after leaving: %s", text)
	}
	b.Get(t, to+"/edit", http.StatusConflict)

	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermStaffView)
	if page := viewer.Get(t, frame.StaffPath, http.StatusOK); page.Find(`a[href="`+frame.StaffPath+`/new"]`).Length() != 0 {
		t.Error("somebody who may only look is offered to add")
	}
	viewer.Post(t, frame.StaffPath, form, http.StatusForbidden)
	viewer.Get(t, frame.StaffPath+"/import", http.StatusForbidden)
}

// A department of another community's staff is not named to who may not see them.
func TestDepartmentsAreThoseOfTheScope(t *testing.T) {
	d := newDesk(t)
	for community, path := range map[core.ID]string{d.Mine.Community: "翠湖物业—工程部", d.Others.Community: "江南物业—秩序部"} {
		if _, err := d.Store.CreateStaff(t.Context(), core.System, core.Everywhere, core.Staff{
			Name: "李娜", Sex: "female", Position: "客服", Phone: "1370000" + community.String()[len(community.String())-4:],
			Communities: []core.ID{community},
		}, strings.Split(path, "—")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		scope        core.Scope
		mine, theirs bool
	}{
		{core.ScopeOf(d.Mine.Community), true, false}, {core.ScopeOf(d.Others.Community), false, true},
		{core.Everywhere, true, true},
	} {
		b := d.SignIn(t, c.scope, core.Permissions()...)
		for _, path := range []string{frame.StaffPath, frame.StaffPath + "/new"} {
			page := b.Get(t, path, http.StatusOK).Text()
			if strings.Contains(page, "工程部") != c.mine || strings.Contains(page, "翠湖物业") != c.mine ||
				strings.Contains(page, "秩序部") != c.theirs || strings.Contains(page, "江南物业") != c.theirs {
				t.Errorf("%s of %v names the wrong departments", path, c.scope.Communities())
			}
		}
	}
}

// Of several companies on WeWork the list is narrowed to one; of one alone there is nothing to choose.
func TestStaffOfOneCompany(t *testing.T) {
	two := []core.WechatApp{{ID: 7, Name: "翠湖物业"}, {ID: 8, Name: "滨河物业"}}
	for n, want := range map[int]int{0: 2, 1: 2, 2: 3} {
		if got := len(staffTable(nil, two[:n]).More); got != want {
			t.Errorf("of %d companies there are %d filters, want %d", n, got, want)
		}
	}
	if f, err := (staffAsked{Corp: 8, State: "unseen"}).filter(nil, 0, core.Page{}); err != nil || f.Corp != 8 || !f.Unseen {
		t.Errorf("%+v, %v", f, err)
	}
}

// What ends with somebody is on their page and in the question, and the account is linked by who may change it.
func TestStaffTiesAreShown(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	_, to := b.Post(t, frame.StaffPath, postedStaff(d), http.StatusSeeOther)
	if _, err := d.Store.CreateGuard(t.Context(), core.System, core.Everywhere, core.Guard{
		Community: d.Mine.Community, Name: "门卫李娜", Phone: "13700000001",
	}); err != nil {
		t.Fatal(err)
	}
	account, err := d.Store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "lina", Name: "李娜的账号", Role: core.RoleClerk, Permissions: []core.Permission{core.PermStaffView},
		Scope: core.ScopeOf(d.Mine.Community),
	}, "correct-horse-7")
	if err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, to+"/account", http.StatusOK)
	if page.Find(`option[value="`+account.String()+`"]`).Length() != 1 {
		t.Error("the account is not offered")
	}
	b.Post(t, to+"/account", url.Values{"account": {account.String()}}, http.StatusSeeOther)
	question, _ := b.Post(t, to+"/remove", nil, http.StatusOK)
	for _, page := range []string{b.Get(t, to, http.StatusOK).Text(), question.Text()} {
		if !strings.Contains(page, "门卫李娜") || !strings.Contains(page, "李娜的账号") {
			t.Errorf("what ends is not said: %s", page)
		}
	}
	weak := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermStaffView, core.PermStaffEdit)
	weak.Get(t, to+"/account", http.StatusForbidden)
	weak.Post(t, to+"/account", url.Values{"account": {"0"}}, http.StatusForbidden)
}

func TestStaffPages(t *testing.T) {
	shell := templates.Shell{Title: "员工信息", CSRF: "x"}
	tree := core.NewDepartmentTree([]core.Department{{ID: 1, Name: desk.Hostile}, {ID: 2, Parent: 1, Name: "维修组"}})
	m := core.Staff{ID: 7, Name: desk.Hostile, Departments: []core.ID{2}, Communities: []core.ID{1}}
	detail := templates.Detail{Path: frame.StaffURL(7), CSRF: "x", Menu: staffMenu(m, "x"), Badges: staffBadges(m)}
	detail.NewTabs("", "", "资料")
	form := templates.Form{
		Action: "/a", CSRF: "x", Sections: staffSections(staffDraft{Staff: m}, tree, []core.Community{{ID: 1, Name: "翠湖花园"}}),
	}
	importing := templates.Form{Action: "/a", CSRF: "x", Submit: "核对名单"}
	templates.CheckAll(t, "console/staff/", map[string]any{
		"console/staff/list": staffListPage{
			Shell: shell, List: staffTable(tree, nil),
			Tree: staffTree(tree, map[core.ID]int{2: 3}, 2, func(d string) string { return "/a?department=" + d }),
			Rows: []staffRow{{
				URL: "/s", Name: desk.Hostile, Phone: "137****0001", Departments: departmentText(tree, m.Departments), Position: "维修员",
				Communities: servedText(nil, m.Communities), State: staffBadges(m)[0], Menu: staffMenu(m, "x"),
			}},
		},
		"console/staff/form":    staffFormPage{Shell: shell, Form: form},
		"console/staff/account": staffFormPage{Shell: shell, Form: form},
		"console/staff/show": staffShowPage{
			Shell: shell, Detail: detail, Facts: []templates.Fact{{Label: "住址", Value: desk.Hostile}},
			Ties: []staffTie{{"门岗人员", desk.Hostile, "/g"}, {"后台账号", desk.Hostile, ""}},
		},
		"console/staff/import": importNewPage{Shell: shell, Form: importing, Template: "/t", Rules: "规则。"},
	})
}
