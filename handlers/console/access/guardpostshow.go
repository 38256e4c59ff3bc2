package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// guardPostShowPage is one post: who works there, what passed today, and the latest passages.
type guardPostShowPage struct {
	templates.Shell
	Detail   templates.Detail
	Guards   []guardLink
	Passages *frame.PassagePart // nil: no permission
}

func (p *Pages) guardPostShow(c *web.Context) error {
	tab, err := frame.DetailTab(c, frame.PassagesTab)
	if err != nil {
		return err
	}
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), post.Community)
	if err != nil {
		return err
	}
	guards, err := p.Store.GuardsAtPosts(c.Ctx(), c.Scope(), []core.ID{post.ID})
	if err != nil {
		return err
	}
	page := guardPostShowPage{Shell: p.Shell(c, "guardpost", post.Name), Detail: guardPostDetail(post, community)}
	page.Crumbs = guardPostCrumbs()
	duty, err := p.shiftFact(c, post)
	if err != nil {
		return err
	}
	page.Detail.Facts = append(page.Detail.Facts, duty)
	for _, g := range guards[post.ID] {
		page.Guards = append(page.Guards, guardLink{g.Name, frame.GuardURL(g.Guard)})
	}
	records := core.RecordFilter{Community: post.Community, Post: post.ID}
	if page.Passages, err = p.Passages(c, records, tab); err != nil {
		return err
	}
	if err := p.doorToday(c, records, &page.Detail); err != nil {
		return err
	}
	if c.Has(core.PermGuardPostEdit) {
		page.Detail.Menu = guardPostMenu(post, page.CSRF)
		page.Detail.Actions, page.Detail.Menu.Links = page.Detail.Menu.Links, nil
		page.Detail.Actions[0].Primary = true
	}
	if page.Detail.Timeline, err = p.Timeline(c, "guardpost:"+post.ID.String()); err != nil {
		return err
	}
	tabs := []string{"", "概况"}
	if page.Passages != nil {
		tabs = append(tabs, frame.PassagesTab, "出入记录")
	}
	page.Detail.NewTabs(tab, tabs...)
	return p.Page(c, http.StatusOK, "console/guardpost/show", page)
}

// guardPostDetail returns the head of the page.
func guardPostDetail(post core.GuardPost, community core.Community) templates.Detail {
	return templates.Detail{
		Path: frame.GuardPostURL(post.ID), Badges: []templates.Badge{frame.ServiceBadge(post.Disabled.IsZero(), "使用中")},
		Facts: []templates.Fact{
			{Label: "小区", Value: community.Name}, {Label: "默认方向", Value: post.Direction.Label()},
			{Label: "紧急放行", Badge: frame.OnOff(post.Urgent, "允许", "不允许")},
		},
	}
}
