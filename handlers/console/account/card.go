package account

import (
	"fmt"
	"strings"
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
		{Name: "audit", Title: "操作日志", Band: frame.BandWrong, Needs: core.PermAuditView, Show: p.auditCard},
		{Name: "system", Title: "系统", Band: frame.BandWrong, Needs: core.PermAboutView, Show: p.systemCard},
		{Name: "accounts", Title: "账号", Band: frame.BandWrong, Needs: core.PermAccountView, Show: p.accountsCard},
		{Name: "signins", Title: "异常登录", Band: frame.BandWrong, Needs: core.PermAuditView, Show: p.signInsCard},
		{Name: "recent", Title: "最近办理", Band: frame.BandToday, Needs: core.PermResidentEdit, Show: p.recentCard},
	}
}

// auditCardDays is how many days, with today, the card of the log counts.
const auditCardDays = 7

// auditCard reports whether the log is whole, and counts who looked at whole numbers, who took data away, and
// whose permissions were changed.
func (p *Pages) auditCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	health, err := p.auditHealth(c)
	if err != nil {
		return card, err
	}
	card.Note, card.Facts = "最近 7 天", []templates.Fact{health}
	today := p.Today(c)
	from := today - auditCardDays + 1
	for _, act := range auditCardActs() {
		total := 0
		filter := core.AuditFilter{From: from.Start(p.Store.Zone()), To: (today + 1).Start(p.Store.Zone()), Action: act.Name}
		if act.Name == auditReveal { // with the pictures, as the tab has them
			filter.Action, filter.Actions = "", auditViewActs()
		}
		_, _, err := p.Store.AuditRecords(c.Ctx(), scope, filter, store.Page{Limit: 1, Total: &total})
		if err != nil {
			return card, err
		}
		figure := templates.Figure{Label: act.Label, N: total, Bounded: true, Tone: templates.Info, URL: p.Within(
			c, frame.AuditPath, "from", from.String(), "to", today.String(), "act", act.Name,
		)}
		if act.Name == auditReveal {
			figure.Label = "完整信息查看"
			figure.URL = p.Within(c, frame.AuditViewPath, "from", from.String(), "to", today.String())
		}
		if total > 0 || act.Name == auditReveal {
			card.Figures = append(card.Figures, figure)
		}
	}
	return card, nil
}

// auditCardActs returns the acts that the card counts.
func auditCardActs() []core.Act {
	acts := []core.Act{{Name: auditReveal}}
	for _, act := range core.Acts() {
		if strings.HasSuffix(act.Name, ".export") || act.Name == "account.create" || act.Name == "account.update" {
			acts = append(acts, act)
		}
	}
	return acts
}

// systemCard shows the version of the program and what of WeChat is configured, and counts the account's own jobs that failed, as their
// list has them.
func (p *Pages) systemCard(c *web.Context, _ core.Scope) (card frame.CardBody, err error) {
	jobs, err := p.Store.Jobs(c.Ctx(), c.Account().ID)
	if err != nil {
		return card, err
	}
	failed := templates.Figure{
		Label: "我的失败任务", N: len(failedJobs(jobs)), Tone: templates.Neutral, URL: templates.WithQuery(frame.JobPath, nil, "state", "failed"),
	}
	if failed.N > 0 {
		failed.Tone = templates.Bad
	}
	card.Figures = []templates.Figure{failed}
	state := func(on bool) templates.Badge {
		if on {
			return templates.Badge{Tone: templates.Good, Text: "已接入"}
		}
		return templates.Badge{Tone: templates.Warn, Text: "未接入"}
	}
	card.Facts = []templates.Fact{{Label: "公众号", Badge: state(p.HasOfficial())}, {Label: "小程序", Badge: state(p.HasMini())}}
	if p.System.Version != "" {
		card.Facts = append(card.Facts, templates.Fact{Label: "版本", Value: "通行 " + p.System.Version, URL: frame.AboutPath})
	}
	return card, nil
}

// accountsCard counts the accounts by whether they are in use.
func (p *Pages) accountsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	for _, state := range []struct {
		name, label string
		disabled    bool
	}{{"enabled", "在用", false}, {"disabled", "已停用", true}} {
		n, at := 0, p.ShownCommunity(c)
		_, _, err := p.Store.Accounts(c.Ctx(), c.Scope(), store.AccountFilter{
			Disabled: state.disabled, At: at, Page: store.Page{Limit: 1, Total: &n},
		})
		if err != nil {
			return card, err
		}
		card.Figures = append(card.Figures, templates.Figure{
			Label: state.label, N: n, Bounded: true, Tone: templates.Neutral, URL: p.Within(c, frame.AccountPath, "state", state.name),
		})
	}
	return card, nil
}

// signInsCard lists the sign-ins that are unusual; nothing if none is.
func (p *Pages) signInsCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	odd, err := p.Store.OddSignIns(c.Ctx(), scope)
	card.Note = fmt.Sprintf("最近 %d 天", core.OddSignInDays)
	moment := func(at time.Time) string { return at.In(p.Store.Zone()).Format("01-02 15:04") }
	page := func(account core.ID) string {
		if !c.Has(core.PermAccountView) {
			return ""
		}
		return frame.AccountURL(account)
	}
	for _, f := range odd.Accounts {
		card.Facts = append(card.Facts, templates.Fact{
			Label: f.Name, Value: fmt.Sprintf("登录失败 %s 次，最近 %s", frame.Grouped(f.N), moment(f.Last)), URL: page(f.Account),
		})
	}
	for _, f := range odd.Addresses {
		card.Facts = append(card.Facts, templates.Fact{
			Label: "地址 " + f.Name,
			Value: fmt.Sprintf("失败 %s 次，试过 %s 个账号，最近 %s", frame.Grouped(f.N), frame.Grouped(f.Logins), moment(f.Last)),
		})
	}
	for _, d := range odd.Devices {
		card.Facts = append(card.Facts, templates.Fact{
			Label: d.Name, Value: moment(d.At) + " 在新设备登录，" + core.AgentLabel(d.Agent) + "，" + d.Addr, URL: page(d.Account),
		})
	}
	return card, err
}

// recentShown is how many of the account's own acts their card shows.
const recentShown = 6

// recentCard lists what the account itself did last, so that the counter finds back to it.
func (p *Pages) recentCard(c *web.Context, scope core.Scope) (card frame.CardBody, err error) {
	by := c.Actor()
	acts, _, err := p.Store.AuditRecords(
		c.Ctx(), scope, core.AuditFilter{Kind: by.Kind, Actor: by.ID}, store.Page{Limit: recentShown},
	)
	if err != nil {
		return card, err
	}
	names, err := p.Store.AuditSubjects(c.Ctx(), acts)
	for _, act := range acts {
		fact := templates.Fact{Label: act.ActionLabel(), Value: act.At.In(p.Store.Zone()).Format("01-02 15:04")}
		if name := names[act.Target]; name != "" {
			fact.Value, fact.URL = name+"，"+fact.Value, frame.SubjectURL(c, act.Target)
		}
		card.Facts = append(card.Facts, fact)
	}
	return card, err
}

// failedJobs returns the jobs that did not do their work.
func failedJobs(jobs []core.Job) []core.Job {
	var failed []core.Job
	for _, j := range jobs {
		if j.State == core.JobFailed || j.State == core.JobBroken {
			failed = append(failed, j)
		}
	}
	return failed
}
