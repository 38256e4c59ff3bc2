package access

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitorPassRoutes returns the routes of 访客.
func (p *Pages) visitorPassRoutes() []web.Route {
	view, edit := web.Need(core.PermVisitorPassView), web.Need(core.PermVisitorPassEdit)
	review := web.Need(core.PermVisitorPassReview)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.VisitorPassPath, Access: view, Handler: p.visitorPassList},
		{Method: http.MethodGet, Path: frame.VisitorPassPath + "/new", Access: edit, Handler: p.visitorPassNew},
		{
			Method: http.MethodPost, Path: frame.VisitorPassPath, Access: edit, Handler: p.visitorPassCreate, Draft: true,
			EachPerMinute: visitPhotosPerMinute, Body: web.UploadBody(core.MaxPhotoBytes),
		},
		{Method: http.MethodGet, Path: visitPhotoPath + "/:id", Access: view, Handler: p.visitorPassPhoto},
		{Method: http.MethodGet, Path: frame.VisitorPassPath + "/:id", Access: view, Handler: p.visitorPassShow},
		{
			Method: http.MethodPost, Path: frame.VisitorPassPath + "/:id/revoke", Access: edit, Level: web.Asks,
			Handler: p.visitorPassRevoke,
		},
		{Method: http.MethodPost, Path: frame.VisitorPassPath + "/leave", Access: edit, Level: web.Types, Handler: p.visitorsLeave},
		{Method: http.MethodPost, Path: frame.VisitorPassPath + "/:id/leave", Access: edit, Level: web.Asks, Handler: p.visitorPassLeave},
		{Method: http.MethodPost, Path: frame.VisitorPassPath + "/:id/approve", Access: review, Handler: p.visitorPassApprove},
		{Method: http.MethodPost, Path: frame.VisitorPassPath + "/:id/reject", Access: review, Handler: p.visitorPassReject},
	}
}

type visitorPassListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []visitorPassRow
}

type visitorPassRow struct {
	Tick                                          templates.Tick // zero = has left, or not come: there is nothing to note
	Bulk                                          bool           // others of the page can be ticked
	Name, URL, Community, House, HouseURL, People string
	Said                                          string // what At is
	At                                            time.Time
	State                                         templates.Badge
	Barred                                        templates.Badge // zero = the visitor is not on the blacklist
	Waits                                         string          // for whose answer; "" = for none
}

