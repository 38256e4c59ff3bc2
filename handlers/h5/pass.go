package h5

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (h *H5) passRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/pass", Access: web.WechatUser, Handler: h.passList},
		{Method: http.MethodGet, Path: "/h5/pass/:id", Access: web.Resident, Handler: h.passShow},
		{Method: http.MethodPost, Path: "/h5/pass/:id/token", Access: web.Resident, Handler: h.passToken, EachPerMinute: 30},
		{Method: http.MethodGet, Path: "/h5/pass/:id/events", Access: web.Resident, Handler: h.passEvents, Time: -1},
	}
}

// passListPage lets a person with several houses choose, and who has none state their name.
type passListPage struct {
	templates.Phone
	Passes  []store.Pass
	Applied []appliedLine
	Empty   templates.Empty
	Ask     bool           // for the name
	Form    templates.Form // of the name
}

// appliedLine is an application that has made no resident of its applicant.
type appliedLine struct {
	URL, Community, House string
	State                 templates.Badge
}

// passList redirects a person with a single pass to it, and asks who is nobody yet for their name: a visitor's pass is
// found by the number alone.
func (h *H5) passList(c *web.Context) error {
	if !c.User().Verified {
		return c.Redirect("/h5/phone")
	}
	page, err := h.passListPage(c)
	if err != nil {
		return err
	}
	if len(page.Passes) == 1 && !page.Ask {
		return c.Redirect("/h5/pass/" + page.Passes[0].ID.String())
	}
	return h.show(c, http.StatusOK, "pass/list", page)
}

func (h *H5) passListPage(c *web.Context) (page passListPage, err error) {
	page = passListPage{
		Phone: h.phone(c, "我的通行证", ""),
		Empty: templates.Empty{
			Icon: "id-badge-2", Title: "还没有通行证", Text: "请填写您在物业登记的姓名，与登记一致就立即得到通行证。",
			Action: templates.Action{Label: "没有登记，申请认证", URL: certificationNewPath},
		},
		Form: templates.Form{
			Action: namePath, CSRF: c.CSRF(), Submit: "核对姓名", Sign: true,
			Sections: []templates.Section{{Fields: []templates.Field{
				{Name: "name", Label: "姓名", Autocomplete: "name", Required: true, MaxLength: core.MaxName},
			}}},
		},
	}
	if page.Passes, err = h.store.PassesOfUser(c.Ctx(), c.User()); err != nil {
		return page, err
	}
	page.Ask = len(page.Passes) == 0 || c.User().Person == 0
	if page.Applied, err = h.applied(c); err == nil && len(page.Applied) > 0 {
		page.Empty.Text = "审核通过后，这里就有您的通行证。物业已登记过您的，也可以填写姓名核对。"
	}
	return page, err
}

// applied returns the user's newest application for each house, unless it was approved or taken back.
func (h *H5) applied(c *web.Context) (lines []appliedLine, err error) {
	own, err := h.store.OwnCertifications(c.Ctx(), c.User().ID)
	seen := map[core.ID]bool{}
	for _, o := range own {
		if seen[o.House] {
			continue
		}
		seen[o.House] = true
		if o.Review.State == core.ReviewWaiting || o.Review.State == core.ReviewRejected {
			lines = append(lines, appliedLine{
				URL: certificationPath + "/" + o.Review.ID.String(), Community: o.Community, House: o.Review.Subject,
				State: outcomeBadge(o.Review.State),
			})
		}
	}
	return lines, err
}

// passPage is the pass with its code.
type passPage struct {
	templates.Phone
	Pass    store.Pass
	Initial string // of the name
	Rule    string // as text
	Why     string // why and until when the house has a rule of its own; "" = it has none
	Counted string // whose exits are added up; "" = they are not limited
	Now     passNow
	Recent  []line
	Passed  string // a passage a moment ago; "" = none
	Events  templates.Live
	Others  bool // there are other passes
	Owner   bool // may keep the household
	Aid     bool // may leave in an emergency, and let family out
}

