package access

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// passRuleRoutes returns the routes of 通行证设置, tab 住户通行证: a community's rule.
func (p *Pages) passRuleRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermPassRuleEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.PassRulePath, Access: view, Handler: p.passRuleShow},
		{Method: http.MethodGet, Path: frame.PassRulePath + "/preview", Access: view, Handler: p.passRulePreview},
		{Method: http.MethodPost, Path: frame.PassRulePath, Access: edit, Level: web.Types, Handler: p.passRuleUpdate, Draft: true},
		{Method: http.MethodPost, Path: passRuleRestorePath, Access: edit, Level: web.Types, Handler: p.passRuleRestore},
	}
}

// passTabs returns the tabs of 通行证设置 that are allowed.
func passTabs(allowed func(core.Permission) bool, active string, at frame.CommunityChoice) templates.Tabs {
	tabs := templates.Tabs{Label: "通行证设置"}
	for _, f := range core.Tabs("passrule") {
		if f.Open(allowed) {
			label, path := f.Noun, frame.StemURL(f.Stem, "")
			switch f.Stem {
			case "passrule":
				label = core.PassResident.Label()
			case "exitrule":
				label = "出门条"
			case "institution": // its members are what the office looks for every day
				label, path = core.PassDedicated.Label(), frame.MemberPath
			}
			tabs.Items = append(tabs.Items, templates.NavItem{Stem: f.Stem, Label: label, URL: at.URL(path), Active: f.Stem == active})
		}
	}
	return tabs
}

type passRulePage struct {
	templates.Shell
	Tabs     templates.Tabs
	Asked    *templates.Asked // the community, if there are several
	Edit     bool
	Form     templates.Form
	Preview  passRulePreview
	Impact   []templates.Action // whom a change affects, and from when; a URL leads to them
	Plans    rulePlans
	Versions []ruleVersion    // what the rule was before its latest changes
	Empty    *templates.Empty // instead of everything else, if there is no community, or none chosen
}

// passRulePreview is the block that describes the rule.
type passRulePreview struct {
	Words string
	Wrong string // why the form is not a valid rule
}

func (p *Pages) passRuleShow(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if empty := at.NotChosen(c); empty != nil {
		page := passRulePage{Shell: p.Shell(c, "passrule", "通行证设置"), Empty: empty, Asked: at.Asked(frame.PassRulePath)}
		if len(at.All) > 0 {
			page.Tabs, page.Actions = p.CountTabs(c, passTabs(c.Has, "passrule", at)), rehearsalLink(at)
		}
		return p.Page(c, http.StatusOK, "console/passrule/show", page)
	}
	rule, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	versions, err := p.Store.PassRuleVersions(c.Ctx(), c.Scope(), at.ID, versionsShown)
	if err != nil {
		return err
	}
	page, err := p.passRulePage(c, at, rule)
	if err != nil {
		return err
	}
	page.Versions = ruleVersions(c, at, passRuleRestorePath, versions, core.PassRule.Text)
	page.Actions = rehearsalLink(at)
	return p.Page(c, http.StatusOK, "console/passrule/show", page)
}

func (p *Pages) passRulePage(c *web.Context, at frame.CommunityChoice, rule store.PassRule) (passRulePage, error) {
	page := passRulePage{
		Shell: p.Shell(c, "passrule", "通行证设置"), Tabs: p.CountTabs(c, passTabs(c.Has, "passrule", at)),
		Edit: c.Has(core.PermPassRuleEdit),
	}
	var err error
	if page.Plans, err = p.rulePlans(c, at, "passrule"); err != nil {
		return page, err
	}
	if page.Edit {
		page.Impact, err = p.passRuleImpact(c, at, "")
	}
	page.Note, page.Preview = at.Name, passRulePreview{Words: rule.Text()}
	page.Asked = at.Asked(frame.PassRulePath)
	page.Form = templates.Form{
		Action: frame.PassRulePath, CSRF: page.CSRF, Seen: templates.Seen(rule.Updated),
		Sections: append(passRuleSections(at, rule), rulePlanSection(p, c)), Preview: "预览", Ask: true,
		Acts: []templates.Choice{{Value: rehearsalAct, Label: rehearsalButton}},
	}
	return page, err
}

