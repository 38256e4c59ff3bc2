package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// rulePlanRoutes returns the routes of 定时修改: what was scheduled is cancelled or ended on the page of the settings. It is scheduled
// by the form of the settings.
func (p *Pages) rulePlanRoutes() []web.Route {
	edit := web.NeedAny(core.PermPassRuleEdit, core.PermRestrictionEdit)
	return []web.Route{
		{Method: http.MethodPost, Path: frame.RulePlanPath + "/:id/cancel", Access: edit, Level: web.Asks, Handler: p.rulePlanCancel},
		{Method: http.MethodPost, Path: frame.RulePlanPath + "/:id/end", Access: edit, Level: web.Types, Handler: p.rulePlanEnd},
	}
}

// rulePlansShown is the maximum number of scheduled changes on a page that are over.
const rulePlansShown = 20

// rulePlanTable lists scheduled changes.
type rulePlanTable struct {
	Name  string // of the element with its title
	Title string
	CSRF  string
	Acts  bool // it has a column of them
	Rows  []rulePlanRow
}

type rulePlanRow struct {
	Term, Words, By, Why string
	Community            string // of several
	State                templates.Badge
	URL                  string // of the houses that a restriction is for, or has restricted; "" = none, or no permission
	Act                  *templates.Submit
}

// rulePlans are the tables of the scheduled changes of a stem.
type rulePlans struct{ Open, Over rulePlanTable }

func (p *Pages) rulePlans(c *web.Context, at frame.CommunityChoice, stem string) (tables rulePlans, err error) {
	open, over, err := p.Store.RulePlans(c.Ctx(), c.Scope(), at.ID, stem, rulePlansShown)
	tables.Open = rulePlanTable{Name: "plans-title", Title: "已安排的修改", CSRF: c.CSRF(), Acts: c.Has(core.RulePlanNeeds(stem))}
	tables.Over = rulePlanTable{Name: "planned-title", Title: "定时修改记录"}
	for _, plan := range open {
		tables.Open.Rows = append(tables.Open.Rows, rulePlanRowOf(c, at, plan))
	}
	for _, plan := range over {
		tables.Over.Rows = append(tables.Over.Rows, rulePlanRowOf(c, at, plan))
	}
	return tables, err
}

func rulePlanRowOf(c *web.Context, at frame.CommunityChoice, plan core.RulePlan) rulePlanRow {
	tone := map[core.RulePlanState]templates.Tone{
		core.RulePlanWaiting: templates.Info, core.RulePlanInForce: templates.Good, core.RulePlanFailed: templates.Bad,
	}[plan.State]
	row := rulePlanRow{
		Term: plan.Text(), Words: plan.Words, By: plan.By.Name, Why: plan.Why,
		State: templates.Badge{Tone: tone, Text: plan.State.Label()},
	}
	if at.ID == 0 {
		row.Community = at.NameOf(plan.Community)
	}
	if plan.State == core.RulePlanInForce && plan.Why == "" {
		row.Why = "之后恢复：" + plan.Before
	}
	if plan.Now != "" {
		row.Why = "期间有人改过设置，到期不恢复原来的"
	}
	if plan.Left > 0 {
		row.Why = "另外限制了或已删除的 " + frame.Grouped(plan.Left) + " 套，到时不限制"
	}
	if all := rulePlanHouses(c, plan); all != nil {
		row.URL = all.URL
	}
	if !c.Has(plan.Needs()) {
		return row
	}
	if plan.Batch != 0 {
		row.URL = frame.BatchURL(plan.Batch)
	}
	url := frame.RulePlanPath + "/" + plan.ID.String()
	switch plan.State {
	case core.RulePlanWaiting:
		row.Act = &templates.Submit{Label: "取消", URL: url + "/cancel", Icon: "x", Ask: true}
	case core.RulePlanInForce:
		row.Act = &templates.Submit{Label: "提前结束", URL: url + "/end", Icon: "arrow-back-up", Ask: true}
	}
	return row
}

