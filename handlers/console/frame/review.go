package frame

import (
	"cmp"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// ReviewBadge is the state of a review; one that is overdue says so.
func ReviewBadge(r core.Review, now time.Time) templates.Badge {
	tones := map[core.ReviewState]templates.Tone{
		core.ReviewWaiting: templates.Info, core.ReviewApproved: templates.Good, core.ReviewRejected: templates.Bad,
	}
	if r.Late(now) {
		return templates.Badge{Tone: templates.Warn, Text: "已超期"}
	}
	if r.WithOwners(now) {
		return templates.Badge{Tone: templates.Info, Text: "等" + r.Kind.Type().People + "审核"}
	}
	tone, ok := tones[r.State]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: r.State.Label()}
}

// OwnReview reports whether an application is that of the account's own WeChat user, which others decide.
func OwnReview(c *web.Context, r core.Review) bool {
	return c.Account().User != 0 && c.Account().User == r.Applicant
}

// NextReview returns the page of the next application that waits for the account after the one that it has decided, from
// the oldest again behind the last, or the inbox. Its own applications are others' to decide.
func (f *Frame) NextReview(c *web.Context, decided core.ID) string {
	filter := store.ReviewFilter{
		Kinds: core.ReviewKinds(c.Has), State: core.ReviewWaiting, Asked: c.Now(), Not: c.Account().User, Oldest: true,
	}
	for _, from := range []core.ID{decided, 0} {
		filter.Page = store.Page{Next: from, Limit: 1}
		waiting, _, err := f.Store.Reviews(c.Ctx(), f.Scope(c), filter)
		if err == nil && len(waiting) > 0 {
			return ReviewURL(waiting[0])
		}
	}
	return ReviewPath
}

// EarlierReviews returns the applicant's other applications that the reviewer may review too.
func (f *Frame) EarlierReviews(c *web.Context, r core.Review) ([]templates.ReviewDecision, error) {
	earlier, err := f.Store.EarlierReviews(c.Ctx(), c.Scope(), r, core.ReviewKinds(c.Has))
	list := make([]templates.ReviewDecision, len(earlier))
	for i, e := range earlier {
		list[i] = templates.ReviewDecision{
			State: ReviewBadge(e, c.Now()), Who: e.Name + " · " + e.Subject,
			When: e.Created.In(f.Store.Zone()).Format("2006-01-02 15:04"), Reason: e.Reason,
		}
	}
	return list, err
}

// DecisionForm is the posted form of a reviewer.
type DecisionForm struct {
	Version  int    `form:"version"`
	Preset   string `form:"preset" max:"200"`
	Reason   string `form:"reason" text:"lines" max:"200"`
	Note     string `form:"note" text:"lines" max:"200"`
	Internal string `form:"internal" text:"lines" max:"200"`
}

// Decision returns what the reviewer decides of a review.
func (f DecisionForm) Decision(id core.ID, approve bool) core.ReviewDecision {
	return core.ReviewDecision{
		ID: id, Approve: approve, Reason: cmp.Or(f.Preset, f.Reason), Note: f.Note, Internal: f.Internal, Version: f.Version,
	}
}

// ShowRefused shows on the page of a review why a decision did not count: what is wrong with the form, or who was first. now is
// the review as it is.
func ShowRefused(
	c *web.Context, page *templates.Review, wrong error, typed DecisionForm, chosen core.ReviewDecision, now core.Review,
) {
	if page.Late = now.State != core.ReviewWaiting; page.Late {
		page.Decided = chosen.LostText(now, c.Account().ID) + page.Decided
	}
	fields := web.FieldsOf(wrong)
	page.Reason.Value, page.Reason.Error = typed.Reason, fields["reason"]
	page.Note.Value, page.Note.Error = typed.Note, fields["note"]
	page.Internal.Value, page.Internal.Error = typed.Internal, fields["internal"]
	if core.IsConflict(wrong) && !page.Late && page.Refused == "" {
		page.Failed = core.MessageOf(wrong)
	}
}
