package h5

import (
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

func (h *H5) guardRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/guard", Access: web.Guard, Handler: h.postList},
		{Method: http.MethodGet, Path: "/h5/guard/:post", Access: web.Guard, Handler: h.postShow},
		{Method: http.MethodGet, Path: "/h5/guard/:post/events", Access: web.Guard, Handler: h.postEvents, Time: -1},
		{Method: http.MethodGet, Path: "/h5/guard/:post/scanner", Access: web.Guard, Handler: h.scanner},
		{Method: http.MethodGet, Path: "/h5/guard/:post/search", Access: web.Guard, Handler: h.residentSearchShow},
		{Method: http.MethodPost, Path: "/h5/guard/:post/search", Access: web.Guard, Handler: h.residentSearch, Reads: true},
		{Method: http.MethodPost, Path: "/h5/guard/:post/look", Access: web.Guard, Handler: h.passPreview},
		{Method: http.MethodPost, Path: "/h5/guard/:post/release", Access: web.Guard, Handler: h.passRelease},
	}
}

type postListPage struct {
	templates.Phone
	Posts []core.GuardPost
	Empty templates.Empty
}

// postList redirects a guard with a single post to it.
func (h *H5) postList(c *web.Context) error {
	posts, err := h.ownPosts(c)
	if err != nil {
		return err
	}
	if len(posts) == 1 {
		return c.Redirect("/h5/guard/" + posts[0].ID.String())
	}
	return h.show(c, http.StatusOK, "guard/list", postListPage{
		Phone: h.phone(c, "选择门岗", c.Guard().Name), Posts: posts,
		Empty: templates.Empty{Icon: "shield", Title: "还没有安排门岗", Text: "请联系物业管理员为您安排。"},
	})
}

// ownPosts returns the posts in service that the guard is assigned to.
func (h *H5) ownPosts(c *web.Context) ([]core.GuardPost, error) {
	guard := c.Guard()
	posts, _, err := h.store.GuardPosts(c.Ctx(), core.ScopeOf(guard.Community), store.GuardPostFilter{
		Guard: guard.ID, Disabled: "no", Sort: "name", Page: store.Page{Limit: store.PostsOfOneCommunity},
	})
	return posts, err
}

// ownPost returns the post in the URL; one that the guard is not assigned to is NotFound.
func (h *H5) ownPost(c *web.Context) (core.GuardPost, error) {
	id, err := c.ParamID("post")
	if err != nil {
		return core.GuardPost{}, err
	}
	posts, err := h.ownPosts(c)
	if err != nil {
		return core.GuardPost{}, err
	}
	for _, post := range posts {
		if post.ID == id {
			return post, nil
		}
	}
	return core.GuardPost{}, core.NotFound("门岗不存在，或没有安排给您")
}

// postPage is a guard's main page: scan, search, and what happens at the gates.
type postPage struct {
	templates.Phone
	Post   core.GuardPost
	Error  string // of the scan field
	Script string // WeChat's JS-SDK, whose camera scans; "" = not inside WeChat
	Totals core.RecordTotals
	Days   []recordDay
	Views  []templates.NavItem // which records
	Live   templates.Live
	Many   bool // the guard has other posts
}

// postRecords is how many records a post shows.
const postRecords = 20

func (h *H5) postShow(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return h.post(c, post, http.StatusOK, "")
}

func (h *H5) post(c *web.Context, post core.GuardPost, status int, message string) error {
	scope, filter := core.ScopeOf(post.Community), core.RecordFilter{}
	own := ownRecords(c)
	if own {
		filter.Post = post.ID
	}
	records, _, err := h.store.AccessRecords(c.Ctx(), scope, filter, store.Page{Limit: postRecords})
	if err != nil {
		return err
	}
	totals, err := h.store.RecordTotals(c.Ctx(), scope, filter, core.DayOf(c.Now(), h.store.Zone()))
	if err != nil {
		return err
	}
	lines := h.lines(records, false)
	if own { // every row would say where
		for i := range lines {
			lines[i].Gate = ""
		}
	}
	return h.show(c, status, "guard/show", postPage{
		Phone: h.phone(c, post.Name, c.Guard().Name), Post: post, Error: message, Totals: totals,
		Script: h.wechat.Script(c.Request().UserAgent()),
		Days:   recordDays(lines, h.store.Zone(), c.Now()), Many: len(c.Guard().Posts) > 1,
		Views: recordViews(post, own), Live: h.live("/h5/guard/"+post.ID.String()+"/events", "record", "refresh", records),
	})
}

