package account

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/templates"
)

// wechatAppRoutes returns the routes of 微信接入: the accounts of WeChat that the deployment works with. They
// concern every community, so that only operators change them.
func (p *Pages) wechatAppRoutes() []web.Route {
	view, edit := web.Need(core.PermSettingEdit), web.NeedOperator(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.WechatAppPath, Access: view, Handler: p.wechatAppList},
		{Method: http.MethodGet, Path: frame.WechatAppPath + "/new", Access: edit, Handler: p.wechatAppNew},
		{Method: http.MethodPost, Path: frame.WechatAppPath, Access: edit, Handler: p.wechatAppCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.WechatAppPath + "/:id", Access: view, Handler: p.wechatAppShow},
		{Method: http.MethodGet, Path: frame.WechatAppPath + "/:id/edit", Access: edit, Handler: p.wechatAppEdit},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id", Access: edit, Handler: p.wechatAppUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/check", Access: edit, Handler: p.wechatAppCheck},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/confirm", Access: edit, Handler: p.wechatAppConfirm},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/sync", Access: edit, Handler: p.wechatAppSync},
		{
			Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/leave", Access: edit, Level: web.Types,
			Handler: p.wechatAppLeave,
		},
		{Method: http.MethodGet, Path: frame.WechatAppPath + "/:id/replace", Access: edit, Handler: p.wechatAppReplace},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/replace", Access: edit, Handler: p.wechatAppReplaced},
		{
			Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/disable", Access: edit, Level: web.Asks,
			Handler: p.wechatAppDisable,
		},
		{Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/enable", Access: edit, Handler: p.wechatAppEnable},
		{
			Method: http.MethodPost, Path: frame.WechatAppPath + "/:id/remove", Access: edit, Level: web.Types,
			Handler: p.wechatAppRemove,
		},
	}
}

func wechatAppCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "微信接入", URL: frame.WechatAppPath}}
}

// wechatApp returns the app in the path.
func (p *Pages) wechatApp(c *web.Context) (core.WechatApp, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.WechatApp{}, err
	}
	return p.Store.WechatApp(c.Ctx(), c.Scope(), id)
}

