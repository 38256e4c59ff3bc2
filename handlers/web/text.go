package web

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tongxing/core"
)

// maxDefaultText is the maximum length in characters of a text field without a max tag.
const maxDefaultText = 200

// textRule is what a text field accepts.
type textRule struct {
	max   int  // characters
	lines bool // line breaks are allowed
	raw   bool // surrounding spaces are kept: a password
}

// cleanText trims a text, removes invisible characters, and rejects invalid text. The error has a
// message for the user.
func cleanText(s string, rule textRule) (string, error) {
	if len(s) > 4*rule.max+64 {
		return "", tooLong(rule.max)
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("含有无法识别的字符")
	}
	if rule.lines {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	if !rule.raw {
		s = strings.TrimSpace(core.StripMarks(s))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return forbidden(r, rule.lines) }) {
		return "", fmt.Errorf("含有不能使用的字符")
	}
	if utf8.RuneCountInString(s) > rule.max {
		return "", tooLong(rule.max)
	}
	return s, nil
}

// showable returns what can be shown again of a rejected text: all but characters not allowed in
// HTML, and at most ten times the field's maximum.
func showable(s string, rule textRule) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || forbidden(r, rule.lines) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 10*rule.max {
		return string(runes[:10*rule.max])
	}
	return s
}

func tooLong(maxLen int) error { return fmt.Errorf("最多 %d 个字", maxLen) }

// forbidden reports whether r is a control character, or one that changes the text direction, by
// which a name could be made to read as another.
func forbidden(r rune, lines bool) bool {
	switch {
	case lines && (r == '\n' || r == '\t'):
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return unicode.IsControl(r)
}
