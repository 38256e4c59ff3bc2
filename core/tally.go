package core

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tallyDays is how many days a tally keeps: the longest window is 30, and one more allows for a
// server whose clock is just past midnight.
const tallyDays = 31

// maxTallyText bounds the encoded form; the column is as long.
const maxTallyText = 512

// maxTallyCount bounds one day's count in the encoded form: far above the highest limit a rule can
// set, so that reaching it changes no decision.
const maxTallyCount = 9999

// errTally is returned for a stored tally that this program did not write.
var errTally = errors.New("malformed tally")

// Tally holds exits by natural day, to be compared with a window's limit. The nil Tally is empty
// and can be read; Add needs a non-nil one.
type Tally map[Day]int

// Sum returns the exits of the window of that many days ending with last.
func (t Tally) Sum(last Day, days int) int {
	sum := 0
	for i := range min(days, tallyDays) {
		sum += t[last-Day(i)]
	}
	return sum
}

// Add counts one exit on day and drops the days that no window reaches any more.
func (t Tally) Add(day Day) {
	t[day]++
	t.Prune(day)
}

// Prune drops the days that no window ending on last or later reaches.
func (t Tally) Prune(last Day) {
	for day := range t {
		if day <= last-tallyDays {
			delete(t, day)
		}
	}
}

// Encode returns the stored form, newest day first: "20415:2,20414:1", where a day is its number
// since 1970-01-01. It holds at most 31 days, in at most 512 characters.
func (t Tally) Encode() string {
	var b []byte
	kept := 0
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(t))) {
		count := min(t[day], maxTallyCount)
		if day <= 0 || count <= 0 {
			continue
		}
		if kept++; kept > tallyDays {
			break
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(day), 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(count), 10)
	}
	return string(b)
}

// ParseTally parses the form that Encode writes, and nothing else: descending days, positive
// counts. The empty text is an empty tally.
func ParseTally(text string) (Tally, error) {
	t := Tally{}
	if text == "" {
		return t, nil
	}
	if len(text) > maxTallyText {
		return nil, errTally
	}
	newer := Day(1<<31 - 1)
	for item := range strings.SplitSeq(text, ",") {
		day, count, ok := parseTallyDay(item)
		if !ok || len(t) == tallyDays || (len(t) > 0 && day >= newer) {
			return nil, errTally
		}
		t[day], newer = count, day
	}
	return t, nil
}

func parseTallyDay(item string) (Day, int, bool) {
	left, right, ok := strings.Cut(item, ":")
	if !ok || !isPlainNumber(left) || !isPlainNumber(right) {
		return 0, 0, false
	}
	day, err := strconv.ParseInt(left, 10, 32)
	if err != nil {
		return 0, 0, false
	}
	count, err := strconv.Atoi(right)
	return Day(day), count, err == nil && count <= maxTallyCount
}

// isPlainNumber reports whether s is a positive number as strconv writes it: no sign, no leading
// zero.
func isPlainNumber(s string) bool {
	if s == "" || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
