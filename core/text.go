package core

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// StripMarks removes invisible characters that come along when text is copied from address books,
// messages and web pages: direction marks, byte-order marks, zero-width characters, fillers, and
// variation selectors that select nothing. The joiners and selectors within emoji stay, as do the
// selectors of Han variants.
//
// It is applied before text is checked: a person cannot correct what they cannot see.
func StripMarks(s string) string {
	if !strings.ContainsFunc(s, ignorable) {
		return s
	}
	runes := []rune(s)
	kept := make([]rune, 0, len(runes))
	for i, r := range runes {
		var before, after rune
		if len(kept) > 0 {
			before = kept[len(kept)-1]
		}
		if ignorable(r) {
			after = nextSeen(runes[i+1:])
		}
		if !ignorable(r) || selects(before, r, after) {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// nextSeen returns the first of the next few characters that is not ignorable. No emoji sequence
// has more than two marks in a row, and a text of marks alone must not take quadratic time.
func nextSeen(runes []rune) rune {
	for _, r := range runes[:min(len(runes), 4)] {
		if !ignorable(r) {
			return r
		}
	}
	return 0
}

const (
	joiner = 0x200d
	keycap = 0x20e3
)

// ignorable reports whether the character has no glyph of its own: Unicode's
// Default_Ignorable_Code_Point, other format characters, and the Braille blank.
func ignorable(r rune) bool {
	if r < 0x80 {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r == 0x2800
}

// selects reports whether an ignorable character has an effect between its neighbours.
func selects(before, r, after rune) bool {
	switch {
	case r == joiner:
		return pictures(before) && pictures(after)
	case unicode.Is(unicode.Variation_Selector, r):
		return unicode.In(before, unicode.Han, unicode.Mongolian, unicode.So, unicode.Sk, unicode.Sm) ||
			after == keycap && !ignorable(before)
	}
	return false
}

// pictures reports whether r is a symbol, as emoji are made of, or a selector that follows one.
func pictures(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sk, unicode.Sm) || r == 0xfe0f
}

// Clean normalises text that somebody typed or pasted: full-width letters, digits and spaces become
// ordinary ones, invisible characters and surrounding spaces are removed, and runs of spaces become
// one. Chinese punctuation stays.
func Clean(s string) string {
	if !strings.ContainsFunc(s, notPlain) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case '０' <= r && r <= '９', 'Ａ' <= r && r <= 'Ｚ', 'ａ' <= r && r <= 'ｚ':
			b.WriteRune(r - '０' + '0')
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cc, r), r == unicode.ReplacementChar:
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(StripMarks(b.String())), " ")
}

// FoldFigures returns a text with figures and marks as keyboards for Chinese write them, １２：３０ and １２３．４, in the form in
// which numbers, times and days are read.
func FoldFigures(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '！' <= r && r <= '～':
			return r - '！' + '!'
		case r == '—' || r == '–':
			return '-'
		case r == '。':
			return '.'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// notPlain reports whether Clean has to look at a character: most texts have letters, digits and Chinese characters alone.
func notPlain(r rune) bool {
	return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '-' || '一' <= r && r <= '鿿')
}

// compact is Clean, also without the spaces, hyphens and dots people put into numbers.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '－', '—', '–', '‐', '‑', '‒', '.', '(', ')', '（', '）':
			return -1
		case '＋':
			return '+'
		}
		return r
	}, Clean(s))
}

// FoldName returns a name in the form in which names are compared: without case, and without the
// spaces and middle dots that documents and keyboards write in different ways. 阿卜杜拉·买买提 and
// 阿卜杜拉•买买提 are equal.
func FoldName(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch r {
		case ' ', '·', '•', '・', '．', '.', '‧', '∙', '⋅', '･', '᛫', '●', '。':
			return -1
		}
		return r
	}, Clean(name)))
}

// nameText reports whether a cleaned text can be the name of a person or a thing: at most max
// characters, no control characters, and something visible.
func nameText(s string, max int) bool {
	return utf8.RuneCountInString(s) <= max && noControls(s) && hasLetter(s)
}

// hasLetter reports whether a cleaned text shows at least one letter or digit. Private-use
// characters count: registry fonts write rare names with them.
func hasLetter(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r)
	})
}

// Grouped returns a number as it is written for people: 12,345.
func Grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
