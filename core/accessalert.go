package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AccessAlertKind is what an alert 告警 is about.
type AccessAlertKind string

// The kinds.
const (
	AccessAlertFever    AccessAlertKind = "fever"    // a passage refused for temperature
	AccessAlertRefusals AccessAlertKind = "refusals" // many refusals at one door within a minute
	AccessAlertReuse    AccessAlertKind = "reuse"    // a pass's code shown again after it opened a door
	AccessAlertUrgent   AccessAlertKind = "urgent"   // a guard released urgently whom the rules refused
	AccessAlertSilent   AccessAlertKind = "silent"   // a reader that has missed several heartbeats
	AccessAlertClock    AccessAlertKind = "clock"    // a reader's clock has been wrong for some time
	AccessAlertGuessing AccessAlertKind = "guessing" // too many applications for certification that the register does not confirm
)

// When alerts are raised.
const (
	AccessAlertRefusalsAt     = 10 // refusals
	AccessAlertRefusalsWithin = time.Minute
	AccessAlertHeartbeats     = 3 // missed
	// AccessAlertClockFor is how long a clock must have been wrong: one that was just switched on sets itself by our first answers.
	AccessAlertClockFor = 5 * time.Minute
	// AccessAlertLookback is how far back access records are examined on every run, so that a run
	// that failed, or that came before a record was committed, misses nothing.
	AccessAlertLookback = 5 * time.Minute
)

// AccessAlertKinds returns every kind, in display order.
func AccessAlertKinds() []AccessAlertKind {
	return []AccessAlertKind{
		AccessAlertFever, AccessAlertUrgent, AccessAlertRefusals, AccessAlertReuse, AccessAlertSilent, AccessAlertClock,
		AccessAlertGuessing,
	}
}

// Valid reports whether the kind exists.
func (k AccessAlertKind) Valid() bool { return slices.Contains(AccessAlertKinds(), k) }

// Label returns the kind in Chinese.
func (k AccessAlertKind) Label() string {
	switch k {
	case AccessAlertFever:
		return "体温异常"
	case AccessAlertUrgent:
		return "紧急放行"
	case AccessAlertRefusals:
		return "连续拒绝"
	case AccessAlertReuse:
		return "二维码重复使用"
	case AccessAlertSilent:
		return "读头失联"
	case AccessAlertClock:
		return "时钟不准"
	case AccessAlertGuessing:
		return "认证申请过多"
	}
	return string(k)
}

// AccessAlert is something at a gate, or about who may pass it, that needs attention. While one is open, further occurrences
// update it instead of raising another.
type AccessAlert struct {
	ID        ID
	Community ID
	Kind      AccessAlertKind
	Subject   ID     // what it is about: the ID of a record, a reader or a pass
	Reader    ID     // 0 = at a post
	Post      ID     // 0 = at a reader
	Record    ID     // the latest access record behind it; 0 = none
	Gate      string // where, in words
	Name      string // of the person; "" if nobody in particular
	House     string
	Count     int // refusals in the worst minute, times the code was shown again, or minutes that the clock is ahead
	First     time.Time
	Last      time.Time
	Handled   time.Time // zero = open
	HandledBy string
	Remark    string
	// Mark grows with the events behind the alert, so that nothing raises it twice: the record's
	// id, the reader's last sign of life, or since when its clock is wrong, in milliseconds.
	Mark int64
}

// Text describes in Chinese what happened.
func (a AccessAlert) Text() string {
	switch a.Kind {
	case AccessAlertFever:
		return a.who() + "在" + a.Gate + "体温异常，未放行"
	case AccessAlertUrgent:
		return a.who() + "在" + a.Gate + "紧急放行"
	case AccessAlertRefusals:
		return fmt.Sprintf("%s一分钟内拒绝 %d 次", a.Gate, a.Count)
	case AccessAlertReuse:
		return fmt.Sprintf("%s的二维码用过后又出示 %d 次", a.who(), a.Count)
	case AccessAlertSilent:
		return a.Gate + "没有心跳，可能断电或断网"
	case AccessAlertClock:
		return a.Gate + "的时钟" + SkewWords(time.Duration(a.Count)*time.Minute) + "，请给设备校时"
	case AccessAlertGuessing:
		return fmt.Sprintf("%s：有 %d 份认证申请与登记不符，暂停受理", a.Gate, a.Count)
	}
	return a.Gate
}