// recordsCookie keeps on the phone which records its guard looks at, from one scan to the next.
const recordsCookie = "guard_records"

// ownRecords reports whether the page shows the records of the post alone: as chosen now, or before.
func ownRecords(c *web.Context) bool {
	chosen := c.Query("records")
	switch {
	case chosen == "":
		return c.Cookie(recordsCookie) == "post"
	case chosen == "post" && c.Cookie(recordsCookie) != "post":
		c.SetCookie(recordsCookie, "post", 365*24*time.Hour)
	case chosen != "post" && c.Cookie(recordsCookie) != "":
		c.SetCookie(recordsCookie, "", 0)
	}
	return chosen == "post"
}

// recordViews returns the links to the records of the post and of the community.
func recordViews(post core.GuardPost, own bool) []templates.NavItem {
	path := "/h5/guard/" + post.ID.String()
	return []templates.NavItem{
		{Label: "本岗", URL: path + "?records=post", Active: own}, {Label: "全小区", URL: path + "?records=all", Active: !own},
	}
}

// scanner signs the guard's page for WeChat's JS-SDK. The page sends its own URL, which only the
// phone knows exactly; one of another site is not signed. The page does not wait for it: there are
// other ways to scan.
func (h *H5) scanner(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	page, err := url.Parse(c.Query("page"))
	if err != nil || page.Path != "/h5/guard/"+post.ID.String() && page.Path != "/h5/guard/"+post.ID.String()+"/look" ||
		!h.ownOrigin(c, page) {
		return core.Invalid("不是本站的页面")
	}
	config, err := h.wechat.PageConfig(c.Ctx(), c.Query("page"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, config)
}

// ownOrigin reports whether a URL is on this site, as configured. The request's Host can be chosen
// by anybody; only the demonstration has many names.
func (h *H5) ownOrigin(c *web.Context, page *url.URL) bool {
	return (page.Scheme == "https" || page.Scheme == "http") && page.User == nil &&
		(page.Scheme+"://"+page.Host == h.publicURL || h.demo && page.Host == c.Request().Host)
}

func (h *H5) postEvents(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return h.follow(c, core.ScopeOf(post.Community), core.RecordFilter{}, "record")
}

// searchPage finds a person who has no phone at hand.
type searchPage struct {
	templates.Phone
	Post    core.GuardPost
	Keyword string
	Found   []found
	Empty   templates.Empty
}

type found struct {
	store.ResidentRow
	Pass core.ID // 0 = not certified: no pass
}

// maxSearch is the maximum number of results: more would not help at a gate.
const maxSearch = 30

// residentSearch redirects from the search form to its results, with the text encrypted in the URL.
func (h *H5) residentSearch(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	return c.FollowSearch("/h5/guard/"+post.ID.String()+"/search", c.Form())
}

func (h *H5) residentSearchShow(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form struct {
		Keyword string `form:"q" max:"40"`
	}
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	page := searchPage{Phone: h.phone(c, "手工登记", post.Name), Post: post, Keyword: form.Keyword,
		Empty: templates.Empty{Icon: "search", Title: "没有找到住户", Text: "请输入姓名、房号（如 1栋1单元101）或手机后四位。"}}
	page.Phone.Back = "/h5/guard/" + post.ID.String()
	if page.Keyword == "" {
		page.Empty.Title = "查找住户"
		return h.show(c, http.StatusOK, "guard/search", page)
	}
	rows, _, err := h.store.Residents(c.Ctx(), core.ScopeOf(post.Community), store.ResidentFilter{
		Community: post.Community, Keyword: page.Keyword, Page: store.Page{Limit: maxSearch}})
	if err != nil {
		return err
	}
	for _, row := range rows {
		page.Found = append(page.Found, found{ResidentRow: row})
	}
	if err := h.findPasses(c, page.Found); err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "guard/search", page)
}

