package core

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Identity is how a person belongs to a house 身份.
type Identity string

const (
	Owner  Identity = "owner"  // 业主
	Family Identity = "family" // 家属
	Tenant Identity = "tenant" // 长期租客
	Lodger Identity = "lodger" // 限期租客
)

// Label returns the identity in Chinese.
func (i Identity) Label() string {
	switch i {
	case Owner:
		return "业主"
	case Family:
		return "家属"
	case Tenant:
		return "长期租客"
	case Lodger:
		return "限期租客"
	}
	return ""
}

// LeaseWarning is how many days before a fixed-term tenant's last day everybody concerned is told.
const LeaseWarning = 7

// Identities returns the four in the order forms show them.
func Identities() []Identity { return []Identity{Owner, Family, Tenant, Lodger} }

// Valid reports whether the identity exists.
func (i Identity) Valid() bool { return slices.Contains(Identities(), i) }

// SexLabel returns male, female or "" in Chinese.
func SexLabel(sex string) string {
	switch sex {
	case "male":
		return "男"
	case "female":
		return "女"
	}
	return "未填"
}

// Resident is a person's tie to one house 住户. Phone and IDNumber are unmasked only for callers
// allowed to ask for them; lists carry them masked.
//
// A person is identified by a mobile number of their own (OwnPhone). Somebody without one – a child, an
// elder, one reached on a landline or on a family member's phone – is a person by themselves in each
// house, certified at the desk.
type Resident struct {
	ID        ID
	Community ID
	House     ID
	Person    ID
	Name      string
	Sex       string // male, female, ""
	Identity  Identity
	LeaseDay  Day    // last day of a fixed-term tenant's lease; 0 = none
	Phone     string // of any kind (ReadPhone); "" = none
	// PhoneShared: the number is a family member's mobile 家人共用号码.
	PhoneShared bool
	IDNumber    string        // "" = none on file
	Certified   time.Time     // zero = 未认证
	Desk        Certification // how staff certified the resident; zero = WeChat did, or nobody
	MovedOut    time.Time
	Updated     time.Time // see Stale
	// Namesake: of somebody who is added: it is known that another of that name lives in the house.
	Namesake bool
	// AskNumber: of somebody who is added: the sender is to be asked before the number becomes that of another name, too.
	AskNumber bool
}

// errNamesake is the cause of a Namesake error.
var errNamesake = errors.New("a resident of that name lives there")

// NamesakeLives returns the conflict, for which IsNamesake reports true, that somebody of a resident's name
// lives in the house: the same person once more, or another one, which only the sender knows.
func NamesakeLives(name, house string) error {
	return &Error{
		Code: CodeConflict, Err: errNamesake,
		Message: "还没有添加：" + house + " 已有同名住户“" + name + "”。如是同一人，不用再添加；如是另一人，请按“仍然添加”。",
	}
}

// errNumberHeld is the cause of a NumberHeld error.
var errNumberHeld = errors.New("the number is that of another name")

// NumberHeld returns the conflict, for which IsNumberHeld reports true, that the number of somebody who is added or changed is
// registered in the community under another name, in a house.
func NumberHeld(name, house string) error {
	return &Error{
		Code: CodeConflict, Err: errNumberHeld,
		Message: "还没有保存：" + NumberHeldText(name, house) + "。号码写错的请改正；家人共用的请选“家人共用号码”；" +
			"确实改由本人使用的，请按“仍然保存”。",
	}
}

// NumberHeldText says whose number it is.
func NumberHeldText(name, house string) string {
	return "该手机号已登记给“" + MaskName(name) + "”（" + house + "）"
}

// NumberLeft is NumberHeld of somebody else who moved out of the very house.
func NumberLeft(name, house string) error {
	return &Error{
		Code: CodeConflict, Err: errNumberHeld,
		Message: "还没有保存：" + NumberLeftText(name, house) +
			"。是同一人的，请按登记的姓名和证件号添加，之后再改；确实改由本人使用的，请按“仍然保存”，原来的记录不变。",
	}
}

