package registry

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat"
)

// The end of a job is in the ledger, with the name masked, why WeChat did not reach the account, and
// the way to its page, for an account that may open it.
func TestLedger(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermMessageView, core.PermAccountView)
	told := core.Actor{Kind: core.ActorAccount, ID: d.Account(t, "told", core.PermReaderView), Name: "小told"}
	if _, err := d.Store.StartJob(t.Context(), told, core.JobVerifyAudit); err != nil {
		t.Fatal(err)
	}
	job, err := d.Store.ClaimJob(t.Context(), "runner")
	if err != nil {
		t.Fatal(err)
	}
	job.State = core.JobDone
	if err := d.Store.EndJob(t.Context(), "runner", job); err != nil {
		t.Fatal(err)
	}
	empty := b.Get(t, frame.MessagePath+"?kind=binding", http.StatusOK)
	if empty.Find("tbody tr").Length() != 0 {
		t.Error("a filter shows what it excludes")
	}
	if _, _, err := d.Store.Outbox().Claim(t.Context(), core.MessageClaim{Zone: time.UTC, Limit: 100, Lease: time.Minute}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, frame.MessagePath+"?kind=job&state=sent&channel=inapp", http.StatusOK)
	text := page.Find("tbody tr").First().Text()
	for _, want := range []string{"后台任务", "站内提醒", "已发送", "渠道没有开通", "*"} {
		if !strings.Contains(text, want) {
			t.Errorf("the row %q lacks %s", text, want)
		}
	}
	link, _ := page.Find(`tbody a[href^="` + frame.MessagePath + `/"]`).First().Attr("href")
	show := b.Get(t, link, http.StatusOK)
	if !strings.Contains(show.Find("main").Text(), "已放入站内提醒") || show.Find(`main a[href^="`+frame.AccountPath+`/"]`).Length() != 1 {
		t.Errorf("its page: %q", show.Find("main").Text())
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView).Get(t, link, http.StatusNotFound)
	b.Get(t, frame.MessagePath+"?from=2026-11-02&to=2026-11-01", http.StatusUnprocessableEntity)
	b.Get(t, frame.MessagePath+"?from=2026-11-01&to=2026-11-02", http.StatusOK)
	d.SignIn(t, core.Everywhere, core.PermHouseView).Get(t, frame.MessagePath, http.StatusForbidden)
}

// Whom no channel reached is listed once, with the way to their messages; a stopped channel says why, and one
// that this deployment lacks says so.
func TestUnreachedAndChannels(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermMessageView)
	if text := b.Get(t, frame.UnreachedPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有未触达的人") {
		t.Errorf("nobody: %q", text)
	}
	stop := core.ChannelStop{
		Channel: core.ChannelTemplate, Until: d.Store.Now().Add(time.Hour), Reason: core.WhyNoQuota, Code: "45009", Alarm: true,
	}
	if err := d.Store.Outbox().Stop(t.Context(), stop); err != nil {
		t.Fatal(err)
	}
	d.Frame.Wechat = &desk.Wechat{}
	text := b.Get(t, channelPath, http.StatusOK).Find("main").Text()
	for _, want := range []string{"公众号", "暂停", "今天的发送次数已用完（45009）", "企业微信", "正常"} {
		if !strings.Contains(text, want) {
			t.Errorf("the channels lack %s: %q", want, text)
		}
	}
	trouble := core.ChannelStop{Channel: core.ChannelInApp, AppID: "x", Reason: core.WhyBadContent, Code: "47003", Alarm: true}
	if err := d.Store.Outbox().Stop(t.Context(), trouble); err != nil {
		t.Fatal(err)
	}
	text = b.Get(t, channelPath, http.StatusOK).Find("main").Text()
	for _, want := range []string{"有异常", "消息格式不符合平台要求（47003）", "最近一次在"} {
		if !strings.Contains(text, want) {
			t.Errorf("the channels lack %s: %q", want, text)
		}
	}
	if n := strings.Count(text, "未接入"); n != 3 { // WeWork, the mini-program, text messages
		t.Errorf("%d channels are not connected: %q", n, text)
	}
	one := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView)
	for b, want := range map[*desk.Clerk]string{b: "全部小区今天的提醒", one: "您管理的小区今天的提醒"} {
		if text := b.Get(t, channelPath, http.StatusOK).Text(); !strings.Contains(text, want) {
			t.Errorf("it does not say whose figures they are: %s", want)
		}
	}
	p := Pages{Frame: &frame.Frame{}, Channels: []core.MessageChannel{core.ChannelSMS}}
	if !p.sends(core.ChannelSMS) || !p.sends(core.ChannelInApp) || p.sends(core.ChannelTemplate) {
		t.Error("a channel is connected that this deployment lacks, or not one that it has")
	}
}

