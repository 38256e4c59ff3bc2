package h5

import (
	"time"

	"tongxing/core"
)

// recordDay is the records of one natural day under its heading.
type recordDay struct {
	Title string
	Today bool
	Lines []line
}

// recordDays groups lines, newest first, by their natural day in zone.
func recordDays(lines []line, zone *time.Location, now time.Time) []recordDay {
	var days []recordDay
	today, last := core.DayOf(now, zone), core.Day(0)
	for _, l := range lines {
		day := core.DayOf(l.At, zone)
		if len(days) == 0 || day != last {
			days, last = append(days, recordDay{Title: day.Words(today), Today: day == today}), day
		}
		days[len(days)-1].Lines = append(days[len(days)-1].Lines, l)
	}
	return days
}
