package registry

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/testkit/desk"
	"tongxing/testkit/office"
)

var update = flag.Bool("update", false, "make the files in testdata anew, with LibreOffice")

// officePeople are those of every list in testdata: name, sex, identity, lease, phone, ID number, building, unit, room, as
// they are imported.
var officePeople = strings.Split(strings.TrimSpace(`
张三|male|owner||13711120001|11010119900307109X|88|1|101
阿卜杜拉·买买提|male|lodger|2027-01-31|13711120002|E12345678|88|1|102
𠮷田𠮷|female|lodger|2027-02-28|13711120003||88|1|103
欧阳 静|female|lodger|2027-03-31|13711120004||88|1|104
李四|female|lodger|2027-04-30|13711120005||88|2|101
王五|male|lodger|2027-05-31|13711120006|110101199003070003|88|2|102
赵六|male|lodger|2027-06-30|13711120007||89|1|0801
钱七||tenant||0755-81234567||89|1|802
孙八|female|lodger|2027-07-31|13711120009||89|1|803
周九|male|lodger|2027-08-31|13711120010||89|1|804`), "\n")

// officeDays are the forms in which the lists have a day: of what it is made, and its format; no format = text.
var officeDays = []struct {
	value  func(day time.Time) any
	format string
}{
	{value: func(day time.Time) any { return day.Format("2006-01-02") }},
	{value: func(day time.Time) any { return day }, format: "yyyy/m/d"},
	{value: func(day time.Time) any { return day }, format: `yyyy"年"m"月"d"日"`},
	{value: func(day time.Time) any { return day.Format("2006年1月2日") }},
	{value: func(day time.Time) any { return day.Format("2006.1.2") }},
	{value: func(day time.Time) any { return day.Add(13 * time.Hour) }, format: "yyyy-mm-dd hh:mm"},
	{value: func(day time.Time) any { return day }, format: "d-mmm-yy"},
	{value: func(day time.Time) any { return day.Format("20060102") }},
	{value: func(day time.Time) any { return int(day.Unix()/86_400) + 25_569 }},
	{value: func(day time.Time) any { return day.Format("2006/1/2 00:00:00") }},
}

// officeBook is a list as people make it.
type officeBook struct {
	*excelize.File
	t     *testing.T
	sheet string
}

func (b *officeBook) try(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *officeBook) set(column string, row int, value any) {
	b.t.Helper()
	b.try(b.SetCellValue(b.sheet, fmt.Sprint(column, row), value))
}

func (b *officeBook) format(column string, row int, format string) {
	b.t.Helper()
	style, err := b.NewStyle(&excelize.Style{CustomNumFmt: &format})
	b.try(err)
	at := fmt.Sprint(column, row)
	b.try(b.SetCellStyle(b.sheet, at, at, style))
}

// day writes the day of somebody in the form of their row.
func (b *officeBook) day(column string, row, n int, text string) {
	b.t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return // they have none
	}
	form := officeDays[n%len(officeDays)]
	b.set(column, row, form.value(day))
	if form.format != "" {
		b.format(column, row, form.format)
	}
}

func (b *officeBook) bytes() []byte {
	b.t.Helper()
	var out bytes.Buffer
	b.try(b.Write(&out))
	b.try(b.Close())
	return out.Bytes()
}

var (
	officeSexes      = map[string]string{"male": "男", "female": "女", "": ""}
	officeIdentities = map[string]string{"owner": "业主", "lodger": "限期租客", "tenant": "长期租客"}
)

// officeBooks make the lists, by the names of their files.
var officeBooks = map[string]func(t *testing.T) []byte{
	"template": officeTemplate, "export": officeExport, "groups": officeGroups,
}

// officeFaultBook is the list with errors, in a folder of its own.
const officeFaultBook = "wrong/wrong"

