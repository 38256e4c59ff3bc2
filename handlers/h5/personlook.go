package h5

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// lookPath is 谁看过我: who looked at the user's data.
const lookPath = "/h5/look"

func (h *H5) lookRoutes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: lookPath, Access: web.Resident, Handler: h.lookList}}
}

type lookListPage struct {
	templates.Phone
	Rows  []lookLine
	Pager templates.Pager
	Empty templates.Empty
}

// lookLine is one look, as the person sees it.
type lookLine struct {
	Who, What string
	At        time.Time
}

func (h *H5) lookList(c *web.Context) error {
	var asked struct {
		Before core.ID `form:"before"`
		After  core.ID `form:"after"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	list, more, err := h.store.OwnLooks(c.Ctx(), c.User(), store.Page{Prev: asked.Before, Next: asked.After, Limit: 30})
	if err != nil {
		return err
	}
	page := lookListPage{Phone: h.phone(c, "谁看过我", ""), Empty: templates.Empty{
		Icon: "eye", Title: "没有人看过", Text: "有人查看您的完整号码、照片或出入记录时，会列在这里。",
	}}
	page.Back = fronts[web.SurfaceResident]
	for _, r := range list {
		page.Rows = append(page.Rows, lookLine{Who: core.LookerText(r), What: core.LookText(r.Action), At: r.At})
	}
	if more && len(list) > 0 {
		page.Pager.Next = templates.WithQuery(lookPath, nil, "after", list[len(list)-1].ID.String())
	}
	return h.show(c, http.StatusOK, "look/list", page)
}
