package core

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"time"
)

// WechatApp is an account of the WeChat platform that the program works with 微信接入. Its keys are not part of
// it: they go in, and never come out.
type WechatApp struct {
	ID      ID // 0 = of the configuration file: the console cannot change it
	Kind    WechatAppKind
	Name    string
	AppID   string // WeChat's own id of it, of WeWork the company's; cannot change
	Agent   int    // of WeWork: the agent id of the company's app
	Scope   Scope  // the communities it serves; the whole scope is the account of all that have none of their own
	Sealed  bool   // messages come encrypted: it has an AES key
	Called  time.Time
	Refused time.Time // the last callback that was not acted on
	Refusal WechatRefusal
	Checked WechatCheck

	Disabled time.Time
	Updated  time.Time // see Stale
}

// WechatRefusal is why a callback was not acted on.
type WechatRefusal string

// The reasons.
const (
	RefusedSignature WechatRefusal = "signature"
	RefusedPlain     WechatRefusal = "plain" // in the clear, to an account with an AES key
	RefusedSealed    WechatRefusal = "sealed"
	RefusedClock     WechatRefusal = "clock"
)

// refusalWords returns what came, and what to do about it.
func (a WechatApp) refusalWords() string {
	place := "公众平台"
	if a.Kind == WechatWork {
		place = "企业微信管理后台"
	}
	switch {
	case a.Refusal == RefusedPlain:
		return "收到的消息没有加密，没有处理：加密方式不一致。这里填了 EncodingAESKey，请在" + place + "把消息加解密方式改为“安全模式”。"
	case a.Refusal == RefusedSealed && !a.Sealed:
		return "收到的消息读不出来，没有处理：加密方式不一致。这里没有填 EncodingAESKey，请填写，或在" + place + "改为“明文模式”。"
	case a.Refusal == RefusedSealed:
		return "收到的消息不能解密，没有处理：EncodingAESKey 不一致。请从" + place + "复制到这里，再发一条消息试试。"
	case a.Refusal == RefusedClock:
		return "收到的请求时间相差太多，没有处理：服务器时间不准。请校准服务器的时间。"
	}
	return "收到的请求签名不正确，已拒绝。请核对两边的 Token，改好后重新提交。"
}

// WrongCalls returns what is wrong with what comes from the platform; "" = what came last was right.
func (a WechatApp) WrongCalls() string {
	if !a.Refused.After(a.Called) {
		return ""
	}
	return a.refusalWords()
}

// MiniInUse reports whether the account is a mini-program that is in use.
func (a WechatApp) MiniInUse() bool { return a.Kind == WechatMini && a.Disabled.IsZero() }

// WechatAppKind is what kind of account it is.
type WechatAppKind string

// The kinds.
const (
	WechatOfficial WechatAppKind = "official" // a verified service account
	WechatMini     WechatAppKind = "mini"
	WechatWork     WechatAppKind = "work" // a company on WeWork, and its app
)

// WechatAppKinds are all kinds, in display order.
var WechatAppKinds = []WechatAppKind{WechatOfficial, WechatMini, WechatWork}

// Label returns the kind in Chinese.
func (k WechatAppKind) Label() string {
	switch k {
	case WechatOfficial:
		return "公众号"
	case WechatMini:
		return "小程序"
	case WechatWork:
		return "企业微信"
	}
	return string(k)
}

// WechatCheck is the result of the last call with an app's keys.
type WechatCheck struct {
	At      time.Time // zero = never checked
	Problem string    // in words; "" = it worked
}

// WechatKeys are the secrets of an app. They print as nothing but whether they are set.
type WechatKeys struct {
	Secret  string // AppSecret
	Contact string // of WeWork: the secret of the contact sync
	Token   string // of the message server; of mini-programs it may be missing: then nothing is pushed
	AESKey  string // EncodingAESKey, 43 characters; "" = messages come in the clear
}

// Format implements fmt.Formatter, for every verb.
func (k WechatKeys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.hidden()) }

// LogValue implements slog.LogValuer.
func (k WechatKeys) LogValue() slog.Value { return slog.StringValue(k.hidden()) }

// MarshalText covers JSON.
func (k WechatKeys) MarshalText() ([]byte, error) { return []byte(k.hidden()), nil }

func (k WechatKeys) hidden() string {
	if k == (WechatKeys{}) {
		return ""
	}
	return "(secret)"
}

// Lengths of what is typed, in characters.
const (
	MaxWechatAppName = 32
	MaxWechatKey     = 64
	maxWechatAgent   = 99_999_999
)

