package h5

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	reviewPath      = "/h5/review"
	reviewPhotoPath = reviewPath + "/photo"
)

// reviewRoutes returns the routes of 手机端审核, which a message to a reviewer opens.
func (h *H5) reviewRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: reviewPath, Access: web.Reviewer, Handler: h.reviewList},
		{Method: http.MethodGet, Path: reviewPath + "/:id", Access: web.Reviewer, Handler: h.reviewShow},
		{Method: http.MethodPost, Path: reviewPath + "/:id", Access: web.Reviewer, Handler: h.reviewDecide},
		{Method: http.MethodGet, Path: reviewPhotoPath + "/:id", Access: web.Reviewer, Handler: h.reviewPhoto},
	}
}

// reviewListPage is what waits for the reviewer, oldest first.
type reviewListPage struct {
	templates.Phone
	Rows  []reviewLine
	More  int // further ones that are not shown
	Empty templates.Empty
}

type reviewLine struct {
	URL, Name, Subject, Kind string
	Match                    string // what the register has; "" = it is not told
	Community                string // "" = the reviewer has one
	Late                     bool
	Created                  time.Time
}

// reviewsShown is how many reviews the phone lists.
const reviewsShown = 30

func (h *H5) reviewList(c *web.Context) error {
	f := store.ReviewFilter{
		Kinds: core.ReviewKinds(c.Has), State: core.ReviewWaiting, Asked: c.Now(), Oldest: true, Page: store.Page{Limit: reviewsShown},
	}
	waiting, _, err := h.store.Reviews(c.Ctx(), c.Scope(), f)
	if err != nil {
		return err
	}
	counts, err := h.store.CountReviews(c.Ctx(), c.Scope(), f)
	if err != nil {
		return err
	}
	page := reviewListPage{
		Phone: h.phone(c, "手机端审核", c.Account().Name),
		Empty: templates.Empty{Icon: "circle-check", Title: "没有等待您审核的申请", Text: "有新的申请时，会按提醒设置告诉您。"},
	}
	if c.Staff().ID != 0 {
		page.Back = staffPath
	}
	for _, n := range counts {
		page.More += n
	}
	page.More -= len(waiting)
	matches, err := h.store.ReviewMatches(c.Ctx(), c.Scope(), waiting)
	if err != nil {
		return err
	}
	names, err := h.severalNames(c)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		page.Rows = append(page.Rows, reviewLine{
			URL: reviewURL(r.ID), Community: names[r.Community], Name: r.Name, Subject: r.Subject, Kind: r.Kind.Label(),
			Match: matches[r.ID].Text(c.Has(core.PermResidentView)), Late: r.Late(c.Now()), Created: r.Created,
		})
	}
	return h.show(c, http.StatusOK, "review/list", page)
}

// severalNames returns the names of the account's communities if it has several; none if it has one, which goes without saying.
func (h *H5) severalNames(c *web.Context) (map[core.ID]string, error) {
	if _, one := c.Scope().One(); one {
		return nil, nil
	}
	communities, err := h.store.Communities(c.Ctx(), c.Scope())
	if err != nil || len(communities) == 1 {
		return nil, err
	}
	names := map[core.ID]string{}
	for _, community := range communities {
		names[community.ID] = community.Name
	}
	return names, nil
}

func reviewURL(id core.ID) string { return reviewPath + "/" + id.String() }

// reviewPage is one application with all its pictures and the buttons to decide it.
type reviewPage struct {
	templates.Phone
	Action  string
	Version int
	State   templates.Badge
	Facts   []templates.Fact
	Photos  []reviewPicture
	Items   []templates.ExitItem // of an exit slip
	People  []templates.ReviewPerson
	// Compares is whether the reviewer may see People.
	Compares bool
	Earlier  []templates.ReviewDecision
	Decided  string // who decided; hides the buttons
	Late     bool   // Decided by somebody else first
	Effect   string
	Warning  string // what approving does, if the reviewer may not expect it
	Failed   string // why a decision just now did not count
	Refused  string // why it cannot be approved; "" = it can
	Presets  []string
	Reason   templates.Field

	Note, Internal templates.Field
	Noted          bool // one of them has a text
}

type reviewPicture struct{ Label, URL, Thumb string }

// review returns the review of the path, which the account may decide.
func (h *H5) review(c *web.Context) (core.Review, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Review{}, err
	}
	r, err := h.store.Review(c.Ctx(), c.Scope(), id)
	if err == nil && !c.Has(r.Kind.Type().Needs) {
		err = core.NotFound("申请不存在")
	}
	return r, err
}

