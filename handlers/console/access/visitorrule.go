package access

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitorRuleRoutes returns the routes of 通行证设置, tab 访客通行证: who may invite, and what is asked of a visitor.
func (p *Pages) visitorRuleRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermPassRuleEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.VisitorRulePath, Access: view, Handler: p.visitorRuleShow},
		{Method: http.MethodPost, Path: frame.VisitorRulePath, Access: edit, Level: web.Types, Handler: p.visitorRuleUpdate, Draft: true},
		{Method: http.MethodPost, Path: visitorRuleRestorePath, Access: edit, Level: web.Types, Handler: p.visitorRuleRestore},
	}
}

type visitorRulePage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked // the community, if there are several
	Edit  bool
	Words string // the rule
	Asks  string // what a visitor is asked for

	Posters  string // where they are
	Form     templates.Form
	Plans    rulePlans
	Versions []ruleVersion    // what the rule was before its latest changes
	Empty    *templates.Empty // instead of everything else, if there is no community, or none chosen
}

func (p *Pages) visitorRuleShow(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if empty := at.NotChosen(c); empty != nil {
		page := visitorRulePage{Shell: p.Shell(c, "visitorrule", "通行证设置"), Empty: empty, Asked: at.Asked(frame.VisitorRulePath)}
		if len(at.All) > 0 {
			page.Tabs = p.CountTabs(c, passTabs(c.Has, "visitorrule", at))
		}
		return p.Page(c, http.StatusOK, "console/visitorrule/show", page)
	}
	rule, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	versions, err := p.Store.VisitorRuleVersions(c.Ctx(), c.Scope(), at.ID, versionsShown)
	if err != nil {
		return err
	}
	page := p.visitorRulePage(c, at, rule)
	if page.Plans, err = p.rulePlans(c, at, "visitorrule"); err != nil {
		return err
	}
	page.Versions = ruleVersions(c, at, visitorRuleRestorePath, versions, func(r core.VisitorRule) string {
		return r.Text() + "。访客表单：" + r.Form.Text()
	})
	return p.Page(c, http.StatusOK, "console/visitorrule/show", page)
}

func (p *Pages) visitorRulePage(c *web.Context, at frame.CommunityChoice, rule store.VisitorRule) visitorRulePage {
	page := visitorRulePage{
		Shell: p.Shell(c, "visitorrule", "通行证设置"), Tabs: p.CountTabs(c, passTabs(c.Has, "visitorrule", at)),
		Asked: at.Asked(frame.VisitorRulePath),
		Edit:  c.Has(core.PermPassRuleEdit), Words: rule.VisitorRule.Text(), Asks: rule.Form.Text(),
	}
	page.Note, page.Posters = at.Name, at.URL(frame.VisitorPosterPath)
	page.Form = templates.Form{
		Action: frame.VisitorRulePath, CSRF: page.CSRF, Seen: templates.Seen(rule.Updated), Ask: true,
		Sections: append(
			[]templates.Section{{Title: "邀请", Fields: []templates.Field{
				{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
				{
					Kind: templates.Switch, Name: "invite", Label: "住户邀请访客", Value: frame.SwitchValue(rule.Invite),
					Help: "开：已认证的住户可以邀请，不用审核。关：已发出的邀请仍然有效。",
				},
				{
					Kind: templates.Number, Name: "per_day", Label: "每套房屋每天最多邀请", Value: strconv.Itoa(rule.PerDay), Required: true,
					Min: "1", Max: strconv.Itoa(core.MaxVisitsPerDay), Unit: "位", Short: true, Help: "撤销的也计入，防止滥发通行证。",
				},
			}}, {Title: "申请和预约", Fields: []templates.Field{
				{
					Kind: templates.Switch, Name: "apply", Label: "访客扫码申请", Value: frame.SwitchValue(rule.Apply),
					Help: "开：访客扫海报，选择房屋并填写，审核通过后得到通行证。",
				},
				{
					Kind: templates.Switch, Name: "hosts", Label: "先由本房屋的住户审核", Value: frame.SwitchValue(rule.Hosts),
					Help: "开：已认证的住户先审核，没审核的提醒物业。关：只由物业审核。",
				},
				{
					Kind: templates.Switch, Name: "book", Label: "访客预约住户", Value: frame.SwitchValue(rule.Book),
					Help: "开：访客填写住户的手机号和时间，住户通过后，前后一小时可以进门。",
				},
				{
					Kind: templates.Select, Name: "stay", Label: "在场超时", Value: strconv.Itoa(rule.Stay), Required: true,
					Choices: stayChoices(rule.Stay), Help: "进门后超过这个时间还没有离开的，在首页和访客列表里标出。",
				},
				{
					Kind: templates.Select, Name: "member", Label: "机构成员在场超时", Value: strconv.Itoa(rule.Member), Required: true,
					Choices: stayChoices(rule.Member), Help: "机构成员（快递、保洁等）超过这个时间没有离开，在点名表里标出。",
				},
			}}},
			frame.DesignSections(
				"访客表单", "邀请、申请和预约时填写的内容，按顺序显示。改“顺序”的数字来移动；不需要的选“不显示”。", rule.Form, core.VisitorBases,
			)...,
		),
	}
	page.Form.Sections = append(page.Form.Sections, rulePlanSection(p, c))
	return page
}

// stayChoices are the times after which a party that is inside is overdue, with the present one; not to mark any is the first.
func stayChoices(now int) []templates.Choice {
	hours := []int{1, 2, 4, 8, 12, 24, 48, 72, 168, core.MaxStayHours}
	if now > 0 {
		hours = append(hours, now)
	}
	choices := []templates.Choice{{Value: "0", Label: "不标"}}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(hours))) {
		choices = append(choices, templates.Choice{Value: strconv.Itoa(n), Label: "超过 " + strconv.Itoa(n) + " 小时"})
	}
	return choices
}

