package h5

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	exitSlipPath      = "/h5/exitslip"
	exitSlipNewPath   = exitSlipPath + "/new"
	exitSlipPhotoPath = exitSlipPath + "/photo"

	exitFormsPerMinute = 40 // of one person: a form is sent for each line that is added, and for each picture
)

// exitSlipRoutes returns the routes of 我的出门条.
func (h *H5) exitSlipRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: exitSlipPath, Access: web.Resident, Handler: h.exitSlipList},
		{Method: http.MethodGet, Path: exitSlipNewPath, Access: web.Resident, Handler: h.exitSlipNew},
		{
			Method: http.MethodPost, Path: exitSlipNewPath, Access: web.Resident, Handler: h.exitSlipCreate,
			EachPerMinute: exitFormsPerMinute, Body: exitPicturesAtOnce*core.MaxPhotoBytes + 1<<20,
		},
		{Method: http.MethodGet, Path: exitSlipPhotoPath + "/:id", Access: web.Resident, Handler: h.exitSlipPhoto},
		{Method: http.MethodGet, Path: exitSlipPath + "/:id", Access: web.Resident, Handler: h.exitSlipShow},
		{
			Method: http.MethodPost, Path: exitSlipPath + "/:id/answer", Access: web.Resident, Handler: h.exitSlipAnswer,
			EachPerMinute: 20,
		},
		{Method: http.MethodGet, Path: exitSlipPath + "/:id/withdraw", Access: web.Resident, Handler: h.exitSlipWithdrawAsk},
		{
			Method: http.MethodPost, Path: exitSlipPath + "/:id/withdraw", Access: web.Resident, Handler: h.exitSlipWithdraw,
			EachPerMinute: 20,
		},
	}
}

func exitSlipURL(id core.ID) string { return exitSlipPath + "/" + id.String() }

type exitSlipListPage struct {
	templates.Phone
	Rows  []visitorPassLine
	Pager templates.Pager
	Empty templates.Empty
	Apply string // "" = the user may not, see Empty
	Why   string // why not
}

