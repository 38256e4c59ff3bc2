package registry

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestCommunityIsAddedAndChanged(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	if got := b.Get(t, frame.CommunityPath+
		"/new", http.StatusOK).Find("#f-levels"); !slices.Equal(levelsOf(got), []string{"栋", "单元", "房间"}) {
		t.Errorf("levels start as %q", levelsOf(got))
	}

	wrong := url.Values{"name": {desk.Hostile[:28]}, "address": {strings.Repeat("路", 101)}, "phone": {"<b>"}, "levels": {"a", "b", "a"}}
	page, _ := b.Post(t, frame.CommunityPath, wrong, http.StatusUnprocessableEntity)
	for _, field := range []string{"address", "phone", "levels"} {
		desk.WrongField(t, page, field)
	}
	if desk.InputValue(page, "name") != wrong.Get("name") || !slices.Equal(levelsOf(page.Find("#f-levels")), wrong["levels"]) {
		t.Error("the form lost what was typed")
	}

	good := url.Values{"name": {desk.Hostile[:28]}, "address": {desk.Hostile}, "phone": {"0755-1"}, "levels": {"区", " ", "号 "}}
	if _, to := b.Post(t, frame.CommunityPath, good, http.StatusSeeOther); to != frame.CommunityPath {
		t.Errorf("went to %s", to)
	}
	list := b.Get(t, frame.CommunityPath+"?q="+url.QueryEscape("onerror"), http.StatusOK)
	desk.Literally(t, list, desk.Hostile)
	if list.Find("tbody tr").Length() != 1 || !strings.Contains(list.Find("tbody").Text(), "区 / 号") {
		t.Errorf("listed as %q", list.Find("tbody").Text())
	}
	again, _ := b.Post(t, frame.CommunityPath, good, http.StatusUnprocessableEntity)
	desk.WrongField(t, again, "name")

	edit, _ := list.Find("tbody a[href$='/edit']").Attr("href")
	if got := b.Get(t, edit, http.StatusOK).Find("#f-levels"); !slices.Equal(levelsOf(got), []string{"区", "号"}) {
		t.Errorf("levels on file %q", levelsOf(got))
	}
	good.Set("name", "翠湖花园")
	good.Set("refusals", "请到前台<登记>\n缺合同")
	good.Set("owner_refusals", strings.Repeat("字", core.MaxRefusal+1))
	long, _ := b.Post(t, strings.TrimSuffix(edit, "/edit"), good, http.StatusUnprocessableEntity)
	desk.WrongField(t, long, "owner_refusals")
	good.Set("owner_refusals", "")
	b.Post(t, strings.TrimSuffix(edit, "/edit"), good, http.StatusSeeOther)
	if shown := b.Get(t, edit, http.StatusOK); shown.Find("#f-refusals").Text() != "请到前台<登记>\n缺合同" ||
		!strings.Contains(shown.Find("#f-owner_refusals").Text(), "不认识申请人") {
		t.Errorf("presets: %q, %q", shown.Find("#f-refusals").Text(), shown.Find("#f-owner_refusals").Text())
	}
	id, _ := core.ParseID(strings.Split(edit, "/")[3])
	c, err := d.Store.Community(t.Context(), core.Everywhere, id)
	if err != nil || c.Name != "翠湖花园" || !slices.Equal(c.Levels, []string{"区", "号"}) {
		t.Errorf("changed to %+v, %v", c, err)
	}
}

// levelsOf returns the names of the levels in the form.
func levelsOf(form *goquery.Selection) []string {
	return form.Find(`input[name="levels"]`).Map(func(_ int, input *goquery.Selection) string { return input.AttrOr("value", "") })
}

// Levels are added and removed one by one by buttons that submit the whole form; no input is lost
// and nothing is saved.
func TestCommunityLevelsOneByOne(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	form := url.Values{"name": {"新苑"}, "levels": {"区", desk.Hostile[:30], "号"}}
	act := func(act string, want ...string) *goquery.Document {
		t.Helper()
		form.Set("act", act)
		changed := len(form["levels"]) != len(want)
		page, _ := b.Post(t, frame.CommunityPath, form, http.StatusOK)
		if form["levels"] = levelsOf(page.Find("#f-levels")); !slices.Equal(form["levels"], want) {
			t.Errorf("%s: %q, want %q", act, form["levels"], want)
		}
		if desk.InputValue(page, "name") != "新苑" {
			t.Errorf("%s lost the name", act)
		}
		if focus := page.Find("main [autofocus]"); focus.Length() != 1 || (focus.AttrOr("name", "") == "levels") != changed {
			t.Errorf("%s: the page begins at %d places, the first is %s", act, focus.Length(), focus.AttrOr("name", ""))
		}
		return page
	}
	act("add", "区", desk.Hostile[:30], "号", "")
	act("remove-1", "区", "号", "")
	act("remove-9", "区", "号", "")
	act("nonsense", "区", "号", "")
	act("add", "区", "号", "", "")
	act("add", "区", "号", "", "", "")
	if page := act("add", "区", "号", "", "", "", ""); page.Find(`button[value="add"]`).Length() != 0 {
		t.Error("a seventh level is offered")
	}
	act("add", "区", "号", "", "", "", "")
	form["levels"] = []string{"号"}
	if page := act("remove-0", "号"); page.Find(`button[value^="remove"]`).Length() != 0 {
		t.Error("the last level can be removed")
	}
	if n := b.Get(t, frame.CommunityPath+"?q="+url.QueryEscape("新苑"), http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Error("adding a level saved the community")
	}
	form.Del("act")
	form["levels"] = []string{strings.Repeat("长", 41)}
	page, _ := b.Post(t, frame.CommunityPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "levels")
	form["levels"] = slices.Repeat([]string{"级"}, 7)
	page, _ = b.Post(t, frame.CommunityPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "levels")
}

