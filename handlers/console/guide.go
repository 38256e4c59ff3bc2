package console

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// guideRoutes returns the routes of 开始使用: the steps of the set-up, what WeChat needs, and the notice
// for residents.
func (p *pages) guideRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.GuidePath, Access: web.SignedIn, Handler: p.guideShow},
		{Method: http.MethodPost, Path: frame.GuidePath, Access: web.SignedIn, Handler: p.guideUpdate},
		{Method: http.MethodGet, Path: frame.GuidePath + "/wechat", Access: web.SignedIn, Handler: p.guideWechat},
		{Method: http.MethodGet, Path: noticePath, Access: web.Need(core.PermResidentView), Handler: p.guideNotice},
	}
}

const noticePath = frame.GuidePath + "/notice"

// maxGuides is the maximum number of communities whose progress is computed for one page.
const maxGuides = 12

// guideStep is a step as pages show it.
type guideStep struct {
	core.GuideStep
	Badge  templates.Badge
	Button templates.Action // without a URL: it is off
	Also   []templates.Action
	Why    string // it is off, or what has to come first
	Now    bool   // the next one to do
	Others bool   // it is open, and the account cannot do it
}

// guidePlace is a community with the number of its open steps.
type guidePlace struct {
	Name, URL string
	Left      int
}

// guideCard is the card of the home page; zero = there is nothing left to do, or it was put away.
type guideCard struct {
	Community string       // of several
	Places    []guidePlace // under 全部, those with open steps; nil = Steps
	Steps     []guideStep
	Left      int
	Next      *guideStep // nil = none of them is the account's to do
	URL, Away string
	CSRF      string
}

type guideShowPage struct {
	templates.Shell
	Steps  []guideStep
	Places []guidePlace // to choose from; nil = Steps
	Away   string
	Back   bool // it was put away from the home page
}

// helps reports whether the account may do one of the steps.
func helps(c *web.Context) bool {
	for _, s := range core.GuideSteps(core.GuideFacts{}) {
		if s.Needs != "" && s.Name != "notice" && c.Has(s.Needs) {
			return true
		}
	}
	return c.Has(core.PermObserverEdit)
}

// guideCommunity returns the community whose steps are shown, with all of the account; zero = there is
// none yet, or one of several has to be chosen.
func (p *pages) guideCommunity(c *web.Context) (at core.Community, all []core.Community, err error) {
	if all, err = p.Communities(c); err != nil {
		return at, nil, err
	}
	shown := p.ShownCommunity(c)
	for _, community := range all {
		if community.ID == shown || len(all) == 1 {
			return community, all, nil
		}
	}
	return at, all, nil
}

// guideSteps returns the steps of a community, with what this account may do, and how many are left.
func (p *pages) guideSteps(c *web.Context, community core.ID) (steps []guideStep, left int, err error) {
	facts, err := p.Store.GuideFacts(c.Ctx(), c.Scope(), community, c.Account().ID)
	if err != nil {
		return nil, 0, err
	}
	facts.Official, facts.Mini = p.HasOfficial(), p.HasMini()
	all := core.GuideSteps(facts)
	for _, s := range all {
		steps = append(steps, guideStepOf(c, s, community))
	}
	if next := nextOf(steps); next != nil {
		next.Now, next.Button.Primary = true, true
	}
	return steps, core.GuideLeft(all), nil
}

// nextOf returns the step to do now: the first open one; one that has begun and takes days only if there is no
// other; nil = none.
func nextOf(steps []guideStep) (next *guideStep) {
	for i := range steps {
		s := &steps[i]
		if s.State == core.GuideDone || s.Button.URL == "" {
			continue
		}
		if !s.Beside {
			return s
		}
		next = s
	}
	return next
}

var guideTones = map[core.GuideState]templates.Tone{
	core.GuideTodo: templates.Neutral, core.GuideDoing: templates.Info, core.GuideDone: templates.Good,
}

