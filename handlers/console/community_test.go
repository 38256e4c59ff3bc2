package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

func TestCommunityIsAddedAndChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.signIn(t, core.Everywhere, core.Permissions()...)
	if got := b.get(t, communityPath+"/new", http.StatusOK).Find("#f-levels").Text(); got != "栋\n单元\n房间" {
		t.Errorf("levels start as %q", got)
	}

	wrong := url.Values{"name": {hostileText[:28]}, "address": {strings.Repeat("路", 101)}, "phone": {"<b>"}, "levels": {"a\nb\na"}}
	page, _ := b.post(t, communityPath, wrong, http.StatusUnprocessableEntity)
	for _, field := range []string{"address", "phone", "levels"} {
		wrongField(t, page, field)
	}
	if inputValue(page, "name") != wrong.Get("name") || page.Find("#f-levels").Text() != wrong.Get("levels") {
		t.Error("the form lost what was typed")
	}

	good := url.Values{"name": {hostileText[:28]}, "address": {hostileText}, "phone": {"0755-1"}, "levels": {"区\r\n\r\n号 "}}
	if _, to := b.post(t, communityPath, good, http.StatusSeeOther); to != communityPath {
		t.Errorf("went to %s", to)
	}
	list := b.get(t, communityPath+"?q="+url.QueryEscape("onerror"), http.StatusOK)
	literally(t, list, hostileText)
	if list.Find("tbody tr").Length() != 1 || !strings.Contains(list.Find("tbody").Text(), "区 / 号") {
		t.Errorf("listed as %q", list.Find("tbody").Text())
	}
	again, _ := b.post(t, communityPath, good, http.StatusUnprocessableEntity)
	wrongField(t, again, "name")

	edit, _ := list.Find("tbody a[href$='/edit']").Attr("href")
	if got := b.get(t, edit, http.StatusOK).Find("#f-levels").Text(); got != "区\n号" {
		t.Errorf("levels on file %q", got)
	}
	good.Set("name", "翠湖花园")
	b.post(t, strings.TrimSuffix(edit, "/edit"), good, http.StatusSeeOther)
	id, _ := core.ParseID(strings.Split(edit, "/")[3])
	c, err := d.store.Community(t.Context(), core.Everywhere, id)
	if err != nil || c.Name != "翠湖花园" || !slices.Equal(c.Levels, []string{"区", "号"}) {
		t.Errorf("changed to %+v, %v", c, err)
	}
}

func TestCommunityLevelsStayWhileThereAreHouses(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	page, _ := b.post(t, communityURL(d.mine.Community), url.Values{"name": {"改名"}, "levels": {"区\n号"}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "levels")
	// Only who sees every community may add one.
	b.post(t, communityPath, url.Values{"name": {"新的"}, "levels": {"栋"}}, http.StatusForbidden)
	if b.get(t, communityPath, http.StatusOK).Find(`a[href="`+communityPath+`/new"]`).Length() != 0 {
		t.Error("the list offers what would be refused")
	}
}

func TestCommunityPages(t *testing.T) {
	shell := templates.Shell{Title: "小区", CSRF: "x"}
	templates.CheckAll(t, "console/community/", map[string]any{
		"console/community/list": communityListPage{Shell: shell, List: templates.List{Path: communityPath}, Rows: []communityRow{
			{Name: "翠湖花园", Levels: "栋 / 单元", HousesURL: "/console/house", EditURL: "/console/community/1/edit"}, {Name: hostileText},
		}},
		"console/community/list#empty": communityListPage{Shell: shell, List: templates.List{Path: communityPath, Empty: templates.Empty{Title: "还没有小区"}}},
		"console/community/form":       communityFormPage{Shell: shell, Form: templates.Form{Sections: []templates.Section{{Fields: []templates.Field{{Name: "name", Label: "名称", Error: "已有"}}}}}},
	})
}
