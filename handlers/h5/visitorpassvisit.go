package h5

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	visitPath       = "/h5/visit"
	visitsPerMinute = 120           // of one address: a company's people may open theirs through one network
	visitDefault    = 4 * time.Hour // offered as the end of an invitation
)

// visitLink returns what a visitor opens, in any browser.
func (h *H5) visitLink(code string) string { return h.publicURL + visitPath + "/" + code }

type visitListPage struct {
	templates.Phone
	Rows  []visitorPassLine
	Empty templates.Empty
}

// visitList shows 我的访问: where the user is, or was, a visitor.
func (h *H5) visitList(c *web.Context) error {
	visits, err := h.store.OwnVisits(c.Ctx(), c.User())
	if err != nil {
		return err
	}
	page := visitListPage{Phone: h.phone(c, "我的访问", ""), Empty: templates.Empty{
		Icon: "user-check", Title: "还没有访问", Text: "住户按您的手机号邀请您，或您扫海报申请后，在这里查看。",
	}}
	page.Back = fronts[web.SurfaceResident]
	for _, v := range visits {
		line := h.visitorPassLine(c, v.VisitorPass, "")
		line.Name = v.Community
		switch {
		case v.Usable(c.Now()):
			line.URL = "/h5/pass/" + v.Pass.String()
		case v.Applicant != 0 && v.Applicant == c.User().ID:
			line.URL = visitPath + "/own/" + v.ID.String()
		}
		page.Rows = append(page.Rows, line)
	}
	return h.show(c, http.StatusOK, "visitorpass/visits", page)
}

// visitPage is the pass as the visitor sees it.
type visitPage struct {
	templates.Phone
	Initial string
	Visit   store.OwnVisit
	Facts   []templates.Fact
	Now     visitNow

	Withdraw string // where to take it back; "" = it is decided

	Link, Origin, About string // what others show of a link to it
}

// visitNow is the part that changes together.
type visitNow struct {
	Verdict templates.Verdict
	QR      templates.QR
	Usable  bool // there is a code
	Office  officeLine
}

// visitShow shows the visit of a link. A code is only issued on request, since it ends the one before.
func (h *H5) visitShow(c *web.Context) error {
	visit, err := h.store.VisitByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	return h.visit(c, visit, codeFrom(c, visitPath+"/"+c.Param("code")+"/token"))
}

// visit renders a visitor's pass with a code, or a placeholder for one.
func (h *H5) visit(c *web.Context, visit store.OwnVisit, qr templates.QR) error {
	now, err := h.visitNow(c, visit, qr)
	if err != nil {
		return err
	}
	page := visitPage{
		Phone: h.phone(c, visit.Name, visit.Community+" "+visit.HouseLabel), Initial: initial(visit.Name), Visit: visit,
		Facts: h.visitFacts(visit.VisitorPass), Now: now,
		Link: h.visitLink(visit.Code), Origin: h.publicURL, About: now.Verdict.Title,
	}
	if visit.Host != "" {
		page.Facts = append([]templates.Fact{{Label: "住户", Value: visit.Host}}, page.Facts...)
	}
	if visit.State(c.Now()) == core.VisitGranted {
		page.About = h.visitTerm(visit.VisitorPass) + "，进门时出示通行码"
	}
	if visit.State(c.Now()) == core.VisitWaiting {
		page.Withdraw = visitPath + "/" + visit.Code + "/withdraw"
	}
	return h.show(c, http.StatusOK, "visitorpass/visit", page)
}

func (h *H5) visitToken(c *web.Context) error {
	visit, err := h.store.VisitByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	return h.visitCode(c, visit, codeFrom(c, visitPath+"/"+c.Param("code")+"/token"))
}

// visitCode answers with a new code, if the pass lets anybody through still: only the part for the page's script, the
// whole page without scripts.
func (h *H5) visitCode(c *web.Context, visit store.OwnVisit, qr templates.QR) error {
	if visit.Usable(c.Now()) {
		var err error
		if qr, err = h.issue(c, visit.Pass, qr); err != nil {
			return err
		}
	}
	switch {
	case c.Request().Header.Get("X-Fragment") == "":
		return h.visit(c, visit, qr)
	case !visit.Usable(c.Now()):
		return core.Conflict("通行码已失效") // the page is loaded again, and says why
	}
	now, err := h.visitNow(c, visit, qr)
	if err != nil {
		return err
	}
	return h.block(c, "visitorpass/visit", "now", now)
}

// visitOwn shows a visit to whom applied for it, which a message opens.
func (h *H5) visitOwn(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	visit, err := h.store.VisitOfApplicant(c.Ctx(), c.User().ID, id)
	if err != nil {
		return err
	}
	return h.visit(c, visit, codeFrom(c, visitPath+"/"+visit.Code+"/token"))
}

