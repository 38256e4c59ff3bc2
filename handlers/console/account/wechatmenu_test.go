package account

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// A menu begins with a proposal, is changed button by button, and published to WeChat after a question.
func TestWechatMenuIsPublished(t *testing.T) {
	d := newDesk(t)
	sim, _ := withOfficial(t, d, core.Everywhere)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	text := func() string { return b.Get(t, frame.WechatMenuPath, http.StatusOK).Find("main").Text() }
	if said := text(); !strings.Contains(said, "没有菜单") {
		t.Errorf("at first: %s", said)
	}
	app := "?app=" + deskOfficial
	b.Post(t, frame.WechatMenuPath+"/change"+app+"&act=default", nil, http.StatusSeeOther)
	if said := text(); !strings.Contains(said, "通行证") || !strings.Contains(said, "未发布") {
		t.Errorf("proposed: %s", said)
	}

	// The third becomes a group with an answer below it.
	for range 3 {
		b.Post(t, frame.WechatMenuPath+"/change"+app+"&act=drop&at=2.0", nil, http.StatusSeeOther)
	}
	form := desk.FilledIn(b.Get(t, frame.WechatMenuPath+"/edit"+app+"&at=2", http.StatusOK))
	form.Set("kind", "group")
	form.Set("name", "我的小区服务")
	page, _ := b.Post(t, frame.WechatMenuPath+app+"&at=2", form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "name")
	form.Set("name", "服务")
	b.Post(t, frame.WechatMenuPath+app+"&at=2", form, http.StatusSeeOther)
	publish := frame.WechatMenuPath + "/publish" + app
	b.Post(t, publish, desk.ConfirmedForm(), http.StatusSeeOther)
	if said := b.Get(t, frame.WechatMenuPath, http.StatusOK).Text(); !strings.Contains(said, "还没有子菜单") {
		t.Errorf("an empty group: %s", said)
	}
	form = desk.FilledIn(b.Get(t, frame.WechatMenuPath+"/edit"+app+"&at=2.0", http.StatusOK))
	form.Set("kind", "click")
	form.Set("act", templates.RedrawAct)
	page, _ = b.Post(t, frame.WechatMenuPath+app+"&at=2.0", form, http.StatusOK)
	form = desk.FilledIn(page)
	form.Set("name", "物业电话")
	form.Set("reply", "0755-1\n全天")
	stale := desk.FilledIn(page)
	b.Post(t, frame.WechatMenuPath+app+"&at=2.0", form, http.StatusSeeOther)
	stale.Set("name", "另一个")
	stale.Set("reply", "x")
	b.Post(t, frame.WechatMenuPath+app+"&at=2.0", stale, http.StatusConflict)

	question, _ := b.Post(t, publish, nil, http.StatusOK)
	if said := question.Text(); !strings.Contains(said, "共 4 个菜单项") {
		t.Errorf("asks %s", said)
	}
	b.Post(t, publish, desk.ConfirmedForm(), http.StatusSeeOther)
	if said := text(); !strings.Contains(said, "已发布") {
		t.Errorf("published: %s", said)
	}
	shown, _ := sim.App(deskOfficial)
	if len(shown.Menu) != 3 || shown.Menu[2].SubButtons[0].Name != "物业电话" {
		t.Errorf("on the phone: %+v", shown.Menu)
	}
	key := shown.Menu[2].SubButtons[0].Key
	if text, err := d.Store.WechatMenuReply(t.Context(), deskOfficial, key); err != nil || text != "0755-1\n全天" {
		t.Errorf("a press is answered %q, %v", text, err)
	}

	// Moved and dropped, and read back from WeChat.
	for _, act := range []string{"earlier&at=1", "drop&at=2.0"} {
		b.Post(t, frame.WechatMenuPath+"/change"+app+"&act="+act, nil, http.StatusSeeOther)
	}
	if said := text(); !strings.Contains(said, "有修改") || strings.Contains(said, "物业电话") {
		t.Errorf("changed: %s", said)
	}
	b.Post(t, frame.WechatMenuPath+"/change"+app+"&act=current", nil, http.StatusSeeOther)
	if said := text(); !strings.Contains(said, "物业电话") {
		t.Errorf("read back: %s", said)
	}

	// What the first publication replaced comes back with what it answered.
	form = desk.FilledIn(b.Get(t, frame.WechatMenuPath+"/edit"+app+"&at=0", http.StatusOK))
	form.Set("name", "出门码")
	b.Post(t, frame.WechatMenuPath+app+"&at=0", form, http.StatusSeeOther)
	b.Post(t, publish, desk.ConfirmedForm(), http.StatusSeeOther)
	page = b.Get(t, frame.WechatMenuPath, http.StatusOK)
	restore := page.Find(`[formaction*="act=restore"]`).First().AttrOr("formaction", "")
	if said := page.Find("section:has(#versions-title)").Text(); !strings.Contains(said, "服务（物业电话）") || restore == "" {
		t.Fatalf("earlier menus: %s", said)
	}
	b.Post(t, restore, nil, http.StatusSeeOther)
	b.Post(t, publish, desk.ConfirmedForm(), http.StatusSeeOther)
	if text, err := d.Store.WechatMenuReply(t.Context(), deskOfficial, key); err != nil || text != "0755-1\n全天" {
		t.Errorf("restored, a press is answered %q, %v", text, err)
	}
	b.Post(t, frame.WechatMenuPath+"/change"+app+"&act=restore&version=1", nil, http.StatusNotFound)
	b.Get(t, frame.WechatMenuPath+"/edit"+app+"&at=9", http.StatusUnprocessableEntity)
	b.Post(t, frame.WechatMenuPath+"/change"+app+"&act=nothing", nil, http.StatusUnprocessableEntity)
}

