package registry

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const certificationPhotoPath = frame.CertificationPath + "/photo"

// certificationRoutes returns the routes of 认证审核, a tab of 住户信息: who asks to be certified in a house.
func (p *Pages) certificationRoutes() []web.Route {
	view, review := web.Need(core.PermCertificationView), web.Need(core.PermCertificationReview)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.CertificationPath, Access: view, Handler: p.certificationList},
		{Method: http.MethodGet, Path: frame.CertificationPath + "/:id", Access: view, Handler: p.certificationShow},
		{Method: http.MethodGet, Path: certificationPhotoPath + "/:id", Access: view, Handler: p.certificationPhoto},
		{Method: http.MethodPost, Path: frame.CertificationPath + "/:id/approve", Access: review, Handler: p.certificationApprove},
		{Method: http.MethodPost, Path: frame.CertificationPath + "/:id/reject", Access: review, Handler: p.certificationReject},
		{
			Method: http.MethodPost, Path: frame.CertificationPath + "/:id/takeback", Access: review, Level: web.Asks,
			Handler: p.certificationTakeBack,
		},
	}
}

// residentTabs returns the tabs of 住户信息; none for an account that has only the first.
func residentTabs(c *web.Context, active string) templates.Tabs {
	tabs := templates.Tabs{Label: "住户信息"}
	if c.Has(core.PermResidentView) {
		tabs.Items = append(tabs.Items, templates.NavItem{
			Label: "住户", URL: frame.Keep(c, frame.ResidentPath), Active: active == "resident",
		})
	}
	if c.Has(core.PermCertificationView) {
		tabs.Items = append(tabs.Items, templates.NavItem{
			Stem: "certification", Label: "认证审核", URL: frame.Keep(c, frame.CertificationPath), Active: active == "certification",
		})
	}
	if len(core.ImportKindsOf(c.Has)) > 0 {
		tabs.Items = append(tabs.Items, templates.NavItem{
			Label: "导入记录", URL: frame.Keep(c, frame.ImportPath), Active: active == "import",
		})
	}
	if len(tabs.Items) < 2 {
		return templates.Tabs{}
	}
	return tabs
}

type certificationListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []certificationRow
}

type certificationRow struct {
	URL, Name, House, Community string
	HouseURL                    string // "" = it leads nowhere
	State                       templates.Badge
	Decider                     string
	Created                     time.Time
}

func (p *Pages) certificationList(c *web.Context) error {
	var asked struct {
		State   core.ReviewState `form:"state" max:"16"`
		Late    string           `form:"late" of:"yes"`
		Keyword string           `form:"q" max:"40"`
	}
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.Review]{
		Stem: "resident", Title: "认证审核", Unit: "份", Table: certificationTable(c.Has),
		Find: func(community core.ID, page core.Page) ([]core.Review, bool, error) {
			if err := c.BindQuery(&asked); err != nil {
				return nil, false, err
			}
			f := store.ReviewFilter{
				Kinds: []core.ReviewKind{core.ReviewCertification}, Community: community, State: asked.State,
				Keyword: asked.Keyword, Page: page,
			}
			if asked.Late != "" {
				f.State, f.Late = core.ReviewWaiting, c.Now()
			}
			return p.Store.Reviews(c.Ctx(), c.Scope(), f)
		},
		ID: func(r core.Review) core.ID { return r.ID },
	})
	if err != nil {
		return err
	}
	page := certificationListPage{Shell: found.Shell, Tabs: p.CountTabs(c, residentTabs(c, "certification")), List: found.List}
	if page.List.Filtered() { // what to set up is no answer to what was not found
		page.List.Empty.Action, page.List.Empty.More = templates.Action{}, templates.Action{}
	}
	houses, err := p.ReviewHouseURLs(c, found.Records)
	if err != nil {
		return err
	}
	names := found.At.Names()
	for _, r := range found.Records {
		page.Rows = append(page.Rows, certificationRow{
			URL: frame.CertificationURL(r.ID), Name: r.Name, House: r.Subject, HouseURL: houses[r.ID], Community: names[r.Community],
			State: frame.ReviewBadge(r, c.Now()), Decider: deciderText(r), Created: r.Created,
		})
	}
	return p.Page(c, http.StatusOK, "console/certification/list", page)
}

func deciderText(r core.Review) string {
	switch {
	case r.Owner != 0:
		return "业主 " + r.Decider
	case r.State == core.ReviewApproved && r.DecidedBy == 0:
		return "系统核对"
	case r.Decider != "":
		return r.Decider
	}
	return "–"
}

