package account

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type mePage struct {
	templates.Shell
	Facts    []templates.Fact
	TOTP     []templates.Fact
	On       bool
	Wechat   templates.Badge
	Unbind   *templates.Submit // nil = not bound
	Off      frame.WechatOff   // no WeChat can be bound
	Sessions []sessionLine
	Others   *templates.Submit // ends the other sessions; nil = none
	History  []attemptLine
	Bound    string // which WeChat is bound, and since when; "" = none
	Notices  []noticeLine
	Messages *templates.Form // what WeChat tells; nil = it tells nobody
}

// noticeLine is an event that the account's owner should know of.
type noticeLine struct {
	core.AccountNotice
	Browser string
	Fresh   bool // not shown before
}

// noticeLines is the maximum number of notices on the page.
const noticeLines = 10

// meWechat fills in which WeChat is bound, and the notices, which it marks as read.
func (p *Pages) meWechat(c *web.Context, page *mePage) error {
	bound, err := p.Store.WechatOfAccount(c.Ctx(), c.Account().ID)
	if err != nil {
		return err
	}
	if bound.User != 0 {
		page.Bound = p.BoundLabel(bound)
	}
	notices, err := p.Store.AccountNotices(c.Ctx(), c.Account().ID, noticeLines)
	if err != nil || len(notices) == 0 {
		return err
	}
	fresh := false
	for _, n := range notices {
		line := noticeLine{AccountNotice: n, Browser: core.AgentLabel(n.Agent), Fresh: n.Read.IsZero()}
		page.Notices, fresh = append(page.Notices, line), fresh || line.Fresh
	}
	if !fresh {
		return nil
	}
	return p.Store.ReadAccountNotices(c.Ctx(), c.Account().ID, notices[0].ID)
}

// sessionLine is a signed-in device.
type sessionLine struct {
	core.Session
	Browser string
	Own     bool              // the session of this request
	End     *templates.Submit // nil = it cannot be ended here
}

// attemptLine is a row of the sign-in history; partial "attempts".
type attemptLine struct {
	core.SignInAttempt
	Browser string
	State   templates.Badge
}

// historyLines is the maximum number of rows in a page's sign-in history.
const historyLines = 20

func (p *Pages) attempts(c *web.Context, account core.ID) ([]attemptLine, error) {
	attempts, err := p.Store.SignInAttempts(c.Ctx(), account, historyLines)
	lines := make([]attemptLine, len(attempts))
	for i, a := range attempts {
		lines[i] = attemptLine{
			SignInAttempt: a, Browser: core.AgentLabel(a.Agent),
			State: templates.Badge{Tone: templates.Good, Text: "成功"},
		}
		if !a.Succeeded {
			lines[i].State = templates.Badge{Tone: templates.Bad, Text: "失败"}
		}
	}
	return lines, err
}

func (p *Pages) meShow(c *web.Context) error {
	account := c.Account()
	names, err := p.CommunityNames(c)
	if err != nil {
		return err
	}
	state, err := p.Store.TOTPState(c.Ctx(), account.ID)
	if err != nil {
		return err
	}
	sessions, err := p.Store.Sessions(c.Ctx(), core.SessionAccount, account.ID)
	if err != nil {
		return err
	}
	page := mePage{Shell: p.Shell(c, "me", "我的账号"), On: state.On(), TOTP: totpFacts(state), Facts: []templates.Fact{
		{Label: "账号", Value: account.Login}, {Label: "姓名", Value: account.Name},
		{Label: "角色", Value: account.Role.Name()}, {Label: "小区", Value: scopeList(account.Scope, names)},
	}}
	page.Wechat, page.Off = frame.BoundBadge(account.User), p.OfficialOff(c.Ctx(), account.Scope)
	if account.User != 0 {
		page.Unbind = &templates.Submit{
			Label: "解绑微信", URL: wechatBindPath + "/off", Icon: "brand-wechat",
			Ask: true,
		}
	}
	page.Actions = []templates.Action{{Label: "修改密码", URL: web.PasswordPage, Icon: "key"}}
	if err := p.meWechat(c, &page); err != nil {
		return err
	}
	if p.HasOfficials() || p.HasCorps() {
		preference, err := p.Store.Preference(c.Ctx(), account.ID)
		if err != nil {
			return err
		}
		page.Messages = messageForm(page.CSRF, preference)
	}
	if page.History, err = p.attempts(c, account.ID); err != nil {
		return err
	}
	for _, s := range sessions {
		line := sessionLine{Session: s, Browser: core.AgentLabel(s.Agent), Own: s.ID == c.Session().ID}
		if !line.Own {
			line.End = &templates.Submit{Label: "退出", URL: frame.MePath + "/session/" + s.ID.String() + "/end", Icon: "logout"}
			page.Others = &templates.Submit{
				Label: "退出其他设备", URL: frame.MePath + "/session/end", Icon: "logout",
				Ask: true,
			}
		}
		page.Sessions = append(page.Sessions, line)
	}
	return p.Page(c, http.StatusOK, "console/me/show", page)
}

func (p *Pages) meSessionEnd(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if id == c.Session().ID {
		return core.Conflict("这是您正在使用的登录，请用右上角的“退出登录”")
	}
	if err := p.Store.EndOwnSession(c.Ctx(), c.Account().ID, id); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "该设备已退出登录。")
	return c.Redirect(frame.MePath)
}

func (p *Pages) meSessionsEnd(c *web.Context) error {
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "退出其他设备？", Text: "除这台设备外，全部退出登录，立即生效。", Submit: "退出其他设备", Danger: true,
		},
		Do:   func() error { return p.Store.EndOtherSessions(c.Ctx(), c.Actor(), c.Session()) },
		Done: "其他设备已全部退出登录。", Back: frame.MePath,
	})
}

func (p *Pages) meCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "我的账号", URL: frame.MePath}}
}
