package core

import (
	"slices"
	"time"
)

// MessageSetup is which channels a deployment has, and by which accounts and templates.
type MessageSetup struct {
	Officials []MessageAccount                                   // the official accounts in use
	Minis     []MessageAccount                                   // the mini-programs in use
	Corps     map[ID]string                                      // the companies on WeWork in use: their ids by WechatApp.ID
	Open      map[MessageChannel]bool                            // channels that can send; the list is always open
	Templates map[MessageChannel]map[MessageKind]MessageTemplate // of the other channels
}

// MessageAccount is an official account or a mini-program with its templates.
type MessageAccount struct {
	App       WechatApp
	Templates map[MessageKind]MessageTemplate
}

// TemplateOf returns the template for a kind on a channel but those of WeChat, where each account has its own; zero = there
// is none.
func (s MessageSetup) TemplateOf(c MessageChannel, k MessageKind) MessageTemplate {
	return s.Templates[c][k]
}

// OfficialsOf returns the official accounts that may tell of something in a community, in order of preference: its
// own, then the one of all.
func (s MessageSetup) OfficialsOf(community ID) []MessageAccount {
	return serving(s.Officials, ScopeOf(community))
}

// OfficialsFor returns the official accounts that may tell somebody who works in a scope of something that is about
// themselves, in order of preference: those of some of the communities, then the one of all.
func (s MessageSetup) OfficialsFor(scope Scope) []MessageAccount { return serving(s.Officials, scope) }

// MinisOf returns the mini-programs that may tell of something in a community, likewise.
func (s MessageSetup) MinisOf(community ID) []MessageAccount {
	return serving(s.Minis, ScopeOf(community))
}

func serving(accounts []MessageAccount, scope Scope) []MessageAccount {
	var own, all []MessageAccount
	for _, a := range accounts {
		switch {
		case !a.App.Disabled.IsZero():
		case a.App.Scope.Whole():
			all = append(all, a)
		case scope.whole || slices.ContainsFunc(a.App.Scope.communities, scope.Has):
			own = append(own, a)
		}
	}
	return append(own, all...)
}

// MessageClaim is what a worker asks the outbox for.
type MessageClaim struct {
	Setup MessageSetup
	Quiet QuietHours
	Zone  *time.Location // of the quiet hours
	Limit int            // at most so many messages
	Lease time.Duration  // they are the worker's alone for so long; then another may claim them
}

// Dispatch is a message on its way: what a channel needs in order to send it.
type Dispatch struct {
	Message
	Attempt  ID
	Lease    string        // of the claim
	Held     time.Duration // how long it lasts
	Key      string        // the same for every attempt of the message on a channel that recognises it
	Address  string        // open id, user id of WeWork, or phone number
	AppID    string        // the account's whose Address it is; "" = of none
	Template MessageTemplate
	Begun    time.Time
}

// SendResult is how a dispatch went.
type SendResult struct {
	Dispatch
	Answer SendAnswer
	Code   string  // the platform's; "" = none
	ID     string  // the platform's, by which it reports the delivery; "" = none
	Random float64 // from 0 to below 1, which spreads retries
}

// MessageFilter narrows the ledger.
type MessageFilter struct {
	Community ID // 0 = all of the scope
	Kind      MessageKind
	State     MessageState
	Channel   MessageChannel
	From, To  time.Time // created from From on and before To; zero = not limited
	ToKind    string    // with To: one recipient's
	Recipient ID
}

// Recipient is who a message is for, as the ledger shows them.
type Recipient struct {
	Kind  string
	ID    ID
	Name  string // whole; pages mask it
	Phone string // masked; "" = none was verified
	Link  ID     // of the page: an account, or a resident; 0 = there is none
}

// UnreachedPerson is somebody whom no channel reached.
type UnreachedPerson struct {
	Recipient
	Messages int
	Last     ID // the latest message
	Reason   MessageReason
	Channel  MessageChannel // the last that was tried
	Kind     MessageKind
	At       time.Time
	Call     MessageCall // of the latest message; zero = nobody has called yet
}

// MessageCall is that somebody of the office told by phone what no channel could.
type MessageCall struct {
	Caller string // the account's name
	Note   string
	At     time.Time
	Batch  ID // by which it is taken back; 0 = it is not known
}

// MaxCallNote bounds the note of a call, in characters.
const MaxCallNote = 200

// ChannelDay is what a channel did today.
type ChannelDay struct {
	Channel MessageChannel
	Sent    int
	Failed  int
	Stops   []ChannelStop
}

// ChannelStop is why a channel sends nothing for a while, or, if Until is not after Noted, what was wrong with what it
// sent.
type ChannelStop struct {
	Channel  MessageChannel
	AppID    string // the account of WeChat that the channel sends by; "" = by any
	Template string // "" = by any
	Until    time.Time
	Reason   MessageReason
	Code     string
	Alarm    bool      // somebody must look at the configuration
	Noted    time.Time // when it was last seen
}

// Title returns what a notice says of the stop, without personal data.
func (s ChannelStop) Title() string {
	title := s.Channel.Label() + "发送异常：" + s.Reason.LabelOf(s.Channel)
	if s.Code != "" {
		title += "（" + s.Code + "）"
	}
	return title
}

// Holds reports whether the stop concerns a channel that sends by an account and a template.
func (s ChannelStop) Holds(c MessageChannel, appID, template string) bool {
	return s.Channel == c && (s.AppID == "" || s.AppID == appID) && (s.Template == "" || s.Template == template)
}

// Served returns the communities that the stopped account serves, and its name; of a stop that is of no account, or of one
// that is not among apps, all.
func (s ChannelStop) Served(apps []WechatApp) (Scope, string) {
	at := slices.IndexFunc(apps, func(a WechatApp) bool { return s.AppID != "" && a.AppID == s.AppID })
	if at < 0 {
		return Everywhere, ""
	}
	return apps[at].Scope, apps[at].Name
}

// ChannelLift is what follows from an account that works again.
type ChannelLift struct {
	Waiting int  // messages that go out now
	Held    bool // some stop stays: the platform says until when
}

// messageFields label what the audit log records of a stop that somebody lifts, and of a call.
var messageFields = []AuditField{
	{Key: "channel", Label: "渠道"},
	{Key: "account", Label: "账号"},
	{Key: "template", Label: "模板"},
	{Key: "reason", Label: "暂停的原因"},
	{Key: "until", Label: "原定暂停至"},
	{Key: "waiting", Label: "等待的消息"},
	{Key: "unreached", Label: "未触达"},
	{Key: "note", Label: "备注"},
	batchField,
}
