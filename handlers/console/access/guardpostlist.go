package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type guardPostListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardPostRow
}

type guardPostRow struct {
	Name, URL, Community, Direction string
	Guards                          []guardLink
	State                           templates.Badge
	Menu                            templates.RowMenu // empty = no permission
}

// guardLink is a guard of a post; of one page of posts, only the name and the page.
type guardLink struct{ Name, URL string }

// guardPostTabs returns the tabs of 门岗; keep adds the community to a path.
func guardPostTabs(keep func(path string) string, active string) templates.Tabs {
	return templates.Tabs{Label: "门岗", Items: []templates.NavItem{
		{Label: "门岗", URL: keep(frame.GuardPostPath), Active: active == "post"},
		{Label: "门岗人员", URL: keep(frame.GuardPath), Active: active == "guard"},
		{Label: "值班记录", URL: keep(frame.GuardShiftPath), Active: active == "shift"},
	}}
}

func (p *Pages) guardPostList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.GuardPost]{
		Stem: "guardpost", Title: "门岗", Edit: core.PermGuardPostEdit, Add: "添加门岗", Unit: "个门岗", Table: guardPostTable(),
		ID: func(post core.GuardPost) core.ID { return post.ID },
		Find: func(community core.ID, page core.Page) ([]core.GuardPost, bool, error) {
			filter, err := guardPostFilter(c, community, page)
			if err != nil {
				return nil, false, err
			}
			return p.Store.GuardPosts(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := guardPostListPage{Shell: found.Shell, Tabs: guardPostTabs(keeping(c), "post"), List: found.List}
	if page.Rows, err = p.guardPostRows(c, found.Records, found.At, page.CSRF); err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/guardpost/list", page)
}

func guardPostFilter(c *web.Context, community core.ID, page core.Page) (store.GuardPostFilter, error) {
	var asked struct {
		Keyword   string `form:"q" max:"40"`
		Direction string `form:"direction" of:"in out"`
		State     string `form:"state" of:"on off"`
		Sort      string `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	return store.GuardPostFilter{
		Community: community, Keyword: asked.Keyword, Direction: core.Direction(asked.Direction),
		Disabled: disabledIf(asked.State), Sort: asked.Sort, Page: page,
	}, err
}

func (p *Pages) guardPostRows(
	c *web.Context, posts []core.GuardPost, at frame.CommunityChoice, csrf string,
) ([]guardPostRow, error) {
	ids := make([]core.ID, len(posts))
	for i, post := range posts {
		ids[i] = post.ID
	}
	guards, err := p.Store.GuardsAtPosts(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return nil, err
	}
	rows := make([]guardPostRow, len(posts))
	for i, post := range posts {
		rows[i] = guardPostRow{
			Name: post.Name, URL: frame.GuardPostURL(post.ID),
			Community: at.NameOf(post.Community), Direction: post.Direction.Label(),
			State: frame.ServiceBadge(post.Disabled.IsZero(), "使用中"),
		}
		for _, guard := range guards[post.ID] {
			rows[i].Guards = append(rows[i].Guards, guardLink{guard.Name, frame.GuardURL(guard.Guard)})
		}
		if c.Has(core.PermGuardPostEdit) {
			rows[i].Menu = guardPostMenu(post, csrf)
		}
	}
	return rows, nil
}

func guardPostTable() templates.List {
	return templates.List{
		Path: frame.GuardPostPath,
		Columns: []templates.Column{
			{Label: "名称", Sort: "name"}, {Label: "方向", Narrow: true}, {Label: "门岗人员"}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "门岗名称", MaxLength: 40},
			{
				Kind: templates.Select, Name: "direction", Label: "方向",
				Choices: []templates.Choice{{Label: "全部方向"}, {Value: string(core.In), Label: "进门"}, {Value: string(core.Out), Label: "出门"}},
			},
			stateField("使用中"),
		},
		Empty: templates.Empty{Icon: "shield", Title: "还没有门岗", Text: "添加门岗和门岗人员后，门岗就能用手机扫码放行、手工登记。", Ask: "请联系管理员添加。"},
	}
}

// guardPostMenu returns the menu of a post's row.
func guardPostMenu(post core.GuardPost, csrf string) templates.RowMenu {
	menu := templates.RowMenu{
		Label: post.Name + " 的操作", CSRF: csrf,
		Links: []templates.Action{{Label: "修改", URL: frame.GuardPostURL(post.ID) + "/edit", Icon: "pencil"}},
		Acts:  []templates.Submit{{Label: "停用", URL: frame.GuardPostURL(post.ID) + "/disable", Icon: "ban", Ask: true}},
	}
	if !post.Disabled.IsZero() {
		menu.Acts = []templates.Submit{{Label: "启用", URL: frame.GuardPostURL(post.ID) + "/enable", Icon: "check"}}
	}
	return menu
}
