package store

import (
	"strings"
	"unicode/utf8"
)

// cutText truncates a text of unknown origin to n characters of valid UTF-8.
func cutText(text string, n int) string {
	text = strings.ToValidUTF8(text, "")
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n])
}

// cut truncates an ASCII text to n bytes.
func cut(s string, n int) string { return s[:min(len(s), n)] }