// rulePlanHouses leads to the houses that a restriction that waits is for; nil = it is another change, or no permission to see them.
func rulePlanHouses(c *web.Context, plan core.RulePlan) *templates.Action {
	if plan.Stem != "restriction" || plan.State != core.RulePlanWaiting || !c.Has(core.PermHouseView) {
		return nil
	}
	some := ""
	if !plan.Whole {
		some = plan.ID.String()
	}
	return &templates.Action{
		Label: "查看房屋", URL: templates.WithQuery(frame.HousePath, nil, "community", plan.Community.String(), "plan", some),
	}
}

// rulePlanSection is the part of a form that says when its settings start and end.
func rulePlanSection(p *Pages, c *web.Context) templates.Section {
	today, tomorrow := p.Today(c).String(), (p.Today(c) + 1).String()
	return templates.Section{Title: "生效时间", Fields: []templates.Field{
		{
			Kind: templates.Date, Name: "from_day", Label: "从哪天起", Min: tomorrow,
			Help: "那天 0 点生效。不填为保存后立即生效。",
		},
		{Kind: templates.Date, Name: "until_day", Label: "到哪天为止", Min: today, Help: "之后恢复现在的设置。不填为一直有效。"},
	}}
}

// planWrong adds to what is wrong with a form what is wrong with its term.
func (p *Pages) planWrong(c *web.Context, wrong error, at frame.CommunityChoice, stem string, term core.RulePlanTerm) error {
	if !term.Scheduled() || web.IsResumed(wrong) {
		return wrong
	}
	return frame.MergeFields(wrong, p.Store.CheckRulePlan(c.Ctx(), c.Scope(), at.ID, stem, term))
}

// startText says when a change starts.
func startText(term core.RulePlanTerm) string {
	if term.From != 0 {
		return term.From.String() + " 0 点生效"
	}
	return "立即生效"
}

// planQuestion makes the question of a change that of its scheduling; that of a change at once says what was scheduled before.
func (p *Pages) planQuestion(
	c *web.Context, at frame.CommunityChoice, stem string, term core.RulePlanTerm, q *templates.Confirm,
) error {
	if term.Scheduled() {
		q.Text = term.Text() + "，" + q.Text
	}
	if term.Until != 0 {
		q.Effects = append(q.Effects, "到期恢复那之前的设置；期间有人修改过的，不恢复")
	}
	if term.From != 0 {
		q.Title, q.Submit = "安排"+q.Title, "安排修改"
		return nil
	}
	open, _, err := p.Store.RulePlans(c.Ctx(), c.Scope(), at.ID, stem, 0)
	for _, plan := range open {
		if plan.State == core.RulePlanInForce {
			q.Effects = append(q.Effects, "定时修改（"+plan.Text()+"）正在生效，改了以后到期不再恢复原来的设置")
		} else {
			q.Effects = append(q.Effects, "已安排 "+plan.Text()+" 整套改为："+plan.Words)
		}
	}
	return err
}

// planSaid is what is said of a change that is saved.
func planSaid(term core.RulePlanTerm) string {
	switch {
	case term.From != 0:
		return "已安排，" + startText(term) + "。"
	case term.Until != 0:
		return "已保存，立即生效，" + term.Until.String() + " 之后恢复原来的设置。"
	}
	return "已保存，立即生效。"
}

// rulePlanToChange returns the scheduled change in the path to who may schedule such, and its community.
func (p *Pages) rulePlanToChange(c *web.Context) (plan core.RulePlan, at frame.CommunityChoice, err error) {
	id, err := c.ParamID("id")
	if err != nil {
		return plan, at, err
	}
	plan, err = p.Store.RulePlan(c.Ctx(), c.Scope(), id)
	if err != nil {
		return plan, at, err
	}
	if !c.Has(plan.Needs()) {
		return plan, at, core.Forbidden("需要“" + plan.Needs().Name() + "”的权限")
	}
	at, err = p.CommunityOf(c, plan.Community.String())
	return plan, at, err
}

