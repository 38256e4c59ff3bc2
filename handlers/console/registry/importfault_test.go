package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// officeFault is a row of the list in testdata that is full of errors: what is in its cells, what is found wrong with it, and by
// what cells it is corrected. Cells that begin with # are numbers, with @ days, with = formulas.
type officeFault struct{ cells, wrong, fixed string }

const faultHead = "姓名|性别|身份|租约到期时间|手机|证件号|小区|栋|单元|房间"

// officeFaults are those rows, from the second row of the sheet on: there is one at least for each rule.
var officeFaults = []officeFault{
	{cells: "张一|男|业主||13711120101|||66|1|101"},
	{"张二||业主||1371112|||66|1|102", "手机有误：号码有误", "E=13711120102"},
	{"张三||业主||1.37111E+10|||66|1|103", "手机有误：后几位已丢失", "E=13711120103"},
	{"张四||业主||13711120104|110101199003071218||66|1|104", "证件号（如身份证，护照）有误：身份证号有误", "F=110101199003071217"},
	{"张五||业主||13711120105|#110101199003071225||66|1|105", "证件号（如身份证，护照）有误：超过 15 位", "F=110101199003071225"},
	{"张六||限期租客||13711120106|||66|1|106", "缺少租约到期时间：必须填写", "D=2099-12-31"},
	{"张七||限期租客|@2018-12-31|13711120107|||66|1|107", "租约已到期：2018-12-31 已到期", "D=2099-12-31"},
	{"张八||限期租客|2027-02-30|13711120108|||66|1|108", "租约到期时间有误：没有", "D=2099-02-28"},
	{"张九|男女|业主||13711120109|||66|1|109", "性别有误：应为男或女", "B=男"},
	{"李一||邻居||13711120110|||66|1|110", "身份有误：应为业主", "C=业主"},
	{"||业主||13711120111|||66|1|111", "姓名、身份、手机不全：请填写姓名", "A=李二"},
	{"2||业主||13711120112|||66|1|112", "姓名有误：是数字", "A=李三"},
	{"=NA()||业主||13711120113|||66|1|113", "姓名有误：公式", "A=李四"},
	{"李五||业主||13711120114||碧水湾花园|66|1|114", "小区有误：碧水湾花园", "G="},
	{"李六||业主||13711120115|||66||115", "缺少房屋：单元", "I=1"},
	{"李七||业主||13711120116|||66|1|@2027-01-16", "房间有误：日期", "J=116"},
	{"李八||业主||13711120117|||碧水湾花园3栋|1|117", "其他小区的房屋：碧水湾花园", "H=66"},
	{"王一||业主||13711120118|||66|1|118", "同号不同名：第 20 行", ""},
	{"王二||业主||13711120118|||66|1|119", "同号不同名：第 19 行", "E=13711120119"},
	{"王三||业主||13711120120|||66|1|120", "与另一行矛盾：第 22 行", ""},
	{"王三||家属||13711120120|||66|1|120", "与另一行矛盾：第 21 行", "C=业主"},
	{"王四||业主||13711120122|110101199003071233||66|1|122", "同证件不同名：第 24 行", ""},
	{"王五||业主||13711120123|110101199003071233||66|1|123", "同证件不同名：第 23 行", "F=110101199003071241"},
	{"王六||业主||13711120124|11010119900307125X||66|1|124", "同证件不同手机：第 26 行", ""},
	{"王六||业主||13711120125|11010119900307125X||66|1|124", "同证件不同手机：第 25 行", "E=13711120124"},
	{"郑同||业主||13711120126|||66|1|201", "与另一行是同一住户：第 28 行", ""},
	{"郑同||业主||13711120127|||66|1|201", "与另一行是同一住户：第 27 行", "A=郑异"},
	{"冯双||业主||13711120128|||66|1|202", "与登记冲突：几位同名", "J=203"},
}

// officeWrong makes the list.
func officeWrong(t *testing.T) []byte {
	b := &officeBook{File: excelize.NewFile(), t: t, sheet: "Sheet1"}
	head := strings.Split(faultHead, "|")
	b.try(b.SetSheetRow(b.sheet, "A1", &head))
	for n, fault := range officeFaults {
		for i, cell := range strings.Split(fault.cells, "|") {
			column, row := string(rune('A'+i)), n+2
			switch {
			case cell == "":
			case cell[0] == '#':
				number, err := strconv.ParseFloat(cell[1:], 64)
				b.try(err)
				b.set(column, row, number)
			case cell[0] == '@':
				day, err := time.Parse(time.DateOnly, cell[1:])
				b.try(err)
				b.set(column, row, day)
				b.format(column, row, "yyyy-mm-dd")
			case cell[0] == '=':
				b.try(b.SetCellFormula(b.sheet, fmt.Sprint(column, row), cell[1:]))
			default:
				b.try(b.SetCellStr(b.sheet, fmt.Sprint(column, row), cell))
			}
		}
	}
	return b.bytes()
}

