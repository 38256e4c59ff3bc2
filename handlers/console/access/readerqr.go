package access

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const readerQRPath = frame.ReaderPath + "/qr"

// readerBulk returns the bulk actions on ticked readers, which lead back to the list with its filters.
func readerBulk(query url.Values) []templates.Submit {
	at := func(allowed string) string {
		return templates.WithQuery(readerQRPath, query, "allowed", allowed)
	}
	return []templates.Submit{
		{Label: "接受二维码", URL: at("1"), Icon: "check", Ask: true},
		{Label: "不接受二维码", URL: at("0"), Icon: "ban", Ask: true},
		{Label: "导出接入信息", URL: templates.WithQuery(readerSecretsPath, query), Icon: "download", Ask: true},
	}
}

// readerQRForm is the ticked readers; the action is in the button's URL.
type readerQRForm struct {
	IDs     []core.ID `form:"id" max:"500"`
	Allowed string    `form:"allowed" of:"0 1"`
}

// readerQR turns 接受二维码 on or off: that of one reader at once, that of several after a question.
func (p *Pages) readerQR(c *web.Context) error {
	var form readerQRForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	chosen := cmp.Or(form.Allowed, c.Query("allowed"))
	if chosen != "0" && chosen != "1" {
		return core.Invalid("请选择是否接受二维码")
	}
	back := templates.WithQuery(frame.ReaderPath, c.Request().URL.Query(), "allowed", "")
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择读头。")
		return c.Redirect(back)
	}
	allowed := chosen == "1"
	act := frame.Act{
		Back: back,
		Batch: func() (core.Batch, error) {
			return p.Store.SwitchReadersQR(c.Ctx(), c.Actor(), c.Scope(), store.ReaderQR{Readers: form.IDs, Allowed: allowed})
		},
		DoneAll: func(b core.Batch) string { return readerQRDone(b, allowed) },
	}
	if len(form.IDs) > 1 {
		readers, err := p.Store.ReadersByID(c.Ctx(), c.Scope(), form.IDs)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(readers, func(r core.Reader) bool { return r.QRAllowed != allowed }) {
			c.Flash(web.FlashWarning, readerQRDone(core.Batch{}, allowed))
			return c.Redirect(back)
		}
		act.Ask = readerQRQuestion(readers, allowed)
		act.Ask.Keep = url.Values{"id": frame.IDValues(form.IDs)}
	}
	return p.Act(c, act)
}

// readerQRDone reports how many readers were switched.
func readerQRDone(b core.Batch, allowed bool) string {
	words := "不再接受二维码"
	if allowed {
		words = "接受二维码"
	}
	if b.Size == 0 {
		return "没有变化：所选读头已经是“" + words + "”。"
	}
	return fmt.Sprintf("%d 台读头%s，立即生效。", b.Size, words)
}

// readerQRQuestion asks before several readers are switched, with those that it changes.
func readerQRQuestion(readers []core.Reader, allowed bool) templates.Confirm {
	var change []core.Reader
	for _, r := range readers {
		if r.QRAllowed != allowed {
			change = append(change, r)
		}
	}
	n := frame.Grouped(len(change))
	q := templates.Confirm{
		Title: "让 " + n + " 台读头不再接受二维码？", Text: "立即生效：住户扫码不放行，会被请到门岗。可以撤销本次。",
		Submit: "停用 " + n + " 台的二维码", Danger: true,
		Effects: frame.Named(len(change), "台", func(i int) string { return change[i].Name }),
		Typed:   frame.TypedNumber(len(change)),
	}
	if allowed {
		q.Title, q.Submit, q.Danger = "让 "+n+" 台读头接受二维码？", "启用 "+n+" 台的二维码", false
		q.Text = "立即生效：住户扫码即可放行。可以撤销本次。"
	}
	if same := len(readers) - len(change); same > 0 {
		q.Text += fmt.Sprintf("其余 %d 台已经如此，不变。", same)
	}
	return q
}
