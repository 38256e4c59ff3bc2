package account

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
)

func TestRolesAreShown(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "clerk", core.PermReaderView)
	d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermReaderView) // outside the scope
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAccountView)
	page := b.Get(t, frame.RolePath, http.StatusOK)
	if n := page.Find("tbody tr").Length(); n != len(core.Permissions())+len(core.PermissionTable) {
		t.Errorf("%d lines", n)
	}
	admin := 0
	for _, preset := range core.RoleTable {
		admin += len(preset.Permissions)
	}
	if n := page.Find("tbody td .icon").Length(); n != admin {
		t.Errorf("%d ticks, want %d", n, admin)
	}
	link := page.Find(`thead a[href$="role=clerk"]`)
	accounts := b.Get(t, link.AttrOr("href", ""), http.StatusOK).Find("tbody tr").Length()
	if !strings.HasPrefix(link.Text(), "2 ") && !strings.HasPrefix(link.Text(), "1 ") || accounts == 0 {
		t.Errorf("%q leads to %d accounts", link.Text(), accounts)
	}
	d.OnlyViews(t).Get(t, frame.RolePath, http.StatusForbidden)
}

func TestRolePages(t *testing.T) {
	page := roleMatrix(map[core.Role]int{core.RoleAdmin: 2})
	page.Shell = templates.Shell{Title: "角色"}
	templates.CheckAll(t, "console/role/", map[string]any{"console/role/list": page})
}
