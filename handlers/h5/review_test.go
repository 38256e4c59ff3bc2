package h5

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// inspection is a community with an applicant and two reviewers, each with a phone.
type inspection struct {
	*site
	t          *testing.T
	user       core.WechatUser // the applicant
	zhang, li  *phone
	zhangID    core.ID
	applicant  *phone
	sent       int
	permission []core.Permission
	beside     []core.ID // further communities of the accounts
}

func newInspection(t *testing.T) *inspection {
	t.Helper()
	w := &inspection{site: newSite(t, estate.Plan{}), t: t}
	w.permission = []core.Permission{core.PermResidentView, core.PermCertificationView, core.PermCertificationReview}
	var err error
	if w.user, err = w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-applicant"}); err == nil {
		_, err = w.store.BindPhone(t.Context(), w.user.ID, "17700000001", "")
	}
	if err != nil {
		t.Fatal(err)
	}
	w.zhang, w.zhangID = w.reviewer("zhang", "张审核")
	w.li, _ = w.reviewer("li", "李审核")
	w.applicant = w.phone(t)
	w.applicant.signIn("resident", "o-applicant/1")
	return w
}

// reviewer is an account that may review, whose owner's phone has opened 手机端审核.
func (w *inspection) reviewer(login, name string) (*phone, core.ID) {
	w.t.Helper()
	id, err := w.store.CreateAccount(w.t.Context(), core.SystemGranter, core.Account{
		Login: login + "-1", Name: name, Role: core.RoleClerk, Permissions: w.permission,
		Scope: core.ScopeOf(append([]core.ID{w.Community}, w.beside...)...),
	}, "correct-horse-7")
	if err != nil {
		w.t.Fatal(err)
	}
	user, err := w.store.SignInWechat(w.t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-" + login})
	if err != nil {
		w.t.Fatal(err)
	}
	ticket, err := w.store.CreateBindTicket(w.t.Context(), core.System, core.Everywhere, store.BindTarget{
		Kind: core.BindAccount, ID: id, Holder: core.SystemGranter.Holds,
	})
	if err == nil {
		err = w.store.ApproveBindTicket(w.t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID},
			store.BindScan{Scene: ticket.Scene, User: user.ID, NoMini: true}, ticket.Code)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.phone(w.t)
	p.signIn("review", "o-"+login+"/1")
	return p, id
}

// apply sends an application with a picture.
func (w *inspection) apply(house int) (r core.Review, path string) {
	w.t.Helper()
	w.sent++
	photo, err := w.store.CreatePhoto(w.t.Context(), w.user.ID, core.NewPhoto{
		Class: core.PhotoPersonal, Whole: []byte("the whole picture"), Thumb: []byte("the thumbnail"), Width: 8, Height: 8,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	own, err := w.store.CreateCertification(w.t.Context(), core.Actor{Kind: core.ActorWechat, ID: w.user.ID}, w.user.ID,
		core.CertificationRequest{House: w.Houses[house], Name: "林<明>", Identity: core.Owner, Photos: []core.ID{photo.ID}},
		store.RequestKey{Key: fmt.Sprint("key ", w.sent)})
	if err != nil {
		w.t.Fatal(err)
	}
	return own.Review, reviewURL(own.Review.ID)
}

// A reviewer opens an application from the message, sees its pictures, and decides; the applicant sees what came
// of it, and no word to colleagues.
func TestReviewOnThePhone(t *testing.T) {
	w := newInspection(t)
	_, path := w.apply(0)
	if text := w.zhang.get(reviewPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "林<明>") {
		t.Errorf("the list: %q", text)
	}
	page := w.zhang.get(path, http.StatusOK)
	if said := page.Find("main").Text(); !strings.Contains(said, "审核期限") || !strings.Contains(said, "本房屋登记的住户") {
		t.Errorf("to compare there is %q", said)
	}
	for _, selector := range []string{".p-photos a", ".p-photos img"} {
		link := page.Find(selector)
		w.zhang.get(link.AttrOr("href", link.AttrOr("src", "")), http.StatusOK)
	}
	if got := page.Find(`button[name=preset]`).Length(); got == 0 {
		t.Error("no reason is one tap away")
	}
	form := url.Values{"version": {"1"}, "note": {strings.Repeat("长", 201)}, "approve": {"yes"}}
	if wrong := w.zhang.post(page, path, form, http.StatusUnprocessableEntity); wrong.Find("details[open] textarea").Length() != 2 {
		t.Error("the word that is too long is out of sight")
	}
	form = url.Values{"version": {"1"}, "preset": {"照片看不清"}, "note": {"请到物业一楼"}, "internal": {"电话没人接"}}
	w.zhang.post(page, path, form, http.StatusSeeOther)
	if text := w.zhang.get(reviewPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "没有等待您审核") {
		t.Errorf("afterwards the list has %q", text)
	}
	if said := w.li.get(path, http.StatusOK).Find("main").Text(); !strings.Contains(said, "照片看不清") {
		t.Errorf("another reviewer does not see why: %q", said)
	}
	mine := w.applicant.get("/h5/certification/"+strings.TrimPrefix(path, reviewPath+"/"), http.StatusOK)
	text := mine.Find("main").Text()
	if !strings.Contains(text, "不通过") || !strings.Contains(text, "照片看不清") || !strings.Contains(text, "请到物业一楼") ||
		strings.Contains(text, "电话没人接") || strings.Contains(text, "张审核") {
		t.Errorf("the applicant sees %q", text)
	}
	photo := mine.Find(".p-photos a").AttrOr("href", "")
	w.applicant.get(photo, http.StatusOK)
	stranger := w.phone(t)
	stranger.signIn("resident", "o-stranger/1")
	stranger.get("/h5/certification/"+strings.TrimPrefix(path, reviewPath+"/"), http.StatusNotFound)
	stranger.get(photo, http.StatusNotFound)
}

// Whom an approval certifies is said before it and after it where the register has another name under the number.
func TestReviewSaysWhomItCertifies(t *testing.T) {
	w := newInspection(t)
	if _, err := w.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Houses[0], Name: "林大栋", Identity: core.Owner, Phone: "17700000001",
	}); err != nil {
		t.Fatal(err)
	}
	_, path := w.apply(0)
	if text := w.zhang.get(reviewPath, http.StatusOK).Find("main").Text(); !strings.Contains(text, "姓名与登记不同（林大栋）") {
		t.Errorf("the list: %q", text)
	}
	page := w.zhang.get(path, http.StatusOK)
	if warned := page.Find("form .tx-warn").Text(); !strings.Contains(warned, "认证的是登记的“林大栋”，不是“林<明>”") {
		t.Errorf("before an approval is said %q", warned)
	}
	w.zhang.post(page, path, url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusSeeOther)
	if said := w.zhang.get(reviewPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(said, "认证的是登记的林大栋") {
		t.Errorf("after it is said %q", said)
	}
}

// The second of two reviewers is told who decided, also by the link of an old message.
func TestReviewDecidedTwice(t *testing.T) {
	w := newInspection(t)
	_, path := w.apply(0)
	first, second := w.zhang.get(path, http.StatusOK), w.li.get(path, http.StatusOK)
	w.zhang.post(first, path, url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusSeeOther)
	late := w.li.post(second, path, url.Values{"version": {"1"}, "preset": {"照片看不清"}}, http.StatusConflict)
	for what, page := range map[string]string{
		"deciding second": late.Find("main").Text(), "the old message": w.li.get(path, http.StatusOK).Find("main").Text(),
	} {
		if !strings.Contains(page, "张审核") || !strings.Contains(page, "通过") {
			t.Errorf("%s: %q", what, page)
		}
	}
	if said := late.Find("[role=alert]").Text(); !strings.Contains(said, "您选择的“不通过”没有生效") {
		t.Errorf("the second is told %q", said)
	}
	if late.Find("button[name=preset]").Length() != 0 {
		t.Error("there are buttons for what is decided")
	}
	// Without the page's version, as from before a later application.
	_, other := w.apply(1)
	w.li.post(second, other, url.Values{"version": {"7"}, "approve": {"yes"}}, http.StatusConflict)
}

// A link to an application that was superseded, or that there is not, says so.
func TestReviewOfAStaleLink(t *testing.T) {
	w := newInspection(t)
	_, old := w.apply(0)
	page := w.zhang.get(old, http.StatusOK)
	w.apply(0) // the same house again
	if text := w.zhang.get(old, http.StatusOK).Find("main").Text(); !strings.Contains(text, "失效") {
		t.Errorf("superseded: %q", text)
	}
	w.zhang.post(page, old, url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusConflict)
	w.zhang.get(reviewURL(77), http.StatusNotFound)
}

// Who loses the permission, the community or the account while a page is open decides nothing.
func TestReviewPermissionIsLost(t *testing.T) {
	w := newInspection(t)
	r, path := w.apply(0)
	page := w.zhang.get(path, http.StatusOK)
	account, err := w.store.Account(t.Context(), core.Everywhere, w.zhangID)
	if err != nil {
		t.Fatal(err)
	}
	lesser := account
	lesser.Permissions = []core.Permission{core.PermResidentView, core.PermCertificationView}
	if lesser.Updated, err = w.store.UpdateAccount(t.Context(), core.SystemGranter, lesser); err != nil {
		t.Fatal(err)
	}
	decide := url.Values{"version": {"1"}, "approve": {"yes"}}
	w.zhang.post(page, path, decide, http.StatusForbidden)
	w.zhang.get(path, http.StatusForbidden)
	account.Updated = lesser.Updated
	other, err := w.store.CreateCommunity(t.Context(), core.System, core.Community{Name: "海棠苑", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	account.Scope = core.ScopeOf(other)
	if _, err := w.store.UpdateAccount(t.Context(), core.SystemGranter, account); err != nil {
		t.Fatal(err)
	}
	w.zhang.get(path, http.StatusNotFound)
	w.zhang.post(page, path, decide, http.StatusNotFound)
	if err := w.store.DisableAccount(t.Context(), core.SystemGranter, w.zhangID); err != nil {
		t.Fatal(err)
	}
	w.zhang.get(path, http.StatusForbidden)
	if now, err := w.store.Review(t.Context(), core.Everywhere, r.ID); err != nil || now.State != core.ReviewWaiting {
		t.Errorf("it is %s, %v", now.State, err)
	}
}
