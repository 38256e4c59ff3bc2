package account

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	deskOfficial = "wx00000000000000a1"
	deskTemplate = "template-of-the-desk"
)

// withOfficial connects an official account, served by the simulator of WeChat.
func withOfficial(t *testing.T, d *desk.Desk, scope core.Scope) (*simulator.Simulator, core.ID) {
	t.Helper()
	sim := simulator.New(simulator.Options{Seed: simulator.Seed{
		Apps: []simulator.App{{
			AppID: deskOfficial, Secret: strings.Repeat("s", 32), Type: simulator.OfficialAccount, Name: "翠湖花园物业",
			Templates: []simulator.Template{
				{ID: deskTemplate, Title: "账号登录提醒", Content: "登录账号：{{thing1.DATA}}\n登录时间：{{time2.DATA}}"},
				{ID: "another-template", Title: desk.Hostile, Content: "事项：{{thing1.DATA}}\n类别：{{phrase2.DATA}}"},
			},
		}},
		People: []simulator.Person{{Key: "zhou", Follows: []string{deskOfficial}}, {Key: "new"}},
	}})
	platform := httptest.NewServer(sim)
	t.Cleanup(platform.Close)
	official, err := wechat.New(wechat.Options{APIBase: platform.URL, BrowserBase: platform.URL, LoopbackOnly: true}).
		OfficialAccount(wechat.OfficialOptions{AppID: deskOfficial, Secret: strings.Repeat("s", 32), Token: "token123"})
	if err != nil {
		t.Fatal(err)
	}
	d.Frame.Wechat = &desk.Wechat{Officials: map[string]*wechat.OfficialAccount{deskOfficial: official}}
	id, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "翠湖花园物业", AppID: deskOfficial, Scope: scope},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sim, id
}

// The page says of each kind of field what is really sent: both tables have the same limits.
func TestFieldsHaveOneLimit(t *testing.T) {
	for _, kind := range []string{
		"thing", "const", "name", "phrase", "symbol", "character_string", "letter", "number", "amount", "phone_number", "car_number",
		"time", "date", "keyword",
	} {
		if said, sent := core.FieldMax(kind+"1"), wechat.FieldLimit(kind+"1"); said != sent {
			t.Errorf("%s: the page says %d, %d are sent", kind, said, sent)
		}
		if long := core.FitField(kind+"1", strings.Repeat("测-1a", 20)); utf8.RuneCountInString(long) > wechat.FieldLimit(kind+"1") {
			t.Errorf("%s: %q is too long", kind, long)
		}
	}
}

