package registry

import (
	"fmt"
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

// applied makes an application of a WeChat user with a number of their own, with one picture.
func applied(t *testing.T, d *desk.Desk, n int) core.Review {
	t.Helper()
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: fmt.Sprint("applicant", n)})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, fmt.Sprintf("1770000%04d", n), "")
	}
	if err != nil {
		t.Fatal(err)
	}
	photo, err := d.Store.CreatePhoto(t.Context(), user.ID, core.NewPhoto{
		Class: core.PhotoPersonal, Whole: []byte("whole picture"), Thumb: []byte("thumb"), Width: 8, Height: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	own, err := d.Store.CreateCertification(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID}, user.ID,
		core.CertificationRequest{
			House: d.Mine.Houses[0], Name: "王小" + string(rune('明'+n)), Identity: core.Owner, Photos: []core.ID{photo.ID},
		}, store.RequestKey{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return own.Review
}

var reviewing = []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview}

func TestCertificationIsDecidedWithOneTap(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...)
	first, second := applied(t, d, 1), applied(t, d, 2)
	list := b.Get(t, frame.CertificationPath+"?state=waiting", http.StatusOK)
	if desk.Rows(list) != 2 {
		t.Fatalf("%d rows", desk.Rows(list))
	}
	at := frame.CertificationURL(first.ID)
	page := b.Get(t, at, http.StatusOK)
	if got := desk.Fact(page, "手机"); !strings.Contains(got, "177****0001") {
		t.Errorf("the number is shown as %q", got)
	}
	community, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	const preset = "请到前台<登记>"
	community.Refusals.Office = []string{preset} // the office's own
	if _, err := d.Store.UpdateCommunity(t.Context(), core.System, core.Everywhere, community); err != nil {
		t.Fatal(err)
	}
	page = b.Get(t, at, http.StatusOK)
	if page.Find(`button[name="preset"][value="`+preset+`"]`).Length() != 1 {
		t.Error("no button for the preset reason")
	}
	form := url.Values{"version": {desk.InputValue(page, "version")}}
	_, next := b.Post(t, at+"/approve", form, http.StatusSeeOther)
	if next != frame.CertificationURL(second.ID) {
		t.Errorf("goes on to %s, want the next that waits", next)
	}
	late, _ := b.Post(t, at+"/reject", url.Values{"version": {"1"}, "preset": {preset}}, http.StatusConflict)
	if text := late.Find(".tx-review").Text(); !strings.Contains(text, "已于") || late.Find(`.tx-review button`).Length() != 0 {
		t.Errorf("the second reviewer is told %q", text)
	}
	other := frame.CertificationURL(second.ID)
	wrong, _ := b.Post(t, other+"/reject", url.Values{"version": {"1"}}, http.StatusUnprocessableEntity)
	desk.WrongField(t, wrong, "reason")
	_, done := b.Post(t, other+"/reject", url.Values{"version": {"1"}, "preset": {preset}}, http.StatusSeeOther)
	if done != frame.ReviewPath {
		t.Errorf("after the last one: %s", done)
	}
	if text := b.Get(t, other, http.StatusOK).Find("main").Text(); !strings.Contains(text, preset) {
		t.Error("the reason is not on the page")
	}
}

// The page with the button says whom it certifies, and warns where the register has another name under the number.
func TestACertificationSaysWhomItIsOf(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...)
	first := frame.CertificationURL(applied(t, d, 1).ID)
	if text := b.Get(t, first, http.StatusOK).Find(".tx-review form").Text(); !strings.Contains(text, "通过后新登记“王小") {
		t.Errorf("of somebody new is said %q", text)
	}
	if _, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[0], Name: "王大<栋>", Identity: core.Owner, Phone: "17700000001",
	}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, first, http.StatusOK)
	if text := page.Find(".tx-review form .tx-warn").Text(); !strings.Contains(text, "认证的是登记的“王大<栋>”") {
		t.Errorf("of another name is said %q", text)
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermCertificationView, core.PermCertificationReview)
	if text := clerk.Get(t, first, http.StatusOK).Find("main").Text(); strings.Contains(text, "王大") || !strings.Contains(text, "“王***”") {
		t.Errorf("who may not see residents sees %q", text)
	}
	applied(t, d, 2) // the page that follows
	_, next := b.Post(t, first+"/approve", url.Values{"version": {desk.InputValue(page, "version")}}, http.StatusSeeOther)
	if text := b.Get(t, next, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "认证的是登记的王大<栋>") {
		t.Errorf("after it is said %q", text)
	}
}

