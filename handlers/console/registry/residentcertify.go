package registry

import (
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentCertifyRoutes returns the routes of 现场核验: certification by staff, and its withdrawal.
func (p *Pages) residentCertifyRoutes() []web.Route {
	certify := web.Need(core.PermResidentCertify)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.ResidentPath + "/:id/certify", Access: certify, Handler: p.residentCertifyForm},
		{
			Method: http.MethodPost, Path: frame.ResidentPath + "/:id/certify", Access: certify,
			Handler: p.residentCertify, Draft: true,
		},
		{Method: http.MethodGet, Path: frame.ResidentPath + "/:id/withdraw", Access: certify, Handler: p.residentWithdrawForm},
		{
			Method: http.MethodPost, Path: frame.ResidentPath + "/:id/withdraw", Access: certify,
			Handler: p.residentWithdraw, Draft: true,
		},
	}
}

func (p *Pages) residentCertifyForm(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/resident/form", p.residentCertifyPage(c, r))
}

func (p *Pages) residentCertify(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	var form struct {
		How  string `form:"how" max:"16"`
		Note string `form:"note" max:"200"`
		Seen int64  `form:"seen"`
	}
	var updated time.Time
	if err = c.Bind(&form); err == nil {
		updated, err = p.Store.CertifyResident(
			c.Ctx(), c.Actor(), c.Scope(), r.ID, frame.ShownAt(form.Seen),
			core.Certification{How: core.CertifiedHow(form.How), Note: form.Note},
		)
	}
	if err != nil {
		page := p.residentCertifyPage(c, r)
		return p.FormPage(c, err, &page.Form, func(status int) error { return p.Page(c, status, "console/resident/form", page) })
	}
	c.ShowFlash(web.Flash{
		Kind: web.FlashSuccess, Message: "已现场核验“" + r.Name + "”，通行证立即可用。没有手机时，由门岗按姓名或房号查找后放行。",
		Undo: c.KeepUndo(frame.ResidentURL(r.ID)+"/withdraw", url.Values{
			"reason": {"核验后立即撤销"}, templates.SeenField: {templates.Seen(updated)},
		}),
	})
	return c.Redirect(frame.ResidentURL(r.ID))
}

func (p *Pages) residentCertifyPage(c *web.Context, r store.ResidentRow) residentFormPage {
	page := p.residentDeskPage(c, r, "现场核验")
	choices := make([]templates.Choice, 0, 4)
	for _, how := range core.CertifiedHows() {
		choices = append(choices, templates.Choice{Value: string(how), Label: how.Label()})
	}
	page.Form.Action, page.Form.Submit = frame.ResidentURL(r.ID)+"/certify", "核验通过"
	page.Form.Seen = templates.Seen(r.Updated)
	page.Form.Sections = []templates.Section{{Fields: append(residentNamed(r), []templates.Field{
		{
			Kind: templates.Radio, Name: "how", Label: "核验依据", Required: true, Choices: choices,
			Help: "请当面核对本人与证件。谁在何时核验会记入操作日志。",
		},
		{
			Name: "note", Label: "说明", MaxLength: core.MaxCertificationText, Autocomplete: "off",
			Help: "选“其他”时必填。不要写证件号。",
		},
	}...)}}
	return page
}

// residentNamed returns whom a form at the desk is about.
func residentNamed(r store.ResidentRow) []templates.Field {
	return []templates.Field{
		{Kind: templates.Static, Name: "who", Label: "住户", Value: r.Name},
		{Kind: templates.Static, Name: "where", Label: "房屋", Value: r.CommunityName + " " + r.HouseLabel},
		{Kind: templates.Static, Name: "number", Label: "手机", Value: r.PhoneText()},
	}
}

func (p *Pages) residentWithdrawForm(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/resident/form", p.residentWithdrawPage(c, r))
}

func (p *Pages) residentWithdraw(c *web.Context) error {
	r, err := p.resident(c)
	if err != nil {
		return err
	}
	var form struct {
		Reason string `form:"reason" max:"200"`
		Seen   int64  `form:"seen"`
	}
	certified := false
	if err = c.Bind(&form); err == nil {
		certified, err = p.Store.WithdrawCertification(c.Ctx(), c.Actor(), c.Scope(), store.Withdrawal{
			Resident: r.ID, Shown: frame.ShownAt(form.Seen), Reason: form.Reason,
		})
	}
	if err != nil {
		page := p.residentWithdrawPage(c, r)
		return p.FormPage(c, err, &page.Form, func(status int) error { return p.Page(c, status, "console/resident/form", page) })
	}
	words := "已撤销现场核验，通行证立即失效。"
	if certified {
		words = "已撤销现场核验。本人在微信里验证过手机号，仍是已认证。"
	}
	c.Flash(web.FlashSuccess, words)
	return c.Redirect(frame.ResidentURL(r.ID))
}

func (p *Pages) residentWithdrawPage(c *web.Context, r store.ResidentRow) residentFormPage {
	page := p.residentDeskPage(c, r, "撤销现场核验")
	page.Form.Action, page.Form.Submit = frame.ResidentURL(r.ID)+"/withdraw", "撤销核验"
	page.Form.Seen = templates.Seen(r.Updated)
	page.Form.Sections = []templates.Section{{Fields: append(residentNamed(r), templates.Field{
		Name: "reason", Label: "撤销原因", Required: true, MaxLength: core.MaxCertificationText, Autocomplete: "off",
		Help: "通行证立即失效；原因会记入操作日志。",
	})}}
	return page
}

// residentDeskPage returns the frame of a form about one resident.
func (p *Pages) residentDeskPage(c *web.Context, r store.ResidentRow, title string) residentFormPage {
	page := residentFormPage{Shell: p.Shell(c, "resident", title)}
	page.Crumbs = []templates.Crumb{{Label: "住户", URL: frame.ResidentPath}, {Label: r.Name, URL: frame.ResidentURL(r.ID)}}
	page.Note = r.CommunityName + " · " + r.HouseLabel
	page.Form = templates.Form{CSRF: page.CSRF, Cancel: frame.ResidentURL(r.ID)}
	return page
}

// deskFacts returns how, by whom and when a resident was certified at the desk; nil if they were not.
func deskFacts(r store.ResidentRow, zone *time.Location) []templates.Fact {
	if r.Certified.IsZero() || r.Desk.How == "" {
		return nil
	}
	facts := []templates.Fact{{
		Label: "现场核验",
		Value: r.Desk.How.Label() + "，" + r.Desk.By + "，" + r.Certified.In(zone).Format("2006-01-02 15:04"),
	}}
	if r.Desk.Note != "" {
		facts = append(facts, templates.Fact{Label: "核验说明", Value: r.Desk.Note})
	}
	return facts
}