// visitOfPass shows a visitor's pass to the person who found it by their own number, or answers with a new code.
func (h *H5) visitOfPass(c *web.Context, pass core.ID) error {
	visit, err := h.store.VisitOfPass(c.Ctx(), pass)
	if err != nil {
		return err
	}
	qr := codeFrom(c, "/h5/pass/"+pass.String()+"/token")
	if posted(c) {
		return h.visitCode(c, visit, qr)
	}
	return h.visit(c, visit, qr)
}

// codeFrom is the placeholder of a code that the page will request from an address.
func codeFrom(c *web.Context, address string) templates.QR {
	return templates.QR{Alt: "通行二维码", Refresh: address, CSRF: c.CSRF(), Life: int(gate.TokenLife / time.Second)}
}

func (h *H5) visitNow(c *web.Context, visit store.OwnVisit, qr templates.QR) (visitNow, error) {
	office := officeOf(store.Pass{OfficePhone: visit.OfficePhone})
	if visit.Pass == 0 { // nobody has decided, or somebody against it
		return visitNow{Verdict: visitVerdict(visit.VisitorPass, core.Decision{}, c.Now()), Office: office}, nil
	}
	way := core.VisitorFacts{Entered: !visit.Entered.IsZero(), Left: visit.Gone}.Way()
	previews, err := h.store.Previews(c.Ctx(), way, []core.ID{visit.Pass})
	if err != nil {
		return visitNow{}, err
	}
	qr.Text = "请出示给门岗"
	switch d := previews[0].Decision; {
	case d.Allowed && previews[0].Rule.ReaderQR && !d.NeedTemp:
		qr.Text = "请对准扫码机"
	case !d.Allowed && d.Reason.BothWays(): // the guard would refuse it now
		qr.Text = ""
	}
	return visitNow{
		Verdict: visitVerdict(visit.VisitorPass, previews[0].Decision, c.Now()), QR: qr, Usable: visit.Usable(c.Now()),
		Office: office,
	}, nil
}

// visitVerdict returns in one sentence what the pass is good for now.
func visitVerdict(v core.VisitorPass, d core.Decision, now time.Time) templates.Verdict {
	switch state := v.State(now); {
	case state == core.VisitWaiting && v.Way == core.VisitBooked:
		return templates.Verdict{Tone: templates.Info, Title: "等住户处理", Text: "请保存本页，通过后这里就有通行码"}
	case state == core.VisitWaiting:
		return templates.Verdict{Tone: templates.Info, Title: "等待审核", Text: "请保存本页，通过后这里就有通行码"}
	case state == core.VisitRejected:
		return templates.Verdict{Tone: templates.Bad, Title: state.Label(), Text: v.Refusal}
	case state == core.VisitWithdrawn:
		return templates.Verdict{Tone: templates.Neutral, Title: "已撤回", Text: "需要时请重新申请"}
	case state == core.VisitExpired && v.Answer == core.VisitWaiting:
		return templates.Verdict{Tone: templates.Neutral, Title: "已过期", Text: "来访时间已过，需要时请重新申请"}
	case state == core.VisitRevoked:
		return templates.Verdict{Tone: templates.Bad, Title: "通行证已撤销", Text: "请联系住户或物业"}
	case state == core.VisitExpired:
		return templates.Verdict{Tone: templates.Bad, Title: "通行证已过期", Text: "需要时请重新申请，或请住户邀请"}
	case state == core.VisitMade && !v.Inside():
		return templates.Verdict{Tone: templates.Neutral, Title: "访问已结束", Text: "再次来访需要新的邀请"}
	case state == core.VisitMade:
		return templates.Verdict{Tone: templates.Info, Title: "已进门", Text: "离开时再出示一次通行码"}
	case d.Allowed:
		return templates.Verdict{Tone: templates.Good, Title: "现在可以进门", Text: "只能进门一次"}
	}
	return templates.Verdict{Tone: templates.Warn, Title: "现在不能进门", Text: d.Sentence}
}

// visitWithdrawAsk asks before an application is taken back.
func (h *H5) visitWithdrawAsk(c *web.Context) error {
	visit, err := h.store.VisitByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	at := visitPath + "/" + visit.Code
	confirm := templates.Confirm{
		Title: "撤回到 " + strings.TrimSpace(visit.Community+" "+visit.HouseLabel) + " 的申请？", Text: "撤回后没有人再处理，需要时可以重新申请。",
		Action: at + "/withdraw", CSRF: c.CSRF(), Keep: url.Values{}, Submit: "撤回申请", Cancel: at,
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "撤回申请", ""), Confirm: confirm})
}

// visitWithdraw takes an application back. If somebody decided it first, the page says what became of it.
func (h *H5) visitWithdraw(c *web.Context) error {
	code := c.Param("code")
	switch err := h.store.WithdrawVisit(c.Ctx(), c.Actor(), code); {
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	default:
		c.Flash(web.FlashSuccess, "已撤回。")
	}
	return c.Redirect(visitPath + "/" + code)
}
