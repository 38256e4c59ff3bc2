package console

import (
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const observerPath = "/console/observer"

func observerURL(id core.ID) string { return observerPath + "/" + id.String() }

// observerRoutes are 观察员: outsiders who may look at access records.
func (h *Console) observerRoutes() []web.Route {
	view, edit := web.Need(core.PermObserverView), web.Need(core.PermObserverEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: observerPath, Access: view, Handler: h.observerList},
		{Method: http.MethodGet, Path: observerPath + "/new", Access: edit, Handler: h.observerNew},
		{Method: http.MethodPost, Path: observerPath, Access: edit, Handler: h.observerCreate, Draft: true},
		{Method: http.MethodGet, Path: observerPath + "/:id", Access: view, Handler: h.observerShow},
		{Method: http.MethodGet, Path: observerPath + "/:id/edit", Access: edit, Handler: h.observerEdit},
		{Method: http.MethodPost, Path: observerPath + "/:id", Access: edit, Handler: h.observerUpdate, Draft: true},
		{Method: http.MethodPost, Path: observerPath + "/:id/remove", Access: edit, Handler: h.observerRemove},
		{Method: http.MethodPost, Path: observerPath + "/:id/qr", Access: edit, Handler: h.observerQR},
		{Method: http.MethodGet, Path: observerPath + "/:id/qr", Access: edit, Handler: h.observerWatch},
	}
}

type observerListPage struct {
	templates.Shell
	List templates.List
	Rows []observerRow
}

type observerRow struct {
	URL, Name, Capacity, Phone, Communities string
	Bound, Export                           templates.Badge
}

func (h *Console) observerList(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	observers, err := h.Store.Observers(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	communities, chosen := at.All, chosenCommunity(c, at)
	page := observerListPage{Shell: h.shell(c, "observer", "观察员"), List: observerTable(c, at)}
	if c.Has(core.PermObserverEdit) && len(communities) > 0 {
		page.Actions = []templates.Action{{Label: "添加观察员", URL: newAt(observerPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, o := range observers {
		if chosen != 0 && !slices.Contains(o.Communities, chosen) || !boundIs(c.Query("bound"), o.User) {
			continue
		}
		page.Rows = append(page.Rows, observerRow{
			URL: observerURL(o.ID), Name: o.Name, Capacity: o.Capacity, Phone: o.Phone, Communities: observedWords(o, communities, 3),
			Bound: boundBadge(o.User), Export: onOff(o.MayExport, "可导出", "不可"),
		})
	}
	page.List.Count = len(page.Rows)
	page.List.Pager.Summary = fmt.Sprintf("共 %d 人", len(page.Rows))
	return h.page(c, http.StatusOK, "console/observer/list", page)
}

func observerTable(c *web.Context, at place) templates.List {
	if len(at.All) == 0 {
		return templates.List{Path: observerPath, Empty: noCommunityYet(c)}
	}
	list := templates.List{
		Path: observerPath, Query: c.Request().URL.Query(), Cards: true, Filters: []templates.Field{boundField()},
		Columns: []templates.Column{{Label: "姓名"}, {Label: "身份"}, {Label: "手机"}, {Label: "小区"}, {Label: "微信", Narrow: true}, {Label: "导出", Narrow: true}},
		Empty:   templates.Empty{Icon: "eye", Title: "还没有观察员", Text: "街道、社区民警等可以作为观察员，在手机上查看小区的出入记录。"},
	}
	if len(at.All) > 1 {
		list.Filters = []templates.Field{at.field("全部小区"), boundField()}
	}
	return list
}

// observedWords names an observer's communities, the first few; those of other
// admins are only counted.
func observedWords(o core.Observer, communities []core.Community, most int) string {
	var names []string
	for _, community := range communities {
		if slices.Contains(o.Communities, community.ID) {
			names = append(names, community.Name)
		}
	}
	others, hidden := len(o.Communities)-len(names), 0
	if len(names) > most {
		names, hidden = names[:most], len(names)-most
	}
	words := joined(names)
	if hidden+others > 0 {
		words += fmt.Sprintf(" 等 %d 个小区", len(o.Communities))
	}
	return words
}

type observerShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Edit  bool
	Acts  []templates.Submit
}

// observer gives the observer that the path names, where the account may see it.
func (h *Console) observer(c *web.Context) (core.Observer, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Observer{}, err
	}
	return h.Store.Observer(c.Ctx(), c.Scope(), id)
}

func (h *Console) observerShow(c *web.Context) error {
	o, err := h.observer(c)
	if err != nil {
		return err
	}
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	page := observerShowPage{Shell: h.shell(c, "observer", o.Name), Edit: c.Has(core.PermObserverEdit)}
	page.Crumbs, page.Note = observerCrumbs(), o.Capacity
	page.Facts = []templates.Fact{
		{Label: "姓名", Value: o.Name}, {Label: "身份", Value: o.Capacity}, {Label: "手机", Value: o.Phone},
		{Label: "小区", Value: observedWords(o, communities, len(communities))},
		{Label: "微信", Badge: boundBadge(o.User)}, {Label: "导出", Badge: onOff(o.MayExport, "可导出出入记录", "不可导出")},
	}
	if page.Edit {
		page.Actions = []templates.Action{{Label: "修改", URL: observerURL(o.ID) + "/edit", Icon: "pencil"}}
		page.Acts = []templates.Submit{
			{Label: "微信登录二维码", URL: observerURL(o.ID) + "/qr", Icon: "qrcode"},
			{Label: "移除", URL: observerURL(o.ID) + "/remove", Icon: "trash", Danger: true, Confirm: observerRemoveText(o, communities)},
		}
	}
	return h.page(c, http.StatusOK, "console/observer/show", page)
}

func observerCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "观察员", URL: observerPath}}
}