// A number that is certified for another name is told before the decision, with a link if the reviewer may look at residents; if that
// came later, the refusal is not an error of the reason.
func TestACertificationOfATakenNumberIsNotOffered(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...)
	at := frame.CertificationURL(applied(t, d, 1).ID)
	holder, err := d.Store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: d.Mine.Community, House: d.Mine.Houses[1], Name: "赵<强>", Identity: core.Owner, Phone: "17700000001",
		Certified: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, at, http.StatusOK)
	flash := page.Find(".tx-review form .tx-bad")
	if link, _ := flash.Find("a").Attr("href"); link != frame.ResidentURL(holder) || !strings.Contains(flash.Text(), "赵<强>") {
		t.Errorf("is told %q, and led to %q", flash.Text(), link)
	}
	if page.Find(`[data-decide="approve"]`).Length() != 0 {
		t.Error("an approval is offered that would be refused")
	}
	refused, _ := b.Post(t, at+"/approve", url.Values{"version": {"1"}}, http.StatusConflict)
	if refused.Find(".tx-review form .tx-bad").Length() != 1 || refused.Find(`[aria-invalid="true"]`).Length() != 0 {
		t.Error("the refusal is not where it belongs")
	}
	clerk := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermCertificationView, core.PermCertificationReview)
	flash = clerk.Get(t, at, http.StatusOK).Find(".tx-review form .tx-bad")
	if flash.Find("a").Length() != 0 || strings.Contains(flash.Text(), "强") {
		t.Errorf("who may not see residents is told %q", flash.Text())
	}
}

// The office sees that an owner decided, and takes it back: the application waits for it.
func TestAnOwnersDecisionIsTakenBack(t *testing.T) {
	d := newDesk(t)
	d.Mine.LetOwnersReview()
	signedIn := func(openID, phone, name string) core.WechatUser {
		t.Helper()
		user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: openID})
		if err == nil {
			_, err = d.Store.BindPhone(t.Context(), user.ID, phone, name)
		}
		if err != nil {
			t.Fatal(err)
		}
		return user
	}
	owner, tenant := signedIn("owner", d.Mine.Residents[0].Phone, d.Mine.Residents[0].Name), signedIn("tenant", "17700001234", "")
	own, err := d.Store.CreateCertification(t.Context(), core.Actor{Kind: core.ActorWechat, ID: tenant.ID}, tenant.ID,
		core.CertificationRequest{House: d.Mine.Houses[0], Name: "周<租客>", Identity: core.Tenant}, store.RequestKey{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	b, at := d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...), frame.CertificationURL(own.Review.ID)
	if text := b.Get(t, at, http.StatusOK).Find("main").Text(); !strings.Contains(text, "等业主审核") || !strings.Contains(text, "已请本房屋的业主审核") {
		t.Errorf("while it waits for the owner: %q", text)
	}
	if _, err := d.Store.DecideAsOwner(t.Context(), core.Actor{Kind: core.ActorWechat}, owner.ID, core.ReviewDecision{
		ID: own.Review.ID, Approve: true, Version: 1,
	}); err != nil {
		t.Fatal(err)
	}
	page := b.Get(t, at, http.StatusOK)
	if text := page.Find("main").Text(); !strings.Contains(text, "业主 "+d.Mine.Residents[0].Name+" 已于") {
		t.Errorf("who decided: %q", text)
	}
	form := url.Values{"version": {desk.InputValue(page, "version")}}
	asked, _ := b.Post(t, at+"/takeback", form, http.StatusOK)
	if text := asked.Find("main").Text(); !strings.Contains(text, "通行证立即失效") {
		t.Errorf("the question: %q", text)
	}
	form.Set("confirmed", "1")
	b.Post(t, at+"/takeback", form, http.StatusSeeOther)
	page = b.Get(t, at, http.StatusOK)
	if page.Find(`button[data-decide="approve"]`).Length() != 1 || page.Find(`form[action$="/takeback"]`).Length() != 0 {
		t.Error("it does not wait for the office")
	}
	b.Post(t, at+"/takeback", form, http.StatusSeeOther)
	if text := b.Get(t, at, http.StatusOK).Find("body").Text(); !strings.Contains(text, "只有业主审核的结果可以收回") {
		t.Error("taking it back twice is not refused")
	}
}

