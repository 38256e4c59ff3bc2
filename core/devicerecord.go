package core

import "time"

// DeviceRecordBound is how far back a terminal may say that it opened by itself: an earlier record has that time.
const DeviceRecordBound = 30 * 24 * time.Hour

// DeviceRecord is what a terminal decided without asking us, and tells us afterwards.
type DeviceRecord struct {
	Number     int64  // the terminal's own, which starts again when it is formatted
	Clock      int64  // of the passage, by the terminal's clock, in Unix seconds
	Type       int    // the family's
	Opened     bool   // or it refused
	Means      string // what was shown to it, in words
	Name       string // of the person, as the terminal has it
	Head       int    // which of its heads has read; 0 = not told
	TempTenths int    // 0 = not measured
	Code       string // digest of the code of ours that was shown; "" = none was
}

// At returns when it happened, for a record that is written now. exact is false if the terminal's clock cannot have been right, or it
// was too long ago.
func (d DeviceRecord) At(now time.Time) (at time.Time, exact bool) {
	at = time.Unix(d.Clock, 0)
	switch {
	case at.After(now):
		return now, false
	case at.Before(now.Add(-DeviceRecordBound)):
		return now.Add(-DeviceRecordBound), false
	}
	return at, true
}

// Note returns the words of its record.
func (d DeviceRecord) Note(exact bool) string {
	note := d.Means
	if !exact {
		note += "（设备时间不准或过早）"
	}
	return note
}
