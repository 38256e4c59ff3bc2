package access

import (
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// observerRoutes returns the routes of 观察员: outsiders who may view access records.
func (p *Pages) observerRoutes() []web.Route {
	view, edit := web.Need(core.PermObserverView), web.Need(core.PermObserverEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ObserverPath, Access: view, Handler: p.observerList},
		{Method: http.MethodGet, Path: frame.ObserverPath + "/new", Access: edit, Handler: p.observerNew},
		{Method: http.MethodPost, Path: frame.ObserverPath, Access: edit, Handler: p.observerCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.ObserverPath + "/:id", Access: view, Handler: p.observerShow},
		{Method: http.MethodGet, Path: frame.ObserverPath + "/:id/edit", Access: edit, Handler: p.observerEdit},
		{Method: http.MethodPost, Path: frame.ObserverPath + "/:id", Access: edit, Handler: p.observerUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.ObserverPath + "/:id/remove", Access: edit, Level: web.Asks, Handler: p.observerRemove},
		{Method: http.MethodPost, Path: frame.ObserverPath + "/:id/qr", Access: edit, Handler: p.observerQR},
		{Method: http.MethodGet, Path: frame.ObserverPath + "/:id/qr", Access: edit, Handler: p.observerWatch},
	}
}

type observerShowPage struct {
	templates.Shell
	Facts  []templates.Fact
	Edit   bool
	Acts   []templates.Submit
	Wechat frame.WechatOff // the code cannot be shown
}

// observer returns the observer in the path, if the account may see it.
func (p *Pages) observer(c *web.Context) (core.Observer, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Observer{}, err
	}
	return p.Store.Observer(c.Ctx(), c.Scope(), id)
}

func (p *Pages) observerShow(c *web.Context) error {
	o, err := p.observer(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	bound, err := p.BoundFact(c, core.BindObserver, o.ID)
	if err != nil {
		return err
	}
	page := observerShowPage{Shell: p.Shell(c, "observer", o.Name), Edit: c.Has(core.PermObserverEdit)}
	page.Crumbs, page.Note, page.Wechat = observerCrumbs(), o.Capacity, p.OfficialOff(c.Ctx(), core.ScopeOf(o.Communities...))
	page.Facts = []templates.Fact{
		{Label: "姓名", Value: o.Name}, {Label: "身份", Value: o.Capacity}, {Label: "手机", Value: o.Phone},
		{Label: "小区", Value: observedText(o, communities, len(communities))},
		bound, {Label: "导出", Badge: frame.OnOff(o.MayExport, "可导出出入记录", "不可导出")},
	}
	if page.Edit {
		page.Actions = []templates.Action{{Label: "修改", URL: frame.ObserverURL(o.ID) + "/edit", Icon: "pencil"}}
		page.Acts = []templates.Submit{
			{Label: "微信二维码", URL: frame.ObserverURL(o.ID) + "/qr", Icon: "qrcode", Off: page.Wechat.Why},
			{
				Label: "移除", URL: frame.ObserverURL(o.ID) + "/remove", Icon: "trash",
				Ask: true,
			},
		}
	}
	return p.Page(c, http.StatusOK, "console/observer/show", page)
}

func observerCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "观察员", URL: frame.ObserverPath}}
}

func observerRemoveText(o core.Observer, communities []core.Community) string {
	mine := core.Observer{}
	for _, community := range communities {
		if slices.Contains(o.Communities, community.ID) {
			mine.Communities = append(mine.Communities, community.ID)
		}
	}
	return "“" + o.Name + "”立即看不到 " + observedText(mine, communities, 3) + " 的出入记录，已打开的页面也随即失效。要恢复须重新添加并扫码绑定。"
}

// observerForm is the posted form.
type observerForm struct {
	Name        string    `form:"name" max:"40"`
	Capacity    string    `form:"capacity" max:"40"`
	Phone       string    `form:"phone" max:"40"`
	Communities []core.ID `form:"communities" max:"500"`
	MayExport   bool      `form:"may_export"`
	Seen        int64     `form:"seen"`
}

func (f observerForm) observer(id core.ID) core.Observer {
	return core.Observer{
		ID: id, Name: f.Name, Capacity: f.Capacity, Phone: f.Phone, MayExport: f.MayExport,
		Communities: f.Communities, Updated: frame.ShownAt(f.Seen),
	}
}

type observerFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) observerNew(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	o := core.Observer{Name: frame.SoughtName(c)}
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		o.Communities = []core.ID{chosen}
	}
	return p.observerFormPage(c, o, nil)
}

