package console

import (
	"testing"

	"tongxing/templates"
)

func TestChoosePage(t *testing.T) {
	templates.CheckAll(t, "console/choose/", map[string]any{
		"console/choose/show": choosePage{Shell: templates.Shell{Title: "添加门岗", CSRF: "x"}, Choices: []communityLink{{"翠湖花园", "/new"}}},
	})
}
