package h5

import (
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

// hostHome is a house to which the user may invite somebody.
type hostHome struct {
	store.Pass
	Rule core.VisitorRule
}

// hostHomes returns where the user may invite somebody to: the houses of which they are certified residents, where
// residents may invite. If there are none, why says so.
func (h *H5) hostHomes(c *web.Context) (homes []hostHome, why string, err error) {
	passes, err := h.store.PassesOfUser(c.Ctx(), c.User())
	if err != nil {
		return nil, "", err
	}
	why = "只有已认证的住户可以邀请访客"
	rules := map[core.ID]store.VisitorRule{}
	for _, pass := range passes {
		if pass.Kind != core.PassResident || pass.Person != c.User().Person {
			continue
		}
		rule, ok := rules[pass.Community]
		if !ok {
			if rule, err = h.store.VisitorRule(c.Ctx(), core.Everywhere, pass.Community); err != nil {
				return nil, "", err
			}
			rules[pass.Community] = rule
		}
		if rule.Invite {
			homes = append(homes, hostHome{pass, rule.VisitorRule})
		} else if len(homes) == 0 {
			why = pass.CommunityName + "的住户不能邀请访客，请联系物业"
		}
	}
	return homes, why, nil
}

// newFormKey names one filled form, so that it invites once however often it is sent.
func newFormKey() string { return secret.Hex(12) }

// visitorPassForm is the posted invitation. The form's added fields are read by their keys.
type visitorPassForm struct {
	House    core.ID  `form:"house"`
	Name     string   `form:"name" max:"64"`
	Phone    string   `form:"phone" max:"40"`
	IDNumber string   `form:"id_number" max:"40"`
	Plate    string   `form:"plate" max:"20"`
	People   int      `form:"people"`
	Reason   string   `form:"reason" max:"200"`
	Remark   string   `form:"remark" max:"200"`
	Day      core.Day `form:"until"`
	Clock    string   `form:"clock" max:"5"`
	Key      string   `form:"key" max:"40"`
	Kept     core.ID  `form:"kept_photo"` // the picture of a WeChat user that came with the form before

	picture *core.NewPhoto // of somebody outside WeChat, that came with the form
}

// visitorFormFields are the names of visitorPassForm and visitApplyForm, and that of every form's proof; others are answers to
// added fields.
var visitorFormFields = map[string]bool{
	"house": true, "name": true, "phone": true, "id_number": true, "plate": true, "people": true, "reason": true, "remark": true,
	"until": true, "clock": true, "key": true, "csrf": true, "book": true, "host": true,
	"code": true, "act": true, "photo": true, "kept_photo": true,
}

// visit returns the invitation; the end is zero if day or time cannot be read.
func (f visitorPassForm) visit(posted url.Values, zone *time.Location) core.VisitorPass {
	v := core.VisitorPass{
		House: f.House, Name: f.Name, Phone: f.Phone, IDNumber: f.IDNumber, Plate: f.Plate, People: f.People, Reason: f.Reason,
		Remark: f.Remark, Given: map[string]string{}, Photo: f.Kept, Picture: f.picture,
	}
	if v.People == 0 && core.Clean(posted.Get("people")) != "" { // 0 is what nobody filled in
		v.People = -1
	}
	for name := range posted {
		if !visitorFormFields[name] {
			v.Given[name] = posted.Get(name)
		}
	}
	if clock, err := time.Parse("15:04", f.Clock); err == nil && f.Day > 0 {
		day := f.Day.Start(zone)
		v.Until = time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 59, 0, zone)
	}
	return v
}

// requestKey identifies the form by its key and content: the same key with other content is another form, which a
// browser kept.
func (f visitorPassForm) requestKey(posted url.Values) store.RequestKey {
	if f.Key == "" {
		return store.RequestKey{}
	}
	content := url.Values{}
	for name, values := range posted {
		if name != "csrf" {
			content[name] = values
		}
	}
	return store.RequestKey{Key: "form " + f.Key, Body: content.Encode()}
}

type visitorPassFormPage struct {
	templates.Phone
	Homes  []visitorHome // to choose from first; then there is no form
	Barred string        // that the guard lets no visitor of the house in; "" = the guard does
	Form   templates.Form
}

// visitorHome leads to the form of one house.
type visitorHome struct {
	URL, Label string
}