func observerRemoveText(o core.Observer, communities []core.Community) string {
	mine := core.Observer{}
	for _, community := range communities {
		if slices.Contains(o.Communities, community.ID) {
			mine.Communities = append(mine.Communities, community.ID)
		}
	}
	return "“" + o.Name + "”立即看不到 " + observedWords(mine, communities, 3) + " 的出入记录，已打开的页面也随即失效。要恢复须重新添加并扫码绑定。"
}

// observerForm is what the form sends.
type observerForm struct {
	Name        string    `form:"name" max:"40"`
	Capacity    string    `form:"capacity" max:"40"`
	Phone       string    `form:"phone" max:"40"`
	Communities []core.ID `form:"communities" max:"500"`
	MayExport   bool      `form:"may_export"`
	Seen        int64     `form:"seen"`
}

func (f observerForm) observer(id core.ID) core.Observer {
	return core.Observer{ID: id, Name: f.Name, Capacity: f.Capacity, Phone: f.Phone, MayExport: f.MayExport, Communities: f.Communities, Updated: shownAt(f.Seen)}
}

type observerFormPage struct {
	templates.Shell
	Form templates.Form
}

func (h *Console) observerNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	o := core.Observer{}
	if chosen := chosenCommunity(c, at); chosen != 0 {
		o.Communities = []core.ID{chosen}
	}
	return h.observerFormPage(c, o, nil)
}

// observerFormPage shows the form with the observer's values, or as it was sent
// where it is wrong.
func (h *Console) observerFormPage(c *web.Context, o core.Observer, wrong error) error {
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	if len(communities) == 0 {
		return core.NotFound("还没有小区")
	}
	page := observerFormPage{Shell: h.shell(c, "observer", "添加观察员")}
	page.Crumbs = observerCrumbs()
	page.Form = templates.Form{Action: observerPath, CSRF: page.CSRF, Cancel: observerPath, Submit: "添加", Sections: observerFields(o, communities)}
	if o.ID != 0 {
		page.Title, page.Form.Action, page.Form.Cancel, page.Form.Submit = "修改观察员", observerURL(o.ID), observerURL(o.ID), "保存"
		page.Form.Seen = templates.Seen(o.Updated)
	}
	show := func(status int) error { return h.page(c, status, "console/observer/form", page) }
	if wrong != nil {
		return h.formPage(c, wrong, &page.Form, show)
	}
	return show(http.StatusOK)
}

