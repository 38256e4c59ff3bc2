package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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

// An owner is not told whose number an applicant has: the page says one thing whichever the register has, with a button that leaves
// the application to the office, and nothing about who had the number and moved out.
func TestAnOwnerLearnsNothingOfANumber(t *testing.T) {
	w := newHome(t)
	ctx := t.Context()
	r := w.apply("周租客")
	at := householdURL(r.ID)
	add := func(community, house core.ID, name string, certified time.Time) core.ID {
		t.Helper()
		id, err := w.store.CreateResident(ctx, core.System, core.Everywhere, core.Resident{
			Community: community, House: house, Name: name, Identity: core.Owner, Phone: "17700000009", Certified: certified,
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	leave := func(id core.ID) {
		t.Helper()
		if err := w.store.MoveOut(ctx, core.System, core.Everywhere, id); err != nil {
			t.Fatal(err)
		}
	}
	plain := w.text(w.owner, at)
	leave(add(w.Community, w.Houses[0], "前住<户>", time.Time{}))
	if got := w.text(w.owner, at); got != plain {
		t.Errorf("of who moved out it says\n%s\nwant\n%s", got, plain)
	}
	here := add(w.Community, w.Houses[1], "钱<强>", time.Now())
	page := w.owner.get(at, http.StatusOK)
	taken := page.Find("main").Text()
	button := page.Find("button[name=approve]").Text()
	if !strings.Contains(taken, core.TakenToOwners) || button != "转物业审核" || strings.ContainsAny(taken, "钱强") ||
		strings.Contains(taken, "手机号已") || strings.Contains(taken, "认证给") {
		t.Errorf("of who is certified it says %q, and offers %q", taken, button)
	}
	leave(here)
	other, err := w.store.CreateCommunity(ctx, core.System, core.Community{Name: "别的小区", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	houses, err := w.store.CreateHouses(ctx, core.System, core.Everywhere, other, [][]string{{"1栋", "1单元", "101"}})
	if err != nil {
		t.Fatal(err)
	}
	add(other, houses[0], "孙远", time.Now())
	if got := w.text(w.owner, at); got != taken {
		t.Errorf("of one of another community it says\n%s\nwant\n%s", got, taken)
	}
	w.owner.post(page, at, url.Values{"version": {"1"}, "approve": {"yes"}}, http.StatusSeeOther)
	if text := w.text(w.owner, householdPath); !strings.Contains(text, "已转物业审核") || strings.Contains(text, "等您审核") {
		t.Errorf("afterwards: %q", text)
	}
	if text := w.text(w.owner, at); !strings.Contains(text, "由物业审核") {
		t.Errorf("the application: %q", text)
	}
}
