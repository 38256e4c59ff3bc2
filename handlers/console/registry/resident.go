package registry

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentRoutes returns the routes of 住户信息. Phone and ID numbers are masked on every page except
// the one of residentReveal.
func (p *Pages) residentRoutes() []web.Route {
	view, edit := web.Need(core.PermResidentView), web.Need(core.PermResidentEdit)
	return append(append(p.residentCertifyRoutes(), p.residentCardRoutes()...), []web.Route{
		{Method: http.MethodGet, Path: frame.ResidentPath, Access: view, Handler: p.residentList},
		{
			Method: http.MethodGet, Path: frame.ResidentPath + "/export.xlsx",
			Access: web.Need(core.PermResidentExport), Handler: p.residentExport, Time: -1, EachPerMinute: 30,
		},
		{
			Method: http.MethodPost, Path: frame.ResidentPath + "/export.xlsx", Level: web.Asks,
			Access: web.Need(core.PermResidentExport), Handler: p.residentExportLater, EachPerMinute: 30,
		},
		{
			Method: http.MethodGet, Path: frame.ResidentPath + "/export",
			Access: web.Need(core.PermResidentReveal), Handler: p.residentExportAsk,
		},
		{
			Method: http.MethodPost, Path: frame.ResidentPath + "/export",
			Access: web.Need(core.PermResidentReveal), Level: web.Types, Handler: p.residentExportWhole, Time: -1, Draft: true,
			EachPerMinute: 30,
		},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/suggest", Access: view, Handler: p.residentSuggest, Reads: true},
		{Method: http.MethodGet, Path: frame.ResidentPath + "/new", Access: edit, Handler: p.residentNew},
		{Method: http.MethodPost, Path: frame.ResidentPath, Access: edit, Handler: p.residentCreate, Draft: true},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/moveout", Access: edit, Level: web.Types, Handler: p.residentsMoveOut},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/delete", Access: edit, Level: web.Types, Handler: p.residentsRemove},
		{Method: http.MethodGet, Path: frame.ResidentPath + "/:id", Access: view, Handler: p.residentShow},
		{
			Method: http.MethodPost, Path: frame.ResidentPath + "/:id/reveal",
			Access: web.Need(core.PermResidentReveal), Handler: p.residentReveal,
		},
		{Method: http.MethodGet, Path: frame.ResidentPath + "/:id/edit", Access: edit, Handler: p.residentEdit},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/:id", Access: edit, Handler: p.residentUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/:id/moveout", Access: edit, Level: web.Asks, Handler: p.residentMoveOut},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/:id/restore", Access: edit, Level: web.Asks, Handler: p.residentRestore},
		{Method: http.MethodPost, Path: frame.ResidentPath + "/:id/signout", Access: edit, Level: web.Asks, Handler: p.residentSignOut},
	}...)
}

const residentsAPage = 50

// residentQuery is the query of the list.
type residentQuery struct {
	Keyword   string        `form:"q"`
	Certified string        `form:"certified" of:"yes no"`
	Identity  core.Identity `form:"identity" max:"16"`
	Ties      string        `form:"ties" of:"in out"`
	Sort      string        `form:"sort" of:"name -name sex -sex identity -identity"`
	House     core.ID       `form:"house"`
	Node      core.ID       `form:"node"`
}

// residentFilter reads the filters of the list. note tells which house it is about.
func (p *Pages) residentFilter(c *web.Context) (filter store.ResidentFilter, at frame.CommunityChoice, note string, err error) {
	var asked residentQuery
	if err := c.BindQuery(&asked); err != nil {
		return filter, at, "", err
	}
	filter = store.ResidentFilter{
		Keyword: asked.Keyword, Certified: asked.Certified, Identity: asked.Identity,
		MovedOut: asked.Ties == "out", Sort: asked.Sort, Page: c.CountedPage(residentsAPage),
	}
	if at, err = p.CommunityOf(c, c.Query("community")); err != nil {
		return filter, at, "", err
	}
	filter.Community = frame.ChosenCommunity(c, at)
	if asked.House != 0 {
		found, err := p.Store.House(c.Ctx(), c.Scope(), asked.House)
		if err != nil {
			return filter, at, "", err
		}
		filter.House, filter.Community, note = asked.House, found.Community, "房屋："+found.Label
	}
	filter.Node = asked.Node
	if filter.Community == 0 && len(at.All) == 1 {
		filter.Community = at.All[0].ID
	}
	return filter, at, note, nil
}

