// Package core holds the domain: its types and its rules.
//
// Everything here is pure: values and the present moment come in, values or an
// error go out. It imports the standard library only, never asks the clock, and
// knows nothing of SQL, HTTP or WeChat.
package core

import (
	"strconv"
	"time"
)

// ID is a 64-bit identifier made by the program, sortable by time of making.
// In JSON it is a string, since JavaScript loses integers past 2^53.
type ID int64

// String gives the decimal form.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText gives the decimal form, so that JSON carries a string.
func (id ID) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(id), 10), nil }

// UnmarshalText reads what MarshalText wrote, the zero id among it; an empty text is
// the zero id too, and anything else but a positive number is not found. It is for what
// programs write: where people type an id, ParseID refuses zero.
func (id *ID) UnmarshalText(text []byte) error {
	if s := string(text); s == "0" || s == "" {
		*id = 0
		return nil
	}
	v, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// ParseID reads an id out of a URL or a form. A malformed one is "not found":
// no row can have it.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, NotFound("编号不存在")
	}
	return ID(n), nil
}

// Day is a natural day of the deployment's zone, as days since 1970-01-01.
type Day int32

// DayOf gives the natural day of t in zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.ParseInLocation("2006-01-02", s, time.UTC)
	if err != nil {
		return 0, Invalid("请填写存在的日期，例如 2026-11-23")
	}
	return Day(t.Unix() / 86400), nil
}

// String gives YYYY-MM-DD.
func (d Day) String() string { return d.Start(time.UTC).Format("2006-01-02") }

// Start gives the first instant of the day in zone.
func (d Day) Start(zone *time.Location) time.Time {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}
