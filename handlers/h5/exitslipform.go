package h5

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/photo"
	"tongxing/store"
	"tongxing/templates"
)

const (
	exitPicturesAtOnce = 4             // of full size, with one form
	exitLines          = 3             // empty lines of a new form, and how many are added at once
	exitDefault        = 2 * time.Hour // from now, offered as the time
)

// exitHomes returns the houses for which the user may apply. If there are none, why says so.
func (h *H5) exitHomes(c *web.Context) (homes []store.ExitHome, why string, err error) {
	all, err := h.store.ExitHomes(c.Ctx(), c.User().ID)
	why = "只有已认证的住户可以申请出门条"
	for _, home := range all {
		if home.Why == nil {
			homes = append(homes, home)
		} else if len(homes) == 0 {
			why = core.MessageOf(home.Why)
		}
	}
	return homes, why, err
}

type exitSlipFormPage struct {
	templates.Phone
	Homes  []visitorHome // to choose from first; then there is no form
	Barred string        // that the guard lets nothing of the house out; "" = the guard does
	Form   templates.Form
	Items  []exitLine
	Error  string // of the items as a whole
	More   bool   // further lines can be added
	Photo  bool   // pictures of them may be sent
	Must   bool   // one of each must be
}

// exitLine is a line of the form.
type exitLine struct {
	N           int
	Name, Count string
	Kept        string // the id of its picture; "" = none
	Thumb       string
	Photo, Must bool // a picture may be sent, and must be
	Error       string
}

// exitSlipNew shows the form for the house in the URL, or the choice of a house, since each community has its own form.
func (h *H5) exitSlipNew(c *web.Context) error {
	homes, why, err := h.exitHomes(c)
	if err != nil {
		return err
	}
	if len(homes) == 0 {
		return core.Forbidden(why)
	}
	house, err := core.ParseID(c.Query("house"))
	if err != nil && len(homes) > 1 {
		page := exitSlipFormPage{Phone: h.phone(c, "申请出门条", "从哪套房屋带出？")}
		page.Back = exitSlipPath
		for _, home := range homes {
			page.Homes = append(page.Homes, visitorHome{
				templates.WithQuery(exitSlipNewPath, nil, "house", home.House.String()), home.CommunityName + " " + home.Label,
			})
		}
		return h.show(c, http.StatusOK, "exitslip/form", page)
	}
	home, err := exitHomeOf(homes, house)
	if err != nil {
		return err
	}
	page, err := h.exitSlipFormPage(c, home, exitSlipForm{})
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "exitslip/form", page)
}

// exitHomeOf returns one of the homes; the only one if none is asked for.
func exitHomeOf(homes []store.ExitHome, house core.ID) (store.ExitHome, error) {
	for _, home := range homes {
		if home.House == house || house == 0 && len(homes) == 1 {
			return home, nil
		}
	}
	return store.ExitHome{}, core.NotFound("房屋不存在")
}

func (h *H5) exitSlipFormPage(c *web.Context, home store.ExitHome, form exitSlipForm) (exitSlipFormPage, error) {
	use := home.Rule.Form.Use("photo")
	page := exitSlipFormPage{
		Phone: h.phone(c, "申请出门条", home.CommunityName+" "+home.Label), Photo: use != core.FormHidden, Must: use == core.FormRequired,
	}
	page.Back = exitSlipPath
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "key", Value: newFormKey()}, {Kind: templates.Hidden, Name: "house", Value: home.House.String()},
		{Kind: templates.Static, Name: "applicant", Label: "申请人", Value: home.Name},
	}
	for _, f := range home.Rule.Form.Shown() {
		fields = append(fields, h.exitFields(c, f)...)
	}
	page.Form = templates.Form{
		Action: exitSlipNewPath, CSRF: c.CSRF(), Submit: "提交申请", Cancel: exitSlipPath,
		Sections: []templates.Section{{Fields: fields}},
	}
	lines := form.lines
	for len(lines) < exitLines {
		lines = append(lines, exitLine{})
	}
	for i := range lines {
		lines[i].N, lines[i].Photo, lines[i].Must = i+1, page.Photo, page.Must
		if lines[i].Count == "" {
			lines[i].Count = "1"
		}
	}
	page.Items, page.More = lines, len(lines) < core.MaxExitItems
	barred, err := h.store.RestrictionsFor(c.Ctx(), home.House)
	if page.Barred = barred.Bars(home.House, "物品", time.Time{}); page.Barred != "" {
		page.Barred += "可以先申请，限制结束后才能出门。"
	}
	return page, err
}

