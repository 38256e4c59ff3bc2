package frame

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Grouped formats a number as 12,345.
func Grouped(n int) string { return core.Grouped(n) }

// BoundField is the filter by whether a WeChat is bound.
func BoundField() templates.Field {
	return templates.Field{
		Kind: templates.Select, Name: "bound", Label: "微信",
		Choices: []templates.Choice{{Label: "全部"}, {Value: "no", Label: "未绑定"}, {Value: "yes", Label: "已绑定"}},
	}
}

// Joined returns names as one text.
func Joined(names []string) string { return strings.Join(names, "、") }

// SoughtName returns the text that was searched for on the list from which somebody adds a person, as the person's name; "" if it is
// a number or an address.
func SoughtName(c *web.Context) string { return soughtName(core.Clean(c.Query("q"))) }

// SoughtPhone returns the text that was searched for as the phone number of whom somebody adds; "" if it is something else.
func SoughtPhone(c *web.Context) string { return soughtPhone(core.Clean(c.Query("q"))) }

func soughtPhone(text string) string {
	if phone, err := core.NormalizePhone(text); err == nil {
		return phone
	}
	return ""
}

func soughtName(text string) string {
	if strings.ContainsFunc(text, unicode.IsNumber) || utf8.RuneCountInString(text) > core.MaxName {
		return ""
	}
	return text
}
