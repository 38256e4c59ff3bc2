package registry

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
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

// followersOfDesk are people who follow the desk's account.
var followersOfDesk = []simulator.Person{
	{Key: "zhou", Follows: []string{desk.OfficialID}}, {Key: "li", Follows: []string{desk.OfficialID}},
}

// Tags are made, renamed and removed at WeChat; followers are ticked and tagged, and a remark is written back.
func TestFollowersAreTaggedAndRemarked(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.Everywhere, followersOfDesk...)
	zhou, li := d.Follows(t, sim, "zhou"), d.Follows(t, sim, "li")
	b := d.SignIn(t, core.Everywhere, core.PermFollowerView, core.PermFollowerEdit)
	form := desk.FilledIn(b.Get(t, frame.FollowerTagPath+"/new", http.StatusOK))
	page, _ := b.Post(t, frame.FollowerTagPath+"?app="+desk.OfficialID, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "name")
	form.Set("name", "业主")
	b.Post(t, frame.FollowerTagPath+"?app="+desk.OfficialID, form, http.StatusSeeOther)
	form.Set("name", "业主 ") // the same form once more would be taken for a repeat
	page, _ = b.Post(t, frame.FollowerTagPath+"?app="+desk.OfficialID, form, http.StatusConflict)
	if text := page.Text(); !strings.Contains(text, "已有同名的标签") {
		t.Errorf("a second of the name: %s", text)
	}
	tags, err := d.Store.FollowerTags(t.Context(), core.Everywhere, desk.OfficialID)
	if err != nil || len(tags) != 1 {
		t.Fatalf("%+v, %v", tags, err)
	}

	// Ticked rows ask which tag; nothing is ticked, or chosen: nothing happens.
	b.Post(t, followerTaggingPath, nil, http.StatusSeeOther)
	ticked := url.Values{"id": {zhou.ID.String(), li.ID.String()}}
	page, _ = b.Post(t, followerTaggingPath+"?app="+desk.OfficialID+"&off=", ticked, http.StatusOK)
	asked := desk.FilledIn(page)
	if len(asked["id"]) != 2 {
		t.Errorf("the form asks about %v", asked["id"])
	}
	page, _ = b.Post(t, followerTaggingPath, asked, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "tag")
	asked.Set("tag", strconv.Itoa(tags[0].Number))
	b.Post(t, followerTaggingPath, asked, http.StatusSeeOther)
	tagged := b.Get(t, frame.FollowerPath+"?tag="+strconv.Itoa(tags[0].Number), http.StatusOK)
	if text := tagged.Find("tbody").Text(); strings.Count(text, "业主") != 2 {
		t.Errorf("tagged: %s", text)
	}
	official := d.Frame.Wechat.Official(desk.OfficialID)
	if at, err := official.TagsOf(t.Context(), zhou.OpenID); err != nil || len(at) != 1 || at[0] != tags[0].Number {
		t.Errorf("at WeChat %v, %v", at, err)
	}

	edit := desk.FilledIn(b.Get(t, frame.FollowerURL(zhou.ID)+"/edit", http.StatusOK))
	edit.Set("remark", "周先生 <b>")
	b.Post(t, frame.FollowerURL(zhou.ID), edit, http.StatusSeeOther)
	edit.Set("remark", "旧的")
	b.Post(t, frame.FollowerURL(zhou.ID), edit, http.StatusConflict)
	if at, err := official.Follower(t.Context(), zhou.OpenID); err != nil || at.Remark != "周先生 <b>" {
		t.Errorf("at WeChat %+v, %v", at, err)
	}
	if text := b.Get(t, frame.FollowerURL(zhou.ID), http.StatusOK).Find("main").Text(); !strings.Contains(text, "周先生 <b>") {
		t.Errorf("the page says %s", text)
	}

	at := frame.FollowerTagURL(tags[0].ID)
	rename := desk.FilledIn(b.Get(t, at+"/edit", http.StatusOK))
	rename.Set("name", "租客")
	b.Post(t, at, rename, http.StatusSeeOther)
	question, _ := b.Post(t, at+"/remove", nil, http.StatusOK)
	if text := question.Text(); !strings.Contains(text, "2 名用户不再有这个标签") || strings.Contains(text, "菜单不再有人看到") {
		t.Errorf("without a menu it asks %s", text)
	}
	menu := core.WechatMenu{MenuFor: core.MenuFor{AppID: tags[0].AppID, Tag: tags[0].Number}}
	if _, err := d.Store.UpdateWechatMenu(t.Context(), core.System, core.Everywhere, menu); err != nil {
		t.Fatal(err)
	}
	question, _ = b.Post(t, at+"/remove", nil, http.StatusOK)
	if text := question.Text(); !strings.Contains(text, "菜单不再有人看到") {
		t.Errorf("asks %s", text)
	}
	b.Post(t, at+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	if left, err := official.Tags(t.Context()); err != nil || len(left) != 1 {
		t.Errorf("WeChat's own and %+v, %v", left, err)
	}
	if f := d.Follower(t, zhou.OpenID); len(f.Tags) != 0 {
		t.Errorf("it still has %v", f.Tags)
	}
}