// An operator lets a channel go on that was stopped: the question says how many messages wait and what the platform may say
// to it; keys are tried first, and what was lifted is not offered again. Others see no button.
func TestChannelIsResumed(t *testing.T) {
	d := newDesk(t)
	wx := &desk.Wechat{}
	d.Frame.Wechat = wx
	operator := d.SignIn(t, core.Everywhere, core.PermMessageView, core.PermMessageResume)
	app, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "海棠公众号", AppID: "wx00000000000000a7", Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stopped := func(channel core.MessageChannel, appID string, why core.MessageReason) {
		t.Helper()
		stop := core.ChannelStop{Channel: channel, AppID: appID, Until: d.Store.Now().Add(time.Hour), Reason: why, Alarm: true}
		if err := d.Store.Outbox().Stop(t.Context(), stop); err != nil {
			t.Fatal(err)
		}
	}
	button := func(b *desk.Clerk) string {
		url, _ := b.Get(t, channelPath, http.StatusOK).Find(`main button[formaction^="` + resumePath + `"]`).Attr("formaction")
		return url
	}
	stopped(core.ChannelSMS, "", core.WhyNoQuota)
	if url := button(d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView, core.PermMessageResume)); url != "" {
		t.Errorf("an account of one community is offered %s", url)
	}
	if url := button(d.SignIn(t, core.Everywhere, core.PermMessageView)); url != "" {
		t.Errorf("an account without the permission is offered %s", url)
	}
	url := button(operator)
	doc, _ := operator.Post(t, url, nil, http.StatusOK)
	question := doc.Find("main").Text()
	for _, want := range []string{"恢复“短信”的发送？", "0 条消息在等待", "到零点才重新开始", "今天的发送次数已用完"} {
		if !strings.Contains(question, want) {
			t.Errorf("the question lacks %s: %q", want, question)
		}
	}
	yes := map[string][]string{"confirmed": {"1"}}
	operator.Post(t, url, yes, http.StatusSeeOther)
	if again := button(operator); again != "" {
		t.Errorf("it is offered again: %s", again)
	}
	operator.Post(t, url, yes, http.StatusSeeOther)
	if text := operator.Get(t, channelPath, http.StatusOK).Text(); !strings.Contains(text, "请刷新页面") {
		t.Error("a second time is not refused")
	}

	stopped(core.ChannelTemplate, "wx00000000000000a7", core.WhyBadSecret)
	wx.Tried = &wechat.Error{Code: 40125}
	url = button(operator)
	operator.Post(t, url, yes, http.StatusSeeOther)
	if text := operator.Get(t, channelPath, http.StatusOK).Text(); !strings.Contains(text, "没有恢复，检查没有通过") || button(operator) != url {
		t.Errorf("with a wrong key it goes on: %q", text)
	}
	wx.Tried = nil
	operator.Post(t, url, yes, http.StatusSeeOther)
	now, err := d.Store.WechatApp(t.Context(), core.Everywhere, app)
	if again := button(operator); again != "" || err != nil || now.Checked.At.IsZero() || now.Checked.Problem != "" {
		t.Errorf("offered %q; checked %+v, %v", again, now.Checked, err)
	}
}

func TestMessagePages(t *testing.T) {
	shell := templates.Shell{Title: "提醒设置", CSRF: "x"}
	tabs := templates.Tabs{Label: "提醒设置", Items: []templates.NavItem{{Label: "发送记录", URL: "/x", Active: true}}}
	list := templates.List{Path: frame.MessagePath}
	m := core.Message{
		Kind: core.MessageSignIn, Title: desk.Hostile, Events: 2, State: core.MessageWaiting, Reason: core.WhyBusy, Code: "-1",
		Next: time.Unix(1, 0), Ended: time.Unix(2, 0),
	}
	who := core.Recipient{Kind: core.ToWechat, Name: desk.Hostile, Phone: "139****0000"}
	templates.CheckAll(t, "console/message/", map[string]any{
		"console/message/list": messageListPage{Shell: shell, Tabs: tabs, List: list, Rows: []messageRow{
			{URL: "/x", Text: desk.Hostile, Who: recipientText(who), Reason: desk.Hostile, State: messageBadge(core.MessageUnknown)}, {},
		}},
		"console/message/list#empty": messageListPage{Shell: shell, Tabs: tabs, List: list},
		"console/message/unreached": unreachedPage{Shell: shell, Tabs: tabs, List: list, Rows: []unreachedRow{
			{Who: desk.Hostile, WhoURL: "/x", URL: "/y", Count: "2 条", Tick: templates.Tick{Value: 1, Label: "x"}}, {Who: "x"},
		}},
		"console/message/unreached#called": unreachedPage{Shell: shell, Tabs: tabs, List: list, Rows: []unreachedRow{
			{Who: "x", Caller: desk.Hostile, Note: desk.Hostile, Called: time.Unix(1, 0)}, {Who: "y", Caller: "x"},
		}},
		"console/message/channel": channelPage{Shell: shell, Tabs: tabs, Rows: []channelRow{
			channelRowOf(core.ChannelDay{
				Channel: core.ChannelTemplate, Sent: 1200, Stops: []core.ChannelStop{{Template: "t", Reason: core.WhyBadTemplate}},
			}, true, nil, time.Unix(1, 0)),
			channelRowOf(core.ChannelDay{
				Channel: core.ChannelSMS, Stops: []core.ChannelStop{{Reason: core.WhyNoQuota, Code: "1", Until: time.Unix(2, 0)}},
			}, true, nil, time.Unix(1, 0)),
			channelRowOf(core.ChannelDay{Channel: core.ChannelInApp}, true, nil, time.Unix(1, 0)),
			{Channel: "公众号", Stops: []stopRow{{Reason: "x", Until: time.Unix(2, 0), Resume: &templates.Submit{Label: "恢复发送", URL: "/x"}}}},
		}, Quotas: []quotaRow{
			quotaRowOf(core.WechatApp{Name: desk.Hostile}, wechat.Quota{Limit: 100000, Used: 99999, Left: 1}, nil),
			quotaRowOf(core.WechatApp{Name: "x", Kind: core.WechatMini}, wechat.Quota{}, errors.New("hangs")),
		}},
		"console/message/show": messageShowPage{
			Shell: shell, Facts: messageFacts(m, who, "/x", time.UTC), Merged: "/y", Attempts: []attemptRow{
				{
					Channel: "公众号", State: attemptBadge(core.ChannelTemplate, core.AttemptRefused), Reason: desk.Hostile,
					Begun: time.Unix(1, 0),
				},
				{Channel: "短信", State: attemptBadge(core.ChannelTemplate, core.AttemptUnknown)},
			},
		},
		"console/message/show#new": messageShowPage{Shell: shell},
	})
}

