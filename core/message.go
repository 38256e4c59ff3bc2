package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MessageKind is what a message is about.
type MessageKind string

// The kinds.
const (
	MessageAccessAlert   MessageKind = "accessalert"
	MessageSignIn        MessageKind = "sign_in"
	MessageBinding       MessageKind = "binding"
	MessageJob           MessageKind = "job"
	MessageReview        MessageKind = "review"
	MessageCertification MessageKind = "certification"
	MessageHousehold     MessageKind = "household"
	MessageVisitor       MessageKind = "visitor"       // to who is visited
	MessageVisit         MessageKind = "visit"         // to a visitor, who applied
	MessageVisitReview   MessageKind = "visit_review"  // to accounts
	MessageExitSlip      MessageKind = "exitslip"      // to who applied for an exit slip
	MessageExitReview    MessageKind = "exit_review"   // to accounts
	MessageRestriction   MessageKind = "restriction"   // to those who live in a house that is restricted, or no longer
	MessageLease         MessageKind = "lease"         // to the tenant, and the house's owners
	MessageLeaseOffice   MessageKind = "lease_office"  // to accounts
	MessageMember        MessageKind = "member"        // to a member of an institution, whose pass ends soon
	MessageMemberOffice  MessageKind = "member_office" // to accounts
	MessageRulePlan      MessageKind = "rule_plan"     // to accounts
	MessageAlarm         MessageKind = "alarm"         // a channel that sends messages needs somebody's attention
)

// MessageType describes a kind of message: all that the outbox needs to know about it.
type MessageType struct {
	Kind     MessageKind
	Label    string           // Chinese
	Short    string           // Chinese, of at most five characters, which a phrase of a template takes; "" = Label
	Channels []MessageChannel // in order of preference
	Asked    []MessageChannel // further ones, by which only those are told who chose one of them first
	Life     time.Duration    // it is not sent later than that
	Merge    time.Duration    // events of one recipient within that time are one message; 0 = each is its own
	Urgent   bool             // sent in quiet hours too
	Needs    Permission       // without which it is not an account's; "" = it is about the account itself
	Named    bool             // it goes to the WeChat that it is about, though the account may have another by then
}

// residentAsked are channels that a resident may choose: a text message costs the office a fee, and their list in the product
// rings no phone.
var residentAsked = []MessageChannel{ChannelSMS, ChannelInApp}

// MessageTypes are all kinds, in display order.
var MessageTypes = []MessageType{
	{
		Kind: MessageAccessAlert, Label: "告警", Life: 12 * time.Hour, Merge: time.Minute, Urgent: true, Needs: PermAccessAlertView,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageReview, Label: "待审核", Life: 24 * time.Hour, Merge: time.Minute, Needs: PermCertificationReview,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp},
	},
	{
		Kind: MessageCertification, Label: "认证结果", Life: 72 * time.Hour,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageHousehold, Label: "房屋事项", Life: 72 * time.Hour,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageRestriction, Label: "限制出入", Life: 72 * time.Hour,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageVisitor, Label: "访客到访", Life: 6 * time.Hour, Urgent: true,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageVisit, Label: "来访结果", Life: 24 * time.Hour, Urgent: true,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate},
	},
	{
		Kind: MessageVisitReview, Label: "访客待审核", Life: 24 * time.Hour, Merge: time.Minute, Needs: PermVisitorPassReview,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp},
	},
	{
		Kind: MessageExitSlip, Label: "出门条进展", Life: 24 * time.Hour, Urgent: true,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageExitReview, Label: "出门条待审核", Short: "待审出门条", Life: 24 * time.Hour, Merge: time.Minute, Needs: PermExitSlipReview,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp},
	},
	{
		Kind: MessageLease, Label: "租约到期", Life: 72 * time.Hour,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageLeaseOffice, Label: "租客租约到期", Short: "租客到期", Life: 24 * time.Hour, Merge: time.Minute, Needs: PermResidentEdit,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageMember, Label: "通行证到期", Life: 72 * time.Hour,
		Channels: []MessageChannel{ChannelSubscribe, ChannelTemplate}, Asked: residentAsked,
	},
	{
		Kind: MessageMemberOffice, Label: "机构成员到期", Short: "成员到期", Life: 24 * time.Hour, Needs: PermInstitutionEdit,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageRulePlan, Label: "定时修改", Life: 24 * time.Hour, Needs: PermPassRuleView,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageSignIn, Label: "新地点登录", Life: 24 * time.Hour, Urgent: true,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageBinding, Label: "微信绑定", Life: 24 * time.Hour, Urgent: true, Named: true,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelSMS, ChannelInApp},
	},
	{
		Kind: MessageJob, Label: "后台任务", Life: 24 * time.Hour,
		Channels: []MessageChannel{ChannelTemplate, ChannelWeWork, ChannelInApp},
	},
	{
		Kind: MessageAlarm, Label: "发送异常", Life: 24 * time.Hour, Needs: PermMessageView,
		Channels: []MessageChannel{ChannelInApp}, // the others may be what is wrong
	},
}

