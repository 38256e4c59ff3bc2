package h5

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	certificationNewPath = certificationPath + "/new"
	addressPath          = certificationPath + "/address"
)

// certificationListPage is 我的地址与认证: where the user lives by the register, and what they have applied for.
type certificationListPage struct {
	templates.Phone
	Addresses []addressLine
	Applied   []appliedLine
	New       string // where to apply for another address
}

// addressLine is one address of the user's.
type addressLine struct {
	House, Place, Identity string
	Certified              templates.Badge
	Next                   string
	Accept                 string // where they say that it is they; "" = they are certified
	Change, Remove         string // "" = an owner's, which the office transfers
}

func (h *H5) certificationList(c *web.Context) error {
	homes, err := h.store.Residences(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	page := certificationListPage{Phone: h.phone(c, "我的地址与认证", ""), New: certificationNewPath}
	page.Back = fronts[web.SurfaceResident]
	for _, r := range homes {
		line := addressLine{
			House: r.HouseLabel, Place: r.CommunityName, Identity: r.Identity.Label(), Certified: web.CertifiedBadge(r.Resident),
			Next: r.NextStep(),
		}
		if r.Certified.IsZero() {
			line.Accept = addressPath + "/" + r.ID.String() + "/accept"
		}
		if r.Identity != core.Owner {
			line.Change, line.Remove = certificationNewPath+"?replaces="+r.ID.String(), addressPath+"/"+r.ID.String()
		}
		page.Addresses = append(page.Addresses, line)
	}
	own, err := h.store.OwnCertifications(c.Ctx(), c.User().ID)
	for _, o := range own {
		page.Applied = append(page.Applied, appliedLine{
			URL: certificationPath + "/" + o.Review.ID.String(), Community: o.Community, House: o.Review.Subject,
			State: outcomeBadge(o.Review.State),
		})
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "certification/list", page)
}

// certificationAsked is the address of the form: the place that is chosen so far, the application that is sent once more,
// and the address that the new one takes the place of.
type certificationAsked struct {
	Community core.ID `form:"community"`
	Node      core.ID `form:"node"`
	House     core.ID `form:"house"`
	Again     core.ID `form:"again"`
	Replaces  core.ID `form:"replaces"`
	Keyword   string  `form:"q" max:"40"` // in the level
}

// url returns the form's address with another place.
func (a certificationAsked) url(community, node, house core.ID) string {
	values := url.Values{}
	for name, id := range map[string]core.ID{
		"community": community, "node": node, "house": house, "again": a.Again, "replaces": a.Replaces,
	} {
		if id != 0 {
			values.Set(name, id.String())
		}
	}
	return certificationNewPath + "?" + values.Encode()
}

// hidden returns the values that the search of a level sends along.
func (a certificationAsked) hidden() []hidden {
	var values []hidden
	for _, v := range []struct {
		name string
		id   core.ID
	}{{"community", a.Community}, {"node", a.Node}, {"again", a.Again}, {"replaces", a.Replaces}} {
		if v.id != 0 {
			values = append(values, hidden{v.name, v.id.String()})
		}
	}
	return values
}

// certificationPickPage is one step on the way to a house.
type certificationPickPage struct {
	templates.Phone
	Heading string
	Places  []templates.Action
	More    bool     // there are further ones
	Ask     string   // what may be typed to search in the level; "" = the level has few
	Search  []hidden // what that form sends besides
	Miss    string   // how to go on if nothing is found
	Keyword string
}

// hidden is a value that a form sends along.
type hidden struct{ Name, Value string }

// The places of a level that a phone shows at once, and from how many it offers to search.
const (
	placesShown  = 200
	placesSearch = 12
)

// certificationNew leads to a house level by level, and shows the form for it.
func (h *H5) certificationNew(c *web.Context) error {
	var asked certificationAsked
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	var was store.OwnCertification
	if asked.Again != 0 {
		var err error
		if was, err = h.store.OwnCertification(c.Ctx(), c.User().ID, asked.Again); err != nil {
			return err
		}
		if asked.House == 0 && asked.Community == 0 {
			asked.Community, asked.House = was.Review.Community, was.House
		}
		if asked.Replaces == 0 {
			if asked.Replaces, err = h.stillReplaced(c, was); err != nil {
				return err
			}
		}
	}
	switch {
	case asked.House != 0:
		page, err := h.certificationFormPage(c, asked, was)
		if err != nil {
			return err
		}
		return h.show(c, http.StatusOK, "certification/form", page)
	case asked.Community != 0:
		return h.certificationPick(c, asked)
	}
	return h.certificationCommunities(c, asked)
}

// idOrNone returns an id as a form sends it back: "" if there is none, for 0 would be an id that nothing has.
func idOrNone(id core.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// stillReplaced returns the address that an application was to take the place of, if it is the applicant's still; 0 = none.
func (h *H5) stillReplaced(c *web.Context, was store.OwnCertification) (core.ID, error) {
	if was.Replaces == 0 {
		return 0, nil
	}
	ties, err := h.store.Residences(c.Ctx(), c.User().ID)
	if !slices.ContainsFunc(ties, func(t store.ResidentRow) bool { return t.ID == was.Replaces }) {
		return 0, err
	}
	return was.Replaces, err
}

func (h *H5) certificationCommunities(c *web.Context, asked certificationAsked) error {
	communities, err := h.store.Communities(c.Ctx(), core.Everywhere)
	if err != nil {
		return err
	}
	page := certificationPickPage{Phone: h.phone(c, "申请认证", ""), Heading: "选择小区"}
	page.Back = certificationPath
	word := core.FoldName(asked.Keyword)
	for _, m := range communities {
		if m.Archived.IsZero() && strings.Contains(core.FoldName(m.Name), word) {
			page.Places = append(page.Places, templates.Action{Label: m.Name, URL: asked.url(m.ID, 0, 0)})
		}
	}
	if asked.Keyword != "" || len(page.Places) >= placesSearch {
		page.Ask, page.Search, page.Miss = "小区名称", asked.hidden(), "请换小区名称里的其他字，或联系物业。"
	}
	page.Places, page.More = page.Places[:min(len(page.Places), placesShown)], len(page.Places) > placesShown
	page.Keyword = asked.Keyword
	return h.show(c, http.StatusOK, "certification/pick", page)
}

func (h *H5) certificationPick(c *web.Context, asked certificationAsked) error {
	level, err := h.store.HouseLevel(c.Ctx(), store.HouseLevelFilter{
		Community: asked.Community, Node: asked.Node, Keyword: asked.Keyword, Limit: placesShown,
	})
	if err != nil {
		return err
	}
	page := certificationPickPage{Phone: h.phone(c, "申请认证", ""), Heading: "选择楼栋和房屋"}
	page.Back = asked.url(0, 0, 0)
	if asked.Node != 0 {
		above, err := h.above(c, asked.Node)
		if err != nil {
			return err
		}
		page.Back = asked.url(asked.Community, above, 0)
	}
	for _, n := range level.Nodes {
		page.Places = append(page.Places, templates.Action{Label: n.Name, URL: asked.url(asked.Community, n.ID, 0)})
	}
	for _, house := range level.Houses {
		page.Places = append(page.Places, templates.Action{Label: house.Name, URL: asked.url(asked.Community, asked.Node, house.ID)})
	}
	page.More, page.Keyword = level.More, asked.Keyword
	if asked.Keyword != "" || len(page.Places) >= placesSearch {
		page.Ask, page.Search = "楼栋或门牌，如 3栋、1502", asked.hidden()
		page.Miss = "请换一个写法，如 3栋、1502 或 3栋2单元1502；或返回逐级选择。"
	}
	if asked.Keyword != "" && len(page.Places) == 0 {
		if page.Places, err = h.wholeAddress(c, asked); err != nil {
			return err
		}
	}
	return h.show(c, http.StatusOK, "certification/pick", page)
}

// above returns the node above another; 0 = none.
func (h *H5) above(c *web.Context, node core.ID) (core.ID, error) {
	n, err := h.store.BuildingNode(c.Ctx(), core.Everywhere, node)
	if core.IsNotFound(err) {
		return 0, nil
	}
	return n.Parent, err
}

// wholeAddress returns the houses of the community that somebody means who types a whole address in the search of one level.
func (h *H5) wholeAddress(c *web.Context, asked certificationAsked) ([]templates.Action, error) {
	hits, _, err := h.store.SearchHouses(c.Ctx(), core.ScopeOf(asked.Community), core.ReadSearch(asked.Keyword))
	places := make([]templates.Action, len(hits))
	for i, hit := range hits {
		places[i] = templates.Action{Label: hit.Label, URL: asked.url(asked.Community, 0, hit.ID)}
	}
	return places, err
}

// certificationFormPage returns the form of an application for a house; was is the one that is sent once more.
func (h *H5) certificationFormPage(
	c *web.Context, asked certificationAsked, was store.OwnCertification,
) (page certificationFormPage, err error) {
	house, err := h.houseLeft(c, asked.House)
	if err != nil {
		return page, err
	}
	page = certificationFormPage{Phone: h.phone(c, "申请认证", house.Label), Keep: certificationPhotoPath, Room: core.PhotosPerForm}
	page.Back = asked.url(house.Community, house.Node, 0)
	section := templates.Section{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "house", Value: house.ID.String()},
		{Kind: templates.Hidden, Name: "again", Value: idOrNone(asked.Again)},
		{Kind: templates.Hidden, Name: "replaces", Value: idOrNone(asked.Replaces)},
		{Kind: templates.Hidden, Name: "key", Value: h.store.NewID().String()},
		{
			Name: "name", Label: "姓名", Required: true, MaxLength: core.MaxName, Autocomplete: "name", Value: was.Review.Name,
			Help: "和物业登记的一致就立即通过，不一致的等审核。",
		},
		{
			Kind: templates.Radio, Name: "identity", Label: "身份", Required: true, Value: string(was.Identity),
			Choices: templates.ChoicesOf("", core.Identities(), core.Identity.Label),
		},
		{Kind: templates.Date, Name: "lease_day", Label: "租约到期日", Help: "限期租客必填。"},
		{Name: "id_number", Label: "证件号", MaxLength: 40, Autocomplete: "off", Help: "可以不填；物业登记了证件号的会一起核对。"},
	}}
	if reason := was.Review.Reason; reason != "" {
		section.Help = "上次没有通过：" + reason + "。"
		if was.Review.Note != "" {
			section.Help += was.Review.Note
		}
	}
	page.Form = templates.Form{
		Action: certificationNewPath, CSRF: c.CSRF(), Submit: "提交申请", Cancel: certificationPath, Sections: []templates.Section{section},
	}
	return page, nil
}

