package frame

import (
	"testing"

	"tongxing/templates"
)

func TestChoosePage(t *testing.T) {
	templates.CheckAll(t, "console/choose/", map[string]any{
		"console/choose/show": choosePage{Shell: templates.Shell{Title: "添加门岗", CSRF: "x"}, Choices: []communityLink{{"翠湖花园", "/new"}}},
	})
}

func TestBindPage(t *testing.T) {
	shell := templates.Shell{Title: "微信登录", CSRF: "x"}
	templates.CheckAll(t, "console/bind/", map[string]any{
		"console/bind/show": bindPage{
			Shell: shell, Image: "data:image/svg+xml;base64,", Menu: "门岗", Back: "/g",
			Text:  "http://weixin.qq.com/q/1",
			State: bindState{URL: "/g/qr", Words: "等待扫码", Tone: templates.Info},
		},
		"console/bind/show#over": bindPage{
			Shell: shell, Image: "data:image/svg+xml;base64,",
			State: bindState{Words: "已失效", Tone: templates.Warn, Again: "/g/qr", CSRF: "x"},
		},
	})
}
