package registry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func noStep(int64, int64) error { return nil }

// Readers are imported by those who may change them: the template is read back, what is wrong is named, and what was added is taken back.
func TestReadersAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermReaderEdit)
	book := download(t, b, readerImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) == 0 || !strings.HasPrefix(strings.Join(head[len(head)-1], "|"), "名称|所在的门|方向|协议|设备号|分组|服务楼栋|通行证|") {
		t.Fatalf("the template is %q, %v", head, err)
	}
	row := len(head) + 1
	cells := map[string]string{}
	vguang := core.ProtocolLabel(core.ProtocolVguang)
	for n, line := range []string{"西门出口<b>|西门|出|" + vguang + "|X1", "西门入口|西门|进门|vbar|X2", "北门|北门|斜着|vbar|X3"} {
		for i, text := range strings.Split(line, "|") {
			cells[string(rune('A'+i))+strconv.Itoa(row+n)] = text
		}
	}
	before := len(d.Readers(t))
	imp := uploaded(t, d, b, "读头.xlsx", fill(t, book, cells))
	text := strings.Join(strings.Fields(b.Get(t, frame.ImportURL(imp.ID), http.StatusOK).Find("main").Text()), " ")
	for _, words := range []string{"新读头", "导入正确的 2 行", "西门出口<b>", vguang, "方向应为进门或出门"} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
	imp = written(t, d, b, imp, url.Values{})
	if n := len(d.Readers(t)) - before; n != 2 {
		t.Errorf("%d readers were added", n)
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil || len(d.Readers(t)) != before {
		t.Errorf("%d readers after undoing, %v", len(d.Readers(t)), err)
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Get(t, readerImportPath, http.StatusForbidden)
}

// uploaded uploads a file and reads it as the server's job does.
func uploaded(t *testing.T, d *desk.Desk, b *desk.Clerk, name string, content []byte) core.Import {
	t.Helper()
	form := url.Values{"community": {d.Mine.Community.String()}}
	path := frame.ImportPath
	if strings.HasPrefix(name, "欠费") {
		path = houseArrearsPath
	}
	if strings.HasPrefix(name, "员工") {
		path = staffImportPath
	}
	if strings.HasPrefix(name, "成员") {
		path = memberImportPath
	}
	if strings.HasPrefix(name, "黑名单") {
		path = visitorBlockImportPath
	}
	if strings.HasPrefix(name, "读头") {
		path = readerImportPath
	}
	b.UploadAs(t, path, form, desk.SentFile{Field: importFileField, Name: name, Content: content}, http.StatusSeeOther)
	imp := latest(t, d)
	if page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK); page.Find("#job progress").Length() != 1 {
		t.Error("no progress while it is read")
	}
	return reread(t, d, imp.ID)
}

// Who may import staff alone, or changes residents but no houses, is offered no list of residents: the form would refuse them.
func TestImportIsOfferedToWhoMay(t *testing.T) {
	d := newDesk(t)
	view := []core.Permission{core.PermResidentView, core.PermHouseView, core.PermCommunityView, core.PermCommunityEdit}
	for _, who := range []struct {
		may  []core.Permission
		want bool
	}{
		{[]core.Permission{core.PermResidentEdit, core.PermStaffEdit, core.PermStaffView}, false},
		{[]core.Permission{core.PermHouseEdit}, false},
		{[]core.Permission{core.PermResidentEdit, core.PermHouseEdit}, true},
	} {
		b := d.SignIn(t, core.ScopeOf(d.Mine.Community), append(who.may, view...)...)
		for _, path := range []string{frame.ResidentPath, frame.CommunityPath, frame.ImportPath} {
			page := b.Get(t, path, http.StatusOK)
			if n := page.Find(`main a[href^="` + frame.ImportPath + `/new"]`).Length(); n > 0 != who.want {
				t.Errorf("%v: %s offers it %d times", who.may, path, n)
			}
		}
		status := http.StatusForbidden
		if who.want {
			status = http.StatusOK
		}
		b.Get(t, frame.ImportPath+"/new", status)
	}
}

func latest(t *testing.T, d *desk.Desk) core.Import {
	t.Helper()
	list, _, err := d.Store.Imports(t.Context(), core.Everywhere, store.ImportFilter{
		Kinds: []core.ImportKind{core.ImportResidents, core.ImportArrears, core.ImportStaff, core.ImportMembers, core.ImportBlocks,
			core.ImportReaders},
	})
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	return list[0]
}

