package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

// lookPage shows whose pass it is and what the rules say, before anything happens.
type lookPage struct {
	templates.Phone
	Post    core.GuardPost
	Preview store.Preview
	Facts   []templates.Fact     // of a visitor, or an exit slip: what the guard compares
	Items   []templates.ExitItem // of an exit slip

	ItemError string // nothing of them is ticked
	Initial   string // of the name
	Photo     string // address of a picture of the holder; "" = none is known
	Verdict   templates.Verdict
	Form      templates.Form
	Kept      []templates.Field // the search or scan shown, for switching the direction
	Ways      []way
	Known     bool // the pass is known: there is something to decide
	// MayRelease is false if the rules refuse, whatever the guard records: there is no button then that
	// says it would.
	MayRelease bool
	ByHand     bool     // the code cannot be read now; a pass can be found without one
	Urgent     bool     // it may be released urgently
	Reasons    []string // usual ones not to release, or to release urgently
}

// way is a direction that the guard may choose.
type way struct {
	Value, Label, Icon string
	Chosen             bool
}

func ways(chosen core.Direction) []way {
	return []way{{"out", "出门", "door-exit", chosen == core.Out}, {"in", "进门", "door-enter", chosen == core.In}}
}

func (h *H5) passPreview(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form passageForm
	if err := c.Bind(&form); err != nil {
		if web.FieldsOf(err)["text"] != "" { // not a text at all, such as the content of a product's code
			return h.post(c, post, http.StatusUnprocessableEntity, core.ReasonTokenForeign.Sentence())
		}
		return err
	}
	if form.Text == "" && form.Pass == 0 {
		return h.post(c, post, http.StatusUnprocessableEntity, "请先扫码，或输入二维码内容")
	}
	if err := h.readExitCode(c, post, &form); err != nil {
		return err
	}
	form.Key = secret.Hex(12)
	if err := form.check(post); err != nil {
		return err
	}
	if form.Pass != 0 {
		if err := h.store.LookAtPass(c.Ctx(), c.Actor(), post, form.Pass); err != nil {
			return err
		}
	}
	return h.look(c, post, &form, http.StatusOK, nil)
}

// look renders the page; messages are by field, if the form is shown again.
func (h *H5) look(c *web.Context, post core.GuardPost, form *passageForm, status int, messages map[string]string) error {
	preview, err := h.gate.Preview(c.Ctx(), form.passage(c, post))
	if err != nil {
		return err
	}
	if form.Direction == "" && preview.Way != "" && preview.Way != form.direction { // the post's preset is for residents
		form.Direction, form.direction = string(preview.Way), preview.Way
		return h.look(c, post, form, status, messages)
	}
	page := lookPage{
		Phone: h.phone(c, "核对通行", post.Name), Post: post, Preview: preview, Initial: initial(preview.Name),
		Known: preview.Pass != 0, Verdict: previewVerdict(preview), MayRelease: mayRelease(preview.Decision),
		Urgent: mayBeUrgent(post, preview.Decision), Reasons: refusals,
	}
	if page.Urgent {
		page.Reasons = urgencies
	}
	if compare := passKinds[preview.Kind].compare; compare != nil {
		if err := compare(h, c, form, &page); err != nil {
			return err
		}
	}
	for _, f := range []templates.Fact{
		{Label: "家人代办", Value: preview.Vouched}, {Label: "紧急出门", Value: preview.UrgentFor},
	} {
		if f.Value != "" {
			page.Facts = append(page.Facts, f)
		}
	}
	page.Phone.Back, page.Phone.SignOut = "/h5/guard/"+post.ID.String(), "" // not beside a decision
	if preview.Photo != 0 {
		page.Photo = c.PhotoURL(page.Phone.Back+"/photo", preview.Photo, core.PhotoThumb)
	}
	page.ByHand = preview.Decision.Reason == core.ReasonUnavailable
	page.Form, page.Kept, page.Ways = passageFields(post, form, preview), passageKept(form), ways(form.direction)
	if page.Items != nil { // things only leave
		page.Ways = nil
	}
	page.Form.CSRF = c.CSRF()
	page.Form.Set(nil, messages)
	if page.MayRelease || page.Urgent { // else there is nothing to tick
		page.ItemError = messages["item"]
	}
	return h.show(c, status, "guard/look", page)
}

