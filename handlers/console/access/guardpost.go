package access

import (
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// guardPostRoutes returns the routes of 门岗: the posts, and the guards who work there.
func (p *Pages) guardPostRoutes() []web.Route {
	view, edit := web.Need(core.PermGuardPostView), web.Need(core.PermGuardPostEdit)
	return append(p.guardRoutes(),
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath, Access: view, Handler: p.guardPostList},
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath + "/new", Access: edit, Handler: p.guardPostNew},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath, Access: edit, Handler: p.guardPostCreate, Draft: true},
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath + "/:id", Access: view, Handler: p.guardPostShow},
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath + "/:id/edit", Access: edit, Handler: p.guardPostEdit},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath + "/:id", Access: edit, Handler: p.guardPostUpdate, Draft: true},
		web.Route{
			Method: http.MethodPost, Path: frame.GuardPostPath + "/:id/disable", Access: edit,
			Level: web.Asks, Handler: p.guardPostDisable,
		},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath + "/:id/enable", Access: edit, Handler: p.guardPostEnable},
	)
}

func guardPostCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "门岗", URL: frame.GuardPostPath}}
}

// guardPost returns the post in the path, if the account may see it.
func (p *Pages) guardPost(c *web.Context) (core.GuardPost, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.GuardPost{}, err
	}
	return p.Store.GuardPost(c.Ctx(), c.Scope(), id)
}

func (p *Pages) guardPostNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.guardPostFormPage(c, core.GuardPost{Community: at.ID, Direction: core.Out}, nil)
}

func (p *Pages) guardPostCreate(c *web.Context) error {
	var form guardPostForm
	wrong := p.BindForm(c, &form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateGuardPost(c.Ctx(), c.Actor(), c.Scope(), form.post(0))
	}
	if wrong != nil {
		return p.guardPostFormPage(c, form.post(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: "门岗已添加。", Page: frame.GuardPostURL(id),
		Another: templates.WithQuery(frame.GuardPostPath+"/new", nil, "community", form.Community.String()),
	})
}

func (p *Pages) guardPostEdit(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	return p.guardPostFormPage(c, post, nil)
}

func (p *Pages) guardPostUpdate(c *web.Context) error {
	old, err := p.guardPost(c)
	if err != nil {
		return err
	}
	was, err := p.guardPostForm(c, old)
	if err != nil {
		return err
	}
	var form guardPostForm
	wrong := c.Bind(&form)
	post := form.post(old.ID)
	post.Community, post.Disabled = old.Community, old.Disabled
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateGuardPost(c.Ctx(), c.Actor(), c.Scope(), post)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			post = old
		}
		return p.guardPostFormPage(c, post, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated)
	return c.Redirect(frame.GuardPostURL(post.ID))
}

func (p *Pages) guardPostDisable(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	guards, err := p.Store.GuardsAtPosts(c.Ctx(), c.Scope(), []core.ID{post.ID})
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + post.Name + "”？", Text: guardPostDisableText(post), Submit: "停用门岗", Danger: true,
			Effects: []string{fmt.Sprintf("%d 名门岗人员在这里，立即不能放行", len(guards[post.ID]))},
		},
		Do:   func() error { return p.Store.DisableGuardPost(c.Ctx(), c.Actor(), c.Scope(), post.ID) },
		Done: "已停用“" + post.Name + "”，立即生效。",
		Back: frame.BackTo(c, frame.GuardPostPath, frame.GuardPostURL(post.ID)),
	})
}

func guardPostDisableText(post core.GuardPost) string {
	return "停用“" + post.Name + "”后，门岗人员的手机上不再有这个门岗，不能在这里放行。出入记录保留，可以随时启用。"
}

func (p *Pages) guardPostEnable(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableGuardPost(c.Ctx(), c.Actor(), c.Scope(), post.ID) },
		Done: "已启用“" + post.Name + "”，立即生效。",
		Back: frame.BackTo(c, frame.GuardPostPath, frame.GuardPostURL(post.ID)),
	})
}