// MessageKinds returns all kinds, in display order.
func MessageKinds() []MessageKind {
	kinds := make([]MessageKind, len(MessageTypes))
	for i, t := range MessageTypes {
		kinds[i] = t.Kind
	}
	return kinds
}

// Type returns the kind's entry of MessageTypes. An unknown kind, of a later version, has a day and no
// channels.
func (k MessageKind) Type() MessageType {
	at := slices.IndexFunc(MessageTypes, func(t MessageType) bool { return t.Kind == k })
	if at < 0 {
		return MessageType{Kind: k, Label: string(k), Life: 24 * time.Hour}
	}
	return MessageTypes[at]
}

// Label returns the kind in Chinese.
func (k MessageKind) Label() string { return k.Type().Label }

// Short returns the kind in Chinese, in at most five characters.
func (k MessageKind) Short() string {
	if t := k.Type(); t.Short != "" {
		return t.Short
	}
	return k.Label()
}

// Choosable reports whether accounts choose if they are told of the kind outside the console: it is for accounts, and has a
// channel there.
func (k MessageKind) Choosable() bool {
	channels := k.Type().Channels
	return slices.Contains(channels, ChannelInApp) && slices.ContainsFunc(channels, MessageChannel.Disturbs)
}

// ChoosableKinds are the kinds of which accounts choose whether they are told outside the console, in display order.
func ChoosableKinds() []MessageKind {
	return slices.DeleteFunc(MessageKinds(), func(k MessageKind) bool { return !k.Choosable() })
}

// MessageChannel is a way to reach somebody.
type MessageChannel string

// The channels.
const (
	ChannelTemplate  MessageChannel = "template"  // template message of the official account
	ChannelSubscribe MessageChannel = "subscribe" // subscribe message of the mini-program, one for each consent
	ChannelWeWork    MessageChannel = "wework"    // app message of WeWork
	ChannelSMS       MessageChannel = "sms"
	ChannelInApp     MessageChannel = "inapp" // the bell, or the list of a phone page
)

// channelType describes a channel.
type channelType struct {
	channel MessageChannel
	label   string
	// dedup is for how long the platform recognises a message that is sent again under the same key. Within
	// it a message whose outcome is unknown may be repeated. It is less than the platform states. 0 = it does
	// not recognise any.
	dedup time.Duration
}

// channelTypes are in display order. client_msg_id of a template message is kept for ten minutes; WeWork's
// duplicate check is set to half an hour.
var channelTypes = []channelType{
	{ChannelTemplate, "公众号", 8 * time.Minute},
	{ChannelSubscribe, "小程序", 0},
	{ChannelWeWork, "企业微信", 25 * time.Minute},
	{ChannelSMS, "短信", 0},
	{ChannelInApp, "站内提醒", 0},
}

// MessageChannels returns all channels, in display order.
func MessageChannels() []MessageChannel {
	channels := make([]MessageChannel, len(channelTypes))
	for i, t := range channelTypes {
		channels[i] = t.channel
	}
	return channels
}

func (c MessageChannel) typ() channelType {
	at := slices.IndexFunc(channelTypes, func(t channelType) bool { return t.channel == c })
	if at < 0 {
		return channelType{channel: c, label: string(c)}
	}
	return channelTypes[at]
}

// Label returns the channel in Chinese.
func (c MessageChannel) Label() string { return c.typ().label }

// Dedup returns for how long the platform recognises a message that is sent again; 0 = never.
func (c MessageChannel) Dedup() time.Duration { return c.typ().dedup }

// FirstChannels are those of which a recipient, ToAccount or ToWechat, chooses the one that is tried first; "" = as usual.
func FirstChannels(toKind string) []MessageChannel {
	if toKind == ToWechat {
		return []MessageChannel{"", ChannelSubscribe, ChannelTemplate, ChannelSMS, ChannelInApp}
	}
	return []MessageChannel{"", ChannelTemplate, ChannelWeWork, ChannelSMS}
}

