package access

import (
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type observerListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []observerRow
}

type observerRow struct {
	URL, Name, Capacity, Phone, Communities string
	Bound, Export                           templates.Badge
}

func (p *Pages) observerList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Observer]{
		Stem: "observer", Title: "观察员", Edit: core.PermObserverEdit, Add: "添加观察员", Unit: "人", Table: observerTable(),
		ID: func(o core.Observer) core.ID { return o.ID },
		Find: func(community core.ID, page core.Page) ([]core.Observer, bool, error) {
			filter, err := observerFilter(c, community, page)
			if err != nil {
				return nil, false, err
			}
			return p.Store.Observers(c.Ctx(), c.Scope(), filter)
		},
	})
	if err != nil {
		return err
	}
	page := observerListPage{Shell: found.Shell, Tabs: p.CountTabs(c, passTabs(c.Has, "observer", found.At)), List: found.List}
	for _, o := range found.Records {
		page.Rows = append(page.Rows, observerRow{
			URL: frame.ObserverURL(o.ID), Name: o.Name, Capacity: o.Capacity, Phone: o.Phone,
			Communities: observedText(o, found.At.All, 3),
			Bound:       frame.BoundBadge(o.User), Export: frame.OnOff(o.MayExport, "可导出", "不可"),
		})
	}
	return p.Page(c, http.StatusOK, "console/observer/list", page)
}

func observerFilter(c *web.Context, community core.ID, page core.Page) (store.ObserverFilter, error) {
	var asked struct {
		Keyword   string `form:"q" max:"40"`
		Bound     string `form:"bound" of:"yes no"`
		MayExport string `form:"export" of:"yes no"`
		Sort      string `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	return store.ObserverFilter{
		Community: community, Keyword: asked.Keyword, Bound: asked.Bound, MayExport: asked.MayExport,
		Sort: asked.Sort, Page: page,
	}, err
}

func observerTable() templates.List {
	return templates.List{
		Path: frame.ObserverPath,
		Columns: []templates.Column{
			{Label: "姓名", Sort: "name"}, {Label: "身份"}, {Label: "手机"}, {Label: "小区"}, {Label: "微信", Narrow: true},
			{Label: "导出", Narrow: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "姓名、身份或完整手机号", MaxLength: 40},
			frame.BoundField(),
			{
				Kind: templates.Select, Name: "export", Label: "导出",
				Choices: []templates.Choice{{Label: "全部"}, {Value: "yes", Label: "可导出"}, {Value: "no", Label: "不可导出"}},
			},
		},
		Empty: templates.Empty{Icon: "eye", Title: "还没有观察员", Text: "街道、社区民警等可以作为观察员，在手机上查看小区的出入记录。", Ask: "请联系管理员添加。"},
	}
}

// observedText names the first few of an observer's communities.
func observedText(o core.Observer, communities []core.Community, maxNames int) string {
	return communitiesText(o.Communities, communities, maxNames)
}

// communitiesText names the first few of something's communities; those of other admins are only counted.
func communitiesText(of []core.ID, communities []core.Community, maxNames int) string {
	var names []string
	for _, community := range communities {
		if slices.Contains(of, community.ID) {
			names = append(names, community.Name)
		}
	}
	others, hidden := len(of)-len(names), 0
	if len(names) > maxNames {
		names, hidden = names[:maxNames], len(names)-maxNames
	}
	words := frame.Joined(names)
	if hidden+others > 0 {
		words += fmt.Sprintf(" 等 %d 个小区", len(of))
	}
	return words
}
