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
