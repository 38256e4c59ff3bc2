package wechat

import (
	"bytes"
	"context"
	"regexp"

	"github.com/silenceper/wechat/v2/officialaccount/material"
)

// Picture is a file for the platform: PNG, JPEG, GIF or BMP.
type Picture struct {
	Name string // with its extension, which the platform goes by
	Data []byte // at most 10 MiB
}

const maxPicture = 10 << 20

// pictureName matches a name that needs no escaping in a multipart form.
var pictureName = regexp.MustCompile(`(?i)^[a-z0-9_-]{1,64}\.(png|jpe?g|gif|bmp)$`)

func (p Picture) check(api string) error {
	switch {
	case !pictureName.MatchString(p.Name):
		return invalid(api, "the name of a picture is letters and digits, with the extension of a picture")
	case len(p.Data) == 0 || len(p.Data) > maxPicture:
		return invalid(api, "a picture has 1 byte to 10 MiB")
	}
	return nil
}

// UploadPicture puts a picture at the platform for three days and returns its media id, for a reply
// or a customer message. Codes: 40005 not a picture, 40009 too large.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html
func (a *OfficialAccount) UploadPicture(ctx context.Context, p Picture) (string, error) {
	const api = "/cgi-bin/media/upload"
	if err := p.check(api); err != nil {
		return "", err
	}
	var media material.Media
	err := a.app.do(ctx, func(t *trip) (err error) {
		media, err = material.NewMaterial(a.sdk(t)).MediaUploadFromReader(material.MediaTypeImage, p.Name, bytes.NewReader(p.Data))
		return err
	})
	return needed(api, media.MediaID, err)
}

// AddPicture puts a picture into the account's material for good, at most 100,000 of them, and
// returns its media id and its address, which works inside WeChat only. Codes as for UploadPicture;
// 45001 too large, 45009 the quota is used up.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Adding_Permanent_Assets.html
func (a *OfficialAccount) AddPicture(ctx context.Context, p Picture) (mediaID, address string, err error) {
	const api = "/cgi-bin/material/add_material"
	if err := p.check(api); err != nil {
		return "", "", err
	}
	err = a.app.do(ctx, func(t *trip) (err error) {
		mediaID, address, err = material.NewMaterial(a.sdk(t)).AddMaterialFromReader(
			material.MediaTypeImage, p.Name, bytes.NewReader(p.Data))
		return err
	})
	mediaID, err = needed(api, mediaID, err)
	return mediaID, address, err
}

// Material is a picture of the account's material.
type Material struct {
	MediaID string
	Name    string
	URL     string
	Updated int64 // Unix seconds
}

// Materials returns up to 20 pictures of the account's material from an offset, newest first, and how
// many there are.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Get_materials_list.html
func (a *OfficialAccount) Materials(ctx context.Context, offset int) (page []Material, total int, err error) {
	if offset < 0 {
		return nil, 0, invalid("/cgi-bin/material/batchget_material", "an offset is not negative")
	}
	const perPage = 20
	var list material.ArticleList
	err = a.app.do(ctx, func(t *trip) (err error) {
		list, err = material.NewMaterial(a.sdk(t)).BatchGetMaterial(material.PermanentMaterialTypeImage, int64(offset), perPage)
		return err
	})
	for _, item := range list.Item {
		page = append(page, Material{MediaID: item.MediaID, Name: item.Name, URL: item.URL, Updated: item.UpdateTime})
	}
	return page, int(list.TotalCount), err
}

// DeleteMaterial removes a picture from the account's material. Code 40007: it is not there.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Deleting_Permanent_Assets.html
func (a *OfficialAccount) DeleteMaterial(ctx context.Context, mediaID string) error {
	if mediaID == "" {
		return invalid("/cgi-bin/material/del_material", "which picture is not said")
	}
	return a.app.do(ctx, func(t *trip) error { return material.NewMaterial(a.sdk(t)).DeleteMaterial(mediaID) })
}
