package registry

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// The tabs beside the ledger.
const (
	channelPath = frame.MessagePath + "/channel"
)

// messageRoutes returns the routes of 提醒设置 beside who is told: what people were told, whom no channel reached, and what
// each channel did today.
func (p *Pages) messageRoutes() []web.Route {
	view := web.Need(core.PermMessageView)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.MessagePath, Access: view, Handler: p.messageList},
		{Method: http.MethodGet, Path: frame.UnreachedPath, Access: view, Handler: p.messageUnreached},
		{
			Method: http.MethodPost, Path: messageCallPath, Access: web.Need(core.PermMessageCall), Level: web.Asks,
			Handler: p.messageCall,
		},
		{Method: http.MethodGet, Path: channelPath, Access: view, Handler: p.messageChannels},
		{
			Method: http.MethodPost, Path: resumePath, Access: web.NeedOperator(core.PermMessageResume), Level: web.Asks,
			Handler: p.messageResume,
		},
		{Method: http.MethodGet, Path: frame.MessagePath + "/:id", Access: view, Handler: p.messageShow},
	}
}

func messageTabs(c *web.Context, active string) templates.Tabs {
	return templates.Tabs{Label: "提醒设置", Items: []templates.NavItem{
		{Label: "审核提醒", URL: frame.Keep(c, frame.ReminderPath), Active: active == "reminder"},
		{Label: "发送记录", URL: frame.Keep(c, frame.MessagePath), Active: active == "list"},
		{Label: "未触达", URL: frame.Keep(c, frame.UnreachedPath), Active: active == "unreached"},
		{Label: "发送渠道", URL: frame.Keep(c, channelPath), Active: active == "channel"},
	}}
}

type messageListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []messageRow
}

type messageRow struct {
	URL, Text, Kind, Channel, Reason string
	Who, WhoURL                      string // the recipient; WhoURL "" = no page, or not theirs to open
	State                            templates.Badge
	Created                          time.Time
}

const messagesAPage = 50

// messageFilter is the filters of the ledger.
type messageFilter struct {
	Kind    core.MessageKind    `form:"kind" max:"32"`
	State   core.MessageState   `form:"state" max:"16"`
	Channel core.MessageChannel `form:"channel" max:"16"`
	Account core.ID             `form:"account"` // one recipient's
	User    core.ID             `form:"user"`
	Person  core.ID             `form:"resident"`
	Member  core.ID             `form:"member"`
	From    core.Day            `form:"from"`
	To      core.Day            `form:"to"` // the last day
}

func (f messageFilter) core(zone *time.Location) (core.MessageFilter, error) {
	if f.From != 0 && f.To != 0 && f.To < f.From {
		return core.MessageFilter{}, core.InvalidFields(map[string]string{"to": "不能早于开始日期"})
	}
	filter := core.MessageFilter{Kind: f.Kind, State: f.State, Channel: f.Channel}
	switch {
	case f.Account != 0:
		filter.ToKind, filter.Recipient = core.ToAccount, f.Account
	case f.User != 0:
		filter.ToKind, filter.Recipient = core.ToWechat, f.User
	case f.Person != 0:
		filter.ToKind, filter.Recipient = core.ToResident, f.Person
	case f.Member != 0:
		filter.ToKind, filter.Recipient = core.ToMember, f.Member
	}
	if f.From != 0 {
		filter.From = f.From.Start(zone)
	}
	if f.To != 0 {
		filter.To = (f.To + 1).Start(zone)
	}
	return filter, nil
}

