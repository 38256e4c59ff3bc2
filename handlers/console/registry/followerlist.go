package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type followerListPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked
	Empty *templates.Empty
	Sync  followerSyncPart
	List  templates.List
	Rows  []followerRow
}

// followerSyncPart is the state of the sync, and what can be done about it.
type followerSyncPart struct {
	Badge templates.Badge
	Text  string
	Act   templates.Submit // zero = not theirs
}

type followerRow struct {
	Tick                          templates.Tick
	URL, Name, Home, Remark, Tags string
	Source                        string
	Since                         time.Time // zero = not told
	Menu                          templates.RowMenu
}

// followersAPage is also the most that WeChat tags at once.
const followersAPage = core.MaxFollowersAtOne

// followerAsked are the filters of the list.
type followerAsked struct {
	App    string              `form:"app" max:"64"`
	State  string              `form:"state" of:"left"`
	Tag    int                 `form:"tag"`
	Source core.FollowerSource `form:"source" max:"32"`
}

func (p *Pages) followerList(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	page := followerListPage{
		Shell: p.Shell(c, "follower", "微信关注用户"), Tabs: followerTabs(at, "follower"), Empty: at.Empty(c),
	}
	if page.Empty != nil {
		page.Asked = at.Asked(frame.FollowerPath)
		return p.Page(c, http.StatusOK, "console/follower/list", page)
	}
	var asked followerAsked
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	tags, err := p.Store.FollowerTags(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	if asked.Tag != 0 && !slices.ContainsFunc(tags, func(t core.FollowerTag) bool { return t.Number == asked.Tag }) {
		return core.InvalidFields(map[string]string{"tag": "请在列出的标签中选择"})
	}
	filter := store.FollowerFilter{
		AppID: at.AppID, Left: asked.State == "left", Tag: asked.Tag, Source: asked.Source,
		Page: c.CountedPage(followersAPage),
	}
	followers, more, err := p.Store.Followers(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	change := at.Change && c.Has(core.PermFollowerEdit)
	if page.Sync, err = p.followerSyncPart(c, at, change); err != nil {
		return err
	}
	page.Note, page.List = at.Name, followerTable(c, at, tags)
	if page.Rows, err = p.followerRows(c, followers, tags); err != nil {
		return err
	}
	if change && !filter.Left {
		page.tickable(c, followers)
	}
	web.Paged(&page.List, filter.Page, followers, more, func(f core.Follower) core.ID { return f.ID })
	page.Total = page.List.TotalText("人")
	return p.Page(c, http.StatusOK, "console/follower/list", page)
}

// tickable adds the acts on one follower and on several, which lead back to the list with its filters.
func (p *followerListPage) tickable(c *web.Context, followers []core.Follower) {
	tagging := func(off string) string {
		return templates.WithQuery(followerTaggingPath, c.Request().URL.Query(), "off", off)
	}
	p.List.CSRF = p.CSRF
	p.List.Bulk = []templates.Submit{
		{Label: "打标签", URL: tagging(""), Icon: "plus"}, {Label: "移除标签", URL: tagging("1"), Icon: "x"},
	}
	for i, f := range followers {
		p.Rows[i].Tick = templates.Tick{Value: f.ID, Label: p.Rows[i].Name}
		p.Rows[i].Menu = followerMenu(f, p.Rows[i].Name, p.CSRF, tagging)
	}
}

func followerTable(c *web.Context, at frame.OfficialChoice, tags []core.FollowerTag) templates.List {
	list := templates.List{
		Path: frame.FollowerPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "用户"}, {Label: "备注"}, {Label: "标签"}, {Label: "来源", Narrow: true}, {Label: "关注时间", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{
			Icon: "brand-wechat", Title: "还没有关注用户", Text: "同步后，关注这个公众号的人会出现在这里；以后关注和取消关注几秒内更新。",
		},
	}
	if len(at.All) > 1 {
		account := at.Field()
		account.Whole = true
		list.Filters = append(list.Filters, account)
	} else {
		list.Filters = append(list.Filters, templates.Field{Kind: templates.Hidden, Name: frame.OfficialParam, Standing: true})
	}
	tag := templates.Field{Kind: templates.Select, Name: "tag", Label: "标签", Choices: []templates.Choice{{Label: "全部"}}}
	for _, t := range tags {
		tag.Choices = append(tag.Choices, templates.Choice{Value: strconv.Itoa(t.Number), Label: t.Name})
	}
	source := templates.Field{Kind: templates.Select, Name: "source", Label: "来源", Choices: []templates.Choice{{Label: "全部"}}}
	for _, s := range core.FollowerSources {
		source.Choices = append(source.Choices, templates.Choice{Value: string(s), Label: s.Label()})
	}
	list.Filters = append(list.Filters, tag, templates.Field{
		Kind: templates.Select, Name: "state", Label: "状态",
		Choices: []templates.Choice{{Label: "关注中"}, {Value: "left", Label: "已取消关注"}},
	}, source)
	return list
}

// followerRows returns the rows without what can be done.
func (p *Pages) followerRows(c *web.Context, followers []core.Follower, tags []core.FollowerTag) ([]followerRow, error) {
	ties, err := p.Store.FollowerTies(c.Ctx(), c.Scope(), followers)
	if err != nil {
		return nil, err
	}
	names, err := p.communityNames(c)
	if err != nil {
		return nil, err
	}
	rows := make([]followerRow, len(followers))
	for i, f := range followers {
		rows[i] = followerRow{
			URL: frame.FollowerURL(f.ID), Name: frame.FollowerName(f, ties[f.ID]), Home: frame.FollowerHomes(names, ties[f.ID]),
			Remark: f.Remark, Tags: tagNames(tags, f.Tags), Source: f.Source.Label(),
		}
		if f.Since.UnixMilli() > 0 {
			rows[i].Since = f.Since
		}
	}
	return rows, nil
}

// followerSyncPart describes the sync of an account's followers.
func (p *Pages) followerSyncPart(c *web.Context, at frame.OfficialChoice, change bool) (part followerSyncPart, err error) {
	s, err := p.Store.FollowerSync(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return part, err
	}
	part = followerSyncOf(s, p.followerWhen(s.Ended))
	if !change {
		part.Act = templates.Submit{}
	} else if part.Act.Label != "" {
		part.Act.URL = at.URL(part.Act.URL)
	}
	return part, nil
}

// followerSyncOf returns the state of a sync in words; ended is when the last came to its end or failed.
func followerSyncOf(s core.FollowerSync, ended string) followerSyncPart {
	again := templates.Submit{Label: "同步", URL: followerSyncPath, Icon: "refresh"}
	goOn := templates.Submit{Label: "继续同步", URL: followerSyncPath, Icon: "refresh"}
	stop := templates.Submit{Label: "停止同步", URL: followerStopPath, Icon: "ban"}
	part := followerSyncPart{Act: again}
	far := "已读到 " + frame.Grouped(s.Met) + " 人"
	if s.Total > 0 {
		far = fmt.Sprintf("已读到 %s 人，共 %s 人", frame.Grouped(s.Met), frame.Grouped(s.Total))
	}
	switch {
	case s.Run != 0 && s.Stopped:
		part.Badge, part.Text, part.Act = templates.Badge{Tone: templates.Warn, Text: "已停止"}, "同步停在："+far+"。", goOn
	case s.Problem != "":
		part.Badge, part.Text = templates.Badge{Tone: templates.Bad, Text: "没有完成"}, ended+" 没有完成："+s.Problem
		if s.Run != 0 {
			part.Text, part.Act = part.Text+"（"+far+"）", goOn
		}
	case s.Run != 0:
		part.Badge, part.Text, part.Act = templates.Badge{Tone: templates.Info, Text: "同步中"}, far+"。", stop
	case !s.Ended.IsZero():
		part.Badge, part.Text = templates.Badge{Tone: templates.Good, Text: "已同步"}, ended+"："+s.Words()+"。"
	default:
		part.Badge, part.Text = templates.Badge{Tone: templates.Neutral, Text: "等待同步"}, "几秒内自动开始第一次同步。"
	}
	return part
}

// followersTaggingForm is the ticked followers, and once it is chosen the tag.
type followersTaggingForm struct {
	IDs []core.ID `form:"id" max:"50"`
	Tag int       `form:"tag"`
}

type followersTaggingPage struct {
	templates.Shell
	Form templates.Form
}

// followersTag puts a tag on the ticked followers, or takes it from them: first it asks which.
func (p *Pages) followersTag(c *web.Context) error {
	var form followersTaggingForm
	wrong := c.Bind(&form)
	if wrong != nil && !frame.IsFormError(wrong) {
		return wrong
	}
	off := c.Query("off") == "1"
	back := templates.WithQuery(frame.FollowerPath, c.Request().URL.Query(), "off", "")
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择用户。")
		return c.Redirect(back)
	}
	followers, err := p.Store.FollowersByID(c.Ctx(), c.Scope(), form.IDs)
	if err != nil {
		return err
	}
	tags, err := p.Store.FollowerTags(c.Ctx(), c.Scope(), followers[0].AppID)
	if err != nil {
		return err
	}
	sent := c.Form().Has("tag")
	known := slices.ContainsFunc(tags, func(t core.FollowerTag) bool { return t.Number == form.Tag })
	switch {
	case !sent || wrong != nil:
	case form.Tag == 0:
		wrong = core.InvalidFields(map[string]string{"tag": "请选择标签"})
	case !known: // WeChat is not asked for what was never there
		wrong = core.InvalidFields(map[string]string{"tag": "没有这个标签，请重新选择"})
	}
	if !sent || wrong != nil {
		return p.followersTaggingPage(c, followers, tags, followersTagging{off, back, wrong})
	}
	batch, wrong := p.tagFollowers(c, followers, store.FollowersTagging{IDs: form.IDs, Tag: form.Tag, Off: off})
	if wrong != nil {
		return p.followersTaggingPage(c, followers, tags, followersTagging{off, back, wrong})
	}
	p.Done(c, taggedText(batch.Size, tagNames(tags, []int{form.Tag}), off), batch)
	return c.Redirect(back)
}

// taggedText returns what a tagging did to how many followers, in words.
func taggedText(n int, tag string, off bool) string {
	switch {
	case n == 0 && off:
		return "所选用户都没有“" + tag + "”。"
	case n == 0:
		return "所选用户都已有“" + tag + "”。"
	case off:
		return fmt.Sprintf("已移除 %d 名用户的“%s”。", n, tag)
	}
	return fmt.Sprintf("已给 %d 名用户打上“%s”。", n, tag)
}

// tagFollowers tags followers at WeChat and here.
func (p *Pages) tagFollowers(c *web.Context, followers []core.Follower, t store.FollowersTagging) (batch core.Batch, err error) {
	list, err := p.Store.BeginFollowerChange(c.Ctx(), c.Scope(), t.IDs, time.Time{})
	if err != nil {
		return batch, err
	}
	if err := p.TagAtWechat(c, list, t); err != nil {
		return batch, err
	}
	ctx, cancel := c.Lasting()
	defer cancel()
	return p.Store.TagFollowers(ctx, c.Actor(), c.Scope(), t)
}

// followersTagging is how the ticked followers are to be tagged.
type followersTagging struct {
	off   bool
	back  string
	wrong error
}

func (p *Pages) followersTaggingPage(
	c *web.Context, followers []core.Follower, tags []core.FollowerTag, t followersTagging,
) error {
	rows, err := p.followerRows(c, followers, tags)
	if err != nil {
		return err
	}
	form := followersTaggingFields(followers, rows, tags, t.off)
	form.Action, form.Cancel, form.CSRF = c.Request().URL.RequestURI(), t.back, c.CSRF()
	return p.FormPage(c, t.wrong, &form, func(status int) error {
		title := "打标签"
		if t.off {
			title = "移除标签"
		}
		page := followersTaggingPage{Shell: p.Shell(c, "follower", title), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "微信关注用户", URL: t.back}}
		return p.Page(c, status, "console/follower/tagging", page)
	})
}

