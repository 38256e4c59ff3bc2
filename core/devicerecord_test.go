package core

import (
	"testing"
	"time"
)

func TestWhenADeviceOpened(t *testing.T) {
	now := time.Date(2026, 3, 17, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		clock int64
		at    time.Time
		exact bool
	}{
		"a while ago": {now.Add(-time.Hour).Unix(), now.Add(-time.Hour), true},
		"now":         {now.Unix(), now, true},
		"to come":     {now.Add(time.Second).Unix(), now, false},
		"long ago":    {now.Add(-31 * 24 * time.Hour).Unix(), now.Add(-DeviceRecordBound), false},
		"no clock":    {0, now.Add(-DeviceRecordBound), false},
		"the last":    {1<<62 - 1, now, false},
	} {
		d := DeviceRecord{Clock: c.clock, Means: "人脸"}
		at, exact := d.At(now)
		if !at.Equal(c.at) || exact != c.exact {
			t.Errorf("%s: %s, %v", name, at, exact)
		}
		if note := d.Note(exact); (note == "人脸") != exact {
			t.Errorf("%s: %s", name, note)
		}
	}
}
