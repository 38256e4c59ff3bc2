package access

import (
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestAlertPages(t *testing.T) {
	shell := templates.Shell{Title: "告警", CSRF: "x"}
	a := core.Alert{Kind: core.AlertFever, Gate: "东门岗", Name: desk.Hostile, Handled: time.Unix(1, 0), HandledBy: "小王", Remark: desk.Hostile}
	templates.CheckAll(t, "console/alert/", map[string]any{
		"console/alert/list": alertListPage{Shell: shell, List: templates.List{Path: frame.AlertPath}, Rows: []alertRow{
			{
				Tick: templates.Tick{Value: 1, Label: "x"}, URL: "/x", Words: desk.Hostile,
				Kind: alertBadge(core.AlertSilent),
			}, {Handled: "小王", Kind: alertBadge(core.AlertReuse)}}},
		"console/alert/list#empty": alertListPage{Shell: shell, List: templates.List{Path: frame.AlertPath}},
		"console/alert/show": alertShowPage{
			Shell: shell, Facts: alertFacts(a, "翠湖花园", time.UTC),
			Links: []templates.Action{{Label: "x", URL: "/x"}}, Form: &templates.Form{Action: "/x"},
		},
		"console/alert/show#done": alertShowPage{Shell: shell, Facts: alertFacts(a, "翠湖花园", time.UTC)},
	})
}
