package h5

import (
	"slices"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/photo"
	"tongxing/templates"
)

// photoField is the file field of an application's form; photosPerMinute limits the pictures of one person: each takes a
// processor for up to a second.
const (
	photoField      = "photo"
	photosPerMinute = 20
)

// certificationFormPage is the form of an application, with the pictures that are sent so far. An owner of the house never
// sees them (decision 52).
type certificationFormPage struct {
	templates.Phone
	Form       templates.Form
	Photos     []formPicture
	PhotoError string
	Keep       string // where a picture is posted
	Room       int    // for how many more
}

// formPicture is a picture that waits to be used by the form.
type formPicture struct{ ID, Label, Thumb, Remove string }

// showPhotos lets the form show those of some pictures that can be used.
func (h *H5) showPhotos(c *web.Context, page *certificationFormPage, ids []core.ID) error {
	idle, err := h.store.IdlePhotos(c.Ctx(), c.User().ID, ids)
	for i, kept := range idle {
		page.Photos = append(page.Photos, formPicture{
			ID: kept.ID.String(), Label: "照片 " + strconv.Itoa(i+1), Thumb: c.PhotoURL(certificationPhotoPath, kept.ID, core.PhotoThumb),
			Remove: certificationPhotoPath + "/" + kept.ID.String() + "/remove",
		})
	}
	page.Room = max(0, core.PhotosPerForm-len(idle))
	return err
}

// keepPhoto keeps the picture of the form.
func (h *H5) keepPhoto(c *web.Context, form *certificationForm) error {
	if len(form.Photos) >= core.PhotosPerForm {
		return core.InvalidFields(map[string]string{photoField: "最多 9 张照片"})
	}
	file, err := c.Picture(photoField, core.MaxPhotoBytes)
	if err != nil {
		return err
	}
	made, err := photo.MakePersonal(c.Ctx(), photoField, file)
	if err != nil {
		return err
	}
	kept, err := h.store.CreatePhoto(c.Ctx(), c.User().ID, made)
	if core.IsConflict(err) {
		err = core.InvalidFields(map[string]string{photoField: core.MessageOf(err)})
	}
	if err == nil {
		form.Photos = append(form.Photos, kept.ID)
	}
	return err
}

// certificationPhotoCreate keeps a picture for the form that is being filled in, and shows the form with it.
func (h *H5) certificationPhotoCreate(c *web.Context) error {
	form, wrong, err := h.bindCertification(c)
	if err != nil {
		return err
	}
	if wrong == nil {
		wrong = h.keepPhoto(c, &form)
	}
	if wrong != nil && !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	return h.certificationFormAgain(c, form, wrong)
}

// certificationPhotoRemove deletes a picture of the form that is being filled in, and shows the form without it.
func (h *H5) certificationPhotoRemove(c *web.Context) error {
	form, wrong, err := h.bindCertification(c)
	if err != nil {
		return err
	}
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if err := h.store.RemovePhoto(c.Ctx(), c.User().ID, id); err != nil {
		return err
	}
	form.Photos = slices.DeleteFunc(form.Photos, func(kept core.ID) bool { return kept == id })
	return h.certificationFormAgain(c, form, wrong)
}

// certificationPhoto sends a picture that the applicant has sent.
func (h *H5) certificationPhoto(c *web.Context) error {
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	return c.SendOwnPhoto(id, part)
}
