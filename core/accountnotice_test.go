package core

import (
	"strings"
	"testing"
)

// What the bell keeps of an account's notices names no WeChat user.
func TestAccountNoticeTitlesHaveNoPersonalData(t *testing.T) {
	for _, kind := range []NoticeKind{NoticeSignIn, NoticeWechatOn, NoticeWechatOff} {
		n := AccountNotice{Kind: kind, Way: SignInWay("password"), Wechat: "138****8009", Addr: "192.0.2.7"}
		if title := n.Title(); title == "" || strings.ContainsAny(title, "0123456789") {
			t.Errorf("%s: %q", kind, title)
		}
	}
}
