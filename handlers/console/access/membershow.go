package access

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/photo"
	"tongxing/templates"
)

// memberPhotoPath is where the pictures of members are sent from.
const memberPhotoPath = frame.MemberPath + "/photo"

// memberPhotosPerMinute limits the pictures of one account: each takes a processor for up to a second.
const memberPhotosPerMinute = 30

type memberShowPage struct {
	templates.Shell
	Detail   templates.Detail
	Passages *frame.PassagePart // nil: no permission
	Photos   []memberPicture
	Edit     bool
	PhotoURL string // the form for another picture; "" = the account may not add one
}

// memberPicture is a picture that is kept of a member, or the place of one.
type memberPicture struct {
	Label, URL, Thumb string // no Thumb = there is none
	Remove            templates.Submit
}

func (p *Pages) memberShow(c *web.Context) error {
	tab, err := frame.DetailTab(c, frame.PassagesTab)
	if err != nil {
		return err
	}
	m, err := p.member(c)
	if err != nil {
		return err
	}
	page := memberShowPage{
		Shell: p.Shell(c, "institution", m.Name), Detail: p.memberDetail(c, m), Edit: c.Has(core.PermInstitutionEdit),
	}
	if m.Wholly {
		page.PhotoURL = frame.MemberURL(m.ID) + "/photo"
	}
	page.Crumbs = memberCrumbs()
	records := core.RecordFilter{Person: m.Person, Kind: core.PassDedicated}
	if page.Passages, err = p.Passages(c, records, tab); err != nil {
		return err
	}
	if page.Edit {
		menu := memberMenu(m, page.CSRF)
		passed, err := p.Store.MemberPassed(c.Ctx(), m.ID)
		if err != nil {
			return err
		}
		remove := templates.Submit{Label: "删除", URL: frame.MemberURL(m.ID) + "/remove", Icon: "trash", Ask: true}
		if passed {
			remove.Off = "已有出入记录"
		}
		menu.Acts = append(menu.Acts, offBeyond(m.Wholly, []templates.Submit{remove})...)
		page.Detail.Actions, menu.Links = menu.Links, nil
		page.Detail.Menu = menu
		page.Photos = memberPictures(c, m)
	}
	if page.Detail.Timeline, err = p.TimelineOfShared(c, "member:"+m.ID.String()); err != nil {
		return err
	}
	frame.SeenBy(page.Detail.Timeline, m.Person)
	tabs := []string{"", "概况"}
	if page.Passages != nil {
		tabs = append(tabs, frame.PassagesTab, "出入记录")
	}
	page.Detail.NewTabs(tab, tabs...)
	return p.Page(c, http.StatusOK, "console/member/show", page)
}

// memberDetail returns the head of the page.
func (p *Pages) memberDetail(c *web.Context, m core.Member) templates.Detail {
	facts := []templates.Fact{
		{Label: "机构", Value: m.InstitutionName, URL: frame.InstitutionURL(m.Institution)},
		{Label: "手机", Value: m.Phone}, {Label: "证件号", Value: m.IDNumber},
		{Label: "有效期", Value: m.From.String() + " 至 " + m.Until.String()},
	}
	if m.IDNumber == "" {
		facts[2].Value = "未登记"
	}
	if m.Remark != "" {
		facts = append(facts, templates.Fact{Label: "备注", Value: m.Remark})
	}
	if m.InstitutionOff {
		facts = append(facts, templates.Fact{Label: "原因", Value: "所属机构已停用"})
	}
	return templates.Detail{
		Path: frame.MemberURL(m.ID), Facts: facts, Badges: []templates.Badge{memberBadge(m, p.Today(c))},
	}
}

func memberPictures(c *web.Context, m core.Member) []memberPicture {
	var pictures []memberPicture
	for _, which := range core.MemberPhotos() {
		picture := memberPicture{Label: which.Label()}
		if id := m.Photos[which]; id != 0 {
			picture.URL = c.PhotoURL(memberPhotoPath, id, core.PhotoWhole)
			picture.Thumb = c.PhotoURL(memberPhotoPath, id, core.PhotoThumb)
			if m.Wholly {
				picture.Remove = templates.Submit{
					Label: "移除", Ask: true, URL: templates.WithQuery(frame.MemberURL(m.ID)+"/photo/remove", nil, "which", string(which)),
				}
			}
		}
		pictures = append(pictures, picture)
	}
	return pictures
}

