package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/templates"
)

// postOf gives the text that the store holds of a post.
func (d *readerDesk) post(t *testing.T, id core.ID) core.GuardPost {
	t.Helper()
	post, err := d.store.GuardPost(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

func (d *readerDesk) guard(t *testing.T, id core.ID) core.Guard {
	t.Helper()
	g, err := d.store.Guard(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuardPostIsAddedAndChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	page := b.get(t, guardPostPath, http.StatusOK)
	if rows := page.Find("tbody tr"); rows.Length() != 1 || !strings.Contains(rows.Text(), "李师傅") {
		t.Errorf("posts %q", rows.Text())
	}
	b.get(t, guardPostPath+"/new", http.StatusOK)
	form := url.Values{"community": {d.mine.Community.String()}, "name": {hostileText}, "direction": {"in"}}
	for field, value := range map[string]string{"name": " ", "direction": "up"} {
		wrong := url.Values{"community": form["community"], "name": {"西门岗"}, "direction": {"in"}}
		wrong.Set(field, value)
		page, _ := b.post(t, guardPostPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	if _, to := b.post(t, guardPostPath, form, http.StatusSeeOther); to != guardPostPath {
		t.Errorf("sent to %s", to)
	}
	page = b.get(t, guardPostPath, http.StatusOK)
	literally(t, page, hostileText)
	if n := page.Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d posts", n)
	}

	path := guardPostURL(d.mine.Post)
	b.post(t, path, url.Values{"community": {d.others.Community.String()}, "name": {"东门岗亭"}, "direction": {"in"}}, http.StatusSeeOther)
	if post := d.post(t, d.mine.Post); post.Name != "东门岗亭" || post.Direction != core.In || post.Community != d.mine.Community {
		t.Errorf("changed to %+v", post)
	}
	b.post(t, path+"/disable", nil, http.StatusOK)
	if !d.post(t, d.mine.Post).Disabled.IsZero() {
		t.Error("disabled unasked")
	}
	b.post(t, path+"/disable", confirmedForm(), http.StatusSeeOther)
	if d.post(t, d.mine.Post).Disabled.IsZero() {
		t.Error("not disabled")
	}
	b.post(t, path, url.Values{"name": {"东门岗"}, "direction": {"out"}}, http.StatusSeeOther)
	if d.post(t, d.mine.Post).Disabled.IsZero() {
		t.Error("a change of name put the post back in service")
	}
	b.post(t, path+"/enable", nil, http.StatusSeeOther)
	if !d.post(t, d.mine.Post).Disabled.IsZero() {
		t.Error("not enabled")
	}
}

func TestGuardIsAddedAndChanged(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	form := func() url.Values {
		return url.Values{"community": {d.mine.Community.String()}, "name": {hostileText[:30]}, "phone": {"138 0013-8000"}, "posts": {d.mine.Post.String()}}
	}
	for field, value := range map[string]string{"name": "", "phone": "1380013800", "posts": d.others.Post.String()} {
		wrong := form()
		wrong.Set(field, value)
		page, _ := b.post(t, guardPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	missing := form()
	missing.Del("phone")
	page, _ := b.post(t, guardPath, missing, http.StatusUnprocessableEntity)
	wrongField(t, page, "phone")

	_, to := b.post(t, guardPath, form(), http.StatusSeeOther)
	show := b.get(t, to, http.StatusOK)
	literally(t, show, hostileText[:30])
	for fact, want := range map[string]string{"手机": "138****8000", "岗位": "东门岗", "微信": "未绑定", "状态": "在岗"} {
		if got := factOf(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	if n := b.get(t, guardPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d guards", n)
	}
	edit := b.get(t, to+"/edit", http.StatusOK)
	if inputValue(edit, "phone") != "" || strings.Contains(edit.Text(), "13800138000") {
		t.Error("the form shows the phone number")
	}
	b.post(t, to, url.Values{"name": {"王师傅"}}, http.StatusSeeOther)
	show = b.get(t, to, http.StatusOK)
	if factOf(show, "手机") != "138****8000" || factOf(show, "岗位") != "–" {
		t.Errorf("after the change: %q, %q", factOf(show, "手机"), factOf(show, "岗位"))
	}
	b.post(t, to+"/disable", nil, http.StatusOK)
	b.post(t, to+"/disable", confirmedForm(), http.StatusSeeOther)
	show = b.get(t, to, http.StatusOK)
	if factOf(show, "状态") != "已停用" || show.Find(`button[formaction$="/qr"]`).Length() != 0 {
		t.Errorf("disabled: %q", factOf(show, "状态"))
	}
	b.post(t, to+"/qr", nil, http.StatusConflict)
	b.post(t, to+"/enable", nil, http.StatusSeeOther)
}

// standIn is WeChat's part of a QR: it remembers the scenes it was asked for.
type standIn struct {
	scenes []string
	err    error
}

func (s *standIn) TemporaryQR(_ context.Context, scene string, life time.Duration) (string, error) {
	if life != 10*time.Minute {
		return "", errors.New("not ten minutes")
	}
	s.scenes = append(s.scenes, scene)
	return "http://weixin.qq.com/q/02abc", s.err
}

// Guards and observers are bound by a QR that the page watches.
func TestQRBindsAndThePageSees(t *testing.T) {
	d := newReaderDesk(t)
	b := d.registrar(t)
	for _, path := range []string{guardURL(d.mine.Guard), observerURL(d.mine.Observer)} {
		d.console.QR = nil
		b.post(t, path+"/qr", nil, http.StatusConflict)
		wx := &standIn{}
		d.console.QR = wx
		page, _ := b.post(t, path+"/qr", nil, http.StatusOK)
		if src, _ := page.Find("main img").Attr("src"); !strings.HasPrefix(src, "data:image/svg+xml;base64,") {
			t.Errorf("the picture is %q", src)
		}
		if !strings.Contains(page.Find("#bind-state").Text(), "剩余") || page.Find("#bind-state").AttrOr("hx-get", "") != path+"/qr" {
			t.Errorf("the page does not watch: %q", page.Find("#bind-state").Text())
		}
		if html, _ := page.Html(); strings.Contains(html, wx.scenes[0]) {
			t.Error("the page tells the scene")
		}
		if status, to := b.watch(t, path+"/qr"); status != http.StatusOK || to != "" {
			t.Errorf("waiting: %d %s", status, to)
		}
		b.post(t, path+"/qr", nil, http.StatusOK)
		user, err := d.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: path})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.store.UseBindTicket(t.Context(), wx.scenes[0], user.ID); !core.IsNotFound(err) {
			t.Errorf("the QR that was replaced: %v", err)
		}
		if _, err := d.store.UseBindTicket(t.Context(), wx.scenes[1], user.ID); err != nil {
			t.Fatal(err)
		}
		if status, to := b.watch(t, path+"/qr"); status != http.StatusNoContent || to != path {
			t.Errorf("bound: %d %s", status, to)
		}
		if got := factOf(b.get(t, path, http.StatusOK), "微信"); got != "已绑定" {
			t.Errorf("%s: %q", path, got)
		}
		wx.err = errors.New("errcode 40001, secret of ours")
		if page, _ := b.post(t, path+"/qr", nil, http.StatusInternalServerError); strings.Contains(page.Text(), "40001") {
			t.Error("the page tells what WeChat said")
		}
	}
}

// watch asks as the page's script does; to is where it is sent.
func (b *readerClerk) watch(t *testing.T, path string) (status int, to string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("HX-Request", "true")
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Get("HX-Redirect")
}

// With another community's ids nothing is there and nothing changes; who may only
// look is offered and allowed no act.
func TestPassagePagesStayInScope(t *testing.T) {
	d := newReaderDesk(t)
	d.console.QR = &standIn{}
	admin := d.registrar(t)
	viewer := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermGuardPostView, core.PermObserverView, core.PermReaderView)
	nobody := d.signIn(t, core.ScopeOf(d.mine.Community), core.PermReaderView)
	form := url.Values{"confirmed": {"1"}, "community": {d.mine.Community.String()}, "name": {"改"}, "direction": {"in"}, "phone": {"13800138000"}, "capacity": {"改"}, "communities": {d.mine.Community.String()}}
	before := []any{d.post(t, d.others.Post), d.guard(t, d.others.Guard), d.observer(t, d.others.Observer)}
	for _, route := range append(d.console.guardPostRoutes(), d.console.observerRoutes()...) {
		foreign, own := route.Path, route.Path
		for prefix, ids := range map[string][2]core.ID{
			guardPath + "/:id": {d.others.Guard, d.mine.Guard}, guardPostPath + "/:id": {d.others.Post, d.mine.Post}, observerPath + "/:id": {d.others.Observer, d.mine.Observer},
		} {
			if strings.HasPrefix(route.Path, prefix) {
				foreign, own = strings.Replace(route.Path, ":id", ids[0].String(), 1), strings.Replace(route.Path, ":id", ids[1].String(), 1)
			}
		}
		get := route.Method == http.MethodGet
		switch {
		case foreign == own:
		case get:
			admin.get(t, foreign, http.StatusNotFound)
			admin.get(t, strings.Replace(route.Path, ":id", "x", 1), http.StatusNotFound)
		default:
			admin.post(t, foreign, form, http.StatusNotFound)
		}
		if edits := route.Access.Permission() == core.PermGuardPostEdit || route.Access.Permission() == core.PermObserverEdit; edits && get {
			viewer.get(t, own, http.StatusForbidden)
		} else if edits {
			viewer.post(t, own, form, http.StatusForbidden)
		} else {
			page := viewer.get(t, own, http.StatusOK)
			if page.Find(`main form[method="post"]:not([action="`+savedViewPath+`"]), main a[href$="/new"], main a[href$="/edit"]`).Length() != 0 {
				t.Errorf("%s offers an act to who may only look", own)
			}
			nobody.get(t, own, http.StatusForbidden)
		}
	}
	theirs := url.Values{"community": {d.others.Community.String()}, "communities": {d.others.Community.String()}, "name": {"改"}, "direction": {"in"}, "phone": {"13800138000"}, "capacity": {"改"}}
	for _, path := range []string{guardPostPath, guardPath, observerPath, observerURL(d.mine.Observer)} {
		admin.post(t, path, theirs, http.StatusNotFound)
	}
	for _, path := range []string{guardPostPath, guardPath} {
		admin.get(t, path+"?community="+d.others.Community.String(), http.StatusNotFound)
		admin.get(t, path+"/new?community="+d.others.Community.String(), http.StatusNotFound)
	}
	if after := []any{d.post(t, d.others.Post), d.guard(t, d.others.Guard), d.observer(t, d.others.Observer)}; !reflect.DeepEqual(after, before) {
		t.Errorf("another community's are now %+v", after)
	}
	if posts, err := d.store.GuardPosts(t.Context(), core.Everywhere, 0); err != nil || len(posts) != 2 {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}

// An account of several communities is asked for which, and sees their names.
func TestGuardPostOfSeveralCommunities(t *testing.T) {
	d := newReaderDesk(t)
	b := d.signIn(t, core.Everywhere, core.Permissions()...)
	if n := b.get(t, guardPostPath+"/new", http.StatusOK).Find(`main a[href*="/new?community="]`).Length(); n != 2 {
		t.Errorf("%d communities to choose from", n)
	}
	if n := b.get(t, guardPostPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d posts", n)
	}
	if n := b.get(t, guardPath+"?community="+d.others.Community.String(), http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d guards of one community", n)
	}
}

func TestGuardPostPages(t *testing.T) {
	shell := templates.Shell{Title: "门岗", CSRF: "x"}
	acts := guardActs(core.Guard{ID: 1, Name: hostileText})
	templates.CheckAll(t, "console/guardpost/", map[string]any{
		"console/guardpost/list": guardPostListPage{Shell: shell, Tabs: guardPostTabs("post"), List: templates.List{Path: guardPostPath}, Rows: []guardPostRow{
			{Name: hostileText, Direction: "进门", State: serviceBadge(true, "使用中"), Act: &acts[1], CSRF: "x", Guards: []guardLink{{"李师傅", "/g"}}}, {Name: "西门岗", State: serviceBadge(false, "")},
		}},
		"console/guardpost/guards": guardListPage{Shell: shell, Tabs: guardPostTabs("guard"), List: templates.List{Path: guardPath}, Rows: []guardRow{{URL: "/g", Name: hostileText, Bound: boundBadge(0), State: serviceBadge(true, "在岗")}}},
		"console/guardpost/guard":  guardShowPage{Shell: shell, Facts: []templates.Fact{{Label: "姓名", Value: hostileText}}, Acts: acts},
		"console/guardpost/form":   guardPostFormPage{Shell: shell, Form: templates.Form{Sections: guardFields(core.Guard{}, core.Community{}, []core.GuardPost{{ID: 1, Name: "东门岗"}})}},
	})
	templates.CheckAll(t, "console/bind/", map[string]any{
		"console/bind/show":      bindPage{Shell: shell, Image: "data:image/svg+xml;base64,", Menu: "门岗", Back: "/g", Text: "http://weixin.qq.com/q/1", State: bindState{URL: "/g/qr", Words: "等待扫码", Tone: templates.Info}},
		"console/bind/show#over": bindPage{Shell: shell, Image: "data:image/svg+xml;base64,", State: bindState{Words: "已失效", Tone: templates.Warn, Again: "/g/qr", CSRF: "x"}},
	})
}
