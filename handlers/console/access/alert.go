package access

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (p *Pages) alertRoutes() []web.Route {
	view, handle := web.Need(core.PermAlertView), web.Need(core.PermAlertHandle)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AlertPath, Access: view, Handler: p.alertList},
		{Method: http.MethodPost, Path: frame.AlertPath + "/handle", Access: handle, Handler: p.alertsHandle},
		{Method: http.MethodGet, Path: frame.AlertPath + "/:id", Access: view, Handler: p.alertShow},
		{Method: http.MethodPost, Path: frame.AlertPath + "/:id/handle", Access: handle, Handler: p.alertHandle, Draft: true},
	}
}

const alertsAPage = 50

type alertListPage struct {
	templates.Shell
	List templates.List
	Rows []alertRow
}

type alertRow struct {
	Tick                        templates.Tick // zero = cannot be ticked
	URL, Words, Gate, Community string
	Kind                        templates.Badge
	Last                        time.Time
	Handled                     string // by whom; "" = open
}

var alertTones = map[core.AlertKind]templates.Tone{
	core.AlertFever: templates.Bad, core.AlertRefusals: templates.Warn, core.AlertReuse: templates.Warn, core.AlertSilent: templates.Bad,
}

func alertBadge(k core.AlertKind) templates.Badge {
	return templates.Badge{Tone: alertTones[k], Text: k.Words()}
}

