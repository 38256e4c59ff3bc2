package core

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ExitWho is which residents of a house may apply for an exit slip.
type ExitWho string

// Who may.
const (
	ExitResidents ExitWho = "residents" // all who are certified there
	ExitOwners    ExitWho = "owners"    // its owners alone
	ExitNobody    ExitWho = "nobody"    // the office issues slips at the desk
)

// ExitWhos returns all of them, in display order.
func ExitWhos() []ExitWho { return []ExitWho{ExitResidents, ExitOwners, ExitNobody} }

// Valid reports whether it is one of ExitWhos.
func (w ExitWho) Valid() bool { return slices.Contains(ExitWhos(), w) }

// Label returns it in Chinese.
func (w ExitWho) Label() string {
	switch w {
	case ExitResidents:
		return "已认证的住户"
	case ExitOwners:
		return "只有业主"
	case ExitNobody:
		return "住户不能申请，由物业开具"
	}
	return string(w)
}

// ExitArrears is what becomes of applications of a house that owes money 欠费.
type ExitArrears string

// What becomes of them.
const (
	ExitArrearsRefuse ExitArrears = "refuse" // none can be made, nor issued at the desk
	ExitArrearsReview ExitArrears = "review" // the office decides, also where nobody reviews those of others
	ExitArrearsAllow  ExitArrears = "allow"  // the same as of any other house
)

// ExitArrearsAll returns all of them, in display order.
func ExitArrearsAll() []ExitArrears {
	return []ExitArrears{ExitArrearsRefuse, ExitArrearsReview, ExitArrearsAllow}
}

// Valid reports whether it is one of ExitArrearsAll.
func (a ExitArrears) Valid() bool { return slices.Contains(ExitArrearsAll(), a) }

// Label returns it in Chinese.
func (a ExitArrears) Label() string {
	switch a {
	case ExitArrearsRefuse:
		return "不能申请"
	case ExitArrearsReview:
		return "可以申请，由物业审核"
	case ExitArrearsAllow:
		return "可以申请，和其他房屋一样"
	}
	return string(a)
}

// ExitReviewer is who decides applications.
type ExitReviewer string

// Who decides.
const (
	ExitByOffice ExitReviewer = "office"
	ExitByOwner  ExitReviewer = "owner" // owners of the house first, of what others of it apply for; the office what they leave
	ExitByNobody ExitReviewer = "nobody"
)

// ExitReviewers returns all of them, in display order.
func ExitReviewers() []ExitReviewer { return []ExitReviewer{ExitByOffice, ExitByOwner, ExitByNobody} }

// Valid reports whether it is one of ExitReviewers.
func (r ExitReviewer) Valid() bool { return slices.Contains(ExitReviewers(), r) }

// Label returns it in Chinese.
func (r ExitReviewer) Label() string {
	switch r {
	case ExitByOffice:
		return "物业审核"
	case ExitByOwner:
		return "先由业主审核，没有审核的由物业审核"
	case ExitByNobody:
		return "不用审核"
	}
	return string(r)
}

// ExitRule is how a community lets things be carried out 出门条设置.
type ExitRule struct {
	Who      ExitWho
	Arrears  ExitArrears
	Reviewer ExitReviewer
	Hours    int        // for which a slip is good after its time; 0 = until the end of that day
	Form     FormDesign // what is asked for
}

// DrasticAfter reports whether residents could apply under another rule, and can no more.
func (r ExitRule) DrasticAfter(was ExitRule) bool {
	return was.Who != ExitNobody && r.Who == ExitNobody
}

// ExitBases are the fields of an application for an exit slip.
var ExitBases = []FormBase{
	{Key: "name", Label: "申请人", Fixed: true},
	{Key: "phone", Label: "手机", Use: FormOptional},
	{Key: "house", Label: "房屋", Fixed: true},
	{Key: "items", Label: "物品和数量", Fixed: true},
	{Key: "photo", Label: "物品照片", Use: FormOptional},
	{Key: "plate", Label: "车牌号", Use: FormOptional},
	{Key: "carrier", Label: "搬运单位"},
	{Key: "destination", Label: "去向"},
	{Key: "reason", Label: "事由", Use: FormOptional},
	{Key: "planned", Label: "出门时间", Fixed: true},
	{Key: "remark", Label: "备注"},
}

// MaxExitHours bounds for how long a slip is good after its time.
const MaxExitHours = 72

// DefaultExitRule returns the rule of a new community.
func DefaultExitRule() ExitRule {
	return ExitRule{
		Who: ExitResidents, Arrears: ExitArrearsRefuse, Reviewer: ExitByOffice, Form: NewForm(ExitBases),
	}
}

