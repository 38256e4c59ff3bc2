package registry

import (
	"html/template"
	"net/http"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentCardRoutes returns the routes of 卡码: the printed code of a resident without a phone.
func (p *Pages) residentCardRoutes() []web.Route {
	edit := web.Need(core.PermResidentEdit)
	const path = frame.ResidentPath + "/:id/card"
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: edit, Handler: p.residentCardShow},
		{Method: http.MethodPost, Path: path, Access: edit, Level: web.Asks, Handler: p.residentCardCreate},
		{Method: http.MethodPost, Path: path + "/revoke", Access: edit, Level: web.Asks, Handler: p.residentCardRevoke},
	}
}

type residentCardPage struct {
	templates.Shell
	Name, Community, House, Phone string
	Image                         template.URL // "" = there is no card
	Printed                       string
	Issue, Revoke                 templates.Submit
	Empty                         templates.Empty
}

// cardHolder returns the resident in the path, if the account may see them.
func (p *Pages) cardHolder(c *web.Context) (store.ResidentRow, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.ResidentRow{}, err
	}
	return p.Store.Resident(c.Ctx(), c.Scope(), id)
}

// residentCardShow shows the card to be printed.
func (p *Pages) residentCardShow(c *web.Context) error {
	r, err := p.cardHolder(c)
	if err != nil {
		return err
	}
	at := frame.ResidentURL(r.ID)
	page := residentCardPage{
		Shell: p.Shell(c, "resident", r.Name+"的卡码"), Name: r.Name, Community: r.CommunityName, House: r.HouseLabel,
		Issue: templates.Submit{Label: "发放卡码", URL: at + "/card", Icon: "qrcode", Ask: true},
		Empty: templates.Empty{
			Icon: "qrcode", Title: "还没有卡码", Text: "给没有手机的住户打印一张码：规则和计次与手机上的码相同，长期有效，丢失时作废重发。",
		},
	}
	page.Crumbs = []templates.Crumb{{Label: "住户", URL: frame.ResidentPath}, {Label: r.Name, URL: at}}
	card, err := p.Store.ResidentCard(c.Ctx(), c.Scope(), r.ID)
	switch {
	case core.IsNotFound(err):
		return p.Page(c, http.StatusOK, "console/resident/card", page)
	case err != nil:
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return err
	}
	picture, err := gate.QRSVG(card.Code)
	if err != nil {
		return err
	}
	page.Image, page.Phone = templates.SVG(picture), community.Phone
	page.Issue.Label = "作废并重新发放"
	page.Revoke = templates.Submit{Label: "作废", URL: at + "/card/revoke", Icon: "ban", Ask: true}
	page.Printed = c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印，" + card.By + " 发放"
	return p.Page(c, http.StatusOK, "console/resident/card", page)
}

func (p *Pages) residentCardCreate(c *web.Context) error {
	r, err := p.cardHolder(c)
	if err != nil {
		return err
	}
	text := r.HouseLabel + " 的住户凭打印的码进出，规则和计次与手机上的码相同。"
	switch _, err := p.Store.ResidentCard(c.Ctx(), c.Scope(), r.ID); {
	case err == nil:
		text += "以前发放的卡码立即作废。"
	case !core.IsNotFound(err):
		return err
	}
	at := frame.ResidentURL(r.ID) + "/card"
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "给“" + r.Name + "”发放卡码？", Text: text,
			Submit: "发放卡码", Effects: []string{"1 个人得到长期有效的码，谁拿到都能用，请只交给本人"},
		},
		Do:   func() error { return p.Store.CreateResidentCard(c.Ctx(), c.Actor(), c.Scope(), r.ID, gate.NewCard()) },
		Done: "已发放“" + r.Name + "”的卡码，请打印。", Back: at,
	})
}

func (p *Pages) residentCardRevoke(c *web.Context) error {
	r, err := p.cardHolder(c)
	if err != nil {
		return err
	}
	at := frame.ResidentURL(r.ID) + "/card"
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "作废“" + r.Name + "”的卡码？", Text: "打印的码立即不能进出。不能恢复，需要时重新发放。", Submit: "作废卡码", Danger: true,
			Effects: []string{"1 个人凭卡码不能再进出"},
		},
		Do:   func() error { return p.Store.RevokeResidentCard(c.Ctx(), c.Actor(), c.Scope(), r.ID) },
		Done: "已作废“" + r.Name + "”的卡码，立即生效。", Back: at,
	})
}
