package frame

import (
	"cmp"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Act is something done to what a page shows.
type Act struct {
	Stem string            // the menu's entry; "" = that of the address
	Ask  templates.Confirm // without a title the act is done without asking
	Do   func() error
	Done string // said when it was done
	Back string // the page it was asked for on, and where it leads if it is refused
	Next string // where it leads when it was done; "" = Back
}

// Act asks, does, and goes back. What stands in the way is said on the page that the
// act was asked for on, as Refused does. Of the question, Action, Cancel and the menu's entry follow from the request.
func (f *Frame) Act(c *web.Context, act Act) error {
	if act.Ask.Title != "" && !Confirmed(c) {
		if act.Ask.Action == "" {
			act.Ask.Action = c.Request().URL.RequestURI()
		}
		if act.Ask.Cancel == "" {
			act.Ask.Cancel = act.Back
		}
		return f.Confirm(c, cmp.Or(act.Stem, stemOf(c)), act.Ask)
	}
	if err := act.Do(); err != nil {
		return f.Refused(c, err, act.Back)
	}
	if act.Done != "" {
		c.Flash(web.FlashSuccess, act.Done)
	}
	return c.Redirect(cmp.Or(act.Next, act.Back))
}

// Refused goes back to a page and says there what stands in the way: a conflict, or
// something invalid that no form shows. Any other error is returned.
func (f *Frame) Refused(c *web.Context, err error, back string) error {
	if !core.IsConflict(err) && !core.IsInvalid(err) {
		return err
	}
	c.Flash(web.FlashError, sentence(core.MessageOf(err)))
	return c.Redirect(back)
}

// stemOf returns the feature that a request's address belongs to.
func stemOf(c *web.Context) string {
	stem, _, _ := strings.Cut(strings.TrimPrefix(c.Route().Path, "/console/"), "/")
	return stem
}

// sentence ends a message with a full stop.
func sentence(message string) string {
	if strings.HasSuffix(message, "。") {
		return message
	}
	return message + "。"
}

// Confirmed reports whether the act was asked about: by the dialog, or by the page
// that Confirm answers with where scripts are off.
func Confirmed(c *web.Context) bool { return c.Form().Get("confirmed") == "1" }

// Confirm asks on a page of its own. stem is the menu's entry.
func (f *Frame) Confirm(c *web.Context, stem string, q templates.Confirm) error {
	page := templates.ConfirmPage{Shell: f.Shell(c, stem, q.Submit), Confirm: q}
	page.Confirm.CSRF = page.CSRF
	return f.Page(c, http.StatusOK, "console/confirm/show", page)
}
