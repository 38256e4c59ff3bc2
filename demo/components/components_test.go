package components

import (
	"net/url"
	"testing"
	"time"

	"tongxing/handlers/console"
	"tongxing/templates"
)

func TestPages(t *testing.T) {
	noon := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	shell := templates.Shell{
		Title: "样页", Nav: console.Menu("reader"), CSRF: "token", Demo: true,
		Account: templates.Account{Name: "周敏", Role: "物业管理员", SignOut: "/console/signout"}, Scope: templates.ScopeSwitch{Name: "云栖花园"},
		Flash: []templates.Flash{{Tone: templates.Good, Text: "已保存。"}},
	}
	phone := templates.Phone{
		Title: "通行码", Note: "云栖花园", Back: "/h5", CSRF: "token",
		Tabs: []templates.NavItem{{Label: "通行码", URL: "/h5/pass", Icon: "qrcode", Active: true}},
	}
	query := url.Values{"q": {"北门"}, "state": {"on"}, "sort": {"-seen"}}
	templates.CheckAll(t, "console/dev/", map[string]any{
		"console/dev/components":      New(shell, query, noon),
		"console/dev/components#bare": New(templates.Shell{}, nil, noon),
	})
	templates.CheckAll(t, "h5/dev/", map[string]any{"h5/dev/components": NewPhone(phone, noon)})
}