// exitFields returns the inputs of a field of a community's form. The house, the applicant, the items and their pictures have
// their own.
func (h *H5) exitFields(c *web.Context, f core.FormField) []templates.Field {
	field := templates.Field{Name: f.Key, Label: f.Label, Required: f.Use == core.FormRequired, Autocomplete: "off"}
	switch f.Key {
	case "name", "house", "items", "photo":
		return nil
	case "phone":
		field.Kind, field.MaxLength, field.Required = templates.Telephone, 40, false
		field.Help = "不填就用微信验证的号码；由别人搬运时填搬运人的。"
	case "plate":
		field.MaxLength, field.Placeholder = 20, "京A12345"
	case "planned":
		at := c.Now().Add(exitDefault).In(h.store.Zone()).Truncate(10 * time.Minute)
		field.Kind, field.Value, field.Label = templates.Date, core.DayOf(at, h.store.Zone()).String(), "出门日期"
		return []templates.Field{field, {
			Kind: templates.Time, Name: "clock", Label: "出门时间", Required: true, Value: at.Format("15:04"),
		}}
	case "carrier", "destination", "reason", "remark":
		field.MaxLength = core.MaxExitText
	default:
		return []templates.Field{web.AddedField(field, f)}
	}
	return []templates.Field{field}
}

// exitSlipForm is the posted form. Its lines, and the form's added fields, are read by their names.
type exitSlipForm struct {
	House       core.ID  `form:"house"`
	Phone       string   `form:"phone" max:"40"`
	Plate       string   `form:"plate" max:"20"`
	Carrier     string   `form:"carrier" max:"200"`
	Destination string   `form:"destination" max:"200"`
	Reason      string   `form:"reason" max:"200"`
	Remark      string   `form:"remark" max:"200"`
	Day         core.Day `form:"planned"`
	Clock       string   `form:"clock" max:"5"`
	Key         string   `form:"key" max:"40"`
	Act         string   `form:"act" max:"16"`
	lines       []exitLine
}

// exitFormFields are the names of exitSlipForm and of every form's proof; others are lines, or answers to added fields.
var exitFormFields = map[string]bool{
	"house": true, "phone": true, "plate": true, "carrier": true, "destination": true, "reason": true, "remark": true, "planned": true,
	"clock": true, "key": true, "act": true, "csrf": true,
}

// exitLineFields begin the names of a line's inputs; its number follows.
var exitLineFields = []string{"item_", "count_", "kept_", "photo_"}

// readLines reads the lines of a posted form: as many as there are names.
func (f *exitSlipForm) readLines(posted url.Values) {
	for n := 1; n <= core.MaxExitItems && posted.Has("item_"+strconv.Itoa(n)); n++ {
		at := strconv.Itoa(n)
		line := exitLine{N: n, Name: core.Clean(posted.Get("item_" + at)), Count: core.Clean(posted.Get("count_" + at))}
		if id, err := core.ParseID(posted.Get("kept_" + at)); err == nil && id != 0 {
			line.Kept = id.String()
		}
		f.lines = append(f.lines, line)
	}
}

