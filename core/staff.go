package core

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Staff is a member of the property company 员工: entered by hand, imported, or synced from WeWork.
type Staff struct {
	ID          ID
	Name        string
	Sex         string    // male, female, "" = not known
	Position    string    // 职位
	Grade       string    // 职级
	Phone       string    // a mobile number; masked in lists; "" = not known
	PhoneTold   time.Time // when WeWork told it, with their consent: it proves who they are; zero = somebody typed it
	Wechat      string    // WeChat id, as people tell each other
	Address     string
	Communities []ID // that they serve; none = not assigned yet
	Departments []ID
	Corp        ID        // the account of WeWork they are synced from; 0 = kept by hand
	UserID      string    // within that company
	Account     ID        // of the console, which is disabled when they leave; 0 = none
	Left        time.Time // zero = they work here
	Updated     time.Time // see Stale
}

// Department is a department of the property company 部门.
type Department struct {
	ID     ID
	Parent ID // 0 = it is at the top
	Name   string
	Corp   ID // the account of WeWork it is synced from; 0 = kept by hand
}

// Bounds of a staff member, in characters, and of their lists.
const (
	MaxStaffText        = 40
	MaxStaffAddress     = 100
	MaxDepartmentName   = 32
	MaxDepartmentPath   = 5
	maxStaffCommunities = 500
	maxStaffDepartments = 50
)

// Trimmed returns the staff member with the texts cleaned, and a valid phone number as its 11 digits.
func (s Staff) Trimmed() Staff {
	s.Name, s.Position, s.Grade = Clean(s.Name), Clean(s.Position), Clean(s.Grade)
	s.Wechat, s.Address, s.Phone = Clean(s.Wechat), Clean(s.Address), trimmedPhone(s.Phone)
	return s
}

// Over returns what was typed, upon the staff member as they are: of somebody synced from WeWork, name, departments
// and position stay, and an empty phone number keeps the one on file.
func (s Staff) Over(old Staff) Staff {
	after := old
	if old.Corp == 0 {
		after.Name, after.Position, after.Departments = s.Name, s.Position, s.Departments
	}
	after.Sex, after.Grade, after.Wechat, after.Address, after.Communities = s.Sex, s.Grade, s.Wechat, s.Address, s.Communities
	if s.Phone != "" && s.Phone != old.Phone {
		after.Phone, after.PhoneTold = s.Phone, time.Time{}
	}
	return after
}

// Check returns an Invalid error that names the bad fields of a Trimmed staff member. newDepartment says that a
// department is added with them. An empty phone number passes: the caller decides.
func (s Staff) Check(newDepartment bool) error {
	fields := map[string]string{}
	if wrong := wrongName(s.Name); wrong != "" {
		fields["name"] = wrong
	}
	if s.Sex != "" && s.Sex != "male" && s.Sex != "female" {
		fields["sex"] = "请选择性别"
	}
	if s.Phone != "" {
		if _, err := NormalizeMobile(s.Phone); err != nil {
			fields["phone"] = "请填写 11 位手机号"
		}
	}
	for name, text := range map[string]string{"position": s.Position, "grade": s.Grade, "wechat": s.Wechat} {
		if utf8.RuneCountInString(text) > MaxStaffText {
			fields[name] = "最多 40 个字"
		}
	}
	if utf8.RuneCountInString(s.Address) > MaxStaffAddress {
		fields["address"] = "最多 100 个字"
	}
	if len(s.Communities) > maxStaffCommunities {
		fields["communities"] = "最多选择 500 个小区"
	}
	if len(s.Departments) > maxStaffDepartments {
		fields["departments"] = "最多选择 50 个部门"
	}
	if s.Corp == 0 { // WeWork decides about its own
		if s.Sex == "" {
			fields["sex"] = "请选择性别"
		}
		if s.Position == "" {
			fields["position"] = "请填写职位"
		}
		if len(s.Communities) == 0 {
			fields["communities"] = "请至少选择一个小区"
		}
		if len(s.Departments) == 0 && !newDepartment {
			fields["departments"] = "请选择部门，或填写新部门"
		}
	}
	return InvalidFields(fields)
}

// DepartmentPath reads a department as it is typed, from the top: 工程部—维修组. An empty text is no path.
func DepartmentPath(text string) ([]string, error) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("—–－-/>＞", r) })
	var path []string
	for _, part := range parts {
		if part = Clean(part); part == "" {
			continue
		}
		if utf8.RuneCountInString(part) > MaxDepartmentName {
			return nil, Invalid("部门名称最多 32 个字：" + part)
		}
		path = append(path, part)
	}
	if len(path) > MaxDepartmentPath {
		return nil, Invalid("部门最多 5 级")
	}
	return path, nil
}

// DepartmentTree are departments in the order of their tree.
type DepartmentTree []DepartmentNode

// DepartmentNode is a department in its tree.
type DepartmentNode struct {
	Department
	Depth int
	Path  string // 工程部—维修组
	Below []ID   // itself, and all below it
}

// NewDepartmentTree returns departments as a tree. One whose parent is not among them is at the top; those that
// are their own ancestors are left out.
func NewDepartmentTree(all []Department) DepartmentTree {
	known, below := map[ID]bool{}, map[ID][]Department{}
	for _, d := range all {
		known[d.ID] = true
	}
	for _, d := range all {
		if !known[d.Parent] {
			d.Parent = 0
		}
		below[d.Parent] = append(below[d.Parent], d)
	}
	var tree DepartmentTree
	var walk func(parent ID, depth int, path string)
	walk = func(parent ID, depth int, path string) {
		for _, d := range below[parent] {
			at, own := len(tree), d.Name
			if path != "" {
				own = path + "—" + d.Name
			}
			tree = append(tree, DepartmentNode{Department: d, Depth: depth, Path: own})
			walk(d.ID, depth+1, own)
			for _, n := range tree[at:] {
				tree[at].Below = append(tree[at].Below, n.ID)
			}
		}
	}
	walk(0, 0, "")
	return tree
}

// Of returns a department of the tree.
func (t DepartmentTree) Of(id ID) (DepartmentNode, bool) {
	at := slices.IndexFunc(t, func(n DepartmentNode) bool { return n.ID == id })
	if at < 0 {
		return DepartmentNode{}, false
	}
	return t[at], true
}

// StaffTie is what else belongs to a staff member, and ends when they leave.
type StaffTie struct {
	Stem string // account, guard, observer
	ID   ID
	Name string
}

// staffFields label what the audit log records of a staff member.
var staffFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "sex", Label: "性别", Value: labelOf(SexLabel)},
	{Key: "phone", Label: "手机号"},
	{Key: "phone_told", Label: "手机号由企业微信提供"},
	{Key: "departments", Label: "部门"},
	{Key: "position", Label: "职位"},
	{Key: "grade", Label: "职级"},
	{Key: "wechat", Label: "微信号"},
	{Key: "address", Label: "住址"},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "account", Label: "后台账号"},
	{Key: "count", Label: "人数"},
	{Key: "left", Label: "已离职"},
	batchField,
}

// StaffPages is the path of 工作台, the phone pages of a company's members.
const StaffPages = "/h5/staff"

// StaffEntry returns the path that signs a member of a company in: the home page of its app in WeWork, and what its messages
// open. app is our id of the company's account.
func StaffEntry(app ID) string { return StaffPages + "/enter/" + app.String() }
