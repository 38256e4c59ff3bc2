package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// alertPage is what is wrong at the gates of the community. The office handles it; the guard knows of it.
type alertPage struct {
	templates.Phone
	Post  core.GuardPost
	Rows  []alertRow
	More  bool
	Live  templates.Live
	Empty templates.Empty
}

// alertRow is an open alert.
type alertRow struct{ Kind, Said, When string }

// maxAlerts is how many alerts a guard's page has.
const maxAlerts = 50

func (h *H5) alertList(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	scope := core.ScopeOf(post.Community)
	alerts, more, err := h.store.AccessAlerts(
		c.Ctx(), scope, core.AccessAlertFilter{AtGates: true}, store.Page{Limit: maxAlerts})
	if err != nil {
		return err
	}
	at := "/h5/guard/" + post.ID.String()
	page := alertPage{
		Phone: h.phone(c, "告警", post.Name), Post: post, More: more,
		Live:  templates.Live{URL: at + "/events", Event: "record", Swap: "refresh"},
		Empty: templates.Empty{Icon: "bell", Title: "没有未处理的告警", Text: "连续拒绝、读头失联、紧急放行等会列在这里，由物业处理。"},
	}
	page.Back = at
	for _, a := range alerts {
		page.Rows = append(page.Rows, alertRow{a.Kind.Label(), a.Text(), h.visitTime(a.Last)})
	}
	return h.show(c, http.StatusOK, "guard/alerts", page)
}
