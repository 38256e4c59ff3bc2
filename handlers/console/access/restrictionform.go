package access

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// restrictionForm is what the page of a new restriction sends: to be saved, or to its
// preview, which searches for houses, ticks them and reads a list. Only saving restricts
// anything.
type restrictionForm struct {
	Community core.ID `form:"community"`
	Keyword   string  `form:"q" max:"64"`
	Node      core.ID `form:"node"` // of the buildings' tree, whose houses are shown; 0 = none
	Pasted    string  `form:"pasted" text:"lines" max:"60000"`
	Reviewed  string  `form:"reviewed" max:"64"` // digest of the list that was last reviewed with its houses
	Whole     bool    `form:"whole"`             // all houses of the community, instead of Houses
	// AnnouncedMark identifies the restrictions that the question said will be replaced.
	AnnouncedMark string    `form:"announced_mark" max:"64"`
	Announced     []core.ID `form:"announced" max:"500"` // houses whose restriction the page has said will be replaced
	Houses        []core.ID `form:"houses" max:"500"`
	Exits         string    `form:"exits" max:"8"`
	Reason        string    `form:"reason"`
	LastDay       core.Day  `form:"last_day"`
	From          core.Day  `form:"from_day"` // 0 = at once
	Act           string    `form:"act"`      // of the preview: a restrictionAct; rehearsalAct
}

func (f restrictionForm) change(community core.ID) store.RestrictionChange {
	return store.RestrictionChange{
		Community: community, Houses: f.Houses, Whole: f.Whole, Announced: f.Announced,
		AnnouncedMark: f.AnnouncedMark,
		Restriction:   core.Restriction{Exits: exitsOf(f.Exits), Reason: f.Reason, LastDay: f.LastDay},
	}
}

// listDigest returns a digest of a pasted list, by which a change after the review is noticed; "" =
// no list.
func listDigest(pasted string) string {
	if strings.TrimSpace(pasted) == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(pasted)))
	return hex.EncodeToString(sum[:8])
}

// checkReviewed refuses to save a form with a pasted list that has not been reviewed: its houses
// would be left out.
func (f restrictionForm) checkReviewed() error {
	if digest := listDigest(f.Pasted); digest != "" && digest != f.Reviewed {
		return core.InvalidFields(map[string]string{"pasted": "名单还没有核对，请先按“核对名单”"})
	}
	return nil
}

func (p *Pages) restrictionNew(c *web.Context) error {
	community, form := c.Query("community"), restrictionForm{Keyword: c.Query("q")}
	if id, err := core.ParseID(c.Query("house")); err == nil {
		house, err := p.Store.House(c.Ctx(), c.Scope(), id)
		if err != nil {
			return err
		}
		community, form.Houses = house.Community.String(), []core.ID{id}
	}
	at, err := p.FormCommunity(c, community)
	if err != nil {
		return err
	}
	return p.restrictionShow(c, restrictionFacts{At: at, Form: form})
}

func (p *Pages) restrictionCreate(c *web.Context) error {
	if frame.Redrawn(c) {
		return p.restrictionPreview(c)
	}
	f, err := p.restrictionSent(c)
	if err != nil {
		return err
	}
	if c.HasUpload(restrictionFile) { // what its lines were taken for is shown first
		if err := p.restrictionPick(c, &f); err != nil {
			return err
		}
		if f.Wrong == nil {
			f.Wrong = errListRead
		}
		return p.restrictionShow(c, f)
	}
	if f.Wrong == nil {
		f.Wrong = f.Form.checkReviewed()
	}
	if f.Wrong == nil && f.Form.Act == rehearsalAct {
		if err := p.restrictionRehearse(c, &f); err != nil || f.Wrong == nil {
			return err
		}
	}
	var batch core.Batch
	if f.Wrong == nil {
		asked, err := p.restrictionAsk(c, &f)
		if asked || err != nil {
			return err
		}
	}
	if f.Wrong == nil {
		if f.Form.From != 0 {
			_, f.Wrong = p.Store.ScheduleRestrictions(c.Ctx(), c.Actor(), c.Scope(), f.Form.change(f.At.ID), f.Form.From)
		} else {
			batch, f.Wrong = p.Store.CreateRestrictions(c.Ctx(), c.Actor(), c.Scope(), f.Form.change(f.At.ID))
		}
	}
	if core.IsNotFound(f.Wrong) {
		if err := p.restrictionThere(c, &f); err != nil {
			return err
		}
		if f.Gone > 0 {
			f.Wrong = errRestrictedGone
		}
	}
	if f.Wrong != nil {
		return p.restrictionShow(c, f)
	}
	gone := goneText(f.Gone)
	if gone != "" {
		gone += "。"
	}
	if f.Form.From != 0 {
		c.Flash(web.FlashDone, planSaid(core.RulePlanTerm{From: f.Form.From})+gone)
		return c.Redirect(f.At.URL(frame.RestrictionPath))
	}
	said := "已限制 " + frame.Grouped(batch.Size) + " 套房屋的出入，立即生效。"
	if f.Form.change(f.At.ID).Exits == 0 {
		said = "已把 " + frame.Grouped(batch.Size) + " 套房屋的出门次数改为不限，立即生效。"
	}
	missing, missed := missedAfter(c, f.At.ID, f.Told)
	p.ActedMissing(c, said+gone+missing, batch, missed)
	return c.Redirect(f.At.URL(frame.RestrictionPath))
}

