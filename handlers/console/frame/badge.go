package frame

import (
	"tongxing/core"
	"tongxing/templates"
)

// BoundBadge returns whether a WeChat is bound.
func BoundBadge(user core.ID) templates.Badge {
	if user == 0 {
		return templates.Badge{Tone: templates.Warn, Text: "未绑定"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已绑定"}
}

// ServiceBadge is the state of something that can be disabled.
func ServiceBadge(inService bool, words string) templates.Badge {
	if inService {
		return templates.Badge{Tone: templates.Good, Text: words}
	}
	return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
}

// OnOff returns the badge of what is either on or off.
func OnOff(on bool, yes, no string) templates.Badge {
	if on {
		return templates.Badge{Tone: templates.Good, Text: yes}
	}
	return templates.Badge{Tone: templates.Neutral, Text: no}
}

// RestrictionBadge describes a restriction briefly.
func RestrictionBadge(r core.Restriction, today core.Day) templates.Badge {
	switch {
	case r.LastDay != 0 && r.LastDay < today:
		return templates.Badge{Tone: templates.Neutral, Text: "限制已到期"}
	case r.Exits < 0:
		return templates.Badge{Tone: templates.Bad, Text: "禁止出入"}
	case r.Exits == 0:
		return templates.Badge{Tone: templates.Good, Text: "不限次数"}
	}
	return templates.Badge{Tone: templates.Warn, Text: core.ExitsText(r.Exits)}
}
