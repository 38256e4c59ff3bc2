package core

import (
	"fmt"
	"slices"
	"strings"
)

// StaffColumns are the columns of an import list of staff, in the order of its template.
var StaffColumns = []string{"姓名", "性别", "手机", "住址", "所属部门", "职位", "职级", "服务小区", "微信"}

// staffColumnNames are further names of columns: those of the form and the list.
var staffColumnNames = map[string]string{"部门": "所属部门", "微信号": "微信", "手机号": "手机"}

// staffNeeded are the columns that no list and no row may lack.
var staffNeeded = []string{"姓名", "性别", "手机", "所属部门", "职位", "服务小区"}

// StaffExample is the row that the template has as an example, for a community of the reader's. It is no row of a list.
func StaffExample(community string) []string {
	return []string{exampleName, "男", examplePhone, "", "工程部—维修组", "维修员", "", community, ""}
}

// The example's name, and a number that nobody has: it is the carrier's own.
const (
	exampleName  = "张三"
	examplePhone = "13800000000"
)

// MaxStaffImport is how many staff are imported at once.
const MaxStaffImport = 500

// StaffLine is one row of an import list, as it was read.
type StaffLine struct {
	Number      int // in the list, from 1, without the heading
	Staff       Staff
	Departments [][]string // paths from the top
	Communities []string   // names
	Wrong       []string   // what is wrong with it, in words; none = it can be imported
}

// StaffLines reads the rows of an import list. Its first row names the columns, in any order; what follows a
// column's name in brackets does not count. What is wrong with a row is in the row.
func StaffLines(rows [][]string) ([]StaffLine, error) {
	if len(rows) == 0 {
		return nil, Invalid("名单是空的，请按模板填写")
	}
	columns := map[string]int{}
	for i, heading := range rows[0] {
		heading, _, _ = strings.Cut(strings.NewReplacer("（", "(", "*", "", "＊", "").Replace(Clean(heading)), "(")
		if heading = Clean(heading); staffColumnNames[heading] != "" {
			heading = staffColumnNames[heading]
		}
		if slices.Contains(StaffColumns, heading) {
			columns[heading] = i
		}
	}
	var missing []string
	for _, column := range staffNeeded {
		if _, ok := columns[column]; !ok {
			missing = append(missing, column)
		}
	}
	switch {
	case len(missing) > 0:
		return nil, Invalid("第一行缺少这些列：" + strings.Join(missing, "、") + "。请下载模板，按模板填写")
	case len(rows)-1 > MaxStaffImport:
		return nil, Invalid(fmt.Sprintf("名单有 %d 行，一次最多 %d 行，请分成几份", len(rows)-1, MaxStaffImport))
	}
	lines := make([]StaffLine, 0, len(rows)-1)
	for i, row := range rows[1:] {
		cell := func(column string) string {
			if at, ok := columns[column]; ok && at < len(row) {
				return Clean(row[at])
			}
			return ""
		}
		if cell("姓名") != exampleName || cell("手机") != examplePhone {
			lines = append(lines, staffLine(i+1, cell))
		}
	}
	if len(lines) == 0 {
		return nil, Invalid("名单里还没有员工")
	}
	return lines, nil
}

// staffLine reads one row by its cells.
func staffLine(number int, cell func(column string) string) StaffLine {
	line := StaffLine{Number: number}
	line.Staff = Staff{
		Name: cell("姓名"), Phone: cell("手机"), Address: cell("住址"), Position: cell("职位"), Grade: cell("职级"), Wechat: cell("微信"),
	}.Trimmed()
	for _, column := range staffNeeded {
		if cell(column) == "" {
			line.Wrong = append(line.Wrong, "缺少"+column)
		}
	}
	switch sex := cell("性别"); sex {
	case "男":
		line.Staff.Sex = "male"
	case "女":
		line.Staff.Sex = "female"
	case "":
	default:
		line.Wrong = append(line.Wrong, "性别应为男或女")
	}
	for _, text := range listed(cell("所属部门")) {
		path, err := DepartmentPath(text)
		if err != nil {
			line.Wrong = append(line.Wrong, MessageOf(err))
			continue
		}
		line.Departments = append(line.Departments, path)
	}
	line.Communities = listed(cell("服务小区"))
	if err, ok := line.Staff.wrong().(*Error); ok {
		missing := map[string]bool{"name": line.Staff.Name == "", "position": line.Staff.Position == ""} // said above
		for _, name := range []string{"name", "phone", "position", "grade", "wechat", "address"} {
			if words := err.Fields[name]; words != "" && !missing[name] {
				line.Wrong = append(line.Wrong, staffFieldLabel(name)+words)
			}
		}
	}
	return line
}

// wrong is Check of what a row itself says: departments and communities are looked up later.
func (s Staff) wrong() error {
	s.Communities = []ID{1}
	return s.Check(true)
}

func staffFieldLabel(key string) string {
	at := slices.IndexFunc(staffFields, func(f AuditField) bool { return f.Key == key })
	return staffFields[at].Label + "："
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

// TableLines returns a table as text, as it is pasted from a spreadsheet: a line for each row, its cells apart by
// tabs.
func TableLines(rows [][]string) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.TrimRight(strings.Join(row, "\t"), "\t")
	}
	return strings.Join(lines, "\n")
}

// LinesTable reads what TableLines returns, without empty lines.
func LinesTable(text string) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		if line = strings.Trim(line, "\r\n"); strings.TrimSpace(line) != "" {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}