func guideStepOf(c *web.Context, s core.GuideStep, community core.ID) guideStep {
	s.Also = slices.DeleteFunc(s.Also, func(a core.GuideAct) bool { return !c.Has(a.Needs) })
	if len(s.Also) > 0 && (!c.Has(s.Needs) || s.And != "" && !c.Has(s.And)) {
		s.Act, s.Path, s.Needs, s.And, s.Also = s.Also[0].Label, s.Also[0].Path, s.Also[0].Needs, "", s.Also[1:]
	}
	step := guideStep{GuideStep: s, Badge: templates.Badge{Tone: guideTones[s.State], Text: s.State.Label()}}
	step.Button = templates.Action{Label: s.Act}
	may := s.Needs == "" || c.Has(s.Needs) && (s.Name != "community" || c.Actor().MayOperate())
	switch {
	case s.Wait != "":
		step.Why = "先完成“" + s.Wait + "”。"
	case !may && s.State == core.GuideDone:
	case !may:
		step.Why, step.Others = "由有“"+s.Needs.Name()+"”权限的同事办理。", true
		if c.Has(s.Needs) {
			step.Why = "由运维人办理。"
		}
	default:
		step.Button.URL = guideURL(s.Path, community)
		for _, a := range s.Also {
			step.Also = append(step.Also, templates.Action{Label: a.Label, URL: guideURL(a.Path, community)})
		}
	}
	return step
}

// guideURL returns a page's address with the community, if it is about one.
func guideURL(path string, community core.ID) string {
	stem, _, _ := strings.Cut(path, "/")
	if community == 0 || stem == "account" || stem == "community" || path == "guide/wechat" {
		return frame.HomePath + "/" + path
	}
	return templates.WithQuery(frame.HomePath+"/"+path, nil, "community", community.String())
}

// onward returns the next open step after an act upon a feature that is part of one: the message of the act
// leads on to it. It is zero if the account has put the steps away.
func (p *pages) onward(c *web.Context, stem string) templates.Action {
	name := stem
	if stem == "observer" || stem == "account" {
		name = "people"
	}
	at := slices.IndexFunc(core.GuideSteps(core.GuideFacts{}), func(s core.GuideStep) bool { return s.Name == name })
	if at < 0 || !helps(c) || p.Preference(c).GuideAway {
		return templates.Action{}
	}
	community, _, err := p.guideCommunity(c)
	if err != nil || community.ID == 0 {
		return templates.Action{} // of several, it is not known which
	}
	steps, _, err := p.guideSteps(c, community.ID)
	if err != nil {
		c.Shortfall("next step of the set-up", err)
		return templates.Action{}
	}
	for i, a := range steps[at].Also {
		if other := steps[at].GuideStep.Also[i]; other.Open && other.Path != stem+"/new" {
			return templates.Action{Label: "下一步：" + a.Label, URL: a.URL}
		}
	}
	for i, s := range steps[at:] {
		// The step itself follows only with something else to add: after a post, its people.
		more := i > 0 || strings.HasSuffix(s.Path, "/new") && s.Path != stem+"/new" && !strings.HasPrefix(s.Path, "import/")
		if more && s.State != core.GuideDone && s.Button.URL != "" {
			return templates.Action{Label: "下一步：" + s.Act, URL: s.Button.URL}
		}
	}
	return templates.Action{}
}

// guideCard returns the home page's card. Without it, as when the database does not answer in time, the
// page is as good.
func (p *pages) guideCard(c *web.Context) guideCard {
	if !helps(c) || p.Preference(c).GuideAway {
		return guideCard{}
	}
	at, all, err := p.guideCommunity(c)
	if err == nil && at.ID == 0 && len(all) > 0 {
		return p.guidePlacesCard(c, all)
	}
	var steps []guideStep
	left := 0
	if err == nil {
		steps, left, err = p.guideSteps(c, at.ID)
	}
	if err != nil {
		c.Shortfall("steps of the set-up", err)
		return guideCard{}
	}
	steps, others := ownSteps(steps)
	left -= others
	card := guideCard{Steps: steps, Left: left, URL: p.Within(c, frame.GuidePath), Away: frame.GuidePath, CSRF: c.CSRF()}
	if card.Left == 0 {
		return guideCard{}
	}
	if len(all) > 1 {
		card.Community = at.Name
	}
	for i := range steps {
		if steps[i].Now {
			card.Next = &steps[i]
		}
	}
	return card
}

