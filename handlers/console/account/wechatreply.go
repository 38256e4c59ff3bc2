package account

import (
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// wechatReplyRoutes returns the routes of 自动回复: what an official account answers.
func (p *Pages) wechatReplyRoutes() []web.Route {
	edit := web.Need(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.WechatReplyPath, Access: edit, Handler: p.wechatReplyList},
		{Method: http.MethodGet, Path: frame.WechatReplyPath + "/new", Access: edit, Handler: p.wechatReplyNew},
		{Method: http.MethodPost, Path: frame.WechatReplyPath, Access: edit, Handler: p.wechatReplyCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.WechatReplyPath + "/:id/edit", Access: edit, Handler: p.wechatReplyEdit},
		{Method: http.MethodPost, Path: frame.WechatReplyPath + "/:id", Access: edit, Handler: p.wechatReplyUpdate, Draft: true},
		{
			Method: http.MethodPost, Path: frame.WechatReplyPath + "/:id/remove", Access: edit, Level: web.Asks,
			Handler: p.wechatReplyRemove,
		},
	}
}

func wechatReplyCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "自动回复", URL: frame.WechatReplyPath}}
}

type wechatReplyListPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked
	Empty *templates.Empty
	List  templates.List
	Rows  []wechatReplyRow
}

type wechatReplyRow struct {
	When, URL, Kind, Text string
	Menu                  templates.RowMenu
}

func (p *Pages) wechatReplyList(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	page := wechatReplyListPage{
		Shell: p.Shell(c, "wechatreply", "自动回复"), Tabs: settingTabs("wechatreply"), Asked: at.Asked(frame.WechatReplyPath),
		Empty: at.Empty(c),
	}
	if page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/wechatreply/list", page)
	}
	replies, err := p.Store.WechatReplies(c.Ctx(), at.AppID)
	if err != nil {
		return err
	}
	page.Note, page.Rows = at.Name, wechatReplyRows(at, replies, page.CSRF)
	page.List = templates.List{
		Path: frame.WechatReplyPath, Query: c.Request().URL.Query(), Count: len(page.Rows), Total: len(page.Rows), Cards: true,
		Columns: []templates.Column{
			{Label: "消息"}, {Label: "方式", Narrow: true}, {Label: "回复"}, {Label: "操作", Narrow: true, Hidden: true},
		},
	}
	page.Total = page.List.TotalText("条")
	if at.Change {
		page.Actions = []templates.Action{{Label: "添加关键词", URL: at.URL(frame.WechatReplyPath + "/new"), Icon: "plus", Primary: true}}
	}
	return p.Page(c, http.StatusOK, "console/wechatreply/list", page)
}

