package core

// Reminder is an account that may review something, and whether and how it is told of what waits 提醒设置.
type Reminder struct {
	Account Account
	Phone   string // masked: of its WeChat, or of the staff member whose account it is; "" = none
	Reach   ReminderReach
	Work    bool // WeWork reaches it: it is of a member of staff in a company in use
	On      bool // it is told outside the console
}

// ReminderReach is whether an official account reaches somebody.
type ReminderReach string

// The ways.
const (
	ReachFollower ReminderReach = "follower" // bound, and follows one that may tell them
	ReachBound    ReminderReach = "bound"    // bound, but follows none that may tell them
	ReachOptedOut ReminderReach = "opted_out"
	ReachUnset    ReminderReach = "unset" // none that may tell them has a template
	ReachNone     ReminderReach = "none"  // no WeChat is bound
)

// Label returns the state of somebody's WeChat in Chinese.
func (r ReminderReach) Label() string {
	switch r {
	case ReachFollower:
		return "可微信提醒"
	case ReachBound:
		return "未关注本小区的公众号"
	case ReachOptedOut:
		return "已关闭这类消息"
	case ReachUnset:
		return "模板未设置"
	case ReachNone:
		return "未关联公众号"
	}
	return string(r)
}
