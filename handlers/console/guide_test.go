package console

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// statesOf returns the steps of a page as "小区 已完成, 房屋 …".
func statesOf(page *goquery.Document) string {
	var steps []string
	page.Find("main .tx-guide > li h2").Each(func(_ int, h *goquery.Selection) {
		state := h.Find(".tx-badge").Text()
		steps = append(steps, strings.TrimSuffix(strings.TrimSpace(h.Text()), state)+" "+state)
	})
	return strings.Join(steps, ", ")
}

// The steps are computed from the data: each act moves its step, in its own community alone, and a button
// that would be refused is off, with the reason.
func TestGuideFollowsTheData(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	placed := 0
	fresh := newCommunity(t, d)
	path := frame.GuidePath + "?community=" + fresh.String()
	got := statesOf(b.Get(t, path, http.StatusOK))
	for _, want := range []string{"小区 已完成", "房屋 未开始", "通行证设置 未开始", "微信接入 未开始", "门禁读头 未开始", "打印住户通知 未开始"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s: not %s", got, want)
		}
	}
	rule, err := d.Store.PassRule(t.Context(), core.Everywhere, fresh)
	if err == nil {
		err = d.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := statesOf(b.Get(t, path, http.StatusOK)); !strings.Contains(got, "通行证设置 已完成") {
		t.Errorf("the rule was saved: %s", got)
	}
	other := statesOf(b.Get(t, frame.GuidePath+"?community="+newCommunity(t, d).String(), http.StatusOK))
	if !strings.Contains(other, "通行证设置 未开始") {
		t.Errorf("another community's rule: %s", other)
	}
	// Under 全部, how far each community is.
	if n := b.Get(t, frame.GuidePath, http.StatusOK).Find(".tx-guide > li a").Length(); n != 4 {
		t.Errorf("%d communities to choose from", n)
	}

	// The home page leads to those with open steps, with their number.
	b.Get(t, frame.HomePath, http.StatusOK).Find(`section[aria-labelledby="guide-title"] li a`).Each(func(_ int, a *goquery.Selection) {
		open := 0
		for _, step := range strings.Split(statesOf(b.Get(t, a.AttrOr("href", ""), http.StatusOK)), ", ") {
			if !strings.HasSuffix(step, "已完成") {
				open++
			}
		}
		if left := a.Next().Text(); left != fmt.Sprintf("还有 %d 步", open) {
			t.Errorf("%s: %d steps are open", strings.TrimSpace(a.Text()), open)
		}
		placed++
	})
	if placed != 4 {
		t.Errorf("the home page leads to %d communities", placed)
	}

	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermResidentEdit)
	page := clerk.Get(t, frame.GuidePath, http.StatusOK)
	page.Find(".tx-guide > li").Each(func(_ int, li *goquery.Selection) {
		to, on := li.Find("a").Attr("href")
		if on {
			clerk.Get(t, to, http.StatusOK)
			return
		}
		if off := li.Find("button[disabled]").Length() == 1 && strings.Contains(li.Text(), "权限的同事办理。"); off == li.HasClass("tx-step-done") {
			t.Errorf("neither on nor off with a reason: %s", li.Text())
		}
	})
	if page.Find(".tx-guide a").Length() < 2 {
		t.Error("the clerk may do nothing")
	}
	mine := clerk.Get(t, "/console", http.StatusOK).Find(`section[aria-labelledby="guide-title"] .tx-guide-steps`).Text()
	if !strings.Contains(mine, "住户") || strings.Contains(mine, "门岗") || strings.Contains(mine, "门禁读头") {
		t.Errorf("the home page has the steps of others: %s", mine)
	}
}

// Residents are registered for days: once there are some, the next step is another one, until nothing else is
// left.
func TestResidentsHoldUpNoStep(t *testing.T) {
	button := templates.Action{Label: "办理", URL: "/console"}
	var steps []guideStep
	for _, s := range core.GuideSteps(core.GuideFacts{Community: 1, Houses: 864, Inhabited: 1, Residents: 2}) {
		steps = append(steps, guideStep{GuideStep: s, Button: button})
	}
	if next := nextOf(steps); next == nil || next.Name != "passrule" {
		t.Errorf("the next step is %+v", next)
	}
	for i := range steps {
		if steps[i].Name != "resident" {
			steps[i].State = core.GuideDone
		}
	}
	if next := nextOf(steps); next == nil || next.Name != "resident" {
		t.Errorf("with all else done, the next step is %+v", next)
	}
}

