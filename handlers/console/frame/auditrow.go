package frame

import (
	"cmp"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
)

// AuditListRow is a row of the audit log in a list.
type AuditListRow struct {
	URL, Act, Actor, ActorKind, Subject, SubjectKind, Community, Addr, Summary string
	Batch                                                                      string // the page of its batch; "" = none
	SubjectURL                                                                 string // "" = gone, or no permission
	Record                                                                     core.AuditRecord
}

// AuditRowsOf returns rows of the audit log for lists. names are those of the subjects.
func AuditRowsOf(records []core.AuditRecord, at CommunityChoice, names map[string]string) []AuditListRow {
	communities := at.Names()
	rows := make([]AuditListRow, len(records))
	for i, r := range records {
		rows[i] = auditRowOf(r, at, communities, names)
	}
	return rows
}

func auditRowOf(r core.AuditRecord, at CommunityChoice, communities map[core.ID]string, names map[string]string) AuditListRow {
	kind, _ := core.TargetOf(r.Target)
	community := at.NameOf(r.Community)
	if kind == "community" {
		community = "" // the subject itself
	}
	row := AuditListRow{
		URL: AuditURL(r.ID), Act: r.ActionLabel(), Actor: cmp.Or(r.Actor.Name, r.Actor.Kind.Label()),
		ActorKind: r.Actor.Kind.Label(), Subject: names[r.Target], SubjectKind: core.TargetLabel(kind),
		Community: community, Addr: r.Actor.Addr, Summary: auditSummary(r.NamedChanges(communities)), Record: r,
	}
	if batch := r.Batch(); batch != 0 {
		row.Batch = BatchURL(batch)
	}
	return row
}

// maxSummary limits the length of a change in the list.
const maxSummary = 60

// auditSummary returns a short description of what changed, or what was created.
func auditSummary(changes []core.AuditChange) string {
	var changed, all []string
	for _, c := range changes {
		label := c.Label
		if label != "" {
			label += "："
		}
		text := label + cmp.Or(c.After, c.Before)
		if c.Changed {
			changed = append(changed, label+cmp.Or(c.Before, "无")+" → "+cmp.Or(c.After, "无"))
		}
		all = append(all, text)
	}
	if len(changed) == 0 {
		changed = all
	}
	text := []rune(strings.Join(changed, "；"))
	if len(text) > maxSummary {
		return string(text[:maxSummary]) + "…"
	}
	return string(text)
}

// SubjectURL returns the page of an act's subject; "" if it has none, or the account may not open it.
func SubjectURL(c *web.Context, target string) string {
	stem, id := core.TargetOf(target)
	f, _ := core.FeatureOf(stem)
	if f.Page == "" || id == 0 || !c.Has(f.Page) {
		return ""
	}
	return StemURL(cmp.Or(f.Path, stem), "") + "/" + id.String()
}
