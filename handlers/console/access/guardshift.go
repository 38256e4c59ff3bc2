package access

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// guardShiftRoutes returns the routes of 值班记录, a tab of 门岗. Shifts are made and ended on guards' phones.
func (p *Pages) guardShiftRoutes() []web.Route {
	view := web.Need(core.PermGuardPostView)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.GuardShiftPath, Access: view, Handler: p.guardShiftList},
		{Method: http.MethodGet, Path: frame.GuardShiftPath + "/:id", Access: view, Handler: p.guardShiftShow},
	}
}

type guardShiftListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardShiftRow
}

type guardShiftRow struct {
	URL, Guard, Community, Post, Note string
	Began, Ended                      time.Time
	State                             templates.Badge
}

// shiftBadge returns a shift's state; one that lasts too long stands out.
func shiftBadge(s core.GuardShift, now time.Time) templates.Badge {
	tone := map[core.ShiftState]templates.Tone{
		core.ShiftOn: templates.Info, core.ShiftHanded: templates.Good, core.ShiftTaken: templates.Warn,
	}[s.State]
	if s.Forgotten(now) {
		return templates.Badge{Tone: templates.Warn, Text: "超过 24 小时未交班"}
	}
	return templates.Badge{Tone: tone, Text: s.State.Label()}
}

