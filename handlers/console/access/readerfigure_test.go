package access

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/store"
)

// TestTheFiguresOfDoors: each number is that of the rows it leads to, what the account may not see is left out, and the speed is this
// server's.
func TestTheFiguresOfDoors(t *testing.T) {
	d, g, vbar := orderDesk(t)
	if err := g.HoldDoors(t.Context(), []core.ID{vbar.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.OrderDoor(t.Context(), core.System, core.ScopeOf(d.Mine.Community), store.NewDoorCommand{
		Reader: vbar.ID, Reason: "送货", Key: "a",
	}); err != nil {
		t.Fatal(err)
	}
	g.Scan(t.Context(), d.Mine.Doors[0].ID, "6901234567892")
	g.Scan(t.Context(), d.Others.Doors[0].ID, "6901234567892")
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAccessRecordView)
	page := b.Get(t, readerFigurePath, http.StatusOK)
	figures := page.Find("main .tx-figures a")
	if figures.Length() < 8 {
		t.Fatalf("%d figures: %s", figures.Length(), page.Find("main").Text())
	}
	figures.Each(func(_ int, a *goquery.Selection) {
		n, rows := a.Find(".tx-figure").Text(), b.Get(t, a.AttrOr("href", ""), http.StatusOK).Find("main tbody tr").Length()
		if n != map[int]string{0: "0", 1: "1", 2: "2", 3: "3"}[rows] {
			t.Errorf("%q leads to %d rows", a.Text(), rows)
		}
	})
	text := strings.Join(strings.Fields(page.Find("main").Text()), " ")
	for _, want := range []string{"最近 2 次", "应有 1 台，连着 1 台", "扫到的内容不是通行码"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Get(t, readerFigurePath, http.StatusOK)
	if text := viewer.Find("main").Text(); strings.Contains(text, "今天") || !strings.Contains(text, "开门指令") {
		t.Errorf("without the permission for records: %q", text)
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView).Get(t, readerFigurePath, http.StatusForbidden)
	d.Redis.Close()
	if text := b.Get(t, readerFigurePath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "缓存服务没有响应") {
		t.Errorf("without Redis: %q", text)
	}
}