// A tag that was deleted in 公众平台 goes here, too, with the first act that meets it.
func TestFollowerTagIsGoneAtWeChat(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.Everywhere, followersOfDesk...)
	zhou := d.Follows(t, sim, "zhou")
	b := d.SignIn(t, core.Everywhere, core.PermFollowerView, core.PermFollowerEdit)
	official := d.Frame.Wechat.Official(desk.OfficialID)
	list := frame.FollowerTagPath + "?app=" + desk.OfficialID
	gone := func(name string) core.FollowerTag {
		t.Helper()
		b.Post(t, list, url.Values{"name": {name}}, http.StatusSeeOther)
		tags, err := d.Store.FollowerTags(t.Context(), core.Everywhere, desk.OfficialID)
		if err != nil || len(tags) != 1 {
			t.Fatalf("%+v, %v", tags, err)
		}
		if err := official.DeleteTag(t.Context(), tags[0].Number); err != nil {
			t.Fatal(err)
		}
		return tags[0]
	}
	left := func(what string) {
		t.Helper()
		if tags, err := d.Store.FollowerTags(t.Context(), core.Everywhere, desk.OfficialID); err != nil || len(tags) != 0 {
			t.Errorf("after %s: %+v, %v", what, tags, err)
		}
	}
	tag := gone("业主")
	form := url.Values{"id": {zhou.ID.String()}, "tag": {strconv.Itoa(tag.Number)}}
	page, _ := b.Post(t, followerTaggingPath+"?app="+desk.OfficialID+"&off=", form, http.StatusConflict)
	if text := page.Find("main").Text(); !strings.Contains(text, "这里也去掉了") {
		t.Errorf("says %s", text)
	}
	left("tagging with it")
	form.Set("tag", "9999")
	page, _ = b.Post(t, followerTaggingPath+"?app="+desk.OfficialID+"&off=", form, http.StatusUnprocessableEntity)
	if desk.WrongField(t, page, "tag"); strings.Contains(page.Find("main").Text(), "这里也去掉了") {
		t.Errorf("of a tag that never was: %s", page.Find("main").Text())
	}
	tag = gone("租客")
	rename := desk.FilledIn(b.Get(t, frame.FollowerTagURL(tag.ID)+"/edit", http.StatusOK))
	rename.Set("name", "长租")
	b.Post(t, frame.FollowerTagURL(tag.ID), rename, http.StatusConflict)
	left("renaming it")
	tag = gone("访客")
	b.Post(t, frame.FollowerTagURL(tag.ID)+"/remove", desk.ConfirmedForm(), http.StatusSeeOther)
	left("deleting it")
	sync := b.Get(t, list, http.StatusOK).Find(`form[action^="`+followerSyncPath+`"]`).AttrOr("action", "")
	b.Post(t, sync, nil, http.StatusSeeOther)
}