// restrictionRehearse tries the restriction of a valid form.
func (p *Pages) restrictionRehearse(c *web.Context, f *restrictionFacts) error {
	change := f.Form.change(f.At.ID)
	_, err := p.Store.PlanRestrictions(c.Ctx(), c.Scope(), change)
	if frame.IsFormError(err) {
		f.Wrong = err
		return nil
	}
	if err != nil {
		return err
	}
	rule, err := p.Store.PassRule(c.Ctx(), c.Scope(), f.At.ID)
	if err != nil {
		return err
	}
	return p.rehearse(c, f.At, core.UsualRehearsalDays, core.RehearsalDraft{
		Rule: rule.PassRule, Houses: change.Houses, Whole: change.Whole, Restriction: change.Restriction,
		Term: core.RulePlanTerm{From: f.Form.From},
	})
}

// restrictionAsk asks with the numbers of a valid form, and reports whether it did.
func (p *Pages) restrictionAsk(c *web.Context, f *restrictionFacts) (asked bool, err error) {
	change := f.Form.change(f.At.ID)
	plan, err := p.Store.PlanRestrictions(c.Ctx(), c.Scope(), change)
	if f.Form.From != 0 && (err == nil || frame.IsFormError(err)) {
		err = frame.MergeFields(err, p.Store.CheckRestrictionPlan(c.Ctx(), c.Scope(), change, f.Form.From))
	}
	if frame.IsFormError(err) {
		f.Wrong = err
		return false, nil
	}
	if err != nil {
		return false, err
	}
	houses := change.Houses
	if change.Whole {
		houses = nil
	}
	if f.Told, err = p.forecast(c, f.At.ID, houses, f.Form.From); err != nil {
		return false, err
	}
	q := restrictionQuestion(f.At, change, plan, f.Told, f.Form.From, c.Form())
	if change.Whole {
		q.All = &templates.Action{Label: "查看全部房屋", URL: f.At.URL(frame.HousePath)}
	} else {
		named, err := p.housesNamed(c, change.Houses)
		if err != nil {
			return false, err
		}
		q.Effects = append(q.Effects, named)
	}
	if gone := goneText(f.Gone); gone != "" {
		q.Effects = append(q.Effects, gone)
	}
	if f.Form.From == 0 {
		planned, err := p.Store.PlannedRestrictions(c.Ctx(), c.Scope(), f.At.ID, houses)
		if err != nil {
			return false, err
		}
		q.Effects = append(q.Effects, plannedEffects(planned, change.Restriction)...)
	}
	return p.Ask(c, "passrule", q)
}

// restrictionPreview shows the form again after one of its buttons, with errors of the list only;
// others are shown when the form is saved.
func (p *Pages) restrictionPreview(c *web.Context) error {
	f, err := p.restrictionSent(c)
	if err != nil {
		return err
	}
	if f.Wrong = listWrong(f.Wrong); frame.Redrawn(c) {
		f.Wrong = nil
	}
	if err := p.restrictionPick(c, &f); err != nil {
		return err
	}
	return p.restrictionShow(c, f)
}

// restrictionSent reads a posted form; Wrong is its error.
func (p *Pages) restrictionSent(c *web.Context) (restrictionFacts, error) {
	var f restrictionFacts
	f.Wrong = p.BindForm(c, &f.Form)
	f.Typed = c.Form()
	var err error
	if f.At, err = p.FormCommunity(c, f.Form.Community.String()); err != nil || len(f.Form.Houses) == 0 {
		return f, err
	}
	return f, p.restrictionThere(c, &f)
}

// restrictionThere passes over ticked houses that a colleague has deleted or merged since the page was drawn.
func (p *Pages) restrictionThere(c *web.Context, f *restrictionFacts) error {
	if f.Form.Whole {
		return nil
	}
	ticked := slices.Compact(slices.Sorted(slices.Values(f.Form.Houses)))
	there, err := p.Store.HousesThere(c.Ctx(), c.Scope(), ticked)
	f.Gone, f.Form.Houses = len(ticked)-len(there), there
	return err
}

// errRestrictedGone is said of a house that is deleted between the check and the act.
var errRestrictedGone = core.Conflict("还没有限制：所选房屋中有的刚刚被删除或合并，请再按一次“限制出入”")

// goneText returns that houses were ticked that are no longer there; "" = none.
func goneText(gone int) string {
	if gone == 0 {
		return ""
	}
	return frame.Grouped(gone) + " 套房屋已删除或合并，不在其中"
}

// restrictionShow shows the form; an error that is not the form's is returned.
func (p *Pages) restrictionShow(c *web.Context, f restrictionFacts) error {
	status := http.StatusOK
	if f.Wrong != nil {
		status = web.StatusOf(f.Wrong)
	}
	if f.Wrong != nil && !frame.IsFormError(f.Wrong) {
		return f.Wrong
	}
	if err := p.restrictionHouses(c, &f); err != nil {
		return err
	}
	page := newRestrictionPage(p.Shell(c, "passrule", "限制房屋"), f)
	return p.Page(c, status, "console/restriction/form", page)
}
