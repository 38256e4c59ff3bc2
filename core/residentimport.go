package core

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ImportHouse is the column that may hold a whole house instead of those of the levels: 3-2-1502.
const ImportHouse = "house"

const residentImportRules = "楼栋结构的每一级必填；姓名、身份和手机一同填写，都不填的行只添加房屋；限期租客必须填写租约到期时间。" +
	"家人共用一个手机的，加一列“手机说明”，填“家人共用”。"

// The groups of headings above those of the template, as offices know them.
const (
	groupBasic    = "基本信息（选填，但填写时姓名和身份必须与手机一同填写才有效；限期租客必须填写租约到期时间）"
	groupIdentity = "身份验证信息（选填，但填写时姓名和身份必须与手机一同填写才有效）"
	groupPlace    = "小区楼栋信息（必填）"
)

// ResidentImportColumns are the columns of a list of residents and houses of a community, in the order of its
// template; the last two, a whole house and whose the number is, are not in the template.
func ResidentImportColumns(c Community) []ImportColumn {
	return append([]ImportColumn{
		{
			Key: "name", Label: "姓名", Group: groupBasic, Asked: true, Read: readImportName,
			Names: strings.Fields(`业主姓名 住户姓名 客户姓名 客户名称 业主名称 业主 户主 户主姓名 住户 住户名称 人员姓名 人员名称 名字 名称
				联系人 产权人 name fullname ownername`),
		},
		{
			Key: "sex", Label: "性别", Group: groupBasic, Offers: []string{"男", "女"}, Read: readImportSex, Shown: SexLabel, Coded: true,
			Names: strings.Fields("业主性别 住户性别 sex gender"),
		},
		{
			Key: "identity", Label: "身份", Group: groupBasic, Asked: true, Offers: identityLabels(), Read: readImportIdentity,
			Shown: func(v string) string { return Identity(v).Label() }, Coded: true,
			Names: strings.Fields(`住户身份 住户类型 住户类别 人员类型 人员类别 人员身份 客户类型 业主类型 与业主关系 与房屋关系 与户主关系
				关系 居住身份 identity relation`),
		},
		{
			Key: "lease_day", Label: "租约到期时间", Group: groupBasic, Read: readImportDay,
			Names: strings.Fields(`租约到期日 租约到期日期 租约到期 租约截止日期 租约结束日期 租期至 租期截止 到期时间 到期日期 到期日
				租赁到期 租赁到期日 租赁到期时间 合同到期 合同到期日 合同到期时间 合同截止日期 leaseend`),
		},
		{
			Key: "phone", Label: "手机", Group: groupIdentity, Asked: true, Text: true, Read: readImportPhone, Shown: MaskPhone,
			Names: strings.Fields(`手机号 手机号码 电话 电话号码 联系电话 联系手机 联系号码 联系方式 移动电话 业主电话 业主手机 业主手机号
				住户电话 住户手机 本人手机 手机1 电话1 联系电话1 mobile phone tel phonenumber mobilephone`),
		},
		{
			Key: "id_number", Label: "证件号（如身份证，护照）", Group: groupIdentity, Text: true, Read: readImportIDNumber(digitsHidden),
			Shown: MaskIDNumber,
			Names: strings.Fields(`证件号 证件号码 证件 身份证 身份证号 身份证号码 身份证件号 身份证件号码 居民身份证 居民身份证号 有效证件号
				护照号 idcard idnumber idno`),
		},
	}, append(placeColumns(c), ImportColumn{
		Key: "phone_shared", Label: "手机说明", Read: readImportShared, Shown: sharedText, Coded: true,
		Names: strings.Fields("号码说明 手机备注 家人共用 家人共用号码 共用号码"),
	})...)
}

// placeColumns are those that tell a row's house: the community, the levels, and the whole house in one.
func placeColumns(c Community) []ImportColumn {
	columns := []ImportColumn{{
		Key: "community", Label: "小区", Group: groupPlace, Offers: []string{c.Name}, Read: readImportCommunity(c),
		Names: strings.Fields("小区名称 所属小区 项目 项目名称 所属项目 楼盘 楼盘名称 园区 社区 community"),
	}}
	for i, level := range c.Levels {
		columns = append(columns, ImportColumn{
			Key: levelColumn(i), Label: level, Group: groupPlace, Needed: true, Place: true, Text: true,
			Names: levelNames(level, i == len(c.Levels)-1), Read: readImportLevel(level),
		})
	}
	return append(columns, ImportColumn{
		Key: ImportHouse, Label: "房屋", Place: true, Text: true, Read: func(cell string) (string, error) { return cell, nil },
		Names: strings.Fields("房屋地址 房屋名称 房屋信息 完整房号 完整地址 详细地址 房产 房产名称 房间地址 房间全称 地址 住址 家庭住址 房屋编号 address"),
	})
}