func (p *Pages) messageList(c *web.Context) error {
	var asked messageFilter
	wrong := c.BindQuery(&asked)
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	filter := core.MessageFilter{}
	if wrong == nil {
		filter, wrong = asked.core(p.Store.Zone())
	}
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	page := messageListPage{Shell: p.Shell(c, "message", "提醒设置"), Tabs: messageTabs(c, "list"), List: messageTable(c, at)}
	if wrong != nil {
		frame.SetErrors(page.List.Filters, web.FieldsOf(wrong))
		return p.Page(c, web.StatusOf(wrong), "console/message/list", page)
	}
	filter.Community = frame.ChosenCommunity(c, at)
	paging := c.CountedPage(messagesAPage)
	messages, more, err := p.Store.Messages(c.Ctx(), c.Scope(), filter, paging)
	if err != nil {
		return err
	}
	people, err := p.Store.Recipients(c.Ctx(), c.Scope(), messages)
	if err != nil {
		return err
	}
	for _, m := range messages {
		page.Rows = append(page.Rows, messageRow{
			URL: frame.MessageURL(m.ID), Text: m.Text(), Who: recipientText(people[m.ID]), WhoURL: recipientURL(c, people[m.ID]),
			Kind:    m.Kind.Label(),
			Channel: channelText(m.Channel), Reason: withCode(m.Why(), m.Code), State: messageBadge(m.State), Created: m.Created,
		})
	}
	web.Paged(&page.List, paging, messages, more, func(m core.Message) core.ID { return m.ID })
	page.Total = page.List.TotalText("条")
	return p.Page(c, http.StatusOK, "console/message/list", page)
}

func messageTable(c *web.Context, at frame.CommunityChoice) templates.List {
	list := templates.List{
		Path: frame.MessagePath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "时间", Narrow: true}, {Label: "收件人"}, {Label: "内容"}, {Label: "渠道", Narrow: true},
			{Label: "状态", Narrow: true}, {Label: "原因"},
		},
		Filters: []templates.Field{
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部", core.MessageStates(), core.MessageState.Label),
			},
			{
				Kind: templates.Select, Name: "kind", Label: "类型",
				Choices: templates.ChoicesOf("全部", core.MessageKinds(), core.MessageKind.Label),
			},
			{
				Kind: templates.Select, Name: "channel", Label: "渠道",
				Choices: templates.ChoicesOf("全部", core.MessageChannels(), core.MessageChannel.Label),
			},
		},
		More: []templates.Field{
			{Kind: templates.Date, Name: "from", Label: "开始日期"},
			{Kind: templates.Date, Name: "to", Label: "结束日期"},
		},
		Empty: templates.Empty{
			Icon: "inbox", Title: "还没有发送过提醒", Text: "告警、待审核、认证结果、后台任务、新地点登录和微信绑定的提醒会记在这里，带着每次发送的结果。",
		},
	}
	if len(at.All) > 1 {
		list.Filters = append(list.Filters, at.Field("全部小区"))
	}
	return list
}

var messageTones = map[core.MessageState]templates.Tone{
	core.MessageWaiting: templates.Info, core.MessageSending: templates.Info, core.MessageSent: templates.Good,
	core.MessageDelivered: templates.Good, core.MessageRefused: templates.Bad, core.MessageUnreached: templates.Bad,
	core.MessageExpired: templates.Warn, core.MessageUnknown: templates.Warn,
}

func messageBadge(s core.MessageState) templates.Badge {
	return templates.Badge{Tone: cmp.Or(messageTones[s], templates.Neutral), Text: s.Label()}
}

// recipientText names a recipient with the name and the phone number masked.
func recipientText(r core.Recipient) string {
	name := core.MaskName(r.Name)
	switch {
	case name == "" && r.Phone == "":
		return map[string]string{core.ToAccount: "已删除的账号", core.ToWechat: "微信用户", core.ToResident: "已删除的住户",
			core.ToMember: "已删除的成员"}[r.Kind]
	case name == "":
		return r.Phone
	case r.Phone == "":
		return name
	}
	return name + " " + r.Phone
}

func channelText(c core.MessageChannel) string {
	if c == "" {
		return "–"
	}
	return c.Label()
}

// reasonText is a reason with the platform's code, if it has one.
func reasonText(c core.MessageChannel, r core.MessageReason, code string) string {
	if r == "" {
		return ""
	}
	return withCode(r.LabelOf(c), code)
}

// withCode adds the platform's code to why something is so, if there is one.
func withCode(why, code string) string {
	if why == "" || code == "" {
		return why
	}
	return why + "（" + code + "）"
}

