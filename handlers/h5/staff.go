package h5

import (
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const (
	staffPath       = core.StaffPages
	staffRecordPath = staffPath + "/record"
)

// staffRoutes returns the routes of 工作台, which the company's app opens in WeWork.
func (h *H5) staffRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: staffPath, Access: web.StaffMember, Handler: h.staffShow},
		{Method: http.MethodGet, Path: staffRecordPath, Access: web.StaffMember, Handler: h.staffRecords},
		{Method: http.MethodPost, Path: staffPath + "/phone", Access: web.StaffMember, Handler: h.staffPhone, PerMinute: 20},
		// The company's home page, and what its messages open.
		{Method: http.MethodGet, Path: staffPath + "/enter/:app", Access: web.Public, Handler: h.staffEnter},
	}
}

// inWeWork reports whether the browser is WeWork's.
func inWeWork(c *web.Context) bool { return strings.Contains(c.Request().UserAgent(), "wxwork") }

// staffEnter leads a member of the path's company on, signed in.
func (h *H5) staffEnter(c *web.Context) error {
	app, err := c.ParamID("app")
	if err != nil {
		return err
	}
	next := web.LocalPath(c.Query("next"), staffPath)
	home := c.Query("next") == "" && inWeWork(c)
	if id := c.Staff().ID; id != 0 {
		m, err := h.store.StaffAtWork(c.Ctx(), id)
		if err == nil && m.Corp == app {
			h.openedFromWork(c, app, home)
			return c.Redirect(next)
		}
		if err != nil && !core.IsNotFound(err) {
			return err
		}
	}
	return h.beginMember(c, round{corp: app, next: next, home: home})
}

// openedFromWork notes that WeWork leads a member here, if it was the home page: it is set. Anybody's browser can say that it
// is WeWork's; the sign-in shows that it is.
func (h *H5) openedFromWork(c *web.Context, app core.ID, home bool) {
	if !home || !slices.ContainsFunc(h.wechat.Corps(c.Ctx()), func(a core.WechatApp) bool { return a.ID == app }) {
		return
	}
	if err := h.store.NoteWechatStep(c.Ctx(), app, core.WechatStepHome); err != nil {
		c.Shortfall("note the home page in WeWork", err)
	}
}

// beginStaff signs a member in without being told of which company: there is one, or WeWork must say it.
func (h *H5) beginStaff(c *web.Context, next string) error {
	switch corps := h.wechat.Corps(c.Ctx()); len(corps) {
	case 0:
		return core.Conflict("还没有接入企业微信，请联系管理员")
	case 1:
		return h.beginMember(c, round{corp: corps[0].ID, next: next})
	}
	return h.lost(c, "请在企业微信的“工作台”里打开本应用", staffPath)
}

// beginMember redirects the phone to WeWork's authorize page for a round's company.
func (h *H5) beginMember(c *web.Context, r round) error {
	r.state, r.surface = newState(), web.SurfaceStaff
	address, err := h.wechat.MemberURL(c.Ctx(), r.corp, h.publicURL+roundPath, r.state, r.phone)
	if err != nil {
		return err
	}
	return r.begin(c, address)
}

// staffFinish handles WeWork's redirect back: it signs the member in, and keeps the mobile number that they let it tell.
func (h *H5) staffFinish(c *web.Context, r round, code string) error {
	who, err := h.wechat.Member(c.Ctx(), r.corp, code)
	if core.IsInvalid(err) {
		if err := h.entered(c, r); err == nil {
			return c.Redirect(r.next) // the address was opened again
		}
		return h.lost(c, core.MessageOf(err), r.again())
	}
	if err != nil {
		return err
	}
	m, err := h.store.StaffOfMember(c.Ctx(), r.corp, who.UserID)
	if err == nil {
		err = h.enter(c, web.SurfaceStaff, m.ID)
	}
	if core.IsNotFound(err) {
		return h.lost(c, "员工信息里还没有您。新同事请稍等几分钟，或联系管理员", r.again())
	}
	if err != nil {
		return err
	}
	if r.phone {
		if err := h.keepPhone(c, r, m, who.Ticket); err != nil {
			return err
		}
	}
	h.openedFromWork(c, r.corp, r.home)
	return c.Redirect(r.next)
}

