package access

import (
	"net/url"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// deskVisit is until when a visit is offered at the desk: the end of the day on which it still has so long.
const deskVisit = time.Hour

type visitorPassFormPage struct {
	templates.Shell
	Form templates.Form
}

// visitorPassForm is the posted form; the community's added fields are read by their names.
type visitorPassForm struct {
	Community core.ID  `form:"community"`
	House     string   `form:"house" max:"250"`
	Name      string   `form:"name" max:"64"`
	Phone     string   `form:"phone" max:"40"`
	IDNumber  string   `form:"id_number" max:"40"`
	Plate     string   `form:"plate" max:"20"`
	People    string   `form:"people" max:"20"`
	Day       core.Day `form:"until"`
	Clock     string   `form:"clock" max:"5"`
	Reason    string   `form:"reason" max:"200"`
	Remark    string   `form:"remark" max:"200"`
}

// visitorPassNew shows the form by which the office registers a visitor at the desk.
func (p *Pages) visitorPassNew(c *web.Context) error {
	at, house, err := p.deskPlace(c)
	if err != nil {
		return err
	}
	return p.visitorPassFormPage(c, at, visitorPassForm{House: house, Name: frame.SoughtName(c), Phone: frame.SoughtPhone(c)}, nil)
}

// deskPlace returns the community of a form at the desk, and the house that the address names in words; "" = none.
func (p *Pages) deskPlace(c *web.Context) (at frame.CommunityChoice, house string, err error) {
	if at, err = p.FormCommunity(c, c.Query("community")); err != nil {
		return at, "", err
	}
	id, err := core.ParseID(c.Query("house"))
	if err != nil || id == 0 {
		return at, "", nil
	}
	h, err := p.Store.House(c.Ctx(), c.Scope(), id)
	if err == nil && at.ID != h.Community {
		at, err = p.CommunityOf(c, h.Community.String())
	}
	return at, h.Label, err
}

func (p *Pages) visitorPassFormPage(c *web.Context, at frame.CommunityChoice, f visitorPassForm, wrong error) error {
	form := templates.Form{
		Action: frame.VisitorPassPath, CSRF: c.CSRF(), Cancel: frame.VisitorPassPath, Submit: "登记访客",
	}
	fields := at.FormFields(frame.VisitorPassPath)
	if at.ID == 0 {
		form.Submit = "下一步" // what is asked of visitors is the community's own
		form.Sections = []templates.Section{{Title: "房屋", Fields: append(fields, deskHouseField("来访房屋", f.House))}}
	} else {
		rule, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID)
		if err != nil {
			return err
		}
		section := templates.Section{Title: "访客", Fields: fields}
		for _, field := range rule.FormOf(core.VisitDesk).Shown() {
			fields := p.visitFields(c, field)
			switch field.Key {
			case "house":
				fields[0] = deskHouseField(field.Label, f.House)
			case "name":
				fields[0].Value = f.Name
			case "phone":
				fields[0].Value = f.Phone
			case "photo":
				fields[0].Value = c.UploadedName("photo")
			}
			section.Fields = append(section.Fields, fields...)
		}
		form.Sections = append(form.Sections, section)
	}
	if why := core.WhyBarred(wrong); why != "" {
		form.See = templates.Action{Label: "查看黑名单", URL: c.SearchURL(frame.VisitorBlockPath, url.Values{
			"community": {at.ID.String()}, "q": {why},
		})}
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := visitorPassFormPage{Shell: p.Shell(c, "visitorpass", "登记访客"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "访客", URL: frame.VisitorPassPath}}
		return p.Page(c, status, "console/visitorpass/form", page)
	})
}

// deskHouseField asks for the house that is visited.
func deskHouseField(label, value string) templates.Field {
	return templates.Field{
		Name: "house", Label: label, Value: value, Required: true, MaxLength: 250, Autocomplete: "off",
		Placeholder: "3栋2单元501", Help: "输入一部分，从列出的房屋里选。", Suggest: frame.HousePath + "/suggest",
	}
}

// visitFields returns the inputs of a field of a community's form.
func (p *Pages) visitFields(c *web.Context, f core.FormField) []templates.Field {
	return web.VisitorField{
		PhoneHelp: "填了手机，访客在微信里验证后可以打开通行证。", Day: core.DayOf(c.Now().Add(deskVisit), p.Store.Zone()),
		Clock: templates.Field{Label: "当天几点", Value: "23:59"},
	}.Fields(f)
}

// visit returns what was filled in; the time is zero if day or clock cannot be read, and −1 people if it is no number of people.
func (f visitorPassForm) visit(posted url.Values, zone *time.Location) core.VisitorPass {
	v := core.VisitorPass{
		Way: core.VisitDesk, Name: f.Name, Phone: f.Phone, IDNumber: f.IDNumber, Plate: f.Plate, Reason: f.Reason, Remark: f.Remark,
		Given: map[string]string{},
	}
	if text := core.Clean(f.People); text != "" {
		var err error
		if v.People, err = strconv.Atoi(text); err != nil || v.People == 0 { // 0 is what nobody filled in
			v.People = -1
		}
	}
	if clock, err := time.Parse("15:04", f.Clock); err == nil && f.Day > 0 {
		day := f.Day.Start(zone)
		v.Until = time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	for name := range posted {
		if (core.FormField{Key: name}).Added() {
			v.Given[name] = posted.Get(name)
		}
	}
	return v
}

func (p *Pages) visitorPassCreate(c *web.Context) error {
	var form visitorPassForm
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	if wrong == nil {
		var id core.ID
		if id, wrong = p.registerVisit(c, at, form); wrong == nil {
			v, err := p.Store.VisitorPass(c.Ctx(), core.ScopeOf(at.ID), id)
			if err != nil {
				return err
			}
			_, certified, err := p.Store.ResidentsOfHouses(c.Ctx(), core.ScopeOf(at.ID), at.ID, []core.ID{v.House})
			if err != nil {
				return err
			}
			c.Flash(web.FlashSuccess, registeredText(certified))
			return c.Redirect(frame.VisitorPassURL(id))
		}
	}
	return p.visitorPassFormPage(c, at, form, wrong)
}

// registeredText returns the words for a visitor who has been registered to a house with so many certified residents.
func registeredText(certified int) string {
	if certified == 0 {
		return "已登记，通行证立即可以使用。本房屋没有已认证的住户，不发通知。"
	}
	return "已登记，通行证立即可以使用，本房屋已认证的住户会收到通知。"
}

func (p *Pages) registerVisit(c *web.Context, at frame.CommunityChoice, form visitorPassForm) (core.ID, error) {
	house, wrong := p.deskHouse(c, at, form.House)
	rule, err := p.Store.VisitorRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return 0, err
	}
	v := form.visit(c.Form(), p.Store.Zone())
	if c.HasUpload("photo") {
		picture, err := visitPicture(c)
		if err != nil && !core.IsInvalid(err) {
			return 0, err
		}
		v.Picture, wrong = &picture, frame.MergeFields(wrong, err)
	}
	_, err = v.Normalized(rule.FormOf(core.VisitDesk), c.Now())
	if wrong = frame.MergeFields(wrong, err); wrong != nil {
		return 0, wrong
	}
	v.House = house
	return p.Store.RegisterVisit(c.Ctx(), c.Actor(), core.ScopeOf(at.ID), v)
}
