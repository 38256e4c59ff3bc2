package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const auditPath = "/console/audit"

func auditURL(id core.ID) string { return auditPath + "/" + id.String() }

// auditRoutes are 操作日志: the list, one line, and the export.
func (h *Console) auditRoutes() []web.Route {
	view := web.Need(core.PermAuditView)
	return []web.Route{
		{Method: http.MethodGet, Path: auditPath, Access: view, Handler: h.auditList},
		{Method: http.MethodGet, Path: auditPath + "/export.xlsx", Access: web.Need(core.PermAuditExport), Handler: h.auditExport, Time: -1, EachPerMinute: 30},
		{Method: http.MethodGet, Path: auditPath + "/:id", Access: view, Handler: h.auditShow},
	}
}

type auditListPage struct {
	templates.Shell
	List   templates.List
	Rows   []auditListRow
	Verify bool // the whole log may be checked
}

type auditListRow struct {
	URL, Act, Actor, ActorKind, Subject, SubjectKind, Community, Addr, Summary string
	Record                                                                     core.AuditRecord
}

// auditsAPage is how many lines a page shows.
const auditsAPage = 50

func (h *Console) auditList(c *web.Context) error {
	ask, wrong := h.auditAsk(c)
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	page := auditListPage{Shell: h.shell(c, "audit", "操作日志"), Verify: c.Scope().All}
	var err error
	if page.List, err = h.auditTable(c, ask); err != nil {
		return err
	}
	if wrong != nil {
		setErrors(page.List.Filters, web.FieldsOf(wrong))
		page.List.Export = ""
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Bad, Text: "筛选条件有误，请修改后再查询。"})
		return h.page(c, web.StatusOf(wrong), "console/audit/list", page)
	}
	asked := c.Page(auditsAPage)
	records, more, err := h.Store.AuditRecords(c.Ctx(), c.Scope(), ask.filter, asked)
	if err != nil {
		return err
	}
	names, err := h.Store.AuditSubjects(c.Ctx(), records)
	if err != nil {
		return err
	}
	var first, last core.ID
	for i, r := range records {
		page.Rows = append(page.Rows, auditRowOf(r, ask.at, names))
		if last = r.ID; i == 0 {
			first = last
		}
	}
	links := web.Links(c.Request().URL, asked, first, last, more)
	page.List.Count = len(page.Rows)
	page.List.Pager = templates.Pager{Prev: links.Newer, Next: links.Older, Summary: fmt.Sprintf("本页 %d 条", len(page.Rows))}
	page.Note = auditNote(ask, records, names)
	return h.page(c, http.StatusOK, "console/audit/list", page)
}

// auditNote says what the list is narrowed to by links, which no field shows.
func auditNote(ask auditAsk, records []core.AuditRecord, names map[string]string) string {
	var parts []string
	if ask.form.Subject != "" {
		kind, id := core.TargetOf(ask.form.Subject)
		parts = append(parts, "只看"+core.TargetWords(kind)+" "+cmp.Or(names[ask.form.Subject], id.String()))
	}
	if ask.filter.Actor != 0 && len(records) > 0 {
		parts = append(parts, "只看操作者 "+records[0].Actor.Name)
	}
	return strings.Join(parts, " · ")
}

func auditRowOf(r core.AuditRecord, at place, names map[string]string) auditListRow {
	kind, _ := core.TargetOf(r.Target)
	community := at.name(r.Community)
	if kind == "community" {
		community = "" // the subject itself
	}
	return auditListRow{
		URL: auditURL(r.ID), Act: r.Words(), Actor: cmp.Or(r.Actor.Name, r.Actor.Kind.Words()), ActorKind: r.Actor.Kind.Words(), Subject: names[r.Target], SubjectKind: core.TargetWords(kind),
		Community: community, Addr: r.Actor.Addr, Summary: auditSummary(r.NamedChanges(at.names())), Record: r,
	}
}

// summaryMost bounds the words of a line's change in the list.
const summaryMost = 60

// auditSummary says in a few words what changed, or what was made.
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
	if len(text) > summaryMost {
		return string(text[:summaryMost]) + "…"
	}
	return string(text)
}

type auditShowPage struct {
	templates.Shell
	Facts   []templates.Fact
	Changes []core.AuditChange
	Differs bool // something changed: columns before and after; otherwise what there was or is
	Gone    bool // of what was removed
	Links   []templates.Action
}

