package access

import (
	"fmt"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// Cards returns the area's cards of the home page.
func (p *Pages) Cards() []frame.Card {
	return []frame.Card{
		{Name: "doors", Title: "门禁读头", Band: frame.BandWrong, Needs: core.PermReaderView, Show: p.doorsCard},
		{Name: "restrictions", Title: "限制快到期", Band: frame.BandWrong, Needs: core.PermPassRuleView, Show: p.restrictionsCard},
		{Name: "plans", Title: "定时修改", Band: frame.BandToday, Needs: core.PermPassRuleView, Show: p.plansCard},
		{Name: "today", Title: "今天的出入", Band: frame.BandToday, Needs: core.PermAccessRecordView, Show: p.todayCard},
		{Name: "visitors", Title: "访客", Band: frame.BandToday, Needs: core.PermVisitorPassView, Show: p.visitorsCard},
		{Name: "exits", Title: "出门条", Band: frame.BandToday, Needs: core.PermExitSlipView, Show: p.exitsCard},
		{Name: "posts", Title: "门岗", Band: frame.BandToday, Needs: core.PermGuardPostView, Show: p.postsCard},
		{Name: "refusals", Title: "今天的拒绝原因", Band: frame.BandToday, Needs: core.PermAccessRecordView, Show: p.refusalsCard},
	}
}

// doorsCard counts the readers in use by state, those that are wrong first.
func (p *Pages) doorsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	counts, err := p.Store.ReaderStates(c.Ctx(), scope)
	if err != nil {
		return card, err
	}
	total := 0
	for _, state := range []struct {
		state core.ReaderState
		tone  templates.Tone
	}{{core.ReaderOffline, templates.Bad}, {core.ReaderStale, templates.Warn},
		{core.ReaderNever, templates.Neutral}, {core.ReaderOnline, templates.Good}} {
		n := counts[state.state]
		if total += n; n == 0 {
			state.tone = templates.Neutral
		}
		card.Figures = append(card.Figures, templates.Figure{
			Label: state.state.Label(), N: n, Tone: state.tone,
			URL: p.Within(c, frame.ReaderPath, "state", string(state.state)),
		})
	}
	if total == 0 {
		card.Figures = nil // nothing to watch: the set-up says that readers are missing
	}
	return card, nil
}

// restrictionsCard counts the restrictions that end soon, by community, as their list is of one.
func (p *Pages) restrictionsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	due, err := p.Store.RestrictionsDue(c.Ctx(), scope)
	if err != nil || len(due) == 0 {
		return card, err
	}
	names, err := p.CommunityNames(c)
	if err != nil {
		return card, err
	}
	card.Note = fmt.Sprintf("%d 天内到期，到期后恢复小区的规则", core.RestrictionDueDays)
	for _, d := range due {
		card.Figures = append(card.Figures, templates.Figure{
			Label: names[d.Community], N: d.N, Tone: templates.Warn,
			URL: templates.WithQuery(frame.RestrictionPath, nil, "community", d.Community.String(), "due", "soon"),
		})
	}
	return card, nil
}

// plansShown is the maximum number of scheduled changes on their card.
const plansShown = 8

// plansCard lists the settings that will change soon, and who has scheduled that.
func (p *Pages) plansCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	plans, more, err := p.Store.RulePlansSoon(c.Ctx(), scope, plansShown)
	if err != nil || len(plans) == 0 {
		return card, err
	}
	names, err := p.CommunityNames(c)
	if err != nil {
		return card, err
	}
	card.Note = fmt.Sprintf("%d 天内生效或恢复", core.RulePlanSoonDays)
	if more {
		card.Note += fmt.Sprintf("，最早的 %d 项", plansShown)
	}
	for _, plan := range plans {
		day, what := plan.Due()
		fact := templates.Fact{
			Label: day.String(), Value: plan.What() + " 0 点" + what + "，" + plan.By.Name + "安排",
			URL: templates.WithQuery(frame.StemURL(plan.Stem, ""), nil, "community", plan.Community.String()),
		}
		if plan.Now != "" {
			fact.Value = plan.What() + "定时修改到期，期间有人改过，不恢复"
		}
		if p.ShownCommunity(c) == 0 {
			fact.Value = names[plan.Community] + " · " + fact.Value
		}
		card.Facts = append(card.Facts, fact)
	}
	return card, nil
}

