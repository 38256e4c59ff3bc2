package sheet

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

// exported is what systems write under the name .xls.
const exported = `<html xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>住户</title>
<style>td { mso-number-format:"\\@" } <!-- table <tr><td>x --></style></head><body>
<TABLE border=1><thead><TR><TH colspan=2>住户信息</TH><th rowspan="2">手机</tr>
<tr><td>楼栋<td><b>房</b>号</tr></thead>
<tr><td rowspan=2>3栋</td><td x:str>0101</td><td>13800000000</td></tr>
<tr><td>0102<br>室</td><td>&nbsp;138&#48;0000001 </td>
<tr style="display: none"><td>4栋</td><td>1</td><td></td></tr>
<tr></tr>
<tr><td>5栋</td><td><table><tr><td>a</td><td>b</td></tr></table></td><td>&lt;7&gt;<script>document.write("x")</script></td></tr>
</TABLE></body></html>`

func TestPagesAsRows(t *testing.T) {
	for name, content := range map[string][]byte{
		"UTF-8": []byte(exported), "behind a mark": []byte("\ufeff\r\n " + exported), "GBK": encoded(t, exported),
		"UTF-16": append([]byte("\xff\xfe"), utf16le(exported)...), "the table alone": []byte(exported[strings.Index(exported, "<TABLE"):]),
	} {
		var got []string
		for _, row := range keptRows(t, content) {
			got = append(got, fmt.Sprintf("%d %v %q", row.Number, row.Hidden, row.Titles()))
		}
		want := []string{
			`1 false ["住户信息" "住户信息" "手机"]`, `2 false ["楼栋" "房号" "手机"]`, `3 false ["3栋" "0101" "13800000000"]`,
			`4 false ["3栋" "0102 室" "13800000001"]`, `5 true ["4栋" "1"]`, `7 false ["5栋" "a b" "<7>"]`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: rows are\n%s, want\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestHostilePages(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		rows    int
		wrong   string
	}{
		"wide":        {"<table><tr><td colspan=99999999>a<td>b", 0, "第 1 行超过 64 列，请只保留要用的列再上传"},
		"a far one":   {"<table><tr>" + strings.Repeat("<td>", 100_000) + "<td>a", 0, "第 1 行超过 64 列，请只保留要用的列再上传"},
		"high":        {"<table><tr><td rowspan=99999999>a<td>b" + strings.Repeat("<tr><td>c", 999), 1000, ""},
		"deep":        {strings.Repeat("<table><tr><td>", 100_000) + "a", 1, ""},
		"a long cell": {"<table><tr><td>" + strings.Repeat("长<br>", 500_000), 1, ""},
		"one text":    {"<table><tr><td>" + strings.Repeat("长", 2_000_000), 0, errLarge.Error()},
		"cut off":     {"<table><tr><td>a<tr><td", 1, ""},
		"too long":    {"<table>" + strings.Repeat("<tr><td>a", 1001), 1001, "文件里超过 1,000 行，请分成几份上传"},
		"ends alone":  {"<table></td></tr></table></table><tr><td>a", 0, ""},
	} {
		rows := 0
		grown, _ := peak(func() {
			book, err := Open(t.Context(), []byte(c.content))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_, err = book.Rows(t.Context(), 0, 1000, func(Row) error { rows++; return nil })
			if got := core.MessageOf(err); err == nil && c.wrong != "" || err != nil && got != c.wrong {
				t.Errorf("%s: %v, want %q", name, err, c.wrong)
			}
		})
		if c.wrong == "" && rows != c.rows {
			t.Errorf("%s: %d rows, want %d", name, rows, c.rows)
		}
		if grown > 64<<20 {
			t.Errorf("%s: heap +%d MiB", name, grown>>20)
		}
	}
}

// The marked copy of a page is a workbook with the same rows.
func TestMarkedPage(t *testing.T) {
	rows, _ := rowsOf(t, markedFile(t, []byte(exported), 2, Mark{Row: 3, Column: 1, Message: "没有这个房号"}))
	if fmt.Sprint(rows[1]) != "[楼栋 房号 手机 错误说明]" || fmt.Sprint(rows[2]) != "[3栋 0101 13800000000 没有这个房号]" {
		t.Errorf("rows are %q", rows)
	}
}

func FuzzPage(f *testing.F) {
	f.Add(exported)
	f.Add("<table><tr><td rowspan=3 colspan=2>a<td>b<tr><td>c<table><tr>")
	f.Fuzz(func(t *testing.T, text string) {
		p := &page{text: text, texts: newTexts()}
		last := 0
		r := &rowing{max: 1000, left: maxImporting, pace: newPace(importRest), each: func(row Row) error {
			if row.Number <= last || len(row.Titles()) > Columns {
				t.Errorf("row %d of %d columns follows row %d", row.Number, len(row.Titles()), last)
			}
			last = row.Number
			return nil
		}}
		_ = p.rows(t.Context(), 0, r) // any text is read or refused
	})
}
