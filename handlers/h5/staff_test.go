package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// company is a site with a company on WeWork, and an account of its member Li.
type company struct {
	*site
	turn    store.SyncTurn
	li      core.ID
	account core.ID
}

func newCompany(t *testing.T) *company {
	t.Helper()
	w := &company{site: newSite(t, estate.Plan{})}
	app := core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: "ww00000000000000c1", Agent: 2, Scope: core.Everywhere}
	id, err := w.store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{App: app, Keys: core.WechatKeys{
		Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
	}})
	if err == nil {
		_, err = w.store.ClaimStaffSync(t.Context(), "a")
	}
	if err != nil {
		t.Fatal(err)
	}
	app.ID = id
	w.turn, w.wechat.corps = store.SyncTurn{Runner: "a", App: id}, []core.WechatApp{app}
	w.sync(t, core.CorpMember{UserID: "Li", Name: "李娜", Position: "主管"}, core.CorpMember{UserID: "wang", Name: "王五"})
	preset, err := core.RoleClerk.Preset()
	if err != nil {
		t.Fatal(err)
	}
	w.account, err = w.store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "li.na", Name: "李娜", Role: preset.Role, Permissions: preset.Permissions, Scope: core.ScopeOf(w.Community),
	}, "correct-horse-7")
	if err != nil {
		t.Fatal(err)
	}
	w.li = w.member(t, "li").ID
	if err := w.store.LinkStaffAccount(t.Context(), core.SystemGranter, w.li, w.account); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *company) sync(t *testing.T, members ...core.CorpMember) {
	t.Helper()
	if err := w.store.SyncMembers(t.Context(), w.turn, members); err != nil {
		t.Fatal(err)
	}
}

