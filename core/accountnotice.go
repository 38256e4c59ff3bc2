package core

import "time"

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds.
const (
	NoticeSignIn    NoticeKind = "sign_in"
	NoticeWechatOn  NoticeKind = "wechat_on"
	NoticeWechatOff NoticeKind = "wechat_off"
)

// AccountNotice is something that an account's owner should hear of, whoever did it.
type AccountNotice struct {
	ID      ID
	Kind    NoticeKind
	Way     SignInWay // of a sign-in
	Wechat  string    // masked phone number of the WeChat; "" where none was verified
	Addr    string    // of the browser that signed in, or showed the QR
	Agent   string
	NewAddr bool // nobody ever signed in to the account from that network
	At      time.Time
	Read    time.Time
}

// Label says in Chinese what happened; "" as a phone number means that the WeChat has
// none verified.
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

// WechatLabel tells one WeChat from another by its masked phone number.
func WechatLabel(phone string) string {
	if phone == "" {
		return "未验证手机号"
	}
	return phone
}

// BoundWechat is the WeChat that is bound to an account, a guard or an observer.
type BoundWechat struct {
	User  ID        // 0 = none
	Phone string    // masked; "" = none was verified
	At    time.Time // when it was bound; zero = not known
}
