package account

import (
	"testing"

	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestSavedViewPages(t *testing.T) {
	shell := templates.Shell{Title: "我的视图", CSRF: "token"}
	list := templates.List{Path: frame.SavedViewPath, Cards: true}
	good := savedViewRow{
		ID: 7, URL: frame.ReaderPath, Name: desk.Hostile, Self: frame.SavedViewPath + "/7",
		Typed: desk.Hostile, CSRF: "token",
	}
	wrong := good
	wrong.Typed, wrong.Error = "", "请填写名称"
	templates.CheckAll(t, "console/savedview/", map[string]any{
		"console/savedview/list":       savedViewListPage{Shell: shell, List: list, Rows: []savedViewRow{good}},
		"console/savedview/list#wrong": savedViewListPage{Shell: shell, List: list, Rows: []savedViewRow{wrong}},
		"console/savedview/list#empty": savedViewListPage{Shell: shell, List: list},
		"console/savedview/list#draft": savedViewListPage{Shell: shell, Form: &templates.Form{Action: "/v", Notice: desk.Hostile}},
	})
}
