package access

import (
	"fmt"
	"net/http"
	"strconv"
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
	asks, _ := b.Post(t, frame.VisitorBlockPath, form, http.StatusOK)
	if text := asks.Find("main").Text(); !strings.Contains(text, "1 个手机、1 个车牌") || strings.Contains(text, "其中") ||
		asks.Find(`[name="edit_again"]`).Length() != 1 {
		t.Errorf("the question: %s", text)
	}
	form.Set("edit_again", "1")
	edits, _ := b.Post(t, frame.VisitorBlockPath, form, http.StatusOK)
	if kept := edits.Find(`textarea[name="values"]`).Text(); !strings.Contains(kept, "京A12345") {
		t.Errorf("going back loses %q", kept)
	}
	form.Del("edit_again")
	form.Set("confirmed", "1")
	b.Post(t, frame.VisitorBlockPath, form, http.StatusSeeOther)
	undo := b.Get(t, frame.VisitorBlockPath, http.StatusOK).Find(".tx-flash form").AttrOr("action", "")
	if !strings.HasSuffix(undo, "/undo") {
		t.Errorf("the message takes it back at %q", undo)
	}
	form.Del("confirmed")
	form.Set("last_day", (core.DayOf(d.Store.Now(), d.Store.Zone()) + 1).String())
	asks, _ = b.Post(t, frame.VisitorBlockPath, form, http.StatusOK)
	if text := asks.Find("main").Text(); !strings.Contains(text, "其中 2 条已经在黑名单上") || !strings.Contains(text, "2 条会比现在更早到期") ||
		!strings.Contains(text, "（现在长期，") {
		t.Errorf("the question of those that are on it: %s", text)
	}
	many := desk.FilledIn(page)
	many.Set("community", d.Mine.Community.String())
	many.Set("reason", "滋扰")
	var lines strings.Builder
	for i := range frame.ManyThings {
		fmt.Fprintf(&lines, "京A%05d\n", i)
	}
	many.Set("values", lines.String())
	many.Set("confirmed", "1")
	b.Post(t, frame.VisitorBlockPath, many, http.StatusUnprocessableEntity) // the number is not typed
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

// The question from a visit says who reads the reason, takes as much as it promises, and keeps what was typed.
func TestTheReasonFromAVisit(t *testing.T) {
	d := newDesk(t)
	v := invited(t, d, d.Mine)
	b := d.Registrar(t)
	path, long := frame.VisitorPassURL(v.ID)+"/block", strings.Repeat("闹", core.MaxBlockReason+1)
	asks, _ := b.Post(t, path, nil, http.StatusOK)
	field := asks.Find(`[name="reason"]`)
	if field.AttrOr("maxlength", "") != strconv.Itoa(core.MaxBlockReason) || !strings.Contains(asks.Find("main").Text(), "访客看不到") ||
		strings.Contains(asks.Find("main").Text(), "告诉申请人") {
		t.Errorf("it asks %q", asks.Find("main").Text())
	}
	form := desk.FilledIn(asks)
	form.Set("confirmed", "1")
	form.Set("reason", long)
	again, _ := b.Post(t, path, form, http.StatusUnprocessableEntity)
	if got := desk.InputValue(again, "reason"); got != long {
		t.Errorf("what was typed is lost: %q", got)
	}
	form.Set("reason", long[:3*core.MaxBlockReason])
	if typed := again.Find(`[name="typed"]`); typed.Length() > 0 {
		t.Fatal("it wants a number typed")
	}
	b.Post(t, path, form, http.StatusSeeOther)
	blocks, _, err := d.Store.VisitorBlocks(t.Context(), core.Everywhere, store.VisitorBlockFilter{Page: store.Page{Limit: 5}})
	if err != nil || len(blocks) == 0 || blocks[0].Reason != long[:3*core.MaxBlockReason] {
		t.Errorf("%+v, %v", blocks, err)
	}
	if _, err := d.Store.CreateVisitorBlocks(t.Context(), core.System, core.Everywhere, d.Mine.Community, []core.VisitorBlock{
		{Kind: core.BlockPlate, Value: "京A12346", Reason: blocks[0].Reason},
	}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, frame.VisitorPassURL(v.ID), http.StatusOK)
	fact := page.Find(`.tx-detail-head dd a[href*="/console/visitorblock"]`).First()
	if !strings.Contains(fact.Text(), blocks[0].Reason) || page.Find(".tx-detail-title > :contains(黑名单)").Length() != 1 ||
		page.Find(`[formaction$="/block"]`).Length() != 0 {
		t.Errorf("the visitor's page: %s", page.Find(".tx-detail-head").Text())
	}
	rows := b.Get(t, fact.AttrOr("href", ""), http.StatusOK).Find("main tbody tr")
	if value, _, _ := strings.Cut(strings.Fields(fact.Text())[1], "，"); rows.Length() != 1 || !strings.Contains(rows.Text(), value) {
		t.Errorf("the link %s leads to %s", fact.AttrOr("href", ""), rows.Text())
	}
	if row := b.Get(t, frame.VisitorPassPath, http.StatusOK).Find("tbody tr").First().Text(); !strings.Contains(row, "黑名单") {
		t.Errorf("the list: %s", row)
	}
}
