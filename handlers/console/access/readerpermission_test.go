package access

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

// matrixForm returns the matrix of a page as a browser sends it.
func matrixForm(page *goquery.Document) url.Values {
	form := url.Values{}
	page.Find("form:has(.tx-permissions) [name]").Each(func(_ int, input *goquery.Selection) {
		if _, checked := input.Attr("checked"); input.AttrOr("type", "") == "checkbox" && !checked {
			return
		}
		form.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	return form
}

// untick clears a box of a form.
func untick(form url.Values, name, value string) {
	form[name] = slices.DeleteFunc(form[name], func(v string) bool { return v == value })
}

func (p permissionForm) path(d *desk.Desk) string {
	return readerPermissionPath + "?community=" + d.Mine.Community.String()
}

func TestReaderPermissionsAreChangedInOneForm(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	path := permissionForm{}.path(d)
	one, two := d.Mine.Doors[0].ID, d.Mine.Doors[1].ID
	page := b.Get(t, path, http.StatusOK)
	if rows := page.Find(".tx-permissions tbody tr:not(.tx-group)").Length(); rows != len(d.Mine.Doors) {
		t.Fatalf("%d rows", rows)
	}
	form := matrixForm(page)
	kinds := d.Reader(t, one).Kinds
	if want := len(d.Mine.Doors) * (1 + len(kinds)); len(form["on"]) != want || len(kinds) == len(core.ReaderKinds()) {
		t.Fatalf("%d boxes are ticked, want %d", len(form["on"]), want)
	}

	// Nothing is changed by sending what was shown.
	b.Post(t, readerPermissionPath, form, http.StatusSeeOther)
	if r := d.Reader(t, one); !r.QRAllowed || !slices.Equal(r.Kinds, kinds) {
		t.Errorf("changed by nothing to %+v", r)
	}

	// Several are asked about, with their numbers and what becomes of each.
	untick(form, "on", one.String()+":"+qrColumn)
	form.Add("on", two.String()+":"+string(core.PassVisitor))
	node := page.Find(`input[name="scope_nodes"]`).First().AttrOr("value", "")
	form["pick"], form["scope_nodes"] = []string{two.String()}, []string{node}
	form.Set("scope", scopeNodes)
	question, _ := b.Post(t, readerPermissionPath, form, http.StatusOK)
	text := question.Find(".tx-confirm").Text()
	for _, want := range []string{"修改 2 台读头的权限？", "其中 2 台会拒绝", "不再接受二维码", "增加" + core.PassVisitor.Label(), "服务范围改为"} {
		if !strings.Contains(text, want) {
			t.Errorf("the question lacks %q: %s", want, text)
		}
	}
	if !d.Reader(t, one).QRAllowed {
		t.Fatal("changed unasked")
	}
	form.Set("confirmed", "1")
	_, to := b.Post(t, readerPermissionPath, form, http.StatusSeeOther)
	first, second := d.Reader(t, one), d.Reader(t, two)
	if first.QRAllowed || !second.QRAllowed || !slices.Contains(second.Kinds, core.PassVisitor) || len(second.ScopeNodes) != 1 ||
		!slices.Equal(first.Kinds, kinds) {
		t.Errorf("became %+v and %+v", first.Permission(), second.Permission())
	}
	shown := b.Get(t, to, http.StatusOK)
	if flash := shown.Find(".tx-flash").Text(); !strings.Contains(flash, "已修改 2 台读头的权限") || !strings.Contains(flash, "撤销") {
		t.Errorf("said %q", flash)
	}
}

// One reader needs no question; its row alone is changed, whatever else has changed meanwhile.
func TestReaderPermissionsOfOthersChangesStay(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	one, two := d.Mine.Doors[0].ID, d.Mine.Doors[1].ID
	form := matrixForm(b.Get(t, permissionForm{}.path(d), http.StatusOK))
	changed := d.Reader(t, one)
	changed.Kinds = core.ReaderKinds()
	if _, err := d.Store.UpdateReader(t.Context(), core.System, core.Everywhere, changed); err != nil {
		t.Fatal(err)
	}
	untick(form, "on", two.String()+":"+qrColumn)
	b.Post(t, readerPermissionPath, form, http.StatusSeeOther)
	if len(d.Reader(t, one).Kinds) != len(core.ReaderKinds()) || d.Reader(t, two).QRAllowed {
		t.Error("what somebody else has set is gone, or the change is")
	}
	untick(form, "on", one.String()+":"+qrColumn)
	form.Set("confirmed", "1")
	_, to := b.Post(t, readerPermissionPath, form, http.StatusSeeOther)
	flash := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text()
	if !strings.Contains(flash, d.Mine.Doors[0].Name) || !d.Reader(t, one).QRAllowed {
		t.Errorf("an old row is written, or nobody is told: %q", flash)
	}
}

func TestReaderPermissionsAreRefused(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	one := d.Mine.Doors[0].ID.String()
	good := matrixForm(b.Get(t, permissionForm{}.path(d), http.StatusOK))
	for name, c := range map[string]struct {
		field string
		set   url.Values
	}{
		"a scope of nobody":      {"scope", url.Values{"scope": {scopeAll}}},
		"readers without scope":  {"scope", url.Values{"pick": {one}}},
		"buildings, but which":   {"scope_nodes", url.Values{"pick": {one}, "scope": {scopeNodes}}},
		"a scope that is none":   {"scope", url.Values{"pick": {one}, "scope": {"x"}}},
		"a building that is not": {"", url.Values{"pick": {one}, "scope": {scopeNodes}, "scope_nodes": {"404"}}},
		"a row that is not":      {"", url.Values{"row": {"x"}}},
	} {
		form := url.Values{}
		for key, values := range good {
			form[key] = values
		}
		for key, values := range c.set {
			form[key] = values
		}
		form.Set("confirmed", "1")
		want := http.StatusUnprocessableEntity
		if name == "a building that is not" {
			want = http.StatusSeeOther // back to the page, with the message
		}
		page, _ := b.Post(t, readerPermissionPath, form, want)
		if c.field != "" && page.Find("#f-"+c.field+"-error").Length() != 1 {
			t.Errorf("%s: no message at %s", name, c.field)
		}
	}
	if r := d.Reader(t, d.Mine.Doors[0].ID); len(r.ScopeNodes) != 0 {
		t.Errorf("changed to %+v", r)
	}
	theirs := url.Values{"community": {d.Mine.Community.String()}}
	other := d.Reader(t, d.Others.Doors[0].ID)
	theirs.Set("row", permissionShown(other))
	b.Post(t, readerPermissionPath, theirs, http.StatusNotFound)
	if !d.Reader(t, other.ID).QRAllowed {
		t.Error("another community's reader is changed")
	}
	all := d.SignIn(t, core.Everywhere, core.PermReaderView, core.PermReaderEdit)
	all.Post(t, readerPermissionPath, url.Values{"row": good["row"]}, http.StatusUnprocessableEntity)
	look := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	page := look.Get(t, permissionForm{}.path(d), http.StatusOK)
	if page.Find("#main form:has(table), #main input[type=checkbox]").Length() != 0 || page.Find(".tx-permissions td svg").Length() == 0 {
		t.Error("who may only look is offered boxes, or sees nothing")
	}
}

// The readers of a group stand together, and a group's page leads to their rows alone.
func TestReaderGroupsInTheMatrix(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	one := d.Mine.Doors[0]
	_, to := b.Post(t, frame.ReaderGroupPath, url.Values{
		"community": {d.Mine.Community.String()}, "name": {"一期<b>"}, "readers": {one.ID.String()},
	}, http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	if !strings.Contains(show.Find("#main").Text(), one.Name) {
		t.Error("the group does not list its reader")
	}
	all := b.Get(t, permissionForm{}.path(d), http.StatusOK)
	groups := all.Find(".tx-permissions tr.tx-group th")
	first, last := groups.First().Text(), groups.Last().Text()
	if groups.Length() != 2 || !strings.Contains(first, "一期<b>") || !strings.Contains(last, "未分组") {
		t.Errorf("groups %q", groups.Text())
	}
	link := show.Find(`a[href*="/permission"]`).AttrOr("href", "")
	if page := b.Get(t, link, http.StatusOK); page.Find(".tx-permissions tbody tr:not(.tx-group)").Length() != 1 ||
		page.Find(`input[name="group"]`).Length() != 1 {
		t.Errorf("%s shows other readers", link)
	}
	if list := b.Get(t, frame.ReaderGroupPath, http.StatusOK); list.Find("tbody tr").Length() != 1 {
		t.Error("the list lacks the group")
	}
	if list := b.Get(t, frame.ReaderPath, http.StatusOK); !strings.Contains(list.Find("tbody").Text(), "一期<b>") {
		t.Error("the list of readers does not say the group")
	}
	edit := b.Get(t, frame.ReaderURL(one.ID)+"/edit", http.StatusOK)
	if edit.Find(`select[name="group"] option[selected]`).Text() == "" {
		t.Error("the reader's form does not offer its group")
	}
	ask, _ := b.Post(t, to+"/remove", nil, http.StatusOK)
	if text := ask.Find(".tx-confirm").Text(); !strings.Contains(text, "1 台读头不删除，权限不变") {
		t.Errorf("asks %q", text)
	}
	b.Post(t, to+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	b.Get(t, to, http.StatusNotFound)
	if r := d.Reader(t, one.ID); r.Group != 0 || !r.QRAllowed {
		t.Errorf("became %+v", r)
	}
	other := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermReaderView, core.PermReaderEdit)
	other.Post(t, frame.ReaderGroupPath, url.Values{
		"community": {d.Others.Community.String()}, "name": {"甲"}, "readers": {one.ID.String()},
	}, http.StatusNotFound)
}

func permissionSamples() map[string]any {
	vguang := sampleReader()
	off := vguang
	off.ID, off.Name, off.QRAllowed, off.Disabled, off.Group = 8, "西门出口", false, desk.Now, 3
	nodes := []templates.Choice{{Value: "5", Label: "1栋", Name: "1栋"}, {Value: "6", Label: "1栋1单元", Name: "1单元", Depth: 1}}
	groups := permissionGroups([]core.ReaderGroup{{ID: 3, Name: "一期各门"}}, []core.Reader{vguang, off}, nodes)
	matrix := readerPermissionPage{
		Shell: desk.SampleShell("权限管理"), Tabs: readerTabs(strings.Clone, "permission", 0),
		Columns: permissionColumns(), Groups: groups,
		Only: &permissionOnly{"一期各门", "/x"}, More: "太多", Form: permissionFormOf(1, 3, nodes, "token"),
	}
	wrong := matrix
	wrong.Form = permissionFormOf(1, 0, nodes, "token")
	wrong.Form.Set(url.Values{"scope": {scopeAll}}, map[string]string{"scope": "请先勾选"})
	looks := matrix
	looks.Form, looks.Only, looks.More = nil, nil, ""
	return map[string]any{
		"console/reader/permission":       matrix,
		"console/reader/permission#wrong": wrong,
		"console/reader/permission#looks": looks,
		"console/reader/permission#empty": readerPermissionPage{
			Shell: desk.SampleShell("权限管理"), Empty: &templates.Empty{Title: frame.ChooseCommunity},
			Asked: frame.CommunityChoice{All: []core.Community{{ID: 1, Name: "甲"}, {ID: 2, Name: "乙"}}}.Asked("/x"),
		},
	}
}

func TestReaderGroupPages(t *testing.T) {
	at := frame.CommunityChoice{Community: core.Community{ID: 1, Name: "云栖花园"}}
	list := readerGroupListPage{Shell: desk.SampleShell("分组"), Tabs: readerTabs(strings.Clone, "group", 0), List: readerGroupTable()}
	empty := list
	list.Rows = []readerGroupRow{{Name: desk.Hostile, URL: "/x", Community: "云栖花园", Readers: "3", Permission: "/y"}}
	form := readerGroupFormPage{Shell: desk.SampleShell("添加分组"), Form: templates.Form{Action: "/x", CSRF: "token"}}
	form.Form.Sections = readerGroupFields(core.ReaderGroup{Readers: []core.ID{7}}, at, []templates.Choice{
		{Value: "7", Label: desk.Hostile, Help: "东门，出门；现在在“一期”"},
	})
	show := readerGroupShowPage{
		Shell: desk.SampleShell("一期"), Detail: templates.Detail{Path: "/x"},
		Rows: []groupedReader{{desk.Hostile, "/x", "东门，出门", templates.Badge{Text: "在线"}}},
	}
	none := show
	none.Rows = nil
	templates.CheckAll(t, "console/readergroup/", map[string]any{
		"console/readergroup/list": list, "console/readergroup/list#empty": empty, "console/readergroup/form": form,
		"console/readergroup/show": show, "console/readergroup/show#none": none,
	})
}

// The permissions of many readers are changed by their number typed.
func TestManyPermissionsAreChangedByTheirNumber(t *testing.T) {
	changes, readers := []core.ReaderPermission{}, map[core.ID]core.Reader{}
	for i := range frame.ManyThings {
		id := core.ID(i + 1)
		changes, readers[id] = append(changes, core.ReaderPermission{Reader: id}), core.Reader{ID: id, Name: "读头", QRAllowed: true}
	}
	if q := permissionQuestion(changes, readers, nil); q.Typed != "20" {
		t.Errorf("of 20 types %q", q.Typed)
	}
	if q := permissionQuestion(changes[1:], readers, nil); q.Typed != "" {
		t.Errorf("of 19 types %q", q.Typed)
	}
}
