package core

import "fmt"

// VisitorRule is what a community lets its residents and visitors do 访客通行证设置.
type VisitorRule struct {
	Invite bool       // residents may invite visitors, and nobody reviews it
	PerDay int        // invitations of one house a day
	Form   FormDesign // what is asked of a visitor
}

// VisitorBases are the fields of a visitor's form.
var VisitorBases = []FormBase{
	{Key: "name", Label: "访客姓名", Fixed: true},
	{Key: "phone", Label: "手机", Use: FormOptional},
	{Key: "id_number", Label: "证件号"},
	{Key: "plate", Label: "车牌号", Use: FormOptional},
	{Key: "people", Label: "来访人数", Use: FormOptional},
	{Key: "until", Label: "有效期至", Fixed: true},
	{Key: "reason", Label: "来访事由", Use: FormOptional},
	{Key: "remark", Label: "备注"},
}

// Bounds of a rule.
const (
	MaxVisitsPerDay     = 50
	defaultVisitsPerDay = 10
)

// DefaultVisitorRule returns the rule of a new community.
func DefaultVisitorRule() VisitorRule {
	return VisitorRule{Invite: true, PerDay: defaultVisitsPerDay, Form: NewForm(VisitorBases)}
}

// Normalized returns the rule in its stored form, and an Invalid error by field: per_day, and those of a FormDesign.
func (r VisitorRule) Normalized() (VisitorRule, error) {
	form, fields := r.Form.Normalized(VisitorBases)
	if r.PerDay < 1 || r.PerDay > MaxVisitsPerDay {
		fields["per_day"] = fmt.Sprintf("应为 1 至 %d 位", MaxVisitsPerDay)
	}
	r.Form = form
	return r, InvalidFields(fields)
}

// Text returns the rule in words.
func (r VisitorRule) Text() string {
	if !r.Invite {
		return "住户不能邀请访客"
	}
	return fmt.Sprintf("住户可以邀请访客，不用审核，每套房屋每天最多 %d 位", r.PerDay)
}

// visitorRuleFields label what the audit log records of a rule.
var visitorRuleFields = []AuditField{
	{Key: "invite", Label: "住户邀请访客"},
	{Key: "per_day", Label: "每套房屋每天最多邀请"},
	{Key: "form", Label: "访客表单"},
}
