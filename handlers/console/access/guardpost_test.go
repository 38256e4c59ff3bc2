package access

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestGuardPostIsAddedAndChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	page := b.Get(t, frame.GuardPostPath, http.StatusOK)
	if rows := page.Find("tbody tr"); rows.Length() != 1 || !strings.Contains(rows.Text(), "李师傅") {
		t.Errorf("posts %q", rows.Text())
	}
	b.Get(t, frame.GuardPostPath+"/new", http.StatusOK)
	form := url.Values{"community": {d.Mine.Community.String()}, "name": {desk.Hostile}, "direction": {"in"}}
	for field, value := range map[string]string{"name": " ", "direction": "up"} {
		wrong := url.Values{"community": form["community"], "name": {"西门岗"}, "direction": {"in"}}
		wrong.Set(field, value)
		page, _ := b.Post(t, frame.GuardPostPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	_, to := b.Post(t, frame.GuardPostPath, form, http.StatusSeeOther)
	desk.Literally(t, b.Get(t, to, http.StatusOK), desk.Hostile)
	page = b.Get(t, frame.GuardPostPath, http.StatusOK)
	desk.Literally(t, page, desk.Hostile)
	if n := page.Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d posts", n)
	}

	path := frame.GuardPostURL(d.Mine.Post)
	b.Post(t, path, url.Values{"community": {d.Others.Community.String()}, "name": {"东门岗亭"}, "direction": {"in"}}, http.StatusSeeOther)
	if post := d.GuardPost(t, d.Mine.Post); post.Name != "东门岗亭" || post.Direction != core.In || post.Community != d.Mine.Community {
		t.Errorf("changed to %+v", post)
	}
	b.Post(t, path+"/disable", nil, http.StatusOK)
	if !d.GuardPost(t, d.Mine.Post).Disabled.IsZero() {
		t.Error("disabled unasked")
	}
	b.Post(t, path+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	if d.GuardPost(t, d.Mine.Post).Disabled.IsZero() {
		t.Error("not disabled")
	}
	b.Post(t, path, url.Values{"name": {"东门岗"}, "direction": {"out"}}, http.StatusSeeOther)
	if d.GuardPost(t, d.Mine.Post).Disabled.IsZero() {
		t.Error("a change of name put the post back in service")
	}
	b.Post(t, path+"/enable", nil, http.StatusSeeOther)
	if !d.GuardPost(t, d.Mine.Post).Disabled.IsZero() {
		t.Error("not enabled")
	}
}

func TestGuardIsAddedAndChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	form := func() url.Values {
		return url.Values{
			"community": {d.Mine.Community.String()}, "name": {desk.Hostile[:30]}, "phone": {"138 0013-8000"},
			"posts": {d.Mine.Post.String()},
		}
	}
	for field, value := range map[string]string{"name": "", "phone": "1380013800", "posts": d.Others.Post.String()} {
		wrong := form()
		wrong.Set(field, value)
		page, _ := b.Post(t, frame.GuardPath, wrong, http.StatusUnprocessableEntity)
		if page.Find(".tx-wrong").Length() != 1 {
			t.Errorf("no message at %s", field)
		}
	}
	missing := form()
	missing.Del("phone")
	page, _ := b.Post(t, frame.GuardPath, missing, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "phone")

	_, to := b.Post(t, frame.GuardPath, form(), http.StatusSeeOther)
	show := b.Get(t, to, http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	for fact, want := range map[string]string{"手机": "138****8000", "门岗": "东门岗", "微信": "未绑定", "状态": "在岗"} {
		if got := desk.Fact(show, fact); got != want {
			t.Errorf("%s: %q, want %q", fact, got, want)
		}
	}
	if n := b.Get(t, frame.GuardPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d guards", n)
	}
	edit := b.Get(t, to+"/edit", http.StatusOK)
	if desk.InputValue(edit, "phone") != "" || strings.Contains(edit.Text(), "13800138000") {
		t.Error("the form shows the phone number")
	}
	b.Post(t, to, url.Values{"name": {"王师傅"}}, http.StatusSeeOther)
	show = b.Get(t, to, http.StatusOK)
	if desk.Fact(show, "手机") != "138****8000" || desk.Fact(show, "门岗") != "–" {
		t.Errorf("after the change: %q, %q", desk.Fact(show, "手机"), desk.Fact(show, "门岗"))
	}
	b.Post(t, to+"/disable", nil, http.StatusOK)
	b.Post(t, to+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	show = b.Get(t, to, http.StatusOK)
	if desk.Fact(show, "状态") != "已停用" || show.Find(`button[formaction$="/qr"]`).Length() != 0 {
		t.Errorf("disabled: %q", desk.Fact(show, "状态"))
	}
	b.Post(t, to+"/qr", nil, http.StatusConflict)
	b.Post(t, to+"/enable", nil, http.StatusSeeOther)
}

// Guards and observers are bound by a QR code, which the page notices.
func TestQRBindsAndThePageSees(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	for _, path := range []string{frame.GuardURL(d.Mine.Guard), frame.ObserverURL(d.Mine.Observer)} {
		d.Frame.Wechat = nil
		b.Post(t, path+"/qr", nil, http.StatusConflict)
		wx := &desk.Wechat{}
		d.Frame.Wechat = wx
		page, _ := b.Post(t, path+"/qr", nil, http.StatusOK)
		if src, _ := page.Find("main img").Attr("src"); !strings.HasPrefix(src, "data:image/svg+xml;base64,") {
			t.Errorf("the picture is %q", src)
		}
		if !strings.Contains(page.Find("#bind-state").Text(), "剩余") ||
			!strings.HasPrefix(page.Find("#bind-state").AttrOr("hx-get", ""), path+"/qr?ticket=") {
			t.Errorf("the page does not watch: %q", page.Find("#bind-state").Text())
		}
		if html, _ := page.Html(); strings.Contains(html, wx.Scenes[0]) {
			t.Error("the page tells the scene")
		}
		first := page.Find("#bind-state").AttrOr("hx-get", "")
		if status, to := b.Watch(t, first); status != http.StatusOK || to != "" {
			t.Errorf("waiting: %d %s", status, to)
		}
		page, _ = b.Post(t, path+"/qr", nil, http.StatusOK)
		if words := b.Get(t, first, http.StatusSeeOther); words == nil { // opened by hand, it redirects back
			t.Error("no page")
		}
		user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: path})
		if err != nil {
			t.Fatal(err)
		}
		code, second := page.Find(".tx-login-code").Text(), page.Find("#bind-state").AttrOr("hx-get", "")
		say := func(scene string) error {
			return d.Store.ApproveBindTicket(t.Context(), core.System, store.BindScan{Scene: scene, User: user.ID}, code)
		}
		if err := say(wx.Scenes[0]); !core.IsNotFound(err) {
			t.Errorf("the QR that was replaced: %v", err)
		}
		if err := say(wx.Scenes[1]); err != nil {
			t.Fatal(err)
		}
		if status, to := b.Watch(t, first); status != http.StatusOK || to != "" {
			t.Errorf("the tab with the QR that was replaced: %d %s", status, to)
		}
		if status, to := b.Watch(t, second); status != http.StatusNoContent || to != path {
			t.Errorf("bound: %d %s", status, to)
		}
		if got := desk.Fact(b.Get(t, path, http.StatusOK), "微信"); !strings.HasPrefix(got, "未验证手机号，") || !strings.HasSuffix(got, "绑定") {
			t.Errorf("%s: %q", path, got)
		}
		// A bound WeChat is not replaced without asking.
		asks, _ := b.Post(t, path+"/qr", nil, http.StatusOK)
		if asks.Find("form.tx-confirm").Length() != 1 || len(wx.Scenes) != 2 {
			t.Error("a bound WeChat is displaced without a question")
		}
		again := url.Values{"confirmed": {"1"}, "replaces": {user.ID.String()}}
		wx.Err = errors.New("errcode 40001, secret of ours")
		if page, _ := b.Post(t, path+"/qr", again, http.StatusInternalServerError); strings.Contains(page.Text(), "40001") {
			t.Error("the page tells what WeChat said")
		}
	}
}

