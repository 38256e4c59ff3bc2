package core

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// VisitorWay is how a visitor comes to a pass.
type VisitorWay string

// The ways.
const (
	VisitInvited VisitorWay = "invite"      // a resident invites, and nobody reviews it
	VisitApplied VisitorWay = "apply"       // the visitor applies, and the office decides, or somebody of the house
	VisitBooked  VisitorWay = "appointment" // the visitor asks a resident, who accepts or declines
	VisitDesk    VisitorWay = "desk"        // the office registers the visitor at the desk
)

// VisitorWays returns all ways, in display order.
func VisitorWays() []VisitorWay {
	return []VisitorWay{VisitInvited, VisitApplied, VisitBooked, VisitDesk}
}

// Valid reports whether the way is one of VisitorWays.
func (w VisitorWay) Valid() bool { return slices.Contains(VisitorWays(), w) }

// Label returns the way in Chinese.
func (w VisitorWay) Label() string {
	switch w {
	case VisitInvited:
		return "住户邀请"
	case VisitApplied:
		return "访客申请"
	case VisitBooked:
		return "访客预约"
	case VisitDesk:
		return "物业登记"
	}
	return string(w)
}

// Asked reports whether the visitor asks, and somebody answers; else a resident or the office vouches, and the pass is there at once.
func (w VisitorWay) Asked() bool { return w == VisitApplied || w == VisitBooked }

// VisitorState is how far a visit has come.
type VisitorState string

// The states. The first four are stored as the answer to a visitor; the others follow from what happened since.
const (
	VisitWaiting  VisitorState = "waiting"
	VisitGranted  VisitorState = "granted"
	VisitRejected VisitorState = "rejected"

	VisitWithdrawn VisitorState = "withdrawn" // by who applied, before anybody decided

	VisitRevoked VisitorState = "revoked"
	VisitMade    VisitorState = "made"
	VisitExpired VisitorState = "expired"
)

// VisitorStates returns all states, in display order.
func VisitorStates() []VisitorState {
	return []VisitorState{
		VisitWaiting, VisitGranted, VisitRejected, VisitMade, VisitExpired, VisitRevoked, VisitWithdrawn,
	}
}

// Valid reports whether the state is one of VisitorStates.
func (s VisitorState) Valid() bool { return slices.Contains(VisitorStates(), s) }

// VisitorStay is where visitors are: a filter of lists.
type VisitorStay string

// The stays.
const (
	StayToday  VisitorStay = "today"  // came today
	StayInside VisitorStay = "inside" // some of the party have not left
	StayLate   VisitorStay = "late"   // for longer than the community expects
)

// VisitorStays returns all stays, in display order.
func VisitorStays() []VisitorStay { return []VisitorStay{StayToday, StayInside, StayLate} }

// Valid reports whether there is such a stay.
func (s VisitorStay) Valid() bool { return slices.Contains(VisitorStays(), s) }

// Label returns the stay in Chinese.
func (s VisitorStay) Label() string {
	switch s {
	case StayToday:
		return "今日到访"
	case StayInside:
		return "在场"
	case StayLate:
		return "在场超时"
	}
	return string(s)
}

// Label returns the state in Chinese.
func (s VisitorState) Label() string {
	switch s {
	case VisitWaiting:
		return "待处理"
	case VisitGranted:
		return "已通过"
	case VisitRejected:
		return "已拒绝"
	case VisitWithdrawn:
		return "已撤回"
	case VisitMade:
		return "已访问"
	case VisitExpired:
		return "已过期"
	case VisitRevoked:
		return "已撤销"
	}
	return string(s)
}

// WaitsFor returns in words for whose answer a visit waits; "" = it does not.
func (v VisitorPass) WaitsFor(now time.Time) string {
	switch {
	case v.State(now) != VisitWaiting:
		return ""
	case v.Way == VisitBooked:
		return "等住户答复"
	}
	return "待审核"
}

// VisitorPass is a visit 访客 and the pass for it. Phone and Plate are unmasked only for callers allowed to ask for
// them.
type VisitorPass struct {
	ID         ID
	Community  ID
	Way        VisitorWay
	Answer     VisitorState // VisitWaiting, VisitGranted, VisitRejected or VisitWithdrawn
	Refusal    string       // why it was rejected
	Applicant  ID           // the WeChat user who applied; 0 = nobody asked, or it was outside WeChat
	Proven     bool         // the number is proven to be the visitor's
	Gate       string       // whose poster led to it; "" = none
	HostTie    ID           // the tie of the resident who is visited, and told of it; 0 = all who live in the house
	House      ID
	HouseLabel string
	Pass       ID
	Name       string // of the visitor
	Phone      string // "" = not given
	IDNumber   string // likewise
	Plate      string // "" = comes without a car
	People     int    // of the party, at least one
	Reason     string
	Remark     string
	Given      map[string]string // while inviting: what was written into the form's added fields, by key
	Answers    []FormAnswer      // the same as stored
	Photo      ID                // likewise: the picture that was sent before; 0 = none. Who decides reads it
	Picture    *NewPhoto         // likewise: the picture that came with the form, in place of Photo; nil = none
	From       time.Time
	Until      time.Time // after it the pass lets nobody in
	Revoked    time.Time
	Entered    time.Time // zero = has not come yet
	Left       time.Time // the latest; zero = nobody has left
	Gone       int       // how often somebody of the party has left
	Created    time.Time
	Updated    time.Time
}

