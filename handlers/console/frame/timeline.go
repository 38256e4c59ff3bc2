package frame

import (
	"cmp"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// actsShown is how many of the latest acts the timeline of a page shows.
const actsShown = 20

// Timeline returns what was done to the things of a page, the page's own first: "house:7". It is nil
// if the account may not see the log.
func (f *Frame) Timeline(c *web.Context, things ...string) (*templates.Timeline, error) {
	return f.timeline(c, c.Scope(), things)
}

// TimelineOfShared is Timeline for things of several communities that the caller has read in the account's scope: a line
// bears one of their communities alone, and so it may be another's.
func (f *Frame) TimelineOfShared(c *web.Context, things ...string) (*templates.Timeline, error) {
	return f.timeline(c, core.Everywhere, things)
}

// SeenBy adds the link to who looked at a person's numbers and pictures.
func SeenBy(line *templates.Timeline, person core.ID) {
	if line != nil && person != 0 {
		line.Views = templates.Action{Label: "信息查看记录", URL: templates.WithQuery(AuditViewPath, nil, PickID, person.String())}
	}
}

func (f *Frame) timeline(c *web.Context, scope core.Scope, things []string) (*templates.Timeline, error) {
	if !c.Has(core.PermAuditView) || len(things) == 0 {
		return nil, nil
	}
	acts, err := f.Store.ActsUpon(c.Ctx(), scope, things, actsShown)
	if err != nil {
		return nil, err
	}
	records := make([]core.AuditRecord, len(acts))
	for i, act := range acts {
		records[i].Target = act.Target
	}
	names, err := f.Store.AuditSubjects(c.Ctx(), records)
	if err != nil {
		return nil, err
	}
	communities, err := f.CommunityNames(c)
	if err != nil {
		return nil, err
	}
	line := &templates.Timeline{More: templates.Action{
		Label: "全部操作", URL: templates.WithQuery(AuditPath, nil, "subject", things[0]),
	}}
	for _, act := range acts {
		moment := momentOf(act, things[0], names, communities)
		if scope.Whole() && !c.Scope().Whole() && !c.Scope().Has(act.Record.Community) {
			moment.URL = "" // its page is others' to open
		}
		line.Moments = append(line.Moments, moment)
	}
	return line, nil
}

func momentOf(
	act core.ThingAct, own string, names map[string]string, communities map[core.ID]string,
) templates.Moment {
	m := templates.Moment{At: act.At, Title: act.Label, By: cmp.Or(act.By.Name, act.By.Kind.Label())}
	if act.Target != own {
		m.Of = names[act.Target]
	}
	switch {
	case act.Record.ID != 0:
		m.URL, m.Text = AuditURL(act.Record.ID), auditSummary(act.Record.NamedChanges(communities))
	case act.Batch != 0:
		m.URL = BatchURL(act.Batch)
	}
	if act.Undone {
		m.Title += "（已撤销）"
	}
	return m
}
