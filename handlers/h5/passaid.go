package h5

import (
	"cmp"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// passAidRoutes returns the routes of 紧急出门 and of 帮家人出门.
func (h *H5) passAidRoutes() []web.Route {
	const pass = "/h5/pass/:id"
	return []web.Route{
		{Method: http.MethodGet, Path: pass + "/urgent", Access: web.Resident, Handler: h.urgentAsk},
		{Method: http.MethodPost, Path: pass + "/urgent", Access: web.Resident, Handler: h.urgentDeclare, EachPerMinute: 10},
		{Method: http.MethodGet, Path: pass + "/vouch", Access: web.Resident, Handler: h.vouchList},
		{Method: http.MethodPost, Path: pass + "/vouch", Access: web.Resident, Handler: h.vouchExit, EachPerMinute: 10},
	}
}

type urgentPage struct {
	templates.Phone
	Pass    store.Pass
	Reasons []string
	Reason  templates.Field // another one
}

// urgentAsk asks for the reason, by one tap.
func (h *H5) urgentAsk(c *web.Context) error {
	pass, err := h.ownPass(c)
	if err != nil {
		return err
	}
	return h.urgent(c, pass, http.StatusOK, "", "")
}

func (h *H5) urgent(c *web.Context, pass store.Pass, status int, typed, wrong string) error {
	page := urgentPage{
		Phone: h.phone(c, "紧急出门", pass.CommunityName+" "+pass.HouseLabel), Pass: pass, Reasons: core.UrgentReasons(),
		Reason: templates.Field{Name: "reason", Label: "其他原因", MaxLength: core.MaxUrgentWord, Value: typed, Error: wrong},
	}
	page.Back = "/h5/pass/" + pass.ID.String()
	return h.show(c, status, "pass/urgent", page)
}

// urgentDeclare lets the pass out at any exit for some minutes.
func (h *H5) urgentDeclare(c *web.Context) error {
	pass, err := h.ownPass(c)
	if err != nil {
		return err
	}
	var form struct {
		Preset string `form:"preset" max:"60"`
		Reason string `form:"reason" max:"60"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	reason := cmp.Or(form.Preset, form.Reason)
	switch err := h.store.DeclareUrgent(c.Ctx(), c.Actor(), c.User(), pass.ID, reason); {
	case core.IsInvalid(err):
		return h.urgent(c, pass, http.StatusUnprocessableEntity, form.Reason, web.FieldsOf(err)["reason"])
	case core.IsConflict(err):
		c.Flash(web.FlashWarning, core.MessageOf(err)+"。")
	case err != nil:
		return err
	default:
		c.Flash(web.FlashSuccess, "10 分钟内在任何出口扫码或由门岗核对，都会放行一次。已记录原因，物业会复核。")
	}
	return c.Redirect("/h5/pass/" + pass.ID.String())
}

type vouchPage struct {
	templates.Phone
	Pass   store.Pass
	Family []store.Pass
	Of     string // whose code is shown; "" = of nobody yet
	QR     templates.QR
	Empty  templates.Empty
}

func (h *H5) vouchPage(c *web.Context, id core.ID) (vouchPage, error) {
	own, family, err := h.store.FamilyPasses(c.Ctx(), c.User(), id)
	page := vouchPage{
		Phone: h.phone(c, "帮家人出门", own.CommunityName+" "+own.HouseLabel), Pass: own, Family: family,
		Empty: templates.Empty{Icon: "users", Title: "没有可以帮助的家人", Text: "同一房屋里已认证的家人会列在这里。"},
	}
	page.Back = "/h5/pass/" + own.ID.String()
	return page, err
}

// vouchList shows whom of the house the user may let out.
func (h *H5) vouchList(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	page, err := h.vouchPage(c, id)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "pass/vouch", page)
}

// vouchExit lets a family member out: with the code on this phone, or at a guard who finds them by name.
func (h *H5) vouchExit(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form struct {
		Member core.ID `form:"member"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	member, err := h.store.VouchExit(c.Ctx(), c.Actor(), c.User(), id, form.Member)
	if err != nil {
		return err
	}
	page, err := h.vouchPage(c, id)
	if err != nil {
		return err
	}
	if page.QR, err = h.issue(c, member.ID, templates.QR{Alt: member.Name + "的通行二维码", Text: "请对准扫码机，或请门岗按姓名登记"}); err != nil {
		return err
	}
	page.Of, page.QR.Left = member.Name, 0
	return h.show(c, http.StatusOK, "pass/vouch", page)
}