// ResidentTemplate returns the columns of the template of a community.
func ResidentTemplate(c Community) []ImportColumn {
	columns := ResidentImportColumns(c)
	return columns[:len(columns)-2]
}

// Where the columns of a list of residents are; those of the levels begin at atLevels, a whole house is behind them, and
// whether the number is shared is last.
const (
	atName = iota
	atSex
	atIdentity
	atLease
	atPhone
	atIDNumber
	atCommunity
	atLevels
)

func levelColumn(i int) string { return "level" + strconv.Itoa(i) }

func identityLabels() []string {
	var labels []string
	for _, identity := range Identities() {
		labels = append(labels, identity.Label())
	}
	return labels
}

// levelClasses are words that mean the same level.
var levelClasses = [][]string{
	strings.Fields("区 分区 片区 期 期数 组团 苑 区域"),
	strings.Fields("栋 楼栋 楼栋号 楼栋名称 栋号 栋数 栋座 幢 幢号 座 座号 楼号 楼 楼宇 楼宇名称 号楼 楼座 building"),
	strings.Fields("单元 单元号 单元名称 梯 unit"),
	strings.Fields("层 楼层 层数 层号 floor"),
}

// roomWords mean the last level, whatever it is called.
var roomWords = strings.Fields(`房间 房间号 放房间号 房号 房间编号 房间名称 室 室号 户号 户室号 门牌 门牌号 门牌号码 门号 业主房号 房
	room roomno roomnumber`)

// levelNames returns the headings that mean a level of a community.
func levelNames(level string, last bool) []string {
	heading := ImportHeading(level)
	for _, class := range levelClasses {
		if slices.Contains(class, heading) {
			return class
		}
	}
	if last {
		return roomWords
	}
	return []string{heading + "号", heading + "名称"}
}

// noName is what is wrong with a cell that names nothing: it may look filled in.
func noName(cell, words string) error {
	if !hasLetter(cell) {
		words = "只有符号，没有文字或数字"
	}
	return Invalid(words)
}

func readImportName(cell string) (string, error) {
	if !nameText(cell, MaxName) {
		return "", noName(cell, "请填写姓名，最多 40 个字")
	}
	if !strings.ContainsFunc(cell, func(r rune) bool { return !unicode.IsNumber(r) }) { // 住户 2: how many live there
		return "", Invalid("是数字，不是姓名；是人数的，请把这一列设为不导入")
	}
	return cell, nil
}

func readImportSex(cell string) (string, error) {
	switch strings.ToLower(cell) {
	case "男", "男性", "m", "male", "先生":
		return "male", nil
	case "女", "女性", "f", "female", "女士":
		return "female", nil
	case SexLabel(""), "未填写", "未知", "不详", "-", "/", "无": // the first is what the export writes
		return "", nil
	}
	return "", Invalid("性别应为男或女")
}

// Values of what is said of a number: somebody shares it with their family, or has none.
const (
	sharedPhone = "shared"
	noPhone     = "none"
)

// readImportShared reads what the export writes of a number, and what people write.
func readImportShared(cell string) (string, error) {
	switch cell {
	case "家人共用", "共用", "家人共用号码", "是":
		return sharedPhone, nil
	case "本人", "否", "无", "-", "/":
		return "", nil
	case "无手机":
		return noPhone, nil
	}
	return "", Invalid("手机说明应为“家人共用”，或不填写")
}

func sharedText(value string) string {
	switch value {
	case sharedPhone:
		return "家人共用"
	case noPhone:
		return "无手机"
	}
	return value
}

// anyTenant is what other products call all tenants: who has the end of a lease is a Lodger, see leaseOfRow.
const anyTenant Identity = "anytenant"

