package frame_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// A refusal is shown on the page of the button; other errors are not presented as refusals.
func TestAct(t *testing.T) {
	var result error
	done := 0
	d := desk.Empty(t, func(f *frame.Frame, _ web.Cache) []web.Route {
		act := func(c *web.Context) error {
			return f.Act(c, frame.Act{
				Ask: templates.Confirm{Title: "停用“东门”？", Submit: "停用", Danger: true},
				Do: func() error {
					done++
					return result
				},
				Done: "已停用。", Back: "/console/reader/1", Next: c.Query("next"),
			})
		}
		show := func(c *web.Context) error {
			return f.Page(c, http.StatusOK, "console/error/show", templates.ConsoleProblem{Shell: f.Shell(c, "", "读头")})
		}
		return []web.Route{
			{Method: http.MethodPost, Path: "/console/reader/:id/disable", Access: web.SignedIn, Handler: act},
			{Method: http.MethodGet, Path: "/console/reader/:id", Access: web.SignedIn, Handler: show},
		}
	})
	b := d.SignIn(t, core.Everywhere, core.PermReaderEdit)
	const path = "/console/reader/1/disable?next="

	page, _ := b.Post(t, path+"/console", nil, http.StatusOK)
	form := page.Find("main form")
	if action, _ := form.Attr("action"); done != 0 || action != path+"/console" {
		t.Errorf("done %d times before it was asked about; the question is sent to %q", done, action)
	}
	if back := page.Find(`main a[href="/console/reader/1"]`).Length(); back != 1 {
		t.Errorf("%d links back", back)
	}
	for _, c := range []struct {
		name   string
		err    error
		next   string
		status int
		to     string
		flash  string
	}{
		{"done", nil, "", http.StatusSeeOther, "/console/reader/1", "已停用。"},
		{"done, and on", nil, "/console/reader/2", http.StatusSeeOther, "/console/reader/2", "已停用。"},
		{"conflict", core.Conflict("还在使用"), "/console/reader/2", http.StatusSeeOther, "/console/reader/1", "还在使用。"},
		{"invalid", core.Invalid("太长"), "", http.StatusSeeOther, "/console/reader/1", "太长。"},
		{"not found", core.NotFound("读头不存在"), "", http.StatusNotFound, "", ""},
		{"forbidden", core.Forbidden("没有权限"), "", http.StatusForbidden, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, done = c.err, 0
			_, to := b.Post(t, path+c.next, url.Values{"confirmed": {"1"}}, c.status)
			if to != c.to || done != 1 {
				t.Errorf("led to %q, want %q; done %d times", to, c.to, done)
			}
			if to == "" {
				return
			}
			if text := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, c.flash) {
				t.Errorf("says %q, want %q", text, c.flash)
			}
		})
	}
}