// findPasses adds the passes of those who have one.
func (h *H5) findPasses(c *web.Context, people []found) error {
	residents := make([]core.ID, len(people))
	for i, one := range people {
		residents[i] = one.ID
	}
	passes, err := h.store.PassOfResidents(c.Ctx(), residents)
	for i := range people {
		people[i].Pass = passes[people[i].ID]
	}
	return err
}

// passageForm is the guard's posted form.
type passageForm struct {
	Text      string         `form:"text" max:"400"`
	Pass      core.ID        `form:"pass"`
	Direction string         `form:"direction" max:"8"`
	Temp      string         `form:"temp" max:"8"`
	IDNumber  string         `form:"idno" max:"32"`
	Key       string         `form:"key" max:"40"`
	Act       string         `form:"act" max:"16"`
	Reason    string         `form:"reason" max:"60"`
	direction core.Direction // checked
	temp      int
}

// check parses the texts. Messages are by field.
func (f *passageForm) check(post core.GuardPost) error {
	fields := map[string]string{}
	switch f.direction = core.Direction(f.Direction); f.direction {
	case core.In, core.Out:
	case "":
		f.direction = post.Direction
	default:
		fields["direction"] = "请选择进或出"
	}
	if f.Temp != "" {
		var ok bool
		if f.temp, ok = tenths(f.Temp); !ok {
			fields["temp"] = "体温应为 34.0 至 42.0 之间的数字，如 36.5"
		}
	}
	if f.IDNumber != "" {
		number, err := core.CheckIDNumber(f.IDNumber)
		if err != nil {
			fields["idno"] = core.MessageOf(err)
		}
		f.IDNumber = number
	}
	f.Reason = core.Clean(f.Reason)
	switch {
	case f.Act == "refuse" && f.Reason == "":
		fields["reason"] = "请写明不放行的原因"
	case f.Act == "urgent" && f.Reason == "":
		fields["reason"] = "请写明紧急放行的原因"
	}
	return core.InvalidFields(fields)
}

// tenths parses a body temperature.
func tenths(text string) (int, bool) {
	n, ok := core.ParseTenths(text)
	return n, ok && n >= 340 && n <= 420
}

func (f *passageForm) passage(c *web.Context, post core.GuardPost) gate.Passage {
	p := gate.Passage{
		Post: post.ID, Guard: c.Guard().ID, GuardName: c.Guard().Name, FormKey: f.Key, Text: f.Text, Pass: f.Pass,
		By:        c.Actor(),
		Direction: f.direction, TempTenths: f.temp, IDNumber: f.IDNumber,
	}
	switch f.Act {
	case "refuse":
		p.RefusedFor = f.Reason
	case "urgent":
		p.UrgentFor = f.Reason
	case "record": // the rules refused when the guard saw them: it must not release if they have changed since
		p.RefusedFor = "按规则拒绝"
	}
	return p
}

// lookPage shows whose pass it is and what the rules say, before anything happens.
type lookPage struct {
	templates.Phone
	Post    core.GuardPost
	Preview store.Preview
	Initial string // of the name
	Verdict templates.Verdict
	Form    templates.Form
	Kept    []templates.Field // the search or scan shown, for switching the direction
	Ways    []way
	Known   bool // the pass is known: there is something to decide
	// MayRelease is false if the rules refuse, whatever the guard records: there is no button then that
	// says it would.
	MayRelease bool
	Urgent     bool     // it may be released urgently
	Reasons    []string // usual ones not to release, or to release urgently
}

// way is a direction that the guard may choose.
type way struct {
	Value, Label, Icon string
	Chosen             bool
}

func ways(chosen core.Direction) []way {
	return []way{{"out", "出门", "door-exit", chosen == core.Out}, {"in", "进门", "door-enter", chosen == core.In}}
}

