package core

import "time"

// WechatLoginLife is how long the QR code of a sign-in or a binding is valid.
const WechatLoginLife = 5 * time.Minute

// WechatLogin is a QR code on a console page for the account's owner to scan with WeChat: to sign
// in, or to bind their WeChat to the account.
type WechatLogin struct {
	Binds   bool   // it binds Account; otherwise somebody signs in
	Account ID     // the account to bind to; 0 = sign in to the scanner's own
	Name    string // the account's, once known
	Code    string // two digits shown next to the QR code, to be picked on the phone
	Addr    string // of the browser that shows the QR code
	Agent   string
	NewAddr bool // nobody has ever signed in to the account from that network
	Begun   time.Time
	Expires time.Time
	State   WechatLoginState
}

// WechatLoginState is the progress of a WechatLogin.
type WechatLoginState string

// The states.
const (
	WechatLoginWaiting  WechatLoginState = "waiting"
	WechatLoginApproved WechatLoginState = "approved"
	WechatLoginRefused  WechatLoginState = "refused"
	WechatLoginOver     WechatLoginState = "over" // used, or expired
)