func (p *Pages) visitorPassList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.VisitorPass]{
		Stem: "visitorpass", Title: "访客", Edit: core.PermVisitorPassEdit, Add: "登记访客", Unit: "位访客", Table: visitorPassTable(),
		ID: func(v core.VisitorPass) core.ID { return v.ID },
		Find: func(community core.ID, page core.Page) ([]core.VisitorPass, bool, error) {
			var asked struct {
				Keyword string            `form:"q" max:"40"`
				State   core.VisitorState `form:"state" max:"16"`
				Stay    core.VisitorStay  `form:"stay" max:"16"`
				House   core.ID           `form:"house"`
				Host    core.ID           `form:"host"`
			}
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			return p.Store.VisitorPasses(c.Ctx(), c.Scope(), store.VisitorPassFilter{
				Community: community, Keyword: asked.Keyword, State: asked.State, Stay: asked.Stay,
				House: asked.House, Host: asked.Host, Today: p.Today(c), Now: c.Now(), Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	page := visitorPassListPage{Shell: found.Shell, Tabs: p.CountTabs(c, visitTabs(c, "visitorpass")), List: found.List}
	if len(found.At.All) > 0 {
		page.Actions = append(page.Actions, templates.Action{Label: "点名表", URL: found.At.URL(rollCallPath), Icon: "printer"})
	}
	if c.Has(core.PermPassRuleView) && len(found.At.All) > 0 {
		page.Actions = append(page.Actions, templates.Action{
			Label: "访客海报", URL: found.At.URL(frame.VisitorPosterPath), Icon: "qrcode",
		})
	}
	if err := p.visitorPassOf(c, &page.Shell); err != nil {
		return err
	}
	leaves := c.Has(core.PermVisitorPassEdit) && slices.ContainsFunc(found.Records, core.VisitorPass.Inside)
	if leaves {
		page.List.Bulk, page.List.CSRF = visitLeaves(c.Request().URL.Query()), page.CSRF
	}
	ids := make([]core.ID, len(found.Records))
	for i, v := range found.Records {
		ids[i] = v.ID
	}
	blocks, err := p.Store.BlocksOfVisits(c.Ctx(), c.Scope(), ids...)
	if err != nil {
		return err
	}
	for _, v := range found.Records {
		said, at := frame.VisitMoment(v, c.Now())
		row := visitorPassRow{
			Name: v.Name, URL: frame.VisitorPassURL(v.ID), Community: found.At.NameOf(v.Community), House: v.HouseLabel,
			Said: said, At: at, People: v.PeopleText(), State: frame.VisitorBadge(v.State(c.Now())),
			Waits: v.WaitsFor(c.Now()),
		}
		if c.Has(core.PermHouseView) && v.HouseLabel != "" {
			row.HouseURL = frame.HouseURL(v.House)
		}
		if len(blocks[v.ID]) > 0 {
			row.Barred = barredBadge
		}
		if row.Bulk = leaves; leaves && v.Inside() {
			row.Tick = templates.Tick{Value: v.ID, Label: v.Name}
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/visitorpass/list", page)
}

// visitorPassOf says whose visitors a list has that the page of a house or a resident leads to.
func (p *Pages) visitorPassOf(c *web.Context, shell *templates.Shell) error {
	if house, err := core.ParseID(c.Query("house")); err == nil && house != 0 {
		h, err := p.Store.House(c.Ctx(), c.Scope(), house)
		shell.Note = "到 " + h.Label + " 的访客"
		return err
	}
	if host, err := core.ParseID(c.Query("host")); err == nil && host != 0 {
		r, err := p.Store.Resident(c.Ctx(), c.Scope(), host)
		shell.Note = r.Name + "（" + r.HouseLabel + "）的访客"
		return err
	}
	return nil
}

func visitorPassTable() templates.List {
	return templates.List{
		Path: frame.VisitorPassPath,
		Columns: []templates.Column{
			{Label: "访客"}, {Label: "来访房屋"}, {Label: "时间"}, {Label: "人数", Narrow: true}, {Label: "状态", Narrow: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "姓名、房屋、完整手机号或车牌", MaxLength: 40},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部状态", core.VisitorStates(), core.VisitorState.Label),
			},
			{
				Kind: templates.Select, Name: "stay", Label: "在场",
				Choices: templates.ChoicesOf("全部", core.VisitorStays(), core.VisitorStay.Label),
			},
		},
		Empty: templates.Empty{
			Icon: "user-check", Title: "还没有访客", Text: "住户邀请的、扫海报申请的、向住户预约的，以及物业登记的访客，都在这里。",
		},
	}
}

type visitorPassShowPage struct {
	templates.Shell
	Detail templates.Detail
	Facts  []templates.Fact
	Review *templates.Review // of an application; nil = there is none
	Photos []templates.ReviewEvidence
	Next   string                   // what comes next, beside Review
	People []templates.ReviewPerson // of the house, to compare
}

// visitorPass returns the visit in the path, if the account may see it.
func (p *Pages) visitorPass(c *web.Context) (core.VisitorPass, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.VisitorPass{}, err
	}
	return p.Store.VisitorPass(c.Ctx(), c.Scope(), id)
}

func (p *Pages) visitorPassShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	v, err := p.visitorPass(c)
	if err != nil {
		return err
	}
	page, err := p.visitorPassPage(c, v, tab)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/visitorpass/show", page)
}

// visitorPassPage returns the page of a visit, with the review of an application.
func (p *Pages) visitorPassPage(c *web.Context, v core.VisitorPass, tab string) (visitorPassShowPage, error) {
	page := visitorPassShowPage{Shell: p.Shell(c, "visitorpass", v.Name), Detail: p.visitorPassDetail(c, v), Facts: p.visitFacts(v)}
	page.Crumbs = []templates.Crumb{{Label: "访客", URL: frame.VisitorPassPath}}
	found, err := p.Store.BlocksOfVisits(c.Ctx(), c.Scope(), v.ID)
	if err != nil {
		return page, err
	}
	blocks := found[v.ID]
	barredDetail(&page.Detail, blocks)
	if c.Has(core.PermVisitorPassEdit) && v.Revocable(c.Now()) {
		page.Detail.CSRF = page.CSRF
		page.Detail.Acts = []templates.Submit{{Label: "撤销通行证", URL: frame.VisitorPassURL(v.ID) + "/revoke", Icon: "ban", Ask: true}}
	}
	if c.Has(core.PermVisitorBlockEdit) && v.Numbers() > len(blocks) { // else all of them are on it
		page.Detail.CSRF = page.CSRF
		page.Detail.Acts = append(page.Detail.Acts, templates.Submit{
			Label: "加入黑名单", URL: frame.VisitorPassURL(v.ID) + "/block", Icon: "ban", Ask: true,
		})
	}
	if c.Has(core.PermVisitorPassEdit) && v.Inside() {
		page.Detail.CSRF = page.CSRF
		page.Detail.Acts = append(page.Detail.Acts, templates.Submit{
			Label: "登记已离开", URL: frame.VisitorPassURL(v.ID) + "/leave", Icon: "door-exit", Ask: true,
		})
	}
	if page.Photos, err = visitPictures(c, p.Store, v.ID); err != nil {
		return page, err
	}
	if v.Way == core.VisitApplied {
		if err = p.visitorPassReview(c, v, &page); err != nil {
			return page, err
		}
	}
	page.Detail.Timeline, err = p.Timeline(c, "visitorpass:"+v.ID.String())
	page.Detail.NewTabs(tab, "", "概况")
	return page, err
}

// barredBadge marks a visitor who is on the blacklist.
var barredBadge = templates.Badge{Tone: templates.Bad, Text: "黑名单"}

// barredDetail says on the head of a visit's page by which entries of the blacklist the visitor is barred: a link leads to each.
func barredDetail(d *templates.Detail, blocks []core.VisitorBlock) {
	if len(blocks) == 0 {
		return
	}
	d.Badges = slices.Insert(d.Badges, 1, barredBadge)
	for _, b := range blocks {
		d.Facts = append(d.Facts, templates.Fact{
			Label: "黑名单", Value: b.Kind.Label() + " " + b.Value + "，" + b.UntilText() + "，原因：" + b.Reason,
			URL: templates.WithQuery(frame.VisitorBlockPath, nil, "community", b.Community.String(), "entry", b.ID.String()),
		})
	}
}

// visitFacts returns what became of a visit.
func (p *Pages) visitFacts(v core.VisitorPass) []templates.Fact {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(p.Store.Zone()).Format("2006-01-02 15:04:05")
	}
	gone := ""
	if v.Gone > 0 {
		gone = fmt.Sprintf("%d 次", v.Gone)
	}
	facts := []templates.Fact{
		{Label: "来访事由", Value: v.Reason}, {Label: "证件号", Value: v.IDNumber}, {Label: "备注", Value: v.Remark},
		{Label: "海报", Value: v.Gate}, {Label: "提交时间", Value: at(v.Created)}, {Label: "拒绝的原因", Value: v.Refusal},
		{Label: "进门", Value: at(v.Entered)},
		{Label: "最后离开", Value: at(v.Left)}, {Label: "离开次数", Value: gone}, {Label: "撤销时间", Value: at(v.Revoked)},
	}
	for _, answer := range v.Answers {
		facts = append(facts, templates.Fact{Label: answer.Label, Value: answer.Value})
	}
	return slices.DeleteFunc(facts, func(f templates.Fact) bool { return f.Value == "" }) // nothing came of it
}

// visitorPassDetail returns the head of the page.
func (p *Pages) visitorPassDetail(c *web.Context, v core.VisitorPass) templates.Detail {
	const form = "2006-01-02 15:04"
	house := templates.Fact{Label: "来访房屋", Value: v.HouseLabel}
	if c.Has(core.PermHouseView) && v.HouseLabel != "" {
		house.URL = frame.HouseURL(v.House)
	}
	until := templates.Fact{Label: "有效期至", Value: v.Until.In(p.Store.Zone()).Format(form)}
	if v.Way.Asked() {
		until = templates.Fact{Label: "来访时间", Value: v.At().In(p.Store.Zone()).Format(form)}
	}
	facts := []templates.Fact{
		house, {Label: "手机", Value: v.PhoneText()}, {Label: "车牌", Value: v.Plate}, {Label: "人数", Value: v.PeopleText()}, until,
	}
	badges := []templates.Badge{frame.VisitorBadge(v.State(c.Now())), {Tone: templates.Neutral, Text: v.Way.Label()}}
	if waits := v.WaitsFor(c.Now()); waits != "" {
		badges = slices.Insert(badges, 1, templates.Badge{Tone: templates.Neutral, Text: waits})
	}
	return templates.Detail{Path: frame.VisitorPassURL(v.ID), Facts: facts, Badges: badges}
}

func (p *Pages) visitorPassRevoke(c *web.Context) error {
	v, err := p.visitorPass(c)
	if err != nil {
		return err
	}
	told := "住户"
	if v.Applicant != 0 {
		told = "住户和访客"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title:  "撤销“" + v.Name + "”的通行证？",
			Text:   "到 " + v.HouseLabel + " 的访客不能进门，" + told + "会收到通知。不能恢复，需要时重新邀请或登记。",
			Submit: "撤销通行证", Danger: true, Effects: []string{v.PeopleText() + "不能进门"},
		},
		Do:   func() error { return p.Store.RevokeVisitorPass(c.Ctx(), c.Actor(), c.Scope(), v.ID) },
		Done: "已撤销“" + v.Name + "”的通行证，立即生效。",
		Back: frame.BackTo(c, frame.VisitorPassPath, frame.VisitorPassURL(v.ID)),
	})
}