// memberPhoto sends a picture of a member. Opening the whole of one is recorded.
func (p *Pages) memberPhoto(c *web.Context) error {
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	content, err := p.Store.MemberPhoto(c.Ctx(), c.Actor(), c.Scope(), id, part)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "private, max-age=60")
	return c.Bytes(http.StatusOK, core.PhotoMediaType, content)
}

func (p *Pages) memberPhotoNew(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	return p.memberPhotoFormPage(c, m, nil)
}

// memberPhotoFormPage shows the form for a picture; the camera of a phone can take it.
func (p *Pages) memberPhotoFormPage(c *web.Context, m core.Member, wrong error) error {
	form := memberPhotoForm(c, m)
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := memberFormPage{Shell: p.Shell(c, "institution", "添加照片"), Form: form}
		page.Crumbs = append(memberCrumbs(), templates.Crumb{Label: m.Name, URL: frame.MemberURL(m.ID)})
		return p.Page(c, status, "console/member/photo", page)
	})
}

func memberPhotoForm(c *web.Context, m core.Member) templates.Form {
	form := memberPhotoFields(m)
	form.CSRF = c.CSRF()
	return form
}

func memberPhotoFields(m core.Member) templates.Form {
	// The first that is missing is what is sent next.
	which := core.MemberFace
	for _, photo := range core.MemberPhotos() {
		if m.Photos[photo] == 0 {
			which = photo
			break
		}
	}
	return templates.Form{
		Action: frame.MemberURL(m.ID) + "/photo", Cancel: frame.MemberURL(m.ID), Submit: "保存照片", More: true,
		Sections: []templates.Section{{Fields: []templates.Field{
			{
				Kind: templates.Radio, Name: "which", Label: "照片", Value: string(which), Required: true,
				Choices: templates.ChoicesOf("", core.MemberPhotos(), core.MemberPhoto.Label),
			},
			{
				Kind: templates.Upload, Name: "file", Label: "图片", Required: true, Accept: []string{".jpg", ".jpeg", ".png"},
				MaxBytes: core.MaxPhotoBytes, Help: "手机上可以直接拍照。加密保存，原有的同一张照片被替换。",
			},
		}}},
	}
}

func (p *Pages) memberPhotoCreate(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	var form struct {
		Which core.MemberPhoto `form:"which" max:"16"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = p.memberPhotoSave(c, m, form.Which)
	}
	if wrong != nil {
		return p.memberPhotoFormPage(c, m, wrong)
	}
	return p.Added(c, frame.Added{
		Name: form.Which.Label(), Message: "照片已保存。", Page: frame.MemberURL(m.ID), Another: frame.MemberURL(m.ID) + "/photo",
	})
}

// memberPhotoSave re-encodes the picture that was sent, and keeps it.
func (p *Pages) memberPhotoSave(c *web.Context, m core.Member, which core.MemberPhoto) error {
	file, err := c.Picture("file", core.MaxPhotoBytes)
	if err != nil {
		return err
	}
	made, err := photo.MakePersonal(c.Ctx(), "file", file)
	if err != nil {
		return err
	}
	return p.Store.UpdateMemberPhoto(c.Ctx(), c.Actor(), c.Scope(), m.ID, which, &made)
}

func (p *Pages) memberPhotoRemove(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	which := core.MemberPhoto(c.Request().URL.Query().Get("which"))
	if m.Photos[which] == 0 {
		return core.NotFound("照片不存在，或已移除")
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "移除“" + m.Name + "”的" + which.Label() + "？", Submit: "移除照片", Danger: true,
			Text: "照片从系统里删除，不能恢复；需要时可以重新添加。通行证照常有效。",
		},
		Do:   func() error { return p.Store.UpdateMemberPhoto(c.Ctx(), c.Actor(), c.Scope(), m.ID, which, nil) },
		Done: "已移除" + which.Label() + "。", Back: frame.MemberURL(m.ID),
	})
}

// memberFace returns the address of the face of a member; "" = none is kept, or the account may not see it.
func (p *Pages) memberFace(c *web.Context, member core.ID) (string, error) {
	if !c.Has(core.PermInstitutionEdit) {
		return "", nil
	}
	m, err := p.Store.Member(c.Ctx(), c.Scope(), member)
	if core.IsNotFound(err) {
		return "", nil
	}
	if face := m.Photos[core.MemberFace]; err == nil && face != 0 {
		return c.PhotoURL(memberPhotoPath, face, core.PhotoWhole), nil
	}
	return "", err
}
