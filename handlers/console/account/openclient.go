package account

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// openClientRoutes returns the routes of 开放接口. A client reaches into many communities, so that only operators change
// them.
func (p *Pages) openClientRoutes() []web.Route {
	view, edit := web.Need(core.PermSettingEdit), web.NeedOperator(core.PermSettingEdit)
	one := frame.OpenClientPath + "/:id"
	return []web.Route{
		{Method: http.MethodGet, Path: frame.OpenClientPath, Access: view, Handler: p.openClientList},
		{Method: http.MethodGet, Path: frame.OpenClientPath + "/new", Access: edit, Handler: p.openClientNew},
		{Method: http.MethodPost, Path: frame.OpenClientPath, Access: edit, Handler: p.openClientCreate, Draft: true},
		{Method: http.MethodGet, Path: one, Access: view, Handler: p.openClientShow},
		{Method: http.MethodGet, Path: one + "/edit", Access: edit, Handler: p.openClientEdit},
		{Method: http.MethodPost, Path: one, Access: edit, Handler: p.openClientUpdate, Draft: true},
		{Method: http.MethodPost, Path: one + "/disable", Access: edit, Level: web.Asks, Handler: p.openClientDisable},
		{Method: http.MethodPost, Path: one + "/enable", Access: edit, Handler: p.openClientEnable},
		{Method: http.MethodPost, Path: one + "/rotate", Access: edit, Level: web.Asks, Handler: p.openClientRotate},
		{Method: http.MethodPost, Path: one + "/retire", Access: edit, Level: web.Asks, Handler: p.openClientRetire},
	}
}

type openClientListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []openClientRow
}

type openClientRow struct {
	URL, Name, Calls, Where string
	State                   templates.Badge
	Used                    time.Time
}

// openClientList shows all clients: there are few.
func (p *Pages) openClientList(c *web.Context) error {
	clients, err := p.Store.OpenClients(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	communities, err := p.Store.Communities(c.Ctx(), core.Everywhere)
	if err != nil {
		return err
	}
	page := openClientListPage{Shell: p.Shell(c, "openclient", "开放接口"), Tabs: settingTabs("openclient")}
	page.List = templates.List{
		Path: frame.OpenClientPath, Query: c.Request().URL.Query(), Count: len(clients), Total: len(clients), Cards: true,
		Columns: []templates.Column{
			{Label: "名称"}, {Label: "状态", Narrow: true}, {Label: "接口"}, {Label: "小区"}, {Label: "最近调用", Narrow: true},
		},
		Empty: templates.Empty{
			Icon: "key", Title: "还没有客户端", Text: "收费软件等其他系统凭密钥调用接口，例如写入房屋欠费。", Ask: "请联系运维人添加。",
		},
	}
	page.Total = page.List.TotalText("个")
	for _, client := range clients {
		page.Rows = append(page.Rows, openClientRow{
			URL: frame.OpenClientURL(client.ID), Name: client.Name, Calls: openCallsText(client.Calls),
			Where: openClientWhere(client, communities), State: openClientBadge(client), Used: client.Used,
		})
	}
	if c.Actor().MayOperate() {
		page.Actions = []templates.Action{{Label: "添加客户端", URL: frame.OpenClientPath + "/new", Icon: "plus", Primary: true}}
		page.List.Empty.Action = page.Actions[0]
	}
	return p.Page(c, http.StatusOK, "console/openclient/list", page)
}

func openCallsText(calls []core.OpenCall) string {
	labels := make([]string, len(calls))
	for i, call := range calls {
		labels[i] = call.Label()
	}
	return strings.Join(labels, "、")
}

// openClientWhere names the communities of a client.
func openClientWhere(client core.OpenClient, communities []core.Community) string {
	if client.Scope.Whole() {
		return "全部小区"
	}
	var names []string
	for _, community := range communities {
		if client.Scope.Has(community.ID) {
			names = append(names, community.Name)
		}
	}
	return frame.Joined(names)
}

func openClientBadge(client core.OpenClient) templates.Badge {
	switch {
	case !client.Disabled.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
	case len(client.Secrets) > 1:
		return templates.Badge{Tone: templates.Warn, Text: "更换密钥中"}
	}
	return templates.Badge{Tone: templates.Good, Text: "使用中"}
}

type openClientShowPage struct {
	templates.Shell
	Detail  templates.Detail
	Calls   []openCallRow
	Secrets []openSecretRow
}

type openCallRow struct{ Label, Call, Help string }

type openSecretRow struct {
	Label         string
	Created, Used time.Time
	Retire        *templates.Submit // nil = it stays
}

// openClient returns the client in the path, if it calls for communities of the account alone.
func (p *Pages) openClient(c *web.Context) (core.OpenClient, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.OpenClient{}, err
	}
	return p.Store.OpenClient(c.Ctx(), c.Scope(), id)
}

