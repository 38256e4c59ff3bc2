package frame_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// An error page names the cause, says what to do, and has one button, back to where one was.
func TestErrorPage(t *testing.T) {
	var failure error
	d := desk.Empty(t, func(f *frame.Frame, _ web.Cache) []web.Route {
		fail := func(*web.Context) error { return failure }
		show := func(c *web.Context) error {
			return f.Page(c, http.StatusOK, "console/error/show", templates.ConsoleProblem{Shell: f.Shell(c, "", "读头")})
		}
		return f.SetFind([]web.Route{
			{Method: http.MethodGet, Path: "/console/reader", Access: web.SignedIn, Handler: show},
			{Method: http.MethodGet, Path: "/console/reader/:id", Access: web.SignedIn, Handler: fail},
			{Method: http.MethodPost, Path: "/console/reader/qr", Access: web.SignedIn, Handler: fail},
			{Method: http.MethodPost, Path: "/console/reader/:id/disable", Access: web.SignedIn, Handler: fail},
		}, nil)
	})
	b := d.SignIn(t, core.Everywhere, core.PermReaderEdit)
	ask := func(method, path, referer string, status int) (heading, text, button string) {
		t.Helper()
		r := b.Form(t, path, nil)
		if r.Method = method; method == http.MethodGet {
			r.Body = http.NoBody
		}
		if referer != "" {
			r.Header.Set("Referer", referer)
		}
		page, _ := b.Do(t, r, status)
		actions := page.Find("main .tx-problem-actions a")
		if actions.Length() != 1 {
			t.Errorf("%s: %d buttons", path, actions.Length())
		}
		return page.Find("h1").Text(), page.Find("main h1 + p").Text(), actions.AttrOr("href", "") + strings.TrimSpace(actions.Text())
	}

	for _, c := range []struct {
		err     error
		status  int
		heading string
		text    string
	}{
		{core.NotFound("读头不存在"), http.StatusNotFound, "页面不存在", "读头不存在。请返回后重新查找。"},
		{core.Forbidden("您没有“查看”的权限"), http.StatusForbidden, "没有权限", "您没有“查看”的权限。如确有需要，请联系管理员开通。"},
		{core.Stale(), http.StatusConflict, "已被他人修改", core.Stale().Message},
		{core.Conflict("小区已归档"), http.StatusConflict, "不能办理", "小区已归档。请返回刷新后再试。"},
		{core.Unavailable("服务正在重启，请稍候"), http.StatusServiceUnavailable, "暂时不能办理", "服务正在重启，请稍候。"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "暂时不能办理", "处理超时，请稍后再试。"},
		{errors.New("secret"), http.StatusInternalServerError, "系统出错了", "问题已经记录下来。请稍后重试；若一直如此，请把下面的编号告诉管理员。"},
		{
			frame.ErrNoCommunityYet, http.StatusNotFound, frame.ErrNoCommunityYet.Message, "请联系管理员把小区分给您。",
		},
	} {
		failure = c.err
		heading, text, _ := ask(http.MethodGet, "/console/reader/1", "", c.status)
		if heading != c.heading || text != c.text {
			t.Errorf("%v: %q, %q", c.err, heading, text)
		}
	}

	failure = core.NotFound("读头不存在")
	const list = "/console/reader返回列表"
	for _, c := range []struct{ name, method, path, referer, button string }{
		{
			"from a list", http.MethodGet, "/console/reader/1", d.Address + "/console/reader?state=offline",
			"/console/reader?state=offline返回上一页",
		},
		{"from nowhere", http.MethodGet, "/console/reader/1", "", list},
		{"from another site", http.MethodGet, "/console/reader/1", "http://example.com/console/reader", list},
		{"from a phone's page", http.MethodGet, "/console/reader/1", d.Address + "/h5/guard", list},
		{"from itself", http.MethodGet, "/console/reader/1", d.Address + "/console/reader/1", list},
		{"from the home page", http.MethodGet, "/console/reader/1", d.Address + "/console", list},
		{
			"from a question", http.MethodPost, "/console/reader/1/disable", d.Address + "/console/reader/1/disable",
			"/console/reader/1返回上一页",
		},
		{"nothing of a feature", http.MethodGet, "/console/nowhere/1", "", "/console返回首页"},
		{"from one about many", http.MethodPost, "/console/reader/qr", d.Address + "/console/reader/qr", "/console/reader返回上一页"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, button := ask(c.method, c.path, c.referer, http.StatusNotFound); button != c.button {
				t.Errorf("the button %q, want %q", button, c.button)
			}
		})
	}
}