func certificationTable(has func(core.Permission) bool) templates.List {
	empty := templates.Empty{
		Icon: "id-badge-2", Title: "还没有认证申请", Text: "住户在小程序里申请认证，与登记不一致的会在这里等待审核。",
	}
	if has(core.PermMessageView) {
		empty.Action = templates.Action{Label: "设置审核提醒", URL: frame.ReminderPath}
	}
	if has(core.PermResidentView) {
		empty.More = templates.Action{Label: "查看住户信息", URL: frame.ResidentPath}
	}
	return templates.List{
		Path: frame.CertificationPath, Cards: true,
		Filters: []templates.Field{
			{Kind: templates.Text, Name: "q", Label: "姓名或房屋", MaxLength: 40},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: templates.ChoicesOf("全部", core.ReviewStates(), core.ReviewState.Label),
			},
			{
				Kind: templates.Select, Name: "late", Label: "期限",
				Choices: []templates.Choice{{Label: "全部"}, {Value: "yes", Label: "已超期"}},
			},
		},
		Columns: []templates.Column{
			{Label: "申请人"}, {Label: "状态", Narrow: true}, {Label: "房屋"}, {Label: "申请时间", Narrow: true}, {Label: "审核人", Narrow: true},
		},
		Empty: empty,
	}
}

type certificationShowPage struct {
	templates.Shell
	Detail   templates.Detail
	Review   templates.Review
	Next     string // what comes next
	TakeBack templates.Submit
	Version  string
	People   []templates.ReviewPerson
	HouseURL string
}

func (p *Pages) certification(c *web.Context) (core.Review, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Review{}, err
	}
	r, err := p.Store.Review(c.Ctx(), c.Scope(), id)
	if err == nil && r.Kind != core.ReviewCertification {
		err = core.NotFound("申请不存在")
	}
	return r, err
}

func (p *Pages) certificationShow(c *web.Context) error {
	r, err := p.certification(c)
	if err != nil {
		return err
	}
	page, err := p.certificationPage(c, r)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/certification/show", page)
}

func (p *Pages) certificationPage(c *web.Context, r core.Review) (certificationShowPage, error) {
	page := certificationShowPage{Shell: p.Shell(c, "resident", "认证申请 "+r.Name)}
	page.Crumbs = []templates.Crumb{{Label: "认证审核", URL: frame.CertificationPath}}
	request, err := p.Store.Certification(c.Ctx(), c.Scope(), r.ID)
	if err != nil {
		return page, err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return page, err
	}
	kind := r.Kind.Type()
	page.Detail.Path = frame.CertificationURL(r.ID)
	page.Review = templates.Review{
		Title: kind.Label, State: frame.ReviewBadge(r, c.Now()), Who: certificationFacts(r, request, community.Name, p.Store.Zone()),
		Decided: r.DecidedText(p.minute),
		Effect:  kind.Effect, Presets: community.Reasons(r.Kind), Reason: templates.ReviewReason(core.ToldText(r.Applicant)),
		Version: strconv.Itoa(r.Version), CSRF: page.CSRF,
		Note: templates.ReviewNote(), Internal: templates.ReviewInternal(),
	}
	if c.Has(core.PermCommunityEdit) {
		page.Review.Edit = frame.CommunityURL(r.Community) + "/edit#f-refusals"
	}
	own := r.State == core.ReviewWaiting && frame.OwnReview(c, r)
	if c.Has(core.PermCertificationReview) && !own {
		page.Review.Approve, page.Review.Reject = frame.CertificationURL(r.ID)+"/approve", frame.CertificationURL(r.ID)+"/reject"
	}
	page.Next, page.Version = r.OfficeStep(c.Now(), p.minute), strconv.Itoa(r.Version)
	if own {
		page.Next = "这是您自己的申请，请由其他人审核。"
	}
	if r.Owner != 0 && c.Has(core.PermCertificationReview) {
		page.TakeBack = templates.Submit{Label: "收回业主审核", URL: frame.CertificationURL(r.ID) + "/takeback"}
	}
	match, err := c.ReviewMatch(p.Store, c.Scope(), r)
	if err != nil {
		return page, err
	}
	page.Review.Warning, page.Review.Effect = match.Before(r)
	if page.Review.Refused = match.Refused(); page.Review.Refused != "" {
		page.Review.Warning = ""
		if match.Taken.Resident != 0 && c.Has(core.PermResidentView) {
			page.Review.RefusedURL = frame.ResidentURL(match.Taken.Resident)
		}
	}
	if page.Review.Evidence, err = p.certificationEvidence(c, r); err != nil {
		return page, err
	}
	if page.Review.Earlier, err = p.EarlierReviews(c, r); err != nil {
		return page, err
	}
	if c.Has(core.PermHouseView) {
		page.HouseURL = frame.HouseURL(request.House)
	}
	page.People, err = c.PeopleOfHouse(p.Store, r.Community, request.House, frame.ResidentURL)
	return page, err
}

// minute formats a time for a sentence.
func (p *Pages) minute(t time.Time) string { return t.In(p.Store.Zone()).Format("1 月 2 日 15:04") }

