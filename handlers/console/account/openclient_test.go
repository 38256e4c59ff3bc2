package account

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

// A client is added and its secret told once; it is changed, gets a second secret, loses the first, and is put out of use.
func TestOpenClientsAreManaged(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.PermSettingEdit)
	form := desk.FilledIn(b.Get(t, frame.OpenClientPath+"/new", http.StatusOK))
	wrong, _ := b.Post(t, frame.OpenClientPath, form, http.StatusUnprocessableEntity)
	for _, field := range []string{"name", "calls", "communities"} {
		desk.WrongField(t, wrong, field)
	}
	form.Set("name", "收费软件")
	form.Set("calls", string(core.CallHouseArrears))
	form.Set("communities", d.Mine.Community.String())
	made, _ := b.Post(t, frame.OpenClientPath, form, http.StatusOK)
	first := made.Find("#secret").Text()
	clients, err := d.Store.OpenClients(t.Context(), core.Everywhere)
	if err != nil || len(clients) != 1 || len(first) < 40 {
		t.Fatalf("%+v, %v, a secret of %d letters", clients, err, len(first))
	}
	to := frame.OpenClientURL(clients[0].ID)
	if text := b.Get(t, to, http.StatusOK).Text(); strings.Contains(text, first) || !strings.Contains(text, clients[0].Key) {
		t.Error("the page shows the secret, or no client id")
	}
	made, _ = b.Post(t, to+"/rotate", url.Values{"confirmed": {"1"}}, http.StatusOK)
	if second := made.Find("#secret").Text(); second == first || len(second) < 40 {
		t.Error("the secret was not changed")
	}
	page := b.Get(t, to, http.StatusOK)
	retires := page.Find(`form[action*="/retire?secret="]`)
	if text := retires.Text(); !strings.Contains(text, "停用新密钥") || !strings.Contains(text, "停用旧密钥") || retires.Length() != 2 {
		t.Errorf("two secrets, the newer never used: %q", text)
	}
	lost := retires.First().AttrOr("action", "")
	if asked, _ := b.Post(t, lost, nil, http.StatusOK); !strings.Contains(asked.Text(), "还没有用过") {
		t.Errorf("a lost secret is asked about: %s", asked.Text())
	}
	b.Post(t, lost, url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	b.Post(t, to+"/rotate", url.Values{"confirmed": {"1"}}, http.StatusOK)
	kept, err := d.Store.OpenClient(t.Context(), core.Everywhere, clients[0].ID)
	if err != nil || len(kept.Secrets) != 2 || kept.Secrets[1].ID != clients[0].Secrets[0].ID {
		t.Fatalf("once another was made for a lost one: %+v, %v", kept, err)
	}
	err = d.Store.CountOpenUse(t.Context(), store.OpenUse{Client: kept.ID, Secret: kept.Secrets[0].ID, Nonce: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	used := to + "/retire?secret=" + kept.Secrets[0].ID.String()
	b.Post(t, used, url.Values{"confirmed": {"1"}}, http.StatusSeeOther) // with the refusal as its message
	page = b.Get(t, to, http.StatusOK)
	retire := page.Find(`form[action*="/retire?secret="]`).AttrOr("action", "")
	if retire == "" || strings.Contains(page.Find("main").Text(), "停用新密钥") || page.Find(`[formaction$="/rotate"]`).Length() != 0 {
		t.Fatalf("two secrets: retired by %q", retire)
	}
	b.Post(t, retire, url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	edit := desk.FilledIn(b.Get(t, to+"/edit", http.StatusOK))
	edit.Set("rate", "500")
	wrong, _ = b.Post(t, to, edit, http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "rate")
	edit.Set("rate", "5")
	b.Post(t, to, edit, http.StatusSeeOther)
	b.Post(t, to+"/disable", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if text := b.Get(t, frame.OpenClientPath, http.StatusOK).Find("tbody").Text(); !strings.Contains(text, "已停用") {
		t.Errorf("the list: %s", text)
	}
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
	client, err := d.Store.OpenClient(t.Context(), core.Everywhere, clients[0].ID)
	if err != nil || client.Rate != 5 || len(client.Secrets) != 1 || !client.Disabled.IsZero() {
		t.Errorf("%+v, %v", client, err)
	}
	reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermSettingEdit)
	if reader.Get(t, to, http.StatusOK).Find("main form").Length() != 0 {
		t.Error("who is no operator may act")
	}
	reader.Post(t, to+"/rotate", nil, http.StatusForbidden)
}

func TestOpenClientPages(t *testing.T) {
	shell := templates.Shell{Title: desk.Hostile, CSRF: "x"}
	client := core.OpenClient{ID: 7, Name: desk.Hostile, Secrets: []core.OpenSecret{{ID: 2}, {ID: 1}}}
	detail := templates.Detail{Path: "/c", CSRF: "x", Badges: []templates.Badge{openClientBadge(client)}}
	detail.Acts, detail.Menu = openClientActs(core.OpenClient{Name: desk.Hostile}, "x")
	detail.NewTabs("", "", "接入")
	templates.CheckAll(t, "console/openclient/", map[string]any{
		"console/openclient/list": openClientListPage{
			Shell: shell, Tabs: settingTabs("openclient"), List: templates.List{Path: "/c", Columns: []templates.Column{
				{Label: "名称"}, {Label: "状态", Narrow: true}, {Label: "接口"}, {Label: "小区"}, {Label: "最近调用", Narrow: true},
			}},
			Rows: []openClientRow{
				{URL: "/c", Name: desk.Hostile, Calls: "设置房屋欠费", Where: desk.Hostile, State: openClientBadge(client)},
				{URL: "/c", Name: "乙", State: openClientBadge(core.OpenClient{}), Used: time.Unix(1, 0)},
			},
		},
		"console/openclient/form": openClientFormPage{Shell: shell, Form: templates.Form{Action: "/c", CSRF: "x"}},
		"console/openclient/show": openClientShowPage{
			Shell: shell, Detail: detail, Calls: []openCallRow{{"设置房屋欠费", "PUT /x", desk.Hostile}},
			Secrets: []openSecretRow{{Label: "当前密钥"}, {Label: "旧密钥", Retire: &templates.Submit{Label: "停用旧密钥", URL: "/r", Ask: true}}},
		},
		"console/openclient/secret": openSecretPage{Shell: shell, Key: "tx1", Secret: desk.Hostile, Next: "/c", Two: true},
	})
}