// todayCard counts today's passages, and draws them by the hour.
func (p *Pages) todayCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	today := p.Today(c)
	hours, err := p.Store.RecordHours(c.Ctx(), scope, core.RecordFilter{}, today)
	if err != nil {
		return card, err
	}
	sum, day := hours.Sum(), today.String()
	list := func(pairs ...string) string {
		return p.Within(c, frame.AccessRecordPath, append([]string{"from", day, "to", day}, pairs...)...)
	}
	card.Note = day
	card.Figures = []templates.Figure{
		{Label: "进门", N: sum.In, URL: list("direction", "in", "result", "allowed"), Tone: templates.Info},
		{Label: "出门", N: sum.Out, URL: list("direction", "out", "result", "allowed"), Tone: templates.Good},
		{Label: "拒绝", N: sum.Refused, URL: list("result", "refused"), Tone: templates.Bad},
	}
	if sum.Urgent > 0 {
		card.Figures = append(card.Figures, templates.Figure{
			Label: "其中紧急放行", N: sum.Urgent, URL: list("result", "urgent"), Tone: templates.Warn,
		})
	}
	query := url.Values{"from": {day}, "to": {day}}
	if at := p.ShownCommunity(c); at != 0 {
		query.Set("community", at.String())
	}
	if sum.All() == 0 { // nothing to draw
		return card, nil
	}
	card.Chart = HoursChart(hours, query)
	card.Chart.Title, card.Chart.Words = "今天按小时", Busiest(hours)
	return card, nil
}

// postsShown is the maximum number of guard posts on their card.
const postsShown = 8

// postsCard says of each guard post in use who is on duty, and when somebody last passed there.
func (p *Pages) postsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	posts, more, err := p.Store.GuardPosts(c.Ctx(), scope, store.GuardPostFilter{
		Disabled: "no", Sort: "name", Page: store.Page{Limit: postsShown},
	})
	if err != nil || len(posts) == 0 {
		return card, err
	}
	last, err := p.Store.LastAtPosts(c.Ctx(), scope, posts)
	if err != nil {
		return card, err
	}
	shifts, err := p.Store.LastGuardShifts(c.Ctx(), posts)
	if err != nil {
		return card, err
	}
	card.Note = "值班和最近一次通行"
	if more {
		card.Note = fmt.Sprintf("前 %d 个门岗，值班和最近一次通行", postsShown)
	}
	for _, post := range posts {
		fact := templates.Fact{Label: post.Name, Value: "还没有通行", URL: frame.GuardPostURL(post.ID)}
		if at := last[post.ID]; !at.IsZero() {
			fact.Value = at.In(p.Store.Zone()).Format("2006-01-02 15:04")
		}
		if duty := dutyText(shifts[post.ID], c.Now(), p.Store.Zone()); duty != "" {
			fact.Value = duty + "；" + fact.Value
		}
		card.Facts = append(card.Facts, fact)
	}
	return card, nil
}

// dutyText says by the latest shift of a post who is on duty there; "" where nobody ever takes over.
func dutyText(s core.GuardShift, now time.Time, zone *time.Location) string {
	switch {
	case s.ID == 0:
		return ""
	case s.State != core.ShiftOn:
		return "无人值班"
	case s.Forgotten(now):
		return s.GuardName + " 未交班，已超过 24 小时"
	}
	return s.GuardName + " 值班，" + s.Began.In(zone).Format("01-02 15:04") + " 起"
}

// visitorsCard counts who has come today, who is inside, and who for too long; nothing if nobody is a visitor.
func (p *Pages) visitorsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	total := 0
	for _, stay := range core.VisitorStays() {
		n, err := p.Store.CountVisitorPasses(c.Ctx(), scope, store.VisitorPassFilter{Stay: stay, Today: p.Today(c), Now: c.Now()})
		if err != nil {
			return card, err
		}
		total += n
		tone := templates.Info
		if stay == core.StayLate {
			if tone = templates.Neutral; n > 0 {
				tone = templates.Bad
			}
		}
		card.Figures = append(card.Figures, templates.Figure{
			Label: stay.Label(), N: n, Tone: tone, URL: p.Within(c, frame.VisitorPassPath, "stay", string(stay)),
		})
	}
	if total == 0 {
		card.Figures = nil
	}
	return card, nil
}

// exitsCard counts the slips by which something is to leave today, by state; nothing if there are none.
func (p *Pages) exitsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	today, total := p.Today(c), 0
	for _, state := range []core.ExitState{core.ExitWaiting, core.ExitGranted, core.ExitPartial, core.ExitLeft} {
		n, err := p.Store.CountExitSlips(c.Ctx(), scope, store.ExitSlipFilter{State: state, Planned: today, Now: c.Now()})
		if err != nil {
			return card, err
		}
		total += n
		card.Figures = append(card.Figures, templates.Figure{
			Label: state.Label(), N: n, Tone: frame.ExitBadge(state).Tone,
			URL: p.Within(c, frame.ExitSlipPath, "state", string(state), "planned", today.String()),
		})
	}
	if total == 0 {
		card.Figures = nil
	}
	card.Note = "今天出门"
	return card, nil
}

// refusalsCard counts today's refusals by reason, the most frequent first.
func (p *Pages) refusalsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	today := p.Today(c)
	reasons, err := p.Store.RefusalReasons(c.Ctx(), scope, today)
	for _, r := range reasons {
		card.Figures = append(card.Figures, templates.Figure{
			Label: r.Reason.Label(), N: r.N, Tone: templates.Bad, URL: p.Within(
				c, frame.AccessRecordPath, "from", today.String(), "to", today.String(), "result", "refused", "reason", string(r.Reason),
			),
		})
	}
	return card, err
}
