package console

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

// The pages of one reader, post and account: at most five key facts and two buttons, tabs by address,
// the timeline, no act without the permission, and the list's name and the audit log lead there.
func TestPagesOfOneThing(t *testing.T) {
	d := newDesk(t)
	boss := d.SignIn(t, core.Everywhere, core.Permissions()...)
	viewer := d.SignIn(
		t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermGuardPostView, core.PermAccountView,
	)
	account := d.Account(t, "one", core.PermReaderView)
	for _, thing := range []struct {
		list, stem string
		id         core.ID
		tabs       []string
	}{
		{frame.ReaderPath, "reader", d.Mine.Doors[0].ID, []string{"", "passages", "install", "acts"}},
		{frame.GuardPostPath, "guardpost", d.Mine.Post, []string{"", "passages", "acts"}},
		{frame.AccountPath, "account", account, []string{"", "signins", "acts"}},
	} {
		page := thing.list + "/" + thing.id.String()
		for _, tab := range thing.tabs {
			shown := boss.Get(t, frame.TabURL(page, tab), http.StatusOK)
			if got := shown.Find(`.tx-tabs a[aria-current="page"]`).AttrOr("href", ""); got != frame.TabURL(page, tab) {
				t.Errorf("%s: the tab is %q", frame.TabURL(page, tab), got)
			}
			facts, buttons := shown.Find(".tx-detail-head dt").Length(), shown.Find(".tx-detail-head .tx-actions > .btn").Length()
			if facts == 0 || facts > templates.MaxKeyFacts || buttons > templates.MaxHeadButtons {
				t.Errorf("%s: %d key facts, %d buttons", page, facts, buttons)
			}
			if shown.Find(".tx-timeline, .tx-timeline-none").Length() == 0 {
				t.Errorf("%s has no timeline", frame.TabURL(page, tab))
			}
		}
		boss.Get(t, page+"?tab=nothing", http.StatusUnprocessableEntity)
		if n := boss.Get(t, thing.list, http.StatusOK).Find(`tbody td a[href="` + page + `"]`).Length(); n != 1 {
			t.Errorf("%d links from the list to %s", n, page)
		}
		shown := viewer.Get(t, page, http.StatusOK)
		if n := shown.Find("main form:not(.tx-star), .tx-heading .tx-actions > a.btn").Length(); n != 0 {
			t.Errorf("%s offers %d acts to who may only look", page, n)
		}
		boss.Post(t, page+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
		log := boss.Get(t, frame.AuditPath+"?subject="+url.QueryEscape(thing.stem+":"+thing.id.String()), http.StatusOK)
		if log.Find(`tbody a[href="`+page+`"]`).Length() == 0 {
			t.Errorf("the log does not lead to %s", page)
		}
		if shown := boss.Get(t, page, http.StatusOK); !strings.Contains(shown.Find(".tx-detail-title").Text(), "已停用") ||
			!strings.Contains(shown.Find(".tx-timeline").Text(), "停用") {
			t.Errorf("%s does not say that it is out of use", page)
		}
	}
}

// The pages of a reader and of a post count today's releases and refusals; those need the permission for records.
func TestDoorsCountTheirDay(t *testing.T) {
	d := newDesk(t)
	boss := d.SignIn(t, core.Everywhere, core.Permissions()...)
	blind := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermGuardPostView)
	records := []core.AccessRecord{
		{Reader: d.Mine.Doors[0].ID, Via: core.ViaReader, Allowed: true},
		{Post: d.Mine.Post, Via: core.ViaGuard, Allowed: true},
		{Post: d.Mine.Post, Via: core.ViaGuard, Reason: core.ReasonFever},
	}
	for i := range records {
		r := &records[i]
		r.Community, r.At, r.Direction, r.Kind, r.Name = d.Mine.Community, d.Store.Now(), core.Out, core.PassResident, "甲乙"
	}
	if err := d.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]string{
		frame.ReaderURL(d.Mine.Doors[0].ID): "放行 1，拒绝 0", frame.GuardPostURL(d.Mine.Post): "放行 1，拒绝 1",
	} {
		shown := boss.Get(t, page, http.StatusOK)
		if got := desk.Fact(shown, "今日"); got != want || !strings.Contains(shown.Find("main").Text(), "甲乙") {
			t.Errorf("%s: today %q, want %q", page, got, want)
		}
		all := shown.Find(`main a[href^="`+frame.AccessRecordPath+`?"]`).First().AttrOr("href", "")
		for _, row := range boss.Get(t, all, http.StatusOK).Find("tbody tr").EachIter() {
			if row.Find(`a[href="`+page+`"]`).Length() == 0 {
				t.Errorf("%s leads to passages elsewhere: %s", all, row.Text())
			}
		}
		shown = blind.Get(t, page, http.StatusOK)
		if desk.Fact(shown, "今日") != "" || strings.Contains(shown.Find("main").Text(), "甲乙") ||
			shown.Find(`.tx-tabs a[href*="passages"]`).Length() != 0 {
			t.Errorf("%s tells of passages to who may not see them", page)
		}
	}
}
