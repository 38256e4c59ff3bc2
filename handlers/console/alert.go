package console

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const alertPath = "/console/alert"

func alertURL(id core.ID) string { return alertPath + "/" + id.String() }

func (h *Console) alertRoutes() []web.Route {
	view, handle := web.Need(core.PermAlertView), web.Need(core.PermAlertHandle)
	return []web.Route{
		{Method: http.MethodGet, Path: alertPath, Access: view, Handler: h.alertList},
		{Method: http.MethodPost, Path: alertPath + "/handle", Access: handle, Handler: h.alertsHandle},
		{Method: http.MethodGet, Path: alertPath + "/:id", Access: view, Handler: h.alertShow},
		{Method: http.MethodPost, Path: alertPath + "/:id/handle", Access: handle, Handler: h.alertHandle, Draft: true},
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

func (h *Console) alertList(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	filter := core.AlertFilter{Kind: core.AlertKind(c.Query("kind")), Handled: c.Query("state") == "handled", Community: chosenCommunity(c, at)}
	paging := c.Page(alertsAPage)
	alerts, more, err := h.Store.Alerts(c.Ctx(), c.Scope(), filter, paging)
	if err != nil {
		return err
	}
	page := alertListPage{Shell: h.shell(c, "alert", "告警"), List: alertTable(c, at, filter)}
	bulk := !filter.Handled && c.Has(core.PermAlertHandle)
	if bulk {
		page.List.Bulk = []templates.Submit{{Label: "标为已处理", URL: alertPath + "/handle", Icon: "check"}}
		page.List.CSRF = page.CSRF
	}
	names := at.names()
	var first, last core.ID
	for i, a := range alerts {
		row := alertRow{URL: alertURL(a.ID), Words: a.Words(), Gate: a.Gate, Community: names[a.Community], Kind: alertBadge(a.Kind), Last: a.Last, Handled: a.HandledBy}
		if bulk {
			row.Tick = templates.Tick{Value: a.ID, Label: a.Words()}
		}
		page.Rows = append(page.Rows, row)
		if last = a.ID; i == 0 {
			first = last
		}
	}
	page.List.Count = len(page.Rows)
	links := web.Links(c.Request().URL, paging, first, last, more)
	page.List.Pager = templates.Pager{Prev: links.Newer, Next: links.Older, Summary: fmt.Sprintf("本页 %d 条", len(page.Rows))}
	return h.page(c, http.StatusOK, "console/alert/list", page)
}

// names are the communities' names.
func (p place) names() map[core.ID]string {
	names := make(map[core.ID]string, len(p.All))
	for _, c := range p.All {
		names[c.ID] = c.Name
	}
	return names
}

func alertTable(c *web.Context, at place, f core.AlertFilter) templates.List {
	kinds := []templates.Choice{{Label: "全部"}}
	for _, k := range core.AlertKinds() {
		kinds = append(kinds, templates.Choice{Value: string(k), Label: k.Words()})
	}
	list := templates.List{
		Path: alertPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			{Kind: templates.Select, Name: "state", Label: "状态", Choices: []templates.Choice{{Label: "待处理"}, {Value: "handled", Label: "已处理"}}},
			{Kind: templates.Select, Name: "kind", Label: "类型", Choices: kinds},
			at.field("全部小区"),
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

func (h *Console) alert(c *web.Context) (core.Alert, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Alert{}, err
	}
	return h.Store.Alert(c.Ctx(), c.Scope(), id)
}

func (h *Console) alertPage(c *web.Context, a core.Alert) (alertShowPage, error) {
	page := alertShowPage{Shell: h.shell(c, "alert", a.Kind.Words())}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "告警", URL: alertPath}}, a.Words()
	community, err := h.Store.Community(c.Ctx(), c.Scope(), a.Community)
	if err != nil {
		return page, err
	}
	page.Facts = alertFacts(a, community.Name, h.Store.Zone())
	if a.Record != 0 && c.Has(core.PermRecordView) {
		page.Links = append(page.Links, templates.Action{Label: "最近一条出入记录", URL: recordURL(a.Record), Icon: "history"})
	}
	if a.Reader != 0 && c.Has(core.PermReaderView) {
		page.Links = append(page.Links, templates.Action{Label: "门禁读头", URL: readerPath + "/" + a.Reader.String(), Icon: "door"})
	}
	if a.Handled.IsZero() && c.Has(core.PermAlertHandle) {
		page.Form = &templates.Form{Action: alertURL(a.ID) + "/handle", CSRF: page.CSRF, Submit: "标为已处理", Cancel: alertPath, Sections: []templates.Section{{Fields: []templates.Field{
			{Kind: templates.Textarea, Name: "remark", Label: "处理情况", Rows: 3, MaxLength: core.AlertRemarkMost, Placeholder: "如：已联系本人，体温复测正常"},
		}}}}
	}
	return page, nil
}

func alertFacts(a core.Alert, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{{Label: "类型", Badge: alertBadge(a.Kind)}, {Label: "情况", Value: a.Words()}, {Label: "小区", Value: community}, {Label: "门或门岗", Value: a.Gate}}
	if a.Name != "" {
		facts = append(facts, templates.Fact{Label: "姓名", Value: a.Name}, templates.Fact{Label: "房屋", Value: a.House})
	}
	const form = "2006-01-02 15:04:05"
	facts = append(facts, templates.Fact{Label: "开始", Value: a.First.In(zone).Format(form)}, templates.Fact{Label: "最近", Value: a.Last.In(zone).Format(form)})
	if !a.Handled.IsZero() {
		facts = append(facts, templates.Fact{Label: "处理", Value: a.Handled.In(zone).Format(form) + " " + a.HandledBy}, templates.Fact{Label: "处理情况", Value: a.Remark})
	}
	return facts
}

func (h *Console) alertShow(c *web.Context) error {
	a, err := h.alert(c)
	if err != nil {
		return err
	}
	page, err := h.alertPage(c, a)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/alert/show", page)
}

func (h *Console) alertHandle(c *web.Context) error {
	a, err := h.alert(c)
	if err != nil {
		return err
	}
	var form struct {
		Remark string `form:"remark" text:"lines" max:"200"`
	}
	wrong, handled := c.Bind(&form), 0
	if wrong == nil {
		handled, wrong = h.Store.HandleAlerts(c.Ctx(), c.Actor(), c.Scope(), []core.ID{a.ID}, form.Remark)
	}
	if wrong != nil {
		page, err := h.alertPage(c, a)
		if err != nil || page.Form == nil {
			return wrong
		}
		return h.formPage(c, wrong, page.Form, func(status int) error { return h.page(c, status, "console/alert/show", page) })
	}
	h.flashHandled(c, 1, handled)
	return c.Redirect(alertPath)
}

func (h *Console) alertsHandle(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if len(form.IDs) > 0 {
		handled, err := h.Store.HandleAlerts(c.Ctx(), c.Actor(), c.Scope(), form.IDs, "")
		if err != nil {
			return err
		}
		h.flashHandled(c, len(form.IDs), handled)
	}
	if from := c.CameFrom(); strings.HasPrefix(from, alertPath+"?") { // the list as it was filtered
		return c.Redirect(from)
	}
	return c.Redirect(alertPath)
}

func (h *Console) flashHandled(c *web.Context, asked, handled int) {
	if handled < asked {
		c.Flash(web.FlashWarning, fmt.Sprintf("处理了 %d 条，其余 %d 条已由别人处理。", handled, asked-handled))
		return
	}
	c.Flash(web.FlashSuccess, fmt.Sprintf("已处理 %d 条告警。", handled))
}
