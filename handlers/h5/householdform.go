package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type householdFormPage struct {
	templates.Phone
	Form templates.Form
}

// householdForm is the posted form of an owner who adds somebody.
type householdForm struct {
	House    core.ID  `form:"house"`
	Name     string   `form:"name" max:"64"`
	Identity string   `form:"identity" max:"16"`
	LeaseDay core.Day `form:"lease_day"`
	Phone    string   `form:"phone" max:"40"`
	Namesake bool     `form:"namesake"`
}

// householdHouse returns the house of an owner that a form is about.
func (h *H5) householdHouse(c *web.Context, house core.ID) (store.Household, error) {
	houses, err := h.store.Households(c.Ctx(), c.User().ID)
	for _, own := range houses {
		if own.House == house {
			return own, nil
		}
	}
	if err == nil {
		err = core.NotFound("房屋不存在")
	}
	return store.Household{}, err
}

func (h *H5) householdNew(c *web.Context) error {
	var asked struct {
		House core.ID `form:"house"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	own, err := h.householdHouse(c, asked.House)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "household/form", h.householdFormPage(c, own))
}

func (h *H5) householdFormPage(c *web.Context, own store.Household) householdFormPage {
	page := householdFormPage{Phone: h.phone(c, "添加家属或租客", own.Place+" "+own.Label)}
	page.Back = householdPath
	page.Form = templates.Form{
		Action: householdPath + "/new", CSRF: c.CSRF(), Submit: "添加住户", Cancel: householdPath,
		Sections: []templates.Section{{Fields: []templates.Field{
			{Kind: templates.Hidden, Name: "house", Value: own.House.String()},
			{Name: "name", Label: "姓名", Required: true, MaxLength: core.MaxName, Autocomplete: "off"},
			{
				Kind: templates.Radio, Name: "identity", Label: "身份", Required: true,
				Choices: templates.ChoicesOf("", core.HouseholdIdentities(), core.Identity.Label),
			},
			{Kind: templates.Date, Name: "lease_day", Label: "租约到期日", Help: "限期租客必填，到期后通行证自动失效。"},
			{
				Name: "phone", Label: "手机", MaxLength: 40, Autocomplete: "off",
				Help: "本人的手机号。没有手机的家属不填，请带本人到物业现场核验。",
			},
		}}},
	}
	return page
}

func (h *H5) householdCreate(c *web.Context) error {
	var form householdForm
	wrong := c.Bind(&form)
	own, err := h.householdHouse(c, form.House)
	if err != nil {
		return err
	}
	r := core.Resident{
		Name: form.Name, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay, Phone: form.Phone, Namesake: form.Namesake,
	}
	if wrong == nil {
		_, wrong = h.store.CreateHouseholdMember(c.Ctx(), c.Actor(), c.User().ID, form.House, r)
	}
	switch {
	case wrong == nil:
		c.Flash(web.FlashSuccess, "已添加"+r.Name+householdNext(r))
		return c.Redirect(householdPath)
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	page := h.householdFormPage(c, own)
	page.Form.Set(c.Form(), web.FieldsOf(wrong))
	if len(web.FieldsOf(wrong)) == 0 {
		page.Form.Error = core.MessageOf(wrong)
	}
	if core.IsNamesake(wrong) {
		page.Form.Anyway = templates.Anyway{Name: "namesake", Label: "仍然添加"}
	}
	return h.show(c, web.StatusOf(wrong), "household/form", page)
}

// householdNext is what somebody who was added does next.
func householdNext(r core.Resident) string {
	if r.OwnPhone() == "" {
		return "。请带本人和身份证件到物业现场核验，之后由门岗查找放行。"
	}
	return "。本人在微信里验证手机号并填写姓名，或在“我的地址与认证”按“确认是我”后，即可使用通行证。"
}
