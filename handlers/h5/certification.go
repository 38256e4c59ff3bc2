package h5

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	certificationPath      = "/h5/certification"
	certificationPhotoPath = certificationPath + "/photo"
)

// certificationRoutes returns the routes of an application as its applicant sees it, which the message of the
// outcome opens.
func (h *H5) certificationRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: certificationPath, Access: web.Resident, Handler: h.certificationList},
		{Method: http.MethodGet, Path: certificationNewPath, Access: web.Resident, Handler: h.certificationNew},
		{Method: http.MethodPost, Path: certificationNewPath, Access: web.Resident, Handler: h.certificationCreate, EachPerMinute: 10,
			Body: core.MaxPhotoBytes + 1<<20},
		{
			Method: http.MethodPost, Path: addressPath + "/:id/accept", Access: web.Resident, Handler: h.addressAccept, EachPerMinute: 10,
		},
		{Method: http.MethodGet, Path: addressPath + "/:id", Access: web.Resident, Handler: h.addressRemoveAsk},
		{
			Method: http.MethodPost, Path: addressPath + "/:id/remove", Access: web.Resident, Handler: h.addressRemove, EachPerMinute: 10,
		},
		{Method: http.MethodGet, Path: certificationPath + "/:id", Access: web.WechatUser, Handler: h.certificationShow},
	}
}

// certificationPhotoRoutes returns the routes of the pictures of an application: those that its applicant has sent, and those of
// a form that is being filled in, which is shown again with all that is typed.
func (h *H5) certificationPhotoRoutes() []web.Route {
	return []web.Route{
		{
			Method: http.MethodPost, Path: certificationPhotoPath, Access: web.Resident, Handler: h.certificationPhotoCreate,
			EachPerMinute: photosPerMinute, Body: core.MaxPhotoBytes + 1<<20,
		},
		{
			Method: http.MethodPost, Path: certificationPhotoPath + "/:id/remove", Access: web.Resident,
			Handler: h.certificationPhotoRemove, EachPerMinute: photosPerMinute, Body: core.MaxPhotoBytes + 1<<20,
		},
		{Method: http.MethodGet, Path: certificationPhotoPath + "/:id", Access: web.WechatUser, Handler: h.certificationPhoto},
	}
}

// certificationPage is an application as its applicant sees it.
type certificationPage struct {
	templates.Phone
	State     templates.Badge
	Facts     []templates.Fact
	Photos    []reviewPicture
	Next      string
	Certified bool   // there is a pass
	Again     string // where to apply once more after a refusal; "" = no reason to
	Withdraw  string // where to take it back; "" = it does not wait
}

func (h *H5) certificationShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	own, err := h.store.OwnCertification(c.Ctx(), c.User().ID, id)
	if err != nil {
		return err
	}
	page := certificationPage{
		Phone: h.phone(c, own.Review.Kind.Label(), own.Community), State: outcomeBadge(own.Review.State),
		Facts: ownFacts(own, h.store.Zone()), Next: own.Review.NextStep(), Certified: own.Review.State == core.ReviewApproved,
	}
	page.Back = certificationPath
	if own.Review.State == core.ReviewRejected || own.Review.State == core.ReviewWithdrawn {
		page.Again = certificationNewPath + "?again=" + own.Review.ID.String()
	}
	if own.Review.State == core.ReviewWaiting {
		page.Withdraw = certificationPath + "/" + own.Review.ID.String() + withdrawPath
	}
	for i, photo := range own.Photos {
		page.Photos = append(page.Photos, reviewPicture{
			Label: "照片 " + strconv.Itoa(i+1), URL: c.PhotoURL(certificationPhotoPath, photo, core.PhotoWhole),
			Thumb: c.PhotoURL(certificationPhotoPath, photo, core.PhotoThumb),
		})
	}
	return h.show(c, http.StatusOK, "certification/show", page)
}

func outcomeBadge(s core.ReviewState) templates.Badge {
	tones := map[core.ReviewState]templates.Tone{
		core.ReviewWaiting: templates.Info, core.ReviewApproved: templates.Good, core.ReviewRejected: templates.Bad,
	}
	tone, ok := tones[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}

// ownFacts returns what an applicant may know of their application: not who decided, and no word to colleagues.
func ownFacts(own store.OwnCertification, zone *time.Location) []templates.Fact {
	const form = "2006-01-02 15:04"
	r := own.Review
	facts := []templates.Fact{
		{Label: "姓名", Value: r.Name}, {Label: "房屋", Value: r.Subject}, {Label: "身份", Value: own.Identity.Label()},
		{Label: "申请时间", Value: r.Created.In(zone).Format(form)},
	}
	if !r.Decided.IsZero() {
		facts = append(facts, templates.Fact{Label: "办理时间", Value: r.Decided.In(zone).Format(form)})
	}
	for _, f := range []templates.Fact{{Label: "不通过的原因", Value: r.Reason}, {Label: "物业的话", Value: r.Note}} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

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
		return c.Redirect(show) // where it is told what has become of it
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