func (p *Pages) guardShiftList(c *web.Context) error {
	var asked struct {
		Keyword string   `form:"q" max:"40"`
		Post    core.ID  `form:"post"`
		Day     core.Day `form:"day"`
		State   string   `form:"state" of:"on handed taken"`
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	table, err := p.guardShiftTable(c, at)
	if err != nil {
		return err
	}
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.GuardShift]{
		Stem: "guardpost", Title: "值班记录", Unit: "班", Table: table,
		ID: func(s core.GuardShift) core.ID { return s.ID },
		Find: func(community core.ID, page core.Page) ([]core.GuardShift, bool, error) {
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			if asked.Post != 0 {
				_, err := p.Store.GuardPost(c.Ctx(), c.Scope(), asked.Post)
				if core.IsNotFound(err) { // none of those that the list offers
					err = core.InvalidFields(map[string]string{"post": "请在列出的选项中选择"})
				}
				if err != nil {
					return nil, false, err
				}
			}
			return p.Store.GuardShifts(c.Ctx(), c.Scope(), store.GuardShiftFilter{
				Community: community, Post: asked.Post, Keyword: asked.Keyword, Day: asked.Day,
				State: core.ShiftState(asked.State), Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	page := guardShiftListPage{Shell: found.Shell, Tabs: guardPostTabs(keeping(c), "shift"), List: found.List}
	for _, s := range found.Records {
		page.Rows = append(page.Rows, guardShiftRow{
			URL: frame.GuardShiftURL(s.ID), Guard: s.GuardName, Community: found.At.NameOf(s.Community), Post: s.PostName, Note: s.Note,
			Began: s.Began, Ended: s.Ended, State: shiftBadge(s, c.Now()),
		})
	}
	return p.Page(c, http.StatusOK, "console/guardshift/list", page)
}

func (p *Pages) guardShiftTable(c *web.Context, at frame.CommunityChoice) (templates.List, error) {
	list := templates.List{
		Path: frame.GuardShiftPath, Cards: true,
		Columns: []templates.Column{{Label: "值班人员"}, {Label: "门岗"}, {Label: "时间"}, {Label: "状态", Narrow: true}, {Label: "交班留言"}},
		Filters: []templates.Field{
			{Name: "q", Label: "值班人员或留言", MaxLength: 40}, {Kind: templates.Date, Name: "day", Label: "日期"},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部状态", core.ShiftStates(), core.ShiftState.Label),
			},
		},
		Empty: templates.Empty{Icon: "clock", Title: "还没有值班记录", Text: "门岗人员在手机的门岗页面点“开始值班”，每一班都列在这里。"},
	}
	post := templates.Field{Kind: templates.Hidden, Name: "post"}
	if at.ID != 0 {
		posts, err := p.Store.AllGuardPosts(c.Ctx(), c.Scope(), at.ID)
		if err != nil {
			return list, err
		}
		post = templates.Field{Kind: templates.Select, Name: "post", Label: "门岗", Choices: []templates.Choice{{Label: "全部门岗"}}}
		for _, one := range posts {
			post.Choices = append(post.Choices, templates.Choice{Value: one.ID.String(), Label: one.Name})
		}
	} else if c.Query("post") == "" {
		return list, nil
	}
	list.Filters = append(list.Filters, post)
	return list, nil
}

type guardShiftShowPage struct {
	templates.Shell
	State   templates.Badge
	Facts   []templates.Fact
	Note    string
	Before  string // the note of the shift before
	Records string // URL of what passed; "" = no permission
}

func (p *Pages) guardShiftShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	shift, err := p.Store.GuardShift(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	counts, err := p.Store.CountGuardShift(c.Ctx(), shift)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), shift.Community)
	if err != nil {
		return err
	}
	page := guardShiftShowPage{
		Shell: p.Shell(c, "guardpost", shift.GuardName+" 的值班"), State: shiftBadge(shift, c.Now()), Note: shift.Note,
		Facts: shiftFacts(shift, counts, community.Name, p.Store.Zone()),
	}
	page.Crumbs = append(guardPostCrumbs(), templates.Crumb{Label: "值班记录", URL: frame.GuardShiftPath})
	if shift.Before != 0 {
		before, err := p.Store.GuardShift(c.Ctx(), c.Scope(), shift.Before)
		if err != nil && !core.IsNotFound(err) { // it may be purged
			return err
		}
		if err == nil {
			page.Before = before.Note
			page.Facts = append(page.Facts, templates.Fact{
				Label: "上一班", Value: before.GuardName + "，" + before.State.Label(), URL: frame.GuardShiftURL(before.ID),
			})
		}
	}
	if c.Has(core.PermAccessRecordView) {
		page.Records = shiftRecordsURL(shift, c.Now(), p.Store.Zone())
	}
	return p.Page(c, http.StatusOK, "console/guardshift/show", page)
}

// shiftFact returns who is in charge of a post, with the way to its shifts.
func (p *Pages) shiftFact(c *web.Context, post core.GuardPost) (templates.Fact, error) {
	last, err := p.Store.LastGuardShift(c.Ctx(), c.Scope(), post.ID)
	fact := templates.Fact{Label: "值班", Value: "没有人值班", URL: templates.WithQuery(
		frame.GuardShiftPath, nil, "community", post.Community.String(), "post", post.ID.String())}
	if last.State == core.ShiftOn {
		fact.Value = last.GuardName + "，" + last.Began.In(p.Store.Zone()).Format("1 月 2 日 15:04") + " 起"
	}
	return fact, err
}

// shiftFacts returns what is known of a shift.
func shiftFacts(s core.GuardShift, n core.ShiftCounts, community string, zone *time.Location) []templates.Fact {
	const minute = "2006-01-02 15:04"
	ended := "–"
	if !s.Ended.IsZero() {
		ended = s.Ended.In(zone).Format(minute)
	}
	return []templates.Fact{
		{Label: "小区", Value: community}, {Label: "门岗", Value: s.PostName, URL: frame.GuardPostURL(s.Post)},
		{Label: "值班人员", Value: s.GuardName, URL: frame.GuardURL(s.Guard)},
		{Label: "开始", Value: s.Began.In(zone).Format(minute)}, {Label: "结束", Value: ended},
		{Label: "进门", Value: timesText(n.In)}, {Label: "出门", Value: timesText(n.Out)},
		{Label: "拒绝", Value: timesText(n.Refused)}, {Label: "紧急放行", Value: timesText(n.Urgent)},
	}
}

// timesText words a number of passages.
func timesText(n int) string { return strconv.Itoa(n) + " 次" }

// shiftRecordsURL returns the URL of what passed at the post on the days of a shift.
func shiftRecordsURL(s core.GuardShift, now time.Time, zone *time.Location) string {
	until := s.Ended
	if until.IsZero() {
		until = now
	}
	return templates.WithQuery(
		frame.AccessRecordPath, url.Values{}, "community", s.Community.String(), "gate", "p"+s.Post.String(),
		"from", core.DayOf(s.Began, zone).String(), "to", core.DayOf(until, zone).String(),
	)
}