// officeTemplate is our own template, filled in with text.
func officeTemplate(t *testing.T) []byte {
	c := core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()}
	var out bytes.Buffer
	if err := sheet.WriteTemplate(&out, importTemplateBook("住户信息", core.ImportResidents, c)); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	b := &officeBook{File: file, t: t, sheet: file.GetSheetList()[0]}
	for n, person := range officePeople {
		p, row := strings.Split(person, "|"), n+3
		for column, text := range map[string]string{
			"A": p[0], "B": officeSexes[p[1]], "C": officeIdentities[p[2]], "E": p[4], "F": strings.ToLower(p[5]),
			"H": p[6], "I": p[7], "J": p[8],
		} {
			b.set(column, row, text)
		}
		b.day("D", row, n, p[3])
	}
	return b.bytes()
}

// officeExport is what other products export: a title above, another order, columns of their own, numbers that are numbers,
// names in rich text and by formulas, buildings merged over their rows, blank rows, invisible characters.
func officeExport(t *testing.T) []byte {
	b := &officeBook{File: excelize.NewFile(), t: t, sheet: "Sheet1"}
	b.set("A", 1, "翠湖花园业主资料（2026年11月）")
	b.try(b.MergeCell(b.sheet, "A1", "J1"))
	b.try(b.SetSheetRow(b.sheet, "A2", &[]any{
		"序号", "楼栋", "单元号", "房号", "建筑面积(㎡)", "业主姓名*", "手机号码", "身份证号", "人员类型", "性别", "到期日期", "车牌",
	}))
	row := 3
	for n, person := range officePeople {
		p := strings.Split(person, "|")
		if n%3 == 2 {
			row++ // blank
		}
		b.set("A", row, n+1)
		if n%8 == 1 {
			b.try(b.MergeCell(b.sheet, fmt.Sprint("B", row-1), fmt.Sprint("B", row)))
		} else {
			b.set("B", row, p[6]+[]string{"栋", "号楼", "幢"}[n%3])
		}
		b.try(b.SetCellInt(b.sheet, fmt.Sprint("C", row), int64(p[7][0]-'0')))
		b.set("E", row, 89.5)
		b.officeRoom(row, p[8])
		b.officeName(row, n, p[0])
		b.set("H", row, p[5])
		b.set("I", row, map[string]string{"owner": "户主", "lodger": "限期租客", "tenant": "租客"}[p[2]])
		b.set("J", row, map[string]string{"male": "M", "female": "女士", "": ""}[p[1]])
		if p[4][0] == '1' {
			phone := 0
			_, err := fmt.Sscan(p[4], &phone)
			b.try(err)
			b.set("G", row, phone)
		} else {
			b.set("G", row, p[4])
		}
		b.day("K", row, n, p[3])
		row++
	}
	return b.bytes()
}

// officeRoom writes a room as a number that is shown with its zeros, or by a formula.
func (b *officeBook) officeRoom(row int, room string) {
	b.t.Helper()
	switch {
	case room[0] == '0':
		n := 0
		_, err := fmt.Sscan(strings.TrimLeft(room, "0"), &n)
		b.try(err)
		b.set("D", row, n)
		b.format("D", row, "0000")
	case row%2 == 0:
		b.try(b.SetCellFormula(b.sheet, fmt.Sprint("D", row), room+"+0"))
	default:
		b.set("D", row, room)
	}
}

// officeName writes a name in one of the ways in which lists have them.
func (b *officeBook) officeName(row, n int, name string) {
	b.t.Helper()
	at := fmt.Sprint("F", row)
	runes := []rune(name)
	switch n % 4 {
	case 0:
		b.try(b.SetCellRichText(b.sheet, at, []excelize.RichTextRun{
			{Text: string(runes[:1]), Font: &excelize.Font{Bold: true, Color: "FF0000"}}, {Text: string(runes[1:])},
		}))
	case 1:
		b.try(b.SetCellFormula(b.sheet, at, `"`+string(runes[:1])+`"&"`+string(runes[1:])+`"`))
	case 2:
		b.set("F", row, "\u200b"+name+"　")
	default:
		b.set("F", row, name)
	}
}

