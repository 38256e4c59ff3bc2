package registry

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type unreachedPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []unreachedRow
}

type unreachedRow struct {
	Who, WhoURL, Kind, Reason, Count, URL string
	At                                    time.Time
}

// messageUnreached lists the people whom no channel reached, each once.
func (p *Pages) messageUnreached(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	scope := c.Scope()
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		scope = core.ScopeOf(chosen)
	}
	paging := c.CountedPage(messagesAPage)
	people, more, err := p.Store.Unreached(c.Ctx(), scope, paging)
	if err != nil {
		return err
	}
	page := unreachedPage{
		Shell: p.Shell(c, "message", "提醒设置"), Tabs: messageTabs(c, "unreached"), List: unreachedTable(c, at),
	}
	for _, u := range people {
		who := map[string]string{core.ToAccount: "account", core.ToWechat: "user"}[u.Recipient.Kind]
		page.Rows = append(page.Rows, unreachedRow{
			Who: recipientText(u.Recipient), WhoURL: recipientURL(c, u.Recipient), Kind: u.Kind.Label(),
			Reason: u.Reason.LabelOf(u.Channel), Count: frame.Grouped(u.Messages) + " 条", At: u.At,
			URL: templates.WithQuery(frame.MessagePath, nil, who, u.ID.String()),
		})
	}
	web.Paged(&page.List, paging, people, more, func(u core.UnreachedPerson) core.ID { return u.Last })
	page.Total = page.List.TotalText("人")
	return p.Page(c, http.StatusOK, "console/message/unreached", page)
}

func unreachedTable(c *web.Context, at frame.CommunityChoice) templates.List {
	list := templates.List{
		Path: unreachedPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "收件人"}, {Label: "未触达", Narrow: true}, {Label: "最近一条"}, {Label: "原因"}, {Label: "时间", Narrow: true},
		},
		Empty: templates.Empty{
			Icon: "circle-check", Title: "没有未触达的人", Text: "最近 30 天里所有渠道都没有触达的人会列在这里，请电话联系。",
		},
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	return list
}