func (h *H5) exitSlipList(c *web.Context) error {
	var asked struct {
		Before core.ID `form:"before"`
		After  core.ID `form:"after"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	slips, more, err := h.store.OwnExitSlips(c.Ctx(), c.User().ID, store.Page{Prev: asked.Before, Next: asked.After, Limit: 30})
	if err != nil {
		return err
	}
	homes, why, err := h.exitHomes(c)
	if err != nil {
		return err
	}
	page := exitSlipListPage{
		Phone: h.phone(c, "我的出门条", ""), Empty: templates.Empty{
			Icon: "package-export", Title: "还没有出门条", Text: "搬家、带大件物品出门前，在这里填写物品申请；门岗扫码核对后放行。",
		},
	}
	page.Back = fronts[web.SurfaceResident]
	if len(homes) > 0 {
		page.Apply = exitSlipNewPath
	} else {
		page.Why = why + "。"
	}
	houses := make([]core.ID, len(slips))
	for i, e := range slips {
		houses[i] = e.House
	}
	barred, err := h.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return err
	}
	for _, e := range slips {
		line := visitorPassLine{
			URL: exitSlipURL(e.ID), Name: h.visitTime(e.Planned) + " 出门", Where: e.HouseLabel, When: e.GoneText(),
			State: exitBadge(e.State(c.Now())),
		}
		if barred.BarsSlip(e) != "" {
			line.When += " · " + barredShort
		}
		page.Rows = append(page.Rows, line)
	}
	if more && len(slips) > 0 {
		page.Pager.Next = templates.WithQuery(exitSlipPath, nil, "after", slips[len(slips)-1].ID.String())
	}
	return h.show(c, http.StatusOK, "exitslip/list", page)
}

// exitBadge is the state of an exit slip.
func exitBadge(s core.ExitState) templates.Badge {
	tones := map[core.ExitState]templates.Tone{
		core.ExitWaiting: templates.Warn, core.ExitGranted: templates.Good, core.ExitPartial: templates.Good, core.ExitLeft: templates.Info,
		core.ExitRejected: templates.Bad,
	}
	tone, ok := tones[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}

type exitSlipShowPage struct {
	templates.Phone
	Slip     store.OwnExitSlip
	State    templates.Badge
	Barred   string // that the guard does not let the things out; "" = the guard does
	Next     string
	Facts    []templates.Fact
	Items    []templates.ExitItem
	Code     template.URL // of the QR; "" = nothing leaves by it
	Office   officeLine
	Withdraw string       // "" = it does not wait, or is another's
	Answer   *visitAnswer // nil = it does not wait for the user
}

// exitItems returns the lines of a slip; picture is the address of a picture, nil = none is shown.
func (h *H5) exitItems(e core.ExitSlip, picture func(id core.ID, part core.PhotoPart) string) []templates.ExitItem {
	lines := make([]templates.ExitItem, len(e.Items))
	for i, item := range e.Items {
		lines[i] = templates.ExitItem{N: item.N, Text: item.Text()}
		if !item.Left.IsZero() {
			lines[i].Left = h.visitTime(item.Left) + " 从" + item.Gate + "放行"
		}
		if item.Photo != 0 && picture != nil {
			lines[i].URL, lines[i].Thumb = picture(item.Photo, core.PhotoWhole), picture(item.Photo, core.PhotoThumb)
		}
	}
	return lines
}

// ownExitSlip returns the slip in the URL; another's is NotFound.
func (h *H5) ownExitSlip(c *web.Context) (store.OwnExitSlip, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.OwnExitSlip{}, err
	}
	return h.store.OwnExitSlip(c.Ctx(), c.User().ID, id)
}

func (h *H5) exitSlipShow(c *web.Context) error {
	own, err := h.ownExitSlip(c)
	if err != nil {
		return err
	}
	page, err := h.exitSlipPage(c, own)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "exitslip/show", page)
}

func (h *H5) exitSlipPage(c *web.Context, own store.OwnExitSlip) (exitSlipShowPage, error) {
	page := exitSlipShowPage{
		Phone: h.phone(c, "出门条", own.CommunityName+" "+own.HouseLabel), Slip: own, State: exitBadge(own.State(c.Now())),
		Next: exitNext(own.ExitSlip, own.State(c.Now())), Facts: h.exitFacts(own.ExitSlip),
		Office: officeOf(store.Pass{OfficePhone: own.OfficePhone}),
	}
	page.Back = exitSlipPath
	barred, err := h.store.RestrictionsFor(c.Ctx(), own.House)
	if err != nil {
		return page, err
	}
	if page.Barred = barred.BarsSlip(own.ExitSlip); page.Barred != "" {
		page.Barred += "需要时请联系物业。"
		if own.Usable(c.Now()) {
			page.Next = ""
		}
	}
	var picture func(id core.ID, part core.PhotoPart) string
	if own.Mine {
		picture = func(id core.ID, part core.PhotoPart) string { return c.PhotoURL(exitSlipPhotoPath, id, part) }
	}
	page.Items = h.exitItems(own.ExitSlip, picture)
	if own.Mine && own.State(c.Now()) == core.ExitWaiting {
		page.Withdraw = exitSlipURL(own.ID) + "/withdraw"
	}
	if own.Asks {
		page.Next = ""
		page.Answer = &visitAnswer{
			Action: exitSlipURL(own.ID) + "/answer", CSRF: c.CSRF(), Presets: core.ReviewExitSlip.Type().Owners,
			Effect: "通过后，" + own.Name + " 可以在 " + h.visitTime(own.From) + " 至 " + h.visitTime(own.Until) + " 凭出门条带出这些物品。",
			Reason: templates.ReviewReason(core.ToldText(own.Applicant)),
		}
	}
	if own.Code != "" {
		drawn, err := gate.QRSVG(own.Code)
		if err != nil {
			return page, err
		}
		page.Code = templates.SVG(drawn)
	}
	return page, nil
}

// exitNext tells the applicant what comes next.
func exitNext(e core.ExitSlip, state core.ExitState) string {
	switch state {
	case core.ExitWaiting:
		return "正在审核，结果会用微信告诉您。"
	case core.ExitGranted:
		return "出门时请门岗扫码，核对物品后放行。每项物品只放行一次。"
	case core.ExitPartial:
		return fmt.Sprintf("还有 %d 项没有出门，有效期内可以再出示。", e.Total-e.Gone())
	case core.ExitRejected:
		return "请按原因更正后重新申请，或联系物业。"
	case core.ExitExpired:
		return "有效期已过，需要时请重新申请。"
	case core.ExitRevoked:
		return "物业已撤销这张出门条，请联系物业。"
	}
	return ""
}

// exitFacts returns what is known of a slip beside its items.
func (h *H5) exitFacts(e core.ExitSlip) []templates.Fact {
	all := []templates.Fact{
		{Label: "申请人", Value: e.Name}, {Label: "手机", Value: e.Phone}, {Label: "车牌", Value: e.Plate},
		{Label: "搬运单位", Value: e.Carrier}, {Label: "去向", Value: e.Destination}, {Label: "事由", Value: e.Reason},
	}
	for _, answer := range e.Answers {
		all = append(all, templates.Fact{Label: answer.Label, Value: answer.Value})
	}
	all = append(all,
		templates.Fact{Label: "备注", Value: e.Remark}, templates.Fact{Label: "出门时间", Value: h.visitTime(e.Planned)},
		templates.Fact{Label: "有效至", Value: h.visitTime(e.Until)}, templates.Fact{Label: "不通过的原因", Value: e.Refusal})
	var facts []templates.Fact
	for _, f := range all {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// exitSlipPhoto sends a picture that the user has sent.
func (h *H5) exitSlipPhoto(c *web.Context) error {
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	return c.SendOwnPhoto(id, part)
}

// exitSlipAnswer lets an owner of the house decide. If somebody else was first, the page says so.
func (h *H5) exitSlipAnswer(c *web.Context) error {
	own, err := h.ownExitSlip(c)
	if err != nil {
		return err
	}
	var form struct {
		Approve string `form:"approve" of:"yes"`
		Preset  string `form:"preset" max:"200"`
		Reason  string `form:"reason" text:"lines" max:"200"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = h.store.AnswerExitSlip(c.Ctx(), c.Actor(), c.User().ID, core.ReviewDecision{
			ID: own.ID, Approve: form.Approve != "", Reason: cmp.Or(form.Preset, form.Reason),
		})
	}
	switch {
	case wrong == nil && form.Approve != "":
		c.Flash(web.FlashSuccess, "已通过，会告诉申请人。")
	case wrong == nil:
		c.Flash(web.FlashSuccess, "已不通过，会告诉申请人。")
	case core.IsConflict(wrong):
		c.Flash(web.FlashWarning, core.MessageOf(wrong))
	case core.IsInvalid(wrong):
		page, err := h.exitSlipPage(c, own)
		if err != nil {
			return err
		}
		if page.Answer != nil {
			page.Answer.Reason.Value, page.Answer.Reason.Error = form.Reason, web.FieldsOf(wrong)["reason"]
		}
		return h.show(c, web.StatusOf(wrong), "exitslip/show", page)
	default:
		return wrong
	}
	return c.Redirect(exitSlipURL(own.ID))
}

// exitSlipWithdrawAsk asks before an application is taken back.
func (h *H5) exitSlipWithdrawAsk(c *web.Context) error {
	own, err := h.ownExitSlip(c)
	if err != nil {
		return err
	}
	confirm := templates.Confirm{
		Title: "撤回这张出门条的申请？", Text: own.CommunityName + " " + own.HouseLabel,
		Effects: []string{fmt.Sprintf("%d 项物品不再审核", own.Total), "需要时可以重新申请"},
		Action:  exitSlipURL(own.ID) + "/withdraw", CSRF: c.CSRF(), Keep: url.Values{}, Submit: "撤回申请", Cancel: exitSlipURL(own.ID),
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "撤回申请", ""), Confirm: confirm})
}

func (h *H5) exitSlipWithdraw(c *web.Context) error {
	own, err := h.ownExitSlip(c)
	if err != nil {
		return err
	}
	_, err = h.store.WithdrawReview(c.Ctx(), c.Actor(), c.User().ID, own.ID)
	switch {
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	default:
		c.Flash(web.FlashSuccess, "已撤回申请。")
	}
	return c.Redirect(exitSlipURL(own.ID))
}
