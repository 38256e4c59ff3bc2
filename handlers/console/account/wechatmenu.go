package account

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/templates"
	"tongxing/wechat"
)

// wechatMenuRoutes returns the routes of 自定义菜单: a draft is edited button by button and then published to WeChat.
func (p *Pages) wechatMenuRoutes() []web.Route {
	edit := web.Need(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.WechatMenuPath, Access: edit, Handler: p.wechatMenuShow},
		{Method: http.MethodGet, Path: frame.WechatMenuPath + "/edit", Access: edit, Handler: p.wechatMenuEdit},
		{Method: http.MethodPost, Path: frame.WechatMenuPath, Access: edit, Handler: p.wechatMenuUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.WechatMenuPath + "/change", Access: edit, Handler: p.wechatMenuChange},
		{
			Method: http.MethodPost, Path: frame.WechatMenuPath + "/publish", Access: edit, Level: web.Asks,
			Handler: p.wechatMenuPublish,
		},
	}
}

func wechatMenuCrumbs(at frame.OfficialChoice) []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "自定义菜单", URL: at.URL(frame.WechatMenuPath)}}
}

type wechatMenuPage struct {
	templates.Shell
	Tabs    templates.Tabs
	Asked   *templates.Asked
	Empty   *templates.Empty
	State   templates.Badge
	Text    string // what is to do
	List    templates.List
	Rows    []wechatMenuRow
	Preview []core.MenuButton
	Starts  []templates.Submit // ways to begin a draft, or to begin it again
	Add     templates.Action   // a button at the top
	Publish string             // URL; "" = not theirs, or nothing to publish
}

// wechatMenuRow is a button of the draft.
type wechatMenuRow struct {
	Name, URL, Kind, Does string
	Below                 bool
	Menu                  templates.RowMenu
}

// wechatMenuDraft returns an account's menu. Without a draft it is the one that WeChat shows now; why that could not
// be read is in words.
func (p *Pages) wechatMenuDraft(c *web.Context, at frame.OfficialChoice) (m core.WechatMenu, problem string, err error) {
	m, err = p.Store.WechatMenu(c.Ctx(), c.Scope(), at.AppID)
	if err != nil || m.ID != 0 {
		return m, "", err
	}
	official, err := p.Official(at.AppID)
	if err != nil {
		return m, core.MessageOf(err), nil
	}
	buttons, _, wrong := official.CurrentMenu(c.Ctx())
	if wrong != nil {
		return m, "公众号现在的菜单读不到：" + wechaterror.ForSetup(wrong), nil
	}
	m.Draft = menuButtons(buttons)
	return m, "", nil
}

// menuButtons returns WeChat's buttons as ours. What a press answers is not WeChat's to know.
func menuButtons(buttons []wechat.Button) (out []core.MenuButton) {
	for _, b := range buttons {
		own := core.MenuButton{
			Kind: core.MenuButtonKind(b.Kind), Name: b.Name, URL: b.URL, Mini: b.Mini.AppID, Path: b.Mini.Path, Sub: menuButtons(b.Sub),
		}
		if b.Kind == wechat.ButtonGroup || len(b.Sub) > 0 {
			own.Kind = core.ButtonGroup
		}
		out = append(out, own)
	}
	return out
}

// wechatButtons is the reverse of menuButtons.
func wechatButtons(buttons []core.MenuButton) []wechat.Button {
	out := make([]wechat.Button, len(buttons))
	for top, b := range buttons {
		out[top] = wechatButton(b, core.MenuPlace{Top: top, Sub: -1})
		for sub, below := range b.Sub {
			out[top].Sub = append(out[top].Sub, wechatButton(below, core.MenuPlace{Top: top, Sub: sub}))
		}
	}
	return out
}

func wechatButton(b core.MenuButton, at core.MenuPlace) wechat.Button {
	out := wechat.Button{Kind: wechat.ButtonKind(b.Kind), Name: b.Name, URL: b.URL, Mini: wechat.MiniPage{AppID: b.Mini, Path: b.Path}}
	switch b.Kind {
	case core.ButtonGroup:
		out.Kind = wechat.ButtonGroup
	case core.ButtonReply:
		out.Key = at.Key()
	}
	return out
}

func (p *Pages) wechatMenuShow(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	page := wechatMenuPage{
		Shell: p.Shell(c, "wechatmenu", "自定义菜单"), Tabs: settingTabs("wechatmenu"), Asked: at.Asked(frame.WechatMenuPath),
		Empty: at.Empty(c),
	}
	if page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/wechatmenu/show", page)
	}
	m, problem, err := p.wechatMenuDraft(c, at)
	if err != nil {
		return err
	}
	page.Note, page.Preview = at.Name, m.Draft
	page.State, page.Text = p.wechatMenuState(m, problem)
	if at.Change {
		p.wechatMenuActs(&page, at, m)
	}
	page.Rows = wechatMenuRows(at, m.Draft, page.CSRF)
	page.List = wechatMenuTable(len(page.Rows))
	page.List.Query = c.Request().URL.Query()
	page.Total = page.List.TotalText("项")
	return p.Page(c, http.StatusOK, "console/wechatmenu/show", page)
}

