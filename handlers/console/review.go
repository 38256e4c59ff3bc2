package console

import (
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// reviewRoutes returns the inbox 待我审核: what waits for the account, of all kinds.
func (p *pages) reviewRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ReviewPath, Access: web.SignedIn, Handler: p.reviewList},
		{Method: http.MethodGet, Path: reviewDecidedPath, Access: web.SignedIn, Handler: p.reviewDecided},
		{Method: http.MethodPost, Path: reviewApprovePath, Access: web.SignedIn, Level: web.Types, Handler: p.reviewApprove},
		{Method: http.MethodPost, Path: reviewRejectPath, Access: web.SignedIn, Level: web.Types, Handler: p.reviewReject},
	}
}

type reviewListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []reviewRow
}

type reviewRow struct {
	Tick                                templates.Tick // without a value: its kind is decided one by one
	Bulk                                bool           // another row of the list has one
	Match                               string         // what the register has
	URL, Name, Subject, Kind, Community string
	HouseURL                            string // "" = the subject is no house, or leads nowhere
	State                               templates.Badge
	Created                             time.Time
}

func (p *pages) reviewList(c *web.Context) error {
	var asked struct {
		Kind core.ReviewKind `form:"kind" max:"32"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	kinds := core.ReviewKinds(c.Has)
	f := store.ReviewFilter{
		Kinds: kinds, State: core.ReviewWaiting, Asked: c.Now(), Community: frame.ChosenCommunity(c, at), Oldest: true,
		Page: c.CountedPage(frame.RecordsAPage),
	}
	total := f.Page.Total
	f.Page.Total = nil
	counts, err := p.Store.CountReviews(c.Ctx(), c.Scope(), f)
	if err != nil {
		return err
	}
	if asked.Kind != "" {
		f.Kinds = core.ReviewKinds(func(need core.Permission) bool { return c.Has(need) && need == asked.Kind.Type().Needs })
		if f.Kinds == nil {
			f.Kinds = []core.ReviewKind{}
		}
	} else if f.Kinds == nil {
		f.Kinds = []core.ReviewKind{}
	}
	for _, kind := range f.Kinds { // the list's own rows, counted already
		*total += counts[kind]
	}
	*total = min(*total, core.MaxTotal+1)
	reviews, more, err := p.Store.Reviews(c.Ctx(), c.Scope(), f)
	if err != nil {
		return err
	}
	waiting, err := p.Waiting(c, true)
	if err != nil {
		return err
	}
	page := reviewListPage{
		Shell: p.Shell(c, frame.TodoStem, "待我处理"), Tabs: frame.TodoTabs("review", waiting), List: reviewTable(c, at, kinds, counts),
	}
	matches, err := p.Store.ReviewMatches(c.Ctx(), c.Scope(), reviews)
	if err != nil {
		return err
	}
	houses, err := p.ReviewHouseURLs(c, reviews)
	if err != nil {
		return err
	}
	names := at.Names()
	for _, r := range reviews {
		state := templates.Badge{Tone: templates.Info, Text: r.State.Label()}
		if r.Late(c.Now()) {
			state = templates.Badge{Tone: templates.Warn, Text: "已超期"}
		}
		var tick templates.Tick
		if r.Kind.Type().Batch != "" {
			tick = templates.Tick{Value: tickOf(r), Label: r.Name + " " + r.Subject}
			page.List.Bulk, page.List.CSRF = reviewBulkActs(), page.CSRF
		}
		page.Rows = append(page.Rows, reviewRow{
			Tick: tick, Match: matches[r.ID].Text(c.Has(core.PermResidentView)), URL: frame.ReviewURL(r),
			Name: r.Name, Subject: r.Subject, Kind: r.Kind.Label(),
			Community: names[r.Community], State: state, Created: r.Created, HouseURL: houses[r.ID],
		})
	}
	for i := range page.Rows {
		page.Rows[i].Bulk = len(page.List.Bulk) > 0
	}
	f.Page.Total = total
	web.Paged(&page.List, f.Page, reviews, more, func(r core.Review) core.ID { return r.ID })
	page.Total = page.List.TotalText("份")
	return p.Page(c, http.StatusOK, "console/review/list", page)
}

// reviewBulkActs are what can be done with ticked reviews.
func reviewBulkActs() []templates.Submit {
	return []templates.Submit{
		{Label: "通过", Icon: "check", Ask: true, URL: reviewApprovePath}, {Label: "不通过", Icon: "x", Ask: true, URL: reviewRejectPath},
	}
}

// reviewKindsText names the applications that come to an inbox.
func reviewKindsText(kinds []core.ReviewKind) string {
	var labels []string
	for _, kind := range kinds {
		labels = append(labels, kind.Label())
	}
	return strings.Join(labels, "、") + "会出现在这里，最早的在前。"
}

// reviewTable is the list of what waits; the kinds are with their numbers.
func reviewTable(
	c *web.Context, at frame.CommunityChoice, kinds []core.ReviewKind, counts map[core.ReviewKind]int,
) templates.List {
	choices := []templates.Choice{{Label: "全部"}}
	for _, kind := range kinds {
		choices = append(choices, templates.Choice{Value: string(kind), Label: kind.Label() + " " + frame.Grouped(counts[kind])})
	}
	list := templates.List{
		Path: frame.ReviewPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{{Kind: templates.Select, Name: "kind", Label: "类型", Choices: choices}},
		Columns: []templates.Column{
			{Label: "申请人"}, {Label: "状态", Narrow: true}, {Label: "类型", Narrow: true}, {Label: "房屋"}, {Label: "核对"},
			{Label: "申请时间", Narrow: true},
		},
		Empty: templates.Empty{Icon: "circle-check", Title: "没有等待您审核的申请", Text: reviewKindsText(kinds)},
	}
	if c.Has(core.PermCertificationView) {
		list.Empty.Action = templates.Action{Label: "查看认证记录", URL: frame.CertificationPath}
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	return list
}
