package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestResidentExport(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	rows := b.Sheet(t, frame.ResidentPath+"/export.xlsx")
	if len(rows) != 1+len(d.Mine.Residents) || strings.Join(rows[0], " ") != strings.Join(residentColumns, " ") {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	last, who := rows[len(rows)-1], d.Mine.Residents[0]
	if last[0] != who.Name || last[4] != core.MaskPhone(who.Phone) || last[7] != desk.HouseLabel(t, d, who.House) {
		t.Errorf("the first resident: %v", last)
	}
	if n := len(b.Sheet(t, frame.ResidentPath+"/export.xlsx?q="+url.QueryEscape(who.Phone[7:]))) - 1; n < 1 || n == len(d.Mine.Residents) {
		t.Errorf("%d residents of one phone's end", n)
	}
	for _, path := range []string{"/export.xlsx", "/export"} {
		b.Get(t, frame.ResidentPath+path+"?community="+d.Others.Community.String(), http.StatusNotFound)
		b.Get(t, frame.ResidentPath+path+"?house="+d.Others.Houses[0].String(), http.StatusNotFound)
		d.OnlyViews(t).Get(t, frame.ResidentPath+path, http.StatusForbidden)
	}
	lines := d.Exported(t, "resident.export")
	if len(lines) != 2 || strings.Contains(lines[0].After, who.Phone[7:]) || !strings.Contains(lines[0].After, `"whole":false`) {
		t.Errorf("%d lines of the audit log: %+v", len(lines), lines)
	}
}

// Full numbers are exported only on request, by accounts that may see them, and audited.
func TestResidentExportWhole(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	who := d.Mine.Residents[0]
	query := "?house=" + who.House.String()
	list := b.Get(t, frame.ResidentPath+query, http.StatusOK)
	asks := list.Find(`a[href^="`+frame.ResidentPath+`/export?"]`).AttrOr("href", "")
	form := b.Get(t, asks, http.StatusOK).Find("form.tx-confirm")
	if text := form.Text(); !strings.Contains(text, "房屋："+desk.HouseLabel(t, d, who.House)) {
		t.Errorf("does not say whose numbers: %q", text)
	}
	if len(d.Exported(t, "resident.export")) != 0 {
		t.Fatal("asking exported")
	}
	b.Post(t, form.AttrOr("action", ""), url.Values{"confirmed": {"1"}}, http.StatusUnprocessableEntity) // for nothing
	rows := b.Download(t, b.Form(t, form.AttrOr("action", ""), url.Values{
		"confirmed": {"1"}, templates.TypedField: {"完整号码"}, templates.PurposeField: {"社区核对"},
	}))
	if len(rows) < 2 || len(rows) == 1+len(d.Mine.Residents) || rows[len(rows)-1][4] != who.Phone {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	if lines := d.Exported(t, "resident.export"); len(lines) != 1 || !strings.Contains(lines[0].After, `"whole":true,"purpose":"社区核对"`) ||
		strings.Contains(lines[0].After, who.Phone) {
		t.Errorf("%+v", lines)
	}
	for _, field := range []string{"community", "house", "q", "anything"} { // its filters are in the URL
		b.Post(t, form.AttrOr("action", ""), url.Values{"confirmed": {"1"}, field: {who.House.String()}}, http.StatusUnprocessableEntity)
	}
	if n := len(d.Exported(t, "resident.export")); n != 1 {
		t.Errorf("%d exports", n)
	}
	// Of a search, whose text is encrypted in the URL.
	list = b.Get(t, frame.ResidentPath+"?q="+url.QueryEscape(d.Mine.Residents[1].Name), http.StatusOK)
	asks = list.Find(`a[href^="`+frame.ResidentPath+`/export?q_="]`).AttrOr("href", "")
	form = b.Get(t, asks, http.StatusOK).Find("form.tx-confirm")
	rows = b.Download(t, b.Form(t, form.AttrOr("action", ""), url.Values{
		"confirmed": {"1"}, templates.TypedField: {"完整号码"}, templates.PurposeField: {"社区核对"},
	}))
	if len(rows) < 2 || len(rows) == 1+len(d.Mine.Residents) {
		t.Errorf("%d rows of a search: %v", len(rows), rows)
	}
	if lines := d.Exported(t, "resident.export"); len(lines) != 2 || !strings.Contains(lines[0].After, `"keyword":`) {
		t.Errorf("%+v", lines)
	}
	sees := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermResidentView, core.PermResidentReveal)
	sees.Get(t, frame.ResidentPath+"/export", http.StatusForbidden)
	sees.Post(t, frame.ResidentPath+"/export", url.Values{}, http.StatusForbidden)
	exports := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermResidentView, core.PermResidentExport)
	exports.Post(t, frame.ResidentPath+"/export", url.Values{}, http.StatusForbidden)
	if page := exports.Get(t, frame.ResidentPath, http.StatusOK); page.Find(`a[href*="/export?"]`).Length() != 0 ||
		page.Find("a.tx-export").Length() != 1 {
		t.Error("whole numbers are offered to who may not see them")
	}
}

func TestHouseExport(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	if _, err := d.Store.CreateHouses(
		t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{{"9", "2", "=1+1"}},
	); err != nil {
		t.Fatal(err)
	}
	rows := b.Sheet(t, frame.HousePath+"/export.xlsx")
	if len(rows) != 2+len(d.Mine.Houses) || strings.Join(rows[0][:5], " ") != "小区 栋 单元 房间 房屋" {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	if last := rows[len(rows)-1]; strings.Join(last[1:5], " ") != "9栋 2单元 =1+1 9栋2单元=1+1" || last[5] != "0" {
		t.Errorf("the last house: %v", last)
	}
	if n := len(b.Sheet(t, frame.HousePath+"/export.xlsx?q="+url.QueryEscape("9栋"))); n != 2 {
		t.Errorf("%d rows of one building", n)
	}
	b.Get(t, frame.HousePath+"/export.xlsx?community="+d.Others.Community.String(), http.StatusNotFound)
	d.OnlyViews(t).Get(t, frame.HousePath+"/export.xlsx", http.StatusForbidden)
	if lines := d.Exported(t, "house.export"); len(lines) != 2 || lines[0].Community != d.Mine.Community {
		t.Errorf("%+v", lines)
	}
}
