package access

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (p *Pages) accessAlertRoutes() []web.Route {
	view, handle := web.Need(core.PermAccessAlertView), web.Need(core.PermAccessAlertHandle)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AccessAlertPath, Access: view, Handler: p.accessAlertList},
		{Method: http.MethodPost, Path: frame.AccessAlertPath + "/handle", Access: handle, Level: web.Asks, Handler: p.accessAlertsHandle},
		{Method: http.MethodGet, Path: frame.AccessAlertPath + "/:id", Access: view, Handler: p.accessAlertShow},
		{Method: http.MethodPost, Path: frame.AccessAlertPath + "/:id/handle", Access: handle, Handler: p.accessAlertHandle, Draft: true},
	}
}

const accessAlertsAPage = 50

type accessAlertListPage struct {
	templates.Shell
	List templates.List
	Rows []accessAlertRow
}

type accessAlertRow struct {
	Tick                        templates.Tick // zero = cannot be ticked
	URL, Words, Gate, Community string
	Kind                        templates.Badge
	Last                        time.Time
	Handled                     string // by whom; "" = open
}

var accessAlertTones = map[core.AccessAlertKind]templates.Tone{
	core.AccessAlertFever: templates.Bad, core.AccessAlertRefusals: templates.Warn,
	core.AccessAlertReuse: templates.Warn, core.AccessAlertSilent: templates.Bad, core.AccessAlertUrgent: templates.Warn,
	core.AccessAlertClock: templates.Warn, core.AccessAlertGuessing: templates.Warn,
}

func accessAlertBadge(k core.AccessAlertKind) templates.Badge {
	return templates.Badge{Tone: accessAlertTones[k], Text: k.Label()}
}

