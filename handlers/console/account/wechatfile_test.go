package account

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
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

func TestWechatFilePages(t *testing.T) {
	shell := templates.Shell{Title: "校验文件", CSRF: "t"}
	templates.CheckAll(t, "console/wechatfile/", map[string]any{
		"console/wechatfile/list": wechatFileListPage{
			Shell: shell, Tabs: settingTabs("wechatfile"), Rows: []wechatFileRow{{Name: desk.Hostile, URL: "/x", Text: desk.Hostile}},
			List: templates.List{Path: frame.WechatFilePath, Count: 1, Total: 1},
		},
		"console/wechatfile/form": wechatFileFormPage{Shell: shell, Form: templates.Form{Action: "/x", Sections: []templates.Section{
			{Fields: []templates.Field{{Name: "name", Label: "文件名"}}},
		}}},
	})
}
