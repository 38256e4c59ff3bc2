package access

import (
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// readersAPage is the number of readers per page.
const readersAPage = 50

func (p *Pages) readerList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	communities, chosen := at.All, frame.ChosenCommunity(c, at)
	filter, err := readerFilter(c, chosen)
	if err != nil {
		return err
	}
	readers, more, err := p.Store.Readers(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	quarantined, err := p.Store.QuarantinedReaders(c.Ctx(), c.Scope().In(chosen))
	if err != nil {
		return err
	}
	page := readerListPage{Shell: p.Shell(c, "reader", "智能门禁"), Tabs: readerTabs(keeping(c), "list", len(quarantined))}
	page.List = readerListOf(c.Request().URL.Query(), communities)
	switch {
	case len(communities) == 0:
		page.List = templates.List{Path: frame.ReaderPath, Empty: frame.NoCommunityYet(c)}
	case c.Has(core.PermReaderEdit):
		page.Actions = []templates.Action{
			{Label: "批量导入", URL: frame.Keep(c, frame.ReaderPath+"/import"), Icon: "upload"},
			{Label: "添加读头", URL: frame.NewURL(frame.ReaderPath, chosen), Icon: "plus", Primary: true},
		}
		page.List.Bulk, page.List.CSRF = readerBulk(c.Request().URL.Query()), page.CSRF
	}
	if page.Rows, err = p.readerRows(c, readers, communities, page.CSRF); err != nil {
		return err
	}
	web.Paged(&page.List, filter.Page, readers, more, func(r core.Reader) core.ID { return r.ID })
	page.Total = page.List.TotalText("台")
	return p.Page(c, http.StatusOK, "console/reader/list", page)
}

func readerFilter(c *web.Context, community core.ID) (store.ReaderFilter, error) {
	var asked struct {
		Keyword string `form:"q"`
		State   string `form:"state" of:"online stale offline never disabled"`
	}
	err := c.BindQuery(&asked)
	f := store.ReaderFilter{Keyword: asked.Keyword, Community: community, Page: c.CountedPage(readersAPage)}
	switch asked.State {
	case "":
	case "disabled":
		f.Disabled = "yes"
	default:
		f.State, f.Disabled = core.ReaderState(asked.State), "no"
	}
	return f, err
}

func (p *Pages) readerRows(
	c *web.Context, readers []core.Reader, communities []core.Community, csrf string,
) ([]readerListRow, error) {
	groups, err := p.Store.ReaderGroupNames(c.Ctx(), readers)
	if err != nil {
		return nil, err
	}
	names := map[core.ID]string{}
	if len(communities) > 1 {
		for _, community := range communities {
			names[community.ID] = community.Name
		}
	}
	rows := make([]readerListRow, len(readers))
	for i, r := range readers {
		rows[i] = readerListRow{
			ID: r.ID, URL: frame.ReaderURL(r.ID), Name: r.Name, Gate: r.Gate, Group: groups[r.Group], Community: names[r.Community],
			Direction: r.Direction.Label(), Protocol: core.ProtocolLabel(r.Protocol), Serial: r.Serial,
			State: readerBadge(r, c.Now()), QR: frame.OnOff(r.QRAllowed, "开", "关"), LastSeen: r.LastSeen,
			QRAllowed: r.QRAllowed, Disabled: !r.Disabled.IsZero(), Edit: c.Has(core.PermReaderEdit), CSRF: csrf,
		}
	}
	return rows, nil
}

func (p *Pages) readerQuarantine(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	list, err := p.Store.QuarantinedReaders(c.Ctx(), c.Scope().In(frame.ChosenCommunity(c, at)))
	if err != nil {
		return err
	}
	page := readerQuarantinePage{
		Shell: p.Shell(c, "reader", "未登记设备"), Tabs: readerTabs(keeping(c), "quarantine", len(list)),
		List: quarantineList(c.Request().URL.Query()), Rows: strangersOf(list),
	}
	page.Crumbs = readerCrumbs()
	page.List.Count, page.List.Total = len(list), len(list)
	page.Total = page.List.TotalText("台")
	return p.Page(c, http.StatusOK, "console/reader/quarantine", page)
}

type readerListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []readerListRow
}

