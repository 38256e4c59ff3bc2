package registry

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// reminding is what it takes to switch reminders and to bind accounts that may review.
var reminding = append([]core.Permission{
	core.PermMessageView, core.PermReminderEdit, core.PermAccountView, core.PermAccountEdit,
}, reviewing...)

// reminderOf returns the row of an account.
func reminderOf(t *testing.T, b *desk.Clerk, login string) *goquery.Selection {
	t.Helper()
	rows := b.Get(t, frame.ReminderPath, http.StatusOK).Find("tbody tr")
	return rows.FilterFunction(func(_ int, row *goquery.Selection) bool { return strings.Contains(row.Text(), login) })
}

// Who may review is listed, switched off and on, invited by a code, and let go of.
func TestReminderList(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), reminding...)
	id := d.Account(t, "reviewer", reviewing...)
	d.Account(t, "onlooker", core.PermReaderView)
	row := reminderOf(t, b, "reviewer")
	if row.Length() != 1 || !strings.Contains(row.Text(), "未关联公众号") ||
		row.Find(`button[role=switch][aria-checked=true]`).Length() != 1 {
		t.Fatalf("the row is %q", row.Text())
	}
	if reminderOf(t, b, "onlooker").Length() != 0 {
		t.Error("who may not review is listed")
	}
	at := frame.ReminderURL(id)
	b.Post(t, at+"/disable", nil, http.StatusSeeOther)
	if reminderOf(t, b, "reviewer").Find(`button[role=switch][aria-checked=false]`).Length() != 1 {
		t.Error("it is not off")
	}
	if muted, err := d.Store.Preference(t.Context(), id); err != nil || len(muted.Muted) != 1 {
		t.Errorf("muted: %+v, %v", muted, err)
	}
	b.Post(t, at+"/disable", nil, http.StatusSeeOther) // by a page from before
	if text := b.Get(t, frame.ReminderPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "已经关闭") {
		t.Errorf("twice: %q", text)
	}
	b.Post(t, at+"/enable", nil, http.StatusSeeOther)

	if row.Find(`button[formaction="`+at+`/qr"]`).Length() != 1 || row.Find(`button[formaction="`+at+`/unbind"]`).Length() != 0 {
		t.Error("somebody without a WeChat is not invited, or is let go of")
	}
	code, _ := b.Post(t, at+"/qr", nil, http.StatusOK)
	digits := code.Find(".tx-login-code").Text()
	scene := d.Frame.Wechat.(*desk.Wechat).Scenes[0]
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: "o-reviewer"})
	if err == nil {
		err = d.Store.ApproveBindTicket(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID},
			store.BindScan{Scene: scene, User: user.ID, NoMini: true}, digits)
	}
	if err != nil {
		t.Fatal(err)
	}
	state, _ := code.Find("#bind-state").Attr("hx-get")
	if _, to := b.Watch(t, state); to != frame.ReminderPath {
		t.Errorf("once it is scanned the page goes to %q", to)
	}
	if row := reminderOf(t, b, "reviewer"); !strings.Contains(row.Text(), "未关注本小区的公众号") {
		t.Errorf("bound: %q", row.Text())
	}
	b.Post(t, at+"/qr", nil, http.StatusSeeOther) // there is one already
	asked, _ := b.Post(t, at+"/unbind", nil, http.StatusOK)
	if !strings.Contains(asked.Find("main").Text(), "扫码登录") {
		t.Error("the question does not say what else ends")
	}
	b.Post(t, at+"/unbind", desk.ConfirmedForm(), http.StatusSeeOther)
	if !strings.Contains(reminderOf(t, b, "reviewer").Text(), "未关联公众号") {
		t.Error("it is still bound")
	}
}