func (p *Pages) rulePlanCancel(c *web.Context) error {
	plan, at, err := p.rulePlanToChange(c)
	if err != nil {
		return err
	}
	houses, residents, err := p.Store.RulePlanReach(c.Ctx(), c.Scope(), plan)
	if err != nil {
		return err
	}
	effects := []string{"现在的设置不变", "取消后不能恢复，需要时重新安排"}
	if plan.Stem == "restriction" && !plan.Whole && houses > 0 {
		some, _, err := p.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{
			Community: plan.Community, Plan: plan.ID, Page: store.Page{Limit: frame.ThingsNamed},
		})
		if err != nil {
			return err
		}
		effects = append(effects, housesText(len(some), houses, func(i int) string { return some[i].Label }))
	}
	reach := "涉及 " + frame.Grouped(residents) + " 名住户，到时不再生效"
	if plan.Stem == "restriction" {
		reach = "涉及 " + frame.Grouped(houses) + " 套房屋、" + frame.Grouped(residents) + " 名住户，到时不限制"
	}
	all := rulePlanHouses(c, plan)
	if plan.Stem == "restriction" && houses == 0 {
		reach, all = "到时没有可限制的房屋，都已删除或另外限制", nil
	}
	return p.Act(c, frame.Act{
		Stem: "passrule", Back: at.URL(frame.StemURL(plan.Stem, "")), Done: "已取消 " + plan.Text() + " 的修改。",
		Ask: templates.Confirm{
			Title: "取消“" + at.Name + "”定时的" + plan.What() + "？", Text: plan.Text() + "：" + plan.Words + "。", Submit: "取消安排",
			Effects: append([]string{reach}, effects...), All: all,
		},
		Do: func() error { return p.Store.CancelRulePlan(c.Ctx(), c.Actor(), c.Scope(), plan.ID) },
	})
}

func (p *Pages) rulePlanEnd(c *web.Context) error {
	plan, at, err := p.rulePlanToChange(c)
	if err != nil {
		return err
	}
	_, residents, err := p.Store.RulePlanReach(c.Ctx(), c.Scope(), plan)
	if err != nil {
		return err
	}
	act := frame.Act{
		Stem: "passrule", Back: at.URL(frame.StemURL(plan.Stem, "")), Ask: rulePlanEndQuestion(at, plan, residents),
	}
	var restored bool
	act.Batch = func() (batch core.Batch, err error) {
		restored, err = p.Store.EndRulePlan(c.Ctx(), c.Actor(), c.Scope(), plan.ID)
		return batch, err
	}
	act.DoneAll = func(core.Batch) string {
		if !restored {
			return "已结束。期间有人改过设置，没有恢复原来的，请看修改记录。"
		}
		return "已结束，恢复了原来的设置。"
	}
	return p.Act(c, act)
}

// rulePlanEndQuestion returns the question of 提前结束.
func rulePlanEndQuestion(at frame.CommunityChoice, plan core.RulePlan, residents int) templates.Confirm {
	q := templates.Confirm{
		Title: "提前结束“" + at.Name + "”定时的" + plan.What() + "？", Text: "立即恢复为：" + plan.Before + "。", Submit: "恢复设置",
		Effects: []string{
			"影响 " + frame.Grouped(residents) + " 名住户，立即生效", "现在：" + plan.Words, "本来到 " + plan.Until.String() + " 为止",
		},
	}
	if plan.Now != "" { // nothing is put back
		q.Text, q.Submit = "期间有人改过设置，不恢复原来的，只结束这次安排。", "结束安排"
		q.Effects = []string{"现在的设置不变：" + plan.Now, q.Effects[2]}
		return q
	}
	if plan.Drastic {
		q.Typed, q.Danger = at.Name, true
	}
	return q
}
