package account

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/wechat"
)

func postedWechatApp(d *desk.Desk) url.Values {
	return url.Values{
		"kind": {"official"}, "name": {"翠湖花园物业"}, "app_id": {"wx00000000000000a1"}, "app_secret": {strings.Repeat("s", 32)},
		"token": {"token123"}, "aes_key": {strings.Repeat("k", 43)}, "communities": {d.Mine.Community.String()},
	}
}

// A new account is proposed for all communities only while no other of its kind serves them.
func TestWechatAppForAllIsProposedOnce(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	proposed := func(kind string) bool {
		return b.Get(t, frame.WechatAppPath+"/new?kind="+kind, http.StatusOK).Find(`input[name="all"][checked]`).Length() == 1
	}
	if !proposed("official") {
		t.Error("the first is not proposed for all")
	}
	all := postedWechatApp(d)
	all.Del("communities")
	all.Set("all", "1")
	b.Post(t, frame.WechatAppPath, all, http.StatusSeeOther)
	if proposed("official") || !proposed("mini") {
		t.Error("proposed is what will be refused, or not what can be")
	}
}

// An account is added, checked with WeChat at once, and its keys are never shown again.
func TestWechatAppIsAddedAndChecked(t *testing.T) {
	d := newDesk(t)
	wx := &desk.Wechat{Tried: &wechat.Error{
		API: "/x", Code: 40164, Msg: "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist",
	}}
	d.Frame.Wechat = wx
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit, core.PermAuditView)

	// The form makes the keys of the message server, for both sides to have the same.
	page := b.Get(t, frame.WechatAppPath+"/new?kind=official", http.StatusOK)
	token, aesKey := desk.InputValue(page, "token"), desk.InputValue(page, "aes_key")
	if n := page.Find("[data-copy-of], [data-make]").Length(); n != 4 {
		t.Errorf("%d buttons to copy and to make keys", n)
	}
	if again := b.Get(t, frame.WechatAppPath+"/new?kind=official", http.StatusOK); len(token) != 32 || len(aesKey) != 43 ||
		desk.InputValue(again, "token") == token {
		t.Errorf("made %q, %q", token, aesKey)
	}
	for field, value := range map[string]string{
		"name": "", "app_id": "wx1", "app_secret": "", "token": "", "aes_key": "x", "communities": "",
	} {
		wrong := postedWechatApp(d)
		wrong.Set(field, value)
		if value == "" && field == "communities" {
			wrong.Del(field)
		}
		page, _ := b.Post(t, frame.WechatAppPath, wrong, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
	}

	// The address to enter at WeChat is on the form, and stays the same when it is shown again and when it is saved.
	posted := postedWechatApp(d)
	posted.Set("proposed", desk.InputValue(page, "proposed"))
	address := "/callback/oa/" + posted.Get("proposed")
	posted.Set("name", "")
	again, _ := b.Post(t, frame.WechatAppPath, posted, http.StatusUnprocessableEntity)
	for what, shown := range map[string]string{
		"the form": page.Find("[data-copy]").AttrOr("data-copy", ""), "the form again": again.Find("[data-copy]").AttrOr("data-copy", ""),
	} {
		if !strings.HasSuffix(shown, address) {
			t.Errorf("%s has the address %q, want …%s", what, shown, address)
		}
	}
	posted.Set("name", "滨河苑物业")
	future := url.Values{}
	maps.Copy(future, posted)
	future.Set("proposed", "9223372036854775807")
	b.Post(t, frame.WechatAppPath, future, http.StatusConflict)
	_, to := b.Post(t, frame.WechatAppPath, posted, http.StatusSeeOther)
	b.Post(t, frame.WechatAppPath, posted, http.StatusConflict) // used
	show := b.Get(t, to, http.StatusOK)
	text := show.Text()
	if !strings.Contains(text, address) {
		t.Error("the address is another than promised")
	}
	if !strings.Contains(text, "203.0.113.9") || !strings.Contains(text, "IP 白名单") || !strings.Contains(text, "检查未通过") {
		t.Errorf("the page does not say what to do: %s", text)
	}
	if !strings.Contains(text, "/callback/oa/"+strings.TrimPrefix(to, frame.WechatAppPath+"/")) {
		t.Error("the address of the message server is missing")
	}
	line := show.Find(".tx-timeline").Text()
	if strings.Contains(line, d.Mine.Community.String()) || !strings.Contains(line, "小区：") {
		t.Errorf("the timeline has ids in place of names: %s", line)
	}
	id, err := core.ParseID(strings.TrimPrefix(to, frame.WechatAppPath+"/"))
	if err == nil {
		err = d.Store.NoteWechatRefusal(t.Context(), id, core.RefusedSignature)
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "收到的请求签名不正确") {
		t.Errorf("a callback that was refused leaves no trace: %s", text)
	}
	wx.Tried = nil
	b.Post(t, to+"/check", nil, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); strings.Contains(text, "检查未通过") || !strings.Contains(text, "未收到消息") {
		t.Errorf("after it was mended: %s", text)
	}

	for _, path := range []string{to, to + "/edit", frame.WechatAppPath} {
		html, err := b.Get(t, path, http.StatusOK).Html()
		if err != nil || strings.Contains(html, strings.Repeat("s", 32)) || strings.Contains(html, "token123") ||
			strings.Contains(html, strings.Repeat("k", 43)) {
			t.Errorf("%s shows a key: %v", path, err)
		}
	}

	// Nobody who may see the settings, but does not run the deployment, changes it.
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	viewer.Get(t, to, http.StatusOK)
	viewer.Post(t, to, postedWechatApp(d), http.StatusForbidden)
	viewer.Post(t, to+"/check", nil, http.StatusForbidden)
}