// wechatReplyRows returns the rows: a follow first, then the keywords, then any other message.
func wechatReplyRows(at frame.OfficialChoice, replies []core.WechatReply, csrf string) (rows []wechatReplyRow) {
	for _, kind := range []core.WechatReplyKind{core.ReplyFollow, "", core.ReplyOther} {
		found := false
		for _, r := range replies {
			if r.Kind == kind || kind == "" && r.Kind.Keyword() {
				rows, found = append(rows, wechatReplyRowOf(at, r, csrf)), true
			}
		}
		if found || kind == "" {
			continue
		}
		row := wechatReplyRow{When: whenReplied(core.WechatReply{Kind: kind}), Kind: "自带", Text: core.StandardReply(kind)}
		if at.Change {
			row.URL = at.URL(frame.WechatReplyPath+"/new", "kind", string(kind))
			row.Menu = templates.RowMenu{
				Label: row.When + " 的操作", CSRF: csrf, Links: []templates.Action{{Label: "修改", URL: row.URL, Icon: "pencil"}},
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// whenReplied returns what is answered, in words.
func whenReplied(r core.WechatReply) string {
	switch r.Kind {
	case core.ReplyFollow:
		return "有人关注"
	case core.ReplyOther:
		return "其他消息"
	}
	return r.Word
}

func wechatReplyRowOf(at frame.OfficialChoice, r core.WechatReply, csrf string) wechatReplyRow {
	row := wechatReplyRow{When: whenReplied(r), Kind: "自定", Text: strings.ReplaceAll(r.Text, "\n", " ")}
	if r.Kind.Keyword() {
		row.Kind = r.Kind.Label()
	}
	if at.Change {
		page := frame.WechatReplyURL(r.ID)
		row.URL = page + "/edit"
		row.Menu = templates.RowMenu{
			Label: row.When + " 的操作", CSRF: csrf, Links: []templates.Action{{Label: "修改", URL: row.URL, Icon: "pencil"}},
			Acts: []templates.Submit{{Label: "删除", URL: page + "/remove", Icon: "trash", Ask: true}},
		}
	}
	return row
}

// wechatReplyForm is the posted form.
type wechatReplyForm struct {
	Kind core.WechatReplyKind `form:"kind" of:"follow exact contains other"`
	Word string               `form:"word" max:"128"`
	Text string               `form:"text" max:"4096" text:"lines"`
	Seen int64                `form:"seen"`
}

// reply returns what was typed, upon the reply as it is. Whether it is of a keyword cannot change.
func (f wechatReplyForm) reply(old core.WechatReply) core.WechatReply {
	r := old
	r.Word, r.Text, r.Updated = f.Word, f.Text, frame.ShownAt(f.Seen)
	if old.Kind.Keyword() || old.ID == 0 {
		r.Kind = f.Kind
	}
	return r
}

func (p *Pages) wechatReplyNew(c *web.Context) error {
	var asked struct {
		Kind core.WechatReplyKind `form:"kind" of:"follow exact contains other"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	if asked.Kind == "" {
		asked.Kind = core.ReplyContains
	}
	return p.wechatReplyFormPage(c, at, core.WechatReply{
		AppID: at.AppID, Kind: asked.Kind, Text: core.StandardReply(asked.Kind),
	}, nil)
}

func (p *Pages) wechatReplyCreate(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	var form wechatReplyForm
	wrong := c.Bind(&form)
	r := form.reply(core.WechatReply{AppID: at.AppID})
	if wrong == nil {
		_, wrong = p.Store.CreateWechatReply(c.Ctx(), c.Actor(), c.Scope(), r)
	}
	if wrong != nil {
		return p.wechatReplyFormPage(c, at, r, wrong)
	}
	done := "已保存，立即生效。"
	if r.Kind.Keyword() {
		done = "已添加，立即生效。"
	}
	c.Flash(web.FlashSuccess, done)
	return c.Redirect(at.URL(frame.WechatReplyPath))
}

// wechatReply returns the reply in the path, with its account.
func (p *Pages) wechatReply(c *web.Context) (r core.WechatReply, at frame.OfficialChoice, err error) {
	id, err := c.ParamID("id")
	if err != nil {
		return r, at, err
	}
	if r, err = p.Store.WechatReply(c.Ctx(), c.Scope(), id); err != nil {
		return r, at, err
	}
	if at.WechatApp, err = p.Store.WechatOfficial(c.Ctx(), c.Scope(), r.AppID); err == nil {
		at.Change = c.Scope().Covers(at.Scope)
	}
	return r, at, err
}

func (p *Pages) wechatReplyEdit(c *web.Context) error {
	r, at, err := p.wechatReply(c)
	if err != nil {
		return err
	}
	return p.wechatReplyFormPage(c, at, r, nil)
}

func (p *Pages) wechatReplyUpdate(c *web.Context) error {
	old, at, err := p.wechatReply(c)
	if err != nil {
		return err
	}
	var form wechatReplyForm
	wrong := c.Bind(&form)
	r := form.reply(old)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateWechatReply(c.Ctx(), c.Actor(), c.Scope(), r)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			r = old
		}
		return p.wechatReplyFormPage(c, at, r, wrong)
	}
	p.Edited(c, "已保存，立即生效。", wechatReplyFields(at, old), updated)
	return c.Redirect(at.URL(frame.WechatReplyPath))
}

func (p *Pages) wechatReplyRemove(c *web.Context) error {
	r, at, err := p.wechatReply(c)
	if err != nil {
		return err
	}
	text := "以后这样的消息按“其他消息”回复。"
	if !r.Kind.Keyword() {
		text = "以后改用系统自带的文字。"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除“" + whenReplied(r) + "”的回复？", Text: text, Submit: "删除回复", Danger: true,
			Effects: []string{"删除 1 条自动回复"},
		},
		Do:   func() error { return p.Store.RemoveWechatReply(c.Ctx(), c.Actor(), c.Scope(), r.ID) },
		Done: "已删除。", Back: at.URL(frame.WechatReplyPath),
	})
}

type wechatReplyFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) wechatReplyFormPage(c *web.Context, at frame.OfficialChoice, r core.WechatReply, wrong error) error {
	form := wechatReplyFields(at, r)
	form.CSRF = c.CSRF()
	return p.FormPage(c, wrong, &form, func(status int) error {
		title := "修改自动回复"
		if r.ID == 0 && (r.Kind.Keyword() || r.Kind == "") {
			title = "添加关键词"
		}
		page := wechatReplyFormPage{Shell: p.Shell(c, "wechatreply", title), Form: form}
		page.Crumbs, page.Note = wechatReplyCrumbs(), at.Name
		return p.Page(c, status, "console/wechatreply/form", page)
	})
}

func wechatReplyFields(at frame.OfficialChoice, r core.WechatReply) templates.Form {
	var fields []templates.Field
	if r.Kind.Keyword() || r.Kind == "" {
		fields = []templates.Field{
			{
				Name: "word", Label: "关键词", Value: r.Word, Required: true, MaxLength: core.MaxReplyWord, Focus: r.ID == 0,
				Help: "不分大小写。",
			},
			{
				Kind: templates.Radio, Name: "kind", Label: "方式", Value: string(r.Kind), Required: true, Choices: []templates.Choice{
					{Value: string(core.ReplyContains), Label: "消息里包含它"}, {Value: string(core.ReplyExact), Label: "消息与它完全相同"},
				},
			},
		}
	} else {
		fields = []templates.Field{
			{Kind: templates.Static, Name: "when", Label: "什么时候", Value: whenReplied(r)},
			{Kind: templates.Hidden, Name: "kind", Value: string(r.Kind)},
		}
	}
	text := templates.Field{
		Kind: templates.Textarea, Name: "text", Label: "回复的文字", Value: r.Text, Required: true, MaxLength: core.MaxReplyText,
	}
	if r.ID == 0 && core.StandardReply(r.Kind) != "" {
		text.Help = "现在用的是系统自带的文字，改好后保存。"
	}
	fields = append(fields, text)
	form := templates.Form{
		Action: at.URL(frame.WechatReplyPath), Cancel: at.URL(frame.WechatReplyPath), Sections: []templates.Section{{Fields: fields}},
	}
	if r.ID != 0 {
		form.Action, form.Seen = frame.WechatReplyURL(r.ID), templates.Seen(r.Updated)
	}
	return form
}