// While WeChat does not answer, and there is no draft of the menu of all, there is nothing to copy: no empty draft is
// made of a tag's menu.
func TestWechatMenuOfNothingIsNotCopied(t *testing.T) {
	d := newDesk(t)
	withOfficial(t, d, core.Everywhere)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	if _, err := d.Store.CreateFollowerTag(t.Context(), core.System, core.Everywhere, core.FollowerTag{
		AppID: deskOfficial, Number: 100, Name: "业主",
	}); err != nil {
		t.Fatal(err)
	}
	empty := b.Get(t, frame.WechatMenuPath+"?app="+deskOfficial+"&tag=100", http.StatusOK).Find(".tx-empty").Text()
	if !strings.Contains(empty, "可以先点“从所有人复制”") {
		t.Errorf("how to begin: %s", empty)
	}
	d.Frame.Wechat = &desk.Wechat{}
	_, to := b.Post(t, frame.WechatMenuPath+"/change?app="+deskOfficial+"&tag=100&act=copy", nil, http.StatusSeeOther)
	if said := b.Get(t, to, http.StatusOK).Text(); strings.Contains(said, "已复制所有人的菜单") {
		t.Error("nothing is said to be copied")
	}
	kept, err := d.Store.WechatMenu(t.Context(), core.Everywhere, core.MenuFor{AppID: deskOfficial, Tag: 100})
	if err != nil || kept.ID != 0 {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A menu that WeChat refuses is not recorded as published, and can be published at once when the account is mended.
func TestWechatMenuIsRefused(t *testing.T) {
	d := newDesk(t)
	sim, id := withOfficial(t, d, core.Everywhere)
	linked := func() bool { // that it took a menu with a mini-program proves it
		t.Helper()
		steps, err := d.Store.WechatAppSteps(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return steps[core.WechatStepLinked].Done()
	}
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	menu := core.WechatMenu{MenuFor: core.MenuFor{AppID: deskOfficial}, Draft: []core.MenuButton{{
		Kind: core.ButtonMini, Name: "小程序", Mini: "wx00000000000000ff", Path: "pages/index", URL: "https://pass.example.com/",
	}}}
	if _, err := d.Store.UpdateWechatMenu(t.Context(), core.System, core.Everywhere, menu); err != nil {
		t.Fatal(err)
	}
	publish := frame.WechatMenuPath + "/publish?app=" + deskOfficial
	b.Post(t, publish, desk.ConfirmedForm(), http.StatusSeeOther)
	if said := b.Get(t, frame.WechatMenuPath, http.StatusOK).Text(); !strings.Contains(said, "小程序没有关联") || !strings.Contains(said, "未发布") {
		t.Errorf("refused: %s", said)
	}
	if linked() {
		t.Error("a refusal proves the link")
	}
	sim.AddApp(simulator.App{AppID: "wx00000000000000ff", Secret: "x", Type: simulator.MiniProgram, Name: "通行"})
	b.Post(t, publish, url.Values{"confirmed": {"1"}, "again": {"1"}}, http.StatusSeeOther)
	if said := b.Get(t, frame.WechatMenuPath, http.StatusOK).Text(); !strings.Contains(said, "已发布") || !linked() {
		t.Errorf("mended: %s", said)
	}
}

// A tag gets a menu of its own, which those with the tag see and press, and nobody else; published again it replaces
// the one before, and removed it leaves nothing at WeChat.
func TestWechatMenuOfATag(t *testing.T) {
	d := newDesk(t)
	sim, _ := withOfficial(t, d, core.Everywhere)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	official, err := d.Frame.Official(deskOfficial)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := official.CreateTag(t.Context(), "业主")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.CreateFollowerTag(t.Context(), core.System, core.Everywhere, core.FollowerTag{
		AppID: deskOfficial, Number: tag, Name: "业主",
	}); err != nil {
		t.Fatal(err)
	}
	zhou := sim.OpenID("zhou", deskOfficial)
	if err := official.TagPeople(t.Context(), tag, []string{zhou}); err != nil {
		t.Fatal(err)
	}
	app := "?app=" + deskOfficial
	tagged := fmt.Sprintf("%s&tag=%d", app, tag)
	path := func(act, query string) string { return frame.WechatMenuPath + act + query }
	text := func(query string) string { return b.Get(t, path("", query), http.StatusOK).Find("main").Text() }
	if said := text(app); !strings.Contains(said, "所有人的菜单") || !strings.Contains(said, "业主") {
		t.Errorf("who sees what: %s", said)
	}
	b.Post(t, path("/change", app+"&act=default"), nil, http.StatusSeeOther)
	b.Post(t, path("/change", tagged+"&act=copy"), nil, http.StatusSeeOther)
	b.Post(t, path("/publish", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	if said := b.Get(t, path("", tagged), http.StatusOK).Text(); !strings.Contains(said, "先发布所有人的菜单") || !strings.Contains(said, "未发布") {
		t.Errorf("before the menu of all: %s", said)
	}
	b.Post(t, path("/publish", app), desk.ConfirmedForm(), http.StatusSeeOther)
	form := desk.FilledIn(b.Get(t, path("/edit", tagged+"&at=1"), http.StatusOK))
	form.Set("kind", "click")
	form.Set("act", templates.RedrawAct)
	page, _ := b.Post(t, path("", tagged+"&at=1"), form, http.StatusOK)
	form = desk.FilledIn(page)
	form.Set("name", "业主热线")
	form.Set("reply", "0755-2")
	b.Post(t, path("", tagged+"&at=1"), form, http.StatusSeeOther)
	question, _ := b.Post(t, path("/publish", tagged), nil, http.StatusOK)
	if said := question.Text(); !strings.Contains(said, "发布“业主”的菜单") || !strings.Contains(said, "人有这个标签") {
		t.Errorf("asks %s", said)
	}
	for range 2 { // the second replaces the first
		b.Post(t, path("/publish", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	}
	if said := text(tagged); strings.Contains(said, "恢复上一版") {
		t.Errorf("nothing was replaced by another: %s", said)
	}
	menus, err := official.Menus(t.Context())
	if err != nil || len(menus.Conditional) != 1 || menus.Conditional[0].Tag != tag {
		t.Errorf("at WeChat: %+v, %v", menus.Conditional, err)
	}
	seen, err := official.MenuOf(t.Context(), zhou)
	if err != nil || len(seen) != 3 || seen[1].Name != "业主热线" {
		t.Fatalf("who has the tag sees %+v, %v", seen, err)
	}
	if text, err := d.Store.WechatMenuReply(t.Context(), deskOfficial, seen[1].Key); err != nil || text != "0755-2" {
		t.Errorf("a press is answered %q, %v", text, err)
	}
	if err := sim.Follow("new", deskOfficial); err != nil {
		t.Fatal(err)
	}
	if seen, err = official.MenuOf(t.Context(), sim.OpenID("new", deskOfficial)); err != nil || seen[1].Name != "访客" {
		t.Errorf("who has it not sees %+v, %v", seen, err)
	}

	// Another draft is thrown away for what WeChat has.
	b.Post(t, path("/change", tagged+"&act=drop&at=0"), nil, http.StatusSeeOther)
	b.Post(t, path("/change", tagged+"&act=current"), nil, http.StatusSeeOther)
	if said := text(tagged); !strings.Contains(said, "通行证") || !strings.Contains(said, "业主热线") {
		t.Errorf("read back: %s", said)
	}

	// What another draft replaces comes back, with what it answered, to the menu of the tag only.
	b.Post(t, path("/change", tagged+"&act=drop&at=1"), nil, http.StatusSeeOther)
	question, _ = b.Post(t, path("/publish", tagged), nil, http.StatusOK)
	if said := question.Text(); !strings.Contains(said, "以前的菜单") {
		t.Errorf("asks %s", said)
	}
	b.Post(t, path("/publish", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	if said := text(app); strings.Contains(said, "恢复上一版") {
		t.Errorf("the menu of all has an earlier one: %s", said)
	}
	restore := b.Get(t, path("", tagged), http.StatusOK).Find(`[formaction*="act=restore"]`).First().AttrOr("formaction", "")
	b.Post(t, strings.Replace(restore, fmt.Sprintf("tag=%d", tag), "tag=0", 1), nil, http.StatusNotFound)
	b.Post(t, restore, nil, http.StatusSeeOther)
	b.Post(t, path("/publish", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	hotline := core.MenuFor{AppID: deskOfficial, Tag: tag}.Key(core.MenuPlace{Top: 1, Sub: -1}, "0755-2")
	if text, err := d.Store.WechatMenuReply(t.Context(), deskOfficial, hotline); err != nil || text != "0755-2" {
		t.Errorf("restored, a press is answered %q, %v", text, err)
	}
	question, _ = b.Post(t, path("/remove", tagged), nil, http.StatusOK)
	if said := question.Text(); !strings.Contains(said, "删除“业主”的菜单") {
		t.Errorf("asks %s", said)
	}
	b.Post(t, path("/remove", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	if menus, err = official.Menus(t.Context()); err != nil || len(menus.Conditional) != 0 || len(menus.Buttons) != 3 {
		t.Errorf("after it is removed: %+v, %v", menus, err)
	}
	if said := text(tagged); !strings.Contains(said, "还没有自己的菜单") {
		t.Errorf("after it is removed: %s", said)
	}
	b.Post(t, path("/remove", app), desk.ConfirmedForm(), http.StatusSeeOther)
	if menus, err = official.Menus(t.Context()); err != nil || len(menus.Buttons) != 3 {
		t.Errorf("the menu of all is removed: %+v, %v", menus, err)
	}
	b.Get(t, path("", app+"&tag=999"), http.StatusUnprocessableEntity)

	// A tag that was deleted in 公众平台 is offered no more.
	b.Post(t, path("/change", tagged+"&act=copy"), nil, http.StatusSeeOther)
	if err := official.DeleteTag(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	b.Post(t, path("/publish", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	if said := text(tagged); !strings.Contains(said, "标签已在微信删除") || !strings.Contains(said, "已删除的标签") {
		t.Errorf("after its tag is gone: %s", said)
	}
	b.Post(t, path("/remove", tagged), desk.ConfirmedForm(), http.StatusSeeOther)
	if said := text(app); strings.Contains(said, "业主") {
		t.Errorf("a tag that is gone is offered: %s", said)
	}
}

func TestWechatMenuPages(t *testing.T) {
	shell := templates.Shell{Title: "自定义菜单", CSRF: "t"}
	at := menuChoice{
		OfficialChoice: frame.OfficialChoice{WechatApp: core.WechatApp{AppID: deskOfficial, Name: desk.Hostile}, Change: true},
		tag:            100, tags: []core.FollowerTag{{Number: 100, Name: desk.Hostile}, {Number: 101, Name: "租户"}},
	}
	buttons := []core.MenuButton{{Kind: core.ButtonGroup, Name: desk.Hostile, Sub: []core.MenuButton{
		{Kind: core.ButtonReply, Name: "电话", Reply: desk.Hostile}, {Kind: core.ButtonMini, Name: "小程序", Mini: "wx1", Path: desk.Hostile},
	}}}
	editing := wechatMenuEditing{menuChoice: at, place: core.MenuPlace{Top: 0, Sub: 1}, button: buttons[0].Sub[1]}
	templates.CheckAll(t, "console/wechatmenu/", map[string]any{
		"console/wechatmenu/show": wechatMenuPage{
			Shell: shell, Tabs: settingTabs("wechatmenu"), State: templates.Badge{Tone: templates.Warn, Text: "有修改"}, Text: desk.Hostile,
			List: wechatMenuTable(3), Rows: wechatMenuRows(at, buttons, "t"), Preview: buttons, Publish: "/a",
			Starts: []templates.Submit{{Label: "重新读取", URL: "/b", Icon: "refresh"}},
			Add:    templates.Action{Label: "添加菜单", URL: "/c", Icon: "plus"}, Remove: "/d",
			Menus: []wechatMenuOf{{
				Label: at.label(), URL: "/e", People: "12 人", State: templates.Badge{Tone: templates.Good, Text: "已发布"}, Shown: true,
			}, {Label: "所有人的菜单", URL: "/f"}},
			Another:  at.another(map[int]bool{0: true, 100: true}),
			Versions: wechatMenuVersions(at, []core.WechatMenuVersion{{ID: 5, Buttons: buttons, By: desk.Hostile}}, "t"),
		},
		"console/wechatmenu/form": wechatMenuFormPage{Shell: shell, Form: editing.form()},
	})
}

func TestWechatReplyIsAddedAndChanged(t *testing.T) {
	d := newDesk(t)
	withOfficial(t, d, core.Everywhere)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	if text := b.Get(t, frame.WechatReplyPath, http.StatusOK).Text(); !strings.Contains(text, core.StandardReply(core.ReplyFollow)) {
		t.Errorf("at first: %s", text)
	}
	app := "?app=" + deskOfficial
	form := desk.FilledIn(b.Get(t, frame.WechatReplyPath+"/new"+app, http.StatusOK))
	page, _ := b.Post(t, frame.WechatReplyPath+app, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "word")
	form.Set("word", "电话")
	form.Set("text", "0755-1\n"+desk.Hostile)
	b.Post(t, frame.WechatReplyPath+app, form, http.StatusSeeOther)
	page = b.Get(t, frame.WechatReplyPath+"/new"+app+"&kind=follow", http.StatusOK)
	follow := desk.FilledIn(page)
	if follow.Get("text") != core.StandardReply(core.ReplyFollow) || !strings.Contains(page.Find("h1").Text(), "修改") {
		t.Errorf("the form of a follow: %q %v", page.Find("h1").Text(), follow)
	}
	follow.Set("text", "欢迎您")
	b.Post(t, frame.WechatReplyPath+app, follow, http.StatusSeeOther)
	replies, err := d.Store.WechatReplies(t.Context(), deskOfficial)
	if err != nil || len(replies) != 2 || core.ReplyToFollow(replies) != "欢迎您" {
		t.Fatalf("%+v, %v", replies, err)
	}
	if text := b.Get(t, frame.WechatReplyPath, http.StatusOK).Text(); !strings.Contains(text, "欢迎您") ||
		strings.Contains(text, core.StandardReply(core.ReplyFollow)) {
		t.Errorf("the list: %s", text)
	}
	at := frame.WechatReplyURL(replies[0].ID)
	edit := desk.FilledIn(b.Get(t, at+"/edit", http.StatusOK))
	edit.Set("kind", "exact")
	b.Post(t, at, edit, http.StatusSeeOther)
	question, _ := b.Post(t, at+"/remove", nil, http.StatusOK)
	if text := question.Text(); !strings.Contains(text, "删除 1 条自动回复") {
		t.Errorf("asks %s", text)
	}
	b.Post(t, at+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	b.Get(t, at+"/edit", http.StatusNotFound)
	elsewhere := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	elsewhere.Post(t, frame.WechatReplyPath+app, url.Values{"kind": {"exact"}, "word": {"x"}, "text": {"y"}}, http.StatusForbidden)
}

func TestWechatReplyPages(t *testing.T) {
	shell := templates.Shell{Title: "自动回复", CSRF: "t"}
	at := frame.OfficialChoice{WechatApp: core.WechatApp{AppID: deskOfficial, Name: desk.Hostile}, Change: true}
	r := core.WechatReply{ID: 7, AppID: deskOfficial, Kind: core.ReplyContains, Word: desk.Hostile, Text: desk.Hostile}
	rows := wechatReplyRows(at, []core.WechatReply{r}, "t")
	templates.CheckAll(t, "console/wechatreply/", map[string]any{
		"console/wechatreply/list": wechatReplyListPage{
			Shell: shell, Tabs: settingTabs("wechatreply"), Rows: rows,
			List: templates.List{Path: frame.WechatReplyPath, Count: len(rows), Total: len(rows), Columns: []templates.Column{
				{Label: "消息"}, {Label: "方式", Narrow: true}, {Label: "回复"}, {Label: "操作", Narrow: true, Hidden: true},
			}},
		},
		"console/wechatreply/form": wechatReplyFormPage{Shell: shell, Form: wechatReplyFields(at, r)},
	})
}

// An account that gets communities of its own leads to the phone pages by another address than its published menu: its page and the
// menu's say so, until the menu was published with the new ones.
func TestMenuOfFormerAddressIsPublishedAgain(t *testing.T) {
	d := newDesk(t)
	sim, id := withOfficial(t, d, core.Everywhere)
	app, err := d.Store.WechatApp(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	at := "?app=" + deskOfficial
	says := func(path string) bool {
		t.Helper()
		return strings.Contains(b.Get(t, path, http.StatusOK).Find("main").Text(), "菜单仍是旧地址，请重新发布")
	}
	b.Post(t, frame.WechatMenuPath+"/change"+at+"&act=default", nil, http.StatusSeeOther)
	b.Post(t, frame.WechatMenuPath+"/publish"+at, desk.ConfirmedForm(), http.StatusSeeOther)
	if says(frame.WechatAppURL(app.ID)) || says(frame.WechatMenuPath+at) {
		t.Error("a menu of the account's present address is called old")
	}
	app.Scope = core.ScopeOf(d.Mine.Community)
	if _, err := d.Store.UpdateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{App: app}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, frame.WechatAppURL(app.ID), http.StatusOK)
	link := page.Find(`.tx-guide a[href^="`+frame.WechatMenuPath+`"]`).AttrOr("href", "")
	if !says(frame.WechatAppURL(app.ID)) || !says(link) {
		t.Errorf("nothing says that the menu at %q leads to the former address", link)
	}
	change := b.Get(t, link, http.StatusOK).Find(`form[action*="act=via"]`).AttrOr("action", "")
	b.Post(t, change, nil, http.StatusSeeOther)
	if !says(link) || b.Get(t, link, http.StatusOK).Find(`form[action*="act=via"]`).Length() != 0 {
		t.Error("the draft has the new addresses, followers do not: that is not said, or the button is still there")
	}
	b.Post(t, frame.WechatMenuPath+"/publish"+at, desk.ConfirmedForm(), http.StatusSeeOther)
	if says(frame.WechatAppURL(app.ID)) || says(link) {
		t.Error("it was published again, and is still called old")
	}
	shown, _ := sim.App(deskOfficial)
	if url := shown.Menu[0].URL; !strings.HasSuffix(url, "/h5/pass?via="+deskOfficial) {
		t.Errorf("followers are led to %s", url)
	}
}

// leaving is a browser that goes once WeChat has answered a call.
type leaving struct {
	path string
	gone context.CancelFunc
}

// RoundTrip implements http.RoundTripper.
func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, l.path) {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	l.gone()
	<-r.Context().Done()
	return response, err
}

// A menu is published as its question showed it; once WeChat has taken it, that is recorded, though the browser has gone.
func TestWechatMenuIsPublishedAsSeen(t *testing.T) {
	d := newDesk(t)
	sim, _ := withOfficial(t, d, core.Everywhere)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	menu := core.WechatMenu{MenuFor: core.MenuFor{AppID: deskOfficial}, Draft: []core.MenuButton{
		{Kind: core.ButtonReply, Name: "电话", Reply: "0755-1"},
	}}
	save := func() {
		t.Helper()
		var err error
		if menu.Updated, err = d.Store.UpdateWechatMenu(t.Context(), core.System, core.Everywhere, menu); err != nil {
			t.Fatal(err)
		}
	}
	publish := frame.WechatMenuPath + "/publish?app=" + deskOfficial
	asked := func() url.Values {
		t.Helper()
		question, _ := b.Post(t, publish, nil, http.StatusOK)
		return url.Values{"confirmed": {"1"}, "seen": {question.Find("input[name=seen]").AttrOr("value", "")}}
	}
	save()
	old := asked()
	menu.Draft = append(menu.Draft, core.MenuButton{Kind: core.ButtonReply, Name: "地址", Reply: "滨河路"})
	save()
	b.Post(t, publish, old, http.StatusSeeOther)
	if said := b.Get(t, frame.WechatMenuPath, http.StatusOK).Text(); !strings.Contains(said, "草稿刚被他人修改") {
		t.Errorf("half a menu is published: %s", said)
	}
	if shown, _ := sim.App(deskOfficial); len(shown.Menu) != 0 {
		t.Errorf("on the phone: %+v", shown.Menu)
	}

	platform := httptest.NewServer(sim)
	t.Cleanup(platform.Close)
	ctx, gone := context.WithCancel(t.Context())
	official, err := wechat.New(wechat.Options{
		APIBase: platform.URL, BrowserBase: platform.URL, LoopbackOnly: true,
		HTTP: &http.Client{Transport: leaving{"/menu/create", gone}},
	}).OfficialAccount(wechat.OfficialOptions{AppID: deskOfficial, Secret: strings.Repeat("s", 32), Token: "token123"})
	if err != nil {
		t.Fatal(err)
	}
	d.Frame.Wechat = &desk.Wechat{Officials: map[string]*wechat.OfficialAccount{deskOfficial: official}}
	if response, err := b.Client.Do(b.Form(t, publish, asked()).WithContext(ctx)); err == nil {
		response.Body.Close()
		t.Errorf("the browser did not go: %s", response.Status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for recorded := 0; recorded != 2; {
		now, err := d.Store.WechatMenu(ctx, core.Everywhere, menu.MenuFor)
		if err != nil {
			t.Fatalf("recorded %d buttons: %v", recorded, err)
		}
		recorded = len(now.Live)
	}
}