// houseLeft returns a house, or the one that it became part of since the page was opened.
func (h *H5) houseLeft(c *web.Context, id core.ID) (core.House, error) {
	house, err := h.store.House(c.Ctx(), core.Everywhere, id)
	if !core.IsNotFound(err) {
		return house, err
	}
	into, _, err := h.store.FormerHouse(c.Ctx(), core.Everywhere, id)
	if err != nil {
		return house, err
	}
	return h.store.House(c.Ctx(), core.Everywhere, into)
}

// certificationForm is the posted form.
type certificationForm struct {
	House    core.ID   `form:"house"`
	Again    core.ID   `form:"again"`
	Replaces core.ID   `form:"replaces"`
	Key      string    `form:"key" max:"64"`
	Name     string    `form:"name" max:"64"`
	Identity string    `form:"identity" max:"16"`
	LeaseDay core.Day  `form:"lease_day"`
	IDNumber string    `form:"id_number" max:"40"`
	Photos   []core.ID `form:"photos" max:"18"`
}

func (f certificationForm) asked() certificationAsked {
	return certificationAsked{House: f.House, Again: f.Again, Replaces: f.Replaces}
}

// bindCertification reads the posted form, and lets it be for the house that is left of its own.
func (h *H5) bindCertification(c *web.Context) (form certificationForm, wrong, err error) {
	wrong = c.Bind(&form)
	if wrong == nil && form.House != 0 {
		house, err := h.houseLeft(c, form.House)
		if err != nil {
			return form, nil, err
		}
		form.House = house.ID
	}
	return form, wrong, nil
}