// What no call can check is proven by a request, or confirmed by an operator and said to be unchecked; the files by
// which WeChat checks the domain are a step with a link.
func TestWechatAppStepsAreProvenOrConfirmed(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	_, to := b.Post(t, frame.WechatAppPath, postedWechatApp(d), http.StatusSeeOther)
	step := func(title string) string {
		t.Helper()
		found := b.Get(t, to, http.StatusOK).Find(".tx-guide li").FilterFunction(func(_ int, li *goquery.Selection) bool {
			return strings.HasPrefix(li.Find("h2").Text(), title)
		})
		if found.Length() != 1 {
			t.Fatalf("%d steps are called %s", found.Length(), title)
		}
		return found.Text()
	}
	if text := step("关联小程序"); !strings.Contains(text, "不需要") {
		t.Errorf("without a mini-program it is to be linked: %s", text)
	}
	_, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatMini, Name: "小程序", AppID: "wx00000000000000c9", Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"校验文件", "网页授权域名", "业务域名", "关联小程序"} {
		if text := step(title); !strings.Contains(text, "未完成") {
			t.Errorf("%s: %s", title, text)
		}
	}
	confirm := to + "/confirm?step=script"
	b.Post(t, confirm, nil, http.StatusSeeOther)
	if text := step("业务域名"); !strings.Contains(text, "已人工确认") || !strings.Contains(text, "没有经过检查") || strings.Contains(text, "已完成") {
		t.Errorf("confirmed: %s", text)
	}
	b.Post(t, confirm+"&off=1", nil, http.StatusSeeOther)
	if text := step("业务域名"); !strings.Contains(text, "未完成") {
		t.Errorf("taken back: %s", text)
	}
	b.Post(t, to+"/confirm?step=home", nil, http.StatusUnprocessableEntity)
	b.Post(t, to+"/confirm?step=x", nil, http.StatusUnprocessableEntity)
	id, err := core.ParseID(strings.TrimPrefix(to, frame.WechatAppPath+"/"))
	if err == nil {
		err = d.Store.NoteWechatStep(t.Context(), id, core.WechatStepPages)
	}
	if err == nil {
		file := core.WechatFile{Name: "MP_verify_AbCd1234EfGh5678.txt", Text: "AbCd1234EfGh5678"}
		_, err = d.Store.CreateWechatFile(t.Context(), core.System, file)
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := step("网页授权域名"); !strings.Contains(text, "已完成") || strings.Contains(text, "确认已完成") {
		t.Errorf("proven: %s", text)
	}
	if text := step("校验文件"); !strings.Contains(text, "已添加") || strings.Contains(text, "已完成") {
		t.Errorf("a file that nobody has read: %s", text)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	viewer.Post(t, confirm, nil, http.StatusForbidden)
	if viewer.Get(t, to, http.StatusOK).Find(".tx-guide form").Length() != 0 {
		t.Error("who may not confirm is offered it")
	}
}

// It is changed without its keys, taken out of use with a question, and removed by its name.
func TestWechatAppIsChangedAndRemoved(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit, core.PermAuditView)
	_, to := b.Post(t, frame.WechatAppPath, postedWechatApp(d), http.StatusSeeOther)
	edit := b.Get(t, to+"/edit", http.StatusOK)
	change := url.Values{"name": {"新名称"}, "all": {"1"}, "seen": {desk.InputValue(edit, "seen")}}
	b.Post(t, to, change, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "新名称") || !strings.Contains(text, "全部小区") {
		t.Errorf("changed to %s", text)
	}
	b.Post(t, to, change, http.StatusConflict) // made on the state before
	b.Post(t, to+"/remove", desk.WithConfirmed(url.Values{"typed": {"新名称"}}), http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "请先停用再删除") {
		t.Errorf("removing one in use: %s", text)
	}
	if text := b.Get(t, to, http.StatusOK).Find("main").Text(); !strings.Contains(text, "删除") || !strings.Contains(text, "请先停用，再删除") {
		t.Error("the page does not say how the account is deleted")
	}
	question, _ := b.Post(t, to+"/disable", nil, http.StatusOK)
	if text := question.Text(); !strings.Contains(text, "停用“新名称”？") || !strings.Contains(text, "全部小区") {
		t.Errorf("asks %s", text)
	}
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	b.Post(t, to+"/check", nil, http.StatusConflict)
	// New keys of an account out of use are not tried, and nobody says that they are right.
	edit = b.Get(t, to+"/edit", http.StatusOK)
	keys := url.Values{"name": {"新名称"}, "all": {"1"}, "seen": {desk.InputValue(edit, "seen")}, "app_secret": {strings.Repeat("x", 32)}}
	b.Post(t, to, keys, http.StatusSeeOther)
	if said := b.Get(t, to, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(said, "启用后再检查") || strings.Contains(said, "正确") {
		t.Errorf("said of new keys: %s", said)
	}
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	typed := desk.ConfirmedForm()
	typed.Set("typed", "别的名称")
	b.Post(t, to+"/remove", typed, http.StatusUnprocessableEntity)
	typed.Set("typed", "新名称")
	b.Post(t, to+"/remove", typed, http.StatusSeeOther)
	b.Get(t, to, http.StatusNotFound)
}

func TestWechatAppPages(t *testing.T) {
	shell := templates.Shell{Title: "微信接入", CSRF: "t"}
	app := core.WechatApp{ID: 7, Kind: core.WechatOfficial, Name: desk.Hostile, AppID: "wx00000000000000a1", Scope: core.Everywhere}
	list := templates.List{Path: frame.WechatAppPath, Count: 2, Total: 2, Columns: []templates.Column{
		{Label: "名称"}, {Label: "类型", Narrow: true}, {Label: "账号 ID"}, {Label: "负责小区"}, {Label: "状态", Narrow: true},
		{Label: "操作", Narrow: true, Hidden: true},
	}}
	detail := templates.Detail{Path: frame.WechatAppURL(7), CSRF: "t", Menu: wechatAppMenu(app, "t")}
	detail.NewTabs("", "", "接入步骤")
	templates.CheckAll(t, "console/wechatapp/", map[string]any{
		"console/wechatapp/list": wechatAppListPage{
			Shell: shell, Tabs: settingTabs("wechatapp"), List: list, Rows: []wechatAppRow{
				{
					Name: desk.Hostile, URL: "/a", Kind: "公众号", AppID: app.AppID, Serves: "全部小区", State: wechatAppBadge(app),
					Menu: detail.Menu,
				},
				{Name: "配置文件的小程序", Kind: "小程序", AppID: app.AppID, Serves: "云栖", State: wechatAppBadge(app)},
			},
		},
		"console/wechatapp/form": wechatAppFormPage{Shell: shell, Form: templates.Form{
			Action: "/a", CSRF: "t", Sections: []templates.Section{
				{Title: "账号", Fields: wechatAppFields(app)}, wechatServerSection(app, nil),
			},
		}},
		"console/wechatapp/replace": wechatAppFormPage{Shell: shell, Form: templates.Form{
			Action: "/a", CSRF: "t", Sections: []templates.Section{{Title: "新的企业", Fields: corpFields(core.WechatApp{})}},
		}},
		"console/wechatapp/show": wechatAppShowPage{
			Shell: shell, Detail: detail, Steps: []wechatStep{
				{
					Title: "消息推送", Text: desk.Hostile, Badge: stepBadge(time.Time{}, true),
					Facts: []templates.Fact{{Label: "域名", Value: "x", Copy: true}},
					Link:  templates.Action{Label: "查看校验文件", URL: "/f"}, CSRF: "t",
					Confirm: &templates.Submit{Label: "确认已完成", URL: "/c", Icon: "check"},
				},
			},
		},
	})
}

// A company on WeWork is bound once, with all it needs, and each problem is said in words.
func TestWechatAppOfWeWork(t *testing.T) {
	d := newDesk(t)
	wx := &desk.Wechat{Tried: &wechat.CorpProblem{Part: wechat.CorpPartContact, Err: &wechat.Error{Code: 48002}}}
	d.Frame.Wechat = wx
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit, core.PermAuditView, core.PermStaffView)
	page := b.Get(t, frame.WechatAppPath+"/new?kind=work", http.StatusOK)
	form := url.Values{
		"kind": {"work"}, "name": {"翠湖物业"}, "app_id": {"ww00000000000000a1"}, "agent": {"1000002"},
		"app_secret": {strings.Repeat("s", 43)}, "contact_secret": {strings.Repeat("c", 43)},
		"token": {desk.InputValue(page, "token")}, "aes_key": {desk.InputValue(page, "aes_key")},
		"communities": {d.Mine.Community.String()},
	}
	for field, value := range map[string]string{
		"app_id": "wx1", "agent": "0", "app_secret": "", "contact_secret": "", "token": "", "aes_key": "",
	} {
		wrong := url.Values{}
		for name, values := range form {
			wrong[name] = values
		}
		wrong.Set(field, value)
		page, _ := b.Post(t, frame.WechatAppPath, wrong, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
		if html, err := page.Html(); err != nil || strings.Contains(html, "sssss") || strings.Contains(html, "ccccc") {
			t.Errorf("a secret comes back: %v", err)
		}
	}
	_, to := b.Post(t, frame.WechatAppPath, form, http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	if text := show.Text(); !strings.Contains(text, "填的是应用的 Secret") || !strings.Contains(text, "检查未通过") ||
		!strings.Contains(text, "/callback/wework/"+strings.TrimPrefix(to, frame.WechatAppPath+"/")) ||
		!strings.Contains(text, "/h5/staff/enter/"+strings.TrimPrefix(to, frame.WechatAppPath+"/")) {
		t.Errorf("shows %s", text)
	}
	wx.Tried = nil
	b.Post(t, to+"/check", nil, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "两个 Secret 都正确") || !strings.Contains(text, "未收到消息") {
		t.Errorf("after it was mended: %s", text)
	}
	again, _ := b.Post(t, frame.WechatAppPath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, again, "app_id")

	edit := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK))
	edit.Set("agent", "1000003")
	b.Post(t, to, edit, http.StatusSeeOther)
	app, err := d.Store.WechatApps(t.Context(), core.Everywhere)
	if err != nil || len(app) != 1 || app[0].Agent != 1000003 || app[0].AppID != "ww00000000000000a1" {
		t.Errorf("changed to %+v, %v", app, err)
	}
	b.Post(t, to+"/sync", nil, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "几秒内开始同步") {
		t.Errorf("after it was asked for: %s", text)
	}
	leavesCorp(t, d, b, to)
	replacesCorp(t, d, b, to, form)
	for _, path := range []string{to, to + "/edit", to + "/replace", frame.WechatAppPath} {
		html, err := b.Get(t, path, http.StatusOK).Html()
		if err != nil || strings.Contains(html, "sssss") || strings.Contains(html, "ccccc") || strings.Contains(html, form.Get("aes_key")) {
			t.Errorf("%s shows a key: %v", path, err)
		}
	}
	removesCorp(t, d, b, to)
}

