package h5

import (
	"net/http"
	"net/url"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// withdrawPath is behind the page of an application that waits.
const withdrawPath = "/withdraw"

// certificationWithdrawRoutes returns the routes by which an applicant takes an application back.
func (h *H5) certificationWithdrawRoutes() []web.Route {
	path := certificationPath + "/:id" + withdrawPath
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: web.Resident, Handler: h.certificationWithdrawAsk},
		{Method: http.MethodPost, Path: path, Access: web.Resident, Handler: h.certificationWithdraw, EachPerMinute: 10},
	}
}

// ownCertification returns the user's own application in the path.
func (h *H5) ownCertification(c *web.Context) (store.OwnCertification, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.OwnCertification{}, err
	}
	return h.store.OwnCertification(c.Ctx(), c.User().ID, id)
}

// certificationWithdrawAsk asks before an application is taken back.
func (h *H5) certificationWithdrawAsk(c *web.Context) error {
	own, err := h.ownCertification(c)
	if err != nil {
		return err
	}
	show := certificationPath + "/" + own.Review.ID.String()
	if own.Review.State != core.ReviewWaiting {
		return c.Redirect(show) // which says what has become of it
	}
	confirm := templates.Confirm{
		Title: "撤回这份申请？", Text: own.Community + " " + own.Review.Subject + " · " + own.Identity.Label(),
		Effects: []string{"不再审核这份申请", "以后需要时可以重新申请"},
		Action:  show + withdrawPath, CSRF: c.CSRF(), Keep: url.Values{}, Submit: "撤回申请", Cancel: show,
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "撤回申请", ""), Confirm: confirm})
}

func (h *H5) certificationWithdraw(c *web.Context) error {
	own, err := h.ownCertification(c)
	if err != nil {
		return err
	}
	if _, err := h.store.WithdrawReview(c.Ctx(), c.Actor(), c.User().ID, own.Review.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已撤回对 "+own.Review.Subject+" 的申请。")
	return c.Redirect(certificationPath)
}