func TestPicturesNeedASignedLinkOfTheSession(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...)
	r := applied(t, d, 1)
	page := b.Get(t, frame.CertificationURL(r.ID), http.StatusOK)
	link, _ := page.Find(".tx-evidence a").Attr("href")
	thumb, _ := page.Find(".tx-evidence img").Attr("src")
	if link == "" || thumb == "" {
		t.Fatal("the page has no picture")
	}
	b.Open(t, thumb)
	if n := len(d.Exported(t, "photo.view")); n != 0 {
		t.Errorf("%d viewings are recorded for a thumbnail", n)
	}
	b.Open(t, link)
	lines := d.Exported(t, "photo.view")
	if len(lines) != 1 || lines[0].Target != "certification:"+r.ID.String() {
		t.Errorf("viewings: %+v", lines)
	}
	d.SignIn(t, core.ScopeOf(d.Mine.Community), reviewing...).Get(t, link, http.StatusNotFound) // another's session
	b.Get(t, strings.Replace(link, "part=whole", "part=thumb", 1), http.StatusNotFound)
	b.Get(t, strings.Replace(link, "until=", "until=9", 1), http.StatusNotFound)
	d.SignIn(t, core.ScopeOf(d.Others.Community), reviewing...).Get(t, frame.CertificationURL(r.ID), http.StatusNotFound)
}

func TestWhoMayOnlyLookHasNoButtons(t *testing.T) {
	d := newDesk(t)
	r := applied(t, d, 1)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermResidentView, core.PermCertificationView)
	if page := b.Get(t, frame.CertificationURL(r.ID), http.StatusOK); page.Find(".tx-review button").Length() != 0 {
		t.Error("buttons for who may not decide")
	}
	b.Post(t, frame.CertificationURL(r.ID)+"/approve", url.Values{"version": {"1"}}, http.StatusForbidden)
}

func TestCertificationPages(t *testing.T) {
	shell := desk.SampleShell("认证审核")
	badge := templates.Badge{Tone: templates.Info, Text: "待审核"}
	templates.CheckAll(t, "console/certification/", map[string]any{
		"console/certification/list": certificationListPage{
			Shell: shell, List: certificationTable(func(core.Permission) bool { return true }),
			Rows: []certificationRow{{
				URL: "/x", Name: desk.Hostile, House: desk.Hostile, HouseURL: "/h", State: badge, Created: time.Now(), Decider: "–",
			}},
		},
		"console/certification/list#none": certificationListPage{
			Shell: shell, List: certificationTable(func(core.Permission) bool { return false }),
		},
		"console/certification/show": certificationShowPage{
			Shell: shell, HouseURL: "/console/house/1",
			Review: templates.Review{
				Title: "住户认证", State: badge, Approve: "/a", Reject: "/b", Reason: templates.ReviewReason("会告诉申请人"), Version: "1",
				Note: templates.ReviewNote(), Internal: templates.ReviewInternal(),
				Presets:  []string{"照片看不清"},
				Evidence: []templates.ReviewEvidence{{Label: "照片 1", URL: "/p", Thumb: "/t"}},
			},
			People: []templates.ReviewPerson{{URL: "/y", Name: desk.Hostile, Identity: "业主", Phone: "无手机", State: badge}},
		},
		"console/certification/show#refused": certificationShowPage{
			Shell: shell,
			Review: templates.Review{
				Title: "住户认证", State: badge, Approve: "/a", Reject: "/b", Reason: templates.ReviewReason("会告诉申请人"), Version: "1",
				Refused: "该手机号已认证给“" + desk.Hostile + "”", RefusedURL: "/z", Failed: desk.Hostile,
			},
		},
		"console/certification/show#decided": certificationShowPage{
			Shell: shell, Next: "由业主审核。", TakeBack: templates.Submit{Label: "收回业主的审核", URL: "/a/takeback"},
			Review: templates.Review{Title: "住户认证", State: badge, Decided: "张三 已审核。", Late: true},
		},
	})
}
