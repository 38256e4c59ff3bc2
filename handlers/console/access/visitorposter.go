package access

import (
	"html/template"
	"net/http"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitorPosterRoutes returns the routes of 访客海报, behind 通行证设置, tab 访客通行证.
func (p *Pages) visitorPosterRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermPassRuleEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.VisitorPosterPath, Access: view, Handler: p.visitorPosterList},
		{Method: http.MethodPost, Path: frame.VisitorPosterPath, Access: edit, Handler: p.visitorPosterCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.VisitorPosterPath + "/:id", Access: view, Handler: p.visitorPosterShow},
		{
			Method: http.MethodPost, Path: frame.VisitorPosterPath + "/:id/revoke", Access: edit, Level: web.Asks,
			Handler: p.visitorPosterRevoke,
		},
	}
}

type visitorPosterListPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked
	Note  string // why a poster leads to nothing now; "" = it does
	Rows  []visitorPosterRow
	Form  *templates.Form // nil: no permission
	Empty *templates.Empty
}

type visitorPosterRow struct {
	Where, URL string
	Created    time.Time
	Revoke     string // "" = no permission
}

func (p *Pages) visitorPosterList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.visitorPosterPage(c, at, http.StatusOK, nil)
}

// visitorPosterPage shows the posters of a community, with the form for another one.
func (p *Pages) visitorPosterPage(c *web.Context, at frame.CommunityChoice, status int, wrong error) error {
	page := visitorPosterListPage{Shell: p.Shell(c, "visitorrule", "访客海报"), Asked: at.Asked(frame.VisitorPosterPath)}
	page.Crumbs = []templates.Crumb{{Label: "访客通行证", URL: at.URL(frame.VisitorRulePath)}}
	if page.Empty = at.NotChosen(c); page.Empty != nil {
		return p.Page(c, status, "console/visitorposter/list", page)
	}
	page.Tabs = p.CountTabs(c, passTabs(c.Has, "visitorrule", at))
	rule, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	if !rule.Apply && !rule.Book {
		page.Note = "现在的设置不允许访客申请，也不允许预约：扫海报只会看到这句话。"
	}
	posters, err := p.Store.VisitorPosters(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	for _, poster := range posters {
		row := visitorPosterRow{Where: poster.Words(), URL: frame.VisitorPosterURL(poster.ID), Created: poster.Created}
		if c.Has(core.PermPassRuleEdit) {
			row.Revoke = row.URL + "/revoke"
		}
		page.Rows = append(page.Rows, row)
	}
	if !c.Has(core.PermPassRuleEdit) {
		return p.Page(c, status, "console/visitorposter/list", page)
	}
	form, err := p.visitorPosterForm(c, at)
	if err != nil {
		return err
	}
	page.Form = &form
	if wrong == nil {
		return p.Page(c, status, "console/visitorposter/list", page)
	}
	return p.FormPage(c, wrong, page.Form, func(status int) error {
		return p.Page(c, status, "console/visitorposter/list", page)
	})
}

// visitorPosterForm asks where a new poster hangs.
func (p *Pages) visitorPosterForm(c *web.Context, at frame.CommunityChoice) (templates.Form, error) {
	posts, more, err := p.Store.GuardPosts(c.Ctx(), c.Scope(), store.GuardPostFilter{
		Community: at.ID, Disabled: "no", Sort: "name", Page: store.Page{Limit: store.PostsOfOneCommunity},
	})
	help := "访客从哪张海报申请，记在访客的页面上。"
	if more {
		help += "门岗太多，这里只列出按名称排在前面的 " + strconv.Itoa(store.PostsOfOneCommunity) + " 个。"
	}
	places := []templates.Choice{{Value: "0", Label: "全小区"}}
	for _, post := range posts {
		places = append(places, templates.Choice{Value: post.ID.String(), Label: post.Name})
	}
	return templates.Form{
		Action: frame.VisitorPosterPath, CSRF: c.CSRF(), Submit: "添加海报", Sections: []templates.Section{{Fields: []templates.Field{
			{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
			{
				Kind: templates.Select, Name: "post", Label: "张贴位置", Value: c.Query("post"), Choices: places,
				Help: help,
			},
		}}},
	}, err
}

func (p *Pages) visitorPosterCreate(c *web.Context) error {
	var form struct {
		Community core.ID `form:"community"`
		Post      core.ID `form:"post"`
	}
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateVisitorPoster(c.Ctx(), c.Actor(), c.Scope(), core.VisitorPoster{Community: at.ID, Post: form.Post})
	}
	if wrong != nil {
		return p.visitorPosterPage(c, at, web.StatusOf(wrong), wrong)
	}
	c.Flash(web.FlashSuccess, "已添加海报，打印后张贴。")
	return c.Redirect(frame.VisitorPosterURL(id))
}

// visitorPosterShowPage is a poster to be printed.
type visitorPosterShowPage struct {
	templates.Shell
	Revoked                          bool
	Image                            template.URL
	Community, Where, Phone, Printed string
	Steps                            []string
}

// visitorPoster returns the poster in the path, if the account may see it.
func (p *Pages) visitorPoster(c *web.Context) (core.VisitorPoster, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.VisitorPoster{}, err
	}
	return p.Store.VisitorPoster(c.Ctx(), c.Scope(), id)
}

