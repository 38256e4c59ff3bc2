package frame

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// backWith sends people back to a page with what stands in the way; an error that
// is no conflict comes back.
func (f *Frame) BackWith(c *web.Context, err error, path string) error {
	if code := core.CodeOf(err); code != core.CodeConflict && code != core.CodeInvalid {
		return err
	}
	c.Flash(web.FlashError, core.MessageOf(err))
	return c.Redirect(path)
}

// confirmed reports that the act was asked about: by the dialog, or by the page
// that confirm answers with where scripts are off.
func Confirmed(c *web.Context) bool { return c.Form().Get("confirmed") == "1" }

// confirm asks on a page of its own. stem is the menu's entry.
func (f *Frame) Confirm(c *web.Context, stem string, q templates.Confirm) error {
	page := templates.ConfirmPage{Shell: f.Shell(c, stem, q.Submit), Confirm: q}
	page.Confirm.CSRF = page.CSRF
	return f.Page(c, http.StatusOK, "console/confirm/show", page)
}
