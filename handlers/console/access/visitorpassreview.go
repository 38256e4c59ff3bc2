package access

import (
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// visitorPassReview adds the review of an application to the page of its visit, with who lives in the house.
func (p *Pages) visitorPassReview(c *web.Context, v core.VisitorPass, page *visitorPassShowPage) error {
	r, err := p.Store.Review(c.Ctx(), c.Scope(), v.ID)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), v.Community)
	if err != nil {
		return err
	}
	at := func(t time.Time) string { return t.In(p.Store.Zone()).Format("1 月 2 日 15:04") }
	kind := r.Kind.Type()
	page.Review = &templates.Review{
		Title: kind.Label, State: frame.ReviewBadge(r, c.Now()), Decided: r.DecidedText(at), Effect: kind.Effect,
		Presets: community.Reasons(r.Kind), Reason: templates.ReviewReason(core.ToldText(r.Applicant)),
		Version: strconv.Itoa(r.Version), CSRF: page.CSRF,
		Note: templates.ReviewNote(), Internal: templates.ReviewInternal(),
		Who: []templates.Fact{{Label: "姓名", Value: v.Name}, {Label: "房屋", Value: v.HouseLabel}, {Label: "手机", Value: v.PhoneText()}},
	}
	if r.State == core.ReviewWaiting {
		page.Review.Who = append(page.Review.Who, templates.Fact{Label: "审核期限", Value: at(r.Due)})
		barred, err := p.Store.WhyBarred(c.Ctx(), c.Scope(), v.ID)
		if err != nil {
			return err
		}
		page.Review.Refused = web.BarredText(barred)
	}
	for _, f := range []templates.Fact{
		{Label: "不通过的原因", Value: r.Reason}, {Label: "给申请人的话", Value: r.Note}, {Label: "内部备注", Value: r.Internal},
	} {
		if f.Value != "" {
			page.Review.Who = append(page.Review.Who, f)
		}
	}
	page.Next = r.OfficeStep(c.Now(), at)
	own := r.State == core.ReviewWaiting && frame.OwnReview(c, r)
	if own {
		page.Next = "这是您自己的申请，请由其他人审核。"
	}
	if c.Has(core.PermVisitorPassReview) && !own {
		page.Review.Approve, page.Review.Reject = frame.VisitorPassURL(v.ID)+"/approve", frame.VisitorPassURL(v.ID)+"/reject"
	}
	if page.Review.Earlier, err = p.EarlierReviews(c, r); err != nil || r.State != core.ReviewWaiting {
		return err
	}
	page.People, err = c.PeopleOfHouse(p.Store, v.Community, v.House, frame.ResidentURL)
	return err
}

func (p *Pages) visitorPassApprove(c *web.Context) error { return p.visitorPassDecide(c, true) }

func (p *Pages) visitorPassReject(c *web.Context) error { return p.visitorPassDecide(c, false) }

// visitorPassDecide decides an application, and goes on to the next one that waits. If somebody else was first, the page says
// who.
func (p *Pages) visitorPassDecide(c *web.Context, approve bool) error {
	v, err := p.visitorPass(c)
	if err != nil {
		return err
	}
	var form frame.DecisionForm
	wrong := c.Bind(&form)
	chosen := form.Decision(v.ID, approve)
	if wrong == nil {
		var decided core.Review
		if decided, wrong = p.Store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), chosen); wrong == nil {
			c.Flash(web.FlashSuccess, decided.Name+"的申请已审核："+decided.State.Label()+"，"+core.ToldText(decided.Applicant)+"。")
			return c.Redirect(p.NextReview(c, v.ID))
		}
	}
	if !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	now, err := p.Store.Review(c.Ctx(), c.Scope(), v.ID)
	if err != nil {
		return err
	}
	if v, err = p.visitorPass(c); err != nil {
		return err
	}
	page, err := p.visitorPassPage(c, v, "")
	if err != nil {
		return err
	}
	frame.ShowRefused(c, page.Review, wrong, form, chosen, now)
	return p.Page(c, web.StatusOf(wrong), "console/visitorpass/show", page)
}
