package frame

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// SetErrors sets messages, by name, on the fields.
func SetErrors(fields []templates.Field, messages map[string]string) {
	for i := range fields {
		fields[i].Error = messages[fields[i].Name]
	}
}

// FormPage shows a form: unchanged if err is nil, otherwise as submitted, with messages and the
// status of err. An error that is not about the form is returned.
func (f *Frame) FormPage(c *web.Context, err error, form *templates.Form, show func(status int) error) error {
	if err == nil {
		return show(http.StatusOK)
	}
	if errors.Is(err, errRedrawn) {
		form.Set(c.Form(), nil)
		return show(http.StatusOK)
	}
	if !IsFormError(err) {
		return err
	}
	fields := web.FieldsOf(err)
	switch {
	case core.IsStale(err):
		form.Error = core.MessageOf(err)
		form.Stale(c.Form())
		return show(web.StatusOf(err))
	case web.IsResumed(err):
		form.Notice = core.MessageOf(err)
	case fields == nil:
		form.Error = core.MessageOf(err)
	}
	form.Set(c.Form(), fields)
	return show(web.StatusOf(err))
}

// errRedrawn is the error of a form that is only to be drawn again.
var errRedrawn = core.Invalid("小区已选定")

// BindForm reads the posted form of something new that belongs to a community as web.Context.Bind does;
// the community must be chosen. A form sent by the choice of its community is not saved: FormPage draws it
// again, with all that was typed. The URL then names the community.
func (f *Frame) BindForm(c *web.Context, dst any) error {
	err := c.Bind(dst)
	if err != nil && !IsFormError(err) || web.IsResumed(err) {
		return err
	}
	chosen := c.Form().Get("community")
	if !Redrawn(c) {
		if chosen == "" || chosen == AllCommunities {
			err = MergeFields(err, core.InvalidFields(map[string]string{"community": ChooseCommunity}))
		}
		return err
	}
	if at, err := url.Parse(c.CameFrom()); err == nil && at.Path != "" && c.IsPartial() {
		c.Header().Set("HX-Replace-Url", templates.WithQuery(at.Path, at.Query(), "community", chosen))
	}
	return errRedrawn
}

// Redrawn reports whether a form was sent by the choice of its community.
func Redrawn(c *web.Context) bool { return c.Form().Get("act") == templates.RedrawAct }

// IsFormError reports whether a form is shown again with err: it names a field, or what was
// sent may be sent once more, with changes or later.
func IsFormError(err error) bool {
	switch core.CodeOf(err) {
	case core.CodeInvalid, core.CodeConflict, core.CodeUnavailable:
		return true
	}
	return web.FieldsOf(err) != nil
}

// Edited shows that an edit is saved, and offers to take it back for ten minutes. was is the form as it
// was before, and updated the state that the edit left, as the edit itself returned it: read later, it
// could be another's. An edit of a field in blind cannot be taken back, since the form does not hold
// what it was.
func (f *Frame) Edited(c *web.Context, message string, was templates.Form, updated time.Time, blind ...string) {
	done := web.Flash{Kind: web.FlashSuccess, Message: message}
	if c.Form().Has(web.UndoneField) {
		done.Message = "已恢复为修改前的内容。"
	}
	lost := slices.ContainsFunc(blind, func(name string) bool { return c.Form().Get(name) != "" })
	if !lost {
		fields := was.Values()
		fields.Set(templates.SeenField, templates.Seen(updated))
		done.Undo = c.KeepUndo(was.Action, fields)
	}
	c.ShowFlash(done)
}

// Added is a thing that a form has added.
type Added struct {
	Name    string // the thing's
	Message string // on its page
	Page    string
	Another string // the form for another one, with what it is likely to have in common with this one
}

// Added leads on to what a form has added, or with 保存并继续添加 to the form for another.
func (f *Frame) Added(c *web.Context, a Added) error {
	if !c.Form().Has(templates.MoreField) {
		c.Flash(web.FlashSuccess, a.Message)
		return c.Redirect(a.Page)
	}
	c.ShowFlash(web.Flash{Kind: web.FlashSuccess, Message: "已添加“" + a.Name + "”。", Link: a.Page})
	return c.Redirect(a.Another)
}

// Suggest answers a field with Suggest while typing.
func (f *Frame) Suggest(c *web.Context, suggestions []templates.Suggestion) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return f.Renderer.RenderBlock(w, "console/confirm/show", "options", suggestions)
	})
}

// ShownAt converts templates.SeenField of a posted edit; 0 = none.
func ShownAt(seen int64) time.Time {
	if seen == 0 {
		return time.Time{}
	}
	return time.UnixMilli(seen)
}

// PhoneField returns the field for a phone number. An existing number is shown masked beside an
// empty field, which is filled in to change it.
func PhoneField(masked string, isNew bool) templates.Field {
	field := templates.Field{Kind: templates.Telephone, Name: "phone", Label: "手机", Required: isNew, MaxLength: 40, Autocomplete: "off"}
	if !isNew {
		field.Placeholder, field.Help = masked, "现为 "+masked+"，不填则不变。"
	}
	return field
}

// MergeFields merges two invalid-form errors; messages of the first win.
func MergeFields(first, second error) error {
	fields := web.FieldsOf(second)
	if first != nil && (fields == nil || web.FieldsOf(first) == nil) {
		return first
	}
	for name, message := range web.FieldsOf(first) {
		fields[name] = message
	}
	return core.InvalidFields(fields)
}

// SwitchValue returns the value of a Switch field.
func SwitchValue(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// IDValues returns ids as form values.
func IDValues(ids []core.ID) []string {
	values := make([]string, len(ids))
	for i, id := range ids {
		values[i] = id.String()
	}
	return values
}