// entered returns an error unless a member of the round's company is signed in in this browser.
func (h *H5) entered(c *web.Context, r round) error {
	present, err := c.UserAt(web.SurfaceStaff)
	if err != nil {
		return err
	}
	m, err := h.store.StaffAtWork(c.Ctx(), present.Subject)
	if err == nil && m.Corp != r.corp {
		err = core.NotFound("")
	}
	return err
}

// keepPhone keeps the mobile number that a member let WeWork tell, and says what became of it.
func (h *H5) keepPhone(c *web.Context, r round, m core.Staff, ticket string) error {
	phone := ""
	if ticket != "" { // otherwise the member is out of the app's range, or agreed to less
		var err error
		if phone, err = h.wechat.MemberPhone(c.Ctx(), r.corp, ticket); err != nil {
			return err
		}
	}
	if phone == "" {
		c.Flash(web.FlashWarning, "企业微信没有提供手机号，请联系管理员填写。")
		return nil
	}
	by := core.Actor{Kind: core.ActorStaff, ID: m.ID, Name: m.Name, Addr: c.Addr(), RequestID: c.RequestID()}
	err := h.store.BindStaffPhone(c.Ctx(), by, m.ID, phone)
	if core.IsInvalid(err) {
		c.Flash(web.FlashWarning, "这个手机号没有保存：可能已是另一位员工的，请联系管理员。")
		return nil
	}
	if err == nil {
		c.Flash(web.FlashSuccess, "手机号已保存。")
	}
	return err
}

// staffPhone asks WeWork for the mobile number, which asks the member.
func (h *H5) staffPhone(c *web.Context) error {
	return h.beginMember(c, round{corp: c.Staff().Corp, next: staffPath, phone: true})
}

// staffPage is a staff member's home page.
type staffPage struct {
	templates.Phone
	Links    []staffLink
	Posts    []staffPost
	NoPosts  string
	Facts    []templates.Fact
	HasPhone bool // as somebody typed it
	AskPhone bool // WeWork has not told it yet
	Told     []noticeLine
}

// staffNotices is how many are shown.
const staffNotices = 5

type staffLink struct {
	Label, Note, URL string
	Count            int
}

// staffPost is a post of theirs; URL is empty if the mobile number was only typed, which opens nothing.
type staffPost struct{ Name, Community, URL string }

func (h *H5) staffShow(c *web.Context) error {
	m := c.Staff()
	page := staffPage{Phone: h.phone(c, m.Name, m.Position), HasPhone: m.Phone != "", AskPhone: m.PhoneTold.IsZero()}
	names, err := h.communityNames(c)
	if err == nil {
		page.Posts, err = h.staffPosts(c, names)
	}
	if err == nil {
		page.Links, err = h.staffLinks(c)
	}
	if err == nil {
		page.Facts, err = h.staffFacts(c, names)
	}
	if err != nil {
		return err
	}
	if page.Told, err = h.staffTold(c); err != nil {
		return err
	}
	page.NoPosts = "没有安排您值守的门岗。"
	if m.Phone == "" {
		page.NoPosts = "登记手机号后，可以看到安排您值守的门岗。"
	}
	return h.show(c, http.StatusOK, "staff/show", page)
}

// communityNames returns the names of all communities, by id: what is shown of them is the member's own.
func (h *H5) communityNames(c *web.Context) (map[core.ID]string, error) {
	communities, err := h.store.Communities(c.Ctx(), core.Everywhere)
	names := make(map[core.ID]string, len(communities))
	for _, community := range communities {
		names[community.ID] = community.Name
	}
	return names, err
}

