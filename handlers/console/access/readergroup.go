package access

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// readerGroupRoutes returns the routes of 读头分组: readers that 权限管理 shows together.
func (p *Pages) readerGroupRoutes() []web.Route {
	view, edit := web.Need(core.PermReaderView), web.Need(core.PermReaderEdit)
	const path = frame.ReaderGroupPath
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: view, Handler: p.readerGroupList},
		{Method: http.MethodGet, Path: path + "/new", Access: edit, Handler: p.readerGroupNew},
		{Method: http.MethodPost, Path: path, Access: edit, Handler: p.readerGroupCreate, Draft: true},
		{Method: http.MethodGet, Path: path + "/:id", Access: view, Handler: p.readerGroupShow},
		{Method: http.MethodGet, Path: path + "/:id/edit", Access: edit, Handler: p.readerGroupEdit},
		{Method: http.MethodPost, Path: path + "/:id", Access: edit, Handler: p.readerGroupUpdate, Draft: true},
		{Method: http.MethodPost, Path: path + "/:id/remove", Access: edit, Level: web.Asks, Handler: p.readerGroupRemove},
	}
}

func readerGroupCrumbs() []templates.Crumb {
	return append(readerCrumbs(), templates.Crumb{Label: "分组", URL: frame.ReaderGroupPath})
}

// readerGroup returns the group in the path, if the account may see it.
func (p *Pages) readerGroup(c *web.Context) (core.ReaderGroup, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.ReaderGroup{}, err
	}
	return p.Store.ReaderGroup(c.Ctx(), c.Scope(), id)
}

// groupPermissionURL returns the URL of the matrix of one group.
func groupPermissionURL(g core.ReaderGroup) string {
	return templates.WithQuery(readerPermissionPath, nil, "community", g.Community.String(), "group", g.ID.String())
}

type readerGroupListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []readerGroupRow
}

type readerGroupRow struct {
	Name, URL, Community, Readers, Permission string
}

func (p *Pages) readerGroupList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.ReaderGroup]{
		Stem: "readergroup", Title: "分组", Edit: core.PermReaderEdit, Add: "添加分组", Unit: "个分组", Table: readerGroupTable(),
		ID: func(g core.ReaderGroup) core.ID { return g.ID },
		Find: func(community core.ID, page core.Page) ([]core.ReaderGroup, bool, error) {
			var asked struct {
				Keyword string `form:"q" max:"32"`
			}
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			return p.Store.ReaderGroups(c.Ctx(), c.Scope(), store.ReaderGroupFilter{
				Community: community, Keyword: asked.Keyword, Page: page,
			})
		},
	})
	if err != nil {
		return err
	}
	page := readerGroupListPage{Shell: found.Shell, List: found.List}
	if page.Tabs, err = p.readerTabsOf(c, "group"); err != nil {
		return err
	}
	for _, g := range found.Records {
		page.Rows = append(page.Rows, readerGroupRow{
			Name: g.Name, URL: frame.ReaderGroupURL(g.ID), Community: found.At.NameOf(g.Community),
			Readers: frame.Grouped(len(g.Readers)), Permission: groupPermissionURL(g),
		})
	}
	return p.Page(c, http.StatusOK, "console/readergroup/list", page)
}

func readerGroupTable() templates.List {
	return templates.List{
		Path:    frame.ReaderGroupPath,
		Columns: []templates.Column{{Label: "名称"}, {Label: "读头", Number: true}, {Label: "权限", Narrow: true}},
		Filters: []templates.Field{{Name: "q", Label: "分组名称", MaxLength: core.MaxReaderGroupName}},
		Empty: templates.Empty{
			Icon: "door", Title: "还没有分组", Text: "把同一道门、同一期的读头放进一个分组，在权限管理里一次勾选。", Ask: "请联系管理员添加。",
		},
	}
}

type readerGroupShowPage struct {
	templates.Shell
	Detail templates.Detail
	Rows   []groupedReader
}