type readerListRow struct {
	ID                          core.ID
	URL, Name, Gate, Community  string
	Group                       string
	Direction, Protocol, Serial string
	State, QR                   templates.Badge
	LastSeen                    time.Time
	QRAllowed, Disabled, Edit   bool
	CSRF                        string
}

// readerTabs returns the tabs of 智能门禁; keep adds the community to a path.
func readerTabs(keep func(path string) string, active string, quarantined int) templates.Tabs {
	return templates.Tabs{Label: "智能门禁", Items: []templates.NavItem{
		{Label: "读头", URL: keep(frame.ReaderPath), Active: active == "list"},
		{Label: "门墙", URL: keep(readerWallPath), Active: active == "wall"},
		{Label: "权限管理", URL: keep(readerPermissionPath), Active: active == "permission"},
		{Label: "分组", URL: keep(frame.ReaderGroupPath), Active: active == "group"},
		{Label: "未登记设备", URL: keep(frame.ReaderPath + "/quarantine"), Active: active == "quarantine", Count: quarantined},
		{Label: "开门指令", URL: keep(frame.DoorCommandPath), Active: active == "orders"},
		{Label: "运行", URL: keep(readerFigurePath), Active: active == "figure"},
	}}
}

// readerTabsOf is readerTabs with the devices that call without being known, of the community that the URL names.
func (p *Pages) readerTabsOf(c *web.Context, active string) (templates.Tabs, error) {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return templates.Tabs{}, err
	}
	list, err := p.Store.QuarantinedReaders(c.Ctx(), c.Scope().In(frame.ChosenCommunity(c, at)))
	return readerTabs(keeping(c), active, len(list)), err
}

// readerListOf returns the list's table. communities are those of the scope.
func readerListOf(query url.Values, communities []core.Community) templates.List {
	list := templates.List{
		Path: frame.ReaderPath, Query: query, Cards: true,
		Columns: []templates.Column{
			{Label: "名称"}, {Label: "所在的门"}, {Label: "方向", Narrow: true}, {Label: "设备"},
			{Label: "状态", Narrow: true}, {Label: "最近通信"}, {Label: "二维码", Narrow: true},
		},
		Filters: []templates.Field{
			{Name: "q", Label: "名称、门或设备号", MaxLength: 64},
			{Kind: templates.Select, Name: "state", Label: "状态", Choices: []templates.Choice{
				{Label: "全部状态"}, {Value: string(core.ReaderOnline), Label: "在线"}, {Value: string(core.ReaderStale), Label: "可能离线"},
				{Value: string(core.ReaderOffline), Label: "离线"},
				{Value: string(core.ReaderNever), Label: "从未上线"}, {Value: "disabled", Label: "已停用"},
			}},
		},
		Empty: noReadersYet(),
	}
	if len(communities) > 1 {
		list.Filters = append(list.Filters, frame.CommunityChoice{All: communities}.Field("全部小区"))
	}
	return list
}

func noReadersYet() templates.Empty {
	return templates.Empty{
		Icon: "door", Title: "还没有门禁读头", Text: "添加读头后，按安装说明把地址填进设备，住户就能扫码进出。", Ask: "请联系管理员添加。",
	}
}

type readerQuarantinePage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []readerStranger
}

type readerStranger struct {
	Serial, Protocol, Reader, ReaderURL, Addr string
	Calls                                     int64
	First, Last                               time.Time
}

func quarantineList(query url.Values) templates.List {
	return templates.List{
		Path: frame.ReaderPath + "/quarantine", Query: query, Cards: true,
		Columns: []templates.Column{
			{Label: "设备号"}, {Label: "协议"}, {Label: "所用地址"}, {Label: "来源"}, {Label: "次数", Number: true}, {Label: "第一次"}, {Label: "最近一次"},
		},
		Empty: templates.Empty{Icon: "shield-check", Title: "没有未登记的设备", Text: "密钥不对或设备号不符的设备来访时，会列在这里。"},
	}
}

func strangersOf(list []core.QuarantinedReader) []readerStranger {
	rows := make([]readerStranger, len(list))
	for i, q := range list {
		rows[i] = readerStranger{
			Serial: q.Serial, Protocol: core.ProtocolLabel(q.Protocol), Reader: q.Name, Addr: q.Addr,
			Calls: q.Calls, First: q.First, Last: q.Last,
		}
		if q.Reader != 0 {
			rows[i].ReaderURL = frame.ReaderURL(q.Reader)
		}
	}
	return rows
}