func (h *H5) staffPosts(c *web.Context, names map[core.ID]string) ([]staffPost, error) {
	found, err := h.store.StaffPosts(c.Ctx(), c.Staff().ID)
	posts := make([]staffPost, len(found))
	for i, p := range found {
		posts[i] = staffPost{Name: p.Name, Community: names[p.Community]}
		if !c.Staff().PhoneTold.IsZero() {
			posts[i].URL = fronts[web.SurfaceGuard] + "/" + p.ID.String()
		}
	}
	return posts, err
}

// staffLinks returns what the member may do with the account that is theirs.
func (h *H5) staffLinks(c *web.Context) (links []staffLink, err error) {
	if kinds := core.ReviewKinds(c.Has); len(kinds) > 0 {
		counts, err := h.store.CountReviews(c.Ctx(), c.Scope(), store.ReviewFilter{
			Kinds: kinds, State: core.ReviewWaiting, Asked: c.Now(),
		})
		if err != nil {
			return nil, err
		}
		review := staffLink{Label: "待我审核", Note: "没有等待审核的申请", URL: reviewPath}
		for _, n := range counts {
			review.Count += n
		}
		if review.Count > 0 {
			review.Note = "有申请在等您"
		}
		links = append(links, review)
	}
	if c.Has(core.PermAccessRecordView) {
		links = append(links, staffLink{Label: "出入记录", Note: "您管理的小区，姓名已隐去", URL: staffRecordPath})
	}
	return links, nil
}

// staffTold returns the latest entries of the bell of the member's account.
func (h *H5) staffTold(c *web.Context) ([]noticeLine, error) {
	if c.Account().ID == 0 {
		return nil, nil
	}
	list, _, err := h.store.Notices(c.Ctx(), c.Account().ID)
	if err != nil {
		return nil, err
	}
	return h.noticeLines(c, list[:min(len(list), staffNotices)])
}

func (h *H5) staffFacts(c *web.Context, names map[core.ID]string) ([]templates.Fact, error) {
	m := c.Staff()
	departments, err := h.store.Departments(c.Ctx())
	if err != nil {
		return nil, err
	}
	tree := core.NewDepartmentTree(departments)
	var paths, communities []string
	for _, id := range m.Departments {
		if node, ok := tree.Of(id); ok {
			paths = append(paths, node.Path)
		}
	}
	for _, id := range m.Communities {
		communities = append(communities, names[id])
	}
	facts := []templates.Fact{
		{Label: "部门", Value: orNone(strings.Join(paths, "、"))}, {Label: "服务小区", Value: orNone(strings.Join(communities, "、"))},
	}
	if m.Phone != "" {
		facts = append(facts, templates.Fact{Label: "手机号", Value: m.Phone})
	}
	if c.Account().ID != 0 {
		facts = append(facts, templates.Fact{Label: "后台账号", Value: c.Account().Name})
	}
	return facts, nil
}

func orNone(text string) string {
	if text == "" {
		return "未登记"
	}
	return text
}

// staffRecordsPage lists the passages of the communities of the member's account, names masked.
type staffRecordsPage struct {
	templates.Phone
	Days  []recordDay
	Pager templates.Pager
	Empty templates.Empty
}

func (h *H5) staffRecords(c *web.Context) error {
	if !c.Has(core.PermAccessRecordView) {
		return core.Forbidden("您没有查看出入记录的权限，请联系管理员关联后台账号")
	}
	page := c.Page(maxObserver)
	records, more, err := h.store.AccessRecords(c.Ctx(), c.Scope(), core.RecordFilter{Outsider: true}, page)
	if err != nil {
		return err
	}
	view := staffRecordsPage{
		Phone: h.phone(c, "出入记录", c.Staff().Name), Days: recordDays(h.lines(records, true), h.store.Zone(), c.Now()),
		Empty: templates.Empty{Icon: "history", Title: "还没有出入记录", Text: "住户扫码或门岗登记后，会出现在这里。"},
	}
	view.Back = staffPath
	list := templates.List{Path: staffRecordPath, Query: c.Request().URL.Query()}
	web.Paged(&list, page, records, more, func(r core.AccessRecord) core.ID { return r.ID })
	view.Pager = list.Pager
	return h.show(c, http.StatusOK, "staff/record", view)
}
