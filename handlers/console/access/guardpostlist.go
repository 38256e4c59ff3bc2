package access

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type guardPostListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardPostRow
}

type guardPostRow struct {
	Name, URL, Community, Direction string
	Guards                          []guardLink
	State                           templates.Badge
	Act                             *templates.Submit // nil = may not
	CSRF                            string
}

type guardLink struct{ Name, URL string }

func guardPostTabs(active string) templates.Tabs {
	return templates.Tabs{Label: "门岗", Items: []templates.NavItem{
		{Label: "岗位", URL: frame.GuardPostPath, Active: active == "post"},
		{Label: "门岗人员", URL: frame.GuardPath, Active: active == "guard"},
	}}
}

func (p *Pages) guardPostList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	chosen := frame.ChosenCommunity(c, at)
	posts, err := p.Store.GuardPosts(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	guards, err := p.Store.Guards(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	page := guardPostListPage{Shell: p.Shell(c, "guardpost", "门岗"), Tabs: guardPostTabs("post"), List: guardPostTable(c, at)}
	if c.Has(core.PermGuardPostEdit) && len(at.All) > 0 {
		page.Actions = []templates.Action{{Label: "添加门岗", URL: frame.NewURL(frame.GuardPostPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, post := range posts {
		page.Rows = append(page.Rows, guardPostRowOf(c, post, guards, at, page.CSRF))
	}
	page.List.Count = len(page.Rows)
	page.List.Pager.Summary = fmt.Sprintf("共 %d 个门岗", len(page.Rows))
	return p.Page(c, http.StatusOK, "console/guardpost/list", page)
}

func guardPostTable(c *web.Context, at frame.CommunityChoice) templates.List {
	if len(at.All) == 0 {
		return templates.List{Path: frame.GuardPostPath, Empty: frame.NoCommunityYet(c)}
	}
	list := templates.List{
		Path: frame.GuardPostPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "名称"}, {Label: "方向", Narrow: true}, {Label: "门岗人员"}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{Icon: "shield", Title: "还没有门岗", Text: "添加门岗和门岗人员后，门岗就能用手机扫码放行、手工登记。"},
	}
	if len(at.All) > 1 {
		list.Filters = []templates.Field{at.Field("全部小区")}
	}
	return list
}

func guardPostRowOf(c *web.Context, post core.GuardPost, guards []core.Guard, at frame.CommunityChoice, csrf string) guardPostRow {
	row := guardPostRow{
		Name: post.Name, Community: at.NameOf(post.Community), Direction: frame.DirectionLabel(post.Direction),
		State: frame.ServiceBadge(post.Disabled.IsZero(), "使用中"), CSRF: csrf,
	}
	for _, guard := range guards {
		for _, id := range guard.Posts {
			if id == post.ID && guard.Disabled.IsZero() {
				row.Guards = append(row.Guards, guardLink{guard.Name, frame.GuardURL(guard.ID)})
			}
		}
	}
	if !c.Has(core.PermGuardPostEdit) {
		return row
	}
	row.URL = frame.GuardPostURL(post.ID) + "/edit"
	row.Act = &templates.Submit{
		Label: "停用", URL: frame.GuardPostURL(post.ID) + "/disable", Icon: "ban", Danger: true, Confirm: guardPostDisableText(post),
	}
	if !post.Disabled.IsZero() {
		row.Act = &templates.Submit{Label: "恢复使用", URL: frame.GuardPostURL(post.ID) + "/enable", Icon: "check"}
	}
	return row
}