func (p *Pages) visitorPosterShow(c *web.Context) error {
	poster, err := p.visitorPoster(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), poster.Community)
	if err != nil {
		return err
	}
	rule, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), poster.Community)
	if err != nil {
		return err
	}
	page := visitorPosterShowPage{
		Shell: p.Shell(c, "visitorrule", "访客海报 "+poster.Words()), Revoked: !poster.Revoked.IsZero(),
		Community: community.Name, Where: poster.Words(), Phone: community.Phone, Steps: posterSteps(rule.VisitorRule),
		Printed: c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印",
	}
	page.Crumbs = []templates.Crumb{{
		Label: "访客海报", URL: templates.WithQuery(frame.VisitorPosterPath, nil, "community", poster.Community.String()),
	}}
	if !page.Revoked {
		picture, err := gate.QRSVG(p.PublicURL + "/h5/visit/at/" + poster.Code)
		if err != nil {
			return err
		}
		page.Image = templates.SVG(picture)
	}
	return p.Page(c, http.StatusOK, "console/visitorposter/show", page)
}

// posterSteps are the words to visitors, by what the community lets them do.
func posterSteps(rule core.VisitorRule) []string {
	steps := []string{"用微信或手机浏览器扫描上面的二维码。"}
	switch {
	case rule.Apply && rule.Book:
		steps = append(steps, "选择来访房屋并填写，等待审核；知道住户手机号的，也可以直接预约。")
	case rule.Apply:
		steps = append(steps, "选择来访房屋并填写，等待审核。")
	default:
		steps = append(steps, "填写住户的手机号和来访时间，等住户处理。")
	}
	return append(steps, "通过后打开同一页面，把通行码对准扫码机，或请门岗扫码。")
}

func (p *Pages) visitorPosterRevoke(c *web.Context) error {
	poster, err := p.visitorPoster(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + poster.Words() + "”的海报？", Text: "扫这张海报不能再申请，已提交的申请不变。不能恢复，需要时添加新的海报并重新张贴。",
			Submit: "停用海报", Danger: true, Effects: []string{"1 个二维码立即失效"},
		},
		Stem: "visitorrule",
		Do:   func() error { return p.Store.RevokeVisitorPoster(c.Ctx(), c.Actor(), c.Scope(), poster.ID) },
		Done: "已停用“" + poster.Words() + "”的海报。",
		Back: templates.WithQuery(frame.VisitorPosterPath, nil, "community", poster.Community.String()),
	})
}