func newCommunity(t *testing.T, d *desk.Desk) core.ID {
	t.Helper()
	id, err := d.Store.CreateCommunity(
		t.Context(), core.System, core.Community{Name: "云栖" + d.Store.NewID().String(), Levels: []string{"栋"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// What follows in the set-up is said after a step of it, and not after an act on what there is.
func TestTheNextStepFollowsAStep(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	next := func(path string) string {
		return b.Get(t, path, http.StatusOK).Find(".tx-flash a:contains(下一步)").Text()
	}
	rule := desk.FilledIn(b.Get(t, frame.PassRulePath, http.StatusOK))
	rule.Set("exits", "3")
	b.Post(t, frame.PassRulePath, desk.WithConfirmed(rule), http.StatusSeeOther)
	if next(frame.PassRulePath) == "" {
		t.Error("nothing follows the rule")
	}
	b.Post(t, frame.RestrictionPath, url.Values{
		"community": {d.Mine.Community.String()}, "houses": {d.Mine.Houses[0].String()}, "exits": {"1"}, "reason": {"居家"},
		"confirmed": {"1"},
	}, http.StatusSeeOther)
	if text := next(frame.RestrictionPath); text != "" {
		t.Errorf("restricting a house is followed by %q", text)
	}
	b.Post(t, frame.RestrictionPath+"/"+d.Mine.Houses[0].String()+"/lift", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := next(frame.RestrictionPath); text != "" {
		t.Errorf("lifting it is followed by %q", text)
	}
}

// Without a community everything else waits for it, and the page says who may add one.
func TestGuideWithoutACommunity(t *testing.T) {
	d := newDesk(t)
	fresh := newCommunity(t, d)
	b := d.SignIn(t, core.ScopeOf(fresh), core.Permissions()...)
	if err := d.Store.ArchiveCommunity(t.Context(), core.System, core.Everywhere, fresh); err != nil {
		t.Fatal(err)
	}
	home := b.Get(t, "/console", http.StatusOK)
	if home.Find(`section[aria-labelledby="guide-title"] .tx-guide-steps > li`).Length() != 9 {
		t.Error("the home page has no steps")
	}
	steps := b.Get(t, frame.GuidePath, http.StatusOK).Find(".tx-guide > li")
	if on := steps.Find("a.btn"); on.Length() != 1 || on.AttrOr("href", "") != frame.WechatStep {
		t.Errorf("%d buttons are on", on.Length())
	}
	if first, second := steps.Eq(0).Text(), steps.Eq(1).Text(); !strings.Contains(first, "由运维人办理") || !strings.Contains(second, "先完成“小区”") {
		t.Errorf("the first steps say %q, %q", first, second)
	}
}

// The card is put away by the account for itself, and comes back from the page of the steps.
func TestGuideIsPutAway(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
	const card = `section[aria-labelledby="guide-title"]`
	if b.Get(t, "/console", http.StatusOK).Find(card).Length() != 1 {
		t.Fatal("no card")
	}
	b.Post(t, frame.GuidePath, url.Values{"away": {"yes"}}, http.StatusSeeOther)
	if b.Get(t, "/console", http.StatusOK).Find(card).Length() != 0 {
		t.Error("it is still there")
	}
	if d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...).Get(t, "/console", http.StatusOK).Find(card).Length() != 1 {
		t.Error("it is put away for others, too")
	}
	if b.Get(t, frame.GuidePath, http.StatusOK).Find(`button[name="away"][value="no"]`).Length() != 1 {
		t.Error("no way back")
	}
	b.Post(t, frame.GuidePath, url.Values{"away": {"no"}}, http.StatusSeeOther)
	if b.Get(t, "/console", http.StatusOK).Find(card).Length() != 1 {
		t.Error("it did not come back")
	}
	b.Post(t, frame.GuidePath, url.Values{"away": {"perhaps"}}, http.StatusUnprocessableEntity)
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView)
	if viewer.Get(t, "/console", http.StatusOK).Find(card).Length() != 0 {
		t.Error("shown to who may do none of it")
	}
}

// Without WeChat the notice says so, with the way to the step, and there is nothing to print.
func TestNoticeSaysThatWechatIsMissing(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, noticePath, http.StatusOK)
	if page.Find("[data-print], .tx-notice img").Length() != 0 || page.Find(`.tx-flash a[href="`+frame.WechatStep+`"]`).Length() != 1 {
		t.Error("a notice without an entry can be printed, or does not say why it cannot")
	}
	step := b.Get(t, frame.WechatStep, http.StatusOK).Find("main").Text()
	if !strings.Contains(step, "未接入") || !strings.Contains(step, "/h5/pass") {
		t.Errorf("the step says %q", step)
	}
	b.Get(t, noticePath+"?community="+d.Others.Community.String(), http.StatusNotFound)
}

// With WeChat the notice has the mini-program's code and the office's number; while WeChat gives none, it says so.
func TestNoticeHasTheMiniProgramsCode(t *testing.T) {
	d := newDesk(t)
	codes := &desk.Wechat{Err: core.Unavailable("微信暂时不能用")}
	d.Frame.Wechat = codes
	b := d.Registrar(t)
	numbered := func(phone string) {
		community, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
		if err == nil {
			community.Phone = phone
			_, err = d.Store.UpdateCommunity(t.Context(), core.System, core.Everywhere, community)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	numbered("")
	page := b.Get(t, noticePath, http.StatusOK)
	if page.Find("[data-print], .tx-notice img").Length() != 0 || !strings.Contains(page.Find(".tx-flash").Text(), "没有给出小程序码") {
		t.Errorf("without a code: %s", page.Find("main").Text())
	}
	if page.Find(`.tx-flash a[href="`+frame.CommunityURL(d.Mine.Community)+`/edit"]`).Length() != 1 {
		t.Error("a notice without the office's number does not say so")
	}
	codes.Err = nil
	numbered("0755-88888888")
	for range 2 {
		page = b.Get(t, noticePath, http.StatusOK)
	}
	want := base64.StdEncoding.EncodeToString([]byte("\xff\xd8 of from=notice for " + d.Mine.Community.String()))
	if src := page.Find(".tx-notice img").AttrOr("src", ""); src != "data:image/jpeg;base64,"+want {
		t.Errorf("the picture is %q", src)
	}
	if page.Find("[data-print]").Length() != 1 || !strings.Contains(page.Find(".tx-notice").Text(), "物业电话：0755-88888888") {
		t.Errorf("the notice says %s", page.Find(".tx-notice").Text())
	}
}

func TestGuidePages(t *testing.T) {
	shell := templates.Shell{Title: "开始使用", CSRF: "x"}
	steps := []guideStep{}
	for _, s := range core.GuideSteps(core.GuideFacts{Community: 1, Houses: 3, Residents: 1}) {
		steps = append(steps, guideStep{
			GuideStep: s, Badge: templates.Badge{Tone: templates.Info, Text: s.State.Label()}, Why: desk.Hostile,
			Button: templates.Action{Label: s.Act},
		})
	}
	steps[0].Button.URL = "/console/community/new"
	templates.CheckAll(t, "console/guide/", map[string]any{
		"console/guide/show":        guideShowPage{Shell: shell, Steps: steps, Away: frame.GuidePath, Back: true},
		"console/guide/show#places": guideShowPage{Shell: shell, Places: []guidePlace{{desk.Hostile, "/g", 3}, {"云栖", "/h", 0}}},
		"console/guide/wechat": guideWechatPage{
			Shell: shell, Facts: []templates.Fact{{Label: "公众号", Badge: templates.Badge{Tone: templates.Warn, Text: "未接入"}}},
			Addresses: []templates.Fact{{Label: "服务器地址", Value: "https://x", Copy: true}}, About: "/about", Back: "/back",
		},
		"console/guide/notice": guideNoticePage{
			Shell: shell, Community: desk.Hostile, Phone: "010", Address: "路", Day: "2026-11-22",
			Image: "data:image/jpeg;base64,", Numbers: "/edit",
			Asked: &templates.Asked{Path: "/notice", Field: templates.Field{Kind: templates.Select, Name: "community"}, Submit: "查看"},
		},
		"console/guide/notice#asked": guideNoticePage{Shell: shell, Empty: &templates.Empty{Title: desk.Hostile}},
		"console/guide/notice#none":  guideNoticePage{Shell: shell, Why: "还没有接入公众号。", Step: frame.WechatStep},
	})
}

// A step that is done has a quiet link; what opens no door is not done, and says why.
func TestGuideTellsWhatOpensNoDoor(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	path := frame.GuidePath + "?community=" + d.Mine.Community.String() // with readers
	step := func(title string) *goquery.Selection {
		return b.Get(t, path, http.StatusOK).Find(".tx-guide > li").FilterFunction(func(_ int, li *goquery.Selection) bool {
			return strings.Contains(li.Find("h2").Text(), title)
		})
	}
	save := func(opens bool) {
		rule := d.Rule(t)
		rule.ReaderQR = opens
		if err := d.Store.UpdatePassRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
			t.Fatal(err)
		}
	}
	save(false)
	if li := step("通行证设置"); !strings.Contains(li.Text(), "进行中") || !strings.Contains(li.Text(), "不会为任何人开门") {
		t.Errorf("readers that open for nobody: %s", li.Text())
	}
	save(true)
	li := step("通行证设置")
	if !strings.Contains(li.Text(), "已完成") || li.Find(".btn").Length() != 0 || li.Find("a").Length() != 1 {
		t.Errorf("a step that is done has a button: %s", li.Text())
	}
	for _, act := range []string{"添加账号", "添加观察员"} {
		if li := step("观察员与账号"); !strings.Contains(li.Find("a").Text(), act) {
			t.Errorf("no way to %s", act)
		}
	}
}
