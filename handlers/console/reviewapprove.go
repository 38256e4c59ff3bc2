package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const reviewApprovePath = frame.ReviewPath + "/approve"

// tickOf names a review as it is shown: a change since then is noticed.
func tickOf(r core.Review) string { return r.ID.String() + "-" + strconv.Itoa(r.Version) }

// tickedReview is a ticked row.
type tickedReview struct {
	core.Review
	version int // as it was shown
}

// tickedReviews returns the ticked reviews that the account may see, all of one kind.
func (p *pages) tickedReviews(c *web.Context) (ticked []tickedReview, values []string, err error) {
	var form struct {
		IDs []string `form:"id" max:"50"`
	}
	if err := c.Bind(&form); err != nil {
		return nil, nil, err
	}
	for _, value := range form.IDs {
		text, shown, _ := strings.Cut(value, "-")
		id, wrong := core.ParseID(text)
		version, unreadable := strconv.Atoi(shown)
		if wrong != nil || unreadable != nil {
			return nil, nil, core.Invalid("页面已过期，请刷新后再试")
		}
		r, err := p.Store.Review(c.Ctx(), c.Scope(), id)
		switch {
		case err != nil:
			return nil, nil, err
		case !c.Has(r.Kind.Type().Needs) || r.Kind.Type().Batch == "":
			return nil, nil, core.NotFound("申请不存在")
		case len(ticked) > 0 && r.Kind != ticked[0].Kind:
			return nil, nil, core.Conflict("请一次只选一种申请")
		}
		ticked = append(ticked, tickedReview{r, version})
	}
	return ticked, form.IDs, nil
}

// reviewApprovedPage lists what became of each ticked review.
type reviewApprovedPage struct {
	templates.Shell
	Rows []reviewApprovedRow
	Next string // the inbox
}

type reviewApprovedRow struct {
	URL, Name, Subject, Text string
	State                    templates.Badge
}

// reviewApprove approves the ticked reviews of the inbox, each by an act of its own, and lists what became of them.
func (p *pages) reviewApprove(c *web.Context) error {
	ticked, values, err := p.tickedReviews(c)
	if err != nil {
		return err
	}
	if len(ticked) == 0 {
		c.Flash(web.FlashWarning, "没有选择申请。")
		return c.Redirect(frame.ReviewPath)
	}
	ask := approveQuestion(ticked)
	ask.Action, ask.Cancel, ask.Keep = reviewApprovePath, frame.ReviewPath, url.Values{"id": values}
	if asked, err := p.Ask(c, frame.TodoStem, ask); asked {
		return err
	}
	page := reviewApprovedPage{Shell: p.Shell(c, frame.TodoStem, "审核结果"), Next: frame.ReviewPath}
	page.Crumbs = []templates.Crumb{{Label: "待我审核", URL: frame.ReviewPath}}
	done := 0
	for _, t := range ticked {
		row := reviewApprovedRow{
			URL: frame.ReviewURL(t.Review), Name: t.Name, Subject: t.Subject, State: templates.Badge{Tone: templates.Good, Text: "已通过"},
		}
		if _, err := p.Store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), core.ReviewDecision{
			ID: t.ID, Approve: true, Version: t.version, Listed: true,
		}); err != nil {
			row.State, row.Text = templates.Badge{Tone: templates.Warn, Text: "没有审核"}, core.MessageOf(err)
			if core.CodeOf(err) == core.CodeInternal || core.CodeOf(err) == core.CodeUnavailable {
				c.Shortfall("approve a review", err)
			}
		} else {
			done++
		}
		page.Rows = append(page.Rows, row)
	}
	page.Note = "通过 " + frame.Grouped(done) + " 份，会告诉申请人"
	if rest := len(ticked) - done; rest > 0 {
		page.Note += "；" + frame.Grouped(rest) + " 份没有审核，原因在下面"
	}
	return p.Page(c, http.StatusOK, "console/review/approved", page)
}

// approveQuestion asks before several reviews of one kind are approved, which has no way back.
func approveQuestion(ticked []tickedReview) templates.Confirm {
	kind, n := ticked[0].Kind.Type(), len(ticked)
	return templates.Confirm{
		Title: "通过 " + frame.Grouped(n) + " 份" + kind.Label + "申请？", Submit: "通过 " + frame.Grouped(n) + " 份申请",
		Text:    kind.Effect + "这几份的" + kind.Batch + "。通过后会告诉申请人，不能撤销；有误时到住户页撤销认证。",
		Effects: frame.Named(n, "份", func(i int) string { return ticked[i].Name + "（" + ticked[i].Subject + "）" }),
		Typed:   frame.TypedNumber(n),
	}
}