func TestCommunityLevelsStayWhileThereAreHouses(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	path := frame.CommunityURL(d.Mine.Community)
	if b.Get(t, path+"/edit", http.StatusOK).Find(`#f-levels button`).Length() != 0 {
		t.Error("levels can come and go with houses there")
	}
	page, _ := b.Post(t, path, url.Values{"name": {"改名"}, "levels": {"区", "号"}}, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "levels")
	// They can be renamed at any time.
	b.Post(t, path, url.Values{"name": {"改名"}, "levels": {"座", "梯", "室"}}, http.StatusSeeOther)
	if c, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community); err != nil ||
		!slices.Equal(c.Levels, []string{"座", "梯", "室"}) {
		t.Errorf("renamed to %q, %v", c.Levels, err)
	}
	// Only an account for all communities may add one.
	b.Post(t, frame.CommunityPath, url.Values{"name": {"新的"}, "levels": {"栋"}}, http.StatusForbidden)
	if b.Get(t, frame.CommunityPath, http.StatusOK).Find(`a[href="`+frame.CommunityPath+`/new"]`).Length() != 0 {
		t.Error("the list offers what would be refused")
	}
}

// Deletion is refused with the reasons and an offer to archive; an empty community is deleted.
// What would be refused is disabled, with the reason beside it.
func TestCommunityWithHousesIsNotOfferedForDeletion(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermCommunityView, core.PermCommunityEdit)
	remove := b.Get(t, frame.CommunityPath, http.StatusOK).
		Find(`button[formaction="` + frame.CommunityURL(d.Mine.Community) + `/delete"]`)
	if remove.Length() != 1 || !remove.Is("[disabled]") || !strings.Contains(remove.Find("small").Text(), "套房屋") {
		t.Errorf("offered: %s", remove.Text())
	}
}

func TestCommunityIsDeleted(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	path := frame.CommunityURL(d.Mine.Community)
	if _, to := b.Post(t, path+"/delete", nil, http.StatusSeeOther); !strings.HasPrefix(to, frame.ReaderPath) {
		t.Errorf("with doors deleting leads to %s", to)
	}
	for _, door := range d.Mine.Doors {
		if err := d.Store.DisableReader(t.Context(), core.System, core.Everywhere, door.ID); err != nil {
			t.Fatal(err)
		}
	}
	page, _ := b.Post(t, path+"/delete", nil, http.StatusOK)
	form := page.Find("form.tx-confirm")
	if !strings.Contains(form.Text(), "套房屋") || !strings.Contains(form.Text(), "名住户") || form.AttrOr("action", "") != path+"/archive" {
		t.Errorf("in the way: %q, leads to %q", form.Text(), form.AttrOr("action", ""))
	}
	b.Post(t, path+"/delete", desk.ConfirmedForm(), http.StatusUnprocessableEntity) // the name is not typed
	ours, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	typed := func(name string) url.Values { return url.Values{"confirmed": {"1"}, templates.TypedField: {name}} }
	b.Post(t, path+"/delete", typed(ours.Name), http.StatusSeeOther)
	if _, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community); err != nil {
		t.Fatalf("deleted with houses: %v", err)
	}
	id, err := d.Store.CreateCommunity(t.Context(), core.System, core.Community{Name: "空苑", Levels: []string{"号"}})
	if err != nil {
		t.Fatal(err)
	}
	b.Post(t, frame.CommunityURL(id)+"/delete", typed("空苑"), http.StatusSeeOther)
	if _, err := d.Store.Community(t.Context(), core.Everywhere, id); !core.IsNotFound(err) {
		t.Errorf("deleted: %v", err)
	}
	b.Post(t, frame.CommunityURL(id)+"/delete", typed("空苑"), http.StatusNotFound)
	d.Registrar(t).Post(t, path+"/delete", typed(ours.Name), http.StatusForbidden)
}

func TestCommunityPages(t *testing.T) {
	shell := templates.Shell{Title: "小区", CSRF: "x"}
	templates.CheckAll(t, "console/community/", map[string]any{
		"console/community/list": communityListPage{Shell: shell, List: templates.List{Path: frame.CommunityPath}, Rows: []communityRow{
			{Name: "翠湖花园", Levels: "栋 / 单元", HousesURL: "/console/house",
				Menu: templates.RowMenu{Label: "翠湖花园 的操作", Links: []templates.Action{{Label: "修改", URL: "/e"}}}}, {Name: desk.Hostile},
		}},
		"console/community/list#empty": communityListPage{
			Shell: shell,
			List:  templates.List{Path: frame.CommunityPath, Empty: templates.Empty{Title: "还没有小区"}},
		},
		"console/community/form": communityFormPage{Shell: shell,
			Form: templates.Form{Sections: []templates.Section{{Fields: []templates.Field{
				{Name: "name", Label: "名称", Error: "已有"}, {Name: "phone", Label: "电话"},
				{Name: "address", Label: "地址"}, {Name: "levels", Label: "结构", Values: []string{"栋", desk.Hostile}, Error: "重复"},
				refusalsField("refusals", "原因", []string{desk.Hostile}), refusalsField("owner_refusals", "原因", nil),
			}}}}},
	})
}
