package core

import (
	"slices"
	"strings"
	"testing"
)

func TestMatchHouses(t *testing.T) {
	var houses []House
	for i, label := range []string{"3栋2单元501", "3栋12单元501", "13栋2单元501", "A座0801", "东区1栋101", "西区1栋101", "别墅甲"} {
		houses = append(houses, House{ID: ID(i + 1), Label: label})
	}
	for line, want := range map[string]string{
		"3栋2单元501":     "3栋2单元501",
		" 3-2-501 ":    "3栋2单元501",
		"03栋02单元0501室": "3栋2单元501",
		"12-501":       "3栋12单元501",
		"2-501":        "3栋2单元501 13栋2单元501",
		"501":          "3栋2单元501 3栋12单元501 13栋2单元501",
		"a801":         "",
		"a座801":        "A座0801",
		"1-101":        "东区1栋101 西区1栋101",
		"西区1-101":      "西区1栋101",
		"北区1-101":      "",
		"别墅甲":          "别墅甲",
		"别墅":           "",
		"9-9-999":      "",
		"---":          "",
	} {
		got := MatchHouses("\n"+line+"\r\n\n", "翠湖花园", houses)
		if len(got) != 1 {
			t.Fatalf("%q: %d lines", line, len(got))
		}
		var labels []string
		for _, house := range got[0].Houses {
			labels = append(labels, house.Label)
		}
		if strings.Join(labels, " ") != want {
			t.Errorf("%q means %v, want %s", line, labels, want)
		}
	}
	if got := MatchHouses("\n \n", "翠湖花园", houses); len(got) != 0 {
		t.Errorf("empty lines give %v", got)
	}
	many := make([]House, 50)
	for i := range many {
		many[i] = House{ID: ID(i + 1), Label: strings.Repeat("栋", i+1) + "101"}
	}
	if got := MatchHouses("101", "翠湖花园", many); len(got[0].Houses) != HouseMatchShown {
		t.Errorf("%d houses of one line", len(got[0].Houses))
	}
}