// What WeChat refuses is not recorded, and said in words.
func TestFollowerChangeIsRefused(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.Everywhere, followersOfDesk...)
	zhou := d.Follows(t, sim, "zhou")
	b := d.SignIn(t, core.Everywhere, core.PermFollowerView, core.PermFollowerEdit)
	if err := sim.Unfollow("zhou", desk.OfficialID); err != nil {
		t.Fatal(err)
	}
	edit := desk.FilledIn(b.Get(t, frame.FollowerURL(zhou.ID)+"/edit", http.StatusOK))
	edit.Set("remark", "周先生")
	page, _ := b.Post(t, frame.FollowerURL(zhou.ID), edit, http.StatusConflict)
	if text := page.Find("main").Text(); !strings.Contains(text, "已取消关注") {
		t.Errorf("says %s", text)
	}
	if f := d.Follower(t, zhou.OpenID); f.Remark != "" {
		t.Errorf("recorded %q", f.Remark)
	}
	edit.Set("remark", strings.Repeat("周", 30))
	page, _ = b.Post(t, frame.FollowerURL(zhou.ID), edit, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "remark")
}

// The list names the certified residents of the reader's scope, shows how far the sync is, and offers its acts to those
// who may change the account.
func TestFollowerList(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermFollowerView, core.PermFollowerEdit)
	if text := b.Get(t, frame.FollowerPath, http.StatusOK).Text(); !strings.Contains(text, "还没有接入公众号") {
		t.Errorf("without an account: %s", text)
	}
	sim := d.Official(t, core.Everywhere, followersOfDesk...)
	d.Follows(t, sim, "zhou")
	list := b.Get(t, frame.FollowerPath, http.StatusOK)
	if text := list.Text(); !strings.Contains(text, "未认证用户") || !strings.Contains(text, "第一次同步") {
		t.Errorf("the list: %s", text)
	}
	if n := list.Find(".tx-bulk button").Length(); n != 2 {
		t.Errorf("%d acts on ticked rows", n)
	}
	b.Post(t, followerSyncPath+"?app="+desk.OfficialID, nil, http.StatusSeeOther)
	if text := b.Get(t, frame.FollowerPath, http.StatusOK).Text(); !strings.Contains(text, "停止同步") {
		t.Errorf("asked: %s", text)
	}
	b.Post(t, followerStopPath+"?app="+desk.OfficialID, nil, http.StatusSeeOther)
	if text := b.Get(t, frame.FollowerPath, http.StatusOK).Text(); !strings.Contains(text, "继续同步") {
		t.Errorf("stopped: %s", text)
	}
	b.Get(t, frame.FollowerPath+"?state=x", http.StatusUnprocessableEntity)
	b.Get(t, frame.FollowerPath+"?app=wx0", http.StatusUnprocessableEntity)
	b.Get(t, frame.FollowerURL(7), http.StatusNotFound)

	// Of a shared account another community's office sees its own residents only, and changes nothing.
	elsewhere := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermFollowerView, core.PermFollowerEdit)
	page := elsewhere.Get(t, frame.FollowerPath, http.StatusOK)
	if text := page.Text(); strings.Contains(text, "未认证用户") || page.Find("form[action*='/sync']").Length() != 0 {
		t.Errorf("elsewhere: %s", text)
	}
	zhou := d.Follower(t, sim.OpenID("zhou", desk.OfficialID))
	elsewhere.Get(t, frame.FollowerURL(zhou.ID), http.StatusNotFound)
	elsewhere.Post(t, followerSyncPath+"?app="+desk.OfficialID, nil, http.StatusForbidden)
	elsewhere.Post(t, followerTaggingPath, url.Values{"id": {zhou.ID.String()}}, http.StatusNotFound)
	reader := d.SignIn(t, core.Everywhere, core.PermFollowerView)
	if page := reader.Get(t, frame.FollowerPath, http.StatusOK); page.Find(".tx-bulk").Length() != 0 {
		t.Error("who only views has acts")
	}
}

