package account

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// auditVerifyPath is the tab 校验, to which its button posts.
const auditVerifyPath = frame.AuditPath + "/verify"

// auditRoutes returns the routes of 操作日志: the list, one row, and the export.
func (p *Pages) auditRoutes() []web.Route {
	view := web.Need(core.PermAuditView)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AuditPath, Access: view, Handler: p.auditList},
		{
			Method: http.MethodGet, Path: frame.AuditPath + "/export.xlsx",
			Access: web.Need(core.PermAuditExport), Handler: p.auditExport, Time: -1, EachPerMinute: 30,
		},
		{Method: http.MethodGet, Path: frame.AuditViewPath, Access: view, Handler: p.auditViewList},
		{Method: http.MethodGet, Path: auditVerifyPath, Access: view, Handler: p.auditVerifyShow},
		{Method: http.MethodGet, Path: frame.AuditPath + "/:id", Access: view, Handler: p.auditShow},
	}
}

type auditListPage struct {
	templates.Shell
	Tabs   templates.Tabs
	List   templates.List
	Rows   []frame.AuditListRow
	Verify bool // the caller may have the whole log verified
}

// auditsAPage is the number of rows per page.
const auditsAPage = 50

func (p *Pages) auditList(c *web.Context) error {
	ask, wrong := p.auditAsk(c)
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	page := auditListPage{Shell: p.Shell(c, "audit", "操作日志"), Tabs: logTabs(c, "audit"), Verify: c.Actor().MayOperate()}
	var err error
	if page.List, err = p.auditTable(c, ask); err != nil {
		return err
	}
	if wrong != nil {
		frame.SetErrors(page.List.Filters, web.FieldsOf(wrong))
		page.List.Export = ""
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Bad, Text: "筛选条件有误，请修改后再查询。"})
		return p.Page(c, web.StatusOf(wrong), "console/audit/list", page)
	}
	asked := c.CountedPage(auditsAPage)
	records, more, err := p.Store.AuditRecords(c.Ctx(), c.Scope(), ask.filter, asked)
	if err != nil {
		return err
	}
	names, err := p.Store.AuditSubjects(c.Ctx(), records)
	if err != nil {
		return err
	}
	page.Rows = frame.AuditRowsOf(records, ask.at, names)
	for i, row := range page.Rows {
		if row.Subject != "" {
			page.Rows[i].SubjectURL = frame.SubjectURL(c, row.Record.Target)
		}
	}
	web.Paged(&page.List, asked, records, more, func(r core.AuditRecord) core.ID { return r.ID })
	page.Total = page.List.TotalText("条")
	page.Note = auditNote(ask, records, names)
	return p.Page(c, http.StatusOK, "console/audit/list", page)
}

// auditNote describes filters of the list that come from links and have no field.
func auditNote(ask auditAsk, records []core.AuditRecord, names map[string]string) string {
	var parts []string
	if ask.form.Subject != "" {
		kind, id := core.TargetOf(ask.form.Subject)
		parts = append(parts, "只看"+core.TargetLabel(kind)+" "+cmp.Or(names[ask.form.Subject], id.String()))
	}
	if ask.filter.Actor != 0 && len(records) > 0 {
		parts = append(parts, "只看操作者 "+records[0].Actor.Name)
	}
	return strings.Join(parts, " · ")
}

type auditShowPage struct {
	templates.Shell
	Facts   []templates.Fact
	Changes []core.AuditChange
	Differs bool // something changed: before and after columns; otherwise one column
	Gone    bool // a removed thing's values
	Links   []templates.Action
}

func (p *Pages) auditShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	r, err := p.Store.AuditRecord(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	names, err := p.Store.AuditSubjects(c.Ctx(), []core.AuditRecord{r})
	if err != nil {
		return err
	}
	communities, err := p.CommunityNames(c)
	if err != nil {
		return err
	}
	page := auditShowOf(r, names[r.Target], communities)
	page.Facts[0].Value = r.At.In(p.Store.Zone()).Format("2006-01-02 15:04:05")
	page.Links = auditLinks(c, r, names[r.Target])
	page.Shell = p.Shell(c, "audit", r.ActionLabel())
	page.Crumbs, page.Note = []templates.Crumb{{Label: "操作日志", URL: frame.AuditPath}}, r.Actor.Name+" · "+page.Facts[0].Value
	return p.Page(c, http.StatusOK, "console/audit/show", page)
}

// auditShowOf returns the page of one row; the caller fills in the time.
func auditShowOf(r core.AuditRecord, subject string, communities map[core.ID]string) auditShowPage {
	kind, id := core.TargetOf(r.Target)
	number := ""
	if id != 0 {
		number = id.String()
	}
	page := auditShowPage{
		Changes: r.NamedChanges(communities), Differs: r.Before != "" && r.After != "",
		Gone: r.Before != "" && r.After == "",
	}
	facts := []templates.Fact{
		{Label: "时间"},
		{Label: "操作", Value: r.ActionLabel()},
		{Label: "操作者", Value: actorText(r.Actor)},
		{Label: "对象", Value: strings.TrimSpace(core.TargetLabel(kind) + " " + subject)},
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

// actorText returns an actor's name and kind.
func actorText(a core.Actor) string {
	if a.Name == "" || a.Name == a.Kind.Label() {
		return a.Kind.Label()
	}
	return a.Name + "（" + a.Kind.Label() + "）"
}

// auditLinks lead to what the line is about and to more of its kind. A thing that has
// names and has none now is gone, and its page with it.
func auditLinks(c *web.Context, r core.AuditRecord, name string) []templates.Action {
	var links []templates.Action
	stem, id := core.TargetOf(r.Target)
	f, _ := core.FeatureOf(stem)
	if to := frame.SubjectURL(c, r.Target); to != "" && (f.Table == "" || name != "") {
		links = append(links, templates.Action{Label: "打开" + f.Noun, URL: to, Icon: "external-link"})
	}
	if batch := r.Batch(); batch != 0 {
		links = append(links, templates.Action{Label: "查看批量操作", URL: frame.BatchURL(batch), Icon: "arrow-back-up"})
	}
	if id != 0 {
		links = append(links, templates.Action{
			Label: "相关操作", URL: templates.WithQuery(frame.AuditPath, nil, "subject", r.Target),
			Icon: "history",
		})
	}
	if r.Actor.ID != 0 {
		links = append(links, templates.Action{
			Label: "此人的操作", URL: templates.WithQuery(frame.AuditPath, nil, "actor", actorChoice(r.Actor)),
			Icon: "user",
		})
	}
	return links
}

// auditExport streams the filtered rows as a spreadsheet.
func (p *Pages) auditExport(c *web.Context) error {
	ask, err := p.auditAsk(c)
	if err != nil {
		return err
	}
	names := ask.at.Names()
	zone := p.Store.Zone()
	export := web.Export{Name: "操作日志", Columns: core.AuditColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return p.Store.ExportAudit(ctx, c.Actor(), c.Scope(), ask.filter, func(r core.AuditRecord) error {
			return add(r.Cells(names, zone)...)
		})
	})
}
