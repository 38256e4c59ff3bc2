package core

import "strings"

const visitorBlockImportRules = "每行一个号码：手机号、证件号或车牌号，自动识别类型；原因必填，门岗会看到；截止日期留空就是长期。" +
	"已在黑名单上的，原因和截止日期换成文件里的。"

// Where the columns of a list of a blacklist are.
const (
	atBlockValue = iota
	atBlockReason
	atBlockUntil
)

// VisitorBlockImportColumns are the columns of a list of a blacklist of visitors, in the order of its template.
func VisitorBlockImportColumns(Community) []ImportColumn {
	return []ImportColumn{
		{
			Key: "value", Label: "手机号、证件号或车牌", Needed: true, Text: true, Read: readImportBlock, Shown: maskBlock,
			Names: strings.Fields(`号码 手机 手机号 手机号码 电话 联系电话 证件号 证件号码 身份证 身份证号 身份证号码 车牌 车牌号 车牌号码
				手机号或车牌 黑名单号码 phone plate idcard`),
		},
		{
			Key: "reason", Label: "原因", Needed: true, Read: readImportText(MaxBlockReason),
			Names: strings.Fields("事由 理由 加入原因 拉黑原因 说明 备注 reason remark"),
		},
		{
			Key: "until", Label: "截止日期", Read: readImportDay,
			Names: strings.Fields("截止 有效期 有效期至 有效期止 到期日期 到期日 结束日期 until"),
		},
	}
}

// readImportBlock reads a number or a plate of any kind of entry.
func readImportBlock(cell string) (string, error) {
	number, err := wholeNumber(cell, digitsHiddenFor)
	if err != nil {
		return "", err
	}
	_, value, err := ReadBlock(number)
	return value, err
}

// maskBlock returns a number of any kind of entry as pages show it, and other text as it was typed.
func maskBlock(value string) string {
	kind, value, err := ReadBlock(value)
	if err != nil {
		return value
	}
	return VisitorBlock{Kind: kind, Value: value}.Masked().Value
}

// checkVisitorBlockImport judges a row as a whole.
func checkVisitorBlockImport(c Community, row *ImportRow) {
	for i, column := range VisitorBlockImportColumns(c) {
		if column.Needed && row.Values[i] == "" && !failed(*row, column.Key) {
			row.Fail(column.Key, "缺少"+column.Label, "请填写"+column.Label)
		}
	}
	if len(row.Wrong) == 0 {
		row.Label = ImportedBlock(row.Values).Kind.Label()
	}
}

// visitorBlockImportKeys compare the rows of one list: a number has one reason and one end.
func visitorBlockImportKeys(_ Community, row ImportRow) []ImportKey {
	return []ImportKey{{
		Key: row.Values[atBlockValue], Says: row.Values[atBlockReason] + "\x00" + row.Values[atBlockUntil], Whole: true,
		Kind: "与另一行矛盾", Words: "与第 %d 行是同一个号码，原因或截止日期不同；请只留一行",
	}}
}

func visitorBlockImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"加入", n.Added(), "条"}, Counted{"修改", n.Of(ImportChanged), "条"})
}

// ImportedBlock returns what values of a list of a blacklist say.
func ImportedBlock(v []string) VisitorBlock {
	b := VisitorBlock{Reason: v[atBlockReason]}
	b.Kind, b.Value, _ = ReadBlock(v[atBlockValue]) // the column's Read has let through what this reads
	if day, err := ParseDay(v[atBlockUntil]); err == nil {
		b.LastDay = day
	}
	return b
}

// BlockImportValues returns the values of a list's columns for an entry that has a row's number.
func BlockImportValues(row []string, known VisitorBlock) []string {
	until := ""
	if known.LastDay != 0 {
		until = known.LastDay.String()
	}
	return []string{atBlockValue: row[atBlockValue], atBlockReason: known.Reason, atBlockUntil: until}
}
