package account

import (
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (p *Pages) roleRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.RolePath, Access: web.Need(core.PermAccountView), Handler: p.roleList},
	}
}

// rolePage compares the permissions that each role ticks on a new account's form.
type rolePage struct {
	templates.Shell
	Tabs   templates.Tabs
	Roles  []roleColumn
	Groups []roleGroup
	Span   int // number of columns in the table
}

type roleColumn struct {
	Name     string
	Accounts int
	URL      string // the list of its accounts
}

type roleGroup struct {
	Name  string
	Items []roleItem
}

type roleItem struct {
	Name string
	Has  []roleCell // one per column
}

type roleCell struct {
	Role string
	Has  bool
}

func (p *Pages) roleList(c *web.Context) error {
	counts, err := p.Store.AccountRoles(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	page := roleMatrix(counts)
	page.Shell, page.Tabs = p.Shell(c, "role", "角色"), accountTabs("role")
	return p.Page(c, http.StatusOK, "console/role/list", page)
}

// roleMatrix returns core's whole table of roles and permissions.
func roleMatrix(counts map[core.Role]int) rolePage {
	var page rolePage
	for _, preset := range core.RoleTable {
		page.Roles = append(page.Roles, roleColumn{preset.Name, counts[preset.Role], templates.WithQuery(
			frame.AccountPath, nil, "role", string(preset.Role),
		)})
	}
	page.Span = 1 + len(page.Roles)
	for _, group := range core.PermissionTable {
		g := roleGroup{Name: group.Name}
		for _, item := range group.Items {
			row := roleItem{Name: item.Name}
			for _, preset := range core.RoleTable {
				row.Has = append(row.Has, roleCell{preset.Name, slices.Contains(preset.Permissions, item.Permission)})
			}
			g.Items = append(g.Items, row)
		}
		page.Groups = append(page.Groups, g)
	}
	return page
}