// ownSteps returns the steps that an account can do, and those of others that they wait for; others is how many it
// left out.
func ownSteps(steps []guideStep) (own []guideStep, others int) {
	for _, s := range steps {
		awaited := slices.ContainsFunc(steps, func(other guideStep) bool { return other.Wait == s.Title })
		if s.Others && !awaited {
			others++
			continue
		}
		own = append(own, s)
	}
	return own, others
}

// guidesAtHome is the maximum number of communities whose progress the home page computes: the latest, since the
// others are set up.
const guidesAtHome = 6

// guidePlacesCard returns the card of an account that works in several communities: where steps are left.
func (p *pages) guidePlacesCard(c *web.Context, all []core.Community) guideCard {
	latest := slices.SortedFunc(slices.Values(all), func(a, b core.Community) int { return cmp.Compare(b.ID, a.ID) })
	card := guideCard{URL: frame.GuidePath, Away: frame.GuidePath, CSRF: c.CSRF()}
	for _, community := range latest[:min(len(latest), guidesAtHome)] {
		_, left, err := p.guideSteps(c, community.ID)
		if err != nil {
			c.Shortfall("steps of the set-up", err)
			return guideCard{}
		}
		if left > 0 {
			card.Left += left
			card.Places = append(card.Places, guidePlaceOf(community, left))
		}
	}
	if card.Left == 0 {
		return guideCard{}
	}
	return card
}

func guidePlaceOf(community core.Community, left int) guidePlace {
	return guidePlace{
		Name: community.Name, Left: left,
		URL: templates.WithQuery(frame.GuidePath, url.Values{"community": {community.ID.String()}}),
	}
}

// guideShow shows the steps of a community, or under 全部 how far each community is.
func (p *pages) guideShow(c *web.Context) error {
	at, all, err := p.guideCommunity(c)
	if err != nil {
		return err
	}
	page := guideShowPage{Shell: p.Shell(c, "guide", "开始使用"), Away: frame.GuidePath, Back: p.Preference(c).GuideAway}
	if at.ID == 0 && len(all) > 0 {
		for _, community := range all[:min(len(all), maxGuides)] {
			_, left, err := p.guideSteps(c, community.ID)
			if err != nil {
				return err
			}
			page.Places = append(page.Places, guidePlaceOf(community, left))
		}
		if len(all) > maxGuides {
			page.Note = "其余小区请先在右上角的“范围”中选择。"
		}
		return p.Page(c, http.StatusOK, "console/guide/show", page)
	}
	page.Note = at.Name
	if page.Steps, _, err = p.guideSteps(c, at.ID); err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/guide/show", page)
}