// followersTaggingFields returns the form; to take a tag away only those are offered that somebody has.
func followersTaggingFields(
	followers []core.Follower, rows []followerRow, tags []core.FollowerTag, off bool,
) templates.Form {
	choose := templates.Field{
		Kind: templates.Select, Name: "tag", Label: "标签", Required: true, Focus: true, Choices: []templates.Choice{{Label: "请选择"}},
	}
	has := map[int]bool{}
	for _, f := range followers {
		for _, tag := range f.Tags {
			has[tag] = true
		}
	}
	for _, t := range tags {
		if !off || has[t.Number] {
			choose.Choices = append(choose.Choices, templates.Choice{Value: strconv.Itoa(t.Number), Label: t.Name})
		}
	}
	switch {
	case len(choose.Choices) > 1:
	case off:
		choose.Help = "所选用户没有标签。"
	default:
		choose.Help = "还没有标签，请先在“标签”里添加。"
	}
	people := templates.Field{Kind: templates.Checks, Name: "id", Label: "用户"}
	for i, f := range followers {
		people.Choices = append(people.Choices, templates.Choice{Value: f.ID.String(), Label: rows[i].Name})
		people.Values = append(people.Values, f.ID.String())
	}
	submit := fmt.Sprintf("给 %d 名用户打标签", len(followers))
	if off {
		submit = fmt.Sprintf("移除 %d 名用户的标签", len(followers))
	}
	if len(followers) == 1 {
		submit = "保存"
	}
	return templates.Form{Submit: submit, Sections: []templates.Section{{Fields: []templates.Field{choose, people}}}}
}
