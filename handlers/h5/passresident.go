package h5

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

// residentPass is the pass of a certified resident.
var residentPass = passKind{find: (*H5).findResidents}

// findResidents finds the residents of the post's community, and the passes of those who have one.
func (h *H5) findResidents(c *web.Context, page *searchPage) error {
	rows, _, err := h.store.Residents(c.Ctx(), core.ScopeOf(page.Post.Community), store.ResidentFilter{
		Community: page.Post.Community, Keyword: page.Keyword, Page: store.Page{Limit: maxSearch},
	})
	if err != nil {
		return err
	}
	residents := make([]core.ID, len(rows))
	for i, row := range rows {
		residents[i] = row.ID
	}
	passes, err := h.store.PassOfResidents(c.Ctx(), residents)
	for _, row := range rows {
		page.Found = append(page.Found, found{ResidentRow: row, Pass: passes[row.ID]})
	}
	return err
}
