package account

import (
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

// An operator adds a verification file and removes it; anybody else sees the list only.
func TestWechatFileIsAddedAndRemoved(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	if text := b.Get(t, frame.WechatFilePath, http.StatusOK).Text(); !strings.Contains(text, "还没有校验文件") {
		t.Errorf("at first: %s", text)
	}
	form := desk.FilledIn(b.Get(t, frame.WechatFilePath+"/new", http.StatusOK))
	form.Set("name", "robots.txt")
	form.Set("text", "AbCd1234EfGh5678")
	page, _ := b.Post(t, frame.WechatFilePath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "name")
	form.Set("name", "MP_verify_AbCd1234EfGh5678.txt")
	form.Set("text", desk.Hostile)
	page, _ = b.Post(t, frame.WechatFilePath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "text")
	form.Set("text", "AbCd1234EfGh5678")
	b.Post(t, frame.WechatFilePath, form, http.StatusSeeOther)
	form.Set("text", "AbCd1234EfGh5678 ") // the same form once more would be taken for a repeat
	page, _ = b.Post(t, frame.WechatFilePath, form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "name")
	files, err := d.Store.WechatFiles(t.Context())
	if err != nil || len(files) != 1 {
		t.Fatalf("%+v, %v", files, err)
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	list := clerk.Get(t, frame.WechatFilePath, http.StatusOK)
	acts := list.Find("form[method=post] button[formaction]").Length()
	if text := list.Find("tbody").Text(); !strings.Contains(text, files[0].Name) || acts != 0 {
		t.Errorf("a clerk sees %s", text)
	}
	remove := frame.WechatFileURL(files[0].ID) + "/remove"
	clerk.Post(t, remove, desk.ConfirmedForm(), http.StatusForbidden)
	question, _ := b.Post(t, remove, nil, http.StatusOK)
	if text := question.Text(); !strings.Contains(text, "/"+files[0].Name) {
		t.Errorf("asks %s", text)
	}
	b.Post(t, remove, desk.ConfirmedForm(), http.StatusSeeOther)
}

// A file is read at its public address as soon as it is added, and again on demand: what is wrong is said in the message, in the
// list and among the steps of the account.
func TestWechatFileIsReadAtItsAddress(t *testing.T) {
	d := newDesk(t)
	wx := &desk.Wechat{Fault: &wechat.FileFault{Status: http.StatusMovedPermanently, To: "https://www.example.com/"}}
	d.Frame.Wechat = wx
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	app, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "海棠公众号", AppID: "wx00000000000000a7", Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	})
	if err != nil {
		t.Fatal(err)
	}
	steps := func() string {
		t.Helper()
		return b.Get(t, frame.WechatAppURL(app), http.StatusOK).Find(".tx-guide").Text()
	}
	said := func(to, words, badge string) {
		t.Helper()
		page := b.Get(t, to, http.StatusOK)
		if text := page.Find(".tx-flash").Text(); !strings.Contains(text, words) {
			t.Errorf("told %q, want %q", text, words)
		}
		if text := page.Find("tbody").Text(); !strings.Contains(text, badge) {
			t.Errorf("the list: %q, want %q", text, badge)
		}
		if !strings.Contains(steps(), badge) && badge != "读不到" {
			t.Errorf("the steps lack %q: %q", badge, steps())
		}
	}
	form := desk.FilledIn(b.Get(t, frame.WechatFilePath+"/new", http.StatusOK))
	form.Set("name", "MP_verify_AbCd1234EfGh5678.txt")
	form.Set("text", "AbCd1234EfGh5678")
	_, to := b.Post(t, frame.WechatFilePath, form, http.StatusSeeOther)
	said(to, "已添加，平台还读不到“MP_verify_AbCd1234EfGh5678.txt”：这个地址跳转到", "读不到")
	if text := steps(); !strings.Contains(text, "有问题") || !strings.Contains(text, "平台不会跟着跳转") {
		t.Errorf("the steps: %q", text)
	}
	files, err := d.Store.WechatFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wx.Fault = nil
	_, to = b.Post(t, frame.WechatFileURL(files[0].ID)+"/check", nil, http.StatusSeeOther)
	said(to, "从公网地址读到的内容一致", "可读到")
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	clerk.Post(t, frame.WechatFileURL(files[0].ID)+"/check", nil, http.StatusForbidden)
}

func TestWechatFilePages(t *testing.T) {
	shell := templates.Shell{Title: "校验文件", CSRF: "t"}
	templates.CheckAll(t, "console/wechatfile/", map[string]any{
		"console/wechatfile/list": wechatFileListPage{
			Shell: shell, Tabs: settingTabs("wechatfile"), Rows: []wechatFileRow{{
				Name: desk.Hostile, URL: "/x", Text: desk.Hostile, Problem: desk.Hostile,
				State: fileBadge(core.WechatFile{Checked: core.WechatCheck{At: time.Unix(1, 0), Problem: "x"}}),
			}},
			List: templates.List{Path: frame.WechatFilePath, Count: 1, Total: 1},
		},
		"console/wechatfile/form": wechatFileFormPage{Shell: shell, Form: templates.Form{Action: "/x", Sections: []templates.Section{
			{Fields: []templates.Field{{Name: "name", Label: "文件名"}}},
		}}},
	})
}