// doorText returns where a reader is: 东门，出门.
func doorText(r core.Reader) string { return r.Gate + "，" + r.Direction.Label() }

type groupedReader struct {
	Name, URL, Gate string
	State           templates.Badge
}

func (p *Pages) readerGroupShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	g, err := p.readerGroup(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	page := readerGroupShowPage{Shell: p.Shell(c, "readergroup", g.Name)}
	page.Crumbs = readerGroupCrumbs()
	if len(g.Readers) > 0 {
		readers, err := p.Store.ReadersByID(c.Ctx(), c.Scope(), g.Readers)
		if err != nil {
			return err
		}
		for _, r := range readers {
			page.Rows = append(page.Rows, groupedReader{r.Name, frame.ReaderURL(r.ID), doorText(r), readerBadge(r, c.Now())})
		}
	}
	page.Detail = templates.Detail{
		Path: frame.ReaderGroupURL(g.ID),
		Facts: []templates.Fact{
			{Label: "小区", Value: community.Name}, {Label: "读头", Value: frame.Grouped(len(g.Readers)) + " 台"},
		},
		Actions: []templates.Action{{Label: "权限管理", URL: groupPermissionURL(g), Icon: "lock"}},
	}
	if c.Has(core.PermReaderEdit) {
		page.Detail.Actions = append(page.Detail.Actions, templates.Action{
			Label: "修改", URL: frame.ReaderGroupURL(g.ID) + "/edit", Icon: "pencil", Primary: true,
		})
		page.Detail.Menu = templates.RowMenu{Label: g.Name + " 的操作", CSRF: page.CSRF, Acts: []templates.Submit{
			{Label: "删除", URL: frame.ReaderGroupURL(g.ID) + "/remove", Icon: "trash", Ask: true},
		}}
	}
	if page.Detail.Timeline, err = p.Timeline(c, "readergroup:"+g.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "读头")
	return p.Page(c, http.StatusOK, "console/readergroup/show", page)
}

// readerGroupForm is the posted form.
type readerGroupForm struct {
	Community core.ID   `form:"community"`
	Name      string    `form:"name" max:"32"`
	Readers   []core.ID `form:"readers" max:"500"`
	Seen      int64     `form:"seen"`
}

func (f readerGroupForm) group(id core.ID) core.ReaderGroup {
	return core.ReaderGroup{ID: id, Community: f.Community, Name: f.Name, Readers: f.Readers, Updated: frame.ShownAt(f.Seen)}
}

type readerGroupFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) readerGroupNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.readerGroupFormPage(c, core.ReaderGroup{Community: at.ID}, nil)
}

// readerGroupFormPage shows the form with the group's values, or as submitted if it is invalid.
func (p *Pages) readerGroupFormPage(c *web.Context, g core.ReaderGroup, wrong error) error {
	form, err := p.readerGroupForm(c, g)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := readerGroupFormPage{Shell: p.Shell(c, "readergroup", "添加分组"), Form: form}
		page.Crumbs = readerGroupCrumbs()
		if g.ID != 0 {
			page.Title = "修改分组"
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: cmp.Or(g.Name, "分组"), URL: frame.ReaderGroupURL(g.ID)})
		}
		return p.Page(c, status, "console/readergroup/form", page)
	})
}

func (p *Pages) readerGroupForm(c *web.Context, g core.ReaderGroup) (templates.Form, error) {
	at, err := p.formCommunity(c, g.Community, g.ID == 0)
	if err != nil {
		return templates.Form{}, err
	}
	choices, err := p.groupChoices(c, at.ID, g)
	form := templates.Form{
		Action: frame.ReaderGroupPath, CSRF: c.CSRF(), Cancel: frame.ReaderGroupPath, Submit: "添加", More: g.ID == 0,
		Sections: readerGroupFields(g, at, choices),
	}
	if g.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.ReaderGroupURL(g.ID), frame.ReaderGroupURL(g.ID), "保存"
		form.Seen = templates.Seen(g.Updated)
	}
	return form, err
}