func (p *Pages) wechatAppNew(c *web.Context) error {
	var asked struct {
		Kind core.WechatAppKind `form:"kind" of:"official mini work"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	if asked.Kind == "" {
		asked.Kind = core.WechatOfficial
	}
	apps, err := p.Store.WechatApps(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	app := core.WechatApp{Kind: asked.Kind, Scope: core.Everywhere}
	if core.WechatAppClash(app, apps, core.ID.String) != nil {
		app.Scope = core.ScopeOf() // another serves all: what would be refused is not proposed
	}
	return p.wechatAppFormPage(c, app, "", nil)
}

func (p *Pages) wechatAppCreate(c *web.Context) error {
	var form wechatAppForm
	wrong := c.Bind(&form)
	app := form.app(core.WechatApp{Kind: form.Kind})
	var id core.ID
	if wrong == nil {
		proposed := app
		proposed.ID = form.Proposed
		id, wrong = p.Store.CreateWechatApp(c.Ctx(), c.Actor(), c.Scope(), store.KeyedWechatApp{App: proposed, Keys: form.keys()})
	}
	if wrong != nil {
		return p.wechatAppFormPage(c, app, "", wrong)
	}
	app.ID = id
	p.wechatAppTried(c, app, "已添加。")
	return c.Redirect(frame.WechatAppURL(id))
}

func (p *Pages) wechatAppEdit(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	return p.wechatAppFormPage(c, app, app.Name, nil)
}

func (p *Pages) wechatAppUpdate(c *web.Context) error {
	old, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	was, err := p.wechatAppForm(c, old)
	if err != nil {
		return err
	}
	var form wechatAppForm
	wrong := c.Bind(&form)
	app := form.app(old)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateWechatApp(c.Ctx(), c.Actor(), c.Scope(), store.KeyedWechatApp{App: app, Keys: form.keys()})
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			app = old
		}
		return p.wechatAppFormPage(c, app, old.Name, wrong)
	}
	if form.keys() != (core.WechatKeys{}) {
		p.wechatAppTried(c, app, "已保存。")
	} else {
		p.Edited(c, "已保存。各服务器在几秒内生效。", was, updated)
	}
	return c.Redirect(frame.WechatAppURL(app.ID))
}

// wechatAppTried makes a call with an app's keys, keeps the result, and says it after what was done.
func (p *Pages) wechatAppTried(c *web.Context, app core.WechatApp, done string) {
	if !app.Disabled.IsZero() { // its keys are not tried: see errWechatAppOff
		c.Flash(web.FlashSuccess, done+"账号已停用，启用后再检查。")
		return
	}
	problem := wechaterror.ForSetup(p.TryWechat(c.Ctx(), app.AppID))
	lift, err := p.Store.NoteWechatCheck(c.Ctx(), app.ID, problem)
	if err != nil {
		c.Shortfall("note a check of a WeChat app", err)
	}
	if problem != "" {
		c.Flash(web.FlashWarning, done+"但检查没有通过："+problem)
		return
	}
	said := "AppID 和 AppSecret 正确，微信已应答。"
	if app.Kind == core.WechatWork {
		said = "企业 ID、AgentId 和两个 Secret 都正确，企业微信已应答。"
	}
	c.Flash(web.FlashSuccess, done+said+liftText(lift))
}

// liftText returns what goes on after a check that passed; "" = nothing was stopped.
func liftText(lift core.ChannelLift) (text string) {
	if lift.Waiting > 0 {
		text = "等待的 " + frame.Grouped(lift.Waiting) + " 条消息在几秒内发出。"
	}
	if lift.Held {
		text += "今天的发送次数已用完，平台到零点才重新计数，其余消息那时再发。"
	}
	return text
}

// errWechatAppOff refuses a check of an app that is out of use.
var errWechatAppOff = core.Conflict("已停用，请先启用再检查")

func (p *Pages) wechatAppCheck(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	if !app.Disabled.IsZero() {
		return errWechatAppOff
	}
	p.wechatAppTried(c, app, "已检查。")
	return c.Redirect(frame.WechatAppURL(app.ID))
}

func (p *Pages) wechatAppDisable(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	all, err := p.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	served := len(all)
	if !app.Scope.Whole() {
		served = len(app.Scope.Communities())
	}
	effect := "不再发送消息，微信推来的消息一律拒绝"
	switch app.Kind {
	case core.WechatMini:
		effect = "住户不能再登录这个小程序"
	case core.WechatWork:
		effect = "不再发送消息、不再同步员工，员工不能再从企业微信打开手机页面"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + app.Name + "”？", Text: "各服务器在几秒内生效，可以随时启用。", Submit: "停用" + app.Kind.Label(), Danger: true,
			Effects: []string{fmt.Sprintf("影响 %d 个小区", served), effect},
		},
		Do:   func() error { return p.Store.DisableWechatApp(c.Ctx(), c.Actor(), c.Scope(), app.ID) },
		Done: "已停用“" + app.Name + "”。", Back: frame.BackTo(c, frame.WechatAppPath, frame.WechatAppURL(app.ID)),
	})
}

func (p *Pages) wechatAppEnable(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do: func() error {
			err := p.Store.EnableWechatApp(c.Ctx(), c.Actor(), c.Scope(), app.ID)
			if fields := web.FieldsOf(err); fields != nil {
				return core.Conflict(fields["communities"] + fields["app_id"])
			}
			return err
		},
		Done: "已启用“" + app.Name + "”。", Back: frame.BackTo(c, frame.WechatAppPath, frame.WechatAppURL(app.ID)),
	})
}

func (p *Pages) wechatAppRemove(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	ask := templates.Confirm{
		Title: "删除“" + app.Name + "”？", Text: "AppSecret 等密钥一并永久删除，不能恢复。住户在这里的登记和记录不受影响。",
		Submit: "删除" + app.Kind.Label(), Danger: true, Typed: app.Name,
		Effects: []string{"1 个" + app.Kind.Label() + "不再接入：" + app.AppID},
	}
	if app.Kind == core.WechatWork {
		if err := p.askCorpStaff(c, app.ID, &ask); err != nil {
			return err
		}
	}
	return p.Act(c, frame.Act{
		Ask: ask,
		Do: func() error {
			return p.Store.RemoveWechatApp(c.Ctx(), c.Actor(), c.Scope(), app.ID, c.Form().Get(templates.ChoiceField) != corpStaffLeave)
		},
		Done: "已删除“" + app.Name + "”。", Back: frame.WechatAppURL(app.ID), Next: frame.WechatAppPath,
	})
}

// wechatAppServes returns which communities an app serves, in words; of those out of sight the number.
func (p *Pages) wechatAppServes(c *web.Context, app core.WechatApp) (string, error) {
	if app.Scope.Whole() {
		return "全部小区", nil
	}
	all, err := p.Communities(c)
	if err != nil {
		return "", err
	}
	var names []string
	for _, community := range all {
		if app.Scope.Has(community.ID) {
			names = append(names, community.Name)
		}
	}
	if n := len(app.Scope.Communities()); n > len(names) {
		return fmt.Sprintf("%s等 %d 个小区", strings.Join(names, "、"), n), nil
	}
	return strings.Join(names, "、"), nil
}