// observerFormPage shows the form with the observer's values, or as submitted if it is invalid.
func (p *Pages) observerFormPage(c *web.Context, o core.Observer, wrong error) error {
	form, err := p.observerForm(c, o)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := observerFormPage{Shell: p.Shell(c, "observer", "添加观察员"), Form: form}
		page.Crumbs = observerCrumbs()
		if o.ID != 0 {
			page.Title = "修改观察员"
		}
		return p.Page(c, status, "console/observer/form", page)
	})
}

func (p *Pages) observerForm(c *web.Context, o core.Observer) (templates.Form, error) {
	communities, err := p.Communities(c)
	if err != nil {
		return templates.Form{}, err
	}
	if len(communities) == 0 {
		return templates.Form{}, frame.ErrNoCommunityYet
	}
	form := templates.Form{
		Action: frame.ObserverPath, CSRF: c.CSRF(), Cancel: frame.ObserverPath, Submit: "添加", More: o.ID == 0,
		Sections: observerFields(o, communities),
	}
	if o.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.ObserverURL(o.ID), frame.ObserverURL(o.ID), "保存"
		form.Seen = templates.Seen(o.Updated)
	}
	return form, nil
}

func observerFields(o core.Observer, communities []core.Community) []templates.Section {
	return []templates.Section{{Fields: []templates.Field{
		{Name: "name", Label: "姓名", Value: o.Name, Required: true, MaxLength: core.MaxName, Focus: o.ID == 0, Autocomplete: "off"},
		{Name: "capacity", Label: "身份", Value: o.Capacity, Required: true, MaxLength: core.MaxCapacity, Placeholder: "社区民警"},
		frame.PhoneField(o.Phone, o.ID == 0),
		communityChecks("可查看的小区", communities, o.Communities, o.ID == 0),
		{
			Kind: templates.Switch, Name: "may_export", Label: "可导出出入记录", Value: frame.SwitchValue(o.MayExport),
			Help: "导出的文件离开本系统后不再受控制，请谨慎开启。",
		},
	}}}
}

func (p *Pages) observerCreate(c *web.Context) error {
	var form observerForm
	wrong := c.Bind(&form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateObserver(c.Ctx(), c.Actor(), c.Scope(), form.observer(0))
	}
	if wrong != nil {
		return p.observerFormPage(c, form.observer(0), wrong)
	}
	another := frame.ObserverPath + "/new"
	if len(form.Communities) == 1 {
		another = templates.WithQuery(another, nil, "community", form.Communities[0].String())
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: "观察员已添加。请本人扫“微信二维码”绑定微信。", Page: frame.ObserverURL(id),
		Another: another,
	})
}

func (p *Pages) observerEdit(c *web.Context) error {
	o, err := p.observer(c)
	if err != nil {
		return err
	}
	return p.observerFormPage(c, o, nil)
}

func (p *Pages) observerUpdate(c *web.Context) error {
	old, err := p.observer(c)
	if err != nil {
		return err
	}
	was, err := p.observerForm(c, old)
	if err != nil {
		return err
	}
	var form observerForm
	wrong := c.Bind(&form)
	o := form.observer(old.ID)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateObserver(c.Ctx(), c.Actor(), c.Scope(), o)
	}
	if wrong != nil {
		if o.Phone = old.Phone; core.IsStale(wrong) {
			o = old
		}
		return p.observerFormPage(c, o, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated, "phone")
	return c.Redirect(frame.ObserverURL(o.ID))
}

func (p *Pages) observerRemove(c *web.Context) error {
	o, err := p.observer(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "移除观察员“" + o.Name + "”？", Text: observerRemoveText(o, communities), Submit: "移除观察员", Danger: true},
		Do:   func() error { return p.Store.RemoveObserver(c.Ctx(), c.Actor(), c.Scope(), o.ID) },
		Done: "已移除观察员“" + o.Name + "”，立即生效。", Back: frame.ObserverURL(o.ID), Next: frame.ObserverPath,
	})
}

func observerBinding(o core.Observer) frame.Binding {
	return frame.Binding{
		Kind: core.BindObserver, Target: o.ID, Of: core.ScopeOf(o.Communities...), Name: o.Name, Menu: "观察员", Stem: "observer",
		URL: frame.ObserverURL(o.ID), Crumbs: observerCrumbs(),
	}
}

func (p *Pages) observerQR(c *web.Context) error {
	o, err := p.observer(c)
	if err != nil {
		return err
	}
	return p.BindQR(c, observerBinding(o))
}

func (p *Pages) observerWatch(c *web.Context) error {
	o, err := p.observer(c)
	if err != nil {
		return err
	}
	return p.BindWatch(c, observerBinding(o))
}