// guideUpdate puts the steps away from the account's home page, or back.
func (p *pages) guideUpdate(c *web.Context) error {
	var form struct {
		Away string `form:"away" of:"yes no" required:"请选择"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := p.Store.UpdateGuideAway(c.Ctx(), c.Account().ID, form.Away == "yes"); err != nil {
		return err
	}
	if form.Away == "yes" {
		c.Flash(web.FlashSuccess, "已收起“开始使用”，需要时在右上角的“?”里打开。")
	}
	return c.Redirect(frame.HomePath)
}

type guideWechatPage struct {
	templates.Shell
	Facts, Addresses []templates.Fact
	About, Apps      string // "" = no permission
	Back             string
}

// guideWechat shows whether WeChat is configured, and what to enter where. It contains no secret.
func (p *pages) guideWechat(c *web.Context) error {
	page := guideWechatPage{Shell: p.Shell(c, "guide", "微信接入步骤"), Back: p.Within(c, frame.GuidePath)}
	page.Crumbs = []templates.Crumb{{Label: "开始使用", URL: frame.GuidePath}}
	state := func(on bool) templates.Badge {
		if on {
			return templates.Badge{Tone: templates.Good, Text: "已接入"}
		}
		return templates.Badge{Tone: templates.Warn, Text: "未接入"}
	}
	page.Facts = []templates.Fact{{Label: "公众号", Badge: state(p.HasOfficial())}, {Label: "小程序", Badge: state(p.HasMini())}}
	host := p.PublicURL
	if u, err := url.Parse(p.PublicURL); err == nil {
		host = u.Host
	}
	page.Addresses = []templates.Fact{
		{Label: "授权域名", Value: host, Copy: true, Code: true},
		{Label: "菜单：通行证", Value: p.PublicURL + "/h5/pass", Copy: true, Code: true},
		{Label: "菜单：门岗", Value: p.PublicURL + "/h5/guard", Copy: true, Code: true},
		{Label: "菜单：观察员", Value: p.PublicURL + "/h5/observer", Copy: true, Code: true},
	}
	if c.Has(core.PermAboutView) {
		page.About = frame.AboutPath
	}
	if c.Has(core.PermSettingEdit) {
		page.Apps = frame.WechatAppPath
	}
	return p.Page(c, http.StatusOK, "console/guide/wechat", page)
}

// guideNoticePage is a sheet to print: how residents get their pass.
type guideNoticePage struct {
	templates.Shell
	Community, Phone, Address string
	Image                     template.URL // of the mini-program's code; "" = there is none now
	Why, Step                 string       // why, and where the set-up is
	Numbers                   string       // where the missing telephone number of the office is entered; "" = none is missing
	Office, Day, Printed      string
	Asked                     *templates.Asked // the community, of several
	Empty                     *templates.Empty // none is chosen
}

func (p *pages) guideNotice(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if len(at.All) == 0 {
		return frame.ErrNoCommunityYet
	}
	page := guideNoticePage{
		Shell: p.Shell(c, "guide", "打印住户通知"), Community: at.Name, Phone: at.Phone, Address: at.Address,
		Office: at.Name + "物业", Day: p.Today(c).String(), Step: frame.GuidePath + "/wechat",
	}
	page.Asked = at.Asked(noticePath)
	if page.Empty = at.NotChosen(c); page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/guide/notice", page)
	}
	page.Printed = c.Account().Name + "　" + c.Now().In(p.Store.Zone()).Format("2006-01-02 15:04") + " 打印"
	page.Crumbs = []templates.Crumb{{Label: "开始使用", URL: at.URL(frame.GuidePath)}}
	if at.Phone == "" && c.Has(core.PermCommunityEdit) {
		page.Numbers = frame.CommunityURL(at.ID) + "/edit"
	}
	if page.Why = p.NoWechat(frame.WechatBoth); page.Why == "" {
		page.Image, page.Why = p.noticeImage(c, at.ID)
	}
	return p.Page(c, http.StatusOK, "console/guide/notice", page)
}

// noticeScene tells the mini-program, and WeChat's figures, that it was opened from a notice.
const noticeScene = "from=notice"

// noticeImage returns the mini-program's code, which leads residents to what the notice describes, or why there is
// none now.
func (p *pages) noticeImage(c *web.Context, community core.ID) (image template.URL, why string) {
	picture, err := p.Wechat.MiniCode(c.Ctx(), community, noticeScene)
	if err != nil {
		c.Shortfall("code of the mini-program", err)
		return "", "微信暂时没有给出小程序码，请稍后再打开这一页。"
	}
	return templates.JPEG(picture), ""
}
