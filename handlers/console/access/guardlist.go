package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type guardListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardRow
}

type guardRow struct {
	URL, Name, Phone, Community, Posts string
	Bound, State                       templates.Badge
}

func (p *Pages) guardList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Guard]{
		Stem: "guardpost", Title: "门岗", Edit: core.PermGuardPostEdit, Add: "添加门岗人员", Unit: "人", Table: guardTable(),
		ID: func(g core.Guard) core.ID { return g.ID },
		Find: func(community core.ID, page core.Page) ([]core.Guard, bool, error) {
			filter, err := guardFilter(c, community, page)
			if err != nil {
				return nil, false, err
			}
			return p.Store.Guards(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := guardListPage{Shell: found.Shell, Tabs: guardPostTabs(keeping(c), "guard"), List: found.List}
	if page.Rows, err = p.guardRows(c, found.Records, found.At); err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/guardpost/guards", page)
}

func guardFilter(c *web.Context, community core.ID, page core.Page) (store.GuardFilter, error) {
	var asked struct {
		Keyword string `form:"q" max:"40"`
		Bound   string `form:"bound" of:"yes no"`
		State   string `form:"state" of:"on off"`
		Sort    string `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	return store.GuardFilter{
		Community: community, Keyword: asked.Keyword, Bound: asked.Bound, Disabled: disabledIf(asked.State),
		Sort: asked.Sort, Page: page,
	}, err
}

// disabledIf converts the filter 状态 to that of the store.
func disabledIf(state string) string {
	switch state {
	case "on":
		return "no"
	case "off":
		return "yes"
	}
	return ""
}

// stateField returns the filter 状态 of things that can be disabled; on is the label of enabled.
func stateField(on string) templates.Field {
	return templates.Field{
		Kind: templates.Select, Name: "state", Label: "状态",
		Choices: []templates.Choice{{Label: "全部状态"}, {Value: "on", Label: on}, {Value: "off", Label: "已停用"}},
	}
}

func (p *Pages) guardRows(c *web.Context, guards []core.Guard, at frame.CommunityChoice) ([]guardRow, error) {
	ids := make([]core.ID, len(guards))
	for i, g := range guards {
		ids[i] = g.ID
	}
	posts, err := p.Store.PostsOfGuards(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return nil, err
	}
	rows := make([]guardRow, len(guards))
	for i, g := range guards {
		rows[i] = guardRow{
			URL: frame.GuardURL(g.ID), Name: g.Name, Phone: g.Phone, Community: at.NameOf(g.Community),
			Posts: frame.Joined(posts[g.ID]),
			Bound: frame.BoundBadge(g.User), State: frame.ServiceBadge(g.Disabled.IsZero(), "在岗"),
		}
	}
	return rows, nil
}

func guardTable() templates.List {
	return templates.List{
		Path: frame.GuardPath,
		Columns: []templates.Column{
			{Label: "姓名", Sort: "name"}, {Label: "手机"}, {Label: "门岗"}, {Label: "微信", Narrow: true},
			{Label: "状态", Narrow: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "姓名或完整手机号", MaxLength: 40}, frame.BoundField(), stateField("在岗"),
		},
		Empty: templates.Empty{Icon: "shield", Title: "还没有门岗人员", Text: "添加后，本人用微信扫码绑定，就能在手机上放行。", Ask: "请联系管理员添加。"},
	}
}
