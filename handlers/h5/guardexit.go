package h5

import (
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// readExitCode lets a form whose text is the code of an exit slip be about the slip's pass. A code of another community, or that
// nobody has, is left to be what it is: no code of a pass.
func (h *H5) readExitCode(c *web.Context, post core.GuardPost, form *passageForm) error {
	code, ok := core.ReadExitCode(form.Text)
	if !ok {
		return nil
	}
	pass, err := h.store.PassOfExitCode(c.Ctx(), core.ScopeOf(post.Community), code)
	if core.IsNotFound(err) {
		return nil
	}
	if err == nil {
		form.Pass, form.Text = pass, ""
	}
	return err
}

// readSlip reads the slip that a form is about, if it is about one.
func (h *H5) readSlip(c *web.Context, post core.GuardPost, form *passageForm) error {
	if form.Pass == 0 {
		return nil
	}
	slip, err := h.store.ExitSlipOfPass(c.Ctx(), core.ScopeOf(post.Community), form.Pass)
	if core.IsNotFound(err) {
		return nil // somebody who passes
	}
	form.slip = &slip
	return err
}

// lookAtSlip adds to the page what a slip lets out.
func (h *H5) lookAtSlip(c *web.Context, form *passageForm, page *lookPage) error {
	slip, err := h.store.ExitSlipOfPass(c.Ctx(), core.ScopeOf(page.Post.Community), page.Preview.Pass)
	if err != nil {
		return err
	}
	page.Reasons = exitRefusals
	page.Facts = h.exitFacts(slip)[1:] // the name is above
	page.Items = h.exitItems(slip, func(id core.ID, part core.PhotoPart) string {
		return c.PhotoURL("/h5/guard/"+page.Post.ID.String()+"/photo", id, part)
	})
	for i, item := range slip.Items {
		page.Items[i].Tick = item.Left.IsZero() && (page.MayRelease || page.Urgent)
		page.Items[i].Ticked = slices.Contains(form.Items, item.N)
	}
	return nil
}

// exitRefusals are the usual reasons of a guard not to let things out.
var exitRefusals = []string{"物品与出门条不符", "件数不符", "车牌不符", "本人否认", "疑似公共物品"}

// slipReleased words what has left by a slip, as it is now, and what is still there.
func slipReleased(slip core.ExitSlip, items []int) string {
	words := slip.ItemsText(items)
	if rest := slip.Total - slip.Gone(); rest > 0 {
		words += fmt.Sprintf("。还有 %d 项没有出门", rest)
	}
	return words
}

// photoForGuard returns a picture that was shown to a guard: of a member of an institution, of a visitor, or of a thing that is
// carried out of the guard's community.
func (h *H5) photoForGuard(c *web.Context, id core.ID, part core.PhotoPart) ([]byte, error) {
	photo, err := h.store.Photo(c.Ctx(), c.Scope(), id)
	if err == nil && (photo.Use == string(core.ReviewExitSlip) || photo.Use == string(core.ReviewVisit)) {
		return h.store.ViewPhoto(c.Ctx(), c.Actor(), c.Scope(), id, part)
	}
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	return h.store.MemberPhoto(c.Ctx(), c.Actor(), c.Scope(), id, part)
}

// slipLine is a slip in the results of a guard's search.
type slipLine struct {
	Pass                    core.ID
	Name, House, When, Gone string
	State                   templates.Badge
}

// findSlips finds the slips of the post's community by which something leaves still, by a name, a house or an item.
func (h *H5) findSlips(c *web.Context, post core.GuardPost, keyword string) ([]slipLine, error) {
	slips, _, err := h.store.ExitSlips(c.Ctx(), core.ScopeOf(post.Community), store.ExitSlipFilter{
		Community: post.Community, Keyword: keyword, Open: true, Now: c.Now(), Page: store.Page{Limit: maxSearch},
	})
	lines := make([]slipLine, len(slips))
	for i, e := range slips {
		lines[i] = slipLine{
			Pass: e.Pass, Name: e.Name, House: e.HouseLabel, When: h.visitTime(e.Planned) + " 出门", Gone: e.GoneText(),
			State: exitBadge(e.State(c.Now())),
		}
	}
	return lines, err
}
