package access

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const (
	deskLines   = 4      // of a new form, and how many are added at once
	moreLines   = "more" // the button for that
	deskMinutes = 10     // from now, offered as the time
)

type exitSlipFormPage struct {
	templates.Shell
	Form templates.Form
}

// exitSlipForm is the posted form. Its lines, and the form's added fields, are read by their names.
type exitSlipForm struct {
	Community   core.ID  `form:"community"`
	House       string   `form:"house" max:"250"`
	Name        string   `form:"name" max:"64"`
	Phone       string   `form:"phone" max:"40"`
	Plate       string   `form:"plate" max:"20"`
	Carrier     string   `form:"carrier" max:"200"`
	Destination string   `form:"destination" max:"200"`
	Reason      string   `form:"reason" max:"200"`
	Remark      string   `form:"remark" max:"200"`
	Day         core.Day `form:"planned"`
	Clock       string   `form:"clock" max:"5"`
}

// exitSlipNew shows the form by which the office issues a slip at the desk.
func (p *Pages) exitSlipNew(c *web.Context) error {
	at, house, err := p.deskPlace(c)
	if err != nil {
		return err
	}
	return p.exitSlipFormPage(c, at, exitSlipForm{House: house}, nil)
}

func (p *Pages) exitSlipFormPage(c *web.Context, at frame.CommunityChoice, f exitSlipForm, wrong error) error {
	form, err := p.exitSlipFormOf(c, at, f)
	if err != nil {
		return err
	}
	show := func(status int) error {
		page := exitSlipFormPage{Shell: p.Shell(c, "exitslip", "开出门条"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "出门条", URL: frame.ExitSlipPath}}
		return p.Page(c, status, "console/exitslip/form", page)
	}
	if c.Form().Get("act") == moreLines && (wrong == nil || core.IsInvalid(wrong)) {
		form.Set(c.Form(), nil)
		return show(http.StatusOK)
	}
	return p.FormPage(c, itemsAtFirst(wrong), &form, show)
}

// itemsAtFirst shows what is wrong with the items as a whole at the first.
func itemsAtFirst(wrong error) error {
	fields := web.FieldsOf(wrong)
	if fields["items"] == "" {
		return wrong
	}
	fields["item_1"] = fields["items"]
	delete(fields, "items")
	return core.InvalidFields(fields)
}

func (p *Pages) exitSlipFormOf(c *web.Context, at frame.CommunityChoice, f exitSlipForm) (templates.Form, error) {
	form := templates.Form{
		Action: frame.ExitSlipPath, CSRF: c.CSRF(), Cancel: frame.ExitSlipPath, Submit: "开出门条",
		Sections: []templates.Section{{Title: "房屋", Fields: append(at.FormFields(frame.ExitSlipPath), templates.Field{
			Name: "house", Label: "房屋", Value: f.House, Required: true, MaxLength: 250, Autocomplete: "off",
			Placeholder: "3栋2单元501", Help: "输入一部分，从列出的房屋里选。", Suggest: frame.HousePath + "/suggest",
		})}},
	}
	if at.ID == 0 {
		form.Submit = "下一步" // what is carried out is asked next
		return form, nil
	}
	rule, err := p.Store.ExitRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return form, err
	}
	lines := deskLinesOf(c.Form())
	form.Sections = append(form.Sections, templates.Section{
		Title: "物品", Help: fmt.Sprintf("一行一种，空着的行不算，最多 %d 种。", core.MaxExitItems),
	})
	for n := 1; n <= lines; n++ {
		form.Sections = append(form.Sections, deskLine(n))
	}
	if lines < core.MaxExitItems {
		form.Acts = []templates.Choice{{Value: moreLines, Label: "再加几项"}}
	}
	section := templates.Section{Title: "出门"}
	for _, field := range rule.AtDesk().Shown() {
		section.Fields = append(section.Fields, p.deskFields(c, field)...)
	}
	form.Sections = append(form.Sections, section)
	return form, nil
}

// deskLinesOf returns how many lines a form has: those that were sent, and more if they were asked for.
func deskLinesOf(posted url.Values) int {
	lines := 0
	for posted.Has("item_" + strconv.Itoa(lines+1)) {
		lines++
	}
	if lines == 0 || posted.Get("act") == moreLines {
		lines += deskLines
	}
	return min(lines, core.MaxExitItems)
}

func deskLine(n int) templates.Section {
	at := strconv.Itoa(n)
	return templates.Section{Line: true, Title: "物品 " + at, Fields: []templates.Field{
		{Name: "item_" + at, Label: "名称", MaxLength: core.MaxExitName, Autocomplete: "off"},
		{
			Kind: templates.Number, Name: "count_" + at, Label: "件数", Value: "1", Short: true,
			Min: "1", Max: strconv.Itoa(core.MaxExitCount),
		},
	}}
}