// Ids of another community are NotFound and nothing changes; a read-only account is neither shown
// nor allowed any act.
func TestPassagePagesStayInScope(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	admin := d.Registrar(t)
	viewer := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermGuardPostView, core.PermObserverView, core.PermReaderView)
	nobody := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	form := url.Values{
		"confirmed": {"1"}, "community": {d.Mine.Community.String()}, "name": {"改"}, "direction": {"in"},
		"phone": {"13800138000"}, "capacity": {"改"}, "communities": {d.Mine.Community.String()},
	}
	before := []any{d.GuardPost(t, d.Others.Post), d.Guard(t, d.Others.Guard), d.Observer(t, d.Others.Observer)}
	for _, route := range append((&Pages{Frame: d.Frame}).guardPostRoutes(), (&Pages{Frame: d.Frame}).observerRoutes()...) {
		foreign, own := route.Path, route.Path
		for prefix, ids := range map[string][2]core.ID{
			frame.GuardPath + "/:id":     {d.Others.Guard, d.Mine.Guard},
			frame.GuardPostPath + "/:id": {d.Others.Post, d.Mine.Post}, frame.ObserverPath + "/:id": {d.Others.Observer, d.Mine.Observer},
		} {
			if strings.HasPrefix(route.Path, prefix) {
				foreign, own = strings.Replace(route.Path, ":id", ids[0].String(), 1),
					strings.Replace(route.Path, ":id", ids[1].String(), 1)
			}
		}
		get := route.Method == http.MethodGet
		switch {
		case foreign == own:
		case get:
			admin.Get(t, foreign, http.StatusNotFound)
			admin.Get(t, strings.Replace(route.Path, ":id", "x", 1), http.StatusNotFound)
		default:
			admin.Post(t, foreign, form, http.StatusNotFound)
		}
		if edits := route.Access.Permission() == core.PermGuardPostEdit || route.Access.Permission() == core.PermObserverEdit; edits &&
			get {
			viewer.Get(t, own, http.StatusForbidden)
		} else if edits {
			viewer.Post(t, own, form, http.StatusForbidden)
		} else {
			page := viewer.Get(t, own, http.StatusOK)
			if page.Find(
				`main form[method="post"]:not([action="`+frame.SavedViewPath+`"], .tx-filters, .tx-star), `+
					`main a[href$="/new"], main a[href$="/edit"]`,
			).Length() != 0 {
				t.Errorf("%s offers an act to who may only look", own)
			}
			nobody.Get(t, own, http.StatusForbidden)
		}
	}
	theirs := url.Values{
		"community": {d.Others.Community.String()}, "communities": {d.Others.Community.String()}, "name": {"改"},
		"direction": {"in"}, "phone": {"13800138000"}, "capacity": {"改"},
	}
	for _, path := range []string{frame.GuardPostPath, frame.GuardPath, frame.ObserverPath, frame.ObserverURL(d.Mine.Observer)} {
		admin.Post(t, path, theirs, http.StatusNotFound)
	}
	for _, path := range []string{frame.GuardPostPath, frame.GuardPath} {
		admin.Get(t, path+"?community="+d.Others.Community.String(), http.StatusNotFound)
		admin.Get(t, path+"/new?community="+d.Others.Community.String(), http.StatusNotFound)
	}
	if after := []any{
		d.GuardPost(t, d.Others.Post), d.Guard(t, d.Others.Guard), d.Observer(t, d.Others.Observer),
	}; !reflect.DeepEqual(after, before) {
		t.Errorf("another community's are now %+v", after)
	}
	if posts, _, err := d.Store.GuardPosts(t.Context(), core.Everywhere, store.GuardPostFilter{}); err != nil || len(posts) != 2 {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}