// slip returns the application; the time is zero if day or clock cannot be read, an amount is 0.
func (f *exitSlipForm) slip(posted url.Values, zone *time.Location) core.ExitSlip {
	e := core.ExitSlip{
		House: f.House, Phone: f.Phone, Plate: f.Plate, Carrier: f.Carrier, Destination: f.Destination, Reason: f.Reason,
		Remark: f.Remark, Given: map[string]string{}, Planned: timeOfDay(f.Day, f.Clock, zone),
	}
	for name := range posted {
		ofLine := slices.ContainsFunc(exitLineFields, func(begin string) bool { return strings.HasPrefix(name, begin) })
		if !exitFormFields[name] && !ofLine {
			e.Given[name] = posted.Get(name)
		}
	}
	for _, line := range f.lines {
		item := core.ExitItem{Name: line.Name}
		item.Count, _ = strconv.Atoi(line.Count)
		item.Photo, _ = core.ParseID(line.Kept)
		e.Items = append(e.Items, item)
	}
	return e
}

// timeOfDay returns a time on a day; zero if one of them cannot be read.
func timeOfDay(day core.Day, clock string, zone *time.Location) time.Time {
	at, err := time.Parse("15:04", clock)
	if err != nil || day <= 0 {
		return time.Time{}
	}
	start := day.Start(zone)
	return time.Date(start.Year(), start.Month(), start.Day(), at.Hour(), at.Minute(), 0, 0, zone)
}

