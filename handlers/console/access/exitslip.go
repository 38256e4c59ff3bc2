package access

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const exitSlipPhotoPath = frame.ExitSlipPath + "/photo"

// exitSlipRoutes returns the routes of 出门条, a tab of 访客与出门条.
func (p *Pages) exitSlipRoutes() []web.Route {
	view, edit := web.Need(core.PermExitSlipView), web.Need(core.PermExitSlipEdit)
	review, export := web.Need(core.PermExitSlipReview), web.Need(core.PermExitSlipExport)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ExitSlipPath, Access: view, Handler: p.exitSlipList},
		{Method: http.MethodGet, Path: frame.ExitSlipPath + "/new", Access: edit, Handler: p.exitSlipNew},
		{Method: http.MethodPost, Path: frame.ExitSlipPath, Access: edit, Handler: p.exitSlipCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.ExitSlipPath + "/export.xlsx", Access: export, Handler: p.exitSlipExport, Time: -1},
		{
			Method: http.MethodPost, Path: frame.ExitSlipPath + "/export.xlsx", Access: export, Level: web.Asks,
			Handler: p.exitSlipExportLater,
		},
		{Method: http.MethodGet, Path: exitSlipPhotoPath + "/:id", Access: view, Handler: p.exitSlipPhoto},
		{Method: http.MethodGet, Path: frame.ExitSlipPath + "/:id", Access: view, Handler: p.exitSlipShow},
		{Method: http.MethodGet, Path: frame.ExitSlipPath + "/:id/print", Access: view, Handler: p.exitSlipPrint},
		{Method: http.MethodPost, Path: frame.ExitSlipPath + "/revoke", Access: edit, Level: web.Types, Handler: p.exitSlipsRevoke},
		{Method: http.MethodPost, Path: frame.ExitSlipPath + "/:id/revoke", Access: edit, Level: web.Asks, Handler: p.exitSlipRevoke},
		{Method: http.MethodPost, Path: frame.ExitSlipPath + "/:id/approve", Access: review, Handler: p.exitSlipApprove},
		{Method: http.MethodPost, Path: frame.ExitSlipPath + "/:id/reject", Access: review, Handler: p.exitSlipReject},
	}
}

type exitSlipListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []exitSlipRow
}

type exitSlipRow struct {
	Name, URL, Community, House, HouseURL, Items, Gone string
	Planned                                            time.Time
	State                                              templates.Badge
	Tick                                               templates.Tick
}

// exitSlipAsked is what the list is asked for.
type exitSlipAsked struct {
	Keyword string         `form:"q" max:"40"`
	State   core.ExitState `form:"state" max:"16"`
	Planned core.Day       `form:"planned"`
	House   core.ID        `form:"house"`
}

func (p *Pages) exitSlipFilter(c *web.Context, community core.ID) (store.ExitSlipFilter, error) {
	var asked exitSlipAsked
	err := c.BindQuery(&asked)
	return store.ExitSlipFilter{
		Community: community, House: asked.House, Keyword: asked.Keyword, State: asked.State, Planned: asked.Planned, Now: c.Now(),
	}, err
}

