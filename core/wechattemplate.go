package core

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// WechatTemplate is by which template of an official account, or of a mini-program, a kind of message is sent 消息模板.
// Without one, the configuration file's is used for the configuration file's account.
type WechatTemplate struct {
	ID       ID
	AppID    string // the account's
	Kind     MessageKind
	Template string // WeChat's id of the template
	Title    string // of the template, as WeChat has it
	Fields   []WechatTemplateField
	Updated  time.Time // see Stale
}

// WechatTemplateField is a field of the template and what fills it.
type WechatTemplateField struct {
	Key   string // thing1; its letters are the type
	Label string // as WeChat shows it: 访客姓名
	Part  string // of MessageParts
}

// MessageTemplate returns how messages are filled in.
func (t WechatTemplate) MessageTemplate() MessageTemplate {
	out := MessageTemplate{ID: t.Template, Fields: make(map[string]string, len(t.Fields))}
	for _, f := range t.Fields {
		out.Fields[f.Key] = f.Part
	}
	return out
}

// Limits of what a template of the platform has.
const (
	MaxTemplateFields = 10
	maxTemplateText   = 64 // characters of a title, or of a label
)

var (
	wechatTemplateID = regexp.MustCompile(`^[A-Za-z0-9_-]{6,64}$`)
	templateFieldKey = regexp.MustCompile(`^[a-z_]{1,20}[0-9]{0,3}$`)
)

// MessagePartLabel returns a part of a message in Chinese.
func MessagePartLabel(part string) string {
	return map[string]string{
		"title": "提醒内容", "kind": "提醒类型", "time": "发生时间", "count": "条数", "hint": "操作提示", "community": "小区",
	}[part]
}

// fieldParts are the parts of a message that a type of field can hold; a type that is not here holds any.
var fieldParts = map[string][]string{
	"time": {"time"}, "date": {"time"}, "number": {"count"}, "amount": {"count"}, "phrase": {"kind"},
}

// PartsOfField returns the parts of a message that a template's field can hold, by its name: WeChat refuses a time3 that
// is not a time, and a phrase1 takes five characters.
func PartsOfField(key string) []string {
	if parts, ok := fieldParts[fieldType.FindString(key)]; ok {
		return parts
	}
	return MessageParts
}

// TemplateFieldName is the form's name of a field of a template, by its key.
func TemplateFieldName(key string) string { return "part_" + key }

// TemplateChannel returns by which channel an account sends its templates; "" = it has none.
func (k WechatAppKind) TemplateChannel() MessageChannel {
	switch k {
	case WechatOfficial:
		return ChannelTemplate
	case WechatMini:
		return ChannelSubscribe
	}
	return ""
}

// Check returns an Invalid error that names what is wrong with the choice for an account of a kind.
func (t WechatTemplate) Check(of WechatAppKind) error {
	fields := map[string]string{}
	if !slices.Contains(t.Kind.Type().Channels, of.TemplateChannel()) {
		return Invalid("这种提醒不用" + of.Label() + "发送")
	}
	if !wechatTemplateID.MatchString(t.Template) || t.Title == "" || len([]rune(t.Title)) > maxTemplateText ||
		len(t.Fields) == 0 || len(t.Fields) > MaxTemplateFields {
		fields["template"] = "请选择模板"
		return InvalidFields(fields)
	}
	titled := false
	for _, f := range t.Fields {
		switch {
		case !templateFieldKey.MatchString(f.Key) || len([]rune(f.Label)) > maxTemplateText:
			fields["template"] = "模板的字段不能识别：" + f.Key
		case !slices.Contains(MessageParts, f.Part):
			fields[TemplateFieldName(f.Key)] = "请选择填什么"
		case !slices.Contains(PartsOfField(f.Key), f.Part):
			fields[TemplateFieldName(f.Key)] = "微信规定这个字段只能填“" + MessagePartLabel(PartsOfField(f.Key)[0]) + "”"
		}
		titled = titled || f.Part == "title"
	}
	if !titled && len(fields) == 0 {
		fields[t.titleField()] = "至少有一项填“" + MessagePartLabel("title") + "”"
	}
	return InvalidFields(fields)
}