func (h *H5) reviewShow(c *web.Context) error {
	r, err := h.review(c)
	if err != nil {
		return err
	}
	page, err := h.reviewPage(c, r)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "review/show", page)
}

func (h *H5) reviewPage(c *web.Context, r core.Review) (reviewPage, error) {
	kind, zone := r.Kind.Type(), h.store.Zone()
	community, err := h.store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return reviewPage{}, err
	}
	page := reviewPage{
		Phone: h.phone(c, kind.Label, community.Name), Action: reviewURL(r.ID), Version: r.Version,
		State: templates.Badge{Tone: templates.Info, Text: r.State.Label()}, Effect: kind.Effect, Presets: community.Reasons(r.Kind),
		Decided: r.DecidedText(func(t time.Time) string { return t.In(zone).Format("1 月 2 日 15:04") }),
		Reason:  templates.ReviewReason(core.ToldText(r.Applicant)), Note: templates.ReviewNote(), Internal: templates.ReviewInternal(),
		Facts: []templates.Fact{{Label: "姓名", Value: r.Name}, {Label: "房屋", Value: r.Subject}},
	}
	page.Back = reviewPath
	if r.WithOwners(c.Now()) {
		page.State.Text = "等" + kind.People + "审核"
	}
	if r.Late(c.Now()) {
		page.State = templates.Badge{Tone: templates.Warn, Text: "已超期"}
	}
	if page.Decided == "" && c.Account().User != 0 && c.Account().User == r.Applicant {
		page.Decided = "这是您自己的申请，请由其他人审核。"
	}
	if r.Kind == core.ReviewCertification {
		if err := h.certificationFacts(c, r, &page); err != nil {
			return page, err
		}
		match, err := c.ReviewMatch(h.store, c.Scope(), r)
		if err != nil {
			return page, err
		}
		page.Warning, page.Effect = match.Before(r)
		if page.Refused = match.Refused(); page.Refused != "" {
			page.Warning = ""
		}
	}
	if r.Kind == core.ReviewVisit {
		if err := h.visitReviewFacts(c, r, &page); err != nil {
			return page, err
		}
	}
	if r.Kind == core.ReviewExitSlip {
		if err := h.exitReviewFacts(c, r, &page); err != nil {
			return page, err
		}
	}
	page.Facts = append(page.Facts, reviewFacts(r, zone)...)
	var photos []core.Photo
	if r.Kind != core.ReviewExitSlip { // whose pictures are beside its items
		if photos, err = h.store.Photos(c.Ctx(), string(r.Kind), r.ID); err != nil {
			return page, err
		}
	}
	for i, photo := range photos {
		page.Photos = append(page.Photos, reviewPicture{
			Label: "照片 " + strconv.Itoa(i+1), URL: c.PhotoURL(reviewPhotoPath, photo.ID, core.PhotoWhole),
			Thumb: c.PhotoURL(reviewPhotoPath, photo.ID, core.PhotoThumb),
		})
	}
	earlier, err := h.store.EarlierReviews(c.Ctx(), c.Scope(), r, core.ReviewKinds(c.Has))
	for _, e := range earlier {
		page.Earlier = append(page.Earlier, templates.ReviewDecision{
			State: templates.Badge{Tone: templates.Neutral, Text: e.State.Label()}, Who: e.Name + " · " + e.Subject,
			When: e.Created.In(zone).Format("2006-01-02"), Reason: e.Reason,
		})
	}
	return page, err
}

