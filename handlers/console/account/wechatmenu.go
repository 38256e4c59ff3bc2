package account

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
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
		{
			Method: http.MethodPost, Path: frame.WechatMenuPath + "/remove", Access: edit, Level: web.Asks,
			Handler: p.wechatMenuRemove,
		},
	}
}

func wechatMenuCrumbs(at menuChoice) []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "自定义菜单", URL: at.URL(frame.WechatMenuPath)}}
}

type wechatMenuPage struct {
	templates.Shell
	Tabs    templates.Tabs
	Asked   *templates.Asked
	Empty   *templates.Empty
	State   templates.Badge
	Text    string           // what is to do
	Mend    templates.Action // where to mend what is wrong with the account
	List    templates.List
	Rows    []wechatMenuRow
	Preview []core.MenuButton
	Starts  []templates.Submit // ways to begin a draft, or to begin it again
	Hint    string             // how to begin, without a draft
	Add     templates.Action   // a button at the top
	Publish string             // URL; "" = not theirs, or nothing to publish
	Remove  string             // likewise
	Menus   []wechatMenuOf
	Another *wechatMenuAnother // nil = every tag has one, or it is not theirs

	Versions []wechatMenuVersion
}

// wechatMenuOf is one of the account's menus.
type wechatMenuOf struct {
	Label, URL string
	People     string // how many followers have the tag; "" = of all
	State      templates.Badge
	Shown      bool // it is the page's
}

// wechatMenuVersion is a menu that was replaced.
type wechatMenuVersion struct {
	core.WechatMenuVersion
	Names string
	Menu  templates.RowMenu
}

// menuVersionsShown is the maximum number of earlier menus on the page.
const menuVersionsShown = 20

// wechatMenuRow is a button of the draft.
type wechatMenuRow struct {
	Name, URL, Kind, Does string
	Below                 bool
	Menu                  templates.RowMenu
}

// wechatMenuDraft returns a menu. Without a draft it is the one that WeChat shows now; why that could not be read is
// in words.
func (p *Pages) wechatMenuDraft(c *web.Context, at menuChoice) (m core.WechatMenu, problem string, err error) {
	m, err = p.Store.WechatMenu(c.Ctx(), c.Scope(), at.of())
	if err != nil || m.ID != 0 {
		return m, "", err
	}
	m.Draft, err = p.currentMenu(c.Ctx(), at, nil)
	if err != nil {
		return m, core.MessageOf(err), nil
	}
	return m, "", nil
}

// wechatAppAction leads to where an account that does not answer is mended.
func wechatAppAction(at frame.OfficialChoice) templates.Action {
	if at.ID == 0 {
		return templates.Action{Label: "查看微信接入", URL: frame.WechatAppPath}
	}
	return templates.Action{Label: "查看微信接入", URL: frame.WechatAppURL(at.ID)}
}

// wechatButtons returns what WeChat gets of a menu's draft.
func wechatButtons(m core.WechatMenu) []wechat.Button {
	out := make([]wechat.Button, len(m.Draft))
	for top, b := range m.Draft {
		out[top] = wechatButton(b, m.Key(core.MenuPlace{Top: top, Sub: -1}, b.Reply))
		for sub, below := range b.Sub {
			out[top].Sub = append(out[top].Sub, wechatButton(below, m.Key(core.MenuPlace{Top: top, Sub: sub}, below.Reply)))
		}
	}
	return out
}

func wechatButton(b core.MenuButton, key string) wechat.Button {
	out := wechat.Button{Kind: wechat.ButtonKind(b.Kind), Name: b.Name, URL: b.URL, Mini: wechat.MiniPage{AppID: b.Mini, Path: b.Path}}
	switch b.Kind {
	case core.ButtonGroup:
		out.Kind = wechat.ButtonGroup
	case core.ButtonReply:
		out.Key = key
	}
	return out
}