// titleField names the first field of the form that can hold what a message says; without one, the template's.
func (t WechatTemplate) titleField() string {
	for _, f := range t.Fields {
		if slices.Contains(PartsOfField(f.Key), "title") {
			return TemplateFieldName(f.Key)
		}
	}
	return "template"
}

// Missing returns what is wrong with the choice now that the account's template has fields of these keys; "" =
// nothing. A field of the template that is not filled makes the platform refuse the message.
func (t WechatTemplate) Missing(keys []string) string {
	var lost, fresh []string
	for _, f := range t.Fields {
		if !slices.Contains(keys, f.Key) {
			lost = append(lost, f.Label)
		}
	}
	for _, key := range keys {
		if !slices.ContainsFunc(t.Fields, func(f WechatTemplateField) bool { return f.Key == key }) {
			fresh = append(fresh, key)
		}
	}
	switch {
	case len(lost) > 0:
		return "模板里已没有“" + strings.Join(lost, "、") + "”"
	case len(fresh) > 0:
		return "模板里多出的 " + strings.Join(fresh, "、") + " 没有填"
	}
	return ""
}

// ProposeParts fills the fields of a template with what suits their types and labels best: times by a time, 类型 by
// the kind, the first text by the title.
func ProposeParts(fields []WechatTemplateField) []WechatTemplateField {
	out := slices.Clone(fields)
	titled := false
	for i, f := range out {
		part := "title"
		switch parts := PartsOfField(f.Key); {
		case len(parts) == 1:
			part = parts[0]
		case strings.Contains(f.Label, "时间") || strings.Contains(f.Label, "日期"):
			part = "time"
		case strings.Contains(f.Label, "数量") || strings.Contains(f.Label, "条数"):
			part = "count"
		case saysKind(f.Label):
			part = "kind"
		case strings.Contains(f.Label, "小区") || strings.Contains(f.Label, "项目"):
			part = "community"
		case titled:
			part = "hint"
		default:
			titled = true
		}
		out[i].Part = part
	}
	if !titled {
		for i, f := range out {
			if fieldType.FindString(f.Key) == "thing" { // its label suited something else, but nothing else holds the title
				out[i].Part = "title"
				break
			}
		}
	}
	return out
}

func saysKind(label string) bool {
	return slices.ContainsFunc([]string{"类型", "类别", "分类", "等级", "状态"}, func(w string) bool {
		return strings.Contains(label, w)
	})
}

// SampleMessage is a message of a kind as it could be, for a preview and for a test.
func SampleMessage(kind MessageKind, now time.Time) Message {
	title := map[MessageKind]string{
		MessageAccessAlert: "东门读头离线超过 5 分钟", MessageSignIn: "您的账号在新的地点登录", MessageBinding: "您的账号绑定了微信",
		MessageJob: "校验操作日志：已完成", MessageReview: "住户认证：1栋2单元301 待审核", MessageCertification: "住户认证已通过",
		MessageHousehold: "您的住户登记有变化", MessageRestriction: "1栋2单元301 限制出入：限 1 次", MessageVisitor: "您的访客已进门", MessageVisit: "访客申请已通过",
		MessageExitSlip: "出门条申请已通过", MessageExitReview: "出门条申请：1栋2单元301 待审核",
		MessageVisitReview: "访客申请：1栋2单元301 待审核", MessageLease: "您的租约 7 天后到期", MessageLeaseOffice: "3 位租客的租约 7 天后到期",
		MessageMember: "您的专用通行证 7 天后到期", MessageMemberOffice: "顺丰速运 3 名成员的专用通行证即将到期",
		MessageRulePlan: "定时的通行证设置（2026-12-05 起）没有生效", MessageAlarm: "公众号的调用次数今天已用完",
	}[kind]
	if title == "" {
		title = kind.Label()
	}
	return Message{Kind: kind, Title: title, Place: "翠湖花园", Events: 1, Created: now}
}

// wechatTemplateFields label what the audit log records of a choice.
var wechatTemplateFields = []AuditField{
	{Key: "app_id", Label: "AppID"},
	{Key: "kind", Label: "提醒类型", Value: labelOf(MessageKind.Label)},
	{Key: "title", Label: "模板"},
	{Key: "template", Label: "模板编号"},
	{Key: "fields", Label: "字段", List: true},
}
