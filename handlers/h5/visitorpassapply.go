package h5

import (
	"cmp"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	visitPosterPath  = visitPath + "/at"
	appliesPerMinute = 20 // of one address
)

// visitPosterPage is what a visitor sees who has scanned a poster: the way to a house, or the form.
type visitPosterPage struct {
	templates.Phone
	Why    string // there is nothing to apply for
	Book   templates.Action
	Action string // of the search
	Node   string
	Places []templates.Action
	More   bool
	Search bool
	Word   string
	Form   *templates.Form
}

// visitAsked is where a visitor stands on the way to a house.
type visitAsked struct {
	Node    core.ID `form:"node"`
	House   core.ID `form:"house"`
	Keyword string  `form:"q" max:"40"`
	Book    string  `form:"book" of:"yes"`
}

// applicant returns the WeChat user who is signed in in this browser; 0 = nobody.
func (h *H5) applicant(c *web.Context) (core.ID, error) {
	session, err := c.UserAt(web.SurfaceResident)
	return session.Subject, err
}

// inWeChat reports whether the page is open in WeChat, where everybody can be signed in.
func inWeChat(c *web.Context) bool {
	return strings.Contains(c.Request().UserAgent(), "MicroMessenger") && !inWeWork(c)
}

// visitPosterShow leads who has scanned a poster to a house, level by level, and to the form; in WeChat after a sign-in.
func (h *H5) visitPosterShow(c *web.Context) error {
	var asked visitAsked
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	poster, err := h.store.PosterByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	user, err := h.applicant(c)
	if err != nil {
		return err
	}
	if user == 0 && inWeChat(c) && h.wechat.OfficialFor(c.Ctx(), core.ScopeOf(poster.Community)) != "" {
		return c.Redirect(templates.WithQuery("/h5/session/"+string(web.SurfaceResident), nil, "next", c.Request().URL.RequestURI()))
	}
	page, err := h.visitPosterPage(c, poster, asked)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "visitorpass/apply", page)
}

// visitPosterPage returns the page of one step.
func (h *H5) visitPosterPage(c *web.Context, poster core.VisitorPoster, asked visitAsked) (visitPosterPage, error) {
	community, err := h.store.Community(c.Ctx(), core.Everywhere, poster.Community)
	if err != nil {
		return visitPosterPage{}, err
	}
	rule, err := h.store.VisitorRule(c.Ctx(), core.Everywhere, poster.Community)
	if err != nil {
		return visitPosterPage{}, err
	}
	at := visitPosterPath + "/" + poster.Code
	page := visitPosterPage{Phone: h.phone(c, "来访申请", strings.TrimSpace(community.Name+" "+poster.Gate)), Action: at}
	page.Phone.SignOut = ""
	switch {
	case !rule.Apply && !rule.Book:
		page.Why = "本小区现在不接受访客申请，请让住户邀请您，或联系物业。"
	case asked.Book != "" && rule.Book, !rule.Apply:
		return page, h.visitForm(c, &page, visitForm{way: core.VisitBooked, rule: rule.VisitorRule, back: rule.Apply})
	case asked.House != 0:
		house, err := h.houseLeft(c, asked.House)
		if err == nil && house.Community != poster.Community {
			err = core.NotFound("房屋不存在")
		}
		if err != nil {
			return page, err
		}
		return page, h.visitForm(c, &page, visitForm{way: core.VisitApplied, rule: rule.VisitorRule, house: house, back: true})
	default:
		if rule.Book {
			page.Book = templates.Action{Label: "知道住户手机号，直接预约", URL: at + "?book=yes"}
		}
		return page, h.visitPlaces(c, &page, poster, asked)
	}
	return page, nil
}