// refusals are the usual reasons of a guard not to release.
var refusals = []string{"人证不符", "非本人使用", "体温异常", "未戴口罩", "不配合登记"}

// urgencies are the usual reasons of a guard to release urgently.
var urgencies = []string{"就医急诊", "消防疏散", "照看老人小孩", "抢修抢险"}

// mayBeUrgent reports whether the post may release urgently whom the rules refuse like that.
func mayBeUrgent(post core.GuardPost, d core.Decision) bool {
	return post.Urgent && !d.Allowed && d.Reason.MayBeUrgent()
}

// mayRelease reports whether the rules let a guard release, perhaps after a record.
func mayRelease(d core.Decision) bool {
	return d.Allowed || d.Reason == core.ReasonNeedID || d.Reason == core.ReasonNeedTemp || d.Reason == core.ReasonNeedItems
}

func previewVerdict(s store.Preview) templates.Verdict {
	d := s.Decision
	switch {
	case d.Reason == core.ReasonUnavailable:
		return templates.Verdict{Tone: templates.Bad, Title: "暂时不能核对", Text: "请稍后再扫，或手工登记"}
	case d.Allowed:
		return templates.Verdict{Tone: templates.Good, Title: "可以放行", Text: d.Sentence}
	case d.Reason == core.ReasonNeedItems:
		return templates.Verdict{Tone: templates.Good, Title: "核对物品后放行", Text: "勾选实际出门的物品，没有勾选的下次再放行"}
	case mayRelease(d):
		return templates.Verdict{Tone: templates.Info, Title: "登记后可以放行", Text: d.Sentence}
	}
	return templates.Verdict{Tone: templates.Bad, Title: "不可放行", Text: d.Sentence}
}

// passageKept returns the hidden fields with the pass that is shown.
func passageKept(f *passageForm) []templates.Field {
	if f.Pass != 0 {
		return []templates.Field{{Kind: templates.Hidden, Name: "pass", Value: f.Pass.String()}}
	}
	return []templates.Field{{Kind: templates.Hidden, Name: "text", Value: f.Text}}
}

func passageFields(post core.GuardPost, f *passageForm, s store.Preview) templates.Form {
	fields := append(passageKept(f),
		templates.Field{Kind: templates.Hidden, Name: "key", Value: f.Key},
		templates.Field{Kind: templates.Hidden, Name: "direction", Value: string(f.direction)})
	release, urgent := mayRelease(s.Decision), mayBeUrgent(post, s.Decision)
	if s.Rule.RecordTemp && (release || urgent) {
		fields = append(fields, templates.Field{
			Kind: templates.Number, Name: "temp", Label: "体温", Unit: "℃", Value: f.Temp, Short: true, Required: release,
			Placeholder: "36.5",
		})
	}
	if s.Rule.RecordID && !s.HasIDNumber && release {
		fields = append(fields, templates.Field{
			Name: "idno", Label: "身份证号", Value: f.IDNumber, Required: true, Autocomplete: "off",
		})
	}
	if urgent {
		fields = append(fields, templates.Field{
			Name: "reason", Label: "紧急放行的原因", Value: f.Reason, Placeholder: "紧急放行时填写", MaxLength: 60,
			Help: "会记在出入记录里，并告警。",
		})
	}
	if release {
		fields = append(fields, templates.Field{
			Name: "reason", Label: "不放行的原因", Value: f.Reason, Placeholder: "不放行时填写", MaxLength: 60,
		})
	}
	return templates.Form{Action: "/h5/guard/" + post.ID.String() + "/release", Sections: []templates.Section{{Fields: fields}}}
}

// guardPhoto sends a picture that was shown to this guard: the address is of the guard's session.
func (h *H5) guardPhoto(c *web.Context) error {
	if _, err := h.ownPost(c); err != nil {
		return err
	}
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	content, err := h.photoForGuard(c, id, part)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "private, max-age=60")
	return c.Bytes(http.StatusOK, core.PhotoMediaType, content)
}
