package wechat

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Template is a message template that an account may send.
type Template struct {
	ID       string
	Title    string
	Example  string // a filled-in message, a line per field
	Fields   []TemplateField
	LongTerm bool // of a mini-program: one grant is for ever
}

// TemplateField is a field of a template.
type TemplateField struct {
	Key   string // thing1; the letters name its kind
	Label string // 访客姓名
}

// templateLine matches a line of a template's content: label:{{key.DATA}}.
var templateLine = regexp.MustCompile(`(?m)^[ \t]*([^{\n]*?)[ \t]*[：:]?[ \t]*\{\{[ \t]*(\w+)\.DATA[ \t]*\}\}`)

// templateFields returns the fields of a template's content, in order. first and remark, which the
// platform no longer shows, are left out.
func templateFields(content string) []TemplateField {
	var fields []TemplateField
	for _, m := range templateLine.FindAllStringSubmatch(content, -1) {
		if m[2] != "first" && m[2] != "remark" {
			fields = append(fields, TemplateField{Key: m[2], Label: m[1]})
		}
	}
	return fields
}

// fieldKind is how the platform restricts a kind of field.
type fieldKind struct {
	max   int  // characters
	exact bool // a shortened value must not get an ellipsis: the kind does not allow it
}

// maxField is the maximum length of any field: the platform rejects or truncates longer ones.
const maxField = 20

// fieldKinds are the kinds with stricter limits, by the letters of their keys.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
var fieldKinds = map[string]fieldKind{
	"phrase":           {5, true},
	"symbol":           {5, true},
	"car_number":       {8, true},
	"name":             {10, true},
	"phone_number":     {17, true},
	"number":           {maxField, true},
	"letter":           {maxField, true},
	"amount":           {maxField, true},
	"time":             {maxField, true},
	"date":             {maxField, true},
	"character_string": {maxField, true},
}

// FieldLimit returns the greatest number of characters that a field takes, by its key.
func FieldLimit(key string) int {
	if kind, ok := fieldKinds[strings.TrimRight(key, "0123456789")]; ok {
		return kind.max
	}
	return maxField
}

const zeroWidthJoiner = "\u200d" // between the parts of one emoji

// fit fits a text to the platform's limits for a field: one line, no control characters, not too long.
func fit(key, text string) string {
	return shorten(text, FieldLimit(key), !fieldKinds[strings.TrimRight(key, "0123456789")].exact)
}

// shorten returns a text as one line of at most limit characters; dots mark what was cut off.
func shorten(text string, limit int, dots bool) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	line := strings.Join(strings.Fields(visible), " ")
	runes := []rune(line)
	switch {
	case len(runes) <= limit:
		return line
	case !dots:
		return strings.TrimSpace(string(runes[:limit]))
	}
	// A joiner whose second part was cut off would join the dots instead.
	return strings.TrimRight(string(runes[:limit-1]), zeroWidthJoiner) + "…"
}

func length(text string) int { return utf8.RuneCountInString(text) }
