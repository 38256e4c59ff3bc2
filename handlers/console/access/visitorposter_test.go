package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// The office adds a poster for a gate, prints it, and ends it; another community's is not there.
func TestPosters(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.VisitorPosterPath, http.StatusOK)
	form := desk.FilledIn(page)
	form.Set("post", d.Others.Post.String())
	b.Post(t, frame.VisitorPosterPath, form, http.StatusUnprocessableEntity)
	form.Set("post", d.Mine.Post.String())
	_, at := b.Post(t, frame.VisitorPosterPath, form, http.StatusSeeOther)
	show := b.Get(t, at, http.StatusOK)
	if src := show.Find(".tx-notice-code img").AttrOr("src", ""); !strings.HasPrefix(src, "data:image/svg+xml") {
		t.Errorf("the code: %q", src)
	}
	posters, err := d.Store.VisitorPosters(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil || len(posters) != 1 || posters[0].Gate == "" {
		t.Fatalf("%+v, %v", posters, err)
	}
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermPassRuleView)
	if viewer.Get(t, frame.VisitorPosterPath, http.StatusOK).Find("main form").Length() != 0 {
		t.Error("who may only look may add and end posters")
	}
	viewer.Post(t, at+"/revoke", desk.ConfirmedForm(), http.StatusForbidden)
	other := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermPassRuleView, core.PermPassRuleEdit)
	other.Get(t, at, http.StatusNotFound)
	other.Post(t, at+"/revoke", desk.ConfirmedForm(), http.StatusNotFound)
	asked, _ := b.Post(t, at+"/revoke", url.Values{}, http.StatusOK)
	if !strings.Contains(asked.Find("main").Text(), "1 个二维码立即失效") {
		t.Errorf("the question: %s", asked.Find("main").Text())
	}
	b.Post(t, at+"/revoke", desk.ConfirmedForm(), http.StatusSeeOther)
	if text := b.Get(t, at, http.StatusOK).Find("main").Text(); !strings.Contains(text, "已停用") {
		t.Errorf("ended: %s", text)
	}
}

func TestPosterPages(t *testing.T) {
	shell := templates.Shell{Title: "访客海报", CSRF: "x"}
	at := frame.CommunityChoice{Community: core.Community{ID: 1, Name: "翠湖花园"}}
	templates.CheckAll(t, "console/visitorposter/", map[string]any{
		"console/visitorposter/list": visitorPosterListPage{
			Shell: shell, Tabs: passTabs(everything, "visitorrule", at), Asked: &templates.Asked{Path: "/p", Field: at.Field("")},
			Note: "现在不允许", Form: &templates.Form{Sections: []templates.Section{{Fields: []templates.Field{{Name: "post", Label: "张贴位置"}}}}},
			Rows: []visitorPosterRow{
				{Where: desk.Hostile, URL: "/console/visitorrule/poster/1", Created: time.Now(), Revoke: "/r"}, {Where: "全小区", URL: "/x"},
			},
		},
		"console/visitorposter/list#none": visitorPosterListPage{Shell: shell, Empty: &templates.Empty{Title: "还没有小区"}},
		"console/visitorposter/list#read": visitorPosterListPage{Shell: shell},
		"console/visitorposter/show": visitorPosterShowPage{
			Shell: shell, Image: "data:image/svg+xml;base64,AA==", Community: desk.Hostile, Where: desk.Hostile, Phone: "0755-1",
			Steps: posterSteps(core.DefaultVisitorRule()), Printed: "张三 打印",
		},
		"console/visitorposter/show#revoked": visitorPosterShowPage{Shell: shell, Revoked: true},
	})
}
