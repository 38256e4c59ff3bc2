package core

import (
	"maps"
	"strings"
	"testing"
)

func TestTallySum(t *testing.T) {
	tally := Tally{100: 1, 99: 2, 98: 4, 70: 8}
	for _, c := range []struct {
		last Day
		days int
		want int
	}{
		{100, 1, 1}, {100, 2, 3}, {100, 3, 7}, {100, 30, 7}, {100, 31, 15}, {101, 1, 0}, {101, 2, 1}, {99, 1, 2}, {100, 0, 0}, {100, -3, 0},
	} {
		if got := tally.Sum(c.last, c.days); got != c.want {
			t.Errorf("Sum(%d, %d) = %d, want %d", c.last, c.days, got, c.want)
		}
	}
	if got := Tally(nil).Sum(100, 30); got != 0 {
		t.Errorf("an absent tally sums to %d", got)
	}
}

func TestTallyEncode(t *testing.T) {
	for _, c := range []struct {
		tally Tally
		want  string
	}{
		{nil, ""}, {Tally{}, ""}, {Tally{20415: 2, 20414: 1}, "20415:2,20414:1"},
		{Tally{20415: 0, 20414: 1}, "20414:1"}, {Tally{0: 1, -5: 2, 3: 1}, "3:1"}, {Tally{7: 123456}, "7:9999"},
	} {
		if got := c.tally.Encode(); got != c.want {
			t.Errorf("%v encodes to %q, want %q", c.tally, got, c.want)
		}
	}
}

func TestTallyForgets(t *testing.T) {
	tally := Tally{}
	for day := Day(1000); day < 1100; day++ {
		tally.Add(day)
		tally.Add(day)
	}
	if len(tally) != tallyDays || tally[1099] != 2 || tally[1069] != 2 || tally[1068] != 0 {
		t.Errorf("kept %v", tally)
	}
	// The worst case still fits its column.
	worst := Tally{}
	for i := range Day(60) {
		worst[1<<31-1-i] = 1 << 30
	}
	if text := worst.Encode(); len(text) > maxTallyText || strings.Count(text, ":") != tallyDays {
		t.Errorf("%d characters: %s", len(text), text)
	}
}

func TestParseTallyRefuses(t *testing.T) {
	for _, text := range []string{
		",", ":", "1", "1:", ":1", "0:1", "1:0", "1:-1", "-1:1", "+1:1", "1:1,", ",1:1", "1:1,2:1", "2:1,2:1", "01:1", "1:01", " 1:1",
		"1:10000", "2147483648:1", "99999999999999999999:1", "1:99999999999999999999", "1:1:1", "a:b", strings.Repeat("1", 600),
	} {
		if tally, err := ParseTally(text); err == nil {
			t.Errorf("%q reads as %v", text, tally)
		}
	}
}

func FuzzParseTally(f *testing.F) {
	for _, seed := range []string{"", "20415:2,20414:1", "1:1,2:1", "2147483647:9999", "20415:2,", "٣:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tally, err := ParseTally(text)
		if err != nil {
			return
		}
		if got := tally.Encode(); got != text {
			t.Fatalf("%q encodes back to %q", text, got)
		}
		again, err := ParseTally(tally.Encode())
		if err != nil || !maps.Equal(tally, again) {
			t.Fatalf("%v reads back as %v, %v", tally, again, err)
		}
	})
}