func (p *Pages) residentList(c *web.Context) error {
	filter, at, note, err := p.residentFilter(c)
	if err != nil {
		return err
	}
	page := residentListPage{Shell: p.Shell(c, "resident", "住户"), Tabs: p.CountTabs(c, residentTabs(c, "resident"))}
	page.Note = note
	residents, more, err := p.Store.Residents(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	if page.List = residentTable(c, at, filter); len(at.All) == 0 {
		page.List = templates.List{Path: frame.ResidentPath, Empty: frame.NoCommunityYet(c)}
		return p.Page(c, http.StatusOK, "console/resident/list", page)
	}
	if filter.Community != 0 && filter.House == 0 && c.Has(core.PermHouseView) {
		page.TreeURL = templates.WithQuery(
			frame.HousePath+"/tree", nil, "community", filter.Community.String(), "node", c.Query("node"), "of",
			"resident",
		)
	}
	if c.Has(core.PermResidentExport) {
		page.List.Export = frame.ResidentPath + "/export.xlsx"
		if c.Has(core.PermResidentReveal) {
			page.List.Exports = []templates.Action{{Label: "导出完整号码", URL: frame.ResidentPath + "/export", Icon: "eye"}}
		}
	}
	if c.Has(core.PermResidentEdit) {
		if mayImport(c, core.ImportResidents) {
			page.Actions = append(page.Actions, templates.Action{
				Label: "批量导入", URL: frame.NewURL(frame.ImportPath, filter.Community), Icon: "upload",
			})
		}
		page.Actions = append(page.Actions, templates.Action{Label: "添加住户", URL: residentNewURL(filter), Icon: "plus", Primary: true})
		if !filter.MovedOut {
			page.List.Bulk, page.List.CSRF = residentBulk(c), page.CSRF
		}
	}
	var held map[core.ID]core.BatchWhy
	if c.Has(core.PermResidentEdit) {
		if held, err = p.Store.ResidentsHeld(c.Ctx(), residentIDsOf(residents)); err != nil {
			return err
		}
	}
	page.fill(c, residents, held, filter.Page, more)
	return p.Page(c, http.StatusOK, "console/resident/list", page)
}

// residentNew shows an empty form; the URL may contain the house.
func (p *Pages) residentNew(c *web.Context) error {
	community, label := c.Query("community"), ""
	if text := c.Query("house"); text != "" {
		id, err := core.ParseID(text)
		if err != nil {
			return err
		}
		house, err := p.Store.House(c.Ctx(), c.Scope(), id)
		if err != nil {
			return err
		}
		community, label = house.Community.String(), house.Label
	}
	at, err := p.FormCommunity(c, community)
	if err != nil {
		return err
	}
	return p.residentNewPage(c, at, label, nil)
}

// residentForm is the posted form. Only new residents have Community and House.
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
	Shared    bool     `form:"phone_shared"`
	NoPhone   bool     `form:"clear_phone"`
	Namesake  bool     `form:"namesake"` // another person of the same name lives in the house
	Held      bool     `form:"held"`     // it is known that the number is another name's
	Seen      int64    `form:"seen"`
}

func (p *Pages) residentCreate(c *web.Context) error {
	var form residentForm
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	var r core.Resident
	if wrong == nil {
		r, wrong = p.createResident(c, at, form)
	}
	if wrong != nil {
		return p.residentNewPage(c, at, "", wrong)
	}
	words := "住户已添加。本人在微信里验证手机号并填写姓名后即可使用通行证。"
	if r.OwnPhone() == "" {
		words = "住户已添加。没有本人手机，请现场核验；核验后由门岗查找放行。"
	}
	return p.Added(c, frame.Added{
		Name: r.Name, Message: words, Page: frame.ResidentURL(r.ID),
		Another: at.URL(frame.ResidentPath+"/new", "house", r.House.String()),
	})
}

func (p *Pages) createResident(c *web.Context, at frame.CommunityChoice, form residentForm) (core.Resident, error) {
	r := core.Resident{
		Community: at.ID, Name: form.Name, Sex: form.Sex, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay,
		Phone: form.Phone, PhoneShared: form.Shared, IDNumber: form.IDNumber,
		Namesake: form.Namesake, AskNumber: !form.Held,
	}
	typed := r.CheckNoLease()
	r, wrong := r.Normalized()
	house, err := p.houseNamed(c, at, form.House)
	if err = frame.MergeFields(frame.MergeFields(err, wrong), typed); err != nil {
		return r, err
	}
	r.House = house
	r.ID, err = p.Store.CreateResident(c.Ctx(), c.Actor(), c.Scope(), r)
	return r, err
}

// resident returns the resident in the path, if the account may see it.
func (p *Pages) resident(c *web.Context) (store.ResidentRow, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.ResidentRow{}, err
	}
	return p.Store.Resident(c.Ctx(), c.Scope(), id)
}

func (p *Pages) residentShow(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	page, err := p.residentPage(c, r)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/resident/show", page)
}

// residentReveal shows the page with full phone and ID numbers. Viewing them is audited.
func (p *Pages) residentReveal(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	whole, err := p.Store.RevealResident(c.Ctx(), c.Actor(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	r.Phone, r.IDNumber = whole.Phone, whole.IDNumber
	page, err := p.residentPage(c, r)
	if err != nil {
		return err
	}
	page.Revealed, page.Detail.Acts = true, nil
	if whole.Phone != "" {
		page.Call = core.FormatPhone(whole.Phone)
	}
	return p.Page(c, http.StatusOK, "console/resident/show", page)
}

func (p *Pages) residentEdit(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	return p.residentEditPage(c, r, nil)
}

func (p *Pages) residentUpdate(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	was := residentEditForm(c, r)
	var form residentForm
	err = c.Bind(&form)
	var updated time.Time
	if err == nil {
		updated, err = p.Store.UpdateResident(c.Ctx(), c.Actor(), c.Scope(), r.ID, store.ResidentChange{
			Name: form.Name, Sex: form.Sex, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay,
			Phone: form.Phone, PhoneShared: form.Shared, ClearPhone: form.NoPhone,
			IDNumber: form.IDNumber, ClearID: form.ClearID, Updated: frame.ShownAt(form.Seen), AskNumber: !form.Held,
		})
	}
	if err != nil {
		return p.residentEditPage(c, r, err)
	}
	p.Edited(c, "已保存。", was, updated, "phone", "clear_phone", "id_number", "clear_id")
	return c.Redirect(frame.ResidentURL(r.ID))
}

func (p *Pages) residentMoveOut(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{Title: "办理“" + r.Name + "”迁出？", Text: moveOutText(r), Submit: "迁出 1 名住户", Danger: true},
		Batch: func() (core.Batch, error) {
			return p.Store.MoveOutAll(c.Ctx(), c.Actor(), c.Scope(), []core.ID{r.ID})
		},
		Done: "已迁出，通行证立即失效。", Back: frame.ResidentURL(r.ID),
		Next: frame.CommunityChoice{Community: core.Community{ID: r.Community}}.URL(frame.ResidentPath),
	})
}