// requestKey identifies the form by its key and content: the same key with other content is another form, which a browser kept.
func (f *exitSlipForm) requestKey(posted url.Values) store.RequestKey {
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

// exitSlipCreate applies, or keeps the pictures and shows the form again with further lines, or without a picture.
func (h *H5) exitSlipCreate(c *web.Context) error {
	var form exitSlipForm
	wrong := c.Bind(&form)
	homes, why, err := h.exitHomes(c)
	if err != nil {
		return err
	}
	if len(homes) == 0 {
		return core.Forbidden(why)
	}
	home, err := exitHomeOf(homes, form.House)
	if err != nil {
		return err
	}
	form.readLines(c.Form())
	if wrong == nil {
		wrong = h.keepExitPhotos(c, &form)
	}
	if wrong == nil && form.Act != "" {
		return h.exitSlipFormAgain(c, home, form, h.exitFormAct(c, &form))
	}
	var id core.ID
	if wrong == nil {
		e := form.slip(c.Form(), h.store.Zone())
		e.House = home.House
		id, wrong = h.store.ApplyExitSlip(c.Ctx(), c.Actor(), c.User().ID, e, form.requestKey(c.Form()))
	}
	if wrong == nil {
		words, err := h.exitSent(c, id)
		if err != nil {
			return err
		}
		c.Flash(web.FlashSuccess, words)
		return c.Redirect(exitSlipURL(id))
	}
	if !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	return h.exitSlipFormAgain(c, home, form, wrong)
}

// exitSent returns in words what comes of a slip that the user has just applied for.
func (h *H5) exitSent(c *web.Context, id core.ID) (string, error) {
	own, err := h.store.OwnExitSlip(c.Ctx(), c.User().ID, id)
	if err != nil || own.Answer == core.ExitWaiting {
		return "已提交，等待审核。", nil
	}
	barred, err := h.store.RestrictionsFor(c.Ctx(), own.House)
	if barred.BarsSlip(own.ExitSlip) != "" { // the page says what that means
		return "已提交，但房屋已被限制出入。", err
	}
	return "已提交，可以直接使用。", err
}

// exitFormAct does what a button of the form is for, beside submitting it.
func (h *H5) exitFormAct(c *web.Context, form *exitSlipForm) error {
	if n, err := strconv.Atoi(strings.TrimPrefix(form.Act, "unphoto_")); err == nil && n >= 1 && n <= len(form.lines) {
		if id, err := core.ParseID(form.lines[n-1].Kept); err == nil {
			form.lines[n-1].Kept = ""
			return h.store.RemovePhoto(c.Ctx(), c.User().ID, id)
		}
	}
	if form.Act == "more" {
		for range exitLines {
			if len(form.lines) < core.MaxExitItems {
				form.lines = append(form.lines, exitLine{})
			}
		}
	}
	return nil
}

// keepExitPhotos keeps the pictures that came with the form.
func (h *H5) keepExitPhotos(c *web.Context, form *exitSlipForm) error {
	fields := map[string]string{}
	for i := range form.lines {
		name := "photo_" + strconv.Itoa(i+1)
		if !c.HasUpload(name) {
			continue
		}
		id, err := h.keepExitPhoto(c, name)
		switch {
		case core.IsInvalid(err) || core.IsConflict(err):
			fields["item_"+strconv.Itoa(i+1)] = core.MessageOf(err)
			if message := web.FieldsOf(err)[name]; message != "" {
				fields["item_"+strconv.Itoa(i+1)] = message
			}
		case err != nil:
			return err
		default:
			form.lines[i].Kept = id.String()
		}
	}
	return core.InvalidFields(fields)
}

func (h *H5) keepExitPhoto(c *web.Context, name string) (core.ID, error) {
	file, err := c.Picture(name, core.MaxPhotoBytes)
	if err != nil {
		return 0, err
	}
	made, err := photo.MakePersonal(c.Ctx(), name, file)
	if err != nil {
		return 0, err
	}
	kept, err := h.store.CreatePhoto(c.Ctx(), c.User().ID, made)
	return kept.ID, err
}

// exitSlipFormAgain shows the posted form again, with what is wrong with it if anything is.
func (h *H5) exitSlipFormAgain(c *web.Context, home store.ExitHome, form exitSlipForm, wrong error) error {
	if wrong != nil && !core.IsInvalid(wrong) && !core.IsConflict(wrong) {
		return wrong
	}
	if err := h.showExitPhotos(c, &form); err != nil {
		return err
	}
	page, err := h.exitSlipFormPage(c, home, form)
	if err != nil {
		return err
	}
	fields := web.FieldsOf(wrong)
	page.Form.Set(c.Form(), fields)
	page.Form.Change("key", func(f *templates.Field) { f.Value = newFormKey() })
	shown := page.Form.Wrong()
	for i, line := range page.Items {
		if message := fields["item_"+strconv.Itoa(line.N)]; message != "" {
			page.Items[i].Error = message
			shown++
		}
	}
	for _, name := range []string{"items", "photos", "house"} {
		if fields[name] != "" {
			page.Error = fields[name]
			shown++
		}
	}
	status := http.StatusOK
	if wrong != nil {
		status = web.StatusOf(wrong)
	}
	switch {
	case wrong == nil:
	case len(fields) == 0:
		page.Form.Error = core.MessageOf(wrong)
	case shown == 0: // what is wrong is not on the form any more
		page.Form.Error = "小区刚修改了要填写的内容，请核对后再提交"
	default:
		page.Form.Error = fmt.Sprintf("有 %d 处需要更正", shown)
	}
	return h.show(c, status, "exitslip/form", page)
}

// showExitPhotos lets the lines show those of their pictures that can be used still.
func (h *H5) showExitPhotos(c *web.Context, form *exitSlipForm) error {
	var ids []core.ID
	for _, line := range form.lines {
		if id, err := core.ParseID(line.Kept); err == nil {
			ids = append(ids, id)
		}
	}
	idle, err := h.store.IdlePhotos(c.Ctx(), c.User().ID, ids)
	for i, line := range form.lines {
		form.lines[i].Kept = ""
		for _, kept := range idle {
			if kept.ID.String() == line.Kept {
				form.lines[i].Kept, form.lines[i].Thumb = line.Kept, c.PhotoURL(exitSlipPhotoPath, kept.ID, core.PhotoThumb)
			}
		}
	}
	return err
}
