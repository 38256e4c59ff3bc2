package frame

import (
	"testing"

	"tongxing/templates"
)

func TestBindPage(t *testing.T) {
	shell := templates.Shell{Title: "微信登录", CSRF: "x"}
	templates.CheckAll(t, "console/bind/", map[string]any{
		"console/bind/show": bindPage{
			Shell: shell, Image: "data:image/svg+xml;base64,", Then: "可以在公众号里打开“门岗”。", Back: "/g",
			Text:  "http://weixin.qq.com/q/1",
			State: bindState{URL: "/g/qr", Words: "等待扫码", Tone: templates.Info},
		},
		"console/bind/show#over": bindPage{
			Shell: shell, Image: "data:image/svg+xml;base64,",
			State: bindState{Words: "已失效", Tone: templates.Warn, Again: "/g/qr", CSRF: "x"},
		},
	})
}

func TestFindPage(t *testing.T) {
	shell := templates.Shell{Title: "搜索", CSRF: "x", Find: SearchPath}
	hit := templates.SearchHit{
		Icon: "user", Title: "张三", Note: "1栋1单元101", Badge: templates.Badge{Tone: templates.Good, Text: "已认证"}, URL: "/r",
		Acts: []templates.Action{{Label: "修改", URL: "/r/edit"}},
	}
	templates.CheckAll(t, "console/search/", map[string]any{
		"console/search/show": findPageData{Shell: shell, Text: "张三", Answer: templates.SearchAnswer{
			Typed: true, Late: []string{"记录", "设备"},
			Groups: []templates.SearchGroup{{Label: "住户", Hits: []templates.SearchHit{hit}, More: "/r?q_=x"}},
		}},
		"console/search/show#unread": findPageData{Shell: shell, Text: "张三", Answer: templates.SearchAnswer{
			Typed: true, Groups: []templates.SearchGroup{{Label: "记录", Unread: []templates.Action{{Label: "在访客黑名单中查找", URL: "/b?q_=x"}}}},
		}},
		"console/search/show#none":  findPageData{Shell: shell, Text: "张三", Answer: templates.SearchAnswer{Typed: true}},
		"console/search/show#empty": findPageData{Shell: shell},
	})
}
