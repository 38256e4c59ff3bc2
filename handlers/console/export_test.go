package console

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

// runExport does the work of the next job, as a server does.
func runExport(t *testing.T, d *desk.Desk) {
	t.Helper()
	job, err := d.Store.ClaimJob(t.Context(), "server")
	if err != nil {
		t.Fatal(err)
	}
	job.Words, err = d.Store.MakeExport(t.Context(), job, WriteExport(d.Store), func(int64, int64) error { return nil })
	if job.State = core.JobDone; err == nil {
		err = d.Store.EndJob(t.Context(), "server", job)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A list that is too long to wait for is made in the background; its file is what would have been sent at once.
func TestLongListsAreExportedInTheBackground(t *testing.T) {
	d := newDesk(t)
	d.Passages(t, d.Mine, 3)
	b, stranger := d.Registrar(t), d.Registrar(t)
	mine, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	for path, what := range map[string]string{
		frame.ResidentPath: "住户", frame.HousePath: "房屋", frame.AccessRecordPath: "出入记录",
	} {
		t.Run(what, func(t *testing.T) {
			list := path + "/export.xlsx?community=" + d.Mine.Community.String()
			act := strings.TrimPrefix(path, "/console/") + ".export"
			want := b.Sheet(t, list)
			d.Frame.ExportAtOnce = 1
			defer func() { d.Frame.ExportAtOnce = 0 }()
			audited := len(d.Exported(t, act))

			form := b.Get(t, list, http.StatusOK).Find("form.tx-confirm")
			if text := form.Text(); !strings.Contains(text, "在后台导出"+what+"？") || !strings.Contains(text, "小区："+mine.Name) {
				t.Fatalf("asked %q", text)
			}
			action := form.AttrOr("action", "")
			if b.Post(t, action, url.Values{}, http.StatusOK); len(d.Exported(t, act)) != audited {
				t.Error("asking exported")
			}
			_, at := b.Post(t, action, url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
			if _, again := b.Post(t, action, url.Values{"confirmed": {"1"}}, http.StatusSeeOther); again != at {
				t.Errorf("pressed twice: %s and %s", at, again)
			}
			if n := len(d.Exported(t, act)); n != audited+1 {
				t.Errorf("%d lines in the log", n-audited)
			}
			page := b.Get(t, at, http.StatusOK)
			if page.Find("h2").Text() != "导出"+what || page.Find(`form[action="`+at+`/cancel"]`).Length() != 1 ||
				page.Find(`a[href="`+at+`/file.xlsx"]`).Length() != 0 {
				t.Errorf("a job that waits: %q", page.Find("#job").Text())
			}
			b.Get(t, at+"/file.xlsx", http.StatusNotFound)
			runExport(t, d)
			link := b.Get(t, at, http.StatusOK).Find(`#job a[data-plain]`).AttrOr("href", "")
			if got := b.Sheet(t, link); !sameRows(got, want) {
				t.Errorf("the file: %v\nat once: %v", got, want)
			}
			stranger.Get(t, link, http.StatusNotFound)
			if n := len(d.Exported(t, "job.download")); n == 0 {
				t.Error("the download is not in the log")
			}
		})
	}
	if bell := b.Get(t, "/console", http.StatusOK).Find(".tx-bell").Text(); !strings.Contains(bell, "导出住户：已完成") {
		t.Errorf("told %q", bell)
	}
}

func sameRows(a, b [][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if strings.Join(a[i], "\t") != strings.Join(b[i], "\t") {
			return false
		}
	}
	return true
}

// The question about whole numbers is the only one, and the file has them.
func TestWholeNumbersAreExportedInTheBackground(t *testing.T) {
	d := newDesk(t)
	d.Frame.ExportAtOnce = 1
	b := d.Registrar(t)
	_, at := b.Post(t, frame.ResidentPath+"/export", url.Values{
		"confirmed": {"1"}, "typed": {"完整号码"}, "purpose": {"社区核对"},
	}, http.StatusSeeOther)
	runExport(t, d)
	rows := b.Sheet(t, at+"/file.xlsx")
	if last := rows[len(rows)-1]; last[4] != d.Mine.Residents[0].Phone {
		t.Errorf("the file: %v", last)
	}
	if lines := d.Exported(t, "job.download"); len(lines) != 1 || !strings.Contains(lines[0].After, `"whole":true`) {
		t.Errorf("%+v", lines)
	}
}

// What is exported of all communities ends at the scope of who asked.
func TestABackgroundExportStaysInItsScope(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	_, at := b.Post(t, frame.ResidentPath+"/export.xlsx", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	runExport(t, d)
	if rows := b.Sheet(t, at+"/file.xlsx"); len(rows) != 1+len(d.Mine.Residents) {
		t.Errorf("%d rows of %d residents", len(rows)-1, len(d.Mine.Residents))
	}
	b.Post(t, frame.ResidentPath+"/export.xlsx?community="+d.Others.Community.String(), url.Values{"confirmed": {"1"}}, http.StatusNotFound)
	d.OnlyViews(t).Post(t, frame.ResidentPath+"/export.xlsx", url.Values{"confirmed": {"1"}}, http.StatusForbidden)
}

func TestEveryKindOfExportCanBeMade(t *testing.T) {
	d := newDesk(t)
	for _, of := range core.ExportTypes {
		export := store.Export{Export: core.Export{Kind: of.Kind}}
		if _, err := WriteExport(d.Store)(t.Context(), export, io.Discard, nil); core.IsInvalid(err) {
			t.Errorf("%s: %v", of.Kind, err)
		}
	}
}
