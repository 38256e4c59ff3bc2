package h5

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	visitorPassPath      = "/h5/visitorpass"
	visitorPassPhotoPath = visitorPassPath + "/photo"
	visitorUnprovenPath  = visitorPassPath + "/unproven" // appointments of unproven numbers
)

// visitorPassRoutes returns the routes of 我的访客, and those of a visitor, who needs no WeChat.
func (h *H5) visitorPassRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: visitorPassPath, Access: web.Resident, Handler: h.visitorPassList},
		{Method: http.MethodGet, Path: visitorPassPath + "/new", Access: web.Resident, Handler: h.visitorPassNew},
		{
			Method: http.MethodPost, Path: visitorPassPath + "/new", Access: web.Resident, Handler: h.visitorPassCreate,
			EachPerMinute: 10, Body: visitFormBody,
		},
		{Method: http.MethodGet, Path: visitorUnprovenPath, Access: web.Resident, Handler: h.visitorUnprovenAsk},
		{Method: http.MethodPost, Path: visitorUnprovenPath, Access: web.Resident, Handler: h.visitorUnprovenReject, EachPerMinute: 10},
		{Method: http.MethodGet, Path: visitorPassPath + "/:id", Access: web.Resident, Handler: h.visitorPassShow},
		{Method: http.MethodGet, Path: visitorPassPhotoPath + "/:id", Access: web.Resident, Handler: h.visitorPassPhoto},
		{Method: http.MethodGet, Path: visitorPassPath + "/:id/sign", Access: web.Resident, Handler: h.visitorPassSign},
		{
			Method: http.MethodPost, Path: visitorPassPath + "/:id/answer", Access: web.Resident, Handler: h.visitorPassAnswer,
			EachPerMinute: 20,
		},
		{Method: http.MethodGet, Path: visitorPassPath + "/:id/revoke", Access: web.Resident, Handler: h.visitorPassRevokeAsk},
		{
			Method: http.MethodPost, Path: visitorPassPath + "/:id/revoke", Access: web.Resident, Handler: h.visitorPassRevoke,
			EachPerMinute: 20,
		},
		{Method: http.MethodGet, Path: visitPath, Access: web.Resident, Handler: h.visitList},
		{Method: http.MethodGet, Path: visitPath + "/own/:id", Access: web.WechatUser, Handler: h.visitOwn},
		{
			Method: http.MethodGet, Path: visitPosterPath + "/:code", Access: web.Public, Handler: h.visitPosterShow,
			PerMinute: visitsPerMinute,
		},
		{
			Method: http.MethodPost, Path: visitPosterPath + "/:code", Access: web.Public, Handler: h.visitPosterApply,
			PerMinute: appliesPerMinute, Body: visitFormBody,
		},
		{Method: http.MethodGet, Path: visitPath + "/:code", Access: web.Public, Handler: h.visitShow, PerMinute: visitsPerMinute},
		{
			Method: http.MethodGet, Path: visitPath + "/:code/withdraw", Access: web.Public, Handler: h.visitWithdrawAsk,
			PerMinute: visitsPerMinute,
		},
		{
			Method: http.MethodPost, Path: visitPath + "/:code/withdraw", Access: web.Public, Handler: h.visitWithdraw,
			PerMinute: appliesPerMinute,
		},
		{Method: http.MethodPost, Path: visitPath + "/:code/token", Access: web.Public, Handler: h.visitToken, PerMinute: visitsPerMinute},
	}
}

func visitorPassURL(id core.ID) string { return visitorPassPath + "/" + id.String() }

type visitorPassListPage struct {
	templates.Phone
	Rows   []visitorPassLine
	Pager  templates.Pager
	Empty  templates.Empty
	Invite string // "" = the user lives nowhere
	Full   string // why no further appointment comes; "" = they come

	Unproven templates.Action // declines those of unproven numbers; no URL = there are not several
}

// visitorPassLine is a visit in a list of the host, or of the visitor.
type visitorPassLine struct {
	URL, Name, Where, When string
	State                  templates.Badge
}