// FirstLabel returns in Chinese what choosing the channel as the first means.
func (c MessageChannel) FirstLabel() string {
	switch c {
	case "":
		return "按默认顺序"
	case ChannelInApp:
		return "只列在我的提醒里，不推送"
	}
	return c.Label()
}

// OfRegister reports whether the recipient is known by the register alone: by a number.
func (m Message) OfRegister() bool { return m.ToKind == ToResident || m.ToKind == ToMember }

// Channels returns the channels of a message, in the order in which they are tried.
func (m Message) Channels() []MessageChannel {
	if m.OfRegister() {
		return []MessageChannel{ChannelSMS}
	}
	t := m.Kind.Type()
	if slices.Contains(t.Asked, m.First) {
		return append([]MessageChannel{m.First}, t.Channels...)
	}
	at := slices.Index(t.Channels, m.First)
	if at <= 0 {
		return t.Channels
	}
	return slices.Concat(t.Channels[at:at+1], t.Channels[:at], t.Channels[at+1:])
}

// Disturbs reports whether a message makes somebody's phone ring.
func (c MessageChannel) Disturbs() bool { return c != ChannelInApp }

// MessageState is how far a message has come.
type MessageState string

// The states. From MessageDelivered on a message has come to its end; MessageSent may still become
// MessageDelivered or MessageRefused, when the platform or the recipient says so.
const (
	MessageWaiting   MessageState = "waiting"
	MessageSending   MessageState = "sending"
	MessageSent      MessageState = "sent" // accepted by the platform, or in the recipient's list
	MessageDelivered MessageState = "delivered"
	MessageRefused   MessageState = "refused"
	MessageUnreached MessageState = "unreached" // no channel reached the recipient
	MessageExpired   MessageState = "expired"
	MessageMerged    MessageState = "merged"  // it is part of another
	MessageUnknown   MessageState = "unknown" // it may have arrived, and must not be sent again
)

// MessageStates returns all states, in display order.
func MessageStates() []MessageState {
	return []MessageState{
		MessageWaiting, MessageSending, MessageSent, MessageDelivered, MessageRefused, MessageUnreached,
		MessageExpired, MessageUnknown, MessageMerged,
	}
}

// Unreached are the states of messages that reached nobody.
var Unreached = []MessageState{MessageRefused, MessageUnreached, MessageExpired}

// Label returns the state in Chinese.
func (s MessageState) Label() string {
	switch s {
	case MessageWaiting:
		return "待发送"
	case MessageSending:
		return "发送中"
	case MessageSent:
		return "已发送"
	case MessageDelivered:
		return "已送达"
	case MessageRefused:
		return "对方拒收"
	case MessageUnreached:
		return "未触达"
	case MessageExpired:
		return "已过期"
	case MessageMerged:
		return "已合并"
	case MessageUnknown:
		return "结果未知"
	}
	return string(s)
}

// Recipients of messages.
const (
	ToAccount = "account"
	ToWechat  = "wechat" // a WeChat user: a resident, a guard, an observer

	ToResident = "resident" // somebody of the register whom no WeChat is known to be
	ToMember   = "member"   // likewise, of an institution
)

// MaxMessageText bounds title and detail of a message, in characters.
const MaxMessageText = 200

// MessageNote is what the outbox is asked to tell one recipient.
type MessageNote struct {
	Kind      MessageKind
	Community ID     // 0 = of none
	Account   ID     // the recipient; 0 = User is
	User      ID     // the WeChat user by whom an account is told; 0 = the one who is bound to it
	Resident  ID     // the recipient, without Account and User
	Member    ID     // likewise
	Notice    ID     // the entry of the account's bell; 0 = none
	Title     string // Chinese, without personal data
	Link      string // its page, below /console/

	At  time.Time // when what it tells of happened, from which on it is news; zero = now
	Due time.Time // by when what it asks must be decided; zero = it does not ask anything
}

