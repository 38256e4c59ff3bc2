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
	"tongxing/templates"
	"tongxing/wechat"
)

// followerTagRoutes returns the routes of the tags of followers, which are WeChat's.
func (p *Pages) followerTagRoutes() []web.Route {
	view, edit := web.Need(core.PermFollowerView), web.Need(core.PermFollowerEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.FollowerTagPath, Access: view, Handler: p.followerTagList},
		{Method: http.MethodGet, Path: frame.FollowerTagPath + "/new", Access: edit, Handler: p.followerTagNew},
		{Method: http.MethodPost, Path: frame.FollowerTagPath, Access: edit, Handler: p.followerTagCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.FollowerTagPath + "/:id/edit", Access: edit, Handler: p.followerTagEdit},
		{Method: http.MethodPost, Path: frame.FollowerTagPath + "/:id", Access: edit, Handler: p.followerTagUpdate, Draft: true},
		{
			Method: http.MethodPost, Path: frame.FollowerTagPath + "/:id/remove", Access: edit, Level: web.Asks,
			Handler: p.followerTagRemove,
		},
	}
}

type followerTagListPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked
	Empty *templates.Empty
	Sync  string // where to ask for a sync; "" = not theirs
	List  templates.List
	Rows  []followerTagRow
}

type followerTagRow struct {
	Name, URL, Size string
	Menu            templates.RowMenu
}

func (p *Pages) followerTagList(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	page := followerTagListPage{
		Shell: p.Shell(c, "followertag", "用户标签"), Tabs: followerTabs(at, "followertag"), Asked: at.Asked(frame.FollowerTagPath),
		Empty: at.Empty(c),
	}
	if page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/followertag/list", page)
	}
	tags, err := p.Store.FollowerTags(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	sizes, err := p.Store.FollowerTagSizes(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	page.Note = at.Name
	change := at.Change && c.Has(core.PermFollowerEdit)
	for _, t := range tags {
		row := followerTagRow{
			Name: t.Name, Size: frame.Grouped(sizes[t.Number]), URL: at.URL(frame.FollowerPath, "tag", strconv.Itoa(t.Number)),
		}
		if change && !t.Fixed() {
			row.Menu = templates.RowMenu{
				Label: t.Name + " 的操作", CSRF: page.CSRF,
				Links: []templates.Action{{Label: "修改", URL: frame.FollowerTagURL(t.ID) + "/edit", Icon: "pencil"}},
				Acts:  []templates.Submit{{Label: "删除", URL: frame.FollowerTagURL(t.ID) + "/remove", Icon: "trash", Ask: true}},
			}
		}
		page.Rows = append(page.Rows, row)
	}
	page.List = templates.List{
		Path: frame.FollowerTagPath, Query: c.Request().URL.Query(), Count: len(page.Rows), Total: len(page.Rows), Cards: true,
		Columns: []templates.Column{{Label: "标签"}, {Label: "人数", Number: true}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty:   templates.Empty{Icon: "brand-wechat", Title: "还没有标签", Text: "标签用来给关注用户分组，公众平台上的标签同步后也在这里。"},
	}
	page.Total = page.List.TotalText("个")
	if change {
		page.Sync = at.URL(followerSyncPath)
		page.Actions = []templates.Action{{Label: "添加标签", URL: at.URL(frame.FollowerTagPath + "/new"), Icon: "plus", Primary: true}}
	}
	return p.Page(c, http.StatusOK, "console/followertag/list", page)
}

// followerTagForm is the posted form.
type followerTagForm struct {
	Name string `form:"name" max:"64"`
	Seen int64  `form:"seen"`
}

type followerTagFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) followerTagNew(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	return p.followerTagFormPage(c, at, core.FollowerTag{AppID: at.AppID}, nil)
}

// followerTagCreate makes a tag at WeChat, and records it once WeChat has.
func (p *Pages) followerTagCreate(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	var form followerTagForm
	wrong := c.Bind(&form)
	t := core.FollowerTag{AppID: at.AppID, Name: form.Name}
	if wrong == nil {
		wrong = p.changeTag(c, t, func(now core.FollowerTag) error {
			official, err := p.Official(now.AppID)
			if err != nil {
				return err
			}
			if now.Number, err = official.CreateTag(c.Ctx(), now.Name); err != nil {
				return frame.FollowerProblem(err)
			}
			ctx, cancel := c.Lasting()
			defer cancel()
			_, err = p.Store.CreateFollowerTag(ctx, c.Actor(), c.Scope(), now)
			return err
		})
	}
	if wrong != nil {
		return p.followerTagFormPage(c, at, t, wrong)
	}
	c.Flash(web.FlashSuccess, "已添加，公众平台上也有了。")
	return c.Redirect(at.URL(frame.FollowerTagPath))
}

// changeTag changes a tag whose name is right, if it may be changed.
func (p *Pages) changeTag(c *web.Context, t core.FollowerTag, do func(t core.FollowerTag) error) error {
	t = t.Trimmed()
	if err := t.Check(); err != nil {
		return err
	}
	if err := p.Store.CheckFollowerTag(c.Ctx(), c.Scope(), t); err != nil {
		return err
	}
	return do(t)
}

// followerTag returns the tag in the path, with its account.
func (p *Pages) followerTag(c *web.Context) (t core.FollowerTag, at frame.OfficialChoice, err error) {
	id, err := c.ParamID("id")
	if err != nil {
		return t, at, err
	}
	if t, err = p.Store.FollowerTag(c.Ctx(), c.Scope(), id); err != nil {
		return t, at, err
	}
	at, err = p.officialByID(c, t.AppID)
	return t, at, err
}

func (p *Pages) followerTagEdit(c *web.Context) error {
	t, at, err := p.followerTag(c)
	if err != nil {
		return err
	}
	return p.followerTagFormPage(c, at, t, nil)
}

// followerTagUpdate changes a tag's name at WeChat, and records it once WeChat has.
func (p *Pages) followerTagUpdate(c *web.Context) error {
	old, at, err := p.followerTag(c)
	if err != nil {
		return err
	}
	var form followerTagForm
	wrong := c.Bind(&form)
	t := old
	t.Name, t.Updated = form.Name, frame.ShownAt(form.Seen)
	var updated time.Time
	if wrong == nil {
		wrong = p.changeTag(c, t, func(now core.FollowerTag) error {
			official, err := p.Official(now.AppID)
			if err != nil {
				return err
			}
			if err := official.RenameTag(c.Ctx(), now.Number, now.Name); err != nil {
				return p.TagProblem(c, now.AppID, now.Number, err)
			}
			ctx, cancel := c.Lasting()
			defer cancel()
			updated, err = p.Store.UpdateFollowerTag(ctx, c.Actor(), c.Scope(), now)
			return err
		})
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			t = old
		}
		return p.followerTagFormPage(c, at, t, wrong)
	}
	p.Edited(c, "已保存，公众平台上也改好了。", followerTagFields(at, old), updated)
	return c.Redirect(at.URL(frame.FollowerTagPath))
}

