package registry

import (
	"fmt"
	"slices"
	"strings"

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

// tickedResidents returns the ticked residents, and says who of them has moved out or was deleted since the list was drawn; "" =
// nobody. One of another community is as good as deleted.
func (p *Pages) tickedResidents(c *web.Context) (residents []store.ResidentRow, left string, err error) {
	var form residentsForm
	if err := c.Bind(&form); err != nil {
		return nil, "", err
	}
	ticked := slices.Compact(slices.Sorted(slices.Values(form.IDs)))
	all, err := p.Store.ResidentsByID(c.Ctx(), c.Scope(), ticked)
	if err != nil {
		return nil, "", err
	}
	var out []store.ResidentRow
	for _, r := range all {
		if r.MovedOut.IsZero() {
			residents = append(residents, r)
		} else {
			out = append(out, r)
		}
	}
	var words []string
	if len(out) > 0 {
		words = append(words, frame.Joined(residentText(out))+"已经迁出")
	}
	if n := len(ticked) - len(all); n > 0 {
		words = append(words, fmt.Sprintf("%d 名已不在登记里", n))
	}
	return residents, strings.Join(words, "，"), nil
}

// errResidentsGone is said of somebody who is deleted between the check and the act.
var errResidentsGone = core.Conflict("所选住户中有人刚刚被删除，没有变化，请重新选择")

// residentsThere turns the refusal of an act on several residents of whom one was just deleted into one that says so.
func residentsThere(err error) error {
	if core.IsNotFound(err) {
		return errResidentsGone
	}
	return err
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
	ask := moveOutAsk(c, residents)
	if left != "" {
		ask.Effects = append(ask.Effects, left+"，不在其中")
		left += "，不在其中。"
	}
	return p.Act(c, frame.Act{
		Ask: ask,
		Batch: func() (core.Batch, error) {
			batch, err := p.Store.MoveOutAll(c.Ctx(), c.Actor(), c.Scope(), residentIDsOf(residents))
			return batch, residentsThere(err)
		},
		DoneAll: func(b core.Batch) string {
			return fmt.Sprintf("已迁出 %d 名住户，通行证立即失效。", b.Size) + left
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
	if left != "" {
		ask.Effects = append(ask.Effects, left+"，不在其中")
		left += "，不在其中。"
	}
	return p.Act(c, frame.Act{
		Ask: ask,
		Do: func() error {
			return residentsThere(p.Store.RemoveResidents(c.Ctx(), c.Actor(), c.Scope(), residentIDsOf(residents)))
		},
		Done: fmt.Sprintf("已删除 %d 名住户。", len(residents)) + left, Back: residentActURL(c, ""),
	})
}

// noneTicked redirects to the list with a message, unless err is set.
func (p *Pages) noneTicked(c *web.Context, left string, err error) error {
	if err == nil {
		said := "没有选择住户。"
		if left != "" {
			said = left + "，可能是其他人刚刚操作的。"
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