// identityWords are other words for the four identities.
var identityWords = map[string]Identity{
	"业主": Owner, "户主": Owner, "房主": Owner, "产权人": Owner, "业主本人": Owner, "本人": Owner, "owner": Owner,
	"家属": Family, "家庭成员": Family, "家人": Family, "亲属": Family, "业主家属": Family, "配偶": Family, "子女": Family,
	"父母": Family, "儿子": Family, "女儿": Family, "family": Family,
	"长期租客": Tenant, "租客": anyTenant, "租户": anyTenant, "租赁户": anyTenant, "承租人": anyTenant, "tenant": anyTenant,
	"限期租客": Lodger, "短期租客": Lodger, "短租": Lodger, "临时租客": Lodger, "lodger": Lodger,
}

func readImportIdentity(cell string) (string, error) {
	identity, ok := identityWords[strings.ToLower(cell)]
	if !ok {
		return "", Invalid("身份应为业主、家属、长期租客或限期租客")
	}
	return string(identity), nil
}

func readImportDay(cell string) (string, error) {
	// Other products write the end of their calendar for a lease without an end.
	if slices.Contains([]string{"-", "/", "无", "长期", "永久"}, cell) || digitsOf(FoldFigures(cell)) == "99991231" {
		return "", nil
	}
	day, err := ReadDay(cell)
	if err != nil {
		return "", err
	}
	return day.String(), nil
}

// ReadDay reads a day as people and spreadsheets write it: 2018-12-31, 2018/12/31, 2018.12.31, 2018年12月31日,
// 20181231, with a time behind it, or as a spreadsheet counts days.
func ReadDay(text string) (Day, error) {
	wrong := Invalid("日期应如 2018-12-31、2018/12/31 或 2018年12月31日")
	plain := spacedMarks.ReplaceAllString(Clean(FoldFigures(text)), "$1")
	if m := numeralDay.FindStringSubmatch(plain); m != nil {
		plain = ""
		for _, part := range m[1:] {
			plain += strconv.Itoa(numeralOf([]rune(part))) + "-"
		}
	}
	for _, mark := range []string{"T", "日", "号", " "} {
		if before, _, found := strings.Cut(plain, mark); found && before != "" {
			plain = before
		}
	}
	plain = dayMarks.Replace(plain)
	plain = strings.Trim(plain, "-")
	if shortYear.MatchString(plain) {
		return 0, Invalid("年份请写四位，如 2018-12-31")
	}
	if allDigits(plain) {
		switch n, err := strconv.Atoi(plain); {
		case err != nil:
			return 0, wrong
		case len(plain) == 8:
			plain = plain[:4] + "-" + plain[4:6] + "-" + plain[6:]
		case len(plain) == 5 && n >= 25_569: // days since 1899-12-30; from 1970 on
			return Day(n - 25_569), nil
		default:
			return 0, wrong
		}
	}
	at, err := time.Parse("2006-1-2", plain)
	if err != nil && dayShape.MatchString(plain) {
		return 0, Invalid("没有“" + Clean(text) + "”这一天，请核对")
	}
	if err != nil || at.Year() < 1970 || at.Year() > 2199 {
		return 0, wrong
	}
	return Day(at.Unix() / 86_400), nil
}

var (
	numeralDay = regexp.MustCompile(`^([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]`)
	shortYear  = regexp.MustCompile(`^[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}$`) // 27-1-5, or 5-1-27
)

// dayShape is a day by its form, whether there is one or not.
var dayShape = regexp.MustCompile(`^(19[7-9]|20[0-9]|21[0-9])[0-9]-[0-9]{1,2}-[0-9]{1,2}$`)

// powerForm is a number in powers of ten: 1.39E+10 as a spreadsheet shows it, 1.3900001015E10 as programs write it.
var powerForm = regexp.MustCompile(`^([0-9]+)(?:\.([0-9]+))?E(\+?)([0-9]{1,3})$`)

// maxPower is the greatest number in powers of ten that programs write with all its digits: 15 of them.
const maxPower = 14

// spelledOut returns the digits of a number that a program has written in powers of ten. lost: they are not all there, for a
// spreadsheet shows only some.
func spelledOut(cell string) (digits string, lost bool) {
	m := powerForm.FindStringSubmatch(strings.ToUpper(cell))
	if m == nil || m[2] == "" && m[3] == "" { // 12E4567 may be the number of a passport
		return cell, false
	}
	power, err := strconv.Atoi(m[4])
	if err != nil || m[3] != "" || len(m[1]) > 1 || power > maxPower || len(m[2]) > power {
		return cell, true
	}
	return m[1] + m[2] + strings.Repeat("0", power-len(m[2])), false
}