func (h *H5) passPreview(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form passageForm
	if err := c.Bind(&form); err != nil {
		if web.FieldsOf(err)["text"] != "" { // not a text at all, such as the content of a product's code
			return h.post(c, post, http.StatusUnprocessableEntity, core.ReasonTokenForeign.Sentence())
		}
		return err
	}
	if form.Text == "" && form.Pass == 0 {
		return h.post(c, post, http.StatusUnprocessableEntity, "请先扫码，或输入二维码内容")
	}
	form.Key = secret.Hex(12)
	if err := form.check(post); err != nil {
		return err
	}
	return h.look(c, post, &form, http.StatusOK, nil)
}

// look renders the page; messages are by field, if the form is shown again.
func (h *H5) look(c *web.Context, post core.GuardPost, form *passageForm, status int, messages map[string]string) error {
	preview, err := h.gate.Preview(c.Ctx(), form.passage(c, post))
	if err != nil {
		return err
	}
	page := lookPage{
		Phone: h.phone(c, "核对通行", post.Name), Post: post, Preview: preview, Initial: initial(preview.Name),
		Known: preview.Pass != 0, Verdict: previewVerdict(preview), MayRelease: mayRelease(preview.Decision),
		Urgent: mayBeUrgent(post, preview.Decision), Reasons: refusals,
	}
	if page.Urgent {
		page.Reasons = urgencies
	}
	page.Phone.Back = "/h5/guard/" + post.ID.String()
	page.Form, page.Kept, page.Ways = passageFields(post, form, preview), passageKept(form), ways(form.direction)
	page.Form.CSRF = c.CSRF()
	page.Form.Set(nil, messages)
	return h.show(c, status, "guard/look", page)
}

// refusals are the usual reasons of a guard not to release.
var refusals = []string{"人证不符", "非本人使用", "体温异常", "未戴口罩", "不配合登记"}

// urgencies are the usual reasons of a guard to release urgently.
var urgencies = []string{"就医急诊", "消防疏散", "照看老人小孩", "抢修抢险"}

// mayBeUrgent reports whether the post may release urgently whom the rules refuse like that.
func mayBeUrgent(post core.GuardPost, d core.Decision) bool {
	return post.Urgent && !d.Allowed && d.Reason.MayBeUrgent()
}

// mayRelease reports whether the rules let a guard release, perhaps after a record.
func mayRelease(d core.Decision) bool {
	return d.Allowed || d.Reason == core.ReasonNeedID || d.Reason == core.ReasonNeedTemp
}

func previewVerdict(s store.Preview) templates.Verdict {
	d := s.Decision
	switch {
	case d.Allowed:
		return templates.Verdict{Tone: templates.Good, Title: "可以放行", Text: d.Sentence}
	case mayRelease(d):
		return templates.Verdict{Tone: templates.Info, Title: "登记后可以放行", Text: d.Sentence}
	}
	return templates.Verdict{Tone: templates.Bad, Title: "不可放行", Text: d.Sentence}
}

// passageKept returns the hidden fields with the pass that is shown.
func passageKept(f *passageForm) []templates.Field {
	if f.Pass != 0 {
		return []templates.Field{{Kind: templates.Hidden, Name: "pass", Value: f.Pass.String()}}
	}
	return []templates.Field{{Kind: templates.Hidden, Name: "text", Value: f.Text}}
}