func (h *Console) auditShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	r, err := h.Store.AuditRecord(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	names, err := h.Store.AuditSubjects(c.Ctx(), []core.AuditRecord{r})
	if err != nil {
		return err
	}
	communities, err := h.communityNames(c)
	if err != nil {
		return err
	}
	page := auditShowOf(r, names[r.Target], communities)
	page.Facts[0].Value = r.At.In(h.Store.Zone()).Format("2006-01-02 15:04:05")
	page.Links = auditLinks(c, r)
	page.Shell = h.shell(c, "audit", r.Words())
	page.Crumbs, page.Note = []templates.Crumb{{Label: "操作日志", URL: auditPath}}, r.Actor.Name+" · "+page.Facts[0].Value
	return h.page(c, http.StatusOK, "console/audit/show", page)
}

// auditShowOf is the page of one line; the moment is the caller's to fill in.
func auditShowOf(r core.AuditRecord, subject string, communities map[core.ID]string) auditShowPage {
	kind, id := core.TargetOf(r.Target)
	number := ""
	if id != 0 {
		number = id.String()
	}
	page := auditShowPage{Changes: r.NamedChanges(communities), Differs: r.Before != "" && r.After != "", Gone: r.Before != "" && r.After == ""}
	facts := []templates.Fact{
		{Label: "时间"},
		{Label: "操作", Value: r.Words()},
		{Label: "操作者", Value: actorWords(r.Actor)},
		{Label: "对象", Value: strings.TrimSpace(core.TargetWords(kind) + " " + subject)},
		{Label: "对象编号", Value: number, Code: true},
		{Label: "小区", Value: communities[r.Community]},
		{Label: "来源地址", Value: r.Actor.Addr, Code: true},
		{Label: "请求编号", Value: r.Actor.RequestID, Code: true},
		{Label: "序号", Value: fmt.Sprint(r.Seq)},
		{Label: "校验值", Value: r.Hash, Code: true},
	}
	page.Facts = append(facts[:1], slices.DeleteFunc(facts[1:], func(f templates.Fact) bool { return f.Value == "" })...)
	return page
}

// actorWords names an actor and says what kind of caller they are.
func actorWords(a core.Actor) string {
	if a.Name == "" || a.Name == a.Kind.Words() {
		return a.Kind.Words()
	}
	return a.Name + "（" + a.Kind.Words() + "）"
}

// auditSubjectPages are the pages of what acts are done to, and who may open them.
var auditSubjectPages = map[string]struct {
	path string
	need core.Permission
}{
	"account": {accountPath, core.PermAccountView}, "observer": {observerPath, core.PermObserverView},
	"reader": {readerPath, core.PermReaderView}, "resident": {residentPath, core.PermResidentView},
}

// auditLinks lead to what the line is about and to more of its kind.
func auditLinks(c *web.Context, r core.AuditRecord) []templates.Action {
	var links []templates.Action
	kind, id := core.TargetOf(r.Target)
	if to, ok := auditSubjectPages[kind]; ok && id != 0 && c.Has(to.need) {
		links = append(links, templates.Action{Label: "打开" + core.TargetWords(kind), URL: to.path + "/" + id.String(), Icon: "external-link"})
	}
	if id != 0 {
		links = append(links, templates.Action{Label: "此对象的操作", URL: templates.WithQuery(auditPath, nil, "subject", r.Target), Icon: "history"})
	}
	if r.Actor.ID != 0 {
		links = append(links, templates.Action{Label: "此人的操作", URL: templates.WithQuery(auditPath, nil, "actor", actorChoice(r.Actor)), Icon: "user"})
	}
	return links
}

// auditExport streams the lines of the filters as a spreadsheet.
func (h *Console) auditExport(c *web.Context) error {
	ask, err := h.auditAsk(c)
	if err != nil {
		return err
	}
	names := ask.at.names()
	zone := h.Store.Zone()
	export := web.Export{Name: "操作日志", Columns: core.AuditColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return h.Store.ExportAudit(ctx, c.Actor(), c.Scope(), ask.filter, func(r core.AuditRecord) error {
			return add(r.Cells(names, zone)...)
		})
	})
}