func (p *Pages) followerTagRemove(c *web.Context) error {
	t, at, err := p.followerTag(c)
	if err != nil {
		return err
	}
	sizes, err := p.Store.FollowerTagSizes(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	effects := []string{fmt.Sprintf("%s 名用户不再有这个标签", frame.Grouped(sizes[t.Number]))}
	menus, err := p.Store.WechatMenus(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(menus, func(m core.WechatMenu) bool { return m.Tag == t.Number }) {
		effects = append(effects, "这个标签的自定义菜单不再有人看到，请到“按标签显示菜单”删除")
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除标签“" + t.Name + "”？", Text: "公众平台上同时删除，不能撤销。", Submit: "删除标签", Danger: true,
			Effects: effects,
		},
		Do: func() error {
			return p.changeTag(c, t, func(now core.FollowerTag) error {
				official, err := p.Official(now.AppID)
				if err != nil {
					return err
				}
				if err := official.DeleteTag(c.Ctx(), now.Number); err != nil && wechat.CodeOf(err) != frame.CodeNoTag {
					return frame.FollowerProblem(err)
				}
				ctx, cancel := c.Lasting()
				defer cancel()
				return p.Store.RemoveFollowerTag(ctx, c.Actor(), c.Scope(), now.ID)
			})
		},
		Done: "已删除标签“" + t.Name + "”。", Back: at.URL(frame.FollowerTagPath),
	})
}

func followerTagFields(at frame.OfficialChoice, t core.FollowerTag) templates.Form {
	form := templates.Form{
		Action: at.URL(frame.FollowerTagPath), Cancel: at.URL(frame.FollowerTagPath),
		Sections: []templates.Section{{Fields: []templates.Field{{
			Name: "name", Label: "名称", Value: t.Name, Required: true, MaxLength: core.MaxFollowerTag, Focus: true, Autocomplete: "off",
			Help: "公众平台上也是这个名称。",
		}}}},
	}
	if t.ID != 0 {
		form.Action, form.Seen = frame.FollowerTagURL(t.ID), templates.Seen(t.Updated)
	}
	return form
}

func (p *Pages) followerTagFormPage(c *web.Context, at frame.OfficialChoice, t core.FollowerTag, wrong error) error {
	form := followerTagFields(at, t)
	form.CSRF = c.CSRF()
	return p.FormPage(c, wrong, &form, func(status int) error {
		title := "修改标签"
		if t.ID == 0 {
			title = "添加标签"
		}
		page := followerTagFormPage{Shell: p.Shell(c, "followertag", title), Form: form}
		page.Crumbs = append(followerCrumbs(at), templates.Crumb{Label: "标签", URL: at.URL(frame.FollowerTagPath)})
		page.Note = at.Name
		return p.Page(c, status, "console/followertag/form", page)
	})
}
