package access

import (
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// exitSlipReview adds the review of an application to the page of its slip, with what the house owes and who lives there.
func (p *Pages) exitSlipReview(c *web.Context, e core.ExitSlip, page *exitSlipShowPage) error {
	r, err := p.Store.Review(c.Ctx(), c.Scope(), e.ID)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), e.Community)
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
		Who: []templates.Fact{{Label: "申请人", Value: e.Name}, {Label: "房屋", Value: e.HouseLabel}},
	}
	if r.State == core.ReviewWaiting {
		page.Review.Who = append(page.Review.Who, templates.Fact{Label: "审核期限", Value: at(r.Due)})
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
	if c.Has(core.PermExitSlipReview) && !own {
		page.Review.Approve, page.Review.Reject = frame.ExitSlipURL(e.ID)+"/approve", frame.ExitSlipURL(e.ID)+"/reject"
	}
	if page.Review.Earlier, err = p.EarlierReviews(c, r); err != nil || r.State != core.ReviewWaiting {
		return err
	}
	return p.exitSlipHouse(c, e, page)
}

// exitSlipHouse adds what a reviewer compares: what the house owes now, and who lives there.
func (p *Pages) exitSlipHouse(c *web.Context, e core.ExitSlip, page *exitSlipShowPage) error {
	house, err := p.Store.House(c.Ctx(), c.Scope(), e.House)
	if core.IsNotFound(err) {
		return nil // it is being joined to another
	}
	if err != nil {
		return err
	}
	if house.ArrearsFen > 0 {
		page.Owes = "本房屋现在欠费 " + core.Yuan(house.ArrearsFen) + " 元"
		if house.Remark != "" {
			page.Owes += "（" + house.Remark + "）"
		}
	}
	page.People, err = c.PeopleOfHouse(p.Store, e.Community, e.House, frame.ResidentURL)
	return err
}

func (p *Pages) exitSlipApprove(c *web.Context) error { return p.exitSlipDecide(c, true) }

func (p *Pages) exitSlipReject(c *web.Context) error { return p.exitSlipDecide(c, false) }

// exitSlipDecide decides an application, and goes on to the next one that waits. If somebody else was first, the page says who.
func (p *Pages) exitSlipDecide(c *web.Context, approve bool) error {
	e, err := p.exitSlip(c)
	if err != nil {
		return err
	}
	var form frame.DecisionForm
	wrong := c.Bind(&form)
	chosen := form.Decision(e.ID, approve)
	if wrong == nil {
		var decided core.Review
		if decided, wrong = p.Store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), chosen); wrong == nil {
			c.Flash(web.FlashSuccess, decided.Name+"的申请已审核："+decided.State.Label()+"，会告诉申请人。")
			return c.Redirect(p.NextReview(c, e.ID))
		}
	}
	if !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	now, err := p.Store.Review(c.Ctx(), c.Scope(), e.ID)
	if err != nil {
		return err
	}
	if e, err = p.exitSlip(c); err != nil {
		return err
	}
	page, err := p.exitSlipPage(c, e, "")
	if err != nil {
		return err
	}
	frame.ShowRefused(c, page.Review, wrong, form, chosen, now)
	return p.Page(c, web.StatusOf(wrong), "console/exitslip/show", page)
}
