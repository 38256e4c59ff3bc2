package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ReviewKind is what is applied for: the stem whose rows are the applications.
type ReviewKind string

// The kinds.
const (
	ReviewCertification ReviewKind = "certification"
	ReviewVisit         ReviewKind = "visitorpass"
	ReviewExitSlip      ReviewKind = "exitslip"
)

// ReviewType describes a kind of review: all that the shared mechanism needs to know about it.
type ReviewType struct {
	Kind    ReviewKind
	Label   string // Chinese
	Needs   Permission
	Effect  string      // of approving, for the reviewer
	Reasons []string    // the usual ones for not approving; see Community.Reasons
	Owners  []string    // likewise, of an owner of the house; nil = owners decide none
	People  string      // who of the house decides, where the office lets them: 业主
	Told    MessageKind // of the message that tells the applicant the outcome
	Asks    MessageKind // of the message that asks those who may decide
	Batch   string      // what the register must have for several to be approved from the list; "" = they cannot be
}

// ReviewTypes are all kinds, in display order.
var ReviewTypes = []ReviewType{
	{
		Kind: ReviewCertification, Label: "住户认证", Needs: PermCertificationReview, Told: MessageCertification, Asks: MessageReview,
		Effect:  "成为本房屋已认证的住户后，可以使用通行证。",
		Reasons: []string{"不是本房屋的住户", "房屋选错了", "姓名与登记不符", "照片看不清"},
		Owners:  []string{"不认识申请人", "不住在这里", "已经搬走"}, People: "业主",
		Batch: "手机号或证件号与本房屋的登记一致，姓名最多差一个字",
	},
	{
		Kind: ReviewVisit, Label: "访客申请", Needs: PermVisitorPassReview, Told: MessageVisit, Asks: MessageVisitReview,
		Effect:  "通过后访客得到通行证，到来访时间为止可以进门一次。",
		Reasons: []string{"住户不知情", "来访事由不清楚", "请走访客预约", "信息不真实"},
		Owners:  []string{"不认识", "不方便接待", "时间不合适"}, People: "住户",
	},
	{
		Kind: ReviewExitSlip, Label: "出门条申请", Needs: PermExitSlipReview, Told: MessageExitSlip, Asks: MessageExitReview,
		Effect:  "通过后得到出门条，在有效期内由门岗核对物品放行，每项物品只放行一次。",
		Reasons: []string{"物品说明不清楚", "请先缴清欠费", "出门时间不合适", "请业主本人办理"},
		Owners:  []string{"不知道这件事", "不能带出", "物品不属于申请人"}, People: "业主",
	},
}

// Type returns the kind's entry of ReviewTypes; of an unknown kind one that nobody may review.
func (k ReviewKind) Type() ReviewType {
	at := slices.IndexFunc(ReviewTypes, func(t ReviewType) bool { return t.Kind == k })
	if at < 0 {
		return ReviewType{Kind: k, Label: string(k)}
	}
	return ReviewTypes[at]
}

// Label returns the kind in Chinese.
func (k ReviewKind) Label() string { return k.Type().Label }

// Valid reports whether the kind is one of ReviewTypes.
func (k ReviewKind) Valid() bool { return k.Type().Needs != "" }

