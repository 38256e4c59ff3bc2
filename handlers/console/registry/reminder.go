package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// reminderRoutes returns the routes of 提醒设置: who is told of what waits for a review. Who is bound to an account
// also signs in as it, so that binding needs what changing it does.
func (p *Pages) reminderRoutes() []web.Route {
	edit, bind := web.Need(core.PermReminderEdit), web.Need(core.PermAccountEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ReminderPath, Access: web.Need(core.PermMessageView), Handler: p.reminderList},
		{Method: http.MethodPost, Path: frame.ReminderPath + "/:id/enable", Access: edit, Handler: p.reminderEnable},
		{Method: http.MethodPost, Path: frame.ReminderPath + "/:id/disable", Access: edit, Handler: p.reminderDisable},
		{Method: http.MethodPost, Path: frame.ReminderPath + "/:id/qr", Access: bind, Handler: p.reminderQR},
		{Method: http.MethodGet, Path: frame.ReminderPath + "/:id/qr", Access: bind, Handler: p.reminderWatch},
		{Method: http.MethodPost, Path: frame.ReminderPath + "/:id/unbind", Access: bind, Level: web.Asks, Handler: p.reminderUnbind},
	}
}

type reminderListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []reminderRow
}

type reminderRow struct {
	Name, Login, Phone string
	URL                string // of the account; "" = not theirs to open
	Reach, State       templates.Badge
	Work               bool // WeWork reaches them
	On                 bool
	Switch             string // where to post; "" = not theirs to switch
	Menu               templates.RowMenu
	CSRF               string
}

func (p *Pages) reminderList(c *web.Context) error {
	var asked struct {
		Keyword string `form:"q" max:"40"`
	}
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Reminder]{
		Stem: "reminder", Title: "提醒设置", Unit: "人", Table: reminderTable(),
		ID: func(r core.Reminder) core.ID { return r.Account.ID },
		Find: func(community core.ID, page core.Page) ([]core.Reminder, bool, error) {
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			return p.Store.Reminders(c.Ctx(), c.Scope(), store.ReminderFilter{
				Community: community, Keyword: asked.Keyword, Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	page := reminderListPage{Shell: found.Shell, Tabs: messageTabs(c, "reminder"), List: found.List}
	for _, r := range found.Records {
		page.Rows = append(page.Rows, p.reminderRow(c, r))
	}
	return p.Page(c, http.StatusOK, "console/reminder/list", page)
}

var reachTones = map[core.ReminderReach]templates.Tone{
	core.ReachFollower: templates.Good, core.ReachBound: templates.Warn, core.ReachNone: templates.Warn,
	core.ReachOptedOut: templates.Warn, core.ReachUnset: templates.Warn,
}

func (p *Pages) reminderRow(c *web.Context, r core.Reminder) reminderRow {
	a := r.Account
	row := reminderRow{
		Name: a.Name, Login: a.Login, Phone: r.Phone, On: r.On, Work: r.Work, CSRF: c.CSRF(),
		Reach: templates.Badge{Tone: reachTones[r.Reach], Text: r.Reach.Label()}, State: frame.OnOff(r.On, "开", "关"),
	}
	if c.Has(core.PermAccountView) {
		row.URL = frame.AccountURL(a.ID)
	}
	mine := c.Account().Covers(a)
	if mine && c.Has(core.PermReminderEdit) {
		row.Switch = frame.ReminderURL(a.ID) + "/enable"
		if r.On {
			row.Switch = frame.ReminderURL(a.ID) + "/disable"
		}
	}
	row.Menu = templates.RowMenu{Label: a.Name + " 的操作", CSRF: row.CSRF}
	switch {
	case a.ID == c.Account().ID:
		row.Menu.Links = []templates.Action{{Label: "我的微信", URL: frame.MePath, Icon: "user-cog"}}
	case !mine || !c.Has(core.PermAccountEdit):
	case r.Reach == core.ReachNone:
		row.Menu.Acts = []templates.Submit{{
			Label: "邀请关联", URL: frame.ReminderURL(a.ID) + "/qr", Icon: "qrcode", Off: p.NoOfficial(c.Ctx(), a.Scope),
		}}
	default:
		row.Menu.Acts = []templates.Submit{{Label: "解除关联", URL: frame.ReminderURL(a.ID) + "/unbind", Icon: "x", Ask: true}}
	}
	return row
}

func reminderTable() templates.List {
	return templates.List{
		Path: frame.ReminderPath,
		Columns: []templates.Column{
			{Label: "姓名"}, {Label: "手机"}, {Label: "微信状态", Narrow: true}, {Label: "审核提醒", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{{Name: "q", Label: "姓名或账号", MaxLength: 40}},
		Empty: templates.Empty{
			Icon: "inbox", Title: "没有可以审核的人", Ask: "请联系管理员添加账号。",
			Text: "有" + reviewPermissions() + "权限的账号会列在这里。",
		},
	}
}

// reviewPermissions names what somebody has one of who reviews something.
func reviewPermissions() string {
	var names []string
	for _, t := range core.ReviewTypes {
		if name := "“" + t.Needs.Name() + "”"; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, "、") + "任一"
}

// reminderOf returns the account of the path, if its communities all lie in the caller's scope.
func (p *Pages) reminderOf(c *web.Context) (core.Account, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Account{}, err
	}
	return p.Store.Account(c.Ctx(), c.Scope(), id)
}

// holder returns the caller with all that it holds, which bounds whose reminders it may change.
func holder(c *web.Context) core.Granter { return core.Granter{Actor: c.Actor(), Holds: c.Account()} }

func (p *Pages) reminderEnable(c *web.Context) error {
	a, err := p.reminderOf(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableReminder(c.Ctx(), holder(c), a.ID) },
		Done: "有申请等待审核时，会提醒" + a.Name + "。", Back: frame.ReminderPath,
	})
}

func (p *Pages) reminderDisable(c *web.Context) error {
	a, err := p.reminderOf(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.DisableReminder(c.Ctx(), holder(c), a.ID) },
		Done: "不再发消息提醒" + a.Name + "审核；站内提醒里仍会显示。", Back: frame.ReminderPath,
	})
}

