package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/estate"
)

// fevers makes alerts of an estate: so many passages refused for temperature.
func (d *readerDesk) fevers(t *testing.T, e *estate.Estate, n int) []core.Alert {
	t.Helper()
	var records []core.AccessRecord
	for i := range n {
		records = append(records, core.AccessRecord{
			Community: e.Community, At: d.store.Now().Add(-time.Duration(i+1) * time.Second), Via: core.ViaGuard, Post: e.Post, Gate: "东门岗", Direction: core.In,
			Kind: core.PassResident, Name: hostileText, HouseLabel: "1栋101", Reason: core.ReasonFever, TempTenths: 381,
		})
	}
	if err := d.store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := d.store.RaiseAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := d.store.Alerts(t.Context(), core.ScopeOf(e.Community), core.AlertFilter{}, store.Page{Limit: 50})
	if err != nil || len(list) != n {
		t.Fatalf("%d alerts, %v", len(list), err)
	}
	return list
}

func TestAlertsAreSeenAndHandled(t *testing.T) {
	d := newReaderDesk(t)
	mine, theirs := d.fevers(t, d.mine, 3), d.fevers(t, d.others, 1)
	b := d.registrar(t)
	home := b.get(t, "/console", http.StatusOK)
	if words := strings.Join(strings.Fields(home.Find(`main a[href="`+alertPath+`"]`).Text()), ""); !strings.Contains(words, "3") {
		t.Errorf("the front page says %q", words)
	}
	list := b.get(t, alertPath, http.StatusOK)
	literally(t, list, hostileText)
	if n := list.Find("tbody tr").Length(); n != 3 {
		t.Errorf("%d alerts", n)
	}
	for query, want := range map[string]int{"?kind=fever": 3, "?kind=silent": 0, "?state=handled": 0, "?community=" + d.mine.Community.String(): 3} {
		if n := b.get(t, alertPath+query, http.StatusOK).Find("tbody tr").Length(); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	b.get(t, alertPath+"?community="+d.others.Community.String(), http.StatusNotFound)
	show := b.get(t, alertURL(mine[0].ID), http.StatusOK)
	if factOf(show, "门或门岗") != "东门岗" || show.Find(`main a[href="`+recordURL(mine[0].Record)+`"]`).Length() != 1 {
		t.Errorf("the alert says %q", show.Find("main").Text())
	}
	page, _ := b.post(t, alertURL(mine[0].ID)+"/handle", url.Values{"remark": {strings.Repeat("长", 201)}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "remark")
	b.post(t, alertURL(mine[0].ID)+"/handle", url.Values{"remark": {"复测正常\r\n已离开"}}, http.StatusSeeOther)
	show = b.get(t, alertURL(mine[0].ID), http.StatusOK)
	if !strings.Contains(factOf(show, "处理情况"), "复测正常") || show.Find("main form").Length() != 0 {
		t.Errorf("handled, it says %q", show.Find("main").Text())
	}

	ids := url.Values{"id": {mine[0].ID.String(), mine[1].ID.String(), mine[2].ID.String()}}
	b.post(t, alertPath+"/handle", url.Values{"id": {mine[1].ID.String(), theirs[0].ID.String()}}, http.StatusNotFound)
	b.post(t, alertPath+"/handle", ids, http.StatusSeeOther)
	after := b.get(t, alertPath, http.StatusOK)
	if !strings.Contains(after.Find(".tx-flash").Text(), "处理了 2 条，其余 1 条") || after.Find("tbody tr").Length() != 0 {
		t.Errorf("after all are handled: %q", after.Find("main").Text())
	}
	none := b.form(t, alertPath+"/handle", nil) // nothing ticked
	none.Header.Set("Referer", d.address+alertPath+"?kind=fever")
	if _, to := b.do(t, none, http.StatusSeeOther); to != alertPath+"?kind=fever" {
		t.Errorf("from a filtered list sent to %s", to)
	}
	for _, id := range []string{theirs[0].ID.String(), "1", "x"} {
		b.get(t, alertPath+"/"+id, http.StatusNotFound)
		b.post(t, alertPath+"/"+id+"/handle", url.Values{}, http.StatusNotFound)
	}
	sees := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView, core.PermAlertView)
	if page := sees.get(t, alertPath, http.StatusOK); page.Find("#bulk").Length() != 0 {
		t.Error("who may only look can handle")
	}
	sees.post(t, alertPath+"/handle", ids, http.StatusForbidden)
	d.onlyViews(t).get(t, alertPath, http.StatusForbidden)
}

func TestAlertPages(t *testing.T) {
	shell := templates.Shell{Title: "告警", CSRF: "x"}
	a := core.Alert{Kind: core.AlertFever, Gate: "东门岗", Name: hostileText, Handled: time.Unix(1, 0), HandledBy: "小王", Remark: hostileText}
	templates.CheckAll(t, "console/alert/", map[string]any{
		"console/alert/list": alertListPage{Shell: shell, List: templates.List{Path: alertPath}, Rows: []alertRow{
			{Tick: templates.Tick{Value: 1, Label: "x"}, URL: "/x", Words: hostileText, Kind: alertBadge(core.AlertSilent)}, {Handled: "小王", Kind: alertBadge(core.AlertReuse)}}},
		"console/alert/list#empty": alertListPage{Shell: shell, List: templates.List{Path: alertPath}},
		"console/alert/show":       alertShowPage{Shell: shell, Facts: alertFacts(a, "翠湖花园", time.UTC), Links: []templates.Action{{Label: "x", URL: "/x"}}, Form: &templates.Form{Action: "/x"}},
		"console/alert/show#done":  alertShowPage{Shell: shell, Facts: alertFacts(a, "翠湖花园", time.UTC)},
	})
}
