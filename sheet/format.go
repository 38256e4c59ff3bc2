package sheet

import (
	"math"
	"strings"
	"time"
)

// formatBytes bounds the code of a format; Excel allows 255 characters, which are seldom Chinese.
const formatBytes = 400

// format is how a number is displayed: one of the built-in formats known by number, or a code such
// as 000 or 0.0%.
type format struct {
	id   int
	code string // "" = the one of its number
}

// general reports whether this is the default format of cells, or the format of texts.
func (f format) general() bool {
	return f.code == "" && (f.id == 0 || f.id == 49) || strings.EqualFold(f.code, "general") || f.code == "@"
}

// date reports whether the format shows a number as a day or a time (ECMA-376 part 1, 18.8.30; 27
// to 36 and 50 to 58 are days and times in Chinese).
func (f format) date() bool {
	if f.code == "" {
		return f.id >= 14 && f.id <= 22 || f.id >= 27 && f.id <= 36 || f.id >= 45 && f.id <= 47 || f.id >= 50 && f.id <= 58
	}
	quoted, bracket := false, false
	for i := 0; i < len(f.code); i++ {
		switch c := f.code[i]; {
		case quoted:
			quoted = c != '"'
		case bracket:
			bracket = c != ']'
			if strings.IndexByte("hHmMsS", c) >= 0 && f.code[i-1] == '[' {
				return true // [h] counts hours beyond a day; [Red] and [$-804] are not times
			}
		case c == '"':
			quoted = true
		case c == '[':
			bracket = true
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == 'E' || c == 'e':
			if i+1 < len(f.code) && (f.code[i+1] == '+' || f.code[i+1] == '-') {
				return false // 0.00E+00
			}
		case strings.IndexByte("yYmMdDhHsS", c) >= 0:
			return !strings.EqualFold(f.code, "general")
		}
	}
	return false
}

// momentOf returns a number with a date format as the day or the time that it shows, always in the
// same notation: a day where a house was meant can then be recognised. ok is false if it is not a
// date or time.
func momentOf(days float64, date04 bool) (text string, ok bool) {
	if !(days >= 0 && days < 2_958_466) { // the first day of the year 10000
		return "", false
	}
	seconds := math.Round(days * 86_400)
	at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Mod(seconds, 86_400)) * time.Second)
	day := int(seconds / 86_400)
	if date04 {
		day += 1_462
	} else if day > 0 && day < 61 {
		day++ // 1900 had no 29 February, but spreadsheets count one
	}
	at = at.AddDate(0, 0, day)
	switch {
	case days < 1 && !date04:
		return at.Format("15:04:05"), true
	case math.Mod(seconds, 86_400) != 0:
		return at.Format("2006-01-02 15:04:05"), true
	}
	return at.Format("2006-01-02"), true
}
