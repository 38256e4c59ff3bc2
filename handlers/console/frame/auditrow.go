package frame

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

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
	detail := r.Detail().Named(communities)
	row := AuditListRow{
		URL: AuditURL(r.ID), Act: r.ActionLabel(), Actor: cmp.Or(r.Actor.Name, r.Actor.Kind.Label()),
		ActorKind: r.Actor.Kind.Label(), Subject: names[r.Target], SubjectKind: core.TargetLabel(kind),
		Community: community, Addr: r.Actor.Addr, Summary: auditSummary(detail.Changes), Record: r,
	}
	if detail.Batch != 0 {
		row.Batch = BatchURL(detail.Batch)
	}
	return row
}

// maxSummary limits the length of a change in the list.
const maxSummary = 60

// auditSummary returns a short description of what changed, or what was created.
func auditSummary(changes []core.AuditChange) string {
	differs := slices.ContainsFunc(changes, func(c core.AuditChange) bool { return c.Changed })
	var text strings.Builder
	for _, c := range changes {
		if differs && !c.Changed {
			continue
		}
		if text.Len() > 0 {
			text.WriteString("；")
		}
		if c.Label != "" {
			text.WriteString(c.Label + "：")
		}
		if differs {
			text.WriteString(cmp.Or(c.Before, "无") + " → " + cmp.Or(c.After, "无"))
		} else {
			text.WriteString(cmp.Or(c.After, c.Before))
		}
		if text.Len() > maxSummary*utf8.UTFMax {
			break // is cut
		}
	}
	length := 0
	for end := range text.String() {
		if length == maxSummary {
			return text.String()[:end] + "…"
		}
		length++
	}
	return text.String()
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