// passNow is the part that changes together: what the rules say, and the code with a caption that
// agrees with it.
type passNow struct {
	Verdict templates.Verdict
	QR      templates.QR
	Office  officeLine
}

// officeLine is the telephone of the property office; the zero value is unknown.
type officeLine struct {
	Text string // as it is written
	Dial string
}

func officeOf(pass store.Pass) officeLine {
	dial := core.DialNumber(pass.OfficePhone)
	if dial == "" {
		return officeLine{}
	}
	return officeLine{Text: pass.OfficePhone, Dial: dial}
}

// maxRecent is how many passages a pass shows.
const maxRecent = 5

// passedLately is how long a passage is shown above the code.
const passedLately = 30 * time.Second

// passShow shows the pass without a code: a new code invalidates the previous one, and an
// unintended GET (a preview, a prefetch, a link) must not do that. The page's script requests one
// once the page is visible.
func (h *H5) passShow(c *web.Context) error {
	pass, err := h.ownPass(c)
	if err != nil {
		return err
	}
	if show := passKinds[pass.Kind].show; show != nil {
		return show(h, c, pass.ID)
	}
	return h.pass(c, pass, codeToCome(c, pass.ID))
}

// pass renders a pass with a code, or a placeholder for one.
func (h *H5) pass(c *web.Context, pass store.Pass, qr templates.QR) error {
	preview, err := h.store.Preview(c.Ctx(), pass.ID)
	if err != nil {
		return err
	}
	scope, err := h.store.PassScope(c.Ctx(), pass)
	if err != nil {
		return err
	}
	records, _, err := h.store.AccessRecords(
		c.Ctx(), scope, core.RecordFilter{Person: pass.Person}, store.Page{Limit: maxRecent},
	)
	if err != nil {
		return err
	}
	page := passPage{
		Phone: h.phone(c, pass.Kind.Label(), pass.CommunityName), Pass: pass, Initial: initial(pass.Name),
		Now: now(pass, preview, qr), Recent: h.lines(records, false), Passed: h.passed(c, records),
		Events: h.live("/h5/pass/"+pass.ID.String()+"/events", "passed", "reload", records),
	}
	page.Aid = pass.Kind == core.PassResident
	page.Owner = pass.Identity == core.Owner && pass.Person == c.User().Person
	today := core.DayOf(c.Now(), h.store.Zone())
	rule := preview.Rule.Under(preview.Restriction, today)
	if preview.Restriction.Holds(today) {
		page.Why = preview.Restriction.Why()
	}
	if page.Rule = preview.Terms; pass.Kind.Type().Counted && rule.Exits > 0 {
		page.Counted = rule.Counting.Words()
	}
	passes, err := h.store.PassesOfUser(c.Ctx(), c.User())
	page.Others = len(passes) > 1
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "pass/show", page)
}

// ownPass returns the pass in the URL; another person's is NotFound.
func (h *H5) ownPass(c *web.Context) (store.Pass, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.Pass{}, err
	}
	return h.store.PassOfUser(c.Ctx(), id, c.User())
}

// code issues a token and draws it.
func (h *H5) code(c *web.Context, pass core.ID) (templates.QR, error) {
	return h.issue(c, pass, codeToCome(c, pass))
}

// issue is code for a placeholder of any page.
func (h *H5) issue(c *web.Context, pass core.ID, qr templates.QR) (templates.QR, error) {
	issued, err := h.gate.Issue(c.Ctx(), pass)
	if err != nil {
		return templates.QR{}, err
	}
	picture, err := gate.QRSVG(issued.Text)
	if err != nil {
		return templates.QR{}, err
	}
	qr.Image, qr.Left = templates.SVG(picture), min(int(issued.Expires.Sub(c.Now())/time.Second), qr.Life)
	return qr, nil
}

