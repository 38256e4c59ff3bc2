package core

import "time"

// SessionKind says whose a session is.
type SessionKind string

// Guards, observers and residents are roles of a WeChat user, found anew at each
// request, so that one who was removed is out at once.
const (
	SessionAccount SessionKind = "account" // a console account
	SessionWechat  SessionKind = "wechat"  // a WeChat user
)

// Session is one sign-in on one device.
type Session struct {
	ID         ID
	Kind       SessionKind
	Subject    ID     // Account.ID, WechatUser.ID
	CSRF       string // what its forms must carry
	Generation int64  // the subject's when it began
	Addr       string
	Agent      string
	ByLink     bool // begun by a link of the mini-program: it shows passes and proves nothing else
	Created    time.Time
	Seen       time.Time
	Expires    time.Time
	Ended      time.Time
}

// Live reports whether the session is good at the moment now.
func (s Session) Live(now time.Time) bool { return s.Ended.IsZero() && now.Before(s.Expires) }

// SessionLife is how long people stay signed in: Idle without a request, Most in
// any case.
type SessionLife struct {
	Idle time.Duration
	Most time.Duration
}

// Expiry is when a session begun at created and used at seen ends by itself.
func (l SessionLife) Expiry(created, seen time.Time) time.Time {
	idle, most := seen.Add(l.Idle), created.Add(l.Most)
	if idle.Before(most) {
		return idle
	}
	return most
}

// SignInWay says how somebody proved who they are.
type SignInWay string

// The ways.
const (
	WayPassword SignInWay = "password"
	WayCode     SignInWay = "code"     // the second step
	WayRecovery SignInWay = "recovery" // the second step, by a recovery code
	WayWechat   SignInWay = "wechat"   // scanned with WeChat
	// WayUnfinished is a right password whose second step did not come.
	WayUnfinished SignInWay = "unfinished"
	// WayProof is the password given again, before a delicate act: only what was wrong
	// stays in the history.
	WayProof SignInWay = "proof"
)

// Label gives the way in Chinese.
func (w SignInWay) Label() string {
	switch w {
	case WayPassword:
		return "密码"
	case WayCode:
		return "密码和动态码"
	case WayRecovery:
		return "密码和恢复码"
	case WayWechat:
		return "微信扫码"
	case WayUnfinished:
		return "密码正确，未完成第二步"
	case WayProof:
		return "登录后核对密码"
	}
	return string(w)
}

// SignInAttempt is one line of an account's sign-in history.
type SignInAttempt struct {
	ID        ID
	At        time.Time
	Addr      string
	Agent     string // the browser's User-Agent
	Way       SignInWay
	Succeeded bool
}

// sessionFields are the words of what the audit log keeps of a sign-in.
var sessionFields = []AuditField{
	{Key: "way", Label: "登录方式", Value: labelOf(SignInWay.Label)},
}