func (h *H5) certificationCreate(c *web.Context) error {
	form, wrong, err := h.bindCertification(c)
	if err != nil {
		return err
	}
	key := store.RequestKey{Key: "h5-" + form.Key, Body: c.Form().Encode()}
	if wrong == nil && c.HasUpload(photoField) { // chosen, and not sent yet: without scripts
		wrong = h.keepPhoto(c, &form)
	}
	var own store.OwnCertification
	if wrong == nil {
		own, wrong = h.store.CreateCertification(c.Ctx(), c.Actor(), c.User().ID, core.CertificationRequest{
			House: form.House, Name: form.Name, Identity: core.Identity(form.Identity), LeaseDay: form.LeaseDay,
			IDNumber: form.IDNumber, Photos: form.Photos, Replaces: form.Replaces,
		}, key)
	}
	switch {
	case wrong == nil:
		return c.Redirect(certificationPath + "/" + own.Review.ID.String())
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	return h.certificationFormAgain(c, form, wrong)
}

// certificationFormAgain shows the posted form again, with what is wrong with it if anything is.
func (h *H5) certificationFormAgain(c *web.Context, form certificationForm, wrong error) error {
	page, err := h.certificationFormPage(c, form.asked(), store.OwnCertification{})
	if err != nil {
		return err
	}
	if err := h.showPhotos(c, &page, form.Photos); err != nil {
		return err
	}
	if wrong == nil {
		page.Form.Set(c.Form(), nil)
		return h.show(c, http.StatusOK, "certification/form", page)
	}
	fields := web.FieldsOf(wrong)
	if text := fields["lease_last_day"]; text != "" {
		fields["lease_day"] = text
	}
	page.Form.Set(c.Form(), fields)
	page.Form.Change("key", func(f *templates.Field) { f.Value = h.store.NewID().String() })
	for _, name := range []string{"replaces_id", "house_id"} {
		if fields[name] != "" {
			page.Form.Error = fields[name]
		}
	}
	page.PhotoError = cmp.Or(fields["photos"], fields[photoField])
	if len(fields) == 0 {
		page.Form.Error = core.MessageOf(wrong)
	}
	return h.show(c, web.StatusOf(wrong), "certification/form", page)
}

// address returns one of the user's own addresses that they may leave.
func (h *H5) address(c *web.Context) (store.ResidentRow, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.ResidentRow{}, err
	}
	homes, err := h.store.Residences(c.Ctx(), c.User().ID)
	for _, r := range homes {
		if r.ID == id {
			return r, nil
		}
	}
	if err == nil {
		err = core.NotFound("这个地址已不是您的登记地址")
	}
	return store.ResidentRow{}, err
}