func observerFields(o core.Observer, communities []core.Community) []templates.Section {
	choices := make([]templates.Choice, len(communities))
	for i, community := range communities {
		choices[i] = templates.Choice{Value: community.ID.String(), Label: community.Name}
	}
	ticked := idValues(o.Communities)
	if o.ID == 0 && len(communities) == 1 {
		ticked = []string{communities[0].ID.String()}
	}
	return []templates.Section{{Fields: []templates.Field{
		{Name: "name", Label: "姓名", Value: o.Name, Required: true, MaxLength: core.NameMost, Focus: o.ID == 0, Autocomplete: "off"},
		{Name: "capacity", Label: "身份", Value: o.Capacity, Required: true, MaxLength: core.CapacityMost, Placeholder: "社区民警"},
		phoneField(o.Phone, o.ID == 0),
		{Kind: templates.Checks, Name: "communities", Label: "可查看的小区", Values: ticked, Required: true, Choices: choices},
		{Kind: templates.Switch, Name: "may_export", Label: "可导出出入记录", Value: switchValue(o.MayExport), Help: "导出的文件离开本系统后不再受控制，请谨慎开启。"},
	}}}
}

func (h *Console) observerCreate(c *web.Context) error {
	var form observerForm
	wrong := c.Bind(&form)
	var id core.ID
	if wrong == nil {
		id, wrong = h.Store.SaveObserver(c.Ctx(), c.Actor(), c.Scope(), form.observer(0))
	}
	if wrong != nil {
		return h.observerWrong(c, form.observer(0), wrong)
	}
	c.Flash(web.FlashSuccess, "观察员已添加。请本人扫“微信登录二维码”绑定微信。")
	return c.Redirect(observerURL(id))
}

// observerWrong shows the form again where it is what is wrong.
func (h *Console) observerWrong(c *web.Context, o core.Observer, wrong error) error {
	if core.CodeOf(wrong) != core.CodeInvalid && !core.IsStale(wrong) {
		return wrong
	}
	return h.observerFormPage(c, o, wrong)
}

func (h *Console) observerEdit(c *web.Context) error {
	o, err := h.observer(c)
	if err != nil {
		return err
	}
	return h.observerFormPage(c, o, nil)
}

func (h *Console) observerUpdate(c *web.Context) error {
	old, err := h.observer(c)
	if err != nil {
		return err
	}
	var form observerForm
	wrong := c.Bind(&form)
	o := form.observer(old.ID)
	if wrong == nil {
		_, wrong = h.Store.SaveObserver(c.Ctx(), c.Actor(), c.Scope(), o)
	}
	if wrong != nil {
		if o.Phone = old.Phone; core.IsStale(wrong) {
			o = old
		}
		return h.observerWrong(c, o, wrong)
	}
	c.Flash(web.FlashSuccess, "已保存，立即生效。")
	return c.Redirect(observerURL(o.ID))
}

func (h *Console) observerRemove(c *web.Context) error {
	o, err := h.observer(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		communities, err := h.Store.Communities(c.Ctx(), c.Scope())
		if err != nil {
			return err
		}
		return h.confirm(c, "observer", templates.Confirm{
			Title: "移除观察员“" + o.Name + "”？", Text: observerRemoveText(o, communities), Action: observerURL(o.ID) + "/remove", Submit: "移除", Cancel: observerURL(o.ID), Danger: true,
		})
	}
	if err := h.Store.RemoveObserver(c.Ctx(), c.Actor(), c.Scope(), o.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已移除观察员“"+o.Name+"”，立即生效。")
	return c.Redirect(observerPath)
}

func observerBinding(o core.Observer) binding {
	return binding{kind: core.BindObserver, target: o.ID, name: o.Name, menu: "观察员", stem: "observer", url: observerURL(o.ID), crumbs: observerCrumbs()}
}

func (h *Console) observerQR(c *web.Context) error {
	o, err := h.observer(c)
	if err != nil {
		return err
	}
	return h.bindQR(c, observerBinding(o))
}

func (h *Console) observerWatch(c *web.Context) error {
	o, err := h.observer(c)
	if err != nil {
		return err
	}
	return h.bindWatch(c, observerBinding(o))
}
