package access

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// restrictionLiftPath lifts several restrictions: those ticked, or all of the list.
const restrictionLiftPath = frame.RestrictionPath + "/lift"

// restrictionsLift lifts the ticked restrictions or, with all=1, those of the whole list with its
// filters.
func (p *Pages) restrictionsLift(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"500"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	back := templates.WithQuery(frame.RestrictionPath, c.Request().URL.Query(), "all", "")
	houses := form.IDs
	if c.Query("all") == "1" {
		_, filter, err := p.restrictionFilter(c)
		if err != nil {
			return err
		}
		if houses, err = p.Store.RestrictedHouses(c.Ctx(), c.Scope(), filter); err != nil {
			return err
		}
	}
	if len(houses) == 0 {
		c.Flash(web.FlashWarning, "没有选择房屋。")
		return c.Redirect(back)
	}
	// Those that a colleague has lifted since the list was drawn, or whose house is gone, are passed over.
	held, err := p.Store.RestrictionsOf(c.Ctx(), core.ScopeOf(at.ID), houses)
	if err != nil {
		return err
	}
	asked := len(houses)
	houses = slices.DeleteFunc(houses, func(id core.ID) bool { _, restricted := held[id]; return !restricted })
	lifted := ""
	if n := asked - len(houses); n > 0 {
		lifted = frame.Grouped(n) + " 套已经解除，不在其中"
	}
	if len(houses) == 0 {
		c.Flash(web.FlashWarning, "限制已经解除，可能是其他人刚刚操作的。")
		return c.Redirect(back)
	}
	told, err := p.forecast(c, at.ID, houses, 0)
	if err != nil {
		return err
	}
	ask, err := p.restrictionLiftQuestion(c, at, houses, told)
	if err != nil {
		return err
	}
	if lifted != "" {
		ask.Effects = append(ask.Effects, lifted)
		lifted += "。"
	}
	if len(houses) <= store.MaxRestriction { // those that it asks about, not the list as it is when answered
		ask.Keep, ask.Action = url.Values{"id": frame.IDValues(houses)}, templates.WithQuery(
			restrictionLiftPath, c.Request().URL.Query(), "all", "",
		)
	}
	said, missed := missedAfter(c, at.ID, told)
	return p.Act(c, frame.Act{
		Stem: "passrule", Ask: ask, Back: back, Missed: missed,
		Batch: func() (core.Batch, error) {
			return p.Store.LiftRestrictions(c.Ctx(), c.Actor(), c.Scope(), at.ID, houses)
		},
		DoneAll: func(b core.Batch) string {
			return "已解除 " + frame.Grouped(b.Size) + " 套房屋的限制，立即恢复小区的规则。" + lifted + said
		},
	})
}

func (p *Pages) restrictionLiftQuestion(
	c *web.Context, at frame.CommunityChoice, houses []core.ID, told store.RestrictionForecast,
) (templates.Confirm, error) {
	rule, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return templates.Confirm{}, err
	}
	named, err := p.housesNamed(c, houses)
	n := frame.Grouped(len(houses))
	q := templates.Confirm{
		Title: "解除“" + at.Name + "” " + n + " 套房屋的限制？", Text: "立即恢复小区的规则：" + rule.Text() + "。",
		Effects: append(toldEffects(told, 0), named), Submit: "解除 " + n + " 套房屋",
		Typed: frame.TypedNumber(len(houses)),
	}
	if err != nil {
		return q, err
	}
	planned, err := p.Store.PlannedRestrictions(c.Ctx(), c.Scope(), at.ID, houses)
	q.Effects = append(q.Effects, plannedStill(planned)...)
	if len(houses) > frame.ThingsNamed {
		q.All = &templates.Action{
			Label: "查看全部房屋", URL: templates.WithQuery(frame.RestrictionPath, c.Request().URL.Query(), "all", ""),
		}
	}
	return q, err
}