// An account of several communities sees those of all, or of one.
func TestGuardPostOfSeveralCommunities(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	if n := b.Get(t, frame.GuardPostPath, http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d posts", n)
	}
	if n := b.Get(t, frame.GuardPath+"?community="+d.Others.Community.String(), http.StatusOK).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d guards of one community", n)
	}
}

func TestGuardPostPages(t *testing.T) {
	shell := templates.Shell{Title: "门岗", CSRF: "x"}
	acts := guardActs(core.Guard{ID: 1, Name: desk.Hostile})
	templates.CheckAll(t, "console/guardpost/", map[string]any{
		"console/guardpost/list": guardPostListPage{
			Shell: shell, Tabs: guardPostTabs(strings.Clone, "post"), List: templates.List{Path: frame.GuardPostPath},
			Rows: []guardPostRow{
				{
					Name: desk.Hostile, Direction: "进门", State: frame.ServiceBadge(true, "使用中"),
					Menu:   templates.RowMenu{Label: "x", Acts: acts},
					Guards: []guardLink{{"李师傅", "/g"}},
				}, {Name: "西门岗", State: frame.ServiceBadge(false, "")},
			},
		},
		"console/guardpost/guards": guardListPage{
			Shell: shell, Tabs: guardPostTabs(strings.Clone, "guard"), List: templates.List{Path: frame.GuardPath},
			Rows: []guardRow{{URL: "/g", Name: desk.Hostile, Bound: frame.BoundBadge(0), State: frame.ServiceBadge(true, "在岗")}},
		},
		"console/guardpost/guard": guardShowPage{Shell: shell, Facts: []templates.Fact{{Label: "姓名", Value: desk.Hostile}}, Acts: acts},
		"console/guardpost/show": guardPostShowPage{
			Shell: shell, Detail: guardPostDetail(core.GuardPost{ID: 3, Urgent: true}, core.Community{Name: desk.Hostile}),
			Guards: []guardLink{{desk.Hostile, "/g"}}, Passages: &frame.PassagePart{Door: true},
		},
		"console/guardpost/show#empty": guardPostShowPage{Shell: shell, Detail: templates.Detail{Shown: frame.PassagesTab},
			Passages: &frame.PassagePart{Rows: []frame.PassageRow{{Name: desk.Hostile}}}},
		"console/guardpost/form": guardPostFormPage{
			Shell: shell,
			Form:  templates.Form{Sections: guardFields(core.Guard{}, frame.CommunityChoice{}, []core.GuardPost{{ID: 1, Name: "东门岗"}})},
		},
	})
}
