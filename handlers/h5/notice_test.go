package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
)

// jobs runs jobs of an account to their end, of which it is told, and returns what it was told, newest first.
func (w *site) jobs(t *testing.T, n int, account core.ID) []core.Notice {
	t.Helper()
	who := core.Actor{Kind: core.ActorAccount, ID: account, Name: "李娜"}
	for range n {
		_, err := w.store.StartJob(t.Context(), who, core.JobVerifyAudit)
		if err == nil {
			var job core.Job
			if job, err = w.store.ClaimJob(t.Context(), "runner"); err == nil {
				job.State = core.JobDone
				err = w.store.EndJob(t.Context(), "runner", job)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := w.store.OwnNotices(t.Context(), account, 0, store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What an account is told in the console it reads on the phone, without a sign-in there: from the notice on that a message leads
// to, page by page; what was shown is read in the bell, too. A review is handled on the phone by who may. Another's phone, and
// one without an account, see nothing of it.
func TestNoticesOnThePhone(t *testing.T) {
	w := newInspection(t)
	w.permission = []core.Permission{core.PermHouseView} // who reviews nothing has notices, too
	clerk, id := w.reviewer("wang", "王前台")
	empty := clerk.get(noticePath, http.StatusOK)
	if text := empty.Find("main").Text(); !strings.Contains(text, "微信") {
		t.Errorf("that the WeChat was bound: %q", text)
	}
	told := w.jobs(t, noticesShown+4, id)
	unread := func() int {
		t.Helper()
		_, n, err := w.store.Notices(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := unread(); n != core.MaxNotices {
		t.Fatalf("%d of the bell's are unread", n)
	}
	const shown = 3 // the newest of the page that the message leads to
	page := clerk.get("/"+core.Message{Kind: core.MessageJob, Notice: told[shown].ID, Events: 1}.Path(), http.StatusOK)
	rows := page.Find(".p-row")
	if rows.Length() != noticesShown || !strings.Contains(rows.First().Text(), "未读") {
		t.Errorf("from the message on there are %d: %s", rows.Length(), rows.First().Text())
	}
	if n := unread(); n != shown {
		t.Errorf("%d are unread after a page that has all but %d", n, shown)
	}
	links := page.Find(".p-pager a")
	if newer := links.First().AttrOr("href", ""); newer != noticePath {
		t.Errorf("the newer are at %q", newer)
	}
	older := clerk.get(links.Last().AttrOr("href", ""), http.StatusOK)
	if n := older.Find(".p-row").Length(); n != len(told)-shown-noticesShown {
		t.Errorf("%d on the last page", n)
	}
	if text := older.Find(".p-row").Text(); !strings.Contains(text, "后台") || strings.Contains(text, "审核") {
		t.Errorf("the last page: %q", text)
	}
	clerk.get(noticePath, http.StatusOK)
	if n := unread(); n != 0 {
		t.Errorf("%d are unread after all", n)
	}

	_, path := w.apply(0)
	list := w.zhang.get(noticePath, http.StatusOK)
	if link := list.Find(".p-row a").First(); link.AttrOr("href", "") != path || link.Text() != "审核" {
		t.Errorf("a review leads to %q", link.AttrOr("href", ""))
	}
	foreign := noticePath + "?from=" + told[0].ID.String()
	if response, _ := w.zhang.do(http.MethodGet, foreign, nil); response.Header.Get("Location") != noticePath {
		t.Errorf("another's notice leads to %q", response.Header.Get("Location"))
	}
	nobody := w.phone(t)
	response, _ := nobody.do(http.MethodGet, foreign, nil)
	if to := response.Header.Get("Location"); to != "/h5/session/review?next="+url.QueryEscape(foreign) {
		t.Errorf("who is not signed in is sent to %q", to)
	}
	nobody.signIn("review", "o-applicant/9")
	nobody.get(noticePath, http.StatusForbidden)
	if err := w.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	clerk.get(noticePath, http.StatusForbidden)
}

// Whose community a notice is about is said to who has several, and to nobody else.
func TestNoticesSayOfWhichCommunity(t *testing.T) {
	w := newInspection(t)
	another, err := w.store.CreateCommunity(t.Context(), core.System, core.Community{Name: "滨河苑", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	w.beside = []core.ID{another}
	several, _ := w.reviewer("wang", "王前台")
	w.apply(0)
	community, err := w.store.Community(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	says := func(p *phone) bool {
		t.Helper()
		return strings.Contains(p.get(noticePath, http.StatusOK).Find(".p-row").First().Text(), community.Name)
	}
	if !says(several) || says(w.zhang) {
		t.Errorf("%s is said to who has several: %v, to who has one: %v", community.Name, says(several), says(w.zhang))
	}
}

// A notice of an application that has been decided says so to all who got it, and does not ask for it again.
func TestNoticeOfWhatIsDecided(t *testing.T) {
	w := newInspection(t)
	clerk, _ := w.reviewer("wang", "王前台")
	for house, decide := range []func(path string, r core.Review){
		func(path string, _ core.Review) {
			page := w.zhang.get(path, http.StatusOK)
			w.zhang.post(page, path, url.Values{"version": {"1"}, "preset": {"照片看不清"}}, http.StatusSeeOther)
		},
		func(_ string, r core.Review) {
			applicant := core.Actor{Kind: core.ActorWechat, ID: w.user.ID}
			if _, err := w.store.WithdrawReview(t.Context(), applicant, w.user.ID, r.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		r, path := w.apply(house)
		for _, p := range []*phone{w.zhang, clerk} {
			row := p.get(noticePath, http.StatusOK).Find(".p-row").First()
			if link := row.Find("a"); link.Text() != "审核" || strings.Contains(row.Text(), "已审核") {
				t.Errorf("what waits: %q", row.Text())
			}
		}
		decide(path, r)
		said := []string{"已审核", "已撤回"}[house]
		for _, p := range []*phone{w.zhang, clerk} {
			row := p.get(noticePath, http.StatusOK).Find(".p-row").First()
			if link := row.Find("a"); link.Text() != "查看" || link.AttrOr("href", "") != path || !strings.Contains(row.Text(), said) {
				t.Errorf("what was decided: %q, want %s", row.Text(), said)
			}
		}
	}
}

// In WeWork a member reads what the account was told that is theirs, and is led on from 工作台.
func TestNoticesInWeWork(t *testing.T) {
	w := newCompany(t)
	told := w.jobs(t, 1, w.account)
	p := w.phone(t)
	response, _ := p.enter(core.StaffEntry(w.turn.App)+"?next="+url.QueryEscape(noticePath+"?from="+told[0].ID.String()), "li")
	page := p.get(response.Header.Get("Location"), http.StatusOK)
	if n := page.Find(".p-row").Length(); n == 0 || page.Find(`a[href="/h5/staff"]`).Length() == 0 {
		t.Errorf("%d notices: %s", n, page.Find("body").Text())
	}
	if p.get("/h5/staff", http.StatusOK).Find(`a[href="`+noticePath+`"]`).Length() != 1 {
		t.Error("the staff's page does not lead there")
	}
	if err := w.store.LinkStaffAccount(t.Context(), core.SystemGranter, w.li, 0); err != nil {
		t.Fatal(err)
	}
	p.get(noticePath, http.StatusForbidden)
}
