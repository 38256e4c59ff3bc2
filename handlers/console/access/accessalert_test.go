package access

import (
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestAccessAlertPages(t *testing.T) {
	shell := templates.Shell{Title: "告警", CSRF: "x"}
	a := core.AccessAlert{Kind: core.AccessAlertFever, Gate: "东门岗", Name: desk.Hostile,
		Handled: time.Unix(1, 0), HandledBy: "小王", Remark: desk.Hostile}
	list := templates.List{Path: frame.AccessAlertPath}
	templates.CheckAll(t, "console/accessalert/", map[string]any{
		"console/accessalert/list": accessAlertListPage{Shell: shell, List: list, Rows: []accessAlertRow{
			{
				Tick: templates.Tick{Value: 1, Label: "x"}, URL: "/x", Words: desk.Hostile,
				Kind: accessAlertBadge(core.AccessAlertSilent),
			}, {Handled: "小王", Kind: accessAlertBadge(core.AccessAlertReuse)}}},
		"console/accessalert/list#empty": accessAlertListPage{Shell: shell, List: list},
		"console/accessalert/show": accessAlertShowPage{
			Shell: shell, Facts: accessAlertFacts(a, "翠湖花园", time.UTC),
			Links: []templates.Action{{Label: "x", URL: "/x"}}, Form: &templates.Form{Action: "/x"},
		},
		"console/accessalert/show#done": accessAlertShowPage{Shell: shell, Facts: accessAlertFacts(a, "翠湖花园", time.UTC)},
	})
}
