package registry

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
)

const (
	followerTaggingPath = frame.FollowerPath + "/tagging"
	followerSyncPath    = frame.FollowerPath + "/sync"
	followerStopPath    = frame.FollowerPath + "/stop"
)

// followerRoutes returns the routes of 微信关注用户. Who may change what an account has depends on its communities,
// which the store checks.
func (p *Pages) followerRoutes() []web.Route {
	view, edit := web.Need(core.PermFollowerView), web.Need(core.PermFollowerEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.FollowerPath, Access: view, Handler: p.followerList},
		{Method: http.MethodPost, Path: followerSyncPath, Access: edit, Handler: p.followerSync},
		{Method: http.MethodPost, Path: followerStopPath, Access: edit, Handler: p.followerStop},
		{Method: http.MethodPost, Path: followerTaggingPath, Access: edit, Handler: p.followersTag},
		{Method: http.MethodGet, Path: frame.FollowerPath + "/:id", Access: view, Handler: p.followerShow},
		{Method: http.MethodGet, Path: frame.FollowerPath + "/:id/edit", Access: edit, Handler: p.followerEdit},
		{Method: http.MethodPost, Path: frame.FollowerPath + "/:id", Access: edit, Handler: p.followerUpdate, Draft: true},
	}
}

func followerCrumbs(at frame.OfficialChoice) []templates.Crumb {
	return []templates.Crumb{{Label: "微信关注用户", URL: at.URL(frame.FollowerPath)}}
}

func followerTabs(at frame.OfficialChoice, active string) templates.Tabs {
	url := func(path string) string {
		if at.AppID == "" {
			return path
		}
		return at.URL(path)
	}
	return templates.Tabs{Label: "微信关注用户", Items: []templates.NavItem{
		{Label: "关注用户", URL: url(frame.FollowerPath), Active: active == "follower"},
		{Label: "标签", URL: url(frame.FollowerTagPath), Active: active == "followertag"},
	}}
}

// officialByID returns an official account that serves a community of the scope as a page's choice.
func (p *Pages) officialByID(c *web.Context, appID string) (at frame.OfficialChoice, err error) {
	if at.WechatApp, err = p.Store.WechatOfficial(c.Ctx(), c.Scope(), appID); err == nil {
		at.Change = c.Scope().Covers(at.Scope)
	}
	return at, err
}

// follower returns the follower in the path, with the account that they follow.
func (p *Pages) follower(c *web.Context) (f core.Follower, at frame.OfficialChoice, err error) {
	id, err := c.ParamID("id")
	if err != nil {
		return f, at, err
	}
	if f, err = p.Store.Follower(c.Ctx(), c.Scope(), id); err != nil {
		return f, at, err
	}
	at, err = p.officialByID(c, f.AppID)
	return f, at, err
}

// tagNames returns the names of some tags.
func tagNames(tags []core.FollowerTag, numbers []int) string {
	var names []string
	for _, n := range numbers {
		for _, t := range tags {
			if t.Number == n {
				names = append(names, t.Name)
			}
		}
	}
	return frame.Joined(names)
}

func followerBadge(f core.Follower) templates.Badge {
	if !f.Left.IsZero() {
		return templates.Badge{Tone: templates.Neutral, Text: "已取消关注"}
	}
	return templates.Badge{Tone: templates.Good, Text: "关注中"}
}

// followerMenu returns the menu of a follower whom somebody may change.
func followerMenu(f core.Follower, name, csrf string, tagging func(off string) string) templates.RowMenu {
	return templates.RowMenu{
		Label: name + " 的操作", CSRF: csrf, Keep: []templates.Choice{{Label: "id", Value: f.ID.String()}},
		Links: []templates.Action{{Label: "修改备注", URL: frame.FollowerURL(f.ID) + "/edit", Icon: "pencil"}},
		Acts: []templates.Submit{
			{Label: "打标签", URL: tagging(""), Icon: "plus"}, {Label: "移除标签", URL: tagging("1"), Icon: "x"},
		},
	}
}