// NumberLeftText says whose number it was.
func NumberLeftText(name, house string) string {
	return "该手机号是已迁出的“" + MaskName(name) + "”（" + house + "）登记的，姓名或证件号不同"
}

// IDNumberHeld is NumberHeld of an ID number that somebody else of the community has.
func IDNumberHeld(name, house string) error {
	return &Error{
		Code: CodeConflict, Err: errNumberHeld,
		Message: "还没有保存：" + IDNumberHeldText(name, house) + "。证件号写错的请改正；确实无误的，请按“仍然保存”。",
	}
}

// IDNumberHeldText says whose ID number it is.
func IDNumberHeldText(name, house string) string {
	return "该证件号已登记给“" + MaskName(name) + "”（" + house + "）"
}

// BothHeld asks two of these questions at once, which have one answer; either may be nil.
func BothHeld(one, other error) error {
	switch {
	case one == nil:
		return other
	case other == nil || !IsNumberHeld(one):
		return one
	case !IsNumberHeld(other):
		return other
	}
	return &Error{
		Code: CodeConflict, Err: errNumberHeld,
		Message: MessageOf(one) + strings.TrimPrefix(MessageOf(other), "还没有保存："),
	}
}

// IsNumberHeld reports whether err asks whether a number, or an ID number, is really that of this name, too.
func IsNumberHeld(err error) bool { return errors.Is(err, errNumberHeld) }

// CheckLease refuses a lease that is over: the tenant would be moved out again within the hour.
func (r Resident) CheckLease(today Day) error {
	if r.Identity == Lodger && r.LeaseDay > 0 && r.LeaseDay < today {
		return InvalidFields(map[string]string{"lease_day": "租约已到期；续租的请改日期，已搬走的不用登记"})
	}
	return nil
}

// CheckNoLease refuses a lease of somebody who has none by their identity: it would not be kept, and nobody would know.
func (r Resident) CheckNoLease() error {
	if r.LeaseDay != 0 && r.Identity.Valid() && r.Identity != Lodger {
		return InvalidFields(map[string]string{"lease_day": "只有限期租客有租约到期日：请把身份改选限期租客，或清空这一天"})
	}
	return nil
}

// IsNamesake reports whether err asks whether a namesake is another person.
func IsNamesake(err error) bool { return errors.Is(err, errNamesake) }

// RestoreDays is how long a resident who moved out can be restored.
const RestoreDays = 30

// Restorable reports whether a resident moved out so recently that they can be restored.
func (r Resident) Restorable(now time.Time) bool {
	return !r.MovedOut.IsZero() && now.Sub(r.MovedOut) <= RestoreDays*24*time.Hour
}

// MaxName bounds a person's name, in characters.
const MaxName = 40

// wrongName returns what is wrong with a person's name; "" = nothing.
func wrongName(name string) string {
	switch {
	case nameText(name, MaxName):
		return ""
	case name != "" && !hasLetter(name):
		return "姓名只有符号，没有文字或数字"
	}
	return "请填写姓名，最多 40 个字"
}

// Normalized returns the resident with its texts in their stored form, and an Invalid error by
// field. Only a fixed-term tenant has a lease.
func (r Resident) Normalized() (Resident, error) {
	fields := map[string]string{}
	r.Name = Clean(r.Name)
	if wrong := wrongName(r.Name); wrong != "" {
		fields["name"] = wrong
	}
	if r.Sex != "" && r.Sex != "male" && r.Sex != "female" {
		fields["sex"] = "请选择性别"
	}
	if !r.Identity.Valid() {
		fields["identity"] = "请选择身份"
	}
	if r.Identity != Lodger {
		r.LeaseDay = 0
	} else if r.LeaseDay <= 0 {
		fields["lease_day"] = "限期租客须填写租约到期日"
	}
	var err error
	switch {
	case Clean(r.Phone) != "":
		if r.Phone, err = NormalizePhone(r.Phone); err != nil {
			fields["phone"] = MessageOf(err)
		}
		r.PhoneShared = r.PhoneShared && PhoneIdentifies(r.Phone)
	case r.PhoneShared:
		fields["phone"] = "请填写共用的手机号；没有手机时不要选“家人共用号码”"
	default:
		r.Phone = ""
	}
	if r.IDNumber = Clean(r.IDNumber); r.IDNumber != "" {
		if r.IDNumber, err = CheckIDNumber(r.IDNumber); err != nil {
			fields["id_number"] = MessageOf(err)
		}
	}
	return r, InvalidFields(fields)
}