// Each rule is broken once in a list that LibreOffice saved, in both formats: the preview says of each row what is wrong, so does
// the file that comes back, and corrected there the list is imported.
func TestAListFullOfErrorsIsCorrected(t *testing.T) {
	for _, ending := range []string{"xls", "xlsx"} {
		t.Run(ending, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata", officeFaultBook+"."+ending))
			if err != nil {
				t.Fatal(err)
			}
			d := newDesk(t)
			faultEstate(t, d)
			b := d.SignIn(t, core.ScopeOf(d.Mine.Community), registrar...)
			imp := uploaded(t, d, b, "住户."+ending, content)
			if imp.State != core.ImportPreview {
				t.Fatalf("it is %s: %s", imp.State, imp.Problem)
			}
			wrong := faultsOf(t, d, imp)
			book := download(t, b, frame.ImportURL(imp.ID)+"/errors.xlsx")
			name := book.GetSheetList()[0]
			rows, err := book.GetRows(name)
			if err != nil || rows[0][len(rows[0])-1] != "错误说明" {
				t.Fatal(rows, err)
			}
			corrected := map[string]string{}
			for n, fault := range officeFaults {
				kind, words, _ := strings.Cut(fault.wrong, "：")
				told := ""
				if len(rows[n+1]) == len(rows[0]) {
					told = rows[n+1][len(rows[0])-1]
				}
				if got := wrong[n+2]; fault.wrong == "" && got+told != "" ||
					fault.wrong != "" && (got != kind || !strings.Contains(told, words)) {
					t.Errorf("row %d (%s): %q, told %q; want %q", n+2, fault.cells, got, told, fault.wrong)
				}
				if column, value, is := strings.Cut(fault.fixed, "="); is {
					corrected[fmt.Sprint(column, n+2)] = value
				}
			}
			again := uploaded(t, d, b, "住户-错误.xlsx", fill(t, book, corrected))
			if left := faultsOf(t, d, again); len(left) != 0 || again.Counts.Rows() != len(officeFaults) {
				t.Fatalf("the corrected list: %v of %d rows: %v", left, again.Counts.Rows(), again.Problem)
			}
			again = written(t, d, b, again, url.Values{"known": {"update"}, "ties": {"1"}, "all": {"1"}})
			// Two rows say what the one above says, and one is about somebody who is registered.
			n := again.Written
			if n.Of(core.ImportNew) != len(officeFaults)-3 || n.Of(core.ImportChanged) != 1 || n.Of(core.ImportWrong) != 0 {
				t.Errorf("written: %v", n)
			}
			if page := b.Get(t, frame.ImportURL(again.ID), http.StatusOK); page.Find(`a[href$="/errors.xlsx"]`).Length() != 0 {
				t.Error("it has errors still")
			}
		})
	}
}

// faultEstate is what the list is compared with: another community, and people in two houses who are namesakes.
func faultEstate(t *testing.T, d *desk.Desk) {
	t.Helper()
	if _, err := d.Store.CreateCommunity(t.Context(), core.System, core.Community{
		Name: "碧水湾花园", Levels: core.DefaultLevels(),
	}); err != nil {
		t.Fatal(err)
	}
	houses, err := d.Store.CreateHouses(t.Context(), core.System, core.Everywhere, d.Mine.Community, [][]string{
		{"66栋", "1单元", "201"}, {"66栋", "1单元", "202"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct {
		name  string
		house core.ID
	}{{"郑同", houses[0]}, {"冯双", houses[1]}, {"冯双", houses[1]}} {
		if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
			Community: d.Mine.Community, House: who.house, Name: who.name, Identity: core.Owner, Namesake: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// faultsOf returns the kinds of what is wrong with the rows of an import, by their numbers.
func faultsOf(t *testing.T, d *desk.Desk, imp core.Import) map[int]string {
	t.Helper()
	faults := map[int]string{}
	err := d.Store.EachImportFault(t.Context(), imp, func(row core.ImportRow) error {
		var kinds []string
		for _, fault := range row.Wrong {
			kinds = append(kinds, fault.Kind)
		}
		faults[row.Number] = strings.Join(kinds, "，")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults
}