// Whom no channel reached is ticked off with a note once somebody has called: one from the row's menu, several by the bar. The
// chip shows who called, and leads to what takes it back.
func TestWhoWasCalledIsTickedOff(t *testing.T) {
	d := newDesk(t)
	last := d.Mine.Unreached(3)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView, core.PermMessageCall)
	rows := func(query string) string {
		t.Helper()
		return b.Get(t, frame.UnreachedPath+query, http.StatusOK).Find("tbody").Text()
	}
	page := b.Get(t, frame.UnreachedPath, http.StatusOK)
	if n := page.Find(`tbody input[type=checkbox]`).Length(); n != 3 || page.Find(`tbody .tx-row-menu button[formaction]`).Length() != 3 {
		t.Fatalf("%d people can be ticked: %s", n, page.Find("tbody").Text())
	}
	ids := frame.IDValues(last[:2])
	doc, _ := b.Post(t, messageCallPath, map[string][]string{"id": ids}, http.StatusOK)
	if text := doc.Find("main").Text(); !strings.Contains(text, "已电话联系 2 人？") || !strings.Contains(text, "2 条提醒") ||
		doc.Find("main input[name=note]").Length() != 1 {
		t.Errorf("the question: %q", text)
	}
	long := map[string][]string{"id": ids, "confirmed": {"1"}, "note": {strings.Repeat("长", core.MaxCallNote+1)}}
	b.Post(t, messageCallPath, long, http.StatusUnprocessableEntity)
	yes := map[string][]string{"id": append(ids, ids[0]), "confirmed": {"1"}, "note": {"已转告，" + desk.Hostile}}
	_, to := b.Post(t, messageCallPath, yes, http.StatusSeeOther)
	said := b.Get(t, to, http.StatusOK)
	if words := said.Find(".tx-flash").Text(); !strings.Contains(words, "已标记 2 人为已电话联系。") || said.Find("tbody tr").Length() != 1 {
		t.Errorf("told %q, left %q", words, said.Find("tbody").Text())
	}
	if text := rows("?state=called"); strings.Count(text, "已转告，"+desk.Hostile) != 2 {
		t.Errorf("who was called: %q", text)
	}
	if text := b.Get(t, frame.MessageURL(last[0]), http.StatusOK).Find("main").Text(); !strings.Contains(text, "电话联系") ||
		!strings.Contains(text, "已转告") {
		t.Errorf("the message's page: %q", text)
	}
	_, to = b.Post(t, messageCallPath, map[string][]string{"id": ids, "confirmed": {"1"}}, http.StatusSeeOther)
	if words := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(words, "没有标记：已由别人联系") {
		t.Errorf("twice: %q", words)
	}
	undo, _ := b.Get(t, frame.UnreachedPath+"?state=called", http.StatusOK).Find(`tbody .tx-row-menu a`).First().Attr("href")
	batch, err := core.ParseID(strings.TrimPrefix(undo, frame.BatchPath+"/"))
	if err == nil {
		_, err = d.Store.UndoBatch(t.Context(), core.System, core.ScopeOf(d.Mine.Community), batch)
	}
	if err != nil {
		t.Fatalf("%q leads to taking it back: %v", undo, err)
	}
	if n := b.Get(t, frame.UnreachedPath, http.StatusOK).Find("tbody tr").Length(); n != 3 {
		t.Errorf("%d people after taking it back", n)
	}
	looks := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermMessageView)
	if looks.Get(t, frame.UnreachedPath, http.StatusOK).Find("tbody input, tbody button").Length() != 0 {
		t.Error("who may not is offered it")
	}
	looks.Post(t, messageCallPath, yes, http.StatusForbidden)
	another := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermMessageView, core.PermMessageCall)
	another.Post(t, messageCallPath, yes, http.StatusNotFound)
	b.Post(t, messageCallPath, nil, http.StatusSeeOther)
}
