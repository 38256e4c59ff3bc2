package access

import (
	"net/http"
	"slices"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// exitRuleRoutes returns the routes of 通行证设置, tab 出门条: who may apply, who decides, and what is asked for.
func (p *Pages) exitRuleRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermPassRuleEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ExitRulePath, Access: view, Handler: p.exitRuleShow},
		{Method: http.MethodPost, Path: frame.ExitRulePath, Access: edit, Level: web.Types, Handler: p.exitRuleUpdate, Draft: true},
		{Method: http.MethodPost, Path: exitRuleRestorePath, Access: edit, Level: web.Types, Handler: p.exitRuleRestore},
	}
}

type exitRulePage struct {
	templates.Shell
	Tabs     templates.Tabs
	Asked    *templates.Asked // the community, if there are several
	Edit     bool
	Words    string // the rule
	Asks     string // what is asked for
	Form     templates.Form
	Plans    rulePlans
	Versions []ruleVersion    // what the rule was before its latest changes
	Empty    *templates.Empty // instead of everything else, if there is no community, or none chosen
}

func (p *Pages) exitRuleShow(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if empty := at.NotChosen(c); empty != nil {
		page := exitRulePage{Shell: p.Shell(c, "exitrule", "通行证设置"), Empty: empty, Asked: at.Asked(frame.ExitRulePath)}
		if len(at.All) > 0 {
			page.Tabs = p.CountTabs(c, passTabs(c.Has, "exitrule", at))
		}
		return p.Page(c, http.StatusOK, "console/exitrule/show", page)
	}
	rule, err := p.Store.ExitRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	versions, err := p.Store.ExitRuleVersions(c.Ctx(), c.Scope(), at.ID, versionsShown)
	if err != nil {
		return err
	}
	page := p.exitRulePage(c, at, rule)
	if page.Plans, err = p.rulePlans(c, at, "exitrule"); err != nil {
		return err
	}
	page.Versions = ruleVersions(c, at, exitRuleRestorePath, versions, func(r core.ExitRule) string {
		return r.Text() + "。出门条表单：" + r.Form.Text()
	})
	return p.Page(c, http.StatusOK, "console/exitrule/show", page)
}

func (p *Pages) exitRulePage(c *web.Context, at frame.CommunityChoice, rule store.ExitRule) exitRulePage {
	page := exitRulePage{
		Shell: p.Shell(c, "exitrule", "通行证设置"), Tabs: p.CountTabs(c, passTabs(c.Has, "exitrule", at)), Asked: at.Asked(frame.ExitRulePath),
		Edit: c.Has(core.PermPassRuleEdit), Words: rule.ExitRule.Text(), Asks: rule.Form.Text(),
	}
	page.Note = at.Name
	page.Form = templates.Form{
		Action: frame.ExitRulePath, CSRF: page.CSRF, Seen: templates.Seen(rule.Updated), Ask: true,
		Sections: append([]templates.Section{{Title: "申请和审核", Fields: exitRuleFields(at, rule.ExitRule)}},
			frame.DesignSections(
				"出门条表单", "申请时填写的内容，按顺序显示。改“顺序”的数字来移动；不需要的选“不显示”。", rule.Form, core.ExitBases,
			)...,
		),
	}
	page.Form.Sections = append(page.Form.Sections, rulePlanSection(p, c))
	return page
}

func exitRuleFields(at frame.CommunityChoice, rule core.ExitRule) []templates.Field {
	return []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
		{
			Kind: templates.Radio, Name: "who", Label: "谁可以申请", Value: string(rule.Who), Required: true,
			Choices: templates.ChoicesOf("", core.ExitWhos(), core.ExitWho.Label),
		},
		{
			Kind: templates.Radio, Name: "arrears", Label: "欠费住户", Value: string(rule.Arrears), Required: true,
			Choices: templates.ChoicesOf("", core.ExitArrearsAll(), core.ExitArrears.Label), Help: "按房屋上登记的欠费金额判断；物业在柜台开具时也一样。",
		},
		{
			Kind: templates.Radio, Name: "reviewer", Label: "由谁审核", Value: string(rule.Reviewer), Required: true,
			Choices: templates.ChoicesOf("", core.ExitReviewers(), core.ExitReviewer.Label), Help: "业主自己的申请不用再由业主审核，交给物业。",
		},
		{
			Kind: templates.Select, Name: "hours", Label: "有效时间", Value: strconv.Itoa(rule.Hours), Required: true,
			Choices: exitHoursChoices(rule.Hours), Help: "填写的出门时间那天 0 点起就可以出门，到这里选的时间为止。",
		},
	}
}

// exitHoursChoices are for how long a slip may be good, with the present time.
func exitHoursChoices(now int) []templates.Choice {
	hours := []int{0, 1, 2, 4, 8, 12, 24, 48, core.MaxExitHours, now}
	var choices []templates.Choice
	for _, n := range slices.Compact(slices.Sorted(slices.Values(hours))) {
		choices = append(choices, templates.Choice{Value: strconv.Itoa(n), Label: core.ExitRule{Hours: n}.HoursText()})
	}
	return choices
}