func (a AccessAlert) who() string {
	if a.Name == "" {
		return "有人"
	}
	return a.Name
}

// AccessAlertsOf returns the alerts to raise for access records, given oldest first. The result
// depends on the records alone, so a second run finds the same alerts.
func AccessAlertsOf(records []AccessRecord) []AccessAlert {
	var found []AccessAlert
	refused := map[ID][]AccessRecord{} // by reader or post
	reused := map[ID]*AccessAlert{}    // by pass
	var passes []ID
	for _, r := range records {
		if r.Urgent() {
			found = append(found, accessAlertOf(AccessAlertUrgent, r.ID, r, 1))
		}
		if r.Allowed {
			continue
		}
		if r.Reason == ReasonFever {
			found = append(found, accessAlertOf(AccessAlertFever, r.ID, r, 1))
		}
		if r.Reason == ReasonTokenUsed && r.Pass != 0 {
			if reused[r.Pass] == nil {
				first := accessAlertOf(AccessAlertReuse, r.Pass, r, 0)
				reused[r.Pass], passes = &first, append(passes, r.Pass)
			}
			a := reused[r.Pass]
			a.Count, a.Last, a.Record, a.Mark, a.Gate = a.Count+1, r.At, r.ID, int64(r.ID), r.Gate
		}
		if door := cmp.Or(r.Reader, r.Post); door != 0 {
			refused[door] = append(refused[door], r)
		}
	}
	for _, pass := range passes {
		found = append(found, *reused[pass])
	}
	for _, door := range slices.Sorted(maps.Keys(refused)) {
		if a, ok := refusalsAlert(door, refused[door]); ok {
			found = append(found, a)
		}
	}
	return found
}

func accessAlertOf(kind AccessAlertKind, subject ID, r AccessRecord, count int) AccessAlert {
	return AccessAlert{
		Community: r.Community, Kind: kind, Subject: subject, Reader: r.Reader, Post: r.Post, Record: r.ID, Gate: r.Gate,
		Name: r.Name, House: r.HouseLabel, Count: count, First: r.At, Last: r.At, Mark: int64(r.ID),
	}
}

// refusalsAlert finds the minute with the most refusals at one reader or post.
func refusalsAlert(door ID, refused []AccessRecord) (AccessAlert, bool) {
	var worst AccessAlert
	from := 0
	for to, r := range refused {
		for r.At.Sub(refused[from].At) >= AccessAlertRefusalsWithin {
			from++
		}
		if n := to - from + 1; n >= AccessAlertRefusalsAt && n >= worst.Count {
			worst = accessAlertOf(AccessAlertRefusals, door, r, n)
			worst.Name, worst.House, worst.First = "", "", refused[from].At
		}
	}
	return worst, worst.Count > 0
}

// AccessAlertFilter narrows a list of alerts. Zero fields do not filter.
type AccessAlertFilter struct {
	Community ID
	Kind      AccessAlertKind
	Handled   bool // handled alerts instead of open ones
	AtGates   bool // only those of what happens at gates, which concern guards
}

// MaxAlertRemark bounds a remark, in characters.
const MaxAlertRemark = 200

// accessAlertFields label what the audit log records of a handled alert.
var accessAlertFields = []AuditField{
	{Key: "kind", Label: "类型", Value: labelOf(AccessAlertKind.Label)},
	{Key: "gate", Label: "位置"},
	{Key: "remark", Label: "备注"},
	{Key: "state", Label: "状态", Value: labelOf(AccessAlertState.Label)},
	batchField,
}

// AccessAlertState is whether an alert has been handled.
type AccessAlertState string

// The states.
const (
	AccessAlertOpen    AccessAlertState = "open"
	AccessAlertHandled AccessAlertState = "handled"
)

// Label returns the state in Chinese.
func (s AccessAlertState) Label() string {
	return map[AccessAlertState]string{AccessAlertOpen: "待处理", AccessAlertHandled: "已处理"}[s]
}