// recipientURL returns the page of a recipient; "" = the account may not open it, or there is none.
func recipientURL(c *web.Context, r core.Recipient) string {
	switch {
	case r.Link == 0:
	case r.Kind == core.ToAccount && c.Has(core.PermAccountView):
		return frame.AccountURL(r.Link)
	case (r.Kind == core.ToWechat || r.Kind == core.ToResident) && c.Has(core.PermResidentView):
		return frame.ResidentURL(r.Link)
	case r.Kind == core.ToMember && c.Has(core.PermInstitutionView):
		return frame.MemberURL(r.Link)
	}
	return ""
}

type messageShowPage struct {
	templates.Shell
	Facts    []templates.Fact
	Attempts []attemptRow
	Merged   string // URL of the message that it became part of; "" = none
}

type attemptRow struct {
	Channel, Reason string
	State           templates.Badge
	Begun, Ended    time.Time
}

func (p *Pages) messageShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	m, attempts, err := p.Store.Message(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	people, err := p.Store.Recipients(c.Ctx(), c.Scope(), []core.Message{m})
	if err != nil {
		return err
	}
	page := messageShowPage{Shell: p.Shell(c, "message", m.Kind.Label())}
	page.Crumbs = []templates.Crumb{{Label: "发送记录", URL: frame.MessagePath}}
	page.Facts = messageFacts(m, people[m.ID], recipientURL(c, people[m.ID]), p.Store.Zone())
	calls, err := p.Store.MessageCalls(c.Ctx(), []core.ID{m.ID})
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, callFacts(calls[m.ID], p.Store.Zone())...)
	if m.Merged != 0 {
		page.Merged = frame.MessageURL(m.Merged)
	}
	for _, a := range attempts {
		page.Attempts = append(page.Attempts, attemptRow{
			Channel: a.Channel.Label(), Reason: reasonText(a.Channel, a.Reason, a.Code), State: attemptBadge(a.Channel, a.State),
			Begun: cmp.Or(a.Begun, a.Planned), Ended: a.Ended,
		})
	}
	return p.Page(c, http.StatusOK, "console/message/show", page)
}

func messageFacts(m core.Message, r core.Recipient, url string, zone *time.Location) []templates.Fact {
	const form = "2006-01-02 15:04:05"
	facts := []templates.Fact{
		{Label: "状态", Badge: messageBadge(m.State)}, {Label: "内容", Value: m.Text()}, {Label: "类型", Value: m.Kind.Label()},
		{Label: "收件人", Value: recipientText(r), URL: url}, {Label: "渠道", Value: channelText(m.Channel)},
		{Label: "发生", Value: m.Created.In(zone).Format(form)},
	}
	if m.Reason != "" {
		facts = append(facts, templates.Fact{Label: "原因", Value: withCode(m.Why(), m.Code)})
	}
	if !m.Next.IsZero() && m.State != core.MessageSent {
		facts = append(facts,
			templates.Fact{Label: "下次发送", Value: m.Next.In(zone).Format(form)},
			templates.Fact{Label: "有效期至", Value: m.Expires.In(zone).Format(form)},
		)
	}
	if !m.Ended.IsZero() {
		facts = append(facts, templates.Fact{Label: "结束", Value: m.Ended.In(zone).Format(form)})
	}
	return facts
}

// attemptBadge is the state of an attempt. The list in the product has no platform that could accept: there the
// message is where it is read.
func attemptBadge(channel core.MessageChannel, s core.AttemptState) templates.Badge {
	switch {
	case channel == core.ChannelInApp && s == core.AttemptAccepted:
		return templates.Badge{Tone: templates.Good, Text: "已放入站内提醒"}
	case s == core.AttemptAccepted || s == core.AttemptDelivered:
		return templates.Badge{Tone: templates.Good, Text: s.Label()}
	case slices.Contains([]core.AttemptState{core.AttemptRefused, core.AttemptFailed}, s):
		return templates.Badge{Tone: templates.Bad, Text: s.Label()}
	}
	return templates.Badge{Tone: templates.Warn, Text: s.Label()}
}