func (p *Pages) alertList(c *web.Context) error {
	var asked struct {
		Kind  string `form:"kind" max:"32"`
		State string `form:"state" of:"open handled"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	filter := core.AlertFilter{
		Kind: core.AlertKind(asked.Kind), Handled: asked.State == "handled",
		Community: frame.ChosenCommunity(c, at),
	}
	paging := c.Page(alertsAPage)
	alerts, more, err := p.Store.Alerts(c.Ctx(), c.Scope(), filter, paging)
	if err != nil {
		return err
	}
	page := alertListPage{Shell: p.Shell(c, "alert", "告警"), List: alertTable(c, at, filter)}
	bulk := !filter.Handled && c.Has(core.PermAlertHandle)
	if bulk {
		page.List.Bulk = []templates.Submit{{Label: "标为已处理", URL: frame.AlertPath + "/handle", Icon: "check"}}
		page.List.CSRF = page.CSRF
	}
	names := at.Names()
	for _, a := range alerts {
		row := alertRow{
			URL: frame.AlertURL(a.ID), Words: a.Words(), Gate: a.Gate, Community: names[a.Community],
			Kind: alertBadge(a.Kind), Last: a.Last, Handled: a.HandledBy,
		}
		if bulk {
			row.Tick = templates.Tick{Value: a.ID, Label: a.Words()}
		}
		page.Rows = append(page.Rows, row)
	}
	web.Paged(&page.List, paging, alerts, more, func(a core.Alert) core.ID { return a.ID })
	page.List.Pager.Summary = fmt.Sprintf("本页 %d 条", len(page.Rows))
	return p.Page(c, http.StatusOK, "console/alert/list", page)
}

func alertTable(c *web.Context, at frame.CommunityChoice, f core.AlertFilter) templates.List {
	kinds := []templates.Choice{{Label: "全部"}}
	for _, k := range core.AlertKinds() {
		kinds = append(kinds, templates.Choice{Value: string(k), Label: k.Words()})
	}
	list := templates.List{
		Path: frame.AlertPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: []templates.Choice{{Label: "待处理"}, {Value: "handled", Label: "已处理"}},
			},
			{Kind: templates.Select, Name: "kind", Label: "类型", Choices: kinds},
			at.Field("全部小区"),
		},
		Columns: []templates.Column{{Label: "告警"}, {Label: "类型", Narrow: true}, {Label: "小区"}, {Label: "时间", Narrow: true}},
		Empty:   templates.Empty{Icon: "circle-check", Title: "没有待处理的告警", Text: "体温异常、连续拒绝、二维码重复使用和读头失联会出现在这里。"},
	}
	if f.Handled {
		list.Columns = append(list.Columns, templates.Column{Label: "处理人", Narrow: true})
	}
	return list
}

type alertShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Links []templates.Action
	Form  *templates.Form // nil = handled, or may not
}

func (p *Pages) alert(c *web.Context) (core.Alert, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Alert{}, err
	}
	return p.Store.Alert(c.Ctx(), c.Scope(), id)
}

func (p *Pages) alertPage(c *web.Context, a core.Alert) (alertShowPage, error) {
	page := alertShowPage{Shell: p.Shell(c, "alert", a.Kind.Words())}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "告警", URL: frame.AlertPath}}, a.Words()
	community, err := p.Store.Community(c.Ctx(), c.Scope(), a.Community)
	if err != nil {
		return page, err
	}
	page.Facts = alertFacts(a, community.Name, p.Store.Zone())
	if a.Record != 0 && c.Has(core.PermAccessRecordView) {
		page.Links = append(page.Links, templates.Action{Label: "最近一条出入记录", URL: frame.AccessRecordURL(a.Record), Icon: "history"})
	}
	if a.Reader != 0 && c.Has(core.PermReaderView) {
		page.Links = append(page.Links, templates.Action{Label: "门禁读头", URL: frame.ReaderPath + "/" + a.Reader.String(), Icon: "door"})
	}
	if a.Handled.IsZero() && c.Has(core.PermAlertHandle) {
		page.Form = &templates.Form{
			Action: frame.AlertURL(a.ID) + "/handle", CSRF: page.CSRF, Submit: "标为已处理", Cancel: frame.AlertPath,
			Sections: []templates.Section{{Fields: []templates.Field{
				{
					Kind: templates.Textarea, Name: "remark", Label: "处理情况", Rows: 3,
					MaxLength: core.AlertRemarkMost, Placeholder: "如：已联系本人，体温复测正常",
				},
			}}},
		}
	}
	return page, nil
}

func alertFacts(a core.Alert, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{
		{Label: "类型", Badge: alertBadge(a.Kind)}, {Label: "情况", Value: a.Words()},
		{Label: "小区", Value: community}, {Label: "门或门岗", Value: a.Gate},
	}
	if a.Name != "" {
		facts = append(facts, templates.Fact{Label: "姓名", Value: a.Name}, templates.Fact{Label: "房屋", Value: a.House})
	}
	const form = "2006-01-02 15:04:05"
	facts = append(
		facts, templates.Fact{Label: "开始", Value: a.First.In(zone).Format(form)},
		templates.Fact{Label: "最近", Value: a.Last.In(zone).Format(form)},
	)
	if !a.Handled.IsZero() {
		facts = append(
			facts, templates.Fact{Label: "处理", Value: a.Handled.In(zone).Format(form) + " " + a.HandledBy},
			templates.Fact{Label: "处理情况", Value: a.Remark},
		)
	}
	return facts
}

func (p *Pages) alertShow(c *web.Context) error {
	a, err := p.alert(c)
	if err != nil {
		return err
	}
	page, err := p.alertPage(c, a)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/alert/show", page)
}

func (p *Pages) alertHandle(c *web.Context) error {
	a, err := p.alert(c)
	if err != nil {
		return err
	}
	var form struct {
		Remark string `form:"remark" text:"lines" max:"200"`
	}
	wrong, handled := c.Bind(&form), 0
	if wrong == nil {
		handled, wrong = p.Store.HandleAlerts(c.Ctx(), c.Actor(), c.Scope(), []core.ID{a.ID}, form.Remark)
	}
	if wrong != nil {
		page, err := p.alertPage(c, a)
		if err != nil || page.Form == nil {
			return wrong
		}
		return p.FormPage(c, wrong, page.Form, func(status int) error { return p.Page(c, status, "console/alert/show", page) })
	}
	p.flashHandled(c, 1, handled)
	return c.Redirect(frame.AlertPath)
}

func (p *Pages) alertsHandle(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if len(form.IDs) > 0 {
		handled, err := p.Store.HandleAlerts(c.Ctx(), c.Actor(), c.Scope(), form.IDs, "")
		if err != nil {
			return err
		}
		p.flashHandled(c, len(form.IDs), handled)
	}
	if from := c.CameFrom(); strings.HasPrefix(from, frame.AlertPath+"?") { // the list as it was filtered
		return c.Redirect(from)
	}
	return c.Redirect(frame.AlertPath)
}

func (p *Pages) flashHandled(c *web.Context, asked, handled int) {
	if handled < asked {
		c.Flash(web.FlashWarning, fmt.Sprintf("处理了 %d 条，其余 %d 条已由别人处理。", handled, asked-handled))
		return
	}
	c.Flash(web.FlashSuccess, fmt.Sprintf("已处理 %d 条告警。", handled))
}
