package core

import "fmt"

// MaxChartDays bounds the range of days that charts of access records cover.
const MaxChartDays = 31

// CheckChartDays returns an Invalid error for the field "to" if the range of days cannot be
// charted.
func CheckChartDays(first, last Day) error {
	if last < first || last-first >= MaxChartDays {
		return InvalidFields(map[string]string{"to": fmt.Sprintf("图表最多统计 %d 天", MaxChartDays)})
	}
	return nil
}

// RecordCharts count the access records of a range of days, grouped for each chart.
type RecordCharts struct {
	Days    []RecordTotals // one per day, from the first
	Hours   HourTotals     // by the hour of the day, over all days
	Gates   []GateTotals   // busiest first
	Reasons []RefusalCount // of refusals, most frequent first
}

// GateTotals are the records of one reader or one guard post. Both ids are 0 for passages seen by
// neither.
type GateTotals struct {
	Reader, Post ID
	Community    ID
	Gate         string // its name, as in the records
	RecordTotals
}

// RefusalCount is how often a passage was refused for one reason.
type RefusalCount struct {
	Reason Reason
	N      int
}

// Sum returns the totals of the whole range.
func (c RecordCharts) Sum() RecordTotals { return c.Hours.Sum() }

// Count adds n records of a direction, allowed or refused for a reason.
func (t *RecordTotals) Count(direction Direction, allowed bool, reason Reason, n int) {
	if allowed && reason == ReasonUrgent {
		t.Urgent += n
	}
	switch {
	case !allowed:
		t.Refused += n
	case direction == In:
		t.In += n
	default:
		t.Out += n
	}
}

// Text returns the totals in Chinese; group formats a number.
func (t RecordTotals) Text(group func(int) string) string {
	words := "进门 " + group(t.In) + "，出门 " + group(t.Out) + "，拒绝 " + group(t.Refused)
	if t.Urgent > 0 {
		words += "；其中紧急放行 " + group(t.Urgent)
	}
	return words
}

// All returns the number of records counted.
func (t RecordTotals) All() int { return t.In + t.Out + t.Refused }