func (w *company) member(t *testing.T, userID string) core.Staff {
	t.Helper()
	m, err := w.store.StaffOfMember(t.Context(), w.turn.App, userID)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// enter opens a path that signs a member in, comes back with a code, and returns where it leads to.
func (p *phone) enter(path, code string) (response *http.Response, back string) {
	p.t.Helper()
	response, page := p.do(http.MethodGet, path, nil)
	away, err := url.Parse(response.Header.Get("Location"))
	if err != nil || away.Host != "open.weixin.qq.com" {
		p.t.Fatalf("%s: %d, sent to %q: %s", path, response.StatusCode, away, page.Find("main").Text())
	}
	back = "/h5/session/callback?" + url.Values{"code": {code}, "state": {away.Query().Get("state")}}.Encode()
	response, _ = p.do(http.MethodGet, back, nil)
	return response, back
}

// A member opens the company's app in WeWork and is signed in; the account that is theirs reviews and sees records.
func TestStaffInWeWork(t *testing.T) {
	w := newCompany(t)
	p := w.phone(t)
	if response, _ := p.do(http.MethodGet, "/h5/staff", nil); response.Header.Get("Location") != "/h5/session/staff?next=%2Fh5%2Fstaff" {
		t.Errorf("a stranger is sent to %q", response.Header.Get("Location"))
	}
	home := core.StaffEntry(w.turn.App)
	response, back := p.enter(home, "LI")
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/h5/staff" {
		t.Fatalf("signed in: %d %q", response.StatusCode, response.Header.Get("Location"))
	}
	p.get(back, http.StatusSeeOther) // opened again with the used code
	w.phone(t).get(back, http.StatusUnprocessableEntity)
	page := p.get("/h5/staff", http.StatusOK).Find("body").Text()
	for _, want := range []string{"李娜", "主管", "待我审核", "出入记录", "用企业微信登记手机号", "大字版"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	who := core.Actor{Kind: core.ActorAccount, ID: w.account, Name: "李娜"}
	_, err := w.store.StartJob(t.Context(), who, core.JobVerifyAudit)
	if err == nil {
		var job core.Job
		if job, err = w.store.ClaimJob(t.Context(), "runner"); err == nil {
			job.State = core.JobDone
			err = w.store.EndJob(t.Context(), "runner", job)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	told := p.get("/h5/staff", http.StatusOK).Find(`section[aria-labelledby="told-title"] li`)
	if link, _ := told.Find("a").Attr("href"); told.Length() != 1 || !strings.HasPrefix(link, "/console/job") {
		t.Errorf("what the account was told: %q leads to %q", told.Text(), link)
	}
	p.get("/h5/staff/record", http.StatusOK)
	p.get("/h5/review", http.StatusOK)
	if response, _ := p.do(http.MethodGet, home+"?next=/h5/review", nil); response.Header.Get("Location") != "/h5/review" {
		t.Errorf("who is signed in is sent to %q", response.Header.Get("Location"))
	}
	if response, _ := p.do(http.MethodGet, home+"?next=//evil.example/", nil); response.Header.Get("Location") != "/h5/staff" {
		t.Errorf("another site's address leads to %q", response.Header.Get("Location"))
	}
	p.get("/h5/guard", http.StatusForbidden)   // WeWork has told no number
	p.get("/h5/observer", http.StatusSeeOther) // it is a sign-in for nothing else
	out := p.get("/h5/review", http.StatusOK)
	p.post(out, "/h5/review/session/end", url.Values{}, http.StatusSeeOther)
	p.get("/h5/staff", http.StatusSeeOther)

	plain := w.phone(t) // without an account
	plain.enter(home, "wang")
	text := plain.get("/h5/staff", http.StatusOK).Find("main").Text()
	if strings.Contains(text, "待我审核") || strings.Contains(text, "出入记录") {
		t.Errorf("without an account: %q", text)
	}
	plain.get("/h5/staff/record", http.StatusForbidden)
	plain.get("/h5/review", http.StatusForbidden)
}

// That WeWork opens its home page here proves that it is set there; another browser proves nothing.
func TestHomePageInWeWorkIsProven(t *testing.T) {
	w := newCompany(t)
	proven := func() bool {
		t.Helper()
		steps, err := w.store.WechatAppSteps(t.Context(), w.turn.App)
		if err != nil {
			t.Fatal(err)
		}
		return steps[core.WechatStepHome].Done()
	}
	p := w.phone(t)
	p.do(http.MethodGet, core.StaffEntry(w.turn.App), nil)
	if proven() {
		t.Error("proven by a browser")
	}
	p.agent = "Mozilla/5.0 wxwork/4.1 MicroMessenger/7.0"
	p.do(http.MethodGet, core.StaffEntry(w.turn.App)+"?next=/h5/review", nil) // a message's link
	if proven() {
		t.Error("proven by a message")
	}
	if p.do(http.MethodGet, core.StaffEntry(w.turn.App), nil); proven() {
		t.Error("proven by somebody who did not sign in")
	}
	if p.enter(core.StaffEntry(w.turn.App), "li"); !proven() {
		t.Error("not proven by WeWork")
	}
}

// Only who is on the list is signed in, by a round that their browser began, and at a company in use.
func TestStaffSignInIsRefused(t *testing.T) {
	w := newCompany(t)
	p := w.phone(t)
	home := core.StaffEntry(w.turn.App)
	if response, _ := p.enter(home, "nobody"); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("who is not on the list: %d", response.StatusCode)
	}
	p.get("/h5/staff", http.StatusSeeOther)
	_, back := w.phone(t).enter(home, "li")
	p.get(back, http.StatusUnprocessableEntity) // another browser began it
	p.get("/h5/staff/enter/x", http.StatusNotFound)

	in := w.phone(t)
	in.enter(home, "li/2")
	in.get("/h5/staff", http.StatusOK)
	if err := w.store.DisableWechatApp(t.Context(), core.System, core.Everywhere, w.turn.App); err != nil {
		t.Fatal(err)
	}
	in.get("/h5/staff", http.StatusSeeOther)

	w.wechat.corps = append(w.wechat.corps, core.WechatApp{ID: 9})
	p.get("/h5/session/staff", http.StatusUnprocessableEntity) // of which of the two?
	w.wechat.corps = nil
	p.get("/h5/session/staff", http.StatusConflict)
}

// A message for a reviewer that is opened in WeWork signs them in by WeWork.
func TestReviewersComeFromWeWork(t *testing.T) {
	w := newCompany(t)
	p := w.phone(t)
	p.agent = "Mozilla/5.0 wxwork/4.1 MicroMessenger/7.0"
	response, _ := p.do(http.MethodGet, "/h5/review", nil)
	response, _ = p.enter(response.Header.Get("Location"), "li")
	if response.Header.Get("Location") != "/h5/review" {
		t.Errorf("led to %q", response.Header.Get("Location"))
	}
	if text := p.get("/h5/review", http.StatusOK).Find("body").Text(); !strings.Contains(text, "没有等待您审核的申请") {
		t.Errorf("the page says %q", text)
	}
}

// guards makes a staff member a guard at the estate's post, by the number that WeWork tells.
func (w *company) guards(t *testing.T, staff core.ID, phone string) (guard core.ID) {
	t.Helper()
	guard, err := w.store.CreateGuard(t.Context(), core.System, core.Everywhere, core.Guard{
		Community: w.Community, Name: "李娜", Phone: phone, Posts: []core.ID{w.Post},
	})
	if err == nil {
		err = w.store.BindStaffPhone(t.Context(), core.System, staff, phone)
	}
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// A guard who is staff opens the post in WeWork, on any server: by the number that WeWork told, not by one that somebody typed.
// The page is signed for WeWork of the company. The guard acts, not the account.
func TestGuardsComeFromWeWork(t *testing.T) {
	w := newCompany(t)
	p := w.phone(t)
	p.agent = "Mozilla/5.0 wxwork/4.1 MicroMessenger/7.0"
	post := "/h5/guard/" + w.Post.String()
	response, _ := p.do(http.MethodGet, post, nil)
	if response, _ = p.enter(response.Header.Get("Location"), "li"); response.Header.Get("Location") != post {
		t.Fatalf("led to %q", response.Header.Get("Location"))
	}
	p.get(post, http.StatusForbidden)
	m := w.member(t, "li")
	m.Sex, m.Phone, m.Communities = "female", "13711112222", []core.ID{w.Community}
	if _, err := w.store.UpdateStaff(t.Context(), core.System, core.Everywhere, m, nil); err != nil {
		t.Fatal(err)
	}
	guard := w.guards(t, w.li, "13733334444")
	other := &phone{t: t, client: p.client, address: w.address[1]}
	for _, q := range []*phone{p, other} {
		page := q.get(post, http.StatusOK)
		if script := page.Find("form[data-scan]").AttrOr("data-scan-script", ""); script != "/work.js" {
			t.Errorf("scans by %q", script)
		}
		signed := "https://pass.example.com" + post
		text := q.get(post+"/scanner?"+url.Values{"page": {signed}}.Encode(), http.StatusOK).Text()
		if !strings.Contains(text, `"beta":true`) || !strings.Contains(text, `"appId":"ww`+w.turn.App.String()+`"`) {
			t.Errorf("signed %s", text)
		}
		if link := q.get("/h5/staff", http.StatusOK).Find("section[aria-labelledby=posts-title] a").AttrOr("href", ""); link != post {
			t.Errorf("the staff's page leads to %q", link)
		}
	}
	page := p.get(post, http.StatusOK)
	p.post(page, post+"/look", url.Values{"text": {"nothing"}}, http.StatusOK)
	p.get("/h5/guard/1", http.StatusNotFound)

	// Typed by somebody, it proves nothing any more.
	m = w.member(t, "li")
	m.Phone = "13755556666"
	if _, err := w.store.UpdateStaff(t.Context(), core.System, core.Everywhere, m, nil); err != nil {
		t.Fatal(err)
	}
	p.get(post, http.StatusForbidden)
	if err := w.store.BindStaffPhone(t.Context(), core.System, w.li, "13733334444"); err != nil {
		t.Fatal(err)
	}
	p.get(post, http.StatusOK)
	if err := w.store.DisableGuard(t.Context(), core.System, core.Everywhere, guard); err != nil {
		t.Fatal(err)
	}
	other.get(post, http.StatusForbidden)
}

// A member who leaves is out at once, on every server, whatever is open; so is what their account may do.
func TestLeaversAreOutAtOnce(t *testing.T) {
	for name, leave := range map[string]func(w *company) error{
		"by hand": func(w *company) error { return w.store.RemoveStaff(t.Context(), core.System, core.Everywhere, w.li) },
		"in WeWork": func(w *company) error {
			return w.store.NoteStaffHint(t.Context(), w.turn.App, core.CorpHint{UserID: "li", Gone: true})
		},
	} {
		w := newCompany(t)
		p := w.phone(t)
		p.enter(core.StaffEntry(w.turn.App), "li")
		other := &phone{t: t, client: p.client, address: w.address[1]}
		p.get("/h5/review", http.StatusOK)
		w.guards(t, w.li, "13711112222")
		p.get("/h5/guard/"+w.Post.String(), http.StatusOK)
		form := p.get("/h5/staff", http.StatusOK)
		other.get("/h5/staff", http.StatusOK)
		if err := leave(w); err != nil {
			t.Fatal(name, err)
		}
		p.get("/h5/staff", http.StatusSeeOther)
		other.get("/h5/staff", http.StatusSeeOther)
		p.get("/h5/review", http.StatusSeeOther)
		p.get("/h5/guard/"+w.Post.String(), http.StatusSeeOther)
		other.get("/h5/guard", http.StatusSeeOther)
		p.post(form, "/h5/staff/phone", url.Values{}, http.StatusUnauthorized)
		if response, _ := p.enter(core.StaffEntry(w.turn.App), "li/2"); response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: signs in again: %d", name, response.StatusCode)
		}
	}
}

// The mobile number comes with the member's consent, and shows the posts at which they are a guard.
func TestStaffTellTheirPhone(t *testing.T) {
	w := newCompany(t)
	p := w.phone(t)
	p.enter(core.StaffEntry(w.turn.App), "wang")
	const guardPhone = "13900000001" // of the estate's guard
	ask := func(code, phone, says string) {
		t.Helper()
		w.wechat.phones["wang"] = phone
		page := p.get("/h5/staff", http.StatusOK)
		form := url.Values{"csrf": {page.Find(`meta[name="csrf-token"]`).AttrOr("content", "")}}
		response, _ := p.do(http.MethodPost, "/h5/staff/phone", form)
		away, err := url.Parse(response.Header.Get("Location"))
		if err != nil || away.Query().Get("phone") != "true" {
			t.Fatalf("asked at %q", away)
		}
		back := "/h5/session/callback?" + url.Values{"code": {code}, "state": {away.Query().Get("state")}}.Encode()
		p.get(back, http.StatusSeeOther)
		if text := p.get("/h5/staff", http.StatusOK).Find("main").Text(); !strings.Contains(text, says) {
			t.Errorf("after %q: %q lacks %q", code, text, says)
		}
	}
	ask("", "", "没有取得手机号") // not agreed
	ask("wang/2", "", "没有提供手机号")
	if err := w.store.BindStaffPhone(t.Context(), core.System, w.li, "13911112222"); err != nil {
		t.Fatal(err)
	}
	ask("wang/3", "13911112222", "可能已是另一位员工的")
	ask("wang/4", guardPhone, "手机号已保存")
	text := p.get("/h5/staff", http.StatusOK).Find("main").Text()
	if !strings.Contains(text, core.MaskPhone(guardPhone)) || strings.Contains(text, guardPhone) ||
		strings.Contains(text, "没有安排") {
		t.Errorf("with a number: %q", text)
	}
}
