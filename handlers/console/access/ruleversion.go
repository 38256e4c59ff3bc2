package access

import (
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// The paths that restore what a rule was before a change.
const (
	passRuleRestorePath    = frame.PassRulePath + "/restore"
	visitorRuleRestorePath = frame.VisitorRulePath + "/restore"
	exitRuleRestorePath    = frame.ExitRulePath + "/restore"
)

// versionsShown is the maximum number of versions on a page.
const versionsShown = 20

// ruleVersion is a row of the versions: what a rule was until a change.
type ruleVersion struct {
	At      time.Time
	By      string
	Changes []core.AuditChange
	Rule    string // before the change
	Menu    templates.RowMenu
}

// ruleVersions returns the rows, of which text describes the rules; each can be restored at path, the first as 恢复上一版.
func ruleVersions[R any](
	c *web.Context, at frame.CommunityChoice, path string, versions []store.RuleVersion[R], text func(R) string,
) []ruleVersion {
	rows := make([]ruleVersion, len(versions))
	for i, v := range versions {
		rows[i] = ruleVersion{At: v.At, By: v.By, Changes: v.Changes, Rule: text(v.Rule)}
		if !c.Has(core.PermPassRuleEdit) {
			continue
		}
		label := "恢复这一版"
		if i == 0 {
			label = "恢复上一版"
		}
		rows[i].Menu = templates.RowMenu{
			Label: "这一版的操作", CSRF: c.CSRF(),
			Keep: []templates.Choice{{Label: "id", Value: v.ID.String()}, {Label: "community", Value: at.ID.String()}},
			Acts: []templates.Submit{{Label: label, URL: path, Icon: "arrow-back-up", Ask: true}},
		}
	}
	return rows
}

// ruleRestore asks for an earlier version of a rule of a community.
type ruleRestore struct {
	ID        core.ID `form:"id"`
	Community core.ID `form:"community"`
	Seen      int64   `form:"seen"`
	at        frame.CommunityChoice
}

// ruleRestoreOf reads which version of which community is to be restored.
func (p *Pages) ruleRestoreOf(c *web.Context) (form ruleRestore, err error) {
	if err := c.Bind(&form); err != nil {
		return form, err
	}
	if form.at, err = p.CommunityOf(c, form.Community.String()); err == nil && form.at.ID == 0 {
		err = frame.ErrNotChosen
	}
	return form, err
}

// restoreRule makes an earlier rule the community's again: itself a change, with its version. q is the question of the
// rule's own change; do changes it, if it still is as it was seen. now is when it was changed last.
func (p *Pages) restoreRule(
	c *web.Context, form ruleRestore, stem string, now time.Time, q templates.Confirm, do func(seen time.Time) error,
) error {
	q.Submit, q.Action = "恢复设置", ""
	q.Keep = url.Values{
		"id": {form.ID.String()}, "community": {form.at.ID.String()}, templates.SeenField: {templates.Seen(now)},
	}
	return p.Act(c, frame.Act{
		Stem: stem, Ask: q, Done: "已恢复，立即生效。", Back: q.Cancel,
		Do: func() error {
			err := do(frame.ShownAt(form.Seen))
			if core.IsStale(err) { // there is no form to compare with
				return core.Conflict("刚刚有人修改过设置，没有恢复。请看过现在的设置，再决定要不要恢复")
			}
			return err
		},
	})
}

func (p *Pages) passRuleRestore(c *web.Context) error {
	form, err := p.ruleRestoreOf(c)
	if err != nil {
		return err
	}
	rule, err := p.Store.PassRuleVersion(c.Ctx(), c.Scope(), form.at.ID, form.ID)
	if err != nil {
		return err
	}
	now, err := p.Store.PassRule(c.Ctx(), c.Scope(), form.at.ID)
	if err != nil {
		return err
	}
	q, err := p.passRuleQuestion(c, form.at, now.PassRule, rule, core.RulePlanTerm{})
	if err != nil {
		return err
	}
	q.Title = "恢复“" + form.at.Name + "”以前的通行证设置？"
	return p.restoreRule(c, form, "passrule", now.Updated, q, func(seen time.Time) error {
		return p.Store.UpdatePassRule(c.Ctx(), c.Actor(), c.Scope(), store.PassRule{
			PassRule: rule, Community: form.at.ID, Updated: seen,
		})
	})
}

func (p *Pages) visitorRuleRestore(c *web.Context) error {
	form, err := p.ruleRestoreOf(c)
	if err != nil {
		return err
	}
	rule, err := p.Store.VisitorRuleVersion(c.Ctx(), c.Scope(), form.at.ID, form.ID)
	if err != nil {
		return err
	}
	now, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), form.at.ID)
	if err != nil {
		return err
	}
	q, err := p.visitorRuleQuestion(c, form.at, now.VisitorRule, rule, core.RulePlanTerm{})
	if err != nil {
		return err
	}
	q.Title = "恢复“" + form.at.Name + "”以前的访客设置？"
	return p.restoreRule(c, form, "visitorrule", now.Updated, q, func(seen time.Time) error {
		_, err := p.Store.UpdateVisitorRule(c.Ctx(), c.Actor(), c.Scope(), store.VisitorRule{
			VisitorRule: rule, Community: form.at.ID, Updated: seen,
		})
		return err
	})
}

func (p *Pages) exitRuleRestore(c *web.Context) error {
	form, err := p.ruleRestoreOf(c)
	if err != nil {
		return err
	}
	rule, err := p.Store.ExitRuleVersion(c.Ctx(), c.Scope(), form.at.ID, form.ID)
	if err != nil {
		return err
	}
	now, err := p.Store.ExitRule(c.Ctx(), c.Scope(), form.at.ID)
	if err != nil {
		return err
	}
	q, err := p.exitRuleQuestion(c, form.at, now.ExitRule, rule, core.RulePlanTerm{})
	if err != nil {
		return err
	}
	q.Title = "恢复“" + form.at.Name + "”以前的出门条设置？"
	return p.restoreRule(c, form, "exitrule", now.Updated, q, func(seen time.Time) error {
		return p.Store.UpdateExitRule(c.Ctx(), c.Actor(), c.Scope(), store.ExitRule{
			ExitRule: rule, Community: form.at.ID, Updated: seen,
		})
	})
}
