package access

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tongxing/testkit/desk"
)

// listBook returns a workbook as people have them: a hidden sheet first, a title above the column
// titles, a row hidden by a filter, a house number turned into a date.
func listBook(t *testing.T, hidden, shown, filtered string) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	day, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	_, err = book.NewSheet("名单")
	steps := []error{
		err, book.SetSheetRow("Sheet1", "A1", &[]any{hidden}), book.SetSheetRow("名单", "A1", &[]any{"限制出入名单"}),
		book.SetSheetRow("名单", "A2", &[]any{"序号", "*房　号（必填）"}), book.SetSheetRow("名单", "A3", &[]any{1, shown}),
		book.SetSheetRow("名单", "A4", &[]any{2, filtered}), book.SetSheetRow("名单", "A5", &[]any{3, 37657}),
		book.SetCellStyle("名单", "B5", "B5", day),
		book.SetRowVisible("名单", 4, false), book.MergeCell("名单", "A1", "B1"),
	}
	book.SetActiveSheet(1)
	for _, err := range append(steps, book.SetSheetVisible("Sheet1", false)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What a user sees in a workbook is what is read, and the page lists what was not.
func TestRestrictionListAsSeen(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	labels := []string{desk.HouseLabel(t, d, d.Mine.Houses[0]), desk.HouseLabel(t, d, d.Mine.Houses[1])}
	form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}}
	file := desk.SentFile{Field: restrictionFile, Name: "名单.xlsx", Content: listBook(t, labels[0], labels[1], labels[0])}
	page := b.UploadAs(t, restrictionPreviewPath, form, file, http.StatusOK)
	if pasted := page.Find(`textarea[name="pasted"]`).Text(); pasted != labels[1]+"\n2003-02-05" {
		t.Errorf("read as %q", pasted)
	}
	for i, ticked := range []int{0, 1} {
		if page.Find(`input[name="houses"][value="`+d.Mine.Houses[i].String()+`"][checked]`).Length() != ticked {
			t.Errorf("%s is ticked, or not", labels[i])
		}
	}
	if notes := page.Find("#list-notes").Text(); !strings.Contains(notes, "隐藏的 1 行没有读入") {
		t.Errorf("notes %q", notes)
	}
	if found := page.Find("#matches").Text(); !strings.Contains(found, "电子表格把房号变成了日期，请把这一列改成文本") {
		t.Errorf("a day is looked at as %q", found)
	}
	if len(d.Restrictions(t)) != 0 {
		t.Fatal("a file restricted a house unseen")
	}
}

// What a file may contain may also be pasted, and rejected input is not lost.
func TestRestrictionListPasted(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	one, two := desk.HouseLabel(t, d, d.Mine.Houses[0]), desk.HouseLabel(t, d, d.Mine.Houses[1])
	for _, pasted := range []string{
		"姓名\t房屋\r\n张三\t" + one + "\r\n李四\t" + two,
		"1、" + one + "（欠费）\r\n2、" + two + " 李四", one + "，" + two, "\ufeff\u202d" + one + "\u202c\r\n" + two,
	} {
		form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}, "pasted": {pasted}}
		page, _ := b.Post(t, restrictionPreviewPath, form, http.StatusOK)
		for _, house := range d.Mine.Houses[:2] {
			if page.Find(`input[name="houses"][value="`+house.String()+`"][checked]`).Length() != 1 {
				t.Errorf("%q: not ticked: %s", pasted, page.Find("#matches").Text())
			}
		}
	}
	form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}, "pasted": {one + "\a\r\n" + two}}
	page, _ := b.Post(t, restrictionPreviewPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "pasted")
	if kept := page.Find(`textarea[name="pasted"]`).Text(); !strings.Contains(kept, one) || !strings.Contains(kept, two) {
		t.Errorf("what was typed is lost: %q", kept)
	}
}

// hostileBook returns a workbook of 20 KB that claims to contain 2,500,000 formats.
func hostileBook(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"xl/workbook.xml": `<workbook><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="r2" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c s="1"><v>1</v></c></row></sheetData></worksheet>`,
		"xl/styles.xml":            `<styleSheet><cellStyleXfs>` + strings.Repeat(`<xf/>`, 2_500_000) + `</cellStyleXfs></styleSheet>`,
	} {
		part, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content)) // writes to memory
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Six workbooks that would take gigabytes are rejected one after the other.
func TestRestrictionListHostile(t *testing.T) {
	d := newDesk(t)
	content := hostileBook(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	t.Run("at once", func(t *testing.T) {
		for range 6 {
			b := d.Registrar(t)
			t.Run("", func(t *testing.T) {
				t.Parallel()
				form := url.Values{"community": {d.Mine.Community.String()}, "act": {"paste"}, "reason": {"居家"}}
				page := b.UploadAs(
					t, restrictionPreviewPath, form,
					desk.SentFile{Field: restrictionFile, Name: "名单.xlsx", Content: content},
					http.StatusUnprocessableEntity,
				)
				if got := page.Find("#f-file-error").Text(); !strings.Contains(got, "单元格格式过多") || desk.InputValue(page, "reason") != "居家" {
					t.Errorf("told %q", got)
				}
			})
		}
	})
	runtime.ReadMemStats(&after)
	if total := after.TotalAlloc - before.TotalAlloc; total > 6*64<<20 {
		t.Errorf("handed out %d MiB", total>>20)
	}
}
