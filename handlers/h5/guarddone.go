package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/templates"
)

// donePage is the result, readable at arm's length.
type donePage struct {
	templates.Phone
	Post    core.GuardPost
	Verdict templates.Verdict
	Scanned bool // a code was scanned: the next one is, too
	ByHand  bool // nothing could be decided about the code; a pass can be found without one
	// Urgent are the hidden fields of the way to an urgent release; nil = there is none.
	Urgent []templates.Field
}

func (h *H5) passRelease(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form passageForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Key == "" || form.Text == "" && form.Pass == 0 {
		return core.Invalid("页面已过期，请重新扫码")
	}
	if err := h.readSlip(c, post, &form); err != nil {
		return err
	}
	if err := form.check(post); err != nil {
		if form.direction != core.In {
			form.direction = core.Out
		}
		return h.look(c, post, &form, http.StatusUnprocessableEntity, web.FieldsOf(err))
	}
	if form.forgotItems() { // a slip of the guard's hand: nobody was refused, and nothing is recorded
		return h.look(c, post, &form, http.StatusUnprocessableEntity, needMessages(core.ReasonNeedItems))
	}
	result := h.gate.Release(c.Ctx(), form.passage(c, post))
	d := result.Decision
	if d.Reason == core.ReasonUrgent && result.Repeat { // a repeat may not have the record's words
		if result.Record, err = h.store.AccessRecord(c.Ctx(), core.ScopeOf(post.Community), result.Record.ID); err != nil {
			return err
		}
	}
	if !d.Allowed && form.Act != "refuse" && mayRelease(d) {
		if form.Act == "urgent" { // the rules have changed: it needs a record and no reason
			form.Reason = ""
		}
		form.Key = secret.Hex(12) // the refusal was recorded; what follows is another attempt
		return h.look(c, post, &form, http.StatusUnprocessableEntity, needMessages(d.Reason))
	}
	if form.slip != nil && !d.Allowed && form.Act == "release" && d.Reason == core.ReasonPassUsed {
		form.Key = secret.Hex(12) // another guard has let some of it out meanwhile: what is left is shown
		return h.look(c, post, &form, http.StatusConflict, map[string]string{"item": d.Sentence})
	}
	if form.slip != nil && d.Allowed { // as it is now: sent twice, the same is told again
		if err := h.readSlip(c, post, &form); err != nil {
			return err
		}
	}
	page := donePage{
		Phone: h.phone(c, "登记结果", post.Name), Post: post, Scanned: form.Text != "", Verdict: doneVerdict(&form, result),
	}
	page.Phone.SignOut = "" // not beside a decision
	if page.Scanned && d.Reason == core.ReasonUnavailable {
		page.Scanned, page.ByHand = false, true
	}
	if form.Act != "refuse" && form.Act != "record" && form.Act != "urgent" && mayBeUrgent(post, d) {
		page.Scanned = false // the scanner must not open while the guard decides
		page.Urgent = append(passageKept(&form),
			templates.Field{Kind: templates.Hidden, Name: "direction", Value: string(form.direction)},
			templates.Field{Kind: templates.Hidden, Name: "temp", Value: form.Temp})
	}
	return h.show(c, http.StatusOK, "guard/done", page)
}

// doneVerdict words what became of a form.
func doneVerdict(form *passageForm, result gate.Result) templates.Verdict {
	d, r := result.Decision, result.Record
	v := templates.Verdict{Tone: templates.Good, Title: "已放行", Text: d.Sentence}
	switch {
	case d.Reason == core.ReasonUrgent:
		v.Title, v.Text = "已紧急放行", "已记录原因："+r.Note
	case d.Allowed:
	default:
		v.Tone, v.Title = templates.Bad, "未放行"
		if r.Note != "" {
			v.Text = r.Why()
		}
		if form.Act == "urgent" && d.Reason.MayBeUrgent() { // the tick was removed while the guard wrote
			v.Text += "。本岗不允许紧急放行"
		}
	}
	if form.slip != nil && d.Allowed {
		v.Text = slipReleased(*form.slip, form.Items)
	}
	if r.Name != "" {
		v.Facts = []templates.Fact{
			{Label: "姓名", Value: r.Name}, {Label: r.Kind.Type().Whom, Value: r.HouseLabel}, {Label: "方向", Value: r.Direction.Label()},
		}
	}
	return v
}

func needMessages(reason core.Reason) map[string]string {
	if reason == core.ReasonNeedID {
		return map[string]string{"idno": "请登记身份证号后放行"}
	}
	if reason == core.ReasonNeedItems {
		return map[string]string{"item": "请勾选要放行的物品"}
	}
	return map[string]string{"temp": "请录入体温后放行"}
}
