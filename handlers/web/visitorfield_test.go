package web

import (
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

// A day and a time of one field have labels of their own, each of which says of what it is.
func TestLabelsOfADayAndATime(t *testing.T) {
	for _, c := range []struct{ label, clock, day, time string }{
		{"来访时间", "", "来访日期", "来访时间"}, {"有效期至", "", "有效期至", "有效期至几点"}, {"有效期至", "当天几点", "有效期至", "当天几点"},
	} {
		fields := VisitorField{Clock: templates.Field{Label: c.clock}}.Fields(core.FormField{Key: "until", Label: c.label})
		if len(fields) != 2 || fields[0].Label != c.day || fields[1].Label != c.time {
			t.Errorf("%s: %+v", c.label, fields)
		}
	}
}