// passRuleImpact returns whom a change of the rule affects, and from when, in the words of starts.
func (p *Pages) passRuleImpact(c *web.Context, at frame.CommunityChoice, starts string) ([]templates.Action, error) {
	residents, certified, err := p.Store.ResidentCounts(c.Ctx(), core.ScopeOf(at.ID))
	if err != nil {
		return nil, err
	}
	restricted, err := p.Store.RestrictedHouses(c.Ctx(), c.Scope(), store.RestrictionFilter{Community: at.ID})
	if err != nil {
		return nil, err
	}
	over, err := p.Store.RestrictedHouses(c.Ctx(), c.Scope(), store.RestrictionFilter{Community: at.ID, Due: core.RestrictionOver})
	impact := []templates.Action{
		{Label: fmt.Sprintf("影响 %s 名住户%s", frame.Grouped(residents), starts)},
	}
	if certified > 0 {
		impact[0].Label = fmt.Sprintf("影响 %s 名住户，其中 %s 名已认证%s", frame.Grouped(residents), frame.Grouped(certified), starts)
	}
	if residents == 0 {
		impact[0].Label = "还没有登记住户，以后登记的按此规则"
	}
	if c.Has(core.PermResidentView) {
		impact[0].URL = at.URL(frame.ResidentPath)
	}
	if own := len(restricted) - len(over); own > 0 {
		impact = append(impact, templates.Action{
			Label: fmt.Sprintf("单独限制的 %s 套房屋，次数仍按各自的限制", frame.Grouped(own)),
		})
		if c.Has(core.PermPassRuleView) {
			impact[1].URL = at.URL(frame.RestrictionPath)
		}
	}
	return impact, err
}

// passRuleForm is the posted form. Temperature is in degrees.
type passRuleForm struct {
	Community  core.ID  `form:"community"`
	Seen       int64    `form:"seen"`
	Counting   string   `form:"counting"`
	PeriodDays int      `form:"period_days" required:"出门间隔周期应为 1 至 30 天"`
	Exits      string   `form:"exits" max:"8" required:"请填写次数"` // text, since an empty field does not mean "unlimited"
	Hours      string   `form:"hours" text:"lines" max:"200"`
	RecordID   bool     `form:"record_id"`
	RecordTemp bool     `form:"record_temp"`
	Fever      string   `form:"fever_tenths" max:"10"`
	ReaderQR   bool     `form:"reader_qr"`
	From       core.Day `form:"from_day"`
	Until      core.Day `form:"until_day"`
	Act        string   `form:"act" max:"8"` // "preview": describe the rule and save nothing; rehearsalAct: try it
}

// rule returns the form as a rule, with messages by field if it is invalid.
func (f passRuleForm) rule() (core.PassRule, error) {
	r := core.PassRule{
		Counting: core.Counting(f.Counting), PeriodDays: f.PeriodDays, Exits: exitsOf(f.Exits),
		RecordID: f.RecordID, RecordTemp: f.RecordTemp, ReaderQR: f.ReaderQR,
	}
	var hoursWrong error
	r.Hours, hoursWrong = core.ParseHours(strings.Trim(f.Hours, "\n"))
	r.FeverTenths, _ = core.ParseTenths(f.Fever) // 0, which no rule accepts, if malformed
	fields := web.FieldsOf(r.Check())
	if hoursWrong != nil {
		if fields == nil {
			fields = map[string]string{}
		}
		fields["hours"] = core.MessageOf(hoursWrong)
	}
	return r, core.InvalidFields(fields)
}

// exitsOf parses a number of exits; a malformed text returns one that no rule accepts.
func exitsOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -2
	}
	return n
}

// passRulePreview returns the description of the rule in the form.
func (p *Pages) passRulePreview(c *web.Context) error {
	var form passRuleForm
	var preview passRulePreview
	err := c.BindQuery(&form)
	if err == nil {
		var rule core.PassRule
		if rule, err = form.rule(); err == nil {
			preview.Words = rule.Text()
		}
	}
	if err != nil {
		preview.Wrong = firstMessage(err)
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/passrule/show", "preview", preview)
	})
}

// firstMessage returns the message of the first invalid field, in the form's order.
func firstMessage(err error) string {
	fields := web.FieldsOf(err)
	for _, name := range []string{"counting", "period_days", "exits", "hours", "fever_tenths"} {
		if message := fields[name]; message != "" {
			return message
		}
	}
	return core.MessageOf(err)
}

