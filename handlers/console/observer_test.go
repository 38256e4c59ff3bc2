package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

func (d *readerDesk) observer(t *testing.T, id core.ID) core.Observer {
	t.Helper()
	o, err := d.store.Observer(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestObserverIsAddedChangedAndRemoved(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	form := func() url.Values {
		return url.Values{"name": {"赵警官"}, "capacity": {hostileText[:30]}, "phone": {"13800138000"}, "communities": {d.mine.Community.String()}}
	}
	b.get(t, observerPath+"/new", http.StatusOK)
	for field, value := range map[string]string{"name": " ", "capacity": "", "phone": "110", "communities": ""} {
		wrong := form()
		wrong.Set(field, value)
		if value == "" {
			wrong.Del(field)
		}
		page, _ := b.post(t, observerPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	_, to := b.post(t, observerPath, form(), http.StatusSeeOther)
	show := b.get(t, to, http.StatusOK)
	literally(t, show, hostileText[:30])
	if factOf(show, "手机") != "138****8000" || factOf(show, "导出") != "不可导出" || factOf(show, "微信") != "未绑定" {
		t.Errorf("shown as %q %q %q", factOf(show, "手机"), factOf(show, "导出"), factOf(show, "微信"))
	}
	if n := b.get(t, observerPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d observers", n)
	}
	change := form()
	change.Set("phone", "")
	change.Set("may_export", "1")
	b.post(t, to, change, http.StatusSeeOther)
	show = b.get(t, to, http.StatusOK)
	if factOf(show, "手机") != "138****8000" || factOf(show, "导出") != "可导出出入记录" {
		t.Errorf("after the change: %q %q", factOf(show, "手机"), factOf(show, "导出"))
	}
	page, _ := b.post(t, to+"/remove", nil, http.StatusOK)
	if !strings.Contains(page.Find(".tx-confirm p").Text(), "赵警官") {
		t.Error("the question does not say whom it is about")
	}
	b.get(t, to, http.StatusOK)
	if _, to := b.post(t, to+"/remove", confirmedForm(), http.StatusSeeOther); to != observerPath {
		t.Errorf("sent to %s", to)
	}
	b.get(t, to, http.StatusNotFound)
	b.post(t, to+"/remove", confirmedForm(), http.StatusNotFound)
}

// What waits on the front page is what stands in the list that it leads to.
func TestObserversAndGuardsAreFiltered(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	rows := func(path string) int { return b.get(t, path, http.StatusOK).Find("#list-body tbody tr").Length() }
	all := rows(observerPath)
	b.post(t, observerPath, url.Values{"name": {"赵警官"}, "capacity": {"民警"}, "phone": {"13800138000"}, "communities": {d.mine.Community.String()}}, http.StatusSeeOther)
	at := "?community=" + d.mine.Community.String()
	if n, bound, unbound := rows(observerPath), rows(observerPath+"?bound=yes"), rows(observerPath+"?bound=no"); n != all+1 || bound+unbound != n || unbound == 0 {
		t.Errorf("%d observers: %d bound, %d not", n, bound, unbound)
	}
	if rows(observerPath+at) == 0 {
		t.Error("none of the community")
	}
	b.get(t, observerPath+"?community="+d.others.Community.String(), http.StatusNotFound)
	if n := b.get(t, observerPath+"/new"+at, http.StatusOK).Find("input[name=communities][checked]").Length(); n != 1 {
		t.Errorf("%d communities ticked", n)
	}
	guards := rows(guardPath)
	if on, off := rows(guardPath+"?state=on"), rows(guardPath+"?state=off"); on+off != guards {
		t.Errorf("%d guards: %d in service, %d not", guards, on, off)
	}
	if yes, no := rows(guardPath+"?bound=yes"), rows(guardPath+"?bound=no"); yes+no != guards {
		t.Errorf("%d guards: %d bound, %d not", guards, yes, no)
	}
}

// An observer of two communities is changed by nobody who has one of them alone,
// and loses only the one of the admin who removes.
func TestObserverOfTwoAdmins(t *testing.T) {
	d := newReaderDesk(t)
	id, err := d.store.SaveObserver(t.Context(), core.System, core.Everywhere, core.Observer{Name: "钱所长", Capacity: "派出所", Phone: "13800138000", Communities: []core.ID{d.mine.Community, d.others.Community}})
	if err != nil {
		t.Fatal(err)
	}
	b := d.registrar(t)
	if got := factOf(b.get(t, observerURL(id), http.StatusOK), "小区"); !strings.Contains(got, "等 2 个小区") {
		t.Errorf("communities %q", got)
	}
	// What concerns the other's community too is not for one admin.
	b.post(t, observerURL(id), url.Values{"name": {"钱所长"}, "capacity": {"街道"}, "communities": {d.mine.Community.String()}}, http.StatusForbidden)
	if o := d.observer(t, id); len(o.Communities) != 2 || o.Capacity != "派出所" {
		t.Errorf("changed to %+v", o)
	}
	b.post(t, observerURL(id)+"/remove", confirmedForm(), http.StatusSeeOther)
	if o := d.observer(t, id); len(o.Communities) != 1 || o.Communities[0] != d.others.Community {
		t.Errorf("left %+v", o)
	}
	b.get(t, observerURL(id), http.StatusNotFound)
}

func TestObserverPages(t *testing.T) {
	shell := templates.Shell{Title: "观察员", CSRF: "x"}
	templates.CheckAll(t, "console/observer/", map[string]any{
		"console/observer/list": observerListPage{Shell: shell, List: templates.List{Path: observerPath}, Rows: []observerRow{{URL: "/o", Name: hostileText, Bound: boundBadge(1), Export: onOff(true, "可导出", "")}}},
		"console/observer/show": observerShowPage{Shell: shell, Facts: []templates.Fact{{Label: "姓名", Value: hostileText}}, Acts: []templates.Submit{{Label: "移除", URL: "/o/remove", Confirm: hostileText, Danger: true}}},
		"console/observer/form": observerFormPage{Shell: shell, Form: templates.Form{Sections: observerFields(core.Observer{}, []core.Community{{ID: 1, Name: "翠湖花园"}})}},
	})
}
