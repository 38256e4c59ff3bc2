package api

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

// visitNew answers with what a visitor must fill in who applies for a pass to a house, or asks a resident for an appointment.
func (a *API) visitNew(c *web.Context) error {
	var asked struct {
		Community core.ID `form:"community_id"`
		Poster    string  `form:"poster" max:"16"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	var poster core.VisitorPoster
	if asked.Poster != "" {
		var err error
		if poster, err = a.store.PosterByCode(c.Ctx(), asked.Poster); err != nil {
			return err
		}
		asked.Community = poster.Community
	}
	community, err := a.store.Community(c.Ctx(), core.Everywhere, asked.Community)
	if err != nil {
		return err
	}
	rule, err := a.store.VisitorRule(c.Ctx(), core.Everywhere, asked.Community)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Community   namedBody          `json:"community"`
		Gate        string             `json:"gate"`
		Apply       bool               `json:"apply"`
		Appointment bool               `json:"appointment"`
		Fields      []visitorFieldBody `json:"fields"`
		Templates   []string           `json:"subscribe_templates"`
	}{
		namedBody{community.ID, community.Name}, poster.Gate, rule.Apply, rule.Book, formFields(rule.FormOf(core.VisitApplied)),
		a.subscribeTemplates(c, core.MessageVisit),
	})
}

// visitForm is an application of a visitor.
type visitForm struct {
	visitorForm
	Way       core.VisitorWay `json:"way" max:"16"`
	Community core.ID         `json:"community_id"`
	Poster    string          `json:"poster" max:"16"`
	Host      string          `json:"host_phone" max:"40"`
}

// visitCreate applies for a pass to a house, or asks a resident for an appointment.
func (a *API) visitCreate(c *web.Context) error {
	var form visitForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	key, err := requestKey(c, form)
	if err != nil {
		return err
	}
	if form.Way != core.VisitApplied && form.Way != core.VisitBooked {
		return core.InvalidFields(map[string]string{"way": "应为 apply 或 appointment"})
	}
	v := store.VisitApplication{Poster: form.Poster, Host: form.Host}
	if v.VisitorPass, err = form.visit(); err != nil {
		return err
	}
	v.Way, v.Community = form.Way, form.Community
	code, err := a.store.ApplyVisit(c.Ctx(), c.Actor(), c.User().ID, v, key)
	if core.IsNotFound(err) {
		return core.InvalidFields(map[string]string{"community_id": "小区不存在，或海报已停用"})
	}
	if err != nil {
		return err
	}
	visit, err := a.store.VisitByCode(c.Ctx(), code)
	if err != nil {
		return err
	}
	bodies, err := a.guestBodies(c, visit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, appliedBody{bodies[0], code})
}

// appliedBody is an application with the code of its page.
type appliedBody struct {
	guestBody
	Code string `json:"code"`
}

// visitorPassAnswer accepts or declines a visitor who waits for the caller.
func (a *API) visitorPassAnswer(c *web.Context) error {
	own, err := a.ownVisitor(c)
	if err != nil {
		return err
	}
	var form struct {
		Approve bool   `json:"approve"`
		Reason  string `json:"reason" max:"200"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	if err := a.store.AnswerVisit(c.Ctx(), c.Actor(), c.User().ID, core.ReviewDecision{
		ID: own.ID, Approve: form.Approve, Reason: form.Reason,
	}); err != nil {
		return err
	}
	return c.NoContent()
}

// visit returns what was filled in.
func (f visitorForm) visit() (core.VisitorPass, error) {
	v := core.VisitorPass{
		House: f.House, Name: f.Name, Phone: f.Phone, IDNumber: f.IDNumber, Plate: f.Plate,
		Reason: f.Reason, Remark: f.Remark, Photo: f.Photo, Given: map[string]string{},
	}
	if f.People != nil {
		if v.People = *f.People; v.People == 0 { // which is what nobody filled in
			v.People = -1
		}
	}
	for key, answer := range f.Answers {
		if !(core.FormField{Key: key}).Added() {
			return v, core.InvalidFields(map[string]string{"answers": "只写表单另外添加的内容"})
		}
		v.Given[key] = answer
	}
	var err error
	if v.Until, err = time.Parse(time.RFC3339, f.Until); err != nil {
		err = core.InvalidFields(map[string]string{"until": "时间应写作 2026-12-31T20:00:00+08:00"})
	}
	return v, err
}

// formFields returns the fields of a form that are asked for.
func formFields(form core.FormDesign) []visitorFieldBody {
	fields := []visitorFieldBody{}
	for _, f := range form.Shown() {
		body := visitorFieldBody{f.Key, f.Label, f.Use == core.FormRequired, f.Added(), string(f.Kind), f.Choices}
		if body.Choices == nil {
			body.Choices = []string{}
		}
		fields = append(fields, body)
	}
	return fields
}
