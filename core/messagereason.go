package core

// MessageReason is why a message is in its state, or late.
type MessageReason string

// The reasons.
const (
	WhyNoWechat    MessageReason = "no_wechat"
	WhyNotFollowed MessageReason = "not_followed"
	WhyOptedOut    MessageReason = "opted_out"
	WhyBlocked     MessageReason = "blocked"
	WhyNoGrant     MessageReason = "no_grant"
	WhyNoStaff     MessageReason = "no_staff"
	WhyNoLicence   MessageReason = "no_licence"
	WhyNoPhone     MessageReason = "no_phone"
	WhyChannelOff  MessageReason = "channel_off"
	WhyNoChannel   MessageReason = "no_channel"
	WhyUnread      MessageReason = "unread"
	WhyQuiet       MessageReason = "quiet"
	WhyDigest      MessageReason = "digest"
	WhyTooMany     MessageReason = "too_many"
	WhyFull        MessageReason = "full"
	WhyNoQuota     MessageReason = "no_quota"
	WhyBusy        MessageReason = "busy"
	WhyNoAnswer    MessageReason = "no_answer"
	WhyBadTemplate MessageReason = "bad_template"
	WhyBadAddress  MessageReason = "bad_address"
	WhyBadContent  MessageReason = "bad_content"
	WhyNoRight     MessageReason = "no_right"
	WhyBadSecret   MessageReason = "bad_secret"
	WhyBadIP       MessageReason = "bad_ip"
	WhyOther       MessageReason = "other"
	WhyPlatform    MessageReason = "platform"
	WhyUnsure      MessageReason = "unsure"
	WhyInterrupted MessageReason = "interrupted"
	WhyTooLate     MessageReason = "too_late"
	WhyDisabled    MessageReason = "disabled"
	WhyNotTheirs   MessageReason = "not_theirs"
	WhyDecided     MessageReason = "decided"
	WhyMuted       MessageReason = "muted"
)

// messageReasons are the reasons in Chinese.
var messageReasons = map[MessageReason]string{
	WhyNoWechat:    "没有绑定微信",
	WhyNotFollowed: "没有关注公众号",
	WhyOptedOut:    "对方关闭了这类消息",
	WhyBlocked:     "对方屏蔽了公众号",
	WhyNoGrant:     "对方没有订阅这类消息",
	WhyNoStaff:     "不是企业微信成员",
	WhyNoLicence:   "没有企业微信接口许可",
	WhyNoPhone:     "没有手机号",
	WhyChannelOff:  "渠道没有开通",
	WhyNoChannel:   "没有可用的渠道",
	WhyUnread:      "站内提醒一直未读",
	WhyQuiet:       "夜间不打扰，早上发送",
	WhyDigest:      "按对方的设置合并发送",
	WhyTooMany:     "发给同一人太频繁，稍后再发",
	WhyFull:        "今天发给这个号码的已到上限",
	WhyNoQuota:     "今天的发送次数已用完",
	WhyBusy:        "平台繁忙，稍后再发",
	WhyNoAnswer:    "连不上平台，稍后再发",
	WhyBadTemplate: "模板不可用，请检查配置",
	WhyBadAddress:  "对方不属于这个公众号或小程序",
	WhyBadContent:  "消息格式不符合平台要求",
	WhyNoRight:     "账号没有这项权限，请检查认证",
	WhyBadSecret:   "账号密钥不正确，请检查配置",
	WhyBadIP:       "服务器地址不在平台白名单",
	WhyOther:       "平台的其他错误",
	WhyPlatform:    "平台没有送达",
	WhyUnsure:      "平台没有应答，可能已发出",
	WhyInterrupted: "发送时服务器中断，可能已发出",
	WhyTooLate:     "超过有效时间",
	WhyDisabled:    "对方的账号已停用",
	WhyNotTheirs:   "对方已没有权限，或不再管理该小区",
	WhyDecided:     "已处理，不用再提醒",
	WhyMuted:       "对方的这类提醒已关，只有站内提醒",
}

// Label returns the reason in Chinese.
func (r MessageReason) Label() string {
	if words, ok := messageReasons[r]; ok {
		return words
	}
	return string(r)
}

// smsReasons are reasons that are others of text messages.
var smsReasons = map[MessageReason]string{
	WhyOptedOut:    "对方退订了短信",
	WhyBadAddress:  "号码不能接收短信",
	WhyBadTemplate: "短信签名或模板不可用，请检查配置",
	WhyBadContent:  "短信内容不符合平台要求",
	WhyNoRight:     "短信账号不能发送，请检查余额和权限",
	WhyBadSecret:   "短信账号密钥不正确，请检查配置",
}

// LabelOf returns the reason in Chinese, of a channel.
func (r MessageReason) LabelOf(c MessageChannel) string {
	if words, ok := smsReasons[r]; ok && c == ChannelSMS {
		return words
	}
	return r.Label()
}

// Why returns in Chinese why a message is in its state, or late; "" = there is nothing to say.
func (m Message) Why() string {
	doubt := m.Reason == WhyUnsure || m.Reason == WhyInterrupted
	words := m.Reason.LabelOf(m.Channel)
	switch {
	case m.Reason == "":
		return ""
	case doubt && m.State == MessageUnknown:
		return words + "，不再重发"
	case doubt && !m.Unsure.IsZero():
		return words + "，再发一次，平台不会重复送达"
	case m.Channel == ChannelInApp && m.Reason != WhyUnread && (m.State == MessageSent || m.State == MessageDelivered):
		return words + "，改放站内提醒"
	}
	return words
}

// ByClock reports whether the platform itself says until when: nothing that is mended here ends it sooner.
func (r MessageReason) ByClock() bool { return r == WhyNoQuota }

// ByKeys reports whether a call with the account's keys shows that the reason is gone.
func (r MessageReason) ByKeys() bool { return r == WhyBadSecret || r == WhyBadIP }
