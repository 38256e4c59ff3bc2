package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func TestAccessAlertsAreSeenAndHandled(t *testing.T) {
	d := newDesk(t)
	mine, theirs := d.Fevers(t, d.Mine, 3), d.Fevers(t, d.Others, 1)
	b := d.Registrar(t)
	home := b.Get(t, "/console", http.StatusOK)
	link := home.Find(`main a[href="` + frame.AccessAlertPath + `"]`)
	if words := strings.Join(strings.Fields(link.Text()), ""); !strings.Contains(words, "3") {
		t.Errorf("the front page says %q", words)
	}
	list := b.Get(t, frame.AccessAlertPath, http.StatusOK)
	desk.Literally(t, list, desk.Hostile)
	if n := list.Find("tbody tr").Length(); n != 3 {
		t.Errorf("%d alerts", n)
	}
	for query, want := range map[string]int{
		"?kind=fever": 3, "?kind=silent": 0, "?state=handled": 0, "?community=" + d.Mine.Community.String(): 3,
	} {
		if n := b.Get(t, frame.AccessAlertPath+query, http.StatusOK).Find("tbody tr").Length(); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	b.Get(t, frame.AccessAlertPath+"?community="+d.Others.Community.String(), http.StatusNotFound)
	show := b.Get(t, frame.AccessAlertURL(mine[0].ID), http.StatusOK)
	if desk.Fact(show, "门或门岗") != "东门岗" || show.Find(`main a[href="`+frame.AccessRecordURL(mine[0].Record)+`"]`).Length() != 1 {
		t.Errorf("the alert says %q", show.Find("main").Text())
	}
	page, _ := b.Post(
		t, frame.AccessAlertURL(mine[0].ID)+"/handle", url.Values{"remark": {strings.Repeat("长", 201)}},
		http.StatusUnprocessableEntity,
	)
	desk.WrongField(t, page, "remark")
	handle := url.Values{"remark": {"复测正常\r\n已离开"}}
	b.Post(t, frame.AccessAlertURL(mine[0].ID)+"/handle", handle, http.StatusSeeOther)
	undo := b.Get(t, frame.AccessAlertPath, http.StatusOK).Find(`.tx-flash form`).AttrOr("action", "")
	if b.Post(t, undo, nil, http.StatusSeeOther); b.Get(t, frame.AccessAlertPath, http.StatusOK).Find("tbody tr").Length() != 3 {
		t.Errorf("not opened again at %q", undo)
	}
	b.Post(t, frame.AccessAlertURL(mine[0].ID)+"/handle", handle, http.StatusSeeOther)
	show = b.Get(t, frame.AccessAlertURL(mine[0].ID), http.StatusOK)
	if !strings.Contains(desk.Fact(show, "处理情况"), "复测正常") || show.Find("main form.tx-form").Length() != 0 {
		t.Errorf("handled, it says %q", show.Find("main").Text())
	}

	ids := url.Values{"id": {mine[0].ID.String(), mine[1].ID.String(), mine[2].ID.String()}}
	b.Post(t, frame.AccessAlertPath+"/handle", url.Values{"id": {mine[1].ID.String(), theirs[0].ID.String()}}, http.StatusNotFound)
	asked, _ := b.Post(t, frame.AccessAlertPath+"/handle?kind=fever", ids, http.StatusOK)
	if q := asked.Find("form.tx-confirm"); !strings.Contains(q.Find("h2").Text(), "2 条告警") || q.Find("li").Length() != 2 ||
		b.Get(t, frame.AccessAlertPath, http.StatusOK).Find("tbody tr").Length() != 2 {
		t.Errorf("asks %q", q.Text())
	}
	if _, to := b.Post(
		t, frame.AccessAlertPath+"/handle?kind=fever", desk.WithConfirmed(ids), http.StatusSeeOther,
	); to != frame.AccessAlertPath+"?kind=fever" {
		t.Errorf("from a filtered list sent to %s", to)
	}
	after := b.Get(t, frame.AccessAlertPath, http.StatusOK)
	if !strings.Contains(after.Find(".tx-flash").Text(), "已处理 2 条告警，其余 1 条") ||
		!strings.HasSuffix(after.Find(".tx-flash form").AttrOr("action", ""), "/undo") || after.Find("tbody tr").Length() != 0 {
		t.Errorf("after all are handled: %q", after.Find("main").Text())
	}
	b.Post(t, frame.AccessAlertPath+"/handle", ids, http.StatusSeeOther) // all are handled: there is nothing to ask
	if text := b.Get(t, frame.AccessAlertPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "已由别人处理") {
		t.Errorf("of alerts that are handled it says %q", text)
	}
	b.Post(t, frame.AccessAlertPath+"/handle", nil, http.StatusSeeOther) // nothing ticked
	for _, id := range []string{theirs[0].ID.String(), "1", "x"} {
		b.Get(t, frame.AccessAlertPath+"/"+id, http.StatusNotFound)
		b.Post(t, frame.AccessAlertPath+"/"+id+"/handle", url.Values{}, http.StatusNotFound)
	}
	sees := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAccessAlertView)
	if page := sees.Get(t, frame.AccessAlertPath, http.StatusOK); page.Find("#bulk").Length() != 0 {
		t.Error("who may only look can handle")
	}
	sees.Post(t, frame.AccessAlertPath+"/handle", ids, http.StatusForbidden)
	d.OnlyViews(t).Get(t, frame.AccessAlertPath, http.StatusForbidden)
}