// reviewFacts are when it was sent and is due, and what was decided.
func reviewFacts(r core.Review, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{{Label: "申请时间", Value: r.Created.In(zone).Format("2006-01-02 15:04")}}
	if r.State == core.ReviewWaiting {
		facts = append(facts, templates.Fact{Label: "审核期限", Value: r.Due.In(zone).Format("2006-01-02 15:04")})
	}
	for _, f := range []templates.Fact{
		{Label: "不通过的原因", Value: r.Reason}, {Label: "给申请人的话", Value: r.Note}, {Label: "内部备注", Value: r.Internal},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// certificationFacts adds what is applied for, masked.
func (h *H5) certificationFacts(c *web.Context, r core.Review, page *reviewPage) error {
	request, err := h.store.Certification(c.Ctx(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, templates.Fact{Label: "身份", Value: request.Identity.Label()},
		templates.Fact{Label: "手机", Value: request.Phone + "（微信已验证）"})
	if request.LeaseDay != 0 {
		page.Facts = append(page.Facts, templates.Fact{Label: "租约到期", Value: request.LeaseDay.String()})
	}
	if request.IDNumber != "" {
		page.Facts = append(page.Facts, templates.Fact{Label: "证件号", Value: request.IDNumber})
	}
	page.Compares = c.Has(core.PermResidentView)
	page.People, err = c.PeopleOfHouse(h.store, r.Community, request.House, nil)
	return err
}

// visitReviewFacts adds what a visitor asks for, masked.
func (h *H5) visitReviewFacts(c *web.Context, r core.Review, page *reviewPage) error {
	v, err := h.store.VisitorPass(c.Ctx(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	v.Phone = v.PhoneText()
	page.Facts = append(page.Facts, h.visitFacts(v)...)
	if r.State == core.ReviewWaiting {
		barred, err := h.store.WhyBarred(c.Ctx(), c.Scope(), r.ID)
		if err != nil {
			return err
		}
		page.Refused = web.BarredText(barred)
	}
	page.Compares = c.Has(core.PermResidentView)
	page.People, err = c.PeopleOfHouse(h.store, r.Community, v.House, nil)
	return err
}

// exitReviewFacts adds what is to be carried out, masked, and what the house owes.
func (h *H5) exitReviewFacts(c *web.Context, r core.Review, page *reviewPage) error {
	e, err := h.store.ExitSlip(c.Ctx(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	house, err := h.store.House(c.Ctx(), c.Scope(), e.House)
	if err != nil {
		return err
	}
	if house.ArrearsFen > 0 {
		page.Facts = append(page.Facts, templates.Fact{Label: "欠费", Value: core.Yuan(house.ArrearsFen) + " 元"})
	}
	page.Facts = append(page.Facts, h.exitFacts(e)...)
	page.Items = h.exitItems(e, func(id core.ID, part core.PhotoPart) string { return c.PhotoURL(reviewPhotoPath, id, part) })
	return nil
}

// reviewDecide decides as the console does, and goes back to what waits. If somebody else was first, the page says
// who.
func (h *H5) reviewDecide(c *web.Context) error {
	r, err := h.review(c)
	if err != nil {
		return err
	}
	var form struct {
		Version  int    `form:"version"`
		Approve  string `form:"approve" of:"yes"`
		Preset   string `form:"preset" max:"200"`
		Reason   string `form:"reason" text:"lines" max:"200"`
		Note     string `form:"note" text:"lines" max:"200"`
		Internal string `form:"internal" text:"lines" max:"200"`
	}
	wrong := c.Bind(&form)
	chosen := core.ReviewDecision{
		ID: r.ID, Approve: form.Approve != "", Reason: cmp.Or(form.Preset, form.Reason), Version: form.Version,
		Note: form.Note, Internal: form.Internal,
	}
	match, err := c.ReviewMatch(h.store, c.Scope(), r)
	if err != nil {
		return err
	}
	var decided core.Review
	if wrong == nil {
		decided, wrong = h.store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), chosen)
	}
	switch {
	case wrong == nil:
		c.Flash(web.FlashSuccess, match.After(decided))
		return c.Redirect(reviewPath)
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	now, err := h.review(c)
	if err != nil {
		return err
	}
	page, err := h.reviewPage(c, now)
	if err != nil {
		return err
	}
	if page.Late = now.State != core.ReviewWaiting; page.Late {
		page.Decided = chosen.LostText(now, c.Account().ID) + page.Decided
	}
	fields := web.FieldsOf(wrong)
	page.Reason.Value, page.Reason.Error = form.Reason, fields["reason"]
	page.Note.Value, page.Note.Error = form.Note, fields["note"]
	page.Internal.Value, page.Internal.Error = form.Internal, fields["internal"]
	page.Noted = templates.ReviewNoted(page.Note, page.Internal)
	if !page.Late && len(fields) == 0 && page.Refused == "" {
		page.Failed = core.MessageOf(wrong)
	}
	return h.show(c, web.StatusOf(wrong), "review/show", page)
}

// reviewPhoto sends a picture of a review that the account may decide. Opening the whole of one is recorded.
func (h *H5) reviewPhoto(c *web.Context) error {
	return c.SendPhoto(func(stem string) bool { return c.Has(core.ReviewKind(stem).Type().Needs) })
}