func reread(t *testing.T, d *desk.Desk, id core.ID) core.Import {
	t.Helper()
	if _, err := d.Store.ReadImport(t.Context(), id, OpenImport, noStep); err != nil {
		t.Fatal(err)
	}
	imp, err := d.Store.Import(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

// written chooses on the preview and writes as the server's job does.
func written(t *testing.T, d *desk.Desk, b *desk.Clerk, imp core.Import, form url.Values) core.Import {
	t.Helper()
	form.Set("seen", strconv.FormatInt(imp.Updated.UnixMilli(), 10))
	b.Post(t, frame.ImportURL(imp.ID)+"/write", form, http.StatusSeeOther)
	if _, err := d.Store.WriteImportRows(t.Context(), imp.ID, noStep); err != nil {
		t.Fatal(err)
	}
	imp, err := d.Store.Import(t.Context(), core.Everywhere, imp.ID)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

// download returns a workbook.
func download(t *testing.T, b *desk.Clerk, path string) *excelize.File {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	book, err := excelize.OpenReader(response.Body)
	if err != nil {
		t.Fatal(response.Status, err)
	}
	return book
}

func fill(t *testing.T, book *excelize.File, cells map[string]string) []byte {
	t.Helper()
	name := book.GetSheetList()[0]
	for at, value := range cells {
		if err := book.SetCellStr(name, at, value); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var (
	allChosen = url.Values{"known": {"update"}, "ties": {"1"}, "all": {"0"}}
	registrar = []core.Permission{core.PermResidentView, core.PermResidentEdit, core.PermHouseView, core.PermHouseEdit}
)

// The template is filled in with a mistake, imported but for that row, corrected in the file that comes back, and imported;
// then everything is taken back.
func TestResidentsAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	b.Get(t, frame.ImportPath+"/new?community="+d.Mine.Community.String(), http.StatusOK)
	book := download(t, b, frame.ImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) != 2 || strings.Join(head[1][:7], "|") != "姓名|性别|身份|租约到期时间|手机|证件号（如身份证，护照）|小区" {
		t.Fatalf("the template is %q, %v", head, err)
	}
	imp := uploaded(t, d, b, "住户.xlsx", fill(t, book, map[string]string{
		"A3": "赵一", "B3": "男", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "101",
		"A4": "钱二", "C4": "业主", "E4": "1371111", "H4": "88", "I4": "1", "J4": "102",
	}))
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "导入正确的 1 行") ||
		!strings.Contains(text, "有错误的 1 行不会导入") || strings.Contains(text, "13711110001") {
		t.Errorf("the preview: %s", strings.Join(strings.Fields(text), " "))
	}
	b.Get(t, frame.ImportURL(imp.ID)+"?rows=wrong&fault="+url.QueryEscape("手机有误"), http.StatusOK)
	imp = written(t, d, b, imp, allChosen)
	if page = b.Get(t, frame.ImportURL(imp.ID), http.StatusOK); desk.Fact(page, "结果") != "添加 1 名住户、1 套房屋，1 行没有导入" {
		t.Errorf("result %q", desk.Fact(page, "结果"))
	}
	faults := download(t, b, frame.ImportURL(imp.ID)+"/errors.xlsx")
	rows, err := faults.GetRows(faults.GetSheetList()[0])
	if err != nil || len(rows) != 4 || !strings.Contains(strings.Join(rows[3], "|"), "手机：号码有误") {
		t.Fatalf("the faults: %q, %v", rows, err)
	}
	// A colleague who may not see whole numbers gets the rows at fault, masked.
	colleague := download(t, d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...), frame.ImportURL(imp.ID)+"/errors.xlsx")
	rows, err = colleague.GetRows(colleague.GetSheetList()[0])
	if text := fmt.Sprint(rows); err != nil || len(rows) != 2 || !strings.Contains(text, "手机：号码有误") ||
		strings.Contains(text, "1371111 ") || strings.Contains(text, "赵一") {
		t.Errorf("a colleague gets %q, %v", rows, err)
	}
	again := uploaded(t, d, b, "住户-错误.xlsx", fill(t, faults, map[string]string{"E4": "13711110002"}))
	if again.Counts.Of(core.ImportWrong) != 0 || again.Counts.Of(core.ImportSame) != 1 || again.Counts.Of(core.ImportNew) != 1 {
		t.Fatalf("the corrected file: %v", again.Counts)
	}
	again = written(t, d, b, again, allChosen)
	for _, i := range []core.Import{again, imp} {
		b.Post(t, frame.ImportURL(i.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
		if _, err := d.Store.UndoImportRows(t.Context(), i.ID, noStep); err != nil {
			t.Fatal(err)
		}
	}
	found, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
		Keyword: "13711110001", Page: store.Page{Limit: 9},
	})
	if err != nil || len(found) != 0 {
		t.Errorf("after undoing: %v, %v", found, err)
	}
	if text := b.Get(t, frame.ImportPath, http.StatusOK).Find("tbody").Text(); strings.Count(text, "已撤销") != 2 {
		t.Errorf("the list: %s", strings.Join(strings.Fields(text), " "))
	}
}

// A row that cannot be written any more comes back like those of the preview: in the tab, in the numbers, and marked in the file.
func TestRowsThatChangedSinceComeBack(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	template := frame.ImportPath + "/template.xlsx?community=" + d.Mine.Community.String()
	cells := map[string]string{
		"A3": "赵一", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "101",
		"A4": "钱二", "C4": "业主", "E4": "13711110002", "H4": "88", "I4": "1", "J4": "102",
	}
	written(t, d, b, uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), cells)), allChosen)
	cells["B3"], cells["B4"] = "男", "女"
	imp := uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), cells))
	if imp.Counts.Of(core.ImportChanged) != 2 {
		t.Fatalf("read: %v", imp.Counts)
	}
	found, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
		Community: d.Mine.Community, Keyword: "赵一", Page: store.Page{Limit: 9},
	})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if err := d.Store.MoveOut(t.Context(), core.System, core.Everywhere, found[0].ID); err != nil {
		t.Fatal(err)
	}
	written(t, d, b, imp, allChosen)
	at := frame.ImportURL(imp.ID)
	page := b.Get(t, at, http.StatusOK)
	if desk.Fact(page, "没有导入") != "1 行，预览后登记有变化" || desk.Fact(page, "结果") != "修改 1 名住户，1 行没有导入" {
		t.Errorf("the page: %q, %q", desk.Fact(page, "没有导入"), desk.Fact(page, "结果"))
	}
	if tab := page.Find(`main nav a[href*="rows=wrong"]`); tab.Length() != 1 || !strings.Contains(tab.Text(), "1") {
		t.Errorf("the tab: %q", tab.Text())
	}
	if page.Find(`main a[href="`+at+`/errors.xlsx"]`).Length() != 1 {
		t.Error("the page has no link to the file")
	}
	faults := download(t, b, at+"/errors.xlsx")
	rows, err := faults.GetRows(faults.GetSheetList()[0])
	if err != nil || len(rows) != 4 || !strings.Contains(strings.Join(rows[2], "|"), "预览之后登记有变化：这位住户已迁出") {
		t.Errorf("the file: %q, %v", rows, err)
	}
	if list := b.Get(t, at+"?rows=wrong", http.StatusOK).Find("table.tx-whole-rows tbody tr"); list.Length() != 1 {
		t.Errorf("%d rows are listed", list.Length())
	}
}

