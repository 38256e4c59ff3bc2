package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// messageCallPath ticks off people of the list of those who were not reached.
const messageCallPath = frame.UnreachedPath + "/call"

type unreachedPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []unreachedRow
}

type unreachedRow struct {
	Tick                                  templates.Tick // zero = cannot be ticked
	Who, WhoURL, Kind, Reason, Count, URL string
	At                                    time.Time
	Caller, Note                          string // Caller "" = nobody has called yet
	Called                                time.Time
	Menu                                  templates.RowMenu
}

// unreachedScope is the scope of the list: the community that was chosen, or all of the account's.
func (p *Pages) unreachedScope(c *web.Context) (core.Scope, frame.CommunityChoice, error) {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return core.Scope{}, at, err
	}
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		return core.ScopeOf(chosen), at, nil
	}
	return c.Scope(), at, nil
}

// messageUnreached lists the people whom no channel reached, each once: those whom somebody has to call, or who were called.
func (p *Pages) messageUnreached(c *web.Context) error {
	var asked struct {
		State string `form:"state" of:"open called"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	scope, at, err := p.unreachedScope(c)
	if err != nil {
		return err
	}
	called, list := asked.State == "called", p.Store.Unreached
	if called {
		list = p.Store.Called
	}
	paging := c.CountedPage(messagesAPage)
	people, more, err := list(c.Ctx(), scope, paging)
	if err != nil {
		return err
	}
	page := unreachedPage{
		Shell: p.Shell(c, "message", "提醒设置"), Tabs: messageTabs(c, "unreached"), List: unreachedTable(c, at, called),
	}
	if !called && c.Has(core.PermMessageCall) {
		page.List.Bulk = []templates.Submit{{Label: "已电话联系", Icon: "phone", Ask: true, URL: callURL(c)}}
		page.List.CSRF = page.CSRF
	}
	for _, u := range people {
		page.Rows = append(page.Rows, unreachedRowOf(c, u, len(page.List.Bulk) > 0))
	}
	web.Paged(&page.List, paging, people, more, func(u core.UnreachedPerson) core.ID { return u.Last })
	page.Total = page.List.TotalText("人")
	return p.Page(c, http.StatusOK, "console/message/unreached", page)
}

// callURL is where people of the list are ticked off: it keeps the list's filters.
func callURL(c *web.Context) string {
	return templates.WithQuery(messageCallPath, c.Request().URL.Query())
}

func unreachedRowOf(c *web.Context, u core.UnreachedPerson, ticks bool) unreachedRow {
	who := map[string]string{core.ToAccount: "account", core.ToWechat: "user", core.ToResident: "resident",
		core.ToMember: "member"}[u.Recipient.Kind]
	row := unreachedRow{
		Who: recipientText(u.Recipient), WhoURL: recipientURL(c, u.Recipient), Kind: u.Kind.Label(),
		Reason: u.Reason.LabelOf(u.Channel), Count: frame.Grouped(u.Messages) + " 条", At: u.At,
		URL:    templates.WithQuery(frame.MessagePath, nil, who, u.ID.String()),
		Caller: u.Call.Caller, Note: u.Call.Note, Called: u.Call.At,
	}
	menu := templates.RowMenu{Label: row.Who + " 的操作", CSRF: c.CSRF()}
	switch {
	case ticks:
		row.Tick = templates.Tick{Value: u.Last, Label: row.Who}
		menu.Keep = []templates.Choice{{Label: "id", Value: u.Last.String()}}
		menu.Acts = []templates.Submit{{Label: "已电话联系", Icon: "phone", Ask: true, URL: callURL(c)}}
	case u.Call.Batch != 0 && c.Has(core.PermMessageCall):
		menu.Links = []templates.Action{{Label: "撤销本次", URL: frame.BatchURL(u.Call.Batch), Icon: "arrow-back-up"}}
	}
	row.Menu = menu
	return row
}

func unreachedTable(c *web.Context, at frame.CommunityChoice, called bool) templates.List {
	list := templates.List{
		Path: frame.UnreachedPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "收件人"}, {Label: "未触达", Narrow: true}, {Label: "最近一条"}, {Label: "原因"}, {Label: "时间", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Filters: []templates.Field{{
			Kind: templates.Select, Name: "state", Label: "状态",
			Choices: []templates.Choice{{Label: "待联系"}, {Value: "called", Label: "已电话联系"}},
		}},
		Empty: templates.Empty{
			Icon: "circle-check", Title: "没有未触达的人", Text: "最近 30 天里所有渠道都没有触达的人会列在这里，请电话联系，再标为已电话联系。",
		},
	}
	if called {
		list.Columns = []templates.Column{
			{Label: "收件人"}, {Label: "未触达", Narrow: true}, {Label: "最近一条"}, {Label: "联系人"}, {Label: "备注"},
			{Label: "联系时间", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		}
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	return list
}

// messageCall records that the ticked people were told by phone, and returns to the list with its filters.
func (p *Pages) messageCall(c *web.Context) error {
	var form struct {
		IDs  []core.ID `form:"id" max:"200"` // the latest message of each
		Note string    `form:"note" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	scope, _, err := p.unreachedScope(c)
	if err != nil {
		return err
	}
	back := templates.WithQuery(frame.UnreachedPath, c.Request().URL.Query())
	slices.Sort(form.IDs)
	if form.IDs = slices.Compact(form.IDs); len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择收件人。")
		return c.Redirect(back)
	}
	people, err := p.Store.UnreachedBy(c.Ctx(), scope, form.IDs)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		c.Flash(web.FlashWarning, callText(0, len(form.IDs)))
		return c.Redirect(back)
	}
	ask, called := callQuestion(people), 0
	ask.Keep = url.Values{"id": frame.IDValues(form.IDs)}
	return p.Act(c, frame.Act{
		Ask: ask, Back: back,
		Batch: func() (batch core.Batch, err error) {
			called, batch, err = p.Store.CallUnreached(c.Ctx(), c.Actor(), scope, form.IDs, form.Note)
			return batch, err
		},
		DoneAll: func(core.Batch) string { return callText(called, len(form.IDs)) },
	})
}

