package account

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func accountFormOf(d *desk.Desk, login string) url.Values {
	return url.Values{"login": {login}, "name": {"李四"}, "password": {desk.FirstPassword}, "role": {"clerk"},
		"permissions": {string(core.PermReaderView), string(core.PermAccessRecordView)}, "communities": {d.Mine.Community.String()}}
}

func accountIDOf(t *testing.T, d *desk.Desk, login string) core.ID {
	t.Helper()
	list, _, err := d.Store.Accounts(t.Context(), core.Everywhere, desk.AccountFilterOf(login))
	if err != nil || len(list) != 1 {
		t.Fatalf("accounts called %s: %d, %v", login, len(list), err)
	}
	return list[0].ID
}

func TestAccountIsMadeChangedAndDisabled(t *testing.T) {
	d := newDesk(t)
	b := d.Boss(t)
	b.Get(t, frame.AccountPath+"/new", http.StatusOK)
	_, to := b.Post(t, frame.AccountPath, accountFormOf(d, "Lisi"), http.StatusSeeOther)
	page := b.Get(t, to, http.StatusOK)
	for _, text := range []string{"lisi", "物业客服", "待改密码", "查看门禁读头"} {
		if !strings.Contains(page.Find("main").Text(), text) {
			t.Errorf("the account's page lacks %s", text)
		}
	}
	if list := b.Get(t, frame.AccountPath+"?q=lisi", http.StatusOK); !strings.Contains(list.Find("tbody").Text(), "李四") {
		t.Error("the list lacks the account")
	}

	form := accountFormOf(d, "renamed")
	form.Set("name", desk.Hostile)
	form["permissions"] = []string{string(core.PermHouseView)}
	b.Get(t, to+"/edit", http.StatusOK)
	b.Post(t, to, form, http.StatusSeeOther)
	desk.Literally(t, b.Get(t, to, http.StatusOK), desk.Hostile)
	id := accountIDOf(t, d, "lisi")
	if a, _ := d.Store.Account(t.Context(), core.Everywhere, id); a.Login != "lisi" || !a.Has(core.PermHouseView) ||
		a.Has(core.PermReaderView) {
		t.Errorf("changed to %+v", a)
	}

	page, _ = b.Post(t, to+"/disable", nil, http.StatusOK)
	if !strings.Contains(page.Find("main").Text(), "不能再登录") {
		t.Error("disabling does not ask first")
	}
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	if a, _ := d.Store.Account(t.Context(), core.Everywhere, id); a.Disabled.IsZero() {
		t.Error("still in use")
	}
	if list := b.Get(t, frame.AccountPath+"?state=disabled", http.StatusOK); list.Find("tbody tr").Length() != 1 {
		t.Error("the list of those disabled lacks it")
	}
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
	b.Post(t, to+"/password", url.Values{"password": {"short"}}, http.StatusUnprocessableEntity)
	reset := url.Values{"password": {desk.OwnPassword}}
	asked, _ := b.Post(t, to+"/password", reset, http.StatusOK)
	if text := asked.Find("form.tx-confirm").Text(); !strings.Contains(text, "处登录") || !strings.Contains(text, "的密码？") {
		t.Errorf("asks %q", text)
	}
	b.Post(t, to+"/password", desk.WithConfirmed(reset), http.StatusSeeOther)
}

func TestAccountWithNothingTickedGetsItsRole(t *testing.T) {
	d := newDesk(t)
	form := accountFormOf(d, "preset")
	form.Del("permissions")
	d.Boss(t).Post(t, frame.AccountPath, form, http.StatusSeeOther)
	a, err := d.Store.Account(t.Context(), core.Everywhere, accountIDOf(t, d, "preset"))
	if err != nil || !a.Has(core.PermRestrictionEdit) || a.Has(core.PermPassRuleEdit) {
		t.Errorf("a clerk got %v: %v", a.Permissions, err)
	}
}

// Unticking everything is rejected, and does not restore the role's permissions.
func TestAccountWithEverythingUntickedIsRefused(t *testing.T) {
	d := newDesk(t)
	b := d.Boss(t)
	form := accountFormOf(d, "stripped")
	_, to := b.Post(t, frame.AccountPath, form, http.StatusSeeOther)
	form.Del("permissions")
	page, _ := b.Post(t, to, form, http.StatusUnprocessableEntity)
	if text := page.Find("fieldset .tx-error").Text(); !strings.Contains(text, "请至少勾选一项权限") {
		t.Errorf("the form says %q", text)
	}
	a, err := d.Store.Account(t.Context(), core.Everywhere, accountIDOf(t, d, "stripped"))
	if err != nil || a.Has(core.PermRestrictionEdit) || !a.Has(core.PermReaderView) {
		t.Errorf("it holds %v: %v", a.Permissions, err)
	}
}