func (p *Pages) accessAlertList(c *web.Context) error {
	var asked struct {
		Kind  core.AccessAlertKind `form:"kind" max:"32"`
		State string               `form:"state" of:"open handled"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	filter := core.AccessAlertFilter{
		Kind: asked.Kind, Handled: asked.State == "handled",
		Community: frame.ChosenCommunity(c, at),
	}
	paging := c.CountedPage(accessAlertsAPage)
	alerts, more, err := p.Store.AccessAlerts(c.Ctx(), c.Scope(), filter, paging)
	if err != nil {
		return err
	}
	page := accessAlertListPage{Shell: p.Shell(c, "accessalert", "告警"), List: accessAlertTable(c, at, filter)}
	bulk := !filter.Handled && c.Has(core.PermAccessAlertHandle)
	if bulk {
		page.List.Bulk = []templates.Submit{{
			Label: "标为已处理", Icon: "check", Ask: true,
			URL: templates.WithQuery(frame.AccessAlertPath+"/handle", c.Request().URL.Query()),
		}}
		page.List.CSRF = page.CSRF
	}
	names := at.Names()
	for _, a := range alerts {
		row := accessAlertRow{
			URL: frame.AccessAlertURL(a.ID), Words: a.Text(), Gate: a.Gate, Community: names[a.Community],
			Kind: accessAlertBadge(a.Kind), Last: a.Last, Handled: a.HandledBy,
		}
		if bulk {
			row.Tick = templates.Tick{Value: a.ID, Label: a.Text()}
		}
		page.Rows = append(page.Rows, row)
	}
	web.Paged(&page.List, paging, alerts, more, func(a core.AccessAlert) core.ID { return a.ID })
	page.Total = page.List.TotalText("条")
	return p.Page(c, http.StatusOK, "console/accessalert/list", page)
}

func accessAlertTable(c *web.Context, at frame.CommunityChoice, f core.AccessAlertFilter) templates.List {
	kinds := []templates.Choice{{Label: "全部"}}
	for _, k := range core.AccessAlertKinds() {
		kinds = append(kinds, templates.Choice{Value: string(k), Label: k.Label()})
	}
	list := templates.List{
		Path: frame.AccessAlertPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: []templates.Choice{{Label: "待处理"}, {Value: "handled", Label: "已处理"}},
			},
			{Kind: templates.Select, Name: "kind", Label: "类型", Choices: kinds},
			at.Field("全部小区"),
		},
		Columns: []templates.Column{{Label: "告警"}, {Label: "类型", Narrow: true}, {Label: "小区"}, {Label: "时间", Narrow: true}},
		Empty:   templates.Empty{Icon: "circle-check", Title: "没有待处理的告警", Text: "体温异常、连续拒绝、二维码重复使用、读头失联、时钟不准和过多的认证申请会出现在这里。"},
	}
	if f.Handled {
		list.Columns = append(list.Columns, templates.Column{Label: "处理人", Narrow: true})
	}
	return list
}

type accessAlertShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Links []templates.Action
	Form  *templates.Form // nil = handled, or no permission
}

func (p *Pages) alert(c *web.Context) (core.AccessAlert, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.AccessAlert{}, err
	}
	return p.Store.AccessAlert(c.Ctx(), c.Scope(), id)
}

func (p *Pages) accessAlertPage(c *web.Context, a core.AccessAlert) (accessAlertShowPage, error) {
	page := accessAlertShowPage{Shell: p.Shell(c, "accessalert", a.Kind.Label())}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "告警", URL: frame.AccessAlertPath}}, a.Text()
	community, err := p.Store.Community(c.Ctx(), c.Scope(), a.Community)
	if err != nil {
		return page, err
	}
	page.Facts = accessAlertFacts(a, community.Name, p.Store.Zone())
	if a.Record != 0 && c.Has(core.PermAccessRecordView) {
		page.Links = append(page.Links, templates.Action{Label: "最近出入记录", URL: frame.AccessRecordURL(a.Record), Icon: "history"})
	}
	if a.Reader != 0 && c.Has(core.PermReaderView) {
		page.Links = append(page.Links, templates.Action{Label: "门禁读头", URL: frame.ReaderPath + "/" + a.Reader.String(), Icon: "door"})
	}
	if a.Kind == core.AccessAlertGuessing && c.Has(core.PermCertificationView) {
		page.Links = append(page.Links, templates.Action{
			Label: "认证审核", URL: frame.CertificationPath + "?community=" + a.Community.String(), Icon: "id-badge-2",
		})
	}
	if a.Handled.IsZero() && c.Has(core.PermAccessAlertHandle) {
		page.Form = &templates.Form{
			Action: frame.AccessAlertURL(a.ID) + "/handle", CSRF: page.CSRF, Submit: "标为已处理", Cancel: frame.AccessAlertPath,
			Sections: []templates.Section{{Fields: []templates.Field{
				{
					Kind: templates.Textarea, Name: "remark", Label: "处理情况", Rows: 3,
					MaxLength: core.MaxAlertRemark, Placeholder: "如：已联系本人，体温复测正常",
				},
			}}},
		}
	}
	return page, nil
}

func gateLabel(k core.AccessAlertKind) string {
	if k == core.AccessAlertGuessing {
		return "申请来源"
	}
	return "门或门岗"
}

func accessAlertFacts(a core.AccessAlert, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{
		{Label: "类型", Badge: accessAlertBadge(a.Kind)}, {Label: "情况", Value: a.Text()},
		{Label: "小区", Value: community}, {Label: gateLabel(a.Kind), Value: a.Gate},
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

func (p *Pages) accessAlertShow(c *web.Context) error {
	a, err := p.alert(c)
	if err != nil {
		return err
	}
	page, err := p.accessAlertPage(c, a)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/accessalert/show", page)
}

func (p *Pages) accessAlertHandle(c *web.Context) error {
	a, err := p.alert(c)
	if err != nil {
		return err
	}
	var form struct {
		Remark string `form:"remark" text:"lines" max:"200"`
	}
	var batch core.Batch
	wrong := c.Bind(&form)
	if wrong == nil {
		batch, wrong = p.Store.HandleAccessAlerts(c.Ctx(), c.Actor(), c.Scope(), []core.ID{a.ID}, form.Remark)
	}
	if wrong != nil {
		page, err := p.accessAlertPage(c, a)
		if err != nil || page.Form == nil {
			return wrong
		}
		return p.FormPage(c, wrong, page.Form, func(status int) error { return p.Page(c, status, "console/accessalert/show", page) })
	}
	p.Done(c, handledText(1, batch), batch)
	return c.Redirect(frame.AccessAlertPath)
}

// accessAlertsHandle handles the ticked alerts of the list, and returns to it with its filters.
func (p *Pages) accessAlertsHandle(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	back := templates.WithQuery(frame.AccessAlertPath, c.Request().URL.Query())
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择告警。")
		return c.Redirect(back)
	}
	alerts, err := p.Store.AccessAlertsByID(c.Ctx(), c.Scope(), form.IDs)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(alerts, func(a core.AccessAlert) bool { return a.Handled.IsZero() }) {
		c.Flash(web.FlashWarning, handledText(len(alerts), core.Batch{}))
		return c.Redirect(back)
	}
	ask := accessAlertsQuestion(alerts)
	ask.Keep = url.Values{"id": frame.IDValues(form.IDs)}
	return p.Act(c, frame.Act{
		Ask: ask, Back: back,
		Batch: func() (core.Batch, error) {
			return p.Store.HandleAccessAlerts(c.Ctx(), c.Actor(), c.Scope(), form.IDs, "")
		},
		DoneAll: func(b core.Batch) string { return handledText(len(alerts), b) },
	})
}

func accessAlertsQuestion(alerts []core.AccessAlert) templates.Confirm {
	open := slices.DeleteFunc(slices.Clone(alerts), func(a core.AccessAlert) bool { return !a.Handled.IsZero() })
	n := frame.Grouped(len(open))
	q := templates.Confirm{
		Title: "把 " + n + " 条告警标为已处理？", Submit: "处理 " + n + " 条告警",
		Text:    "不再出现在待处理里，处理人记为您；处理情况不填。可以撤销本次。",
		Effects: frame.Named(len(open), "条", func(i int) string { return open[i].Text() }),
	}
	if others := len(alerts) - len(open); others > 0 {
		q.Text += fmt.Sprintf("另有 %d 条已由别人处理。", others)
	}
	return q
}

// handledText reports how many of the alerts asked for were handled.
func handledText(asked int, b core.Batch) string {
	switch others := asked - b.Size; {
	case b.Size == 0:
		return "没有处理：已由别人处理。"
	case others > 0:
		return fmt.Sprintf("已处理 %d 条告警，其余 %d 条已由别人处理。", b.Size, others)
	}
	return fmt.Sprintf("已处理 %d 条告警。", b.Size)
}
