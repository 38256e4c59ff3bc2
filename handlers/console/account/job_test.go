package account

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestAJobFromButtonToEnd(t *testing.T) {
	d := newDesk(t)
	b, stranger := d.Chief(t), d.Chief(t)
	if b.Get(t, frame.AuditPath, http.StatusOK).Find(`form[action="`+frame.AuditPath+`/verify"]`).Length() != 1 {
		t.Fatal("no button on the log's page")
	}
	_, at := b.Post(t, frame.AuditPath+"/verify", nil, http.StatusSeeOther)
	if _, again := b.Post(t, frame.AuditPath+"/verify", nil, http.StatusSeeOther); again != at {
		t.Errorf("a second click started %s beside %s", again, at)
	}
	part := b.Get(t, at, http.StatusOK).Find("#job")
	if part.AttrOr("hx-get", "") != at || part.Find("progress").Length() != 1 || part.Find(`form[action="`+at+`/cancel"]`).Length() != 1 {
		t.Error("a job that waits does not ask for itself, or cannot be cancelled")
	}
	stranger.Get(t, at, http.StatusNotFound)
	stranger.Post(t, at+"/cancel", nil, http.StatusNotFound)
	stranger.Post(t, at+"/again", nil, http.StatusNotFound)

	job, err := d.Store.ClaimJob(t.Context(), "server")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Store.StepJob(t.Context(), "server", job.ID, 3, 12); err != nil {
		t.Fatal(err)
	}
	if value := b.Get(t, at, http.StatusOK).Find("#job progress").AttrOr("value", ""); value != "25" {
		t.Errorf("progress %q", value)
	}
	const words = `<i>已校验`
	if err := d.Store.EndJob(t.Context(), "server", core.Job{
		ID: job.ID, State: core.JobDone, Words: words, Result: frame.AuditPath,
	}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, at, http.StatusOK)
	desk.Literally(t, page, words)
	if part := page.Find("#job"); part.AttrOr("hx-get", "") != "" || part.Find(`a[href="`+frame.AuditPath+`"]`).Length() != 1 {
		t.Error("a job that is over asks for itself, or does not lead to its result")
	}
	b.Post(t, at+"/cancel", nil, http.StatusSeeOther)
	if text := b.Get(t, at, http.StatusOK).Find(".tx-flash").First().Text(); !strings.Contains(text, "已完成") {
		t.Errorf("cancelled too late, and told %q", text)
	}
	_, next := b.Post(t, at+"/again", nil, http.StatusSeeOther)
	if next == at {
		t.Error("not begun anew")
	}
	b.Post(t, next+"/cancel", nil, http.StatusSeeOther)
	list := b.Get(t, frame.JobPath, http.StatusOK).Find("tbody tr")
	if list.Length() != 2 || !strings.Contains(list.First().Text(), "已取消") {
		t.Errorf("listed: %s", list.Text())
	}
}

func TestOnlyOperatorsCheckTheLog(t *testing.T) {
	d := newDesk(t)
	b := d.Auditor(t)
	if b.Get(t, frame.AuditPath, http.StatusOK).Find(`form[action="`+frame.AuditPath+`/verify"]`).Length() != 0 {
		t.Error("the button is offered to who sees one community")
	}
	b.Post(t, frame.AuditPath+"/verify", nil, http.StatusForbidden)
	d.SignIn(t, core.Everywhere, core.PermReaderView).Post(t, frame.AuditPath+"/verify", nil, http.StatusForbidden)
	if jobs := b.Get(t, frame.JobPath, http.StatusOK).Find("tbody tr").Length(); jobs != 0 {
		t.Errorf("%d jobs", jobs)
	}
}

func TestJobPages(t *testing.T) {
	shell := templates.Shell{Title: "后台任务", CSRF: "token"}
	list := templates.List{Path: frame.JobPath}
	at := frame.JobURL(7)
	row := jobListRow{URL: at, Title: desk.Hostile, State: jobBadge(core.JobRunning), Percent: 40}
	job := templates.Job{
		Title: desk.Hostile, State: jobBadge(core.JobRunning), Percent: 40, Known: true, Count: "4 / 10",
		URL: at, Cancel: at + "/cancel", CSRF: "token",
	}
	over := templates.Job{
		Title: "校验", State: jobBadge(core.JobFailed), Over: true, Bad: true, Words: desk.Hostile,
		Again: at + "/again", Times: []templates.Fact{{Label: "提交", Value: "2026-11-22 08:00:00"}}, CSRF: "token",
	}
	templates.CheckAll(t, "console/job/", map[string]any{
		"console/job/list":       jobListPage{Shell: shell, List: list, Rows: []jobListRow{row}},
		"console/job/list#empty": jobListPage{Shell: shell, List: list},
		"console/job/show":       jobShowPage{Shell: shell, Job: job},
		"console/job/show#over":  jobShowPage{Shell: shell, Job: over},
	})
}
