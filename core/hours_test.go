package core

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseHours(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // as FormatHours writes it; "!" = refused
	}{
		{"", ""}, {"  ", ""}, {"06:00-22:00", "06:00-22:00"}, {"6:00-8:30,17:00-22:00", "06:00-08:30,17:00-22:00"},
		{"22:00-02:00", "22:00-02:00"}, {"00:00-24:00", "00:00-24:00"}, {"00:00-00:00", "00:00-00:00"},
		{"06：00–08：00、17:00至20:00", "06:00-08:00,17:00-20:00"}, {"06:00 - 08:00\r\n17:00~20:00", "06:00-08:00,17:00-20:00"},
		{"22:00–次日 06:00", "22:00-06:00"}, {"６：００－２２：００", "06:00-22:00"},
		{"06:00", "!"}, {"06:00-", "!"}, {"24:00-06:00", "!"}, {"06:00-24:01", "!"}, {"06:60-07:00", "!"},
		{"6-7", "!"}, {"06:0-07:00", "!"},
		{"-6:00-07:00", "!"}, {"006:00-07:00", "!"}, {"06:00-07:00-08:00", "!"}, {"<b>", "!"}, {"٠٦:٠٠-٠٧:٠٠", "!"},
		{strings.Repeat("1:00-2:00,", 8), strings.TrimSuffix(strings.Repeat("01:00-02:00,", 8), ",")},
		{strings.Repeat("1:00-2:00,", 9), "!"}, {strings.Repeat(" ", 300), "!"},
	} {
		got, err := ParseHours(c.text)
		if c.want == "!" {
			if CodeOf(err) != CodeInvalid || err == nil {
				t.Errorf("%q: %v, %v; want it refused", c.text, got, err)
			}
			continue
		}
		if err != nil || FormatHours(got) != c.want {
			t.Errorf("%q: %q, %v; want %q", c.text, FormatHours(got), err, c.want)
		}
	}
}

func TestHourRangeContains(t *testing.T) {
	for _, c := range []struct {
		text    string
		inside  []int
		outside []int
	}{
		{"06:00-22:00", []int{360, 1319}, []int{0, 359, 1320, 1439}},
		{"22:00-02:00", []int{1320, 1439, 0, 119}, []int{120, 1319}},
		{"00:00-24:00", []int{0, 720, 1439}, nil},
		{"05:00-05:00", []int{0, 299, 300, 1439}, nil},
		{"20:00-24:00", []int{1200, 1439}, []int{0, 1199}},
		{"20:00-00:00", []int{1200, 1439}, []int{0, 1199}},
	} {
		h := hours(c.text)[0]
		for _, m := range c.inside {
			if !h.Contains(m) {
				t.Errorf("%s does not contain minute %d", c.text, m)
			}
		}
		for _, m := range c.outside {
			if h.Contains(m) {
				t.Errorf("%s contains minute %d", c.text, m)
			}
		}
	}
}

func FuzzParseHours(f *testing.F) {
	for _, seed := range []string{"", "06:00-22:00", "22:00至次日6:00、1:00-2:00", "24:00-24:00", "0:00-0:00,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseHours(text)
		if err != nil {
			return
		}
		again, err := ParseHours(FormatHours(list))
		if err != nil || !slices.Equal(list, again) {
			t.Fatalf("%v reads back as %v, %v", list, again, err)
		}
		rule := DefaultPassRule()
		rule.Hours = list
		// A range that ends where it begins could mean nothing or all day.
		empty := slices.ContainsFunc(list, func(h HourRange) bool { return h.From == h.To })
		if err := rule.Check(); (err != nil) != empty {
			t.Fatalf("%q reads, but %v", text, err)
		}
	})
}

// TestNextOpenAcrossClockChange: New York skips 02:00–03:00 on 8 March 2026 and has 01:00–02:00
// twice on 1 November.
func TestNextOpenAcrossClockChange(t *testing.T) {
	zone := mustZone("America/New_York")
	for _, c := range []struct{ hours, now, want string }{
		{"02:30-05:00", "2026-03-08T06:50:00Z", "2026-03-08T07:00:00Z"}, // opens in the gap: at its end
		{"06:00-09:00", "2026-03-08T06:50:30Z", "2026-03-08T10:00:00Z"}, // 06:00, an hour sooner than it seems
		{"06:00-09:00", "2026-11-01T05:30:00Z", "2026-11-01T11:00:00Z"}, // 06:00, an hour later
	} {
		now, want := mustTime(t, c.now), mustTime(t, c.want)
		if got := nextOpen(hours(c.hours), now, zone); !got.Equal(want) {
			t.Errorf("%s after %s: %v, want %v", c.hours, c.now, got.UTC(), want)
		}
	}
}

func mustTime(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
