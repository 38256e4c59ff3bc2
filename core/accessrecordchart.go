package core

import "fmt"

// MaxChartDays bounds the range that charts of access records count.
const MaxChartDays = 31

// CheckChartDays says what is wrong with a range of days to chart, by the field
// "to", or nothing.
func CheckChartDays(first, last Day) error {
	if last < first || last-first >= MaxChartDays {
		return InvalidFields(map[string]string{"to": fmt.Sprintf("图表最多统计 %d 天", MaxChartDays)})
	}
	return nil
}

// RecordCharts count the access records of a range of days, in the ways in which
// they are drawn.
type RecordCharts struct {
	Days    []RecordTotals // one a day, from the first
	Hours   HourTotals     // by the hour of the day, over all days
	Gates   []GateTotals   // the busiest first
	Reasons []RefusalCount // of refusals, the most frequent first
}

// GateTotals are the records of one reader or one guard post; of a passage that
// neither saw, both ids are 0.
type GateTotals struct {
	Reader, Post ID
	Community    ID
	Gate         string // in words, as the records have it
	RecordTotals
}

// RefusalCount is how often a reason refused.
type RefusalCount struct {
	Reason Reason
	N      int
}

// Sum is all that is counted.
func (c RecordCharts) Sum() RecordTotals { return c.Hours.Sum() }

// Count adds n records of a direction, let through or refused.
func (t *RecordTotals) Count(direction Direction, allowed bool, n int) {
	switch {
	case !allowed:
		t.Refused += n
	case direction == In:
		t.In += n
	default:
		t.Out += n
	}
}

// All is how many records it counts.
func (t RecordTotals) All() int { return t.In + t.Out + t.Refused }