// ReviewKinds returns the kinds that an account with the allowed permissions may review.
func ReviewKinds(allowed func(Permission) bool) []ReviewKind {
	var kinds []ReviewKind
	for _, t := range ReviewTypes {
		if allowed(t.Needs) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// ReviewAsks returns the kinds of the messages that ask an account with the allowed permissions to review something.
func ReviewAsks(allowed func(Permission) bool) []MessageKind {
	var kinds []MessageKind
	for _, kind := range ReviewKinds(allowed) {
		kinds = append(kinds, kind.Type().Asks)
	}
	return kinds
}

// ReviewState is how far an application has come.
type ReviewState string

// The states. All but ReviewWaiting are final.
const (
	ReviewWaiting    ReviewState = "waiting"
	ReviewApproved   ReviewState = "approved"
	ReviewRejected   ReviewState = "rejected"
	ReviewWithdrawn  ReviewState = "withdrawn"  // by the applicant
	ReviewSuperseded ReviewState = "superseded" // by a later application, or because nothing is left to decide
)

// ReviewStates returns all states, in display order.
func ReviewStates() []ReviewState {
	return []ReviewState{ReviewWaiting, ReviewApproved, ReviewRejected, ReviewWithdrawn, ReviewSuperseded}
}

// Valid reports whether the state is one of ReviewStates.
func (s ReviewState) Valid() bool { return slices.Contains(ReviewStates(), s) }

// Label returns the state in Chinese.
func (s ReviewState) Label() string {
	switch s {
	case ReviewWaiting:
		return "待审核"
	case ReviewApproved:
		return "通过"
	case ReviewRejected:
		return "不通过"
	case ReviewWithdrawn:
		return "已撤回"
	case ReviewSuperseded:
		return "已失效"
	}
	return string(s)
}

// Review is an application that somebody decides 审核. What is applied for is the row of its kind with the
// same id.
type Review struct {
	ID        ID
	Kind      ReviewKind
	Community ID
	Applicant ID     // the WeChat user
	Name      string // of the applicant, as they wrote it
	Subject   string // what it is about: the house
	State     ReviewState
	Version   int       // rises with every change
	Due       time.Time // when it is overdue
	DecidedBy ID        // the account; 0 = the program, or nobody
	Decider   string    // their name at the time
	Decided   time.Time
	Asked     bool   // owners of the house are asked before the office is
	Owner     ID     // the resident who decided as an owner of the house; 0 = nobody
	Reason    string // why not
	Note      string // for the applicant
	Internal  string // for colleagues
	Created   time.Time
}

// Late reports whether it should have been decided by now.
func (r Review) Late(now time.Time) bool { return r.State == ReviewWaiting && !now.Before(r.Due) }

// DecidedText returns in a sentence who decided and when; "" if nobody has. at formats a time.
func (r Review) DecidedText(at func(time.Time) string) string {
	switch {
	case r.State == ReviewWaiting:
		return ""
	case r.State == ReviewWithdrawn:
		return fmt.Sprintf("申请人已于 %s 撤回。", at(r.Decided))
	case r.State == ReviewSuperseded:
		switch r.Kind {
		case ReviewVisit:
			return fmt.Sprintf("已于 %s 失效：来访时间已过。", at(r.Decided))
		case ReviewExitSlip:
			return fmt.Sprintf("已于 %s 失效：出门时间已过。", at(r.Decided))
		}
		return fmt.Sprintf("已于 %s 失效：申请人重新提交了申请，或已不需要审核。", at(r.Decided))
	case r.Owner != 0:
		return fmt.Sprintf("%s %s 已于 %s 审核：%s。", r.Kind.Type().People, r.Decider, at(r.Decided), r.State.Label())
	case r.DecidedBy == 0 && r.Kind == ReviewExitSlip:
		return fmt.Sprintf("本小区不用审核，已于 %s 自动通过。", at(r.Decided))
	case r.DecidedBy == 0:
		return fmt.Sprintf("系统已于 %s 核对登记信息，自动通过。", at(r.Decided))
	}
	return fmt.Sprintf("%s 已于 %s 审核：%s。", r.Decider, at(r.Decided), r.State.Label())
}

// WithOwners reports whether it waits for owners of the house: the office is not asked yet, though it may decide.
func (r Review) WithOwners(now time.Time) bool {
	return r.State == ReviewWaiting && r.Asked && !r.Late(now)
}

// NextStep tells the applicant what comes next, the same wherever it waits and whatever is on record.
func (r Review) NextStep() string {
	switch r.State {
	case ReviewWaiting:
		return "正在审核，结果会用微信告诉您。着急时可以带身份证件到物业现场核验。"
	case ReviewApproved:
		return "已通过，打开通行证即可出入。"
	case ReviewRejected:
		return "请按原因更正后重新申请；仍有疑问，请联系物业，或带身份证件到物业现场核验。"
	case ReviewWithdrawn:
		return "已撤回，需要时可以重新申请。"
	case ReviewSuperseded:
		return "这份申请已失效，请看最新的一份；没有时请重新申请。"
	}
	return ""
}

// OfficeStep tells the office what comes next. at formats a time.
func (r Review) OfficeStep(now time.Time, at func(time.Time) string) string {
	switch {
	case r.WithOwners(now):
		return "已请本房屋的" + r.Kind.Type().People + "审核，" + at(r.Due) + " 还没有审核会提醒物业；物业也可以现在审核。"
	case r.Late(now):
		return "已超期，请尽快核对并审核。"
	case r.State == ReviewWaiting && r.Kind == ReviewCertification:
		return "请核对登记和材料，在 " + at(r.Due) + " 前审核。"
	case r.State == ReviewWaiting:
		return "请在 " + at(r.Due) + " 前审核。"
	case r.Kind != ReviewCertification:
		return ""
	case r.Owner != 0:
		return "由业主审核；与实际不符时可以收回，改由物业审核。"
	case r.State == ReviewRejected:
		return "申请人可以更正后重新申请，或到物业现场核验。"
	case r.State == ReviewApproved:
		return "已是本房屋的住户，可以使用通行证。"
	}
	return ""
}

// ReviewDecision is what a reviewer decides.
type ReviewDecision struct {
	ID       ID
	Approve  bool
	Reason   string // why not
	Note     string // for the applicant
	Internal string // for colleagues
	Version  int    // of the review, as it was shown
	Listed   bool   // it was seen in a list alone, where ReviewMatch shows enough
}

// ReviewMatch is what the register has of the subject of a review.
type ReviewMatch struct {
	Words  string // for the reviewer; "" = there is nothing to compare
	Enough bool   // that it may be approved from the list, without its page
	Name   string // whom an approval would certify, as the register writes them; "" = it would add the applicant
	Other  bool   // Name is not what the applicant wrote
	Alike  bool   // it would add the applicant beside others of the same name, of whom none is known to be the applicant
	Back   bool   // Name moved out of the house, and would come back
	Left   string // who moved out of the house with the applicant's number, and is somebody else
	Taken  Taken  // who has the applicant's number, so that it cannot be approved

	IDName, IDHouse string // who else of the community has the applicant's ID number, under another name
}

// Taken is who is certified by the number of an applicant and has another name.
type Taken struct {
	Is          bool
	Resident    ID // 0 = one of another community
	Name, House string
}

// Text says it to a reviewer who sees names whole or masked.
func (t Taken) Text(whole bool) string {
	switch {
	case !t.Is:
		return ""
	case t.Resident == 0:
		return "该手机号在其他小区已认证给另一姓名的住户，现在不能通过，请先核对。"
	case !whole:
		t.Name = MaskName(t.Name)
	}
	return "该手机号已认证给“" + t.Name + "”（" + t.House + "），现在不能通过：请先核对，改号、改名或办理迁出后再通过。"
}

// TakenToOwners is what owners of the house are told instead: whose the number is, and what is wrong, is not their business.
const TakenToOwners = "这份申请需要物业核对，不能直接通过，请转物业审核。"

// Doubtful reports whether a reviewer must be warned of what an approval would do.
func (m ReviewMatch) Doubtful() bool { return m.Other || m.Alike || m.Left != "" || m.IDName != "" }

// Text returns the words with the name that was found, whole or masked.
func (m ReviewMatch) Text(whole bool) string {
	if m.Name == "" {
		return m.Words
	}
	return m.Words + "（" + m.Shown(whole) + "）"
}

// Certified returns the name under which an approval certifies an applicant.
func (m ReviewMatch) Certified(applicant string) string {
	if m.Name != "" && !m.Back {
		return m.Name
	}
	return applicant
}

// Shown returns the name that was found, whole or masked.
func (m ReviewMatch) Shown(whole bool) string {
	if whole {
		return m.Name
	}
	return MaskName(m.Name)
}

// Effect says before an approval whom it certifies, and under which name: applicant is the name as they wrote it.
func (m ReviewMatch) Effect(applicant string, whole bool) string {
	effect := m.certifies(applicant, whole)
	if m.IDName != "" {
		name := m.IDName
		if !whole {
			name = MaskName(name)
		}
		effect += "申请的证件号已登记给“" + name + "”（" + m.IDHouse + "），请先核对。"
	}
	return effect
}

func (m ReviewMatch) certifies(applicant string, whole bool) string {
	switch {
	case m.Alike:
		return "本房屋已登记“" + applicant + "”，号码与申请不同，或不止一名：通过后另外登记一名。是同一人的，请先改登记的号码。"
	case m.Name == "":
		effect := "登记里没有申请人：通过后新登记“" + applicant + "”，并认证。"
		if m.Left != "" {
			left := m.Left
			if !whole {
				left = MaskName(left)
			}
			effect += "该手机号原是已迁出的“" + left + "”登记的，原来的记录不变。"
		}
		return effect
	case m.Back:
		return "登记的“" + m.Shown(whole) + "”已迁出：通过后恢复居住，姓名、身份按申请，并认证。"
	case m.Other:
		return "通过后认证的是登记的“" + m.Shown(whole) + "”，不是“" + applicant + "”：登记的姓名不变。不是同一人的，请不要通过；登记写错的，请先改登记的姓名。"
	}
	return "通过后认证登记的“" + m.Shown(whole) + "”，姓名、身份以登记为准。"
}

// Registered is somebody of a house's register who may be an applicant.
type Registered struct {
	By            RegisterMatch
	Name          string
	OtherIDNumber bool // both have one, and they differ
	Alike         bool // another resident of the house has a name that is nearly the applicant's, too
	Namesakes     int  // MatchedNothing: how many have the applicant's name
}

// MatchOf returns what a house's register has of an applicant of a name. A number alone is not enough if the rest contradicts
// it: it may have been handed on. One character is a slip of the pen.
func MatchOf(applicant string, is Registered) ReviewMatch {
	if is.By == MatchedNothing {
		m := ReviewMatch{Words: "登记里没有", Alike: is.Namesakes > 0}
		switch {
		case is.Namesakes > 1:
			m.Words = "有几名同名住户"
		case m.Alike:
			m.Words = "同名住户的号码不同"
		}
		return m
	}
	m := ReviewMatch{Name: is.Name, Other: FoldName(applicant) != FoldName(is.Name)}
	otherName := !NearlySameName(applicant, is.Name)
	switch {
	case is.By == MatchedName:
		m.Words = "仅姓名与登记一致"
	case otherName && is.OtherIDNumber:
		m.Words = "姓名、证件号与登记不同"
	case otherName:
		m.Words = "姓名与登记不同"
	case is.OtherIDNumber:
		m.Words = "证件号与登记不同"
	case is.By == MatchedIDNumber:
		m.Words, m.Enough = "证件号与登记一致", true
	case m.Other && is.Alike: // of siblings, which?
		m.Words = "另有姓名相近的住户，手机号与登记一致，姓名差一个字"
	case m.Other:
		m.Words, m.Enough = "手机号与登记一致，姓名差一个字", true
	default:
		m.Words, m.Enough = "手机号与登记一致", true
	}
	return m
}

// NearlySameName reports whether two names are the same, or differ in one of several characters.
func NearlySameName(a, b string) bool {
	one, other := []rune(FoldName(a)), []rune(FoldName(b))
	differ := 0
	for i := range min(len(one), len(other)) {
		if one[i] != other[i] {
			differ++
		}
	}
	return len(one) == len(other) && (differ == 0 || differ == 1 && len(one) > 1)
}

// RegisterMatch is by what somebody is found in the register of a house; each is more than those before it.
type RegisterMatch int

// The ways.
const (
	MatchedNothing RegisterMatch = iota
	MatchedName
	MatchedIDNumber
	MatchedPhone
)

// MaxReviewText bounds the texts of a decision, in characters.
const MaxReviewText = 200

// Checked returns the decision with its texts in their stored form, and an Invalid error by field.
func (d ReviewDecision) Checked() (ReviewDecision, error) {
	fields := map[string]string{}
	for name, text := range map[string]*string{"reason": &d.Reason, "note": &d.Note, "internal": &d.Internal} {
		*text = Clean(*text)
		if utf8.RuneCountInString(*text) > MaxReviewText {
			fields[name] = fmt.Sprintf("最多 %d 个字", MaxReviewText)
		}
	}
	switch {
	case d.Approve:
		d.Reason = ""
	case !hasLetter(d.Reason):
		fields["reason"] = "请选择或填写不通过的原因，会告诉申请人"
	}
	return d, InvalidFields(fields)
}

// LostText tells an account that decides what is decided by now that its choice does not count; "" if it was itself
// that decided, and taps twice.
func (d ReviewDecision) LostText(now Review, account ID) string {
	chosen := ReviewRejected
	if d.Approve {
		chosen = ReviewApproved
	}
	if now.DecidedBy == account && now.State == chosen {
		return ""
	}
	return "您选择的“" + chosen.Label() + "”没有生效。"
}

// ToldText returns how who applied learns what became of it: by a message, or outside WeChat from the page of the application alone.
func ToldText(applicant ID) string {
	if applicant == 0 {
		return "对方打开申请时的页面就能看到"
	}
	return "会告诉申请人"
}

// ToldAllText is ToldText of several who applied.
func ToldAllText(applicants []ID) string {
	outside := slices.Contains(applicants, 0)
	if outside && slices.ContainsFunc(applicants, func(a ID) bool { return a != 0 }) {
		return "会告诉申请人；不在微信里申请的，打开申请时的页面就能看到"
	}
	if outside {
		return ToldText(0)
	}
	return ToldText(applicants[0])
}

// OutcomeText returns what the applicant is told: 住户认证未通过：照片看不清.
func (r Review) OutcomeText() string {
	text := r.Kind.Label() + "已通过"
	if r.State == ReviewRejected {
		text = r.Kind.Label() + "未通过：" + r.Reason
	}
	if r.Note != "" {
		text += "（" + r.Note + "）"
	}
	return strings.Join(strings.Fields(text), " ")
}

// Defaults of the settings: the days of work that a reviewer has, and the days that the pictures of a decided
// review are kept.
const (
	DefaultReviewDays      = 2
	DefaultReviewPhotoDays = 30
)

// AddWorkdays returns the time a number of days of work after t, at the same time of day of the zone: what
// is sent on Friday is due on Tuesday after two. Days of work are Monday to Friday.
func AddWorkdays(t time.Time, days int, zone *time.Location) time.Time {
	at := t.In(zone)
	for {
		weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
		if !weekend && days <= 0 {
			return at
		}
		if !weekend {
			days--
		}
		at = at.AddDate(0, 0, 1)
	}
}

// reviewFields label what the audit log records of a decision.
var reviewFields = []AuditField{
	{Key: "name", Label: "申请人"},
	{Key: "house", Label: "房屋"},
	{Key: "identity", Label: "身份", Value: labelOf(Identity.Label)},
	{Key: "phone", Label: "手机号"},
	{Key: "id_number", Label: "证件号"},
	{Key: "photos", Label: "照片数"},
	{Key: "state", Label: "审核", Value: labelOf(ReviewState.Label)},
	{Key: "reason", Label: "不通过的原因"},
	{Key: "note", Label: "给申请人的话"},
	{Key: "internal", Label: "内部备注"},
	{Key: "resident", Label: "住户编号"},
}
