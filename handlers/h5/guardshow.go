package h5

import (
	"context"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// postPage is a guard's main page: scan, search, and what happens at the gates.
type postPage struct {
	templates.Phone
	Post   core.GuardPost
	Error  string // of the scan field
	Script string // JS-SDK of WeChat or WeWork, whose camera scans; "" = inside neither
	Totals core.RecordTotals
	Days   []recordDay
	Views  []templates.NavItem // which records
	Live   templates.Live
	Many   bool // the guard has other posts
	Inside int  // parties of visitors who are inside
	Alerts int  // open, of the community
	Shift  shiftLink

	Guard   core.ID  // whose passages are kept on the phone while it is offline
	Ways    []way    // of these
	Reasons []string // usual ones
}

// postRecords is how many records a post shows.
const postRecords = 20

func (h *H5) postShow(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return h.post(c, post, http.StatusOK, "")
}

func (h *H5) post(c *web.Context, post core.GuardPost, status int, message string) error {
	scope, filter := core.ScopeOf(post.Community), core.RecordFilter{}
	own := ownRecords(c)
	if own {
		filter.Post = post.ID
	}
	records, _, err := h.store.AccessRecords(c.Ctx(), scope, filter, store.Page{Limit: postRecords})
	if err != nil {
		return err
	}
	totals, err := h.store.RecordTotals(c.Ctx(), scope, filter, core.DayOf(c.Now(), h.store.Zone()))
	if err != nil {
		return err
	}
	inside, err := h.store.CountVisitorPasses(c.Ctx(), scope, store.VisitorPassFilter{Stay: core.StayInside, Now: c.Now()})
	if err != nil {
		return err
	}
	alerts, _, err := h.store.GateAlerts(c.Ctx(), scope)
	if err != nil {
		return err
	}
	shift, err := h.shiftOf(c, post)
	if err != nil {
		return err
	}
	lines := h.lines(records, false)
	if own { // every row would say where
		for i := range lines {
			lines[i].Gate = ""
		}
	}
	return h.show(c, status, "guard/show", postPage{
		Phone: h.phone(c, post.Name, c.Guard().Name), Post: post, Error: message, Totals: totals,
		Script: h.wechat.Script(c.Request().UserAgent(), Signer{c.Staff().Corp, post.Community}),
		Days:   recordDays(lines, h.store.Zone(), c.Now()), Many: len(c.Guard().Posts) > 1, Inside: inside, Alerts: alerts, Shift: shift,
		Guard: c.Guard().ID, Ways: ways(post.Direction), Reasons: lateReasons,
		Views: recordViews(post, own), Live: h.live("/h5/guard/"+post.ID.String()+"/events", "record", "refresh", records),
	})
}

// recordsCookie keeps on the phone which records its guard looks at, from one scan to the next.
const recordsCookie = "guard_records"

// ownRecords reports whether the page shows the records of the post alone: as chosen now, or before.
func ownRecords(c *web.Context) bool {
	chosen := c.Query("records")
	switch {
	case chosen == "":
		return c.Cookie(recordsCookie) == "post"
	case chosen == "post" && c.Cookie(recordsCookie) != "post":
		c.SetCookie(recordsCookie, "post", 365*24*time.Hour)
	case chosen != "post" && c.Cookie(recordsCookie) != "":
		c.SetCookie(recordsCookie, "", 0)
	}
	return chosen == "post"
}

// recordViews returns the links to the records of the post and of the community.
func recordViews(post core.GuardPost, own bool) []templates.NavItem {
	path := "/h5/guard/" + post.ID.String()
	return []templates.NavItem{
		{Label: "本岗", URL: path + "?records=post", Active: own}, {Label: "全小区", URL: path + "?records=all", Active: !own},
	}
}

func (h *H5) postEvents(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	scope := core.ScopeOf(post.Community)
	_, shown, err := h.store.GateAlerts(c.Ctx(), scope)
	if err != nil {
		return err
	}
	return h.followAlso(c, scope, core.RecordFilter{}, "record", func(ctx context.Context) bool {
		_, now, err := h.store.GateAlerts(ctx, scope)
		changed := err == nil && now != shown
		if changed {
			shown = now
		}
		return changed
	})
}
