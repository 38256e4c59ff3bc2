package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
)

// exported are the lines of the audit log about exports, newest first.
func (d *readerDesk) exported(t *testing.T, action string) []core.AuditRecord {
	t.Helper()
	lines, _, err := d.store.AuditRecords(t.Context(), core.Everywhere, core.AuditFilter{Action: action}, store.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestResidentExport(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	rows := b.sheet(t, residentPath+"/export.xlsx")
	if len(rows) != 1+len(d.mine.Residents) || strings.Join(rows[0], " ") != strings.Join(residentColumns, " ") {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	last, who := rows[len(rows)-1], d.mine.Residents[0]
	if last[0] != who.Name || last[4] != core.MaskPhone(who.Phone) || last[7] != houseLabel(t, d, who.House) {
		t.Errorf("the first resident: %v", last)
	}
	if n := len(b.sheet(t, residentPath+"/export.xlsx?q="+url.QueryEscape(who.Phone[7:]))) - 1; n < 1 || n == len(d.mine.Residents) {
		t.Errorf("%d residents of one phone's end", n)
	}
	for _, path := range []string{"/export.xlsx", "/export"} {
		b.get(t, residentPath+path+"?community="+d.others.Community.String(), http.StatusNotFound)
		b.get(t, residentPath+path+"?house="+d.others.Houses[0].String(), http.StatusNotFound)
		d.onlyViews(t).get(t, residentPath+path, http.StatusForbidden)
	}
	lines := d.exported(t, "resident.export")
	if len(lines) != 2 || strings.Contains(lines[0].After, who.Phone[7:]) || !strings.Contains(lines[0].After, "打码") {
		t.Errorf("%d lines of the audit log: %+v", len(lines), lines)
	}
}

// Whole numbers leave only when asked for, by who may see them, and the audit log
// knows.
func TestResidentExportWhole(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	who := d.mine.Residents[0]
	query := "?house=" + who.House.String()
	list := b.get(t, residentPath+query, http.StatusOK)
	asks := list.Find(`a[href^="`+residentPath+`/export?"]`).AttrOr("href", "")
	form := b.get(t, asks, http.StatusOK).Find("form.tx-confirm")
	if text := form.Text(); !strings.Contains(text, "房屋："+houseLabel(t, d, who.House)) {
		t.Errorf("does not say whose numbers: %q", text)
	}
	if len(d.exported(t, "resident.export")) != 0 {
		t.Fatal("asking exported")
	}
	rows := b.download(t, b.form(t, form.AttrOr("action", ""), url.Values{"confirmed": {"1"}}))
	if len(rows) < 2 || len(rows) == 1+len(d.mine.Residents) || rows[len(rows)-1][4] != who.Phone {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	if lines := d.exported(t, "resident.export"); len(lines) != 1 || !strings.Contains(lines[0].After, "完整") || strings.Contains(lines[0].After, who.Phone) {
		t.Errorf("%+v", lines)
	}
	sees := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView, core.PermResidentView, core.PermResidentReveal)
	sees.get(t, residentPath+"/export", http.StatusForbidden)
	sees.post(t, residentPath+"/export", url.Values{}, http.StatusForbidden)
	exports := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView, core.PermResidentView, core.PermResidentExport)
	exports.post(t, residentPath+"/export", url.Values{}, http.StatusForbidden)
	if page := exports.get(t, residentPath, http.StatusOK); page.Find(`a[href*="/export?"]`).Length() != 0 || page.Find("a[download]").Length() != 1 {
		t.Error("whole numbers are offered to who may not see them")
	}
}

func TestHouseExport(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	if _, err := d.store.CreateHouses(t.Context(), core.System, core.Everywhere, d.mine.Community, [][]string{{"9", "2", "=1+1"}}); err != nil {
		t.Fatal(err)
	}
	rows := b.sheet(t, housePath+"/export.xlsx")
	if len(rows) != 2+len(d.mine.Houses) || strings.Join(rows[0][:5], " ") != "小区 栋 单元 房间 房屋" {
		t.Fatalf("%d rows, columns %v", len(rows), rows[0])
	}
	if last := rows[len(rows)-1]; strings.Join(last[1:5], " ") != "9栋 2单元 =1+1 9栋2单元=1+1" || last[5] != "0" {
		t.Errorf("the last house: %v", last)
	}
	if n := len(b.sheet(t, housePath+"/export.xlsx?q="+url.QueryEscape("9栋"))); n != 2 {
		t.Errorf("%d rows of one building", n)
	}
	b.get(t, housePath+"/export.xlsx?community="+d.others.Community.String(), http.StatusNotFound)
	d.onlyViews(t).get(t, housePath+"/export.xlsx", http.StatusForbidden)
	if lines := d.exported(t, "house.export"); len(lines) != 2 || lines[0].Community != d.mine.Community {
		t.Errorf("%+v", lines)
	}
}