// Message is what one recipient is told: a row of the outbox, and of the ledger.
type Message struct {
	ID        ID
	Community ID
	Place     string // the community's name, on its way to the recipient; "" = it is about none
	Kind      MessageKind
	ToKind    string
	To        ID
	User      ID // WeChat user by whom the recipient is reached; 0 = none
	Notice    ID
	Title     string
	Link      string
	Events    int // how many it tells of
	Merged    ID  // the message that it became part of; 0 = none
	Digest    MessageDigest
	First     MessageChannel // the one that its recipient wants to be tried first; "" = as usual
	State     MessageState
	Channel   MessageChannel   // the latest; "" = none yet
	Tried     []MessageChannel // those that did not reach the recipient
	Tries     int              // attempts on Channel
	Unsure    time.Time        // of the first attempt on Channel whose outcome is unknown; zero = there is none
	Reason    MessageReason    // of the state, or of the delay
	Code      string           // the platform's, with Reason
	Created   time.Time
	Due       time.Time // by when what it asks must be decided; zero = it does not ask anything
	Next      time.Time // when it is looked at again; zero = never
	Expires   time.Time
	Ended     time.Time
}

// Text returns what the recipient reads.
func (m Message) Text() string {
	if m.Events > 1 {
		return fmt.Sprintf("%d 条%s，最早一条：%s", m.Events, m.Kind.Label(), m.Title)
	}
	return m.Title
}

// Path returns the page that the message opens on a phone, below the public URL. Nobody is signed in to the console there: what
// an account is told is on a page of its own notices, but for reviews, which are decided on the phone.
func (m Message) Path() string {
	switch m.Kind {
	case MessageReview, MessageVisitReview, MessageExitReview:
		if m.Events > 1 {
			return strings.TrimPrefix(reviewPath(""), "/")
		}
		return strings.TrimPrefix(reviewPath(m.Link), "/")
	case MessageCertification, MessageHousehold, MessageRestriction, // household, household/7, pass
		MessageLease, MessageVisitor, MessageMember, MessageExitSlip:
		return "h5/" + m.Link
	case MessageVisit: // visitorpass/7, which is the host's
		return "h5/visit/own/" + strings.TrimPrefix(m.Link, "visitorpass/")
	}
	path := strings.TrimPrefix(NoticePages, "/")
	if m.Notice == 0 || m.Events > 1 { // the others are newer than the first
		return path
	}
	return path + "?from=" + m.Notice.String()
}

// miniPages are the pages of the mini-program by what a message leads to.
var miniPages = map[string]string{
	"certification": "pages/certification/certification", "household": "pages/household/household", "pass": "pages/pass/pass",
	"visitorpass": "pages/visitor/visitor", "visit": "pages/visit/visit", "exitslip": "pages/exitslip/exitslip",
}

// MiniPage returns the page of the mini-program that the message opens there, with its query; "" = none.
func (m Message) MiniPage() string {
	stem, id, _ := strings.Cut(m.Link, "/")
	if m.Kind == MessageVisit {
		stem = "visit"
	}
	page := miniPages[stem]
	switch {
	case page == "" || !slices.Contains(m.Kind.Type().Channels, ChannelSubscribe):
		return ""
	case id == "":
		return page
	}
	return page + "?id=" + id
}

// MessageAttempt is one try to send a message by one channel.
type MessageAttempt struct {
	ID      ID
	Message ID
	Channel MessageChannel
	State   AttemptState
	Reason  MessageReason
	Code    string
	Planned time.Time
	Begun   time.Time // zero = the call did not go out
	Ended   time.Time // zero = not yet
}

// AttemptState is how an attempt ended.
type AttemptState string

// The states of an attempt.
const (
	AttemptPlanned   AttemptState = "planned" // being sent, or its server was interrupted
	AttemptAccepted  AttemptState = "accepted"
	AttemptDelivered AttemptState = "delivered"
	AttemptRefused   AttemptState = "refused" // by the recipient
	AttemptFailed    AttemptState = "failed"
	AttemptUnknown   AttemptState = "unknown"
	AttemptWithdrawn AttemptState = "withdrawn" // the server shut down before it was sent
)

// Label returns the state in Chinese.
func (s AttemptState) Label() string {
	switch s {
	case AttemptPlanned:
		return "发送中"
	case AttemptAccepted:
		return "平台已接受"
	case AttemptDelivered:
		return "已送达"
	case AttemptRefused:
		return "对方拒收"
	case AttemptFailed:
		return "未发出"
	case AttemptUnknown:
		return "结果未知"
	case AttemptWithdrawn:
		return "已退回"
	}
	return string(s)
}

// Valid reports whether the kind is one of MessageTypes.
func (k MessageKind) Valid() bool { return slices.Contains(MessageKinds(), k) }

// Valid reports whether the channel is one of MessageChannels.
func (c MessageChannel) Valid() bool { return slices.Contains(MessageChannels(), c) }

// Valid reports whether the state is one of MessageStates.
func (s MessageState) Valid() bool { return slices.Contains(MessageStates(), s) }