func passageFields(post core.GuardPost, f *passageForm, s store.Preview) templates.Form {
	fields := append(passageKept(f),
		templates.Field{Kind: templates.Hidden, Name: "key", Value: f.Key},
		templates.Field{Kind: templates.Hidden, Name: "direction", Value: string(f.direction)})
	if s.Rule.RecordTemp {
		fields = append(fields, templates.Field{
			Name: "temp", Label: "体温", Unit: "℃", Value: f.Temp, Short: true, Required: true,
			Placeholder: "36.5",
		})
	}
	if s.Rule.RecordID && !s.HasIDNumber {
		fields = append(fields, templates.Field{Name: "idno", Label: "身份证号", Value: f.IDNumber, Help: "只在没有登记过时需要", Autocomplete: "off"})
	}
	if mayBeUrgent(post, s.Decision) {
		fields = append(fields, templates.Field{
			Name: "reason", Label: "紧急放行的原因", Value: f.Reason, Placeholder: "紧急放行时填写", MaxLength: 60,
			Help: "会记在出入记录里，并告警。",
		})
	}
	if mayRelease(s.Decision) {
		fields = append(fields, templates.Field{Name: "reason", Label: "不放行的原因", Value: f.Reason, Placeholder: "不放行时填写", MaxLength: 60})
	}
	return templates.Form{Action: "/h5/guard/" + post.ID.String() + "/release", Sections: []templates.Section{{Fields: fields}}}
}

// donePage is the result, readable at arm's length.
type donePage struct {
	templates.Phone
	Post    core.GuardPost
	Verdict templates.Verdict
	Scanned bool // a code was scanned: the next one is, too
	// Urgent are the hidden fields of the way to an urgent release; nil = there is none.
	Urgent []templates.Field
}

func (h *H5) passRelease(c *web.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var form passageForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Key == "" || form.Text == "" && form.Pass == 0 {
		return core.Invalid("页面已过期，请重新扫码")
	}
	if err := form.check(post); err != nil {
		if form.direction != core.In {
			form.direction = core.Out
		}
		return h.look(c, post, &form, http.StatusUnprocessableEntity, web.FieldsOf(err))
	}
	result := h.gate.Release(c.Ctx(), form.passage(c, post))
	d := result.Decision
	if !d.Allowed && form.Act != "refuse" && (d.Reason == core.ReasonNeedID || d.Reason == core.ReasonNeedTemp) {
		if form.Act == "urgent" { // the rules have changed: it needs a record and no reason
			form.Reason = ""
		}
		form.Key = secret.Hex(12) // the refusal was recorded; what follows is another attempt
		return h.look(c, post, &form, http.StatusUnprocessableEntity, needMessages(d.Reason))
	}
	page := donePage{
		Phone: h.phone(c, "登记结果", post.Name), Post: post, Scanned: form.Text != "", Verdict: doneVerdict(&form, result),
	}
	if form.Act != "refuse" && form.Act != "record" && form.Act != "urgent" && mayBeUrgent(post, d) {
		page.Scanned = false // the scanner must not open while the guard decides
		page.Urgent = append(passageKept(&form),
			templates.Field{Kind: templates.Hidden, Name: "direction", Value: string(form.direction)},
			templates.Field{Kind: templates.Hidden, Name: "temp", Value: form.Temp})
	}
	return h.show(c, http.StatusOK, "guard/done", page)
}

// doneVerdict words what became of a form.
func doneVerdict(form *passageForm, result gate.Result) templates.Verdict {
	d, r := result.Decision, result.Record
	v := templates.Verdict{Tone: templates.Good, Title: "已放行", Text: d.Sentence}
	switch {
	case d.Reason == core.ReasonUrgent:
		v.Title, v.Text = "已紧急放行", "已记录原因："+form.Reason
	case d.Allowed:
	default:
		v.Tone, v.Title = templates.Bad, "未放行"
		if r.Note != "" {
			v.Text = r.Why()
		}
		if form.Act == "urgent" && d.Reason.MayBeUrgent() { // the tick was removed while the guard wrote
			v.Text += "。本岗不允许紧急放行"
		}
	}
	if r.Name != "" {
		v.Facts = []templates.Fact{
			{Label: "姓名", Value: r.Name}, {Label: "房屋", Value: r.HouseLabel}, {Label: "方向", Value: r.Direction.Label()},
		}
	}
	return v
}

func needMessages(reason core.Reason) map[string]string {
	if reason == core.ReasonNeedID {
		return map[string]string{"idno": "请登记身份证号后放行"}
	}
	return map[string]string{"temp": "请录入体温后放行"}
}
