package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type institutionListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []institutionRow
}

type institutionRow struct {
	URL, Name, Communities, Remark string
	Members, MembersURL            string
	State                          templates.Badge
	Menu                           templates.RowMenu // empty = no permission
}

func (p *Pages) institutionList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Institution]{
		Stem: "institution", Title: "机构", Edit: core.PermInstitutionEdit, Add: "添加机构", Unit: "个机构", Table: institutionTable(),
		ID: func(i core.Institution) core.ID { return i.ID },
		Find: func(community core.ID, page core.Page) ([]core.Institution, bool, error) {
			filter, err := institutionFilter(c, community, page)
			if err != nil {
				return nil, false, err
			}
			return p.Store.Institutions(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := institutionListPage{Shell: found.Shell, Tabs: p.CountTabs(c, passTabs(c.Has, "institution", found.At)), List: found.List}
	page.Crumbs = []templates.Crumb{{Label: core.PassDedicated.Label(), URL: frame.MemberPath}}
	for _, i := range found.Records {
		row := institutionRow{
			URL: frame.InstitutionURL(i.ID), Name: i.Name, Remark: i.Remark, Members: frame.Grouped(i.Members) + " 人",
			MembersURL:  templates.WithQuery(frame.MemberPath, nil, "community", frame.AllCommunities, "institution", i.ID.String()),
			Communities: communitiesText(i.Communities, found.At.All, 3), State: frame.ServiceBadge(i.Disabled.IsZero(), "使用中"),
		}
		if c.Has(core.PermInstitutionEdit) {
			row.Menu = institutionMenu(i, page.CSRF)
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/institution/list", page)
}

func institutionFilter(c *web.Context, community core.ID, page core.Page) (store.InstitutionFilter, error) {
	var asked struct {
		Keyword string `form:"q" max:"40"`
		State   string `form:"state" of:"on off"`
		Sort    string `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	return store.InstitutionFilter{
		Community: community, Keyword: asked.Keyword, Disabled: disabledIf(asked.State), Sort: asked.Sort, Page: page,
	}, err
}

func institutionTable() templates.List {
	return templates.List{
		Path: frame.InstitutionPath,
		Columns: []templates.Column{
			{Label: "名称", Sort: "name"}, {Label: "小区"}, {Label: "成员", Number: true}, {Label: "备注"}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{{Name: "q", Label: "名称或备注", MaxLength: 40}, stateField("使用中")},
		Empty: templates.Empty{
			Icon: "building-community", Title: "还没有机构", Ask: "请联系管理员添加。",
			Text: "快递、保洁、维保等机构的人员经常出入小区。先添加机构，再添加成员，每人一张专用通行证。",
		},
	}
}
