package registry

import (
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type staffListPage struct {
	templates.Shell
	Tree templates.Tree
	List templates.List
	Rows []staffRow
}

type staffRow struct {
	URL, Name, Phone, Departments, Position, Communities string
	State                                                templates.Badge
	Menu                                                 templates.RowMenu
}

// staffAsked are the filters of the list.
type staffAsked struct {
	Keyword    string  `form:"q" max:"40"`
	Department core.ID `form:"department"`
	State      string  `form:"state" of:"left unassigned unseen"`
	Corp       core.ID `form:"corp"`
	Sort       string  `form:"sort" of:"name -name"`
}

func (a staffAsked) filter(tree core.DepartmentTree, community core.ID, page core.Page) (store.StaffFilter, error) {
	f := store.StaffFilter{
		Community: community, Keyword: a.Keyword, Left: a.State == "left", Unassigned: a.State == "unassigned",
		Unseen: a.State == "unseen", Corp: a.Corp, Sort: a.Sort, Page: page,
	}
	if a.Department != 0 {
		node, ok := tree.Of(a.Department)
		if !ok {
			return f, core.InvalidFields(map[string]string{"department": "部门已不存在，请重新选择"})
		}
		f.Departments = node.Below
	}
	return f, nil
}

func (p *Pages) staffList(c *web.Context) error {
	tree, err := p.departments(c)
	if err != nil {
		return err
	}
	corps, err := p.corps(c)
	if err != nil {
		return err
	}
	var asked staffAsked
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Staff]{
		Stem: "staff", Title: "员工信息", Edit: core.PermStaffEdit, Add: "添加员工", Unit: "人", Table: staffTable(tree, corps),
		ID: func(m core.Staff) core.ID { return m.ID },
		Find: func(community core.ID, page core.Page) ([]core.Staff, bool, error) {
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			filter, err := asked.filter(tree, community, page)
			if err != nil {
				return nil, false, err
			}
			return p.Store.StaffList(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := staffListPage{Shell: found.Shell, List: found.List}
	if c.Has(core.PermStaffEdit) && len(page.Actions) > 0 {
		page.Actions = append([]templates.Action{{Label: "批量导入", URL: staffImportPath, Icon: "upload"}}, page.Actions...)
		page.List.Empty.Action, page.List.Empty.More = page.Actions[1], page.Actions[0]
	}
	if len(tree) > 0 {
		sizes, err := p.Store.DepartmentSizes(c.Ctx(), c.Scope(), frame.ChosenCommunity(c, found.At), tree)
		if err != nil {
			return err
		}
		page.Tree = staffTree(tree, sizes, asked.Department, func(department string) string {
			return found.At.URL(frame.StaffPath, "department", department)
		})
	}
	for _, m := range found.Records {
		row := staffRow{
			URL: frame.StaffURL(m.ID), Name: m.Name, Phone: m.Phone, Departments: departmentText(tree, m.Departments),
			Position: m.Position, Communities: servedText(found.At.All, m.Communities), State: staffBadges(m)[0],
		}
		if c.Has(core.PermStaffEdit) && m.Left.IsZero() {
			row.Menu = staffMenu(m, page.CSRF)
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/staff/list", page)
}

// corps returns the companies of WeWork that an account sees.
func (p *Pages) corps(c *web.Context) ([]core.WechatApp, error) {
	apps, err := p.Store.WechatApps(c.Ctx(), c.Scope())
	return slices.DeleteFunc(slices.Clone(apps), func(a core.WechatApp) bool { return a.Kind != core.WechatWork }), err
}

func staffTable(tree core.DepartmentTree, corps []core.WechatApp) templates.List {
	department := templates.Field{
		Kind: templates.Select, Name: "department", Label: "部门", Choices: []templates.Choice{{Label: "全部部门"}},
	}
	for _, node := range tree {
		department.Choices = append(department.Choices, templates.Choice{
			Value: node.ID.String(), Label: strings.Repeat("　", node.Depth) + node.Name,
		})
	}
	more := []templates.Field{department, {
		Kind: templates.Select, Name: "state", Label: "状态",
		Choices: []templates.Choice{
			{Label: "在职"}, {Value: "unassigned", Label: "未分配小区"}, {Value: "unseen", Label: "待确认离职"}, {Value: "left", Label: "已离职"},
		},
	}}
	if len(corps) > 1 {
		corp := templates.Field{Kind: templates.Select, Name: "corp", Label: "企业微信", Choices: []templates.Choice{{Label: "全部企业"}}}
		for _, a := range corps {
			corp.Choices = append(corp.Choices, templates.Choice{Value: a.ID.String(), Label: a.Name})
		}
		more = append(more, corp)
	}
	return templates.List{
		Path: frame.StaffPath,
		Columns: []templates.Column{
			{Label: "姓名", Sort: "name"}, {Label: "手机"}, {Label: "所属部门"}, {Label: "职位"}, {Label: "服务小区"},
			{Label: "来源", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{{Name: "q", Label: "姓名或完整手机号", MaxLength: 40}},
		More:    more,
		Empty: templates.Empty{
			Icon: "id-badge-2", Title: "还没有员工", Text: "可以逐个添加、用表格批量导入，或接入企业微信后自动同步。", Ask: "请联系管理员添加。",
		},
	}
}

// treeAllOpen is how many departments are shown with all branches open.
const treeAllOpen = 40

// staffTree returns the departments as a tree with links to the list.
func staffTree(
	tree core.DepartmentTree, sizes map[core.ID]int, chosen core.ID, to func(department string) string,
) templates.Tree {
	t := templates.Tree{
		ID: "staff-tree", Label: "部门", All: templates.TreeNode{Label: "全部部门", URL: to(""), Current: chosen == 0, Leaf: true},
	}
	t.Nodes, _ = staffNodes(tree, 0, func(node core.DepartmentNode) templates.TreeNode {
		return templates.TreeNode{
			Label: node.Name, URL: to(node.ID.String()), Note: frame.Grouped(sizes[node.ID]), Current: node.ID == chosen,
			Leaf: len(node.Below) == 1,
		}
	}, func(node core.DepartmentNode) bool {
		if len(tree) <= treeAllOpen {
			return true
		}
		for _, id := range node.Below {
			if id == chosen {
				return true
			}
		}
		return false
	})
	return t
}

// staffNodes returns the nodes of a depth at the beginning of tree, and how many of the tree they took.
func staffNodes(
	tree core.DepartmentTree, depth int, draw func(core.DepartmentNode) templates.TreeNode, open func(core.DepartmentNode) bool,
) (nodes []templates.TreeNode, taken int) {
	for taken < len(tree) && tree[taken].Depth >= depth {
		node := tree[taken]
		drawn := draw(node)
		below, n := staffNodes(tree[taken+1:], depth+1, draw, open)
		if open(node) {
			drawn.Children = below
		}
		nodes, taken = append(nodes, drawn), taken+1+n
	}
	return nodes, taken
}