// What a file may hold may be pasted.
func TestMatchHousesPasted(t *testing.T) {
	var houses []House
	for i, label := range []string{"3栋1单元501", "3栋1单元502", "3栋1单元503", "7栋1单元502", "2栋5单元3", "东区1栋101", "西区1栋101", "5栋", "1区3栋1单元501"} {
		houses = append(houses, House{ID: ID(i + 1), Label: label})
	}
	date := "电子表格把房号变成了日期，请把这一列改成文本"
	for list, want := range map[string]string{
		"3栋\t1单元\t501\t张三":               "3栋1单元501",
		"楼栋\t单元\t房号\t姓名\n3\t1\t501\t张三":  "3栋1单元501",
		"1\t3-1-501\t张三\n2\t3-1-502\t李四": "3栋1单元501 3栋1单元502",
		"3-1-502 张三":                     "3栋1单元502",
		"3-1-502 张三 13910001111":         "3栋1单元502",
		"张三 3-1-502 139****1111":         "3栋1单元502",
		"3-1-502（欠费）":                    "3栋1单元502",
		"3-1-502(2人)":                    "3栋1单元502",
		"1、3-1-502":                      "3栋1单元502",
		"1. 3-1-502\n（2）3-1-503":         "3栋1单元502 3栋1单元503",
		"3-1-502，3-1-503、3-1-501":        "3栋1单元502 3栋1单元503 3栋1单元501",
		"7-1-502；3-1-503;张三":             "7栋1单元502 3栋1单元503",
		"3-1-503、502":                    "3栋1单元503 3栋1单元502",
		"翠湖花园3栋1单元502":                   "3栋1单元502",
		"翠湖花园小区 3-1-502 张三":              "3栋1单元502",
		"3栋,1单元,502,张三":                  "3栋1单元502",
		"1-101（西区）":                      "西区1栋101",
		"1-101（北区）":                      "-",
		"北区 1-101":                       "-",
		"西区 1-101":                       "西区1栋101",
		"2003-02-05":                     date, "2003/2/5": date, "2026-03-02 12:00:00": date, "2月5日": date, "05:03": date, "5-Mar": date,
		"1.1010119900307E+17": "电子表格把号码变成了科学计数，请把这一列改成文本",
		"#N/A":                "这一格的公式出错，请改成房号",
		"=3-1-502":            "“=”开头的不是房号；如果是表格里的公式，请用 Excel 或 WPS 打开并保存后再上传",
		"3〓1-502":             "有无法识别的字，请改正",
		"3-1-502，2003-02-05":  "3栋1单元502 " + date,
	} {
		var got []string
		for _, match := range MatchHouses(list, "翠湖花园", houses) {
			switch {
			case match.Why != "":
				got = append(got, match.Why)
			case len(match.Houses) == 1:
				got = append(got, match.Houses[0].Label)
			case len(match.Houses) > 1:
				got = append(got, "several")
			default:
				got = append(got, "-")
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q means %q, want %q", list, got, want)
		}
	}
	// A line of a list is not the list's number and a house: 1区 is not meant.
	if got := MatchHouses("1、3-1-501", "", houses); len(got[0].Houses) != 1 || got[0].Houses[0].ID != 1 {
		t.Errorf("a numbered line means %v", got)
	}
	// A label that looks like a day is a house all the same.
	if got := MatchHouses("2003-2-5", "", []House{{ID: 1, Label: "2003-2-5"}}); len(got[0].Houses) != 1 {
		t.Errorf("a label means %v", got)
	}
	if got := MatchHouses(strings.Repeat("1、", 50_000), "", houses); len(got) > MaxHouseLines {
		t.Errorf("%d lines of one", len(got))
	}
}

func TestHouseLines(t *testing.T) {
	for name, c := range map[string]struct {
		rows [][]string
		want []string
	}{
		"nothing":        {nil, nil},
		"first column":   {[][]string{{"3-2-501", "张三"}, {" "}, {"３栋2单元502"}}, []string{"3-2-501", "3栋2单元502"}},
		"a house column": {[][]string{{"序号", "房屋", "房号"}, {"1", "3栋2单元501", "501"}, {"2"}}, []string{"3栋2单元501"}},
		"parts": {
			[][]string{{"姓名", "房号", "单元", "楼栋"}, {"张三", "501", "2", "3"}, {"李四", "502", "", "3栋"}, {"王五", "101"}},
			[]string{"3-2-501", "3栋502", "101"},
		},
		"one part":  {[][]string{{"房号", "备注"}, {"3-2-501", "x"}}, []string{"3-2-501"}},
		"no titles": {[][]string{{"3栋", "2单元", "501", "张三"}, {"3-2-502", "9"}}, []string{"3栋2单元501", "3-2-502"}},
		"a title above": {
			[][]string{{"翠湖花园限制出入名单", ""}, {"", "", ""}, {"序号", "楼 栋\n号", "＊房　号", "姓名"}, {"1", "3", "501", "张三"}},
			[]string{"3-501"},
		},
		"in brackets":  {[][]string{{"*房号（必填）", "备注"}, {"3-2-501", "x"}}, []string{"3-2-501"}},
		"other titles": {[][]string{{"姓名", "楼宇", "门牌号码"}, {"张三", "3栋", "501"}}, []string{"3栋501"}},
		"rooms":        {[][]string{{"姓名", "房间"}, {"张三", "3-501"}}, []string{"3-501"}},
		"owners":       {[][]string{{"业主房号"}, {"3-501"}}, []string{"3-501"}},
		"numbered":     {[][]string{{"1", "3-2-501", "张三"}, {"2", "3-2-502"}}, []string{"3-2-501", "3-2-502"}},
		"a day among the columns": {
			[][]string{{"楼栋", "单元", "房号"}, {"3栋", "2026-03-02", "501"}, {"3栋", "1单元", "05:01:00"}},
			[]string{"2026-03-02", "05:01:00"},
		},
		"only titles": {[][]string{{"楼栋", "房号"}}, nil},
	} {
		if got := HouseLines(c.rows); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	house := []House{{ID: 1, Label: "3栋2单元501"}, {ID: 2, Label: "3栋502"}}
	for i, line := range HouseLines([][]string{{"楼栋", "单元", "房号"}, {"3栋", "2单元", "501"}, {"3", "", "502"}}) {
		if got := MatchHouses(line, "翠湖花园", house); len(got) != 1 || len(got[0].Houses) != 1 || got[0].Houses[0].ID != ID(i+1) {
			t.Errorf("%s means %+v", line, got)
		}
	}
}

func FuzzHouseLines(f *testing.F) {
	f.Add("楼栋,单元,房号\n3栋,2,501")
	f.Add("3栋,\n,\n\xff,栋")
	f.Fuzz(func(t *testing.T, text string) {
		var rows [][]string
		for line := range strings.SplitSeq(text, "\n") {
			rows = append(rows, strings.Split(line, ","))
		}
		lines := HouseLines(rows)
		if len(lines) > len(rows) {
			t.Fatalf("%d lines of %d rows", len(lines), len(rows))
		}
		for _, line := range lines {
			if line == "" || strings.ContainsAny(line, "\n\r") {
				t.Fatalf("line %q", line)
			}
		}
		if got := MatchHouses(strings.Join(lines, "\n"), "翠湖花园", []House{{ID: 1, Label: "3栋2单元501"}}); len(got) > len(lines) {
			t.Fatalf("%d matches of %d lines", len(got), len(lines))
		}
	})
}

func TestHouseText(t *testing.T) {
	for text, want := range map[string]string{
		"3-2-501": "3 2 501", "３栋２单元0501室": "3 2 501", "501室": "501", "A座0801": "801", "东区7": "7",
		"501": "", "3栋": "", "3栋2单元": "", "3-2单元": "", "张三": "", "三栋二单元501": "3 2 501", "": "", "0": "", "a": "",
	} {
		if got := strings.Join(ReadHouse(text).Figures(), " "); got != want {
			t.Errorf("%q has the figures %q, want %q", text, got, want)
		}
	}
	if written := ReadHouse("三栋2单元501室").Written(); !slices.Equal(written, []string{"三", "2", "501"}) ||
		ReadHouse("3-2-501").Written() != nil {
		t.Errorf("written %q", written)
	}
	houses := []House{{ID: 1, Label: "1栋1单元101"}, {ID: 2, Label: "11栋1单元101"}, {ID: 3, Label: "东区1栋1单元101"}, {ID: 4, Label: "1-1-101"}}
	for text, want := range map[string]int{"1-1-101": 1, "1-1-101室": 3, "101": 4, "东区1-1-101": 1, "9": 0, "一栋一单元101": 1, "十一栋一单元101": 1} {
		if got := MeantHouses(text, houses); len(got) != want {
			t.Errorf("%q means %v", text, got)
		}
	}
}

func TestAfterCommunity(t *testing.T) {
	for address, want := range map[string]string{
		"翠湖花园1栋1单元101": "1栋1单元101", "翠湖花园 1栋": "1栋", "翠湖 1-1-101": "1-1-101", "翠湖小区1-1-101": "1-1-101",
		"花园三栋101": "三栋101", "翠湖花园·1栋": "1栋", "翠湖花园": "", "翠1-1-101": "", "江南1-1-101": "", "1-1-101": "", "": "",
	} {
		if rest, ok := AfterCommunity(address, "翠湖花园"); rest != want || ok != (want != "") {
			t.Errorf("%s: %q, %t, want %q", address, rest, ok, want)
		}
	}
	if rest, ok := AfterCommunity("100-1-1", "阳光100"); ok {
		t.Errorf("a house's number is taken for a part of the community's name: %q", rest)
	}
}
