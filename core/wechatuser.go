package core

// WechatUser is a person as WeChat knows them: one or more open ids, and a
// person of the register once a phone number was verified.
type WechatUser struct {
	ID      ID
	UnionID string // "" = WeChat has not told
	Person  ID     // 0 = no phone verified yet
}

// WechatIdentity is what WeChat told of somebody who signed in.
type WechatIdentity struct {
	AppID   string
	OpenID  string
	UnionID string // "" where the app is not tied to an open-platform account
}

// wechatUserFields are the words of what the audit log keeps of a merge.
var wechatUserFields = []AuditField{
	{Key: "merged", Label: "并入的微信用户"},
}