// exitRuleForm is the posted form; frame.PostedDesign reads the design.
type exitRuleForm struct {
	Community core.ID           `form:"community"`
	Seen      int64             `form:"seen"`
	Who       core.ExitWho      `form:"who" max:"16"`
	Arrears   core.ExitArrears  `form:"arrears" max:"16"`
	Reviewer  core.ExitReviewer `form:"reviewer" max:"16"`
	Hours     string            `form:"hours" max:"8" required:"请选择有效时间"` // a number, of which 0 is one
	From      core.Day          `form:"from_day"`
	Until     core.Day          `form:"until_day"`
}

// hours returns the number; −1, which no rule has, for another text.
func (f exitRuleForm) hours() int {
	n, err := strconv.Atoi(core.Clean(f.Hours))
	if err != nil {
		return -1
	}
	return n
}

func (p *Pages) exitRuleUpdate(c *web.Context) error {
	var form exitRuleForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	now, err := p.Store.ExitRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	design, rename := frame.PostedDesign(c.Form(), now.Form)
	rule := store.ExitRule{
		ExitRule: core.ExitRule{
			Who: form.Who, Arrears: form.Arrears, Reviewer: form.Reviewer, Hours: form.hours(), Form: design,
		},
		Community: at.ID, Updated: frame.ShownAt(form.Seen),
	}
	if !web.IsResumed(wrong) {
		if _, err := rule.Normalized(); err != nil {
			wrong = frame.MergeFields(wrong, core.InvalidFields(rename(web.FieldsOf(err))))
		}
	}
	term := core.RulePlanTerm{From: form.From, Until: form.Until}
	wrong = p.planWrong(c, wrong, at, "exitrule", term)
	if wrong == nil {
		asked, err := p.exitRuleAsk(c, at, now, rule, term)
		if asked || err != nil && !core.IsStale(err) {
			return err
		}
		wrong = err
	}
	switch {
	case wrong != nil:
	case term.Scheduled():
		_, wrong = p.Store.ScheduleExitRule(c.Ctx(), c.Actor(), c.Scope(), rule, term)
	default:
		wrong = p.Store.UpdateExitRule(c.Ctx(), c.Actor(), c.Scope(), rule)
	}
	if wrong != nil {
		if now, err = p.Store.ExitRule(c.Ctx(), c.Scope(), at.ID); err != nil {
			return err
		}
		page := p.exitRulePage(c, at, now)
		if page.Plans, err = p.rulePlans(c, at, "exitrule"); err != nil {
			return err
		}
		return p.FormPage(c, wrong, &page.Form, func(status int) error {
			return p.Page(c, status, "console/exitrule/show", page)
		})
	}
	c.Flash(web.FlashSuccess, planSaid(term))
	return c.Redirect(at.URL(frame.ExitRulePath))
}

// exitRuleAsk asks with what changes, and reports whether it did.
func (p *Pages) exitRuleAsk(
	c *web.Context, at frame.CommunityChoice, now store.ExitRule, rule store.ExitRule, term core.RulePlanTerm,
) (asked bool, err error) {
	if !rule.Updated.IsZero() && rule.Updated.UnixMilli() != now.Updated.UnixMilli() {
		return false, core.Stale()
	}
	normal, err := rule.Normalized()
	if err != nil {
		return false, err
	}
	if same, err := unchanged(c, normal.Equal(now.ExitRule), term, at.URL(frame.ExitRulePath)); same {
		return true, err
	}
	q, err := p.exitRuleQuestion(c, at, now.ExitRule, normal, term)
	if err != nil {
		return false, err
	}
	q.Action, q.Keep = frame.ExitRulePath, c.Form()
	return p.Ask(c, "exitrule", q)
}

// exitRuleQuestion returns the question of what a rule changes, for whom, and from when.
func (p *Pages) exitRuleQuestion(
	c *web.Context, at frame.CommunityChoice, now, rule core.ExitRule, term core.RulePlanTerm,
) (q templates.Confirm, err error) {
	_, certified, err := p.Store.ResidentCounts(c.Ctx(), core.ScopeOf(at.ID))
	if err != nil {
		return q, err
	}
	waiting, err := p.Store.CountExitSlips(c.Ctx(), core.ScopeOf(at.ID), store.ExitSlipFilter{State: core.ExitWaiting, Now: c.Now()})
	if err != nil {
		return q, err
	}
	q = templates.Confirm{
		Title: "修改“" + at.Name + "”的出门条设置？", Text: "改为：" + rule.Text() + "。", Submit: "保存设置",
		Effects: append([]string{
			"影响 " + frame.Grouped(certified) + " 名已认证的住户，" + startText(term),
			"已开出的出门条不变，" + frame.Grouped(waiting) + " 份待审核的申请仍由原来的人审核",
			"原来：" + now.Text(),
		}, formChange(now.Form, rule.Form)...),
		Cancel: at.URL(frame.ExitRulePath),
	}
	if rule.DrasticAfter(now) {
		q.Typed, q.Danger = at.Name, true
	}
	err = p.planQuestion(c, at, "exitrule", term, &q)
	return q, err
}
