package access

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/photo"
	"tongxing/store"
	"tongxing/templates"
)

const (
	// visitPhotoPath is where the pictures of visitors are sent from.
	visitPhotoPath = frame.VisitorPassPath + "/photo"
	// visitPhotosPerMinute limits the visitors that one account registers: a picture takes a processor for up to a second.
	visitPhotosPerMinute = 30
)

// visitPicture returns the picture that came with the form of a visit.
func visitPicture(c *web.Context) (core.NewPhoto, error) {
	file, err := c.Picture("photo", core.MaxPhotoBytes)
	if err != nil {
		return core.NewPhoto{}, err
	}
	return photo.MakePersonal(c.Ctx(), "photo", file)
}

// visitPictures returns the picture that came with a visit, if one is kept.
func visitPictures(c *web.Context, s *store.Store, visit core.ID) ([]templates.ReviewEvidence, error) {
	photos, err := s.Photos(c.Ctx(), string(core.ReviewVisit), visit)
	var pictures []templates.ReviewEvidence
	for _, photo := range photos {
		pictures = append(pictures, templates.ReviewEvidence{
			Label: "访客照片", URL: c.PhotoURL(visitPhotoPath, photo.ID, core.PhotoWhole),
			Thumb: c.PhotoURL(visitPhotoPath, photo.ID, core.PhotoThumb),
		})
	}
	return pictures, err
}

// visitorPassPhoto sends the picture of a visitor. Opening the whole of one is recorded.
func (p *Pages) visitorPassPhoto(c *web.Context) error {
	return c.SendPhoto(func(stem string) bool { return stem == string(core.ReviewVisit) })
}

// visitorFace returns the address of the picture of a visitor; "" = none is kept. Who may open the visit may open it.
func (p *Pages) visitorFace(c *web.Context, visit core.ID) (string, error) {
	pictures, err := visitPictures(c, p.Store, visit)
	if err != nil || len(pictures) == 0 {
		return "", err
	}
	return pictures[0].URL, nil
}