// Bounds of a visit.
const (
	MaxVisitors   = 20 // of one party
	MaxVisitDays  = 30 // from now to the end
	MaxVisitText  = 100
	MaxOpenVisits = 30 // to one house, invited or registered, not used and not over

	MaxDailyVisits        = 10 // applications of one number, and of one WeChat user, within a day
	MaxDailyVisitsOfHouse = 20 // to one house

	// MaxWaitingAppointments bounds what waits for one host; a further appointment is of nobody, like one with an unknown number.
	MaxWaitingAppointments = 60

	// UnprovenRefusal is what is said to visitors whom a host declines because they have not proven their number.
	UnprovenRefusal = "手机号未验证，请与住户联系"

	maxPlate        = 10
	minVisitMinutes = 1
)

// State returns how far the visit has come at an instant.
func (v VisitorPass) State(now time.Time) VisitorState {
	switch {
	case !v.Entered.IsZero(), v.Gone > 0:
		return VisitMade
	case !v.Revoked.IsZero():
		return VisitRevoked
	case v.Answer == VisitRejected, v.Answer == VisitWithdrawn:
		return v.Answer
	case now.After(v.Until):
		return VisitExpired
	case v.Answer == VisitWaiting:
		return VisitWaiting
	}
	return VisitGranted
}

// visitWindow is for how long before and after its time an appointment is good.
const visitWindow = time.Hour

// At returns the time of the visit: of an appointment that which was asked for, otherwise the last one.
func (v VisitorPass) At() time.Time {
	if v.Way == VisitBooked {
		return v.Until.Add(-visitWindow)
	}
	return v.Until
}

// Revocable reports whether the pass can still be taken back: it has been neither used nor revoked, nor is it over.
func (v VisitorPass) Revocable(now time.Time) bool { return v.State(now) == VisitGranted }

// Usable reports whether the pass lets anybody through now: in, or out again.
func (v VisitorPass) Usable(now time.Time) bool {
	return v.State(now) == VisitGranted || v.Inside()
}

// Inside reports whether some of the party have come in and not left.
func (v VisitorPass) Inside() bool { return !v.Entered.IsZero() && v.Gone < max(v.People, 1) }

// Late reports whether the party is inside for longer than some hours; 0 hours is never.
func (v VisitorPass) Late(hours int, now time.Time) bool {
	return v.Inside() && hours > 0 && now.Sub(v.Entered) > time.Duration(hours)*time.Hour
}

// PhoneText returns the phone number in words for those who decide: whether it is the visitor's own.
func (v VisitorPass) PhoneText() string {
	switch {
	case v.Phone == "" || !v.Way.Asked():
		return v.Phone
	case v.Proven:
		return v.Phone + "（已验证）"
	}
	return v.Phone + "（未验证）"
}

// Numbers returns how many of the numbers by which a visitor can be on a blacklist are known.
func (v VisitorPass) Numbers() (n int) {
	for _, number := range []string{v.Phone, v.IDNumber, v.Plate} {
		if number != "" {
			n++
		}
	}
	return n
}

// PeopleText returns in Chinese how many come.
func (v VisitorPass) PeopleText() string { return fmt.Sprintf("%d 人", max(v.People, 1)) }

// Normalized returns a visit with its texts in their stored form, and an Invalid error by field: the keys of VisitorBases and
// of the form's added fields. now is when it is made. Until is that of an appointment, whose pass is good an hour before and
// after it.
func (v VisitorPass) Normalized(form FormDesign, now time.Time) (VisitorPass, error) {
	if v.People == 1 && form.Use("people") == FormHidden {
		v.People = 0 // what every visit has at least, also if nobody was asked
	}
	answers, fields := form.Judge(v.given())
	if fields["photo"] != "" && !v.pictured() {
		fields["photo"] = "请选择照片"
	}
	v.Answers, v.Given = answers, nil
	for field, message := range v.check(now) {
		if fields[field] == "" {
			fields[field] = message
		}
	}
	v = v.Stored()
	v.From = now
	if v.Way == VisitBooked {
		v.From, v.Until = v.Until.Add(-visitWindow), v.Until.Add(visitWindow)
	}
	return v, InvalidFields(fields)
}

// given returns what the form was filled in with, by key. The house, or whom an appointment asks, is looked up by the act.
func (v VisitorPass) given() map[string]string {
	given := map[string]string{}
	maps.Copy(given, v.Given)
	maps.Copy(given, map[string]string{
		"name": v.Name, "phone": v.Phone, "id_number": v.IDNumber, "plate": v.Plate, "reason": v.Reason, "remark": v.Remark,
		"house": "-",
	})
	if v.People != 0 {
		given["people"] = strconv.Itoa(v.People)
	}
	if v.pictured() {
		given["photo"] = "-"
	}
	if !v.Until.IsZero() {
		given["until"] = v.Until.String()
	}
	return given
}