// visitorPassNew shows the form of the house in the URL, or the choice of a house, since each community has its own form.
func (h *H5) visitorPassNew(c *web.Context) error {
	homes, why, err := h.hostHomes(c)
	if err != nil {
		return err
	}
	if len(homes) == 0 {
		return core.Forbidden(why)
	}
	house, err := core.ParseID(c.Query("house"))
	if err != nil && len(homes) > 1 {
		page := visitorPassFormPage{Phone: h.phone(c, "邀请访客", "到哪里来访？")}
		page.Back = visitorPassPath
		for _, home := range homes {
			page.Homes = append(page.Homes, visitorHome{
				templates.WithQuery(visitorPassPath+"/new", nil, "house", home.House.String()), home.CommunityName + " " + home.HouseLabel,
			})
		}
		return h.show(c, http.StatusOK, "visitorpass/form", page)
	}
	home, err := homeOf(homes, house)
	if err != nil {
		return err
	}
	page, err := h.visitorPassFormPage(c, home)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "visitorpass/form", page)
}

// homeOf returns one of the homes; the only one if none is asked for.
func homeOf(homes []hostHome, house core.ID) (hostHome, error) {
	for _, home := range homes {
		if home.House == house || house == 0 && len(homes) == 1 {
			return home, nil
		}
	}
	return hostHome{}, core.NotFound("房屋不存在")
}

func (h *H5) visitorPassFormPage(c *web.Context, home hostHome) (visitorPassFormPage, error) {
	page := visitorPassFormPage{Phone: h.phone(c, "邀请访客", home.CommunityName+" "+home.HouseLabel)}
	page.Back = visitorPassPath
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "key", Value: newFormKey()}, {Kind: templates.Hidden, Name: "house", Value: home.House.String()},
	}
	for _, f := range home.Rule.FormOf(core.VisitInvited).Shown() {
		fields = append(fields, h.visitorFields(c, f, visited(home.CommunityName+" "+home.HouseLabel))...)
	}
	page.Form = templates.Form{
		Action: visitorPassPath + "/new", CSRF: c.CSRF(), Submit: "邀请访客", Cancel: visitorPassPath,
		Sections: []templates.Section{{Fields: fields}},
	}
	barred, err := h.store.RestrictionsFor(c.Ctx(), home.House)
	if page.Barred = barred.Bars(home.House, "访客", time.Time{}); page.Barred != "" {
		page.Barred += "可以先邀请，限制结束后才能进门。"
	}
	return page, err
}

// visited is the field that says which house was chosen before.
func visited(house string) templates.Field {
	return templates.Field{Kind: templates.Static, Name: "visited", Value: house}
}

// visitorFields returns the inputs of a field of a community's form. house is that of whom or what is visited.
func (h *H5) visitorFields(c *web.Context, f core.FormField, house templates.Field) []templates.Field {
	until := c.Now().Add(visitDefault).In(h.store.Zone())
	return web.VisitorField{
		House: house, PhoneHelp: "填了手机，访客在小程序里也能找到通行码。", Day: core.DayOf(until, h.store.Zone()),
		Clock: templates.Field{Value: until.Format("15:04")},
	}.Fields(f)
}

func (h *H5) visitorPassCreate(c *web.Context) error {
	var form visitorPassForm
	wrong := c.Bind(&form)
	homes, why, err := h.hostHomes(c)
	if err != nil {
		return err
	}
	if len(homes) == 0 {
		return core.Forbidden(why)
	}
	home, err := homeOf(homes, form.House)
	if err != nil {
		return err
	}
	if wrong == nil {
		wrong = h.keepVisitPhoto(c, &form, c.User().ID)
	}
	var own store.OwnVisitor
	if wrong == nil {
		visit := form.visit(c.Form(), h.store.Zone())
		own, wrong = h.store.CreateVisitorPass(c.Ctx(), c.Actor(), c.User().ID, visit, form.requestKey(c.Form()))
	}
	switch {
	case wrong == nil:
		barred, err := h.store.RestrictionsFor(c.Ctx(), home.House)
		if err != nil {
			return err
		}
		if barred.Bars(home.House, "访客", time.Time{}) != "" { // the page says what that means
			c.Flash(web.FlashWarning, "已邀请"+core.Clean(form.Name)+"，但房屋已被限制出入。")
		} else {
			c.Flash(web.FlashSuccess, "已邀请"+core.Clean(form.Name)+"，请把链接发给对方。")
		}
		return c.Redirect(visitorPassURL(own.ID))
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	page, err := h.visitorPassFormPage(c, home)
	if err != nil {
		return err
	}
	fields := web.FieldsOf(wrong)
	page.Form.Set(c.Form(), fields)
	if err := h.visitPhotoAgain(c, &page.Form, c.User().ID, form.Kept); err != nil {
		return err
	}
	switch {
	case len(fields) == 0:
		page.Form.Error = core.MessageOf(wrong)
	case page.Form.Wrong() == 0: // what is wrong is not on the form any more
		page.Form.Error = "小区刚修改了要填写的内容，请核对后再提交"
	}
	return h.show(c, web.StatusOf(wrong), "visitorpass/form", page)
}
