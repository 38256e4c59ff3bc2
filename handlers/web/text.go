package web

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"tongxing/core"
)

// maxDefaultText bounds a text whose field says nothing else, in characters.
const maxDefaultText = 200

// textRule is what a text field takes.
type textRule struct {
	max   int  // characters
	lines bool // line ends are welcome
	raw   bool // spaces around it count: a password
}

// cleanText trims a text, removes the marks that nobody sees, and refuses what is not
// text. The error is a sentence for people, or nil.
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

// showable is what can be shown again of a text that was refused: all of it but the
// characters that cannot stand on a page, and at most ten times what the field takes.
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

func tooLong(most int) error { return fmt.Errorf("最多 %d 个字", most) }

// forbidden are control characters, and those that turn the direction of what
// follows so that a name reads as another.
func forbidden(r rune, lines bool) bool {
	switch {
	case lines && (r == '\n' || r == '\t'):
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return unicode.IsControl(r)
}
