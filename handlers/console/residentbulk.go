package console

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// residentsForm is the ticked rows.
type residentsForm struct {
	IDs []core.ID `form:"id" max:"200"`
}

// ticked gives the ticked residents, each in words; one of another community is
// not found.
func (h *Console) tickedResidents(c *web.Context) (ids []core.ID, words []string, err error) {
	var form residentsForm
	if err := c.Bind(&form); err != nil {
		return nil, nil, err
	}
	for _, id := range form.IDs {
		r, err := h.Store.Resident(c.Ctx(), c.Scope(), id)
		if err != nil {
			return nil, nil, err
		}
		words = append(words, r.Name+"（"+r.HouseLabel+"）")
	}
	const most = 20
	if n := len(words); n > most {
		words = append(words[:most], fmt.Sprintf("等 %d 名", n))
	}
	return form.IDs, words, nil
}

func (h *Console) residentsMoveOut(c *web.Context) error {
	return h.residentsAct(c, templates.Confirm{Submit: "迁出", Text: "通行证立即失效；出入记录保留，以后可重新添加。", Action: residentPath + "/moveout"}, func(ids []core.ID) error {
		return h.Store.MoveOutAll(c.Ctx(), c.Actor(), c.Scope(), ids)
	})
}

func (h *Console) residentsDelete(c *web.Context) error {
	return h.residentsAct(c, templates.Confirm{Submit: "删除", Text: "从登记中永久删除，用于登记有误；有出入记录的不能删除，请改为迁出。", Action: residentPath + "/delete"}, func(ids []core.ID) error {
		return h.Store.DeleteResidents(c.Ctx(), c.Actor(), c.Scope(), ids)
	})
}

// residentsAct does something to the ticked residents after it was asked about.
func (h *Console) residentsAct(c *web.Context, q templates.Confirm, do func(ids []core.ID) error) error {
	ids, words, err := h.tickedResidents(c)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		c.Flash(web.FlashWarning, "没有选择住户。")
		return c.Redirect(residentPath)
	}
	if !confirmed(c) {
		q.Title, q.Effects, q.Danger, q.Cancel, q.Keep = fmt.Sprintf("%s %d 名住户？", q.Submit, len(ids)), words, true, residentPath, c.Form()
		return h.confirm(c, "resident", q)
	}
	if err := do(ids); err != nil {
		return h.backWith(c, err, residentPath)
	}
	c.Flash(web.FlashSuccess, fmt.Sprintf("已%s %d 名住户。", q.Submit, len(ids)))
	return c.Redirect(residentPath)
}
