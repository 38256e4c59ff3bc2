package core

// WechatUser is a person as WeChat knows them: one or more open ids, and a person of the register once a phone number
// has been verified and it is known whose it is: by the name, or since an application was approved.
type WechatUser struct {
	ID       ID
	UnionID  string // "" = WeChat has not told us
	Person   ID     // 0 = not known yet
	Verified bool   // a phone number is verified
	Number   ID     // the person of that number, by whatever name: what was given to the number is theirs; 0 = none
}

// MaxNameMisses bounds the wrong names that may be stated with a number on one day.
const MaxNameMisses = 5

// WechatIdentity is what WeChat told us about somebody who signed in.
type WechatIdentity struct {
	AppID   string
	OpenID  string
	UnionID string // "" if the app is not linked to an open-platform account
}

// wechatUserFields label what the audit log records of a merge.
var wechatUserFields = []AuditField{
	{Key: "merged", Label: "并入的微信用户"},
	{Key: "ties", Label: "住址数"},
}
