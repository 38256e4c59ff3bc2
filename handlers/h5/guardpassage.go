package h5

import (
	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
)

// passageForm is the guard's posted form.
type passageForm struct {
	Text      string         `form:"text" max:"400"`
	Pass      core.ID        `form:"pass"`
	Direction string         `form:"direction" max:"8"`
	Temp      string         `form:"temp" max:"8"`
	IDNumber  string         `form:"idno" max:"32"`
	Key       string         `form:"key" max:"40"`
	Act       string         `form:"act" max:"16"`
	Reason    string         `form:"reason" max:"60"`
	Items     []int          `form:"item" max:"18"` // of an exit slip, ticked
	direction core.Direction // checked
	temp      int
	slip      *core.ExitSlip // what is let out; nil = it is somebody who passes
}

// check parses the texts. Messages are by field.
func (f *passageForm) check(post core.GuardPost) error {
	fields := map[string]string{}
	switch f.direction = core.Direction(f.Direction); f.direction {
	case core.In, core.Out:
	case "":
		f.direction = post.Direction
	default:
		fields["direction"] = "请选择进或出"
	}
	if f.Temp != "" {
		var ok bool
		if f.temp, ok = tenths(f.Temp); !ok {
			f.temp = 0 // not measured, rather than a fever
			fields["temp"] = "体温应为 34.0 至 42.0 之间的数字，如 36.5"
		}
	}
	if f.IDNumber != "" {
		number, err := core.CheckIDNumber(f.IDNumber)
		if err != nil {
			fields["idno"] = core.MessageOf(err)
		}
		f.IDNumber = number
	}
	f.Reason = core.Clean(f.Reason)
	switch {
	case f.Act == "refuse" && f.Reason == "":
		fields["reason"] = "请写明不放行的原因"
	case f.Act == "urgent" && f.Reason == "":
		fields["reason"] = "请写明紧急放行的原因"
	}
	return core.InvalidFields(fields)
}

// forgotItems reports whether things are to leave by a slip of which none is ticked.
func (f *passageForm) forgotItems() bool {
	return f.slip != nil && (f.Act == "release" || f.Act == "urgent") && f.slip.ItemsText(f.Items) == ""
}

// tenths parses a body temperature.
func tenths(text string) (int, bool) {
	n, ok := core.ParseTenths(text)
	return n, ok && n >= 340 && n <= 420
}

func (f *passageForm) passage(c *web.Context, post core.GuardPost) gate.Passage {
	p := gate.Passage{
		Post: post.ID, Guard: c.Guard().ID, GuardName: c.Guard().Name, FormKey: f.Key, Text: f.Text, Pass: f.Pass,
		By:        c.Actor(),
		Direction: f.direction, TempTenths: f.temp, IDNumber: f.IDNumber,
	}
	if f.slip != nil {
		p.Items, p.ItemWords = f.Items, f.slip.ItemsText(f.Items)
		if f.Act == "refuse" || f.Act == "record" { // nothing of it leaves, whatever is ticked
			p.Items, p.ItemWords = f.slip.Pending(), ""
		}
	}
	switch f.Act {
	case "refuse":
		p.RefusedFor = f.Reason
	case "urgent":
		p.UrgentFor = f.Reason
	case "record": // the rules refused when the guard saw them: it must not release if they have changed since
		p.RefusedFor = "按规则拒绝"
	}
	return p
}