func (p *Pages) openClientShow(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	communities, err := p.Store.Communities(c.Ctx(), core.Everywhere)
	if err != nil {
		return err
	}
	url := frame.OpenClientURL(client.ID)
	page := openClientShowPage{Shell: p.Shell(c, "openclient", client.Name)}
	page.Crumbs = openClientCrumbs()
	page.Detail = templates.Detail{
		Path: url, CSRF: page.CSRF, Badges: []templates.Badge{openClientBadge(client)},
		Facts: []templates.Fact{
			{Label: "客户端 ID", Value: client.Key}, {Label: "小区", Value: openClientWhere(client, communities)},
			{Label: "每秒最多", Value: strconv.Itoa(client.Rate) + " 次"},
		},
	}
	if c.Actor().MayOperate() {
		page.Detail.Actions = []templates.Action{{Label: "修改", URL: url + "/edit", Icon: "pencil"}}
		page.Detail.Acts, page.Detail.Menu = openClientActs(client, page.CSRF)
	}
	for _, call := range client.Calls {
		if t, ok := call.Type(); ok {
			page.Calls = append(page.Calls, openCallRow{t.Label, t.Method + " /api/open/v1" + t.Path, t.Help})
		}
	}
	page.Secrets = openSecretRows(c, client)
	if page.Detail.Timeline, err = p.Timeline(c, "openclient:"+client.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "接入")
	return p.Page(c, http.StatusOK, "console/openclient/show", page)
}

// openClientActs are the acts on a client: the button, and those in its menu.
func openClientActs(client core.OpenClient, csrf string) ([]templates.Submit, templates.RowMenu) {
	url := frame.OpenClientURL(client.ID)
	menu := templates.RowMenu{Label: client.Name + " 的操作", CSRF: csrf}
	if !client.Disabled.IsZero() {
		return []templates.Submit{{Label: "启用", URL: url + "/enable", Icon: "check"}}, menu
	}
	menu.Acts = []templates.Submit{{Label: "停用", URL: url + "/disable", Icon: "ban", Ask: true}}
	if len(client.Secrets) >= core.MaxOpenSecrets {
		return nil, menu
	}
	return []templates.Submit{{Label: "更换密钥", URL: url + "/rotate", Icon: "refresh", Ask: true}}, menu
}

// openSecretRows are the secrets of a client, never their text. Of two, the older can be retired; so can the newer while it was
// never used: it may be lost.
func openSecretRows(c *web.Context, client core.OpenClient) []openSecretRow {
	var rows []openSecretRow
	for i, secret := range client.Secrets {
		row := openSecretRow{Label: openSecretLabel(client, i), Created: secret.Created, Used: secret.Used}
		if c.Actor().MayOperate() && (i > 0 || len(client.Secrets) > 1 && secret.Used.IsZero()) {
			row.Retire = &templates.Submit{
				Label: "停用" + row.Label, Icon: "ban", Ask: true,
				URL: frame.OpenClientURL(client.ID) + "/retire?secret=" + secret.ID.String(),
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// openSecretLabel names a secret of a client by its place, newest first.
func openSecretLabel(client core.OpenClient, place int) string {
	switch {
	case place > 0:
		return "旧密钥"
	case len(client.Secrets) > 1:
		return "新密钥"
	}
	return "当前密钥"
}

func openClientCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "开放接口", URL: frame.OpenClientPath}}
}

func (p *Pages) openClientDisable(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + client.Name + "”？", Text: "它的调用立即全部拒绝。可以再启用，密钥不变。", Submit: "停用客户端",
			Effects: []string{"1 个系统不再能调用 " + strconv.Itoa(len(client.Calls)) + " 个接口"},
		},
		Do:   func() error { return p.Store.DisableOpenClient(c.Ctx(), c.Actor(), client.ID) },
		Done: "已停用“" + client.Name + "”。", Back: frame.OpenClientURL(client.ID),
	})
}

func (p *Pages) openClientEnable(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableOpenClient(c.Ctx(), c.Actor(), client.ID) },
		Done: "已启用“" + client.Name + "”。", Back: frame.OpenClientURL(client.ID),
	})
}

// openClientRotate makes a newer secret, which this answer alone shows.
func (p *Pages) openClientRotate(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	back := frame.OpenClientURL(client.ID)
	asked, err := p.Ask(c, "openclient", templates.Confirm{
		Title: "更换“" + client.Name + "”的密钥？", Text: "生成一个新密钥，只显示一次。旧密钥仍然有效，对方换好后再停用。", Submit: "更换密钥",
		Effects: []string{"1 个系统要换用新密钥"}, Action: back + "/rotate", Cancel: back,
	})
	if asked {
		return err
	}
	text, err := p.Store.RotateOpenClient(c.Ctx(), c.Actor(), client.ID)
	if err != nil {
		return p.Refused(c, err, back)
	}
	return p.openSecretPage(c, client, text)
}

func (p *Pages) openClientRetire(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	var form struct {
		Secret core.ID `form:"secret"`
	}
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	label, text := "旧密钥", "请先确认对方已换用新密钥：还在用旧密钥的调用立即全部拒绝，旧密钥不能恢复。"
	if len(client.Secrets) > 1 && form.Secret == client.Secrets[0].ID {
		label, text = "新密钥", "新密钥还没有用过，停用后不能恢复；旧密钥照常有效，可以再更换。"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + client.Name + "”的" + label + "？", Text: text,
			Submit: "停用" + label, Effects: []string{"1 个密钥不再有效"},
		},
		Do:   func() error { return p.Store.RetireOpenClient(c.Ctx(), c.Actor(), client.ID, form.Secret) },
		Done: label + "已停用。", Back: frame.OpenClientURL(client.ID),
	})
}