// deskFields returns the inputs of a field of a community's form. The house and the items have their own.
func (p *Pages) deskFields(c *web.Context, f core.FormField) []templates.Field {
	field := templates.Field{Name: f.Key, Label: f.Label, Required: f.Use == core.FormRequired, Autocomplete: "off"}
	switch f.Key {
	case "house", "items", "photo":
		return nil
	case "name":
		field.MaxLength, field.Help = core.MaxName, "谁把物品带出去：住户本人，或搬运的人。"
	case "phone":
		field.Kind, field.MaxLength = templates.Telephone, 40
	case "plate":
		field.MaxLength, field.Placeholder = 20, "京A12345"
	case "planned":
		at := c.Now().Add(deskMinutes * time.Minute).In(p.Store.Zone())
		field.Kind, field.Value, field.Label = templates.Date, core.DayOf(at, p.Store.Zone()).String(), "出门日期"
		return []templates.Field{field, {
			Kind: templates.Time, Name: "clock", Label: "出门时间", Required: true, Value: at.Format("15:04"),
		}}
	case "carrier", "destination", "reason", "remark":
		field.MaxLength = core.MaxExitText
	default:
		return []templates.Field{web.AddedField(field, f)}
	}
	return []templates.Field{field}
}

// deskNames are the names of exitSlipForm and of every form's own; others are lines, or answers to added fields.
var deskNames = map[string]bool{
	"community": true, "house": true, "name": true, "phone": true, "plate": true, "carrier": true, "destination": true,
	"reason": true, "remark": true, "planned": true, "clock": true, "items": true, "act": true, "csrf": true,
}

// slip returns what was filled in; the time is zero if day or clock cannot be read, an amount is 0.
func (f exitSlipForm) slip(posted url.Values, zone *time.Location) core.ExitSlip {
	e := core.ExitSlip{
		Name: f.Name, Phone: f.Phone, Plate: f.Plate, Carrier: f.Carrier, Destination: f.Destination, Reason: f.Reason,
		Remark: f.Remark, Given: map[string]string{},
	}
	if clock, err := time.Parse("15:04", f.Clock); err == nil && f.Day > 0 {
		day := f.Day.Start(zone)
		e.Planned = time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	for name := range posted {
		ofLine := strings.HasPrefix(name, "item_") || strings.HasPrefix(name, "count_")
		if (core.FormField{Key: name}).Added() && !deskNames[name] && !ofLine {
			e.Given[name] = posted.Get(name)
		}
	}
	for n := 1; posted.Has("item_"+strconv.Itoa(n)) && n <= core.MaxExitItems; n++ {
		item := core.ExitItem{Name: posted.Get("item_" + strconv.Itoa(n))}
		item.Count, _ = strconv.Atoi(core.Clean(posted.Get("count_" + strconv.Itoa(n))))
		e.Items = append(e.Items, item)
	}
	return e
}

func (p *Pages) exitSlipCreate(c *web.Context) error {
	var form exitSlipForm
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	if wrong == nil && c.Form().Get("act") != moreLines {
		var id core.ID
		if id, wrong = p.createExitSlip(c, at, form); wrong == nil {
			c.Flash(web.FlashSuccess, "已开出门条，立即可以使用；可以打印交给对方。")
			return c.Redirect(frame.ExitSlipURL(id))
		}
	}
	return p.exitSlipFormPage(c, at, form, wrong)
}

func (p *Pages) createExitSlip(c *web.Context, at frame.CommunityChoice, form exitSlipForm) (core.ID, error) {
	house, wrong := p.deskHouse(c, at, form.House)
	e := form.slip(c.Form(), p.Store.Zone())
	rule, err := p.Store.ExitRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return 0, err
	}
	desk := rule.ExitRule
	desk.Form = desk.AtDesk()
	_, err = e.Normalized(desk, c.Now(), p.Store.Zone())
	if wrong = frame.MergeFields(wrong, err); wrong != nil {
		return 0, wrong
	}
	e.House = house
	return p.Store.CreateExitSlip(c.Ctx(), c.Actor(), core.ScopeOf(at.ID), e)
}

// deskHouse returns the house of a community that a text names.
func (p *Pages) deskHouse(c *web.Context, at frame.CommunityChoice, text string) (core.ID, error) {
	house, err := p.Store.HouseByText(c.Ctx(), c.Scope(), at.ID, text)
	switch {
	case core.IsNotFound(err) && core.Clean(text) == "":
		err = core.InvalidFields(map[string]string{"house": "请填写房屋"})
	case core.IsNotFound(err):
		err = core.InvalidFields(map[string]string{"house": "“" + at.Name + "”没有这套房屋，请核对或先添加房屋"})
	case core.IsInvalid(err):
		err = core.InvalidFields(map[string]string{"house": core.MessageOf(err)})
	}
	return house.ID, err
}
