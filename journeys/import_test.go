package journeys

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"tongxing/testkit/browser"
)

// fetches returns a workbook by the address of its link.
func (b *tab) fetches(path string) *excelize.File {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(
		`fetch(%q).then(r => r.blob()).then(f => new Promise(done => { const r = new FileReader();
		r.onload = () => done(r.result.split(",")[1]); r.readAsDataURL(f) }))`, path), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
	return book
}

// attaches fills in cells of a workbook's first sheet and puts it into a file field, as a person would choose it.
func (b *tab) attaches(selector, name string, book *excelize.File, cells map[string]string) {
	b.t.Helper()
	for at, value := range cells {
		if err := book.SetCellStr(book.GetSheetList()[0], at, value); err != nil {
			b.t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		b.t.Fatal(err)
	}
	b.await(selector, "document.readyState === 'complete' && document.querySelector(`"+selector+"`)")
	b.run(fmt.Sprintf(`(() => { const field = document.querySelector(%q), chosen = new DataTransfer();
		chosen.items.add(new File([Uint8Array.from(atob(%q), c => c.charCodeAt(0))], %q)); field.files = chosen.files;
		field.dispatchEvent(new Event("change", {bubbles: true})) })()`, selector, base64.StdEncoding.EncodeToString(out.Bytes()), name))
}

// The office downloads the template, fills it in with mistakes, imports what is right, corrects the file that comes back,
// imports it, and takes both back.
func TestOfficeImportsResidents(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	b := o.desk("manager", browser.Desktop)
	community := o.communities[0]
	o.open(b, "/console/resident", community)
	b.click(`a[href^="/console/import/new"]`)
	b.says("下载模板")
	book := b.fetches("/console/import/template.xlsx?community=" + community.ID.String())
	rows, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(rows) != 2 {
		t.Fatalf("the template is %q, %v", rows, err)
	}
	levels := rows[1][7:]
	row := func(n int, name, identity, phone string, house ...string) map[string]string {
		cells := map[string]string{fmt.Sprint("A", n): name, fmt.Sprint("C", n): identity, fmt.Sprint("E", n): phone}
		for i := range levels {
			cells[fmt.Sprint(string(rune('H'+i)), n)] = house[min(i, len(house)-1)]
		}
		return cells
	}
	for _, cells := range []map[string]string{
		row(3, "赵一一", "业主", "13711110001", "88", "1", "101"), row(4, "钱二二", "业主", "1371111", "88", "1", "102"),
	} {
		for at, value := range cells {
			if err := book.SetCellStr(book.GetSheetList()[0], at, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.picture("import-new")
	b.attaches(`input[name="file"]`, "住户.xlsx", book, nil)
	b.click(".tx-form-foot .btn-primary")
	b.says("导入正确的 1 行") // the page follows the reading by itself
	b.picture("import-preview")
	b.click(`form[action$="/write"] .btn-primary`)
	b.says("添加 1 名住户、1 套房屋")
	b.picture("import-done")
	faults := b.fetches(b.attribute(`a[href$="/errors.xlsx"]`, "href"))
	o.open(b, "/console/import/new", community)
	b.attaches(`input[name="file"]`, "住户-错误.xlsx", faults, map[string]string{"E4": "13711110002", "B3": "女"})
	b.click(".tx-form-foot .btn-primary")
	b.says("导入 2 行")
	b.click(`input[name="known"][value="skip"]`) // the numbers follow
	b.says("导入 1 行")
	b.click(`form[action$="/write"] .btn-primary`)
	b.says("添加 1 名住户、1 套房屋")
	for range 2 {
		b.click(`form[action$="/undo"] button`)
		b.click("dialog .btn-primary")
		b.says("已撤销")
		o.open(b, "/console/import")
		b.says("导入记录")
		if strings.Contains(b.text("tbody"), "已导入") {
			b.run(`[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("已导入")).querySelector("a").click()`)
			b.says("撤销本次")
		}
	}
	if text := b.text("tbody"); strings.Count(text, "已撤销") != 2 {
		t.Errorf("the imports: %s", text)
	}
	b.picture("import-list")
}

// attribute returns an attribute of an element.
func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	b.await(selector, "document.querySelector(`"+selector+"`)")
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).getAttribute(%q)", selector, name)))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}
