package core

import "time"

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds.
const (
	NoticeSignIn    NoticeKind = "sign_in"
	NoticeWechatOn  NoticeKind = "wechat_on"
	NoticeWechatOff NoticeKind = "wechat_off"
)

// AccountNotice tells the owner of an account about an act on it, even one of their own.
type AccountNotice struct {
	ID      ID
	Kind    NoticeKind
	Way     SignInWay // for a sign-in
	Wechat  string    // masked phone number of the WeChat user; "" if none was verified
	Addr    string    // of the browser that signed in or showed the QR code
	Agent   string
	NewAddr bool // nobody has ever signed in to the account from that network
	At      time.Time

	NewAgent bool // nobody has signed in to it by that kind of browser and system
	Read     time.Time
}

// Label describes in Chinese what happened.
func (n AccountNotice) Label() string {
	switch n.Kind {
	case NoticeSignIn:
		return "账号登录（" + n.Way.Label() + "）"
	case NoticeWechatOn:
		return "绑定微信（" + WechatLabel(n.Wechat) + "）"
	case NoticeWechatOff:
		return "解绑微信（" + WechatLabel(n.Wechat) + "）"
	}
	return string(n.Kind)
}

// Title is Label without personal data.
func (n AccountNotice) Title() string {
	switch n.Kind {
	case NoticeSignIn:
		if n.NewAgent && !n.NewAddr {
			return "账号从新设备登录（" + n.Way.Label() + "）"
		}
	case NoticeWechatOn:
		return "账号绑定了微信"
	case NoticeWechatOff:
		return "账号解绑了微信"
	}
	return n.Label()
}

// WechatLabel describes a WeChat user by their masked phone number; "" means none was verified.
func WechatLabel(phone string) string {
	if phone == "" {
		return "未验证手机号"
	}
	return phone
}

// BoundWechat is the WeChat user bound to an account, a guard or an observer.
type BoundWechat struct {
	User  ID        // 0 = none
	Phone string    // masked; "" if none was verified
	At    time.Time // when it was bound; zero if not known
}
