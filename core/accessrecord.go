package core

import (
	"fmt"
	"time"
)

// AccessRecord is one passage or refusal 出入记录, as it happened.
type AccessRecord struct {
	ID          ID
	Community   ID
	At          time.Time
	Via         Via
	Reader      ID
	Post        ID
	Guard       ID
	Gate        string // reader's or post's name
	ReleasedBy  string // device or guard, in words
	Direction   Direction
	Kind        PassKind // "" = unknown token
	Pass        ID
	Person      ID
	Resident    ID
	House       ID
	Name        string
	HouseLabel  string
	TempTenths  int // 0 = not measured
	Allowed     bool
	Counted     bool
	Reason      Reason
	Note        string
	TokenDigest string
	Repeats     int // how often the reader asked again and was told to open
	People      int // of the party that it is about; 0 = one
	Means       Means
}

// Means is what was shown instead of the holder's own code.
type Means string

// The means.
const (
	MeansOwn   Means = ""      // the holder's own code; by hand, a guard knew them
	MeansCard  Means = "card"  // a printed code that is bound to the person
	MeansVouch Means = "vouch" // somebody of the same house let them through
)

// Label returns the means in Chinese; "" for the holder's own code.
func (m Means) Label() string {
	switch m {
	case MeansCard:
		return "卡码"
	case MeansVouch:
		return "家人代办"
	}
	return ""
}

// RecordFilter narrows a list of access records. Zero fields do not filter.
type RecordFilter struct {
	Community ID
	From, To  time.Time // From inclusive, To exclusive
	Direction Direction
	Kind      PassKind
	Via       Via
	Result    string // "allowed", "refused", "urgent" = of the allowed ones those whom the rules refused, "" = all
	Reason    Reason
	Reader    ID
	Post      ID
	House     ID
	Person    ID
	// Outsider searches by house and by the family name alone, which is all that an
	// outsider sees of a name: a search must not tell what the page hides.
	Outsider bool
	Keyword  string // the start of a name (any part of it within one community), a house, a phone number or its last four digits
}

// RecordTotals counts a day's records.
type RecordTotals struct {
	In, Out, Refused int
	Urgent           int // of In and Out: released urgently
}

// Urgent reports whether a guard released urgently whom the rules refused.
func (r AccessRecord) Urgent() bool { return r.Allowed && r.Reason == ReasonUrgent }

// ResultLabel returns the outcome in Chinese.
func (r AccessRecord) ResultLabel() string {
	if r.Allowed && (r.Reason == ReasonUrgent || r.Reason == ReasonLate || r.Reason == ReasonDevice) {
		return r.Reason.Sentence()
	}
	if r.Allowed {
		return "放行"
	}
	return "拒绝"
}

// Why returns the reason of a refusal in Chinese, for offices and guards, followed by the guard's own words if any; for a
// release, only those words.
func (r AccessRecord) Why() string {
	switch {
	case r.Allowed:
		return r.Note
	case r.Note != "" && r.Reason == ReasonGuard:
		return r.Note
	case r.Note != "":
		return r.Reason.Label() + "（" + r.Note + "）"
	}
	return r.Reason.Label()
}

// RepeatLabel returns in Chinese how often an answer that opened was repeated; "" = never.
func (r AccessRecord) RepeatLabel() string {
	if r.Repeats == 0 {
		return ""
	}
	return fmt.Sprintf("重复 %d 次", r.Repeats)
}

// Who returns the name, with the size of the party if it is more than one.
func (r AccessRecord) Who() string {
	if r.People > 1 && r.Name != "" {
		return fmt.Sprintf("%s 等 %d 人", r.Name, r.People)
	}
	return r.Name
}

// Way returns in Chinese by what somebody passed, or wanted to.
func (r AccessRecord) Way() string {
	if means := r.Means.Label(); means != "" {
		return r.Via.Label() + " · " + means
	}
	return r.Via.Label()
}

// Degrees returns the temperature as text; "" if it was not taken.
func (r AccessRecord) Degrees() string {
	if r.TempTenths == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d ℃", r.TempTenths/10, r.TempTenths%10)
}

// RecordColumns are the columns of an export of access records.
var RecordColumns = []string{
	"时间", "小区", "门或门岗", "方向", "通行证", "方式", "姓名", "房屋", "体温（℃）", "放行者", "结果", "原因", "重复次数", "人数",
}

// Cells returns the record's values in the order of RecordColumns, with its time in zone. community
// is the community's name.
func (r AccessRecord) Cells(community string, zone *time.Location) []any {
	var temperature any
	if r.TempTenths != 0 {
		temperature = float64(r.TempTenths) / 10
	}
	return []any{
		r.At.In(zone), community, r.Gate, r.Direction.Label(), r.Kind.Label(), r.Way(), r.Name, r.HouseLabel,
		temperature, r.ReleasedBy, r.ResultLabel(), r.Why(), r.Repeats, max(r.People, 1),
	}
}

// Add returns the sum of both totals.
func (t RecordTotals) Add(other RecordTotals) RecordTotals {
	return RecordTotals{
		In: t.In + other.In, Out: t.Out + other.Out, Refused: t.Refused + other.Refused, Urgent: t.Urgent + other.Urgent,
	}
}

// HourTotals are a natural day's records by the hour. The 25th hour of a 25-hour day is counted in
// the 24th.
type HourTotals [24]RecordTotals

// Sum returns the day's totals.
func (h HourTotals) Sum() RecordTotals {
	var sum RecordTotals
	for _, hour := range h {
		sum = sum.Add(hour)
	}
	return sum
}

// accessRecordFields label what the audit log records of an export: its filter.
var accessRecordFields = []AuditField{
	{Key: "from", Label: "开始"},
	{Key: "to", Label: "结束"},
	{Key: "direction", Label: "方向", Value: labelOf(Direction.Label)},
	{Key: "kind", Label: "通行证", Value: labelOf(PassKind.Label)},
	{Key: "via", Label: "方式", Value: labelOf(Via.Label)},
	{Key: "result", Label: "结果", Value: ResultText},
	{Key: "reason", Label: "原因", Value: labelOf(Reason.Label)},
	{Key: "reader", Label: "门禁读头"},
	{Key: "post", Label: "门岗"},
	{Key: "house", Label: "房屋"},
	{Key: "person", Label: "住户"},
	{Key: "gate", Label: "门岗"},
	{Key: "label", Label: "房屋"},
	{Key: "as", Label: "查看人", Value: labelOf(LookerKind.Label)},
	{Key: "capacity", Label: "身份"},
	{Key: "note", Label: "紧急放行的原因"},
	keywordField, allField,
}

// ResultText returns the Chinese label of a RecordFilter's Result.
func ResultText(result string) string {
	return map[string]string{"allowed": "放行", "refused": "拒绝", "urgent": "紧急放行"}[result]
}

// RecordResults are the values of a RecordFilter's Result, in display order.
func RecordResults() []string { return []string{"allowed", "refused", "urgent"} }