const digitsLost = "表格把号码变成了数字，后几位已丢失；请把这一列改成文本后重新填写"

// wholeNumber returns a number as digits, and refuses one of which a cell does not have all: a spreadsheet lost them, or an export
// hid them.
func wholeNumber(cell, hidden string) (string, error) {
	digits, lost := spelledOut(strings.TrimSuffix(cell, ".0"))
	switch {
	case lost:
		return "", Invalid(digitsLost)
	case strings.Contains(cell, "*"):
		return "", Invalid(hidden)
	}
	return digits, nil
}

const (
	digitsHidden    = "号码中间几位隐去了（*），不能导入；请用住户列表的“导出完整号码”导出"
	digitsHiddenFor = "号码中间几位隐去了（*），不能导入；请填写完整号码" // in lists that have no such export
)

func readImportPhone(cell string) (string, error) {
	number, err := wholeNumber(cell, digitsHidden)
	if err != nil {
		return "", err
	}
	return NormalizePhone(number)
}

// readImportIDNumber returns what reads an ID number; hidden is said of one that is masked.
func readImportIDNumber(hidden string) func(string) (string, error) {
	return func(cell string) (string, error) {
		number, err := wholeNumber(cell, hidden)
		if err != nil {
			return "", err
		}
		return CheckIDNumber(number)
	}
}

var (
	spacedMarks    = regexp.MustCompile(`\s*([年月日号])\s*`) // 2018 年 12 月 31 日
	dayMarks       = strings.NewReplacer("年", "-", "月", "-", "/", "-", ".", "-", "。", "-", "－", "-", "—", "-")
	communityMarks = strings.NewReplacer("/", "", "／", "")
)

func readImportCommunity(c Community) func(string) (string, error) {
	plain := func(s string) string { return FoldName(communityMarks.Replace(s)) }
	name := plain(c.Name)
	return func(cell string) (string, error) {
		if cell != c.Name && plain(cell) != name {
			return "", Invalid("这一行是“" + cell + "”的，导入的小区是“" + c.Name + "”")
		}
		return c.Name, nil
	}
}

func readImportLevel(level string) func(string) (string, error) {
	return func(cell string) (string, error) {
		cell = strings.TrimSuffix(cell, ".0")
		switch {
		case allDigits(cell) && len(cell) <= 6: // most of them
			return cell, nil
		case notHouse(cell) != "":
			return "", Invalid(notHouse(cell))
		case !nameText(cell, MaxNodeName):
			return "", noName(cell, "请填写“"+level+"”，最多 40 个字")
		}
		return cell, nil
	}
}

// ImportedResident returns the resident that a row describes, without house; ok is false if it has a house alone.
func ImportedResident(c Community, row ImportRow) (r Resident, ok bool) {
	v := row.Values
	r = Resident{
		Community: c.ID, Name: v[atName], Sex: v[atSex], Identity: Identity(v[atIdentity]),
		Phone: v[atPhone], IDNumber: v[atIDNumber],
	}
	r.PhoneShared = r.Phone != "" && v[len(v)-1] == sharedPhone
	if day, err := ParseDay(v[atLease]); err == nil && r.Identity == Lodger {
		r.LeaseDay = day
	}
	return r, r.Name != ""
}

// ImportedResidentValues returns the values of a row's columns for a resident of the register.
func ImportedResidentValues(row ImportRow, r Resident) []string {
	v := slices.Clone(row.Values)
	v[atName], v[atSex], v[atIdentity], v[atPhone], v[atIDNumber] = r.Name, r.Sex, string(r.Identity), r.Phone, r.IDNumber
	if v[atLease] = ""; r.LeaseDay != 0 {
		v[atLease] = r.LeaseDay.String()
	}
	switch last := &v[len(v)-1]; {
	case r.PhoneShared:
		*last = sharedPhone
	case *last != noPhone || r.Phone != "": // that a row has no number changes nothing
		*last = ""
	}
	return v
}

// NoPhone fails a row that would add somebody without a number: a list only names those who are registered so.
func (r *ImportRow) NoPhone() {
	if r.Values[atPhone] == "" {
		r.Fail("phone", "姓名、身份、手机不全", "登记里没有这位无手机的住户：请手工添加，或填写家人的手机、手机说明填“家人共用”")
	}
}

