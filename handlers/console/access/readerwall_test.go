package access

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

// TestTheWallOfDoors: every door in use of the scope with its state, its refusals and its last passage; the stream tells of a change,
// and of nothing else.
func TestTheWallOfDoors(t *testing.T) {
	d, g, vbar := orderDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAccessRecordView)
	tile := func(b *desk.Clerk, name string) *goquery.Selection {
		t.Helper()
		rows := b.Get(t, readerWallPath, http.StatusOK).Find("#doors tbody tr")
		return rows.FilterFunction(func(_ int, row *goquery.Selection) bool { return row.Find(".tx-name a").Text() == name })
	}
	for _, door := range d.Others.Doors {
		if b.Get(t, readerWallPath, http.StatusOK).Find(`a[href="`+frame.ReaderURL(door.ID)+`"]`).Length() != 0 {
			t.Error("another community's door is on the wall")
		}
	}
	presence := store.NewReaderPresence(d.Store)
	presence.Touch(vbar.ID, nil)
	presence.Close()
	if got := tile(b, "北门").Text(); !strings.Contains(got, "连接断开") {
		t.Errorf("a door whose connection nobody holds: %q", got)
	}
	if err := g.HoldDoors(t.Context(), []core.ID{vbar.ID}); err != nil {
		t.Fatal(err)
	}
	if got := tile(b, "北门").Text(); !strings.Contains(got, "在线") {
		t.Errorf("a door that is held: %q", got)
	}

	live := b.Get(t, readerWallPath, http.StatusOK).Find("#doors").AttrOr("data-live", "")
	next := b.Stream(t, live)
	next("doors") // as it is
	g.Scan(t.Context(), d.Mine.Doors[1].ID, "6901234567892")
	next("doors")
	refused := tile(b, d.Mine.Doors[1].Name)
	if text := refused.Text(); !strings.Contains(text, "拒绝 1 次") || !strings.Contains(text, "扫到的内容不是通行码") {
		t.Errorf("after a refusal: %q", text)
	}
	issued, err := g.Issue(t.Context(), d.Mine.Residents[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	g.Scan(t.Context(), d.Mine.Doors[1].ID, issued.Text)
	next("doors")
	name := d.Mine.Residents[0].Name
	if text := tile(b, d.Mine.Doors[1].Name).Text(); !strings.Contains(text, core.MaskName(name)) || strings.Contains(text, name) {
		t.Errorf("after a passage of %s: %q", name, text)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	if text := tile(viewer, d.Mine.Doors[1].Name).Text(); strings.Contains(text, core.MaskName(name)) || !strings.Contains(text, "拒绝 1 次") {
		t.Errorf("without the permission for records: %q", text)
	}
	nobody := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView)
	nobody.Get(t, readerWallPath, http.StatusForbidden)
	nobody.Get(t, readerWallPath+"/events", http.StatusForbidden)
	if n := b.Get(t, readerWallPath+"?community="+d.Others.Community.String(), http.StatusNotFound).Find(".tx-tile").Length(); n != 0 {
		t.Errorf("%d doors of another community", n)
	}
	d.Redis.Close()
	if got := tile(b, "北门").Text(); !strings.Contains(got, "在线") {
		t.Errorf("without Redis the heartbeats say: %q", got)
	}
}

// TestTheWallLeadsToItsRows: each number on top is that of the rows it leads to.
func TestTheWallLeadsToItsRows(t *testing.T) {
	d := newDesk(t)
	presence := store.NewReaderPresence(d.Store)
	presence.Touch(d.Mine.Doors[0].ID, nil)
	presence.Close()
	b := d.Manager(t)
	sums := b.Get(t, readerWallPath, http.StatusOK).Find(".tx-wall-sums a")
	sums.Each(func(_ int, a *goquery.Selection) {
		words := strings.Fields(a.Text())
		rows := b.Get(t, a.AttrOr("href", ""), http.StatusOK).Find("tbody tr").Length()
		if len(words) != 2 || words[1] != map[int]string{1: "1", 2: "2"}[rows] {
			t.Errorf("%q leads to %d rows", words, rows)
		}
	})
	if sums.Length() != 2 {
		t.Errorf("%d sums", sums.Length())
	}
}