func wechatMenuTable(rows int) templates.List {
	return templates.List{
		Path: frame.WechatMenuPath, Count: rows, Total: rows, Cards: true, Columns: []templates.Column{
			{Label: "名称"}, {Label: "点了以后", Narrow: true}, {Label: "内容"}, {Label: "操作", Narrow: true, Hidden: true},
		},
	}
}

// wechatMenuState returns how the draft stands to what followers see.
func (p *Pages) wechatMenuState(m core.WechatMenu, problem string) (templates.Badge, string) {
	when := m.Published.In(p.Store.Zone()).Format("2006-01-02 15:04")
	switch {
	case problem != "":
		return templates.Badge{Tone: templates.Bad, Text: "读不到"}, problem
	case m.ID == 0 && len(m.Draft) == 0:
		return templates.Badge{Tone: templates.Neutral, Text: "没有菜单"}, "公众号还没有菜单。"
	case m.ID == 0:
		return templates.Badge{Tone: templates.Good, Text: "使用中"}, "这是公众号现在的菜单。修改后要发布，关注的人才看得到。"
	case m.Published.IsZero():
		return templates.Badge{Tone: templates.Warn, Text: "未发布"}, "修改已保存，发布后关注的人才看得到。"
	case m.Changed():
		return templates.Badge{Tone: templates.Warn, Text: "有修改"}, "上次发布：" + when + "。之后的修改还没有发布。"
	}
	return templates.Badge{Tone: templates.Good, Text: "已发布"}, "发布时间：" + when + "。手机上最迟 5 分钟后更新。"
}

func (p *Pages) wechatMenuActs(page *wechatMenuPage, at frame.OfficialChoice, m core.WechatMenu) {
	if len(m.Draft) < core.MaxMenuTop {
		place := core.MenuPlace{Top: len(m.Draft), Sub: -1}
		page.Add = templates.Action{
			Label: "添加菜单", URL: at.URL(frame.WechatMenuPath+"/edit", "at", place.String()), Icon: "plus",
		}
	}
	change := frame.WechatMenuPath + "/change"
	if len(m.Draft) == 0 {
		page.Starts = append(page.Starts, templates.Submit{Label: "用默认菜单", URL: at.URL(change, "act", "default"), Icon: "check"})
	}
	if m.ID != 0 {
		page.Starts = append(page.Starts, templates.Submit{
			Label: "重新读取", URL: at.URL(change, "act", "current"), Icon: "refresh",
		})
	}
	if m.ID != 0 && len(m.Draft) > 0 {
		page.Publish = at.URL(frame.WechatMenuPath + "/publish")
	}
}

func wechatMenuRows(at frame.OfficialChoice, buttons []core.MenuButton, csrf string) (rows []wechatMenuRow) {
	for top, b := range buttons {
		place := core.MenuPlace{Top: top, Sub: -1}
		row := wechatMenuRowOf(at, b, place, csrf)
		if at.Change && b.Kind == core.ButtonGroup && len(b.Sub) < core.MaxMenuSub {
			add := core.MenuPlace{Top: top, Sub: len(b.Sub)}
			row.Menu.Links = append(row.Menu.Links, templates.Action{
				Label: "添加子菜单", URL: at.URL(frame.WechatMenuPath+"/edit", "at", add.String()), Icon: "plus",
			})
		}
		rows = append(rows, row)
		for sub, below := range b.Sub {
			rows = append(rows, wechatMenuRowOf(at, below, core.MenuPlace{Top: top, Sub: sub}, csrf))
		}
	}
	return rows
}

func wechatMenuRowOf(at frame.OfficialChoice, b core.MenuButton, place core.MenuPlace, csrf string) wechatMenuRow {
	row := wechatMenuRow{Name: b.Name, Kind: b.Kind.Label(), Does: b.URL, Below: place.Sub >= 0}
	switch b.Kind {
	case core.ButtonReply:
		row.Does = b.Reply
	case core.ButtonMini:
		row.Does = b.Mini + " " + b.Path
	case core.ButtonGroup:
		row.Does = fmt.Sprintf("%d 个子菜单", len(b.Sub))
	}
	if !at.Change {
		return row
	}
	row.URL = at.URL(frame.WechatMenuPath+"/edit", "at", place.String())
	change := func(act string) string {
		return at.URL(frame.WechatMenuPath+"/change", "act", act, "at", place.String())
	}
	row.Menu = templates.RowMenu{
		Label: b.Name + " 的操作", CSRF: csrf, Links: []templates.Action{{Label: "修改", URL: row.URL, Icon: "pencil"}},
	}
	if place.Sub > 0 || place.Sub < 0 && place.Top > 0 {
		row.Menu.Acts = append(row.Menu.Acts, templates.Submit{Label: "前移", URL: change("earlier"), Icon: "arrow-up"})
	}
	row.Menu.Acts = append(row.Menu.Acts, templates.Submit{Label: "删除", URL: change("drop"), Icon: "trash"})
	return row
}

