package core

import (
	"slices"
	"strings"
	"testing"
)

func TestStaffCheck(t *testing.T) {
	right := Staff{Name: "李娜", Sex: "female", Position: "客服", Phone: "13800000000", Communities: []ID{1}, Departments: []ID{2}}
	for name, c := range map[string]struct {
		change func(m *Staff)
		added  bool
		field  string // "" = right
	}{
		"right":                        {change: func(*Staff) {}},
		"a department is added":        {change: func(m *Staff) { m.Departments = nil }, added: true},
		"no department":                {change: func(m *Staff) { m.Departments = nil }, field: "departments"},
		"nobody's":                     {change: func(m *Staff) { m.Communities = nil }, field: "communities"},
		"WeWork has its own":           {change: func(m *Staff) { m.Corp, m.Communities, m.Departments = 1, nil, nil }},
		"no name":                      {change: func(m *Staff) { m.Name = "" }, field: "name"},
		"a landline":                   {change: func(m *Staff) { m.Phone = "0755-12345678" }, field: "phone"},
		"no sex":                       {change: func(m *Staff) { m.Sex = "" }, field: "sex"},
		"no position":                  {change: func(m *Staff) { m.Position = "" }, field: "position"},
		"WeWork tells neither":         {change: func(m *Staff) { m.Corp, m.Sex, m.Position = 1, "", "" }},
		"another sex":                  {change: func(m *Staff) { m.Sex = "x" }, field: "sex"},
		"a long position":              {change: func(m *Staff) { m.Position = strings.Repeat("长", 41) }, field: "position"},
		"a long grade":                 {change: func(m *Staff) { m.Grade = strings.Repeat("长", 41) }, field: "grade"},
		"a long WeChat id":             {change: func(m *Staff) { m.Wechat = strings.Repeat("w", 41) }, field: "wechat"},
		"an address of a hundred":      {change: func(m *Staff) { m.Address = strings.Repeat("长", 100) }},
		"an address of a hundred one":  {change: func(m *Staff) { m.Address = strings.Repeat("长", 101) }, field: "address"},
		"without a number, by the way": {change: func(m *Staff) { m.Phone = "" }},
	} {
		m := right
		c.change(&m)
		if err := m.Trimmed().Check(c.added); c.field == "" && err != nil || c.field != "" && !namesField(err, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What WeWork says of its members is not changed by a form.
func TestStaffOver(t *testing.T) {
	typed := Staff{Name: "甲", Position: "乙", Departments: []ID{9}, Sex: "male", Grade: "3", Communities: []ID{7}}
	for corp, want := range map[ID]string{0: "甲乙", 5: "李娜经理"} {
		m := typed.Over(Staff{ID: 1, Name: "李娜", Position: "经理", Corp: corp, Departments: []ID{4}, Phone: "13800000000"})
		if m.Name+m.Position != want || m.Sex != "male" || m.Grade != "3" || !slices.Equal(m.Communities, []ID{7}) ||
			m.Phone != "13800000000" || (m.Departments[0] == 4) != (corp != 0) {
			t.Errorf("of %d: %+v", corp, m)
		}
	}
}

func TestDepartmentPath(t *testing.T) {
	for text, want := range map[string]string{
		"工程部": "工程部", "工程部—维修组": "工程部/维修组", " 工程部 - 维修组 ": "工程部/维修组", "工程部——夜班": "工程部/夜班", "": "", "—": "",
		"a/b>c": "a/b/c",
	} {
		if got, err := DepartmentPath(text); err != nil || strings.Join(got, "/") != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"a-b-c-d-e-f", strings.Repeat("长", 33)} {
		if _, err := DepartmentPath(text); err == nil {
			t.Errorf("%q is a department", text)
		}
	}
}

// A tree has every department once, below its parent; what WeWork does not show the parent of is at the top, and a
// circle is nowhere.
func TestDepartmentTree(t *testing.T) {
	tree := NewDepartmentTree([]Department{
		{ID: 3, Parent: 2, Name: "维修组"}, {ID: 1, Name: "物业"}, {ID: 2, Parent: 1, Name: "工程部"}, {ID: 4, Parent: 99, Name: "分公司"},
		{ID: 5, Parent: 6, Name: "甲"}, {ID: 6, Parent: 5, Name: "乙"},
	})
	var got []string
	for _, n := range tree {
		got = append(got, strings.Repeat(">", n.Depth)+n.Path)
	}
	if text := strings.Join(got, " "); text != "物业 >物业—工程部 >>物业—工程部—维修组 分公司" {
		t.Errorf("the tree is %s", text)
	}
	node, ok := tree.Of(1)
	if !ok || !slices.Equal(node.Below, []ID{1, 2, 3}) {
		t.Errorf("below the top: %v", node.Below)
	}
	if _, ok := tree.Of(5); ok {
		t.Error("a circle is in the tree")
	}
}
