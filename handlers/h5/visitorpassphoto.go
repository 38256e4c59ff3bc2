package h5

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/photo"
	"tongxing/templates"
)

// visitFormBody bounds a visitor's form, which may come with a picture.
const visitFormBody = core.MaxPhotoBytes + 1<<20

// keepVisitPhoto keeps the picture that came with a visitor's form. That of a WeChat user waits for the form to be right; that of
// somebody outside WeChat (0) is kept together with the visit or not at all, since nobody could be told how many they have sent.
func (h *H5) keepVisitPhoto(c *web.Context, form *visitorPassForm, user core.ID) error {
	if user == 0 {
		form.Kept = 0
	}
	if !c.HasUpload("photo") {
		return nil
	}
	file, err := c.Picture("photo", core.MaxPhotoBytes)
	if err != nil {
		return err
	}
	made, err := photo.MakePersonal(c.Ctx(), "photo", file)
	if err != nil {
		return err
	}
	if user == 0 {
		form.picture = &made
		return nil
	}
	kept, err := h.store.CreatePhoto(c.Ctx(), user, made)
	if core.IsConflict(err) {
		return core.InvalidFields(map[string]string{"photo": core.MessageOf(err)})
	}
	if err == nil && form.Kept != 0 {
		err = h.store.RemovePhoto(c.Ctx(), user, form.Kept)
	}
	form.Kept = kept.ID
	return err
}

// visitPhotoAgain lets a form that is shown again say what has become of the picture that came with it.
func (h *H5) visitPhotoAgain(c *web.Context, form *templates.Form, user, kept core.ID) error {
	field, err := form.Field("photo")
	if err != nil { // the form asks for none
		return nil
	}
	var idle []core.Photo
	if kept != 0 {
		if idle, err = h.store.IdlePhotos(c.Ctx(), user, []core.ID{kept}); err != nil {
			return err
		}
	}
	switch {
	case len(idle) > 0:
		form.Change("photo", func(f *templates.Field) {
			f.Required, f.Help = false, "照片已收到。要换一张，请重新选择。"
		})
		form.Sections[0].Fields = append(form.Sections[0].Fields, templates.Field{
			Kind: templates.Hidden, Name: "kept_photo", Value: kept.String(),
		})
	case field.Error == "":
		form.Change("photo", func(f *templates.Field) { f.Value = c.UploadedName("photo") })
	}
	return nil
}