// pictured reports whether a picture of the visitor was sent.
func (v VisitorPass) pictured() bool { return v.Photo != 0 || v.Picture != nil }

// Stored returns the visit with its texts in their stored form, as far as they have one.
func (v VisitorPass) Stored() VisitorPass {
	v.Name, v.Reason, v.Remark = Clean(v.Name), Clean(v.Reason), Clean(v.Remark)
	if phone, err := NormalizeMobile(v.Phone); err == nil {
		v.Phone = phone
	}
	if number, err := CheckIDNumber(v.IDNumber); err == nil {
		v.IDNumber = number
	}
	if plate, err := NormalizePlate(v.Plate); err == nil {
		v.Plate = plate
	}
	v.Phone, v.IDNumber, v.People = Clean(v.Phone), Clean(v.IDNumber), max(v.People, 1)
	return v
}

// check returns what is wrong with the values, by field.
func (v VisitorPass) check(now time.Time) map[string]string {
	fields := map[string]string{}
	if !nameText(Clean(v.Name), MaxName) {
		fields["name"] = "请填写访客姓名，最多 40 个字"
	}
	for field, read := range map[string]func() error{
		"phone":     func() error { return unlessEmpty(v.Phone, NormalizeMobile) },
		"id_number": func() error { return unlessEmpty(v.IDNumber, CheckIDNumber) },
		"plate":     func() error { return unlessEmpty(v.Plate, NormalizePlate) },
	} {
		if err := read(); err != nil {
			fields[field] = MessageOf(err)
		}
	}
	if v.People < 0 || v.People > MaxVisitors {
		fields["people"] = fmt.Sprintf("来访人数应为 1 至 %d 人", MaxVisitors)
	}
	for field, text := range map[string]string{"reason": v.Reason, "remark": v.Remark} {
		if utf8.RuneCountInString(Clean(text)) > MaxVisitText {
			fields[field] = fmt.Sprintf("最多 %d 个字", MaxVisitText)
		}
	}
	if message := v.checkTime(now); message != "" {
		fields["until"] = message
	}
	return fields
}

// unlessEmpty returns what is wrong with a text that may be left out.
func unlessEmpty(text string, read func(string) (string, error)) error {
	if Clean(text) == "" {
		return nil
	}
	_, err := read(Clean(text))
	return err
}

// checkTime returns what is wrong with the time of a visit.
func (v VisitorPass) checkTime(now time.Time) string {
	what := "有效期至"
	if v.Way.Asked() {
		what = "来访时间"
	}
	switch {
	case v.Until.IsZero():
		return "请选择" + what
	case v.Until.Before(now.Add(minVisitMinutes * time.Minute)):
		return what + "应晚于现在"
	case v.Until.After(now.AddDate(0, 0, MaxVisitDays)):
		return fmt.Sprintf("%s最晚是 %d 天以后", what, MaxVisitDays)
	}
	return ""
}

// visitorPlate is a licence plate of the mainland, of Hong Kong or Macau there, of the armed forces, or of a consulate: its
// figures are not checked further, since a guard reads it.
var visitorPlate = regexp.MustCompile(`^[\p{Han}A-Z0-9]{4,10}$`)

var plateDots = strings.NewReplacer("·", "", "•", "", "・", "")

// NormalizePlate returns a licence plate in its stored form: capitals without spaces and dots. "" stays.
func NormalizePlate(plate string) (string, error) {
	plate = strings.ToUpper(plateDots.Replace(compact(plate)))
	if plate == "" {
		return "", nil
	}
	if utf8.RuneCountInString(plate) > maxPlate || !visitorPlate.MatchString(plate) {
		return plate, Invalid("车牌号应写作 京A12345")
	}
	return plate, nil
}

// MaskPlate hides the middle of a plate: 京A***45.
func MaskPlate(plate string) string {
	runes := []rune(plate)
	if len(runes) < 6 {
		return strings.Repeat("*", len(runes))
	}
	return string(runes[:2]) + strings.Repeat("*", len(runes)-4) + string(runes[len(runes)-2:])
}

// visitorPassFields label what the audit log records of a visit.
var visitorPassFields = []AuditField{
	{Key: "way", Label: "方式", Value: labelOf(VisitorWay.Label)},
	{Key: "name", Label: "访客"},
	{Key: "phone", Label: "手机"},
	{Key: "id_number", Label: "证件号"},
	{Key: "plate", Label: "车牌"},
	{Key: "people", Label: "人数"},
	{Key: "house", Label: "来访房屋"},
	{Key: "until", Label: "有效期至"},
	{Key: "gate", Label: "海报"},
	{Key: "answer", Label: "结果", Value: labelOf(VisitorState.Label)},
	{Key: "reason", Label: "不通过的原因"},
	{Key: "answers", Label: "表单其他内容"},
	{Key: "photos", Label: "照片数"},
	{Key: "revoked", Label: "已撤销"},
	{Key: "gone", Label: "离开次数"},
	{Key: "at_gate", Label: "登记的门岗"},
	batchField,
}