func readerGroupFields(g core.ReaderGroup, at frame.CommunityChoice, readers []templates.Choice) []templates.Section {
	fields := append(at.FormFields(frame.ReaderGroupPath), templates.Field{
		Name: "name", Label: "名称", Value: g.Name, Required: true, MaxLength: core.MaxReaderGroupName, Focus: g.ID == 0,
		Placeholder: "一期各门",
	})
	if len(readers) > 0 {
		fields = append(fields, templates.Field{
			Kind: templates.Checks, Name: "readers", Label: "读头", Values: frame.IDValues(g.Readers), Choices: readers,
			Help: "一台读头只在一个分组。进出分组不改它的权限。",
		})
	}
	return []templates.Section{{Fields: fields}}
}

// groupChoices returns the readers that may be in a group; those of another one say so.
func (p *Pages) groupChoices(c *web.Context, community core.ID, g core.ReaderGroup) ([]templates.Choice, error) {
	if community == 0 {
		return nil, nil
	}
	groups, err := p.Store.ReaderGroupsOf(c.Ctx(), c.Scope(), community)
	if err != nil {
		return nil, err
	}
	readers, _, err := p.Store.Readers(c.Ctx(), c.Scope(), store.ReaderFilter{
		Community: community, Page: store.Page{Limit: core.MaxGroupedReaders},
	})
	choices := make([]templates.Choice, len(readers))
	for i, r := range readers {
		choices[i] = templates.Choice{Value: r.ID.String(), Label: r.Name, Help: doorText(r)}
		if at := slices.IndexFunc(groups, func(o core.ReaderGroup) bool { return o.ID == r.Group && o.ID != g.ID }); at >= 0 {
			choices[i].Help += "；现在在“" + groups[at].Name + "”"
		}
	}
	return choices, err
}

func (p *Pages) readerGroupCreate(c *web.Context) error {
	var form readerGroupForm
	wrong := p.BindForm(c, &form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateReaderGroup(c.Ctx(), c.Actor(), c.Scope(), form.group(0))
	}
	if wrong != nil {
		return p.readerGroupFormPage(c, form.group(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: "分组已添加。", Page: frame.ReaderGroupURL(id),
		Another: templates.WithQuery(frame.ReaderGroupPath+"/new", nil, "community", form.Community.String()),
	})
}

func (p *Pages) readerGroupEdit(c *web.Context) error {
	g, err := p.readerGroup(c)
	if err != nil {
		return err
	}
	return p.readerGroupFormPage(c, g, nil)
}

func (p *Pages) readerGroupUpdate(c *web.Context) error {
	old, err := p.readerGroup(c)
	if err != nil {
		return err
	}
	was, err := p.readerGroupForm(c, old)
	if err != nil {
		return err
	}
	var form readerGroupForm
	wrong := c.Bind(&form)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateReaderGroup(c.Ctx(), c.Actor(), c.Scope(), form.group(old.ID))
	}
	if wrong != nil {
		return p.readerGroupFormPage(c, old, wrong)
	}
	p.Edited(c, "已保存。", was, updated)
	return c.Redirect(frame.ReaderGroupURL(old.ID))
}

func (p *Pages) readerGroupRemove(c *web.Context) error {
	g, err := p.readerGroup(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Stem: "readergroup",
		Ask: templates.Confirm{
			Title: "删除分组“" + g.Name + "”？", Submit: "删除分组",
			Text: "里面的 " + frame.Grouped(len(g.Readers)) + " 台读头不删除，权限不变，只是不再属于任何分组。",
		},
		Do:   func() error { return p.Store.RemoveReaderGroup(c.Ctx(), c.Actor(), c.Scope(), g.ID) },
		Done: "已删除分组“" + g.Name + "”，读头的权限没有变。",
		Back: frame.ReaderGroupURL(g.ID), Next: templates.WithQuery(frame.ReaderGroupPath, nil, "community", g.Community.String()),
	})
}
