package account

import (
	"net/http"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// openClientForm is the posted form.
type openClientForm struct {
	Name        string          `form:"name" max:"80"`
	Calls       []core.OpenCall `form:"calls" max:"64"`
	All         bool            `form:"all"`
	Communities []core.ID       `form:"communities"`
	Rate        int             `form:"rate"`
	Seen        int64           `form:"seen"`
}

func (f openClientForm) client(id core.ID) core.OpenClient {
	client := core.OpenClient{
		ID: id, Name: f.Name, Calls: f.Calls, Scope: core.ScopeOf(f.Communities...), Rate: f.Rate, Updated: frame.ShownAt(f.Seen),
	}
	if f.All {
		client.Scope = core.Everywhere
	}
	return client
}

// within refuses communities out of the account's scope.
func (f openClientForm) within(scope core.Scope) error {
	if !scope.Covers(f.client(0).Scope) {
		return core.InvalidFields(map[string]string{"communities": "只能选择您管理的小区"})
	}
	return nil
}

type openClientFormPage struct {
	templates.Shell
	Form templates.Form
}

// openClientFields returns the form of a client.
func (p *Pages) openClientFields(c *web.Context, client core.OpenClient) (templates.Form, error) {
	communities, err := p.Communities(c)
	if err != nil {
		return templates.Form{}, err
	}
	calls := templates.Field{Kind: templates.Checks, Name: "calls", Label: "接口"}
	for _, t := range core.OpenCalls {
		calls.Choices = append(calls.Choices, templates.Choice{Value: string(t.Call), Label: t.Label, Help: t.Help})
	}
	for _, call := range client.Calls {
		calls.Values = append(calls.Values, string(call))
	}
	section := scopeSection(c.Account(), core.Account{Scope: client.Scope}, communities)
	section.Title = "可以调用的小区"
	form := templates.Form{
		Action: frame.OpenClientPath, Cancel: frame.OpenClientPath, CSRF: c.CSRF(), Submit: "添加客户端",
		Sections: []templates.Section{
			{Title: "客户端", Fields: []templates.Field{
				{
					Name: "name", Label: "名称", Value: client.Name, Required: true, Focus: true, MaxLength: core.MaxOpenClientName,
					Autocomplete: "off", Help: "哪个系统来调用，例如“物业收费软件”。",
				},
				calls,
				{
					Name: "rate", Label: "每秒最多", Value: strconv.Itoa(client.Rate), Unit: "次", Required: true, MaxLength: 3, Short: true,
					Autocomplete: "off", Help: "多出的调用让对方稍后再试。",
				},
			}},
			section,
		},
	}
	if client.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.OpenClientURL(client.ID), frame.OpenClientURL(client.ID), "保存"
		form.Seen = templates.Seen(client.Updated)
	}
	return form, nil
}

func (p *Pages) openClientNew(c *web.Context) error {
	return p.openClientFormPage(c, core.OpenClient{Rate: core.DefaultOpenRate}, nil)
}

// openClientCreate adds a client and shows its secret, which this answer alone does.
func (p *Pages) openClientCreate(c *web.Context) error {
	var form openClientForm
	err := c.Bind(&form)
	var id core.ID
	var text string
	if err == nil {
		err = form.within(c.Scope())
	}
	if err == nil {
		id, text, err = p.Store.CreateOpenClient(c.Ctx(), c.Actor(), form.client(0))
	}
	if err != nil {
		return p.openClientFormPage(c, core.OpenClient{Rate: core.DefaultOpenRate}, err)
	}
	client, err := p.Store.OpenClient(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	return p.openSecretPage(c, client, text)
}

func (p *Pages) openClientEdit(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	return p.openClientFormPage(c, client, nil)
}

func (p *Pages) openClientUpdate(c *web.Context) error {
	client, err := p.openClient(c)
	if err != nil {
		return err
	}
	var form openClientForm
	var updated time.Time
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = form.within(c.Scope())
	}
	if wrong == nil {
		updated, wrong = p.Store.UpdateOpenClient(c.Ctx(), c.Actor(), form.client(client.ID))
	}
	if wrong != nil {
		return p.openClientFormPage(c, client, wrong)
	}
	was, err := p.openClientFields(c, client)
	if err != nil {
		return err
	}
	p.Edited(c, "已保存，立即生效。", was, updated)
	return c.Redirect(frame.OpenClientURL(client.ID))
}

func (p *Pages) openClientFormPage(c *web.Context, client core.OpenClient, wrong error) error {
	form, err := p.openClientFields(c, client)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := openClientFormPage{Shell: p.Shell(c, "openclient", "添加客户端"), Form: form}
		if page.Crumbs = openClientCrumbs(); client.ID != 0 {
			page.Title = "修改客户端"
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: client.Name, URL: frame.OpenClientURL(client.ID)})
		}
		return p.Page(c, status, "console/openclient/form", page)
	})
}

// openSecretPage shows a secret that was made just now.
type openSecretPage struct {
	templates.Shell
	Key, Secret, Next string
	Two               bool // an older one is good as well
}

func (p *Pages) openSecretPage(c *web.Context, client core.OpenClient, text string) error {
	page := openSecretPage{
		Shell: p.Shell(c, "openclient", client.Name+"的密钥"), Key: client.Key, Secret: text, Next: frame.OpenClientURL(client.ID),
		Two: len(client.Secrets) > 0 && c.Route().Path != frame.OpenClientPath,
	}
	page.Crumbs = append(openClientCrumbs(), templates.Crumb{Label: client.Name, URL: page.Next})
	return p.Page(c, http.StatusOK, "console/openclient/secret", page)
}