// addressAccept certifies an address that somebody else has registered for the user.
func (h *H5) addressAccept(c *web.Context) error {
	r, err := h.address(c)
	if err != nil {
		return err
	}
	if err := h.store.AcceptHome(c.Ctx(), c.Actor(), c.User().ID, r.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, r.HouseLabel+" 已认证，可以使用通行证了。")
	return c.Redirect(certificationPath)
}

// addressRemoveAsk asks before the user leaves an address.
func (h *H5) addressRemoveAsk(c *web.Context) error {
	r, err := h.address(c)
	if err != nil {
		return err
	}
	confirm := templates.Confirm{
		Title: "删除这个地址？", Text: r.CommunityName + " " + r.HouseLabel + " · " + r.Identity.Label(),
		Effects: []string{"这套房屋的通行证立即失效", "会告诉业主您已搬离", "以后需要时重新申请认证"},
		Action:  addressPath + "/" + r.ID.String() + "/remove", CSRF: c.CSRF(), Keep: url.Values{},
		Submit: "删除地址", Cancel: certificationPath,
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "删除地址", ""), Confirm: confirm})
}

func (h *H5) addressRemove(c *web.Context) error {
	r, err := h.address(c)
	if err != nil {
		return err
	}
	if err := h.store.LeaveHouse(c.Ctx(), c.Actor(), c.User().ID, r.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已删除 "+r.HouseLabel+"，通行证已失效。")
	return c.Redirect(certificationPath)
}