type followerShowPage struct {
	templates.Shell
	Detail templates.Detail
	Facts  []templates.Fact
	Ties   []followerTieRow
	Menu   []core.MenuButton // of the tab 菜单
	Unread string            // why it could not be read, in words
}

// followerMenuTab shows which menu the follower sees.
const followerMenuTab = "menu"

// followerSees asks WeChat which of the account's menus a follower sees.
func (p *Pages) followerSees(c *web.Context, f core.Follower) (menu []core.MenuButton, unread string) {
	official, err := p.Official(f.AppID)
	if err != nil {
		return nil, core.MessageOf(err)
	}
	buttons, err := official.MenuOf(c.Ctx(), f.OpenID)
	if err != nil {
		return nil, "微信没有回答：" + wechaterror.ForSetup(err)
	}
	return frame.MenuButtons(buttons), ""
}

// followerTieRow is a resident whose WeChat it is; URL is "" without the permission.
type followerTieRow struct{ Name, House, URL string }

func (p *Pages) followerShow(c *web.Context) error {
	tab, err := frame.DetailTab(c, followerMenuTab)
	if err != nil {
		return err
	}
	f, at, err := p.follower(c)
	if err != nil {
		return err
	}
	ties, err := p.Store.FollowerTies(c.Ctx(), c.Scope(), []core.Follower{f})
	if err != nil {
		return err
	}
	tags, err := p.Store.FollowerTags(c.Ctx(), c.Scope(), f.AppID)
	if err != nil {
		return err
	}
	names, err := p.communityNames(c)
	if err != nil {
		return err
	}
	name := frame.FollowerName(f, ties[f.ID])
	page := followerShowPage{Shell: p.Shell(c, "follower", name), Facts: p.followerFacts(f)}
	page.Crumbs, page.Note = followerCrumbs(at), at.Name
	for _, tie := range ties[f.ID] {
		row := followerTieRow{Name: tie.Name, House: names[tie.Community] + tie.House}
		if c.Has(core.PermResidentView) {
			row.URL = frame.ResidentURL(tie.Resident)
		}
		page.Ties = append(page.Ties, row)
	}
	page.Detail = templates.Detail{
		Path: frame.FollowerURL(f.ID), CSRF: page.CSRF, Badges: []templates.Badge{followerBadge(f)},
		Facts: []templates.Fact{
			{Label: "备注", Value: f.Remark}, {Label: "标签", Value: tagNames(tags, f.Tags)}, {Label: "来源", Value: f.Source.Label()},
			{Label: "关注时间", Value: p.followerWhen(f.Since)},
		},
	}
	if c.Has(core.PermFollowerEdit) && at.Change && f.Left.IsZero() {
		page.Detail.Menu = followerMenu(f, name, page.CSRF, func(off string) string {
			return at.URL(followerTaggingPath, "off", off)
		})
		page.Detail.Actions, page.Detail.Menu.Links = page.Detail.Menu.Links, nil
		page.Detail.Actions[0].Primary = true
	}
	if page.Detail.Timeline, err = p.Timeline(c, "follower:"+f.ID.String()); err != nil {
		return err
	}
	tabs := []string{"", "资料"}
	if f.Left.IsZero() {
		tabs = append(tabs, followerMenuTab, "菜单")
		if tab == followerMenuTab {
			page.Menu, page.Unread = p.followerSees(c, f)
		}
	}
	page.Detail.NewTabs(tab, tabs...)
	return p.Page(c, http.StatusOK, "console/follower/show", page)
}

// communityNames returns the names of the communities in scope; of a single one, its name is no news.
func (p *Pages) communityNames(c *web.Context) (map[core.ID]string, error) {
	all, err := p.Communities(c)
	names := map[core.ID]string{}
	for _, community := range all {
		if len(all) > 1 {
			names[community.ID] = community.Name + " "
		}
	}
	return names, err
}

func (p *Pages) followerWhen(at time.Time) string {
	if at.UnixMilli() <= 0 {
		return "–"
	}
	return at.In(p.Store.Zone()).Format("2006-01-02 15:04")
}

