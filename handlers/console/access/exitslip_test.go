package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// moverSlip is an application of the estate's first resident.
func moverSlip(t *testing.T, d *desk.Desk) core.ID {
	t.Helper()
	host := d.Mine.Residents[0]
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "mover"})
	if err == nil && user.Person == 0 {
		_, err = d.Store.BindPhone(t.Context(), user.ID, host.Phone, host.Name)
	}
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.Store.ApplyExitSlip(t.Context(), core.System, user.ID, core.ExitSlip{
		House: host.House, Planned: d.Store.Now().Add(time.Hour), Reason: "搬<家>",
		Items: []core.ExitItem{{Name: "冰<箱>", Count: 1}, {Name: "沙发", Count: 2}},
	}, store.RequestKey{})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The office reads what is to be carried out and what the house owes, rejects with a reason, approves another, prints and revokes it;
// who was slower reads who decided, and who may only look sees no buttons.
func TestSlipsAreDecidedInTheConsole(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	first, second := moverSlip(t, d), moverSlip(t, d)
	path, other := frame.ExitSlipURL(first), frame.ExitSlipURL(second)
	if text := b.Get(t, path, http.StatusOK).Find("main").Text(); !strings.Contains(text, "冰<箱> 1 件") ||
		!strings.Contains(text, "本房屋登记的住户") || !strings.Contains(text, "搬<家>") {
		t.Errorf("the reviewer reads %s", text)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermExitSlipView)
	if viewer.Get(t, path, http.StatusOK).Find(".tx-review form").Length() != 0 {
		t.Error("who may only look sees buttons")
	}
	viewer.Post(t, path+"/approve", url.Values{"version": {"1"}}, http.StatusForbidden)
	wrong, _ := b.Post(t, path+"/reject", url.Values{"version": {"1"}, "note": {"先打电话"}}, http.StatusUnprocessableEntity)
	if wrong.Find("#f-reason-error").Length() != 1 || wrong.Find(`[name="note"]`).Text() != "先打电话" {
		t.Errorf("without a reason: %s", wrong.Find(".tx-review").Text())
	}
	long := url.Values{"version": {"1"}, "reason": {strings.Repeat("x", 10000)}}
	b.Post(t, path+"/reject", long, http.StatusUnprocessableEntity)
	b.Post(t, path+"/reject", url.Values{"version": {"1"}, "preset": {"物品说明不清楚"}}, http.StatusSeeOther)
	late, _ := b.Post(t, path+"/approve", url.Values{"version": {"1"}}, http.StatusConflict)
	if text := late.Find("[role=alert]").Text(); !strings.Contains(text, "没有生效") {
		t.Errorf("too late: %s", text)
	}
	if text := b.Get(t, path+"/print", http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有可以打印的二维码") {
		t.Errorf("a rejected one is printed: %s", text)
	}
	b.Post(t, other+"/approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	if b.Get(t, other, http.StatusOK).Find(`main a[href="`+other+`/print"]`).Length() != 1 {
		t.Error("its page does not lead to the paper")
	}
	if paper := b.Get(t, other+"/print", http.StatusOK).Find("article"); paper.Find("img").Length() != 1 ||
		!strings.Contains(paper.Text(), "沙发 2 件") {
		t.Errorf("the paper: %s", paper.Text())
	}
	list := b.Get(t, frame.ExitSlipPath+"?state=granted", http.StatusOK).Find("tbody tr")
	if list.Length() != 1 || !strings.Contains(list.Text(), "待出门") {
		t.Errorf("the list: %s", list.Text())
	}
	asked, _ := b.Post(t, other+"/revoke", url.Values{}, http.StatusOK)
	if !strings.Contains(asked.Find("main").Text(), "2 项物品不能出门") {
		t.Errorf("the question: %s", asked.Find("main").Text())
	}
	b.Post(t, other+"/revoke", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, other, http.StatusOK).Find("main").Parent().Text(); !strings.Contains(text, "已撤销") {
		t.Errorf("revoked: %s", text)
	}
	b.Post(t, frame.ExitSlipPath+"/revoke", url.Values{}, http.StatusSeeOther) // nothing is ticked
	fresh, err := d.Store.CreateExitSlip(t.Context(), core.System, core.Everywhere, core.ExitSlip{
		House: d.Mine.Houses[0], Name: "搬运工", Planned: d.Store.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ticked := url.Values{"id": {first.String(), fresh.String()}}
	asked, _ = b.Post(t, frame.ExitSlipPath+"/revoke", ticked, http.StatusOK)
	if text := asked.Find("main").Text(); !strings.Contains(text, "撤销 1 张出门条？") || !strings.Contains(text, "另有 1 张") {
		t.Errorf("the question about several: %s", text)
	}
	ticked.Set("confirmed", "1")
	b.Post(t, frame.ExitSlipPath+"/revoke", ticked, http.StatusSeeOther)
	if e, err := d.Store.ExitSlip(t.Context(), core.Everywhere, fresh); err != nil || e.State(d.Store.Now()) != core.ExitRevoked {
		t.Errorf("revoked with others: %+v, %v", e, err)
	}
	stranger := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermExitSlipView)
	stranger.Get(t, path, http.StatusNotFound)
	stranger.Get(t, path+"/print", http.StatusNotFound)
}

// The office issues a slip at the desk, line by line, with the form that the community has; what was typed stays if something is
// wrong, and more lines come on demand.
func TestASlipIsIssuedAtTheDesk(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.ExitSlipPath+"/new?house="+d.Mine.Houses[0].String(), http.StatusOK)
	form := desk.FilledIn(page)
	if form.Get("house") == "" || !form.Has("item_4") || form.Has("item_5") {
		t.Fatalf("the form: %v", form)
	}
	form.Set("name", "王师傅")
	form.Set("plate", "京A12345")
	again, _ := b.Post(t, frame.ExitSlipPath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-item_1-error").Length() != 1 || desk.InputValue(again, "name") != "王师傅" {
		t.Errorf("without items: %s", again.Find(".tx-error").Text())
	}
	form.Set("item_1", "三角钢琴")
	form.Set("count_1", "0")
	again, _ = b.Post(t, frame.ExitSlipPath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-item_1-error").Length() != 1 || desk.InputValue(again, "item_1") != "三角钢琴" {
		t.Errorf("none of it: %s", again.Find(".tx-error").Text())
	}
	form.Set("count_1", "1")
	form.Set("act", "more")
	more, _ := b.Post(t, frame.ExitSlipPath, form, http.StatusOK)
	if desk.InputValue(more, "item_1") != "三角钢琴" || more.Find(`[name="item_8"]`).Length() != 1 {
		t.Errorf("more lines: %s", more.Find("main").Text())
	}
	form.Del("act")
	form.Set("house", "没有的房屋")
	again, _ = b.Post(t, frame.ExitSlipPath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-house-error").Length() != 1 {
		t.Error("a house that is not there")
	}
	form.Set("house", desk.InputValue(page, "house"))
	_, to := b.Post(t, frame.ExitSlipPath, form, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Find("main").Parent().Text(); !strings.Contains(text, "三角钢琴 1 件") ||
		!strings.Contains(text, "在柜台开具") {
		t.Errorf("issued: %s", text)
	}
}

// The office arranges the form, is asked before it is saved, and sees at its line what is wrong.
func TestExitRuleIsArranged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.ExitRulePath, http.StatusOK)
	if got := strings.TrimSpace(page.Find("select[name=hours] option[selected]").Text()); got != "出门时间当天有效" {
		t.Errorf("for how long a slip is good: %q", got)
	}
	form := desk.FilledIn(page)
	b.Post(t, frame.ExitRulePath, form, http.StatusSeeOther) // as it is shown
	if got := b.Get(t, frame.ExitRulePath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(got, "没有改动") {
		t.Errorf("unchanged: %q", got)
	}
	form.Set("hours", "24")
	if asked, _ := b.Post(t, frame.ExitRulePath, form, http.StatusOK); strings.Contains(asked.Find("main").Text(), "表单原来") {
		t.Error("a form that stays is compared")
	}
	form.Set("use_plate", string(core.FormRequired))
	form.Set("arrears", string(core.ExitArrearsReview))
	form.Set("hours", "1000")
	again, _ := b.Post(t, frame.ExitRulePath, form, http.StatusUnprocessableEntity)
	if again.Find("#f-hours-error").Length() != 1 {
		t.Errorf("a thousand hours: %s", again.Find(".tx-error").Text())
	}
	form.Set("hours", "6")
	asked, _ := b.Post(t, frame.ExitRulePath, form, http.StatusOK)
	if got := asked.Find("main").Text(); !strings.Contains(got, "出门时间后 6 小时内有效") || !strings.Contains(got, "车牌号（必填）") {
		t.Errorf("the question: %s", got)
	}
	form.Set("confirmed", "1")
	b.Post(t, frame.ExitRulePath, form, http.StatusSeeOther)
	rule, err := d.Store.ExitRule(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil || rule.Hours != 6 || rule.Arrears != core.ExitArrearsReview || rule.Form.Use("plate") != core.FormRequired {
		t.Errorf("saved %+v, %v", rule, err)
	}
	form.Set("hours", "7")
	b.Post(t, frame.ExitRulePath, form, http.StatusConflict) // of the page before
}

func TestExitPages(t *testing.T) {
	shell := templates.Shell{Title: "出门条", CSRF: "token"}
	at := frame.CommunityChoice{Community: core.Community{ID: 1, Name: "翠湖花园"}}
	rule := core.DefaultExitRule()
	items := []templates.ExitItem{
		{N: 1, Text: "冰<箱> 1 件", URL: "/p", Thumb: "/t"}, {N: 2, Text: "床 1 件", Left: "今天 <东门>", LeftURL: "/console/accessrecord/1"},
	}
	templates.CheckAll(t, "console/exitslip/", map[string]any{
		"console/exitslip/list": exitSlipListPage{Shell: shell, List: exitSlipTable(), Rows: []exitSlipRow{
			{
				Name: "林<明>", URL: "/console/exitslip/1", Community: "翠湖<花园>", House: "1栋<101>", HouseURL: "/console/house/1",
				Items: "冰<箱> 1 件 等 3 项", Gone: "1/3", Tick: templates.Tick{Value: 1, Label: "林<明>"},
				Planned: time.Unix(1, 0), State: frame.ExitBadge(core.ExitPartial),
			},
			{Name: "林明", URL: "/console/exitslip/2", House: "1栋102", State: frame.ExitBadge(core.ExitLeft)},
		}},
		"console/exitslip/list#empty": exitSlipListPage{Shell: shell, List: exitSlipTable()},
		"console/exitslip/form":       exitSlipFormPage{Shell: shell, Form: templates.Form{Sections: []templates.Section{deskLine(1)}}},
		"console/exitslip/show": exitSlipShowPage{
			Shell: shell, Detail: templates.Detail{Path: "/console/exitslip/1"}, Next: "请核对<登记>", Owes: "欠费 <1> 元", Items: items,
			Facts: []templates.Fact{{Label: "事由", Value: "搬<家>"}},
			Review: &templates.Review{
				Title: "出门条申请", Approve: "/a", Reject: "/r", Presets: []string{"不<清楚>"}, Reason: templates.ReviewReason("会告诉申请人"),
			},
			People: []templates.ReviewPerson{{URL: "/console/resident/1", Name: "林<明>", Identity: "业主", Phone: "138****8000"}},
		},
		"console/exitslip/show#desk": exitSlipShowPage{Shell: shell, Detail: templates.Detail{Path: "/console/exitslip/1"}, Items: items},
		"console/exitslip/print": exitSlipPrintPage{
			Shell: shell, Image: templates.SVG([]byte("<svg/>")), Community: "翠湖<花园>", Phone: "0755", Printed: "张三 打印", Items: items,
			Facts: []templates.Fact{{Label: "房屋", Value: "1栋<101>"}},
		},
		"console/exitslip/print#over": exitSlipPrintPage{Shell: shell, Why: "已<放行>"},
	})
	templates.CheckAll(t, "console/exitrule/", map[string]any{
		"console/exitrule/show": exitRulePage{
			Shell: shell, Tabs: passTabs(everything, "exitrule", at), Asked: &templates.Asked{Path: "/p", Field: at.Field("")},
			Edit: true, Words: rule.Text(), Asks: rule.Form.Text(), Versions: sampleVersions, Plans: samplePlans,
			Form: templates.Form{Sections: append([]templates.Section{{Fields: exitRuleFields(at, rule)}},
				frame.DesignSections("出门条表单", "", rule.Form, core.ExitBases)...)},
		},
		"console/exitrule/show#read": exitRulePage{Shell: shell, Words: desk.Hostile, Asks: desk.Hostile},
		"console/exitrule/show#none": exitRulePage{Shell: shell, Empty: &templates.Empty{Title: "还没有小区"}},
	})
}
