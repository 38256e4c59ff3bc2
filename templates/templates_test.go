package templates

import (
	"bytes"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func shell() Shell {
	return Shell{
		Title: "样页", Nav: ConsoleMenu("reader", func(string) bool { return true }), CSRF: "token", Demo: true,
		Account: Account{Name: "周敏", Role: "物业管理员", SignOut: "/console/signout"}, Scope: "云栖花园",
		Flash: []Flash{{Tone: Good, Text: "已保存。"}},
	}
}

func phone() Phone {
	return Phone{Title: "通行码", Note: "云栖花园", Back: "/h5", CSRF: "token",
		Tabs: []NavItem{{Label: "通行码", URL: "/h5/pass", Icon: "qrcode", Active: true}, {Label: "记录", URL: "/h5/accessrecord", Icon: "history"}}}
}

// samples are the pages whose structs live in this package.
func samples() map[string]any {
	query := url.Values{"q": {"北门"}, "state": {"on"}, "sort": {"-seen"}}
	confirm := Confirm{Title: "停用", Text: "将停用。", Action: "/x", Submit: "停用", Cancel: "/y", Keep: url.Values{"id": {"1", "2"}}, Danger: true}
	missing := NewProblem(404, "")
	missing.Request, missing.Actions = "req-1", []Action{{Label: "回首页", URL: "/console", Primary: true}}
	return map[string]any{
		"console/dev/components":      NewComponentsPage(shell(), query, noon),
		"console/dev/components#bare": NewComponentsPage(Shell{}, nil, noon),
		"console/error/show":          ConsoleProblem{Shell: shell(), Problem: missing},
		"console/error/show#alone":    ConsoleProblem{Shell: Shell{Title: "登录已过期"}, Problem: NewProblem(401, "")},
		"console/confirm/show":        ConfirmPage{Shell: shell(), Confirm: confirm},
		"h5/error/show":               PhoneProblem{Phone: phone(), Problem: NewProblem(500, "")},
		"h5/confirm/show":             PhoneConfirmPage{Phone: phone(), Confirm: confirm},
	}
}

func TestOwnPages(t *testing.T) {
	pages := samples()
	CheckAll(t, "none/", pages)
	r := renderer(t)
	for _, name := range r.Pages() {
		if ownPage(name) && pages[name] == nil {
			t.Errorf("%s has no sample", name)
		}
	}
}

func renderer(t *testing.T) *Renderer {
	t.Helper()
	r, err := New(false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t *testing.T, name string, page any) string {
	t.Helper()
	var out bytes.Buffer
	if err := renderer(t).Render(&out, name, page); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var _ = os.Args
var _ = strings.Cut
