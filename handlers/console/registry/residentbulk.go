package registry

import (
	"fmt"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentsForm is the ticked rows.
type residentsForm struct {
	IDs []core.ID `form:"id" max:"200"`
}

// tickedResidents returns the ticked residents, and those of them who have moved out since the list was drawn; one of another
// community is NotFound.
func (p *Pages) tickedResidents(c *web.Context) (residents, left []store.ResidentRow, err error) {
	var form residentsForm
	if err := c.Bind(&form); err != nil {
		return nil, nil, err
	}
	all, err := p.Store.ResidentsByID(c.Ctx(), c.Scope(), form.IDs)
	for _, r := range all {
		if r.MovedOut.IsZero() {
			residents = append(residents, r)
		} else {
			left = append(left, r)
		}
	}
	return residents, left, err
}

// leftText says who was ticked and has moved out already; "" = nobody.
func leftText(left []store.ResidentRow) string {
	if len(left) == 0 {
		return ""
	}
	return frame.Joined(residentText(left)) + "已经迁出"
}

func residentIDsOf(residents []store.ResidentRow) []core.ID {
	ids := make([]core.ID, len(residents))
	for i, r := range residents {
		ids[i] = r.ID
	}
	return ids
}

// effectsShown is the maximum number of people named in a confirmation.
const effectsShown = 20

// residentText returns people as text for a confirmation.
func residentText(residents []store.ResidentRow) []string {
	words := make([]string, 0, effectsShown+1)
	for _, r := range residents[:min(effectsShown, len(residents))] {
		words = append(words, r.Name+"（"+r.HouseLabel+"）")
	}
	if n := len(residents); n > effectsShown {
		words = append(words, fmt.Sprintf("等 %d 名", n))
	}
	return words
}

func (p *Pages) residentsMoveOut(c *web.Context) error {
	residents, left, err := p.tickedResidents(c)
	if err != nil || len(residents) == 0 {
		return p.noneTicked(c, left, err)
	}
	ask, gone := moveOutAsk(c, residents), leftText(left)
	if gone != "" {
		ask.Effects = append(ask.Effects, gone+"，不在其中")
		gone += "，不在其中。"
	}
	return p.Act(c, frame.Act{
		Ask: ask,
		Batch: func() (core.Batch, error) {
			return p.Store.MoveOutAll(c.Ctx(), c.Actor(), c.Scope(), residentIDsOf(residents))
		},
		DoneAll: func(b core.Batch) string {
			return fmt.Sprintf("已迁出 %d 名住户，通行证立即失效。", b.Size) + gone
		},
		Back: residentActURL(c, ""),
	})
}

// residentsRemove deletes the ticked residents. It lists those that cannot be deleted because
// something refers to them, and asks about the others, or about moving out if there are none.
func (p *Pages) residentsRemove(c *web.Context) error {
	residents, left, err := p.tickedResidents(c)
	if err != nil || len(residents) == 0 {
		return p.noneTicked(c, left, err)
	}
	held, err := p.Store.ResidentsHeld(c.Ctx(), residentIDsOf(residents))
	if err != nil {
		return err
	}
	var stay, others []store.ResidentRow
	for _, r := range residents {
		if held[r.ID] != "" {
			stay = append(stay, r)
		} else {
			others = append(others, r)
		}
	}
	if len(stay) > 0 {
		return p.Confirm(c, "resident", deleteRefused(c, held, stay, others))
	}
	ask := residentsAsk(c, "删除", "/delete", residents)
	ask.Text = "从登记中永久删除，用于登记有误；不能撤销。"
	if gone := leftText(left); gone != "" {
		ask.Effects = append(ask.Effects, gone+"，不删除")
	}
	return p.Act(c, frame.Act{
		Ask:  ask,
		Do:   func() error { return p.Store.RemoveResidents(c.Ctx(), c.Actor(), c.Scope(), residentIDsOf(residents)) },
		Done: fmt.Sprintf("已删除 %d 名住户。", len(residents)), Back: residentActURL(c, ""),
	})
}

// noneTicked redirects to the list with a message, unless err is set.
func (p *Pages) noneTicked(c *web.Context, left []store.ResidentRow, err error) error {
	if err == nil {
		said := "没有选择住户。"
		if gone := leftText(left); gone != "" {
			said = gone + "，可能是其他人刚刚操作的。"
		}
		c.Flash(web.FlashWarning, said)
		err = c.Redirect(residentActURL(c, ""))
	}
	return err
}

// residentsAsk returns the confirmation of an act on residents.
func residentsAsk(c *web.Context, words, verb string, residents []store.ResidentRow) templates.Confirm {
	keep := map[string][]string{}
	for _, r := range residents {
		keep["id"] = append(keep["id"], r.ID.String())
	}
	return templates.Confirm{
		Title: fmt.Sprintf("%s %d 名住户？", words, len(residents)), Effects: residentText(residents), Keep: keep,
		Action: residentActURL(c, verb), Submit: fmt.Sprintf("%s %d 名住户", words, len(residents)),
		Cancel: residentActURL(c, ""), Danger: true, Typed: frame.TypedNumber(len(residents)),
	}
}

// moveOutWords is what moving out does, and its way back.
const moveOutWords = "通行证立即失效；出入记录保留，30 天内可以恢复居住。"

func moveOutAsk(c *web.Context, residents []store.ResidentRow) templates.Confirm {
	q := residentsAsk(c, "迁出", "/moveout", residents)
	q.Text = moveOutWords
	return q
}

// deleteRefused lists residents that cannot be deleted, with what holds them, and asks what to do instead.
func deleteRefused(c *web.Context, held map[core.ID]core.BatchWhy, stay, others []store.ResidentRow) templates.Confirm {
	q := moveOutAsk(c, stay)
	q.Title = fmt.Sprintf("这 %d 名住户不能删除，改为迁出？", len(stay))
	q.Effects = nil
	if len(others) > 0 {
		q = residentsAsk(c, "删除", "/delete", others)
		q.Title, q.Text = fmt.Sprintf("%d 名住户不能删除，删除其余 %d 名？", len(stay), len(others)), "还没有删除任何人。不能删除的请改为迁出。"
		q.Effects, q.Submit = nil, fmt.Sprintf("删除其余 %d 名", len(others))
	}
	for i, words := range residentText(stay) {
		if i < effectsShown {
			words += "：" + held[stay[i].ID].Label() + "，只能迁出"
		}
		q.Effects = append(q.Effects, words)
	}
	for _, words := range residentText(others) {
		q.Effects = append(q.Effects, words+"：将删除")
	}
	return q
}
