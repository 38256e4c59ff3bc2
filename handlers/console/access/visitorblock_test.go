package access

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// The office adds several at once, sees them masked, and takes one off; a line that is nothing keeps the form.
func TestBlacklistInTheConsole(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.VisitorBlockPath+"/new", http.StatusOK)
	form := desk.FilledIn(page)
	form.Set("community", d.Mine.Community.String())
	form.Set("values", "13800138000\n1380013800")
	form.Set("reason", desk.Hostile[:3])
	again, _ := b.Post(t, frame.VisitorBlockPath, form, http.StatusUnprocessableEntity)
	if !strings.Contains(again.Find(`[name="values"]`).Text(), "13800138000") || again.Find("#f-values-error").Length() != 1 {
		t.Errorf("what was typed is lost: %s", again.Find("main").Text())
	}
	form.Set("values", "13800138000\n京A12345")
	b.Post(t, frame.VisitorBlockPath, form, http.StatusSeeOther)
	list := b.Get(t, frame.VisitorBlockPath, http.StatusOK)
	if text := list.Find("tbody").Text(); list.Find("tbody tr").Length() != 2 || strings.Contains(text, "13800138000") {
		t.Errorf("the list: %s", text)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	viewer.Get(t, frame.VisitorBlockPath, http.StatusOK)
	viewer.Get(t, frame.VisitorBlockPath+"/new", http.StatusForbidden)
	blocks, _, err := d.Store.VisitorBlocks(t.Context(), core.Everywhere, store.VisitorBlockFilter{Page: store.Page{Limit: 5}})
	if err != nil || len(blocks) != 2 {
		t.Fatal(len(blocks), err)
	}
	path := frame.VisitorBlockPath + "/" + blocks[0].ID.String() + "/remove"
	other := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermVisitorPassView, core.PermVisitorBlockEdit)
	other.Post(t, path, desk.ConfirmedForm(), http.StatusNotFound)
	b.Post(t, path, desk.ConfirmedForm(), http.StatusSeeOther)
	if n := b.Get(t, frame.VisitorBlockPath, http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d remain", n)
	}
}

func TestBlacklistPages(t *testing.T) {
	shell := templates.Shell{Title: "访客黑名单", CSRF: "token"}
	table := visitorBlockTable()
	templates.CheckAll(t, "console/visitorblock/", map[string]any{
		"console/visitorblock/list": visitorBlockListPage{Shell: shell, List: table, Rows: []visitorBlockRow{
			{Value: "138****8000", Kind: "手机", Community: "翠湖<花园>", Reason: desk.Hostile, By: desk.Hostile,
				Until: templates.Badge{Text: "长期"}},
		}},
		"console/visitorblock/list#empty": visitorBlockListPage{Shell: shell, List: table},
		"console/visitorblock/form":       visitorBlockFormPage{Shell: shell, Form: templates.Form{Action: "/x", CSRF: "token"}},
	})
}