// visitPlaces adds the places of a level. Every house is there, also if nobody lives in it.
func (h *H5) visitPlaces(c *web.Context, page *visitPosterPage, poster core.VisitorPoster, asked visitAsked) error {
	level, err := h.store.HouseLevel(c.Ctx(), store.HouseLevelFilter{
		Community: poster.Community, Node: asked.Node, Keyword: asked.Keyword, Limit: placesShown,
	})
	if err != nil {
		return err
	}
	to := func(name string, id core.ID) string { return templates.WithQuery(page.Action, nil, name, id.String()) }
	for _, n := range level.Nodes {
		page.Places = append(page.Places, templates.Action{Label: n.Name, URL: to("node", n.ID)})
	}
	for _, house := range level.Houses {
		page.Places = append(page.Places, templates.Action{Label: house.Name, URL: to("house", house.ID)})
	}
	if asked.Node != 0 {
		page.Back, page.Node = page.Action, asked.Node.String()
		above, err := h.above(c, asked.Node)
		if err != nil {
			return err
		}
		if above != 0 {
			page.Back = to("node", above)
		}
	}
	page.More, page.Word = level.More, asked.Keyword
	page.Search = asked.Keyword != "" || len(page.Places) >= placesSearch
	if asked.Keyword == "" || len(page.Places) > 0 {
		return nil
	}
	hits, _, err := h.store.SearchHouses(c.Ctx(), core.ScopeOf(poster.Community), core.ReadSearch(asked.Keyword))
	for _, hit := range hits {
		page.Places = append(page.Places, templates.Action{Label: hit.Label, URL: to("house", hit.ID)})
	}
	return err
}

// visitForm is what a visitor fills in.
type visitForm struct {
	way   core.VisitorWay
	rule  core.VisitorRule
	house core.House // of an application
	back  bool       // there is something to choose before
}

// visitForm adds the form. Who has verified a number in WeChat need not write it.
func (h *H5) visitForm(c *web.Context, page *visitPosterPage, f visitForm) error {
	user, err := h.applicant(c)
	if err != nil {
		return err
	}
	verified := ""
	if user != 0 {
		if verified, err = h.store.WechatPhone(c.Ctx(), user); err != nil {
			return err
		}
	}
	if f.back {
		page.Back = page.Action
	}
	fields := []templates.Field{{Kind: templates.Hidden, Name: "key", Value: newFormKey()}}
	house := visited(f.house.Label)
	if f.way == core.VisitBooked {
		page.Title = "预约来访"
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "book", Value: "yes"})
		house = templates.Field{
			Kind: templates.Telephone, Name: "host", Required: true, MaxLength: 40, Autocomplete: "off",
			Help: "会请住户处理；号码不对时不会有人处理。",
		}
	} else {
		page.Note = f.house.Label
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "house", Value: f.house.ID.String()})
	}
	for _, field := range f.rule.FormOf(f.way).Shown() {
		inputs := h.visitorFields(c, field, house)
		if field.Key == "phone" {
			inputs = h.visitPhoneFields(inputs[0], verified)
		}
		fields = append(fields, inputs...)
	}
	page.Form = &templates.Form{
		Action: page.Action, CSRF: c.CSRF(), Submit: "提交", Sections: []templates.Section{{Fields: fields}},
	}
	if f.back {
		page.Form.Cancel = page.Action
	}
	return nil
}

// visitPhoneFields asks for the visitor's number, and for the code that is sent there.
func (h *H5) visitPhoneFields(phone templates.Field, verified string) []templates.Field {
	phone.Label, phone.Help = "您的手机号", "结果按这个号码查询；请填写真实的号码。"
	if verified != "" {
		phone.Required, phone.Help = false, "不填就用微信验证的 "+verified+"。"
	}
	if h.codes == nil {
		return []templates.Field{phone}
	}
	code := templates.Field{
		Kind: templates.Telephone, Name: "code", Label: "短信验证码", Short: true, MaxLength: 10, Autocomplete: "one-time-code",
		Help: "填好手机号后点“获取验证码”，10 分钟内有效。", Required: verified == "",
		Act: templates.Choice{Value: "code", Label: "获取验证码"},
	}
	if verified != "" {
		code.Help = "换了号码才要填。"
	}
	return []templates.Field{phone, code}
}