// A template is chosen from those that the account has, its fields proposed, changed, saved, and tried on oneself.
func TestWechatTemplateIsChosenAndTried(t *testing.T) {
	d := newDesk(t)
	sim, _ := withOfficial(t, d, core.ScopeOf(d.Mine.Community))
	b, _ := d.SignedIn(t, "keeper", core.PermSettingEdit)
	list := b.Get(t, frame.WechatTemplatePath, http.StatusOK)
	if text := list.Text(); !strings.Contains(text, "新地点登录") || !strings.Contains(text, "不发送") {
		t.Errorf("the list: %s", text)
	}
	edit := frame.WechatTemplatePath + "/edit?kind=sign_in"
	save := frame.WechatTemplatePath + "?app=" + deskOfficial + "&kind=sign_in"
	form := desk.FilledIn(b.Get(t, edit, http.StatusOK))
	form.Set("template", deskTemplate)
	form.Set("act", templates.RedrawAct)
	page, _ := b.Post(t, save, form, http.StatusOK)
	form = desk.FilledIn(page)
	if form.Get("part_thing1") != "title" || form.Get("part_time2") != "time" || !strings.Contains(page.Text(), "您的账号在新的地点登录") {
		t.Fatalf("proposed %v", form)
	}
	if again := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); strings.Contains(again, "已设置") {
		t.Error("drawing the form again saved it")
	}
	wrong := desk.FilledIn(page)
	wrong.Set("part_time2", "")
	invalid, _ := b.Post(t, save, wrong, http.StatusUnprocessableEntity)
	desk.WrongField(t, invalid, "part_time2")
	wrong = desk.FilledIn(page)
	wrong.Set("part_time2", "title")
	invalid, _ = b.Post(t, save, wrong, http.StatusUnprocessableEntity)
	desk.WrongField(t, invalid, "part_time2")
	if n := page.Find(`select[name="part_time2"] option[value="title"]`).Length(); n != 0 {
		t.Error("a time is offered what it cannot hold")
	}
	wrong = desk.FilledIn(page)
	wrong.Set("template", "not-one-of-the-account")
	invalid, _ = b.Post(t, save, wrong, http.StatusUnprocessableEntity)
	desk.WrongField(t, invalid, "template")
	b.Post(t, save, form, http.StatusSeeOther)
	form.Set("again", "1")                     // the same form once more would be taken for a repeat
	b.Post(t, save, form, http.StatusConflict) // made on what was there before
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, "登录账号：提醒内容") {
		t.Errorf("saved: %s", text)
	}

	// Tried: without WeChat, and with one that follows.
	test := frame.WechatTemplatePath + "/test?app=" + deskOfficial + "&kind=sign_in"
	b.Post(t, test, nil, http.StatusSeeOther)
	if page := b.Get(t, frame.WechatTemplatePath, http.StatusOK); !strings.Contains(page.Text(), "还没有绑定微信") ||
		page.Find(`.tx-flash a[href="`+frame.MePath+`"]`).Length() != 1 {
		t.Errorf("without WeChat: %s", page.Text())
	}
	who := core.WechatIdentity{AppID: deskOfficial, OpenID: sim.OpenID("zhou", deskOfficial)}
	user, err := d.Store.SignInWechat(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	bindsAtDesk(t, d, b, user.ID)
	b.Post(t, test, nil, http.StatusSeeOther)
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, "还没有关注") {
		t.Errorf("not following: %s", text)
	}
	if err := d.Store.UpdateFollowed(t.Context(), who, true); err != nil {
		t.Fatal(err)
	}
	b.Post(t, test, nil, http.StatusSeeOther)
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, "已发到您的微信") {
		t.Errorf("sent: %s", text)
	}
	chat := sim.Chat("zhou", deskOfficial)
	if len(chat) != 1 || chat[0].Title != "账号登录提醒" || chat[0].Lines[0].Value != "您的账号在新的地点登录" {
		t.Errorf("on the phone: %+v", chat)
	}

	// The template goes at WeChat: the comparison says so, and a test says what to do.
	b.Post(t, frame.WechatTemplatePath+"/check?app="+deskOfficial, nil, http.StatusSeeOther)
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, "字段没有变化") {
		t.Errorf("compared: %s", text)
	}
	official := d.Frame.Wechat.Official(deskOfficial)
	if err := official.DeleteTemplate(t.Context(), deskTemplate); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/check?app=" + deskOfficial: "已从账号删除", "/test?app=" + deskOfficial + "&kind=sign_in": "请重新设置",
	} {
		b.Post(t, frame.WechatTemplatePath+path, nil, http.StatusSeeOther)
		if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, want) {
			t.Errorf("%s: %s", path, text)
		}
	}
	remove := frame.WechatTemplatePath + "/remove?app=" + deskOfficial + "&kind=sign_in"
	b.Post(t, remove, nil, http.StatusOK)
	b.Post(t, remove, desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); strings.Contains(text, "已设置") {
		t.Errorf("still chosen: %s", text)
	}
}

// Without an account the page says so; of another's account, and of one that also serves others, nothing is changed.
func TestWechatTemplatesOfOthers(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	if text := b.Get(t, frame.WechatTemplatePath, http.StatusOK).Text(); !strings.Contains(text, "还没有接入公众号") {
		t.Errorf("without an account: %s", text)
	}
	withOfficial(t, d, core.ScopeOf(d.Mine.Community, d.Others.Community))
	elsewhere := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	elsewhere.Get(t, frame.WechatTemplatePath, http.StatusOK)
	form := url.Values{"template": {deskTemplate}, "shown": {deskTemplate}, "part_thing1": {"title"}, "part_time2": {"time"}}
	save := frame.WechatTemplatePath + "?app=" + deskOfficial + "&kind=sign_in"
	elsewhere.Post(t, save, form, http.StatusForbidden)
	b.Get(t, frame.WechatTemplatePath+"?app=wx00000000000000ff", http.StatusUnprocessableEntity)
	b.Get(t, frame.WechatTemplatePath+"/edit?kind=nothing&app="+deskOfficial, http.StatusUnprocessableEntity)
	b.Post(t, save, form, http.StatusSeeOther)

	// WeChat does not answer: the form has what is saved, says why it has no more, and saves nothing.
	d.Frame.Wechat = &desk.Wechat{}
	page := b.Get(t, frame.WechatTemplatePath+"/edit?kind=sign_in", http.StatusOK)
	if text := page.Text(); !strings.Contains(text, "没有在使用") || !strings.Contains(text, "登录账号") {
		t.Errorf("without WeChat: %s", text)
	}
	b.Post(t, save, desk.FilledIn(page), http.StatusConflict)
}

