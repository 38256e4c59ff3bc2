package console

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentRoutes are 住户信息. Phone and ID number are masked on every page but
// the one that residentReveal answers with.
func (h *Console) residentRoutes() []web.Route {
	view, edit := web.Need(core.PermResidentView), web.Need(core.PermResidentEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: residentPath, Access: view, Handler: h.residentList},
		{Method: http.MethodGet, Path: residentPath + "/export.xlsx", Access: web.Need(core.PermResidentExport), Handler: h.residentExport, Time: -1, EachPerMinute: 30},
		{Method: http.MethodGet, Path: residentPath + "/export", Access: web.Need(core.PermResidentReveal), Handler: h.residentExportAsk},
		{Method: http.MethodPost, Path: residentPath + "/export", Access: web.Need(core.PermResidentReveal), Handler: h.residentExportWhole, Time: -1, EachPerMinute: 30},
		{Method: http.MethodGet, Path: residentPath + "/suggest", Access: view, Handler: h.residentSuggest},
		{Method: http.MethodGet, Path: residentPath + "/new", Access: edit, Handler: h.residentNew},
		{Method: http.MethodPost, Path: residentPath, Access: edit, Handler: h.residentCreate, Draft: true},
		{Method: http.MethodPost, Path: residentPath + "/moveout", Access: edit, Handler: h.residentsMoveOut},
		{Method: http.MethodPost, Path: residentPath + "/delete", Access: edit, Handler: h.residentsDelete},
		{Method: http.MethodGet, Path: residentPath + "/:id", Access: view, Handler: h.residentShow},
		{Method: http.MethodPost, Path: residentPath + "/:id/reveal", Access: web.Need(core.PermResidentReveal), Handler: h.residentReveal},
		{Method: http.MethodGet, Path: residentPath + "/:id/edit", Access: edit, Handler: h.residentEdit},
		{Method: http.MethodPost, Path: residentPath + "/:id", Access: edit, Handler: h.residentUpdate, Draft: true},
		{Method: http.MethodPost, Path: residentPath + "/:id/moveout", Access: edit, Handler: h.residentMoveOut},
	}
}

const residentsAPage = 50

// residentFilter reads the filters of the list. note says of which house it is.
func (h *Console) residentFilter(c *web.Context) (filter store.ResidentFilter, at place, note string, err error) {
	filter = store.ResidentFilter{
		Keyword: c.Query("q"), Certified: c.Query("certified"), Identity: core.Identity(c.Query("identity")),
		MovedOut: c.Query("ties") == "out", Sort: c.Query(templates.SortParam), Page: c.Page(residentsAPage),
	}
	if at, err = h.placeOf(c, c.Query("community")); err != nil {
		return filter, at, "", err
	}
	filter.Community = chosenCommunity(c, at)
	if house, err := core.ParseID(c.Query("house")); err == nil {
		found, err := h.Store.House(c.Ctx(), c.Scope(), house)
		if err != nil {
			return filter, at, "", err
		}
		filter.House, filter.Community, note = house, found.Community, "房屋："+found.Label
	}
	if node, err := core.ParseID(c.Query("node")); err == nil {
		filter.Node = node
	}
	if filter.Community == 0 && len(at.All) == 1 {
		filter.Community = at.All[0].ID
	}
	return filter, at, note, nil
}

func (h *Console) residentList(c *web.Context) error {
	filter, at, note, err := h.residentFilter(c)
	if err != nil {
		return err
	}
	page := residentListPage{Shell: h.shell(c, "resident", "住户")}
	page.Note = note
	residents, more, err := h.Store.Residents(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page.List = residentTable(c, at, filter)
	if filter.Community != 0 && filter.House == 0 && c.Has(core.PermHouseView) {
		page.TreeURL = templates.WithQuery(housePath+"/tree", nil, "community", filter.Community.String(), "node", c.Query("node"), "of", "resident")
	}
	if c.Has(core.PermResidentExport) {
		page.List.Export = residentPath + "/export.xlsx"
		if c.Has(core.PermResidentReveal) {
			page.WholeURL = templates.WithQuery(residentPath+"/export", c.Request().URL.Query(), templates.BeforeParam, "", templates.AfterParam, "")
		}
	}
	if c.Has(core.PermResidentEdit) {
		page.Actions = append(page.Actions, templates.Action{Label: "添加住户", URL: residentNewURL(filter), Icon: "plus", Primary: true})
		if !filter.MovedOut {
			page.List.Bulk, page.List.CSRF = residentBulk(c), page.CSRF
		}
	}
	page.fill(c, residents, filter.Page, more)
	return h.page(c, http.StatusOK, "console/resident/list", page)
}

// residentNew shows an empty form; the house may come with the address.
func (h *Console) residentNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return core.NotFound("还没有小区")
	}
	label := ""
	if id, err := core.ParseID(c.Query("house")); err == nil {
		house, err := h.Store.House(c.Ctx(), c.Scope(), id)
		if err != nil {
			return err
		}
		label = house.Label
	}
	return h.page(c, http.StatusOK, "console/resident/form", h.residentNewPage(c, at, label))
}