// OwnPhone returns the number by which the person is known and signs in to WeChat: a mobile number
// that is not shared. It is "" if there is none, and must not be called on a masked resident.
func (r Resident) OwnPhone() string {
	if r.PhoneShared || !PhoneIdentifies(r.Phone) {
		return ""
	}
	return r.Phone
}

// PhoneText returns the phone number, masked or not, as pages show it: 无手机, 共用 138****0001.
func (r Resident) PhoneText() string {
	switch {
	case r.Phone == "":
		return "无手机"
	case r.PhoneShared:
		return "共用 " + FormatPhone(r.Phone)
	}
	return FormatPhone(r.Phone)
}

// SamePerson reports whether two residents of one house without a phone number of their own are one
// person: by their ID numbers if both have one, else by their names. Each pair of ID numbers may be
// digests.
func SamePerson(name, idNumber, otherName, otherIDNumber string) bool {
	if idNumber != "" && otherIDNumber != "" {
		return idNumber == otherIDNumber
	}
	return FoldName(name) == FoldName(otherName)
}

// Masked returns the resident as lists and pages show it.
func (r Resident) Masked() Resident {
	r.Phone, r.IDNumber = MaskPhone(r.Phone), MaskIDNumber(r.IDNumber)
	return r
}

// ResidentChanges returns which of residentFields differ between what a resident was and is.
func ResidentChanges(was, is Resident) []string {
	var keys []string
	for _, field := range []struct {
		key     string
		differs bool
	}{
		{"name", was.Name != is.Name}, {"sex", was.Sex != is.Sex}, {"identity", was.Identity != is.Identity},
		{"lease", was.LeaseDay != is.LeaseDay}, {"phone", was.Phone != is.Phone}, {"phone_shared", was.PhoneShared != is.PhoneShared},
		{"id_number", was.IDNumber != is.IDNumber},
	} {
		if field.differs {
			keys = append(keys, field.key)
		}
	}
	return keys
}

// ResidentChangesText names them, to follow how a resident is: ，改了姓名、证件号; "" = none.
func ResidentChangesText(keys []string) string {
	var labels []string
	for _, field := range residentFields {
		if slices.Contains(keys, field.Key) {
			labels = append(labels, field.Label)
		}
	}
	if labels == nil {
		return ""
	}
	return "，改了" + strings.Join(labels, "、")
}

// residentFields label what the audit log records of residents and of their export.
var residentFields = []AuditField{
	{Key: "whole", Label: "完整手机与证件号"},
	{Key: "revoked", Label: "已作废"},
	{Key: "purpose", Label: "用途"},
	{Key: "node", Label: "楼栋"},
	{Key: "house", Label: "房屋"},
	{Key: "name", Label: "姓名"},
	{Key: "sex", Label: "性别", Value: SexLabel},
	{Key: "identity", Label: "身份", Value: labelOf(Identity.Label)},
	{Key: "lease", Label: "租约到期日"},
	{Key: "phone", Label: "手机号"},
	{Key: "phone_shared", Label: "家人共用号码"},
	{Key: "id_number", Label: "证件号"},
	{Key: "certified", Label: "已认证"},
	{Key: "how", Label: "核验依据", Value: labelOf(CertifiedHow.Label)},
	{Key: "note", Label: "核验说明"},
	{Key: "reason", Label: "撤销原因"},
	{Key: "moved_out", Label: "已迁出"},
	{Key: "count", Label: "人数"},
	batchField,
	keywordField,
}
