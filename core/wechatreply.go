package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// WechatReply is what an official account answers 自动回复. WeChat's own settings do not count while a message server
// is set: the answers are ours.
type WechatReply struct {
	ID      ID
	AppID   string
	Kind    WechatReplyKind
	Word    string // of a keyword
	Text    string
	Updated time.Time // see Stale
}

// WechatReplyKind is what is answered.
type WechatReplyKind string

// The kinds.
const (
	ReplyFollow   WechatReplyKind = "follow"   // somebody follows
	ReplyExact    WechatReplyKind = "exact"    // a message that is the keyword
	ReplyContains WechatReplyKind = "contains" // a message that has the keyword in it
	ReplyOther    WechatReplyKind = "other"    // any other message
)

// WechatReplyKinds are all kinds, in display order.
var WechatReplyKinds = []WechatReplyKind{ReplyFollow, ReplyExact, ReplyContains, ReplyOther}

// Label returns the kind in Chinese.
func (k WechatReplyKind) Label() string {
	switch k {
	case ReplyFollow:
		return "关注时"
	case ReplyExact:
		return "完全相同"
	case ReplyContains:
		return "包含"
	case ReplyOther:
		return "其他消息"
	}
	return string(k)
}

// Keyword reports whether the kind has a keyword.
func (k WechatReplyKind) Keyword() bool { return k == ReplyExact || k == ReplyContains }

// MaxReplyWord bounds a keyword, in characters; MaxWechatReplies the answers of an account.
const (
	MaxReplyWord     = 30
	MaxWechatReplies = 200
)

// Trimmed returns the reply with its text cleaned.
func (r WechatReply) Trimmed() WechatReply {
	r.Text = cleanLines(r.Text)
	if r.Word = replyWord(r.Word); !r.Kind.Keyword() {
		r.Word = ""
	}
	return r
}

// replyWord is a text as it is compared: capitals and wide letters do not matter.
func replyWord(text string) string { return strings.ToLower(strings.TrimSpace(Clean(text))) }

// cleanLines cleans a text that may have several lines.
func cleanLines(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == utf8.RuneError {
				return -1
			}
			return r
		}, strings.TrimRight(line, " \t\r"))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// Check returns an Invalid error that names the wrong fields of a Trimmed reply.
func (r WechatReply) Check() error {
	fields := map[string]string{}
	if !slices.Contains(WechatReplyKinds, r.Kind) {
		fields["kind"] = "请选择什么时候回复"
	}
	if r.Kind.Keyword() && (r.Word == "" || utf8.RuneCountInString(r.Word) > MaxReplyWord) {
		fields["word"] = fmt.Sprintf("请填写关键词，最多 %d 个字", MaxReplyWord)
	}
	if wrong := wrongReply(r.Text); wrong != "" {
		fields["text"] = wrong
	}
	return InvalidFields(fields)
}

// StandardReply returns what is answered while nothing is set for a kind; "" = nothing.
func StandardReply(k WechatReplyKind) string {
	switch k {
	case ReplyFollow:
		return "欢迎关注。点菜单“通行证”查看您的通行证和出门二维码。首次使用请按提示验证手机号。"
	case ReplyOther:
		return "您好。点菜单“通行证”出示二维码；值班请点“门岗”；查看出入记录请点“观察员”。登记、改资料请联系小区物业。"
	}
	return ""
}

// ReplyTo returns what a message is answered: by the keyword that it is, else by the longest that it has in it, else as
// any other; "" = nothing is set for it.
func ReplyTo(replies []WechatReply, message string) string {
	message = replyWord(message)
	best, other := WechatReply{}, ""
	for _, r := range replies {
		switch {
		case r.Kind == ReplyExact && r.Word == message:
			return r.Text
		case r.Kind == ReplyContains && strings.Contains(message, r.Word) && len(r.Word) > len(best.Word):
			best = r
		case r.Kind == ReplyOther:
			other = r.Text
		}
	}
	if best.Word != "" {
		return best.Text
	}
	return other
}

// ReplyToFollow returns what a new follower is told; "" = nothing is set.
func ReplyToFollow(replies []WechatReply) string {
	for _, r := range replies {
		if r.Kind == ReplyFollow {
			return r.Text
		}
	}
	return ""
}

// wechatReplyFields label what the audit log records of a reply.
var wechatReplyFields = []AuditField{
	{Key: "app_id", Label: "AppID"},
	{Key: "kind", Label: "方式", Value: labelOf(WechatReplyKind.Label)},
	{Key: "word", Label: "关键词"},
	{Key: "text", Label: "回复"},
}