// followerFacts are what WeChat tells.
func (p *Pages) followerFacts(f core.Follower) []templates.Fact {
	union := f.UnionID
	if union == "" {
		union = "微信没有提供"
	}
	facts := []templates.Fact{
		{Label: "OpenID", Value: f.OpenID, Copy: true, Code: true}, {Label: "UnionID", Value: union, Copy: f.UnionID != "", Code: true},
	}
	if !f.Left.IsZero() {
		facts = append(facts, templates.Fact{Label: "取消关注", Value: p.followerWhen(f.Left)})
	}
	return facts
}

// followerRemarkForm is the posted form of a follower.
type followerRemarkForm struct {
	Remark string `form:"remark" max:"64"`
	Seen   int64  `form:"seen"`
}

type followerFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) followerEdit(c *web.Context) error {
	f, at, err := p.follower(c)
	if err != nil {
		return err
	}
	return p.followerFormPage(c, at, f, nil)
}

// followerUpdate sets a remark at WeChat, and records it once WeChat has taken it.
func (p *Pages) followerUpdate(c *web.Context) error {
	old, at, err := p.follower(c)
	if err != nil {
		return err
	}
	var form followerRemarkForm
	wrong := c.Bind(&form)
	f := old
	f.Remark, f.Updated = form.Remark, frame.ShownAt(form.Seen)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.remarkFollower(c, f)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			f = old
		}
		return p.followerFormPage(c, at, f, wrong)
	}
	p.Edited(c, "已保存备注，微信里也改好了。", followerRemarkFields(old), updated)
	return c.Redirect(frame.FollowerURL(f.ID))
}

// remarkFollower changes a remark at WeChat and here.
func (p *Pages) remarkFollower(c *web.Context, f core.Follower) (updated time.Time, err error) {
	if f.Remark, err = core.CleanFollowerRemark(f.Remark); err != nil {
		return updated, err
	}
	official, err := p.Official(f.AppID)
	if err != nil {
		return updated, err
	}
	list, err := p.Store.BeginFollowerChange(c.Ctx(), c.Scope(), []core.ID{f.ID}, f.Updated)
	if err != nil {
		return updated, err
	}
	if err := official.SetRemark(c.Ctx(), list[0].OpenID, f.Remark); err != nil {
		return updated, frame.FollowerProblem(err)
	}
	ctx, cancel := c.Lasting()
	defer cancel()
	return p.Store.UpdateFollowerRemark(ctx, c.Actor(), c.Scope(), f)
}

func followerRemarkFields(f core.Follower) templates.Form {
	return templates.Form{
		Action: frame.FollowerURL(f.ID), Cancel: frame.FollowerURL(f.ID), Seen: templates.Seen(f.Updated),
		Sections: []templates.Section{{Fields: []templates.Field{{
			Name: "remark", Label: "备注", Value: f.Remark, MaxLength: core.MaxFollowerRemark, Focus: true, Autocomplete: "off",
			Help: "公众号对这名用户的称呼，公众平台上也看得到。不填则去掉。",
		}}}},
	}
}

func (p *Pages) followerFormPage(c *web.Context, at frame.OfficialChoice, f core.Follower, wrong error) error {
	form := followerRemarkFields(f)
	form.CSRF = c.CSRF()
	ties, err := p.Store.FollowerTies(c.Ctx(), c.Scope(), []core.Follower{f})
	if err != nil {
		return err
	}
	name := frame.FollowerName(f, ties[f.ID])
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := followerFormPage{Shell: p.Shell(c, "follower", "修改备注"), Form: form}
		page.Crumbs, page.Note = append(followerCrumbs(at), templates.Crumb{Label: name, URL: frame.FollowerURL(f.ID)}), name
		return p.Page(c, status, "console/follower/form", page)
	})
}

func (p *Pages) followerSync(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.AskFollowerSync(c.Ctx(), c.Actor(), c.Scope(), at.AppID) },
		Done: "几秒内开始同步，进度在这一页。", Back: at.URL(frame.FollowerPath),
	})
}

func (p *Pages) followerStop(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.StopFollowerSync(c.Ctx(), c.Actor(), c.Scope(), at.AppID) },
		Done: "已停止同步，可以从停下的地方继续。", Back: at.URL(frame.FollowerPath),
	})
}
