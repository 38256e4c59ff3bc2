package h5

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

// dedicatedPass is the pass of a member of an institution.
var dedicatedPass = passKind{find: (*H5).findMembers}

// findMembers finds the members whose pass is good today.
func (h *H5) findMembers(c *web.Context, page *searchPage) error {
	members, _, err := h.store.Members(c.Ctx(), core.ScopeOf(page.Post.Community), store.MemberFilter{
		Community: page.Post.Community, Keyword: page.Keyword, State: core.MemberValid, Today: core.DayOf(c.Now(), h.store.Zone()),
		Page: store.Page{Limit: maxSearch},
	})
	for _, m := range members {
		page.Guests = append(page.Guests, guest{m.Pass, m.Name, core.PassDedicated.Type().Short, m.InstitutionName, m.Phone})
	}
	return err
}
