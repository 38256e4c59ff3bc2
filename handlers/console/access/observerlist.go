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
	List templates.List
	Rows []observerRow
}

type observerRow struct {
	URL, Name, Capacity, Phone, Communities string
	Bound, Export                           templates.Badge
}

// observersAPage is the number of observers per page.
const observersAPage = 50

func (p *Pages) observerList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	chosen := frame.ChosenCommunity(c, at)
	filter, err := observerFilter(c, chosen)
	if err != nil {
		return err
	}
	observers, more, err := p.Store.Observers(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page := observerListPage{Shell: p.Shell(c, "observer", "观察员"), List: observerTable(c, at)}
	if c.Has(core.PermObserverEdit) && len(at.All) > 0 {
		page.Actions = []templates.Action{{Label: "添加观察员", URL: frame.NewURL(frame.ObserverPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, o := range observers {
		page.Rows = append(page.Rows, observerRow{
			URL: frame.ObserverURL(o.ID), Name: o.Name, Capacity: o.Capacity, Phone: o.Phone, Communities: observedText(o, at.All, 3),
			Bound: frame.BoundBadge(o.User), Export: frame.OnOff(o.MayExport, "可导出", "不可"),
		})
	}
	web.Paged(&page.List, filter.Page, observers, more, func(o core.Observer) core.ID { return o.ID })
	page.List.Pager.Summary = fmt.Sprintf("本页 %d 人", len(observers))
	return p.Page(c, http.StatusOK, "console/observer/list", page)
}

func observerFilter(c *web.Context, community core.ID) (store.ObserverFilter, error) {
	var asked struct {
		Keyword   string `form:"q" max:"40"`
		Bound     string `form:"bound" of:"yes no"`
		MayExport string `form:"export" of:"yes no"`
		Sort      string `form:"sort" of:"name -name"`
	}
	err := c.BindQuery(&asked)
	return store.ObserverFilter{
		Community: community, Keyword: asked.Keyword, Bound: asked.Bound, MayExport: asked.MayExport,
		Sort: asked.Sort, Page: c.Page(observersAPage),
	}, err
}

func observerTable(c *web.Context, at frame.CommunityChoice) templates.List {
	if len(at.All) == 0 {
		return templates.List{Path: frame.ObserverPath, Empty: frame.NoCommunityYet(c)}
	}
	list := templates.List{
		Path: frame.ObserverPath, Query: c.Request().URL.Query(), Cards: true,
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
		Empty: templates.Empty{Icon: "eye", Title: "还没有观察员", Text: "街道、社区民警等可以作为观察员，在手机上查看小区的出入记录。"},
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	return list
}

// observedText names the first few of an observer's communities; those of other admins are only
// counted.
func observedText(o core.Observer, communities []core.Community, maxNames int) string {
	var names []string
	for _, community := range communities {
		if slices.Contains(o.Communities, community.ID) {
			names = append(names, community.Name)
		}
	}
	others, hidden := len(o.Communities)-len(names), 0
	if len(names) > maxNames {
		names, hidden = names[:maxNames], len(names)-maxNames
	}
	words := frame.Joined(names)
	if hidden+others > 0 {
		words += fmt.Sprintf(" 等 %d 个小区", len(o.Communities))
	}
	return words
}
