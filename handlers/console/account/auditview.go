package account

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// auditReveal is the act of looking at a resident's whole numbers.
const auditReveal = "resident.reveal"

// auditViews are the acts of looking at somebody's whole numbers, and at a whole picture of a document or a face, with what
// was seen.
var auditViews = map[string]string{auditReveal: "完整号码", "photo.view": "照片", "accessrecord.look": "出入记录"}

func auditViewActs() []string { return slices.Sorted(maps.Keys(auditViews)) }

// auditViewForm is the filters of the tab.
type auditViewForm struct {
	Community string   `form:"community" max:"24"`
	Who       string   `form:"who"`
	Person    core.ID  `form:"person"`
	From      core.Day `form:"from"`
	To        core.Day `form:"to"` // the last day
	pick      frame.PersonPick
}

type auditViewPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []auditViewRow
}

type auditViewRow struct {
	URL, By, Whom, WhomURL, House, Addr string
	What                                string // was seen
	At                                  time.Time
}

// auditViewList lists who looked at whole phone and ID numbers and at pictures, of everybody or of one person: in all their
// homes, their applications, and as a member of an institution.
func (p *Pages) auditViewList(c *web.Context) error {
	var form auditViewForm
	wrong := c.BindQuery(&form)
	at, err := p.CommunityOf(c, form.Community)
	if err != nil {
		return err
	}
	community := frame.ChosenCommunity(c, at)
	if wrong == nil && form.From != 0 && form.To != 0 && form.To < form.From {
		wrong = core.InvalidFields(map[string]string{"to": "不能早于开始日期"})
	}
	if wrong == nil {
		form.pick, wrong = p.PickPerson(c, community, form.Person, form.Who)
	}
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	if wrong == nil && c.Request().URL.Query().Has(frame.PickText) {
		return c.Redirect(auditPersonURL(c, form.pick.Person))
	}
	page := auditViewPage{Shell: p.Shell(c, "audit", "操作日志"), Tabs: logTabs(c, "view"), List: p.auditViewTable(c, form, at)}
	if wrong != nil {
		frame.SetErrors(page.List.Filters, web.FieldsOf(wrong))
		return p.Page(c, web.StatusOf(wrong), "console/audit/view", page)
	}
	filter, err := p.auditViewFilter(c, form, community)
	if err != nil {
		return err
	}
	asked := c.CountedPage(auditsAPage)
	records, more, err := p.Store.AuditRecords(c.Ctx(), c.Scope(), filter, asked)
	if err != nil {
		return err
	}
	names, err := p.Store.AuditSubjects(c.Ctx(), records)
	if err != nil {
		return err
	}
	for _, r := range records {
		page.Rows = append(page.Rows, auditViewRowOf(c, r, names[r.Target]))
	}
	web.Paged(&page.List, asked, records, more, func(r core.AuditRecord) core.ID { return r.ID })
	page.Total = page.List.TotalText("次")
	return p.Page(c, http.StatusOK, "console/audit/view", page)
}

// auditPersonURL returns the tab's first page for a person; 0 = everybody.
func auditPersonURL(c *web.Context, person core.ID) string {
	id := ""
	if person != 0 {
		id = person.String()
	}
	return templates.WithQuery(
		frame.AuditViewPath, c.Request().URL.Query(), frame.PickText, "", frame.PickID, id, templates.AfterParam, "",
		templates.BeforeParam, "",
	)
}

// auditViewFilter returns the lines that the form asks for.
func (p *Pages) auditViewFilter(c *web.Context, form auditViewForm, community core.ID) (core.AuditFilter, error) {
	zone := p.Store.Zone()
	f := core.AuditFilter{Community: community, Actions: auditViewActs()}
	if form.From != 0 {
		f.From = form.From.Start(zone)
	}
	if form.To != 0 {
		f.To = (form.To + 1).Start(zone)
	}
	if form.pick.Person == 0 {
		return f, nil
	}
	targets, err := p.Store.TargetsOf(c.Ctx(), c.Scope(), form.pick.Person)
	f.Targets = append(targets, "resident:0") // nobody, if nothing is kept of the person here
	return f, err
}

func (p *Pages) auditViewTable(c *web.Context, form auditViewForm, at frame.CommunityChoice) templates.List {
	list := templates.List{
		Path: frame.AuditViewPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "时间"}, {Label: "查看人"}, {Label: "被查看人"}, {Label: "内容", Narrow: true}, {Label: "房屋"}, {Label: "来源地址", Narrow: true},
		},
		Empty: templates.Empty{
			Icon: "eye", Title: "没有人查看过个人信息", Text: "查看完整手机与证件号、证件和人脸照片会记在这里；导出完整号码在“操作”里。",
		},
	}
	if c.Has(core.PermResidentView) {
		list.Filters = form.pick.Fields("被查看的人", func(person core.ID) string { return auditPersonURL(c, person) })
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	list.Filters = append(list.Filters,
		templates.Field{Kind: templates.Date, Name: "from", Label: "开始日期"},
		templates.Field{Kind: templates.Date, Name: "to", Label: "结束日期"},
	)
	return list
}

func auditViewRowOf(c *web.Context, r core.AuditRecord, name string) auditViewRow {
	row := auditViewRow{
		URL: frame.AuditURL(r.ID), By: cmp.Or(r.Actor.Name, r.Actor.Kind.Label()), Whom: cmp.Or(name, "已删除"),
		What: auditViews[r.Action], Addr: r.Actor.Addr, At: r.At,
	}
	if name != "" {
		row.WhomURL = frame.SubjectURL(c, r.Target)
	}
	for _, change := range r.Changes() {
		if change.Label == "房屋" {
			row.House = cmp.Or(change.After, change.Before)
		}
	}
	return row
}

type auditVerifyPage struct {
	templates.Shell
	Tabs   templates.Tabs
	Verify bool         // the account may have the log verified
	Jobs   []jobListRow // earlier checks that the account started
}

// auditVerifyShow is the tab 校验: what the check is, earlier ones, and the button.
func (p *Pages) auditVerifyShow(c *web.Context) error {
	jobs, err := p.Store.Jobs(c.Ctx(), c.Account().ID)
	if err != nil {
		return err
	}
	page := auditVerifyPage{Shell: p.Shell(c, "audit", "操作日志"), Tabs: logTabs(c, "verify"), Verify: c.Actor().MayOperate()}
	for _, j := range jobs {
		if j.Kind == core.JobVerifyAudit {
			page.Jobs = append(page.Jobs, jobListRow{
				URL: frame.JobURL(j.ID), Title: j.Kind.Title(), Words: j.Words, State: jobBadge(j.State),
				Created: j.Created, Ended: j.Ended,
			})
		}
	}
	return p.Page(c, http.StatusOK, "console/audit/verify", page)
}