func certificationFacts(r core.Review, request core.CertificationRequest, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{
		{Label: "姓名", Value: r.Name}, {Label: "小区", Value: community}, {Label: "房屋", Value: r.Subject},
		{Label: "身份", Value: request.Identity.Label()}, {Label: "手机", Value: request.Phone + "（微信已验证）"},
	}
	if request.LeaseDay != 0 {
		facts = append(facts, templates.Fact{Label: "租约到期", Value: request.LeaseDay.String()})
	}
	if request.IDNumber != "" {
		facts = append(facts, templates.Fact{Label: "证件号", Value: request.IDNumber})
	}
	facts = append(facts, templates.Fact{Label: "申请时间", Value: r.Created.In(zone).Format("2006-01-02 15:04")})
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

func (p *Pages) certificationEvidence(c *web.Context, r core.Review) ([]templates.ReviewEvidence, error) {
	photos, err := p.Store.Photos(c.Ctx(), string(r.Kind), r.ID)
	evidence := make([]templates.ReviewEvidence, len(photos))
	for i, photo := range photos {
		evidence[i] = templates.ReviewEvidence{
			Label: "照片 " + strconv.Itoa(i+1),
			URL:   c.PhotoURL(certificationPhotoPath, photo.ID, core.PhotoWhole),
			Thumb: c.PhotoURL(certificationPhotoPath, photo.ID, core.PhotoThumb),
		}
	}
	return evidence, err
}

// certificationPhoto sends a picture of an application. Opening the whole of one is recorded.
func (p *Pages) certificationPhoto(c *web.Context) error {
	return c.SendPhoto(func(stem string) bool { return stem == string(core.ReviewCertification) })
}

func (p *Pages) certificationApprove(c *web.Context) error { return p.certificationDecide(c, true) }

func (p *Pages) certificationReject(c *web.Context) error { return p.certificationDecide(c, false) }

// certificationDecide decides, and goes on to the next application that waits. If somebody else was first, the
// page says who.
func (p *Pages) certificationDecide(c *web.Context, approve bool) error {
	r, err := p.certification(c)
	if err != nil {
		return err
	}
	var form frame.DecisionForm
	wrong := c.Bind(&form)
	chosen := form.Decision(r.ID, approve)
	match, err := c.ReviewMatch(p.Store, c.Scope(), r)
	if err != nil {
		return err
	}
	var decided core.Review
	if wrong == nil {
		decided, wrong = p.Store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), chosen)
	}
	if wrong != nil {
		return p.certificationRefused(c, wrong, form, chosen)
	}
	c.Flash(web.FlashSuccess, match.After(decided))
	return c.Redirect(p.NextReview(c, r.ID))
}

// certificationRefused shows the application again: with what is wrong in the form, or who decided.
func (p *Pages) certificationRefused(
	c *web.Context, wrong error, typed frame.DecisionForm, chosen core.ReviewDecision,
) error {
	if !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	now, err := p.certification(c)
	if err != nil {
		return err
	}
	page, err := p.certificationPage(c, now)
	if err != nil {
		return err
	}
	frame.ShowRefused(c, &page.Review, wrong, typed, chosen, now)
	return p.Page(c, web.StatusOf(wrong), "console/certification/show", page)
}

// certificationTakeBack takes back what an owner of the house decided.
func (p *Pages) certificationTakeBack(c *web.Context) error {
	r, err := p.certification(c)
	if err != nil {
		return err
	}
	request, err := p.Store.Certification(c.Ctx(), c.Scope(), r.ID)
	if err != nil {
		return err
	}
	effects := []string{"1 名申请人的申请会回到待审核，由物业决定，并告诉本人。"}
	if r.State == core.ReviewApproved {
		effects = append(takenBackEffects(request.Undone), effects...)
	}
	return p.Act(c, frame.Act{
		Stem: "resident", Back: frame.CertificationURL(r.ID), Done: "已收回业主的审核，请由物业审核。",
		Ask: templates.Confirm{
			Title: "收回业主对“" + r.Name + "”的审核？", Text: r.DecidedText(p.minute), Effects: effects,
			Submit: "收回审核", Keep: url.Values{"version": {strconv.Itoa(r.Version)}},
		},
		Do: func() error {
			version, err := strconv.Atoi(c.Form().Get("version"))
			if err != nil {
				return core.Invalid("页面已过期，请刷新后再试")
			}
			return discarded(p.Store.TakeBackReview(c.Ctx(), c.Actor(), c.Scope(), r.ID, version))
		},
	})
}

// takenBackEffects describes what taking an approval back does in the register.
func takenBackEffects(undone core.ApprovalUndone) []string {
	effects := []string{"申请人原来就已认证，认证和通行证不变。"}
	if undone.Certification {
		effects[0] = "1 名住户的认证和通行证立即失效。"
	}
	if undone.Restored {
		effects = append(effects, "变更前的地址恢复登记，认证和通行证照旧。")
	}
	return effects
}

// discarded returns the error of an act whose result does not matter.
func discarded[T any](_ T, err error) error { return err }

// Counters returns what can wait in the area, each for the accounts that can handle it.
func (p *Pages) Counters() []frame.Counter {
	var counters []frame.Counter
	for _, kind := range core.ReviewTypes {
		counters = append(counters, p.reviewCounter(kind))
	}
	return slices.Clip(counters)
}