func (p *Pages) exitSlipList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.ExitSlip]{
		Stem: "exitslip", Title: "出门条", Edit: core.PermExitSlipEdit, Add: "开出门条", Unit: "张", Table: exitSlipTable(),
		ID: func(e core.ExitSlip) core.ID { return e.ID },
		Find: func(community core.ID, page core.Page) ([]core.ExitSlip, bool, error) {
			filter, err := p.exitSlipFilter(c, community)
			if err != nil {
				return nil, false, err
			}
			filter.Page = page
			return p.Store.ExitSlips(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := exitSlipListPage{Shell: found.Shell, Tabs: p.CountTabs(c, visitTabs(c, "exitslip")), List: found.List}
	if c.Has(core.PermExitSlipExport) && len(found.At.All) > 0 {
		page.List.Export = frame.ExitSlipPath + "/export.xlsx"
	}
	if c.Has(core.PermExitSlipEdit) {
		page.List.CSRF = page.CSRF
		page.List.Bulk = []templates.Submit{{
			Label: "撤销出门条", Icon: "ban", Ask: true, URL: templates.WithQuery(frame.ExitSlipPath+"/revoke", c.Request().URL.Query()),
		}}
	}
	for _, e := range found.Records {
		row := exitSlipRow{
			Name: e.Name, URL: frame.ExitSlipURL(e.ID), Community: found.At.NameOf(e.Community), House: e.HouseLabel,
			Items: itemsBriefly(e), Planned: e.Planned, State: frame.ExitBadge(e.State(c.Now())),
		}
		if c.Has(core.PermExitSlipEdit) {
			row.Tick = templates.Tick{Value: e.ID, Label: e.Name + " " + e.HouseLabel}
		}
		if e.State(c.Now()) == core.ExitPartial {
			row.Gone = fmt.Sprintf("%d/%d", e.Gone(), e.Total)
		}
		if c.Has(core.PermHouseView) && e.HouseLabel != "" {
			row.HouseURL = frame.HouseURL(e.House)
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/exitslip/list", page)
}

// itemsBriefly names the first items of a slip, and says how many there are.
func itemsBriefly(e core.ExitSlip) string {
	const shown = 2
	if e.Total <= shown {
		return e.ItemsText([]int{1, 2})
	}
	return fmt.Sprintf("%s 等 %d 项", e.ItemsText([]int{1, 2}), e.Total)
}

func exitSlipTable() templates.List {
	return templates.List{
		Path: frame.ExitSlipPath,
		Columns: []templates.Column{
			{Label: "申请人"}, {Label: "房屋"}, {Label: "物品"}, {Label: "出门时间", Narrow: true}, {Label: "状态", Narrow: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "姓名、房屋、物品、完整手机号或车牌", MaxLength: 40},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部状态", core.ExitStates(), core.ExitState.Label),
			},
			{Kind: templates.Date, Name: "planned", Label: "出门日期"},
			{Kind: templates.Hidden, Name: "house"},
		},
		Empty: templates.Empty{
			Icon: "package-export", Title: "还没有出门条", Text: "住户在手机上申请的、物业在柜台开具的出门条，都在这里。", Ask: "请联系管理员开具。",
		},
	}
}

type exitSlipShowPage struct {
	templates.Shell
	Detail templates.Detail
	Facts  []templates.Fact
	Items  []templates.ExitItem
	Review *templates.Review        // of an application; nil = there is none
	Next   string                   // what comes next, beside Review
	People []templates.ReviewPerson // of the house, to compare
	Owes   string                   // what the house owes while it waits; "" = nothing
}

// exitSlip returns the slip in the path, if the account may see it.
func (p *Pages) exitSlip(c *web.Context) (core.ExitSlip, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.ExitSlip{}, err
	}
	return p.Store.ExitSlip(c.Ctx(), c.Scope(), id)
}

func (p *Pages) exitSlipShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	e, err := p.exitSlip(c)
	if err != nil {
		return err
	}
	page, err := p.exitSlipPage(c, e, tab)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/exitslip/show", page)
}

// exitSlipPage returns the page of a slip, with the review of an application.
func (p *Pages) exitSlipPage(c *web.Context, e core.ExitSlip, tab string) (exitSlipShowPage, error) {
	page := exitSlipShowPage{
		Shell: p.Shell(c, "exitslip", e.Name+"的出门条"), Detail: p.exitSlipDetail(c, e), Facts: p.exitSlipFacts(e),
		Items: p.exitItems(c, e),
	}
	page.Crumbs = []templates.Crumb{{Label: "出门条", URL: frame.ExitSlipPath}}
	if e.Usable(c.Now()) {
		paper := templates.Action{Label: "打印", URL: frame.ExitSlipURL(e.ID) + "/print", Icon: "printer", Primary: true}
		page.Detail.Actions = []templates.Action{paper}
		if c.Has(core.PermExitSlipEdit) {
			page.Detail.CSRF = page.CSRF
			page.Detail.Acts = []templates.Submit{{Label: "撤销出门条", URL: frame.ExitSlipURL(e.ID) + "/revoke", Icon: "ban", Ask: true}}
		}
	}
	var err error
	if e.Applicant != 0 {
		if err = p.exitSlipReview(c, e, &page); err != nil {
			return page, err
		}
	}
	page.Detail.Timeline, err = p.Timeline(c, "exitslip:"+e.ID.String())
	page.Detail.NewTabs(tab, "", "概况")
	return page, err
}

// exitItems returns the lines of a slip, with their pictures and the records of their leaving.
func (p *Pages) exitItems(c *web.Context, e core.ExitSlip) []templates.ExitItem {
	lines := make([]templates.ExitItem, len(e.Items))
	for i, item := range e.Items {
		lines[i] = templates.ExitItem{N: item.N, Text: item.Text()}
		if item.Photo != 0 {
			lines[i].URL = c.PhotoURL(exitSlipPhotoPath, item.Photo, core.PhotoWhole)
			lines[i].Thumb = c.PhotoURL(exitSlipPhotoPath, item.Photo, core.PhotoThumb)
		}
		if item.Left.IsZero() {
			continue
		}
		lines[i].Left = item.Left.In(p.Store.Zone()).Format("2006-01-02 15:04") + " " + item.Gate + " " + item.Guard + "放行"
		if c.Has(core.PermAccessRecordView) {
			lines[i].LeftURL = frame.AccessRecordURL(item.Record)
		}
	}
	return lines
}

// exitSlipFacts returns what is known of a slip beside its head and its items.
func (p *Pages) exitSlipFacts(e core.ExitSlip) []templates.Fact {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(p.Store.Zone()).Format("2006-01-02 15:04:05")
	}
	owed := ""
	if e.ArrearsFen > 0 {
		owed = core.Yuan(e.ArrearsFen) + " 元"
	}
	issued := "住户申请"
	if e.Issuer != "" {
		issued = e.Issuer + " 在柜台开具"
	}
	facts := []templates.Fact{
		{Label: "来源", Value: issued}, {Label: "事由", Value: e.Reason}, {Label: "搬运单位", Value: e.Carrier},
		{Label: "去向", Value: e.Destination}, {Label: "备注", Value: e.Remark}, {Label: "申请时欠费", Value: owed},
		{Label: "提交时间", Value: at(e.Created)}, {Label: "不通过的原因", Value: e.Refusal},
		{Label: "最近放行", Value: at(e.LeftAt)}, {Label: "撤销时间", Value: at(e.Revoked)},
	}
	for _, answer := range e.Answers {
		facts = append(facts, templates.Fact{Label: answer.Label, Value: answer.Value})
	}
	return slices.DeleteFunc(facts, func(f templates.Fact) bool { return f.Value == "" })
}