func reminderBinding(a core.Account) frame.Binding {
	return frame.Binding{
		Kind: core.BindAccount, Target: a.ID, Of: a.Scope, Name: a.Name, Stem: "reminder",
		URL: frame.ReminderURL(a.ID), List: frame.ReminderPath,
		Crumbs: []templates.Crumb{{Label: "提醒设置", URL: frame.ReminderPath}},
	}
}

// reminderQR shows the code by which somebody ties their WeChat to their account. A bound one is let go of first.
func (p *Pages) reminderQR(c *web.Context) error {
	a, err := p.reminderOf(c)
	if err == nil && a.User != 0 {
		err = core.Conflict("“" + a.Name + "”已关联微信，请先解除关联")
	}
	if err == nil {
		err = p.BindQR(c, reminderBinding(a))
	}
	return p.Refused(c, err, frame.ReminderPath)
}

func (p *Pages) reminderWatch(c *web.Context) error {
	a, err := p.reminderOf(c)
	if err != nil {
		return err
	}
	return p.BindWatch(c, reminderBinding(a))
}

func (p *Pages) reminderUnbind(c *web.Context) error {
	a, err := p.reminderOf(c)
	if err != nil {
		return err
	}
	sessions, err := p.Store.Sessions(c.Ctx(), core.SessionAccount, a.ID)
	if err != nil {
		return err
	}
	told, err := p.Store.Reminder(c.Ctx(), c.Scope(), a.ID)
	if err != nil {
		return err
	}
	text := "有申请等待审核时，不再用微信提醒" + a.Name + "。"
	if told.Work {
		text = "有申请等待审核时，不再用微信提醒" + a.Name + "，改用企业微信。"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "解除“" + a.Name + "”的微信关联？", Submit: "解除微信关联", Danger: true,
			Text: text,
			Effects: []string{
				"不能再用这个微信扫码登录后台，仍可用密码登录", fmt.Sprintf("退出该账号的 %d 处登录", len(sessions)),
			},
		},
		Do:   func() error { return p.Store.UnbindAccountOf(c.Ctx(), holder(c), a.ID) },
		Done: "已解除" + a.Name + "的微信关联。", Back: frame.ReminderPath,
	})
}