func TestAccountGetsWhatItsPermissionsNeed(t *testing.T) {
	d := newDesk(t)
	form := accountFormOf(d, "editor")
	form["permissions"] = []string{string(core.PermResidentEdit)}
	d.Boss(t).Post(t, frame.AccountPath, form, http.StatusSeeOther)
	a, err := d.Store.Account(t.Context(), core.Everywhere, accountIDOf(t, d, "editor"))
	if err != nil || !a.Has(core.PermResidentView) || !a.Has(core.PermHouseView) || a.Has(core.PermHouseEdit) {
		t.Errorf("it holds %v: %v", a.Permissions, err)
	}
}

func TestAccountFormRefuses(t *testing.T) {
	d := newDesk(t)
	b := d.Boss(t)
	b.Post(t, frame.AccountPath, accountFormOf(d, "taken"), http.StatusSeeOther)
	for field, change := range map[string]func(f url.Values){
		"login":       func(f url.Values) { f.Set("login", "taken") },
		"name":        func(f url.Values) { f.Set("name", "  ") },
		"password":    func(f url.Values) { f.Set("password", "1234567890") },
		"role":        func(f url.Values) { f.Set("role", "boss") },
		"permissions": func(f url.Values) { f["permissions"] = []string{"everything"} },
		"communities": func(f url.Values) { f.Del("communities") },
	} {
		form := accountFormOf(d, "fresh-"+field)
		change(form)
		page, _ := b.Post(t, frame.AccountPath, form, http.StatusUnprocessableEntity)
		if page.Find("#f-"+field+"-error, fieldset .tx-error").Length() == 0 {
			t.Errorf("no message at %s", field)
		}
		if form.Get("name") != "  " && desk.InputValue(page, "name") != "李四" {
			t.Errorf("%s: what was typed is lost", field)
		}
	}
}

func TestAccountCannotGiveMore(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(
		t, core.ScopeOf(d.Mine.Community),
		core.PermAccountView, core.PermAccountEdit, core.PermReaderView, core.PermAccessRecordView,
	)
	for name, c := range map[string]struct {
		change func(f url.Values)
		wrong  string
	}{
		"a permission":    {func(f url.Values) { f["permissions"] = []string{string(core.PermAuditView)} }, "不能授予您自己没有的权限：查看操作日志"},
		"a role's own":    {func(f url.Values) { f.Del("permissions") }, "不能授予您自己没有的权限："},
		"a community":     {func(f url.Values) { f.Set("communities", d.Others.Community.String()) }, "不能授予您管理范围以外的小区"},
		"everywhere":      {func(f url.Values) { f.Set("all", "1") }, "不能授予您管理范围以外的小区"},
		"one that is not": {func(f url.Values) { f["permissions"] = []string{"everything"} }, "权限不存在"},
	} {
		form := accountFormOf(d, "greedy")
		c.change(form)
		page, _ := b.Post(t, frame.AccountPath, form, http.StatusUnprocessableEntity)
		if told := page.Find("main .tx-error"); told.Length() != 1 || !strings.HasPrefix(told.Text(), c.wrong) ||
			desk.InputValue(page, "name") != "李四" {
			t.Errorf("%s: told %q in %d places", name, told.Text(), told.Length())
		}
		if list, _, _ := d.Store.Accounts(t.Context(), core.Everywhere, desk.AccountFilterOf("greedy")); len(list) != 0 {
			t.Errorf("%s: made all the same", name)
		}
	}
}

func TestAccountsOfOthers(t *testing.T) {
	d := newDesk(t)
	theirs, err := d.Store.CreateAccount(t.Context(), core.SystemGranter,
		core.Account{
			Login: "theirs", Name: "外人", Role: core.RoleViewer,
			Permissions: []core.Permission{core.PermReaderView}, Scope: core.ScopeOf(d.Others.Community),
		}, desk.FirstPassword)
	if err != nil {
		t.Fatal(err)
	}
	mine := d.Account(t, "mine", core.PermReaderView)
	boss, viewer := d.Boss(t), d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccountView, core.PermReaderView)
	for _, id := range []string{theirs.String(), "1", "x", "99999999999999999999"} {
		boss.Get(t, frame.AccountPath+"/"+id, http.StatusNotFound)
		boss.Get(t, frame.AccountPath+"/"+id+"/edit", http.StatusNotFound)
		for _, act := range []string{"", "/disable", "/enable", "/password"} {
			form := accountFormOf(d, "theirs")
			form.Set("confirmed", "1")
			boss.Post(t, frame.AccountPath+"/"+id+act, form, http.StatusNotFound)
			viewer.Post(t, frame.AccountPath+"/"+id+act, form, http.StatusForbidden)
		}
	}
	page := viewer.Get(t, frame.AccountURL(mine), http.StatusOK)
	if page.Find(`main form[method="post"]:not(.tx-filters), main a[href$="/edit"]`).Length() != 0 {
		t.Error("offers an act to who may only look")
	}
	if list := viewer.Get(t, frame.AccountPath, http.StatusOK); strings.Contains(list.Find("tbody").Text(), "theirs") {
		t.Error("lists another community's account")
	}
}