func (p *Pages) wechatMenuShow(c *web.Context) error {
	at, err := p.menuChoice(c)
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
	page.Note, page.Preview = at.note(), m.Draft
	page.State, page.Text = p.wechatMenuState(m, problem)
	page.Text += p.menuStale(at.WechatApp, m.Live)
	if problem != "" {
		page.Mend = wechatAppAction(at.OfficialChoice)
	} else if at.Change && len(m.Draft) == core.MaxMenuTop {
		page.Text += fmt.Sprintf("底部最多 %d 个，已经放满。", core.MaxMenuTop)
	}
	page.Hint = fmt.Sprintf("最多 %d 个菜单，每个下面最多 %d 个子菜单。", core.MaxMenuTop, core.MaxMenuSub)
	if at.Change {
		p.wechatMenuActs(&page, at, m)
		if len(m.Draft) == 0 {
			page.Hint += "可以先点“" + page.Starts[0].Label + "”，再修改。"
		}
	}
	if page.Menus, page.Another, err = p.wechatMenusOf(c, at); err != nil {
		return err
	}
	earlier, err := p.Store.WechatMenuVersions(c.Ctx(), c.Scope(), at.of(), menuVersionsShown)
	if err != nil {
		return err
	}
	page.Versions = wechatMenuVersions(at, earlier, page.CSRF)
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

// wechatMenuVersions returns the rows; each can become the draft again, the first as 恢复上一版.
func wechatMenuVersions(at menuChoice, earlier []core.WechatMenuVersion, csrf string) []wechatMenuVersion {
	rows := make([]wechatMenuVersion, len(earlier))
	for i, v := range earlier {
		rows[i] = wechatMenuVersion{WechatMenuVersion: v, Names: core.MenuNames(v.Buttons)}
		if !at.Change {
			continue
		}
		label := "恢复这一版"
		if i == 0 {
			label = "恢复上一版"
		}
		url := at.URL(frame.WechatMenuPath+"/change", "act", "restore", "version", v.ID.String())
		rows[i].Menu = templates.RowMenu{
			Label: "这一版的操作", CSRF: csrf, Acts: []templates.Submit{{Label: label, URL: url, Icon: "arrow-back-up"}},
		}
	}
	return rows
}

// wechatMenuState returns how the draft stands to what followers see.
func (p *Pages) wechatMenuState(m core.WechatMenu, problem string) (templates.Badge, string) {
	when := m.Published.In(p.Store.Zone()).Format("2006-01-02 15:04")
	badge := wechatMenuBadge(m)
	switch {
	case problem != "":
		return templates.Badge{Tone: templates.Bad, Text: "读不到"}, problem
	case m.ID == 0 && len(m.Draft) == 0 && m.Tag != 0:
		return templates.Badge{Tone: templates.Neutral, Text: "没有菜单"}, "有这个标签的人还没有自己的菜单，他们看到所有人的菜单。"
	case m.ID == 0 && len(m.Draft) == 0:
		return templates.Badge{Tone: templates.Neutral, Text: "没有菜单"}, "公众号还没有菜单。"
	case m.ID == 0:
		return templates.Badge{Tone: templates.Good, Text: "使用中"}, "这是公众号现在的菜单。修改后要发布，关注的人才看得到。"
	case m.Published.IsZero():
		return badge, "修改已保存，发布后关注的人才看得到。"
	case m.Changed():
		return badge, "上次发布：" + when + "。之后的修改还没有发布。"
	}
	return badge, "发布时间：" + when + "。手机上最迟 5 分钟后更新。"
}

// wechatMenuBadge returns how the draft of a menu of ours stands to what was published.
func wechatMenuBadge(m core.WechatMenu) templates.Badge {
	switch {
	case m.Published.IsZero():
		return templates.Badge{Tone: templates.Warn, Text: "未发布"}
	case m.Changed():
		return templates.Badge{Tone: templates.Warn, Text: "有修改"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已发布"}
}

func (p *Pages) wechatMenuActs(page *wechatMenuPage, at menuChoice, m core.WechatMenu) {
	if len(m.Draft) < core.MaxMenuTop {
		place := core.MenuPlace{Top: len(m.Draft), Sub: -1}
		page.Add = templates.Action{
			Label: "添加菜单", URL: at.URL(frame.WechatMenuPath+"/edit", "at", place.String()), Icon: "plus",
		}
	}
	change := frame.WechatMenuPath + "/change"
	switch {
	case len(m.Draft) > 0:
	case m.Tag != 0:
		page.Starts = append(page.Starts, templates.Submit{Label: "从所有人复制", URL: at.URL(change, "act", "copy"), Icon: "copy"})
	default:
		page.Starts = append(page.Starts, templates.Submit{Label: "用默认菜单", URL: at.URL(change, "act", "default"), Icon: "check"})
	}
	if _, stale := core.MenuVia(p.PublicURL, at.WechatApp, m.Draft); len(stale) > 0 {
		page.Starts = append(page.Starts, templates.Submit{Label: "换成新地址", URL: at.URL(change, "act", "via"), Icon: "refresh"})
	}
	if m.ID != 0 && m.Tag != 0 {
		page.Remove = at.URL(frame.WechatMenuPath + "/remove")
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

func wechatMenuRows(at menuChoice, buttons []core.MenuButton, csrf string) (rows []wechatMenuRow) {
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

func wechatMenuRowOf(at menuChoice, b core.MenuButton, place core.MenuPlace, csrf string) wechatMenuRow {
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

// menuStale says of a published menu that its buttons lead to the phone pages as the account did before; "" = they do as it does.
func (p *Pages) menuStale(of core.WechatApp, live []core.MenuButton) string {
	_, stale := core.MenuVia(p.PublicURL, of, live)
	if len(stale) == 0 {
		return ""
	}
	return "菜单仍是旧地址，请重新发布：“" + strings.Join(stale, "”“") + "”打开后还不是按这个公众号识别。"
}

// menuStep is a step of an official account, as long as a published menu leads to the phone pages as the account did before.
func (p *Pages) menuStep(c *web.Context, app core.WechatApp) ([]wechatStep, error) {
	if !app.Disabled.IsZero() {
		return nil, nil
	}
	menus, err := p.Store.WechatMenus(c.Ctx(), c.Scope(), app.AppID)
	if err != nil {
		return nil, err
	}
	for _, m := range menus {
		if text := p.menuStale(app, m.Live); text != "" {
			at := menuChoice{OfficialChoice: frame.OfficialChoice{WechatApp: app}, tag: m.Tag}
			return []wechatStep{{
				Title: "自定义菜单", Badge: templates.Badge{Tone: templates.Bad, Text: "有问题"}, Text: text,
				Link: templates.Action{Label: "改后重新发布", URL: at.URL(frame.WechatMenuPath)},
			}}, nil
		}
	}
	return nil, nil
}
