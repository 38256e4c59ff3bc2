package core

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// VisitorRule is what a community lets its residents and visitors do 访客通行证设置.
type VisitorRule struct {
	Invite bool       // residents may invite visitors, and nobody reviews it
	PerDay int        // invitations of one house a day
	Apply  bool       // visitors may apply for a pass to a house, and somebody decides
	Hosts  bool       // residents of the house decide applications, and the office what they leave; else the office alone
	Book   bool       // visitors may ask a resident for an appointment, who accepts or declines
	Stay   int        // hours after which a party that is inside is overdue; 0 = none is
	Member int        // likewise, members of institutions
	Form   FormDesign // what is asked of a visitor
}

// DrasticAfter reports whether residents could invite visitors under another rule, and can no more.
func (r VisitorRule) DrasticAfter(was VisitorRule) bool { return was.Invite && !r.Invite }

// VisitorBases are the fields of a visitor's form.
var VisitorBases = []FormBase{
	{Key: "house", Label: "来访房屋", Fixed: true},
	{Key: "name", Label: "访客姓名", Fixed: true},
	{Key: "phone", Label: "手机", Use: FormOptional},
	{Key: "id_number", Label: "证件号"},
	{Key: "plate", Label: "车牌号", Use: FormOptional},
	{Key: "people", Label: "来访人数", Use: FormOptional},
	{Key: "until", Label: "有效期至", Fixed: true},
	{Key: "reason", Label: "来访事由", Use: FormOptional},
	{Key: "remark", Label: "备注"},
	{Key: "photo", Label: "照片"},
}

// Bounds of a rule.
const (
	MaxVisitsPerDay     = 50
	defaultVisitsPerDay = 10
	MaxStayHours        = 720
	defaultStayHours    = 12
	defaultMemberHours  = 10
)

// DefaultVisitorRule returns the rule of a new community.
func DefaultVisitorRule() VisitorRule {
	return VisitorRule{
		Invite: true, PerDay: defaultVisitsPerDay, Apply: true, Book: true, Stay: defaultStayHours,
		Member: defaultMemberHours, Form: NewForm(VisitorBases),
	}
}

// FormOf returns the form for visits of a way: who comes without being invited says a phone number, and who asks a resident says
// theirs, and no house.
func (r VisitorRule) FormOf(way VisitorWay) FormDesign {
	form := slices.Clone(r.Form)
	for i := range form {
		switch {
		case !way.Asked():
		case way == VisitBooked && form[i].Key == "house":
			form[i].Label = "住户手机号"
		case form[i].Key == "phone":
			form[i].Use = FormRequired
		case form[i].Key == "until":
			form[i].Label = "来访时间"
		}
	}
	return form
}

// Normalized returns the rule in its stored form, and an Invalid error by field: per_day, stay, and those of a FormDesign.
func (r VisitorRule) Normalized() (VisitorRule, error) {
	form, fields := r.Form.Normalized(VisitorBases)
	if r.PerDay < 1 || r.PerDay > MaxVisitsPerDay {
		fields["per_day"] = fmt.Sprintf("应为 1 至 %d 位", MaxVisitsPerDay)
	}
	if r.Stay < 0 || r.Stay > MaxStayHours {
		fields["stay"] = fmt.Sprintf("应为 0 至 %d 小时", MaxStayHours)
	}
	if r.Member < 0 || r.Member > MaxStayHours {
		fields["member"] = fmt.Sprintf("应为 0 至 %d 小时", MaxStayHours)
	}
	r.Form = form
	return r, InvalidFields(fields)
}

// Equal reports whether two rules in stored form are the same.
func (r VisitorRule) Equal(other VisitorRule) bool {
	same := r.Form.Equal(other.Form)
	r.Form, other.Form = nil, nil
	return same && reflect.DeepEqual(r, other)
}

// Text returns the rule in words.
func (r VisitorRule) Text() string {
	words := []string{"住户不能邀请访客"}
	if r.Invite {
		words[0] = fmt.Sprintf("住户可以邀请访客，不用审核，每套房屋每天最多 %d 位", r.PerDay)
	}
	switch {
	case !r.Apply:
		words = append(words, "访客不能扫码申请")
	case r.Hosts:
		words = append(words, "访客可以扫码申请，由本房屋的住户审核，没有审核的由物业审核")
	default:
		words = append(words, "访客可以扫码申请，由物业审核")
	}
	if r.Book {
		words = append(words, "可以向住户预约")
	} else {
		words = append(words, "不能向住户预约")
	}
	if r.Stay > 0 {
		words = append(words, fmt.Sprintf("在场超过 %d 小时提醒", r.Stay))
	}
	if r.Member > 0 {
		words = append(words, fmt.Sprintf("机构成员在场超过 %d 小时提醒", r.Member))
	}
	return strings.Join(words, "；")
}

// visitorRuleFields label what the audit log records of a rule.
var visitorRuleFields = []AuditField{
	{Key: "invite", Label: "住户邀请访客"},
	{Key: "per_day", Label: "每套房屋每天最多邀请"},
	{Key: "apply", Label: "访客扫码申请"},
	{Key: "hosts", Label: "住户审核申请"},
	{Key: "book", Label: "访客预约住户"},
	{Key: "stay", Label: "在场超时（小时）"},
	{Key: "member", Label: "机构成员在场超时（小时）"},
	{Key: "form", Label: "访客表单"},
}