// exitSlipDetail returns the head of the page.
func (p *Pages) exitSlipDetail(c *web.Context, e core.ExitSlip) templates.Detail {
	const form = "2006-01-02 15:04"
	house := templates.Fact{Label: "房屋", Value: e.HouseLabel}
	if c.Has(core.PermHouseView) && e.HouseLabel != "" {
		house.URL = frame.HouseURL(e.House)
	}
	facts := []templates.Fact{
		house, {Label: "手机", Value: e.Phone}, {Label: "车牌", Value: e.Plate},
		{Label: "出门时间", Value: e.Planned.In(p.Store.Zone()).Format(form)},
		{Label: "有效期至", Value: e.Until.In(p.Store.Zone()).Format(form)},
	}
	detail := templates.Detail{
		Path: frame.ExitSlipURL(e.ID), Facts: facts, Badges: []templates.Badge{frame.ExitBadge(e.State(c.Now()))},
	}
	if e.Gone() > 0 {
		detail.Badges = append(detail.Badges, templates.Badge{Tone: templates.Neutral, Text: e.GoneText()})
	}
	return detail
}

// exitSlipPhoto sends a picture of an item. Opening the whole of one is recorded.
func (p *Pages) exitSlipPhoto(c *web.Context) error {
	return c.SendPhoto(func(stem string) bool { return stem == string(core.ReviewExitSlip) })
}

func (p *Pages) exitSlipRevoke(c *web.Context) error {
	e, err := p.exitSlip(c)
	if err != nil {
		return err
	}
	q := templates.Confirm{
		Title: "撤销“" + e.Name + "”的出门条？", Text: e.HouseLabel + " 没有放行的物品不能再凭它出门。可以撤销本次。",
		Submit: "撤销出门条", Danger: true, Effects: []string{strconv.Itoa(e.Total-e.Gone()) + " 项物品不能出门"},
	}
	if e.Applicant != 0 {
		q.Effects = append(q.Effects, "申请人会收到通知")
	}
	return p.Act(c, frame.Act{
		Ask: q,
		Batch: func() (core.Batch, error) {
			return p.Store.RevokeExitSlips(c.Ctx(), c.Actor(), c.Scope(), []core.ID{e.ID})
		},
		Done: "已撤销“" + e.Name + "”的出门条，立即生效。",
		Back: frame.BackTo(c, frame.ExitSlipPath, frame.ExitSlipURL(e.ID)),
	})
}