// ImportedHouse returns the names of a row's house, one per level.
func ImportedHouse(c Community, row ImportRow) []string {
	return row.Values[atLevels : atLevels+len(c.Levels)]
}

// residentImportWords returns a line about what rows that were written have done.
func residentImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"添加", n.Added(), "名住户"}, Counted{"添加", n[ImportPlaces], "套房屋"},
		Counted{"修改", n.Of(ImportChanged), "名住户"})
}

// houseOfRow reads the house of a row that may have it in one cell: its levels begin at a column, the whole house is
// behind them.
func houseOfRow(c Community, row *ImportRow, at int) {
	if whole := row.Values[at+len(c.Levels)]; whole != "" {
		splitHouse(c, row, at)
	}
	for i, level := range c.Levels {
		if row.Values[at+i] == "" && !failed(*row, ImportHouse) && !failed(*row, levelColumn(i)) {
			row.Fail(levelColumn(i), "缺少房屋", "请填写“"+level+"”")
		}
	}
}

// OfAnotherCommunity returns which of the names of other communities the name of a new building begins with; "" = none.
// Somebody has put it there, and no building is called so.
func OfAnotherCommunity(building string, others []string) string {
	building = FoldName(building)
	for _, name := range others {
		if folded := FoldName(name); utf8.RuneCountInString(folded) > 2 && strings.HasPrefix(building, folded) {
			return name
		}
	}
	return ""
}

// labelRow sets what a row's house is called, and by what it is compared, once its levels are read.
func labelRow(c Community, row *ImportRow, at int) {
	names, err := c.NodeNames(row.Values[at : at+len(c.Levels)])
	if err != nil {
		row.Fail(levelColumn(0), "房屋有误", MessageOf(err))
		return
	}
	row.names = slices.Clone(names)
	names[len(names)-1] = c.doorOf(names)
	row.Label, row.house = HouseLabel(names), levelsKey(names)
}

// doorOf returns the last of the names of a house's levels, as NodeNames returns them: the door alone where somebody has written
// the whole house, 1栋 / 1单元 / 1-1-101.
func (c Community) doorOf(names []string) string {
	last := len(names) - 1
	key := LevelKey(names[last])
	if last == 0 || isBare(key) && !strings.Contains(key, "-") { // most of them
		return names[last]
	}
	parts := HouseParts(c, names[last])
	if parts == nil {
		return names[last]
	}
	for i, name := range names[:last] {
		if !sameLevel(c, i, name, parts[i]) {
			return names[last]
		}
	}
	return parts[last]
}

// leaseOfRow reads a tenant of any kind by whether there is the end of a lease. The register has that of fixed-term tenants alone:
// of anybody else it is not imported, whatever it says.
func leaseOfRow(row *ImportRow) {
	identity, day := Identity(row.Values[atIdentity]), row.Values[atLease]
	switch {
	case identity == anyTenant && day == "":
		row.Values[atIdentity] = string(Tenant)
	case identity == anyTenant:
		row.Values[atIdentity] = string(Lodger)
		row.Note("租客有租约到期时间，按限期租客导入", "有租约到期时间，按限期租客导入")
	case day == "" || identity == Lodger || identity != "" && !identity.Valid():
	default:
		row.Values[atLease] = ""
		row.Pardon("lease_day")
		row.Note("不是限期租客，租约到期时间没有导入", "只有限期租客有租约到期时间，“"+day+"”没有导入")
	}
}

// checkResidentImport judges a row as a whole.
func checkResidentImport(c Community, row *ImportRow) {
	leaseOfRow(row)
	houseOfRow(c, row, atLevels)
	name, identity, phone := row.Values[atName], row.Values[atIdentity], row.Values[atPhone]
	if name == "" && identity == "" && phone == "" {
		if row.Values[atIDNumber] != "" {
			row.Fail("name", "姓名、身份、手机不全", "填写了证件号，请一同填写姓名、身份和手机")
		}
	} else {
		for _, need := range []struct{ key, label, value string }{
			{"name", "姓名", name}, {"identity", "身份", identity}, {"phone", "手机", phone},
		} {
			if need.value == "" && !(need.key == "phone" && row.Values[len(row.Values)-1] == noPhone) {
				row.Fail(need.key, "姓名、身份、手机不全", "请填写"+need.label+"：姓名、身份和手机须一同填写")
			}
		}
	}
	if phone != "" && row.Values[len(row.Values)-1] == noPhone {
		row.Fail("phone_shared", "手机说明有误", "填写了手机，手机说明却是“无手机”，请核对")
	}
	if Identity(identity) == Lodger && row.Values[atLease] == "" {
		row.Fail("lease_day", "缺少租约到期时间", "限期租客必须填写租约到期时间")
	}
	if len(row.Wrong) == 0 {
		labelRow(c, row, atLevels)
	}
}