// leavesCorp lets those leave whom a sync did not find, who are too many to leave without a word.
func leavesCorp(t *testing.T, d *desk.Desk, b *desk.Clerk, to string) {
	t.Helper()
	if text := b.Get(t, to, http.StatusOK).Text(); strings.Contains(text, "人离职") {
		t.Errorf("asks about nobody: %s", text)
	}
	id, err := core.ParseID(strings.TrimPrefix(to, frame.WechatAppPath+"/"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, turn := t.Context(), store.SyncTurn{Runner: "a", App: id}
	members := make([]core.CorpMember, 12)
	for i := range members {
		members[i] = core.CorpMember{UserID: fmt.Sprint("m", i), Name: fmt.Sprint("员工", i)}
	}
	members[0].Departments = []int{2}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, found := range [][]core.CorpMember{members, nil} {
		must(d.Store.AskStaffSync(ctx, core.System, core.Everywhere, id))
		_, err := d.Store.ClaimStaffSync(ctx, turn.Runner)
		must(err)
		must(d.Store.SyncDepartments(ctx, turn, []core.CorpDepartment{{Number: 2, Name: "工程部"}}))
		must(d.Store.SyncMembers(ctx, turn, found))
		leaving, _, held, err := d.Store.HoldSyncLeave(ctx, turn)
		must(err)
		if held != (found == nil) || held && leaving != 12 {
			t.Fatalf("%d would leave, held: %t", leaving, held)
		}
		must(d.Store.EndStaffSync(ctx, turn, true, map[bool]string{true: "有 12 人不在可见范围内"}[held]))
	}
	page := b.Get(t, to, http.StatusOK)
	at, _ := page.Find(`button[formaction*="/leave?n="]`).Attr("formaction")
	if at == "" || !strings.Contains(page.Text(), "确认 12 人离职") {
		t.Fatalf("does not ask: %s", page.Text())
	}
	ask, _ := b.Post(t, at, nil, http.StatusOK)
	for _, want := range []string{"让 12 名员工离职？", "员工0（工程部）", "员工11"} {
		if text := ask.Text(); !strings.Contains(text, want) {
			t.Errorf("asks %s", text)
		}
	}
	list := page.Find(`a[href="` + staffUnseenURL(id) + `"]`)
	unseen, _, err := d.Store.StaffList(ctx, core.Everywhere, store.StaffFilter{Unseen: true, Page: store.Page{Limit: 50}})
	if err != nil || len(unseen) != 12 || list.Length() != 1 {
		t.Errorf("the list has %d, %v; %d links to it", len(unseen), err, list.Length())
	}
	// Who comes back into the range meanwhile is not asked about.
	must(d.Store.AskStaffSync(ctx, core.System, core.Everywhere, id))
	_, err = d.Store.ClaimStaffSync(ctx, turn.Runner)
	must(err)
	must(d.Store.SyncMembers(ctx, turn, members[:1]))
	if n, err := d.Store.CountStaff(ctx, core.Everywhere, store.StaffFilter{Unseen: true, Corp: id}); err != nil || n != 11 {
		t.Errorf("%d still to ask about, %v", n, err)
	}
	_, _, _, err = d.Store.HoldSyncLeave(ctx, turn)
	must(err)
	must(d.Store.EndStaffSync(ctx, turn, true, "有 11 人不在可见范围内"))
	at = strings.Replace(at, "n=12", "n=11", 1)
	for _, typed := range []string{"", "12"} { // there is no way back: one click is not enough, however few they are
		b.Post(t, at, url.Values{"confirmed": {"1"}, templates.TypedField: {typed}}, http.StatusUnprocessableEntity)
	}
	b.Post(t, at, url.Values{"confirmed": {"1"}, templates.TypedField: {"11"}}, http.StatusSeeOther)
	if text := b.Get(t, to, http.StatusOK).Text(); !strings.Contains(text, "几秒内开始同步") {
		t.Errorf("after a word: %s", text)
	}
}

// Who leaves with a company is told with what else ends for them.
func TestChoicesOfTheStaffOfACompany(t *testing.T) {
	for want, n := range map[string]store.CorpStaff{
		"全部离职；登录和权限立即失效，不能撤销":                          {People: 9},
		"全部离职，其中 3 人有后台账号、1,200 人是门岗人员；登录和权限立即失效，不能撤销": {People: 9, Accounts: 3, Guards: 1200},
		"全部离职，其中 1 人是观察员；登录和权限立即失效，不能撤销":               {People: 9, Observers: 1},
	} {
		if got := corpStaffChoices(n)[1].Label; got != want {
			t.Errorf("%+v: %s", n, got)
		}
	}
}

// replacesCorp makes the account another company's: what happens to the staff is asked, the name is typed, and a
// refused form has no secret in it.
func replacesCorp(t *testing.T, d *desk.Desk, b *desk.Clerk, to string, form url.Values) {
	t.Helper()
	page := b.Get(t, to+"/replace", http.StatusOK)
	if text := page.Find("main form").Text(); !strings.Contains(text, "原企业同步来的 12 名员工") || !strings.Contains(text, "不能撤销") {
		t.Errorf("does not say whom it concerns: %s", text)
	}
	if name := desk.InputValue(page, "name"); name != "翠湖物业" {
		t.Errorf("the name is proposed as %q", name)
	}
	other := url.Values{
		"name": {"滨河物业"}, "app_id": {"ww00000000000000b2"}, "agent": {"7"}, "app_secret": {strings.Repeat("n", 43)},
		"contact_secret": {strings.Repeat("m", 43)}, "token": {desk.InputValue(page, "token")},
		"aes_key": {desk.InputValue(page, "aes_key")}, "staff": {"stay"}, "typed": {"翠湖物业"}, "seen": {desk.InputValue(page, "seen")},
	}
	for field, value := range map[string]string{
		"name": "", "typed": "翠湖", "staff": "", "contact_secret": "", "app_secret": "", "agent": "0", "app_id": form.Get("app_id"),
	} {
		wrong := url.Values{}
		for name, values := range other {
			wrong[name] = values
		}
		if wrong.Set(field, value); value == "" {
			wrong.Del(field)
		}
		page, _ := b.Post(t, to+"/replace", wrong, http.StatusUnprocessableEntity)
		desk.WrongField(t, page, field)
		if html, err := page.Html(); err != nil || strings.Contains(html, "nnnnn") || strings.Contains(html, "mmmmm") {
			t.Errorf("%s: a secret comes back: %v", field, err)
		}
	}
	b.Post(t, to+"/replace", other, http.StatusSeeOther)
	apps, err := d.Store.WechatApps(t.Context(), core.Everywhere)
	if err != nil || len(apps) != 1 || apps[0].AppID != "ww00000000000000b2" || apps[0].Agent != 7 || apps[0].Name != "滨河物业" {
		t.Errorf("replaced by %+v, %v", apps, err)
	}
}

// removesCorp deletes the account: whom it concerns is said, and what becomes of them is asked.
func removesCorp(t *testing.T, d *desk.Desk, b *desk.Clerk, to string) {
	t.Helper()
	id, err := core.ParseID(strings.TrimPrefix(to, frame.WechatAppPath+"/"))
	if err != nil {
		t.Fatal(err)
	}
	turn := store.SyncTurn{Runner: "b", App: id}
	if _, err := d.Store.ClaimStaffSync(t.Context(), turn.Runner); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: "x", Name: "何雅文"}, {UserID: "y", Name: "高远"}}); err != nil {
		t.Fatal(err)
	}
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	question, _ := b.Post(t, to+"/remove", nil, http.StatusOK)
	text := question.Find("main form").Text()
	for _, want := range []string{"同步来的 2 名员工", "留下，以后手工维护", "全部离职", "不会重复"} {
		if !strings.Contains(text, want) || strings.Contains(text, "住户") {
			t.Errorf("does not say %s: %s", want, text)
		}
	}
	answer := desk.WithConfirmed(url.Values{"typed": {"滨河物业"}})
	page, _ := b.Post(t, to+"/remove", answer, http.StatusUnprocessableEntity)
	if text := page.Find(".tx-wrong").Text(); !strings.Contains(text, "请选择同步来的 2 名员工怎么办") {
		t.Errorf("without a choice: %s", text)
	}
	answer.Set(templates.ChoiceField, "leave")
	b.Post(t, to+"/remove", answer, http.StatusSeeOther)
	for want := range 2 {
		if n, err := d.Store.LeaveReplaced(t.Context(), 10); err != nil || n != 2-2*want {
			t.Errorf("%d leave: %v", n, err)
		}
	}
}