// residentForm is what the forms send. Community and House are of new ones alone.
type residentForm struct {
	Community core.ID  `form:"community"`
	House     string   `form:"house" max:"250"`
	Name      string   `form:"name" max:"64"`
	Sex       string   `form:"sex"`
	Identity  string   `form:"identity"`
	LeaseDay  core.Day `form:"lease_day"`
	Phone     string   `form:"phone" max:"40"`
	IDNumber  string   `form:"id_number" max:"60"`
	ClearID   bool     `form:"clear_id"`
	Seen      int64    `form:"seen"`
}

func (h *Console) residentCreate(c *web.Context) error {
	var form residentForm
	wrong := c.Bind(&form)
	at, err := h.placeOf(c, form.Community.String())
	if err != nil {
		return err
	}
	var id core.ID
	if wrong == nil {
		id, wrong = h.createResident(c, at, form)
	}
	if wrong != nil {
		page := h.residentNewPage(c, at, "")
		return h.formPage(c, wrong, &page.Form, func(status int) error { return h.page(c, status, "console/resident/form", page) })
	}
	c.Flash(web.FlashSuccess, "住户已添加。本人在微信里验证手机号后即可使用通行证。")
	return c.Redirect(residentURL(id))
}

func (h *Console) createResident(c *web.Context, at place, form residentForm) (core.ID, error) {
	r := core.Resident{
		Community: at.ID, Name: form.Name, Sex: form.Sex, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay,
		Phone: form.Phone, IDNumber: form.IDNumber,
	}
	_, wrong := r.Normalized()
	house, err := h.Store.HouseSaid(c.Ctx(), c.Scope(), at.ID, form.House)
	if core.IsNotFound(err) {
		message := "“" + at.Name + "”没有这套房屋，请核对或先添加房屋"
		if form.House == "" {
			message = "请填写房屋"
		}
		err = core.InvalidFields(map[string]string{"house": message})
	} else if core.CodeOf(err) == core.CodeInvalid {
		err = core.InvalidFields(map[string]string{"house": core.MessageOf(err)})
	}
	if err = mergeFields(err, wrong); err != nil {
		return 0, err
	}
	r.House = house.ID
	return h.Store.CreateResident(c.Ctx(), c.Actor(), c.Scope(), r)
}

// resident gives the resident that the path names, where the account may see it.
func (h *Console) resident(c *web.Context) (store.ResidentRow, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.ResidentRow{}, err
	}
	return h.Store.Resident(c.Ctx(), c.Scope(), id)
}

func (h *Console) residentShow(c *web.Context) error {
	r, err := h.resident(c)
	if err != nil {
		return err
	}
	page, err := h.residentPage(c, r)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/resident/show", page)
}

// residentReveal shows the page with phone and ID number whole. That somebody saw
// them is in the audit log.
func (h *Console) residentReveal(c *web.Context) error {
	r, err := h.resident(c)
	if err != nil {
		return err
	}
	whole, err := h.Store.RevealResident(c.Ctx(), c.Actor(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	r.Phone, r.IDNumber = whole.Phone, whole.IDNumber
	page, err := h.residentPage(c, r)
	if err != nil {
		return err
	}
	page.Revealed = true
	return h.page(c, http.StatusOK, "console/resident/show", page)
}

func (h *Console) residentEdit(c *web.Context) error {
	r, err := h.resident(c)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/resident/form", h.residentEditPage(c, r))
}

func (h *Console) residentUpdate(c *web.Context) error {
	r, err := h.resident(c)
	if err != nil {
		return err
	}
	var form residentForm
	err = c.Bind(&form)
	if err == nil {
		err = h.Store.UpdateResident(c.Ctx(), c.Actor(), c.Scope(), r.ID, store.ResidentChange{
			Name: form.Name, Sex: form.Sex, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay,
			Phone: form.Phone, IDNumber: form.IDNumber, ClearID: form.ClearID, Updated: shownAt(form.Seen),
		})
	}
	if err != nil {
		page := h.residentEditPage(c, r)
		return h.formPage(c, err, &page.Form, func(status int) error { return h.page(c, status, "console/resident/form", page) })
	}
	c.Flash(web.FlashSuccess, "已保存。")
	return c.Redirect(residentURL(r.ID))
}

func (h *Console) residentMoveOut(c *web.Context) error {
	r, err := h.resident(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		return h.confirm(c, "resident", templates.Confirm{
			Title: "办理“" + r.Name + "”迁出？", Text: moveOutText(r), Action: residentURL(r.ID) + "/moveout",
			Submit: "迁出", Cancel: residentURL(r.ID), Danger: true,
		})
	}
	if err := h.Store.MoveOut(c.Ctx(), c.Actor(), c.Scope(), r.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已迁出，通行证立即失效。")
	return c.Redirect(place{Community: core.Community{ID: r.Community}}.at(residentPath))
}