func (p *Pages) passRuleUpdate(c *web.Context) error {
	var form passRuleForm
	wrong := c.Bind(&form)
	at, err := p.CommunityOf(c, form.Community.String())
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNotChosen
	}
	rule, ruleWrong := form.rule()
	term := core.RulePlanTerm{From: form.From, Until: form.Until}
	wrong = p.planWrong(c, frame.MergeFields(wrong, ruleWrong), at, "passrule", term)
	switch {
	case wrong == nil && form.Act == "preview":
		return p.passRulePreviewed(c, at, rule)
	case wrong == nil && form.Act == rehearsalAct:
		return p.rehearse(c, at, core.UsualRehearsalDays, core.RehearsalDraft{Rule: rule, Term: term})
	}
	if wrong == nil {
		asked, err := p.passRuleAsk(c, at, rule, term, frame.ShownAt(form.Seen))
		if asked || err != nil && !core.IsStale(err) {
			return err
		}
		wrong = err
	}
	if wrong == nil {
		edited := store.PassRule{PassRule: rule, Community: at.ID, Updated: frame.ShownAt(form.Seen)}
		if term.Scheduled() {
			_, wrong = p.Store.SchedulePassRule(c.Ctx(), c.Actor(), c.Scope(), edited, term)
		} else {
			wrong = p.Store.UpdatePassRule(c.Ctx(), c.Actor(), c.Scope(), edited)
		}
	}
	if wrong != nil {
		return p.passRuleWrong(c, at, wrong)
	}
	c.Flash(web.FlashSuccess, planSaid(term))
	return c.Redirect(at.URL(frame.PassRulePath))
}

// passRuleAsk asks with whom a changed rule affects, and reports whether it did.
func (p *Pages) passRuleAsk(
	c *web.Context, at frame.CommunityChoice, rule core.PassRule, term core.RulePlanTerm, seen time.Time,
) (asked bool, err error) {
	now, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return false, err
	}
	if !seen.IsZero() && seen.UnixMilli() != now.Updated.UnixMilli() {
		return false, core.Stale()
	}
	if same, err := unchanged(c, rule.Equal(now.PassRule), term, at.URL(frame.PassRulePath)); same {
		return true, err
	}
	q, err := p.passRuleQuestion(c, at, now.PassRule, rule, term)
	if err != nil {
		return false, err
	}
	q.Action, q.Keep = frame.PassRulePath, c.Form()
	return p.Ask(c, "passrule", q)
}

// unchanged answers a form that would make a rule what it is already, now and for good, and reports whether it did.
func unchanged(c *web.Context, same bool, term core.RulePlanTerm, back string) (answered bool, err error) {
	if !same || term.From != 0 || frame.Confirmed(c) {
		return false, nil
	}
	c.Flash(web.FlashSuccess, "没有改动，设置和现在的一样。")
	return true, c.Redirect(back)
}

// formChange describes the change of a form that an office has arranged; nothing if it stays.
func formChange(now, then core.FormDesign) []string {
	if now.Equal(then) {
		return nil
	}
	return []string{"表单原来：" + now.Text(), "表单改为：" + then.Text()}
}

// passRuleQuestion returns the question of what a rule changes, for whom, and from when.
func (p *Pages) passRuleQuestion(
	c *web.Context, at frame.CommunityChoice, now, rule core.PassRule, term core.RulePlanTerm,
) (templates.Confirm, error) {
	impact, err := p.passRuleImpact(c, at, "，"+startText(term))
	if err != nil {
		return templates.Confirm{}, err
	}
	effects, typed := []string{"原来：" + now.Text()}, ""
	if now.Text() == rule.Text() { // both bar everybody
		effects = []string{"放开后原来：" + now.RestText(), "放开后改为：" + rule.RestText()}
	}
	for _, affected := range impact {
		effects = append(effects, affected.Label)
	}
	drastic := rule.DrasticAfter(now)
	if drastic {
		typed = at.Name
	}
	q := templates.Confirm{
		Title: "修改“" + at.Name + "”的通行证设置？", Text: "改为：" + rule.Text() + "。", Submit: "保存设置",
		Effects: effects,
		Cancel:  at.URL(frame.PassRulePath), Danger: drastic, Typed: typed,
	}
	err = p.planQuestion(c, at, "passrule", term, &q)
	return q, err
}

// passRulePreviewed shows the form as submitted with a description of its rule, for browsers
// without scripts.
func (p *Pages) passRulePreviewed(c *web.Context, at frame.CommunityChoice, rule core.PassRule) error {
	now, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	page, err := p.passRulePage(c, at, now)
	if err != nil {
		return err
	}
	page.Preview = passRulePreview{Words: rule.Text()}
	page.Form.Notice = "这是预览，还没有保存。"
	page.Form.Set(c.Form(), nil)
	return p.Page(c, http.StatusOK, "console/passrule/show", page)
}