func (h *H5) visitorPassList(c *web.Context) error {
	var asked struct {
		Before core.ID `form:"before"`
		After  core.ID `form:"after"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	visits, more, err := h.store.OwnVisitors(c.Ctx(), c.User().ID, store.Page{Prev: asked.Before, Next: asked.After, Limit: 30})
	if err != nil {
		return err
	}
	homes, why, err := h.hostHomes(c)
	if err != nil {
		return err
	}
	page := visitorPassListPage{
		Phone: h.phone(c, "我的访客", ""), Empty: templates.Empty{
			Icon: "user-check", Title: "还没有访客", Text: "邀请访客后，把链接发给对方，对方打开就有通行码，不用审核。",
		},
	}
	page.Back = fronts[web.SurfaceResident]
	if len(homes) > 0 {
		page.Invite = visitorPassPath + "/new"
	} else {
		page.Empty.Text = why + "。"
	}
	houses := make([]core.ID, len(visits))
	for i, v := range visits {
		houses[i] = v.House
	}
	barred, err := h.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return err
	}
	waiting, err := h.store.WaitingVisits(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	if waiting.Full {
		page.Full = fmt.Sprintf("待处理的预约已有 %d 份，新的预约不再送达。请先处理这些。", core.MaxWaitingAppointments)
	}
	if waiting.Unproven > 1 {
		page.Unproven = templates.Action{Label: fmt.Sprintf("拒绝 %d 份号码未验证的预约", waiting.Unproven), URL: visitorUnprovenPath}
	}
	for _, v := range visits {
		line := h.visitorPassLine(c, v, visitorPassURL(v.ID))
		if barred.BarsVisit(v) != "" {
			line.When += " · " + barredShort
		}
		page.Rows = append(page.Rows, line)
	}
	if more && len(visits) > 0 {
		page.Pager.Next = templates.WithQuery(visitorPassPath, nil, "after", visits[len(visits)-1].ID.String())
	}
	return h.show(c, http.StatusOK, "visitorpass/list", page)
}

// visitorUnprovenAsk asks before appointments of unproven numbers are declined.
func (h *H5) visitorUnprovenAsk(c *web.Context) error {
	waiting, err := h.store.WaitingVisits(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	if waiting.Unproven == 0 {
		return c.Redirect(visitorPassPath)
	}
	confirm := templates.Confirm{
		Title: fmt.Sprintf("拒绝 %d 份号码未验证的预约？", waiting.Unproven), Text: "这些人没有验证过手机号，可能是随意填写的。",
		Effects: []string{"对方看到：" + core.UnprovenRefusal, "已验证号码的预约不变，请逐份处理"},
		Action:  visitorUnprovenPath, CSRF: c.CSRF(), Keep: url.Values{}, Submit: "全部拒绝", Cancel: visitorPassPath,
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "号码未验证的预约", ""), Confirm: confirm})
}

func (h *H5) visitorUnprovenReject(c *web.Context) error {
	declined, err := h.store.RejectUnprovenVisits(c.Ctx(), c.Actor(), c.User().ID)
	switch {
	case err != nil:
		return err
	case declined == 0:
		c.Flash(web.FlashWarning, "没有号码未验证的预约，可能已经处理过了。")
	default:
		c.Flash(web.FlashSuccess, fmt.Sprintf("已拒绝 %d 份号码未验证的预约。", declined))
	}
	return c.Redirect(visitorPassPath)
}

func (h *H5) visitorPassLine(c *web.Context, v core.VisitorPass, url string) visitorPassLine {
	line := visitorPassLine{
		URL: url, Name: v.Name, Where: v.HouseLabel, When: "有效至 " + h.visitTime(v.Until), State: visitBadge(v.State(c.Now())),
	}
	if v.Way.Asked() {
		line.When = h.visitTime(v.At()) + " 来访"
	}
	if !v.Entered.IsZero() {
		line.When = h.visitTime(v.Entered) + " 进门"
	}
	return line
}

// visitTime formats an instant of a visit.
func (h *H5) visitTime(t time.Time) string { return t.In(h.store.Zone()).Format("1 月 2 日 15:04") }

func visitBadge(s core.VisitorState) templates.Badge {
	tones := map[core.VisitorState]templates.Tone{
		core.VisitWaiting: templates.Warn, core.VisitGranted: templates.Good, core.VisitMade: templates.Info,
		core.VisitRejected: templates.Bad,
	}
	tone, ok := tones[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}

type visitorPassShowPage struct {
	templates.Phone
	State  templates.Badge
	Barred string // that the guard does not let the visitor in; "" = the guard does
	Facts  []templates.Fact
	Photo  *reviewPicture // nil = none, or it is not theirs to decide
	Link   string         // what the visitor opens; "" = the pass lets nobody in any more
	Words  string         // to be sent with it
	Code   template.URL
	Card   visitCard
	Revoke templates.Action // no URL = it is too late
	Answer *visitAnswer     // nil = it does not wait for the host
}

// visitCard is what WeChat sends if the host forwards the page: the visitor's link, and not the page, which is the host's own.
type visitCard struct {
	Script, Sign string // the JS-SDK, and what signs the page for it; "" = the browser is not WeChat's
	Title, Text  string
	Origin       string // of the picture
}

// visitAnswer is the form by which a host accepts or declines.
type visitAnswer struct {
	Action, CSRF, Effect string
	Presets              []string
	Reason               templates.Field
}

// ownVisitor returns the visitor in the URL; another's is NotFound.
func (h *H5) ownVisitor(c *web.Context) (store.OwnVisitor, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.OwnVisitor{}, err
	}
	return h.store.OwnVisitor(c.Ctx(), c.User().ID, id)
}

func (h *H5) visitorPassShow(c *web.Context) error {
	own, err := h.ownVisitor(c)
	if err != nil {
		return err
	}
	page, err := h.visitorPassPage(c, own)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "visitorpass/show", page)
}

func (h *H5) visitorPassPage(c *web.Context, own store.OwnVisitor) (visitorPassShowPage, error) {
	page := visitorPassShowPage{
		Phone: h.phone(c, own.Name, own.Community+" "+own.HouseLabel), State: visitBadge(own.State(c.Now())),
		Facts: h.visitFacts(own.VisitorPass),
	}
	page.Back = visitorPassPath
	barred, err := h.store.RestrictionsFor(c.Ctx(), own.House)
	if err != nil {
		return page, err
	}
	if page.Barred = barred.BarsVisit(own.VisitorPass); page.Barred != "" {
		page.Barred += "请告诉访客，或联系物业。"
	}
	if own.Usable(c.Now()) && own.Entered.IsZero() {
		page.Link = h.visitLink(own.Code)
		page.Card = visitCard{
			Script: h.wechat.Script(c.Request().UserAgent(), Signer{Community: own.VisitorPass.Community}),
			Sign:   visitorPassURL(own.ID) + "/sign", Origin: h.publicURL,
			Title: "邀请您到 " + own.Community + " 做客", Text: h.visitTerm(own.VisitorPass) + "，进门时出示通行码",
		}
		page.Words = page.Card.Title + "，" + h.visitTerm(own.VisitorPass) + "。请打开链接，进门时出示通行码：" + page.Link
		picture, err := gate.QRSVG(page.Link)
		if err != nil {
			return page, err
		}
		page.Code = templates.SVG(picture)
	}
	if own.Revocable(c.Now()) {
		page.Revoke = templates.Action{Label: "撤销" + revoked(own.VisitorPass), URL: visitorPassURL(own.ID) + "/revoke"}
	}
	if own.Photo != 0 {
		page.Photo = &reviewPicture{
			Label: "访客照片", URL: c.PhotoURL(visitorPassPhotoPath, own.Photo, core.PhotoWhole),
			Thumb: c.PhotoURL(visitorPassPhotoPath, own.Photo, core.PhotoThumb),
		}
	}
	if own.Mine {
		page.Answer = &visitAnswer{
			Action: visitorPassURL(own.ID) + "/answer", CSRF: c.CSRF(), Presets: core.ReviewVisit.Type().Owners,
			Effect: "通过后访客得到通行证，" + h.visitTime(own.At()) + " 前可以进门一次。请只通过您认识、约好来访的人。",
			Reason: templates.ReviewReason(core.ToldText(own.Applicant)),
		}
		if own.Way == core.VisitBooked {
			page.Answer.Effect = "通过后访客得到通行证，" + h.visitTime(own.From) + " 至 " + h.visitTime(own.Until) +
				" 可以进门一次。请只通过您认识、约好来访的人。"
		}
	}
	return page, nil
}

// visitorPassPhoto sends the picture of a visitor who waits for the user's answer.
func (h *H5) visitorPassPhoto(c *web.Context) error {
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	return c.SendUserPhoto(id, part)
}

// visitTerm says until when somebody may come.
func (h *H5) visitTerm(v core.VisitorPass) string { return "有效至 " + h.visitTime(v.Until) }

// visitorPassSign signs the page of a visitor for the JS-SDK.
func (h *H5) visitorPassSign(c *web.Context) error {
	own, err := h.ownVisitor(c)
	if err != nil {
		return err
	}
	return h.signPage(c, Signer{Community: own.VisitorPass.Community}, visitorPassURL(own.ID))
}

// visitorPassAnswer accepts or declines a visitor who waits for the host. If somebody else was first, the page says so.
func (h *H5) visitorPassAnswer(c *web.Context) error {
	own, err := h.ownVisitor(c)
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
		wrong = h.store.AnswerVisit(c.Ctx(), c.Actor(), c.User().ID, core.ReviewDecision{
			ID: own.ID, Approve: form.Approve != "", Reason: cmp.Or(form.Preset, form.Reason),
		})
	}
	switch {
	case wrong == nil && form.Approve != "":
		c.Flash(web.FlashSuccess, "已通过"+own.Name+"的来访，"+core.ToldText(own.Applicant)+"。")
	case wrong == nil:
		c.Flash(web.FlashSuccess, "已拒绝"+own.Name+"的来访，"+core.ToldText(own.Applicant)+"。")
	case core.IsConflict(wrong):
		c.Flash(web.FlashWarning, core.MessageOf(wrong))
	case core.IsInvalid(wrong):
		page, err := h.visitorPassPage(c, own)
		if err != nil {
			return err
		}
		if page.Answer != nil {
			page.Answer.Reason.Value, page.Answer.Reason.Error = form.Reason, web.FieldsOf(wrong)["reason"]
		}
		return h.show(c, web.StatusOf(wrong), "visitorpass/show", page)
	default:
		return wrong
	}
	return c.Redirect(visitorPassURL(own.ID))
}

// visitFacts returns what host and visitor see of a visit.
func (h *H5) visitFacts(v core.VisitorPass) []templates.Fact {
	var facts []templates.Fact
	all := []templates.Fact{
		{Label: "人数", Value: v.PeopleText()}, {Label: "手机", Value: v.Phone}, {Label: "证件号", Value: v.IDNumber},
		{Label: "车牌", Value: v.Plate}, {Label: "事由", Value: v.Reason},
	}
	for _, answer := range v.Answers {
		all = append(all, templates.Fact{Label: answer.Label, Value: answer.Value})
	}
	until := templates.Fact{Label: "有效至", Value: h.visitTime(v.Until)}
	if v.Way.Asked() {
		until = templates.Fact{Label: "来访时间", Value: h.visitTime(v.At())}
	}
	all = append(all, templates.Fact{Label: "备注", Value: v.Remark}, until, templates.Fact{Label: "拒绝的原因", Value: v.Refusal})
	for _, f := range all {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	if !v.Entered.IsZero() {
		facts = append(facts, templates.Fact{Label: "进门", Value: h.visitTime(v.Entered)})
	}
	if !v.Left.IsZero() {
		facts = append(facts, templates.Fact{Label: "离开", Value: h.visitTime(v.Left)})
	}
	return facts
}

// revoked returns what a host takes back: an invitation, or the pass that somebody asked for.
func revoked(v core.VisitorPass) string {
	if v.Way.Asked() {
		return "通行证"
	}
	return "邀请"
}

// visitorPassRevokeAsk asks before a visitor's pass is taken back.
func (h *H5) visitorPassRevokeAsk(c *web.Context) error {
	own, err := h.ownVisitor(c)
	if err != nil {
		return err
	}
	what, after := revoked(own.VisitorPass), "需要时可以重新邀请"
	if own.Way.Asked() {
		after = core.ToldText(own.Applicant)
	}
	confirm := templates.Confirm{
		Title: "撤销“" + own.Name + "”的" + what + "？", Text: own.Community + " " + own.HouseLabel, Effects: []string{"通行码立即失效，对方不能进门", after},
		Action: visitorPassURL(own.ID) + "/revoke", CSRF: c.CSRF(), Keep: url.Values{}, Submit: "撤销" + what, Cancel: visitorPassURL(own.ID),
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "撤销"+what, ""), Confirm: confirm})
}

func (h *H5) visitorPassRevoke(c *web.Context) error {
	own, err := h.ownVisitor(c)
	if err != nil {
		return err
	}
	err = h.store.RevokeOwnVisitor(c.Ctx(), c.Actor(), c.User().ID, own.ID)
	switch {
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	default:
		c.Flash(web.FlashSuccess, "已撤销"+own.Name+"的"+revoked(own.VisitorPass)+"，通行码已失效。")
	}
	return c.Redirect(visitorPassURL(own.ID))
}
