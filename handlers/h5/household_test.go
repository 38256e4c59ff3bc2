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

// home is a house whose owner has a phone with the pages open, and a stranger's phone.
type home struct {
	*site
	t        *testing.T
	owner    *phone
	stranger *phone
	user     core.WechatUser // the stranger
}

func newHome(t *testing.T) *home {
	t.Helper()
	w := &home{site: newSite(t, estate.Plan{}), t: t}
	w.LetOwnersReview()
	w.owner, _ = w.resident("o-owner", w.Residents[0].Phone)
	w.stranger, w.user = w.resident("o-stranger", "17700000009")
	return w
}

// resident is a phone whose owner has verified a number and stated the name that the register has with it, if any.
func (w *home) resident(openID, number string) (*phone, core.WechatUser) {
	w.t.Helper()
	user, err := w.store.SignInWechat(w.t.Context(), core.WechatIdentity{AppID: "wx", OpenID: openID})
	name := ""
	for _, r := range w.Residents {
		if r.Phone == number {
			name = r.Name
		}
	}
	if err == nil {
		_, err = w.store.BindPhone(w.t.Context(), user.ID, number, name)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.phone(w.t)
	p.signIn("resident", openID+"/1")
	return p, user
}

func (w *home) apply(name string) core.Review {
	w.t.Helper()
	own, err := w.store.CreateCertification(w.t.Context(), core.Actor{Kind: core.ActorWechat, ID: w.user.ID}, w.user.ID,
		core.CertificationRequest{House: w.Houses[0], Name: name, Identity: core.Tenant}, store.RequestKey{Key: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return own.Review
}

func (w *home) text(p *phone, path string) string {
	w.t.Helper()
	return p.get(path, http.StatusOK).Find("main").Text()
}

func TestAnOwnerKeepsTheHouseholdOnThePhone(t *testing.T) {
	w := newHome(t)
	pass := w.owner.get("/h5/pass/"+w.Residents[0].Pass.String(), http.StatusOK)
	if pass.Find(`a[href="`+householdPath+`"]`).Length() != 1 {
		t.Error("the owner's pass does not lead to the household")
	}
	if text := w.text(w.stranger, householdPath); !strings.Contains(text, "没有您是业主的房屋") || strings.Contains(text, "1单元") {
		t.Errorf("a stranger sees %q", text)
	}
	list := w.owner.get(householdPath, http.StatusOK)
	if strings.Contains(list.Text(), w.Residents[1].Phone) {
		t.Error("a whole number is shown")
	}
	add := list.Find(`a[href*="/new?house="]`).AttrOr("href", "")
	w.stranger.get(add, http.StatusNotFound)
	page := w.owner.get(add, http.StatusOK)
	form := url.Values{"house": {w.Houses[0].String()}, "name": {"周<租客>"}, "identity": {"tenant"}}
	wrong := w.owner.post(page, householdPath+"/new", form, http.StatusUnprocessableEntity)
	if wrong.Find(`[name=phone][aria-invalid=true]`).Length() != 1 || wrong.Find(`[name=name]`).AttrOr("value", "") == "" {
		t.Error("the form says nothing about the number, or forgets the name")
	}
	form.Set("phone", "17700000009")
	w.stranger.post(w.stranger.get(householdPath, http.StatusOK), householdPath+"/new", form, http.StatusNotFound)
	w.owner.post(page, householdPath+"/new", form, http.StatusSeeOther)
	list = w.owner.get(householdPath, http.StatusOK)
	remove := list.Find(`a[href*="/member/"]`).AttrOr("href", "")
	if text := list.Find("main").Text(); !strings.Contains(text, "周<租客>") || !strings.Contains(text, "177****0009") || remove == "" {
		t.Fatalf("the household: %q", text)
	}
	own := w.stranger.get("/h5/pass", http.StatusOK)
	w.stranger.post(own, namePath, url.Values{"name": {"周<租客>"}}, http.StatusSeeOther)
	w.stranger.get("/h5/pass", http.StatusSeeOther) // to the pass of who was added, and has stated the name
	w.stranger.get(remove, http.StatusNotFound)
	ask := w.owner.get(remove, http.StatusOK)
	if text := ask.Find("main").Text(); !strings.Contains(text, "通行证立即失效") {
		t.Errorf("the question: %q", text)
	}
	w.owner.post(ask, remove+"/remove", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if text := w.text(w.owner, householdPath); strings.Count(text, "周<租客>") > 1 { // once in the message
		t.Error("still there")
	}
	w.owner.post(ask, remove+"/remove", url.Values{"confirmed": {"1"}}, http.StatusNotFound)
}

func TestAnOwnerDecidesOnThePhone(t *testing.T) {
	w := newHome(t)
	community, err := w.store.Community(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	const preset = "没有这个租客<>" // the community's own
	community.Refusals.Owners = []string{preset}
	if _, err := w.store.UpdateCommunity(t.Context(), core.System, core.Everywhere, community); err != nil {
		t.Fatal(err)
	}
	r := w.apply("周租客")
	at := householdURL(r.ID)
	w.stranger.get(at, http.StatusNotFound)
	if text := w.text(w.owner, householdPath); !strings.Contains(text, "等您审核") || !strings.Contains(text, "周租客") {
		t.Errorf("the owner's house: %q", text)
	}
	page := w.owner.get(at, http.StatusOK)
	if text := page.Find("main").Text(); strings.Contains(text, "17700000009") || !strings.Contains(text, "177****0009") {
		t.Errorf("the application: %q", text)
	}
	wrong := w.owner.post(page, at, url.Values{"version": {"1"}}, http.StatusUnprocessableEntity)
	if wrong.Find(`[name=reason][aria-invalid=true]`).Length() != 1 {
		t.Error("no reason is asked for")
	}
	if got := page.Find("button[name=preset]"); got.Length() != 1 || got.AttrOr("value", "") != preset {
		t.Errorf("the presets: %s", got.Text())
	}
	w.owner.post(page, at, url.Values{"version": {"1"}, "preset": {preset}}, http.StatusSeeOther)
	own := w.text(w.stranger, "/h5/certification/"+r.ID.String())
	if !strings.Contains(own, preset) || !strings.Contains(own, "重新申请") || strings.Contains(own, w.Residents[0].Name) {
		t.Errorf("the applicant sees %q", own)
	}
	late := w.owner.post(page, at, url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusConflict)
	if text := late.Find("main").Text(); !strings.Contains(text, "业主 "+w.Residents[0].Name) {
		t.Errorf("deciding twice: %q", text)
	}
	again := w.apply("周租客二")
	page = w.owner.get(householdURL(again.ID), http.StatusOK)
	w.owner.post(page, householdURL(again.ID), url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusSeeOther)
	if text := w.text(w.stranger, "/h5/certification/"+again.ID.String()); !strings.Contains(text, "打开通行证") {
		t.Errorf("afterwards: %q", text)
	}
}
