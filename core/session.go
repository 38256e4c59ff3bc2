package core

import "time"

// SessionKind is whose a session is.
type SessionKind string

// Guards, observers and residents are roles of a WeChat user, looked up on each request, so that
// removing one takes effect at once.
const (
	SessionAccount SessionKind = "account" // a console account
	SessionWechat  SessionKind = "wechat"  // a WeChat user
	SessionStaff   SessionKind = "staff"   // a staff member, in WeWork
)

// Session is one sign-in on one device.
type Session struct {
	ID         ID
	Kind       SessionKind
	Subject    ID     // Account.ID, WechatUser.ID, Staff.ID
	CSRF       string // the token its forms must carry
	Generation int64  // the subject's generation when it began
	Addr       string
	Agent      string
	ByLink     bool // started from a link of the mini-program: it shows passes and proves nothing else
	Created    time.Time
	Seen       time.Time
	Expires    time.Time
	Ended      time.Time
}

// Live reports whether the session is valid at now.
func (s Session) Live(now time.Time) bool { return s.Ended.IsZero() && now.Before(s.Expires) }

// SessionLife is how long people stay signed in: Idle without a request, MaxLife in any case.
type SessionLife struct {
	Idle    time.Duration
	MaxLife time.Duration
}

// Expiry returns when a session created at created and last used at seen expires.
func (l SessionLife) Expiry(created, seen time.Time) time.Time {
	idle, last := seen.Add(l.Idle), created.Add(l.MaxLife)
	if idle.Before(last) {
		return idle
	}
	return last
}

// SignInWay is how somebody proved who they are.
type SignInWay string

// The ways.
const (
	WayPassword SignInWay = "password"
	WayCode     SignInWay = "code"     // the second step
	WayRecovery SignInWay = "recovery" // the second step, with a recovery code
	WayWechat   SignInWay = "wechat"   // scanned with WeChat
	// WayUnfinished is a correct password whose second step was not completed.
	WayUnfinished SignInWay = "unfinished"
	// WayProof is the password entered again before a sensitive act: only failures stay in the
	// history.
	WayProof SignInWay = "proof"
)

// Label returns the way in Chinese.
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

// SignInAttempt is one entry of an account's sign-in history.
type SignInAttempt struct {
	ID        ID
	At        time.Time
	Addr      string
	Agent     string // the browser's User-Agent
	Way       SignInWay
	Succeeded bool
}

// sessionFields label what the audit log records of a sign-in.
var sessionFields = []AuditField{
	{Key: "way", Label: "登录方式", Value: labelOf(SignInWay.Label)},
}
