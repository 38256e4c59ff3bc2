package core

import "slices"

// reasonSentences has a sentence for each reason: what a reader shows or speaks and what an access
// record keeps, short enough for a small screen.
var reasonSentences = map[Reason]string{
	ReasonAllowed:       "请通行",
	ReasonReaderUnknown: "设备未登记或已停用",
	ReasonUnreadable:    "读头的报文看不懂",
	ReasonTokenAbsent:   "二维码已失效，请刷新",
	ReasonTokenForeign:  "扫到的内容不是通行码",
	ReasonTokenUsed:     "二维码已使用，请刷新",
	ReasonTokenBusy:     "正在处理，请稍候",
	ReasonPassKind:      "此门不接受这种通行证",
	ReasonScope:         "通行证不适用于此门",
	ReasonReaderQR:      "请到门岗扫码通行",
	ReasonPassDisabled:  "通行证未生效或已停用",
	ReasonEarly:         "未到通行时间",
	ReasonExpired:       "通行证已过期",
	ReasonPassUsed:      "通行证已使用过",
	ReasonBarred:        "无法受理，请联系物业",
	ReasonOutOnly:       "出门条只能用于出门",
	ReasonNotEntered:    "没有进门记录，请到门岗",
	ReasonLeaseEnded:    "租期已到，通行证失效",
	ReasonRestricted:    "房屋已被限制出入",
	ReasonBlocked:       "小区禁止出入",
	ReasonHours:         "不在可出门时间段",
	ReasonCount:         "出门次数已用完",
	ReasonNeedID:        "请到门岗登记身份证",
	ReasonNeedTemp:      "请到门岗测温",
	ReasonNeedItems:     "请勾选要放行的物品",
	ReasonFever:         "体温异常",
	ReasonGuard:         "门岗不予放行",
	ReasonUrgent:        "紧急放行",
	ReasonLate:          "离线补登",
	ReasonDevice:        "设备自行放行",
	ReasonUnavailable:   "系统繁忙，请稍后再试",
}

// Reasons returns every reason, in the order in which they are checked.
func Reasons() []Reason {
	return []Reason{
		ReasonAllowed, ReasonReaderUnknown, ReasonUnreadable, ReasonTokenForeign, ReasonTokenAbsent, ReasonTokenUsed,
		ReasonTokenBusy, ReasonPassKind, ReasonScope, ReasonReaderQR, ReasonPassDisabled, ReasonEarly,
		ReasonExpired, ReasonPassUsed, ReasonBarred, ReasonOutOnly,
		ReasonNotEntered, ReasonLeaseEnded, ReasonRestricted, ReasonBlocked, ReasonHours,
		ReasonCount, ReasonNeedItems, ReasonNeedID, ReasonNeedTemp, ReasonFever, ReasonGuard, ReasonUrgent, ReasonLate,
		ReasonDevice, ReasonUnavailable,
	}
}

// Valid reports whether the reason exists.
func (r Reason) Valid() bool { return slices.Contains(Reasons(), r) }

// Sentence returns the reason in Chinese, as shown by readers and lists.
func (r Reason) Sentence() string {
	if s, ok := reasonSentences[r]; ok {
		return s
	}
	return reasonSentences[ReasonUnavailable]
}

// Label returns the reason in Chinese for offices and guards: a visitor on the blacklist is told to ask the office, which reads why.
func (r Reason) Label() string {
	if r == ReasonBarred {
		return "访客在黑名单上"
	}
	return r.Sentence()
}

// short returns a brief form of the sentence, leaving room on the line for what follows.
func (r Reason) short() string {
	if r == ReasonHours {
		return "不在出门时段"
	}
	return "次数已用完"
}
