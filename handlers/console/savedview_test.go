package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func TestAViewIsALinkOfItsOwner(t *testing.T) {
	d := newDesk(t)
	b, colleague := d.Manager(t), d.Manager(t)
	page := b.Get(t, frame.ReaderPath+"?state=offline&after=9", http.StatusOK)
	form := page.Find(".tx-views form")
	if query := form.Find(`input[name="query"]`).AttrOr("value", ""); query != "state=offline" {
		t.Fatalf("would save %q", query)
	}
	const typed = `<b>离线`
	send := url.Values{"stem": {"reader"}, "query": {"state=offline"}, "name": {typed}}
	for range 2 { // a second click is harmless
		if _, to := b.Post(t, frame.SavedViewPath, send, http.StatusSeeOther); to != frame.ReaderPath+"?state=offline" {
			t.Errorf("saved, and on to %q", to)
		}
	}
	page = b.Get(t, frame.ReaderPath, http.StatusOK)
	desk.Literally(t, page, typed)
	views := page.Find(`.tx-views a[href="` + frame.ReaderPath + `?state=offline"]`)
	if views.Length() != 1 || page.Find(".tx-views [aria-current]").Length() != 0 {
		t.Errorf("%d views", views.Length())
	}
	if page = b.Get(t, frame.ReaderPath+"?state=offline", http.StatusOK); page.Find(".tx-views a[aria-current]").Length() != 1 {
		t.Error("the view in use is not marked")
	}
	if colleague.Get(t, frame.ReaderPath, http.StatusOK).Find(".tx-views a").Length() != 0 {
		t.Error("another account's view is offered")
	}
	if b.Get(t, frame.ReaderPath+"/new", http.StatusOK).Find(".tx-views").Length() != 0 {
		t.Error("a form offers views")
	}
}

// The person's menu leads to all views, of every list that may be opened, with the list's name.
func TestMyViewsAreOfAllLists(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	for stem, query := range map[string]string{"reader": "state=offline", "resident": "certified=no"} {
		send := url.Values{"stem": {stem}, "query": {query}, "name": {"我的 " + stem}}
		_, to := b.Post(t, frame.SavedViewPath, send, http.StatusSeeOther)
		if b.Get(t, to, http.StatusOK).Find(".tx-views a[aria-current]").Length() != 1 {
			t.Errorf("%s does not offer its view", to)
		}
	}
	item := b.Get(t, frame.HomePath, http.StatusOK).Find(`header a[href="` + frame.SavedViewPath + `"]`)
	rows := b.Get(t, item.AttrOr("href", ""), http.StatusOK).Find("main tbody tr")
	if item.Text() != "我的视图" || rows.Length() != 2 || !strings.Contains(rows.Text(), "智能门禁") {
		t.Errorf("%q leads to %q", item.Text(), rows.Text())
	}
}

// A tab's list has views, too: what they save leads back to the tab.
func TestViewsOfTabs(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	for path, query := range map[string]string{
		frame.GuardPath: "q=%E8%B5%B5", frame.RestrictionPath: "due=soon", frame.ObserverPath: "q=1",
		frame.AuditPath + "/view": "from=2026-01-01",
	} {
		form := b.Get(t, path+"?"+query, http.StatusOK).Find(".tx-views form")
		send := url.Values{"name": {"我的"}}
		for _, name := range []string{"stem", "query"} {
			send.Set(name, form.Find(`input[name="`+name+`"]`).AttrOr("value", ""))
		}
		if _, to := b.Post(t, frame.SavedViewPath, send, http.StatusSeeOther); !strings.HasPrefix(to, path+"?") {
			t.Errorf("%s: saved, and on to %q", path, to)
		}
		if n := b.Get(t, path, http.StatusOK).Find(".tx-views a.tx-menu-item").Length(); n < 1 {
			t.Errorf("%s does not offer its view", path)
		}
	}
	rows := b.Get(t, frame.SavedViewPath, http.StatusOK).Find("main tbody tr")
	if rows.Length() != 4 || !strings.Contains(rows.Text(), "门岗人员") || !strings.Contains(rows.Text(), "个人信息查看") {
		t.Errorf("the page of views has %s", rows.Text())
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView)
	few.Post(t, frame.SavedViewPath, url.Values{"stem": {"guardpost/guard"}, "name": {"我的"}}, http.StatusNotFound)
	few.Post(t, frame.SavedViewPath, url.Values{"stem": {"guardpost/new"}, "name": {"我的"}}, http.StatusNotFound)
}

func TestViewsAreRenamedAndDeleted(t *testing.T) {
	d := newDesk(t)
	b, colleague := d.Manager(t), d.Manager(t)
	for _, name := range []string{"甲", "乙"} {
		b.Post(t, frame.SavedViewPath, url.Values{"stem": {"reader"}, "query": {"q=" + name}, "name": {name}}, http.StatusSeeOther)
	}
	const manage = frame.SavedViewPath + "?stem=reader"
	self := b.Get(t, manage, http.StatusOK).Find("tbody form").First().AttrOr("action", "")
	if !strings.HasPrefix(self, frame.SavedViewPath+"/") {
		t.Fatalf("renamed at %q", self)
	}
	page, _ := b.Post(t, self, url.Values{"name": {"乙"}}, http.StatusUnprocessableEntity)
	if page.Find("tbody .tx-error").Length() != 1 || page.Find(`input[aria-invalid]`).AttrOr("value", "") != "乙" {
		t.Error("a name that is taken is not told, or what was typed is lost")
	}
	b.Post(t, self, url.Values{"name": {"丙"}}, http.StatusSeeOther)
	if text := b.Get(t, manage, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "丙") || strings.Contains(text, "甲") {
		t.Errorf("renamed: %s", text)
	}
	colleague.Post(t, self, url.Values{"name": {"丁"}}, http.StatusNotFound)
	colleague.Post(t, self+"/delete", nil, http.StatusNotFound)
	asked, _ := b.Post(t, self+"/delete", nil, http.StatusOK)
	if !strings.Contains(asked.Find(".tx-confirm").Text(), "丙") {
		t.Error("the question does not name the view")
	}
	b.Post(t, self+"/delete", desk.ConfirmedForm(), http.StatusSeeOther)
	if n := b.Get(t, manage, http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d views are left", n)
	}
}

func TestViewsThatCannotBe(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	b.Post(t, frame.SavedViewPath, url.Values{"stem": {"resident"}, "name": {"甲"}}, http.StatusNotFound) // no permission
	b.Post(t, frame.SavedViewPath, url.Values{"stem": {"../x"}, "name": {"甲"}}, http.StatusNotFound)
	b.Post(t, frame.SavedViewPath, url.Values{"stem": {"reader"}, "name": {"甲"}, "query": {"q=%zz"}}, http.StatusUnprocessableEntity)
	b.Post(t, frame.SavedViewPath, url.Values{"stem": {"reader"}, "name": {" "}}, http.StatusSeeOther)
	page := b.Get(t, frame.ReaderPath, http.StatusOK)
	if !strings.Contains(page.Find(".tx-flash").Text(), "请填写视图的名称") || page.Find(".tx-views a").Length() != 0 {
		t.Error("a view without a name")
	}
	for i := range core.MaxSavedView {
		b.Post(t, frame.SavedViewPath, url.Values{"stem": {"reader"}, "name": {fmt.Sprint(i)}}, http.StatusSeeOther)
	}
	if b.Get(t, frame.ReaderPath, http.StatusOK).Find(".tx-views form").Length() != 0 {
		t.Error("one more is offered where no more can be saved")
	}
}
