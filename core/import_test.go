package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var importedAt = Community{ID: 1, Name: "腾讯小区", Levels: DefaultLevels()}

func cells(text string) []string {
	parts := strings.Split(text, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Amounts as people and software write them.
func TestImportedAmountsAreRead(t *testing.T) {
	for cell, want := range map[string]string{
		"1280.50": "128050", "￥1,280.5元": "128050", "0": "0", "-": "0", "已缴清": "0", "-35.20": "-3520", "-0": "0", "1280.4999999": "128050",
		"100000001": "!", "很多": "!", "1.2.3": "!", "-x": "!",
	} {
		got, err := readImportYuan(cell)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%s is %s, want %s", cell, got, want)
		}
	}
	if arrearsText("0") != "无欠费" || arrearsText("128050") != "1,280.50 元" || arrearsText("很多") != "很多" {
		t.Error("amounts are shown otherwise")
	}
}

// Who has paid in advance owes nothing, and the page says why.
func TestANegativeAmountIsPaidInAdvance(t *testing.T) {
	for amount, words := range map[string]string{"-123456": "预缴 1,234.56 元（负数），按无欠费导入", "0": "", "123456": ""} {
		row := ImportRow{Values: make([]string, len(ArrearsImportColumns(importedAt)))}
		row.Values[atArrears] = amount
		checkArrearsImport(importedAt, &row)
		said := ""
		for _, note := range row.Notes {
			said += note.Words
		}
		if said != words || (words != "") != (row.Values[atArrears] == "0" && amount != "0") {
			t.Errorf("%s is %s: %q", amount, row.Values[atArrears], said)
		}
	}
}

// A list of arrears has its house in one column or in several; the amount is always needed.
func TestImportHeadsOfArrears(t *testing.T) {
	columns := ArrearsImportColumns(importedAt)
	for row, want := range map[string]string{
		"房屋|欠费|备注": "", "楼栋|单元|房号|欠费金额": "", "房屋|备注": "欠费（元）", "房屋|余额": "欠费（元）", "欠费|备注": "栋,单元,房间",
	} {
		head := ReadImportHead([][]string{cells(row)}, columns, nil)
		if got := strings.Join(head.Missing, ","); got != want {
			t.Errorf("%s lacks %q, want %q", row, got, want)
		}
	}
}

// Headings of the template, of other products, in other orders, of one row or two.
func TestImportHeadsAreRead(t *testing.T) {
	columns := ResidentImportColumns(importedAt)
	for name, test := range map[string]struct {
		rows    []string
		said    ImportSaid
		row     int
		keys    string
		missing string
		unclear bool
	}{
		"the template": {
			rows: []string{
				"基本信息（选填，但填写时姓名和身份必须与手机一同填写才有效）|基本信息|基本信息|基本信息|身份验证信息（选填）|身份验证信息|小区楼栋信息（必填）||||",
				"姓名|性别|身份|租约到期时间|手机|证件号（如身份证，护照）|小区|栋|单元|房间", "张三|男|业主||18913112121||腾讯小区|A|1|101",
			},
			row: 1, keys: "name,sex,identity,lease_day,phone,id_number,community,level0,level1,level2",
		},
		"another product": {
			rows: []string{
				"腾讯小区业主档案", "序号|楼栋号|单元号|房号|建筑面积|业主姓名|联系电话|身份证号码|与业主关系|备注",
				"1|3栋|2单元|1502|89.5|张三|13800138000||本人|",
			},
			row: 1, keys: ",level0,level1,level2,,name,phone,id_number,identity,",
		},
		"marks and full-width letters": {
			rows: []string{"*姓 名：|性别 (男/女)|【必填】身份|手机号码/Mobile|幢|单　元|门牌号"},
			row:  0, keys: "name,sex,identity,phone,level0,level1,level2",
		},
		"two rows merged downwards": {
			rows: []string{"姓名|身份|联系方式|房屋信息|房屋信息|房屋信息", "姓名|身份|手机|楼栋|单元|房号", "张三|业主|13800138000|1|1|101"},
			row:  1, keys: "name,identity,phone,level0,level1,level2",
		},
		"the names in the first row, the levels in the second": {
			rows: []string{"姓名|身份|手机|||", "|||栋|单元|房间", "张三|业主|13800138000|1|1|101"},
			row:  1, keys: "name,identity,phone,level0,level1,level2",
		},
		"a whole house in one column": {
			rows: []string{"姓名|身份|电话|房屋地址", "张三|业主|13800138000|3-2-1502"}, row: 0, keys: "name,identity,phone,house",
		},
		"a level is missing": {
			rows: []string{"姓名|身份|手机|栋|房间", "张三|业主|13800138000|1|101"}, row: 0, keys: "name,identity,phone,level0,level2",
			missing: "单元", unclear: true,
		},
		"a heading that nobody knows": {
			rows: []string{"客人|身份|手机|栋|单元|房间"}, row: 0, keys: ",identity,phone,level0,level1,level2", unclear: true,
		},
		"what somebody said of it": {
			rows: []string{"客人|身份|手机|栋|单元|房间"}, said: ImportSaid{"客人": "name"}, row: 0,
			keys: "name,identity,phone,level0,level1,level2",
		},
		"said to be nothing": {
			rows: []string{"姓名|身份|手机|备注手机|栋|单元|房间"}, said: ImportSaid{"备注手机": "", "手机": ""}, row: 0,
			keys: "name,identity,phone,,level0,level1,level2",
		},
		"houses alone": {rows: []string{"栋|单元|房间", "A|1|101"}, row: 0, keys: "level0,level1,level2"},
		"two columns of phones": {
			rows: []string{"姓名|身份|手机|联系电话|栋|单元|房间"}, row: 0, keys: "name,identity,phone,phone,level0,level1,level2", unclear: true,
		},
		"no heading": {rows: []string{"张三|13800138000", "李四|13800138001"}, row: -1, missing: "栋,单元,房间", unclear: true},
	} {
		t.Run(name, func(t *testing.T) {
			var rows [][]string
			for _, row := range test.rows {
				rows = append(rows, cells(row))
			}
			head := ReadImportHead(rows, columns, test.said)
			keys := make([]string, len(head.Headings))
			for at, i := range head.Columns {
				keys[at] = columns[i].Key
			}
			if got := strings.Join(keys, ","); head.Row != test.row || strings.TrimRight(got, ",") != strings.TrimRight(test.keys, ",") {
				t.Errorf("row %d, columns %s", head.Row, got)
			}
			if got := strings.Join(head.Missing, ","); got != test.missing || head.Unclear(columns) != test.unclear {
				t.Errorf("missing %q, unclear %v", got, head.Unclear(columns))
			}
		})
	}
}

// A heading that was a whole house in one list is the room where building and unit have columns of their own.
func TestAnImportHeadOfAllLevelsIsReadAsItSays(t *testing.T) {
	columns := ResidentImportColumns(importedAt)
	said := ImportSaid{ImportHeading("房号"): ImportHouse}
	for heads, want := range map[string]string{
		"姓名 手机 身份 楼栋 单元 房号":    levelColumn(len(importedAt.Levels) - 1),
		"姓名 手机 身份 房号":          ImportHouse,
		"姓名 手机 身份 楼栋 房号":       ImportHouse,
		"姓名 手机 身份 楼栋 单元 房号 房间": ImportHouse,
	} {
		row := strings.Fields(heads)
		head := ReadImportHead([][]string{row}, columns, said)
		if got := columns[head.Columns[slices.Index(row, "房号")]].Key; got != want || head.Unclear(columns) {
			t.Errorf("%s: 房号 is %s, want %s; unclear: %v", heads, got, want, head.Unclear(columns))
		}
	}
}

// Every heading of a kind is known as what it is, however it is decorated.
func TestEveryImportHeadingMeansOneColumn(t *testing.T) {
	columns := ResidentImportColumns(importedAt)
	for i, column := range columns {
		for _, name := range append([]string{column.Label}, column.Names...) {
			for _, text := range []string{name, "*" + name + "：", " " + name + "（必填）"} {
				head := ReadImportHead([][]string{{text}}, columns, nil)
				if head.Columns[0] != i {
					t.Errorf("%q means %s, not %s", text, columns[head.Columns[0]].Key, column.Key)
				}
			}
		}
	}
}

func readRow(text string) ImportRow {
	columns := ResidentImportColumns(importedAt)
	head := ImportHead{Columns: map[int]int{}}
	for i := range columns {
		head.Columns[i] = i
	}
	row := ReadImportRow(3, cells(text), columns, head)
	checkResidentImport(importedAt, &row)
	return row
}

// What each row says, or what is wrong with it.
func TestImportRowsAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"张三||家属||18913112121|||3|1|101||家人共用":             "张三 family 18913112121 3栋1单元101 shared",
		"张三||家属||18913112121|||3|1|101||本人":               "张三 family 18913112121 3栋1单元101",
		"张三||家属|||||3|1|101||无手机":                         "张三 family 3栋1单元101",
		"张三||家属||18913112121|||3|1|101||无手机":              "!phone_shared 手机说明有误",
		"|||||||3|1|101||无手机":                             "house 3栋1单元101",
		"张三||家属||18913112121|||3|1|101||儿子的":              "!phone_shared 手机说明有误",
		"张三|男|业主||18913112121||腾讯小区|A|1|101":              "张三 male owner 18913112121 A栋1单元101",
		"张三||业主||１８９ 1311-2121||腾讯/小区|A|1|101":            "张三 owner 18913112121 A栋1单元101",
		"阿卜杜拉·买买提||家属||+86 18913112121|||三栋|1|101":        "阿卜杜拉·买买提 family 18913112121 三栋1单元101",
		"𠮷野家||业主||18913112121|||3|1|101":                  "𠮷野家 owner 18913112121 3栋1单元101",
		"张三\u200b||租客||18913112121.0|||3|1|101":           "张三 tenant 18913112121 3栋1单元101",
		"刘六||限期租客|2018年12月31日|18124768126|||B|1|102":      "刘六 lodger 18124768126 B栋1单元102 2018-12-31",
		"刘六||限期租客|43465|18124768126|||B|1|102":            "刘六 lodger 18124768126 B栋1单元102 2018-12-31",
		"||||||腾讯小区|A|1|103":                              "house A栋1单元103",
		"||||||||||3-2-1502":                              "house 3栋2单元1502",
		"||||||||||3栋2单元1502":                             "house 3栋2单元1502",
		"||||||||||腾讯小区3幢2单元1502室":                        "house 3幢2单元1502室",
		"张三||业主||18913112121|11010519491231002x||3|1|101": "张三 owner 18913112121 3栋1单元101 11010519491231002X",
		"张三||业主||18913112121|E12345678||3|1|101":          "张三 owner 18913112121 3栋1单元101 E12345678",
		"张三||业主||18913112121|110105194912310021||3|1|101": "!id_number 证件号（如身份证，护照）有误",
		"张三||业主||18913112121|1.10105E+17||3|1|101":        "!id_number 证件号（如身份证，护照）有误",
		"张三||业主||1.89131E+10|||3|1|101":                   "!phone 手机有误",
		"张三||业主||1891311|||3|1|101":                       "!phone 手机有误",
		"2||业主||18913112121|||3|1|101":                    "!name 姓名有误",
		"张三||||18913112121|||3|1|101":                     "!identity 姓名、身份、手机不全",
		"||业主||18913112121|||3|1|101":                     "!name 姓名、身份、手机不全",
		"张三||业主|||||3|1|101":                              "!phone 姓名、身份、手机不全",
		"|||||E12345678||3|1|101":                         "!name 姓名、身份、手机不全",
		"刘六||限期租客||18124768126|||B|1|102":                 "!lease_day 缺少租约到期时间",
		"刘六||限期租客|2018-13-31|18124768126|||B|1|102":       "!lease_day 租约到期时间有误",
		"张三|男女|业主||18913112121|||3|1|101":                 "!sex 性别有误",
		"张三||业主||18913112121||翠湖花园|3|1|101":               "!community 小区有误",
		"张三||业主||18913112121|||3||101":                    "!level1 缺少房屋",
		"张三||业主||18913112121|||3|2026-01-01|101":          "!level1 单元有误",
		"||||||||||3-1502":                                "!house 房屋有误",
		"|||||||3|||3-2-1502":                             "house 3栋2单元1502", // beside its building, and more
		"|||||||3号楼|||3栋2单元1502":                          "house 3号楼2单元1502",
		"|||||||3|2||3-2-1502":                            "house 3栋2单元1502",
		"|||||||3|||2-1502":                               "house 3栋2单元1502",
		"|||||||3|2||1502室":                               "house 3栋2单元1502室",
		"|||||||||1502|3栋2单元":                             "house 3栋2单元1502",
		"|||||||3|2|1502|翠湖路8号":                           "house 3栋2单元1502",
		"|||||||4|||3-2-1502":                             "!house 房屋有误",
		"|||||||3|2||翠湖路8号":                               "!house 房屋有误",
		"|||||||3|||东苑-1502":                              "!house 房屋有误",
		"|||||||3|2026-01-01||3-2-1502":                   "!level1 单元有误",
		"|||||||3|2|3-2-1502|":                            "house 3栋2单元1502", // as its door
		"|||||||3|2|3号楼2单元1502|":                          "house 3栋2单元1502",
		"|||||||3|2|4-2-1502|":                            "house 3栋2单元4-2-1502",
	} {
		row := readRow(text)
		got := ""
		switch r, ok := ImportedResident(importedAt, row); {
		case len(row.Wrong) > 0:
			for _, fault := range row.Wrong {
				got += " !" + fault.Column + " " + fault.Kind
			}
		case !ok:
			got = "house " + row.Label
		default:
			got = strings.Join([]string{r.Name, r.Sex, string(r.Identity), r.Phone, row.Label}, " ")
			if r.LeaseDay != 0 {
				got += " " + r.LeaseDay.String()
			}
			if got += " " + r.IDNumber; r.PhoneShared {
				got += " shared"
			}
		}
		if got = strings.Join(strings.Fields(got), " "); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

// A masked number of an export is said to be one, with what to do, in every kind of list.
func TestMaskedNumbersAreToldFromWrongOnes(t *testing.T) {
	for name, list := range map[string]struct {
		columns []ImportColumn
		numbers int
		words   string
	}{
		"residents": {ResidentImportColumns(importedAt), 2, "导出完整号码"},
		"members":   {MemberImportColumns(importedAt), 2, "请填写完整号码"},
		"staff":     {StaffImportColumns(importedAt), 1, "请填写完整号码"},
		"blacklist": {VisitorBlockImportColumns(importedAt), 1, "请填写完整号码"},
	} {
		numbers := 0
		for _, column := range list.columns {
			var masked []string
			switch column.Key {
			case "phone", "value":
				masked = []string{MaskPhone("13812340002"), MaskPhone("0755-26888888"), MaskPhone("+85291234567")}
			case "id_number":
				masked = []string{MaskIDNumber("11010519491231002X"), MaskIDNumber("E12345678"), MaskIDNumber("E1234")}
			default:
				continue
			}
			numbers++
			for _, cell := range masked {
				if _, err := column.Read(cell); !strings.Contains(MessageOf(err), list.words) {
					t.Errorf("%s, %s %s: %v", name, column.Label, cell, err)
				}
			}
		}
		if numbers != list.numbers {
			t.Errorf("%s: %d columns of numbers", name, numbers)
		}
	}
}

func TestDaysAreRead(t *testing.T) {
	for _, text := range []string{
		"2018-12-31", "2018/12/31", "2018.12.31", "2018年12月31日", "20181231", "2018-12-31 00:00:00", "2018/12/31 8:30", "43465",
		"２０１８－１２－３１",
		"２０１８-12-31", "2018-12-31T00:00:00", "2018年12月31号", "2018 年 12 月 31 日", "2018年 12月 31日 10:00",
		"二〇一八年十二月三十一日", "二零一八年 十二月 三十一号",
	} {
		if day, err := ReadDay(text); err != nil || day.String() != "2018-12-31" {
			t.Errorf("%q is %v, %v", text, day, err)
		}
	}
	for _, text := range []string{"", "明年", "12-31", "2018-02-30", "1231", "99999999", "1900-01-01", "2018", "18-12-31", "二〇一八年十三月一日"} {
		if day, err := ReadDay(text); err == nil {
			t.Errorf("%q is %v", text, day)
		}
	}
	for text, want := range map[string]string{"2026/2/30": "没有“2026/2/30”这一天", "2026年2月": "日期应如", "27/1/5": "年份请写四位"} {
		if _, err := ReadDay(text); !strings.Contains(MessageOf(err), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A number in powers of ten is read if all its digits are there, as programs write them; a spreadsheet shows only some.
func TestNumbersInPowersOfTen(t *testing.T) {
	for cell, want := range map[string]string{
		"1.3900001015E10": "13900001015", "1.390000101e10": "13900001010", "1.39E10": "13900000000", "13900001015.0": "13900001015",
		"1.3900001015E+10": "!", "1.39E+10": "!", "1E+10": "!", "4.4030119850101E17": "!", "13.900001015E9": "!", "1.39000010151E10": "!",
	} {
		got, err := readImportPhone(cell)
		if err != nil {
			got = "!"
			if MessageOf(err) != digitsLost {
				t.Errorf("%s: %v", cell, err)
			}
		}
		if got != want {
			t.Errorf("%s is %s, want %s", cell, got, want)
		}
	}
	if got, err := readImportIDNumber(digitsHidden)("12E4567"); err != nil || got != "12E4567" {
		t.Errorf("a passport is %s, %v", got, err)
	}
}

// Rows of one list that say the same, and those that contradict each other.
func TestImportSeenComparesRows(t *testing.T) {
	for name, test := range map[string]struct{ rows, want []string }{
		"the same": {
			[]string{"张三||业主||18913112121|||3|1|101", "张三||业主||18913112121|||3|1|101"}, []string{"", "=3"},
		},
		"two houses of one person": {
			[]string{"张三||业主||18913112121|||3|1|101", "张三||业主||18913112121|||3|1|102"}, []string{"", ""},
		},
		"one number, two names": {
			[]string{"张三||业主||18913112121|||3|1|101", "李四||业主||18913112121|||3|1|102"}, []string{"", "!3 同号不同名"},
		},
		"one person, two identities": {
			[]string{"张三||业主||18913112121|||3|1|101", "张三||家属||18913112121|||3|1|101"}, []string{"", "!3 与另一行矛盾"},
		},
		"one ID number, two names": {
			[]string{"张三||业主||18913112121|E12345678||3|1|101", "李四||业主||18913112122|E12345678||3|1|102"},
			[]string{"", "!3 同证件不同名"},
		},
		"one ID number in a house, two numbers": {
			[]string{"张三||业主||18913112121|E12345678||3|1|101", "张三||业主||18913112122|E12345678||3|1|101"},
			[]string{"", "!3 同证件不同手机"},
		},
		"one ID number in a house, one with a landline": {
			[]string{"张三||业主||18913112121|E12345678||3|1|101", "张三||业主||0755-81234567|E12345678||3|1|101"},
			[]string{"", "!3 同证件不同手机"},
		},
		"one ID number in two houses, two numbers": {
			[]string{"张三||业主||18913112121|E12345678||3|1|101", "张三||业主||18913112122|E12345678||3|1|102"},
			[]string{"", ""},
		},
		"a house twice": {[]string{"|||||||3|1|101", "|||||||3|1|101"}, []string{"", "=3"}},
		"a house twice, in two spellings": {
			[]string{"|||||||3|1|101", "|||||||3号楼|一单元|0101室"}, []string{"", "=3"},
		},
		"the same, the house in two spellings": {
			[]string{"张三||业主||18913112121|||3|1|101", "张三||业主||18913112121|||三栋|1单元|101室"}, []string{"", "=3"},
		},
		"one person, two identities, two spellings": {
			[]string{"张三||业主||18913112121|||3幢|1|101", "张三||家属||18913112121|||03|01|101号"}, []string{"", "!3 与另一行矛盾"},
		},
		"one without a number, two identities, two spellings": {
			[]string{"张小||家属||18913112121|||3|1|101||共用", "张小||业主||18913112121|||3号楼|1|101室||共用"}, []string{"", "!3 与另一行矛盾"},
		},
		"one ID number, two numbers, two spellings": {
			[]string{"张三||业主||18913112121|E12345678||3|1|101", "张三||业主||18913112122|E12345678||3号楼|1|101室"},
			[]string{"", "!3 同证件不同手机"},
		},
		"two of one name, each with an ID number": {
			[]string{"张小||家属||18913112121|E12345678||3|1|101||共用", "张小||家属||18913112121|E12345679||3|1|101||共用"}, []string{"", ""},
		},
		"two of one name, one with an ID number": {
			[]string{"张小||家属||18913112121|E12345678||3|1|101||共用", "张小||家属||18913112121|||3|1|101||共用"},
			[]string{"", "!3 与另一行矛盾"},
		},
		"one without a number, with an ID number, twice": {
			[]string{"张小||家属||18913112121|E12345678||3|1|101||共用", "张小||业主||18913112121|E12345678||3|1|101||共用"},
			[]string{"", "!3 与另一行矛盾"},
		},
		"two houses that are nearly called the same": {
			[]string{"张三||业主||18913112121|||3|1|101", "张三||家属||18913112121|||东3栋|1|101"}, []string{"", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen ImportSeen
			for i, text := range test.rows {
				again, wrong := seen.Add(3+i, residentImportKeys(importedAt, readRow(text)))
				got := ""
				if again > 0 {
					got = fmt.Sprint("=", again)
				}
				for row, key := range wrong {
					got = fmt.Sprint("!", row, " ", key.Kind)
				}
				if got != test.want[i] {
					t.Errorf("row %d: %q, want %q", i, got, test.want[i])
				}
			}
		})
	}
}

func TestImportsMatchByNumberThenIDThenName(t *testing.T) {
	known := []KnownTie{
		{ID: 1, Name: "张三", Phone: "p1", Own: true, IDNumber: "i1"}, {ID: 2, Name: "李四", Phone: "p2", Own: true, Certified: true},
		{ID: 3, Name: "王五"}, {ID: 4, Name: "赵六", Phone: "p4", Own: true}, {ID: 5, Name: "赵六", Phone: "p5", Own: true},
		{ID: 6, Name: "孙七", Phone: "p6", Own: true, MovedOut: true}, {ID: 7, Name: "吴九", Certified: true},
		{ID: 8, Name: "郑十", Certified: true, Phone: "p8"}, {ID: 9, Name: "孙小", Phone: "p6", MovedOut: true},
		{ID: 10, Name: "孙大", MovedOut: true, IDNumber: "i10"}, {ID: 11, Name: "王五", MovedOut: true},
	}
	for name, test := range map[string]struct {
		row  KnownTie
		id   ID
		by   ImportMatch
		fail bool
	}{
		"by the number":              {row: KnownTie{Name: "张 三", Phone: "p1", Own: true}, id: 1, by: ByPhone},
		"the number of another name": {row: KnownTie{Name: "张三丰", Phone: "p1", Own: true}, id: 1, by: ByPhone, fail: true},
		"of another ID number, too":  {row: KnownTie{Name: "钱一", Phone: "p1", Own: true, IDNumber: "i9"}, id: 1, by: ByPhone, fail: true},
		"both, and another name":     {row: KnownTie{Name: "张三丰", Phone: "p1", Own: true, IDNumber: "i1"}, id: 1, by: ByPhone},
		"the ID of another name": {
			row: KnownTie{Name: "张丰", Phone: "p9", Own: true, IDNumber: "i1"}, id: 1, by: ByIDNumber, fail: true,
		},
		"the family's number":                  {row: KnownTie{Name: "张三丰", Phone: "p1"}},
		"by the ID number":                     {row: KnownTie{Name: "张三", Phone: "p9", Own: true, IDNumber: "i1"}, id: 1, by: ByIDNumber},
		"by the name":                          {row: KnownTie{Name: "张 三", Phone: "p9", Own: true}, id: 1, by: ByName},
		"another ID number":                    {row: KnownTie{Name: "张三", Phone: "p9", Own: true, IDNumber: "i9"}},
		"certified by another number":          {row: KnownTie{Name: "李四", Phone: "p9", Own: true}, id: 2, by: ByName, fail: true},
		"certified, and a landline":            {row: KnownTie{Name: "李四", Phone: "p9"}, id: 2, by: ByName},
		"certified without a number":           {row: KnownTie{Name: "吴九", Phone: "p9", Own: true}, id: 7, by: ByName, fail: true},
		"certified, the family's":              {row: KnownTie{Name: "郑十", Phone: "p8", Own: true}, id: 8, by: ByName},
		"certified, another's":                 {row: KnownTie{Name: "郑十", Phone: "p9", Own: true}, id: 8, by: ByName, fail: true},
		"without a number":                     {row: KnownTie{Name: "王五", Phone: "p9", Own: true}, id: 3, by: ByName},
		"two of the name":                      {row: KnownTie{Name: "赵六", Phone: "p9", Own: true}, fail: true},
		"who has moved out":                    {row: KnownTie{Name: "孙七", Phone: "p6", Own: true}, id: 6, by: ByPhone},
		"of who has moved out":                 {row: KnownTie{Name: "孙八", Phone: "p6", Own: true}, id: 6, by: ByPhone, fail: true},
		"who has moved out, without a number":  {row: KnownTie{Name: "孙 小", Phone: "p6"}, id: 9, by: ByName},
		"who has moved out, by the ID number":  {row: KnownTie{Name: "孙达", IDNumber: "i10"}, id: 10, by: ByIDNumber},
		"who has moved out, another ID number": {row: KnownTie{Name: "孙大", IDNumber: "i9"}},
		"who has moved out, with a number now": {row: KnownTie{Name: "孙小", Phone: "p9", Own: true}},
		"who had a number, without one now":    {row: KnownTie{Name: "孙七", Phone: "p9"}},
		"who lives there, not who has left":    {row: KnownTie{Name: "王五"}, id: 3, by: ByName},
		"somebody new":                         {row: KnownTie{Name: "周八", Phone: "p9", Own: true}},
	} {
		at, by, err := MatchImport(test.row, known)
		id := ID(0)
		if at >= 0 {
			id = known[at].ID
		}
		if id != test.id || by != test.by || (err != nil) != test.fail {
			t.Errorf("%s: %d by %q, %v", name, id, by, err)
		}
	}
}

func TestImportsMerge(t *testing.T) {
	known := Resident{Name: "张三", Identity: Owner, Phone: "18913112121"}
	row := Resident{Name: "张三丰", Sex: "male", Identity: Family, Phone: "18913112122", IDNumber: "E12345678"}
	if got := MergeImported(known, row, ImportUpdate); got != (Resident{
		Name: "张三丰", Sex: "male", Identity: Family, Phone: row.Phone, IDNumber: "E12345678",
	}) {
		t.Errorf("updated: %+v", got)
	}
	if got := MergeImported(known, row, ImportFill); got != (Resident{
		Name: "张三", Sex: "male", Identity: Owner, Phone: known.Phone, IDNumber: "E12345678",
	}) {
		t.Errorf("filled in: %+v", got)
	}
	if got := MergeImported(known, Resident{Name: "张三", Identity: Owner, Phone: "0755-26888888"}, ImportUpdate); got != known {
		t.Errorf("a landline takes the place of a mobile number: %+v", got)
	}
	if got := MergeImported(known, Resident{Name: "张三"}, ImportUpdate); got != known {
		t.Errorf("what a list leaves empty is kept: %+v", got)
	}
}

func TestHousesAreFoundHoweverTheyAreWritten(t *testing.T) {
	x := NewHouseIndex(importedAt)
	x.Put(7, []string{"3栋", "2单元", "501"})
	for _, names := range [][]string{
		{"3栋", "2单元", "501"}, {"3号楼", "2单元", "501"}, {"三栋", "二单元", "501室"}, {"3幢", "2单元", "0501"}, {"03栋", "2单元", "501号"},
		{"第3栋", "2 单元", "5 0 1"}, {"第三栋", "2门", "501房"}, {"3#楼", "2单元", "501#"}, {"3 号 楼", "第二单元", "501 室"}, {"3#", "2单元", "501"},
	} {
		if ref, known, _ := x.Find(names); !known || ref.ID != 7 {
			t.Errorf("%v is not found", names)
		}
		if levelsKey(names) != levelsKey([]string{"3栋", "2单元", "501"}) { // or rows of one list would not be compared
			t.Errorf("%v is another house", names)
		}
	}
	ref, known, _ := x.Find([]string{"3号楼", "2单元", "502"})
	if known || ref.Label != "3栋2单元502" {
		t.Errorf("a new house is %q", ref.Label)
	}
	for _, names := range [][]string{
		{"甲栋", "2单元", "501"}, {"3栋", "1单元", "501"}, {"13栋", "2单元", "501"}, {"东3栋", "2单元", "501"}, {"第3期", "2单元", "501"},
		{"3栋", "2单元", "5-01"},
	} {
		if ref, known, _ := x.Find(names); known {
			t.Errorf("%v is %q", names, ref.Label)
		}
		if levelsKey(names) == levelsKey([]string{"3栋", "2单元", "501"}) {
			t.Errorf("%v is the same house", names)
		}
	}
}

// Beside a column that says something else, it is said which.
func TestAHouseIsComparedWithTheColumnsBesideIt(t *testing.T) {
	for text, want := range map[string]string{
		"|||||||4|||3-2-1502": "“3-2-1502”与“栋”一列的“4”不一致，请核对",
		"|||||||3|2||翠湖路8号":   "“翠湖路8号”看不出房间，请分列填写",
	} {
		if row := readRow(text); len(row.Wrong) != 1 || row.Wrong[0].Words != want {
			t.Errorf("%s: %+v", text, row.Wrong)
		}
	}
}

// Of two houses of one name in two spellings a row means the one that it writes; a third spelling is an error.
func TestHousesTypedTwiceAreToldApart(t *testing.T) {
	x := NewHouseIndex(importedAt)
	x.Put(1, []string{"1栋", "1单元", "101"})
	x.Put(2, []string{"1号楼", "1单元", "101"})
	x.Put(3, []string{"1号楼", "1单元", "103"})
	x.Put(4, []string{"1号楼", "1单元", "103室"})
	x.Put(5, []string{"1号楼", "1单元", "1-1-105"})
	x.Put(6, []string{"1号楼", "1单元", "105"})
	for text, want := range map[string]string{
		"1栋 1单元 101": "1栋1单元101", "1号楼 1单元 101": "1号楼1单元101", "1号楼 一单元 0101": "1号楼1单元101", "1栋 1单元 1-1-101": "1栋1单元101",
		"一栋 1单元 101": "!", "1号楼 1单元 103": "1号楼1单元103", "1栋 1单元 103室": "1号楼1单元103室", "1栋 1单元 103号": "!",
		"1号楼 1单元 1-1-105": "1号楼1单元1-1-105", "1号楼 1单元 105": "1号楼1单元105",
		"1栋 1单元 104": "1栋1单元104", "1号楼 1单元 104": "1号楼1单元104", "1幢 1单元 1-1-104": "1栋1单元104", // new
	} {
		ref, _, err := x.Find(strings.Fields(text))
		got := ref.Label
		if err != nil {
			got = "!"
			if words := MessageOf(err); ref.ID == 0 || !strings.Contains(words, "登记里有 2 套：1") || !strings.Contains(words, "请先合并") {
				t.Errorf("%s: %s", text, words)
			}
		}
		if got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

// FuzzImportHead reads any heading and any row under it without a panic, and says at most one thing of a column.
func FuzzImportHead(f *testing.F) {
	f.Add("姓名|身份|手机|栋|单元|房间", "张三|业主|13800138000|1|1|101")
	f.Add("||||", "（（（|【|姓名（|\xff")
	f.Fuzz(func(t *testing.T, heading, line string) {
		if !utf8.ValidString(heading) || !utf8.ValidString(line) {
			t.Skip("readers return valid text")
		}
		columns := ResidentImportColumns(importedAt)
		head := ReadImportHead([][]string{cells(heading), cells(line)}, columns, nil)
		for at, i := range head.Columns {
			if at >= len(head.Headings) || i < 0 || i >= len(columns) {
				t.Fatalf("column %d at %d", i, at)
			}
		}
		row := ReadImportRow(1, cells(line), columns, head)
		checkResidentImport(importedAt, &row)
		if len(row.Wrong) == 0 && row.Label == "" {
			t.Fatalf("a row without a house is good: %q %q", heading, line)
		}
		if len(row.Wrong) == 0 {
			residentImportKeys(importedAt, row)
		}
	})
}

// Of two who act upon an import at once, the other is told what it is doing by now.
func TestImportsAreRefusedInWords(t *testing.T) {
	told := map[string]bool{}
	for _, state := range ImportStates() {
		words := MessageOf(state.Refusal())
		if told[words] || strings.Contains(words, "导入导入") || strings.Contains(words, "导入，") {
			t.Errorf("%s: %s", state, words)
		}
		told[words] = true
	}
}

// What is wrong with a cell that is filled in is said as it is, and the end of the calendar is no day.
func TestImportCellsOfSigns(t *testing.T) {
	for cell, want := range map[string]string{"😀": "只有符号，没有文字或数字", "😀王": "", "二娃": ""} {
		if _, err := readImportName(cell); (want != "") != (err != nil) || err != nil && MessageOf(err) != want {
			t.Errorf("%s: %v", cell, err)
		}
	}
	if _, err := readImportLevel("栋")("🏠"); err == nil || MessageOf(err) != "只有符号，没有文字或数字" {
		t.Errorf("🏠: %v", err)
	}
	for _, cell := range []string{"9999-12-31", "9999/12/31", "99991231"} {
		if day, err := readImportDay(cell); day != "" || err != nil {
			t.Errorf("%s is %q, %v", cell, day, err)
		}
	}
}
