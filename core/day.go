package core

import "time"

// Day is a natural day of the deployment's zone, as days since 1970-01-01.
type Day int32

// DayOf returns the natural day of t in zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay parses YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.ParseInLocation("2006-01-02", s, time.UTC)
	if err != nil {
		return 0, Invalid("请填写存在的日期，例如 2026-11-23")
	}
	return Day(t.Unix() / 86400), nil
}

// String returns YYYY-MM-DD.
func (d Day) String() string { return d.Start(time.UTC).Format("2006-01-02") }

// Start returns the first instant of the day in zone.
func (d Day) Start(zone *time.Location) time.Time {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// Words returns the day in Chinese as a heading has it, seen from today: 今天, 昨天, 11月27日 周五, and
// with the year if it is another.
func (d Day) Words(today Day) string {
	switch d {
	case today:
		return "今天"
	case today - 1:
		return "昨天"
	}
	start := d.Start(time.UTC)
	layout := "1月2日 "
	if start.Year() != today.Start(time.UTC).Year() {
		layout = "2006年1月2日 "
	}
	return start.Format(layout) + weekdays[start.Weekday()]
}
