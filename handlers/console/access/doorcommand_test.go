package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// orderDesk is a desk with a gate, and a door that can be ordered to open.
func orderDesk(t *testing.T) (*desk.Desk, *gate.Gate, estate.Door) {
	t.Helper()
	var pages *Pages
	d := desk.New(t, func(f *frame.Frame, _ web.Cache) []web.Route {
		pages = &Pages{Frame: f}
		return pages.Routes()
	})
	client := redis.NewClient(&redis.Options{Addr: d.Redis.Addr(), MaxRetries: -1})
	g := gate.New(gate.Options{Store: d.Store, Redis: client})
	t.Cleanup(func() { g.Close(); client.Close() })
	pages.Gate = g
	return d, g, d.Mine.AddDoor(core.Reader{Name: "北门", Protocol: core.ProtocolVbar, Direction: core.Out})
}

// TestADoorIsOrderedToOpen: the button says why it cannot be pressed; the order asks for a reason, is made once, and its page and the
// list say what became of it.
func TestADoorIsOrderedToOpen(t *testing.T) {
	d, g, door := orderDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermReaderOpen)
	button := func(id core.ID) string {
		return b.Get(t, frame.ReaderURL(id), http.StatusOK).Find("body").Text()
	}
	if got := button(door.ID); !strings.Contains(got, "读头不在线") {
		t.Error("the button of a door that is away does not say so")
	}
	if got := button(d.Mine.Doors[0].ID); !strings.Contains(got, "这类读头不能远程开门") {
		t.Error("the button of a reader that cannot be ordered does not say so")
	}
	at := frame.ReaderURL(door.ID) + "/open"
	sure := url.Values{"confirmed": {"1"}, templates.ReasonField: {"送冰箱"}}
	if _, to := b.Post(t, at, sure, http.StatusSeeOther); to != frame.ReaderURL(door.ID) {
		t.Errorf("refused, and leads to %s", to)
	}
	if err := g.HoldDoors(t.Context(), []core.ID{door.ID}); err != nil {
		t.Fatal(err)
	}
	if page, _ := b.Post(t, at, nil, http.StatusOK); !strings.Contains(page.Find("main").Text(), "现在打开") {
		t.Error("it is not asked about")
	}
	b.Post(t, at, url.Values{"confirmed": {"1"}}, http.StatusUnprocessableEntity) // without a reason
	_, to := b.Post(t, at, sure, http.StatusSeeOther)
	list, _, err := d.Store.DoorCommands(t.Context(), core.ScopeOf(d.Mine.Community), store.DoorCommandFilter{Page: store.Page{Limit: 9}})
	if err != nil || len(list) != 1 || to != frame.DoorCommandURL(list[0].ID) || list[0].Reason != "送冰箱" {
		t.Fatalf("%+v, %v, at %s", list, err, to)
	}
	page := b.Get(t, to, http.StatusOK)
	if every, _ := page.Find("#order").Attr("hx-trigger"); every == "" || !strings.Contains(page.Find("#order").Text(), "待发出") {
		t.Errorf("the order's page: %q, %q", every, page.Find("#order").Text())
	}
	if err := d.Store.EndDoorCommands(t.Context(), list[0].Ends); err != nil {
		t.Fatal(err)
	}
	page = b.Get(t, to, http.StatusOK)
	if every, _ := page.Find("#order").Attr("hx-trigger"); every != "" || !strings.Contains(page.Find("#order").Text(), "未送达，已作废") {
		t.Errorf("the order's page afterwards: %q, %q", every, page.Find("#order").Text())
	}
	if rows := b.Get(t, frame.DoorCommandPath+"?state=expired&q=冰箱", http.StatusOK).Find("tbody tr"); rows.Length() != 1 {
		t.Errorf("%d rows", rows.Length())
	}
}

// TestWhoMayOrder: seeing a reader, or changing it, is not opening it; another community's door is not there.
func TestWhoMayOrder(t *testing.T) {
	d, g, door := orderDesk(t)
	if err := g.HoldDoors(t.Context(), []core.ID{door.ID}); err != nil {
		t.Fatal(err)
	}
	at, sure := frame.ReaderURL(door.ID)+"/open", url.Values{"confirmed": {"1"}, templates.ReasonField: {"送冰箱"}}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermReaderEdit).Post(t, at, sure, http.StatusForbidden)
	d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermReaderView, core.PermReaderOpen).Post(t, at, sure, http.StatusNotFound)
	if n := orders(t, d); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func orders(t *testing.T, d *desk.Desk) int {
	t.Helper()
	list, _, err := d.Store.DoorCommands(t.Context(), core.Everywhere, store.DoorCommandFilter{Page: store.Page{Limit: 9}})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestWordsOfOrders: every state has words, a badge, and a page that looks again only while something may happen.
func TestWordsOfOrders(t *testing.T) {
	for _, state := range core.CommandStates() {
		page := doorCommandOf(core.DoorCommand{ID: 1, Reader: 2, State: state, Late: desk.Now}, time.UTC)
		if page.Words == "" || page.State.Text != state.Label() || page.State.Tone == "" || page.Final != state.Final() || page.Late == "" {
			t.Errorf("%s: %+v", state, page)
		}
	}
}

func TestDoorCommandPages(t *testing.T) {
	shell := desk.SampleShell("开门指令")
	show := doorCommandOf(core.DoorCommand{ID: 1, Reader: 2, State: core.CommandSent, Gate: desk.Hostile, Reason: desk.Hostile}, time.UTC)
	late := doorCommandOf(core.DoorCommand{ID: 1, Reader: 2, State: core.CommandSilent, Late: desk.Now}, time.UTC)
	show.Shell, late.Shell = shell, shell
	templates.CheckAll(t, "console/doorcommand/", map[string]any{
		"console/doorcommand/list": doorCommandListPage{Shell: shell, List: doorCommandTable(), Rows: []doorCommandListRow{{
			URL: "/x", Gate: desk.Hostile, Community: desk.Hostile, Reason: desk.Hostile, By: desk.Hostile, Created: desk.Now,
			State: commandBadge(core.DoorCommand{State: core.CommandOpened}),
		}}},
		"console/doorcommand/list#empty": doorCommandListPage{Shell: shell, List: doorCommandTable()},
		"console/doorcommand/show":       show,
		"console/doorcommand/show#late":  late,
	})
}