func failed(row ImportRow, column string) bool {
	return slices.ContainsFunc(row.Wrong, func(f ImportFault) bool { return f.Column == column })
}

// splitHouse sets the levels that a row leaves empty from a house in one cell: 3-2-1502, 3栋2单元1502. Beside 3栋 in a column of
// its own, the cell may have all of the house or the rest: 2-1502.
func splitHouse(c Community, row *ImportRow, at int) {
	whole, typed := row.Values[at+len(c.Levels)], row.Values[at:at+len(c.Levels)]
	rest := Community{Name: c.Name}
	for i, level := range c.Levels {
		if typed[i] == "" {
			rest.Levels = append(rest.Levels, level)
		}
	}
	if len(rest.Levels) == 0 {
		return
	}
	parts := HouseParts(c, whole)
	if len(rest.Levels) < len(c.Levels) && parts == nil {
		parts = restOfHouse(rest, typed, whole)
	}
	if parts == nil {
		row.Fail(ImportHouse, "房屋有误", "“"+whole+"”看不出"+strings.Join(rest.Levels, "、")+"，请分列填写")
		return
	}
	for i, part := range parts {
		if typed[i] != "" && !failed(*row, levelColumn(i)) && !sameLevel(c, i, typed[i], part) {
			row.Fail(ImportHouse, "房屋有误", "“"+whole+"”与“"+c.Levels[i]+"”一列的“"+typed[i]+"”不一致，请核对")
			return
		}
	}
	for i, part := range parts {
		if typed[i] == "" {
			typed[i] = part
		}
	}
}

// restOfHouse returns the names of all levels if a text has those that are not typed, as numbers: it may be anything.
func restOfHouse(rest Community, typed []string, text string) []string {
	parts := HouseParts(rest, text)
	if parts == nil || slices.ContainsFunc(parts, func(part string) bool { return !isBare(LevelKey(part)) }) {
		return nil
	}
	all := slices.Clone(typed)
	for i := range all {
		if all[i] == "" {
			all[i], parts = parts[0], parts[1:]
		}
	}
	return all
}

// sameLevel reports whether two cells name one node of a level, however they write it.
func sameLevel(c Community, level int, a, b string) bool {
	plain := func(name string) string {
		if name = Clean(name); level < len(c.Levels)-1 && isBare(name) {
			name += c.Levels[level]
		}
		return LevelKey(name)
	}
	return plain(a) == plain(b)
}

// HouseParts returns the names of a house's levels in a text that has as many parts as a community has levels; nil =
// it has not. Parts end in a hyphen or slash, or in their level's name.
func HouseParts(c Community, text string) []string {
	text = strings.TrimPrefix(Clean(text), c.Name)
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-—－_/／\\ ", r) })
	if len(fields) == len(c.Levels) {
		return fields
	}
	if len(fields) != 1 {
		return nil
	}
	var parts []string
	rest := text
	for i, level := range c.Levels[:len(c.Levels)-1] {
		end := -1
		for _, word := range append([]string{level}, levelNames(level, false)...) {
			if at := strings.Index(rest, word); at > 0 && (end < 0 || at+len(word) > end && at < end) {
				end = at + len(word)
			}
		}
		if end < 0 {
			return nil
		}
		parts, rest = append(parts, rest[:end]), rest[end:]
		if i < len(c.Levels)-1 && rest == "" {
			return nil
		}
	}
	return append(parts, rest)
}