func TestWechatTemplatePages(t *testing.T) {
	shell := templates.Shell{Title: "消息模板", CSRF: "t"}
	at := frame.OfficialChoice{WechatApp: core.WechatApp{AppID: deskOfficial, Name: desk.Hostile}, Change: true}
	p := &Pages{Frame: &frame.Frame{}}
	chosen := core.WechatTemplate{
		ID: 7, AppID: deskOfficial, Kind: core.MessageSignIn, Title: desk.Hostile,
		Fields: []core.WechatTemplateField{{Key: "thing1", Label: desk.Hostile, Part: "title"}},
	}
	draft := wechatTemplateDraft{
		wechatTemplateAsked: wechatTemplateAsked{OfficialChoice: at, Kind: core.MessageSignIn}, now: chosen,
	}
	templates.CheckAll(t, "console/wechattemplate/", map[string]any{
		"console/wechattemplate/list": wechatTemplateListPage{
			Shell: shell, Tabs: settingTabs("wechattemplate"), Check: "/a",
			List: templates.List{Path: frame.WechatTemplatePath, Count: 2, Total: 2, Columns: []templates.Column{
				{Label: "提醒"}, {Label: "模板"}, {Label: "字段"}, {Label: "状态", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
			}},
			Rows: []wechatTemplateRow{
				p.wechatTemplateRow(at, core.MessageSignIn, []core.WechatTemplate{chosen}, "t"),
				p.wechatTemplateRow(at, core.MessageJob, nil, "t"),
			},
		},
		"console/wechattemplate/form": wechatTemplateFormPage{
			Shell: shell, Form: wechatTemplateFields(draft, core.PlatformZone, core.Day(20000).Start(core.PlatformZone)),
		},
	})
}

// The form of a kind whose template the configuration file has begins with that, and says what saving does.
func TestWechatTemplateOfTheFile(t *testing.T) {
	d := newDesk(t)
	draft := wechatTemplateDraft{
		wechatTemplateAsked: wechatTemplateAsked{Kind: core.MessageReview}, now: core.WechatTemplate{Kind: core.MessageReview},
		list: []wechat.Template{{ID: "of-the-file", Title: "物业提醒", Fields: []wechat.TemplateField{{Key: "thing1", Label: "事项"}}}},
		file: core.MessageTemplate{ID: "of-the-file", Fields: map[string]string{"thing1": "title"}},
	}
	draft.now = draft.fromFile(draft.list)
	form := wechatTemplateFields(draft, d.Store.Zone(), d.Store.Now())
	values := map[string]string{}
	help := ""
	for _, section := range form.Sections {
		for _, f := range section.Fields {
			values[f.Name] = f.Value
			help += f.Help
		}
	}
	if values["template"] != "of-the-file" || values["part_thing1"] != "title" || !strings.Contains(help, "保存后以这里为准") {
		t.Errorf("%v, %s", values, help)
	}
	draft.now, draft.file.ID = core.WechatTemplate{}, "gone"
	if now := draft.fromFile(draft.list); now.Template != "" {
		t.Errorf("one that the account no longer has: %+v", now)
	}
}

// bindsAtDesk binds a WeChat to the account signed in.
func bindsAtDesk(t *testing.T, d *desk.Desk, b *desk.Clerk, user core.ID) {
	t.Helper()
	b.Open(t, wechatBindPath+"/new")
	page, _ := b.Post(t, wechatBindPath, url.Values{"password": {desk.OwnPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	by := core.Actor{Kind: core.ActorWechat, ID: user}
	if err := d.Store.ApproveWechatLogin(t.Context(), by, b.Shown(t, code), code); err != nil {
		t.Fatal(err)
	}
}

const deskMini = "wx00000000000000d9"

// A mini-program's templates are chosen on the same page, for what it sends, and tried with a consent of one's own.
func TestSubscribeTemplateIsChosenAndTried(t *testing.T) {
	d := newDesk(t)
	sim, _ := withOfficial(t, d, core.Everywhere)
	sim.AddApp(simulator.App{
		AppID: deskMini, Secret: strings.Repeat("s", 32), Type: simulator.MiniProgram, Name: "通行小程序",
		Templates: []simulator.Template{{ID: "subscribe-template", Title: "审核结果通知", Content: "审核结果：{{thing1.DATA}}\n时间：{{time2.DATA}}"}},
	})
	platform := httptest.NewServer(sim)
	t.Cleanup(platform.Close)
	d.Frame.Wechat.(*desk.Wechat).Minis = map[string]*wechat.MiniProgram{
		deskMini: wechat.New(wechat.Options{APIBase: platform.URL, LoopbackOnly: true}).MiniProgram(deskMini, strings.Repeat("s", 32)),
	}
	if _, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatMini, Name: "通行小程序", AppID: deskMini, Scope: core.ScopeOf(d.Mine.Community)},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32)},
	}); err != nil {
		t.Fatal(err)
	}
	b, _ := d.SignedIn(t, "keeper", core.PermSettingEdit)
	app := "?app=" + deskMini
	if text := b.Get(t, frame.WechatTemplatePath+app, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "认证结果") ||
		strings.Contains(text, "新地点登录") {
		t.Errorf("what a mini-program sends: %s", text)
	}
	b.Get(t, frame.WechatTemplatePath+"/edit"+app+"&kind=sign_in", http.StatusUnprocessableEntity)
	save := frame.WechatTemplatePath + app + "&kind=certification"
	form := desk.FilledIn(b.Get(t, frame.WechatTemplatePath+"/edit"+app+"&kind=certification", http.StatusOK))
	form.Set("template", "subscribe-template")
	form.Set("act", templates.RedrawAct)
	page, _ := b.Post(t, save, form, http.StatusOK)
	b.Post(t, save, desk.FilledIn(page), http.StatusSeeOther)
	if got := d.Store.RecentWechatTemplates(t.Context())[deskMini][core.MessageCertification]; got.ID != "subscribe-template" {
		t.Errorf("chosen %+v", got)
	}

	test := frame.WechatTemplatePath + "/test" + app + "&kind=certification"
	says := func(want string) {
		t.Helper()
		b.Post(t, test, nil, http.StatusSeeOther)
		if text := b.Get(t, frame.WechatTemplatePath+app, http.StatusOK).Text(); !strings.Contains(text, want) {
			t.Errorf("says %s, want %s", text, want)
		}
	}
	says("还没有用过这个小程序")
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: deskMini, OpenID: sim.OpenID("zhou", deskMini)})
	if err != nil {
		t.Fatal(err)
	}
	bindsAtDesk(t, d, b, user.ID)
	says("没有允许接收这种消息")
	who := core.WechatIdentity{AppID: deskMini, OpenID: sim.OpenID("zhou", deskMini)}
	for range 2 {
		if err := d.Store.Outbox().AddGrant(t.Context(), who, "subscribe-template"); err != nil {
			t.Fatal(err)
		}
	}
	sim.Grant("zhou", deskMini, "subscribe-template", 1)
	says("用掉了您的 1 次允许，还剩 1 次")
	says("没有允许接收这种消息")
	if n, err := d.Store.Outbox().Grants(t.Context(), who, "subscribe-template"); err != nil || n != 0 {
		t.Errorf("WeChat has none left, and we count %d, %v", n, err)
	}
	if sent := sim.SentMessages("zhou"); len(sent) != 1 || sent[0].Lines[0].Value == "" {
		t.Errorf("on the phone: %+v", sent)
	}
	b.Post(t, frame.WechatTemplatePath+"/check"+app, nil, http.StatusSeeOther)
	b.Post(t, frame.WechatTemplatePath+"/remove"+app+"&kind=certification", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, frame.WechatTemplatePath+app, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "不发送") {
		t.Errorf("taken back: %s", text)
	}
}