// visitSendCode sends a code to the number in the form, which is shown again as it was.
func (h *H5) visitSendCode(
	c *web.Context, poster core.VisitorPoster, user core.ID, form visitorPassForm, more visitApplyForm,
) error {
	page, err := h.visitPosterPage(c, poster, visitAsked{House: form.House, Book: more.Book})
	switch {
	case err != nil:
		return err
	case page.Form == nil || h.codes == nil:
		return core.NotFound("现在不能获取验证码")
	}
	number, code, wrong := h.store.CreateVisitorCode(c.Ctx(), form.Phone)
	if wrong == nil {
		if err := h.codes.SendCode(c.Ctx(), number, code); err != nil {
			h.log.Warn("a visitor's code was not sent", "err", err)
			wrong = core.Conflict("短信没有发出，请稍后再试，或联系物业")
		}
	}
	if wrong != nil && !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	page.Form.Set(c.Form(), web.FieldsOf(wrong))
	if err := h.visitPhotoAgain(c, page.Form, user, form.Kept); err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case core.IsConflict(wrong):
		page.Form.Error, status = core.MessageOf(wrong), http.StatusConflict
	case wrong != nil:
		status = http.StatusUnprocessableEntity
	case h.demo:
		page.Form.Notice = "演示环境不发短信，验证码是 " + code + "。"
	default:
		page.Form.Notice = "验证码已发到 " + core.MaskPhone(number) + "，10 分钟内有效。"
	}
	return h.show(c, status, "visitorpass/apply", page)
}

// visitApplyForm is what the posted form has beside that of an invitation.
type visitApplyForm struct {
	Act  string `form:"act" max:"8"`
	Code string `form:"code" max:"10"`
	Book string `form:"book" of:"yes"`
	Host string `form:"host" max:"40"`
}

// visitPosterApply sends an application, and leads to its page, which says what becomes of it.
func (h *H5) visitPosterApply(c *web.Context) error {
	var form visitorPassForm
	var more visitApplyForm
	wrong := cmp.Or(c.Bind(&form), c.Bind(&more))
	poster, err := h.store.PosterByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	user, err := h.applicant(c)
	if err != nil {
		return err
	}
	if wrong == nil && (user != 0 || more.Act != "code") { // outside WeChat none is kept with a code: it is chosen again
		wrong = h.keepVisitPhoto(c, &form, user)
	}
	if wrong == nil && more.Act == "code" {
		return h.visitSendCode(c, poster, user, form, more)
	}
	if wrong == nil && h.codes != nil && more.Code != "" {
		wrong = h.store.EnterVisitorCode(c.Ctx(), form.Phone, more.Code)
	}
	var code string
	if wrong == nil {
		v := store.VisitApplication{VisitorPass: form.visit(c.Form(), h.store.Zone()), Poster: poster.Code, Host: more.Host}
		v.Code, v.MustProve = more.Code, h.codes != nil
		if v.Way = core.VisitApplied; more.Book != "" {
			v.Way = core.VisitBooked
		}
		by := c.Actor()
		if user != 0 {
			by.Kind, by.ID = core.ActorWechat, user
		}
		code, wrong = h.store.ApplyVisit(c.Ctx(), by, user, v, form.requestKey(c.Form()))
	}
	switch {
	case wrong == nil:
		return c.Redirect(visitPath + "/" + code)
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	page, err := h.visitPosterPage(c, poster, visitAsked{House: form.House, Book: more.Book})
	if err != nil || page.Form == nil {
		return cmp.Or(err, wrong)
	}
	fields := web.FieldsOf(wrong)
	page.Form.Set(c.Form(), fields)
	if err := h.visitPhotoAgain(c, page.Form, user, form.Kept); err != nil {
		return err
	}
	switch {
	case len(fields) == 0:
		page.Form.Error = core.MessageOf(wrong)
	case page.Form.Wrong() == 0:
		page.Form.Error = cmp.Or(fields["house"], "小区刚修改了要填写的内容，请核对后再提交")
	}
	return h.show(c, web.StatusOf(wrong), "visitorpass/apply", page)
}
