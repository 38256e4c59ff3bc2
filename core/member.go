package core

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Member is somebody of an institution, who has a dedicated pass 专用通行证 in its communities.
type Member struct {
	ID              ID
	Institution     ID
	InstitutionName string // only as read
	Name            string
	Phone           string // masked
	IDNumber        string // masked; "" = not given
	From, Until     Day    // of the pass, both inclusive
	Remark          string
	Photos          map[MemberPhoto]ID
	Pass, Person    ID        // only as read
	Disabled        time.Time // zero = not
	InstitutionOff  bool      // the institution is disabled
	Wholly          bool      // see Institution; only as read
	Updated         time.Time // see Stale
}

// Pick returns the member as a picker of people shows one: with the institution in the place of a house.
func (m Member) Pick() ResidentPick {
	return ResidentPick{Person: m.Person, Name: m.Name, Phone: m.Phone, House: m.InstitutionName}
}

// MemberPhoto is which picture of a member it is.
type MemberPhoto string

// The pictures.
const (
	MemberFace    MemberPhoto = "face"
	MemberIDFront MemberPhoto = "id_front"
	MemberIDBack  MemberPhoto = "id_back"
)

// MemberPhotos returns the pictures, in display order.
func MemberPhotos() []MemberPhoto { return []MemberPhoto{MemberFace, MemberIDFront, MemberIDBack} }

// Valid reports whether there is such a picture.
func (p MemberPhoto) Valid() bool { return slices.Contains(MemberPhotos(), p) }

// Label returns the picture in Chinese.
func (p MemberPhoto) Label() string {
	switch p {
	case MemberFace:
		return "人脸照片"
	case MemberIDFront:
		return "身份证人像面"
	case MemberIDBack:
		return "身份证国徽面"
	}
	return string(p)
}

// Bounds of a member's pass.
const (
	MemberDueDays  = 7 // before the end of validity it ends soon: the last day counts
	MaxMemberYears = 5 // from today to the end of validity
)

// Trimmed returns the member with the texts cleaned, and valid numbers in their stored form.
func (m Member) Trimmed() Member {
	m.Name, m.Phone = Clean(m.Name), trimmedPhone(m.Phone)
	m.IDNumber, m.Remark = Clean(m.IDNumber), Clean(m.Remark)
	if number, err := CheckIDNumber(m.IDNumber); err == nil {
		m.IDNumber = number
	}
	return m
}

// Check returns an Invalid error that names the bad fields of a Trimmed member. An empty phone number passes: the
// caller decides, since for a member on file it means "unchanged", as does an empty ID number.
func (m Member) Check(today Day) error {
	fields := map[string]string{}
	checkPerson(fields, m.Name, m.Phone)
	if m.IDNumber != "" {
		if _, err := CheckIDNumber(m.IDNumber); err != nil {
			fields["id_number"] = MessageOf(err)
		}
	}
	if m.Institution == 0 {
		fields["institution"] = "请选择机构"
	}
	if utf8.RuneCountInString(m.Remark) > MaxMemberRemark {
		fields["remark"] = fmt.Sprintf("最多 %d 个字", MaxMemberRemark)
	}
	switch {
	case m.From == 0:
		fields["from"] = "请填写开始日期"
	case m.From < earliestFrom:
		fields["from"] = "开始日期不能早于 " + earliestFrom.String()
	case m.From > memberHorizon(today):
		fields["from"] = fmt.Sprintf("开始日期最多在 %d 年以内", MaxMemberYears)
	}
	switch {
	case m.Until == 0:
		fields["until"] = "请填写有效期至"
	case m.Until < m.From:
		fields["until"] = "有效期至不能早于开始日期"
	case m.Until > memberHorizon(today):
		fields["until"] = fmt.Sprintf("有效期最长 %d 年", MaxMemberYears)
	}
	return InvalidFields(fields)
}

// earliestFrom is 1 January 2000: an earlier start is a slip of the hand.
const earliestFrom Day = 10957

// memberHorizon is the last day to which a pass may be valid.
func memberHorizon(today Day) Day { return monthsAfter(today, 12*MaxMemberYears) }

// monthsAfter returns the same day of the month some months later, or the last of that month if it has no such day.
func monthsAfter(day Day, months int) Day {
	start := day.Start(time.UTC)
	first := time.Date(start.Year(), start.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DayOf(first.AddDate(0, 0, min(start.Day(), last)-1), time.UTC)
}

// MemberRenewals are the months by which a pass may be renewed, in display order.
var MemberRenewals = []int{1, 3, 6, 12}

// RenewalText returns in Chinese by how much a pass is renewed.
func RenewalText(months int) string {
	switch months {
	case 6:
		return "延长半年"
	case 12:
		return "延长 1 年"
	}
	return fmt.Sprintf("延长 %d 个月", months)
}

// Renewed returns the last day of validity of a member whose pass is renewed today: what is left of it is not lost, and
// what is over is not made good. It never is beyond MaxMemberYears.
func (m Member) Renewed(months int, today Day) Day {
	return max(m.Until, min(monthsAfter(max(m.Until, today-1), months), memberHorizon(today)))
}

// MembersMark identifies members with their ends of validity, in whichever order.
func MembersMark(members []Member) string {
	lines := make([]string, len(members))
	for i, m := range members {
		lines[i] = fmt.Sprintln(m.ID, m.Until)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:16])
}

// MemberState is what may be said of a member's pass.
type MemberState string

// The states. Only disabling is stored.
const (
	MemberValid    MemberState = "valid"
	MemberComing   MemberState = "coming"   // its first day is still to come
	MemberDue      MemberState = "due"      // it ends within MemberDueDays
	MemberOver     MemberState = "over"     // its last day has passed
	MemberDisabled MemberState = "disabled" // or the institution is
)

// MemberStates returns all states, in display order.
func MemberStates() []MemberState {
	return []MemberState{MemberValid, MemberDue, MemberOver, MemberComing, MemberDisabled}
}

// Valid reports whether the state is one of MemberStates.
func (s MemberState) Valid() bool { return slices.Contains(MemberStates(), s) }

// Label returns the state in Chinese.
func (s MemberState) Label() string {
	switch s {
	case MemberValid:
		return "有效"
	case MemberComing:
		return "未生效"
	case MemberDue:
		return "即将到期"
	case MemberOver:
		return "已过期"
	case MemberDisabled:
		return "已停用"
	}
	return string(s)
}

// State returns the state of the member's pass on a day.
func (m Member) State(today Day) MemberState {
	switch {
	case !m.Disabled.IsZero() || m.InstitutionOff:
		return MemberDisabled
	case today > m.Until:
		return MemberOver
	case m.Until < today+MemberDueDays:
		return MemberDue
	case today < m.From:
		return MemberComing
	}
	return MemberValid
}

// memberFields label what the audit log records of a member.
var memberFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "phone", Label: "手机号"},
	{Key: "id_number", Label: "证件号"},
	{Key: "institution", Label: "机构"},
	{Key: "from", Label: "开始日期"},
	{Key: "until", Label: "有效期至"},
	{Key: "remark", Label: "备注"},
	{Key: "photo", Label: "照片", Value: labelOf(MemberPhoto.Label)},
	{Key: "kept", Label: "已有照片"},
	{Key: "count", Label: "人数"},
	{Key: "disabled", Label: "已停用"},
	batchField,
}