// wechatMenuChange changes the draft as a whole: moves or drops a button, or begins again. Nobody sees it before it is
// published, and what is published can be read back.
func (p *Pages) wechatMenuChange(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	back := at.URL(frame.WechatMenuPath)
	m, problem, err := p.wechatMenuDraft(c, at)
	if err != nil {
		return err
	}
	done := ""
	switch act := c.Query("act"); act {
	case "default":
		m.Draft, done = core.DefaultMenu(p.PublicURL), "已填入默认菜单，请检查后发布。"
	case "current":
		m.Draft, err = p.currentMenu(c.Ctx(), at)
		done = "已换成公众号现在的菜单。"
	case "earlier", "drop":
		if problem != "" {
			return p.Refused(c, core.Conflict(problem), back)
		}
		var place core.MenuPlace
		if place, err = core.ParseMenuPlace(c.Query("at")); err != nil {
			return err
		}
		if act == "drop" {
			m.Draft, err = core.DropMenuButton(m.Draft, place)
			done = "已从草稿删除。"
		} else {
			m.Draft, err = core.MoveMenuButton(m.Draft, place)
			done = "已前移。"
		}
	default:
		return core.InvalidFields(map[string]string{"act": "没有这个操作"})
	}
	if err == nil {
		_, err = p.Store.UpdateWechatMenu(c.Ctx(), c.Actor(), c.Scope(), m)
	}
	if err != nil {
		return p.Refused(c, err, back)
	}
	c.Flash(web.FlashSuccess, done)
	return c.Redirect(back)
}

// currentMenu reads the menu that followers see; what went wrong is a conflict in words.
func (p *Pages) currentMenu(ctx context.Context, at frame.OfficialChoice) ([]core.MenuButton, error) {
	official, err := p.Official(at.AppID)
	if err != nil {
		return nil, err
	}
	buttons, _, err := official.CurrentMenu(ctx)
	if err != nil {
		return nil, &core.Error{Code: core.CodeConflict, Message: "读取菜单失败：" + wechaterror.ForSetup(err), Err: err}
	}
	return menuButtons(buttons), nil
}

// wechatMenuPublish sends the draft to WeChat. It is recorded after WeChat has taken it: a server that is killed in
// between leaves a draft that is shown as not published, and can be published again.
func (p *Pages) wechatMenuPublish(c *web.Context) error {
	at, err := p.OfficialOf(c)
	if err != nil {
		return err
	}
	back := at.URL(frame.WechatMenuPath)
	m, err := p.Store.WechatMenu(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	if err := core.CheckMenu(m.Draft); err != nil {
		return p.Refused(c, err, back)
	}
	n := len(core.MenuWords(m.Draft))
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "发布“" + at.Name + "”的菜单？", Text: "关注的人在 5 分钟内看到新的菜单。原来的菜单被替换，可以再发布一次换回来。",
			Submit: "发布菜单", Effects: []string{fmt.Sprintf("共 %d 个菜单项", n)},
		},
		Do:   func() error { return p.publishMenu(c, at) },
		Done: "已发布。手机上最迟 5 分钟后更新，重新打开公众号会快些。", Back: back,
	})
}

func (p *Pages) publishMenu(c *web.Context, at frame.OfficialChoice) error {
	official, err := p.Official(at.AppID)
	if err != nil {
		return err
	}
	m, err := p.Store.BeginWechatMenu(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	if err := official.SetMenu(c.Ctx(), wechatButtons(m.Draft)); err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(c.Ctx()), time.Second)
		defer cancel()
		if err := p.Store.ReleaseWechatMenu(last, at.AppID); err != nil {
			c.Shortfall("release a menu", err)
		}
		return &core.Error{Code: core.CodeConflict, Message: "微信没有接受：" + menuRefusal(err), Err: err}
	}
	return p.Store.PublishWechatMenu(c.Ctx(), c.Actor(), c.Scope(), m)
}

// menuRefusal returns why WeChat refused a menu, in words.
func menuRefusal(err error) string {
	switch wechat.CodeOf(err) {
	case 40018:
		return "有名称太长。"
	case 40016, 40054:
		return "菜单项太多，或有的没有填完。"
	case 40055:
		return "有网址不正确。"
	case 65318:
		return "小程序没有关联到这个公众号，请在公众平台的“小程序管理”关联。"
	}
	return wechaterror.ForSetup(err)
}
