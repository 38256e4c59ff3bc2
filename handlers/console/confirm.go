package console

import (
	"net/http"

	"tongxing/handlers/web"
	"tongxing/templates"
)

// confirmed reports that the act was asked about: by the dialog, or by the page
// that confirm answers with where scripts are off.
func confirmed(c *web.Context) bool { return c.Form().Get("confirmed") == "1" }

// confirm asks on a page of its own. stem is the menu's entry.
func (h *Console) confirm(c *web.Context, stem string, q templates.Confirm) error {
	page := templates.ConfirmPage{Shell: h.shell(c, stem, q.Submit), Confirm: q}
	page.Confirm.CSRF = page.CSRF
	return h.page(c, http.StatusOK, "console/confirm/show", page)
}
