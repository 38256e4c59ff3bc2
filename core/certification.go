package core

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CertifiedHow is what staff saw when they certified a resident at the desk 现场核验.
type CertifiedHow string

// The documents. Another one is described in the note.
const (
	CertifiedByIDCard    CertifiedHow = "id_card"
	CertifiedByHousehold CertifiedHow = "household"
	CertifiedByLease     CertifiedHow = "lease"
	CertifiedByOther     CertifiedHow = "other"
)

// CertifiedHows returns the documents in the order in which forms show them.
func CertifiedHows() []CertifiedHow {
	return []CertifiedHow{CertifiedByIDCard, CertifiedByHousehold, CertifiedByLease, CertifiedByOther}
}

// Label returns the document in Chinese.
func (h CertifiedHow) Label() string {
	switch h {
	case CertifiedByIDCard:
		return "身份证"
	case CertifiedByHousehold:
		return "户口簿"
	case CertifiedByLease:
		return "租赁合同"
	case CertifiedByOther:
		return "其他"
	}
	return ""
}

// Certification is how a resident was certified at the desk, and by whom.
type Certification struct {
	How  CertifiedHow
	By   string // the account's name at the time
	Note string
}

// MaxCertificationText bounds the note of a certification and the reason of a withdrawal, in
// characters.
const MaxCertificationText = 100

// Checked returns the certification with its note in its stored form, and an Invalid error by field.
func (c Certification) Checked() (Certification, error) {
	fields := map[string]string{}
	if !slices.Contains(CertifiedHows(), c.How) {
		fields["how"] = "请选择核验依据"
	}
	c.Note = Clean(c.Note)
	switch {
	case utf8.RuneCountInString(c.Note) > MaxCertificationText:
		fields["note"] = "最多 100 个字"
	case c.How == CertifiedByOther && !hasLetter(c.Note):
		fields["note"] = "请写明核验了什么"
	}
	return c, InvalidFields(fields)
}

// CheckedWithdrawal returns the reason of a withdrawal in its stored form, and an Invalid error by
// field.
func CheckedWithdrawal(reason string) (string, error) {
	reason = Clean(reason)
	if !hasLetter(reason) || utf8.RuneCountInString(reason) > MaxCertificationText {
		return reason, InvalidFields(map[string]string{"reason": "请填写撤销原因，最多 100 个字"})
	}
	return reason, nil
}

// CertificationRequest is a resident's application to be certified in a house 住户认证.
type CertificationRequest struct {
	ID        ID // of its Review
	Community ID
	House     ID
	Name      string
	Identity  Identity
	LeaseDay  Day
	Phone     string // verified by WeChat
	IDNumber  string // "" = not given
	Photos    []ID
	Replaces  ID   // the applicant's tie to another house, which ends with the approval; 0 = none
	Resident  ID   // whom it certified; 0 = nobody yet
	Instant   bool // the register had the same house, phone number and name

	Undone ApprovalUndone // what undoing its approval would do
}

// ApprovalUndone is what undoing an approval does in the register.
type ApprovalUndone struct {
	Certification bool // the resident is certified no more: the approval certified them
	Restored      bool // the tie that the approval ended is there again
}

// MaxWaitingCertifications bounds the applications of one person that wait.
const MaxWaitingCertifications = 5

// Limits of applications that the register did not confirm at once: who tries names or houses finds out
// nothing by trying more. What the register confirms does not count.
const (
	MaxDailyCertifications   = 10 // of a WeChat user, and of a phone number
	MaxMonthlyCertifications = 30
	MaxDailyOfHouse          = 20
	MaxMonthlyOfHouse        = 60
	MinHourlyOfCommunity     = 200 // more where it has many houses, which may all apply on the first morning
)

// CertificationPer is by what applications are counted.
type CertificationPer string

// What is limited.
const (
	PerApplicant CertificationPer = "applicant"
	PerPhone     CertificationPer = "phone"
	PerHouse     CertificationPer = "house"
	PerCommunity CertificationPer = "community"
)

// CertificationLimit is one limit, with what has been sent within its time.
type CertificationLimit struct {
	Per     CertificationPer
	Subject ID // what the alert is about
	Sent    int
	Max     int
	Within  time.Duration
}

// Reached reports whether no more is accepted. The zero limit never is.
func (l CertificationLimit) Reached() bool { return l.Max > 0 && l.Sent >= l.Max }

// Refusal is what the applicant is told: the same whatever the register has. office is the number of the property
// office; "" = not known.
func (l CertificationLimit) Refusal(office string) error {
	visit := "或带上身份证件到物业办理"
	if office != "" {
		visit += "，物业电话 " + office
	}
	if l.Per == PerCommunity {
		return Conflict("本小区现在申请的人很多，请一小时后再试，" + visit)
	}
	what, again := "您最近提交的申请太多", "请明天再试，"
	if l.Per == PerHouse {
		what = "这套房屋最近收到的申请太多"
	}
	if l.Within > 24*time.Hour {
		again, visit = "", strings.TrimPrefix(visit, "或")
	}
	return Conflict(what + "，" + again + visit)
}

// Alert is what the office sees: which house or who, and never a number or a name.
func (l CertificationLimit) Alert(community ID, house string) AccessAlert {
	where := map[CertificationPer]string{
		PerApplicant: "同一微信，最近申请 " + house, PerPhone: "同一手机号，最近申请 " + house, PerHouse: house, PerCommunity: "全小区",
	}[l.Per]
	const longest = 60
	if runes := []rune(where); len(runes) > longest {
		where = string(runes[:longest])
	}
	return AccessAlert{Community: community, Kind: AccessAlertGuessing, Subject: l.Subject, Gate: where, Count: l.Sent}
}

// Normalized returns the request with its texts in their stored form, and an Invalid error by field.
func (r CertificationRequest) Normalized(today Day) (CertificationRequest, error) {
	fields := map[string]string{}
	if r.House == 0 {
		fields["house_id"] = "请选择房屋"
	}
	if len(r.Photos) > PhotosPerForm {
		fields["photos"] = "最多 9 张照片"
	}
	if r.Identity == Lodger && r.LeaseDay != 0 && r.LeaseDay < today {
		fields["lease_last_day"] = "租约已经到期"
	}
	person := Resident{Name: r.Name, Identity: r.Identity, LeaseDay: r.LeaseDay, Phone: r.Phone, IDNumber: r.IDNumber}
	typed := person.CheckNoLease()
	person, err := person.Normalized()
	for _, err := range []error{typed, err} {
		var wrong *Error
		if !errors.As(err, &wrong) {
			continue
		}
		for name, message := range wrong.Fields {
			fields[strings.Replace(name, "lease_day", "lease_last_day", 1)] = message
		}
	}
	r.Name, r.LeaseDay, r.IDNumber = person.Name, person.LeaseDay, person.IDNumber
	return r, InvalidFields(fields)
}