// exitSlipsRevoke revokes the ticked slips of the list, and returns to it with its filters.
func (p *Pages) exitSlipsRevoke(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	back := templates.WithQuery(frame.ExitSlipPath, c.Request().URL.Query())
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择出门条。")
		return c.Redirect(back)
	}
	slips, err := p.Store.ExitSlipsByID(c.Ctx(), c.Scope(), form.IDs)
	if err != nil {
		return err
	}
	usable := slices.DeleteFunc(slices.Clone(slips), func(e core.ExitSlip) bool { return !e.Usable(c.Now()) })
	if len(usable) == 0 {
		c.Flash(web.FlashWarning, "没有可以撤销的出门条：已用完、已过期或已撤销。")
		return c.Redirect(back)
	}
	n := frame.Grouped(len(usable))
	q := templates.Confirm{
		Title: "撤销 " + n + " 张出门条？", Submit: "撤销 " + n + " 张出门条", Danger: true,
		Text: "没有放行的物品不能再凭它们出门，申请人会收到通知。可以撤销本次。", Keep: url.Values{"id": frame.IDValues(form.IDs)},
		Typed: frame.TypedNumber(len(usable)),
		Effects: frame.Named(len(usable), "张", func(i int) string {
			return usable[i].Name + "　" + usable[i].HouseLabel + "　" + itemsBriefly(usable[i])
		}),
	}
	if others := len(slips) - len(usable); others > 0 {
		q.Text += fmt.Sprintf("另有 %d 张待审核、已用完或已失效，不变。", others)
	}
	return p.Act(c, frame.Act{
		Ask: q, Back: back,
		Batch: func() (core.Batch, error) {
			return p.Store.RevokeExitSlips(c.Ctx(), c.Actor(), c.Scope(), form.IDs)
		},
		DoneAll: func(b core.Batch) string { return fmt.Sprintf("已撤销 %d 张出门条，立即生效。", b.Size) },
	})
}

// exitSlipPrintPage is a slip on paper.
type exitSlipPrintPage struct {
	templates.Shell
	Image                            template.URL
	Community, House, Printed, Phone string
	Facts                            []templates.Fact
	Items                            []templates.ExitItem
	Why                              string // there is nothing to print
}

func (p *Pages) exitSlipPrint(c *web.Context) error {
	e, err := p.exitSlip(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), e.Community)
	if err != nil {
		return err
	}
	code, err := p.Store.ExitSlipCode(c.Ctx(), c.Scope(), e.ID)
	if err != nil {
		return err
	}
	page := exitSlipPrintPage{
		Shell: p.Shell(c, "exitslip", "打印出门条"), Community: community.Name, House: e.HouseLabel, Phone: community.Phone,
		Printed: c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印",
	}
	page.Crumbs = []templates.Crumb{{Label: "出门条", URL: frame.ExitSlipPath}, {Label: e.Name, URL: frame.ExitSlipURL(e.ID)}}
	if code == "" {
		page.Why = "这张出门条" + e.State(c.Now()).Label() + "，没有可以打印的二维码。"
		return p.Page(c, http.StatusOK, "console/exitslip/print", page)
	}
	picture, err := gate.QRSVG(code)
	if err != nil {
		return err
	}
	page.Image, page.Facts = templates.SVG(picture), p.exitPaperFacts(e)
	for _, item := range e.Items {
		line := templates.ExitItem{N: item.N, Text: item.Text()}
		if !item.Left.IsZero() {
			line.Left = "已放行"
		}
		page.Items = append(page.Items, line)
	}
	return p.Page(c, http.StatusOK, "console/exitslip/print", page)
}

// exitPaperFacts returns what stands on the paper beside the items, masked.
func (p *Pages) exitPaperFacts(e core.ExitSlip) []templates.Fact {
	const form = "2006-01-02 15:04"
	facts := []templates.Fact{
		{Label: "房屋", Value: e.HouseLabel}, {Label: "申请人", Value: e.Name}, {Label: "手机", Value: e.Phone},
		{Label: "车牌", Value: e.Plate}, {Label: "搬运单位", Value: e.Carrier}, {Label: "事由", Value: e.Reason},
		{Label: "出门时间", Value: e.Planned.In(p.Store.Zone()).Format(form)},
		{Label: "有效期至", Value: e.Until.In(p.Store.Zone()).Format(form)},
	}
	return slices.DeleteFunc(facts, func(f templates.Fact) bool { return f.Value == "" })
}

// accessRecordItems adds to the page of a record what left by an exit slip.
func (p *Pages) accessRecordItems(c *web.Context, r core.AccessRecord, page *accessRecordShowPage) error {
	if r.Kind != core.PassExitSlip || !r.Allowed {
		return nil
	}
	slip, items, err := p.Store.ExitItemsOfRecord(c.Ctx(), r.ID)
	if err != nil || slip == 0 {
		return err
	}
	places := make([]int, len(items))
	for i, item := range items {
		places[i] = item.N
	}
	text := core.ExitSlip{Items: items}.ItemsText(places)
	page.Facts = slices.DeleteFunc(page.Facts, func(f templates.Fact) bool { return f.Label == "原因" && f.Value == text })
	page.Facts = append(page.Facts, templates.Fact{Label: "放行的物品", Value: text})
	linked := slices.ContainsFunc(page.Links, func(a templates.Action) bool { return a.URL == frame.ExitSlipURL(slip) })
	if c.Has(core.PermExitSlipView) && !linked {
		page.Links = append(page.Links, templates.Action{Label: "出门条", URL: frame.ExitSlipURL(slip), Icon: "package-export"})
	}
	return nil
}