// stayOf returns a posted number of hours, or -1, which no rule accepts.
func stayOf(text string) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return -1
}

// visitorRuleForm is the posted form; frame.PostedDesign reads the design.
type visitorRuleForm struct {
	Community core.ID  `form:"community"`
	Seen      int64    `form:"seen"`
	Invite    bool     `form:"invite"`
	Apply     bool     `form:"apply"`
	Hosts     bool     `form:"hosts"`
	Book      bool     `form:"book"`
	Stay      string   `form:"stay" max:"4" required:"请选择多久算超时，或不标"`
	Member    string   `form:"member" max:"4" required:"请选择多久算超时，或不标"`
	PerDay    int      `form:"per_day" required:"请填写每天最多邀请几位"`
	From      core.Day `form:"from_day"`
	Until     core.Day `form:"until_day"`
}

func (p *Pages) visitorRuleUpdate(c *web.Context) error {
	var form visitorRuleForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	now, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	design, rename := frame.PostedDesign(c.Form(), now.Form)
	rule := store.VisitorRule{
		VisitorRule: core.VisitorRule{
			Invite: form.Invite, PerDay: form.PerDay, Apply: form.Apply, Hosts: form.Hosts, Book: form.Book, Stay: stayOf(form.Stay),
			Member: stayOf(form.Member), Form: design,
		},
		Community: at.ID, Updated: frame.ShownAt(form.Seen),
	}
	if !web.IsResumed(wrong) {
		if _, err := rule.Normalized(); err != nil {
			wrong = frame.MergeFields(wrong, core.InvalidFields(rename(web.FieldsOf(err))))
		}
	}
	term := core.RulePlanTerm{From: form.From, Until: form.Until}
	wrong = p.planWrong(c, wrong, at, "visitorrule", term)
	if wrong == nil {
		asked, err := p.visitorRuleAsk(c, at, now, rule, term)
		if asked || err != nil && !core.IsStale(err) {
			return err
		}
		wrong = err
	}
	var updated time.Time
	switch {
	case wrong != nil:
	case term.Scheduled():
		_, wrong = p.Store.ScheduleVisitorRule(c.Ctx(), c.Actor(), c.Scope(), rule, term)
	default:
		updated, wrong = p.Store.UpdateVisitorRule(c.Ctx(), c.Actor(), c.Scope(), rule)
	}
	if wrong != nil {
		if now, err = p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID); err != nil {
			return err
		}
		page := p.visitorRulePage(c, at, now)
		if page.Plans, err = p.rulePlans(c, at, "visitorrule"); err != nil {
			return err
		}
		return p.FormPage(c, wrong, &page.Form, func(status int) error {
			return p.Page(c, status, "console/visitorrule/show", page)
		})
	}
	if term.Scheduled() {
		c.Flash(web.FlashSuccess, planSaid(term))
	} else {
		p.Edited(c, planSaid(term), p.visitorRulePage(c, at, now).Form, updated)
	}
	return c.Redirect(at.URL(frame.VisitorRulePath))
}

// visitorRuleAsk asks with what changes, and reports whether it did. That residents may not invite any more is typed.
func (p *Pages) visitorRuleAsk(
	c *web.Context, at frame.CommunityChoice, now store.VisitorRule, rule store.VisitorRule, term core.RulePlanTerm,
) (asked bool, err error) {
	if !rule.Updated.IsZero() && rule.Updated.UnixMilli() != now.Updated.UnixMilli() {
		return false, core.Stale()
	}
	normal, err := rule.Normalized()
	if err != nil {
		return false, err
	}
	if same, err := unchanged(c, normal.Equal(now.VisitorRule), term, at.URL(frame.VisitorRulePath)); same {
		return true, err
	}
	q, err := p.visitorRuleQuestion(c, at, now.VisitorRule, normal, term)
	if err != nil {
		return false, err
	}
	q.Action, q.Keep = frame.VisitorRulePath, c.Form()
	if !q.Danger && c.Form().Has(web.UndoneField) { // the question of the edit that is taken back said what becomes of it
		return false, nil
	}
	return p.Ask(c, "visitorrule", q)
}

// visitorRuleQuestion returns the question of what a rule changes, for whom, and from when.
func (p *Pages) visitorRuleQuestion(
	c *web.Context, at frame.CommunityChoice, now, rule core.VisitorRule, term core.RulePlanTerm,
) (templates.Confirm, error) {
	_, certified, err := p.Store.ResidentCounts(c.Ctx(), core.ScopeOf(at.ID))
	if err != nil {
		return templates.Confirm{}, err
	}
	q := templates.Confirm{
		Title: "修改“" + at.Name + "”的访客设置？", Text: "改为：" + rule.Text() + "。", Submit: "保存设置",
		Effects: append([]string{
			"影响 " + frame.Grouped(certified) + " 名已认证的住户，" + startText(term), "已发出的邀请和已提交的申请不变",
			"原来：" + now.Text(),
		}, formChange(now.Form, rule.Form)...),
		Cancel: at.URL(frame.VisitorRulePath),
	}
	if rule.DrasticAfter(now) {
		q.Typed, q.Danger = at.Name, true
	}
	err = p.planQuestion(c, at, "visitorrule", term, &q)
	return q, err
}