// codeToCome returns the placeholder of a code that the page will request.
func codeToCome(c *web.Context, pass core.ID) templates.QR {
	return codeFrom(c, "/h5/pass/"+pass.String()+"/token")
}

// passToken renders a new code: only the part for the page's script, the whole page without scripts.
func (h *H5) passToken(c *web.Context) error {
	pass, err := h.ownPass(c)
	if err != nil {
		return err
	}
	if show := passKinds[pass.Kind].show; show != nil {
		return show(h, c, pass.ID)
	}
	qr, err := h.code(c, pass.ID)
	if err != nil {
		return err
	}
	if c.Request().Header.Get("X-Fragment") == "" {
		return h.pass(c, pass, qr)
	}
	preview, err := h.store.Preview(c.Ctx(), pass.ID)
	if err != nil {
		return err
	}
	return h.block(c, "pass/show", "now", now(pass, preview, qr))
}

// now returns the part of a pass's page that changes together.
func now(pass store.Pass, preview store.Preview, qr templates.QR) passNow {
	qr.Text = codeCaption(preview)
	return passNow{Verdict: canPass(preview), QR: qr, Office: officeOf(pass)}
}

// canPass describes what a scan on the way out would do now; of a pass that is not of people who live there, in either direction.
func canPass(s store.Preview) templates.Verdict {
	d := s.Decision
	switch {
	case s.UrgentFor != "":
		return templates.Verdict{Tone: templates.Good, Title: "紧急出门", Text: "在任何出口扫码都会放行一次（" + s.UrgentFor + "）"}
	case d.Allowed && !s.Kind.Type().Counted: // what a community allows its residents is not for them
		return templates.Verdict{Tone: templates.Good, Title: "现在可以通行", Text: d.Sentence}
	case d.Allowed:
		words := []string{s.Decision.LeftText(s.Rule)}
		if _, more, _ := strings.Cut(d.Sentence, "，"); more != "" {
			words = append(words, more)
		}
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
		return templates.Verdict{Tone: templates.Good, Title: "现在可以出门", Text: strings.Join(words, "，")}
	case d.Reason == core.ReasonRestricted && s.Restriction != nil:
		return templates.Verdict{Tone: templates.Bad, Title: "现在不能通行", Text: d.Sentence + "，" + s.Restriction.Why()}
	case d.Reason.BothWays():
		return templates.Verdict{Tone: templates.Bad, Title: "现在不能通行", Text: d.Sentence}
	}
	return templates.Verdict{Tone: templates.Warn, Title: "现在不能出门", Text: d.Sentence}
}

// codeCaption returns what to do with the code. It agrees with the verdict: nobody is sent to a door
// that would not open.
func codeCaption(s store.Preview) string {
	d := s.Decision
	switch {
	case s.UrgentFor != "", d.Allowed && !s.Kind.Type().Counted: // which door, and so whose rule, is not known yet
		return "请对准扫码机，或出示给门岗"
	case !d.Allowed && !d.Reason.BothWays():
		return "仅可进门"
	case d.Allowed && s.Rule.ReaderQR && !d.NeedTemp && !d.NeedID:
		return "请对准扫码机"
	}
	return "请出示给门岗"
}

// passed describes a passage a moment ago.
func (h *H5) passed(c *web.Context, records []core.AccessRecord) string {
	if len(records) == 0 || !records[0].Allowed || c.Now().Sub(records[0].At) > passedLately {
		return ""
	}
	return strings.Join(
		[]string{records[0].At.In(h.store.Zone()).Format("15:04:05"), records[0].Gate, records[0].Direction.Label() + "已放行"},
		" ",
	)
}

// passEvents notifies the page when its code has opened a door.
func (h *H5) passEvents(c *web.Context) error {
	pass, err := h.ownPass(c)
	if err != nil {
		return err
	}
	scope, err := h.store.PassScope(c.Ctx(), pass)
	if err != nil {
		return err
	}
	return h.follow(c, scope, core.RecordFilter{Person: pass.Person, Result: "allowed"}, "passed")
}