// The forms that the platform gives its ids and keys.
var (
	wechatAppID  = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	wechatCorpID = regexp.MustCompile(`^w[wx][0-9a-f]{16}$`)
	wechatSecret = regexp.MustCompile(`^[0-9A-Za-z]{16,64}$`)
	corpSecret   = regexp.MustCompile(`^[0-9A-Za-z_-]{16,64}$`)
	wechatToken  = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	wechatAESKey = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

// Trimmed returns the app with its text cleaned.
func (a WechatApp) Trimmed() WechatApp {
	a.Name, a.AppID = Clean(a.Name), Clean(a.AppID)
	return a
}

// Check returns an Invalid error that names the bad fields of a Trimmed app, and of its keys. Empty keys keep
// those on file where there are any.
func (a WechatApp) Check(keys WechatKeys, kept bool) error {
	fields := map[string]string{}
	if !slices.Contains(WechatAppKinds, a.Kind) {
		fields["kind"] = "请选择公众号、小程序或企业微信"
	}
	if !nameText(a.Name, MaxWechatAppName) {
		fields["name"] = "请填写名称，最多 32 个字"
	}
	if a.Scope.Empty() {
		fields["communities"] = "请选择负责哪些小区"
	}
	if a.Kind == WechatWork {
		a.checkCorp(keys, kept, fields)
		return InvalidFields(fields)
	}
	if !wechatAppID.MatchString(a.AppID) {
		fields["app_id"] = "应为 wx 加 16 位数字和小写字母 a–f"
	}
	if !(kept && keys.Secret == "") && !wechatSecret.MatchString(keys.Secret) {
		fields["app_secret"] = "应为 32 位字母和数字，请从公众平台复制"
	}
	if a.Kind == WechatOfficial || keys.Token != "" || keys.AESKey != "" {
		if !(kept && keys.Token == "") && !wechatToken.MatchString(keys.Token) {
			fields["token"] = "应为 3 到 32 位字母和数字"
		}
		if keys.AESKey != "" && !wechatAESKey.MatchString(keys.AESKey) {
			fields["aes_key"] = "应为 43 位字母和数字"
		}
	}
	return InvalidFields(fields)
}

// checkCorp adds the bad fields of a company's app.
func (a WechatApp) checkCorp(keys WechatKeys, kept bool, fields map[string]string) {
	if !wechatCorpID.MatchString(a.AppID) {
		fields["app_id"] = "应为 ww 加 16 位数字和小写字母 a–f"
	}
	if a.Agent < 1 || a.Agent > maxWechatAgent {
		fields["agent"] = "请填写应用的 AgentId，是一个数字"
	}
	for name, key := range map[string]string{"app_secret": keys.Secret, "contact_secret": keys.Contact} {
		if !(kept && key == "") && !corpSecret.MatchString(key) {
			fields[name] = "应为 43 位字母、数字、- 和 _，请从企业微信管理后台复制"
		}
	}
	if !(kept && keys.Token == "") && !wechatToken.MatchString(keys.Token) {
		fields["token"] = "应为 3 到 32 位字母和数字"
	}
	if !(kept && keys.AESKey == "") && !wechatAESKey.MatchString(keys.AESKey) {
		fields["aes_key"] = "应为 43 位字母和数字，企业微信的消息都加密"
	}
}

// WechatAppOf returns the app in use of a kind that serves a community: its own, otherwise that of all
// communities. For community 0, or if neither is there, ok is false or the one of all.
func WechatAppOf(apps []WechatApp, kind WechatAppKind, community ID) (app WechatApp, ok bool) {
	for _, a := range apps {
		if a.Kind != kind || !a.Disabled.IsZero() {
			continue
		}
		switch {
		case !a.Scope.Whole() && community != 0 && a.Scope.Has(community):
			return a, true
		case a.Scope.Whole() && !ok:
			app, ok = a, true
		}
	}
	return app, ok
}

// WechatAppFor returns the app in use of a kind for what concerns several communities: the one that serves each of them,
// otherwise that of all. ok is false if there is neither.
func WechatAppFor(apps []WechatApp, kind WechatAppKind, communities Scope) (app WechatApp, ok bool) {
	for i, community := range communities.Communities() {
		each, served := WechatAppOf(apps, kind, community)
		if i > 0 && each.AppID != app.AppID {
			return WechatAppOf(apps, kind, 0)
		}
		app, ok = each, served
	}
	if len(communities.Communities()) == 0 {
		return WechatAppOf(apps, kind, 0)
	}
	return app, ok
}

// WechatAppClash returns an Invalid error if one community would have two apps in use of the kind of a, or the
// same account of WeChat would be there twice.
func WechatAppClash(a WechatApp, others []WechatApp, nameOf func(ID) string) error {
	for _, other := range others {
		if other.ID == a.ID && (a.ID != 0 || other.AppID == a.AppID) {
			continue
		}
		if other.AppID == a.AppID {
			return InvalidFields(map[string]string{"app_id": "该账号已接入：“" + other.Name + "”"})
		}
		if other.Kind != a.Kind || !other.Disabled.IsZero() || !a.Disabled.IsZero() {
			continue
		}
		if a.Scope.Whole() && other.Scope.Whole() {
			return InvalidFields(map[string]string{"communities": "“" + other.Name + "”已负责全部小区"})
		}
		for _, community := range a.Scope.Communities() {
			if !other.Scope.Whole() && other.Scope.Has(community) {
				return InvalidFields(map[string]string{
					"communities": "“" + other.Name + "”已负责" + nameOf(community),
				})
			}
		}
	}
	return nil
}

// wechatAppFields label what the audit log records of an app.
var wechatAppFields = []AuditField{
	{Key: "kind", Label: "类型", Value: labelOf(WechatAppKind.Label)},
	{Key: "name", Label: "名称"},
	{Key: "app_id", Label: "账号 ID"},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "agent", Label: "AgentId"},
	{Key: "secret", Label: "AppSecret"},
	{Key: "contact", Label: "通讯录 Secret"},
	{Key: "token", Label: "Token"},
	{Key: "aes_key", Label: "EncodingAESKey"},
	{Key: "staff", Label: "员工"},
	{Key: "disabled", Label: "已停用"},
	{Key: "step", Label: "步骤"},
}