func callQuestion(people []core.UnreachedPerson) templates.Confirm {
	n, messages := frame.Grouped(len(people)), 0
	for _, u := range people {
		messages += u.Messages
	}
	return templates.Confirm{
		Title: "已电话联系 " + n + " 人？", Submit: "标记 " + n + " 人", Note: true,
		Text: fmt.Sprintf("他们未触达的 %s 条提醒记为已由您电话告知，不再列在待联系里；以后又有没触达的，会再列出来。可以撤销本次。", frame.Grouped(messages)),
		Effects: frame.Named(len(people), "人", func(i int) string {
			u := people[i]
			return strings.TrimSpace(recipientText(u.Recipient) + "：" + u.Kind.Label())
		}),
	}
}

// callText reports how many of the people asked for were ticked off.
func callText(called, asked int) string {
	switch others := asked - called; {
	case called == 0:
		return "没有标记：已由别人联系，或后来已收到提醒。"
	case others > 0:
		return fmt.Sprintf("已标记 %d 人，其余 %d 人已由别人联系，或后来已收到提醒。", called, others)
	}
	return fmt.Sprintf("已标记 %d 人为已电话联系。", called)
}

// callFacts tell on a message's page who told its recipient by phone; none if nobody did.
func callFacts(call core.MessageCall, zone *time.Location) []templates.Fact {
	if call.Caller == "" {
		return nil
	}
	fact := templates.Fact{Label: "电话联系", Value: call.At.In(zone).Format("2006-01-02 15:04:05") + " " + call.Caller}
	if call.Batch != 0 {
		fact.URL = frame.BatchURL(call.Batch)
	}
	facts := []templates.Fact{fact}
	if call.Note != "" {
		facts = append(facts, templates.Fact{Label: "备注", Value: call.Note})
	}
	return facts
}
