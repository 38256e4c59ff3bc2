package sheet

import (
	"math"
	"strconv"
	"strings"
)

// shape is a format of numbers, ready for use.
type shape struct {
	date    bool
	general bool // the digits alone
	percent bool
	whole   []piece // of the integer part and what is around it
	least   int     // decimals that are always shown
	most    int     // decimals at most
	behind  string  // the text behind the decimals
}

// piece is a digit or a text of a format.
type piece struct {
	text  string // "" = a digit
	fixed bool   // the digit is shown even if it is a leading 0
}

// builtIn are the codes of the formats known by number that show more than digits (ECMA-376 part 1,
// 18.8.30).
var builtIn = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
}

// shapeOf prepares a format. Fractions, exponents, conditions and scales are read as plain digits:
// a phone number that is shown as 1.38E+10 is meant as 13800000000. So are separators of thousands.
func shapeOf(f format) shape {
	if f.date() {
		return shape{date: true}
	}
	code := f.code
	if code == "" {
		code = builtIn[f.id]
	}
	if code == "" || f.general() {
		return shape{general: true}
	}
	s, ok := parseShape(code)
	if !ok {
		return shape{general: true}
	}
	return s
}

// parseShape parses the first section of a format's code, the one for positive numbers.
func parseShape(code string) (s shape, ok bool) {
	runes := []rune(code)
	var behind strings.Builder
	places, point := 0, false
	literal := func(text string) {
		switch {
		case point:
			behind.WriteString(text)
		default:
			s.whole = append(s.whole, piece{text: text})
		}
	}
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; r {
		case ';':
			i = len(runes)
		case '"':
			end := i + 1
			for end < len(runes) && runes[end] != '"' {
				end++
			}
			if end > i+1 {
				literal(string(runes[i+1 : min(end, len(runes))]))
			}
			i = end
		case '\\':
			if i++; i < len(runes) {
				literal(string(runes[i]))
			}
		case '_', '*':
			i++
		case '[':
			end := i
			for end < len(runes) && runes[end] != ']' {
				end++
			}
			if i+1 < len(runes) && strings.ContainsRune("<>=", runes[i+1]) {
				return s, false
			}
			i = end
		case '0', '#', '?':
			switch {
			case point && r == '0':
				s.most++
				s.least = s.most
			case point:
				s.most++
			default:
				places++
				s.whole = append(s.whole, piece{fixed: r == '0'})
			}
		case '.':
			if point {
				return s, false
			}
			point = true
		case ',':
			if i+1 == len(runes) || !strings.ContainsRune("0#?", runes[i+1]) {
				return s, false // shown in thousands
			}
		case '%':
			s.percent = true
			literal("%")
		case '/', 'E', 'e', '@', 'G', 'g':
			return s, false
		case ' ':
		default:
			literal(string(r))
		}
	}
	s.behind = behind.String()
	return s, places > 0
}

// number returns a number as a person reads it.
func (s *shape) number(value float64) string {
	if s.general {
		return plainNumber(value)
	}
	sign := ""
	if value < 0 {
		sign, value = "-", -value
	}
	if s.percent {
		value *= 100
	}
	text := strconv.FormatFloat(halfAway(value, s.most), 'f', s.most, 64)
	whole, decimals, _ := strings.Cut(text, ".")
	for len(decimals) > s.least && decimals[len(decimals)-1] == '0' {
		decimals = decimals[:len(decimals)-1]
	}
	if decimals != "" {
		decimals = "." + decimals
	}
	shown := s.join(whole) + decimals + s.behind
	if strings.Trim(text, "0.") == "" {
		sign = "" // no minus before what is shown as zero
	}
	return sign + shown
}

// join puts digits into the places of the format, from the right.
func (s *shape) join(digits string) string {
	if digits == "0" {
		digits = ""
	}
	first := 0
	for first < len(s.whole) && s.whole[first].text != "" {
		first++
	}
	var parts []string
	for i := len(s.whole) - 1; i >= 0; i-- {
		p := s.whole[i]
		switch {
		case p.text != "":
			parts = append(parts, p.text)
		case i == first:
			if digits == "" && p.fixed {
				digits = "0"
			}
			parts = append(parts, digits)
		case digits != "":
			parts = append(parts, digits[len(digits)-1:])
			digits = digits[:len(digits)-1]
		case p.fixed:
			parts = append(parts, "0")
		}
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}

// halfAway rounds a number to decimals as people do: 0.125 to 0.13.
func halfAway(value float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	if scaled := value * scale; scaled < 1e15 {
		return math.Round(scaled) / scale
	}
	return value
}

// plainNumber returns the digits of a number, without an exponent and with the 15 digits that
// spreadsheets keep.
func plainNumber(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e15 {
		return strconv.FormatInt(int64(value), 10)
	}
	if kept, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 14, 64), 64); err == nil {
		value = kept
	}
	if math.Abs(value) < 1e-9 || math.Abs(value) >= 1e21 {
		return strconv.FormatFloat(value, 'g', -1, 64) // no number of a list
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// numberCell returns a cell that holds a number.
func numberCell(value float64, s *shape, date04 bool) Cell {
	if s.date {
		if text, ok := momentOf(value, date04); ok {
			return Cell{Text: text, Kind: CellDay}
		}
		return Cell{Text: plainNumber(value), Kind: CellNumber}
	}
	return Cell{Text: s.number(value), Kind: CellNumber, Lost: math.Abs(value) >= 1e15}
}
