package frame

import (
	"strings"

	"tongxing/core"
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
