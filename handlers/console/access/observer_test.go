package access

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestObserverIsAddedChangedAndRemoved(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := func() url.Values {
		return url.Values{
			"name": {"赵警官"}, "capacity": {desk.Hostile[:30]}, "phone": {"13800138000"},
			"communities": {d.Mine.Community.String()},
		}
	}
	b.Get(t, frame.ObserverPath+"/new", http.StatusOK)
	for field, value := range map[string]string{"name": " ", "capacity": "", "phone": "110", "communities": ""} {
		wrong := form()
		wrong.Set(field, value)
		if value == "" {
			wrong.Del(field)
		}
		page, _ := b.Post(t, frame.ObserverPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	_, to := b.Post(t, frame.ObserverPath, form(), http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	if desk.Fact(show, "手机") != "138****8000" || desk.Fact(show, "导出") != "不可导出" || desk.Fact(show, "微信") != "未绑定" {
		t.Errorf("shown as %q %q %q", desk.Fact(show, "手机"), desk.Fact(show, "导出"), desk.Fact(show, "微信"))
	}
	if n := b.Get(t, frame.ObserverPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d observers", n)
	}
	change := form()
	change.Set("phone", "")
	change.Set("may_export", "1")
	b.Post(t, to, change, http.StatusSeeOther)
	show = b.Get(t, to, http.StatusOK)
	if desk.Fact(show, "手机") != "138****8000" || desk.Fact(show, "导出") != "可导出出入记录" {
		t.Errorf("after the change: %q %q", desk.Fact(show, "手机"), desk.Fact(show, "导出"))
	}
	page, _ := b.Post(t, to+"/remove", nil, http.StatusOK)
	if !strings.Contains(page.Find(".tx-confirm p").Text(), "赵警官") {
		t.Error("the question does not say whom it is about")
	}
	b.Get(t, to, http.StatusOK)
	if _, to := b.Post(t, to+"/remove", desk.ConfirmedForm(), http.StatusSeeOther); to != frame.ObserverPath {
		t.Errorf("sent to %s", to)
	}
	b.Get(t, to, http.StatusNotFound)
	b.Post(t, to+"/remove", desk.ConfirmedForm(), http.StatusNotFound)
}

// The pending items on the home page are those in the list that it links to.
func TestObserversAndGuardsAreFiltered(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	rows := func(path string) int { return b.Get(t, path, http.StatusOK).Find("#list-body tbody tr").Length() }
	all := rows(frame.ObserverPath)
	b.Post(
		t, frame.ObserverPath,
		url.Values{"name": {"赵警官"}, "capacity": {"民警"}, "phone": {"13800138000"}, "communities": {d.Mine.Community.String()}},
		http.StatusSeeOther,
	)
	at := "?community=" + d.Mine.Community.String()
	if n, bound, unbound := rows(frame.ObserverPath), rows(frame.ObserverPath+"?bound=yes"), rows(frame.ObserverPath+"?bound=no"); n !=
		all+1 || bound+unbound != n || unbound == 0 {
		t.Errorf("%d observers: %d bound, %d not", n, bound, unbound)
	}
	if rows(frame.ObserverPath+at) == 0 {
		t.Error("none of the community")
	}
	b.Get(t, frame.ObserverPath+"?community="+d.Others.Community.String(), http.StatusNotFound)
	if n := b.Get(t, frame.ObserverPath+"/new"+at, http.StatusOK).Find("input[name=communities][checked]").Length(); n != 1 {
		t.Errorf("%d communities ticked", n)
	}
	guards := rows(frame.GuardPath)
	if on, off := rows(frame.GuardPath+"?state=on"), rows(frame.GuardPath+"?state=off"); on+off != guards {
		t.Errorf("%d guards: %d in service, %d not", guards, on, off)
	}
	if yes, no := rows(frame.GuardPath+"?bound=yes"), rows(frame.GuardPath+"?bound=no"); yes+no != guards {
		t.Errorf("%d guards: %d bound, %d not", guards, yes, no)
	}
}

// The lists of guards and observers can be searched, filtered, sorted and paged by URL, and an
// unusable URL is rejected.
func TestListsOfPeopleAtTheGate(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	at := d.Mine.Community.String()
	for i := range frame.RecordsAPage + 1 {
		phone := fmt.Sprintf("137%08d", i)
		b.Post(t, frame.GuardPath, url.Values{"community": {at}, "name": {"门卫甲"}, "phone": {phone}}, http.StatusSeeOther)
		b.Post(t, frame.GuardPostPath, url.Values{"community": {at}, "name": {"西门"}, "direction": {"in"}}, http.StatusSeeOther)
		b.Post(t, frame.ObserverPath, url.Values{
			"communities": {at}, "name": {"观察甲"}, "capacity": {"街道"}, "phone": {phone},
		}, http.StatusSeeOther)
	}
	for path, query := range map[string]string{
		frame.GuardPath: "q=门卫&state=on&bound=no", frame.GuardPostPath: "q=西&state=on&direction=in",
		frame.ObserverPath: "q=街道&export=no&bound=no",
	} {
		for _, sort := range []string{"", "&sort=name", "&sort=-name"} {
			page := b.Get(t, path+"?"+query+sort, http.StatusOK)
			first := page.Find("#list-body tbody tr").Length()
			next := page.Find(`.tx-pager a[rel="next"]`).AttrOr("href", "")
			if first != frame.RecordsAPage || next == "" {
				t.Errorf("%s%s: %d rows, next %q", path, sort, first, next)
				continue
			}
			page = b.Get(t, next, http.StatusOK)
			if n := page.Find("#list-body tbody tr").Length(); n != 1 || page.Find(`.tx-pager a[rel="prev"]`).Length() != 1 {
				t.Errorf("%s%s: %d rows on the last page", path, sort, n)
			}
		}
		for _, wrong := range []string{"?sort=phone", "?state=maybe&bound=maybe", "?after=x"} {
			b.Get(t, path+wrong, http.StatusUnprocessableEntity)
		}
		if n := b.Get(t, path+"?q=无此人", http.StatusOK).Find("#list-body tbody tr").Length(); n != 0 {
			t.Errorf("%s: %d rows of nobody", path, n)
		}
	}
}

// An observer of two communities can be edited by nobody who has only one of them, and removal by
// such an admin removes only that one.
func TestObserverOfTwoAdmins(t *testing.T) {
	d := newDesk(t)
	id, err := d.Store.CreateObserver(t.Context(), core.System, core.Everywhere, core.Observer{
		Name: "钱所长", Capacity: "派出所", Phone: "13800138000",
		Communities: []core.ID{d.Mine.Community, d.Others.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := d.Registrar(t)
	if got := desk.Fact(b.Get(t, frame.ObserverURL(id), http.StatusOK), "小区"); !strings.Contains(got, "等 2 个小区") {
		t.Errorf("communities %q", got)
	}
	// An edit that affects the other admin's community is refused.
	b.Post(
		t, frame.ObserverURL(id),
		url.Values{"name": {"钱所长"}, "capacity": {"街道"}, "communities": {d.Mine.Community.String()}},
		http.StatusForbidden,
	)
	if o := d.Observer(t, id); len(o.Communities) != 2 || o.Capacity != "派出所" {
		t.Errorf("changed to %+v", o)
	}
	b.Post(t, frame.ObserverURL(id)+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	if o := d.Observer(t, id); len(o.Communities) != 1 || o.Communities[0] != d.Others.Community {
		t.Errorf("left %+v", o)
	}
	b.Get(t, frame.ObserverURL(id), http.StatusNotFound)
}

func TestObserverPages(t *testing.T) {
	shell := templates.Shell{Title: "观察员", CSRF: "x"}
	templates.CheckAll(t, "console/observer/", map[string]any{
		"console/observer/list": observerListPage{
			Shell: shell, List: templates.List{Path: frame.ObserverPath},
			Rows: []observerRow{{URL: "/o", Name: desk.Hostile, Bound: frame.BoundBadge(1), Export: frame.OnOff(true, "可导出", "")}},
		},
		"console/observer/show": observerShowPage{
			Shell: shell, Facts: []templates.Fact{{Label: "姓名", Value: desk.Hostile}},
			Acts: []templates.Submit{{Label: "移除", URL: "/o/remove", Ask: true}},
		},
		"console/observer/form": observerFormPage{
			Shell: shell,
			Form:  templates.Form{Sections: observerFields(core.Observer{}, []core.Community{{ID: 1, Name: "翠湖花园"}})},
		},
	})
}