// Who may only look has no buttons; binding needs what changing an account does, and nobody acts on one who holds
// more, or is elsewhere.
func TestRemindersOfOthers(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	id := d.Account(t, "reviewer", append([]core.Permission{core.PermSettingEdit}, reviewing...)...)
	at := frame.ReminderURL(id)
	looks := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView)
	if row := reminderOf(t, looks, "reviewer"); row.Length() != 1 || row.Find("button").Length() != 0 {
		t.Errorf("buttons for who may only look: %q", row.Text())
	}
	looks.Post(t, at+"/disable", nil, http.StatusForbidden)
	switches := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView, core.PermReminderEdit)
	switches.Post(t, at+"/qr", nil, http.StatusForbidden)
	switches.Post(t, at+"/disable", nil, http.StatusForbidden) // the account holds more
	elsewhere := d.SignIn(t, core.ScopeOf(d.Others.Community), reminding...)
	for _, act := range []string{"/disable", "/qr", "/unbind"} {
		elsewhere.Post(t, at+act, desk.ConfirmedForm(), http.StatusNotFound)
	}
	if reminderOf(t, elsewhere, "reviewer").Length() != 0 {
		t.Error("an account of another community is listed")
	}
	d.SignIn(t, core.Everywhere, core.PermHouseView).Get(t, frame.ReminderPath, http.StatusForbidden)
}

// With official accounts of some communities alone, nobody is told that there is none, but what is needed.
func TestRemindersWithAccountsOfSomeCommunities(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{Some: true}
	b := d.SignIn(t, core.Everywhere, reminding...)
	at := frame.ReminderURL(d.Account(t, "reviewer", reviewing...))
	if html, err := reminderOf(t, b, "reviewer").Html(); err != nil || !strings.Contains(html, "负责全部小区的公众号") ||
		strings.Contains(html, "还没有接入") {
		t.Errorf("beside the button: %s, %v", html, err)
	}
	b.Post(t, at+"/qr", nil, http.StatusSeeOther)
	if text := b.Get(t, frame.ReminderPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "负责全部小区的公众号") {
		t.Errorf("after it was asked for: %q", text)
	}
}

// Who works for a community with an official account of its own is bound by that one, also without one of all.
func TestRemindersByTheCommunitysAccount(t *testing.T) {
	d := newDesk(t)
	const own = "wx00000000000000a1"
	d.Frame.Wechat = &desk.Wechat{Some: true, Own: map[core.ID]string{d.Mine.Community: own}}
	b := d.SignIn(t, core.Everywhere, reminding...)
	at := frame.ReminderURL(d.Account(t, "reviewer", reviewing...))
	page, _ := b.Post(t, at+"/qr", nil, http.StatusOK)
	if page.Find("img").Length() == 0 {
		t.Errorf("no code: %s", page.Text())
	}
	scene := d.Frame.Wechat.(*desk.Wechat).Scenes[0]
	if by, err := d.Store.BindTicketApp(t.Context(), scene); err != nil || by != own {
		t.Errorf("the code is of %q, %v", by, err)
	}
}

func TestReminderPages(t *testing.T) {
	shell := desk.SampleShell("提醒设置")
	tabs := templates.Tabs{Label: "提醒设置", Items: []templates.NavItem{{Label: "审核提醒", URL: "/x", Active: true}}}
	good := templates.Badge{Tone: templates.Good, Text: "可微信提醒"}
	templates.CheckAll(t, "console/reminder/", map[string]any{
		"console/reminder/list": reminderListPage{Shell: shell, Tabs: tabs, List: reminderTable(), Rows: []reminderRow{
			{
				Name: desk.Hostile, Login: desk.Hostile, Phone: "138****0000", URL: "/a", Reach: good, Work: true, On: true, Switch: "/s",
				Menu: templates.RowMenu{Label: "x", Acts: []templates.Submit{{Label: "解除关联", URL: "/u", Ask: true}}},
			},
			{Name: desk.Hostile, Reach: good, State: frame.OnOff(false, "开", "关")},
		}},
		"console/reminder/list#none": reminderListPage{Shell: shell, Tabs: tabs, List: reminderTable()},
	})
}

// If nobody may review, the list names every permission that would do.
func TestNoRemindersNameThePermissions(t *testing.T) {
	d := newDesk(t)
	text := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView).Get(t, frame.ReminderPath, http.StatusOK).
		Find(".tx-empty").Text()
	for _, kind := range core.ReviewTypes {
		if !strings.Contains(text, kind.Needs.Name()) {
			t.Errorf("%s is missing: %q", kind.Needs.Name(), text)
		}
	}
}