// passRuleWrong shows the form again with the admin's values. After a conflict it is based on the
// current rule, so that saving again is a decision.
func (p *Pages) passRuleWrong(c *web.Context, at frame.CommunityChoice, wrong error) error {
	now, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	page, err := p.passRulePage(c, at, now)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &page.Form, func(status int) error {
		if !web.IsResumed(wrong) {
			page.Preview = passRulePreview{Wrong: firstMessage(wrong)}
		}
		if status == http.StatusConflict {
			page.Preview = passRulePreview{Words: "别人刚刚保存的规则：" + now.Text()}
		}
		return p.Page(c, status, "console/passrule/show", page)
	})
}

func passRuleSections(at frame.CommunityChoice, r store.PassRule) []templates.Section {
	return []templates.Section{
		{Title: "出门次数", Fields: []templates.Field{
			{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
			{Kind: templates.Radio, Name: "counting", Label: "出门计算方式", Value: string(r.Counting),
				Required: true, Choices: []templates.Choice{
					{Value: string(core.CountPerson), Label: "一人一次", Help: "每人单独计次"},
					{Value: string(core.CountHousehold), Label: "一户一次", Help: "全户合并计次"},
				}},
			{
				Kind: templates.Number, Name: "period_days", Label: "出门间隔周期", Value: strconv.Itoa(r.PeriodDays),
				Required: true, Min: "1", Max: "30", Unit: "天", Short: true, Help: "自然日。2 天：今天和昨天合计。",
			},
			{
				Kind: templates.Select, Name: "exits", Label: "周期内可出门次数", Value: strconv.Itoa(r.Exits),
				Required: true, Choices: exitsChoices(r.Exits, false), Help: "只有出门计数，被拒绝的扫码不计。",
			},
		}},
		{Title: "出门时间", Fields: []templates.Field{
			{
				Kind: templates.Textarea, Name: "hours", Label: "可出门时间段", Value: hourLines(r.Hours), Rows: 3,
				MaxLength: 200, Placeholder: "06:00-22:00", Help: "每行一段，可跨零点，例如 22:00-06:00。不填为全天。进门不受限制。",
			},
		}},
		{Title: "放行要求", Fields: []templates.Field{
			{Kind: templates.Switch, Name: "reader_qr", Label: "允许读头放行", Value: frame.SwitchValue(r.ReaderQR), Help: "开：读头可以放行。关：只能由门岗放行。"},
			{Kind: templates.Switch, Name: "record_id", Label: "身份证记录", Value: frame.SwitchValue(r.RecordID), Help: "没有登记证件号的住户，须先在门岗登记。"},
			{
				Kind: templates.Switch, Name: "record_temp", Label: "体温记录",
				Value: frame.SwitchValue(r.RecordTemp), Help: "每次进出都须测温；不带测温的读头会请住户到门岗。",
			},
			{
				Kind: templates.Number, Name: "fever_tenths", Label: "体温上限",
				Value: strconv.FormatFloat(float64(r.FeverTenths)/10, 'f', 1, 64), Required: true, Unit: "℃",
				Step: "0.1", Short: true, Help: "达到即不放行，并提醒管理员。",
			},
		}},
	}
}

// exitsChoices are the numbers of exits in words, with the present one; the drastic one is last. A
// restriction has none chosen at first.
func exitsChoices(now int, empty bool) []templates.Choice {
	var numbers []int
	for n := 1; n <= 30; n++ {
		numbers = append(numbers, n)
	}
	numbers = append(numbers, 40, 50, 60, 80, 99)
	if now > 0 && now <= 99 && !slices.Contains(numbers, now) {
		numbers = append(numbers, now)
		slices.Sort(numbers)
	}
	var choices []templates.Choice
	if empty {
		choices = append(choices, templates.Choice{Label: "请选择"})
	}
	usual := []int{0, -1}
	if empty { // who restricts a house mostly forbids it to go in and out
		usual = []int{-1, 0}
	}
	for _, n := range append(usual, numbers...) {
		choices = append(choices, templates.Choice{Value: strconv.Itoa(n), Label: core.ExitsText(n)})
	}
	return choices
}

func hourLines(hours []core.HourRange) string {
	return strings.ReplaceAll(core.FormatHours(hours), ",", "\n")
}