// housesNamed names houses for a question, as far as it names them.
func (p *Pages) housesNamed(c *web.Context, houses []core.ID) (string, error) {
	some, err := p.Store.HousesByID(c.Ctx(), c.Scope(), houses[:min(frame.ThingsNamed, len(houses))])
	if err != nil {
		return "", err
	}
	return housesText(len(some), len(houses), func(i int) string { return some[i].Label }), nil
}

// housesText names the first of some houses.
func housesText(named, all int, name func(i int) string) string {
	words := "房屋：" + strings.Join(frame.Named(named, "套", name), "、")
	if all > named {
		words += "等 " + frame.Grouped(all) + " 套"
	}
	return words
}

// plannedEffects returns what becomes of restrictions that are scheduled for houses that are restricted now.
func plannedEffects(planned []store.PlannedRestriction, r core.Restriction) (words []string) {
	for _, plan := range planned {
		n := plan.Of - plan.Left
		switch {
		case plan.Restriction == r:
		case !r.Holds(plan.From): // what kept some of them out of the plan is replaced by one that will be over
			words = append(words, plannedText(plan, plan.Of)+"，到时照常生效")
		case n > 0:
			words = append(words, plannedText(plan, n)+"，到时仍按这次的限制")
		}
	}
	return words
}

// plannedStill returns which restrictions are scheduled for houses whose present ones are lifted.
func plannedStill(planned []store.PlannedRestriction) (words []string) {
	for _, plan := range planned {
		words = append(words, plannedText(plan, plan.Of)+"，到时照常生效")
	}
	return words
}

func plannedText(plan store.PlannedRestriction, n int) string {
	return "其中 " + frame.Grouped(n) + " 套已安排 " + plan.Text() + " " + core.ExitsText(plan.Restriction.Exits)
}

// restrictionQuestion asks before houses are restricted.
func restrictionQuestion(
	at frame.CommunityChoice, change store.RestrictionChange, plan store.RestrictionPlan, told store.RestrictionForecast,
	from core.Day, sent url.Values,
) templates.Confirm {
	n, starts := frame.Grouped(plan.Houses), startText(core.RulePlanTerm{From: from})
	houses := "“" + at.Name + "” " + n + " 套房屋"
	if change.Whole {
		houses = "“" + at.Name + "”全部 " + n + " 套房屋"
	}
	q := templates.Confirm{
		Title: "限制" + houses + "的出入？", Text: core.ExitsText(change.Exits) + "，" + starts + "，长期有效，可以随时解除。",
		Effects: append(toldEffects(told, from), "原因原文发给住户："+change.Reason),
		Submit:  "限制 " + n + " 套房屋", Danger: true, Action: frame.RestrictionPath, Cancel: at.URL(frame.RestrictionPath),
		Keep: url.Values{}, Typed: frame.TypedNumber(plan.Houses),
	}
	if change.LastDay != 0 {
		q.Text = core.ExitsText(change.Exits) + "，" + starts + "，到 " + change.LastDay.String() + " 当天为止。"
	}
	if plan.Replaced > 0 {
		q.Effects = append(q.Effects, fmt.Sprintf("其中 %s 套已有限制，原来的次数、原因和截止日期将被替换", frame.Grouped(plan.Replaced)))
	}
	if change.Exits == 0 { // not to count takes nothing away
		q.Title, q.Submit, q.Danger = "把"+houses+"的出门次数改为不限？", "改为不限次数", false
	}
	if change.Whole {
		q.Typed = at.Name
	}
	if from != 0 {
		q.Title, q.Submit = "安排"+q.Title, "安排限制"
		if change.Whole {
			q.Effects = append(q.Effects, "那天登记在这里的全部房屋都限制，之后另外限制的除外")
		} else {
			q.Effects = append(q.Effects, "到时已删除的，以及之后另外限制的房屋除外")
		}
	}
	for name, values := range sent {
		if !slices.Contains([]string{"q", "act", "announced_mark"}, name) && !strings.HasPrefix(name, "hx-") {
			q.Keep[name] = values
		}
	}
	q.Keep.Set("announced_mark", plan.Mark)
	return q
}
