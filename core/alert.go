package core

import (
	"fmt"
	"slices"
	"time"
)

// AlertKind says what an alert 告警 is about.
type AlertKind string

// The kinds.
const (
	AlertFever    AlertKind = "fever"    // a passage refused for temperature
	AlertRefusals AlertKind = "refusals" // many refusals at one door within a minute
	AlertReuse    AlertKind = "reuse"    // a pass's code shown again after it opened a door
	AlertSilent   AlertKind = "silent"   // a reader that gave no sign of life for several heartbeats
)

// When alerts are raised.
const (
	AlertRefusalsAt     = 10 // refusals
	AlertRefusalsWithin = time.Minute
	AlertHeartbeats     = 3 // missed
	// AlertLookback is how far back access records are looked at again and again,
	// so that a look that failed, or came before a record's commit, misses nothing.
	AlertLookback = 5 * time.Minute
)

// AlertKinds gives every kind, in the order people see them.
func AlertKinds() []AlertKind {
	return []AlertKind{AlertFever, AlertRefusals, AlertReuse, AlertSilent}
}

// Words gives the kind in Chinese.
func (k AlertKind) Words() string {
	switch k {
	case AlertFever:
		return "体温异常"
	case AlertRefusals:
		return "连续拒绝"
	case AlertReuse:
		return "二维码重复使用"
	case AlertSilent:
		return "读头失联"
	}
	return string(k)
}

// Alert is something at a gate that somebody should look at. While one is open,
// more of the same makes it newer, not another one.
type Alert struct {
	ID        ID
	Community ID
	Kind      AlertKind
	Subject   ID     // what it is about: a record, a reader, a pass
	Reader    ID     // 0 = at a post
	Post      ID     // 0 = at a reader
	Record    ID     // the latest access record behind it; 0 = none
	Gate      string // where, in words
	Name      string // of the person; "" = nobody in particular
	House     string
	Count     int // refusals of the worst minute, times shown again
	First     time.Time
	Last      time.Time
	Handled   time.Time // zero = open
	HandledBy string
	Remark    string
	// Mark grows with what is behind the alert, so that nothing raises it twice:
	// the record's id, the reader's last sign of life in milliseconds.
	Mark int64
}

// Words says in Chinese what happened.
func (a Alert) Words() string {
	switch a.Kind {
	case AlertFever:
		return a.who() + "在" + a.Gate + "体温异常，未放行"
	case AlertRefusals:
		return fmt.Sprintf("%s一分钟内拒绝 %d 次", a.Gate, a.Count)
	case AlertReuse:
		return fmt.Sprintf("%s的二维码用过后又出示 %d 次", a.who(), a.Count)
	case AlertSilent:
		return a.Gate + "没有心跳，可能断电或断网"
	}
	return a.Gate
}

func (a Alert) who() string {
	if a.Name == "" {
		return "有人"
	}
	return a.Name
}

// AlertsOf finds what access records, oldest first, give reason to raise alerts
// for. It depends on the records alone, so that looking twice finds the same.
func AlertsOf(records []AccessRecord) []Alert {
	var found []Alert
	refused := map[ID][]AccessRecord{} // by reader
	reused := map[ID]*Alert{}          // by pass
	var passes []ID
	for _, r := range records {
		if r.Allowed {
			continue
		}
		if r.Reason == ReasonFever {
			found = append(found, alertOf(AlertFever, r.ID, r, 1))
		}
		if r.Reason == ReasonTokenUsed && r.Pass != 0 {
			if reused[r.Pass] == nil {
				first := alertOf(AlertReuse, r.Pass, r, 0)
				reused[r.Pass], passes = &first, append(passes, r.Pass)
			}
			a := reused[r.Pass]
			a.Count, a.Last, a.Record, a.Mark, a.Gate = a.Count+1, r.At, r.ID, int64(r.ID), r.Gate
		}
		if r.Reader != 0 {
			refused[r.Reader] = append(refused[r.Reader], r)
		}
	}
	for _, pass := range passes {
		found = append(found, *reused[pass])
	}
	readers := make([]ID, 0, len(refused))
	for reader := range refused {
		readers = append(readers, reader)
	}
	slices.Sort(readers)
	for _, reader := range readers {
		if a, ok := refusalsAlert(reader, refused[reader]); ok {
			found = append(found, a)
		}
	}
	return found
}

func alertOf(kind AlertKind, subject ID, r AccessRecord, count int) Alert {
	return Alert{
		Community: r.Community, Kind: kind, Subject: subject, Reader: r.Reader, Post: r.Post, Record: r.ID, Gate: r.Gate,
		Name: r.Name, House: r.HouseLabel, Count: count, First: r.At, Last: r.At, Mark: int64(r.ID),
	}
}

// refusalsAlert looks for the minute with the most refusals at one reader.
func refusalsAlert(reader ID, refused []AccessRecord) (Alert, bool) {
	var worst Alert
	from := 0
	for to, r := range refused {
		for r.At.Sub(refused[from].At) >= AlertRefusalsWithin {
			from++
		}
		if n := to - from + 1; n >= AlertRefusalsAt && n >= worst.Count {
			worst = alertOf(AlertRefusals, reader, r, n)
			worst.Name, worst.House, worst.First = "", "", refused[from].At
		}
	}
	return worst, worst.Count > 0
}

// AlertFilter narrows a list of alerts. Zero fields do not narrow.
type AlertFilter struct {
	Community ID
	Kind      AlertKind
	Handled   bool // those handled instead of those open
}

// AlertRemarkMost bounds a remark, in characters.
const AlertRemarkMost = 200

// alertFields are the words of what the audit log keeps of a handled alert.
var alertFields = []AuditField{
	{Key: "kind", Label: "类型", Value: wordsOf(AlertKind.Words)},
	{Key: "gate", Label: "位置"},
	{Key: "remark", Label: "备注"},
}
