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

// passRuleRestorePath restores what a rule was before a change.
const passRuleRestorePath = frame.PassRulePath + "/restore"

// versionsShown is the maximum number of versions on the page.
const versionsShown = 20

// passRuleVersion is a row of the versions: what the rule was until a change.
type passRuleVersion struct {
	At      time.Time
	By      string
	Changes []core.AuditChange
	Rule    string // before the change
	Menu    templates.RowMenu
}

// passRuleVersions returns the rows; each can be restored, the first as 恢复上一版.
func passRuleVersions(c *web.Context, at frame.CommunityChoice, versions []store.PassRuleVersion, csrf string) []passRuleVersion {
	rows := make([]passRuleVersion, len(versions))
	for i, v := range versions {
		rows[i] = passRuleVersion{At: v.At, By: v.By, Changes: v.Changes, Rule: v.Text()}
		if !c.Has(core.PermPassRuleEdit) {
			continue
		}
		label := "恢复这一版"
		if i == 0 {
			label = "恢复上一版"
		}
		rows[i].Menu = templates.RowMenu{
			Label: "这一版的操作", CSRF: csrf,
			Keep: []templates.Choice{{Label: "id", Value: v.ID.String()}, {Label: "community", Value: at.ID.String()}},
			Acts: []templates.Submit{{Label: label, URL: passRuleRestorePath, Icon: "arrow-back-up", Ask: true}},
		}
	}
	return rows
}

// passRuleRestore makes an earlier rule the community's again: itself a change, with its version.
func (p *Pages) passRuleRestore(c *web.Context) error {
	var form struct {
		ID        core.ID `form:"id"`
		Community core.ID `form:"community"`
		Seen      int64   `form:"seen"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	rule, err := p.Store.PassRuleVersion(c.Ctx(), c.Scope(), at.ID, form.ID)
	if err != nil {
		return err
	}
	now, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	q, err := p.passRuleQuestion(c, at, now.PassRule, rule)
	if err != nil {
		return err
	}
	q.Title, q.Submit = "恢复“"+at.Name+"”以前的通行证设置？", "恢复设置"
	q.Keep = url.Values{
		"id": {form.ID.String()}, "community": {at.ID.String()}, templates.SeenField: {templates.Seen(now.Updated)},
	}
	return p.Act(c, frame.Act{
		Stem: "passrule", Ask: q, Done: "已恢复，立即生效。", Back: at.URL(frame.PassRulePath),
		Do: func() error {
			return p.Store.UpdatePassRule(c.Ctx(), c.Actor(), c.Scope(), store.PassRule{
				PassRule: rule, Community: at.ID, Updated: frame.ShownAt(form.Seen),
			})
		},
	})
}
