package core

import (
	"fmt"
	"slices"
	"strings"
)

const staffImportRules = "姓名、性别、手机、所属部门和职位必填；所属部门从最上级写起，用—隔开，没有的部门导入时建立；服务小区写全名，" +
	"多个用、隔开；新员工留空就是这次选择的小区，已登记的员工留空就不变。"

// Where the columns of a list of staff are.
const (
	atStaffName = iota
	atStaffSex
	atStaffPhone
	atStaffAddress
	atStaffDepartments
	atStaffPosition
	atStaffGrade
	atStaffCommunities
	atStaffWechat
)

// StaffImportColumns are the columns of a list of staff, in the order of its template.
func StaffImportColumns(Community) []ImportColumn {
	return []ImportColumn{
		{Key: "name", Label: "姓名", Needed: true, Read: readImportName, Names: strings.Fields("员工姓名 人员姓名 名字 name")},
		{
			Key: "sex", Label: "性别", Needed: true, Offers: []string{"男", "女"}, Read: readImportSex, Shown: SexLabel, Coded: true,
			Names: []string{"sex", "gender"},
		},
		{
			Key: "phone", Label: "手机", Needed: true, Text: true, Read: readImportMobile, Shown: MaskPhone,
			Names: strings.Fields("手机号 手机号码 电话 联系电话 移动电话 联系方式 mobile phone"),
		},
		{
			Key: "address", Label: "住址", Read: readImportText(MaxStaffAddress), Shown: hiddenText,
			Names: strings.Fields("地址 家庭住址 现住址 address"),
		},
		{
			Key: "departments", Label: "所属部门（工程部—维修组）", Needed: true, Read: readImportDepartments,
			Names: strings.Fields("部门 部门名称 所在部门 department"),
		},
		{
			Key: "position", Label: "职位", Needed: true, Read: readImportText(MaxStaffText), Names: strings.Fields("岗位 职务 position title"),
		},
		{Key: "grade", Label: "职级", Read: readImportText(MaxStaffText), Names: strings.Fields("级别 等级 grade level")},
		{
			Key: "communities", Label: "服务小区", Read: readImportList, Names: strings.Fields("小区 所属小区 服务项目 项目 项目名称 community"),
		},
		{
			Key: "wechat", Label: "微信", Read: readImportText(MaxStaffText), Shown: hiddenText, Names: strings.Fields("微信号 微信账号 wechat"),
		},
	}
}

// hiddenText is what a page shows of a text that lists do not show.
func hiddenText(string) string { return "已填写" }

func readImportMobile(cell string) (string, error) {
	number, err := wholeNumber(cell, digitsHiddenFor)
	if err != nil {
		return "", err
	}
	phone, err := NormalizeMobile(number)
	if err != nil {
		return "", Invalid("请填写 11 位手机号")
	}
	return phone, nil
}

// readImportText returns what reads a text of at most so many characters.
func readImportText(most int) func(string) (string, error) {
	return func(cell string) (string, error) {
		if len([]rune(cell)) > most {
			return "", Invalid(fmt.Sprintf("最多 %d 个字", most))
		}
		return cell, nil
	}
}

// readImportDepartments reads paths of departments, in the order in which they are compared.
func readImportDepartments(cell string) (string, error) {
	var paths []string
	for _, text := range listed(cell) {
		path, err := DepartmentPath(text)
		if err != nil {
			return "", err
		}
		if len(path) > 0 {
			paths = append(paths, strings.Join(path, "—"))
		}
	}
	return JoinImported(paths), nil
}

func readImportList(cell string) (string, error) { return JoinImported(listed(cell)), nil }

// JoinImported returns several names as one value of a list, each once, in the order in which they are compared.
func JoinImported(names []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), "、")
}

// listed returns the parts of a cell that names several things.
func listed(text string) []string {
	var parts []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、，,；;", r) }) {
		if part = Clean(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// checkStaffImport judges a row as a whole.
func checkStaffImport(c Community, row *ImportRow) {
	for i, column := range StaffImportColumns(c) {
		if label := ImportHeadingLabel(column.Label); column.Needed && row.Values[i] == "" && !failed(*row, column.Key) {
			row.Fail(column.Key, "缺少"+label, "请填写"+label)
		}
	}
	row.Label = row.Values[atStaffCommunities]
}

// staffImportKeys compare the rows of one list: a number is one person.
func staffImportKeys(_ Community, row ImportRow) []ImportKey {
	return []ImportKey{{
		Key: row.Values[atStaffPhone], Says: strings.Join(row.Values, "\x00"), Whole: true, Kind: "与另一行矛盾",
		Words: "手机号与第 %d 行相同，内容不同；请只留一行",
	}}
}

func staffImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"添加", n.Added(), "名员工"}, Counted{"修改", n.Of(ImportChanged), "名员工"})
}

// ImportedStaff is what a row says of a staff member: departments are paths, communities names.
type ImportedStaff struct {
	Staff       Staff
	Departments [][]string
	Communities []string
}

// ReadImportedStaff returns what values of a list of staff say.
func ReadImportedStaff(v []string) ImportedStaff {
	read := ImportedStaff{Communities: listed(v[atStaffCommunities]), Staff: Staff{
		Name: v[atStaffName], Sex: v[atStaffSex], Phone: v[atStaffPhone], Address: v[atStaffAddress], Position: v[atStaffPosition],
		Grade: v[atStaffGrade], Wechat: v[atStaffWechat],
	}}
	for _, path := range listed(v[atStaffDepartments]) {
		read.Departments = append(read.Departments, strings.Split(path, "—"))
	}
	return read
}

// ServeCommunities sets the communities of a row, by their names as the register has them.
func ServeCommunities(row *ImportRow, names []string) {
	row.Values[atStaffCommunities] = JoinImported(names)
	row.Label = row.Values[atStaffCommunities]
}

// CommunitiesServed returns the communities of values of a list of staff.
func CommunitiesServed(values []string) string { return values[atStaffCommunities] }

// StaffImportValues returns the values of a list's columns for a staff member of the register.
func StaffImportValues(m Staff, departments, communities []string) []string {
	return []string{
		atStaffName: m.Name, atStaffSex: m.Sex, atStaffPhone: m.Phone, atStaffAddress: m.Address,
		atStaffDepartments: JoinImported(departments), atStaffPosition: m.Position, atStaffGrade: m.Grade,
		atStaffCommunities: JoinImported(communities), atStaffWechat: m.Wechat,
	}
}

// MergeStaff returns the values of a staff member of the register as a row of a list changes them. Of somebody synced
// from WeWork, departments and position stay.
func MergeStaff(known, row []string, how ImportKnown, synced bool) []string {
	merged := slices.Clone(known)
	for i, value := range row {
		kept := i == atStaffName || synced && (i == atStaffDepartments || i == atStaffPosition)
		if value != "" && !kept && (how == ImportUpdate || merged[i] == "") {
			merged[i] = value
		}
	}
	return merged
}
