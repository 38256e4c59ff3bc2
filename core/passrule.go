package core

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Counting is whose exits are added up 出门计算方式.
type Counting string

const (
	CountPerson    Counting = "person"    // 一人一次
	CountHousehold Counting = "household" // 一户一次
)

// Words returns in plain Chinese whose exits are added up.
func (c Counting) Words() string {
	if c == CountHousehold {
		return "全户合并计次"
	}
	return "每人单独计次"
}

// PassRule is a community's rule for resident passes 住户通行证设置.
type PassRule struct {
	Counting    Counting
	PeriodDays  int         // window: today and the PeriodDays−1 natural days before it; 1–30
	Exits       int         // exits in the window: 0 unlimited, −1 blocked both ways, n at most n
	Hours       []HourRange // exit hours; empty = always; entry is never limited by them
	RecordID    bool        // the guard must register the ID number of a resident who has none on file
	RecordTemp  bool        // every passage needs a temperature
	FeverTenths int         // temperature that is refused, in tenths of a degree Celsius: 373 is 37.3 °C
	ReaderQR    bool        // readers may open; if off, only guards release
}

// Bounds of a rule.
const (
	maxPeriodDays      = 30
	maxExits           = 99
	defaultFeverTenths = 373
	minFeverTenths     = 350
	maxFeverTenths     = 420
)

// DefaultPassRule returns the rule of a community that has set none: no limit, QR at readers on.
func DefaultPassRule() PassRule {
	return PassRule{Counting: CountPerson, PeriodDays: 1, FeverTenths: defaultFeverTenths, ReaderQR: true}
}

// Check returns an Invalid error with a message by field: counting, period_days, exits, hours,
// fever_tenths.
func (r PassRule) Check() error {
	fields := map[string]string{}
	if r.Counting != CountPerson && r.Counting != CountHousehold {
		fields["counting"] = "请选择一人一次或一户一次"
	}
	if r.PeriodDays < 1 || r.PeriodDays > maxPeriodDays {
		fields["period_days"] = fmt.Sprintf("出门间隔周期应为 1 至 %d 天", maxPeriodDays)
	}
	if message := checkExits(r.Exits); message != "" {
		fields["exits"] = message
	}
	if message := checkHours(r.Hours); message != "" {
		fields["hours"] = message
	}
	if r.FeverTenths < minFeverTenths || r.FeverTenths > maxFeverTenths {
		fields["fever_tenths"] = "体温上限应为 35.0 至 42.0 ℃"
	}
	return InvalidFields(fields)
}

func checkExits(exits int) string {
	if exits < -1 || exits > maxExits {
		return fmt.Sprintf("请选择出门次数：禁止出入、不限次数，或限 1 至 %d 次", maxExits)
	}
	return ""
}

func checkHours(hours []HourRange) string {
	if len(hours) > maxHourRanges {
		return fmt.Sprintf("可出门时间段最多 %d 段", maxHourRanges)
	}
	for _, h := range hours {
		if !h.valid() {
			return "可出门时间段应为 06:00-22:00 的样式"
		}
		if h.From == h.To {
			return "可出门时间段的起止时间不能相同；全天可出门请留空"
		}
	}
	return ""
}

// Equal reports whether two rules are the same.
func (r PassRule) Equal(other PassRule) bool {
	same := slices.Equal(r.Hours, other.Hours)
	r.Hours, other.Hours = nil, nil
	return same && reflect.DeepEqual(r, other)
}

// DrasticAfter reports whether the rule bars everybody, whatever was before.
func (r PassRule) DrasticAfter(PassRule) bool { return r.Exits < 0 }

// Text describes the rule in one plain sentence, for the pass page and the console's preview: 每户每 2
// 天最多出门 1 次，出门时间 06:00–22:00，进门不限.
func (r PassRule) Text() string {
	if r.Exits < 0 {
		return "禁止出入：进门、出门均不放行"
	}
	words := r.exitText() + "，" + r.hourText() + "，进门不限"
	if r.Exits == 0 && r.alwaysOpen() {
		words = "进门、出门均不限次数和时间"
	}
	return words + r.otherText()
}

// RestText describes what a rule has besides the number of exits, which counts for nothing while it bars everybody.
func (r PassRule) RestText() string { return r.hourText() + r.otherText() }

func (r PassRule) otherText() (words string) {
	if r.RecordTemp {
		words += fmt.Sprintf("；进出须测体温，%d.%d ℃ 及以上不放行", r.fever()/10, r.fever()%10)
	}
	if r.RecordID {
		words += "；未登记身份证的须在门岗登记"
	}
	if !r.ReaderQR {
		words += "；只能由门岗放行"
	}
	return words
}

func (r PassRule) exitText() string {
	if r.Exits == 0 {
		return "出门次数不限"
	}
	who := "每人"
	if r.Counting == CountHousehold {
		who = "每户"
	}
	period := "每天"
	if r.window() > 1 {
		period = fmt.Sprintf("每 %d 天", r.window())
	}
	return fmt.Sprintf("%s%s最多出门 %d 次", who, period, r.Exits)
}

func (r PassRule) hourText() string {
	if r.alwaysOpen() {
		return "出门时间不限"
	}
	parts := make([]string, len(r.Hours))
	for i, h := range r.Hours {
		parts[i] = h.Label()
	}
	return "出门时间 " + strings.Join(parts, "、")
}

func (r PassRule) alwaysOpen() bool {
	return len(r.Hours) == 0 || slices.ContainsFunc(r.Hours, HourRange.whole)
}

// ExitsText returns a number of exits in Chinese, as pages show it; the numbers are for files alone.
func ExitsText(exits int) string {
	switch {
	case exits < 0:
		return "禁止出入"
	case exits == 0:
		return "不限次数"
	}
	return fmt.Sprintf("限 %d 次", exits)
}

// exitsWords is ExitsText for what the audit log keeps.
func exitsWords(v string) string {
	n, err := strconv.Atoi(v)
	if err != nil {
		return v
	}
	return ExitsText(n)
}

// passRuleFields label what the audit log records of a rule.
var passRuleFields = []AuditField{
	{Key: "counting", Label: "出门计算方式", Value: countingText},
	{Key: "period_days", Label: "出门间隔周期（天）"},
	{Key: "exits", Label: "周期内可出门次数", Value: exitsWords},
	{Key: "hours", Label: "可出门时间段", List: true},
	{Key: "reader_qr", Label: "允许读头放行"},
	{Key: "record_id", Label: "身份证记录"},
	{Key: "record_temp", Label: "体温记录"},
	{Key: "fever", Label: "体温上限（℃）"},
}

func countingText(v string) string {
	switch Counting(v) {
	case CountPerson:
		return "一人一次"
	case CountHousehold:
		return "一户一次"
	}
	return v
}