// Normalized returns the rule in its stored form, and an Invalid error by field: who, arrears, reviewer, hours, and those of a
// FormDesign.
func (r ExitRule) Normalized() (ExitRule, error) {
	form, fields := r.Form.Normalized(ExitBases)
	if !r.Who.Valid() {
		fields["who"] = "请选择谁可以申请"
	}
	if !r.Arrears.Valid() {
		fields["arrears"] = "请选择欠费房屋怎样处理"
	}
	if !r.Reviewer.Valid() {
		fields["reviewer"] = "请选择由谁审核"
	}
	if r.Hours < 0 || r.Hours > MaxExitHours {
		fields["hours"] = fmt.Sprintf("应为 0 至 %d 小时", MaxExitHours)
	}
	r.Form = form
	return r, InvalidFields(fields)
}

// Equal reports whether two rules in stored form are the same.
func (r ExitRule) Equal(other ExitRule) bool {
	same := r.Form.Equal(other.Form)
	r.Form, other.Form = nil, nil
	return same && reflect.DeepEqual(r, other)
}

// Window returns from when until when a slip for a time is good: from the beginning of that day, so that a mover may be early.
func (r ExitRule) Window(planned time.Time, zone *time.Location) (from, until time.Time) {
	day := DayOf(planned, zone)
	from, until = startOf(day, zone), startOf(day+1, zone).Add(-time.Second)
	if r.Hours > 0 {
		until = planned.Add(time.Duration(r.Hours) * time.Hour)
	}
	return from, until
}

// May returns why a resident with an identity of a house that owes money may not apply, or nobody of it: an error of the code
// forbidden.
func (r ExitRule) May(identity Identity, arrearsFen int64) error {
	switch {
	case r.Who == ExitNobody:
		return Forbidden("本小区的出门条由物业开具，请联系物业")
	case r.Who == ExitOwners && identity != Owner:
		return Forbidden("本小区只有业主可以申请出门条，请由业主申请，或联系物业")
	}
	return r.MayOwe(arrearsFen)
}

// MayOwe returns why there is no slip for a house that owes money: an error of the code forbidden.
func (r ExitRule) MayOwe(arrearsFen int64) error {
	if arrearsFen > 0 && r.Arrears == ExitArrearsRefuse {
		return Forbidden("本房屋欠费 " + Yuan(arrearsFen) + " 元，缴清后才能开出门条，请联系物业")
	}
	return nil
}

// Reviewed reports whether somebody decides an application of a house.
func (r ExitRule) Reviewed(arrearsFen int64) bool {
	return r.Reviewer != ExitByNobody || arrearsFen > 0 && r.Arrears != ExitArrearsAllow
}

// AsksOwners reports whether owners of the house are asked before the office is about what somebody applies for: one of
// themselves needs nobody else of the house, and debts are the office's business.
func (r ExitRule) AsksOwners(identity Identity, arrearsFen int64) bool {
	return r.Reviewer == ExitByOwner && identity != Owner && (arrearsFen == 0 || r.Arrears == ExitArrearsAllow)
}

// HoursText returns in Chinese for how long a slip is good.
func (r ExitRule) HoursText() string {
	if r.Hours == 0 {
		return "出门时间当天有效"
	}
	return fmt.Sprintf("出门时间后 %d 小时内有效", r.Hours)
}

// Text returns the rule in words.
func (r ExitRule) Text() string {
	words := []string{r.Who.Label()}
	if r.Who != ExitNobody {
		words = []string{r.Who.Label() + "可以申请", r.Reviewer.Label()}
	}
	switch r.Arrears {
	case ExitArrearsRefuse:
		words = append(words, "欠费房屋不能开")
	case ExitArrearsReview:
		words = append(words, "欠费房屋由物业审核")
	case ExitArrearsAllow:
		words = append(words, "欠费房屋和其他房屋一样")
	}
	return strings.Join(append(words, r.HoursText()), "；")
}

// exitHoursWords is HoursText for what the audit log keeps.
func exitHoursWords(v string) string {
	n, err := strconv.Atoi(v)
	if err != nil {
		return v
	}
	return ExitRule{Hours: n}.HoursText()
}

// exitRuleFields label what the audit log records of a rule.
var exitRuleFields = []AuditField{
	{Key: "who", Label: "谁可以申请", Value: labelOf(ExitWho.Label)},
	{Key: "arrears", Label: "欠费房屋", Value: labelOf(ExitArrears.Label)},
	{Key: "reviewer", Label: "由谁审核", Value: labelOf(ExitReviewer.Label)},
	{Key: "hours", Label: "有效时间", Value: exitHoursWords},
	{Key: "form", Label: "出门条表单"},
}

// AtDesk returns the form for slips that the office issues, who sees the things: no pictures are asked for.
func (r ExitRule) AtDesk() FormDesign {
	form := slices.Clone(r.Form)
	for i := range form {
		if form[i].Key == "photo" {
			form[i].Use = FormHidden
		}
	}
	return form
}