// residentImportKeys compare the rows of one list: a number of somebody's own is one person, in one house one
// record; an ID number is one person, and in one house one record, whatever their numbers.
func residentImportKeys(c Community, row ImportRow) []ImportKey {
	r, ok := ImportedResident(c, row)
	if !ok {
		return []ImportKey{{Key: row.house, Whole: true, Kind: "house"}}
	}
	var keys []ImportKey
	name := FoldName(r.Name)
	if own := r.OwnPhone(); own != "" {
		keys = append(keys,
			ImportKey{
				Key: own, Says: name, Kind: "同号不同名",
				Words: "手机号与第 %d 行相同，姓名不同；请核对是谁的手机，家人共用的请加一列“手机说明”，填“家人共用”",
			},
			ImportKey{
				Key: row.house + "\x00" + own, Says: importSays(r), Whole: true, Kind: "与另一行矛盾",
				Words: "与第 %d 行是同一人、同一套房屋，内容不同；请只留一行",
			})
	} else {
		told := ImportKey{
			Key: row.house + "\x00" + name, Kind: "与另一行矛盾",
			Words: "与第 %d 行同名、同一套房屋；是一个人的请只留一行，是两个人的请填写两人的证件号",
		}
		if r.IDNumber != "" { // which tells them from others of the name, if those have one, too
			told.Says = "with an ID number"
		}
		keys = append(keys, told, ImportKey{
			Key: row.house + "\x00" + name + "\x00" + r.IDNumber, Says: importSays(r), Whole: true, Kind: "与另一行矛盾",
			Words: "与第 %d 行同名、同一套房屋，内容不同；请只留一行",
		})
	}
	if r.IDNumber != "" {
		keys = append(keys,
			ImportKey{Key: r.IDNumber, Says: name, Kind: "同证件不同名", Words: "证件号与第 %d 行相同，姓名不同"},
			ImportKey{
				Key: row.house + "\x00" + r.IDNumber, Says: r.OwnPhone(), Kind: "同证件不同手机",
				Words: "证件号与第 %d 行相同、同一套房屋，手机号不同；是一个人的请只留一行，是两个人的请核对证件号",
			})
	}
	return keys
}

func importSays(r Resident) string {
	return strings.Join([]string{FoldName(r.Name), r.Sex, string(r.Identity), r.LeaseDay.String(), r.Phone, r.IDNumber}, "\x00")
}

// KnownTie is a record of the house that a row may be about. Phone and IDNumber may be digests, like those that they
// are compared with.
type KnownTie struct {
	ID              ID
	Name            string
	Phone, IDNumber string
	Own             bool // Phone is of a person's own
	Certified       bool
	MovedOut        bool
}

// MatchImport finds the record that a row is about among those of its house: by the phone number if it is the
// person's own, by the ID number, then by the name; last among those who have left. at is -1 if there is none. A number that
// another name has is an error: it may be another person's, who would get what the row says. Both numbers at once are one
// person's, whose name is corrected; so does who moved out come back. A certified resident's number is not changed by a list: that is
// an error, too.
func MatchImport(r KnownTie, known []KnownTie) (at int, by ImportMatch, err error) {
	if r.Own {
		with := func(k KnownTie) bool { return k.Own && k.Phone == r.Phone }
		at = slices.IndexFunc(known, func(k KnownTie) bool {
			return with(k) && (!k.MovedOut || SamePerson(r.Name, r.IDNumber, k.Name, k.IDNumber))
		})
		if at >= 0 {
			return at, ByPhone, otherName(r, known[at], "手机号已登记给“"+known[at].Name+"”，"+otherNumber)
		}
		if left := slices.IndexFunc(known, with); left >= 0 {
			return left, ByPhone, Conflict("手机号是已迁出的“" + known[left].Name + "”登记的，" + leftNumber)
		}
	}
	if r.IDNumber != "" {
		at = slices.IndexFunc(known, func(k KnownTie) bool { return !k.MovedOut && k.IDNumber == r.IDNumber })
		if at >= 0 {
			err = otherName(r, known[at], "证件号已登记给“"+known[at].Name+"”，姓名不同；请核对证件号，只是改名的请在住户页修改")
			if err == nil {
				err = certifiedNumber(r, known[at])
			}
			return at, ByIDNumber, err
		}
	}
	name := FoldName(r.Name)
	var same []int
	for i, k := range known {
		if !k.MovedOut && FoldName(k.Name) == name && (k.IDNumber == "" || r.IDNumber == "" || k.IDNumber == r.IDNumber) {
			same = append(same, i)
		}
	}
	switch len(same) {
	case 0:
		return matchLeft(r, known)
	case 1:
		return same[0], ByName, certifiedNumber(r, known[same[0]])
	}
	return -1, "", Conflict("这套房屋有几位同名住户，请填写证件号，或在住户页修改")
}