// What the program exports can be imported: of houses, and of residents with whole numbers, nothing changes.
func TestExportsAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	sent := func(request *http.Request) []byte {
		t.Helper()
		response, err := b.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response.Status, err)
		}
		return content
	}
	for _, r := range []core.Resident{
		{Name: "孙小", Identity: core.Family}, {Name: "孙老", Identity: core.Family, IDNumber: "E12345678"},
		{Name: "孙大", Identity: core.Family, Phone: d.Mine.Residents[0].Phone, PhoneShared: true},
	} {
		r.Community, r.House = d.Mine.Community, d.Mine.Houses[0]
		if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, r); err != nil {
			t.Fatal(err)
		}
	}
	houses, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+frame.HousePath+"/export.xlsx?community="+
		d.Mine.Community.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	residents := b.Form(t, frame.ResidentPath+"/export?community="+d.Mine.Community.String(), url.Values{
		"confirmed": {"1"}, templates.TypedField: {"完整号码"}, templates.PurposeField: {"社区核对"},
	})
	for name, content := range map[string][]byte{"房屋.xlsx": sent(houses), "住户.xlsx": sent(residents)} {
		imp := uploaded(t, d, b, name, content)
		if imp.State != core.ImportPreview || imp.Counts.Rows() == 0 || imp.Counts.Of(core.ImportSame) != imp.Counts.Rows() {
			t.Errorf("%s: %s %v %s", name, imp.State, imp.Counts, imp.Problem)
		}
	}
}

// What houses owe is imported by those who may change houses alone: old and new are shown side by side, then written, and
// taken back.
func TestArrearsAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermHouseView, core.PermHouseEdit)
	if b.Get(t, frame.HousePath, http.StatusOK).Find(`a[href^="`+houseArrearsPath+`"]`).Length() != 1 {
		t.Error("no way from the list of houses")
	}
	b.Get(t, houseArrearsPath+"?community="+d.Mine.Community.String(), http.StatusOK)
	book := download(t, b, houseArrearsPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) == 0 || strings.Join(head[len(head)-1], "|") != "房屋|欠费（元）|备注" {
		t.Fatalf("the template is %q, %v", head, err)
	}
	house, err := d.Store.House(t.Context(), core.Everywhere, d.Mine.Houses[0])
	if err != nil {
		t.Fatal(err)
	}
	row := len(head) + 1
	imp := uploaded(t, d, b, "欠费.xlsx", fill(t, book, map[string]string{
		"A" + strconv.Itoa(row): house.Label, "B" + strconv.Itoa(row): "1280.5", "C" + strconv.Itoa(row): "2026年物业费",
		"A" + strconv.Itoa(row+1): "99-9-999", "B" + strconv.Itoa(row+1): "1",
	}))
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	text := strings.Join(strings.Fields(page.Find("main").Text()), " ")
	for _, words := range []string{"无欠费 → 1,280.50 元", "空 → 2026年物业费", "导入正确的 1 行", "没有“99栋9单元999”", house.Label} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
	if strings.Contains(text, "名住户") || page.Find(`input[name="known"], input[name="ties"]`).Length() != 0 {
		t.Errorf("it asks about residents: %s", text)
	}
	if imp = written(t, d, b, imp, url.Values{"all": {"0"}}); imp.State != core.ImportDone {
		t.Fatalf("it is %s", imp.State)
	}
	show := b.Get(t, frame.HouseURL(house.ID), http.StatusOK)
	if got := desk.Fact(show, "欠费"); got != "欠费 1,280.50 元（2026年物业费）" {
		t.Errorf("the house: %q", got)
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil {
		t.Fatal(err)
	}
	if got := desk.Fact(b.Get(t, frame.HouseURL(house.ID), http.StatusOK), "欠费"); got != "无欠费" {
		t.Errorf("after undoing: %q", got)
	}
	if text := b.Get(t, frame.ImportPath, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "欠费") {
		t.Errorf("the list: %s", text)
	}
	b.Get(t, frame.ImportPath+"/new", http.StatusForbidden)
	residents := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermResidentEdit)
	residents.Get(t, frame.ImportURL(imp.ID), http.StatusNotFound)
	residents.Get(t, houseArrearsPath, http.StatusForbidden)
}

// Staff are imported by those who may change staff: the template is read back, one row of it is wrong; what was added is
// taken back.
func TestStaffAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermStaffView, core.PermStaffEdit)
	if b.Get(t, frame.StaffPath, http.StatusOK).Find(`a[href^="`+staffImportPath+`"]`).Length() == 0 {
		t.Error("no way from the list of staff")
	}
	book := download(t, b, staffImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) == 0 || strings.Join(head[len(head)-1], "|") !=
		"姓名|性别|手机|住址|所属部门（工程部—维修组）|职位|职级|服务小区|微信" {
		t.Fatalf("the template is %q, %v", head, err)
	}
	row := len(head) + 1
	cells := map[string]string{}
	for i, text := range []string{"张三", "男", "13700000001", "幸福路 1 号", "工程部—维修组", "维修员"} {
		cells[string(rune('A'+i))+strconv.Itoa(row)] = text
	}
	for i, text := range []string{"李四", "男", "110", "", "工程部"} {
		cells[string(rune('A'+i))+strconv.Itoa(row+1)] = text
	}
	imp := uploaded(t, d, b, "员工.xlsx", fill(t, book, cells))
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	text := strings.Join(strings.Fields(page.Find("main").Text()), " ")
	for _, words := range []string{"新员工", "导入正确的 1 行", "请填写职位", "请填写 11 位手机号"} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
	for _, words := range []string{"13700000001", "幸福路", "住户"} {
		if strings.Contains(text, words) {
			t.Errorf("the preview says %q: %s", words, text)
		}
	}
	// The file is its importer's: who else may see whole numbers gets the rows at fault alone.
	other := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermStaffView, core.PermStaffEdit, core.PermResidentReveal)
	for who, whole := range map[*desk.Clerk]bool{b: true, other: false} {
		file := download(t, who, frame.ImportURL(imp.ID)+"/errors.xlsx")
		rows, err := file.GetRows(file.GetSheetList()[0])
		if err != nil || strings.Contains(fmt.Sprint(rows), "张三") != whole || !strings.Contains(fmt.Sprint(rows), "李四") {
			t.Errorf("whole %t: %v, %v", whole, rows, err)
		}
	}
	if imp = written(t, d, b, imp, url.Values{"known": {"fill"}, "all": {"0"}}); imp.State != core.ImportDone {
		t.Fatalf("it is %s", imp.State)
	}
	if n := b.Get(t, frame.StaffPath, http.StatusOK).Find("#list-body tbody tr").Length(); n != 1 {
		t.Errorf("%d were imported", n)
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil {
		t.Fatal(err)
	}
	if n := b.Get(t, frame.StaffPath, http.StatusOK).Find("#list-body tbody tr").Length(); n != 0 {
		t.Errorf("%d are there after undoing", n)
	}
}

