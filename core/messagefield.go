package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxField is the maximum length of a template message's field in characters. The platform has had it since
// May 2023; longer ones, line ends and empty ones are refused.
const maxField = 20

// fieldRule is what a type of field holds.
type fieldRule struct {
	max   int
	keeps func(rune) bool // nil = all but control characters
	empty string          // for a text of which nothing is left
	cut   string          // at the end of a text that is too long
}

// fieldRules are the types of fields by the letters of their names: thing1, time2. A type that is not here,
// such as keyword1 of an older template, is a thing.
var fieldRules = map[string]fieldRule{
	"thing":            {maxField, nil, "无", "…"},
	"const":            {maxField, nil, "无", ""},
	"name":             {10, unicode.IsLetter, "无", ""},
	"phrase":           {5, func(r rune) bool { return unicode.Is(unicode.Han, r) }, "无", ""},
	"character_string": {maxField, func(r rune) bool { return r > ' ' && r < 0x7f }, "-", ""},
	"letter":           {maxField, func(r rune) bool { return r < 0x7f && unicode.IsLetter(r) }, "A", ""},
	"number":           {maxField, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' || r == '-' }, "0", ""},
	"phone_number":     {17, func(r rune) bool { return r >= '0' && r <= '9' || r == '+' || r == '-' }, "-", ""},
	"symbol":           {5, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' }, "-", ""},
	"amount":           {maxField, nil, "0", ""},
	"car_number":       {8, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }, "无", ""},
	"time":             {maxField, nil, "-", ""},
	"date":             {maxField, nil, "-", ""},
}

var fieldType = regexp.MustCompile(`^[a-z_]+`)

// FitField fits a text to the platform's limits for a template's field, by the type in its name: one line, no
// control characters, at most 20 characters, never empty. What the type cannot hold is left out.
func FitField(name, text string) string {
	rule, ok := fieldRules[fieldType.FindString(name)]
	if !ok {
		rule = fieldRules["thing"]
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || rule.keeps != nil && !rule.keeps(r) {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return rule.empty
	}
	if utf8.RuneCountInString(text) <= rule.max {
		return text
	}
	keep := string([]rune(text)[:rule.max-utf8.RuneCountInString(rule.cut)])
	return strings.TrimRight(keep, zeroWidthJoiner+" ") + rule.cut
}

// FieldMax returns how many characters a template's field takes, by its name.
func FieldMax(name string) int {
	if rule, ok := fieldRules[fieldType.FindString(name)]; ok {
		return rule.max
	}
	return maxField
}

// zeroWidthJoiner is between the parts of one emoji; without its second part it would join the cut.
const zeroWidthJoiner = "\u200d"

// MessageTemplate is how a kind of message fills a template of the platform.
type MessageTemplate struct {
	ID     string
	Fields map[string]string // thing1 → a part of the message: see MessageParts
}

// MessageParts are the parts of a message that a template's field may hold.
var MessageParts = []string{"title", "kind", "time", "count", "hint", "community"}

// Part returns a part of the message as text; times are of zone.
func (m Message) Part(part string, zone *time.Location) string {
	switch part {
	case "title":
		return m.Text() // of several events it begins with their number: a field that is cut still says it
	case "kind":
		return m.Kind.Short()
	case "time":
		return m.Created.In(zone).Format("2006-01-02 15:04")
	case "count":
		return fmt.Sprint(m.Events)
	case "community": // a reviewer of several must know which one it is about
		if m.Place == "" {
			return "全部小区"
		}
		return m.Place
	case "hint":
		if m.Events > 1 {
			return fmt.Sprintf("共 %d 条，点击查看", m.Events)
		}
		return "点击查看"
	}
	return ""
}

// Fill returns the texts of a template's fields, each within the platform's limits.
func (t MessageTemplate) Fill(m Message, zone *time.Location) map[string]string {
	texts := make(map[string]string, len(t.Fields))
	for field, part := range t.Fields {
		texts[field] = FitField(field, m.Part(part, zone))
	}
	return texts
}

// templateForm is how the configuration names a template: sign_in=TEMPLATE:thing1=title;time2=time.
var templateForm = regexp.MustCompile(`^([a-z_]+)=([A-Za-z0-9_-]{6,64}):([a-z_]+[0-9]*=[a-z]+(?:;[a-z_]+[0-9]*=[a-z]+)*)$`)

// ParseMessageTemplate reads a template of the configuration.
func ParseMessageTemplate(text string) (MessageKind, MessageTemplate, error) {
	parts := templateForm.FindStringSubmatch(text)
	if parts == nil {
		return "", MessageTemplate{}, Invalid("模板应写作 类型=模板编号:字段=内容;字段=内容")
	}
	kind := MessageKind(parts[1])
	if len(kind.Type().Channels) == 0 {
		return "", MessageTemplate{}, Invalid("没有这种消息：" + parts[1])
	}
	t := MessageTemplate{ID: parts[2], Fields: map[string]string{}}
	for _, pair := range strings.Split(parts[3], ";") {
		field, part, _ := strings.Cut(pair, "=")
		if !slices.Contains(MessageParts, part) {
			return "", MessageTemplate{}, Invalid("没有这种内容：" + part)
		}
		t.Fields[field] = part
	}
	return kind, t, nil
}