// matchLeft finds somebody without a number of their own among those of the house who have left: by the ID number or the name, as
// they would come back.
func matchLeft(r KnownTie, known []KnownTie) (at int, by ImportMatch, err error) {
	at = slices.IndexFunc(known, func(k KnownTie) bool {
		return k.MovedOut && !k.Own && !r.Own && SamePerson(r.Name, r.IDNumber, k.Name, k.IDNumber)
	})
	switch {
	case at < 0:
		return at, "", nil
	case r.IDNumber != "" && known[at].IDNumber != "":
		return at, ByIDNumber, nil
	}
	return at, ByName, nil
}

// otherName is the conflict of a row with a record that has one of its numbers and another name.
func otherName(r, known KnownTie, words string) error {
	both := known.Phone == r.Phone && r.IDNumber != "" && known.IDNumber == r.IDNumber
	if both || FoldName(known.Name) == FoldName(r.Name) {
		return nil
	}
	return Conflict(words)
}

const otherNumber = "姓名不同；请核对是谁的手机，家人共用的请加一列“手机说明”，填“家人共用”；只是改名的请在住户页修改"

const leftNumber = "姓名或证件号不同；是同一人的请改成登记的姓名和证件号，重新入住后再改，确是另一人的请手工添加"

// NumberHolder is somebody registered in another house with the own number of a row, or with its ID number.
type NumberHolder struct {
	Name     string
	Phone    string // or its digest; "" = none of their own
	IDNumber string // or its digest
	House    string // what it is called
}

// MatchElsewhere returns which of those who have a row's number in other houses are the row's person: with the name, or with
// the ID number, too. at is -1 if there is none; if others have the number, that is an error.
func MatchElsewhere(r KnownTie, holders []NumberHolder) (at int, err error) {
	at = slices.IndexFunc(holders, func(h NumberHolder) bool {
		return FoldName(h.Name) == FoldName(r.Name) || r.IDNumber != "" && h.IDNumber == r.IDNumber
	})
	if at < 0 && len(holders) > 0 {
		err = Conflict("手机号已登记给“" + holders[0].Name + "”（" + holders[0].House + "），" + otherNumber)
	}
	return at, err
}

// MatchIDElsewhere is MatchElsewhere by the ID number: who has it is the row's person with the name, or with the number, too.
func MatchIDElsewhere(r KnownTie, holders []NumberHolder) (at int, err error) {
	at = slices.IndexFunc(holders, func(h NumberHolder) bool {
		return FoldName(h.Name) == FoldName(r.Name) || r.Own && h.Phone == r.Phone
	})
	if at < 0 && len(holders) > 0 {
		err = Conflict("证件号已登记给“" + holders[0].Name + "”（" + holders[0].House + "），姓名不同；请核对证件号，只是改名的请在住户页修改")
	}
	return at, err
}

func certifiedNumber(r, known KnownTie) error {
	switch {
	case !r.Own || !known.Certified || known.Phone == r.Phone:
		return nil
	case known.Phone == "": // certified at the desk: a number would take that, and the pass, from them
		return Conflict("这位住户已现场核验，登记里没有手机号；请在住户页补手机号")
	}
	return Conflict("已认证的同一位住户手机号不同；请核对，或在住户页修改")
}

// MergeImported returns a resident of the register as a row of a list changes it.
func MergeImported(known, row Resident, how ImportKnown) Resident {
	merged := known
	set := func(field *string, value string) {
		if value != "" && (how == ImportUpdate || *field == "") {
			*field = value
		}
	}
	if how == ImportUpdate || !merged.Identity.Valid() {
		if row.Identity.Valid() {
			merged.Identity, merged.LeaseDay = row.Identity, row.LeaseDay
		}
	} else if merged.Identity == Lodger && merged.LeaseDay == 0 {
		merged.LeaseDay = row.LeaseDay
	}
	if how == ImportUpdate && FoldName(row.Name) == FoldName(known.Name) {
		row.Name = known.Name // 阿卜杜拉·买买提 in another spelling is no change
	}
	set(&merged.Name, row.Name)
	set(&merged.Sex, row.Sex)
	if row.OwnPhone() != "" && (how == ImportUpdate && merged.Phone != row.Phone || merged.Phone == "") {
		merged.Phone, merged.PhoneShared = row.Phone, false
	} else if known.OwnPhone() == "" {
		if set(&merged.Phone, row.Phone); merged.Phone != known.Phone && row.PhoneShared {
			merged.PhoneShared = true
		}
	}
	set(&merged.IDNumber, row.IDNumber)
	return merged
}