// Members of an institution are imported by those who may change them: the template is read back, one row is wrong, and a
// known one's old day is shown with the new one; what was added is taken back.
func TestMembersAreImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermInstitutionView, core.PermInstitutionEdit)
	book := download(t, b, memberImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) == 0 || strings.Join(head[len(head)-1], "|") != "机构|姓名|手机号|身份证号|有效期起|有效期止|备注" {
		t.Fatalf("the template is %q, %v", head, err)
	}
	institution, err := d.Store.CreateInstitution(t.Context(), core.System, core.Everywhere, core.Institution{
		Name: "顺丰速运", Communities: []core.ID{d.Mine.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	today := core.DayOf(d.Store.Now(), d.Store.Zone())
	if _, err := d.Store.CreateMember(t.Context(), core.System, core.Everywhere, core.Member{
		Institution: institution, Name: "骑手甲", Phone: "13700000001", From: today, Until: today + 10,
	}); err != nil {
		t.Fatal(err)
	}
	row, until := len(head)+1, (today + 90).String()
	cells := map[string]string{}
	for n, line := range []string{
		"顺丰速运|骑手甲|13700000001|||" + until + "|老员工", "顺丰速运|骑手乙|13700000002|11010119900307109x||" + until,
		"没有的|骑手丙|13700000003|||" + until,
	} {
		for i, text := range strings.Split(line, "|") {
			cells[string(rune('A'+i))+strconv.Itoa(row+n)] = text
		}
	}
	imp := uploaded(t, d, b, "成员.xlsx", fill(t, book, cells))
	text := strings.Join(strings.Fields(b.Get(t, frame.ImportURL(imp.ID)+"?known=update", http.StatusOK).Find("main").Text()), " ")
	for _, words := range []string{
		"新成员", "导入正确的 2 行", "没有机构“没有的”", "已登记的成员", (today + 10).String() + " → " + until, "按手机号识别",
	} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
	for _, words := range []string{"13700000002", "11010119900307109", "老员工", "住户"} {
		if strings.Contains(text, words) {
			t.Errorf("the preview says %q: %s", words, text)
		}
	}
	if imp = written(t, d, b, imp, url.Values{"known": {"update"}, "all": {"0"}}); imp.State != core.ImportDone {
		t.Fatalf("it is %s", imp.State)
	}
	members := func() int {
		t.Helper()
		n, err := d.Store.CountMembers(t.Context(), core.ScopeOf(d.Mine.Community), store.MemberFilter{Institution: institution})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := members(); n != 2 {
		t.Errorf("%d members after it", n)
	}
	if text := b.Get(t, frame.ImportPath, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "机构成员") {
		t.Errorf("the list: %s", text)
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil {
		t.Fatal(err)
	}
	if n := members(); n != 1 {
		t.Errorf("%d members after undoing", n)
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...).Get(t, frame.ImportURL(imp.ID), http.StatusNotFound)
}

// What a cell is that holds no content, and which columns are left out, is said in words; the column that files come back with
// is not among those.
func TestPreviewSaysWhatIsNoContent(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	book := excelize.NewFile()
	name := book.GetSheetList()[0]
	for at, value := range map[string]any{
		"A1": "姓名", "B1": "身份", "C1": "手机", "D1": "栋", "E1": "单元", "F1": "房间", "G1": "建筑面积", "H1": sheet.FaultColumn, "I1": "错误说明",
		"B2": "业主", "C2": "13711110001", "D2": "88", "E2": "1", "F2": "101", "G2": 89.5, "H2": "别家的",
		"A3": true, "B3": "业主", "C3": "13711110002", "D3": "88", "E3": "1", "F3": "102",
	} {
		if err := book.SetCellValue(name, at, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetCellFormula(name, "A2", "NOBODY()"); err != nil {
		t.Fatal(err)
	}
	imp := uploaded(t, d, b, "住户.xlsx", fill(t, book, nil))
	text := strings.Join(strings.Fields(b.Get(t, frame.ImportURL(imp.ID), http.StatusOK).Find("main").Text()), " ")
	for _, words := range []string{"还没有算出结果", "（是或否），不是内容", "没有导入的列：“建筑面积”“错误说明”。"} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
}

// Of a list without a heading the first row is a person: imported, and neither remembered as a heading nor logged.
func TestAListWithoutAHeading(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	imp := uploaded(t, d, b, "名单.csv", []byte("孙三,男,业主,13711110003,88,1,101\n钱五,女,业主,13711110005,88,1,102\n"))
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	if text := page.Find("main").Text(); strings.Contains(text, "13711110003") || !strings.Contains(text, "第 4 列（D）") {
		t.Errorf("the mapping: %s", strings.Join(strings.Fields(text), " "))
	}
	if page.Find(`input[name=first][value=record][checked]`).Length() != 1 {
		t.Error("it takes a person for a heading")
	}
	form := url.Values{
		"first": {"record"}, "column0": {"name"}, "column1": {"sex"}, "column2": {"identity"}, "column3": {"phone"},
		"column4": {"level0"}, "column5": {"level1"}, "column6": {"level2"},
		"seen": {page.Find("input[name=seen]").AttrOr("value", "")},
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/columns", form, http.StatusSeeOther)
	if imp = reread(t, d, imp.ID); imp.State != core.ImportPreview || imp.Counts.Of(core.ImportNew) != 2 {
		t.Fatalf("mapped: %s %v", imp.State, imp.Counts)
	}
	b.Get(t, frame.ImportURL(imp.ID)+"?map=1", http.StatusOK)
	acts := core.AuditFilter{Target: "import:" + imp.ID.String()}
	log, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, acts, store.Page{Limit: 20})
	if err != nil || len(log) == 0 || strings.Contains(fmt.Sprintf("%+v", log), "孙三") {
		t.Errorf("logged: %+v, %v", log, err)
	}
	if next := uploaded(t, d, b, "名单.csv", []byte("孙三,男\n")); next.State != core.ImportMapping {
		t.Errorf("a name is remembered as a heading: %s", next.State)
	}
}

// Headings that nobody knows are explained once.
func TestUnknownHeadingsAreExplainedOnce(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	list := []byte("客户,男女,类别,呼叫,幢,梯号,门\n孙三,男,业主,13711110003,88,1,101\n")
	imp := uploaded(t, d, b, "名单.csv", list)
	if imp.State != core.ImportMapping {
		t.Fatalf("it is %s", imp.State)
	}
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	if text := page.Find("main").Text(); strings.Contains(text, "13711110003") || !strings.Contains(text, "对应列") {
		t.Error("the mapping shows a number, or is missing")
	}
	form := url.Values{
		"column0": {"name"}, "column1": {"sex"}, "column2": {"identity"}, "column3": {"phone"}, "column4": {"level0"},
		"column5": {"level1"}, "column6": {"level1"}, "seen": {page.Find("input[name=seen]").AttrOr("value", "")},
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/columns", form, http.StatusUnprocessableEntity)
	form.Set("column6", "level2")
	b.Post(t, frame.ImportURL(imp.ID)+"/columns", form, http.StatusSeeOther)
	if imp = reread(t, d, imp.ID); imp.State != core.ImportPreview || imp.Counts.Of(core.ImportNew) != 1 {
		t.Fatalf("mapped: %s %v", imp.State, imp.Counts)
	}
	// The preview's forms that are refused are shown again, with why.
	stale := form.Get("seen")
	form.Set("seen", b.Get(t, frame.ImportURL(imp.ID)+"?map=1", http.StatusOK).Find("input[name=seen]").AttrOr("value", ""))
	form.Set("column6", "level1")
	page, _ = b.Post(t, frame.ImportURL(imp.ID)+"/columns", form, http.StatusUnprocessableEntity)
	desk.Literally(t, page, "有两列选择了同样的内容")
	if page.Find(`select[name=column6] option[selected][value=level1]`).Length() != 1 {
		t.Error("the columns that were chosen are gone")
	}
	page, _ = b.Post(t, frame.ImportURL(imp.ID)+"/write", url.Values{"seen": {stale}}, http.StatusConflict)
	desk.Literally(t, page, "刚刚有变化")
	if next := uploaded(t, d, b, "名单.csv", list); next.State != core.ImportPreview {
		t.Errorf("the same headings again: %s", next.State)
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/cancel", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if page = b.Get(t, frame.ImportURL(imp.ID), http.StatusOK); desk.Fact(page, "状态") != "已取消" {
		t.Errorf("cancelled: %q", desk.Fact(page, "状态"))
	}
	if tab := page.Find(`main nav a[href*="rows=new"]`).Text(); !strings.Contains(tab, "预览为新住户") {
		t.Errorf("the tab of rows that were not imported is %q", tab)
	}
}

// A column of buildings beside one that was said to hold whole houses is read with it, at once and in the next file.
func TestWholeHousesAreReadBesideTheirBuildings(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	list := func(building string) []byte {
		return []byte("姓名,身份,手机,楼宇名称,房间编号\n孙三,业主,13711110003," + building + ",88-1-101\n李四,业主,13711110004,88栋,1-102\n")
	}
	imp := uploaded(t, d, b, "名单.csv", list("88栋"))
	if imp.State != core.ImportMapping {
		t.Fatalf("it is %s", imp.State)
	}
	page := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK)
	form := url.Values{
		"column0": {"name"}, "column1": {"identity"}, "column2": {"phone"}, "column3": {"level0"}, "column4": {core.ImportHouse},
		"seen": {page.Find("input[name=seen]").AttrOr("value", "")},
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/columns", form, http.StatusSeeOther)
	imp = reread(t, d, imp.ID)
	if imp.State != core.ImportPreview || imp.Counts.Of(core.ImportNew) != 2 || imp.Counts[core.ImportPlaces] != 2 {
		t.Fatalf("mapped: %s %v", imp.State, imp.Counts)
	}
	text := b.Get(t, frame.ImportURL(imp.ID), http.StatusOK).Find("main").Text()
	if !strings.Contains(text, "88栋1单元101") || !strings.Contains(text, "88栋1单元102") {
		t.Errorf("houses: %s", strings.Join(strings.Fields(text), " "))
	}
	next := uploaded(t, d, b, "名单.csv", list("87栋"))
	if next.State != core.ImportPreview || next.Counts.Of(core.ImportNew) != 1 || next.Counts.Of(core.ImportWrong) != 1 {
		t.Errorf("the next file: %s %v", next.State, next.Counts)
	}
	page = b.Get(t, frame.ImportURL(next.ID), http.StatusOK)
	desk.Literally(t, page, "“88-1-101”与“栋”一列的“87栋”不一致，请核对")
}

// Where a row may mean either of two houses, the preview leads to where they are joined.
func TestAPreviewLeadsToHousesToJoin(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	houses, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community,
		[][]string{{"88栋", "1", "101"}, {"88号楼", "1", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	imp := uploaded(t, d, b, "欠费.csv", []byte("房屋,欠费\n八十八栋1单元101,1\n"))
	merge := frame.HouseURL(houses[0]) + "/merge"
	if b.Get(t, frame.ImportURL(imp.ID), http.StatusOK).Find(`tbody a[href="`+merge+`"]`).Length() != 1 {
		t.Error("no way to join them")
	}
	b.Get(t, merge, http.StatusOK)
}

// The page asks for its job alone while that runs. When the job has failed the page is drawn again, for it then offers to
// go on.
func TestAnImportIsWatchedAndContinued(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	form := url.Values{"community": {d.Mine.Community.String()}}
	b.UploadAs(t, frame.ImportPath, form, desk.SentFile{Field: importFileField, Name: "名单.csv", Content: []byte("姓名\n赵一\n")},
		http.StatusSeeOther)
	imp := latest(t, d)
	path, more := frame.ImportURL(imp.ID), `form[action="`+frame.ImportURL(imp.ID)+`/continue"]`
	part, again := watched(t, b, path)
	if again || part.Find("#job progress").Length() != 1 || part.Find("main").Length() != 0 {
		t.Error("a job that runs is not shown alone")
	}
	if b.Get(t, path, http.StatusOK).Find(more).Length() != 0 {
		t.Error("it can be continued while it runs")
	}
	job, err := d.Store.ClaimJob(t.Context(), "server")
	if err != nil || job.ID != imp.Job {
		t.Fatal(job, err)
	}
	if err := d.Store.EndJob(t.Context(), "server", core.Job{ID: job.ID, State: core.JobFailed, Words: "磁盘已满"}); err != nil {
		t.Fatal(err)
	}
	if _, again = watched(t, b, path); !again {
		t.Error("a page whose job has failed is not drawn again")
	}
	if b.Get(t, path, http.StatusOK).Find(more).Length() != 1 {
		t.Fatal("it cannot be continued")
	}
	b.Post(t, path+"/continue", nil, http.StatusSeeOther)
	if part, again = watched(t, b, path); again || part.Find("#job progress").Length() != 1 {
		t.Error("it was not continued")
	}
}

// watched asks for the job of an import as its page does; again reports whether the page is drawn again.
func watched(t *testing.T, b *desk.Clerk, path string) (part *goquery.Document, again bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("HX-Request", "true")
	request.Header.Set("HX-Target", "job")
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if part, err = goquery.NewDocumentFromReader(response.Body); err != nil {
		t.Fatal(err)
	}
	return part, response.Header.Get("HX-Refresh") == "true"
}

// Files that are no lists are refused in words, on the form or on the import's page.
func TestFilesThatCannotBeImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	form := url.Values{"community": {d.Mine.Community.String()}}
	for name, content := range map[string]string{"empty.xlsx": "", "text.xlsx": "hello", "picture.png": "\x89PNG"} {
		page := b.UploadAs(t, frame.ImportPath, form, desk.SentFile{Field: importFileField, Name: name, Content: []byte(content)},
			http.StatusUnprocessableEntity)
		desk.WrongField(t, page, importFileField)
	}
	b.UploadAs(t, frame.ImportPath, form, desk.SentFile{
		Field: importFileField, Name: "old.xls", Content: []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("x", 4096)),
	}, http.StatusSeeOther)
	list, _, err := d.Store.Imports(t.Context(), core.Everywhere, store.ImportFilter{Kinds: []core.ImportKind{core.ImportResidents}})
	if err != nil || len(list) != 1 {
		t.Fatal(err, len(list))
	}
	if _, err := d.Store.ReadImport(t.Context(), list[0].ID, OpenImport, noStep); !core.IsInvalid(err) {
		t.Errorf("a broken file: %v", err)
	}
	page := b.Get(t, frame.ImportURL(list[0].ID), http.StatusOK)
	if desk.Fact(page, "状态") != "失败" || page.Find("[role=alert]").Length() == 0 {
		t.Error("its page does not say why")
	}
	few := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermResidentEdit, core.PermHouseView)
	few.Get(t, frame.ImportPath+"/new", http.StatusForbidden)
	few.Get(t, frame.ImportURL(list[0].ID), http.StatusNotFound)
}

// The preview's numbers, rows and button are those of the choices, also of those that it starts with; the form that is sent
// with others than the page shows writes nothing yet. Afterwards the rows say what was done.
func TestTheNumbersFollowTheChoices(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	template := frame.ImportPath + "/template.xlsx?community=" + d.Mine.Community.String()
	cells := map[string]string{
		"A3": "赵一", "B3": "男", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "101",
		"A4": "钱二", "C4": "业主", "E4": "13711110002", "H4": "88", "I4": "1", "J4": "102",
	}
	first := uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), cells))
	if page := b.Get(t, frame.ImportURL(first.ID), http.StatusOK); !strings.Contains(page.Find("main").Text(), "请核对下面各行") {
		t.Error("a list with nobody who is known is confirmed beneath nothing")
	}
	written(t, d, b, first, allChosen)
	cells["B3"], cells["C3"], cells["B4"] = "女", "家属", "女"
	imp := uploaded(t, d, b, "住户.xlsx", fill(t, download(t, b, template), cells))
	at, button := frame.ImportURL(imp.ID), `form[action$="/write"] button.btn-primary`
	page := b.Get(t, at, http.StatusOK)
	if desk.Fact(page, "修改") != "1 名" || desk.Fact(page, "不变") != "1 行" || page.Find(button).Text() != "导入 1 行" {
		t.Errorf("with gaps filled: %q, %q, %q", desk.Fact(page, "修改"), desk.Fact(page, "不变"), page.Find(button).Text())
	}
	if strings.Contains(page.Find("main").Text(), "请核对下面各行") {
		t.Error("it asks for choices and says that there are none")
	}
	if text := page.Find("tbody tr").First().Text(); !strings.Contains(text, "（文件：女，不改）") || page.Find("tbody del").Length() != 0 {
		t.Errorf("with gaps filled a row is %q", strings.Join(strings.Fields(text), " "))
	}
	form := url.Values{
		"known": {"update"}, "ties": {"1"}, "seen": {desk.InputValue(page, "seen")}, "shown": {desk.InputValue(page, "shown")},
	}
	for _, act := range []string{"", templates.RedrawAct} {
		form.Set("act", act)
		if _, to := b.Post(t, at+"/write", form, http.StatusSeeOther); to != at+"?known=update" {
			t.Errorf("other choices than shown, act %q, lead to %s", act, to)
		}
	}
	if latest(t, d).State != core.ImportPreview {
		t.Fatal("it was written by choices whose numbers nobody has seen")
	}
	page = b.Get(t, at+"?known=update", http.StatusOK)
	if desk.Fact(page, "修改") != "2 名" || page.Find(button).Text() != "导入 2 行" || page.Find("tbody del").Length() != 2 ||
		page.Find(`main nav a[href*="known=update"][href*="rows=changed"]`).Length() != 1 {
		t.Errorf("changed by the file: %q, %q", desk.Fact(page, "修改"), page.Find(button).Text())
	}
	page = b.Get(t, at+"?known=skip", http.StatusOK)
	if desk.Fact(page, "跳过") != "2 行" || page.Find(button+"[disabled]").Length() != 1 {
		t.Errorf("skipped: %q, %q", desk.Fact(page, "跳过"), page.Find(button).Text())
	}
	written(t, d, b, imp, url.Values{"known": {"fill"}})
	page = b.Get(t, at, http.StatusOK)
	if desk.Fact(page, "结果") != "修改 1 名住户" || !strings.Contains(page.Find("tbody").Text(), "已修改") ||
		!strings.Contains(page.Find("tbody").Text(), "没有改") {
		t.Errorf("afterwards: %q, %q", desk.Fact(page, "结果"), page.Find("tbody .badge").Text())
	}
}

// Before an import is taken back, the question says what is kept and why; afterwards its page and the list say it, too.
func TestUndoingAnImportSaysWhatItKeeps(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
	book := download(t, b, frame.ImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	imp := written(t, d, b, uploaded(t, d, b, "住户.xlsx", fill(t, book, map[string]string{
		"A3": "赵一", "C3": "业主", "E3": "13711110001", "H3": "88", "I3": "1", "J3": "101",
		"A4": "钱二", "C4": "业主", "E4": "13711110002", "H4": "88", "I4": "1", "J4": "102",
	})), allChosen)
	found, _, err := d.Store.Residents(t.Context(), core.Everywhere, store.ResidentFilter{
		Community: d.Mine.Community, Keyword: "赵一", Page: store.Page{Limit: 9},
	})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if _, err := d.Store.UpdateResident(t.Context(), core.System, core.Everywhere, found[0].ID, store.ResidentChange{
		Name: "赵一", Sex: "female", Identity: core.Owner, Updated: found[0].Updated,
	}); err != nil {
		t.Fatal(err)
	}
	at := frame.ImportURL(imp.ID)
	question, _ := b.Post(t, at+"/undo", nil, http.StatusOK)
	if text := question.Find("form.tx-confirm").Text(); !strings.Contains(text, "其中保留 2 项") || !strings.Contains(text, "赵一（之后又改过）") ||
		!strings.Contains(text, "101（有住户") || strings.Contains(text, " 0 ") {
		t.Errorf("it asks %q", strings.Join(strings.Fields(text), " "))
	}
	b.Post(t, at+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, at, http.StatusOK)
	if text := page.Find("main").Text(); desk.Fact(page, "结果") != "已撤销，保留 2 项" ||
		!strings.Contains(text, "已撤销 1 名住户，保留 1 名住户") || !strings.Contains(text, "已撤销 1 套房屋，保留 1 套房屋") {
		t.Errorf("afterwards: %q", strings.Join(strings.Fields(text), " "))
	}
	rows := page.Find("table.tx-whole-rows tbody tr")
	for name, want := range map[string][2]string{"赵一": {"保留", "保留原因：之后又改过"}, "钱二": {"已撤销", ""}} {
		row := rows.FilterFunction(func(_ int, r *goquery.Selection) bool { return strings.Contains(r.Text(), name) })
		if strings.TrimSpace(row.Find(".tx-badge").Text()) != want[0] || !strings.Contains(row.Text(), want[1]) {
			t.Errorf("the row of %s: %q", name, strings.Join(strings.Fields(row.Text()), " "))
		}
	}
	if n := page.Find(`main a[href^="` + frame.BatchPath + `/"][href$="?state=kept"]:contains("查看保留的")`).Length(); n != 2 ||
		page.Find(`main a:contains("（已撤销）")`).Length() != 2 {
		t.Errorf("%d links to what was kept", n)
	}
	if text := b.Get(t, frame.ImportPath, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "已撤销，保留 2 项") {
		t.Errorf("the list: %q", strings.Join(strings.Fields(text), " "))
	}
}

// What was kept whole is not called taken back.
func TestLinksSayWhatWasKept(t *testing.T) {
	imp := core.Import{Kind: core.ImportResidents, Batch: 1, Houses: 2, State: core.ImportUndone}
	for want, stayed := range map[string][]importStay{
		"导入的住户（已撤销） 添加的房屋（已撤销）":  {{}},
		"导入的住户（已撤销） 添加的房屋（全部保留）": {{whole: 2}},
	} {
		var labels []string
		for _, link := range importLinks(imp, stayed) {
			labels = append(labels, link.Label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestImportPages(t *testing.T) {
	shell := templates.Shell{Title: desk.Hostile, CSRF: "x"}
	row := importRowOf(core.ImportRow{
		Number: 3, Values: []string{desk.Hostile, "male", "owner", "", "13700000001", "", "", "1", "1", "101", "", ""},
		Verdict: core.ImportChanged, Match: core.ByPhone,
		Was:   []string{"旧名", "", "owner", "", "13700000001", "", "", "1", "1", "101", "", ""},
		Wrong: []core.ImportFault{{Column: "phone", Kind: "手机有误", Words: desk.Hostile, House: 7}},
	}, importRowsOf{
		columns: core.ResidentImportColumns(core.Community{Name: desk.Hostile, Levels: core.DefaultLevels()}),
		choices: core.ImportChoices{Known: core.ImportUpdate},
	}, importViews[core.ImportResidents])
	form := templates.Form{Action: "/a", CSRF: "x", Sections: []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Upload, Name: "file", Label: "住户表格"},
	}}}}
	table := importTable()
	rows := templates.List{Path: "/i", Columns: []templates.Column{
		{Label: "行"}, {Label: "结果"}, {Label: "内容"}, {Label: "房屋"}, {Label: "说明"},
	}}
	templates.CheckAll(t, "console/import/", map[string]any{
		"console/import/list": importListPage{Shell: shell, List: table, Rows: []importListRow{{
			URL: "/i", File: desk.Hostile, State: importBadge(core.ImportDone), Result: "添加 1 名", By: desk.Hostile,
		}}},
		"console/import/new":         importNewPage{Shell: shell, Form: form, Template: "/t", Rules: "规则。"},
		"console/import/reader":      importNewPage{Shell: shell, Form: form, Template: "/t", Rules: "规则。"},
		"console/import/block":       importNewPage{Shell: shell, Form: form, Template: "/t", Rules: "规则。"},
		"console/import/member":      importNewPage{Shell: shell, Form: form, Template: "/t", Rules: "规则。"},
		"console/import/new#unasked": importNewPage{Shell: shell, Form: form},
		"console/import/show": importShowPage{
			Shell: shell, Facts: []templates.Fact{{Label: "文件", Value: desk.Hostile}},
			Notes: []string{desk.Hostile}, Submits: importSubmits(core.Import{State: core.ImportPreview}), Faults: "/e", Listed: true,
			Links: importLinks(core.Import{Kind: core.ImportResidents, Batch: 1, Houses: 2}, nil),
			Preview: &importPreview{Action: "/w", Seen: "1", Submit: "导入 2 行", Map: "/m", Form: form, All: templates.Field{
				Kind: templates.Radio, Name: "all", Label: "全部", Choices: []templates.Choice{{Value: "0", Label: "否"}},
			}},
			Tabs: templates.Tabs{Label: "各行", Items: []templates.NavItem{{Label: "全部", URL: "/i", Active: true, Count: 2}}}, List: rows,
			Rows: []importRowView{row, {Number: 4, Cells: []importCell{{Label: "性别", Value: "男", Kept: desk.Hostile}, {Kept: "女"}}}},
		},
		"console/import/show#mapping": importShowPage{
			Shell: shell, Problem: desk.Hostile,
			Mapping: &importMapping{
				Action: "/c", Seen: "1", Form: templates.Form{CSRF: "x", Error: desk.Hostile}, Wrong: []string{desk.Hostile},
				Sheet: templates.Field{
					Kind: templates.Select, Name: "sheet", Label: "工作表", Choices: []templates.Choice{{Value: "a", Label: desk.Hostile}},
				},
				Rows: []importHeading{{Heading: desk.Hostile, Sample: desk.Hostile, Field: templates.Field{
					Name: "column0", Choices: []templates.Choice{{Label: "不导入"}, {Value: "name", Label: "姓名"}},
				}}},
			},
		},
		"console/import/show#working": importShowPage{
			Shell: shell,
			Job:   &templates.Job{Title: "导入", State: importBadge(core.ImportWriting), Percent: 5, Known: true, URL: "/i", CSRF: "x"},
		},
	})
}

// A row whose record cannot be told from others is in doubt, not said to be gone.
func TestWhatBecameOfRows(t *testing.T) {
	of := importRowsOf{imp: core.Import{State: core.ImportUndone}, columns: []core.ImportColumn{{Key: "name"}}}
	row := func(name string, does core.ImportVerdict, target core.ID) core.ImportRow {
		return core.ImportRow{Values: []string{name}, Verdict: does, Target: target}
	}
	rows := []core.ImportRow{
		row("赵一", core.ImportNew, 0), row("赵一", core.ImportNew, 0), row("钱二", core.ImportNew, 0),
		row("孙三", core.ImportChanged, 7), row("李四", core.ImportSame, 8), row("周五", core.ImportWrong, 0),
	}
	words := func(k importKeeps, more bool) string {
		var all []string
		for _, fate := range k.fates(of, rows, more) {
			all = append(all, fate.Text)
		}
		return strings.Join(all, " ")
	}
	none := importKeeps{whole: true}
	one := importKeeps{map[core.ID]string{7: "改过"}, map[string][]string{"赵一": {"改过"}, "孙三": {"改过"}}, nil, true}
	renamed := importKeeps{map[core.ID]string{}, map[string][]string{"吴六": {"改过"}}, nil, true}
	if got := words(none, false); got != "已撤销 已撤销 已撤销 已撤销  " {
		t.Error(got)
	}
	if got := words(one, false); got != "已撤销或保留 已撤销或保留 已撤销 保留  " {
		t.Error(got)
	}
	if got := words(renamed, false); got != "已撤销或保留 已撤销或保留 已撤销或保留 已撤销  " {
		t.Error(got)
	}
	of.imp.State = core.ImportCancelled
	if got := words(none, false); got != "未导入 未导入 未导入 未导入  " {
		t.Error(got)
	}
}

// An application that is called one is not called so twice.
func TestWhatWaitsIsNamedOnce(t *testing.T) {
	for _, kind := range core.ReviewTypes {
		if label := (&Pages{}).reviewCounter(kind).Label; strings.Contains(label, "申请申请") || !strings.HasSuffix(label, "申请，等待审核") {
			t.Error(label)
		}
	}
}

// The blacklist of visitors is imported by those who may change it: the template is read back, numbers are shown masked, what is
// wrong is named, and what was added is taken back.
func TestTheBlacklistIsImported(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView, core.PermVisitorBlockEdit)
	book := download(t, b, visitorBlockImportPath+"/template.xlsx?community="+d.Mine.Community.String())
	head, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(head) == 0 || strings.Join(head[len(head)-1], "|") != "手机号、证件号或车牌|原因|截止日期" {
		t.Fatalf("the template is %q, %v", head, err)
	}
	row := len(head) + 1
	cells := map[string]string{}
	for n, line := range []string{"13700000001|滋扰<住户>", "京A12345|堵门", "1370000|少几位"} {
		for i, text := range strings.Split(line, "|") {
			cells[string(rune('A'+i))+strconv.Itoa(row+n)] = text
		}
	}
	imp := uploaded(t, d, b, "黑名单.xlsx", fill(t, book, cells))
	text := strings.Join(strings.Fields(b.Get(t, frame.ImportURL(imp.ID), http.StatusOK).Find("main").Text()), " ")
	for _, words := range []string{"新加入", "导入正确的 2 行", "137****0001", "滋扰<住户>", "不是手机号、证件号或车牌号"} {
		if !strings.Contains(text, words) {
			t.Errorf("the preview does not say %q: %s", words, text)
		}
	}
	if strings.Contains(text, "13700000001") {
		t.Error("the preview has the whole number")
	}
	imp = written(t, d, b, imp, url.Values{})
	list := func() int {
		f := store.VisitorBlockFilter{Page: store.Page{Limit: 9}}
		list, _, err := d.Store.VisitorBlocks(t.Context(), core.ScopeOf(d.Mine.Community), f)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if list() != 2 {
		t.Errorf("%d entries", list())
	}
	b.Post(t, frame.ImportURL(imp.ID)+"/undo", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if _, err := d.Store.UndoImportRows(t.Context(), imp.ID, noStep); err != nil || list() != 0 {
		t.Errorf("%d entries after undoing, %v", list(), err)
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView).Get(t, visitorBlockImportPath, http.StatusForbidden)
}
