package core

import "time"

// WechatLoginLife is how long the QR of a sign-in or a binding is good.
const WechatLoginLife = 5 * time.Minute

// WechatLogin is a QR that a console page shows for its own account's owner to scan
// with WeChat: to sign in, or to bind their WeChat to the account.
type WechatLogin struct {
	Account ID     // the one to bind to; 0 = to sign in to the scanner's own
	Name    string // the account's, once it is known
	Code    string // two digits that stand beside the QR, to be picked on the phone
	Addr    string // of the browser that shows the QR
	Agent   string
	NewAddr bool // nobody ever signed in to the account from that network
	Begun   time.Time
	Expires time.Time
	State   WechatLoginState
}

// WechatLoginState is how far it has come.
type WechatLoginState string

// The states.
const (
	WechatLoginWaiting  WechatLoginState = "waiting"
	WechatLoginApproved WechatLoginState = "approved"
	WechatLoginRefused  WechatLoginState = "refused"
	WechatLoginOver     WechatLoginState = "over" // used, or too late
)
