package core

import (
	"slices"
	"strings"
)

const memberImportRules = "机构、姓名、手机号和有效期止必填；机构写全名，须先在“机构管理”添加；有效期起留空就从导入当天起；" +
	"已登记的成员按手机号或身份证号识别，留空的格不变。"

// MaxMemberRemark bounds the remark on a member, in characters.
const MaxMemberRemark = 200

// Where the columns of a list of members are.
const (
	atMemberInstitution = iota
	atMemberName
	atMemberPhone
	atMemberIDNumber
	atMemberFrom
	atMemberUntil
	atMemberRemark
)

// MemberImportColumns are the columns of a list of members of institutions, in the order of its template.
func MemberImportColumns(Community) []ImportColumn {
	return []ImportColumn{
		{
			Key: "institution", Label: "机构", Needed: true, Read: readImportText(MaxInstitutionName),
			Names: strings.Fields("机构名称 所属机构 单位 单位名称 所属单位 公司 公司名称 所属公司 企业名称 institution company"),
		},
		{
			Key: "name", Label: "姓名", Needed: true, Read: readImportName,
			Names: strings.Fields("成员姓名 人员姓名 员工姓名 骑手姓名 名字 name"),
		},
		{
			Key: "phone", Label: "手机号", Needed: true, Text: true, Read: readImportMobile, Shown: MaskPhone,
			Names: strings.Fields("手机 手机号码 电话 联系电话 移动电话 联系方式 mobile phone"),
		},
		{
			Key: "id_number", Label: "身份证号", Text: true, Read: readImportIDNumber(digitsHiddenFor), Shown: MaskIDNumber,
			Names: strings.Fields("身份证 身份证号码 证件号 证件号码 居民身份证号 有效证件号 idcard idnumber"),
		},
		{
			Key: "from", Label: "有效期起", Read: readImportDay,
			Names: strings.Fields("开始日期 生效日期 起始日期 有效期开始 有效期自 有效开始日期 入场日期 from"),
		},
		{
			Key: "until", Label: "有效期止", Needed: true, Read: readImportDay,
			Names: strings.Fields("有效期至 有效期 截止日期 结束日期 到期日期 到期时间 到期日 有效期结束 有效截止日期 离场日期 until"),
		},
		{
			Key: "remark", Label: "备注", Read: readImportText(MaxMemberRemark), Shown: hiddenText,
			Names: strings.Fields("说明 备注信息 remark note"),
		},
	}
}

// checkMemberImport judges a row as a whole.
func checkMemberImport(c Community, row *ImportRow) {
	for i, column := range MemberImportColumns(c) {
		if column.Needed && i != atMemberUntil && row.Values[i] == "" && !failed(*row, column.Key) {
			row.Fail(column.Key, "缺少"+column.Label, "请填写"+column.Label)
		}
	}
	if from, until := row.Values[atMemberFrom], row.Values[atMemberUntil]; from != "" && until != "" && until < from &&
		!failed(*row, "from") && !failed(*row, "until") { // both in the form in which they are in order
		row.Fail("until", "有效期有误", "有效期止不能早于有效期起")
	}
	row.Label = row.Values[atMemberInstitution]
}

// memberImportKeys compare the rows of one list: a number is one person, in one institution one member, and so is an ID
// number.
func memberImportKeys(_ Community, row ImportRow) []ImportKey {
	v := row.Values
	of, name, phone := FoldName(v[atMemberInstitution]), FoldName(v[atMemberName]), v[atMemberPhone]
	says := append([]string{name}, v[atMemberPhone:]...)
	keys := []ImportKey{
		{
			Key: of + "\x00" + phone, Says: strings.Join(says, "\x00"), Whole: true, Kind: "与另一行矛盾",
			Words: "与第 %d 行是同一机构的同一人，内容不同；请只留一行",
		},
		{Key: phone, Says: name, Kind: "同号不同名", Words: "手机号与第 %d 行相同，姓名不同；请核对是谁的手机"},
	}
	if id := v[atMemberIDNumber]; id != "" {
		keys = append(keys,
			ImportKey{Key: id, Says: name, Kind: "同证件不同名", Words: "证件号与第 %d 行相同，姓名不同"},
			ImportKey{
				Key: of + "\x00" + id, Says: phone, Kind: "同证件不同手机",
				Words: "身份证号与第 %d 行相同、同一机构，手机号不同；请只留一行，或核对身份证号",
			})
	}
	return keys
}

func memberImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"添加", n.Added(), "名成员"}, Counted{"修改", n.Of(ImportChanged), "名成员"})
}

// ImportedInstitution returns the institution that values of a list of members name.
func ImportedInstitution(v []string) string { return v[atMemberInstitution] }

// PlaceMember sets the institution of a row as the register has it, and, of a new member, the first day of validity if
// the row names none.
func PlaceMember(row *ImportRow, institution string, from Day) {
	row.Values[atMemberInstitution], row.Label = institution, institution
	if row.Values[atMemberFrom] == "" && from != 0 {
		row.Values[atMemberFrom] = from.String()
	}
}

// ImportedMember returns what values of a list of members say, but the institution.
func ImportedMember(v []string) Member {
	day := func(text string) Day {
		d, err := ParseDay(text)
		if err != nil { // the column's Read has let through what ParseDay reads, or nothing
			return 0
		}
		return d
	}
	return Member{
		Name: v[atMemberName], Phone: v[atMemberPhone], IDNumber: v[atMemberIDNumber], From: day(v[atMemberFrom]),
		Until: day(v[atMemberUntil]), Remark: v[atMemberRemark],
	}
}

// MemberImportValues returns the values of a list's columns for a member of the register.
func MemberImportValues(m Member) []string {
	return []string{
		atMemberInstitution: m.InstitutionName, atMemberName: m.Name, atMemberPhone: m.Phone, atMemberIDNumber: m.IDNumber,
		atMemberFrom: m.From.String(), atMemberUntil: m.Until.String(), atMemberRemark: m.Remark,
	}
}

// MergeMember returns the values of a member of the register as a row of a list changes them. The name stays as it is
// spelled.
func MergeMember(known, row []string, how ImportKnown) []string {
	merged := slices.Clone(known)
	for i, value := range row {
		kept := i == atMemberInstitution || i == atMemberName
		if value != "" && !kept && (how == ImportUpdate || merged[i] == "") {
			merged[i] = value
		}
	}
	return merged
}

// FailMember adds to a row what a check of the member found, by its columns.
func FailMember(row *ImportRow, wrong map[string]string) {
	for _, column := range MemberImportColumns(Community{}) {
		if words := wrong[column.Key]; words != "" {
			row.Fail(column.Key, column.Label+"有误", words)
		}
	}
}
