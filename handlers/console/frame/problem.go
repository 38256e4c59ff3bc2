package frame

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// ErrorPage renders the console's error page; web.Options.ErrorPage calls it for URLs under
// /console.
func (f *Frame) ErrorPage(c *web.Context, p web.ErrorPage) error {
	page := templates.ConsoleProblem{Shell: f.Shell(c, "", "出错了"), Problem: templates.NewProblem(p.Status, p.Message)}
	page.Shell.Title = page.Problem.Title
	page.Problem.Request = p.RequestID
	page.Problem.Actions = []templates.Action{{Label: "返回首页", URL: "/console", Icon: "home"}}
	if p.Code == core.CodeUnauthenticated {
		page.Problem.Actions = []templates.Action{{
			Label: "重新登录", URL: templates.WithQuery(SessionPath, nil, "next", c.CameFrom()), Icon: "login",
			Primary: true,
		}}
		if c.Request().Method == http.MethodPost {
			page.Problem.Text += "。刚才提交的内容没有保存"
		}
	}
	return f.Page(c, p.Status, "console/error/show", page)
}