// officeGroups has a heading of two rows whose groups are merged, the whole house in one column, a hidden row, a second
// sheet, and wide digits.
func officeGroups(t *testing.T) []byte {
	b := &officeBook{File: excelize.NewFile(), t: t, sheet: "Sheet1"}
	_, err := b.NewSheet("说明")
	b.try(err)
	b.try(b.SetCellValue("说明", "A1", "填写说明"))
	b.try(b.SetSheetRow(b.sheet, "A1", &[]any{"房屋", "住户", nil, nil, "联系方式", nil, "租赁"}))
	for _, cells := range [][2]string{{"A1", "A2"}, {"B1", "D1"}, {"E1", "F1"}} {
		b.try(b.MergeCell(b.sheet, cells[0], cells[1]))
	}
	b.try(b.SetSheetRow(b.sheet, "B2", &[]any{"姓名/Name", "性别/Sex", "身份", "手机（必填）", "证件号", "租约到期日期"}))
	wide := strings.NewReplacer(
		"0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９", "-", "－",
	)
	for n, person := range officePeople {
		p, row := strings.Split(person, "|"), n+3
		house := fmt.Sprintf([]string{"%s-%s-%s", "%s栋%s单元%s", "%s/%s/%s", "%s号楼%s单元%s"}[n%4], p[6], p[7], p[8])
		phone := p[4]
		if n%2 == 1 {
			phone = wide.Replace(phone)
		}
		b.try(b.SetSheetRow(b.sheet, fmt.Sprint("A", row), &[]any{
			house, p[0], officeSexes[p[1]], officeIdentities[p[2]], phone, strings.ToLower(p[5]),
		}))
		b.day("G", row, n, p[3])
	}
	last := len(officePeople) + 3
	b.try(b.SetSheetRow(b.sheet, fmt.Sprint("A", last), &[]any{"88-1-101", "作废", "男", "业主", "13711120099"}))
	b.try(b.SetRowVisible(b.sheet, last, false))
	return b.bytes()
}

// TestMakeOfficeFiles makes the files in testdata when asked to: see its README.
func TestMakeOfficeFiles(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	books := maps.Clone(officeBooks)
	books[officeFaultBook] = officeWrong
	for name, book := range books {
		for ending, filter := range map[string]string{"xls": office.Old, "xlsx": office.Book} {
			path := filepath.Join("testdata", name+"."+ending)
			if err := os.WriteFile(path, office.Save(t, book(t), filter), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Lists that LibreOffice saved, in both formats, are uploaded, previewed, imported and taken back: each has the same people,
// however it is laid out.
func TestListsOfLibreOfficeAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	files, err := filepath.Glob(filepath.Join("testdata", "*.xls*"))
	if err != nil || len(files) != 2*len(officeBooks) {
		t.Fatalf("files %v, %v", files, err)
	}
	var want []string
	for _, person := range officePeople {
		p := strings.Split(person, "|")
		want = append(want, fmt.Sprintf("%s|%s栋%s单元%s", strings.Join(p[:6], "|"), p[6], p[7], p[8]))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			imp := uploaded(t, d, b, "住户"+filepath.Ext(path), content)
			if imp.State != core.ImportPreview {
				t.Fatalf("it is %s: %s", imp.State, imp.Problem)
			}
			if got := officeRows(t, d, imp); !slices.Equal(got, want) {
				t.Fatalf("rows are\n%s", strings.Join(got, "\n"))
			}
			imp = written(t, d, b, imp, url.Values{"known": {"update"}, "ties": {"1"}, "all": {"1"}})
			if n := imp.Written.Of(core.ImportNew); imp.State != core.ImportDone || n != len(officePeople) {
				t.Errorf("written: %s, %d", imp.State, n)
			}
			b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
			if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// officeRows returns the rows of an import as officePeople has them, each with what is wrong with it.
func officeRows(t *testing.T, d *desk.Desk, imp core.Import) []string {
	t.Helper()
	rows, _, err := d.Store.ImportRows(t.Context(), imp, store.ImportRowFilter{Page: store.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, row := range rows {
		v := row.Values
		text := strings.Join(append(slices.Clone(v[:6]), row.Label), "|")
		for _, wrong := range row.Wrong {
			text += " !" + wrong.Column + " " + wrong.Words
		}
		texts = append(texts, text)
	}
	return texts
}
