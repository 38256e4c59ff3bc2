package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const (
	reviewApprovePath = frame.ReviewPath + "/approve"
	reviewRejectPath  = frame.ReviewPath + "/reject"
	reviewDecidedPath = frame.ReviewPath + "/decided"
)

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
	bind := c.Bind
	if c.Request().Method == http.MethodGet {
		bind = c.BindQuery
	}
	if err := bind(&form); err != nil {
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

// reviewBulkPage lists what became of each ticked review.
type reviewBulkPage struct {
	templates.Shell
	Rows []reviewBulkRow
	Next string // the inbox
}

type reviewBulkRow struct {
	URL, Name, Subject, Text string
	State                    templates.Badge
}

// reviewApprove approves the ticked reviews of the inbox of which the list shows enough, each by an act of its own, and
// leads to what became of them.
func (p *pages) reviewApprove(c *web.Context) error {
	ticked, values, err := p.tickedReviews(c)
	if err != nil {
		return err
	}
	if len(ticked) == 0 {
		return noneTicked(c, "没有选择申请。")
	}
	matches, err := p.Store.ReviewMatches(c.Ctx(), c.Scope(), reviewsOf(ticked))
	if err != nil {
		return err
	}
	enough := ticked
	if !frame.Confirmed(c) { // the question has no others
		enough = enoughListed(ticked, matches)
		values = ticksOf(enough)
	}
	if len(enough) == 0 {
		return noneTicked(c, "选择的申请都要打开看材料，不能从列表通过。")
	}
	ask := approveQuestion(enough, len(ticked)-len(enough), othersNames(enough, matches, c.Has(core.PermResidentView)))
	ask.Action, ask.Cancel, ask.Keep = reviewApprovePath, frame.ReviewPath, url.Values{"id": values}
	if asked, err := p.Ask(c, frame.TodoStem, ask); asked {
		return err
	}
	return p.reviewBulk(c, enough, core.ReviewDecision{Approve: true, Listed: true})
}

// reviewReject rejects the ticked reviews of the inbox for one reason, each by an act of its own, and leads to what
// became of them.
func (p *pages) reviewReject(c *web.Context) error {
	ticked, values, err := p.tickedReviews(c)
	if err != nil {
		return err
	}
	if len(ticked) == 0 {
		return noneTicked(c, "没有选择申请。")
	}
	reasons, err := p.reasonsOf(c, ticked)
	if err != nil {
		return err
	}
	ask := rejectQuestion(ticked, reasons)
	ask.Action, ask.Cancel, ask.Keep = reviewRejectPath, frame.ReviewPath, url.Values{"id": values}
	if asked, err := p.Ask(c, frame.TodoStem, ask); asked {
		return err
	}
	return p.reviewBulk(c, ticked, core.ReviewDecision{Reason: core.Clean(ask.Reason(c.Form()))})
}

func noneTicked(c *web.Context, why string) error {
	c.Flash(web.FlashWarning, why)
	return c.Redirect(frame.ReviewPath)
}

// enoughListed returns the reviews of which the list shows enough to approve them.
func enoughListed(ticked []tickedReview, matches map[core.ID]core.ReviewMatch) []tickedReview {
	return slices.DeleteFunc(slices.Clone(ticked), func(t tickedReview) bool { return !matches[t.ID].Enough })
}

// othersNames says of each review whose applicant writes another name than the register whom its approval certifies.
func othersNames(ticked []tickedReview, matches map[core.ID]core.ReviewMatch, whole bool) []string {
	var lines []string
	for _, t := range ticked {
		if m := matches[t.ID]; m.Other {
			lines = append(lines, "“"+t.Name+"”（"+t.Subject+"）认证的是登记的“"+m.Shown(whole)+"”")
		}
	}
	return lines
}

// ticksOf returns the values of reviews as they were ticked.
func ticksOf(ticked []tickedReview) []string {
	values := make([]string, len(ticked))
	for i, t := range ticked {
		values[i] = t.ID.String() + "-" + strconv.Itoa(t.version)
	}
	return values
}

func reviewsOf(ticked []tickedReview) []core.Review {
	reviews := make([]core.Review, len(ticked))
	for i, t := range ticked {
		reviews[i] = t.Review
	}
	return reviews
}

// reasonsOf returns the presets of the communities of some reviews.
func (p *pages) reasonsOf(c *web.Context, ticked []tickedReview) ([]string, error) {
	var reasons []string
	asked := map[core.ID]bool{}
	for _, t := range ticked {
		if asked[t.Community] {
			continue
		}
		asked[t.Community] = true
		community, err := p.Store.Community(c.Ctx(), c.Scope(), t.Community)
		if err != nil {
			return nil, err
		}
		for _, reason := range community.Reasons(t.Kind) {
			if !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	return reasons, nil
}

// reviewBulk decides each of the reviews likewise, and leads to what became of them.
func (p *pages) reviewBulk(c *web.Context, ticked []tickedReview, d core.ReviewDecision) error {
	for _, t := range ticked {
		d.ID, d.Version = t.ID, t.version
		_, err := p.Store.DecideReview(c.Ctx(), c.Actor(), c.Scope(), d)
		if code := core.CodeOf(err); err != nil && (code == core.CodeInternal || code == core.CodeUnavailable) {
			c.Shortfall("decide a review", err)
		}
	}
	return c.Redirect(templates.WithQuery(reviewDecidedPath, url.Values{"id": ticksOf(ticked)}))
}

// reviewDecided lists what became of ticked reviews, as they are now: the page can be left and opened again.
func (p *pages) reviewDecided(c *web.Context) error {
	ticked, _, err := p.tickedReviews(c)
	if err != nil {
		return err
	}
	matches, err := p.Store.ReviewMatches(c.Ctx(), c.Scope(), reviewsOf(ticked))
	if err != nil {
		return err
	}
	page := reviewBulkPage{Shell: p.Shell(c, frame.TodoStem, "审核结果"), Next: frame.ReviewPath}
	page.Crumbs = []templates.Crumb{{Label: "待我审核", URL: frame.ReviewPath}}
	done := map[core.ReviewState][]core.ID{}
	for _, t := range ticked {
		row := reviewBulkRow{URL: frame.ReviewURL(t.Review), Name: t.Name, Subject: t.Subject}
		switch row.Text = p.whyNotDecided(c, t, matches[t.ID]); {
		case row.Text != "":
			row.State = templates.Badge{Tone: templates.Warn, Text: "没有审核"}
		case t.State == core.ReviewApproved:
			row.State = templates.Badge{Tone: templates.Good, Text: "已通过"}
			done[t.State] = append(done[t.State], t.Applicant)
		default:
			row.State = templates.Badge{Tone: templates.Bad, Text: "不通过"}
			done[t.State] = append(done[t.State], t.Applicant)
		}
		page.Rows = append(page.Rows, row)
	}
	page.Note = bulkNote(done, len(ticked))
	return p.Page(c, http.StatusOK, "console/review/decided", page)
}

// bulkNote returns how many of some reviews were decided, and how; done are who applied.
func bulkNote(done map[core.ReviewState][]core.ID, n int) string {
	var words []string
	for _, state := range []core.ReviewState{core.ReviewApproved, core.ReviewRejected} {
		if of := done[state]; len(of) > 0 {
			words = append(words, state.Label()+" "+frame.Grouped(len(of))+" 份，"+core.ToldAllText(of))
		}
	}
	if rest := n - len(done[core.ReviewApproved]) - len(done[core.ReviewRejected]); rest > 0 {
		words = append(words, frame.Grouped(rest)+" 份没有审核，原因在下面")
	}
	return strings.Join(words, "；")
}

// whyNotDecided returns why the account has not decided a ticked review; "" if it has.
func (p *pages) whyNotDecided(c *web.Context, t tickedReview, match core.ReviewMatch) string {
	minute := func(at time.Time) string { return at.In(p.Store.Zone()).Format("1 月 2 日 15:04") }
	switch {
	case t.DecidedBy == c.Account().ID && t.Owner == 0 && (t.State == core.ReviewApproved || t.State == core.ReviewRejected):
		return ""
	case t.State != core.ReviewWaiting:
		return t.DecidedText(minute)
	case t.Version != t.version:
		return "申请刚有变化，请看后再决定"
	case c.Account().User != 0 && t.Applicant == c.Account().User:
		return "这是您自己的申请，请由其他人审核"
	case !match.Enough:
		return "与登记核对不上，请打开申请单独审核"
	}
	return "还在等待审核，请打开申请再试"
}

// toldOf returns how those who applied learn what became of it.
func toldOf(ticked []tickedReview) string {
	applicants := make([]core.ID, len(ticked))
	for i, t := range ticked {
		applicants[i] = t.Applicant
	}
	return core.ToldAllText(applicants)
}

// approveQuestion asks before several reviews of one kind are approved, which has no way back; others of those that are
// ticked stay. renamed are those that certify another name than the applicant's, which all are named.
func approveQuestion(ticked []tickedReview, others int, renamed []string) templates.Confirm {
	kind, n := ticked[0].Kind.Type(), len(ticked)
	q := templates.Confirm{
		Title: "通过 " + frame.Grouped(n) + " 份" + kind.Label + "申请？", Submit: "通过 " + frame.Grouped(n) + " 份申请",
		Text:    kind.Effect + "这几份的" + kind.Batch + "。通过后" + toldOf(ticked) + "，不能撤销；有误时到住户页撤销认证。",
		Effects: namedReviews(ticked), Typed: frame.TypedNumber(n),
	}
	if len(renamed) > 0 {
		q.Effects = append(q.Effects, "其中 "+frame.Grouped(len(renamed))+" 份的姓名与登记差一个字，登记的姓名不变：")
		q.Effects = append(q.Effects, renamed...)
	}
	if others > 0 {
		q.Effects = append(q.Effects, "另外 "+frame.Grouped(others)+" 份与登记核对不上，不在其中，请打开单独审核")
	}
	return q
}

// rejectQuestion asks before several reviews of one kind are rejected, and for the reason.
func rejectQuestion(ticked []tickedReview, reasons []string) templates.Confirm {
	kind, n := ticked[0].Kind.Type(), len(ticked)
	return templates.Confirm{
		Title: "不通过 " + frame.Grouped(n) + " 份" + kind.Label + "申请？", Submit: "不通过 " + frame.Grouped(n) + " 份",
		Text:    "不通过的原因" + toldOf(ticked) + "，不能撤销；申请人可以更正后重新申请。",
		Effects: namedReviews(ticked), Typed: frame.TypedNumber(n), Reasons: reasons, Told: toldOf(ticked),
	}
}

func namedReviews(ticked []tickedReview) []string {
	return frame.Named(len(ticked), "份", func(i int) string { return ticked[i].Name + "（" + ticked[i].Subject + "）" })
}