func TestFollowerPages(t *testing.T) {
	shell := templates.Shell{Title: "微信关注用户", CSRF: "t"}
	at := frame.OfficialChoice{WechatApp: core.WechatApp{AppID: desk.OfficialID, Name: desk.Hostile}, Change: true}
	tags := []core.FollowerTag{{ID: 3, Number: 100, Name: desk.Hostile}}
	f := core.Follower{ID: 7, AppID: desk.OfficialID, OpenID: "oAbcdef", Remark: desk.Hostile, Tags: []int{100}, Since: time.Unix(1, 0)}
	rows := []followerRow{
		{
			Tick: templates.Tick{Value: f.ID, Label: "x"}, URL: "/x", Name: desk.Hostile, Home: desk.Hostile, Tags: desk.Hostile,
			Since: f.Since,
		},
		{URL: "/y", Name: "x", Menu: followerMenu(f, "x", "t", func(string) string { return "/z" })},
	}
	list := templates.List{Path: frame.FollowerPath, Count: 2, Total: 2}
	detail := templates.Detail{Path: "/x", CSRF: "t", Badges: []templates.Badge{followerBadge(f)}}
	detail.NewTabs("", "", "资料")
	p := &Pages{Frame: &frame.Frame{Store: newDesk(t).Store}}
	templates.CheckAll(t, "console/follower/", map[string]any{
		"console/follower/list": followerListPage{
			Shell: shell, Tabs: followerTabs(at, "follower"), List: list, Rows: rows,
			Sync: followerSyncOf(core.FollowerSync{Run: 1, Problem: desk.Hostile}, "x"),
		},
		"console/follower/show": followerShowPage{
			Shell: shell, Detail: detail, Facts: p.followerFacts(f), Ties: []followerTieRow{{Name: desk.Hostile, House: "1"}, {URL: "/x"}},
		},
		"console/follower/form": followerFormPage{Shell: shell, Form: followerRemarkFields(f)},
		"console/follower/tagging": followersTaggingPage{
			Shell: shell, Form: followersTaggingFields([]core.Follower{f}, rows[:1], tags, true),
		},
	})
	templates.CheckAll(t, "console/followertag/", map[string]any{
		"console/followertag/list": followerTagListPage{
			Shell: shell, Tabs: followerTabs(at, "followertag"), Rows: []followerTagRow{{Name: desk.Hostile, URL: "/x", Size: "2"}},
			List: templates.List{Path: frame.FollowerTagPath, Count: 1, Total: 1},
		},
		"console/followertag/form": followerTagFormPage{Shell: shell, Form: followerTagFields(at, tags[0])},
	})
}

func TestFollowerWords(t *testing.T) {
	f := core.Follower{OpenID: "oAbcdefghijklmn", Remark: "老王"}
	twice := []store.FollowerTie{{Name: "张三"}, {Name: "张三"}, {Name: "李四"}}
	for want, ties := range map[string][]store.FollowerTie{"张三、李四": twice, "老王": nil} {
		if got := frame.FollowerName(f, ties); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f.Remark = ""
	if got := frame.FollowerName(f, nil); got != "未认证用户 ijklmn" {
		t.Errorf("a stranger is %q", got)
	}
	for want, s := range map[string]core.FollowerSync{
		"已停止": {Run: 1, Stopped: true}, "没有完成": {Run: 1, Problem: "x"}, "同步中": {Run: 1}, "等待同步": {}, "已同步": {Ended: time.Unix(1, 0)},
	} {
		if got := followerSyncOf(s, "").Badge.Text; got != want {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
	if err := frame.FollowerProblem(errors.New("x")); !core.IsConflict(err) {
		t.Errorf("%v", err)
	}
	for q, want := range map[wechat.Quota]string{{Limit: 10, Left: 0}: "已用完", {Limit: 100, Left: 9}: "快用完", {Limit: 100, Left: 10}: "够用"} {
		if got := quotaRowOf(core.WechatApp{}, q, nil).State.Text; got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
}

// The page of the channels shows what WeChat still allows, by WeChat's own count, and which account is stopped.
func TestChannelQuota(t *testing.T) {
	d := newDesk(t)
	sim := d.Official(t, core.Everywhere)
	sim.SetQuota(desk.OfficialID, templateSend, 1234)
	if err := d.Store.Outbox().Stop(t.Context(), core.ChannelStop{
		Channel: core.ChannelTemplate, AppID: desk.OfficialID, Until: d.Store.Now().Add(time.Hour), Reason: core.WhyNoQuota,
	}); err != nil {
		t.Fatal(err)
	}
	b := d.SignIn(t, core.Everywhere, core.PermMessageView)
	text := b.Get(t, channelPath, http.StatusOK).Find("main").Text()
	for _, want := range []string{"微信的每日次数", "1,234", "够用", "翠湖花园物业：今天的发送次数已用完"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s: %s", want, text)
		}
	}
	sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: "/cgi-bin/openapi/quota/get", Code: 48001})
	if text := b.Get(t, channelPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "读不到") {
		t.Errorf("refused: %s", text)
	}
}
