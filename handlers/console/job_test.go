package console

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
)

// chief sees every community, and the audit log.
func (d *readerDesk) chief(t *testing.T) *readerClerk {
	t.Helper()
	return d.signIn(t, core.Everywhere, core.PermAuditView, core.PermReaderView)
}

func TestAJobFromButtonToEnd(t *testing.T) {
	d := newReaderDesk(t)
	b, stranger := d.chief(t), d.chief(t)
	if b.get(t, auditPath, http.StatusOK).Find(`form[action="`+auditPath+`/verify"]`).Length() != 1 {
		t.Fatal("no button on the log's page")
	}
	_, at := b.post(t, auditPath+"/verify", nil, http.StatusSeeOther)
	if _, again := b.post(t, auditPath+"/verify", nil, http.StatusSeeOther); again != at {
		t.Errorf("a second click started %s beside %s", again, at)
	}
	part := b.get(t, at, http.StatusOK).Find("#job")
	if part.AttrOr("hx-get", "") != at || part.Find("progress").Length() != 1 || part.Find(`form[action="`+at+`/cancel"]`).Length() != 1 {
		t.Error("a job that waits does not ask for itself, or cannot be cancelled")
	}
	stranger.get(t, at, http.StatusNotFound)
	stranger.post(t, at+"/cancel", nil, http.StatusNotFound)
	stranger.post(t, at+"/again", nil, http.StatusNotFound)

	job, err := d.store.ClaimJob(t.Context(), "server")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.StepJob(t.Context(), "server", job.ID, 3, 12); err != nil {
		t.Fatal(err)
	}
	if value := b.get(t, at, http.StatusOK).Find("#job progress").AttrOr("value", ""); value != "25" {
		t.Errorf("progress %q", value)
	}
	const words = `<i>已校验`
	if err := d.store.EndJob(t.Context(), "server", core.Job{ID: job.ID, State: core.JobDone, Words: words, Result: auditPath}); err != nil {
		t.Fatal(err)
	}
	page := b.get(t, at, http.StatusOK)
	literally(t, page, words)
	if part := page.Find("#job"); part.AttrOr("hx-get", "") != "" || part.Find(`a[href="`+auditPath+`"]`).Length() != 1 {
		t.Error("a job that is over asks for itself, or does not lead to its result")
	}
	b.post(t, at+"/cancel", nil, http.StatusSeeOther)
	if text := b.get(t, at, http.StatusOK).Find(".tx-flash").First().Text(); !strings.Contains(text, "已完成") {
		t.Errorf("cancelled too late, and told %q", text)
	}
	_, next := b.post(t, at+"/again", nil, http.StatusSeeOther)
	if next == at {
		t.Error("not begun anew")
	}
	b.post(t, next+"/cancel", nil, http.StatusSeeOther)
	list := b.get(t, jobPath, http.StatusOK).Find("tbody tr")
	if list.Length() != 2 || !strings.Contains(list.First().Text(), "已取消") {
		t.Errorf("listed: %s", list.Text())
	}
}

func TestOnlyWhoSeesAllChecksTheLog(t *testing.T) {
	d := newReaderDesk(t)
	b := d.auditor(t)
	if b.get(t, auditPath, http.StatusOK).Find(`form[action="`+auditPath+`/verify"]`).Length() != 0 {
		t.Error("the button is offered to who sees one community")
	}
	b.post(t, auditPath+"/verify", nil, http.StatusConflict)
	d.signIn(t, core.Everywhere, core.PermReaderView).post(t, auditPath+"/verify", nil, http.StatusForbidden)
	if jobs := b.get(t, jobPath, http.StatusOK).Find("tbody tr").Length(); jobs != 0 {
		t.Errorf("%d jobs", jobs)
	}
}
