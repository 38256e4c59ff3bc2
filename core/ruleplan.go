package core

import (
	"fmt"
	"time"
)

// RulePlan is a change of a community's settings, or a restriction, that was scheduled 定时修改: it starts at 00:00 of a day, and
// what it replaced may be put back after another.
type RulePlan struct {
	RulePlanTerm
	ID        ID
	Community ID
	Stem      string // what it changes: passrule, visitorrule, exitrule, restriction
	State     RulePlanState
	Words     string // what it sets
	Before    string // what it replaced, to be put back; "" = nothing, or it has not started
	Now       string // of one in force: what holds instead, as somebody has changed it since, so that nothing is put back; "" = what it set
	Why       string // it failed, or is over otherwise than it was scheduled, or leaves something out; "" = as it was scheduled
	By        Actor
	Batch     ID   // the restrictions that it set; 0 = none
	Whole     bool // of a restriction: all houses of the community
	Houses    int  // of a restriction: how many it is for; of one that waits those that it would restrict now
	Left      int  // of a restriction that waits: those that it would leave out now, as they are gone or restricted otherwise since
	Drastic   bool // putting back what it replaced takes something from everybody
	Created   time.Time
	Over      time.Time // zero = it waits, or is in force

	Restriction Restriction // of a restriction
}

// Needs returns the permission to schedule and to end changes of a stem: that of changing it by hand.
func (p RulePlan) Needs() Permission { return RulePlanNeeds(p.Stem) }

// What names what it changes.
func (p RulePlan) What() string {
	switch p.Stem {
	case "passrule":
		return "通行证设置"
	case "visitorrule":
		return "访客通行证设置"
	case "exitrule":
		return "出门条设置"
	}
	return "限制出入"
}

// RulePlanNeeds is RulePlan.Needs of a stem.
func RulePlanNeeds(stem string) Permission {
	if stem == "restriction" {
		return PermRestrictionEdit
	}
	return PermPassRuleEdit
}

// RulePlanState is how far a scheduled change is.
type RulePlanState string

// The states: waiting → in force → done, waiting → done if nothing is put back; waiting → cancelled or failed.
const (
	RulePlanWaiting   RulePlanState = "waiting"
	RulePlanInForce   RulePlanState = "in_force"
	RulePlanDone      RulePlanState = "done"
	RulePlanCancelled RulePlanState = "cancelled"
	RulePlanFailed    RulePlanState = "failed"
)

// Label returns the state in Chinese.
func (s RulePlanState) Label() string {
	switch s {
	case RulePlanWaiting:
		return "待生效"
	case RulePlanInForce:
		return "生效中"
	case RulePlanDone:
		return "已完成"
	case RulePlanCancelled:
		return "已取消"
	case RulePlanFailed:
		return "没有生效"
	}
	return string(s)
}

// RulePlanTerm is when a scheduled change holds.
type RulePlanTerm struct {
	From  Day // 0 = it starts at once
	Until Day // last day; 0 = it stays
}

// maxRulePlanDays is how many days ahead a change may start, and how many it may hold until it is put back.
const maxRulePlanDays = 366

// RulePlanSoonDays is how many days before it a start or an end is soon: today counts as the first.
const RulePlanSoonDays = 7

// Due returns the day at whose 00:00 something happens next, and what.
func (p RulePlan) Due() (day Day, what string) {
	if p.State == RulePlanInForce {
		return p.Until + 1, "恢复"
	}
	return p.From, "生效"
}

// Scheduled reports whether a form asks for a change on another day, or one that is put back.
func (t RulePlanTerm) Scheduled() bool { return t.From != 0 || t.Until != 0 }

// Check returns an Invalid error with a message by field: from_day, until_day.
func (t RulePlanTerm) Check(today Day) error {
	fields := map[string]string{}
	switch {
	case t.From == 0 && t.Until == 0:
		fields["from_day"] = "请填写从哪天起，最早明天"
	case t.From == 0:
	case t.From <= today:
		fields["from_day"] = "最早从明天起；要今天生效，请不填"
	case t.From > today+maxRulePlanDays:
		fields["from_day"] = "最晚一年以内"
	}
	switch {
	case t.Until == 0:
	case t.Until < max(t.From, today) && t.From == 0:
		fields["until_day"] = "不能早于今天"
	case t.Until < t.From:
		fields["until_day"] = "不能早于开始那天"
	case t.Until > max(t.From, today)+maxRulePlanDays:
		fields["until_day"] = "最长一年"
	}
	return InvalidFields(fields)
}

// Starting returns the term with the day on which it starts, if it is set today.
func (t RulePlanTerm) Starting(today Day) RulePlanTerm {
	if t.From == 0 {
		t.From = today
	}
	return t
}

// last is the last day on which another change would get in its way: one that stays is made on one day.
func (t RulePlanTerm) last() Day { return max(t.From, t.Until) }

// Overlaps reports whether two changes of the same settings get in each other's way.
func (t RulePlanTerm) Overlaps(other RulePlanTerm) bool {
	return t.From <= other.last() && other.From <= t.last()
}

// Text returns the term in words: 2026-12-05 起, or 2026-12-05 至 2026-12-10.
func (t RulePlanTerm) Text() string {
	switch {
	case t.From == 0:
		return "立即生效，到 " + t.Until.String() + " 为止"
	case t.Until == 0:
		return t.From.String() + " 起"
	case t.Until == t.From:
		return t.From.String() + " 当天"
	}
	return fmt.Sprintf("%s 至 %s", t.From, t.Until)
}

// rulePlanFields label what the audit log records of a scheduled change.
var rulePlanFields = []AuditField{
	{Key: "what", Label: "修改"},
	{Key: "term", Label: "时间"},
	{Key: "words", Label: "内容"},
	{Key: "houses", Label: "房屋", List: true},
	{Key: "why", Label: "说明"},
}
