package core

import (
	"slices"
	"strconv"
	"strings"
)

const arrearsImportRules = "每行一套房屋：房屋可以写成“3-2-1502”或“3栋2单元1502”，也可以分列填写；欠费的单位是元，留空或写 0 就是已缴清。" +
	"文件里没有的房屋不变。"

// Where the columns of a list of arrears are; those of the levels begin at atArrearsLevels, a whole house is behind them.
const (
	atArrears = iota
	atRemark
	_ // the community
	atArrearsLevels
)

// ArrearsImportColumns are the columns of a list of what the houses of a community owe, as software for fees exports it.
func ArrearsImportColumns(c Community) []ImportColumn {
	return append([]ImportColumn{
		{
			Key: "arrears", Label: "欠费（元）", Needed: true, Always: true, Read: readImportYuan, Shown: arrearsText, Coded: true,
			Names: strings.Fields(`欠费金额 欠款 欠款金额 欠缴 欠缴金额 欠费合计 欠款合计 合计欠费 欠费总额 未缴金额 未缴 应收欠费 应缴金额 待缴金额
				未收金额 金额 amount arrears owed`),
		},
		{
			Key: "remark", Label: "备注", Read: readImportRemark,
			Names: strings.Fields("说明 欠费说明 欠费备注 费用名称 费用项目 收费项目 费项 欠费期间 费用期间 账期 remark note"),
		},
	}, placeColumns(c)...)
}

// arrearsTemplate returns the columns of the template: a house in one cell, amount and remark.
func arrearsTemplate(c Community) []ImportColumn {
	columns := ArrearsImportColumns(c)
	house := columns[len(columns)-1]
	house.Needed = true
	return []ImportColumn{house, columns[atArrears], columns[atRemark]}
}

// readImportYuan reads an amount and returns it in fen. What a formula or a bank writes as a negative amount is paid in
// advance: see checkArrearsImport.
func readImportYuan(cell string) (string, error) {
	cell = FoldFigures(cell)
	if slices.Contains([]string{"-", "无", "无欠费", "已缴清", "已缴", "已结清"}, cell) {
		return "0", nil
	}
	if whole, cents, found := strings.Cut(cell, "."); found && len(cents) > 2 && strings.Trim(cents, "0123456789") == "" {
		if rounded, err := strconv.ParseFloat(strings.ReplaceAll(whole, ",", "")+"."+cents, 64); err == nil && rounded < ArrearsMostFen {
			cell = strconv.FormatFloat(rounded, 'f', 2, 64) // 1280.4999999 of a formula
		}
	}
	if below, found := strings.CutPrefix(cell, "-"); found {
		if fen, err := ParseYuan(below); err == nil {
			return strconv.FormatInt(-fen, 10), nil
		}
	}
	fen, err := ParseYuan(cell)
	return strconv.FormatInt(fen, 10), err
}

func readImportRemark(cell string) (string, error) {
	if _, err := CheckArrears(1, cell); err != nil {
		return "", Invalid("最多 100 个字")
	}
	return cell, nil
}

// arrearsText returns an amount in fen, as a list of arrears has it, for a page.
func arrearsText(value string) string {
	fen, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return value // as it was typed
	case fen == 0:
		return "无欠费"
	}
	return Yuan(fen) + " 元"
}

// checkArrearsImport judges a row as a whole: with an empty amount nothing is owed, nor if something is paid in advance.
func checkArrearsImport(c Community, row *ImportRow) {
	houseOfRow(c, row, atArrearsLevels)
	if row.Values[atArrears] == "" {
		row.Values[atArrears] = "0"
	}
	if below, found := strings.CutPrefix(row.Values[atArrears], "-"); found && !failed(*row, "arrears") {
		row.Values[atArrears] = "0"
		row.Note("负数当作预缴，按无欠费导入", "预缴 "+arrearsText(below)+"（负数），按无欠费导入")
	}
	if len(row.Wrong) == 0 {
		labelRow(c, row, atArrearsLevels)
	}
}

// arrearsImportKeys compare the rows of one list: a house owes one amount.
func arrearsImportKeys(_ Community, row ImportRow) []ImportKey {
	return []ImportKey{{
		Key: row.house, Says: row.Values[atArrears] + "\x00" + row.Values[atRemark], Whole: true, Kind: "与另一行矛盾",
		Words: "与第 %d 行是同一套房屋，金额或备注不同；请合并成一行",
	}}
}

// ArrearsHouse returns the names of a row's house, one per level.
func ArrearsHouse(c Community, row ImportRow) []string {
	return row.Values[atArrearsLevels : atArrearsLevels+len(c.Levels)]
}

// ArrearsOf returns a house with what a row says that it owes. A row without a remark leaves that of a debt as it is.
func ArrearsOf(row ImportRow, known House) House {
	fen, err := strconv.ParseInt(row.Values[atArrears], 10, 64)
	if err != nil {
		return known // a row that is wrong
	}
	if remark := row.Values[atRemark]; remark != "" {
		known.Remark = remark
	}
	if known.ArrearsFen = fen; fen == 0 {
		known.Remark = ""
	}
	return known
}

// ArrearsValues returns the values of a row's columns for a house of the register.
func ArrearsValues(row ImportRow, known House) []string {
	v := slices.Clone(row.Values)
	v[atArrears], v[atRemark] = strconv.FormatInt(known.ArrearsFen, 10), known.Remark
	return v
}

func arrearsImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"修改", n.Of(ImportChanged), "套房屋的欠费"})
}
